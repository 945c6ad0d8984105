"""A producer's application for a booth, from its draft to what the organiser says of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update

from shop.catalog.models import Product, Variant
from shop.exhibitions.errors import (
    AlreadyApplied,
    ApplicationSealed,
    CallClosed,
    FairCancelled,
    FairMovedOn,
    NoCall,
    NotYourGoods,
)
from shop.exhibitions.models.calls import (
    Application,
    ApplicationGoods,
    ApplicationState,
    Endorsement,
    PapersState,
)
from shop.exhibitions.models.fairs import BoothType, Exhibition, FairState, Zone
from shop.exhibitions.queries import papers
from shop.exhibitions.services import offers, rows, stands, steps
from shop.kernel import audit, clock, dates, facts, text
from shop.kernel.actor import Actor
from shop.kernel.db import locked, session, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.kernel.forms import phone
from shop.producers import queries as producers
from shop.producers.errors import ProducerNotReady

A, F = ApplicationState, FairState
WRITABLE = (A.DRAFT, A.SENT_BACK)
MOST_UNITS = 99_999


def check_call(fair: Exhibition, today: date) -> None:
    """Refuse an application that comes too early, too late, or to a fair that takes none.

    Raises:
        FairCancelled, NoCall, CallClosed.
    """
    if fair.state is F.CANCELLED:
        raise FairCancelled
    if fair.call_from_on is None or fair.call_to_on is None or fair.state not in rows.OPEN_FAIR:
        raise NoCall
    if not fair.takes_applications(today):
        last = fair.call_to_on - timedelta(days=1)
        raise CallClosed(first=dates.day(fair.call_from_on), last=dates.day(last))


def start(actor: Actor, producer_id: int, slug: str, *, is_demo: bool = False) -> str:
    """Begin an application, or take up again one that was withdrawn; returns its reference.

    Raises:
        NotFound: there is no such fair, or nobody may see it yet.
        FairCancelled, NoCall, CallClosed.
        AlreadyApplied: the producer has an application there.
        ProducerNotReady: it is suspended.
    """
    with transaction() as s:
        fair = rows.lock_fair(slug)
        if fair.state is F.DRAFT:
            raise NotFound
        before = s.scalar(
            select(Application).where(Application.exhibition_id == fair.id, Application.producer_id == producer_id)
        )
        if before is not None and before.state is not A.WITHDRAWN:
            raise AlreadyApplied(reference=before.reference)
        check_call(fair, clock.today())
        producer = producers.by_id(producer_id)
        if producer is None:
            raise NotFound
        if producers.suspended_why(producer_id) is not None:
            raise ProducerNotReady(N_("Cơ sở đang bị tạm ngừng nên chưa đăng ký hội chợ được."))
        if before is not None:
            row = locked(Application, before.id, NotFound)
        else:
            now = clock.now()
            row = Application(
                reference=text.reference(), exhibition_id=fair.id, producer_id=producer_id,
                contact_name=producer.representative, contact_phone=_phone_or_none(producer.phone),
                created_at=now, updated_at=now, is_demo=is_demo,
            )  # fmt: skip
            s.add(row)
        steps.application(actor, row, A.DRAFT)
        return row.reference


def _phone_or_none(raw: str | None) -> str | None:
    try:
        return phone(raw) if raw else None
    except Invalid:
        return None


def _writable(reference: str) -> tuple[Exhibition, Application]:
    fair, row = rows.lock(reference)
    if row.state not in WRITABLE:
        raise ApplicationSealed
    if row.state is A.DRAFT:
        check_call(fair, clock.today())
    elif fair.state is F.CANCELLED:
        raise FairCancelled
    elif fair.state not in rows.OPEN_FAIR:
        raise FairMovedOn
    return fair, row


def save_goods(actor: Actor, reference: str, wanted: Mapping[int, int | None]) -> None:
    """Say which packs are to be brought, each with the units wanted (None: not known yet). What was found of the papers of a
    pack that stays, stays.

    Raises:
        NotFound; ApplicationSealed, FairCancelled, NoCall, CallClosed, FairMovedOn.
        NotYourGoods: a pack is not of the application's producer.
        Invalid: a number makes no sense.
    """
    with transaction() as s:
        _fair, row = _writable(reference)
        for variant_id, units in wanted.items():
            if units is not None and not 1 <= units <= MOST_UNITS:
                raise Invalid(
                    N_("Số lượng mang theo phải từ 1 đến %(most)s."), field=f"wanted-{variant_id}", most="99.999"
                )
        mine = (
            select(Variant.id, Variant.product_id)
            .join(Product, Product.id == Variant.product_id)
            .where(Variant.id.in_(list(wanted)), Product.producer_id == row.producer_id)
        )
        own = {found.id: found.product_id for found in s.execute(mine)}
        if len(own) != len(wanted):
            raise NotYourGoods(field="goods")
        kept = {g.variant_id: g for g in row.goods}
        gone = [g.id for v, g in kept.items() if v not in wanted]
        s.execute(delete(ApplicationGoods).where(ApplicationGoods.id.in_(gone)))
        for variant_id, units in sorted(wanted.items()):
            if variant_id in kept:
                s.execute(
                    update(ApplicationGoods).where(ApplicationGoods.id == kept[variant_id].id).values(wanted=units)
                )
            else:
                s.execute(
                    insert(ApplicationGoods).values(
                        application_id=row.id, product_id=own[variant_id], variant_id=variant_id, wanted=units,
                        papers=PapersState.UNCHECKED,
                    )
                )  # fmt: skip
        row.updated_at = clock.now()
        audit.record(actor, "exhibitions.application-goods", f"application:{reference}", packs=len(wanted))


def save_place(
    actor: Actor, reference: str, zone_id: int | None, type_id: int | None, power_watts: int, *, water: bool, cold: bool
) -> None:
    """Say where the producer would like to stand and what the booth must have.

    Raises:
        NotFound; ApplicationSealed, FairCancelled, NoCall, CallClosed, FairMovedOn.
        Invalid: a zone or type of another fair, a power that no booth takes.
    """
    with transaction() as s:
        fair, row = _writable(reference)
        if zone_id is not None and s.scalar(select(Zone.exhibition_id).where(Zone.id == zone_id)) != fair.id:
            raise Invalid(N_("Hãy chọn một khu của hội chợ này."), field="zone")
        if type_id is not None and s.scalar(select(BoothType.exhibition_id).where(BoothType.id == type_id)) != fair.id:
            raise Invalid(N_("Hãy chọn một loại gian của hội chợ này."), field="type")
        if not 0 <= power_watts <= 100_000:
            raise Invalid(N_("Công suất điện phải từ 0 đến 100.000 W."), field="power")
        row.zone_id, row.type_id, row.power_watts, row.water, row.cold = zone_id, type_id, power_watts, water, cold
        row.updated_at = clock.now()
        audit.record(actor, "exhibitions.application-place", f"application:{reference}")


def save_contact(actor: Actor, reference: str, name: str | None, number: str | None, note: str | None) -> None:
    """Say who is reached about it.

    Raises:
        NotFound; ApplicationSealed, FairCancelled, NoCall, CallClosed, FairMovedOn.
        Invalid: no name, no possible number.
    """
    with transaction():
        _fair, row = _writable(reference)
        refusals: list[Invalid] = []
        said = facts.line(name, "contact_name")
        if said is None:
            refusals.append(Invalid(N_("Hãy ghi tên người liên hệ."), field="contact_name"))
        try:
            reached = phone(number or "")
        except Invalid as error:
            refusals.append(Invalid(error.title, field="contact_phone"))
        if refusals:
            raise facts.Refused(refusals)
        row.contact_name, row.contact_phone, row.note = said, reached, facts.prose(note, "note")
        row.updated_at = clock.now()
        audit.record(actor, "exhibitions.application-contact", f"application:{reference}")


def lacking(row: Application) -> list[Invalid]:
    """What an application must have before it is handed in, each with the field it belongs to."""
    found = []
    if not row.goods:
        found.append(Invalid(N_("Hãy chọn ít nhất một mặt hàng mang đến hội chợ."), field="goods"))
    if not row.contact_name:
        found.append(Invalid(N_("Hãy ghi tên người liên hệ."), field="contact_name"))
    if not row.contact_phone:
        found.append(Invalid(N_("Hãy ghi số điện thoại liên hệ."), field="contact_phone"))
    return found


def submit(actor: Actor, reference: str) -> None:
    """Hand the application in, for the first time or again after it was sent back; what waits already is left as it is, so
    that a second click does nothing. The producer's commune is copied.

    Raises:
        NotFound; ApplicationSealed: it was decided on already.
        FairCancelled, NoCall, CallClosed, FairMovedOn.
        Refused: something is missing.
    """
    with transaction():
        if rows.lock(reference)[1].state is A.SUBMITTED:
            return
        _fair, row = _writable(reference)
        missing = lacking(row)
        if missing:
            raise facts.Refused(missing)
        producer = producers.by_id(row.producer_id)
        row.locality_code = producer.commune_code if producer else None
        row.submitted_at = clock.now()
        steps.application(actor, row, A.SUBMITTED)


# --- what the organiser says of it ---------------------------------------------------------------------------------


def send_back(actor: Actor, reference: str, reason: str | None) -> None:
    """Give an application back to be put right; it may be handed in again after the call has ended.

    Raises:
        NotFound; FairMovedOn; Invalid: no reason.
    """
    _decide(actor, reference, A.SENT_BACK, reason)


def refuse(actor: Actor, reference: str, reason: str | None) -> None:
    """Turn an application down that has no booth.

    Raises:
        NotFound; FairMovedOn; Invalid: no reason.
    """
    _decide(actor, reference, A.REFUSED, reason)


def _decide(actor: Actor, reference: str, to: ApplicationState, reason: str | None) -> None:
    with transaction():
        fair, row = rows.lock(reference)
        said = rows.reason(reason)
        if fair.state not in rows.OPEN_FAIR or row.state is A.ACCEPTED:
            raise FairMovedOn
        waited = row.state is A.WAITING
        steps.application(actor, row, to, said)
        if waited:
            offers.leave_list(actor, fair, row)


def to_waiting(actor: Actor, reference: str) -> None:
    """Put an application at the end of the waiting list.

    Raises:
        NotFound; FairMovedOn.
    """
    with transaction():
        fair, row = rows.lock(reference)
        if fair.state not in rows.OPEN_FAIR or row.state is not A.SUBMITTED:
            raise FairMovedOn
        rows.join_list(actor, row)


def withdraw(actor: Actor, reference: str, reason: str | None = None) -> None:
    """Take an application back. Whoever had a booth gives it up, and the next of the waiting list is offered it.

    Raises:
        NotFound; FairMovedOn: the fair has begun, or there is nothing to take back.
        BoothsInUse: the booth has been made ready for goods.
    """
    with transaction():
        fair, row = rows.lock(reference)
        if fair.state not in (*rows.OPEN_FAIR, F.CANCELLED):
            raise FairMovedOn
        said = facts.prose(reason, "reason")
        before = row.state
        booth_id = stands.leave(actor, fair, row, said) if before is A.ACCEPTED else None
        steps.application(actor, row, A.WITHDRAWN, said)
        if before is A.WAITING:
            offers.leave_list(actor, fair, row)
        if booth_id is not None:
            offers.offer_booth(actor, fair, booth_id)


def endorse(actor: Actor, reference: str, answer: Endorsement, word: str | None) -> None:
    """Say for the producer's locality whether he should be at the fair; may be changed until the booths are given out.

    Raises:
        NotFound; FairMovedOn: the application is not handed in, or the booths are given out.
        Invalid: a no without words.
    """
    with transaction():
        fair, row = rows.lock(reference)
        if fair.state is not F.ANNOUNCED or row.state not in (A.SUBMITTED, A.WAITING):
            raise FairMovedOn
        said = facts.prose(word, "word")
        if answer is Endorsement.NO and said is None:
            raise Invalid(N_("Hãy ghi vì sao không giới thiệu."), field="word")
        row.endorsement, row.endorsed_word = answer, said
        none = answer is Endorsement.NONE
        row.endorsed_at, row.endorsed_label = (None, None) if none else (clock.now(), actor.label)
        row.updated_at = clock.now()
        audit.record(
            actor, "exhibitions.endorse", f"application:{reference}", answer=answer.value, word=said,
            locality=row.locality_code,
        )  # fmt: skip


def find(actor: Actor, reference: str, goods_id: int, state: PapersState, finding: str | None) -> None:
    """Write down what a person found of the papers of one pack. Good papers that the books lack, or have no copy of, are said
    to be seen where.

    Raises:
        NotFound: the application has no such pack; FairMovedOn.
        Invalid: refused without a reason, or good without a word where the books do not show it.
    """
    with transaction():
        fair, row = rows.lock(reference)
        _checkable(fair, row)
        goods = next((g for g in row.goods if g.id == goods_id), None)
        if goods is None:
            raise NotFound
        said = facts.prose(finding, f"finding-{goods_id}")
        if state is PapersState.REFUSED and said is None:
            raise Invalid(N_("Hãy ghi vì sao mặt hàng không được bày bán."), field=f"finding-{goods_id}")
        known = papers.of_packs(fair, [goods.variant_id])[goods.variant_id]
        if state is PapersState.GOOD and said is None and not known.complete:
            raise Invalid(
                N_("Giấy tờ còn thiếu ngày hoặc chưa có bản chụp trong sổ. Hãy ghi đã xem bản gốc nào, ở đâu."),
                field=f"finding-{goods_id}",
            )
        _write(actor, goods, state, said)
        audit.record(
            actor,
            "exhibitions.papers",
            f"application:{reference}",
            variant=goods.variant_id,
            state=state.value,
            finding=said,
        )


def find_all_good(actor: Actor, reference: str, goods_ids: list[int]) -> int:
    """Write down that the papers of these packs are good, for all that nobody has checked yet and of which the books have every
    paper with its copy; returns how many.

    Raises:
        NotFound; FairMovedOn.
    """
    with transaction():
        fair, row = rows.lock(reference)
        _checkable(fair, row)
        known = papers.of_packs(fair, [g.variant_id for g in row.goods])
        found = [
            g
            for g in row.goods
            if g.id in set(goods_ids) and g.papers is PapersState.UNCHECKED and known[g.variant_id].complete
        ]
        for goods in found:
            _write(actor, goods, PapersState.GOOD, None)
        audit.record(actor, "exhibitions.papers", f"application:{reference}", state="good", packs=len(found))
        return len(found)


def _checkable(fair: Exhibition, row: Application) -> None:
    if fair.state not in (*rows.OPEN_FAIR, F.RUNNING) or row.state not in (A.SUBMITTED, A.WAITING, A.ACCEPTED):
        raise FairMovedOn


def _write(actor: Actor, goods: ApplicationGoods, state: PapersState, finding: str | None) -> None:
    unchecked = state is PapersState.UNCHECKED
    values: dict[str, Any] = {
        "papers": state,
        "finding": finding,
        "checked_at": None if unchecked else clock.now(),
        "checked_label": None if unchecked else actor.label,
    }
    facts.apply(goods, values)
    session().flush()
