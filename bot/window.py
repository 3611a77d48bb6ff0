"""A sliding window as Slack counts one: at most so many calls in any span of time. Arithmetic, without a clock."""

from bisect import bisect_right
from dataclasses import dataclass, field

LEAST_WAIT = 0.001
"""Seconds."""


@dataclass(slots=True)
class Window:
    """At most `calls` in any `span` seconds. Times are seconds of one clock that never falls; `taken` rises.

    `keep` in what follows is how many calls are to be left for others.
    """

    calls: int
    span: float
    taken: list[float] = field(default_factory=list[float])
    closed_until: float = float("-inf")

    def take(self, now: float, keep: int = 0) -> float:
        """Take a call and return 0, or return the seconds until there is one to take."""
        wait = self.wait(now, keep)
        if not wait:
            self.taken = [*self.taken[bisect_right(self.taken, now - self.span) :], now]
        return wait

    def wait(self, now: float, keep: int = 0) -> float:
        """The seconds until there is a call to take: 0 if there is one now, the whole span if there never is."""
        if now < self.closed_until:
            return self.closed_until - now
        over = self.used(now) + 1 - (self.calls - keep)
        if over <= 0:
            return 0.0
        if over > self.used(now):
            return self.span
        # Rounding must not make "now" of "in a moment".
        return max(self.taken[over - self.used(now) - 1] + self.span - now, LEAST_WAIT)

    def used(self, now: float) -> int:
        """How many calls stand in the window that ends now."""
        return len(self.taken) - bisect_right(self.taken, now - self.span)

    def within(self, now: float, horizon: float, keep: int = 0) -> int:
        """How many calls can be taken from now on until then; those that leave the window meanwhile count again."""
        return self.calls - keep - self.used(min(now, now + horizon - self.span) + self.span)

    def sustains(self, now: float, every: float, keep: int = 0) -> bool:
        """Whether a call now leaves room for a further one `every` so many seconds, for ever."""
        steps = int(self.span / every)
        return all(self._standing(now + step * every) + step + 1 <= self.calls - keep for step in range(steps + 1))

    def _standing(self, at: float) -> int:
        """How many of the calls taken so far will stand in the window that ends then."""
        return len(self.taken) - bisect_right(self.taken, at - self.span)
