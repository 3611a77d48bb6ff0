"""The answer is heard while it is written, and only the answer."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

import pytest
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import RetryPolicy

from bot.agent import GraphAgent
from bot.conversation import NodeEnded, NodeStarted, Restarted, Token
from bot.script import Break, Call, Gate, Reply, Say, in_turn
from bot.scripted import ScriptedModel
from bot.turn import cancel
from tests.agent.stage import LONG, THREAD, Stage, memory, model_at, on_stage

AT_ONCE = RetryPolicy(initial_interval=0, jitter=False, max_attempts=2, retry_on=Exception)

Build = Callable[["StateGraph[MessagesState]", BaseChatModel], None]


def stage_of(graph: "StateGraph[MessagesState]", server: ScriptedModel, answering: set[str]) -> Stage:
    return Stage(server, GraphAgent(graph.compile(checkpointer=memory()), answering=answering))


async def test_words_are_heard_while_the_model_still_writes() -> None:
    gate = Gate()
    async with on_stage(in_turn(Say(["First words ", gate, "and the last."]))) as stage:
        heard = ""
        async with (
            asyncio.timeout(LONG.total_seconds()),
            aclosing(stage.agent.answer(THREAD, [stage.message("Hi")])) as events,
        ):
            async for event in events:
                heard += event.text if isinstance(event, Token) else ""
                if heard == "First words ":
                    gate.open()  # the rest is not written before the first words are heard
        assert heard == "First words and the last."


async def test_the_nodes_are_told_as_they_run() -> None:
    async with on_stage(in_turn(Say("Hello."))) as stage:
        heard = await stage.ask("Hi")
        assert heard.events[0] == NodeStarted("model")
        assert heard.events[-1] == NodeEnded("model", "1 message: Hello.")


async def test_leaving_stops_the_model_at_once_and_the_conversation_goes_on() -> None:
    gate = Gate()
    async with on_stage(in_turn(Say(["Half of ", gate, "it."]), Say("Hello again."))) as stage:
        await stage.hear_until(stage.message("Hi"), "Half")
        async with asyncio.timeout(LONG.total_seconds()):
            await stage.server.disconnected()
        assert (await stage.ask("Are you there?")).text == "Hello again."
        assert stage.sent() == [("user", "Hi"), ("user", "Are you there?")]


async def test_a_cancelled_task_stops_the_model_too() -> None:
    gate = Gate()
    async with on_stage(in_turn(Say(["Half of ", gate, "it."]))) as stage:
        asking = asyncio.create_task(stage.ask("Hi"))
        async with asyncio.timeout(LONG.total_seconds()):
            await gate.reached()
            await cancel(asking)
            await stage.server.disconnected()
        assert asking.cancelled()


@pytest.mark.parametrize(
    ("second", "text"),
    [(Say("The whole answer."), "The whole answer."), (Call([("none", {})]), ""), (Break(), "")],
    ids=["text", "only a call", "broken again"],
)
async def test_a_model_that_is_asked_again_in_mid_stream_begins_anew(second: Reply, text: str) -> None:
    async with ScriptedModel.open(in_turn(Break("Half an answer"), second)) as server:
        model = model_at(server.url)

        async def think(state: MessagesState) -> MessagesState:
            return {"messages": [await model.ainvoke(state["messages"])]}

        graph = StateGraph(MessagesState).add_node("model", think, retry_policy=AT_ONCE)
        stage = stage_of(graph.add_edge(START, "model"), server, {"model"})
        heard = await stage.ask("Hi")
        restarts = [event for event in heard.events if isinstance(event, Restarted)]
        assert len(restarts) == 1
        assert heard.text == text
        assert restarts[0].draft in {event.draft for event in heard.events if isinstance(event, Token)}


async def test_a_request_that_is_made_again_within_a_node_begins_anew() -> None:
    async with ScriptedModel.open(in_turn(Break("Half an answer"), Call([("none", {})]))) as server:
        model = model_at(server.url).with_retry(wait_exponential_jitter=False, stop_after_attempt=2)

        async def think(state: MessagesState) -> MessagesState:
            return {"messages": [await model.ainvoke(state["messages"])]}

        stage = stage_of(StateGraph(MessagesState).add_node("model", think).add_edge(START, "model"), server, {"model"})
        heard = await stage.ask("Hi")
        assert (heard.text, heard.error) == ("", None)


async def test_a_node_that_fails_after_its_model_answered_begins_anew() -> None:
    async with ScriptedModel.open(in_turn(Say("Not this."), Call([("none", {})]))) as server:
        model = model_at(server.url)

        async def think(state: MessagesState) -> MessagesState:
            message = await model.ainvoke(state["messages"])
            if message.text == "Not this.":
                raise ValueError("not this")
            return {"messages": [message]}

        graph = StateGraph(MessagesState).add_node("model", think, retry_policy=AT_ONCE)
        heard = await stage_of(graph.add_edge(START, "model"), server, {"model"}).ask("Hi")
        assert (heard.text, heard.error) == ("", None)


class Stuttering(FakeListChatModel):
    """A model that begins again within one request, under another id, as some providers do."""

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        del messages, stop, run_manager, kwargs
        for id_, text in (
            ("msg_1", ""),
            (None, "Half "),
            ("msg_1", "an "),
            ("msg_2", "A whole "),
            ("msg_2", "answer."),
        ):
            yield ChatGenerationChunk(message=AIMessageChunk(content=text, id=id_))


@pytest.mark.parametrize(
    ("model", "restarts", "text"),
    [
        (Stuttering(responses=[]), 1, "A whole answer."),
        (FakeListChatModel(responses=["In one piece."], disable_streaming=True), 0, "In one piece."),
    ],
    ids=["stuttering", "not streaming"],
)
async def test_other_models_are_heard_too(model: BaseChatModel, restarts: int, text: str) -> None:
    async with ScriptedModel.open(in_turn()) as server:

        async def think(state: MessagesState) -> MessagesState:
            return {"messages": [await model.ainvoke(state["messages"])]}

        stage = stage_of(StateGraph(MessagesState).add_node("model", think).add_edge(START, "model"), server, {"model"})
        heard = await stage.ask("Hi")
        assert heard.text == text
        assert len([event for event in heard.events if isinstance(event, Restarted)]) == restarts


async def test_only_the_answering_nodes_are_heard() -> None:
    async with ScriptedModel.open(in_turn(*(Say(f"Words {number}.") for number in range(4)))) as server:
        model = model_at(server.url)

        async def plan(state: MessagesState) -> MessagesState:
            await model.ainvoke(state["messages"])
            return {"messages": []}

        async def think(state: MessagesState) -> MessagesState:
            summarising = model.with_config(metadata={"lc_source": "summarization"})
            await summarising.ainvoke(state["messages"])
            return {"messages": [await model.ainvoke(state["messages"])]}

        inner = StateGraph(MessagesState).add_node("model", plan).add_edge(START, "model").compile()
        graph = StateGraph(MessagesState).add_node("plan", plan).add_node("inner", inner).add_node("model", think)
        graph.add_edge(START, "plan").add_edge("plan", "inner").add_edge("inner", "model").add_edge("model", END)
        heard = await stage_of(graph, server, {"model"}).ask("Hi")
        assert heard.text == "Words 3."
        assert [event.node for event in heard.events if isinstance(event, NodeStarted)] == ["plan", "inner", "model"]


async def test_two_answers_of_one_node_are_two_messages() -> None:
    async with ScriptedModel.open(in_turn(Say("First."), Say("Second."))) as server:
        model = model_at(server.url)

        async def think(state: MessagesState) -> MessagesState:
            return {"messages": [await model.ainvoke(state["messages"]), await model.ainvoke(state["messages"])]}

        stage = stage_of(StateGraph(MessagesState).add_node("model", think).add_edge(START, "model"), server, {"model"})
        assert (await stage.ask("Hi")).text == "First.\n\nSecond."
