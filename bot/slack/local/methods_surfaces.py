"""Everything that is not a message: connections, a thread's status, views."""

import time
from collections.abc import Iterator

from bot.slack.local.arguments import Arguments
from bot.slack.local.changes import Viewed
from bot.slack.local.context import TRIGGER_LIFE_SECONDS, Context, View
from bot.slack.local.modals import show
from bot.slack.local.refusal import Refused, malformed
from bot.slack.local.validation import problems_in
from bot.slack.local.wire import Json, as_object, as_objects, as_text

TITLE_CHARACTERS, METADATA_CHARACTERS = 24, 3_000


def open_connection(context: Context, _args: Arguments) -> Json:
    """apps.connections.open: an address for one Socket Mode connection."""
    return {"url": context.link()}


def set_status(context: Context, args: Arguments) -> Json:
    """assistant.threads.setStatus; an empty status takes the line away."""
    channel = context.joined(args, "channel_id")
    thread_ts = args.required("thread_ts")
    context.thread_of(channel, args)
    status = args.text("status")
    if status is None:
        raise malformed("invalid_arguments", ["missing required field: status"])
    context.workspace.set_status(channel.id, thread_ts, status)
    return {}


def publish_view(context: Context, args: Arguments) -> Json:
    """views.publish: somebody's home tab."""
    user = args.required("user_id")
    if user not in context.workspace.users:
        raise Refused("user_not_found")
    shown = _keep(context, user, _view(args, "home"))
    context.workspace.tell(Viewed(user))
    return _told(context, shown)


def open_view(context: Context, args: Arguments) -> Json:
    """views.open: a modal for whoever made the gesture, within three seconds of it."""
    user, since = context.triggers.pop(args.required("trigger_id"), ("", 0.0))
    if not user:
        raise Refused("invalid_trigger_id")
    if time.monotonic() - since > TRIGGER_LIFE_SECONDS:
        raise Refused("expired_trigger_id")
    view = _keep(context, user, _view(args, "modal"))
    show(context, user, view)
    return _told(context, view)


def _view(args: Arguments, kind: str) -> Json:
    view = as_object(args.structure("view"))
    if view is None or view.get("type") != kind:
        raise malformed("invalid_arguments", [f"view must be a {kind} [json-pointer:/view/type]"])
    found = [*problems_in(as_objects(view.get("blocks"))), *(_wrong(view) if kind == "modal" else ())]
    if found:
        raise malformed("invalid_arguments", found)
    return view


def _wrong(view: Json) -> Iterator[str]:
    """What Slack does not take of a modal's own fields: its title and its buttons have 24 characters."""
    for name in ("title", "submit", "close"):
        text = as_text((as_object(view.get(name)) or {}).get("text"))
        if (name == "title" and not text) or len(text) > TITLE_CHARACTERS:
            yield f"must be 1 to {TITLE_CHARACTERS} characters [json-pointer:/view/{name}]"
    inputs = [block for block in as_objects(view.get("blocks")) if block.get("type") == "input"]
    if inputs and "submit" not in view:
        yield "missing required field: submit [json-pointer:/view]"
    if len(as_text(view.get("private_metadata"))) > METADATA_CHARACTERS:
        yield f"must be less than {METADATA_CHARACTERS + 1} characters [json-pointer:/view/private_metadata]"


def _keep(context: Context, user: str, view: Json) -> View:
    shown = View(context.workspace.new_id("V"), user, view)
    context.views.append(shown)
    return shown


def _told(context: Context, shown: View) -> Json:
    return {"view": {**shown.view, "id": shown.id, "team_id": context.workspace.team}}
