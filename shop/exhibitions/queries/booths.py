"""Who stands where once the booths are published, who waits, and what happened since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy import and_, func, select

from shop.exhibitions.allot import natural
from shop.exhibitions.models.allotting import BoothOffer, OfferState
from shop.exhibitions.models.calls import (
    Application,
    ApplicationState,
    Stand,
)
from shop.exhibitions.models.fairs import Booth, BoothType, ExhibitionStep, FairState, Zone
from shop.exhibitions.queries.calls import place_name
from shop.kernel.db import session
from shop.producers.models import Producer

A, F = ApplicationState, FairState


@dataclass(frozen=True, slots=True)
class StandRow:
    """Who stands in a booth."""

    booth: str
    zone: str | None
    kind: str
    stand: Stand
    reference: str
    producer: str
    state: ApplicationState


def standing(exhibition_id: int) -> list[StandRow]:
    """Who stands where at a fair, by the booths' codes as people count them."""
    rows = session().execute(
        select(Booth.code, Zone.name, BoothType.name, Stand, Application.reference, Producer.name, Application.state)
        .join(Booth, Booth.id == Stand.booth_id)
        .join(BoothType, BoothType.id == Booth.type_id)
        .outerjoin(Zone, Zone.id == Booth.zone_id)
        .join(Application, Application.id == Stand.application_id)
        .join(Producer, Producer.id == Stand.producer_id)
        .where(Stand.exhibition_id == exhibition_id, Stand.ended_at.is_(None))
    )
    return sorted((StandRow(*row) for row in rows), key=lambda r: (natural(r.booth), r.producer))


@dataclass(frozen=True, slots=True)
class WaitRow:
    """Who waits, and the booth he is offered until when."""

    place: int | None
    reference: str
    producer: str
    locality_code: str | None
    booth: str | None
    until: datetime | None

    @property
    def locality(self) -> str:
        """The commune's name."""
        return place_name(self.locality_code)


def waiting(exhibition_id: int) -> list[WaitRow]:
    """The waiting list of a fair in order."""
    rows = session().execute(
        select(
            Application.place, Application.reference, Producer.name, Application.locality_code, Booth.code, BoothOffer.until
        )
        .join(Producer, Producer.id == Application.producer_id)
        .outerjoin(
            BoothOffer, and_(BoothOffer.application_id == Application.id, BoothOffer.state == OfferState.OPEN)
        )
        .outerjoin(Booth, Booth.id == BoothOffer.booth_id)
        .where(Application.exhibition_id == exhibition_id, Application.state == A.WAITING)
        .order_by(Application.place)
    )  # fmt: skip
    return [WaitRow(*row) for row in rows]


def free_booths(exhibition_id: int) -> list[str]:
    """Codes of the booths with a seat in which nobody stands and which nobody is offered."""
    living = (
        select(func.count())
        .where(Stand.booth_id == Booth.id, Stand.ended_at.is_(None))
        .correlate(Booth)
        .scalar_subquery()
    )
    open_ = (
        select(func.count())
        .where(BoothOffer.booth_id == Booth.id, BoothOffer.state == OfferState.OPEN)
        .correlate(Booth)
        .scalar_subquery()
    )
    rows = session().scalars(
        select(Booth.code)
        .join(BoothType, BoothType.id == Booth.type_id)
        .where(Booth.exhibition_id == exhibition_id, Booth.out_of_use.is_(False), living + open_ < BoothType.makers)
    )
    return sorted(rows, key=natural)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to the booths of a fair after they were published."""

    at: datetime
    words: str


def moves(exhibition_id: int) -> list[Event]:
    """Offers and swaps of a fair, the latest first; at most a hundred."""
    s = session()
    found: list[Event] = []
    for offer, code, name in s.execute(
        select(BoothOffer, Booth.code, Producer.name)
        .join(Booth, Booth.id == BoothOffer.booth_id)
        .join(Application, Application.id == BoothOffer.application_id)
        .join(Producer, Producer.id == Application.producer_id)
        .where(BoothOffer.exhibition_id == exhibition_id)
        .order_by(BoothOffer.id.desc())
        .limit(100)
    ):
        words = {
            OfferState.OPEN: gettext("Mời %(name)s nhận gian %(booth)s", name=name, booth=code),
            OfferState.ACCEPTED: gettext("%(name)s nhận gian %(booth)s", name=name, booth=code),
            OfferState.DECLINED: gettext("%(name)s không nhận gian %(booth)s", name=name, booth=code),
            OfferState.LAPSED: gettext("%(name)s không trả lời lời mời nhận gian %(booth)s", name=name, booth=code),
            OfferState.ENDED: gettext("Thu lại lời mời %(name)s nhận gian %(booth)s", name=name, booth=code),
        }[offer.state]
        found.append(Event(offer.decided_at or offer.offered_at, words))
    for stand, code, name in s.execute(
        select(Stand, Booth.code, Producer.name)
        .join(Booth, Booth.id == Stand.booth_id)
        .join(Producer, Producer.id == Stand.producer_id)
        .where(Stand.exhibition_id == exhibition_id, Stand.ended_at.is_not(None))
        .order_by(Stand.ended_at.desc())
        .limit(100)
    ):
        if stand.ended_at is None:
            continue
        reason = stand.end_reason or gettext("không ghi lý do")
        found.append(
            Event(
                stand.ended_at, gettext("%(name)s rời gian %(booth)s: %(reason)s", name=name, booth=code, reason=reason)
            )
        )
    return sorted(found, key=lambda e: e.at, reverse=True)[:100]


def as_choices(rows: Sequence[StandRow]) -> list[tuple[str, str]]:
    """(application, words) of those who stand somewhere."""
    return [(r.reference, f"{r.booth} · {r.producer}") for r in rows]


def last_draw(exhibition_id: int) -> dict[str, Any] | None:
    """What the last published result of a fair was worked out from (`services.allotting.publish`); None before."""
    return session().scalar(
        select(ExhibitionStep.told)
        .where(ExhibitionStep.exhibition_id == exhibition_id, ExhibitionStep.to_state == F.ALLOTTED)
        .order_by(ExhibitionStep.id.desc())
        .limit(1)
    )
