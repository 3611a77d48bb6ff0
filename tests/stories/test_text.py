"""What a model writes looks right in Slack, and can ping nobody."""

import pytest

from bot.script import Gate, Say
from bot.slack.local import LocalSlack
from tests.stage import Model, OpenBot
from tests.stories.speech import bodies

PINGS = (
    "<!channel> <!here> <!everyone> <!subteam^S012ABC> <!subteam^S012ABC|@team> <@{grace}> <@{grace}|Grace> "
    "@channel @here `<!channel>` ```\n<!here>\n``` [<!channel>](https://example.com) <!CHANNEL>"
)


async def test_an_answer_pings_nobody_at_any_moment(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    text = PINGS.replace("{grace}", slack.user("grace").id)
    # One character a token: a control sequence is cut at every place.
    model.script = lambda _: Say([*text, " The end."])
    async with start():
        ts = await slack.say("ada", "general", "@skein ping them all")
        await slack.until(lambda: "The end." in "".join(bodies(slack, "general", ts)))
    for reply in slack.replies("general", ts):
        assert [frame.pings for frame in reply.frames] == [()] * len(reply.frames)
        assert not reply.unfurls


async def test_the_asker_may_be_mentioned(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    ada = slack.user("ada").id
    model.script = lambda _: Say(f"Here you are, <@{ada}>.")
    async with start():
        ts = await slack.say("ada", "general", "@skein hello")
        await slack.until(lambda: bodies(slack, "general", ts) == [f"Here you are, <@{ada}>."])
    assert set(slack.replies("general", ts)[0].pings) == {f"@{ada}"}


async def test_nothing_is_unfurled_or_broadcast(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    gate = Gate()
    model.script = lambda _: Say(["See https://example.com/a", gate, " and [this](https://example.com/b)."])
    async with start():
        ts = await slack.say("ada", "general", "@skein links")
        await slack.until(lambda: bool(bodies(slack, "general", ts)))
        gate.open()
        await slack.until(lambda: bodies(slack, "general", ts)[0].endswith("."))
    assert slack.replies("general", ts)[0].unfurls == ()
    assert not any(call.args.get("reply_broadcast") for call in slack.calls)


@pytest.mark.parametrize(
    "text",
    [
        "# A heading",
        "- one\n- two",
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "```python\nprint(1)\n```",
        "[x](https://x.org)",
    ],
)
async def test_markdown_is_left_to_slacks_own_renderer(
    slack: LocalSlack, model: Model, start: OpenBot, text: str
) -> None:
    model.script = lambda _: Say(text)
    async with start():
        ts = await slack.say("ada", "general", "@skein format")
        await slack.until(lambda: [reply.markdown for reply in slack.replies("general", ts)] == [text])
