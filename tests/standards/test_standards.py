"""Marks, labels and tests: entered by producers, confirmed by the office, called to mind before they end."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import text as sql

from shop.accounts.permissions import Role
from shop.kernel import clock, invariants
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid, ShopError
from shop.kernel.mail import Letter
from shop.kernel.operations import new_key
from shop.standards import services, tasks
from shop.standards.errors import StandardMovedOn, StandardNumberTaken
from shop.standards.models import Kind, Standard, State, Verdict
from tests import factories
from tests.checkout.conftest import code
from tests.decisions.conftest import PDF
from tests.people import make_user, sign_in

HERE, PORTAL = "/office/standards", "/producer/standards"


def text_of(answer: Any) -> str:
    return str(answer.get_data(as_text=True))


def paper(ends_in: int = 200, number: str = "KN-1", **more: Any) -> services.Said:
    today = clock.today()
    return services.Said(
        Kind.TEST, "Chỉ tiêu vi sinh", "Trung tâm kiểm nghiệm", number, granted_on=today - timedelta(days=100),
        ends_on=today + timedelta(days=ends_in), verdict=more.pop("verdict", Verdict.GOOD), **more,
    )  # fmt: skip


def goods(**values: Any) -> Any:
    return factories.make_variant("Ruốc hàu", producer=factories.make_producer(**values)).product


def enter(product: Any, said: services.Said, *, confirmed: bool = True) -> Standard:
    reference = services.enter(SYSTEM, product.id, said, new_key(), confirmed=confirmed)
    return session().query(Standard).filter_by(reference=reference).one()


def test_what_cannot_be(ctx: Any) -> None:
    product, today = goods(), clock.today()
    mark = {"kind": Kind.TRADEMARK, "name": "Bến Thử", "number": "4-2026-1", "filed_on": today}
    for said in (
        services.Said(**(mark | {"filed_on": today + timedelta(days=1)})),
        services.Said(**(mark | {"filed_on": None})),
        services.Said(**(mark | {"number": None})),
        services.Said(**(mark | {"ends_on": today + timedelta(days=9)})),
        services.Said(**(mark | {"granted_on": today - timedelta(days=1)})),
        services.Said(**(mark | {"name": " "})),
        services.Said(Kind.LABEL, "Nhãn túi 500 g", granted_on=today),
        services.Said(Kind.LABEL, "Nhãn túi 500 g", verdict=Verdict.GOOD),
        services.Said(Kind.TEST, "Vi sinh", granted_on=today, verdict=Verdict.GOOD, ends_on=today),
        paper(-101),
    ):
        with pytest.raises(Invalid):
            enter(product, said)
        session().rollback()
    assert session().query(Standard).count() == 0
    enter(product, services.Said(**mark))
    with pytest.raises(StandardNumberTaken):
        enter(product, services.Said(**(mark | {"number": "4 2026 1"})))


def test_a_new_review_takes_the_place_of_the_old(ctx: Any) -> None:
    product, today = goods(), clock.today()
    old = enter(product, services.Said(Kind.LABEL, "Nhãn cũ", granted_on=today, verdict=Verdict.BAD))
    new = enter(product, services.Said(Kind.LABEL, "Nhãn mới", granted_on=today, verdict=Verdict.GOOD), confirmed=False)
    session().refresh(old)
    assert (old.state, new.state) == (State.CONFIRMED, State.WAITING)  # nothing counts before the office says so
    services.confirm(SYSTEM, new.reference, 1, new_key())
    session().refresh(old)
    assert old.state is State.REPLACED
    one, two = enter(product, paper()), enter(product, paper(number="KN-2"))
    session().refresh(one)
    assert one.state is two.state is State.CONFIRMED  # two tests count side by side


def test_two_confirm_at_once(app: Any, together: Any) -> None:
    with app.app_context():
        reference = enter(goods(), paper(), confirmed=False).reference
    told = together(app, [lambda: services.confirm(SYSTEM, reference, 1, new_key()) for _ in range(3)])
    assert all(one.error is None or isinstance(one.error, StandardMovedOn) for one in told)
    assert sum(one.error is None for one in told) == 1


def test_two_enter_the_same_number(app: Any, together: Any) -> None:
    with app.app_context():
        n, said = goods().id, paper()
    told = together(app, [lambda: services.enter(SYSTEM, n, said, new_key()) for _ in range(3)])
    assert all(one.error is None or isinstance(one.error, ShopError) for one in told)
    assert sorted(one.error.code for one in told if one.error) == ["standard-number-taken"] * 2


def test_from_the_producers_door_to_the_office(ctx: Any, client: Any, app: Any) -> None:
    product = goods(commune_code="06661")
    sign_in(client, (Role.PRODUCER_OWNER, f"producer:{product.producer_id}"))
    assert "nhãn hàng hóa đã rà soát" in text_of(client.get(PORTAL))
    new, today = f"{PORTAL}/new", clock.today()
    typed = {"product": str(product.id), "kind": "trademark", "name": "Bến Thử", "number": "4-2026-12345"}
    wrong = client.fill(new, form=new, **typed, filed_on="2026-02-31")
    assert wrong.status_code == 422 and "4-2026-12345" in text_of(wrong)
    foreign = client.fill(new, form=new, **(typed | {"product": str(goods().id)}), filed_on=today.isoformat())
    assert foreign.status_code == 422 and "Hãy chọn sản phẩm" in text_of(foreign)
    sent = client.fill(new, form=new, **typed, filed_on=today.isoformat(), file=(io.BytesIO(PDF), "don.pdf"))
    assert sent.status_code == 303
    row = session().query(Standard).one()
    assert client.get(f"{PORTAL}/{row.reference}/file").status_code == 200
    assert client.get(f"/media/{row.file_key}").status_code == 404
    office = app.test_client()
    sign_in(office, Role.PROGRAMME_OFFICER)
    address = f"{HERE}/{row.reference}"
    assert "Bến Thử" in text_of(office.get(f"{HERE}?state=waiting"))
    assert office.fill(address, form=f"{address}/refuse", reason="").status_code == 422
    assert office.fill(address, form=f"{address}/refuse", reason="Thiếu trang hai").status_code == 303
    mine = f"{PORTAL}/{row.reference}"
    assert "Thiếu trang hai" in text_of(client.get(mine))
    assert client.fill(mine, form=mine, name="Bến Thử 2").status_code == 303
    assert office.fill(address, form=f"{address}/confirm").status_code == 303
    session().refresh(row)
    assert (row.state, row.name) == (State.CONFIRMED, "Bến Thử 2")
    late = client.post(mine, data={"csrf_token": client.token(new), "op_key": new_key(), "version": str(row.version)})
    assert late.status_code in (409, 422)
    assert "nhãn hiệu hoặc chỉ dẫn địa lý" not in text_of(client.get(PORTAL))
    assert office.get(f"{HERE}?format=xlsx").status_code == 200
    assert office.get(f"{HERE}/lacking?format=xlsx").status_code == 200
    add = f"{HERE}/new/{product.slug}"
    good = office.fill(add, form=add, kind="label", name="Nhãn túi", granted_on=today.isoformat(), verdict="good")
    assert good.status_code == 303
    again = office.fill(add, form=add, kind="trademark", name="Khác", number="4 2026 12345", filed_on=today.isoformat())
    assert code(again) == "standard-number-taken"


def test_who_lacks_what(ctx: Any, client: Any) -> None:
    has, lacks = goods(), factories.make_variant("Miến dong", producer=factories.make_producer()).product
    enter(has, paper())
    bad = factories.make_variant("Chả mực", producer=factories.make_producer()).product
    enter(bad, paper(verdict=Verdict.BAD))
    sign_in(client, Role.PROGRAMME_OFFICER)
    page = text_of(client.get(f"{HERE}/lacking?lacks=test"))
    assert lacks.name in page and bad.name in page and has.name not in page
    with time_machine.travel(clock.now() + timedelta(days=201), tick=True):
        sign_in(client, Role.PROGRAMME_OFFICER)
        assert has.name in text_of(client.get(f"{HERE}/lacking?lacks=test"))
        assert "hết hạn" in text_of(client.get(f"{HERE}?ends=over"))


def test_a_locality_sees_its_own_alone(ctx: Any, client: Any) -> None:
    mine, other = goods(commune_code="06661"), goods(commune_code="06709")
    enter(mine, paper(number="KN-MINE"))
    theirs = enter(other, paper(number="KN-THEIRS"))
    sign_in(client, (Role.LOCALITY_OFFICER, "locality:06661"))
    page = text_of(client.get(HERE))
    assert "KN-MINE" in page and "KN-THEIRS" not in page
    assert client.get(f"{HERE}/{theirs.reference}").status_code == 404
    assert client.get(f"{HERE}/new/{mine.slug}").status_code == 403


def test_reminders_come_once_each(ctx: Any) -> None:
    product = goods()
    make_user("Chủ", (Role.PRODUCER_OWNER, f"producer:{product.producer_id}"))
    row = enter(product, paper(200))

    def letters(day: int) -> int:
        with time_machine.travel(clock.start_of(row.ends_on - timedelta(days=day)), tick=True):
            tasks.ending()
            tasks.ending()
            return session().query(Letter).filter_by(kind="standard-ends").count()

    assert [letters(n) for n in (91, 90, 60, 30, 20, 7, 1, 0, -1, -5)] == [0, 1, 1, 2, 2, 3, 3, 3, 4, 4]
    enter(product, paper(400, "KN-2"))
    assert letters(-7) == 4


FAULTS = {
    "standards.papers-have-their-bytes": "UPDATE product_standards SET file_key = 'product-standards/none.pdf'",
    "standards.one-review-of-a-kind-stands": "UPDATE product_standards SET state = 'confirmed'",
    "standards.numbers-are-found": "UPDATE product_standards SET number_key = 'khac' WHERE number = 'KN-1'",
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found(ctx: Any, name: str) -> None:
    product, today = goods(), clock.today()
    for n in range(2):
        enter(product, services.Said(Kind.LABEL, f"Nhãn {n}", granted_on=today, verdict=Verdict.GOOD))
    enter(product, paper())
    found: Callable[[], list[str]] = lambda: next(f.offenders for f in invariants.run("standards") if f.name == name)  # noqa: E731
    assert found() == []
    with transaction() as s:
        s.execute(sql(FAULTS[name]))
    session().rollback()
    assert found() != []
