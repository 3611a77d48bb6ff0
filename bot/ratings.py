"""What people think of answers."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version

from psycopg.types.json import Jsonb

from bot.database import Pool

VERSIONS: Mapping[str, str] = {name: version(name) for name in ("skein", "langgraph", "langchain-core")}
"""What is asked for when an answer was good once and is not any more."""


@dataclass(frozen=True, slots=True)
class Ratings:
    """The ratings in PostgreSQL. `answers_in` names what answers in a channel, a model or a graph of one's own."""

    pool: Pool
    answers_in: Callable[[str], Awaitable[str]]

    async def rate(self, workspace: str, channel: str, turn: int, who: str, *, is_good: bool) -> bool:
        """Keep what somebody thinks of a turn's answer, in place of what they thought before; without a new "why".

        False if the turn is none of that channel's, or too long ago. Raises UNREACHABLE.
        """
        values = {
            "workspace": workspace,
            "channel": channel,
            "turn": turn,
            "who": who,
            "is_good": is_good,
            "model": await self.answers_in(channel),
            "versions": Jsonb(dict(VERSIONS)),
        }
        async with self.pool.connection() as connection:
            return (await connection.execute(_RATE, values)).rowcount == 1

    async def explain(self, turn: int, who: str, why: str) -> bool | None:
        """Keep why somebody thinks so; gives whether they found it good, if that is known. Raises UNREACHABLE."""
        async with self.pool.connection() as connection:
            row = await (await connection.execute(_EXPLAIN, {"turn": turn, "who": who, "why": why})).fetchone()
        return row["is_good"] if row else None


_RATE = b"""
insert into skein_feedback (turn, who, lane, is_good, model, versions)
select turn, %(who)s, lane, %(is_good)s, %(model)s, %(versions)s from skein_told
where turn = %(turn)s and workspace = %(workspace)s and channel = %(channel)s
limit 1
on conflict (turn, who) do update set is_good = excluded.is_good, rated_at = now(),
    why = case when skein_feedback.is_good = excluded.is_good then skein_feedback.why else '' end
"""

_EXPLAIN = b"update skein_feedback set why = %(why)s where turn = %(turn)s and who = %(who)s returning is_good"
