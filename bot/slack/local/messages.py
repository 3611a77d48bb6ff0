"""A message as it stands, and the versions of it that people saw."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.slack.local.reading import body_of, pings_in
from bot.slack.local.wire import Json


@dataclass(frozen=True, slots=True)
class Message:
    """One message in its present version; each change makes a new object.

    `thread_ts` is the root's `ts` in a reply and None elsewhere. `text` is escaped as Slack keeps it. `blocks` are a
    bot's: what a person types is kept as `text` alone. `marked` says that people see "(edited)". `unfurling` says
    that links in it may show a preview.
    """

    channel: str
    ts: str
    user: str
    text: str
    blocks: tuple[Json, ...] = ()
    thread_ts: str | None = None
    bot: str | None = None
    subtype: str | None = None
    client_msg_id: str | None = None
    files: tuple[Json, ...] = ()
    metadata: Json | None = None
    edited_ts: str | None = None
    marked: bool = False
    unfurling: bool = False
    streaming: bool = False
    reactions: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

    @property
    def root(self) -> str:
        """The `ts` of the thread's root, which is the message itself when it is no reply."""
        return self.thread_ts or self.ts


@dataclass(frozen=True, slots=True)
class Frame:
    """One version of a message, with the time it was shown at (`time.monotonic`)."""

    at: float
    text: str
    blocks: tuple[Json, ...]

    @property
    def body(self) -> str:
        """What people read of this version."""
        return body_of(self.text, self.blocks)

    @property
    def pings(self) -> tuple[str, ...]:
        """Whom this version notified: `!channel`, `!subteam^S1`, `@U1`."""
        return pings_in(self.text, self.blocks)
