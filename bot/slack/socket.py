"""Slack's way in over Socket Mode: a WebSocket that the bot opens."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import structlog
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from bot.errors import PlatformError
from bot.slack.client import patiently

log = structlog.get_logger()


class _Handler(AsyncSocketModeHandler):
    """Bolt's handler, which acknowledges what Bolt cannot make sense of, so that it does not come again."""

    async def handle(self, client: Any, req: SocketModeRequest) -> None:
        """Let Bolt answer one envelope."""
        try:
            await super().handle(client, req)
        except (ValueError, TypeError, AttributeError, KeyError):
            # Bolt looks into the payload while it builds its request; a shape it does not know raises one of these.
            log.warning("event_malformed", kind=req.type)
            await client.send_socket_mode_response(SocketModeResponse(envelope_id=req.envelope_id))


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
    handler = _Handler(app, app_token)
    try:
        await handler.connect_async()
        yield ping
    finally:
        await handler.close_async()
