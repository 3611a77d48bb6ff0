"""What the agent asks leave for, and what people decide about it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

ASKER = "asker"
"""Stands among those who may decide for whoever asked."""

ANYONE = "anyone"
"""Stands there for everybody in the conversation."""


DECIDER = re.compile(rf"{ASKER}|{ANYONE}|[UW][A-Z0-9]+")
"""One of those who may decide: these two, or a user's id."""


class Choice(Enum):
    """What can be decided, in the words of LangChain's human-in-the-loop middleware."""

    APPROVE = "approve"
    EDIT = "edit"
    DENY = "reject"


@dataclass(frozen=True, slots=True)
class Request:
    """An action that the agent wants to take, and may not before somebody has decided.

    `interrupt` is the id of LangGraph's interrupt that asks, and `position` which of its actions it is. `deciders` are
    the ids of those who may decide, or ASKER or ANYONE; none where that is as everywhere. `after` tells after how many
    of the model's messages in the turn it is asked.
    """

    interrupt: str
    position: int
    name: str
    args: Mapping[str, Any]
    about: str = ""
    choices: tuple[Choice, ...] = tuple(Choice)
    deciders: tuple[str, ...] = ()
    after: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decided: with other `args` if it is an EDIT, and maybe with a `reason` if it is a denial.

    `by` is their id, and `name` what people call them.
    """

    choice: Choice
    by: str
    args: Mapping[str, Any] = field(default_factory=dict[str, Any])
    reason: str = ""
    name: str = ""


Decided = tuple[Request, Decision]


@dataclass(frozen=True, slots=True)
class Asked:
    """The answer ends here for now: these wait for decisions."""

    requests: tuple[Request, ...]


@dataclass(frozen=True, slots=True)
class WasDecided:
    """The answer goes on from a decision."""

    request: Request
    decision: Decision
