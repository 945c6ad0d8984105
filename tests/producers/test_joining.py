"""Joining: the application kept step by step, given back, sent again, approved; the identity check before the first sale."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, text

from shop.accounts.models import Grant
from shop.accounts.permissions import Role
from shop.catalog import queries as catalog
from shop.catalog.models import Listing
from shop.kernel import clock, invariants
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid, NotFound
from shop.kernel.mail import Letter
from shop.kernel.operations import new_key
from shop.producers import queries
from shop.producers.errors import (
    ApplicationOpen,
    ApplicationUnfinished,
    NotInThisState,
    PapersUnchecked,
    ProducerClaimed,
    TaxCodeTaken,
)
from shop.producers.models import (
    Application,
    ApplicationState,
    IdentityCheck,
    LegalForm,
    Paper,
    PaperKind,
    PaperState,
    Producer,
)
from shop.producers.services import joining, papers
from shop.settlement.models import EntryKind
from shop.settlement.services import entries
from tests.factories import make_places, make_point, make_producer, make_variant, put_in
from tests.people import make_user, sign_in
from tests.producers.conftest import FACTS, OFFICE, actor_of, hand_in, upload


def latest() -> Application:
    return session().scalars(select(Application).order_by(Application.id.desc()).limit(1)).one()


def letters(kind: str) -> list[str]:
    return list(session().scalars(select(Letter.subject).where(Letter.kind == kind).order_by(Letter.id)))


def broken() -> list[str]:
    session().rollback()
    session().expire_all()
    return [f"{f.name}: {f.offenders}" for f in invariants.run() if not f.ok]


def test_from_the_first_page_to_the_first_sale(ctx: Any, client: Any) -> None:
    make_places()
    office = ctx.test_client()
    sign_in(office, Role.PROGRAMME_OFFICER)
    page = client.get("/ban-hang")
    assert page.status_code == 200
    assert "/producer/join" in page.get_data(as_text=True)
    assert client.get("/producer/join").status_code == 302  # to the log-in
    user = sign_in(client)

    assert client.fill("/producer/join", form="/producer/join", how="new").location == "/producer/join/who"
    # What cannot be read stays on the page; what can is kept, though unfinished.
    bad = client.fill("/producer/join/who", form="/producer/join/who", name="HKD Bến Sim", tax_code="12")
    assert bad.status_code == 422
    assert "HKD Bến Sim" in bad.get_data(as_text=True)
    claims = client.fill("/producer/join/who", form="/producer/join/who", name="HKD Bến Sim", story="Mật O.C.O.P 5 sao")
    assert claims.status_code == 422
    assert "Mật O.C.O.P 5 sao" in claims.get_data(as_text=True)
    assert client.fill("/producer/join/who", form="/producer/join/who", name="HKD Bến Sim").status_code == 303
    assert latest().name == "HKD Bến Sim"
    refused = client.fill("/producer/join/send", form="/producer/join/send")
    assert 'content="application-unfinished"' in refused.get_data(as_text=True)
    who = {k: v for k, v in FACTS.items() if not k.startswith("makes")} | {"makes_food": "1"}
    assert client.fill("/producer/join/who", form="/producer/join/who", **who, commune="06661").status_code == 303
    papers_step = client.get("/producer/join/papers").get_data(as_text=True)
    assert re.search(r"1\. Cơ sở của bạn.*?✓</span> xong", papers_step)
    assert papers_step.count("✓</span> xong") == 1
    for kind in ("registration", "food_safety"):
        kept = client.fill(
            "/producer/join/papers", form="/producer/join/papers", kind=kind, number="1", issuer="Sở", file=upload(kind),
            issued_on=clock.today().isoformat(), expires_on="",
        )  # fmt: skip
        assert kept.status_code == 303, kept.get_data(as_text=True)
    bank = client.fill(
        "/producer/join/bank", form="/producer/join/bank", bank_bin="970436", account_number="001 100", holder="SIM"
    )
    assert bank.location == "/producer/join/send"
    assert client.fill("/producer/join/send", form="/producer/join/send").status_code == 303
    row = latest()
    assert (row.state, row.user_id, row.legal_form) == (ApplicationState.SUBMITTED, user.id, LegalForm.HOUSEHOLD)
    assert client.get("/producer/join/who").status_code == 404  # it lies with the office now

    here = f"/office/applications/{row.reference}"
    assert row.reference in office.get("/office/applications").get_data(as_text=True)
    empty = office.fill(here, form=f"{here}/return", reason=" ")
    assert empty.status_code == 422
    assert office.fill(here, form=f"{here}/return", reason="Ảnh mờ, xin chụp lại").status_code == 303
    assert "Ảnh mờ" in client.get("/producer/join").get_data(as_text=True)
    assert client.fill("/producer/join/send", form="/producer/join/send").status_code == 303

    early = office.fill(here, form=f"{here}/approve")
    assert 'content="papers-unchecked"' in early.get_data(as_text=True)
    for paper in queries.papers_of_application(row.id):
        assert office.fill(here, form=f"/office/papers/{paper.reference}/accept").location == here
    assert office.fill(here, form=f"{here}/approve").status_code == 303
    session().expire_all()
    row = latest()
    made = session().get(Producer, row.producer_id)
    assert made.name == FACTS["name"]
    assert queries.bank_account(made.id).account_number == "001100"
    assert client.get("/producer").status_code == 200
    home = client.get("/producer").get_data(as_text=True)
    begun = home.partition('data-testid="beginning"')[2].partition("</section>")[0]
    assert re.findall(r">(xong|chưa)<", begun) == ["xong", "chưa", "chưa", "chưa", "chưa"]
    assert [address in begun for address in ("/producer/listings", "/producer/stock", "/producer/statements")] == [
        True
    ] * 3
    assert "Không có việc nào đang chờ bạn" not in home
    assert [p.producer_id for p in session().scalars(select(Paper))] == [made.id, made.id]
    assert made.food_until.year == 9999

    # Nobody has checked who she is: her goods are neither offered nor sold.
    goods = make_variant("Mật ong Bến", producer=made)
    put_in(goods, make_point(), 5)
    assert catalog.sellable([goods.id], clock.now())[goods.id].refusal.code == "producer-not-ready"
    assert broken() == []
    assert office.fill(here, form=f"{here}/identity", document="citizen_card", ends="001188006789").status_code == 422
    assert office.fill(here, form=f"{here}/identity", document="citizen_card", ends="6789").status_code == 303
    check = session().scalars(select(IdentityCheck)).one()
    assert (check.ends, check.actor_label) == ("6789", "Nguyễn Thử")
    assert catalog.sellable([goods.id], clock.now())[goods.id].refusal is None
    assert session().scalar(select(Listing.shelf).where(Listing.product_id == goods.product_id)) > 0
    assert len(letters("producers.application")) == 4  # received, given back, received again, approved
    assert broken() == []

    # What is done is ticked; after the first sale nothing needs to be explained any more.
    def ticks() -> list[str]:
        page = client.get("/producer").get_data(as_text=True)
        return re.findall(r">(xong|chưa)<", page.partition('data-testid="beginning"')[2].partition("</section>")[0])

    assert ticks() == ["xong", "xong", "xong", "chưa", "chưa"]
    put_in(goods, make_point(), 5, owner=f"producer:{made.id}")
    assert ticks() == ["xong", "xong", "xong", "xong", "chưa"]
    with transaction():
        entries.post(
            OFFICE,
            [
                {
                    "cause": "receipt-line:1", "producer_id": made.id, "kind": EntryKind.PURCHASE, "quantity": 1,
                    "unit_amount": 50_000, "amount": 50_000, "reference": "N-1", "label": "Mật", "happened_at": clock.now(),
                }
            ],
        )  # fmt: skip
    assert ticks() == []


def test_claiming_a_producer_of_the_registry(applied: Callable[..., Any]) -> None:
    known = make_producer("HTX Bến Giang", tax_code="5700000001")
    user, reference = applied(known.slug, accept=True, name="HTX Bến Giang", tax_code="5700000001")
    other, again = applied(known.slug, accept=True, name="HTX Bến Giang", tax_code="5700000001")
    assert joining.approve(OFFICE, reference) == known.id
    assert session().scalar(select(Grant.role).where(Grant.user_id == user.id)) is Role.PRODUCER_OWNER
    assert session().get(Producer, known.id, populate_existing=True).identity_due
    with pytest.raises(ProducerClaimed):
        joining.approve(OFFICE, again)
    assert session().scalar(select(Grant.role).where(Grant.user_id == other.id)) is None
    with pytest.raises(ProducerClaimed):
        joining.begin(actor_of(make_user()), known.slug)
    assert known.slug not in dict(queries.claimable())
    assert broken() == []


def test_twins_are_pointed_out_and_a_tax_code_is_one_producers(applied: Callable[..., Any], client: Any) -> None:
    make_producer("Hộ kinh doanh Mật ong Bến", tax_code="5701234567")
    make_producer("Chả mực Bến", phone="+84912345678")
    make_producer("Miến dong Khe")
    _user, reference = applied(accept=True)
    found = {t.name: t.why for t in queries.twins(queries.application(reference))}
    assert found == {
        "Hộ kinh doanh Mật ong Bến": "cùng mã số thuế, tên gần giống", "Chả mực Bến": "cùng điện thoại"
    }  # fmt: skip
    with pytest.raises(TaxCodeTaken):
        joining.approve(OFFICE, reference)
    assert queries.application(reference).state is ApplicationState.SUBMITTED
    sign_in(client, Role.PROGRAMME_OFFICER)
    assert "cùng mã số thuế" in client.get(f"/office/applications/{reference}").get_data(as_text=True)


def test_what_does_not_follow_is_refused(applied: Callable[..., Any]) -> None:
    user, reference = applied()
    actor = actor_of(user)
    with pytest.raises(ApplicationOpen):
        joining.begin(actor)
    with pytest.raises(NotInThisState):
        joining.submit(actor, reference)
    with pytest.raises(NotInThisState):
        joining.save_bank(actor, reference, "970436", "12345", "X")
    with pytest.raises(PapersUnchecked):
        joining.approve(OFFICE, reference)
    with pytest.raises(Invalid):
        joining.refuse(OFFICE, reference, "")
    with pytest.raises(NotFound):
        joining.save_bank(actor_of(make_user()), reference, "970436", "12345", "X")
    joining.refuse(OFFICE, reference, "Không làm ra sản phẩm nào")
    with pytest.raises(NotInThisState):
        joining.approve(OFFICE, reference)
    with pytest.raises(NotInThisState):
        joining.check_identity(OFFICE, reference, "passport", "1234")
    assert joining.begin(actor) != reference  # and again from the beginning
    assert broken() == []


def test_alcohol_needs_a_licence(applied: Callable[..., Any]) -> None:
    with pytest.raises(ApplicationUnfinished):
        applied(makes_alcohol=True)


def test_an_applicants_paper_is_his_own(applied: Callable[..., Any], ctx: Any, client: Any) -> None:
    user, reference = applied(send=False)
    paper = session().scalars(select(Paper).order_by(Paper.id)).first()
    sign_in(client)
    for path in (f"/producer/join/papers/{paper.reference}/file", f"/producer/papers/{paper.reference}/file"):
        assert client.get(path).status_code in {403, 404}
    sign_in(client, Role.PROGRAMME_OFFICER)
    assert client.get(f"/office/applications/{reference}").status_code == 404  # a draft
    assert client.get(f"/office/papers/{paper.reference}/file").status_code == 404
    joining.submit(actor_of(user), reference)
    answer = client.get(f"/office/papers/{paper.reference}/file")
    assert answer.status_code == 200
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert client.get(f"/anh/{paper.file_key}").status_code == 404
    with pytest.raises(NotInThisState):
        papers.take_back(actor_of(user), papers.Owner(application_id=paper.application_id), paper.reference)


def test_a_double_click_keeps_one_paper(applied: Callable[..., Any]) -> None:
    user, _reference = applied(send=False)
    whose = papers.Owner(application_id=queries.open_application(user.id).id)
    key, facts = new_key(), {"kind": PaperKind.OTHER, "number": "9", "issuer": "Sở", "issued_on": clock.today()}
    first = papers.hand_in(actor_of(user), whose, b"%PDF-1.4\n%%EOF", op_key=key, **facts)
    assert papers.hand_in(actor_of(user), whose, b"%PDF-1.4\n%%EOF", op_key=key, **facts) == first
    papers.take_back(actor_of(user), whose, first)
    assert [p.kind for p in queries.papers_of_application(whose.application_id)] == [
        PaperKind.REGISTRATION, PaperKind.FOOD_SAFETY,
    ]  # fmt: skip
    again = hand_in(whose, PaperKind.OTHER, by=actor_of(user), accept=False)
    assert session().scalar(select(Paper.state).where(Paper.reference == again)) is PaperState.WAITING


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        ("UPDATE producers SET identity_due = false", "producers.approved-applications-have-their-producer"),
        ("UPDATE producer_papers SET producer_id = NULL", "producers.approved-applications-have-their-producer"),
        ("UPDATE producer_bank_accounts SET valid_to = '2999-01-01 00:00:00+00'", "producers.one-account-at-a-time"),
        ("UPDATE producer_papers SET file_key = 'producer-papers/no/ne.pdf'", "producers.papers-have-their-bytes"),
        ("UPDATE producers SET food_until = '2020-01-01'", "producers.rows-say-what-papers-say"),
        ("UPDATE producer_applications SET state = 'refused', producer_id = NULL", "producers.histories-are-unbroken"),
        ("DELETE FROM producer_steps WHERE paper_id IS NOT NULL", "producers.histories-are-unbroken"),
        ("UPDATE grants SET role = 'producer_member'", "producers.members-have-an-owner"),
    ],
)
def test_the_audit_sees_faults(applied: Callable[..., Any], fault: str, name: str) -> None:
    _user, reference = applied(accept=True)
    producer_id = joining.approve(OFFICE, reference)
    assert broken() == []
    with transaction() as s:
        if "bank_accounts" in fault:
            fault = (
                "INSERT INTO producer_bank_accounts (producer_id, bank_bin, account_number, holder, valid_from, set_by, "
                f"set_label) VALUES ({producer_id}, '970436', '1', 'X', '2990-01-01 00:00:00+00', 'x', 'x')"
            )  # fmt: skip
        s.execute(text(fault))
    assert any(line.startswith(name) for line in broken())
