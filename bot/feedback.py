"""`bot feedback`: what people think of answers, to be read or worked with."""

import csv
import json
import sys
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, TextIO

from bot.app import open_database
from bot.database import migrate
from bot.settings import Settings

Row = dict[str, Any]

_LIST = b"""
select rated_at, is_good, lane as conversation, turn, who, model, versions, why from skein_feedback
where rated_at > now() - %(within)s order by rated_at
"""


async def feedback(settings: Settings, within: timedelta, layout: str = "lines", *, out: TextIO | None = None) -> None:
    """Write the ratings of that time, the oldest first, as `lines`, `csv` or `json` (an object a line)."""
    async with open_database(settings) as pool:
        await migrate(pool)
        rows = await pool.rows(_LIST, {"within": within})
    LAYOUTS[layout](rows, out or sys.stdout)


def _lines(rows: Iterable[Row], out: TextIO) -> None:
    good = bad = 0
    for row in rows:
        good, bad = good + row["is_good"], bad + (not row["is_good"])
        why = f": {' '.join(row['why'].split())}" if row["why"] else ""
        thumb = "good" if row["is_good"] else "bad "
        out.write(
            f"{row['rated_at']:%Y-%m-%d %H:%M}  {thumb}  {row['conversation']}  {row['who']}  {row['model']}{why}\n"
        )
    out.write(f"{good} good, {bad} bad.\n" if good + bad else "Nobody has rated anything.\n")


def _csv(rows: Iterable[Row], out: TextIO) -> None:
    writer = csv.writer(out)
    writer.writerow(["rated_at", "is_good", "conversation", "turn", "who", "model", "versions", "why"])
    writer.writerows([*map(_text, row.values())] for row in rows)


def _json(rows: Iterable[Row], out: TextIO) -> None:
    out.writelines(json.dumps(row, default=str, ensure_ascii=False) + "\n" for row in rows)


def _text(value: object) -> str:
    """What a spreadsheet takes for text: a formula that somebody wrote is none."""
    text = json.dumps(value) if isinstance(value, dict) else str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


LAYOUTS: dict[str, Callable[[Iterable[Row], TextIO], None]] = {"lines": _lines, "csv": _csv, "json": _json}
