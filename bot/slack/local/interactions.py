"""What Slack sends when somebody clicks in a message, or types a command."""

import time
from collections.abc import Sequence

from bot.slack.local.channels import Channel
from bot.slack.local.context import Context, Response
from bot.slack.local.messages import Message
from bot.slack.local.reading import elements_of
from bot.slack.local.records import record
from bot.slack.local.refusal import Impossible
from bot.slack.local.users import User
from bot.slack.local.wire import Json, as_object, as_objects


def new_trigger(context: Context, user: User) -> str:
    """A trigger's id, with which the bot may open a view for that person within three seconds."""
    trigger = context.workspace.new_id("X")
    context.triggers[trigger] = (user.id, time.monotonic())
    return trigger


def actor(user: User) -> Json:
    """Who made a gesture, as every payload of one names them."""
    return {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team}


def block_actions(
    context: Context,
    user: User,
    message: Message,
    action_id: str,
    *,
    value: str | None = None,
    block_id: str | None = None,
) -> Json:
    """The payload of a click. Raises Impossible when the message shows nothing of the kind to click on.

    `value` chooses between the halves of a feedback element; of a button it may be left out.
    """
    workspace = context.workspace
    channel = workspace.channels[message.channel]
    return {
        "type": "block_actions",
        "user": actor(user),
        "api_app_id": workspace.bot.app,
        "container": _container(message),
        "trigger_id": new_trigger(context, user),
        "team": {"id": workspace.team, "domain": "local"},
        "enterprise": None,
        "is_enterprise_install": False,
        "channel": {"id": channel.id, "name": _name(channel)},
        "message": record(workspace, message, with_metadata=True),
        "state": {"values": {}},
        "actions": [_action(message.blocks, action_id, value, block_id)],
    }


def home_actions(context: Context, user: User, action_id: str, value: str | None = None) -> Json:
    """The payload of a click in somebody's home. Raises Impossible when nothing of the kind stands there.

    `value` chooses between several of that name, or between the options of a list.
    """
    home = context.home(user.id)
    if home is None:
        raise Impossible(f"{user.name} has no home to click in")
    workspace = context.workspace
    return {
        "type": "block_actions",
        "user": actor(user),
        "api_app_id": workspace.bot.app,
        "container": {"type": "view", "view_id": home.id},
        "trigger_id": new_trigger(context, user),
        "team": {"id": workspace.team, "domain": "local"},
        "enterprise": None,
        "is_enterprise_install": False,
        "view": {**home.view, "id": home.id, "team_id": workspace.team, "state": {"values": {}}},
        "actions": [_action(as_objects(home.view.get("blocks")), action_id, value, None)],
    }


def whisper_actions(context: Context, user: User, message: Message, action_id: str, value: str | None) -> Json:
    """The payload of a click in a message that one person alone sees: it can be answered by its `response_url` only."""
    payload = block_actions(context, user, message, action_id, value=value)
    name = context.workspace.new_id("R")
    context.responses[name] = Response(user.id, message.ts)
    container = {**payload["container"], "is_ephemeral": True}
    kept = {key: part for key, part in payload.items() if key != "message"}
    return {**kept, "container": container, "response_url": f"{context.url}/response/{name}"}


def message_action(context: Context, user: User, message: Message, callback_id: str) -> Json:
    """The payload of a shortcut chosen in a message's menu."""
    workspace = context.workspace
    channel = workspace.channels[message.channel]
    return {
        "type": "message_action",
        "callback_id": callback_id,
        "user": actor(user),
        "team": {"id": workspace.team, "domain": "local"},
        "channel": {"id": channel.id, "name": _name(channel)},
        "message_ts": message.ts,
        "message": record(workspace, message),
        "trigger_id": new_trigger(context, user),
        "action_ts": f"{time.time():.6f}",
        "enterprise": None,
        "is_enterprise_install": False,
    }


def slash_command(context: Context, user: User, channel: Channel, command: str, text: str) -> Json:
    """The payload of a command such as `/skein`."""
    return {
        "command": command,
        "text": text,
        "team_id": context.workspace.team,
        "team_domain": "local",
        "channel_id": channel.id,
        "channel_name": _name(channel),
        "user_id": user.id,
        "user_name": user.name,
        "api_app_id": context.workspace.bot.app,
        "is_enterprise_install": "false",
        "trigger_id": new_trigger(context, user),
    }


def _name(channel: Channel) -> str:
    return {"channel": channel.name, "group": "privategroup", "im": "directmessage", "mpim": channel.name}[channel.kind]


def _container(message: Message) -> Json:
    container: Json = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": message.channel,
        "is_ephemeral": False,
    }
    return container | {"thread_ts": message.thread_ts} if message.thread_ts else container


def _action(blocks: Sequence[Json], action_id: str, value: str | None, block_id: str | None) -> Json:
    for block in blocks:
        if block_id and block.get("block_id") != block_id:
            continue
        for element in elements_of(block):
            face = _face(element, value)
            if element.get("action_id") == action_id and face is not None:
                return _clicked(element, face, block)
    raise Impossible(f"there is nothing to click on that is called {action_id!r}")


def _face(element: Json, value: str | None) -> Json | None:
    """What exactly was clicked on: the element, the half of it, or the option in it, with that value."""
    if element.get("type") == "static_select":
        return next((one for one in as_objects(element.get("options")) if one.get("value") == value), None)
    if element.get("type") != "feedback_buttons":
        return element if value in {None, element.get("value", "")} else None
    halves = as_objects([element.get("positive_button"), element.get("negative_button")])
    return next((half for half in halves if value in {None, half.get("value")}), None)


def _clicked(element: Json, face: Json, block: Json) -> Json:
    action: Json = {
        "type": element.get("type"),
        "action_id": element.get("action_id"),
        "block_id": block.get("block_id"),
        "action_ts": f"{time.time():.6f}",
    }
    if element.get("type") == "static_select":
        return action | {"selected_option": face}
    text = as_object(face.get("text"))
    if text is not None:
        action["text"] = text
    return action | {"value": face["value"]} if "value" in face else action
