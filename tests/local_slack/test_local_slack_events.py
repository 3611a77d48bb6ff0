"""The events that the bot hears, as Slack words them, and the ones it does not hear."""

from typing import Any

import pytest

from bot.slack.local import LocalSlack, methods_surfaces
from tests.local_slack.bots import Client, refused
from tests.local_slack.receiver import Receiver


async def heard(slack: LocalSlack, receiver: Receiver) -> list[dict[str, Any]]:
    """Everything since the last look."""
    await slack.until(lambda: not slack.unacknowledged)
    events = receiver.events
    receiver.envelopes.clear()
    return events


@pytest.mark.parametrize(
    ("where", "kind"), [("general", "channel"), ("plans", "group"), ("ada", "im"), ("both", "mpim")]
)
async def test_a_message_says_where_it_was_said(slack: LocalSlack, receiver: Receiver, where: str, kind: str) -> None:
    channel = {"ada": slack.direct_channel("ada"), "both": slack.group(("ada", "grace"))}.get(where, where)
    ts = await slack.say("ada", channel, "hello")
    (event,) = await heard(slack, receiver)
    assert (event["type"], event["channel_type"], event["ts"], event["event_ts"]) == ("message", kind, ts, ts)
    assert event["user"] == slack.user("ada").id
    assert event["team"] == slack.team_id
    assert event["client_msg_id"]
    assert event["blocks"][0]["elements"][0]["elements"] == [{"type": "text", "text": "hello"}]
    assert "subtype" not in event
    assert "thread_ts" not in event


async def test_a_reply_names_its_root_and_whose_it_is(slack: LocalSlack, receiver: Receiver) -> None:
    root = await slack.say("ada", "general", "root")
    reply = await slack.say("grace", "general", "reply", root)
    await slack.say("ada", "general", "reply to the reply", thread=reply)
    _, first, second = await heard(slack, receiver)
    assert (first["thread_ts"], first["parent_user_id"]) == (root, slack.user("ada").id)
    assert second["thread_ts"] == root


async def test_a_mention_comes_twice_in_either_order(slack: LocalSlack, receiver: Receiver) -> None:
    orders: list[list[str]] = []
    for _ in range(2):
        ts = await slack.say("ada", "general", "@skein hello")
        events = await heard(slack, receiver)
        assert {event["ts"] for event in events} == {ts}
        assert {event["text"] for event in events} == {f"<@{slack.bot.id}> hello"}
        orders.append([event["type"] for event in events])
    assert orders == [["message", "app_mention"], ["app_mention", "message"]]
    slack.set_mention_order(mention_first=True)
    for _ in range(2):
        await slack.say("ada", "general", "@skein hello")
        assert [event["type"] for event in await heard(slack, receiver)] == ["app_mention", "message"]


async def test_a_mention_has_two_event_ids_and_no_channel_type(slack: LocalSlack, receiver: Receiver) -> None:
    slack.set_mention_order(mention_first=False)
    await slack.say("ada", "general", "@skein hello")
    await slack.until(lambda: not slack.unacknowledged)
    assert len({payload["event_id"] for payload in receiver.payloads}) == 2
    assert "channel_type" not in receiver.events[1]


async def test_in_a_direct_message_a_mention_is_a_message_alone(slack: LocalSlack, receiver: Receiver) -> None:
    await slack.direct("ada", "@skein hello")
    assert [event["type"] for event in await heard(slack, receiver)] == ["message"]


async def test_where_the_bot_is_not_a_member_it_hears_nothing(slack: LocalSlack, receiver: Receiver) -> None:
    await slack.say("ada", "random", "@skein can you hear me")
    assert await heard(slack, receiver) == []
    await slack.join("skein", "random")
    await slack.say("ada", "random", "and now")
    joined, message = await heard(slack, receiver)
    assert (joined["subtype"], message["text"]) == ("channel_join", "and now")


async def test_own_posts_and_edits_come_back(slack: LocalSlack, client: Client, receiver: Receiver) -> None:
    channel = slack.channel("general").id
    post = await client.chat_postMessage(channel=channel, text=f"I am <@{slack.bot.id}>")
    await client.chat_update(channel=channel, ts=post["ts"], text="two")
    await client.chat_delete(channel=channel, ts=post["ts"])
    echo, changed, deleted = await heard(slack, receiver)
    assert (echo["bot_id"], echo["app_id"], echo["user"]) == (slack.bot.bot, slack.bot.app, slack.bot.id)
    assert (changed["subtype"], changed["message"]["text"], changed["hidden"]) == ("message_changed", "two", True)
    assert changed["message"]["edited"]["user"] == slack.bot.id
    assert changed["previous_message"]["text"] == echo["text"]
    assert (deleted["subtype"], deleted["deleted_ts"]) == ("message_deleted", post["ts"])


async def test_a_person_edits_and_deletes(slack: LocalSlack, receiver: Receiver) -> None:
    ts = await slack.say("ada", "general", "one")
    await slack.edit("ada", "general", ts, "two <3")
    assert slack.messages("general")[0].edited
    await slack.delete("ada", "general", ts)
    _, changed, deleted = await heard(slack, receiver)
    assert (changed["message"]["text"], changed["message"]["ts"]) == ("two &lt;3", ts)
    assert (deleted["deleted_ts"], deleted["previous_message"]["user"]) == (ts, slack.user("ada").id)
    assert slack.messages("general") == []


