"""The inbox: each message once, in order, one holder a conversation, and nothing lost when a holder dies."""

import asyncio
from contextlib import nullcontext
from datetime import timedelta
from itertools import permutations
from types import SimpleNamespace
from typing import cast

import psycopg
import pytest
from psycopg.rows import DictRow

from bot.conversation import DIRECT, Address, Conversation, Message
from bot.database import Pool
from bot.errors import LeaseLost
from bot.inbox import Inbox
from bot.turns import MOST_DEATHS, Turn

LEASE = timedelta(seconds=30)
FOR_GOOD = timedelta(0)


@pytest.fixture
def inbox(pool: Pool) -> Inbox:
    return Inbox(pool, lease=LEASE)


@pytest.fixture
def mortal(pool: Pool) -> Inbox:
    """The inbox as somebody sees it who is dead as soon as they have claimed something."""
    return Inbox(pool, lease=timedelta(seconds=-1))


def said(ts: int, channel: str = "C1", thread: str = "1.000000", text: str = "") -> Message:
    """A message in a thread."""
    return Message(Conversation("T1", channel, thread), f"{ts}.000000", "U1", text or f"message {ts}")


async def claimed(inbox: Inbox, worker: str = "worker") -> Turn:
    """The turn that there is to claim."""
    turn = await inbox.claim(worker)
    assert turn
    return turn


async def test_what_waits_is_one_turn_in_the_order_of_its_ts(inbox: Inbox) -> None:
    for ts in (3, 1, 2):
        assert not await inbox.put(said(ts), address=Address.BOT)
    turn = await claimed(inbox)
    assert turn.messages == (said(1), said(2), said(3))
    assert turn.waited == ()
    assert await inbox.claim("other") is None
    await inbox.finish(turn)
    assert await inbox.claim("other") is None


async def test_a_repeat_under_way_keeps_nobody_from_the_turn(inbox: Inbox, pool: Pool) -> None:
    """A mention comes twice within a millisecond: the second is being stored when the first is claimed."""
    await inbox.put(said(1), address=Address.BOT, event_id="Ev1")
    async with pool.connection() as connection, connection.transaction():
        under_way = SimpleNamespace(connection=lambda: nullcontext(connection))
        assert not await Inbox(cast("Pool", under_way), lease=LEASE).put(said(1), address=Address.BOT, event_id="Ev2")
        assert (await claimed(inbox)).messages == (said(1),)


async def test_what_comes_while_a_turn_runs_is_the_next_turn(inbox: Inbox) -> None:
    await inbox.put(said(2), address=Address.BOT)
    first = await claimed(inbox)
    assert await inbox.put(said(4), address=Address.BOT)
    # Late, but said before the one that is being answered.
    assert await inbox.put(said(1), address=Address.BOT)
    assert await inbox.claim("other") is None
    await inbox.finish(first)
    second = await claimed(inbox, "other")
    assert second.messages == second.waited == (said(1), said(4))
    assert second.id != first.id


async def test_other_conversations_run_beside_it(inbox: Inbox) -> None:
    await inbox.put(said(1, thread="1.000000"), address=Address.BOT)
    await inbox.put(said(2, thread="2.000000"), address=Address.BOT)
    turns = await asyncio.gather(claimed(inbox, "one"), claimed(inbox, "two"))
    assert {turn.messages for turn in turns} == {
        (said(1, thread="1.000000"),),
        (said(2, thread="2.000000"),),
    }


async def test_the_conversation_that_has_waited_longest_is_first(inbox: Inbox) -> None:
    for ts in (3, 1, 2):
        await inbox.put(said(ts, thread=f"{ts}.000000"), address=Address.BOT)
    assert [(await claimed(inbox)).messages[0].ts for _ in range(3)] == ["1.000000", "2.000000", "3.000000"]


async def test_a_repeat_is_refused_for_good(inbox: Inbox) -> None:
    await inbox.put(said(1), address=Address.BOT, event_id="E1", client_msg_id="a")
    await inbox.put(said(1), address=Address.BOT, event_id="E2")
    await inbox.put(said(2), address=Address.BOT, event_id="E1")
    await inbox.put(said(3), address=Address.BOT, client_msg_id="a")
    turn = await claimed(inbox)
    assert turn.messages == (said(1),)
    await inbox.finish(turn)
    await inbox.put(said(1), address=Address.BOT)
    await inbox.put(said(2), address=Address.BOT, event_id="E1")
    assert await inbox.claim("worker") is None


async def test_another_channel_has_messages_of_its_own(inbox: Inbox) -> None:
    await inbox.put(said(1), address=Address.BOT, client_msg_id="a")
    await inbox.put(said(1, channel="C2"), address=Address.BOT, client_msg_id="a")
    channels = {(await claimed(inbox)).conversation.channel for _ in range(2)}
    assert channels == {"C1", "C2"}


