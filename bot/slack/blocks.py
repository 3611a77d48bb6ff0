"""What the bot shows in Slack, as pure functions."""

from dataclasses import dataclass
from typing import Any

from bot.decisions import Choice
from bot.defuse import defuse
from bot.plain import plain
from bot.platform import Act, Ask, Page
from bot.status import Note
from bot.words import CHOICES, LABELS, WARNINGS, status_line

STATUS_BYTES = 190
"""What a status line may take beside a full page (`bot.markdown.PAGE_BYTES`): `chat.update` refuses a `text` of more
than 4,000 characters, bytes of UTF-8 by some reports."""

TEXT_BYTES = 4_000
"""What `text` holds at most; of a larger page, which only a stream has, its beginning: the blocks have it all."""

ACTIONS = {
    Act.STOP: "skein_stop",
    Act.RETRY: "skein_retry",
    Act.AGAIN: "skein_again",
    Act.BRANCH: "skein_branch",
    Act.EARLIER: "skein_earlier",
    Act.OLDER: "skein_older",
    Act.NEWER: "skein_newer",
    Act.RECALL: "skein_recall",
}
"""The actions of the buttons; a button's value is the id of the turn that it is about."""

DECISIONS = {
    Choice.APPROVE: "skein_approve",
    Choice.EDIT: "skein_edit",
    Choice.DENY: "skein_deny",
}
"""The actions of the buttons by which people decide; their value is the request's id."""

RATE = "skein_rate"
"""The action of the thumbs; their values are such as `good:7`, with the id of the turn."""

STYLES = {Choice.APPROVE: "primary", Choice.DENY: "danger"}

Block = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Content:
    """A message as Slack's Web API takes it. `text` serves notifications and screen readers."""

    text: str
    blocks: list[Block]


def content(page: Page) -> Content:
    """A page of an answer. Nothing in it pings anybody but the askers; with blocks it never shows "(edited)"."""
    allowed = page.askers
    blocks: list[Block] = []
    if page.markdown:
        blocks.append({"type": "markdown", "text": defuse(page.markdown, allowed)})
    texts = [plain(page.markdown, allowed), plain(_line(page))]
    text = "\n".join(filter(None, texts)).encode()[:TEXT_BYTES].decode(errors="ignore")
    return Content(text, [*blocks, *status_blocks(page), *buttons(page)])


def status_blocks(page: Page) -> list[Block]:
    """The line under a page's text, if there is one."""
    line = _line(page)
    return [{"type": "context", "elements": [{"type": "plain_text", "text": line, "emoji": True}]}] if line else []


def buttons(page: Page) -> list[Block]:
    """The buttons and thumbs under a page, if it has any."""
    row = [_button(act, turn) for act, turn in page.buttons]
    asked = [{"type": "actions", "elements": _choices(ask)} for ask in page.asks]
    found: list[Block] = [*asked, {"type": "actions", "elements": row}] if row else [*asked]
    return found if page.rated is None else [*found, {"type": "context_actions", "elements": [_thumbs(page.rated)]}]


def _thumbs(turn: int) -> Block:
    up, down = (
        {"text": {"type": "plain_text", "text": thumb}, "value": f"{value}:{turn}", "accessibility_label": label}
        for thumb, value, label in (("👍", "good", "Good answer"), ("👎", "bad", "Bad answer"))
    )
    return {"type": "feedback_buttons", "action_id": RATE, "positive_button": up, "negative_button": down}


def _button(act: Act, turn: int) -> Block:
    text = {"type": "plain_text", "text": LABELS[act], "emoji": True}
    return {"type": "button", "action_id": ACTIONS[act], "text": text, "value": str(turn)}


def _choices(ask: Ask) -> list[Block]:
    """The buttons by which a request is decided."""
    label = f" {ask.label}" if ask.label else ""
    return [
        {
            "type": "button",
            "action_id": DECISIONS[choice],
            "text": {"type": "plain_text", "text": CHOICES[choice].format(label=label), "emoji": True},
            "value": str(ask.id),
        }
        | ({"style": STYLES[choice]} if choice in STYLES else {})
        for choice in ask.choices
    ]


def _line(page: Page) -> str:
    return _cut(_status(page), STATUS_BYTES)


def _status(page: Page) -> str:
    line = defuse(" ".join(status_line(page.status, page.still_seconds).split()))
    return f"⚠ {line}" if isinstance(page.status, Note) and page.status in WARNINGS else line


def _cut(line: str, most_bytes: int) -> str:
    if len(plain(line).encode()) <= most_bytes:
        return line
    while len(plain(line + "…").encode()) > most_bytes:
        line = line[:-1]
    return line + "…"
