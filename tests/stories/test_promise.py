"""Each message is answered once, whole and in order, whoever runs the bot at the moment."""

import asyncio
from collections.abc import Collection
from datetime import timedelta

import psycopg
import pytest

from bot.inbox import Inbox
from bot.script import Gate, Say, in_turn
from bot.slack.local import LocalSlack
from bot.status import Note
from bot.words import SENTENCES
from bot.worker import Limits
from tests.stage import QUICK, Model, OpenBot
from tests.stories.speech import answered, bodies, echo, echo_but_hold, quiet, text_of

pytestmark = pytest.mark.slow

SHORT = timedelta(seconds=1)
"""A lease that a test can wait for."""


def signs(slack: LocalSlack, thread: str) -> list[str]:
    """The texts of the messages in #general's thread that carry a reaction of the bot's."""
    return [said.body for said in slack.messages("general", thread) if (slack.bot.id,) in said.reactions.values()]


async def test_what_comes_meanwhile_is_seen_and_answered_in_one_turn(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    gate = Gate()
    model.script = echo_but_hold(gate)
    async with start():
        ts = await slack.say("ada", "general", "@skein one")
        await gate.reached()
        for text in ("two", "three", "four"):
            await slack.say("ada", "general", text, thread=ts)
        await slack.until(lambda: signs(slack, ts) == ["two", "three", "four"])
        gate.open()
        await answered(slack, "general", ts, "One!", "5: four")
        await slack.until(lambda: signs(slack, ts) == [])
    asked = [text_of(message) for message in model.server.requests[-1]["messages"][1:]]
    assert asked == ["one", "One!", "two", "three", "four"]


async def test_two_replicas_share_the_conversations(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    gates = {"one": Gate(), "two": Gate()}
    model.script = lambda messages: Say([gates[text_of(messages[-1])], "Done."])
    alone = Limits(pace=QUICK, concurrency=1)
    async with start(limits=alone), start(limits=alone):
        threads = [await slack.say("ada", "general", f"@skein {text}") for text in gates]
        # Neither takes more than one, so each has one.
        for gate in gates.values():
            await gate.reached()
        for gate in gates.values():
            gate.open()
        for thread in threads:
            await answered(slack, "general", thread, "Done.")


async def test_two_replicas_never_double(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    model.script = echo
    async with start(), start():
        threads = [await slack.say("ada", "general", f"@skein {number}") for number in range(5)]
        for number, thread in enumerate(threads):
            await answered(slack, "general", thread, f"1: {number}")
        for thread in threads:
            await slack.say("ada", "general", "again", thread=thread)
        for number, thread in enumerate(threads):
            await answered(slack, "general", thread, f"1: {number}", "3: again")
        await quiet(slack)
    assert len(model.server.requests) == 10


async def holder(database_url: str) -> str:
    """The worker that holds the one turn that runs."""
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        rows = await connection.execute("select worker from skein_conversations where turn is not null")
        ((name,),) = await rows.fetchall()
        return name


@pytest.fixture
def cut_off(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The workers that cannot renew their leases."""
    names: set[str] = set()
    renew = Inbox.renew

    async def renew_if_reached(self: Inbox, worker: str, turns: Collection[int]) -> set[int]:
        if worker in names:
            raise psycopg.OperationalError("the network is down")
        return await renew(self, worker, turns)

    monkeypatch.setattr(Inbox, "renew", renew_if_reached)
    return names


async def test_a_replica_that_is_cut_off_falls_silent_and_another_goes_on(
    slack: LocalSlack, model: Model, start: OpenBot, database_url: str, cut_off: set[str]
) -> None:
    gate = Gate()
    model.script = in_turn(Say(["One", gate, " from the one that was cut off"]), Say("One two"))
    # With one turn it is full, so that it cannot take its own over.
    async with start(limits=Limits(pace=QUICK, lease=SHORT, concurrency=1)):
        ts = await slack.say("ada", "general", "@skein count")
        await answered(slack, "general", ts, "One")
        cut_off.add(await holder(database_url))
        async with start():
            await answered(slack, "general", ts, "One two")
            gate.open()
            model.script = echo
            await slack.say("ada", "general", "and?", thread=ts)
            await answered(slack, "general", ts, "One two", "3: and?")
    # Both have ended by now, and all that either wanted to write is written.
    assert bodies(slack, "general", ts) == ["One two", "3: and?"]
    assert not [frame for frame in slack.replies("general", ts)[0].frames if "cut off" in frame.text]


async def test_a_replica_that_was_cut_off_may_take_its_own_turn_over(
    slack: LocalSlack, model: Model, start: OpenBot, database_url: str, cut_off: set[str]
) -> None:
    model.script = in_turn(Say(["One", Gate(), " from before"]), Say("One two"))
    async with start(limits=Limits(pace=QUICK, lease=SHORT)):
        ts = await slack.say("ada", "general", "@skein count")
        await answered(slack, "general", ts, "One")
        cut_off.add(await holder(database_url))
        await answered(slack, "general", ts, "One two")
        # The thinking that it had begun before is over as well, though nothing was to be written.
        async with asyncio.timeout(5):
            await model.server.disconnected()
        model.script = echo
        await slack.say("ada", "general", "and?", thread=ts)
        await answered(slack, "general", ts, "One two", "3: and?")
    assert bodies(slack, "general", ts) == ["One two", "3: and?"]


async def test_a_bot_that_is_stopped_hands_its_answer_over(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    gate = Gate()
    model.script = in_turn(Say(["One", gate]), Say("One two"))
    at_once = Limits(pace=QUICK, grace=timedelta(0), drain=timedelta(0))
    async with start(limits=at_once):
        ts = await slack.say("ada", "general", "@skein count")
        await answered(slack, "general", ts, "One")
    assert bodies(slack, "general", ts) == [f"One\n{SENTENCES[Note.INTERRUPTED]}"]
    async with start():
        await answered(slack, "general", ts, "One two")
    assert len(slack.replies("general", ts)) == 1
