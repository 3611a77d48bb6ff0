"""The workspace in a few lines of text, for a test that waited in vain."""

from collections.abc import Sequence

from bot.slack.local.calls import Call
from bot.slack.local.delivery import Dispatch
from bot.slack.local.messages import Message
from bot.slack.local.shown import shown
from bot.slack.local.workspace import Workspace

_MESSAGES = 20
_CALLS = 20
_CHARACTERS = 300


def transcript(workspace: Workspace, calls: Sequence[Call], outstanding: Sequence[Dispatch]) -> str:
    """The last messages of each channel, the last calls, and what the bot did not acknowledge."""
    lines: list[str] = []
    for channel in workspace.channels.values():
        messages = workspace.timeline(channel.id).everything()
        if messages:
            lines.append(f"#{channel.name} ({channel.id}), {len(messages)} messages")
            lines += [_line(workspace, message) for message in messages[-_MESSAGES:]]
    lines.append(f"{len(calls)} calls")
    lines += [f"  {call.method} {call.outcome}" for call in calls[-_CALLS:]]
    lines.append(f"{len(outstanding)} unacknowledged")
    lines += [f"  {one.kind} {one.event_id} sent {one.attempts} times, {one.reason}" for one in outstanding[:_CALLS]]
    return "\n".join(lines)


def _line(workspace: Workspace, message: Message) -> str:
    seen = shown(workspace, message)
    body = seen.body if len(seen.body) <= _CHARACTERS else f"{seen.body[:_CHARACTERS]}…"
    where = "  ↳ " if seen.thread_ts else "  "
    return f"{where}{seen.ts} {seen.name}: {body!r}{' (edited)' if seen.edited else ''}, version {len(seen.frames)}"
