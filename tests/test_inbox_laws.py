"""The inbox against a plain model of it, on the real PostgreSQL: order, one holder, nothing lost, nothing twice."""

import asyncio
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import takewhile
from operator import itemgetter
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from bot.conversation import DIRECT, Address, Conversation, Message
from bot.database import Pool, migrate, open_pool
from bot.errors import LeaseLost
from bot.inbox import Inbox
from bot.turns import Turn

T = TypeVar("T")

LANES = (Conversation("T", "C", "1.000000"), Conversation("T", "C", "2.000000"), Conversation("T", "D", DIRECT))
WORKERS = ("one", "two", "three")

lanes = st.sampled_from(LANES)
workers = st.sampled_from(WORKERS)
addresses = st.sampled_from(Address)
texts = st.sampled_from(["hello", "new topic", "stay out", "come back"])
keys = st.none() | st.integers(0, 9).map(str)


@dataclass
class Put:
    """A message as it comes."""

    message: Message
    event: str | None
    gesture: str | None


@dataclass
class Known:
    """A message as the model has it."""

    message: Message
    state: str
    waits: bool

    @property
    def is_wish(self) -> bool:
        return self.message.conversation.thread == DIRECT and self.message.text == "new topic"


@dataclass
class Held:
    """A turn that runs, as the model has it; `over` once its lease has run out."""

    turn: Turn
    worker: str
    deaths: int = 0
    over: bool = False


@dataclass
class Plain:
    """What the inbox is to be: lists and dictionaries."""

    messages: list[Known] = field(default_factory=list[Known])
    seen: set[tuple[str, ...]] = field(default_factory=set[tuple[str, ...]])
    since: dict[Conversation, float] = field(default_factory=dict[Conversation, float])
    shared: set[Conversation] = field(default_factory=set[Conversation])
    quiet: set[Conversation] = field(default_factory=set[Conversation])
    aside: dict[Conversation, float] = field(default_factory=dict[Conversation, float])
    overheard: dict[tuple[Conversation, float], Put] = field(default_factory=dict[tuple[Conversation, float], Put])
    held: dict[Conversation, Held] = field(default_factory=dict[Conversation, Held])
    stale: list[Turn] = field(default_factory=list[Turn])

    def put(self, put: Put, address: Address) -> bool:
        lane, ts = put.message.conversation, float(put.message.ts)
        addressed = address is Address.BOT
        if addressed:
            self.since[lane] = min(ts, self.since.get(lane, ts))
        if ts < self.since.get(lane, ts + 1):
            if address in {Address.NAME, Address.NOBODY, Address.BACK}:
                self.overheard.setdefault((lane, ts), put)
            return False
        if not self.is_for_bot(lane, address):
            self.aside[lane] = max(ts, self.aside.get(lane, ts))
            self.shared |= {lane} if address is Address.OTHER else set()
            return False
        waits = self.store(put, waits=lane in self.held)
        for place in sorted((place for place in self.overheard if addressed and place[0] == lane), key=itemgetter(1)):
            if place[1] >= ts:
                self.store(self.overheard.pop(place), waits=False)
        return waits

    def is_for_bot(self, lane: Conversation, address: Address) -> bool:
        match address:
            case Address.BOT:
                return True
            case Address.OTHER | Address.MACHINE:
                return False
            case Address.NAME:
                return lane not in self.quiet
            case Address.NOBODY:
                return lane not in self.quiet | self.shared
            case Address.BACK:
                return lane in self.quiet or lane not in self.shared

    def store(self, put: Put, *, waits: bool) -> bool:
        lane = put.message.conversation
        channel = lane.channel
        names = {("place", channel, put.message.ts)}
        names |= {("event", put.event)} if put.event else set()
        names |= {("gesture", channel, put.gesture)} if put.gesture else set()
        if names & self.seen:
            return False
        self.seen |= names
        self.messages.append(Known(put.message, "waiting", waits))
        if put.message.text == "stay out" and lane.thread != DIRECT:
            self.quiet.add(lane)
        if put.message.text == "come back":
            self.quiet.discard(lane)
        return waits

    def of(self, lane: Conversation, state: str) -> list[Known]:
        """That conversation's messages in that state, in order."""
        found = [known for known in self.messages if known.message.conversation == lane and known.state == state]
        return sorted(found, key=lambda known: float(known.message.ts))

    def next_of(self, lane: Conversation) -> list[Known]:
        """What a new turn of the conversation has to take: all that waits, but a wish to start afresh alone."""
        first, *more = self.of(lane, "waiting")
        return [first, *([] if first.is_wish else takewhile(lambda known: not known.is_wish, more))]

    def ready(self) -> list[Conversation]:
        """The conversations that have waited longest of those in which no turn runs."""
        free = {lane: self.of(lane, "waiting") for lane in LANES if lane not in self.held}
        since = {lane: float(waiting[0].message.ts) for lane, waiting in free.items() if waiting}
        return [lane for lane, ts in since.items() if ts == min(since.values())]

    def over(self) -> list[Conversation]:
        return [lane for lane, held in self.held.items() if held.over]


