"""The forms of a bulletin: the layout of official papers, charts of Excel's own, and always the same bytes."""

import io
import re
import zipfile
from collections.abc import Callable

import docx
import openpyxl
import pytest
from docx.oxml.ns import qn
from docx.shared import Length, Mm, Pt

from services.reporting.documents.page import page_bytes
from services.reporting.documents.word import document_bytes
from services.reporting.documents.workbook import workbook_bytes
from services.reporting.domain.bulletin import Document
from tests.bulletin_documents import project, sealed_bulletin

BULLETIN = sealed_bulletin(projects=[project("P-1")], issuer="示范区招商引资工作领导小组办公室")

forms = pytest.mark.parametrize("made", [page_bytes, document_bytes, workbook_bytes])
packages = pytest.mark.parametrize("made", [document_bytes, workbook_bytes])


@forms
def test_two_renderings_are_the_same_bytes(made: Callable[[Document], bytes]) -> None:
    assert made(BULLETIN) == made(BULLETIN)


@packages
def test_a_package_holds_no_time_but_that_of_sealing(made: Callable[[Document], bytes]) -> None:
    with zipfile.ZipFile(io.BytesIO(made(BULLETIN))) as package:
        assert {part.date_time for part in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        names = package.namelist()
        assert names == [names[0], *sorted(names[1:])]
        core = package.read("docProps/core.xml").decode()
    assert set(re.findall(r">(\d{4}-[^<]*)<", core)) == {"2026-09-05T00:00:00Z"}


def mm(length: Length | None) -> int:
    """Whole millimetres; a document keeps twentieths of a point, of which 57 are one."""
    assert length is not None
    whole: int = round(length.mm)
    assert abs(length.mm - whole) < 0.02
    return whole


def test_the_document_has_the_measures_of_official_papers() -> None:
    word = docx.Document(io.BytesIO(document_bytes(BULLETIN)))
    page = word.sections[0]
    assert (mm(page.page_width), mm(page.page_height)) == (210, 297)
    assert (mm(page.top_margin), mm(page.left_margin)) == (37, 28)
    assert 210 - mm(page.left_margin) - mm(page.right_margin) == 156
    assert 297 - mm(page.top_margin) - mm(page.bottom_margin) == 225
    normal = word.styles["Normal"]
    assert normal.font.size == Pt(16)
    fonts = normal.element.rPr.rFonts
    assert fonts.get(qn("w:eastAsia")) == "仿宋"
    pitch = normal.paragraph_format.line_spacing
    assert 22 * pitch <= Mm(225) < 23 * pitch
    width = 16 * int(normal.element.rPr.find(qn("w:w")).get(qn("w:val"))) / 100
    assert 28 * width <= Mm(156).pt < 29 * width


def test_headings_have_their_fonts_and_pages_their_numbers() -> None:
    word = docx.Document(io.BytesIO(document_bytes(BULLETIN)))
    for style, font in (("Heading 1", "黑体"), ("Heading 2", "楷体")):
        assert word.styles[style].element.rPr.rFonts.get(qn("w:eastAsia")) == font
    title = next(one for one in word.paragraphs if one.text == BULLETIN["report"]["title"])
    assert title.runs[0].font.size == Pt(22)
    assert 'w:eastAsia="方正小标宋简体"' in title._p.xml
    for footer in (word.sections[0].footer, word.sections[0].even_page_footer):
        assert footer.paragraphs[0].text == "—  —"
        assert "PAGE" in footer.paragraphs[0]._p.xml


def test_every_style_that_is_used_is_there_and_margins_stand_where_word_wants_them() -> None:
    with zipfile.ZipFile(io.BytesIO(document_bytes(BULLETIN))) as package:
        parts = {name: package.read(name).decode() for name in package.namelist() if name.startswith("word/")}
    there = set(re.findall(r'w:styleId="([^"]+)"', parts["word/styles.xml"]))
    used = {
        name
        for text in parts.values()
        for name in re.findall(r'<w:(?:pStyle|rStyle|tblStyle|basedOn|next|link) w:val="([^"]+)"', text)
    }
    assert used <= there
    properties = re.findall(r"<w:tblPr>.*?</w:tblPr>", parts["word/document.xml"], re.DOTALL)
    assert properties
    assert all(one.index("w:tblCellMar") < one.index("w:tblLook") for one in properties)


def test_the_document_ends_with_who_issued_it_when_and_its_root() -> None:
    texts = [paragraph.text for paragraph in docx.Document(io.BytesIO(document_bytes(BULLETIN))).paragraphs]
    assert texts.index("示范区招商引资工作领导小组办公室") + 1 == texts.index("2026年9月5日")
    assert texts[-1].endswith(BULLETIN["root"])


def test_the_workbook_has_native_charts() -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook_bytes(BULLETIN)))
    assert book.sheetnames[:4] == ["目标任务", "分月进度", "项目转化", "产业集群"]
    with zipfile.ZipFile(io.BytesIO(workbook_bytes(BULLETIN))) as package:
        charts = [name for name in package.namelist() if name.startswith("xl/charts/chart")]
        assert len(charts) == 3
        assert b"lineChart" in b"".join(package.read(name) for name in charts)


def test_the_workbook_shows_figures_with_their_decimals() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(workbook_bytes(BULLETIN)))["分月进度"]
    june = next(row for row in sheet.iter_rows(min_row=2) if row[0].value == "2026-06-30")
    assert (june[1].value, june[1].number_format) == (50, "#,##0.00")


def test_what_is_set_closer_than_the_text_is_not_drawn_apart_by_the_grid_of_lines() -> None:
    word = docx.Document(io.BytesIO(document_bytes(BULLETIN)))
    [cell, *_] = [cell for table in word.tables for row in table.rows for cell in row.cells]
    assert cell.paragraphs[0]._p.pPr.find(qn("w:snapToGrid")).get(qn("w:val")) == "0"
    opening = next(one for one in word.paragraphs if one.text == BULLETIN["report"]["opening"])
    assert opening._p.get_or_add_pPr().find(qn("w:snapToGrid")) is None


def test_a_name_that_looks_like_a_formula_stays_a_text_and_odd_characters_do_no_harm() -> None:
    odd = sealed_bulletin(
        projects=[project("P-1", name='=HYPERLINK("http://evil","x")'), project("P-2", name="a\x0bb")]
    )
    sheet = openpyxl.load_workbook(io.BytesIO(workbook_bytes(odd)))["项目"]
    assert [(cell.value, cell.data_type) for cell in sheet["B"][1:]] == [
        ('=HYPERLINK("http://evil","x")', "s"),
        ("ab", "s"),
    ]
    assert document_bytes(odd)
    assert b"=HYPERLINK(&#34;http://evil&#34;" in page_bytes(odd)


def test_the_page_loads_nothing_from_elsewhere_and_prints_on_paper_of_official_measures() -> None:
    page = page_bytes(BULLETIN).decode()
    assert not re.search(r'(src|href)="(https?:)?//', page)
    assert "<script" not in page
    assert "@page { size: A4; margin: 37mm 26mm 35mm 28mm; }" in page
