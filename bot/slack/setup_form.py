"""The form in which people set what the bot is in a channel, as pure functions."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from bot.channels import Channel
from bot.slack.forms import LONGEST_TEXT, Json, field, modal, plain, text_field

SETUP = "skein_setup"
"""The message shortcut that asks for the form, in the manifest, and the form itself."""

TITLE = "Set up this channel"

MOST_OPTIONS = 100
"""Slack's limit of a list."""


def form(channel: str, setup: Channel, models: Sequence[str], tools: Sequence[str]) -> Json:
    """The form, filled in with how it is now. The first of `models` is the one that answers everywhere.

    What cannot be chosen, or does not fit, is left out.
    """
    blocks = [_follow_ups(setup)]
    if tools:
        blocks.insert(0, _tools(setup, tools[:MOST_OPTIONS]))
    if len(models) > 1:
        blocks.insert(0, _models(setup, models[:MOST_OPTIONS]))
    if models and len(setup.instructions or "") <= LONGEST_TEXT:
        blocks.insert(0, _instructions(setup))
    return {
        **modal(TITLE),
        "callback_id": SETUP,
        "private_metadata": channel,
        "submit": plain("Save"),
        "blocks": blocks,
    }


def read(values: Mapping[str, Any], before: Channel, models: Sequence[str], tools: Sequence[str]) -> Channel:
    """What a form with these values asks for; what was left out of it stays as it was `before`."""
    changes: Json = {}
    if "instructions" in values:
        changes["instructions"] = (_value(values, "instructions").get("value") or "").strip() or None
    if "model" in values:
        option: Json = _value(values, "model").get("selected_option") or {}
        model: str | None = option.get("value")
        changes["model"] = None if model == models[0] else model
    if "tools" in values:
        options: list[Json] = _value(values, "tools").get("selected_options") or []
        chosen = tuple(str(option["value"]) for option in options)
        changes["tools"] = None if set(chosen) == set(tools[:MOST_OPTIONS]) else chosen
    if "follow_ups" in values:
        changes["follow_ups"] = bool(_value(values, "follow_ups").get("selected_options"))
    return replace(before, **changes)


def _value(values: Mapping[str, Any], block: str) -> Json:
    return cast("Json", values[block][block])


def _instructions(setup: Channel) -> Json:
    element = text_field()
    if setup.instructions:
        element["initial_value"] = setup.instructions
    return field("instructions", "What it is told to be here", element, hint="Left empty, it is as everywhere.")


def _models(setup: Channel, models: Sequence[str]) -> Json:
    element = {
        "type": "static_select",
        "options": [_option(name) for name in models],
        "initial_option": _option(setup.model if setup.model and setup.model in models else models[0]),
    }
    return field("model", "Model", element)


def _tools(setup: Channel, tools: Sequence[str]) -> Json:
    element: Json = {"type": "multi_static_select", "options": [_option(name) for name in tools]}
    if chosen := [name for name in tools if setup.tools is None or name in setup.tools]:
        element["initial_options"] = [_option(name) for name in chosen]
    return field("tools", "Tools", element)


def _follow_ups(setup: Channel) -> Json:
    option = {"text": plain("Answer in its threads without being mentioned each time"), "value": "follow_ups"}
    element: Json = {"type": "checkboxes", "options": [option]}
    if setup.follow_ups:
        element["initial_options"] = [option]
    return field("follow_ups", "Follow-ups", element)


def _option(name: str) -> Json:
    return {"text": plain(name[:75]), "value": name}
