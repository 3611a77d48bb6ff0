"""What people have set for themselves: the language in which they want to be answered."""

import time
from collections.abc import Iterable, Mapping
from datetime import timedelta

import structlog

from bot.database import UNREACHABLE, Pool

log = structlog.get_logger()

FRESH = timedelta(seconds=30)
"""For how long what was read holds: so late a replica hears what was set at another."""

MOST = 5_000
"""Of how many people it is kept."""


class Preferences:
    """The preferences of a workspace's people."""

    def __init__(self, pool: Pool, workspace: str) -> None:
        self._pool = pool
        self._workspace = workspace
        self._known: dict[str, tuple[float, str]] = {}

    async def languages(self, people: Iterable[str]) -> Mapping[str, str]:
        """The languages of those of them that have set one. While PostgreSQL is away, what was known last."""
        now, wanted = time.monotonic(), set(people)
        stale = [person for person in wanted if self._known.get(person, (0.0, ""))[0] < now]
        if stale:
            await self._read(stale, now)
        return {person: self._known[person][1] for person in wanted if self._known.get(person, (0.0, ""))[1]}

    async def set_language(self, person: str, language: str) -> None:
        """Answer somebody in that language, or, if it is empty, in the one they write in. Raises UNREACHABLE."""
        values = {"workspace": self._workspace, "person": person, "language": language}
        async with self._pool.connection() as connection:
            await connection.execute(_SET if language else _UNSET, values)
        self._known.pop(person, None)

    async def _read(self, people: list[str], now: float) -> None:
        found: dict[str, str] = {}
        try:
            async with self._pool.connection() as connection:
                values = {"workspace": self._workspace, "people": people}
                rows = await (await connection.execute(_READ, values)).fetchall()
            found = {row["person"]: row["language"] for row in rows}
        except UNREACHABLE:
            log.warning("database_unreachable")
            found = {person: self._known[person][1] for person in people if person in self._known}
        if len(self._known) > MOST:
            self._known.clear()
        self._known |= {person: (now + FRESH.total_seconds(), found.get(person, "")) for person in people}


_READ = b"select person, language from skein_people where workspace = %(workspace)s and person = any(%(people)s)"

_SET = b"""
insert into skein_people (workspace, person, language) values (%(workspace)s, %(person)s, %(language)s)
on conflict (workspace, person) do update set language = excluded.language
"""

_UNSET = b"delete from skein_people where workspace = %(workspace)s and person = %(person)s"
