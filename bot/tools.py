"""The agent's tools, and what people read while one runs."""

import asyncio
import warnings
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool, StructuredTool, ToolException
from pydantic import SecretStr

from bot.excerpt import one_line
from bot.pages import READ_PAGE, read_page
from bot.sources import Source

WEB_SEARCH = "web_search"
SEARCH_PURPOSE = "Search the web. Use it for what you do not know and for what may have changed. Name your sources."
CURRENT_TIME = "current_time"
TIME_PURPOSE = "Tell the date and time where the person who asks is, or in another zone, named as in Europe/Berlin."
SHARE_FILE = "share_file"
SCHEDULE = "schedule"
SEARCH_TIMEOUT = timedelta(seconds=20)
RESULTS = 5

LONGEST_SNIPPET = 600
"""Characters of each result's text: five of them stay below a thousand tokens."""

Result = Mapping[str, Any]


def tools(tavily_api_key: SecretStr | None) -> list[BaseTool]:
    """The tools of the bot's own agent. Opens no connection."""
    return [web_search(tavily_api_key), read_page(), current_time()]


def web_search(tavily_api_key: SecretStr | None) -> BaseTool:
    """A search of the web by Tavily when there is a key, else by DuckDuckGo, which needs none.

    A call ends within 20 s; it raises ToolException when it found nothing out by then.
    """

    async def search(query: str) -> tuple[str, list[Source]]:
        try:
            async with asyncio.timeout(SEARCH_TIMEOUT.total_seconds()):
                found = await (tavily(tavily_api_key, query) if tavily_api_key else duckduckgo(query))
        except TimeoutError as error:
            raise ToolException("The search took too long.") from error
        return as_text(found), [Source(url=_url(one), title=str(one.get("title", "")), read=False) for one in found]

    return StructuredTool.from_function(
        coroutine=search, name=WEB_SEARCH, description=SEARCH_PURPOSE, response_format="content_and_artifact"
    )


def current_time() -> BaseTool:
    """A clock that knows the zone of who asks."""

    async def tell(config: RunnableConfig, zone: str = "") -> str:
        name = zone.strip() or str(config.get("configurable", {}).get("zone") or "UTC")
        try:
            now = datetime.now(ZoneInfo(name))
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ToolException(f"There is no time zone {name!r}. It is named as in Europe/Berlin.") from error
        return f"{now:%A, %d %B %Y, %H:%M:%S} ({name}, UTC{now:%z})"

    return StructuredTool.from_function(coroutine=tell, name=CURRENT_TIME, description=TIME_PURPOSE)


async def tavily(api_key: SecretStr, query: str) -> Sequence[Result]:
    """What Tavily finds: `title`, `url`, `content`. Cancelling it ends the request."""

    def wrapper() -> Any:
        _ignore_farewell()
        from langchain_community.utilities.tavily_search import TavilySearchAPIWrapper  # noqa: PLC0415

        # A SecretStr would arrive there as its row of stars.
        return TavilySearchAPIWrapper.model_validate({"tavily_api_key": api_key.get_secret_value()})

    return await (await asyncio.to_thread(wrapper)).results_async(query, max_results=RESULTS, search_depth="basic")


async def duckduckgo(query: str) -> Sequence[Result]:
    """What DuckDuckGo finds: `title`, `link`, `snippet`. When cancelled, its thread still ends by itself (5 s)."""

    def found() -> Sequence[Result]:
        _ignore_farewell()
        from langchain_community.utilities.duckduckgo_search import DuckDuckGoSearchAPIWrapper  # noqa: PLC0415

        # "auto" would ask five other search engines as well.
        return DuckDuckGoSearchAPIWrapper(backend="duckduckgo", time=None).results(query, RESULTS)

    return await asyncio.to_thread(found)


def _ignore_farewell() -> None:
    """Silence the one warning of langchain-community, that it is no longer maintained, which it gives at its import.

    It is imported where it is used, in a thread, since that takes up to a second.
    """
    warnings.filterwarnings("ignore", r"`langchain-community` is being sunset", DeprecationWarning)


def as_text(results: Sequence[Result]) -> str:
    """The results as the model reads them: title, link and snippet each."""
    if not results:
        return "Nothing was found."
    return "\n\n".join(
        f"{number}. {one_line(str(result.get('title', '')))}\n{_url(result)}\n"
        f"{' '.join(str(result.get('content') or result.get('snippet', '')).split())[:LONGEST_SNIPPET]}"
        for number, result in enumerate(results, 1)
    )


def _url(result: Result) -> str:
    return str(result.get("url") or result.get("link", ""))


def summary(name: str, args: Mapping[str, Any], *, done: bool = False) -> str:
    """What people read while the tool runs, or once it is done, in one line of at most 80 characters."""
    query = args.get("query")
    if name == WEB_SEARCH and isinstance(query, str) and query.strip():
        return one_line(f"{'Searched' if done else 'Searching'}: {query}")
    url = args.get("url")
    if name == READ_PAGE and isinstance(url, str):
        place = url.partition("://")[2].partition("?")[0].rstrip("/") or url
        return one_line(f"{'Read' if done else 'Reading'}: {place}")
    file = args.get("name")
    if name == SHARE_FILE and isinstance(file, str) and file.strip():
        return one_line(f"{'Shared' if done else 'Sharing'}: {file}")
    what = args.get("what")
    if name == SCHEDULE and isinstance(what, str) and what.strip():
        return one_line(f"{'Noted' if done else 'Noting'} for later: {what}")
    return one_line(f"{'Used' if done else 'Using'} {name}")
