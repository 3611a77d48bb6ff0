import re
from itertools import accumulate

import pytest
from hypothesis import given, strategies as st

from bot.defuse import defuse
from bot.plain import plain
from tests.laws import examples
from tests.markdown import documents
from tests.markdown.documents import FAMILY
from tests.markdown.paging import code_in, paged, shown, size, written

laws = examples(15)


@laws
@given(documents.tokens, documents.sizes)
def test_no_page_is_over_the_limit_in_any_of_its_forms(tokens: list[str], limit: int) -> None:
    for pages in written(tokens, limit):
        for page in pages:
            assert max(size(page), size(defuse(page)), size(plain(page)), size(plain(defuse(page)))) <= limit


@pytest.mark.parametrize(
    "call", ["@here ", "<!x ", "<#C ", "<@U ", "&lt;!x ", "<\\!x ", "> x\n\n", "a > b ", "---\n", "&", "<"]
)
def test_a_page_full_of_what_grows_is_not_over_the_limit(call: str) -> None:
    for page in paged(call * 500, 800):
        assert max(size(page), size(defuse(page)), size(plain(page))) <= 800


@laws
@given(documents.tokens, documents.sizes)
def test_a_page_never_changes_once_a_later_one_exists(tokens: list[str], limit: int) -> None:
    settled: tuple[str, ...] = ()
    for pages in written(tokens, limit):
        assert pages[: len(settled)] == settled
        settled = pages[:-1]


@laws
@given(documents.tokens, documents.sizes)
def test_the_pages_are_a_function_of_the_text_alone(tokens: list[str], limit: int) -> None:
    *drafts, final = written(tokens, limit)
    assert drafts == [shown(text, limit) for text in accumulate(tokens)]
    assert final == paged("".join(tokens), limit)


@laws
@given(documents.tokens, documents.sizes)
def test_no_page_is_empty(tokens: list[str], limit: int) -> None:
    assert all(page.strip() for pages in written(tokens, limit) for page in pages)


def ink(text: str) -> str:
    """What of a text is the same on its pages: not white space, and not what is put otherwise for Slack."""
    return "".join(letter for letter in text if not letter.isspace() and letter not in "-*_─[]xX☐☑!")


SEAM_HEAD = re.compile(r"[ \t>]*(?:```+|~~~+)[^\n]*(?:\n|\Z)|[ \t]*\|.*\n[ \t]*\|[-:| ]*(?:\n|\Z)")
SEAM_TAIL = re.compile(r"(?:\A|\n)[ \t>]*(```+|~~~+)\Z")


def readings(page: str) -> set[str]:
    """The page's ink, with and without what may have been repeated at a cut. A closing fence may have been longer."""
    head, tail = SEAM_HEAD.match(page), SEAM_TAIL.search(page)
    starts = {0, head.end() if head else 0}
    bodies = {ink(page[start:end]) for start in starts for end in (tail.start() if tail else len(page), len(page))}
    return bodies | {ink(page[start:]) + tail[1][0] * more for start in starts for more in range(80) if tail}


def gives_back(pages: tuple[str, ...], text: str) -> bool:
    """Whether the pages are the text, in some reading of them."""
    whole, places = ink(text), {0}
    for page in pages:
        places = {place + len(it) for it in readings(page) for place in places if whole.startswith(it, place)}
    return len(whole) in places


@laws
@given(documents.tokens, documents.sizes)
def test_the_pages_give_the_text_back(tokens: list[str], limit: int) -> None:
    text = "".join(tokens)
    assert gives_back(paged(text, limit), text)


@laws
@given(documents.well_formed, st.sampled_from([200, 300, 700]))
def test_a_markdown_parser_finds_the_same_code_in_the_pages_as_in_the_text(text: str, limit: int) -> None:
    assert "".join(map(code_in, paged(text, limit))) == code_in(text)


