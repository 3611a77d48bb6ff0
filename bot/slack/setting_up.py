"""Setting what the bot is in a channel: who may, and the form for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.budget import Budget
from bot.errors import Busy, PlatformError
from bot.setups import Setups
from bot.slack.client import spend
from bot.slack.forms import word
from bot.slack.setup_form import TITLE, form, read
from bot.slack.showing import show_form
from bot.slack.tiers import CHANNEL, USER

log = structlog.get_logger()

NOT_ALLOWED = "Only whoever made this channel, and the workspace's owners and admins, can set me up here."
UNKNOWN = "I cannot see this channel. Invite me first, with /invite."
DIRECT = "D"
"""What the ids of conversations of two begin with."""


@dataclass(frozen=True, slots=True)
class SetupForm:
    """The form. `models` and `tools` are what can be chosen; both are empty where a graph of one's own answers."""

    client: AsyncWebClient
    budget: Budget
    setups: Setups
    models: Sequence[str]
    tools: Sequence[str]

    async def open(self, body: dict[str, Any]) -> None:
        """Show it, or why not, to whoever asked for it. Raises PlatformError; after 3 s Slack opens none any more."""
        channel, user = str(body["channel"]["id"]), str(body["user"]["id"])
        view = await self._view(channel, user)
        await show_form(self.client, self.budget, body, view)

    async def save(self, body: dict[str, Any]) -> None:
        """Store what was filled in. Raises UNREACHABLE."""
        view, user = body["view"], str(body["user"]["id"])
        channel = str(view["private_metadata"])
        setup = read(view["state"]["values"], await self.setups.of(channel), self.models, self.tools)
        await self.setups.save(channel, setup, user)
        log.info("channel_set_up", channel=channel, by=user)

    async def _view(self, channel: str, user: str) -> dict[str, Any]:
        try:
            if not await self._may(channel, user):
                return word(TITLE, NOT_ALLOWED)
        except Busy:
            raise
        except PlatformError as error:
            log.info("channel_unknown", channel=channel, code=error.code)
            return word(TITLE, UNKNOWN)
        return form(channel, await self.setups.of(channel), self.models, self.tools)

    async def _may(self, channel: str, user: str) -> bool:
        if channel.startswith(DIRECT):
            return True
        asked = await spend(self.budget, CHANNEL, "", lambda: self.client.conversations_info(channel=channel))
        if asked["channel"].get("creator") == user:
            return True
        person = (await spend(self.budget, USER, "", lambda: self.client.users_info(user=user)))["user"]
        return any(bool(person.get(mark)) for mark in ("is_admin", "is_owner"))
