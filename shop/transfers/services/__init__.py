"""The only writers of transfers. Each step locks its transfer, checks it is still allowed, moves the goods and leaves its row
of history in one transaction; its operation key makes a second sending of the same form do nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import insert, or_, select

from shop.catalog.models import Product, Variant
from shop.kernel import audit, clock, operations, text
from shop.kernel.actor import Actor
from shop.kernel.db import in_batches, savepoint, session
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.kernel.events import publish
from shop.kernel.facts import Refused
from shop.points import queries as points
from shop.stock import services as stock
from shop.stock.errors import MoreThanSent, SoldOut
from shop.stock.models import Lot, Passage, StockHold, StockLevel
from shop.stock.services import Take, passages
from shop.stock.services.passages import Arrived
from shop.transfers import rules
from shop.transfers.errors import GoodsGone, LotBarred, ReceivedMeanwhile, TransferMovedOn
from shop.transfers.events import TransferStepped
from shop.transfers.models import (
    ALLOWED,
    UNDER_WAY,
    S,
    Transfer,
    TransferArrival,
    TransferArrivalLine,
    TransferLine,
    TransferStatus,
    TransferStep,
)

LONGEST_REASON = 500


def held_under(reference: str) -> str:
    """The reference under which stock claims and moves the goods of a transfer."""
    return f"transfer:{reference}"


# --- what the steps share ----------------------------------------------------------------------------------------


def _locked(reference: str) -> Transfer:
    """The transfer as it is now, locked until the transaction ends.

    Raises:
        NotFound: there is none.
    """
    found = session().scalar(
        select(Transfer).where(Transfer.reference == reference).with_for_update(),
        execution_options={"populate_existing": True},
    )
    if found is None:
        raise NotFound
    return found


def _step(actor: Actor, transfer: Transfer, to: TransferStatus, reason: str | None = None, **told: Any) -> None:
    """Take the transfer one step further and write it down.

    Raises:
        TransferMovedOn: the step does not follow from its status.
    """
    if to not in ALLOWED[transfer.status]:
        raise TransferMovedOn
    before, transfer.status, transfer.updated_at = transfer.status, to, clock.now()
    _write_step(actor, transfer, before, reason)
    audit.record(actor, f"transfers.{to.value}", f"transfers:{transfer.reference}", reason=reason, **told)
    publish(TransferStepped(transfer.id))


def _write_step(actor: Actor, transfer: Transfer, before: str, reason: str | None) -> None:
    session().flush()
    session().execute(
        insert(TransferStep).values(
            transfer_id=transfer.id,
            from_status=before,
            to_status=transfer.status,
            at=clock.now(),
            actor_key=actor.key,
            actor_label=actor.label,
            reason=reason,
        )
    )


def _only_after(transfer: Transfer, to: TransferStatus) -> None:
    """Refuse early, before goods are looked at, what `_step` would refuse.

    Raises:
        TransferMovedOn: the step does not follow from the transfer's status.
    """
    if to not in ALLOWED[transfer.status]:
        raise TransferMovedOn


def _reason(raw: str | None, *, needed: bool = True, field: str = "reason") -> str | None:
    found = text.clean(raw or "")
    if needed and len(found) < 2:
        raise Invalid(N_("Hãy ghi lý do."), field=field)
    if len(found) > LONGEST_REASON:
        raise Invalid(N_("Nhiều nhất %(n)s ký tự."), field=field, n=LONGEST_REASON)
    return found or None


def _all_of(refusals: Sequence[ShopError]) -> None:
    """Raise what was found wrong: one refusal as it is, several together, each at its place."""
    if len(refusals) == 1:
        raise refusals[0]
    if refusals:
        raise Refused([r if isinstance(r, Invalid) else Invalid(r.title, field=r.field, **r.values) for r in refusals])


def goods_names(variant_ids: Iterable[int]) -> dict[int, str]:
    """What people call these packs: product and pack."""
    found: dict[int, str] = {}
    for batch in in_batches(sorted(set(variant_ids))):
        rows = session().execute(
            select(Variant.id, Product.name, Variant.pack)
            .join(Product, Product.id == Variant.product_id)
            .where(Variant.id.in_(batch))
        )
        found |= {variant_id: f"{name}, {pack}" if pack else name for variant_id, name, pack in rows}
    return found


def _open_destination(point_id: int) -> None:
    point = points.by_ids([point_id]).get(point_id)
    if point is None:
        raise Invalid(N_("Hãy chọn điểm đến."), field="to")
    # A fair that opens tomorrow is filled today.
    if point.closed_on is not None and point.closed_on <= clock.today():
        raise Invalid(N_("%(point)s không còn hoạt động nên không nhận hàng được."), field="to", point=point.name)


# --- asking and deciding -----------------------------------------------------------------------------------------


def ask(
    actor: Actor,
    from_point_id: int,
    to_point_id: int,
    lines: Mapping[int, int],
    op_key: str,
    *,
    note: str | None = None,
    is_demo: bool = False,
) -> str:
    """Ask for `lines` (sale units by variant) to go from one point to another; return the transfer's reference.

    A point that has closed may still give its goods away.

    Raises:
        Invalid: the same point twice, a point that is not there or no longer open to receive, no lines, too many, or a
            quantity out of range (field `n-<variant>`).
    """
    told = _reason(note, needed=False, field="note")

    def command() -> dict[str, Any]:
        wrong = _checked_ends(from_point_id, to_point_id, tell=False)
        if not lines:
            wrong.append(Invalid(N_("Hãy chọn ít nhất một mặt hàng và ghi số lượng."), field="q"))
        if len(lines) > rules.MOST_LINES:
            wrong.append(
                Invalid(
                    N_("Một phiếu nhiều nhất %(n)s dòng. Hãy chia thành nhiều phiếu."), field="q", n=rules.MOST_LINES
                )
            )
        known = goods_names(lines)
        for variant_id, quantity in lines.items():
            if variant_id not in known:
                wrong.append(Invalid(N_("Không còn mặt hàng này."), field=f"n-{variant_id}"))
            elif not 1 <= quantity <= rules.MOST_UNITS:
                wrong.append(_out_of_range(f"n-{variant_id}", known[variant_id], 1, rules.MOST_UNITS))
        _all_of(wrong)
        return {"reference": _new(actor, from_point_id, to_point_id, lines, note=told, is_demo=is_demo)}

    body = [from_point_id, to_point_id, sorted(lines.items()), told]
    return str(operations.once(op_key, "transfer.ask", actor.key, body, command)["reference"])


def _checked_ends(from_point_id: int, to_point_id: int, *, tell: bool = True) -> list[ShopError]:
    """What is wrong with the two ends of a transfer; raised at once if `tell`."""
    wrong: list[ShopError] = []
    if not points.by_ids([from_point_id]):
        wrong.append(Invalid(N_("Hãy chọn điểm gửi hàng."), field="from"))
    if from_point_id == to_point_id:
        wrong.append(Invalid(N_("Điểm gửi và điểm nhận phải khác nhau."), field="to"))
    else:
        try:
            _open_destination(to_point_id)
        except Invalid as error:
            wrong.append(error)
    if tell:
        _all_of(wrong)
    return wrong


def _new(
    actor: Actor, from_point_id: int, to_point_id: int, lines: Mapping[int, int], *, note: str | None, is_demo: bool
) -> str:
    """Write a transfer that is asked for, in the open transaction; return its reference."""
    now = clock.now()
    transfer = Transfer(
        reference=f"C-{text.reference()}",
        from_point_id=from_point_id,
        to_point_id=to_point_id,
        status=S.ASKED,
        note=note,
        asked_at=now,
        updated_at=now,
        is_demo=is_demo,
    )
    session().add(transfer)
    session().flush()
    session().execute(
        insert(TransferLine),
        [{"transfer_id": transfer.id, "variant_id": v, "asked": n} for v, n in sorted(lines.items())],
    )
    _write_step(actor, transfer, "", note)
    audit.record(
        actor, "transfers.asked", f"transfers:{transfer.reference}", lines=len(lines), units=sum(lines.values())
    )
    return transfer.reference


def _out_of_range(field: str, name: str, low: int, high: int) -> Invalid:
    return Invalid(
        N_("%(name)s: số lượng phải từ %(low)s đến %(high)s."),
        field=field,
        name=name,
        low=low,
        high=f"{high:,}".replace(",", "."),
    )


def approve(
    actor: Actor, reference: str, quantities: Mapping[int, int], op_key: str, *, reason: str | None = None
) -> None:
    """Say yes to a transfer; `quantities` (by line) may be lower than asked, a line that is not named stays as asked.

    Raises:
        Invalid: more than asked or below zero (field `line-<id>`), nothing left, or the destination has closed.
        TransferMovedOn: it was decided before.
    """
    told = _reason(reason, needed=False)

    def command() -> dict[str, Any]:
        transfer = _locked(reference)
        if transfer.status is not S.ASKED:  # what was packed goes back to approved by unpacking alone
            raise TransferMovedOn
        _open_destination(transfer.to_point_id)
        lines = transfer.lines
        names = goods_names(line.variant_id for line in lines)
        wrong: list[ShopError] = []
        for line in lines:
            n = quantities.get(line.id, line.asked)
            if not 0 <= n <= line.asked:
                wrong.append(_out_of_range(f"line-{line.id}", names[line.variant_id], 0, line.asked))
            else:
                line.approved = n
        _all_of(wrong)
        if not any(line.approved for line in lines):
            raise Invalid(N_("Mọi dòng đều bằng 0. Nếu không đồng ý chuyển, hãy chọn “Không duyệt”."), field="approve")
        _step(actor, transfer, S.APPROVED, told, units=sum(line.approved or 0 for line in lines))
        return {}

    operations.once(op_key, "transfer.approve", actor.key, [reference, sorted(quantities.items()), told], command)


def refuse(actor: Actor, reference: str, reason: str, op_key: str) -> None:
    """Say no to a transfer.

    Raises:
        Invalid: no reason.
        TransferMovedOn: it was decided before.
    """
    told = _reason(reason)

    def command() -> dict[str, Any]:
        _step(actor, _locked(reference), S.REFUSED, told)
        return {}

    operations.once(op_key, "transfer.refuse", actor.key, [reference, told], command)


def cancel(actor: Actor, reference: str, reason: str, op_key: str) -> None:
    """Give a transfer up before its goods leave; what was packed is free again.

    Raises:
        Invalid: no reason.
        TransferMovedOn: the goods have left, or it has ended.
    """
    told = _reason(reason)

    def command() -> dict[str, Any]:
        transfer = _locked(reference)
        _step(actor, transfer, S.CANCELLED, told)
        stock.release(held_under(reference))
        return {}

    operations.once(op_key, "transfer.cancel", actor.key, [reference, told], command)


# --- packing and sending -----------------------------------------------------------------------------------------


def pack(actor: Actor, reference: str, picks: Mapping[int, int], op_key: str, *, reason: str | None = None) -> None:
    """Claim the goods of `picks` (units by level of the source) for a transfer.

    Raises:
        Invalid: nothing, a negative or absurd count (field `pick-<level>`), more of a line than approved, or fewer in all
            without a reason.
        GoodsGone: somebody else has a claim on the goods meanwhile; the field names the level.
        LotBarred: the lot may not be sent.
        TransferMovedOn: it is not waiting to be packed.
    """
    told = _reason(reason, needed=False)
    wanted = {level_id: n for level_id, n in picks.items() if n}

    def command() -> dict[str, Any]:
        transfer = _locked(reference)
        _only_after(transfer, S.PACKED)
        _open_destination(transfer.to_point_id)
        lots = _checked_picks(transfer, wanted)
        if sum(wanted.values()) < sum(line.approved or 0 for line in transfer.lines) and told is None:
            raise Invalid(N_("Đóng ít hơn số được duyệt thì phải ghi lý do."), field="reason")
        try:
            with savepoint():  # so that what is free can be told as it is without us
                stock.take(held_under(reference), [Take(level_id, n) for level_id, n in wanted.items()])
        except SoldOut as gone:
            _all_of(_gone(wanted, lots) or [gone])
        _step(actor, transfer, S.PACKED, told, units=sum(wanted.values()), lots=len(wanted))
        return {}

    operations.once(op_key, "transfer.pack", actor.key, [reference, sorted(wanted.items()), told], command)


def _checked_picks(transfer: Transfer, wanted: Mapping[int, int]) -> dict[int, tuple[str, str]]:
    """For each level its goods and lot, for messages.

    Raises:
        Invalid: the picks do not make sense for this transfer.
        LotBarred: a lot may not be sent.
    """
    if not wanted:
        raise Invalid(N_("Chưa chọn lô nào để đóng gói."), field="pack")
    if len(wanted) > rules.MOST_LOTS:
        raise Invalid(N_("Một phiếu nhiều nhất %(n)s lô. Hãy chia thành nhiều phiếu."), field="pack", n=rules.MOST_LOTS)
    approved = {line.variant_id: line.approved or 0 for line in transfer.lines}
    names = goods_names(approved)
    today, found, wrong = clock.today(), {}, list[ShopError]()
    per_variant = dict.fromkeys(approved, 0)
    for batch in in_batches(sorted(wanted)):
        rows = session().execute(
            select(StockLevel.id, StockLevel.variant_id, Lot.code, Lot.expires_on, Lot.stopped_at)
            .join(Lot, Lot.id == StockLevel.lot_id)
            .where(StockLevel.id.in_(batch), StockLevel.point_id == transfer.from_point_id)
        )
        for level_id, variant_id, code, expires_on, stopped_at in rows:
            if variant_id not in approved:
                continue
            found[level_id] = (names[variant_id], code or "–")
            field = f"pick-{level_id}"
            if not 1 <= wanted[level_id] <= rules.MOST_UNITS:
                wrong.append(_out_of_range(field, names[variant_id], 1, rules.MOST_UNITS))
            elif stopped_at is not None or (expires_on is not None and expires_on < today):
                wrong.append(LotBarred(field=field, name=names[variant_id], lot=code or "–"))
            per_variant[variant_id] += wanted[level_id]
            if per_variant[variant_id] > approved[variant_id]:
                title = N_("%(name)s: chọn nhiều hơn %(n)s đơn vị được duyệt.")
                wrong.append(Invalid(title, field=field, name=names[variant_id], n=approved[variant_id]))
    if set(found) != set(wanted):
        wrong.append(Invalid(N_("Có lô không còn ở điểm gửi. Hãy tải lại trang."), field="pack"))
    _all_of(wrong)
    return found


def _gone(wanted: Mapping[int, int], lots: Mapping[int, tuple[str, str]]) -> list[ShopError]:
    """Which of the levels have too few free units now."""
    wrong: list[ShopError] = []
    for batch in in_batches(sorted(wanted)):
        rows = session().execute(
            select(StockLevel.id, StockLevel.on_hand - StockLevel.held - StockLevel.allocated).where(
                StockLevel.id.in_(batch)
            )
        )
        free = {row[0]: row[1] for row in rows}
        for level_id in batch:
            if free.get(level_id, 0) < wanted[level_id]:
                name, lot = lots[level_id]
                wrong.append(
                    GoodsGone(
                        field=f"pick-{level_id}", name=f"{name} ({lot})" if lot != "–" else name, n=free[level_id]
                    )
                )
    return wrong


def unpack(actor: Actor, reference: str, reason: str, op_key: str) -> None:
    """Free what was packed, so that it can be packed otherwise.

    Raises:
        Invalid: no reason.
        TransferMovedOn: it is not packed.
    """
    told = _reason(reason)

    def command() -> dict[str, Any]:
        transfer = _locked(reference)
        if transfer.status is not S.PACKED:
            raise TransferMovedOn
        _step(actor, transfer, S.APPROVED, told)
        stock.release(held_under(reference))
        return {}

    operations.once(op_key, "transfer.unpack", actor.key, [reference, told], command)


def dispatch(actor: Actor, reference: str, op_key: str, *, due_on: date | None = None) -> None:
    """Let the packed goods leave: from now on they are on the road. `due_on` is the last day on which they are in time
    (default: the shop's term).

    Raises:
        Invalid: the destination has closed, or the day lies before today or too far ahead.
        LotBarred: a lot was stopped, or came past its date, since it was packed.
        TransferMovedOn: it is not packed.
    """
    today = clock.today()
    if due_on is not None and not today <= due_on <= today + timedelta(days=90):
        raise Invalid(N_("Ngày dự kiến đến phải từ hôm nay đến 90 ngày tới."), field="due_on")

    def command() -> dict[str, Any]:
        transfer = _locked(reference)
        _only_after(transfer, S.ON_THE_ROAD)
        _open_destination(transfer.to_point_id)
        _all_of(_barred_since(reference))
        transfer.due_on = due_on or today + timedelta(days=rules.ROAD_DAYS.get())
        units = passages.send(actor, held_under(reference), transfer.to_point_id)
        _step(actor, transfer, S.ON_THE_ROAD, None, units=units, due_on=transfer.due_on.isoformat())
        return {}

    operations.once(op_key, "transfer.dispatch", actor.key, [reference, due_on], command)


def _barred_since(reference: str) -> list[ShopError]:
    """The packed lots that may no longer leave."""
    rows = session().execute(
        select(StockLevel.variant_id, Lot.code)
        .join(StockHold, StockHold.level_id == StockLevel.id)
        .join(Lot, Lot.id == StockLevel.lot_id)
        .where(
            StockHold.reference == held_under(reference),
            StockHold.outcome.is_(None),
            or_(Lot.stopped_at.is_not(None), Lot.expires_on < clock.today()),
        )
        .order_by(StockLevel.id)
    )
    found = rows.all()
    names = goods_names(variant_id for variant_id, _code in found)
    return [LotBarred(field="dispatch", name=names[variant_id], lot=code or "–") for variant_id, code in found]


# --- receiving ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Count:
    """What somebody counted of one lot that was sent: units for the shelf, damaged ones, missing ones, and why."""

    passage_id: int
    good: int
    damaged: int = 0
    missing: int = 0
    reason: str | None = None


def receive(actor: Actor, reference: str, counts: Sequence[Count], seen: int, op_key: str) -> int:
    """Count a part of a transfer in; return how many units are still on the road. With none left it is closed.

    `seen` is how many arrivals the page showed that was filled in: whoever has not seen the last one looks again first, so
    that two people (or two tabs) do not count the same boxes.

    Raises:
        Invalid: nothing counted, a number out of range, a loss without a reason (fields `good-<id>`, `why-<id>`, …).
        MoreThanSent: more than is on the road.
        ReceivedMeanwhile: another part was counted in meanwhile.
        TransferMovedOn: it is not on the road.
    """
    said = [c for c in counts if c.good or c.damaged or c.missing]
    body = [reference, seen, sorted((c.passage_id, c.good, c.damaged, c.missing, c.reason or "") for c in said)]

    def command() -> dict[str, Any]:
        transfer = _locked(reference)
        if transfer.status not in UNDER_WAY:
            raise TransferMovedOn
        if transfer.arrivals != seen:
            raise ReceivedMeanwhile
        checked = _checked_counts(transfer, said)
        left = _arrive(actor, transfer, checked)
        _step(actor, transfer, S.RECEIVED, None, units=sum(c.units for c in checked), left=left)
        if left == 0:
            _step(actor, transfer, S.CLOSED)
        return {"left": left}

    return int(operations.once(op_key, "transfer.receive", actor.key, body, command)["left"])


def _checked_counts(transfer: Transfer, said: Sequence[Count]) -> list[Arrived]:
    if not said:
        raise Invalid(N_("Chưa ghi số nào. Hãy ghi số đã nhận của ít nhất một dòng."), field="receive")
    road = _on_road(transfer.reference)
    wrong: list[ShopError] = []
    arrived = []
    for count in said:
        passage = road.get(count.passage_id)
        if passage is None:
            wrong.append(Invalid(N_("Dòng này không thuộc phiếu chuyển. Hãy tải lại trang."), field="receive"))
            continue
        name, left = passage
        for part, n in (("good", count.good), ("damaged", count.damaged), ("missing", count.missing)):
            if not 0 <= n <= rules.MOST_UNITS:
                wrong.append(_out_of_range(f"{part}-{count.passage_id}", name, 0, rules.MOST_UNITS))
        units = count.good + count.damaged + count.missing
        if units > left:
            wrong.append(
                MoreThanSent(
                    count.passage_id,
                    N_(
                        "%(name)s: ghi %(n)s nhưng trên đường chỉ còn %(left)s. Không nhận nhiều hơn số đã gửi; nếu hàng thật "
                        "sự dư, hãy báo điểm gửi lập phiếu chuyển khác."
                    ),
                    field=f"good-{count.passage_id}",
                    name=name,
                    n=units,
                    left=left,
                )
            )
        why = None
        try:
            why = _reason(count.reason, needed=bool(count.damaged or count.missing), field=f"why-{count.passage_id}")
        except Invalid as error:
            wrong.append(
                Invalid(
                    N_("%(name)s: hãy ghi vì sao hỏng hoặc thiếu (tối đa 500 ký tự)."), field=error.field, name=name
                )
            )
        arrived.append(Arrived(count.passage_id, count.good, count.damaged, count.missing, why))
    _all_of(wrong)
    return arrived


def _on_road(reference: str) -> dict[int, tuple[str, int]]:
    """By passage: the name of the goods, and how many units are on the road."""
    rows = session().execute(
        select(Passage.id, StockLevel.variant_id, Passage.on_road)
        .join(StockLevel, StockLevel.id == Passage.level_id)
        .where(Passage.reference == held_under(reference))
    )
    found = rows.all()
    names = goods_names(variant_id for _id, variant_id, _left in found)
    return {passage_id: (names[variant_id], left) for passage_id, variant_id, left in found}


def _arrive(actor: Actor, transfer: Transfer, arrived: Sequence[Arrived]) -> int:
    """Book one arrival and write it down; return how many units are still on the road."""
    transfer.arrivals += 1
    s = session()
    arrival = TransferArrival(
        transfer_id=transfer.id,
        number=transfer.arrivals,
        at=clock.now(),
        actor_key=actor.key,
        actor_label=actor.label,
    )
    s.add(arrival)
    s.flush()
    left = passages.arrive(actor, held_under(transfer.reference), transfer.arrivals, arrived)
    s.execute(
        insert(TransferArrivalLine),
        [
            {
                "arrival_id": arrival.id,
                "passage_id": a.passage_id,
                "good": a.good,
                "damaged": a.damaged,
                "missing": a.missing,
                "reason": a.reason,
            }
            for a in arrived
        ],
    )
    return left


def close(actor: Actor, reference: str, reason: str, seen: int, op_key: str) -> int:
    """End a transfer whose rest will not come: what is on the road is booked as missing; return how many units.

    Raises:
        Invalid: no reason.
        ReceivedMeanwhile: another part was counted in meanwhile.
        TransferMovedOn: it is not on the road.
    """
    told = _reason(reason)

    def command() -> dict[str, Any]:
        transfer = _locked(reference)
        if transfer.status not in UNDER_WAY:
            raise TransferMovedOn
        if transfer.arrivals != seen:
            raise ReceivedMeanwhile
        rest = [
            Arrived(passage_id, 0, 0, left, told)
            for passage_id, (_name, left) in sorted(_on_road(reference).items())
            if left
        ]
        _arrive(actor, transfer, rest)
        lost = sum(part.missing for part in rest)
        _step(actor, transfer, S.CLOSED, told, missing=lost)
        return {"lost": lost}

    return int(operations.once(op_key, "transfer.close", actor.key, [reference, told, seen], command)["lost"])
