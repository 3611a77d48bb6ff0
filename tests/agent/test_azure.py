"""OpenAI's models at Azure, at the wire: the name in MODEL is that of the deployment."""

import json

import pytest
from aiohttp import web

from bot.conversation import Token
from bot.errors import SettingsError
from bot.health import open_site
from tests.agent.vendors import heard, opened

DEPLOYED = "azure_openai:our-deployment"


async def test_an_answer_is_streamed_from_the_deployment(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[web.Request] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for delta in ({"role": "assistant", "content": "Fog"}, {"content": " today."}):
            piece = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
            choice = {"index": 0, "delta": delta, "finish_reason": None}
            await response.write(f"data: {json.dumps({**piece, 'choices': [choice]})}\n\n".encode())
        await response.write(b"data: [DONE]\n\n")
        return response

    app = web.Application()
    app.router.add_post("/openai/deployments/our-deployment/chat/completions", answer)
    async with open_site(app, "127.0.0.1", 0) as port:
        monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("AZURE_OPENAI_API_KEY", "made-up")
        monkeypatch.setenv("OPENAI_API_VERSION", "2026-01-01")
        told = [event.text for event in await heard(opened(DEPLOYED)) if isinstance(event, Token)]
    assert told == ["Fog", " today."]
    assert asked[0].headers["api-key"] == "made-up"
    assert asked[0].query["api-version"] == "2026-01-01"


@pytest.mark.parametrize("missing", ["AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_API_KEY", "OPENAI_API_VERSION"])
def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "made-up")
    monkeypatch.setenv("OPENAI_API_VERSION", "2026-01-01")
    monkeypatch.delenv(missing)
    with pytest.raises(SettingsError, match=f"{missing} is missing"):
        opened(DEPLOYED)
