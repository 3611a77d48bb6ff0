"""A graph that writes a draft, asks a person about it, and goes on with what they decide.

    AGENT=examples/approval/graph.py:graph bot play

Ask for something to be announced. The bot shows a draft and waits, a day if need be; whatever is said next in the
thread is the decision.
"""

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, SystemMessage
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import interrupt

WRITER = "Write the announcement that you are asked for, in at most three sentences. Say nothing else."
AGREED = frozenset({"yes", "ok", "okay", "approve", "approved", "send it", "go"})


class State(MessagesState):
    """The conversation, and the draft that is waited for."""

    draft: str
    decision: str


def graph(model: BaseChatModel) -> StateGraph[State]:
    """The graph, not yet compiled: the bot gives it its memory."""

    async def write(state: State) -> dict[str, str]:
        # Tagged, since the draft is shown as part of the question, and not twice.
        writer = model.with_config(tags=["nostream"])
        return {"draft": (await writer.ainvoke([SystemMessage(WRITER), *state["messages"]])).text}

    async def ask(state: State) -> dict[str, str]:
        return {
            "decision": interrupt(
                {"question": "Shall I announce this? Say yes, or what to change.", "draft": state["draft"]}
            )
        }

    async def announce(state: State) -> dict[str, list[AIMessage]]:
        return {"messages": [AIMessage(f"Announced:\n\n> {state['draft']}")]}

    def decided(state: State) -> str:
        return "announce" if state["decision"].strip(" .!").casefold() in AGREED else "write"

    built = StateGraph(State)
    built.add_node("write", write)
    built.add_node("ask", ask)
    built.add_node("announce", announce)
    built.add_edge(START, "write")
    built.add_edge("write", "ask")
    built.add_conditional_edges("ask", decided, ["announce", "write"])
    built.add_edge("announce", END)
    return built
