r"""What stands open at a place in a Markdown text: around its lines a code fence or a table, within them a mark.

This is no parser. It knows as much of CommonMark and of GitHub's tables as it takes to cut a text and to hold back
what is half written. By choice a fence is at most 12 marks long and stands at most two quotes deep, a table's rows
begin with a pipe, and a pair of marks is at most `SPAN` characters apart: all else is shown as it was written.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, assert_never

SPAN = 200
"""Characters between an opening mark and its closing one; a mark that is still alone after these is literal."""

LONGEST_TAIL = 48
"""Bytes of the longest `tail` and the line feed before it, `>` counted as `&gt;`."""

_LEAD = r"(?P<lead>[ \t]{0,12}(?:>[ \t]{0,4}){0,2}(?:(?:[-*+]|\d{1,2}[.)])[ \t]{1,4})?)"
_FENCE = re.compile(
    _LEAD + r"(?P<mark>`{3,12}(?![^\n]*`)|~{3,12}(?!~))[ \t]*(?P<language>[A-Za-z0-9_+.-]{0,16}#?)",
)
_ROW = re.compile(r"[ \t]{0,12}\|")
_DELIMITER_ROW = re.compile(r"[ \t]{0,12}\|[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?\s*\Z")
_HEADING = re.compile(r"[ \t>]*#{1,6}[ \t]")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True, slots=True)
class Prose:
    """Nothing stands open, but perhaps a list item whose first line is on a page before."""

    dedent: int = 0
    """Columns that the lines are moved to the left, because what they were indented for is on a page before."""

    head: ClassVar[str] = ""
    tail: ClassVar[str] = ""


@dataclass(frozen=True, slots=True)
class Fence:
    """A fenced code block. `lead` is what its lines begin with in its list or quote."""

    lead: str
    mark: str
    language: str
    dedent: int = 0
    """As in `Prose`; `lead` is what remains."""

    @property
    def head(self) -> str:
        """The line that a page begins with when it goes on within this fence."""
        return f"{self.lead}{self.mark}{self.language}\n"

    @property
    def tail(self) -> str:
        """The line that a page ends with when it is cut within this fence."""
        return self.lead + self.mark

    def is_closed_by(self, line: str) -> bool:
        """Whether the line is this fence's last."""
        mark = line.lstrip(" \t>" if ">" in self.lead else " \t").rstrip()
        return len(mark) >= len(self.mark) and set(mark) == {self.mark[0]}

    def reopened(self) -> "Fence":
        """The same fence on the next page, where no list indents it."""
        return replace(self, lead="", dedent=self.dedent + len(self.lead)) if self.lead.isspace() else self


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose first two lines, `head`, a further page repeats."""

    head: str

    tail: ClassVar[str] = ""
    dedent: ClassVar[int] = 0


Frame = Prose | Fence | Table


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its line feed, and what stands open before and after it."""

    text: str
    before: Frame
    after: Frame

    @property
    def is_code(self) -> bool:
        """Whether it is a line of a fenced code block, its first and last included."""
        return isinstance(self.before, Fence) or isinstance(self.after, Fence)

    @property
    def is_border(self) -> bool:
        """Whether it opens or closes a fence, or divides a table's header from its rows."""
        return type(self.before) is not type(self.after)

    @property
    def is_row(self) -> bool:
        """Whether it is a table's row, its header included, or looks like one."""
        return not self.is_code and _ROW.match(self.text) is not None

    @property
    def leads(self) -> bool:
        """Whether the next line belongs to it, so that no page should end here."""
        if isinstance(self.after, Prose):
            return self.is_row or (not self.is_code and _HEADING.match(self.text) is not None)
        return self.is_border


def lines(text: str, frame: Frame) -> Iterator[Line]:
    """The lines of a text that begins within `frame`. The last may lack its line feed and is read as if it had it."""
    above = ""
    for line in _LINE.findall(text):
        before = frame if goes_on(frame, line) else Prose()
        frame = _after(before, above, line)
        yield Line(line, before, frame)
        above = line


def goes_on(frame: Frame, line: str) -> bool:
    """Whether a line stands within the frame that was open before it."""
    match frame:
        case Prose(dedent=dedent):
            return not line[:dedent].strip()
        case Table():
            return _ROW.match(line) is not None
        case Fence(lead=lead):
            return ">" not in lead or line.lstrip().startswith(">")
    assert_never(frame)


