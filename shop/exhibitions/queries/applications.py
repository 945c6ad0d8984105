"""Applications as lists of staff and localities show them, and how many of them wait."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy import and_, func, or_, select, true

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
from shop.exhibitions.models.fairs import Booth, BoothType, Exhibition, FairState, Zone
from shop.exhibitions.queries.calls import HANDED_IN, place_name
from shop.kernel import tables, text
from shop.kernel.db import session
from shop.kernel.errors import N_
from shop.producers.models import Producer

A, F = ApplicationState, FairState

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
