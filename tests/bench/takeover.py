"""How soon another worker goes on when the process that answers dies, or is told to stop."""

import asyncio
import signal
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import uvloop
from langgraph.runtime import RunControl

from bot import log
from bot.conversation import Address, Message
from bot.database import Pool, open_pool
from bot.errors import Drained
from bot.inbox import Inbox
from bot.worker import Limits
from tests.bench.figures import Row
from tests.bench.stand_in import Speaker, said, working
from tests.stories.processes import child

CONVERSATIONS = 10
NODE_SECONDS = 0.05
LIMITS = Limits(grace=timedelta(0))
"""The product's own, but for the grace: what a person set it to is not the bot's to shorten."""

BEGAN = b"began\n"


async def rows(pool: Pool, url: str) -> list[Row]:
    """The longest of ten conversations, each way."""
    killed = await _taken_over(pool, url, signal.SIGKILL, first=1)
    stopped = await _taken_over(pool, url, signal.SIGTERM, first=101)
    return [
        Row("take-over after kill -9, of the slowest of ten", "s", killed, 16),
        Row("take-over after SIGTERM (no grace), of the slowest of ten", "s", stopped, 1),
    ]


async def _taken_over(pool: Pool, url: str, how: signal.Signals, *, first: int) -> float:
    """Seconds from the signal until every conversation of the process was begun again by another worker."""
    inbox = Inbox(pool, lease=LIMITS.lease)
    async with _victim(url) as victim:
        for number in range(first, first + CONVERSATIONS):
            await inbox.put(said(number), address=Address.BOT)
        for _ in range(CONVERSATIONS):
            await _line(victim)
        speaker = Speaker()
        async with working(inbox, speaker, LIMITS):
            # Right after the claims, when the whole lease is still to run.
            begin = time.perf_counter()
            victim.send_signal(how)
            async with asyncio.timeout(60):
                await speaker.until_began(CONVERSATIONS)
    return max(speaker.began.values()) - begin


async def _line(victim: asyncio.subprocess.Process) -> None:
    if victim.stdout is None or await victim.stdout.readline() != BEGAN:
        raise RuntimeError("the child does not take turns")


def _victim(url: str) -> AbstractAsyncContextManager[asyncio.subprocess.Process]:
    """A process whose worker takes turns that never end by themselves."""
    return child("tests.bench.takeover", url, stdout=PIPE)


async def _work(_: Sequence[Message], control: RunControl | None) -> None:
    """Nodes of NODE_SECONDS for ever, until the run is drained."""
    sys.stdout.buffer.write(BEGAN)
    sys.stdout.flush()
    while not (control and control.drain_requested):  # noqa: ASYNC110  (a RunControl has no event to wait for)
        await asyncio.sleep(NODE_SECONDS)
    raise Drained("between two nodes")


async def _be_victim(url: str) -> None:
    log.configure("error")
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with open_pool(url) as pool, working(Inbox(pool, lease=LIMITS.lease), Speaker(_work), LIMITS):
        await stop.wait()


if __name__ == "__main__":
    uvloop.run(_be_victim(sys.argv[1]))
