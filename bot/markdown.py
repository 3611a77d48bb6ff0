"""A model's Markdown as pages, each of which fits one Slack message.

What holds, for every prefix of every text, however it was pushed:

- The pages are a function of the text alone, and a page never changes once a later one exists.
- A page, what `defuse` makes of it and what `plain` makes of it are each at most `limit_bytes` of UTF-8.
- The pages give the text back: white space at a cut (or a whole page of it) aside, and a fence or a table's header
  repeated at a cut. What was indented for a list item on a page before is moved to the left.
- A cut stands at a paragraph, a line, a sentence or a word, in this order, if one is in the page's last third; not
  within a pair of marks if there is another place; not within a character, unless that is larger than a page.
- In mid-stream no half-written mark is shown (`whole`).

Outside code the text is put into Slack's Markdown: task items and rules, which Slack does not render, become plain
characters, and pictures become links.
"""

import re
import unicodedata
from bisect import bisect_right
from itertools import accumulate

from bot.syntax import CODE_LF, LONGEST_TAIL, Fence, Frame, Line, Prose, Table, goes_on, lines, masked, spans, whole

PAGE_BYTES = 3_800
"""Slack refuses `chat.update` with a `text` above 4,000 characters, by some reports bytes; the rest is for a status."""

LEAST_BYTES = 128
"""A smaller page might have no room between a fence's head and its tail."""


class Pages:
    """The pages of an answer that is still being written: push text, look at the pages, finish.

    Text is read when pages are asked for, and only what is not yet settled: a settled page is never read again.
    `steady` is how many characters of the last page that was given stay as they are while it is the last.
    """

    def __init__(self, limit_bytes: int = PAGE_BYTES) -> None:
        if limit_bytes < LEAST_BYTES:
            raise ValueError(f"a page needs at least {LEAST_BYTES} bytes")
        self._limit = limit_bytes
        self.steady = 0
        self.replace("")

    def resize(self, limit_bytes: int) -> None:
        """Have pages of another size; before any were asked for."""
        self._limit = limit_bytes

    def replace(self, text: str) -> None:
        """Start anew with this text."""
        self._pushed: list[str] = [text]
        self._settled: list[str] = []
        self._rest = ""
        self._frame: Frame = Prose()

    def push(self, text: str) -> None:
        """Add to the text."""
        self._pushed.append(text)

    def render(self) -> tuple[str, ...]:
        """The pages to show while more is to come; the last is still open. None while there is nothing to show."""
        frame, rest = self._settle()
        shown = rest[: whole(rest, frame)]
        self.steady = _steady(frame, shown)
        return self._with(_page(frame, shown))

    def finish(self) -> tuple[str, ...]:
        """The pages of the whole text."""
        frame, rest = self._settle()
        page = _page(frame, rest)
        self.steady = len(page)
        return self._with(page)

    def _with(self, page: str) -> tuple[str, ...]:
        return (*self._settled, page) if page else tuple(self._settled)

    def _settle(self) -> tuple[Frame, str]:
        """Cut off the pages that are full, and return what the open page stands in and has as text."""
        self._rest += "".join(self._pushed)
        self._pushed.clear()
        while True:
            frame, rest = _resumed(self._frame, self._rest, self._limit)
            cut = _cut(frame, rest, self._limit)
            if cut == len(rest):
                return frame, rest
            if page := _page(frame, rest[:cut]):
                self._settled.append(page)
            self._frame, self._rest = _frame_after(frame, rest[:cut]), rest[cut:]


def _resumed(frame: Frame, rest: str, limit_bytes: int) -> tuple[Frame, str]:
    """What a page that follows a cut stands in, and its text.

    A fence that ends right after the cut was closed by the page before; a large header is not repeated.
    """
    first = rest[: rest.find("\n") + 1] or rest
    match frame:
        case Fence() if frame.is_closed_by(first):
            return _dedented(rest[len(first) :])
        case Fence() if goes_on(frame, first):
            return frame.reopened(), rest
        case Table() if goes_on(frame, first) and _size(frame.head) <= limit_bytes // 3:
            return frame, rest
        case _:
            return _dedented(rest)


def _dedented(rest: str) -> tuple[Frame, str]:
    """Prose that begins as far left as its first line, and without blank lines."""
    text = rest.lstrip()
    above = rest[: len(rest) - len(text)]
    indent = above[above.rfind("\n") + 1 :]
    return Prose(len(indent)), indent + text


def _frame_after(frame: Frame, text: str) -> Frame:
    *_, last = lines(text, frame)
    return last.after


def _steady(frame: Frame, text: str) -> int:
    """How much of the page of an unfinished text stays: up to its last white space, for a word may become another."""
    written = _LAST_WORD.sub("", text)
    return len(_body(frame, written).rstrip()) if written.strip() else 0


def _body(frame: Frame, text: str) -> str:
    return frame.head + "".join(_for_slack(line) for line in lines(text, frame))


