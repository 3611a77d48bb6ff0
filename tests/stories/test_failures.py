"""When something fails, people read one plain sentence, and the conversation goes on."""

import pytest

from bot.script import Break, Call, Gate, Refuse, Reply, Say, Wire, in_turn
from bot.slack.local import LocalSlack
from bot.status import Note
from bot.words import SENTENCES
from tests.stage import Model, OpenBot
from tests.stories.speech import answered, bodies, echo


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (Refuse(400, "invalid_request"), SENTENCES[Note.MODEL_REFUSED]),
        (Refuse(401, "invalid_api_key"), SENTENCES[Note.MODEL_REFUSED]),
        (Refuse(500, "server_error"), SENTENCES[Note.MODEL_BROKEN]),
    ],
)
async def test_a_model_that_refuses(
    slack: LocalSlack, model: Model, start: OpenBot, reply: Reply, sentence: str
) -> None:
    model.script = lambda _: reply
    async with start():
        ts = await slack.say("ada", "general", "@skein hello")
        await answered(slack, "general", ts, f"⚠ {sentence}")
        model.script = lambda _: Say("Here I am again.")
        await slack.say("ada", "general", "and now?", thread=ts)
        await answered(slack, "general", ts, f"⚠ {sentence}", "Here I am again.")


async def test_an_answer_that_breaks_off_keeps_what_was_written(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    model.script = lambda _: Break("The first half")
    async with start():
        ts = await slack.say("ada", "general", "@skein tell me")
        await slack.until(lambda: SENTENCES[Note.MODEL_BROKEN] in "".join(bodies(slack, "general", ts)))
        assert bodies(slack, "general", ts)[0].startswith("The first half")
        model.script = lambda messages: Say(f"I had said: {messages[-2]['content']}")
        await slack.say("ada", "general", "go on", thread=ts)
        await slack.until(lambda: bodies(slack, "general", ts)[1:] == ["I had said: The first half"])


async def test_a_tool_that_does_not_exist_tells_the_model_and_not_the_person(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    def script(messages: list[Wire]) -> Reply:
        return Say("Then without it.") if messages[-1]["role"] == "tool" else Call([("teleport", {"to": "SF"})])

    model.script = script
    async with start():
        ts = await slack.say("ada", "general", "@skein go")
        await answered(slack, "general", ts, "Then without it.")


async def test_an_agent_that_goes_round_in_circles_is_stopped(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    model.script = lambda _: Call([("web_search", {"query": "again"})])
    async with start():
        ts = await slack.say("ada", "general", "@skein search")
        await slack.until(lambda: SENTENCES[Note.TOO_MANY_STEPS] in "".join(bodies(slack, "general", ts)))


async def test_a_deleted_answer_does_not_disturb_the_conversation(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    gate = Gate()
    model.script = lambda _: Say(["One", gate, " two"])
    async with start():
        ts = await slack.say("ada", "general", "@skein count")
        await answered(slack, "general", ts, "One")
        await slack.delete("skein", "general", slack.replies("general", ts)[0].ts)
        gate.open()
        model.script = echo
        await slack.say("ada", "general", "more", thread=ts)
        await slack.until(lambda: bodies(slack, "general", ts) == ["3: more"])


async def test_the_next_model_takes_over_in_the_same_message(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    model.script = in_turn(Break("Half an "), Say("A whole answer."))
    async with start(fallback_models="openai:second"):
        ts = await slack.say("ada", "general", "@skein hello")
        await answered(slack, "general", ts, "A whole answer.")
    assert [request["model"] for request in model.server.requests] == ["scripted", "second"]
