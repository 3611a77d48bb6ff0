"""Slack's `ts`: the id of a message in its channel, and a time at once."""

import re
import time

_FORM = re.compile(r"\d{10}\.\d{6}")


class Stamps:
    """Hands out `ts` such as `1700000000.000100` from the wall clock, each above the last, whatever the clock does."""

    def __init__(self) -> None:
        self._last = 0

    def next(self) -> str:
        """A new `ts`."""
        self._last = max(time.time_ns() // 1000, self._last + 1)
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"


def is_stamp(text: str) -> bool:
    """Whether the text has the form of a `ts`."""
    return _FORM.fullmatch(text) is not None
