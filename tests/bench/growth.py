"""`make bench-growth`: what a long conversation costs, beside a memory that just grows."""

import argparse
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

import uvloop
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver

from bot import log
from bot.agent import GraphAgent
from bot.budget import Budget
from bot.checkpoints import FencedSaver
from bot.conversation import Address, Conversation, Hold, Message
from bot.database import Pool, embedded_server, migrate, open_pool
from bot.graph import MEMORY_TOKENS, build_graph
from bot.inbox import Inbox
from bot.serde import serializer
from bot.slack.tiers import POST, TIERS, UPDATE
from tests.bench import asked, long_thread, together
from tests.bench.figures import Row, say, table
from tests.bench.parrot import WORDS, Parrot

MARKS = (10, 100, 500, 1_000)
AROUND = 20
"""The turns that a mark's figures are the mean of."""

OTHERS = 9
"""How many new conversations a long one is compared with."""

NEW = count(100)
"""Their numbers."""

SMALL = 2_500
"""The tokens of a memory that ten turns fill; by default it is filled by thirty."""

FLAT = 1.2
TURN_MS = 12.0
LEASE = timedelta(hours=1)
SHORT = 100


@dataclass(slots=True)
class Written:
    """Counts the bytes that a saver serialises."""

    bytes: int = 0

    def watch(self, saver: BaseCheckpointSaver[Any]) -> BaseCheckpointSaver[Any]:
        """The saver, whose bytes are counted from now on."""
        dumps = saver.serde.dumps_typed

        def counted(value: Any) -> tuple[str, bytes]:
            kind, written = dumps(value)
            self.bytes += len(written)
            return kind, written

        setattr(saver.serde, "dumps_typed", counted)  # noqa: B010 (it is a method)
        return saver


@dataclass(frozen=True, slots=True)
class Mark:
    """What a turn cost around the mark: its time, and the bytes that were written for it."""

    seconds: float
    bytes: float


def message(number: int, thread: str) -> Message:
    """A question of 500 bytes."""
    return Message(Conversation.parse(thread), f"{number}.000000", "U1", WORDS)


async def ask(agent: GraphAgent, said: Message, hold: Hold | None) -> None:
    """One turn."""
    async with aclosing(agent.answer(str(said.conversation), [said], hold=hold)) as events:
        async for _ in events:
            pass


