"""The inbox: each message once, in order, one runner a conversation."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest
from psycopg.errors import UniqueViolation

from bot.conversation import Conversation, Message
from bot.database import Pool, migrate, open_pool
from bot.inbox import Inbox

LEASE = timedelta(seconds=30)


@pytest.fixture
async def pool(database_url: str) -> AsyncGenerator[Pool, None]:
    async with open_pool(database_url) as pool:
        await migrate(pool)
        yield pool


@pytest.fixture
def inbox(pool: Pool) -> Inbox:
    return Inbox(pool, lease=LEASE)


def said(ts: int, channel: str = "C1", thread: str = "1.000000") -> Message:
    """A message in a thread."""
    return Message(Conversation("T1", channel, thread), f"{ts}.000000", "U1", f"message {ts}")


async def test_messages_of_a_conversation_run_one_by_one_in_the_order_of_their_ts(inbox: Inbox) -> None:
    for ts in (3, 1, 2):
        assert await inbox.put(said(ts), addressed=True)
    for ts in (1, 2, 3):
        turn = await inbox.claim("worker")
        assert turn
        assert turn.message == said(ts)
        assert await inbox.claim("worker") is None
        await inbox.finish(turn)
    assert await inbox.claim("worker") is None


async def test_other_conversations_run_beside_it(inbox: Inbox) -> None:
    await inbox.put(said(1, thread="1.000000"), addressed=True)
    await inbox.put(said(2, thread="2.000000"), addressed=True)
    turns = await asyncio.gather(inbox.claim("one"), inbox.claim("two"))
    assert {turn.message.ts for turn in turns if turn} == {"1.000000", "2.000000"}


async def test_a_repeat_is_refused_for_good(inbox: Inbox) -> None:
    assert await inbox.put(said(1), addressed=True, client_msg_id="a")
    assert not await inbox.put(said(1), addressed=True)
    assert not await inbox.put(said(2), addressed=True, client_msg_id="a")
    turn = await inbox.claim("worker")
    assert turn
    await inbox.finish(turn)
    assert not await inbox.put(said(1), addressed=True)
    assert await inbox.put(said(1, channel="C2"), addressed=True)


async def test_what_is_not_addressed_needs_a_conversation_of_the_bots(inbox: Inbox) -> None:
    assert not await inbox.put(said(1), addressed=False)
    assert await inbox.put(said(2), addressed=True)
    assert await inbox.put(said(3), addressed=False)


async def test_many_claimers_never_share_a_conversation(inbox: Inbox) -> None:
    for ts in range(1, 21):
        await inbox.put(said(ts, thread=f"{ts % 4}.000000"), addressed=True)
    turns = [turn for turn in await asyncio.gather(*(inbox.claim(f"worker {n}") for n in range(12))) if turn]
    lanes = [turn.message.conversation for turn in turns]
    assert len(lanes) == len(set(lanes))
    assert len({turn.id for turn in turns}) == len(turns)


async def test_the_index_makes_a_second_runner_impossible(inbox: Inbox, pool: Pool) -> None:
    for ts in (1, 2):
        await inbox.put(said(ts), addressed=True)
    assert await inbox.claim("worker")
    async with pool.connection() as connection:
        with pytest.raises(UniqueViolation, match="one_turn_a_conversation"):
            await connection.execute("update skein_inbox set state = 'running'")


async def test_a_lease_that_ran_out_is_taken_over_with_the_pages_begun(pool: Pool) -> None:
    dead, living = Inbox(pool, lease=timedelta(seconds=-1)), Inbox(pool, lease=LEASE)
    await dead.put(said(1), addressed=True)
    await dead.put(said(2), addressed=True)
    turn = await dead.claim("dead")
    assert turn
    await dead.note_page(turn, "9.000001")
    again = await living.claim("living")
    assert again
    assert (again.message, again.pages) == (said(1), ("9.000001",))
    assert await dead.renew("dead") == set()
    assert await living.renew("living") == {again.id}


async def test_what_is_given_back_waits_at_its_old_place(inbox: Inbox) -> None:
    await inbox.put(said(1), addressed=True)
    await inbox.put(said(2), addressed=True)
    first = await inbox.claim("worker")
    assert first
    await inbox.give_back(first)
    again = await inbox.claim("other")
    assert again
    assert again.message == said(1)


async def test_who_listens_hears_of_each_message(inbox: Inbox) -> None:
    arrivals = inbox.arrivals()
    await anext(arrivals)
    await inbox.put(said(1), addressed=True)
    async with asyncio.timeout(5):
        await anext(arrivals)
    await arrivals.aclose()
