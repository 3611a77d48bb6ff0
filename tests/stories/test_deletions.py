"""Somebody deletes what they have said, or what was answered to them: it is forgotten."""

import psycopg
import pytest
from psycopg import sql

from bot.forgetting import DELETED, DELETED_ANSWER
from bot.platform import Act
from bot.script import Gate, Refuse, Say, Wire, in_turn
from bot.slack.local import LocalSlack
from bot.slack.recalling import DELETE, NOT_THEIRS
from tests.stage import Model, OpenBot
from tests.stories.speech import HASTY, SOON, answered, asked, bodies, echo, press, quiet, written

NOTES = "You keep the notes"

LONG = f"{'xyzzy' * 20} " * 60
"""An answer of two messages."""


def kept(database_url: str, word: str) -> list[str]:
    """The tables in which that word stands anywhere."""
    with psycopg.connect(database_url) as connection:
        tables = connection.execute("select tablename from pg_tables where schemaname = 'public'").fetchall()
        found: list[str] = []
        for (table,) in tables:
            for (row,) in connection.execute(
                sql.SQL("select t::text from {} as t").format(sql.Identifier(table))
            ).fetchall():
                if word in row or word.encode().hex() in row:
                    found.append(table)
        return found


async def forgotten(slack: LocalSlack, database_url: str, word: str) -> None:
    await slack.until(lambda: not kept(database_url, word))


async def test_it_leaves_every_state_of_the_memory_and_its_answer_stays(
    slack: LocalSlack, model: Model, start: OpenBot, database_url: str
) -> None:
    model.script = lambda messages: Say(f"{len(messages) - 1} heard")
    async with start():
        first = await slack.say("ada", "general", "@skein hello")
        await answered(slack, "general", first, "1 heard")
        second = await slack.say("ada", "general", "my password is xyzzy", thread=first)
        await answered(slack, "general", first, "1 heard", "3 heard")
        await slack.say("ada", "general", "and more", thread=first)
        await answered(slack, "general", first, "1 heard", "3 heard", "5 heard")
        assert "checkpoint_blobs" in kept(database_url, "xyzzy")
        await slack.delete("ada", "general", second)
        await forgotten(slack, database_url, "xyzzy")
        await slack.say("ada", "general", "go on", thread=first)
        await answered(slack, "general", first, "1 heard", "3 heard", "5 heard", "7 heard")
    assert asked(model) == ["hello", "1 heard", DELETED, "3 heard", "and more", "5 heard", "go on"]


async def test_the_root_of_a_thread_may_be_deleted(
    slack: LocalSlack, model: Model, start: OpenBot, database_url: str
) -> None:
    model.script = lambda messages: Say(f"{len(messages) - 1} heard")
    async with start():
        first = await slack.say("ada", "general", "@skein my password is xyzzy")
        await answered(slack, "general", first, "1 heard")
        await slack.delete("ada", "general", first)
        await forgotten(slack, database_url, "xyzzy")
        await slack.say("ada", "general", "go on", thread=first)
        await answered(slack, "general", first, "1 heard", "3 heard")
    assert asked(model) == [DELETED, "1 heard", "go on"]


async def test_what_still_waits_is_not_answered(
    slack: LocalSlack, model: Model, start: OpenBot, database_url: str
) -> None:
    gate = Gate()
    model.script = lambda messages: Say(["One", gate, "."]) if len(messages) == 2 else echo(messages)
    async with start():
        first = await slack.say("ada", "general", "@skein one")
        await answered(slack, "general", first, "One")
        second = await slack.say("ada", "general", "xyzzy", thread=first)
        await quiet(slack)
        await slack.delete("ada", "general", second)
        await quiet(slack)
        await slack.say("ada", "general", "three", thread=first)
        await quiet(slack)
        gate.open()
        await answered(slack, "general", first, "One.", "3: three")
    assert not kept(database_url, "xyzzy")


async def test_what_is_being_answered_is_forgotten_after_its_answer(
    slack: LocalSlack, model: Model, start: OpenBot, database_url: str
) -> None:
    gate = Gate()
    model.script = lambda messages: Say(["One", gate, "."]) if len(messages) == 2 else echo(messages)
    async with start():
        first = await slack.say("ada", "general", "@skein xyzzy")
        await answered(slack, "general", first, "One")
        await slack.delete("ada", "general", first)
        await quiet(slack)
        gate.open()
        await answered(slack, "general", first, "One.")
        await forgotten(slack, database_url, "xyzzy")
        await slack.say("ada", "general", "three", thread=first)
        await answered(slack, "general", first, "One.", "3: three")
    assert asked(model) == [DELETED, "One.", "three"]


