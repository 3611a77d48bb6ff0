import re
from collections.abc import Iterable, Iterator
from itertools import accumulate

import pytest
from hypothesis import given, settings, strategies as st
from markdown_it import MarkdownIt

import bot.markdown
import bot.syntax
from bot.defuse import defuse
from bot.markdown import PAGE_BYTES, Pages
from bot.plain import plain
from tests.markdown import documents
from tests.markdown.documents import FAMILY

laws = settings(derandomize=True, deadline=None, max_examples=40)


def paged(text: str, limit: int = PAGE_BYTES) -> tuple[str, ...]:
    pages = Pages(limit)
    pages.push(text)
    return pages.finish()


def shown(text: str, limit: int = PAGE_BYTES) -> tuple[str, ...]:
    pages = Pages(limit)
    pages.push(text)
    return pages.render()


def written(tokens: Iterable[str], limit: int) -> Iterator[tuple[str, ...]]:
    """What is shown after each token, and in the end."""
    pages = Pages(limit)
    for token in tokens:
        pages.push(token)
        yield pages.render()
    yield pages.finish()


def size(text: str) -> int:
    return len(text.encode())


# Laws


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


def code_in(text: str) -> str:
    return "".join(token.content for token in MarkdownIt().parse(text) if token.type in {"fence", "code_block"})


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


@settings(laws, max_examples=10)  # letter by letter
@given(documents.well_formed, st.sampled_from([400, 700]))
def test_no_mark_stands_half_open_at_any_time(text: str, limit: int) -> None:
    for pages in written(text, limit):
        for page in pages:
            assert_no_mark_stands_half_open(page)


@laws
@given(st.lists(st.sampled_from(documents.CHARACTERS), max_size=100), documents.sizes)
def test_no_character_is_torn(characters: list[str], limit: int) -> None:
    whole = re.compile(f"({'|'.join(documents.CHARACTERS)})*")
    for offset in range(8):
        assert all(whole.fullmatch(page.lstrip("x")) for page in paged("x" * offset + "".join(characters), limit))


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
        settled = pages[:-1]
        for page in pages:
            assert 0 < max(size(page), size(defuse(page)), size(plain(page))) <= limit
    assert gives_back(paged(text, limit), text)


# Mid-stream


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("so **bo", "so"),
        ("so **bold**", "so **bold**"),
        ("so ***bold*", "so"),
        ("so *it", "so"),
        ("2 * 3", "2 * 3"),
        ("so `co", "so"),
        ("so ``co` ", "so"),
        ("so [la", "so"),
        ("so [label]", "so"),
        ("so [label](http://x", "so"),
        ("so [label](http://x/a_(b)", "so"),
        ("so [1] is", "so [1] is"),
        ("so ~~go", "so"),
        ("about ~5 of", "about ~5 of"),
        ("so <!chan", "so"),
        ("so <@U1|na", "so"),
        ("a < b", "a < b"),
        ("a_b and __in", "a_b and"),
        ("so \\", "so"),
        ("so\n\n#", "so"),
        ("so\n--", "so"),
        ("so\n\n1.", "so"),
        ("so\n```p", "so"),
        ("so\n```py\n", "so"),
        ("so\n```py\nx", "so\n```py\nx\n```"),
        ("so\n```py\nx\n``", "so\n```py\nx\n```"),
        ("so\n```py\n**x [", "so\n```py\n**x [\n```"),
        ("so\n- ~~~\n  x", "so\n- ~~~\n  x\n  ~~~"),
        ("so\n| a | b |\n|-", "so"),
        ("so\n| a |\n|---|\n| 1", "so\n| a |\n|---|"),
        ("so\n| a |\n|---|\n| 1 |\n| 2", "so\n| a |\n|---|\n| 1 |"),
    ],
)
def test_what_is_half_written_is_held_back(text: str, page: str) -> None:
    assert shown(text) == (page,)


@pytest.mark.parametrize("mark", ["**", "*", "`", "~~", "[", "__", "<b"])
def test_a_mark_that_stays_alone_is_not_held_back_for_ever(mark: str) -> None:
    assert shown(f"so {mark}x\n\nnext")[0] == f"so {mark}x\n\nnext"
    (page,) = shown(f"so {mark}x" + " word" * 100)
    assert page.startswith(f"so {mark}x word")


def test_nothing_is_shown_of_nothing() -> None:
    assert shown("") == paged("") == shown(" \n\t\n") == paged("\n \n") == ()
    assert shown("```py\n") == shown("- ") == ()


def test_the_end_shows_what_was_held_back() -> None:
    assert paged("so **bo") == ("so **bo",)


def test_a_replaced_text_starts_anew() -> None:
    pages = Pages(128)
    pages.push("word " * 100)
    assert len(pages.render()) > 1
    pages.replace("anew")
    pages.push(" and on")
    assert pages.finish() == ("anew and on",)


def test_a_page_too_small_for_its_seams_is_refused() -> None:
    with pytest.raises(ValueError, match="128 bytes"):
        Pages(127)


# Cuts


@pytest.mark.parametrize(
    ("near", "cut"),
    [
        ("Para.\n\nLine\nsentence. word x", "Para."),
        ("Line\nsentence. word x", "Line"),
        ("A sentence. word x", "A sentence."),
        ("一句话。没有空格", "一句话。"),
        ("word xxxx", "word"),
    ],
)
def test_a_cut_stands_at_the_best_place_that_is_near(near: str, cut: str) -> None:
    first, second = paged("y" * 60 + ".\n\n" + "y" * 50 + near + "z" * 60, 200)
    assert first.endswith("y" + cut)
    assert second.endswith("z" * 60)


