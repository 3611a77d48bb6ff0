"""Slack's own streams, the second lane: an answer is appended to, and its text can only grow.

In a channel only the person it is for sees it grow; in a direct message that is everybody. What a stream cannot do is
done by edits, in the same message: when it died of age or length, when text that was sent has to change, when a place
takes no streams, or when it is not known whether a piece arrived.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from slack_sdk.web.async_client import AsyncWebClient

from bot.budget import Budget
from bot.conversation import Conversation
from bot.defuse import defuse
from bot.errors import Busy, Gone, PlatformError
from bot.platform import Lease, Mark, Page
from bot.slack.adapter import SlackAdapter, metadata
from bot.slack.blocks import Block, buttons, status_blocks
from bot.slack.client import patiently
from bot.slack.sessions import Sessions
from bot.slack.tiers import APPEND, START, STOP
from bot.status import Worked, Working
from bot.window import Window

STREAM_BYTES = 11_000
"""What one message of a stream holds: one that died goes on in a `markdown` block, which takes 12,000 characters."""

TASK_CHARACTERS = 256

MALFORMED = frozenset({"invalid_chunks", "invalid_blocks", "invalid_arguments"})
"""Slack's words for what it cannot make anything of."""

Streaming = Literal["edit", "native", "auto"]
"""Whether answers are edited, streamed where that is possible, or streamed where everybody sees it grow."""


