"""The durable inbox: what people said to the bot waits here, in order, until it is answered.

A message is `waiting`, `taken` by a turn, `done`, or `set_aside`. What makes it hold, whoever dies when:

- A message is stored once: its event's id, its place (channel and ts) and its gesture (`client_msg_id`) are unique.
- A conversation has one row, and that row says which turn runs and who holds it until when: there cannot be two.
- Each claim raises the row's fence. What a turn writes is refused once the fence has moved on (LeaseLost).
- A turn takes all that waits at that moment, in the order of Slack's `ts`. Its messages stay its own until it ends,
  so that whoever takes it over answers the same ones.
"""

import asyncio
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from bot.conversation import Address, Conversation, File, Hold, Message
from bot.database import Pool, lease_lost_if_refused
from bot.wishes import starts_afresh, wants_back, wants_out

if TYPE_CHECKING:
    from psycopg import AsyncConnection

CHANNEL = "skein_inbox"
"""The name that NOTIFY and LISTEN use."""

MOST_DEATHS = 3
"""A message that this many of its holders have died of is set aside."""

STORING = 8
"""How many messages a process stores at once: a flood after an outage must leave connections for what runs."""

OVERHEARD = timedelta(minutes=10)
"""How long a mention may be later than what was said after it: Slack's last try is six minutes after the first."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Messages of one conversation that are to be answered now, by the worker that claimed them.

    `waited` are those of the messages that came while another turn ran. `pages` are the ids of the messages that an
    earlier holder had begun the answer in; `deaths` tells how many have died of it; `topic` is the `ts` of the message
    that last started this direct message afresh. `aside` is the `ts` of the newest message that was heard in the thread
    and not for the bot.
    """

    id: int
    messages: tuple[Message, ...]
    waited: tuple[Message, ...]
    fence: int
    deaths: int
    pages: tuple[str, ...]
    topic: str | None
    aside: str | None = None

    @property
    def conversation(self) -> Conversation:
        """The one conversation that all its messages are of."""
        return self.messages[0].conversation

    @property
    def hold(self) -> Hold:
        """The right to write in this conversation."""
        return Hold(str(self.conversation), self.fence)

    @property
    def thread_id(self) -> str:
        """The name of the conversation's memory: the conversation's own, and a new one for each new topic."""
        lane = str(self.conversation)
        return lane if self.topic is None else f"{lane}@{self.topic}"

    @property
    def starts_afresh(self) -> bool:
        """Whether it is a person's wish to start a direct message afresh; that is a turn of its own."""
        return starts_afresh(self.messages[0])

    @property
    def stays_out(self) -> bool:
        """Whether somebody's last word is that the bot is to stay out of the thread."""
        return wants_out(self.messages[-1])

    @property
    def comes_back(self) -> bool:
        """Whether somebody's last word is that it may speak there again."""
        return wants_back(self.messages[-1])

    @property
    def is_doubtful(self) -> bool:
        """Whether it has yet to be judged if any of it is for the bot."""
        return all(message.doubtful for message in self.messages)

    @property
    def is_deadly(self) -> bool:
        """Whether too many of its holders have died."""
        return self.deaths >= MOST_DEATHS


class Inbox:
    """The inbox's statements on a pool; any number of processes may share the tables."""

    def __init__(self, pool: Pool, *, lease: timedelta, judges: bool = False) -> None:
        self._judges = judges
        self._pool = pool
        self._lease = lease
        self._storing = asyncio.Semaphore(STORING)

    async def put(
        self, message: Message, *, address: Address, event_id: str | None = None, client_msg_id: str | None = None
    ) -> bool:
        """Store a message unless it is there already, and tell whether it was new and has to wait for a turn.

        One that does not address the bot gets a turn only if it was said after the first that did, by their `ts`,
        whichever comes first; until then it is kept as overheard. It gets none in a thread that the bot was asked to
        stay out of; nor, unless the inbox `judges`, in one in which people talk to each other, as they do from the
        first message on that names somebody else. On return it is committed: it may be acknowledged.
        """
        values = _values(message) | {"event_id": event_id, "client_msg_id": client_msg_id, "address": address.value}
        quiet = True if wants_out(message) else False if wants_back(message) else None
        values |= {"quiet": quiet, "judges": self._judges}
        async with self._storing, self._pool.connection() as connection:
            stored = await _row(connection, _PUT, values)
        return bool(stored and stored["waits"])

    async def claim(self, worker: str) -> Turn | None:
        """Take a turn whose holder's lease ran out, or begin one in the conversation that has waited longest."""
        async with self._pool.connection() as connection:
            rows = await _rows(connection, _CLAIM, {"worker": worker, "lease": self._lease})
        return _turn(rows) if rows else None

    async def renew(self, worker: str, turns: Collection[int]) -> set[int]:
        """Prolong the leases of those of these turns that `worker` still holds, and give their ids."""
        async with self._pool.connection() as connection:
            values = {"worker": worker, "lease": self._lease, "turns": list(turns)}
            return {row["turn"] for row in await _rows(connection, _RENEW, values)}

    async def note_page(self, turn: Turn, page: str) -> None:
        """Remember that a message of the answer was begun, so that whoever takes over goes on in it."""
        await self._as_holder(turn, "select skein_note_page(%(lane)s, %(fence)s, %(page)s)", page=page)

    async def finish(self, turn: Turn, *, set_aside: bool = False, shared: bool = False, alone: bool = False) -> None:
        """The messages are answered, or set aside; the conversation's next turn may start. LeaseLost if it is not ours.

        A turn that starts the conversation afresh gives its memory a new name; what was is kept under the old one. It
        is `shared` when people turned out to talk to each other in it; left `alone` is what they said to each other.
        """
        topic = turn.messages[0].ts if turn.starts_afresh else turn.topic
        await self._as_holder(
            turn,
            _FINISH,
            state="set_aside" if set_aside else "done",
            topic=topic,
            shared=True if shared or alone else None,
            aside=turn.messages[-1].ts if alone else None,
        )

    async def give_back(self, turn: Turn, *, died: bool = False) -> None:
        """Let go of a turn without having ended it: any worker may go on with it at once.

        No death is counted, unless it was left as if its holder had `died`: then the next one looks for what this one
        may have posted.
        """
        await self._as_holder(turn, _GIVE_BACK, spared=0 if died else 1)

    async def deadly(self, conversation: Conversation) -> set[str]:
        """The `ts` of the messages in it that were set aside."""
        async with self._pool.connection() as connection:
            rows = await _rows(connection, _DEADLY, {"lane": str(conversation)})
        return {f"{row['ts']:.6f}" for row in rows}

    async def arrivals(self) -> AsyncGenerator[None, None]:
        """Yield once when it listens, and then whenever there is something to claim, told by any process."""
        async with self._pool.connection() as connection:
            await connection.execute(f"listen {CHANNEL}")
            try:
                yield
                async for _ in connection.notifies():
                    yield
            finally:
                # Back in the pool it must not go on gathering notifications; psycopg may have left it unusable.
                with suppress(psycopg.Error):
                    await connection.execute(f"unlisten {CHANNEL}")

    async def sweep(self, older_than: timedelta, *, at_most: int = 1000) -> int:
        """Delete that many messages that were done so long ago, and tell how many there were.

        What was overheard and not followed by a mention goes as well, after OVERHEARD.
        """
        async with self._pool.connection() as connection:
            await connection.execute(_FORGET, {"age": OVERHEARD})
            cursor = await connection.execute(_SWEEP, {"age": older_than, "at_most": at_most})
            return cursor.rowcount

    async def _as_holder(self, turn: Turn, statement: str, **values: Any) -> None:
        """Run a statement on behalf of a turn; raises LeaseLost if somebody else holds it."""
        with lease_lost_if_refused():
            async with self._pool.connection() as connection:
                await connection.execute(
                    statement.encode(), {"lane": turn.hold.lane, "fence": turn.hold.fence, **values}
                )


