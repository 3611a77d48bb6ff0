"""What one run of a graph tells: LangGraph's stream of events, turned into the bot's.

Source: `astream_events` version 2 of langgraph 1.2 and langchain-core 1.7. It reports the models and tools of every
node, subgraph and summary alike, and does not mark what begins again, so most of this file is about what is not part
of the answer.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from langchain_core.messages import AIMessage, AIMessageChunk, ToolMessage
from langchain_core.runnables.schema import StreamEvent

from bot.calls import calls
from bot.conversation import (
    AgentEvent,
    Complete,
    NodeEnded,
    NodeStarted,
    Reasoned,
    Restarted,
    Token,
    ToolEnded,
    ToolStarted,
)
from bot.excerpt import written
from bot.thoughts import REASONING
from bot.tools import summary

SUBGRAPH = "|"
"""Stands in the checkpoint namespace of what runs in a subgraph, or in a graph that a tool runs."""

NOT_SHOWN = frozenset({"nostream", "langsmith:nostream"})
"""The tags by which LangGraph lets a model be left out of its streams; this one does not heed them by itself."""

ENDS = frozenset({"stop", "end_turn"})
"""The reasons that OpenAI's and Anthropic's models give for an end which is the answer's."""

GIVEN_BY_LANGCHAIN = "lc_"
"""How the ids of chunks begin that their provider gave none. One message may have chunks of both kinds."""


@dataclass(slots=True)
class _Draft:
    """A model's message while it is being written; `ids` are its chunks', LangChain's and the provider's."""

    name: str
    ids: dict[bool, str] = field(default_factory=dict[bool, str])
    text: str = ""
    is_complete: bool = False

    def restart(self) -> Iterator[Restarted]:
        """Begin anew, and say so if anything was shown."""
        if self.text:
            yield Restarted(self.name)
        self.ids, self.text, self.is_complete = {}, "", False


@dataclass(slots=True)
class _Task:
    """A run of a node, with the message that its model is writing. A retry of the node is the same task."""

    node: str
    draft: _Draft | None = None


class Narration:
    """The events of one run, in order. Only the nodes in `answering` speak to people; without it, every node does.

    Then those of subgraphs speak as well, but for a model that is tagged `nostream`, as LangGraph has it. What a model
    thinks is told only with `reasoning`, apart from what it says.
    """

    def __init__(self, answering: Collection[str] | None, *, reasoning: bool = False) -> None:
        self.answering = answering
        self._reasoning = reasoning
        self._tasks: dict[str, _Task] = {}

    def tell(self, event: StreamEvent) -> Iterator[AgentEvent]:
        """What this event of LangGraph's means to people: mostly nothing."""
        match event["event"]:
            case "on_chain_start" | "on_chain_end" if _is_node(event):
                yield from self._tell_node(event)
            case "on_chat_model_start" | "on_chat_model_stream" | "on_chat_model_end" if self._is_answer(event):
                yield from self._tell_model(event)
            case "on_tool_start" | "on_tool_end" | "on_tool_error":
                yield _tool_event(event)
            case _:
                pass

    def unfinished(self) -> tuple[str, str] | None:
        """The answering node that has begun and not ended, and the text that its model has written so far."""
        for task in reversed(self._tasks.values()):
            if self.answering is None or task.node in self.answering:
                return task.node, task.draft.text if task.draft else ""
        return None

    def _is_answer(self, event: StreamEvent) -> bool:
        metadata = _metadata(event)
        if "lc_source" in metadata or not NOT_SHOWN.isdisjoint(event.get("tags", [])):
            return False
        if self.answering is None:
            return "langgraph_node" in metadata
        return metadata.get("langgraph_node") in self.answering and SUBGRAPH not in _place(event)

    def _tell_node(self, event: StreamEvent) -> Iterator[AgentEvent]:
        node, place = event["name"], _place(event)
        if event["event"] == "on_chain_end":
            self._tasks.pop(place, None)
            yield NodeEnded(node, written(event["data"].get("output")))
            return
        yield NodeStarted(node)
        task = self._tasks.setdefault(place, _Task(node))
        if task.draft:  # a retry of the node: whatever it has shown is void
            yield from task.draft.restart()

    def _tell_model(self, event: StreamEvent) -> Iterator[AgentEvent]:
        # Comes with every token: nothing is made that is there already.
        task = self._tasks.get(_place(event)) or self._tasks.setdefault(_place(event), _Task(_outermost_node(event)))
        match event["event"], event["data"].get("chunk"), event["data"].get("output"):
            case "on_chat_model_start", _, _:
                if task.draft and task.draft.is_complete:
                    task.draft = None
                elif task.draft:
                    yield from task.draft.restart()
            case "on_chat_model_stream", AIMessageChunk() as chunk, _:
                yield from self._tell_chunk(task, chunk, event["run_id"])
            case "on_chat_model_end", _, AIMessage() as message:
                if not task.draft:  # a model that does not stream
                    yield from _write(task, message, message.id or event["run_id"])
                if task.draft:
                    task.draft.is_complete = True
                    if self.answering is not None and not calls(message):
                        yield Complete()
            case _:
                pass

    def _tell_chunk(self, task: _Task, chunk: AIMessageChunk, run: str) -> Iterator[AgentEvent]:
        if self._reasoning:
            yield from _reasoned(chunk)
        yield from _write(task, chunk, chunk.id or run)
        # Known here, and not only when LangChain has put the chunks together: 80 ms for a long answer's.
        if self.answering is not None and chunk.response_metadata and _is_end(chunk):
            yield Complete()


