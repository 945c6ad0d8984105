"""The order desk: each step, each refusal, whose parcels, papers, exports."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import zxingcpp
from flask import Flask
from PIL import Image
from sqlalchemy import select, update

from shop.accounts.permissions import Permission, Role
from shop.catalog.models import Price, Variant
from shop.kernel import clock, invariants, operations, papers
from shop.kernel.actor import GUEST, SYSTEM, Actor
from shop.kernel.db import session, transaction
from shop.orders import desk as steps
from shop.orders import services as orders
from shop.orders.errors import StepNotAllowed
from shop.orders.models import (
    DeliveryKind,
    Fulfilment,
    FulfilmentStatus,
    Order,
    OrderStatus,
    PaymentMethod,
    PaymentStatus,
)
from shop.pages import desk as read
from shop.pages import papers as desk_papers
from shop.payments import services as payments
from shop.payments.models import Payment, PaymentState, Refund
from shop.points.models import Point
from shop.stock.models import MovementKind, StockLevel, StockMovement
from shop.stock.services import Take
from tests import factories
from tests.people import sign_in
from tests.statements import count

KEY = "a-key-for-tests-only-0123456789-abcdefghijklmnop"
CLERK = Actor("user", "Nguyễn Thư", 1)


@dataclass
class Shelf:
    """One pack at one point."""

    variant: Variant
    point: Point
    level_id: int


def shelf(name: str = "Chả mực thử", point: Point | None = None, quantity: int = 20, **lot: Any) -> Shelf:
    variant, point = factories.make_variant(name), point or factories.make_point("Kho Bến Thử")
    return Shelf(variant, point, factories.put_in(variant, point, quantity, **lot))


def place(*shelves: Shelf, method: str = "cod", kind: str = "ship", quantity: int = 2, **values: Any) -> Order:
    """An order whose goods come one parcel from each shelf, with its payment."""
    parcels = []
    for s in shelves:
        price = session().scalars(select(Price).where(Price.variant_id == s.variant.id)).one()
        line = orders.DraftLine(
            s.variant.id, None, s.variant.sku, values.get("goods", "Chả mực thử"), "Gói 500 g", quantity, price.amount,
            price.id, False, None, False, "none", 550,
        )  # fmt: skip
        today = clock.today()
        parcels.append(
            orders.DraftParcel(
                s.point.id, DeliveryKind(kind), (line,), (Take(s.level_id, quantity),), 30_000, 1_100,
                today + timedelta(days=values.get("days", 2)), today + timedelta(days=values.get("days", 2) + 2),
            )
        )  # fmt: skip
    until = clock.now() + timedelta(hours=2) if method != "cod" else None
    draft = orders.Draft(
        op_key=operations.new_key(), op_digest="x", basket_key=None, user_id=None, locale="vi",
        payment_method=PaymentMethod(method), delivery=DeliveryKind(kind), name=values.get("name", "Trần Thị Bưởi"),
        phone=values.get("phone", "+84912345678"), email="buoi@example.vn", parcels=tuple(parcels), pay_until=until,
        province_code="22", province_name="Quảng Ninh", commune_code="06661", commune_name="Phường Hạ Long",
        street="12 Lê Lợi", note=values.get("note"), placed_at=values.get("placed_at"),
    )  # fmt: skip
    with transaction():
        placed = orders.place(GUEST, draft, key=KEY)
        payments.open_payment(placed.order_id, placed.reference, PaymentMethod(method), placed.total_amount, until)
    return fresh(placed.order_id)


def fresh(order: Order | int) -> Order:
    """The order as it is now."""
    order_id = order if isinstance(order, int) else order.id
    session().rollback()
    session().expire_all()
    found = session().get(Order, order_id)
    assert found is not None
    return found


def page(client: Any, address: str, status: int = 200) -> str:
    answer = client.get(address, buffered=True)
    assert answer.status_code == status, (address, answer.status_code)
    return str(answer.get_data(as_text=True))


def at(order: Order) -> str:
    return f"/office/orders/{order.reference}"


def parcel_at(order: Order, number: int = 1) -> str:
    return f"/office/fulfilments/{order.reference}/{number}"


def code(answer: Any) -> str:
    found = re.search(r'<meta name="error-code" content="([^"]+)"', answer.get_data(as_text=True))
    return found[1] if found else f"none ({answer.status_code})"


def post(client: Any, address: str, token_from: str = "/office/orders", **fields: Any) -> Any:
    """Send what no form of a page offers (any more)."""
    data = {"csrf_token": token(client, token_from), "op_key": operations.new_key(), **fields}
    return client.post(address, data={k: v for k, v in data.items() if v is not None})


def token(client: Any, address: str) -> str:
    """The form token of a page; made for the session if the page has no form."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page(client, address))
    if found:
        return found[1]
    return str(client.token("/tai-khoan/bao-mat"))


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """A shop that takes transfers too."""
    return make_app(bank_bin="970436", bank_account="9889559357", bank_account_name="CHO BEN")


