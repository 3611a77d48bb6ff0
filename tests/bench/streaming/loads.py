"""What is asked and answered: answers of numbered words that come evenly, and when each of them came in fact."""

import random
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.script import Gate, Say, Wire
from bot.slack.local import LocalSlack

CHANNELS = 10
"""A hundred threads begun in one channel would have to wait for its posts."""

PARAGRAPH = 60
ASKED = re.compile(r"answer (\d+)")


@dataclass(frozen=True, slots=True)
class Ask:
    """An answer of so many tokens, `a_second` of them a second, that is asked for at `begins`, in seconds."""

    tokens: int
    a_second: float
    begins: float = 0.0


@dataclass(frozen=True, slots=True)
class Load:
    """Answers together. Before, the bot has given `warmed_by` at once, so that it knows how long answers take here."""

    name: str
    asks: Sequence[Ask]
    warmed_by: Sequence[Ask]
    bar: float
    """How many times the age that is possible the age may be."""


def load(name: str, count: int, tokens: int, a_second: float, bar: float) -> Load:
    """So many equal answers at once."""
    ask = Ask(tokens, a_second)
    return Load(name, [ask] * count, [] if count == 1 else [ask] * 5, bar)


def random_minute(a_minute: float, seed: int, bar: float) -> Load:
    """Answers that begin at random for a minute."""
    chance, at, asks = random.Random(seed), 0.0, list[Ask]()  # noqa: S311  (dice, not secrets)
    while (at := at + chance.expovariate(a_minute / 60)) < 60:
        asks.append(Ask(chance.choice([200, 600]), 50, at))
    return Load("a random minute", asks, [Ask(200, 50), Ask(600, 50)] * 3, bar)


LOADS = [
    load("1 of 1,500 tokens", 1, 1_500, 50, 1.3),
    load("1 of 8,000 tokens", 1, 8_000, 50, 1.3),
    load("20 of 200 tokens", 20, 200, 50, 1.3),
    load("20 of 600 tokens", 20, 600, 50, 1.3),
    load("100 of 200 tokens", 100, 200, 12, 1.5),
    load("100 of 600 tokens", 100, 600, 12, 1.5),
    random_minute(10, 5, 1.5),
]


class _Moment(Gate):
    """A place in an answer that notes when the model came by."""

    def __init__(self) -> None:
        super().__init__()
        self.at = 0.0
        self.open()

    async def go_through(self) -> None:
        self.at = time.monotonic()


@dataclass(slots=True)
class Given:
    """An answer as the model gives it: when its first token came, and its last, in seconds of `time.monotonic`."""

    ask: Ask
    began: _Moment = field(default_factory=_Moment)
    ended: _Moment = field(default_factory=_Moment)
    channel: str = ""
    thread: str = ""

    def say(self) -> Say:
        """For the scripted model."""
        words = list(numbered(self.ask.tokens))
        return Say([words[0], self.began, *words[1:], self.ended], self.ask.a_second)

    def arrivals(self) -> list[float]:
        """When each token came."""
        apart = (self.ended.at - self.began.at) / max(1, self.ask.tokens - 1)
        return [self.began.at + token * apart for token in range(self.ask.tokens)]


def numbered(tokens: int) -> Sequence[str]:
    """The words of an answer, in paragraphs."""
    return [f"w{number}{' ' if number % PARAGRAPH else chr(10) * 2}" for number in range(1, tokens + 1)]


class Course:
    """The answers of a run. Its `script` is the model's."""

    def __init__(self) -> None:
        self.given: list[Given] = []

    def script(self, messages: list[Wire]) -> Say:
        """The answer whose number stands in the last message."""
        found = ASKED.search(str(messages[-1]["content"]))
        return self.given[int(found[1])].say() if found else Say("?")

    async def ask(self, slack: LocalSlack, ask: Ask) -> Given:
        """Somebody asks for an answer in a thread of its own."""
        given = Given(ask)
        number = len(self.given)
        self.given.append(given)
        given.channel = f"bench{number % CHANNELS}"
        given.thread = await slack.say("ada", given.channel, f"@skein answer {number}")
        return given
