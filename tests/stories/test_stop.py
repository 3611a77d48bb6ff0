"""Somebody stops an answer while it is written."""

import asyncio
from datetime import timedelta

import psycopg
from langchain_core.tools import StructuredTool

from bot.platform import Act
from bot.script import Call, Gate, Say, Script, in_turn
from bot.slack.local import LocalSlack
from bot.worker import Limits
from tests.stage import QUICK, Model, OpenBot
from tests.stories.speech import HASTY, answered, bodies, press, written

DEAF = Limits(pace=QUICK, lease=timedelta(minutes=5))
"""Of a stop it hears at once or never: its leases are renewed late."""


def endless(gate: Gate) -> Script:
    """It begins to count and goes on once it is let; whatever is asked next gets a word."""
    return in_turn(Say(["One two", gate, " three"]), Say("Well."))


async def begun(slack: LocalSlack) -> str:
    """Ask, and wait until there is something to be stopped."""
    ts = await slack.say("ada", "general", "@skein count")
    await answered(slack, "general", ts, "One two")
    return ts


async def stop(slack: LocalSlack, who: str, thread: str) -> None:
    await press(slack, who, "general", Act.STOP, thread)


def stop_unheard(slack: LocalSlack, who: str, database_url: str) -> None:
    """A click on what runs, or was left, of which nobody hears."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "insert into skein_stops (turn, who) select turn, %s from skein_conversations where turn is not null",
            (slack.user(who).id,),
        )


async def test_what_was_written_stays_and_is_remembered_and_the_model_is_let_go(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    model.script = endless(Gate())
    async with start(limits=DEAF):
        ts = await begun(slack)
        await stop(slack, "ada", ts)
        await answered(slack, "general", ts, "One two\nStopped by Ada")
        await model.server.disconnected()
        assert "Stop" not in {button.label for button in slack.replies("general", ts)[0].buttons}
        assert not slack.replies("general", ts)[0].edited
        await slack.say("ada", "general", "and now?", thread=ts)
        await answered(slack, "general", ts, "One two\nStopped by Ada", "Well.")
    asked = model.server.requests[-1]["messages"]
    assert [message["content"] for message in asked if message["role"] == "assistant"] == ["One two"]


async def test_anybody_there_may_stop_it_and_the_second_click_does_nothing(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    model.script = endless(Gate())
    async with start(limits=DEAF):
        ts = await begun(slack)
        await stop(slack, "grace", ts)
        await stop(slack, "grace", ts)
        await answered(slack, "general", ts, "One two\nStopped by Grace")
        await slack.say("ada", "general", "and now?", thread=ts)
        await answered(slack, "general", ts, "One two\nStopped by Grace", "Well.")


async def test_the_click_may_come_to_another_replica(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    model.script = endless(Gate())
    async with start(limits=DEAF):
        ts = await begun(slack)
        async with start(limits=DEAF):
            # It is one of the four connections that gets the click; each of the two bots has clicks that are not its.
            for _ in range(4):
                await stop(slack, "ada", ts)
            await answered(slack, "general", ts, "One two\nStopped by Ada")


async def test_a_stop_that_was_not_heard_is_found_when_the_lease_is_renewed(
    slack: LocalSlack, model: Model, start: OpenBot, database_url: str
) -> None:
    model.script = endless(Gate())
    async with start(limits=Limits(pace=QUICK, lease=timedelta(seconds=1))):
        ts = await begun(slack)
        stop_unheard(slack, "ada", database_url)
        await answered(slack, "general", ts, "One two\nStopped by Ada")


async def test_what_was_stopped_while_nobody_held_it_is_not_gone_on_with(
    slack: LocalSlack, model: Model, start: OpenBot, database_url: str
) -> None:
    model.script = endless(Gate())
    async with start(limits=HASTY):
        ts = await begun(slack)
    stop_unheard(slack, "grace", database_url)
    async with start():
        await answered(slack, "general", ts, "Stopped by Grace")
        await slack.say("ada", "general", "and now?", thread=ts)
        await answered(slack, "general", ts, "Stopped by Grace", "Well.")
    assert len(model.server.requests) == 2


async def test_before_the_first_word_and_while_a_tool_runs_it_is_stopped_as_well(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    ended = asyncio.Event()

    async def wait() -> str:
        """Wait."""
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return ""

    model.script = in_turn(Call([("wait", {})]), Say("Well."))
    async with start(limits=DEAF, tools=[StructuredTool.from_function(coroutine=wait, name="wait")]):
        ts = await slack.say("ada", "general", "@skein wait")
        await answered(slack, "general", ts, "Using wait")
        await stop(slack, "ada", ts)
        await answered(slack, "general", ts, "Stopped by Ada")
        await ended.wait()
        await slack.say("ada", "general", "and now?", thread=ts)
        await answered(slack, "general", ts, "Stopped by Ada", "Well.")


async def test_an_answer_that_has_ended_has_nothing_to_stop(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    model.script = lambda _: Say("Done.")
    async with start(limits=DEAF):
        ts = await slack.say("ada", "general", "@skein go")
        await written(slack, "general", ts, 1)
    assert bodies(slack, "general", ts) == ["Done."]
