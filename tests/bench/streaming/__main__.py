"""`make bench-streaming`: how old the text on screen is, beside the plain loop and the best that is possible."""

import argparse
import asyncio
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.database import embedded_server
from tests.bench.figures import Row, say, table
from tests.bench.streaming import cost
from tests.bench.streaming.best import Stream, least_age
from tests.bench.streaming.loads import LOADS, Load
from tests.bench.streaming.picture import draw
from tests.bench.streaming.runs import LATENCY, QUIET, Result, open_stage, result_of

CALLS, SPAN = 50, 60.0
TRIP = LATENCY.total_seconds()
PAGE_BYTES = 3_800
BYTES_A_TOKEN = 5.9


@dataclass(frozen=True, slots=True)
class Compared:
    """A load, as each saw it."""

    load: Load
    own: Result
    plain: Result | None
    best: float

    def rows(self) -> list[Row]:
        """What is to be printed of it."""
        name = self.load.name
        rows = [
            Row(f"{name}: the best mean age that is possible", "s", self.best),
            self._row("mean age", "s", lambda result: result.age),
            self._row("mean age / the best", "times", lambda result: result.age / self.best, self.load.bar),
            self._row("all whole after / the best", "times", lambda result: result.took / self._possible(result), 1.25),
            self._row("refused with 429", "", lambda result: result.refused, 0),
            self._row("not whole", "", lambda result: result.unwhole, 0),
        ]
        if len(self.own.seen) > 1:
            return rows
        return [
            *rows,
            self._row("first words after", "s", lambda result: result.seen[0].first_after, 1.1 * TRIP + 0.02),
            self._row("last words after", "s", lambda result: result.seen[0].last_after, 1.2 * TRIP + 0.02),
            self._row("longest freeze", "s", lambda result: result.seen[0].longest_freeze, 1.5),
        ]

    def _row(self, what: str, unit: str, figure: Callable[[Result], float], bar: float | None = None) -> Row:
        rival = None if self.plain is None else figure(self.plain)
        return Row(f"{self.load.name}: {what}", unit, figure(self.own), bar, rival)

    def _possible(self, result: Result) -> float:
        """How soon after the first token all could be whole: when the last one is there, and half a call later."""
        begin = min(one.given.began.at for one in result.seen)
        return max(one.given.ended.at for one in result.seen) - begin + TRIP / 2


def best_of(result: Result) -> float:
    """The least mean age that any scheduler could have come to, of the answers as the model gave them."""
    streams = [
        Stream(
            round(one.given.began.at, 2),
            one.given.ask.tokens,
            (one.given.ask.tokens - 1) / (one.given.ended.at - one.given.began.at),
            1 + int(one.given.ask.tokens * BYTES_A_TOKEN / PAGE_BYTES),
        )
        for one in result.seen
    ]
    if len({(stream.tokens, stream.pages) for stream in streams}) == 1:
        # Equal answers at once differ by milliseconds: as one kind they are reckoned once.
        rate = statistics.mean(stream.a_second for stream in streams)
        streams = [Stream(0.0, streams[0].tokens, rate, streams[0].pages)] * len(streams)
    step = max(0.04, max(stream.lasts for stream in streams) / 640)
    least = least_age(streams, calls=CALLS, span=SPAN, step=step)
    return least / sum(stream.lasts for stream in streams) + TRIP / 2


async def _compare(loads: Sequence[Load], url: str, *, streaming: str, rival: bool) -> list[Compared]:
    async with open_stage("bot", "serve", database_url=url, streaming=streaming) as stage:
        own: list[Result] = []
        for load in loads:
            say(f"{load.name}: Skein")
            if load.warmed_by:
                await stage.give(load.warmed_by)
            await asyncio.sleep(QUIET.total_seconds())
            own.append(await result_of(stage, load))
    return [
        Compared(load, result, await _plain(load, url) if rival else None, best_of(result))
        for load, result in zip(loads, own, strict=True)
    ]


async def _plain(load: Load, url: str) -> Result:
    say(f"{load.name}: the plain loop")
    async with open_stage("tests.bench.streaming.plain", database_url=url) as stage:
        return await result_of(stage, load)


async def measure(options: argparse.Namespace) -> list[Row]:
    """Every figure that was asked for."""
    loads = [load for load in LOADS if options.only in {None, load.name}]
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="skein-") as folder:
        async with embedded_server(Path(folder)) as url:
            compared = await _compare(loads, url, streaming=options.streaming, rival=not options.alone)
            for one in compared:
                rows += one.rows()
            if options.only in {None, "cost"}:
                rows += await cost.rows(url)
    if options.picture:
        draw([(one.load.name, one.own, one.plain) for one in compared], options.picture)
    return rows


def main() -> int:
    """Print the table; 1 if a bar was missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.streaming", description=__doc__)
    parser.add_argument("--only", choices=[*(load.name for load in LOADS), "cost"], help="measure one load alone")
    parser.add_argument("--streaming", choices=["edit", "native", "auto"], default="edit", help="the bot's lane")
    parser.add_argument("--alone", action="store_true", help="leave the plain loop out")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw what was on screen when")
    rows = asyncio.run(measure(parser.parse_args()))
    say(table(rows, rival="plain loop"))
    return int(any(row.missed for row in rows))


if __name__ == "__main__":
    sys.exit(main())
