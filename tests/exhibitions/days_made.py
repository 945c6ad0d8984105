"""A small fair with its booths, stands and goods, written straight into the tables; tills and home store beside it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from shop.accounts.models import User
from shop.catalog.models import Variant
from shop.exhibitions.models.calls import Application, ApplicationGoods, ApplicationState, PapersState, Stand
from shop.exhibitions.models.fairs import (
    Booth,
    BoothType,
    Exhibition,
    FairKind,
    FairState,
    SubsidyFor,
)
from shop.exhibitions.services import booths
from shop.exhibitions.services.booths import Terms
from shop.kernel import clock, operations, text
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.points.models import Point
from shop.producers.models import Producer
from tests import factories
from tests.exhibitions import histories

BOSS = Actor("user", "Trần Xúc Tiến")
MAKER = Actor("user", "Lê Cơ Sở")
_numbers = itertools.count(1)


def key() -> str:
    """A fresh operation key."""
    return operations.new_key()


@dataclass
class Place:
    """A booth with one who stands there and what he brings."""

    booth: Booth
    stand: Stand
    application: Application
    producer: Producer
    variant: Variant
    goods: ApplicationGoods

    @property
    def point_id(self) -> int:
        """The booth's point."""
        found = session().get_one(Booth, self.booth.id, populate_existing=True).point_id
        assert found is not None
        return found


@dataclass
class Fair:
    """What a test of a fair's days works with: its row, its home store, its places."""

    row: Exhibition
    home: Point
    type: BoothType
    places: list[Place]

    @property
    def id(self) -> int:
        """The fair's id."""
        return self.row.id

    def fresh(self) -> Exhibition:
        """The fair as it stands now."""
        return session().get_one(Exhibition, self.row.id, populate_existing=True)


def make_fair(
    *,
    state: FairState = FairState.ALLOTTED,
    from_on: date | None = None,
    days: int = 5,
    home: bool = True,
    opens: str = "00:00",
    closes: str = "24:00",
    **values: Any,
) -> Fair:
    """A fair that begins today (or `from_on`), all day long, with its home store."""
    n, now = next(_numbers), clock.now()
    first = from_on or clock.today()
    store = factories.make_point("Kho nhà hội chợ")
    with transaction() as s:
        fair = Exhibition(
            slug=f"hoi-cho-thu-{n}", name=f"Hội chợ thử {n}", sort_name=text.sort_key(f"Hội chợ thử {n}"),
            kind=FairKind.PROVINCIAL, state=state, from_on=first, to_on=first + timedelta(days=days), day_opens=opens,
            day_closes=closes, venue="Cung Quy hoạch", address="Phường Hồng Gai", province_code="22",
            home_point_id=store.id if home else None, created_at=now, updated_at=now, **values,
        )  # fmt: skip
        s.add(fair)
        s.flush()
        kind = BoothType(
            exhibition_id=fair.id, name="Gian 3 × 3", columns=3, rows=3, fee_amount=6_000_000,
            subsidy_for=SubsidyFor.NOBODY, makers=4,
        )  # fmt: skip
        s.add(kind)
        s.flush()
        histories.of_fair(fair, state)
    return Fair(fair, store, kind, [])


def add_booth(fair: Fair, code: str) -> Booth:
    """A booth without anybody, beside the others."""
    with transaction() as s:
        n = s.query(Booth).filter_by(exhibition_id=fair.id).count()
        booth = Booth(
            exhibition_id=fair.id, code=code, type_id=fair.type.id, x=(n * 3) % 36, y=(n // 12) * 3, columns=3, rows=3
        )
        s.add(booth)
    return booth


def add_place(
    fair: Fair, code: str = "", *, booth: Booth | None = None, producer: Producer | None = None, **goods: Any
) -> Place:
    """A producer in a booth (a new one each), with one product."""
    booth = booth or add_booth(fair, code or f"A{len(fair.places) + 1}")
    producer = producer or factories.make_producer(f"HTX Hội Chợ {len(fair.places) + 1}")
    variant = factories.make_variant(f"Sản vật {booth.code} {next(_numbers)}", producer=producer)
    now = clock.now()
    with transaction() as s:
        application = Application(
            reference=text.reference(), exhibition_id=fair.id, producer_id=producer.id, state=ApplicationState.ACCEPTED,
            created_at=now, updated_at=now,
        )  # fmt: skip
        s.add(application)
        s.flush()
        histories.of_application(application)
        row = ApplicationGoods(
            application_id=application.id, product_id=variant.product_id, variant_id=variant.id,
            **({"papers": PapersState.GOOD} | goods),
        )  # fmt: skip
        s.add(row)
        stand = Stand(
            reference=text.reference(), exhibition_id=fair.id, booth_id=booth.id, application_id=application.id,
            producer_id=producer.id, fee_amount=6_000_000, why="bốc thăm", given_at=now, given_label="Máy",
        )  # fmt: skip
        s.add(stand)
    made = Place(booth, stand, application, producer, variant, row)
    fair.places.append(made)
    return made


def end_stand(place: Place) -> None:
    """The producer gives his booth up."""
    with transaction() as s:
        s.get_one(Stand, place.stand.id).ended_at = clock.now()


def running(places: int = 2, *, terms: Terms | None = None, **values: Any) -> Fair:
    """A fair that is on today, with its booths prepared."""
    fair = make_fair(**values)
    for _n in range(places):
        add_place(fair)
    booths.prepare(BOSS, fair.id, terms or Terms())
    booths.open_fair(BOSS, fair.id)
    return fair


def somebody(name: str = "Phạm Đứng Gian") -> User:
    """A user without any right."""
    from tests import people

    return people.make_user(name)
