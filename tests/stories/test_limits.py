"""Slack's limits: whoever writes how much, nothing is refused, and when Slack tightens them nothing is lost."""

from datetime import timedelta

import pytest

from bot.budget import Tier
from bot.script import Gate, Say
from bot.slack.local import LocalSlack
from bot.slack.local.limits import Limit
from bot.slack.tiers import TIERS, UPDATE
from tests.stage import Model, OpenBot
from tests.stories.speech import answered, bodies

pytestmark = pytest.mark.slow

TEXT = " ".join(f"w{number}" for number in range(30))


def refusals(slack: LocalSlack) -> int:
    return sum(call.outcome == "ratelimited" for call in slack.calls)


async def whole(slack: LocalSlack, threads: list[str], within: timedelta = timedelta(seconds=20)) -> None:
    await slack.until(lambda: all(bodies(slack, "general", ts) == [TEXT] for ts in threads), within)


async def ask(slack: LocalSlack, count: int) -> list[str]:
    return [await slack.say("ada", "general", f"@skein question {number}") for number in range(count)]


async def test_two_replicas_share_the_limit(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    slack.limits["chat.postMessage"] = Limit(100)
    model.script = lambda _: Say(TEXT, tokens_a_second=15)
    tiers = dict(TIERS) | {"chat.postMessage": Tier(100)}
    async with start(tiers=tiers), start(tiers=tiers):
        await whole(slack, await ask(slack, 12))
    edits = sum(call.method == UPDATE for call in slack.calls)
    assert 12 <= edits <= 50  # each has its last one at least, on however slow a machine
    assert refusals(slack) == 0


async def test_more_answers_than_edits_are_all_whole_and_nothing_is_refused(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    slack.limits.update({"chat.postMessage": Limit(100), UPDATE: Limit(8)})
    model.script = lambda _: Say(TEXT, tokens_a_second=30)
    async with start(tiers=dict(TIERS) | {"chat.postMessage": Tier(100), UPDATE: Tier(8)}):
        threads = await ask(slack, 20)
        await whole(slack, threads)
    assert refusals(slack) == 0
    posted_whole = [ts for ts in threads if len(slack.replies("general", ts)[0].frames) == 1]
    assert len(posted_whole) >= 12


async def test_a_limit_that_slack_tightens_without_a_word_delays_and_loses_nothing(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    gate = Gate()
    model.script = lambda _: Say(["w0 ", gate, TEXT.removeprefix("w0 ")], tokens_a_second=30)
    span = timedelta(seconds=1)
    slack.limits.update({"chat.postMessage": Limit(100), UPDATE: Limit(50, span)})
    async with start(tiers=dict(TIERS) | {"chat.postMessage": Tier(100), UPDATE: Tier(50, span)}):
        threads = await ask(slack, 5)
        for ts in threads:
            await answered(slack, "general", ts, "w0")
        slack.limits[UPDATE] = Limit(4, span)
        gate.open()
        await whole(slack, threads)
        known = refusals(slack)
        assert known > 0
        # It has learned: the same again is refused far less often.
        await whole(slack, await ask(slack, 5))
    assert refusals(slack) - known <= known


async def test_a_final_text_goes_before_the_drafts_of_others(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    gate = Gate()
    model.script = lambda messages: Say(
        ["Short ", gate, "end."] if "short" in str(messages[-1]["content"]) else "word " * 80, tokens_a_second=40
    )
    slack.limits.update({UPDATE: Limit(3)})
    async with start(tiers=dict(TIERS) | {UPDATE: Tier(3)}):
        short = await slack.say("ada", "general", "@skein short")
        await answered(slack, "general", short, "Short")
        long = await slack.say("ada", "general", "@skein long")
        await slack.until(lambda: bodies(slack, "general", long))
        gate.open()
        await answered(slack, "general", short, "Short end.")
    assert refusals(slack) == 0
