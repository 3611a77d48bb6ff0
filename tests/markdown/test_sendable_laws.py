"""Laws of what a stream may be sent: it can only grow, and nothing in it calls anybody, however it is cut."""

from collections.abc import Iterable

from hypothesis import given, strategies as st

from bot.defuse import defuse
from bot.markdown import Pages
from bot.platform import Page
from bot.slack.native import sendable
from tests.laws import examples
from tests.markdown import documents

laws = examples(10)

ONE_PAGE = 100_000
ASKERS = frozenset({"U123"})


def sent(tokens: Iterable[str]) -> Iterable[tuple[str, str]]:
    """What may be sent after each token, and the page that it is of; the last is the whole."""
    pages = Pages(ONE_PAGE)
    for token in tokens:
        pages.push(token)
        yield from _sendable(pages, pages.render())
    yield from _sendable(pages, pages.finish())


def _sendable(pages: Pages, shown: tuple[str, ...]) -> Iterable[tuple[str, str]]:
    if shown:
        yield sendable(Page(shown[-1], None, ASKERS, pages.steady)), shown[-1]


@laws
@given(documents.well_formed, st.integers(5, 30))
def test_what_was_sent_is_how_all_that_follows_begins(text: str, size: int) -> None:
    before = ""
    for now, _ in sent([text[at : at + size] for at in range(0, len(text), size)]):
        assert now.startswith(before)
        before = now


@laws
@given(documents.tokens)
def test_of_a_nasty_text_it_may_become_less_for_a_while_and_never_other(tokens: list[str]) -> None:
    longest, final = "", ""
    for final, _ in sent(tokens):
        assert final.startswith(longest) or longest.startswith(final)
        longest = max(longest, final, key=len)
    assert final == longest


@laws
@given(documents.tokens)
def test_the_whole_is_sent_in_the_end_and_calls_nobody(tokens: list[str]) -> None:
    *_, (final, page) = [("", ""), *sent(tokens)]
    assert final == defuse(page, ASKERS)


@laws
@given(st.sampled_from(["<!channel>", "@everyone", "<@U999>", "&lt;!here&gt;", "<!subteam^S1|us>"]), st.integers(1, 4))
def test_a_call_in_pieces_is_harmless_in_each(call: str, size: int) -> None:
    text = f"Look, {call} all."
    for now, _ in sent([text[at : at + size] for at in range(0, len(text), size)]):
        assert now == defuse(now, ASKERS)
        assert call not in now
