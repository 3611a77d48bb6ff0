"""Somebody's own graph: found by the name that AGENT gives it, and opened over the bot's memory.

What AGENT may name is a compiled graph, a `StateGraph`, or a function that gives one (or a coroutine or a context
manager that gives one), which may ask for `model`, `tools`, `checkpointer`, `store` and `config` by these names.
"""

import importlib
import importlib.util
import inspect
import json
import sys
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, cast, get_args

from langgraph.graph import StateGraph
from langgraph.graph.state import CompiledStateGraph

from bot.errors import SettingsError

AnyGraph = CompiledStateGraph[Any, Any, Any, Any]

Means = Mapping[str, Callable[[], Any]]
"""What a function may ask for, by name, and how it is had."""

MESSAGES = "messages"
"""The part of a graph's state that holds the conversation."""

FORMS = "It reads package.module:name, path/to/file.py:name or langgraph.json:name."

LANGGRAPH_JSON = "langgraph.json"
"""The file in which LangGraph's own tooling names a project's graphs."""


@asynccontextmanager
async def open_graph(reference: str, means: Means) -> AsyncGenerator[AnyGraph, None]:
    """The graph that `reference` names, with the `checkpointer` and `store` of `means`, while the block runs.

    `means` are what a function may ask for by its parameters' names. Raises SettingsError that says what is missing.
    """
    async with AsyncExitStack() as stack:
        found = find(reference)
        try:
            graph = await _opened(found, means, stack)
        except SettingsError as error:
            raise SettingsError(f"AGENT={reference}: {error}") from error
        except Exception as error:
            raise SettingsError(f"AGENT={reference}: it does not open ({_what(error)})") from error
        if MESSAGES not in graph.channels:
            known = ", ".join(sorted(name for name in graph.channels if not name.startswith(("__", "branch:"))))
            raise SettingsError(f"AGENT={reference}: its state has no `{MESSAGES}`, only {known}")
        yield graph


def own_types(graph: AnyGraph) -> set[type]:
    """The types in a graph's state that are not Python's or LangChain's: checkpoints are read back with these alone."""
    channels = cast("dict[str, Any]", graph.channels).values()
    return {kind for channel in channels for kind in _types(getattr(channel, "typ", None))}


def find(reference: str) -> object:
    """What `reference` names, as it stands there. Raises SettingsError."""
    place, colon, name = reference.rpartition(":")
    if not (place and colon and name):
        raise SettingsError(f"AGENT={reference}: {FORMS}")
    try:
        if Path(place).name == LANGGRAPH_JSON:
            return _named_in(Path(place), name)
        module = _module(place)
    except SettingsError as error:
        raise SettingsError(f"AGENT={reference}: {error}") from error
    except Exception as error:
        raise SettingsError(f"AGENT={reference}: {place} cannot be imported ({_what(error)})") from error
    return _attribute(reference, module, name)


def _attribute(reference: str, module: object, name: str) -> object:
    found = getattr(module, name, None)
    if found is None:
        graphs = [other for other, value in vars(module).items() if isinstance(value, StateGraph | CompiledStateGraph)]
        there = f"; there is {', '.join(sorted(graphs))}" if graphs else ""
        raise SettingsError(f"AGENT={reference}: there is no {name} in it{there}")
    return found


def _module(place: str) -> object:
    if place.endswith(".py") or "/" in place:
        return _file(Path(place))
    _importable(Path.cwd())
    return importlib.import_module(place)


def _file(path: Path) -> object:
    if not path.is_file():
        raise SettingsError(f"there is no file {path}")
    _importable(path.resolve().parent)
    name = f"skein_agent_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise SettingsError(f"{path} is no Python file")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _named_in(file: Path, name: str) -> object:
    """A graph of a project of LangGraph's tooling: its local dependencies can be imported from then on."""
    try:
        project: Any = json.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise SettingsError(f"{file} cannot be read ({type(error).__name__})") from error
    if not isinstance(project, dict):
        raise SettingsError(f"{file} holds no object")
    settings = cast("dict[str, Any]", project)
    graphs: dict[str, Any] = settings.get("graphs", {})
    if name not in graphs:
        raise SettingsError(f"{file} names no graph {name}; it names {', '.join(sorted(graphs)) or 'none'}")
    folder = file.resolve().parent
    dependencies: list[Any] = settings.get("dependencies", [])
    for dependency in dependencies:
        if isinstance(dependency, str) and dependency.startswith("."):
            _importable((folder / dependency).resolve())
    given: Any = graphs[name]
    where = str(cast("dict[str, Any]", given).get("path") if isinstance(given, dict) else given)
    path, _, attribute = where.rpartition(":")
    local = path.startswith(".") or "/" in path
    return _attribute(where, _file(folder / path) if local else importlib.import_module(path), attribute)


def _importable(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


async def _opened(found: Any, means: Means, stack: AsyncExitStack) -> AnyGraph:
    memory = {name: means[name]() for name in ("checkpointer", "store")}
    match found:
        case CompiledStateGraph():
            return cast("AnyGraph", found).copy(memory)
        case StateGraph():
            return cast("StateGraph[Any, Any, Any, Any]", found).compile(**memory)
        case AbstractAsyncContextManager():
            opening = cast("AbstractAsyncContextManager[Any]", found)
            return await _opened(await stack.enter_async_context(opening), means, stack)
        case AbstractContextManager():
            return await _opened(stack.enter_context(cast("AbstractContextManager[Any]", found)), means, stack)
        case _ if inspect.isawaitable(found):
            return await _opened(await found, means, stack)
        case _ if callable(found):
            return await _opened(found(**_asked(found, means)), means, stack)
        case _:
            raise SettingsError(f"it is a {type(found).__name__}, and neither a graph nor a function that gives one")


def _asked(function: Any, means: Means) -> dict[str, Any]:
    """What a function asks for; parameters with defaults may have any name."""
    wanted = inspect.signature(function).parameters.values()
    named = [
        parameter for parameter in wanted if parameter.kind not in {parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL}
    ]
    strange = [one.name for one in named if one.name not in means and one.default is one.empty]
    if strange:
        raise SettingsError(f"it asks for {', '.join(strange)}; it may ask for {', '.join(means)}")
    return {one.name: means[one.name]() for one in named if one.name in means}


def _types(annotation: object) -> Iterator[type]:
    if isinstance(annotation, type) and not annotation.__module__.startswith(("builtins", "typing", "lang")):
        yield annotation
    for inner in get_args(annotation):
        yield from _types(inner)


def _what(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
