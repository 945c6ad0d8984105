"""Booths that come free are offered to the waiting list, in order, each until a term."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select

from shop.exhibitions import rules
from shop.exhibitions.errors import OfferOver
from shop.exhibitions.events import BoothOffered, OfferEnded
from shop.exhibitions.models.allotting import BoothOffer, OfferState
from shop.exhibitions.models.calls import Application, ApplicationGoods, ApplicationState, PapersState, Stand
from shop.exhibitions.models.fairs import Booth, BoothType, Exhibition, FairState
from shop.exhibitions.services import rows, stands, steps
from shop.kernel import audit, clock, text
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import locked, session, transaction
from shop.kernel.errors import NotFound
from shop.kernel.events import publish

A, F, O = ApplicationState, FairState, OfferState


def term(fair: Exhibition, now: datetime) -> datetime | None:
    """Until when an offer made now is open: some hours, but never beyond the fair's first morning; None: too late."""
    if fair.from_on is None:
        return None
    hour, minute = (int(part) for part in fair.day_opens.split(":"))
    opening = clock.start_of(fair.from_on) + timedelta(hours=hour, minutes=minute)
    until = min(now + timedelta(hours=rules.OFFER_HOURS.get()), opening)
    return until if until > now else None


def offer_booth(actor: Actor, fair: Exhibition, booth_id: int) -> list[int]:
    """Offer the free seats of a booth to the first on the waiting list whom they fit and who was not offered this booth before;
    returns the offers. The fair is locked."""
    s, now = session(), clock.now()
    until = term(fair, now)
    if fair.state is not F.ALLOTTED or until is None:
        return []
    booth, kind = s.execute(
        select(Booth, BoothType).join(BoothType, BoothType.id == Booth.type_id).where(Booth.id == booth_id)
    ).one()
    free = rows.free_seats(booth_id)
    if free <= 0:
        return []
    place = rows.place_of(booth, kind)
    asked = select(BoothOffer.application_id).where(
        (BoothOffer.booth_id == booth_id) | (BoothOffer.state == O.OPEN), BoothOffer.exhibition_id == fair.id
    )
    has_goods = select(ApplicationGoods.id).where(
        ApplicationGoods.application_id == Application.id, ApplicationGoods.papers != PapersState.REFUSED
    )
    waiting = s.scalars(
        select(Application)
        .where(Application.exhibition_id == fair.id, Application.state == A.WAITING, Application.id.not_in(asked))
        .where(has_goods.exists())
        .order_by(Application.place, Application.id)
    ).all()
    made = []
    for row in [row for row in waiting if place.fits(rows.needs(row))][:free]:
        offer = BoothOffer(
            reference=text.reference(), exhibition_id=fair.id, application_id=row.id, booth_id=booth_id, state=O.OPEN,
            offered_at=now, until=until,
        )  # fmt: skip
        s.add(offer)
        s.flush()
        audit.record(
            actor, "exhibitions.offer", f"application:{row.reference}", booth=booth.code, until=until.isoformat()
        )
        publish(BoothOffered(offer.id))
        made.append(offer.id)
    return made


def _lock(reference: str) -> tuple[Exhibition, Application, BoothOffer]:
    found = session().execute(
        select(BoothOffer.id, BoothOffer.application_id, BoothOffer.exhibition_id).where(BoothOffer.reference == reference)
    ).one_or_none()  # fmt: skip
    if found is None:
        raise NotFound
    fair = locked(Exhibition, found.exhibition_id, NotFound)
    row = locked(Application, found.application_id, NotFound)
    return fair, row, locked(BoothOffer, found.id, NotFound)


def _close(actor: Actor, offer: BoothOffer, state: OfferState) -> None:
    offer.state, offer.decided_at, offer.decided_label = state, clock.now(), actor.label
    session().flush()
    application = session().get_one(Application, offer.application_id)
    audit.record(actor, f"exhibitions.offer-{state.value}", f"application:{application.reference}")


