"""Many conversations at once, one turn a conversation.

The worker claims turns from the inbox while it has room, and renews their leases. What it cannot renew in time falls
silent by its own clock, before anybody else can hold it. On `stop` it claims nothing more and lets what runs come to
its end; what does not in time is drained at the graph's next node, then stopped, shown as it is, and given back. Where
Slack or PostgreSQL is away at that moment, it is abandoned instead: whoever takes it over counts a death.
"""

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from bot.company import Company
from bot.conversation import Agent, Message
from bot.database import BACK_OFF, UNREACHABLE, until_reached
from bot.errors import LeaseLost, PlatformError
from bot.expected import Expected
from bot.inbox import Inbox
from bot.judge import Judge
from bot.outcomes import Outcome
from bot.pace import DENSE, Pace
from bot.platform import Adapter, Lease, Room
from bot.reply import Lane
from bot.requests import Requests
from bot.traces import Traces
from bot.turn import Running, cancel
from bot.turns import Turn

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much a worker takes on, and its times."""

    concurrency: int = 64
    """How many turns it takes at once."""
    lease: timedelta = timedelta(seconds=15)
    """How long a turn is held without a renewal; three are tried in that time."""
    poll: timedelta = timedelta(milliseconds=500)
    """How often the inbox is looked at when nothing is heard of it: leases that run out tell nobody."""
    grace: timedelta = timedelta(seconds=25)
    """How long `stop` lets running turns go on."""
    drain: timedelta = timedelta(seconds=2)
    """How long they may then take to come to the graph's next node."""
    farewell: timedelta = timedelta(seconds=2)
    """How long they may at last take to show what is written and be given back: Slack or PostgreSQL may be away."""
    keep: timedelta = timedelta(days=7)
    """How long answered messages stay in the inbox."""
    pace: timedelta = DENSE
    """The least time between two drafts of an answer."""


SWEEP_PAUSE = timedelta(minutes=10)
SHORT_SWEEP_PAUSE = timedelta(milliseconds=200)
SWEEP_ROWS = 1000


