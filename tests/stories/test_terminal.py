"""A conversation in the terminal: remembered, gone back in, traced."""

import re
from pathlib import Path

import pytest

from bot.errors import UnknownCheckpoint
from bot.script import Call, Reply, Say, Wire
from bot.settings import Settings
from bot.terminal import chat, history
from tests.stage import Model
from tests.stories.speech import echo


@pytest.fixture
def file(tmp_path: Path) -> str:
    """A database in a file."""
    return f"sqlite:///{tmp_path}/memory.db"


@pytest.fixture(autouse=True)
def _the_model_echoes(model: Model) -> None:
    model.script = echo


async def talk(settings: Settings, *lines: str, name: str = "default", **options: object) -> str:
    """Say these lines in a conversation, and give what was shown."""
    said = iter([*lines, None])
    shown: list[str] = []
    await chat(settings, name, read=lambda: next(said), write=shown.append, **options)  # pyright: ignore[reportArgumentType]
    return "".join(shown)


async def past(settings: Settings, name: str, database: str) -> list[str]:
    """The lines of a conversation's history."""
    shown: list[str] = []
    await history(settings, name, database=database, write=shown.append)
    return shown


async def test_a_conversation_is_remembered_from_one_start_to_the_next(settings: Settings, file: str) -> None:
    assert await talk(settings, "one", "two", database=file) == "1: one\n3: two\n"
    assert await talk(settings, "three", database=file) == "5: three\n"
    assert await talk(settings, "four", database=file, name="other") == "1: four\n"


async def test_postgresql_is_the_memory_where_nothing_else_is_said(settings: Settings) -> None:
    assert await talk(settings, "one") == "1: one\n"
    assert await talk(settings, "two") == "3: two\n"


async def test_a_memory_without_a_file_is_gone_afterwards(settings: Settings) -> None:
    for _ in range(2):
        assert await talk(settings, "one", database="sqlite:///:memory:") == "1: one\n"


async def test_one_can_go_back_to_a_checkpoint_and_on_from_there(settings: Settings, file: str) -> None:
    await talk(settings, "one", "two", "three", database=file)
    lines = await past(settings, "default", file)
    after_one = next(line for line in lines if line.rstrip().endswith("1: one")).split()[0]
    assert await talk(settings, "another two", database=file, checkpoint=after_one) == "3: another two\n"
    assert await talk(settings, "go on", database=file) == "5: go on\n"


async def test_an_unknown_checkpoint_is_said(settings: Settings, file: str) -> None:
    with pytest.raises(UnknownCheckpoint, match="nowhere"):
        await talk(settings, "one", database=file, checkpoint="nowhere")


async def test_a_conversation_without_a_history_is_said(settings: Settings, file: str) -> None:
    assert await past(settings, "nobody", file) == ["Nothing is remembered of nobody.\n"]


async def test_the_trace_tells_what_each_node_does(settings: Settings) -> None:
    shown = await talk(settings, "one", database="sqlite:///:memory:", trace=True)
    steps = re.findall(r"^\[[\d:.]+ (\w+)\] (.+)$", shown, re.MULTILINE)
    assert steps == [("model", "began"), ("model", "wrote 1 message: 1: one")]


async def test_the_trace_tells_when_turns_have_settled(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.folding.SETTLING", 10_000)
    shown = await talk(settings, "one", "two", database="sqlite:///:memory:", trace=True)
    assert re.findall(r"^\[[\d:.]+ fold\] (.+)$", shown, re.MULTILINE) == ["began", "wrote settled_messages, messages"]


async def test_a_tool_that_asks_first_is_let_run_or_not(settings: Settings, model: Model) -> None:
    def script(messages: list[Wire]) -> Reply:
        return Say("Done.") if messages[-1]["role"] == "tool" else Call([("current_time", "{}")])

    model.script = script
    guarded = settings.model_copy(update={"approve": "current_time"})
    told = await talk(guarded, "one", "no, not now", "two", "yes", "three", "four")
    assert told.count("May I use `current_time`?") == 4
    assert told.count("Done.") == 2
    said = [str(message["content"]) for message in model.server.requests[-1]["messages"]]
    assert any(text.endswith("the tool was not run. not now") for text in said)
    assert any("UTC" in text for text in said)
    assert any(text.startswith("Nobody decided") for text in said)