@pytest.fixture
def clerk(ctx: Flask, client: Any) -> Any:
    """A client signed in as the order desk."""
    sign_in(client, Role.ORDER_DESK)
    return client


# --- a whole life ------------------------------------------------------------------------------------------------


def test_from_placed_to_paid_and_done(clerk: Any) -> None:
    s = shelf()
    order = place(s, note="Gọi trước khi giao")
    shown = page(clerk, at(order))
    assert "Gọi trước khi giao" in shown
    assert f'action="{parcel_at(order)}/pack"' not in shown  # not before the desk's word
    done = clerk.fill(at(order), form=f"{at(order)}/confirm")
    assert (done.status_code, done.location) == (303, at(order))
    assert "Đã xác nhận đơn." in page(clerk, at(order))
    clerk.fill(at(order), form=f"{parcel_at(order)}/pack")
    assert fresh(order).fulfilments[0].status == FulfilmentStatus.PACKED
    clerk.fill(at(order), form=f"{parcel_at(order)}/hand-over", carrier="Viettel Post", tracking_number="VTP 01")
    assert order.reference not in page(clerk, "/office/orders?status=cash")  # it is on the road
    found = fresh(order).fulfilments[0]
    assert (found.status, found.carrier, found.tracking_number) == ("handed_over", "Viettel Post", "VTP 01")
    assert session().get(StockLevel, s.level_id).on_hand == 18
    clerk.fill(at(order), form=f"{parcel_at(order)}/delivered")
    assert fresh(order).status == OrderStatus.CONFIRMED  # the money is not in
    waits = "/office/orders?status=cash"
    assert f'href="{waits}"' in page(clerk, "/office")
    assert order.reference in page(clerk, waits)  # and somebody is told so
    clerk.fill(at(order), form=f"{at(order)}/collected")
    assert order.reference not in page(clerk, waits)
    order = fresh(order)
    assert (order.status, order.payment_status) == (OrderStatus.COMPLETED, PaymentStatus.PAID)
    shown = page(clerk, at(order))
    for step in ("Đã đóng gói", "Đang giao", "Đã giao", "Hoàn tất", "Viettel Post"):
        assert step in shown
    assert 'data-testid="pack"' not in shown
    assert [found for found in invariants.run() if not found.ok] == []


def test_pick_up_is_given_out_at_its_point(ctx: Flask, client: Any) -> None:
    s = shelf()
    order = place(s, kind="pickup")
    orders.confirm(CLERK, order.id)
    sign_in(client, (Role.POINT_KEEPER, f"point:{s.point.id}"))
    assert order.reference in page(client, "/office/fulfilments")
    client.fill(parcel_at(order), form=f"{parcel_at(order)}/pack")
    assert "Chờ khách đến nhận" in page(client, parcel_at(order))
    done = client.fill(parcel_at(order), form=f"{parcel_at(order)}/hand-over")
    assert (done.status_code, done.location) == (303, parcel_at(order))
    client.fill(parcel_at(order), form=f"{parcel_at(order)}/delivered")
    assert fresh(order).fulfilments[0].status == FulfilmentStatus.DELIVERED
    page(client, at(order), 403)  # the whole order is not his to read


def test_a_transfer_is_received_and_all_of_it_sent_back(clerk: Any) -> None:
    order = place(shelf(), method="vietqr")
    clerk.fill(at(order), form=f"{at(order)}/received", bank_reference="FT26328001")
    order = fresh(order)
    assert (order.status, order.payment_status) == (OrderStatus.PLACED, PaymentStatus.PAID)
    refused = clerk.fill(at(order), form=f"{at(order)}/refund", reason="")
    assert refused.status_code == 422
    done = clerk.fill(at(order), form=f"{at(order)}/refund", reason="Hàng lỗi")
    assert done.status_code == 303
    refund = session().scalars(select(Refund)).one()
    assert (refund.amount, refund.reason) == (order.total_amount, "Hàng lỗi")
    assert fresh(order).payment_status == PaymentStatus.REFUND_PENDING
    shown = page(clerk, at(order))
    assert 'data-testid="refund"' not in shown
    assert 'data-testid="refund-done"' in shown
    clerk.fill(
        at(order), form=f"/office/payments/{refund.payment_id}/refunds/{refund.id}/done", bank_reference="FT26328009"
    )
    assert fresh(order).payment_status == PaymentStatus.REFUNDED


