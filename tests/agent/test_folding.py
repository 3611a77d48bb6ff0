"""A long conversation: its oldest turns become notes, and what it costs stays the same."""

from collections.abc import Sequence
from typing import Any, cast

from hypothesis import given, strategies as st
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langchain_core.messages.utils import count_tokens_approximately
from langchain_core.tools import StructuredTool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import add_messages

from bot.folding import foldable, settling, shortened, turns
from bot.memory import Memory
from bot.script import Call, Refuse, Reply, Say, Wire
from bot.serde import serializer
from tests.agent.stage import THREAD, on_stage
from tests.laws import examples
from tests.stories.speech import echo

BUDGET = 600
NOTES = "You keep the notes"

texts = st.integers(1, 4_000).map(lambda length: "word " * (length // 5 + 1))


@st.composite
def conversations(draw: st.DrawFn) -> list[AnyMessage]:
    """Turns of one to three questions and an answer, some by way of a tool."""
    said: list[AnyMessage] = []
    for with_tool in draw(st.lists(st.booleans(), min_size=1, max_size=12)):
        said += [HumanMessage(text) for text in draw(st.lists(texts, min_size=1, max_size=3))]
        if with_tool:
            said.append(AIMessage("", tool_calls=[{"id": "1", "name": "look_up", "args": {}}]))
            said.append(ToolMessage(draw(texts), tool_call_id="1", name="look_up"))
        said.append(AIMessage(draw(texts)))
    return said


@examples(30)
@given(conversations())
def test_whole_turns_are_folded_the_oldest_first_and_never_the_last(said: list[AnyMessage]) -> None:
    old = foldable(said, BUDGET)
    assert said[: len(old)] == old
    kept = turns(said[len(old) :])
    assert kept
    assert turns(said)[-len(kept) :] == kept
    assert all(isinstance(turn[0], HumanMessage) for turn in kept)
    assert not old or count_tokens_approximately(said) > BUDGET


@examples(30)
@given(conversations())
def test_what_is_kept_is_within_the_budget_but_for_the_last_turn(said: list[AnyMessage]) -> None:
    kept = said[len(foldable(said, BUDGET)) :]
    size = count_tokens_approximately(kept)
    assert size <= max(BUDGET, count_tokens_approximately(turns(said)[-1]))


@examples(30)
@given(conversations())
def test_what_is_too_long_for_the_memory_is_cut_and_nothing_else(said: list[AnyMessage]) -> None:
    cut = {id(message): message for message in shortened(said, BUDGET)}
    assert all(len(message.text) < BUDGET // 2 + 80 for message in cut.values())
    assert len(cut) == sum(len(message.text) > BUDGET // 2 for message in said)


def changed(messages: Sequence[AnyMessage], change: Any) -> list[AnyMessage]:
    return cast("list[AnyMessage]", add_messages(cast("Any", messages), change))


@examples(30)
@given(conversations())
def test_what_settles_is_what_was_said_before_the_last_turn(said: list[AnyMessage]) -> None:
    known = changed([], said)
    *before, last = turns(known)
    half = [message for turn in before[: len(before) // 2] for message in turn]
    for settled in ([], half):
        state = Memory(messages=known[len(settled) :], settled_messages=settled)
        change = settling(state, known)
        after = changed(settled, change["settled_messages"]), changed(state["messages"], change["messages"])
        assert after == (known[: -len(last)], last)


async def test_what_has_settled_is_known_and_written_once_in_several_turns() -> None:
    saver = InMemorySaver(serde=serializer())
    async with on_stage(echo, saver=saver, memory_tokens=BUDGET) as stage:
        for number in range(8):
            await stage.ask(f"{number} {'word' * 20}")
    assert [text.split()[0] for role, text in stage.sent() if role == "user"] == [f"{number}" for number in range(8)]
    states = [state.checkpoint async for state in saver.alist({"configurable": {"thread_id": THREAD}})]
    written = {state["channel_versions"].get("settled_messages") for state in states} - {None}
    assert 1 <= len(written) <= 3
    assert len({state["channel_versions"].get("messages") for state in states}) > 15


def keeping_notes(messages: list[Wire]) -> Reply:
    """A model that writes notes when it is asked for some, and otherwise tells how much it was sent."""
    if NOTES in str(messages[0]["content"]):
        first = next(line for line in str(messages[1]["content"]).splitlines() if "favourite" in line)
        return Say(first.partition(": ")[2] if ": " in first else first)
    if "favourite?" in str(messages[-1]["content"]):
        return Say("Green." if "green" in str(messages[0]["content"]) else "I do not know.")
    return Say(f"I was sent {len(messages)}. " + f"{'word' * 25} " * 5)


async def test_what_was_said_first_is_known_by_the_notes_and_a_request_stays_small() -> None:
    async with on_stage(keeping_notes, memory_tokens=BUDGET) as stage:
        await stage.ask("My favourite is green.")
        for number in range(15):
            assert "I was sent" in (await stage.ask(f"{number} {'word ' * 40}")).text
        assert (await stage.ask("What is my favourite?")).text == "Green."
        sizes = [sum(len(str(message["content"])) for message in request) for request in stage.requests]
    assert max(sizes) < 8 * BUDGET
    assert any(NOTES in str(request[0]["content"]) for request in stage.requests)


async def test_where_the_notes_cannot_be_written_nothing_is_forgotten() -> None:
    def script(messages: list[Wire]) -> Reply:
        return Refuse(400, "no_notes") if NOTES in str(messages[0]["content"]) else keeping_notes(messages)

    async with on_stage(script, memory_tokens=BUDGET) as stage:
        await stage.ask("My favourite is green.")
        for number in range(8):
            heard = await stage.ask(f"{number} {'word ' * 60}")
            assert "I was sent" in heard.text
            assert heard.error is None
        assert "My favourite is green." in str(stage.sent())


async def test_a_result_that_is_too_long_to_remember_is_cut_when_it_has_been_answered() -> None:
    async def look_up() -> str:
        """Look it up."""
        return "word " * 2_000

    def script(messages: list[Wire]) -> Reply:
        if NOTES in str(messages[0]["content"]):
            return Say("Noted.")
        return Say("It is long.") if messages[-1]["role"] == "tool" else Call([("look_up", {})])

    async with on_stage(script, StructuredTool.from_function(coroutine=look_up), memory_tokens=BUDGET) as stage:
        await stage.ask("Look it up.")
        assert len(stage.sent()[-1][1]) == 10_000
        await stage.ask("And again?")
        first = next(content for role, content in stage.sent(-2) if role == "tool")
        assert first.endswith("[the rest, 9,700 characters, is left out]")
