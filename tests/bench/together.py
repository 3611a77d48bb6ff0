"""Fifty conversations at once, with a database that is 2 ms away."""

import asyncio
import time
from asyncio.subprocess import PIPE
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver

from bot.agent import GraphAgent
from bot.checkpoints import FencedSaver
from bot.conversation import Address, Conversation, Hold, Message
from bot.database import Pool, open_pool
from bot.graph import build_graph
from bot.inbox import Inbox
from bot.serde import serializer
from tests.bench.figures import Row
from tests.bench.parrot import WORDS, Parrot
from tests.stories.processes import child

LEASE = timedelta(hours=1)
AT_ONCE, TURNS = 50, 6
AWAY_MS = 2
LEAST = 3.0


async def rows(url: str, folder: Path) -> list[Row]:
    """Turns a second with a saver for each turn, and with one plain saver for all."""
    del folder
    place = urlsplit(url)
    socket = f"{parse_qs(place.query)['host'][0]}/.s.PGSQL.5432"
    async with child("tests.bench.delay", socket, str(AWAY_MS), stdout=PIPE) as delay:
        if delay.stdout is None:
            raise RuntimeError("it has no output")
        port = int(await delay.stdout.readline())
        async with open_pool(f"postgresql://postgres@127.0.0.1:{port}{place.path}") as pool:
            saver = AsyncPostgresSaver(pool, serde=serializer())  # pyright: ignore[reportArgumentType]
            plain = GraphAgent(build_graph(Parrot(), (), "", saver))
            own = GraphAgent(build_graph(Parrot(), (), "", saver), fenced=lambda hold: FencedSaver(pool, hold))
            holds = [await _held(pool, number) for number in range(AT_ONCE)]
            theirs = await _turns_a_second(plain, [Hold(f"plain/C/{number}.0", 0) for number in range(AT_ONCE)])
            ours = await _turns_a_second(own, holds)
    return [
        Row(f"{AT_ONCE} conversations at once, {AWAY_MS} ms away", "turns/s", ours, None, theirs),
        Row("a plain saver's / ours", "times", theirs / ours, 1 / LEAST),
    ]


async def _held(pool: Pool, number: int) -> Hold:
    inbox = Inbox(pool, lease=LEASE)
    await inbox.put(_message(1, f"T9/C{number}/1.000000"), address=Address.BOT)
    turn = await inbox.claim("bench")
    if turn is None:
        raise RuntimeError("there is nothing to claim")
    return turn.hold


def _message(number: int, lane: str) -> Message:
    return Message(Conversation.parse(lane), f"{number}.000000", "U1", WORDS)


async def _turns_a_second(agent: GraphAgent, holds: list[Hold]) -> float:
    async def talk(hold: Hold) -> None:
        for number in range(1, TURNS + 1):
            async with aclosing(agent.answer(hold.lane, [_message(number, hold.lane)], hold=hold)) as events:
                async for _ in events:
                    pass

    begin = time.perf_counter()
    await asyncio.gather(*map(talk, holds))
    return len(holds) * TURNS / (time.perf_counter() - begin)
