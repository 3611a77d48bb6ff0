"""What stands in a file that somebody dropped into a message, as text."""

import asyncio
import csv
import io
import zipfile
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from importlib import import_module
from pathlib import PurePosixPath
from typing import Any

PARSE_TIMEOUT = timedelta(seconds=20)
PAGES = 200
"""How many pages of a PDF are read."""

UNPACKED_BYTES = 50_000_000
"""How large the parts of a Word document may be together, unpacked: a bomb says it is small."""

PDF = "application/pdf"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
TEXT_KINDS = frozenset(
    {"application/json", "application/xml", "application/x-yaml", "application/toml", "application/sql"}
)
TEXT_NAMES = frozenset(
    {
        *(
            ".txt",
            ".md",
            ".markdown",
            ".rst",
            ".csv",
            ".tsv",
            ".log",
            ".json",
            ".jsonl",
            ".xml",
            ".yml",
            ".yaml",
            ".toml",
        ),
        *(".ini", ".cfg", ".env", ".html", ".css", ".sql", ".sh", ".py", ".js", ".ts", ".tsx", ".jsx", ".java", ".kt"),
        *(".c", ".h", ".cpp", ".hpp", ".cs", ".go", ".rs", ".rb", ".php", ".swift", ".scala", ".r", ".diff", ".patch"),
    }
)


class NotReadable(Exception):
    """The file cannot be read; the text says why, in plain words, for the model to tell."""


def reader(name: str, kind: str) -> Callable[[bytes], str] | None:
    """How a file of that name and kind is read; None if it cannot be."""
    ending = PurePosixPath(name.lower()).suffix
    if kind == PDF or ending == ".pdf":
        return _pdf
    if kind == WORD or ending == ".docx":
        return _word
    if kind.startswith("text/") or kind in TEXT_KINDS or ending in TEXT_NAMES:
        return _plain
    return None


async def text_of(name: str, kind: str, fetch: Callable[[], Awaitable[bytes]]) -> str:
    """The text in a file, which is fetched only if it can be read. Raises NotReadable, at the latest 20 s later."""
    read = reader(name, kind)
    if read is None:
        raise NotReadable("files of this kind cannot be read")
    content = await fetch()
    try:
        async with asyncio.timeout(PARSE_TIMEOUT.total_seconds()):
            return await asyncio.to_thread(read, content)
    except TimeoutError as error:
        raise NotReadable("it takes too long to read") from error
    except NotReadable:
        raise
    except Exception as error:
        # A parser has an error for each way in which a file can be broken.
        raise NotReadable("it is broken, or not what its name says") from error


def _plain(content: bytes) -> str:
    if b"\0" in content[:4096] and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise NotReadable("it is no text")
    for encoding in ("utf-8-sig", "utf-16") if content.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig",):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("cp1252", errors="replace")


def _pdf(content: bytes) -> str:
    pypdf: Any = import_module("pypdf")
    document = pypdf.PdfReader(io.BytesIO(content))
    if document.is_encrypted and not document.decrypt(""):
        raise NotReadable("it is locked with a password")
    pages = [page.extract_text() for page in document.pages[:PAGES]]
    text = "\n\n".join(filter(None, pages))
    if not text.strip():
        raise NotReadable("it holds pictures of text, not text")
    more = len(document.pages) - PAGES
    return f"{text}\n\n[{more} more pages]" if more > 0 else text


def _word(content: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        # What it says of its sizes is checked when a part is read: zipfile unpacks no more than that.
        if sum(part.file_size for part in packed.infolist()) > UNPACKED_BYTES:
            raise NotReadable("it is too large when it is unpacked")
    docx: Any = import_module("docx")
    return "\n".join(_blocks(docx.Document(io.BytesIO(content))))


def _blocks(document: Any) -> Iterator[str]:
    for block in document.iter_inner_content():
        if hasattr(block, "rows"):
            written = io.StringIO()
            csv.writer(written).writerows([cell.text for cell in row.cells] for row in block.rows)
            yield written.getvalue().strip()
        elif block.text.strip():
            yield block.text
