"""What is to be done later: kept in PostgreSQL, begun once by one of the replicas, however many there are."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from bot.database import UNREACHABLE, Pool
from bot.recurrence import following

log = structlog.get_logger()

POLL = timedelta(seconds=5)
"""So late something may be begun."""

AT_ONCE = 20

EARLIER = 5
"""Seconds that such a message is dated back: its answer is looked for from its time on, by Slack's clock."""

SAID = """\
It is time for what I asked for earlier: {what}
(If it is a reminder, remind me, or whom I named. Else do it now.)"""


@dataclass(frozen=True, slots=True)
class Reminder:
    """Something that `asker` wants done in a conversation (`lane`), next at `next_at`, and again by a `rule`."""

    lane: str
    asker: str
    what: str
    zone: str
    next_at: datetime
    rule: str | None = None
    id: int = 0


@dataclass(frozen=True, slots=True)
class Reminders:
    """Those of one workspace."""

    pool: Pool
    workspace: str

    async def add(self, reminder: Reminder) -> int:
        """Keep it, once, and give its id. Raises UNREACHABLE."""
        values = {
            "workspace": self.workspace,
            "lane": reminder.lane,
            "asker": reminder.asker,
            "what": reminder.what,
            "zone": reminder.zone,
            "rule": reminder.rule,
            "next_at": reminder.next_at,
        }
        (row,) = await self.pool.rows(_ADD, values)
        return row["id"]

    async def known(self, asker: str, channel: str | None = None) -> list[Reminder]:
        """Those of somebody, and with a channel those that are done there; the next first."""
        return [_reminder(row) for row in await self.pool.rows(_KNOWN, self._theirs(asker, channel))]

    async def cancel(self, ids: Sequence[int], asker: str, channel: str | None = None) -> int:
        """Do not do those of them that are `known` to somebody there; tells how many that were."""
        return len(await self.pool.rows(_CANCEL, {**self._theirs(asker, channel), "ids": list(ids)}))

    async def run(self) -> None:
        """Begin what is due, until cancelled."""
        while True:
            try:
                for row in await self.pool.rows(_DUE, {"workspace": self.workspace, "at_most": AT_ONCE}):
                    await self._begin(_reminder(row))
            except UNREACHABLE:
                log.warning("database_unreachable")
            await asyncio.sleep(POLL.total_seconds())

    def _theirs(self, asker: str, channel: str | None) -> dict[str, Any]:
        lanes = f"{self.workspace}/{channel}/%" if channel else None
        return {"workspace": self.workspace, "asker": asker, "lanes": lanes}

    async def _begin(self, due: Reminder) -> None:
        values = {
            "id": due.id,
            "due": due.next_at,
            "next": following(due.rule, due.zone, datetime.now(UTC)) if due.rule else None,
            "ts": f"{time.time() - EARLIER:.6f}",
            "body": SAID.format(what=due.what),
        }
        (row,) = await self.pool.rows(_REMIND, values)
        log.info("reminder_due", reminder=due.id, is_begun=row["told"])


@asynccontextmanager
async def reminding(reminders: Reminders) -> AsyncGenerator[None, None]:
    """Begin what is due while the block runs."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(reminders.run())
        try:
            yield
        finally:
            task.cancel()


def _reminder(row: dict[str, Any]) -> Reminder:
    return Reminder(row["lane"], row["asker"], row["what"], row["zone"], row["next_at"], row["rule"], row["id"])


_ADD = b"""
insert into skein_reminders (workspace, lane, asker, what, zone, rule, next_at)
values (%(workspace)s, %(lane)s, %(asker)s, %(what)s, %(zone)s, %(rule)s, %(next_at)s)
on conflict (lane, asker, md5(what), next_at) do update set rule = excluded.rule
returning id
"""

_KNOWN = b"""
select * from skein_reminders
where workspace = %(workspace)s and (asker = %(asker)s or lane like %(lanes)s) order by next_at, id
"""

_CANCEL = b"""
delete from skein_reminders
where workspace = %(workspace)s and id = any(%(ids)s) and (asker = %(asker)s or lane like %(lanes)s)
returning id
"""

_DUE = b"""
select * from skein_reminders where workspace = %(workspace)s and next_at <= now() order by next_at limit %(at_most)s
"""

_REMIND = b"select skein_remind(%(id)s, %(due)s, %(next)s, %(ts)s::numeric, %(body)s) as told"
