"""What the bot shows in Slack, written there: posts, edits, and what must come through, under the budget.

This file and `native.py` are the only ones that write messages to Slack.
"""

import contextlib
import itertools
from collections.abc import Awaitable, Callable
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.budget import Budget
from bot.conversation import Conversation
from bot.errors import Busy, Gone, LeaseLost, PlatformError
from bot.markdown import PAGE_BYTES
from bot.platform import Drafts, Lease, Mark, Page, Session
from bot.slack.blocks import content
from bot.slack.client import patiently, taken
from bot.slack.sessions import Sessions
from bot.slack.thread import since as messages_since
from bot.slack.tiers import ADD, DELETE, OPEN, PERMALINK, POST, REMOVE, STOP, UPDATE
from bot.window import Window

MARK = "skein_page"
"""The event type of the metadata by which a page is found again."""

STREAMING = frozenset({"streaming_state_conflict", "cant_delete_message"})
"""Slack's words for what cannot be done to a message while it is a stream."""

WAITING = "eyes"
"""The reaction on a message that was seen and waits for its turn."""


class Edits:
    """The budget of `chat.update`; implements `bot.platform.Drafts`."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget

    @property
    def window(self) -> Window:
        """What is known of its window."""
        return self._budget.window(UPDATE)

    @property
    def others(self) -> int:
        """How many answers other replicas are writing."""
        return self._budget.others(UPDATE)

    async def take_draft(self, writing: int, *, look: bool = False) -> float:
        """Take a call for a draft, or look whether there is one."""
        return await self._budget.take_draft(UPDATE, writing, look=look)


class SlackAdapter:
    """Shows the pages of answers in Slack as messages that are edited; implements `bot.platform.Adapter`.

    `me` is the bot's user id where there may be streams (`native.py`): those that nobody stopped carry no mark, and are
    known by being the bot's.
    """

    page_bytes = PAGE_BYTES

    def __init__(
        self,
        client: AsyncWebClient,
        budget: Budget,
        me: str | None = None,
        lease: Lease | None = None,
        *,
        sessions: Sessions | None = None,
    ) -> None:
        self._sessions = sessions or Sessions(client, budget, shown=False)
        self._client = client
        self._budget = budget
        self._me = me
        self._lease = lease
        self._unmarked: dict[str, Mark] = {}

    def rank(self, conversation: Conversation) -> int | None:
        """Messages can be edited everywhere."""
        del conversation
        return 1

    @property
    def drafts(self) -> Drafts:
        """How often a message may be replaced."""
        return Edits(self._budget)

    def under(self, lease: Lease) -> "SlackAdapter":
        """The same, mute once the lease may have run out."""
        return SlackAdapter(self._client, self._budget, self._me, lease, sessions=self._sessions)

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
                    metadata=metadata(mark),
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
        update = lambda: self._call(UPDATE, conversation.channel, lambda: self._update(conversation, message, page))  # noqa: E731
        await self._unless_streaming(conversation, message, update)

    async def finish(self, conversation: Conversation, message: str, page: Page) -> None:
        """Replace a message's content, as often as it takes."""
        update = lambda: self._spend(UPDATE, conversation.channel, lambda: self._update(conversation, message, page))  # noqa: E731
        await patiently(lambda: self._unless_streaming(conversation, message, update))

    def is_open(self, message: str) -> bool:
        """A message is what was written to it last."""
        del message
        return False

    async def remove(self, conversation: Conversation, message: str) -> None:
        """Delete a message of the bot's; one that is gone already is fine."""
        channel = conversation.channel
        delete = lambda: self._spend(DELETE, channel, lambda: self._client.chat_delete(channel=channel, ts=message))  # noqa: E731
        with contextlib.suppress(Gone):
            await patiently(lambda: self._unless_streaming(conversation, message, delete))

    async def direct(self, person: str) -> str:
        """The channel of the direct messages with somebody."""
        ask = lambda: self._client.conversations_open(users=person)  # noqa: E731
        return str((await patiently(lambda: self._spend(OPEN, "", ask)))["channel"]["id"])

    async def link(self, conversation: Conversation, message: str) -> str:
        """The permalink of a message."""
        channel = conversation.channel
        ask = lambda: self._client.chat_getPermalink(channel=channel, message_ts=message)  # noqa: E731
        return str((await patiently(lambda: self._spend(PERMALINK, channel, ask)))["permalink"])

    async def begin_session(self, conversation: Conversation, title: str, who: str) -> None:
        """Show that the bot is at work there, where it is an agent."""
        await self._sessions.begin(conversation, title, who)

    async def end_session(self, conversation: Conversation, session: Session, *, in_any_case: bool) -> None:
        """Show that it is not any more."""
        await self._sessions.end(conversation, session, in_any_case=in_any_case)

    async def mark_waiting(self, conversation: Conversation, message: str, *, waits: bool) -> None:
        """Put the reaction that says "seen, it waits" on a message, or take it off. Tried once."""
        client: Any = self._client
        method, change = (ADD, client.reactions_add) if waits else (REMOVE, client.reactions_remove)
        channel = conversation.channel
        with contextlib.suppress(PlatformError, LeaseLost):
            await self._spend(method, channel, lambda: change(channel=channel, timestamp=message, name=WAITING))

    async def _unless_streaming(
        self, conversation: Conversation, message: str, change: Callable[[], Awaitable[Any]]
    ) -> None:
        """Change a message; if it is a stream that its holder left running, that is stopped first."""
        try:
            await change()
        except PlatformError as error:
            if error.code not in STREAMING:
                raise
            stop = lambda: self._client.chat_stopStream(channel=conversation.channel, ts=message)  # noqa: E731
            await self._spend(STOP, conversation.channel, stop)
            await change()

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
            metadata=metadata(self._unmarked[message]) if message in self._unmarked else None,
        )

    async def _find(self, conversation: Conversation, turn: int, since: str) -> dict[int, str]:
        """The pages of a turn that stand in Slack, by their number; the newest hundred messages are looked through."""
        method, ask = messages_since(self._client, conversation.channel, conversation.thread_ts, since)
        found: dict[int, str] = {}
        unmarked: list[str] = []
        for message in (await self._spend(method, conversation.channel, ask))["messages"]:
            mark = message.get("metadata", {})
            if mark.get("event_type") == MARK and mark["event_payload"].get("turn") == turn:
                found[mark["event_payload"]["page"]] = message["ts"]
            elif self._me and message.get("user") == self._me and not (mark or message.get("files")):
                unmarked.append(message["ts"])
        for message in sorted(unmarked):
            page = next(number for number in itertools.count() if number not in found)
            found[page] = message
            self._unmarked[message] = Mark(turn, page, since)
        return found

    async def _spend(self, method: str, channel: str, request: Callable[[], Awaitable[Any]]) -> Any:
        """Make a request that has first call on the budget. Raises Busy while there is no room, as if Slack had."""
        if wait := await self._budget.take(method, channel):
            raise Busy(wait)
        return await self._call(method, channel, request)

    async def _call(self, method: str, channel: str, request: Callable[[], Awaitable[Any]]) -> Any:
        if self._lease:
            self._lease.check()
        return await taken(self._budget, method, channel, request)


def metadata(mark: Mark) -> dict[str, Any]:
    """By what a message is found again."""
    return {"event_type": MARK, "event_payload": {"turn": mark.turn, "page": mark.page}}
