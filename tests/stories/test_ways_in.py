"""Slack reaches the bot over Socket Mode or over signed HTTP; strangers do not."""

import hashlib
import hmac
import json
import time
from collections.abc import AsyncGenerator

import aiohttp
import pytest

from bot.app import Bot
from bot.slack.local import Fault, LocalSlack
from tests.stage import Model, OpenBot
from tests.stories.speech import answered, echo, page, quiet


@pytest.fixture(autouse=True)
def _the_model_echoes(model: Model) -> None:
    model.script = echo


@pytest.fixture
async def http_bot(slack: LocalSlack, start: OpenBot) -> AsyncGenerator[Bot, None]:
    """A bot that Slack reaches over HTTP."""
    async with start(slack_app_token=None) as bot:
        slack.events_url = f"http://127.0.0.1:{bot.port}/slack/events"
        yield bot


async def post(bot: Bot, slack: LocalSlack, body: bytes, *, age: float = 0, secret: str | None = None) -> int:
    """Send a request as Slack would have `age` seconds ago, and give the status of the answer."""
    stamp = str(int(time.time() - age))
    key = (secret or slack.signing_secret).encode()
    signature = "v0=" + hmac.new(key, b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signature}
    return await send(bot, body, headers)


async def send(bot: Bot, body: bytes, headers: dict[str, str]) -> int:
    """Send a request and give the status of the answer."""
    url = f"http://127.0.0.1:{bot.port}/slack/events"
    async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as response:
        return response.status


async def test_over_http_a_mention_is_answered(slack: LocalSlack, http_bot: Bot) -> None:
    assert await slack.verify_url()
    ts = await slack.say("ada", "general", "@skein over the wire")
    await answered(slack, "general", ts, "1: over the wire")
    await quiet(slack)
    assert http_bot.identity.user == slack.bot.id


async def test_forged_stale_and_unsigned_requests_are_refused(slack: LocalSlack, http_bot: Bot) -> None:
    body = json.dumps({"type": "event_callback", "event": {"type": "message"}}).encode()
    assert await post(http_bot, slack, body) == 200
    assert await post(http_bot, slack, body, secret="somebody else's") == 401
    assert await post(http_bot, slack, body, age=600) == 401
    assert await send(http_bot, body, {}) == 401
    assert await send(http_bot, b"ssl_check=1", {"Content-Type": "application/x-www-form-urlencoded"}) == 401
    nonsense = {"X-Slack-Request-Timestamp": "yesterday", "X-Slack-Signature": "v0=1"}
    assert await send(http_bot, body, nonsense) == 401


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'"hello"',
        b"null",
        b"\xff\xfe",
        b'{"type": "event_callback", "event": "hello"}',
        b'{"type": "event_callback", "event": {"type": 7}}',
        b'{"type": "event_callback", "event": {}, "authorizations": 3}',
    ],
)
async def test_signed_nonsense_is_refused(slack: LocalSlack, http_bot: Bot, body: bytes) -> None:
    assert 400 <= await post(http_bot, slack, body) < 500


async def test_the_bot_tells_that_it_lives_and_is_ready(http_bot: Bot) -> None:
    assert await page(http_bot, "/livez") == (200, "ok\n")
    status, report = await page(http_bot, "/readyz")
    assert (status, json.loads(report)) == (200, {"database": "ok", "slack": "ok", "listening": "ok"})


async def test_readiness_tells_what_is_away(slack: LocalSlack, bot: Bot) -> None:
    slack.fail("auth.test", Fault(status=503), times=1)
    status, report = await page(bot, "/readyz")
    assert status == 503
    assert json.loads(report)["slack"] != "ok"
    assert (await page(bot, "/livez"))[0] == 200
    assert (await page(bot, "/readyz"))[0] == 200


async def test_a_refreshed_socket_loses_nothing(slack: LocalSlack, bot: Bot) -> None:
    await slack.refresh()
    ts = await slack.say("ada", "general", "@skein still there?")
    await answered(slack, "general", ts, "1: still there?")
    assert bot.identity.workspace == slack.team_id
