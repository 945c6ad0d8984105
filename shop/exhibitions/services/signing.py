"""A booth's sheets are signed and frozen; what a till sends afterwards is put right and signed as a further version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import func, select

from shop.exhibitions.errors import (
    PutRightFirst,
    SheetChanged,
    SheetNotReady,
)
from shop.exhibitions.ledger import digest as sha256
from shop.exhibitions.models.closing import (
    BoothClosing,
    Sheet,
    SheetState,
    SheetVersion,
    Side,
    Signature,
)
from shop.exhibitions.models.fairs import Booth, Exhibition, FairState
from shop.exhibitions.queries import sheets
from shop.exhibitions.queries.sheets import Whole
from shop.exhibitions.services import finishing
from shop.exhibitions.services.closing import said
from shop.kernel import audit, clock, db, text
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.orders.models import Order
from shop.settlement.models import Entry
from shop.settlement.services import posting
from shop.stock import services as stock
from shop.stock.models import MovementKind, StockLevel, StockMovement
from shop.till.models import Shortage, ShortageState
from shop.till.services import shortages

BOOKS_CLOSED = (FairState.CLOSED, FairState.REPORTED)
# The pen's field: x runs to 1000, y to a third of that; a hand does not draw more than this.
MOST_STROKES, MOST_POINTS = 200, 6_000
FIELD = (1000, 340)


def explain(actor: Actor, reference: str, explanation: str) -> None:
    """Say why goods of a sheet were found or lost; what was signed before is to be signed anew.

    Raises:
        NotFound; Invalid: nothing said; SheetNotReady: it is frozen and nothing came since.
    """
    explanation = said(explanation, "explanation", most=1000)
    with transaction():
        found = _read(reference)
        if found.sheet.state is SheetState.FROZEN and not found.late:
            raise SheetNotReady
        if found.sheet.explanation == explanation:
            return
        found.sheet.explanation = explanation
        session().flush()
        audit.record(actor, "exhibitions.explain", f"sheet:{reference}", explanation=explanation)


def _locked(reference: str) -> None:
    """Lock a sheet's booth, its sheets and the levels of its point, so that what is read then is of one moment.

    Raises:
        NotFound.
    """
    s = session()
    booth_id = s.scalar(select(Sheet.booth_id).where(Sheet.reference == reference))
    if booth_id is None:
        raise NotFound
    booth = db.locked(Booth, booth_id, NotFound)
    s.scalars(select(Sheet).where(Sheet.booth_id == booth_id).order_by(Sheet.id).with_for_update()).all()
    if booth.point_id is not None:
        s.execute(
            select(StockLevel.id).where(StockLevel.point_id == booth.point_id).order_by(StockLevel.id).with_for_update()
        ).all()


def _read(reference: str) -> Whole:
    """The sheet with its figures, locked.

    Raises:
        NotFound.
    """
    _locked(reference)
    return sheets.whole(reference)


def strokes_of(raw: Any) -> list[list[list[int]]]:
    """The strokes of a pen as plain whole numbers within the field.

    Raises:
        Invalid: they are none (field `strokes`).
    """
    wrong = Invalid(N_("Không đọc được chữ ký. Hãy ký lại, hoặc ghi họ tên và đánh dấu ô xác nhận."), field="strokes")
    if not isinstance(raw, list) or len(raw) > MOST_STROKES:
        raise wrong
    found: list[list[list[int]]] = []
    points = 0
    for stroke in raw:
        if not isinstance(stroke, list) or not stroke:
            raise wrong
        made = []
        for point in stroke:
            if not (isinstance(point, list) and len(point) == 2 and all(type(v) is int for v in point)):
                raise wrong
            made.append([min(max(v, 0), most) for v, most in zip(point, FIELD, strict=True)])
        points += len(made)
        found.append(made)
    if points > MOST_POINTS:
        raise wrong
    return found


def sign(
    actor: Actor,
    reference: str,
    side: Side,
    *,
    name: str,
    strokes: Sequence[Any] = (),
    ticked: bool = False,
    digest: str,
) -> int | None:
    """One side signs the figures that have the SHA-256 `digest`. When all have, the sheet is frozen: return the number of its
    version then; if the books of the fair are closed already, its booth is charged for now. Signing the same again changes
    nothing.

    Raises:
        NotFound; SheetNotReady; SheetChanged: these are no longer its figures; PutRightFirst: see `put_right`.
        Invalid: no name, no signature, or a difference that nobody has explained.
    """
    name = text.clean(name).replace("\n", " ")
    if not 2 <= len(name) <= 120:
        raise Invalid(N_("Hãy ghi họ tên người ký."), field=f"name-{side.value}")
    drawn = strokes_of(list(strokes))
    if not drawn and not ticked:
        raise Invalid(N_("Hãy ký vào ô, hoặc đánh dấu ô xác nhận thay chữ ký."), field=f"ticked-{side.value}")
    if sheets.whole(reference).digest == digest:  # nothing is posted for whoever has not seen these figures
        post_sales(actor, reference)
    with transaction() as s:
        _locked(reference)
        if (number := _frozen_with(reference, side, digest)) is not None:
            return number
        found = sheets.whole(reference)
        if not found.to_sign or side not in found.sides:
            raise SheetNotReady
        if found.digest != digest:
            raise SheetChanged
        if to_put_right(found):
            raise PutRightFirst
        if found.unexplained:
            raise Invalid(
                N_("Có hàng thừa hoặc thiếu chưa ai giải thích. Hãy ghi giải thích trước khi ký."), field="explanation"
            )
        if side not in found.signed:
            now = clock.now()
            row = Signature(
                sheet_id=found.sheet.id,
                side=side,
                digest=digest,
                name=name,
                strokes=drawn,
                at=now,
                actor_key=actor.key,
                actor_label=actor.label,
                seal=seal_of_signature(reference, side, digest, name, drawn, now.isoformat(), actor.key),
            )
            s.add(row)
            s.flush()
            audit.record(
                actor,
                "exhibitions.sign",
                f"sheet:{reference}",
                side=side.value,
                name=name,
                digest=digest,
                seal=row.seal,
            )
            found = replace(found, signatures=(*found.signatures, row))
        if found.missing:
            return None
        number = _freeze(actor, found, None)
        # Whoever closes the books meanwhile waits for this row, or was quicker and left this booth to us.
        fair = db.locked(Exhibition, found.fair.id, NotFound)
        if fair.state in BOOKS_CLOSED:
            finishing.charge(actor, fair, found.sheet.id)
        return number


def _frozen_with(reference: str, side: Side, digest: str) -> int | None:
    """The version of these figures that this side signed, if it is frozen."""
    return session().scalar(
        select(SheetVersion.number)
        .join(Signature, Signature.sheet_id == SheetVersion.sheet_id)
        .join(Sheet, Sheet.id == SheetVersion.sheet_id)
        .where(
            Sheet.reference == reference,
            SheetVersion.digest == digest,
            SheetVersion.reason.is_(None),
            Signature.digest == digest,
            Signature.side == side,
        )
    )


def seal_of_signature(
    reference: str, side: Side, digest: str, name: str, strokes: Sequence[Any], at: str, actor_key: str
) -> str:
    """SHA-256 (hex) of who signed what, when and how."""
    return sha256([reference, side.value, digest, name, list(strokes), at, actor_key])


def seal_of_version(sheet: Sheet, version: SheetVersion, signatures: Sequence[str]) -> str:
    """SHA-256 (hex) of a frozen version: its figures, what was said, and the seals of its signatures."""
    return sha256(
        [
            sheet.reference, version.number, version.figures, version.moves, version.digest, version.explanation,
            version.reason, sorted(signatures), version.frozen_at.isoformat(), version.frozen_by,
        ]
    )  # fmt: skip


def freeze_unsigned(actor: Actor, reference: str, reason: str, digest: str) -> int:
    """Freeze a sheet without all signatures, with a reason; return the number of its version. Nothing is posted from it: what
    its sales came to settlement posts by itself, and its booth is charged for once both sides have signed.

    Raises:
        NotFound; SheetNotReady; SheetChanged; PutRightFirst; Invalid: no reason.
    """
    reason = said(reason, "reason", least=5)
    with transaction():
        found = _read(reference)
        if not found.to_freeze:
            raise SheetNotReady
        if found.digest != digest:
            raise SheetChanged
        if to_put_right(found):
            raise PutRightFirst
        return _freeze(actor, found, reason)


def _freeze(actor: Actor, found: Whole, reason: str | None) -> int:
    s, sheet = session(), found.sheet
    version = SheetVersion(
        sheet_id=sheet.id,
        number=(found.last.number if found.last else 0) + 1,
        figures=found.figures,
        moves=found.figures["moves"],
        digest=found.digest,
        explanation=sheet.explanation,
        reason=reason,
        frozen_at=clock.now(),
        frozen_by=actor.key,
        frozen_label=actor.label,
        seal="",
    )
    version.seal = seal_of_version(sheet, version, [x.seal for x in found.signed.values()])
    s.add(version)
    sheet.state = SheetState.FROZEN
    s.flush()
    audit.record(
        actor, "exhibitions.freeze-sheet", f"sheet:{sheet.reference}", version=version.number, seal=version.seal,
        reason=reason,
    )  # fmt: skip
    return version.number


def post_sales(actor: Actor, reference: str) -> int:
    """Post what settlement has not yet of the sales on a sheet, so that its commission is all of it; return how many entries
    are new. The worker does the same within minutes."""
    row = (
        session()
        .execute(
            select(Sheet.owner, BoothClosing.point_id)
            .join(BoothClosing, BoothClosing.booth_id == Sheet.booth_id)
            .where(Sheet.reference == reference, Sheet.producer_id.is_not(None))
        )
        .first()
    )
    if row is None or row.point_id is None:
        return 0
    unposted = session().scalars(
        select(StockMovement.reference)
        .join(StockLevel, StockLevel.id == StockMovement.level_id)
        .where(
            StockLevel.point_id == row.point_id,
            StockLevel.owner == row.owner,
            StockMovement.kind.in_([MovementKind.SALE, MovementKind.RETURN]),
            ~select(Entry.id).where(Entry.movement_id == StockMovement.id).exists(),
        )
        .distinct()
    )
    numbers = sorted({str(r).split(":")[1] for r in unposted if str(r).startswith("order:")})
    return sum(posting.of_order(order_id, actor) for order_id in _orders(numbers))


def _orders(references: Sequence[str]) -> list[int]:
    found: list[int] = []
    for some in db.in_batches(list(references)):
        found += session().scalars(select(Order.id).where(Order.reference.in_(some)).order_by(Order.id))
    return found


# --- what comes after ----------------------------------------------------------------------------------------------


def put_right(actor: Actor, reference: str) -> int:
    """Goods that were counted as missing turn out to be sold by a till that came back on line later: the count is put right,
    and what the sale had booked in for want of them is taken off again, so that nobody is paid for the same goods twice.
    Return how many units.

    Raises:
        NotFound.
    """
    with transaction() as s:
        row = s.execute(
            select(Sheet, BoothClosing.point_id)
            .join(BoothClosing, BoothClosing.booth_id == Sheet.booth_id)
            .where(Sheet.reference == reference)
        ).first()
        if row is None:
            raise NotFound
        sheet, point_id = row
        db.locked(Booth, sheet.booth_id, NotFound)
        done = 0
        lost = _counted_short(point_id, sheet.owner)
        for shortage in s.scalars(
            select(Shortage)
            .join(StockLevel, StockLevel.id == Shortage.level_id)
            .where(
                Shortage.point_id == point_id,
                Shortage.state == ShortageState.OPEN,
                StockLevel.owner == sheet.owner,
            )
            .order_by(Shortage.id)
        ).all():
            if lost.get(shortage.variant_id, 0) <= 0:
                continue
            why = f"Đã bán theo hóa đơn {shortage.reference.rpartition('-')[0]}, máy gửi về sau khi đếm"
            stock.adjust(
                actor, shortage.level_id, shortage.quantity, why, f"put-right:{shortage.reference}",
                kind=MovementKind.COUNT, reference=f"booth:{sheet.booth_id}",
            )  # fmt: skip
            shortages.settle(actor, shortage.reference, "short", why)
            lost[shortage.variant_id] -= shortage.quantity
            done += shortage.quantity
        return done


def to_put_right(found: Whole) -> int:
    """Units on a sheet that a late till sold and a count had missed (see `put_right`)."""
    if not found.late or found.closing.point_id is None:
        return 0
    lost = _counted_short(found.closing.point_id, found.sheet.owner)
    rows = session().execute(
        select(Shortage.variant_id, func.sum(Shortage.quantity))
        .join(StockLevel, StockLevel.id == Shortage.level_id)
        .where(
            Shortage.point_id == found.closing.point_id,
            Shortage.state == ShortageState.OPEN,
            StockLevel.owner == found.sheet.owner,
        )
        .group_by(Shortage.variant_id)
    )
    return sum(int(n) for variant_id, n in rows if lost.get(variant_id, 0) > 0)


def _counted_short(point_id: int | None, owner: str) -> dict[int, int]:
    """By pack how many units counts have missed so far."""
    rows = session().execute(
        select(StockLevel.variant_id, func.sum(-StockMovement.quantity))
        .join(StockLevel, StockLevel.id == StockMovement.level_id)
        .where(
            StockLevel.point_id == point_id, StockLevel.owner == owner, StockMovement.kind == MovementKind.COUNT,
        )
        .group_by(StockLevel.variant_id)
    )  # fmt: skip
    return {variant_id: int(n) for variant_id, n in rows}
