"""`/office/demand/unmet`: what people wanted and the shop had not, by goods, by words, by place, down to the single ask."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import render_template, request

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.catalog.errors import NoSuchProduct
from shop.catalog.queries import office as catalog
from shop.demand.models.unmet import CHANNEL_NAMES, KIND_NAMES
from shop.demand.office import bp
from shop.demand.queries import unmet
from shop.kernel import charts, clock, tables, web

P = Permission
HERE = "/office/demand/unmet"
DAYS = 30


def locality(**view_args: Any) -> str | None:
    """The scope of the product that an address names."""
    return catalog.product_scope(str(view_args["slug"]))


def since() -> str:
    """The first of the last thirty days: what lists show at first sight."""
    return (clock.today() - timedelta(days=DAYS - 1)).isoformat()


def _args() -> dict[str, str]:
    args = request.args.to_dict()
    return args if {"from", "to"} & args.keys() else args | {"from": since()}


def _page(view: tables.View, name: str, **more: Any) -> Any:
    if view.export:
        return view.download()
    return render_template(
        f"demand/office/{name}.html",
        here=HERE,
        view=view,
        shares=unmet.shares(),
        number=charts.number,
        demo=unmet.is_demo(),
        everything="*" in guards.scopes(P.DEMAND_READ),
        **more,
    )


@bp.get("/demand/unmet")
@guards.requires(P.DEMAND_READ)
def by_goods() -> Any:
    """What lacked of each pack, the most đồng first."""
    scopes = guards.scopes(P.DEMAND_READ)
    view = unmet.by_goods(_args(), HERE, scopes)
    first = clock.today() - timedelta(days=DAYS - 1)
    return _page(view, "unmet", total=None if view.export else unmet.total(scopes, first), days=DAYS)


@bp.get("/demand/unmet/words")
@guards.requires_all(P.DEMAND_READ)
def by_words() -> Any:
    """What was looked for in words and is not there: nobody's locality, so for readers of all."""
    return _page(unmet.by_words(_args(), f"{HERE}/words"), "unmet_words")


@bp.get("/demand/unmet/places")
@guards.requires(P.DEMAND_READ)
def by_place() -> Any:
    """Where it lacked."""
    return _page(unmet.by_place(_args(), f"{HERE}/places", guards.scopes(P.DEMAND_READ)), "unmet_places")


@bp.get("/demand/unmet/products/<slug>")
@guards.requires(P.DEMAND_READ, scope=locality)
def of_product(slug: str) -> Any:
    """Every single ask of one product that is still kept.

    Raises:
        NoSuchProduct: the address names none.
    """
    product = catalog.product(slug)
    if product is None:
        raise NoSuchProduct
    first = clock.today() - timedelta(days=DAYS - 1)
    view = unmet.asks_of(request.args.to_dict(), f"{HERE}/products/{slug}", product.id)
    return _page(
        view,
        "unmet_product",
        product=product,
        kinds=[] if view.export else unmet.kinds_of(product.id, first),
        kind_names=KIND_NAMES,
        channel_names=CHANNEL_NAMES,
        days=DAYS,
        kept_days=unmet.kept_days(),
        back=web.path(HERE),
    )
