"""Makers of monthly reports and of what blocks localities."""

from __future__ import annotations

from typing import Any

from shop.cycle.services import steps
from shop.kernel.actor import SYSTEM
from shop.programme.services import ntm
from shop.reports import rules
from shop.reports.services import monthly
from shop.reports.services.monthly import Said
from tests.rights.house import House, key, maker, shared


@maker(
    "/office/reports/<month>",
    of="shared",
    why="a month of the province; the list in it is narrowed to one's own localities",
)
def month(house: House) -> dict[str, Any]:
    return {"month": rules.spelt(rules.latest())}


@maker("/office/reports/<month>/<code>", of="locality")
@shared
def report(house: House) -> dict[str, Any]:
    monthly.save(SYSTEM, house.commune, rules.latest(), Said({"done": f"Việc của {house.name}"}), seen=0)
    return {"month": rules.spelt(rules.latest()), "code": house.commune}


@maker(
    "/office/reports/<month>/summary", "/office/reports/<month>/summary.pdf", "/office/reports/<month>/summary.xlsx",
    "/office/reports/<month>/summary.docx", of="all",
)  # fmt: skip
def summary(house: House) -> dict[str, Any]:
    return {"month": rules.spelt(rules.latest())}


@maker("/office/reports/<int:year>", "/office/reports/<int:year>.pdf", of="shared", why="figures of published sources")
def year_end(house: House) -> dict[str, Any]:
    ntm.load_registry()
    return {"year": 2014}


@maker("/office/blockers/<reference>", of="locality")
@shared
def blocker(house: House) -> dict[str, Any]:
    return {"reference": steps.open_blocker(SYSTEM, house.commune, 5, f"Vướng của {house.name}", None, key())}
