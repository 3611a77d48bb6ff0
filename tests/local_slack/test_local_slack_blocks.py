"""Slack's rules for blocks, at the wire."""

from typing import Any

import pytest

from bot.slack.local import LocalSlack
from tests.local_slack.bots import Client, refusal

Block = dict[str, Any]


def plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}


def section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def markdown(characters: int) -> Block:
    return {"type": "markdown", "text": "x" * characters}


def button(name: str, **more: Any) -> Block:
    return {"type": "button", "action_id": name, "text": plain("Go"), **more}


def actions(*elements: Block) -> Block:
    return {"type": "actions", "elements": list(elements)}


INVALID: dict[str, list[Block]] = {
    "an unknown type": [{"type": "carousel_of_doom"}],
    "no type": [{"text": "x"}],
    "51 blocks": [{"type": "divider"}] * 51,
    "a long section": [section("x" * 3_001)],
    "an empty section": [section("")],
    "a section of nothing": [{"type": "section"}],
    "a long field": [{"type": "section", "fields": [plain("x" * 2_001)]}],
    "eleven fields": [{"type": "section", "fields": [plain("x")] * 11}],
    "a long header": [{"type": "header", "text": plain("x" * 151)}],
    "a header in mrkdwn": [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}],
    "a context of eleven": [{"type": "context", "elements": [plain("x")] * 11}],
    "a context of none": [{"type": "context", "elements": []}],
    "26 buttons": [actions(*(button(f"b{number}") for number in range(26)))],
    "two buttons of one name": [actions(button("stop"), button("stop"))],
    "a button without a name": [actions({"type": "button", "text": plain("Go")})],
    "a button without text": [actions({"type": "button", "action_id": "stop"})],
    "a long button": [actions(button("stop", text=plain("x" * 76)))],
    "a long value": [actions(button("stop", value="x" * 2_001))],
    "a loud button": [actions(button("stop", style="rainbow"))],
    "an unknown element": [actions({"type": "lever", "action_id": "pull"})],
    "two blocks of one id": [{"type": "divider", "block_id": "a"}, {"type": "divider", "block_id": "a"}],
    "an empty id": [{"type": "divider", "block_id": ""}],
    "empty markdown": [markdown(0)],
    "12,001 characters of markdown together": [markdown(6_000), markdown(6_001)],
    "an image without words": [{"type": "image", "image_url": "https://example.com/a.png"}],
    "a table without rows": [{"type": "table", "rows": []}],
    "six things below": [{"type": "context_actions", "elements": [button(f"b{number}") for number in range(6)]}],
    "half a feedback": [
        {"type": "context_actions", "elements": [{"type": "feedback_buttons", "action_id": "f", "positive_button": {}}]}
    ],
    "an unknown state of a task": [{"type": "task_card", "task_id": "1", "title": "x", "status": "lost"}],
    "a plan whose task has no title": [{"type": "plan", "title": "x", "tasks": [{"task_id": "1"}]}],
}


@pytest.mark.parametrize("what", INVALID)
async def test_slack_refuses(what: str, slack: LocalSlack, client: Client) -> None:
    answer = await refusal(client, "chat.postMessage", channel="general", text="x", blocks=INVALID[what])
    assert answer["error"] == "invalid_blocks"
    assert "[json-pointer:/blocks" in answer["errors"][0]
    assert slack.messages("general") == []


async def test_a_message_at_every_limit_is_taken(slack: LocalSlack, client: Client) -> None:
    blocks: list[Block] = [
        section("x" * 3_000),
        markdown(6_000),
        markdown(6_000),
        {"type": "header", "text": plain("x" * 150)},
        {"type": "context", "elements": [plain("x")] * 10},
        actions(*(button(f"b{number}", text=plain("x" * 75), value="x" * 2_000) for number in range(25))),
        *[{"type": "divider"}] * 44,
    ]
    await client.chat_postMessage(channel="general", text="x", blocks=blocks)
    (message,) = slack.messages("general")
    assert len(message.blocks) == 50
    assert len({block["block_id"] for block in message.blocks}) == 50
    assert len(message.buttons) == 25


async def test_an_edit_is_held_to_the_same_rules(slack: LocalSlack, client: Client) -> None:
    post = await client.chat_postMessage(channel="general", text="x")
    answer = await refusal(
        client, "chat.update", channel=post["channel"], ts=post["ts"], text="x", blocks=[markdown(12_001)]
    )
    assert answer["error"] == "invalid_blocks"
    assert slack.messages("general")[0].text == "x"


async def test_what_people_read_is_every_block_but_the_buttons(slack: LocalSlack, client: Client) -> None:
    blocks: list[Block] = [
        {"type": "header", "text": plain("Weather")},
        markdown(3),
        {"type": "divider"},
        {"type": "table", "rows": [[{"type": "raw_text", "text": "a"}, {"type": "raw_text", "text": "b"}]]},
        {"type": "task_card", "task_id": "1", "title": "Searching", "status": "in_progress"},
        {"type": "context", "elements": [plain("status"), {"type": "mrkdwn", "text": "line"}]},
        actions(button("stop", text=plain("Stop"))),
    ]
    await client.chat_postMessage(channel="general", text="fallback", blocks=blocks)
    (message,) = slack.messages("general")
    assert message.body == "Weather\nxxx\na | b\nSearching\nstatus line"
    assert message.markdown == "xxx"
    assert [(button.label, button.action_id) for button in message.buttons] == [("Stop", "stop")]
