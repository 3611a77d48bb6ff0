"""One run of a graph, for one answer: what is put in, what it tells, and what the memory keeps when it ends early."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Coroutine, Generator, Sequence
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import psycopg
from langchain_core.messages import AIMessage, AnyMessage, ToolMessage
from langchain_core.runnables import RunnableConfig
from langgraph.errors import GraphDrained
from langgraph.graph import START
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import RunControl
from langgraph.types import Command, Interrupt, StateSnapshot

from bot.conversation import AgentEvent, Message
from bot.decisions import Decided
from bot.errors import AgentError, ContentRefused, DatabaseError, Drained, LeaseLost, StoppedByPeople, UnknownCheckpoint
from bot.leave import requests, withdrawals
from bot.memory import without
from bot.model import translate
from bot.narration import Narration
from bot.retelling import question

if TYPE_CHECKING:
    from langchain_core.runnables.schema import StreamEvent

INTERRUPTED = "__interrupt__"
"""The entry by which LangGraph tells of an interrupt."""

AnyGraph = CompiledStateGraph[Any, Any, Any, Any]


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a graph; `seen` are the results of its tools, `decided` is what people let it do or not."""

    graph: AnyGraph
    config: RunnableConfig
    narration: Narration
    control: RunControl | None
    stop: asyncio.Event | None
    decided: Sequence[Decided] = ()
    seen: list[AnyMessage] = field(default_factory=list[AnyMessage])
    asking: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the graph has asked something."""

    async def state(self) -> StateSnapshot:
        """The state that the run begins at. Raises UnknownCheckpoint when it was to begin at one that is not there."""
        with database_errors():
            state = await self.graph.aget_state(self.config)
        place = place_of(self.config)
        if "checkpoint_id" in place and state.created_at is None:
            raise UnknownCheckpoint(f"{place['thread_id']} has no checkpoint {place['checkpoint_id']}")
        return state

    async def stream(self, messages: Sequence[Message], value: Any) -> AsyncGenerator[AgentEvent, None]:
        """Give the graph a `submission` of the messages, or what was decided, or None to go on; tell what happens."""
        try:
            async with aclosing(self._told(value)) as events:
                async for event in events:
                    yield event
        except GraphDrained as drained:
            raise Drained("the run was ended between two nodes") from drained
        except (DatabaseError, LeaseLost):
            raise
        except asyncio.CancelledError as cancelled:
            if self.is_wanted:
                raise
            await _in_any_case(self.keep(messages, None))
            raise StoppedByPeople("the answer was stopped") from cancelled
        except Exception as error:
            failure = translate(error)
            await self.keep(messages, failure)
            if failure is error:
                raise
            raise failure from error

    async def _told(self, value: Any) -> AsyncGenerator[AgentEvent, None]:
        with database_errors():
            async with aclosing(self._events(value)) as events:
                async for event in events:
                    if isinstance(result := event["data"].get("output"), ToolMessage):
                        self.seen.append(result)
                    if INTERRUPTED in _chunk(event):
                        self.asking.set()
                    for told in self.narration.tell(event):
                        yield told

    @property
    def is_wanted(self) -> bool:
        """Whether nobody has stopped it."""
        return self.stop is None or not self.stop.is_set()

    async def forget(self, messages: Sequence[AnyMessage]) -> None:
        """Take messages out of the memory: they are asked anew."""
        with database_errors():
            state = await self.graph.aget_state(self.config)
            await self.graph.aupdate_state(self.config, without(state.values, messages), as_node=START)

    def _events(self, value: Any) -> "AsyncGenerator[StreamEvent, None]":
        # It is a generator, whatever its signature says; leaving it open would leave the model running.
        stream = self.graph.astream_events(value, self.config, version="v2", control=self.control)
        return cast("AsyncGenerator[StreamEvent, None]", stream)

    async def keep(self, messages: Sequence[Message], failure: AgentError | None) -> None:
        """Leave the memory such that the next message simply goes on.

        What people have read of the answer stands in it as the answer. A question that was refused stays, marked, so
        that it does not spoil all later requests; any other question without an answer just stays.
        """
        node, text = self.narration.unfinished() or ("", "")
        kept: list[AnyMessage]
        if text:
            kept = [AIMessage(text)]
        elif node and isinstance(failure, ContentRefused):
            kept = [question(message, refused=True) for message in messages if not message.overheard]
        else:
            return
        with database_errors():
            await self.graph.aupdate_state(latest(self.config), {"messages": kept}, as_node=node)


async def _in_any_case(work: Coroutine[Any, Any, None]) -> None:
    """Do it to its end, however often this is cancelled meanwhile."""
    task = asyncio.ensure_future(work)
    while not task.done():
        with suppress(asyncio.CancelledError):
            await asyncio.shield(task)
    task.result()


def submission(messages: Sequence[Message], known: Sequence[AnyMessage], asked: Sequence[Interrupt]) -> Any:
    """New messages as a graph takes them: as the reply to what was `asked`, if that was a question.

    What it asked leave for and nobody decided is not done; the calls among the messages `known` are told so.
    """
    said = [question(message) for message in messages]
    asked_freely = [one for one in asked if not requests(one)]
    if asked_freely:
        return Command(resume=_reply(messages, asked_freely), update={"messages": said})
    return {"messages": [*(withdrawals(known) if asked else ()), *said]}


def _chunk(event: "StreamEvent") -> Any:
    """What the graph itself, and not one within it, tells of a step."""
    if event["event"] != "on_chain_stream" or event.get("parent_ids"):
        return ()
    chunk = event["data"].get("chunk")
    return cast("dict[str, Any]", chunk) if isinstance(chunk, dict) else ()


def _reply(messages: Sequence[Message], asked: Sequence[Interrupt]) -> Any:
    """What somebody said, as the value that `interrupt` returns; of several at once, to each."""
    text = "\n".join(message.text for message in messages if not message.overheard)
    return text if len(asked) == 1 else {one.id: text for one in asked}


def latest(config: RunnableConfig) -> RunnableConfig:
    """Where the conversation is by now."""
    return {"configurable": {"thread_id": place_of(config)["thread_id"]}}


def place_of(config: RunnableConfig) -> dict[str, Any]:
    """Which conversation and state a run is configured for."""
    return config.get("configurable", {})


@contextmanager
def database_errors() -> Generator[None, None, None]:
    """Translate what the checkpointers raise, so that it is not taken for the model's failure."""
    try:
        yield
    except (psycopg.Error, sqlite3.Error) as error:
        raise DatabaseError("the conversation's memory cannot be reached") from error
