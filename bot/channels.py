"""What the bot is in single channels: `channels.toml` says where it differs from the rest."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool, StructuredTool
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from bot.errors import SettingsError

DEFAULT = Path("channels.toml")
OWN_SETUP = "own_setup"
PURPOSE = "Tell how you are set up where you are asked: which model you are, your tools, what you are told to be."


class Channel(BaseModel):
    """What is other in one channel; None is as everywhere."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    instructions: str | None = None
    model: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9_]*:\S+$")
    tools: tuple[str, ...] | None = None
    follow_ups: bool = True
    """Whether it answers in its threads without being mentioned."""


_CHANNELS = TypeAdapter(dict[str, Channel])


def channels(path: Path | None) -> Mapping[str, Channel]:
    """The channels that the file names, by their ids; without a path those of `channels.toml` here, if there is one.

    Raises SettingsError, which names the file and what is wrong.
    """
    file = path or DEFAULT
    if path is None and not file.exists():
        return {}
    try:
        return _CHANNELS.validate_python(tomllib.loads(file.read_text("utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"CHANNELS_CONFIG: the file {file} cannot be read.") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"CHANNELS_CONFIG: the file {file} is no TOML: {error}.") from None
    except ValidationError as error:
        wrong = ", ".join(sorted({" ".join(map(str, problem["loc"])) for problem in error.errors()}))
        known = ", ".join(Channel.model_fields)
        raise SettingsError(f"CHANNELS_CONFIG: {file} is wrong at {wrong}. A channel has {known}.") from None


def chosen(tools: Sequence[BaseTool], channel: str, names: Sequence[str] | None) -> list[BaseTool]:
    """The tools of these names, or all. Raises SettingsError for a name that none of them has."""
    by_name = {tool.name: tool for tool in tools}
    if unknown := sorted(set(names or ()) - by_name.keys()):
        there = ", ".join(sorted(by_name))
        raise SettingsError(
            f"CHANNELS_CONFIG: {channel} names the tool {unknown[0]}, which is not there. There are {there}."
        )
    return [by_name[name] for name in names] if names is not None else [*tools]


def own_setup(model: str, instructions: str, tools: Sequence[BaseTool], here: Mapping[str, Channel]) -> BaseTool:
    """A tool that tells what the bot is where it is asked."""

    async def tell(config: RunnableConfig) -> str:
        place = str(config.get("configurable", {}).get("channel", ""))
        channel = here.get(place, Channel())
        names = channel.tools if channel.tools is not None else [tool.name for tool in tools]
        told: dict[str, Any] = {
            "model": channel.model or model,
            "tools": ", ".join(names) or "none",
            "answers follow-ups without a mention": "yes" if channel.follow_ups else "no",
            "set for this channel": "yes" if place in here else "no, as everywhere",
            "instructions": channel.instructions or instructions,
        }
        return "\n".join(f"{what}: {how}" for what, how in told.items())

    return StructuredTool.from_function(coroutine=tell, name=OWN_SETUP, description=PURPOSE)