async def test_what_was_said_to_others_and_read_in_is_forgotten_without_a_trace(
    slack: LocalSlack, model: Model, start: OpenBot, database_url: str
) -> None:
    model.script = lambda messages: Say(f"{len(messages) - 1} heard")
    async with start():
        first = await slack.say("ada", "general", "where do we meet?")
        second = await slack.say("grace", "general", "at xyzzy", thread=first)
        await slack.say("ada", "general", "@skein find it", thread=first)
        await answered(slack, "general", first, "3 heard")
        await slack.delete("grace", "general", second)
        await forgotten(slack, database_url, "xyzzy")
        await slack.say("ada", "general", "@skein go on", thread=first)
        await answered(slack, "general", first, "3 heard", "4 heard")
    assert asked(model) == ["where do we meet?", "find it", "3 heard", "go on"]


async def long_talk(slack: LocalSlack, messages: int = 6) -> list[str]:
    """So much is said that the first of it becomes notes."""
    said = [await slack.say("ada", "general", "@skein xyzzy " + "word " * 60)]
    for number in range(1, messages):
        await written(slack, "general", said[0], number)
        said.append(await slack.say("ada", "general", f"plugh{number} " + "word " * 60, thread=said[0]))
    return said


async def test_it_leaves_the_notes_that_were_made_of_it(
    slack: LocalSlack, model: Model, start: OpenBot, database_url: str
) -> None:
    def script(messages: list[Wire]) -> Say:
        system, said = str(messages[0]["content"]), str(messages[-1]["content"])
        if system.startswith(NOTES):
            return Say("They count." if "deleted" in system else "They count, and xyzzy.")
        return Say(f"heard {len(said)}")

    model.script = script
    async with start(memory_tokens=200):
        first, *_ = await long_talk(slack)
        await slack.until(lambda: "checkpoints" in kept(database_url, "They count, and xyzzy"))
        await slack.delete("ada", "general", first)
        await forgotten(slack, database_url, "xyzzy")
    assert "checkpoints" in kept(database_url, "They count.")


async def test_notes_stay_that_know_nothing_of_it(
    slack: LocalSlack, model: Model, start: OpenBot, database_url: str
) -> None:
    model.script = lambda messages: Say("They count." if NOTES in str(messages[0]["content"]) else "Heard.")
    async with start(memory_tokens=600):
        said = await long_talk(slack, 8)
        await slack.until(lambda: "checkpoints" in kept(database_url, "They count."))
        await ended(slack, database_url)
        assert "checkpoint_blobs" in kept(database_url, "plugh5")
        await slack.delete("ada", "general", said[5])
        await forgotten(slack, database_url, "plugh5")
    assert not any("deleted" in str(request["messages"][0]["content"]) for request in model.server.requests)


