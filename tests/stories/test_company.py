"""The bot among several people: it knows what they said, and tells what is for it from what is not."""

from collections.abc import Generator
from contextlib import contextmanager

import pytest

from bot.script import Say, Wire
from bot.slack.local import Fault, LocalSlack
from tests.stage import Model, OpenBot
from tests.stories.speech import answered, bodies, echo, quiet


def heard(model: Model) -> list[str]:
    """What people said, as the model was sent it last."""
    return [str(message["content"]) for message in model.server.requests[-1]["messages"] if message["role"] == "user"]


async def test_called_into_a_thread_it_knows_what_was_said_there_and_by_whom(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    model.script = echo
    ts = await slack.say("ada", "general", "The build is red, @grace.")
    await slack.say("grace", "general", "It is the network.", thread=ts)
    await slack.bot_says("general", "Build 7 failed.", thread_ts=ts)
    async with start():
        await slack.say("ada", "general", "@skein what is wrong?", thread=ts)
        await answered(slack, "general", ts, "4: what is wrong?")
    assert heard(model) == [
        "Ada: The build is red, @Grace.",
        "Grace: It is the network.",
        "weather (bot): Build 7 failed.",
        "Ada: what is wrong?",
    ]


async def test_it_knows_what_people_said_to_each_other_in_between(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    model.script = echo
    async with start():
        ts = await slack.say("ada", "general", "@skein one")
        await answered(slack, "general", ts, "1: one")
        await slack.say("ada", "general", "@grace is that right?", thread=ts)
        await quiet(slack)
        await slack.say("grace", "general", "It is not.", thread=ts)
        await quiet(slack)
        await slack.say("ada", "general", "@skein she says no", thread=ts)
        await answered(slack, "general", ts, "1: one", "5: she says no")
    assert heard(model) == ["Ada: one", "Ada: @Grace is that right?", "Grace: It is not.", "Ada: she says no"]


async def test_what_was_read_in_is_remembered_and_not_read_again(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    model.script = echo
    ts = await slack.say("ada", "general", "Tea at four.")
    async with start():
        await slack.say("ada", "general", "@skein when?", thread=ts)
        await answered(slack, "general", ts, "2: when?")
        await slack.say("ada", "general", "and where?", thread=ts)
        await answered(slack, "general", ts, "2: when?", "4: and where?")
    assert sum(call.method == "conversations.replies" for call in slack.calls) == 1


async def test_of_a_long_thread_the_newest_part_is_known(
    slack: LocalSlack, model: Model, start: OpenBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.room.PAGE", 50)
    model.script = lambda _: Say("Yes.")
    ts = await slack.say("ada", "general", "first words")
    for number in range(120):
        await slack.say("ada", "general", f"{number} {'word ' * 120}", thread=ts)
    async with start():
        await slack.say("ada", "general", "@skein have you read it?", thread=ts)
        await answered(slack, "general", ts, "Yes.")
    told = heard(model)
    assert told[0].startswith("[what was said before this is left out]\n")
    assert told[-2].startswith("119 word")
    assert "first words" not in str(told)
    assert sum(len(text) for text in told) < 30_000


@pytest.mark.parametrize("why", ["scope", "limit"])
async def test_where_the_thread_cannot_be_read_it_answers_and_says_so_once(
    slack: LocalSlack, model: Model, start: OpenBot, why: str
) -> None:
    model.script = echo
    if why == "scope":
        slack.fail("conversations.replies", Fault(error="missing_scope"), times=9)
    else:
        slack.fail("conversations.replies", Fault(retry_after=60), times=9)
    ts = await slack.say("grace", "general", "Tea at four.")
    async with start():
        await slack.say("ada", "general", "@skein when?", thread=ts)
        await answered(slack, "general", ts, "1: when?\nI could not read what was said here before")
        await slack.bot_says("general", "Ping.", thread_ts=ts)
        await slack.say("ada", "general", "@skein and where?", thread=ts)
        await answered(slack, "general", ts, "1: when?\nI could not read what was said here before", "3: and where?")


async def test_without_their_names_people_have_their_ids(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    model.script = lambda _: Say("Yes.")
    slack.scopes.discard("users:read")
    ts = await slack.say("grace", "general", "Tea at four.")
    async with start():
        await slack.say("ada", "general", "@skein when?", thread=ts)
        await answered(slack, "general", ts, "Yes.")
    assert heard(model) == [f"{slack.user('grace').id}: Tea at four.", f"{slack.user('ada').id}: when?"]


async def test_once_two_people_talk_to_each_other_only_its_name_counts(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    model.script = echo
    async with start():
        ts = await slack.say("ada", "general", "@skein one")
        await answered(slack, "general", ts, "1: one")
        await slack.say("grace", "general", "two", thread=ts)
        await answered(slack, "general", ts, "1: one", "3: two")
        await slack.say("ada", "general", "@grace shall we go?", thread=ts)
        await quiet(slack)
        await slack.say("grace", "general", "Yes, let us.", thread=ts)
        await quiet(slack)
        await slack.say("ada", "general", "Skein, three", thread=ts)
        await slack.until(lambda: len(bodies(slack, "general", ts)) == 3)
    assert bodies(slack, "general", ts)[2] == "7: Skein, three"


async def test_who_is_called_by_name_is_meant(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    model.script = echo
    async with start():
        ts = await slack.say("grace", "general", "@skein one")
        await answered(slack, "general", ts, "1: one")
        await slack.say("ada", "general", "Grace, is that right?", thread=ts)
        await quiet(slack)
        await slack.say("ada", "general", "@skein two", thread=ts)
        await slack.until(lambda: len(bodies(slack, "general", ts)) == 2)
    assert bodies(slack, "general", ts)[1] == "4: two"


async def test_it_stays_out_when_it_is_told_to_and_comes_back(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    model.script = echo
    out = "I stay out of this thread now. Mention me when you want an answer, or write “come back”."
    async with start():
        ts = await slack.say("ada", "general", "@skein one")
        await answered(slack, "general", ts, "1: one")
        await slack.say("ada", "general", "@skein stay out of this thread, please", thread=ts)
        await answered(slack, "general", ts, "1: one", out)
        await slack.say("ada", "general", "It will rain.", thread=ts)
        await quiet(slack)
        await slack.say("ada", "general", "@skein two", thread=ts)
        await answered(slack, "general", ts, "1: one", out, "4: two")
        await slack.say("ada", "general", "Come back!", thread=ts)
        await answered(slack, "general", ts, "1: one", out, "4: two", "I am back.")
        await slack.say("ada", "general", "three", thread=ts)
        await slack.until(lambda: len(bodies(slack, "general", ts)) == 5)
    assert bodies(slack, "general", ts)[4] == "6: three"


async def test_a_small_model_judges_what_is_in_doubt(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    def script(messages: list[Wire]) -> Say:
        if "Does the last one ask" in str(messages[0]["content"]):
            return Say("Yes" if str(messages[-1]["content"]).endswith("what do you say?") else "No.")
        return echo(messages)

    model.script = script
    async with start(judge_model="openai:small"):
        ts = await slack.say("ada", "general", "@skein one")
        await answered(slack, "general", ts, "1: one")
        await slack.say("ada", "general", "@grace shall we?", thread=ts)
        await quiet(slack)
        await slack.say("grace", "general", "Let us ask.", thread=ts)
        await quiet(slack)
        await slack.say("grace", "general", "So what do you say?", thread=ts)
        await slack.until(lambda: len(bodies(slack, "general", ts)) == 2)
    assert bodies(slack, "general", ts)[1] == "5: So what do you say?"
    assert {request["model"] for request in model.server.requests} == {"scripted", "small"}


@contextmanager
def unheard(slack: LocalSlack) -> Generator[None, None, None]:
    """Of what is said meanwhile no event comes."""
    heard_of = set(slack.subscriptions)
    slack.subscriptions.clear()
    yield
    slack.subscriptions.update(heard_of)


async def test_a_mention_whose_event_was_lost_is_found_in_the_thread_and_answered_once(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    model.script = echo
    with unheard(slack):
        ts = await slack.say("ada", "general", "@skein one")
    async with start():
        await slack.say("ada", "general", "@skein two", thread=ts)
        await answered(slack, "general", ts, "1: two", "3: one")
        # Should its event come after all, it changes nothing.
        event = {"type": "app_mention", "channel": slack.channel("general").id, "user": slack.user("ada").id, "ts": ts}
        await slack.deliver(event | {"text": f"<@{slack.bot.id}> one"})
        await quiet(slack)
        await slack.say("ada", "general", "three", thread=ts)
        await answered(slack, "general", ts, "1: two", "3: one", "5: three")


async def test_what_was_said_since_the_mention_is_no_talk_of_others_while_its_event_may_come(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    model.script = echo
    with unheard(slack):
        ts = await slack.say("ada", "general", "@skein one")
        late = await slack.say("ada", "general", "and a half", thread=ts)
    place = {"channel": slack.channel("general").id, "channel_type": "channel", "user": slack.user("ada").id}
    async with start():
        await slack.say("ada", "general", "@skein two", thread=ts)
        await answered(slack, "general", ts, "1: two", "3: one")
        await slack.deliver(place | {"type": "message", "ts": late, "thread_ts": ts, "text": "and a half"})
        await answered(slack, "general", ts, "1: two", "3: one", "5: and a half")
