"""One budget for all replicas, in a real PostgreSQL."""

import asyncio
import time
from datetime import timedelta

import pytest
from psycopg_pool import PoolTimeout

from bot.budget import MARGIN, Budget, Tier
from bot.database import Pool

METHOD = "chat.update"
SPAN = timedelta(seconds=60)


def budget(pool: Pool, calls: int = 10, span: timedelta = SPAN) -> Budget:
    return Budget(pool, "T1", {METHOD: Tier(calls, span), "chat.postMessage": Tier(calls, span, by_channel=True)})


async def test_two_replicas_share_it(pool: Pool) -> None:
    one, other = budget(pool), budget(pool)
    waits = await asyncio.gather(*(each.take(METHOD) for each in (one, other) for _ in range(20)))
    assert waits.count(0.0) == 10
    assert all(wait == pytest.approx((SPAN + MARGIN).total_seconds(), abs=5) for wait in waits if wait)


async def test_a_method_without_a_tier_has_no_limit(pool: Pool) -> None:
    assert [await budget(pool).take("views.open") for _ in range(100)] == [0.0] * 100


async def test_each_channel_has_its_own_posts(pool: Pool) -> None:
    shared = budget(pool, calls=1)
    assert await shared.take("chat.postMessage", "C1") == 0
    assert await shared.take("chat.postMessage", "C1") > 0
    assert await shared.take("chat.postMessage", "C2") == 0


async def test_drafts_leave_a_call_for_the_end_of_every_answer_of_all_replicas(pool: Pool) -> None:
    one, other = budget(pool), budget(pool)
    assert await one.take_draft(METHOD, 3) == 0
    drafts = [await other.take_draft(METHOD, 2) for _ in range(10)]
    assert drafts.count(0.0) == 10 - 1 - 3 - 2
    assert other.others(METHOD) == 3
    assert [await one.take(METHOD) for _ in range(5)] == [0.0] * 5


async def test_a_look_takes_nothing(pool: Pool) -> None:
    looking = budget(pool, calls=2)
    assert [await looking.take_draft(METHOD, 1, look=True) for _ in range(5)] == [0.0] * 5
    assert await looking.take_draft(METHOD, 2, look=True) > 0
    assert looking.window(METHOD).taken == []


async def test_who_waits_as_long_as_told_gets_a_call(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.budget.MARGIN", timedelta(0))
    quick = budget(pool, calls=2, span=timedelta(milliseconds=300))
    assert [await quick.take(METHOD) for _ in range(2)] == [0.0, 0.0]
    begin = time.monotonic()
    while wait := await quick.take(METHOD):  # noqa: ASYNC110 (as long as it is told)
        await asyncio.sleep(wait)
    assert time.monotonic() - begin >= 0.2


@pytest.mark.slow
async def test_after_a_refusal_nobody_calls_for_as_long_as_was_asked_and_less_is_spent_then(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.budget.MARGIN", timedelta(0))
    span = timedelta(milliseconds=400)
    one, other = budget(pool, span=span), budget(pool, span=span)
    assert [await one.take(METHOD) for _ in range(8)] == [0.0] * 8
    await one.refused(METHOD, "", 0.1)
    await other.refused(METHOD, "", 0.1)
    assert 0 < await other.take(METHOD) <= 0.1
    assert one.window(METHOD).closed_until > time.monotonic()
    await asyncio.sleep(await other.take(METHOD))
    # It bore eight: a fifth less is six, and once lowered the second refusal lowers it no further.
    await other.take_draft(METHOD, 0, look=True)
    assert other.window(METHOD).calls == 6
    while other.window(METHOD).calls < 10:
        await asyncio.sleep(0.1)
        await other.take_draft(METHOD, 0, look=True)


async def test_one_refusal_lowers_it_by_no_more_than_half(pool: Pool) -> None:
    refused = budget(pool)
    await refused.take(METHOD)
    await refused.refused(METHOD, "", 0.01)
    await asyncio.sleep(0.01)
    await refused.take_draft(METHOD, 0, look=True)
    assert refused.window(METHOD).calls == 5


async def test_while_postgresql_is_away_each_replica_keeps_to_what_it_knew(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    lonely = budget(pool)
    assert [await lonely.take(METHOD) for _ in range(4)] == [0.0] * 4

    def away(*_: object, **__: object) -> None:
        raise PoolTimeout

    monkeypatch.setattr(pool, "connection", away)
    assert [await lonely.take(METHOD) for _ in range(10)].count(0.0) == 6
    assert await lonely.take_draft(METHOD, 1) > 0
    await lonely.refused(METHOD, "", 5)
    assert lonely.window(METHOD).calls == 8
    assert await lonely.take(METHOD) == pytest.approx(5, abs=1)
