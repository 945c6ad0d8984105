"""The demonstration: the real catalogue, and on top of it a made-up year of trade, all of it marked as such."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import delete, func, select, update

from shop.accounts import passwords
from shop.accounts.permissions import Role
from shop.catalog import services as catalog
from shop.catalog.services import registry
from shop.delivery import services as delivery
from shop.exhibitions.services import records
from shop.kernel import clock
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.kernel.jobs import Job
from shop.kernel.mail import Letter
from shop.places import services as places
from shop.points import services as points
from shop.points.models import Point
from shop.producers import services as producers
from shop.producers.models import Producer
from shop.seed import (
    bank,
    books,
    booths,
    cash,
    counters,
    countryside,
    dossiers,
    fairs_call,
    fairs_plan,
    goods,
    handed,
    invoices,
    joining,
    ledger,
    listings,
    logins,
    marks,
    missed,
    parcels,
    people,
    promotions,
    recognition,
    refunds,
    reports,
    rounds,
    settlement,
    supply,
    told,
    wishes,
)
from shop.seed.logins import Login
from shop.seed.staff import Staff
from shop.seed.staff import points as staff_points
from shop.seed.year import Outlets, Year
from shop.settlement.services import finding
from shop.stock import services as stock

TARGET = "seed:demo"
DAYS = 365
FIRST_DAY = date(2025, 7, 2)


def load(seed: int) -> dict[str, Any]:
    """Load the demonstration if it is not there yet; return what `--json` prints. `seed` varies the made-up year."""
    known = marks.found(TARGET)
    if known is None:
        places.load()
        with transaction():
            marks.take_turns()
            known = marks.found(TARGET) or _make(seed)
    users = [*_logins(known), *dossiers.login()]
    return told.everything(
        registry.registry_slugs(), set(known["scarce"]), known["producers"], known["points"], [], users
    )


def _make(seed: int) -> dict[str, Any]:
    rng = random.Random(f"demo:{seed}")
    today = clock.today()
    # The rates of the demonstration begin with the communes of July 2025.
    since = max(today - timedelta(days=DAYS), FIRST_DAY)
    delivery.load_regions()
    delivery.load_demo_rates()
    points.load_registry()
    points.load_demo()
    records.load()
    catalog.load_registry()
    goods.load(rng, clock.start_of(since - timedelta(days=1)))
    known = _scopes()
    ids = logins.make(_logins(known))
    wares = goods.wares()
    scarce = _scarce(wares)
    year = _year(rng, since, ids)
    year.walk(wares)
    year.settle(scarce)
    ledger.write(year, settlement.owners(wares))
    before = session().scalar(select(func.max(Job.id))) or 0
    _points(seed, year, wares, ids, since)
    _listings(seed, year, ids)
    # Each command counted by its own day what lists show.
    stock.refresh_availability()
    missed.load(random.Random(f"demo:missed:{seed}"), year.now, wares)
    _wishes(seed, year, wares, ids)
    seller = Actor("user", _NAMES[Role.PROMOTION_STAFF], ids["xuctien@example.vn"])
    promotions.load(random.Random(f"demo:promotions:{seed}"), seller, known["producer_id"])
    promotions.sell(random.Random(f"demo:sold:{seed}"), seller)
    officer = Actor("user", _NAMES[Role.PROGRAMME_OFFICER], ids["chuongtrinh@example.vn"])
    owner = Actor("user", _NAMES[Role.PRODUCER_OWNER], ids["chucoso@example.vn"])
    recognition.load(officer, known["producer_id"])
    recognition.papers(officer, owner, known["producer_id"])
    commune = Actor("user", _NAMES[Role.LOCALITY_OFFICER], ids["diaphuong@example.vn"])
    assessors = {"office": officer, "owner": owner, "commune": commune}
    dossiers.load(seed, year.now, assessors, known["producer_id"], known["commune"])
    desk = Actor("user", _NAMES[Role.ORDER_DESK], ids["donhang@example.vn"])
    refunds.load(seed, year.now, desk)
    handed.load(random.Random(f"demo:handed:{seed}"), year.now, desk)
    cash.load(seed, year.now, desk)
    bank.load(seed, since, year.now, desk)
    invoices.write(random.Random(f"demo:invoices:{seed}"), year.now)
    officer, locality = (Actor("user", _NAMES[role], ids[f"{word}@example.vn"]) for role, word in _OFFICERS)
    member = Actor("user", _NAMES[Role.PRODUCER_MEMBER], ids["cosanxuat@example.vn"])
    countryside.load(officer, locality)
    reports.load(officer, locality, member, int(_scopes()["producer_id"]))
    # All of it was done as it happened (sales counted, letters without a reader): a worker would do it again, today.
    session().execute(delete(Job).where(Job.id > before))
    session().execute(update(Letter).where(Letter.sent_at.is_(None)).values(sent_at=clock.now()))
    slugs = dict(enumerate(registry.registry_slugs(), start=1))
    known["scarce"] = sorted({slugs[ware.no] for ware in wares if scarce.get(ware.variant_id, 0) > 0})
    s = session()
    makers = select(Producer.slug).where(Producer.id.in_(set(producers.registry_ids().values())))
    known["producers"] = list(s.scalars(makers.order_by(Producer.sort_name, Producer.id)))
    sold_at = select(Point.slug).where(Point.is_public, Point.source_url.is_not(None)).order_by(Point.id)
    known["points"] = list(s.scalars(sold_at))
    books.close(
        Actor("user", _NAMES[Role.ORDER_DESK], ids["donhang@example.vn"]),
        Actor("user", _NAMES[Role.ADMINISTRATOR], ids["quantri@example.vn"]),
        Actor("user", _NAMES[Role.POINT_KEEPER], ids["diemban@example.vn"]),
        known["point_id"],
    )
    marks.note(TARGET, seed=seed, orders=len(year.trades), movements=len(year.shelves.movements), **known)
    return known


def _points(seed: int, year: Year, wares: list[goods.Ware], ids: dict[str, int], since: date) -> None:
    """What the points do beside the web's trade, by the rooms' own commands."""
    names = {login.username: login.name for login in _logins(_scopes())}
    staff = Staff(
        random.Random(f"demo:points:{seed}"),
        year.now,
        {word: Actor("user", names[f"{word}@example.vn"], ids[f"{word}@example.vn"]) for word in _STAFF},
        staff_points(),
        {ware.sku: ware for ware in wares},
        year.shelves,
    )
    rounds.plan(staff, year.recalled)
    counters.plan(staff)
    settlement.plan(staff, since, seed)
    staff.work()
    # Each with a chance of its own: what was made up before it came stays the same.
    known = _scopes()
    more = replace(staff, rng=random.Random(f"demo:supply:{seed}"), _acts=[])
    supply.plan(more, known["producer_id"])
    more.work()
    # The fair's booths, with a chance of their own as well.
    fair = replace(staff, rng=random.Random(f"demo:booths:{seed}"), _acts=[])
    booths.plan(fair)
    fair.work()
    # The fair that is being prepared, and who applies for it.
    coming = fairs_plan.load(replace(staff, rng=random.Random(f"demo:fairs:{seed}"), _acts=[]), points.DEMO_WAREHOUSE)
    call = replace(staff, rng=random.Random(f"demo:call:{seed}"), _acts=[])
    member, locality = (
        Actor("user", names[f"{word}@example.vn"], ids[f"{word}@example.vn"]) for word in ("cosanxuat", "diaphuong")
    )
    fairs_call.load(call, coming, known["producer_id"], member, locality)
    joining.live(seed, year.now, known["producer_id"], staff.people["chuongtrinh"], ids["chucoso@example.vn"])
    _parcels(seed, staff, wares, names, ids)
    invoices.own_name(random.Random(f"demo:own-name:{seed}"), year.now, staff.people)
    finding.sweep()


def _parcels(seed: int, staff: Staff, wares: list[goods.Ware], names: dict[str, str], ids: dict[str, int]) -> None:
    """A producer's own store with its orders; by a chance of its own, so that the points' days stay as they are."""
    rng, known = random.Random(f"demo:parcels:{seed}"), _scopes()
    own = replace(staff, rng=rng, _acts=[])
    member = Actor("user", names["cosanxuat@example.vn"], ids["cosanxuat@example.vn"])
    parcels.plan(own, known["producer_id"], member, people.crowd(rng, 30), wares, str(current_app.secret_key))
    own.work()


def _wishes(seed: int, year: Year, wares: list[goods.Ware], ids: dict[str, int]) -> None:
    """Queues and pre-orders; what is sold out is known only once all else has happened."""
    names = {login.username: login.name for login in _logins(_scopes())}
    actors = {word: Actor("user", names[f"{word}@example.vn"], ids[f"{word}@example.vn"]) for word in _STAFF}
    rng = random.Random(f"demo:wishes:{seed}")
    staff = Staff(rng, year.now, actors, staff_points(), {ware.sku: ware for ware in wares}, year.shelves)
    wishes.load(staff, people.crowd(rng, 70), Actor("user", MEMBER, ids["khach@example.vn"]))


def _listings(seed: int, year: Year, ids: dict[str, int]) -> None:
    """What the producer with the demonstration's log-ins says of its goods."""
    member = Actor("user", _NAMES[Role.PRODUCER_MEMBER], ids["cosanxuat@example.vn"])
    officer = Actor("user", _NAMES[Role.PROGRAMME_OFFICER], ids["chuongtrinh@example.vn"])
    listings.load(random.Random(f"demo:listings:{seed}"), year.now, int(_scopes()["producer_id"]), member, officer)


