"""Answers as Slack's own streams: who gets them, and what happens when a stream comes to its end too soon."""

import asyncio
from datetime import timedelta

import pytest
from langchain_core.tools import StructuredTool

from bot.budget import Tier
from bot.platform import Act
from bot.script import Break, Call, Gate, Say, in_turn
from bot.slack.local import Fault, LocalSlack
from bot.slack.local.limits import Limit
from bot.slack.tiers import START, TIERS, UPDATE
from bot.worker import Limits
from tests.stage import QUICK, Model, OpenBot
from tests.stories.speech import answered, bodies, press

pytestmark = pytest.mark.slow

STREAM = "chat.startStream"

FAULTS = {
    "cut before": Fault(reset="before"),
    "cut after it was accepted": Fault(reset="after"),
    "500": Fault(status=500),
    "asked for patience": Fault(retry_after=1),
    "refused for good": Fault(error="not_supported"),
}


def methods(slack: LocalSlack) -> list[str]:
    """How the answer was written."""
    return [call.method for call in slack.calls if call.method.startswith("chat.")]


def is_streaming(slack: LocalSlack, channel: str, thread: str) -> bool:
    return any(reply.streaming for reply in slack.replies(channel, thread))


async def in_a_direct_thread(slack: LocalSlack, text: str) -> tuple[str, str]:
    """Ada writes in a thread of her direct message: the channel and the thread."""
    root = await slack.direct("ada", "new topic")
    channel = slack.direct_channel("ada")
    await slack.until(lambda: bodies(slack, channel, None))
    await slack.direct("ada", text, thread=root)
    return channel, root


