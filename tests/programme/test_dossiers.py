"""Dossiers: opened, filled, handed in, checked by the commune in its working days, proposed in time or kept for later."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from shop.delivery import days
from shop.kernel import clock
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid, NotFound
from shop.producers.models import LegalForm
from shop.programme import checklist, workdays
from shop.programme.errors import (
    DossierIncomplete,
    DossierLives,
    DossierMovedOn,
    NoSheet,
    ObjectionOver,
    PapersLacking,
    ResultNotReady,
    RoundNotOpen,
)
from shop.programme.models.dossiers import DossierKind, DossierState, Round, RoundLevel
from shop.programme.queries import dossiers as queries
from shop.programme.queries import results as ready_queries
from shop.programme.queries import rounds as round_queries
from shop.programme.services import dossiers, results, rounds
from shop.programme.services import scoring as self_scoring
from tests.factories import make_certificate
from tests.programme import assessing
from tests.programme.assessing import COMMUNE, OFFICE, OFFICER, OWNER, REPORT, Field, day, fresh, open_round, put_result


@pytest.fixture
def field(ctx: Any) -> Field:
    return assessing.prepare()


# --- opening -----------------------------------------------------------------------------------------------------


def test_a_code_names_province_commune_serial_and_year(field: Field) -> None:
    year = clock.today().year
    assert field.opened().code == f"22-{COMMUNE}-001-{year}"
    assert field.opened().code == f"22-{COMMUNE}-002-{year}"


def test_one_dossier_of_a_product_lives_at_a_time(field: Field) -> None:
    product = field.product()
    first = field.opened(product=product)
    with pytest.raises(DossierLives) as refused:
        field.opened(product=product)
    assert refused.value.values["code"] == first.code
    dossiers.withdraw(OWNER, first.id, "Nộp nhầm sản phẩm")
    assert field.opened(product=product).code != first.code


@pytest.mark.parametrize("kind", ["upgrade", "renewal"])
def test_a_product_never_certified_is_a_first_time(field: Field, kind: str) -> None:
    with pytest.raises(Invalid) as refused:
        field.opened(kind)
    assert refused.value.field == "kind"


def test_a_certified_product_is_no_first_time(field: Field) -> None:
    product = field.product()
    with transaction():
        variant = product.variants[0]
    make_certificate(variant)
    with pytest.raises(Invalid):
        field.opened("first", product)
    assert field.opened("upgrade", product).kind is DossierKind.UPGRADE


@pytest.mark.parametrize(("stars", "ends", "words"), [(3, -1, "công nhận lần đầu"), (5, 200, "hạng cao nhất")])
def test_an_upgrade_needs_stars_in_force_and_one_above_them(field: Field, stars: int, ends: int, words: str) -> None:
    product = field.product()
    with transaction():
        variant = product.variants[0]
    make_certificate(variant, stars=stars, issued_on=day(ends - 1000), expires_on=day(ends))
    with pytest.raises(Invalid) as refused:
        field.opened("upgrade", product)
    assert refused.value.field == "kind" and words in refused.value.title
    assert field.opened("renewal", product).kind is DossierKind.RENEWAL


def test_kinds_and_products_that_are_none(field: Field) -> None:
    with pytest.raises(Invalid):
        field.opened("khac")
    with pytest.raises(NotFound):
        dossiers.open_dossier(OWNER, 999_999, "first")
    with pytest.raises(NoSheet):
        dossiers.open_dossier(OWNER, field.product(77).id, "first")


def test_associations_only_for_tourism(ctx: Any) -> None:
    assessing.prepare()
    club = assessing.make_field("Hội làm vườn", legal_form=LegalForm.ASSOCIATION)
    with pytest.raises(Invalid) as refused:
        club.opened()
    assert refused.value.field == "product"


def test_somebody_must_check_it(ctx: Any) -> None:
    assessing.prepare()
    nowhere = assessing.make_field("HTX Chưa rõ xã", commune_code=None)
    product = nowhere.product()
    for told in (None, "00004", "99999"):
        with pytest.raises(Invalid) as refused:
            dossiers.open_dossier(OWNER, product.id, "first", commune_code=told)
        assert refused.value.field == "commune"
    assert dossiers.open_dossier(OWNER, product.id, "first", commune_code="07093").startswith("22-07093-001-")


# --- papers ------------------------------------------------------------------------------------------------------


def test_the_checklist_is_by_kind_and_product() -> None:
    def needed(kind: DossierKind, *, food: bool, service: bool) -> set[str]:
        return {r.code for r in checklist.required(kind, food=food, service=service) if r.needed}

    first = needed(DossierKind.FIRST, food=True, service=False)
    assert {"mau-01", "mau-02", "attp"} <= first and "kiem-nghiem" not in first
    assert needed(DossierKind.UPGRADE, food=True, service=False) - first == {"minh-chung-thay-doi"}
    again = needed(DossierKind.RENEWAL, food=True, service=False) - first
    assert again == {"cap-nhat-san-xuat", "cap-nhat-thi-truong", "kiem-nghiem"}
    tourism = {r.code for r in checklist.required(DossierKind.RENEWAL, food=False, service=True)}
    assert "phuong-an-du-lich" in tourism and not tourism & {"attp", "kiem-nghiem", "nhan-bao-bi"}
    for kind in DossierKind:
        for food in (True, False):
            lines = [r.code for r in checklist.required(kind, food=food, service=False)]
            assert len(lines) == len(set(lines))


@pytest.mark.parametrize(
    ("values", "at"),
    [
        ({"ends_on": None}, "ends_on"),
        ({"ends_on": day(-1)}, "ends_on"),
        ({"issued_on": day(2)}, "issued_on"),
        ({"issued_on": day(-3), "ends_on": day(-4)}, "ends_on"),
    ],
)
def test_a_paper_whose_days_cannot_be(field: Field, values: dict[str, Any], at: str) -> None:
    dossier = field.opened()
    with pytest.raises(Invalid) as refused:
        dossiers.add_paper(OWNER, dossier.id, "attp", "producer-papers/a.pdf", **({"ends_on": day(9)} | values))
    assert refused.value.field == at
    assert not queries.papers_of(dossier.id)


def test_a_line_that_is_not_on_the_checklist(field: Field) -> None:
    with pytest.raises(Invalid):
        dossiers.add_paper(OWNER, field.opened().id, "phuong-an-du-lich", "producer-papers/a.pdf")


def test_the_same_file_twice_is_one_paper_and_nothing_is_thrown_away(field: Field) -> None:
    dossier = field.opened()
    one = dossiers.add_paper(OWNER, dossier.id, "mau-01", "producer-papers/a.pdf")
    assert dossiers.add_paper(OWNER, dossier.id, "mau-01", "producer-papers/a.pdf") == one
    dossiers.remove_paper(OWNER, dossier.id, one)
    dossiers.remove_paper(OWNER, dossier.id, one)
    assert not queries.papers_of(dossier.id) and queries.paper(dossier, one).removed_at is not None
    other = field.opened()
    with pytest.raises(NotFound):
        dossiers.remove_paper(OWNER, other.id, one)


def test_what_is_missing_is_named(field: Field) -> None:
    dossier = field.opened()
    with pytest.raises(DossierIncomplete) as refused:
        dossiers.submit(OWNER, dossier.id)
    assert "mẫu 01" in str(refused.value.values["lines"]) and "an toàn thực phẩm" in str(refused.value.values["lines"])
    assert fresh(dossier).state is DossierState.DRAFT


def test_scoring_oneself_is_form_02(field: Field) -> None:
    product = field.product()
    dossier = field.filled(product=product)
    form = next(p for p in queries.papers_of(dossier.id) if p.requirement == "mau-02")
    dossiers.remove_paper(OWNER, dossier.id, form.id)
    with pytest.raises(DossierIncomplete):
        dossiers.submit(OWNER, dossier.id)
    official = queries.sheet_for(dossier)
    assert official is not None
    best = assessing.best(assessing.NUMBER)
    self_scoring.save_self_score(OWNER, product.id, official.id, best, [], seen=0)
    dossiers.submit(OWNER, dossier.id)
    self_scoring.save_self_score(OWNER, product.id, official.id, best | {"2.2": 0}, [], seen=1)
    kept = fresh(dossier).self_score
    assert kept is not None and kept["answers"] == best, "what was handed in does not change"


# --- the commune -------------------------------------------------------------------------------------------------


def test_the_commune_has_fifteen_working_days(field: Field) -> None:
    dossier = field.submitted()
    assert dossier.due_on == workdays.after(clock.today(), 15)
    assert queries.clock_of(dossier) == 15


@given(st.dates(date(2024, 1, 1), date(2027, 12, 31)), st.integers(1, 40))
def test_a_term_counts_the_working_days_in_it(start: date, term: int) -> None:
    due = workdays.after(start, term)
    counted = [
        d
        for n in range(1, (due - start).days + 1)
        if (d := start + timedelta(days=n)).weekday() < 5 and not days.is_holiday(d)
    ]
    assert len(counted) == term and counted[-1] == due
    assert workdays.left(start, due) == term and workdays.left(due, start) == -term


def test_tet_is_not_counted() -> None:
    # Tết of 2026: 14 to 22 February with its weekends; the term of a Friday before ends on the Monday after.
    assert workdays.after(date(2026, 2, 13), 1) == date(2026, 2, 23)


def test_a_returned_dossier_loses_nothing(field: Field) -> None:
    dossier = field.submitted()
    before = [p.id for p in queries.papers_of(dossier.id)]
    with pytest.raises(Invalid):
        dossiers.give_back(OFFICER, dossier.id, "")
    dossiers.give_back(OFFICER, dossier.id, "Thiếu con dấu ở mẫu 01")
    dossier = fresh(dossier)
    assert dossier.state is DossierState.RETURNED and dossier.returned_why == "Thiếu con dấu ở mẫu 01"
    assert [p.id for p in queries.papers_of(dossier.id)] == before and queries.clock_of(dossier) is None
    with pytest.raises(DossierMovedOn):
        dossiers.give_back(OFFICER, dossier.id, "lần nữa")
    dossiers.submit(OWNER, dossier.id)
    assert queries.clock_of(fresh(dossier)) == 15
    assert [s.what for s in queries.steps_of(dossier.id)][:3] == ["submit", "return", "submit"]


def test_a_paper_that_ends_meanwhile_is_not_passed_on(field: Field) -> None:
    dossier = field.submitted()
    last = day(300)
    with time_machine.travel(clock.start_of(last + timedelta(days=1)), tick=True):
        with pytest.raises(PapersLacking) as refused:
            dossiers.complete(OFFICER, dossier.id)
        assert "an toàn thực phẩm" in refused.value.values["lines"]
        assert fresh(dossier).state is DossierState.SUBMITTED
    dossiers.complete(OFFICER, dossier.id)
    with time_machine.travel(clock.start_of(last + timedelta(days=1)), tick=True):
        with pytest.raises(PapersLacking):
            dossiers.propose(OFFICER, dossier.id, REPORT, "Đề nghị")
        dossiers.give_back(OFFICER, dossier.id, "Giấy an toàn thực phẩm đã hết hạn")
        dossier = fresh(dossier)
        assert dossier.state is DossierState.RETURNED and dossier.checked_at is None
        file_key = dossiers.keep_file(assessing.PDF)
        for line in queries.standing(dossier):
            if line.lacking:
                dossiers.add_paper(
                    OWNER, dossier.id, line.requirement.code, file_key, ends_on=last + timedelta(days=90)
                )
        dossiers.submit(OWNER, dossier.id)
        dossiers.complete(OFFICER, dossier.id)
        dossiers.propose(OFFICER, dossier.id, REPORT, "Đề nghị")
    assert fresh(dossier).state is DossierState.PROPOSED
    assert assessing.audit() == []


def test_what_is_handed_in_is_not_written_in(field: Field) -> None:
    dossier = field.submitted()
    with pytest.raises(DossierMovedOn):
        dossiers.add_paper(OWNER, dossier.id, "mau-01", "producer-papers/b.pdf")
    with pytest.raises(DossierMovedOn):
        dossiers.submit(OWNER, dossier.id)


@pytest.mark.parametrize(
    ("spoilt", "at"),
    [
        ({"origin": ""}, "origin"),
        ({"labour": "missed"}, "labour_note"),
        ({"samples": 4}, "samples"),
        ({"samples": None}, "samples"),
    ],
)
def test_half_a_report_is_refused(field: Field, spoilt: dict[str, Any], at: str) -> None:
    dossier = field.submitted()
    dossiers.complete(OFFICER, dossier.id)
    with pytest.raises(Invalid) as refused:
        dossiers.propose(OFFICER, dossier.id, REPORT | spoilt, "Đề nghị")
    assert refused.value.field == at and fresh(dossier).state is DossierState.COMPLETE


# --- rounds ------------------------------------------------------------------------------------------------------


def test_a_proposal_goes_into_the_round_that_closes_first(field: Field) -> None:
    late, soon = open_round(cut_off=40), open_round(cut_off=10)
    assert (late, soon) == (f"T1-{clock.today().year}", f"T2-{clock.today().year}")
    assert field.proposed().round_id == round_queries.by_code(soon).id


def test_after_the_cut_off_a_dossier_waits_for_the_next_round(field: Field) -> None:
    open_round(cut_off=-1)
    dossier = field.proposed()
    assert dossier.round_id is None and round_queries.waiting() == 1
    following = open_round(cut_off=15)
    assert fresh(dossier).round_id == round_queries.by_code(following).id


def test_what_was_not_heard_waits_again(field: Field) -> None:
    here = round_queries.by_code(open_round())
    dossier = field.proposed()
    assert rounds.close_round(OFFICE, here.id) == 1
    assert fresh(dossier).round_id is None
    with pytest.raises(RoundNotOpen):
        rounds.close_round(OFFICE, here.id)


def test_the_same_form_twice_is_one_round(field: Field) -> None:
    once = assessing.key()
    values = (OFFICE, RoundLevel.PROVINCE, clock.today().year, day(5), day(30), once)
    assert rounds.open_round(*values) == rounds.open_round(*values)
    assert session().query(Round).count() == 1


@pytest.mark.parametrize(("cut_off", "ends", "at"), [(10, 5, "ends_on"), (900, 950, "cut_off")])
def test_a_round_whose_days_cannot_be(field: Field, cut_off: int, ends: int, at: str) -> None:
    with pytest.raises(Invalid) as refused:
        open_round(cut_off=cut_off, ends=ends)
    assert refused.value.field == at


# --- results -----------------------------------------------------------------------------------------------------


def test_a_result_is_ready_when_nobody_can_object_any_more(field: Field) -> None:
    dossier = field.proposed()
    put_result(dossier, "81.20", 4)
    assert ready_queries.ready() == []
    with pytest.raises(ResultNotReady):
        results.mark_decided(dossier.id, "123/QĐ-UBND", clock.today())
    results.accept(OWNER, dossier.id)
    (one,) = ready_queries.ready()
    assert (one.dossier_id, one.code, one.score, one.stars, one.level) == (
        dossier.id, dossier.code, Decimal("81.20"), 4, "province",
    )  # fmt: skip
    assert (one.commune_code, one.set_number, one.kind, one.closed_on) == (COMMUNE, 8, "first", clock.today())


def test_a_term_that_is_over_makes_it_ready_too(field: Field) -> None:
    dossier = field.proposed()
    put_result(dossier, "81.20", 4, objection_until=day(-1))
    assert [r.code for r in ready_queries.ready()] == [dossier.code]
    with pytest.raises(ObjectionOver):
        results.object_to(OWNER, dossier.id, "Điểm thấp")


def test_a_decision_is_made_once_and_in_the_callers_transaction(field: Field) -> None:
    dossier = field.proposed()
    put_result(dossier, "55.00", 3, objection_until=day(-1))
    with pytest.raises(Invalid):
        results.mark_decided(dossier.id, " ", clock.today())
    with pytest.raises(RuntimeError), transaction():
        results.mark_decided(dossier.id, "123/QĐ-UBND", clock.today())
        raise RuntimeError
    assert fresh(dossier).state is DossierState.SCORED
    results.mark_decided(dossier.id, "123/QĐ-UBND", clock.today())
    dossier = fresh(dossier)
    assert (dossier.state, dossier.decision_number) == (DossierState.DECIDED, "123/QĐ-UBND")
    assert ready_queries.ready() == []
    with pytest.raises(ResultNotReady):
        results.mark_decided(dossier.id, "124/QĐ-UBND", clock.today())


def test_two_stars_get_no_decision_and_may_try_again(field: Field) -> None:
    product = field.product()
    dossier = field.proposed(product=product)
    put_result(dossier, "41.50", 2)
    with pytest.raises(DossierLives):
        field.opened(product=product)
    put_result(dossier, "41.50", 2, objection_until=day(-1))
    assert ready_queries.ready() == []
    field.opened(product=product)
    assert fresh(dossier).state is DossierState.FAILED


@pytest.mark.parametrize(
    ("score", "stars", "at"), [("101", 5, "score"), ("NaN", 5, "score"), ("89.99", 5, "stars"), ("-1", 0, "score")]
)
def test_what_the_ministry_cannot_have_found(field: Field, score: str, stars: int, at: str) -> None:
    dossier = field.proposed()
    put_result(dossier, "92.00", 5, state="forwarded")
    with pytest.raises(Invalid) as refused:
        results.tell_ministry(OFFICE, dossier.id, Decimal(score), stars, "12/BNN")
    assert refused.value.field == at


def test_the_ministrys_word_stands(field: Field) -> None:
    five, four = field.proposed(), field.proposed()
    for dossier in (five, four):
        put_result(dossier, "92.00", 5, state="forwarded")
    results.tell_ministry(OFFICE, five.id, Decimal("91.5"), 5, "12/BNN")
    results.tell_ministry(OFFICE, four.id, Decimal("84"), 4, "13/BNN")
    assert [(r.code, r.level, r.stars) for r in ready_queries.ready()] == [
        (five.code, "ministry", 5), (four.code, "province", 4),
    ]  # fmt: skip
    with pytest.raises(DossierMovedOn):
        results.tell_ministry(OFFICE, five.id, Decimal("91.5"), 5, "12/BNN")


def test_both_forms_at_once_open_one_dossier(field: Field, together: Any) -> None:
    product_id = field.product().id
    app = __import__("flask").current_app._get_current_object()
    session().rollback()
    outcomes = together(app, [lambda: dossiers.open_dossier(OWNER, product_id, "first") for _ in range(4)])
    made = [o for o in outcomes if o.error is None]
    assert len(made) == 1 and all(isinstance(o.error, DossierLives | DossierMovedOn) for o in outcomes if o.error)
    with transaction() as s:
        assert s.scalar(sa.text("SELECT count(*) FROM dossiers")) == 1


def test_two_who_hand_in_at_once_hand_in_once(field: Field, together: Any) -> None:
    dossier_id = field.filled().id
    app = __import__("flask").current_app._get_current_object()
    session().rollback()
    outcomes = together(app, [lambda: dossiers.submit(OWNER, dossier_id) for _ in range(3)])
    assert sum(o.error is None for o in outcomes) == 1
    steps = [s.what for s in queries.steps_of(dossier_id)]
    assert steps.count("submit") == 1


# --- the audit ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        ("UPDATE dossier_steps SET state = 'decided' WHERE what = 'submit'", "dossiers-took-allowed-steps"),
        ("UPDATE dossiers SET state = 'complete'", "dossiers-took-allowed-steps"),
        ("UPDATE dossiers SET due_on = NULL, state = 'submitted'", "dossiers-of-their-producer"),
        ("UPDATE programme_rounds SET cut_off = '2020-01-01'", "dossiers-within-their-cut-off"),
        ("UPDATE programme_rounds SET level = 'ministry'", "dossiers-within-their-cut-off"),
        (
            "UPDATE dossiers SET score = 89.99, stars = 5, level = 'province', result_on = '2026-01-01'",
            "results-reach-their-stars",
        ),
    ],
)
def test_the_audit_sees_what_cannot_be(field: Field, fault: str, check: str) -> None:
    open_round()
    field.proposed()
    assert assessing.audit() == []
    with transaction() as s:
        s.execute(sa.text(fault))
    found = assessing.audit()
    assert any(check in line for line in found)
