"""A relay of replicas: each takes over the turn that the one before it was ended in."""

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.crash.lane import Deed, Lane, Said
from tests.crash.operations import DEAD, How, Operation, Point
from tests.crash.replica import Replica

LAST = "select skein_finish"
"""The last statement of a turn."""

Ordeal = tuple[Point, ...]
"""Where the first replica of a turn is ended, and the second, and so on."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What there is to see when a turn was answered: what people read, and what the memory holds."""

    bodies: list[str]
    posts: int
    memory: list[Said]

    @classmethod
    async def of(cls, lane: Lane) -> "Answer":
        """What is to be seen of the lane's present conversation."""
        return cls(lane.bodies(), lane.posts(), await lane.memory())

    def unlike(self, other: "Answer") -> str:
        """Where the two begin to differ."""
        ours, theirs = str(self), str(other)
        pairs = enumerate(zip(ours, theirs, strict=False))
        at = max(0, next((at for at, (mine, its) in pairs if mine != its), len(ours)) - 100)
        return f"{ours[at : at + 300]!r}\n\ninstead of\n\n{theirs[at : at + 300]!r}"


@dataclass(frozen=True, slots=True)
class Left:
    """What a turn leaves to its next holder: the runs of the tool and the requests to the model, until now."""

    tool_runs: int
    requests: int
    stored: Counter[str]

    @classmethod
    async def by(cls, lane: Lane) -> "Left":
        """What the lane's present conversation leaves."""
        kinds = Counter(kind for kind, _ in await lane.memory(pending=True))
        return cls(lane.tool_runs, len(lane.model.requests), kinds)

    def check(self, lane: Lane) -> None:
        """Raises AssertionError if anything whose result was stored has been done again since."""
        assert lane.tool_runs - self.tool_runs <= 1 - self.stored["tool"], "the tool ran again"
        assert len(lane.model.requests) - self.requests <= 2 - self.stored["ai"], "the model was asked again"


@dataclass(slots=True)
class Relay:
    """Runs a turn through each of the ordeals that are `left`.

    `met` are the points where a replica was in fact ended; `failed` tells of the turns that did not come to the answer
    that was `expected`. What the turns follow from is the `deed`.
    """

    expected: Answer
    left: deque[Ordeal]
    deed: Deed = Deed.ANSWER
    met: set[Point] = field(default_factory=set[Point])
    failed: list[str] = field(default_factory=list[str])

    async def run(self, lane: Lane) -> None:
        """Take ordeals, one after another, until none is left. May run in several lanes at once."""
        replica = await lane.start()
        while self.left:
            ordeal = self.left.popleft()
            while not await replica.arm(ordeal[0] if self.deed is Deed.ANSWER else None):
                replica = await lane.start()
            try:
                if self.deed is not Deed.ANSWER:
                    await lane.prepare(self.deed, replica)
                    assert await replica.arm(ordeal[0])
                replica = await self._through(lane, replica, ordeal)
                answer = await Answer.of(lane)
                assert answer == self.expected, answer.unlike(self.expected)
            except (AssertionError, TimeoutError) as error:
                self.failed.append(f"{', then '.join(map(str, ordeal))}: {error!r}\n{lane.log()[-3000:]}")
                await lane.clear()  # one that is late would stay, with its connections
        await lane.clear()

    async def _through(self, lane: Lane, replica: Replica, ordeal: Ordeal) -> Replica:
        """Do it, and when a replica comes to its end over it, start the next. Returns the one that finishes."""
        await lane.do(self.deed)
        for point, next_point in zip(ordeal, (*ordeal[1:], None), strict=True):
            if await lane.finished(replica) and await replica.arm(None):
                return replica
            code = await replica.ended()
            assert code == (0 if point.how is How.STOPPED else DEAD), f"it ended with {code}"
            self.met.add(point)
            left = await Left.by(lane)
            replica = await lane.start(next_point)
            if self.deed is Deed.DECISION and lane.is_asked:
                await lane.do(self.deed)  # Slack brings a click once: whoever saw that it failed clicks again
            is_finished = await lane.finished(replica)
            assert is_finished or next_point, "the last of them died"
            if self.deed is not Deed.CHANGE:  # else what is stored may be of the course before
                left.check(lane)
        return replica


def operations_of_a_turn(done: Sequence[Operation]) -> Sequence[Operation]:
    """The operations up to the turn's last statement."""
    last = [at for at, operation in enumerate(done) if operation.name.startswith(LAST)]
    assert last, f"no turn has ended among {', '.join(map(str, done))}"
    return done[: last[-1] + 1]
