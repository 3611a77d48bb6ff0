"""People set what the bot is in their channel, in a form."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg

from bot.offline_script import offline_tools
from bot.script import Call, Reply, Say, Wire
from bot.slack.local import LocalSlack
from bot.slack.local.channels import Channel
from bot.slack.local.faults import Fault
from bot.slack.setting_up import NOT_ALLOWED, UNKNOWN
from bot.slack.setup_form import SETUP
from tests.stage import Model, OpenBot
from tests.stories.speech import answered, answers_mentions_alone, echo

PIRATE = "Be a pirate."


async def ask(slack: LocalSlack, who: str, where: str | Channel = "research") -> None:
    """Ask for the form from some message's menu, and wait until it is there."""
    ts = await slack.say(who, where, "Hello everybody.")
    await slack.shortcut(who, where, ts, SETUP)
    await slack.until(lambda: slack.modal(who))


async def fill_in(slack: LocalSlack, who: str, values: Mapping[str, Any], where: str | Channel = "research") -> None:
    """Ask for the form, fill it in, and wait until Slack has closed it."""
    await ask(slack, who, where)
    await slack.submit(who, values)
    await slack.until(lambda: slack.modal(who) is None)


def fields(slack: LocalSlack, who: str) -> dict[str, Any]:
    """The form's fields by their names."""
    modal = slack.modal(who)
    assert modal
    return {block["block_id"]: block["element"] for block in modal.view["blocks"]}


def told(slack: LocalSlack, who: str) -> str:
    """What a form that has nothing to fill in says."""
    modal = slack.modal(who)
    assert modal
    return str(modal.view["blocks"][0]["text"]["text"])


