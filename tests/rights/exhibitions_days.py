"""Makers of a fair's days: what its pages name, the booths of keepers, the producer's goods, booths' public pages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from shop.exhibitions.models.calls import Application, ApplicationGoods, ApplicationState, PapersState, Stand
from shop.exhibitions.models.days import ContactKind, IncidentKind, PaperKind, Severity
from shop.exhibitions.models.fairs import Booth, BoothType, Exhibition, SubsidyFor
from shop.exhibitions.services import days, replenishing
from shop.exhibitions.services.days import Happened, Met
from shop.exhibitions.services.replenishing import More
from shop.kernel import clock, text
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session, transaction
from tests.rights.house import House, key, maker, shared


@shared
def running(house: House) -> tuple[Exhibition, Booth, Application]:
    """The house's producer stands in a booth of its fair that is on; it sells at the house's point."""
    now, fair = clock.now(), house.running_fair
    with transaction() as s:
        kind = BoothType(
            exhibition_id=fair.id, name="Gian quyền", columns=3, rows=3, fee_amount=0, subsidy_for=SubsidyFor.NOBODY
        )
        s.add(kind)
        s.flush()
        booth = Booth(
            exhibition_id=fair.id, code="Q1", type_id=kind.id, x=0, y=0, columns=3, rows=3, point_id=house.point.id
        )
        application = Application(
            reference=text.reference(), exhibition_id=fair.id, producer_id=house.producer.id,
            state=ApplicationState.ACCEPTED, created_at=now, updated_at=now,
        )  # fmt: skip
        s.add_all([booth, application])
        s.flush()
        s.add(
            ApplicationGoods(
                application_id=application.id, product_id=house.variant.product_id, variant_id=house.variant.id,
                papers=PapersState.GOOD,
            )
        )  # fmt: skip
        s.add(
            Stand(
                reference=text.reference(), exhibition_id=fair.id, booth_id=booth.id, application_id=application.id,
                producer_id=house.producer.id, fee_amount=0, why="thử", given_at=now, given_label="Máy",
            )
        )  # fmt: skip
    return fair, booth, application


@maker(
    "/office/exhibitions/<slug>/booths",
    "/office/exhibitions/<slug>/goods",
    "/office/exhibitions/<slug>/more",
    "/office/exhibitions/<slug>/visitors",
    "/office/exhibitions/<slug>/count",
    "/office/exhibitions/<slug>/contacts",
    "/office/exhibitions/<slug>/incidents",
    "/office/exhibitions/<slug>/board",
    of="exhibition",
)
def of_fair(house: House) -> dict[str, Any]:
    return {"slug": running(house)[0].slug}


@maker("/office/exhibitions/<slug>/more/<reference>", of="exhibition")
def more(house: House) -> dict[str, Any]:
    fair, booth, _application = running(house)
    wanted = More(house.variant.id, 3, clock.now() + timedelta(hours=2), PaperKind.ASK)
    return {"slug": fair.slug, "reference": replenishing.replenish(SYSTEM, booth.id, wanted, key())}


@maker("/office/exhibitions/<slug>/visitors/file/<reference>", of="exhibition")
def visit_file(house: House) -> dict[str, Any]:
    fair, _booth, _application = running(house)
    content = f"Cổng,Ngày,Giờ,Số khách\nA,{clock.today()},8,{len(key())}\n{key()}".encode()
    return {"slug": fair.slug, "reference": days.read_file(SYSTEM, fair.id, "dem.csv", content)}


@maker("/office/exhibitions/<slug>/contacts/<reference>", of="exhibition")
def contact(house: House) -> dict[str, Any]:
    fair, _booth, _application = running(house)
    met = Met(house.producer.id, ContactKind.CONTACT, "Người mua", "hỏi giá")
    return {"slug": fair.slug, "reference": days.meet(SYSTEM, fair.id, met, consent=days.CONSENT, op_key=key())}


@maker("/office/exhibitions/<slug>/incidents/<reference>", of="exhibition")
def incident(house: House) -> dict[str, Any]:
    fair, _booth, _application = running(house)
    told = Happened(IncidentKind.OTHER, Severity.LOW, "mất chìa khóa")
    return {"slug": fair.slug, "reference": days.report_incident(SYSTEM, fair.id, told, key())}


@maker("/office/fair-booths/<int:booth_id>", of="point")
def own_booth(house: House) -> dict[str, Any]:
    return {"booth_id": running(house)[1].id}


@maker("/producer/fairs/goods/<reference>", of="producer")
def goods(house: House) -> dict[str, Any]:
    _fair, _booth, application = running(house)
    return {"reference": session().scalars(select(Application.reference).where(Application.id == application.id)).one()}
