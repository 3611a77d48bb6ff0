"""The other commands: a conversation in the terminal, its history, and the check."""

import re

import pytest

from bot.settings import Settings
from bot.slack.local import LocalSlack
from tests.stories.processes import environment, running
from tests.stories.speech import QUESTIONS


@pytest.fixture
def env(settings: Settings) -> dict[str, str]:
    """The environment of a command, with everything that the bot needs."""
    return environment(settings)


@pytest.fixture
def offline(env: dict[str, str]) -> dict[str, str]:
    """The same without a model's key."""
    return {name: value for name, value in env.items() if name not in {"MODEL", "OPENAI_API_KEY", "OPENAI_BASE_URL"}}


async def bot(env: dict[str, str], *arguments: str, says: str = "", code: int = 0) -> str:
    """Run a command on that file with this input, and give its output."""
    async with running(*arguments, env=env) as process:
        output, errors = await process.communicate(says.encode())
        assert process.returncode == code, errors.decode()
        return output.decode()


async def test_without_a_key_the_three_questions_are_answered_and_said_to_be_scripted(offline: dict[str, str]) -> None:
    talk = await bot(offline, "chat", "--database", "sqlite:///:memory:", "--trace", says="\n".join(QUESTIONS))
    assert talk.startswith("No model key is set")
    assert re.search(r"^\[\S+ tools\] began$", talk, re.MULTILINE)
    assert "(Searching: weather in SF)" in talk
    assert "Los Angeles" in talk.rpartition("wrote")[0].rpartition("began")[2]
    assert talk.count("I am a scripted stand-in") == 3


async def test_an_unknown_checkpoint_is_said_without_a_traceback(offline: dict[str, str]) -> None:
    options = ("--database", "sqlite:///:memory:", "--from", "nowhere")
    async with running("chat", *options, env=offline) as process:
        _, errors = await process.communicate(b"hello")
    assert process.returncode == 1
    assert b"nowhere" in errors
    assert b"Traceback" not in errors


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