async def test_natively_an_answer_grows_in_a_stream_and_ends_whole(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    gate = Gate()
    model.script = lambda _: Say(["It is **sunny** in", gate, " San Francisco today."])
    async with start(streaming="native"):
        ts = await slack.say("ada", "general", "@skein how is it?")
        await answered(slack, "general", ts, "It is **sunny**")
        assert is_streaming(slack, "general", ts)
        gate.open()
        await answered(slack, "general", ts, "It is **sunny** in San Francisco today.")
        await slack.until(lambda: not is_streaming(slack, "general", ts))
    assert {STREAM, "chat.stopStream"} <= set(methods(slack))
    assert "chat.postMessage" not in methods(slack)
    assert methods(slack).count("chat.update") == 1  # takes the button away
    assert slack.replies("general", ts)[0].metadata


async def test_a_stream_that_shows_everything_already_is_stopped_too(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    gate = Gate()
    model.script = lambda _: Say(["That is all. ", gate])
    async with start(streaming="native"):
        ts = await slack.say("ada", "general", "@skein and?")
        await answered(slack, "general", ts, "That is all.")
        gate.open()
        await slack.until(lambda: not is_streaming(slack, "general", ts))
    assert slack.replies("general", ts)[0].metadata


async def test_automatically_a_direct_message_is_streamed_and_a_channel_edited(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    model.script = lambda _: Say("Here you are.")
    async with start(streaming="auto"):
        ts = await slack.say("ada", "general", "@skein here")
        await answered(slack, "general", ts, "Here you are.")
        assert STREAM not in methods(slack)
        channel, root = await in_a_direct_thread(slack, "and here")
        await answered(slack, channel, root, "Here you are.")
    assert STREAM in methods(slack)


async def test_the_top_level_of_a_direct_message_takes_no_streams_and_is_edited(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    model.script = lambda _: Say("Here you are.")
    async with start(streaming="native"):
        await slack.direct("ada", "here")
        await answered(slack, slack.direct_channel("ada"), None, "Here you are.")
    assert STREAM not in methods(slack)


@pytest.mark.parametrize(("streaming", "full"), [("auto", UPDATE), ("native", START)])
async def test_an_answer_takes_the_other_lane_when_one_is_full(
    slack: LocalSlack, model: Model, start: OpenBot, streaming: str, full: str
) -> None:
    model.script = lambda _: Say("Here you are.")
    tiers = dict(TIERS) | {full: Tier(0)}
    async with start(streaming=streaming, tiers=tiers):
        ts = await slack.say("ada", "general", "@skein here")
        await answered(slack, "general", ts, "Here you are.")
    assert (STREAM in methods(slack)) == (full == UPDATE)


async def test_a_stream_that_dies_of_age_is_carried_on_by_edits_in_the_same_message(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    gate = Gate()
    model.script = lambda _: Say(["One two ", gate, "three four ", "five."])
    async with start(streaming="native"):
        ts = await slack.say("ada", "general", "@skein count")
        await answered(slack, "general", ts, "One two")
        slack.set_stream_life(timedelta(0))
        gate.open()
        await answered(slack, "general", ts, "One two three four five.")
    assert len(slack.replies("general", ts)) == 1
    assert "chat.update" in methods(slack)


@pytest.mark.parametrize("method", ["chat.startStream", "chat.appendStream", "chat.stopStream"])
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.usefixtures("_short_waits")
async def test_whatever_happens_to_a_stream_no_word_is_lost_or_doubled(
    slack: LocalSlack, model: Model, start: OpenBot, method: str, fault: Fault
) -> None:
    first, second = Gate(), Gate()
    model.script = lambda _: Say(["One two ", first, "three four ", second, "five."])
    async with start(streaming="native"):
        slack.fail(method, fault)
        ts = await slack.say("ada", "general", "@skein count")
        await slack.until(lambda: bodies(slack, "general", ts))
        first.open()
        await slack.until(lambda: "four" in "".join(bodies(slack, "general", ts)))
        second.open()
        await answered(slack, "general", ts, "One two three four five.")
        await slack.until(lambda: not is_streaming(slack, "general", ts))
    assert bodies(slack, "general", ts) == ["One two three four five."]
    assert any(call.method == method and call.outcome != "ok" for call in slack.calls)


async def test_a_long_answer_goes_on_in_a_further_stream(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    words = [f"word{number:0>250}" for number in range(100)]
    model.script = lambda _: Say(" ".join(words), tokens_a_second=20_000)
    async with start(streaming="native"):
        ts = await slack.say("ada", "general", "@skein a lot, please")
        await slack.until(lambda: " ".join(bodies(slack, "general", ts)).split() == words)
    assert len(slack.replies("general", ts)) > 1


async def test_tools_are_tasks_and_a_broken_answer_says_so(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    found = asyncio.Event()

    async def search(query: str) -> str:
        await found.wait()
        return f"Something about {query}."

    tool = StructuredTool.from_function(coroutine=search, name="web_search", description="Search.")
    model.script = in_turn(Call([("web_search", {"query": "SF"})], "Let me see."), Break("It is "), Break("It is "))
    async with start(streaming="native", tools=[tool]):
        ts = await slack.say("ada", "general", "@skein how is it?")
        await slack.until(lambda: ("Searching: SF", "in_progress") in tasks(slack, ts))
        found.set()
        await slack.until(lambda: ("Searching: SF", "complete") in tasks(slack, ts))
        await slack.until(lambda: "connection to the model broke off" in "".join(bodies(slack, "general", ts)))


def tasks(slack: LocalSlack, ts: str) -> list[tuple[str, str]]:
    (reply,) = slack.replies("general", ts) or [None]
    blocks = reply.blocks if reply else ()
    return [(block["title"], block["status"]) for block in blocks if block["type"] == "task_card"]


async def test_a_stream_whose_holder_died_is_gone_on_with_in_the_same_message(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    gate = Gate()
    model.script = in_turn(Say(["One two ", gate, "three."]), Say("One two three."))
    away = Limits(pace=QUICK, lease=timedelta(seconds=1), grace=timedelta(0), drain=timedelta(0), farewell=timedelta(0))
    async with start(streaming="native", limits=away):
        ts = await slack.say("ada", "general", "@skein count")
        await answered(slack, "general", ts, "One two")
        slack.fail("chat.stopStream", Fault(status=503), times=1000)
        slack.fail("chat.update", Fault(status=503), times=1000)
    assert is_streaming(slack, "general", ts)
    slack.heal()
    async with start(streaming="native"):
        await answered(slack, "general", ts, "One two three.")
    assert len(slack.replies("general", ts)) == 1


async def test_the_limits_of_streams_are_kept(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    slack.limits["chat.appendStream"] = Limit(100)
    model.script = lambda _: Say("word " * 30, tokens_a_second=20)
    async with start(streaming="native", pace=timedelta(milliseconds=200)):
        threads = [await slack.say("ada", "general", f"@skein {number}") for number in range(4)]
        for thread in threads:
            await answered(slack, "general", thread, ("word " * 30).strip())
    assert [call for call in slack.calls if call.outcome == "ratelimited"] == []


async def test_a_stream_has_a_button_that_stops_it(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    model.script = lambda _: Say(["So far. ", Gate()])
    async with start(streaming="native", limits=Limits(pace=QUICK, lease=timedelta(minutes=5))):
        ts = await slack.say("ada", "general", "@skein one")
        await slack.until(lambda: "So far." in "".join(bodies(slack, "general", ts)))
        assert slack.replies("general", ts)[0].streaming
        await press(slack, "grace", "general", Act.STOP, ts)
        await answered(slack, "general", ts, "So far.\nStopped by Grace")
        assert "Stop" not in {button.label for button in slack.replies("general", ts)[0].buttons}


async def test_where_slack_takes_no_button_in_a_stream_there_is_none(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    gate = Gate()
    model.script = lambda _: Say(["So far. ", gate, "Done."])
    slack.fail("chat.startStream", Fault(error="invalid_chunks"))
    async with start(streaming="native"):
        for number in (1, 2):
            ts = await slack.say("ada", "general", f"@skein {number}")
            await slack.until(lambda: "So far." in "".join(bodies(slack, "general", ts)))  # noqa: B023
            assert slack.replies("general", ts)[0].streaming
            assert slack.replies("general", ts)[0].buttons == ()
            gate.open()
            await answered(slack, "general", ts, "So far. Done.")
            gate = Gate()
    assert methods(slack).count("chat.startStream") == 3
    assert "chat.update" not in methods(slack)
