"""One turn: somebody said something, and the agent answers."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from datetime import timedelta
from typing import assert_never

import structlog

from bot.conversation import (
    DIRECT,
    Adapter,
    Agent,
    AgentEvent,
    NodeEnded,
    NodeStarted,
    Note,
    Restarted,
    Token,
    ToolEnded,
    ToolStarted,
    Working,
)
from bot.errors import AgentError, ModelRefused, ModelTimeout, TooManySteps
from bot.inbox import Inbox, Turn
from bot.reply import Reply

log = structlog.get_logger()

NEW_TOPIC = "new topic"
"""What a person writes at the top level of a direct message to start it afresh."""


@dataclass(slots=True)
class Course:
    """The text and the tools of an answer so far, as its reply shows them."""

    reply: Reply
    _drafts: dict[str, str] = field(default_factory=dict[str, str])
    _tools: dict[str, str] = field(default_factory=dict[str, str])

    def follow(self, event: AgentEvent) -> None:
        """Take the next event of the agent in."""
        match event:
            case Token(text, draft):
                self._write(text, draft)
            case Restarted(draft):
                self._drafts[draft] = ""
                self.reply.rewrite("\n\n".join(filter(None, self._drafts.values())))
            case ToolStarted(call, _, summary):
                self._tools[call] = summary
                self.reply.show_status(Working(tuple(self._tools.values())))
            case ToolEnded(call):
                self._tools.pop(call, None)
                self.reply.show_status(Working(tuple(self._tools.values())) if self._tools else Note.THINKING)
            case NodeStarted() | NodeEnded():
                pass
            case _:
                assert_never(event)

    def _write(self, text: str, draft: str) -> None:
        if not text:
            return
        # What the model says after a tool is a paragraph of its own.
        seam = "" if self._drafts.get(draft) or not any(self._drafts.values()) else "\n\n"
        self._drafts[draft] = self._drafts.get(draft, "") + text
        self.reply.show_status(None)
        self.reply.write(seam + text)

    @property
    def is_empty(self) -> bool:
        """Whether the model has said nothing so far."""
        return not any(text.strip() for text in self._drafts.values())


class Running:
    """A turn that is being taken. `stop` ends its thinking; what was written so far is shown, then `run` returns."""

    def __init__(self, turn: Turn, *, agent: Agent, adapter: Adapter, inbox: Inbox, pace: timedelta) -> None:
        self.turn = turn
        self._agent = agent
        self._inbox = inbox
        self._reply = Reply(
            adapter=adapter,
            conversation=turn.message.conversation,
            asker=turn.message.author,
            on_post=lambda message: inbox.note_page(turn, message),
            begun=turn.pages,
            pace=pace,
        )
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """Give the turn up: somebody else will take it. Harmless when it has ended."""
        self._stopped.set()

    async def run(self) -> bool:
        """Answer the message, and tell whether it is answered (a failure that people were told of counts).

        Raises PlatformError when the platform refuses for good.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(self._reply.run())
            try:
                status = await self._respond()
            except BaseException:
                self._reply.close(Note.FAILED)
                raise
            self._reply.close(status)
        return status is not Note.INTERRUPTED

    async def _respond(self) -> Note | None:
        message = self.turn.message
        if message.conversation.thread == DIRECT and message.text.strip().casefold() == NEW_TOPIC:
            await self._inbox.start_topic(self.turn)
            return Note.FRESH_START
        if not message.text.strip():
            return Note.NOTHING_ASKED
        return await self._think_unless_stopped()

    async def _think_unless_stopped(self) -> Note | None:
        async with asyncio.TaskGroup() as group:
            thinking = group.create_task(self._think())
            stopped = group.create_task(self._stopped.wait())
            await asyncio.wait([thinking, stopped], return_when=asyncio.FIRST_COMPLETED)
            interrupted = not thinking.done()
            thinking.cancel()
            stopped.cancel()
        return Note.INTERRUPTED if interrupted else thinking.result()

    async def _think(self) -> Note | None:
        course = Course(self._reply)
        try:
            async with contextlib.aclosing(self._agent.answer(self.turn.thread_id, self.turn.message)) as events:
                async for event in events:
                    course.follow(event)
        except AgentError as error:
            log.warning("answer_failed", error=type(error).__name__)
            return note(error)
        except Exception:
            # A graph is other people's code: whatever it raises ends this answer, and neither the bot nor the
            # conversation.
            log.exception("agent_raised")
            return Note.FAILED
        return Note.NOTHING_SAID if course.is_empty else None


def note(error: AgentError) -> Note:
    """What people are told of a failure of the agent."""
    match error:
        case ModelRefused():
            return Note.MODEL_REFUSED
        case ModelTimeout():
            return Note.MODEL_TIMEOUT
        case TooManySteps():
            return Note.TOO_MANY_STEPS
        case _:
            return Note.MODEL_BROKEN
