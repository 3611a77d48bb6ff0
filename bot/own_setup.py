"""The tool by which the bot tells what it is where it is asked."""

from collections.abc import Sequence
from typing import Any

from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool, StructuredTool

from bot.setups import Setups

OWN_SETUP = "own_setup"
PURPOSE = "Tell how you are set up where you are asked: which model you are, your tools, what you are told to be."


def own_setup(model: str, instructions: str, tools: Sequence[str], setups: Setups) -> BaseTool:
    """The tool `own_setup`. What is given is how the bot is everywhere else; `tools` are names."""

    async def tell(config: RunnableConfig) -> str:
        place = str(config.get("configurable", {}).get("channel", ""))
        channel = await setups.of(place)
        names = channel.tools if channel.tools is not None else tools
        told: dict[str, Any] = {
            "model": channel.model or model,
            "tools": ", ".join(names) or "none",
            "answers follow-ups without a mention": "yes" if channel.follow_ups else "no",
            "set for this channel": _origin(setups, place),
            "instructions": channel.instructions or instructions,
        }
        return "\n".join(f"{what}: {how}" for what, how in told.items())

    return StructuredTool.from_function(coroutine=tell, name=OWN_SETUP, description=PURPOSE)


def _origin(setups: Setups, place: str) -> str:
    if setups.is_set(place):
        return "yes, by people here"
    return "yes, by the administrator" if place in setups.of_file else "no, as everywhere"
