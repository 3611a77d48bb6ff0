"""Where an answer has its facts from: what was found and read for it, as links under it."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, TypedDict, cast

from langchain_core.messages import AnyMessage, ToolMessage

from bot.excerpt import one_line

MOST = 5
"""How many sources an answer names."""

UNSAFE = re.compile(r"[\s<>()\[\]|`*_\\]")
"""Letters of an address that would end or change a link in Markdown."""


class Source(TypedDict):
    """A page that a tool found, or `read`. Tools give a list of them as their artifact."""

    url: str
    title: str
    read: bool


def sources_of(messages: Iterable[AnyMessage]) -> list[Source]:
    """The sources that tools gave in these messages, once each: those that were read first."""
    found: dict[str, Source] = {}
    for message in messages:
        if isinstance(message, ToolMessage) and message.status != "error":
            for source in _artifact(message.artifact):
                known = found.get(source["url"])
                found[source["url"]] = source if known is None or source["read"] else known
    return sorted(found.values(), key=lambda source: not source["read"])


def source_line(sources: Sequence[Source], answer: str) -> str:
    """A line of links for the end of an answer; empty if it names all of them itself.

    If pages were read, they are the sources; else what the search found. Never more than five.
    """
    read = [source for source in sources if source["read"]] or sources
    links = [_link(source) for source in read if source["url"] not in answer][:MOST]
    return f"Sources: {' · '.join(links)}" if links else ""


def _artifact(artifact: Any) -> Iterable[Source]:
    for one in cast("list[Any]", artifact) if isinstance(artifact, list) else []:
        given: dict[str, Any] = cast("dict[str, Any]", one) if isinstance(one, dict) else {}
        url = given.get("url")
        if isinstance(url, str) and url.startswith(("http://", "https://")):
            yield Source(url=url, title=str(given.get("title") or url), read=bool(given.get("read")))


def _link(source: Source) -> str:
    title = re.sub(r"[\[\]`*_|<>]", " ", source["title"])
    url = UNSAFE.sub(lambda letter: f"%{ord(letter[0]):02X}", source["url"])
    return f"[{one_line(title) or url}]({url})"
