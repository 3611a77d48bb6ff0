"""The checkpointer of a turn: it writes while the turn is held, and not a row afterwards."""

import asyncio
from datetime import timedelta

import psycopg
import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import Checkpoint, empty_checkpoint

from bot.checkpoints import FencedSaver
from bot.conversation import Address, Conversation, Message
from bot.database import Pool, migrate
from bot.errors import LeaseLost
from bot.inbox import Inbox
from bot.turns import Turn

GONE = timedelta(seconds=-1)
LEASE = timedelta(seconds=30)


async def claimed(pool: Pool, lease: timedelta, thread: int = 1) -> Turn:
    """A turn of that conversation, which somebody holds for that long."""
    inbox = Inbox(pool, lease=lease)
    message = Message(Conversation("T1", "C1", f"{thread}.000000"), f"{thread}.000000", "U1", "hello")
    await inbox.put(message, address=Address.BOT)
    turn = await inbox.claim("worker")
    assert turn
    return turn


def place(turn: Turn, subgraph: str = "", checkpoint: str | None = None) -> RunnableConfig:
    """Where LangGraph keeps that conversation."""
    found = {"thread_id": turn.thread_id, "checkpoint_ns": subgraph}
    return {"configurable": found | ({"checkpoint_id": checkpoint} if checkpoint else {})}


def checkpoint() -> Checkpoint:
    """A state with one value."""
    empty = empty_checkpoint()
    empty["channel_values"] = {"messages": ["hello"]}
    empty["channel_versions"] = {"messages": "1"}
    return empty


async def rows(pool: Pool) -> int:
    """How many rows LangGraph has in all of its tables."""
    tables = ("checkpoints", "checkpoint_blobs", "checkpoint_writes")
    counts = " union all ".join(f"select count(*) as rows from {table}" for table in tables)  # noqa: S608 (no input)
    async with pool.connection() as connection:
        cursor = await connection.execute(counts.encode())
        return sum(row["rows"] for row in await cursor.fetchall())


async def kept(saver: FencedSaver, turn: Turn, *, count: int, subgraph: str) -> list[str]:
    """The ids of the checkpoints that are left of `count` steps, each of which ran a subgraph in that namespace."""
    written = place(turn)
    for step in range(count):
        state = checkpoint()
        state["channel_versions"] = {"messages": str(step)}
        written = await saver.aput(written, state, {"step": step}, {"messages": str(step)})
        await saver.aput_writes(written, [("messages", ["more"])], f"task {step}")
        await saver.aput(place(turn, subgraph.format(step)), checkpoint(), {}, {"messages": "1"})
    await saver.trim(turn.thread_id)
    return [found.checkpoint["id"] async for found in saver.alist(place(turn))]


async def test_only_the_newest_states_are_kept_and_what_they_hold(pool: Pool) -> None:
    turn = await claimed(pool, LEASE)
    saver = FencedSaver(pool, turn.hold, keep=10)
    ids = await kept(saver, turn, count=40, subgraph="node:{}")
    assert len(ids) == 10
    for found in ids:
        state = await saver.aget_tuple(place(turn, checkpoint=found))
        assert state
        assert state.checkpoint["channel_values"] == {"messages": ["hello"]}
        assert state.pending_writes
    # Of each: its row, its blob, its write; and its subgraph's row and blob, but of the oldest, which ran before it.
    assert await rows(pool) == pytest.approx(10 * 5, abs=5)


async def test_a_few_states_too_many_are_left_for_later(pool: Pool) -> None:
    turn = await claimed(pool, LEASE)
    saver = FencedSaver(pool, turn.hold, keep=10)
    assert len(await kept(saver, turn, count=12, subgraph="node:{}")) == 12


async def test_a_subgraph_that_remembers_keeps_its_newest_state(pool: Pool) -> None:
    turn = await claimed(pool, LEASE)
    saver = FencedSaver(pool, turn.hold, keep=2)
    inner = place(turn, "helper")
    await saver.aput(inner, checkpoint(), {}, {"messages": "1"})
    assert len(await kept(saver, turn, count=20, subgraph="node:{}")) == 2
    found = await saver.aget_tuple(inner)
    assert found
    assert found.checkpoint["channel_values"] == {"messages": ["hello"]}


async def test_whoever_lost_the_turn_deletes_nothing(pool: Pool) -> None:
    turn = await claimed(pool, GONE)
    saver = FencedSaver(pool, turn.hold, keep=2)
    await Inbox(pool, lease=LEASE).claim("another")
    with pytest.raises(LeaseLost):
        await saver.trim(turn.thread_id)


async def test_a_holder_writes_and_reads(pool: Pool) -> None:
    turn = await claimed(pool, LEASE)
    saver = FencedSaver(pool, turn.hold)
    written = await saver.aput(place(turn), checkpoint(), {}, {"messages": "1"})
    await saver.aput_writes(written, [("messages", ["more"])], "task")
    found = await saver.aget_tuple(place(turn))
    assert found
    assert found.checkpoint["channel_values"] == {"messages": ["hello"]}
    assert found.pending_writes == [("task", "messages", ["more"])]


