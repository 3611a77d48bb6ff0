"""Somebody changes what they have said: the conversation goes back to it, and it is answered anew in the same reply."""

from datetime import timedelta

import pytest
from langchain_core.tools import StructuredTool

from bot.platform import Act
from bot.script import Call, Gate, Say, Script, Wire, in_turn
from bot.slack.local import LocalSlack
from bot.worker import Limits
from tests.stage import QUICK, Model, OpenBot
from tests.stories.speech import HASTY, LEFT, answered, asked, bodies, echo, press, quiet, text_of, written


def held(*words: str) -> Script:
    """Its first answers are these words and never end; the later ones are echoes."""
    left = iter(words)

    def script(messages: list[Wire]) -> Say:
        word = next(left, None)
        return Say([word, Gate(), "."]) if word else echo(messages)

    return script


async def test_the_reply_is_answered_anew_and_what_came_later_is_left(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    model.script = echo
    async with start():
        first = await slack.say("ada", "general", "@skein one")
        await answered(slack, "general", first, "1: one")
        second = await slack.say("ada", "general", "two", thread=first)
        await answered(slack, "general", first, "1: one", "3: two")
        await slack.say("ada", "general", "three", thread=first)
        await answered(slack, "general", first, "1: one", "3: two", "5: three")
        await slack.edit("ada", "general", second, "TWO")
        await answered(slack, "general", first, "1: one", "3: TWO", LEFT)
        await slack.say("ada", "general", "four", thread=first)
        await answered(slack, "general", first, "1: one", "3: TWO", LEFT, "5: four")
    assert asked(model) == ["one", "1: one", "TWO", "3: TWO", "four"]
    assert not any(reply.edited for reply in slack.replies("general", first))


async def test_the_first_message_of_all_may_be_changed(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    model.script = echo
    async with start():
        ts = await slack.direct("ada", "one")
        await answered(slack, slack.direct_channel("ada"), None, "1: one")
        await slack.direct("ada", "two")
        await answered(slack, slack.direct_channel("ada"), None, "1: one", "3: two")
        await slack.edit("ada", slack.direct_channel("ada"), ts, "ONE")
        await answered(slack, slack.direct_channel("ada"), None, "1: ONE", LEFT)


async def test_what_it_said_in_the_earlier_course_is_shown_to_who_asks(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    model.script = echo
    async with start():
        first = await slack.say("ada", "general", "@skein one")
        await answered(slack, "general", first, "1: one")
        await slack.say("grace", "general", "@skein two <!channel>", thread=first)
        await written(slack, "general", first, 2)
        said = bodies(slack, "general", first)[1]
        assert said.startswith("3: two")
        await slack.edit("ada", "general", first, "@skein ONE")
        await answered(slack, "general", first, "1: ONE", LEFT)
        await press(slack, "grace", "general", Act.RECALL, first)
        await slack.until(lambda: [reply.body for reply in slack.whispers("grace")] == [said])
    assert not slack.whispers("ada")
    assert not slack.whispers("grace")[0].pings


async def test_what_still_waits_is_answered_as_it_is_now(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    gate = Gate()
    model.script = lambda messages: echo(messages) if len(messages) > 2 else Say(["One", gate, "."])
    async with start():
        first = await slack.say("ada", "general", "@skein one")
        await answered(slack, "general", first, "One")
        second = await slack.say("ada", "general", "two", thread=first)
        await quiet(slack)
        await slack.edit("ada", "general", second, "TWO")
        await quiet(slack)
        gate.open()
        await answered(slack, "general", first, "One.", "3: TWO")


async def test_what_is_being_answered_is_begun_anew(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    model.script = held("One")
    async with start(limits=Limits(pace=QUICK, lease=timedelta(minutes=5))):
        first = await slack.say("ada", "general", "@skein one")
        await answered(slack, "general", first, "One")
        await slack.edit("ada", "general", first, "@skein ONE")
        await answered(slack, "general", first, "1: ONE")
        await model.server.disconnected()
        await slack.say("ada", "general", "two", thread=first)
        await answered(slack, "general", first, "1: ONE", "3: two")
    assert asked(model) == ["ONE", "1: ONE", "two"]


async def test_it_may_be_changed_on_a_replica_that_does_not_answer_it(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    model.script = held("One", "Two")
    deaf = Limits(pace=QUICK, lease=timedelta(minutes=5))
    async with start(limits=deaf):
        first = await slack.say("ada", "general", "@skein one")
        await answered(slack, "general", first, "One")
        async with start(limits=deaf):
            await slack.edit("ada", "general", first, "@skein two")
            await answered(slack, "general", first, "Two")
            await slack.edit("ada", "general", first, "@skein three")
            await answered(slack, "general", first, "1: three")


async def test_that_slack_unfurls_a_link_is_no_change(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    model.script = echo
    async with start():
        first = await slack.say("ada", "general", "@skein one")
        await answered(slack, "general", first, "1: one")
        was = slack.message("general", first)
        said = {"type": "message", "user": was.user, "ts": first, "text": was.text}
        event = {"type": "message", "subtype": "message_changed", "channel": was.channel, "hidden": True, "ts": first}
        attachments = [{"title": "A page"}]
        await slack.deliver({**event, "message": {**said, "attachments": attachments}, "previous_message": said})
        await slack.say("ada", "general", "two", thread=first)
        await answered(slack, "general", first, "1: one", "3: two")
    assert len(model.server.requests) == 2


async def test_a_change_comes_twice_and_out_of_order(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    model.script = echo
    async with start():
        first = await slack.say("ada", "general", "@skein one")
        await answered(slack, "general", first, "1: one")
        was = slack.message("general", first)

        async def change(text: str, seconds: int) -> None:
            stamp = f"{int(first.partition('.')[0]) + seconds}.000000"
            said = {"type": "message", "user": was.user, "ts": first, "text": f"<@{slack.bot.id}> {text}"}
            event = {"type": "message", "subtype": "message_changed", "channel": was.channel, "ts": stamp}
            now = said | {"edited": {"user": was.user, "ts": stamp}}
            await slack.deliver({**event, "message": now, "previous_message": {**said, "text": "?"}}, times=2)
            await quiet(slack)

        await change("second", 20)
        await change("first", 10)
        await answered(slack, "general", first, "1: second")
        await slack.say("ada", "general", "two", thread=first)
        await answered(slack, "general", first, "1: second", "3: two")


async def test_a_mention_may_be_taken_out_of_what_was_answered(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    model.script = echo
    async with start():
        ts = await slack.say("ada", "general", "@skein one")
        await answered(slack, "general", ts, "1: one")
        await slack.edit("ada", "general", ts, "ONE")
        await answered(slack, "general", ts, "1: ONE")


async def test_a_mention_may_be_put_in_later(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    model.script = echo
    async with start():
        ts = await slack.say("ada", "general", "is anybody there?")
        await quiet(slack)
        await slack.edit("ada", "general", ts, "@skein are you there?")
        await answered(slack, "general", ts, "1: are you there?")


async def test_what_was_left_is_answered_where_the_conversation_is_now_when_it_is_changed(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    model.script = echo
    async with start():
        first = await slack.say("ada", "general", "@skein one")
        await answered(slack, "general", first, "1: one")
        second = await slack.say("ada", "general", "two", thread=first)
        await answered(slack, "general", first, "1: one", "3: two")
        await slack.edit("ada", "general", first, "@skein ONE")
        await answered(slack, "general", first, "1: ONE", LEFT)
        await slack.edit("ada", "general", second, "TWO")
        await answered(slack, "general", first, "1: ONE", "3: TWO")
    assert asked(model) == ["ONE", "1: ONE", "TWO"]


async def test_nothing_that_was_left_comes_back_as_what_was_said_meanwhile(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    model.script = echo
    async with start():
        first = await slack.say("ada", "general", "@skein one")
        await answered(slack, "general", first, "1: one")
        second = await slack.say("ada", "general", "two", thread=first)
        await answered(slack, "general", first, "1: one", "3: two")
        await slack.say("ada", "general", "@grace look", thread=first)
        await quiet(slack)
        await slack.edit("ada", "general", first, "@skein ONE")
        await answered(slack, "general", first, "1: ONE", LEFT)
        await slack.say("ada", "general", "@skein three", thread=first)
        await slack.until(lambda: len(bodies(slack, "general", first)) == 3)
    assert "two" not in asked(model)
    assert second


async def test_a_long_answer_gives_way_to_a_short_one_and_back(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    def sized(messages: list[Wire]) -> Say:
        return Say(f"{'words' * 16} " * 100 + "end" if "long" in text_of(messages[-1]) else "short")

    model.script = sized
    async with start():
        first = await slack.say("ada", "general", "@skein long")
        await slack.until(lambda: [body[-3:] for body in bodies(slack, "general", first)][2:] == ["end"])
        await slack.edit("ada", "general", first, "@skein brief")
        await answered(slack, "general", first, "short")


async def test_killed_between_the_change_and_its_answer_it_goes_on(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    calls = 0

    async def count() -> str:
        """Count."""
        nonlocal calls
        calls += 1
        return str(calls)

    gate = Gate()
    script: Script = in_turn(
        Say("One."), Say("Two."), Call([("count", {})]), Say(["Anew", gate, "."]), Say("Anew, whole.")
    )
    model.script = script
    tools = [StructuredTool.from_function(coroutine=count, name="count")]
    async with start(limits=HASTY, tools=tools):
        first = await slack.say("ada", "general", "@skein one")
        await answered(slack, "general", first, "One.")
        await slack.say("ada", "general", "two", thread=first)
        await answered(slack, "general", first, "One.", "Two.")
        await slack.edit("ada", "general", first, "@skein ONE")
        await slack.until(lambda: bodies(slack, "general", first)[0].startswith("Anew"))
    async with start(tools=tools):
        await answered(slack, "general", first, "Anew, whole.\nUsed count", LEFT)
    assert calls == 1


@pytest.mark.parametrize("new_topic", [False, True])
async def test_a_change_before_a_new_topic_goes_back_to_the_topic_before(
    slack: LocalSlack, model: Model, start: OpenBot, *, new_topic: bool
) -> None:
    model.script = echo
    channel = slack.direct_channel("ada")
    fresh = "A fresh start: from here on I remember nothing of what was said before."
    async with start():
        await slack.direct("ada", "one")
        await answered(slack, channel, None, "1: one")
        second = await slack.direct("ada", "two")
        await answered(slack, channel, None, "1: one", "3: two")
        if new_topic:
            await slack.direct("ada", "new topic")
            await answered(slack, channel, None, "1: one", "3: two", fresh)
        await slack.edit("ada", channel, second, "TWO")
        await answered(slack, channel, None, "1: one", "3: TWO", *([LEFT] if new_topic else []))
        await slack.direct("ada", "three")
        await slack.until(lambda: bodies(slack, channel, None)[-1] == "5: three")


async def test_several_are_changed_while_it_answers(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    gate = Gate()
    model.script = lambda messages: Say(["Three", gate]) if text_of(messages[-1]) == "three" else echo(messages)
    async with start():
        first = await slack.say("ada", "general", "@skein one")
        await answered(slack, "general", first, "1: one")
        second = await slack.say("ada", "general", "two", thread=first)
        await answered(slack, "general", first, "1: one", "3: two")
        await slack.say("ada", "general", "three", thread=first)
        await answered(slack, "general", first, "1: one", "3: two", "Three")
        await slack.edit("ada", "general", second, "TWO")
        await slack.edit("ada", "general", first, "@skein ONE")
        await quiet(slack)
        gate.open()
        await answered(slack, "general", first, "1: ONE", "3: TWO", LEFT)
    assert asked(model) == ["ONE", "1: ONE", "TWO"]
