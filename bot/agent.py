"""The agent that the bot thinks with: a LangGraph graph and its memory."""

import sqlite3
from collections.abc import AsyncGenerator, Collection, Generator, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

import psycopg
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import StateSnapshot

from bot.conversation import AgentEvent, Message, Token
from bot.errors import AgentError, ContentRefused, DatabaseError, UnknownCheckpoint
from bot.excerpt import excerpt
from bot.graph import MODEL
from bot.model import translate
from bot.narration import Narration
from bot.transcript import REFUSED

if TYPE_CHECKING:
    from langchain_core.runnables.schema import StreamEvent

STEPS = 25
"""A run's limit of super-steps: a dozen rounds of tools. LangGraph's own default is 10,007."""

HISTORY = 100
"""Checkpoints that a history goes back; each is a full copy of the conversation."""

AnyGraph = CompiledStateGraph[Any, Any, Any, Any]


@dataclass(frozen=True, slots=True)
class CheckpointLine:
    """One state that a conversation was in, and can be taken back to.

    `nodes` wrote it in super-step `step` ("input" for what a person said, "update" for what was put in by hand);
    `excerpt` is the last message in it, in at most 80 characters.
    """

    id: str
    created_at: datetime
    step: int
    nodes: tuple[str, ...]
    excerpt: str


class GraphAgent:
    """An `Agent` over any graph whose state has `messages` and that was compiled with a checkpointer.

    The nodes in `answering` speak to people; what other nodes' models say is not shown.
    """

    def __init__(
        self, graph: AnyGraph, *, answering: Collection[str] = frozenset({MODEL}), recursion_limit: int = STEPS
    ) -> None:
        self._graph = graph
        self._answering = answering
        self._recursion_limit = recursion_limit

    async def answer(
        self, thread_id: str, message: Message, *, checkpoint: str | None = None
    ) -> AsyncGenerator[AgentEvent, None]:
        """Stream the answer to `message` in the memory named `thread_id`.

        What is done depends on the memory: a message it has not seen is submitted; one that was interrupted has its
        finished steps told again and goes on where it was; one that is answered has its answer told again, without
        asking the model. With `checkpoint`, the conversation is taken back to it first and goes on from there.

        Closing the generator ends the model's request; the memory keeps the message and the finished steps, not the
        unfinished text. Raises an AgentError, with the text so far kept in the memory as the answer; DatabaseError;
        UnknownCheckpoint.
        """
        config = self._config(thread_id, checkpoint)
        with _database_errors():
            state = await self._graph.aget_state(config)
        if checkpoint is not None and state.created_at is None:
            raise UnknownCheckpoint(f"{thread_id} has no checkpoint {checkpoint}")
        turn = _turn(state, message)
        for token in _said(turn):
            yield token
        if turn and not state.next:
            return
        async with aclosing(self._run(config, message, is_new=not turn)) as events:
            async for event in events:
                yield event

    async def history(self, thread_id: str) -> AsyncGenerator[CheckpointLine, None]:
        """The states that the conversation was in, the newest first, 100 at most. Raises DatabaseError."""
        with _database_errors():
            found = self._graph.aget_state_history(self._config(thread_id), limit=HISTORY)
            states = [state async for state in found]
        ran = {_checkpoint_id(state.config): state.next for state in states}
        for state in states:
            yield _line(state, ran.get(_checkpoint_id(state.parent_config), ()))

    def _config(self, thread_id: str, checkpoint: str | None = None) -> RunnableConfig:
        place = {"thread_id": thread_id} | ({"checkpoint_id": checkpoint} if checkpoint else {})
        return {"configurable": place, "recursion_limit": self._recursion_limit}

    async def _run(self, config: RunnableConfig, message: Message, *, is_new: bool) -> AsyncGenerator[AgentEvent, None]:
        value = {"messages": [_question(message)]} if is_new else None
        narration = Narration(self._answering)
        # It is a generator, whatever its signature says; leaving it open would leave the model running.
        stream = cast("AsyncGenerator[StreamEvent, None]", self._graph.astream_events(value, config, version="v2"))
        try:
            with _database_errors():
                async with aclosing(stream) as events:
                    async for event in events:
                        for told in narration.tell(event):
                            yield told
        except DatabaseError:
            raise
        except Exception as error:
            failure = translate(error)
            await self._keep(config, message, narration, failure)
            if failure is error:
                raise
            raise failure from error

    async def _keep(self, config: RunnableConfig, message: Message, narration: Narration, failure: AgentError) -> None:
        """Leave the memory such that the next message simply goes on.

        What people have read of the answer stands in it as the answer. A question that was refused stays, marked, so
        that it does not spoil all later requests; any other question without an answer just stays.
        """
        node, text = narration.unfinished() or ("", "")
        kept: AnyMessage
        if text:
            kept = AIMessage(text)
        elif node and isinstance(failure, ContentRefused):
            kept = _question(message, refused=True)
        else:
            return
        latest = self._config(_place(config)["thread_id"])
        with _database_errors():
            await self._graph.aupdate_state(latest, {"messages": [kept]}, as_node=node)


def _question(message: Message, *, refused: bool = False) -> HumanMessage:
    marks = {REFUSED: True} if refused else {}
    return HumanMessage(message.text, id=message.ts, name=message.author, additional_kwargs=marks)


def _turn(state: StateSnapshot, message: Message) -> list[AnyMessage]:
    """The message and all that came of it; empty when the memory has not seen it."""
    messages: list[AnyMessage] = state.values.get("messages", [])
    turn: list[AnyMessage] = []
    for said in messages:
        if isinstance(said, HumanMessage) and (turn or said.id == message.ts):
            if turn:
                break
            turn.append(said)
        elif turn:
            turn.append(said)
    return turn


def _said(turn: Sequence[AnyMessage]) -> Iterator[Token]:
    for message in turn:
        if isinstance(message, AIMessage) and message.text:
            yield Token(str(message.text), message.id or "")


def _line(state: StateSnapshot, ran: Sequence[str]) -> CheckpointLine:
    metadata: dict[str, Any] = dict(state.metadata or {})
    messages: list[AnyMessage] = state.values.get("messages", [])
    nodes = tuple(dict.fromkeys(ran)) if metadata.get("source") == "loop" else (str(metadata.get("source")),)
    return CheckpointLine(
        id=_checkpoint_id(state.config),
        created_at=datetime.fromisoformat(state.created_at or ""),
        step=metadata.get("step", 0),
        nodes=nodes,
        excerpt=excerpt(messages[-1]) if messages else "",
    )


def _checkpoint_id(config: RunnableConfig | None) -> str:
    return str(_place(config)["checkpoint_id"]) if config else ""


def _place(config: RunnableConfig) -> dict[str, Any]:
    return config.get("configurable", {})


@contextmanager
def _database_errors() -> Generator[None, None, None]:
    """Translate what the checkpointers raise, so that it is not taken for the model's failure."""
    try:
        yield
    except (psycopg.Error, sqlite3.Error) as error:
        raise DatabaseError("the conversation's memory cannot be reached") from error
