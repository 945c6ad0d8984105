"""Applications as lists and pages show them: the producers', the office's, the localities'."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy import and_, func, or_, select, true
from sqlalchemy.orm import aliased

from shop.catalog.models import Product, ProductKind, Variant, VariantState
from shop.exhibitions.models.allotting import BoothOffer, OfferState, StandSwap, SwapState
from shop.exhibitions.models.calls import (
    APPLICATION_NAMES,
    ENDORSEMENT_NAMES,
    Application,
    ApplicationGoods,
    ApplicationState,
    Endorsement,
    PapersState,
    Stand,
)
from shop.exhibitions.models.fairs import Booth, BoothType, Exhibition, ExhibitionStep, FairState, Zone
from shop.exhibitions.queries import papers
from shop.exhibitions.queries.papers import Papers
from shop.kernel import tables, text
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound
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


def of_producer(producer_id: int) -> list[MineRow]:
    """All applications of a producer, the latest fair first."""
    living, offer = aliased(Stand), aliased(BoothOffer)
    rows = session().execute(
        select(
            Application.reference, Exhibition.name, Exhibition.from_on, Exhibition.to_on, Application.state, Booth.code,
            Application.place, offer.id.is_not(None), Application.is_demo,
        )
        .join(Exhibition, Exhibition.id == Application.exhibition_id)
        .outerjoin(living, and_(living.application_id == Application.id, living.ended_at.is_(None)))
        .outerjoin(Booth, Booth.id == living.booth_id)
        .outerjoin(offer, and_(offer.application_id == Application.id, offer.state == OfferState.OPEN))
        .where(Application.producer_id == producer_id)
        .order_by(Exhibition.from_on.desc(), Application.id.desc())
    )  # fmt: skip
    return [MineRow(*row) for row in rows]


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


# --- the office's list ---------------------------------------------------------------------------------------------

_goods_count = (
    select(func.count())
    .where(ApplicationGoods.application_id == Application.id)
    .correlate(Application)
    .scalar_subquery()
)
_unchecked = (
    select(func.count())
    .where(ApplicationGoods.application_id == Application.id, ApplicationGoods.papers == PapersState.UNCHECKED)
    .correlate(Application)
    .scalar_subquery()
)
_APPLICATIONS = [
    tables.Column("reference", N_("Mã hồ sơ"), sort=(Application.reference,)),
    tables.Column("producer", N_("Cơ sở"), sort=(Producer.sort_name,)),
    tables.Column("locality", N_("Địa phương"), sort=(Application.locality_code,)),
    tables.Column(
        "state", N_("Trạng thái"), sort=(Application.state,), value=lambda r: gettext(APPLICATION_NAMES[r.state])
    ),
    tables.Column("booth", N_("Gian"), sort=(Booth.code,)),
    tables.Column("place", N_("Thứ tự chờ"), "num", sort=(Application.place,), on_page=False),
    tables.Column("goods", N_("Mặt hàng"), "num", sort=(_goods_count,)),
    tables.Column("unchecked", N_("Chưa kiểm tra"), "num", sort=(_unchecked,)),
    tables.Column(
        "endorsement", N_("Địa phương giới thiệu"), sort=(Application.endorsement,),
        value=lambda r: gettext(ENDORSEMENT_NAMES[r.endorsement]),
    ),
    tables.Column("zone", N_("Khu mong muốn"), on_page=False),
    tables.Column("kind", N_("Loại gian"), on_page=False),
    tables.Column("power_watts", N_("Điện (W)"), "num", on_page=False),
    tables.Column("water", N_("Nước"), on_page=False),
    tables.Column("cold", N_("Tủ lạnh"), on_page=False),
    tables.Column("contact_name", N_("Người liên hệ"), on_page=False),
    tables.Column("contact_phone", N_("Điện thoại"), on_page=False),
    tables.Column("submitted_at", N_("Nộp lúc"), sort=(Application.submitted_at,)),
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class AppRow:
    """An application in a list of staff."""

    reference: str
    producer: str
    locality_code: str | None
    state: ApplicationState
    booth: str | None
    place: int | None
    goods: int
    unchecked: int
    endorsement: Endorsement
    zone: str | None
    kind: str | None
    power_watts: int
    water: bool
    cold: bool
    contact_name: str | None
    contact_phone: str | None
    submitted_at: datetime | None
    is_demo: bool
    fair: str
    fair_slug: str

    @property
    def locality(self) -> str:
        """The commune's name."""
        return place_name(self.locality_code)


