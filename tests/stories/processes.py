"""Processes of their own, the bot as one of them, for what only a process can show."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

LISTENING = b"listening"


def running(*arguments: str, env: Mapping[str, str]) -> AbstractAsyncContextManager[asyncio.subprocess.Process]:
    """`python -m bot …` with its input and output as pipes."""
    return child("bot", *arguments, env=dict(env), stdin=PIPE, stdout=PIPE, stderr=PIPE)


@asynccontextmanager
async def child(module: str, *arguments: str, **options: Any) -> AsyncGenerator[asyncio.subprocess.Process, None]:
    """`python -m module …`; killed when the block ends, if it still runs. `options` are asyncio's for a subprocess."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", module, *arguments, **options)
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
