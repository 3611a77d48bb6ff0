"""What is told of begins at once, whoever looks seldom; and who is told of nothing still goes on where it is."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest

from bot.conversation import Address, Conversation, Message
from bot.database import Pool
from bot.inbox import Inbox
from bot.script import Gate
from bot.slack.local import LocalSlack
from bot.worker import Limits
from tests.stage import QUICK, Model, OpenBot
from tests.stories.speech import answered, echo, echo_but_hold, quiet

SELDOM = timedelta(hours=1)


@pytest.fixture
def claims(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each claim found something."""
    found: list[bool] = []
    claim = Inbox.claim

    async def counted(inbox: Inbox, worker: str) -> object:
        turn = await claim(inbox, worker)
        found.append(turn is not None)
        return turn

    monkeypatch.setattr(Inbox, "claim", counted)
    return found


async def test_each_arrival_is_one_claim(slack: LocalSlack, model: Model, start: OpenBot, claims: list[bool]) -> None:
    model.script = echo
    async with start(limits=Limits(pace=QUICK, poll=SELDOM)):
        for text in ("one", "two", "three"):
            ts = await slack.say("ada", "general", f"@skein {text}")
            await answered(slack, "general", ts, f"1: {text}")
    assert claims.count(True) == 3
    assert claims.count(False) <= 2  # as it begins, and as soon as it listens


async def test_more_than_it_takes_at_once_is_taken_when_there_is_room(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    gate = Gate()
    model.script = echo_but_hold(gate)
    async with start(limits=Limits(pace=QUICK, poll=SELDOM, concurrency=1)):
        first = await slack.say("ada", "general", "@skein one")
        await gate.reached()
        await slack.say("ada", "general", "two", thread=first)
        others = {text: await slack.say("ada", "research", f"@skein {text}") for text in ("three", "four")}
        await quiet(slack)
        gate.open()
        await answered(slack, "general", first, "One!", "3: two")
        for text, ts in others.items():
            await answered(slack, "research", ts, f"1: {text}")


async def test_who_hears_nothing_goes_on_in_its_conversation(
    slack: LocalSlack, model: Model, start: OpenBot, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A PgBouncer that gives connections by transaction passes no notifications on."""

    async def deaf(_: Inbox) -> AsyncGenerator[None, None]:
        yield None
        await asyncio.Event().wait()

    monkeypatch.setattr(Inbox, "arrivals", deaf)
    gate = Gate()
    model.script = echo_but_hold(gate)
    ts = await slack.say("ada", "general", "@skein one")
    message = Message(
        Conversation(slack.workspace.team, slack.channel("general").id, ts), ts, slack.user("ada").id, "one"
    )
    await Inbox(pool, lease=timedelta(seconds=30)).put(message, address=Address.BOT)
    async with start(limits=Limits(pace=QUICK, poll=SELDOM)):
        await gate.reached()
        await slack.say("ada", "general", "two", thread=ts)
        await quiet(slack)
        gate.open()
        await answered(slack, "general", ts, "One!", "3: two")
