"""Who may show something next: the drafts of all answers that this process writes, under one budget.

The rule, from a model of the platform's limit (a sliding window of calls that all answers share):

- Every answer on screen keeps a call for its final text. A draft, and a new answer's first words, may only be shown
  while that many are left.
- One answer alone shows its first words at once, and then a draft every `DENSE` seconds, as long as it could go on
  every `STEADY` seconds for ever after.
- Several are shown every so many seconds, the same number for each: what there will be to read within some horizon
  (answers still to be written, and those that are likely to begin), over the calls that there will be by then; the
  horizon for which that is most. How long an answer lasts and how many begin is taken from those before.
- Of those that are due, the one goes first whose text on screen is oldest. A draft that is overtaken is no draft any
  more: it is the text of that moment that is shown.
- An answer that finds no room is not begun on screen: it is posted when it is whole, which takes no edit at all.

See "The pace" in `docs/design.md` for why, and `docs/benchmarks.md` for what it comes to.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import median

from bot.platform import Drafts
from bot.window import Window

DENSE = timedelta(seconds=1.1)
"""The least time between two drafts of an answer."""

STEADY = timedelta(seconds=1.35)
"""The longest that an answer which is alone stands still while words come."""

HORIZONS = (8.0, 15.0, 30.0, 45.0, 60.0)
"""How far the rule looks ahead, in seconds; beyond the last each call of today counts again."""

USUAL = 8.0
"""How many seconds an answer is taken to be written, while no other is known."""

KNOWN = 8
"""How many answers' times are remembered: few, since the next answers are like the last ones."""

LEAST_LEFT = 1.0
"""An answer is taken to go on for so many seconds at least."""

TOGETHER = 1.0
"""Answers that begin within so many seconds may do so for one reason: they count once for what is to come."""

MINUTE, LATELY = 60.0, 20.0
"""Over how many seconds the answers that begin are counted: for what is usual, and for a rush."""

FIRST_WORDS = 1.5
"""The longest that the first words of an answer wait for more of them, in seconds, where there are several answers."""

RETRY = 1.0
"""How long a refusal by the budget is believed at the most, in seconds: others may need less than they kept."""


@dataclass(slots=True, eq=False)
class Writing:
    """One answer that is being written."""

    began: float
    is_shown: bool = False
    shown_at: float = float("-inf")
    """When what is on screen was taken."""
    stale_since: float | None = None
    """Since when there is something that is not on screen; None while it does not ask to be shown."""
    allowed: asyncio.Event = field(default_factory=asyncio.Event)


class Pace:
    """Lets answers show drafts, one after another. `run` has to run meanwhile."""

    def __init__(
        self, drafts: Drafts, *, dense: timedelta = DENSE, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._drafts = drafts
        self._now = clock
        self._dense = dense.total_seconds()
        self._writings: list[Writing] = []
        self._begun: deque[float] = deque()
        self._took: deque[float] = deque([USUAL], maxlen=KNOWN)
        self._changed = asyncio.Event()

    @contextmanager
    def writing(self) -> Generator[Writing, None, None]:
        """An answer that is written while the block runs; the others thin out for it."""
        writing = Writing(self._now())
        self._note_begin(writing.began)
        self._writings.append(writing)
        try:
            yield writing
        finally:
            self._writings.remove(writing)
            self._took.append(self._now() - writing.began)
            self._changed.set()

    async def has_room(self) -> bool:
        """Whether one more answer could be begun on screen now."""
        return not await self._drafts.take_draft(self._kept() + 1, look=True)

    async def admit(self, writing: Writing) -> None:
        """Wait until this answer may show a draft; its call is taken then. `withdraw` ends the wait as well."""
        writing.allowed.clear()
        writing.stale_since = self._now()
        self._changed.set()
        try:
            await writing.allowed.wait()
        finally:
            writing.stale_since = None

    def withdraw(self, writing: Writing) -> None:
        """It asks for no draft any more."""
        writing.stale_since = None
        writing.allowed.set()

    async def run(self) -> None:
        """Let one after another show a draft, until cancelled."""
        while True:
            self._changed.clear()
            pause = await self._let_stalest()
            if pause != 0:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._changed.wait()

    async def _let_stalest(self) -> float | None:
        """Let the answer that is due first show a draft, or give the seconds until one may; None if none asks."""
        asking = [writing for writing in self._writings if writing.stale_since is not None]
        if not asking:
            return None
        now = self._now()
        gap = self.gap(now)
        at, stalest = min(((self._due(writing, gap), writing) for writing in asking), key=lambda one: one[0])
        return at - now if at > now else min(await self._ask(stalest), RETRY)

    async def _ask(self, writing: Writing) -> float:
        if writing.is_shown:
            wait = await self._drafts.take_draft(self._kept())
        else:
            wait = await self._drafts.take_draft(self._kept() + 1, look=True)
        if not wait and writing.stale_since is not None:
            writing.is_shown = True
            writing.shown_at = self._now()
            self.withdraw(writing)
        return wait

    def _kept(self) -> int:
        """How many answers on screen keep a call for their end."""
        return sum(other.is_shown for other in self._writings)

    def _due(self, writing: Writing, gap: float) -> float:
        if writing.is_shown:
            return writing.shown_at + gap
        asked = writing.stale_since or writing.began
        return asked if self._is_alone else asked + min(gap, FIRST_WORDS)

    def gap(self, now: float) -> float:
        """The seconds between two drafts of each answer, as things stand."""
        while self._begun and self._begun[0] <= now - MINUTE:
            self._begun.popleft()
        window = self._drafts.window
        if self._is_alone:
            steady = STEADY.total_seconds()
            return self._dense if window.sustains(now, steady, 1) else steady
        return max(self._dense, *self._even(window, now))

    @property
    def _is_alone(self) -> bool:
        return len(self._writings) + self._drafts.others <= 1 and len(self._begun) <= 1

    def _even(self, window: Window, now: float) -> Iterator[float]:
        """For each horizon, what there is to be read until then over how often something can be shown."""
        usual = max(0.0, self._left(0.0) - FIRST_WORDS)
        waits = {False: FIRST_WORDS, True: 0.0}
        left = [max(0.0, self._left(now - each.began) - waits[each.is_shown]) for each in self._writings]
        left += [usual / 2] * self._drafts.others
        rate = self._rate(now)
        for horizon in HORIZONS:
            to_read = sum(min(seconds, horizon) for seconds in left) + rate * horizon * min(usual, horizon)
            yield to_read / max(window.within(now, horizon), 0.5)

    def _left(self, age: float) -> float:
        """How many seconds more an answer of that age is likely to be written: as those were that took longer.

        The median, since one very long answer says nothing of the next.
        """
        longer = [took - age for took in self._took if took > age]
        return max(median(longer) if longer else age / 2, LEAST_LEFT)

    def _note_begin(self, now: float) -> None:
        if not self._begun or now - self._begun[-1] > TOGETHER:
            self._begun.append(now)

    def _rate(self, now: float) -> float:
        """How many answers are likely to begin a second: as in the last minute, or as lately if that is more.

        Of the rush, half a one is left out: one answer does not make it.
        """
        lately = sum(began > now - LATELY for began in self._begun)
        return max(len(self._begun) / MINUTE, (lately - 0.5) / LATELY)