_STAFF = ("chucoso", "diemban", "tramdung", "xuctien", "chuongtrinh", "donhang", "quantri")

# Registry number and pack → what is left of it today.
_LEFT = {(16, 1): 3, (45, 2): 2, (81, 1): 3, (61, 2): 1, (40, 2): 2, (23, 1): 5, (43, 2): 0, (63, 1): 0, (63, 2): 0, (70, 1): 0,
         (94, 1): 0, (44, 2): 0, (99, 2): 0}  # fmt: skip


def _scarce(wares: list[goods.Ware]) -> dict[int, int]:
    """Free units that today's count leaves, by variant: a few packs nearly gone, a few sold out."""
    return {
        ware.variant_id: _LEFT[ware.no, int(ware.sku.rpartition("-")[2])]
        for ware in wares
        if (ware.no, int(ware.sku.rpartition("-")[2])) in _LEFT
    }


def _year(rng: random.Random, since: date, ids: dict[str, int]) -> Year:
    s = session()
    open_points = {row.slug: row for row in s.scalars(select(Point).where(Point.closed_on.is_(None), Point.is_demo))}
    warehouse = open_points.pop(points.DEMO_WAREHOUSE)
    rows = sorted(open_points.values(), key=lambda row: row.id)
    outlets = Outlets(
        warehouse=warehouse.id,
        east=next((row.id for row in rows if row.slug == "binh-ngoc-mong-cai" and row.ships), None),
        ships=tuple(row.id for row in rows if row.ships),
        pickup=tuple(row.id for row in rows if row.pickup),
    )
    crowd = people.crowd(rng, 320)
    desk = Actor("user", _NAMES[Role.ORDER_DESK], ids["donhang@example.vn"])
    member = Actor("user", _NAMES[Role.CUSTOMER], ids["khach@example.vn"])
    home = replace(crowd[0], name=MEMBER, phone=MEMBER_PHONE, email="khach@example.vn")
    return Year(rng, since, clock.now(), outlets, desk, crowd, (member, home))


