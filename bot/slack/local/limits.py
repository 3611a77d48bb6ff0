"""How often each method of the Web API may be called, and the sliding windows that count it."""

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `calls` in any `window`; with `by_channel` each channel has a window of its own."""

    calls: int
    window: timedelta = _MINUTE
    by_channel: bool = False


TIER_2 = Limit(20)
TIER_3 = Limit(50)
TIER_4 = Limit(100)

SLACK_LIMITS: Mapping[str, Limit] = {
    "chat.postMessage": Limit(10, timedelta(seconds=10), by_channel=True),
    "chat.postEphemeral": TIER_4,
    "chat.update": TIER_3,
    "chat.delete": TIER_3,
    "chat.startStream": TIER_2,
    "chat.appendStream": TIER_4,
    "chat.stopStream": TIER_2,
    "conversations.replies": TIER_3,
    "conversations.history": TIER_3,
    "conversations.info": TIER_3,
    "conversations.open": TIER_3,
    "users.info": TIER_4,
    "users.list": TIER_2,
    "users.conversations": TIER_3,
    "bots.info": TIER_3,
    "reactions.add": TIER_3,
    "reactions.remove": TIER_2,
    "views.open": TIER_4,
    "views.publish": TIER_4,
    "agents.sessions.setStatus": TIER_3,
    "assistant.threads.setSuggestedPrompts": TIER_4,
    "assistant.threads.setStatus": Limit(600),
}
"""Slack's documented tiers, at their guaranteed size, in calls a minute.

Of chat.postMessage Slack says one a second a channel with short bursts; the burst's size is a guess.
"""


class Windows:
    """Counts the calls that were let through. A limit may change between two calls."""

    def __init__(self) -> None:
        self._taken: dict[tuple[str, str], deque[float]] = {}

    def take(self, method: str, channel: str, limit: Limit, now: float) -> int | None:
        """Let a call through and return None, or return the whole seconds until the window has room.

        `now` is in seconds and never falls.
        """
        taken = self._taken.setdefault((method, channel if limit.by_channel else ""), deque())
        window = limit.window.total_seconds()
        while taken and taken[0] <= now - window:
            taken.popleft()
        if len(taken) >= limit.calls:
            first_out = taken[len(taken) - limit.calls] if limit.calls else now
            # Rounded first, or the error of the sum makes eleven seconds of ten.
            return max(1, math.ceil(round(first_out + window - now, 6)))
        taken.append(now)
        return None
