"""Cash carried to the bank: counted, put into a numbered bag, handed to somebody; the bank's line shows it, or a person closes
what lacks. The bank's room tells of its lines by `Bags`, which is registered as one who waits (`payments.incoming`)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select

from shop.kernel import clock, text
from shop.kernel.actor import Actor
from shop.kernel.db import session
from shop.kernel.errors import N_, Invalid, NotFound
from shop.kernel.money import LARGEST_AMOUNT
from shop.ledger import names, sources
from shop.ledger import services as ledger
from shop.ledger.models import Posting
from shop.ledger.names import Named
from shop.ledger.services import Draft, Line
from shop.payments.incoming import Awaited
from shop.points.models import Point
from shop.remittances.bag_models import BagArrival, BagState, CashBag
from shop.remittances.errors import BagStep, CountsDiffer, LessCash, SamePerson
from shop.remittances.services.steps import once, reason

OFFICE = "point:office"
# Of such a bag nothing has left where it lay.
_LIES = (BagState.SEALED, BagState.BACK)
_LACKS = CashBag.amount - CashBag.arrived_amount - CashBag.difference_amount


def place_of(point_id: int | None) -> str:
    """The party under which the cash of a point, or of the office, lies in the books."""
    return OFFICE if point_id is None else f"point:{point_id}"


def _channel(row: CashBag) -> str:
    return "cod" if row.point_id is None else place_of(row.point_id)


# --- the books ---------------------------------------------------------------------------------------------------


def _drafts(ids: Sequence[int]) -> list[Draft]:
    """From where it lay onto its way; what never comes is a difference of the point. The bank's line takes the rest."""
    rows = session().scalars(select(CashBag).where(CashBag.id.in_(ids), CashBag.state.not_in(_LIES)))
    drafts = []
    for row in rows:
        party, there = f"cash-bag:{row.reference}", place_of(row.point_id)
        lines = [
            Line("cash-carried", row.amount - row.difference_amount, party),
            Line("cash-differences", row.difference_amount, there),
            Line("cash-point", -row.amount, there),
        ]
        drafts.append(
            Draft(
                SOURCE.kind, SOURCE.cause(row.id), _channel(row), SOURCE.cause(row.id), row.carried_at, lines, row.note
            )
        )
    return drafts


SOURCE = sources.register(
    sources.Source("cash-bag", lambda: select(CashBag.id).where(CashBag.state.not_in(_LIES)), _drafts)
)


def _post(row: CashBag, actor: Actor) -> None:
    session().flush()
    drafts = _drafts([row.id])
    if not drafts:
        cause = SOURCE.cause(row.id)
        drafts = [Draft(SOURCE.kind, cause, _channel(row), cause, clock.now(), [])]
    ledger.bring(actor, drafts)


def _named(told: Collection[str]) -> dict[str, Named]:
    rows = session().execute(
        select(CashBag.id, CashBag.reference).where(CashBag.id.in_(names.numbers(told)) | CashBag.reference.in_(told))
    )
    found: dict[str, Named] = {}
    for i, reference in rows:
        found[str(i)] = found[reference] = Named(reference, f"/office/remittances/cash/{reference}")
    return found


names.register("cash-bag", _named)


def lying() -> dict[str, int]:
    """The cash that lies at each point (`point:<id>`, `point:office`) by the books, in đồng."""
    rows = session().execute(
        select(Posting.party, func.sum(Posting.amount))
        .where(Posting.account == "cash-point", Posting.party.like("point:%"))
        .group_by(Posting.party)
    )
    return {str(party): int(amount) for party, amount in rows}


def sealed() -> dict[str, int]:
    """What of that is in bags which wait for a second count, in đồng by place."""
    rows = session().execute(
        select(CashBag.point_id, func.sum(CashBag.amount))
        .where(CashBag.state == BagState.SEALED)
        .group_by(CashBag.point_id)
    )
    return {place_of(point_id): int(amount) for point_id, amount in rows}


def _there(point_id: int | None, amount: int) -> None:
    """See that so much lies there outside of bags; of a point under its lock.

    Raises:
        LessCash.
    """
    if point_id is not None:  # two who empty one safe at the same time
        session().execute(select(Point.id).where(Point.id == point_id).with_for_update())
    place = place_of(point_id)
    lies = lying().get(place, 0) - sealed().get(place, 0)
    if amount > lies:
        raise LessCash(field="amount", there=f"{max(0, lies):,}".replace(",", "."))


# --- people ------------------------------------------------------------------------------------------------------


def _said(told: str, field: str, words: str) -> str:
    kept = text.clean(told).replace("\n", " ")[:200]
    if len(kept) < 2:
        raise Invalid(words, field=field)
    return kept


