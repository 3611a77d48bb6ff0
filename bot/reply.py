"""An answer while it is being written.

What is shown is a pure function of what is known: the pages of the text so far, the last of them with a status line.
One loop compares it with what stands on the platform and sends the differences. Invariants:

- One task writes, so that an old text cannot land on a newer one.
- A page never changes once a later one exists (`Pages` promises it), so that pages are settled from the first on.
- A draft may be dropped: when the platform refuses one, the next shows the newest text. The final text is sent until
  it is through.
- However the thinking ends, `close` makes the loop show the text so far and end.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from bot.conversation import Conversation
from bot.errors import Busy, Gone
from bot.markdown import Pages
from bot.pace import Pace, Writing
from bot.platform import Act, Adapter, Ask, Button, Mark, Page
from bot.status import Note, Status, Stopped
from bot.words import RETRYABLE, status_line

SILENCE = timedelta(seconds=2)
"""How long people wait without a sign before they are told that the agent is thinking."""

ALIVE = timedelta(seconds=10)
"""How often people are told, while nothing happens, that the bot is still at it."""

Edit = Callable[[Conversation, str, Page], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Shown:
    message: str
    page: Page | None
    """None when an earlier try wrote it and nobody knows what stands there."""


@dataclass(frozen=True, slots=True)
class Lane:
    """A way of showing answers, and the pace at which it may be done."""

    adapter: Adapter
    pace: Pace


@dataclass(slots=True, kw_only=True)
class Reply:
    """The answer of the turn `turn` to `askers` in `conversation`, to messages from `since` on.

    It is shown in the first of the `lanes` that has room, or in the first. `begun` are the ids of messages that an
    earlier holder had posted for it: they are gone on with. `on_post` is told the id of each new message right after it
    was posted. `earlier` is the turn whose answer stood in them before, if people may see that.
    """

    lanes: Sequence[Lane]
    conversation: Conversation
    askers: frozenset[str]
    turn: int
    since: str
    on_post: Callable[[str], Awaitable[None]]
    begun: Sequence[str] = ()
    earlier: int | None = None
    silence: timedelta = SILENCE
    alive: timedelta = ALIVE
    _pages: Pages = field(default_factory=Pages)
    _status: Status = None
    _shown: list[_Shown] = field(default_factory=list[_Shown])
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _closed: asyncio.Event = field(default_factory=asyncio.Event)
    _still: timedelta = timedelta(0)
    _asks: tuple[Ask, ...] = ()
    _withdraw: Callable[[], None] = field(default=lambda: None)
    is_whole: bool = False
    """Whether the whole text is there, as far as is known (`complete`)."""
    is_posting: bool = False
    """Whether a message is on its way to the platform: a cancel leaves open whether it will appear there."""

    @property
    def said(self) -> list[str]:
        """What each of its messages shows: its text, or where it has none, the line under it."""
        pages = [shown.page for shown in self._shown if shown.page]
        return [page.markdown or status_line(page.status) for page in pages]

    def write(self, text: str) -> None:
        """Add to the answer's text."""
        self._pages.push(text)
        self._move()

    def rewrite(self, text: str) -> None:
        """Replace the answer's text: the model began again."""
        self._pages.replace(text)
        self._move()

    def show_status(self, status: Status) -> None:
        """Show what the agent is doing, under the text; None takes it away."""
        if status != self._status:
            self._status = status
            self._move()

    def ask(self, asks: Sequence[Ask]) -> None:
        """Once it is closed, let people decide about what the text asks leave for."""
        self._asks = tuple(asks)

    def complete(self, status: Status) -> None:
        """The whole text is there: show it at once, with this status under it. More may yet come."""
        self._status = status
        self._move()
        self.is_whole = True
        self._withdraw()

    def close(self, status: Status = None) -> None:
        """Nothing more will come: let `run` show the whole text, with this status under it, and end."""
        self._status = status
        self._closed.set()
        self._move()
        self._withdraw()

    async def run(self) -> None:
        """Keep what is shown fresh; returns when the reply was closed and the platform has all of it.

        Raises PlatformError when the platform refuses for good. A cancel may leave a draft standing.
        """
        self._shown += [_Shown(message, None) for message in self.begun]
        lane = await self._lane()
        self._pages.resize(lane.adapter.page_bytes)
        await self._first_sign()
        with lane.pace.writing() as writing:  # to the very end, for until then it keeps a call for its end
            writing.is_shown = bool(self._shown)
            self._withdraw = lambda: lane.pace.withdraw(writing)
            while not self._closed.is_set():
                await self._draft(lane, writing)
            await self._end(lane.adapter)

    async def _end(self, adapter: Adapter) -> None:
        pages = self._to_show(self._pages.finish())
        await self._show(pages, adapter, adapter.finish, is_last=True)
        for left_over in self._shown[len(pages) :]:
            await adapter.remove(self.conversation, left_over.message)

    async def _lane(self) -> Lane:
        for lane in self.lanes if len(self.lanes) > 1 else ():
            if await lane.pace.has_room():
                return lane
        return self.lanes[0]

    async def _first_sign(self) -> None:
        if not await self._moved(self.silence):
            self.show_status(Note.THINKING)

    async def _draft(self, lane: Lane, writing: Writing) -> None:
        while not await self._moved(self.alive):
            self._still = self._still + self.alive
            self._changed.set()
        if not (self._closed.is_set() or self.is_whole):
            await lane.pace.admit(writing)
        if self._closed.is_set():
            return
        self._changed.clear()
        if self.is_whole:
            await self._end(lane.adapter)
            return
        try:
            await self._show(self._to_show(self._pages.render()), lane.adapter, lane.adapter.edit)
        except Busy as busy:
            self._changed.set()
            await self._pause(busy.retry_after)

    def _move(self) -> None:
        self.is_whole = False
        self._still = timedelta(0)
        self._changed.set()

    async def _moved(self, within: timedelta) -> bool:
        """Whether there is something to show that was not there before, within that time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within.total_seconds()):
                await self._changed.wait()
        return self._changed.is_set()

    def _to_show(self, texts: Sequence[str]) -> list[Page]:
        """The text's pages, the status on the last; a page with nothing but the status while there is no text."""
        if not texts and self._status is None:
            return []
        *settled, last = texts or ("",)
        still = 0 if self._closed.is_set() else int(self._still.total_seconds())
        buttons = tuple(self._buttons(last))
        rated = self.turn if (Act.AGAIN, self.turn) in buttons else None
        steady = self._pages.steady if last else 0
        asks = self._asks if self._closed.is_set() else ()
        open_page = Page(last, self._status, self.askers, steady, still, buttons, rated, asks)
        return [Page(text, None, self.askers, len(text)) for text in settled] + [open_page]

    def _buttons(self, text: str) -> Iterator[Button]:
        """What people can do about it now."""
        if not (self._closed.is_set() or self.is_whole):
            yield Act.STOP, self.turn
            return
        if isinstance(self._status, Stopped) or self._status in RETRYABLE:
            yield Act.RETRY, self.turn
        elif text and not isinstance(self._status, Note):
            yield Act.AGAIN, self.turn
            yield Act.BRANCH, self.turn
        else:
            return
        if self.earlier is not None:
            yield Act.EARLIER, self.earlier

    async def _show(self, pages: Sequence[Page], adapter: Adapter, edit: Edit, *, is_last: bool = False) -> None:
        for index, page in enumerate(pages):
            if index == len(self._shown):
                await self._post(page, adapter)
            shown = self._shown[index]
            if shown.page != page or (is_last and adapter.is_open(shown.message)):
                await self._replace(index, page, edit)

    async def _post(self, page: Page, adapter: Adapter) -> None:
        self.is_posting = True
        message = await adapter.post(self.conversation, page, Mark(self.turn, len(self._shown), self.since))
        self.is_posting = False
        self._shown.append(_Shown(message, page))
        await self.on_post(message)

    async def _replace(self, index: int, page: Page, edit: Edit) -> None:
        message = self._shown[index].message
        # Somebody may delete the answer while it is written: that is their right, and no failure.
        with contextlib.suppress(Gone):
            await edit(self.conversation, message, page)
        self._shown[index] = _Shown(message, page)

    async def _pause(self, seconds: float) -> None:
        """Wait, but not beyond the end of the answer."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closed.wait()
