"""A message as a test looks at it: what people see now, and what they saw on the way there."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.slack.local.messages import Frame, Message
from bot.slack.local.reading import Button, body_of, buttons_in, links_in, markdown_of, pings_in
from bot.slack.local.wire import Json, as_text
from bot.slack.local.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Shown:
    """A snapshot of one message.

    `user` is an id and `name` its handle. `text` is the text beside the blocks, which notifications use. `frames`
    holds every version, the first one first. `edited` says that people see "(edited)". `reactions` maps an emoji to
    the ids of who put it. `files` are the names of those that came with it. `unfurls` are the addresses whose preview
    would be shown: all in the message, unless the post said `unfurl_links=False, unfurl_media=False` and every edit
    with text `parse="none"`.
    """

    channel: str
    ts: str
    thread_ts: str | None
    user: str
    name: str
    text: str
    blocks: tuple[Json, ...]
    frames: tuple[Frame, ...]
    edited: bool
    reactions: Mapping[str, tuple[str, ...]]
    metadata: Json | None
    unfurls: tuple[str, ...]
    subtype: str | None
    streaming: bool
    files: tuple[str, ...]

    @property
    def body(self) -> str:
        """What people read: the blocks' text without the buttons, or the text when there are no blocks."""
        return body_of(self.text, self.blocks)

    @property
    def markdown(self) -> str:
        """The text of the markdown blocks alone, without status lines and headers."""
        return markdown_of(self.blocks)

    @property
    def buttons(self) -> tuple[Button, ...]:
        """Everything clickable in the message."""
        return buttons_in(self.blocks)

    @property
    def pings(self) -> tuple[str, ...]:
        """Whom the message notifies: `!channel`, `!subteam^S1`, `@U1`."""
        return pings_in(self.text, self.blocks)


def shown(workspace: Workspace, message: Message) -> Shown:
    """The snapshot of a message that stands in its channel."""
    return _shown(workspace, message, workspace.timeline(message.channel).frames(message.ts))


def shown_whisper(workspace: Workspace, message: Message) -> Shown:
    """The snapshot of a message that was shown to one person and kept nowhere."""
    return _shown(workspace, message, ())


def _shown(workspace: Workspace, message: Message, frames: tuple[Frame, ...]) -> Shown:
    author = workspace.users.get(message.user)
    return Shown(
        channel=message.channel,
        ts=message.ts,
        thread_ts=message.thread_ts,
        user=message.user,
        name=author.name if author else message.user,
        text=message.text,
        blocks=message.blocks,
        frames=frames,
        edited=message.marked,
        reactions=message.reactions,
        metadata=message.metadata,
        unfurls=links_in(message.text, message.blocks) if message.unfurling else (),
        subtype=message.subtype,
        streaming=message.streaming,
        files=tuple(as_text(file.get("name")) for file in message.files),
    )
