"""The checkpointer for one turn."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    copy_checkpoint,
    get_serializable_checkpoint_metadata,
)
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.checkpoint.serde.types import _DeltaSnapshot  # pyright: ignore[reportPrivateUsage]  # savers share it
from psycopg.pq import TransactionStatus
from psycopg.types.json import Jsonb

from bot.conversation import Hold
from bot.database import Pool, lease_lost_if_refused
from bot.serde import serializer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from psycopg import AsyncConnection, AsyncCursor
    from psycopg.rows import DictRow

CHECKPOINTS = 50
"""How many states of a conversation are kept, unless told otherwise: a turn without tools has three."""

TOGETHER = timedelta(milliseconds=5)
"""For how long what a node has written waits for the state after its step, to be stored in one transaction with it."""

NEED_NOT_LAST = "set local synchronous_commit = off"
"""What makes a transaction not wait for the disk: PostgreSQL's end, not the bot's, may undo it."""

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


READ = """
select thread_id, checkpoint, checkpoint_ns, checkpoint_id, parent_checkpoint_id, metadata,
    (
        select array_agg(array[stored.channel::bytea, stored.type::bytea, stored.blob])
        from jsonb_each_text(checkpoint -> 'channel_versions') as named
        cross join lateral (
            select channel, type, blob from checkpoint_blobs
            where thread_id = checkpoints.thread_id and checkpoint_ns = checkpoints.checkpoint_ns
                and channel = named.key and version = named.value
            offset 0
        ) as stored
    ) as channel_values,
    (
        select array_agg(array[
            task_id::text::bytea, channel::bytea, type::bytea, blob, convert_to(task_path, 'UTF8'), idx::text::bytea
        ])
        from checkpoint_writes as written
        where written.thread_id = checkpoints.thread_id and written.checkpoint_ns = checkpoints.checkpoint_ns
            and written.checkpoint_id = checkpoints.checkpoint_id
    ) as pending_writes
from checkpoints """
"""Reads states as `AsyncPostgresSaver.SELECT_SQL` of langgraph-checkpoint-postgres 3 does, each value by its key.

