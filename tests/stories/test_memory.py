"""A conversation remembers itself, also after a restart, and nothing of any other."""

import psycopg

from bot.script import Call, Reply, Say, Wire
from bot.slack.local import LocalSlack
from tests.stage import Model, OpenBot
from tests.stories.speech import QUESTIONS, answered, bodies, echo


async def ask(slack: LocalSlack, question: str, thread: str | None, answers: int) -> str:
    """Ask in #general and wait until the thread has that many answers; gives the last."""
    text = question if thread else f"@skein {question}"
    ts = await slack.say("ada", "general", text, thread=thread)
    await slack.until(lambda: len(bodies(slack, "general", thread or ts)) == answers)
    return thread or ts


async def test_the_three_questions(slack: LocalSlack, start: OpenBot) -> None:
    san_francisco, los_angeles, warmer = QUESTIONS
    async with start():
        thread = await ask(slack, san_francisco, None, 1)
        await ask(slack, los_angeles, thread, 2)
        await ask(slack, warmer, thread, 3)
        elsewhere = await ask(slack, warmer, None, 1)
        await slack.until(lambda: "do not know" in bodies(slack, "general", elsewhere)[0])
        await slack.until(lambda: "Los Angeles" in bodies(slack, "general", thread)[2])


async def test_a_restarted_bot_still_knows_the_thread(slack: LocalSlack, model: Model, start: OpenBot) -> None:
    model.script = echo
    async with start():
        ts = await slack.say("ada", "general", "@skein one")
        await answered(slack, "general", ts, "1: one")
    async with start():
        await slack.say("ada", "general", "two", thread=ts)
        await answered(slack, "general", ts, "1: one", "3: two")


async def test_the_memory_has_the_conversations_name(
    slack: LocalSlack, model: Model, start: OpenBot, database_url: str
) -> None:
    model.script = echo
    async with start():
        ts = await slack.say("ada", "general", "@skein one")
        await answered(slack, "general", ts, "1: one")
    with psycopg.connect(database_url) as connection:
        names = connection.execute("select distinct thread_id from checkpoints").fetchall()
    assert names == [(f"{slack.team_id}/{slack.channel('general').id}/{ts}",)]


async def test_what_is_to_be_remembered_is_known_in_the_next_conversation_of_those_it_concerns(
    slack: LocalSlack, model: Model, start: OpenBot
) -> None:
    def script(messages: list[Wire]) -> Reply:
        last = messages[-1]
        if last["role"] == "tool":
            return Say(str(last["content"]).partition(": ")[2] or str(last["content"]))
        if "remember" in str(last["content"]).casefold():
            return Call([("remember", {"fact": "I like tea."})])
        return Call([("recall", {})])

    model.script = script
    async with start(own_tools=True):
        await slack.direct("ada", "Remember that I like tea.")
        private = slack.direct_channel("ada")
        await slack.until(lambda: any("Remembered" in body for body in bodies(slack, private)))
        await slack.direct("ada", "new topic")
        await slack.until(lambda: len(bodies(slack, private)) == 2)
        await slack.direct("ada", "What do you know about me?")
        await slack.until(lambda: any("I like tea." in body for body in bodies(slack, private)))
        for who in ("ada", "grace"):
            ts = await slack.say(who, "general", "@skein what do you know about me?")
            await answered(slack, "general", ts, "Nothing is remembered.\nUsed recall")
