"""What a bot can do with the unmodified slack_sdk."""

import time
from typing import Any

import aiohttp
import pytest

from bot.slack.local import LocalSlack
from bot.slack.local.stamps import Stamps
from tests.local_slack.bots import Client

MARKDOWN = [{"type": "markdown", "text": "**hello**"}]


async def test_a_token_tells_whose_it_is_and_which_scopes_it_has(slack: LocalSlack, client: Client) -> None:
    answer = await client.auth_test()
    assert answer["user_id"] == slack.bot.id
    assert answer["bot_id"] == slack.bot.bot
    assert answer["team_id"] == slack.team_id
    assert "chat:write" in answer.headers["x-oauth-scopes"].split(",")


async def test_a_post_is_seen_by_people(slack: LocalSlack, client: Client) -> None:
    channel = slack.channel("general").id
    answer = await client.chat_postMessage(channel=channel, text="fallback", blocks=MARKDOWN)
    (message,) = slack.messages("general")
    assert (message.ts, message.body, message.text) == (answer["ts"], "**hello**", "fallback")
    assert message.name == "skein"
    assert answer["message"]["bot_id"] == slack.bot.bot


async def test_an_edit_with_blocks_shows_no_mark_and_one_with_text_does(slack: LocalSlack, client: Client) -> None:
    channel = slack.channel("general").id
    ts = (await client.chat_postMessage(channel=channel, text="one"))["ts"]
    await client.chat_update(channel=channel, ts=ts, text="two", blocks=MARKDOWN)
    assert not slack.messages("general")[0].edited
    await client.chat_update(channel=channel, ts=ts, text="three")
    (message,) = slack.messages("general")
    assert message.edited
    assert message.blocks == ()
    assert [frame.body for frame in message.frames] == ["one", "**hello**", "three"]
    assert message.frames[0].at < message.frames[2].at


async def test_a_post_to_a_person_lands_in_their_direct_messages(slack: LocalSlack, client: Client) -> None:
    await client.chat_postMessage(channel=slack.user("ada").id, text="psst")
    assert [reply.body for reply in slack.replies(slack.direct_channel("ada"))] == ["psst"]


async def test_a_long_post_is_cut(slack: LocalSlack, client: Client) -> None:
    await client.chat_postMessage(channel="#general", text="x" * 40_001)
    assert len(slack.messages("general")[0].text) == 40_000


async def test_a_deleted_message_is_gone(slack: LocalSlack, client: Client) -> None:
    channel = slack.channel("general").id
    ts = (await client.chat_postMessage(channel=channel, text="oops"))["ts"]
    await client.chat_delete(channel=channel, ts=ts)
    assert slack.messages("general") == []


async def test_a_whisper_is_seen_by_one_person_alone(slack: LocalSlack, client: Client) -> None:
    channel = slack.channel("general").id
    await client.chat_postEphemeral(channel=channel, user=slack.user("ada").id, text="only you")
    assert [whisper.body for whisper in slack.whispers("ada")] == ["only you"]
    assert slack.whispers("grace") == []
    assert slack.messages("general") == []


async def test_replies_come_in_pages_and_bring_metadata_when_asked(slack: LocalSlack, client: Client) -> None:
    channel = slack.channel("general").id
    root = await slack.say("ada", "general", "root")
    metadata = {"event_type": "answer", "event_payload": {"turn": "1"}}
    said = [root]
    for number in range(4):
        post = await client.chat_postMessage(channel=channel, thread_ts=root, text=f"{number}", metadata=metadata)
        said.append(post["ts"])
    pages: list[list[dict[str, Any]]] = []
    async for page in await client.conversations_replies(
        channel=channel, ts=said[2], limit=3, include_all_metadata=True
    ):
        messages: list[dict[str, Any]] = page["messages"]
        pages.append(messages)
    assert [[message["ts"] for message in page] for page in pages] == [said[:3], [root, *said[3:]]]
    assert pages[0][0]["reply_count"] == 4
    assert pages[0][1]["metadata"] == metadata
    assert pages[0][1]["parent_user_id"] == slack.user("ada").id
    bare = await client.conversations_replies(channel=channel, ts=root)
    assert "metadata" not in bare["messages"][1]


