"""Slack's events become what the bot knows, purely; what is ignored gives its reason.

Below this file no dict of Slack's is passed on. A payload that lacks what it ought to have is ignored like any other,
since a signature proves who sent it and not that it makes sense.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial
from html import unescape
from typing import Any, cast

from bot.conversation import DIRECT, Address, Conversation, File, Message
from bot.inbox import OVERHEARD
from bot.slack.client import Identity
from bot.wishes import COME_BACK

FOR_ME = frozenset({Address.BOT, Address.NAME})

SAID_SUBTYPES = frozenset({None, "file_share", "thread_broadcast"})
"""The subtypes of messages in which a person says something; the others tell of joins, edits, topics and so on."""

TIMESTAMP = re.compile(r"\d{1,14}\.\d{6}")
MENTION = re.compile(r"<@([A-Z0-9]+)(?:\|[^>]*)?>")
CALLED = re.compile(r"\s*(?:(?:hey|hi|hello|ok|okay|and|thanks|thank you),? )?([^\W\d_][\w-]*)\s*[,:]", re.IGNORECASE)
"""Whom a message begins by calling: "Ada, could you…", "Hey Skein: …"."""

CONTROL = re.compile(r"<([#!]?)([^<>|\s]+)(?:\|([^<>]*))?>")
BROADCASTS = frozenset({"here", "channel", "everyone"})


@dataclass(frozen=True, slots=True)
class Heard:
    """A message that may concern the bot. Unless it is addressed to it, its conversation has to be one of the bot's.

    A change of a message is known by `message.edited`; with `may_be_new`, what was changed may not have been heard yet,
    or addresses the bot only now. One that `is_deleted` was taken back.
    """

    message: Message
    address: Address
    event_id: str | None
    client_msg_id: str | None
    may_be_new: bool = True
    is_deleted: bool = False
    viewing: str | None = None
    """The channel that its author looks at, in an agent's direct messages; empty if it is none."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """An event that asks nothing of the bot, and why."""

    reason: str


def parse(body: Mapping[str, Any], me: Identity, names: Collection[str] = ()) -> Heard | Ignored:
    """What an `event_callback` means to the bot `me`; `names` are those by which people are called, in lower case."""
    event, workspace = body.get("event"), body.get("team_id")
    if not isinstance(event, dict) or not _is_id(workspace):
        return Ignored("malformed")
    hear = partial(_heard, workspace=str(workspace), me=me, names=names, event_id=_text_or_none(body.get("event_id")))
    fields = cast("dict[str, Any]", event)
    match fields.get("subtype"):
        case "message_changed":
            return _changed(fields, hear)
        case "message_deleted":
            return _deleted(fields, hear)
        case _:
            return hear(fields)


def _changed(event: Mapping[str, Any], hear: Callable[[Mapping[str, Any]], Heard | Ignored]) -> Heard | Ignored:
    """The message as it is now, of an event that tells of a change."""
    now, before = _version(event, "message"), _version(event, "previous_message")
    if now.get("subtype") == "tombstone":
        return _deleted(event, hear)  # a thread's root
    if _content(now) == _content(before):
        return Ignored("nothing was changed")  # Slack has put in what a link leads to
    heard, was = hear(now), hear(before)
    if isinstance(heard, Ignored) and isinstance(was, Heard):
        heard = hear(_in_its_thread(now))  # it was said to the bot, and does not name it any more
    return replace(heard, may_be_new=_may_be_new(heard, was)) if isinstance(heard, Heard) else heard


def _deleted(event: Mapping[str, Any], hear: Callable[[Mapping[str, Any]], Heard | Ignored]) -> Heard | Ignored:
    """The message as it was, of an event that tells that it was deleted."""
    # Whom it was said to is of no matter.
    heard = hear(_in_its_thread(_version(event, "previous_message")))
    return replace(heard, is_deleted=True) if isinstance(heard, Heard) else heard


