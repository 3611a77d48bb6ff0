"""The model calls tools: together, at least once, and whatever they raise is told to it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing

import pytest
from langchain_core.tools import BaseTool, StructuredTool
from langgraph.types import interrupt

from bot.conversation import ToolEnded, ToolStarted
from bot.script import Call, Gate, Say, in_turn
from tests.agent.stage import LONG, THREAD, on_stage


def tool(function: Callable[[str], Awaitable[str]], name: str = "look_up") -> BaseTool:
    async def run(query: str) -> str:
        return await function(query)

    return StructuredTool.from_function(coroutine=run, name=name, description="Look something up.")


async def echo(query: str) -> str:
    return f"about {query}"


async def test_the_calls_of_one_message_run_together() -> None:
    meeting = asyncio.Barrier(2)

    async def meet(query: str) -> str:
        async with asyncio.timeout(LONG.total_seconds()):
            await meeting.wait()  # each waits for the other: one after another would never end
        return f"about {query}"

    calls = Call([("look_up", {"query": "tea"}), ("look_up", {"query": "coffee"})])
    async with on_stage(in_turn(calls, Say("Both.")), tool(meet)) as stage:
        assert (await stage.ask("Tea and coffee?")).text == "Both."
        assert [content for role, content in stage.sent() if role == "tool"] == ["about tea", "about coffee"]


async def test_people_see_what_runs_and_how_it_ended() -> None:
    async with on_stage(in_turn(Call([("look_up", {"query": "tea"})]), Say("Tea.")), tool(echo)) as stage:
        started, ended = (await stage.ask("Tea?")).tools
        assert started == ToolStarted(ended.call, "look_up", "Using look_up", "Used look_up")
        assert ended == ToolEnded(started.call, "look_up", failed=False)


async def test_a_tool_that_raises_tells_the_model_and_not_the_person() -> None:
    async def fail(query: str) -> str:
        raise RuntimeError(f"no {query} " + "x" * 1000)

    async with on_stage(in_turn(Call([("look_up", {"query": "tea"})]), Say("I could not.")), tool(fail)) as stage:
        heard = await stage.ask("Tea?")
        assert (heard.text, heard.error) == ("I could not.", None)
        assert [event.failed for event in heard.tools if isinstance(event, ToolEnded)] == [True]
        (result,) = [content for role, content in stage.sent() if role == "tool"]
        assert result.startswith("Error: RuntimeError: no tea")
        assert len(result) < 600


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("look_up", {"wrong": "tea"}, "Field required"),
        ("look_up", "tea, please", "not valid JSON"),
        ("nothing", {"query": "tea"}, "There are: look_up"),
    ],
    ids=["bad arguments", "not JSON", "unknown tool"],
)
async def test_a_wrong_call_is_told_to_the_model(name: str, arguments: dict[str, str] | str, told: str) -> None:
    async with on_stage(in_turn(Call([(name, arguments)]), Say("Sorry.")), tool(echo)) as stage:
        assert (await stage.ask("Tea?")).text == "Sorry."
        (result,) = [content for role, content in stage.sent() if role == "tool"]
        assert told in result


async def test_after_a_crash_a_finished_tool_does_not_run_again() -> None:
    ran: list[str] = []
    slow_began, slow_may_end = asyncio.Event(), asyncio.Event()

    async def run(query: str) -> str:
        ran.append(query)
        if query == "slow":
            slow_began.set()
            await slow_may_end.wait()
        return f"about {query}"

    calls = Call([("look_up", {"query": "quick"}), ("look_up", {"query": "slow"})], "Let me see.")
    async with on_stage(in_turn(calls, Say("Both.")), tool(run)) as stage:
        question = stage.message("Both?")
        async with asyncio.timeout(LONG.total_seconds()), aclosing(stage.agent.answer(THREAD, [question])) as events:
            async for event in events:
                # The process dies when the one has ended and the other runs.
                if isinstance(event, ToolEnded):
                    await slow_began.wait()
                    break
        slow_may_end.set()
        assert (await stage.ask(question)).text == "Let me see.\n\nBoth."  # the whole answer, as if nothing had been
        assert sorted(ran) == ["quick", "slow", "slow"]
        assert [content for role, content in stage.sent() if role == "tool"] == ["about quick", "about slow"]


async def test_a_conversation_with_a_dangling_call_mends_itself() -> None:
    never = asyncio.Event()

    async def hang(query: str) -> str:
        await never.wait()
        return query

    script = in_turn(Call([("look_up", {"query": "tea"})], "Let me see."), Say("Never mind."), Say("Still here."))
    async with on_stage(script, tool(hang)) as stage:
        async with aclosing(stage.agent.answer(THREAD, [stage.message("Tea?")])) as events:
            async for event in events:
                if isinstance(event, ToolStarted):
                    break
        # OpenAI refuses a call without a result, here the server does; and would for ever after.
        assert (await stage.ask("Forget it")).text == "Never mind."
        assert [role for role, _ in stage.sent()] == ["user", "assistant", "tool", "user"]
        assert stage.sent()[2][1].startswith("Cancelled")
        assert (await stage.ask("Are you there?")).text == "Still here."


async def test_a_tool_may_wait_for_a_person() -> None:
    async def ask_first(query: str) -> str:
        return str(interrupt(query))

    async with on_stage(in_turn(Call([("look_up", {"query": "tea"})]), Say("Never mind.")), tool(ask_first)) as stage:
        heard = await stage.ask("Tea?")
        assert (heard.text, heard.error, len(stage.requests)) == ("tea", None, 1)


async def test_a_preamble_and_the_answer_are_two_messages() -> None:
    gate = Gate()
    script = in_turn(Call([("look_up", {"query": "tea"})], ["Let me ", gate, "see."]), Say("Tea it is."))
    async with on_stage(script, tool(echo)) as stage:
        gate.open()
        assert (await stage.ask("Tea?")).text == "Let me see.\n\nTea it is."
