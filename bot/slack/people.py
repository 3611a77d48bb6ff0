"""Who people are: the names behind Slack's ids, asked once an hour."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.budget import Budget
from bot.errors import PlatformError
from bot.slack.client import call
from bot.slack.tiers import USER

log = structlog.get_logger()

LIFETIME = timedelta(hours=1)
UNKNOWN_FOR = timedelta(minutes=5)
"""For how long nobody is asked again whom Slack did not tell."""
MOST = 5_000
"""How many people are remembered; who was asked for longest ago is forgotten first."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody's name as people read it, and the IANA name of their time zone, if they have one."""

    name: str
    zone: str = ""


class People:
    """The people of one workspace."""

    def __init__(self, client: AsyncWebClient, budget: Budget) -> None:
        self._client = client
        self._budget = budget
        self._known: OrderedDict[str, tuple[float, Person | None]] = OrderedDict()
        self._names: frozenset[str] = frozenset()

    @property
    def names(self) -> Collection[str]:
        """The first names and names of those known, in lower case."""
        return self._names

    async def find(self, ids: Iterable[str]) -> Mapping[str, Person]:
        """Those of the people with these ids of whom Slack tells: not without the scope `users:read`."""
        wanted = set(ids)
        now = time.monotonic()
        strange = [id_ for id_ in wanted if id_ not in self._known or self._known[id_][0] < now]
        if strange:
            await asyncio.gather(*map(self._ask, strange))
            self._names = frozenset(_called(person.name for _, person in self._known.values() if person))
        found = {id_: self._known[id_][1] for id_ in wanted if id_ in self._known}
        return {id_: person for id_, person in found.items() if person}

    async def _ask(self, id_: str) -> None:
        person, lifetime = None, UNKNOWN_FOR
        try:
            if not await self._budget.take(USER):
                response = await call(lambda: self._client.users_info(user=id_))
                person, lifetime = _person(response["user"]), LIFETIME
        except PlatformError as error:
            log.info("person_unknown", code=error.code)
        self._known[id_] = (time.monotonic() + lifetime.total_seconds(), person)
        self._known.move_to_end(id_)
        if len(self._known) > MOST:
            self._known.popitem(last=False)


def is_guest(user: Mapping[str, Any]) -> bool:
    """Whether somebody sees only a part of the workspace: a guest, or somebody of another one."""
    return any(bool(user.get(mark)) for mark in ("is_restricted", "is_ultra_restricted", "is_stranger"))


def _person(user: Mapping[str, Any]) -> Person:
    profile = cast("dict[str, Any]", user.get("profile") or {})
    names = (profile.get("display_name"), profile.get("real_name"), user.get("real_name"), user.get("name"))
    name = next((str(name) for name in names if name), "")
    return Person(" ".join(name.split()), str(user.get("tz") or ""))


def _called(names: Iterable[str]) -> Iterable[str]:
    for name in names:
        yield name.casefold()
        yield from name.casefold().split()[:1]
