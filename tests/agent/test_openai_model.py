"""What OpenAI's servers are sent is what LangChain's own class sends them, and is not walked through on the way."""

import sys
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from types import FrameType
from typing import Any, cast

import pytest
from aiohttp import web
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.runnables import Runnable
from langchain_openai import ChatOpenAI
from openai import BadRequestError
from pydantic import BaseModel, SecretStr

from bot.offline_script import offline_tools
from bot.openai_model import DirectModel

MESSAGES: list[AnyMessage] = [
    SystemMessage("Be brief."),
    HumanMessage(
        [{"type": "text", "text": "Who is it?"}, {"type": "image", "base64": "aGk=", "mime_type": "image/png"}]
    ),
    AIMessage("", tool_calls=[{"name": "web_search", "args": {"query": "Zoë"}, "id": "call_1"}]),
    ToolMessage("Zoë.", tool_call_id="call_1"),
    AIMessage("Zoë."),
    HumanMessage("Thanks."),
]

Bodies = list[dict[str, Any]]


class Name(BaseModel):
    """Who somebody is."""

    name: str


def talking(model: ChatOpenAI) -> Runnable[Any, Any]:
    return model.bind_tools(offline_tools())


def filling_in(model: ChatOpenAI) -> Runnable[Any, Any]:
    return cast("Runnable[Any, Any]", model.with_structured_output(Name))


@asynccontextmanager
async def refusing() -> AsyncGenerator[tuple[str, Bodies], None]:
    """A server that keeps what it is sent and refuses it, and the URL of its API."""
    bodies: Bodies = []

    async def refuse(request: web.Request) -> web.Response:
        bodies.append({"path": request.path, **await request.json()})
        return web.json_response({"error": {"message": "No."}}, status=400)

    app = web.Application()
    app.router.add_post("/{path:.*}", refuse)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{site.port}/v1", bodies
    finally:
        await runner.cleanup()


async def ask(url: str, kind: type[ChatOpenAI], api: str, form: Any, messages: list[AnyMessage] = MESSAGES) -> None:
    """Ask a model of that class by that API, by a stream and at once."""
    model = kind(
        model="gpt-6.1-terra",
        base_url=url,
        api_key=SecretStr("made up"),
        use_responses_api=api == "responses",
        extra_body={"top_k": 3},
    )
    with suppress(BadRequestError):
        async for _ in form(model).astream(messages):
            pass
    with suppress(BadRequestError):
        await form(model).ainvoke(messages)


@pytest.mark.parametrize("form", [talking, filling_in])
@pytest.mark.parametrize("api", ["chat", "responses"])
async def test_the_request_is_the_same(api: str, form: Any) -> None:
    async with refusing() as (url, bodies):
        await ask(url, ChatOpenAI, api, form)
        await ask(url, DirectModel, api, form)
    assert len(bodies) == 4
    assert bodies[:2] == bodies[2:]
    assert "Zoë" in str(bodies[0])


@pytest.mark.parametrize("api", ["chat", "responses"])
async def test_the_clients_work_does_not_grow_with_the_conversation(api: str) -> None:
    calls: Counter[int] = Counter()

    def count(frame: FrameType, event: str, _: object) -> None:
        calls[len(messages)] += event == "call" and "openai/_utils/_transform" in frame.f_code.co_filename

    async with refusing() as (url, _):
        for messages in (MESSAGES, MESSAGES * 5):
            sys.setprofile(count)
            await ask(url, DirectModel, api, talking, messages)
            sys.setprofile(None)
    assert 0 < calls[len(MESSAGES)] == calls[len(MESSAGES * 5)]