async def test_what_it_reads_is_what_langgraphs_own_saver_reads(pool: Pool) -> None:
    turn = await claimed(pool, LEASE)
    saver, own = FencedSaver(pool, turn.hold), await migrate(pool)
    for step in range(3):
        state = checkpoint()
        state["channel_values"], state["channel_versions"] = (
            {"messages": [f"{step}"], "count": step},
            {"messages": f"{step}"},
        )
        await saver.aput(place(turn, "node:1"), state, {"step": step}, {"messages": f"{step}"})
        written = await saver.aput(place(turn), state, {"step": step}, {"messages": f"{step}"})
        await saver.aput_writes(written, [("messages", ["more"]), ("count", 1)], f"task {step}")
    await saver.aput(place(turn), empty_checkpoint(), {"step": 3}, {})
    found, expected = [[state async for state in one.alist(place(turn))] for one in (saver, own)]
    assert found == expected
    assert [state.checkpoint["channel_values"].get("messages") for state in found] == [None, ["2"], ["1"], ["0"]]
    assert all(state.pending_writes for state in found[1:])
    for where in (place(turn), place(turn, "node:1"), place(turn, "nowhere"), found[2].config):
        assert await saver.aget_tuple(where) == await own.aget_tuple(where)


async def test_what_comes_soon_after_each_other_is_stored_together(pool: Pool) -> None:
    turn = await claimed(pool, LEASE)
    saver = FencedSaver(pool, turn.hold)
    given = await saver.aput(place(turn), checkpoint(), {"source": "input"}, {"messages": "1"})
    await saver.aput_writes(given, [("messages", ["hello"])], "the start")
    assert await transactions(pool) == set()
    started = await saver.aput(given, checkpoint(), {"source": "loop"}, {"messages": "2"})
    first = await transactions(pool)
    assert len(first) == 1
    async with asyncio.TaskGroup() as group:
        group.create_task(saver.aput_writes(started, [("messages", ["an answer"])], "a node"))
        group.create_task(saver.aput(started, checkpoint(), {"source": "loop"}, {"messages": "3"}))
    assert len(await transactions(pool)) == 2
    found = await saver.aget_tuple(started)
    assert found
    assert found.pending_writes == [("a node", "messages", ["an answer"])]


@pytest.mark.parametrize("bad", [("select 1 / %(by)s", {"by": 0}), ("select %(by)s", {})], ids=["there", "here"])
async def test_of_statements_of_which_one_fails_none_has_happened(pool: Pool, bad: tuple[str, dict[str, int]]) -> None:
    turn = await claimed(pool, LEASE)
    saver = FencedSaver(pool, turn.hold)
    await saver.aput(place(turn), checkpoint(), {}, {"messages": "1"})
    before = await rows(pool)
    delete = ("delete from checkpoints where thread_id = %(thread)s", {"thread": turn.thread_id})
    with pytest.raises((psycopg.errors.DivisionByZero, psycopg.ProgrammingError)):
        await saver.change([delete, bad, delete])
    assert await rows(pool) == before
    await saver.change([delete])
    assert await rows(pool) == before - 1


async def transactions(pool: Pool) -> set[str]:
    """The transactions that what is stored was stored in."""
    tables = ("checkpoints", "checkpoint_blobs", "checkpoint_writes")
    stored = " union all ".join(f"select xmin::text as it from {table}" for table in tables)  # noqa: S608 (no input)
    return {row["it"] for row in await pool.rows(stored.encode())}


async def test_nothing_is_written_once_another_holds_the_conversation(pool: Pool) -> None:
    turn = await claimed(pool, GONE)
    saver = FencedSaver(pool, turn.hold)
    written = await saver.aput(place(turn), checkpoint(), {}, {"messages": "1"})
    before = await rows(pool)
    later = await Inbox(pool, lease=LEASE).claim("other")
    assert later
    with pytest.raises(LeaseLost):
        await saver.aput(written, checkpoint(), {}, {"messages": "2"})
    with pytest.raises(LeaseLost):
        await saver.aput_writes(written, [("messages", ["more"])], "task")
    assert await rows(pool) == before
    await FencedSaver(pool, later.hold).aput_writes(written, [("messages", ["more"])], "task")
    assert await rows(pool) == before + 1


async def test_nothing_is_written_once_the_turn_is_over(pool: Pool) -> None:
    turn = await claimed(pool, LEASE)
    await Inbox(pool, lease=LEASE).finish(turn)
    with pytest.raises(LeaseLost):
        await FencedSaver(pool, turn.hold).aput(place(turn), checkpoint(), {}, {"messages": "1"})
    assert await rows(pool) == 0


async def test_nobody_can_claim_in_the_middle_of_a_write(pool: Pool) -> None:
    turn = await claimed(pool, GONE)
    async with pool.connection() as connection, connection.transaction():
        await connection.execute("select skein_hold(%s, %s)", (turn.hold.lane, turn.hold.fence))
        assert await Inbox(pool, lease=LEASE).claim("other") is None
    assert await Inbox(pool, lease=LEASE).claim("other")


async def test_two_conversations_write_at_the_same_time(pool: Pool) -> None:
    first, second = [await claimed(pool, LEASE, thread) for thread in (1, 2)]
    async with pool.connection() as connection, connection.transaction():
        # The first conversation's write waits for this.
        await connection.execute("select 1 from skein_conversations where lane = %s for update", (first.hold.lane,))
        slow = asyncio.ensure_future(
            FencedSaver(pool, first.hold).aput(place(first), checkpoint(), {}, {"messages": "1"})
        )
        async with asyncio.timeout(5):
            await FencedSaver(pool, second.hold).aput(place(second), checkpoint(), {}, {"messages": "1"})
        assert not slow.done()
    assert await slow
