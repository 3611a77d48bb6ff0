"""What LangChain would do anew for each bot and model, and tests have hundreds of them, is done once a process."""

import asyncio
import dis
import inspect
from collections.abc import Callable, Hashable, Iterator
from functools import partial
from types import CodeType, FunctionType, SimpleNamespace
from typing import Any, cast, get_type_hints

import pytest
import slack_bolt.util.utils
from langchain_core.tools import BaseTool
from langchain_core.tools.base import create_schema_from_function
from langchain_core.utils.function_calling import convert_to_openai_tool
from langchain_openai.chat_models import _client_utils

from bot.model import chat_model

_kept: dict[Hashable, Any] = {}
"""To the end of the process: a model's HTTP client is not closed in an event loop that is not its own."""


def _once(key: Hashable, make: Callable[[], Any]) -> Any:
    if key not in _kept:
        _kept[key] = make()
    return _kept[key]


def _once_a_loop(key: Hashable, make: Callable[[], Any]) -> Any:
    """What an event loop has of it; made anew where none runs."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return make()
    return _once((loop, key), make)


@pytest.fixture(scope="session", autouse=True)
def _no_certificates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Every client of a model reads all certificate authorities twice, 50 ms each; here all is plain HTTP."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SSL_CERT_FILE", raising=False)
        patch.setenv("SSL_CERT_DIR", str(tmp_path_factory.mktemp("certificates")))
        yield


@pytest.fixture(scope="session", autouse=True)
def _a_client_for_each_event_loop() -> Iterator[None]:
    """LangChain keeps a client for each address and lets go of the 129th: it takes a process to have one event loop.

    Here each test has its own, and ports come again: a client is kept for an address and a loop, and for good. Those
    that do not know asyncio are made for each address as well, but never used: one is enough.
    """
    build_async = cast("Callable[..., object]", getattr(_client_utils, "_build_async_httpx_client"))  # noqa: B009
    build_sync = cast("Callable[..., object]", getattr(_client_utils, "_build_sync_httpx_client"))  # noqa: B009

    def async_client(*what: Hashable) -> object:
        return _once_a_loop(what, lambda: build_async(*what))

    def sync_client(*what: Hashable) -> object:
        return _once("sync", lambda: build_sync(*what))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_client_utils, "_cached_async_httpx_client", async_client)
        patch.setattr(_client_utils, "_cached_sync_httpx_client", sync_client)
        yield


@pytest.fixture(scope="session", autouse=True)
def _a_model_for_each_server() -> Iterator[None]:
    """A bot opens its model two or three times, for its graphs and for what it asks of the model; 2 ms each."""

    def model(name: str, **how: Any) -> object:
        make = partial(chat_model, name, **how)
        return _once_a_loop((name, *how.items()), make) if name.startswith("openai:") else make()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bot.thinking.chat_model", model)
        yield


@pytest.fixture(scope="session", autouse=True)
def _arguments_of_each_function() -> Iterator[None]:
    """Bolt reads off the function of each listener what it takes, 40 of them in each bot."""
    read = cast("Callable[..., list[str]]", vars(slack_bolt.util.utils)["get_arg_names_of_callable"])

    def names(function: Callable[..., object]) -> list[str]:
        code = getattr(inspect.unwrap(function), "__code__", None)
        return [*_once(("arguments", code), lambda: read(function))] if code else read(function)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("slack_bolt.listener.async_listener.get_arg_names_of_callable", names)
        patch.setattr("slack_bolt.listener_matcher.builtins.get_arg_names_of_callable", names)
        yield


@pytest.fixture(scope="session", autouse=True)
def _instructions_of_each_function() -> Iterator[None]:
    """LangGraph looks for subgraphs through all that a graph's nodes do, in each graph that is compiled."""

    def instructions(code: CodeType) -> list[dis.Instruction]:
        return _once(("instructions", code), lambda: [*dis.get_instructions(code)])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("langgraph.pregel._utils.dis", SimpleNamespace(get_instructions=instructions))
        yield


@pytest.fixture(scope="session", autouse=True)
def _types_of_each_function() -> Iterator[None]:
    """LangGraph reads off each node and state what they take, in each graph that is built."""

    def hints(of: object, **how: Any) -> dict[str, Any]:
        what = of if isinstance(of, type) else getattr(of, "__code__", None)
        if what is None:
            return get_type_hints(of, **how)
        return dict(_once(("types", what, *how.items()), lambda: get_type_hints(of, **how)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("langgraph.graph.state.get_type_hints", hints)
        patch.setattr("langgraph.graph._branch.get_type_hints", hints)
        yield


@pytest.fixture(scope="session", autouse=True)
def _a_schema_for_each_tool() -> Iterator[None]:
    """What a tool takes is read off its function and told to the model, 5 ms each; once for the same code will do."""

    def schema(name: str, function: FunctionType, **how: Any) -> object:
        key = (name, function.__code__, *((word, repr(value)) for word, value in sorted(how.items())))
        return _once(key, lambda: create_schema_from_function(name, function, **how))

    def told(tool: Any, **how: Any) -> dict[str, Any]:
        if not (isinstance(tool, BaseTool) and isinstance(tool.args_schema, type)):
            return convert_to_openai_tool(tool, **how)
        key = (tool.name, tool.description, tool.args_schema, *how.items())
        return _once(key, lambda: convert_to_openai_tool(tool, **how))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("langchain_core.tools.structured.create_schema_from_function", schema)
        patch.setattr("langchain_openai.chat_models.base.convert_to_openai_tool", told)
        yield
