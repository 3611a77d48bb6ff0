"""Slack's rate limits: per method for the whole workspace, chat.postMessage's per channel."""

import asyncio
import time
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st
from slack_sdk.errors import SlackApiError

from bot.slack.local import SLACK_LIMITS, Limit, LocalSlack
from bot.slack.local.limits import Windows
from tests.local_slack.bots import Client, client_of, refused

WINDOW = 10.0


async def post(client: Client, channel: str) -> str:
    return str((await client.chat_postMessage(channel=channel, text="x"))["ts"])


async def test_the_eleventh_post_in_ten_seconds_is_refused_in_that_channel_alone(
    slack: LocalSlack, client: Client
) -> None:
    for _ in range(10):
        await post(client, "general")
    with pytest.raises(SlackApiError) as caught:
        await post(client, "general")
    response: Any = getattr(caught.value, "response")  # noqa: B009 - it is untyped
    assert (response.status_code, response["error"]) == (429, "ratelimited")
    assert 9 <= int(response.headers["Retry-After"]) <= 10
    assert len(slack.messages("general")) == 10
    await post(client, "research")


async def test_edits_are_counted_together_in_all_channels(slack: LocalSlack, client: Client) -> None:
    rooms = [slack.channel(name).id for name in ("general", "research")]
    stamps = [await post(client, room) for room in rooms]
    for number in range(50):
        await client.chat_update(channel=rooms[number % 2], ts=stamps[number % 2], text=f"{number}")
    assert await refused(client, "chat.update", channel=rooms[0], ts=stamps[0], text="too much") == "ratelimited"


async def test_after_retry_after_there_is_room(slack: LocalSlack, client: Client) -> None:
    slack.limits["auth.test"] = Limit(1, timedelta(seconds=0.2))
    await client.auth_test()
    since = time.monotonic()
    assert await refused(client, "auth.test") == "ratelimited"
    await slack.until(lambda: time.monotonic() > since + 0.2)
    await client.auth_test()


async def test_limits_can_be_tightened_and_lifted_at_any_time(slack: LocalSlack, client: Client) -> None:
    slack.limits["chat.postMessage"] = Limit(1, by_channel=True)
    await post(client, "general")
    assert await refused(client, "chat.postMessage", channel="general", text="x") == "ratelimited"
    slack.limits.clear()
    await post(client, "general")


async def test_without_limits_nothing_is_refused() -> None:
    async with LocalSlack.open(limits=None) as slack:
        client = client_of(slack)
        await asyncio.gather(*(post(client, "general") for _ in range(30)))
        assert len(slack.messages("general")) == 30


def test_slacks_tiers_are_the_documented_ones() -> None:
    methods = ("chat.update", "chat.startStream", "chat.stopStream", "chat.appendStream", "conversations.replies")
    assert [SLACK_LIMITS[method].calls for method in methods] == [50, 20, 20, 100, 50]
    assert SLACK_LIMITS["assistant.threads.setStatus"].calls == 600


@given(st.integers(1, 5), st.lists(st.integers(0, 32), max_size=60))
def test_no_window_ever_holds_more_calls_than_allowed(calls: int, quarters: list[int]) -> None:
    windows, limit, now = Windows(), Limit(calls, timedelta(seconds=WINDOW)), 1_000.0
    let_through: list[float] = []
    for pause in quarters:
        now += pause / 4
        wait = windows.take("chat.update", "", limit, now)
        within = [then for then in let_through if then > now - WINDOW]
        assert (wait is None) == (len(within) < calls)
        if wait is None:
            let_through.append(now)
        else:
            # After that time there is room, and a second earlier there was none.
            assert len([then for then in within if then > now + wait - WINDOW]) < calls
            assert wait == 1 or len([then for then in within if then > now + wait - 1 - WINDOW]) >= calls
