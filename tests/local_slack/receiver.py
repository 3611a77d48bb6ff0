"""A bot's Socket Mode side at its barest, which can be made to stay silent."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from bot.slack.local import LocalSlack
from tests.local_slack.bots import Client


class Receiver:
    """Keeps every envelope and acknowledges it with `answer`, but for the first `ignore` ones."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.hello: dict[str, Any] = {}
        self.greeted = asyncio.Event()
        self.told: list[str] = []
        self.envelopes: list[dict[str, Any]] = []
        self.ignore = 0
        self.answer: dict[str, Any] = {}

    @property
    def payloads(self) -> list[dict[str, Any]]:
        return [envelope["payload"] for envelope in self.envelopes]

    @property
    def events(self) -> list[dict[str, Any]]:
        return [payload["event"] for payload in self.payloads]

    async def run(self) -> None:
        async for message in self.socket:
            envelope: dict[str, Any] = message.json()
            match envelope["type"]:
                case "hello":
                    self.hello = envelope
                    self.greeted.set()
                case "disconnect":
                    self.told.append(envelope["reason"])
                case _:
                    await self._keep(envelope)

    async def _keep(self, envelope: dict[str, Any]) -> None:
        self.envelopes.append(envelope)
        if self.ignore > 0:
            self.ignore -= 1
        else:
            await self.socket.send_json({"envelope_id": envelope["envelope_id"], "payload": self.answer})


@asynccontextmanager
async def receiving(slack: LocalSlack, client: Client) -> AsyncGenerator[Receiver, None]:
    opened = await client.apps_connections_open(app_token=slack.app_token)
    assert client.session is not None
    async with client.session.ws_connect(str(opened["url"])) as socket:
        receiver = Receiver(socket)
        task = asyncio.create_task(receiver.run())
        await receiver.greeted.wait()
        try:
            yield receiver
        finally:
            await socket.close()
            await task
