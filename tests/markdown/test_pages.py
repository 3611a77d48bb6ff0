import re
from collections.abc import Iterator

import pytest

import bot.markdown
import bot.syntax
from bot.markdown import Pages
from tests.markdown.paging import code_in, paged, shown

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


def test_a_fence_deep_in_lists_is_moved_to_the_left_with_its_page() -> None:
    code = "      if x:\n          y\n" * 20
    text = "1. a\n\n   1. b\n\n      " + "word " * 28 + "\n\n      ```py\n" + code + "      ```\n\n      after"
    _, *pages = paged(text, 250)
    assert len(pages) > 2
    assert all(page.startswith("```py\n") for page in pages)
    assert pages[-1].endswith("\n```\n\nafter")
    assert "".join(map(code_in, pages)) == code_in(text)


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
    assert work(200) < 2.3 * work(100)


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
