"""What the playground's page asks for: what each person may see, what they do, and who is turned away."""

from typing import Any

import aiohttp
import pytest
from yarl import URL

from bot.slack.local import LocalSlack
from tests.local_slack.bots import Client
from tests.local_slack.receiver import Receiver

CSP = "default-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self' ws:"


async def state(slack: LocalSlack, session: aiohttp.ClientSession, who: str | None = None) -> dict[str, Any]:
    viewer = f"?as={slack.user(who).id}" if who else ""
    async with session.get(f"{slack.url}/play/state{viewer}") as response:
        assert response.status == 200
        return await response.json()


async def act(slack: LocalSlack, session: aiohttp.ClientSession, what: str, who: str, **wanted: Any) -> dict[str, Any]:
    body = {"as": slack.user(who).id, **wanted}
    async with session.post(f"{slack.url}/play/{what}", json=body) as response:
        answer: dict[str, Any] = await response.json()
        assert answer["ok"] == (response.status == 200)
        return answer


async def test_the_state_is_as_the_page_expects_it(
    slack: LocalSlack, session: aiohttp.ClientSession, client: Client
) -> None:
    general = slack.channel("general").id
    root = await slack.say("ada", "general", "*hello* @skein <b>")
    await client.chat_postMessage(channel=general, thread_ts=root, text="hi")
    await slack.react("grace", "general", root, "eyes")
    await client.assistant_threads_setStatus(channel_id=general, thread_ts=root, status="is thinking…")
    told = await state(slack, session, "ada")
    assert told["team"]["id"] == slack.team_id
    assert told["bot"] == {"id": slack.bot.id, "name": "skein"}
    assert told["model_note"] is None
    ada = slack.user("ada")
    assert told["people"][0] == {"id": ada.id, "name": "Ada", "initials": "AL", "color": ada.color}
    by_name = {channel["name"]: channel for channel in told["channels"]}
    assert [by_name[name]["type"] for name in ("general", "plans", "skein")] == ["channel", "private", "im"]
    assert (by_name["general"]["bot_in"], by_name["random"]["bot_in"]) == (True, False)
    message, reply = told["messages"]
    assert message["html"] == message["html"].replace("<b>", "")
    assert (message["ts"], message["thread_ts"], message["name"], message["is_bot"]) == (root, None, "Ada", False)
    assert (message["reply_count"], message["status"]) == (1, "is thinking…")
    assert message["reactions"] == [{"name": "eyes", "users": [slack.user("grace").id]}]
    assert (reply["thread_ts"], reply["is_bot"], reply["edited"], reply["status"]) == (root, True, False, None)


async def test_a_note_is_passed_on(session: aiohttp.ClientSession) -> None:
    async with LocalSlack.open(note="An offline model answers.") as slack:
        assert (await state(slack, session))["model_note"] == "An offline model answers."


async def test_nobody_sees_what_is_not_theirs(slack: LocalSlack, session: aiohttp.ClientSession) -> None:
    slack.add_channel("secret", "group", ["ada"])
    await slack.say("ada", "secret", "ours")
    await slack.direct("ada", "mine")
    await slack.say("ada", "general", "everybody's")

    def said(told: dict[str, Any]) -> list[str]:
        assert {message["channel"] for message in told["messages"]} <= {channel["id"] for channel in told["channels"]}
        return [message["html"] for message in told["messages"]]

    assert len(said(await state(slack, session, "ada"))) == 3
    for told in (await state(slack, session, "grace"), await state(slack, session)):
        (only,) = said(told)
        assert "everybody" in only
        assert slack.direct_channel("ada") not in {channel["id"] for channel in told["channels"]}


async def test_what_happens_is_pushed_to_those_who_may_see_it(
    slack: LocalSlack, session: aiohttp.ClientSession, client: Client
) -> None:
    address = slack.url.replace("http", "ws")
    general = slack.channel("general").id
    async with (
        session.ws_connect(f"{address}/play/live?as={slack.user('ada').id}") as adas,
        session.ws_connect(f"{address}/play/live?as={slack.user('grace').id}") as graces,
    ):
        await slack.direct("ada", "mine")
        assert "mine" in (await adas.receive_json())["message"]["html"]
        post = await client.chat_postMessage(channel=general, text="one")
        for page in (adas, graces):
            assert (await page.receive_json())["message"]["ts"] == post["ts"]
        await client.chat_update(channel=general, ts=post["ts"], text="two")
        changed = await adas.receive_json()
        assert (changed["type"], changed["message"]["edited"]) == ("message", True)
        await client.chat_postEphemeral(channel=general, user=slack.user("ada").id, text="only you")
        assert "only you" in (await adas.receive_json())["message"]["html"]
        await client.chat_delete(channel=general, ts=post["ts"])
        gone = {"type": "deleted", "channel": general, "ts": post["ts"]}
        assert await adas.receive_json() == gone
        assert (await graces.receive_json())["message"]["edited"]
        assert await graces.receive_json() == gone
        opened = slack.group(("ada", "grace"))
        pushed = await graces.receive_json()
        assert (pushed["type"], pushed["channel"]["id"], pushed["channel"]["type"]) == ("channel", opened, "mpim")


