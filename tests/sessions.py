"""Sessions of PostgreSQL's that outlive the connections to it, as a pooler before it would have them."""

import select
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator
from typing import Any, cast
from weakref import WeakKeyDictionary

import psycopg
import pytest
from psycopg import BaseConnection
from psycopg.pq import PGconn, TransactionStatus

AS_NEW = b"select pg_advisory_unlock_all(); unlisten *; reset all; deallocate all"
"""What makes a session, outside of any transaction, as good as a new one."""
MOST = 10
"""How many are kept of those that were opened in the same way: a server has a hundred, for all processes."""

Opening = Generator[Any, Any, BaseConnection[Any]]

_open_anew = cast("Callable[..., Opening]", BaseConnection.__dict__["_connect_gen"].__func__)


class Sessions:
    """The sessions of closed connections with one database, by the way they had been opened in."""

    def __init__(self, database: str) -> None:
        """Of the database with this name, and no other's."""
        self._database = database.encode()
        self._kept: defaultdict[str, list[Any]] = defaultdict(list)
        self._ways: WeakKeyDictionary[BaseConnection[Any], str] = WeakKeyDictionary()
        self._finished = PGconn.connect_start(b"host=/nowhere")
        self._finished.finish()

    def open(self, cls: type[BaseConnection[Any]], conninfo: str = "") -> Opening:
        """What stands in for psycopg's own way to connect: a new connection, with a session that was kept or is new."""
        while self._kept[conninfo]:
            session = self._kept[conninfo].pop()
            if not _has_word(session):
                connection = cls(session)
                break
            session.finish()
        else:
            connection = yield from _open_anew(cls, conninfo)
        self._ways[connection] = conninfo
        return connection

    def take(self, connection: BaseConnection[Any]) -> None:
        """Take the session from a connection that is to be closed, if it is open and nothing goes on in it."""
        session, way = connection.pgconn, self._ways.pop(connection, None)
        if way is None or not _is_idle(session) or session.db != self._database:
            return
        session.exec_(AS_NEW)
        if _is_idle(session) and len(self._kept[way]) < MOST:
            connection.pgconn = self._finished
            self._kept[way].append(session)

    def end(self) -> None:
        """End those that are kept."""
        for sessions in self._kept.values():
            for session in sessions:
                session.finish()


def _is_idle(session: Any) -> bool:
    return session.transaction_status == TransactionStatus.IDLE and not session.pipeline_status


def _has_word(session: Any) -> bool:
    """Whether there is something to read: the server has ended it."""
    poll = select.poll()
    poll.register(session.socket, select.POLLIN)
    return bool(poll.poll(0))


@pytest.fixture(scope="session", autouse=True)
def _sessions(worker_id: str) -> Iterator[None]:
    """A session takes PostgreSQL 3 ms to begin, and 10 more to plan the bot's functions in it.

    Those with the database that a process's tests share are kept when a connection is closed, for the next one.
    """
    sessions = Sessions(worker_id)
    close, close_async = psycopg.Connection.close, psycopg.AsyncConnection.close

    def closed(connection: psycopg.Connection[Any]) -> None:
        sessions.take(connection)
        close(connection)

    async def closed_async(connection: psycopg.AsyncConnection[Any]) -> None:
        sessions.take(connection)
        await close_async(connection)

    def opening(cls: type[BaseConnection[Any]], conninfo: str = "") -> Opening:
        return sessions.open(cls, conninfo)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseConnection, "_connect_gen", classmethod(opening))
        patch.setattr(psycopg.Connection, "close", closed)
        patch.setattr(psycopg.AsyncConnection, "close", closed_async)
        yield
    sessions.end()
