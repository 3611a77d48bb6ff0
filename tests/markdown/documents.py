"""Markdown as models write it, and worse."""

import textwrap

from hypothesis import strategies as st

FAMILY, FLAG, KEYCAP, ACCENT, SKIN = "👩‍👩‍👧‍👦", "🇨🇭", "1️⃣", "e\u0301\u0323", "👍🏽"
CHARACTERS = [FAMILY, FLAG, KEYCAP, ACCENT, SKIN]

WORDS = ["word", "a", "sentence.", "Größe", "слово", "日本語の文。", "한국어", "עברית", "العربية", *CHARACTERS]
MARKS = ["*", "**", "***", "_", "__", "`", "``", "~", "~~", "[", "]", "](", ")", "![", "<", ">", "|", "\\", "!", "#"]
BLOCKS = ["# ", "- ", "* ", "1. ", "> ", "  ", "    - ", "\t", "===\n", "| a | b |\n", "|---|:-:|\n", "| 1 | 2 |\n"]
FENCES = ["```", "```py\n", "````\n", "~~~\n", "~~~~ c++\n", "   ```js\n", "> ```\n", "- ```sh\n", "\n```\n", "\n~~~\n"]
CALLS = ["<!channel>", "<!here", "<@U123>", "<@W1|name>", "<#C1|general>", "@everyone", "&lt;!here&gt;", "<http://x|y>"]
REWRITTEN = ["- [ ] ", "- [x] ", "\n---\n", "\n* * *\n", "![alt](https://x.y/z.png)"]
LONG = ["x" * 150, "日" * 60, FAMILY * 12, "`" * 40, " " * 150, "\n" * 150, "e.org/" + "a/" * 60, "| " * 80, "<&" * 40]
SPACES = [" ", " ", " ", "\n", "\n", "\n\n", "\r\n"]
KINDS = [WORDS, MARKS, BLOCKS, FENCES, CALLS, REWRITTEN, LONG, SPACES]

_token = st.one_of(*map(st.sampled_from, KINDS), st.text(st.characters(codec="utf-8"), max_size=12))
tokens = st.lists(_token, max_size=50)
"""A nasty text in the order of its writing."""

sizes = st.sampled_from([128, 150, 200, 500])

PIECES = ["so", "many", "words", "日本語", "**bold text**", "`a = b`", "~~gone~~", "[label](https://e.org/a)", "*it*"]
CODE = ["x = 1", "    if x < y:", "", "| no | table |", "**no** bold", "- [ ] no task"]


def _fenced(code: list[str], fence: str, language: str) -> str:
    return "\n".join([fence + language, *code, fence])


def _listed(fence: str) -> str:
    return "1. So:\n\n" + textwrap.indent(f"{fence}\n\nAfter.", "   ")


def _quoted(fence: str) -> str:
    return textwrap.indent(fence, "> ", lambda _: True)


_sentence = st.lists(st.sampled_from(PIECES), min_size=3, max_size=12).map(lambda words: " ".join(words) + ".")
_code = st.lists(st.sampled_from(CODE), max_size=12)
_fence = st.builds(_fenced, _code, st.sampled_from(["```", "~~~", "`````"]), st.sampled_from(["", "py", "c++"]))
_table = st.integers(1, 12).map(lambda rows: "| a | b |\n|---|---|" + "\n| one | two |" * rows)
_list = st.lists(_sentence, min_size=1, max_size=4).map(lambda items: "\n".join(f"- {item}" for item in items))
_heading = _sentence.map(lambda words: "## " + words)
_block = st.one_of(
    _sentence,
    _fence,
    _fence.map(_listed),
    _fence.map(_listed).map(_listed),
    _fence.map(_quoted),
    _table,
    _list,
    _heading,
)

well_formed = st.lists(_block, max_size=8).map("\n\n".join)
"""A text whose marks are all closed, none further than 40 characters from its other."""
