"""The bot is something else in single channels."""

from pathlib import Path

import pytest

from bot.channels import channels
from bot.errors import SettingsError
from bot.script import Call, Reply, Say, Wire
from bot.slack.local import LocalSlack
from tests.stage import Model, OpenBot
from tests.stories.speech import answered, answers_mentions_alone, echo


def written(folder: Path, text: str) -> Path:
    path = folder / "channels.toml"
    path.write_text(text)
    return path


async def test_a_channel_has_its_own_instructions_model_and_tools(
    slack: LocalSlack, model: Model, start: OpenBot, tmp_path: Path
) -> None:
    channel = slack.channel("research").id
    told = written(tmp_path, f'[{channel}]\ninstructions = "Be a pirate."\nmodel = "openai:small"\ntools = []')
    model.script = echo
    async with start(channels_config=told):
        ts = await slack.say("ada", "research", "@skein one")
        await answered(slack, "research", ts, "1: one")
        ts = await slack.say("ada", "general", "@skein two")
        await answered(slack, "general", ts, "1: two")
    first, second = model.server.requests
    assert (first["model"], first["messages"][0]["content"], "tools" in first) == ("small", "Be a pirate.", False)
    assert second["model"] == "scripted"
    assert "pirate" not in str(second["messages"])
    assert second["tools"]


async def test_where_it_is_to_be_mentioned_it_leaves_follow_ups_alone_and_knows_of_them(
    slack: LocalSlack, model: Model, start: OpenBot, tmp_path: Path
) -> None:
    model.script = echo
    async with start(channels_config=written(tmp_path, f"[{slack.channel('research').id}]\nfollow_ups = false")):
        await answers_mentions_alone(slack, "research")


async def test_it_tells_how_it_is_set_up(slack: LocalSlack, model: Model, start: OpenBot, tmp_path: Path) -> None:
    channel = slack.channel("research").id
    told = written(tmp_path, f'[{channel}]\ninstructions = "Be a pirate."\ntools = ["own_setup"]')

    def script(messages: list[Wire]) -> Reply:
        return Say("So I am.") if messages[-1]["role"] == "tool" else Call([("own_setup", {})])

    model.script = script
    async with start(channels_config=told):
        ts = await slack.say("ada", "research", "@skein how are you set up here?")
        await answered(slack, "research", ts, "So I am.\nUsed own_setup")
        here = str(model.server.requests[-1]["messages"][-1]["content"]).splitlines()
        ts = await slack.say("ada", "general", "@skein how are you set up here?")
        await answered(slack, "general", ts, "So I am.\nUsed own_setup")
        there = str(model.server.requests[-1]["messages"][-1]["content"])
    assert {"instructions: Be a pirate.", "tools: own_setup", "set for this channel: yes, by the administrator"} <= set(
        here
    )
    assert "set for this channel: no" in there


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[C1", "no TOML"),
        ("[C1]\nmood = 1", "wrong at C1 mood"),
        ("[C1]\nmodel = 'gpt'", "wrong at C1 model"),
        ("[C1]\napprovers = ['grace']", "wrong at C1 approvers"),
        ("C1 = 1", "wrong at C1"),
    ],
)
def test_a_file_that_is_wrong_is_said(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        channels(written(tmp_path, text))


@pytest.mark.parametrize("name", ["coffee", "web_search,cof*"])
async def test_a_tool_that_would_run_unasked_is_said_at_the_start(start: OpenBot, name: str) -> None:
    with pytest.raises(SettingsError, match="There is no tool cof"):
        async with start(approve=name):
            pass


async def test_what_the_file_guards_has_to_be_there(slack: LocalSlack, start: OpenBot, tmp_path: Path) -> None:
    told = written(tmp_path, f'[{slack.channel("research").id}]\napprove = ["cof*"]')
    with pytest.raises(SettingsError, match=r"the tool cof\*, which is not there"):
        async with start(channels_config=told):
            pass


async def test_a_tool_that_is_not_there_is_said_at_the_start(slack: LocalSlack, start: OpenBot, tmp_path: Path) -> None:
    told = written(tmp_path, f'[{slack.channel("research").id}]\ntools = ["coffee"]')
    with pytest.raises(SettingsError, match="the tool coffee, which is not there"):
        async with start(channels_config=told):
            pass
