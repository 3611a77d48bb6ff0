"""The agent looks around in the workspace, for who asks."""

from dataclasses import replace

from bot.script import Call, Say, in_turn
from bot.slack.local import LocalSlack
from tests.stage import Model, OpenBot
from tests.stories.speech import answered


def result(model: Model) -> str:
    """What the tool told the model."""
    return str(model.server.requests[-1]["messages"][-1]["content"])


async def test_it_reads_the_channel_that_it_is_asked_in(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    await slack.say("ada", "general", "The release is on Monday.")
    await slack.bot_says("general", "Build 7 failed.")
    await slack.say("grace", "plans", "Secret.")
    model.script = in_turn(Call([("read_channel", {})]), Say("On Monday."))
    async with start(own_tools=True):
        ts = await slack.say("grace", "general", "@skein when is the release?")
        await answered(slack, "general", ts, "On Monday.\nUsed read_channel")
    first, second, third = result(model).splitlines()
    assert first.endswith(" Ada: The release is on Monday.")
    assert second.endswith(" weather (bot): Build 7 failed.")
    assert third.endswith(" Grace: when is the release?")
    assert "Secret" not in result(model)


async def test_in_a_direct_message_there_is_no_channel_to_read(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    model.script = in_turn(Call([("read_channel", {})]), Say("I cannot."))
    async with start(own_tools=True):
        await slack.direct("ada", "What do they say?")
        await answered(slack, slack.direct_channel("ada"), None, "I cannot.")
    assert "private conversation" in result(model)


async def test_it_reads_another_channel_for_whoever_is_in_it_and_no_private_one_aloud(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    await slack.say("grace", "research", "Build 7 failed.")
    await slack.say("grace", "plans", "Secret.")
    lin = slack.add_user("lin")
    reads = [Call([("read_channel", {"channel": name})]) for name in ("#Research", "plans", "research", "plans")]
    model.script = in_turn(*(reply for call in reads for reply in (call, Say("Well."))))
    async with start(own_tools=True):
        told = list[str]()
        for who, private in (("ada", False), ("ada", False), (lin, False), ("ada", True)):
            await (slack.direct(who, "news?") if private else slack.say(who, "general", "@skein news?"))
            await slack.until(lambda: len(model.server.requests) == 2 * len(told) + 2)
            told.append(result(model))
    assert told[0].endswith(" Grace: Build 7 failed.")
    assert "Who asks is in no channel 'plans'" in told[1]
    assert "Who asks is in no channel 'research'" in told[2]
    assert told[3].endswith(" Grace: Secret.")


async def test_it_finds_people_for_members_and_not_for_guests(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    call, answer = Call([("find_people", {"words": "hopper"})]), Say("There.")
    model.script = in_turn(call, answer, call, answer)
    async with start(own_tools=True):
        await slack.say("ada", "general", "@skein who is Hopper?")
        await slack.until(lambda: len(model.server.requests) == 2)
        assert result(model).startswith("Grace Hopper")
    guest = replace(slack.user("grace"), guest=True)
    slack.workspace.users[guest.id] = guest
    async with start(own_tools=True):
        await slack.say("grace", "general", "@skein who is Hopper?")
        await slack.until(lambda: len(model.server.requests) == 4)
    assert "may not look people up" in result(model)
