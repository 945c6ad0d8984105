"""Papers of fairs as PDF: the plan with its list of booths."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask_babel import gettext

from shop.exhibitions.drawn import UNIT, Drawn, words
from shop.exhibitions.models.fairs import FeatureKind
from shop.kernel import clock, papers, web
from shop.kernel.dates import day, instant

PLAN = "exhibitions/papers/plan.typ"


def plan_data(p: Drawn, *, published: bool) -> dict[str, Any]:
    """What the template is given: lengths in cells, sizes of letters in cells."""
    fair = p.fair
    days = f"{day(fair.from_on)} – {day(fair.last_on)}" if fair.from_on and fair.last_on else fair.date_text or ""
    return {
        "lang": web.language(),
        "shop": gettext("Chợ Bến"),
        "owner": fair.organiser or "",
        "owner_line": "",
        "printed": gettext("In lúc %(at)s", at=instant(clock.now())),
        "demo": gettext("Số liệu minh họa") if fair.is_demo else "",
        "name": words(fair.name, fair.name_en),
        "sub": " · ".join(part for part in (days, fair.venue) if part),
        "columns": fair.columns,
        "rows": fair.rows,
        "bar": p.bar / UNIT,
        "bar_label": f"{p.bar_m} m",
        "zones": [{"name": z.name, "hatch": z.hatch, "colour": z.row.colour.value, "booths": z.booths, "x": z.x / UNIT,
                   "y": z.y / UNIT} for z in p.zones],
        "features": [
            {"x": f.row.x, "y": f.row.y, "w": f.row.columns, "h": f.row.rows, "name": f.name if f.size else "",
             "size": f.size / UNIT, "upright": f.upright, "aisle": f.row.kind is FeatureKind.AISLE,
             "wall": f.row.kind is FeatureKind.WALL}
            for f in p.features
        ],
        "booths": [
            {"code": b.row.code, "x": b.row.x, "y": b.row.y, "w": b.row.columns, "h": b.row.rows, "size": b.size / UNIT,
             "hatch": b.zone.hatch if b.zone else 0, "colour": b.zone.row.colour.value if b.zone else "",
             "zone": b.zone.name if b.zone else "–", "type": b.type_name, "off": b.row.out_of_use,
             "makers": [m.name for m in b.makers]}
            for b in p.booths
        ],
        "published": published,
        "t": {
            "page": gettext("Trang"),
            "legend": gettext("Chú giải"),
            "list": gettext("Danh sách gian"),
            "booth": gettext("Gian"),
            "zone": gettext("Khu"),
            "type": gettext("Loại gian"),
            "maker": gettext("Cơ sở"),
            "off": gettext("không dùng"),
            "none": gettext("Sơ đồ chưa có gian nào."),
        },
    }  # fmt: skip


def plan(p: Drawn, *, published: bool) -> bytes:
    """The plan as PDF, A3 across; `published`: with the column of who stands where."""
    return papers.pdf(PLAN, plan_data(p, published=published), title=gettext("Sơ đồ gian hàng"))


def answer(made: bytes, name: str) -> Response:
    """A PDF to look at, called `name`."""
    response = Response(made, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    return response
