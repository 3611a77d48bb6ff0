"""The agent that the bot thinks with: a LangGraph graph and its memory."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from typing import Any, cast
from uuid import UUID

from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.runtime import RunControl
from langgraph.types import Command, StateSnapshot

from bot.checkpoints import COPY, FencedSaver
from bot.conversation import AgentEvent, Complete, Earlier, Hold, Message, Unread, WentBack
from bot.decisions import Decided
from bot.earlier import with_earlier
from bot.erasing import NotesWithout, erase
from bot.errors import StoppedByPeople
from bot.graph import MODEL
from bot.history import CheckpointLine, checkpoint_id, line
from bot.leave import answers
from bot.memory import remembered
from bot.narration import Narration
from bot.questions import interrupts
from bot.retelling import asks, note, sources, told, turn_of, unsaid
from bot.rewinding import go_back, is_present, outdated, resume, state_before
from bot.run import AnyGraph, Run, database_errors, latest, place_of, submission

STEPS = 25
"""A run's limit of super-steps: a dozen rounds of tools. LangGraph's own default is 10,007."""

TRIMMED_EVERY, STEPS_OF_A_TURN = 15, 3
"""After how many steps the memory is trimmed: in a few turns, not at each, as that is a statement."""

HISTORY = 100
"""Checkpoints that a history goes back; each is a full copy of the conversation."""


class GraphAgent:
    """An `Agent` over any graph whose state has `messages` and that was compiled with a checkpointer.

    The nodes in `answering` speak to people; what other nodes' models say is not shown. Without it, all nodes do, those
    of subgraphs as well. Where the graph asks somebody (`interrupt`), its question is the answer, and what is said next
    the reply to it. `graph_in` gives the graph that answers in a channel, where it is another one with the same memory.
    `tools` are the names of those of which a channel may have fewer. `notes_without` writes the notes that the graph
    keeps of a conversation anew, without a message that was deleted.
    """

    def __init__(
        self,
        graph: AnyGraph,
        *,
        answering: Collection[str] | None = frozenset({MODEL}),
        graph_in: Callable[[str], Awaitable[AnyGraph]] | None = None,
        tools: Sequence[str] = (),
        recursion_limit: int = STEPS,
        fenced: Callable[[Hold], BaseCheckpointSaver[Any]] | None = None,
        reasoning: bool = False,
        notes_without: NotesWithout | None = None,
    ) -> None:
        self._notes_without = notes_without
        self._reasoning = reasoning
        self._graph = graph
        self._graph_in = graph_in
        self.tools = tools
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
        stop: asyncio.Event | None = None,
        again: bool = False,
        decided: Sequence[Decided] = (),
        trace: UUID | None = None,
    ) -> AsyncGenerator[AgentEvent, None]:
        """Stream the answer to `messages`, which were said one after another, in the memory named `thread_id`.

        What is done depends on the memory: messages it has not seen are submitted; an answer that was interrupted is
        told as far as it stands there and goes on where it was; a whole one is told again, without asking the model.
        With `checkpoint`, the conversation is taken back to it first and goes on from there; so it is to before the
        messages (WentBack) if one of them was changed since it was seen, or if they were answered before (`again`); one
        that was answered before in its present version is gone on with where its answer broke off, if it did. Where
        the graph asks leave for something, it goes on with what was `decided`. To new messages is added what `earlier`
        tells was said meanwhile.

        Closing the generator ends the model's request; the memory keeps the messages and the finished steps, not the
        unfinished text. Raises an AgentError, with the text so far kept in the memory as the answer; DatabaseError;
        UnknownCheckpoint; Drained when `control` ended the run between two nodes; LeaseLost when the memory refused
        to be written to under `hold`; and StoppedByPeople when it is cancelled with `stop` set, with the text so far
        kept as the answer.
        """
        narration = Narration(self._answering, reasoning=self._reasoning)
        graph = await self._graph_under(hold, messages[-1].conversation.channel)
        config = self._config(thread_id, checkpoint, messages)
        if trace:
            config["run_id"] = trace
        run = Run(graph, config, narration, control, stop, decided)
        state = await run.state()
        stale, before = outdated(state, messages), None
        if stale or (again and not is_present(state, messages)):
            before = await state_before(graph, thread_id, messages[0].ts)
        if stale or before:
            yield WentBack()
            run = await go_back(run, before, stale, messages[0].ts)
            state = await run.state()
        elif again and run.is_wanted and await resume(run, state):
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
        run: "Run",
        state: StateSnapshot,
        messages: Sequence[Message],
        earlier: Earlier | None,
        said: Mapping[str, str],
    ) -> AsyncGenerator[AgentEvent, None]:
        """The answer but for its sources. `said` is what was told of it so far, as it grows."""
        turn = turn_of(state, messages)
        run.seen.extend(turn)
        for event in told(turn, run.decided):
            yield event
        if not run.is_wanted:
            raise StoppedByPeople("the answer was stopped before")
        asked = interrupts(state)
        found = answers(asked, run.decided) if turn else {}
        if turn and asked and not found:
            for event in asks(state, turn, run.decided):
                yield event
            return
        # Not `state.next`: it leaves out tasks whose results are stored while the step's own checkpoint is not.
        if turn and not state.tasks:
            if any(isinstance(message, AIMessage) for message in turn):
                return
            await run.forget(turn)
            turn = []
        known = remembered(state.values)
        heard, is_unread = await with_earlier(None if turn else earlier, messages, known)
        if is_unread:
            yield Unread()
        going_on: Any = Command(resume=found) if found else None
        async with aclosing(run.stream(heard, going_on if turn else submission(heard, known, asked))) as events:
            async for event in events:
                yield event
        async for event in self._left(run, messages, said):
            yield event

    async def _left(
        self, run: "Run", messages: Sequence[Message], said: Mapping[str, str]
    ) -> AsyncGenerator[AgentEvent, None]:
        """What the run has left in the conversation and was not told, and what it asks."""
        if self._answering is not None and not run.asking.is_set():
            return
        with database_errors():
            state = await run.graph.aget_state(latest(run.config))
        turn = turn_of(state, messages)
        for token in unsaid(turn, said) if self._answering is None else ():
            yield token
        for event in asks(state, turn, run.decided):
            yield event

    async def _graph_under(self, hold: Hold | None, channel: str) -> AnyGraph:
        graph = await self._graph_in(channel) if self._graph_in else self._graph
        if hold is None or self._fenced is None:
            return graph
        return graph.copy({"checkpointer": self._fenced(hold)})

    async def forget(self, thread_id: str, message: Message, *, answer: bool, hold: Hold) -> None:
        """Take a message that was deleted, or with `answer` what was answered to it, out of the memory.

        Out of each of its states, and of the notes that were made of it. Raises DatabaseError, LeaseLost.
        """
        saver = self._fenced(hold) if self._fenced else None
        if isinstance(saver, FencedSaver):
            with database_errors():
                await erase(saver, thread_id, message, answer=answer, notes=self._notes_without)

    async def branch(self, thread_id: str, checkpoint: str, to: str, *, hold: Hold) -> None:
        """Copy the state at a checkpoint into the memory named `to`; one that is not kept any more leaves it empty.

        Raises DatabaseError, LeaseLost.
        """
        saver = self._fenced(hold) if self._fenced else None
        if isinstance(saver, FencedSaver):
            with database_errors():
                await saver.change((statement, {"thread": thread_id, "at": checkpoint, "to": to}) for statement in COPY)

    async def history(self, thread_id: str) -> AsyncGenerator[CheckpointLine, None]:
        """The states that the conversation was in, the newest first, 100 at most. Raises DatabaseError."""
        with database_errors():
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
        "language": message.language,
        "viewing": message.viewing,
        "workspace": place.workspace,
        "channel": place.channel,
        "thread": place.thread_ts,
        "is_direct": place.is_direct,
    }


async def _trim(saver: object, state: StateSnapshot) -> None:
    """Now and then, let go of the oldest states of the conversation that was in this state before the run."""
    if isinstance(saver, FencedSaver) and (state.metadata or {}).get("step", 0) % TRIMMED_EVERY < STEPS_OF_A_TURN:
        with database_errors():
            await saver.trim(str(place_of(state.config)["thread_id"]))
