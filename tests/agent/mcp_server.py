"""An MCP server to try things on: `python -m tests.agent.mcp_server [PORT]`, without a port over standard input."""

import os
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


if __name__ == "__main__":
    if len(sys.argv) > 1:
        server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]))
    else:
        server.run("stdio")
