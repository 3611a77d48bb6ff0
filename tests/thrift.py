"""What LangChain would do anew for each bot and model, and tests have hundreds of them, is done once a process."""

import asyncio
from collections.abc import Callable, Hashable, Iterator
from types import FunctionType
from typing import Any, cast

import pytest
from langchain_core.tools import BaseTool
from langchain_core.tools.base import create_schema_from_function
from langchain_core.utils.function_calling import convert_to_openai_tool
from langchain_openai.chat_models import _client_utils

_kept: dict[Hashable, Any] = {}
"""To the end of the process: a model's HTTP client is not closed in an event loop that is not its own."""


def _once(key: Hashable, make: Callable[[], Any]) -> Any:
    if key not in _kept:
        _kept[key] = make()
    return _kept[key]


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
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return build_async(*what)
        return _once((loop, *what), lambda: build_async(*what))

    def sync_client(*what: Hashable) -> object:
        return _once("sync", lambda: build_sync(*what))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_client_utils, "_cached_async_httpx_client", async_client)
        patch.setattr(_client_utils, "_cached_sync_httpx_client", sync_client)
        yield


@pytest.fixture(scope="session", autouse=True)
def _a_schema_for_each_tool() -> Iterator[None]:
    """What a tool takes is read off its function and told to the model, 5 ms each; once for the same code will do."""

    def schema(name: str, function: FunctionType, **how: Any) -> object:
        key = (name, function.__code__, *((word, repr(value)) for word, value in sorted(how.items())))
        return _once(key, lambda: create_schema_from_function(name, function, **how))

    def told(tool: BaseTool, **how: Any) -> dict[str, Any]:
        if not isinstance(tool.args_schema, type):
            return convert_to_openai_tool(tool, **how)
        key = (tool.name, tool.description, tool.args_schema, *how.items())
        return _once(key, lambda: convert_to_openai_tool(tool, **how))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("langchain_core.tools.structured.create_schema_from_function", schema)
        patch.setattr("langchain_openai.chat_models.base.convert_to_openai_tool", told)
        yield
