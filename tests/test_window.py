"""Laws of the sliding window, and of what is foretold from it."""

from hypothesis import example, given, strategies as st

from bot.window import LEAST_WAIT, Window
from tests.laws import examples

SPAN = 60.0

pauses = st.lists(st.floats(0, 30), min_size=1, max_size=120)
sizes = st.integers(1, 20)


def most_in_a_span(times: list[float], span: float) -> int:
    return max((sum(first <= at < first + span for at in times) for first in times), default=0)


@examples(50)
@given(sizes, pauses)
def test_no_span_holds_more_calls_than_its_limit(calls: int, apart: list[float]) -> None:
    window, now, taken = Window(calls, SPAN), 0.0, list[float]()
    for pause in apart:
        now += pause
        if window.take(now) == 0:
            taken.append(now)
    assert most_in_a_span(taken, SPAN) <= calls


@examples(50)
@given(sizes, pauses)
@example(1, [4.89585013551568, 30.0, 30.0])
def test_who_waits_as_long_as_told_gets_a_call_and_nobody_sooner(calls: int, apart: list[float]) -> None:
    window, now = Window(calls, SPAN), 0.0
    for pause in apart:
        now += pause
        wait = window.take(now)
        if wait:
            # The least wait that is told may be more than is left.
            assert wait == LEAST_WAIT or window.wait(now + wait / 2) > 0
            assert window.wait(now + wait + 1e-6) == 0


@examples(50)
@given(st.integers(2, 20), st.data(), pauses)
def test_what_is_kept_is_there_for_who_comes_first(calls: int, data: st.DataObject, apart: list[float]) -> None:
    keep = data.draw(st.integers(1, calls - 1))
    window, now = Window(calls, SPAN), 0.0
    for pause in apart:
        now += pause
        window.take(now, keep)
        assert calls - window.used(now) >= keep


@examples(50)
@given(st.integers(10, 60), pauses)
def test_what_is_foretold_to_be_sustained_can_be(calls: int, apart: list[float]) -> None:
    window, now, every = Window(calls, SPAN), 0.0, 2 * SPAN / calls
    for pause in apart:
        now += pause
        if window.sustains(now, every):
            window.take(now)
            ahead = Window(calls, SPAN, list(window.taken))
            assert all(ahead.take(now + step * every + 1e-6) == 0 for step in range(1, 2 * calls))


def test_nothing_is_taken_while_it_is_closed() -> None:
    window = Window(5, SPAN, closed_until=10.0)
    assert window.wait(4.0) == 6.0
    assert window.take(10.0) == 0