async def test_replies_can_be_asked_for_from_a_time_on(slack: LocalSlack, client: Client) -> None:
    channel = slack.channel("general").id
    root = await slack.say("ada", "general", "root")
    said = [await slack.say("ada", "general", text, root) for text in ("one", "two", "three")]
    later = await client.conversations_replies(channel=channel, ts=root, oldest=said[0])
    assert [message["ts"] for message in later["messages"]] == [root, *said[1:]]
    some = await client.conversations_replies(channel=channel, ts=root, latest=said[1], inclusive=True)
    assert [message["ts"] for message in some["messages"]] == [root, *said[:2]]


async def test_history_is_newest_first_in_pages_and_without_replies(slack: LocalSlack, client: Client) -> None:
    said = [await slack.say("ada", "general", f"{number}") for number in range(5)]
    await slack.say("ada", "general", "a reply", said[0])
    pages: list[list[str]] = []
    async for page in await client.conversations_history(channel=slack.channel("general").id, limit=2):
        messages: list[dict[str, Any]] = page["messages"]
        pages.append([message["ts"] for message in messages])
    assert pages == [said[4:2:-1], said[2:0:-1], said[:1]]


async def test_channels_and_people_can_be_looked_up(slack: LocalSlack, client: Client) -> None:
    ada = slack.user("ada")
    info = await client.conversations_info(channel=slack.channel("plans").id)
    assert (info["channel"]["name"], info["channel"]["is_private"]) == ("plans", True)
    direct = await client.conversations_info(channel=slack.direct_channel("ada"))
    assert direct["channel"]["user"] == ada.id
    assert (await client.users_info(user=ada.id))["user"]["real_name"] == "Ada Lovelace"
    assert ada.id in [user["id"] for user in (await client.users_list(limit=100))["members"]]
    assert (await client.bots_info())["bot"]["id"] == slack.bot.bot


async def test_reactions_are_added_and_removed(slack: LocalSlack, client: Client) -> None:
    channel = slack.channel("general").id
    ts = await slack.say("ada", "general", "look")
    await client.reactions_add(channel=channel, timestamp=ts, name="eyes")
    assert slack.messages("general")[0].reactions == {"eyes": (slack.bot.id,)}
    await client.reactions_remove(channel=channel, timestamp=ts, name="eyes")
    assert slack.messages("general")[0].reactions == {}


async def test_a_status_stands_until_the_bot_speaks(slack: LocalSlack, client: Client) -> None:
    channel = slack.channel("general").id
    root = await slack.say("ada", "general", "hm?")
    await client.assistant_threads_setStatus(channel_id=channel, thread_ts=root, status="is thinking…")
    assert slack.status("general", root) == "is thinking…"
    await client.chat_postMessage(channel=channel, thread_ts=root, text="so")
    assert slack.status("general", root) is None


async def test_a_direct_conversation_is_opened(slack: LocalSlack, client: Client) -> None:
    slack.scopes.update({"im:write", "mpim:write"})
    ada, grace = slack.user("ada").id, slack.user("grace").id
    assert (await client.conversations_open(users=ada))["channel"]["id"] == slack.direct_channel("ada")
    group = await client.conversations_open(users=[ada, grace])
    assert group["channel"]["id"] == slack.group(("ada", "grace"))


async def test_a_home_is_published_and_a_link_is_given(slack: LocalSlack, client: Client) -> None:
    ada = slack.user("ada")
    await client.views_publish(user_id=ada.id, view={"type": "home", "blocks": MARKDOWN})
    assert [(view.user, view.view["blocks"]) for view in slack.context.views] == [(ada.id, MARKDOWN)]
    ts = await slack.say("ada", "general", "here")
    channel = slack.channel("general").id
    link = (await client.chat_getPermalink(channel=channel, message_ts=ts))["permalink"]
    assert link == f"{slack.url}/archives/{channel}/p{ts.replace('.', '')}"


