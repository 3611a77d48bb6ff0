"""Slack's way in over HTTP: signed requests to `/slack/events`.

The signature is checked here and not by Bolt, which parses the body before it checks, lets `ssl_check` requests
through unsigned, and answers 500 to a timestamp that is no number.
"""

from typing import Any, cast

import structlog
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.signature import SignatureVerifier

log = structlog.get_logger()

PATH = "/slack/events"


class Ingress:
    """Takes Slack's requests. Until `serve` names the app it answers 503, so that Slack brings the event again."""

    def __init__(self, signing_secret: str) -> None:
        self._verifier = SignatureVerifier(signing_secret)
        self._app: AsyncApp | None = None

    def serve(self, app: AsyncApp) -> None:
        """Hand requests to this app from now on."""
        self._app = app

    async def ping(self) -> None:
        """Nothing to ask: whoever reaches `/readyz` reaches this way in as well."""

    async def receive(self, request: web.Request) -> web.Response:
        """Answer one request: 401 if it is not Slack's, 400 if it makes no sense, 503 too early, else Bolt's answer."""
        raw = await request.read()
        if not self._is_signed(raw, request):
            return web.Response(status=401, text="the signature is missing, stale or wrong\n")
        if self._app is None:
            return web.Response(status=503, text="not ready yet\n", headers={"Retry-After": "1"})
        bolt_request = _parsed(raw, request)
        if bolt_request is None:
            return web.Response(status=400, text="the body makes no sense\n")
        return await to_aiohttp_response(await self._app.async_dispatch(bolt_request))

    def _is_signed(self, raw: bytes, request: web.Request) -> bool:
        try:
            return self._verifier.is_valid(
                raw,
                request.headers.get("X-Slack-Request-Timestamp", "0"),
                request.headers.get("X-Slack-Signature", ""),
            )
        except ValueError:
            # The timestamp is no number, or the body is no text.
            return False


def _parsed(raw: bytes, request: web.Request) -> AsyncBoltRequest | None:
    try:
        bolt_request = AsyncBoltRequest(
            body=raw.decode(),
            query=request.query_string,
            headers=cast("dict[str, Any]", request.headers),
        )
    except (ValueError, TypeError, AttributeError, KeyError):
        # Bolt looks into the payload while it builds the request; a shape it does not know raises one of these.
        return None
    return bolt_request if _is_of_slacks_shape(bolt_request.body) else None


def _is_of_slacks_shape(body: object) -> bool:
    """Whether Bolt's listeners can look into it: an object whose event, if it has one, has a type."""
    if not isinstance(body, dict):
        return False
    event = cast("dict[str, Any]", body).get("event", {"type": ""})
    return isinstance(event, dict) and isinstance(cast("dict[str, Any]", event).get("type"), str)
