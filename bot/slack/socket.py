"""Slack's way in over Socket Mode: a WebSocket that the bot opens."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import structlog
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from bot.errors import PlatformError
from bot.slack.client import call, patiently

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


CONNECTIONS = 2
"""Slack renews a connection about every hour, and the SDK closes the old one first: the other leaves no gap."""

PING_PAUSE_SECONDS = 5
"""The SDK takes a connection for dead that has not answered its pings for four times as long."""


@asynccontextmanager
async def open_sockets(app: AsyncApp, app_token: str) -> AsyncGenerator[Callable[[], Awaitable[None]], None]:
    """Listen in Socket Mode while the block runs; gives a ping that raises PlatformError when no socket stands.

    Raises PlatformError when Slack refuses the token.
    """
    client: Any = app.client
    # Asked once by ourselves: the handler would go on asking for ever with a token that Slack refuses.
    await patiently(lambda: call(lambda: client.apps_connections_open(app_token=app_token)))
    async with AsyncExitStack() as stack:
        handlers = [await stack.enter_async_context(_connected(app, app_token)) for _ in range(CONNECTIONS)]

        async def ping() -> None:
            if not any([await handler.client.is_connected() for handler in handlers]):
                raise PlatformError("the socket is being opened again")

        yield ping


@asynccontextmanager
async def _connected(app: AsyncApp, app_token: str) -> AsyncGenerator[AsyncSocketModeHandler, None]:
    handler = _Handler(app, app_token, ping_interval=PING_PAUSE_SECONDS)
    try:
        await handler.connect_async()
        yield handler
    finally:
        await handler.close_async()
