"""A message as Slack writes it down, in events and in the answers of the Web API."""

from bot.slack.local.messages import Message
from bot.slack.local.notation import rich_text
from bot.slack.local.wire import Json
from bot.slack.local.workspace import Workspace


def record(workspace: Workspace, message: Message, *, with_metadata: bool = False) -> Json:
    """The message's object. Metadata stands in it only on request."""
    written: Json = {"type": "message", "user": message.user, "ts": message.ts, "text": message.text}
    written["team"] = workspace.team
    if message.subtype is not None:
        written["subtype"] = message.subtype
    if message.client_msg_id is not None:
        written["client_msg_id"] = message.client_msg_id
    written |= _author(workspace, message) | _content(message) | _thread(workspace, message)
    if message.marked:
        written["edited"] = {"user": message.user, "ts": message.edited_ts}
    if message.reactions:
        written["reactions"] = reactions(message)
    if with_metadata and message.metadata is not None:
        written["metadata"] = message.metadata
    return written


def reactions(message: Message) -> list[Json]:
    """The emojis under a message with who put them, as Slack lists them."""
    return [{"name": name, "users": list(users), "count": len(users)} for name, users in message.reactions.items()]


def _author(workspace: Workspace, message: Message) -> Json:
    if message.bot is None:
        return {}
    user = workspace.users[message.user]
    return {"bot_id": user.bot, "app_id": user.app, "bot_profile": user.bot_profile()}


def _content(message: Message) -> Json:
    content: Json = {}
    if message.blocks:
        content["blocks"] = list(message.blocks)
    elif message.bot is None and message.subtype in {None, "file_share", "thread_broadcast"} and message.text:
        content["blocks"] = [rich_text(message.text, f"r{message.ts[-6:]}")]
    if message.files:
        content |= {"files": list(message.files), "upload": False, "display_as_bot": False}
    return content


def _thread(workspace: Workspace, message: Message) -> Json:
    timeline = workspace.timeline(message.channel)
    if message.thread_ts is not None:
        root = timeline.get(message.thread_ts)
        parent = {} if root is None else {"parent_user_id": root.user}
        return {"thread_ts": message.thread_ts, **parent}
    replies = timeline.replies(message.ts)
    if not replies:
        return {}
    people = dict.fromkeys(reply.user for reply in timeline.thread(message.ts)[1:])
    return {
        "thread_ts": message.ts,
        "reply_count": len(replies),
        "reply_users_count": len(people),
        "reply_users": list(people)[:5],
        "latest_reply": replies[-1],
        "is_locked": False,
        "subscribed": False,
    }
