"""What streaming costs: processor time a token beside the model's client alone, at the same moment, and memory."""

import asyncio
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from tests.bench.figures import Row, say
from tests.bench.streaming.loads import Ask, Given
from tests.bench.streaming.process import cpu_seconds, memory_bytes, peak_bytes
from tests.bench.streaming.runs import Stage, open_stage
from tests.stories.processes import child, until_printed

ASK = Ask(1_500, 50)
TOGETHER = 10

SHORT = Ask(200, 12)
FEW, MANY = 20, 100


async def rows(url: str) -> list[Row]:
    """The figures."""
    say("cost")
    async with open_stage("bot", "serve", database_url=url) as stage:
        await stage.give([Ask(20, 50)])
        idle = memory_bytes(stage.process.pid)
        own, bare = await _processor_time(stage)
        bare_further = await _memory_of_client(stage)
    async with open_stage("bot", "serve", database_url=url) as stage:
        further = await _memory(stage)
    tokens = TOGETHER * ASK.tokens
    return [
        Row("processor time a token", "µs", own / tokens * 1e6),
        Row("processor time a token, the model's client alone", "µs", bare / tokens * 1e6),
        Row("processor time a token / that of the client alone", "times", own / bare, 1.25),
        Row("memory, idle", "MB", idle / 1e6, 170),
        Row("memory, each further conversation of 200 tokens", "KB", further / 1e3, 200),
        Row("memory, each further stream of 200 tokens, the client alone", "KB", bare_further / 1e3),
    ]


async def _processor_time(stage: Stage) -> tuple[float, float]:
    """The seconds that the bot used for its answers, and the client alone for as many, side by side."""
    async with _client_alone(stage, TOGETHER, ASK) as client:
        before = cpu_seconds(stage.process.pid), cpu_seconds(client.pid)
        await asyncio.gather(_stream(client), stage.give([ASK] * TOGETHER))
        return cpu_seconds(stage.process.pid) - before[0], cpu_seconds(client.pid) - before[1]


async def _memory(stage: Stage) -> float:
    """The bytes that each of FEW to MANY conversations adds to the most that the bot ever has."""
    peaks: list[int] = []
    for count in (FEW, MANY):
        await stage.give([SHORT] * count)
        peaks.append(peak_bytes(stage.process.pid))
    return (peaks[1] - peaks[0]) / (MANY - FEW)


async def _memory_of_client(stage: Stage) -> float:
    peaks: list[int] = []
    for count in (FEW, MANY):
        async with _client_alone(stage, count, SHORT) as client:
            await _stream(client)
            peaks.append(peak_bytes(client.pid))
    return (peaks[1] - peaks[0]) / (MANY - FEW)


@asynccontextmanager
async def _client_alone(stage: Stage, count: int, ask: Ask) -> AsyncGenerator[Process]:
    """A process that has streamed one answer, and streams so many more when it is told."""
    first = len(stage.course.given)
    stage.course.given += [Given(Ask(20, 50)), *(Given(ask) for _ in range(count))]
    numbers = map(str, range(first, first + count + 1))
    env = {**stage.env, "OPENAI_API_KEY": "sk-made-up"}
    async with child("tests.bench.streaming.bare", *numbers, env=env, stdin=PIPE, stdout=PIPE) as client:
        await until_printed(client.stdout, b"listening")
        yield client


async def _stream(client: Process) -> None:
    if client.stdin is None or client.stdout is None:
        raise RuntimeError("it has no pipes")
    client.stdin.write(b"\n")
    await client.stdout.readline()
