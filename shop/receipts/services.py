"""Commands of deliveries: expect, put off, say that goods left, receive in parts, finish short, cancel; and of consigned goods
that go back to their owner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import insert, select

from shop.catalog import documents
from shop.kernel import audit, clock, db, operations, text
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.kernel.money import LARGEST_AMOUNT
from shop.points import queries as points
from shop.receipts import queries
from shop.receipts.errors import MoreThanExpected, NotExpected
from shop.receipts.models import (
    Delivery,
    DeliveryDay,
    DeliveryLine,
    DeliveryState,
    Departure,
    DepartureLine,
    HandBack,
    Receipt,
    ReceiptLine,
    Terms,
)
from shop.stock import services as stock
from shop.stock.errors import NotEnough
from shop.stock.models import SHOP, StockLevel

MOST_UNITS = 100_000
# The movements of goods that went back to their owner carry this and the paper's reference.
HANDED_BACK = "hand-back:"


def _line(raw: str, limit: int, field: str) -> str:
    found = text.clean(raw).replace("\n", " ")
    if len(found) > limit:
        raise Invalid(N_("Nhiều nhất %(n)s ký tự."), field=field, n=limit)
    return found


def _cost(amount: int | None, field: str) -> int | None:
    if amount is not None and not 0 <= amount <= LARGEST_AMOUNT:
        raise Invalid(N_("Giá nhập chưa đúng."), field=field)
    return amount


@dataclass(frozen=True, slots=True)
class Wanted:
    """A pack that is to come: sale units, and what one costs the shop (đồng; None: not agreed yet)."""

    quantity: int
    unit_cost_amount: int | None = None


def expect(
    actor: Actor,
    producer_id: int,
    point_id: int,
    terms: Terms,
    expected_on: date,
    wanted: Mapping[int, Wanted],
    *,
    note: str = "",
    op_key: str,
    is_demo: bool = False,
) -> str:
    """Write down what a producer will bring (by variant id); return the reference. The same `op_key` again returns the same.

    Raises:
        NotFound: no such point.
        Invalid: nothing wanted, goods of another producer, goods without a known maker on consignment, a quantity or cost
            out of range, a closed point.
    """
    note = _line(note, 500, "note")
    if not wanted:
        raise Invalid(N_("Hãy ghi số lượng của ít nhất một quy cách."), field="lines")
    for variant_id, one in wanted.items():
        if not 1 <= one.quantity <= MOST_UNITS:
            raise Invalid(N_("Số lượng phải là số nguyên lớn hơn 0."), field=f"quantity-{variant_id}")
        _cost(one.unit_cost_amount, f"cost-{variant_id}")

    def command() -> dict[str, Any]:
        point = points.point(point_id)
        if not point.is_open_on(expected_on):
            raise Invalid(N_("Ngày đó điểm bán không hoạt động."), field="expected_on")
        makers = queries.makers(list(wanted))
        if not set(wanted) <= {v for v, maker in makers.items() if maker in (producer_id, None)}:
            raise Invalid(N_("Có quy cách không phải của cơ sở sản xuất này."), field="lines")
        if terms is Terms.CONSIGNMENT and None in makers.values():
            raise Invalid(N_("Có sản phẩm chưa ghi cơ sở sản xuất nên không nhận ký gửi được."), field="terms")
        row = Delivery(
            reference=f"N-{text.reference()}",
            producer_id=producer_id,
            point_id=point_id,
            terms=terms,
            state=DeliveryState.EXPECTED,
            expected_on=expected_on,
            note=note or None,
            created_at=clock.now(),
            created_by=actor.key,
            created_label=actor.label,
            is_demo=is_demo,
        )
        session().add(row)
        session().flush()
        rows = [
            {
                "delivery_id": row.id,
                "variant_id": variant_id,
                "quantity": one.quantity,
                "unit_cost_amount": one.unit_cost_amount,
            }
            for variant_id, one in sorted(wanted.items())
        ]
        session().execute(insert(DeliveryLine), rows)
        audit.record(actor, "receipts.expect", f"point:{point.slug}", reference=row.reference, terms=terms.value)
        return {"reference": row.reference}

    body = [
        producer_id,
        point_id,
        terms.value,
        expected_on,
        sorted((v, w.quantity, w.unit_cost_amount) for v, w in wanted.items()),
    ]
    return str(operations.once(op_key, "receipts.expect", actor.key, body, command)["reference"])


def _open(reference: str) -> Delivery:
    """The delivery, locked, if it is not finished.

    Raises:
        NotFound, NotExpected.
    """
    found = session().scalar(select(Delivery.id).where(Delivery.reference == reference))
    if found is None:
        raise NotFound
    row = db.locked(Delivery, found, NotFound)
    if row.state not in queries.OPEN:
        raise NotExpected
    return row


def put_off(actor: Actor, reference: str, to_on: date, reason: str, op_key: str) -> None:
    """Let a delivery come on another day, later or sooner. The same `op_key` again changes nothing.

    Raises:
        NotFound; NotExpected: it was finished or cancelled.
        Invalid: no reason, the same day, a day before today or one on which the point is closed.
    """
    reason = _line(reason, 500, "reason")
    if len(reason) < 2:
        raise Invalid(N_("Hãy ghi lý do, ít nhất 2 ký tự."), field="reason")
    if to_on < clock.today():
        raise Invalid(N_("Ngày giao mới không thể trước hôm nay."), field="expected_on")

    def command() -> dict[str, Any]:
        row = _open(reference)
        if row.expected_on == to_on:
            raise Invalid(N_("Phiếu đã hẹn đúng ngày này."), field="expected_on")
        if not points.point(row.point_id).is_open_on(to_on):
            raise Invalid(N_("Ngày đó điểm bán không hoạt động."), field="expected_on")
        session().add(
            DeliveryDay(
                delivery_id=row.id,
                from_on=row.expected_on,
                to_on=to_on,
                reason=reason,
                at=clock.now(),
                actor_key=actor.key,
                actor_label=actor.label,
            )
        )
        row.expected_on = to_on
        session().flush()
        audit.record(actor, "receipts.put_off", f"delivery:{reference}", to_on=to_on, reason=reason)
        return {}

    operations.once(op_key, "receipts.put_off", actor.key, [reference, to_on, reason], command)


@dataclass(frozen=True, slots=True)
class Left:
    """Goods of one lot of a line that are on their way (sale units)."""

    line_id: int
    quantity: int
    lot_code: str = ""
    produced_on: date | None = None
    expires_on: date | None = None


def depart(actor: Actor, reference: str, left: Sequence[Left], *, note: str = "", op_key: str) -> int:
    """Write down that goods of a delivery are on their way; return the departure's id. Nothing is booked: what comes is
    counted at the point. May be repeated; the same `op_key` writes once.

    Raises:
        NotFound: no such delivery, or a line of another.
        NotExpected: it was finished or cancelled.
        MoreThanExpected: more than is promised, earlier departures counted.
        Invalid: nothing left, numbers or dates that cannot be; the field is `<name>-<line>`.
    """
    note = _line(note, 500, "note")
    kept = [one for one in left if one.quantity]
    if not kept:
        raise Invalid(N_("Hãy ghi số lượng đã gửi đi."), field="lines")
    for one in kept:
        if not 1 <= one.quantity <= MOST_UNITS:
            raise Invalid(N_("Số lượng phải là số nguyên lớn hơn 0."), field=f"quantity-{one.line_id}")
        _line(one.lot_code, 40, f"lot-{one.line_id}")
        if one.produced_on and one.expires_on and one.expires_on < one.produced_on:
            raise Invalid(N_("Hạn dùng không thể trước ngày sản xuất."), field=f"expires_on-{one.line_id}")
        if (one.produced_on or one.expires_on) and not one.lot_code.strip():
            raise Invalid(N_("Có ngày sản xuất hoặc hạn dùng thì phải ghi số lô."), field=f"lot-{one.line_id}")

    def command() -> dict[str, Any]:
        row = _open(reference)
        lines = {line.line_id: line for line in queries.lines(row.id)}
        if not {one.line_id for one in kept} <= set(lines):
            raise NotFound
        gone = queries.departed(row.id)
        for one in kept:
            gone[one.line_id] = gone.get(one.line_id, 0) + one.quantity
            over = gone[one.line_id] - lines[one.line_id].quantity
            if over > 0:
                raise MoreThanExpected(
                    N_("Nhiều hơn số hẹn giao (còn %(left)s)."),
                    field=f"quantity-{one.line_id}",
                    left=max(0, one.quantity - over),
                )
        made = Departure(
            delivery_id=row.id, note=note or None, at=clock.now(), actor_key=actor.key, actor_label=actor.label
        )
        session().add(made)
        session().flush()
        rows = [
            {
                "departure_id": made.id,
                "line_id": one.line_id,
                "lot_code": _line(one.lot_code, 40, "lot"),
                "produced_on": one.produced_on,
                "expires_on": one.expires_on,
                "quantity": one.quantity,
            }
            for one in kept
        ]
        session().execute(insert(DepartureLine), rows)
        audit.record(actor, "receipts.depart", f"delivery:{reference}", units=sum(one.quantity for one in kept))
        return {"departure_id": made.id}

    body = [reference, note, [(o.line_id, o.quantity, o.lot_code, o.produced_on, o.expires_on) for o in kept]]
    return int(operations.once(op_key, "receipts.depart", actor.key, body, command)["departure_id"])


@dataclass(frozen=True, slots=True)
class Came:
    """Goods of one lot of a line: taken in, and sent back at once with a reason (sale units)."""

    quantity: int
    refused: int = 0
    reason: str = ""
    lot_code: str = ""
    produced_on: date | None = None
    expires_on: date | None = None
    unit_cost_amount: int | None = None


def receive(
    actor: Actor,
    reference: str,
    came: Mapping[int, Came],
    *,
    paper_number: str = "",
    paper: bytes | None = None,
    note: str = "",
    more_is_right: bool = False,
    op_key: str,
) -> int:
    """Book what came of some lines (by line id) into the delivery's point, as the shop's or the producer's goods; return the
    receipt's id. May be repeated: a delivery comes in parts, or a line in several lots. The same `op_key` books once.

    Raises:
        NotFound: no such delivery, or a line of another.
        NotExpected: it was finished or cancelled.
        MoreThanExpected: more than is still to come, unless `more_is_right`.
        Invalid: nothing came, numbers or dates that cannot be, goods refused without a reason, a paper that cannot be kept.
    """
    paper_number, note = _line(paper_number, 80, "paper_number"), _line(note, 500, "note")
    kept: dict[int, Came] = {line: one for line, one in came.items() if one.quantity or one.refused}
    if not kept:
        raise Invalid(N_("Hãy ghi số lượng đã nhận."), field="lines")
    for line_id, one in kept.items():
        if not (0 <= one.quantity <= MOST_UNITS and 0 <= one.refused <= MOST_UNITS):
            raise Invalid(N_("Số lượng phải là số nguyên, từ 0."), field=f"quantity-{line_id}")
        if one.refused and len(_line(one.reason, 500, f"reason-{line_id}")) < 2:
            raise Invalid(N_("Hãy ghi vì sao trả lại."), field=f"reason-{line_id}")
        _cost(one.unit_cost_amount, f"cost-{line_id}")
    key = documents.keep(paper, "paper", folder="receipts") if paper else None

    def command() -> dict[str, Any]:
        row = _open(reference)
        lines = {line.line_id: line for line in queries.lines(row.id)}
        if not set(kept) <= set(lines):
            raise NotFound
        receipt = Receipt(
            delivery_id=row.id,
            paper_number=paper_number or None,
            paper_key=key,
            note=note or None,
            received_at=clock.now(),
            actor_key=actor.key,
            actor_label=actor.label,
            op_key=op_key,
        )
        session().add(receipt)
        session().flush()
        for line_id, one in sorted(kept.items()):
            line = lines[line_id]
            if one.quantity + one.refused > line.left and not more_is_right:
                raise MoreThanExpected(None, field=f"quantity-{line_id}", left=line.left)
            _take_in(actor, row, receipt, line, one)
        left = [line for line in queries.lines(row.id) if line.left]
        row.state = DeliveryState.PARTLY if left else DeliveryState.RECEIVED
        if not left:
            row.closed_at, row.closed_label = clock.now(), actor.label
        session().flush()
        audit.record(actor, "receipts.receive", f"delivery:{reference}", receipt=receipt.id, paper=paper_number)
        return {"receipt_id": receipt.id}

    body = [reference, paper_number, note, more_is_right, sorted((n, _body(one)) for n, one in kept.items())]
    return int(operations.once(op_key, "receipts.receive", actor.key, body, command)["receipt_id"])


def _body(one: Came) -> list[Any]:
    return [one.quantity, one.refused, one.reason, one.lot_code, one.produced_on, one.expires_on, one.unit_cost_amount]


def _take_in(actor: Actor, row: Delivery, receipt: Receipt, line: queries.LineView, one: Came) -> None:
    lot_code = _line(one.lot_code, 40, f"lot-{line.line_id}")
    cost = one.unit_cost_amount if one.unit_cost_amount is not None else line.unit_cost_amount
    level_id = None
    if one.quantity:
        try:
            level_id = stock.receive(
                actor,
                line.variant_id,
                row.point_id,
                one.quantity,
                owner=SHOP if row.terms is Terms.PURCHASE else f"producer:{row.producer_id}",
                lot_code=lot_code,
                produced_on=one.produced_on,
                expires_on=one.expires_on,
                reference=f"receipt:{row.reference}",
                op_key=f"receipt:{receipt.id}:{line.line_id}",
            )
        except Invalid as error:  # say it at the line that it is about
            raise Invalid(error.title, field=f"{error.field or 'quantity'}-{line.line_id}", **error.values) from error
    session().add(
        ReceiptLine(
            receipt_id=receipt.id,
            line_id=line.line_id,
            level_id=level_id,
            lot_code=lot_code,
            quantity=one.quantity,
            refused=one.refused,
            reason=_line(one.reason, 500, f"reason-{line.line_id}") or None,
            unit_cost_amount=cost,
        )
    )
    session().flush()


def finish(actor: Actor, reference: str, note: str) -> None:
    """End a delivery of which no more will come: received if something came, else cancelled.

    Raises:
        NotFound; NotExpected: it is finished already; Invalid: no reason.
    """
    note = _line(note, 500, "note")
    if len(note) < 2:
        raise Invalid(N_("Hãy ghi lý do, ít nhất 2 ký tự."), field="note")
    with transaction():
        row = _open(reference)
        row.state = DeliveryState.RECEIVED if row.state is DeliveryState.PARTLY else DeliveryState.CANCELLED
        row.closed_at, row.closed_label, row.close_note = clock.now(), actor.label, note
        audit.record(actor, "receipts.finish", f"delivery:{reference}", note=note)


# --- goods that go back to their owner ----------------------------------------------------------------------------


def hand_back(
    actor: Actor,
    producer_id: int,
    point_id: int,
    goods: Mapping[int, int],
    *,
    taken_by: str,
    note: str = "",
    op_key: str,
    is_demo: bool = False,
) -> str:
    """Give consigned goods of a point back to their owner (`goods`: sale units by level); return the reference. Lots that are
    stopped or past their date may go: nobody is sold them. The same `op_key` gives back once.

    Raises:
        NotFound: no such point, or a level that lies elsewhere or is not the producer's.
        Invalid: nothing given back, nobody named who took it, a number out of range (field `back-<level>`).
        NotEnough: fewer free goods than that (field `back-<level>`).
    """
    taken_by, note = _line(taken_by, 255, "taken_by"), _line(note, 500, "note")
    if len(taken_by) < 2:
        raise Invalid(N_("Hãy ghi tên người nhận lại hàng."), field="taken_by")
    if not goods:
        raise Invalid(N_("Hãy ghi số lượng trả lại."), field="goods")
    for level_id, n in goods.items():
        if not 1 <= n <= MOST_UNITS:
            raise Invalid(N_("Số lượng phải là số nguyên lớn hơn 0."), field=f"back-{level_id}")

    def command() -> dict[str, Any]:
        point = points.point(point_id)
        mine = select(StockLevel.id).where(
            StockLevel.point_id == point_id,
            StockLevel.owner == f"producer:{producer_id}",
            StockLevel.id.in_(sorted(goods)),
        )
        if set(session().scalars(mine)) != set(goods):
            raise NotFound
        row = HandBack(
            reference=f"V-{text.reference()}",
            producer_id=producer_id,
            point_id=point_id,
            taken_by=taken_by,
            note=note or None,
            at=clock.now(),
            actor_key=actor.key,
            actor_label=actor.label,
            is_demo=is_demo,
        )
        session().add(row)
        session().flush()
        name = f"{HANDED_BACK}{row.reference}"
        for level_id, n in sorted(goods.items()):
            try:
                stock.adjust(actor, level_id, -n, f"Trả lại cơ sở: {taken_by}", f"{name}:{level_id}", reference=name)
            except NotEnough:
                raise NotEnough(field=f"back-{level_id}") from None
        audit.record(
            actor, "receipts.hand_back", f"point:{point.slug}", reference=row.reference, units=sum(goods.values()),
            taken_by=taken_by,
        )  # fmt: skip
        return {"reference": row.reference}

    body = [producer_id, point_id, sorted(goods.items()), taken_by, note]
    return str(operations.once(op_key, "receipts.hand_back", actor.key, body, command)["reference"])


def owed(lines: Sequence[queries.ArrivalView]) -> int:
    """What the goods taken in cost together (đồng); those without a price count nothing."""
    return sum(line.quantity * (line.unit_cost_amount or 0) for line in lines)
