"""`make bench-inbox`: how fast a message gets from the inbox to its turn, beside procrastinate on the same server."""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import uvloop
from langgraph.runtime import RunControl

from bot import log
from bot.conversation import Address, Message
from bot.database import Pool, embedded_server, migrate, open_pool
from bot.inbox import Inbox
from bot.worker import Limits
from tests.bench import acknowledged, backlog, rival, takeover
from tests.bench.figures import Row, Spread, say, table
from tests.bench.load import paced
from tests.bench.rival import Rival
from tests.bench.stand_in import Speaker, said, working

BURST = 1_500
GAPS = 100
WORK_SECONDS = 0.02

EMPTY = "delete from skein_inbox; delete from skein_conversations"


async def latency(inbox: Inbox, seconds: float) -> Spread:
    """From `put` returning to the agent being asked."""

    async def store(number: int) -> float:
        await inbox.put(said(number + 1), address=Address.BOT)
        return time.perf_counter()

    speaker = Speaker()
    async with working(inbox, speaker):
        stored = await paced(seconds, store)
        await speaker.until_ended(len(stored))
    return Spread.of_seconds(speaker.began[said(number + 1).ts] - at for number, at in enumerate(stored))


async def gap(inbox: Inbox) -> Spread:
    """From the agent's last word to the agent being asked again, by a message that came meanwhile."""

    async def work(messages: Sequence[Message], _: RunControl | None) -> None:
        number = int(float(messages[-1].ts))
        if number < GAPS:
            await inbox.put(said(number + 1, thread="1.000000"), address=Address.BOT)
        await asyncio.sleep(WORK_SECONDS)

    speaker = Speaker(work)
    async with working(inbox, speaker):
        await inbox.put(said(1, thread="1.000000"), address=Address.BOT)
        await speaker.until_ended(GAPS)
    return Spread.of_seconds(
        speaker.began[said(number + 1).ts] - speaker.ended[said(number).ts] for number in range(1, GAPS)
    )


async def burst(inbox: Inbox, count: int) -> float:
    """Turns begun a second, of `count` messages in as many conversations that were there before the worker."""
    for number in range(1, count + 1):
        await inbox.put(said(number), address=Address.BOT)
    speaker = Speaker()
    begin = time.perf_counter()
    async with working(inbox, speaker):
        await speaker.until_ended(count)
    return count / (max(speaker.began.values()) - begin)


async def _compared(pool: Pool, url: str, seconds: float) -> list[Row]:
    """What both can do, one after the other on the same server."""
    inbox = Inbox(pool, lease=Limits().lease)
    own = await latency(inbox, seconds)
    await _empty(pool)
    own_gap = await gap(inbox)
    await _empty(pool)
    own_burst = await burst(inbox, BURST)
    await _empty(pool)
    async with Rival.open(url) as other:
        theirs = await rival.latency(other, seconds)
        their_gap = await rival.gap(other)
        their_burst = await rival.burst(other, BURST)
    return [
        Row("stored to started, median", "ms", own.median, 5, theirs.median),
        Row("stored to started, p99", "ms", own.p99, 20, theirs.p99),
        Row("gap within a conversation, median", "ms", own_gap.median, 10, their_gap.median),
        Row("gap within a conversation, p99", "ms", own_gap.p99, None, their_gap.p99),
        Row(f"burst of {BURST:,}, started a second", "1/s", own_burst, None, their_burst),
    ]


async def _empty(pool: Pool) -> None:
    async with pool.connection() as connection:
        await connection.execute(EMPTY)
        await connection.execute("vacuum analyze skein_inbox")
        await connection.execute("vacuum analyze skein_conversations")


async def measure(seconds: float, *, only: str | None) -> list[Row]:
    """Every figure, or those of one part."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="skein-"))
        url = await stack.enter_async_context(embedded_server(Path(folder)))
        pool = await stack.enter_async_context(open_pool(url))
        await migrate(pool)
        parts: dict[str, Callable[[], Awaitable[list[Row]]]] = {
            "queue": lambda: _compared(pool, url, seconds),
            "ack": lambda: acknowledged.rows(url, seconds),
            "backlog": lambda: backlog.rows(pool, url),
            "takeover": lambda: takeover.rows(pool, url),
        }
        rows: list[Row] = []
        for name, part in parts.items():
            if only in {None, name}:
                say(f"measuring: {name}")
                rows += await part()
                await _empty(pool)
        return rows


def main() -> int:
    """Print the table; 1 if a bar was missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.inbox", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20, help="how long messages come at 100 a second")
    parser.add_argument("--only", choices=["queue", "ack", "backlog", "takeover"], help="measure one part alone")
    options = parser.parse_args()
    log.configure("error")
    rows = uvloop.run(measure(options.seconds, only=options.only))
    say(table(rows))
    return int(any(row.missed for row in rows))


if __name__ == "__main__":
    sys.exit(main())
