"""How much slower a claim is when much waits."""

import asyncio
import statistics
import time
from collections.abc import Iterable
from datetime import timedelta

from bot.conversation import Message
from bot.database import Pool
from bot.inbox import Inbox, Turn
from tests.bench.figures import Row
from tests.bench.stand_in import said

WAITING = 10_000
CLAIMS = 200
AT_ONCE = 16
LEASE = timedelta(minutes=10)
FLAT = 1.5
"""How many times as long a claim may take."""

BUSY = "1.000000"
FIRST_PROBE = 1_000_000


async def rows(pool: Pool) -> list[Row]:
    """The median of a claim with nothing waiting beside it, and its ratios with WAITING messages."""
    inbox = Inbox(pool, lease=LEASE)
    await _probed(inbox)  # the first statements of a connection are slow
    empty = await _probed(inbox)
    busy = await _begin(inbox)
    await _fill(inbox, (said(number, thread=BUSY) for number in range(2, WAITING + 2)))
    beside_busy = await _probed(inbox)
    await inbox.finish(busy)
    begin = time.perf_counter()
    whole = await _claimed(inbox)
    taking_all = time.perf_counter() - begin
    await inbox.finish(whole)
    await _fill(inbox, (said(number) for number in range(WAITING * 2, WAITING * 3)))
    among_many = await _claims(inbox)
    return [
        Row("a claim, nothing else waiting", "ms", empty * 1000),
        Row(f"a claim, {WAITING:,} waiting in one busy conversation", "times", beside_busy / empty, FLAT),
        Row(f"a claim, {WAITING:,} waiting in as many conversations", "times", among_many / empty, FLAT),
        Row(f"claiming those {len(whole.messages):,} of one conversation, in one turn", "ms", taking_all * 1000),
    ]


async def _begin(inbox: Inbox) -> Turn:
    await inbox.put(said(1, thread=BUSY), addressed=True)
    return await _claimed(inbox)


async def _fill(inbox: Inbox, messages: Iterable[Message]) -> None:
    to_put = iter(messages)

    async def put_some() -> None:
        for message in to_put:
            await inbox.put(message, addressed=True)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(put_some())


async def _probed(inbox: Inbox) -> float:
    """The median of claims of a message that was put just before."""
    times: list[float] = []
    first = FIRST_PROBE + time.perf_counter_ns() // 1000 % 1_000_000_000
    for number in range(first, first + CLAIMS):
        await inbox.put(said(number), addressed=True)
        times.append(await _timed(inbox))
    return statistics.median(times)


async def _claims(inbox: Inbox) -> float:
    """The median of claims out of what waits."""
    return statistics.median([await _timed(inbox) for _ in range(CLAIMS)])


async def _timed(inbox: Inbox) -> float:
    begin = time.perf_counter()
    turn = await _claimed(inbox)
    taken = time.perf_counter() - begin
    await inbox.finish(turn)
    return taken


async def _claimed(inbox: Inbox) -> Turn:
    turn = await inbox.claim("bench")
    if turn is None:
        raise RuntimeError("nothing waits")
    return turn
