"""The other commands: a conversation in the terminal, its history, and the check."""

import re
from pathlib import Path

import pytest

from bot.settings import Settings
from bot.slack.local import LocalSlack
from tests.stories.processes import environment, running
from tests.stories.speech import QUESTIONS


@pytest.fixture
def env(settings: Settings, tmp_path: Path) -> dict[str, str]:
    """The environment of a command whose conversations stand in a file."""
    return environment(settings, BOT_TEST_FILE=f"sqlite:///{tmp_path}/memory.db")


async def bot(env: dict[str, str], *arguments: str, says: str = "", code: int = 0) -> str:
    """Run a command on that file with this input, and give its output."""
    async with running(*arguments, env=env) as process:
        output, errors = await process.communicate(says.encode())
        assert process.returncode == code, errors.decode()
        return output.decode()


async def test_a_conversation_in_the_terminal_is_remembered(env: dict[str, str]) -> None:
    file = env["BOT_TEST_FILE"]
    first, second, third = QUESTIONS
    talk = await bot(env, "chat", "--database", file, says=f"{first}\n{second}\n")
    assert "(Searching: " in talk
    assert "Los Angeles" in await bot(env, "chat", "--database", file, says=third)
    other = await bot(env, "chat", "--database", file, "--conversation", "other", says=third)
    assert "do not know" in other


async def test_one_can_go_back_to_a_checkpoint_and_on_from_there(env: dict[str, str]) -> None:
    file = env["BOT_TEST_FILE"]
    await bot(env, "chat", "--database", file, says="\n".join(QUESTIONS[:2]))
    lines = (await bot(env, "history", "default", "--database", file)).splitlines()
    assert len(lines) > 5
    # The oldest line is the empty conversation: from there nothing is known.
    start = lines[-1].split()[0]
    answer = await bot(env, "chat", "--database", file, "--from", start, says=QUESTIONS[2])
    assert "do not know" in answer


async def test_an_unknown_checkpoint_is_said(env: dict[str, str]) -> None:
    options = ("--database", env["BOT_TEST_FILE"], "--from", "nowhere")
    async with running("chat", *options, env=env) as process:
        _, errors = await process.communicate(b"hello")
    assert process.returncode == 1
    assert b"nowhere" in errors
    assert b"Traceback" not in errors


async def test_the_trace_tells_what_each_node_does(env: dict[str, str]) -> None:
    talk = await bot(env, "chat", "--database", "sqlite:///:memory:", "--trace", says=QUESTIONS[0])
    steps = re.findall(r"^\[\S+ (\w+)\] (\w+)", talk, re.MULTILINE)
    nodes = [(name, what) for name, what in steps if name in {"model", "tools"}]
    assert nodes == [
        ("model", "began"),
        ("model", "wrote"),
        ("tools", "began"),
        ("tools", "wrote"),
        ("model", "began"),
        ("model", "wrote"),
    ]


async def test_without_a_key_the_offline_model_says_that_it_is_scripted(env: dict[str, str]) -> None:
    env = {name: value for name, value in env.items() if not name.startswith(("OPENAI", "MODEL"))}
    talk = await bot(env, "chat", "--database", "sqlite:///:memory:", says="hello")
    assert "No model key is set" in talk
    assert "scripted" in talk.partition("\n")[2]


async def test_the_check_finds_everything_in_order(env: dict[str, str]) -> None:
    lines = (await bot(env, "check")).splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["ok", part] for part in ("settings", "database", "token", "scopes", "socket", "model")
    ]


async def test_the_check_says_what_to_do(env: dict[str, str], slack: LocalSlack) -> None:
    env |= {"SLACK_BOT_TOKEN": "xoxb-wrong", "DATABASE_URL": "postgresql://127.0.0.1:1/none"}
    env |= {"OPENAI_BASE_URL": "http://127.0.0.1:1/v1"}
    lines = (await bot(env, "check", code=1)).splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["ok", "settings"],
        ["BAD", "database"],
        ["BAD", "token"],
        ["BAD", "model"],
    ]
    assert "Check DATABASE_URL" in lines[1]
    assert "SLACK_BOT_TOKEN (invalid_auth)" in lines[2]
    assert slack.calls
