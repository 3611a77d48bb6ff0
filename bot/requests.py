"""What the agent asks leave for, in PostgreSQL: asked for by a turn, decided by a person, once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from bot.database import Pool, lease_lost_if_refused
from bot.decisions import ASKER, Choice, Decided, Decision, Request
from bot.turns import Turn


@dataclass(frozen=True, slots=True)
class Open:
    """A request that waits for a decision, by its id."""

    id: int
    request: Request


@dataclass(frozen=True, slots=True)
class Requests:
    """The statements about them. What they do, and why it holds, stands in `0014_requests.sql`."""

    pool: Pool
    deciders: Sequence[str] = (ASKER,)
    """Who may decide where a request does not say."""

    async def ask(self, turn: Turn, requests: Sequence[Request]) -> list[Open]:
        """Ask on behalf of a turn, and give all that waits for a decision in it. Asked again, it is once. LeaseLost."""
        told = [
            {
                "interrupt": one.interrupt,
                "position": one.position,
                "name": one.name,
                "args": dict(one.args),
                "about": one.about,
                "choices": [choice.value for choice in one.choices],
                "deciders": one.deciders,
                "after": one.after,
            }
            for one in requests
        ]
        rows = await self._as_holder(turn, _ASK, requests=Jsonb(told))
        return [Open(row["id"], _request(row)) for row in rows]

    async def decided(self, turn: Turn) -> list[Decided]:
        """What was decided of what the answer that a turn goes on with has asked for. LeaseLost."""
        return [(_request(row), _decision(row)) for row in await self._as_holder(turn, _ASKED)]

    async def withdraw(self, turn: Turn) -> list[tuple[str, str]]:
        """A turn goes on without decisions: the messages that asked for them, and what each shows. LeaseLost."""
        return [(row["page"], row["said"]) for row in await self._as_holder(turn, _WITHDRAW)]

    async def open(self, workspace: str, channel: str, id_: int) -> Open | None:
        """A request of that channel, if it still waits for a decision."""
        rows = await self.pool.rows(_OPEN, {"workspace": workspace, "channel": channel, "id": id_})
        return Open(id_, _request(rows[0])) if rows else None

    async def decide(self, workspace: str, channel: str, id_: int, decision: Decision) -> str:
        """Store what somebody decided, and have it gone on from.

        Gives `decided`; `late` if somebody has before; `forbidden`; `busy` while a new message is being looked at,
        which may withdraw it; or `gone` if it is none of that channel's, or too long ago.
        """
        values = {"workspace": workspace, "channel": channel, "id": id_, "who": decision.by, "reason": decision.reason}
        args = Jsonb(dict(decision.args)) if decision.choice is Choice.EDIT else None
        rows = await self.pool.rows(_DECIDE, {**values, "choice": decision.choice.value, "args": args})
        return str(rows[0]["told"])

    async def _as_holder(self, turn: Turn, statement: bytes, **values: object) -> list[DictRow]:
        with lease_lost_if_refused():
            return await self.pool.rows(statement, {"lane": turn.hold.lane, "fence": turn.hold.fence, **values})


def _request(row: dict[str, Any]) -> Request:
    return Request(
        row["interrupt"],
        row["position"],
        row["name"],
        row["args"],
        row["about"],
        choices=tuple(Choice(choice) for choice in row["choices"]),
        deciders=tuple(row["deciders"]),
        after=row["after"],
    )


def _decision(row: dict[str, Any]) -> Decision:
    return Decision(Choice(row["choice"]), row["decided_by"], row["edited"] or {}, row["reason"])


_ASK = b"select * from skein_ask(%(lane)s, %(fence)s, %(requests)s)"

_ASKED = b"select * from skein_asked(%(lane)s, %(fence)s)"

_WITHDRAW = b"select * from skein_withdraw(%(lane)s, %(fence)s)"

_OPEN = b"""
select * from skein_requests where id = %(id)s and state = 'open'
    and split_part(lane, '/', 1) = %(workspace)s and split_part(lane, '/', 2) = %(channel)s
"""

_DECIDE = b"""
select skein_decide(%(workspace)s, %(channel)s, %(id)s, %(who)s, %(choice)s, %(args)s, %(reason)s) as told
"""
