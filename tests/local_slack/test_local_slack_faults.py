"""Faults on order: what a bot sees when the network or Slack fails, and what then was done."""

import errno
import time
from datetime import timedelta

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError

from bot.slack.local import Fault, LocalSlack
from tests.local_slack.bots import Client, client_of, refused


async def post(client: Client, text: str = "x") -> None:
    await client.chat_postMessage(channel="general", text=text)


@pytest.mark.parametrize(
    ("fault", "status", "outcome"),
    [
        (Fault(status=500), 500, "http 500"),
        (Fault(status=503), 503, "http 503"),
        (Fault(error="internal_error"), 200, "internal_error"),
        (Fault(retry_after=7), 429, "ratelimited"),
    ],
)
async def test_a_call_fails_once_and_then_goes_through(
    slack: LocalSlack, client: Client, fault: Fault, status: int, outcome: str
) -> None:
    slack.fail("chat.postMessage", fault)
    with pytest.raises(SlackApiError) as caught:
        await post(client)
    assert caught.value.response.status_code == status
    assert caught.value.response.headers.get("Retry-After") == ("7" if fault.retry_after else None)
    assert slack.messages("general") == []
    await post(client)
    assert [call.outcome for call in slack.calls] == [outcome, "ok"]


async def test_a_connection_is_reset_before_the_call_is_carried_out(slack: LocalSlack, client: Client) -> None:
    slack.fail("chat.postMessage", Fault(reset="before"))
    client.retry_handlers.clear()
    with pytest.raises(aiohttp.ClientOSError) as caught:
        await post(client)
    assert caught.value.errno == errno.ECONNRESET
    assert slack.messages("general") == []
    assert slack.calls[-1].outcome == "reset"


async def test_a_connection_is_reset_after_the_call_was_carried_out(slack: LocalSlack, client: Client) -> None:
    slack.fail("chat.postMessage", Fault(reset="after"))
    client.retry_handlers.clear()
    with pytest.raises(aiohttp.ClientConnectionError):
        await post(client, "said all the same")
    assert [seen.body for seen in slack.messages("general")] == ["said all the same"]


async def test_a_delay_lets_the_call_go_on(slack: LocalSlack, client: Client) -> None:
    slack.fail("chat.postMessage", Fault(delay=timedelta(milliseconds=50)))
    since = time.monotonic()
    await post(client)
    assert time.monotonic() - since >= 0.05
    assert len(slack.messages("general")) == 1


async def test_faults_come_in_the_order_they_were_given(slack: LocalSlack, client: Client) -> None:
    slack.fail("auth.test", Fault(error="first"), times=2, after=1)
    slack.fail("auth.test", Fault(error="second"))
    await client.auth_test()
    assert [await refused(client, "auth.test") for _ in range(3)] == ["first", "first", "second"]
    await client.auth_test()
    slack.fail("auth.test", Fault(error="never"), times=9)
    slack.heal()
    await client.auth_test()


async def test_latency_is_the_whole_way_and_may_change(slack: LocalSlack, client: Client) -> None:
    slack.set_latency(timedelta(milliseconds=60))
    whole = 0.055  # the loop's clock stands still while it works: its times may be over some milliseconds early
    since = time.monotonic()
    await post(client)
    assert time.monotonic() - since >= whole
    call = slack.calls[-1]
    assert call.answered_at is not None
    assert call.answered_at - call.at >= whole


async def test_a_bot_that_hangs_up_has_spoken_all_the_same(slack: LocalSlack) -> None:
    slack.set_latency(timedelta(milliseconds=100))
    with pytest.raises(TimeoutError):
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=0.02)) as impatient:
            await post(client_of(slack, impatient))
    await slack.until(lambda: slack.messages("general"))
    await slack.until(lambda: slack.calls[-1].outcome == "ok")
