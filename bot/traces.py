"""LangSmith, where its settings are there (LANGSMITH_TRACING, LANGSMITH_API_KEY): LangChain traces to it by itself.

What is added here is that a turn's trace is found again, so that what people think of its answer is kept with it.
langsmith is imported where it is used: it takes a moment, and most bots do without.
"""

import asyncio
import uuid
from dataclasses import dataclass
from typing import Any

import structlog

from bot.database import UNREACHABLE, Pool

log = structlog.get_logger()

SCORE = "user_score"
"""The name of the feedback."""

TRIES = 3


def is_traced() -> bool:
    """Whether runs are traced."""
    from langsmith.utils import tracing_is_enabled  # noqa: PLC0415  # pyright: ignore[reportUnknownVariableType]

    return tracing_is_enabled() is True


@dataclass(frozen=True, slots=True)
class Traces:
    """The traces of turns."""

    pool: Pool

    async def begin(self, turn: int) -> uuid.UUID | None:
        """The id for the trace of a turn that is about to be run; None where runs are not traced."""
        if not is_traced():
            return None
        from langsmith import uuid7  # noqa: PLC0415

        trace = uuid7()
        try:
            async with self.pool.connection() as connection:
                await connection.execute(_BEGIN, {"turn": turn, "trace": trace})
        except UNREACHABLE:
            log.warning("database_unreachable")
        return trace

    async def tell(self, turn: int, who: str, *, is_good: bool, why: str | None = None) -> None:
        """Keep with a turn's trace what somebody thinks of its answer, in place of what they thought before.

        Without a `why` what they have said about it stays: that may be told first. Nothing where the turn was not
        traced; where LangSmith cannot be reached, the log says so.
        """
        if not is_traced():
            return
        try:
            async with self.pool.connection() as connection:
                row = await (await connection.execute(_TRACE, {"turn": turn})).fetchone()
            if row:
                await asyncio.to_thread(_tell, row["trace"], who, 1.0 if is_good else 0.0, why)
        except Exception as error:  # noqa: BLE001  # whatever it is, people's clicks are none the worse for it
            log.warning("langsmith_not_told", error=type(error).__name__)


def _tell(trace: uuid.UUID, who: str, score: float, why: str | None) -> None:
    from langsmith.run_trees import get_cached_client  # noqa: PLC0415
    from langsmith.utils import LangSmithConflictError, get_tracer_project  # noqa: PLC0415

    client, name = get_cached_client(), uuid.uuid5(trace, who)
    project = client.read_project(project_name=get_tracer_project()).id
    told: dict[str, Any] = {"score": score} if why is None else {"score": score, "comment": why}
    try:
        client.create_feedback(trace, SCORE, feedback_id=name, session_id=project, stop_after_attempt=TRIES, **told)
    except LangSmithConflictError:
        client.update_feedback(name, **told)


_BEGIN = b"""
insert into skein_traces (turn, trace) values (%(turn)s, %(trace)s)
on conflict (turn) do update set trace = excluded.trace
"""

_TRACE = b"select trace from skein_traces where turn = %(turn)s"
