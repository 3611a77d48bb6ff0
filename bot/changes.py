"""What people do to what was said already: they change it, delete it, ask for it again."""

from dataclasses import dataclass

from psycopg.rows import DictRow

from bot.conversation import Address, Conversation, Message
from bot.database import Pool
from bot.inbox import PUT, Inbox


@dataclass(frozen=True, slots=True)
class Changes:
    """The statements about it. What they do, and why it holds, stands in `0010_rewind.sql` to
    `0012_again.sql`.
    """

    inbox: Inbox
    pool: Pool

    async def revise(
        self,
        message: Message,
        *,
        address: Address,
        event_id: str | None = None,
        client_msg_id: str | None = None,
        may_be_new: bool = False,
    ) -> bool:
        """Take in that the author changed a message, at `message.edited`; True if it is known, or is by now.

        One that waits is answered as it is now; one that is being answered is begun anew; one that was answered, with
        the others of its turn, is answered again. One that is not known is stored if it `may_be_new`, as by `put`.
        """
        names = {"event_id": event_id, "client_msg_id": client_msg_id, "address": address.value}
        known = await self.inbox.store(_REVISE, message, **names, edited=message.edited, may_be_new=may_be_new)
        return bool(known and known["is_known"])

    async def delete(self, message: Message) -> None:
        """Take in that a message was deleted: it is not answered any more, and what knows of it is to forget it.

        That is done by a turn of its own (`Errand.FORGET`), if the conversation is one of the bot's.
        """
        await self.inbox.store(_DELETE, message)

    async def delete_answer(self, workspace: str, channel: str, page: str, who: str) -> bool:
        """Have the answer that stands in that message deleted, and forgotten; False unless `who` had asked for it."""
        return await self._told(_DELETE_ANSWER, workspace=workspace, channel=channel, page=page, who=who)

    async def try_again(self, workspace: str, channel: str, turn: int, *, afresh: bool) -> bool:
        """Have a turn answered once more, `afresh` or from where it broke off; False if it is none of that channel's.

        Nor if the conversation has left it. Asked for twice, it is done once.
        """
        return await self._told(_TRY_AGAIN, workspace=workspace, channel=channel, turn=turn, afresh=afresh)

    async def branch(self, workspace: str, channel: str, turn: int, who: str, at: str) -> bool:
        """Have a thread begun that goes on from a turn's answer, as somebody wished `at` that time, in Slack's form.

        False if the turn is none of that channel's, or too long ago. The same wish counts once.
        """
        return await self._told(_BRANCH, workspace=workspace, channel=channel, turn=turn, who=who, at=at)

    async def said(self, turn: int) -> tuple[Conversation, list[str]] | None:
        """Where a turn was answered, and what its messages showed; None when that is no longer known."""
        row = await self._row(_SAID, turn=turn)
        return (Conversation.parse(row["lane"]), row["said"]) if row else None

    async def stop_in(self, conversation: Conversation, who: str) -> int | None:
        """Have the turn that runs in a conversation now stopped, on behalf of `who`; tells which, if one does."""
        row = await self._row(_STOP_IN, lane=str(conversation), who=who)
        return row["turn"] if row else None

    async def versions(self, turn: int) -> list[int]:
        """The turns whose answers stood in the messages of a turn's answer before the present one, the first first."""
        rows = await self.pool.rows(_VERSIONS, {"turn": turn})
        return [row["turn"] for row in rows]

    async def _told(self, statement: bytes, **values: object) -> bool:
        """What a statement tells in its one row."""
        row = await self._row(statement, **values)
        return bool(row and row["told"])

    async def _row(self, statement: bytes, **values: object) -> DictRow | None:
        async with self.pool.connection() as connection:
            return await (await connection.execute(statement, values)).fetchone()


_REVISE = f"select skein_revise({PUT}, %(edited)s::numeric, %(may_be_new)s) as is_known"

_DELETE = "select skein_delete(%(lane)s, %(channel)s, %(ts)s::numeric, %(author)s, %(body)s)"

_DELETE_ANSWER = b"select skein_delete_answer(%(workspace)s, %(channel)s, %(page)s, %(who)s) as told"

_TRY_AGAIN = b"select skein_try_again(%(workspace)s, %(channel)s, %(turn)s, %(afresh)s) as told"

_BRANCH = b"select skein_branch(%(workspace)s, %(channel)s, %(turn)s, %(who)s, %(at)s::numeric) as told"

_STOP_IN = b"""
select turn, skein_stop(turn, %(who)s) from skein_conversations where lane = %(lane)s and turn is not null
"""

_VERSIONS = b"""
select other.turn from skein_answers as known join skein_answers as other
    on other.lane = known.lane and other.pages && known.pages and other.said <> '{}' and other.superseded_by is not null
where known.turn = %(turn)s order by other.turn
"""

_SAID = b"select lane, said from skein_answers where turn = %(turn)s and said <> '{}'"
