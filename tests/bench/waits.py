"""Where each task of a process waits, told on a signal: a turn that hangs is to say at what."""

import asyncio
import gc
import signal
import sys
from typing import Any

TELL = signal.SIGUSR1

LINKS = (("cr_frame", "cr_await"), ("gi_frame", "gi_yieldfrom"), ("ag_frame", "ag_await"))
"""Where coroutines and generators keep what they are at, and what they wait for."""


def tell_when_asked() -> None:
    """Write the running loop's tasks to stderr whenever TELL comes."""
    asyncio.get_running_loop().add_signal_handler(TELL, _tell)


def _tell() -> None:
    for task in asyncio.all_tasks():
        sys.stderr.write(f"waits: {task.get_name()}: {' > '.join(_chain(task.get_coro()))}\n")
    sys.stderr.flush()


def _chain(work: Any) -> list[str]:
    places: list[str] = []
    while work is not None:
        link = next(((frame, awaited) for frame, awaited in LINKS if hasattr(work, frame)), None)
        if link:
            frame: Any = getattr(work, link[0])
            places += [f"{frame.f_code.co_qualname}:{frame.f_lineno}"] if frame else []
            work = getattr(work, link[1])
        else:
            # A step of an asynchronous generator, or a future's iterator: they tell the collector of garbage alone.
            within: list[Any] = gc.get_referents(work)
            places += [repr(each) for each in within if asyncio.isfuture(each)]
            work = next((each for each in within if hasattr(each, "ag_frame")), None)
    return places
