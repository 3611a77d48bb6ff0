"""A few words in one line: what people and traces read of a text, a message or an update of the state."""

from collections.abc import Mapping
from typing import Any, cast

from langchain_core.messages import BaseMessage, RemoveMessage

from bot.calls import call_name, calls

LONGEST = 80
"""Characters of an excerpt."""


def one_line(text: str, longest: int = LONGEST) -> str:
    """`text` without line breaks and runs of spaces, cut to so many characters with an ellipsis."""
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def excerpt(message: BaseMessage) -> str:
    """Who says what: `human: What is…`, `ai: calls web_search`, `tool: …`."""
    called = ", ".join(call_name(call) for call in calls(message))
    return one_line(f"{message.type}: {f'calls {called}' if called else message.text}")


def written(update: object) -> str:
    """What a node added to the state, such as `1 message: 2 tool calls`; of anything else its keys."""
    if not update:
        return "nothing"
    state: Mapping[str, Any] = cast("Any", update) if isinstance(update, Mapping) else {}
    messages = cast("list[object] | None", state.get("messages"))
    if not isinstance(messages, list) or any(isinstance(message, RemoveMessage) for message in messages):
        return one_line(", ".join(state)) or "an update"
    said = [message for message in messages if isinstance(message, BaseMessage)]
    return one_line(f"{_count(len(said), 'message')}: {'; '.join(map(_content, said))}")


def _content(message: BaseMessage) -> str:
    called = calls(message)
    return _count(len(called), "tool call") if called else message.text or "no text"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
