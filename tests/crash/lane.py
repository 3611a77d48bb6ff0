"""One Slack, one model, one tool, one database and one replica after another: where a turn is run and killed."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Any

import psycopg
from aiohttp import web
from aiohttp.test_utils import TestServer
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from psycopg.conninfo import make_conninfo
from psycopg.rows import DictRow, dict_row

from bot.budget import Tier
from bot.conversation import Conversation
from bot.decisions import Choice
from bot.memory import remembered
from bot.script import Call, Gate, Reply, Say, Wire
from bot.scripted import ScriptedModel
from bot.serde import serializer
from bot.slack.blocks import DECISIONS
from bot.slack.local import LocalSlack
from bot.slack.tiers import TIERS
from bot.worker import Limits
from tests.crash.operations import Point
from tests.crash.replica import Replica, Terms
from tests.stage import settings_on

PREAMBLE = "Let me see."
LOOKING = "Using lookup"
FIRST = "It is a long story."
LISTING = "\n\n" + "\n".join(f"{number}-{'o' * 90}" for number in range(45))
LAST_LINE = "44-"
END = "\n\nThat was all."
RESULT = "There is much to tell."
FOLLOW_UP = "and now?"
FURTHER = "Here I am."
CHANGED = "tell me more"

PLENTY = {method: Tier(1_000) for method in TIERS}
"""A budget that is asked each time, and enough for many turns a minute."""

LIMITS = Limits(
    concurrency=1,
    lease=timedelta(seconds=1.5),
    poll=timedelta(milliseconds=100),
    grace=timedelta(0),
    drain=timedelta(milliseconds=50),
    pace=timedelta(milliseconds=20),
)
PATIENCE = timedelta(seconds=30)
LOOK_AGAIN = 0.05
"""Seconds. Eight lanes that look all the time would take a good part of a small machine."""

Said = tuple[str, str]
"""The kind and the text of a message in the memory."""


@dataclass(slots=True)
class Course:
    """One conversation: its question, and the gates that hold each step back until people see the one before.

    `is_decided` once somebody has decided what it asks leave for.
    """

    ts: str = ""
    is_decided: bool = False
    gates: dict[str, Gate] = field(
        default_factory=lambda: {mark: Gate() for mark in (PREAMBLE, LOOKING, FIRST, LAST_LINE)}
    )

    def usher(self, bodies: Sequence[str]) -> None:
        """Open the gates behind what is shown."""
        for mark, gate in self.gates.items():
            if any(mark in body for body in bodies):
                gate.open()


class Deed(Enum):
    """What somebody does that a turn follows from."""

    ANSWER = "a question"
    CHANGE = "a change of what was answered"
    DECISION = "a decision"


class Lane:
    """Runs turns on a stage of its own. What its processes leave behind is looked at from here."""

    def __init__(self, slack: LocalSlack, database: psycopg.AsyncConnection[DictRow], stack: AsyncExitStack) -> None:
        self.slack = slack
        self._stack = stack
        self.model: ScriptedModel
        self.course = Course()
        self.tool_runs = 0
        self.terms: Terms
        self._database = database
        self._memory = AsyncPostgresSaver(database, serde=serializer())
        self._replicas: list[Replica] = []

    @classmethod
    @asynccontextmanager
    async def open(cls, postgres: str, name: str, folder: Path) -> AsyncGenerator["Lane", None]:
        """A lane on a new database of that name."""
        async with AsyncExitStack() as stack:
            address = make_conninfo(postgres, dbname=name)
            with psycopg.connect(postgres, autocommit=True) as connection:
                connection.execute(f"create database {name}".encode())
            database = await psycopg.AsyncConnection[DictRow].connect(address, autocommit=True, row_factory=dict_row)
            await stack.enter_async_context(database)
            slack = await stack.enter_async_context(
                LocalSlack.open(retry_delays=[timedelta(milliseconds=50)] * 3, limits=None)
            )
            lane = cls(slack, database, stack)
            slack.workspace.listen(lambda _: lane.course.usher(lane.bodies()))
            lane.model = await stack.enter_async_context(ScriptedModel.open(lane._reply))
            tool = await stack.enter_async_context(_serving(lane._look_up))
            settings = settings_on(slack, lane.model.url, address, folder)
            lane.terms = Terms(settings, LIMITS, PLENTY, tool, folder / f"{name}.log", None)
            yield lane

    async def start(self, point: Point | None = None) -> Replica:
        """A new process of the bot. Returns when it is up, or has died at `point`."""
        replica = await self._stack.enter_async_context(Replica.start(replace(self.terms, point=point)))
        self._replicas.append(replica)
        await replica.listens()
        return replica

    async def clear(self) -> None:
        """End whatever still runs here."""
        for replica in self._replicas:
            replica.kill()
            await replica.ended()
        self._replicas.clear()

    def log(self) -> str:
        """What the lane's replicas have logged."""
        return self.terms.log.read_text() if self.terms.log.exists() else ""

    async def ask(self, text: str = "@skein tell me") -> str:
        """A new conversation; returns its `ts`."""
        self.course = Course()
        self.tool_runs = 0
        self.model.requests.clear()
        self.course.ts = await self.slack.say("ada", "general", text)
        return self.course.ts

    def guard(self) -> None:
        """From the next start on, the tool asks before it runs."""
        self.terms = replace(self.terms, settings=self.terms.settings.model_copy(update={"approve": "lookup"}))

    async def prepare(self, deed: Deed, replica: Replica) -> None:
        """A new conversation in which it can be done, as far as this replica has to take part."""
        await self.ask()
        assert await self.finished(replica)
        if deed is Deed.CHANGE:
            await self.slack.say("ada", "general", FOLLOW_UP, thread=self.course.ts)
            assert await self.finished(replica)

    async def do(self, deed: Deed) -> None:
        """Have somebody do it."""
        match deed:
            case Deed.ANSWER:
                await self.ask()
            case Deed.CHANGE:
                await self.slack.edit("ada", "general", self.course.ts, f"@skein {CHANGED}")
            case Deed.DECISION:
                self.course.is_decided = True
                message = self.slack.replies("general", self.course.ts)[0]
                await self.slack.click("ada", "general", message.ts, DECISIONS[Choice.APPROVE])

    @property
    def is_asked(self) -> bool:
        """Whether people can decide whether the tool may run."""
        replies = self.slack.replies("general", self.course.ts)
        return any(button.action_id == DECISIONS[Choice.APPROVE] for one in replies for button in one.buttons)

    def bodies(self) -> list[str]:
        """What people read in the conversation."""
        return [reply.body for reply in self.slack.replies("general", self.course.ts)] if self.course.ts else []

    def posts(self) -> int:
        """How many messages Slack has taken from the bot for the conversation. None is ever taken away."""
        assert all(call.method != "chat.delete" for call in self.slack.calls)
        return sum(
            call.method == "chat.postMessage" and call.outcome == "ok" and call.args.get("thread_ts") == self.course.ts
            for call in self.slack.calls
        )

    async def finished(self, by: Replica) -> bool:
        """Wait until nothing is left to be done. False if the replica has ended before."""
        async with asyncio.timeout(PATIENCE.total_seconds()):
            while self.slack.unacknowledged or await self._unfinished():
                if by.has_ended.is_set():
                    return False
                await asyncio.sleep(LOOK_AGAIN)  # the database tells nobody
        return True

    async def _unfinished(self) -> bool:
        found = await self._database.execute(
            "select (select count(*) from skein_inbox where lane like %(lane)s) = 0"
            " or exists (select from skein_inbox where state in ('waiting', 'taken'))"
            " or exists (select from skein_conversations where turn is not null)"
            " or (%(decided)s and exists (select from skein_requests where state = 'open')) as it",
            {"lane": f"%/{self.course.ts}", "decided": self.course.is_decided},
        )
        row = await found.fetchone()
        return bool(row and row["it"])

    async def memory(self, *, pending: bool = False) -> list[Said]:
        """The messages in the conversation's memory; with the `pending` results of a step that has not ended."""
        conversation = Conversation(self.slack.team_id, self.slack.channel("general").id, self.course.ts)
        found = await self._memory.aget_tuple({"configurable": {"thread_id": str(conversation), "checkpoint_ns": ""}})
        if found is None:
            return []
        messages = remembered(found.checkpoint["channel_values"])
        for _, channel, value in found.pending_writes or ():
            if pending and channel == "messages":
                messages += value
        return [_said(message) for message in messages]

    def _reply(self, messages: list[Wire]) -> Reply:
        if messages[-1]["content"] == FOLLOW_UP:
            return Say(FURTHER)
        gates = self.course.gates
        if messages[-1]["role"] == "tool":
            return Say([FIRST, gates[FIRST], LISTING, gates[LAST_LINE], END])
        return Call([("lookup", {"place": "here"})], [PREAMBLE, gates[PREAMBLE]])

    async def _look_up(self, request: web.Request) -> web.Response:
        del request
        self.tool_runs += 1
        await self.course.gates[LOOKING].go_through()
        return web.Response(text=RESULT)


@asynccontextmanager
async def open_lanes(postgres: str, folder: Path, count: int) -> AsyncGenerator[Sequence[Lane], None]:
    """Lanes beside each other, each on a new database of its own; the databases are dropped when the block ends."""
    names = [f"lane_{secrets.token_hex(4)}" for _ in range(count)]
    try:
        async with AsyncExitStack() as stack:
            yield [await stack.enter_async_context(Lane.open(postgres, name, folder)) for name in names]
    finally:
        with psycopg.connect(postgres, autocommit=True) as connection:
            for name in names:
                connection.execute(f"drop database if exists {name} with (force)".encode())


@asynccontextmanager
async def _serving(handler: Any) -> AsyncGenerator[str, None]:
    app = web.Application()
    app.router.add_post("/lookup", handler)
    async with TestServer(app) as server:
        yield str(server.make_url("/lookup"))


def _said(message: AnyMessage) -> Said:
    match message:
        case HumanMessage():
            return "human", message.text
        case ToolMessage():
            return "tool", message.text
        case AIMessage():
            return "ai", message.text
        case _:
            return type(message).__name__, message.text
