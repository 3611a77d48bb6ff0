"""People write to the bot privately."""

import pytest

from bot.slack.local import LocalSlack
from bot.status import Note
from bot.words import SENTENCES
from tests.stage import Model
from tests.stories.speech import answered, bodies, echo

pytestmark = pytest.mark.usefixtures("bot")


@pytest.fixture(autouse=True)
def _the_model_echoes(model: Model) -> None:
    model.script = echo


async def test_a_direct_message_is_answered_beside_it_and_remembered(slack: LocalSlack) -> None:
    await slack.direct("ada", "one")
    channel = slack.direct_channel("ada")
    await answered(slack, channel, None, "1: one")
    await slack.direct("ada", "two")
    await answered(slack, channel, None, "1: one", "3: two")


async def test_a_direct_message_in_a_thread_is_answered_there(slack: LocalSlack) -> None:
    ts = await slack.direct("ada", "one")
    channel = slack.direct_channel("ada")
    await answered(slack, channel, None, "1: one")
    await slack.direct("ada", "two", thread=ts)
    await answered(slack, channel, ts, "1: two")
    await slack.direct("ada", "three")
    await answered(slack, channel, None, "1: one", "3: three")


async def test_new_topic_starts_the_conversation_afresh(slack: LocalSlack) -> None:
    channel = slack.direct_channel("ada")
    await slack.direct("ada", "one")
    await answered(slack, channel, None, "1: one")
    await slack.direct("ada", "New topic")
    fresh = SENTENCES[Note.FRESH_START]
    await answered(slack, channel, None, "1: one", fresh)
    await slack.direct("ada", "two")
    await answered(slack, channel, None, "1: one", fresh, "1: two")


async def test_one_persons_messages_never_show_in_anothers(slack: LocalSlack) -> None:
    await slack.direct("ada", "my secret")
    await answered(slack, slack.direct_channel("ada"), None, "1: my secret")
    await slack.direct("grace", "hello")
    await answered(slack, slack.direct_channel("grace"), None, "1: hello")
    assert bodies(slack, slack.direct_channel("ada")) == ["1: my secret"]
