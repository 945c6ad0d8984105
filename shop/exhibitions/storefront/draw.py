"""`/hoi-cho/<slug>/rut-tham`: the draw of a fair, so that anybody can work it out again."""

from __future__ import annotations

from typing import Any

from flask import render_template

from shop.accounts import guards
from shop.exhibitions import call_words
from shop.exhibitions.queries import allotting, booths, fairs
from shop.exhibitions.storefront import bp
from shop.kernel.errors import NotFound


@bp.get("/hoi-cho/<slug>/rut-tham")
@guards.public
def draw(slug: str) -> Any:
    """The rule in words, the digest of the seed; with the result the seed, each number and what it came to."""
    fair = fairs.public(slug)
    row = allotting.rule_row(fair.id)
    if row is None or row.announced_at is None:
        raise NotFound
    told = booths.last_draw(fair.id) if row.revealed_at else None
    return render_template(
        "exhibitions/storefront/draw.html", fair=fair, seed_digest=row.seed_digest,
        seed=row.seed if row.revealed_at else None, rule=call_words.rule_lines(allotting.rule_of(row)), told=told,
        locality=call_words.locality,
    )  # fmt: skip
