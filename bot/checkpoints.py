"""The checkpointer for one turn."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    copy_checkpoint,
)
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

COPY = (
    """
insert into checkpoint_blobs (thread_id, checkpoint_ns, channel, version, type, blob)
select %(to)s, '', stored.channel, stored.version, stored.type, stored.blob
from checkpoint_blobs as stored join checkpoints as state using (thread_id, checkpoint_ns)
where thread_id = %(thread)s and checkpoint_ns = '' and checkpoint_id = %(at)s
    and state.checkpoint -> 'channel_versions' ->> stored.channel = stored.version
on conflict do nothing
""",
    """
insert into checkpoint_writes (thread_id, checkpoint_ns, checkpoint_id, task_id, task_path, idx, channel, type, blob)
select %(to)s, '', checkpoint_id, task_id, task_path, idx, channel, type, blob from checkpoint_writes
where thread_id = %(thread)s and checkpoint_ns = '' and checkpoint_id = %(at)s
on conflict do nothing
""",
    """
insert into checkpoints (thread_id, checkpoint_ns, checkpoint_id, type, checkpoint, metadata)
select %(to)s, '', checkpoint_id, type, checkpoint, metadata from checkpoints
where thread_id = %(thread)s and checkpoint_ns = '' and checkpoint_id = %(at)s
on conflict do nothing
""",
)
"""Copies the state at a checkpoint to another thread, in the tables of langgraph-checkpoint-postgres 3."""

_shared: ContextVar["AsyncCursor[DictRow] | None"] = ContextVar("shared", default=None)
"""The cursor that several writes of this task go through, in one transaction."""


class FencedSaver(AsyncPostgresSaver):
    """The checkpointer for one turn: what it writes is refused (LeaseLost) once somebody else holds the conversation.

    One a turn also means that conversations do not wait for each other: a saver does one thing at a time. And nobody
    else writes there, so that what was read need not be read again, and that the state before the first step can be
    written together with the one after it: if the process dies in between, the inbox still has the question.
    """

    def __init__(self, pool: Pool, hold: Hold, own_types: Iterable[type] = (), *, keep: int = CHECKPOINTS) -> None:
        super().__init__(pool, serde=serializer(own_types))  # pyright: ignore[reportArgumentType]  # its rows are dicts
        self._hold = hold
        self._keep = keep
        self._read: tuple[tuple[str, ...], CheckpointTuple | None] | None = None
        self._held_back: dict[str, list[Callable[[], Awaitable[Any]]]] = {}

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """The state; what was read last and not written to since is not read again."""
        place = _place(config)
        await self._write(place[1])
        if self._read is None or self._read[0] != place:
            self._read = (place, await super().aget_tuple(config))
        found = self._read[1]
        return found and found._replace(checkpoint=copy_checkpoint(found.checkpoint))

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Store a state. That before the first step is held back until the one after it comes."""
        self._read = None
        thread, subgraph, _ = _place(config)
        put = partial(super().aput, config, checkpoint, metadata, new_versions)
        if metadata.get("source") == "input":
            await self._write(subgraph)
            self._held_back[subgraph] = [put]
        else:
            await self._write(subgraph, put)
        return {"configurable": {"thread_id": thread, "checkpoint_ns": subgraph, "checkpoint_id": checkpoint["id"]}}

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Store what a task has written, after the state that is held back."""
        self._read = None
        put = partial(super().aput_writes, config, writes, task_id, task_path)
        held_back = self._held_back.get(_place(config)[1])
        if held_back is None:
            await put()
        else:
            held_back.append(put)

    async def trim(self, thread_id: str) -> None:
        """Delete the conversation's oldest checkpoints, if there are clearly more than are to be kept."""
        async with self._cursor(pipeline=True) as cursor:
            await cursor.execute("select skein_trim(%s, %s)", (thread_id, self._keep))

    async def rows(self, query: str, values: Mapping[str, Any]) -> list["DictRow"]:
        """What a query of one's own finds in the tables of the memory."""
        async with self._cursor() as cursor:
            await cursor.execute(query.encode(), values)
            return await cursor.fetchall()

    async def change(self, statements: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Change these tables by statements of one's own, all of them or none."""
        self._read = None
        async with self._cursor(pipeline=True) as cursor:
            for statement, values in statements:
                await cursor.execute(statement.encode(), values)

    async def _write(self, subgraph: str, *further: Callable[[], Awaitable[Any]]) -> None:
        """Write what was held back, and more, in one transaction."""
        held_back = self._held_back.pop(subgraph, [])
        puts = [*held_back, *further]
        if not puts:
            return
        async with self._cursor(pipeline=True) as cursor:
            if held_back:
                # No need to wait for the disk: until the model has answered, the inbox has all that is in it.
                await cursor.execute("set local synchronous_commit = off")
            token = _shared.set(cursor)
            try:
                for put in puts:
                    await put()
            finally:
                _shared.reset(token)

    @asynccontextmanager
    async def _cursor(self, *, pipeline: bool = False) -> "AsyncGenerator[AsyncCursor[DictRow], None]":
        # Every method of the saver works through this one, and asks for a pipeline where it writes.
        if shared := _shared.get():
            yield shared
            return
        async with super()._cursor(pipeline=pipeline) as cursor:
            if not pipeline:
                yield cursor
                return
            with lease_lost_if_refused():
                async with cursor.connection.transaction():
                    await cursor.execute("select skein_hold(%s, %s)", (self._hold.lane, self._hold.fence))
                    yield cursor


def _place(config: RunnableConfig) -> tuple[str, str, str]:
    """Thread, namespace and checkpoint."""
    place: dict[str, Any] = config.get("configurable", {})
    return place["thread_id"], place.get("checkpoint_ns", ""), place.get("checkpoint_id", "")
