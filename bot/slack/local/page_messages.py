"""Channels and messages as the playground's page receives them."""

from bot.slack.local.channels import Channel
from bot.slack.local.context import View
from bot.slack.local.messages import Message
from bot.slack.local.render import files_html, to_html
from bot.slack.local.wire import Json, as_objects
from bot.slack.local.workspace import Workspace


def page_channel(workspace: Workspace, channel: Channel) -> Json:
    """A channel, with its members' ids sorted."""
    return {
        "id": channel.id,
        "name": channel.name,
        "type": "private" if channel.kind == "group" else channel.kind,
        "members": sorted(channel.members),
        "bot_in": workspace.bot.id in channel.members,
    }


def page_message(workspace: Workspace, message: Message) -> Json:
    """A message, its text and blocks as safe HTML; `status` stands at a thread's root."""
    return {
        "channel": message.channel,
        "ts": message.ts,
        "thread_ts": message.thread_ts,
        "user": message.user,
        "name": workspace.names.get(message.user, "Slackbot"),
        "is_bot": message.bot is not None,
        "html": to_html(message.text, list(message.blocks), workspace.names) + files_html(message.files),
        "edited": message.marked,
        "reply_count": len(workspace.timeline(message.channel).replies(message.ts)),
        "reactions": [{"name": name, "users": list(users)} for name, users in message.reactions.items()],
        "status": None if message.thread_ts else workspace.status(message.channel, message.ts),
    }


def page_home(workspace: Workspace, shown: View | None) -> str | None:
    """The bot's home as safe HTML; None while the bot has published none."""
    return to_html("", as_objects(shown.view.get("blocks")), workspace.names) if shown else None


def page_state(workspace: Workspace, viewer: str | None, note: str | None) -> Json:
    """Everything one person can see; without a viewer, what is public."""
    channels = [channel for channel in workspace.channels.values() if channel.visible_to(viewer or "")]
    people = [user for user in workspace.users.values() if user.bot is None]
    return {
        "team": {"id": workspace.team, "name": workspace.name},
        "bot": {"id": workspace.bot.id, "name": workspace.bot.name},
        "model_note": note,
        "people": [
            {"id": user.id, "name": user.shown_as, "initials": user.initials, "color": user.color} for user in people
        ],
        "channels": [page_channel(workspace, channel) for channel in channels],
        "messages": [
            page_message(workspace, message)
            for channel in channels
            for message in workspace.timeline(channel.id).everything()
        ],
    }
