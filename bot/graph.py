"""The agent's graph: a model that may call tools, and the tools, in a loop over the conversation's messages.

    question ──> model ──> answer ──> fold, if there is much to settle or to fold
                 ^   │ one Send for each call
                 │   v
                 tools

Each tool call is a task of its own: the calls of one message run together, each result is stored when it is there,
and after a crash only the calls without a result run again. So a tool runs at least once; the call's id is the same
at each try and serves as an idempotency key.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.errors import GraphBubbleUp
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Send

from bot.calls import Call, call_id, call_name, calls
from bot.decisions import Choice
from bot.errors import ContentRefused
from bot.folding import folded, is_due
from bot.leave import ask_leave, changed, denial, needs_leave, told_of_change
from bot.memory import Memory, remembered
from bot.pictures import Look, shown, takes_pictures
from bot.transcript import sent

MODEL = "model"
TOOLS = "tools"
FOLD = "fold"

MEMORY_TOKENS = 8_000
"""How much of a conversation the memory holds as it was said, unless told otherwise."""

TOOL_TIMEOUT = timedelta(seconds=60)
"""How long a tool may take."""

LONGEST_RESULT = 20_000
"""Characters of a tool's result that the model is told: about 5,000 tokens."""

LANGUAGE = "Whoever asks now wants to be answered in {language}."

LONGEST_ERROR = 500
"""Characters of a tool's error that the model is told."""


AgentGraph = CompiledStateGraph[Memory, None, Memory, Memory]


def build_graph(
    model: BaseChatModel,
    tools: Sequence[BaseTool],
    instructions: str,
    checkpointer: BaseCheckpointSaver[Any] | None,
    *,
    memory_tokens: int = MEMORY_TOKENS,
    look: Look | None = None,
    approve: Collection[str] = (),
    deciders: Sequence[str] = (),
) -> AgentGraph:
    """The graph, compiled. `instructions` is the system prompt: sent with each request, never stored.

    With `look`, a model that takes pictures is sent those that people have dropped. A tool whose name `approve` holds,
    or a pattern that fits it, runs only when one of the `deciders` has approved.
    """
    pictures = look if look and takes_pictures(model) else None
    asked = model.bind_tools(tools) if tools else model
    by_name = {tool.name: tool for tool in tools}

    async def think(state: Memory, config: RunnableConfig) -> dict[str, list[AIMessage]]:
        language = config.get("configurable", {}).get("language")
        told = f"{instructions}\n\n{LANGUAGE.format(language=language)}" if language else instructions
        request = sent(remembered(state), told, state.get("notes", ""))
        message = await asked.ainvoke(await shown(request, pictures) if pictures else request)
        _check_refusal(message)
        return {"messages": [message]}

    async def run_tool(state: Call) -> dict[str, list[ToolMessage]]:
        can_run = call_name(state) in by_name and state.get("type") != "invalid_tool_call"
        if not (can_run and needs_leave(call_name(state), approve)):
            return {"messages": [await _result(by_name, state)]}
        return {"messages": [await _decided(by_name, state, ask_leave(state, deciders))]}

    async def fold(state: Memory) -> Mapping[str, Any]:
        return await folded(model, state, memory_tokens)

    def after_model(state: Memory) -> Sequence[Send] | str:
        called = [Send(TOOLS, call) for call in calls(state["messages"][-1])]
        return called or (FOLD if is_due(state, memory_tokens) else END)

    graph = StateGraph(Memory)
    graph.add_node(MODEL, think)
    graph.add_node(TOOLS, run_tool)
    graph.add_node(FOLD, fold)
    graph.add_edge(START, MODEL)
    graph.add_conditional_edges(MODEL, after_model, [TOOLS, FOLD, END])
    graph.add_edge(TOOLS, MODEL)
    graph.add_edge(FOLD, END)
    return graph.compile(checkpointer=checkpointer)


def _check_refusal(message: AIMessage) -> None:
    """Raise ContentRefused where the model, or the filter before it, declined to answer."""
    told = cast("dict[str, Any]", message.response_metadata)
    incomplete: dict[str, Any] = told.get("incomplete_details") or {}
    reasons = {told.get("finish_reason"), told.get("stop_reason"), incomplete.get("reason")}
    if "content_filter" in reasons:
        raise ContentRefused("the content filter of the model's server stopped the answer")
    declined = any(isinstance(block, dict) and block.get("type") == "refusal" for block in message.content)
    if not message.text and (declined or "refusal" in reasons):
        raise ContentRefused("the model declined to answer")


async def _result(tools: Mapping[str, BaseTool], call: Call) -> ToolMessage:
    """The tool's result, or what went wrong, said to the model: it may try something else."""
    name = call_name(call)
    if call.get("type") == "invalid_tool_call":
        return _failure(call, "The arguments are not valid JSON.")
    if name not in tools:
        return _failure(call, f"There is no tool {name!r}. There are: {', '.join(sorted(tools))}.")
    try:
        async with asyncio.timeout(TOOL_TIMEOUT.total_seconds()):
            result = await tools[name].ainvoke(cast("Any", call))
    except GraphBubbleUp:  # an interrupt or a drain is the graph's own business
        raise
    except TimeoutError:
        return _failure(call, f"It took longer than {TOOL_TIMEOUT.total_seconds():g} s and was ended.")
    except Exception as error:  # noqa: BLE001  # a tool is anybody's code; whatever it raises, the model decides what next
        return _failure(call, f"{type(error).__name__}: {error}"[:LONGEST_ERROR])
    if not isinstance(result, ToolMessage):
        result = ToolMessage(str(result), tool_call_id=call_id(call), name=name)
    return _cut(result)


async def _decided(tools: Mapping[str, BaseTool], call: Call, decision: Mapping[str, Any]) -> ToolMessage:
    """The result of a call as somebody has decided about it."""
    if decision["type"] == Choice.DENY.value:
        return denial(call, decision)
    if (args := changed(decision)) is None:
        return await _result(tools, call)
    return told_of_change(await _result(tools, cast("Call", {**call, "args": args})), decision)


def _cut(result: ToolMessage) -> ToolMessage:
    """The result within the budget for one; what is no text is left as it is."""
    text = result.content
    if not isinstance(text, str) or len(text) <= LONGEST_RESULT:
        return result
    rest = f"\n\n[the rest of it, {len(text) - LONGEST_RESULT:,} characters, is left out: it was too long]"
    return result.model_copy(update={"content": text[:LONGEST_RESULT] + rest})


def _failure(call: Call, reason: str) -> ToolMessage:
    return ToolMessage(f"Error: {reason}", tool_call_id=call_id(call), name=call_name(call), status="error")
