"""The playground's page: its files, the state it shows, and what a person does on it.

Anything in a browser can reach a port on loopback, so these routes answer only to a page that came from here: the
Host must be a name of this machine (a foreign name that resolves to it is DNS rebinding), and an Origin, where the
browser names one, must be this very server.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from bot.slack.local.live import Live
from bot.slack.local.page_forms import page_form
from bot.slack.local.page_messages import page_home, page_state
from bot.slack.local.people import People
from bot.slack.local.refusal import Impossible
from bot.slack.local.users import User
from bot.slack.local.wire import Json, as_object, as_text

PAGE = Path(__file__).parent / "page"

_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self' ws:",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_OWN_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def guarded(handler: Handler) -> Handler:
    """Refuse foreign hosts and origins with 403 before the handler is reached."""

    async def guard(request: web.Request) -> web.StreamResponse:
        origin = request.headers.get("Origin")
        name = request.host.rpartition(":")[0] if request.host.rpartition(":")[2].isdigit() else request.host
        if name not in _OWN_NAMES or (origin is not None and origin != f"http://{request.host}"):
            return web.json_response({"ok": False, "error": "foreign_origin"}, status=403)
        return await handler(request)

    return guard


@dataclass(frozen=True, slots=True)
class PageApi:
    """`note` is shown above the messages, for instance that an offline model answers; `shortcuts` in their menus."""

    people: People
    live: Live
    note: str | None
    shortcuts: Mapping[str, str]

    def routes(self) -> list[web.RouteDef]:
        """Everything the page asks for."""
        acts: Mapping[str, Callable[[User, Json], Awaitable[Json]]] = {
            "say": self._say,
            "click": self._click,
            "command": self._command,
            "home": self._open_home,
            "click_home": self._click_home,
            "edit": self._edit,
            "delete": self._delete,
            "react": self._react,
            "shortcut": self._shortcut,
            "submit": self._submit,
            "dismiss": self._dismiss,
        }
        return [
            web.get("/", guarded(self._index)),
            web.get("/page/{path:.+}", guarded(self._file)),
            web.get("/play/state", guarded(self._state)),
            web.get("/play/live", guarded(self._live)),
            web.get("/play/file/{id}/{name}", guarded(self._dropped)),
            *(web.post(f"/play/{name}", guarded(self._acting(act))) for name, act in acts.items()),
        ]

    async def _index(self, _request: web.Request) -> web.StreamResponse:
        return _served(PAGE / "index.html")

    async def _file(self, request: web.Request) -> web.StreamResponse:
        return _served(PAGE / request.match_info["path"])

    async def _dropped(self, request: web.Request) -> web.StreamResponse:
        """A file that came with a message: to be saved, never to be run by the page."""
        content = self.people.file(request.match_info["id"], request.match_info["name"])
        if content is None:
            return web.Response(status=404, text="There is no such file.", headers=_HEADERS)
        headers = {**_HEADERS, "Content-Disposition": "attachment"}
        return web.Response(body=content, content_type="application/octet-stream", headers=headers)

    async def _state(self, request: web.Request) -> web.StreamResponse:
        try:
            viewer = self._viewer(request)
        except Impossible as impossible:
            return _refused(impossible)
        state = page_state(self.people.workspace, viewer, self.note)
        form = page_form(self.people.modal(viewer)) if viewer else None
        home = page_home(self.people.workspace, self.people.home(viewer)) if viewer else None
        more = {"shortcuts": dict(self.shortcuts), "form": form, "home": home}
        return web.json_response({**state, **more}, headers=_HEADERS)

    async def _live(self, request: web.Request) -> web.StreamResponse:
        try:
            viewer = self._viewer(request)
        except Impossible as impossible:
            return _refused(impossible)
        return await self.live.accept(request, viewer)

    def _viewer(self, request: web.Request) -> str | None:
        name = request.query.get("as")
        return self._person(name).id if name else None

    def _person(self, name: str) -> User:
        user = self.people.user(name)
        if user.bot is not None:
            raise Impossible("nobody can act as a bot")
        return user

    def _acting(self, act: Callable[[User, Json], Awaitable[Json]]) -> Handler:
        async def answer(request: web.Request) -> web.StreamResponse:
            try:
                wanted = as_object(json.loads(await request.read())) or {}
                done = await act(self._person(as_text(wanted.get("as"))), wanted)
            except (Impossible, ValueError) as refusal:
                return _refused(refusal)
            return web.json_response({"ok": True, **done})

        return answer

    async def _say(self, user: User, wanted: Json) -> Json:
        thread = as_text(wanted.get("thread_ts")) or None
        return {"ts": await self.people.say(user, _channel(wanted), as_text(wanted.get("text")), thread)}

    async def _edit(self, user: User, wanted: Json) -> Json:
        await self.people.edit(user, _channel(wanted), _ts(wanted), as_text(wanted.get("text")))
        return {}

    async def _delete(self, user: User, wanted: Json) -> Json:
        await self.people.delete(user, _channel(wanted), _ts(wanted))
        return {}

    async def _react(self, user: User, wanted: Json) -> Json:
        """The same emoji of the same person a second time takes it away."""
        emoji = as_text(wanted.get("name"))
        users = self.people.message(_channel(wanted), _ts(wanted)).reactions.get(emoji, ())
        await self.people.react(user, _channel(wanted), _ts(wanted), emoji, added=user.id not in users)
        return {}

    async def _shortcut(self, user: User, wanted: Json) -> Json:
        await self.people.shortcut(user, _channel(wanted), _ts(wanted), as_text(wanted.get("callback_id")))
        return {}

    async def _submit(self, user: User, wanted: Json) -> Json:
        await self.people.submit(user, as_object(wanted.get("values")) or {})
        return {}

    async def _dismiss(self, user: User, _wanted: Json) -> Json:
        await self.people.dismiss(user)
        return {}

    async def _command(self, user: User, wanted: Json) -> Json:
        command, _, text = as_text(wanted.get("text")).partition(" ")
        await self.people.command(user, _channel(wanted), command, text.strip())
        return {}

    async def _open_home(self, user: User, _wanted: Json) -> Json:
        await self.people.open_home(user, "home")
        return {}

    async def _click_home(self, user: User, wanted: Json) -> Json:
        value = as_text(wanted.get("value")) or None
        await self.people.click_home(user, as_text(wanted.get("action_id")), value)
        return {}

    async def _click(self, user: User, wanted: Json) -> Json:
        await self.people.click(
            user,
            _channel(wanted),
            _ts(wanted),
            as_text(wanted.get("action_id")),
            value=as_text(wanted.get("value")) or None,
            block_id=as_text(wanted.get("block_id")) or None,
        )
        return {}


def _channel(wanted: Json) -> str:
    return as_text(wanted.get("channel"))


def _ts(wanted: Json) -> str:
    return as_text(wanted.get("ts"))


def _refused(reason: Exception) -> web.Response:
    return web.json_response({"ok": False, "error": str(reason)}, status=400)


def _served(path: Path) -> web.StreamResponse:
    """A file of the page's folder; 404 for everything outside of it."""
    if not path.resolve().is_relative_to(PAGE) or not path.is_file():
        return web.Response(status=404, text="There is no such file.", headers=_HEADERS)
    return web.FileResponse(path, headers=_HEADERS)
