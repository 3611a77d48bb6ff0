"""A supervisor with two sub-agents: one that looks things up, one that writes.

    AGENT=examples/supervisor/langgraph.json:supervisor bot play

The supervisor hands the question to the researcher if there is something to find out, and then to the writer. What
both of them say is shown while they say it; what the supervisor decides is not.
"""

from typing import Any, Literal

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, SystemMessage, ToolMessage
from langchain_core.tools import BaseTool
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.graph.state import CompiledStateGraph

SUPERVISOR = "Answer with one word, research or write: does the last question need something to be found out first?"
RESEARCHER = "You are the researcher. Find out with your tools what the last question needs. State it in a sentence."
WRITER = "You are the writer. Answer the last question, briefly, with what the researcher has found out."

Agent = CompiledStateGraph[Any, Any, Any, Any]


def supervisor(model: BaseChatModel, tools: list[BaseTool], checkpointer: BaseCheckpointSaver[Any]) -> Agent:
    """The graph, compiled with the bot's memory."""

    async def decide(state: MessagesState) -> dict[str, Any]:
        del state
        return {}

    async def chosen(state: MessagesState) -> Literal["researcher", "writer"]:
        silent = model.with_config(tags=["nostream"])
        said = await silent.ainvoke([SystemMessage(SUPERVISOR), *state["messages"]])
        return "writer" if "write" in said.text.casefold() else "researcher"

    built = StateGraph(MessagesState)
    built.add_node("supervisor", decide)
    built.add_node("researcher", _researcher(model, tools))
    built.add_node("writer", _speaker(model, WRITER))
    built.add_edge(START, "supervisor")
    built.add_conditional_edges("supervisor", chosen)
    built.add_edge("researcher", "writer")
    built.add_edge("writer", END)
    return built.compile(checkpointer=checkpointer)


def _researcher(model: BaseChatModel, tools: list[BaseTool]) -> Agent:
    by_name = {tool.name: tool for tool in tools}

    async def think(state: MessagesState) -> dict[str, Any]:
        return {"messages": [await model.bind_tools(tools).ainvoke([SystemMessage(RESEARCHER), *state["messages"]])]}

    async def use(state: MessagesState) -> dict[str, Any]:
        asked = state["messages"][-1]
        calls: list[Any] = asked.tool_calls if isinstance(asked, AIMessage) else []
        results: list[ToolMessage] = [await by_name[call["name"]].ainvoke(call) for call in calls]
        return {"messages": results}

    def next_step(state: MessagesState) -> str:
        said = state["messages"][-1]
        return "use" if isinstance(said, AIMessage) and said.tool_calls else END

    built = StateGraph(MessagesState)
    built.add_node("think", think)
    built.add_node("use", use)
    built.add_edge(START, "think")
    built.add_conditional_edges("think", next_step, ["use", END])
    built.add_edge("use", "think")
    return built.compile()


def _speaker(model: BaseChatModel, instructions: str) -> Agent:
    async def speak(state: MessagesState) -> dict[str, Any]:
        return {"messages": [await model.ainvoke([SystemMessage(instructions), *state["messages"]])]}

    built = StateGraph(MessagesState)
    built.add_node("speak", speak)
    built.add_edge(START, "speak")
    built.add_edge("speak", END)
    return built.compile()
