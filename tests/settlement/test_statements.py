"""A statement is frozen when it is closed, agreed by both sides, paid once; what comes to light later stands in the next."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from shop.accounts.permissions import Role
from shop.banking.errors import CannotUndo
from shop.banking.models import Allocation, BankLine, LineState, Use
from shop.banking.services import accounts, handling
from shop.kernel import clock, invariants, jobs, settings
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid, NotFound
from shop.kernel.mail import Letter
from shop.settlement import rules
from shop.settlement.errors import (
    BankReferenceUsed,
    NoAgreement,
    NothingToPay,
    PeriodNotOver,
    RateDayTaken,
    SettlementStep,
    TwoPeople,
)
from shop.settlement.models import (
    Batch,
    Correction,
    Entry,
    EntryKind,
    Payout,
    PayoutState,
    PeriodKind,
    Remark,
    Statement,
    StatementState,
    TaxKind,
    TaxStatus,
)
from shop.settlement.queries import statements as statements_read
from shop.settlement.services import agreements, corrections, payouts, rates, statements
from tests.banking.conftest import lines as bank_lines
from tests.banking.conftest import send, statement, told
from tests.people import make_user, sign_in
from tests.settlement.conftest import BOSS, DESK, OWNER, Trade, Turn, broken, entries, key, last_month, settle, sums


@pytest.fixture
def sold(trade: Trade, turn: Turn) -> Trade:
    """Three fish cakes sold at the counter last month, with an agreement; it is today again."""
    today, now = clock.today(), clock.now()
    turn(last_month())
    trade.agree(since=last_month() - timedelta(days=60))
    trade.counter((trade.fish, 3))
    settle()
    turn(now)
    assert clock.today() == today
    return trade


def _owed(row: Statement) -> tuple[int, int, int]:
    return row.opening_amount, row.entries_amount, row.closing_amount


def test_closing_freezes_and_a_late_return_stands_in_the_next(sold: Trade) -> None:
    row = sold.close()
    assert row.state is StatementState.CLOSED
    assert _owed(row) == (0, 306_000, 306_000)
    assert row.totals == [
        ["commission", "point", sold.point.id, "Bến tàu Thử", 1, 0, -54_000],
        ["sale", "point", sold.point.id, "Bến tàu Thử", 1, 3, 360_000],
    ]
    order = entries(EntryKind.SALE)[0].order_id
    sold.back(order, sold.fish, 1)
    settle()
    assert _owed(sold.statement(row.reference)) == (0, 306_000, 306_000)
    assert broken() == []
    following = sold.open()
    assert following.from_on == row.to_on + timedelta(days=1)
    assert sums() == {"sale": 360_000, "return": -120_000, "commission": -36_000}


def test_a_negative_balance_is_carried_over(sold: Trade, turn: Turn) -> None:
    first = sold.close()
    order = entries(EntryKind.SALE)[0].order_id
    sold.back(order, sold.fish, 3)
    corrections.correct(DESK, sold.producer.id, 50_000, "Chở hàng giúp cửa hàng", op_key=key())
    turn(clock.add_months(clock.today().replace(day=1), 1) + timedelta(days=2))
    second = sold.close()
    assert _owed(second) == (0, -256_000, -256_000)
    assert second.payable_amount == 0
    statements.agree(OWNER, second.reference)
    with pytest.raises(NothingToPay):
        payouts.prepare(DESK, [second.reference], op_key=key())
    assert sold.open().opening_amount == -256_000
    assert first.payable_amount == 306_000
    assert broken() == []


def test_what_cannot_be_closed(sold: Trade, turn: Turn) -> None:
    row = sold.close()
    with pytest.raises(SettlementStep):
        statements.close(DESK, row.reference, op_key=key())
    with pytest.raises(PeriodNotOver):
        statements.close(DESK, sold.open().reference, op_key=key())
    with pytest.raises(NotFound):
        statements.close(DESK, "D-XXXX-XXXX", op_key=key())
    now = clock.now()
    turn(last_month())
    sold.counter((sold.tea, 1))
    settle()
    turn(now)
    with pytest.raises(NoAgreement):
        statements.close(DESK, sold.open(sold.other).reference, op_key=key())
    assert sold.open(sold.other).state is StatementState.OPEN
    assert broken() == []


def test_an_empty_period_is_passed_over(sold: Trade, turn: Turn) -> None:
    sold.close()
    turn(clock.add_months(clock.today().replace(day=1), 1) + timedelta(days=2))
    before = sold.open()
    span = (before.from_on, before.to_on)
    assert statements.close(DESK, before.reference, op_key=key()).passed_over
    after = sold.open()
    assert after.reference == before.reference
    assert after.from_on == span[1] + timedelta(days=1)
    assert broken() == []


def test_half_months_and_a_new_agreement_from_a_day_on(trade: Trade, turn: Turn) -> None:
    now, then = clock.now(), last_month().replace(day=3)
    turn(then)
    trade.agree(since=then - timedelta(days=40), period=PeriodKind.HALF_MONTH)
    trade.counter((trade.fish, 1))
    settle()
    assert trade.open().to_on == then.replace(day=15)
    trade.agree(since=then - timedelta(days=2), period=PeriodKind.HALF_MONTH, rates=agreements.Rates(0, 0, 0))
    trade.counter((trade.fish, 1))
    settle()
    turn(then + timedelta(days=1))
    trade.counter((trade.fish, 1))
    settle()
    # The day on which it was agreed is still under the old one: nothing is changed behind a day that has begun.
    assert [e.amount for e in entries(EntryKind.COMMISSION)] == [-18_000, -18_000, 0]
    turn(now)
    row = trade.close()
    assert (row.from_on, row.to_on) == (then.replace(day=1), then.replace(day=15))
    assert trade.open().from_on == then.replace(day=16)
    assert broken() == []


def test_disputed_answered_corrected_agreed(sold: Trade) -> None:
    row = sold.close()
    line = entries(EntryKind.SALE)[0]
    with pytest.raises(Invalid):
        statements.dispute(OWNER, row.reference, "ừ", op_key=key())
    with pytest.raises(NotFound):
        statements.dispute(OWNER, row.reference, "dòng của ai đó", [10**9], op_key=key())
    same = key()
    for _ in range(2):
        statements.dispute(OWNER, row.reference, "Tôi giao bốn gói, không phải ba", [line.id], op_key=same)
    statements.dispute(OWNER, row.reference, "Thiếu tiền chở hàng tháng trước", op_key=key())
    assert sold.statement(row.reference).state is StatementState.DISPUTED
    with pytest.raises(SettlementStep):
        statements.agree(OWNER, row.reference)
    first, second = session().query(Remark).order_by(Remark.id).all()
    assert (first.entry_id, second.entry_id) == (line.id, None)
    statements.answer(DESK, first.reference, "Đúng, bù một gói", 102_000, op_key=key())
    assert sold.statement(row.reference).state is StatementState.DISPUTED
    with pytest.raises(SettlementStep):
        statements.answer(DESK, first.reference, "lần nữa xem sao", 5, op_key=key())
    statements.answer(DESK, second.reference, "Đã trả ngày 3, xem phiếu chi", op_key=key())
    assert sold.statement(row.reference).state is StatementState.ANSWERED
    statements.agree(OWNER, row.reference)
    closed = sold.statement(row.reference)
    assert (closed.state, closed.closing_amount, closed.agreed_label) == (StatementState.AGREED, 306_000, OWNER.label)
    (fix,) = entries(EntryKind.CORRECTION)
    assert (fix.amount, fix.parent_id) == (102_000, line.id)
    assert broken() == []


def test_large_corrections_need_two(trade: Trade) -> None:
    settings.change(BOSS, rules.CORRECTION_LIMIT.key, "100000")
    ask = lambda n: corrections.correct(  # noqa: E731
        DESK, trade.producer.id, n, "Thử điều chỉnh", op_key=key()
    )  # fmt: skip
    ask(-100_000)
    assert sums() == {"correction": -100_000}
    large = ask(100_001)
    assert sums() == {"correction": -100_000}
    with pytest.raises(TwoPeople):
        corrections.decide(DESK, large, agree=True)
    with pytest.raises(Invalid):
        corrections.decide(BOSS, large, agree=False)
    corrections.decide(BOSS, large, agree=True)
    assert sums() == {"correction": 1}
    with pytest.raises(SettlementStep):
        corrections.decide(BOSS, large, agree=True)
    refused = ask(500_000)
    corrections.decide(BOSS, refused, agree=False, note="không đúng")
    assert sums() == {"correction": 1}
    for amount, reason in ((0, "đủ dài rồi"), (5, "x")):
        with pytest.raises(Invalid):
            corrections.correct(DESK, trade.producer.id, amount, reason, op_key=key())
    assert broken() == []


def test_who_says_nothing_agrees(sold: Trade, turn: Turn) -> None:
    row = sold.close()
    assert statements.agree_overdue() == 0
    turn(clock.now() + timedelta(days=8))
    assert statements.agree_overdue() == 1
    found = sold.statement(row.reference)
    assert (found.state, found.agreed_by) == (StatementState.AGREED, "system")
    assert broken() == []


def test_letters_reach_owners_and_the_money_people(sold: Trade) -> None:
    scope = f"producer:{sold.producer.id}"
    make_user("Chủ", (Role.PRODUCER_OWNER, scope), email="chu@example.vn")
    make_user("Kế toán", (Role.PRODUCER_MONEY, scope), email="tien@example.vn", locale="en")
    make_user("Đóng gói", (Role.PRODUCER_PACKING, scope), email="goi@example.vn")
    row = sold.close()
    jobs.dispatch()
    letters = {x.recipient: x for x in session().query(Letter).filter_by(kind="statement-closed")}
    assert set(letters) == {"chu@example.vn", "tien@example.vn"}
    assert row.reference in letters["chu@example.vn"].subject
    assert f"/en/producer/statements/{row.reference}" in letters["tien@example.vn"].body_text


def test_withholding_follows_what_was_stated_and_entered(trade: Trade) -> None:
    settings.change(BOSS, rules.ROLE.key, "intermediary")
    settings.forget()
    trade.agree(tax_kind=TaxKind.HOUSEHOLD, tax_status=TaxStatus.TAXABLE)
    trade.agree(trade.other, tax_kind=TaxKind.HOUSEHOLD, tax_status=TaxStatus.BELOW)
    trade.counter((trade.fish, 1))
    settle()
    assert "vat" not in sums(), "no rate was entered, none is made up"
    today = clock.today()
    rates.enter(BOSS, TaxKind.HOUSEHOLD, today, 100, 50, "Điều 9 luật thử", key())
    with pytest.raises(RateDayTaken):
        rates.enter(BOSS, TaxKind.HOUSEHOLD, today, 200, 50, "Điều 9 luật thử", key())
    with pytest.raises(Invalid):
        rates.enter(BOSS, TaxKind.ORGANISATION, today, 100, 50, "Điều 9 luật thử", key())
    order = trade.counter((trade.fish, 1), (trade.tea, 1))
    settle()
    assert (sums(trade.producer)["vat"], sums(trade.producer)["income"]) == (-1_200, -600)
    assert "vat" not in sums(trade.other)
    trade.back(order, trade.fish, 1)
    settle()
    assert (sums(trade.producer)["vat"], sums(trade.producer)["income"]) == (0, 0)
    settings.change(BOSS, rules.ROLE.key, "direct")
    settings.forget()
    trade.counter((trade.fish, 1))
    settle()
    assert sums(trade.producer)["vat"] == 0
    assert broken() == []


# --- payouts -----------------------------------------------------------------------------------------------------


@pytest.fixture
def agreed(sold: Trade) -> str:
    """An agreed statement of a producer with an account."""
    sold.bank()
    row = sold.close()
    statements.agree(OWNER, row.reference)
    return row.reference


def _payouts() -> list[Payout]:
    session().expire_all()
    return session().query(Payout).order_by(Payout.id).all()


def test_two_people_pay_once(sold: Trade, agreed: str) -> None:
    batch = payouts.prepare(DESK, [agreed], op_key=key())
    with pytest.raises(NothingToPay):
        payouts.prepare(DESK, [agreed], op_key=key())
    with pytest.raises(TwoPeople):
        payouts.approve(DESK, batch, op_key=key())
    payouts.approve(BOSS, batch, op_key=key())
    (row,) = _payouts()
    assert (row.amount, row.account_number, row.state) == (306_000, "0011001234567", PayoutState.APPROVED)
    assert row.memo.isascii()
    with pytest.raises(Invalid):
        payouts.paid(BOSS, row.reference, "FT1", clock.today() + timedelta(days=1), op_key=key())
    same = key()
    for _ in range(2):
        payouts.paid(BOSS, row.reference, "FT2633 11", clock.today(), op_key=same)
    with pytest.raises(SettlementStep):
        payouts.failed(BOSS, row.reference, "muộn rồi", op_key=key())
    assert sold.statement(agreed).state is StatementState.PAID
    assert broken() == []


def test_what_failed_is_payable_again(sold: Trade, agreed: str) -> None:
    first = payouts.prepare(DESK, [agreed], op_key=key())
    payouts.approve(BOSS, first, op_key=key())
    payouts.failed(BOSS, _payouts()[0].reference, "Sai tên", op_key=key())
    assert sold.statement(agreed).state is StatementState.AGREED
    second = payouts.prepare(DESK, [agreed], op_key=key())
    payouts.cancel(DESK, second, "lập nhầm")
    third = payouts.prepare(DESK, [agreed], op_key=key())
    payouts.approve(BOSS, third, op_key=key())
    payouts.paid(BOSS, _payouts()[-1].reference, "FT-7", clock.today(), op_key=key())
    assert [p.state for p in _payouts()] == [PayoutState.FAILED, PayoutState.DROPPED, PayoutState.PAID]
    assert broken() == []


def test_held_without_an_account_or_with_a_new_one(sold: Trade) -> None:
    row = sold.close()
    statements.agree(OWNER, row.reference)
    payouts.prepare(DESK, [row.reference], op_key=key())
    sold.bank(ago=100)
    sold.bank(number="0099", ago=1)
    payouts.prepare(DESK, [row.reference], op_key=key())
    assert [(p.state, p.reason) for p in _payouts()] == [
        (PayoutState.HELD, payouts.NO_ACCOUNT), (PayoutState.HELD, payouts.NEW_ACCOUNT)
    ]  # fmt: skip
    settings.change(BOSS, rules.ACCOUNT_DAYS.key, "0")
    settings.forget()
    batch = payouts.prepare(DESK, [row.reference], op_key=key())
    assert _payouts()[-1].account_number == "0099"
    sold.bank(number="0077", ago=0)
    payouts.approve(BOSS, batch, op_key=key())
    assert (_payouts()[-1].state, _payouts()[-1].reason) == (PayoutState.HELD, payouts.OTHER_ACCOUNT)
    assert sold.statement(row.reference).state is StatementState.AGREED
    assert broken() == []


def test_a_bank_reference_stands_for_one_payout(sold: Trade, agreed: str, turn: Turn) -> None:
    now = clock.now()
    turn(last_month())
    sold.agree(sold.other)
    sold.counter((sold.tea, 2))
    settle()
    turn(now)
    sold.bank(sold.other, number="0088")
    other = sold.close(sold.other)
    statements.agree(OWNER, other.reference)
    batch = payouts.prepare(DESK, [agreed, other.reference], op_key=key())
    payouts.approve(BOSS, batch, op_key=key())
    one, two = _payouts()
    payouts.paid(BOSS, one.reference, "FT1", clock.today(), op_key=key())
    with pytest.raises(BankReferenceUsed):
        payouts.paid(BOSS, two.reference, "ft1", clock.today(), op_key=key())
    assert broken() == []


# --- races -------------------------------------------------------------------------------------------------------


def test_two_closers_close_once(app: Any, sold: Trade, together: Callable[..., Any]) -> None:
    reference = sold.open().reference
    session().rollback()
    outcomes = together(app, lambda: statements.close(DESK, reference, op_key=key()), times=4)
    assert sorted(type(o.error).__name__ for o in outcomes) == ["NoneType", *["SettlementStep"] * 3]
    assert _owed(sold.statement(reference)) == (0, 306_000, 306_000)
    assert session().query(Statement).count() == 2
    assert broken() == []


def test_two_preparers_and_two_payers_pay_once(
    app: Any, sold: Trade, agreed: str, together: Callable[..., Any]
) -> None:
    session().rollback()
    outcomes = together(app, lambda: payouts.prepare(DESK, [agreed], op_key=key()), times=4)
    assert sorted(type(o.error).__name__ for o in outcomes) == ["NoneType", *["NothingToPay"] * 3]
    (row,) = _payouts()
    payouts.approve(BOSS, session().query(Batch).one().reference, op_key=key())
    reference = row.reference
    session().rollback()
    numbers = iter(range(100))
    pay = lambda: payouts.paid(  # noqa: E731
        BOSS, reference, f"FT-{next(numbers)}-X", clock.today(), op_key=key()
    )  # fmt: skip
    fail = lambda: payouts.failed(BOSS, reference, "ngân hàng báo lỗi", op_key=key())  # noqa: E731
    outcomes = together(app, [pay, fail, pay, fail])
    assert sum(o.error is None for o in outcomes) == 1
    assert {type(o.error).__name__ for o in outcomes} == {"NoneType", "SettlementStep"}
    assert broken() == []


# --- the audit sees it -------------------------------------------------------------------------------------------


def _plant(change: Callable[[Any], None]) -> set[str]:
    session().rollback()
    with transaction() as s:
        change(s)
    return {line.partition(":")[0] for line in broken()}


def test_faults_are_found_by_the_audit(sold: Trade, agreed: str, turn: Turn) -> None:
    order = entries(EntryKind.SALE)[0].order_id
    sold.back(order, sold.fish, 3)
    batch = payouts.prepare(DESK, [agreed], op_key=key())
    payouts.approve(BOSS, batch, op_key=key())
    large = corrections.correct(DESK, sold.producer.id, 900_000, "Chờ người thứ hai", op_key=key())
    settle()
    turn(clock.now() + timedelta(hours=3))
    assert broken() == []
    sale = lambda s: s.query(Entry).filter_by(kind=EntryKind.SALE).one()  # noqa: E731

    def more(s: Any) -> None:
        sale(s).quantity = 4

    def dearer(s: Any) -> None:
        sale(s).amount += 1

    def commission(s: Any) -> None:
        s.query(Entry).filter(Entry.cause.like("commission/sale:%")).one().amount = -1

    def lost(s: Any) -> None:
        s.query(Entry).filter(Entry.cause.like("commission/return:%")).delete(synchronize_session=False)

    def total(s: Any) -> None:
        row = s.query(Statement).filter_by(reference=agreed).one()
        row.totals = [[*row.totals[0][:6], 5]]

    def opening(s: Any) -> None:
        row = s.query(Statement).filter_by(state=StatementState.OPEN).one()
        row.opening_amount, row.closing_amount = -5, -5

    def unpaid(s: Any) -> None:
        s.query(Statement).filter_by(reference=agreed).one().state = StatementState.PAID

    def alone(s: Any) -> None:
        s.query(Correction).filter_by(reference=large).one().decided_by = "user:1"
        s.query(Correction).filter_by(reference=large).one().state = "posted"

    def payout(s: Any) -> None:
        s.query(Payout).one().amount = 7

    faults: list[tuple[Callable[[Any], None], set[str]]] = [
        (more, {"what-was-sold-is-owed", "amounts-are-units-at-their-price", "closed-statements-keep-their-seal",
                "statements-are-their-lines"}),
        (dearer, {"amounts-are-units-at-their-price", "statements-are-their-lines", "closed-statements-keep-their-seal"}),
        (commission, {"commission-adds-up"}),
        (lost, {"agreements-are-applied", "commission-adds-up"}),
        (total, {"statements-are-their-lines"}),
        (opening, {"debts-are-carried"}),
        (unpaid, {"paid-once", "history-is-a-chain"}),
        (alone, {"corrections-are-posted", "history-is-a-chain"}),
        (payout, {"paid-once"}),
    ]  # fmt: skip
    seen: set[str] = set()
    for change, wanted in faults:
        found = {name.removeprefix("settlement.") for name in _plant(change)}
        assert wanted <= found, change.__name__
        seen |= found
    assert "debts-are-carried" in seen


def test_the_web_is_one_place_whichever_shelf_goods_came_from() -> None:
    total = statements_read.Total
    sale, found = EntryKind.SALE, statements_read._by_place
    web = [total(sale, "web", 1, "Kho", 2, 3, 300), total(sale, "web", 2, "Bến", 1, 1, 100)]
    points = [total(sale, "point", 1, "Kho", 1, 1, 50), total(sale, "point", 2, "Bến", 1, 2, 70)]
    assert found([*web, *points]) == [total(sale, "web", None, "", 3, 4, 400), *points]
    assert found([*web, total(EntryKind.COMMISSION, "web", 1, "Kho", 2, 0, -30)])[1].amount == -30


# --- the bank's line of a payout ----------------------------------------------------------------------------------


def _line_of(amount: int, memo: str, reference: str = "") -> BankLine:
    """A line of the shop's account, sorted by the machine."""
    found = accounts.find("970436", "0123456789")
    account = found.reference if found else accounts.add(DESK, "970436", "0123456789", "Chợ Bến")
    send(account, statement(told(-amount, memo, reference or None)))
    return bank_lines()[-1]


