"""Imported by the process that the replicas are forked from, so that each starts warm: half a second for each of them.

All that is imported, built or compiled at first use is used once here: langchain-openai's and httpx's parts,
pydantic's validators. And the collector is told to leave all that alone, in which it would find nothing, and of which
each process would get a copy of its own by its marks.
"""

import gc

import uvloop
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import SecretStr

from bot.conversation import Conversation, Message
from bot.script import Call, Say, in_turn
from bot.scripted import ScriptedModel
from bot.settings import Settings
from bot.thinking import open_agent
from tests.crash.replica import tools


async def _rehearse() -> None:
    async with ScriptedModel.open(in_turn(Call([("lookup", {"place": "here"})]), Say("Yes."))) as model:
        settings = Settings.model_construct(
            model="openai:scripted", openai_api_key=SecretStr("sk-made-up"), openai_base_url=model.url
        )
        async with open_agent(settings, InMemorySaver(), tools(f"{model.url}/nowhere")) as agent:
            async for _ in agent.answer("a/b/c", [Message(Conversation("a", "b", "c"), "1.000000", "ada", "Well?")]):
                pass


uvloop.run(_rehearse())
gc.freeze()
