"""A bulletin as a document for Word, laid out as an official paper (公文, GB/T 9704-2012)."""

import io
import math
from datetime import datetime
from typing import Any

import docx
from docx.document import Document as WordDocument
from docx.enum.table import WD_ALIGN_VERTICAL, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Length, Mm, Pt, RGBColor
from docx.styles.style import ParagraphStyle
from docx.table import Table, _Cell
from docx.text.paragraph import Paragraph

from services.reporting.documents.packing import printable, repacked
from services.reporting.domain import bulletin_words as say
from services.reporting.domain.bulletin import Document
from shared.clock import business_day

# GB/T 9704-2012, 5.2: A4, 37 mm above and 28 mm before a type area of 156 × 225 mm; 22 lines of 28 characters.
_PAGE = (Mm(210), Mm(297))
_TOP, _LEFT, _WIDTH, _HEIGHT = Mm(37), Mm(28), Mm(156), Mm(225)
_CHARACTERS = 28
_SIZE_2, _SIZE_3, _SIZE_4, _SIZE_SMALL_4, _SIZE_5 = Pt(22), Pt(16), Pt(14), Pt(12), Pt(10.5)
_MOST_COLUMNS = 8
# 225 mm in 22 parts.
_LINE = Pt(28.95)
_FANG_SONG, _HEI, _KAI, _SONG, _TITLE = "仿宋", "黑体", "楷体", "宋体", "方正小标宋简体"
_TWIPS = 20
_LATIN = "Times New Roman"
_RED = RGBColor(0xC0, 0, 0)
# Of the head, from the top of the type area to the top of its letters; the standard's 35 mm less the line's own lead.
_HEAD_AT, _HEAD_SIZE = Mm(32), Pt(36)
# The dash of the page number stands 7 mm below the type area.
_NUMBER_AT = Mm(24.8)


def document_bytes(bulletin: Document) -> bytes:
    """The document, from what is frozen in the bulletin alone."""
    word = docx.Document()
    _page(word)
    _styles(word)
    _head(word, bulletin)
    report = bulletin["report"]
    _text(word, report["title"], font=_TITLE, size=_SIZE_2, align=WD_ALIGN_PARAGRAPH.CENTER, indent=0, line=Pt(36))
    _blank(word)
    _text(word, report["addressee"], indent=0)
    _text(word, report["opening"])
    for section in report["sections"]:
        word.add_paragraph(printable(section["heading"]), style="Heading 1")
        for part in section["parts"]:
            _part(word, part)
    _signature(word, bulletin)
    _record(word, bulletin)
    _properties(word, bulletin)
    _without_the_unused(word)
    packed = io.BytesIO()
    word.save(packed)
    return repacked(packed.getvalue(), bulletin)


def _page(word: WordDocument) -> None:
    section = word.sections[0]
    section.page_width, section.page_height = _PAGE
    section.top_margin, section.left_margin = _TOP, _LEFT
    section.right_margin = Length(_PAGE[0] - _LEFT - _WIDTH)
    section.bottom_margin = Length(_PAGE[1] - _TOP - _HEIGHT)
    section.footer_distance = _NUMBER_AT
    grid = section._sectPr.find(qn("w:docGrid"))
    if grid is None:
        grid = OxmlElement("w:docGrid")
        section._sectPr.append(grid)
    # Of lines only: a grid of characters that are wider than its cells is drawn two cells wide by some programs.
    grid.set(qn("w:type"), "lines")
    grid.set(qn("w:linePitch"), str(int(_LINE.pt * _TWIPS)))
    word.settings.odd_and_even_pages_header_footer = True
    _number(section.footer.paragraphs[0], WD_ALIGN_PARAGRAPH.RIGHT)
    _number(section.even_page_footer.paragraphs[0], WD_ALIGN_PARAGRAPH.LEFT)


def _styles(word: WordDocument) -> None:
    normal = word.styles["Normal"]
    assert isinstance(normal, ParagraphStyle)  # noqa: S101 - of the library's own template
    _font(normal, _FANG_SONG, _SIZE_3)
    # So narrow that a line of 28 is no wider than the type area. With less space between them instead, some programs
    # lose a mark that they hang into the margin.
    narrower = OxmlElement("w:w")
    narrower.set(qn("w:val"), str(math.floor(100 * _WIDTH.pt / _CHARACTERS / _SIZE_3.pt)))
    normal.element.get_or_add_rPr().insert_element_before(narrower, "w:sz", "w:szCs")
    # Where a line may break depends on the language.
    for language in word.styles.element.iter(qn("w:lang")):
        language.set(qn("w:eastAsia"), "zh-CN")
    form = normal.paragraph_format
    form.space_before = form.space_after = Pt(0)
    form.line_spacing_rule, form.line_spacing = WD_LINE_SPACING.EXACTLY, _LINE
    # A line kept back for the next page would leave 21 on this one.
    form.widow_control = False
    for name, font in (("Heading 1", _HEI), ("Heading 2", _KAI)):
        style = word.styles[name]
        assert isinstance(style, ParagraphStyle)  # noqa: S101 - as above
        _font(style, font, _SIZE_3)
        style.font.bold = False
        style.font.color.rgb = RGBColor(0, 0, 0)
        style.paragraph_format.space_before = style.paragraph_format.space_after = Pt(0)
        style.paragraph_format.keep_with_next = True
        _indent(style.element.get_or_add_pPr(), 2)


