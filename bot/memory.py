"""What a conversation remembers: its messages word for word, the newest apart, and notes of what was before them.

LangGraph writes a value into the database whole whenever it has changed. What is said changes the newest messages; so
those that have settled are a value of their own, which is written once in several turns (see `bot.folding`).
"""

from collections.abc import Collection, Mapping
from typing import Annotated, Any, NotRequired, cast

from langchain_core.messages import AnyMessage, RemoveMessage
from langgraph.graph import MessagesState, add_messages

SETTLED = "settled_messages"


class Memory(MessagesState):
    """The state of the built-in graph: `settled_messages` were said before `messages`, and `notes` tell of before."""

    notes: NotRequired[str]
    settled_messages: Annotated[list[AnyMessage], add_messages]


def remembered(values: Mapping[str, Any]) -> list[AnyMessage]:
    """All messages in a state, in their order; also in the state of a graph whose messages do not settle."""
    return [*settled(values), *values.get("messages", ())]


def without(values: Mapping[str, Any], messages: Collection[AnyMessage]) -> dict[str, Any]:
    """What takes messages out of a state with these values, as an update of it."""
    gone = {message.id for message in messages if message.id}
    parts = {"messages": values.get("messages", ()), SETTLED: settled(values)}
    removed = {name: [RemoveMessage(id=one.id) for one in part if one.id in gone] for name, part in parts.items()}
    return {name: part for name, part in removed.items() if part or name == "messages"}


def settled(values: Mapping[str, Any]) -> list[AnyMessage]:
    """Those of them that have settled."""
    return cast("list[AnyMessage]", values.get(SETTLED) or [])