@pytest.mark.parametrize("order", list(permutations([1, 2, 3])))
async def test_what_is_not_addressed_counts_from_the_mention_on_whatever_comes_first(
    inbox: Inbox, order: tuple[int, ...]
) -> None:
    for ts in order:
        await inbox.put(said(ts), address=Address.BOT if ts == 2 else Address.NOBODY)
    assert (await claimed(inbox)).messages == (said(2), said(3))
    await inbox.put(said(4, thread="2.000000"), address=Address.NOBODY)
    assert await inbox.claim("worker") is None


async def test_an_earlier_mention_that_comes_later_brings_what_lay_between(inbox: Inbox) -> None:
    await inbox.put(said(4), address=Address.BOT)
    await inbox.finish(await claimed(inbox))
    for ts in (1, 3):
        await inbox.put(said(ts), address=Address.NOBODY)
    assert await inbox.claim("worker") is None
    await inbox.put(said(2), address=Address.BOT)
    assert (await claimed(inbox)).messages == (said(2), said(3))


async def test_a_mention_and_a_follow_up_that_are_stored_at_once_are_both_answered(inbox: Inbox) -> None:
    for number in range(1, 30):
        thread = f"{number}.000000"
        mention = inbox.put(said(100, f"C{number}", thread), address=Address.BOT)
        follow_up = inbox.put(said(101, f"C{number}", thread), address=Address.NOBODY)
        await asyncio.gather(*((mention, follow_up) if number % 2 else (follow_up, mention)))
        assert len((await claimed(inbox)).messages) == 2


@pytest.mark.parametrize("address", [Address.BOT, Address.NOBODY])
async def test_what_is_stored_while_a_claim_commits_is_told_that_it_waits(
    inbox: Inbox, pool: Pool, address: Address
) -> None:
    await inbox.put(said(1), address=Address.BOT)
    async with pool.connection() as connection, connection.transaction():
        await connection.execute("select from skein_claim('worker', '1 minute')")
        put = asyncio.create_task(inbox.put(said(2), address=address))
        await blocked(connection)
    assert await put


async def blocked(connection: psycopg.AsyncConnection[DictRow]) -> None:
    """Wait until a transaction waits for this connection's."""
    waiting = "select from pg_locks where not granted and pg_backend_pid() = any(pg_blocking_pids(pid))"
    while not (await connection.execute(waiting)).rowcount:
        pass


