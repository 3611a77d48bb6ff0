"""What a person types, and what Slack makes of it: escaped, with mentions, channels and links as control sequences."""

import re
from collections.abc import Iterator
from html import unescape

from bot.slack.local.wire import Json
from bot.slack.local.workspace import Workspace

_CONTROL = r"<[@#][A-Z0-9]+(?:\|[^<>]*)?>|<![a-z]+(?:\^[A-Z0-9]+)?(?:\|[^<>]*)?>|<(?:https?://|mailto:)[^<>\s]+>"
_ADDRESS = r"https?://[^\s<>|]*[^\s<>|.,!?;:)\]'\"]"
_NAME = r"(?<![\w@#])[@#][A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_TYPED = re.compile(f"(?P<control>{_CONTROL})|(?P<address>{_ADDRESS})|(?P<name>{_NAME})")
_WRITTEN = re.compile(_CONTROL)
_BROADCASTS = frozenset({"here", "channel", "everyone"})


def escaped(text: str) -> str:
    """The three characters Slack escapes, and no others."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def as_sent(text: str, workspace: Workspace) -> str:
    """Typed text as the event brings it.

    `@name`, `#name`, `@here` and addresses become control sequences, those typed as such stay, and all other `&`,
    `<`, `>` become entities. A name nobody bears stays as it is.
    """
    sent, end = "", 0
    for match in _TYPED.finditer(text):
        sent += escaped(text[end : match.start()]) + _token(match, workspace)
        end = match.end()
    return sent + escaped(text[end:])


def _token(match: re.Match[str], workspace: Workspace) -> str:
    if match["control"]:
        return match[0]
    if match["address"]:
        return f"<{escaped(match[0])}>"
    name = match[0][1:].lower()
    if match[0][0] == "#":
        known = workspace.channel_id_of(name)
        return f"<#{known}|{name}>" if known else match[0]
    if name in _BROADCASTS:
        return f"<!{name}>"
    known = workspace.id_of(name)
    return f"<@{known}>" if known else match[0]


def rich_text(text: str, block_id: str) -> Json:
    """The `rich_text` block that Slack sends beside a person's text."""
    section = {"type": "rich_text_section", "elements": list(_elements(text))}
    return {"type": "rich_text", "block_id": block_id, "elements": [section]}


def _elements(text: str) -> Iterator[Json]:
    end = 0
    for match in _WRITTEN.finditer(text):
        if match.start() > end:
            yield {"type": "text", "text": unescape(text[end : match.start()])}
        yield _element(match[0][1:-1])
        end = match.end()
    if end < len(text):
        yield {"type": "text", "text": unescape(text[end:])}


def _element(control: str) -> Json:
    target, _, label = control.partition("|")
    match target[0]:
        case "@":
            return {"type": "user", "user_id": target[1:]}
        case "#":
            return {"type": "channel", "channel_id": target[1:]}
        case "!" if target.startswith("!subteam^"):
            return {"type": "usergroup", "usergroup_id": target.removeprefix("!subteam^")}
        case "!":
            return {"type": "broadcast", "range": target[1:]}
        case _:
            link = {"type": "link", "url": unescape(target)}
            return link | {"text": unescape(label)} if label else link
