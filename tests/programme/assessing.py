"""What tests of dossiers and councils stand on: a product with its papers, a round, a council of five."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import update

from shop.catalog.models import Product
from shop.kernel import clock, invariants, operations
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import session, transaction
from shop.producers.models import Producer
from shop.programme.models.councils import Hearing, Seat
from shop.programme.models.dossiers import Dossier, RoundLevel
from shop.programme.queries import dossiers as queries
from shop.programme.queries import rounds as round_queries
from shop.programme.services import ballots, councils, dossiers, rounds, scoring
from tests.factories import make_places, make_producer, make_variant
from tests.people import make_user
from tests.programme.test_sheets import ALL, best

NUMBER = 8
COMMUNE = "06661"
OFFICE = Actor("user", "Cán bộ chương trình", 901, "127.0.0.1")
OFFICER = Actor("user", "Cán bộ phường", 902, "127.0.0.1")
OWNER = Actor("user", "Chủ cơ sở", 903, "127.0.0.1")
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
REPORT: dict[str, Any] = {
    "origin": "met", "material": "met", "labour": "met", "idea": "met", "identity": "partly",
    "identity_note": "Tên gọi chưa gắn với địa danh", "samples": 5,
}  # fmt: skip
_numbers = itertools.count(1)


def key() -> str:
    return operations.new_key()


def day(n: int) -> date:
    return clock.today() + timedelta(days=n)


def audit(*names: str) -> list[str]:
    """What the checks of the programme find."""
    session().rollback()
    session().expire_all()
    wanted = names or tuple(n for n in invariants.names("programme") if "ntm" not in n)
    return [f"{name}: {found}" for name in wanted for found in invariants._checks[name]()]


@dataclass
class Field:
    """A producer with goods, in a commune of the province."""

    producer: Producer
    products: list[Product] = field(default_factory=list)

    def product(self, number: int = NUMBER) -> Product:
        variant = make_variant(f"Chả mực {next(_numbers)}", set_number=number, producer=self.producer)
        made = session().get_one(Product, variant.product_id)
        self.products.append(made)
        return made

    def opened(self, kind: str = "first", product: Product | None = None) -> Dossier:
        code = dossiers.open_dossier(OWNER, (product or self.product()).id, kind)
        return queries.by_code(code)

    def filled(self, kind: str = "first", product: Product | None = None) -> Dossier:
        """With every paper that is needed."""
        return self.with_papers(self.opened(kind, product))

    def with_papers(self, dossier: Dossier) -> Dossier:
        """The dossier with them."""
        file_key = dossiers.keep_file(PDF)
        for line in queries.standing(dossier):
            if line.requirement.needed:
                dossiers.add_paper(
                    OWNER, dossier.id, line.requirement.code, file_key, number="12/GCN",
                    issued_on=day(-30), ends_on=day(300),
                )  # fmt: skip
        return dossier

    def submitted(self, kind: str = "first", product: Product | None = None) -> Dossier:
        dossier = self.filled(kind, product)
        dossiers.submit(OWNER, dossier.id)
        return fresh(dossier)

    def proposed(self, kind: str = "first", product: Product | None = None) -> Dossier:
        dossier = self.submitted(kind, product)
        dossiers.complete(OFFICER, dossier.id)
        dossiers.propose(OFFICER, dossier.id, REPORT, "Đề nghị tỉnh đánh giá")
        return fresh(dossier)


def fresh(dossier: Dossier) -> Dossier:
    """The dossier as it is now."""
    session().rollback()
    session().expire_all()
    return session().get_one(Dossier, dossier.id)


def make_field(name: str = "HTX Bến Chấm", **values: Any) -> Field:
    return Field(make_producer(name, **({"commune_code": COMMUNE} | values)))


def prepare() -> Field:
    """Places, sheets and a field; once for each test."""
    make_places()
    scoring.load_sheets()
    return make_field()


def open_round(level: RoundLevel = RoundLevel.PROVINCE, cut_off: int = 20, ends: int = 60) -> str:
    return rounds.open_round(OFFICE, level, clock.today().year, day(cut_off), day(ends), key())


def put_result(dossier: Dossier, score: str, stars: int, level: str = "province", **values: Any) -> None:
    """A result written straight into the table, as a council would leave it."""
    row: dict[str, Any] = {
        "state": "scored", "score": score, "stars": stars, "level": level, "result_on": clock.today(),
        "objection_until": day(5),
    }  # fmt: skip
    with transaction() as s:
        change = update(Dossier).where(Dossier.id == dossier.id).values(**(row | values))
        s.execute(change, execution_options={"synchronize_session": False})
    session().expire_all()


@dataclass
class Panel:
    """A council of five with its secretary, in an open round."""

    id: int
    round_code: str
    chair: Actor
    members: list[Actor]
    secretary: Actor

    @property
    def scorers(self) -> list[Actor]:
        return [self.chair, *self.members]

    def seat_id(self, actor: Actor) -> int:
        return next(m.id for m in councils.seats_of(self.id) if m.user_id == actor.user_id)

    def session(self, *dossiers: Dossier, opened: bool = True) -> tuple[int, list[int]]:
        """A session with these dossiers: its id, and the hearings'."""
        session_id = councils.plan_session(OFFICE, self.id, clock.today(), "Trụ sở UBND tỉnh", key())
        hearings = [councils.hear(OFFICE, session_id, d.id) for d in dossiers]
        if opened:
            councils.open_session(OFFICE, session_id)
        return session_id, hearings


def make_panel(round_code: str | None = None) -> Panel:
    round_code = round_code or open_round()
    here = round_queries.by_code(round_code)
    council_id = councils.create(OFFICE, here.id, "Hội đồng đánh giá OCOP", "1234/QĐ-UBND", clock.today(), key())
    people = []
    for n, place in enumerate([Seat.CHAIR, *[Seat.MEMBER] * 4, Seat.SECRETARY]):
        user = make_user(f"Thành viên {n}")
        councils.seat(SYSTEM, council_id, user.email, place, "Sở Nông nghiệp và Môi trường")
        people.append(Actor("user", user.name, user.id, "127.0.0.1"))
    return Panel(council_id, round_code, people[0], people[1:5], people[5])


def score(
    actor: Actor, hearing_id: int, answers: dict[str, int] | None = None, stops: tuple[str, ...] = (), **more: Any
) -> int:
    """Hand in a member's sheet, the best one unless told."""
    hearing = session().get_one(Hearing, hearing_id)
    number = queries.by_code(session().get_one(Dossier, hearing.dossier_id).code).set_number
    values: dict[str, Any] = {
        "notes": {"stops": "thấy tại hồ sơ"} if stops else {}, "seen": 0, "hand_in": True,
    } | more  # fmt: skip
    return ballots.save(actor, hearing_id, hearing.sheet_id, answers or best(number), stops, **values)


__all__ = ["ALL", "best"]
