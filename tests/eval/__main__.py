"""`make eval`: play each case several times with the model of the settings, and print what held."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from bot import log
from bot.database import embedded_server
from bot.settings import Settings, load
from tests.bench.figures import say
from tests.eval.cases import CASES, Case
from tests.eval.scene import open_scene


async def rate(settings: Settings, case: Case, times: int, url: str) -> int:
    """How often the case's promise was kept."""
    kept = 0
    for _ in range(times):
        async with open_scene(settings, url) as scene:
            kept += await case.holds(scene)
    return kept


async def judge(settings: Settings, times: int, url: str) -> bool:
    """Print a line for each case, and tell whether every promise was kept each time."""
    say(f"{settings.model}, each {times} times")
    whole = True
    for case in CASES:
        kept = await rate(settings, case, times, url)
        whole = whole and kept == times
        say(f"{'ok ' if kept == times else 'BAD'}  {kept} of {times}  {case.promise}")
    return whole


async def judge_here(settings: Settings, times: int) -> bool:
    """As `judge`, on a database for this alone: what the cases remember must not be found in the bot's own."""
    with tempfile.TemporaryDirectory(prefix="skein-") as folder:
        async with embedded_server(Path(folder)) as url:
            return await judge(settings, times, url)


def main() -> int:
    """0 if every promise was kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.eval", description=__doc__)
    parser.add_argument("--times", type=int, default=3, help="how often each case is played")
    options = parser.parse_args()
    log.configure("error")
    settings = load()
    if not settings.has_model_key:
        say("Set MODEL and its key, such as OPENAI_API_KEY: these cases ask a real model.")
        return 2
    return 0 if asyncio.run(judge_here(settings, options.times)) else 1


if __name__ == "__main__":
    sys.exit(main())
