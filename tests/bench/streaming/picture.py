"""What was on screen when, as a picture: the share of all tokens, over the time since the first came."""

import importlib
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.bench.streaming.runs import Result

POINTS = 1_000
COLUMNS = 2

Drawn = tuple[str, Result, Result | None]


def draw(loads: Sequence[Drawn], file: Path) -> None:
    """A panel for each load: the tokens that had come, and those that were on screen."""
    # Only the benchmarks' environment has it.
    importlib.import_module("matplotlib").use("svg")
    plt: Any = importlib.import_module("matplotlib.pyplot")
    rows = -(-len(loads) // COLUMNS)
    figure, panels = plt.subplots(rows, COLUMNS, figsize=(10, 2.6 * rows), squeeze=False, layout="constrained")
    for panel, (name, own, plain) in zip(panels.flat, loads, strict=False):
        longest = max(result.took for result in (own, plain) if result) * 1.02
        times = [longest * point / POINTS for point in range(POINTS + 1)]
        panel.plot(times, _came(own, times), color="0.75", linewidth=4, label="the model's tokens")
        if plain:
            panel.plot(times, _shown(plain, times), color="tab:orange", linewidth=1.2, label="the plain loop")
        panel.plot(times, _shown(own, times), color="tab:blue", linewidth=1.2, label="Skein")
        panel.set_title(name, fontsize=10)
        panel.set_xlabel("seconds", fontsize=8)
        panel.set_ylabel("% of all tokens", fontsize=8)
        panel.tick_params(labelsize=8)
    for panel in panels.flat[len(loads) :]:
        panel.remove()
    panels[0, 0].legend(fontsize=8, loc="lower right")
    figure.savefig(file, metadata={"Date": None})


def _begin(result: Result) -> float:
    return min(one.given.began.at for one in result.seen)


def _percent(result: Result, counts: Sequence[int]) -> list[float]:
    total = sum(one.given.ask.tokens for one in result.seen)
    return [100 * count / total for count in counts]


def _came(result: Result, times: Sequence[float]) -> list[float]:
    arrivals = [one.given.arrivals() for one in result.seen]
    counts = [sum(bisect_right(each, _begin(result) + time) for each in arrivals) for time in times]
    return _percent(result, counts)


def _shown(result: Result, times: Sequence[float]) -> list[float]:
    counts = [0] * len(times)
    for one in result.seen:
        moments = [at for at, _ in one.changes]
        for place, time in enumerate(times):
            before = bisect_right(moments, _begin(result) + time)
            counts[place] += one.changes[before - 1][1] if before else 0
    return _percent(result, counts)