async def test_who_made_the_channel_sets_what_the_bot_is_there(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    model.script = echo
    async with start(fallback_models="openai:small"):
        filled = {"instructions": PIRATE, "model": "openai:small", "tools": ["web_search"]}
        await fill_in(slack, "ada", filled)
        ts = await slack.say("ada", "research", "@skein one")
        await answered(slack, "research", ts, "1: one")
        ts = await slack.say("ada", "general", "@skein two")
        await answered(slack, "general", ts, "1: two")
    here, there = model.server.requests
    assert (here["model"], here["messages"][0]["content"]) == ("small", PIRATE)
    assert [tool["function"]["name"] for tool in here["tools"]] == ["web_search"]
    assert there["model"] == "scripted"
    assert "pirate" not in str(there["messages"])
    assert len(there["tools"]) > 1


async def test_the_form_shows_how_it_is_and_another_replica_and_the_next_start_know(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    model.script = echo
    async with start():
        await fill_in(slack, "ada", {"instructions": PIRATE, "follow_ups": []})
    async with start():
        await ask(slack, "ada")
        assert fields(slack, "ada")["instructions"]["initial_value"] == PIRATE
        assert "initial_options" not in fields(slack, "ada")["follow_ups"]
        assert "model" not in fields(slack, "ada")
        await slack.dismiss("ada")
        await answers_mentions_alone(slack, "research")
    assert model.server.requests[0]["messages"][0]["content"] == PIRATE


async def test_what_is_emptied_is_as_everywhere_again(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    model.script = echo
    async with start():
        await fill_in(slack, "ada", {"instructions": PIRATE, "tools": []})
        await ask(slack, "ada")
        every = [option["value"] for option in fields(slack, "ada")["tools"]["options"]]
        await slack.submit("ada", {"instructions": "", "tools": every})
        await slack.until(lambda: slack.modal("ada") is None)
        ts = await slack.say("ada", "research", "@skein one")
        await answered(slack, "research", ts, "1: one")
    asked = model.server.requests[-1]
    assert "pirate" not in str(asked["messages"])
    assert len(asked["tools"]) > 1


async def test_it_goes_before_the_file_and_it_tells_where_it_is_from(
    slack: LocalSlack, model: Model, start: OpenBot, tmp_path: Path
) -> None:
    def script(messages: list[Wire]) -> Reply:
        return Say("So I am.") if messages[-1]["role"] == "tool" else Call([("own_setup", {})])

    file = tmp_path / "channels.toml"
    file.write_text(f'[{slack.channel("research").id}]\ninstructions = "Be brief."\nfollow_ups = false')
    model.script = script
    async with start(channels_config=file):
        await fill_in(slack, "ada", {"instructions": PIRATE})
        ts = await slack.say("ada", "research", "@skein how are you set up here?")
        await answered(slack, "research", ts, "So I am.\nUsed own_setup")
    here = str(model.server.requests[-1]["messages"][-1]["content"]).splitlines()
    wanted = {f"instructions: {PIRATE}", "set for this channel: yes, by people here"}
    assert wanted | {"answers follow-ups without a mention: no"} <= set(here)


async def test_others_may_not_but_admins_may(slack: LocalSlack, start: OpenBot) -> None:
    async with start():
        await ask(slack, "grace")
        assert told(slack, "grace") == NOT_ALLOWED
        await slack.dismiss("grace")
        admin = replace(slack.user("grace"), admin=True)
        slack.workspace.users[admin.id] = admin
        await ask(slack, "grace")
        assert "instructions" in fields(slack, "grace")


async def test_everybody_may_in_their_own_conversation_with_it(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    model.script = echo
    direct = slack.direct_channel("grace")
    async with start():
        ts = await slack.direct("grace", "one")
        await answered(slack, direct, None, "1: one")
        await slack.shortcut("grace", direct, ts, SETUP)
        await slack.until(lambda: slack.modal("grace"))
        await slack.submit("grace", {"instructions": PIRATE})
        await slack.until(lambda: slack.modal("grace") is None)
        await slack.direct("grace", "two")
        await answered(slack, direct, None, "1: one", "3: two")
    assert [asked["messages"][0]["content"] == PIRATE for asked in model.server.requests] == [False, True]


async def test_where_it_is_not_it_asks_to_be_invited(slack: LocalSlack, start: OpenBot) -> None:
    channel = slack.add_channel("secrets", "group", bot_in=False)
    async with start():
        await ask(slack, "ada", channel)
        assert told(slack, "ada") == UNKNOWN


async def test_a_form_that_does_not_open_can_be_asked_for_again(slack: LocalSlack, start: OpenBot) -> None:
    async with start():
        slack.fail("views.open", Fault(status=500))
        ts = await slack.say("ada", "research", "Hello everybody.")
        await slack.shortcut("ada", "research", ts, SETUP)
        await slack.until(lambda: any(call.method == "views.open" for call in slack.calls))
        await ask(slack, "ada")


async def test_over_http_as_well(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    model.script = echo
    async with start(slack_app_token=None) as bot:
        slack.events_url = f"http://127.0.0.1:{bot.port}/slack/events"
        await fill_in(slack, "ada", {"instructions": PIRATE})
        ts = await slack.say("ada", "research", "@skein one")
        await answered(slack, "research", ts, "1: one")
    assert model.server.requests[-1]["messages"][0]["content"] == PIRATE


async def test_a_tool_that_is_gone_is_done_without(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    model.script = echo
    async with start(fallback_models="openai:small"):
        await fill_in(slack, "ada", {"instructions": PIRATE, "model": "openai:small", "tools": ["web_search"]})
    async with start(tools=[offline_tools()[0].model_copy(update={"name": "look_up"})]):
        ts = await slack.say("ada", "research", "@skein one")
        await answered(slack, "research", ts, "1: one")
    assert "tools" not in model.server.requests[-1]
    assert model.server.requests[-1]["messages"][0]["content"] == PIRATE


async def test_a_model_that_cannot_be_had_any_more_is_done_without(
    slack: LocalSlack, model: Model, start: OpenBot, database_url: str
) -> None:
    model.script = echo
    async with start(fallback_models="openai:small"):
        await fill_in(slack, "ada", {"instructions": PIRATE, "model": "openai:small"})
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("""update skein_channels set setup = jsonb_set(setup, '{model}', '"nowhere:small"')""")
    async with start():
        ts = await slack.say("ada", "research", "@skein one")
        await answered(slack, "research", ts, "1: one")
    asked = model.server.requests[-1]
    assert (asked["model"], asked["messages"][0]["content"]) == ("scripted", PIRATE)