class Appends:
    """The budget of streams; implements `bot.platform.Drafts`. Each stream keeps a call to be stopped."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget

    @property
    def window(self) -> Window:
        """What is known of the window of `chat.appendStream`."""
        return self._budget.window(APPEND)

    @property
    def others(self) -> int:
        """How many streams other replicas are writing."""
        return self._budget.others(STOP)

    async def take_draft(self, writing: int, *, look: bool = False) -> float:
        """Take a call to append, or look whether a stream may be started."""
        if not look:
            return await self._budget.take_draft(APPEND, 0)
        starts = await self._budget.take_draft(START, 0, look=True)
        return max(starts, await self._budget.take_draft(STOP, writing, look=True))


@dataclass(slots=True)
class _Stream:
    """A stream under way: the text and the tasks that were sent, and whether it began with a button."""

    mark: Mark
    has_button: bool = False
    sent: str = ""
    tasks: dict[str, str] = field(default_factory=dict[str, str])

    def news(self, page: Page) -> list[Block] | None:
        """What is to be appended for the stream to show the page; None if text that was sent has changed."""
        text = sendable(page)
        if not text.startswith(self.sent):
            # In mid-stream less may be sure than was before; what was sent may yet come to be right.
            return [] if self.sent.startswith(text) and page.steady < len(page.markdown) else None
        tasks = _tasks(page, self.tasks)
        chunks = [_task_chunk(title, status) for title, status in tasks.items() if self.tasks.get(title) != status]
        if piece := text[len(self.sent) :]:
            chunks.append({"type": "markdown_text", "text": piece})
        return chunks

    def took(self, page: Page) -> None:
        """What was told as news was taken."""
        self.sent, self.tasks = sendable(page), _tasks(page, self.tasks)


class NativeAdapter(SlackAdapter):
    """Shows the pages of answers as streams; implements `bot.platform.Adapter`.

    `plain` holds Slack's words where it took no button in a stream: then there are none.
    """

    page_bytes = STREAM_BYTES

    def __init__(
        self,
        client: AsyncWebClient,
        budget: Budget,
        me: str | None,
        mode: Streaming,
        lease: Lease | None = None,
        *,
        sessions: Sessions | None = None,
        plain: set[str] | None = None,
    ) -> None:
        super().__init__(client, budget, me, lease, sessions=sessions)
        self._mode: Streaming = mode
        self._streams: dict[str, _Stream] = {}
        self._plain = set[str]() if plain is None else plain

    @property
    def drafts(self) -> Appends:
        """How often a stream may be appended to."""
        return Appends(self._budget)

    def rank(self, conversation: Conversation) -> int | None:
        """First where everybody sees the stream grow, else after edits; never outside a thread, which Slack refuses."""
        if conversation.thread_ts is None:
            return None
        return 0 if self._mode == "native" or conversation.is_direct else 2

    def under(self, lease: Lease) -> "NativeAdapter":
        """The same, mute once the lease may have run out."""
        return NativeAdapter(
            self._client, self._budget, self._me, self._mode, lease, sessions=self._sessions, plain=self._plain
        )

    async def post(self, conversation: Conversation, page: Page, mark: Mark) -> str:
        """Start a stream and give its `ts`; where Slack takes none, post a message, which is edited from then on."""

        async def start() -> str:
            button = await self._button(page)
            stream = _Stream(mark, bool(button))
            chunks = [*([{"type": "blocks", "blocks": button}] if button else []), *(stream.news(page) or ())]
            call = lambda: self._client.chat_startStream(**_place(conversation, page), chunks=chunks or None)  # noqa: E731
            try:
                message: str = (await self._spend(START, conversation.channel, call))["ts"]
            except PlatformError as error:
                if not button or error.code not in MALFORMED:
                    raise
                self._plain.add(error.code)
                return await start()
            stream.took(page)
            self._streams[message] = stream
            return message

        async def look_first() -> str:
            return (await self._find(conversation, mark.turn, mark.since)).get(mark.page) or await start()

        try:
            return await patiently(start, then=look_first)
        except Gone:
            raise
        except PlatformError:
            return await super().post(conversation, page, mark)

    async def _button(self, page: Page) -> list[Block]:
        """What a stream begins with: to be stopped by, and taken away by an edit, for which there has to be room.

        Slack has a button of its own where the bot is an agent.
        """
        row = [] if self._sessions.shown or self._plain else buttons(page)
        return [] if row and await super().drafts.take_draft(1, look=True) else row

    async def edit(self, conversation: Conversation, message: str, page: Page) -> None:
        """Append what is new, once; what cannot be appended is shown by an edit, if there is room for one."""
        stream = self._streams.get(message)
        chunks = stream.news(page) if stream else None
        if stream is None or chunks is None:
            await self._edit_instead(conversation, message, page)
        elif chunks:
            await self._append(conversation, message, stream, page, chunks)

    async def finish(self, conversation: Conversation, message: str, page: Page) -> None:
        """Append the rest and stop the stream, or write the whole page by an edit; as often as it takes."""
        stream = self._streams.pop(message, None)
        chunks = stream.news(page) if stream else None
        if stream is not None and chunks is not None:
            stop = lambda: self._client.chat_stopStream(  # noqa: E731
                channel=conversation.channel,
                ts=message,
                chunks=chunks or None,
                blocks=None if stream.has_button else [*_last_line(page), *buttons(page)] or None,
                metadata=metadata(stream.mark),
            )
            try:
                await patiently(lambda: self._spend(STOP, conversation.channel, stop))
            except Gone:
                raise
            except PlatformError:
                pass  # it had died, or had been stopped by a try whose answer was lost: written anew, it is whole
            else:
                if not stream.has_button:
                    return
                # It stands above the text, and only an edit takes it away.
        await super().finish(conversation, message, page)

    def is_open(self, message: str) -> bool:
        """A stream has to be stopped."""
        return message in self._streams

    async def _append(
        self, conversation: Conversation, message: str, stream: _Stream, page: Page, chunks: Sequence[Block]
    ) -> None:
        append = lambda: self._client.chat_appendStream(channel=conversation.channel, ts=message, chunks=chunks)  # noqa: E731
        try:
            await self._call(APPEND, conversation.channel, append)
        except Busy as busy:
            if not busy.retry_after:  # nobody knows whether it was taken: once more might double it
                self._streams.pop(message)
            raise
        except Gone:
            raise
        except PlatformError:
            self._streams.pop(message)
            await self._edit_instead(conversation, message, page)
        else:
            stream.took(page)

    async def _edit_instead(self, conversation: Conversation, message: str, page: Page) -> None:
        self._streams.pop(message, None)
        if wait := await super().drafts.take_draft(1):
            raise Busy(wait)
        await super().edit(conversation, message, page)


def sendable(page: Page) -> str:
    """The page's text as far as it will not change any more, harmless."""
    return defuse(page.markdown[: page.steady], page.askers)


def _place(conversation: Conversation, page: Page) -> dict[str, Any]:
    place = {"channel": conversation.channel, "thread_ts": conversation.thread_ts}
    if conversation.is_direct:
        return place
    return place | {"recipient_user_id": min(page.askers), "recipient_team_id": conversation.workspace}


def _tasks(page: Page, before: dict[str, str]) -> dict[str, str]:
    """The tasks to show, by their title: those at work, and as done those that were."""
    match page.status:
        case Working(summaries):
            at_work = summaries
        case _:
            at_work = ()
    known = dict.fromkeys((*before, *at_work))
    return {title: "in_progress" if title in at_work else "complete" for title in known}


def _task_chunk(title: str, status: str) -> Block:
    shown = defuse(title)[:TASK_CHARACTERS]
    return {"type": "task_update", "id": title[:TASK_CHARACTERS], "title": shown, "status": status}


def _last_line(page: Page) -> list[Block]:
    """What stands under the answer; of the tools its tasks tell."""
    return [] if isinstance(page.status, Worked) else status_blocks(page)