def _scopes() -> dict[str, Any]:
    """Whom the log-ins with a scope are for."""
    s = session()
    return {
        "producer_id": s.scalar(select(Producer.id).where(Producer.name.like("%Bavabi%")).limit(1)),
        "point_id": s.scalar(select(Point.id).where(Point.slug == rounds.CENTRE)),
        "second_point_id": s.scalar(select(Point.id).where(Point.slug == rounds.GATE)),
        "commune": "06994",
    }


_OFFICERS = ((Role.PROGRAMME_OFFICER, "chuongtrinh"), (Role.LOCALITY_OFFICER, "diaphuong"))
MEMBER, MEMBER_PHONE = "Nguyễn Thị Lan", "+84900000001"
_NAMES = {
    Role.CUSTOMER: MEMBER,
    Role.PRODUCER_OWNER: "Nguyễn Thị Thu (minh họa)",
    Role.PRODUCER_MEMBER: "Trần Văn Hải (minh họa)",
    Role.POINT_KEEPER: "Phạm Thu Trang (minh họa)",
    Role.PROMOTION_STAFF: "Lê Quang Minh (minh họa)",
    Role.PROGRAMME_OFFICER: "Hoàng Thị Mai (minh họa)",
    Role.LOCALITY_OFFICER: "Đỗ Văn Nam (minh họa)",
    Role.ORDER_DESK: "Vũ Thị Hạnh (minh họa)",
    Role.ADMINISTRATOR: "Bùi Đức Long (minh họa)",
}


_PERSONS = {"tramdung": "Đinh Quốc Việt (minh họa)"}


def _logins(known: dict[str, Any]) -> list[Login]:
    places_of = [
        (Role.CUSTOMER, "*", "khach"),
        (Role.PRODUCER_OWNER, f"producer:{known['producer_id']}", "chucoso"),
        (Role.PRODUCER_MEMBER, f"producer:{known['producer_id']}", "cosanxuat"),
        (Role.POINT_KEEPER, f"point:{known['point_id']}", "diemban"),
        (Role.PROMOTION_STAFF, "*", "xuctien"),
        (Role.PROGRAMME_OFFICER, "*", "chuongtrinh"),
        (Role.LOCALITY_OFFICER, f"locality:{known['commune']}", "diaphuong"),
        (Role.ORDER_DESK, "*", "donhang"),
        (Role.ADMINISTRATOR, "*", "quantri"),
    ]
    # A shop that was filled before the counters came has one keeper.
    if known.get("second_point_id") is not None:
        places_of.insert(4, (Role.POINT_KEEPER, f"point:{known['second_point_id']}", "tramdung"))
    return [
        Login(role.value, scope, f"{word}@example.vn", passwords.DEMO, None, _PERSONS.get(word, _NAMES[role]))
        for role, scope, word in places_of
    ]
