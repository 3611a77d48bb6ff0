"""What stands in files, and what is said of those that cannot be read."""

import io
import zipfile

import docx
import pytest

from bot.documents import UNPACKED_BYTES, WORD, NotReadable, text_of


async def read(name: str, content: bytes, kind: str = "") -> str:
    async def fetch() -> bytes:
        return content

    return await text_of(name, kind, fetch)


def pdf(text: str, *, trailer: str = "") -> bytes:
    """A PDF of one page."""
    stream = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    written, places = bytearray(b"%PDF-1.4\n"), list[int]()
    for number, content in enumerate(objects, 1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(written)
    written += b"xref\n0 6\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    return bytes(written) + f"trailer << /Size 6 /Root 1 0 R {trailer} >>\nstartxref\n{start}\n%%EOF".encode()


def word() -> bytes:
    document = docx.Document()
    document.add_paragraph("The plan.")
    table = document.add_table(rows=1, cols=2)
    table.cell(0, 0).text, table.cell(0, 1).text = "tea", "four, sharp"
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("notes.md", "# Grüße".encode(), "# Grüße"),
        ("notes.txt", "Grüße".encode("cp1252"), "Grüße"),
        ("notes.txt", "Grüße".encode("utf-16"), "Grüße"),
        ("notes.csv", b"\xef\xbb\xbfa;b", "a;b"),
        ("main.PY", b"print(1)", "print(1)"),
        ("plan.pdf", pdf("Tea at four"), "Tea at four"),
        ("plan.docx", word(), 'The plan.\ntea,"four, sharp"'),
    ],
)
async def test_what_can_be_read(name: str, content: bytes, text: str) -> None:
    assert (await read(name, content)).strip() == text


def bomb() -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("word/document.xml", b" " * (UNPACKED_BYTES + 1))
    return written.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("song.mp3", b"ID3", "of this kind"),
        ("notes.txt", b"\x00\x01\x02", "is no text"),
        ("plan.pdf", b"%PDF-1.4 and then nothing", "broken"),
        ("plan.pdf", pdf(""), "pictures of text"),
        ("plan.docx", b"PK\x03\x04", "broken"),
    ],
)
async def test_what_cannot_be_read_is_said(name: str, content: bytes, why: str) -> None:
    with pytest.raises(NotReadable, match=why):
        await read(name, content)


async def test_what_grows_when_it_is_unpacked_is_not_read() -> None:
    with pytest.raises(NotReadable, match="too large when it is unpacked"):
        await read("plan.docx", bomb())


async def test_a_file_of_another_kind_is_not_even_fetched() -> None:
    async def fetch() -> bytes:
        raise AssertionError("it was fetched")

    with pytest.raises(NotReadable):
        await text_of("song.mp3", "audio/mpeg", fetch)


async def test_the_kind_counts_where_the_name_says_nothing() -> None:
    assert "The plan." in await read("plan", word(), WORD)
    assert await read("plan", b"tea", "text/plain") == "tea"