def _searched(q: str) -> Any:
    like = text.normal_reference(q)
    return or_(
        Application.reference.startswith(like, autoescape=True),
        Producer.sort_name.contains(text.sort_key(q), autoescape=True),
        Producer.slug.contains(text.slugify(q), autoescape=True),
    )


def _papers(value: str) -> Any:
    wanted = select(ApplicationGoods.id).where(ApplicationGoods.application_id == Application.id)
    return wanted.where(ApplicationGoods.papers == PapersState(value)).exists()


_STATE_OPTIONS = [(s.value, APPLICATION_NAMES[s]) for s in HANDED_IN]
TABLE = tables.Table(
    name="ho-so-hoi-cho",
    columns=_APPLICATIONS,
    order="-submitted_at",
    tie=Application.id,
    filters=[
        tables.Filter("state", N_("Trạng thái"), lambda v: Application.state == v, _STATE_OPTIONS),
        tables.Filter(
            "papers",
            N_("Giấy tờ"),
            _papers,
            [
                ("unchecked", N_("Còn mặt hàng chưa kiểm tra")),
                ("refused", N_("Có mặt hàng không được bày bán")),
            ],
        ),
        tables.Filter(
            "endorsement",
            N_("Địa phương giới thiệu"),
            lambda v: Application.endorsement == v,
            [(e.value, ENDORSEMENT_NAMES[e]) for e in Endorsement],
        ),
    ],
    search=_searched,
)
ENDORSEMENTS = tables.Table(
    name="gioi-thieu-hoi-cho",
    columns=[
        tables.Column("reference", N_("Mã hồ sơ"), sort=(Application.reference,)),
        tables.Column("fair", N_("Hội chợ"), sort=(Exhibition.sort_name,)),
        tables.Column("producer", N_("Cơ sở"), sort=(Producer.sort_name,)),
        tables.Column("locality", N_("Địa phương"), sort=(Application.locality_code,)),
        tables.Column("goods", N_("Mặt hàng"), "num", sort=(_goods_count,)),
        tables.Column(
            "state", N_("Trạng thái"), sort=(Application.state,), value=lambda r: gettext(APPLICATION_NAMES[r.state])
        ),
        tables.Column(
            "endorsement",
            N_("Ý kiến"),
            sort=(Application.endorsement,),
            value=lambda r: gettext(ENDORSEMENT_NAMES[r.endorsement]),
        ),
        tables.Column("submitted_at", N_("Nộp lúc"), sort=(Application.submitted_at,)),
    ],
    order="-submitted_at",
    tie=Application.id,
    filters=[
        tables.Filter(
            "endorsement",
            N_("Ý kiến"),
            lambda v: Application.endorsement == v,
            [(e.value, ENDORSEMENT_NAMES[e]) for e in Endorsement],
        ),
        tables.Filter("state", N_("Trạng thái"), lambda v: Application.state == v, _STATE_OPTIONS),
    ],
    search=_searched,
)


