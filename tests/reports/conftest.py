"""A shop with all places, a maker in Vân Đồn with starred goods, and an officer's words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from shop.catalog.models import Variant
from shop.kernel import clock
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.producers.models import LegalForm, Producer
from shop.reports import rules
from shop.reports.models import MonthlyReport
from shop.reports.queries import monthly as queries
from shop.reports.services import monthly as services
from shop.reports.services.monthly import Said
from tests import factories

OFFICER = Actor("user", "Cán bộ địa phương", 801, "127.0.0.1")
PROVINCE = Actor("user", "Cán bộ tỉnh", 802, "127.0.0.1")
# The special zone of Vân Đồn: a whole old district of the same name; Móng Cái 1: a part of one.
VAN_DON, MONG_CAI = "06994", "06712"
SAID = Said({"done": "Hướng dẫn các chủ thể ghi nhãn và mã truy xuất."}, {"jobs": 12, "reached": 30})


@dataclass(frozen=True, slots=True)
class Place:
    """What lies in Vân Đồn."""

    maker: Producer
    goods: Variant
    month: date


def make_maker(name: str, code: str, since: datetime) -> Producer:
    """A cooperative of this commune, there since an instant."""
    made = factories.make_producer(name, commune_code=code, legal_form=LegalForm.COOPERATIVE)
    with transaction() as s:
        s.execute(sa.update(Producer).where(Producer.id == made.id).values(created_at=since))
    return made


@pytest.fixture
def place(gazetteer: Any) -> Place:
    """A cooperative of two years ago with one shown product of four stars."""
    maker = make_maker("HTX Ruốc Cái Rồng", VAN_DON, clock.now() - timedelta(days=800))
    goods = factories.make_variant("Ruốc hàu", producer=maker)
    factories.make_certificate(goods, stars=4, issued_on=clock.today() - timedelta(days=700))
    return Place(maker, goods, rules.latest())


def report(code: str = VAN_DON, month: date | None = None) -> MonthlyReport:
    """The report as it stands in the database."""
    session().rollback()
    session().expire_all()
    found = queries.find(code, month or rules.latest())
    assert found is not None
    return found


def submitted(code: str = VAN_DON, said: Said = SAID) -> MonthlyReport:
    """A report of last month that was handed in."""
    services.submit(OFFICER, code, rules.latest(), said, seen=0)
    return report(code)
