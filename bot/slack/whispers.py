"""Words to one person alone, in a conversation."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.budget import Budget
from bot.conversation import DIRECT, Conversation
from bot.platform import Page
from bot.slack.blocks import Content, content
from bot.slack.client import patiently, spend
from bot.slack.tiers import WHISPER


@dataclass(frozen=True, slots=True)
class Whispers:
    """Says them."""

    client: AsyncWebClient
    budget: Budget

    async def say(self, conversation: Conversation, user: str, markdown: str) -> None:
        """Say that to somebody there. Raises PlatformError."""
        await self.show(conversation, user, Page(markdown, None, frozenset()))

    async def show(self, conversation: Conversation, user: str, page: Page, *, instead: str | None = None) -> None:
        """Show that to somebody there, maybe `instead` of what they have clicked in, by its address.

        Raises PlatformError.
        """
        channel, shown = conversation.channel, content(page)
        if instead and await self._replaced(instead, shown):
            return
        request = lambda: self.client.chat_postEphemeral(  # noqa: E731
            channel=channel, user=user, thread_ts=conversation.thread_ts, text=shown.text, blocks=shown.blocks
        )
        await patiently(lambda: spend(self.budget, WHISPER, channel, request))

    async def _replaced(self, address: str, shown: Content) -> bool:
        """Whether Slack took it: its addresses hold for half an hour, and five times."""
        there = AsyncWebhookClient(address, session=self.client.session, retry_handlers=[])
        try:
            answer = await there.send(text=shown.text, blocks=shown.blocks, replace_original=True)
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False
        return answer.status_code == HTTPStatus.OK

    async def reply(self, body: dict[str, Any], markdown: str) -> None:
        """Say that to whoever made a gesture, where they did. Raises PlatformError."""
        there = Conversation("", str(body["channel"]["id"]), _thread(body) or DIRECT)
        await self.say(there, str(body["user"]["id"]), markdown)


def _thread(body: dict[str, Any]) -> str | None:
    """The thread of a gesture; of a whispered message Slack tells no more than where it is."""
    where: dict[str, Any] = body.get("message") or body.get("container") or {}
    return where.get("thread_ts")
