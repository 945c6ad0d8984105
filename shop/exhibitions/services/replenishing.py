"""Booths ask for more goods while a fair is on: of their makers, or of the fair's own store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from shop.exhibitions.errors import BoothCloses, BoothNotReady, FairMovedOn, NoHomePoint
from shop.exhibitions.models.calls import Stand
from shop.exhibitions.models.closing import BoothClosing
from shop.exhibitions.models.days import Paper, PaperFor, PaperKind, Replenishment
from shop.exhibitions.models.fairs import Booth, Exhibition
from shop.exhibitions.queries import goods
from shop.exhibitions.services.days import OPEN_FAIR, line
from shop.kernel import audit, clock, operations
from shop.kernel.actor import Actor
from shop.kernel.db import locked, session, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.receipts.models import Terms
from shop.receipts.queries import makers
from shop.supply import queries as supply
from shop.supply.services import asks
from shop.supply.services.asks import Errand
from shop.transfers import services as transfers
from shop.transfers.services import planned

MOST_UNITS = 100_000


@dataclass(frozen=True, slots=True)
class More:
    """A booth's wish: a pack, units, the instant by which they are needed; from its maker (`ask`) or the home store
    (`transfer`)."""

    variant_id: int
    units: int
    needed_at: datetime
    source: PaperKind
    note: str = ""


def replenish(actor: Actor, booth_id: int, more: More, op_key: str, *, approve: bool = False) -> str:
    """Ask for more of a pack for a booth: a supply ask on consignment to its maker, or a transfer from the home store (approved
    at once if the actor may); return its reference. The same `op_key` asks once.

    Raises:
        NotFound: no such booth; BoothNotReady: it has no point; NoHomePoint: the fair has no home store.
        FairMovedOn: the fair is neither prepared nor running; BoothCloses: the booth is being closed.
        Invalid: a quantity or time out of range, a pack whose maker does not stand there, more than the store has or the maker
            can have by then.
    """
    note = line(more.note, 300, "note")
    if not 1 <= more.units <= MOST_UNITS:
        raise Invalid(N_("Số lượng phải là số nguyên lớn hơn 0."), field="units")
    if more.source not in (PaperKind.ASK, PaperKind.TRANSFER):
        raise Invalid(N_("Hãy chọn xin cơ sở hay xin kho."), field="source")
    now = clock.now()
    if more.needed_at < now - timedelta(minutes=5):
        raise Invalid(N_("Giờ cần hàng đã qua."), field="needed_at")

    def command() -> dict[str, Any]:
        booth = session().get(Booth, booth_id)
        if booth is None:
            raise NotFound
        fair = locked(Exhibition, booth.exhibition_id, NotFound)
        if fair.state not in OPEN_FAIR:
            raise FairMovedOn
        if booth.point_id is None:
            raise BoothNotReady
        if session().scalar(select(BoothClosing.id).where(BoothClosing.booth_id == booth_id)) is not None:
            raise BoothCloses(code=booth.code)
        maker = makers([more.variant_id]).get(more.variant_id)
        stand = session().scalar(
            select(Stand).where(Stand.booth_id == booth_id, Stand.producer_id == maker, Stand.ended_at.is_(None))
        )
        if maker is None or stand is None:
            raise Invalid(N_("Cơ sở làm quy cách này không đứng ở gian này."), field="variant")
        day = clock.business_day(more.needed_at)
        if more.source is PaperKind.ASK:
            _maker_can(maker, more, day)
            why = f"{fair.name}, gian {booth.code}: {note or 'sắp hết hàng'}"[:500]
            what = Errand(booth.point_id, Terms.CONSIGNMENT, day, why, min(clock.today(), day))
            key = f"{op_key}:a"[:80]
            reference = asks.ask(actor, maker, what, {more.variant_id: more.units}, op_key=key, is_demo=fair.is_demo)
        else:
            if fair.home_point_id is None:
                raise NoHomePoint
            free = goods.home_stock(fair.home_point_id, [more.variant_id]).get(more.variant_id, 0)
            if more.units > free:
                raise Invalid(
                    N_("Kho nhà chỉ còn %(n)s chưa hứa cho ai. Hãy xin ít hơn, hoặc xin cơ sở sản xuất."),
                    field="units", n=max(free, 0),
                )  # fmt: skip
            said = f"{fair.name}, gian {booth.code}: tiếp hàng"[:500]
            lines = {more.variant_id: more.units}
            _id, reference = planned.make(actor, fair.home_point_id, booth.point_id, lines, note=said, approve=approve)
        session().add(
            Replenishment(
                exhibition_id=fair.id, booth_id=booth.id, variant_id=more.variant_id, units=more.units, kind=more.source,
                reference=reference, needed_at=more.needed_at, note=note or None, asked_at=now, asked_label=actor.label,
            )
        )  # fmt: skip
        session().add(
            Paper(
                exhibition_id=fair.id, booth_id=booth.id, stand_id=stand.id, kind=more.source,
                purpose=PaperFor.REPLENISH, reference=reference, made_at=now, made_label=actor.label,
            )
        )  # fmt: skip
        session().flush()
        audit.record(
            actor, "exhibitions.replenish", f"exhibition:{fair.slug}", booth=booth.code, reference=reference,
            units=more.units,
        )  # fmt: skip
        return {"reference": reference}

    body = [booth_id, more.variant_id, more.units, more.needed_at, more.source.value, note, approve]
    return str(operations.once(op_key, "exhibitions.replenish", actor.key, body, command)["reference"])


def _maker_can(producer_id: int, more: More, day: date) -> None:
    """Refuse to ask for more than the maker has and can make by `day`, where he has said what he can make.

    Raises:
        Invalid (field `units`).
    """
    word = supply.in_time(producer_id, {more.variant_id: more.units}, day)[more.variant_id]
    if word.verdict == "bad":
        raise Invalid(
            N_("Cơ sở chỉ có và làm kịp %(n)s đến lúc đó. Hãy xin ít hơn, hoặc xin kho nhà."),
            field="units", n=max(word.here + word.high - word.promised, 0),
        )  # fmt: skip


def tell_arrival(actor: Actor, reference: str, due_at: datetime | None) -> None:
    """Write down when the goods of a replenishment will arrive (None: not known any more).

    Raises:
        NotFound: there is no such replenishment.
        Invalid: a time past, or far from the fair.
    """
    now = clock.now()
    if due_at is not None and not now - timedelta(hours=1) <= due_at <= now + timedelta(days=30):
        raise Invalid(N_("Giờ đến phải từ bây giờ đến 30 ngày tới."), field="due_at")
    with transaction() as s:
        row = s.scalar(select(Replenishment).where(Replenishment.reference == reference).with_for_update())
        if row is None:
            raise NotFound
        row.due_at = due_at
        s.flush()
        audit.record(actor, "exhibitions.arrival", f"paper:{reference}", due_at=due_at and due_at.isoformat())


def call_off(actor: Actor, reference: str, reason: str, op_key: str) -> None:
    """Take a replenishment back that nobody has begun to send; its ask or transfer ends with it.

    Raises:
        NotFound; Invalid: no reason.
        AskMovedOn, TransferMovedOn: it is settled, or on its way.
    """
    why = line(reason, 500, "reason", needed=N_("Hãy ghi lý do."))
    with transaction() as s:
        row = s.scalar(select(Replenishment).where(Replenishment.reference == reference).with_for_update())
        if row is None:
            raise NotFound
        if row.kind is PaperKind.ASK:
            asks.withdraw(actor, reference, why, op_key)
        else:
            transfers.cancel(actor, reference, why, op_key)