def test_a_cut_in_code_stands_at_a_blank_line_that_is_near() -> None:
    first, second = paged("```\n" + "x" * 110 + "\n\ny\ny\ny\n" + "z" * 60 + "\n```", 200)
    assert first.endswith("x\n\n```")
    assert second.startswith("```\ny\ny\ny\nz")


@pytest.mark.parametrize("mark", ["- ", "# ", "> ", "| ", "1. ", "``` ", "~~~ "])
def test_a_cut_does_not_make_a_block_of_the_rest_of_a_line(mark: str) -> None:
    for length in range(120, 150):
        pages = paged("x " * (length // 2) + "x" * (length % 2) + f" {mark}" + "word " * 20, 200)
        assert not any(page.startswith(mark) for page in pages)


def test_a_cut_does_not_leave_a_heading_behind() -> None:
    _, second, *_ = paged("x " * 60 + "\n\n## Title\n\n" + "word " * 30, 200)
    assert second.startswith("## Title")


def test_a_cut_spares_a_link() -> None:
    first, second = paged("x " * 65 + "[a label of words](https://example.com/) more", 190)
    assert first == ("x " * 65).strip()
    assert second.startswith("[a label of words](https://example.com/)")


@pytest.mark.parametrize(
    ("opening", "closing"),
    [("```py", "```"), ("~~~ c++", "~~~"), ("`````", "`````"), ("> ```js", "> ```")],
)
def test_a_fence_is_closed_and_reopened_with_its_language(opening: str, closing: str) -> None:
    quote = "> " if opening.startswith(">") else ""
    code = [f"{quote}line {i}" for i in range(60)]
    pages = paged("\n".join([opening, *code, closing, "after"]), 200)
    assert len(pages) > 2
    for page in pages[:-1]:
        assert page.startswith(opening.replace(" c", "c") if page != pages[0] else opening)
        assert page.endswith(f"\n{closing}")
    assert pages[-1].endswith("after")
    assert [line for page in pages for line in page.splitlines() if "line" in line] == code


def test_a_fence_in_a_list_is_reopened_outside_of_it() -> None:
    text = "1. So:\n\n   ```py\n" + "".join(f"   if x{i}:\n       y\n" for i in range(12)) + "   ```\n2. Then"
    first, second = paged(text, 220)
    assert first.startswith("1. So:\n\n   ```py\n   if x0:\n       y\n")
    assert first.endswith("\n   ```")
    assert re.match(r"```py\n(?:if x\d+:\n    y|    y)\n", second)
    assert second.endswith("\n    y\n```\n2. Then")


def test_a_fence_that_ends_at_the_cut_is_not_reopened() -> None:
    for lines in range(10, 30):
        assert all(code_in(page) != "" for page in paged("```py\n" + "x = 1\n" * lines + "```", 150))


def test_a_quoted_fence_ends_with_its_quote_and_no_other_does() -> None:
    assert shown("> ```\n> code\n\nafter *x") == ("> ```\n> code\n\nafter",)
    assert shown("```\n> ```\n*x") == ("```\n> ```\n*x\n```",)


def test_a_table_repeats_its_header() -> None:
    header = "| a | b |\n|---|:-:|\n"
    rows = [f"| {i} | x |" for i in range(30)]
    pages = paged(f"{header}" + "\n".join(rows) + "\n\nafter", 200)
    assert all(page.startswith(header + "| ") for page in pages)
    assert [line for page in pages for line in page.splitlines() if "x" in line] == rows


def test_a_header_too_large_to_repeat_is_not_repeated() -> None:
    pages = paged("| " + "a" * 90 + " |\n|---|\n" + "| 1 |\n" * 60, 200)
    assert sum("a" in page for page in pages) == 1


# Work


def test_the_work_grows_with_the_text_and_not_with_its_square(monkeypatch: pytest.MonkeyPatch) -> None:
    read = 0

    def counting(text: str, frame: bot.syntax.Frame) -> Iterator[bot.syntax.Line]:
        nonlocal read
        read += len(text)
        return lines(text, frame)

    def work(paragraphs: int) -> int:
        nonlocal read
        read, pages, text = 0, Pages(), "Some **bold** words and a [link](https://e.org).\n\n" * paragraphs
        for count, start in enumerate(range(0, len(text), 4)):
            pages.push(text[start : start + 4])
            if count % 25 == 0:
                pages.render()
        pages.finish()
        return read

    lines = bot.syntax.lines
    monkeypatch.setattr(bot.markdown, "lines", counting)
    monkeypatch.setattr(bot.syntax, "lines", counting)
    assert work(400) < 2.3 * work(200)


# Slack's Markdown


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("- [ ] a\n  1. [x] b\n- [X] c", "- ☐ a\n  1. ☑ b\n- ☑ c"),
        ("- [x](http://e.org)", "- [x](http://e.org)"),
        ("a\n\n---\n* * *\n> ___\n--", "a\n\n───\n───\n> ───\n--"),
        ("![alt](http://e.org/x.png)", "[alt](http://e.org/x.png)"),
        ("`![alt](x)` \\![no](x)", "`![alt](x)` \\![no](x)"),
        ("```\n- [ ] a\n---\n![b](c)\n```", "```\n- [ ] a\n---\n![b](c)\n```"),
        ("<b>bold</b> &amp;", "<b>bold</b> &amp;"),
        ("| a |\n|---|\n| - |", "| a |\n|---|\n| - |"),
    ],
)
def test_what_slack_does_not_render_is_put_otherwise(text: str, page: str) -> None:
    assert paged(text) == (page,)
