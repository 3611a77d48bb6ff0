"""The Web API at the wire: from an HTTP request to its answer, through faults, limits, tokens and scopes."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from aiohttp import web

from bot.slack.local.arguments import Arguments, read_arguments
from bot.slack.local.calls import Calls
from bot.slack.local.context import Context
from bot.slack.local.faults import Fault, Faults, cut
from bot.slack.local.limits import Limit, Windows
from bot.slack.local.methods import METHODS, Method
from bot.slack.local.methods_chat import answer_whisper
from bot.slack.local.methods_files import take_upload
from bot.slack.local.refusal import Refused
from bot.slack.local.tokens import Tokens
from bot.slack.local.wire import Json, as_text


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back. `body` is None where Slack's infrastructure answers and not Slack."""

    body: Json | None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def outcome(self) -> str:
        """For the log of calls."""
        if self.body is None:
            return f"http {self.status}"
        return "ok" if self.body["ok"] else str(self.body["error"])

    def response(self) -> web.Response:
        """The answer as aiohttp sends it."""
        if self.body is None:
            return web.Response(text="<html>Server Error</html>", content_type="text/html", status=self.status)
        return web.json_response(self.body, status=self.status, headers=self.headers)


@dataclass(slots=True)
class Api:
    """`limits` and `latency` may change at any time; the latency is a call's whole way there and back."""

    context: Context
    tokens: Tokens
    calls: Calls
    limits: dict[str, Limit]
    latency: timedelta
    faults: Faults = field(default_factory=Faults)
    windows: Windows = field(default_factory=Windows)

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one request; a cut connection gets an answer that reaches nobody."""
        method = request.match_info["method"]
        try:
            given = await read_arguments(request)
        except Refused as refused:
            return _refusal(refused).response()
        token = _token(request, given)
        number = self.calls.begin(method, given)
        await self._travel()
        answer = await self._answer(method, token, given)
        await self._travel()
        self.calls.end(number, "reset" if answer is None else answer.outcome)
        if answer is None:
            cut(request.transport)
            return web.Response()
        return answer.response()

    async def give_file(self, request: web.Request) -> web.Response:
        """A file, to the bot that may read files; to everybody else the page to sign in at, as Slack does."""
        self.calls.end(self.calls.begin("a file", {}), "ok")
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        content = self.context.files.get(request.raw_path)
        if token != self.tokens.bot or "files:read" not in self.context.scopes:
            return web.Response(text="<html>Sign in</html>", content_type="text/html")
        return web.Response(status=404) if content is None else web.Response(body=content)

    async def take_file(self, request: web.Request) -> web.Response:
        """A file that the bot announced; its address is the right to send it."""
        number = self.calls.begin("an upload", {})
        taken = take_upload(self.context, request.match_info["id"], await request.read())
        self.calls.end(number, "ok" if taken else "refused")
        return web.Response(text="OK") if taken else web.Response(status=400)

    async def take_response(self, request: web.Request) -> web.Response:
        """What a whispered message says from now on; its address is the right to say it."""
        number = self.calls.begin("a response", given := await read_arguments(request))
        taken = answer_whisper(self.context, request.match_info["id"], Arguments(given))
        self.calls.end(number, "ok" if taken else "refused")
        return web.Response(text="ok") if taken else web.Response(status=404, text="expired_url")

    async def _travel(self) -> None:
        if self.latency:
            await asyncio.sleep(self.latency.total_seconds() / 2)

    async def _answer(self, method: str, token: str, given: Json) -> Answer | None:
        """None stands for a cut connection."""
        fault = self.faults.next(method)
        if fault is None:
            return self._called(method, token, given)
        await asyncio.sleep(fault.delay.total_seconds())
        if fault.reset == "before":
            return None
        answer = _failed(fault) or self._called(method, token, given)
        return None if fault.reset == "after" else answer

    def _called(self, method: str, token: str, given: Json) -> Answer:
        known = METHODS.get(method)
        if known is None:
            return _refusal(Refused("unknown_method"))
        try:
            self._authenticate(method, known, token)
            wait = self._wait(method, as_text(given.get("channel")))
            if wait is not None:
                return _slow_down(wait)
            self.context.need_any(known.scopes)
            return Answer({"ok": True, **known.run(self.context, Arguments(given))}, headers=self._headers(token))
        except Refused as refused:
            return _refusal(refused, self._headers(token))

    def _authenticate(self, method: str, known: Method, token: str) -> None:
        if not token:
            raise Refused("not_authed")
        if token not in {self.tokens.bot, self.tokens.app}:
            raise Refused("invalid_auth")
        expected = self.tokens.bot if known.caller == "bot" else self.tokens.app
        if token != expected and method != "auth.test":
            raise Refused("not_allowed_token_type")

    def _wait(self, method: str, channel: str) -> int | None:
        limit = self.limits.get(method)
        return None if limit is None else self.windows.take(method, channel, limit, time.monotonic())

    def _headers(self, token: str) -> Mapping[str, str]:
        if token == self.tokens.bot:
            return {"x-oauth-scopes": ",".join(sorted(self.context.scopes))}
        return {"x-oauth-scopes": "connections:write"} if token == self.tokens.app else {}


def _token(request: web.Request, given: Json) -> str:
    """The token, which is taken out of the arguments: nobody is to find it in a log of calls."""
    parameter = as_text(given.pop("token", ""))
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else parameter


def _refusal(refused: Refused, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer({"ok": False, "error": refused.code, **refused.extra}, headers=headers or {})


def _slow_down(seconds: int) -> Answer:
    return Answer({"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": str(seconds)})


def _failed(fault: Fault) -> Answer | None:
    if fault.retry_after is not None:
        return _slow_down(fault.retry_after)
    if fault.status is not None:
        return Answer(None, status=fault.status)
    return None if fault.error is None else Answer({"ok": False, "error": fault.error})
