"""What is known of people beside their names: the language they want to be answered in, and what they look at."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import structlog

from bot.database import UNREACHABLE, Pool

log = structlog.get_logger()

FRESH = timedelta(seconds=30)
"""For how long what was read holds: so late a replica hears what was set at another."""

MOST = 5_000
"""Of how many people it is kept."""


@dataclass(frozen=True, slots=True)
class Preference:
    """The language that somebody chose, and the channel that they look at; empty where that is not known."""

    language: str = ""
    viewing: str = ""


UNKNOWN = Preference()


class Preferences:
    """The preferences of a workspace's people. What was read holds for `fresh`."""

    def __init__(self, pool: Pool, workspace: str, fresh: timedelta = FRESH) -> None:
        self._pool = pool
        self._workspace = workspace
        self._fresh = fresh
        self._known: dict[str, tuple[float, Preference]] = {}

    async def of(self, people: Iterable[str]) -> Mapping[str, Preference]:
        """Those of them that have any. While PostgreSQL is away, what was known last."""
        now, wanted = time.monotonic(), set(people)
        stale = [person for person in wanted if self._known.get(person, (0.0, UNKNOWN))[0] <= now]
        if stale:
            await self._read(stale, now)
        return {person: self._known[person][1] for person in wanted if self._known[person][1] != UNKNOWN}

    async def set_language(self, person: str, language: str) -> None:
        """Answer somebody in that language, or, if it is empty, in the one they write in. Raises UNREACHABLE."""
        await self._write(_SET_LANGUAGE, person, language)

    async def set_viewing(self, person: str, channel: str) -> None:
        """Somebody looks at that channel, or at none. Raises UNREACHABLE."""
        await self._write(_SET_VIEWING, person, channel)

    async def _write(self, statement: bytes, person: str, value: str) -> None:
        values = {"workspace": self._workspace, "person": person, "value": value}
        async with self._pool.connection() as connection:
            await connection.execute(statement, values)
        self._known.pop(person, None)

    async def _read(self, people: list[str], now: float) -> None:
        try:
            rows = await self._pool.rows(_READ, {"workspace": self._workspace, "people": people})
            found = {row["person"]: Preference(row["language"], row["viewing"]) for row in rows}
        except UNREACHABLE:
            log.warning("database_unreachable")
            found = {person: self._known[person][1] for person in people if person in self._known}
        if len(self._known) > MOST:
            self._known.clear()
        until = now + self._fresh.total_seconds()
        self._known |= {person: (until, found.get(person, UNKNOWN)) for person in people}


_READ = b"""
select person, language, viewing from skein_people where workspace = %(workspace)s and person = any(%(people)s)
"""

_SET_LANGUAGE = b"""
insert into skein_people (workspace, person, language) values (%(workspace)s, %(person)s, %(value)s)
on conflict (workspace, person) do update set language = excluded.language
"""

_SET_VIEWING = b"""
insert into skein_people (workspace, person, viewing) values (%(workspace)s, %(person)s, %(value)s)
on conflict (workspace, person) do update set viewing = excluded.viewing where skein_people.viewing <> excluded.viewing
"""
