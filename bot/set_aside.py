"""Messages that brought the process down again and again: `bot inbox` lists, shows and retries them."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import LiteralString

from psycopg.rows import DictRow

from bot.app import open_database
from bot.database import Pool, migrate
from bot.errors import UnknownMessage
from bot.settings import Settings

Write = Callable[[str], object]


async def list_messages(settings: Settings, *, write: Write = print) -> None:
    """Tell where and when each message that is set aside was written, the oldest first; of its words nothing."""
    async with _tables(settings) as pool, pool.connection() as connection:
        rows = await (await connection.execute(_LIST)).fetchall()
    for row in rows:
        write(_line(row))
    if not rows:
        write("Nothing is set aside.")


async def show(settings: Settings, message: int, *, write: Write = print) -> None:
    """Tell what is known of one, with its words. Raises UnknownMessage."""
    row = await _one(settings, _SHOW, message)
    write(f"{_line(row)}\n\n{row['body']}")


async def retry(settings: Settings, message: int, *, write: Write = print) -> None:
    """Let one wait for its turn again: a bot that runs hears of it at once. Raises UnknownMessage."""
    await _one(settings, _RETRY, message)
    write(f"Message {message} waits for its turn again.")


@asynccontextmanager
async def _tables(settings: Settings) -> AsyncGenerator[Pool, None]:
    async with open_database(settings) as pool:
        await migrate(pool)
        yield pool


async def _one(settings: Settings, query: LiteralString, message: int) -> DictRow:
    """Run a statement about one message that is set aside, and give its row. Raises UnknownMessage."""
    async with _tables(settings) as pool, pool.connection() as connection:
        row = await (await connection.execute(query, {"id": message})).fetchone()
    if row is None:
        raise UnknownMessage(f"No message {message} is set aside. `bot inbox list` tells which are.")
    return row


def _line(row: DictRow) -> str:
    return f"{row['id']:<6} {row['finished_at']:%Y-%m-%d %H:%M}  {row['lane']}  {row['author']}"


_LIST = "select id, lane, author, finished_at from skein_inbox where state = 'set_aside' order by id"

_SHOW = "select id, lane, author, finished_at, body from skein_inbox where id = %(id)s and state = 'set_aside'"

# The message and its conversation in one statement: a claim between the two would find nothing that waits.
_RETRY = """
with again as (
    update skein_inbox set state = 'waiting', turn = null, finished_at = null where id = %(id)s and state = 'set_aside'
    returning lane, ts)
update skein_conversations set waiting_since = least(waiting_since, again.ts)
from again where skein_conversations.lane = again.lane
returning pg_notify('skein_inbox', '')
"""
