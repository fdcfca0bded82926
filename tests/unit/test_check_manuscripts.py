"""Files as reports come in: encodings, Word documents line by line, and what is refused with a reason."""

import io
import zipfile

import pytest

from services.reporting.manuscripts import BYTES_MOST, UnreadableError, Why, read

SPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
)


def word(body: str, *, name: str = "word/document.xml", before: str = "") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            name, f'<?xml version="1.0"?>{before}<w:document {SPACES}><w:body>{body}</w:body></w:document>'
        )
    return packed.getvalue()


def paragraph(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def why(data: bytes) -> Why:
    with pytest.raises(UnreadableError) as told:
        read(data)
    return told.value.why


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_text_is_read_in_the_encodings_that_people_have(encoding: str) -> None:
    assert read("到位资金84.8亿元\r\n完成80.8%\r".encode(encoding)) == "到位资金84.8亿元\n完成80.8%\n"


def test_a_word_document_is_read_by_paragraphs_and_rows() -> None:
    cells = "".join(f"<w:tc>{paragraph(text)}</w:tc>" for text in ("单位", "目标", "完成"))
    body = (
        "<w:p><w:r><w:t>到位</w:t></w:r><w:r><w:t>资金</w:t><w:tab/><w:t>84.8</w:t><w:br/><w:t>亿元</w:t></w:r></w:p>"
        f"<w:tbl><w:tr>{cells}</w:tr></w:tbl>" + paragraph("完")
    )
    assert read(word(body)) == "到位资金 84.8\n亿元\n单位\t目标\t完成\n完"


def test_what_was_deleted_or_is_there_for_older_programs_is_not_read() -> None:
    body = (
        "<w:p><w:del><w:r><w:delText>88.4</w:delText></w:r></w:del><w:ins><w:r><w:t>84.8</w:t></w:r></w:ins>"
        "<w:r><w:instrText>PAGE</w:instrText></w:r></w:p>"
        f"<mc:AlternateContent><mc:Choice>{paragraph('一次')}</mc:Choice><mc:Fallback>{paragraph('一次')}</mc:Fallback>"
        "</mc:AlternateContent><a:p><a:t>图</a:t></a:p>"
    )
    assert read(word(body)) == "84.8\n一次"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"a\0b", Why.NO_TEXT),
        (b"\xff\xff\xff", Why.NO_TEXT),
        (b"\xff\xfe\x00", Why.NO_TEXT),
        (b"%PDF-1.7\n", Why.PDF),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Why.OLD_WORD),
        (b"PK\x03\x04", Why.BROKEN),
        (word("", name="xl/workbook.xml"), Why.NO_WORD),
        (word("<w:p>"), Why.BROKEN),
        (word("")[:-30], Why.BROKEN),
        (word("", before='<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'), Why.BROKEN),
        (word(" " * 61_000_000), Why.TOO_LARGE),
        (b" " * (BYTES_MOST + 1), Why.TOO_LARGE),
    ],
    ids=lambda value: value.name if isinstance(value, Why) else "",
)
def test_what_cannot_be_read_is_refused_by_its_reason(data: bytes, expected: Why) -> None:
    assert why(data) is expected
