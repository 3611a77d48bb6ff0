"""Words to one person alone, in a conversation."""

from dataclasses import dataclass
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.budget import Budget
from bot.conversation import DIRECT, Conversation
from bot.defuse import defuse
from bot.plain import plain
from bot.slack.client import patiently, spend
from bot.slack.tiers import WHISPER


@dataclass(frozen=True, slots=True)
class Whispers:
    """Says them."""

    client: AsyncWebClient
    budget: Budget

    async def say(self, conversation: Conversation, user: str, markdown: str) -> None:
        """Say that to somebody there. Raises PlatformError."""
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

    async def reply(self, body: dict[str, Any], markdown: str) -> None:
        """Say that to whoever made a gesture, where they did. Raises PlatformError."""
        there = Conversation("", str(body["channel"]["id"]), body["message"].get("thread_ts") or DIRECT)
        await self.say(there, str(body["user"]["id"]), markdown)
