"""The counters in the office: every page opens, what is settled is settled, and nobody sees another point's."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from shop.accounts.permissions import Role
from shop.kernel import clock
from shop.kernel.db import session, transaction
from shop.till.models import Device as Row
from shop.till.models import EnrolCode, Gap, KeeperPin, Notice, Shortage, TillClosing, TillEvent, TillSale, TillSession
from shop.till.services import devices
from tests import factories, people
from tests.till.conftest import Counter, audit_clean
from tests.till.test_sync import codes


@pytest.fixture
def staff(counter: Counter) -> Any:
    """Somebody who manages all counters."""
    client = counter.app.test_client()
    people.sign_in(client, Role.ADMINISTRATOR)
    return client


@pytest.fixture
def keeper(counter: Counter) -> Any:
    """The keeper of another point."""
    client = counter.app.test_client()
    other = factories.make_point("Điểm khác")
    people.sign_in(client, (Role.POINT_KEEPER, f"point:{other.id}"))
    return client


def busy_day(counter: Counter) -> None:
    """A session with everything in it: discount, shortage, return, drawer, a refused sale, a gap, a late sale, asks."""
    d, goods = counter.device, counter.goods
    producer = factories.make_producer("HTX Vân Đồn")
    theirs = factories.make_variant("Sá sùng khô", amount=400_000, producer=producer)
    factories.put_in(theirs, counter.point, 3, owner=f"producer:{producer.id}")
    results = d.send(
        d.open(),
        d.sale(d.line(goods, 2), d.line(theirs, 1), discount=10_000, reason="hộp móp"),
        d.sale(d.line(goods, 25), tenders=[{"kind": "vietqr", "amount": 3_000_000}]),
        d.sale(d.line(goods, 1), discount=60_000, reason="khách đoàn"),
        d.cash(-50_000, "mua đá"),
        d.back("A1-000001", {"variant_id": theirs.id, "quantity": 1, "restock": True}, amount=390_000),
        d.event("ask", {"session": d.session, "variant_id": None, "text": "Rượu mơ", "quantity": 2}),
    )
    assert codes(results) == ["done"] * 3 + ["discount-too-large"] + ["done"] * 3
    assert codes(d.send(d.close(690_000))) == ["done"]
    next(d.number)
    assert codes(d.send(d.sale(d.line(goods, 1)))) == ["done"]


def test_every_page_opens(counter: Counter, staff: Any) -> None:
    busy_day(counter)
    found = session().query(TillSession).one()
    refused = session().query(TillEvent).filter_by(state="refused").one()
    pages = (
        "", "/devices", "/devices/A1", "/shortages", "/shortages/A1-000002-1", "/refused", f"/refused/{refused.id}", "/odd",
        "/asks", "/pin", f"/sessions/{found.id}",
    )  # fmt: skip
    for page in pages:
        for language in ("", "/en"):
            answer = staff.get(f"{language}/office/tills{page}")
            assert answer.status_code == 200, page
    for listing in ("", "/devices", "/shortages", "/refused", "/odd", "/asks"):
        assert staff.get(f"/office/tills{listing}?format=csv&open=1&state=").status_code == 200
        assert staff.get(f"/office/tills{listing}?point={counter.point.id}&days=7&q=A1").status_code == 200
    told = staff.get(f"/office/tills/sessions/{found.id}").get_data(as_text=True)
    for words in ("HTX Vân Đồn", "hộp móp", "mua đá", "Phần bổ sung", "A1-000001"):
        assert words in told
    paper = staff.get(f"/office/tills/sessions/{found.id}/report.pdf")
    assert paper.data.startswith(b"%PDF")
    table = staff.get(f"/office/tills/sessions/{found.id}/report.csv").get_data(as_text=True)
    assert table.count("\r\n") == 1 + 3 + 1 + 1
    assert 'href="/office/tills"' in staff.get("/office").get_data(as_text=True)
    audit_clean()


def test_the_report_adds_up(counter: Counter) -> None:
    from shop.till.queries import reports

    busy_day(counter)
    r = reports.report(session().query(TillSession).one().id)
    assert {t.kind.value: (t.sales, t.returned) for t in r.tenders} == {
        "cash": (630_000 + 120_000, 390_000), "vietqr": (3_000_000, 0),
    }  # fmt: skip
    owners = {o.owner.partition(":")[0]: (o.sold, o.sold_amount, o.back, o.back_amount) for o in r.owners}
    assert owners["producer"] == (1, 393_750, 1, 390_000)
    assert owners["shop"] == (28, 236_250 + 3_000_000 + 120_000, 0, 0)
    assert sum(o.sold_amount for o in r.owners) == r.sold_amount == 3_750_000
    assert (r.expected_now, r.late_cash) == (500_000 + 750_000 - 50_000 - 390_000, 120_000)
    assert r.last is not None
    assert (r.last.expected_amount, r.last.variance_amount) == (690_000, 0)
    assert [s.number for s in r.late_sales] == ["A1-000005"]


def test_enrol_by_code_and_revoke_at_once(counter: Counter, staff: Any) -> None:
    client = counter.app.test_client
    assert staff.fill("/office/tills/devices", form="/office/tills/devices", code="a7", name="Máy thuyền",
                      point=str(counter.point.id)).status_code == 303  # fmt: skip
    assert staff.fill("/office/tills/devices", form="/office/tills/devices", code="A7", name="Khác",
                      point=str(counter.point.id)).status_code == 409  # fmt: skip
    page = staff.fill("/office/tills/devices/A7", form="/office/tills/devices/A7/enrol").get_data(as_text=True)
    found = re.search(r'data-testid="code">([A-Z0-9-]+)<', page)
    assert found is not None
    assert "<svg" in page
    code = found[1]
    assert client().post("/till/api/enrol", json={"code": "HX7K-3M2P"}).get_json()["code"] == "enrol-code-wrong"
    first = client().post("/till/api/enrol", json={"code": code.lower().replace("-", " ")})
    assert first.status_code == 200
    assert client().post("/till/api/enrol", json={"code": code}).status_code == 422  # works once
    token = {"Authorization": f"Bearer {first.get_json()['token']}"}
    assert client().get("/till/api/state", headers=token).status_code == 200
    assert session().query(Row).filter_by(code="A7").one().token_hash != first.get_json()["token"]
    assert staff.fill("/office/tills/devices/A7", form="/office/tills/devices/A7/revoke", reason="").status_code == 422
    assert (
        staff.fill("/office/tills/devices/A7", form="/office/tills/devices/A7/revoke", reason="mất máy").status_code
        == 303
    )
    for path in ("/till/api/state", "/till/api/catalogue", "/till/api/sale?number=A1-000001"):
        assert client().get(path, headers=token).get_json()["code"] == "device-revoked"
    assert client().post("/till/api/sync", json={}, headers=token).status_code == 401
    assert client().get("/till/api/state").get_json()["code"] == "device-unknown"
    assert client().get("/till/api/state", headers={"Authorization": "Bearer " + "x" * 43}).status_code == 401


def test_a_code_ends_after_half_an_hour_and_guessing_is_limited(counter: Counter, make_app: Any) -> None:
    made = devices.new_code(people_boss(), counter.device.id)
    with transaction() as s:
        s.query(EnrolCode).update({"expires_at": clock.now() - timedelta(seconds=1)})
    assert counter.app.test_client().post("/till/api/enrol", json={"code": made.code}).status_code == 422
    limited = make_app(rate_limits=True).test_client()
    statuses = [limited.post("/till/api/enrol", json={"code": "HX7K-3M2P"}).status_code for _ in range(12)]
    assert statuses[:10] == [422] * 10
    assert statuses[-1] == 429


def people_boss() -> Any:
    from tests.till.conftest import BOSS

    return BOSS


def test_a_revoked_device_syncs_nothing_and_goes_on_after_enrolment(counter: Counter) -> None:
    d = counter.device
    opened, one = d.open(), d.sale(d.line(counter.goods))
    d.send(opened, one)
    devices.revoke(people_boss(), d.id, "mất máy")
    two = d.sale(d.line(counter.goods))
    answer = d.post([two])
    assert (answer.status_code, answer.get_json()["code"]) == (401, "device-revoked")
    made = devices.new_code(people_boss(), d.id)
    told = counter.app.test_client().post("/till/api/enrol", json={"code": made.code}).get_json()
    assert (told["last_number"], told["last_seq"], told["device"]["code"]) == (1, 2, "A1")
    d.token = told["token"]
    assert codes(d.send(two)) == ["done"]
    audit_clean()


def test_settling(counter: Counter, staff: Any) -> None:
    busy_day(counter)
    here = "/office/tills"
    shortage = f"{here}/shortages/A1-000002-1"
    assert staff.fill(shortage, form=f"{shortage}/settle", decision="found", reason="").status_code == 422
    assert staff.fill(shortage, form=f"{shortage}/settle", decision="found", reason="nhập chưa ghi").status_code == 303
    assert session().query(Shortage).filter_by(reference="A1-000002-1").one().state == "found"
    refused = session().query(TillEvent).filter_by(state="refused").one()
    page = f"{here}/refused/{refused.id}"
    assert staff.fill(page, form=f"{page}/take-in", note="").status_code == 422
    assert staff.fill(page, form=f"{page}/take-in", note="trưởng quầy đồng ý").status_code == 303
    sale = session().query(TillSale).filter_by(number="A1-000003").one()
    assert sale.late
    number = session().query(Gap).filter_by(kind="number", closed_at=None).one()
    assert (number.first, number.last) == (4, 4)
    form = f"{here}/odd/gap/{number.id}"
    assert staff.fill(f"{here}/odd", form=form, note="nhảy số khi thử máy").status_code == 303
    session().rollback()
    assert session().query(Gap).filter_by(closed_at=None).count() == 0
    for notice in session().query(Notice).filter_by(closed_at=None):
        assert staff.fill(f"{here}/odd", form=f"{here}/odd/notice/{notice.id}", note="đã xem").status_code == 303
    found = session().query(TillSession).one()
    page = f"{here}/sessions/{found.id}"
    assert staff.fill(page, form=f"{page}/count", counted_amount="-5", note="đếm").status_code == 422
    assert (
        staff.fill(page, form=f"{page}/count", counted_amount="810.000", note="đếm lại cùng kế toán").status_code == 303
    )
    assert [c.counted_amount for c in session().query(TillClosing).order_by(TillClosing.id)] == [690_000, 810_000]
    audit_clean()


def test_a_keeper_sees_only_his_own_counters(counter: Counter, keeper: Any) -> None:
    busy_day(counter)
    found = session().query(TillSession).one()
    assert "A1" not in keeper.get("/office/tills").get_data(as_text=True).split("<main")[1]
    for path in (f"/sessions/{found.id}", f"/sessions/{found.id}/report.pdf", f"/sessions/{found.id}/report.csv"):
        assert keeper.get(f"/office/tills{path}").status_code == 404
    for path in ("/devices", "/shortages", "/refused", "/odd", "/devices/A1", "/shortages/A1-000002-1"):
        assert keeper.get(f"/office/tills{path}").status_code in {403, 404}
    own = counter.app.test_client()
    people.sign_in(own, (Role.POINT_KEEPER, f"point:{counter.point.id}"))
    assert own.get(f"/office/tills/sessions/{found.id}").status_code == 200
    assert own.get("/office/tills/devices").status_code == 403


def test_ones_own_pin(counter: Counter) -> None:
    client = counter.app.test_client()
    user = people.sign_in(client, (Role.POINT_KEEPER, f"point:{counter.point.id}"))
    page = "/office/tills/pin"
    for pin in ("12", "1234567", "abcd", "1111", "1234", "9876", "٤٥٦١"):
        assert client.fill(page, form=page, pin=pin, again=pin).status_code == 422, pin
    assert client.fill(page, form=page, pin="2580", again="2581").status_code == 422
    assert client.fill(page, form=page, pin="2580", again="2580").status_code == 303
    row = session().get(KeeperPin, user.id)
    assert row is not None
    assert row.hash == devices.pin_hash("2580", bytes.fromhex(row.salt), row.rounds)
    keepers = {k["id"]: k for k in counter.device.get("/till/api/catalogue").get_json()["keepers"]}
    assert keepers[user.id]["pin"]["hash"] == row.hash


def test_the_buyer_sees_the_receipt_by_its_link_alone(counter: Counter) -> None:
    d = counter.device
    d.send(d.open(), d.sale(d.line(counter.goods, 2)))
    visitor = counter.app.test_client()
    assert visitor.get("/don-hang/A1-000001").status_code == 404
    assert visitor.get("/don-hang/A1-000001?k=guess").status_code == 404
    page = visitor.get("/don-hang/A1-000001?k=secret")
    assert page.status_code == 200
    told = page.get_data(as_text=True)
    assert "A1-000001" in told
    assert "240.000" in told
    assert "Đóng gói" not in told  # nothing of the steps of a parcel


def test_the_receipt_as_paper(counter: Counter) -> None:
    from shop.kernel import papers as typeset
    from shop.till import papers
    from shop.till.queries import receipts

    busy_day(counter)
    paper = counter.device.get("/till/receipt/A1-000001.pdf")
    assert paper.data.startswith(b"%PDF")
    assert counter.device.get("/till/receipt/A1-000999.pdf").status_code == 404
    assert counter.app.test_client().get("/till/receipt/A1-000001.pdf").status_code == 401
    with counter.app.test_request_context("/"):
        found = receipts.receipt("A1-000001")
        assert found is not None
        data = papers.receipt_data(found)
        assert (data["total"], data["sums"][1][1]) == ("630.000\u00a0₫", "-10.000\u00a0₫")
        assert data["back"][0][1] == "-390.000\u00a0₫"
        assert len(typeset.picture(papers.RECEIPT, data)) == 1


def test_the_order_desk_shows_the_channel(counter: Counter, staff: Any) -> None:
    d = counter.device
    d.send(d.open(), d.sale(d.line(counter.goods, 2)))
    assert "Tại quầy" in staff.get("/office/orders/A1-000001").get_data(as_text=True)
    listed = staff.get("/office/orders?channel=till").get_data(as_text=True)
    assert "A1-000001" in listed
    assert "A1-000001" not in staff.get("/office/orders?channel=web").get_data(as_text=True)
    assert "A1-000001" in staff.get("/office/orders?q=a1-000001").get_data(as_text=True)
    assert staff.get("/office/orders?format=csv").status_code == 200
