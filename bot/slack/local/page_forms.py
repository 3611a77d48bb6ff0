"""Forms as the playground's page receives them: plain texts and values alone, which the page puts in as text."""

from bot.slack.local.context import View
from bot.slack.local.reading import read_block
from bot.slack.local.wire import Json, as_object, as_objects, as_text


def page_form(shown: View | None) -> Json | None:
    """A form with its texts and fields in order; None where nobody sees one."""
    if shown is None:
        return None
    return {
        "id": shown.id,
        "title": _words(shown.view.get("title")),
        "submit": _words(shown.view.get("submit")),
        "close": _words(shown.view.get("close")) or "Cancel",
        "parts": [_part(block) for block in as_objects(shown.view.get("blocks"))],
        "errors": shown.errors,
    }


def _part(block: Json) -> Json:
    if block.get("type") != "input":
        return {"text": read_block(block)}
    element = as_object(block.get("element")) or {}
    chosen = [*as_objects(element.get("initial_options")), *as_objects([element.get("initial_option")])]
    return {
        "name": as_text(block.get("block_id")),
        "label": _words(block.get("label")),
        "hint": _words(block.get("hint")),
        "required": not block.get("optional"),
        "kind": as_text(element.get("type")),
        "multiline": bool(element.get("multiline")),
        "most": element.get("max_length", 3_000),
        "text": as_text(element.get("initial_value")),
        "options": [
            {"value": as_text(option.get("value")), "text": _words(option.get("text"))}
            for option in as_objects(element.get("options"))
        ],
        "chosen": [as_text(option.get("value")) for option in chosen],
    }


def _words(value: object) -> str:
    return as_text((as_object(value) or {}).get("text"))
