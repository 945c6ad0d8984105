"""Commands of the programme: the official sheets come in, producers score themselves."""

from __future__ import annotations

import csv
from collections.abc import Collection, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import select

from shop.catalog.models import Product
from shop.kernel import audit, clock
from shop.kernel.actor import Actor
from shop.kernel.db import locked, session, transaction
from shop.kernel.errors import NotFound
from shop.programme import scoring, sheets
from shop.programme.errors import ScoredMeanwhile
from shop.programme.models.scoring import ScoringSheet, SelfScore
from shop.programme.queries import scoring as queries

DATA = Path(__file__).parents[1] / "data"


def load_sheets() -> int:
    """Load the official sheets of every decision in `data/decisions.csv`; return how many are new. What is there stays.

    Raises:
        ValueError: the points of a sheet do not add up.
    """
    known = {tuple(row) for row in session().execute(select(ScoringSheet.decision, ScoringSheet.set_number))}
    made = 0
    with (DATA / "decisions.csv").open(encoding="utf-8", newline="") as stream:
        decisions = list(csv.DictReader(stream))
    for decision in decisions:
        if any(name == decision["decision"] for name, _number in known):
            continue
        found = _written(decision["file"])
        with transaction() as s:
            if s.scalar(select(ScoringSheet.id).where(ScoringSheet.decision == decision["decision"]).limit(1)):
                continue
            for number, content in found:
                s.add(
                    ScoringSheet(
                        decision=decision["decision"],
                        scheme=decision["scheme"],
                        set_number=number,
                        content=content,
                        valid_from=date.fromisoformat(decision["valid_from"]),
                        valid_to=date.fromisoformat(decision["valid_to"]) if decision["valid_to"] else None,
                        source_url=decision["source_url"],
                    )
                )
                made += 1
    return made


@cache
def _written(file: str) -> tuple[tuple[int, dict[str, Any]], ...]:
    """The sheets of a file of `data` by their numbers, as they are kept; read once, and changed by nobody.

    Raises:
        ValueError: the points of a sheet do not add up.
    """
    with (DATA / file).open(encoding="utf-8", newline="") as stream:
        return tuple((sheet.number, sheet.stored()) for sheet in sheets.parse(csv.DictReader(stream)))


def save_self_score(
    actor: Actor,
    product_id: int,
    sheet_id: int,
    answers: Mapping[str, int],
    stops: Collection[str],
    *,
    seen: int,
    is_demo: bool = False,
) -> scoring.Result:
    """Keep how a producer scores a product of his own. `seen` is the version that he filled in (0: the first). The same once
    more is not a change.

    Raises:
        NotFound: there is no such product of a producer.
        Invalid: an answer is not one of the sheet that holds for the product's set today.
        ScoredMeanwhile: somebody saved another version since.
    """
    with transaction():
        product = locked(Product, product_id, NotFound)
        here = queries.sheet_of(product.id, clock.today())
        if product.producer_id is None or here is None or here.id != sheet_id:
            raise NotFound
        result = scoring.score(here.sheet, answers, stops)
        kept = scoring.checked(here.sheet, answers, stops)
        row = session().scalar(
            select(SelfScore).where(SelfScore.product_id == product.id, SelfScore.sheet_id == sheet_id)
        )
        grounds = sorted(set(stops))
        if row is not None and row.answers == kept and row.stops == grounds:
            return result
        if (row.version if row else 0) != seen:
            raise ScoredMeanwhile
        if row is None:
            row = SelfScore(producer_id=product.producer_id, product_id=product.id, sheet_id=sheet_id, version=0)
            session().add(row)
        row.answers, row.stops, row.answered = kept, grounds, len(kept)
        row.total, row.stars, row.version = result.total, result.stars, row.version + 1
        row.saved_at, row.saved_by, row.saved_label, row.is_demo = clock.now(), actor.key, actor.label, is_demo
        session().flush()
        audit.record(
            actor, "programme.self-score", f"product:{product.slug}", total=result.total, stars=result.stars,
            answered=len(kept),
        )  # fmt: skip
        return result
