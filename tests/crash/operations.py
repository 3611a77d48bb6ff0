"""What a bot does with the outside, operation by operation, and the process's death at one of them.

An operation is a call of the Web API, an acknowledgement, a statement, a commit, a request to the model or to a tool.
They are told apart by name and number, such as "the 3rd chat.update", and not by their place in the whole: what runs
side by side comes in any order.
"""

import os
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, assert_never
from weakref import WeakKeyDictionary

import aiohttp
import httpx2
from psycopg import AsyncConnection

DEAD = 137
"""The exit code of a process that died where it was to die: the shell's for kill -9."""

STORED = ("select skein_put", "select skein_revise", "select skein_decide")
"""The first statements that an event may cause. What comes before is idling."""

FOUND = "conversations.replies"
"""The first operation after a turn was taken over."""

IDLE = (
    "update skein_conversations set leased_until = now()",
    "select turn, who from skein_stops",
    "select turn from skein_conversations where turn = any",
    "delete from skein_stops",
    "delete from skein_answers",
    "delete from skein_requests",
    "delete from skein_traces",
    "select channel, setup from skein_channels",
    "select * from skein_reminders where workspace",
    "select person, language from skein_people",
    "listen",
    "unlisten",
    "delete from skein_inbox",
)
"""Renewals, listening, sweeping and the look for what people have set go by the clock, and are not part of a turn."""

LONGEST_NAME = 64

SILENT = ("BasePipeline._enter_gen", "BaseConnection._commit_gen", "notifies")
"""Nothing is sent in these: a pipeline is opened on this side, with autocommit there is no commit, a listener hears."""


class How(Enum):
    """What happens to the process at a point."""

    KILLED_BEFORE = "killed before"
    KILLED_AFTER = "killed after"
    STOPPED = "stopped before"


@dataclass(frozen=True, slots=True)
class Operation:
    """The `number`-th operation of that name since an event came, from 1."""

    name: str
    number: int

    def __str__(self) -> str:
        return f"{self.name} ({self.number})"


@dataclass(frozen=True, slots=True)
class Point:
    """Where a process is to die, or to be stopped."""

    operation: Operation
    how: How

    def __str__(self) -> str:
        return f"{self.how.value} {self.operation}"


@dataclass(slots=True)
class Operations:
    """The operations of this process, counted from the first that an event, or a takeover, causes.

    Each is told to `tell` before it is done. At `point` the process dies: after an operation means that the other side
    has carried it out and nobody here knows. Or `stop` is called.
    """

    tell: Callable[[Operation], None]
    stop: Callable[[], None]
    point: Point | None = None
    _counts: Counter[str] = field(default_factory=Counter[str])
    _names: WeakKeyDictionary[Any, str] = field(default_factory=WeakKeyDictionary[Any, str])

    def arm(self, point: Point | None) -> None:
        """Count anew, up to this point."""
        self.point = point
        self._counts.clear()

    def watch(self) -> None:
        """Count what this process does, from now on and for good: it is to be a process of its own."""
        self._count(aiohttp.ClientSession, "_request", _called)
        self._count(aiohttp.ClientWebSocketResponse, "send_str", _acknowledged)
        self._count(httpx2.AsyncClient, "send", _requested)
        self._count(AsyncConnection, "wait", self._statement)

    def _count(self, owner: type, method: str, named: Callable[..., str | None]) -> None:
        done: Callable[..., Awaitable[Any]] = getattr(owner, method)

        async def counted(*arguments: Any, **keywords: Any) -> Any:
            name = named(*arguments, **keywords)
            if name is None:
                return await done(*arguments, **keywords)
            async with self._passing(name):
                return await done(*arguments, **keywords)

        setattr(owner, method, counted)

    @asynccontextmanager
    async def _passing(self, name: str) -> AsyncGenerator[None, None]:
        if not self._counts and not name.startswith((*STORED, FOUND)):
            yield
            return
        self._counts[name] += 1
        operation = Operation(name, self._counts[name])
        self.tell(operation)
        how = self.point.how if self.point and self.point.operation == operation else None
        match how:
            case None | How.KILLED_AFTER:
                pass
            case How.KILLED_BEFORE:
                os._exit(DEAD)
            case How.STOPPED:
                self.stop()
            case _:
                assert_never(how)
        yield
        if how is How.KILLED_AFTER:
            os._exit(DEAD)

    def _statement(self, connection: AsyncConnection[Any], doing: Any, *_: object, **__: object) -> str | None:
        """The name of what a generator of psycopg's is about to do. A commit is named by what it follows."""
        code = getattr(doing, "gi_code", None)
        if code is None:  # written in C: it waits for notifications
            return None
        if "query" in code.co_varnames:
            text: Any = doing.gi_frame.f_locals["query"]
            words = text.decode() if isinstance(text, bytes) else str(text)
            name = self._names[connection] = " ".join(words.split())[:LONGEST_NAME]
            return name if name and not name.startswith(IDLE) else None
        if code.co_qualname in SILENT:
            return None
        if code.co_qualname.endswith("_enter_gen"):  # which connection of the pool it is differs from run to run
            return str(code.co_qualname)
        return f"{code.co_qualname.removeprefix('Base')} after {self._names.get(connection, 'nothing')}"[:LONGEST_NAME]


def _called(_: object, __: str, url: object, **___: object) -> str:
    return str(url).rsplit("/", 1)[-1]


def _acknowledged(*_: object) -> str:
    return "acknowledge"


def _requested(_: object, request: httpx2.Request, **__: object) -> str:
    return request.url.path.rsplit("/", 1)[-1]
