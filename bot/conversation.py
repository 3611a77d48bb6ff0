"""The words the whole bot shares: conversations, what people say, what the agent does, and the agent itself.

Nothing here does I/O. There are two ports, because only they have a second
implementation: the agent (the built-in one, somebody's own graph) at the end of this file, and the platform (Slack, a
stand-in of the tests) in `bot.platform`.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from bot.decisions import Asked, Decided, WasDecided

if TYPE_CHECKING:
    import asyncio
    from uuid import UUID

    from langgraph.runtime import RunControl

DIRECT = "dm"
"""The `thread` of a direct message's top level, which has no root message of its own."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """One Slack thread, or the top level of one direct message.

    `thread` is the `ts` of the thread's root message, or `dm` for the top level of a direct message. The string form
    `workspace/channel/thread` is the inbox's lane and, but for a direct message that was started afresh, LangGraph's
    `thread_id`; none of Slack's ids holds a slash.
    """

    workspace: str
    channel: str
    thread: str

    def __str__(self) -> str:
        return f"{self.workspace}/{self.channel}/{self.thread}"

    @classmethod
    def parse(cls, text: str) -> "Conversation":
        """The inverse of `str`. Raises ValueError for anything else."""
        workspace, channel, thread = text.split("/")
        return cls(workspace, channel, thread)

    @property
    def is_direct(self) -> bool:
        """Whether it is one person's with the bot: Slack's ids of direct messages begin with D."""
        return self.channel.startswith("D")

    @property
    def thread_ts(self) -> str | None:
        """Where Slack is to put the answer: a thread's root, or None for the top level of a direct message."""
        return None if self.thread == DIRECT else self.thread


class Address(Enum):
    """Whom a message is said to, as far as it says so itself."""

    BOT = "bot"
    """It mentions the bot, or stands in a direct message."""
    NAME = "name"
    """It calls the bot by its name."""
    NOBODY = "nobody"
    """A message in a thread that names nobody."""
    OTHER = "other"
    """It names somebody else."""
    MACHINE = "machine"
    """Another bot says it."""
    BACK = "back"
    """It asks the bot to come back into the thread."""


@dataclass(frozen=True, slots=True)
class File:
    """A file that came with a message: its name, its kind (`text/csv`), its size in bytes if told, its address."""

    name: str
    kind: str
    size: int
    url: str


@dataclass(frozen=True, slots=True)
class Message:
    """Something a person said. `ts` is Slack's, unique in its channel and rising with time.

    `author` is their id, `name` what people call them and `zone` IANA's name of their time zone, where those are known.
    One that is `overheard` was not said to the bot: it is there for what is. Of one that is `doubtful` that is to be
    judged. Before one that is `unread` things were said that could not be read. Another bot's is a machine's. `edited`
    is when its author changed it last, as Slack tells it; `language` is the one in which they want to be answered.
    In a direct message `viewing` is the channel that they look at, if that is known.
    """

    conversation: Conversation
    ts: str
    author: str
    text: str
    name: str = ""
    zone: str = ""
    overheard: bool = False
    doubtful: bool = False
    unread: bool = False
    is_machine: bool = False
    files: tuple[File, ...] = ()
    edited: str = ""
    language: str = ""
    viewing: str = ""


Earlier = Callable[[str | None], Awaitable[Sequence[Message]]]
"""Reads what was said in the conversation after that `ts`, or from its start, and not to the bot: the oldest first."""


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the answer. `draft` names the model's message it belongs to.

    A second model message after a tool has its own `draft` and continues the answer. When the model's request is
    retried in mid-stream, the text starts anew: `Restarted` says so first.
    """

    text: str
    draft: str


@dataclass(frozen=True, slots=True)
class Restarted:
    """The model began its present message again: what `draft` had so far is to be replaced, not continued."""

    draft: str


@dataclass(frozen=True, slots=True)
class Complete:
    """The model has written its answer to the end and calls no tool; what is still done is about the memory only."""


@dataclass(frozen=True, slots=True)
class Reasoned:
    """A piece of what the model thinks before it answers. It is no part of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Unread:
    """What was said in the conversation before could not be read. Told once a conversation."""


