"""Who shows a draft when, in virtual time: a minute takes moments, and is the same each time."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from bot.conversation import Conversation
from bot.pace import DENSE, STEADY, Pace
from bot.platform import Lease, Mark, Page, Session
from bot.reply import Lane, Reply
from bot.window import Window
from tests.virtual import run

CALLS = 50
ROUND_TRIP = 0.03
STATEMENT = 0.002
JITTER = 0.1


@dataclass
class Screen:
    """A platform that allows 50 edits in any minute, and what stands on it: the words of each answer at each moment."""

    window: Window = field(default_factory=lambda: Window(CALLS, 61.0))
    others: int = 0
    page_bytes: int = 3_800
    edits: list[float] = field(default_factory=list[float])
    shown: dict[str, list[tuple[float, int]]] = field(default_factory=dict[str, list[tuple[float, int]]])
    _words: dict[str, dict[str, int]] = field(default_factory=dict[str, dict[str, int]])
    _posts: int = 0

    def rank(self, conversation: Conversation) -> int | None:
        raise NotImplementedError

    @property
    def drafts(self) -> "Screen":
        return self

    async def take_draft(self, writing: int, *, look: bool = False) -> float:
        await asyncio.sleep(STATEMENT)
        now = asyncio.get_running_loop().time()
        return self.window.wait(now, writing) if look else self.window.take(now, writing)

    async def post(self, conversation: Conversation, page: Page, mark: Mark) -> str:
        del mark
        self._posts += 1
        message = str(self._posts)
        await self._show(conversation, message, page)
        return message

    async def edit(self, conversation: Conversation, message: str, page: Page) -> None:
        self.edits.append(asyncio.get_running_loop().time())
        await self._show(conversation, message, page)

    async def finish(self, conversation: Conversation, message: str, page: Page) -> None:
        await asyncio.sleep(STATEMENT)
        while wait := self.window.take(asyncio.get_running_loop().time()):  # noqa: ASYNC110 (as long as it takes)
            await asyncio.sleep(wait)
        await self.edit(conversation, message, page)

    async def _show(self, conversation: Conversation, message: str, page: Page) -> None:
        await asyncio.sleep(ROUND_TRIP / 2)
        words = self._words.setdefault(conversation.thread, {})
        words[message] = len(page.markdown.split())
        now = asyncio.get_running_loop().time()
        self.shown.setdefault(conversation.thread, []).append((now, sum(words.values())))
        await asyncio.sleep(ROUND_TRIP / 2)

    def under(self, lease: Lease) -> "Screen":
        raise NotImplementedError

    async def find(self, conversation: Conversation, turn: int, since: str) -> list[str]:
        raise NotImplementedError

    def is_open(self, message: str) -> bool:
        return message == "open"

    async def remove(self, conversation: Conversation, message: str) -> None:
        raise NotImplementedError

    async def direct(self, person: str) -> str:
        """Everybody has the same."""
        del person
        return "D1"

    async def link(self, conversation: Conversation, message: str) -> str:
        """It leads nowhere."""
        return f"https://nowhere.example/{conversation}/{message}"

    async def begin_session(self, conversation: Conversation, title: str, who: str) -> None:
        """Nothing."""

    async def end_session(self, conversation: Conversation, session: Session, *, in_any_case: bool) -> None:
        """Nothing."""

    async def mark_waiting(self, conversation: Conversation, message: str, *, waits: bool) -> None:
        raise NotImplementedError


@dataclass(frozen=True)
class Answer:
    """An answer of so many words that begins then, in seconds."""

    words: int
    begins: float = 0.0
    words_a_second: float = 50.0

    @property
    def ends(self) -> float:
        return self.begins + (self.words - 1) / self.words_a_second


async def _write(answer: Answer, number: int, screen: Screen, pace: Pace) -> None:
    await asyncio.sleep(answer.begins)
    reply = Reply(
        lanes=[Lane(screen, pace)],
        conversation=Conversation("T1", "C1", str(number)),
        askers=frozenset(),
        turn=number,
        since="0",
        on_post=lambda _: asyncio.sleep(0),
    )
    async with asyncio.TaskGroup() as group:
        group.create_task(reply.run())
        for word in range(answer.words):
            if word:
                await asyncio.sleep(1 / answer.words_a_second)
            reply.write("word ")
        reply.close()


def write(answers: Sequence[Answer]) -> Screen:
    """What was seen of these answers."""

    async def write_all() -> Screen:
        screen = Screen()
        pace = Pace(screen, clock=asyncio.get_running_loop().time)
        pacing = asyncio.create_task(pace.run())
        await asyncio.gather(*(_write(answer, number, screen, pace) for number, answer in enumerate(answers)))
        pacing.cancel()
        return screen

    return run(write_all())


def most_edits(screen: Screen) -> int:
    """The most edits within a minute."""
    return max(sum(first <= at < first + 60 for at in screen.edits) for first in screen.edits)


@pytest.mark.parametrize("words", [50, 1_500, 8_000])
def test_alone_the_first_words_and_the_last_come_at_once_and_nothing_stands_still(words: int) -> None:
    screen = write([answer := Answer(words)])
    shown = screen.shown["0"]
    assert shown[0][0] < ROUND_TRIP
    assert shown[-1][1] == words
    assert shown[-1][0] - answer.ends < 2 * ROUND_TRIP
    assert max(later - sooner for (sooner, _), (later, _) in pairwise(shown)) < STEADY.total_seconds() + JITTER
    assert most_edits(screen) <= CALLS


def test_alone_it_is_dense_while_there_is_room_and_then_steady() -> None:
    edits = write([Answer(4_000)]).edits
    gaps = [later - sooner for sooner, later in pairwise(edits)]
    dense, steady = DENSE.total_seconds(), STEADY.total_seconds()
    assert gaps[5] == pytest.approx(dense, abs=JITTER)
    assert max(gaps) == pytest.approx(steady, abs=JITTER)
    assert any(gap == pytest.approx(dense, abs=JITTER) for gap in gaps[-10:])


@pytest.mark.parametrize("words", [200, 600])
def test_twenty_at_once_thin_out_evenly_and_end_at_once(words: int) -> None:
    answers = [Answer(words)] * 20
    screen = write(answers)
    assert most_edits(screen) <= CALLS
    for shown in screen.shown.values():
        assert shown[-1][1] == words
        assert shown[-1][0] - answers[0].ends < 2 * ROUND_TRIP
        assert shown[0][0] < 2.0
    changes = [len(shown) for shown in screen.shown.values()]
    assert max(changes) - min(changes) <= 2


def test_while_others_still_ask_for_drafts_an_end_comes_at_once() -> None:
    answers = [Answer(200 + 3 * number) for number in range(40)]
    screen = write(answers)
    assert most_edits(screen) <= CALLS
    late = [screen.shown[str(number)][-1][0] - answer.ends for number, answer in enumerate(answers)]
    assert max(late) < 2 * ROUND_TRIP


def test_of_a_hundred_at_once_those_without_room_are_posted_whole() -> None:
    answer = Answer(200, words_a_second=12)
    screen = write([answer] * 100)
    assert most_edits(screen) <= CALLS
    assert all(shown[-1][1] == 200 for shown in screen.shown.values())
    assert max(shown[-1][0] for shown in screen.shown.values()) - answer.ends < 2 * ROUND_TRIP
    whole = [shown for shown in screen.shown.values() if len(shown) == 1]
    assert len(whole) >= 100 - CALLS


def test_a_newcomer_finds_room_however_long_another_has_been_written() -> None:
    screen = write([Answer(8_000), *(Answer(100, begins=at) for at in range(20, 150, 10))])
    assert most_edits(screen) <= CALLS
    for number in range(1, 14):
        shown = screen.shown[str(number)]
        assert shown[0][0] - (20 + 10 * (number - 1)) < 2.0
        assert shown[-1][1] == 100


def test_other_replicas_answers_thin_out_ours() -> None:
    async def gap(others: int) -> float:
        screen = Screen(others=others)
        pace = Pace(screen, clock=asyncio.get_running_loop().time)
        with pace.writing(), pace.writing():
            return pace.gap(0.0)

    alone, crowded = run(gap(0)), run(gap(30))
    assert crowded > 2 * alone