def carry(
    actor: Actor,
    *,
    point_id: int | None,
    bag_number: str,
    amount: int,
    counted_by: str,
    carried_by: str,
    carried_at: datetime | None = None,
    note: str = "",
    op_key: str,
    is_demo: bool = False,
) -> str:
    """Cash leaves a point (None: the office) for the bank; return the bag's reference.

    Raises:
        Invalid: no amount, no number of the bag, nobody who counted or carries it, the same person for both, a moment to come
        or long past, no such point. LessCash: by the books less lies there.
    """
    if not 0 < amount <= LARGEST_AMOUNT:
        raise Invalid(N_("Số tiền phải lớn hơn 0."), field="amount")
    number = _said(bag_number, "bag_number", N_("Hãy ghi số niêm phong của túi."))[:40]
    counter = _said(counted_by, "counted_by", N_("Hãy ghi tên người đếm."))
    carrier = _said(carried_by, "carried_by", N_("Hãy ghi tên người mang đi nộp."))
    if text.fold(counter) == text.fold(carrier):
        raise Invalid(N_("Người đếm và người mang đi nộp phải là hai người."), field="carried_by")
    at = carried_at or clock.now()
    if not clock.now() - timedelta(days=31) <= at <= clock.now() + timedelta(minutes=5):
        raise Invalid(N_("Thời điểm mang đi phải trong 31 ngày qua."), field="carried_at")
    if point_id is not None and session().get(Point, point_id) is None:
        raise Invalid(N_("Hãy chọn nơi để tiền."), field="point")

    def command() -> dict[str, Any]:
        _there(point_id, amount)
        row = CashBag(
            reference=f"TM-{text.reference()}", state=BagState.CARRIED, point_id=point_id, bag_number=number, amount=amount,
            counted_by=counter, carried_by=carrier, carried_at=at, note=text.clean(note)[:500] or None, created_at=clock.now(),
            created_key=actor.key, created_label=actor.label, is_demo=is_demo,
        )  # fmt: skip
        session().add(row)
        _post(row, actor)
        return {"reference": row.reference, "amount": amount}

    body = [point_id, number, amount, counter, carrier]
    return str(once(actor, op_key, "cash-bag", body, command)["reference"])


def seal(
    actor: Actor, *, point_id: int, bag_number: str, amount: int, carried_by: str, note: str = "", op_key: str,
    is_demo: bool = False,
) -> str:  # fmt: skip
    """A keeper has counted cash of his point into a bag and sealed it; a second person counts it before it leaves. Return the
    bag's reference.

    Raises:
        Invalid: no amount, no number of the bag, nobody who carries it, or the keeper himself. LessCash: less lies there.
    """
    if not 0 < amount <= LARGEST_AMOUNT:
        raise Invalid(N_("Số tiền phải lớn hơn 0."), field="amount")
    number = _said(bag_number, "bag_number", N_("Hãy ghi số niêm phong của túi."))[:40]
    carrier = _said(carried_by, "carried_by", N_("Hãy ghi tên người mang đi nộp."))
    if text.fold(actor.label) == text.fold(carrier):
        raise Invalid(N_("Người đếm và người mang đi nộp phải là hai người."), field="carried_by")

    def command() -> dict[str, Any]:
        _there(point_id, amount)
        now = clock.now()
        row = CashBag(
            reference=f"TM-{text.reference()}", state=BagState.SEALED, point_id=point_id, bag_number=number, amount=amount,
            counted_by=actor.label, carried_by=carrier, carried_at=now, note=text.clean(note)[:500] or None, created_at=now,
            created_key=actor.key, created_label=actor.label, is_demo=is_demo,
        )  # fmt: skip
        session().add(row)
        session().flush()
        return {"reference": row.reference, "amount": amount}

    return str(once(actor, op_key, "cash-bag-seal", [point_id, number, amount, carrier], command)["reference"])


def count_again(actor: Actor, reference: str, amount: int, version: int, *, op_key: str) -> None:
    """A second person has counted a sealed bag: it leaves for the bank.

    Raises:
        NotFound; BagStep: it does not wait for that, or somebody was quicker; SamePerson: who wrote it counts it; CountsDiffer:
        he counted another sum; LessCash: by the books less lies there by now.
    """

    def command() -> dict[str, Any]:
        row = _locked(reference)
        if row.version != version or row.state is not BagState.SEALED:
            raise BagStep
        if row.created_key == actor.key:
            raise SamePerson
        if row.amount != amount:
            raise CountsDiffer(field="amount")
        lies = lying().get(place_of(row.point_id), 0)
        if row.amount > lies:
            raise LessCash(field="amount", there=f"{max(0, lies):,}".replace(",", "."))
        row.state, row.carried_at = BagState.CARRIED, clock.now()
        row.second_key, row.second_label, row.second_at = actor.key, actor.label, clock.now()
        row.version += 1
        _post(row, actor)
        return {"reference": reference, "amount": amount}

    once(actor, op_key, "cash-bag-count", [reference, amount, version], command)


