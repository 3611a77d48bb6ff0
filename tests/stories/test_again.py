"""Somebody wants an answer once more: another one, or the rest of one that broke off."""

from datetime import timedelta

import pytest
from langchain_core.tools import StructuredTool

from bot.platform import Act
from bot.script import Break, Call, Gate, Refuse, Say, in_turn
from bot.slack.blocks import ACTIONS, RATE
from bot.slack.local import LocalSlack
from bot.slack.local.shown import Shown
from bot.worker import Limits
from tests.stage import QUICK, Model, OpenBot
from tests.stories.speech import HASTY, LEFT, answered, asked, bodies, press, quiet, written

BROKEN = "The connection to the model broke off. Ask again, or say “go on”."


def labels(slack: LocalSlack, thread: str, at: int = -1) -> list[str]:
    replies = slack.replies("general", thread)
    return [button.label for button in replies[at].buttons if button.action_id != RATE] if replies else []


def versions(whisper: Shown) -> tuple[str, int, int, str]:
    """Which answer it shows, of how many, and where one can go from it."""
    text, _, line = whisper.body.rpartition("\n")
    at, _, all_ = line.removeprefix("Answer ").partition(";")[0].partition(" of ")
    return text, int(at), int(all_), "".join(button.label for button in whisper.buttons)


def retried(slack: LocalSlack, thread: str) -> set[str]:
    """The turn that the button is about."""
    return {
        str(button.value)
        for one in slack.replies("general", thread)
        for button in one.buttons
        if button.label == "Try again"
    }


async def test_another_answer_takes_the_place_of_the_first_which_can_still_be_seen(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    model.script = in_turn(Say("First."), Say("Second."), Say("Third."), Say("Well."))
    async with start():
        ts = await slack.say("ada", "general", "@skein one")
        await answered(slack, "general", ts, "First.")
        await slack.until(lambda: labels(slack, ts) == ["Try again", "Branch"])
        await press(slack, "grace", "general", Act.AGAIN, ts)
        await answered(slack, "general", ts, "Second.")
        assert asked(model) == ["one"]
        await slack.until(lambda: labels(slack, ts) == ["Try again", "Branch", "◀ Earlier answer"])
        await press(slack, "ada", "general", Act.EARLIER, ts)
        await slack.until(lambda: [versions(one) for one in slack.whispers("ada")] == [("First.", 1, 2, "")])
        await press(slack, "ada", "general", Act.AGAIN, ts)
        await answered(slack, "general", ts, "Third.")
        await slack.until(lambda: labels(slack, ts) == ["Try again", "Branch", "◀ Earlier answer"])
        await press(slack, "ada", "general", Act.EARLIER, ts)
        await slack.until(lambda: [versions(one) for one in slack.whispers("ada")][1:] == [("Second.", 2, 3, "◀")])
        whisper = slack.whispers("ada")[1]
        await slack.click("ada", "general", whisper.ts, ACTIONS[Act.OLDER])
        await slack.until(lambda: [versions(one) for one in slack.whispers("ada")][1:] == [("First.", 1, 3, "▶")])
        await slack.click("ada", "general", whisper.ts, ACTIONS[Act.NEWER])
        await slack.until(lambda: [versions(one) for one in slack.whispers("ada")][1:] == [("Second.", 2, 3, "◀")])
        await slack.say("ada", "general", "two", thread=ts)
        await answered(slack, "general", ts, "Third.", "Well.")
    assert asked(model) == ["one", "Third.", "two"]


async def test_the_second_click_does_nothing(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    gate = Gate()
    model.script = in_turn(Say("First."), Say(["Second", gate, "."]))
    async with start():
        ts = await slack.say("ada", "general", "@skein one")
        await written(slack, "general", ts, 1)
        await press(slack, "ada", "general", Act.AGAIN, ts)
        await press(slack, "ada", "general", Act.AGAIN, ts)
        await quiet(slack)
        gate.open()
        await answered(slack, "general", ts, "Second.")
        await quiet(slack)
    assert len(model.server.requests) == 2


async def test_an_answer_in_the_middle_takes_the_conversation_back_to_it(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    model.script = in_turn(Say("One."), Say("Two."), Say("Anew."))
    async with start():
        ts = await slack.say("ada", "general", "@skein one")
        await answered(slack, "general", ts, "One.")
        await slack.say("ada", "general", "two", thread=ts)
        await answered(slack, "general", ts, "One.", "Two.")
        await press(slack, "ada", "general", Act.AGAIN, ts, at=0)
        await answered(slack, "general", ts, "Anew.", LEFT)
    assert asked(model) == ["one"]


@pytest.mark.parametrize("broken", [Break(["Half "]), Refuse(500, "server_error")])
async def test_what_went_wrong_goes_on_where_it_broke_off(
    slack: LocalSlack, model: Model, start: OpenBot, broken: Break | Refuse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.thinking.MODEL_RETRIES", 0)
    calls = 0

    async def count() -> str:
        """Count."""
        nonlocal calls
        calls += 1
        return str(calls)

    model.script = in_turn(Call([("count", {})]), broken, broken, Say("Whole."), Say("Well."))
    async with start(tools=[StructuredTool.from_function(coroutine=count, name="count")]):
        ts = await slack.say("ada", "general", "@skein one")
        pressed = set[str]()
        for _ in range(2):
            await slack.until(lambda: retried(slack, ts) - pressed)  # noqa: B023
            pressed |= retried(slack, ts)
            assert BROKEN in bodies(slack, "general", ts)[0]
            await press(slack, "ada", "general", Act.RETRY, ts)
        await answered(slack, "general", ts, "Whole.\nUsed count")
        await slack.say("ada", "general", "two", thread=ts)
        await answered(slack, "general", ts, "Whole.\nUsed count", "Well.")
    assert calls == 1
    assert [text for text in asked(model) if text not in {"None", ""}] == ["one", "1", "Whole.", "two"]


async def test_what_was_stopped_can_be_had_after_all(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    model.script = in_turn(Say(["Half", Gate()]), Say("Whole."), Say("Well."))
    async with start(limits=Limits(pace=QUICK, lease=timedelta(minutes=5))):
        ts = await slack.say("ada", "general", "@skein one")
        await answered(slack, "general", ts, "Half")
        await press(slack, "ada", "general", Act.STOP, ts)
        await answered(slack, "general", ts, "Half\nStopped by Ada")
        await press(slack, "ada", "general", Act.RETRY, ts)
        await answered(slack, "general", ts, "Whole.")
        await slack.say("ada", "general", "two", thread=ts)
        await answered(slack, "general", ts, "Whole.", "Well.")
    assert asked(model) == ["one", "Whole.", "two"]


async def test_killed_between_the_click_and_its_effect_the_next_one_tries_again(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    model.script = in_turn(Say("First."), Say(["Second", Gate()]), Say("Third."))
    async with start(limits=HASTY):
        ts = await slack.say("ada", "general", "@skein one")
        await written(slack, "general", ts, 1)
        await press(slack, "ada", "general", Act.AGAIN, ts)
        await answered(slack, "general", ts, "Second")
    async with start():
        await answered(slack, "general", ts, "Third.")