@dataclass(frozen=True, slots=True)
class WentBack:
    """The conversation is about to be taken back to before the messages that are answered anew.

    Whoever takes it to be so has to know it before the next event is asked for.
    """


@dataclass(frozen=True, slots=True)
class ToolStarted:
    """A tool began to run.

    `summary` is what people read meanwhile, such as `Searching: weather in SF`, and `done` what stays of it.
    """

    call: str
    name: str
    summary: str
    done: str


@dataclass(frozen=True, slots=True)
class ToolEnded:
    """The tool of that `call` is done; `failed` when the model was told of an error instead of a result."""

    call: str
    name: str
    failed: bool


@dataclass(frozen=True, slots=True)
class NodeStarted:
    """A node of the graph began. For `--trace`; people in Slack do not see it."""

    node: str


@dataclass(frozen=True, slots=True)
class NodeEnded:
    """A node of the graph ended; `wrote` says in a few words what it added to the state."""

    node: str
    wrote: str


AgentEvent = (
    Token
    | Restarted
    | Complete
    | Reasoned
    | Unread
    | WentBack
    | Asked
    | WasDecided
    | ToolStarted
    | ToolEnded
    | NodeStarted
    | NodeEnded
)


@dataclass(frozen=True, slots=True)
class Hold:
    """The right to write in a conversation (`lane`), good until somebody has a greater `fence`."""

    lane: str
    fence: int


class Agent(Protocol):
    """What thinks. One run a conversation at a time: two at once would lose messages."""

    def answer(
        self,
        thread_id: str,
        messages: Sequence[Message],
        *,
        hold: Hold | None = None,
        control: "RunControl | None" = None,
        earlier: Earlier | None = None,
        stop: "asyncio.Event | None" = None,
        again: bool = False,
        decided: Sequence[Decided] = (),
        trace: "UUID | None" = None,
    ) -> AsyncGenerator[AgentEvent, None]:
        """Stream the answer to `messages`, one or more, in the memory named `thread_id`.

        If the memory has not seen them, `earlier` is asked for what was said since the last message that it has seen.

        If it has seen them in an earlier version (`Message.edited`), or if they were answered before (`again`), it is
        first taken back to before them (WentBack).

        Where it asks leave for something it ends (Asked), and goes on with what was `decided` (WasDecided) when it is
        asked for the same messages again; other messages go on without.

        What an earlier try has said of it already is told again, not thought again. With a `hold`, the memory refuses
        what is written after the hold is gone (LeaseLost). `control.request_drain()` ends the run after its present
        node (Drained), to be gone on with elsewhere.

        A run that is traced has the id `trace` there.

        Who cancels it with `stop` set means for good: what was told so far is kept as the answer (StoppedByPeople).

        An async generator: close it (`contextlib.aclosing`) to stop the model. Raises an `AgentError` when the model
        or the graph fails; the text streamed until then is kept in the memory. Raises DatabaseError when the memory
        cannot be reached; the same call goes on where it was.
        """
        ...

    async def forget(self, thread_id: str, message: Message, *, answer: bool, hold: Hold) -> None:
        """Take a message that was deleted out of every state of the memory and of what was made of it there.

        With `answer` it is the answer to that message instead. Where neither is known, nothing happens. Raises
        DatabaseError, LeaseLost; what was done by then is done once more, without harm.
        """
        ...

    async def branch(self, thread_id: str, checkpoint: str, to: str, *, hold: Hold) -> None:
        """Give the memory named `to`, which is new, the state that this one was in at a checkpoint.

        Raises DatabaseError, LeaseLost; what was done by then is done once more, without harm.
        """
        ...
