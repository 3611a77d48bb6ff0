"""What every method of the Web API works with, and the checks they share."""

import mimetypes
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from bot.slack.local.arguments import Arguments
from bot.slack.local.channels import FAMILY, Channel
from bot.slack.local.messages import Message
from bot.slack.local.refusal import Refused
from bot.slack.local.stamps import is_stamp
from bot.slack.local.users import User
from bot.slack.local.wire import Json
from bot.slack.local.workspace import Workspace

TRIGGER_LIFE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class View:
    """A view that the bot opened, or published as somebody's home. `user` is who sees it.

    `errors` says by block what is wrong with what was filled in, under the empty name what went wrong otherwise.
    """

    id: str
    user: str
    view: Json
    errors: Json = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Stream:
    """A native stream under way: since when (`time.monotonic`), its Markdown and tasks so far, and its other blocks."""

    since: float
    markdown: str = ""
    tasks: tuple[Json, ...] = ()
    blocks: tuple[Json, ...] = ()


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that the bot announced: its name, its size in bytes, and what was sent of it so far."""

    name: str
    length: int
    content: bytes | None = None


AGENT = "assistant:write"
"""The scope that an app has once it is declared to be an agent."""


@dataclass(frozen=True, slots=True)
class Session:
    """What an agent's thread is at, by Slack's words, and what it is called."""

    status: str
    title: str


@dataclass(slots=True)
class Response:
    """Where the bot may answer a gesture in a whispered message, that often, by saying it anew."""

    user: str
    ts: str
    left: int = 5


@dataclass(slots=True)
class Context:
    """The workspace as one app sees it. `scopes` are the granted ones and may change at any time.

    `link` hands out an address for one Socket Mode connection. `triggers` maps a trigger's id to whose gesture it
    was and when (`time.monotonic`), `files` the path of each file to what stands in it, `uploads` the id of each file
    that is being uploaded to what is known of it, `modals` a person to the form they see, `sessions` a thread (channel
    and root) to what an agent has made of it, `prompts` a channel to what an agent has suggested there, `whispered`
    the `ts` of each message that one person alone sees to who that is, `responses` the id of each `response_url`.
    """

    workspace: Workspace
    scopes: set[str]
    url: str
    link: Callable[[], str]
    stream_life: timedelta
    streams: dict[tuple[str, str], Stream] = field(default_factory=dict[tuple[str, str], Stream])
    files: dict[str, bytes] = field(default_factory=dict[str, bytes])
    uploads: dict[str, Upload] = field(default_factory=dict[str, Upload])
    views: list[View] = field(default_factory=list[View])
    modals: dict[str, View] = field(default_factory=dict[str, View])
    sessions: dict[tuple[str, str], Session] = field(default_factory=dict[tuple[str, str], Session])
    prompts: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    whispered: dict[str, tuple[str, Message]] = field(default_factory=dict[str, tuple[str, Message]])
    responses: dict[str, Response] = field(default_factory=dict[str, Response])
    triggers: dict[str, tuple[str, float]] = field(default_factory=dict[str, tuple[str, float]])

    def home(self, user: str) -> View | None:
        """What the bot has last published as somebody's home."""
        homes = [shown for shown in self.views if shown.user == user and shown.view.get("type") == "home"]
        return homes[-1] if homes else None

    def need_any(self, scopes: Sequence[str]) -> None:
        """Raises Refused unless one of the scopes is granted, or none is asked for."""
        if scopes and self.scopes.isdisjoint(scopes):
            provided = ",".join(sorted(self.scopes))
            raise Refused("missing_scope", {"needed": ",".join(scopes), "provided": provided})

    def need(self, channel: Channel, right: str) -> None:
        """Raises Refused unless `right` (`read`, `history`) is granted for that kind of channel."""
        self.need_any([f"{FAMILY[channel.kind]}:{right}"])

    def visible(self, args: Arguments, name: str = "channel") -> Channel:
        """The channel of the call; a private one is not found unless the bot is in it. Raises Refused."""
        channel = self.workspace.channels.get(args.required(name))
        if channel is None or not channel.visible_to(self.workspace.bot.id):
            raise Refused("channel_not_found")
        return channel

    def joined(self, args: Arguments, name: str = "channel") -> Channel:
        """The channel of the call, which the bot is a member of. Raises Refused."""
        channel = self.visible(args, name)
        if self.workspace.bot.id not in channel.members:
            raise Refused("not_in_channel")
        return channel

    def addressed(self, args: Arguments) -> Channel:
        """The channel to post to, which may also be given as `#name`, or as a person's id. Raises Refused."""
        name = args.required("channel")
        user = self.workspace.users.get(name)
        if user is not None and user.bot is None:
            return self.workspace.direct([user])
        known = self.workspace.find_channel(name)
        channel = self.joined(Arguments({"channel": known.id if known else name}))
        if channel.archived:
            raise Refused("is_archived")
        return channel

    def thread_of(self, channel: Channel, args: Arguments, name: str = "thread_ts") -> str | None:
        """The root to reply to; None when the call names none. Raises Refused."""
        ts = args.text(name)
        if not ts:
            return None
        if not is_stamp(ts):
            raise Refused("invalid_thread_ts")
        root = self.workspace.find(channel.id, ts)
        if root is None:
            raise Refused("thread_not_found")
        if root.thread_ts is not None:
            # Slack's documentation asks for the parent's ts; what a reply's does is nowhere promised.
            raise Refused("cannot_reply_to_message")
        return ts

    def message(self, channel: Channel, ts: str) -> Message:
        """The message of the call. Raises Refused."""
        message = self.workspace.find(channel.id, ts)
        if message is None or message.subtype == "tombstone":
            raise Refused("message_not_found")
        return message

    def own_message(self, channel: Channel, ts: str, otherwise: str) -> Message:
        """As `message`, but the bot's own. Raises Refused, with `otherwise` for somebody else's."""
        message = self.message(channel, ts)
        if message.user != self.workspace.bot.id:
            raise Refused(otherwise)
        return message

    def is_streaming(self, message: Message) -> bool:
        """Whether the message is a native stream that was not stopped and did not die of age."""
        stream = self.streams.get((message.channel, message.ts))
        return stream is not None and time.monotonic() - stream.since < self.stream_life.total_seconds()


def kept_file(context: Context, id_: str, name: str, content: bytes, user: User) -> Json:
    """Keep a file, and give the object that a message has of it."""
    path = f"/files/{id_}/{quote(name)}"
    context.files[path] = content
    return {
        "id": id_,
        "name": name,
        "title": name,
        "mimetype": mimetypes.guess_type(name)[0] or "application/octet-stream",
        "size": len(content),
        "user": user.id,
        "mode": "hosted",
        "url_private": f"{context.url}{path}",
    }
