"""What a person has under way with the bot: their conversations, and what waits for their decision."""

from dataclasses import dataclass
from typing import Any

from bot.conversation import Conversation
from bot.database import Pool


@dataclass(frozen=True, slots=True)
class Affair:
    """A conversation or a request: where it is, the `ts` of a message in it that can be looked at, and what it says."""

    conversation: Conversation
    ts: str
    text: str


@dataclass(frozen=True, slots=True)
class Affairs:
    """The statements about them, of one workspace. They look no further back than messages are kept."""

    pool: Pool
    workspace: str

    async def conversations(self, person: str, at_most: int) -> list[Affair]:
        """Those in which a person has last asked something, the latest first, by what they asked in it first."""
        return await self._found(_CONVERSATIONS, person, at_most)

    async def waiting(self, person: str, at_most: int) -> list[Affair]:
        """What waits for this very person's decision, the oldest first, by the names of the tools."""
        return await self._found(_WAITING, person, at_most)

    async def _found(self, statement: bytes, person: str, at_most: int) -> list[Affair]:
        values = {"lanes": f"{self.workspace}/%", "person": person, "at_most": at_most}
        rows = await self.pool.rows(statement, values)
        return [_affair(row) for row in rows]


def _affair(row: dict[str, Any]) -> Affair:
    return Affair(Conversation.parse(row["lane"]), str(row["ts"]), row["text"])


# Read by nobody but whoever opens their home: no index is kept for it.
_CONVERSATIONS = b"""
select lane, to_char(min(ts), 'FM9999999999.000000') as ts, (array_agg(body order by ts))[1] as text
from skein_inbox
where author = %(person)s and lane like %(lanes)s and not is_deleted and body <> ''
group by lane order by max(ts) desc limit %(at_most)s
"""

_WAITING = b"""
select asked.lane, asked.name as text,
    coalesce(answer.pages[cardinality(answer.pages)], split_part(asked.lane, '/', 3)) as ts
from skein_requests as asked left join skein_answers as answer on answer.turn = asked.turn
where asked.state = 'open' and %(person)s = any (asked.deciders) and asked.lane like %(lanes)s
order by asked.id limit %(at_most)s
"""
