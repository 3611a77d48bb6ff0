"""procrastinate's figures on the same server: one job a message, its conversation as the job's `lock`."""

import asyncio
import importlib
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

from tests.bench.figures import Spread
from tests.bench.load import paced

CONCURRENCY = 64
GAPS = 4
GAP_WORK_SECONDS = 0.05


class Rival:
    """A procrastinate app whose jobs note when they begin and end. Use `open`."""

    def __init__(self, app: Any) -> None:
        self.began: dict[int, float] = {}
        self.ended: dict[int, float] = {}
        self._app = app
        self._task = app.task(self._answer, name="answer", pass_context=False)

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncGenerator["Rival", None]:
        """With its tables in the database at `url`."""
        # Of the group `bench` only: whoever checks the types of this file need not have it.
        procrastinate: Any = importlib.import_module("procrastinate")
        app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url))
        async with app.open_async():
            await app.schema_manager.apply_schema_async()
            yield cls(app)

    async def _answer(self, number: int, seconds: float) -> None:
        self.began[number] = time.perf_counter()
        if seconds:
            await asyncio.sleep(seconds)
        self.ended[number] = time.perf_counter()

    async def defer(self, number: int, lock: str, seconds: float = 0) -> float:
        """Store a job, and give the time when it was stored."""
        await self._task.configure(lock=lock).defer_async(number=number, seconds=seconds)
        return time.perf_counter()

    @asynccontextmanager
    async def working(self) -> AsyncGenerator[None, None]:
        """Its worker, which is told of new jobs by NOTIFY."""
        worker = asyncio.create_task(
            self._app.run_worker_async(concurrency=CONCURRENCY, install_signal_handlers=False, wait=True)
        )
        try:
            yield
        finally:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Look every few milliseconds."""
        while not condition():  # noqa: ASYNC110  (procrastinate's tasks have no event to wait for)
            await asyncio.sleep(0.005)


async def latency(rival: Rival, seconds: float) -> Spread:
    """Stored to started."""
    async with rival.working():
        stored = await paced(seconds, lambda number: rival.defer(number, f"lane {number}"))
        await rival.until(lambda: len(rival.began) == len(stored))
    return Spread.of_seconds(rival.began[number] - stored[number] for number in range(len(stored)))


async def gap(rival: Rival) -> Spread:
    """From the end of a job to the start of the next with the same lock."""
    first = 1_000_000
    async with rival.working():
        for number in range(first, first + GAPS):
            await rival.defer(number, "one lane", GAP_WORK_SECONDS)
        await rival.until(lambda: first + GAPS - 1 in rival.ended)
    return Spread.of_seconds(rival.began[number + 1] - rival.ended[number] for number in range(first, first + GAPS - 1))


async def burst(rival: Rival, count: int) -> float:
    """Jobs started a second, of `count` that were there before the worker."""
    first = 2_000_000
    for number in range(first, first + count):
        await rival.defer(number, f"lane {number}")
    begin = time.perf_counter()
    async with rival.working():
        await rival.until(lambda: first + count - 1 in rival.began and len(rival.ended) >= count)
        await rival.until(lambda: sum(number >= first for number in rival.began) == count)
    return count / (max(at for number, at in rival.began.items() if number >= first) - begin)
