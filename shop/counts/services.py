"""Commands of counts and write-offs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select

from shop.catalog import pictures
from shop.counts import queries, rules
from shop.counts.errors import NotByTheSame, NotOpen, OpenAlready
from shop.counts.models import (
    WRITE_OFF_REASON_NAMES,
    CountKind,
    CountLine,
    CountState,
    StockCount,
    WriteOff,
    WriteOffReason,
    WriteOffState,
)
from shop.kernel import audit, clock, db, operations, text
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.points import queries as points
from shop.stock import services as stock
from shop.stock.errors import NotEnough
from shop.stock.models import MovementKind, StockLevel

PHOTO_WIDTH = 1280


def _line(raw: str, limit: int, field: str) -> str:
    found = text.clean(raw).replace("\n", " ")
    if len(found) > limit:
        raise Invalid(N_("Nhiều nhất %(n)s ký tự."), field=field, n=limit)
    return found


# --- counts ------------------------------------------------------------------------------------------------------


def open_count(
    actor: Actor,
    point_id: int,
    kind: CountKind,
    *,
    level_ids: Sequence[int] = (),
    shelf: str = "",
    op_key: str,
    is_demo: bool = False,
) -> str:
    """Begin a count; return its reference. A full one takes every level of the point that holds goods; one by shelf those
    of `level_ids`. The same `op_key` again returns the same count.

    Raises:
        NotFound: no such point, or a level that lies elsewhere.
        Invalid: nothing to count, too many lines, or a shelf without a name.
        OpenAlready: a full count of the point is not finished.
    """
    shelf = _line(shelf, 255, "shelf")
    if kind is CountKind.SHELF and len(shelf) < 2:
        raise Invalid(N_("Hãy đặt tên cho kệ hoặc nhóm hàng sẽ đếm."), field="shelf")

    def command() -> dict[str, Any]:
        point = points.point(point_id)
        if kind is CountKind.FULL and queries.full_count_open(point_id):
            raise OpenAlready
        wanted = select(StockLevel.id).where(StockLevel.point_id == point_id)
        if kind is CountKind.FULL:
            wanted = wanted.where(StockLevel.on_hand > 0)
        else:
            wanted = wanted.where(StockLevel.id.in_(list(level_ids)))
        ids = list(session().scalars(wanted.order_by(StockLevel.id)))
        if kind is CountKind.SHELF and set(ids) != set(level_ids):
            raise NotFound
        if not ids:
            raise Invalid(N_("Không có hàng nào để đếm."), field="levels")
        if len(ids) > rules.MOST_LINES:
            raise Invalid(N_("Nhiều nhất %(n)s dòng một phiếu. Hãy đếm theo kệ."), field="levels", n=rules.MOST_LINES)
        made = StockCount(
            reference=f"K-{text.reference()}",
            point_id=point_id,
            kind=kind,
            shelf=shelf or None,
            state=CountState.OPEN,
            opened_at=clock.now(),
            opened_by=actor.key,
            opened_label=actor.label,
            is_demo=is_demo,
        )
        session().add(made)
        session().flush()
        session().execute(insert(CountLine), [{"count_id": made.id, "level_id": i} for i in ids])
        audit.record(actor, "counts.open", f"point:{point.slug}", reference=made.reference, lines=len(ids))
        return {"reference": made.reference}

    body = [point_id, kind.value, sorted(level_ids), shelf]
    return str(operations.once(op_key, "counts.open", actor.key, body, command)["reference"])


def _locked(reference: str, *states: CountState) -> StockCount:
    """The count, locked, if it is in one of `states`.

    Raises:
        NotFound, NotOpen.
    """
    count_id = queries.id_of(reference)
    if count_id is None:
        raise NotFound
    row = db.locked(StockCount, count_id, NotFound)
    if row.state not in states:
        raise NotOpen
    return row


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted of a line (sale units), and why it is more or less than the books, if the counter knows."""

    number: int
    reason: str = ""


def write(actor: Actor, reference: str, counted: Mapping[int, Counted]) -> None:
    """Write the numbers of some lines (by line id). What the books say at this moment is kept beside each, so that a sale
    before or after changes nothing. Writing a line again replaces it.

    Raises:
        NotFound: no such count, or a line of another.
        NotOpen: it was handed in.
        Invalid: a number out of range (`field` is `counted-<line>`).
    """
    for line_id, found in counted.items():
        if not 0 <= found.number <= rules.MOST_UNITS:
            raise Invalid(
                N_("Số đếm phải từ 0 đến %(n)s."),
                field=f"counted-{line_id}",
                n=f"{rules.MOST_UNITS:,}".replace(",", "."),
            )
    reasons = {line_id: _line(found.reason, 500, f"reason-{line_id}") for line_id, found in counted.items()}
    with transaction() as s:
        row = _locked(reference, CountState.OPEN)
        lines = {
            line.id: line
            for line in s.scalars(
                select(CountLine).where(CountLine.count_id == row.id, CountLine.id.in_(list(counted)))
            )
        }
        if len(lines) != len(counted):
            raise NotFound
        levels = {
            level.id: level
            for level in s.scalars(
                select(StockLevel)
                .where(StockLevel.id.in_([line.level_id for line in lines.values()]))
                .order_by(StockLevel.id)
                .with_for_update()
                .execution_options(populate_existing=True)
            )
        }
        for line_id, found in counted.items():
            line = lines[line_id]
            if line.counted == found.number and (line.reason or "") == reasons[line_id]:
                continue  # sent again with the whole page: the earlier look holds
            line.counted, line.expected = found.number, levels[line.level_id].on_hand
            line.reason = reasons[line_id] or None
            line.counted_at, line.counted_by, line.counted_label = clock.now(), actor.key, actor.label


