"""A bot in a process of its own, in a strict Slack, asked for the answers of a load."""

import asyncio
import contextlib
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from bot.scripted import ScriptedModel
from bot.slack.local import LocalSlack
from tests.bench.streaming.loads import CHANNELS, Ask, Course, Given, Load
from tests.bench.streaming.screen import Seen, seen
from tests.stage import environment, settings_on
from tests.stories.processes import child, until_printed

LATENCY = timedelta(milliseconds=30)
"""A call's whole way, there and back."""

QUIET = timedelta(seconds=62)
"""After so long Slack's windows are empty, and nobody remembers that there was a rush."""

GIVEN_UP = timedelta(minutes=6)


@dataclass(frozen=True, slots=True)
class Stage:
    """A Slack, a model and a bot between them."""

    slack: LocalSlack
    course: Course
    process: Process
    env: Mapping[str, str]

    async def give(self, asks: Sequence[Ask]) -> list[Given]:
        """Ask for the answers, each at its time, and wait until all are whole, or for GIVEN_UP."""
        begin = time.monotonic()
        given: list[Given] = []
        for ask in asks:
            await asyncio.sleep(max(0.0, begin + ask.begins - time.monotonic()))
            given.append(await self.course.ask(self.slack, ask))
        with contextlib.suppress(AssertionError):  # what is not whole by then is told in the table
            await self.slack.until(lambda: all(self._is_whole(one) for one in given), GIVEN_UP)
        return given

    def _is_whole(self, given: Given) -> bool:
        last = f"w{given.ask.tokens}"
        return any(last in reply.body[-40:] for reply in self.slack.replies(given.channel, given.thread)[-1:])


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a load."""

    seen: Sequence[Seen]
    refused: int

    @property
    def age(self) -> float:
        """The mean age of the text, over all the time that answers were written, in seconds."""
        lasting = sum(one.given.ended.at - one.given.began.at for one in self.seen)
        return sum(one.age_over_time for one in self.seen) / lasting

    @property
    def took(self) -> float:
        """Seconds from the first token of all to the last on screen."""
        return max(one.changes[-1][0] for one in self.seen) - min(one.given.began.at for one in self.seen)

    @property
    def unwhole(self) -> int:
        """How many answers are not on screen just as the model gave them."""
        return sum(not one.is_whole for one in self.seen)


@asynccontextmanager
async def open_stage(module: str, *arguments: str, database_url: str, streaming: str = "edit") -> AsyncGenerator[Stage]:
    """A bot of that module in a Slack with its limits on."""
    course = Course()
    with tempfile.TemporaryDirectory(prefix="skein-") as folder:
        async with (
            ScriptedModel.open(course.script) as model,
            LocalSlack.open(latency=LATENCY) as slack,
        ):
            for number in range(CHANNELS):
                slack.add_channel(f"bench{number}")
            settings = settings_on(slack, model.url, database_url, Path(folder))
            env = environment(settings, CONCURRENCY="128", STREAMING=streaming, LOG_LEVEL="info")
            async with (
                child(module, *arguments, env=env, stdin=PIPE, stdout=PIPE, stderr=PIPE) as process,
                asyncio.TaskGroup() as group,
            ):
                await until_printed(process.stderr if module == "bot" else process.stdout, b"listening")
                for stream in (process.stdout, process.stderr):
                    group.create_task(_drain(stream))
                yield Stage(slack, course, process, env)
                process.kill()


async def _drain(stream: asyncio.StreamReader | None) -> None:
    while stream and await stream.readline():
        pass


async def result_of(stage: Stage, load: Load) -> Result:
    """Give the load and look at what people saw."""
    calls = len(stage.slack.calls)
    given = await stage.give(load.asks)
    refused = sum(call.outcome == "ratelimited" for call in stage.slack.calls[calls:])
    return Result([seen(stage.slack, one) for one in given], refused)
