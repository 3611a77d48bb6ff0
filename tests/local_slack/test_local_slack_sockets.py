"""Socket Mode, with a bare client and with the unmodified SDK, and what happens to events nobody acknowledges."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp

from bot.slack.local import LocalSlack
from tests.local_slack.bots import Client, client_of, refused
from tests.local_slack.receiver import Receiver, receiving


async def quiet(slack: LocalSlack) -> None:
    await slack.until(lambda: not slack.unacknowledged)


async def test_an_event_arrives_in_slacks_envelope(slack: LocalSlack, receiver: Receiver) -> None:
    ts = await slack.say("ada", "general", "hello")
    await quiet(slack)
    (envelope,) = receiver.envelopes
    assert (envelope["type"], envelope["retry_attempt"], envelope["accepts_response_payload"]) == (
        "events_api",
        0,
        False,
    )
    payload = envelope["payload"]
    assert (payload["type"], payload["team_id"], payload["api_app_id"]) == (
        "event_callback",
        slack.team_id,
        slack.bot.app,
    )
    assert payload["authorizations"][0]["user_id"] == slack.bot.id
    assert payload["is_ext_shared_channel"] is False
    assert payload["event"]["ts"] == ts
    assert receiver.hello["num_connections"] == 1


async def test_an_event_that_is_not_acknowledged_comes_again_with_its_id(slack: LocalSlack, receiver: Receiver) -> None:
    receiver.ignore = 2
    slack.set_retry([timedelta(0)] * 3, ack_timeout=timedelta(milliseconds=30))
    await slack.say("ada", "general", "hello")
    await quiet(slack)
    assert [envelope["retry_attempt"] for envelope in receiver.envelopes] == [0, 1, 2]
    assert [envelope["retry_reason"] for envelope in receiver.envelopes] == ["", "timeout", "timeout"]
    assert len({payload["event_id"] for payload in receiver.payloads}) == 1
    assert len({envelope["envelope_id"] for envelope in receiver.envelopes}) == 3
    assert slack.given_up == []


async def test_after_the_last_retry_slack_gives_up(slack: LocalSlack, receiver: Receiver) -> None:
    receiver.ignore = 99
    slack.set_retry([timedelta(0)], ack_timeout=timedelta(milliseconds=30))
    await slack.say("ada", "general", "hello")
    await quiet(slack)
    assert [dropped.attempts for dropped in slack.given_up] == [2]


async def test_a_click_that_is_not_acknowledged_does_not_come_again(
    slack: LocalSlack, client: Client, receiver: Receiver
) -> None:
    stop = {"type": "button", "action_id": "stop", "text": {"type": "plain_text", "text": "Stop"}}
    post = await client.chat_postMessage(channel="general", text="x", blocks=[{"type": "actions", "elements": [stop]}])
    await quiet(slack)
    slack.set_retry([timedelta(0)], ack_timeout=timedelta(milliseconds=30))
    receiver.ignore = 99
    await slack.click("ada", "general", str(post["ts"]), "stop")
    await quiet(slack)
    assert [envelope["type"] for envelope in receiver.envelopes] == ["events_api", "interactive"]
    assert receiver.envelopes[1]["accepts_response_payload"] is True


async def test_events_wait_for_the_first_receiver(slack: LocalSlack, client: Client) -> None:
    said = [await slack.say("ada", "general", f"{number}") for number in range(5)]
    assert [waiting.attempts for waiting in slack.unacknowledged] == [0] * 5
    async with receiving(slack, client) as receiver:
        await quiet(slack)
        assert [event["ts"] for event in receiver.events] == said
        assert {envelope["retry_attempt"] for envelope in receiver.envelopes} == {0}


async def test_each_event_goes_to_one_connection_by_turns(slack: LocalSlack, client: Client) -> None:
    async with receiving(slack, client) as first, receiving(slack, client) as second:
        assert second.hello["num_connections"] == 2
        said = [await slack.say("ada", "general", f"{number}") for number in range(6)]
        await quiet(slack)
        assert [event["ts"] for event in first.events] == said[::2]
        assert [event["ts"] for event in second.events] == said[1::2]


async def test_what_a_dying_connection_did_not_acknowledge_goes_to_another(slack: LocalSlack, client: Client) -> None:
    slack.set_retry([timedelta(0)], ack_timeout=timedelta(minutes=1))
    async with receiving(slack, client) as first:
        first.ignore = 1
        await slack.say("ada", "general", "hello")
        await slack.until(lambda: first.envelopes)
        async with receiving(slack, client) as second:
            await first.socket.close()
            await quiet(slack)
            assert second.envelopes[0]["retry_attempt"] == 1
            assert second.payloads == first.payloads


async def test_ten_connections_are_the_most(slack: LocalSlack, client: Client) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(10):
            await stack.enter_async_context(receiving(slack, client))
        opened = await client.apps_connections_open(app_token=slack.app_token)
        assert client.session is not None
        async with client.session.ws_connect(str(opened["url"])) as eleventh:
            assert (await eleventh.receive_json())["reason"] == "too_many_websockets"
        assert slack.connections == 10


async def test_a_ticket_opens_one_connection(slack: LocalSlack, client: Client) -> None:
    address = str((await client.apps_connections_open(app_token=slack.app_token))["url"])
    assert client.session is not None
    async with client.session.ws_connect(address):
        pass
    for stale in (address, address.replace("ticket=", "ticket=x")):
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await client.session.ws_connect(stale)
        assert caught.value.status == 401


async def test_when_slack_ends_connections_are_closed_in_order(session: aiohttp.ClientSession) -> None:
    async with LocalSlack.open() as slack:
        client = client_of(slack, session)
        address = (await client.apps_connections_open(app_token=slack.app_token))["url"]
        socket = await session.ws_connect(address)
        assert (await socket.receive_json())["type"] == "hello"
        ended = asyncio.create_task(socket.receive())
    assert (await ended).type is aiohttp.WSMsgType.CLOSE
    assert socket.close_code == aiohttp.WSCloseCode.OK


async def test_a_bots_token_opens_no_connection(slack: LocalSlack, client: Client) -> None:
    assert await refused(client, "apps.connections.open") == "not_allowed_token_type"
    assert slack.connections == 0


class Bolt:
    """The unmodified Bolt in Socket Mode, answering every mention in its thread."""

    def __init__(self, slack: LocalSlack) -> None:
        client = client_of(slack)
        self.app = AsyncApp(client=client)
        self.app.event("app_mention")(self.answer)
        self.app.event("message")(self.listen)
        self.handler = AsyncSocketModeHandler(self.app, slack.app_token, ping_interval=0.05)

    async def answer(self, event: dict[str, Any], client: Client) -> None:
        await client.chat_postMessage(channel=event["channel"], thread_ts=event["ts"], text="at your service")

    async def listen(self) -> None:
        """Messages that are no mention are acknowledged and left alone."""


@asynccontextmanager
async def bolting(slack: LocalSlack) -> AsyncGenerator[Bolt, None]:
    bolt = Bolt(slack)
    await bolt.handler.connect_async()
    try:
        yield bolt
    finally:
        client: Any = getattr(bolt.handler, "client")  # noqa: B009 - its tasks are untyped
        ends = [client.current_session_monitor, client.message_receiver, client.message_processor]
        await bolt.handler.close_async()
        # The SDK cancels its tasks and does not wait for them.
        await asyncio.gather(*ends, return_exceptions=True)


async def mentioned(slack: LocalSlack) -> None:
    ts = await slack.say("ada", "general", "@skein hello")
    await slack.until(lambda: [reply.body for reply in slack.replies("general", ts)] == ["at your service"])
    await quiet(slack)


async def test_bolt_answers_in_socket_mode(slack: LocalSlack) -> None:
    async with bolting(slack):
        await mentioned(slack)
        assert slack.given_up == []


async def test_bolt_comes_back_after_a_refresh(slack: LocalSlack) -> None:
    async with bolting(slack):
        await slack.refresh()
        await slack.until(lambda: [call.method for call in slack.calls].count("apps.connections.open") == 2)
        await slack.until(lambda: slack.connections == 1)
        await mentioned(slack)


async def test_bolt_comes_back_when_its_connection_was_cut(slack: LocalSlack) -> None:
    async with bolting(slack):
        await slack.drop_connections()
        assert slack.connections == 0
        await mentioned(slack)