def _in_its_thread(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """A message of a channel as if it had been said in the thread that it is the root of."""
    direct = str(message.get("channel")).startswith("D")
    return message if direct or message.get("thread_ts") else {**message, "thread_ts": message.get("ts")}


def _version(event: Mapping[str, Any], key: str) -> dict[str, Any]:
    """One of the versions of a message that an event brings."""
    place = {key: event.get(key) for key in ("channel", "channel_type")}
    return {**cast("dict[str, Any]", version), **place} if isinstance(version := event.get(key), dict) else place


def _may_be_new(heard: Heard, before: Heard | Ignored) -> bool:
    """Whether a change may tell of something to answer, of a message that the inbox does not know."""
    is_late = float(heard.message.edited or 0) - float(heard.message.ts) < OVERHEARD.total_seconds()
    was_for_me = isinstance(before, Heard) and before.address in FOR_ME
    return is_late or (heard.address in FOR_ME and not was_for_me)


def _content(message: Mapping[str, Any]) -> tuple[object, ...]:
    return (message.get("text"), *files_of(message))


def readable(text: str, bot_user: str) -> str:
    """A message's text as people see it: control sequences spelled out, entities unescaped, the bot's name dropped.

    Mentions of people stay as they are: the id is what the bot can mention them by.
    """
    text = re.sub(rf"^\s*<@{bot_user}(?:\|[^>]*)?>[:,]?\s*", "", text)
    text = re.sub(rf"<@{bot_user}(?:\|[^>]*)?>", "@you", text)
    return unescape(CONTROL.sub(_spelled_out, text)).strip()


def _heard(
    event: Mapping[str, Any], *, workspace: str, me: Identity, names: Collection[str], event_id: str | None
) -> Heard | Ignored:
    if event.get("type") not in {"message", "app_mention"}:
        return Ignored("not a message")
    if event.get("user") == me.user or event.get("bot_id") == me.bot:
        return Ignored("its own")
    if event.get("subtype") not in SAID_SUBTYPES:
        return Ignored("nothing was said")
    if not is_well_formed(event):
        return Ignored("malformed")
    return _addressed(event, workspace, me, names, event_id)


def _addressed(
    event: Mapping[str, Any], workspace: str, me: Identity, names: Collection[str], event_id: str | None
) -> Heard | Ignored:
    direct = event.get("channel_type") == "im" or event["channel"].startswith("D")
    thread = event.get("thread_ts")
    address = Address.BOT if direct and not event.get("bot_id") else _address(event, me, names)
    if address is not Address.BOT and (direct or not thread):
        return Ignored("not addressed to the bot")
    # An agent's direct messages have no conversation but in threads.
    top = DIRECT if direct and not me.is_agent else event["ts"]
    conversation = Conversation(workspace, event["channel"], thread or top)
    author = event.get("user") or event["bot_id"]
    text = readable(str(event.get("text") or ""), me.user)
    message = Message(conversation, event["ts"], author, text, files=files_of(event), edited=_edited(event))
    viewing = _viewing(event) if direct and me.is_agent else None
    return Heard(message, address, event_id, event.get("client_msg_id"), viewing=viewing)


def _viewing(event: Mapping[str, Any]) -> str:
    """The channel that somebody looks at beside, which Slack tells with what they write to an agent."""
    context = event.get("app_context")
    entities = cast("dict[str, Any]", context).get("entities") if isinstance(context, dict) else None
    for entity in cast("list[Any]", entities) if isinstance(entities, list) else ():
        told = cast("dict[str, Any]", entity) if isinstance(entity, dict) else {}
        if told.get("type") == "slack#/types/channel_id" and _is_id(told.get("value")):
            return str(told["value"])
    return ""


def said(message: Mapping[str, Any], bot_user: str) -> str:
    """What a message of Slack's says, with its files named."""
    named = [f"[attached file, not readable: {file.name}]" for file in files_of(message)]
    return "\n".join(filter(None, [readable(str(message.get("text") or ""), bot_user), *named]))


def files_of(message: Mapping[str, Any]) -> tuple[File, ...]:
    """The files that came with a message of Slack's; without their addresses those that Slack keeps to itself."""
    given = cast("list[Any]", message["files"]) if isinstance(message.get("files"), list) else []
    return tuple(_file(cast("dict[str, Any]", file)) for file in given if isinstance(file, dict))


def _file(file: Mapping[str, Any]) -> File:
    gone = file.get("mode") in {"tombstone", "hidden_by_limit"}
    return File(
        name=" ".join(str(file.get("name") or file.get("title") or "a file").split()),
        kind=str(file.get("mimetype") or ""),
        size=size if isinstance(size := file.get("size"), int) else 0,
        url="" if gone else str(file.get("url_private_download") or file.get("url_private") or ""),
    )


def _address(event: Mapping[str, Any], me: Identity, names: Collection[str]) -> Address:
    text = str(event.get("text") or "")
    mentioned = set(MENTION.findall(text))
    if event.get("bot_id"):
        return Address.MACHINE  # bots that answer each other would never end
    if me.user in mentioned or event["type"] == "app_mention":
        return Address.BOT
    called = CALLED.match(text)
    name = called[1].casefold() if called else ""
    if mentioned or (name in names and name != me.name.casefold()):
        return Address.OTHER
    if event.get("parent_user_id") == me.user:
        return Address.BOT
    if name and name == me.name.casefold():
        return Address.NAME
    return Address.BACK if COME_BACK.fullmatch(text.strip()) else Address.NOBODY


def _spelled_out(match: re.Match[str]) -> str:
    kind, target, label = match.groups()
    if kind == "#":
        return f"#{label or target}"
    if kind == "!":
        return f"@{target}" if target in BROADCASTS else (label or target)
    if target.startswith("@"):
        return f"<{target}>"
    return f"{label} ({target})" if label and label not in target else target


def is_well_formed(event: Mapping[str, Any]) -> bool:
    """Whether a message of Slack's has what every message has."""
    ts = event.get("ts")
    stamps = [ts, event.get("thread_ts") or ts, _edited(event) or ts]
    return (
        all(isinstance(stamp, str) and TIMESTAMP.fullmatch(stamp) for stamp in stamps)
        and _is_id(event.get("channel"))
        and _is_id(event.get("user") or event.get("bot_id"))
        and isinstance(event.get("text") or "", str)
        and isinstance(event.get("client_msg_id") or "", str)
    )


def _edited(event: Mapping[str, Any]) -> str:
    """When its author changed a message last; empty if never."""
    edited = event.get("edited")
    return str(cast("dict[str, Any]", edited).get("ts")) if isinstance(edited, dict) else ""


def _text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _is_id(value: object) -> bool:
    return isinstance(value, str) and value.isascii() and value.isalnum()
