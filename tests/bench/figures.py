"""What a benchmark found out, and how it is printed."""

import statistics
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """Measured times, in milliseconds."""

    times: Sequence[float]

    @classmethod
    def of_seconds(cls, seconds: Iterable[float]) -> "Spread":
        """From seconds."""
        return cls([second * 1000 for second in seconds])

    @property
    def median(self) -> float:
        """Half of them are no longer than this."""
        return statistics.median(self.times)

    @property
    def p99(self) -> float:
        """Ninety-nine in a hundred are no longer than this."""
        return sorted(self.times)[min(len(self.times) - 1, len(self.times) * 99 // 100)]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table. `bar` is the most that `own` may be; None where there is no bar."""

    what: str
    unit: str
    own: float
    bar: float | None = None
    rival: float | None = None

    @property
    def missed(self) -> bool:
        """Whether the figure is over its bar."""
        return self.bar is not None and self.own > self.bar

    def cells(self) -> tuple[str, ...]:
        """As they are printed."""
        bar = "" if self.bar is None else f"≤ {_number(self.bar)}{' MISSED' if self.missed else ''}"
        rival = "" if self.rival is None else _number(self.rival)
        return (self.what, self.unit, _number(self.own), bar, rival)


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def table(rows: Sequence[Row], rival: str = "procrastinate") -> str:
    """The rows as a Markdown table."""
    head = ("", "unit", "Skein", "bar", rival)
    lines = [head, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    padded = [[cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in lines]
    told = [f"| {' | '.join(cells)} |" for cells in padded]
    told.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(told)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
