"""Socket Mode: the connections that bots open, and envelopes over them until each is acknowledged."""

import asyncio
import json
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from aiohttp import WSMsgType, web

from bot.slack.local.faults import cut
from bot.slack.local.wire import Json, as_object

CONNECTIONS = 10
"""Slack's limit for one app."""

_HEARTBEAT_SECONDS = 30.0
_CLOSE_SECONDS = 1.0


@dataclass(eq=False, slots=True)
class _Connection:
    socket: web.WebSocketResponse
    request: web.Request
    unanswered: set[str] = field(default_factory=set[str])
    frozen: bool = False


class Sockets:
    """Each envelope goes to one of the open connections, by turns."""

    def __init__(self, address: str, app: str) -> None:
        self._address = address
        self._app = app
        self._listeners: list[Callable[[], None]] = []
        self._tickets: set[str] = set()
        self._connections: deque[_Connection] = deque()
        self._waiting: dict[str, asyncio.Future[Json]] = {}

    def __len__(self) -> int:
        return len(self._connections)

    def listen(self, listener: Callable[[], None]) -> None:
        """Call the listener when a connection was opened or closed."""
        self._listeners.append(listener)

    def _changed(self) -> None:
        for listener in self._listeners:
            listener()

    def link(self) -> str:
        """An address that opens one connection, once."""
        ticket = secrets.token_urlsafe(16)
        self._tickets.add(ticket)
        return f"{self._address}?ticket={ticket}&app_id={self._app}"

    async def accept(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection until it ends. 401 without a fresh ticket."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=401)
        self._tickets.discard(ticket)
        # Pings are answered here, so that a frozen connection can leave them unanswered.
        socket = web.WebSocketResponse(heartbeat=_HEARTBEAT_SECONDS, timeout=_CLOSE_SECONDS, autoping=False)
        await socket.prepare(request)
        if len(self._connections) >= CONNECTIONS:
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            await socket.close()
            return socket
        await self._serve(_Connection(socket, request))
        return socket

    async def _serve(self, connection: _Connection) -> None:
        await connection.socket.send_json(self._hello())
        self._connections.append(connection)
        self._changed()
        try:
            async for message in connection.socket:
                if connection.frozen:
                    continue
                if message.type is WSMsgType.TEXT:
                    self._acknowledge(message.data)
                elif message.type is WSMsgType.PING:
                    await connection.socket.pong(message.data)
        finally:
            self._forget(connection)

    def _forget(self, connection: _Connection) -> None:
        """Send nothing more over a connection; what it did not acknowledge has failed."""
        if connection in self._connections:
            self._connections.remove(connection)
            self._changed()
        for envelope in connection.unanswered & self._waiting.keys():
            _settle(self._waiting[envelope], ConnectionResetError())

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self._connections) + 1,
            "connection_info": {"app_id": self._app},
            "debug_info": {"host": "local", "approximate_connection_time": 3600},
        }

    def _acknowledge(self, text: str) -> None:
        try:
            answer = as_object(json.loads(text)) or {}
        except ValueError:
            return
        waiting = self._waiting.get(str(answer.get("envelope_id")))
        if waiting is not None:
            _settle(waiting, as_object(answer.get("payload")) or {})

    async def deliver(self, envelope: Json, within: timedelta) -> Json | str:
        """Send an envelope over the next connection: what it was acknowledged with in time, else why it was not.

        At least one connection is open. A cancel leaves the envelope sent and forgotten.
        """
        connection = self._connections[0]
        self._connections.rotate(-1)
        name = secrets.token_hex(16)
        acknowledged = self._waiting[name] = asyncio.get_running_loop().create_future()
        connection.unanswered.add(name)
        try:
            async with asyncio.timeout(within.total_seconds()):
                if not connection.frozen:
                    await connection.socket.send_json({"envelope_id": name, **envelope})
                return await acknowledged
        except TimeoutError:
            return "timeout"
        except ConnectionError:
            # Its handler may not have noticed yet, and the next attempt is to find another.
            self._forget(connection)
            return "connection_failed"
        finally:
            connection.unanswered.discard(name)
            del self._waiting[name]

    async def refresh(self) -> None:
        """Ask every bot to connect anew, as Slack does about once an hour."""
        for connection in list(self._connections):
            await connection.socket.send_json({"type": "disconnect", "reason": "refresh_requested"})

    def freeze(self, number: int) -> None:
        """Make that many connections half-open: they stand, and nothing more comes out of them."""
        for connection in list(self._connections)[:number]:
            connection.frozen = True

    def drop(self) -> None:
        """Cut every connection without a word."""
        for connection in list(self._connections):
            self._forget(connection)
            cut(connection.request.transport)

    async def close(self) -> None:
        """End every connection in order; one that does not answer is cut after a second."""
        async with asyncio.TaskGroup() as group:
            for connection in list(self._connections):
                group.create_task(connection.socket.close())


def _settle(future: asyncio.Future[Json], answer: Json | Exception) -> None:
    if future.done():
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)
