"""The state of a thread as Slack's agent view shows it: at work, with a button to stop it, or not."""

from contextlib import suppress
from dataclasses import dataclass, field

from slack_sdk.web.async_client import AsyncWebClient

from bot.budget import Budget
from bot.conversation import Conversation
from bot.errors import PlatformError
from bot.excerpt import one_line
from bot.platform import Session
from bot.slack.client import patiently, spend, taken
from bot.slack.tiers import SESSION

STATUSES = {Session.WORKING: "processing", Session.DONE: "active", Session.ASKING: "suspended"}


@dataclass(frozen=True, slots=True)
class Sessions:
    """Shows them, in workspaces where the bot is an agent; elsewhere, where it is not `shown`, nothing.

    A state is decoration: where Slack's limit leaves no room for it and for the end of each that is shown, an answer
    does without.
    """

    client: AsyncWebClient
    budget: Budget
    shown: bool
    _open: set[Conversation] = field(default_factory=set[Conversation])

    async def begin(self, conversation: Conversation, title: str, who: str) -> None:
        """Show that it is at work, if there is room; a conversation that is new to Slack gets that title."""
        if not self.shown or conversation.thread_ts is None:
            return
        if await self.budget.take_draft(SESSION, len(self._open) + 1):
            return
        self._open.add(conversation)
        request = lambda: self.client.agents_sessions_setStatus(  # noqa: E731
            channel_id=conversation.channel,
            thread_ts=conversation.thread_ts,
            status=STATUSES[Session.WORKING],
            title=one_line(title),
            initiator_user_id=who,
        )
        with suppress(PlatformError):
            await taken(self.budget, SESSION, "", request)

    async def end(self, conversation: Conversation, session: Session, *, in_any_case: bool) -> None:
        """Show that it is not any more. `in_any_case` where somebody else may have shown that it is."""
        if not self.shown or conversation.thread_ts is None or not (in_any_case or conversation in self._open):
            return
        self._open.discard(conversation)
        request = lambda: self.client.agents_sessions_setStatus(  # noqa: E731
            channel_id=conversation.channel, thread_ts=conversation.thread_ts, status=STATUSES[session]
        )
        with suppress(PlatformError):
            await patiently(lambda: spend(self.budget, SESSION, "", request))
