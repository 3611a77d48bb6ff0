"""How a turn comes to its end, and what people are told of a failure."""

from enum import Enum, auto

from bot.errors import AgentError, ModelRefused, ModelTimeout, TooManySteps
from bot.status import Note, Status


class Outcome(Enum):
    """How a turn came to its end here."""

    ANSWERED = auto()
    """People have the whole answer, or were told of a failure."""
    SET_ASIDE = auto()
    """Too many holders died of it; people were told."""
    LEFT_ALONE = auto()
    """It was said to somebody else."""
    INTERRUPTED = auto()
    """It was stopped; what was written so far is shown, and another holder is to go on."""
    RUN = auto()
    """Its errand is."""
    LOST = auto()
    """Another holder has it."""


OUTCOMES: dict[Status, Outcome] = {
    Note.INTERRUPTED: Outcome.INTERRUPTED,
    Note.REVISED: Outcome.INTERRUPTED,
    Note.SET_ASIDE: Outcome.SET_ASIDE,
}


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
