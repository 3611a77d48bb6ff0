"""The log of Web API calls, for tests to read."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from bot.slack.local.wire import Json

PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the Web API, without its token.

    `at` and `answered_at` are `time.monotonic`. `outcome` is `ok`, Slack's word for the refusal, `http 503`, or
    `reset` when the connection was cut; until the answer it is `pending`.
    """

    method: str
    args: Json
    at: float
    outcome: str = PENDING
    answered_at: float | None = None


class Calls:
    """All calls, in the order they came."""

    def __init__(self, notify: Callable[[], None]) -> None:
        self._calls: list[Call] = []
        self._notify = notify

    def begin(self, method: str, args: Json) -> int:
        """Write a call down as pending; its number is for `end`."""
        self._calls.append(Call(method, args, time.monotonic()))
        self._notify()
        return len(self._calls) - 1

    def end(self, number: int, outcome: str) -> None:
        """Write down how a call ended."""
        self._calls[number] = replace(self._calls[number], outcome=outcome, answered_at=time.monotonic())
        self._notify()

    def all(self) -> list[Call]:
        """A copy."""
        return list(self._calls)
