"""What the demonstration owes its producers: agreements, a year of statements, payouts, by the room's own commands.

One producer's goods lie at the warehouse on consignment all year (`CONSIGNED`); others bring goods to points. The statement of
the month before last is agreed and paid, that of last month is disputed, this month's is open. One payout is approved and waits
for the bank.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select

from shop.kernel import clock
from shop.kernel.actor import Actor
from shop.kernel.db import session
from shop.producers import services as producers
from shop.producers.models import BankAccount, LegalForm, Producer
from shop.receipts.models import Delivery
from shop.seed.goods import Ware
from shop.seed.staff import Staff
from shop.seed.then import Past
from shop.settlement.models import (
    Batch,
    Entry,
    EntryKind,
    Party,
    Payout,
    PayoutState,
    PeriodKind,
    Statement,
    StatementState,
    TaxStatus,
)
from shop.settlement.queries.agreements import likely_tax_kind
from shop.settlement.services import agreements, corrections, finding, payouts, statements
from shop.settlement.services.agreements import Draft, Rates

CONSIGNED = "%Bavabi%"
BANK = "970436"
REASON = "Ngày giao hàng lên kệ có thêm một gói mẫu tặng khách, xin xem lại dòng này"


@dataclass(slots=True)
class Apart:
    """The list of acts of the others, worked off with keys and references of its own."""

    others: Staff
    rng: random.Random

    @property
    def now(self) -> datetime:
        """Today's instant."""
        return self.others.now

    @property
    def packs(self) -> Mapping[str, Ware]:
        """The packs by SKU."""
        return self.others.packs

    def day(self, ago: int, hour: int = 9) -> datetime:
        """An instant so many days ago."""
        return self.others.day(ago, hour)

    def key(self) -> str:
        """The operation key of the next command."""
        return f"seed:demo:money:{self.rng.getrandbits(64):016x}"

    def then(self, when: datetime, act: Callable[[], object]) -> None:
        """Let something be done at an instant."""

        def alone() -> None:
            with Past(self.rng).at(clock.now()):
                act()

        self.others.then(when, alone)


def owners(wares: Sequence[Ware]) -> dict[int, str]:
    """Whose goods the year's piles are, by pack, where they are not the shop's."""
    maker = session().scalar(select(Producer.id).where(Producer.name.like(CONSIGNED)).limit(1))
    return {w.variant_id: f"producer:{maker}" for w in wares if maker is not None and w.producer_id == maker}


def plan(others: Staff, since: date, seed: int) -> None:
    """Put all of it on the list of what is to be done, by a chance of its own: what the others do stays the same."""
    staff, people, s = Apart(others, random.Random(f"demo:settlement:{seed}")), others.people, session()
    makers = list(s.scalars(select(Producer.id).where(Producer.name.like(CONSIGNED)).limit(1)))
    staff.then(_at(staff, since), lambda: _agree(staff, makers, since, people))
    # Whoever brings goods to a point agrees before; one proposal still waits for its answer.
    staff.then(staff.day(62, 10), lambda: _others(staff, makers, people))
    month = since.replace(day=1)
    today = clock.business_day(staff.now)
    while (following := clock.add_months(month, 1)) <= today:
        last = clock.add_months(following, 1) > today
        _month(staff, following, people, last=last)
        month = following
    staff.then(staff.now - timedelta(minutes=2), finding.sweep)
    staff.then(staff.now - timedelta(minutes=1), lambda: _one_waits(staff, people))


def _at(staff: Apart, day: date, hour: int = 9) -> datetime:
    return staff.day((clock.business_day(staff.now) - day).days, hour)


def _account(staff: Apart, maker: int, actor: Actor) -> None:
    row = session().get(Producer, maker)
    if row is not None:
        producers.set_bank_account(actor, maker, BANK, f"00{maker:04d}{9559357 + maker}", f"{row.name} (minh họa)"[:80])


def _agree(staff: Apart, makers: Sequence[int], since: date, people: Mapping[str, Actor]) -> None:
    for maker in makers:
        draft = Draft(since, Rates(1_200, 1_500, 1_800), voucher_bearer=Party.SHOP, note="Thỏa thuận minh họa")
        reference = agreements.propose(people["donhang"], maker, draft, op_key=staff.key(), is_demo=True)
        agreements.agree(people["chucoso"], reference)
        _account(staff, maker, people["chucoso"])


def _others(staff: Apart, makers: Sequence[int], people: Mapping[str, Actor]) -> None:
    brought = select(Delivery.producer_id).distinct().order_by(Delivery.producer_id)
    bringing = {w.producer_id for w in staff.packs.values() if w.sku in _BROUGHT and w.producer_id is not None}
    rest = sorted((bringing | set(session().scalars(brought))) - set(makers))
    for n, maker in enumerate(rest):
        row = session().get(Producer, maker)
        form: LegalForm | None = row.legal_form if row is not None else None
        draft = Draft(
            clock.today().replace(day=1),
            Rates(1_000, 1_500 + 250 * (n % 3), 2_000),
            period=PeriodKind.HALF_MONTH if n % 4 == 3 else PeriodKind.MONTH,
            tax_kind=likely_tax_kind(form),
            tax_status=TaxStatus.BELOW if form is LegalForm.HOUSEHOLD else TaxStatus.UNKNOWN,
            note="Thỏa thuận minh họa",
        )
        reference = agreements.propose(people["donhang"], maker, draft, op_key=staff.key(), is_demo=True)
        if n != len(rest) - 1:
            agreements.agree(Actor("user", "Đại diện cơ sở (minh họa)"), reference)
        if n % 5 != 4:  # one in five has told nobody where to pay
            _account(staff, maker, people["xuctien"])


