"""`/office/products/<slug>/groups`: into which group of which list a product was put; linked from the product's own page."""

from __future__ import annotations

from typing import Any

from flask import flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.catalog.queries import office as catalog
from shop.cycle import forms
from shop.cycle.office import bp
from shop.cycle.queries import ideas as queries
from shop.cycle.services import ideas as services
from shop.kernel import web
from shop.kernel.errors import NotFound, ShopError
from shop.kernel.forms import messages

P = Permission


def _locality(slug: str, **_values: Any) -> str | None:
    return catalog.product_scope(slug)


def _page(slug: str, error: ShopError | None = None) -> Any:
    row = catalog.product(slug)
    if row is None:
        raise NotFound
    page = render_template(
        "cycle/office/groups.html", p=row, groups=queries.groups_of(row.id), v=request.form, errors=messages(error),
        address=web.path(f"/office/products/{row.slug}/groups"), choices=queries.group_choices(),
        may_edit=guards.may(P.CYCLE_EDIT, _locality(slug) or "*"), error_code=error.code if error else None,
    )  # fmt: skip
    return make_response(page, error.status if error else 200)


@bp.get("/products/<slug>/groups")
@guards.requires(P.CATALOG_READ, scope=_locality)
def product_groups(slug: str) -> Any:
    """Into which group of which list a product was put, by whom and why."""
    return _page(slug)


@bp.post("/products/<slug>/groups")
@guards.requires(P.CYCLE_EDIT, scope=_locality)
def put_product_in_group(slug: str) -> Any:
    """Put it into a group, whether an idea led to it or not."""
    row = catalog.product(slug)
    if row is None:
        raise NotFound
    try:
        services.put_in_group(guards.actor(), row.id, forms.number(request.form, "group"), request.form.get("why", ""))
    except NotFound:
        raise
    except ShopError as error:
        return _page(slug, error)
    flash(gettext("Đã xếp nhóm."), "ok")
    return redirect(web.path(f"/office/products/{row.slug}/groups"), 303)
