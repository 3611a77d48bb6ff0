"""conversations.replies, history, info and open; users.conversations."""

import base64
import binascii
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence

from bot.slack.local.arguments import Arguments
from bot.slack.local.channels import FAMILY, Kind
from bot.slack.local.context import Context
from bot.slack.local.records import record
from bot.slack.local.refusal import Refused
from bot.slack.local.stamps import is_stamp
from bot.slack.local.wire import Json

_CURSOR = "next_ts:"
_MOST = 1_000
_GROUP = 8


def replies(context: Context, args: Arguments) -> Json:
    """conversations.replies: the root and its replies, the oldest first, in pages that each begin with the root."""
    channel = context.joined(args)
    context.need(channel, "history")
    timeline = context.workspace.timeline(channel.id)
    asked = timeline.get(args.required("ts"))
    if asked is None:
        raise Refused("thread_not_found")
    stamps = _within(timeline.replies(asked.root), args)
    limit = args.number("limit", _MOST, _MOST)
    first = bisect_left(stamps, _cursor(args) or "")
    # The root stands on every page and counts on the first.
    room = max(1, limit - 1) if first == 0 else limit
    page = stamps[first : first + room]
    rest = stamps[first + room :]
    return _page(context, args, channel.id, [asked.root, *page], next_ts=rest[0] if rest else None)


def history(context: Context, args: Arguments) -> Json:
    """conversations.history: what stands in the channel itself, the newest first."""
    channel = context.joined(args)
    context.need(channel, "history")
    stamps = _within(context.workspace.timeline(channel.id).top, args)
    cursor = _cursor(args)
    end = len(stamps) if cursor is None else bisect_right(stamps, cursor)
    start = max(0, end - args.number("limit", 100, _MOST))
    page = stamps[start:end][::-1]
    return _page(context, args, channel.id, page, next_ts=stamps[start - 1] if start else None)


def _within(stamps: Sequence[str], args: Arguments) -> Sequence[str]:
    oldest, latest, inclusive = args.text("oldest"), args.text("latest"), args.flag("inclusive")
    if oldest and oldest != "0":
        place = bisect_left if inclusive else bisect_right
        stamps = stamps[place(stamps, oldest) :]
    if latest:
        place = bisect_right if inclusive else bisect_left
        stamps = stamps[: place(stamps, latest)]
    return stamps


def _cursor(args: Arguments) -> str | None:
    """The `ts` in a cursor. Raises Refused for what is none."""
    cursor = args.text("cursor")
    if not cursor:
        return None
    try:
        ts = base64.b64decode(cursor, validate=True).decode().removeprefix(_CURSOR)
    except (binascii.Error, UnicodeDecodeError):
        ts = ""
    if not is_stamp(ts):
        raise Refused("invalid_cursor")
    return ts


def _page(context: Context, args: Arguments, channel: str, stamps: Sequence[str], *, next_ts: str | None) -> Json:
    with_metadata = args.flag("include_all_metadata")
    found = [message for ts in stamps if (message := context.workspace.find(channel, ts)) is not None]
    answer: Json = {
        "messages": [record(context.workspace, message, with_metadata=with_metadata) for message in found],
        "has_more": next_ts is not None,
    }
    if next_ts is not None:
        cursor = base64.b64encode(f"{_CURSOR}{next_ts}".encode()).decode()
        answer["response_metadata"] = {"next_cursor": cursor}
    return answer


_TYPES: Mapping[str, Kind] = {"public_channel": "channel", "private_channel": "group", "im": "im", "mpim": "mpim"}


def info(context: Context, args: Arguments) -> Json:
    """conversations.info."""
    channel = context.visible(args)
    context.need(channel, "read")
    return {"channel": channel.record(context.workspace.bot.id, context.workspace.team)}


def open_direct(context: Context, args: Arguments) -> Json:
    """conversations.open, with people's ids or with the channel it once gave."""
    names = [name for name in (args.text("users") or "").split(",") if name]
    if not names:
        channel = context.visible(args)
        return {"channel": {"id": channel.id}, "no_op": True, "already_open": True}
    people = [context.workspace.users[name] for name in names if name in context.workspace.users]
    if len(people) < len(names):
        raise Refused("user_not_found")
    if len(people) > _GROUP:
        raise Refused("too_many_users")
    context.need_any(["im:write" if len(people) == 1 else "mpim:write"])
    return {"channel": {"id": context.workspace.direct(people).id}}


def of_user(context: Context, args: Arguments) -> Json:
    """users.conversations: those that somebody is in and the bot can see; the cursor is the next one's number."""
    user = args.text("user") or context.workspace.bot.id
    kinds: set[Kind] = {_TYPES[kind] for kind in (args.text("types") or "public_channel").split(",") if kind in _TYPES}
    for kind in kinds:
        context.need_any([f"{FAMILY[kind]}:read"])
    seen = [
        channel
        for channel in context.workspace.channels.values()
        if channel.kind in kinds and user in channel.members and channel.visible_to(context.workspace.bot.id)
    ]
    start, limit = int(args.text("cursor") or "0"), args.number("limit", 100, 1_000)
    more = str(start + limit) if start + limit < len(seen) else ""
    me, team = context.workspace.bot.id, context.workspace.team
    shown = [channel.record(me, team) for channel in seen[start : start + limit]]
    return {"channels": shown, "response_metadata": {"next_cursor": more}}
