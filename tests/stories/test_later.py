"""Somebody has something done later: once or again and again, listed, cancelled, and begun once by whoever is there."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from bot.script import Call, Reply, Say, Wire
from bot.slack.home_view import CANCEL, NOTHING
from bot.slack.local import LocalSlack
from tests.stage import Model, OpenBot
from tests.stories.speech import SOON, asked, bodies, quiet, written
from tests.stories.test_home import look, under

TOMORROW = datetime.now(UTC) + timedelta(days=1)
AT = f"{TOMORROW:%Y-%m-%dT%H:%M}"


@pytest.fixture(autouse=True)
def _looked_for_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.reminders.POLL", SOON)


def script(messages: list[Wire]) -> Reply:
    """A model that schedules what it is asked to, and says "Done: …" of what is due."""
    last, text = messages[-1], str(messages[-1]["content"])
    if last["role"] == "tool":
        return Say(text)
    if text.startswith("It is time"):
        return Say(f"Done: {text.splitlines()[0].partition(': ')[2]}")
    if "every" in text:
        return Call([("schedule", {"what": text, "at": AT, "repeat": "FREQ=DAILY"})])
    if "list" in text:
        return Call([("scheduled", {})])
    if "cancel" in text:
        return Call([("unschedule", {"ids": [int(text.rsplit(maxsplit=1)[-1])]})])
    return Call([("schedule", {"what": text, "at": AT})])


async def pass_time(database_url: str) -> int:
    """Have a day and a little pass for all that is to be done later; tells what is kept."""
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        done = await connection.execute("update skein_reminders set next_at = now() - interval '1 minute'")
        return done.rowcount


async def kept(database_url: str) -> list[datetime]:
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        rows = await (await connection.execute("select next_at from skein_reminders order by next_at")).fetchall()
    return [row[0] for row in rows]


async def test_it_is_done_in_the_thread_once_whoever_is_there(
    slack: LocalSlack, model: Model, start: OpenBot, database_url: str
) -> None:
    model.script = script
    async with start(own_tools=True):
        ts = await slack.say("ada", "general", "@skein remind us of the report")
        await written(slack, "general", ts, 1)
        assert bodies(slack, "general", ts)[0].startswith("Scheduled as ")
    # Nobody is there when it is due.
    assert await pass_time(database_url) == 1
    async with start(own_tools=True), start(own_tools=True):
        await slack.until(lambda: bodies(slack, "general", ts)[1:] == ["Done: remind us of the report"])
        await quiet(slack)
        assert len(bodies(slack, "general", ts)) == 2
    assert await kept(database_url) == []
    assert asked(model)[0] == "remind us of the report"  # it knows the thread


async def test_what_is_done_every_day_is_due_again_tomorrow(
    slack: LocalSlack, model: Model, start: OpenBot, database_url: str
) -> None:
    model.script = script
    async with start(own_tools=True):
        await slack.direct("ada", "every day greet me")
        channel = slack.direct_channel("ada")
        await written(slack, channel, None, 1)
        for times in (2, 3):
            (before,) = await kept(database_url)
            await pass_time(database_url)
            await written(slack, channel, None, times)
            (after,) = await kept(database_url)
            assert after == before
            assert bodies(slack, channel)[-1] == "Done: every day greet me"


async def test_it_is_listed_and_cancelled_in_words_by_whoever_it_concerns(
    slack: LocalSlack, model: Model, start: OpenBot, database_url: str
) -> None:
    model.script = script
    async with start(own_tools=True):
        ts = await slack.say("ada", "general", "@skein remind us of the report")
        await written(slack, "general", ts, 1)
        number = bodies(slack, "general", ts)[0].split()[2].strip(":")
        other = await slack.say("grace", "research", "@skein list")
        await written(slack, "research", other, 1)
        assert bodies(slack, "research", other)[0].startswith("Nothing is to be done later.")
        await slack.say("grace", "research", f"cancel {number}", thread=other)
        await written(slack, "research", other, 2)
        assert bodies(slack, "research", other)[1].startswith("There is nothing")
        mine = await slack.say("grace", "general", "@skein list")
        await written(slack, "general", mine, 1)
        assert f"{number}: {TOMORROW:%A}" in bodies(slack, "general", mine)[0]
        await slack.say("grace", "general", f"cancel {number}", thread=mine)
        await written(slack, "general", mine, 2)
        assert bodies(slack, "general", mine)[1].startswith("Cancelled: 1.")
    assert await kept(database_url) == []


async def test_it_stands_in_ones_home_and_is_cancelled_there(
    slack: LocalSlack, model: Model, start: OpenBot, database_url: str
) -> None:
    model.script = script
    async with start(own_tools=True):
        ts = await slack.say("ada", "general", "@skein every day sum up <#C1|support> & more")
        await written(slack, "general", ts, 1)
        await look(slack, "grace")
        assert under(slack, "grace", "Later")[0] == NOTHING
        await look(slack, "ada")
        (line, *_) = under(slack, "ada", "Later")
        assert line.startswith("<!date^")
        assert line.endswith(f", every day in <#{slack.channel('general').id}>: every day sum up #support &amp; more")
        shown = slack.home("ada")
        assert shown
        (number,) = [
            one["accessory"]["value"]
            for one in shown.view["blocks"]
            if one.get("accessory", {}).get("action_id") == CANCEL
        ]
        await slack.click_home("ada", CANCEL, number)
        await slack.until(lambda: under(slack, "ada", "Later")[0] == NOTHING)
    assert await kept(database_url) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"what": "x", "at": "2020-01-01T09:00"}, "That is past: there it is "),
        ({"what": "x", "at": "tomorrow"}, "The time reads as in"),
        ({"what": "x", "at": AT, "repeat": "FREQ=SECONDLY"}, "nothing is done more than once an hour"),
        ({"what": " ", "at": AT}, "1 to 1000 characters"),
    ],
)
async def test_what_cannot_be_scheduled_is_said_to_the_model(
    slack: LocalSlack, model: Model, start: OpenBot, arguments: dict[str, str], said: str
) -> None:
    model.script = lambda messages: (
        Say(str(messages[-1]["content"])) if messages[-1]["role"] == "tool" else Call([("schedule", arguments)])
    )
    async with start(own_tools=True):
        ts = await slack.say("ada", "general", "@skein later")
        await slack.until(lambda: said in "".join(bodies(slack, "general", ts)))
