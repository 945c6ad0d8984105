"""Fairs and applications locked in one order, places on the waiting list, seats of a booth: what the commands share."""

from __future__ import annotations

from sqlalchemy import func, select, update

from shop.exhibitions.allot import Applicant, Place
from shop.exhibitions.models.allotting import BoothOffer, OfferState
from shop.exhibitions.models.calls import Application, ApplicationState, Stand
from shop.exhibitions.models.fairs import Booth, BoothType, Exhibition, FairState
from shop.exhibitions.services import steps
from shop.kernel import facts
from shop.kernel.actor import Actor
from shop.kernel.db import locked, session
from shop.kernel.errors import N_, Invalid, NotFound

A, F = ApplicationState, FairState
# While booths may still be given out.
OPEN_FAIR = (F.ANNOUNCED, F.ALLOTTED)


def lock(reference: str) -> tuple[Exhibition, Application]:
    """The application with its fair, both locked, the fair first.

    Raises:
        NotFound.
    """
    found = session().execute(
        select(Application.id, Application.exhibition_id).where(Application.reference == reference)
    ).one_or_none()  # fmt: skip
    if found is None:
        raise NotFound
    fair = locked(Exhibition, found.exhibition_id, NotFound)
    return fair, locked(Application, found.id, NotFound)


def lock_fair(slug: str) -> Exhibition:
    """The fair of this address, locked.

    Raises:
        NotFound.
    """
    found = session().scalar(select(Exhibition.id).where(Exhibition.slug == slug))
    if found is None:
        raise NotFound
    return locked(Exhibition, found, NotFound)


def reason(raw: str | None) -> str:
    """A reason that somebody else reads.

    Raises:
        Invalid: it is blank or too long.
    """
    said = facts.prose(raw, "reason")
    if said is None:
        raise Invalid(N_("Hãy ghi lý do, cơ sở sẽ đọc lời này."), field="reason")
    return said


def join_list(actor: Actor, row: Application, reason: str | None = None) -> None:
    """Let the locked application wait behind all others of its locked fair."""
    last = session().scalar(select(func.max(Application.place)).where(Application.exhibition_id == row.exhibition_id))
    row.place = (last or 0) + 1
    steps.application(actor, row, A.WAITING, reason)


def close_ranks(exhibition_id: int) -> None:
    """Count the places of the waiting list from one again; the fair is locked."""
    s = session()
    rows = s.execute(
        select(Application.id, Application.place)
        .where(Application.exhibition_id == exhibition_id, Application.state == A.WAITING)
        .order_by(Application.place, Application.id)
    ).all()
    for place, (application_id, was) in enumerate(rows, 1):
        if was != place:
            s.execute(update(Application).where(Application.id == application_id).values(place=place))


def needs(row: Application) -> Applicant:
    """What an application needs of a booth."""
    return Applicant(
        row.reference, row.locality_code or "", power_watts=row.power_watts, water=row.water, cold=row.cold,
        type_id=row.type_id, zone_id=row.zone_id,
    )  # fmt: skip


def place_of(booth: Booth, kind: BoothType) -> Place:
    """A booth as the rule sees it."""
    return Place(
        booth.id, booth.code, kind.id, booth.zone_id, kind.makers, kind.power_watts, water=kind.water, cold=kind.cold
    )


def free_seats(booth_id: int) -> int:
    """The seats of a booth in which nobody stands and which nobody is offered."""
    s = session()
    seats = s.scalar(
        select(BoothType.makers)
        .join(Booth, Booth.type_id == BoothType.id)
        .where(Booth.id == booth_id, Booth.out_of_use.is_(False))
    )
    living = s.scalar(select(func.count()).where(Stand.booth_id == booth_id, Stand.ended_at.is_(None))) or 0
    open_ = (
        s.scalar(select(func.count()).where(BoothOffer.booth_id == booth_id, BoothOffer.state == OfferState.OPEN)) or 0
    )
    return (seats or 0) - living - open_
