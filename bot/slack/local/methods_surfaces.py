"""Everything that is not a message: connections, a thread's status, views."""

import time

from bot.slack.local.arguments import Arguments
from bot.slack.local.context import TRIGGER_LIFE_SECONDS, Context, View
from bot.slack.local.refusal import Refused, malformed
from bot.slack.local.validation import problems_in
from bot.slack.local.wire import Json, as_object, as_objects


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
    return _keep(context, View(user, _view(args, "home")))


def open_view(context: Context, args: Arguments) -> Json:
    """views.open: a modal for whoever made the gesture, within three seconds of it."""
    user, since = context.triggers.pop(args.required("trigger_id"), ("", 0.0))
    if not user:
        raise Refused("invalid_trigger_id")
    if time.monotonic() - since > TRIGGER_LIFE_SECONDS:
        raise Refused("expired_trigger_id")
    return _keep(context, View(user, _view(args, "modal")))


def _view(args: Arguments, kind: str) -> Json:
    view = as_object(args.structure("view"))
    if view is None or view.get("type") != kind:
        raise malformed("invalid_arguments", [f"view must be a {kind} [json-pointer:/view/type]"])
    found = problems_in(as_objects(view.get("blocks")))
    if found:
        raise malformed("invalid_arguments", found)
    return view


def _keep(context: Context, shown: View) -> Json:
    context.views.append(shown)
    return {"view": {**shown.view, "id": context.workspace.new_id("V"), "team_id": context.workspace.team}}