# What these do, and why it holds, stands with the functions in `bot/migrations/0006_company.sql`.
_PUT = """
select skein_put(%(lane)s, %(channel)s, %(ts)s::numeric, %(event_id)s, %(client_msg_id)s, %(author)s, %(body)s,
    %(files)s, %(starts_afresh)s, %(address)s, %(quiet)s, %(judges)s) as waits
"""

_FINISH = """
select skein_finish(%(lane)s, %(fence)s, %(state)s, %(topic)s, %(shared)s, %(aside)s::numeric)
"""

_CLAIM = "select * from skein_claim(%(worker)s, %(lease)s)"

# Whatever the lease's end: who was cut off for a while holds on to what nobody else has claimed meanwhile. Only turns
# that run: one that was claimed in the moment the connection broke is known to nobody, and its lease has to run out.
_RENEW = """
update skein_conversations set leased_until = now() + %(lease)s
where worker = %(worker)s and turn = any(%(turns)s)
returning turn
"""

# Over at once, for whoever claims next; that claim will count a death too many.
_GIVE_BACK = """
with held as materialized (select skein_hold(%(lane)s, %(fence)s))
update skein_conversations set leased_until = '-infinity', deaths = deaths - %(spared)s
from held where lane = %(lane)s
returning pg_notify('skein_inbox', '')
"""

_DEADLY = "select ts from skein_inbox where lane = %(lane)s and state = 'set_aside'"

_FORGET = "delete from skein_overheard where heard_at < now() - %(age)s"

_SWEEP = """
delete from skein_inbox where id in (
    select id from skein_inbox where state = 'done' and finished_at < now() - %(age)s limit %(at_most)s)
"""


async def _row(connection: "AsyncConnection[DictRow]", query: str, values: dict[str, Any]) -> DictRow | None:
    return await (await connection.execute(query.encode(), values)).fetchone()


async def _rows(connection: "AsyncConnection[DictRow]", query: str, values: dict[str, Any]) -> list[DictRow]:
    return await (await connection.execute(query.encode(), values)).fetchall()


def _values(message: Message) -> dict[str, Any]:
    conversation = message.conversation
    return {
        "lane": str(conversation),
        "channel": f"{conversation.workspace}/{conversation.channel}",
        "ts": message.ts,
        "author": message.author,
        "body": message.text,
        "files": Jsonb([asdict(file) for file in message.files]),
        "starts_afresh": starts_afresh(message),
    }


def _turn(rows: Sequence[DictRow]) -> Turn:
    held = rows[0]
    return Turn(
        id=held["turn"],
        messages=tuple(_message(row) for row in rows),
        waited=tuple(_message(row) for row in rows if row["waits"]),
        fence=held["fence"],
        deaths=held["deaths"],
        pages=tuple(held["pages"]),
        topic=held["topic"],
        aside=None if held["aside"] is None else f"{held['aside']:.6f}",
    )


def _message(row: DictRow) -> Message:
    return Message(
        Conversation.parse(row["lane"]),
        f"{row['ts']:.6f}",
        row["author"],
        row["body"],
        doubtful=row["is_doubtful"],
        files=tuple(File(**file) for file in row["files"]),
    )
