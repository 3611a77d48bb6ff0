"""The events that Slack sends for a change, as pure functions of it. Only for conversations the bot is a member of."""

from collections.abc import Callable, Mapping
from typing import assert_never

from bot.slack.local.changes import (
    Change,
    Deleted,
    Edited,
    Joined,
    Opened,
    Posted,
    Reacted,
    StatusSet,
    Streamed,
    Viewed,
    Whispered,
)
from bot.slack.local.channels import FAMILY, Channel, Kind
from bot.slack.local.messages import Message
from bot.slack.local.records import record
from bot.slack.local.wire import Json
from bot.slack.local.workspace import Workspace

PLAIN_EVENTS = frozenset(
    {"app_home_opened", "app_mention", "message.channels", "message.groups", "message.im", "message.mpim"}
)
"""What the plain manifest subscribes to."""

_CHANNEL_LETTERS: Mapping[Kind, str] = {"channel": "C", "group": "G", "im": "D", "mpim": "G"}


def subscription_of(event: Json) -> str:
    """The name in the manifest that makes Slack send this event."""
    if event.get("type") != "message":
        return str(event.get("type"))
    kind: Kind = event["channel_type"]
    return f"message.{FAMILY[kind]}"


def events_of(workspace: Workspace, change: Change) -> list[Json]:
    """What Slack tells the bot of a change; a mention comes as `message` and then as `app_mention`."""
    match change:
        case Posted(message):
            return _if_present(workspace, message, _said)
        case Edited(before, after):
            return _if_present(workspace, after, lambda room, _: [_changed(room, before, after)])
        case Deleted(message):
            return _if_present(workspace, message, lambda room, _: [_deleted(room, message)])
        case Reacted(message, user, emoji, added):
            return _if_present(workspace, message, lambda room, _: [_reacted(room, message, user, emoji, added=added)])
        case Joined(channel, user, notice):
            events = [message_event(workspace, notice), _joined(workspace, channel, user.id)]
            return events if workspace.bot.id in channel.members else []
        case Streamed() | Opened() | StatusSet() | Whispered() | Viewed():
            return []
        case _:
            assert_never(change)


def message_event(workspace: Workspace, message: Message) -> Json:
    """A `message` event, as it is for people, for other bots and for the bot's own posts."""
    event = record(workspace, message, with_metadata=True)
    event |= _place(workspace, message.channel) | {"event_ts": message.ts}
    if message.subtype == "thread_broadcast" and message.thread_ts is not None:
        root = workspace.find(message.channel, message.thread_ts)
        event["root"] = record(workspace, root) if root is not None else {}
    return event


def home_opened(workspace: Workspace, user: str, channel: str, tab: str) -> Json:
    """Somebody looks at the app: at its home tab, or at the messages tab."""
    return {
        "type": "app_home_opened",
        "user": user,
        "channel": channel,
        "tab": tab,
        "event_ts": workspace.stamps.next(),
    }


def session_stopped(workspace: Workspace, user: str, channel: str, thread: str, streams: list[str]) -> Json:
    """Somebody presses Slack's own button on an agent's thread; these streams of its have been ended."""
    return {
        "type": "agent_session_stopped",
        "user": user,
        "channel": channel,
        "thread_ts": thread,
        "streaming_message_ts": streams,
        "event_ts": workspace.stamps.next(),
    }


def _if_present(
    workspace: Workspace, message: Message, build: Callable[[Workspace, Message], list[Json]]
) -> list[Json]:
    present = workspace.bot.id in workspace.channels[message.channel].members
    return build(workspace, message) if present else []


def _said(workspace: Workspace, message: Message) -> list[Json]:
    event = message_event(workspace, message)
    if event["channel_type"] == "im" and (viewing := workspace.viewing.get(message.user)) is not None:
        entities = [{"type": "slack#/types/channel_id", "value": viewing, "team_id": workspace.team}]
        event["app_context"] = {"entities": entities} if viewing else {}
    mentioned = f"<@{workspace.bot.id}>" in message.text
    own = message.user == workspace.bot.id
    if not mentioned or own or event["channel_type"] == "im":
        return [event]
    mention = {key: value for key, value in event.items() if key not in {"channel_type", "subtype", "root"}}
    return [event, mention | {"type": "app_mention"}]


def _place(workspace: Workspace, channel: str) -> Json:
    return {"channel": channel, "channel_type": workspace.channels[channel].kind}


def _changed(workspace: Workspace, before: Message, after: Message) -> Json:
    """Also for the bot's own edits: each comes back."""
    stamp = after.edited_ts
    return {
        "type": "message",
        "subtype": "message_changed",
        "message": record(workspace, after, with_metadata=True),
        "previous_message": record(workspace, before, with_metadata=True),
        "hidden": True,
        "ts": stamp,
        "event_ts": stamp,
        **_place(workspace, after.channel),
    }


def _deleted(workspace: Workspace, message: Message) -> Json:
    stamp = workspace.stamps.next()
    return {
        "type": "message",
        "subtype": "message_deleted",
        "previous_message": record(workspace, message),
        "deleted_ts": message.ts,
        "hidden": True,
        "ts": stamp,
        "event_ts": stamp,
        **_place(workspace, message.channel),
    }


def _reacted(workspace: Workspace, message: Message, user: str, emoji: str, *, added: bool) -> Json:
    return {
        "type": "reaction_added" if added else "reaction_removed",
        "user": user,
        "reaction": emoji,
        "item": {"type": "message", "channel": message.channel, "ts": message.ts},
        "item_user": message.user,
        "event_ts": workspace.stamps.next(),
    }


def _joined(workspace: Workspace, channel: Channel, user: str) -> Json:
    return {
        "type": "member_joined_channel",
        "user": user,
        "channel": channel.id,
        "channel_type": _CHANNEL_LETTERS[channel.kind],
        "team": workspace.team,
        "event_ts": workspace.stamps.next(),
    }
