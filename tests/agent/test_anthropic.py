"""Anthropic's models, at the wire: what they think is apart from what they say, and their tools run."""

import json
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import Any

import pytest
from aiohttp import web

from bot.conversation import Complete, Token
from bot.errors import SettingsError
from bot.health import open_site
from tests.agent.vendors import heard, opened, said, thought

# Looked for and not imported: that takes a second, in every process that collects tests.
pytestmark = pytest.mark.skipif(find_spec("langchain_anthropic") is None, reason="the extra anthropic is not installed")

CLAUDE = "anthropic:claude-sonnet-5"

Event = dict[str, Any]


def message(*blocks: tuple[Event, Iterable[Event]], stop: str) -> list[Event]:
    """The events of one streamed message, as Anthropic's reference has them."""
    usage = {"input_tokens": 1, "output_tokens": 1}
    begun: Event = {"id": "msg_1", "type": "message", "role": "assistant", "content": [], "model": "m", "usage": usage}
    events: list[Event] = [{"type": "message_start", "message": begun | {"stop_reason": None, "stop_sequence": None}}]
    for index, (block, deltas) in enumerate(blocks):
        events.append({"type": "content_block_start", "index": index, "content_block": block})
        events += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        events.append({"type": "content_block_stop", "index": index})
    ended = {"stop_reason": stop, "stop_sequence": None}
    return [*events, {"type": "message_delta", "delta": ended, "usage": usage}, {"type": "message_stop"}]


def text(*words: str) -> tuple[Event, list[Event]]:
    return {"type": "text", "text": ""}, [{"type": "text_delta", "text": word} for word in words]


THOUGHT = (
    {"type": "thinking", "thinking": "", "signature": ""},
    [{"type": "thinking_delta", "thinking": "They want fog."}, {"type": "signature_delta", "signature": "abc"}],
)
CALL: tuple[Event, list[Event]] = (
    {"type": "tool_use", "id": "toolu_1", "name": "look_up", "input": {}},
    [{"type": "input_json_delta", "partial_json": '{"place": "SF"}'}],
)


@asynccontextmanager
async def anthropic(*messages: list[Event]) -> AsyncGenerator[str, None]:
    """Anthropic's server, which gives these messages one after another."""
    left = list(messages)

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for event in left.pop(0):
            await response.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
        return response

    app = web.Application()
    app.router.add_post("/v1/messages", answer)
    async with open_site(app, "127.0.0.1", 0) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("shown", [True, False])
async def test_an_answer_with_a_tool_is_told_without_what_was_thought(
    monkeypatch: pytest.MonkeyPatch, *, shown: bool
) -> None:
    script = (message(THOUGHT, CALL, stop="tool_use"), message(text("Fog", " today."), stop="end_turn"))
    async with anthropic(*script) as url:
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-made-up")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        events = await heard(opened(CLAUDE), reasoning=shown)
    assert said(events) == "Fog today."
    assert thought(events) == ("They want fog." if shown else "")
    first_end = next(at for at, event in enumerate(events) if isinstance(event, Complete))
    assert isinstance(events[first_end - 1], Token)


def test_without_its_key_it_says_which_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    with pytest.raises(SettingsError, match="ANTHROPIC_API_KEY is missing"):
        opened(CLAUDE)
