"""The tool calls of a model's message."""

from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, InvalidToolCall, ToolCall

Call = ToolCall | InvalidToolCall
"""A tool call, or one whose arguments are not JSON: the model waits for a result of both."""


def calls(message: BaseMessage) -> list[Call]:
    """The tool calls of a message; none for a message that is not the model's."""
    return [*message.tool_calls, *message.invalid_tool_calls] if isinstance(message, AIMessage) else []


def call_id(call: Call) -> str:
    """The call's id; empty for the rare server that gives none."""
    return call["id"] or ""


def call_name(call: Call) -> str:
    """The name of the tool that is called; empty for the rare call that names none."""
    return call["name"] or ""


def call_args(call: Call) -> dict[str, Any]:
    """The call's arguments; none where they are not JSON."""
    args = call["args"]
    return args if isinstance(args, dict) else {}
