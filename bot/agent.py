"""The agent that the bot thinks with: a LangGraph graph and its memory."""

import sqlite3
from collections.abc import AsyncGenerator, Callable, Collection, Generator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

import psycopg
from langchain_core.messages import AIMessage, AnyMessage, RemoveMessage, ToolMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.errors import GraphDrained
from langgraph.graph import START
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import RunControl
from langgraph.types import Command, Interrupt, StateSnapshot

from bot.checkpoints import FencedSaver
from bot.conversation import AgentEvent, Complete, Earlier, Hold, Message, Unread
from bot.earlier import with_earlier
from bot.errors import AgentError, ContentRefused, DatabaseError, Drained, LeaseLost, UnknownCheckpoint
from bot.graph import MODEL
from bot.history import CheckpointLine, checkpoint_id, line
from bot.model import translate
from bot.narration import Narration
from bot.questions import interrupts, questions
from bot.retelling import note, question, sources, told, turn_of, unsaid

if TYPE_CHECKING:
    from langchain_core.runnables.schema import StreamEvent

STEPS = 25
"""A run's limit of super-steps: a dozen rounds of tools. LangGraph's own default is 10,007."""

TRIMMED_EVERY, STEPS_OF_A_TURN = 15, 3
"""After how many steps the memory is trimmed: in a few turns, not at each, as that is a statement."""

HISTORY = 100
"""Checkpoints that a history goes back; each is a full copy of the conversation."""

AnyGraph = CompiledStateGraph[Any, Any, Any, Any]


class GraphAgent:
    """An `Agent` over any graph whose state has `messages` and that was compiled with a checkpointer.

    The nodes in `answering` speak to people; what other nodes' models say is not shown. Without it, all nodes do, those
    of subgraphs as well. Where the graph asks somebody (`interrupt`), its question is the answer, and what is said next
    the reply to it. In one of the `channels` another graph answers, whose memory is the same.
    """

    def __init__(
        self,
        graph: AnyGraph,
        *,
        answering: Collection[str] | None = frozenset({MODEL}),
        channels: Mapping[str, AnyGraph] = MappingProxyType({}),
        recursion_limit: int = STEPS,
        fenced: Callable[[Hold], BaseCheckpointSaver[Any]] | None = None,
        reasoning: bool = False,
    ) -> None:
        self._reasoning = reasoning
        self._graph = graph
        self._channels = channels
        self._answering = answering
        self._recursion_limit = recursion_limit
        self._fenced = fenced

    async def answer(
        self,
        thread_id: str,
        messages: Sequence[Message],
        *,
        checkpoint: str | None = None,
        hold: Hold | None = None,
        control: RunControl | None = None,
        earlier: Earlier | None = None,
    ) -> AsyncGenerator[AgentEvent, None]:
        """Stream the answer to `messages`, which were said one after another, in the memory named `thread_id`.

        What is done depends on the memory: messages it has not seen are submitted; an answer that was interrupted is
        told as far as it stands there and goes on where it was; a whole one is told again, without asking the model.
        With `checkpoint`, the conversation is taken back to it first and goes on from there. To new messages is added
        what `earlier` tells was said meanwhile.

        Closing the generator ends the model's request; the memory keeps the messages and the finished steps, not the
        unfinished text. Raises an AgentError, with the text so far kept in the memory as the answer; DatabaseError;
        UnknownCheckpoint; Drained when `control` ended the run between two nodes; LeaseLost when the memory refused
        to be written to under `hold`.
        """
        narration = Narration(self._answering, reasoning=self._reasoning)
        graph = self._graph_under(hold, messages[-1].conversation.channel)
        run = _Run(graph, self._config(thread_id, checkpoint, messages), narration, control)
        state = await run.state()
        said: dict[str, str] = {}
        async with aclosing(self._events(run, state, messages, earlier, said)) as events:
            async for event in events:
                if isinstance(event, Complete):
                    for token in sources(run.seen, said):
                        yield token
                note(said, event)
                yield event
        for token in sources(run.seen, said):
            yield token
        await _trim(cast("object", run.graph.checkpointer), state)

    async def _events(
        self,
        run: "_Run",
        state: StateSnapshot,
        messages: Sequence[Message],
        earlier: Earlier | None,
        said: Mapping[str, str],
    ) -> AsyncGenerator[AgentEvent, None]:
        """The answer but for its sources. `said` is what was told of it so far, as it grows."""
        turn = turn_of(state, messages)
        run.seen.extend(turn)
        for event in told(turn):
            yield event
        asked = interrupts(state)
        if turn and asked:
            yield questions(asked)
            return
        # Not `state.next`: it leaves out tasks whose results are stored while the step's own checkpoint is not.
        if turn and not state.tasks:
            if any(isinstance(message, AIMessage) for message in turn):
                return
            await run.forget(turn)
            turn = []
        heard, is_unread = await with_earlier(None if turn else earlier, messages, state.values.get("messages", []))
        if is_unread:
            yield Unread()
        async with aclosing(run.stream(heard, is_new=not turn, asked=asked)) as events:
            async for event in events:
                yield event
        if self._answering is None:
            with _database_errors():
                state = await run.graph.aget_state(_latest(run.config))
            for token in unsaid(state, turn_of(state, messages), said):
                yield token

    def _graph_under(self, hold: Hold | None, channel: str) -> AnyGraph:
        graph = self._channels.get(channel, self._graph)
        if hold is None or self._fenced is None:
            return graph
        return graph.copy({"checkpointer": self._fenced(hold)})

    async def history(self, thread_id: str) -> AsyncGenerator[CheckpointLine, None]:
        """The states that the conversation was in, the newest first, 100 at most. Raises DatabaseError."""
        with _database_errors():
            found = self._graph.aget_state_history(self._config(thread_id), limit=HISTORY)
            states = [state async for state in found]
        ran = {checkpoint_id(state.config): state.next for state in states}
        for state in states:
            yield line(state, ran.get(checkpoint_id(state.parent_config), ()))

    def _config(
        self, thread_id: str, checkpoint: str | None = None, messages: Sequence[Message] = ()
    ) -> RunnableConfig:
        place = {"thread_id": thread_id} | ({"checkpoint_id": checkpoint} if checkpoint else {})
        asked = {**_asked_by(messages[-1]), "since": messages[0].ts} if messages else {}
        return {"configurable": asked | place, "recursion_limit": self._recursion_limit}