def _font(owner: Any, name: str, size: Length) -> None:
    """A Chinese font, with Latin letters and figures in the one usual beside it; of a run or a style."""
    owner.font.name, owner.font.size = _LATIN, size
    fonts = owner.element.get_or_add_rPr().get_or_add_rFonts()
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)
    fonts.set(qn("w:eastAsia"), name)


def _off_the_grid(properties: Any) -> None:
    """Whatever is set closer than the text would be drawn apart again by the page's grid of lines."""
    switch = OxmlElement("w:snapToGrid")
    switch.set(qn("w:val"), "0")
    properties.insert_element_before(switch, "w:spacing", "w:ind", "w:contextualSpacing", "w:jc", "w:rPr")


def _indent(properties: Any, characters: int) -> None:
    """Indents the first line by so many characters, whatever their size."""
    indent = properties.get_or_add_ind()
    indent.set(qn("w:firstLineChars"), str(characters * 100))
    indent.set(qn("w:firstLine"), str(int(characters * _SIZE_3.pt * _TWIPS)))


def _text(  # noqa: PLR0913 - a paragraph has that many properties
    word: WordDocument | _Cell,
    text: str,
    *,
    font: str = _FANG_SONG,
    size: Length = _SIZE_3,
    align: WD_ALIGN_PARAGRAPH = WD_ALIGN_PARAGRAPH.JUSTIFY,
    indent: int = 2,
    line: Length = _LINE,
    paragraph: Paragraph | None = None,
) -> Paragraph:
    paragraph = paragraph or word.add_paragraph()
    paragraph.alignment = align
    paragraph.paragraph_format.line_spacing = line
    if line < _LINE:
        _off_the_grid(paragraph._p.get_or_add_pPr())
    if indent:
        _indent(paragraph._p.get_or_add_pPr(), indent)
    _font(paragraph.add_run(printable(text)), font, size)
    return paragraph


def _blank(word: WordDocument) -> None:
    word.add_paragraph()


def _head(word: WordDocument, bulletin: Document) -> None:
    """The red head with the bulletin's number and the red line under it."""
    centre = WD_ALIGN_PARAGRAPH.CENTER
    head = word.paragraphs[0] if word.paragraphs else word.add_paragraph()
    title = f"{bulletin['district_name']}招商引资工作通报"
    _text(word, title, font=_TITLE, size=_HEAD_SIZE, align=centre, indent=0, line=Pt(44), paragraph=head)
    head.runs[0].font.color.rgb = _RED
    head.paragraph_format.space_before = _HEAD_AT
    _blank(word)
    number = _text(word, f"第{bulletin['number']}号", align=centre, indent=0)
    number.paragraph_format.space_after = Mm(4)
    line = _text(word, "", indent=0, line=Pt(1))
    _border(line._p.get_or_add_pPr(), "top", "C00000", 12)
    _blank(word)
    _blank(word)


def _border(properties: Any, side: str, colour: str, eighths: int) -> None:
    borders = properties.find(qn("w:pBdr"))
    if borders is None:
        borders = OxmlElement("w:pBdr")
        properties.insert_element_before(borders, "w:shd", "w:tabs", "w:spacing", "w:ind", "w:jc", "w:rPr")
    edge = OxmlElement(f"w:{side}")
    for name, value in (("val", "single"), ("sz", str(eighths)), ("space", "1"), ("color", colour)):
        edge.set(qn(f"w:{name}"), value)
    borders.append(edge)


def _part(word: WordDocument, part: Document) -> None:
    if "subheading" in part:
        word.add_paragraph(printable(part["subheading"]), style="Heading 2")
    elif "paragraph" in part:
        _text(word, part["paragraph"])
    else:
        _table(word, part["table"])


