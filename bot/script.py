"""What a scripted model may reply, and the gates that a test holds its stream at."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Wire = dict[str, Any]
"""A JSON object as it goes over the wire."""


class Gate:
    """A point in a stream where the server waits until it is let through.

    The test awaits `reached`, looks at what is shown so far, and calls `open`. A gate that is open stays open.
    """

    def __init__(self) -> None:
        self._reached = asyncio.Event()
        self._opened = asyncio.Event()

    async def reached(self) -> None:
        """Return as soon as the stream has come to this point."""
        await self._reached.wait()

    def open(self) -> None:
        """Let the stream go on."""
        self._opened.set()

    async def go_through(self) -> None:
        """Wait here, as the server, until the gate is open."""
        self._reached.set()
        await self._opened.wait()


Text = str | Sequence[str | Gate]
"""What is streamed: text, or pieces of text with gates between them."""


@dataclass(frozen=True, slots=True)
class Say:
    """An answer. `tokens_a_second` paces it; None sends as fast as it goes.

    `afterwards` holds the stream when the answer's end was told.
    """

    text: Text
    tokens_a_second: float | None = None
    finish_reason: str = "stop"
    afterwards: Gate | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """Tool calls, each a name and its arguments (a string goes out as it is, JSON or not), after a `preamble`."""

    calls: Sequence[tuple[str, Mapping[str, Any] | str]]
    preamble: Text = ""
    tokens_a_second: float | None = None


@dataclass(frozen=True, slots=True)
class Refuse:
    """An HTTP error instead of an answer. `status` 429 and 5xx are what clients try again, without a pause."""

    status: int
    code: str
    message: str = "The scripted model refuses."


@dataclass(frozen=True, slots=True)
class Break:
    """The connection is cut after `text`; with no text, before the first byte of the answer."""

    text: Text = ""


@dataclass(frozen=True, slots=True)
class Hang:
    """Silence after `text`, until the client leaves."""

    text: Text = ""


@dataclass(frozen=True, slots=True)
class Empty:
    """An answer without a word, such as a content filter leaves (`finish_reason="content_filter"`)."""

    finish_reason: str = "stop"


Reply = Say | Call | Refuse | Break | Hang | Empty
Script = Callable[[list[Wire]], Reply | Awaitable[Reply]]
"""From the messages of a request, as they came over the wire, to the reply."""


@dataclass(slots=True)
class InTurn:
    """A script that gives its replies one after another, and refuses every request after the last."""

    replies: list[Reply] = field(default_factory=list[Reply])

    def __call__(self, messages: list[Wire]) -> Reply:
        """The next reply, whatever is asked."""
        del messages
        return self.replies.pop(0) if self.replies else Refuse(400, "script_ended", "The script has no more replies.")


def in_turn(*replies: Reply) -> InTurn:
    """A script that gives `replies` one after another; more may be appended to its `replies` meanwhile."""
    return InTurn(list(replies))


def pieces(text: Text) -> Iterable[str | Gate]:
    """The tokens of `text`, a word with the space after it each, and its gates. The tokens joined are the text."""
    for piece in [text] if isinstance(text, str) else text:
        match piece:
            case Gate():
                yield piece
            case str():
                yield from re.findall(r"\S+\s*|\s+", piece)
