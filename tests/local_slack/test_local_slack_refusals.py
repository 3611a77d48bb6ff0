"""What Slack refuses, the local one refuses with the same word."""

from typing import Any

import aiohttp
import pytest

from bot.slack.local import LocalSlack
from tests.local_slack.bots import Client, client_of, refusal, refused

NO_TS = "1700000000.000100"
MARKDOWN = {"type": "markdown", "text": "hello"}

REFUSALS: dict[str, tuple[str, dict[str, Any], str]] = {
    "an unknown method": ("chat.dance", {}, "unknown_method"),
    "no channel": ("chat.postMessage", {"text": "x"}, "invalid_arguments"),
    "an object for a text": ("chat.postMessage", {"channel": "general", "text": {}}, "invalid_arguments"),
    "an unknown channel": ("chat.postMessage", {"channel": "C0NOWHERE", "text": "x"}, "channel_not_found"),
    "a channel it is not in": ("chat.postMessage", {"channel": "#random", "text": "x"}, "not_in_channel"),
    "a private channel it is not in": ("chat.postMessage", {"channel": "secret", "text": "x"}, "channel_not_found"),
    "an archived channel": ("chat.postMessage", {"channel": "old", "text": "x"}, "is_archived"),
    "nothing to say": ("chat.postMessage", {"channel": "general", "text": ""}, "no_text"),
    "no blocks": ("chat.postMessage", {"channel": "general", "blocks": []}, "no_text"),
    "blocks that are no list": ("chat.postMessage", {"channel": "general", "blocks": "{}"}, "invalid_blocks_format"),
    "blocks that are no JSON": ("chat.postMessage", {"channel": "general", "blocks": "["}, "invalid_arguments"),
    "markdown beside text": (
        "chat.postMessage",
        {"channel": "general", "markdown_text": "x", "text": "x"},
        "markdown_text_conflict",
    ),
    "markdown beside blocks": (
        "chat.postMessage",
        {"channel": "general", "markdown_text": "x", "blocks": [MARKDOWN]},
        "markdown_text_conflict",
    ),
    "long markdown": ("chat.postMessage", {"channel": "general", "markdown_text": "x" * 12_001}, "msg_too_long"),
    "a malformed thread": (
        "chat.postMessage",
        {"channel": "general", "text": "x", "thread_ts": "1"},
        "invalid_thread_ts",
    ),
    "a thread that is not": (
        "chat.postMessage",
        {"channel": "general", "text": "x", "thread_ts": NO_TS},
        "thread_not_found",
    ),
    "malformed metadata": (
        "chat.postMessage",
        {"channel": "general", "text": "x", "metadata": {"event_type": "x"}},
        "invalid_metadata_format",
    ),
    "huge metadata": (
        "chat.postMessage",
        {"channel": "general", "text": "x", "metadata": {"event_type": "x", "event_payload": {"x": "x" * 16_000}}},
        "metadata_too_large",
    ),
    "a bad limit": ("users.list", {"limit": "many"}, "invalid_limit"),
    "a bad cursor": ("users.list", {"cursor": "x"}, "invalid_cursor"),
    "an unknown person": ("users.info", {"user": "U0NOBODY"}, "user_not_found"),
    "an unknown bot": ("bots.info", {"bot": "B0NOBODY"}, "bot_not_found"),
    "a home that is a modal": (
        "views.publish",
        {"user_id": "U0LOCAL0007", "view": {"type": "modal"}},
        "invalid_arguments",
    ),
    "a trigger that is not": ("views.open", {"trigger_id": "X1", "view": {"type": "modal"}}, "invalid_trigger_id"),
    "a bot's token for a connection": ("apps.connections.open", {}, "not_allowed_token_type"),
}


@pytest.mark.parametrize("what", REFUSALS)
async def test_it_refuses(what: str, slack: LocalSlack, client: Client) -> None:
    slack.add_channel("secret", "group", ["ada"], bot_in=False)
    slack.archive(slack.add_channel("old"))
    method, args, word = REFUSALS[what]
    assert await refused(client, method, **args) == word
    assert slack.messages("general") == []
    assert slack.calls[-1].outcome == word