def add_found(actor: Actor, reference: str, variant_id: int, lot_code: str, owner: str) -> int:
    """Take goods into the count that the books do not know at this point; return the line's id.

    Raises:
        NotFound, NotOpen.
    """
    with transaction() as s:
        row = _locked(reference, CountState.OPEN)
        level_id = stock.level_of(variant_id, row.point_id, owner, _line(lot_code, 40, "lot"))
        known = s.scalar(select(CountLine.id).where(CountLine.count_id == row.id, CountLine.level_id == level_id))
        if known is not None:
            return known
        line = CountLine(count_id=row.id, level_id=level_id)
        s.add(line)
        s.flush()
        audit.record(actor, "counts.add", f"count:{row.reference}", level=level_id)
        return line.id


def submit(actor: Actor, reference: str) -> bool:
    """Hand the count in. If its differences are within the limit (setting `counts.approve_over_amount`), they are booked at
    once; return whether they were. Otherwise somebody else must approve.

    Raises:
        NotFound, NotOpen.
        Invalid: lines without a number, or a difference without a reason (`field` is `counted-<line>` or `reason-<line>`).
    """
    with transaction() as s:
        row = _locked(reference, CountState.OPEN)
        lines = queries.lines(row.id)
        for line in lines:
            if line.counted is None:
                raise Invalid(
                    N_("Còn %(n)s dòng chưa đếm."),
                    field=f"counted-{line.line_id}",
                    n=sum(1 for x in lines if x.counted is None),
                )
        for line in lines:
            if line.difference and not line.reason:
                raise Invalid(N_("Hãy ghi lý do chênh lệch."), field=f"reason-{line.line_id}")
        row.state, row.submitted_at = CountState.SUBMITTED, clock.now()
        row.submitted_by, row.submitted_label = actor.key, actor.label
        s.flush()
        audit.record(actor, "counts.submit", f"count:{row.reference}")
        if queries.needs_approval(lines):
            return False
        return _book(actor, row, lines)


def approve(actor: Actor, reference: str) -> bool:
    """Book a count's differences; return whether all could be booked (goods under a claim cannot be taken away: those lines
    stay open and can be tried again).

    Raises:
        NotFound, NotOpen.
        NotByTheSame: who handed it in, or counted a line, does not approve.
    """
    with transaction():
        row = _locked(reference, CountState.SUBMITTED)
        lines = queries.lines(row.id)
        if actor.key in {row.submitted_by, *(line.counted_by for line in lines)} and queries.needs_approval(lines):
            raise NotByTheSame
        audit.record(actor, "counts.approve", f"count:{row.reference}")
        return _book(actor, row, lines)


def _book(actor: Actor, row: StockCount, lines: Sequence[queries.LineView]) -> bool:
    """Book every difference not yet booked, in the order of levels; close the count when none is left."""
    left = 0
    for line in sorted(lines, key=lambda found: found.level_id):
        if line.booked:
            continue
        if line.difference:
            try:
                with db.savepoint():
                    stock.adjust(
                        actor,
                        line.level_id,
                        line.difference,
                        line.reason or "",
                        f"count:{row.reference}:{line.line_id}",
                        kind=MovementKind.COUNT,
                        reference=f"count:{row.reference}",
                    )
            except NotEnough:
                left += 1
                continue
        found = session().get(CountLine, line.line_id)
        assert found is not None  # noqa: S101 - read a moment ago in this transaction
        found.booked_at = clock.now()
    if left == 0:
        row.state, row.closed_at, row.closed_label = CountState.DONE, clock.now(), actor.label
    session().flush()
    return left == 0


def reopen(actor: Actor, reference: str, note: str) -> None:
    """Send a count back to be counted again.

    Raises:
        NotFound; NotOpen: it is not handed in, or a part of it is booked; Invalid: no reason.
    """
    note = _line(note, 500, "note")
    if len(note) < 2:
        raise Invalid(N_("Hãy ghi lý do, ít nhất 2 ký tự."), field="note")
    with transaction() as s:
        row = _locked(reference, CountState.SUBMITTED)
        if s.scalar(
            select(CountLine.id).where(CountLine.count_id == row.id, CountLine.booked_at.is_not(None)).limit(1)
        ):
            raise NotOpen
        row.state, row.note = CountState.OPEN, note
        audit.record(actor, "counts.reopen", f"count:{row.reference}", note=note)


