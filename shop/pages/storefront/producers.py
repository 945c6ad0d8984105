"""`/nha-san-xuat`: who makes the goods, and each maker's page with what it makes."""

from __future__ import annotations

from typing import Any

from flask import current_app, render_template

from shop.accounts.guards import public
from shop.catalog import browse, queries
from shop.kernel import web
from shop.pages.cards import cards
from shop.pages.storefront import age, bp
from shop.producers import queries as producers
from shop.producers.errors import NoSuchProducer
from shop.producers.models import ProducerState


@bp.get("/nha-san-xuat")
@public
@web.public_page()
def makers() -> str:
    """All producers, as a dictionary orders them, with how many goods each has here."""
    counts = queries.shown_counts()
    rows = [
        {
            "slug": p.slug,
            "name": p.name,
            "form": producers.legal_form_name(p.legal_form),
            "place": producers.place_of(p),
            "count": counts.get(p.id, 0),
        }
        for p in producers.shown()
    ]
    return render_template("pages/storefront/producers.html", section="products", rows=rows)


@bp.get("/nha-san-xuat/<slug>")
@public
def maker(slug: str) -> Any:
    """A producer and its goods. Who has said to be of age sees its drinks too, on a page of his own."""
    if age.confirmed():
        web.mark_private()
        return _maker(slug, adult=True)
    return _public_maker(slug)


@web.public_page()
def _public_maker(slug: str) -> str:
    return _maker(slug, adult=False)


def _maker(slug: str, *, adult: bool) -> str:
    p = producers.by_slug(slug)
    if p is None or p.state is not ProducerState.ACTIVE:
        raise NoSuchProducer
    rows = browse.of_producer(p.id, adult=adult)
    kept_back = 0 if adult else queries.shown_counts(p.id, alcohol=True).get(p.id, 0)
    return render_template(
        "pages/storefront/producer.html",
        section="products",
        p=p,
        form=producers.legal_form_name(p.legal_form),
        place=producers.place_of(p),
        story=(p.story_en if web.language() == "en" else None) or p.story,
        products=cards(rows),
        demo=p.is_demo or any(row.is_demo for row in rows),
        kept_back=kept_back,
        age_url=age.ask_url(web.path(f"/nha-san-xuat/{slug}")),
        canonical_url=f"{current_app.extensions['shop_config'].base_url}{web.path('/nha-san-xuat/' + slug)}",
    )
