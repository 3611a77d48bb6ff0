"""Somebody goes on from an answer in a thread of its own."""

from bot.platform import Act
from bot.script import Gate, Say, Wire
from bot.slack.local import LocalSlack
from tests.stage import Model, OpenBot
from tests.stories.speech import HASTY, answered, asked, bodies, echo, press, quiet, text_of


def branches(slack: LocalSlack, channel: str = "general") -> list[str]:
    """The messages at the top of the branches in the channel."""
    return [reply.ts for reply in slack.replies(channel) if "Go on in this thread" in reply.body]


async def test_the_branch_knows_what_was_said_up_to_there_and_the_two_never_mix(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    model.script = echo
    async with start():
        ts = await slack.say("ada", "general", "@skein one")
        await answered(slack, "general", ts, "1: one")
        await slack.say("ada", "general", "two", thread=ts)
        await answered(slack, "general", ts, "1: one", "3: two")
        await press(slack, "grace", "general", Act.BRANCH, ts, at=0)
        await slack.until(lambda: branches(slack))
        (root,) = branches(slack)
        told = slack.replies("general")[0]
        assert told.pings == (f"@{slack.user('grace').id}",)
        assert slack.replies("general", ts)[0].ts.replace(".", "") in told.text + str(told.blocks)
        assert not told.unfurls
        await quiet(slack)
        await slack.say("grace", "general", "other", thread=root)
        await answered(slack, "general", root, "3: other")
        await slack.say("ada", "general", "three", thread=ts)
        await answered(slack, "general", ts, "1: one", "3: two", "5: three")
        await slack.say("grace", "general", "more", thread=root)
        await answered(slack, "general", root, "3: other", "5: more")
    assert asked(model) == ["one", "1: one", "other", "3: other", "more"]


async def test_each_click_begins_a_branch_and_a_repeated_one_none(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    model.script = echo
    async with start():
        await slack.direct("ada", "one")
        channel = slack.direct_channel("ada")
        await answered(slack, channel, None, "1: one")
        for count in (1, 2):
            await press(slack, "ada", channel, Act.BRANCH, at=0)
            await slack.until(lambda: len(branches(slack, channel)) == count)  # noqa: B023
        await slack.direct("ada", "two", thread=branches(slack, channel)[1])
        await answered(slack, channel, branches(slack, channel)[1], "3: two")


async def test_killed_between_the_click_and_the_branch_there_is_one(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    gate = Gate()

    def script(messages: list[Wire]) -> Say:
        return Say(["Two", gate, "."]) if text_of(messages[-1]) == "two" else echo(messages)

    model.script = script
    async with start(limits=HASTY):
        ts = await slack.say("ada", "general", "@skein one")
        await answered(slack, "general", ts, "1: one")
        await slack.say("ada", "general", "two", thread=ts)
        await slack.until(lambda: bodies(slack, "general", ts)[1:] == ["Two"])
        await press(slack, "ada", "general", Act.BRANCH, ts, at=0)
        await quiet(slack)
    gate.open()
    async with start():
        await slack.until(lambda: branches(slack))
        (root,) = branches(slack)
        await slack.say("ada", "general", "three", thread=root)
        await answered(slack, "general", root, "3: three")
    assert len(branches(slack)) == 1
