"""`/xac-nhan-tuoi`: goods for adults are shown, found and sold only to those who have said that they are 18 or older.

The answer is a cookie of this browser and nothing else: no date of birth is asked, nothing is stored of who said it. Lists
without the cookie never hold such goods and are the same for everybody; with it they are the visitor's own and kept nowhere.
"""

from __future__ import annotations

from urllib.parse import quote

from flask import Response, current_app, make_response, redirect, render_template, request

from shop.accounts.guards import public
from shop.kernel import web
from shop.pages.storefront import bp

COOKIE = "adult"
_DAYS = 30


def confirmed() -> bool:
    """Whether this browser has said that its reader is of age."""
    return request.cookies.get(COOKIE) == "1"


def ask_url(target: str) -> str:
    """The address that asks, and leads on to `target` (a path of this shop in the language of the request)."""
    return web.path("/xac-nhan-tuoi") + "?next=" + quote(target, safe="")


@bp.get("/xac-nhan-tuoi")
@public
@web.public_page()
def age() -> str:
    """Ask for the age."""
    target = web.safe_next(request.args.get("next"), web.path("/san-pham"))
    return render_template("pages/storefront/age.html", target=target)


@bp.post("/xac-nhan-tuoi")
@public
@web.public_form
def confirm_age() -> Response:
    """Remember the answer in this browser and go on."""
    target = web.safe_next(request.form.get("next"), web.path("/san-pham"))
    if request.form.get("adult") != "1":
        response = make_response(redirect(web.path("/san-pham"), 303))
        response.delete_cookie(COOKIE, path="/", httponly=True, samesite="Lax", secure=_secure())
        return response
    # Another address than the page without these goods, which the browser may still keep for some seconds.
    response = make_response(redirect(target + ("&" if "?" in target else "?") + "tuoi=18", 303))
    response.set_cookie(
        COOKIE, "1", max_age=_DAYS * 24 * 3600, path="/", httponly=True, samesite="Lax", secure=_secure()
    )
    return response


def _secure() -> bool:
    return bool(current_app.extensions["shop_config"].https)