def accept(actor: Actor, reference: str) -> None:
    """Take the booth that is offered.

    Raises:
        NotFound; OfferOver: its term is over, or it was taken back.
    """
    with transaction():
        fair, row, offer = _lock(reference)
        if offer.state is not O.OPEN or offer.until <= clock.now() or fair.state is not F.ALLOTTED:
            raise OfferOver
        _close(actor, offer, O.ACCEPTED)
        steps.application(actor, row, A.ACCEPTED)
        rows.close_ranks(fair.id)
        stands.give(actor, fair, row, offer.booth_id, stands.FROM_LIST)


def decline(actor: Actor, reference: str) -> None:
    """Do without the booth that is offered; the application keeps its place on the waiting list, and the next is asked.

    Raises:
        NotFound; OfferOver.
    """
    with transaction():
        fair, _row, offer = _lock(reference)
        if offer.state is not O.OPEN:
            raise OfferOver
        _close(actor, offer, O.DECLINED)
        offer_booth(actor, fair, offer.booth_id)


def end_of(actor: Actor, application_id: int) -> None:
    """Take back what an application is offered, and ask the next; its fair is locked."""
    offer = session().scalar(
        select(BoothOffer).where(BoothOffer.application_id == application_id, BoothOffer.state == O.OPEN)
    )
    if offer is not None:
        _close(actor, offer, O.ENDED)
        offer_booth(actor, session().get_one(Exhibition, offer.exhibition_id), offer.booth_id)


def leave_list(actor: Actor, fair: Exhibition, row: Application) -> None:
    """After `row` has left the waiting list of the locked `fair`: take its open offer back, let the others move up."""
    rows.close_ranks(fair.id)
    end_of(actor, row.id)


def end_all(actor: Actor, exhibition_id: int) -> None:
    """Take back all that is offered at a locked fair."""
    open_ = select(BoothOffer).where(BoothOffer.exhibition_id == exhibition_id, BoothOffer.state == O.OPEN)
    for offer in session().scalars(open_.order_by(BoothOffer.id)).all():
        _close(actor, offer, O.ENDED)
        publish(OfferEnded(offer.id))


def sweep() -> int:
    """End offers whose term is over (who did not answer goes to the end of the list), and offer what is free at fairs whose
    booths are given out; returns how many offers ended or were made."""
    now, done = clock.now(), 0
    due = list(
        session().scalars(
            select(BoothOffer.reference)
            .where(BoothOffer.state == O.OPEN, BoothOffer.until <= now)
            .order_by(BoothOffer.id)
        )
    )
    for reference in due:
        with transaction():
            fair, row, offer = _lock(reference)
            if offer.state is not O.OPEN or offer.until > clock.now():
                continue
            _close(SYSTEM, offer, O.LAPSED)
            if row.state is A.WAITING:
                last = session().scalar(select(func.max(Application.place)).where(Application.exhibition_id == fair.id))
                row.place = (last or 0) + 1
                session().flush()
                rows.close_ranks(fair.id)
            publish(OfferEnded(offer.id))
            offer_booth(SYSTEM, fair, offer.booth_id)
            done += 1
    for exhibition_id, booth_id in _maybe_free():
        with transaction():
            done += len(offer_booth(SYSTEM, locked(Exhibition, exhibition_id, NotFound), booth_id))
    return done


def _maybe_free() -> list[tuple[int, int]]:
    """(fair, booth) where booths are given out, somebody waits, and a seat may be free."""
    living = (
        select(func.count())
        .where(Stand.booth_id == Booth.id, Stand.ended_at.is_(None))
        .correlate(Booth)
        .scalar_subquery()
    )
    open_ = (
        select(func.count())
        .where(BoothOffer.booth_id == Booth.id, BoothOffer.state == O.OPEN)
        .correlate(Booth)
        .scalar_subquery()
    )
    waits = select(Application.id).where(Application.exhibition_id == Exhibition.id, Application.state == A.WAITING)
    found = session().execute(
        select(Exhibition.id, Booth.id)
        .join(Booth, Booth.exhibition_id == Exhibition.id)
        .join(BoothType, BoothType.id == Booth.type_id)
        .where(Exhibition.state == F.ALLOTTED, Booth.out_of_use.is_(False), waits.exists())
        .where(living + open_ < BoothType.makers)
        .order_by(Exhibition.id, Booth.id)
    )  # fmt: skip
    return [(fair, booth) for fair, booth in found]
