"""When something is done again: rules of RFC 5545 (`FREQ=WEEKLY;BYDAY=MO`), in somebody's own time zone.

The rule holds by their clock on the wall: nine o'clock stays nine o'clock when the clocks change.
"""

import re
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

if TYPE_CHECKING:
    from collections.abc import Iterable

RULE = re.compile(r"FREQ=(?:HOURLY|DAILY|WEEKLY|MONTHLY|YEARLY)(?:;[A-Z]+=[A-Z0-9,+-]+)*")

LEAST = timedelta(hours=1)
"""How far apart two times are at the least."""

LOOKED_AT = 20
"""How many times are looked at for that."""

WORDS = {"HOURLY": "every hour", "DAILY": "every day", "WEEKLY": "every week", "MONTHLY": "every month"}


def recurring(rule: str, first: datetime) -> str:
    """The rule with its beginning, `first`, by the clock on the wall. Raises ValueError, which says what is wrong."""
    text = rule.strip().upper().removeprefix("RRULE:").replace("Z;", ";").removesuffix("Z")
    if not RULE.fullmatch(text):
        raise ValueError("The rule reads as in FREQ=WEEKLY;BYDAY=MO; nothing is done more than once an hour.")
    whole = f"DTSTART:{first:%Y%m%dT%H%M%S}\nRRULE:{text}"
    try:
        times = list(islice(cast("Iterable[datetime]", _times(whole)), LOOKED_AT))
    except ValueError as error:
        raise ValueError(f"The rule is wrong: {error}.") from error
    if not times:
        raise ValueError("By that rule it would never be done.")
    if any(later - sooner < LEAST for sooner, later in pairwise(times)):
        raise ValueError("Nothing is done more than once an hour.")
    return whole


def following(rule: str, zone: str, after: datetime) -> datetime | None:
    """The next time by a rule that `recurring` gave, or None if there is none."""
    there = after.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    found: datetime | None = _times(rule).after(there)
    return found.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) if found else None


def in_words(rule: str | None) -> str:
    """How often it is done, roughly."""
    if rule is None:
        return "once"
    found = re.search(r"FREQ=([A-Z]+)", rule)
    return "again and again" if "INTERVAL" in rule or not found else WORDS.get(found[1], "every year")


def _times(rule: str) -> Any:
    return rrulestr(rule)
