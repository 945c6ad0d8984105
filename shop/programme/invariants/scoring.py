"""What must always hold of scores (`flask audit`)."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from shop.catalog.models import Product
from shop.kernel.db import session
from shop.kernel.errors import Invalid
from shop.kernel.invariants import invariant
from shop.programme import scoring, sheets
from shop.programme.models.scoring import ScoringSheet, SelfScore


@invariant("programme.self-scores-add-up")
def _self_scores_add_up() -> Iterable[str]:
    """What a producer's answers come to, by their sheet, is what was kept; a score is of the product's own producer."""
    rows = session().execute(
        select(SelfScore, ScoringSheet.content, Product.slug)
        .join(ScoringSheet, ScoringSheet.id == SelfScore.sheet_id)
        .join(Product, Product.id == SelfScore.product_id)
        .order_by(SelfScore.id)
    )
    for row, content, slug in rows:
        try:
            result = scoring.score(sheets.restored(content), row.answers, row.stops)
        except Invalid:
            yield slug
            continue
        if (result.total, result.stars, len(row.answers)) != (row.total, row.stars, row.answered):
            yield slug
