"""A turn: the messages of a conversation that one worker answers now."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any

from bot.conversation import Conversation, File, Hold, Message
from bot.wishes import starts_afresh, wants_back, wants_out

MOST_DEATHS = 3
"""A message that this many of its holders have died of is set aside."""


class Errand(Enum):
    """What is to be done in a conversation beside answering."""

    FORGET = "forget"
    """Take a message that was deleted out of the memory."""
    FORGET_ANSWER = "forget_answer"
    """Delete what was answered to it, and take that out of the memory."""
    ASK = "ask"
    """Begin the thread in which a question without an audience is answered; the message says what was asked."""
    BRANCH = "branch"
    """Go on from an answer in a thread of its own; the message is by whom, and says who wishes it."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Messages of one conversation that are to be answered now, by the worker that claimed them.

    `waited` are those of the messages that came while another turn ran. `pages` are the ids of the messages that an
    earlier holder had begun the answer in; `deaths` tells how many have died of it; `topic` is the `ts` of the message
    that last started this direct message afresh. `aside` is the `ts` of the newest message that was heard in the thread
    and not for the bot. `again` is the turn that answered the messages before one of them was changed. Where the
    conversation `is_asking`, something may wait there for a decision.

    A turn with an `errand` answers nothing. Its one message is what the errand is about, its `pages` are those of the
    answer in question, and `checkpoint` is the state of the memory after that answer.
    """

    id: int
    messages: tuple[Message, ...]
    waited: tuple[Message, ...]
    fence: int
    deaths: int
    pages: tuple[str, ...]
    topic: str | None
    aside: str | None = None
    again: int | None = None
    errand: Errand | None = None
    checkpoint: str = ""
    is_asking: bool = False

    @property
    def conversation(self) -> Conversation:
        """The one conversation that all its messages are of."""
        return self.messages[0].conversation

    @property
    def hold(self) -> Hold:
        """The right to write in this conversation."""
        return Hold(str(self.conversation), self.fence)

    @property
    def thread_id(self) -> str:
        """The name of the conversation's memory: the conversation's own, and a new one for each new topic."""
        lane = str(self.conversation)
        return lane if self.topic is None else f"{lane}@{self.topic}"

    @property
    def starts_afresh(self) -> bool:
        """Whether it is a person's wish to start a direct message afresh; that is a turn of its own."""
        return starts_afresh(self.messages[0])

    @property
    def stays_out(self) -> bool:
        """Whether somebody's last word is that the bot is to stay out of the thread."""
        return wants_out(self.messages[-1])

    @property
    def comes_back(self) -> bool:
        """Whether somebody's last word is that it may speak there again."""
        return wants_back(self.messages[-1])

    @property
    def is_doubtful(self) -> bool:
        """Whether it has yet to be judged if any of it is for the bot."""
        return all(message.doubtful for message in self.messages)

    @property
    def is_deadly(self) -> bool:
        """Whether too many of its holders have died."""
        return self.deaths >= MOST_DEATHS


def turn_of(rows: Sequence[dict[str, Any]]) -> Turn:
    """The turn that was claimed; a row for each of its messages."""
    held = rows[0]
    return Turn(
        id=held["turn"],
        messages=tuple(_message(row) for row in rows),
        waited=tuple(_message(row) for row in rows if row["waits"]),
        fence=held["fence"],
        deaths=held["deaths"],
        pages=tuple(held["pages"]),
        topic=held["topic"],
        aside=_stamp(held["aside"]) or None,
        again=held["again"],
        errand=Errand(held["errand"]) if held["errand"] else None,
        checkpoint=held["checkpoint"] or "",
        is_asking=held["is_asking"],
    )


def _message(row: dict[str, Any]) -> Message:
    return Message(
        Conversation.parse(row["lane"]),
        _stamp(row["ts"]),
        row["author"],
        row["body"],
        doubtful=row["is_doubtful"],
        files=tuple(File(**file) for file in row["files"]),
        edited=_stamp(row["edited"]),
    )


def _stamp(ts: Decimal | None) -> str:
    return "" if ts is None else f"{ts:.6f}"