def test_the_banks_line_confirms_a_payout(sold: Trade, agreed: str) -> None:
    batch = payouts.prepare(DESK, [agreed], op_key=key())
    amount = _payouts()[0].amount
    assert _line_of(amount, f"Cho Ben tra {agreed}", "FT2633001").hint is None  # not approved yet
    payouts.approve(BOSS, batch, op_key=key())
    row = _payouts()[0]
    line = _line_of(amount, f"CHO BEN TRA {agreed.replace('-', ' ')} 001", "FT2633002")
    assert line.hint is not None
    assert (line.hint["kind"], line.hint["reference"]) == ("payout", row.reference)
    assert "reference" in line.hint["reasons"]
    handling.confirm(BOSS, line.reference, "payout", row.reference, line.version, op_key=key())
    row = _payouts()[0]
    assert (row.state, row.bank_reference, row.paid_on) == (PayoutState.PAID, "FT2633002", line.booked_on)
    line = bank_lines()[-1]
    assert line.state is LineState.CONFIRMED
    part = session().query(Allocation).filter_by(line_id=line.id).one()
    with pytest.raises(CannotUndo):  # that takes the right of payouts
        handling.undo(BOSS, line.reference, part.id, line.version, op_key=key())
    assert _sound()
    handling.undo(BOSS, line.reference, part.id, line.version, frozenset({Use.PAYOUT}), op_key=key())
    row, line = _payouts()[0], bank_lines()[-1]
    assert (row.state, row.bank_reference, row.paid_on, row.settled_at) == (PayoutState.APPROVED, None, None, None)
    assert (line.state, line.rest_amount) == (LineState.OPEN, amount)
    assert session().query(Statement).filter_by(reference=agreed).one().state is StatementState.AGREED
    assert _sound()
    handling.confirm(BOSS, line.reference, "payout", row.reference, line.version, op_key=key())
    assert _payouts()[0].state is PayoutState.PAID
    assert _sound()


