"""Decisions drafted from what councils found."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from shop.accounts.permissions import Role
from shop.catalog.models import Certificate
from shop.decisions.errors import ResultGone
from shop.decisions.models import Decision, FiledState, Kind, Renewal, Source, State
from shop.decisions.services import drafting, renewals, signing
from shop.kernel import clock
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session, transaction
from shop.kernel.operations import new_key
from shop.programme.errors import ResultNotReady
from shop.programme.models.dossiers import Dossier, DossierState
from shop.programme.services import results
from tests.decisions.conftest import PDF, certificate
from tests.people import sign_in
from tests.programme.assessing import prepare, put_result


def ready(score: str = "78.5", stars: int = 4, kind: str = "first") -> Dossier:
    """A dossier whose result stands: the term to object was waived."""
    dossier = prepare().proposed(kind)
    put_result(dossier, score, stars, accepted_at=clock.now())
    return session().get_one(Dossier, dossier.id, populate_existing=True)


def draft(*ids: int) -> str:
    head = drafting.Head(
        drafting.CertificateLevel.PROVINCE, number="9/QĐ-UBND", decided_on=clock.today(), signer="Chủ tịch"
    )
    return drafting.draft(SYSTEM, Kind.GRANT, Source.RESULTS, head, new_key(), result_ids=ids)


def sign(reference: str) -> None:
    drafting.set_file(SYSTEM, reference, PDF, 1, new_key())
    signing.sign(SYSTEM, reference, 2, new_key())


def test_a_result_becomes_a_certificate_and_is_decided_once(ctx: Any, audit_clean: Callable[[], None]) -> None:
    dossier = ready()
    first, second = draft(dossier.id), None
    with transaction() as s:
        row = s.query(Decision).filter_by(reference=first).one()
    head = drafting.Head(
        drafting.CertificateLevel.PROVINCE, number="10/QĐ-UBND", decided_on=clock.today(), signer="Chủ tịch"
    )
    second = drafting.draft(SYSTEM, Kind.GRANT, Source.RESULTS, head, new_key(), result_ids=(dossier.id,))
    sign(first)
    session().refresh(row)
    made = session().get_one(Certificate, row.lines[0].certificate_id)
    assert (made.number, made.stars, str(made.score)) == (dossier.code, 4, "78.50")
    session().refresh(dossier)
    assert (dossier.state, dossier.decision_number) == (DossierState.DECIDED, "9/QĐ-UBND")
    with pytest.raises(Exception, match=r"certificates-overlap|result-not-ready|certificate-number-taken"):
        sign(second)
    session().rollback()
    with pytest.raises(ResultGone):
        drafting.draft(
            SYSTEM, Kind.GRANT, Source.RESULTS, drafting.Head(head.level), new_key(), result_ids=(dossier.id,)
        )
    session().rollback()
    audit_clean()


def test_a_result_that_was_decided_meanwhile_undoes_the_signing(ctx: Any, audit_clean: Callable[[], None]) -> None:
    dossier = ready()
    reference = draft(dossier.id)
    results.mark_decided(dossier.id, "elsewhere", clock.today())
    with pytest.raises(ResultNotReady):
        sign(reference)
    session().rollback()
    assert session().query(Certificate).count() == 0
    assert session().query(Decision).filter_by(reference=reference).one().state is State.DRAFT
    audit_clean()


def test_what_was_handed_in_as_a_renewal_is_entered_by_itself(ctx: Any, audit_clean: Callable[[], None]) -> None:
    field = prepare()
    product = field.product()
    c = certificate(product.variants[0], 150)
    dossier = field.submitted("renewal", product)
    assert renewals.follow_dossiers() == 1 and renewals.follow_dossiers() == 0
    row = session().query(Renewal).one()
    assert (row.certificate_id, row.dossier_code, row.filed_on) == (c.id, dossier.code, clock.today())
    with transaction() as s:
        found = s.get_one(Dossier, dossier.id)
        found.state, found.ended_at = DossierState.WITHDRAWN, clock.now()
    assert renewals.follow_dossiers() == 1
    session().refresh(row)
    assert row.state is FiledState.WITHDRAWN
    audit_clean()


def test_results_are_ticked_on_the_blank_form(ctx: Any, client: Any) -> None:
    dossier = ready()
    sign_in(client, Role.PROGRAMME_OFFICER)
    new = "/office/decisions/new/grant"
    page = client.get(new).get_data(as_text=True)
    assert dossier.code in page and "78,5" in page
    made = client.fill(
        new,
        form=new,
        level="province",
        result=str(dossier.id),
        decided_on=(clock.today() - timedelta(days=1)).isoformat(),
    )
    assert made.status_code == 303
    assert dossier.code in client.get(made.location).get_data(as_text=True)
    assert client.fill(new, form=new, level="province", result="999999").status_code == 409


def test_what_stands_in_a_draft_and_what_the_ministry_decides_is_not_ticked(ctx: Any, client: Any) -> None:
    field = prepare()
    own, drafted, theirs = (field.proposed() for _ in range(3))
    put_result(own, "78.5", 4, accepted_at=clock.now())
    put_result(drafted, "72", 4, accepted_at=clock.now())
    put_result(theirs, "91.4", 5, level="ministry", accepted_at=clock.now())
    reference = draft(drafted.id)
    sign_in(client, Role.PROGRAMME_OFFICER)
    page = client.get("/office/decisions/new/grant").get_data(as_text=True)
    ticked = set(re.findall(r'name="result" value="(\d+)" checked', page))
    assert ticked == {str(own.id)}
    assert f"đã có trong dự thảo {reference}" in page and "bộ công nhận" in page