def prose_in(page: str) -> str:
    """The page without its fenced code. Raises AssertionError when a fence is not closed."""
    prose, fence = "", ""
    for line in page.splitlines(keepends=True):
        mark = line.strip("> \t\n")
        if fence:
            fence = "" if mark == fence else fence
        elif opening := re.match(r"`{3,}|~{3,}", mark):
            fence = opening[0]
        else:
            prose += line
    assert not fence
    return prose


def assert_no_mark_stands_half_open(page: str) -> None:
    prose = prose_in(page)
    for mark in ("**", "`", "~~"):
        assert prose.count(mark) % 2 == 0
    assert prose.replace("**", "").count("*") % 2 == 0
    assert prose.count("[") == len(re.findall(r"\[\w+\]\([^()]+\)", prose))
    for table in re.findall(r"(?:^\|.*(?:\n|\Z))+", prose, re.MULTILINE):
        header, delimiter, *rows = table.splitlines()
        assert (header, delimiter) == ("| a | b |", "|---|---|")
        assert set(rows) <= {"| one | two |"}


@examples(4)  # letter by letter
@given(documents.well_formed, st.sampled_from([400, 700]))
def test_no_mark_stands_half_open_at_any_time(text: str, limit: int) -> None:
    for pages in written(text, limit):
        for page in pages:
            assert_no_mark_stands_half_open(page)


@laws
@given(st.lists(st.sampled_from(documents.CHARACTERS)), documents.sizes)
def test_no_character_is_torn(characters: list[str], limit: int) -> None:
    whole = re.compile(f"({'|'.join(documents.CHARACTERS)})*")
    for offset in range(8):
        assert all(whole.fullmatch(page.lstrip("x")) for page in paged("x" * offset + "".join(characters * 9), limit))


@laws
@given(st.lists(st.text("abcdefg,日本", min_size=1, max_size=20), max_size=60), documents.sizes)
def test_no_word_is_torn_if_there_is_another_place(words: list[str], limit: int) -> None:
    assert " ".join(paged(" ".join(words), limit)).split() == words


# Nasty documents, letter by letter

NASTY = {
    "fences in fences": "````md\n```py\nx = '~~~'\n```\n~~~\nno end\n````\nprose ```\n" * 3,
    "a fence without an end": "So:\n\n~~~ c++\n" + "\n".join(f"int x{i} = {i} < 3 && y;" for i in range(20)),
    "a fence in lists in a quote": "> - a\n>   ```py\n" + ">   x = 1  # <!here>\n" * 20 + ">   ```\n> after",
    "a wide table": "| a | " + "b" * 90 + " |\n|---|---|\n" + "| 1 | 2 |\n" * 20,
    "a table with calls": "| who | what |\n|:--|--:|\n" + "| <@U1> | & <!here> |\n" * 12 + "\nafter",
    "lists in lists": "".join(f"{'  ' * (i % 5)}- item **{i}** with `code` and [a](b_(c))\n" for i in range(20)),
    "marks without an end": "**bold *it `code [link](http://x ~~gone <div __u__ \\* " * 6,
    "no spaces": "日本語" * 60 + FAMILY * 20 + "אבג" * 40 + "x" * 300 + "<" * 60 + "&" * 60,
    "carriage returns": "one\r\n\r\n- [ ] two\r\n---\r\n```\r\ncode\r\n```\r\n" * 8,
    "a fence as deep as is known": f"{' ' * 12}>    >    10.    ````````````{'c#' * 9}\n"
    + "            >    >  <&\n" * 30,
    "rules": "---\n***\n_ _ _\n" * 20,
}


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY.keys())
@pytest.mark.parametrize("limit", [128, 190])
def test_a_nasty_document_keeps_the_laws_at_every_letter(text: str, limit: int) -> None:
    settled: tuple[str, ...] = ()
    for pages in written(text, limit):
        assert pages[: len(settled)] == settled
        for page in pages[len(settled) :]:
            assert 0 < max(size(page), size(defuse(page)), size(plain(page))) <= limit
        settled = pages[:-1]
    assert gives_back(paged(text, limit), text)
