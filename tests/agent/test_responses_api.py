"""OpenAI's own models with tools go by its other API, whose stream looks different: the agent does not mind."""

import json
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from bot.conversation import Restarted
from bot.health import open_site
from bot.offline_script import offline_tools
from bot.scripted import ScriptedModel
from tests.agent.stage import Stage, agent_of, memory

Event = dict[str, Any]
REASONING: Event = {"type": "reasoning", "id": "rs_1", "summary": []}
CALL: Event = {
    "type": "function_call",
    "id": "fc_1",
    "call_id": "call_1",
    "name": "web_search",
    "arguments": '{"query": "weather in SF"}',
    "status": "completed",
}


def message(text: str) -> Event:
    part: Event = {"type": "output_text", "text": text, "annotations": []}
    return {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [part]}


def refusal(text: str) -> Event:
    return message("") | {"content": [{"type": "refusal", "refusal": text}]}


def response(id_: str, *items: Event, status: str = "completed") -> Event:
    return {
        "id": id_,
        "object": "response",
        "created_at": 0,
        "model": "scripted",
        "status": status,
        "output": list(items),
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
    }


def stream(id_: str, *items: Event) -> Iterator[Event]:
    yield {"type": "response.created", "response": response(id_, status="in_progress")}
    for index, item in enumerate(items):
        yield {"type": "response.output_item.added", "output_index": index, "item": item | {"content": []}}
        for part in item.get("content", []):
            place = {"output_index": index, "content_index": 0, "item_id": item["id"]}
            if part["type"] == "refusal":
                yield {"type": "response.refusal.done", "refusal": part["refusal"]} | place
            else:
                for word in part["text"].split(" "):
                    yield {"type": "response.output_text.delta", "delta": f"{word} ", "logprobs": []} | place
        yield {"type": "response.output_item.done", "output_index": index, "item": item}
    yield {"type": "response.completed", "response": response(id_, *items)}


@asynccontextmanager
async def responses(*replies: list[Event]) -> AsyncGenerator[tuple[Stage, list[Event]], None]:
    requests: list[Event] = []

    async def respond(request: web.Request) -> web.StreamResponse:
        requests.append(await request.json())
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        for number, event in enumerate(stream(f"resp_{len(requests)}", *replies[len(requests) - 1])):
            line = json.dumps(event | {"sequence_number": number})
            await answer.write(f"event: {event['type']}\ndata: {line}\n\n".encode())
        return answer

    app = web.Application()
    app.router.add_post("/v1/responses", respond)
    async with open_site(app, "127.0.0.1", 0) as port:
        url = f"http://127.0.0.1:{port}/v1"
        model = ChatOpenAI(model="gpt-6.1-terra", base_url=url, api_key=SecretStr("made up"), stream_usage=True)
        yield Stage(ScriptedModel(lambda _: NotImplemented), agent_of(model, offline_tools(), memory())), requests


async def test_an_answer_with_thought_and_a_tool_is_heard_as_any_other() -> None:
    async with responses([REASONING, CALL], [message("It is foggy.")], [message("You are welcome.")]) as (
        stage,
        requests,
    ):
        heard = await stage.ask("Weather in SF?")
        assert heard.text.strip() == "It is foggy."
        assert not any(isinstance(event, Restarted) for event in heard.events)
        # While the question is open, the thought goes back with the tool's result ...
        sent = [item["type"] for item in requests[1]["input"]]
        assert sent == ["message", "message", "reasoning", "function_call", "function_call_output"]
        # ... and later it does not: it is a reference that the server forgets after a month.
        await stage.ask("Thanks")
        sent = [item["type"] for item in requests[2]["input"]]
        assert sent == ["message", "message", "function_call", "function_call_output", "message", "message"]
        assert "rs_1" not in json.dumps(requests[2])


async def test_a_model_that_declines_in_its_own_way_is_a_refusal() -> None:
    async with responses([refusal("I will not.")], [message("Hello.")]) as (stage, _):
        heard = await stage.ask("tea")
        assert (heard.text, type(heard.error).__name__) == ("", "ContentRefused")
        assert (await stage.ask("Hi")).text.strip() == "Hello."
