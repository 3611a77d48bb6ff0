"""What the tests of the vendors' own packages share: a model opened by its name, and what is heard of its answer."""

from collections.abc import Sequence

from langchain_core.language_models import BaseChatModel
from langchain_core.tools import StructuredTool

from bot.agent import GraphAgent
from bot.conversation import AgentEvent, Conversation, Message, Reasoned, Token
from bot.graph import build_graph
from bot.model import chat_model
from tests.agent.stage import LONG, memory


def opened(name: str) -> BaseChatModel:
    """The model of that name, as the environment has it."""
    return chat_model(
        name, openai_api_key=None, openai_base_url=None, request_timeout=LONG, chunk_timeout=LONG, retries=0
    )


async def _look_up(place: str) -> str:
    """Look it up."""
    return f"Fog in {place}"


LOOK_UP = StructuredTool.from_function(coroutine=_look_up, name="look_up")


async def heard(model: BaseChatModel, instructions: str = "", *, reasoning: bool = False) -> list[AgentEvent]:
    """What there is to hear when an agent with LOOK_UP is asked for the weather."""
    agent = GraphAgent(build_graph(model, [LOOK_UP], instructions, memory()), reasoning=reasoning)
    question = Message(Conversation("T", "C", "1.0"), "1.0", "U", "Weather?")
    return [event async for event in agent.answer("T/C/1.0", [question])]


def said(events: Sequence[AgentEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, Token))


def thought(events: Sequence[AgentEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, Reasoned))
