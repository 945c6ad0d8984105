"""Write the rows that were tried; as a step of its own, stop offering what the table does not name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select, update

from shop.catalog.models import Variant, VariantState
from shop.catalog.services import bulk
from shop.imports import history, planning, queries
from shop.imports.errors import StillRefused, WrongStep
from shop.imports.files import Raw
from shop.imports.models import Import, ImportRow, Mode, Outcome, Result, State
from shop.imports.planning import Planner, Tried
from shop.imports.services import steps
from shop.kernel import audit, clock, db
from shop.kernel.actor import Actor
from shop.kernel.db import leave_database, session, transaction
from shop.kernel.errors import N_, Busy, Invalid, ShopError
from shop.listings import rules
from shop.listings import services as listings
from shop.listings.models import Kind
from shop.listings.services import many


def start(actor: Actor, import_id: int, mode: Mode) -> None:
    """Let the rows that are new or changed be written, each on its own or all in one go.

    Raises:
        NotFound, WrongStep.
        StillRefused: all in one go, and a row is refused.
        Invalid: nothing to write; too many rows for one go.
    """
    with transaction():
        row = steps.locked(import_id)
        if row.state is not State.READY:
            raise WrongStep
        steps.active(row.producer_id)
        counts = row.counts
        n = counts.get("new", 0) + counts.get("changed", 0)
        if mode is Mode.ALL and counts.get("refused"):
            raise StillRefused(n=counts["refused"], field="mode")
        if n == 0:
            raise Invalid(N_("Không có dòng nào để ghi."), field="mode")
        if mode is Mode.ALL and n > steps.MOST_AT_ONCE:
            raise Invalid(
                N_("Nhiều nhất %(n)s dòng cho một lần ghi tất cả. Hãy chọn ghi từng dòng."),
                field="mode", n=f"{steps.MOST_AT_ONCE:,}".replace(",", "."),
            )  # fmt: skip
        steps.go(actor, row, State.APPLYING, mode.value)
        row.mode, row.done, row.problem = mode, 0, None
        row.work += 1
        audit.record(actor, "imports.start", steps.target(row), mode=mode.value, rows=n)
        steps.later("imports.apply", actor, row)


def apply(actor: Actor, import_id: int, work: int) -> None:
    """Write the rows. Each batch is written together with the note which rows it held, so that a second run, or one after a
    kill, goes on where the first was."""
    row = queries.by_id(import_id)
    if row.work != work or row.state is not State.APPLYING:
        return
    planner = Planner(row.producer_id, steps.hints(row), row.default_set)
    if row.mode is Mode.ALL:
        try:
            with transaction():
                if steps.wanted(import_id, work, State.APPLYING) is None:
                    return
                while _batch(actor, import_id, planner, strict=True):
                    pass
                _applied(actor, import_id)
        except _Moved as moved:
            with transaction():
                found = steps.wanted(import_id, work, State.APPLYING)
                if found is not None:
                    found.problem = moved.problem
                    steps.go(actor, found, State.READY)
        leave_database()
        return
    while True:
        with transaction():
            if steps.wanted(import_id, work, State.APPLYING) is None:
                return
            if not _batch(actor, import_id, planner, strict=False):
                _applied(actor, import_id)
                break
    leave_database()


class _Moved(Exception):
    """A row is no longer what it was when it was tried, and all were to be written or none."""

    def __init__(self, problem: dict[str, Any]) -> None:
        self.problem = problem


MOVED = N_("Hàng này đã thay đổi sau khi kiểm tra. Hãy kiểm tra lại.")


def _batch(actor: Actor, import_id: int, planner: Planner, *, strict: bool) -> int:
    """Write the next rows of an import in the open transaction; return how many were dealt with."""
    s = session()
    table = ImportRow.__table__
    rows = s.execute(
        select(*table.c["id", "position", "number", "cells", "changes", "outcome"])
        .where(
            table.c.import_id == import_id,
            table.c.outcome.in_([Outcome.NEW, Outcome.CHANGED]),
            table.c.result.is_(None),
        )
        .order_by(table.c.position)
        .limit(steps.BATCH)
    ).all()
    if not rows:
        return 0
    tried = planner.run([Raw(r.position, r.number, dict(r.cells)) for r in rows])
    steps.settle(rows[0].position)
    import_row = s.get_one(Import, import_id)
    wishes: list[tuple[int, Tried]] = []
    results: list[dict[str, Any]] = []
    done: list[dict[str, Any]] = []
    for kept, t in zip(rows, tried, strict=True):
        moved = t.problems or (
            [] if t.outcome is Outcome.UNCHANGED or t.changes == kept.changes else [steps.said(MOVED)]
        )
        if not moved and t.outcome is not Outcome.UNCHANGED and t.by_listing:
            try:
                with db.savepoint():
                    done.append({"id": kept.id} | _by_listing(actor, import_row, t))
                continue
            except Busy:
                raise
            except ShopError as error:
                moved = [planning.problem_of(e) for e in getattr(error, "all", [error])]
        if moved:
            if strict:
                raise _Moved(moved[0] | {"number": kept.number})
            results.append({"id": kept.id, "result": Result.LEFT, "left": moved})
        elif t.outcome is Outcome.UNCHANGED:
            results.append({"id": kept.id, "result": Result.LEFT, "left": [steps.said(N_("Không còn gì để đổi."))]})
        else:
            wishes.append((kept.id, t))
    for (
        _row_id,
        t,
    ) in wishes:  # of goods that customers know, the page is closed and opened as the listings page does it
        if t.wish is not None and t.wish.state is not None and t.wish.goods.was_shown:
            steps.page(actor, import_row.producer_id, t.wish)
    written = [t.wish for _i, t in wishes if t.wish is not None]
    bulk.write(actor, "imports.write", steps.target(import_row), written)
    drafts = {int(w.goods.product_id or 0) for w in written if not w.goods.was_shown}
    many.begin(actor, import_row.producer_id, sorted(drafts))
    many.note(actor, [line for _i, t in wishes for line in history.of(t)])
    done += [
        {
            "id": row_id,
            "result": Result.WRITTEN,
            "product_id": t.wish.goods.product_id,
            "variant_id": t.wish.pack.variant_id if t.wish.pack is not None else None,
            "before": t.before,
            "after": t.after,
        }
        for row_id, t in wishes
        if t.wish is not None
    ]
    bulk.update_rows(ImportRow, results)
    bulk.update_rows(ImportRow, done)
    s.execute(update(Import).where(Import.id == import_id).values(done=Import.done + len(rows)))
    return len(rows)


def _by_listing(actor: Actor, row: Import, t: Tried) -> dict[str, Any]:
    """Let a row go the way of the listings page: small changes at once, the others before a reviewer; what its row keeps."""
    wish = t.wish
    if wish is None:
        raise TypeError("a row without a wish")
    if wish.state is not None:
        steps.page(actor, row.producer_id, wish)
    said: dict[str, Any] = {n: v for n, v in wish.product.items() if n in rules.PRODUCT_FIELDS}
    pack: dict[str, Any] = dict(wish.variant)
    if wish.price is not None and wish.price[0] is not None:
        pack["price"] = wish.price[0]
    if wish.pack_state is not None:
        pack["state"] = wish.pack_state.value
    if pack:
        said["variants"] = [{"sku": wish.sku} | pack]
    before, after = dict(t.before or {}), dict(t.after or {})
    if said:
        stood = many.standing(int(wish.goods.product_id or 0))
        result = listings.submit(
            actor,
            row.producer_id,
            wish.goods.product_id,
            said,
            op_key=f"import:{row.reference}:{t.raw.position}:{row.work}",
            apart=True,
        )
        stands = many.standing(result.product_id)
        if stands != stood:
            # How what waits stood before and stands now: undoing puts it back, if nobody has touched it since.
            before["listing"], after["listing"] = stood, stands
        if stands is not None and stands["kind"] == Kind.CHANGE:
            lines = {(subject, name) for subject, name, *_rest in stands["lines"]}
            after["queued"] = [[d.subject, d.field, d.after] for d in result.changes if (d.subject, d.field) in lines]
    return {
        "result": Result.WRITTEN,
        "product_id": wish.goods.product_id,
        "variant_id": wish.pack.variant_id if wish.pack is not None else None,
        "before": before,
        "after": after,
    }


def _applied(actor: Actor, import_id: int) -> None:
    session().expire_all()
    row = session().get_one(Import, import_id)
    results = dict(
        session()
        .execute(
            select(ImportRow.result, func.count()).where(ImportRow.import_id == import_id).group_by(ImportRow.result)
        )
        .all()
    )
    row.counts = row.counts | {
        "written": results.get(Result.WRITTEN, 0),
        "left": results.get(Result.LEFT, 0),
    }
    row.applied_at = clock.now()
    steps.go(actor, row, State.APPLIED)
    audit.record(actor, "imports.applied", steps.target(row), **row.counts)


def hide_absent(actor: Actor, import_id: int, skus: Sequence[str]) -> int:
    """Stop offering packs of the producer that the table does not name; return how many. A step of its own, never done by
    writing the rows.

    Raises:
        NotFound, WrongStep: the table is not written, or cannot be undone any more.
    """
    with transaction() as s:
        row = steps.locked(import_id)
        if row.state is not State.APPLIED:
            raise WrongStep
        absent = {a.sku: a.variant_id for a in queries.absent(row)}
        ids = sorted(absent[sku] for sku in set(skus) if sku in absent)
        if not ids:
            raise Invalid(N_("Hãy chọn ít nhất một quy cách."), field="sku")
        wishes = []
        for product_id, variant_id, sku in s.execute(
            select(Variant.product_id, Variant.id, Variant.sku).where(Variant.id.in_(ids)).order_by(Variant.id)
        ):
            wishes.append(steps.pack_state(product_id, variant_id, sku, VariantState.HIDDEN))
        bulk.write(actor, "imports.hide-absent", steps.target(row), wishes)
        row.hidden = sorted({*row.hidden, *ids})
        row.updated_at = clock.now()
        return len(ids)
