"""The states that a conversation was in, a line each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.types import StateSnapshot

from bot.excerpt import excerpt
from bot.memory import remembered


@dataclass(frozen=True, slots=True)
class CheckpointLine:
    """One state that a conversation was in, and can be taken back to.

    `nodes` wrote it in super-step `step` ("input" for what a person said, "update" for what was put in by hand);
    `excerpt` is the last message in it, in at most 80 characters.
    """

    id: str
    created_at: datetime
    step: int
    nodes: tuple[str, ...]
    excerpt: str


def line(state: StateSnapshot, ran: Sequence[str]) -> CheckpointLine:
    """The line of a state that these nodes wrote."""
    metadata: dict[str, Any] = dict(state.metadata or {})
    messages = remembered(state.values)
    nodes = tuple(dict.fromkeys(ran)) if metadata.get("source") == "loop" else (str(metadata.get("source")),)
    return CheckpointLine(
        id=checkpoint_id(state.config),
        created_at=datetime.fromisoformat(state.created_at or ""),
        step=metadata.get("step", 0),
        nodes=nodes,
        excerpt=excerpt(messages[-1]) if messages else "",
    )


def checkpoint_id(config: RunnableConfig | None) -> str:
    """The id of the checkpoint that a config names; empty without one."""
    return str(config.get("configurable", {})["checkpoint_id"]) if config else ""
