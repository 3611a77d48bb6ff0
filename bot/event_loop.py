"""The event loop that the bot runs in: uvloop, which takes less of the processor than asyncio's own."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import uvloop

T = TypeVar("T")

new_event_loop = uvloop.new_event_loop


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run it to its end in an event loop of its own, as `asyncio.run` does."""
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(work)
