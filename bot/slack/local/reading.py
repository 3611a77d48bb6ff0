"""What people read of a message: its blocks as plain text, its buttons, whom it pings, what it would unfurl."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.slack.local.wire import Json, as_list, as_object, as_objects, as_text

_PING = re.compile(r"<(!(?:channel|here|everyone)|!subteam\^[A-Z0-9]+|@[UW][A-Z0-9]+)(?:\|[^<>]*)?>")
_LINK = re.compile(r"https?://[^\s<>|)\]\"]+")


@dataclass(frozen=True, slots=True)
class Button:
    """Something to click on. `block_id` is Slack's own where the bot gave none."""

    label: str
    action_id: str
    value: str
    block_id: str


def body_of(text: str, blocks: Sequence[Json]) -> str:
    """The blocks' text in reading order, one line each, without buttons; the plain text where there are no blocks."""
    if not blocks:
        return text
    return "\n".join(read for block in blocks if (read := read_block(block)))


def markdown_of(blocks: Sequence[Json]) -> str:
    """The text of the markdown blocks alone."""
    return "\n".join(as_text(block.get("text")) for block in blocks if block.get("type") == "markdown")


def read_block(block: Json) -> str:
    """One block's text; empty for buttons and for blocks without any."""
    read = _READERS.get(as_text(block.get("type")))
    return read(block) if read else ""


def pings_in(text: str, blocks: Sequence[Json]) -> tuple[str, ...]:
    """Who would be notified: `!channel`, `!subteam^S1`, `@U1`, in the order of appearance, each once."""
    written = f"{text}\n{body_of(text, blocks)}"
    return tuple(dict.fromkeys(match[1] for match in _PING.finditer(written)))


def links_in(text: str, blocks: Sequence[Json]) -> tuple[str, ...]:
    """The addresses that the message shows, each once."""
    return tuple(dict.fromkeys(_LINK.findall(body_of(text, blocks))))


def buttons_in(blocks: Sequence[Json]) -> tuple[Button, ...]:
    """Everything clickable, feedback's two halves included."""
    return tuple(button for block in blocks for element in elements_of(block) for button in _buttons(element, block))


def elements_of(block: Json) -> list[Json]:
    """The interactive elements of a block, a section's accessory included."""
    if block.get("type") not in {"actions", "context_actions", "section"}:
        return []
    return as_objects(block.get("elements")) + as_objects([block.get("accessory")])


def _buttons(element: Json, block: Json) -> Iterator[Button]:
    match element.get("type"):
        case "button" | "icon_button":
            faces = [element]
        case "feedback_buttons":
            faces = as_objects([element.get("positive_button"), element.get("negative_button")])
        case _:
            faces = []
    for face in faces:
        yield Button(
            label=_words(face.get("text")),
            action_id=as_text(element.get("action_id")),
            value=as_text(face.get("value")),
            block_id=as_text(block.get("block_id")),
        )


def _words(value: object) -> str:
    return as_text((as_object(value) or {}).get("text"))


def _string(block: Json) -> str:
    return as_text(block.get("text"))


def _object(block: Json) -> str:
    return _words(block.get("text"))


def _section(block: Json) -> str:
    return "\n".join(
        filter(None, [_object(block), *(as_text(one.get("text")) for one in as_objects(block.get("fields")))])
    )


def _context(block: Json) -> str:
    return " ".join(as_text(one.get("text", one.get("alt_text"))) for one in as_objects(block.get("elements")))


def _image(block: Json) -> str:
    return as_text(block.get("alt_text"))


def _rich_text(block: Json) -> str:
    return "".join(_rich_element(one) for one in as_objects(block.get("elements")))


def _rich_element(element: Json) -> str:
    read = _RICH_READERS.get(as_text(element.get("type")))
    return read(element) if read else _rich_text(element)


def _table(block: Json) -> str:
    rows = as_list(block.get("rows")) or []
    return "\n".join(" | ".join(_cell(cell) for cell in as_objects(row)) for row in rows)


def _cell(cell: Json) -> str:
    return _rich_text(cell) if cell.get("type") == "rich_text" else as_text(cell.get("text"))


def _task(block: Json) -> str:
    parts = [as_text(block.get("title"))]
    parts += [_rich_text(part) for part in as_objects([block.get("details"), block.get("output")])]
    return "\n".join(filter(None, parts))


def _plan(block: Json) -> str:
    return "\n".join([as_text(block.get("title")), *(_task(task) for task in as_objects(block.get("tasks")))])


_READERS: Mapping[str, Callable[[Json], str]] = {
    "markdown": _string,
    "section": _section,
    "header": _object,
    "context": _context,
    "image": _image,
    "rich_text": _rich_text,
    "table": _table,
    "task_card": _task,
    "plan": _plan,
}

_RICH_READERS: Mapping[str, Callable[[Json], str]] = {
    "text": lambda element: as_text(element.get("text")),
    "link": lambda element: as_text(element.get("text")) or as_text(element.get("url")),
    "user": lambda element: f"<@{element.get('user_id')}>",
    "channel": lambda element: f"<#{element.get('channel_id')}>",
    "broadcast": lambda element: f"<!{element.get('range')}>",
    "usergroup": lambda element: f"<!subteam^{element.get('usergroup_id')}>",
    "emoji": lambda element: f":{element.get('name')}:",
}
