"""What a conversation remembers: its messages word for word, the newest apart, and notes of what was before them.

LangGraph writes a value into the database whole whenever it has changed. What is said changes the newest messages; so
those that have settled are a value of their own, which is written once in several turns (see `bot.folding`).
"""

from collections.abc import Collection, Mapping
from typing import Any, NotRequired, cast

from langchain_core.messages import AnyMessage, RemoveMessage
from langgraph.graph import MessagesState

SETTLED = "settled_messages"


class Memory(MessagesState):
    """The state of the built-in graph: `settled_messages` were said before `messages`, and `notes` tell of before."""

    notes: NotRequired[str]
    settled_messages: NotRequired[list[AnyMessage]]


def remembered(values: Mapping[str, Any]) -> list[AnyMessage]:
    """All messages in a state, in their order; also in the state of a graph whose messages do not settle."""
    return [*_settled(values), *values.get("messages", ())]


def without(values: Mapping[str, Any], messages: Collection[AnyMessage]) -> dict[str, Any]:
    """What takes messages out of a state with these values, as an update of it."""
    gone = {message.id for message in messages if message.id}
    settled = _settled(values)
    kept = [message for message in settled if message.id not in gone]
    removed = [RemoveMessage(id=message.id) for message in values.get("messages", ()) if message.id in gone]
    return {"messages": removed} | ({SETTLED: kept} if len(kept) < len(settled) else {})


def _settled(values: Mapping[str, Any]) -> list[AnyMessage]:
    return cast("list[AnyMessage]", values.get(SETTLED) or [])
