"""How often the platform may be called: one budget for each workspace and method, shared by all replicas.

It is a sliding window in PostgreSQL (`0005_budgets.sql`): one statement takes a call or tells how long to wait. Each
process keeps a copy of what the last statement saw: it decides by it when to ask, and spends from it alone while
PostgreSQL is away.
"""

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot.database import UNREACHABLE, Pool
from bot.window import Window

MARGIN = timedelta(milliseconds=500)
"""How much longer a call counts here than with the platform: it counts calls when they arrive, and some arrive late."""


@dataclass(frozen=True, slots=True)
class Tier:
    """What is documented of a method: so many `calls` in any `span`, for the workspace or for each channel."""

    calls: int
    span: timedelta = timedelta(minutes=1)
    by_channel: bool = False


class Budget:
    """The calls of one workspace, by method. A method without a tier has no limit."""

    def __init__(self, pool: Pool, workspace: str, tiers: Mapping[str, Tier]) -> None:
        self._pool = pool
        self._workspace = workspace
        self._tiers = tiers
        self._worker = uuid.uuid4().hex
        self._windows: dict[str, Window] = {}
        self._others: dict[str, int] = {}

    async def take(self, method: str, channel: str = "") -> float:
        """Take a call of what comes first, such as a final text; return 0, or the seconds until there may be one."""
        tier = self._tiers.get(method)
        if tier is None:
            return 0.0
        return await self._spend(self._scope(method, channel, tier), tier, cost=1)

    async def take_draft(self, method: str, writing: int, *, look: bool = False) -> float:
        """The same for a draft: each of the `writing` answers here, and of those elsewhere, keeps a call for its end.

        With `look` it is only told whether there is room.
        """
        tier = self._tiers.get(method)
        if tier is None:
            return 0.0
        return await self._spend(self._scope(method, "", tier), tier, cost=0 if look else 1, writing=writing)

    async def refused(self, method: str, channel: str, retry_after: float) -> None:
        """The platform refused a call for so many seconds: less is spent from now on, and slowly more again."""
        if tier := self._tiers.get(method):
            scope = self._scope(method, channel, tier)
            window = self._window(scope, tier)
            window.closed_until = max(window.closed_until, time.monotonic() + retry_after)
            try:
                await self._pool.rows(_REFUSED, (scope, tier.calls, window.span, retry_after))
            except UNREACHABLE:
                window.calls = max(1, window.calls * 8 // 10)

    def window(self, method: str) -> Window:
        """What is known here of a method's window, in seconds of `time.monotonic`."""
        tier = self._tiers.get(method, UNLIMITED)
        return self._window(self._scope(method, "", tier), tier)

    def others(self, method: str) -> int:
        """How many answers other workers were writing that keep calls of this method, when last heard of."""
        return self._others.get(self._scope(method, "", self._tiers.get(method, UNLIMITED)), 0)

    async def _spend(self, scope: str, tier: Tier, *, cost: int, writing: int | None = None) -> float:
        window = self._window(scope, tier)
        values = (scope, tier.calls, window.span, cost, writing is not None, self._worker, writing or 0)
        try:
            (row,) = await self._pool.rows(_SPEND, values)
        except UNREACHABLE:
            keep = writing + self._others.get(scope, 0) if writing is not None else 0
            now = time.monotonic()
            return window.take(now, keep) if cost else window.wait(now, keep)
        now = time.monotonic()
        window.calls, window.taken = row["calls"], [now - age for age in row["ages"]]
        if writing is not None:
            self._others[scope] = row["others"]
        return row["wait"]

    def _window(self, scope: str, tier: Tier) -> Window:
        return self._windows.setdefault(scope, Window(tier.calls, (tier.span + MARGIN).total_seconds()))

    def _scope(self, method: str, channel: str, tier: Tier) -> str:
        return "/".join((self._workspace, method, *((channel,) if tier.by_channel else ())))


UNLIMITED = Tier(1_000_000)


_REFUSED = b"select skein_refused(%s, %s, %s, %s)"
_SPEND = b"select * from skein_spend(%s, %s, %s, %s, %s, %s, %s)"
