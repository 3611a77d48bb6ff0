"""The database: migrations under a lock, on databases that are not empty, and the embedded server."""

import asyncio
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from importlib import resources
from pathlib import Path

import psycopg
import pytest

from bot.database import Pool, embedded_server, migrate, open_pool, ping, until_reached
from bot.errors import DatabaseError
from bot.inbox import Inbox
from tests.folders import server_folder
from tests.stage import new_database


async def test_replicas_that_start_together_migrate_once(postgres: str) -> None:
    url = await new_database(postgres, "together")
    async with AsyncExitStack() as stack:
        pools = [await stack.enter_async_context(open_pool(url)) for _ in range(4)]
        await asyncio.gather(*(migrate(pool) for pool in pools))
        # Again, on tables that have rows.
        async with pools[0].connection() as connection:
            await connection.execute("insert into skein_conversations (lane, since) values ('T/C/1', 1)")
        await migrate(pools[1])
        async with pools[0].connection() as connection:
            rows = await (await connection.execute("select lane from skein_conversations")).fetchall()
    assert rows == [{"lane": "T/C/1"}]


async def be_of_the_first_version(pool: Pool) -> None:
    """Make the tables of the first migration alone, with rows of every kind."""
    name = "0001_inbox.sql"
    first = resources.files("bot").joinpath("migrations", name).read_text("utf-8")
    async with pool.connection() as connection:
        await connection.execute("create table skein_migrations (name text primary key)")
        await connection.execute("insert into skein_migrations (name) values (%s)", (name,))
        await connection.execute(first.encode())
        for lane in ("T/C/1.000000", "T/C/2.000000"):
            await connection.execute("insert into skein_conversations (lane) values (%s)", (lane,))
        for lane, ts, state in (
            ("T/C/1.000000", "1.000000", "done"),
            ("T/C/1.000000", "4.000000", "waiting"),
            ("T/C/1.000000", "3.000000", "running"),
            ("T/C/2.000000", "2.000000", "done"),
        ):
            await connection.execute(
                "insert into skein_inbox"
                " (lane, channel, ts, author, body, state, pages, worker, leased_until, finished_at)"
                " values (%s, 'T/C', %s, 'U', '', %s, '{9.000000}', 'w', now(), case when %s = 'done' then now() end)",
                (lane, ts, state, state),
            )


async def test_what_an_earlier_version_had_not_answered_is_answered_in_order(postgres: str) -> None:
    async with open_pool(await new_database(postgres, "earlier")) as pool:
        await be_of_the_first_version(pool)
        await migrate(pool)
        inbox = Inbox(pool, lease=timedelta(seconds=30))
        turn = await inbox.claim("worker")
        assert turn
        assert [message.ts for message in turn.messages] == ["3.000000", "4.000000"]
        await inbox.finish(turn)
        assert await inbox.claim("worker") is None
        assert await inbox.sweep(timedelta(0)) == 4


async def test_a_dead_connection_is_replaced(database_url: str) -> None:
    async with open_pool(database_url) as pool:
        await ping(pool)
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as other:
            await other.execute(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity where pid <> pg_backend_pid()"
                " and datname = current_database()"
            )
        await ping(pool)


class LeftOffError(Exception):
    """What ends a use of a connection in the middle."""


@pytest.mark.parametrize("left", ["well", "long ago", "in the middle"])
async def test_only_a_connection_whose_last_use_ended_well_a_moment_ago_is_used_unasked(
    database_url: str, monkeypatch: pytest.MonkeyPatch, left: str
) -> None:
    monkeypatch.setattr("bot.database.WELL_FOR", timedelta(seconds=0 if left == "long ago" else 60))
    async with open_pool(database_url) as pool:
        first = None
        with suppress(LeftOffError):
            async with pool.connection() as first:
                await first.execute("set default_transaction_read_only = on")
                if left == "in the middle":
                    raise LeftOffError
        async with pool.connection() as second:
            # One that may only be read is found so where it is asked, and another takes its place.
            assert (second is first) == (left == "well")


async def test_a_database_that_is_not_there_is_said() -> None:
    with pytest.raises(DatabaseError, match="Check DATABASE_URL"):
        async with open_pool("postgresql://127.0.0.1:1/none", timedelta(milliseconds=100)):
            pass


@pytest.mark.slow
async def test_the_embedded_server_keeps_what_was_written() -> None:
    with server_folder() as folder:
        assert await written_before(folder / "new") == 0
        assert await written_before(folder / "new") == 1


async def written_before(folder: Path) -> int:
    """Start the server, write a row, stop it, and give the number of rows that had been there."""
    async with embedded_server(folder) as url, open_pool(url) as pool, pool.connection() as connection:
        await connection.execute("create table if not exists kept (at timestamptz)")
        rows = await (await connection.execute("select * from kept")).fetchall()
        await connection.execute("insert into kept values (now())")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)
    return len(rows)


async def test_a_cancel_is_heeded_although_the_connection_breaks_in_its_place(pool: Pool) -> None:
    begun = asyncio.Event()

    async def statement() -> None:
        async with pool.connection():
            begun.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError as cancelled:
                # As psycopg does where the server goes away while it is asked to end the statement.
                raise psycopg.OperationalError("the connection is lost") from cancelled

    task = asyncio.create_task(until_reached(statement))
    await begun.wait()
    task.cancel()
    await asyncio.wait([task], timeout=5)
    assert task.cancelled()
