"""Fairs with booths, and producers who apply for them, for the tests of the call and of giving booths out."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import update

from shop.catalog.models import Certificate, Variant
from shop.exhibitions.models.calls import Application, ApplicationGoods, PapersState, Stand
from shop.exhibitions.models.fairs import (
    Booth,
    BoothType,
    Exhibition,
    FairKind,
    FairState,
    SubsidyFor,
    Zone,
    ZoneColour,
)
from shop.exhibitions.queries import allotting as rule
from shop.exhibitions.services import allotting, applications, steps
from shop.kernel import clock, operations, text
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import session, transaction
from shop.producers.models import FOOD_PAPERS, FOREVER, Paper, PaperState, Producer
from tests import factories

STAFF = Actor("user", "Cán bộ xúc tiến", 911, "127.0.0.1")
MAKER = Actor("user", "Người làm", 912, "127.0.0.1")
LOCAL = Actor("user", "Cán bộ phường", 913, "127.0.0.1")
_numbers = itertools.count(1)


def key() -> str:
    return operations.new_key()


def in_days(n: int) -> date:
    return clock.today() + timedelta(days=n)


def state_of(reference: str) -> str:
    session().expire_all()
    found = session().query(Application).filter_by(reference=reference).one()
    return str(found.state)


def row_of(reference: str) -> Application:
    session().expire_all()
    return session().query(Application).filter_by(reference=reference).one()


@dataclass
class Fair:
    """A fair in thirty days whose call is open, with a type of one's own and a shared one."""

    row: Exhibition
    zones: dict[str, int] = field(default_factory=dict)
    types: dict[str, int] = field(default_factory=dict)

    @property
    def slug(self) -> str:
        return self.row.slug

    def booth(self, code: str, kind: str = "own", zone: str | None = None, **values: Any) -> int:
        n = next(_numbers)
        with transaction() as s:
            made = Booth(
                exhibition_id=self.row.id, code=code, type_id=self.types[kind], zone_id=self.zones[zone] if zone else None,
                x=2 * (n % 19), y=2 * (n // 19 % 11), columns=2, rows=2, **values,
            )  # fmt: skip
            s.add(made)
        return made.id

    def kind(self, name: str, **values: Any) -> int:
        basis: dict[str, Any] = {
            "columns": 2, "rows": 2, "fee_amount": 6_000_000, "subsidy_for": SubsidyFor.PROVINCE, "subsidy_percent": 100,
            "power_watts": 500,
        }  # fmt: skip
        with transaction() as s:
            made = BoothType(exhibition_id=self.row.id, name=name, **(basis | values))
            s.add(made)
        self.types[name] = made.id
        return made.id

    def close_call(self) -> None:
        """The call ended yesterday."""
        self.move_call(-20, 0)

    def move_call(self, first: int, end: int) -> None:
        with transaction() as s:
            s.execute(
                update(Exhibition)
                .where(Exhibition.id == self.row.id)
                .values(call_from_on=in_days(first), call_to_on=in_days(end))
            )

    def cancel(self) -> None:
        with transaction() as s:
            row = s.get_one(Exhibition, self.row.id)
            steps.fair(STAFF, row, FairState.CANCELLED, "bão về")

    def step(self, to: FairState) -> None:
        with transaction() as s:
            steps.fair(STAFF, s.get_one(Exhibition, self.row.id), to)

    def digest(self) -> str:
        session().expire_all()
        kept = rule.rule_row(self.row.id)
        assert kept is not None
        return rule.preview(self.row, rule.rule_of(kept), kept.seed).digest

    def publish(self) -> dict[str, int]:
        self.close_call()
        return allotting.publish(STAFF, self.slug, self.digest(), key())

    def at(self) -> dict[str, str]:
        """Booth by application, as things stand."""
        session().expire_all()
        rows = (
            session()
            .query(Application.reference, Booth.code)
            .join(Stand, Stand.application_id == Application.id)
            .join(Booth, Booth.id == Stand.booth_id)
            .filter(Stand.exhibition_id == self.row.id, Stand.ended_at.is_(None))
        )
        return dict(list(rows))

    def waiting(self) -> list[str]:
        session().expire_all()
        rows = (
            session()
            .query(Application.reference, Application.place)
            .filter(Application.exhibition_id == self.row.id, Application.place.is_not(None))
        )
        found = sorted(rows, key=lambda r: r[1])
        assert [place for _r, place in found] == list(range(1, len(found) + 1))
        return [reference for reference, _p in found]


def make_fair(name: str = "Hội chợ Bến Thử", *, announced: bool = True, **values: Any) -> Fair:
    now = clock.now()
    basis: dict[str, Any] = {
        "from_on": in_days(30), "to_on": in_days(35), "call_from_on": in_days(-20), "call_to_on": in_days(10),
        "venue": "Cung Quy hoạch", "province_code": "22", "kind": FairKind.PROVINCIAL,
    }  # fmt: skip
    with transaction() as s:
        row = Exhibition(
            slug=f"{text.slugify(name)}-{next(_numbers)}", name=name, sort_name=text.sort_key(name), created_at=now,
            updated_at=now, **(basis | values),
        )  # fmt: skip
        s.add(row)
        steps.fair(SYSTEM, row, FairState.DRAFT)
        if announced:
            steps.fair(SYSTEM, row, FairState.ANNOUNCED)
    fair = Fair(row)
    for n, (code, colour) in enumerate((("A", ZoneColour.SEA), ("B", ZoneColour.TEA))):
        with transaction() as s:
            zone = Zone(exhibition_id=row.id, code=code, name=f"Khu {code}", colour=colour)
            s.add(zone)
        fair.zones[code] = zone.id
        assert n < 2
    fair.kind("own")
    fair.kind("shared", makers=3, fee_amount=3_000_000)
    return fair


@dataclass
class Maker:
    """A producer with one pack of food."""

    row: Producer
    variant: Variant


def make_maker(name: str = "HTX Bến Thử", *, stars: int = 0, until: date | None = None, **values: Any) -> Maker:
    basis: dict[str, Any] = {"food_until": FOREVER, "representative": "Trần Thị Bưởi", "phone": "0912 345 678"}
    row = factories.make_producer(name, **(basis | values))
    variant = factories.make_variant(f"Chả mực {name}", producer=row)
    if stars:
        factories.make_certificate(variant, stars=stars, expires_on=until)
    return Maker(row, variant)


def file_papers(maker: Maker) -> None:
    """The books have a copy of every paper of the producer and his pack."""
    today = clock.today()
    with transaction() as s:
        for kind in FOOD_PAPERS:
            s.add(
                Paper(
                    reference=text.reference(), producer_id=maker.row.id, kind=kind, number="12/GP", issuer="Chi cục",
                    issued_on=today, file_key=f"papers/{maker.row.id}.pdf", state=PaperState.ACCEPTED, added_at=clock.now(),
                    added_by="user:1", added_label="A", checked_at=clock.now(), checked_label="A",
                )
            )  # fmt: skip
        s.execute(
            update(Certificate)
            .where(Certificate.product_id == maker.variant.product_id)
            .values(file_key="papers/cn.pdf")
        )


def apply(fair: Fair, maker: Maker | None = None, *, submit: bool = True, checked: bool = True, **place: Any) -> str:
    """An application with one pack; its reference."""
    maker = maker or make_maker(f"HTX số {next(_numbers)}")
    reference = applications.start(MAKER, maker.row.id, fair.slug)
    applications.save_goods(MAKER, reference, {maker.variant.id: 20})
    basis: dict[str, Any] = {"zone_id": None, "type_id": None, "power_watts": 0, "water": False, "cold": False}
    applications.save_place(MAKER, reference, **(basis | place))
    applications.save_contact(MAKER, reference, "Trần Thị Bưởi", "0912345678", None)
    if submit:
        applications.submit(MAKER, reference)
        if checked:
            check(reference)
    return reference


def check(reference: str, state: PapersState = PapersState.GOOD, finding: str | None = None) -> None:
    """A person looks at the papers of all goods."""
    for goods in row_of(reference).goods:
        applications.find(STAFF, reference, goods.id, state, finding or "đã xem bản gốc")


def goods_of(reference: str) -> list[ApplicationGoods]:
    return list(row_of(reference).goods)
