"""Messages that come as people's do: so many a second, whatever became of those before."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

RATE = 100
"""Messages a second."""

Send = Callable[[int], Coroutine[Any, Any, float]]
"""Sends the message of that number, from 0, and gives a time that is noted for it."""


async def paced(seconds: float, send: Send, rate: int = RATE) -> list[float]:
    """Send so many messages a second, each in a task of its own, and give what was noted for each."""
    begin = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        tasks: list[asyncio.Task[float]] = []
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, begin + number / rate - time.perf_counter()))
            tasks.append(group.create_task(send(number)))
    return [task.result() for task in tasks]
