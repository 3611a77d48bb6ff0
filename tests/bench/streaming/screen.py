"""What people saw of an answer, and how old it was."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from bot.slack.local import LocalSlack
from tests.bench.streaming.loads import Given, numbered


@dataclass(frozen=True, slots=True)
class Seen:
    """An answer on screen. `changes` are moments and how many of its tokens stood there from then on."""

    given: Given
    changes: Sequence[tuple[float, int]]
    is_whole: bool

    @property
    def age_over_time(self) -> float:
        """The integral of its age, in seconds squared, until its last token was on screen.

        At each moment the age is for how long its oldest token that is not on screen has been there.
        """
        arrivals, shown, total = self.given.arrivals(), 0, 0.0
        for at, tokens in self.changes:
            # What a page turn takes away for the length of a call is on the next page: it was seen.
            before, shown = shown, max(shown, tokens)
            total += _since(arrivals, before, at) - _since(arrivals, shown, at)
        return total

    @property
    def first_after(self) -> float:
        """Seconds from the first token to the first words on screen."""
        return next((at for at, tokens in self.changes if tokens), math.inf) - self.given.began.at

    @property
    def last_after(self) -> float:
        """Seconds from the last token to the whole on screen."""
        whole = next((at for at, tokens in self.changes if tokens >= self.given.ask.tokens), math.inf)
        return whole - self.given.ended.at

    @property
    def longest_freeze(self) -> float:
        """The longest time without a change on screen, in seconds, from the first token to the end."""
        times = [self.given.began.at, *(at for at, _ in self.changes)]
        return max(later - sooner for sooner, later in pairwise(times))


def _since(arrivals: Sequence[float], shown: int, at: float) -> float:
    """The integral of the age, from the first token that is not among those shown, until `at`."""
    return max(0.0, at - arrivals[shown]) ** 2 / 2 if shown < len(arrivals) else 0.0


def seen(slack: LocalSlack, given: Given) -> Seen:
    """What stood in Slack in the thread of an answer."""
    replies = slack.replies(given.channel, given.thread)
    steps = sorted(
        (frame.at, place, len(_words(frame.body))) for place, reply in enumerate(replies) for frame in reply.frames
    )
    standing: dict[int, int] = {}
    changes: list[tuple[float, int]] = []
    for at, place, words in steps:
        standing[place] = words
        changes.append((at, sum(standing.values())))
    words = [word for reply in replies for word in _words(reply.body)]
    is_whole = words == [word.strip() for word in numbered(given.ask.tokens)]
    return Seen(given, changes, is_whole)


def _words(body: str) -> list[str]:
    return [word for word in body.split() if word[0] == "w" and word[1:].isdecimal()]
