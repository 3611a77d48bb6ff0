"""Wherever a process ends, the answer is one, whole, in order, and in the messages that it began in."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterable, Sequence
from itertools import cycle
from pathlib import Path

import pytest

from bot.status import Note
from bot.words import SENTENCES
from tests.crash.lane import CHANGED, FOLLOW_UP, FURTHER, Deed, Lane, open_lanes
from tests.crash.operations import DEAD, How, Operation, Point
from tests.crash.relay import Answer, Ordeal, Relay, operations_of_a_turn
from tests.crash.replica import Replica

pytestmark = pytest.mark.crash

LANES = 8

REHEARSALS = 3

ROUNDS = 5
"""How often a point is tried at which no process came to its end."""

FEWEST = 110
"""How many points there are at the least: fewer would mean that operations are overlooked."""

STATEMENTS = ("select", "insert", "update", "INSERT", "Transaction", "Pipeline")


@pytest.fixture
async def lanes(postgres: str, tmp_path: Path) -> AsyncGenerator[Sequence[Lane], None]:
    """Stages beside each other, each with a database of its own."""
    async with open_lanes(postgres, tmp_path, LANES) as lanes:
        yield lanes


async def undisturbed(lane: Lane) -> tuple[Answer, Sequence[Operation]]:
    """Turns without a crash: the answer, and the operations that each of them took.

    How many drafts there are, and how many claims come too early, depends on time: only some turns have one more.
    """
    replica = await lane.start()
    assert await replica.arm(None)
    turns = [await _turn(lane, replica) for _ in range(REHEARSALS)]
    replica.stop()
    assert await replica.ended() == 0
    answer, operations = turns[0]
    common = set(operations).intersection(*(others for _, others in turns))
    return answer, [operation for operation in operations if operation in common]


async def _turn(lane: Lane, replica: Replica) -> tuple[Answer, Sequence[Operation]]:
    await lane.ask()
    assert await lane.finished(replica)
    done = replica.done
    assert await replica.arm(None)
    answer = await Answer.of(lane)
    assert [kind for kind, _ in answer.memory] == ["human", "ai", "tool", "ai"]
    assert len(answer.bodies) == answer.posts == 2
    return answer, operations_of_a_turn(done)


async def suffered(
    lanes: Sequence[Lane], expected: Answer, ordeals: Iterable[Ordeal], deed: Deed = Deed.ANSWER
) -> set[Point]:
    """Run a turn through each of the ordeals; returns the points where a process was in fact ended."""
    relay = Relay(expected, deque(ordeals), deed)
    async with asyncio.TaskGroup() as group:
        for lane in lanes:
            group.create_task(relay.run(lane))
    assert not relay.failed, "\n\n".join([f"{len(relay.failed)} failed", *relay.failed])
    return relay.met


async def test_killed_at_any_operation_the_turn_ends_as_if_nothing_had_happened(lanes: Sequence[Lane]) -> None:
    answer, operations = await undisturbed(lanes[0])
    points = [Point(done, how) for done in operations for how in (How.KILLED_BEFORE, How.KILLED_AFTER)]
    met: set[Point] = set()
    for _ in range(ROUNDS):  # a turn may still have one draft less than those that were counted
        met |= await suffered(lanes, answer, [(point,) for point in points if point not in met])
        if met == set(points):
            break
    print(f"killed at {len(met)} of {len(points)} points")  # noqa: T201  # shown by `pytest -s`, for CI's log
    assert met == set(points)
    assert len(points) > FEWEST
    names = " ".join(str(point) for point in met)
    for name in ("chat.postMessage (2)", "chat.update (2)", "completions (2)", "lookup (1)", "acknowledge (2)"):
        assert f"before {name}" in names
        assert f"after {name}" in names


async def test_killed_twice_the_turn_still_ends_as_if_nothing_had_happened(lanes: Sequence[Lane]) -> None:
    answer, operations = await undisturbed(lanes[0])
    spread = [Point(done, How.KILLED_AFTER) for done in operations[len(operations) // 8 :: 12]]
    outside = [
        Point(Operation(name, 1), how)
        for name in ("chat.update", "completions", "chat.postMessage", "conversations.replies")
        for how in (How.KILLED_BEFORE, How.KILLED_AFTER)
    ]
    seconds = [outside[at % len(outside)] for at in range(len(spread))]
    met = await suffered(lanes, answer, zip(spread, seconds, strict=True))
    assert len(met) > len(spread)


async def test_stopped_in_mid_answer_it_goes_on_after_the_start_and_no_death_is_counted(lanes: Sequence[Lane]) -> None:
    answer, operations = await undisturbed(lanes[0])
    outside = [done for done in operations if not done.name.startswith(STATEMENTS)]
    met = await suffered(lanes, answer, [(Point(done, How.STOPPED),) for done in outside])
    assert len(met) > len(outside) // 2
    logs = "".join(lane.log() for lane in lanes)
    assert "outcome=interrupted" in logs
    assert "deaths=0" in logs
    assert "deaths=1" not in logs


async def rehearsed(lane: Lane, deed: Deed) -> tuple[Answer, Sequence[Operation]]:
    """What comes of it without a crash, and the operations that it takes."""
    replica = await lane.start()
    assert await replica.arm(None)
    await lane.prepare(deed, replica)
    assert await replica.arm(None)
    await lane.do(deed)
    assert await lane.finished(replica)
    operations = operations_of_a_turn(replica.done)
    answer = await Answer.of(lane)
    replica.stop()
    assert await replica.ended() == 0
    assert [kind for kind, _ in answer.memory] == ["human", "ai", "tool", "ai"]
    return answer, operations


async def some_suffered(lanes: Sequence[Lane], answer: Answer, operations: Sequence[Operation], deed: Deed) -> None:
    """Kill at every fifth of the operations."""
    hows = cycle((How.KILLED_BEFORE, How.KILLED_AFTER))
    points = [Point(done, how) for done, how in zip(operations[::5], hows, strict=False)]
    met = await suffered(lanes, answer, [(point,) for point in points], deed)
    print(f"killed at {len(met)} of {len(points)} points of {deed.value}")  # noqa: T201
    assert len(met) > len(points) * 2 // 3


async def test_killed_while_it_answers_a_changed_message_the_conversation_is_as_if_it_had_not_been(
    lanes: Sequence[Lane],
) -> None:
    answer, operations = await rehearsed(lanes[0], Deed.CHANGE)
    assert answer.memory[0] == ("human", CHANGED)
    assert answer.bodies[-1] == SENTENCES[Note.SUPERSEDED]
    await some_suffered(lanes, answer, operations, Deed.CHANGE)


async def test_killed_while_it_goes_on_from_a_decision_it_is_as_if_it_had_not_been(lanes: Sequence[Lane]) -> None:
    for lane in lanes:
        lane.guard()
    answer, operations = await rehearsed(lanes[0], Deed.DECISION)
    assert "✓ Ada approved `lookup`: place `here`" in answer.bodies[0]
    await some_suffered(lanes, answer, operations, Deed.DECISION)


async def test_a_message_that_kills_three_times_is_set_aside_and_the_conversation_goes_on(
    lanes: Sequence[Lane],
) -> None:
    lane = lanes[0]
    deadly = Point(Operation("lookup", 1), How.KILLED_BEFORE)
    for death in range(3):
        replica = await lane.start(deadly)
        if death == 0:
            await lane.ask()
        assert await replica.ended() == DEAD
    replica = await lane.start()
    assert await lane.finished(replica)
    assert SENTENCES[Note.SET_ASIDE] in lane.bodies()[-1]
    assert lane.posts() == 1
    await lane.slack.say("ada", "general", FOLLOW_UP, thread=lane.course.ts)
    await lane.slack.until(lambda: lane.bodies()[-1] == FURTHER)
    assert lane.posts() == 2
    assert lane.tool_runs == 0
