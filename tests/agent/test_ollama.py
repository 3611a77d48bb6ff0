"""Ollama's models, at the wire: what they think is apart from what they say, and their tools run."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import Any

import pytest
from aiohttp import web
from langchain_core.language_models import BaseChatModel

from bot.conversation import ToolEnded
from bot.health import open_site
from tests.agent import vendors

pytestmark = pytest.mark.skipif(find_spec("langchain_ollama") is None, reason="the extra ollama is not installed")

Line = dict[str, Any]


def said(**message: Any) -> Line:
    """A line of an answer that is being written, as Ollama's reference has it."""
    return {
        "model": "m",
        "created_at": "2026-11-01T00:00:00Z",
        "message": {"role": "assistant", **message},
        "done": False,
    }


END: Line = {**said(content=""), "done": True, "done_reason": "stop", "eval_count": 1, "prompt_eval_count": 1}
CALL = said(content="", tool_calls=[{"function": {"name": "look_up", "arguments": {"place": "SF"}}}])


@asynccontextmanager
async def ollama(*answers: list[Line]) -> AsyncGenerator[tuple[str, list[Line]], None]:
    """Ollama's server, which gives these answers one after another, and what it was asked."""
    left, asked = list(answers), list[Line]()

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(await request.json())
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        for line in left.pop(0):
            await response.write(json.dumps(line).encode() + b"\n")
        return response

    app = web.Application()
    app.router.add_post("/api/chat", answer)
    async with open_site(app, "127.0.0.1", 0) as port:
        yield f"http://127.0.0.1:{port}", asked


@asynccontextmanager
async def opened(url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[BaseChatModel, None]:
    monkeypatch.setenv("OLLAMA_HOST", url)
    model = vendors.opened("ollama:qwen3")
    yield model
    client: Any = model
    await client._async_client._client.aclose()  # noqa: SLF001  # nobody else does


@pytest.mark.parametrize("shown", [True, False])
async def test_an_answer_with_a_tool_is_told_without_what_was_thought(
    monkeypatch: pytest.MonkeyPatch, *, shown: bool
) -> None:
    thought = said(content="", thinking="They want fog.")
    script = ([thought, CALL, END], [said(content="Fog"), said(content=" today."), END])
    async with ollama(*script) as (url, asked), opened(url, monkeypatch) as model:
        events = await vendors.heard(model, "Be kind.", reasoning=shown)
    assert vendors.said(events) == "Fog today."
    assert vendors.thought(events) == ("They want fog." if shown else "")
    assert [event.failed for event in events if isinstance(event, ToolEnded)] == [False]
    assert [message["role"] for message in asked[-1]["messages"]] == ["system", "user", "assistant", "tool"]
    assert asked[-1]["messages"][-1]["content"] == "Fog in SF"
