"""The best that any scheduler could do: a lower bound for the age of what is shown, whoever decides and knows what.

The problem: an answer's tokens come at known times. It is shown first by a post, which costs no edit, and so is the
first showing of each further page; every other showing is an edit, and in no `span` are there more than `calls` edits,
of all answers together. The age of an answer at a moment is how long its oldest token that is not on screen has been
there. Minimised is the sum of all answers' ages over time, up to each answer's last token on screen.

The bound is Lagrange's. Let each window of time w charge a price p(w) >= 0 for an edit in it. Each answer alone then
finds its cheapest schedule exactly, by dynamic programming. The sum of these costs less `calls` times the sum of the
prices is at most what any schedule within the limit costs: such a schedule pays at most `calls` prices a window, so its
age is at least its priced cost less that. This holds for whatever prices; a subgradient search finds good ones.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ROUNDS = 400
"""Steps of the search for prices. More would raise the bound by less than the figures are rounded to."""

Times = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer whose tokens come evenly: `tokens` of them from `begins` on, so many `a_second`, on so many `pages`."""

    begins: float
    tokens: int
    a_second: float
    pages: int = 1

    @property
    def lasts(self) -> float:
        """Seconds from the first token to the last."""
        return (self.tokens - 1) / self.a_second

    def grid(self, step: float) -> Times:
        """The moments at which it may be shown: a token's arrival each, `step` seconds apart or one token."""
        every = max(1, round(step * self.a_second))
        places = np.arange(self.tokens - 1, -1, -every)[::-1]
        return self.begins + places / self.a_second


def least_age(streams: Sequence[Stream], *, calls: int, span: float, step: float = 0.1) -> float:
    """The least sum of ages over time, in seconds squared. Moments are looked at `step` seconds apart."""
    kinds = Counter(streams)
    end = max(stream.begins + stream.lasts for stream in streams)
    begin = min(stream.begins for stream in streams)
    windows = np.arange(begin, max(end - span, begin) + 1.0, 1.0)
    prices = np.full(len(windows), _first_price(streams, calls) / min(len(windows), span))
    best, scale = 0.0, float(prices[0])
    for step_number in range(ROUNDS):
        cost, edits = 0.0, np.zeros(len(windows))
        for stream, count in kinds.items():
            grid = stream.grid(step)
            inside = (grid[None, :] >= windows[:, None]) & (grid[None, :] < windows[:, None] + span)
            its_cost, shown = _cheapest(stream, grid, prices @ inside)
            cost += count * its_cost
            edits += count * (inside @ shown)
        best = max(best, cost - calls * float(prices.sum()))
        slope = edits - calls
        length = float(np.linalg.norm(slope)) or 1.0
        prices = np.maximum(0.0, prices + 4 * scale * slope / length / (1 + step_number) ** 0.75)
    return best


def _first_price(streams: Sequence[Stream], calls: int) -> float:
    """What an edit saves where all answers together have `calls` of them, evenly spread."""
    total = sum(stream.lasts for stream in streams)
    return total**2 / (2 * (calls + len(streams)) ** 2)


def _cheapest(stream: Stream, grid: Times, price: Times) -> tuple[float, Times]:
    """The least age and prices of one answer, and how often it is edited at each moment in the schedule that does it.

    `cost[free, at]` is the least if it is shown at `at` with `free` pages begun after that one's.
    """
    token = 1 / stream.a_second
    count = len(grid)
    cost = np.full((stream.pages, count), np.inf)
    came = np.zeros((stream.pages, count), dtype=np.int64)
    posted = np.zeros((stream.pages, count), dtype=np.bool_)
    cost[-1] = (grid - stream.begins) ** 2 / 2
    came[-1] = -1
    for at in range(1, count):
        aged = np.maximum(0.0, grid[at] - grid[:at] - token) ** 2 / 2
        for free in range(stream.pages):
            edited = cost[free, :at] + aged
            place = int(edited.argmin())
            _settle(cost, came, posted, (free, at), (edited[place] + price[at], place, False))
            if free + 1 < stream.pages:
                begun = cost[free + 1, :at] + aged
                place = int(begun.argmin())
                _settle(cost, came, posted, (free, at), (begun[place], place, True))
    return _traced(cost, came, posted)


def _settle(
    cost: Times,
    came: NDArray[np.int64],
    posted: NDArray[np.bool_],
    where: tuple[int, int],
    way: tuple[float, int, bool],
) -> None:
    if way[0] < cost[where]:
        cost[where], came[where], posted[where] = way


def _traced(cost: Times, came: NDArray[np.int64], posted: NDArray[np.bool_]) -> tuple[float, Times]:
    free, at = int(cost[:, -1].argmin()), cost.shape[1] - 1
    least = float(cost[free, at])
    shown = np.zeros(cost.shape[1])
    while (before := int(came[free, at])) >= 0:
        if posted[free, at]:
            free += 1
        else:
            shown[at] += 1
        at = before
    return least, shown
