"""Where the bot is an agent of Slack's: prompts, a state for each thread, Slack's own Stop, and what people look at."""

from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest

from bot.script import Call, Gate, Reply, Say, Wire
from bot.slack.agent_view import SUGGESTED
from bot.slack.local import LocalSlack
from bot.slack.local.context import AGENT
from bot.slack.local.events import PLAIN_EVENTS
from bot.slack.local.faults import Fault
from bot.slack.local.seed import PLAIN_SCOPES
from bot.worker import Limits
from tests.stage import QUICK, Model, OpenBot
from tests.stories.speech import HASTY, answered, bodies, echo, quiet, written


@pytest.fixture
async def slack() -> AsyncGenerator[LocalSlack, None]:
    """A Slack in which the bot is an agent."""
    events = {*PLAIN_EVENTS, "agent_session_stopped", "app_context_changed"}
    soon = [timedelta(milliseconds=50)] * 3
    async with LocalSlack.open(scopes={*PLAIN_SCOPES, AGENT}, subscriptions=events, retry_delays=soon) as slack:
        yield slack


def state(slack: LocalSlack, where: str, thread: str) -> tuple[str, str]:
    """What a thread is at, and what it is called."""
    session = slack.context.sessions.get((slack.channel(where).id, thread))
    return (session.status, session.title) if session else ("", "")


async def test_prompts_are_suggested_to_whoever_looks(slack: LocalSlack, start: OpenBot) -> None:
    async with start():
        await slack.open_home("ada", "messages")
        channel = slack.direct_channel("ada")
        await slack.until(lambda: channel in slack.context.prompts)
        assert slack.context.prompts[channel] == tuple(one["message"] for one in SUGGESTED)


async def test_a_thread_is_at_work_until_it_is_answered_and_has_a_title(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    gate = Gate()
    model.script = lambda _: Say(["One", gate, "."])
    async with start():
        ts = await slack.say("ada", "general", "@skein What is\nthe weather?")
        await slack.until(lambda: state(slack, "general", ts) == ("processing", "What is the weather?"))
        gate.open()
        await slack.until(lambda: state(slack, "general", ts) == ("active", "What is the weather?"))
        assert bodies(slack, "general", ts) == ["One."]


async def test_it_is_suspended_while_it_waits_for_a_decision(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    model.script = lambda messages: Say("Done.") if messages[-1]["role"] == "tool" else Call([("current_time", {})])
    async with start(own_tools=True, approve="current_time"):
        ts = await slack.say("ada", "general", "@skein now?")
        await slack.until(lambda: state(slack, "general", ts)[0] == "suspended")
        await slack.click("ada", "general", slack.replies("general", ts)[0].ts, "skein_approve")
        await slack.until(lambda: state(slack, "general", ts)[0] == "active")


@pytest.mark.parametrize("streaming", ["edit", "native"])
async def test_slacks_own_stop_ends_the_answer(slack: LocalSlack, model: Model, start: OpenBot, streaming: str) -> None:
    model.script = lambda _: Say(["So far. ", Gate()])
    async with start(streaming=streaming, limits=Limits(pace=QUICK, lease=timedelta(minutes=5))), start():
        ts = await slack.direct("ada", "one")
        await slack.until(lambda: "So far." in "".join(bodies(slack, slack.direct_channel("ada"), ts)))
        await slack.stop_session("ada", slack.direct_channel("ada"), ts)
        await answered(slack, slack.direct_channel("ada"), ts, "So far.\nStopped by Ada")
        await slack.until(lambda: state(slack, slack.direct_channel("ada"), ts)[0] == "active")


async def test_each_direct_message_is_a_thread_and_a_conversation(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    model.script = echo
    async with start():
        channel = slack.direct_channel("ada")
        first, second = await slack.direct("ada", "one"), await slack.direct("ada", "two")
        await answered(slack, channel, first, "1: one")
        await answered(slack, channel, second, "1: two")
        await slack.direct("ada", "three", thread=first)
        await answered(slack, channel, first, "1: one", "3: three")


async def test_the_channel_that_somebody_looks_at_can_be_read(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    def script(messages: list[Wire]) -> Reply:
        last = messages[-1]
        return Say(str(last["content"])) if last["role"] == "tool" else Call([("read_channel", {})])

    model.script = script
    async with start(own_tools=True):
        await slack.say("grace", "research", "We move on Monday.")
        channel = slack.direct_channel("ada")
        slack.look_at("ada", "research")
        ts = await slack.direct("ada", "What is new there?")
        await slack.until(lambda: "Grace: We move on Monday." in "".join(bodies(slack, channel, ts)))
        slack.look_at("ada", None)
        ts = await slack.direct("ada", "And now?")
        await slack.until(lambda: "There is no channel here" in "".join(bodies(slack, channel, ts)))
        ts = await slack.direct("grace", "And for me?")
        await slack.until(lambda: "There is no channel" in "".join(bodies(slack, slack.direct_channel("grace"), ts)))


async def test_killed_while_it_is_at_work_the_next_one_ends_it(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    gate = Gate()
    model.script = lambda _: Say(["One", gate, "."])
    async with start(limits=HASTY):
        ts = await slack.say("ada", "general", "@skein one")
        await slack.until(lambda: state(slack, "general", ts)[0] == "processing")
        await answered(slack, "general", ts, "One")
    gate.open()
    async with start():
        await slack.until(lambda: state(slack, "general", ts)[0] == "active")
        assert bodies(slack, "general", ts) == ["One."]


async def test_a_state_that_cannot_be_shown_is_no_harm(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    model.script = echo
    slack.fail("agents.sessions.setStatus", Fault(error="internal_error"), times=1)
    slack.fail("agents.sessions.setStatus", Fault(error="not_allowed"), times=9)
    async with start():
        ts = await slack.say("ada", "general", "@skein one")
        await written(slack, "general", ts, 1)
        await quiet(slack)
        assert state(slack, "general", ts) == ("", "")


async def test_without_the_agent_view_nothing_is_asked_of_it(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    model.script = echo
    slack.scopes.discard(AGENT)
    async with start():
        await slack.open_home("ada", "messages")
        ts = await slack.say("ada", "general", "@skein one")
        await written(slack, "general", ts, 1)
        await quiet(slack)
    assert not any(call.method.startswith(("agents.", "assistant.")) for call in slack.calls)
