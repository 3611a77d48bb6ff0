"""The bot as a process of its own, for what only a process can show."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

LISTENING = b"listening"


@asynccontextmanager
async def running(*arguments: str, env: Mapping[str, str]) -> AsyncGenerator[asyncio.subprocess.Process, None]:
    """`python -m bot …` with its input and output as pipes; killed when the block ends, if it still runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        *arguments,
        env=dict(env),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def until_printed(stream: asyncio.StreamReader | None, word: bytes) -> bytes:
    """Read up to and with the line that holds `word`. Raises AssertionError with what came if it never does."""
    assert stream is not None
    seen = b""
    async with asyncio.timeout(20):
        while line := await stream.readline():
            seen += line
            if word in line:
                return seen
    raise AssertionError(seen.decode())