def _table(word: WordDocument, table: Document) -> None:
    caption = _text(word, table["caption"], font=_HEI, size=_SIZE_4, align=WD_ALIGN_PARAGRAPH.CENTER, indent=0)
    caption.paragraph_format.keep_with_next = True
    columns = table["columns"]
    drawn = word.add_table(rows=1, cols=len(columns), style="Table Grid")
    drawn.alignment, drawn.autofit = WD_TABLE_ALIGNMENT.CENTER, False
    _narrow_margins(drawn)
    size = _SIZE_SMALL_4 if len(columns) <= _MOST_COLUMNS else _SIZE_5
    whole = sum(column["width"] for column in columns)
    widths = [Length(_WIDTH * column["width"] // whole) for column in columns]
    for cell, column in zip(drawn.rows[0].cells, columns, strict=True):
        _cell(cell, column["name"], size, font=_HEI, align=WD_ALIGN_PARAGRAPH.CENTER)
    _row_property(drawn, 0, "w:tblHeader")
    for row in table["rows"]:
        cells = drawn.add_row().cells
        for cell, text, column in zip(cells, row, columns, strict=True):
            _cell(cell, text, size, align=WD_ALIGN_PARAGRAPH.RIGHT if column["figures"] else WD_ALIGN_PARAGRAPH.LEFT)
        _row_property(drawn, len(drawn.rows) - 1, "w:cantSplit")
    for place, width in enumerate(widths):
        drawn.columns[place].width = width
    for row_of_cells in drawn.rows:
        for cell, width in zip(row_of_cells.cells, widths, strict=True):
            cell.width = width


def _cell(cell: _Cell, text: str, size: Length, *, font: str = _FANG_SONG, align: WD_ALIGN_PARAGRAPH) -> None:
    _text(cell, text, font=font, size=size, align=align, indent=0, line=Pt(18), paragraph=cell.paragraphs[0])
    cell.vertical_alignment = WD_ALIGN_VERTICAL.CENTER


def _narrow_margins(table: Table) -> None:
    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        margin = OxmlElement(f"w:{side}")
        margin.set(qn("w:w"), str(4 * _TWIPS))
        margin.set(qn("w:type"), "dxa")
        margins.append(margin)
    # Word is particular about the order of these.
    table._tbl.tblPr.insert_element_before(margins, "w:tblLook")


def _row_property(table: Table, row: int, name: str) -> None:
    properties = table.rows[row]._tr.get_or_add_trPr()
    properties.append(OxmlElement(name))


def _signature(word: WordDocument, bulletin: Document) -> None:
    """Who issued it, and the day of sealing, four characters from the right edge."""
    _blank(word)
    sealed = say.full_day(business_day(datetime.fromisoformat(bulletin["known_by"])))
    for text in filter(None, (bulletin["issuer"], sealed)):
        line = _text(word, text, align=WD_ALIGN_PARAGRAPH.RIGHT, indent=0)
        line._p.get_or_add_pPr().get_or_add_ind().set(qn("w:rightChars"), "400")
        line.paragraph_format.right_indent = Length(4 * _SIZE_3)


def _record(word: WordDocument, bulletin: Document) -> None:
    """The end of an official paper (版记): here how the data was taken, and how the paper is verified."""
    _blank(word)
    root = f"根摘要（SHA-256）：{bulletin['root']}"
    notes = [*bulletin["report"]["notes"], root]
    for place, note in enumerate(notes):
        line = _text(word, note, size=_SIZE_4, align=WD_ALIGN_PARAGRAPH.LEFT, indent=0, line=Pt(22))
        # It stays together on one page.
        line.paragraph_format.keep_with_next = place < len(notes) - 1
        line.paragraph_format.keep_together = True
        if place == 0:
            _border(line._p.get_or_add_pPr(), "top", "000000", 8)
    _border(line._p.get_or_add_pPr(), "bottom", "000000", 8)


def _number(paragraph: Paragraph, align: WD_ALIGN_PARAGRAPH) -> None:
    """— 1 —, in 宋体 of size 4, a character from the outer edge."""
    paragraph.style, paragraph.alignment = None, align
    side = "w:rightChars" if align == WD_ALIGN_PARAGRAPH.RIGHT else "w:leftChars"
    paragraph._p.get_or_add_pPr().get_or_add_ind().set(qn(side), "100")
    for kind in ("— ", "begin", "PAGE", "end", " —"):
        run = paragraph.add_run("" if kind in ("begin", "PAGE", "end") else kind)
        _font(run, _SONG, _SIZE_4)
        if kind == "PAGE":
            code = OxmlElement("w:instrText")
            code.text = kind
            run._r.append(code)
        elif kind in ("begin", "end"):
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
            run._r.append(mark)


def _without_the_unused(word: WordDocument) -> None:
    """Take out what the library's template brings along: nine tenths of the file, and none of it seen."""
    used = {"Normal", "Heading 1", "Heading 2", "Table Grid", "Normal Table", "Default Paragraph Font", "No List"}
    for style in list(word.styles):
        if style.name not in used:
            word.styles.element.remove(style.element)
        elif (link := style.element.find(qn("w:link"))) is not None:
            style.element.remove(link)
    numbering = word.part.numbering_part.element
    for abstract in list(numbering):
        numbering.remove(abstract)
    for relations in (word.part.rels, word.part.package.rels):
        for key in [key for key, one in relations.items() if one.reltype.endswith(("stylesWithEffects", "thumbnail"))]:
            del relations[key]


def _properties(word: WordDocument, bulletin: Document) -> None:
    properties, sealed = word.core_properties, datetime.fromisoformat(bulletin["known_by"]).replace(tzinfo=None)
    properties.title, properties.author = printable(bulletin["report"]["title"]), printable(bulletin["issuer"] or "")
    properties.created = properties.modified = sealed
    properties.last_modified_by, properties.comments, properties.language = "", "", "zh-CN"
    properties.identifier, properties.revision = bulletin["root"], 1
