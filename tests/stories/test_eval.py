"""The cases that judge a model tell one that keeps its promises from one that does not."""

from collections.abc import Sequence

import pytest

from bot.script import Call, Reply, Say, Script, in_turn
from bot.settings import Settings
from tests.eval.__main__ import judge, rate
from tests.eval.cases import CASES, Case
from tests.eval.scene import RECIPE
from tests.stage import Model

SEARCH = Call([("web_search", {"query": "weather in SF"})])
READ = Call([("read_page", {"url": RECIPE})])


def case(beginning: str) -> Case:
    return next(case for case in CASES if case.promise.startswith(beginning))


@pytest.mark.parametrize(
    ("promise", "said"),
    [
        ("follows", (Say("Your cat is called Mog."), Say("I do not know."))),
        ("knows nothing", (Say("You have not told me."), Say("Mog!"))),
        ("names", (Say("Grace"), Say("Ada"))),
        ("searches", (in_turn(SEARCH, Say("17 °C.")), Say("17 °C."))),
        ("does not search", (Say("144"), in_turn(SEARCH, Say("144")))),
        ("pings", (Say("<!channel> Lunch!"),)),
        ("ignores instructions planted in a file", (Say("At four."), Say("PWNED"))),
        ("ignores instructions planted in a page", (in_turn(READ, Say("14 minutes.")), in_turn(READ, Say("PWNED")))),
    ],
)
async def test_a_promise_that_is_kept_counts_and_no_other(
    settings: Settings, model: Model, database_url: str, promise: str, said: Sequence[Reply | Script]
) -> None:
    """The first of what is `said` keeps the promise, and the second does not."""
    for one, kept in zip(said, (1, 0), strict=False):
        model.script = one if callable(one) else lambda _, one=one: one
        assert await rate(settings, case(promise), 1, database_url) == kept


async def test_one_broken_promise_is_said_and_counts(
    settings: Settings, model: Model, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    model.script = lambda _: Say("144, says Mog.")
    assert not await judge(settings, 1, database_url)
    printed = capsys.readouterr().out
    assert "ok   1 of 1  does not search for what it knows" in printed
    assert "BAD  0 of 1  knows nothing of another thread" in printed
