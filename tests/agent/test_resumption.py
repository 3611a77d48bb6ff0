"""An answer goes on from wherever its memory broke off: a process may die between any two of its writes."""

from contextlib import aclosing
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from bot.conversation import Message, Token
from bot.offline_script import offline_tools
from bot.script import Call, Reply, Say, Wire
from bot.serde import serializer
from tests.agent.stage import THREAD, Stage, on_stage

CHECKPOINTS = 5
"""Of a turn with one tool call: the input, the question, the model, the tool, the model again."""


def looks_up_first(messages: list[Wire]) -> Reply:
    return Say("Fog.") if messages[-1]["role"] == "tool" else Call([("web_search", {"query": "weather in SF"})])


def forget_newest(saver: InMemorySaver, count: int) -> None:
    """As a process leaves it that died before its last checkpoints: what the tasks before them wrote is there."""
    kept: dict[str, Any] = saver.storage[THREAD][""]
    assert len(kept) == CHECKPOINTS
    for checkpoint in sorted(kept)[CHECKPOINTS - count :]:
        del kept[checkpoint]
        saver.writes.pop((THREAD, "", checkpoint), None)


async def told(stage: Stage, message: Message) -> str:
    async with aclosing(stage.agent.answer(THREAD, [message])) as events:
        return "".join([event.text async for event in events if isinstance(event, Token)])


@pytest.mark.parametrize("forgotten", range(CHECKPOINTS + 1))
async def test_an_answer_goes_on_from_every_point(forgotten: int) -> None:
    saver = InMemorySaver(serde=serializer())
    async with on_stage(looks_up_first, *offline_tools(), saver=saver) as stage:
        question = stage.message("Weather?")
        assert await told(stage, question) == "Fog."
        forget_newest(saver, forgotten)
        assert await told(stage, question) == "Fog."
        assert await told(stage, stage.message("And now?")) == "Fog."
        assert [role for role, _ in stage.sent()] == [
            "user",
            "assistant",
            "tool",
            "assistant",
            "user",
            "assistant",
            "tool",
        ]
