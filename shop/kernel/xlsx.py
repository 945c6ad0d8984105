"""A spreadsheet of one sheet, written row by row in constant memory: text as text, whole numbers, days, instants.

A hundred thousand rows are asked for while a person waits, so each cell is one piece of text, and text that came before is not
escaped again.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

# Numbers of `_STYLES`: the head, whole numbers, days, instants.
_BOLD, _WHOLE, _DAY, _INSTANT = 1, 2, 3, 4
_MOST_TEXT = 32_000
_MOST_KNOWN = 20_000
# Where spreadsheets count days from; they hold 1900 for a leap year, so earlier days are written as text.
_EPOCH = date(1899, 12, 30)
_FIRST_DAY = date(1900, 3, 1)

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = {
    "[Content_Types].xml": (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_KIND}.styles+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_KIND}.worksheet+xml"/></Types>'
    ),
    "_rels/.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
        '<sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>'
    ),
    "xl/styles.xml": (
        f'<styleSheet xmlns="{_MAIN}"><numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
        '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm"/></numFmts>'
        '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
        '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        '<cellXfs count="5"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
        '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
        + "".join(
            f'<xf numFmtId="{n}" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
            for n in (3, 164, 165)
        )
        + '</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    ),
}
# What XML cannot hold, and what a reader would take for such a sign.
_ODD = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff\ud800-\udfff]|_(?=x[0-9A-Fa-f]{4}_)")


def _text(value: str) -> str:
    value = value[:_MOST_TEXT]
    if _ODD.search(value):
        value = _ODD.sub(lambda m: f"_x{ord(m[0]):04X}_", value)
    told = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    space = ' xml:space="preserve"' if value != value.strip() else ""
    return f't="inlineStr"><is><t{space}>{told}</t></is></c>'


def _letters(column: int) -> str:
    found = ""
    while column >= 0:
        column, rest = divmod(column, 26)
        found, column = chr(65 + rest) + found, column - 1
    return found


class _Cells:
    """Rows as XML."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        self.letters: list[str] = []

    def row(self, n: int, values: Sequence[Any], style: int = 0) -> str:
        while len(self.letters) < len(values):
            self.letters.append(_letters(len(self.letters)))
        cells = [f'<row r="{n}">']
        for letter, value in zip(self.letters, values, strict=False):
            if value is None:
                continue
            cells.append(f'<c r="{letter}{n}" {self.cell(value, style)}')
        cells.append("</row>")
        return "".join(cells)

    def cell(self, value: Any, style: int) -> str:
        kind = type(value)
        if kind is int:
            return f's="{_WHOLE}"><v>{value}</v></c>'
        if kind is datetime and value.date() >= _FIRST_DAY:
            seconds = value.hour * 3600 + value.minute * 60 + value.second
            return f's="{_INSTANT}"><v>{(value.date() - _EPOCH).days + seconds / 86_400:.8f}</v></c>'
        if kind is date and value >= _FIRST_DAY:
            return f's="{_DAY}"><v>{(value - _EPOCH).days}</v></c>'
        if kind is Decimal and value.is_finite():
            return f"><v>{value}</v></c>"
        told = str(value)
        made = self.known.get(told)
        if made is None:
            made = _text(told)
            if len(self.known) < _MOST_KNOWN:
                self.known[told] = made
        return f's="{style}" {made}' if style else made


def write(target: Any, head: Sequence[str], lines: Iterator[Sequence[Any]]) -> None:
    """Write `head` in bold, frozen, and the rows into the binary file `target`. Cells are str, int, Decimal, date, datetime
    (written as it stands) or None (left empty)."""
    cells = _Cells()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as box:
        for name, part in _PARTS.items():
            box.writestr(name, _HEAD + part)
        with box.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            widths = "".join(
                f'<col min="{n}" max="{n}" width="{max(12, min(len(label) + 4, 40))}" customWidth="1"/>'
                for n, label in enumerate(head, 1)
            )
            begun = (
                f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" '
                'topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
                f"<cols>{widths}</cols><sheetData>{cells.row(1, head, _BOLD)}"
            )
            waiting = [begun]
            for n, line in enumerate(lines, 2):
                waiting.append(cells.row(n, line))
                if n % 500 == 0:
                    sheet.write("".join(waiting).encode())
                    waiting.clear()
            waiting.append("</sheetData></worksheet>")
            sheet.write("".join(waiting).encode())
