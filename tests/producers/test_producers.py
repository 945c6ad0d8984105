"""Producers: what may be said of them, who may change it, what their goods show of it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from shop.accounts.permissions import Role
from shop.catalog import services as catalog
from shop.catalog.models import Listing
from shop.kernel import audit
from shop.kernel.actor import Actor
from shop.kernel.db import session
from shop.kernel.errors import Conflict, Invalid
from shop.producers import queries, services
from shop.producers.errors import NoSuchProducer, TaxCodeTaken
from shop.producers.models import LegalForm, Producer, ProducerState
from tests.factories import make_producer, make_variant
from tests.people import sign_in

STAFF = Actor("user", "Cán bộ", 7)


def get(producer_id: int) -> Producer:
    return session().get(Producer, producer_id, populate_existing=True)


def test_register(ctx: Any) -> None:
    made = services.create_producer(
        STAFF, name=" HTX  Bến Giang ", legal_form="htx", tax_code="5701 234 567", phone="0203 382 5555",
        email="htx@bengiang.vn", website="bengiang.vn", commune_code="06994",
    )  # fmt: skip
    row = get(made)
    assert (row.name, row.slug, row.legal_form) == ("HTX Bến Giang", "htx-ben-giang", LegalForm.COOPERATIVE)
    assert (row.tax_code, row.phone, row.website) == ("5701234567", "+842033825555", "https://bengiang.vn")
    assert get(services.create_producer(STAFF, name="HTX Bến Giang")).slug == "htx-ben-giang-2"
    line = session().scalars(select(audit.AuditRow).order_by(audit.AuditRow.id.desc())).first()
    assert (line.action, line.target) == ("producers.create", "producer:htx-ben-giang-2")


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"name": ""}, "name"), ({"tax_code": "123"}, "tax_code"), ({"phone": "12"}, "phone"), ({"email": "a@b"}, "email"),
        ({"website": "javascript:alert(1)"}, "website"), ({"website": "https://a@b.vn"}, "website"),
        ({"commune_code": "1"}, "commune_code"), ({"legal_form": "x"}, "legal_form"), ({"story": "x" * 20_001}, "story"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_at_its_field(ctx: Any, facts: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        services.create_producer(STAFF, **({"name": "HTX"} | facts))
    assert refusal.value.field == field


def test_correct_and_suspend(ctx: Any) -> None:
    v = make_variant(producer=make_producer("HTX Bến Giang"))
    other = make_producer("Khác", tax_code="5701234567")
    catalog.update_product(STAFF, v.product_id, summary="x")
    producer_id = session().scalar(select(Listing.producer_id).where(Listing.product_id == v.product_id))
    seen = get(producer_id).updated_at
    assert services.update_producer(STAFF, producer_id, name="HTX Bến Giang Mới")
    # Its goods are listed under the new name at once.
    assert (
        session().scalar(select(Listing.producer_name).where(Listing.product_id == v.product_id)) == "HTX Bến Giang Mới"
    )
    assert not services.update_producer(STAFF, producer_id, name="HTX Bến Giang Mới")
    with pytest.raises(Conflict):
        services.update_producer(STAFF, producer_id, seen=seen, name="Trang cũ")
    with pytest.raises(TaxCodeTaken):
        services.update_producer(STAFF, producer_id, tax_code=other.tax_code)
    with pytest.raises(NoSuchProducer):
        services.update_producer(STAFF, 999, name="x")
    with pytest.raises(Invalid):
        services.set_state(STAFF, producer_id, ProducerState.SUSPENDED, " ")
    assert services.set_state(STAFF, producer_id, ProducerState.SUSPENDED, "Nghỉ")
    assert not services.set_state(STAFF, producer_id, ProducerState.SUSPENDED, "Nghỉ")
    assert session().scalar(select(Listing.shelf).where(Listing.product_id == v.product_id)) == 0
    assert services.set_state(STAFF, producer_id, ProducerState.ACTIVE, "Lại")
    assert session().scalar(select(Listing.shelf).where(Listing.product_id == v.product_id)) == 1


def test_the_office(ctx: Any, client: Any) -> None:
    sign_in(client, Role.PROGRAMME_OFFICER)
    new = "/office/producers/new"
    refused = client.fill(new, form=0, name="HTX Bến Giang", tax_code="12", story="<b>chuyện</b>")
    assert refused.status_code == 422
    page = refused.get_data(as_text=True)
    assert 'value="12"' in page
    assert "&lt;b&gt;chuyện&lt;/b&gt;" in page
    assert 'id="f-tax_code-error"' in page
    assert client.fill(new, form=0, name="HTX Bến Giang").status_code == 303
    one = "/office/producers/htx-ben-giang"
    assert client.fill(one, form=one, phone="0203 382 5555").status_code == 303
    assert "0203 3825 555" in client.get(one).get_data(as_text=True)
    assert client.fill(one, form=f"{one}/suspend", reason="").status_code == 422
    assert client.fill(one, form=f"{one}/suspend", reason="Nghỉ").status_code == 303
    assert client.get("/nha-san-xuat/htx-ben-giang").status_code == 404
    assert client.fill(one, form=f"{one}/resume", reason="Lại").status_code == 303
    assert "HTX Bến Giang" in client.get("/office/producers?q=ben+giang").get_data(as_text=True)
    assert "HTX Bến Giang" not in client.get("/office/producers?form=company").get_data(as_text=True)
    assert client.get("/office/producers?format=xlsx").get_data().startswith(b"PK")
    assert client.get("/office/producers/khong-co").status_code == 404


def test_who_may_see_and_change(ctx: Any, client: Any) -> None:
    near, far = make_producer("Gần", commune_code="06994"), make_producer("Xa", commune_code="06838")
    sign_in(client, (Role.LOCALITY_OFFICER, "locality:06994"))
    page = client.get("/office/producers").get_data(as_text=True)
    assert near.slug in page
    assert far.slug not in page
    assert client.get(f"/office/producers/{near.slug}").status_code == 200
    assert client.get(f"/office/producers/{far.slug}").status_code == 404
    token = client.token("/tai-khoan")
    assert client.post(f"/office/producers/{near.slug}", data={"csrf_token": token}).status_code == 403


def test_an_account_is_one_at_a_time_and_the_former_one_is_kept(ctx):
    producer_id = services.create_producer(STAFF, name="HTX Một")
    assert queries.bank_account(producer_id) is None
    assert services.set_bank_account(STAFF, producer_id, "970436", "0011 2233 44", "HTX MOT")
    assert not services.set_bank_account(STAFF, producer_id, "970436", "0011223344", "HTX MOT")
    assert services.set_bank_account(STAFF, producer_id, "970415", "99887766", "HTX MOT")
    now = queries.bank_account(producer_id)
    assert now is not None
    assert (now.bank_bin, now.account_number) == ("970415", "99887766")


@pytest.mark.parametrize(
    ("bank_bin", "number", "holder", "field"),
    [
        ("97043", "0011223344", "A", "bank_bin"),
        ("970436", "001", "A", "account_number"),
        ("970436", "0011 <b>", "A", "account_number"),
        ("970436", "0011223344", " ", "holder"),
    ],
)
def test_an_account_that_cannot_be_is_refused_at_its_field(ctx, bank_bin, number, holder, field):
    producer_id = services.create_producer(STAFF, name="HTX Một")
    with pytest.raises(Invalid) as refused:
        services.set_bank_account(STAFF, producer_id, bank_bin, number, holder)
    assert refused.value.field == field
