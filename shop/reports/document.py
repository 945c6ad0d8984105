"""A text document (Office Open XML, ISO/IEC 29500) of the province's summary: plain paragraphs and tables, nothing else.

Written by hand because three kinds of parts are all it needs; every word is escaped, so nothing that was typed becomes markup.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Sequence
from typing import IO, Any
from xml.sax.saxutils import escape

_TYPES = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/word/document.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
_RELS = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
    'Target="word/document.xml"/></Relationships>'
)
_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
# Twentieths of a point: A4 with the margins of Decree 30/2020/NĐ-CP (20 mm above, below and right, 30 mm left); the annex lies
# on its side, ten columns want the long one.
_MARGINS = (
    '<w:pgMar w:top="1134" w:right="1134" w:bottom="1134" w:left="{left}" w:header="567" w:footer="567" w:gutter="0"/>'
)
_UPRIGHT = f'<w:sectPr><w:pgSz w:w="11906" w:h="16838"/>{_MARGINS.format(left=1701)}</w:sectPr>'
_LYING = f'<w:sectPr><w:pgSz w:w="16838" w:h="11906" w:orient="landscape"/>{_MARGINS.format(left=1134)}</w:sectPr>'
WIDTH, LONG = 9071, 14570


def _run(words: str, *, bold: bool, size: int, italic: bool) -> str:
    kept = "".join(c for c in words if c >= " " or c == "\t")
    marks = ("<w:b/>" if bold else "") + ("<w:i/>" if italic else "")
    font = '<w:rFonts w:ascii="Times New Roman" w:hAnsi="Times New Roman" w:cs="Times New Roman"/>'
    return (
        f'<w:r><w:rPr>{font}{marks}<w:sz w:val="{size * 2}"/></w:rPr>'
        f'<w:t xml:space="preserve">{escape(kept)}</w:t></w:r>'
    )


def paragraph(words: str, *, align: str = "left", bold: bool = False, size: int = 13, italic: bool = False) -> str:
    """One paragraph; `size` in points."""
    run = _run(words, bold=bold, size=size, italic=italic) if words else ""
    return f'<w:p><w:pPr><w:spacing w:after="80"/><w:jc w:val="{align}"/></w:pPr>{run}</w:p>'


def table(
    rows: Iterable[Sequence[str]], widths: Sequence[int], *, size: int = 11, words: int = 0, page: int = WIDTH
) -> str:
    """A table; `widths` are shares of the `page`. The first row is its head and repeats on every page; the columns from the
    number `words` on hold numbers (0: all are words)."""

    def cell(value: str, column: int, first: bool) -> str:
        align = "right" if words and column >= words else "left"
        return "".join(paragraph(part, bold=first, size=size, align=align) for part in value.split("\n"))

    made = ([cell(value, n, row == 0) for n, value in enumerate(line)] for row, line in enumerate(rows))
    return _table(made, widths, head=True, borders=True, page=page)


def _table(
    rows: Iterable[Sequence[str]], widths: Sequence[int], *, head: bool, borders: bool, page: int = WIDTH
) -> str:
    """The same of cells that are paragraphs already."""
    whole = sum(widths)
    cells = [page * w // whole for w in widths]
    line = '<w:{0} w:val="single" w:sz="4" w:space="0" w:color="auto"/>' if borders else '<w:{0} w:val="nil"/>'
    edges = "".join(line.format(side) for side in ("top", "left", "bottom", "right", "insideH", "insideV"))
    made = [
        f'<w:tbl><w:tblPr><w:tblW w:w="{page}" w:type="dxa"/><w:tblBorders>{edges}</w:tblBorders>'
        '<w:tblLayout w:type="fixed"/></w:tblPr><w:tblGrid>'
        + "".join(f'<w:gridCol w:w="{w}"/>' for w in cells)
        + "</w:tblGrid>"
    ]
    for n, row in enumerate(rows):
        first = head and n == 0
        made.append("<w:tr>" + ("<w:trPr><w:tblHeader/></w:trPr>" if first else ""))
        for w, inner in zip(cells, row, strict=True):
            made.append(f'<w:tc><w:tcPr><w:tcW w:w="{w}" w:type="dxa"/></w:tcPr>{inner}</w:tc>')
        made.append("</w:tr>")
    return "".join([*made, "</w:tbl>", paragraph("")])


def body(f: dict[str, Any]) -> list[str]:
    """The parts of the sheet in their order (`f`: what `sheet.facts` gives)."""
    made = [
        _table([[_organ(f), _nation(f)]], (42, 58), head=False, borders=False),
        *([paragraph(f["draft"], bold=True, align="center")] if f["draft"] else []),
        *([paragraph(f["demo"], italic=True, align="center")] if f["demo"] else []),
        paragraph(f["heading"], bold=True, align="center", size=14),
        paragraph(f["about"], bold=True, align="center"),
        paragraph("I. Tình hình báo cáo", bold=True), paragraph(f["handed"]),
        *([paragraph(f["missing"])] if f["missing"] else []),
        *(paragraph(x) for x in f["assessment"]),
        paragraph("II. Số liệu toàn tỉnh", bold=True),
    ]  # fmt: skip
    head = ["Số liệu", "Tháng này", "Tháng trước", "Cùng kỳ", "Kế hoạch năm"]
    for part in f["parts"]:
        made += [paragraph(part["title"], italic=True), table([head, *part["rows"]], (36, 15, 15, 14, 20), words=1)]
    made += [
        table([["Địa phương tự báo cáo", "Cộng", "Từ số địa phương"], *f["own"]], (60, 20, 20), words=1),
        paragraph("III. Vướng mắc và ý kiến của tỉnh", bold=True),
        table([["Địa phương", "Bước", "Vướng mắc", "Đề nghị", "Ý kiến của tỉnh"], *f["blockers"]], (18, 17, 25, 20, 20))
        if f["blockers"] else paragraph("Không có vướng mắc nào trong tháng."),
        *([paragraph("IV. Kiến nghị, nhiệm vụ tháng sau", bold=True)] if f["proposals"] else []),
        *(paragraph(x) for x in f["proposals"]),
        _table([[_recipients(f), _signer(f)]], (50, 50), head=False, borders=False),
        f"<w:p><w:pPr>{_UPRIGHT}</w:pPr></w:p>",
        paragraph("Phụ lục: số liệu theo địa phương", bold=True),
        table([["Địa phương", "Báo cáo", *f["columns"]], *f["places"], ["Chưa rõ địa phương", "", *f["unknown"]],
               ["Cộng", "", *f["all"]]], (20, 18, *([8] * len(f["columns"]))), size=10, words=2, page=LONG),
    ]  # fmt: skip
    return made


def _organ(f: dict[str, Any]) -> str:
    above = [paragraph(f["organ_above"], align="center", size=12)] if f["organ_above"] else []
    own = paragraph(f["organ"], align="center", bold=True, size=12)
    return "".join([*above, own, paragraph(f"Số: {f['number']}", align="center")])


def _nation(f: dict[str, Any]) -> str:
    return (
        paragraph(f["nation"], align="center", bold=True, size=12)
        + paragraph(f["motto"], align="center", bold=True)
        + paragraph(f["place_day"], align="center", italic=True)
    )


def _recipients(f: dict[str, Any]) -> str:
    return paragraph("Nơi nhận:", bold=True, italic=True, size=12) + "".join(
        paragraph(f"- {x}", size=11) for x in f["recipients"]
    )


def _signer(f: dict[str, Any]) -> str:
    room = "".join(paragraph("") for _ in range(4))
    return (
        paragraph(f["signer_office"], align="center", bold=True)
        + room
        + paragraph(f["signer"], align="center", bold=True)
    )


def write(target: IO[bytes], f: dict[str, Any]) -> None:
    """Write the document into the binary file `target`."""
    text = "".join(body(f))
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("[Content_Types].xml", _TYPES)
        made.writestr("_rels/.rels", _RELS)
        made.writestr(
            "word/document.xml",
            f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w:document xmlns:w="{_W}"><w:body>{text}{_LYING}'
            "</w:body></w:document>",
        )
