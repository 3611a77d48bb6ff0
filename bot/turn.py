"""One turn: somebody said something, and the agent answers."""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import structlog
from langgraph.runtime import RunControl

from bot.company import Company
from bot.conversation import Agent, WentBack
from bot.course import Course
from bot.database import BACK_OFF, until_reached
from bot.deciding import Deciding
from bot.decisions import Asked
from bot.errands import run_errand
from bot.errors import (
    AgentError,
    DatabaseError,
    Drained,
    LeaseLost,
    StoppedByPeople,
)
from bot.inbox import Inbox
from bot.markers import mark_superseded, mark_withdrawn
from bot.outcomes import OUTCOMES, Outcome, note
from bot.platform import Lease, Session
from bot.reply import Lane, Reply
from bot.requests import Requests
from bot.status import Note, Status, Stopped
from bot.traces import Traces
from bot.turns import Turn

log = structlog.get_logger()

CANCEL_PAUSE = timedelta(milliseconds=200)
"""How long a cancel is given before the next."""


class Running:
    """A turn that is being taken under a lease. The first of the `lanes` is the one that edits."""

    def __init__(
        self,
        turn: Turn,
        lease: Lease,
        *,
        agent: Agent,
        inbox: Inbox,
        lanes: Sequence[Lane],
        company: Company,
        requests: Requests,
        traces: Traces,
    ) -> None:
        self.turn = turn
        self._traces = traces
        self._deciding = Deciding(turn, requests, company)
        self.company = company
        self.lease = lease
        self._agent = agent
        self._inbox = inbox
        self._lanes = [Lane(lane.adapter.under(lease), lane.pace) for lane in lanes]
        self._adapter = self._lanes[0].adapter
        self._control = RunControl()
        self._stopped = asyncio.Event()
        self._unwanted = asyncio.Event()
        self._revised = asyncio.Event()
        self._went_back = asyncio.Event()
        self._stopped_by = ""
        self._reply: Reply | None = None

    @property
    def said(self) -> Sequence[str]:
        """What the messages of the answer show."""
        return self._reply.said if self._reply else ()

    @property
    def is_posting(self) -> bool:
        """Whether a message is on its way to the platform. Whoever took over now would look for it too early."""
        return self._reply is not None and self._reply.is_posting

    def drain(self) -> None:
        """Let the thinking end after the graph's present node, to be gone on with elsewhere."""
        self._control.request_drain()

    def stop(self) -> None:
        """End the thinking now; what was written so far is shown, then `run` returns."""
        self._stopped.set()

    def stop_for(self, who: str) -> None:
        """Somebody wants no more of the answer: end the thinking; what was written so far stays, and is remembered."""
        self._stopped_by = who
        self._unwanted.set()
        self.stop()

    def revise(self) -> None:
        """Somebody changed what is being answered: unless the answer is whole, end the thinking, to be taken anew."""
        if self._reply is None or not self._reply.is_whole:
            self._revised.set()
            self.stop()

    def lose(self) -> None:
        """Another holder has the turn: end without writing anything more."""
        self.lease.end()
        self.stop()

    async def run(self) -> Outcome:
        """Answer the messages, if they are for the bot. Raises PlatformError when the platform refuses for good."""
        if not self.turn.errand and not await self.company.is_meant():
            return Outcome.LEFT_ALONE
        try:
            return await (self._run_errand() if self.turn.errand else self._run())
        except* LeaseLost:
            log.warning("lease_lost")
        return Outcome.LOST

    async def _run(self) -> Outcome:
        reply = self._reply = await self._begin_reply()
        async with asyncio.TaskGroup() as group:
            group.create_task(reply.run())
            group.create_task(self._mark_left())
            group.create_task(self._begin_session())
            status = await self._respond(reply)
            reply.close(status)
            self._went_back.set()
            # As late as this, so that a sign that is being put there just now is not missed.
            for message in self.turn.waited:
                group.create_task(self._adapter.mark_waiting(message.conversation, message.ts, waits=False))
        outcome = OUTCOMES.get(status, Outcome.ANSWERED)
        if outcome is not Outcome.INTERRUPTED:
            session = Session.ASKING if status is Note.ASKING else Session.DONE
            await self._adapter.end_session(self.turn.conversation, session, in_any_case=self.turn.deaths > 0)
        return outcome

    async def _begin_session(self) -> None:
        asked = self.turn.messages[0]
        await self._adapter.begin_session(asked.conversation, asked.text, asked.author)

    async def _run_errand(self) -> Outcome:
        if self.turn.is_deadly:
            log.error("errand_dropped", errand=str(self.turn.errand))
            return Outcome.RUN
        await run_errand(self.turn, self._agent, self._inbox, self._adapter, self.company.room)
        return Outcome.RUN

    async def _mark_left(self) -> None:
        """Mark the answers that the conversation has left behind, once it has."""
        if self.turn.again is None:
            if self.turn.is_asking:
                await mark_withdrawn(self._deciding, self._adapter)
            return
        await self._went_back.wait()
        await mark_superseded(self.turn, self._inbox, self._adapter)

    async def _begin_reply(self) -> Reply:
        turn = self.turn
        begun = turn.pages
        if turn.deaths:
            # Whoever died may have posted a message and not have come to note it.
            found = await self._adapter.find(turn.conversation, turn.id, since=turn.messages[0].ts)
            begun = (*begun, *(page for page in found if page not in begun))
        earlier = await until_reached(lambda: self._inbox.earlier(turn)) if turn.pages else None
        return Reply(
            # What stands there already can only be edited.
            lanes=self._lanes[:1] if begun else self._ranked(),
            conversation=turn.conversation,
            askers=frozenset(message.author for message in turn.messages),
            turn=turn.id,
            since=turn.messages[0].ts,
            on_post=lambda page: until_reached(lambda: self._inbox.note_page(turn, page)),
            begun=begun,
            earlier=earlier,
        )

    def _ranked(self) -> list[Lane]:
        """The lanes that can be had in this conversation, the best first."""
        ranks = [(lane.adapter.rank(self.turn.conversation), lane) for lane in self._lanes]
        return [lane for rank, lane in sorted(ranks, key=lambda one: one[0] or 0) if rank is not None]

    def _answered_at_once(self) -> Note | None:
        """What is said without thinking, if it needs none."""
        turn = self.turn
        is_empty = not any(message.text.strip() or message.files for message in turn.messages)
        answers = {
            Note.SET_ASIDE: turn.is_deadly,
            Note.FRESH_START: turn.starts_afresh,
            Note.STAYS_OUT: turn.stays_out,
            Note.IS_BACK: turn.comes_back,
            Note.NOTHING_ASKED: is_empty,
        }
        return next((answer for answer, holds in answers.items() if holds), None)

    async def _respond(self, reply: Reply) -> Status:
        if at_once := self._answered_at_once():
            return at_once
        if self._unwanted.is_set():
            # It was stopped while nobody held it: what the memory has of it is shown.
            await self._think_until_reached(reply)
            return Stopped(await self.company.name(self._stopped_by))
        async with asyncio.TaskGroup() as group:
            thinking = group.create_task(self._think_until_reached(reply))
            stopped = group.create_task(self._stopped.wait())
            try:
                await asyncio.wait([thinking, stopped], return_when=asyncio.FIRST_COMPLETED)
            finally:
                # Also when the reply has failed, as when the lease is lost, and with it this task is cancelled.
                interrupted = not thinking.done()
                stopped.cancel()
                await cancel(thinking)
        if interrupted and self._unwanted.is_set():
            return Stopped(await self.company.name(self._stopped_by))
        if interrupted and self._revised.is_set():
            reply.rewrite("")
            return Note.REVISED
        return Note.INTERRUPTED if interrupted else thinking.result()

    async def _think_until_reached(self, reply: Reply) -> Status:
        """Think, and when PostgreSQL goes away go on where the memory was, as soon as it is back."""
        while True:
            try:
                return await self._think(Course(reply))
            except DatabaseError:
                log.warning("memory_unreachable")
                await asyncio.sleep(BACK_OFF.total_seconds())
                reply.rewrite("")

    async def _think(self, course: Course) -> Status:
        turn = self.turn
        answer = self._agent.answer(
            turn.thread_id,
            await self.company.messages(),
            hold=turn.hold,
            control=self._control,
            earlier=self.company.earlier,
            stop=self._unwanted,
            again=turn.again is not None,
            decided=await self._deciding.decided(),
            trace=await self._traces.begin(turn.id),
        )
        try:
            async with contextlib.aclosing(answer) as events:
                async for event in events:
                    if isinstance(event, WentBack):
                        await until_reached(lambda: self._inbox.supersede(turn))
                        self._went_back.set()
                    elif isinstance(event, Asked):
                        course.ask(*await self._deciding.ask(event))
                    course.follow(event)
        except (DatabaseError, LeaseLost):
            raise
        except (Drained, StoppedByPeople):
            return Note.INTERRUPTED
        except AgentError as error:
            log.warning("answer_failed", error=type(error).__name__)
            return note(error)
        except Exception:
            # A graph is other people's code: whatever it raises ends this answer, and neither the bot nor the
            # conversation.
            log.exception("agent_raised")
            return Note.FAILED
        return course.status


async def cancel(task: asyncio.Task[Any]) -> None:
    """Cancel a task until it has ended.

    Once is not enough: before Python 3.12 `asyncio.wait_for`, by which langchain-openai waits for each chunk, drops a
    cancel that comes together with the chunk.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=CANCEL_PAUSE.total_seconds())
