"""Every page of staff about points, goods, counters and money, on a phone of 360 px: axe finds nothing, nothing must be panned.

One shop with one paper of each kind, in a state in which its page shows most."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from shop.accounts import queries as accounts
from shop.catalog.models import Product, Variant
from shop.counts import queries as count_queries
from shop.counts import services as counts
from shop.counts.models import CountKind, WriteOffReason
from shop.inspections import criteria
from shop.inspections import services as inspections
from shop.inspections.models import Verdict
from shop.kernel import clock
from shop.kernel import operations as op
from shop.kernel.actor import Actor
from shop.kernel.db import db, session
from shop.points import queries as points
from shop.recalls import queries as recall_queries
from shop.recalls import services as recalls
from shop.receipts import queries as receipt_queries
from shop.receipts import services as receipts
from shop.receipts.models import Terms
from shop.receipts.services import Came, Wanted
from shop.stock.models import StockLevel
from shop.stock.services import lots
from shop.till.models import EventState, TillEvent, TillSession
from shop.till.services import devices
from shop.transfers import services as transfers
from tests.conftest import Run, _build
from tests.servers import LiveServer, Seeded
from tests.till.conftest import Device

pytestmark = pytest.mark.one_database

BOSS = Actor("user", "Trần Thị Quản", 7)
LONG = "Một dòng ghi chú dài để xem trang có còn vừa màn hình hẹp hay không, kể cả chữliềnkhôngcóchỗngắtnàocả"


@pytest.fixture(scope="module")
def live_server(seeded: Seeded, run: Run) -> Iterator[LiveServer]:
    with LiveServer.on_copy(seeded, run) as server:
        yield server


def _photo() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (400, 300), (20, 90, 90)).save(out, "JPEG")
    return out.getvalue()


@pytest.fixture(scope="module")
def papers(live_server: LiveServer, run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What the addresses of the pages name."""
    app = _build(live_server.database_url, tmp_path_factory.mktemp("papers"))
    with app.app_context():
        found = _made(app, live_server)
        session().close()
        yield found
        db.engine.dispose()


def _made(app: Any, server: LiveServer) -> dict[str, Any]:
    known = server.user("point_keeper")
    here = points.point(int(known["scope"].partition(":")[2]))
    there = next(p for p in points.open_points() if p.id != here.id)
    keeper = accounts.by_username(known["username"])
    assert keeper is not None
    product = (
        session()
        .scalars(
            select(Product).where(Product.producer_id.is_not(None), Product.is_alcohol.is_(False)).order_by(Product.id)
        )
        .first()
    )
    goods = session().scalars(select(Variant).where(Variant.product_id == product.id)).first()
    found: dict[str, Any] = {"here": here.slug, "there": there.slug, "sku": goods.sku, "product": product.slug}

    delivery = receipts.expect(
        BOSS, product.producer_id, here.id, Terms.CONSIGNMENT, clock.today(), {goods.id: Wanted(60, 90_000)},
        note=LONG, op_key=op.new_key(),
    )  # fmt: skip
    row, _view = receipt_queries.delivery(delivery)
    [line] = receipt_queries.lines(row.id)
    came = Came(40, 2, "dập", "L-2411", clock.today(), clock.today() + timedelta(days=5))
    receipts.receive(BOSS, delivery, {line.line_id: came}, paper_number="PX-12", paper=_photo(), op_key=op.new_key())
    level = (
        session().scalars(select(StockLevel).where(StockLevel.variant_id == goods.id, StockLevel.owner != "shop")).one()
    )
    found |= {"delivery": delivery, "level": level.id, "lot": level.lot_id}
    found["trace"] = lots.trace_code(BOSS, level.lot_id)

    def transfer(source: Any, target: Any, upto: str) -> str:
        made = transfers.ask(BOSS, source.id, target.id, {goods.id: 3}, op.new_key(), note=LONG)
        if upto == "asked":
            return made
        transfers.approve(BOSS, made, {}, op.new_key())
        transfers.pack(BOSS, made, {level.id: 3}, op.new_key())
        if upto == "road":
            transfers.dispatch(BOSS, made, op.new_key())
        return made

    found["asked"] = transfer(there, here, "asked")
    found["packed"] = transfer(here, there, "packed")
    found["road"] = transfer(here, there, "road")

    found["count"] = counts.open_count(
        BOSS, here.id, CountKind.SHELF, level_ids=[level.id], shelf="Kệ đầu", op_key=op.new_key()
    )
    handed = counts.open_count(BOSS, here.id, CountKind.SHELF, level_ids=[level.id], shelf=LONG, op_key=op.new_key())
    [counted] = count_queries.lines(count_queries.view(handed).id)
    counts.write(BOSS, handed, {counted.line_id: counts.Counted(0, LONG)})
    counts.submit(BOSS, handed)
    found["handed"] = handed
    found["off"] = counts.write_off(
        BOSS, level.id, 30, WriteOffReason.OTHER, note=LONG, photo=_photo(), op_key=op.new_key()
    )  # fmt: skip

    edition = criteria.edition_for(clock.today())
    inspections.record(
        BOSS, here.id, held_on=clock.today(), inspector="Phạm Văn An, Sở Công Thương", op_key=op.new_key(),
        seen=[inspections.Seen(c.code, Verdict.NOT_MET, LONG, _photo()) for c in edition.criteria],
    )  # fmt: skip

    devices.set_pin(BOSS, keeper.id, "2580")
    device_id = devices.create(BOSS, "Z1", "Máy cầu cảng", here.id)
    code = devices.new_code(BOSS, device_id).code
    token = app.test_client().post("/till/api/enrol", json={"code": code, "device_name": "thử"}).get_json()["token"]
    till = Device(app, "Z1", token, device_id, keeper)
    results = till.send(
        till.open(), till.sale(till.line(goods, 900)), till.cash(-50_000, LONG),
        till.event("ask", {"session": till.session, "variant_id": None, "text": LONG[:80], "quantity": 2}),
        till.sale(till.line(goods, 1), number="Z1-000009"),  # numbers are missing before it
        till.sale(till.line(goods, 1), number="Z1-000010", total_amount=1),
    )  # fmt: skip
    assert [r["status"] for r in results] == ["done"] * 5 + ["refused"]
    found["session"] = session().scalars(select(TillSession.id).order_by(TillSession.id.desc())).first()
    found["shortage"] = "Z1-000001-1"
    found["refused"] = session().scalars(select(TillEvent.id).where(TillEvent.state == EventState.REFUSED)).first()

    recalls.run(
        BOSS,
        level.lot_id,
        "Nghi nhiễm vi sinh theo kết quả kiểm nghiệm",
        "Xin đừng ăn, mang trả nơi mua.",
        op.new_key(),
    )
    found["recall"] = recall_queries.of_lot(level.lot_id).reference
    return found


