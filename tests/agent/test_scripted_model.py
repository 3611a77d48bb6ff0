"""The scripted model's server answers and refuses as OpenAI does."""

import asyncio
from typing import Any

import aiohttp
import pytest

from bot.offline_script import NOTICE, offline_script, offline_tools
from bot.script import Call, Hang, Refuse, Say, Wire, in_turn
from bot.scripted import ScriptedModel
from tests.agent.stage import LONG, on_stage

HI = {"role": "user", "content": "Hi"}
CALL = {"id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}
CALLING = {"role": "assistant", "content": None, "tool_calls": [CALL]}
RESULT = {"role": "tool", "tool_call_id": "call_1", "content": "found"}


async def post(server: ScriptedModel, key: str | None = "made up", **body: Any) -> tuple[int, Wire]:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{server.url}/chat/completions", json=body, headers=headers) as response,
    ):
        return response.status, await response.json()


async def test_an_answer_in_one_piece_has_its_usage() -> None:
    async with ScriptedModel.open(in_turn(Say("Hello there."))) as model:
        status, answer = await post(model, model="scripted", messages=[HI])
        assert status == 200
        assert answer["object"] == "chat.completion"
        assert answer["choices"][0]["message"]["content"] == "Hello there."
        assert answer["choices"][0]["finish_reason"] == "stop"
        assert answer["usage"] == {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}


async def test_a_call_in_one_piece_has_its_arguments_as_json() -> None:
    async with ScriptedModel.open(in_turn(Call([("look_up", {"query": "tea"})]))) as model:
        _, answer = await post(model, model="scripted", messages=[HI])
        (call,) = answer["choices"][0]["message"]["tool_calls"]
        assert call["function"] == {"name": "look_up", "arguments": '{"query": "tea"}'}
        assert answer["choices"][0]["finish_reason"] == "tool_calls"


async def test_a_stream_ends_with_its_usage_and_done() -> None:
    async with ScriptedModel.open(in_turn(Say("Hello there."))) as model, aiohttp.ClientSession() as session:
        body = {"model": "scripted", "messages": [HI], "stream": True, "stream_options": {"include_usage": True}}
        headers = {"Authorization": "Bearer made up"}
        async with session.post(f"{model.url}/chat/completions", json=body, headers=headers) as response:
            *_, usage, done = (await response.text()).strip().split("\n\n")
        assert '"choices": [], "usage": {"prompt_tokens": 1' in usage
        assert done == "data: [DONE]"
        assert model.disconnects == 0


@pytest.mark.parametrize(
    "body",
    [
        {"messages": [HI]},
        {"model": "scripted"},
        {"model": "scripted", "messages": []},
        {"model": "scripted", "messages": "Hi"},
        {"model": "scripted", "messages": ["Hi"]},
        {"model": "scripted", "messages": [{"role": "wizard", "content": "Hi"}]},
        {"model": "scripted", "messages": [{"role": "user", "content": None}]},
        {"model": "scripted", "messages": [HI | {"name": "Ann Lee"}]},
        {"model": "scripted", "messages": [HI, CALLING]},
        {"model": "scripted", "messages": [HI, CALLING, HI]},
        {"model": "scripted", "messages": [HI, CALLING, HI, RESULT]},
        {"model": "scripted", "messages": [HI, RESULT]},
        {"model": "scripted", "messages": [HI, CALLING, RESULT, RESULT]},
        {"model": "scripted", "messages": [HI], "temperature": 0.5},
        {"model": "scripted", "messages": [HI], "tools": [{"type": "function", "function": {"name": "look up"}}]},
    ],
)
async def test_a_malformed_request_is_refused(body: dict[str, Any]) -> None:
    async with ScriptedModel.open(in_turn(Say("Hello."))) as model:
        status, answer = await post(model, **body)
        assert status == 400
        assert answer["error"]["type"] == "invalid_request_error"
        assert model.requests == [body]


async def test_a_well_formed_request_is_not_refused() -> None:
    async with ScriptedModel.open(in_turn(Say("Hello."))) as model:
        tools = [{"type": "function", "function": {"name": "look_up"}}]
        messages = [HI | {"name": "U0ANN"}, CALLING, RESULT, HI]
        assert (await post(model, model="scripted", messages=messages, tools=tools))[0] == 200


async def test_a_key_is_asked_for_and_a_script_may_end() -> None:
    async with ScriptedModel.open(in_turn(Refuse(403, "not_you"))) as model:
        assert (await post(model, None, model="scripted", messages=[HI]))[0] == 401
        status, answer = await post(model, model="scripted", messages=[HI])
        assert (status, answer["error"]["code"]) == (403, "not_you")
        status, answer = await post(model, model="scripted", messages=[HI])
        assert (status, answer["error"]["code"]) == (400, "script_ended")
        async with aiohttp.ClientSession() as session, session.get(f"{model.url}/models") as response:
            assert [listed["id"] for listed in (await response.json())["data"]] == ["scripted"]


async def test_leaving_cuts_off_who_is_still_being_answered() -> None:
    async with asyncio.timeout(LONG.total_seconds()), ScriptedModel.open(in_turn(Hang())) as model:
        waiting = asyncio.create_task(post(model, model="scripted", messages=[HI]))
        await model.requested()
    with pytest.raises(aiohttp.ClientError):
        await waiting


async def test_who_waits_for_a_request_is_told() -> None:
    async with ScriptedModel.open(in_turn(Say("Hello."), Say("Hello."))) as model:
        waiting = asyncio.create_task(model.requested(2))
        await post(model, model="scripted", messages=[HI])
        assert not waiting.done()
        await post(model, model="scripted", messages=[HI])
        await waiting


async def test_the_offline_model_says_that_it_is_scripted() -> None:
    async with on_stage(offline_script(tokens_a_second=10_000), *offline_tools()) as stage:
        for question in (
            "Hello",
            "What is the weather in SF?",
            "What is the weather in Berlin and in Tokyo today?",
            "What about Atlantis?",
            "Which one is the coldest?",
        ):
            assert (await stage.ask(question)).text.endswith(NOTICE)


async def test_the_offline_model_shows_what_there_is_to_see() -> None:
    async with on_stage(offline_script(tokens_a_second=None), *offline_tools()) as stage:
        both = await stage.ask("What's the weather like in Berlin and Tokyo today?")
        assert "Berlin: 5 °C" in both.text
        assert "Tokyo: 16 °C" in both.text
        assert len(both.tools) == 4
        assert "Nothing was found" in (await stage.ask("And in Atlantis?")).text
        assert "**Berlin** is coldest: 5 °C" in (await stage.ask("Which is the coldest?", author="U0BOB")).text
        assert "You said: “Thanks”" in (await stage.ask("Thanks")).text


def test_the_offline_model_shows_what_a_long_answer_can_have() -> None:
    long = offline_script()([{"role": "user", "content": "Show me a long answer"}])
    assert isinstance(long, Say)
    assert len(long.text) > 4500
    assert str(long.text).endswith(NOTICE)
    assert all(mark in str(long.text) for mark in ("\n## ", "\n|---", "\n```python\n", "\n```\n"))