@pytest.mark.parametrize(("goods", "left"), [("stock", 20), ("off", 18)])
def test_goods_come_back(clerk: Any, goods: str, left: int) -> None:
    s = shelf()
    order = place(s)
    orders.confirm(CLERK, order.id)
    parcel = order.fulfilments[0].id
    orders.pack(CLERK, parcel)
    orders.hand_over(CLERK, parcel, carrier="VNPost")
    clerk.fill(at(order), form=f"{parcel_at(order)}/returned", goods=goods, reason="Khách không nhận")
    order = fresh(order)
    assert order.fulfilments[0].status == FulfilmentStatus.RETURNED
    assert (order.status, order.payment_status) == (OrderStatus.CANCELLED, PaymentStatus.VOID)
    assert session().get(StockLevel, s.level_id).on_hand == left
    kinds = set(session().scalars(select(StockMovement.kind)))
    assert (MovementKind.WRITE_OFF in kinds) is (goods == "off")
    assert [found for found in invariants.run() if not found.ok] == []


# --- refusals ----------------------------------------------------------------------------------------------------


def test_what_is_missing_is_said_and_nothing_lost(clerk: Any) -> None:
    order = place(shelf())
    refused = clerk.fill(at(order), form=f"{at(order)}/cancel", reason=" ")
    assert (refused.status_code, code(refused)) == (422, "invalid")
    assert 'id="f-cancel-reason-error"' in refused.get_data(as_text=True)
    refused = clerk.fill(at(order), form=f"{at(order)}/cancel", reason="x" * 501)
    assert refused.status_code == 422
    assert "x" * 501 in refused.get_data(as_text=True)
    orders.confirm(CLERK, order.id)
    orders.pack(CLERK, order.fulfilments[0].id)
    for where in (at(order), parcel_at(order)):
        refused = clerk.fill(where, form=f"{parcel_at(order)}/hand-over", carrier="", tracking_number="VTP-<b>1")
        shown = refused.get_data(as_text=True)
        assert refused.status_code == 422
        assert 'value="VTP-&lt;b&gt;1"' in shown
        assert "Hãy ghi đơn vị vận chuyển." in shown
        assert ("Mở đơn hàng" in shown) is (where == parcel_at(order))  # on the page it was sent from
    orders.hand_over(CLERK, order.fulfilments[0].id, carrier="VNPost")
    for fields in (
        {"goods": "stock", "reason": ""},
        {"goods": None, "reason": "Hỏng"},
        {"goods": "gift", "reason": "Hỏng"},
    ):
        assert clerk.fill(at(order), form=f"{parcel_at(order)}/returned", **fields).status_code == 422
    for typed in ("0", "-5", "185.000,5", "", "x", "9" * 30):
        assert clerk.fill(at(order), form=f"{at(order)}/collected", amount=typed).status_code == 422
    assert fresh(order).fulfilments[0].status == FulfilmentStatus.HANDED_OVER


def test_steps_out_of_turn_are_refused(clerk: Any) -> None:
    order = place(shelf())
    base = parcel_at(order)
    assert code(post(clerk, f"{base}/pack")) == "step-not-allowed"  # not confirmed
    orders.confirm(CLERK, order.id)
    assert code(post(clerk, f"{at(order)}/confirm")) == "step-not-allowed"
    assert code(post(clerk, f"{base}/hand-over", carrier="VNPost")) == "step-not-allowed"  # not packed
    assert code(post(clerk, f"{base}/delivered")) == "step-not-allowed"
    assert code(post(clerk, f"{base}/returned", goods="stock", reason="Lỗi")) == "step-not-allowed"
    orders.pack(CLERK, order.fulfilments[0].id)
    twice = post(clerk, f"{base}/pack")
    assert (twice.status_code, code(twice)) == (409, "step-not-allowed")
    assert "tải lại trang" in twice.get_data(as_text=True)
    orders.hand_over(CLERK, order.fulfilments[0].id, carrier="VNPost")
    assert code(post(clerk, f"{at(order)}/cancel", reason="Khách đổi ý")) == "step-not-allowed"
    payment = session().scalars(select(Payment)).one()
    assert code(post(clerk, f"{at(order)}/refund", payment=payment.id, amount="1000", reason="Lỗi")) == "not-captured"
    assert fresh(order).fulfilments[0].status == FulfilmentStatus.HANDED_OVER
    steps_taken = [t.to_status for t in order.transitions if t.subject == "fulfilment"]
    assert steps_taken == ["pending", "packed", "handed_over"]