STAFF = """
/office /office/stock /office/stock/{level} /office/stock/lots /office/stock/lots/{lot}
/office/transfers /office/transfers/new?from={here} /office/transfers/{asked} /office/transfers/{packed}
/office/transfers/{road}
/office/targets /office/targets/at/{here} /office/targets/suggested
/office/receipts /office/receipts/new?sku={sku} /office/receipts/{delivery}
/office/counts /office/counts/new?point={here} /office/counts/{count} /office/counts/{handed}
/office/write-offs /office/write-offs/new?point={here} /office/write-offs/new?level={level} /office/write-offs/{off}
/office/recalls /office/recalls/new?q=L-2411 /office/recalls/{recall}
/office/inspections /office/inspections/{here}
/office/tills /office/tills/devices /office/tills/devices/Z1 /office/tills/sessions/{session} /office/tills/shortages
/office/tills/shortages/{shortage} /office/tills/refused /office/tills/refused/{refused} /office/tills/odd /office/tills/asks
/office/tills/pin /office/points/{here}
"""
KEEPER = """
/office /office/my-points /office/stock /office/stock/{level} /office/stock/lots/{lot}
/office/transfers /office/transfers/{asked} /office/transfers/{packed} /office/targets/at/{here}
/office/receipts/new?q=a /office/receipts/{delivery} /office/counts/{count} /office/counts/{handed} /office/write-offs/{off}
/office/inspections/{here} /office/tills /office/tills/asks /office/tills/sessions/{session}
"""
# The money of a shop in which little has happened: most of these lists are empty and say what will stand there.
MONEY = """
/office/payments /office/payments/transfers /office/payments/issues /office/payments/refunds /office/payments/disputes
/office/payments/gateway /office/payments/payouts /office/returns /office/bank /office/bank/lines /office/bank/files
/office/bank/accounts /office/ledger /office/ledger/days /office/ledger/hand /office/remittances
/office/remittances/batches /office/remittances/buyers /office/remittances/cash /office/remittances/holders
/office/remittances/parcels /office/promotions /office/promotions/report /office/invoices
"""
PUBLIC = "/truy-xuat /truy-xuat/{trace} /truy-xuat/AAAA-AAAA /en/truy-xuat/{trace} /tro-giup/chung-nhan"


@pytest.mark.parametrize(
    ("role", "addresses"),
    [("promotion_staff", STAFF), ("point_keeper", KEEPER), ("order_desk", MONEY), ("", PUBLIC)],
    ids=["staff", "keeper", "money", "public"],
)
def test_pages_of_points_counters_and_money_on_a_phone(role, addresses, papers, phone, sign_in, axe, fits):
    if role:
        sign_in(phone, role)
    wrong = []
    for address in addresses.split():
        address = address.format(**papers)
        answer = phone.goto(address)
        if answer.status != (404 if "AAAA" in address else 200):
            wrong.append(f"{address}: {answer.status}")
            continue
        for check in (axe, fits):
            try:
                check(phone)
            except AssertionError as error:
                wrong.append(str(error)[:800])
    assert not wrong, "\n".join(wrong)
