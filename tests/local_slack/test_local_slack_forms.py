"""Forms: how a bot opens one, what Slack refuses of it, and what comes of it when it is sent."""

from datetime import timedelta
from typing import Any

import pytest

from bot.slack.local import LocalSlack
from bot.slack.local.modals import TROUBLE
from bot.slack.local.refusal import Impossible
from tests.local_slack.bots import Client, refused
from tests.local_slack.receiver import Receiver


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def field(name: str, kind: str, **more: Any) -> dict[str, Any]:
    element = {"type": kind, "action_id": name, **more}
    return {"type": "input", "block_id": name, "label": plain(name), "element": element, "optional": name != "name"}


CHOICES = [{"text": plain(name), "value": name} for name in ("one", "two")]
FORM: dict[str, Any] = {
    "type": "modal",
    "callback_id": "form",
    "title": plain("Form"),
    "submit": plain("Send"),
    "blocks": [
        field("name", "plain_text_input", max_length=5),
        field("which", "static_select", options=CHOICES, initial_option=CHOICES[1]),
        field("several", "multi_static_select", options=CHOICES, initial_options=CHOICES),
    ],
}


async def trigger(slack: LocalSlack, receiver: Receiver) -> str:
    """Somebody chose a shortcut in a message's menu."""
    ts = await slack.say("ada", "general", "hello")
    await slack.shortcut("ada", "general", ts, "shortcut")
    await slack.until(lambda: not slack.unacknowledged)
    payload = receiver.payloads[-1]
    assert (payload["type"], payload["callback_id"], payload["message_ts"]) == ("message_action", "shortcut", ts)
    return str(payload["trigger_id"])


async def test_what_is_filled_in_reaches_the_bot(slack: LocalSlack, client: Client, receiver: Receiver) -> None:
    await client.views_open(trigger_id=await trigger(slack, receiver), view=FORM)
    await slack.submit("ada", {"name": "Ada", "several": []})
    await slack.until(lambda: slack.modal("ada") is None)
    sent = receiver.payloads[-1]
    assert (sent["type"], sent["user"]["id"], sent["view"]["callback_id"]) == (
        "view_submission",
        slack.user("ada").id,
        "form",
    )
    values = sent["view"]["state"]["values"]
    assert values["name"]["name"]["value"] == "Ada"
    assert values["which"]["which"]["selected_option"] == CHOICES[1]
    assert values["several"]["several"]["selected_options"] == []


async def test_what_is_wrong_is_said_and_the_form_stays(slack: LocalSlack, client: Client, receiver: Receiver) -> None:
    await client.views_open(trigger_id=await trigger(slack, receiver), view=FORM)
    receiver.answer = {"response_action": "errors", "errors": {"name": "Not that one."}}
    await slack.submit("ada", {"name": "Ada"})
    errors = await slack.until(lambda: (modal := slack.modal("ada")) and modal.errors)
    assert errors == {"name": "Not that one."}
    receiver.answer = {"response_action": "update", "view": {**FORM, "title": plain("Other")}}
    await slack.submit("ada", {"name": "Bob"})
    await slack.until(lambda: (modal := slack.modal("ada")) and modal.view["title"] == plain("Other"))
    await slack.dismiss("ada")
    assert slack.modal("ada") is None


async def test_a_bot_that_does_not_answer_leaves_it_open(slack: LocalSlack, client: Client, receiver: Receiver) -> None:
    await client.views_open(trigger_id=await trigger(slack, receiver), view=FORM)
    slack.set_retry([], ack_timeout=timedelta(milliseconds=50))
    receiver.ignore = 1
    await slack.submit("ada", {"name": "Ada"})
    errors = await slack.until(lambda: (modal := slack.modal("ada")) and modal.errors)
    assert errors == {"": TROUBLE}


@pytest.mark.parametrize(
    "values",
    [{}, {"name": "longer"}, {"name": "Ada", "which": "three"}, {"name": "Ada", "other": "x"}],
)
async def test_people_cannot_send_what_the_form_does_not_take(
    slack: LocalSlack, client: Client, receiver: Receiver, values: dict[str, Any]
) -> None:
    with pytest.raises(Impossible):
        await slack.submit("ada", values)
    await client.views_open(trigger_id=await trigger(slack, receiver), view=FORM)
    with pytest.raises(Impossible):
        await slack.submit("ada", values)


@pytest.mark.parametrize(
    "changes",
    [
        {"title": plain("x" * 25)},
        {"submit": None},
        {"private_metadata": "x" * 3_001},
        {"blocks": [field("name", "plain_text_input", initial_value="x" * 3_001)]},
        {"blocks": [field("which", "static_select", options=[])]},
        {"blocks": [field("which", "checkboxes", options=CHOICES, initial_options=[])]},
        {"blocks": [field("which", "static_select", options=CHOICES, initial_option={**CHOICES[0], "value": "x"})]},
        {"blocks": [field("which", "slider")]},
    ],
)
async def test_a_form_that_slack_does_not_take(
    slack: LocalSlack, client: Client, receiver: Receiver, changes: dict[str, Any]
) -> None:
    view = {name: value for name, value in {**FORM, **changes}.items() if value is not None}
    opened = await refused(client, "views.open", trigger_id=await trigger(slack, receiver), view=view)
    assert opened == "invalid_arguments"
    assert slack.modal("ada") is None
