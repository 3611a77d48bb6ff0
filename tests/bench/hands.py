"""`make bench-hands`: how soon what people do takes effect: a stop, a change, a click while everybody is answered."""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import uvloop

from bot import log
from bot.agent import GraphAgent
from bot.app import open_bot
from bot.checkpoints import FencedSaver
from bot.conversation import Hold, Message
from bot.database import Pool, embedded_server, migrate, open_pool
from bot.graph import build_graph
from bot.platform import Act
from bot.script import Say
from bot.slack.blocks import ACTIONS, RATE
from bot.slack.http import PATH
from bot.slack.local import LocalSlack
from bot.slack.local.webhook import signed_headers
from tests.bench.figures import Row, Spread, say, table
from tests.bench.growth import ask, held, message
from tests.bench.load import paced
from tests.bench.parrot import Parrot
from tests.stage import Model, environment, new_database, settings_on
from tests.stories.processes import LISTENING, running, until_printed
from tests.stories.speech import written

MARKS = (10, 1_000)
TIMES = 20
MENTIONS = 100
PAUSE = timedelta(milliseconds=150)
"""Between two mentions, so that each finds the bot at rest."""

STREAMS = 64
ENDLESS = Say("word " * 20_000, tokens_a_second=20)
"""An answer that is still being written when it is looked at."""

CLICKS = 300
CLICKS_A_SECOND = 20


async def going_back(pool: Pool, turns: int) -> list[Row]:
    """A turn, and going back to before the last one with the turn that follows, the model being instant."""
    agent = GraphAgent(build_graph(Parrot(), (), "", await migrate(pool)), fenced=lambda hold: FencedSaver(pool, hold))
    hold, number, rows = await held(pool, 7), 0, list[Row]()
    for mark in (mark for mark in MARKS if mark <= turns):
        while number < mark - TIMES // 2:
            number += 1
            await ask(agent, message(number, hold.lane), hold)
        turn = back = 0.0
        for _ in range(TIMES):
            number += 1
            turn += await _timed(ask(agent, said := message(number, hold.lane), hold))
            back += await _timed(_again(agent, said, hold))
        rows += [
            Row(f"a turn at turn {mark:,}", "ms", turn / TIMES * 1e3),
            Row(f"going back to before it, beside it, at turn {mark:,}", "times", (back - turn) / turn, 1),
        ]
    return rows


async def _again(agent: GraphAgent, said: Message, hold: Hold) -> None:
    changed = replace(said, edited=f"{time.time():.6f}")
    async with aclosing(agent.answer(str(said.conversation), [changed], hold=hold, again=True)) as events:
        async for _ in events:
            pass


async def _timed(work: Awaitable[None]) -> float:
    begin = time.perf_counter()
    await work
    return time.perf_counter() - begin


@asynccontextmanager
async def _alone(url: str, folder: Path, name: str, answer: Say) -> AsyncGenerator[tuple[LocalSlack, Model], None]:
    """A bot in this process that has nothing to do, on a database of that name; to all it has the same answer."""
    async with LocalSlack.open() as slack, Model.open() as model:
        model.script = lambda _: answer
        settings = settings_on(slack, model.server.url, await new_database(url, name), folder)
        async with open_bot(settings, tools=[]):
            yield slack, model


async def mentions(url: str, folder: Path) -> list[Row]:
    """From a mention, which comes as two events, to the first words of its answer; one after the other."""
    times = list[float]()
    async with _alone(url, folder, "mentions", Say("Done.")) as (slack, _):
        for number in range(MENTIONS):
            channel = slack.add_channel(f"mention-{number}")
            begin = time.perf_counter()
            ts = await slack.say("ada", channel, "@skein well?")
            await slack.until(lambda: slack.replies(channel, ts))  # noqa: B023
            times.append(time.perf_counter() - begin)
            await written(slack, channel.name, ts, 1)
            await asyncio.sleep(PAUSE.total_seconds())
    spread = Spread.of_seconds(times)
    return [
        Row("a mention to its first words, median", "ms", spread.median),
        Row(f"a mention to its first words, slowest of {MENTIONS}", "ms", max(spread.times)),
    ]


