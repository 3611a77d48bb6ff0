"""One of the storm's bots: a process forked from a server that has imported everything, so that it starts at once."""

import asyncio
import contextlib
import os
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing import get_context
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

import uvloop
from langchain_core.tools import BaseTool, tool

from bot import folding, log, turns
from bot.app import Bot, open_bot, run_until_stopped
from bot.budget import Tier
from bot.settings import Settings
from bot.worker import Limits
from tests.bench.waits import tell_when_asked

PRELOADED = ["tests.bench.storm_bot", "langchain_openai", "slack_bolt.adapter.socket_mode.aiohttp", "psycopg_binary"]


@dataclass(frozen=True, slots=True)
class Kind:
    """What all bots of a storm have in common. Their logs go on at the end of `log_file`."""

    settings: Settings
    limits: Limits
    tiers: Mapping[str, Tier]
    log_file: Path


def forkserver() -> ForkServerContext:
    """Where bots are forked from."""
    context = get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context


def start(context: ForkServerContext, kind: Kind) -> ForkServerProcess:
    """A new bot."""
    process = context.Process(target=run, args=(kind,), daemon=True)
    process.start()
    return process


def run(kind: Kind) -> None:
    """Be a bot until SIGTERM."""
    descriptor = os.open(kind.log_file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.dup2(descriptor, 2)
    log.configure("info")
    # Whoever kills on purpose must not make a message look deadly; that has a test of its own.
    turns.MOST_DEATHS = 1_000_000  # pyright: ignore[reportConstantRedefinition]
    # What is said in a storm is short: a turn or two of it are to settle already.
    folding.SETTLING = 400  # pyright: ignore[reportConstantRedefinition]
    bot = open_bot(kind.settings, tools=[_look_up()], limits=kind.limits, tiers=kind.tiers)
    uvloop.run(_run(bot))


async def _run(bot: AbstractAsyncContextManager[Bot]) -> None:
    tell_when_asked()
    await run_until_stopped(bot)


def _look_up() -> BaseTool:
    @tool
    async def look_up(word: str) -> str:
        """Look a word up."""
        await asyncio.sleep(0.1)
        return f"{word} is a word."

    return look_up


def ended(process: ForkServerProcess) -> bool:
    """Whether it is gone; its traces in the system are cleared away then."""
    if process.is_alive():
        return False
    with contextlib.suppress(ValueError):
        process.close()
    return True


def limits(lease: timedelta) -> Limits:
    """The product's, but for the lease and the times that depend on nobody."""
    return Limits(lease=lease, grace=timedelta(seconds=2), drain=timedelta(seconds=1))
