"""What a delivery would cost: the rate table for people, and an estimate by province before there is an address."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.delivery import fees, queries
from shop.delivery.models import REGION_NAMES, ZONE_NAMES
from shop.kernel import clock, money, web
from shop.kernel.errors import N_, Invalid, ShopError
from shop.places import queries as places

bp = Blueprint("delivery", __name__)


def _asked() -> dict[str, Any]:
    """The parcel that the address describes: `tinh`, `nang` (grams), `tien` (đồng), `lanh`, `cod`.

    Raises:
        Invalid: the weight or the amount cannot be understood.
    """
    raw = request.args.get("nang", "").strip() or "1000"
    if not (raw.isascii() and raw.isdigit() and len(raw) < 8 and int(raw) > 0):
        raise Invalid(N_("Cân nặng phải là số gam, ví dụ 1200."), field="nang")
    tien = request.args.get("tien", "").strip()
    return {
        "lines": [fees.Line(1, int(raw))],
        "origin_province": queries.HOME.get(),
        "to_province": request.args.get("tinh", ""),
        "cold": request.args.get("lanh") == "1",
        "cod": request.args.get("cod") == "1",
        "goods_amount": money.parse_vnd(tien) if tien else 0,
    }


@bp.get("/van-chuyen/uoc-tinh")
@guards.public
@web.public_page()
def estimate() -> Any:
    """The estimate as JSON: total, parts, working days, expected dates if handed over today."""
    quote = queries.quote(**_asked())
    first, last = quote.arrives(clock.today())
    return jsonify(
        total=quote.total_amount,
        total_text=money.vnd(quote.total_amount),
        parts=[{"key": key, "label": gettext(fees.PART_NAMES[key]), "amount": amount} for key, amount in quote.parts()],
        zone=quote.zone.value,
        zone_text=gettext(ZONE_NAMES[quote.zone]),
        weight_g=quote.weight_g,
        days=[quote.days_from, quote.days_to],
        arrives=[first.isoformat(), last.isoformat()],
        free_from=quote.free_from_amount,
        demo=quote.is_demo,
    )


@bp.get("/van-chuyen")
@guards.public
@web.public_page()
def rates() -> Any:
    """The rates for people, with a form that works out one parcel."""
    quote = error = None
    if request.args.get("tinh"):
        try:
            quote = queries.quote(**_asked())
        except ShopError as refusal:
            error = gettext(refusal.title, **refusal.values)
    return render_template(
        "delivery/storefront/rates.html",
        table=queries.current_table(),
        home=places.unit(queries.HOME.get()),
        regions=[
            (REGION_NAMES.get(r), [p.short for p in units]) for r, units in queries.provinces_by_region().items() if r
        ],
        zone_names=ZONE_NAMES,
        part_names=fees.PART_NAMES,
        provinces=places.province_choices(),
        asked={name: request.args.get(name, "") for name in ("tinh", "nang", "tien", "lanh", "cod")},
        quote=quote,
        arrives=quote.arrives(clock.today()) if quote else None,
        error=error,
        kilograms=queries.kilograms,
        canonical_url=web.path("/van-chuyen"),
    )
