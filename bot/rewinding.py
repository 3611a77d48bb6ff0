"""Going back: where a conversation was before messages that are answered anew, because one of them was changed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from langchain_core.messages import AnyMessage
from langgraph.types import StateSnapshot

from bot.conversation import Message
from bot.history import checkpoint_id
from bot.memory import remembered
from bot.run import AnyGraph, Run, database_errors, place_of
from bot.transcript import EDITED

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig


def is_present(state: StateSnapshot, messages: Sequence[Message]) -> bool:
    """Whether the memory holds all of these messages as they are now."""
    versions = _versions(state)
    return all(versions.get(message.ts) == message.edited for message in messages)


def outdated(state: StateSnapshot, messages: Sequence[Message]) -> list[AnyMessage]:
    """What the memory holds from the first of these messages on, if one of them stands there as it was before."""
    versions, known = _versions(state), remembered(state.values)
    if all(versions.get(message.ts, message.edited) == message.edited for message in messages):
        return []
    asked = {message.ts for message in messages}
    return known[next(at for at, said in enumerate(known) if said.id in asked) :]


async def state_before(graph: AnyGraph, thread_id: str, first: str) -> StateSnapshot | None:
    """The newest state from which a run for the messages from `first` on set out; None if it is not kept.

    Each checkpoint tells for which message it was made (`since`, see `bot.agent`), and the one that is made of a run's
    input still is the state before: LangGraph 1.2 takes the input in with the step after it. A reply to what the graph
    asked makes none; it set out from the state that asked. Raises DatabaseError.
    """
    thread: RunnableConfig = {"configurable": {"thread_id": thread_id}}
    with database_errors():
        made = [state async for state in graph.aget_state_history(thread, filter={"since": first})]
        by_id = {checkpoint_id(state.config): state for state in made}
        at = made[0] if made else None
        while at and first in _versions(at) and checkpoint_id(at.config) in by_id:
            if not at.parent_config:
                return None
            at = by_id.get(checkpoint_id(at.parent_config)) or await graph.aget_state(at.parent_config)
    return at if at and at.created_at else None


async def resume(run: Run, state: StateSnapshot) -> bool:
    """Go back to where an answer broke off, if it did and the conversation has not gone on since.

    What it had said then stands in a state of its own, made by hand (`Run.keep`); before that its task is yet to do.
    Raises DatabaseError.
    """
    if (state.metadata or {}).get("source") != "update" or not state.parent_config:
        return False
    with database_errors():
        await run.graph.aupdate_state(state.parent_config, None, as_node="__copy__")
    return True


async def go_back(run: Run, before: StateSnapshot | None, stale: Sequence[AnyMessage], first: str) -> Run:
    """The run, from the state before the messages from `first` on; without one, from the newest without what is stale.

    Raises DatabaseError.
    """
    if before is None:
        await run.forget(stale)
        return run
    if first in _versions(before):
        await _ask_again(run, before)
        return run
    place = {**place_of(run.config), "checkpoint_id": checkpoint_id(before.config)}
    return replace(run, config={**run.config, "configurable": place}, decided=())


async def _ask_again(run: Run, asked: StateSnapshot) -> None:
    """Go back to a state in which the graph asked something, without the reply that is kept with it, and ask anew."""
    with database_errors():
        await run.graph.aupdate_state(asked.config, None, as_node="__copy__")
        place = {key: value for key, value in place_of(run.config).items() if key != "since"}
        await run.graph.ainvoke(None, {**run.config, "configurable": place})


def _versions(state: StateSnapshot) -> dict[str, str]:
    """When each message that the memory holds was changed last, by its id."""
    known = remembered(state.values)
    return {said.id: said.additional_kwargs.get(EDITED, "") for said in known if said.id}
