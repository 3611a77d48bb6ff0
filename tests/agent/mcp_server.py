"""An MCP server to try things on, over standard input or, as `python -m tests.agent.mcp_server http`, by HTTP."""

import os
import socket
import sys

from mcp.server import MCPServer

server = MCPServer("tries")


@server.tool()
def add(a: int, b: int) -> str:
    """Add two numbers."""
    return str(a + b)


@server.tool()
def fail() -> str:
    """Fail."""
    raise ValueError("not today")


@server.tool()
def die() -> str:
    """End the whole server."""
    os._exit(1)


@server.tool()
def secret() -> str:
    """Tell what the environment holds."""
    return os.environ.get("SECRET", "none")


def by_http() -> None:
    """Serve on a free port, and print it."""
    import uvicorn  # noqa: PLC0415 (it takes a while, and few need it)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        print(listening.getsockname()[1], flush=True)  # noqa: T201 (for whoever started it)
        uvicorn.Server(uvicorn.Config(server.streamable_http_app(), log_level="warning")).run([listening])


if __name__ == "__main__":
    if "http" in sys.argv:
        by_http()
    else:
        server.run("stdio")
