"""Showing what the bot said before the conversation went back, to whoever asks."""

from dataclasses import dataclass
from typing import Any

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.budget import Budget
from bot.conversation import DIRECT, Conversation
from bot.defuse import defuse
from bot.inbox import Inbox
from bot.plain import plain
from bot.slack.client import patiently, spend
from bot.slack.tiers import WHISPER

log = structlog.get_logger()

FORGOTTEN = "That is too long ago: I no longer have it."


@dataclass(frozen=True, slots=True)
class Recall:
    """What was said in a turn, as Slack shows it to one person alone."""

    client: AsyncWebClient
    budget: Budget
    inbox: Inbox

    async def show(self, body: dict[str, Any], turn: int) -> None:
        """Show it to whoever clicked, in the place where they did. Raises PlatformError, UNREACHABLE."""
        channel, user = str(body["channel"]["id"]), str(body["user"]["id"])
        found = await self.inbox.said(turn)
        if found is None or found[0].channel != channel:
            thread = body["message"].get("thread_ts")
            await self._whisper(Conversation("", channel, thread or DIRECT), user, FORGOTTEN)
            return
        conversation, pages = found
        for page in pages:
            await self._whisper(conversation, user, page)
        log.info("turn_recalled", turn=turn, by=user)

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