That one joins, for which PostgreSQL reads all that it has of the conversation, with what was deleted of it lately.
"""


class _Put(NamedTuple):
    """A statement, the rows of values to run it with, and whether it must be on the disk before it counts as stored."""

    statement: str
    rows: Sequence[Sequence[Any]]
    is_durable: bool


class FencedSaver(AsyncPostgresSaver):
    """The checkpointer for one turn: what it writes is refused (LeaseLost) once somebody else holds the conversation.

    One a turn also means that conversations do not wait for each other: a saver does one thing at a time. And nobody
    else writes there, so that what was read need not be read again, and that what comes soon after each other can be
    stored together: the state of a run's input with the one after it, and what a node has written with the state after
    its step. If the process dies in between, the inbox still has the question, or the node runs again.
    """

    SELECT_SQL = READ

    def __init__(self, pool: Pool, hold: Hold, own_types: Iterable[type] = (), *, keep: int = CHECKPOINTS) -> None:
        super().__init__(pool, serde=serializer(own_types))  # pyright: ignore[reportArgumentType]  # its rows are dicts
        self._pool = pool
        self._hold = hold
        self._keep = keep
        self._read: tuple[tuple[str, ...], CheckpointTuple | None] | None = None
        self._waiting: list[_Put] = []
        self._starting: set[str] = set()
        self._storing = asyncio.Lock()
        self._stored = asyncio.Event()

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """The state; what was read last and not written to since is not read again."""
        place = _place(config)
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
        """Store a state and all that waits. The state of an input waits for the one after it, which comes at once."""
        self._read = None
        thread, subgraph, parent = _place(config)
        is_input, is_start = metadata.get("source") == "input", subgraph in self._starting
        # No need to wait for the disk: until the first node has ended, the inbox has all that is in it.
        is_durable = not (is_input or is_start)
        if rows := self._apart(checkpoint, new_versions, thread, subgraph):
            self._waiting.append(_Put(self.UPSERT_CHECKPOINT_BLOBS_SQL, rows, is_durable))
        told = Jsonb(get_serializable_checkpoint_metadata(config, metadata))
        row = (thread, subgraph, checkpoint["id"], parent or None, Jsonb(_inline(checkpoint)), told)
        self._waiting.append(_Put(self.UPSERT_CHECKPOINTS_SQL, [row], is_durable))
        if is_input:
            self._starting.add(subgraph)
        else:
            self._starting.discard(subgraph)
            await self.flush()
        return {"configurable": {"thread_id": thread, "checkpoint_ns": subgraph, "checkpoint_id": checkpoint["id"]}}

    def _apart(
        self, checkpoint: Checkpoint, new: ChannelVersions, thread: str, subgraph: str
    ) -> Sequence[Sequence[Any]]:
        """The rows of what does not stand in the state's own, if it is new: all values but the plain ones."""
        apart = {name: value for name, value in checkpoint["channel_values"].items() if not _is_plain(value)}
        versions = {name: version for name, version in new.items() if name in apart}
        return self._dump_blobs(thread, subgraph, apart, versions)

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Store what a task has written, with the state after its step if that comes soon."""
        self._read = None
        thread, subgraph, checkpoint = _place(config)
        is_special = all(channel in WRITES_IDX_MAP for channel, _ in writes)
        statement = self.UPSERT_CHECKPOINT_WRITES_SQL if is_special else self.INSERT_CHECKPOINT_WRITES_SQL
        rows = self._dump_writes(thread, subgraph, checkpoint, task_id, task_path, writes)
        is_start = subgraph in self._starting
        self._waiting.append(put := _Put(statement, rows, not is_start))
        if is_start:
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stored.wait(), TOGETHER.total_seconds())
        if put in self._waiting:
            await self.flush()

    async def flush(self) -> None:
        """Store what waits, in its order, in one transaction. Cut short, or where it fails, all of it still waits."""
        async with self._storing:
            waiting = list(self._waiting)
            if not waiting:
                return
            async with self._writing() as cursor:
                if not any(put.is_durable for put in waiting):
                    await cursor.execute(NEED_NOT_LAST)
                for put in waiting:
                    await cursor.executemany(put.statement.encode(), put.rows)
            del self._waiting[: len(waiting)]
            self._stored.set()
            self._stored = asyncio.Event()

    async def trim(self, thread_id: str) -> None:
        """Delete the conversation's oldest checkpoints, if there are clearly more than are to be kept."""
        async with self._cursor(pipeline=True) as cursor:
            await cursor.execute(NEED_NOT_LAST)  # the next one would do it again
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

    @asynccontextmanager
    async def _cursor(self, *, pipeline: bool = False) -> "AsyncGenerator[AsyncCursor[DictRow], None]":
        # Every method of the saver works through this one: nothing overtakes what waits. A pipeline is asked for where
        # something is written.
        await self.flush()
        async with self._writing() if pipeline else super()._cursor() as cursor:
            yield cursor

    @asynccontextmanager
    async def _writing(self) -> "AsyncGenerator[AsyncCursor[DictRow], None]":
        """A transaction that holds the conversation, in one trip: what is executed is sent, and fails, at its end."""
        with lease_lost_if_refused():
            async with (
                self.lock,
                self._pool.connection() as connection,
                _rolled_back_if_open(connection),
                connection.pipeline(),
                connection.cursor(binary=True) as cursor,
            ):
                # By hand, since psycopg waits for what is before and after a transaction of its own.
                await cursor.execute("begin")
                await cursor.execute("select skein_hold(%s, %s)", (self._hold.lane, self._hold.fence))
                yield cursor
                await cursor.execute("commit")


@asynccontextmanager
async def _rolled_back_if_open(connection: "AsyncConnection[DictRow]") -> "AsyncGenerator[None, None]":
    """End a transaction that was begun by hand, and that the block leaves open as it fails."""
    try:
        yield
    finally:
        if connection.info.transaction_status in {TransactionStatus.INTRANS, TransactionStatus.INERROR}:
            await connection.rollback()


def _inline(checkpoint: Checkpoint) -> dict[str, Any]:
    """A state without the values that stand apart, in the form of langgraph-checkpoint-postgres 3."""
    values = checkpoint["channel_values"]
    kept = {name: value for name, value in values.items() if _is_plain(value)}
    kept |= {name: True for name, value in values.items() if isinstance(value, _DeltaSnapshot)}
    return {**checkpoint, "channel_values": kept}


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, str | int | float)


def _place(config: RunnableConfig) -> tuple[str, str, str]:
    """Thread, namespace and checkpoint."""
    place: dict[str, Any] = config.get("configurable", {})
    return place["thread_id"], place.get("checkpoint_ns", ""), place.get("checkpoint_id", "")
