"""A producer offers to bring goods to a point; accepted, it is a delivery that is expected."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import insert, select

from shop.kernel import audit, clock, operations, text
from shop.kernel.actor import Actor
from shop.kernel.db import session
from shop.kernel.errors import N_, Invalid, NotFound
from shop.kernel.events import publish
from shop.receipts import services as receipts
from shop.receipts.models import Delivery, Terms
from shop.receipts.services import Wanted
from shop.supply import rules
from shop.supply.errors import AnnouncementMovedOn
from shop.supply.events import AnnouncementDecided
from shop.supply.models import (
    ANNOUNCEMENT_ALLOWED,
    Announcement,
    AnnouncementLine,
    AnnouncementStatus,
    AnnouncementStep,
    N,
)
from shop.supply.services import wanting


def announce(
    actor: Actor,
    producer_id: int,
    point_id: int,
    terms: Terms,
    brings_on: date,
    wanted: Mapping[int, int],
    *,
    note: str = "",
    op_key: str,
    is_demo: bool = False,
) -> str:
    """Offer to bring `wanted` (sale units by variant) to a point; return the reference. The same `op_key` again returns the
    same.

    Raises:
        Invalid: nothing, somebody else's goods, a number out of range (field `quantity-<variant>`), a point or day that
            cannot be.
    """
    note = rules.line(note, 500, "note")
    wanting.numbers(wanted)
    if brings_on < clock.today():
        raise Invalid(N_("Ngày giao không thể trước hôm nay."), field="brings_on")
    rules.day(brings_on, "brings_on")

    def command() -> dict[str, Any]:
        wanting.goods(producer_id, wanted)
        wanting.place(point_id, brings_on, "brings_on")
        now = clock.now()
        row = Announcement(
            reference=f"B-{text.reference()}",
            producer_id=producer_id,
            point_id=point_id,
            terms=terms,
            status=N.ANNOUNCED,
            brings_on=brings_on,
            note=note or None,
            announced_at=now,
            announced_by=actor.key,
            announced_label=actor.label,
            updated_at=now,
            is_demo=is_demo,
        )
        session().add(row)
        session().flush()
        lines = [{"announcement_id": row.id, "variant_id": v, "quantity": n} for v, n in sorted(wanted.items())]
        session().execute(insert(AnnouncementLine), lines)
        _write_step(actor, row, "", note or None)
        audit.record(actor, "supply.announced", f"announcement:{row.reference}", units=sum(wanted.values()))
        return {"reference": row.reference}

    body = [producer_id, point_id, terms.value, brings_on, sorted(wanted.items()), note]
    return str(operations.once(op_key, "supply.announce", actor.key, body, command)["reference"])


def _locked(reference: str) -> Announcement:
    found = session().scalar(
        select(Announcement).where(Announcement.reference == reference).with_for_update(),
        execution_options={"populate_existing": True},
    )
    if found is None:
        raise NotFound
    return found


def _step(actor: Actor, row: Announcement, to: AnnouncementStatus, reason: str | None = None) -> None:
    if to not in ANNOUNCEMENT_ALLOWED[row.status]:
        raise AnnouncementMovedOn
    before, row.status, row.updated_at = row.status, to, clock.now()
    _write_step(actor, row, before, reason)
    audit.record(actor, f"supply.{to.value}", f"announcement:{row.reference}", reason=reason)


def _write_step(actor: Actor, row: Announcement, before: str, reason: str | None) -> None:
    session().flush()
    session().execute(
        insert(AnnouncementStep).values(
            announcement_id=row.id,
            from_status=before,
            to_status=row.status,
            at=clock.now(),
            actor_key=actor.key,
            actor_label=actor.label,
            reason=reason,
        )
    )


def accept(actor: Actor, reference: str, op_key: str) -> str:
    """Say yes: the goods are expected at the point from now on; return the delivery's reference.

    Raises:
        NotFound; AnnouncementMovedOn: it was decided or withdrawn before.
        Invalid: the day is past, or the point has closed.
    """

    def command() -> dict[str, Any]:
        row = _locked(reference)
        if N.ACCEPTED not in ANNOUNCEMENT_ALLOWED[row.status]:
            raise AnnouncementMovedOn
        if row.brings_on < clock.today():
            raise Invalid(N_("Ngày hẹn đã qua. Hãy từ chối, cơ sở sẽ báo ngày khác."), field="brings_on")
        wanted = {line.variant_id: Wanted(line.quantity) for line in row.lines}
        delivery = receipts.expect(
            actor,
            row.producer_id,
            row.point_id,
            row.terms,
            row.brings_on,
            wanted,
            note=row.note or "",
            op_key=f"announcement:{row.reference}",
            is_demo=row.is_demo,
        )
        row.delivery_id = session().scalars(select(Delivery.id).where(Delivery.reference == delivery)).one()
        _step(actor, row, N.ACCEPTED)
        publish(AnnouncementDecided(row.id))
        return {"delivery": delivery}

    return str(operations.once(op_key, "supply.accept_offer", actor.key, [reference], command)["delivery"])


def refuse(actor: Actor, reference: str, reason: str, op_key: str) -> None:
    """Say no to what a producer offered to bring.

    Raises:
        NotFound; AnnouncementMovedOn; Invalid: no reason.
    """
    why = rules.line(reason, 500, "reason", needed=N_("Hãy ghi lý do."))

    def command() -> dict[str, Any]:
        row = _locked(reference)
        _step(actor, row, N.REFUSED, why)
        publish(AnnouncementDecided(row.id))
        return {}

    operations.once(op_key, "supply.refuse_offer", actor.key, [reference, why], command)


def withdraw(actor: Actor, reference: str, reason: str, op_key: str) -> None:
    """The producer takes back what he offered, before the point has answered.

    Raises:
        NotFound; AnnouncementMovedOn; Invalid: no reason.
    """
    why = rules.line(reason, 500, "reason", needed=N_("Hãy ghi lý do."))

    def command() -> dict[str, Any]:
        _step(actor, _locked(reference), N.WITHDRAWN, why)
        return {}

    operations.once(op_key, "supply.withdraw_offer", actor.key, [reference, why], command)
