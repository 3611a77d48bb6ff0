"""The messages of one channel, in order, with their threads and their past versions."""

import time
from bisect import bisect_left
from collections.abc import Sequence

from bot.slack.local.messages import Frame, Message


class Timeline:
    """All operations cost about the same however long the channel is, but for removing and for listing everything."""

    def __init__(self) -> None:
        self._messages: dict[str, Message] = {}
        self._top: list[str] = []
        self._replies: dict[str, list[str]] = {}
        self._frames: dict[str, list[Frame]] = {}

    def add(self, message: Message) -> None:
        """Append a message; its `ts` is above all others."""
        self._messages[message.ts] = message
        self._frames[message.ts] = [_frame(message)]
        if message.thread_ts is not None:
            self._replies.setdefault(message.thread_ts, []).append(message.ts)
        if message.thread_ts is None or message.subtype == "thread_broadcast":
            self._top.append(message.ts)

    def replace(self, message: Message) -> None:
        """Put a new version in a message's place; what people read anew becomes a frame."""
        before = self._messages[message.ts]
        self._messages[message.ts] = message
        if (before.text, before.blocks) != (message.text, message.blocks):
            self._frames[message.ts].append(_frame(message))

    def remove(self, ts: str) -> None:
        """Forget a message and its versions. Raises KeyError when there is none."""
        message = self._messages.pop(ts)
        del self._frames[ts]
        for order in (self._top, self._replies.get(message.root, [])):
            place = bisect_left(order, ts)
            if place < len(order) and order[place] == ts:
                del order[place]

    def get(self, ts: str) -> Message | None:
        """The message in its present version, or None."""
        return self._messages.get(ts)

    def frames(self, ts: str) -> tuple[Frame, ...]:
        """Every version of a message, the first one first."""
        return tuple(self._frames[ts])

    def everything(self) -> list[Message]:
        """All messages, replies among them, the oldest first."""
        return list(self._messages.values())

    @property
    def top(self) -> Sequence[str]:
        """The `ts` of what stands in the channel itself: no replies but those also sent to the channel; rising."""
        return self._top

    def replies(self, root: str) -> Sequence[str]:
        """The `ts` of a thread's replies, rising; empty where nobody replied."""
        return self._replies.get(root, ())

    def thread(self, root: str) -> list[Message]:
        """The root and its replies, the oldest first."""
        return [self._messages[ts] for ts in (root, *self.replies(root)) if ts in self._messages]


def _frame(message: Message) -> Frame:
    return Frame(at=time.monotonic(), text=message.text, blocks=message.blocks)
