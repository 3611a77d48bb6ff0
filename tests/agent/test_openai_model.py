"""What OpenAI's servers are sent is what LangChain's own class sends them, and is not walked through on the way."""

import asyncio
import itertools
import sys
from collections import Counter
from collections.abc import Callable
from types import FrameType
from typing import Any, cast

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.runnables import Runnable
from langchain_openai import AzureChatOpenAI, ChatOpenAI
from pydantic import BaseModel

from bot.offline_script import offline_tools
from bot.openai_model import DirectAzureModel, DirectModel
from bot.script import Say
from bot.scripted import ScriptedModel
from tests.agent.refusals import APIS, ask, model_of, refusing

MESSAGES: list[AnyMessage] = [
    SystemMessage("Be brief."),
    HumanMessage(
        [{"type": "text", "text": "Who is it?"}, {"type": "image", "base64": "aGk=", "mime_type": "image/png"}]
    ),
    AIMessage("", tool_calls=[{"name": "web_search", "args": {"query": "Zoë"}, "id": "call_1"}]),
    ToolMessage("Zoë.", tool_call_id="call_1"),
    AIMessage("Zoë."),
    HumanMessage("Thanks."),
]


class Name(BaseModel):
    """Who somebody is."""

    name: str


def talking(model: ChatOpenAI) -> Runnable[Any, Any]:
    return model.bind_tools(offline_tools())


def filling_in(model: ChatOpenAI) -> Runnable[Any, Any]:
    return cast("Runnable[Any, Any]", model.with_structured_output(Name))


@pytest.mark.parametrize(("own", "plain"), [(DirectModel, ChatOpenAI), (DirectAzureModel, AzureChatOpenAI)])
@pytest.mark.parametrize("form", [talking, filling_in])
@pytest.mark.parametrize("api", APIS)
async def test_the_request_is_the_same(
    api: str, form: Callable[[ChatOpenAI], Runnable[Any, Any]], own: type[ChatOpenAI], plain: type[ChatOpenAI]
) -> None:
    async with refusing() as (url, bodies):
        for kind in (own, plain):
            for streams in (True, False):
                await ask(form(model_of(url, kind, api)), MESSAGES, streams=streams)
    assert len(bodies) == 4
    assert bodies[:2] == bodies[2:]
    assert "Zoë" in str(bodies[0])


@pytest.mark.parametrize("own", [DirectModel, DirectAzureModel])
@pytest.mark.parametrize("api", APIS)
async def test_the_clients_work_does_not_grow_with_the_conversation(api: str, own: type[ChatOpenAI]) -> None:
    calls: Counter[int] = Counter()

    def count(frame: FrameType, event: str, _: object) -> None:
        calls[len(messages)] += event == "call" and "openai/_utils/_transform" in frame.f_code.co_filename

    async with refusing() as (url, _):
        await ask(talking(model_of(url, own, api)), MESSAGES)  # what is found out about types is kept from then on
        for messages in (MESSAGES, MESSAGES * 5):
            sys.setprofile(count)
            await ask(talking(model_of(url, own, api)), messages)
            sys.setprofile(None)
    assert 0 < calls[len(MESSAGES)] == calls[len(MESSAGES * 5)]


async def test_a_cancel_that_comes_with_a_piece_is_heeded() -> None:
    """`asyncio.wait_for` drops it before Python 3.12, as what it waits for is there already."""
    async with ScriptedModel.open(lambda _: Say("One two three", tokens_a_second=None)) as server:
        model = model_of(server.url, DirectModel, "chat").model_copy(update={"stream_chunk_timeout": None})
        pieces = itertools.count()

        async def listen() -> None:
            async for _ in model.astream("Well?"):
                if next(pieces) == 1:
                    listening.cancel()  # the next piece has come already

        listening = asyncio.ensure_future(listen())
        await asyncio.wait([listening])
        assert listening.cancelled()
