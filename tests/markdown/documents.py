"""Markdown as models write it, and worse."""

import textwrap

from hypothesis import strategies as st

FAMILY, FLAG, KEYCAP, ACCENT, SKIN = "👩‍👩‍👧‍👦", "🇨🇭", "1️⃣", "e\u0301\u0323", "👍🏽"

WORDS = ["word", "a", "sentence.", "Größe", "слово", "日本語の文。", "한국어", "עברית", "العربية", FAMILY, FLAG, KEYCAP, ACCENT, SKIN]
MARKS = ["*", "**", "***", "_", "__", "`", "``", "~", "~~", "[", "]", "](", ")", "![", "<", ">", "|", "\\", "!", "#", "&"]
BLOCKS = ["# ", "- ", "* ", "1. ", "> ", "  ", "    - ", "\t", "===\n", "| a | b |\n", "|---|:-:|\n", "| 1 | 2 |\n", "|"]
FENCES = ["```", "```py\n", "````\n", "~~~\n", "~~~~ c++\n", "   ```js\n", "> ```\n", "- ```sh\n", "\n```\n", "\n~~~\n"]
CALLS = ["<!channel>", "<!here", "<@U123>", "<@W1|name>", "<#C1|general>", "@everyone", "&lt;!channel&gt;", "<https://x.y|z>"]
REWRITTEN = ["- [ ] ", "- [x] ", "\n---\n", "\n* * *\n", "![alt](https://x.y/z.png)"]
LONG = ["x" * 150, "日" * 60, FAMILY * 12, "`" * 40, " " * 150, "\n" * 150, "https://example.com/" + "a/" * 60, "| " * 80, "<" * 90]
SPACES = [" ", " ", " ", "\n", "\n", "\n\n", "\r\n"]


def _mix(kinds: list[list[str]]) -> st.SearchStrategy[list[str]]:
    piece = st.one_of(*(st.sampled_from(kind) for kind in kinds), st.text(st.characters(codec="utf-8"), max_size=12))
    return st.lists(piece, max_size=50)


tokens = _mix([WORDS, MARKS, BLOCKS, FENCES, CALLS, REWRITTEN, LONG, SPACES])
"""A nasty text in the order of its writing."""

sizes = st.sampled_from([128, 150, 200, 500])

_sentence = st.lists(
    st.sampled_from(["so", "many", "words", "日本語", "**bold text**", "`a = b`", "~~gone~~", "[label](https://e.org/a)", "*it*"]),
    min_size=3,
    max_size=12,
).map(lambda words: " ".join(words) + ".")
_code = st.lists(st.sampled_from(["x = 1", "    if x < y:", "", "| no | table |", "**no** bold", "- [ ] no task"]), max_size=12)


def _fenced(code: list[str], fence: str, language: str, indent: str) -> str:
    return textwrap.indent("\n".join([fence + language, *code, fence]), indent)


_fence = st.builds(
    _fenced, _code, st.sampled_from(["```", "~~~", "`````"]), st.sampled_from(["", "py", "c++"]), st.just(""),
)
_listed_fence = st.builds(lambda fence: "1. So:\n\n" + textwrap.indent(fence, "   "), _fence)
_quoted_fence = st.builds(lambda fence: textwrap.indent(fence, "> ", lambda _: True), _fence)
_table = st.integers(1, 12).map(lambda rows: "| a | b |\n|---|---|" + "\n| one | two |" * rows)
_list = st.lists(_sentence, min_size=1, max_size=4).map(lambda items: "\n".join(f"- {item}" for item in items))
_heading = _sentence.map(lambda words: "## " + words)

well_formed = st.lists(
    st.one_of(_sentence, _fence, _listed_fence, _quoted_fence, _table, _list, _heading), max_size=8,
).map("\n\n".join)
"""A text whose marks are all closed, none further than 40 characters from its other."""
