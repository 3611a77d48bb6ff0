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
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from bot.conversation import Address, Conversation, Message
from bot.database import Pool, lease_lost_if_refused
from bot.turns import Turn, turn_of
from bot.wishes import starts_afresh, wants_back, wants_out

if TYPE_CHECKING:
    from psycopg import AsyncConnection

CHANNEL = "skein_inbox"
"""The name that NOTIFY and LISTEN use."""

STOP = "stop"
"""What is told on it beside arrivals, which say nothing."""

STORING = 8
"""How many messages a process stores at once: a flood after an outage must leave connections for what runs."""

OVERHEARD = timedelta(minutes=10)
"""How long a mention may be later than what was said after it: Slack's last try is six minutes after the first."""


class Inbox:
    """The inbox's statements on a pool; any number of processes may share the tables."""

    def __init__(self, pool: Pool, *, lease: timedelta, judges: bool = False) -> None:
        self._judges = judges
        self.pool = pool
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
        names = {"event_id": event_id, "client_msg_id": client_msg_id}
        stored = await self.store(f"select skein_put({PUT}) as waits", message, address=address.value, **names)
        return bool(stored and stored["waits"])

    async def store(self, statement: str, message: Message, **values: Any) -> DictRow | None:
        """Run a statement about a message, with what `PUT` names; on return it is committed."""
        async with self._storing, self.pool.connection() as connection:
            return await _row(connection, statement, {**self._values(message), **values})

    async def claim(self, worker: str) -> Turn | None:
        """Take a turn whose holder's lease ran out, or begin one in the conversation that has waited longest."""
        async with self.pool.connection() as connection:
            rows = await _rows(connection, _CLAIM, {"worker": worker, "lease": self._lease})
        return turn_of(rows) if rows else None

    async def renew(self, worker: str, turns: Collection[int]) -> set[int]:
        """Prolong the leases of those of these turns that `worker` still holds, and give their ids."""
        async with self.pool.connection() as connection:
            values = {"worker": worker, "lease": self._lease, "turns": list(turns)}
            return {row["turn"] for row in await _rows(connection, _RENEW, values)}

    async def note_page(self, turn: Turn, page: str) -> None:
        """Remember that a message of the answer was begun, so that whoever takes over goes on in it."""
        await self._as_holder(turn, "select skein_note_page(%(lane)s, %(fence)s, %(page)s)", page=page)

    async def finish(
        self,
        turn: Turn,
        *,
        said: Sequence[str] = (),
        set_aside: bool = False,
        shared: bool = False,
        alone: bool = False,
    ) -> None:
        """The messages are answered, or set aside; the conversation's next turn may start. LeaseLost if it is not ours.

        What its messages show, `said`, is kept: the conversation may be taken back to before it.

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
            said=list(said),
        )

    async def give_back(self, turn: Turn, *, died: bool = False) -> None:
        """Let go of a turn without having ended it: any worker may go on with it at once.

        No death is counted, unless it was left as if its holder had `died`: then the next one looks for what this one
        may have posted.
        """
        await self._as_holder(turn, _GIVE_BACK, spared=0 if died else 1)

    async def errand_done(self, turn: Turn) -> None:
        """The turn's errand is; the conversation's next turn may start. LeaseLost."""
        await self._as_holder(turn, "select skein_errand_done(%(lane)s, %(fence)s)")

    async def branch_off(self, origin: Conversation, conversation: Conversation) -> None:
        """Have a part in a thread whose memory is a copy of another's, although nobody has addressed the bot there."""
        async with self.pool.connection() as connection:
            values = {"lane": str(conversation), "since": conversation.thread, "origin": str(origin)}
            await connection.execute(_BRANCH_OFF, values)

    async def supersede(self, turn: Turn) -> None:
        """Note that a turn takes the conversation back to before the one that it answers anew. LeaseLost."""
        await self._as_holder(turn, "select skein_supersede(%(lane)s, %(fence)s)")

    async def superseded(self, turn: Turn) -> dict[int, list[str]]:
        """The turns that a turn has superseded, and the ids of the messages in which each of them was answered."""
        async with self.pool.connection() as connection:
            rows = await _rows(connection, _SUPERSEDED, {"turn": turn.id, "again": turn.again})
        return {row["turn"]: row["pages"] for row in rows}

    async def earlier(self, turn: Turn) -> int | None:
        """The turn whose answer stood in the same messages before, if any; none where that is only gone on with."""
        async with self.pool.connection() as connection:
            values = {"lane": turn.hold.lane, "pages": list(turn.pages), "turn": turn.id, "again": turn.again}
            found = await _row(connection, _EARLIER, values)
        return found["turn"] if found else None

    async def left_out(self, conversation: Conversation) -> set[str]:
        """The `ts` of the messages in it that are no part of its course: set aside, or left by going back."""
        async with self.pool.connection() as connection:
            channel = f"{conversation.workspace}/{conversation.channel}"
            rows = await _rows(connection, _LEFT_OUT, {"lane": str(conversation), "channel": channel})
        return {f"{row['ts']:.6f}" for row in rows}

    async def stop(self, turn: int, who: str) -> None:
        """Have a turn stopped, wherever it runs, on behalf of `who`. The first who says so counts."""
        async with self.pool.connection() as connection:
            await connection.execute("select skein_stop(%s, %s)", (turn, who))

    async def stopped(self, turns: Collection[int]) -> dict[int, str]:
        """Those of these turns that are to be stopped, and who said so."""
        async with self.pool.connection() as connection:
            rows = await _rows(connection, _STOPPED, {"turns": list(turns)})
        return {row["turn"]: row["who"] for row in rows}

    async def revised(self, turns: Collection[int]) -> set[int]:
        """Those of these turns of whose messages one was changed since the turn was claimed."""
        async with self.pool.connection() as connection:
            return {row["turn"] for row in await _rows(connection, _REVISED, {"turns": list(turns)})}

    async def arrivals(self) -> AsyncGenerator[bool | None, None]:
        """Yield None once it listens; then True for a turn that runs (`stopped`, `revised`), False for one to claim."""
        async with self.pool.connection() as connection:
            await connection.execute(f"listen {CHANNEL}")
            try:
                yield None
                async for told in connection.notifies():
                    yield told.payload == STOP
            finally:
                # Back in the pool it must not go on gathering notifications; psycopg may have left it unusable.
                with suppress(psycopg.Error):
                    await connection.execute(f"unlisten {CHANNEL}")

    async def sweep(self, older_than: timedelta, *, at_most: int = 1000) -> int:
        """Delete that many messages that were done so long ago, and tell how many there were.

        What was overheard and not followed by a mention goes as well, after OVERHEARD.
        """
        async with self.pool.connection() as connection:
            await connection.execute(_FORGET, {"age": OVERHEARD})
            for statement in _FORGET_OLD:
                await connection.execute(statement, {"age": older_than})
            cursor = await connection.execute(_SWEEP, {"age": older_than, "at_most": at_most})
            return cursor.rowcount

    def _values(self, message: Message) -> dict[str, Any]:
        conversation = message.conversation
        return {
            "lane": str(conversation),
            "channel": f"{conversation.workspace}/{conversation.channel}",
            "ts": message.ts,
            "author": message.author,
            "body": message.text,
            "files": Jsonb([asdict(file) for file in message.files]),
            "starts_afresh": starts_afresh(message),
            "quiet": True if wants_out(message) else False if wants_back(message) else None,
            "judges": self._judges,
        }

    async def _as_holder(self, turn: Turn, statement: str, **values: Any) -> None:
        """Run a statement on behalf of a turn; raises LeaseLost if somebody else holds it."""
        held = {"lane": turn.hold.lane, "fence": turn.hold.fence, **values}
        with lease_lost_if_refused():
            async with self.pool.connection() as connection:
                await connection.execute(statement.encode(), held)


