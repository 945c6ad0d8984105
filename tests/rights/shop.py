"""Makers of what the shop itself sells, moves and pays: goods, points, stock, orders, counters."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from shop.catalog.models import Photo, Price
from shop.kernel import clock, jobs, text
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import session, transaction
from tests import factories, people
from tests.rights.house import BUYER, KEYS, PHONE, House, first, key, maker, picture

# --- goods -------------------------------------------------------------------------------------------------------


@maker("/office/products/<slug>", of="locality")
def product(house: House) -> dict[str, Any]:
    house.level  # noqa: B018 - some goods of it
    return {"slug": house.slug}


@maker("/office/products/<slug>/packs/<sku>", of="locality")
def pack(house: House) -> dict[str, Any]:
    return {"slug": house.slug, "sku": house.variant.sku}


@maker("/office/products/<slug>/packs/<sku>/prices/<int:price_id>", of="locality")
def price(house: House) -> dict[str, Any]:
    with transaction() as s:
        planned = Price(
            variant_id=house.variant.id, amount=99_000, valid_from=clock.now() + timedelta(days=9), created_by="system"
        )
        s.add(planned)
    return pack(house) | {"price_id": planned.id}


@maker("/office/products/<slug>/photos/<int:photo_id>", of="locality")
def photo(house: House) -> dict[str, Any]:
    with transaction() as s:
        made = Photo(
            product_id=house.variant.product_id, alt="Ảnh", width=480, height=480, created_at=clock.now(),
            files={"jpeg": {"480": "products/00/none.jpg"}},
        )  # fmt: skip
        s.add(made)
    return {"slug": house.slug, "photo_id": made.id}


@maker("/office/certificates/<int:certificate_id>", of="locality")
def certificate(house: House) -> dict[str, Any]:
    return {"certificate_id": factories.make_certificate(house.variant).id}


@maker("/office/producers/<slug>", of="locality")
def producer(house: House) -> dict[str, Any]:
    return {"slug": house.producer.slug}


@maker("/office/producers/<slug>/sales", of="producer")
def producer_sales(house: House) -> dict[str, Any]:
    assert house.order
    return {"slug": house.producer.slug}


# --- points and goods at them ------------------------------------------------------------------------------------


@maker("/office/points/<slug>", "/office/inspections/<slug>", "/office/targets/at/<slug>", of="point")
def point(house: House) -> dict[str, Any]:
    house.level  # noqa: B018
    return {"slug": house.point.slug}


@maker("/office/inspections/<slug>/photo/<int:finding_id>", of="point")
def finding(house: House) -> dict[str, Any]:
    from shop.inspections import criteria
    from shop.inspections import services as inspections
    from shop.inspections.models import Finding, Verdict

    day = date(2025, 6, 1)
    seen = [inspections.Seen(c.code, Verdict.NOT_MET, "thiếu biển") for c in criteria.edition_for(day).criteria]
    seen[0] = inspections.Seen(seen[0].code, Verdict.NOT_MET, "thiếu biển", picture())
    inspections.record(SYSTEM, house.point.id, held_on=day, inspector="Phạm Văn An", seen=seen, op_key=key())
    return {"slug": house.point.slug, "finding_id": first(Finding, Finding.photo_key.is_not(None)).id}


@maker("/office/stock/<int:level_id>", of="point")
def level(house: House) -> dict[str, Any]:
    return {"level_id": house.level}


@maker("/office/stock/lots/<int:lot_id>", "/office/stock/lots/<int:lot_id>/labels", of="point")
def lot(house: House) -> dict[str, Any]:
    return {"lot_id": house.lot}


@maker("/office/stock/lots/<int:lot_id>/papers/<int:paper_id>", of="point")
def lot_paper(house: House) -> dict[str, Any]:
    from shop.stock.services import lot_papers

    draft = lot_papers.PaperDraft("test", number="KN-1", content=picture())
    return {"lot_id": house.lot, "paper_id": lot_papers.add_paper(SYSTEM, house.lot, draft, key())}


@maker("/office/transfers/<reference>", of="point")
def transfer(house: House) -> dict[str, Any]:
    return {"reference": house.transfer}


@maker("/office/transfers/<reference>/receive", "/office/transfers/<reference>/close", of="point")
def transfer_on_the_road(house: House) -> dict[str, Any]:
    return {"reference": house.sent}


@maker("/office/receipts/<reference>", of="point")
def delivery(house: House) -> dict[str, Any]:
    return {"reference": house.delivery}


@maker("/office/receipts/<reference>/paper/<int:receipt_id>", of="point")
def receipt_paper(house: House) -> dict[str, Any]:
    from shop.receipts import queries
    from shop.receipts import services as receipts

    row, _view = queries.delivery(house.delivery)
    line = queries.lines(row.id)[0]
    receipts.receive(
        SYSTEM, house.delivery, {line.line_id: receipts.Came(2)}, paper_number="PX-1", paper=picture(), op_key=key()
    )
    from shop.receipts.models import Receipt

    return {"reference": house.delivery, "receipt_id": first(Receipt, Receipt.delivery_id == row.id).id}


@maker("/office/counts/<reference>", of="point")
def stock_count(house: House) -> dict[str, Any]:
    from shop.counts import services as counts
    from shop.counts.models import CountKind

    house.level  # noqa: B018
    return {"reference": counts.open_count(SYSTEM, house.point.id, CountKind.FULL, op_key=key())}


@maker("/office/write-offs/<reference>", of="point")
def write_off(house: House) -> dict[str, Any]:
    from shop.counts import services as counts
    from shop.counts.models import WriteOffReason

    made = counts.write_off(
        SYSTEM, house.level, 1, WriteOffReason.DAMAGED, note="rách bao", photo=picture(), op_key=key()
    )
    return {"reference": made}


# --- orders and money --------------------------------------------------------------------------------------------


@maker("/office/orders/<reference>", of="point")
def order(house: House) -> dict[str, Any]:
    return {"reference": house.order.reference}


@maker("/office/fulfilments/<reference>/<int(max=9999):number>", of="point")
def parcel(house: House) -> dict[str, Any]:
    return {"reference": house.order.reference, "number": 1}


@maker("/office/payments/<int:payment_id>", of="all")
def payment(house: House) -> dict[str, Any]:
    return {"payment_id": house.payment}


@maker("/office/payments/<int:payment_id>/refunds/<int:refund_id>", of="all")
def refund(house: House) -> dict[str, Any]:
    from shop.payments.models import Payment, PaymentState, Refund, RefundState

    with transaction() as s:
        paid = s.scalars(select(Payment).where(Payment.order_id == house.place().id)).one()
        paid.state, paid.captured_amount, paid.refunded_amount = PaymentState.CAPTURED, paid.amount, 1_000
        made = Refund(
            payment_id=paid.id, amount=1_000, state=RefundState.PENDING, reason="thử", op_key=key(), actor_key="system",
            actor_label="Hệ thống", created_at=clock.now(),
        )  # fmt: skip
        s.add(made)
    return {"payment_id": paid.id, "refund_id": made.id}


@maker("/office/payments/issues/<int:issue_id>", of="all")
def payment_issue(house: House) -> dict[str, Any]:
    from shop.payments.models import PaymentIssue

    with transaction() as s:
        made = PaymentIssue(
            kind="amount", payment_id=house.payment, key=key(), detail={"received": 1, "due": 2}, opened_at=clock.now()
        )
        s.add(made)
    return {"issue_id": made.id}


@maker("/don-hang/<reference>", of="buyer")
def own_order(house: House) -> dict[str, Any]:
    return {"reference": house.order.reference}


# --- counters ----------------------------------------------------------------------------------------------------


@maker("/office/tills/devices/<code>", of="point")
def device(house: House) -> dict[str, Any]:
    return {"code": house.till.code}


@maker("/office/tills/sessions/<int:session_id>", of="point")
def till_session(house: House) -> dict[str, Any]:
    from shop.till.models import TillSession

    return {"session_id": first(TillSession, TillSession.device_id == house.till.id).id}


@maker("/office/tills/refused/<int:event_id>", of="point")
def refused(house: House) -> dict[str, Any]:
    from shop.till.models import EventState, TillEvent

    return {
        "event_id": first(TillEvent, TillEvent.device_id == house.till.id, TillEvent.state == EventState.REFUSED).id
    }


@maker("/office/tills/odd/gap/<int:gap_id>", of="point")
def gap(house: House) -> dict[str, Any]:
    from shop.till.models import Gap

    return {"gap_id": first(Gap, Gap.device_id == house.till.id).id}


@maker("/office/tills/odd/notice/<int:notice_id>", of="point")
def notice(house: House) -> dict[str, Any]:
    from shop.till.models import Notice

    with transaction() as s:
        made = Notice(kind="clock-ahead", device_id=house.till.id, detail={}, opened_at=clock.now())
        s.add(made)
    return {"notice_id": made.id}


@maker("/office/tills/shortages/<reference>", of="point")
def shortage(house: House) -> dict[str, Any]:
    from shop.till.models import Shortage

    assert house.till
    return {"reference": first(Shortage, Shortage.point_id == house.point.id).reference}


@maker("/till/receipt/<number>.pdf", of="device")
def till_receipt(house: House) -> dict[str, Any]:
    from shop.till.models import TillSale

    return {"number": first(TillSale, TillSale.device_id == house.till.id).number}


# --- of all ------------------------------------------------------------------------------------------------------


@maker("/office/stock/lots/<int:lot_id>/resume", "/office/stock/lots/<int:lot_id>/stop", of="all")
@maker("/office/stock/lots/<int:lot_id>/swap", "/office/stock/lots/<int:lot_id>/papers", of="all")
def lot_of_all(house: House) -> dict[str, Any]:
    return lot(house)


@maker("/office/recalls/<reference>", of="all")
def recall(house: House) -> dict[str, Any]:
    from shop.recalls import services as recalls

    variant = factories.make_variant(f"Sá sùng {house.name}", producer=house.producer)
    from shop.stock.models import StockLevel

    bad = factories.put_in(variant, house.point, 3, lot_code="XAU")
    lot_id = session().get_one(StockLevel, bad).lot_id
    return {"reference": recalls.run(SYSTEM, lot_id, "Kiểm nghiệm vượt mức", "Mang đến điểm bán gần nhất.", key())}


@maker("/office/recalls/<reference>/buyers/<int:buyer_id>", of="all")
def recall_buyer(house: House) -> dict[str, Any]:
    from shop.recalls.models import Reach, Recall, RecallBuyer

    made = recall(house)
    with transaction() as s:
        row = RecallBuyer(
            recall_id=first(Recall, Recall.reference == made["reference"]).id, order_id=house.order.id, quantity=1,
            reach=Reach.CALL,
        )  # fmt: skip
        s.add(row)
    return made | {"buyer_id": row.id}


@maker("/office/recalls/<reference>/levels/<int:level_id>", of="all")
def recall_level(house: House) -> dict[str, Any]:
    from shop.recalls.models import Recall
    from shop.stock.models import StockLevel

    made = recall(house)
    lot_id = first(Recall, Recall.reference == made["reference"]).lot_id
    return made | {"level_id": first(StockLevel, StockLevel.lot_id == lot_id).id}


@maker("/office/messages/<reference>", of="all")
def message(house: House) -> dict[str, Any]:
    from shop.messages.models import Message, Topic

    with transaction() as s:
        made = Message(
            reference=text.reference(), topic=next(iter(Topic)), name=f"{BUYER} {house.name}", phone=PHONE,
            body="Hỏi về đơn hàng", created_at=clock.now(), updated_at=clock.now(),
        )  # fmt: skip
        s.add(made)
    return {"reference": made.reference}


@maker("/office/users/<int:user_id>", of="all")
def user(_house: House) -> dict[str, Any]:
    return {"user_id": people.make_user("Phạm Thị Kia").id}


@maker("/office/jobs/<int:job_id>", of="all")
def job(_house: House) -> dict[str, Any]:
    now = clock.now()
    with transaction() as s:
        made = jobs.Job(name="none", payload={}, state=jobs.JobState.FAILED, run_at=now, attempts=9, created_at=now)
        s.add(made)
    return {"job_id": made.id}


@maker("/office/rates/<int:table_id>", of="all")
def rate_table(_house: House) -> dict[str, Any]:
    from shop.delivery.models import RateTable

    with transaction() as s:
        made = RateTable(
            origin_code=f"{next(KEYS):02d}", name="Bảng thử", valid_from=clock.today() + timedelta(days=30),
            created_at=clock.now(), created_by="Hệ thống",
        )  # fmt: skip
        s.add(made)
    return {"table_id": made.id}


@maker("/office/settings/<key>", of="all")
def setting(_house: House) -> dict[str, Any]:
    from shop.kernel import settings

    return {"key": next(iter(settings.known))}


@maker("/office/places/<code>", of="shared", why="the gazetteer is public knowledge; who may change it has it for all")
def place(_house: House) -> dict[str, Any]:
    return {"code": "06661"}


# --- one's own ---------------------------------------------------------------------------------------------------


@maker("/tai-khoan/dia-chi/<reference>", of="user")
def own_address(house: House) -> dict[str, Any]:
    from shop.accounts.services import addresses

    owner = people.make_user(f"Chủ nhà {house.name}")
    given = addresses.AddressGiven("Chủ nhà", "0912345678", "12 Lê Lợi", "Hạ Long", "06661", "Quảng Ninh", "22")
    return {"user": owner, "reference": addresses.add_address(Actor("user", owner.name, owner.id), given)}


@maker("/tai-khoan/bao-mat/thiet-bi/<reference>", of="user")
def own_session(house: House) -> dict[str, Any]:
    from shop.accounts.models import UserSession

    owner, now = people.make_user(f"Chủ máy {house.name}"), clock.now()
    with transaction() as s:
        made = UserSession(
            token_hash=key(), user_id=owner.id, created_at=now, last_seen_at=now, expires_at=now + timedelta(days=1)
        )
        s.add(made)
    return {"user": owner, "reference": made.reference}