class Worker:
    """Takes turns until it is stopped. One a process is enough.

    `adapters` are the ways in which answers may be shown; the first is the one that edits messages. The `judge` tells
    whether doubtful messages are for the bot.
    """

    def __init__(
        self,
        inbox: Inbox,
        *,
        agent: Agent,
        adapters: Sequence[Adapter],
        room: Room,
        limits: Limits,
        requests: Requests,
        traces: Traces,
        judge: Judge | None = None,
    ) -> None:
        self._requests = requests
        self._traces = traces
        self._room = room
        self._judge = judge
        self.name = uuid.uuid4().hex
        self._inbox = inbox
        self._agent = agent
        self._lanes = [Lane(adapter, Pace(adapter.drafts, dense=limits.pace)) for adapter in adapters]
        self._limits = limits
        self._running: dict[int, Running] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._expected = Expected(limits.concurrency)
        self._stopping = asyncio.Event()
        self._upkeep: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Take turns until `stop` is called and what ran has ended or was given back.

        A cancel stops at once: the turns' leases run out and another worker takes them over.
        """
        async with asyncio.TaskGroup() as upkeep:
            self._upkeep = upkeep
            upkeeps = (self._listen(), self._renew(), self._sweep(), *(lane.pace.run() for lane in self._lanes))
            tasks = [upkeep.create_task(work) for work in upkeeps]
            async with asyncio.TaskGroup() as turns:
                while not self._stopping.is_set():
                    await self._claim_expected(turns)
                    await self._expected.wait(self._limits.poll)
                await self._wind_up()
            self._upkeep = None
            for task in tasks:
                await cancel(task)

    def stop(self) -> None:
        """Claim nothing more, and let `run` come to its end."""
        self._stopping.set()
        self._expected.wake()

    def note_waiting(self, message: Message) -> None:
        """Show a person that their message was seen and waits. Returns at once."""
        if self._upkeep:
            self._upkeep.create_task(self._lanes[0].adapter.mark_waiting(message.conversation, message.ts, waits=True))

    async def _claim_expected(self, turns: asyncio.TaskGroup) -> None:
        while self._expected.turns and self._has_room and not self._stopping.is_set():
            lease, expected = Lease(self._lease_end()), self._expected.turns
            try:
                turn = await self._inbox.claim(self.name)
                stops = await self._inbox.stopped([turn.id]) if turn and turn.pages else {}
            except UNREACHABLE:
                log.warning("database_unreachable")
                return
            if turn is None:
                self._expected.remove(expected)  # but for those that were told of meanwhile
                continue
            if not turn.deaths:  # of a lease that ran out nobody was told
                self._expected.remove(1)
            if lost := self._running.get(turn.id):
                # We could not renew it in time, and were the first to take it over.
                lost.lose()
            running = self._running[turn.id] = self._begin(turn, lease)
            for who in stops.values():
                running.stop_for(who)
            task = turns.create_task(self._take(running))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    @property
    def _has_room(self) -> bool:
        return len(self._running) < self._limits.concurrency

    def _begin(self, turn: Turn, lease: Lease) -> Running:
        company = Company(turn, self._inbox, self._room, self._judge)
        agent, inbox, requests, traces = self._agent, self._inbox, self._requests, self._traces
        return Running(
            turn, lease, agent=agent, inbox=inbox, lanes=self._lanes, company=company, requests=requests, traces=traces
        )

    def _lease_end(self) -> float:
        """When a lease that is asked for now has run out at the latest, by our clock: PostgreSQL's starts later."""
        return time.monotonic() + self._limits.lease.total_seconds()

    async def _take(self, running: Running) -> None:
        turn = running.turn
        with structlog.contextvars.bound_contextvars(conversation=str(turn.conversation), turn=turn.id):
            log.info("turn_began", messages=len(turn.messages), deaths=turn.deaths)
            try:
                outcome = await self._run(running)
                await self._end(running, outcome)
                log.info("turn_ended", outcome=outcome.name.lower())
            finally:
                had_room = self._has_room
                if self._running.get(turn.id) is running:
                    del self._running[turn.id]
                # If more waits in the conversation, whoever hears is told of it.
                if not (had_room and self._expected.hears):
                    self._expected.add()

    async def _run(self, running: Running) -> Outcome:
        try:
            return await running.run()
        except* PlatformError as refusals:
            # Nobody can be told anything there: the channel is gone, or the bot was thrown out.
            log.warning("platform_refused", codes=[str(error) for error in refusals.exceptions])
        except* Exception:
            log.exception("turn_failed")
        return Outcome.RUN if running.turn.errand else Outcome.ANSWERED

    async def _end(self, running: Running, outcome: Outcome) -> None:
        turn, shared, said = running.turn, running.company.is_shared, running.said
        with contextlib.suppress(LeaseLost):
            match outcome:
                case Outcome.ANSWERED:
                    await until_reached(lambda: self._inbox.finish(turn, said=said, shared=shared))
                case Outcome.SET_ASIDE:
                    await until_reached(lambda: self._inbox.finish(turn, said=said, set_aside=True))
                case Outcome.LEFT_ALONE:
                    await until_reached(lambda: self._inbox.finish(turn, alone=True))
                case Outcome.RUN:
                    await until_reached(lambda: self._inbox.errand_done(turn))
                case Outcome.INTERRUPTED:
                    await until_reached(lambda: self._inbox.give_back(turn))
                case Outcome.LOST:
                    pass

    async def _wind_up(self) -> None:
        for hurry, patience in ((Running.drain, self._limits.grace), (Running.stop, self._limits.drain)):
            if await self._all_ended(patience):
                return
            for running in self._running.values():
                hurry(running)
        if not await self._all_ended(self._limits.farewell):
            await self._abandon()

    async def _abandon(self) -> None:
        # Not renewed any more: what does not even end by a cancel is taken over when its lease has run out.
        abandoned, self._running = self._running, {}
        # What may yet appear on the platform is found only by who looks late enough: that turn's lease has to run out.
        turns = [running.turn for running in abandoned.values() if not running.is_posting]
        log.warning("turns_abandoned", turns=len(abandoned))
        await asyncio.gather(*(cancel(task) for task in self._tasks))
        with contextlib.suppress(TimeoutError, *UNREACHABLE):
            async with asyncio.timeout(self._limits.farewell.total_seconds()):
                for turn in turns:
                    with contextlib.suppress(LeaseLost):
                        await self._inbox.give_back(turn, died=True)

    async def _all_ended(self, within: timedelta) -> bool:
        if not self._tasks:  # `asyncio.wait` wants some
            return True
        _, late = await asyncio.wait(self._tasks, timeout=within.total_seconds())
        return not late

    async def _listen(self) -> None:
        while True:
            try:
                async with contextlib.aclosing(self._inbox.arrivals()) as arrivals:
                    async for is_about_one in arrivals:
                        self._expected.hears = is_about_one is not None
                        if is_about_one:
                            await self._heed()
                        else:
                            self._expected.add(1 if self._expected.hears else None)
            except UNREACHABLE:
                log.warning("database_unreachable")
            self._expected.hears = False
            await asyncio.sleep(BACK_OFF.total_seconds())

    async def _heed(self) -> None:
        """Stop what people want stopped of what runs here, and begin anew what they have changed."""
        if not (running := dict(self._running)):
            return
        for turn, who in (await self._inbox.stopped(running)).items():
            running[turn].stop_for(who)
        for turn in await self._inbox.revised(running):
            running[turn].revise()

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._limits.lease.total_seconds() / 3)
            end, asked = self._lease_end(), dict(self._running)
            try:
                held = await self._inbox.renew(self.name, asked)
                await self._heed()  # in case it was not heard
            except UNREACHABLE:
                log.warning("database_unreachable")
                continue
            for turn, running in asked.items():
                if turn in held:
                    running.lease.prolong(end)
                else:
                    running.lose()

    async def _sweep(self) -> None:
        while True:
            swept = 0
            with contextlib.suppress(*UNREACHABLE):
                swept = await self._inbox.sweep(self._limits.keep, at_most=SWEEP_ROWS)
            # Small batches, with room for others between them.
            await asyncio.sleep((SWEEP_PAUSE if swept < SWEEP_ROWS else SHORT_SWEEP_PAUSE).total_seconds())


@contextlib.asynccontextmanager
async def working(worker: Worker) -> AsyncGenerator[None, None]:
    """Let it take turns while the block runs; on leaving, what runs ends or is given back."""
    async with asyncio.TaskGroup() as group:
        group.create_task(worker.run())
        try:
            yield
        finally:
            worker.stop()
