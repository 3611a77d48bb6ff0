"""The only file that writes to Slack: retries, and Slack's errors translated.

Slack refuses for now (429, 5xx, a connection that broke) or for good (anything else). A draft that is refused for now
raises Busy, because the next draft is newer; everything else waits and is sent again.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any, cast

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.conversation import Conversation, Page
from bot.errors import Busy, PlatformError
from bot.slack.blocks import content

log = structlog.get_logger()

TIMEOUT = timedelta(seconds=20)
FIRST_PAUSE = timedelta(milliseconds=500)
"""The pause after a failure that named none; it doubles each time."""
LONGEST_PAUSE = timedelta(seconds=30)

PASSING = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout", "ratelimited"})
"""Slack's words for failures that pass by themselves."""

GONE = "message_not_found"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the bot is in its workspace, as `auth.test` says, and the scopes its token was granted."""

    workspace: str
    team_name: str
    user: str
    bot: str
    scopes: frozenset[str]


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

    response = await (patiently(ask) if patient else call(ask))
    headers = {name.lower(): value for name, value in response.headers.items()}
    scopes = headers.get("x-oauth-scopes", "").split(",")
    return Identity(
        workspace=response["team_id"],
        team_name=response.get("team") or "",
        user=response["user_id"],
        bot=response.get("bot_id") or "",
        scopes=frozenset(filter(None, map(str.strip, scopes))),
    )


class SlackAdapter:
    """Shows the pages of answers in Slack; implements `bot.conversation.Adapter`."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client

    async def post(self, conversation: Conversation, page: Page) -> str:
        """Post a message in the conversation and give its `ts`."""
        shown = content(page)
        response = await patiently(
            lambda: self._client.chat_postMessage(
                channel=conversation.channel,
                thread_ts=conversation.thread_ts,
                text=shown.text,
                blocks=shown.blocks,
                unfurl_links=False,
                unfurl_media=False,
                parse="none",
                link_names=False,
            )
        )
        return response["ts"]

    async def edit(self, conversation: Conversation, message: str, page: Page) -> None:
        """Replace a message's content, once."""
        await call(lambda: self._update(conversation, message, page))

    async def finish(self, conversation: Conversation, message: str, page: Page) -> None:
        """Replace a message's content, as often as it takes."""
        await patiently(lambda: self._update(conversation, message, page))

    async def remove(self, conversation: Conversation, message: str) -> None:
        """Delete a message of the bot's; one that is gone already is fine."""
        try:
            await patiently(lambda: self._client.chat_delete(channel=conversation.channel, ts=message))
        except PlatformError as error:
            if error.code != GONE:
                raise

    async def _update(self, conversation: Conversation, message: str, page: Page) -> Any:
        shown = content(page)
        # chat.update has no unfurl arguments: what the post said stays in force.
        return await self._client.chat_update(
            channel=conversation.channel,
            ts=message,
            text=shown.text,
            blocks=shown.blocks,
            parse="none",
            link_names=False,
        )


async def patiently(request: Callable[[], Awaitable[Any]]) -> Any:
    """Make the request until Slack takes it or refuses it for good (PlatformError)."""
    pause = FIRST_PAUSE.total_seconds()
    while True:
        try:
            return await call(request)
        except Busy as busy:
            wait = busy.retry_after or pause
            log.info("slack_busy", wait_seconds=wait)
            await asyncio.sleep(wait)
            pause = min(pause * 2, LONGEST_PAUSE.total_seconds())


async def call(request: Callable[[], Awaitable[Any]]) -> Any:
    """Make the request once. Raises Busy (`retry_after` 0 when Slack named no time) or PlatformError."""
    try:
        return await request()
    except SlackApiError as error:
        raise _translated(error) from error
    except (aiohttp.ClientError, TimeoutError) as error:
        raise Busy(0) from error


def _translated(error: SlackApiError) -> PlatformError:
    response: Any = cast("Any", error).response
    status: int = getattr(response, "status_code", None) or getattr(response, "status", 0)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Busy(float(response.headers.get("Retry-After", 1)))
    code = str(response.get("error", "")) if hasattr(response, "get") else ""
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or code in PASSING:
        return Busy(0)
    return PlatformError(code or f"http_{status}")
