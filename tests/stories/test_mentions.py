"""People mention the bot in channels, and go on in the thread."""

import pytest

from bot.app import Bot
from bot.slack.local import LocalSlack
from tests.stage import Model
from tests.stories.speech import answered, bodies, echo, quiet

pytestmark = pytest.mark.usefixtures("bot")


@pytest.fixture(autouse=True)
def _the_model_echoes(model: Model) -> None:
    model.script = echo


@pytest.mark.parametrize("channel", ["general", "plans"])
async def test_a_mention_is_answered_in_its_thread(slack: LocalSlack, channel: str) -> None:
    ts = await slack.say("ada", channel, "@skein hello")
    await answered(slack, channel, ts, "1: hello")
    assert bodies(slack, channel) == []


async def test_a_follow_up_in_the_thread_needs_no_mention(slack: LocalSlack) -> None:
    ts = await slack.say("ada", "general", "@skein one")
    await answered(slack, "general", ts, "1: one")
    await slack.say("grace", "general", "two", thread=ts)
    await answered(slack, "general", ts, "1: one", "3: two")


async def test_a_follow_up_that_addresses_somebody_else_is_left_alone(slack: LocalSlack) -> None:
    ts = await slack.say("ada", "general", "@skein one")
    await answered(slack, "general", ts, "1: one")
    await slack.say("ada", "general", "@grace what do you think?", thread=ts)
    await quiet(slack)
    await slack.say("ada", "general", "@grace and @skein, two", thread=ts)
    await slack.until(lambda: [body[:3] for body in bodies(slack, "general", ts)] == ["1: ", "4: "])


async def test_a_mention_in_the_middle_of_a_thread_works(slack: LocalSlack) -> None:
    ts = await slack.say("ada", "general", "Shall we?")
    await slack.say("grace", "general", "I do not know.", thread=ts)
    await slack.say("ada", "general", "@skein you?", thread=ts)
    await answered(slack, "general", ts, "3: you?")


async def test_what_is_not_addressed_to_the_bot_is_left_alone(slack: LocalSlack) -> None:
    top = await slack.say("ada", "general", "Good morning.")
    await slack.say("grace", "general", "Morning!", thread=top)
    await slack.bot_says("general", "@skein Deployed.")
    await quiet(slack)
    # The answer to a later mention shows that all before it was seen.
    ts = await slack.say("ada", "general", "@skein hello")
    await answered(slack, "general", ts, "1: hello")
    assert bodies(slack, "general", top) == []


async def test_a_group_message_is_like_a_channel(slack: LocalSlack) -> None:
    unaddressed = await slack.group_direct(("ada", "grace"), "Lunch?")
    channel = slack.messages(slack.group(("ada", "grace")))[0].channel
    ts = await slack.say("ada", channel, "@skein lunch?")
    await answered(slack, channel, ts, "1: lunch?")
    assert bodies(slack, channel, unaddressed) == []


async def test_a_mention_without_words_is_asked_for_some(slack: LocalSlack) -> None:
    ts = await slack.say("ada", "general", "@skein")
    await answered(slack, "general", ts, "Yes? Write your question in the same message as my name.")


async def test_the_bot_knows_who_it_is(bot: Bot, slack: LocalSlack) -> None:
    assert bot.identity.user == slack.bot.id
