"""Tools of MCP servers: programs and addresses that a file names."""

import json
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from langchain_core.tools import BaseTool, ToolException

from bot.errors import SettingsError
from bot.servers import Address, Program, open_servers, servers
from tests.fork_server import program
from tests.stories.processes import child, until_printed

IS_THERE = find_spec("mcp") is not None
pytestmark = pytest.mark.skipif(not IS_THERE, reason="the extra mcp is not installed")

HERE = "tests.agent.mcp_server"


@asynccontextmanager
async def tools(**named: Program | Address) -> AsyncGenerator[dict[str, BaseTool], None]:
    async with open_servers(named) as found:
        yield {tool.name: tool for tool in found}


def tries(**env: str) -> Program:
    return Program(**program(HERE), env=env)


async def test_a_programs_tools_do_what_they_do_and_after_its_end_it_is_started_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bot.servers.PAUSE", timedelta(milliseconds=10))
    async with tools(tries=tries(SECRET="s3")) as found:
        assert set(found) == {"tries_add", "tries_fail", "tries_die", "tries_secret"}
        assert found["tries_add"].description == "Add two numbers."
        assert await found["tries_add"].ainvoke({"a": 2, "b": 3}) == "5"
        assert await found["tries_secret"].ainvoke({}) == "s3"
        with pytest.raises(ToolException, match="Error executing tool fail"):
            await found["tries_fail"].ainvoke({})

        with pytest.raises(ToolException, match="tries failed"):
            await found["tries_die"].ainvoke({})
        while True:
            try:
                assert await found["tries_add"].ainvoke({"a": 1, "b": 1}) == "2"
                break
            except ToolException as error:
                assert "cannot be reached" in str(error) or "failed" in str(error)  # noqa: PT017 (until it is back)


async def test_an_address_is_spoken_to_by_http_and_what_is_down_is_done_without(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with child(HERE, "http", stdout=PIPE) as server:
        port = int(await until_printed(server.stdout, b"\n"))
        there = Address(url=f"http://127.0.0.1:{port}/mcp")
        gone = Program(command="/nowhere/at/all")
        async with tools(gone=gone, away=Address(url="http://127.0.0.1:1/mcp"), web=there) as found:
            assert await found["web_add"].ainvoke({"a": 2, "b": 3}) == "5"
            assert not any(name.startswith(("gone", "away")) for name in found)
    told = capsys.readouterr()
    assert "mcp_server_down" in told.out + told.err


def written(folder: Path, content: Any) -> Path:
    path = folder / "mcp.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_a_file_names_programs_and_addresses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "t0")
    a = {"command": "x", "args": ["${TOKEN}"]}
    b = {"url": "https://b.test/", "headers": {"K": "v ${TOKEN}"}}
    found = servers(written(tmp_path, {"mcpServers": {"a": a, "b": b}}))
    assert found == {"a": Program(command="x", args=["t0"]), "b": Address(url="https://b.test/", headers={"K": "v t0"})}


def test_without_a_file_there_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert servers(None) == {}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "no JSON, from line 1"),
        ([], 'no "mcpServers"'),
        ({"servers": {}}, 'no "mcpServers"'),
        ({"mcpServers": {"a": {}}}, "a needs a command"),
        ({"mcpServers": {"a": {"command": "x", "url": "https://x/"}}}, "a needs a command"),
        ({"mcpServers": {"a": {"url": "ftp://x/"}}}, "a needs a command"),
        ({"mcpServers": {"a": {"command": "${NO_SUCH}"}}}, "NO_SUCH, which is not set"),
    ],
)
def test_a_file_that_is_wrong_is_said(tmp_path: Path, content: Mapping[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        servers(written(tmp_path, content))


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        servers(tmp_path / "none.json")