def _rows() -> Any:
    return (
        select(
            Application.reference,
            Producer.name,
            Application.locality_code,
            Application.state,
            Booth.code,
            Application.place,
            _goods_count,
            _unchecked,
            Application.endorsement,
            Zone.name,
            BoothType.name,
            Application.power_watts,
            Application.water,
            Application.cold,
            Application.contact_name,
            Application.contact_phone,
            Application.submitted_at,
            Application.is_demo,
            Exhibition.name,
            Exhibition.slug,
        )
        .join(Exhibition, Exhibition.id == Application.exhibition_id)
        .join(Producer, Producer.id == Application.producer_id)
        .outerjoin(Zone, Zone.id == Application.zone_id)
        .outerjoin(BoothType, BoothType.id == Application.type_id)
        .outerjoin(Stand, and_(Stand.application_id == Application.id, Stand.ended_at.is_(None)))
        .outerjoin(Booth, Booth.id == Stand.booth_id)
        .where(Application.state != A.DRAFT)
    )


def of_fair(args: Mapping[str, str], fair: Exhibition) -> tables.View:
    """The office's list of the applications of a fair."""
    here = f"/office/exhibitions/{fair.slug}/applications"
    return TABLE.open(
        args, here, _rows().where(Application.exhibition_id == fair.id), make=lambda row: AppRow(*tuple(row))
    )


def to_endorse(args: Mapping[str, str], scopes: Collection[str]) -> tables.View:
    """The applications that a locality may speak of; `scopes` are those of the reader's grants."""
    statement = _rows().where(covered(scopes))
    return ENDORSEMENTS.open(args, "/office/endorsements", statement, make=lambda row: AppRow(*tuple(row)))


def covered(scopes: Collection[str]) -> Any:
    """The condition that an application is of a locality that `scopes` name."""
    if "*" in scopes:
        return true()
    return Application.locality_code.in_([s.partition(":")[2] for s in scopes if s.startswith("locality:")])


def locality_scope(reference: str, **_values: Any) -> str | None:
    """The scope of the locality whose application it is (`locality:06661`); None if there is none to speak of. For guards."""
    row = session().execute(
        select(Application.locality_code, Application.state).where(Application.reference == reference)
    ).one_or_none()  # fmt: skip
    if row is None or row.locality_code is None or row.state is A.DRAFT:
        return None
    return f"locality:{row.locality_code}"


def unchecked(scopes: Collection[str]) -> int:
    """Applications that were handed in at fairs covered by `scopes` and have goods whose papers nobody has looked at."""
    waiting = (
        select(func.count(Application.id.distinct()))
        .join(Exhibition, Exhibition.id == Application.exhibition_id)
        .join(ApplicationGoods, ApplicationGoods.application_id == Application.id)
        .where(Application.state == A.SUBMITTED, Exhibition.state.in_((F.ANNOUNCED, F.ALLOTTED)))
        .where(ApplicationGoods.papers == PapersState.UNCHECKED)
    )
    if "*" not in scopes:
        ids = [int(s.partition(":")[2]) for s in scopes if s.startswith("exhibition:")]
        waiting = waiting.where(Exhibition.id.in_(ids))
    return session().scalar(waiting) or 0


def unendorsed(scopes: Collection[str]) -> int:
    """Applications of the localities in `scopes` of which nobody has spoken, while that is still possible."""
    waiting = (
        select(func.count())
        .select_from(Application)
        .join(Exhibition, Exhibition.id == Application.exhibition_id)
        .where(Application.state == A.SUBMITTED, Exhibition.state == F.ANNOUNCED)
        .where(Application.endorsement == Endorsement.NONE, covered(scopes))
    )
    return session().scalar(waiting) or 0


def counts(exhibition_id: int) -> dict[ApplicationState, int]:
    """How many applications of a fair are in each state."""
    rows = session().execute(
        select(Application.state, func.count())
        .where(Application.exhibition_id == exhibition_id)
        .group_by(Application.state)
    )
    return {row[0]: row[1] for row in rows}


# --- after publishing ----------------------------------------------------------------------------------------------


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
    from shop.exhibitions.allot import natural

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
    from shop.exhibitions.allot import natural

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