async def test_without_a_model_the_notes_go_whole(
    slack: LocalSlack, model: Model, start: OpenBot, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.forgetting.PAUSE", SOON)

    def script(messages: list[Wire]) -> Say | Refuse:
        system, said = str(messages[0]["content"]), str(messages[-1]["content"])
        if system.startswith(NOTES):
            return Refuse(400, "invalid_request") if "deleted" in system else Say("They count, and xyzzy.")
        return Say(f"heard {len(said)}")

    model.script = script
    async with start(memory_tokens=200):
        first, *_ = await long_talk(slack)
        await slack.until(lambda: "checkpoints" in kept(database_url, "They count, and xyzzy"))
        await slack.delete("ada", "general", first)
        await forgotten(slack, database_url, "xyzzy")


async def test_an_event_that_comes_after_its_deletion_changes_nothing(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    model.script = echo
    async with start():
        first = await slack.say("ada", "general", "@skein one")
        await answered(slack, "general", first, "1: one")
        stamp = f"{int(first.partition('.')[0]) + 5}.000000"
        ada = slack.user("ada").id
        said = {"type": "message", "user": ada, "ts": stamp, "text": "two", "thread_ts": first}
        place = {"channel": slack.channel("general").id, "channel_type": "channel"}
        gone = {"type": "message", "subtype": "message_deleted", "deleted_ts": stamp, "previous_message": said, **place}
        await slack.deliver(gone)
        await quiet(slack)
        await slack.deliver({**said, **place}, times=2)
        await quiet(slack)
        await slack.say("ada", "general", "three", thread=first)
        await answered(slack, "general", first, "1: one", "3: three")


async def ended(slack: LocalSlack, database_url: str) -> None:
    """Wait until no turn runs: what a message answers is known a moment after it is seen."""
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        while await (await connection.execute("select from skein_conversations where turn is not null")).fetchone():
            await quiet(slack)


async def test_who_asked_may_delete_the_answer_and_nobody_else(
    slack: LocalSlack, model: Model, start: OpenBot, database_url: str
) -> None:
    model.script = lambda messages: Say(LONG if len(messages) == 2 else f"{len(messages) - 1} heard")
    async with start():
        first = await slack.say("ada", "general", "@skein one")
        await written(slack, "general", first, 2)
        await ended(slack, database_url)
        answer = slack.replies("general", first)[1].ts
        await slack.shortcut("grace", "general", answer, DELETE)
        await slack.until(lambda: [one.body for one in slack.whispers("grace")] == [NOT_THEIRS])
        assert len(bodies(slack, "general", first)) == 2
        await slack.shortcut("ada", "general", answer, DELETE)
        await answered(slack, "general", first)
        await forgotten(slack, database_url, "xyzzy")
        await slack.say("ada", "general", "two", thread=first)
        await answered(slack, "general", first, "3 heard")
    assert asked(model) == ["one", DELETED_ANSWER, "two"]
    assert not slack.whispers("ada")


async def test_an_answer_may_be_deleted_while_it_is_written(
    slack: LocalSlack, model: Model, start: OpenBot, database_url: str
) -> None:
    gate = Gate()
    model.script = lambda messages: Say(["One", gate, "."]) if len(messages) == 2 else echo(messages)
    async with start():
        first = await slack.say("ada", "general", "@skein one")
        await answered(slack, "general", first, "One")
        page = slack.replies("general", first)[0].ts
        await slack.until(lambda: "skein_conversations" in kept(database_url, page))
        await slack.shortcut("ada", "general", page, DELETE)
        await quiet(slack)
        gate.open()
        await answered(slack, "general", first)


async def test_the_answers_before_it_go_as_well(
    slack: LocalSlack, model: Model, start: OpenBot, database_url: str
) -> None:
    model.script = in_turn(Say("xyzzy"), Say("plugh"))
    async with start():
        first = await slack.say("ada", "general", "@skein one")
        await answered(slack, "general", first, "xyzzy")
        await press(slack, "ada", "general", Act.AGAIN, first)
        await answered(slack, "general", first, "plugh")
        await slack.until(lambda: "skein_answers" in kept(database_url, "plugh"))
        await slack.shortcut("ada", "general", slack.replies("general", first)[0].ts, DELETE)
        await answered(slack, "general", first)
        await forgotten(slack, database_url, "plugh")
        await forgotten(slack, database_url, "xyzzy")


async def test_a_branch_forgets_it_too(slack: LocalSlack, model: Model, start: OpenBot, database_url: str) -> None:
    model.script = lambda messages: Say(f"{len(messages) - 1} heard")
    async with start():
        first = await slack.say("ada", "general", "@skein my password is xyzzy")
        await answered(slack, "general", first, "1 heard")
        await press(slack, "grace", "general", Act.BRANCH, first)
        await slack.until(lambda: "Go on" in "".join(bodies(slack, "general")))
        root = slack.replies("general")[0].ts
        await slack.say("grace", "general", "go on", thread=root)
        await answered(slack, "general", root, "3 heard")
        await slack.delete("ada", "general", first)
        await forgotten(slack, database_url, "xyzzy")
        await slack.say("grace", "general", "and on", thread=root)
        await answered(slack, "general", root, "3 heard", "5 heard")
    assert asked(model) == [DELETED, "1 heard", "go on", "3 heard", "and on"]


async def test_killed_before_it_was_forgotten_the_next_one_forgets_it(
    slack: LocalSlack, model: Model, start: OpenBot, database_url: str
) -> None:
    gate = Gate()
    model.script = lambda messages: Say(["One", gate, "."]) if len(messages) == 2 else echo(messages)
    async with start(limits=HASTY):
        first = await slack.say("ada", "general", "@skein xyzzy")
        await answered(slack, "general", first, "One")
        await slack.delete("ada", "general", first)
        await quiet(slack)
    gate.open()
    async with start():
        await answered(slack, "general", first, "One.")
        await forgotten(slack, database_url, "xyzzy")
