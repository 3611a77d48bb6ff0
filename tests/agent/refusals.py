"""A server that keeps what a model is asked and refuses it, for what is about the request alone."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from aiohttp import web
from langchain_core.messages import AnyMessage
from langchain_core.runnables import Runnable
from langchain_openai import AzureChatOpenAI, ChatOpenAI
from openai import BadRequestError
from pydantic import SecretStr

from bot.health import open_site

APIS = ("chat", "responses")

Bodies = list[dict[str, Any]]


@asynccontextmanager
async def refusing() -> AsyncGenerator[tuple[str, Bodies], None]:
    """The URL of its API, and what it was sent."""
    bodies: Bodies = []

    async def refuse(request: web.Request) -> web.Response:
        bodies.append({"path": request.path, **await request.json()})
        return web.json_response({"error": {"message": "No."}}, status=400)

    app = web.Application()
    app.router.add_post("/{path:.*}", refuse)
    async with open_site(app, "127.0.0.1", 0) as port:
        yield f"http://127.0.0.1:{port}/v1", bodies


def model_of(url: str, kind: type[ChatOpenAI], api: str) -> ChatOpenAI:
    """A model of that class, to be asked there by that one of the APIS."""
    place: dict[str, Any] = {"base_url": url}
    if issubclass(kind, AzureChatOpenAI):
        place = {"azure_endpoint": url, "api_version": "2026-01-01"}
    return kind(
        model="gpt-6.1-terra",
        api_key=SecretStr("made up"),
        use_responses_api=api == "responses",
        extra_body={"top_k": 3},
        **place,
    )


async def ask(model: Runnable[Any, Any], messages: Sequence[AnyMessage], *, streams: bool = True) -> None:
    """Ask it, and take the no."""
    with suppress(BadRequestError):
        if streams:
            async for _ in model.astream(messages):
                pass
        else:
            await model.ainvoke(messages)
