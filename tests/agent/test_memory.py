"""What the agent remembers: its own conversation, across restarts, and nothing of any other."""

import pytest
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver

from bot.errors import UnknownCheckpoint
from bot.offline_script import offline_script, offline_tools
from bot.script import Break, Call, Gate, Say, in_turn
from bot.scripted import ScriptedModel
from bot.serde import serializer
from tests.agent.stage import THREAD, Stage, agent_of, model_at, on_stage

OTHER = "T0/C0/1700000000.000200"


async def test_a_follow_up_remembers_and_another_conversation_knows_nothing() -> None:
    async with on_stage(offline_script(tokens_a_second=None), *offline_tools()) as stage:
        assert "San Francisco: 14 °C" in (await stage.ask("What is the weather in SF?")).text
        assert "Los Angeles: 24 °C" in (await stage.ask("And in LA?")).text
        assert "**Los Angeles** is warmer" in (await stage.ask("Which one is warmer?")).text
        assert "I do not know" in (await stage.ask("Which one is warmer?", thread=OTHER)).text


async def test_a_restart_forgets_nothing(postgres: str) -> None:
    async with ScriptedModel.open(offline_script(tokens_a_second=None)) as server:
        for question, answer in (
            ("What is the weather in SF?", "San Francisco: 14 °C"),
            ("And in LA?", "Los Angeles: 24 °C"),
            ("Which one is warmer?", "**Los Angeles** is warmer"),
        ):
            async with AsyncPostgresSaver.from_conn_string(postgres, serde=serializer()) as saver:
                await saver.setup()
                agent = agent_of(model_at(server.url), offline_tools(), saver)
                stage = Stage(server, agent)
                assert answer in (await stage.ask(stage.message(question, ts=question))).text


async def test_an_answered_message_has_its_answer_told_again_without_asking_the_model() -> None:
    async with on_stage(offline_script(tokens_a_second=None), *offline_tools()) as stage:
        question = stage.message("What is the weather in SF?")
        first = await stage.ask(question)
        await stage.ask("And in LA?")
        asked = len(stage.requests)
        assert (await stage.ask(question)).text == first.text
        assert len(stage.requests) == asked


async def test_a_message_that_was_interrupted_is_answered_when_it_comes_again() -> None:
    gate = Gate()
    async with on_stage(in_turn(Say(["Half ", gate]), Say("The whole answer."))) as stage:
        question = stage.message("Hello?")
        await stage.hear_until(question, "Half")
        assert (await stage.ask(question)).text == "The whole answer."
        assert stage.sent() == [("user", "Hello?")]


async def test_people_in_one_conversation_are_told_apart() -> None:
    async with on_stage(in_turn(Say("Hello."), Say("Hello."), Say("Hello."))) as stage:
        await stage.ask("I like tea.", author="U0ANN")
        assert stage.sent() == [("user", "I like tea.")]
        # OpenAI refuses a `name` with spaces or brackets; here the server does.
        await stage.ask("I do not.", author="Bob <the builder>")
        await stage.ask("Who likes tea?", author="U0ANN")
        said = [content for role, content in stage.sent() if role == "user"]
        assert said == ["U0ANN: I like tea.", "Bob <the builder>: I do not.", "U0ANN: Who likes tea?"]


async def test_the_instructions_are_sent_and_not_stored() -> None:
    async with on_stage(in_turn(Say("Hello."), Say("Hello again."))) as stage:
        await stage.ask("Hi")
        await stage.ask("Hi again")
        assert [message["role"] for message in stage.requests[-1]] == ["system", "user", "assistant", "user"]
        assert stage.requests[-1][0]["content"] == "Be kind."


async def test_the_history_names_what_each_node_wrote() -> None:
    script = in_turn(Call([("web_search", {"query": "weather in SF"})]), Say("Fog."))
    async with on_stage(script, *offline_tools()) as stage:
        await stage.ask("Weather?")
        lines = [line async for line in stage.agent.history(THREAD)]
        assert [(line.step, line.nodes, line.excerpt[:20]) for line in lines] == [
            (3, ("model",), "ai: Fog."),
            (2, ("tools",), "tool: San Francisco:"),
            (1, ("model",), "ai: calls web_search"),
            (0, ("__start__",), "human: Weather?"),
            (-1, ("input",), ""),
        ]
        assert lines == sorted(lines, key=lambda line: line.created_at, reverse=True)
        assert len({line.id for line in lines}) == 5


async def test_a_conversation_can_be_taken_back_and_goes_on_from_there() -> None:
    async with on_stage(in_turn(*(Say(f"Answer {number}.") for number in (1, 2, 3, 4)))) as stage:
        await stage.ask("One")
        (first,) = [
            line async for line in stage.agent.history(THREAD) if line.excerpt == "ai: Answer 1." and line.step > 0
        ]
        await stage.ask("Two")
        await stage.ask("Three", checkpoint=first.id)
        assert stage.sent() == [("user", "One"), ("assistant", "Answer 1."), ("user", "Three")]
        await stage.ask("Four")
        assert [content for role, content in stage.sent() if role == "user"] == ["One", "Three", "Four"]


async def test_an_unknown_checkpoint_is_named() -> None:
    async with on_stage(in_turn(Say("Hello."))) as stage:
        await stage.ask("Hi")
        with pytest.raises(UnknownCheckpoint, match="1f0c-nope"):
            await stage.ask("Go back", checkpoint="1f0c-nope")
        assert len(stage.requests) == 1


async def test_what_was_written_when_the_model_broke_off_can_be_gone_on_from() -> None:
    async with on_stage(in_turn(Break("The first half"), Say("and the second."))) as stage:
        await stage.ask("Tell me")
        await stage.ask("Go on")
        assert stage.sent() == [("user", "Tell me"), ("assistant", "The first half"), ("user", "Go on")]
