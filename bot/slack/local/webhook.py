"""The Events API over HTTP: signed requests to the bot's address."""

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlencode

import aiohttp

from bot.slack.local.wire import Json, as_object

NO_RETRY = "no_retry"
_OK = range(200, 300)


def signature(secret: str, timestamp: str, body: str) -> str:
    """Slack's v0 signature: an HMAC of version, time and body."""
    signed = f"v0:{timestamp}:{body}".encode()
    return f"v0={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def signed_headers(secret: str, body: str, *, at: float | None = None) -> dict[str, str]:
    """The two headers that prove a request is Slack's; `at` is in seconds of the wall clock, now by default."""
    timestamp = str(int(time.time() if at is None else at))
    return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signature(secret, timestamp, body)}


class Webhook:
    """Posts to one address at a time with the session it is given, which it does not close."""

    def __init__(self, session: aiohttp.ClientSession, secret: str) -> None:
        self._session = session
        self._secret = secret

    async def deliver(
        self, url: str, kind: str, payload: Json, retry: Mapping[str, str], within: timedelta
    ) -> Json | str:
        """Post an event or an interaction: the answer's object if it came with 2xx in time, else why not."""
        body, content_type = _body(kind, payload)
        headers = {**signed_headers(self._secret, body), **retry, "Content-Type": content_type}
        timeout = aiohttp.ClientTimeout(total=within.total_seconds())
        try:
            async with self._session.post(url, data=body.encode(), headers=headers, timeout=timeout) as response:
                answer = await response.text()
        except TimeoutError:
            return "http_timeout"
        except aiohttp.ClientError:
            return "connection_failed"
        if response.headers.get("x-slack-no-retry") == "1":
            return NO_RETRY
        return _object(answer) if response.status in _OK else "http_error"

    async def verify(self, url: str, token: str, challenge: str) -> bool:
        """Whether the address answers url_verification as Slack demands. Raises aiohttp.ClientError."""
        body = json.dumps({"type": "url_verification", "token": token, "challenge": challenge})
        headers = {**signed_headers(self._secret, body), "Content-Type": "application/json"}
        async with self._session.post(url, data=body.encode(), headers=headers) as response:
            return response.status in _OK and challenge in await response.text()


def _object(text: str) -> Json:
    """The JSON object, or a text as one that holds it: so Slack takes what a command is answered with."""
    try:
        return as_object(json.loads(text)) or {}
    except ValueError:
        return {"text": text}


def _body(kind: str, payload: Json) -> tuple[str, str]:
    if kind == "events_api":
        return json.dumps(payload), "application/json"
    fields = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
    return urlencode(fields), "application/x-www-form-urlencoded"