async def stops(url: str, folder: Path) -> list[Row]:
    """From the click to the end of the model's stream, and to the screen; all in this one process."""
    let_go, shown = list[float](), list[float]()
    async with _alone(url, folder, "stops", ENDLESS) as (slack, model):
        for number in range(TIMES):
            channel = slack.add_channel(f"stop-{number}")
            ts = await slack.say("ada", channel, "@skein go on")
            await slack.until(lambda: slack.replies(channel, ts))  # noqa: B023
            begin = time.perf_counter()
            reply = slack.replies(channel, ts)[0].ts
            await slack.click("ada", channel, reply, ACTIONS[Act.STOP])
            await model.server.disconnected(number + 1)
            let_go.append(time.perf_counter() - begin)
            await slack.until(lambda: slack.replies(channel, ts)[0].body.endswith("Stopped by Ada"))  # noqa: B023
            shown.append(time.perf_counter() - begin)
    return [
        Row(f"click on Stop to the end of the model's stream, slowest of {TIMES}", "ms", max(let_go) * 1e3, 300),
        Row(f"click on Stop to the screen, slowest of {TIMES}", "ms", max(shown) * 1e3, 1_000),
    ]


async def clicks(url: str, folder: Path) -> list[Row]:
    """Clicks on a bot in a process of its own that writes STREAMS answers: from the request to the acknowledgement."""
    async with _crowd(url, folder) as (slack, address), aiohttp.ClientSession() as session:
        payload = _click(slack)

        async def click(_: int) -> float:
            body = urlencode({"payload": json.dumps(payload)})
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            headers = signed_headers(slack.signing_secret, body) | kind
            begin = time.perf_counter()
            async with session.post(address, data=body.encode(), headers=headers) as response:
                response.raise_for_status()
                await response.read()
            return time.perf_counter() - begin

        seconds = CLICKS / CLICKS_A_SECOND
        times = Spread.of_seconds(await paced(seconds, click, rate=CLICKS_A_SECOND))
    return [
        Row(f"a click acknowledged while {STREAMS} answers are written, median", "ms", times.median),
        Row(f"a click acknowledged while {STREAMS} answers are written, p99", "ms", times.p99, 200),
    ]


@asynccontextmanager
async def _crowd(url: str, folder: Path) -> AsyncGenerator[tuple[LocalSlack, str], None]:
    """A bot over HTTP with one answer to click on and STREAMS under way, and its address."""
    async with LocalSlack.open() as slack, Model.open() as model:
        model.script = lambda messages: Say("Done.") if "short" in str(messages[-1]["content"]) else ENDLESS
        settings = settings_on(slack, model.server.url, await new_database(url, "clicks"), folder)
        env = environment(settings.model_copy(update={"slack_app_token": None}), PORT="0")
        async with running("serve", env=env) as bot:
            told = await until_printed(bot.stderr, LISTENING)
            port = told.rsplit(b"port=", 1)[1].split()[0].decode()
            address = slack.events_url = f"http://127.0.0.1:{port}{PATH}"
            ts = await slack.say("ada", "general", "@skein short")
            await written(slack, "general", ts, 1)
            for number in range(STREAMS):
                await slack.say("ada", slack.add_channel(f"stream-{number}"), "@skein long")
            await slack.until(lambda: len(model.server.requests) == STREAMS + 1, timedelta(seconds=60))
            yield slack, address


def _click(slack: LocalSlack) -> dict[str, Any]:
    """A thumb under the answer, as Slack tells of it."""
    channel = slack.channel("general")
    (answer,) = (one for one in slack.messages("general") if one.user == slack.bot.id)
    value = next(button.value for button in answer.buttons if button.label == "👍")
    return {
        "type": "block_actions",
        "team": {"id": slack.team_id},
        "user": {"id": slack.user("ada").id},
        "channel": {"id": channel.id},
        "message": {"ts": answer.ts},
        "trigger_id": "1.2.3",
        "actions": [{"type": "feedback_buttons", "action_id": RATE, "block_id": "b", "value": value}],
    }


async def run(only: str | None, turns: int) -> Sequence[Row]:
    """All parts, or one."""
    found: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="skein-bench-") as folder:
        async with embedded_server(Path(folder) / "postgres") as url, open_pool(url) as pool:
            await migrate(pool)
            parts: dict[str, Callable[[], Awaitable[Sequence[Row]]]] = {
                "back": lambda: going_back(pool, turns),
                "mention": lambda: mentions(url, Path(folder)),
                "stop": lambda: stops(url, Path(folder)),
                "click": lambda: clicks(url, Path(folder)),
            }
            for name, part in parts.items():
                if only in {None, name}:
                    say(f"measuring: {name}")
                    found += await part()
    return found


def main() -> int:
    """Print the table; exit code 1 if a bar was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("back", "mention", "stop", "click"))
    parser.add_argument("--turns", type=int, default=MARKS[-1], help="of the long conversation")
    options = parser.parse_args()
    log.configure("error")
    rows = uvloop.run(run(options.only, options.turns))
    say(table(rows, ""))
    return int(any(row.missed for row in rows))


if __name__ == "__main__":
    sys.exit(main())
