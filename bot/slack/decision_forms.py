"""The forms in which people change what is asked leave for, or say why they deny it, as pure functions."""

import json
from collections.abc import Mapping
from typing import Any, cast

from bot.decisions import Request
from bot.slack.forms import LONGEST_TEXT, Json, field, modal, plain, text_field

EDIT = "skein_edit_request"
DENY = "skein_deny_request"
"""The forms."""

MOST_FIELDS = 90
"""Slack's limit is 100 blocks."""

NO_JSON = "This is no longer JSON. It was: {was}"
LONGEST_ERROR = 150


def edit_form(about: str, request: Request) -> Json:
    """A field for each argument, filled in: text as it is, anything else as JSON. What does not fit is left out."""
    blocks = [
        field(f"arg {at}", name, text_field() | {"initial_value": text} if text else text_field())
        for at, (name, text) in _fields(request).items()
    ]
    word = f"What {request.name} is to do:" if blocks else f"{request.name} has nothing in it that can be changed."
    heading = {"type": "section", "text": plain(word)}
    return _form("Change and approve", "Approve", EDIT, about) | {"blocks": [heading, *blocks]}


def deny_form(about: str) -> Json:
    """Room for a reason."""
    asked = field("reason", "Why not?", text_field(), hint="It is told so. You may leave this empty.")
    return _form("Deny", "Deny", DENY, about) | {"blocks": [asked]}


def read_args(values: Mapping[str, Any], request: Request) -> tuple[dict[str, Any], dict[str, str]]:
    """The arguments that a form asks for, and what is wrong, by its field; what was left out stays as it was."""
    args, wrong = dict(request.args), dict[str, str]()
    for at, (name, was) in _fields(request).items():
        block = f"arg {at}"
        text = str(cast("Json", values.get(block, {}).get(block, {})).get("value") or "")
        if isinstance(args[name], str):
            args[name] = text
            continue
        try:
            args[name] = json.loads(text)
        except ValueError:
            wrong[block] = NO_JSON.format(was=was)[:LONGEST_ERROR]
    return args, wrong


def read_reason(values: Mapping[str, Any]) -> str:
    """Why it was denied, in one piece."""
    return str(values["reason"]["reason"].get("value") or "").strip()


def _fields(request: Request) -> dict[int, tuple[str, str]]:
    """The arguments that can be changed, by their number: their names, and how they read."""
    texts = [
        (name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        for name, value in request.args.items()
    ]
    return {at: one for at, one in enumerate(texts) if len(one[1]) <= LONGEST_TEXT and at < MOST_FIELDS}


def _form(title: str, submit: str, name: str, about: str) -> Json:
    return modal(title) | {"callback_id": name, "private_metadata": about, "submit": plain(submit)}
