"""What the storm's model says: which messages it was asked, in order, so that an answer tells what it answers."""

import random
import re

from bot.script import Call, Reply, Say, Wire

ASKED = re.compile(r"\bm(\d+)\b")
ANSWER = re.compile(r"Answer to((?: m\d+)+):(?: \w+)* over\.")
"""A whole answer; its group names what it answers."""

TOKENS_A_SECOND = 40
WORDS = (5, 40)
CALLS = 0.25
"""How many of the turns look something up."""


def storm_script(seed: int) -> "StormScript":
    """A script whose answers depend on the messages alone, whichever process asks, and however often."""
    return StormScript(seed)


class StormScript:
    """Answers everything that people said since the last answer."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def __call__(self, messages: list[Wire]) -> Reply:
        """A tool call or the answer."""
        asked = numbers_in(_new(messages))
        chance = random.Random(f"{self._seed} {asked}")  # noqa: S311  (dice, not secrets)
        if chance.random() < CALLS and messages[-1]["role"] != "tool":
            return Call([("look_up", {"word": "storm"})])
        words = " ".join(["word"] * chance.randint(*WORDS))
        told = " ".join(f"m{number}" for number in asked)
        return Say(f"Answer to {told}: {words} over.", tokens_a_second=TOKENS_A_SECOND)


def numbers_in(texts: list[str]) -> list[int]:
    """The numbers of the messages that the texts name, in that order."""
    return [int(number) for text in texts for number in ASKED.findall(text)]


def _new(messages: list[Wire]) -> list[str]:
    answers = (at for at, said in enumerate(messages) if said["role"] == "assistant" and not said.get("tool_calls"))
    last = max(answers, default=-1)
    return [str(said["content"]) for said in messages[last + 1 :] if said["role"] == "user"]