# What these do, and why it holds, stands with the functions in `bot/migrations/`, `0006_company.sql` and
# `0010_rewind.sql`.
PUT = """
%(lane)s, %(channel)s, %(ts)s::numeric, %(event_id)s, %(client_msg_id)s, %(author)s, %(body)s, %(files)s,
%(starts_afresh)s, %(address)s, %(quiet)s, %(judges)s
"""
"""The arguments by which a message is stored."""

_BRANCH_OFF = """
insert into skein_conversations (lane, since, branched_from) values (%(lane)s, %(since)s::numeric, %(origin)s)
on conflict (lane) do update set branched_from = excluded.branched_from
"""

_FINISH = """
select skein_finish(%(lane)s, %(fence)s, %(state)s, %(topic)s, %(shared)s, %(aside)s::numeric,
    %(said)s::text[])
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

_LEFT_OUT = """
select ts from skein_inbox where lane = %(lane)s and state = 'set_aside' union all
select ts from skein_answers as answer join skein_inbox as message on message.turn = answer.turn
where answer.lane = %(lane)s and superseded_by is not null and message.channel = %(channel)s and message.state = 'done'
"""

_SUPERSEDED = """
select turn, pages from skein_answers where superseded_by = %(turn)s and turn is distinct from %(again)s order by turn
"""

_EARLIER = """
select max(turn) as turn from skein_answers
where lane = %(lane)s and turn < %(turn)s and pages && %(pages)s::text[] and said <> '{}' and not exists (
    select from skein_requests
    where lane = %(lane)s and turn in (%(again)s, %(turn)s) and state = 'decided')
"""

_REVISED = "select turn from skein_conversations where turn = any(%(turns)s) and is_revised"

_FORGET = "delete from skein_overheard where heard_at < now() - %(age)s"

_STOPPED = "select turn, who from skein_stops where turn = any(%(turns)s)"

_FORGET_OLD = (
    "delete from skein_stops where stopped_at < now() - %(age)s",
    "delete from skein_answers where answered_at < now() - %(age)s",
    "delete from skein_traces where begun_at < now() - %(age)s",
    "delete from skein_requests where asked_at < now() - %(age)s",
)

_SWEEP = """
delete from skein_inbox where id in (
    select id from skein_inbox where state = 'done' and finished_at < now() - %(age)s limit %(at_most)s)
"""


async def _row(connection: "AsyncConnection[DictRow]", query: str, values: dict[str, Any]) -> DictRow | None:
    return await (await connection.execute(query.encode(), values)).fetchone()


async def _rows(connection: "AsyncConnection[DictRow]", query: str, values: dict[str, Any]) -> list[DictRow]:
    return await (await connection.execute(query.encode(), values)).fetchall()
