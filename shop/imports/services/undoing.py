"""Take an import back, but for what was changed again since."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from shop.catalog.models import ProductState, Variant, VariantState
from shop.catalog.services import bulk
from shop.imports import history, planning, queries, restoring
from shop.imports.errors import TooLate, WrongStep
from shop.imports.models import UNDO_FOR, Import, ImportRow, Result, State
from shop.imports.services import steps
from shop.kernel import audit, clock, db
from shop.kernel.actor import Actor
from shop.kernel.db import in_batches, leave_database, session, transaction
from shop.kernel.errors import N_, ShopError
from shop.listings.models import Kind
from shop.listings.models import Outcome as ListingOutcome
from shop.listings.services import many


def start_undo(actor: Actor, import_id: int) -> None:
    """Let the facts of before be restored, but for what was changed again since.

    Raises:
        NotFound, WrongStep; TooLate: more than a day ago.
    """
    with transaction():
        row = steps.locked(import_id)
        if row.state is not State.APPLIED or row.applied_at is None:
            raise WrongStep
        if clock.now() > row.applied_at + UNDO_FOR:
            raise TooLate
        steps.go(actor, row, State.UNDOING)
        row.work += 1
        row.done = 0
        audit.record(actor, "imports.start-undo", steps.target(row))
        steps.later("imports.undo", actor, row)


def undo(actor: Actor, import_id: int, work: int) -> None:
    """Restore, last row first, batch by batch; as `apply`, it goes on where another run was stopped."""
    row = queries.by_id(import_id)
    if row.work != work or row.state is not State.UNDOING:
        return
    while True:
        with transaction() as s:
            found = steps.wanted(import_id, work, State.UNDOING)
            if found is None:
                return
            rows = s.scalars(
                select(ImportRow)
                .where(ImportRow.import_id == import_id, ImportRow.result == Result.WRITTEN)
                .order_by(ImportRow.position.desc())
                .limit(steps.BATCH)
            ).all()
            if not rows:
                _undone(actor, found)
                break
            _restore(actor, found, rows)
            found.done += len(rows)
    leave_database()


def _restore(actor: Actor, row: Import, rows: Sequence[ImportRow]) -> None:
    shelf = planning.Shelf(row.producer_id)
    shelf.add(sorted({r.product_id for r in rows if r.product_id is not None}))
    packs = {pack.variant_id: pack for pack in shelf.by_sku.values()}
    wishes: list[bulk.Wish] = []
    lines: list[history.Line] = []
    # How the record of a new product stood before the first of these rows and after the last.
    renewed: dict[str, tuple[Any, Any]] = {}
    for one in rows:
        goods, pack = shelf.by_id.get(int(one.product_id or 0)), packs.get(one.variant_id)
        if goods is None:
            one.result, one.left = (
                Result.KEPT,
                [steps.said(N_("Không tìm thấy sản phẩm này. Có thể cửa hàng đã ngừng giới thiệu."))],
            )
            continue
        after = one.after or {}
        before = one.before or {}
        if goods.was_shown and before.get("shown") is False:
            # What customers see now was never approved as it was before.
            one.result, one.left = Result.KEPT, [steps.said(N_("Sản phẩm đã được duyệt nên giữ nguyên."))]
            continue
        wish, kept = restoring.taking_back(goods, pack, before, after)
        stands = after.get("listing")
        if stands is not None and stands["kind"] == Kind.NEW:
            renewed[stands["reference"]] = (before["listing"], renewed.get(stands["reference"], (None, stands))[1])
        elif stands is not None and not many.put_back(
            actor, int(one.product_id or 0), before.get("listing"), stands, N_("Hoàn tác lần nhập từ bảng tính.")
        ):
            kept.append(steps.said(N_("Thay đổi chờ duyệt đã được xem hoặc sửa nên giữ nguyên.")))
        if wish.state is ProductState.HIDDEN and not goods.was_shown:
            if many.put_away(actor, [int(one.product_id or 0)]):
                kept, wish.state, wish.pack_state = (
                    [steps.said(N_("Sản phẩm đã gửi duyệt nên giữ nguyên."))],
                    None,
                    None,
                )
            goods.state = ProductState.HIDDEN
        elif wish.state is not None and goods.was_shown:
            try:
                with db.savepoint():
                    steps.page(actor, row.producer_id, wish)
            except ShopError as error:
                wish.state = None
                kept.append(planning.problem_of(error, "state"))
        wish.sku, wish.note = one.sku or "", [one.sku, [k["key"] for k in kept]]
        one.result, one.left = (Result.KEPT if kept else Result.UNDONE), kept or None
        wishes.append(wish)
        lines += history.back(one, ListingOutcome.SHOWN if goods.was_shown else ListingOutcome.DRAFT)
    session().flush()
    bulk.write(actor, "imports.undo", steps.target(row), wishes)
    for stood, stands in renewed.values():
        session().expire_all()
        many.renew(actor, stood, stands)
    many.note(actor, lines)


def _undone(actor: Actor, row: Import) -> None:
    if row.hidden:
        wishes = []
        for batch in in_batches(list(row.hidden)):
            for product_id, variant_id, sku in session().execute(
                select(Variant.product_id, Variant.id, Variant.sku).where(
                    Variant.id.in_(batch), Variant.state == VariantState.HIDDEN
                )
            ):
                wishes.append(steps.pack_state(product_id, variant_id, sku, VariantState.SHOWN))
        bulk.write(actor, "imports.show-absent", steps.target(row), wishes)
    session().flush()
    results = dict(
        session()
        .execute(select(ImportRow.result, func.count()).where(ImportRow.import_id == row.id).group_by(ImportRow.result))
        .all()
    )
    row.counts = row.counts | {"undone": results.get(Result.UNDONE, 0), "kept": results.get(Result.KEPT, 0)}
    steps.go(actor, row, State.UNDONE)
    audit.record(actor, "imports.undone", steps.target(row), **row.counts)
