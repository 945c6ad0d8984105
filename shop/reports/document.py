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
    + "".join(
        f'<Override PartName="/word/{name}.xml" '
        f'ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.{kind}+xml"/>'
        for name, kind in (("document", "document.main"), ("styles", "styles"), ("header1", "header"))
    )
    + "</Types>"
)
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def _relations(*parts: tuple[str, str]) -> str:
    made = (
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(parts, 1)
    )
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    return f'{head}<Relationships xmlns="{_PACKAGE}">{"".join(made)}</Relationships>'


_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_FONT = '<w:rFonts w:ascii="Times New Roman" w:hAnsi="Times New Roman" w:eastAsia="Times New Roman" w:cs="Times New Roman"/>'
# What is typed into the text afterwards looks like the text.
_STYLES = (
    f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w:styles xmlns:w="{_W}"><w:docDefaults><w:rPrDefault><w:rPr>'
    f'{_FONT}<w:sz w:val="26"/><w:lang w:val="vi-VN"/></w:rPr></w:rPrDefault></w:docDefaults>'
    '<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/></w:style></w:styles>'
)
# The number of the page in the middle of the upper margin, from the second page on (Decree 30/2020/NĐ-CP, annex I).
_HEADER = (
    f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w:hdr xmlns:w="{_W}"><w:p><w:pPr><w:jc w:val="center"/></w:pPr>'
    + "".join(
        f"<w:r>{inner}</w:r>"
        for inner in (
            '<w:fldChar w:fldCharType="begin"/>', '<w:instrText xml:space="preserve"> PAGE </w:instrText>',
            '<w:fldChar w:fldCharType="separate"/>', "<w:t>2</w:t>", '<w:fldChar w:fldCharType="end"/>',
        )
    )
    + "</w:p></w:hdr>"
)  # fmt: skip
# Twentieths of a point: A4 with the margins of Decree 30/2020/NĐ-CP (20 mm above, below and right, 30 mm left); the annex lies
# on its side, ten columns want the long one.
_MARGINS = (
    '<w:pgMar w:top="1134" w:right="1134" w:bottom="1134" w:left="{left}" w:header="567" w:footer="567" w:gutter="0"/>'
)
_NUMBERED = f'<w:headerReference xmlns:r="{_OFFICE}" w:type="default" r:id="rId2"/>'
_UPRIGHT = f'<w:sectPr>{_NUMBERED}<w:pgSz w:w="11906" w:h="16838"/>{_MARGINS.format(left=1701)}<w:titlePg/></w:sectPr>'
_LYING = f'<w:sectPr>{_NUMBERED}<w:pgSz w:w="16838" w:h="11906" w:orient="landscape"/>{_MARGINS.format(left=1134)}</w:sectPr>'
WIDTH, LONG = 9071, 14570


def _run(words: str, *, bold: bool, size: int, italic: bool) -> str:
    kept = "".join(c for c in words if c >= " " or c == "\t")
    marks = ("<w:b/>" if bold else "") + ("<w:i/>" if italic else "")
    return (
        f'<w:r><w:rPr>{_FONT}{marks}<w:sz w:val="{size * 2}"/></w:rPr>'
        f'<w:t xml:space="preserve">{escape(kept)}</w:t></w:r>'
    )


def paragraph(
    words: str, *, align: str = "left", bold: bool = False, size: int = 13, italic: bool = False, after: int = 80,
    stays: bool = False, before: int = 0,
) -> str:  # fmt: skip
    """One paragraph; `size` in points, room `before` and `after` in twentieths of a point. `stays`: with what follows."""
    run = _run(words, bold=bold, size=size, italic=italic) if words else ""
    keep = "<w:keepNext/>" if stays else ""
    return f'<w:p><w:pPr>{keep}<w:spacing w:before="{before}" w:after="{after}"/><w:jc w:val="{align}"/></w:pPr>{run}</w:p>'


def heading(words: str, *, part: bool = False) -> str:
    """The title of a chapter, or of a `part` of one; it stays with what follows and stands in the reader's outline."""
    made = paragraph(words, bold=not part, italic=part, stays=True, before=120 if part else 200)
    return made.replace("</w:pPr>", f'<w:outlineLvl w:val="{int(part)}"/></w:pPr>', 1)


