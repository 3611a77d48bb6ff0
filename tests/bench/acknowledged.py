"""How soon Slack is told "yes": signed events over HTTP into a process of the bot's own parts.

The process has the real way in, listeners, inbox and worker; only the thinking and the writing to Slack cost nothing.
"""

import asyncio
import json
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from unittest.mock import AsyncMock

import aiohttp
import uvloop
from aiohttp import web

from bot import log
from bot.budget import Budget
from bot.changes import Changes
from bot.database import open_pool
from bot.health import open_site
from bot.inbox import Inbox
from bot.ratings import Ratings
from bot.requests import Requests
from bot.setups import Setups
from bot.slack.client import Identity, open_client
from bot.slack.deciding import Decisions
from bot.slack.gestures import Gestures
from bot.slack.http import PATH, Ingress
from bot.slack.listeners import build_app
from bot.slack.local.webhook import signed_headers
from bot.slack.rating import Rating
from bot.slack.recalling import Recall
from bot.slack.setting_up import SetupForm
from bot.slack.whispers import Whispers
from bot.traces import Traces
from bot.worker import Limits
from tests.bench.figures import Row, Spread
from tests.bench.load import RATE, paced
from tests.bench.stand_in import Speaker, working
from tests.stories.processes import child

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"  # made up, for a server that lives as long as the bench
BOT = "U0BOT"


async def rows(url: str, seconds: float) -> list[Row]:
    """From the request being sent to its answer, of RATE mentions a second, each in a conversation of its own."""
    async with _listening(url) as address, aiohttp.ClientSession() as session:
        await _send(session, address, 0)
        times = Spread.of_seconds(await paced(seconds, lambda number: _send(session, address, number + 1)))
    return [
        Row(f"acknowledged over HTTP at {RATE} events a second, median", "ms", times.median),
        Row(f"acknowledged over HTTP at {RATE} events a second, p99", "ms", times.p99, 100),
    ]


async def _send(session: aiohttp.ClientSession, address: str, number: int) -> float:
    body = json.dumps(_mention(number))
    headers = signed_headers(SECRET, body) | {"Content-Type": "application/json"}
    begin = time.perf_counter()
    async with session.post(address, data=body.encode(), headers=headers) as response:
        response.raise_for_status()
        await response.read()
    return time.perf_counter() - begin


def _mention(number: int) -> dict[str, Any]:
    ts = f"{1_700_000_000 + number}.000000"
    event = {
        "type": "app_mention",
        "channel": "C0GENERAL",
        "user": "U0ADA",
        "text": f"<@{BOT}> hello",
        "ts": ts,
        "event_ts": ts,
    }
    return {"type": "event_callback", "team_id": "T1", "event_id": f"Ev{number}", "event": event}


@asynccontextmanager
async def _listening(url: str) -> AsyncGenerator[str, None]:
    """The process, and where it takes events."""
    async with child("tests.bench.acknowledged", url, stdin=PIPE, stdout=PIPE) as process:
        if process.stdout is None or not (port := await process.stdout.readline()):
            raise RuntimeError("the child does not listen")
        yield f"http://127.0.0.1:{int(port)}{PATH}"
        # It ends with its input.
        await process.communicate(b"")


async def _listen(url: str) -> None:
    log.configure("error")
    ingress, site = Ingress(SECRET), web.Application()
    site.router.add_post(PATH, ingress.receive)
    async with open_site(site, "127.0.0.1", 0) as port, open_pool(url) as pool, _no_slack() as client:
        inbox = Inbox(pool, lease=Limits().lease)
        async with working(inbox, Speaker()) as worker:
            who = Identity("T1", "Bench", BOT, "bench", "B0BOT", frozenset())
            setups = Setups({})
            changes = Changes(inbox, pool)
            budget = Budget(pool, who.workspace, {})
            whispers = Whispers(client, budget)
            gestures = Gestures(
                inbox,
                changes,
                Recall(whispers, changes),
                Rating(client, budget, Ratings(pool, AsyncMock(return_value="parrot")), Traces(pool)),
                SetupForm(client, budget, setups, (), ()),
                Decisions(client, budget, Requests(pool), whispers),
            )
            app = build_app(
                client,
                who,
                inbox,
                changes=changes,
                waiting=worker.note_waiting,
                setups=setups,
                gestures=gestures,
            )
            ingress.serve(app)
            sys.stdout.write(f"{port}\n")
            sys.stdout.flush()
            await asyncio.to_thread(sys.stdin.read)


def _no_slack() -> Any:
    return open_client("xoxb-made-up", "http://127.0.0.1:9/api/")


if __name__ == "__main__":
    uvloop.run(_listen(sys.argv[1]))
