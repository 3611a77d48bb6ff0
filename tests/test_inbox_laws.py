"""The inbox against a plain model of it, on the real PostgreSQL: order, one holder, nothing lost, nothing twice."""

import asyncio
from collections.abc import Awaitable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

import pytest
from hypothesis import assume, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from bot.changes import Changes
from bot.conversation import DIRECT, Address, Conversation, Message
from bot.database import Pool, migrate, open_pool
from bot.errors import LeaseLost
from bot.inbox import Inbox
from bot.turns import Turn
from tests.laws import examples_on_real_parts
from tests.plain_inbox import LANES, Answer, Held, Plain, Put

T = TypeVar("T")

WORKERS = ("one", "two", "three")

CONVERSATIONS = "select lane, waiting_since, turn, is_shared, is_quiet, is_revised, aside from skein_conversations"
ANSWERS = "select turn, superseded_by is not null as left from skein_answers"

lanes = st.sampled_from(LANES)
workers = st.sampled_from(WORKERS)
addresses = st.sampled_from(Address)
texts = st.sampled_from(["hello", "new topic", "stay out", "come back"])
keys = st.none() | st.integers(0, 9).map(str)


class InboxLaws(RuleBasedStateMachine):
    """Three workers at one inbox."""

    def __init__(self, runner: asyncio.Runner, pool: Pool) -> None:
        super().__init__()
        self.runner = runner
        self.pool = pool
        self.inbox = Inbox(pool, lease=timedelta(hours=1))
        self.changes = Changes(self.inbox, pool)
        self.plain = Plain()
        self.sql("delete from skein_inbox")
        self.sql("delete from skein_conversations")
        self.sql("delete from skein_overheard")
        self.sql("delete from skein_answers")

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
            self.begin(turn)
        taken = self.plain.of(lane, "taken")
        assert turn.messages == tuple(known.message for known in taken)
        assert turn.waited == tuple(known.message for known in taken if known.waits)
        self.plain.held[lane] = Held(turn, worker, turn.deaths, pages=turn.pages)
        self.plain.revised.discard(lane)

    def begin(self, turn: Turn) -> None:
        taken = self.plain.next_of(turn.conversation)
        before = self.plain.answers.get(taken[0].turn or 0)
        assert turn.again == (taken[0].turn if before and not before.left else None)
        assert turn.pages == (before.pages if before else ())
        for known in taken:
            known.state, known.turn = "taken", turn.id

    @precondition(lambda self: self.plain.messages)
    @rule(data=st.data(), address=addresses, text=texts, edit=st.integers(1, 9))
    def revise(self, data: st.DataObject, address: Address, text: str, edit: int) -> None:
        known = data.draw(st.sampled_from(self.plain.messages))
        message = replace(known.message, text=text, edited=f"{edit}.000000")
        assert self.run(self.changes.revise(message, address=address))
        self.plain.revise(known, message, address)

    @precondition(lambda self: self.plain.overheard)
    @rule(data=st.data(), text=texts)
    def revise_what_was_overheard(self, data: st.DataObject, text: str) -> None:
        lane, ts = data.draw(st.sampled_from(sorted(self.plain.overheard, key=str)))
        assume(("place", lane.channel, f"{ts:.6f}") not in self.plain.seen)
        put = self.plain.overheard[lane, ts]
        put.message = replace(put.message, text=text)
        assert not self.run(self.changes.revise(replace(put.message, edited="9.0"), address=Address.NOBODY))

    @precondition(lambda self: self.plain.held)
    @rule(data=st.data(), page=st.integers(100, 999))
    def note_page(self, data: st.DataObject, page: int) -> None:
        held = self.plain.held[data.draw(st.sampled_from(list(self.plain.held)))]
        self.run(self.inbox.note_page(held.turn, str(page)))
        held.pages = tuple(dict.fromkeys([*held.pages, str(page)]))

    @precondition(lambda self: self.plain.held)
    @rule(data=st.data())
    def go_back(self, data: st.DataObject) -> None:
        turn = self.plain.held[data.draw(st.sampled_from(list(self.plain.held)))].turn
        self.run(self.inbox.supersede(turn))
        for id_, answer in self.plain.answers.items():
            if answer.lane == turn.conversation and turn.again is not None and turn.again <= id_:
                answer.left = True
        left = self.run(self.inbox.superseded(turn))
        assert all(self.plain.answers[id_].left for id_ in left)
        assert turn.again not in left

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
        # What it says does not matter here, but that it says something: an answer that does not was deleted.
        self.run(self.inbox.finish(held.turn, said=held.pages, set_aside=set_aside))
        for known in self.plain.of(lane, "taken"):
            known.state = "set_aside" if set_aside else "done"
        if held.turn.again is not None:
            self.plain.answers[held.turn.again].left = True
        if held.pages:
            self.plain.answers[held.turn.id] = Answer(lane, held.pages)
        if lane in self.plain.revised:
            self.plain.ask_again(lane, held.turn.id)
        self.plain.revised.discard(lane)
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
        answers = {row["turn"]: row["left"] for row in self.sql(ANSWERS)}
        assert answers == {turn: answer.left for turn, answer in self.plain.answers.items()}
        for row in self.sql(CONVERSATIONS):
            lane = Conversation.parse(str(row["lane"]))
            assert row["is_revised"] == (lane in self.plain.revised)
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


@pytest.mark.laws
def test_the_inbox_is_what_its_model_is(runner: asyncio.Runner, pool: Pool) -> None:
    class OnThisDatabase(InboxLaws):
        def __init__(self) -> None:
            super().__init__(runner, pool)

    run_state_machine_as_test(OnThisDatabase, settings=examples_on_real_parts(10, steps=30))
