"""The port to the platform that people read on: what is shown there, and by what right and how often.

One of the bot's two ports; the other is `bot.conversation.Agent`.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Protocol

from bot.conversation import Conversation, Message
from bot.decisions import Choice
from bot.errors import LeaseLost
from bot.status import Status
from bot.window import Window


class Act(Enum):
    """What people can do about a turn, by a button under its answer."""

    STOP = auto()
    """End it."""
    RETRY = auto()
    """Go on with it where it broke off."""
    AGAIN = auto()
    """Answer it anew."""
    BRANCH = auto()
    """Go on from there in a thread of its own."""
    EARLIER = auto()
    """See what it said before the present answer."""
    OLDER = auto()
    NEWER = auto()
    """See, of those that it said before the present answer, the one before or after the one that is shown."""
    RECALL = auto()
    """See what it said before the conversation went back to before it."""


class Session(Enum):
    """What a conversation is at, where the platform shows that beside its messages."""

    WORKING = auto()
    DONE = auto()
    ASKING = auto()
    """It waits for somebody's decision."""


Button = tuple[Act, int]
"""What can be done, and about which turn."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What can be decided about a request, by buttons of its own; `label` tells it from others, if there are any."""

    id: int
    choices: tuple[Choice, ...]
    label: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """What one message of an answer is to show: Markdown, a status under it, and who may be mentioned in it.

    The first `steady` characters of the Markdown stay as they are, whatever else is written on this page.
    `still_seconds` is for how long nothing has happened, for people to see that it lives. The `buttons` stand below,
    and what people can rate: the answer of the turn `rated`. What it asks leave for stands in the text; `asks` are for
    deciding about it.
    """

    markdown: str
    status: Status
    askers: frozenset[str]
    steady: int = field(default=0, compare=False)
    still_seconds: int = 0
    buttons: tuple[Button, ...] = ()
    rated: int | None = None
    asks: tuple[Ask, ...] = ()


class Lease:
    """How long a holder may write, by its own monotonic clock: a process that was paused wakes up mute."""

    def __init__(self, until: float) -> None:
        self._until = until

    def prolong(self, until: float) -> None:
        """It is good until then, in seconds of `time.monotonic`; one that was ended stays so."""
        if self._until != float("-inf"):
            self._until = until

    def end(self) -> None:
        """It is gone, for good."""
        self._until = float("-inf")

    def check(self) -> None:
        """Raises LeaseLost if it may have run out."""
        if time.monotonic() >= self._until:
            raise LeaseLost("the lease may have run out")


@dataclass(frozen=True, slots=True)
class Mark:
    """What a posted message is known by to whoever takes the turn over: which turn's, and which page of it.

    `since` is the id of the first message that the turn answers; no page is older.
    """

    turn: int
    page: int
    since: str


class Drafts(Protocol):
    """How often what is on screen may be replaced, for all answers and replicas together."""

    @property
    def window(self) -> Window:
        """What is known of the calls in the present window, in seconds of `time.monotonic`."""
        ...

    @property
    def others(self) -> int:
        """How many answers other replicas are writing."""
        ...

    async def take_draft(self, writing: int, *, look: bool = False) -> float:
        """Take a call for a draft and return 0, or return the seconds until there may be one.

        Each of the `writing` answers here, and of those elsewhere, keeps a call for its final text. With `look`
        nothing is taken: it is told whether one more answer may be begun.
        """
        ...


class Room(Protocol):
    """What people say on the platform, beside what they say to the bot."""

    async def introduce(self, messages: Sequence[Message]) -> Sequence[Message]:
        """The messages with their authors' names, as far as they are known."""
        ...

    async def name(self, author: str) -> str:
        """What people call somebody, or their id."""
        ...

    async def read_in(self, messages: Sequence[Message]) -> Sequence[Message]:
        """The messages with what their files say, or why that cannot be read."""
        ...

    async def between(self, conversation: Conversation, after: str | None, before: str) -> Sequence[Message]:
        """What was said in it between two messages, or before one: the newest that is not too much, the oldest first.

        Those that are not `overheard` were said to the bot.
        Raises Unreadable when the platform does not give it now.
        """
        ...

    async def thread(self, conversation: Conversation) -> Sequence[Message]:
        """All that was said in a thread, by the bot as well: the newest that is not too much. Raises Unreadable."""
        ...


class Adapter(Protocol):
    """The platform people read on. Messages are named by the platform's ids (Slack's `ts`).

    Every method raises PlatformError when the platform refuses for good.
    """

    page_bytes: int
    """What one message holds."""

    def rank(self, conversation: Conversation) -> int | None:
        """Where this way of showing an answer stands among others in that conversation: the least comes first.

        None where it cannot be had.
        """
        ...

    @property
    def drafts(self) -> Drafts:
        """How often `edit` may be called."""
        ...

    def under(self, lease: Lease) -> "Adapter":
        """The same, but each method raises LeaseLost, before each try, once the lease may have run out."""
        ...

    async def post(self, conversation: Conversation, page: Page, mark: Mark) -> str:
        """Show a new message and give its id. Waits and retries until it is through, and never shows it twice."""
        ...

    async def find(self, conversation: Conversation, turn: int, since: str) -> list[str]:
        """The ids of the messages posted for that turn, by page. None is older than the message `since`."""
        ...

    async def edit(self, conversation: Conversation, message: str, page: Page) -> None:
        """Replace what a message shows, as a draft: raises Busy where it would have to wait."""
        ...

    async def finish(self, conversation: Conversation, message: str, page: Page) -> None:
        """Replace what a message shows, for good. Waits and retries until it is through."""
        ...

    def is_open(self, message: str) -> bool:
        """Whether a message has to be finished even if it shows the whole page already."""
        ...

    async def remove(self, conversation: Conversation, message: str) -> None:
        """Take a message away. Waits and retries until it is through."""
        ...

    async def direct(self, person: str) -> str:
        """The channel of the direct messages with somebody. Waits and retries until that is known."""
        ...

    async def link(self, conversation: Conversation, message: str) -> str:
        """Where a message can be looked at. Waits and retries until that is known."""
        ...

    async def begin_session(self, conversation: Conversation, title: str, who: str) -> None:
        """Show that the bot is at work there, where the platform has a place for that. Tried once; raises nothing."""
        ...

    async def end_session(self, conversation: Conversation, session: Session, *, in_any_case: bool) -> None:
        """Show that it is not any more: if it was shown from here, or `in_any_case`. Waits and retries."""
        ...

    async def mark_waiting(self, conversation: Conversation, message: str, *, waits: bool) -> None:
        """Put the sign that it waits on a person's message, or take it off. Tried once; raises nothing."""
        ...
