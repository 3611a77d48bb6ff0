"""A model's server on loopback that speaks OpenAI's chat completions, and whose words are scripted.

For tests, and for trying the bot without a key: the real client talks to it over real HTTP. It refuses what OpenAI
refuses (`bot.openai_wire`), so that what passes here is well-formed there.
"""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from http import HTTPStatus
from inspect import isawaitable
from typing import Self, assert_never

from aiohttp import ClientConnectionResetError, web

from bot.openai_wire import Completion, InvalidRequest, error_body, messages_of, tool_call, tool_call_deltas, usage_of
from bot.script import Break, Call, Empty, Gate, Hang, Refuse, Reply, Say, Script, Text, Wire, pieces

HOST = "127.0.0.1"
NAME = "scripted"
"""What the server calls its model."""

CUT_OFF_AFTER = timedelta(milliseconds=10)
"""How long a running answer may still take when the server closes. Zero would mean: for ever (aiohttp 3.14)."""

LARGEST_REQUEST_BYTES = 32 * 1024 * 1024


class ScriptedModel:
    """The server while it runs.

    `url` is what OPENAI_BASE_URL takes. `requests` holds every body received, the refused ones too, oldest first.
    `disconnects` counts the clients that left before their answer was complete.
    """

    def __init__(self, script: Script) -> None:
        self.url = ""
        self.requests: list[Wire] = []
        self.disconnects = 0
        self._script = script
        self._moved = asyncio.Event()

    @classmethod
    @asynccontextmanager
    async def open(cls, script: Script, port: int = 0) -> AsyncGenerator[Self]:
        """Serve on loopback; `port` 0 takes a free one. Leaving cuts off whoever is still being answered."""
        model = cls(script)
        app = web.Application(client_max_size=LARGEST_REQUEST_BYTES)
        app.router.add_post("/v1/chat/completions", model._complete)
        app.router.add_get("/v1/models", _list_models)
        # Cancelling the handler is how a client that left is noticed while nothing is being written to it.
        runner = web.AppRunner(
            app, handler_cancellation=True, access_log=None, shutdown_timeout=CUT_OFF_AFTER.total_seconds()
        )
        await runner.setup()
        try:
            site = web.TCPSite(runner, HOST, port)
            await site.start()
            model.url = f"http://{HOST}:{site.port}/v1"
            yield model
        finally:
            await runner.cleanup()

    async def requested(self, count: int = 1) -> None:
        """Return as soon as `count` requests have come in since the start."""
        while len(self.requests) < count:
            await self._moved.wait()

    async def disconnected(self, count: int = 1) -> None:
        """Return as soon as `count` clients have left before their answer was complete."""
        while self.disconnects < count:
            await self._moved.wait()

    def _move(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        try:
            body = await request.json()
            self.requests.append(body)
            self._move()
            messages = messages_of(body)
        except (json.JSONDecodeError, InvalidRequest) as error:
            param = error.param if isinstance(error, InvalidRequest) else "body"
            return web.json_response(error_body(str(error), code=None, param=param), status=400)
        if not request.headers.get("Authorization", "").removeprefix("Bearer").strip():
            return web.json_response(error_body("You provided no API key.", code="invalid_api_key"), status=401)
        reply = self._script(messages)
        return await self._answer(request, _Answer(body, messages), await reply if isawaitable(reply) else reply)

    async def _answer(self, request: web.Request, answer: "_Answer", reply: Reply) -> web.StreamResponse:
        try:
            if isinstance(reply, Refuse):
                return _refusal(reply)
            return await (answer.stream(request, reply) if answer.is_stream else answer.whole(request, reply))
        except (asyncio.CancelledError, ClientConnectionResetError):
            self.disconnects += 1
            self._move()
            raise


class _Answer:
    """One answer being given."""

    def __init__(self, body: Wire, messages: Sequence[Wire]) -> None:
        self.is_stream = bool(body.get("stream"))
        self._wants_usage = body.get("stream_options") == {"include_usage": True}
        self._messages = messages
        self._completion = Completion(f"chatcmpl-{uuid.uuid4().hex}", str(body["model"]), int(time.time()))

    async def stream(self, request: web.Request, reply: Say | Call | Break | Hang | Empty) -> web.StreamResponse:
        """Give the reply as server-sent events, a token each."""
        if reply == Break():
            return _cut(request, web.Response())
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
        await response.prepare(request)
        await _send(response, self._completion.chunk({"role": "assistant", "content": ""}))
        words = 0
        async for token in _spoken(reply):
            words += 1
            await _send(response, self._completion.chunk({"content": token}))
        if isinstance(reply, Break):
            return _cut(request, response)
        for index, call in enumerate(_tool_calls(reply)):
            for delta in tool_call_deltas(call, index):
                await _send(response, self._completion.chunk(delta))
        await _send(response, self._completion.chunk({}, _finish_reason(reply)))
        if isinstance(reply, Say) and reply.afterwards:
            await reply.afterwards.go_through()
        if self._wants_usage:
            await _send(response, self._completion.usage_chunk(usage_of(self._messages, words)))
        await response.write(b"data: [DONE]\n\n")
        await response.write_eof()
        return response

    async def whole(self, request: web.Request, reply: Say | Call | Break | Hang | Empty) -> web.StreamResponse:
        """Give the reply in one piece."""
        tokens = [token async for token in _spoken(reply)]
        if isinstance(reply, Break):
            return _cut(request, web.Response())
        message: Wire = {"role": "assistant", "content": "".join(tokens) or None, "refusal": None}
        if calls := _tool_calls(reply):
            message["tool_calls"] = calls
        usage = usage_of(self._messages, len(tokens))
        return web.json_response(self._completion.whole(message, _finish_reason(reply), usage))


async def _spoken(reply: Say | Call | Break | Hang | Empty) -> AsyncIterator[str]:
    """The tokens of the reply, at its pace, stopping at its gates. Of a `Hang`, the end never comes."""
    text, pace = _text_and_pace(reply)
    for piece in pieces(text):
        if isinstance(piece, Gate):
            await piece.go_through()
            continue
        if pace is not None:
            await asyncio.sleep(1 / pace)
        yield piece
    if isinstance(reply, Hang):
        await asyncio.Event().wait()


def _text_and_pace(reply: Say | Call | Break | Hang | Empty) -> tuple[Text, float | None]:
    match reply:
        case Say(text, pace):
            return text, pace
        case Call(_, preamble, pace):
            return preamble, pace
        case Break(text) | Hang(text):
            return text, None
        case Empty():
            return "", None
        case _:
            assert_never(reply)


def _tool_calls(reply: Reply) -> list[Wire]:
    if not isinstance(reply, Call):
        return []
    return [tool_call(f"call_{uuid.uuid4().hex[:24]}", name, arguments) for name, arguments in reply.calls]


def _finish_reason(reply: Reply) -> str:
    match reply:
        case Say(finish_reason=reason) | Empty(finish_reason=reason):
            return reason
        case Call():
            return "tool_calls"
        case _:
            return "stop"


def _refusal(reply: Refuse) -> web.Response:
    # OpenAI's client tries these again; it waits half a second and more before, unless it is told how long.
    is_tried_again = reply.status == HTTPStatus.TOO_MANY_REQUESTS or reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    headers = {"retry-after-ms": "1"} if is_tried_again else None
    return web.json_response(error_body(reply.message, code=reply.code), status=reply.status, headers=headers)


def _cut(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.close()  # sends what is buffered first; the answer's end is never sent
    return response


async def _send(response: web.StreamResponse, event: Wire) -> None:
    await response.write(f"data: {json.dumps(event)}\n\n".encode())


async def _list_models(request: web.Request) -> web.Response:
    del request
    model = {"id": NAME, "object": "model", "created": 0, "owned_by": "skein"}
    return web.json_response({"object": "list", "data": [model]})
