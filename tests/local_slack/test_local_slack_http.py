"""The Events API over HTTP, with the unmodified Bolt, and with bots that fail."""

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import aiohttp
from aiohttp import web
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.signature import SignatureVerifier

from bot.slack.local import LocalSlack
from tests.local_slack.bots import Client
from tests.local_slack.receiver import receiving


@asynccontextmanager
async def serving(application: web.Application) -> AsyncGenerator[str, None]:
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    finally:
        await runner.cleanup()


class Endpoint:
    """A bot's address: it keeps what it gets and answers with these statuses in turn, then with 200."""

    def __init__(self, statuses: Sequence[int] = (), headers: dict[str, str] | None = None) -> None:
        self.statuses = list(statuses)
        self.headers = headers or {}
        self.requests: list[web.Request] = []
        self.bodies: list[str] = []

    async def handle(self, request: web.Request) -> web.Response:
        self.requests.append(request)
        self.bodies.append(await request.text())
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200, headers=self.headers)

    @property
    def application(self) -> web.Application:
        application = web.Application()
        application.router.add_post("/slack/events", self.handle)
        return application

    def header(self, name: str) -> list[str | None]:
        return [request.headers.get(name) for request in self.requests]


async def quiet(slack: LocalSlack) -> None:
    await slack.until(lambda: not slack.unacknowledged)


async def test_bolt_answers_over_http(slack: LocalSlack, client: Client) -> None:
    app = AsyncApp(client=client, signing_secret=slack.signing_secret)

    @app.event("app_mention")
    async def answer(event: dict[str, Any], client: Client) -> None:
        await client.chat_postMessage(channel=event["channel"], thread_ts=event["ts"], text="at your service")

    @app.event("message")
    async def listen() -> None:
        pass

    assert (answer, listen) != (None, None)
    async with serving(app.web_app()) as slack.events_url:
        assert await slack.verify_url()
        ts = await slack.say("ada", "general", "@skein hello")
        await slack.until(lambda: [reply.body for reply in slack.replies("general", ts)] == ["at your service"])
        await quiet(slack)
        assert slack.given_up == []


async def test_every_request_is_signed_and_a_click_is_a_form(slack: LocalSlack, client: Client) -> None:
    endpoint = Endpoint()
    async with serving(endpoint.application) as slack.events_url:
        stop = {"type": "button", "action_id": "stop", "text": {"type": "plain_text", "text": "Stop"}, "value": "7"}
        blocks = [{"type": "actions", "elements": [stop]}]
        post = await client.chat_postMessage(channel="general", text="x", blocks=blocks)
        await quiet(slack)
        await slack.click("ada", "general", str(post["ts"]), "stop")
        await slack.command("ada", "general", "/skein", "help")
        await quiet(slack)
    verifier = SignatureVerifier(slack.signing_secret)
    for request, body in zip(endpoint.requests, endpoint.bodies, strict=True):
        assert verifier.is_valid_request(body, dict(request.headers))
    event, click, command = endpoint.bodies
    assert json.loads(event)["event"]["ts"] == post["ts"]
    assert json.loads(parse_qs(click)["payload"][0])["actions"][0]["value"] == "7"
    assert (parse_qs(command)["command"], parse_qs(command)["text"]) == (["/skein"], ["help"])


async def test_an_event_that_is_refused_comes_again_and_says_why(slack: LocalSlack) -> None:
    endpoint = Endpoint([500, 404])
    async with serving(endpoint.application) as slack.events_url:
        await slack.say("ada", "general", "hello")
        await quiet(slack)
    assert endpoint.header("x-slack-retry-num") == [None, "1", "2"]
    assert endpoint.header("x-slack-retry-reason") == [None, "http_error", "http_error"]
    assert len({json.loads(body)["event_id"] for body in endpoint.bodies}) == 1


async def test_a_bot_may_ask_for_no_retry(slack: LocalSlack) -> None:
    endpoint = Endpoint([500], headers={"X-Slack-No-Retry": "1"})
    async with serving(endpoint.application) as slack.events_url:
        await slack.say("ada", "general", "hello")
        await quiet(slack)
    assert len(endpoint.requests) == 1
    assert [dropped.reason for dropped in slack.given_up] == ["no_retry"]


async def test_nobody_at_the_address_costs_attempts(slack: LocalSlack) -> None:
    async with serving(web.Application()) as nobody:
        pass
    slack.events_url = nobody
    await slack.say("ada", "general", "hello")
    await quiet(slack)
    assert [(dropped.attempts, dropped.reason) for dropped in slack.given_up] == [(4, "connection_failed")]


async def test_a_bot_that_takes_too_long_is_asked_again(slack: LocalSlack) -> None:
    slack.set_retry([timedelta(0)], ack_timeout=timedelta(milliseconds=50))
    attempts: list[str | None] = []

    async def dawdle(request: web.Request) -> web.Response:
        attempts.append(request.headers.get("x-slack-retry-reason"))
        if len(attempts) == 1:
            await slack.until(lambda: len(attempts) > 1)
        return web.Response()

    application = web.Application()
    application.router.add_post("/slack/events", dawdle)
    async with serving(application) as slack.events_url:
        await slack.say("ada", "general", "hello")
        await quiet(slack)
    assert attempts == [None, "http_timeout"]


async def test_while_a_socket_is_open_nothing_goes_over_http(slack: LocalSlack, client: Client) -> None:
    endpoint = Endpoint()
    async with serving(endpoint.application) as slack.events_url:
        async with receiving(slack, client) as receiver:
            await slack.say("ada", "general", "by socket")
            await quiet(slack)
        await slack.until(lambda: not slack.connections)
        await slack.say("ada", "general", "by http")
        await quiet(slack)
    assert [event["text"] for event in receiver.events] == ["by socket"]
    assert [json.loads(body)["event"]["text"] for body in endpoint.bodies] == ["by http"]


async def test_an_address_that_does_not_echo_the_challenge_is_not_verified(slack: LocalSlack) -> None:
    async with serving(Endpoint().application) as slack.events_url:
        assert not await slack.verify_url()


async def test_tests_can_sign_requests_of_their_own(slack: LocalSlack, session: aiohttp.ClientSession) -> None:
    endpoint = Endpoint()
    async with serving(endpoint.application) as url:
        async with session.post(url, data="{}", headers=slack.sign("{}")) as response:
            assert response.status == 200
        stale = slack.sign("{}", at=1_700_000_000)
    verifier = SignatureVerifier(slack.signing_secret)
    assert verifier.is_valid_request("{}", dict(endpoint.requests[0].headers))
    assert not verifier.is_valid_request("{}", stale)
