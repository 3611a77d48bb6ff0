"""OpenAI's chat completions on the wire, from the server's side: what is refused, and the JSON of an answer.

Source: OpenAI's API reference (chat completions, streaming), and what langchain-openai 1.7 sends and reads.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from bot.script import Wire

NAME = re.compile(r"[^\s<|\\/>]{1,64}")
"""What a message's `name` may be made of."""

TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
ROLES = frozenset({"system", "developer", "user", "assistant", "tool"})


class InvalidRequest(Exception):
    """The request is not one that OpenAI would take; `param` is where it is wrong."""

    def __init__(self, message: str, param: str) -> None:
        super().__init__(message)
        self.param = param


def messages_of(body: object) -> list[Wire]:
    """The messages of a request. Raises InvalidRequest where OpenAI answers 400."""
    request = _object(body, "body")
    if not isinstance(request.get("model"), str):
        raise InvalidRequest("You must provide a model parameter.", "model")
    if "temperature" in request:
        raise InvalidRequest("Recent models take no 'temperature'.", "temperature")
    messages = _objects(request.get("messages"), "messages")
    if not messages:
        raise InvalidRequest("'messages' is an empty array.", "messages")
    for index, tool in enumerate(_objects(request.get("tools", []), "tools")):
        if not TOOL_NAME.fullmatch(str(_object(tool.get("function"), f"tools[{index}].function").get("name"))):
            raise InvalidRequest("A tool's name does not match its pattern.", f"tools[{index}].function.name")
    _check_messages(messages)
    return messages


def _object(value: object, place: str) -> Wire:
    if not isinstance(value, dict):
        raise InvalidRequest("Expected an object.", place)
    return cast("Wire", value)


def _objects(value: object, place: str) -> list[Wire]:
    if not isinstance(value, list):
        raise InvalidRequest("Expected an array.", place)
    return [_object(item, f"{place}[{index}]") for index, item in enumerate(cast("list[object]", value))]


def _check_messages(messages: Sequence[Wire]) -> None:
    unanswered: set[str] = set()
    for index, message in enumerate(messages):
        place = f"messages[{index}]"
        role = message.get("role")
        _check_message(message, place)
        if role == "tool":
            if message.get("tool_call_id") not in unanswered:
                raise InvalidRequest("A 'tool' message must answer a preceding message's 'tool_calls'.", place)
            unanswered.remove(message["tool_call_id"])
            continue
        _check_answered(unanswered, place)
        unanswered = {call["id"] for call in message.get("tool_calls", [])}
    _check_answered(unanswered, "messages")


def _check_message(message: Wire, place: str) -> None:
    if message.get("role") not in ROLES:
        raise InvalidRequest("A message's role is unknown.", f"{place}.role")
    if "name" in message and not NAME.fullmatch(str(message["name"])):
        raise InvalidRequest("A message's name does not match its pattern.", f"{place}.name")
    if message.get("content") is None and not message.get("tool_calls"):
        raise InvalidRequest("Expected a string, got null.", f"{place}.content")


def _check_answered(unanswered: set[str], place: str) -> None:
    if unanswered:
        raise InvalidRequest(
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
            f"'tool_call_id'. Missing: {', '.join(sorted(unanswered))}",
            place,
        )


def error_body(
    message: str, *, code: str | None, param: str | None = None, kind: str = "invalid_request_error"
) -> Wire:
    """The body of a refusal."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


@dataclass(frozen=True, slots=True)
class Completion:
    """One answer on the wire: its id, the model it names itself by, and when (seconds since 1970) it was made."""

    id: str
    model: str
    created: int

    def chunk(self, delta: Wire, finish_reason: str | None = None) -> Wire:
        """One server-sent event of a stream."""
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}
        return self._head("chat.completion.chunk") | {"choices": [choice]}

    def usage_chunk(self, usage: Wire) -> Wire:
        """The event after the last piece, when the client asked for `include_usage`."""
        return self._head("chat.completion.chunk") | {"choices": [], "usage": usage}

    def whole(self, message: Wire, finish_reason: str, usage: Wire) -> Wire:
        """The answer in one piece."""
        choice = {"index": 0, "message": message, "finish_reason": finish_reason, "logprobs": None}
        return self._head("chat.completion") | {"choices": [choice], "usage": usage}

    def _head(self, kind: str) -> Wire:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}


def tool_call(id: str, name: str, arguments: Mapping[str, Any] | str) -> Wire:  # noqa: A002  # the wire's own word
    """A tool call as a whole answer holds it."""
    return {"id": id, "type": "function", "function": {"name": name, "arguments": _json(arguments)}}


def tool_call_deltas(call: Wire, index: int) -> list[Wire]:
    """The same call in the pieces of a stream: first its id and name, then its arguments, a few characters each."""
    function = call["function"]
    arguments: str = function["arguments"]
    opening = {"index": index, "id": call["id"], "type": "function", "function": function | {"arguments": ""}}
    parts = [arguments[start : start + 12] for start in range(0, len(arguments), 12)]
    return [
        {"tool_calls": [part]}
        for part in [opening, *({"index": index, "function": {"arguments": text}} for text in parts)]
    ]


def usage_of(messages: Sequence[Wire], words: int) -> Wire:
    """Token counts, at a word a token."""
    prompt = sum(len(str(message.get("content") or "").split()) for message in messages)
    return {"prompt_tokens": prompt, "completion_tokens": words, "total_tokens": prompt + words}


def _json(arguments: Mapping[str, Any] | str) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments)