def _write(task: _Task, message: AIMessage, id_: str) -> Iterator[AgentEvent]:
    """The next piece of the message. Text under another id than before means that the message began again."""
    text = str(message.text)
    if not text:
        return
    draft = task.draft = task.draft or _Draft(id_)
    kind = id_.startswith(GIVEN_BY_LANGCHAIN)
    if draft.ids.get(kind, id_) != id_:
        yield from draft.restart()
    draft.ids[kind] = id_
    draft.text += text
    yield Token(text, draft.name)


def _reasoned(chunk: AIMessageChunk) -> Iterator[Reasoned]:
    if thought := cast("dict[str, Any]", chunk.additional_kwargs).get(REASONING):
        yield Reasoned(str(thought))
        return  # of some providers it stands in the blocks as well
    for block in chunk.content_blocks:
        if block["type"] == "reasoning" and (text := block.get("reasoning")):
            yield Reasoned(text)


def _is_end(chunk: AIMessageChunk) -> bool:
    told = cast("dict[str, Any]", chunk.response_metadata)
    return (told.get("finish_reason") or told.get("stop_reason")) in ENDS


def began(call: str, name: str, args: Mapping[str, Any]) -> ToolStarted:
    """That a tool began to run, in the words that people read."""
    return ToolStarted(call, name, summary(name, args), summary(name, args, done=True))


def _tool_event(event: StreamEvent) -> AgentEvent:
    call, name, content = event["run_id"], event["name"], event["data"]
    match event["event"]:
        case "on_tool_start":
            return began(call, name, cast("dict[str, Any]", content.get("input") or {}))
        case "on_tool_end":
            result = content.get("output")
            return ToolEnded(call, name, failed=isinstance(result, ToolMessage) and result.status == "error")
        case _:
            return ToolEnded(call, name, failed=True)


def _is_node(event: StreamEvent) -> bool:
    """Whether this is about a node of the graph itself, and not about what runs inside one."""
    return (
        _metadata(event).get("langgraph_node") == event["name"]
        and any(tag.startswith("graph:step:") for tag in event.get("tags", []))
        and SUBGRAPH not in _place(event)
    )


def _place(event: StreamEvent) -> str:
    """Where in the graph: the same for all that one task does, other for each task."""
    return str(_metadata(event).get("langgraph_checkpoint_ns", ""))


def _outermost_node(event: StreamEvent) -> str:
    """The node of the graph itself within which this happens."""
    return _place(event).partition(SUBGRAPH)[0].partition(":")[0] or str(_metadata(event).get("langgraph_node"))


def _metadata(event: StreamEvent) -> Mapping[str, Any]:
    return event.get("metadata", {})
