"""A mention in a thread of a thousand messages: how soon the model is asked."""

import time
from datetime import timedelta
from pathlib import Path

from bot.app import open_bot
from bot.script import Say
from bot.scripted import ScriptedModel
from bot.slack.local import LocalSlack
from tests.bench.figures import Row
from tests.stage import settings_on

LATENCY = timedelta(milliseconds=30)
MESSAGES = 1_000
SOON_MS = 1_500.0
QUIET = timedelta(seconds=30)


async def rows(url: str, folder: Path) -> list[Row]:
    """From the mention to the model's request, with 30 ms for each of Slack's calls."""
    async with LocalSlack.open(latency=LATENCY) as slack, ScriptedModel.open(lambda _: Say("Yes.")) as model:
        root = await slack.say("ada", "general", "Shall we?")
        for number in range(MESSAGES):
            await slack.say("grace" if number % 2 else "ada", "general", f"{number} {'word ' * 30}", thread=root)
        async with open_bot(settings_on(slack, model.url, url, folder)):
            await slack.until(lambda: not slack.unacknowledged, QUIET)  # what was said before is over, and nothing new
            begin = time.perf_counter()
            await slack.say("ada", "general", "@skein what do you think?", thread=root)
            await model.requested()
            seconds = time.perf_counter() - begin
    return [Row(f"asked of the model, in a thread of {MESSAGES:,} messages", "ms", seconds * 1e3, SOON_MS)]
