"""A small fair that is running: booths with their points, producers with consigned goods in them, tills that sell."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import select

from shop.accounts.models import User
from shop.accounts.permissions import Role
from shop.catalog.models import Variant
from shop.counts.services import Counted
from shop.exhibitions.models.calls import Application, ApplicationState, Stand
from shop.exhibitions.models.closing import Sheet, Side
from shop.exhibitions.models.fairs import Booth, BoothType, Exhibition, FairKind, FairState, SubsidyFor
from shop.exhibitions.queries import closings, sheets
from shop.exhibitions.services import closing, signing
from shop.exhibitions.services.closing import Going, Way
from shop.kernel import clock, invariants, operations, text
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import session, transaction
from shop.points.models import Point, PointKind
from shop.producers.models import Producer
from shop.settlement.services import agreements
from shop.settlement.services.agreements import Draft as Agreed
from shop.settlement.services.agreements import Rates
from shop.stock.models import SHOP, StockLevel
from shop.till.services import devices
from tests import factories, people
from tests.exhibitions import histories
from tests.till.conftest import Device

STAFF = Actor("user", "Đỗ Thị Xuân", 801)
OTHER = Actor("user", "Vũ Văn Hai", 802)
MAKER = Actor("user", "Nguyễn Thị Thu", 803)
PEN = [[[100, 100], [160, 180], [240, 90]], [[300, 120], [380, 140]]]
_numbers = itertools.count(1)


def key() -> str:
    return operations.new_key()


def fairs_broken() -> list[str]:
    """What the audit finds wrong."""
    session().rollback()
    session().expire_all()
    return [f"{f.name}: {', '.join(f.offenders)}" for f in invariants.run() if not f.ok]


@dataclass
class Made:
    """A fair with what tests need of it."""

    app: Flask
    fair: Exhibition
    home: Point
    type: BoothType
    booths: dict[str, Booth] = field(default_factory=dict)
    points: dict[str, Point] = field(default_factory=dict)
    producers: dict[str, Producer] = field(default_factory=dict)
    stands: dict[str, Stand] = field(default_factory=dict)
    goods: dict[str, Variant] = field(default_factory=dict)

    @property
    def slug(self) -> str:
        return self.fair.slug

    def booth(
        self, code: str, *names: str, fee: int = 2_000_000, subsidy: int = 1_500_000, place: str = "06661"
    ) -> Booth:
        """A booth with its point, and a stand for each named producer (made with one product where it is new)."""
        now = clock.now()
        point = factories.make_point(
            f"Gian {code}", kind=PointKind.FAIR, ships=False, pickup=False, opened_on=self.fair.from_on, is_public=False
        )
        with transaction() as s:
            made = Booth(
                exhibition_id=self.fair.id, code=code, type_id=self.type.id, x=2 * len(self.booths), y=0, columns=2, rows=2,
                point_id=point.id,
            )  # fmt: skip
            s.add(made)
            s.flush()
        self.booths[code], self.points[code] = made, point
        for name in names:
            if name not in self.producers:
                self.producers[name] = factories.make_producer(f"HTX {name}", commune_code=place)
                self.goods[name] = factories.make_variant(f"Chả mực {name}", producer=self.producers[name])
            producer = self.producers[name]
            with transaction() as s:
                asked = Application(
                    reference=text.reference(), exhibition_id=self.fair.id, producer_id=producer.id,
                    state=ApplicationState.ACCEPTED, locality_code=producer.commune_code, created_at=now, updated_at=now,
                )  # fmt: skip
                s.add(asked)
                s.flush()
                histories.of_application(asked)
                stand = Stand(
                    reference=text.reference(), exhibition_id=self.fair.id, booth_id=made.id, application_id=asked.id,
                    producer_id=producer.id, fee_amount=fee, subsidy_amount=subsidy, why="rút thăm", given_at=now,
                    given_label="Ban tổ chức",
                )  # fmt: skip
                s.add(stand)
            self.stands[name] = stand
        return made

    def bring(self, code: str, name: str, units: int, *, owner: str | None = None, **values: Any) -> int:
        """Goods of a producer come to a booth: his own, or the shop's if `owner` says so."""
        mine = owner or f"producer:{self.producers[name].id}"
        return factories.put_in(self.goods[name], self.points[code], units, owner=mine, **values)

    def agree(self, name: str, fair_bp: int = 2000, **changes: Any) -> None:
        """The producer agrees to a commission at fairs."""
        draft = Agreed(clock.today() - timedelta(days=200), Rates(1000, 1500, fair_bp), **changes)
        reference = agreements.propose(STAFF, self.producers[name].id, draft, op_key=key())
        agreements.agree(MAKER, reference)

    def till(self, code: str, letter: str = "F") -> Device:
        """A device of a booth, enrolled, with its keeper."""
        point = self.points[code]
        keeper: User = people.make_user("Lê Thị Quầy", (Role.POINT_KEEPER, f"point:{point.id}"))
        devices.set_pin(SYSTEM, keeper.id, "2580")
        name = f"{letter}{next(_numbers)}"
        device_id = devices.create(STAFF, name, f"Máy {name}", point.id)
        made = devices.new_code(STAFF, device_id)
        answer = self.app.test_client().post("/till/api/enrol", json={"code": made.code, "device_name": "thử"})
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return Device(self.app, name, answer.get_json()["token"], device_id, keeper)

    def sheet(self, code: str, name: str | None = None) -> sheets.Whole:
        """The sheet of a producer in a booth; without a name the shop's."""
        session().expire_all()
        owner = SHOP if name is None else f"producer:{self.producers[name].id}"
        reference = session().scalar(
            select(Sheet.reference).where(Sheet.booth_id == self.booths[code].id, Sheet.owner == owner)
        )
        assert reference is not None
        return sheets.whole(reference)

    # --- closing -----------------------------------------------------------------------------------------------

    def begin(self, code: str) -> None:
        closing.begin(STAFF, self.slug, code)

    def count(self, code: str, numbers: dict[int, int] | None = None, reason: str = "đếm lúc dọn gian") -> None:
        """Count what is left: as the books have it, but for `numbers` (by level)."""
        closing.start_count(STAFF, self.slug, code, key())
        booth = closings.booth(self.slug, code)
        assert booth.closing is not None
        lines = closing.lines_to_count(booth.closing)
        levels = {row.id: row for row in session().scalars(select(StockLevel))}
        said = {
            x.line_id: Counted((numbers or {}).get(x.level_id, levels[x.level_id].on_hand), reason) for x in lines
        }  # fmt: skip
        assert closing.write_count(STAFF, self.slug, code, said, finish=True)

    def home_with(self, code: str, *, to_owner: tuple[str, ...] = ()) -> closing.Gone:
        """All goods go: to the fair's own point, or to these producers."""
        rows = closings.levels(self.points[code].id, clock.today())
        ways = {f"producer:{self.producers[n].id}": Way("owner", "Nguyễn Văn Nhận") for n in to_owner}
        return closing.send_home(STAFF, self.slug, code, {r.level_id: Going(r.on_hand) for r in rows}, ways, key())

    def sign(self, code: str, name: str | None = None) -> sheets.Whole:
        """Everybody who must signs."""
        found = self.sheet(code, name)
        signing.post_sales(STAFF, found.sheet.reference)
        found = self.sheet(code, name)
        for side in found.sides:
            signing.sign(
                STAFF, found.sheet.reference, side, name=f"Người {side.value}",
                strokes=PEN if side is Side.PRODUCER else (), ticked=side is Side.STAFF, digest=found.digest,
            )  # fmt: skip
        return self.sheet(code, name)

    def close(self, code: str, *, to_owner: tuple[str, ...] = ()) -> None:
        """A booth from beginning to end."""
        self.begin(code)
        if closings.levels(self.points[code].id, clock.today()):
            self.count(code)
            self.home_with(code, to_owner=to_owner)
        else:
            closing.nothing_there(STAFF, self.slug, code)
        for one in closings.booth(self.slug, code).sheets:
            names = [n for n, p in self.producers.items() if p.id == one.sheet.producer_id]
            self.sign(code, names[0] if names else None)


