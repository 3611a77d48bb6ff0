"""The playground's page kept up to date: each viewer is sent what changed and what they may see."""

import asyncio
from collections.abc import Callable
from typing import Literal, assert_never

from aiohttp import web

from bot.slack.local.changes import (
    Change,
    Deleted,
    Edited,
    Joined,
    Opened,
    Posted,
    Reacted,
    StatusSet,
    Streamed,
    Viewed,
    Whispered,
)
from bot.slack.local.context import View
from bot.slack.local.messages import Message
from bot.slack.local.page_forms import page_form
from bot.slack.local.page_messages import page_channel, page_home, page_message
from bot.slack.local.wire import Json
from bot.slack.local.workspace import Workspace

_HEARTBEAT_SECONDS = 30.0
_CLOSE_SECONDS = 1.0

_Mark = tuple[Literal["message", "deleted", "channel", "whisper", "form", "home"], str, str]
Views = Callable[[str], View | None]
"""Which form somebody sees, or which home."""
_FORM: _Mark = ("form", "", "")
_HOME: _Mark = ("home", "", "")


class _Viewer:
    """One open page. What changed is marked and looked up when it is sent: a slow page skips versions, not messages."""

    def __init__(self, workspace: Workspace, forms: Views, homes: Views, user: str | None) -> None:
        self.socket = web.WebSocketResponse(heartbeat=_HEARTBEAT_SECONDS, timeout=_CLOSE_SECONDS)
        self.user = user
        self._workspace = workspace
        self._forms = forms
        self._homes = homes
        self._marks: dict[_Mark, Message | None] = {}
        self._marked = asyncio.Event()

    def mark(self, mark: _Mark, whisper: Message | None = None) -> None:
        if mark in {_FORM, _HOME} or self._workspace.channels[mark[1]].visible_to(self.user or ""):
            self._marks[mark] = whisper
            self._marked.set()

    async def send(self) -> None:
        while True:
            await self._marked.wait()
            self._marked.clear()
            marks, self._marks = self._marks, {}
            for mark, whisper in marks.items():
                event = self._event(mark, whisper)
                if event is not None:
                    await self.socket.send_json(event)

    def _event(self, mark: _Mark, whisper: Message | None) -> Json | None:
        kind, channel, ts = mark
        if kind == "form":
            return {"type": kind, "form": page_form(self._forms(self.user or ""))}
        if kind == "home":
            return {"type": kind, "html": page_home(self._workspace, self._homes(self.user or ""))}
        message = whisper or self._workspace.find(channel, ts)
        match kind:
            case "channel":
                return {"type": kind, "channel": page_channel(self._workspace, self._workspace.channels[channel])}
            case "deleted":
                return {"type": kind, "channel": channel, "ts": ts}
            case "message" | "whisper":
                shown = message and page_message(self._workspace, message)
                return shown and {"type": "message", "message": {**shown, "whispered": kind == "whisper"}}
            case _:
                assert_never(kind)


class Live:
    """All open pages."""

    def __init__(self, workspace: Workspace, forms: Views, homes: Views) -> None:
        self._workspace = workspace
        self._forms = forms
        self._homes = homes
        self._viewers: set[_Viewer] = set()

    async def accept(self, request: web.Request, user: str | None) -> web.StreamResponse:
        """Serve one page until it closes."""
        viewer = _Viewer(self._workspace, self._forms, self._homes, user)
        await viewer.socket.prepare(request)
        self._viewers.add(viewer)
        try:
            async with asyncio.TaskGroup() as group:
                sender = group.create_task(self._send(viewer))
                async for _ in viewer.socket:
                    pass
                sender.cancel()
        finally:
            self._viewers.discard(viewer)
        return viewer.socket

    async def _send(self, viewer: _Viewer) -> None:
        try:
            await viewer.send()
        except ConnectionError:
            return  # The page is gone, which its reader notices as well.

    async def close(self) -> None:
        """Close every page's connection; one that does not answer is cut after a second."""
        async with asyncio.TaskGroup() as group:
            for viewer in list(self._viewers):
                group.create_task(viewer.socket.close())

    def changed(self, change: Change) -> None:
        """Mark what a change makes stale."""
        match change:
            case Posted(message) | Edited(_, message) | Streamed(message) | Reacted(message):
                self._mark(("message", message.channel, message.ts), root=message.thread_ts)
            case Deleted(message):
                self._mark(("deleted", message.channel, message.ts), root=message.thread_ts)
            case StatusSet(channel, thread_ts):
                self._mark(("message", channel, thread_ts))
            case Opened(channel):
                self._mark(("channel", channel.id, ""))
            case Joined(channel, _, notice):
                self._mark(("channel", channel.id, ""))
                self._mark(("message", channel.id, notice.ts))
            case Whispered(to, message):
                self._mark(("whisper", message.channel, message.ts), whisper=message, to=to)
            case Viewed(user):
                self._mark(_FORM, to=user)
                self._mark(_HOME, to=user)
            case _:
                assert_never(change)

    def _mark(
        self, mark: _Mark, *, root: str | None = None, whisper: Message | None = None, to: str | None = None
    ) -> None:
        """For all, or for one person's pages. A reply's root is stale with it, for it counts them."""
        for viewer in self._viewers:
            if to in {None, viewer.user}:
                viewer.mark(mark, whisper)
                if root is not None:
                    viewer.mark(("message", mark[1], root))
