"""What can happen in the workspace: a closed union that events, the playground's page and waiting tests live on."""

from dataclasses import dataclass

from bot.slack.local.channels import Channel
from bot.slack.local.messages import Message
from bot.slack.local.users import User


@dataclass(frozen=True, slots=True)
class Posted:
    """A message appeared."""

    message: Message


@dataclass(frozen=True, slots=True)
class Edited:
    """A message was replaced by a new version of itself."""

    before: Message
    after: Message


@dataclass(frozen=True, slots=True)
class Streamed:
    """A native stream grew. People see it; Slack sends no event."""

    message: Message


@dataclass(frozen=True, slots=True)
class Deleted:
    """A message is gone."""

    message: Message


@dataclass(frozen=True, slots=True)
class Reacted:
    """An emoji was put under a message, or (not `added`) taken away."""

    message: Message
    user: str
    emoji: str
    added: bool


@dataclass(frozen=True, slots=True)
class Opened:
    """A channel exists from now on, or was archived."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class Joined:
    """Somebody is a member from now on. `notice` is the line about it in the channel."""

    channel: Channel
    user: User
    notice: Message


@dataclass(frozen=True, slots=True)
class StatusSet:
    """A thread's "is thinking" line was set, changed or taken away."""

    channel: str
    thread_ts: str


@dataclass(frozen=True, slots=True)
class Whispered:
    """A message that one person alone sees, until they reload."""

    to: str
    message: Message


@dataclass(frozen=True, slots=True)
class Viewed:
    """A form opened before somebody's eyes, changed or closed; or their home did."""

    user: str


Change = Posted | Edited | Streamed | Deleted | Reacted | Opened | Joined | StatusSet | Whispered | Viewed
