"""The web search: Tavily with a key, DuckDuckGo without, and what people read meanwhile."""

import asyncio
import sys
import threading
import warnings
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Self

import ddgs
import pytest
from aiohttp import web
from langchain_core.tools import ToolException
from pydantic import SecretStr

from bot.tools import as_text, summary, tools

KEY = SecretStr("tvly-made-up-and-secret")
FOUND = {"title": "Fog\n in SF", "url": "https://weather.test/sf", "content": "Fog  until noon. " * 100, "score": 0.9}
Handler = Callable[[web.Request], Awaitable[web.Response]]


@asynccontextmanager
async def tavily(handler: Handler, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[None, None]:
    """Tavily, played by `handler`."""
    app = web.Application()
    app.router.add_post("/search", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            address = "langchain_community.utilities.tavily_search.TAVILY_API_URL"
            monkeypatch.setattr(address, f"http://127.0.0.1:{site.port}")
        yield
    finally:
        await runner.cleanup()


async def search(key: SecretStr | None, query: str) -> str:
    (tool,) = (tool for tool in tools(key) if tool.name == "web_search")
    return await tool.ainvoke({"query": query})


async def test_tavily_is_asked_when_there_is_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    requests: list[dict[str, Any]] = []

    async def answer(request: web.Request) -> web.Response:
        requests.append(await request.json())
        return web.json_response({"results": [FOUND, FOUND | {"title": "More"}]})

    async with tavily(answer, monkeypatch):
        first, second = (await search(KEY, "weather in SF")).split("\n\n")
    assert first.splitlines()[:2] == ["1. Fog in SF", "https://weather.test/sf"]
    assert first.splitlines()[2].startswith("Fog until noon. Fog")
    assert len(first) < 700
    assert second.startswith("2. More")
    assert (requests[0]["query"], requests[0]["api_key"]) == ("weather in SF", KEY.get_secret_value())


async def test_a_tavily_that_refuses_is_an_error_without_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(request: web.Request) -> web.Response:
        return web.json_response({"detail": await request.text()}, status=401)

    async with tavily(refuse, monkeypatch):
        with pytest.raises(Exception, match="401") as raised:
            await search(KEY, "weather in SF")
    assert KEY.get_secret_value() not in str(raised.value)


async def test_a_search_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        return web.Response(text=request.path)

    monkeypatch.setattr("bot.tools.SEARCH_TIMEOUT", timedelta(milliseconds=30))
    async with tavily(hang, monkeypatch):
        with pytest.raises(ToolException, match="too long"):
            await search(KEY, "weather in SF")


class DuckDuckGo:
    """DuckDuckGo, as its package shows it."""

    threads: list[threading.Thread] = []  # noqa: RUF012  # emptied by the test

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def text(self, query: str, *, backend: str, **_: Any) -> list[dict[str, str]]:
        self.threads.append(threading.current_thread())
        return [{"title": f"{query} by {backend}", "href": "https://weather.test/sf", "body": "Fog."}]


async def test_without_a_key_duckduckgo_is_asked_off_the_event_loop_and_quietly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Warnings are errors here: importing the package anew proves that its farewell is silenced.
    for name in [name for name in sys.modules if name.partition(".")[0] == "langchain_community"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(ddgs, "DDGS", DuckDuckGo)
    assert await search(None, "weather in SF") == "1. weather in SF by duckduckgo\nhttps://weather.test/sf\nFog."
    assert threading.main_thread() not in DuckDuckGo.threads
    assert "langchain_community" in sys.modules


def test_nothing_found_is_said() -> None:
    assert as_text([]) == "Nothing was found."


@pytest.mark.parametrize(
    ("name", "args", "line"),
    [
        ("web_search", {"query": "weather in SF"}, "Searching: weather in SF"),
        ("web_search", {"query": "weather\n in  SF"}, "Searching: weather in SF"),
        ("web_search", {"query": " "}, "Using web_search"),
        ("web_search", {}, "Using web_search"),
        ("web_search", {"query": 1}, "Using web_search"),
        ("read_page", {"url": "https://weather.test/sf/?day=1"}, "Reading: weather.test/sf"),
        ("read_page", {}, "Using read_page"),
        ("make_coffee", {"query": "tea"}, "Using make_coffee"),
    ],
)
def test_what_people_read_while_a_tool_runs(name: str, args: dict[str, Any], line: str) -> None:
    assert summary(name, args) == line


def test_what_people_read_is_short() -> None:
    line = summary("web_search", {"query": "weather " * 50})
    assert len(line) <= 80
    assert line.endswith("…")


async def tell_time(zone: str | None = None, asker: str = "") -> str:
    (tool,) = (tool for tool in tools(None) if tool.name == "current_time")
    return await tool.ainvoke({"zone": zone} if zone else {}, {"configurable": {"zone": asker}})


async def test_the_time_is_that_of_who_asks_or_of_another_zone() -> None:
    assert "(UTC, UTC+0000)" in await tell_time()
    assert "(Asia/Kolkata, UTC+0530)" in await tell_time(asker="Asia/Kolkata")
    assert "(Asia/Tokyo, UTC+0900)" in await tell_time("Asia/Tokyo", asker="Asia/Kolkata")


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "/etc/localtime"])
async def test_a_zone_that_is_none_is_said(zone: str) -> None:
    with pytest.raises(ToolException, match="no time zone"):
        await tell_time(zone)
