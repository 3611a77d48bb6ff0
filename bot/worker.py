"""Many conversations at once, one turn a conversation.

The worker claims turns from the inbox while it has room, renews their leases, and on `stop` lets what runs come to
its end or gives it back. What is not finished when it ends waits in the inbox for the next worker.
"""

import asyncio
import contextlib
import uuid
from collections.abc import Awaitable, Callable
from datetime import timedelta

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from bot.conversation import Adapter, Agent
from bot.errors import PlatformError
from bot.inbox import Inbox, Turn
from bot.reply import PACE
from bot.turn import Running

log = structlog.get_logger()

CONCURRENCY = 64
"""How many turns one process takes at once."""

LEASE = timedelta(seconds=15)
RENEWAL = LEASE / 3
POLL = timedelta(seconds=1)
"""How often the inbox is looked at when nothing is heard of it: leases that ran out tell nobody."""

GRACE = timedelta(seconds=10)
"""How long `stop` lets running turns go on."""

BACK_OFF = timedelta(seconds=1)
"""The pause after PostgreSQL has failed."""

UNREACHABLE = (psycopg.OperationalError, PoolTimeout)


class Worker:
    """Takes turns until it is stopped. One a process is enough."""

    def __init__(
        self, inbox: Inbox, *, agent: Agent, adapter: Adapter, pace: timedelta = PACE, grace: timedelta = GRACE
    ) -> None:
        self.name = uuid.uuid4().hex
        self._inbox = inbox
        self._agent = agent
        self._adapter = adapter
        self._pace = pace
        self._grace = grace
        self._running: dict[int, Running] = {}
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Take turns until `stop` is called and what ran has ended or was given back.

        A cancel stops at once: the turns' leases run out and another worker takes them over.
        """
        async with asyncio.TaskGroup() as group:
            upkeep = [group.create_task(self._listen()), group.create_task(self._renew())]
            async with asyncio.TaskGroup() as turns:
                while not self._stopping.is_set():
                    await self._claim_all(turns)
                    await self._until_woken()
                await self._wind_up()
            for task in upkeep:
                task.cancel()

    def stop(self) -> None:
        """Claim nothing more, and let `run` come to its end."""
        self._stopping.set()
        self._wake.set()

    async def _claim_all(self, turns: asyncio.TaskGroup) -> None:
        self._wake.clear()
        while len(self._running) < CONCURRENCY and not self._stopping.is_set():
            try:
                turn = await self._inbox.claim(self.name)
            except UNREACHABLE:
                log.warning("inbox_unreachable")
                return
            if turn is None:
                return
            running = Running(turn, agent=self._agent, adapter=self._adapter, inbox=self._inbox, pace=self._pace)
            self._running[turn.id] = running
            turns.create_task(self._take(running))

    async def _until_woken(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), POLL.total_seconds())

    async def _take(self, running: Running) -> None:
        turn = running.turn
        with structlog.contextvars.bound_contextvars(conversation=str(turn.message.conversation), ts=turn.message.ts):
            log.info("turn_began")
            try:
                answered = await self._run(running)
                await _until_reached(self._inbox.finish if answered else self._inbox.give_back, turn)
                log.info("turn_ended", answered=answered)
            finally:
                del self._running[turn.id]
                self._wake.set()

    async def _run(self, running: Running) -> bool:
        try:
            return await running.run()
        except* PlatformError as refusals:
            # Nobody can be told anything there: the channel is gone, or the bot was thrown out.
            log.warning("platform_refused", codes=[str(error) for error in refusals.exceptions])
        except* Exception:
            log.exception("turn_failed")
        return True

    async def _wind_up(self) -> None:
        if await self._all_ended(self._grace):
            return
        for running in list(self._running.values()):
            running.stop()

    async def _all_ended(self, within: timedelta) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within.total_seconds()):
                while self._running:
                    self._wake.clear()
                    await self._wake.wait()
        return not self._running

    async def _listen(self) -> None:
        while True:
            try:
                async with contextlib.aclosing(self._inbox.arrivals()) as arrivals:
                    async for _ in arrivals:
                        self._wake.set()
            except UNREACHABLE:
                await asyncio.sleep(BACK_OFF.total_seconds())

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEWAL.total_seconds())
            try:
                held = await self._inbox.renew(self.name)
            except UNREACHABLE:
                log.warning("inbox_unreachable")
                continue
            for lost in self._running.keys() - held:
                self._running[lost].stop()


async def _until_reached(statement: Callable[[Turn], Awaitable[None]], turn: Turn) -> None:
    """Run a statement that must not be lost, as often as it takes to reach PostgreSQL."""
    while True:
        try:
            return await statement(turn)
        except UNREACHABLE:
            log.warning("inbox_unreachable")
            await asyncio.sleep(BACK_OFF.total_seconds())