MESSAGE_REFUSALS: dict[str, tuple[str, dict[str, Any], str]] = {
    "an edit of nothing": ("chat.update", {"ts": NO_TS, "text": "x"}, "message_not_found"),
    "an edit of a person's message": ("chat.update", {"ts": "theirs", "text": "x"}, "cant_update_message"),
    "an edit to nothing": ("chat.update", {"ts": "own", "text": ""}, "no_text"),
    "an edit of 4,001 characters": ("chat.update", {"ts": "own", "text": "x" * 4_001}, "msg_too_long"),
    "an edit of 4,002 bytes": ("chat.update", {"ts": "own", "text": "é" * 2_001}, "msg_too_long"),
    "a long text beside blocks": (
        "chat.update",
        {"ts": "own", "text": "x" * 4_001, "blocks": [MARKDOWN]},
        "msg_too_long",
    ),
    "markdown beside blocks": (
        "chat.update",
        {"ts": "own", "markdown_text": "x", "blocks": [MARKDOWN]},
        "markdown_text_conflict",
    ),
    "an edit without ts": ("chat.update", {"text": "x"}, "invalid_arguments"),
    "a delete of nothing": ("chat.delete", {"ts": NO_TS}, "message_not_found"),
    "a delete of a person's message": ("chat.delete", {"ts": "theirs"}, "cant_delete_message"),
    "a reply to a reply": ("chat.postMessage", {"thread_ts": "reply", "text": "x"}, "cannot_reply_to_message"),
    "a second reaction": ("reactions.add", {"timestamp": "theirs", "name": "eyes"}, "already_reacted"),
    "a reaction nobody gave": ("reactions.remove", {"timestamp": "theirs", "name": "boom"}, "no_reaction"),
    "a reaction to nothing": ("reactions.add", {"timestamp": NO_TS, "name": "eyes"}, "message_not_found"),
    "the replies to nothing": ("conversations.replies", {"ts": NO_TS}, "thread_not_found"),
    "a cursor of nobody's": ("conversations.replies", {"ts": "theirs", "cursor": "%%%"}, "invalid_cursor"),
    "a whisper to a stranger": ("chat.postEphemeral", {"user": "U0NOBODY", "text": "x"}, "user_not_in_channel"),
    "a link to nothing": ("chat.getPermalink", {"message_ts": NO_TS}, "message_not_found"),
}


@pytest.mark.parametrize("what", MESSAGE_REFUSALS)
async def test_of_messages_it_refuses(what: str, slack: LocalSlack, client: Client) -> None:
    channel = slack.channel("general").id
    theirs = await slack.say("ada", "general", "mine")
    stamps = {
        "theirs": theirs,
        "own": (await client.chat_postMessage(channel=channel, text="own"))["ts"],
        "reply": await slack.say("ada", "general", "reply", theirs),
    }
    await client.reactions_add(channel=channel, timestamp=theirs, name="eyes")
    before = slack.messages("general")
    method, args, word = MESSAGE_REFUSALS[what]
    named = {name: stamps.get(str(value), value) for name, value in args.items()}
    assert await refused(client, method, channel=channel, **named) == word
    assert slack.messages("general") == before


async def test_an_edit_of_exactly_4000_characters_is_taken(slack: LocalSlack, client: Client) -> None:
    post = await client.chat_postMessage(channel="general", text="x")
    await client.chat_update(channel=post["channel"], ts=post["ts"], text="x" * 4_000)
    assert len(slack.messages("general")[0].text) == 4_000


async def test_without_a_token_or_with_another_nothing_goes(slack: LocalSlack, session: aiohttp.ClientSession) -> None:
    nobody = client_of(slack, session, "")
    assert await refused(nobody, "auth.test") == "not_authed"
    stranger = client_of(slack, session, "xoxb-0")
    assert await refused(stranger, "auth.test") == "invalid_auth"
    app = client_of(slack, session, slack.app_token)
    assert await refused(app, "chat.postMessage", channel="general", text="x") == "not_allowed_token_type"


@pytest.mark.parametrize(
    ("method", "args", "scope"),
    [
        ("chat.postMessage", {"channel": "general", "text": "x"}, "chat:write"),
        ("chat.update", {"channel": "general", "ts": NO_TS, "text": "x"}, "chat:write"),
        ("users.info", {"user": "U0LOCAL0007"}, "users:read"),
        ("reactions.add", {"channel": "general", "timestamp": NO_TS, "name": "x"}, "reactions:write"),
        ("conversations.info", {"channel": "plans"}, "groups:read"),
        ("conversations.history", {"channel": "general"}, "channels:history"),
        ("conversations.replies", {"channel": "ada", "ts": "theirs"}, "im:history"),
    ],
)
async def test_without_its_scope_a_method_is_refused(
    slack: LocalSlack, client: Client, method: str, args: dict[str, str], scope: str
) -> None:
    rooms = {
        "general": slack.channel("general").id,
        "plans": slack.channel("plans").id,
        "ada": slack.direct_channel("ada"),
    }
    slack.scopes.discard(scope)
    args = {name: rooms.get(value, value) for name, value in args.items()}
    answer = await refusal(client, method, **args)
    assert answer["error"] == "missing_scope"
    assert scope in answer["needed"].split(",")
    assert scope not in answer["provided"].split(",")


async def test_opening_conversations_takes_its_scope(slack: LocalSlack, client: Client) -> None:
    people = [slack.user(name).id for name in ("ada", "grace")]
    assert await refused(client, "conversations.open", users=",".join(people)) == "missing_scope"  # mpim:write
    slack.scopes.discard("im:write")
    assert await refused(client, "conversations.open", users=people[0]) == "missing_scope"


async def test_a_body_that_is_no_json_is_refused(slack: LocalSlack, session: aiohttp.ClientSession) -> None:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {slack.bot_token}"}
    for body, word in (("{", "invalid_json"), ("[]", "json_not_object")):
        async with session.post(f"{slack.api_url}auth.test", data=body, headers=headers) as response:
            assert (await response.json())["error"] == word
