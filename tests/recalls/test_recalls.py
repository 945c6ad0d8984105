"""A lot called back: stopped at once, given from other lots where there are some, everybody who has it told once."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import zxingcpp
from flask import Flask
from PIL import Image

from shop.accounts.permissions import Role
from shop.catalog.models import Price, Variant
from shop.kernel import clock, invariants, jobs, operations, papers
from shop.kernel.actor import GUEST, SYSTEM
from shop.kernel.audit import AuditRow
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid, NotFound
from shop.kernel.mail import Letter
from shop.orders import services as orders
from shop.orders.models import DeliveryKind, Fulfilment, Order, PaymentMethod
from shop.points.models import Point
from shop.recalls import papers as notices
from shop.recalls import queries, services
from shop.recalls.errors import LotRecalled, RecallClosed, RecallNotDone
from shop.recalls.models import Reach, Recall, RecallBuyer
from shop.stock import services as stock
from shop.stock.errors import LotNotRecorded, LotStopped
from shop.stock.models import Lot, MovementKind, StockHold, StockLevel, StockMovement
from shop.stock.queries import lots as lot_queries
from shop.stock.services import Take, lots, passages
from tests import factories
from tests.people import sign_in

WHY, ADVICE = "Kết quả kiểm nghiệm vượt mức cho phép", "Giữ nguyên gói, mang đến điểm bán gần nhất để được hoàn tiền."


def level(level_id: int) -> StockLevel:
    session().expire_all()
    return session().get_one(StockLevel, level_id)


def broken() -> list[str]:
    return [f"{f.name}: {f.offenders}" for f in invariants.run("stock", "recalls", "orders") if not f.ok]


@dataclass
class Case:
    """A lot of 20 at one point and 4 at another; `other` is a later lot of 5 at the first."""

    app: Flask
    variant: Variant
    point: Point
    far: Point
    bad: int
    bad_far: int
    other: int

    @property
    def lot(self) -> int:
        return level(self.bad).lot_id

    def order(self, units: int, level_id: int | None = None, **values: Any) -> Order:
        """An order that has its goods claimed of the bad lot."""
        price = session().query(Price).filter_by(variant_id=self.variant.id).one()
        line = orders.DraftLine(
            self.variant.id, None, self.variant.sku, "Chả mực", self.variant.pack, units, price.amount, price.id, False, None,
            False, "none", 550,
        )  # fmt: skip
        point = level(level_id or self.bad).point_id
        parcel = orders.DraftParcel(point, DeliveryKind.PICKUP, (line,), (Take(level_id or self.bad, units),), 0, 550)
        draft = orders.Draft(
            **{
                "op_key": operations.new_key(), "op_digest": "x", "basket_key": None, "user_id": None, "locale": "vi",
                "payment_method": PaymentMethod.COD, "delivery": DeliveryKind.PICKUP, "name": "Trần Văn An",
                "phone": "+84912345678", "email": None, "parcels": (parcel,), "pay_until": None, "pickup_point_id": point,
            } | values
        )  # fmt: skip
        placed = orders.place(GUEST, draft, key="test")
        return session().get_one(Order, placed.order_id)

    def left(self, units: int, **values: Any) -> Order:
        """An order whose goods the buyer has."""
        order = self.order(units, **values)
        orders.confirm(SYSTEM, order.id)
        parcel = session().query(Fulfilment).filter_by(order_id=order.id).one().id
        orders.pack(SYSTEM, parcel)
        orders.hand_over(SYSTEM, parcel)
        session().expire_all()
        return session().get_one(Order, order.id)

    def run(self, **values: Any) -> Recall:
        words = {"reason": WHY, "advice": ADVICE, "op_key": operations.new_key()} | values
        found = queries.by_reference(services.run(SYSTEM, self.lot, **words))
        assert found is not None
        return found


@pytest.fixture
def case(ctx: Flask) -> Case:
    variant, point, far = factories.make_variant(), factories.make_point("Kho Một"), factories.make_point("Kho Hai")
    bad = factories.put_in(variant, point, 20, lot_code="L-XAU", expires_on=clock.today() + timedelta(days=30))
    bad_far = factories.put_in(variant, far, 4, lot_code="L-XAU")
    other = factories.put_in(variant, point, 5, lot_code="L-TOT", expires_on=clock.today() + timedelta(days=90))
    return Case(ctx, variant, point, far, bad, bad_far, other)


# --- before ------------------------------------------------------------------------------------------------------


def test_the_preview_shows_where_the_lot_is_and_changes_nothing(case: Case) -> None:
    by_letter = case.left(2, email="an@example.vn")
    by_phone = case.left(1, channel="till")
    nobody = case.left(1, channel="till", phone="", name="")
    waiting = case.order(6)
    with transaction():
        stock.take("transfer:C-TEST", [Take(case.bad, 3)])
        stock.take("transfer:C-KHAC", [Take(case.bad_far, 1)])
    passages.send(SYSTEM, "transfer:C-TEST", case.far.id)
    before = session().query(StockMovement).count()
    seen = queries.spread(case.lot)
    assert (seen.on_hand, seen.points, seen.on_road, seen.claimed, seen.sold) == (17, 2, 3, 7, 4)
    assert [(r.from_point, r.to_point, r.units) for r in seen.road] == [("Kho Một", "Kho Hai", 3)]
    assert [(c.order, c.units, c.instead, c.what) for c in seen.claims] == [
        (waiting.reference, 6, 5, "desk"),
        ("", 1, 0, "other"),
    ]
    assert {b.reference: (b.units, b.reach, b.channel) for b in seen.bought} == {
        by_letter.reference: (2, Reach.LETTER, "web"),
        by_phone.reference: (1, Reach.CALL, "till"),
        nobody.reference: (1, Reach.NOBODY, "till"),
    }
    assert (seen.by("letter"), seen.by("call"), seen.by("nobody"), seen.missing) == (1, 1, 1, 2)
    assert session().query(StockMovement).count() == before
    assert session().get_one(Lot, case.lot).stopped_at is None


# --- running it --------------------------------------------------------------------------------------------------


def test_one_action_stops_the_lot_gives_from_others_and_writes_everybody_down(case: Case) -> None:
    sold = case.left(2, email="an@example.vn")
    first, second = case.order(3), case.order(6)
    unpaid = case.order(
        1, payment_method=PaymentMethod.VIETQR, pay_until=clock.now() + timedelta(minutes=30), email="b@example.vn"
    )
    recall = case.run(op_key="recall-key-1")
    assert services.run(SYSTEM, case.lot, WHY, ADVICE, "recall-key-1") == recall.reference
    assert session().query(Recall).count() == 1
    assert session().get_one(Lot, case.lot).stop_reason == WHY
    assert level(case.other).allocated + level(case.other).held == 5
    seen = queries.spread(case.lot)
    assert seen.claimed == 5
    assert queries.waiting() == (1, 2)
    assert sum(h.quantity for h in session().query(StockHold).filter_by(outcome=None)) == 10  # nobody lost his claim
    assert {(b.order_id, b.quantity, b.reach) for b in session().query(RecallBuyer)} == {(sold.id, 2, Reach.LETTER)}
    assert session().query(AuditRow).filter_by(action="recalls.run").count() == 1
    for order in (first, second):
        orders.confirm(SYSTEM, order.id)
    short = next(c for c in seen.claims if c.what == "desk")
    parcel = session().query(Fulfilment).join(Order).filter(Order.reference == short.order).one().id
    orders.pack(SYSTEM, parcel)
    with pytest.raises(LotStopped):
        orders.hand_over(SYSTEM, parcel)
    assert unpaid.reference
    assert broken() == []
    # New goods of another lot come: the rest is given from them.
    factories.put_in(case.variant, case.point, 10, lot_code="L-MOI")
    assert services.swap_again(SYSTEM, recall.id) == 5
    assert queries.spread(case.lot).claimed == 0
    orders.hand_over(SYSTEM, parcel)
    assert broken() == []


def test_each_refusal_leaves_everything_as_it_was(case: Case) -> None:
    for words in ({"reason": " "}, {"advice": ""}, {"reason": "x" * 1001}):
        with pytest.raises(Invalid):
            case.run(**words)
    with pytest.raises(NotFound):
        services.run(SYSTEM, 4711, WHY, ADVICE, "recall-key-404")
    loose = factories.put_in(factories.make_variant("Miến dong"), case.point, 4)
    with pytest.raises(LotNotRecorded):
        services.run(SYSTEM, level(loose).lot_id, WHY, ADVICE, "recall-key-loose")
    assert session().query(Recall).count() == 0
    assert session().get_one(Lot, case.lot).stopped_at is None
    recall = case.run()
    with pytest.raises(LotRecalled):
        case.run()
    with pytest.raises(LotRecalled):
        lots.resume_lot(SYSTEM, case.lot, "thử bán lại", "resume-recalled-1")
    assert session().get_one(Lot, case.lot).stopped_at is not None
    with pytest.raises(Invalid):
        services.clear_level(SYSTEM, recall.id, case.bad, "eaten", "clear-key-1")
    with pytest.raises(NotFound):
        services.clear_level(SYSTEM, recall.id, case.other, "destroyed", "clear-key-2")
    assert broken() == []


def test_two_run_it_at_one_moment(case: Case, together: Callable[..., list[Any]]) -> None:
    lot_id = case.lot
    session().rollback()
    outcomes = together(
        case.app, [lambda n=n: services.run(SYSTEM, lot_id, WHY, ADVICE, f"race-key-{n}") for n in range(4)]
    )
    assert sorted(type(o.error).__name__ for o in outcomes) == ["LotRecalled"] * 3 + ["NoneType"]
    assert session().query(Recall).count() == 1
    assert broken() == []


# --- telling the buyers ------------------------------------------------------------------------------------------


def work() -> None:
    jobs.dispatch()
    session().expire_all()


def test_each_buyer_gets_one_letter_and_later_ones_too(case: Case) -> None:
    case.left(1, email="an@example.vn")
    case.left(2, email="AN@example.vn")
    english = case.left(1, email="bob@example.com", locale="en")
    caller = case.left(1)
    recall = case.run()
    work()
    work()
    letters = session().query(Letter).filter_by(kind="recall").all()
    assert sorted(x.recipient.lower() for x in letters) == ["an@example.vn", "bob@example.com"]
    told = next(x for x in letters if x.recipient == "bob@example.com")
    assert "Recall of" in told.subject
    assert english.reference in told.body_text
    assert WHY in told.body_text
    assert ADVICE in told.body_text
    waiting = [b.order_id for b in session().query(RecallBuyer).filter_by(told_at=None)]
    assert waiting == [caller.id]
    # A till that was without a network sends what it sold of the lot before it heard.
    with transaction() as s:
        late = session().get_one(Order, caller.id)
        s.add(
            StockMovement(
                level_id=case.bad_far, kind=MovementKind.SALE, quantity=-1, balance=3, reference="order:A7-000009:1",
                actor_key="x", actor_label="x", op_key="late-sale-1", at=clock.now(),
            )
        )  # fmt: skip
        s.get_one(StockLevel, case.bad_far).on_hand = 3
        late_order = Order(
            **{c.name: getattr(late, c.name) for c in Order.__table__.columns if c.name not in {"id", "search_name"}}
            | {"reference": "A7-000009", "op_key": "late-order-1", "email": "muon@example.vn", "channel": "till"}
        )
        s.add(late_order)
    assert services.follow(recall.id) == 1
    assert services.follow(recall.id) == 0
    work()
    assert session().query(Letter).filter_by(kind="recall").count() == 3
    assert services.told(SYSTEM, recall.id, [b.id for b in session().query(RecallBuyer)], "đã gọi") == 1
    assert services.told(SYSTEM, recall.id, [b.id for b in session().query(RecallBuyer)]) == 0


def test_what_customers_bring_back_is_counted_once(case: Case) -> None:
    case.left(3)
    recall = case.run()
    buyer = session().query(RecallBuyer).one()
    for wrong in (-1, 4):
        with pytest.raises(Invalid):
            services.came_back(SYSTEM, recall.id, buyer.id, wrong)
    services.came_back(SYSTEM, recall.id, buyer.id, 2, "mang đến Kho Một")
    services.came_back(SYSTEM, recall.id, buyer.id, 2)
    found = session().get_one(RecallBuyer, buyer.id)
    assert (found.back, found.note) == (2, "mang đến Kho Một")
    with pytest.raises(NotFound):
        services.came_back(SYSTEM, recall.id, 4711, 0)


# --- closing -----------------------------------------------------------------------------------------------------


def test_a_recall_is_closed_when_nothing_is_left(case: Case) -> None:
    order = case.order(8)
    recall = case.run()
    with pytest.raises(RecallNotDone) as refused:
        services.close(SYSTEM, recall.id, "Đã thu hồi hết")
    assert refused.value.values == {"claimed": 3, "on_hand": 24, "on_road": 0}
    assert services.clear_level(SYSTEM, recall.id, case.bad, "destroyed", "clear-1-key") == 17
    assert services.clear_level(SYSTEM, recall.id, case.bad, "destroyed", "clear-1-key") == 0
    assert services.clear_level(SYSTEM, recall.id, case.bad_far, "returned", "clear-2-key") == 4
    with pytest.raises(RecallNotDone):
        services.close(SYSTEM, recall.id, "Đã thu hồi hết")
    orders.cancel(SYSTEM, order.id, "hàng bị thu hồi")
    with pytest.raises(RecallNotDone):
        services.close(SYSTEM, recall.id, "Đã thu hồi hết")
    services.clear_level(SYSTEM, recall.id, case.bad, "destroyed", "clear-3-key")
    with pytest.raises(Invalid):
        services.close(SYSTEM, recall.id, " ")
    services.close(SYSTEM, recall.id, "Đã thu hồi và hủy hết")
    for again in (
        lambda: services.close(SYSTEM, recall.id, "lần nữa xem sao"),
        lambda: services.swap_again(SYSTEM, recall.id),
        lambda: services.told(SYSTEM, recall.id, [1]),
    ):
        with pytest.raises(RecallClosed):
            again()
    assert session().get_one(Lot, case.lot).stopped_at is not None
    assert broken() == []


def test_the_invariants_of_recalls_fire(case: Case) -> None:
    sold = case.left(1)
    recall = case.run()
    assert broken() == []
    with transaction() as s:
        row = s.get_one(Recall, recall.id)
        row.started_at -= timedelta(hours=2)
        s.query(RecallBuyer).delete()
        s.query(StockMovement).filter_by(kind=MovementKind.SALE).update({"at": clock.now() - timedelta(hours=1)})
        s.get_one(Lot, case.lot).stopped_at = None
    names = {line.split(":")[0] for line in broken()}
    assert {"recalls.buyers-are-written-down", "recalls.lots-stay-stopped"} <= names
    assert sold.reference
    with transaction() as s:
        row = s.get_one(Recall, recall.id)
        row.closed_at, row.summary = clock.now(), "xong"
    assert any(line.startswith("recalls.closed-leaves-nothing") for line in broken())


# --- pages -------------------------------------------------------------------------------------------------------


def page(client: Any, address: str, status: int = 200) -> str:
    answer = client.get(address, buffered=True)
    assert answer.status_code == status, (address, answer.status_code)
    return str(answer.get_data(as_text=True))


def test_a_recall_from_first_look_to_the_end_without_scripts(case: Case, client: Any) -> None:
    sold = case.left(2)
    case.order(8)
    lot = case.lot
    code = lots.trace_code(SYSTEM, lot)
    assert client.get("/office/recalls").status_code == 302
    sign_in(client, Role.ORDER_DESK)
    assert "L-XAU" in page(client, "/office/recalls/new?q=l-xau")
    assert "Không có lô nào khớp" in page(client, "/office/recalls/new?q=khong+co")
    shown = page(client, f"/office/recalls/new?lot={lot}")
    assert sold.reference in shown
    for nothing in ("4711", "0"):
        page(client, f"/office/recalls/new?lot={nothing}", 404)
    form = {"form": "/office/recalls", "reason": WHY, "advice": ADVICE}
    refused = client.fill(f"/office/recalls/new?lot={lot}", **(form | {"reason": ""}))
    assert refused.status_code == 422
    answer = client.fill(f"/office/recalls/new?lot={lot}", **form)
    assert answer.status_code == 303
    here = answer.headers["Location"]
    assert client.get(f"/office/recalls/new?lot={lot}").headers["Location"].endswith(here)
    shown = page(client, here)
    for word in (WHY, sold.reference, "Thiếu 3", "0912 345 678"):
        assert word in shown
    assert "bị thu hồi" in page(client.application.test_client(), f"/truy-xuat/{code}")
    assert "is recalled" in page(client.application.test_client(), f"/en/truy-xuat/{code}")
    buyer = session().query(RecallBuyer).one().id
    assert client.fill(here, form=f"{here}/told", buyer=str(buyer), note="nghe máy").status_code == 303
    assert client.fill(here, form=f"{here}/buyers/{buyer}", back="9").status_code == 422
    assert client.fill(here, form=f"{here}/buyers/{buyer}", back="2").status_code == 303
    assert client.fill(here, form=f"{here}/close", summary="xong hết rồi").status_code == 409
    assert client.fill(here, form=f"{here}/levels/{case.bad_far}", how="returned").status_code == 303
    assert client.fill(here, form=f"{here}/swap").status_code == 303
    assert client.get(f"{here}/notice.pdf").data.startswith(b"%PDF-")
    assert "L-XAU" in page(client, "/office/recalls?state=open")
    assert "L-XAU" not in page(client, "/office/recalls?state=closed")
    assert "Recall" in page(client, f"/en{here}")
    page(client, "/office/recalls/AAAA-AAAA", 404)


def test_what_transfers_hold_leads_to_them(case: Case, client: Any) -> None:
    """A recall does not swap what is packed or on the road: a person must see whose it is and what to do."""
    with transaction():
        stock.take("transfer:C-TEST-0001", [Take(case.bad, 3)])
        stock.take("transfer:C-KHAC-0002", [Take(case.bad_far, 1)])
    passages.send(SYSTEM, "transfer:C-TEST-0001", case.far.id)
    sign_in(client, Role.ORDER_DESK)
    preview = page(client, f"/office/recalls/new?lot={case.lot}")
    recall = case.run()
    for shown in (preview, page(client, f"/office/recalls/{recall.reference}")):
        for reference in ("C-TEST-0001", "C-KHAC-0002"):
            assert f'<a href="/office/transfers/{reference}">Phiếu chuyển {reference}</a>' in shown
        assert "mở gói, đóng lại bằng lô khác" in shown
        assert "transfer:" not in shown
    assert "unpack" in page(client, f"/en/office/recalls/{recall.reference}")


def test_who_may_not_recalls_nothing(case: Case, client: Any) -> None:
    sign_in(client, (Role.POINT_KEEPER, f"point:{case.point.id}"))
    for address in ("/office/recalls", "/office/recalls/new", f"/office/recalls/new?lot={case.lot}"):
        assert client.get(address).status_code in {403, 404}


def test_the_notice_can_be_read_and_scanned(case: Case) -> None:
    code = lots.trace_code(SYSTEM, case.lot)
    recall = case.run()
    lot = lot_queries.lot(case.lot)
    assert lot is not None
    with case.app.test_request_context():
        data = notices.notice_data(recall, lot)
    picture = papers.picture(notices.NOTICE, data, dpi=100)
    assert len(picture) == 1
    found = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture[0])))
    assert [b.text for b in found] == [f"http://localhost/truy-xuat/{code}"]
