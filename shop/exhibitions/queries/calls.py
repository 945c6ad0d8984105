"""Applications as lists and pages show them: the producers', the office's, the localities'."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import aliased

from shop.catalog.models import Product, ProductKind, Variant, VariantState
from shop.exhibitions.models.allotting import BoothOffer, OfferState, StandSwap, SwapState
from shop.exhibitions.models.calls import (
    Application,
    ApplicationGoods,
    ApplicationState,
    Endorsement,
    PapersState,
    Stand,
)
from shop.exhibitions.models.fairs import Booth, BoothType, Exhibition, FairState, Zone
from shop.exhibitions.queries import papers
from shop.exhibitions.queries.papers import Papers
from shop.kernel.db import session
from shop.kernel.errors import NotFound
from shop.places import queries as places
from shop.producers.models import Producer

A, F = ApplicationState, FairState
STATE_KINDS = {
    A.DRAFT: "info", A.SUBMITTED: "warn", A.SENT_BACK: "bad", A.ACCEPTED: "ok", A.WAITING: "info", A.REFUSED: "bad",
    A.WITHDRAWN: "",
}  # fmt: skip
PAPERS_KINDS = {PapersState.UNCHECKED: "warn", PapersState.GOOD: "ok", PapersState.REFUSED: "bad"}
ENDORSEMENT_KINDS = {Endorsement.NONE: "", Endorsement.YES: "ok", Endorsement.NO: "bad"}
# What staff and localities see: not what is still being written.
HANDED_IN = tuple(s for s in A if s is not A.DRAFT)


# --- for producers -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Call:
    """A fair that takes applications, or will, and the producer's own application there if he has one."""

    fair: Exhibition
    is_open: bool
    reference: str | None
    state: ApplicationState | None


def open_calls(producer_id: int, today: date) -> list[Call]:
    """Fairs whose call has not ended, the one that ends soonest first."""
    rows = session().execute(
        select(Exhibition, Application.reference, Application.state)
        .outerjoin(
            Application, and_(Application.exhibition_id == Exhibition.id, Application.producer_id == producer_id)
        )
        .where(Exhibition.state.in_((F.ANNOUNCED, F.ALLOTTED)), Exhibition.call_to_on > today)
        .order_by(Exhibition.call_to_on, Exhibition.id)
    )
    return [Call(fair, fair.takes_applications(today), reference, state) for fair, reference, state in rows]


@dataclass(frozen=True, slots=True)
class MineRow:
    """An application in the producer's own list."""

    reference: str
    fair: str
    from_on: date | None
    to_on: date | None
    state: ApplicationState
    booth: str | None
    place: int | None
    offered: bool
    is_demo: bool
    cancelled: bool


def of_producer(producer_id: int) -> list[MineRow]:
    """All applications of a producer, the latest fair first."""
    living, offer = aliased(Stand), aliased(BoothOffer)
    rows = session().execute(
        select(
            Application.reference, Exhibition.name, Exhibition.from_on, Exhibition.to_on, Application.state, Booth.code,
            Application.place, offer.id.is_not(None), Application.is_demo, Exhibition.state == F.CANCELLED,
        )
        .join(Exhibition, Exhibition.id == Application.exhibition_id)
        .outerjoin(living, and_(living.application_id == Application.id, living.ended_at.is_(None)))
        .outerjoin(Booth, Booth.id == living.booth_id)
        .outerjoin(offer, and_(offer.application_id == Application.id, offer.state == OfferState.OPEN))
        .where(Application.producer_id == producer_id)
        .order_by(Exhibition.from_on.desc(), Application.id.desc())
    )  # fmt: skip
    return [MineRow(*tuple(row)) for row in rows]


def at_fair(producer_id: int, exhibition_id: int) -> tuple[str, ApplicationState] | None:
    """(reference, state) of the producer's application at a fair."""
    row = session().execute(
        select(Application.reference, Application.state).where(
            Application.producer_id == producer_id, Application.exhibition_id == exhibition_id
        )
    ).one_or_none()  # fmt: skip
    return (row.reference, row.state) if row else None


def waiting_at(producer_id: int) -> int:
    """How many applications of a producer wait for him: sent back, a booth offered, a swap asked."""
    s = session()
    back = s.scalar(
        select(func.count()).where(Application.producer_id == producer_id, Application.state == A.SENT_BACK)
    )
    offers = s.scalar(
        select(func.count())
        .select_from(BoothOffer)
        .join(Application, Application.id == BoothOffer.application_id)
        .where(Application.producer_id == producer_id, BoothOffer.state == OfferState.OPEN)
    )
    swaps = s.scalar(
        select(func.count())
        .select_from(StandSwap)
        .join(Stand, Stand.id == StandSwap.other_id)
        .where(Stand.producer_id == producer_id, StandSwap.state == SwapState.ASKED)
    )
    return (back or 0) + (offers or 0) + (swaps or 0)


def packs_of(producer_id: int, chosen: Collection[int]) -> list[int]:
    """The packs that a producer may bring: what is on sale, and what is chosen already, by name."""
    rows = session().scalars(
        select(Variant.id)
        .join(Product, Product.id == Variant.product_id)
        .where(Product.producer_id == producer_id, Product.kind == ProductKind.GOODS)
        .where(or_(Variant.state == VariantState.SHOWN, Variant.id.in_(list(chosen))))
        .order_by(Product.sort_name, Product.id, Variant.position, Variant.id)
    )
    return list(rows)


