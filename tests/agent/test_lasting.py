"""What is remembered beyond a conversation, and who may know it."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from langchain_core.tools import ToolException
from langgraph.store.base import BaseStore
from langgraph.store.memory import InMemoryStore

from bot.database import Pool, open_store
from bot.lasting import LONGEST_FACT, lasting_memory


class Memory:
    """The three tools, used by somebody somewhere."""

    def __init__(self, store: BaseStore) -> None:
        self.tools = {tool.name: tool for tool in lasting_memory(store)}

    async def use(self, name: str, who: str, where: str, **args: Any) -> str:
        asked = {"asker": who, "workspace": "T", "channel": where, "is_direct": where.startswith("D")}
        return await self.tools[name].ainvoke(args, {"configurable": asked})

    async def facts(self, who: str, where: str, **args: Any) -> set[str]:
        """What is told there, without the ids."""
        told = await self.use("recall", who, where, **args)
        return set() if told == "Nothing is remembered." else {line.partition(": ")[2] for line in told.splitlines()}


@pytest.fixture(params=["in this process", "PostgreSQL"])
async def memory(request: pytest.FixtureRequest, pool: Pool) -> AsyncGenerator[Memory, None]:
    if request.param == "PostgreSQL":
        async with open_store(pool) as store:
            yield Memory(store)
    else:
        yield Memory(InMemoryStore())


async def test_what_was_learned_in_a_direct_message_stays_there(memory: Memory) -> None:
    await memory.use("remember", "ada", "D1", fact="I am looking for another job.")
    assert await memory.facts("ada", "D1") == {"I am looking for another job."}
    assert await memory.facts("ada", "C1") == set()
    assert await memory.facts("grace", "D2") == set()
    # Not even if the model says that it is about the channel.
    await memory.use("remember", "ada", "D1", fact="It pays well.", about="channel")
    assert await memory.facts("grace", "D1") == set()


async def test_what_is_about_a_channel_is_known_to_everybody_in_it_and_nowhere_else(memory: Memory) -> None:
    await memory.use("remember", "ada", "C1", fact="Releases are on Mondays.", about="channel")
    assert await memory.facts("grace", "C1") == {"Releases are on Mondays."}
    assert await memory.facts("grace", "C2") == set()
    assert await memory.facts("ada", "D1") == set()


async def test_what_somebody_says_of_themselves_in_a_channel_is_known_there_and_in_private(memory: Memory) -> None:
    await memory.use("remember", "ada", "C1", fact="I like tea.")
    assert await memory.facts("ada", "C1") == await memory.facts("ada", "D1") == {"I like tea."}
    assert await memory.facts("ada", "C2") == set()
    assert await memory.facts("grace", "C1") == set()


async def test_people_forget_what_is_theirs_and_nothing_else(memory: Memory) -> None:
    own = (await memory.use("remember", "ada", "D1", fact="I like tea."))[-9:-1]
    shared = (await memory.use("remember", "ada", "C1", fact="Mondays.", about="channel"))[-9:-1]
    assert await memory.use("forget", "grace", "C1", ids=[own]) == "There is nothing with these ids."
    assert await memory.use("forget", "grace", "D2", ids=[own, shared]) == "There is nothing with these ids."
    assert await memory.use("forget", "grace", "C1", ids=[shared]) == "Forgotten: 1."
    assert await memory.use("forget", "ada", "D1", ids=[own, own]) == "Forgotten: 1."
    assert await memory.facts("ada", "D1") == await memory.facts("ada", "C1") == set()


async def test_whose_id_begins_like_anothers_is_somebody_else(memory: Memory) -> None:
    await memory.use("remember", "U12", "D1", fact="I like tea.")
    await memory.use("remember", "U12", "C12", fact="I like cake.")
    await memory.use("remember", "U12", "C12", fact="Mondays.", about="channel")
    assert await memory.facts("U1", "D1") == await memory.facts("U1", "C1") == set()


async def test_it_is_told_by_words_and_once(memory: Memory) -> None:
    for fact in ("I like tea.", "I like  TEA.", "I live in Turin."):
        await memory.use("remember", "ada", "D1", fact=fact)
    assert await memory.facts("ada", "D1", words="turin") == {"I live in Turin."}
    assert len(await memory.facts("ada", "D1")) == 2


async def test_there_is_an_end_to_it(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.lasting.MOST_FACTS", 10)
    with pytest.raises(ToolException, match="1 to 500"):
        await memory.use("remember", "ada", "D1", fact="x" * (LONGEST_FACT + 1))
    for number in range(10):
        await memory.use("remember", "ada", "D1", fact=f"{number}")
    with pytest.raises(ToolException, match="forget some first"):
        await memory.use("remember", "ada", "D1", fact="one more")


async def test_without_somebody_who_asks_nothing_is_remembered(memory: Memory) -> None:
    with pytest.raises(ToolException, match="Nothing can be"):
        await memory.tools["recall"].ainvoke({}, {"configurable": {}})
