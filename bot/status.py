"""The line that an answer has under its text."""

from dataclasses import dataclass
from enum import Enum, auto


class Note(Enum):
    """What an answer says about itself under its text. `bot.words` has the sentence for each."""

    THINKING = auto()
    FRESH_START = auto()
    NOTHING_ASKED = auto()
    STAYS_OUT = auto()
    IS_BACK = auto()
    NOTHING_SAID = auto()
    INTERRUPTED = auto()
    REVISED = auto()
    SUPERSEDED = auto()
    ASKING = auto()
    WITHDRAWN = auto()
    SET_ASIDE = auto()
    MODEL_REFUSED = auto()
    MODEL_TIMEOUT = auto()
    MODEL_BROKEN = auto()
    TOO_MANY_STEPS = auto()
    FAILED = auto()


@dataclass(frozen=True, slots=True)
class Working:
    """Tools are at work; a line for each, as people read it."""

    summaries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Worked:
    """Tools were at work; what each did, as people read it."""

    summaries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stopped:
    """Somebody stopped the answer; `by` is their name."""

    by: str


@dataclass(frozen=True, slots=True)
class Version:
    """Which of several answers in the same place it is."""

    at: int
    all: int


Status = Note | Working | Worked | Stopped | Version | None
"""The line under an answer's text, if there is one."""
