"""Tables for tests: made by xlsxwriter, or by hand where no program writes such a thing."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

import xlsxwriter

HEAD = ["Mã hàng", "Tên sản phẩm", "Bộ sản phẩm", "Quy cách", "Khối lượng tịnh / thể tích", "Giá bán (₫)"]


def goods(n: int = 3, first: int = 1) -> list[list[Any]]:
    """Rows of new goods."""
    return [
        [f"SP-{i:03d}", f"Chả mực số {i}", 8, "Hộp 500 g", "500 g", 120_000 + i * 1000] for i in range(first, first + n)
    ]


def book(*rows: Sequence[Any], more: Callable[[Any, Any], None] | None = None, name: str = "Bảng giá") -> bytes:
    """An XLSX of these rows; `more(workbook, worksheet)` adds what is odd about it."""
    out = io.BytesIO()
    made = xlsxwriter.Workbook(out, {"strings_to_formulas": False, "strings_to_numbers": False})
    sheet = made.add_worksheet(name)
    for r, row in enumerate(rows):
        for c, value in enumerate(row):
            if value is not None and value != "":
                sheet.write(r, c, value)
    if more is not None:
        more(made, sheet)
    made.close()
    return out.getvalue()


def text(*rows: Sequence[Any], encoding: str = "utf-8", separator: str = ",") -> bytes:
    """A CSV of these rows."""
    out = io.StringIO()
    csv.writer(out, delimiter=separator).writerows(rows)
    return out.getvalue().encode(encoding)


def by_hand(sheet: str, names: str = '<sheet name="A" sheetId="1" r:id="rId1"/>') -> bytes:
    """An XLSX whose sheet is this XML (the inside of `<worksheet>`)."""
    kind = "http://schemas.openxmlformats.org"
    parts = {
        "[Content_Types].xml": f'<?xml version="1.0"?><Types xmlns="{kind}/package/2006/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" '
        'ContentType="application/xml"/><Override PartName="/xl/workbook.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>',
        "_rels/.rels": f'<?xml version="1.0"?><Relationships xmlns="{kind}/package/2006/relationships"><Relationship Id="rId1" '
        f'Type="{kind}/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<?xml version="1.0"?><workbook xmlns="{kind}/spreadsheetml/2006/main" '
        f'xmlns:r="{kind}/officeDocument/2006/relationships"><sheets>{names}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<?xml version="1.0"?><Relationships xmlns="{kind}/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{kind}/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/>'
        "</Relationships>",
        "xl/worksheets/sheet1.xml": f'<?xml version="1.0"?><worksheet xmlns="{kind}/spreadsheetml/2006/main">'
        f"{sheet}</worksheet>",
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as box:
        for name, told in parts.items():
            box.writestr(name, told)
    return out.getvalue()
