"""Slack's rich text, the tree that its composer writes, as HTML. Malformed parts are left out, never raised."""

from collections.abc import Mapping
from html import escape
from typing import Any, cast

from bot.slack.local.mrkdwn import emoji_html, link_html, mention_html, ping_html

STYLES = (("code", "code"), ("bold", "strong"), ("italic", "em"), ("strike", "s"))
"""Innermost first."""

_MENTIONS: Mapping[str, tuple[str, str]] = {"user": ("@", "user_id"), "channel": ("#", "channel_id")}
_PINGS: Mapping[str, str] = {"broadcast": "range", "usergroup": "usergroup_id"}


def string(value: Any) -> str:
    """The value if it is a text, else nothing."""
    return value if isinstance(value, str) else ""


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects in a JSON list, else nothing."""
    if not isinstance(value, list):
        return []
    return [cast("dict[str, Any]", one) for one in cast("list[Any]", value) if isinstance(one, dict)]


def rich_text_html(block: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """A `rich_text` block: sections, lists, quotes and preformatted parts."""
    return "".join(_part(part, names) for part in objects(block.get("elements")))


def _part(part: Mapping[str, Any], names: Mapping[str, str]) -> str:
    match part.get("type"):
        case "rich_text_section":
            return f"<p>{_run(part, names)}</p>"
        case "rich_text_list":
            return _list(part, names)
        case "rich_text_quote":
            return f"<blockquote>{_run(part, names)}</blockquote>"
        case "rich_text_preformatted":
            return f"<pre><code>{_run(part, names, lines=False)}</code></pre>"
        case kind:
            return f'<p class="unsupported">[unsupported part: {escape(string(kind))}]</p>'


def _list(part: Mapping[str, Any], names: Mapping[str, str]) -> str:
    tag = "ol" if part.get("style") == "ordered" else "ul"
    indent = part.get("indent")
    depth = min(max(indent, 0), 5) if isinstance(indent, int) else 0
    items = "".join(f"<li>{_run(item, names)}</li>" for item in objects(part.get("elements")))
    return f'<{tag} class="indent-{depth}">{items}</{tag}>'


def _run(part: Mapping[str, Any], names: Mapping[str, str], *, lines: bool = True) -> str:
    html = "".join(_styled(one, names) for one in objects(part.get("elements")))
    return html.replace("\n", "<br>") if lines else html


def _styled(element: Mapping[str, Any], names: Mapping[str, str]) -> str:
    html = _element(element, names)
    style: Any = element.get("style")
    if isinstance(style, dict):
        for name, tag in STYLES:
            if cast("dict[str, Any]", style).get(name) is True:
                html = f"<{tag}>{html}</{tag}>"
    return html


def _element(element: Mapping[str, Any], names: Mapping[str, str]) -> str:
    kind = string(element.get("type"))
    if kind in _MENTIONS:
        sign, key = _MENTIONS[kind]
        return mention_html(sign, string(element.get(key)), "", names)
    if kind in _PINGS:
        return ping_html(string(element.get(_PINGS[kind])))
    return _plain_element(kind, element)


def _plain_element(kind: str, element: Mapping[str, Any]) -> str:
    match kind:
        case "text":
            return escape(string(element.get("text")))
        case "link":
            url = string(element.get("url"))
            label = escape(string(element.get("text")) or url)
            return link_html(url, label) or label
        case "emoji":
            return emoji_html(string(element.get("name")))
        case "date":
            return escape(string(element.get("fallback")))
        case _:
            return f"[unsupported element: {escape(kind)}]"
