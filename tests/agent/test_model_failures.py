"""The model refuses, is silent, breaks off or goes round in circles, and the conversation goes on."""

import asyncio
from datetime import timedelta

import psycopg
import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata, CheckpointTuple
from langgraph.checkpoint.memory import InMemorySaver

from bot.errors import (
    AgentError,
    ContentRefused,
    DatabaseError,
    ModelBroken,
    ModelRefused,
    ModelTimeout,
    TooManySteps,
)
from bot.offline_script import offline_tools
from bot.script import Break, Call, Empty, Hang, Refuse, Reply, Say, Wire, in_turn
from tests.agent.stage import on_stage

SOON = timedelta(milliseconds=250)
"""Far longer than a piece of an answer takes on a busy machine."""
SECRET = "sk-made-up-and-secret"


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "invalid_value", ContentRefused),
        (400, "context_length_exceeded", ContentRefused),
        (401, "invalid_api_key", ModelRefused),
        (403, "unsupported_country", ModelRefused),
        (404, "model_not_found", ModelRefused),
        (413, "too_large", ContentRefused),
        (422, "unprocessable", ContentRefused),
        (429, "insufficient_quota", ModelRefused),
        (500, "server_error", ModelBroken),
        (503, "overloaded", ModelBroken),
    ],
)
async def test_a_refusal_is_named_without_quoting_anybody(status: int, code: str, kind: type[AgentError]) -> None:
    async with on_stage(in_turn(Refuse(status, code, f"You wrote: tea. {SECRET}"), Say("Hello."))) as stage:
        error = (await stage.ask("tea")).error
        assert type(error) is kind
        assert str(status) in str(error)
        assert code in str(error)
        assert "tea" not in str(error)
        assert SECRET not in str(error)
        assert (await stage.ask("Are you there?")).text == "Hello."


async def test_a_question_that_was_refused_does_not_spoil_the_next_ones() -> None:
    def refuse_tea(messages: list[Wire]) -> Reply:
        spoken = any("tea" in str(message["content"]) for message in messages)
        return Refuse(400, "content_filter") if spoken else Say("Hello.")

    async with on_stage(refuse_tea) as stage:
        await stage.ask("Hi")
        assert isinstance((await stage.ask("tea")).error, ContentRefused)
        assert (await stage.ask("Are you there?")).text == "Hello."
        assert stage.sent() == [("user", "Hi"), ("assistant", "Hello."), ("user", "Are you there?")]


async def test_a_failing_server_is_asked_again() -> None:
    script = in_turn(Refuse(500, "server_error"), Refuse(429, "rate_limit"), Say("Hello."))
    async with on_stage(script, retries=2) as stage:
        heard = await stage.ask("Hi")
        assert (heard.text, heard.error, len(stage.requests)) == ("Hello.", None, 3)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Break("The first half "), ModelBroken),
        (Hang("The first half "), ModelTimeout),
        (Say("The first half ", finish_reason="content_filter"), ContentRefused),
    ],
    ids=["broken off", "silent", "filtered"],
)
async def test_what_was_written_before_a_failure_is_kept(reply: Reply, kind: type[AgentError]) -> None:
    async with on_stage(in_turn(reply, Say("And the second.")), chunk_timeout=SOON) as stage:
        question = stage.message("Tell me")
        heard = await stage.ask(question)
        assert heard.text == "The first half "
        assert type(heard.error) is kind
        assert (await stage.ask("Go on")).text == "And the second."
        assert stage.sent() == [("user", "Tell me"), ("assistant", "The first half "), ("user", "Go on")]
        assert (await stage.ask(question)).text == "The first half "


async def test_a_failure_after_a_tool_keeps_what_the_tool_found() -> None:
    script = in_turn(Call([("web_search", {"query": "weather in SF"})], "Let me see."), Break("It is "), Say("Fog."))
    async with on_stage(script, *offline_tools()) as stage:
        assert (await stage.ask("Weather?")).text == "Let me see.\n\nIt is "
        assert (await stage.ask("Go on")).text == "Fog."
        assert [role for role, _ in stage.sent()] == ["user", "assistant", "tool", "assistant", "user"]


async def test_a_server_that_never_answers_times_out() -> None:
    async def never(messages: list[Wire]) -> Reply:
        await asyncio.Event().wait()
        return Say(f"{len(messages)}")

    async with on_stage(never, request_timeout=SOON) as stage:
        assert isinstance((await stage.ask("Hi")).error, ModelTimeout)


async def test_a_server_that_is_not_there_is_a_broken_model() -> None:
    async with on_stage(in_turn()) as stage:
        pass
    assert isinstance((await stage.ask("Hi")).error, ModelBroken)


async def test_an_agent_that_goes_in_circles_is_stopped_and_the_conversation_goes_on() -> None:
    circling = True

    def circle(messages: list[Wire]) -> Reply:
        del messages
        return Call([("web_search", {"query": "weather in SF"})]) if circling else Say("Hello.")

    async with on_stage(circle, *offline_tools(), recursion_limit=5) as stage:
        assert isinstance((await stage.ask("Hi")).error, TooManySteps)
        assert len(stage.requests) == 3
        circling = False
        assert (await stage.ask("Are you there?")).text == "Hello."


@pytest.mark.parametrize("reply", [Empty(), Say("  \n")], ids=["nothing", "blanks"])
async def test_an_empty_answer_says_nothing_and_is_not_sent_again(reply: Reply) -> None:
    async with on_stage(in_turn(reply, Say("Hello."))) as stage:
        heard = await stage.ask("Hi")
        assert (heard.text.strip(), heard.error) == ("", None)
        await stage.ask("Are you there?")
        assert stage.sent() == [("user", "Hi"), ("user", "Are you there?")]


async def test_a_filtered_answer_without_a_word_is_a_refusal() -> None:
    async with on_stage(in_turn(Empty("content_filter"), Say("Hello."))) as stage:
        assert isinstance((await stage.ask("Hi")).error, ContentRefused)
        assert (await stage.ask("Are you there?")).text == "Hello."


class Unreachable(InMemorySaver):
    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        raise psycopg.OperationalError(f"no connection for {config}")


class ReadOnly(InMemorySaver):
    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        raise psycopg.errors.ReadOnlySqlTransaction(f"{config}{checkpoint}{metadata}{new_versions}")


@pytest.mark.parametrize("saver", [Unreachable(), ReadOnly()], ids=["unreachable", "read-only"])
async def test_a_failing_database_is_not_taken_for_the_model(saver: InMemorySaver) -> None:
    async with on_stage(in_turn(Say("Hello.")), saver=saver) as stage:
        with pytest.raises(DatabaseError):
            await stage.ask("Hi")