def cancel(actor: Actor, reference: str, note: str) -> None:
    """Give a count up; nothing is booked.

    Raises:
        NotFound; NotOpen: it is handed in already; Invalid: no reason.
    """
    note = _line(note, 500, "note")
    if len(note) < 2:
        raise Invalid(N_("Hãy ghi lý do, ít nhất 2 ký tự."), field="note")
    with transaction():
        row = _locked(reference, CountState.OPEN)
        row.state, row.note, row.closed_at, row.closed_label = CountState.CANCELLED, note, clock.now(), actor.label
        audit.record(actor, "counts.cancel", f"count:{row.reference}", note=note)


# --- write-offs --------------------------------------------------------------------------------------------------


def write_off(
    actor: Actor,
    level_id: int,
    quantity: int,
    why: WriteOffReason,
    *,
    note: str = "",
    photo: bytes | None = None,
    may_approve: bool = False,
    op_key: str,
    is_demo: bool = False,
) -> str:
    """Ask for goods to be written off; return the reference. Within the limit it is booked at once, beyond it somebody with
    the right to approve must agree (`may_approve`: the asker has it himself). The same `op_key` again changes nothing.

    Raises:
        NotFound: no such level.
        Invalid: the quantity, no note where the reason needs one, a photograph that cannot be taken.
        NotEnough: fewer free goods than that.
    """
    if not 1 <= quantity <= rules.MOST_UNITS:
        raise Invalid(N_("Số lượng phải là số nguyên lớn hơn 0."), field="quantity")
    note = _line(note, 500, "note")
    if why in {WriteOffReason.OTHER, WriteOffReason.LOST} and len(note) < 2:
        raise Invalid(N_("Lý do này cần ghi rõ chuyện gì đã xảy ra."), field="note")
    key = None
    if photo:
        made = pictures.encode(photo, widths=(PHOTO_WIDTH,), kinds=("jpeg",), folder="write-offs")
        key = next(iter(made.files["jpeg"].values()))

    def command() -> dict[str, Any]:
        amount = queries.value_of(level_id, quantity)
        row = WriteOff(
            reference=f"H-{text.reference()}",
            level_id=level_id,
            quantity=quantity,
            why=why,
            note=note or None,
            photo_key=key,
            amount=amount,
            state=WriteOffState.ASKED,
            asked_at=clock.now(),
            asked_by=actor.key,
            asked_label=actor.label,
            op_key=op_key,
            is_demo=is_demo,
        )
        session().add(row)
        session().flush()
        audit.record(
            actor, "write_offs.ask", f"level:{level_id}", reference=row.reference, quantity=quantity, why=why.value
        )
        if may_approve or not queries.over_limit(amount):
            _take_out(actor, row)
        elif queries.free_of(level_id) < quantity:
            raise NotEnough(field="quantity")
        return {"reference": row.reference}

    body = [level_id, quantity, why.value, note]
    return str(operations.once(op_key, "write_offs.ask", actor.key, body, command)["reference"])


def _take_out(actor: Actor, row: WriteOff) -> None:
    reason = row.note or WRITE_OFF_REASON_NAMES[row.why]
    try:
        stock.adjust(
            actor,
            row.level_id,
            -row.quantity,
            reason,
            f"write-off:{row.reference}",
            kind=MovementKind.WRITE_OFF,
            reference=f"write-off:{row.reference}",
        )
    except NotEnough:
        raise NotEnough(field="quantity") from None
    row.state, row.decided_at, row.decided_label = WriteOffState.BOOKED, clock.now(), actor.label
    session().flush()


def decide(actor: Actor, reference: str, *, agree: bool, note: str = "") -> None:
    """Agree to a write-off, which books it, or refuse it with a reason.

    Raises:
        NotFound; NotOpen: it was decided before; NotByTheSame: who asked does not decide; NotEnough; Invalid: no reason.
    """
    note = _line(note, 500, "note")
    if not agree and len(note) < 2:
        raise Invalid(N_("Hãy ghi lý do, ít nhất 2 ký tự."), field="note")
    with transaction() as s:
        found = s.scalar(select(WriteOff.id).where(WriteOff.reference == reference))
        if found is None:
            raise NotFound
        row = db.locked(WriteOff, found, NotFound)
        if row.state != WriteOffState.ASKED:
            raise NotOpen
        if row.asked_by == actor.key:
            raise NotByTheSame
        row.decision_note = note or None
        if agree:
            _take_out(actor, row)
        else:
            row.state, row.decided_at, row.decided_label = WriteOffState.REFUSED, clock.now(), actor.label
        audit.record(actor, "write_offs.decide", f"write-off:{reference}", agree=agree, note=note)