def _sound() -> bool:
    session().rollback()
    session().expire_all()
    return all(f.ok for f in invariants.run("settlement", "banking", "ledger"))


def test_the_desk_is_told_whose_work_a_payout_is(sold: Trade, agreed: str, client: Any) -> None:
    payouts.approve(BOSS, payouts.prepare(DESK, [agreed], op_key=key()), op_key=key())
    row = _payouts()[0]
    line = _line_of(row.amount, f"CHO BEN TRA {agreed}", "FT2633077")
    sign_in(client, Role.ORDER_DESK)
    for address in ("/office/bank", f"/office/bank/lines/{line.reference}"):
        page = client.get(address).get_data(as_text=True)
        assert "Việc của: Quản trị" in page
        assert "/confirm-payout" not in page


def test_a_payout_recorded_by_hand_is_known_by_its_number(sold: Trade, agreed: str) -> None:
    payouts.approve(BOSS, payouts.prepare(DESK, [agreed], op_key=key()), op_key=key())
    row = _payouts()[0]
    payouts.paid(BOSS, row.reference, "FT2633003", clock.today(), op_key=key())
    assert _line_of(row.amount, "chi tien", "FT2633003").state is LineState.CONFIRMED
    other = _line_of(row.amount, "chi tien", "FT2633004")
    assert (other.state, other.hint) == (LineState.OPEN, None)
    with pytest.raises(NotFound):
        handling.confirm(BOSS, other.reference, "payout", row.reference, other.version, op_key=key())
