"""Slack's way in over Socket Mode: a WebSocket that the bot opens."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp

from bot.errors import PlatformError
from bot.slack.client import patiently


@asynccontextmanager
async def open_socket(app: AsyncApp, app_token: str) -> AsyncGenerator[Callable[[], Awaitable[None]], None]:
    """Listen in Socket Mode while the block runs; gives a ping that raises PlatformError when the socket is down.

    Raises PlatformError when Slack refuses the token.
    """
    client: Any = app.client

    async def ping() -> None:
        if not await handler.client.is_connected():
            raise PlatformError("the socket is being opened again")

    # Asked once by ourselves: the handler would go on asking for ever with a token that Slack refuses.
    await patiently(lambda: client.apps_connections_open(app_token=app_token))
    handler = AsyncSocketModeHandler(app, app_token)
    try:
        await handler.connect_async()
        yield ping
    finally:
        await handler.close_async()
