"""The durable inbox: what people said to the bot waits here, in order, until it is answered.

A row is `waiting`, `running` or `done`. Within a conversation (its `lane`) rows run one at a time, in the order of
Slack's `ts`; an index of the table makes a second runner impossible. A running row is leased: when its holder stops
renewing, another worker takes it over.
"""

import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psycopg
from psycopg.errors import UniqueViolation
from psycopg.rows import DictRow

from bot.conversation import Conversation, Message
from bot.database import Pool

CHANNEL = "skein_inbox"
"""The name that NOTIFY and LISTEN use."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A message that is to be answered now, by the worker that claimed it.

    `pages` are the ids of the messages that an earlier try had begun the answer in; `topic` is the `ts` of the
    message that last started this direct message afresh.
    """

    id: int
    message: Message
    pages: tuple[str, ...]
    topic: str | None

    @property
    def thread_id(self) -> str:
        """The name of the conversation's memory: the conversation's own, and a new one for each new topic."""
        lane = str(self.message.conversation)
        return lane if self.topic is None else f"{lane}@{self.topic}"


class Inbox:
    """The inbox's statements on a pool; any number of processes may share the table."""

    def __init__(self, pool: Pool, *, lease: timedelta) -> None:
        self._pool = pool
        self._lease = lease

    async def put(self, message: Message, *, addressed: bool, client_msg_id: str | None = None) -> bool:
        """Store a message unless it is there already, and tell whether it was new.

        One that is not `addressed` is stored only if its conversation is one the bot has a part in. On return it is
        committed: it may be acknowledged.
        """
        values = _values(message, client_msg_id)
        async with self._pool.connection() as connection, connection.transaction():
            if addressed:
                # The conversation is the bot's from now on.
                await connection.execute(
                    "insert into skein_conversations (lane) values (%(lane)s) on conflict do nothing", values
                )
            row = await connection.execute(_PUT, values)
            new = await row.fetchone() is not None
            if new:
                # Delivered at commit, so that who wakes up finds the row.
                await connection.execute("select pg_notify(%s, '')", (CHANNEL,))
            return new

    async def claim(self, worker: str) -> Turn | None:
        """Take the next message whose conversation is free, oldest first, or one whose holder's lease ran out."""
        while True:
            # The index refuses when another worker took a message of the same conversation in the same moment.
            with contextlib.suppress(UniqueViolation):
                row = await self._one(_CLAIM, {"worker": worker, "lease": self._lease})
                return None if row is None else _turn(row)

    async def arrivals(self) -> AsyncGenerator[None, None]:
        """Yield once when it listens, and then whenever a message was stored, by any process."""
        async with self._pool.connection() as connection:
            await connection.execute(f"listen {CHANNEL}")
            try:
                yield
                async for _ in connection.notifies():
                    yield
            finally:
                # Back in the pool it must not go on gathering notifications; psycopg may have left it unusable.
                with contextlib.suppress(psycopg.Error):
                    await connection.execute(f"unlisten {CHANNEL}")

    async def renew(self, worker: str) -> set[int]:
        """Prolong the leases of everything that `worker` runs, and give the ids it still holds."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "update skein_inbox set leased_until = now() + %s where worker = %s and state = 'running' returning id",
                (self._lease, worker),
            )
            return {row["id"] for row in await cursor.fetchall()}

    async def note_page(self, turn: Turn, page: str) -> None:
        """Remember that a message of the answer was begun, so that whoever takes over goes on in it."""
        await self._run(
            "update skein_inbox set pages = array_append(pages, %(page)s) where id = %(id)s", turn, page=page
        )

    async def start_topic(self, turn: Turn) -> None:
        """Let the conversation's memory begin anew after this message. What was is kept under its old name."""
        await self._run(
            "update skein_conversations set topic = %(topic)s where lane = %(lane)s",
            turn,
            topic=turn.message.ts,
            lane=str(turn.message.conversation),
        )

    async def finish(self, turn: Turn) -> None:
        """The message is answered; the conversation's next may start."""
        await self._run(
            "update skein_inbox set state = 'done', finished_at = now(), leased_until = null where id = %(id)s", turn
        )

    async def give_back(self, turn: Turn) -> None:
        """The message is not answered and waits again, at its old place."""
        await self._run(
            "update skein_inbox set state = 'waiting', worker = null, leased_until = null"
            " where id = %(id)s and state = 'running'",
            turn,
        )

    async def _run(self, query: str, turn: Turn, **values: Any) -> None:
        async with self._pool.connection() as connection:
            await connection.execute(query.encode(), {"id": turn.id, **values})

    async def _one(self, query: str, values: dict[str, Any]) -> DictRow | None:
        async with self._pool.connection() as connection:
            return await (await connection.execute(query.encode(), values)).fetchone()


# Stored only where the conversation is known: an addressed message has just made it so. Either unique key refuses a
# repeat.
_PUT = """
insert into skein_inbox (lane, channel, ts, client_msg_id, author, body)
select lane, %(channel)s, %(ts)s, %(client_msg_id)s, %(author)s, %(body)s
from skein_conversations where lane = %(lane)s
on conflict do nothing
returning id
"""

# The first message of a conversation in which nothing runs, or the one that runs there without a living holder.
# `skip locked` lets workers pass each other; should two still meet, the index refuses the second.
_CLAIM = """
update skein_inbox set state = 'running', worker = %(worker)s, leased_until = now() + %(lease)s
from skein_conversations
where skein_conversations.lane = skein_inbox.lane and id = (
    select id from skein_inbox as next
    where (state = 'running' and leased_until < now())
       or (state = 'waiting' and not exists (
            select from skein_inbox as other
            where other.lane = next.lane
              and (other.state = 'running' or (other.state = 'waiting' and (other.ts, other.id) < (next.ts, next.id)))))
    order by ts limit 1
    for update skip locked
)
returning skein_inbox.id, skein_inbox.lane, ts, author, body, pages, topic
"""


def _values(message: Message, client_msg_id: str | None) -> dict[str, Any]:
    conversation = message.conversation
    return {
        "lane": str(conversation),
        "channel": f"{conversation.workspace}/{conversation.channel}",
        "ts": message.ts,
        "client_msg_id": client_msg_id,
        "author": message.author,
        "body": message.text,
    }


def _turn(row: DictRow) -> Turn:
    message = Message(Conversation.parse(row["lane"]), f"{row['ts']:.6f}", row["author"], row["body"])
    return Turn(row["id"], message, tuple(row["pages"]), row["topic"])
