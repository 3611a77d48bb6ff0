"""The checkpointer for one turn."""

from collections.abc import Iterable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver

from bot.conversation import Hold
from bot.database import Pool, lease_lost_if_refused
from bot.serde import serializer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from psycopg import AsyncCursor
    from psycopg.rows import DictRow

CHECKPOINTS = 50
"""How many states of a conversation are kept, unless told otherwise: a turn without tools has three."""


class FencedSaver(AsyncPostgresSaver):
    """The checkpointer for one turn: what it writes is refused (LeaseLost) once somebody else holds the conversation.

    One a turn also means that conversations do not wait for each other: a saver does one thing at a time.
    """

    def __init__(self, pool: Pool, hold: Hold, own_types: Iterable[type] = (), *, keep: int = CHECKPOINTS) -> None:
        super().__init__(pool, serde=serializer(own_types))  # pyright: ignore[reportArgumentType]  # its rows are dicts
        self._hold = hold
        self._keep = keep

    async def trim(self, thread_id: str) -> None:
        """Delete the conversation's oldest checkpoints, if there are clearly more than are to be kept."""
        async with self._cursor(pipeline=True) as cursor:
            await cursor.execute("select skein_trim(%s, %s)", (thread_id, self._keep))

    @asynccontextmanager
    async def _cursor(self, *, pipeline: bool = False) -> "AsyncGenerator[AsyncCursor[DictRow], None]":
        # Every method of the saver works through this one, and asks for a pipeline where it writes.
        async with super()._cursor(pipeline=pipeline) as cursor:
            if not pipeline:
                yield cursor
                return
            with lease_lost_if_refused():
                async with cursor.connection.transaction():
                    await cursor.execute("select skein_hold(%s, %s)", (self._hold.lane, self._hold.fence))
                    yield cursor
