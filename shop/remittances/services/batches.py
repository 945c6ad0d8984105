"""What is handed in at once: a carrier's file, a list written by hand, cash that a person counts; and its money."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import delete, func, insert, null, select, update

from shop.kernel import audit, clock, jobs, storage, text
from shop.kernel.actor import Actor
from shop.kernel.db import in_batches, session, transaction
from shop.kernel.errors import N_, Busy, Invalid, NotFound
from shop.kernel.sheets import BadTable
from shop.remittances import books, reading, rules
from shop.remittances.errors import BatchStep, FileKnown, ParcelUnknown
from shop.remittances.models import (
    Arrival,
    CodParcel,
    Holder,
    HolderKind,
    Remittance,
    RemittanceKind,
    RemittanceState,
    Row,
    RowState,
)
from shop.remittances.services import rows
from shop.remittances.services.steps import lock, mine, note, once, reason

CREDITED_AT_ONCE = 60
MOST_BY_HAND = 200
EMPTY = N_("Dưới dòng tiêu đề không có dòng nào.")
_KEEPS = (RowState.UNREAD, RowState.ASIDE)


def _new(actor: Actor, holder_id: int, kind: RemittanceKind, state: RemittanceState, **more: Any) -> Remittance:
    row = Remittance(
        reference=f"TH-{text.reference()}", holder_id=holder_id, kind=kind, state=state, gross_amount=0, fee_amount=0,
        net_amount=0, paid_amount=0, adjusted_amount=0, batch_fee_amount=0, created_at=clock.now(), created_key=actor.key,
        created_label=actor.label, version=0, **more,
    )  # fmt: skip
    session().add(row)
    session().flush()
    return row


def named(reference: str) -> int:
    """The id of a batch.

    Raises:
        NotFound.
    """
    found = session().scalar(select(Remittance.id).where(Remittance.reference == reference))
    if found is None:
        raise NotFound
    return found


# --- files -------------------------------------------------------------------------------------------------------


def upload(actor: Actor, holder_id: int, content: bytes, file_name: str, *, op_key: str, is_demo: bool = False) -> str:
    """Keep a file of a carrier and look it over; return the batch's reference. The same `op_key` again returns the same.

    A head that was matched before for this carrier is tried at once; another waits until a person has seen its columns.

    Raises:
        BadTable: it cannot be read, has no head, no row or too many. NotFound: there is no such carrier.
        FileKnown: the same file was sent before.
    """
    book = reading.opened(content, file_name)
    found = reading.survey(book)
    holder = session().get(Holder, holder_id)
    if holder is None or holder.kind is not HolderKind.CARRIER:
        raise NotFound
    known = holder.mappings.get(reading.signature(found.head))
    columns = known if known is not None and len(known) == len(found.head) else found.columns
    layout = found.kept(columns)
    read = list(reading.rows(book, layout))
    if not read:
        raise BadTable(EMPTY)
    digest = hashlib.sha256(content).hexdigest()
    key = storage.key_for("remittances", content, "xlsx" if content.startswith(b"PK") else "csv")
    storage.storage().put(key, content)

    def command() -> dict[str, Any]:
        session().get(Holder, holder_id, with_for_update=True)  # two who send one file at once queue here
        before = session().scalar(
            select(Remittance.reference).where(Remittance.digest == digest, Remittance.state != RemittanceState.DROPPED)
        )
        if before is not None:
            raise FileKnown(field="file", reference=before)
        row = _new(
            actor, holder_id, RemittanceKind.FILE, RemittanceState.MATCHING, digest=digest, file_key=key, layout=layout,
            file_name=text.clean(file_name).replace("\n", " ")[:200] or "đối soát", is_demo=is_demo,
        )  # fmt: skip
        note(actor, row, "sent", file=row.file_name)
        if known is not None and reading.enough(columns):
            _try(row, read)
        return {"reference": row.reference}

    return str(once(actor, op_key, "upload", [holder_id, digest], command)["reference"])


def match(actor: Actor, reference: str, keys: Sequence[str | None]) -> None:
    """A person says what the columns are; it is remembered for this head of this carrier, and every row is tried.

    Raises:
        NotFound, BatchStep. Invalid: an unknown or doubled column, or too few.
    """
    kept = [k for k in keys if k]
    if any(k not in reading.COLUMNS for k in kept):
        raise Invalid(N_("Cột này không có trong danh sách."), field="columns")
    for n, k in enumerate(keys):
        if k and kept.count(k) > 1:
            raise Invalid(N_("Mỗi loại cột chỉ chọn một lần."), field=f"column-{n}")
    if not reading.enough(kept):
        raise Invalid(N_("Hãy chọn cột tiền thu hộ và cột mã đơn hoặc mã vận đơn."), field="columns")
    before = session().get(Remittance, named(reference))
    if before is None or before.layout is None or before.file_key is None or len(keys) != len(before.layout["head"]):
        raise BatchStep
    layout = before.layout | {"columns": list(keys)}
    read = list(reading.rows(reading.opened(storage.storage().get(before.file_key)), layout))
    with transaction():
        row = _at(reference, RemittanceState.MATCHING, RemittanceState.TRIED)
        row.layout = layout
        holder = session().get_one(Holder, row.holder_id, with_for_update=True, populate_existing=True)
        holder.mappings = holder.mappings | {reading.signature(layout["head"]): list(keys)}
        note(actor, row, "matched", columns=list(keys))
        _try(row, read)


def _at(reference: str, *states: RemittanceState) -> Remittance:
    row = lock(Remittance, named(reference))
    if row.state not in states:
        raise BatchStep
    return row


def rematch(actor: Actor, reference: str) -> None:
    """Go back to the question what the columns are.

    Raises:
        NotFound, BatchStep.
    """
    with transaction():
        row = _at(reference, RemittanceState.TRIED)
        row.state = RemittanceState.MATCHING
        session().flush()
        note(actor, row, "rematch")


def drop(actor: Actor, reference: str) -> None:
    """Leave a file that nothing was written of; it may be sent again.

    Raises:
        NotFound, BatchStep.
    """
    with transaction() as s:
        row = _at(reference, RemittanceState.MATCHING, RemittanceState.TRIED)
        row.state = RemittanceState.DROPPED
        s.execute(delete(Row).where(Row.remittance_id == row.id))
        row.gross_amount = row.fee_amount = row.net_amount = 0
        s.flush()
        note(actor, row, "dropped")


def _try(batch: Remittance, read: Sequence[reading.Read]) -> None:
    """Account for every row, crediting none."""
    s = session()
    s.execute(delete(Row).where(Row.remittance_id == batch.id))
    found = rows.find_all(sorted({name for r in read for name in r.names}))
    values = []
    for r in read:
        state = RowState.TRIED if r.is_row and r.why is None else RowState.UNREAD if r.is_row else RowState.ASIDE
        hits = {n.parcel_id for name in r.names for n in found[name]}
        values.append(
            {"remittance_id": batch.id, "number": r.number, "state": state, "why": r.why, "told": r.told, "amount": r.amount,
             "fee_amount": r.fee, "parcel_id": next(iter(hits)) if len(hits) == 1 else None, "parcel_amount": 0,
             "surplus_amount": 0, "written_amount": 0, "version": 0}
        )  # fmt: skip
    for batch_of in in_batches(values, 1000):
        s.execute(insert(Row), list(batch_of))
    batch.state = RemittanceState.TRIED
    sum_up(batch)


def sum_up(batch: Remittance) -> None:
    """Bring a locked batch into step with its rows."""
    s = session()
    s.flush()
    gross, fees = s.execute(
        select(func.coalesce(func.sum(Row.amount), 0), func.coalesce(func.sum(Row.fee_amount), 0)).where(
            Row.remittance_id == batch.id, Row.state.not_in(_KEEPS)
        )
    ).one()
    batch.gross_amount, batch.fee_amount = int(gross), int(fees) + batch.batch_fee_amount
    batch.net_amount = batch.gross_amount - batch.fee_amount
    batch.version += 1
    s.flush()


def apply(actor: Actor, reference: str) -> None:
    """The rows of a tried file are handed in: what is exact is credited (a long file's by the worker), the rest waits for
    people, and the batch's money is awaited.

    Raises:
        NotFound, BatchStep.
    """
    with transaction():
        batch = _at(reference, RemittanceState.TRIED)
        _open(actor, batch)
        count = _sorted(batch)
    credit(batch.id, count)


def credit(batch_id: int, count: int) -> None:
    """Credit the exact rows of a batch now if they are few; the worker does the rest."""
    if count <= CREDITED_AT_ONCE:
        with suppress(Busy):
            rows.credit_new(batch_id)


def _open(actor: Actor, batch: Remittance) -> None:
    batch.state, batch.opened_at = RemittanceState.OPEN, clock.now()
    sum_up(batch)
    books.batch(batch.id, actor)
    note(actor, batch, "opened", amount=batch.net_amount)
    jobs.enqueue("remittances.credit", {})
    _closed_if_nothing(batch)


def _closed_if_nothing(batch: Remittance) -> None:
    """A batch that owes nothing (fees ate it up) waits for no money."""
    if batch.net_amount == 0 and batch.state is RemittanceState.OPEN:
        batch.state, batch.paid_at = RemittanceState.PAID, clock.now()
        session().flush()


def _sorted(batch: Remittance) -> int:
    """Sort the tried rows of a batch; return how many are for the machine."""
    s = session()
    tried = s.scalars(
        select(Row).where(Row.remittance_id == batch.id, Row.state == RowState.TRIED).order_by(Row.number)
    )
    found = tried.all()
    known: dict[int, CodParcel] = {}
    for ids in in_batches(sorted({r.parcel_id for r in found if r.parcel_id is not None})):
        known |= {p.id: p for p in s.scalars(select(CodParcel).where(CodParcel.id.in_(ids)))}
    seen: set[int] = set()
    count = 0
    for row in found:
        parcel = known.get(row.parcel_id or 0)
        queue = rows.queue_of(row, parcel, taken_here=parcel is not None and parcel.id in seen)
        if row.amount == 0:  # a fee alone, as for what went back
            row.state, row.done_at = RowState.DONE, clock.now()
        elif queue is None and parcel is not None:
            row.state = RowState.NEW
            seen.add(parcel.id)
            count += 1
        else:
            row.state, row.queue = RowState.OPEN, queue
            if parcel is not None:
                seen.add(parcel.id)
    s.flush()
    return count


# --- by hand -----------------------------------------------------------------------------------------------------


def by_hand(
    actor: Actor, holder_id: int, parts: Sequence[tuple[int, int]], fee: int, counted: int | None, why: str, *, op_key: str,
    is_demo: bool = False,
) -> str:  # fmt: skip
    """Write down what a holder hands in: (parcel, đồng) and a fee of the whole; return the batch's reference.

    From a carrier, its money is awaited at the bank. A driver or a point brings cash: `counted` is what a person has counted,
    and a difference needs a reason.

    Raises:
        NotFound: there is no such holder. ParcelUnknown: a parcel is not his, or named twice. Invalid: no parcel, too many, no
        count, a count below zero, or a difference without a reason.
    """
    holder = session().get(Holder, holder_id)
    if holder is None:
        raise NotFound
    parts = [(i, n) for i, n in parts if n > 0]
    if not parts:
        raise Invalid(N_("Hãy chọn ít nhất một kiện."), field="parcel")
    if len(parts) > MOST_BY_HAND:
        raise Invalid(
            N_("Mỗi đợt ghi tay nhiều nhất %(n)s kiện; hãy ghi thành nhiều đợt."), field="parcel", n=MOST_BY_HAND
        )
    cash = holder.kind is not HolderKind.CARRIER
    gross = sum(n for _i, n in parts)
    if cash and counted is None:
        raise Invalid(N_("Hãy ghi số tiền mặt đã đếm."), field="counted")
    if fee < 0 or fee > gross or (counted or 0) < 0:
        raise Invalid(N_("Số tiền phải từ 0 trở lên."), field="fee")
    different = cash and counted != gross - fee
    why = reason(why) if different else text.clean(why)[:500]

    def command() -> dict[str, Any]:
        kind = RemittanceKind.CASH if cash else RemittanceKind.HAND
        batch = _new(actor, holder_id, kind, RemittanceState.TRIED, is_demo=is_demo)
        batch.batch_fee_amount = fee
        ids = [i for i, _n in parts]
        known = set(
            session().scalars(select(CodParcel.id).where(CodParcel.id.in_(ids), CodParcel.holder_id == holder_id))
        )
        if len(set(ids)) != len(ids) or known != set(ids):
            raise ParcelUnknown(told=str(len(ids)))
        session().execute(
            insert(Row),
            [
                {"remittance_id": batch.id, "number": n, "state": RowState.TRIED, "told": "", "amount": amount,
                 "fee_amount": 0, "parcel_id": i, "parcel_amount": 0, "surplus_amount": 0, "written_amount": 0, "version": 0}
                for n, (i, amount) in enumerate(parts, 1)
            ],
        )  # fmt: skip
        _open(actor, batch)
        count = _sorted(batch)
        if cash and counted:
            arrive(actor, batch, counted, "cash")
        if cash and different:
            _adjust(actor, batch, why)
        return {"reference": batch.reference, "id": batch.id, "count": count}

    done = once(actor, op_key, "hand", [holder_id, [list(p) for p in parts], fee, counted, why], command)
    credit(done["id"], done["count"])
    return str(done["reference"])


# --- its money ---------------------------------------------------------------------------------------------------


def arrive(actor: Actor, batch: Remittance, amount: int, source: str) -> int:
    """`amount` đồng came for a locked batch that awaits them; return the arrival's id.

    Raises:
        BatchStep: it awaits none, or less.
    """
    if batch.state is not RemittanceState.OPEN or not 0 < amount <= max(
        batch.lacking_amount, 0 if source != "cash" else amount
    ):
        raise BatchStep
    s = session()
    row = Arrival(
        remittance_id=batch.id,
        amount=amount,
        source=source,
        actor_key=actor.key,
        actor_label=actor.label,
        at=clock.now(),
    )
    s.add(row)
    batch.paid_amount += amount
    batch.version += 1
    if batch.lacking_amount == 0:
        batch.state, batch.paid_at = RemittanceState.PAID, clock.now()
        batch.taken_key = batch.taken_label = None
    s.flush()
    if source == "cash":
        books.cash(row.id, actor)
    note(actor, batch, "paid", amount=amount, source=source)
    return row.id


def take_back(actor: Actor, batch: Remittance, arrival_id: int) -> None:
    """An arrival was not this batch's: its money is awaited again.

    Raises:
        NotFound; BatchStep: it was taken back before, or a difference was closed after it.
    """
    s = session()
    row = s.get(Arrival, arrival_id)
    if row is None or row.remittance_id != batch.id:
        raise NotFound
    gone = s.scalar(select(Arrival.id).where(Arrival.reverses_id == arrival_id))
    if row.reverses_id is not None or gone is not None or batch.adjusted_amount:
        raise BatchStep
    s.add(
        Arrival(
            remittance_id=batch.id, amount=-row.amount, source=row.source, reverses_id=row.id, actor_key=actor.key,
            actor_label=actor.label, at=clock.now(),
        )
    )  # fmt: skip
    batch.paid_amount -= row.amount
    batch.state, batch.paid_at = RemittanceState.OPEN, None
    batch.version += 1
    s.flush()
    note(actor, batch, "unpaid", amount=row.amount, source=row.source)


def adjust(actor: Actor, reference: str, why: str, version: int, *, op_key: str) -> None:
    """Close what lacks of a batch (or is over, of counted cash) as a difference, for a reason that is written down.

    Raises:
        NotFound, RowChanged, RowTaken; BatchStep: its money is not awaited. Invalid: no reason.
    """
    why = reason(why)

    def command() -> dict[str, Any]:
        batch = lock(Remittance, named(reference))
        mine(actor, batch, version)
        return {"amount": _adjust(actor, batch, why), "reason": why}

    once(actor, op_key, "adjust", [reference, version, why], command)


def _adjust(actor: Actor, batch: Remittance, why: str) -> int:
    if batch.state is not RemittanceState.OPEN or not batch.lacking_amount:
        raise BatchStep
    amount = batch.lacking_amount
    batch.adjusted_amount, batch.adjust_reason = amount, why
    batch.state, batch.paid_at = RemittanceState.PAID, clock.now()
    batch.taken_key = batch.taken_label = None
    batch.version += 1
    session().flush()
    books.batch(batch.id, actor)
    note(actor, batch, "adjusted", amount=amount, reason=why)
    return amount


def unadjust(actor: Actor, reference: str, version: int, *, op_key: str) -> None:
    """Take the closing of a difference back: its money is awaited again.

    Raises:
        NotFound, RowChanged, RowTaken; BatchStep: no difference was closed.
    """

    def command() -> dict[str, Any]:
        batch = lock(Remittance, named(reference))
        mine(actor, batch, version)
        if not batch.adjusted_amount:
            raise BatchStep
        amount = batch.adjusted_amount
        batch.adjusted_amount, batch.adjust_reason = 0, None
        batch.state, batch.paid_at = RemittanceState.OPEN, None
        batch.version += 1
        session().flush()
        books.batch(batch.id, actor)
        note(actor, batch, "unadjusted", amount=amount)
        return {"amount": amount}

    once(actor, op_key, "unadjust", [reference, version], command)


def forget(limit: int = 200) -> int:
    """Let go of carriers' files that were written or left longer ago than they are kept: their bytes, and the samples of them.
    The rows stay: they are what a batch is made of. Return how many."""
    before = clock.start_of(clock.add_months(clock.today(), -int(rules.KEEP_MONTHS.get())))
    over = select(Remittance.id, Remittance.file_key).where(
        Remittance.state.in_([RemittanceState.PAID, RemittanceState.DROPPED]),
        Remittance.created_at < before,
        Remittance.file_key.is_not(None),
    )
    gone = session().execute(over.order_by(Remittance.id).limit(limit)).all()
    if not gone:
        return 0
    with transaction() as s:
        s.execute(
            update(Remittance)
            .where(Remittance.id.in_([i for i, _key in gone]))
            .values(file_key=None, layout=null())
            .execution_options(synchronize_session=False)
        )
    keys = {str(key) for _i, key in gone}
    kept = set(session().scalars(select(Remittance.file_key).where(Remittance.file_key.in_(keys))))
    for key in sorted(keys - kept):  # the same bytes may be another file's
        storage.storage().delete(key)
    return len(gone)


def edit_holder(actor: Actor, holder_id: int, days: int, kind: str) -> None:
    """Set how long a holder may keep cash, and whether a carrier is the shop's own driver.

    Raises:
        NotFound. Invalid: days beyond 0 to 90, or a kind that does not fit.
    """
    with transaction() as s:
        holder = s.get(Holder, holder_id, with_for_update=True, populate_existing=True)
        if holder is None:
            raise NotFound
        if not 0 <= days <= 90:
            raise Invalid(N_("Số ngày phải từ 0 đến 90."), field="days")
        if holder.kind is HolderKind.POINT:
            kind = HolderKind.POINT.value
        elif kind not in {HolderKind.CARRIER.value, HolderKind.DRIVER.value}:
            raise Invalid(field="kind")
        audit.record(actor, "remittances.holder", f"cod-holder:{holder.id}", days=days, kind=kind)
        holder.days, holder.kind = days, HolderKind(kind)
