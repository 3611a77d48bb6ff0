"""Somebody opens the bot's home: what it can do, and what they have with it."""

from typing import Any

from bot.script import Call, Reply, Say, Wire
from bot.slack.home_view import FORGET, FORGET_ALL, LANGUAGE, NOTHING
from bot.slack.local import LocalSlack
from bot.slack.local.faults import Fault
from tests.stage import Model, OpenBot
from tests.stories.speech import answered, echo, quiet, written


def texts(slack: LocalSlack, who: str) -> list[str]:
    """What stands in somebody's home, block by block."""
    shown = slack.home(who)
    blocks: list[dict[str, Any]] = shown.view["blocks"] if shown else []
    return [str(block["text"]["text"]) for block in blocks if "text" in block]


def under(slack: LocalSlack, who: str, header: str) -> list[str]:
    """What stands under one of its headers."""
    lines = texts(slack, who)
    return lines[lines.index(header) + 1 :] if header in lines else []


async def look(slack: LocalSlack, who: str) -> None:
    """Open it, and wait until it is there as it is now."""
    before = slack.home(who)
    await slack.open_home(who, "home")
    await slack.until(lambda: slack.home(who) is not before)


def remembers(messages: list[Wire]) -> Reply:
    """A model that remembers all that it is told."""
    last = messages[-1]
    return Say("Noted.") if last["role"] == "tool" else Call([("remember", {"fact": str(last["content"])})])


