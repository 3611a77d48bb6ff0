"""The HTTP server on loopback: which address leads where."""

import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from aiohttp import web

from bot.slack.local.api import Api
from bot.slack.local.live import Live
from bot.slack.local.page_api import PageApi
from bot.slack.local.sockets import Sockets

_BACKLOG = 1_024


def listening_socket(port: int) -> socket.socket:
    """A socket bound to 127.0.0.1; port 0 takes any free one. Raises OSError when the port is taken."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
    except OSError:
        listening.close()
        raise
    return listening


@asynccontextmanager
async def serving(
    listening: socket.socket, api: Api, sockets: Sockets, page: PageApi, live: Live
) -> AsyncGenerator[None]:
    """Serve on the socket, which is closed at the end; open connections are closed then as well."""
    application = web.Application()
    application.add_routes(
        [
            web.route("*", "/api/{method}", api.handle),
            web.get("/link/", sockets.accept),
            web.get("/files/{path:.*}", api.give_file),
            web.post("/upload/{id}", api.take_file),
            web.post("/response/{id}", api.take_response),
            *page.routes(),
        ]
    )

    async def hang_up(_: web.Application) -> None:
        """Once nobody can connect any more."""
        await sockets.close()
        await live.close()

    application.on_shutdown.append(hang_up)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.SockSite(runner, listening, backlog=_BACKLOG).start()
        yield
    finally:
        await runner.cleanup()
        listening.close()
