"""Events come twice, late, unknown or malformed; each message is answered once."""

from typing import Any

import pytest

from bot.slack.local import LocalSlack
from tests.stage import Model
from tests.stories.speech import answered, bodies, echo, quiet

pytestmark = pytest.mark.usefixtures("bot")


@pytest.fixture(autouse=True)
def _the_model_echoes(model: Model) -> None:
    model.script = echo


def message(slack: LocalSlack, ts: str) -> dict[str, Any]:
    """A mention in #general, as Slack tells of it."""
    return {
        "type": "message",
        "channel": slack.channel("general").id,
        "channel_type": "channel",
        "user": slack.user("ada").id,
        "text": f"<@{slack.bot.id}> hello",
        "ts": ts,
        "client_msg_id": "0d2f6d4e-1111-4222-8333-444455556666",
    }


async def test_a_message_that_is_delivered_again_and_again_is_answered_once(slack: LocalSlack) -> None:
    ts = await slack.say("ada", "general", "@skein hello")
    for _ in range(3):
        await slack.deliver(message(slack, ts), event_id="Ev0REPEATED")
    await answered(slack, "general", ts, "1: hello")
    await slack.deliver(message(slack, ts), event_id="Ev0LATER")
    await quiet(slack)
    await slack.say("ada", "general", "again", thread=ts)
    await answered(slack, "general", ts, "1: hello", "3: again")


async def test_one_gesture_that_arrives_as_two_messages_is_answered_once(slack: LocalSlack) -> None:
    first = await slack.say("ada", "general", "nothing for the bot")
    second = await slack.say("ada", "general", "nothing for the bot either")
    await slack.deliver(message(slack, first))
    await answered(slack, "general", first, "1: hello")
    await slack.deliver(message(slack, second))
    await quiet(slack)
    ts = await slack.say("ada", "general", "@skein later")
    await answered(slack, "general", ts, "1: later")
    assert bodies(slack, "general", second) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "pin_added"},
        {"type": "message", "ts": "yesterday"},
        {"type": "message", "ts": None},
        {"type": "message", "channel": None},
        {"type": "message", "channel": {"id": "C1"}},
        {"type": "message", "user": 7},
        {"type": "message", "thread_ts": "1"},
        {"type": "message", "text": ["hello"]},
        {"type": "message", "subtype": "channel_topic"},
        {"type": "app_mention", "files": "none"},
    ],
)
async def test_what_makes_no_sense_is_acknowledged_and_harmless(slack: LocalSlack, changes: dict[str, Any]) -> None:
    await slack.deliver(message(slack, "1700000000.000100") | changes)
    await quiet(slack)
    ts = await slack.say("ada", "general", "@skein still well?")
    await answered(slack, "general", ts, "1: still well?")


async def test_the_bots_own_messages_are_no_questions(slack: LocalSlack) -> None:
    ts = await slack.say("ada", "general", "@skein one")
    await answered(slack, "general", ts, "1: one")
    await quiet(slack)
    await slack.say("ada", "general", "two", thread=ts)
    # Had the bot answered its own echo, the conversation would hold more than three messages.
    await answered(slack, "general", ts, "1: one", "3: two")
