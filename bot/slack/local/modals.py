"""Forms that the bot opens over everything else: what somebody fills in, and what the bot makes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.slack.local.changes import Viewed
from bot.slack.local.context import Context, View
from bot.slack.local.interactions import actor
from bot.slack.local.refusal import Impossible
from bot.slack.local.users import User
from bot.slack.local.wire import Json, as_object, as_objects, as_text

TROUBLE = "We had some trouble connecting. Try again?"

Value = str | Sequence[str] | None
"""What is filled in: a text or the value of an option, or the values of several."""


def show(context: Context, user: str, view: View | None) -> None:
    """Put a modal before somebody's eyes, or take it away."""
    if view is None:
        context.modals.pop(user, None)
    else:
        context.modals[user] = view
    context.workspace.tell(Viewed(user))


def view_submission(context: Context, user: User, values: Mapping[str, Value]) -> Json:
    """The payload of a form that is sent; what `values` do not name by its block stays as the form came.

    Raises Impossible when no form is open, or when it does not let that be filled in.
    """
    modal = context.modals.get(user.id)
    if modal is None or "submit" not in modal.view:
        raise Impossible(f"{user.name} has no form to send")
    blocks = [block for block in as_objects(modal.view.get("blocks")) if block.get("type") == "input"]
    if strange := values.keys() - {as_text(block.get("block_id")) for block in blocks}:
        raise Impossible(f"the form has no {min(strange)!r}")
    state = {as_text(block["block_id"]): _state(block, values) for block in blocks}
    team = context.workspace.team
    return {
        "type": "view_submission",
        "team": {"id": team, "domain": "local"},
        "user": actor(user),
        "api_app_id": context.workspace.bot.app,
        "view": {**modal.view, "id": modal.id, "team_id": team, "state": {"values": state}},
        "response_urls": [],
        "is_enterprise_install": False,
        "enterprise": None,
    }


def answered(context: Context, user: str, answer: Json | None) -> None:
    """Do what the bot's answer to a form asks for; None is no answer."""
    modal = context.modals.get(user)
    if modal is None:
        return
    match (answer or {}).get("response_action"):
        case "errors" if answer:
            show(context, user, replace(modal, errors=as_object(answer.get("errors")) or {}))
        case "update" if answer:
            show(context, user, replace(modal, view=as_object(answer.get("view")) or {}, errors={}))
        case _:
            show(context, user, replace(modal, errors={"": TROUBLE}) if answer is None else None)


def _state(block: Json, values: Mapping[str, Value]) -> Json:
    element = as_object(block.get("element")) or {}
    name = as_text(block.get("block_id"))
    filled = _as_it_came(element) if name not in values else values[name]
    kind = as_text(element.get("type"))
    if not filled and not block.get("optional"):
        raise Impossible(f"{name!r} must be filled in")
    if kind == "plain_text_input":
        if isinstance(filled, str) and len(filled) > element.get("max_length", 3_000):
            raise Impossible(f"{name!r} is too long")
        told: Json = {"value": filled or None}
    elif kind == "static_select":
        told = {"selected_option": _chosen(element, [filled])[0] if isinstance(filled, str) and filled else None}
    else:
        told = {"selected_options": _chosen(element, filled or [])}
    return {as_text(element.get("action_id")): {"type": kind, **told}}


def _as_it_came(element: Json) -> Value:
    if "initial_options" in element:
        return [as_text(option.get("value")) for option in as_objects(element["initial_options"])]
    option = as_object(element.get("initial_option"))
    return as_text(option.get("value")) if option else element.get("initial_value")


def _chosen(element: Json, filled: Sequence[str]) -> list[Json]:
    options = {as_text(option.get("value")): option for option in as_objects(element.get("options"))}
    if strange := [value for value in filled if value not in options]:
        raise Impossible(f"there is no option {strange[0]!r}")
    return [options[value] for value in filled]
