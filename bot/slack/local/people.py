"""What people do in the workspace. Each act is over when Slack has taken it; the bot hears of it afterwards."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from urllib.parse import quote

from bot.slack.local.changes import Whispered
from bot.slack.local.channels import Channel
from bot.slack.local.context import Context, View, kept_file
from bot.slack.local.events import home_opened, session_stopped
from bot.slack.local.interactions import block_actions, home_actions, message_action, slash_command, whisper_actions
from bot.slack.local.messages import Message
from bot.slack.local.modals import Value, answered, show, view_submission
from bot.slack.local.notation import as_sent
from bot.slack.local.publisher import Publisher
from bot.slack.local.refusal import Impossible
from bot.slack.local.users import User
from bot.slack.local.wire import Json, as_text
from bot.slack.local.workspace import Workspace

Upload = tuple[str, bytes]
"""A file's name and what stands in it."""

Where = str | Channel
"""A channel's name, its id, or the channel itself."""

Who = str | User
"""Somebody's name, their id, or the user."""


class People:
    """Speaks and clicks as anybody in the workspace.

    Raises Impossible for what Slack would not let that person do: write where they are not a member, change what
    somebody else wrote, click on what is not there.
    """

    def __init__(self, context: Context, publisher: Publisher) -> None:
        self.context = context
        self._publisher = publisher

    @property
    def workspace(self) -> Workspace:
        """Everything that Slack knows; the acts and views of LocalSlack are the pleasanter way to it."""
        return self.context.workspace

    def user(self, who: Who) -> User:
        """The user with that name or id."""
        return self.workspace.user(who) if isinstance(who, str) else who

    def channel(self, where: Where) -> Channel:
        """The channel with that name or id, with its members of this moment."""
        return self.workspace.channel(where if isinstance(where, str) else where.id)

    def direct_channel(self, who: Who) -> str:
        """The id of somebody's direct conversation with the bot."""
        return self.workspace.direct([self.user(who)]).id

    def group(self, people: Sequence[Who]) -> str:
        """The id of these people's group conversation with the bot."""
        return self.workspace.direct([self.user(who) for who in people]).id

    async def say(
        self,
        who: Who,
        where: Where,
        text: str,
        thread: str | None = None,
        *,
        broadcast: bool = False,
        files: Sequence[str | Upload] = (),
    ) -> str:
        """Write a message and return its `ts`.

        In the text, `@name` and `#name` mean people and channels, and `@here` everybody. `thread` is the `ts` of any
        message in the thread to reply to, `broadcast` shows the reply in the channel as well, `files` come with
        it, each its name, or its name and its content.
        """
        user, channel = self._writer(who, where)
        if not text.strip() and not files:
            raise Impossible("an empty message cannot be sent")
        message = Message(
            channel=channel.id,
            ts=self.workspace.stamps.next(),
            user=user.id,
            text=as_sent(text, self.workspace),
            thread_ts=None if thread is None else self.message(channel, thread).root,
            subtype="file_share" if files else "thread_broadcast" if broadcast and thread else None,
            client_msg_id=str(uuid.uuid4()),
            files=tuple(self._file(file, user) for file in files),
        )
        return self.workspace.post(message).ts

    def file(self, id_: str, name: str) -> bytes | None:
        """What stands in the file of that id and name; None if there is none."""
        return self.context.files.get(f"/files/{id_}/{quote(name)}")

    async def direct(self, who: Who, text: str, thread: str | None = None) -> str:
        """Write to the bot privately and return the message's `ts`."""
        return await self.say(who, self.direct_channel(who), text, thread)

    async def group_direct(self, people: Sequence[Who], text: str, thread: str | None = None) -> str:
        """The first of these people writes to the others and the bot; the message's `ts` is returned."""
        return await self.say(people[0], self.group(people), text, thread)

    async def edit(self, who: Who, where: Where, ts: str, text: str) -> None:
        """Change one's own message."""
        message = self._own(who, where, ts)
        self.workspace.edit(message, replace(message, text=as_sent(text, self.workspace), marked=True))

    async def delete(self, who: Who, where: Where, ts: str) -> None:
        """Delete one's own message. A root that has replies stays as a tombstone."""
        self.workspace.delete(self._own(who, where, ts))

    async def react(self, who: Who, where: Where, ts: str, emoji: str, *, added: bool = True) -> None:
        """Put an emoji under a message, or take one's own away."""
        user, channel = self._writer(who, where)
        self.workspace.react(self.message(channel, ts), user.id, emoji.strip(":"), added=added)

    async def click(
        self,
        who: Who,
        where: Where,
        ts: str,
        action_id: str,
        *,
        value: str | None = None,
        block_id: str | None = None,
    ) -> None:
        """Click on a button of a message. `value` tells a feedback element's two halves apart."""
        user, channel = self._writer(who, where)
        whispered = self.context.whispered.get(ts)
        if whispered and whispered[0] == user.id:
            self._publisher.interact("interactive", whisper_actions(self.context, user, whispered[1], action_id, value))
            return
        message = self.message(channel, ts)
        payload = block_actions(self.context, user, message, action_id, value=value, block_id=block_id)
        self._publisher.interact("interactive", payload)

    async def shortcut(self, who: Who, where: Where, ts: str, callback_id: str) -> None:
        """Choose one of the bot's shortcuts in a message's menu."""
        user, channel = self._writer(who, where)
        payload = message_action(self.context, user, self.message(channel, ts), callback_id)
        self._publisher.interact("interactive", payload)

    def modal(self, who: Who) -> View | None:
        """The form that somebody sees, if one is open."""
        return self.context.modals.get(self.user(who).id)

    async def submit(self, who: Who, values: Mapping[str, Value] = MappingProxyType({})) -> None:
        """Send the form that somebody sees, filled in by its blocks' names; what is not named stays as it came."""
        user = self.user(who)
        payload = view_submission(self.context, user, values)
        self._publisher.interact("interactive", payload, partial(answered, self.context, user.id))

    async def dismiss(self, who: Who) -> None:
        """Close the form that somebody sees, and forget what was filled in."""
        show(self.context, self.user(who).id, None)

    async def command(self, who: Who, where: Where, command: str, text: str = "") -> None:
        """Type a slash command."""
        user, channel = self._writer(who, where)
        payload = slash_command(self.context, user, channel, command, text)
        self._publisher.interact("slash_commands", payload, partial(self._whisper, user, channel))

    async def open_home(self, who: Who, tab: str = "messages") -> None:
        """Look at the bot's `messages` or `home` tab."""
        user = self.user(who)
        self._publisher.publish(home_opened(self.workspace, user.id, self.direct_channel(user), tab))

    def home(self, who: Who) -> View | None:
        """The bot's home as somebody sees it, once the bot has published it."""
        return self.context.home(self.user(who).id)

    async def click_home(self, who: Who, action_id: str, value: str | None = None) -> None:
        """Click on a button in one's home, or choose the option of a list with that `value`."""
        self._publisher.interact("interactive", home_actions(self.context, self.user(who), action_id, value))

    async def stop_session(self, who: Who, where: Where, thread: str) -> None:
        """Press Slack's own button on an agent's thread; it is there while the session is at work.

        What streams there Slack ends by itself.
        """
        user, channel = self._writer(who, where)
        session = self.context.sessions.get((channel.id, thread))
        if session is None or session.status != "processing":
            raise Impossible("no agent is at work there")
        streams = [ts for place, ts in self.context.streams if place == channel.id]
        for ts in streams:
            del self.context.streams[channel.id, ts]
        self._publisher.publish(session_stopped(self.workspace, user.id, channel.id, thread, streams))

    def look_at(self, who: Who, where: Where | None) -> None:
        """Have a channel open beside the bot: Slack tells an agent so with what one writes to it."""
        user = self.user(who)
        self.workspace.viewing[user.id] = self.channel(where).id if where else ""

    async def join(self, who: Who, where: Where) -> None:
        """Become a member; the bot too can be brought into a channel this way."""
        user, channel = self.user(who), self.channel(where)
        if user.id not in channel.members:
            self.workspace.join(channel, user)

    async def bot_says(self, where: Where, text: str, thread_ts: str | None = None) -> str:
        """Another app's bot posts, with `bot_id` and without a subtype; the message's `ts` is returned."""
        bot, channel = self.workspace.other_bot, self.channel(where)
        stamp = self.workspace.stamps.next()
        message = Message(channel.id, stamp, bot.id, as_sent(text, self.workspace), thread_ts=thread_ts, bot=bot.bot)
        return self.workspace.post(message).ts

    async def deliver(self, event: Json, *, event_id: str | None = None, times: int = 1) -> str:
        """Send the bot any event, subscribed or not, sensible or not; the `event_id` of all its copies is returned."""
        return self._publisher.send(event, event_id, times)

    def _whisper(self, user: User, channel: Channel, answer: Json | None) -> None:
        """What a command is answered with is seen by whoever typed it."""
        if text := as_text((answer or {}).get("text")):
            bot = self.workspace.bot
            message = Message(channel.id, self.workspace.stamps.next(), bot.id, text, bot=bot.bot)
            self.workspace.tell(Whispered(user.id, message))

    def message(self, where: Where, ts: str) -> Message:
        """The message as the workspace keeps it."""
        channel = self.channel(where)
        message = self.workspace.find(channel.id, ts)
        if message is None:
            raise Impossible(f"there is no message {ts} in {channel.name}")
        return message

    def _writer(self, who: Who, where: Where) -> tuple[User, Channel]:
        user, channel = self.user(who), self.channel(where)
        if user.id not in channel.members:
            raise Impossible(f"{user.name} is not a member of {channel.name}")
        if channel.archived:
            raise Impossible(f"{channel.name} is archived")
        return user, channel

    def _own(self, who: Who, where: Where, ts: str) -> Message:
        user, channel = self._writer(who, where)
        message = self.message(channel, ts)
        if message.user != user.id:
            raise Impossible(f"{user.name} did not write that")
        return message

    def _file(self, file: str | Upload, user: User) -> Json:
        name, content = (file, b"") if isinstance(file, str) else file
        return kept_file(self.context, self.workspace.new_id("F"), name, content, user)
