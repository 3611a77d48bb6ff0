"""The workspace: who and what there is, and everything that can be done to it. It knows no limits and no wire."""

import itertools
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import replace

from bot.slack.local.changes import Change, Deleted, Edited, Joined, Opened, Posted, Reacted, StatusSet, Streamed
from bot.slack.local.channels import Channel, Kind
from bot.slack.local.messages import Message
from bot.slack.local.refusal import Impossible
from bot.slack.local.stamps import Stamps
from bot.slack.local.timeline import Timeline
from bot.slack.local.users import User

STATUS_LIFE_SECONDS = 120
"""How long a thread's status stays when no message comes."""

_COLORS = ("#1264a3", "#2bac76", "#b5458f", "#cc5500", "#4a154b", "#00796b", "#8d6e00", "#5b4bc4")


class Workspace:
    """Everything is in memory, changes at once, and tells its listeners. Ids are counted: `U0LOCAL0001`."""

    def __init__(self, name: str, bot_name: str) -> None:
        self._numbers = itertools.count(1)
        self._listeners: list[Callable[[Change], None]] = []
        self._timelines: dict[str, Timeline] = {}
        self._statuses: dict[tuple[str, str], tuple[str, float]] = {}
        self._user_names: dict[str, str] = {}
        self._channel_names: dict[str, str] = {}
        self._directs: dict[frozenset[str], str] = {}
        self.stamps = Stamps()
        self.name = name
        # Another each time: what a bot remembers of an earlier workspace must not show in this one.
        self.team = f"T{secrets.token_hex(5).upper()}"
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.viewing: dict[str, str] = {}
        self.names: dict[str, str] = {}
        self.bot = self._add_app(bot_name, bot_name.capitalize())
        self.other_bot = self._add_app("weather", "Weather Report")

    def listen(self, listener: Callable[[Change], None]) -> None:
        """Call the listener at every change, after it was made, in the order of subscription."""
        self._listeners.append(listener)

    def tell(self, change: Change) -> None:
        """Call every listener."""
        for listener in self._listeners:
            listener(change)

    def new_id(self, prefix: str) -> str:
        """An id that nothing else has."""
        return f"{prefix}0LOCAL{next(self._numbers):04d}"

    # Who and where

    def user(self, name: str) -> User:
        """The user with that name or id. Raises Impossible."""
        found = self.users.get(name) or self.users.get(self._user_names.get(name.removeprefix("@"), ""))
        if found is None:
            raise Impossible(f"nobody is called {name!r}")
        return found

    def channel(self, name: str) -> Channel:
        """The channel with that name or id. Raises Impossible."""
        found = self.find_channel(name)
        if found is None:
            raise Impossible(f"there is no channel {name!r}")
        return found

    def find_channel(self, name: str) -> Channel | None:
        """The channel with that name or id, or None."""
        return self.channels.get(name) or self.channels.get(self._channel_names.get(name.removeprefix("#"), ""))

    def id_of(self, name: str) -> str | None:
        """The id of the person or bot that `@name` means."""
        return self._user_names.get(name)

    def channel_id_of(self, name: str) -> str | None:
        """The id of the channel that `#name` means."""
        return self._channel_names.get(name)

    def add_user(self, name: str, real_name: str) -> User:
        """A new person, with a direct conversation with the bot. Raises Impossible when the name is taken."""
        if name in self._user_names:
            raise Impossible(f"{name!r} is taken")
        user = self._remember(User(self.new_id("U"), name, real_name, self._color(), self.team))
        self.direct([user])
        return user

    def _add_app(self, name: str, real_name: str) -> User:
        bot, app = self.new_id("B"), self.new_id("A")
        return self._remember(User(self.new_id("U"), name, real_name, "#4a154b", self.team, bot, app))

    def _remember(self, user: User) -> User:
        self.users[user.id] = user
        self._user_names[user.name] = user.id
        self.names[user.id] = user.shown_as
        return user

    def _color(self) -> str:
        return _COLORS[len(self.users) % len(_COLORS)]

    def add_channel(self, name: str, kind: Kind, members: Iterable[User]) -> Channel:
        """A new channel. Raises Impossible when the name is taken."""
        if name in self._channel_names:
            raise Impossible(f"{name!r} is taken")
        channel = self._open(name, kind, members)
        self._channel_names[name] = channel.id
        return channel

    def direct(self, people: Iterable[User]) -> Channel:
        """The conversation of these people and the bot, a direct message or a group's; opened when it is new."""
        members = [*people, self.bot]
        known = self._directs.get(frozenset(user.id for user in members))
        if known is not None:
            return self.channels[known]
        pair = len(members) == 2  # noqa: PLR2004 - a pair is two
        name = self.bot.name if pair else f"mpdm-{'--'.join(user.name for user in members)}-1"
        channel = self._open(name, "im" if pair else "mpim", members)
        self._directs[channel.members] = channel.id
        return channel

    def _open(self, name: str, kind: Kind, members: Iterable[User]) -> Channel:
        people = [user.id for user in members]
        channel = Channel(
            id=self.new_id({"channel": "C", "group": "C", "im": "D", "mpim": "G"}[kind]),
            name=name,
            kind=kind,
            members=frozenset(people),
            created=int(time.time()),
            creator=people[0],
        )
        self.channels[channel.id] = channel
        self._timelines[channel.id] = Timeline()
        self.names[channel.id] = name
        self.tell(Opened(channel))
        return channel

    def archive(self, channel: Channel) -> None:
        """Close a channel for good: it can be read and no longer written in."""
        self.channels[channel.id] = replace(channel, archived=True)
        self.tell(Opened(self.channels[channel.id]))

    def join(self, channel: Channel, user: User) -> Message:
        """Make somebody a member; the line about it in the channel is returned."""
        joined = replace(channel, members=channel.members | {user.id})
        self.channels[channel.id] = joined
        text = f"<@{user.id}> has joined the channel"
        notice = Message(channel.id, self.stamps.next(), user.id, text, subtype="channel_join")
        self.timeline(channel.id).add(notice)
        self.tell(Joined(joined, user, notice))
        return notice

    # What is said

    def timeline(self, channel: str) -> Timeline:
        """The messages of the channel with that id. Raises KeyError."""
        return self._timelines[channel]

    def find(self, channel: str, ts: str) -> Message | None:
        """The message of the channel with that id, or None."""
        return self._timelines[channel].get(ts)

    def post(self, message: Message) -> Message:
        """Append a message. What a bot says in a thread ends the thread's status."""
        self.timeline(message.channel).add(message)
        self.tell(Posted(message))
        if message.bot is not None:
            self.set_status(message.channel, message.root, "")
        return message

    def edit(self, before: Message, after: Message) -> Message:
        """Put a new version in a message's place and return it with the time of the edit."""
        after = replace(after, edited_ts=self.stamps.next())
        self.timeline(after.channel).replace(after)
        self.tell(Edited(before, after))
        return after

    def stream(self, after: Message) -> Message:
        """As an edit that people see and no event tells of."""
        self.timeline(after.channel).replace(after)
        self.tell(Streamed(after))
        return after

    def delete(self, message: Message) -> None:
        """Take a message away. A root that has replies stays as a tombstone, as in Slack."""
        timeline = self.timeline(message.channel)
        if timeline.replies(message.ts):
            tomb = replace(message, text="This message was deleted.", blocks=(), files=(), subtype="tombstone")
            self.edit(message, replace(tomb, user="USLACKBOT", bot=None, metadata=None, streaming=False))
            return
        timeline.remove(message.ts)
        self.tell(Deleted(message))

    def react(self, message: Message, user: str, emoji: str, *, added: bool) -> bool:
        """Put an emoji under a message or take it away. False when there was nothing to change."""
        users = message.reactions.get(emoji, ())
        if (user in users) == added:
            return False
        changed = (*users, user) if added else tuple(other for other in users if other != user)
        reactions = {**message.reactions, emoji: changed}
        after = replace(message, reactions={name: who for name, who in reactions.items() if who})
        self.timeline(message.channel).replace(after)
        self.tell(Reacted(after, user, emoji, added))
        return True

    def set_status(self, channel: str, thread_ts: str, status: str) -> None:
        """Show a line under a thread; an empty one takes it away."""
        if status:
            self._statuses[channel, thread_ts] = (status, time.monotonic())
        elif self._statuses.pop((channel, thread_ts), None) is None:
            return
        self.tell(StatusSet(channel, thread_ts))

    def status(self, channel: str, thread_ts: str) -> str | None:
        """The line under a thread, or None; it disappears by itself after `STATUS_LIFE_SECONDS`."""
        status, since = self._statuses.get((channel, thread_ts), ("", 0.0))
        return status if status and time.monotonic() - since < STATUS_LIFE_SECONDS else None
