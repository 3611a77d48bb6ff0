"""`make bench-storm`: three bots, two hundred conversations, and everything that can die dies."""

import argparse
import asyncio
import random
import signal
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bot import log
from bot.database import Pool, embedded_server, migrate, open_pool
from bot.scripted import ScriptedModel
from bot.slack.local import LocalSlack
from tests.bench.figures import say
from tests.bench.storm_bot import Kind, forkserver, limits
from tests.bench.storm_people import RETRIES, Crowd
from tests.bench.storm_script import storm_script
from tests.bench.storm_verdict import LEFT, WATCH, Verdict, count, judge
from tests.bench.storm_weather import LIMITS, TIERS, Herd, Weather, blowing, restart_twice, spoil
from tests.stage import settings_on

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver

CALM = timedelta(minutes=3)
"""How long the bots get to answer what is left when the storm is over."""
LATE = CALM / 2
"""When what is not answered hangs: the bots' log is then to say where."""


@dataclass(frozen=True, slots=True)
class Size:
    """How big a storm is to be."""

    messages: int
    seconds: float
    seed: int
    lease: timedelta
    log_file: Path | None


@dataclass(frozen=True, slots=True)
class Stage:
    """Where it takes place. `folder` holds PostgreSQL's data, `log_file` what the bots say."""

    slack: LocalSlack
    model: ScriptedModel
    pool: Pool
    memory: "BaseCheckpointSaver[str]"
    url: str
    folder: Path
    log_file: Path

    def kind(self, lease: timedelta) -> Kind:
        """What its bots have in common."""
        settings = settings_on(self.slack, self.model.url, self.url, self.folder)
        return Kind(settings, limits(lease), TIERS, self.log_file)


@asynccontextmanager
async def _stage(size: Size) -> AsyncGenerator[Stage, None]:
    with tempfile.TemporaryDirectory(prefix="skein-") as name:
        folder = Path(name)
        async with (
            embedded_server(folder) as url,
            open_pool(url) as pool,
            ScriptedModel.open(storm_script(size.seed)) as model,
            LocalSlack.open(limits=LIMITS, retry_delays=RETRIES) as slack,
        ):
            memory = await migrate(pool)
            async with pool.connection() as connection:
                await connection.execute(WATCH)
            yield Stage(slack, model, pool, memory, url, folder, size.log_file or folder / "bots.log")


async def storm(size: Size) -> bool:
    """Let one blow over, print what happened, and tell whether all went well."""
    chance, weather = random.Random(size.seed), Weather()  # noqa: S311  (dice, not secrets)
    begin = time.monotonic()
    async with _stage(size) as stage:
        herd = Herd(forkserver(), stage.kind(size.lease), chance, weather)
        try:
            async with asyncio.TaskGroup() as group:
                crowd = Crowd(stage.slack, chance, group)
                hunt = group.create_task(herd.hunt())
                faults = group.create_task(spoil(stage.slack, chance, weather))
                restarts = group.create_task(restart_twice(stage.folder / "postgres", size.seconds, weather))
                async with blowing(hunt, faults):
                    await crowd.talk(size.messages, size.seconds)
                    await restarts
            stage.slack.heal()
            await _calm(stage, herd)
        finally:
            herd.end()
        verdict = await judge(stage.slack, crowd.talks, stage.pool, stage.memory)
        _tell(stage, weather, crowd, verdict, time.monotonic() - begin)
        return verdict.is_clean


async def _calm(stage: Stage, herd: Herd) -> None:
    """Wait until everything has arrived and been answered, or CALM is over."""
    begin = time.monotonic()
    end, late, told = begin + CALM.total_seconds(), begin + LATE.total_seconds(), False
    while time.monotonic() < end:
        herd.mend()
        if not stage.slack.unacknowledged and not await count(stage.pool, LEFT):
            return
        if not told and time.monotonic() > late:
            herd.tell()
            told = True
        await asyncio.sleep(0.2)


def _tell(stage: Stage, weather: Weather, crowd: Crowd, verdict: Verdict, seconds: float) -> None:
    calls = stage.slack.calls
    figures = {
        "messages": sum(len(talk.said) for talk in crowd.talks),
        "conversations": sum(bool(talk.said) for talk in crowd.talks),
        "events delivered": crowd.deliveries,
        "answers": verdict.answers,
        **verdict.figures,
        "bots killed (SIGKILL)": weather.kills,
        "bots stopped (SIGTERM)": weather.stops,
        "bots that died by themselves": weather.died,
        "turns taken over": stage.log_file.read_text().count("event=turn_began") - verdict.figures["turns"],
        "PostgreSQL restarts": weather.restarts,
        "Slack's calls": len(calls),
        "Slack's refusals, 429": sum(call.outcome == "ratelimited" for call in calls),
        "Slack's failures ordered": weather.faults,
        "connections reset": sum(call.outcome == "reset" for call in calls),
        "events that Slack gave up on": len(stage.slack.given_up),
        "seconds": round(seconds),
        "LOST": len(verdict.lost),
        "DOUBLED": len(verdict.doubled),
        "NOT WHOLE, or more than one message": len(verdict.broken),
        "OUT OF ORDER": len(verdict.disordered),
        "IN ANOTHER CONVERSATION": len(verdict.misplaced),
        "WRONG IN THE MEMORY": len(verdict.misremembered),
    }
    for what, figure in figures.items():
        say(f"{what:<52} {figure:>8,}")
    for wrong in (verdict.lost, verdict.doubled, verdict.broken, verdict.disordered, verdict.misremembered):
        for each in wrong[:10]:
            say(f"  ! {each}")


def main() -> int:
    """0 if nothing was lost, doubled or out of order."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.storm", description=__doc__)
    parser.add_argument("--messages", type=int, default=3000, help="how many people write")
    parser.add_argument("--seconds", type=float, default=120, help="how long they take")
    parser.add_argument("--seed", type=int, default=1, help="of the dice")
    parser.add_argument("--lease", type=float, default=15, help="seconds a dead bot's turns wait; the product's is 15")
    parser.add_argument("--log", type=Path, metavar="FILE", help="keep the bots' log there")
    options = parser.parse_args()
    log.configure("error")
    # Whoever ends it ends its bots and its PostgreSQL too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    size = Size(options.messages, options.seconds, options.seed, timedelta(seconds=options.lease), options.log)
    return 0 if asyncio.run(storm(size)) else 1


if __name__ == "__main__":
    sys.exit(main())
