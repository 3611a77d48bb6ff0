"""The parts that the bot's forms (modals) are made of."""

from typing import Any

LONGEST_TEXT = 3_000
"""Slack's limit of a text field."""

Json = dict[str, Any]


def modal(title: str) -> Json:
    """A form without anything in it."""
    return {"type": "modal", "title": plain(title), "close": plain("Close")}


def word(title: str, text: str) -> Json:
    """A form that only says something."""
    return modal(title) | {"blocks": [{"type": "section", "text": plain(text)}]}


def field(name: str, label: str, element: Json, hint: str | None = None) -> Json:
    """Something to fill in, or not."""
    # Optional: without it Slack takes no empty text and no empty choice.
    block = {"type": "input", "block_id": name, "label": plain(label), "element": {"action_id": name, **element}}
    return block | {"optional": True} | ({"hint": plain(hint)} if hint else {})


def text_field() -> Json:
    """Room for several lines."""
    return {"type": "plain_text_input", "multiline": True, "max_length": LONGEST_TEXT}


def plain(text: str) -> Json:
    """Text of Slack's without any marks."""
    return {"type": "plain_text", "text": text}