async def test_it_shows_what_the_bot_can_do_and_nothing_of_who_has_nothing(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    model.script = echo
    async with start(own_tools=True):
        await look(slack, "ada")
        hello = texts(slack, "ada")[0]
        assert "mention me" in hello
        assert "I can search the web, read web pages, tell the time" in hello
        for header in ("Waiting for your decision", "Your conversations", "What I remember of you"):
            assert under(slack, "ada", header)[0] == NOTHING
        await slack.open_home("ada", "messages")
        await quiet(slack)
        assert sum(call.method == "views.publish" for call in slack.calls) == 1


async def test_ones_own_conversations_are_linked_and_nobody_elses(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    model.script = echo
    async with start():
        ts = await slack.say("ada", "general", "@skein What of <https://a.example|this> & <!here>?")
        await written(slack, "general", ts, 1)
        await slack.say("grace", "general", "@skein a secret", thread=ts)
        private = await slack.direct("ada", "between us")
        await slack.until(lambda: len(slack.replies(slack.direct_channel("ada"))) == 1)
        other = await slack.say("grace", "general", "@skein mine")
        await written(slack, "general", other, 1)
        await look(slack, "ada")
        first, second = under(slack, "ada", "Your conversations")[0].splitlines()
        channel, direct = slack.channel("general").id, slack.direct_channel("ada")
        url = f"{slack.url}/archives"
        assert first == f"• <{url}/{direct}/p{private.replace('.', '')}|between us>, privately"
        link = f"{url}/{channel}/p{ts.replace('.', '')}"
        assert second.startswith(f"• <{link}|What of ")
        assert second.endswith(f"> in <#{channel}>")
        assert second.count("<") == 2
        assert "secret" not in str(texts(slack, "ada"))


async def test_what_waits_for_ones_decision_is_linked_until_it_is_decided(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    model.script = lambda messages: Say("Done.") if messages[-1]["role"] == "tool" else Call([("current_time", {})])
    async with start(own_tools=True, approve="current_time", approvers=slack.user("grace").id):
        ts = await slack.say("ada", "general", "@skein what time is it?")
        await written(slack, "general", ts, 1)
        reply = slack.replies("general", ts)[0]
        await look(slack, "ada")
        assert under(slack, "ada", "Waiting for your decision")[0] == NOTHING
        await look(slack, "grace")
        waiting = under(slack, "grace", "Waiting for your decision")[0]
        assert f"/p{reply.ts.replace('.', '')}?thread_ts={ts}" in waiting
        assert "|current_time>" in waiting
        await slack.click("grace", "general", reply.ts, "skein_approve")
        await slack.until(lambda: "Done." in slack.replies("general", ts)[0].body)
        await look(slack, "grace")
        assert under(slack, "grace", "Waiting for your decision")[0] == NOTHING


async def test_what_is_remembered_of_one_is_shown_and_forgotten(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    model.script = remembers
    async with start(own_tools=True):
        for number, fact in enumerate(("I like tea & cake", "I like cats"), 1):
            await slack.direct("ada", fact)
            await slack.until(lambda: len(slack.replies(slack.direct_channel("ada"))) == number)  # noqa: B023
            await slack.until(lambda: "Noted." in slack.replies(slack.direct_channel("ada"))[-1].body)
        ts = await slack.say("ada", "general", "@skein I like dogs")
        await slack.until(lambda: "Noted." in "".join(one.body for one in slack.replies("general", ts)))
        ts = await slack.say("grace", "general", "@skein I like fish")
        await slack.until(lambda: "Noted." in "".join(one.body for one in slack.replies("general", ts)))
        await look(slack, "ada")
        tea, cats, dogs = under(slack, "ada", "What I remember of you")[:3]
        assert (tea, cats) == ("I like tea &amp; cake", "I like cats")
        assert dogs == f"I like dogs (known in <#{slack.channel('general').id}> and privately)"
        shown = slack.home("ada")
        assert shown
        keys = [block["accessory"]["value"] for block in shown.view["blocks"] if "value" in block.get("accessory", ())]
        await slack.click_home("ada", FORGET, keys[0])
        await slack.until(lambda: under(slack, "ada", "What I remember of you")[:1] == ["I like cats"])
        await slack.click_home("ada", FORGET_ALL)
        await slack.until(lambda: under(slack, "ada", "What I remember of you")[0] == NOTHING)
        await look(slack, "grace")
        assert under(slack, "grace", "What I remember of you")[0].startswith("I like fish")


async def test_one_is_answered_in_the_language_that_one_chooses(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    model.script = echo
    async with start():
        await look(slack, "ada")
        await slack.click_home("ada", LANGUAGE, "German")
        await quiet(slack)
        ts = await slack.say("ada", "general", "@skein one")
        await answered(slack, "general", ts, "1: one")
        await slack.say("grace", "general", "@skein two", thread=ts)
        await slack.until(lambda: len(model.server.requests) == 2)
        prompts = [str(request["messages"][0]["content"]) for request in model.server.requests]
        assert prompts[0].endswith("wants to be answered in German.")
        assert "German" not in prompts[1]
        await look(slack, "ada")
        shown = slack.home("ada")
        assert shown
        assert shown.view["blocks"][-1]["accessory"]["initial_option"]["value"] == "German"
        await slack.click_home("ada", LANGUAGE, "as_written")
        await quiet(slack)
        await slack.say("ada", "general", "three", thread=ts)
        await slack.until(lambda: len(model.server.requests) == 3)
        assert "German" not in str(model.server.requests[2]["messages"][0]["content"])


async def test_a_home_that_cannot_be_shown_is_no_harm(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    model.script = echo
    async with start():
        slack.fail("views.publish", Fault(status=500))
        await slack.open_home("ada", "home")
        await slack.until(lambda: any(call.method == "views.publish" for call in slack.calls))
        await look(slack, "ada")


async def test_whichever_replica_gets_the_clicks_and_however_often(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    model.script = remembers
    async with start(own_tools=True), start(own_tools=True):
        for number, fact in enumerate(("I like tea", "I like cats"), 1):
            await slack.direct("ada", fact)
            await written(slack, slack.direct_channel("ada"), None, number)
        await look(slack, "ada")
        shown = slack.home("ada")
        assert shown
        (first, _) = [one["accessory"]["value"] for one in shown.view["blocks"] if "value" in one.get("accessory", ())]
        for _ in range(4):
            await slack.click_home("ada", FORGET, first)
        await quiet(slack)
        await slack.until(lambda: under(slack, "ada", "What I remember of you")[:1] == ["I like cats"])
    async with start(own_tools=True):
        await slack.click_home("ada", LANGUAGE, "German")
        await quiet(slack)
    async with start(own_tools=True):
        await look(slack, "ada")
        last = slack.home("ada")
        assert last
        assert last.view["blocks"][-1]["accessory"]["initial_option"]["value"] == "German"
