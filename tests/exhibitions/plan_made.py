"""Makers for the tests of fairs and their plans."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from shop.exhibitions.models.fairs import Exhibition, FairKind, FeatureKind, ZoneColour
from shop.exhibitions.services import fairs, plan
from shop.exhibitions.services.fairs import Draft
from shop.kernel import clock, operations
from shop.kernel.actor import Actor
from shop.kernel.db import session

STAFF = Actor("user", "Cán bộ hội chợ", 821, "127.0.0.1")
DAY = timedelta(days=1)
_numbers = itertools.count(1)


def key() -> str:
    return operations.new_key()


def draft(**values: Any) -> Draft:
    """Six days in two months, applications taken today."""
    today = clock.today()
    made = Draft(
        name=f"Hội chợ thử {next(_numbers)}",
        kind=FairKind.PROVINCIAL,
        from_on=today + 60 * DAY,
        to_on=today + 66 * DAY,
        venue="Cung Quy hoạch",
        call_from_on=today - DAY,
        call_to_on=today + 20 * DAY,
    )
    return replace(made, **values)


def row(slug: str) -> Exhibition:
    """The fair as the database has it now."""
    return session().scalars(select(Exhibition).where(Exhibition.slug == slug)).one()


def fair(*, announced: bool = False, **values: Any) -> Exhibition:
    """A fair in draft, or announced."""
    made = row(fairs.create(STAFF, draft(**values), key()))
    if announced:
        fairs.announce(STAFF, made.id, key())
    return made


def planned(made: Exhibition) -> tuple[int, int]:
    """A zone, a type of 3 × 3 cells, booths A1 to A3 and an aisle below; the ids of zone and type."""
    zone_id = plan.put_zone(STAFF, made.id, None, plan.ZoneDraft("T", "Khu trong tỉnh", ZoneColour.SEA), seen=0)
    type_id = plan.put_type(STAFF, made.id, None, plan.TypeDraft("Gian chuẩn", 3, 3, 6_000_000), seen=1)
    wanted = plan.Drawing(
        plan.Hall(40, 24, 100),
        tuple(plan.BoothDraft(None, f"A{n}", type_id, zone_id, 3 * n, 2, 3, 3) for n in (1, 2, 3)),
        (plan.FeatureDraft(None, FeatureKind.AISLE, 3, 5, 9, 2),),
    )
    plan.save(STAFF, made.id, wanted, seen=2)
    return zone_id, type_id


def post(client: Any, path: str, /, **data: Any) -> Any:
    """Send `data` with a good token of the visitor's session."""
    if not hasattr(client, "kept_token"):
        client.kept_token = client.token("/tai-khoan")
    return client.post(path, data={"csrf_token": client.kept_token} | data)
