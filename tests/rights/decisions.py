"""Makers of decisions, renewals and checks after recognition."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shop.catalog.models import CertificateLevel
from shop.decisions.models import CheckKind, Kind, PostCheck, Source
from shop.decisions.services import checks, drafting, renewals
from shop.kernel import clock
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session
from tests import factories
from tests.rights.house import House, key, maker, picture, shared


@maker("/office/decisions/<reference>", of="all")
def decision(house: House) -> dict[str, Any]:
    head = drafting.Head(CertificateLevel.PROVINCE, signer="Phó Chủ tịch", decided_on=clock.today())
    return {"reference": drafting.draft(SYSTEM, Kind.GRANT, Source.HISTORY, head, key())}


@maker("/office/decisions/<reference>/draft.pdf", of="all")
def decision_draft(house: House) -> dict[str, Any]:
    return {"reference": decision_line(house)["reference"]}


@maker("/office/decisions/<reference>/lines/<int:line_id>", of="all")
def decision_line(house: House) -> dict[str, Any]:
    from shop.decisions.queries import decisions

    head = drafting.Head(CertificateLevel.PROVINCE)
    line = drafting.Grant(house.variant.product_id, 3)
    made = drafting.draft(SYSTEM, Kind.GRANT, Source.HISTORY, head, key(), lines=(line,))
    return {"reference": made, "line_id": decisions.one(made).lines[0].id}


def _certificate(house: House) -> int:
    last = clock.today() + timedelta(days=150)
    made = factories.make_certificate(house.variant, issued_on=clock.add_months(last, -36), expires_on=last)
    return int(made.id)


@maker("/office/renewals/<int:certificate_id>", of="locality")
@shared
def renewal(house: House) -> dict[str, Any]:
    return {"certificate_id": _certificate(house)}


@maker("/office/renewals/<int:certificate_id>/file", of="all")
def renewal_to_file(house: House) -> dict[str, Any]:
    return {"certificate_id": _certificate(house)}


@maker("/office/renewals/<int:certificate_id>/close/<int:renewal_id>", of="all")
def renewal_to_close(house: House) -> dict[str, Any]:
    certificate = _certificate(house)
    return {"certificate_id": certificate, "renewal_id": renewals.file(SYSTEM, certificate, clock.today(), key())}


def _check(house: House) -> str:
    return checks.plan(SYSTEM, _certificate(house), CheckKind.PLANNED, clock.today(), "Đoàn kiểm tra", key())


@maker("/office/post-checks/<reference>", of="locality")
@shared
def check(house: House) -> dict[str, Any]:
    return {"reference": _check(house)}


@maker(
    "/office/post-checks/<reference>/report",
    "/office/post-checks/<reference>/end",
    "/office/post-checks/<reference>/revoke",
    of="all",
)
def check_to_write(house: House) -> dict[str, Any]:
    return {"reference": _check(house)}


@maker("/office/post-checks/<reference>/findings/<int:finding_id>", of="all")
def finding(house: House) -> dict[str, Any]:
    from shop.decisions.models import Ground
    from shop.decisions.queries import checks as read

    made = _check(house)
    found = checks.Found(Ground.MISUSE, "Sao in sai", "In lại", clock.today() + timedelta(days=20))
    checks.report(SYSTEM, made, clock.today(), "Có sai sót", [found], key())
    return {"reference": made, "finding_id": read.one(made).findings[0].id}


@maker("/office/post-checks/<reference>/files", of="all")
def check_files(house: House) -> dict[str, Any]:
    return {"reference": _check(house)}


@maker("/office/post-checks/<reference>/files/<int:file_id>", of="locality")
def check_file(house: House) -> dict[str, Any]:
    made = _check(house)
    checks.add_file(SYSTEM, made, "anh.jpg", picture())
    row = session().query(PostCheck).filter_by(reference=made).one()
    return {"reference": made, "file_id": row.files[0].id}
