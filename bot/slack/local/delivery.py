"""Getting events to the bot: over a socket when one is open, else over HTTP, else when somebody comes.

Slack's promise, as far as it goes: an event that is not acknowledged within three seconds comes again, at once,
after a minute and after five, with the same `event_id`. Which connection it takes, and so which replica, may differ.
"""

import asyncio
import itertools
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

import aiohttp

from bot.slack.local.sockets import Sockets
from bot.slack.local.webhook import NO_RETRY, Webhook
from bot.slack.local.wire import Json

RETRY_DELAYS = (timedelta(0), timedelta(minutes=1), timedelta(minutes=5))
ACK_TIMEOUT = timedelta(seconds=3)

Kind = Literal["events_api", "interactive", "slash_commands"]


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Something on its way to the bot. `attempts` counts how often it was sent, `reason` says why the last failed."""

    kind: Kind
    payload: Json
    attempts: int = 0
    reason: str | None = None

    @property
    def event_id(self) -> str | None:
        """Slack's id of the event, the same in every attempt; None for clicks and commands."""
        return self.payload.get("event_id")

    @property
    def retries(self) -> int:
        """As `x-slack-retry-num`: 0 for the first attempt."""
        return max(0, self.attempts - 1)


class Delivery:
    """Sends each dispatch in a task of its own. Use `open`.

    `retry_delays` and `ack_timeout` hold for what is sent from then on. `given_up` keeps what was never acknowledged.
    """

    def __init__(
        self, group: asyncio.TaskGroup, sockets: Sockets, webhook: Webhook, notify: Callable[[], None]
    ) -> None:
        self._group = group
        self._sockets = sockets
        self._webhook = webhook
        self._notify = notify
        self._numbers = itertools.count()
        self._outstanding: dict[int, Dispatch] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._receiver = asyncio.Event()
        self._events_url: str | None = None
        self.retry_delays: Sequence[timedelta] = RETRY_DELAYS
        self.ack_timeout = ACK_TIMEOUT
        self.given_up: list[Dispatch] = []
        sockets.listen(self._receivers_changed)

    @classmethod
    @asynccontextmanager
    async def open(cls, sockets: Sockets, secret: str, notify: Callable[[], None]) -> AsyncGenerator["Delivery"]:
        """What is outstanding at the end is dropped. An error of the caller's passes through as it is."""
        failure: Exception | None = None
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as group:
            delivery = cls(group, sockets, Webhook(session, secret), notify)
            try:
                yield delivery
            except Exception as error:  # noqa: BLE001 - the group would wrap it
                failure = error
            finally:
                for task in delivery._tasks.values():
                    task.cancel()
        if failure is not None:
            raise failure

    @property
    def outstanding(self) -> list[Dispatch]:
        """What is neither acknowledged nor given up, in the order it happened."""
        return list(self._outstanding.values())

    @property
    def events_url(self) -> str | None:
        """Where events go while no socket is open."""
        return self._events_url

    @events_url.setter
    def events_url(self, url: str | None) -> None:
        self._events_url = url
        self._receivers_changed()

    def _receivers_changed(self) -> None:
        if len(self._sockets) or self._events_url:
            self._receiver.set()
        else:
            self._receiver.clear()
        self._notify()

    def send(self, kind: Kind, payload: Json, answered: Callable[[Json | None], None] = lambda _: None) -> None:
        """Put something on its way; events come again until they are acknowledged, other things do not.

        `answered` is told what it was acknowledged with, None if it was not.
        """
        number = next(self._numbers)
        self._outstanding[number] = Dispatch(kind, payload)
        self._tasks[number] = self._group.create_task(self._deliver(number, answered))
        self._notify()

    async def verify_url(self, token: str, challenge: str) -> bool:
        """As Webhook.verify, at the present address."""
        return await self._webhook.verify(self._events_url or "", token, challenge)

    async def _deliver(self, number: int, answered: Callable[[Json | None], None]) -> None:
        try:
            answer = await self._acknowledged(number)
            if answer is None:
                self.given_up.append(self._outstanding[number])
            answered(answer)
        finally:
            del self._outstanding[number], self._tasks[number]
            self._notify()

    async def _acknowledged(self, number: int) -> Json | None:
        retries = self.retry_delays if self._outstanding[number].kind == "events_api" else ()
        for delay in (timedelta(0), *retries):
            await asyncio.sleep(delay.total_seconds())
            answer = await self._attempt(number)
            if not isinstance(answer, str):
                return answer
            self._outstanding[number] = replace(self._outstanding[number], reason=answer)
            if answer == NO_RETRY:
                break
        return None

    async def _attempt(self, number: int) -> Json | str:
        while not (len(self._sockets) or self._events_url):
            await self._receiver.wait()
        dispatch = self._outstanding[number]
        dispatch = self._outstanding[number] = replace(dispatch, attempts=dispatch.attempts + 1)
        if len(self._sockets):
            return await self._sockets.deliver(_envelope(dispatch), self.ack_timeout)
        retry = {"x-slack-retry-num": str(dispatch.retries), "x-slack-retry-reason": str(dispatch.reason)}
        return await self._webhook.deliver(
            self._events_url or "", dispatch.kind, dispatch.payload, retry if dispatch.retries else {}, self.ack_timeout
        )


def _envelope(dispatch: Dispatch) -> Json:
    """Events carry their retries; clicks and commands may be answered with a payload."""
    if dispatch.kind != "events_api":
        return {"type": dispatch.kind, "payload": dispatch.payload, "accepts_response_payload": True}
    return {
        "type": dispatch.kind,
        "payload": dispatch.payload,
        "accepts_response_payload": False,
        "retry_attempt": dispatch.retries,
        "retry_reason": dispatch.reason or "",
    }
