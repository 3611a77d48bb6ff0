"""An agent and a platform that cost nothing, so that what is measured is the inbox and the worker between them."""

import asyncio
import itertools
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from langgraph.runtime import RunControl

from bot.conversation import AgentEvent, Conversation, Earlier, Hold, Message, Token
from bot.decisions import Decided
from bot.inbox import Inbox
from bot.platform import Lease, Mark, Page, Session
from bot.requests import Requests
from bot.traces import Traces
from bot.window import Window
from bot.worker import Limits, Worker, working as worker_working

Work = Callable[[Sequence[Message], RunControl | None], Awaitable[None]]
"""What an agent does with the messages of a turn before it answers."""


class Speaker:
    """An agent that works, says one word, and notes when each message's turn began and when its thinking ended."""

    def __init__(self, work: Work | None = None) -> None:
        self.began: dict[str, float] = {}
        self.ended: dict[str, float] = {}
        self._work = work
        self._changed = asyncio.Event()

    async def answer(
        self,
        thread_id: str,
        messages: Sequence[Message],
        *,
        hold: Hold | None = None,
        control: RunControl | None = None,
        earlier: Earlier | None = None,
        stop: asyncio.Event | None = None,
        again: bool = False,
        decided: Sequence[Decided] = (),
        trace: UUID | None = None,
    ) -> AsyncGenerator[AgentEvent, None]:
        """One word."""
        del thread_id, hold, earlier, stop, again, decided, trace
        now = time.perf_counter()
        self.began.update(dict.fromkeys((message.ts for message in messages), now))
        self._changed.set()
        if self._work:
            await self._work(messages, control)
        yield Token("Yes.", "draft")
        self.ended.update(dict.fromkeys((message.ts for message in messages), time.perf_counter()))
        self._changed.set()

    async def forget(self, thread_id: str, message: Message, *, answer: bool, hold: Hold) -> None:
        """It knows nothing."""

    async def branch(self, thread_id: str, checkpoint: str, to: str, *, hold: Hold) -> None:
        """Nor would it there."""

    async def until_began(self, count: int) -> None:
        """Return once so many messages' turns have begun."""
        while len(self.began) < count:
            self._changed.clear()
            await self._changed.wait()

    async def until_ended(self, count: int) -> None:
        """Return once so many messages were answered."""
        while len(self.ended) < count:
            self._changed.clear()
            await self._changed.wait()


class Nobody:
    """A platform on which nobody says anything but to the bot."""

    async def introduce(self, messages: Sequence[Message]) -> Sequence[Message]:
        """As they are."""
        return messages

    async def name(self, author: str) -> str:
        """Their id."""
        return author

    async def read_in(self, messages: Sequence[Message]) -> Sequence[Message]:
        """As they are."""
        return messages

    async def between(self, conversation: Conversation, after: str | None, before: str) -> Sequence[Message]:
        """Nothing."""
        del conversation, after, before
        return ()

    async def thread(self, conversation: Conversation) -> Sequence[Message]:
        """Nothing."""
        del conversation
        return ()


class Wall:
    """A platform that takes everything at once and shows it to nobody."""

    others = 0
    page_bytes = 3_800

    def __init__(self) -> None:
        self.window = Window(1_000_000, 60.0)
        self._ids = itertools.count(1)

    def rank(self, conversation: Conversation) -> int | None:
        """Everywhere."""
        del conversation
        return 0

    @property
    def drafts(self) -> "Wall":
        """No limit."""
        return self

    async def take_draft(self, writing: int, *, look: bool = False) -> float:
        """Always."""
        del writing, look
        return 0.0

    def under(self, lease: Lease) -> "Wall":
        """The same."""
        del lease
        return self

    async def post(self, conversation: Conversation, page: Page, mark: Mark) -> str:
        """A new id."""
        del conversation, page, mark
        return f"9.{next(self._ids):06d}"

    async def find(self, conversation: Conversation, turn: int, since: str) -> list[str]:
        """Nothing."""
        del conversation, turn, since
        return []

    async def edit(self, conversation: Conversation, message: str, page: Page) -> None:
        """Nothing."""

    async def finish(self, conversation: Conversation, message: str, page: Page) -> None:
        """Nothing."""

    def is_open(self, message: str) -> bool:
        """Never."""
        del message
        return False

    async def remove(self, conversation: Conversation, message: str) -> None:
        """Nothing."""

    async def direct(self, person: str) -> str:
        """Everybody has the same."""
        del person
        return "D1"

    async def link(self, conversation: Conversation, message: str) -> str:
        """It leads nowhere."""
        return f"https://nowhere.example/{conversation}/{message}"

    async def begin_session(self, conversation: Conversation, title: str, who: str) -> None:
        """Nothing."""

    async def end_session(self, conversation: Conversation, session: Session, *, in_any_case: bool) -> None:
        """Nothing."""

    async def mark_waiting(self, conversation: Conversation, message: str, *, waits: bool) -> None:
        """Nothing."""


@asynccontextmanager
async def working(inbox: Inbox, speaker: Speaker, limits: Limits | None = None) -> AsyncGenerator[Worker, None]:
    """The bot's own worker between the two, stopped at the end."""
    worker = Worker(
        inbox,
        agent=speaker,
        adapters=[Wall()],
        room=Nobody(),
        limits=limits or Limits(),
        requests=Requests(inbox.pool),
        traces=Traces(inbox.pool),
    )
    async with worker_working(worker):
        yield worker


def said(number: int, thread: str | None = None, text: str = "hello") -> Message:
    """The message of that number, in a conversation of its own unless `thread` names one."""
    ts = f"{number}.000000"
    return Message(Conversation("T1", "C1", thread or ts), ts, "U1", text)
