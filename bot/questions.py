"""What a graph asks people, by LangGraph's `interrupt`, as they read it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from langgraph.types import Interrupt, StateSnapshot

from bot.conversation import Token

ASKED = "question"
"""The entry of an interrupt's value that holds the question itself, if it has one."""


def interrupts(state: StateSnapshot) -> list[Interrupt]:
    """What the graph waits for in this state."""
    return [interrupt for task in state.tasks for interrupt in task.interrupts]


def questions(asked: Sequence[Interrupt]) -> Token:
    """The questions as a piece of the answer, after what was said before."""
    return Token("\n\n".join(_question(one.value) for one in asked), "-".join(one.id for one in asked))


def _question(value: Any) -> str:
    """Text as it is; a mapping as its question, and a line for each other entry."""
    if not isinstance(value, Mapping):
        return _readable(value)
    entries = dict(cast("Mapping[str, Any]", value))
    question = [_readable(entries.pop(ASKED))] if ASKED in entries else []
    return "\n".join([*question, *(f"- **{name}:** {_readable(entry)}" for name, entry in entries.items())])


def _readable(value: Any) -> str:
    return value if isinstance(value, str) else f"`{json.dumps(value, ensure_ascii=False, default=str)}`"