# --- one application -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Good:
    """A pack of an application: its row, and what its papers allow by their dates."""

    row: ApplicationGoods
    papers: Papers


@dataclass(frozen=True, slots=True)
class Offered:
    """A booth that is or was offered."""

    reference: str
    state: OfferState
    booth: str
    kind: BoothType
    until: datetime
    offered_at: datetime


@dataclass(frozen=True, slots=True)
class Swap:
    """A wish to change booths. `mine`: of the application's own stand."""

    reference: str
    state: SwapState
    mine: bool
    my_booth: str
    other_booth: str
    other_name: str
    reason: str | None
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class Whole:
    """An application with all that its pages show."""

    row: Application
    fair: Exhibition
    producer: Producer
    goods: tuple[Good, ...]
    zone: Zone | None
    kind: BoothType | None
    stand: Stand | None
    booth: Booth | None
    offers: tuple[Offered, ...]
    swaps: tuple[Swap, ...]

    @property
    def stars(self) -> int:
        """The best stars that hold on every day of the fair, refused goods aside."""
        return max((g.papers.stars for g in self.goods if g.row.papers is not PapersState.REFUSED), default=0)

    @property
    def open_offer(self) -> Offered | None:
        """The booth that waits for an answer."""
        return next((o for o in self.offers if o.state is OfferState.OPEN), None)

    @property
    def locality(self) -> str:
        """The name of the producer's commune when he handed it in."""
        return place_name(self.row.locality_code)


def place_name(code: str | None) -> str:
    """The name of a commune; its code if nobody knows it."""
    found = places.unit(code) if code else None
    return found.name if found else code or ""


def whole(reference: str) -> Whole:
    """The application of this reference. A fixed number of statements.

    Raises:
        NotFound.
    """
    s = session()
    found = s.execute(
        select(Application, Exhibition, Producer, Zone, BoothType, Stand, Booth)
        .join(Exhibition, Exhibition.id == Application.exhibition_id)
        .join(Producer, Producer.id == Application.producer_id)
        .outerjoin(Zone, Zone.id == Application.zone_id)
        .outerjoin(BoothType, BoothType.id == Application.type_id)
        .outerjoin(Stand, and_(Stand.application_id == Application.id, Stand.ended_at.is_(None)))
        .outerjoin(Booth, Booth.id == Stand.booth_id)
        .where(Application.reference == reference)
    ).one_or_none()
    if found is None:
        raise NotFound
    row, fair, producer, zone, kind, stand, booth = found
    known = papers.of_packs(fair, [g.variant_id for g in row.goods])
    goods = tuple(Good(g, known[g.variant_id]) for g in row.goods)
    return Whole(row, fair, producer, goods, zone, kind, stand, booth, _offers(row.id), _swaps(row.id))


def _offers(application_id: int) -> tuple[Offered, ...]:
    rows = session().execute(
        select(BoothOffer, Booth.code, BoothType)
        .join(Booth, Booth.id == BoothOffer.booth_id)
        .join(BoothType, BoothType.id == Booth.type_id)
        .where(BoothOffer.application_id == application_id)
        .order_by(BoothOffer.id.desc())
    )
    return tuple(Offered(o.reference, o.state, code, kind, o.until, o.offered_at) for o, code, kind in rows)


def _swaps(application_id: int) -> tuple[Swap, ...]:
    mine, his = aliased(Stand), aliased(Stand)
    my_booth, his_booth = aliased(Booth), aliased(Booth)
    my_name, his_name = aliased(Producer), aliased(Producer)
    rows = session().execute(
        select(StandSwap, mine.application_id, my_booth.code, his_booth.code, my_name.name, his_name.name)
        .join(mine, mine.id == StandSwap.stand_id)
        .join(his, his.id == StandSwap.other_id)
        .join(my_booth, my_booth.id == mine.booth_id)
        .join(his_booth, his_booth.id == his.booth_id)
        .join(my_name, my_name.id == mine.producer_id)
        .join(his_name, his_name.id == his.producer_id)
        .where(or_(mine.application_id == application_id, his.application_id == application_id))
        .order_by(StandSwap.id.desc())
    )
    found = []
    for swap, asker, one, two, asker_name, other_name in rows:
        own = asker == application_id
        found.append(
            Swap(
                swap.reference, swap.state, own, one if own else two, two if own else one,
                other_name if own else asker_name, swap.reason, swap.asked_at,
            )
        )  # fmt: skip
    return tuple(found)


def others_standing(exhibition_id: int, application_id: int) -> list[tuple[str, str]]:
    """(stand, words) of all others who stand at the fair, to choose from when one wants to change."""
    rows = session().execute(
        select(Stand.reference, Booth.code, Producer.name)
        .join(Booth, Booth.id == Stand.booth_id)
        .join(Producer, Producer.id == Stand.producer_id)
        .where(Stand.exhibition_id == exhibition_id, Stand.ended_at.is_(None), Stand.application_id != application_id)
        .order_by(Booth.code, Stand.id)
    )
    return [(reference, f"{code} · {name}") for reference, code, name in rows]


def zones(exhibition_id: int) -> list[Zone]:
    """The zones of a fair, by code."""
    return list(session().scalars(select(Zone).where(Zone.exhibition_id == exhibition_id).order_by(Zone.code, Zone.id)))


def types(exhibition_id: int) -> list[BoothType]:
    """The booth types of a fair, as they were made."""
    return list(
        session().scalars(select(BoothType).where(BoothType.exhibition_id == exhibition_id).order_by(BoothType.id))
    )