def _page(frame: Frame, text: str) -> str:
    """The page of a text within `frame`; empty when there is nothing to read in the text."""
    if not text.strip():
        return ""
    body = _body(frame, text)
    tail = _frame_after(frame, text).tail
    if not tail:
        return body.rstrip()
    return body + tail if body.endswith("\n") else f"{body}\n{tail}"


_LAST_WORD = re.compile(r"\S*\Z")
_TASK = re.compile(r"^([ \t>]*(?:[-*+]|\d{1,9}[.)])[ \t]+)\[([ xX])\](?=\s)")
_RULE = re.compile(r"^((?: {0,3}>)* {0,3})([-*_])(?:[ \t]*\2){2,}(?=\s*\Z)")
_PICTURE = re.compile(r"((?<!`)(`+)(?!`).*?(?<!`)\2(?!`))|(?<!\\)!(?=\[[^\[\]]*\]\()")


def _for_slack(line: Line) -> str:
    columns = line.before.dedent
    text = line.text[:columns].lstrip(" \t") + line.text[columns:]
    if line.is_code:
        return text
    text = _TASK.sub(lambda task: task[1] + ("☐" if task[2] == " " else "☑"), text)
    text = _RULE.sub(r"\1───", text)
    return _PICTURE.sub(lambda match: match[1] or "", text)


# Sizes are the most that a character takes on the page, after `defuse` (a word joiner of 3 bytes by a sign that can
# call somebody) and after `plain` (the same, and `&`, `<` and `>` escaped). A rule of 3 bytes becomes one of 9.
_SIZES = {"&": 5, "<": 4, ">": 4, "!": 4, "@": 4, "#": 4}
_RULE_START = re.compile(r"^[ >]*([-*_])[ \t]*\1[ \t]*\1", re.MULTILINE)


def _sizes(text: str) -> list[int]:
    """For each character, the bytes of the text up to it and with it."""
    sizes = [_SIZES.get(character) or _utf8_bytes(character) for character in text]
    for rule in _RULE_START.finditer(text):
        sizes[rule.end() - 1] += 6
    return list(accumulate(sizes))


def _size(text: str) -> int:
    return max(_sizes(text), default=0)


def _utf8_bytes(character: str) -> int:
    return 1 if character < "\x80" else 2 if character < "\u0800" else 3 if character < "\U00010000" else 4


_PLACES = (
    re.compile(r"\n[ \t\r>]*\n"),
    re.compile(rf"{CODE_LF}[ \t\r]*{CODE_LF}"),
    re.compile(rf"[\n{CODE_LF}]"),
    re.compile(r"[.!?…:;][\"'”’)\]*_`~]*\s|[。！？；]"),  # noqa: RUF001  # the punctuation of Chinese and Japanese
    re.compile(r"\s"),
    re.compile(r""),
)
"""Where a page may be cut, the best first: paragraph, blank line in code, line, sentence, word, anywhere."""


def _cut(frame: Frame, rest: str, limit_bytes: int) -> int:
    """How many characters of the rest go on its first page; all of them if they fit.

    It depends on no more than what fits and the next character: the rest of the rest may still be unwritten.
    """
    room = limit_bytes - LONGEST_TAIL - _size(frame.head)
    fitting = bisect_right(_sizes(rest[: limit_bytes + 1]), room)
    if fitting == len(rest):
        return fitting
    return _best_place(frame, rest[: fitting + 1])


def _best_place(frame: Frame, text: str) -> int:
    """The best place to cut before the text's last character."""
    fitting = masked(text[:-1], frame)
    low = max(1, len(fitting) * 2 // 3)
    torn = {place for place in range(1, len(text)) if _is_torn(text, place)}
    inside = {place for start, end in spans(fitting) for place in range(start + 1, end)}
    for barred in (torn | inside, torn):
        for pattern in _PLACES:
            places = [match.end() for match in pattern.finditer(fitting, low) if match.end() not in barred]
            if places:
                return places[-1]
    return max(set(range(1, len(text))) - torn, default=len(fitting))


_JOINING = re.compile(r"[\u200d\u1160-\u11ff\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")
_LIKE_A_BLOCK = re.compile(r"(?<!\n)[ \t]*(?:[`~#>|]|[-+*][ \t]|\d{1,9}[.)][ \t]|\Z)")
_FLAG_HALVES = "".join(map(chr, range(0x1F1E6, 0x1F200)))


def _is_torn(text: str, place: int) -> bool:
    """Whether a cut would be within what people see as one character, or make a line's rest look like a block."""
    before, after = text[place - 1], text[place]
    if after in _FLAG_HALVES:
        return (place - len(text[:place].rstrip(_FLAG_HALVES))) % 2 == 1
    return (
        before == "\u200d"
        or unicodedata.category(after).startswith("M")
        or _JOINING.match(after) is not None
        or _LIKE_A_BLOCK.match(text, place) is not None
    )