def rule(cell: int, length: int) -> str:
    """A short line below words in the middle of a `cell` so many twentieths of a point wide."""
    side = max(0, (cell - length) // 2)
    return (
        '<w:p><w:pPr><w:pBdr><w:top w:val="single" w:sz="6" w:space="1" w:color="auto"/></w:pBdr>'
        f'<w:spacing w:before="20" w:after="40" w:line="60" w:lineRule="exact"/><w:ind w:left="{side}" w:right="{side}"/>'
        "</w:pPr></w:p>"
    )


def table(
    rows: Iterable[Sequence[str]], widths: Sequence[int], *, size: int = 11, words: int = 0, page: int = WIDTH,
    last: int = 0, below: int = 120,
) -> str:  # fmt: skip
    """A table; `widths` are shares of the `page`. The first row is its head and repeats on every page, the `last` rows are
    sums; the columns from the number `words` on hold numbers (0: all are words). `below`: room after it."""
    lines = list(rows)

    def cell(value: str, column: int, row: int) -> str:
        align = "right" if words and column >= words else "left"
        bold = row == 0 or row >= len(lines) - last
        kept = "center" if row == 0 else align
        return "".join(paragraph(part, bold=bold, size=size, align=kept, after=0) for part in value.split("\n"))

    made = ([cell(value, n, row) for n, value in enumerate(line)] for row, line in enumerate(lines))
    return _table(made, widths, head=True, borders=True, page=page, below=below)


def _gap(room: int) -> str:
    return f'<w:p><w:pPr><w:spacing w:before="0" w:after="0" w:line="{room}" w:lineRule="exact"/></w:pPr></w:p>'


def _table(
    rows: Iterable[Sequence[str]],
    widths: Sequence[int],
    *,
    head: bool,
    borders: bool,
    page: int = WIDTH,
    below: int = 120,
) -> str:
    """The same of cells that are paragraphs already."""
    whole = sum(widths)
    cells = [page * w // whole for w in widths]
    line = '<w:{0} w:val="single" w:sz="4" w:space="0" w:color="auto"/>' if borders else '<w:{0} w:val="nil"/>'
    edges = "".join(line.format(side) for side in ("top", "left", "bottom", "right", "insideH", "insideV"))
    room = (
        '<w:tblCellMar><w:top w:w="30" w:type="dxa"/><w:left w:w="70" w:type="dxa"/><w:bottom w:w="30" w:type="dxa"/>'
    )
    made = [
        f'<w:tbl><w:tblPr><w:tblW w:w="{page}" w:type="dxa"/><w:tblBorders>{edges}</w:tblBorders>'
        f'<w:tblLayout w:type="fixed"/>{room}<w:right w:w="70" w:type="dxa"/></w:tblCellMar></w:tblPr><w:tblGrid>'
        + "".join(f'<w:gridCol w:w="{w}"/>' for w in cells)
        + "</w:tblGrid>"
    ]
    for n, row in enumerate(rows):
        first = head and n == 0
        made.append("<w:tr><w:trPr><w:cantSplit/>" + ("<w:tblHeader/>" if first else "") + "</w:trPr>")
        middle = '<w:vAlign w:val="center"/>' if first else ""
        for w, inner in zip(cells, row, strict=True):
            made.append(f'<w:tc><w:tcPr><w:tcW w:w="{w}" w:type="dxa"/>{middle}</w:tcPr>{inner}</w:tc>')
        made.append("</w:tr>")
    return "".join([*made, "</w:tbl>", _gap(below)])


_HEADS = (42, 58)


def body(f: dict[str, Any]) -> list[str]:
    """The parts of the sheet in their order (`f`: what `sheet.facts` gives)."""
    made = [
        _table([[_organ(f), _nation(f)]], _HEADS, head=False, borders=False),
        *([paragraph(f["draft"], bold=True, align="center")] if f["draft"] else []),
        *([paragraph(f["demo"], italic=True, align="center")] if f["demo"] else []),
        paragraph(f["heading"], bold=True, align="center", size=14, before=200),
        paragraph(f["about"], bold=True, align="center"), rule(WIDTH, 2200),
        heading("I. Tình hình báo cáo"), paragraph(f["handed"], align="both"),
        *([paragraph(f["missing"], align="both")] if f["missing"] else []),
        *(paragraph(x, align="both") for x in f["assessment"]),
        heading("II. Số liệu toàn tỉnh"),
    ]  # fmt: skip
    head = ["Số liệu", "Tháng này", "Tháng trước", "Cùng kỳ", "Kế hoạch năm"]
    for part in f["parts"]:
        made += [
            heading(part["title"], part=True), table([head, *part["rows"]], (36, 15, 15, 15, 19), words=1)
        ]  # fmt: skip
    made += [
        heading("Số liệu địa phương tự báo cáo", part=True),
        table([["Số liệu", "Cộng", "Từ số địa phương"], *f["own"]], (56, 22, 22), words=1),
        heading("III. Vướng mắc và ý kiến của tỉnh"),
        table([["Địa phương", "Bước", "Vướng mắc", "Đề nghị", "Ý kiến của tỉnh"], *f["blockers"]], (18, 17, 25, 20, 20))
        if f["blockers"] else paragraph("Không có vướng mắc nào trong tháng."),
        *([heading("IV. Kiến nghị, nhiệm vụ tháng sau")] if f["proposals"] else []),
        *(paragraph(x, align="both", stays=n == len(f["proposals"])) for n, x in enumerate(f["proposals"], 1)),
        _table([[_recipients(f), _signer(f)]], (50, 50), head=False, borders=False),
        f"<w:p><w:pPr><w:spacing w:before=\"0\" w:after=\"0\" w:line=\"20\" w:lineRule=\"exact\"/>{_UPRIGHT}</w:pPr></w:p>",
        paragraph("PHỤ LỤC", bold=True, align="center", after=0, stays=True),
        paragraph("Số liệu theo địa phương", bold=True, align="center", stays=True),
        table([["Địa phương", "Báo cáo", *f["columns"]], *f["places"], ["Chưa rõ địa phương", "", *f["unknown"]],
               ["Cộng", "", *f["all"]]], (19, 21, *(11 if key == "sales" else 7 for key in f["keys"])), size=10, words=2,
              page=LONG, last=1, below=20),
    ]  # fmt: skip
    return made


def _organ(f: dict[str, Any]) -> str:
    above = [paragraph(f["organ_above"], align="center", size=12, after=0)] if f["organ_above"] else []
    own = paragraph(f["organ"], align="center", bold=True, size=12, after=0)
    number = paragraph(f"Số: {f['number']}", align="center")
    return "".join([*above, own, rule(WIDTH * _HEADS[0] // 100, 1100), number])


def _nation(f: dict[str, Any]) -> str:
    return (
        paragraph(f["nation"], align="center", bold=True, size=12, after=0)
        + paragraph(f["motto"], align="center", bold=True, after=0)
        + rule(WIDTH * _HEADS[1] // 100, 2900)
        + paragraph(f["place_day"], align="center", italic=True)
    )


def _recipients(f: dict[str, Any]) -> str:
    return paragraph("Nơi nhận:", bold=True, italic=True, size=12, after=0, before=200) + "".join(
        paragraph(f"- {x}" + ("." if n == len(f["recipients"]) else ";"), size=11, after=0)
        for n, x in enumerate((x.rstrip(";.") for x in f["recipients"]), 1)
    )


def _signer(f: dict[str, Any]) -> str:
    room = "".join(paragraph("") for _ in range(4))
    return (
        paragraph(f["signer_office"], align="center", bold=True, before=200)
        + room
        + paragraph(f["signer"], align="center", bold=True)
    )


def write(target: IO[bytes], f: dict[str, Any]) -> None:
    """Write the document into the binary file `target`."""
    text = "".join(body(f))
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("[Content_Types].xml", _TYPES)
        made.writestr("_rels/.rels", _relations(("officeDocument", "word/document.xml")))
        made.writestr("word/_rels/document.xml.rels", _relations(("styles", "styles.xml"), ("header", "header1.xml")))
        made.writestr("word/styles.xml", _STYLES)
        made.writestr("word/header1.xml", _HEADER)
        made.writestr(
            "word/document.xml",
            f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w:document xmlns:w="{_W}"><w:body>{text}{_LYING}'
            "</w:body></w:document>",
        )