async def grown(agent: GraphAgent, written: Written, hold: Hold, turns: int) -> dict[int, Mark]:
    """The marks of one conversation of so many turns."""
    marks: dict[int, Mark] = {}
    for mark in (mark for mark in MARKS if mark <= turns):
        first = max(marks, default=0) + AROUND // 2 + 1 if marks else 1
        for number in range(first, mark - AROUND // 2 + 1):
            await ask(agent, message(number, hold.lane), hold)
        before, begin = written.bytes, time.perf_counter()
        for number in range(mark - AROUND // 2 + 1, mark + AROUND // 2 + 1):
            await ask(agent, message(number, hold.lane), hold)
        marks[mark] = Mark((time.perf_counter() - begin) / AROUND, (written.bytes - before) / AROUND)
    return marks


async def beside(pool: Pool, agent: GraphAgent, hold: Hold, turns: int) -> float:
    """The time of a turn of a conversation that has had so many, in times of the tenth of another: the median of some.

    Turn by turn beside each other, since minutes later the machine may be half as fast; and after the vacuum that
    PostgreSQL comes to by itself every minute, since nobody has a thousand turns in less.
    """
    number = count(turns + AROUND)

    async def timed(said: Message, hold: Hold) -> float:
        begin = time.perf_counter()
        await ask(agent, said, hold)
        return time.perf_counter() - begin

    async def ratio(other: Hold) -> float:
        async with pool.connection() as connection:
            await connection.execute(b"vacuum checkpoints, checkpoint_blobs, checkpoint_writes")
        spent = [
            (await timed(message(at, other.lane), other), await timed(message(next(number), hold.lane), hold))
            for at in range(1, AROUND + 1)
        ]
        new, long = map(sum, zip(*spent, strict=True))
        return long / new

    return median([await ratio(await held(pool, next(NEW))) for _ in range(OTHERS)])


async def held(pool: Pool, number: int) -> Hold:
    """A conversation that somebody answers in."""
    inbox = Inbox(pool, lease=LEASE)
    lane = f"T1/C{number}/1.000000"
    await inbox.put(message(1, lane), address=Address.BOT)
    turn = await inbox.claim("bench")
    if turn is None:
        raise RuntimeError("there is nothing to claim")
    return turn.hold


def bounded(pool: Pool, saver: AsyncPostgresSaver, written: Written, memory_tokens: int = MEMORY_TOKENS) -> GraphAgent:
    """The agent as it is, whose memory is bounded."""
    graph = build_graph(Parrot(), (), "", saver, memory_tokens=memory_tokens)
    return GraphAgent(graph, fenced=lambda hold: written.watch(FencedSaver(pool, hold)))


async def full_at_once(pool: Pool, turns: int) -> list[Row]:
    """A long conversation whose memory is full at the tenth turn already."""
    written, hold = Written(), await held(pool, 6)
    agent = bounded(pool, await migrate(pool), written, SMALL)
    marks = await grown(agent, written, hold, turns)
    last = max(marks)
    ratios = {"bytes": _ratio(marks, "bytes"), "time": await beside(pool, agent, hold, last)}
    small = f"with a memory of {SMALL:,} tokens"
    return [Row(f"{what} of turn {last:,} / turn 10, {small}", "times", ratio, FLAT) for what, ratio in ratios.items()]


async def growth(pool: Pool, turns: int) -> list[Row]:
    """A long conversation, with a bounded memory and with one that just grows."""
    own, plain = Written(), Written()
    hold = await held(pool, 1)
    saver = plain.watch(AsyncPostgresSaver(pool, serde=serializer()))  # pyright: ignore[reportArgumentType]
    growing = GraphAgent(build_graph(Parrot(), (), "", saver, memory_tokens=10**9))
    agent = bounded(pool, await migrate(pool), own)
    ours = await grown(agent, own, hold, turns)
    time_ratio, bytes_ratio = await beside(pool, agent, hold, max(ours)), _ratio(ours, "bytes")
    theirs = await grown(growing, plain, Hold("T1/C2/1.000000", 0), turns)
    last = max(ours)
    rows = [Row(f"turn {mark:,}", "ms", ours[mark].seconds * 1e3, None, theirs[mark].seconds * 1e3) for mark in ours]
    rows += [
        Row(f"written at turn {mark:,}", "KB", ours[mark].bytes / 1e3, None, theirs[mark].bytes / 1e3) for mark in ours
    ]
    stored = [await _stored(pool, lane) / 1e6 for lane in (hold.lane, "T1/C2/1.000000")]
    return [
        *rows,
        Row(f"stored after turn {last:,}", "MB", stored[0], None, stored[1]),
        Row(f"time of turn {last:,} / turn 10", "times", time_ratio, FLAT, _ratio(theirs, "seconds")),
        Row(f"bytes of turn {last:,} / turn 10", "times", bytes_ratio, FLAT, _ratio(theirs, "bytes")),
    ]


def _ratio(marks: dict[int, Mark], what: str) -> float:
    return getattr(marks[max(marks)], what) / getattr(marks[MARKS[0]], what)


async def _stored(pool: Pool, lane: str) -> float:
    sizes = " + ".join(
        f"(select coalesce(sum(pg_column_size({table})), 0) from {table} where thread_id = %(lane)s)"  # noqa: S608
        for table in ("checkpoints", "checkpoint_blobs", "checkpoint_writes")
    )
    async with pool.connection() as connection:
        row = await (await connection.execute(f"select {sizes} as bytes".encode(), {"lane": lane})).fetchone()
    return float(row["bytes"]) if row else 0.0


async def one_turn(pool: Pool) -> list[Row]:
    """What of a turn without tools is the database's: with PostgreSQL less with a memory in this process."""
    hold, kept = await held(pool, 3), InMemorySaver(serde=serializer())
    agents = {
        "postgres": GraphAgent(build_graph(Parrot(), (), "", kept), fenced=lambda hold: FencedSaver(pool, hold)),
        "none": GraphAgent(build_graph(Parrot(), (), "", kept)),
    }
    inbox, budget = Inbox(pool, lease=LEASE), Budget(pool, "T1", TIERS)
    number = iter(range(1, 10**6))

    async def memory(which: str) -> None:
        await ask(agents[which], message(next(number), f"{hold.lane if which == 'postgres' else 'T1/C4/1.0'}"), hold)

    async def queue() -> None:
        await inbox.put(message(next(number), "T1/C5/1.000000"), address=Address.BOT)
        turn = await inbox.claim("bench")
        if turn is None:
            raise RuntimeError("there is nothing to claim")
        for method in (POST, UPDATE, UPDATE):
            await budget.take(method, "C5")
        await inbox.note_page(turn, "1.000000")
        await inbox.finish(turn)

    stored, bare, queued = [await _cost(work) for work in (partial(memory, "postgres"), partial(memory, "none"), queue)]
    cpu, wall = (stored[at] - bare[at] + queued[at] for at in (0, 1))
    return [
        Row("database work of a turn, processor", "ms", cpu * 1e3, TURN_MS),
        Row("database work of a turn, on the clock", "ms", wall * 1e3, TURN_MS),
    ]


async def _cost(work: Callable[[], Awaitable[None]]) -> tuple[float, float]:
    """The mean processor time and time of it, once it is warm."""
    for _ in range(SHORT // 5):
        await work()
    cpu, begin = time.process_time(), time.perf_counter()
    for _ in range(SHORT):
        await work()
    return (time.process_time() - cpu) / SHORT, (time.perf_counter() - begin) / SHORT


async def run(only: str | None, turns: int) -> Sequence[Row]:
    """All parts, or one."""
    found: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="skein-bench-") as folder:
        async with embedded_server(Path(folder)) as url, open_pool(url) as pool:
            await migrate(pool)
            parts: dict[str, Callable[[], Awaitable[Sequence[Row]]]] = {
                "growth": lambda: growth(pool, turns),
                "full": lambda: full_at_once(pool, turns),
                "turn": lambda: one_turn(pool),
                "together": lambda: together.rows(url, Path(folder)),
                "thread": lambda: long_thread.rows(url, Path(folder)),
                "asked": asked.rows,
            }
            for name, part in parts.items():
                if only in {None, name}:
                    say(f"measuring: {name}")
                    found += await part()
    return found


def main() -> int:
    """Print the table; exit code 1 if a bar was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("growth", "full", "turn", "together", "thread", "asked"))
    parser.add_argument(
        "--turns", type=int, default=MARKS[-1], help=f"of the long conversation; of {MARKS}, those are told"
    )
    options = parser.parse_args()
    log.configure("warning")
    rows = uvloop.run(run(options.only, options.turns))
    say(table(rows, "plain"))
    return 1 if any(row.missed for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
