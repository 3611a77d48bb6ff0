"""When a model is down the next one answers, and people read one answer."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from langchain_core.tools import StructuredTool

from bot.conversation import Restarted
from bot.errors import ContentRefused, ModelRefused
from bot.fallbacks import model_chain
from bot.script import Break, Call, Refuse, Reply, Say, in_turn
from bot.scripted import ScriptedModel
from tests.agent.stage import Stage, agent_of, memory, model_at


@asynccontextmanager
async def chained(*replies: Reply) -> AsyncGenerator[tuple[Stage, list[ScriptedModel]], None]:
    """An agent with a model for each of the replies."""
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(ScriptedModel.open(in_turn(reply))) for reply in replies]
        chain = model_chain([(f"openai:{number}", model_at(server.url)) for number, server in enumerate(servers)])
        yield Stage(servers[-1], agent_of(chain, (), memory())), servers


@pytest.mark.parametrize(
    "down",
    [
        Refuse(401, "invalid_api_key"),
        Refuse(404, "model_not_found"),
        Refuse(429, "insufficient_quota"),
        Refuse(503, "down"),
    ],
)
async def test_the_next_model_answers_for_one_that_is_down(down: Refuse) -> None:
    async with chained(down, Say("Here I am.")) as (stage, _):
        assert (await stage.ask("Hello?")).text == "Here I am."


async def test_what_a_model_wrote_before_it_broke_off_is_replaced() -> None:
    async with chained(Break("Half an "), Say("A whole answer.")) as (stage, _):
        heard = await stage.ask("Hello?")
        assert heard.text == "A whole answer."
        assert any(isinstance(event, Restarted) for event in heard.events)


async def test_each_is_asked_until_one_answers_and_the_last_ones_failure_is_told() -> None:
    async with chained(Refuse(503, "down"), Refuse(503, "down"), Refuse(401, "no")) as (stage, servers):
        heard = await stage.ask("Hello?")
        assert isinstance(heard.error, ModelRefused)
        assert [len(server.requests) for server in servers] == [1, 1, 1]


async def test_a_request_that_is_refused_for_what_it_says_is_not_taken_elsewhere() -> None:
    async with chained(Refuse(400, "invalid_request"), Say("I would.")) as (stage, servers):
        assert isinstance((await stage.ask("Hello?")).error, ContentRefused)
        assert servers[1].requests == []


async def test_tools_are_bound_to_each() -> None:
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(ScriptedModel.open(in_turn(Refuse(503, "down"), Refuse(503, "down"))))
        script = in_turn(Call([("look_up", {})]), Say("Fog."))
        second = await stack.enter_async_context(ScriptedModel.open(script))

        async def look_up() -> str:
            """Look it up."""
            return "Fog"

        chain = model_chain([("openai:1", model_at(first.url)), ("openai:2", model_at(second.url))])
        tool = StructuredTool.from_function(coroutine=look_up)
        stage = Stage(second, agent_of(chain, [tool], memory()))
        assert (await stage.ask("How is the weather?")).text == "Fog."
        assert all(request["tools"] for server in (first, second) for request in server.requests)