async def test_links_unfurl_unless_the_post_and_every_edit_say_no(slack: LocalSlack, client: Client) -> None:
    channel, text = slack.channel("general").id, "see https://example.com/secret"
    off = {"unfurl_links": False, "unfurl_media": False}
    await client.chat_postMessage(channel=channel, text=text)
    quiet = (await client.chat_postMessage(channel=channel, text=text, **off))["ts"]
    loud, silent = slack.messages("general")
    assert (loud.unfurls, silent.unfurls) == (("https://example.com/secret",), ())
    await client.chat_update(channel=channel, ts=quiet, text=text, parse="none")
    assert slack.messages("general")[1].unfurls == ()
    await client.chat_update(channel=channel, ts=quiet, text=text)
    assert slack.messages("general")[1].unfurls == ("https://example.com/secret",)


async def test_pings_are_found_in_text_and_in_blocks(slack: LocalSlack, client: Client) -> None:
    blocks = [{"type": "markdown", "text": "<!channel> and <@U0LOCAL0007>"}]
    await client.chat_postMessage(channel="general", text="<!subteam^S1|ops>", blocks=blocks)
    assert slack.messages("general")[0].pings == ("!subteam^S1", "!channel", "@U0LOCAL0007")


async def test_calls_are_written_down_without_their_tokens(slack: LocalSlack, client: Client) -> None:
    await client.chat_postMessage(channel="general", text="hi")
    await client.api_call("auth.test", params={"token": slack.bot_token})
    posted, tested = slack.calls
    assert (posted.method, posted.outcome, posted.args["text"]) == ("chat.postMessage", "ok", "hi")
    assert posted.answered_at is not None
    assert posted.at <= posted.answered_at
    assert tested.args == {}


async def test_a_token_may_come_as_an_argument_and_is_not_written_down(
    slack: LocalSlack, session: aiohttp.ClientSession
) -> None:
    async with session.post(f"{slack.api_url}auth.test", data={"token": slack.bot_token}) as response:
        assert (await response.json())["user_id"] == slack.bot.id
    assert slack.calls[-1].args == {}


async def test_an_edit_keeps_metadata_unless_it_brings_other(slack: LocalSlack, client: Client) -> None:
    metadata = [{"event_type": "answer", "event_payload": {"turn": number}} for number in "12"]
    post = await client.chat_postMessage(channel="general", text="x", metadata=metadata[0])
    place = {"channel": post["channel"], "ts": post["ts"]}
    for given, kept in ((None, metadata[0]), (metadata[1], metadata[1]), ({}, None)):
        await client.chat_update(**place, text="y", metadata=given)
        assert slack.messages("general")[0].metadata == kept


async def test_a_broadcast_reply_stands_in_the_channel_and_in_the_thread(slack: LocalSlack, client: Client) -> None:
    channel = slack.channel("general").id
    root = await slack.say("ada", "general", "root")
    await client.chat_postMessage(channel=channel, thread_ts=root, text="quietly")
    loud = await client.chat_postMessage(channel=channel, thread_ts=root, text="aloud", reply_broadcast=True)
    assert loud["message"]["subtype"] == "thread_broadcast"
    history = await client.conversations_history(channel=channel)
    assert [message["ts"] for message in history["messages"]] == [loud["ts"], root]
    assert [reply.body for reply in slack.replies("general", root)] == ["quietly", "aloud"]


def test_times_rise_even_within_one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    stamps = Stamps()
    monkeypatch.setattr(time, "time_ns", lambda: 1_700_000_000_000_100_000)
    assert [stamps.next() for _ in range(3)] == ["1700000000.000100", "1700000000.000101", "1700000000.000102"]
    monkeypatch.setattr(time, "time_ns", lambda: 1_600_000_000_000_000_000)
    assert stamps.next() == "1700000000.000103"
