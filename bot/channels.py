"""What the bot is in single channels: `channels.toml` says where it differs from the rest."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

from langchain_core.tools import BaseTool
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from bot.decisions import DECIDER
from bot.errors import SettingsError

DEFAULT = Path("channels.toml")


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Channel:
    """What is other in one channel; None is as everywhere."""

    instructions: str | None = None
    model: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*:\S+$")] | None = None
    tools: tuple[str, ...] | None = None
    follow_ups: bool = True
    """Whether it answers in its threads without being mentioned."""
    approve: tuple[str, ...] | None = None
    """The tools that ask for leave, or patterns of their names."""
    approvers: tuple[Annotated[str, Field(pattern=f"^({DECIDER.pattern})$")], ...] | None = None
    """Who may decide."""


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
        known = ", ".join(field.name for field in fields(Channel))
        raise SettingsError(f"CHANNELS_CONFIG: {file} is wrong at {wrong}. A channel has {known}.") from None


def check_tools(here: Mapping[str, Channel], tools: Sequence[BaseTool]) -> None:
    """Raises SettingsError for a name of a tool that none of them has."""
    there = sorted(tool.name for tool in tools)
    for channel, setup in here.items():
        named = {*(setup.tools or ()), *unmatched(setup.approve or (), there)}
        if unknown := sorted(named - {*there}):
            told = f"{channel} names the tool {unknown[0]}, which is not there. There are {', '.join(there)}."
            raise SettingsError(f"CHANNELS_CONFIG: {told}")


def unmatched(patterns: Sequence[str], names: Sequence[str]) -> list[str]:
    """Those that fit no name: a tool that is meant to ask for leave would run without."""
    return [pattern for pattern in patterns if not any(fnmatchcase(name, pattern) for name in names)]


def chosen(tools: Sequence[BaseTool], names: Sequence[str] | None) -> list[BaseTool]:
    """The tools of these names that there are, or all."""
    return [tool for tool in tools if names is None or tool.name in names]
