"""The bot's home, shown to whoever opens it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from langgraph.store.base import BaseStore
from slack_sdk.web.async_client import AsyncWebClient

from bot.affairs import Affairs
from bot.budget import Budget
from bot.database import UNREACHABLE
from bot.errors import PlatformError
from bot.lasting import forget_of, known_of
from bot.preferences import UNKNOWN, Preferences
from bot.reminders import Reminders
from bot.slack.agent_view import AgentView
from bot.slack.client import Identity, spend
from bot.slack.forms import Json
from bot.slack.home_view import CANCEL, FORGET, FORGET_ALL, LANGUAGE, LANGUAGES, MOST, Content, home
from bot.slack.tiers import PUBLISH

log = structlog.get_logger()

Ack = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Home:
    """Bolt's listeners for it. Bolt passes what they take by its name. `tools` are the agent's, by their names."""

    client: AsyncWebClient
    budget: Budget
    identity: Identity
    affairs: Affairs
    preferences: Preferences
    reminders: Reminders
    store: BaseStore
    tools: Sequence[str]
    agent_view: AgentView

    def register(self, app: Any) -> None:
        """Have a Bolt app listen for them; its types are incomplete."""
        app.event("app_home_opened")(self._opened)
        self.agent_view.register(app)
        app.action(FORGET)(self._forget)
        app.action(FORGET_ALL)(self._forget_all)
        app.action(CANCEL)(self._cancel)
        app.action(LANGUAGE)(self._set_language)

    async def _opened(self, event: Json) -> None:
        if event.get("tab") == "home":
            await self._show(str(event["user"]))
        elif event.get("tab") == "messages":
            await self.agent_view.greet(str(event["channel"]))

    async def _forget(self, ack: Ack, body: Json, action: Json) -> None:
        user = str(body["user"]["id"])
        await forget_of(self.store, self.identity.workspace, user, {str(action.get("value"))})
        await ack()
        await self._show(user)

    async def _forget_all(self, ack: Ack, body: Json) -> None:
        user = str(body["user"]["id"])
        gone = await forget_of(self.store, self.identity.workspace, user)
        log.info("memory_cleared", by=user, facts=gone)
        await ack()
        await self._show(user)

    async def _cancel(self, ack: Ack, body: Json, action: Json) -> None:
        user, value = str(body["user"]["id"]), str(action.get("value"))
        gone = await self.reminders.cancel([int(value)], user) if value.isdecimal() else 0
        log.info("reminder_cancelled", by=user, reminders=gone)
        await ack()
        await self._show(user)

    async def _set_language(self, ack: Ack, body: Json, action: Json) -> None:
        option: Json = action.get("selected_option") or {}
        chosen = str(option.get("value"))
        await self.preferences.set_language(str(body["user"]["id"]), chosen if chosen in LANGUAGES else "")
        await ack()

    async def _show(self, user: str) -> None:
        """Show it as it is now; where that cannot be done, it stays as it was."""
        try:
            view = home(await self._content(user))
            await spend(self.budget, PUBLISH, "", lambda: self.client.views_publish(user_id=user, view=view))
        except (PlatformError, *UNREACHABLE) as error:
            log.warning("home_not_shown", error=type(error).__name__)

    async def _content(self, user: str) -> Content:
        return Content(
            self.identity.url,
            self.tools,
            await self.affairs.waiting(user, MOST),
            await self.affairs.conversations(user, MOST),
            await self.reminders.known(user),
            await known_of(self.store, self.identity.workspace, user),
            (await self.preferences.of([user])).get(user, UNKNOWN).language,
        )
