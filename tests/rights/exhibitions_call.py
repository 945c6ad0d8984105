"""Makers of fairs whose call is open and of applications for them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shop.exhibitions.models.fairs import BoothType, Exhibition, FairKind, FairState, SubsidyFor
from shop.exhibitions.services import applications, steps
from shop.kernel import clock
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session, transaction
from tests.rights.house import House, maker, shared


@shared
def fair(house: House) -> str:
    """A fair in a month that takes applications; its slug."""
    now, today = clock.now(), clock.today()
    slug = f"hoi-cho-{house.name.lower()}"
    with transaction() as s:
        row = Exhibition(
            slug=slug, name=f"Hội chợ {house.name}", sort_name=slug, kind=FairKind.PROVINCIAL, venue="Quảng trường",
            province_code="22", from_on=today + timedelta(days=30), to_on=today + timedelta(days=35),
            call_from_on=today - timedelta(days=3), call_to_on=today + timedelta(days=9), created_at=now, updated_at=now,
        )  # fmt: skip
        s.add(row)
        steps.fair(SYSTEM, row, FairState.DRAFT)
        steps.fair(SYSTEM, row, FairState.ANNOUNCED)
        s.add(
            BoothType(
                exhibition_id=row.id, name="Gian", columns=2, rows=2, fee_amount=6_000_000,
                subsidy_for=SubsidyFor.NOBODY, subsidy_percent=0,
            )
        )  # fmt: skip
    return slug


@shared
def handed_in(house: House) -> str:
    """The reference of an application of the house's producer."""
    reference = applications.start(SYSTEM, house.producer.id, fair(house))
    applications.save_goods(SYSTEM, reference, {house.variant.id: 5})
    applications.save_contact(SYSTEM, reference, "Trần Thị Bưởi", "0912345678", None)
    applications.submit(SYSTEM, reference)
    session().rollback()
    return reference


@maker("/producer/fairs/call/<slug>", of="shared", why="a call for applications is for every producer")
def call(house: House) -> dict[str, Any]:
    return {"slug": fair(house)}


@maker("/producer/fairs/<reference>", of="producer")
def own(house: House) -> dict[str, Any]:
    return {"reference": handed_in(house)}


@maker("/office/endorsements/<reference>", of="locality")
def endorsement(house: House) -> dict[str, Any]:
    return {"reference": handed_in(house)}


@maker("/office/exhibitions/<slug>/applications", of="all")
@maker("/office/exhibitions/<slug>/allot", of="all")
@maker("/office/exhibitions/<slug>/stands", of="all")
def of_fair(house: House) -> dict[str, Any]:
    return {"slug": fair(house)}


@maker("/office/exhibitions/<slug>/applications/<reference>", of="all")
def application(house: House) -> dict[str, Any]:
    return {"slug": fair(house), "reference": handed_in(house)}
