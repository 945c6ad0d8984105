"""`/so-dang-ky-ocop`: the public register of certificates, searched, narrowed, on a map, as a file."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, render_template, request
from flask_babel import gettext

from shop.accounts.guards import public
from shop.catalog.models import CERTIFICATE_LEVEL_NAMES
from shop.catalog.queries.office import STANDING_NAMES
from shop.decisions.queries import register
from shop.kernel import clock, tables, web

bp = Blueprint("decisions", __name__)
HERE = "/so-dang-ky-ocop"
KINDS = {"valid": "ok", "lapsed": "warn", "revoked": "bad", "replaced": "", "pending": "info"}


@bp.get(HERE)
@public
@web.public_page()
def index() -> Any:
    """A page of the register."""
    wanted = register.choice(request.args)
    raw = request.args.get("trang", "")
    number = min(max(int(raw), 1), register.LAST_PAGE) if raw.isascii() and raw.isdigit() and len(raw) < 6 else 1
    found, english = register.page(wanted, number), web.language() == "en"
    here = web.path(HERE)
    return render_template(
        "decisions/storefront/register.html",
        here=here,
        wanted=wanted,
        found=found,
        options=register.options(english),
        map=register.by_area(wanted),
        areas=register.areas(),
        english=english,
        levels=CERTIFICATE_LEVEL_NAMES,
        standing_names=STANDING_NAMES,
        standing_kinds=KINDS,
        csv_url=web.path(f"{HERE}.csv") + wanted.query(),
        previous_url=here + wanted.query(trang=number - 1 if number > 2 else "") if number > 1 else "",
        next_url=here + wanted.query(trang=number + 1) if found.more else "",
        today=clock.today(),
    )


@bp.get(f"{HERE}.csv")
@public
@web.public_page()
def download() -> Response:
    """The register, or what of it was asked for, as CSV."""
    wanted = register.choice(request.args)
    lines = (register.line(row) for row in register.everything(wanted))
    head = [gettext(name) for name in register.COLUMNS]
    return Response("".join(tables.csv_lines(head, lines)), mimetype="text/csv")