def test_the_same_form_twice_is_one_step_and_a_tampered_key_is_refused(clerk: Any) -> None:
    first, other = place(shelf()), place(shelf())
    key = operations.new_key()
    assert post(clerk, f"{at(first)}/confirm", op_key=key).status_code == 303
    assert post(clerk, f"{at(first)}/confirm", op_key=key).status_code == 303  # a second click
    assert len([t for t in fresh(first).transitions if t.to_status == "confirmed"]) == 1
    assert code(post(clerk, f"{at(other)}/confirm", op_key=key)) == "op-key-reused"
    for wrong in (None, "", "x", "a" * 81, "không-dấu-được", "../../etc"):
        refused = post(clerk, f"{at(other)}/confirm", op_key=wrong)
        assert (refused.status_code, code(refused)) == (422, "invalid")
        assert f'value="{wrong}"' not in refused.get_data(as_text=True) or not wrong
    assert fresh(other).status == OrderStatus.PLACED


def test_another_orders_payment_is_not_touched(clerk: Any) -> None:
    mine, other = place(shelf(), method="vietqr"), place(shelf(), method="vietqr")
    foreign = session().scalars(select(Payment).where(Payment.order_id == other.id)).one()
    for wrong in (foreign.id, "", "x", "9" * 40):
        answer = post(
            clerk, f"{at(mine)}/received", payment=wrong, amount=str(other.total_amount), bank_reference="FT26328001"
        )
        assert answer.status_code == 404
    assert session().scalars(select(Payment.state)).all() == [PaymentState.PENDING, PaymentState.PENDING]


def test_unknown_orders_and_parcels(clerk: Any) -> None:
    order = place(shelf())
    for wrong in ("/office/orders/XXXX-XXXX", f"{parcel_at(order, 2)}", "/office/fulfilments/XXXX-XXXX/1",
                  "/office/orders/XXXX-XXXX/packing-list.pdf", f"{parcel_at(order, 9)}/delivery-note.pdf"):  # fmt: skip
        page(clerk, wrong, 404)
    assert post(clerk, "/office/orders/XXXX-XXXX/confirm").status_code == 404
    assert post(clerk, f"{parcel_at(order, 7)}/pack").status_code == 404


# --- whose -------------------------------------------------------------------------------------------------------


def test_somebody_elses_parcel_is_not_there(ctx: Flask, client: Any) -> None:
    mine, theirs = shelf("Của tôi"), shelf("Của họ", factories.make_point("Điểm khác"))
    own, foreign = place(mine), place(theirs)
    for order in (own, foreign):
        orders.confirm(CLERK, order.id)
    sign_in(client, (Role.POINT_KEEPER, f"point:{mine.point.id}"))
    shown = page(client, "/office/fulfilments")
    assert own.reference in shown
    assert foreign.reference not in shown
    assert foreign.reference not in page(client, "/office/fulfilments?format=csv")
    assert f"?point={theirs.point.id}" not in shown
    assert foreign.reference not in page(client, f"/office/fulfilments?point={theirs.point.id}")
    for way in ("", "/packing-list.pdf", "/delivery-note.pdf"):
        page(client, parcel_at(foreign) + way, 404)
    for way in ("pack", "hand-over", "delivered", "returned"):
        answer = post(
            client, f"{parcel_at(foreign)}/{way}", "/office/fulfilments", carrier="X", goods="stock", reason="Lỗi"
        )
        assert answer.status_code == 404, way
    answer = post(client, "/office/fulfilments/pack", "/office/fulfilments",
                  parcel=[f"{own.reference}/1", f"{foreign.reference}/1"])  # fmt: skip
    assert answer.status_code == 404
    assert fresh(own).fulfilments[0].status == FulfilmentStatus.PENDING
    answer = post(client, "/office/fulfilments/papers.pdf", "/office/fulfilments", parcel=f"{foreign.reference}/1")
    assert answer.status_code == 404
    assert "Của họ" not in page(client, "/office/fulfilments/picking")
    page(client, f"/office/fulfilments/picking?point={theirs.point.id}", 404)
    page(client, f"/office/fulfilments/picking.pdf?point={theirs.point.id}", 404)