def make_fair(
    app: Flask, name: str = "Hội chợ OCOP Thử", *, state: FairState = FairState.RUNNING, **values: Any
) -> Made:
    """A fair that began two days ago and ends tomorrow."""
    now, today = clock.now(), clock.today()
    home = factories.make_point("Kho trung tâm", kind=PointKind.WAREHOUSE)
    with transaction() as s:
        fair = Exhibition(
            slug=f"{text.slugify(name)}-{next(_numbers)}", name=name, sort_name=text.sort_key(name), kind=FairKind.PROVINCIAL,
            state=state, venue="Cung Quy hoạch", province_code="22", home_point_id=home.id, created_at=now, updated_at=now,
            **({"from_on": today - timedelta(days=2), "to_on": today + timedelta(days=1)} | values),
        )  # fmt: skip
        s.add(fair)
        s.flush()
        kind = BoothType(
            exhibition_id=fair.id, name="Gian tiêu chuẩn", columns=2, rows=2, fee_amount=2_000_000,
            subsidy_for=SubsidyFor.PROVINCE, subsidy_percent=75, makers=3,
        )  # fmt: skip
        s.add(kind)
        s.flush()
        histories.of_fair(fair, state)
    return Made(app, fair, home, kind)


@contextmanager
def fair_of(app: Flask) -> Iterator[Made]:
    """A fair in an application context."""
    with app.app_context():
        yield make_fair(app)
