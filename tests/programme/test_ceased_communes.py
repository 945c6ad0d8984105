"""A commune ceases while its dossiers live: the unit that takes its place has them, or the programme office chooses."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import update

from shop.accounts.permissions import Role
from shop.catalog.models import Product
from shop.kernel import clock, text
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid
from shop.kernel.mail import Letter
from shop.places import queries as places
from shop.places.models import Level, Succession, Unit, UnitType
from shop.programme import tasks
from shop.programme.errors import DossierMovedOn
from shop.programme.models.dossiers import DossierState
from shop.programme.queries import dossiers as queries
from shop.programme.services import dossiers, moving
from tests.people import make_user, sign_in
from tests.programme import assessing
from tests.programme.assessing import COMMUNE, OFFICE, OFFICER, OWNER, REPORT, Field, day, fresh
from tests.programme.test_dossier_doors import page, post

NEW, OTHER = "06999", "06998"
MOVED = "Phường Hạ Long → Phường Bãi Cháy"


@pytest.fixture
def field(ctx: Any) -> Field:
    return assessing.prepare()


def cease(*heirs: str, on: date | None = None, partly: bool | None = None) -> None:
    """From `on` (today) the commune's land is of `heirs`."""
    on = on or clock.today()
    names = {NEW: "Bãi Cháy", OTHER: "Tuần Châu"}
    with transaction() as s:
        s.execute(update(Unit).where(Unit.code == COMMUNE).values(valid_to=on))
        for code in heirs:
            s.add(
                Unit(
                    code=code, name=f"Phường {names[code]}", short=names[code], type=UnitType.WARD, level=Level.COMMUNE,
                    parent_code="22", valid_from=on, folded=text.fold(names[code]), sort_key=text.sort_key(names[code]),
                )
            )  # fmt: skip
            whole = len(heirs) == 1 if partly is None else not partly
            s.add(Succession(old_code=COMMUNE, new_code=code, partly=not whole, changed_on=on))
    places.forget()


def letters(kind: str) -> list[tuple[str, str]]:
    session().rollback()
    found = session().query(Letter).filter_by(kind=kind).order_by(Letter.id)
    return [(row.recipient, row.subject + "\n" + row.body_text) for row in found]


def test_the_one_heir_has_the_dossier_and_its_officer_sees_it_and_goes_on(client: Any, field: Field) -> None:
    make_user("Phường mới", (Role.LOCALITY_OFFICER, f"locality:{NEW}"), email="moi@example.vn")
    make_user("Chủ", (Role.PRODUCER_OWNER, f"producer:{field.producer.id}"), email="chu@example.vn")
    dossier, draft = field.submitted(), field.opened()
    code, due = dossier.code, dossier.due_on
    tasks.follow_ceased()
    assert fresh(dossier).commune_code == COMMUNE, "nothing has ceased"
    cease(NEW)
    tasks.follow_ceased()
    tasks.follow_ceased()
    dossier = fresh(dossier)
    assert (dossier.commune_code, dossier.commune_name) == (NEW, "Phường Bãi Cháy")
    assert (dossier.code, dossier.due_on, dossier.state) == (code, due, DossierState.SUBMITTED)
    assert [s.note for s in queries.steps_of(dossier.id) if s.what == "hand-over"] == [MOVED]
    assert fresh(draft).commune_code == NEW
    told = letters("dossier-hand-over")
    assert sorted(who for who, words in told if code in words) == ["chu@example.vn", "moi@example.vn"]
    assert all(MOVED in words for _who, words in told)
    assert [who for who, words in told if draft.code in words] == ["chu@example.vn"], "a draft is its producer's alone"
    sign_in(client, (Role.LOCALITY_OFFICER, f"locality:{COMMUNE}"))
    assert client.get(f"/office/dossiers/{code}").status_code in (403, 404)
    sign_in(client, (Role.LOCALITY_OFFICER, f"locality:{NEW}"))
    assert code in page(client, "/office/dossiers")
    shown = page(client, f"/office/dossiers/{code}")
    assert "Chuyển sang xã mới phụ trách" in shown and MOVED in shown and "Giao cho xã mới" not in shown
    assert post(client, f"/office/dossiers/{code}/complete").status_code == 303
    assert fresh(dossier).state is DossierState.COMPLETE
    assert assessing.audit() == []


