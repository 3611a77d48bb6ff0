"""What people ask of an answer that stands there: to see what it said before, or to have it deleted."""

from dataclasses import dataclass
from typing import Any

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.budget import Budget
from bot.changes import Changes
from bot.conversation import DIRECT, Conversation
from bot.defuse import defuse
from bot.plain import plain
from bot.slack.client import patiently, spend
from bot.slack.tiers import WHISPER

log = structlog.get_logger()

DELETE = "skein_delete"
"""The shortcut, in the menu of a message, that deletes an answer."""

NOT_THEIRS = "Only whoever asked can have an answer of mine deleted, and only for as long as I know who that was."
FORGOTTEN = "That is too long ago: I no longer have it."


@dataclass(frozen=True, slots=True)
class Recall:
    """Says to one person alone what was said in a turn."""

    client: AsyncWebClient
    budget: Budget
    changes: Changes

    async def show(self, body: dict[str, Any], turn: int) -> None:
        """Show it to whoever clicked, in the place where they did. Raises PlatformError, UNREACHABLE."""
        channel, user = str(body["channel"]["id"]), str(body["user"]["id"])
        found = await self.changes.said(turn)
        if found is None or found[0].channel != channel:
            await self._whisper(_place(body), user, FORGOTTEN)
            return
        conversation, pages = found
        for page in pages:
            await self._whisper(conversation, user, page)
        log.info("turn_recalled", turn=turn, by=user)

    async def refuse(self, body: dict[str, Any]) -> None:
        """Tell whoever wanted an answer deleted that it is not theirs. Raises PlatformError."""
        await self._whisper(_place(body), str(body["user"]["id"]), NOT_THEIRS)

    async def _whisper(self, conversation: Conversation, user: str, markdown: str) -> None:
        channel = conversation.channel
        blocks = [{"type": "markdown", "text": defuse(markdown)}]
        request = lambda: self.client.chat_postEphemeral(  # noqa: E731
            channel=channel,
            user=user,
            thread_ts=conversation.thread_ts,
            text=plain(markdown),
            blocks=blocks,
        )
        await patiently(lambda: spend(self.budget, WHISPER, channel, request))


def _place(body: dict[str, Any]) -> Conversation:
    """Where that was asked."""
    return Conversation("", str(body["channel"]["id"]), body["message"].get("thread_ts") or DIRECT)
