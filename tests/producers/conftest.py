"""What tests of joining work with: a PDF, an applicant who has filled in everything, an office."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from shop.accounts.models import User
from shop.kernel import clock
from shop.kernel.actor import Actor
from shop.kernel.operations import new_key
from shop.producers.models import PaperKind
from shop.producers.services import joining, papers
from tests import factories, people

OFFICE = Actor("first", "Cán bộ chương trình")
SECOND = Actor("second", "Cán bộ thứ hai")


def pdf(words: str = "giay") -> bytes:
    """A small paper; different words make different bytes."""
    return b"%PDF-1.4\n% " + words.encode() + b"\ntrailer<<>>\n%%EOF\n"


def upload(words: str = "giay", name: str = "giay.pdf") -> tuple[io.BytesIO, str]:
    """The same as a browser sends it."""
    return io.BytesIO(pdf(words)), name


def actor_of(user: User) -> Actor:
    return Actor("user", user.name, user.id)


def hand_in(
    owner: papers.Owner,
    kind: PaperKind | str = PaperKind.FOOD_SAFETY,
    *,
    ends: date | int | None = 300,
    issued: int = 100,
    by: Actor = OFFICE,
    accept: bool = True,
    replaces: str = "",
    number: str = "01/2026",
) -> str:
    """A paper, accepted unless told otherwise; `ends` and `issued` in days from and before today."""
    last = clock.today() + timedelta(days=ends) if isinstance(ends, int) else ends
    reference = papers.hand_in(
        by, owner, pdf(number), op_key=new_key(), replaces=replaces, kind=kind, number=number, issuer="Sở Y tế",
        issued_on=clock.today() - timedelta(days=issued), expires_on=last,
    )  # fmt: skip
    if accept:
        papers.accept(OFFICE, reference)
    return reference


FACTS: dict[str, Any] = {
    "name": "Hộ kinh doanh Mật ong Bến", "legal_form": "household", "tax_code": "5701234567", "representative": "Hoàng Thị Sim",
    "phone": "0912 345 678", "email": "sim@example.vn", "street": "Thôn Bến", "makes_food": True, "makes_alcohol": False,
}  # fmt: skip


@pytest.fixture
def applied(ctx: Any) -> Callable[..., tuple[User, str]]:
    """Somebody whose application is sent: the user and the application's reference."""
    factories.make_places()

    def make(claim: str = "", *, accept: bool = False, send: bool = True, **facts: Any) -> tuple[User, str]:
        user = people.make_user("Hoàng Thị Sim")
        actor = actor_of(user)
        reference = joining.begin(actor, claim)
        joining.save_who(actor, reference, province="22", commune="06661", **(FACTS | facts))
        joining.save_bank(actor, reference, "970436", "0011001234567", "HOANG THI SIM")
        from shop.producers import queries

        whose = papers.Owner(application_id=queries.open_application(user.id).id)
        for kind in (PaperKind.REGISTRATION, PaperKind.FOOD_SAFETY):
            hand_in(whose, kind, by=actor, accept=accept, ends=None if kind is PaperKind.REGISTRATION else 300)
        if send:
            joining.submit(actor, reference)
        return user, reference

    return make
