"""What Slack's agent view adds, where the bot is an agent: prompts to begin with, and Slack's own Stop."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.budget import Budget
from bot.changes import Changes
from bot.conversation import Conversation
from bot.errors import PlatformError
from bot.slack.client import Identity, spend
from bot.slack.forms import Json
from bot.slack.tiers import PROMPTS

log = structlog.get_logger()

SUGGESTED: Sequence[dict[str, str]] = (
    {"title": "What can you do?", "message": "What can you do for me?"},
    {"title": "Sum up the channel I am looking at", "message": "Sum up what was said lately in the channel I look at."},
    {"title": "Find something out", "message": "What is the weather in San Francisco?"},
)
"""Slack shows four at most."""


@dataclass(frozen=True, slots=True)
class AgentView:
    """Bolt's listeners for it. Bolt passes what they take by its name."""

    client: AsyncWebClient
    budget: Budget
    identity: Identity
    changes: Changes

    def register(self, app: Any) -> None:
        """Have a Bolt app listen for them; its types are incomplete."""
        # Stored before Slack hears "yes": Bolt acknowledges an event after the middleware, and before the listener.
        app.event("agent_session_stopped", middleware=[self._stop])(_nothing)

    async def greet(self, channel: str) -> None:
        """Suggest what to begin with, to whoever looks at their direct messages with the bot."""
        if not self.identity.is_agent:
            return
        # Without a thread_ts: with one the call is taken and does nothing.
        ask = lambda: self.client.assistant_threads_setSuggestedPrompts(channel_id=channel, prompts=[*SUGGESTED])  # noqa: E731
        try:
            await spend(self.budget, PROMPTS, "", ask)
        except PlatformError as error:
            log.warning("prompts_not_shown", code=error.code)

    async def _stop(self, event: Json, next: Any) -> None:  # noqa: A002 (Bolt passes it by this name)
        place = Conversation(self.identity.workspace, str(event["channel"]), str(event["thread_ts"]))
        turn = await self.changes.stop_in(place, str(event.get("user") or ""))
        log.info("stop_asked", turn=turn, conversation=str(place))
        await next()


async def _nothing() -> None:
    """Bolt acknowledges events by itself."""
