"""What the bot shows in Slack, as pure functions."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bot.conversation import Note
from bot.defuse import defuse
from bot.plain import plain
from bot.platform import Page
from bot.words import WARNINGS, status_line

STATUS_BYTES = 190
"""What a status line may take beside a full page (`bot.markdown.PAGE_BYTES`): `chat.update` refuses a `text` of more
than 4,000 characters, bytes of UTF-8 by some reports."""

TEXT_BYTES = 4_000
"""What `text` holds at most; of a larger page, which only a stream has, its beginning: the blocks have it all."""

STOP = "skein_stop"
"""The action of the button that stops a turn, whose id is its value."""

RECALL = "skein_recall"
"""The action of the button that shows what a turn said, whose id is its value."""

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
    return Content(text, [*blocks, *status_blocks(page), *_buttons(page)])


def status_blocks(page: Page) -> list[Block]:
    """The line under a page's text, if there is one."""
    line = _line(page)
    return [{"type": "context", "elements": [{"type": "plain_text", "text": line, "emoji": True}]}] if line else []


def _buttons(page: Page) -> list[Block]:
    buttons = [_button(action, label, turn) for action, label, turn in _actions(page) if turn is not None]
    return [{"type": "actions", "elements": buttons}] if buttons else []


def _actions(page: Page) -> Iterator[tuple[str, str, int | None]]:
    yield STOP, "Stop", page.stops
    yield RECALL, "Show what it said", page.recalls


def _button(action: str, label: str, turn: int | None) -> Block:
    text = {"type": "plain_text", "text": label, "emoji": True}
    return {"type": "button", "action_id": action, "text": text, "value": str(turn)}


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
