"""A message that brings the bot down again and again is set aside, and the conversation goes on."""

from datetime import timedelta

import pytest

from bot.app import open_database
from bot.errors import UnknownMessage
from bot.inbox import Inbox
from bot.script import Hang, Reply, Wire
from bot.set_aside import list_messages, retry, show
from bot.settings import Settings
from bot.slack.local import LocalSlack
from bot.status import Note
from bot.turns import MOST_DEATHS
from bot.words import SENTENCES
from bot.worker import Limits
from tests.stage import Command, Model, OpenBot
from tests.stories.speech import answered, bodies, echo, quiet, text_of

TOLD = f"⚠ {SENTENCES[Note.SET_ASIDE]}"


async def die_of(slack: LocalSlack, start: OpenBot, settings: Settings, text: str, thread: str | None = None) -> str:
    """Say something that a bot hears and three others die of; gives the message's `ts`."""
    async with start(limits=Limits(concurrency=0)):
        ts = await slack.say("ada", "general", text, thread=thread)
        await quiet(slack)
    async with open_database(settings) as pool:
        for worker in range(MOST_DEATHS):
            assert await Inbox(pool, lease=timedelta(seconds=-1)).claim(f"worker {worker}")
    return ts


async def listed(settings: Settings) -> list[str]:
    """What `bot inbox list` prints."""
    lines: list[str] = []
    await list_messages(settings, write=lines.append)
    return lines


async def test_a_person_is_told_and_the_conversation_goes_on(
    slack: LocalSlack, model: Model, start: OpenBot, settings: Settings
) -> None:
    model.script = echo
    ts = await die_of(slack, start, settings, "@skein one")
    async with start():
        await answered(slack, "general", ts, TOLD)
        assert model.server.requests == []
        await slack.say("ada", "general", "two", thread=ts)
        await answered(slack, "general", ts, TOLD, "1: two")
        (line,) = await listed(settings)
        await retry(settings, int(line.split()[0]), write=lambda _: None)
        await answered(slack, "general", ts, TOLD, "1: two", "3: one")
    assert await listed(settings) == ["Nothing is set aside."]


async def test_the_command_lists_ids_and_shows_words_only_when_asked(
    slack: LocalSlack, start: OpenBot, settings: Settings, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    ts = await die_of(slack, start, settings, "@skein my canary")
    async with start():
        await answered(slack, "general", ts, TOLD)
    capsys.readouterr()
    lane = f"{slack.team_id}/{slack.channel('general').id}/{ts}"
    assert await command("inbox", "list") == 0
    (line,) = capsys.readouterr().out.splitlines()
    number, *_, place, author = line.split()
    assert (place, author) == (lane, slack.user("ada").id)
    shown: list[str] = []
    await show(settings, int(number), write=shown.append)
    assert shown == [f"{line}\n\nmy canary"]


async def test_a_message_that_is_not_set_aside_is_said_without_a_traceback(
    settings: Settings, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UnknownMessage):
        await show(settings, 7)
    assert await command("inbox", "retry", "7") == 1
    assert capsys.readouterr().err == "No message 7 is set aside. `bot inbox list` tells which are.\n"


async def test_what_was_heard_before_the_bot_died_is_asked_again_after_what_came_later(
    slack: LocalSlack, model: Model, start: OpenBot, settings: Settings
) -> None:
    asked: list[str] = []

    async def script(messages: list[Wire]) -> Reply:
        asked.append(text_of(messages[-1]))
        return Hang() if asked == ["one"] else echo(messages)

    model.script = script
    async with start(limits=Limits(grace=timedelta(0), drain=timedelta(0))):
        ts = await slack.say("ada", "general", "@skein one")
        await model.server.requested()
    async with open_database(settings) as pool:
        for worker in range(MOST_DEATHS + 1):
            assert await Inbox(pool, lease=timedelta(seconds=-1)).claim(f"worker {worker}")
    async with start():
        await slack.until(lambda: TOLD in bodies(slack, "general", ts))
        await slack.say("ada", "general", "two", thread=ts)
        await slack.until(lambda: bodies(slack, "general", ts)[1:] == ["2: two"])
        (line,) = await listed(settings)
        await retry(settings, int(line.split()[0]), write=lambda _: None)
        await slack.until(lambda: bodies(slack, "general", ts)[2:] == ["3: one"])
