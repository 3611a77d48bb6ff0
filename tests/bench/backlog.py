"""How much slower a claim is when much waits."""

import asyncio
import statistics
import time
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta

import psycopg

from bot.conversation import Address, Message
from bot.database import Pool, migrate, open_pool
from bot.inbox import Inbox
from bot.turns import Turn
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


async def rows(pool: Pool, url: str) -> list[Row]:
    """The median of a claim with nothing waiting beside it, and its ratios with WAITING messages.

    Claims with and without them take turns, in two databases of one server: whatever else the machine does slows both.
    """
    inbox = Inbox(pool, lease=LEASE)
    async with _beside(url) as empty:
        await _both(empty, inbox)  # the first statements of a connection are slow
        busy = await _begin(inbox)
        await _fill(inbox, (said(number, thread=BUSY) for number in range(2, WAITING + 2)))
        alone, beside_busy = await _both(empty, inbox)
        await inbox.finish(busy)
        begin = time.perf_counter()
        whole = await _claimed(inbox)
        taking_all = time.perf_counter() - begin
        await inbox.finish(whole)
        await _fill(inbox, (said(number) for number in range(WAITING * 2, WAITING * 3)))
        alone_again, among_many = await _both(empty, inbox)
    return [
        Row("a claim, nothing else waiting", "ms", alone * 1000),
        Row(f"a claim, {WAITING:,} waiting in one busy conversation", "times", beside_busy / alone, FLAT),
        Row(f"a claim, {WAITING:,} waiting in as many conversations", "times", among_many / alone_again, FLAT),
        Row(f"claiming those {len(whole.messages):,} of one conversation, in one turn", "ms", taking_all * 1000),
    ]


@asynccontextmanager
async def _beside(url: str) -> AsyncGenerator[Inbox, None]:
    """An inbox of its own on the same server."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute("create database beside")
    async with open_pool(url.replace("/postgres?", "/beside?")) as pool:
        await migrate(pool)
        yield Inbox(pool, lease=LEASE)


async def _begin(inbox: Inbox) -> Turn:
    await inbox.put(said(1, thread=BUSY), address=Address.BOT)
    return await _claimed(inbox)


async def _fill(inbox: Inbox, messages: Iterable[Message]) -> None:
    to_put = iter(messages)

    async def put_some() -> None:
        for message in to_put:
            await inbox.put(message, address=Address.BOT)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(put_some())


async def _both(*inboxes: Inbox) -> list[float]:
    """The medians of claims in these inboxes, each right after a message was put."""
    times: list[list[float]] = [[] for _ in inboxes]
    first = FIRST_PROBE + time.perf_counter_ns() // 1000 % 1_000_000_000
    for number in range(first, first + CLAIMS):
        for inbox, taken in zip(inboxes, times, strict=True):
            await inbox.put(said(number), address=Address.BOT)
            taken.append(await _timed(inbox))
    return [statistics.median(taken) for taken in times]


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