# Packs that rounds bring to points and warehouse in the last weeks.
_BROUGHT = frozenset(
    {"QN056-1", "QN023-1", "QN051-1", "QN022-1", "QN007-1", "QN062-1", "QN066-1", "QN064-1", "QN058-1", "QN016-1", "QN081-1",
     "QN109-1", "QN110-1", "QN111-1"}
)  # fmt: skip


def _month(staff: Apart, following: date, people: Mapping[str, Actor], *, last: bool) -> None:
    """A month is over: close, agree, pay; the last one is disputed and waits."""

    def day(n: int, hour: int) -> datetime:
        return _at(staff, following + timedelta(days=n), hour)

    staff.then(day(1, 9), lambda: _close(staff, people))
    if last:
        staff.then(day(2, 20), lambda: _dispute(staff, people))
        return
    staff.then(day(3, 19), lambda: _agree_all(people))
    staff.then(day(6, 9), lambda: _pay(staff, people))


def _open_and_over() -> list[Statement]:
    rows = select(Statement).where(Statement.state == StatementState.OPEN, Statement.to_on < clock.today())
    return list(session().scalars(rows.order_by(Statement.id)))


def _close(staff: Apart, people: Mapping[str, Actor]) -> None:
    finding.sweep()
    for _ in range(3):  # a half-month may be over as well
        for row in _open_and_over():
            statements.close(people["donhang"], row.reference, op_key=staff.key())


def _agree_all(people: Mapping[str, Actor]) -> None:
    rows = session().scalars(select(Statement).where(Statement.state == StatementState.CLOSED).order_by(Statement.id))
    for row in list(rows):
        statements.agree(people["chucoso"], row.reference)


def _pay(staff: Apart, people: Mapping[str, Actor], all_but: int = 0) -> None:
    """Prepare and approve what is agreed; the bank pays it the same day, but for the last ones."""
    rows = session().scalars(
        select(Statement.reference).where(Statement.state == StatementState.AGREED, Statement.closing_amount > 0)
    )
    found = list(rows)
    if not found:
        return
    reference = payouts.prepare(people["donhang"], found, op_key=staff.key(), is_demo=True)
    payouts.approve(people["quantri"], reference, op_key=staff.key())
    batch = session().scalars(select(Batch.id).where(Batch.reference == reference)).one()
    going = session().scalars(
        select(Payout.reference)
        .where(Payout.batch_id == batch, Payout.state == PayoutState.APPROVED)
        .order_by(Payout.id)
    )
    found = list(going)
    for n, payout in enumerate(found[: len(found) - all_but], 1):
        number = f"FT{clock.today():%y%j}{staff.rng.randrange(10**6):06d}{n:02d}"
        payouts.paid(people["quantri"], payout, number, clock.today(), op_key=staff.key())


def _one_waits(staff: Apart, people: Mapping[str, Actor]) -> None:
    """One maker has agreed to last month's statement: his payout is approved, the bank has not paid it."""
    row = (
        session()
        .scalars(
            select(Statement)
            .join(BankAccount, BankAccount.producer_id == Statement.producer_id)
            .where(Statement.state == StatementState.CLOSED, Statement.closing_amount > 0)
            .order_by(Statement.closing_amount.desc(), Statement.id)
            .limit(1)
        )
        .first()
    )
    if row is None:
        return
    statements.agree(Actor("user", "Đại diện cơ sở (minh họa)"), row.reference)
    _pay(staff, people, all_but=1)


def _dispute(staff: Apart, people: Mapping[str, Actor]) -> None:
    """One finds a line wrong and waits for the answer; the others still look."""
    s = session()
    maker = s.scalar(select(Producer.id).where(Producer.name.like(CONSIGNED)).limit(1))
    row = s.scalars(
        select(Statement)
        .where(Statement.producer_id == maker, Statement.state == StatementState.CLOSED)
        .order_by(Statement.id.desc())
    ).first()
    if row is None:
        return
    line = s.scalar(
        select(Entry.id)
        .where(Entry.producer_id == maker, Entry.kind == EntryKind.SALE, Entry.happened_on <= row.to_on)
        .order_by(Entry.happened_on.desc(), Entry.id.desc())
        .limit(1)
    )
    statements.dispute(people["chucoso"], row.reference, REASON, [line] if line else [], op_key=staff.key())
    if maker is not None:
        corrections.correct(
            people["donhang"], maker, 620_000, "Bù tiền thùng xốp cơ sở ứng trước, theo phiếu chi minh họa",
            op_key=staff.key(), is_demo=True,
        )  # fmt: skip
