"""From what happens in the workspace to what the bot is told: subscriptions, envelopes, the two events of a mention."""

import itertools
import secrets
import time
from collections.abc import Callable

from bot.slack.local.changes import Change
from bot.slack.local.delivery import Delivery, Kind as DispatchKind
from bot.slack.local.events import events_of, subscription_of
from bot.slack.local.wire import Json
from bot.slack.local.workspace import Workspace


class Publisher:
    """Listens to the workspace and hands envelopes to the delivery.

    `subscriptions` are the manifest's bot events and may change at any time. `mention_first` says which of a
    mention's two events leaves first, `app_mention` or `message`; None lets them alternate, for Slack promises
    neither.
    """

    def __init__(self, workspace: Workspace, delivery: Delivery, verification: str, subscriptions: set[str]) -> None:
        self._workspace = workspace
        self._delivery = delivery
        self._verification = verification
        self._turns = itertools.cycle([False, True])
        # Slack's event ids are unique for ever, also for a bot that has met an earlier Slack of this kind.
        self._series = secrets.token_hex(4).upper()
        self._numbers = itertools.count(1)
        self.subscriptions = subscriptions
        self.mention_first: bool | None = None

    def changed(self, change: Change) -> None:
        """Tell the bot of a change, as far as it is subscribed."""
        events = events_of(self._workspace, change)
        if any(event["type"] == "app_mention" for event in events) and self._mention_leads():
            events.reverse()
        for event in events:
            self.publish(event)

    def _mention_leads(self) -> bool:
        return next(self._turns) if self.mention_first is None else self.mention_first

    def publish(self, event: Json) -> None:
        """Send an event if the bot is subscribed to it."""
        if subscription_of(event) in self.subscriptions:
            self.send(event, None, 1)

    def send(self, event: Json, event_id: str | None, times: int) -> str:
        """Send an event, subscribed or not, as often as asked for; its `event_id` is returned."""
        envelope = self._envelope(event, event_id or f"Ev{self._series}{next(self._numbers):06d}")
        for _ in range(times):
            self._delivery.send("events_api", envelope)
        return envelope["event_id"]

    def interact(
        self, kind: DispatchKind, payload: Json, answered: Callable[[Json | None], None] = lambda _: None
    ) -> None:
        """Send a click, a form or a command. `answered` is told what the bot answers, None if it does not."""
        self._delivery.send(kind, {**payload, "token": self._verification}, answered)

    def _envelope(self, event: Json, event_id: str) -> Json:
        team, bot = self._workspace.team, self._workspace.bot
        authorization = {
            "enterprise_id": None,
            "team_id": team,
            "user_id": bot.id,
            "is_bot": True,
            "is_enterprise_install": False,
        }
        return {
            "token": self._verification,
            "team_id": team,
            "context_team_id": team,
            "context_enterprise_id": None,
            "api_app_id": bot.app,
            "event": event,
            "type": "event_callback",
            "event_id": event_id,
            "event_time": int(time.time()),
            "authorizations": [authorization],
            "is_ext_shared_channel": False,
            "event_context": f"4-{event_id}",
        }
