"""Tools of MCP servers: programs on this machine, or addresses, that `mcp.json` names."""

import asyncio
import json
import os
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import structlog
from langchain_core.tools import BaseTool, StructuredTool, ToolException
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from bot.errors import SettingsError

if TYPE_CHECKING:
    from mcp import Client
    from mcp.types import Tool

log = structlog.get_logger()

DEFAULT = Path("mcp.json")
PATIENCE = timedelta(seconds=10)
"""How long a bot that starts waits for its servers. One that is later is done without."""
PAUSE = timedelta(seconds=10)
"""How long after its end a server is tried again."""
VARIABLE = re.compile(r"\$\{(\w+)\}")
NOT_A_NAME = re.compile(r"[^a-zA-Z0-9_-]")
LONGEST_NAME = 64
"""Characters of a tool's name; OpenAI takes no more."""


class Program(BaseModel):
    """A server that is started here and spoken to over its standard input and output."""

    model_config = ConfigDict(extra="forbid")
    command: str
    args: list[str] = Field(default_factory=list)
    env: dict[str, str] = Field(default_factory=dict)


class Address(BaseModel):
    """A server that is spoken to by streamable HTTP."""

    model_config = ConfigDict(extra="forbid")
    url: str = Field(pattern=r"^https?://")
    headers: dict[str, str] = Field(default_factory=dict)


_SERVERS = TypeAdapter(dict[str, Program | Address])


def servers(path: Path | None) -> Mapping[str, Program | Address]:
    """The servers that the file names, by name; without a path those of `mcp.json` here, if there is one.

    `${NAME}` in it stands for that environment variable. Raises SettingsError, which names the file and what is wrong.
    """
    file = path or DEFAULT
    if path is None and not file.exists():
        return {}
    try:
        said: Any = json.loads(file.read_text("utf-8"))
        given = cast("dict[str, Any]", said)["mcpServers"]
        return _SERVERS.validate_python(_expanded(given))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"MCP_CONFIG: the file {file} cannot be read.") from error
    except json.JSONDecodeError as error:
        raise SettingsError(f"MCP_CONFIG: the file {file} is no JSON, from line {error.lineno} on.") from None
    except (KeyError, TypeError):
        raise SettingsError(f'MCP_CONFIG: the file {file} has no "mcpServers" with a server by each name.') from None
    except ValidationError as error:
        # Its own text would quote the values, keys included.
        names = ", ".join(sorted({str(problem["loc"][0]) for problem in error.errors() if problem["loc"]}))
        raise SettingsError(
            f"MCP_CONFIG: in {file}, {names} needs a command (with args and env) or a url (with headers)."
        ) from None


def _expanded(value: Any) -> Any:
    match value:
        case str():
            return VARIABLE.sub(_variable, value)
        case dict():
            return {key: _expanded(one) for key, one in cast("dict[str, Any]", value).items()}
        case list():
            return [_expanded(one) for one in cast("list[Any]", value)]
        case _:
            return value


def _variable(match: re.Match[str]) -> str:
    if match[1] not in os.environ:
        raise SettingsError(f"MCP_CONFIG: it names the environment variable {match[1]}, which is not set.")
    return os.environ[match[1]]


@asynccontextmanager
async def open_servers(named: Mapping[str, Program | Address]) -> AsyncGenerator[list[BaseTool], None]:
    """The tools of the servers that answer within 10 s, while the block runs; their names begin with their server's.

    A server that ends is started again, or connected to again. Raises SettingsError where the extra is missing.
    """
    async with open_connections(named) as connections:
        yield [tool for connection in connections for tool in connection.tools]


@asynccontextmanager
async def open_connections(
    named: Mapping[str, Program | Address],
) -> AsyncGenerator[Sequence["Connection"], None]:
    """The ways to the servers, each tried for up to 10 s, while the block runs; else as `open_servers`."""
    if named and find_spec("mcp") is None:
        raise SettingsError("MCP_CONFIG needs the extra: pip install 'skein[mcp]'.")
    connections = [Connection(name, server) for name, server in named.items()]
    tasks = [asyncio.create_task(connection.run()) for connection in connections]
    try:
        await asyncio.gather(*(connection.settled() for connection in connections))
        yield connections
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Connection:
    """The way to one server. `run` has to run meanwhile: what it opens is closed in the same task."""

    def __init__(self, name: str, server: Program | Address) -> None:
        self.name = name
        self.tools: Sequence[BaseTool] = ()
        self._server = server
        self._client: Client | None = None
        self._tried = asyncio.Event()
        self._broken = asyncio.Event()

    async def settled(self) -> None:
        """Return when it is known whether the server answers, or it has taken too long."""
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                await self._tried.wait()
        except TimeoutError:
            log.warning("mcp_server_late", server=self.name)

    async def run(self) -> None:
        """Be connected, and again when it breaks, until cancelled."""
        while True:
            try:
                async with self._connected() as client:
                    found = await client.list_tools()
                    self.tools = self.tools or [self._tool(tool) for tool in found.tools]
                    self._client = client
                    log.info("mcp_server_connected", server=self.name, tools=len(found.tools))
                    self._tried.set()
                    await self._broken.wait()
            except Exception as error:  # noqa: BLE001  # a server is anybody's program
                log.warning("mcp_server_down", server=self.name, error=type(error).__name__)
            self._client = None
            self._broken.clear()
            self._tried.set()
            await asyncio.sleep(PAUSE.total_seconds())

    @asynccontextmanager
    async def _connected(self) -> "AsyncGenerator[Client, None]":
        from mcp import Client, stdio_client  # noqa: PLC0415 (an extra)
        from mcp.client.stdio import StdioServerParameters  # noqa: PLC0415
        from mcp.client.streamable_http import (  # noqa: PLC0415
            create_mcp_http_client,  # pyright: ignore[reportPrivateImportUsage]  # the way to give it headers
            streamable_http_client,
        )

        async with AsyncExitStack() as stack:
            match self._server:
                case Program(command=command, args=args, env=env):
                    # What it says beside its answers might quote what people wrote: it stays out of the log.
                    nowhere = stack.enter_context(Path(os.devnull).open("w"))  # noqa: ASYNC230, SIM115 (of no disk)
                    parameters = StdioServerParameters(command=command, args=args, env=env)
                    place: Any = stdio_client(parameters, errlog=nowhere)
                case Address(url=url, headers=headers):
                    http = await stack.enter_async_context(create_mcp_http_client(headers=headers))
                    place = streamable_http_client(url, http_client=http)
            yield await stack.enter_async_context(Client(place))

    def _tool(self, tool: "Tool") -> BaseTool:
        async def call(**arguments: Any) -> str:
            return await self._call(tool.name, arguments)

        return StructuredTool.from_function(
            coroutine=call,
            name=NOT_A_NAME.sub("_", f"{self.name}_{tool.name}")[:LONGEST_NAME],
            description=tool.description or tool.title or tool.name,
            args_schema=tool.input_schema,
        )

    async def _call(self, tool: str, arguments: dict[str, Any]) -> str:
        if self._client is None:
            raise ToolException(f"The server {self.name} cannot be reached at the moment.")
        try:
            result: Any = await self._client.call_tool(tool, arguments)
        except Exception as error:
            self._broken.set()
            raise ToolException(f"The server {self.name} failed ({type(error).__name__}).") from error
        text = "\n".join(block.text if block.type == "text" else f"[{block.type}]" for block in result.content)
        if result.is_error:
            raise ToolException(text or "The tool failed.")
        return text or "Done."
