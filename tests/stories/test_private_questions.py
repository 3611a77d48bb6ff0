"""Somebody asks without an audience: about a message, for a summary of a thread, or by a command."""

from datetime import timedelta

import pytest

from bot.script import Gate, Say
from bot.slack.asking import ASK, COMMAND, LACKS, NOTHING, PRIVATELY, READING, SUMMARISE
from bot.slack.local import LocalSlack
from bot.slack.local.faults import Fault
from bot.words import NOT_THERE
from tests.stage import Model, OpenBot
from tests.stories.speech import HASTY, answered, asked, bodies, echo, quiet

LONG = "So it goes. " * 400


async def begun(slack: LocalSlack, who: str, threads: int = 1) -> str:
    """Wait until so many of somebody's questions have a thread; the last one's root."""
    direct = slack.direct_channel(who)
    await slack.until(lambda: len(slack.replies(direct)) == threads)
    return slack.replies(direct)[-1].ts


async def told(slack: LocalSlack, who: str, text: str) -> None:
    """Wait until a form says that."""
    await slack.until(lambda: (modal := slack.modal(who)) and text in str(modal.view))


async def test_about_a_message_and_it_can_be_gone_on_with_in_private(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    model.script = echo
    async with start():
        ts = await slack.say("grace", "general", "The plan is <https://a.example|here>, <!here>.")
        await slack.shortcut("ada", "general", ts, ASK)
        await slack.until(lambda: slack.modal("ada"))
        await slack.submit("ada", {"question": ""})
        await slack.until(lambda: (modal := slack.modal("ada")) and modal.errors)
        await slack.submit("ada", {"question": "Is it good?\nReally?"})
        await told(slack, "ada", PRIVATELY)
        root, direct = await begun(slack, "ada"), slack.direct_channel("ada")
        link = f"{slack.url}/archives/{slack.channel('general').id}/p{ts.replace('.', '')}"
        assert bodies(slack, direct) == [f"You asked me about [a message]({link}):\n> Is it good?\n> Really?"]
        await slack.until(lambda: len(slack.replies(direct, root)) == 1)
        question = asked(model)[0]
        assert question.startswith("Is it good?\nReally?\n\nIt is about this message of Grace:\n\nThe plan is ")
        await slack.say("ada", direct, "And why?", thread=root)
        await slack.until(lambda: bodies(slack, direct, root)[1:] == ["3: And why?"])
        assert slack.replies("general", ts) == []
        await slack.direct("ada", "one")
        await slack.until(lambda: bodies(slack, direct)[-1] == "1: one")


async def test_a_summary_of_a_thread_has_all_that_was_said_there(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    model.script = echo
    async with start():
        ts = await slack.say("grace", "general", "Shall we move?")
        await slack.say("ada", "general", "@skein on Monday", thread=ts)
        await slack.until(lambda: len(slack.replies("general", ts)) == 1)
        last = await slack.say("grace", "general", "@ada Agreed.", thread=ts)
        await slack.shortcut("ada", "general", last, SUMMARISE)
        await told(slack, "ada", READING)
        root, direct = await begun(slack, "ada"), slack.direct_channel("ada")
        link = f"{slack.url}/archives/{slack.channel('general').id}/p{last.replace('.', '')}"
        summary = f"You asked me for a summary of [a thread]({link}?thread_ts={ts}&cid={slack.channel('general').id})."
        assert bodies(slack, direct) == [summary]
        await slack.until(lambda: len(slack.replies(direct, root)) == 1)
        (question,) = asked(model)
        lines = question.split("\n\n")
        grace = [line for line in lines if line.startswith("Grace: ")]
        assert grace == ["Grace: Shall we move?", "Grace: @Ada Agreed."]
        assert any(line.startswith("you: ") for line in lines)
        assert any(line.startswith("Ada: ") for line in lines)


@pytest.mark.parametrize("callback", [ASK, SUMMARISE])
async def test_where_the_bot_is_not_it_has_the_message_alone_and_says_so(
    slack: LocalSlack, model: Model, start: OpenBot, callback: str
) -> None:
    model.script = lambda _: Say("Because.")
    async with start():
        ts = await slack.say("grace", "random", f"Shall we move? {LONG}")
        await slack.shortcut("ada", "random", ts, callback)
        await slack.until(lambda: slack.modal("ada"))
        if callback == ASK:
            await slack.submit("ada", {"question": "Why?"})
        root, direct = await begun(slack, "ada"), slack.direct_channel("ada")
        assert (NOT_THERE in bodies(slack, direct)[0]) == (callback == SUMMARISE)
        await slack.until(lambda: len(slack.replies(direct, root)) >= 1)
        assert "It is about this message of Grace:\n\nShall we move? So it goes." in asked(model)[0]


async def test_a_command_is_answered_to_whoever_typed_it(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    model.script = echo
    async with start():
        await slack.command("ada", "random", COMMAND, "What is the weather in SF?")
        root, direct = await begun(slack, "ada"), slack.direct_channel("ada")
        assert bodies(slack, direct) == ["You asked me:\n> What is the weather in SF?"]
        await answered(slack, direct, root, "1: What is the weather in SF?")
        assert slack.messages("random") == []
        await slack.command("ada", "random", COMMAND, " ")
        await slack.until(lambda: [one.body for one in slack.whispers("ada")] == [PRIVATELY, NOTHING])
        await quiet(slack)
        assert len(slack.replies(direct)) == 1


async def test_killed_while_it_begins_the_thread_there_is_one_and_one_answer(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    gate = Gate()
    model.script = lambda _: Say(["Wel", gate, "l."])
    slack.fail("chat.postMessage", Fault(delay=timedelta(seconds=1)))
    async with start(limits=HASTY):
        await slack.command("ada", "general", COMMAND, "one")
        await quiet(slack)
    gate.open()
    async with start():
        root, direct = await begun(slack, "ada"), slack.direct_channel("ada")
        await answered(slack, direct, root, "Well.")
        await quiet(slack)
        assert len(slack.replies(direct)) == 1


async def test_with_two_replicas_each_question_has_one_answer(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    model.script = echo
    async with start(), start():
        for number in range(3):
            await slack.command("ada", "general", COMMAND, f"question {number}")
        await begun(slack, "ada", 3)
        direct = slack.direct_channel("ada")
        for root in slack.replies(direct):
            await slack.until(lambda: len(slack.replies(direct, root.ts)) == 1)  # noqa: B023


async def test_an_app_that_was_installed_before_says_what_it_lacks(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    model.script = echo
    slack.scopes.discard("im:write")
    async with start():
        await slack.command("ada", "general", COMMAND, "one")
        await slack.until(lambda: [one.body for one in slack.whispers("ada")] == [LACKS])
        ts = await slack.say("grace", "general", "Shall we move?")
        for callback in (ASK, SUMMARISE):
            await slack.shortcut("ada", "general", ts, callback)
            await told(slack, "ada", "with the scope im:write")
            await slack.dismiss("ada")
    assert slack.replies(slack.direct_channel("ada")) == []


async def test_over_http_as_well(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    model.script = echo
    async with start(slack_app_token=None) as bot:
        slack.events_url = f"http://127.0.0.1:{bot.port}/slack/events"
        await slack.command("ada", "general", COMMAND, "one")
        root = await begun(slack, "ada")
        await slack.until(lambda: [one.body for one in slack.whispers("ada")] == [PRIVATELY])
        await answered(slack, slack.direct_channel("ada"), root, "1: one")
        ts = await slack.say("grace", "general", "Shall we move?")
        await slack.shortcut("ada", "general", ts, ASK)
        await slack.until(lambda: slack.modal("ada"))
        await slack.submit("ada", {"question": "Why?"})
        await begun(slack, "ada", 2)
