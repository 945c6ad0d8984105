"""What must hold of imports (`flask audit`)."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import func, or_, select

from shop.catalog.models import Product, Variant
from shop.imports.models import Import, ImportRow, ImportStep, Outcome, Result, State
from shop.kernel.db import session
from shop.kernel.invariants import invariant

_TRIED = (State.READY, State.APPLYING, State.APPLIED, State.UNDOING, State.UNDONE)


@invariant("imports.every-row-is-accounted-for")
def rows() -> Iterator[str]:
    """The rows of a table are as many as were counted, by outcome and together; of a written one none is left open."""
    found = session().execute(
        select(Import.id, Import.reference, Import.state, Import.total, Import.counts).where(
            Import.state.in_(_TRIED), Import.forgotten_at.is_(None)
        )
    ).all()  # fmt: skip
    there: dict[int, dict[str, int]] = {}
    for import_id, outcome, n in session().execute(
        select(ImportRow.import_id, ImportRow.outcome, func.count()).group_by(ImportRow.import_id, ImportRow.outcome)
    ):
        there.setdefault(import_id, {})[outcome.value] = n
    pending = ImportRow.outcome.in_([Outcome.NEW, Outcome.CHANGED]) & ImportRow.result.is_(None)
    open_rows = set(session().scalars(select(ImportRow.import_id).where(pending).distinct()))
    for import_id, reference, state, total, counts in found:
        counted = {o.value: counts.get(o.value, 0) for o in Outcome}
        rows_of = there.get(import_id, {})
        if total != sum(counted.values()) or any(rows_of.get(o, 0) != n for o, n in counted.items()):
            yield reference
        elif state in {State.APPLIED, State.UNDOING, State.UNDONE} and import_id in open_rows:
            yield f"{reference}: rows not dealt with"


@invariant("imports.touch-the-producers-own-goods")
def own() -> Iterator[str]:
    """What a row wrote is a product of the import's producer, and a pack of that product."""
    found = session().execute(
        select(Import.reference, ImportRow.number)
        .join(Import, Import.id == ImportRow.import_id)
        .join(Product, Product.id == ImportRow.product_id)
        .outerjoin(Variant, Variant.id == ImportRow.variant_id)
        .where(or_(Product.producer_id != Import.producer_id, Variant.product_id != ImportRow.product_id))
    )
    yield from (f"{reference} row {number}" for reference, number in found)


@invariant("imports.refused-rows-wrote-nothing")
def refused() -> Iterator[str]:
    """Only new and changed rows have a result; whatever was written says what was before."""
    found = session().execute(
        select(Import.reference, ImportRow.number)
        .join(Import, Import.id == ImportRow.import_id)
        .where(
            or_(
                ImportRow.outcome.not_in([Outcome.NEW, Outcome.CHANGED]) & ImportRow.result.is_not(None),
                (ImportRow.result == Result.WRITTEN) & ImportRow.product_id.is_(None),
            )
        )
    )
    yield from (f"{reference} row {number}" for reference, number in found)


@invariant("imports.history-is-an-unbroken-chain")
def chain() -> Iterator[str]:
    """The steps of an import lead from one to the next and end at its state."""
    last: dict[int, State | None] = {}
    broken: set[int] = set()
    for import_id, before, after in session().execute(
        select(ImportStep.import_id, ImportStep.state_from, ImportStep.state_to).order_by(ImportStep.id)
    ):
        if last.get(import_id) != before:
            broken.add(import_id)
        last[import_id] = after
    for import_id, reference, state in session().execute(select(Import.id, Import.reference, Import.state)):
        if import_id in broken or last.get(import_id) is not state:
            yield reference
