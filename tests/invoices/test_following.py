"""Documents follow goods and money: written once when both are there, taken back when they go, never a number missing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from shop.invoices import forms
from shop.invoices.errors import AskedTooLate, DocumentStep, NothingToInvoice
from shop.invoices.invariants import _all
from shop.invoices.models import Invoice, InvoiceCounter, InvoiceState, Series
from shop.invoices.services import changing, following, issuing
from shop.kernel import clock, invariants, jobs
from shop.kernel.actor import GUEST
from shop.kernel.db import session, transaction
from shop.kernel.errors import ShopError
from shop.orders import services as orders
from shop.orders.models import Fulfilment, Order, OrderLineDiscount, RefusalWhy
from shop.orders.services import parcels, returns
from shop.payments.models import Payment
from shop.payments.services import refunds
from shop.settlement.models import LegalRole, Party
from tests.invoices.conftest import BUYER, broken, give_back, left, papers, told
from tests.promotions.conftest import make_code
from tests.settlement.conftest import DESK, Trade, key


def test_a_receipt_is_written_when_goods_and_money_are_there(trade: Trade) -> None:
    order = trade.order((trade.fish, 3, trade.levels["fish of the shop"]), fee=30_000, discount=50_000)
    trade.arrive(order, paid=False)
    jobs.dispatch()
    assert told(order) == [], "not paid"
    trade.pay(order)
    jobs.dispatch()
    (paper,) = papers(order)
    assert (paper.name[:2], paper.number, paper.total_amount) == ("BN", 1, 340_000)
    assert (paper.goods_amount, paper.discount_amount, paper.delivery_amount) == (360_000, 50_000, 30_000)
    line = paper.content["lines"][0]
    assert (line["quantity"], line["unit"], line["discount"], line["net"]) == (3, 120_000, 50_000, 310_000)
    assert paper.content["seller"]["key"] == "shop"
    assert following.follow(order) == [], "once"
    assert broken() == []


def test_a_counter_sale_has_one_and_returned_units_are_taken_back_at_what_was_paid(trade: Trade) -> None:
    order = trade.counter((trade.fish, 2), (trade.tea, 3), discount=10_001)
    jobs.dispatch()
    (first,) = papers(order)
    assert first.content["slip"].startswith("A9-")
    assert first.total_amount == 2 * 120_000 + 3 * 33_333 - 10_001
    tea = next(x for x in first.content["lines"] if x["sku"] == trade.tea.sku)
    trade.back(order, trade.tea, 1)
    give_back(order, tea["net"] // 3)
    jobs.dispatch()
    trade.back(order, trade.tea, 2)
    give_back(order, tea["net"] - tea["net"] // 3)
    jobs.dispatch()
    assert told(order)[1:] == [("GT", "return", tea["net"] // 3), ("GT", "return", tea["net"] - tea["net"] // 3)]
    assert [p.number for p in papers(order)] == [1, 1, 2]
    assert left(order) == first.total_amount - tea["net"]
    assert broken() == []


def test_money_without_goods_and_goods_before_money(trade: Trade) -> None:
    order = trade.order((trade.fish, 2, trade.levels["fish of the shop"]), fee=20_000)
    parcel = trade.arrive(order)
    jobs.dispatch()
    give_back(order, 60_000)
    jobs.dispatch()
    assert told(order) == [("BN", "sale", 260_000), ("GT", "refund", 60_000)]
    returns.take_back(DESK, parcel, restock=True, reason="không ưng")
    jobs.dispatch()
    # The goods were 240.000, of which 60.000 were taken back before.
    assert told(order)[2:] == [("GT", "return", 180_000)]
    give_back(order, 200_000)
    jobs.dispatch()
    assert told(order)[3:] == [("GT", "refund", 20_000)], "the rest was the delivery"
    assert left(order) == 0
    assert broken() == []


def test_goods_whose_money_went_back_first_are_not_taken_back_twice(trade: Trade) -> None:
    order = trade.counter((trade.fish, 2))
    jobs.dispatch()
    give_back(order, 120_000)
    jobs.dispatch()
    trade.back(order, trade.fish, 1)
    following.follow(order)
    assert told(order) == [("BN", "sale", 240_000), ("GT", "refund", 120_000)]
    assert (left(order), broken()) == (120_000, [])


def test_what_went_back_before_is_taken_off_and_refused_goods_never_stand(trade: Trade) -> None:
    shops = trade.levels["fish of the shop"]
    two = trade.order_of(
        trade.parcel((trade.fish, 2, shops), fee=20_000), trade.parcel((trade.fish, 1, shops)), discount=30_000
    )
    first, second = session().scalars(
        select(Fulfilment.id).where(Fulfilment.order_id == two).order_by(Fulfilment.number)
    )
    orders.confirm(DESK, two)
    parcels.refuse(DESK, second, None, RefusalWhy.SOLD_OUT, "hết hàng")
    trade.send(first)
    trade.pay(two)
    give_back(two, 10_000)
    jobs.dispatch()
    owed = session().get_one(Order, two).owed_amount
    assert owed < 260_000
    assert told(two) == [("BN", "sale", owed - 10_000)]
    assert [x["quantity"] for x in papers(two)[0].content["lines"]] == [2]
    assert broken() == []


def test_a_producer_who_sells_in_his_own_name_issues_himself(trade: Trade) -> None:
    trade.agree(role=LegalRole.INTERMEDIARY, freight_earner=Party.PRODUCER)
    trade.agree(trade.other)
    own, theirs, shops = (trade.levels[n] for n in ("fish", "fish of the other", "fish of the shop"))
    order = trade.order(
        (trade.fish, 1, own), (trade.fish, 2, theirs), (trade.fish, 1, shops), fee=9_000, discount=40_000
    )
    trade.arrive(order)
    jobs.dispatch()
    assert [(p.content["seller"]["key"], p.total_amount, p.number) for p in papers(order)] == [
        (f"producer:{trade.producer.id}", 110_000, 1),
        ("shop", 339_000, 1),
    ], "the other producer is sold for by the shop, which has the freight of a mixed parcel"
    alone = trade.order((trade.fish, 1, own), fee=9_000)
    trade.arrive(alone)
    jobs.dispatch()
    (paper,) = papers(alone)
    assert (paper.content["seller"]["name"], paper.number, paper.total_amount) == (trade.producer.name, 2, 129_000)
    trade.agree()  # sold by the shop from now on: what was written stays his, also what is taken back of it
    parcel = session().scalars(select(Fulfilment.id).where(Fulfilment.order_id == order)).one()
    returns.take_back(DESK, parcel, restock=True, reason="không ưng")
    jobs.dispatch()
    assert [(p.series.value, p.content["seller"]["key"], p.total_amount) for p in papers(order)[2:]] == [
        ("GT", f"producer:{trade.producer.id}", 110_000),
        ("GT", "shop", 330_000),
    ]
    assert broken() == []


def test_a_tax_invoice_at_once_later_and_changed(trade: Trade, turn) -> None:
    buyer = forms.tax_buyer(BUYER)
    early = trade.order((trade.fish, 1, trade.levels["fish of the shop"]))
    assert changing.ask(GUEST, early, buyer, key()) == {"documents": []}
    trade.arrive(early)
    jobs.dispatch()
    assert told(early) == [("HD", "sale", 120_000)]
    late = trade.order((trade.fish, 2, trade.levels["fish of the shop"]))
    trade.arrive(late)
    jobs.dispatch()
    give_back(late, 40_000)
    jobs.dispatch()
    same = key()
    first = changing.ask(GUEST, late, buyer, same)
    assert changing.ask(GUEST, late, buyer, same) == first, "the same key does it once"
    assert changing.ask(GUEST, late, buyer, key()) == {"documents": []}, "asking for what stands does nothing"
    assert told(late)[2:] == [("GT", "change", 200_000), ("HD", "change", 200_000)]
    tax = papers(late)[-1]
    assert (tax.buyer_tax_code, tax.content["buyer"]["company"]) == ("9900000016", "Công ty TNHH Minh Họa")
    assert tax.content["lines"][0]["quantity"] == 2
    other = forms.tax_buyer(BUYER | {"invoice_company": "Công ty Khác"})
    changing.change(DESK, tax.reference, other, "ghi sai tên", key())
    assert told(late)[4:] == [("GT", "change", 200_000), ("HD", "change", 200_000)]
    assert left(late) == 200_000
    with pytest.raises(DocumentStep):
        changing.void(DESK, tax.reference, "đã thay", key())
    newest = papers(late)[-1]
    assert changing.void(DESK, newest.reference, "sai địa chỉ người bán", key())["documents"] == [
        f"HD{newest.year % 100}-{newest.number + 1:06d}"
    ]
    assert (left(late), papers(late)[-2].state) == (200_000, InvoiceState.VOID)
    assert broken() == []
    turn(clock.now() + timedelta(days=16))
    with pytest.raises(AskedTooLate):
        changing.ask(GUEST, late, buyer, key())
    give_back(late, 200_000)
    with transaction():
        orders.refund_done(DESK, late)
    with pytest.raises(NothingToInvoice):
        changing.ask(GUEST, late, buyer, key())


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"invoice_tax_code": "9900000017"}, "invoice_tax_code"), ({"invoice_tax_code": "990000001"}, "invoice_tax_code"),
        ({"invoice_tax_code": "9900000016-000"}, "invoice_tax_code"), ({"invoice_tax_code": "٩٩٠٠٠٠٠٠١٦"}, "invoice_tax_code"),
        ({"invoice_company": " "}, "invoice_company"), ({"invoice_email": "a@"}, "invoice_email"),
        ({"invoice_address": "x" * 256}, "invoice_address"),
    ],
)  # fmt: skip
def test_what_is_no_buyer_of_a_tax_invoice_is_refused_at_its_field(change: dict[str, str], field: str) -> None:
    with pytest.raises(ShopError) as refused:
        forms.tax_buyer(BUYER | change)
    assert refused.value.field == field


def test_a_refund_that_bounces_voids_its_credit_note(trade: Trade) -> None:
    order = trade.order((trade.fish, 1, trade.levels["fish of the shop"]))
    trade.arrive(order)
    jobs.dispatch()
    payment = session().scalars(select(Payment).where(Payment.order_id == order)).one()
    give_back(order, 50_000)
    jobs.dispatch()
    with transaction():
        refunds._failed(refunds._locked(_refund(payment.id)), "ngân hàng trả lại")
    jobs.dispatch()
    assert told(order) == [("BN", "sale", 120_000), ("GT", "refund", 50_000)]
    assert papers(order)[1].state is InvoiceState.VOID
    assert left(order) == 120_000
    assert broken() == []


def _refund(payment_id: int) -> int:
    return int(session().scalar(text("SELECT max(id) FROM refunds WHERE payment_id = :p"), {"p": payment_id}) or 0)


def test_what_no_fact_told_of_is_found_and_what_was_before_is_left_alone(trade: Trade) -> None:
    from shop.invoices.tasks import write_missed
    from shop.kernel.jobs import Job

    order = trade.order((trade.fish, 1, trade.levels["fish of the shop"]))
    trade.arrive(order)
    jobs.dispatch()
    second = trade.order((trade.fish, 1, trade.levels["fish of the shop"]))
    before = trade.order((trade.fish, 1, trade.levels["fish of the shop"]))
    for each in (second, before):
        trade.arrive(each)
    with transaction() as s:
        s.query(Job).delete()
        s.execute(update(Order).where(Order.id == before).values(completed_at=clock.now() - timedelta(days=40)))
    write_missed()
    assert told(second) == [("BN", "sale", 120_000)]
    give_back(second, 120_000)
    with transaction() as s:
        s.query(Job).delete()
    write_missed()
    assert told(second)[1:] == [("GT", "refund", 120_000)]
    assert told(before) == [], "complete before the shop wrote documents here"
    assert broken() == []


def test_numbers_have_no_gaps_when_threads_write_and_fail(trade: Trade, together) -> None:
    shops = trade.levels["fish of the shop"]
    made = [trade.order((trade.fish, 1, shops)) for _ in range(8)]
    for order in made:
        trade.arrive(order)
    with trade.app.app_context(), transaction() as s:
        from shop.kernel.jobs import Job

        s.query(Job).delete()
        issuing.began(clock.now() - timedelta(days=1))  # as `prepare` notes it: else the first to write begins

    def write(order: int):
        def go() -> None:
            following.follow(order)

        return go

    def fail(order: int):
        def go() -> None:
            with transaction():
                following.follow(order)
                raise RuntimeError("rolled back with its number")

        return go

    session().rollback()
    together(trade.app, [write(o) for o in made[:6]] * 2 + [fail(o) for o in made[6:]])
    assert sorted(p.number for p in _all()) == list(range(1, 7))
    assert [len(papers(o)) for o in made] == [1] * 6 + [0] * 2
    for order in made[6:]:
        following.follow(order)
    assert (
        session().scalars(select(InvoiceCounter.last_number).where(InvoiceCounter.series == Series.RECEIPT)).one() == 8
    )
    assert broken() == []


FROZEN, SUMS, WITHIN = ("invoices.what-is-frozen-has-not-changed", "invoices.sums-are-those-of-the-order",
                        "invoices.credit-notes-do-not-exceed")  # fmt: skip
FAULTS = [
    ("invoices.numbers-have-no-gaps", "UPDATE invoices SET number = 9 WHERE number = 2 AND series = 'BN'"),
    ("invoices.numbers-have-no-gaps", "UPDATE invoice_counters SET last_number = last_number + 1"),
    (FROZEN, "UPDATE invoices SET digest = 'x' WHERE number = 1"),
    (FROZEN, "UPDATE invoices SET goods_amount = goods_amount + 1, total_amount = total_amount + 1"),
    (SUMS, "UPDATE order_lines SET quantity = 1, line_amount = unit_price_amount"),
    (SUMS, "UPDATE orders SET goods_amount = goods_amount - 7, total_amount = total_amount - 7"),
    ("invoices.what-was-handed-over-and-paid-has-its-document",
     "UPDATE invoices SET state = 'void', voided_at = issued_at WHERE series = 'BN'"),
    (WITHIN, "UPDATE invoices SET other_amount = 900000, total_amount = 900000 WHERE series = 'GT'"),
    (WITHIN, "UPDATE invoices SET corrects_id = id WHERE series = 'GT'"),
    ("invoices.what-went-back-has-its-credit-note",
     "UPDATE invoices SET state = 'void', voided_at = issued_at WHERE series = 'GT'"),
]  # fmt: skip


class _Undo(Exception):
    """The fault is taken back."""


def test_each_fault_is_found(trade: Trade, turn) -> None:
    made = [trade.order((trade.fish, 2, trade.levels["fish of the shop"])) for _ in range(2)]
    for order in made:
        trade.arrive(order)
        jobs.dispatch()
    give_back(made[0], 30_000)
    jobs.dispatch()
    turn(clock.now() + timedelta(hours=1))
    assert broken() == []
    for name, fault in FAULTS:
        with pytest.raises(_Undo), transaction() as s:
            s.execute(text(fault))
            s.expire_all()
            assert list(invariants._checks[name]()), (name, fault)
            raise _Undo
    assert broken() == []


def test_documents_are_not_of_deposits_or_unknown_orders(trade: Trade) -> None:
    assert following.follow(987_654) == []
    assert session().scalars(select(Invoice.id)).all() == []


def test_a_named_discount_stands_on_its_own_line_and_goes_back_with_it(trade: Trade) -> None:
    code = make_code()
    shops, theirs = trade.levels["fish of the shop"], trade.levels["tea"]
    order = trade.order((trade.fish, 2, shops), (trade.tea, 1, theirs), fee=20_000, discount=65_000)
    fish = next(x for x in session().get_one(Order, order).lines if x.variant_id == trade.fish.id)
    parcel = fish.fulfilment_id
    named = {"order_id": order, "fulfilment_id": parcel, "promotion_id": code.id, "payer": code.payer, "units": 1}
    with transaction() as s:
        s.add(OrderLineDiscount(line_id=fish.id, name="Chả mực thứ hai nửa giá", amount=60_000, **named))
        s.add(OrderLineDiscount(line_id=None, name="Giao rẻ", amount=5_000, **named))
    trade.arrive(order)
    jobs.dispatch()
    (paper,) = papers(order)
    assert [(x["sku"], x["net"]) for x in paper.content["lines"]] == [
        (trade.fish.sku, 180_000),
        (trade.tea.sku, 33_333),
    ]
    assert (paper.delivery_amount, paper.content["promotions"]) == (15_000, ["Chả mực thứ hai nửa giá", "Giao rẻ"])
    assert paper.total_amount == 228_333
    assert broken() == []
