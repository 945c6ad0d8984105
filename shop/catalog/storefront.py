"""`/chung-nhan`: anybody checks a certificate. `/media/…`: photographs and papers of certificates."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, redirect, render_template, request

from shop.accounts.guards import public
from shop.catalog import queries
from shop.catalog.models import CERTIFICATE_LEVEL_NAMES, ProductState
from shop.kernel import clock, storage, text, web
from shop.kernel.errors import NotFound
from shop.producers import queries as producers

bp = Blueprint("catalog", __name__)

# What the web may see of the storage, and as what; nothing else in it has an address.
FOLDERS = ("photos/", "certificates/")
TYPES = {"avif": "image/avif", "webp": "image/webp", "jpg": "image/jpeg", "pdf": "application/pdf"}
_YEAR = 31_536_000


@bp.get("/chung-nhan")
@public
@web.public_page()
def certificates() -> Any:
    """The form to type a number; with one (`so`), on to its page."""
    number = text.clean(request.args.get("so", "")).replace("\n", " ")[:80]
    if number:
        web.mark_private()
        return redirect(web.path("/chung-nhan/" + quote(number, safe="/")))
    return render_template("catalog/storefront/certificate.html", number="", found=None, asked=False)


@bp.get("/chung-nhan/<path:number>")
@public
@web.public_page()
def certificate(number: str) -> Any:
    """What the shop's register says of a certificate today: valid, lapsed, revoked, not begun, or unknown."""
    number = text.clean(number).replace("\n", " ")[:80]
    today = clock.today()
    found = queries.certificate_by_number(number)
    values: dict[str, Any] = {"number": number, "asked": True, "found": None, "today": today}
    if found is None:
        return render_template("catalog/storefront/certificate.html", error_code=NotFound.code, **values), 404
    c, product, producer = found
    values |= {
        "found": c,
        "standing": queries.standing(c, today),
        "waits": queries.waits(c, today),
        "level": CERTIFICATE_LEVEL_NAMES[c.level],
        "goods": product,
        "product_shown": product.state is ProductState.SHOWN,
        "producer": producer,
        "place": producers.place_of(product),
        "newer": queries.current_certificate(product.id, today),
    }
    return render_template("catalog/storefront/certificate.html", **values)


@bp.get("/media/<path:key>")
@public
def media(key: str) -> Response:
    """Bytes that never change under their key. Only pictures of our own making and papers are given out."""
    kind = TYPES.get(key.rpartition(".")[2])
    if kind is None or not key.startswith(FOLDERS):
        raise NotFound
    etag = key.rpartition("/")[2]
    if request.if_none_match.contains_weak(etag):
        response = Response(status=304)
    else:
        response = Response(storage.storage().get(storage.checked(key)), mimetype=kind)
    response.set_etag(etag)
    response.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if kind == "application/pdf":
        response.headers["Content-Disposition"] = f'attachment; filename="{etag}"'
    return response
