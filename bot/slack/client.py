"""The way to Slack's Web API: who the bot is there, retries, and Slack's errors translated.

Slack refuses for now (429, 5xx, a connection that broke) or for good (anything else). A draft that is refused for now
raises Busy, because the next draft is newer; everything else waits and is sent again.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any, TypeVar, cast

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.budget import Budget
from bot.errors import Busy, Gone, PlatformError

log = structlog.get_logger()

TIMEOUT = timedelta(seconds=20)
FIRST_PAUSE = timedelta(milliseconds=500)
"""The pause after a failure that named none; it doubles each time."""
LONGEST_PAUSE = timedelta(seconds=30)

PASSING = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout", "ratelimited"})
"""Slack's words for failures that pass by themselves."""

GONE = "message_not_found"
"""Slack's word for a message that somebody deleted."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the bot is in its workspace, as `auth.test` says, and the scopes its token was granted.

    `url` is the workspace's own address, with a slash at its end.
    """

    workspace: str
    team_name: str
    user: str
    name: str
    bot: str
    scopes: frozenset[str]
    url: str = ""

    @property
    def is_agent(self) -> bool:
        """Whether Slack shows it as an agent: that is what brings this scope."""
        return "assistant:write" in self.scopes


@asynccontextmanager
async def open_client(token: str, api_url: str) -> AsyncGenerator[AsyncWebClient, None]:
    """A Web API client on one session, which keeps its connections."""
    # With a session of one's own slack_sdk ignores its `timeout`; without one each call opens a connection.
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT.total_seconds())) as session:
        # Without retry handlers: slack_sdk's own sends a post again that may have been accepted, unasked.
        yield AsyncWebClient(token, base_url=api_url, session=session, retry_handlers=[])


async def identify(client: AsyncWebClient, *, patient: bool = True) -> Identity:
    """Ask Slack who the token is. Raises PlatformError when the token is refused, and Busy if not `patient`."""

    async def ask() -> Any:
        return await client.auth_test()

    response = await (patiently(lambda: call(ask)) if patient else call(ask))
    headers = {name.lower(): value for name, value in response.headers.items()}
    scopes = headers.get("x-oauth-scopes", "").split(",")
    return Identity(
        workspace=response["team_id"],
        team_name=response.get("team") or "",
        user=response["user_id"],
        name=response.get("user") or "",
        bot=response.get("bot_id") or "",
        scopes=frozenset(filter(None, map(str.strip, scopes))),
        url=response.get("url") or "",
    )


async def patiently(request: Callable[[], Awaitable[T]], *, then: Callable[[], Awaitable[T]] | None = None) -> T:
    """Make the request until Slack takes it or refuses it for good (PlatformError).

    After a try whose end is unknown, `then` is made in its stead.
    """
    pause = FIRST_PAUSE.total_seconds()
    while True:
        try:
            return await request()
        except Busy as busy:
            wait = busy.retry_after or pause
            log.info("slack_busy", wait_seconds=wait)
            if then and not busy.retry_after:
                request = then
            await asyncio.sleep(wait)
            pause = min(pause * 2, LONGEST_PAUSE.total_seconds())


async def call(request: Callable[[], Awaitable[Any]]) -> Any:
    """Make the request once. Raises Busy (`retry_after` 0 when Slack named no time) or PlatformError."""
    try:
        return await request()
    except SlackApiError as error:
        raise _translated(error) from error
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise Busy(0) from error


async def spend(budget: Budget, method: str, channel: str, request: Callable[[], Awaitable[Any]]) -> Any:
    """Make a request that has first call on the budget. Raises Busy while there is no room, as if Slack had."""
    if wait := await budget.take(method, channel):
        raise Busy(wait)
    return await taken(budget, method, channel, request)


async def taken(budget: Budget, method: str, channel: str, request: Callable[[], Awaitable[Any]]) -> Any:
    """As `call`, a request whose call was taken from the budget, which is told when Slack wants less of them."""
    try:
        return await call(request)
    except Busy as busy:
        if busy.retry_after:
            await budget.refused(method, channel, busy.retry_after)
        raise


def _translated(error: SlackApiError) -> PlatformError:
    response: Any = cast("Any", error).response
    status: int = getattr(response, "status_code", None) or getattr(response, "status", 0)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Busy(float(response.headers.get("Retry-After", 1)))
    code = str(response.get("error", "")) if hasattr(response, "get") else ""
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or code in PASSING:
        return Busy(0)
    return Gone(code) if code == GONE else PlatformError(code or f"http_{status}")