@pytest.mark.parametrize("way", ["confirm", "cancel", "collected", "received", "refund"])
def test_orders_are_not_handled_by_keepers_and_promotion_staff(ctx: Flask, client: Any, way: str) -> None:
    s = shelf()
    order = place(s)
    for role in ((Role.POINT_KEEPER, f"point:{s.point.id}"), (Role.PROMOTION_STAFF, "*")):
        sign_in(client, role)
        assert post(client, f"{at(order)}/{way}", "/office/fulfilments", reason="Lỗi").status_code == 403
    assert fresh(order).status == OrderStatus.PLACED


def test_a_desk_of_one_point_reads_its_orders_and_handles_only_what_is_wholly_its_own(ctx: Flask, client: Any) -> None:
    mine, theirs = shelf("Của tôi"), shelf("Của họ", factories.make_point("Điểm khác"))
    own, both, foreign = place(mine), place(mine, theirs), place(theirs)
    sign_in(client, (Role.ORDER_DESK, f"point:{mine.point.id}"))
    shown = page(client, "/office/orders")
    assert (own.reference in shown, both.reference in shown, foreign.reference in shown) == (True, True, False)
    page(client, at(foreign), 404)
    assert 'data-testid="confirm"' not in page(client, at(both))
    assert post(client, f"{at(both)}/confirm").status_code == 404
    assert post(client, "/office/orders/confirm", reference=[own.reference, both.reference]).status_code == 404
    assert post(client, f"{at(own)}/confirm").status_code == 303
    assert fresh(both).status == OrderStatus.PLACED


def test_a_producer_has_no_business_here(ctx: Flask, client: Any) -> None:
    sign_in(client, (Role.PRODUCER_MEMBER, "producer:1"))
    for way in ("", "/picking", "/picking.pdf"):
        page(client, f"/office/fulfilments{way}", 403)
    page(client, "/office/orders", 403)


# --- many --------------------------------------------------------------------------------------------------------


def test_many_are_confirmed_and_each_ones_outcome_told(clerk: Any) -> None:
    good, waiting, done = place(shelf()), place(shelf(), method="vietqr"), place(shelf())
    orders.confirm(CLERK, done.id)
    key = operations.new_key()
    chosen = [good.reference, waiting.reference, done.reference, good.reference]
    for _again in range(2):
        answer = post(clerk, "/office/orders/confirm", reference=chosen, op_key=key)
        shown = answer.get_data(as_text=True)
        assert answer.status_code == 200
        assert "Đã làm 1/3" in shown
        told = shown.split('data-testid="told"')[1].split("</section>")[0]
        assert told.count("Không được") == 2
        assert good.reference in told
    assert [fresh(o).status for o in (good, waiting, done)] == ["confirmed", "awaiting_payment", "confirmed"]
    assert code(post(clerk, "/office/orders/confirm", reference=[waiting.reference], op_key=key)) == "op-key-reused"
    assert post(clerk, "/office/orders/confirm").status_code == 422
    assert post(clerk, "/office/orders/confirm", reference=["XXXX-XXXX", good.reference]).status_code == 404
    assert post(clerk, "/office/orders/confirm", reference=[f"X{i}" for i in range(101)]).status_code == 422
    assert clerk.get("/office/orders/confirm").location == "/office/orders"


