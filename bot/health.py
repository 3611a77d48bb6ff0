"""Liveness and readiness: `/livez` says that the process runs, `/readyz` that it can answer people."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from aiohttp import web

from bot.errors import SettingsError, SkeinError

PATIENCE = timedelta(seconds=5)
"""How long a ping may take."""

MEMORY = timedelta(seconds=10)
"""How long a ping's result is good for: whoever asks often must not spend Slack's rate limit."""

Ping = Callable[[], Awaitable[object]]
"""Raises when the part cannot be reached."""


@dataclass(slots=True)
class _Check:
    ping: Ping
    result: str = ""
    at: float = float("-inf")
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Health:
    """The pings of the parts that answering needs. A part that is not added yet counts as not ready."""

    def __init__(self, *parts: str) -> None:
        self._checks: dict[str, _Check | None] = dict.fromkeys(parts)

    def add(self, part: str, ping: Ping) -> None:
        """Ask this ping for the part from now on."""
        self._checks[part] = _Check(ping)

    async def report(self) -> Mapping[str, str]:
        """What each part says: "ok", or in a word what is wrong."""
        results = await asyncio.gather(*(self._ask(check) for check in self._checks.values()))
        return dict(zip(self._checks, results, strict=True))

    async def livez(self, _: web.Request) -> web.Response:
        """Answers as long as the event loop turns."""
        return web.Response(text="ok\n")

    async def readyz(self, _: web.Request) -> web.Response:
        """200 when every part says "ok", else 503; either way a line of JSON for each part."""
        report = await self.report()
        return web.json_response(report, status=200 if set(report.values()) == {"ok"} else 503)

    async def _ask(self, check: _Check | None) -> str:
        if check is None:
            return "starting"
        async with check.lock:
            # Good news lasts; bad news is asked again at once.
            if check.result != "ok" or time.monotonic() - check.at > MEMORY.total_seconds():
                check.result = await _result(check.ping)
                check.at = time.monotonic()
            return check.result


async def _result(ping: Ping) -> str:
    try:
        async with asyncio.timeout(PATIENCE.total_seconds()):
            await ping()
    except TimeoutError:
        return "no answer"
    except SkeinError as error:
        return str(error)
    return "ok"


@asynccontextmanager
async def open_site(application: web.Application, host: str, port: int) -> AsyncGenerator[int, None]:
    """Serve the application while the block runs, and give the port (another one than asked for if that was 0).

    Raises SettingsError when it cannot be bound.
    """
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=2)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise SettingsError(f"PORT {port} at BIND_ADDRESS {host} cannot be used ({error.strerror}).") from error
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
