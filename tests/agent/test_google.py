"""Google's models, at the wire: what they think is apart from what they say, and their tools run."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import Any

import pytest
from aiohttp import web

from bot.conversation import ToolEnded
from bot.errors import ModelRefused, SettingsError
from bot.health import open_site
from tests.agent.vendors import heard, opened, said, thought

# Looked for and not imported: that takes a second, in every process that collects tests.
pytestmark = [
    pytest.mark.skipif(find_spec("langchain_google_genai") is None, reason="the extra google is not installed"),
    pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession"),  # Google's own
]

GEMINI = "google_genai:gemini-3-pro"

Part = dict[str, Any]

THOUGHT: Part = {"text": "They want fog.", "thought": True}
CALL: Part = {"functionCall": {"name": "look_up", "args": {"place": "SF"}}, "thoughtSignature": "c2lnbmVk"}


def text(words: str) -> Part:
    return {"text": words}


@asynccontextmanager
async def google(*answers: list[Part]) -> AsyncGenerator[tuple[str, list[Part]], None]:
    """Google's server, which gives these answers one after another, part by part, and what it was asked."""
    left, asked = list(answers), list[Part]()

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(await request.json())
        if not left:
            return web.json_response(
                {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "x"}}, status=429
            )
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for part in left.pop(0):
            piece = {"candidates": [{"content": {"role": "model", "parts": [part]}, "index": 0}], "modelVersion": "m"}
            await response.write(f"data: {json.dumps(piece)}\n\n".encode())
        end = {"candidates": [{"content": {"role": "model", "parts": [text("")]}, "finishReason": "STOP", "index": 0}]}
        await response.write(f"data: {json.dumps(end)}\n\n".encode())
        return response

    app = web.Application()
    app.router.add_post("/v1beta/models/gemini-3-pro:streamGenerateContent", answer)
    async with open_site(app, "127.0.0.1", 0) as port:
        yield f"http://127.0.0.1:{port}", asked


@pytest.mark.parametrize("shown", [True, False])
async def test_an_answer_with_a_tool_is_told_without_what_was_thought(
    monkeypatch: pytest.MonkeyPatch, *, shown: bool
) -> None:
    async with google([THOUGHT, CALL], [text("Fog"), text(" today.")]) as (url, asked):
        monkeypatch.setenv("GOOGLE_API_KEY", "made-up")
        monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", url)
        events = await heard(opened(GEMINI), reasoning=shown)
    assert said(events) == "Fog today."
    assert thought(events) == ("They want fog." if shown else "")
    assert any(isinstance(event, ToolEnded) for event in events)
    assert "Fog in SF" in str(asked[1])


async def test_a_refusal_is_told_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    async with google() as (url, _):
        monkeypatch.setenv("GOOGLE_API_KEY", "made-up")
        monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", url)
        with pytest.raises(ModelRefused, match="too many requests"):
            await heard(opened(GEMINI))


def test_without_its_key_it_says_which_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOOGLE_API_KEY", raising=False)
    monkeypatch.delenv("GEMINI_API_KEY", raising=False)
    with pytest.raises(SettingsError, match="GOOGLE_API_KEY is missing"):
        opened(GEMINI)
