"""The pages of promotions as people without JavaScript use them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from shop.accounts.permissions import Role
from shop.kernel import clock
from shop.kernel.db import session
from shop.promotions.forms import local
from shop.promotions.models import Promotion, State
from tests import factories
from tests.checkout.conftest import code
from tests.people import sign_in
from tests.promotions.conftest import Bench, make_code

HERE = "/office/promotions"


def text_of(answer: Any) -> str:
    return str(answer.get_data(as_text=True))


def filled(**more: Any) -> dict[str, Any]:
    now = clock.now()
    return {
        "name": "Chào hè", "starts_at": local(now - timedelta(hours=1)), "ends_at": local(now + timedelta(days=2)),
        "payer": "shop", "code": "HE-2027", "measure": "sum", "value": "15.000", "budget_amount": "1.000.000",
    } | more  # fmt: skip


def test_a_code_from_the_form_to_its_end(bench: Bench, audit_clean: Callable[[], None]) -> None:
    office = bench.app.test_client()
    sign_in(office, Role.PROMOTION_STAFF)
    new = f"{HERE}/new/code"
    wrong = office.fill(new, form=new, **filled(scope_product="KHONG-CO"))
    assert wrong.status_code == 422
    assert "Không có mã hàng KHONG-CO" in text_of(wrong) and "Chào hè" in text_of(wrong)
    made = office.fill(new, form=new, **filled(scope_product=bench.variant.sku))
    assert made.status_code == 303
    address = made.location
    bench.add()
    assert code(bench.order(code="HE2027")) == "code-unknown"  # a draft is nobody's to find
    assert office.fill(address, form=f"{address}/open").status_code == 303
    from shop.promotions import queries

    queries.forget()
    order = bench.placed(bench.order(code="HE2027"))
    page = text_of(office.get(address))
    assert order.reference in page and "15.000" in page
    low = office.fill(address, form=f"{address}/adjust", budget_amount="10.000")
    assert low.status_code == 422 and "Đã dùng 15.000" in text_of(low)
    assert office.fill(address, form=f"{address}/stop", reason="hết chiến dịch").status_code == 303
    bench.client = bench.app.test_client()
    bench.add()
    assert code(bench.order(code="HE2027", phone="0912 345 679")) == "code-ended"
    assert "HE-2027" in text_of(office.get(HERE))
    assert office.get(f"{HERE}?format=csv").status_code == 200
    again = office.fill(new, form=new, **filled(code="he 2O27"))
    assert code(again) == "code-taken"
    audit_clean()


def test_a_sale_from_the_form(bench: Bench) -> None:
    office = bench.app.test_client()
    sign_in(office, Role.PROMOTION_STAFF)
    new = f"{HERE}/new/sale"
    row = {"sku": [bench.variant.sku, ""], "quota": ["5", ""]}
    deep = office.fill(new, form=new, **filled(price=["50.000", ""], **row))
    assert deep.status_code == 422 and "giảm quá 50" in text_of(deep)
    made = office.fill(new, form=new, **filled(price=["90.000", ""], **row))
    assert made.status_code == 303
    assert office.fill(made.location, form=f"{made.location}/open").status_code == 303
    other = office.fill(new, form=new, **filled(price=["95.000", ""], **row))
    assert code(office.fill(other.location, form=f"{other.location}/open")) == "offer-overlaps"


def test_a_producer_bears_nothing_unasked(bench: Bench, audit_clean: Callable[[], None]) -> None:
    producer = factories.make_producer("HTX Chịu Giảm").id
    office, maker = bench.app.test_client(), bench.app.test_client()
    sign_in(office, Role.PROMOTION_STAFF)
    sign_in(maker, (Role.PRODUCER_OWNER, f"producer:{producer}"))
    new = f"{HERE}/new/code"
    made = office.fill(new, form=new, **filled(payer="producer", producer=str(producer)))
    assert made.status_code == 303
    address = made.location
    mine = address.replace("/office/", "/producer/")
    assert maker.get(mine).status_code == 404  # nobody has asked him yet
    office.fill(address, form=f"{address}/open")
    row = session().query(Promotion).one()
    assert row.state is State.WAITING
    assert "Chào hè" in text_of(maker.get("/producer/promotions"))
    # What is changed after he was asked is asked anew.
    page = text_of(maker.get(mine))
    office.fill(f"{address}/edit", form=f"{address}/edit", value="20.000")
    office.fill(address, form=f"{address}/open")
    from tests.conftest import Forms

    seen = next(f for f in Forms.read(page) if f.action.endswith("/agree"))
    assert code(maker.open(seen.action, method="POST", data=seen.values)) == "promotion-step-refused"
    assert maker.fill(mine, form=f"{mine}/agree").status_code == 303
    session().refresh(row)
    assert (row.state, row.agreed_by is not None) == (State.OPEN, True)
    assert code(office.fill(address, form=f"{address}/adjust", budget_amount="2.000.000")) == "invalid"
    audit_clean()


def test_codes_are_not_guessed(bench_with: Callable[..., Bench]) -> None:
    bench = bench_with(rate_limits=True)
    make_code()
    bench.add()
    told = [code(bench.order(code=f"DOAN{n:03d}")) for n in range(22)]
    assert told[0] == "code-unknown" and told[-1] == "code-guessed"
    assert code(bench.order(code="CHOBEN10")) == "code-guessed"  # a right one tells nothing either
    bench.placed(bench.order(code=""))