async def test_what_was_overheard_is_forgotten_soon(inbox: Inbox, pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    await inbox.put(said(2), address=Address.NOBODY)
    await inbox.sweep(timedelta(days=7))
    assert await overheard(pool) == 1
    monkeypatch.setattr("bot.inbox.OVERHEARD", timedelta(0))
    await inbox.sweep(timedelta(days=7))
    assert await overheard(pool) == 0


async def overheard(pool: Pool) -> int:
    """How many messages are kept that nobody has addressed to the bot."""
    async with pool.connection() as connection:
        return len(await (await connection.execute("select from skein_overheard")).fetchall())


async def test_many_claimers_never_share_a_conversation(inbox: Inbox) -> None:
    for ts in range(1, 21):
        await inbox.put(said(ts, thread=f"{ts % 4}.000000"), address=Address.BOT)
    turns = [turn for turn in await asyncio.gather(*(inbox.claim(f"worker {n}") for n in range(12))) if turn]
    lanes = [turn.conversation for turn in turns]
    assert len(lanes) == len(set(lanes)) == 4
    assert sum(len(turn.messages) for turn in turns) == 20


async def test_who_takes_over_has_the_same_messages_and_the_pages_begun(inbox: Inbox, mortal: Inbox) -> None:
    await mortal.put(said(1), address=Address.BOT)
    lost = await claimed(mortal, "dead")
    await mortal.note_page(lost, "9.000001")
    await mortal.note_page(lost, "9.000002")
    await mortal.note_page(lost, "9.000001")
    await mortal.put(said(2), address=Address.BOT)
    turn = await claimed(inbox, "living")
    assert (turn.id, turn.messages, turn.pages) == (lost.id, (said(1),), ("9.000001", "9.000002"))
    assert turn.fence > lost.fence
    await inbox.finish(turn)
    assert (await claimed(inbox)).pages == ()


async def test_a_holder_that_was_taken_over_can_change_nothing(inbox: Inbox, mortal: Inbox) -> None:
    await mortal.put(said(1), address=Address.BOT)
    lost = await claimed(mortal, "dead")
    turn = await claimed(inbox, "living")
    for statement in (mortal.finish(lost), mortal.give_back(lost), mortal.note_page(lost, "9.000001")):
        with pytest.raises(LeaseLost):
            await statement
    assert await mortal.renew("dead", [lost.id]) == set()
    assert await inbox.renew("living", [turn.id]) == {turn.id}
    assert await inbox.claim("third") is None
    await inbox.finish(turn)
    with pytest.raises(LeaseLost):
        await inbox.finish(turn)


async def test_whoever_was_cut_off_holds_on_to_what_nobody_else_claimed(inbox: Inbox, mortal: Inbox) -> None:
    await mortal.put(said(1), address=Address.BOT)
    turn = await claimed(mortal)
    assert await inbox.renew("worker", [turn.id]) == {turn.id}
    assert await inbox.claim("other") is None
    await mortal.finish(turn)


async def test_a_claim_that_nobody_heard_of_runs_out(inbox: Inbox, mortal: Inbox) -> None:
    await inbox.put(said(1), address=Address.BOT)
    await inbox.put(said(2, thread="2.000000"), address=Address.BOT)
    known = await claimed(inbox)
    # Its answer was lost on the way: the worker cannot name the turn when it renews.
    unknown = await claimed(mortal)
    assert await inbox.renew("worker", [known.id]) == {known.id}
    assert (await claimed(inbox, "worker")).id == unknown.id


async def test_each_death_is_counted_until_the_turn_ends(inbox: Inbox, mortal: Inbox) -> None:
    await mortal.put(said(1), address=Address.BOT)
    deaths = [await claimed(mortal, f"worker {n}") for n in range(MOST_DEATHS)]
    assert [(turn.deaths, turn.is_deadly) for turn in deaths] == [(0, False), (1, False), (2, False)]
    last = await claimed(inbox)
    assert (last.deaths, last.is_deadly) == (MOST_DEATHS, True)
    await inbox.finish(last, set_aside=True)
    await inbox.put(said(2), address=Address.BOT)
    after = await claimed(inbox)
    assert (after.messages, after.deaths) == ((said(2),), 0)


async def test_what_is_given_back_is_nobodys_death(inbox: Inbox) -> None:
    await inbox.put(said(1), address=Address.BOT)
    first = await claimed(inbox)
    await inbox.note_page(first, "9.000001")
    for _ in range(MOST_DEATHS):
        await inbox.give_back(first)
        again = await claimed(inbox, "other")
        assert (again.id, again.messages, again.pages, again.deaths) == (first.id, (said(1),), ("9.000001",), 0)
        first = again
    await inbox.finish(first)


def direct(ts: int, text: str = "") -> Message:
    """A message at the top level of a direct message."""
    return said(ts, channel="D1", thread=DIRECT, text=text)


async def test_a_new_topic_is_a_turn_of_its_own_and_names_the_memory_anew(inbox: Inbox) -> None:
    for message in (direct(1), direct(2), direct(3, " New Topic "), direct(4)):
        await inbox.put(message, address=Address.BOT)
    before = await claimed(inbox)
    await inbox.finish(before)
    wish = await claimed(inbox)
    await inbox.finish(wish)
    after = await claimed(inbox)
    await inbox.finish(after)
    turns = (before, wish, after)
    assert [[message.ts[0] for message in turn.messages] for turn in turns] == [["1", "2"], ["3"], ["4"]]
    assert [turn.starts_afresh for turn in turns] == [False, True, False]
    assert before.thread_id == wish.thread_id == f"T1/D1/{DIRECT}"
    assert after.thread_id == f"T1/D1/{DIRECT}@3.000000"
    assert await inbox.claim("worker") is None


async def test_in_a_thread_a_new_topic_is_a_message_like_others(inbox: Inbox) -> None:
    for message in (said(1), said(2, text="new topic")):
        await inbox.put(message, address=Address.BOT)
    assert len((await claimed(inbox)).messages) == 2


async def test_only_what_is_done_is_swept_and_in_batches(inbox: Inbox) -> None:
    for ts in range(1, 6):
        await inbox.put(said(ts), address=Address.BOT)
    await inbox.finish(await claimed(inbox))
    await inbox.put(said(6, thread="6.000000"), address=Address.BOT)
    await inbox.finish(await claimed(inbox), set_aside=True)
    await inbox.put(said(7), address=Address.BOT)
    assert await inbox.sweep(timedelta(hours=1)) == 0
    assert [await inbox.sweep(FOR_GOOD, at_most=2) for _ in range(4)] == [2, 2, 1, 0]
    assert (await claimed(inbox)).messages == (said(7),)


async def test_who_listens_hears_of_each_message_and_of_what_is_free_again(inbox: Inbox) -> None:
    arrivals = inbox.arrivals()
    await anext(arrivals)
    async with asyncio.timeout(5):
        await inbox.put(said(1), address=Address.BOT)
        await anext(arrivals)
        turn = await claimed(inbox)
        await inbox.give_back(turn)
        await anext(arrivals)
        turn = await claimed(inbox)
        await inbox.put(said(2), address=Address.BOT)
        await anext(arrivals)
        await inbox.finish(turn)
        await anext(arrivals)
    await arrivals.aclose()