def _after(before: Frame, above: str, line: str) -> Frame:
    match before:
        case Fence():
            return Prose(before.dedent) if before.is_closed_by(line) else before
        case Table():
            return before
        case Prose(dedent=dedent):
            return _opened(above, line, dedent)
    assert_never(before)


def _opened(above: str, line: str, dedent: int) -> Frame:
    if fence := _FENCE.match(line):
        lead = re.sub(r"[^\s>]", " ", fence["lead"])
        return Fence(lead[dedent:], fence["mark"], fence["language"], dedent)
    if _DELIMITER_ROW.match(line) and _ROW.match(above):
        return Table(above + line.rstrip() + "\n")
    return Prose(dedent)


# In a masked text code holds no marks, its line feeds are `CODE_LF`, and those that no page should end at are `GLUE`.
CODE_LF, GLUE, _END = "\v", "\1", "\0"
_MASK = str.maketrans(dict.fromkeys("*_~`[]<\\", "x") | {"\n": CODE_LF})


def masked(text: str, frame: Frame) -> str:
    """The text, each place kept, with nothing in it that would be mistaken for a mark or for a good place to cut."""
    return "".join(_masked(line) for line in lines(text, frame))


def _masked(line: Line) -> str:
    text = line.text.translate(_MASK) if line.is_code else line.text
    return text[:-1] + GLUE if line.leads and line.text.endswith("\n") else text


# What stands between two marks: never a blank line or a block of code. A mark's second is `\0` while it is unwritten.
_ANY = r"(?!\n[ \t\r]*\n)[^\v\1\0]"
_WITHIN = rf"(?:{_ANY}){{0,{SPAN}}}?"
_LABEL = rf"(?:(?![\[\]]){_ANY}|\[[^\[\]\v\1\0]*(?:\]|(?=\0))){{0,{SPAN}}}"
_URL = rf"(?:[^()\n\v\1\0]|\([^()\n\v\1\0]*(?:\)|(?=\0))){{0,{2 * SPAN}}}"
SPANS = re.compile(
    rf"""
    \\ (?:[!-/:-@\[-`{{-~]|\0)                                                          # an escape
  | (?P<ticks>(?<!`)`+(?!`)) (?P<code>{_WITHIN}) (?:(?<!`)(?P=ticks)(?!`)|\0)           # code
  | !?\[ (?P<label>{_LABEL}) (?:\0|\](?:\0|\((?P<url>{_URL})(?:\)|\0))?)                # a link or picture
  | < (?=[!@\#/A-Za-z\0]) (?P<angle>[^<>\n\v\1\0]{{0,{SPAN}}}) (?:>|\0)                 # a tag, or Slack's syntax
  | (?<![A-Za-z0-9*])(?P<star>\*{{1,3}})(?=[^\s*]) (?P<starred>{_WITHIN}) (?:(?<![\s*])(?P=star)(?!\*)|\0)
  | (?<!\w)(?P<low>_{{1,3}})(?=[^\s_]) (?P<lowed>{_WITHIN}) (?:(?<![\s_])(?P=low)(?!\w)|\0)
  | ~ (?:~(?=\S) (?P<struck>{_WITHIN}) (?:(?<=\S)~~|\0)|\0)
    """,
    re.VERBOSE,
)
"""The inline marks. In a text that ends with NUL those that are still open match up to the NUL."""


def spans(masked_text: str) -> list[tuple[int, int]]:
    """Where the inline marks' spans start and end; one that is still open ends beyond the text."""
    return [span.span() for span in SPANS.finditer(masked_text + _END)]


_HALF_LINE = re.compile(
    r"""
    ^[ \t>]*(?:[-\#*+=_~`|: \t]{0,200}|\d{1,9}[.)]?[ \t]*)\Z    # nothing but marks yet
  | ^[ \t>]*(?:[-*+][ \t]+|\d+[.)][ \t]+)?(?:```|~~~)[^\n]*\s*\Z  # a fence without a word in it
  | ^[ \t]*\|[^\n]*\Z                                      # a row
  | (?<!\|\n)^[ \t]*\|[^\n]*\n[-|:\s]*\Z                   # a table's header
    """,
    re.VERBOSE | re.MULTILINE,
)


def whole(text: str, frame: Frame) -> int:
    """How many characters of a text that is still being written can be shown without a half-written mark."""
    half_line = _HALF_LINE.search(text)
    open_span = [start for start, end in spans(masked(text, frame)) if end > len(text)]
    return min([half_line.start() if half_line else len(text), *open_span])
