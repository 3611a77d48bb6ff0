"""A tool of an MCP server is used in a thread."""

import json
from pathlib import Path

import pytest

from bot.script import Call, Say, in_turn
from bot.slack.local import LocalSlack
from tests.fork_server import program
from tests.stage import Model, OpenBot
from tests.stories.speech import answered


async def test_a_servers_tool_shows_while_it_runs_and_its_result_is_used(
    slack: LocalSlack, model: Model, start: OpenBot, tmp_path: Path
) -> None:
    pytest.importorskip("mcp", reason="the extra mcp is not installed")
    (tmp_path / "mcp.json").write_text(json.dumps({"mcpServers": {"tries": program("tests.agent.mcp_server")}}))
    model.script = in_turn(Call([("tries_add", {"a": 2, "b": 3})]), Say("It is 5."))
    async with start(own_tools=True, mcp_config=tmp_path / "mcp.json"):
        ts = await slack.say("ada", "general", "@skein what is 2 and 3?")
        await answered(slack, "general", ts, "It is 5.\nUsed tries_add")
    assert model.server.requests[-1]["messages"][-1]["content"] == "5"
