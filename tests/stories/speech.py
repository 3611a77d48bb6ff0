"""What the stories say again and again."""

import re
from datetime import timedelta

import aiohttp

from bot.app import Bot
from bot.platform import Act
from bot.script import Gate, Say, Script, Wire
from bot.slack.blocks import ACTIONS
from bot.slack.local import LocalSlack
from bot.worker import Limits
from tests.stage import QUICK, Model

QUESTIONS = ("What is the weather in SF?", "What about in LA?", "Which one is warmer?")
"""The three questions that show what a conversation remembers."""

LEFT = "This belongs to an earlier course: the conversation went on from further up."
"""What an answer says that the conversation has left by going back."""

HASTY = Limits(pace=QUICK, grace=timedelta(0), drain=timedelta(0))
"""Of a bot that gives up at once what it is at when it is stopped."""

NAME = re.compile(r"^[A-Z]\w*: ")

SOON = timedelta(milliseconds=50)
"""Where the bot would wait for seconds."""


def echo(messages: list[Wire]) -> Say:
    """An answer that shows which message it is to, and how many of the conversation's messages the model was sent."""
    said = [message for message in messages if message["role"] != "system"]
    return Say(f"{len(said)}: {text_of(said[-1])}")


def echo_but_hold(gate: Gate) -> Script:
    """An `echo`, but what answers "one" stops at the gate on its way."""
    return lambda messages: Say(["One", gate, "!"]) if text_of(messages[-1]) == "one" else echo(messages)


def text_of(message: Wire) -> str:
    """What a person wrote, without the name that the model is told of."""
    return NAME.sub("", str(message["content"]))


def asked(model: Model) -> list[str]:
    """What the model was last told that people and it have said."""
    return [text_of(message) for message in model.server.requests[-1]["messages"] if message["role"] != "system"]


def bodies(slack: LocalSlack, channel: str, thread: str | None = None) -> list[str]:
    """What people read in the bot's messages in that thread, or at the channel's top level, in order."""
    return [reply.body for reply in slack.replies(channel, thread)]


async def answered(slack: LocalSlack, channel: str, thread: str | None, *expected: str) -> None:
    """Wait until the bot's messages there read just so."""
    await slack.until(lambda: bodies(slack, channel, thread) == list(expected))


async def written(slack: LocalSlack, channel: str, thread: str | None, messages: int) -> None:
    """Wait until the bot has so many messages there, each of them whole."""

    def is_written() -> bool:
        replies = slack.replies(channel, thread)
        return len(replies) == messages and "Stop" not in {button.label for one in replies for button in one.buttons}

    await slack.until(is_written)


async def press(
    slack: LocalSlack, who: str, channel: str, act: Act, thread: str | None = None, *, at: int = -1
) -> None:
    """Somebody presses a button under one of the bot's messages there, the last unless told otherwise, once it is."""
    await slack.until(lambda: ACTIONS[act] in {one.action_id for one in slack.replies(channel, thread)[at].buttons})
    await slack.click(who, channel, slack.replies(channel, thread)[at].ts, ACTIONS[act])


async def quiet(slack: LocalSlack) -> None:
    """Wait until the bot has acknowledged everything that it was sent."""
    await slack.until(lambda: not slack.unacknowledged)


async def answers_mentions_alone(slack: LocalSlack, channel: str) -> None:
    """In that channel it leaves a follow-up alone, and knows of it when mentioned again. The model is an `echo`."""
    ts = await slack.say("ada", channel, "@skein one")
    await answered(slack, channel, ts, "1: one")
    await slack.say("ada", channel, "Thanks, that will do.", thread=ts)
    await quiet(slack)
    await slack.say("ada", channel, "@skein two", thread=ts)
    await answered(slack, channel, ts, "1: one", "4: two")


async def page(bot: Bot, path: str) -> tuple[int, str]:
    """Read one of the bot's own pages: the status and the text."""
    url = f"http://127.0.0.1:{bot.port}{path}"
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status, await response.text()
