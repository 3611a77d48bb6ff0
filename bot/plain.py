"""Markdown as plain text, for notifications and screen readers."""

import re

from bot.defuse import defuse
from bot.syntax import SPANS, Fence, Line, Prose, lines

_LINE_MARKS = re.compile(r"^(?:[ \t]*>[ \t]?)*(?:[ \t]*#{1,6}[ \t]+)?")
_OUTER_PIPES = re.compile(r"^[ \t]*\|[ \t]*|(?<![ \t])[ \t]*\|[ \t]*(?=\n?\Z)")
_MENTION = re.compile(r"&lt;@([A-Z0-9]+)&gt;")


def plain(markdown: str, allowed: frozenset[str] = frozenset()) -> str:
    """The words of a text in their order, without Markdown's marks, escaped and defused for Slack's `text`.

    A link is put as `label (url)`, or as the url alone where the label is the same. Code is kept as it is. Nobody is
    pinged but by `<@ID>` of the `allowed` ids.
    """
    text = "".join(_bare_line(line) for line in lines(markdown, Prose()))
    escaped = defuse(text, allowed).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MENTION.sub(lambda mention: f"<@{mention[1]}>" if mention[1] in allowed else mention[0], escaped).strip()


def _bare_line(line: Line) -> str:
    if line.is_border:
        return ""
    if isinstance(line.before, Fence):
        lead = line.before.lead
        return line.text.removeprefix(lead if line.text.startswith(lead) else lead.rstrip())
    if line.is_row:
        return _bare(_OUTER_PIPES.sub("", line.text))
    return _bare(_LINE_MARKS.sub("", line.text))


def _bare(text: str) -> str:
    return SPANS.sub(_bare_span, text)


def _bare_span(span: re.Match[str]) -> str:
    if span["code"] is not None:
        return span["code"]
    if span["url"] is not None:
        label = _bare(span["label"])
        return span["url"] if label == span["url"] else f"{label} ({span['url']})"
    for inner in (span["starred"], span["lowed"], span["struck"]):
        if inner is not None:
            return _bare(inner)
    if span["angle"] and "://" in span["angle"]:
        return span["angle"]
    return span[0].removeprefix("\\")
