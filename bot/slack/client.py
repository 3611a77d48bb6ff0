"""The only file that writes to Slack: retries, and Slack's errors translated.

Slack refuses for now (429, 5xx, a connection that broke) or for good (anything else). A draft that is refused for now
raises Busy, because the next draft is newer; everything else waits and is sent again.
"""

import asyncio
import contextlib
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
from bot.conversation import Conversation, Lease, Mark, Page
from bot.errors import Busy, Gone, LeaseLost, PlatformError
from bot.slack.blocks import content
from bot.slack.tiers import ADD, DELETE, HISTORY, POST, REMOVE, REPLIES, UPDATE
from bot.window import Window

log = structlog.get_logger()

TIMEOUT = timedelta(seconds=20)
FIRST_PAUSE = timedelta(milliseconds=500)
"""The pause after a failure that named none; it doubles each time."""
LONGEST_PAUSE = timedelta(seconds=30)

PASSING = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout", "ratelimited"})
"""Slack's words for failures that pass by themselves."""

GONE = "message_not_found"
"""Slack's word for a message that somebody deleted."""

MARK = "skein_page"
"""The event type of the metadata by which a page is found again."""

WAITING = "eyes"
"""The reaction on a message that was seen and waits for its turn."""

T = TypeVar("T")


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

    response = await (patiently(lambda: call(ask)) if patient else call(ask))
    headers = {name.lower(): value for name, value in response.headers.items()}
    scopes = headers.get("x-oauth-scopes", "").split(",")
    return Identity(
        workspace=response["team_id"],
        team_name=response.get("team") or "",
        user=response["user_id"],
        bot=response.get("bot_id") or "",
        scopes=frozenset(filter(None, map(str.strip, scopes))),
    )


class Edits:
    """The budget of `chat.update`; implements `bot.conversation.Drafts`."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget

    @property
    def window(self) -> Window:
        """What is known of its window."""
        return self._budget.window(UPDATE)

    @property
    def others(self) -> int:
        """How many answers other replicas are writing."""
        return self._budget.others

    async def take_draft(self, writing: int, *, look: bool = False) -> float:
        """Take a call for a draft, or look whether there is one."""
        return await self._budget.take_draft(UPDATE, writing, look=look)


class SlackAdapter:
    """Shows the pages of answers in Slack; implements `bot.conversation.Adapter`."""

    def __init__(self, client: AsyncWebClient, budget: Budget, lease: Lease | None = None) -> None:
        self._client = client
        self._budget = budget
        self._lease = lease

    @property
    def drafts(self) -> Edits:
        """How often a message may be replaced."""
        return Edits(self._budget)

    def under(self, lease: Lease) -> "SlackAdapter":
        """The same, mute once the lease may have run out."""
        return SlackAdapter(self._client, self._budget, lease)

    async def post(self, conversation: Conversation, page: Page, mark: Mark) -> str:
        """Post a message in the conversation and give its `ts`.

        A try that ended without Slack's answer may have been accepted: before the next one the message is looked for.
        """

        async def post() -> str:
            shown = content(page)
            response = await self._spend(
                POST,
                conversation.channel,
                lambda: self._client.chat_postMessage(
                    channel=conversation.channel,
                    thread_ts=conversation.thread_ts,
                    text=shown.text,
                    blocks=shown.blocks,
                    metadata=_metadata(mark),
                    unfurl_links=False,
                    unfurl_media=False,
                    parse="none",
                    link_names=False,
                ),
            )
            return response["ts"]

        async def look_first() -> str:
            return (await self._find(conversation, mark.turn, mark.since)).get(mark.page) or await post()

        return await patiently(post, then=look_first)

    async def find(self, conversation: Conversation, turn: int, since: str) -> list[str]:
        """The `ts` of the messages posted for that turn, by page. None is older than the message `since`."""
        found = await patiently(lambda: self._find(conversation, turn, since))
        return [found[page] for page in sorted(found)]

    async def edit(self, conversation: Conversation, message: str, page: Page) -> None:
        """Replace a message's content, once; its call was taken from `drafts`."""
        await self._call(UPDATE, conversation.channel, lambda: self._update(conversation, message, page))

    async def finish(self, conversation: Conversation, message: str, page: Page) -> None:
        """Replace a message's content, as often as it takes."""
        channel = conversation.channel
        await patiently(lambda: self._spend(UPDATE, channel, lambda: self._update(conversation, message, page)))

    async def remove(self, conversation: Conversation, message: str) -> None:
        """Delete a message of the bot's; one that is gone already is fine."""
        channel = conversation.channel
        with contextlib.suppress(Gone):
            await patiently(
                lambda: self._spend(DELETE, channel, lambda: self._client.chat_delete(channel=channel, ts=message))
            )

    async def mark_waiting(self, conversation: Conversation, message: str, *, waits: bool) -> None:
        """Put the reaction that says "seen, it waits" on a message, or take it off. Tried once."""
        client: Any = self._client
        method, change = (ADD, client.reactions_add) if waits else (REMOVE, client.reactions_remove)
        channel = conversation.channel
        with contextlib.suppress(PlatformError, LeaseLost):
            await self._spend(method, channel, lambda: change(channel=channel, timestamp=message, name=WAITING))

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

    async def _find(self, conversation: Conversation, turn: int, since: str) -> dict[int, str]:
        """The pages of a turn that stand in Slack, by their number; the newest hundred messages are looked through."""
        where: dict[str, Any] = {"channel": conversation.channel, "oldest": since, "limit": 100}
        thread = conversation.thread_ts
        if thread is None:
            method = HISTORY
            ask = lambda: self._client.conversations_history(**where, include_all_metadata=True)  # noqa: E731
        else:
            method = REPLIES
            ask = lambda: self._client.conversations_replies(**where, ts=thread, include_all_metadata=True)  # noqa: E731
        found: dict[int, str] = {}
        for message in (await self._spend(method, conversation.channel, ask))["messages"]:
            mark = message.get("metadata", {})
            if mark.get("event_type") == MARK and mark["event_payload"].get("turn") == turn:
                found[mark["event_payload"]["page"]] = message["ts"]
        return found

    async def _spend(self, method: str, channel: str, request: Callable[[], Awaitable[Any]]) -> Any:
        """Make a request that has first call on the budget. Raises Busy while there is no room, as if Slack had."""
        if wait := await self._budget.take(method, channel):
            raise Busy(wait)
        return await self._call(method, channel, request)

    async def _call(self, method: str, channel: str, request: Callable[[], Awaitable[Any]]) -> Any:
        if self._lease:
            self._lease.check()
        try:
            return await call(request)
        except Busy as busy:
            if busy.retry_after:
                await self._budget.refused(method, channel, busy.retry_after)
            raise


def _metadata(mark: Mark) -> dict[str, Any]:
    return {"event_type": MARK, "event_payload": {"turn": mark.turn, "page": mark.page}}


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


def _translated(error: SlackApiError) -> PlatformError:
    response: Any = cast("Any", error).response
    status: int = getattr(response, "status_code", None) or getattr(response, "status", 0)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Busy(float(response.headers.get("Retry-After", 1)))
    code = str(response.get("error", "")) if hasattr(response, "get") else ""
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or code in PASSING:
        return Busy(0)
    return Gone(code) if code == GONE else PlatformError(code or f"http_{status}")