async def test_a_reply_brings_its_root_up_to_date(slack: LocalSlack, session: aiohttp.ClientSession) -> None:
    root = await slack.say("ada", "general", "root")
    async with session.ws_connect(f"{slack.url.replace('http', 'ws')}/play/live") as page:
        await slack.say("grace", "general", "reply", root)
        pushed = [(await page.receive_json())["message"] for _ in range(2)]
        assert [(message["thread_ts"], message["reply_count"]) for message in pushed] == [(root, 0), (None, 1)]


async def test_a_person_acts_on_the_page(
    slack: LocalSlack, session: aiohttp.ClientSession, client: Client, receiver: Receiver
) -> None:
    general = slack.channel("general").id
    said = await act(slack, session, "say", "ada", channel=general, text="@skein hi", thread_ts=None)
    ts = said["ts"]
    await act(slack, session, "say", "grace", channel=general, text="me too", thread_ts=ts)
    await act(slack, session, "edit", "ada", channel=general, ts=ts, text="changed")
    await act(slack, session, "react", "grace", channel=general, ts=ts, name="eyes")
    assert slack.messages("general")[0].reactions == {"eyes": (slack.user("grace").id,)}
    await act(slack, session, "react", "grace", channel=general, ts=ts, name="eyes")
    message, reply = slack.messages("general")
    assert (message.text, message.edited, dict(message.reactions), reply.thread_ts) == ("changed", True, {}, ts)
    await act(slack, session, "delete", "grace", channel=general, ts=reply.ts)
    assert len(slack.messages("general")) == 1
    stop = {"type": "button", "action_id": "stop", "text": {"type": "plain_text", "text": "Stop"}, "value": "7"}
    blocks = [{"type": "actions", "elements": [stop]}]
    post = await client.chat_postMessage(channel=general, text="x", blocks=blocks)
    button = slack.messages("general")[1].buttons[0]
    clicked = {"ts": post["ts"], "action_id": "stop", "block_id": button.block_id, "value": "7"}
    await act(slack, session, "click", "ada", channel=general, **clicked)
    await slack.until(lambda: receiver.payloads and receiver.payloads[-1]["type"] == "block_actions")
    assert receiver.payloads[-1]["actions"][0]["value"] == "7"


async def test_what_slack_would_not_allow_is_refused_in_words(
    slack: LocalSlack, session: aiohttp.ClientSession
) -> None:
    ts = await slack.direct("ada", "mine")
    channel = slack.direct_channel("ada")
    for what, wanted in {
        "say": {"text": "let me in"},
        "react": {"ts": ts, "name": "eyes"},
        "delete": {"ts": ts},
        "edit": {"ts": ts, "text": "x"},
        "click": {"ts": ts, "action_id": "stop"},
    }.items():
        answer = await act(slack, session, what, "grace", channel=channel, **wanted)
        assert "not a member" in answer["error"]
    assert "bot" in (await act(slack, session, "say", "skein", channel=channel, text="I am the bot"))["error"]
    async with session.post(f"{slack.url}/play/say", data="{") as response:
        assert response.status == 400
    for path in ("state", "live"):
        async with session.get(f"{slack.url}/play/{path}?as=U0NOBODY") as response:
            assert response.status == 400
    assert [seen.body for seen in slack.messages(channel)] == ["mine"]


PATHS = ["/", "/page/app.js", "/play/state", "/play/live"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "[::2]:80"])
async def test_a_foreign_host_is_turned_away(
    slack: LocalSlack, session: aiohttp.ClientSession, path: str, host: str
) -> None:
    async with session.get(f"{slack.url}{path}", headers={"Host": host}) as response:
        assert response.status == 403


@pytest.mark.parametrize("host", ["127.0.0.1:1", "localhost:1", "localhost", "[::1]:1"])
async def test_this_machines_own_names_are_welcome(
    slack: LocalSlack, session: aiohttp.ClientSession, host: str
) -> None:
    async with session.get(f"{slack.url}/play/state", headers={"Host": host}) as response:
        assert response.status == 200


async def test_a_foreign_page_can_neither_act_nor_listen(slack: LocalSlack, session: aiohttp.ClientSession) -> None:
    body = {"as": slack.user("ada").id, "channel": slack.channel("general").id, "text": "forged"}
    for origin in ("http://evil.example", "http://127.0.0.1:1", "null", slack.url.replace("http", "https")):
        async with session.post(f"{slack.url}/play/say", json=body, headers={"Origin": origin}) as response:
            assert response.status == 403
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(f"{slack.url}/play/live", origin=origin)
    assert slack.messages("general") == []
    async with session.post(f"{slack.url}/play/say", json=body, headers={"Origin": slack.url}) as response:
        assert response.status == 200


async def test_the_page_and_its_files_are_served_and_nothing_else(
    slack: LocalSlack, session: aiohttp.ClientSession
) -> None:
    async with session.get(f"{slack.url}/") as response:
        assert response.status == 200
        assert response.headers["Content-Security-Policy"] == CSP
        assert "<html" in await response.text()
    for path in ("/page/../slack.py", "/page/%2e%2e/slack.py", "/page/..%2fslack.py", "/page//etc/passwd", "/page/no"):
        async with session.get(URL(f"{slack.url}{path}", encoded=True)) as response:
            assert response.status == 404
