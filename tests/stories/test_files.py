"""People drop files into their messages, and ask about them."""

import base64
from typing import Any

import psycopg
import pytest

from bot.script import Say
from bot.settings import DEFAULT_MODEL
from bot.slack.local import LocalSlack
from tests.stage import Model, OpenBot
from tests.stories.speech import answered


@pytest.fixture(autouse=True)
def _the_model_agrees(model: Model) -> None:
    model.script = lambda _: Say("I see.")


def heard(model: Model) -> str:
    """What the person said, as the model was sent it."""
    return str(model.server.requests[-1]["messages"][-1]["content"])


async def ask(slack: LocalSlack, *files: tuple[str, bytes], text: str = "@skein what is this?") -> None:
    ts = await slack.say("ada", "general", text, files=files)
    await answered(slack, "general", ts, "I see.")


async def test_a_file_is_read(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    async with start():
        await ask(slack, ("tea.csv", b"time,place\n4,kitchen"))
    assert heard(model) == "what is this?\n\n[attached file tea.csv]\ntime,place\n4,kitchen\n[end of tea.csv]"


async def test_a_file_without_a_word_is_asked_about_too(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    async with start():
        await slack.say("ada", slack.direct_channel("ada"), "", files=[("tea.txt", b"At four.")])
        await answered(slack, slack.direct_channel("ada"), None, "I see.")
    assert "At four." in heard(model)


async def test_a_file_that_cannot_be_read_is_named(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    async with start():
        await ask(slack, ("song.mp3", b"la"), ("plan.pdf", b"no pdf"))
    told = heard(model)
    assert "[attached file song.mp3: files of this kind cannot be read]" in told
    assert "[attached file plan.pdf: it is broken, or not what its name says]" in told


async def test_of_a_long_file_the_beginning_is_told(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    async with start(file_characters=10):
        await ask(slack, ("long.txt", b"0123456789abc"))
    assert "0123456789\n[the rest of it, 3 characters, is left out]" in heard(model)


async def test_a_file_that_is_too_large_is_not_read(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    async with start(file_megabytes=0.001):
        await ask(slack, ("large.txt", b"x" * 2_000))
        assert "[attached file large.txt: it is larger than 0.001 MB]" in heard(model)


async def test_what_a_file_says_of_its_size_is_not_believed(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    ts = await slack.say("ada", "general", "@skein what is this?", files=[("small.txt", b"x")])
    slack.files[next(iter(slack.files))] = b"x" * 2_000
    async with start(file_megabytes=0.001):
        await answered(slack, "general", ts, "I see.")
    assert "it is larger than 0.001 MB" in heard(model)


async def test_without_the_scope_it_is_said_who_can_help(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    slack.scopes.discard("files:read")
    async with start():
        await ask(slack, ("tea.txt", b"At four."))
    assert "has to grant files:read" in heard(model)


@pytest.mark.parametrize("url", ["https://evil.test/x", "http://files.slack.com.evil.test/x", "", "file:///etc/passwd"])
async def test_a_file_that_is_elsewhere_is_not_fetched(
    slack: LocalSlack, model: Model, start: OpenBot, url: str
) -> None:
    file: dict[str, Any] = {"id": "F1", "name": "x.txt", "mimetype": "text/plain", "url_private": url}
    async with start() as bot:
        user, channel = slack.user("ada").id, slack.channel("general").id
        event = {
            "type": "app_mention",
            "subtype": "file_share",
            "channel": channel,
            "user": user,
            "ts": await slack.say("grace", "general", "hm"),
            "text": f"<@{bot.identity.user}> what is this?",
            "files": [file],
        }
        await slack.deliver(event)
        await slack.until(lambda: bool(model.server.requests))
    assert "[attached file x.txt: it is not kept by Slack]" in heard(model)
    assert not any(call.method == "a file" for call in slack.calls)


PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


async def test_a_picture_is_shown_to_a_model_that_takes_pictures_and_kept_out_of_the_memory(
    slack: LocalSlack, model: Model, start: OpenBot, database_url: str
) -> None:
    async with start(model=DEFAULT_MODEL):
        ts = await slack.say("ada", "general", "@skein what is this?", files=[("dot.gif", PIXEL)])
        await answered(slack, "general", ts, "I see.")
        await slack.say("ada", "general", "and its colour?", thread=ts)
        await answered(slack, "general", ts, "I see.", "I see.")
    for request in model.server.requests:
        question = next(message for message in request["messages"] if message["role"] == "user")
        text, picture = question["content"]
        assert text["text"] == "what is this?\n\n[attached picture dot.gif]"
        assert picture["image_url"]["url"] == f"data:image/gif;base64,{base64.b64encode(PIXEL).decode()}"
    with psycopg.connect(database_url) as connection:
        blobs = connection.execute("select blob from checkpoint_blobs").fetchall()
    assert not any(base64.b64encode(PIXEL) in (blob or b"") for (blob,) in blobs)


async def test_a_picture_is_named_to_a_model_of_which_nobody_knows(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    async with start():
        await ask(slack, ("dot.gif", PIXEL))
    assert heard(model) == "what is this?\n\n[attached picture dot.gif: I cannot see pictures]"
