"""What people type becomes Slack's text, and what they cannot do in Slack they cannot do here."""

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given, strategies as st

from bot.slack.local import Impossible, LocalSlack
from bot.slack.local.bell import Bell
from bot.slack.local.notation import as_sent, rich_text
from bot.slack.local.reading import read_block
from bot.slack.local.seed import seeded

TYPED = {
    "a < b & c > d": "a &lt; b &amp; c &gt; d",
    "@grace and @Grace": "<@GRACE> and <@GRACE>",
    "@skein, look": "<@BOT>, look",
    "@nobody @graceful": "@nobody @graceful",
    "mail me@grace.example": "mail me@grace.example",
    "see #research.": "see <#RESEARCH|research>.",
    "@here @channel": "<!here> <!channel>",
    "go to https://example.com/a?b=1&c=2.": "go to <https://example.com/a?b=1&amp;c=2>.",
    "<@U123> <#C1|x> <!here> <https://x.org|x>": "<@U123> <#C1|x> <!here> <https://x.org|x>",
    "<script> <@nobody>": "&lt;script&gt; &lt;@nobody&gt;",
    "`a && b`": "`a &amp;&amp; b`",
}


@pytest.mark.parametrize("typed", TYPED)
def test_what_is_typed_is_sent_as_slack_sends_it(typed: str) -> None:
    workspace = seeded("Local", "skein")
    ids = {
        "GRACE": workspace.user("grace").id,
        "BOT": workspace.bot.id,
        "RESEARCH": workspace.channel("research").id,
    }
    expected = TYPED[typed]
    for name, number in ids.items():
        expected = expected.replace(f"<@{name}>", f"<@{number}>").replace(f"<#{name}|", f"<#{number}|")
    assert as_sent(typed, workspace) == expected


@given(st.text(st.characters(exclude_characters="@#:")))
def test_text_without_notation_reads_as_it_was_typed(typed: str) -> None:
    sent = as_sent(typed, seeded("Local", "skein"))
    assert "<" not in sent
    assert read_block(rich_text(sent, "r1")) == typed


@given(st.text())
def test_nothing_typed_leaves_an_open_bracket(typed: str) -> None:
    workspace = seeded("Local", "skein")
    elements = rich_text(as_sent(typed, workspace), "r1")["elements"][0]["elements"]
    assert all(element["type"] != "text" or element["text"] for element in elements)
    assert as_sent(typed, workspace).count("<") == sum(element["type"] != "text" for element in elements)


async def test_people_cannot_do_what_slack_would_not_let_them(slack: LocalSlack) -> None:
    secret = slack.add_channel("secret", "group", ["grace"])
    ts = await slack.say("grace", secret, "for us")
    graces = await slack.say("grace", "general", "mine")
    with pytest.raises(Impossible, match="ada is not a member of secret"):
        await slack.say("ada", secret, "hello?")
    with pytest.raises(Impossible, match="not a member"):
        await slack.react("ada", slack.direct_channel("grace"), ts, "eyes")
    with pytest.raises(Impossible, match="ada did not write that"):
        await slack.edit("ada", "general", graces, "yours")
    with pytest.raises(Impossible, match="ada did not write that"):
        await slack.delete("ada", "general", graces)
    with pytest.raises(Impossible, match="nothing to click on"):
        await slack.click("ada", "general", graces, "stop")
    with pytest.raises(Impossible, match="empty"):
        await slack.say("ada", "general", "  ")
    with pytest.raises(Impossible, match="nobody is called"):
        await slack.say("bob", "general", "hi")
    with pytest.raises(Impossible, match="no channel"):
        await slack.say("ada", "nowhere", "hi")
    slack.archive("research")
    with pytest.raises(Impossible, match="archived"):
        await slack.say("ada", "research", "hi")
    assert [seen.ts for seen in slack.messages("general")] == [graces]


async def test_names_are_taken_once(slack: LocalSlack) -> None:
    with pytest.raises(Impossible, match="taken"):
        slack.add_user("ada")
    with pytest.raises(Impossible, match="taken"):
        slack.add_channel("general")


async def test_waiting_in_vain_tells_what_there_was_instead(slack: LocalSlack) -> None:
    await slack.say("ada", "general", "is anybody there")
    with pytest.raises(
        AssertionError, match=r"(?s)within 0\.05 s.*#general.*ada: 'is anybody there'.*1 unacknowledged"
    ):
        await slack.until(lambda: slack.replies("general"), within=timedelta(seconds=0.05))


async def test_who_waits_is_woken_at_once() -> None:
    bell = Bell()
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        waiting = [group.create_task(bell.wait(60)) for _ in range(3)]
        await asyncio.sleep(0)
        bell.ring()
    assert all(task.done() for task in waiting)


async def test_waiting_gives_what_was_waited_for(slack: LocalSlack) -> None:
    ts = await slack.say("ada", "general", "hello")
    found = await slack.until(lambda: slack.messages("general"))
    assert [seen.ts for seen in found] == [ts]


async def test_an_error_in_the_block_comes_out_as_it_is() -> None:
    async def stumble() -> None:
        async with LocalSlack.open() as slack:
            await slack.say("ada", "general", "never acknowledged")
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        await stumble()


async def test_a_port_that_is_taken_is_said_so(slack: LocalSlack) -> None:
    with pytest.raises(OSError, match="in use"):
        async with LocalSlack.open(port=int(slack.url.rpartition(":")[2])):
            pass