async def test_a_deleted_root_leaves_a_tombstone(slack: LocalSlack, client: Client, receiver: Receiver) -> None:
    root = await slack.say("ada", "general", "root")
    reply = await slack.say("grace", "general", "reply", root)
    await slack.delete("ada", "general", root)
    *_, changed = await heard(slack, receiver)
    assert (changed["subtype"], changed["message"]["subtype"]) == ("message_changed", "tombstone")
    told = await client.conversations_replies(channel=slack.channel("general").id, ts=root)
    assert [message["ts"] for message in told["messages"]] == [root, reply]
    assert told["messages"][0]["text"] == "This message was deleted."


async def test_files_and_broadcasts_have_their_subtypes(slack: LocalSlack, receiver: Receiver) -> None:
    root = await slack.say("ada", "general", "", files=["plan.pdf"])
    await slack.say("ada", "general", "look", root, broadcast=True)
    shared, broadcast = await heard(slack, receiver)
    assert (shared["subtype"], shared["files"][0]["name"]) == ("file_share", "plan.pdf")
    assert (broadcast["subtype"], broadcast["root"]["ts"]) == ("thread_broadcast", root)


async def test_another_bot_has_a_bot_id_and_no_subtype(slack: LocalSlack, receiver: Receiver) -> None:
    await slack.bot_says("general", "@skein it rains")
    events = await heard(slack, receiver)
    assert [event["type"] for event in events] == ["message", "app_mention"]
    assert all(event["bot_id"] and event["bot_id"] != slack.bot.bot for event in events)
    assert all("subtype" not in event for event in events)


async def test_only_what_is_subscribed_arrives(slack: LocalSlack, receiver: Receiver) -> None:
    ts = await slack.say("ada", "general", "hello")
    await heard(slack, receiver)
    await slack.react("ada", "general", ts, "eyes")
    assert await heard(slack, receiver) == []
    slack.subscriptions.update({"reaction_added", "reaction_removed", "member_joined_channel"})
    await slack.react("grace", "general", ts, "eyes")
    await slack.react("grace", "general", ts, "eyes", added=False)
    await slack.open_home("ada", "home")
    slack.add_user("lin")
    slack.subscriptions.discard("message.channels")
    await slack.say("ada", "general", "unheard")
    added, removed, home, line, joined = await heard(slack, receiver)
    assert (added["type"], added["item"]["ts"], added["item_user"]) == ("reaction_added", ts, slack.user("ada").id)
    assert removed["type"] == "reaction_removed"
    assert (home["tab"], home["channel"]) == ("home", slack.direct_channel("ada"))
    assert line["subtype"] == "channel_join"
    assert (joined["type"], joined["user"]) == ("member_joined_channel", slack.user("lin").id)


async def test_any_event_can_be_sent_as_often_as_wanted(slack: LocalSlack, receiver: Receiver) -> None:
    assert await slack.deliver({"type": "nonsense"}, event_id="Ev1", times=3) == "Ev1"
    assert await heard(slack, receiver) == [{"type": "nonsense"}] * 3


async def test_a_click_brings_the_message_and_what_was_clicked(
    slack: LocalSlack, client: Client, receiver: Receiver
) -> None:
    root = await slack.say("ada", "general", "root")
    stop = {"type": "button", "action_id": "stop", "text": {"type": "plain_text", "text": "Stop"}, "value": "7"}
    halves = {
        f"{name}_button": {"text": {"type": "plain_text", "text": name}, "value": name}
        for name in ("positive", "negative")
    }
    feedback = {"type": "feedback_buttons", "action_id": "feedback", **halves}
    blocks = [{"type": "actions", "elements": [stop]}, {"type": "context_actions", "elements": [feedback]}]
    answer = await client.chat_postMessage(channel="general", thread_ts=root, text="x", blocks=blocks)
    await heard(slack, receiver)
    await slack.click("grace", "general", str(answer["ts"]), "stop")
    await slack.click("grace", "general", str(answer["ts"]), "feedback", value="negative")
    await slack.until(lambda: not slack.unacknowledged)
    first, _ = receiver.payloads
    assert (first["type"], first["user"]["id"]) == ("block_actions", slack.user("grace").id)
    assert first["container"]["thread_ts"] == root
    assert first["message"]["ts"] == answer["ts"]
    assert first["actions"][0]["block_id"] == slack.replies("general", root)[0].buttons[0].block_id
    assert [payload["actions"][0]["value"] for payload in receiver.payloads] == ["7", "negative"]


async def test_a_trigger_opens_one_view_and_not_for_long(
    slack: LocalSlack, client: Client, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        await slack.command("grace", "general", "/skein")
    await slack.until(lambda: not slack.unacknowledged)
    first, second = [payload["trigger_id"] for payload in receiver.payloads]
    view: dict[str, Any] = {"type": "modal", "title": {"type": "plain_text", "text": "Form"}, "blocks": []}
    await client.views_open(trigger_id=first, view=view)
    assert [opened.user for opened in slack.context.views] == [slack.user("grace").id]
    assert await refused(client, "views.open", trigger_id=first, view=view) == "invalid_trigger_id"
    monkeypatch.setattr(methods_surfaces, "TRIGGER_LIFE_SECONDS", -1.0)
    assert await refused(client, "views.open", trigger_id=second, view=view) == "expired_trigger_id"


async def test_an_event_id_never_comes_again_in_another_slack() -> None:
    ids: list[str] = []
    for _ in range(2):
        async with LocalSlack.open() as slack:
            ids.append(await slack.deliver({"type": "pin_added"}))
    assert len(set(ids)) == 2