class InboxLaws(RuleBasedStateMachine):
    """Three workers at one inbox."""

    def __init__(self, runner: asyncio.Runner, pool: Pool) -> None:
        super().__init__()
        self.runner = runner
        self.pool = pool
        self.inbox = Inbox(pool, lease=timedelta(hours=1))
        self.plain = Plain()
        self.sql("delete from skein_inbox")
        self.sql("delete from skein_conversations")
        self.sql("delete from skein_overheard")

    def run(self, work: Awaitable[T]) -> T:
        async def wait() -> T:
            return await work

        return self.runner.run(wait())

    def sql(self, query: str, **values: object) -> list[dict[str, object]]:
        async def ask() -> list[dict[str, object]]:
            async with self.pool.connection() as connection:
                cursor = await connection.execute(query.encode(), values)
                return await cursor.fetchall() if cursor.description else []

        return self.run(ask())

    @rule(lane=lanes, ts=st.integers(1, 30), names=st.tuples(keys, keys), address=addresses, text=texts)
    def put(
        self, lane: Conversation, ts: int, names: tuple[str | None, str | None], address: Address, text: str
    ) -> None:
        event, gesture = names
        message = Message(lane, f"{ts}.000000", "U", text)
        address = Address.BOT if lane.thread == DIRECT else address
        put = self.inbox.put(message, address=address, event_id=event, client_msg_id=gesture)
        assert self.run(put) is self.plain.put(Put(message, event, gesture), address)

    @rule(worker=workers)
    def claim(self, worker: str) -> None:
        over, ready = self.plain.over(), self.plain.ready()
        turn = self.run(self.inbox.claim(worker))
        if turn is None:
            assert not over
            assert not ready
            return
        lane = turn.conversation
        before = self.plain.held.get(lane)
        if over:
            assert lane in over
            assert before
            assert (turn.id, turn.deaths) == (before.turn.id, before.deaths + 1)
            assert turn.fence > before.turn.fence
            self.plain.stale.append(before.turn)
        else:
            assert lane in ready
            assert turn.deaths == 0
            for known in self.plain.next_of(lane):
                known.state = "taken"
        taken = self.plain.of(lane, "taken")
        assert turn.messages == tuple(known.message for known in taken)
        assert turn.waited == tuple(known.message for known in taken if known.waits)
        self.plain.held[lane] = Held(turn, worker, turn.deaths)

    @rule(worker=workers)
    def renew(self, worker: str) -> None:
        mine = [held for held in self.plain.held.values() if held.worker == worker]
        asked = {held.turn.id for held in self.plain.held.values()} | {turn.id for turn in self.plain.stale}
        held_by_me = {held.turn.id for held in mine}
        assert self.run(self.inbox.renew(worker, asked)) == held_by_me
        for held in mine:
            held.over = False

    @rule(worker=workers)
    def die(self, worker: str) -> None:
        self.sql("update skein_conversations set leased_until = '-infinity' where worker = %(worker)s", worker=worker)
        for held in self.plain.held.values():
            held.over = held.over or held.worker == worker

    @precondition(lambda self: self.plain.held)
    @rule(data=st.data(), set_aside=st.booleans())
    def finish(self, data: st.DataObject, *, set_aside: bool) -> None:
        lane = data.draw(st.sampled_from(list(self.plain.held)))
        self.end(lane, set_aside=set_aside)

    def end(self, lane: Conversation, *, set_aside: bool = False) -> None:
        held = self.plain.held.pop(lane)
        self.run(self.inbox.finish(held.turn, set_aside=set_aside))
        for known in self.plain.of(lane, "taken"):
            known.state = "set_aside" if set_aside else "done"
        self.plain.stale.append(held.turn)

    @precondition(lambda self: self.plain.held)
    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        held = self.plain.held[data.draw(st.sampled_from(list(self.plain.held)))]
        self.run(self.inbox.give_back(held.turn))
        held.over = True
        held.deaths -= 1

    @precondition(lambda self: self.plain.stale)
    @rule(data=st.data())
    def a_stale_holder_changes_nothing(self, data: st.DataObject) -> None:
        turn = data.draw(st.sampled_from(self.plain.stale))
        before = self.tables()
        for statement in (self.inbox.finish(turn), self.inbox.give_back(turn), self.inbox.note_page(turn, "9")):
            with pytest.raises(LeaseLost):
                self.run(statement)
        assert self.tables() == before

    def tables(self) -> tuple[object, ...]:
        # As text: Python has no date for the end of a lease that was given back.
        messages = self.sql("select skein_inbox::text as row from skein_inbox order by id")
        return messages, self.sql("select skein_conversations::text as row from skein_conversations order by lane")

    @invariant()
    def it_is_as_the_model(self) -> None:
        rows = self.sql("select lane, ts::text, state from skein_inbox")
        overheard = self.sql("select lane, ts from skein_overheard")
        assert {(row["lane"], row["ts"]) for row in overheard} == {(str(lane), ts) for lane, ts in self.plain.overheard}
        stored = sorted((row["lane"], row["ts"], row["state"]) for row in rows)
        messages = self.plain.messages
        assert stored == sorted((str(one.message.conversation), one.message.ts, one.state) for one in messages)
        for row in self.sql("select lane, waiting_since, turn, is_shared, is_quiet, aside from skein_conversations"):
            lane = Conversation.parse(str(row["lane"]))
            assert (row["is_shared"], row["is_quiet"]) == (lane in self.plain.shared, lane in self.plain.quiet)
            assert row["aside"] == self.plain.aside.get(lane)
            waiting = self.plain.of(lane, "waiting")
            assert row["waiting_since"] == (float(waiting[0].message.ts) if waiting else None)
            assert row["turn"] == (self.plain.held[lane].turn.id if lane in self.plain.held else None)

    def teardown(self) -> None:
        # Whatever happened, all that was stored comes to its end.
        for worker in WORKERS:
            self.die(worker)
        while self.plain.over() or self.plain.ready():
            self.claim("last")
            for lane in [lane for lane, held in self.plain.held.items() if held.worker == "last"]:
                self.end(lane)
        assert self.run(self.inbox.claim("last")) is None
        assert {known.state for known in self.plain.messages} <= {"done", "set_aside"}


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def pool(runner: asyncio.Runner, database_url: str) -> Iterator[Pool]:
    opened = open_pool(database_url)
    pool = runner.run(opened.__aenter__())
    runner.run(migrate(pool))
    yield pool
    runner.run(opened.__aexit__(None, None, None))


@pytest.mark.slow
def test_the_inbox_is_what_its_model_is(runner: asyncio.Runner, pool: Pool) -> None:
    few = settings(
        max_examples=25,
        stateful_step_count=30,
        derandomize=True,
        database=None,
        deadline=None,
        # To shrink what failed takes minutes on a real database; to find it anew takes seconds.
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )

    class OnThisDatabase(InboxLaws):
        def __init__(self) -> None:
            super().__init__(runner, pool)

    run_state_machine_as_test(OnThisDatabase, settings=few)
