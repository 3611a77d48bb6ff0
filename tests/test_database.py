"""The database: migrations under a lock, on databases that are not empty, and the embedded server."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from bot.database import embedded_server, migrate, open_pool, ping
from bot.errors import DatabaseError
from tests.conftest import server_folder


async def test_replicas_that_start_together_migrate_once(postgres: str) -> None:
    async with await psycopg.AsyncConnection.connect(postgres, autocommit=True) as connection:
        await connection.execute("drop database if exists together")
        await connection.execute("create database together")
    url = postgres.replace("/postgres?", "/together?")
    async with AsyncExitStack() as stack:
        pools = [await stack.enter_async_context(open_pool(url)) for _ in range(4)]
        await asyncio.gather(*(migrate(pool) for pool in pools))
        # Again, on tables that have rows.
        async with pools[0].connection() as connection:
            await connection.execute("insert into skein_conversations (lane) values ('T/C/1')")
        await migrate(pools[1])
        async with pools[0].connection() as connection:
            rows = await (await connection.execute("select lane from skein_conversations")).fetchall()
    assert rows == [{"lane": "T/C/1"}]


async def test_a_dead_connection_is_replaced(database_url: str) -> None:
    async with open_pool(database_url) as pool:
        await ping(pool)
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as other:
            await other.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()"
                " and backend_type = 'client backend'"
            )
        await ping(pool)


async def test_a_database_that_is_not_there_is_said() -> None:
    with pytest.raises(DatabaseError, match="Check DATABASE_URL"):
        async with open_pool("postgresql://127.0.0.1:1/none", timedelta(milliseconds=100)):
            pass


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