def test_of_several_heirs_the_product_says_which(field: Field) -> None:
    one, two = field.submitted(), field.submitted()
    cease(NEW, OTHER)
    with transaction() as s:
        s.execute(update(Product).where(Product.id == one.product_id).values(commune_code=OTHER))
    tasks.follow_ceased()
    assert fresh(one).commune_code == OTHER
    assert fresh(two).commune_code == COMMUNE


def test_else_the_programme_office_hears_once_and_chooses(client: Any, field: Field) -> None:
    make_user("Chương trình", Role.PROGRAMME_OFFICER, email="chuongtrinh@example.vn")
    dossier = field.submitted()
    here = f"/office/dossiers/{dossier.code}"
    cease(NEW, OTHER)
    tasks.follow_ceased()
    tasks.follow_ceased()
    ((who, words),) = letters("dossier-ceased")
    assert who == "chuongtrinh@example.vn" and here in words
    sign_in(client, Role.PROGRAMME_OFFICER)
    assert dossier.code in page(client, "/office/dossiers?ceased=1")
    assert "Hồ sơ chờ giao cho xã mới" in page(client, "/office")
    shown = page(client, here)
    assert "Phường Bãi Cháy" in shown and "Phường Tuần Châu" in shown and "Phường Đông Triều" not in shown
    for wrong in ("", "07093", COMMUNE, "<b>"):
        answer = post(client, f"{here}/hand-over", {"commune": wrong})
        assert answer.status_code == 422 and 'href="#f-commune"' in answer.get_data(as_text=True), wrong
    assert post(client, f"{here}/hand-over", {"commune": OTHER}).status_code == 303
    assert fresh(dossier).commune_code == OTHER
    assert post(client, f"{here}/hand-over", {"commune": NEW}).status_code == 409
    assert "Giao cho xã mới" not in page(client, here)
    sign_in(client, (Role.LOCALITY_OFFICER, f"locality:{OTHER}"))
    assert post(client, f"{here}/hand-over", {"commune": NEW}).status_code in (403, 404)


def test_handed_in_after_its_commune_ceased(field: Field) -> None:
    dossier = field.filled()
    cease(NEW)
    dossiers.submit(OWNER, dossier.id)
    dossier = fresh(dossier)
    assert dossier.commune_code == NEW and dossier.state is DossierState.SUBMITTED
    assert assessing.audit() == []


def test_what_is_before_the_council_moves_too_and_what_is_over_stays(field: Field) -> None:
    proposed, withdrawn = field.proposed(), field.submitted()
    dossiers.withdraw(OWNER, withdrawn.id, "Nộp nhầm")
    cease(NEW)
    tasks.follow_ceased()
    assert fresh(proposed).commune_code == NEW
    assert fresh(withdrawn).commune_code == COMMUNE
    with pytest.raises(DossierMovedOn):
        moving.hand_over(OFFICE, withdrawn.id, NEW)
    with pytest.raises(DossierMovedOn):
        moving.hand_over(OFFICE, proposed.id, NEW)


def test_nobody_knows_who_has_the_land(field: Field) -> None:
    dossier = field.submitted()
    cease()
    tasks.follow_ceased()
    assert fresh(dossier).commune_code == COMMUNE
    with pytest.raises(Invalid):
        moving.hand_over(OFFICE, dossier.id, "00004")  # of another province
    moving.hand_over(OFFICE, dossier.id, "07093")
    dossiers.complete(OFFICER, dossier.id)
    dossiers.propose(OFFICER, dossier.id, REPORT, "Đề nghị")
    assert fresh(dossier).commune_code == "07093"


def test_heirs_of_heirs_and_of_what_is_in_force(field: Field) -> None:
    assert places.heirs(COMMUNE) == [] and places.heirs("99999") == []
    cease(NEW, on=day(-10))
    assert [(h.unit.code, h.partly) for h in places.heirs(COMMUNE)] == [(NEW, False)]
    with transaction() as s:
        s.execute(update(Unit).where(Unit.code == NEW).values(valid_to=day(-2)))
        s.add(Succession(old_code=NEW, new_code="07093", partly=False, changed_on=day(-2)))
    places.forget()
    assert [h.unit.code for h in places.heirs(COMMUNE)] == ["07093"]
