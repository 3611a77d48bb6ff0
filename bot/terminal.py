"""The same agent and memory in a terminal: `bot chat` and `bot history`."""

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, assert_never

from langgraph.checkpoint.base import BaseCheckpointSaver

from bot.agent import GraphAgent
from bot.app import open_database
from bot.asking import request_text
from bot.conversation import (
    AgentEvent,
    Complete,
    Conversation,
    Message,
    NodeEnded,
    NodeStarted,
    Reasoned,
    Restarted,
    Token,
    ToolEnded,
    ToolStarted,
    Unread,
    WentBack,
)
from bot.database import migrate
from bot.decisions import Asked, Choice, Decided, Decision, Request, WasDecided
from bot.errors import AgentError, SettingsError
from bot.offline import NOTICE, with_model
from bot.outcomes import note
from bot.serde import serializer
from bot.settings import Settings
from bot.thinking import open_agent
from bot.words import SENTENCES

SQLITE = "sqlite:///"

TERMINAL = "terminal"
"""The author of what is typed."""

HOW = "(“yes” lets it; “no” does not, and you may say why; anything else goes on without it)"


@dataclass(slots=True)
class Screen:
    """Prints an answer as it comes: its text, what its tools do, and with `trace` what each node does."""

    trace: bool
    write: Callable[[str], object]
    _line_is_open: bool = field(default=False)

    def show(self, event: AgentEvent) -> None:
        """Print one event at the moment it happens."""
        match event:
            case Token(text):
                self.write(text)
                self._line_is_open = not text.endswith("\n")
            case Complete() | Reasoned() | Unread() | WentBack() | WasDecided():
                pass
            case Asked(requests):
                for request in requests:
                    self.line(request_text(request, ["You"]))
                self.line(HOW)
            case Restarted():
                self.line("(the model begins again)")
            case ToolStarted(_, _, summary, _):
                self.line(f"({summary})")
            case ToolEnded() | NodeStarted() | NodeEnded():
                if self.trace:
                    self.line(_traced(event))
            case _:
                assert_never(event)
        sys.stdout.flush()

    def line(self, text: str) -> None:
        """Print a line of its own."""
        self.write(f"\n{text}\n" if self._line_is_open else f"{text}\n")
        self._line_is_open = False

    def end(self) -> None:
        """Close the answer's last line."""
        if self._line_is_open:
            self.write("\n")
            self._line_is_open = False


@dataclass(slots=True)
class Talk:
    """A conversation in the terminal; `waiting` is what the agent asks leave for, `decided` what was decided of it."""

    screen: Screen
    name: str
    message: Message | None = None
    waiting: tuple[Request, ...] = ()
    decided: list[Decided] = field(default_factory=list[Decided])

    async def hear(self, agent: GraphAgent, text: str, checkpoint: str | None) -> None:
        """Answer a line, which may be the decision about the first thing that waits for one."""
        decision = _decision(text) if self.waiting else None
        if decision and self.message:
            self.decided.append((self.waiting[0], decision))
        else:
            self.decided.clear()
            conversation = Conversation("terminal", "chat", _thread_id(self.name).rpartition("/")[2])
            self.message = Message(conversation, f"{time.time():.6f}", TERMINAL, text)
        await self._answer(agent, self.message, checkpoint)

    async def _answer(self, agent: GraphAgent, message: Message, checkpoint: str | None) -> None:
        self.waiting = ()
        answer = agent.answer(_thread_id(self.name), [message], checkpoint=checkpoint, decided=self.decided)
        try:
            async with contextlib.aclosing(answer) as events:
                async for event in events:
                    if isinstance(event, Asked):
                        self.waiting = event.requests
                    self.screen.show(event)
        except AgentError as error:
            self.screen.line(SENTENCES[note(error)])
        self.screen.end()


async def chat(
    settings: Settings,
    name: str,
    *,
    database: str | None = None,
    checkpoint: str | None = None,
    trace: bool = False,
    read: Callable[[], str | None] | None = None,
    write: Callable[[str], object] | None = None,
) -> None:
    """Talk in the conversation `name` until the input ends; `checkpoint` is gone back to first.

    `read` gives the next line or None, `write` shows text: standard input and output unless told otherwise. Raises
    UnknownCheckpoint, SettingsError, DatabaseError.
    """
    talk = Talk(Screen(trace, write or sys.stdout.write), name)
    async with _open_agent(settings, database) as agent:
        if not settings.has_model_key:
            talk.screen.line(NOTICE)
        while (text := await asyncio.to_thread(read or _read)) is not None:
            if text.strip():
                await talk.hear(agent, text, checkpoint)
                checkpoint = None


async def history(
    settings: Settings, name: str, *, database: str | None = None, write: Callable[[str], object] | None = None
) -> None:
    """Print the checkpoints of the conversation `name`, the newest first."""
    show = write or sys.stdout.write
    async with _open_agent(settings, database) as agent:
        empty = True
        async for line in agent.history(_thread_id(name)):
            empty = False
            when = line.created_at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
            show(f"{line.id}  {when}  step {line.step:>3}  {', '.join(line.nodes):<10}  {line.excerpt}\n")
        if empty:
            show(f"Nothing is remembered of {name}.\n")


@asynccontextmanager
async def _open_agent(settings: Settings, database: str | None) -> AsyncGenerator[GraphAgent, None]:
    async with (
        _open_memory(settings, database) as memory,
        with_model(settings) as (chosen, tools),
        open_agent(chosen, memory, tools) as agent,
    ):
        yield agent


@asynccontextmanager
async def _open_memory(settings: Settings, database: str | None) -> AsyncGenerator[BaseCheckpointSaver[Any], None]:
    if database is None or not database.startswith("sqlite:"):
        async with open_database(settings, database) as pool:
            yield await migrate(pool)
        return
    if not database.startswith(SQLITE):
        raise SettingsError("--database is malformed. It reads sqlite:///:memory:, sqlite:///FILE or postgresql://….")
    try:
        from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver  # noqa: PLC0415 (an extra)
    except ImportError:
        raise SettingsError("--database sqlite needs the extra: pip install 'skein[sqlite]'.") from None
    async with AsyncSqliteSaver.from_conn_string(database.removeprefix(SQLITE)) as saver:
        saver.serde = serializer()
        yield saver


def _thread_id(name: str) -> str:
    """A name of the terminal's own, or a conversation in Slack (workspace/channel/thread) to look into."""
    return name if "/" in name else f"terminal/chat/{name}"


def _read() -> str | None:
    """The next line, or None at the end of the input."""
    try:
        return input("> " if sys.stdin.isatty() else "")
    except EOFError:
        return None


def _decision(text: str) -> Decision | None:
    """What a line decides: yes, or no and why; None where it is something else."""
    word, _, rest = text.strip().partition(" ")
    match word.strip(",.!:").casefold():
        case "y" | "yes" if not rest:
            return Decision(Choice.APPROVE, TERMINAL)
        case "n" | "no":
            return Decision(Choice.DENY, TERMINAL, reason=rest.strip())
        case _:
            return None


def _traced(event: ToolEnded | NodeStarted | NodeEnded) -> str:
    match event:
        case ToolEnded(_, name, failed):
            what = "failed" if failed else "returned"
        case NodeStarted(name):
            what = "began"
        case NodeEnded(name, wrote):
            what = f"wrote {wrote}"
    return f"[{datetime.now(UTC).astimezone():%H:%M:%S.%f} {name}] {what}"
