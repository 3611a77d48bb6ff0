"""Imported by the process that the replicas are forked from, so that each starts warm: half a second for each of them.

All that is imported, built or compiled at first use is used once here: langchain-openai's and httpx's parts,
pydantic's validators, Bolt's look at its caller's source.
"""

import asyncio

from langgraph.checkpoint.memory import InMemorySaver
from pydantic import SecretStr
from slack_sdk.web.async_client import AsyncWebClient

from bot.app import agent_on
from bot.conversation import Conversation, Message
from bot.script import Call, Say, in_turn
from bot.scripted import ScriptedModel
from bot.settings import Settings
from bot.slack.client import Identity
from bot.slack.listeners import build_app
from tests.crash.replica import tools


async def _rehearse() -> None:
    async with ScriptedModel.open(in_turn(Call([("lookup", {"place": "here"})]), Say("Yes."))) as model:
        settings = Settings.model_construct(
            model="openai:scripted", openai_api_key=SecretStr("sk-made-up"), openai_base_url=model.url
        )
        agent = agent_on(settings, InMemorySaver(), tools(f"{model.url}/nowhere"))
        async for _ in agent.answer("a/b/c", [Message(Conversation("a", "b", "c"), "1.000000", "ada", "Well?")]):
            pass
    identity = Identity("T1", "Local", "U1", "B1", frozenset())
    build_app(AsyncWebClient("xoxb-made-up"), identity, None, lambda _: None)  # pyright: ignore[reportArgumentType]


asyncio.run(_rehearse())
