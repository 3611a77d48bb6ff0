"""The agent answers with a file."""

import pytest

from bot.script import Call, Say, in_turn
from bot.slack.local import LocalSlack
from bot.slack.local.faults import Fault
from tests.stage import Model, OpenBot
from tests.stories.speech import bodies

TABLE = "day,cups\n" + "".join(f"{day},{day % 7}\n" for day in range(100))
SHARED = Call([("share_file", {"name": "cups.csv", "content": TABLE})])


def result(model: Model) -> str:
    """What the tool told the model."""
    return str(model.server.requests[-1]["messages"][-1]["content"])


async def test_a_long_table_comes_as_a_file_in_the_thread(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    model.script = in_turn(SHARED, Say("Here it is."))
    async with start(own_tools=True):
        ts = await slack.say("ada", "general", "@skein how many cups a day?")
        await slack.until(lambda: any("Here it is." in message.body for message in slack.replies("general", ts)))
        # Which of the two is there first is a matter of milliseconds.
        await slack.until(lambda: sorted(bodies(slack, "general", ts)) == ["", "Here it is.\nShared: cups.csv"])
    shown = sorted((message.body, message.files) for message in slack.replies("general", ts))
    assert shown == [("", ("cups.csv",)), ("Here it is.\nShared: cups.csv", ())]
    assert TABLE.encode() in slack.files.values()
    assert result(model) == "People see cups.csv in this conversation now."


async def test_in_a_direct_message_it_comes_there(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    model.script = in_turn(SHARED, Say("Here it is."))
    async with start(own_tools=True):
        await slack.direct("ada", "How many cups?")
        place = slack.direct_channel("ada")
        await slack.until(lambda: any("Here it is." in message.body for message in slack.messages(place)))
    assert [message.files for message in slack.messages(place) if message.files] == [("cups.csv",)]


async def test_what_was_shared_already_is_not_shared_again(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    # Slack shows the file, and its answer gets lost: the model tries again.
    slack.fail("files.completeUploadExternal", Fault(reset="after"))
    model.script = in_turn(SHARED, SHARED, Say("Here it is."))
    async with start(own_tools=True):
        ts = await slack.say("ada", "general", "@skein how many cups a day?")
        await slack.until(lambda: any("Here it is." in message.body for message in slack.replies("general", ts)))
    assert [message.files for message in slack.replies("general", ts) if message.files] == [("cups.csv",)]


@pytest.mark.parametrize(
    ("file", "told"),
    [
        (("x.csv", ""), "A file has 1 to 1,000,000 bytes; this has 0."),
        (("../../etc/x\n.csv", "a"), "People see x.csv in this conversation now."),
    ],
)
async def test_a_name_is_only_a_name_and_nothing_is_no_file(
    slack: LocalSlack, model: Model, start: OpenBot, file: tuple[str, str], told: str
) -> None:
    name, content = file
    model.script = in_turn(Call([("share_file", {"name": name, "content": content})]), Say("Well."))
    async with start(own_tools=True):
        await slack.say("ada", "general", "@skein a file, please")
        await slack.until(lambda: len(model.server.requests) == 2)
    assert told in result(model)


async def test_without_the_scope_the_model_is_told(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    slack.scopes.discard("files:write")
    model.script = in_turn(SHARED, Say("I cannot."))
    async with start(own_tools=True):
        await slack.say("ada", "general", "@skein how many cups a day?")
        await slack.until(lambda: len(model.server.requests) == 2)
    assert "Slack refuses the file: missing_scope." in result(model)