def _asked_by(message: Message) -> dict[str, Any]:
    """Who asks, and where: for tools, which must not take a model's word for it."""
    place = message.conversation
    return {
        "asker": message.author,
        "zone": message.zone,
        "workspace": place.workspace,
        "channel": place.channel,
        "thread": place.thread_ts,
        "is_direct": place.is_direct,
    }


@dataclass(frozen=True, slots=True)
class _Run:
    """One run of a graph, for one answer."""

    graph: AnyGraph
    config: RunnableConfig
    narration: Narration
    control: RunControl | None
    seen: list[AnyMessage] = field(default_factory=list[AnyMessage])

    async def state(self) -> StateSnapshot:
        """The state that the run begins at. Raises UnknownCheckpoint when it was to begin at one that is not there."""
        with _database_errors():
            state = await self.graph.aget_state(self.config)
        place = _place(self.config)
        if "checkpoint_id" in place and state.created_at is None:
            raise UnknownCheckpoint(f"{place['thread_id']} has no checkpoint {place['checkpoint_id']}")
        return state

    async def stream(
        self, messages: Sequence[Message], *, is_new: bool, asked: Sequence[Interrupt] = ()
    ) -> AsyncGenerator[AgentEvent, None]:
        """Submit the messages if they are new, as the reply to what was `asked`, else go on; tell what happens."""
        value: Any = {"messages": [question(message) for message in messages]} if is_new else None
        if is_new and asked:
            value = Command(resume=_reply(messages, asked), update=value)
        try:
            with _database_errors():
                async with aclosing(self._events(value)) as events:
                    async for event in events:
                        if isinstance(result := event["data"].get("output"), ToolMessage):
                            self.seen.append(result)
                        for told in self.narration.tell(event):
                            yield told
        except GraphDrained as drained:
            raise Drained("the run was ended between two nodes") from drained
        except (DatabaseError, LeaseLost):
            raise
        except Exception as error:
            failure = translate(error)
            await self._keep(messages, failure)
            if failure is error:
                raise
            raise failure from error

    async def forget(self, turn: Sequence[AnyMessage]) -> None:
        """Take messages out of the memory that were never answered and are not the last: they are asked anew."""
        removed = [RemoveMessage(id=message.id) for message in turn if message.id]
        with _database_errors():
            node = min(self.narration.answering or {START})
            await self.graph.aupdate_state(self.config, {"messages": removed}, as_node=node)

    def _events(self, value: Any) -> "AsyncGenerator[StreamEvent, None]":
        # It is a generator, whatever its signature says; leaving it open would leave the model running.
        stream = self.graph.astream_events(value, self.config, version="v2", control=self.control)
        return cast("AsyncGenerator[StreamEvent, None]", stream)

    async def _keep(self, messages: Sequence[Message], failure: AgentError) -> None:
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
        with _database_errors():
            await self.graph.aupdate_state(_latest(self.config), {"messages": kept}, as_node=node)


async def _trim(saver: object, state: StateSnapshot) -> None:
    """Now and then, let go of the oldest states of the conversation that was in this state before the run."""
    if isinstance(saver, FencedSaver) and (state.metadata or {}).get("step", 0) % TRIMMED_EVERY < STEPS_OF_A_TURN:
        with _database_errors():
            await saver.trim(str(_place(state.config)["thread_id"]))


def _reply(messages: Sequence[Message], asked: Sequence[Interrupt]) -> Any:
    """What somebody said, as the value that `interrupt` returns; of several at once, to each."""
    text = "\n".join(message.text for message in messages if not message.overheard)
    return text if len(asked) == 1 else {one.id: text for one in asked}


def _latest(config: RunnableConfig) -> RunnableConfig:
    """Where the conversation is by now."""
    return {"configurable": {"thread_id": _place(config)["thread_id"]}}


def _place(config: RunnableConfig) -> dict[str, Any]:
    return config.get("configurable", {})


@contextmanager
def _database_errors() -> Generator[None, None, None]:
    """Translate what the checkpointers raise, so that it is not taken for the model's failure."""
    try:
        yield
    except (psycopg.Error, sqlite3.Error) as error:
        raise DatabaseError("the conversation's memory cannot be reached") from error