def test_one_that_fails_half_way_is_undone_alone(ctx: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third = (place(shelf()) for _n in range(3))
    real = orders.confirm

    def confirm(actor: Actor, order_id: int) -> None:
        real(actor, order_id)
        if order_id == second.id:
            raise StepNotAllowed

    monkeypatch.setattr(orders, "confirm", confirm)
    told = steps.confirm_all(CLERK, [o.reference for o in (first, second, third)], operations.new_key())
    assert [(o.name, o.refusal is None) for o in told] == [
        (first.reference, True), (second.reference, False), (third.reference, True)]  # fmt: skip
    assert [fresh(o).status for o in (first, second, third)] == ["confirmed", "placed", "confirmed"]
    assert len(second.transitions) == 3


def test_many_are_packed(clerk: Any) -> None:
    first, second, other = place(shelf()), place(shelf()), place(shelf())
    for order in (first, second):
        orders.confirm(CLERK, order.id)
    keys = [f"{o.reference}/1" for o in (first, second, other)]
    shown = post(clerk, "/office/fulfilments/pack", parcel=keys).get_data(as_text=True)
    assert "Đã làm 2/3" in shown
    assert [fresh(o).fulfilments[0].status for o in (first, second, other)] == ["packed", "packed", "pending"]
    for wrong in (
        "x",
        f"{first.reference}/",
        f"{first.reference}/x",
        f"{first.reference}/99999",
        f"{first.reference}/2",
    ):
        assert post(clerk, "/office/fulfilments/pack", parcel=wrong).status_code == 404
    assert post(clerk, "/office/fulfilments/pack").status_code == 422


def test_two_clerks_confirm_at_one_moment(app: Flask, ctx: Flask, together: Any) -> None:
    order = place(shelf())
    outcomes = together(app, lambda: steps.confirm(CLERK, order.id, operations.new_key()), times=6)
    assert sum(o.error is None for o in outcomes) == 1
    assert len([t for t in fresh(order).transitions if t.to_status == "confirmed"]) == 1


# --- lists -------------------------------------------------------------------------------------------------------


def references(shown: str) -> set[str]:
    return set(re.findall(r'href="/office/orders/([0-9A-Z]{4}-[0-9A-Z]{4})"', shown))


def test_orders_are_found_and_narrowed(clerk: Any) -> None:
    s, there = shelf(), shelf("Nước mắm", factories.make_point("Điểm khác"))
    old = clock.now() - timedelta(days=3)
    buoi, dao = place(s), place(there, name="Đào Ấm Đặng", phone="+84987654321", method="vietqr", placed_at=old)
    late = place(s, name="Lê Muộn", phone="+84333222111", placed_at=old)

    def found(query: str) -> set[str]:
        return references(page(clerk, f"/office/orders?{query}"))

    everything = {buoi.reference, dao.reference, late.reference}
    assert found("") == everything
    assert found("q=dao am") == found("q=Đặng") == found("q=DANG") == {dao.reference}
    assert found("q=0987 654 321") == found("q=%2B84987654321") == found("q=654321") == {dao.reference}
    assert found(f"q={buoi.reference.lower().replace('-', ' ')}") == {buoi.reference}
    assert found("q=%25") == found("q=_") == set()
    assert found("status=awaiting_payment") == found("payment=unpaid") == found("method=vietqr") == {dao.reference}
    assert found("status=late") == {late.reference}
    assert found(f"point={there.point.id}") == {dao.reference}
    day = clock.business_day(old).isoformat()
    assert found(f"until={day}") == {dao.reference, late.reference}
    assert found(f"from={clock.today()}") == {buoi.reference}
    for nonsense in ("status=x", "point=x", "from=x", "sort=x", "page=x", "page=-1", "format=exe", "q=" + "x" * 500):
        page(clerk, f"/office/orders?{nonsense}")
    for sort in ("reference", "placed_at", "-name", "status", "payment_status", "-total_amount"):
        assert found(f"sort={sort}") == everything
    assert page(clerk, "/office/orders").count("quá 24 giờ") == 2  # the row and the filter's word
    assert "Orders" in page(clerk, "/en/office/orders")


def test_exports_carry_no_formula(clerk: Any) -> None:
    order = place(shelf(), name="=cmd|' /C calc'!A1", note="+1-1")
    orders.confirm(CLERK, order.id)
    rows = list(csv.DictReader(io.StringIO(page(clerk, "/office/orders?format=csv").lstrip("\ufeff"))))
    assert rows[0]["Mã đơn"] == order.reference
    assert rows[0]["Người mua"].startswith("'=")
    assert rows[0]["Lời nhắn"].startswith("'+")
    assert rows[0]["Điện thoại"] == "0912 345 678"
    assert rows[0]["Tổng"] == str(order.total_amount)
    rows = list(csv.DictReader(io.StringIO(page(clerk, "/office/fulfilments?format=csv").lstrip("\ufeff"))))
    assert rows[0]["Kiện"] == f"{order.reference}/1"
    assert rows[0]["Người nhận"].startswith("'=")
    for address in ("/office/orders", "/office/fulfilments"):
        body = clerk.get(f"{address}?format=xlsx", buffered=True).get_data()
        assert body[:2] == b"PK"
        assert b"<f>" not in body


def test_late_parcels_stand_out(clerk: Any) -> None:
    late, soon, fine = place(shelf(), days=0), place(shelf(), days=1), place(shelf(), days=5)
    unconfirmed = place(shelf(), days=0)
    for order in (late, soon, fine):
        orders.confirm(CLERK, order.id)
    shown = page(clerk, "/office/fulfilments")
    row = r'<tr[^>]*?(?: class="(\w+)")?>\s*<td class="pick"[^>]*>.*?value="([^"/]+)/1"'
    rows = {m[2]: m[1] for m in re.finditer(row, shown)}
    assert rows == {late.reference: "late", soon.reference: "soon", fine.reference: None}
    assert unconfirmed.reference not in shown
    assert set(re.findall(r'value="([^"/]+)/1"', page(clerk, "/office/fulfilments?late=1"))) == {late.reference}
    assert read.parcel_counts(frozenset({"*"})) == {"pending": 3, "late": 1}
    assert "Trễ hẹn" in page(clerk, at(late))


def test_lateness_of_each_way() -> None:
    today = clock.today()
    day = timedelta(days=1)
    cases = [
        ("ship", "pending", today + 2 * day, ""), ("ship", "packed", today + day, "soon"), ("ship", "packed", today, "late"),
        ("ship", "delivered", today - 9 * day, ""), ("pickup", "pending", today, "soon"),
        ("pickup", "pending", today - day, "late"), ("pickup", "packed", today - 9 * day, ""), ("ship", "pending", None, ""),
    ]  # fmt: skip
    for kind, status, first, expected in cases:
        assert read.lateness(kind, status, first, None, today) == expected, (kind, status, first)
    assert read.lateness("ship", "handed_over", today - 5 * day, today - day, today) == "late"
    assert read.lateness("ship", "handed_over", today - 5 * day, today + day, today) == ""


def test_shares_of_parcels_add_up(ctx: Flask) -> None:
    order = place(shelf(), shelf("Khác", factories.make_point("Điểm khác")))
    views = read.order_file(order.reference).parcels
    assert sum(v.due_amount for v in views) == order.total_amount
    orders.confirm(CLERK, order.id)
    first = session().scalars(select(Payment)).one()
    payments.collect_cod(CLERK, first.id, views[0].due_amount, operations.new_key())
    payments.collect_cod(CLERK, first.id, views[1].due_amount, operations.new_key())
    assert fresh(order).payment_status == PaymentStatus.PAID


def test_lists_ask_the_database_a_fixed_number_of_times(ctx: Flask) -> None:
    s = shelf(quantity=500)
    every = frozenset({"*"})

    def lists() -> None:
        with ctx.test_request_context("/office/orders"):
            read.order_list({}, every)
            read.parcel_list({}, every)
            read.parcel_counts(every)
            read.picking(every)

    def ask(order: Order) -> int:
        def file() -> None:
            session().expire_all()
            read.order_file(order.reference)

        return count(file)

    first = place(s)
    orders.confirm(CLERK, first.id)
    lists()  # the points are read once in some seconds
    few, one = count(lists), ask(first)
    for _n in range(12):
        orders.confirm(CLERK, place(s).id)
    big = place(*(shelf(f"Món {i}", factories.make_point(f"Điểm {i}")) for i in range(4)))
    assert count(lists) == few <= 6
    assert ask(big) == one <= 16


# --- papers ------------------------------------------------------------------------------------------------------


def test_papers(clerk: Any) -> None:
    s = shelf(lot_code="L-0312", expires_on=clock.today() + timedelta(days=300))
    evil = '#panic("x") ] *đậm* $a^2$ `r` "\\" <b> #import "/etc/passwd"'
    order = place(s, s, name=evil[:200], note=evil, goods=evil[:200])
    orders.confirm(CLERK, order.id)
    base, parcel = at(order), parcel_at(order)
    for way in (f"{base}/packing-list.pdf", f"{base}/delivery-note.pdf", f"{base}/delivery-note.pdf?size=a4",
                f"{parcel}/packing-list.pdf", f"{parcel}/delivery-note.pdf?size=../x", "/office/fulfilments/picking.pdf",
                f"/office/fulfilments/picking.pdf?point={s.point.id}"):  # fmt: skip
        for prefix in ("", "/en"):
            answer = clerk.get(prefix + way)
            assert (answer.status_code, answer.mimetype) == (200, "application/pdf"), way
            assert answer.get_data()[:5] == b"%PDF-"
            assert answer.headers["Cache-Control"] == "no-store"
    answer = post(clerk, "/office/orders/packing-list.pdf", reference=[order.reference])
    assert answer.get_data()[:5] == b"%PDF-"
    for paper in ("lists", "notes"):
        answer = post(clerk, "/office/fulfilments/papers.pdf", parcel=[f"{order.reference}/1"], paper=paper)
        assert answer.get_data()[:5] == b"%PDF-"
    assert post(clerk, "/office/orders/packing-list.pdf").status_code == 422
    assert post(clerk, "/office/fulfilments/papers.pdf").status_code == 422
    assert post(clerk, "/office/orders/packing-list.pdf", reference=["XXXX-XXXX"]).status_code == 404
    with pytest.raises(FileNotFoundError):
        papers.pdf("pages/papers/none.typ", {})


@pytest.mark.parametrize(("language", "word"), [("vi", "Thu của khách"), ("en", "Collect from the customer")])
def test_the_code_of_a_note_is_the_reference_and_its_words_are_the_readers(
    ctx: Flask, language: str, word: str
) -> None:
    order = place(shelf())
    with ctx.test_request_context("/office", environ_overrides={"shop.language": language}):
        data = desk_papers.note_data([order.fulfilments[0].id])
    assert data["t"]["collect"] == word
    assert data["parcels"][0]["collect"].startswith("270.000")
    image = Image.open(io.BytesIO(papers.picture(desk_papers.NOTE, data, dpi=200)[0]))
    assert [found.text for found in zxingcpp.read_barcodes(image)] == [order.reference]


def test_picking_sums_goods_by_point_and_lot(clerk: Any) -> None:
    s, there = shelf(lot_code="L1"), shelf("Nước mắm", factories.make_point("Điểm khác"))
    for n in range(3):
        orders.confirm(CLERK, place(s, there, quantity=n + 1).id)
    packed = place(s)
    orders.confirm(CLERK, packed.id)
    orders.pack(CLERK, packed.fulfilments[0].id)
    place(s)  # not confirmed
    lists = {found.point_id: found for found in read.picking(frozenset({"*"}))}
    assert [(line.quantity, line.parcels, line.lot) for line in lists[s.point.id].lines] == [(6, 3, "L1")]
    assert lists[there.point.id].units == 6
    assert len(read.picking(frozenset({f"point:{s.point.id}"}))) == 1
    assert "L1" in page(clerk, "/office/fulfilments/picking")
    assert "Nước mắm" not in page(clerk, f"/office/fulfilments/picking?point={s.point.id}").split("<main")[1]


def test_the_home_leads_to_the_right_lists(clerk: Any) -> None:
    late = place(shelf(), placed_at=clock.now() - timedelta(days=2))
    parcel = place(shelf())
    orders.confirm(CLERK, parcel.id)
    home = page(clerk, "/office")
    for link, reference in (("/office/orders?status=late", late), ("/office/fulfilments?state=pending", parcel)):
        assert f'href="{link}"' in home
        assert reference.reference in page(clerk, link)


def test_the_audit_names_who_did_it(clerk: Any) -> None:
    from shop.kernel.audit import AuditRow

    order = place(shelf())
    clerk.fill(at(order), form=f"{at(order)}/confirm")
    row = session().scalars(select(AuditRow).where(AuditRow.action == "orders.confirm")).one()
    assert row.actor_key.startswith("user:")
    assert row.target == f"order:{order.id}"


def test_an_order_whose_status_was_forged_offers_nothing(clerk: Any) -> None:
    order = place(shelf())
    with transaction() as s:
        s.execute(update(Order).where(Order.id == order.id).values(status=OrderStatus.COMPLETED))
        s.execute(update(Fulfilment).values(status=FulfilmentStatus.CANCELLED))
    shown = page(clerk, at(order))
    for step in ("confirm", "cancel", "pack", "hand-over", "delivered", "returned"):
        assert f'data-testid="{step}"' not in shown
    assert Permission.ORDER_HANDLE  # the reader may; the order may not
    assert SYSTEM.key == "system"


def test_a_desk_of_one_point_has_no_way_to_all_money_and_letters(ctx: Flask, client: Any) -> None:
    s = shelf()
    order = place(s, method="vietqr")
    paid = session().scalars(select(Payment.id).where(Payment.order_id == order.id)).one()
    ways = ("/office/payments", "/office/messages", "/office/recalls")
    sign_in(client, (Role.ORDER_DESK, f"point:{s.point.id}"))
    for shown in (page(client, "/office"), page(client, at(order))):
        assert not [way for way in ways if f'href="{way}' in shown]
    for way in (*ways, f"/office/payments/{paid}"):
        page(client, way, 404)
    assert post(client, f"/office/payments/{paid}/refund", at(order), amount="1000", reason="Lỗi").status_code == 404
    sign_in(client, Role.ORDER_DESK)
    shown = page(client, "/office")
    assert [way for way in ways if f'href="{way}' in shown] == list(ways)
    assert f'href="/office/payments/{paid}"' in page(client, at(order))
