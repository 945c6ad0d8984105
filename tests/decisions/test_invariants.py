"""Each invariant finds its fault."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text as sql

from shop.decisions.models import CheckKind, Ground, Kind
from shop.decisions.services import checks, drafting, renewals
from shop.kernel import clock, invariants
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session, transaction
from shop.kernel.operations import new_key
from tests.decisions.conftest import certificate, goods, granted, picture, signed

FAULTS = {
    "decisions.signed-ones-have-their-certificates": (
        "UPDATE decision_lines SET certificate_id = NULL WHERE stars IS NOT NULL"
    ),
    "decisions.revocations-have-reached-the-catalogue": "UPDATE certificates SET revoked_on = NULL, replaced_by_id = NULL",
    "decisions.certificates-do-not-overlap": (
        "UPDATE certificates SET revoked_on = NULL, replaced_by_id = NULL WHERE replaced_by_id IS NOT NULL"
    ),
    "decisions.certificates-hold-on-only-for-renewals": (
        "UPDATE certificates SET term_ends_on = issued_on WHERE number = 'CN-H'"
    ),
    "decisions.checks-have-their-bytes": "UPDATE check_files SET file_key = 'post-checks/none.jpg'",
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found(ctx: Any, name: str) -> None:
    first, second, third = goods("Chả mực"), goods("Ruốc hàu"), goods("Miến dong")
    certificate(first, 150, stars=3)
    signed(granted(first))
    taken = certificate(second, 500)
    signed(drafting.Revocation(taken.id, Ground.OTHER, "lý do"), kind=Kind.REVOKE, number="13")
    held = certificate(third, 0, number="CN-H")
    renewals.file(SYSTEM, held.id, clock.today(), new_key())
    check = checks.plan(SYSTEM, held.id, CheckKind.SURPRISE, clock.today(), "Đoàn kiểm tra", new_key())
    checks.add_file(SYSTEM, check, "anh.jpg", picture())
    assert found(name) == []
    with transaction() as s:
        s.execute(sql(FAULTS[name]))
    assert found(name) != []


def found(name: str) -> list[str]:
    session().rollback()
    return next(f.offenders for f in invariants.run("decisions") if f.name == name)
