"""A scripted model behind the real client over real HTTP, an agent with a memory, and people who ask it."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.tools import BaseTool
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver

from bot.agent import GraphAgent
from bot.conversation import AgentEvent, Conversation, Message, Restarted, Token, ToolEnded, ToolStarted
from bot.errors import AgentError
from bot.graph import MEMORY_TOKENS, build_graph
from bot.model import chat_model
from bot.script import Script, Wire
from bot.scripted import ScriptedModel
from bot.serde import serializer

THREAD = "T0/C0/1700000000.000100"
LONG = timedelta(seconds=10)
"""Longer than any test waits for what comes anyway."""


@dataclass
class Heard:
    """What people heard of one answer."""

    events: list[AgentEvent] = field(default_factory=list[AgentEvent])
    error: AgentError | None = None

    @property
    def text(self) -> str:
        drafts: dict[str, str] = {}
        for event in self.events:
            match event:
                case Token(text, draft):
                    drafts[draft] = drafts.get(draft, "") + text
                case Restarted(draft):
                    drafts[draft] = ""
                case _:
                    pass
        return "\n\n".join(filter(None, drafts.values()))

    @property
    def tools(self) -> list[ToolStarted | ToolEnded]:
        return [event for event in self.events if isinstance(event, ToolStarted | ToolEnded)]


@dataclass
class Stage:
    """An agent and those who ask it. `requests` are the messages of each request to the model."""

    server: ScriptedModel
    agent: GraphAgent
    clock: "count[int]" = field(default_factory=count)

    def message(self, text: str, *, ts: str | None = None, author: str = "U0ANN") -> Message:
        return Message(Conversation.parse(THREAD), ts or f"{next(self.clock)}.0", author, text)

    async def ask(
        self,
        text: str | Message,
        *,
        thread: str = THREAD,
        author: str = "U0ANN",
        checkpoint: str | None = None,
        again: bool = False,
    ) -> Heard:
        """Ask and hear the whole answer, or the part of it before the error."""
        heard = Heard()
        message = self.message(text, author=author) if isinstance(text, str) else text
        try:
            async with aclosing(self.agent.answer(thread, [message], checkpoint=checkpoint, again=again)) as events:
                async for event in events:
                    heard.events.append(event)
        except AgentError as error:
            heard.error = error
        return heard

    async def hear_until(self, message: Message, text: str, *, thread: str = THREAD) -> Heard:
        """Listen to the answer until `text` is heard, and leave."""
        heard = Heard()
        async with asyncio.timeout(LONG.total_seconds()), aclosing(self.agent.answer(thread, [message])) as events:
            async for event in events:
                heard.events.append(event)
                if text in heard.text:
                    break
        return heard

    @property
    def requests(self) -> list[list[Wire]]:
        return [request["messages"] for request in self.server.requests]

    def sent(self, request: int = -1) -> list[tuple[str, str]]:
        """Role and content of each message of a request, without the system prompt."""
        return [(message["role"], message["content"] or "") for message in self.requests[request][1:]]


def model_at(
    url: str, *, request_timeout: timedelta = LONG, chunk_timeout: timedelta = LONG, retries: int = 0
) -> BaseChatModel:
    return chat_model(
        "openai:scripted",
        openai_api_key=None,
        openai_base_url=url,
        request_timeout=request_timeout,
        chunk_timeout=chunk_timeout,
        retries=retries,
    )


def memory() -> BaseCheckpointSaver[Any]:
    return InMemorySaver(serde=serializer())


@asynccontextmanager
async def on_stage(
    script: Script,
    *tools: BaseTool,
    saver: BaseCheckpointSaver[Any] | None = None,
    recursion_limit: int = 25,
    chunk_timeout: timedelta = LONG,
    request_timeout: timedelta = LONG,
    retries: int = 0,
    memory_tokens: int = MEMORY_TOKENS,
) -> AsyncGenerator[Stage, None]:
    """A stage whose model follows the script."""
    async with ScriptedModel.open(script) as server:
        model = model_at(server.url, request_timeout=request_timeout, chunk_timeout=chunk_timeout, retries=retries)
        yield Stage(server, agent_of(model, tools, saver or memory(), recursion_limit, memory_tokens))


def agent_of(
    model: BaseChatModel,
    tools: Sequence[BaseTool],
    saver: BaseCheckpointSaver[Any],
    recursion_limit: int = 25,
    memory_tokens: int = MEMORY_TOKENS,
) -> GraphAgent:
    graph = build_graph(model, tools, "Be kind.", saver, memory_tokens=memory_tokens)
    return GraphAgent(graph, recursion_limit=recursion_limit)
