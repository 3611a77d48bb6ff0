"""Rules by which something is done again."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.recurrence import following, in_words, recurring

BERLIN = "Europe/Berlin"


def test_nine_oclock_stays_nine_oclock_when_the_clocks_change() -> None:
    rule = recurring("FREQ=DAILY", datetime(2026, 3, 27, 9))  # noqa: DTZ001 (by the clock on the wall)
    at, times = datetime(2026, 3, 26, tzinfo=UTC), list[datetime]()
    for _ in range(4):
        found = following(rule, BERLIN, at)
        assert found
        times.append(found)
        at = found
    assert [time.astimezone(ZoneInfo(BERLIN)).hour for time in times] == [9] * 4
    assert times[2] - times[1] == timedelta(hours=23)


def test_a_rule_may_end() -> None:
    rule = recurring("FREQ=WEEKLY;BYDAY=MO;COUNT=2", datetime(2026, 11, 27, 9))  # noqa: DTZ001
    first, second = datetime(2026, 11, 30, 8, tzinfo=UTC), datetime(2026, 12, 7, 8, tzinfo=UTC)
    assert following(rule, BERLIN, datetime(2026, 11, 27, tzinfo=UTC)) == first
    assert following(rule, BERLIN, first) == second
    assert following(rule, BERLIN, second) is None


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("every monday", "The rule reads as"),
        ("FREQ=MINUTELY", "more than once an hour"),
        ("FREQ=DAILY;BYHOUR=9;BYMINUTE=0,30", "more than once an hour"),
        ("FREQ=DAILY;BYDAY=XX", "The rule is wrong"),
        ("FREQ=WEEKLY\nFREQ=DAILY", "The rule reads as"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "never"),
        ("FREQ=DAILY;UNTIL=20200101T000000Z", "never"),
    ],
)
def test_a_rule_that_is_wrong_is_said(rule: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        recurring(rule, datetime(2026, 11, 27, 9))  # noqa: DTZ001


def test_how_often_it_is_in_words() -> None:
    first = datetime(2026, 11, 27, 9)  # noqa: DTZ001
    words = {"DAILY": "every day", "WEEKLY;BYDAY=MO": "every week", "DAILY;INTERVAL=3": "again and again"}
    for rule, told in words.items():
        assert in_words(recurring(f"FREQ={rule}", first)) == told
    assert in_words(None) == "once"
