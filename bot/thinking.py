"""What the bot thinks with, put together as the settings say: models, tools, and the graph over them."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache, partial
from typing import Any

import structlog
from langchain_core.language_models import BaseChatModel
from langchain_core.tools import BaseTool
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.store.base import BaseStore
from langgraph.store.memory import InMemoryStore

from bot.agent import GraphAgent
from bot.channels import Channel, channels, check_tools, chosen, unmatched
from bot.conversation import Hold
from bot.errors import SettingsError
from bot.fallbacks import model_chain
from bot.forgetting import notes_without
from bot.graph import AgentGraph, build_graph
from bot.graphs import open_graph, own_types
from bot.lasting import lasting_memory
from bot.model import chat_model
from bot.own_setup import own_setup
from bot.pictures import Look
from bot.serde import serializer
from bot.servers import open_servers, servers
from bot.settings import Settings
from bot.setups import Setups
from bot.tools import tools as own_tools

log = structlog.get_logger()

REQUEST_TIMEOUT = timedelta(seconds=60)
"""How long the model may take to begin."""
CHUNK_TIMEOUT = timedelta(seconds=30)
"""How long it may be silent in the middle."""
MODEL_RETRIES = 2
MOST_GRAPHS = 100
"""How many different setups of channels are kept ready; one more costs some milliseconds at each turn."""
Fenced = Callable[[Hold, Iterable[type]], BaseCheckpointSaver[Any]]
"""Gives the memory for the holder of a turn, which refuses what is written when the hold is gone."""


@asynccontextmanager
async def open_agent(
    settings: Settings,
    memory: BaseCheckpointSaver[Any],
    tools: Sequence[BaseTool] | None = None,
    *,
    fenced: Fenced | None = None,
    store: BaseStore | None = None,
    more: Sequence[BaseTool] = (),
    look: Look | None = None,
    setups: Setups | None = None,
) -> AsyncGenerator[GraphAgent, None]:
    """The agent that the settings name, with its memory in this checkpointer. `tools` replaces its own and `more`.

    `look` fetches the pictures that people drop; `setups` says what is other in single channels.

    Raises SettingsError when the graph that AGENT names, or the model, cannot be had.
    """
    reasoning = settings.reasoning == "show"
    async with AsyncExitStack() as stack:
        own = await stack.enter_async_context(_open_tools(settings, tools, store, more))
        if settings.agent is None:
            there = setups or Setups(channels(settings.channels_config))
            if own:
                own.append(own_setup(settings.model, settings.instructions, [tool.name for tool in own], there))
                check_tools(there.of_file, own)
                _check_guarded(settings, own)
            graph_in = _graph_in(settings, own, memory, look, there)
            fence = fenced and partial(_fenced, fenced, ())
            names = [tool.name for tool in own]
            yield GraphAgent(
                await graph_in(""),
                graph_in=graph_in,
                fenced=fence,
                reasoning=reasoning,
                tools=names,
                notes_without=partial(notes_without, model(settings)),
            )
            return
        means: dict[str, Callable[[], Any]] = {
            "model": lambda: model(settings),
            "tools": lambda: own,
            "checkpointer": lambda: memory,
            "store": lambda: store or InMemoryStore(),
            "config": dict,
        }
        graph = await stack.enter_async_context(open_graph(settings.agent, means))
        types = own_types(graph)
        memory.serde = serializer(types)
        yield GraphAgent(graph, answering=None, fenced=fenced and partial(_fenced, fenced, types), reasoning=reasoning)


def _graph_in(
    settings: Settings, own: Sequence[BaseTool], memory: BaseCheckpointSaver[Any], look: Look | None, setups: Setups
) -> Callable[[str], Awaitable[AgentGraph]]:
    """Gives the built-in graph as it is in a channel. Raises SettingsError for a model that the file asks in vain."""

    @lru_cache(MOST_GRAPHS)
    def build(setup: Channel) -> AgentGraph:
        return build_graph(
            one_model(settings, setup.model) if setup.model else model(settings),
            chosen(own, setup.tools),
            setup.instructions or settings.instructions,
            memory,
            memory_tokens=settings.memory_tokens,
            look=look,
            approve=settings.guarded if setup.approve is None else setup.approve,
            deciders=setup.approvers or settings.deciders,
        )

    for setup in setups.of_file.values():
        build(setup)

    async def graph_in(channel: str) -> AgentGraph:
        setup = await setups.of(channel)
        try:
            return build(setup)
        except SettingsError:
            log.warning("model_of_channel_gone", channel=channel, model=setup.model)
            return build(replace(setup, model=None))

    return graph_in


def _check_guarded(settings: Settings, tools: Sequence[BaseTool]) -> None:
    """Raises SettingsError for a name in APPROVE that no tool has: it would run without leave."""
    names = [tool.name for tool in tools]
    if unknown := unmatched(settings.guarded, names):
        told = f"There is no tool {unknown[0]}. There are {', '.join(sorted(names))}."
        raise SettingsError(f"APPROVE is malformed. {told}")


@asynccontextmanager
async def _open_tools(
    settings: Settings, tools: Sequence[BaseTool] | None, store: BaseStore | None, more: Sequence[BaseTool]
) -> AsyncGenerator[list[BaseTool], None]:
    if tools is not None:
        yield [*tools]
        return
    async with open_servers(servers(settings.mcp_config)) as theirs:
        yield [*own_tools(settings.tavily_api_key), *(lasting_memory(store) if store else ()), *more, *theirs]


def _fenced(fenced: Fenced, types: Iterable[type], hold: Hold) -> BaseCheckpointSaver[Any]:
    return fenced(hold, types)


def model(settings: Settings) -> BaseChatModel:
    """The model that MODEL names, with those that are asked when it is down. Raises SettingsError."""
    return model_chain([(name, one_model(settings, name)) for name in settings.models])


def one_model(settings: Settings, name: str) -> BaseChatModel:
    """The model of that name. Raises SettingsError when it cannot be had."""
    return chat_model(
        name,
        openai_api_key=settings.openai_api_key,
        openai_base_url=settings.openai_base_url,
        request_timeout=REQUEST_TIMEOUT,
        chunk_timeout=CHUNK_TIMEOUT,
        retries=MODEL_RETRIES,
    )
