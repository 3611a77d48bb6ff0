"""The other commands: a conversation in the terminal, its history, and the check."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.check import check
from bot.settings import Settings
from bot.slack.local import Fault, LocalSlack
from bot.terminal import chat
from tests.fork_server import program
from tests.stories.speech import QUESTIONS


async def test_without_a_key_the_offline_model_searches_and_says_that_it_is_scripted(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.offline.SEARCH", timedelta(0))
    said, shown = iter([QUESTIONS[0], None]), list[str]()
    keyless = settings.model_copy(update={"openai_api_key": None, "openai_base_url": None})
    await chat(
        keyless, "default", database="sqlite:///:memory:", trace=True, read=lambda: next(said), write=shown.append
    )
    talk = "".join(shown)
    assert talk.startswith("No model key is set")
    assert re.search(r"^\[\S+ tools\] began$", talk, re.MULTILINE)
    assert "(Searching: weather in SF)" in talk
    assert "San Francisco" in talk
    assert "I am a scripted stand-in" in talk


def parts(printed: str) -> list[list[str]]:
    """What each line of the check begins with: how it is, and with what."""
    return [line.split()[:2] for line in printed.splitlines()]


async def test_the_check_finds_everything_in_order(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert await check(settings)
    everything = ("settings", "database", "token", "scopes", "socket", "model", "agent")
    assert parts(capsys.readouterr().out) == [["ok", part] for part in everything]


async def test_the_check_says_what_to_do(
    settings: Settings, slack: LocalSlack, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.check.PATIENCE", timedelta(milliseconds=200))
    monkeypatch.setattr("bot.thinking.MODEL_RETRIES", 0)
    slack.scopes.discard("groups:history")
    slack.fail("apps.connections.open", Fault(error="not_allowed_token_type"))
    wrong = {
        "database_url": SecretStr("postgresql://127.0.0.1:1/none"),
        "openai_base_url": "http://127.0.0.1:1/v1",
    }
    assert not await check(settings.model_copy(update=wrong))
    printed = capsys.readouterr().out
    assert parts(printed) == [
        ["ok", "settings"],
        ["BAD", "database"],
        ["ok", "token"],
        ["BAD", "scopes"],
        ["BAD", "socket"],
        ["BAD", "model"],
        ["ok", "agent"],
    ]
    for advice in ("Check DATABASE_URL", "Missing: groups:history.", "SLACK_APP_TOKEN (not_allowed_token_type)"):
        assert advice in printed


async def test_the_check_opens_the_graph_and_calls_each_server(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "mcp.json"
    there = program("tests.agent.mcp_server")
    config.write_text(json.dumps({"mcpServers": {"tea": there, "gone": {"command": "/no/such/program"}}}))
    assert not await check(settings.model_copy(update={"mcp_config": config, "agent": "no.such.module:graph"}))
    *_, tea, gone, agent = capsys.readouterr().out.splitlines()
    assert tea.startswith("ok   mcp       tea answers, with ")
    assert gone.startswith("BAD  mcp       gone does not answer")
    assert agent.startswith("BAD  agent     AGENT=no.such.module:graph: no.such.module cannot be imported")


async def test_the_check_names_a_token_that_slack_refuses(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not await check(settings.model_copy(update={"slack_bot_token": SecretStr("xoxb-wrong")}))
    printed = capsys.readouterr().out
    assert "Slack refuses SLACK_BOT_TOKEN (invalid_auth)" in printed
    assert "xoxb-wrong" not in printed
