import re

import pytest
from hypothesis import given

from bot.plain import plain
from tests.laws import examples
from tests.markdown import documents
from tests.markdown.test_defuse import ALLOWED, ASKER, calls, texts

laws = examples(25)


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.replace("_", " "))


@laws
@given(documents.well_formed)
def test_the_words_are_kept_in_their_order(text: str) -> None:
    without_languages = re.sub(r"^([ >]*(?:```+|~~~+)).*", r"\1", text, flags=re.MULTILINE)
    unescaped = plain(text).replace("&lt;", "<")
    assert words(unescaped) == words(without_languages)


@laws
@given(documents.well_formed)
def test_the_marks_are_gone_outside_code(text: str) -> None:
    prose = re.sub(r"^[ >]*(```+|~~~+)[\s\S]*?^[ >]*\1", "", text, flags=re.MULTILINE)
    assert not re.search(r"\*|`|~|\[|\]|^#|^\||\|$", plain(prose), re.MULTILINE)


@laws
@given(texts)
def test_nobody_is_called_but_the_asker(text: str) -> None:
    shown = plain(text, ALLOWED)
    assert calls(shown) == []
    assert not re.search(r"[<>]|&(?!amp;|lt;|gt;)", shown.replace(f"<@{ASKER}>", ""))
    assert f"<@{ASKER}>" not in plain(text)


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("## A *fine* title", "A fine title"),
        ("> ## quoted\n> > twice", "quoted\ntwice"),
        ("***both*** and ~~**gone** `x*y*`~~", "both and gone x*y*"),
        ("snake_case, 2 * 3, a ** b, \\*starred\\*", "snake_case, 2 * 3, a ** b, *starred*"),
        ("[**label** `x`](https://e.org/a_(b))", "label x (https://e.org/a_(b))"),
        ("[https://e.org](https://e.org) <https://e.org>", "https://e.org https://e.org"),
        ("- ☐ a\n  - b\n1. c", "- ☐ a\n  - b\n1. c"),
        ("| a | **b** |\n|---|:-:|\n| 1 | `2` |", "a | b\n1 | 2"),
        ("so:\n```py\n# **x**\n| a |\n```\nend", "so:\n# **x**\n| a |\nend"),
        ("if `a < b && c > d`", "if a &lt; b &amp;&amp; c &gt; d"),
        ("<b>&lt;", "&lt;b&gt;&amp;lt;"),
        (f"<@{ASKER}>, <@U123>, <@ABC>", f"<@{ASKER}>, @U123, &lt;@ABC&gt;"),
        ("<**!channel**>", "&lt;\u2060!channel&gt;"),
    ],
)
def test_a_text_reads_as_plain_words(markdown: str, text: str) -> None:
    assert plain(markdown, ALLOWED) == text
