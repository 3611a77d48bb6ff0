"""Slack's own text notation (mrkdwn) as HTML that is safe to show in a page.

Whatever comes in, only the tags written in this file come out, with escaped text and escaped attributes, and links go
to http, https and mailto alone. Slack's control syntax is shown as what Slack would make of it: `<@U1>` as a name,
`<!here>` as a ping (class `ping`), and that inside code too, so that a text which was not defused cannot hide there.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from html import escape

from bot.slack.local.emoji import EMOJI

LINK_ATTRIBUTES = 'target="_blank" rel="noopener noreferrer"'

_SAFE_URL = re.compile(r"(?:https?://|mailto:)[^\s\x00-\x1f\x7f]+", re.IGNORECASE)
_CONTROL = re.compile(r"<([^<>\n]+)>")
_PLAIN = re.compile(r"(?P<url>https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]}*_~`])|:(?P<emoji>[a-z0-9_+-]+):")
_PREFORMATTED = re.compile(r"```\n?(.+?)\n?```", re.DOTALL)
_INLINE = re.compile(
    r"`(?P<code>[^`\n]+)`"
    r"|<(?P<control>[^<>\n]+)>"
    r"|(?<![\w*])\*(?P<strong>[^\s*](?:[^*\n]*[^\s*])?)\*(?![\w*])"
    r"|(?<![\w_])_(?P<em>[^\s_](?:[^_\n]*[^\s_])?)_(?![\w_])"
    r"|(?<![\w~])~(?P<s>[^\s~](?:[^~\n]*[^\s~])?)~(?![\w~])"
)
_QUOTE = re.compile(r"(?:&gt;|>) ?")


def mrkdwn_html(text: str, names: Mapping[str, str]) -> str:
    """A whole text: lines, quotes, preformatted parts. `names` maps ids of people and channels to names."""
    parts = _PREFORMATTED.split(text)
    return "".join(
        f"<pre><code>{code_html(part, names)}</code></pre>" if place % 2 else _lines_html(part, names)
        for place, part in enumerate(parts)
    )


def _lines_html(text: str, names: Mapping[str, str]) -> str:
    return "".join(
        f"<blockquote>{body}</blockquote>" if quoted else f"<p>{body}</p>"
        for quoted, lines in _runs(text.strip("\n"))
        if (body := "<br>".join(inline_html(line, names) for line in lines)).strip()
    )


def _runs(text: str) -> Iterator[tuple[bool, list[str]]]:
    """Neighbouring lines that are all quoted, or all not; a blank line ends a run, so that it ends the paragraph."""
    run: list[str] = []
    quoted = False
    for line in text.split("\n"):
        mark = _QUOTE.match(line)
        if run and (bool(mark) != quoted or not line.strip()):
            yield quoted, run
            run = []
        quoted = bool(mark)
        if line.strip():
            run.append(line[mark.end() :] if mark else line)
    if run:
        yield quoted, run


def inline_html(text: str, names: Mapping[str, str]) -> str:
    """One line, with its bold, italic, struck and code parts, links and mentions."""
    return _split(_INLINE, text, _plain_escaped, lambda match: _inline_part(match, names))


def _inline_part(match: re.Match[str], names: Mapping[str, str]) -> str:
    kind, body = str(match.lastgroup), match[str(match.lastgroup)]
    if kind == "code":
        return f"<code>{code_html(body, names)}</code>"
    if kind == "control":
        return control_html(body, names)
    return f"<{kind}>{inline_html(body, names)}</{kind}>"


def code_html(text: str, names: Mapping[str, str]) -> str:
    """Code as Slack stores it: nothing is formatted, but control syntax is what it is everywhere."""
    return _split(_CONTROL, text, _escaped, lambda match: control_html(match[1], names))


def control_html(control: str, names: Mapping[str, str]) -> str:
    """What stands between `<` and `>` in Slack's texts; what is no control syntax is shown as it was written."""
    target, _, label = control.partition("|")
    match target[:1]:
        case "@" | "#" as sign:
            return mention_html(sign, target[1:], label, names)
        case "!":
            return _broadcast(target[1:], label) or _escaped(f"<{control}>")
        case _:
            return link_html(_unescaped(target), _escaped(label or target)) or _escaped(f"<{control}>")


def mention_html(sign: str, key: str, label: str, names: Mapping[str, str]) -> str:
    """A person (`@`) or a channel (`#`) by name; by its label or its id when nobody knows the name."""
    name = names.get(key) or _unescaped(label) or key
    return f'<span class="mention">{sign}{escape(name.removeprefix(sign))}</span>'


def ping_html(name: str) -> str:
    """Something that would notify many people at once."""
    return f'<span class="ping" title="Slack would notify people here">@{escape(name.removeprefix("@"))}</span>'


def _broadcast(target: str, label: str) -> str:
    """`!here` and its like; empty for what Slack does not know. A date shows its fallback."""
    if target in {"here", "channel", "everyone"}:
        return ping_html(target)
    kind, _, rest = target.partition("^")
    if kind == "subteam":
        return ping_html(_unescaped(label) or rest)
    return _escaped(label or rest) if kind == "date" else ""


def link_html(url: str, label_html: str, css: str = "") -> str:
    """A link that opens beside the page; empty when `url` is neither http, https nor mailto."""
    if not is_safe(url):
        return ""
    kind = f'class="{css}" ' if css else ""
    return f'<a {kind}href="{escape(url)}" {LINK_ATTRIBUTES}>{label_html}</a>'


def is_safe(url: str) -> bool:
    """Whether a page may link there."""
    return _SAFE_URL.fullmatch(url) is not None


def plain_html(text: str, *, links: bool = True) -> str:
    """Text without notation: escaped, bare addresses become links (but not with `links=False`), `:eyes:` an emoji."""
    return _split(_PLAIN, text, escape, lambda match: _plain_part(match, links=links))


def _plain_part(match: re.Match[str], *, links: bool) -> str:
    url = match["url"]
    if url:
        return (link_html(url, escape(url)) if links else "") or escape(url)
    return emoji_html(match["emoji"])


def emoji_html(name: str) -> str:
    """An emoji by Slack's name; one that is not in the table keeps its colons."""
    return EMOJI.get(name) or escape(f":{name}:")


def _plain_escaped(text: str) -> str:
    return plain_html(_unescaped(text))


def _escaped(text: str) -> str:
    return escape(_unescaped(text))


def _unescaped(text: str) -> str:
    """Slack stores these three as entities, and no others."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _split(
    pattern: re.Pattern[str], text: str, between: Callable[[str], str], matched: Callable[[re.Match[str]], str]
) -> str:
    """The text's matches through `matched` and what stands between them through `between`, joined again."""
    html: list[str] = []
    end = 0
    for match in pattern.finditer(text):
        html += between(text[end : match.start()]), matched(match)
        end = match.end()
    return "".join([*html, between(text[end:])])
