"""Profile: what shows at once, what the office approves, a new account by two people, leaving with all records kept."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from shop.accounts.permissions import Role
from shop.catalog.models import Certificate, Listing, Product
from shop.kernel import clock
from shop.kernel.audit import AuditRow
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid, NotFound
from shop.kernel.mail import Letter
from shop.producers import queries, services
from shop.producers.errors import ChangeOpen, NotInThisState, SecondPerson
from shop.producers.models import Change, ChangeState, Producer, ProducerState
from shop.producers.services import profile
from tests.factories import make_certificate, make_places, make_producer, make_variant
from tests.people import make_user, sign_in
from tests.producers.conftest import OFFICE, SECOND, actor_of

ACCOUNT = {"bank_bin": "970436", "account_number": "0099887766", "holder": "HTX BEN"}


def get(producer: Producer) -> Producer:
    return session().get(Producer, producer.id, populate_existing=True)


def letters(kind: str) -> list[tuple[str, str]]:
    rows = session().execute(select(Letter.recipient, Letter.subject).where(Letter.kind == kind).order_by(Letter.id))
    return [(r, s) for r, s in rows]


def test_story_shows_at_once_the_name_does_not(ctx: Any, client: Any) -> None:
    make_places()
    maker, other = make_producer("HTX Bến"), make_producer("Khác", tax_code="5701234567")
    sign_in(client, (Role.PRODUCER_OWNER, f"producer:{maker.id}"))
    said = client.fill("/producer/profile", form="/producer/profile", story="Ba đời làm mật", phone="0912345678")
    assert said.status_code == 303
    assert (get(maker).story, get(maker).phone) == ("Ba đời làm mật", "+84912345678")
    bad = client.fill("/producer/profile", form="/producer/profile", phone="12", story="không mất")
    assert bad.status_code == 422
    assert "không mất" in bad.get_data(as_text=True)

    facts = "/producer/profile/facts"
    taken = client.fill("/producer/profile", form=facts, tax_code=other.tax_code)
    assert 'content="tax-code-taken"' in taken.get_data(as_text=True)
    asked = client.fill("/producer/profile", form=facts, name="HTX Bến Mới", commune="07093", legal_form="htx")
    assert asked.status_code == 303
    assert get(maker).name == "HTX Bến"
    change = queries.open_changes(maker.id)["facts"]
    assert set(change.after) == {"name", "commune_code", "legal_form"}
    with pytest.raises(ChangeOpen):
        profile.ask_facts(OFFICE, maker.id, province="22", commune="", name="Nữa")
    office = ctx.test_client()
    sign_in(office, Role.PROGRAMME_OFFICER)
    here = f"/office/changes/{change.reference}"
    assert change.reference in office.get("/office/changes?state=open").get_data(as_text=True)
    assert office.fill(here, form=f"{here}/approve").status_code == 303
    row = get(maker)
    assert (row.name, row.commune_code, row.slug) == ("HTX Bến Mới", "07093", maker.slug)
    assert len(letters("producers.change")) == 1


def test_a_story_claims_only_what_a_certificate_says(ctx: Any, client: Any) -> None:
    maker = make_producer("HTX Bến")
    sign_in(client, (Role.PRODUCER_OWNER, f"producer:{maker.id}"))

    def told(**said: str) -> Any:
        return client.fill("/producer/profile", form="/producer/profile", **said)

    for claim in ("Nhà tôi làm hàng Ô CỐP", "Chả mực đạt 4 sao", "Hàng ОСОР", "☆☆☆☆ ngon"):
        answer = told(story=claim, phone="0912345678")
        assert answer.status_code == 422, claim
        shown = answer.get_data(as_text=True)
        assert "chỉ được nói đến OCOP hoặc số sao" in shown
        assert claim in shown, "what was typed stays"
        assert "0912345678" in shown
    assert told(story_en="Five star squid").status_code == 422
    assert (get(maker).story, get(maker).story_en) == (None, None)
    # Another's certificate is none of his; his own speaks for exactly its stars.
    make_certificate(make_variant("Chả mực khác", producer=make_producer("Khác")), stars=4)
    assert told(story="Chả mực OCOP 4 sao của nhà").status_code == 422
    make_certificate(make_variant("Chả mực", producer=maker), stars=4)
    assert told(story="Chả mực OCOP 4 sao của nhà").status_code == 303
    assert told(story="Chả mực OCOP 5 sao của nhà").status_code == 422
    # The certificate ended: what stands may stay beside another telephone number, nothing new of it may be said.
    with transaction() as s:
        s.query(Certificate).update({"revoked_on": clock.today()})
    assert told(story="Chả mực OCOP 4 sao của nhà", phone="0987654321").status_code == 303
    assert told(story="Chả mực OCOP 4 sao của nhà tôi").status_code == 422


def test_a_new_account_needs_two_people_and_every_owner_hears(ctx: Any) -> None:
    maker = make_producer("HTX Bến")
    owners = [make_user(f"Chủ {n}", (Role.PRODUCER_OWNER, f"producer:{maker.id}")) for n in range(2)]
    make_user("Gói", (Role.PRODUCER_PACKING, f"producer:{maker.id}"))
    services.set_bank_account(OFFICE, maker.id, "970436", "1111222233", "HTX BEN")
    with pytest.raises(Invalid):
        profile.ask_account(OFFICE, maker.id, "970436", "1111 2222 33", "HTX BEN")
    asker = actor_of(owners[0])
    reference = profile.ask_account(asker, maker.id, **ACCOUNT)
    assert {r for r, _s in letters("producers.change")} == {o.email for o in owners}
    with pytest.raises(NotInThisState):
        profile.approve(OFFICE, reference)  # nobody has called the producer yet
    with pytest.raises(SecondPerson):
        profile.check(asker, reference)
    profile.check(OFFICE, reference)
    with pytest.raises(SecondPerson):
        profile.approve(OFFICE, reference)
    assert queries.bank_account(maker.id).account_number == "1111222233"
    profile.approve(SECOND, reference)
    assert queries.bank_account(maker.id).account_number == ACCOUNT["account_number"]
    assert len(letters("producers.change")) == 4
    told = " ".join(str(row.detail) for row in session().scalars(select(AuditRow)))
    assert ACCOUNT["account_number"] not in told
    with pytest.raises(NotInThisState):
        profile.withdraw(asker, maker.id, reference)


def test_refused_and_withdrawn(ctx: Any, client: Any) -> None:
    maker, foreign = make_producer(), make_producer()
    owner = sign_in(client, (Role.PRODUCER_OWNER, f"producer:{maker.id}"))
    assert client.fill("/producer/profile", form="/producer/profile/bank", **ACCOUNT).status_code == 303
    first = session().scalars(select(Change)).one()
    with pytest.raises(Invalid):
        profile.refuse(OFFICE, first.reference, "")
    profile.refuse(OFFICE, first.reference, "Gọi không ai nhận")
    assert "Gọi không ai nhận" in client.get("/producer/profile").get_data(as_text=True)
    assert "producers.change" in set(session().scalars(select(Letter.kind)))
    client.fill("/producer/profile", form="/producer/profile/bank", **ACCOUNT)
    second = queries.open_changes(maker.id)["bank"]
    with pytest.raises(NotFound):
        profile.withdraw(OFFICE, foreign.id, second.reference)
    path = f"/producer/profile/changes/{second.reference}/withdraw"
    assert client.fill("/producer/profile", form=path).status_code == 303
    assert queries.change(second.reference)[0].state is ChangeState.WITHDRAWN
    assert owner.email in {r for r, _s in letters("producers.change")}


def test_a_suspended_producer_reads_why_and_may_leave(ctx: Any, client: Any) -> None:
    maker = make_producer()
    goods = make_variant(producer=maker)
    sign_in(client, (Role.PRODUCER_OWNER, f"producer:{maker.id}"))
    slug = session().get(Product, goods.product_id).slug
    listing = f"/producer/listings/{slug}"
    assert f'href="/san-pham/{slug}"' in client.get(listing).get_data(as_text=True)
    services.set_state(OFFICE, maker.id, ProducerState.SUSPENDED, "Chưa nộp giấy an toàn thực phẩm")
    for address in ("/producer", "/producer/listings", listing):
        shown = client.get(address).get_data(as_text=True)
        assert "Chưa nộp giấy an toàn thực phẩm" in shown, address
    for address in ("/producer/listings", listing):
        shown = client.get(address).get_data(as_text=True)
        assert "Không hiện: cơ sở tạm ngừng" in shown
        assert f'href="/san-pham/{slug}"' not in shown
    profile_page = "/producer/profile"
    assert client.fill(profile_page, form="/producer/profile/leave", reason="").status_code == 422
    assert client.fill(profile_page, form="/producer/profile/leave", reason="Nghỉ hẳn").status_code == 303
    assert get(maker).state is ProducerState.SUSPENDED
    wish = next(row for row in queries.history(get(maker)) if row.action == "producers.leave")
    assert wish.detail["reason"] == "Nghỉ hẳn"
    assert "Chưa nộp giấy an toàn thực phẩm" in client.get("/producer").get_data(as_text=True)
    services.set_state(OFFICE, maker.id, ProducerState.ACTIVE, "Đã nộp giấy")
    assert "Đã nộp giấy" not in client.get("/producer").get_data(as_text=True)


def test_leaving_hides_the_goods_and_keeps_the_records(ctx: Any, client: Any) -> None:
    maker = make_producer()
    goods = make_variant(producer=maker)
    sign_in(client, (Role.PRODUCER_OWNER, f"producer:{maker.id}"))
    assert client.fill("/producer/profile", form="/producer/profile/leave", reason="").status_code == 422
    assert client.fill("/producer/profile", form="/producer/profile/leave", reason="Nghỉ làm").status_code == 303
    assert get(maker).state is ProducerState.SUSPENDED
    assert session().scalar(select(Listing.shelf).where(Listing.product_id == goods.product_id)) == 0
    assert client.get("/producer/profile").status_code == 200
    sign_in(client, (Role.PRODUCER_MONEY, f"producer:{maker.id}"))
    assert client.get("/producer/profile").status_code == 403
