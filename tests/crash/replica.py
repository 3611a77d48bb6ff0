"""A bot in a process of its own that can be told where to die, and its end of the line in the test.

The processes are forked from one that has everything imported, since the imports take longer than all the rest.
"""

import asyncio
import multiprocessing
import os
import sys
import threading
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import uvloop
from langchain_core.tools import BaseTool, StructuredTool

from bot.app import open_bot
from bot.budget import Tier
from bot.settings import Settings
from bot.worker import Limits
from tests.crash.operations import Operation, Operations, Point

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkServerProcess

LISTENING = "listening"
ARMED = "armed"
ENDED = "ended"
STOP = "stop"


_children = threading.Lock()


def _alone(change: Callable[[], None]) -> None:
    """Start or join a process while nobody else does: each start asks all children for their exit codes.

    An exit code can be read once only; who comes second takes the process for one that ended with 255.
    """
    with _children:
        change()


@dataclass(frozen=True, slots=True)
class Terms:
    """What a replica starts with."""

    settings: Settings
    limits: Limits
    tiers: Mapping[str, Tier]
    tool_url: str
    log: Path
    point: Point | None


def tools(url: str) -> list[BaseTool]:
    """One tool, whose runs are seen at `url`."""

    async def lookup(place: str) -> str:
        async with aiohttp.ClientSession() as session, session.post(url, json={"place": place}) as response:
            return await response.text()

    return [StructuredTool.from_function(coroutine=lookup, name="lookup", description="Look a place up.")]


def live(line: "Connection[Any, Any]", terms: Terms) -> None:
    """Be a bot until told to stop, or until the point where it dies. Runs in the process of its own."""
    with terms.log.open("ab", buffering=0) as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    uvloop.run(_live(line, terms))
    sys.stderr.flush()


async def _live(line: "Connection[Any, Any]", terms: Terms) -> None:
    stopped = asyncio.Event()
    operations = Operations(line.send, stopped.set, terms.point)
    operations.watch()

    def obey() -> None:
        match line.recv():
            case str():
                stopped.set()
            case point:
                operations.arm(point)
                line.send(ARMED)

    asyncio.get_running_loop().add_reader(line.fileno(), obey)
    async with open_bot(terms.settings, tools=tools(terms.tool_url), limits=terms.limits, tiers=terms.tiers):
        line.send(LISTENING)
        await stopped.wait()


class Replica:
    """A process that runs a bot. `done` holds the operations since it was armed, in the order they began."""

    def __init__(self, process: "ForkServerProcess", line: "Connection[Any, Any]") -> None:
        self.done: list[Operation] = []
        self.has_ended = asyncio.Event()
        self._process = process
        self._line = line
        self._said: asyncio.Queue[str] = asyncio.Queue()

    @classmethod
    @asynccontextmanager
    async def start(cls, terms: Terms) -> AsyncGenerator["Replica", None]:
        """A new process; killed when the block ends, if it still lives."""
        here, there = multiprocessing.Pipe()
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tests.crash.rehearsal"])
        process = context.Process(target=live, args=(there, terms), daemon=True)
        await asyncio.to_thread(_alone, process.start)
        there.close()
        replica = cls(process, here)
        asyncio.get_running_loop().add_reader(here.fileno(), replica._hear)
        try:
            yield replica
        finally:
            process.kill()
            await replica.has_ended.wait()
            await asyncio.to_thread(_alone, process.join)
            here.close()

    async def listens(self) -> bool:
        """Return True as soon as it is up, or False if it has ended before."""
        return await self._said.get() == LISTENING

    async def arm(self, point: Point | None) -> bool:
        """From now on it counts anew, up to this point. False if it has ended.

        What it did before stands in the list that `done` was until now.
        """
        try:
            self._line.send(point)
        except BrokenPipeError:
            return False
        is_armed = await self._said.get() == ARMED
        self.done = []
        return is_armed

    def stop(self) -> None:
        """Ask it to stop in good order."""
        self._line.send(STOP)

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    async def ended(self) -> int:
        """Wait for its end and give its exit code."""
        await self.has_ended.wait()
        await asyncio.to_thread(_alone, self._process.join)
        assert self._process.exitcode is not None
        return self._process.exitcode

    def _hear(self) -> None:
        try:
            match self._line.recv():
                case Operation() as operation:
                    self.done.append(operation)
                case word:
                    self._said.put_nowait(word)
        except (EOFError, ConnectionResetError):
            asyncio.get_running_loop().remove_reader(self._line.fileno())
            self._said.put_nowait(ENDED)
            self.has_ended.set()
