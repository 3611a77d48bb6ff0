"""Native streams: they take text until they are stopped, too long or too old."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import pytest

from bot.slack.local import LocalSlack
from tests.local_slack.bots import Client, client_of, refused


@pytest.fixture
async def place(slack: LocalSlack) -> dict[str, str]:
    """Where a stream may start."""
    return {
        "channel": slack.channel("general").id,
        "thread_ts": await slack.say("ada", "general", "tell me"),
        "recipient_user_id": slack.user("ada").id,
        "recipient_team_id": slack.team_id,
    }


@pytest.fixture
async def stream(client: Client, place: dict[str, str]) -> dict[str, str]:
    """A stream under way."""
    answer: Any = await client.api_call("chat.startStream", json={**place, "markdown_text": "one "})
    return {"channel": place["channel"], "ts": answer["ts"]}


async def test_what_is_appended_is_seen_at_once(
    slack: LocalSlack, client: Client, place: dict[str, str], stream: dict[str, str]
) -> None:
    await client.chat_appendStream(**stream, markdown_text="two ")
    (reply,) = slack.replies("general", place["thread_ts"])
    assert (reply.markdown, reply.streaming) == ("one two ", True)
    feedback = {"type": "context", "elements": [{"type": "plain_text", "text": "done"}]}
    await client.chat_stopStream(**stream, markdown_text="three", blocks=[feedback])
    (reply,) = slack.replies("general", place["thread_ts"])
    assert (reply.body, reply.streaming) == ("one two three\ndone", False)
    assert len(reply.frames) == 3


async def test_a_task_is_shown_in_its_last_state(
    slack: LocalSlack, client: Client, place: dict[str, str], stream: dict[str, str]
) -> None:
    for status in ("in_progress", "complete"):
        task = {"type": "task_update", "id": "1", "title": "Searching", "status": status}
        await client.chat_appendStream(**stream, chunks=[task])
    (reply,) = slack.replies("general", place["thread_ts"])
    assert [(block["title"], block["status"]) for block in reply.blocks if block["type"] == "task_card"] == [
        ("Searching", "complete")
    ]


@pytest.mark.parametrize("missing", ["recipient_user_id", "recipient_team_id"])
async def test_in_a_channel_it_must_be_said_for_whom(client: Client, place: dict[str, str], missing: str) -> None:
    del place[missing]
    assert await refused(client, "chat.startStream", **place) == f"missing_{missing}"


async def test_a_stream_is_always_in_a_thread(client: Client, place: dict[str, str]) -> None:
    del place["thread_ts"]
    assert await refused(client, "chat.startStream", **place) == "invalid_arguments"


async def test_while_it_streams_its_message_can_be_neither_edited_nor_deleted(
    client: Client, stream: dict[str, str]
) -> None:
    assert await refused(client, "chat.update", **stream, text="x") == "streaming_state_conflict"
    assert await refused(client, "chat.delete", **stream) == "cant_delete_message"
    await client.chat_stopStream(**stream)
    await client.chat_update(**stream, text="mended")


async def test_a_stopped_stream_takes_no_more(client: Client, stream: dict[str, str]) -> None:
    await client.chat_stopStream(**stream)
    assert await refused(client, "chat.appendStream", **stream, markdown_text="x") == "message_not_in_streaming_state"
    assert await refused(client, "chat.stopStream", **stream) == "message_not_in_streaming_state"


async def test_a_stream_takes_13_800_characters_in_pieces_of_12_000(client: Client, stream: dict[str, str]) -> None:
    assert await refused(client, "chat.appendStream", **stream, markdown_text="x" * 12_001) == "msg_too_long"
    await client.chat_appendStream(**stream, markdown_text="x" * 12_000)
    assert await refused(client, "chat.appendStream", **stream, markdown_text="x" * 1_797) == "msg_too_long"
    await client.chat_appendStream(**stream, markdown_text="x" * 1_796)


@pytest.mark.parametrize(
    ("args", "word"),
    [
        ({}, "no_text"),
        (
            {"markdown_text": "x", "chunks": [{"type": "markdown_text", "text": "x"}]},
            "cannot_provide_both_markdown_text_and_chunks",
        ),
        ({"chunks": [{"type": "surprise"}]}, "invalid_chunks"),
        ({"chunks": [{"type": "task_update", "id": "1", "title": "x" * 257}]}, "invalid_chunks"),
    ],
)
async def test_odd_pieces_are_refused(client: Client, stream: dict[str, str], args: dict[str, Any], word: str) -> None:
    assert await refused(client, "chat.appendStream", **stream, **args) == word


@pytest.fixture
async def brief() -> AsyncGenerator[LocalSlack, None]:
    """A Slack whose streams die at once."""
    async with LocalSlack.open(stream_life=timedelta(0)) as slack:
        yield slack


async def test_a_stream_dies_of_age_and_then_only_an_edit_mends_it(brief: LocalSlack) -> None:
    client = client_of(brief)
    channel, root = brief.direct_channel("ada"), await brief.direct("ada", "tell me")
    ts = (await client.chat_startStream(channel=channel, thread_ts=root, markdown_text="half"))["ts"]
    stream = {"channel": channel, "ts": str(ts)}
    assert await refused(client, "chat.appendStream", **stream, markdown_text="x") == "message_not_in_streaming_state"
    assert await refused(client, "chat.stopStream", **stream) == "message_not_in_streaming_state"
    await client.chat_update(**stream, text="whole")
    assert [reply.body for reply in brief.replies(channel, root)] == ["whole"]
