"""Label sheets: one lot's labels with a code that leads to its trace page. Sizes are those sold in shops of Vietnam."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import segno
from flask import current_app
from flask_babel import force_locale, gettext

from shop.catalog import queries as catalog
from shop.kernel import clock, papers
from shop.kernel.dates import day
from shop.kernel.errors import N_, Invalid
from shop.kernel.money import vnd
from shop.stock.queries.lots import LotView

TEMPLATE = "stock/papers/labels.typ"
MOST = 1000


@dataclass(frozen=True, slots=True)
class Size:
    """A label of `width` × `height` mm; on a sheet `across` × `down` of them from a corner (mm), on a roll one a page."""

    key: str
    name: str
    width: float
    height: float
    across: int = 1
    down: int = 1
    left: float = 0.0
    top: float = 0.0

    @property
    def on_roll(self) -> bool:
        return self.across * self.down == 1

    @property
    def per_page(self) -> int:
        return self.across * self.down


SIZES = {
    size.key: size
    for size in (
        Size("roll-40x30", N_("Cuộn 40 × 30 mm"), 40, 30),
        Size("roll-50x30", N_("Cuộn 50 × 30 mm"), 50, 30),
        # A4 is 210 × 297 mm: 3 × 70 fill the width, 8 × 37 leave 0.5 mm above; 4 × 48.5 leave 8 mm, 10 × 25.4 leave 21.5.
        Size("a4-70x37", N_("Tờ A4, 24 tem 70 × 37 mm"), 70, 37, 3, 8, 0.0, 0.5),
        Size("a4-48x25", N_("Tờ A4, 40 tem 48,5 × 25,4 mm"), 48.5, 25.4, 4, 10, 8.0, 21.5),
    )
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What to print: so many labels of a size, the first at place `start` (1…) of the first sheet."""

    size: Size
    count: int
    start: int = 1
    price: bool = False


def wish(form: Mapping[str, str]) -> Wish:
    """Read the form.

    Raises:
        Invalid: no such size, a count or a place that makes no sense.
    """
    size = SIZES.get(form.get("size", ""))
    if size is None:
        raise Invalid(N_("Hãy chọn cỡ tem."), field="size")
    count = _count(form.get("count", ""), MOST, "count")
    start = 1 if size.on_roll else _count(form.get("start", "") or "1", size.per_page, "start")
    return Wish(size, count, start, bool(form.get("price")))


def _count(raw: str, most: int, field: str) -> int:
    raw = raw.strip()
    if not raw.isascii() or not raw.isdigit() or len(raw) > 6 or not 1 <= int(raw) <= most:
        raise Invalid(N_("Hãy nhập số nguyên từ 1 đến %(n)s."), field=field, n=most)
    return int(raw)


def address(trace_code: str) -> str:
    """The address a label leads to."""
    return f"{current_app.extensions['shop_config'].base_url}/truy-xuat/{trace_code}"


def _qr(content: str) -> str:
    out = io.BytesIO()
    segno.make_qr(content, error="m").save(out, kind="svg", border=0, xmldecl=False)
    return out.getvalue().decode()


def data(lot: LotView, trace_code: str, asked: Wish) -> dict[str, Any]:
    """What the template is given. A label speaks Vietnamese, whoever prints it: the law wants it so."""
    size = asked.size
    price = catalog.sellable([lot.variant_id], clock.now())[lot.variant_id].unit_price_amount if asked.price else None
    with force_locale("vi"):
        dates = [
            text
            for text in (
                gettext("NSX %(day)s", day=day(lot.produced_on)) if lot.produced_on else "",
                gettext("HSD %(day)s", day=day(lot.expires_on)) if lot.expires_on else "",
            )
            if text
        ]
        label = {
            "name": lot.product,
            "pack": lot.pack,
            "lot": gettext("Lô %(code)s", code=lot.code),
            "dates": dates,
            "price": vnd(price) if price else "",
            "scan": gettext("Quét để truy xuất"),
            "code": trace_code,
            "qr": _qr(address(trace_code)),
        }
    return {
        "width": size.width,
        "height": size.height,
        "across": size.across,
        "down": size.down,
        "left": size.left,
        "top": size.top,
        "roll": size.on_roll,
        "skip": asked.start - 1,
        "count": asked.count,
        "label": label,
    }


def sheet(lot: LotView, trace_code: str, asked: Wish) -> bytes:
    """The labels as PDF."""
    return papers.pdf(TEMPLATE, data(lot, trace_code, asked), title=f"{lot.sku} {lot.code}")
