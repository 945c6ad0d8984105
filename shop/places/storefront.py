"""What everybody may ask about places: the lists of the address picker, and where an old address is now."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Response, render_template, request

from shop.accounts import guards
from shop.kernel import web
from shop.kernel.errors import NotFound
from shop.places import queries
from shop.places.models import Level

bp = Blueprint("places", __name__)
DAY_SECONDS = 86_400
HOUR_SECONDS = 3_600


def _lasting(body: Any, seconds: int = DAY_SECONDS) -> Response:
    """JSON that any cache may keep for `seconds`, with an ETag of its content."""
    response = Response(json.dumps(body, ensure_ascii=False, separators=(",", ":")), mimetype="application/json")
    response.add_etag()
    response.headers["Cache-Control"] = f"public, max-age={seconds}"
    response.vary.add("Accept-Encoding")
    return response.make_conditional(request)  # type: ignore[return-value]


def _brief(unit: queries.UnitView) -> dict[str, Any]:
    return {"code": unit.code, "name": unit.name, "type": unit.type.value}


@bp.get("/dia-danh/tinh")
@guards.public
def provinces() -> Response:
    """All provinces, or those that fit `q`."""
    typed = request.args.get("q", "")
    found = queries.find(typed, level=Level.PROVINCE, limit=50) if typed else queries.provinces()
    return _lasting([_brief(u) | {"short": u.short} for u in found])


@bp.get("/dia-danh/xa")
@guards.public
def communes() -> Response:
    """The communes of the province `tinh`, or those of them that fit `q`."""
    province = queries.unit(request.args.get("tinh", ""))
    if province is None or province.level is not Level.PROVINCE:
        raise NotFound
    typed = request.args.get("q", "")
    found = queries.find(typed, province=province.code, limit=50) if typed else queries.communes(province.code)
    return _lasting([_brief(u) for u in found])


@bp.get("/dia-danh/tim")
@guards.public
def search() -> Response:
    """The readings of an address in old or new units, and where each is now."""
    return _lasting([_told(t) for t in queries.understand(request.args.get("q", ""))], HOUR_SECONDS)


def _told(told: queries.Understood) -> dict[str, Any]:
    return _brief(told.unit) | {
        "level": told.unit.level.value,
        "text": told.text,
        "current": told.current,
        "certain": told.certain,
        "guessed": told.guessed,
        "successors": [
            _brief(s.unit)
            | {
                "level": s.unit.level.value,
                "province": s.unit.parent_code if s.unit.level is Level.COMMUNE else s.unit.code,
                "text": s.text,
                "partly": s.partly,
            }
            for s in told.successors
        ],
    }


@bp.get("/dia-danh")
@guards.public
@web.public_page()
def old_address() -> str:
    """Old address → new, for people."""
    typed = request.args.get("q", "").strip()[:200]
    return render_template(
        "places/storefront/old_address.html",
        typed=typed,
        readings=queries.understand(typed) if typed else [],
        canonical_url=web.path("/dia-danh"),
    )