def _locked(reference: str) -> CashBag:
    row = session().scalar(
        select(CashBag).where(CashBag.reference == reference).with_for_update(),
        execution_options={"populate_existing": True},
    )
    if row is None:
        raise NotFound
    return row


def bring_back(actor: Actor, reference: str, why: str, version: int, *, op_key: str) -> None:
    """The bag never went to the bank, or is opened before its second count: its cash lies where it was.

    Raises:
        NotFound; BagStep: the bank has shown some of it, or somebody was quicker. Invalid: no reason.
    """
    why = reason(why)

    def command() -> dict[str, Any]:
        row = _locked(reference)
        was = row.state
        if row.version != version or was not in {BagState.SEALED, BagState.CARRIED} or row.arrived_amount:
            raise BagStep
        row.state, row.closed_at, row.closed_label, row.note = BagState.BACK, clock.now(), actor.label, why
        row.version += 1
        if was is not BagState.SEALED:  # of a sealed one nothing is in the books yet
            _post(row, actor)
        return {"reference": reference, "reason": why}

    once(actor, op_key, "cash-bag-back", [reference, version, why], command)


def close(actor: Actor, reference: str, why: str, version: int, *, op_key: str) -> None:
    """The bank counted less: what lacks is a difference of the point, for a reason that is kept.

    Raises:
        NotFound; BagStep: nothing lacks, nothing has come yet, or somebody was quicker. Invalid: no reason.
    """
    why = reason(why)

    def command() -> dict[str, Any]:
        row = _locked(reference)
        if row.version != version or row.state is not BagState.CARRIED or not row.arrived_amount:
            raise BagStep
        lacks = row.lacking_amount
        row.difference_amount, row.difference_reason = lacks, why
        row.state, row.closed_at, row.closed_label = BagState.ARRIVED, clock.now(), actor.label
        row.version += 1
        _post(row, actor)
        return {"reference": reference, "amount": lacks, "reason": why}

    once(actor, op_key, "cash-bag-close", [reference, version, why], command)


# --- the bank ----------------------------------------------------------------------------------------------------


class Bags:
    """Bags whose cash no line of the bank has shown."""

    kind = "cash-bag"

    def waiting(self, amounts: Collection[int] | None = None, references: Collection[str] = ()) -> list[Awaited]:
        """What waits."""
        wanted = (
            select(CashBag.reference, _LACKS, CashBag.carried_by, CashBag.bag_number)
            .where(CashBag.state == BagState.CARRIED, _LACKS > 0)
            .order_by(CashBag.id)
            .limit(500)
        )
        if amounts is not None:
            wanted = wanted.where(or_(_LACKS.in_(amounts), CashBag.reference.in_(references)))
        return [
            Awaited(self.kind, reference, int(lacks), carrier, (carrier, number))
            for reference, lacks, carrier, number in session().execute(wanted)
        ]

    def arrived(self, actor: Actor, reference: str, amount: int, line: str) -> int:
        """`amount` đồng of the bank's line are a bag's.

        Raises:
            NotFound; BagStep: it does not lack as much.
        """
        row = _locked(reference)
        if row.state is not BagState.CARRIED or not 0 < amount <= row.lacking_amount:
            raise BagStep
        made = BagArrival(
            bag_id=row.id,
            amount=amount,
            source=f"bank:{line}",
            actor_key=actor.key,
            actor_label=actor.label,
            at=clock.now(),
        )
        session().add(made)
        row.arrived_amount += amount
        row.version += 1
        if row.lacking_amount == 0:
            row.state, row.closed_at, row.closed_label = BagState.ARRIVED, clock.now(), actor.label
        session().flush()
        return made.id

    def take_back(self, actor: Actor, reference: str, number: int) -> None:
        """They were not.

        Raises:
            NotFound; BagStep: taken back before, or a difference was closed after it.
        """
        row = _locked(reference)
        s = session()
        part = s.get(BagArrival, number)
        if part is None or part.bag_id != row.id:
            raise NotFound
        gone = s.scalar(select(BagArrival.id).where(BagArrival.reverses_id == number))
        if part.reverses_id is not None or gone is not None or row.difference_amount:
            raise BagStep
        s.add(
            BagArrival(
                bag_id=row.id, amount=-part.amount, source=part.source, reverses_id=part.id, actor_key=actor.key,
                actor_label=actor.label, at=clock.now(),
            )
        )  # fmt: skip
        row.arrived_amount -= part.amount
        row.state, row.closed_at, row.closed_label = BagState.CARRIED, None, None
        row.version += 1
        s.flush()
