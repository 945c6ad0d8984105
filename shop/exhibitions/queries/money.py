"""The money of a fair added up: what was taken and how, whose it is; whether sheets, settlement and the ledger say the same.

Everything is read as the books stand now. Amounts are whole đồng; what is owed to producers is above zero.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import String, cast, func, literal, select
from sqlalchemy.orm import aliased

from shop.exhibitions.models.calls import Stand
from shop.exhibitions.models.closing import Sheet, SheetState, SheetVersion
from shop.exhibitions.models.fairs import Exhibition, FairState
from shop.exhibitions.queries import takings
from shop.exhibitions.queries.report_ground import points
from shop.kernel import clock
from shop.kernel.db import in_batches, session
from shop.kernel.errors import N_
from shop.ledger.chart import ACCOUNTS, Account
from shop.ledger.models import Entry as Posted
from shop.ledger.models import Posting
from shop.producers.models import Producer
from shop.settlement.arithmetic import part
from shop.settlement.models import Entry, EntryKind
from shop.settlement.services import booths
from shop.stock.models import SHOP

K = EntryKind
CASH = "cash"
# What of settlement is of a fair's sales and booths: goods bought outright are the shop's own business.
KINDS = (K.SALE, K.RETURN, K.REFUND, K.VOUCHER, K.COMMISSION, K.FREIGHT, K.LOSS, K.BOOTH, K.VAT, K.INCOME)
# A booth's point opens some days before its fair; nothing is posted there earlier.
EARLIEST = timedelta(days=60)


@dataclass(slots=True)
class Maker:
    """What a fair comes to for one producer. `took` is what buyers paid for his goods; `borne` what others bore of their
    discounts; all that goes off is below zero. They make `owed`; `posted` is what the ledger has on his account."""

    id: int
    name: str = ""
    slug: str = ""
    took: int = 0
    gross: int = 0
    voucher: int = 0
    given: int = 0
    commission: int = 0
    tax: int = 0
    booth: int = 0
    other: int = 0
    posted: int = 0

    @property
    def borne(self) -> int:
        """Of the discounts on his goods what the shop or a fair bears."""
        return self.given + self.voucher

    @property
    def rest(self) -> int:
        """Discounts that others bear, tax and what was made good, together."""
        return self.borne + self.tax + self.other

    @property
    def owed(self) -> int:
        """What settlement owes him for the fair."""
        return self.gross + self.voucher + self.commission + self.tax + self.booth + self.other

    @property
    def unposted(self) -> int:
        """What was paid for his goods and settlement does not have: sales that wait for the worker, or came back for less."""
        return self.took + self.given - self.gross

    @property
    def agrees(self) -> bool:
        """Whether sales, settlement and ledger say the same of him."""
        return self.owed == self.posted and not self.unposted


@dataclass(frozen=True, slots=True)
class Check:
    """One sum as the fair has it and as the books have it; `waits`: sheets are still open, so that it cannot be even yet."""

    label: str
    ours: int
    books: int
    where: str
    waits: bool = False

    @property
    def off(self) -> int:
        """By how much they differ."""
        return self.ours - self.books


@dataclass(frozen=True, slots=True)
class Way:
    """A way of paying: what receipts, frozen sheets and the ledger have of it (None: it is not told apart there)."""

    name: str
    took: int
    sheets: int


@dataclass(frozen=True, slots=True)
class Moved:
    """An account of the chart by what the fair moved on it."""

    account: Account
    debit: int
    credit: int

    @property
    def closing(self) -> int:
        """Debits less credits."""
        return self.debit - self.credit


@dataclass(slots=True)
class Money:
    """The money of one fair."""

    ways: list[Way] = field(default_factory=list)
    makers: list[Maker] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    accounts: list[Moved] = field(default_factory=list)
    took: int = 0
    shop_goods: int = 0
    fees: int = 0
    subsidies: int = 0
    sheets: int = 0
    open_sheets: int = 0

    def total(self, name: str) -> int:
        """The sum over all producers of a number of `Maker`."""
        return sum(getattr(maker, name) for maker in self.makers)

    @property
    def agrees(self) -> bool:
        """Whether everything that can be even is."""
        return all(check.off == 0 for check in self.checks if not check.waits) and all(m.agrees for m in self.makers)

    def shares(self) -> list[tuple[str, int]]:
        """Whose the takings are: parts that make them, in order; after the first three only those that are anything."""
        parts = [
            (N_("Hàng của cửa hàng"), self.shop_goods),
            (N_("Còn phải trả các cơ sở"), self.total("owed")),
            (N_("Hoa hồng cửa hàng được hưởng"), -self.total("commission")),
            (N_("Phí gian trừ vào tiền hàng"), -self.total("booth")),
            (N_("Thuế khấu trừ thay cơ sở"), -self.total("tax")),
            (N_("Giảm giá cửa hàng hoặc hội chợ chịu"), -self.total("borne")),
            (N_("Bù hàng mất, hỏng và khoản khác"), -self.total("other")),
            (N_("Chưa vào đối soát"), self.total("unposted")),
        ]
        return parts[:3] + [one for one in parts[3:] if one[1]]


def of_fair(fair: Exhibition) -> Money:
    """Add the money of a fair up. A fixed number of statements, but for batches of its points."""
    ids = points(fair.id)
    found = Money()
    took: dict[str, int] = defaultdict(int)
    ways: dict[str, int] = defaultdict(int)
    for one in takings.of_points(ids):
        took[one.owner] += one.amount
        for way, amount in one.tenders:
            ways[way] += amount
    found.took, found.shop_goods = sum(took.values()), took.pop(SHOP, 0)
    sheets = _Sheets.of(fair)
    found.sheets, found.open_sheets = sheets.known, sheets.open
    found.ways = [Way(name, ways[way], sheets.ways.get(way, 0)) for way, name in takings.WAYS.items() if way in ways]
    stands = (
        session()
        .execute(
            select(Stand.reference, Stand.fee_amount, Stand.subsidy_amount, Stand.ended_at.is_(None)).where(
                Stand.exhibition_id == fair.id
            )
        )
        .all()
    )
    found.fees = sum(fee for _reference, fee, _subsidy, living in stands if living)
    found.subsidies = sum(subsidy for _reference, _fee, subsidy, living in stands if living)
    mine = _of_fair(ids, [str(row[0]) for row in stands])
    makers = _makers({int(owner.removeprefix("producer:")): n for owner, n in took.items()}, mine)
    accounts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    _settled(mine, makers, accounts)
    tills = _tills(fair, ids, accounts)
    found.makers = sorted(makers.values(), key=lambda m: (-m.took, m.name, m.id))
    found.accounts = [Moved(account, *accounts[code]) for code, account in ACCOUNTS.items() if code in accounts]
    found.checks = _checks(fair, found, sheets, ways, tills, accounts)
    return found


# --- sheets ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Sheets:
    """What the frozen sheets of a fair come to."""

    known: int = 0
    open: int = 0
    took: int = 0
    commission: int = 0
    charged: int = 0
    ways: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    @classmethod
    def of(cls, fair: Exhibition) -> _Sheets:
        """Read the last version of each."""
        s, found = session(), cls()
        newest = (
            select(SheetVersion.sheet_id, func.max(SheetVersion.number).label("number"))
            .join(Sheet, Sheet.id == SheetVersion.sheet_id)
            .where(Sheet.exhibition_id == fair.id)
            .group_by(SheetVersion.sheet_id)
            .subquery()
        )
        any_of = aliased(SheetVersion)
        signed = select(any_of.id).where(any_of.sheet_id == Sheet.id, any_of.reason.is_(None)).exists()
        rows: Iterable[Any] = s.execute(
            select(Sheet.state, Sheet.fee_amount - Sheet.subsidy_amount, signed, SheetVersion.figures)
            .outerjoin(newest, newest.c.sheet_id == Sheet.id)
            .outerjoin(
                SheetVersion, (SheetVersion.sheet_id == newest.c.sheet_id) & (SheetVersion.number == newest.c.number)
            )
            .where(Sheet.exhibition_id == fair.id)
        )
        for state, due, is_signed, figures in rows:
            found.known += 1
            if state is not SheetState.FROZEN or figures is None:
                found.open += 1
                continue
            found.took += figures["totals"]["amount"]
            found.commission += figures["commission"] or 0
            found.charged += due if is_signed else 0
            for way, amount in figures["tenders"].items():
                found.ways[way] += amount
        return found


# --- settlement --------------------------------------------------------------------------------------------------


def _of_fair(ids: Sequence[int], stands: Sequence[str]) -> list[Any]:
    """Conditions that pick the fair's entries, a batch of points or booths each."""
    of_points: list[Any] = [Entry.point_id.in_(some) & (Entry.kind != K.BOOTH) for some in in_batches(list(ids))]
    causes = [booths.cause(reference) for reference in stands]
    return of_points + [Entry.cause.in_(some) for some in in_batches(causes)]


def _makers(took: Mapping[int, int], mine: Sequence[Any]) -> dict[int, Maker]:
    makers: dict[int, Maker] = {}

    def maker(producer_id: int) -> Maker:
        return makers.setdefault(producer_id, Maker(producer_id))

    for producer_id, amount in took.items():
        maker(producer_id).took = amount
    s = session()
    for condition in mine:
        for producer_id, kind, amount in s.execute(
            select(Entry.producer_id, Entry.kind, func.sum(Entry.amount))
            .where(condition, Entry.kind.in_(KINDS))
            .group_by(Entry.producer_id, Entry.kind)
        ):
            one, n = maker(producer_id), int(amount)
            if kind in (K.SALE, K.RETURN, K.REFUND):
                one.gross += n
            elif kind is K.VOUCHER:
                one.voucher += n
            elif kind is K.COMMISSION:
                one.commission += n
            elif kind in (K.VAT, K.INCOME):
                one.tax += n
            elif kind is K.BOOTH:
                one.booth += n
            else:
                one.other += n
        # What buyers were given off the units that stayed sold: those that came back are undone from the last.
        undone = Entry.__table__.alias("undone")
        for producer_id, quantity, discount, back in s.execute(
            select(
                Entry.producer_id, Entry.quantity, Entry.discount_amount, func.coalesce(func.sum(undone.c.quantity), 0)
            )
            .outerjoin(
                undone,
                (undone.c.parent_id == Entry.id) & undone.c.kind.in_([K.RETURN.value, K.REFUND.value]),
            )
            .where(condition, Entry.kind == K.SALE, Entry.discount_amount > 0)
            .group_by(Entry.id, Entry.producer_id, Entry.quantity, Entry.discount_amount)
        ):
            maker(producer_id).given += part(discount, quantity, 0, quantity + int(back))
    for some in in_batches(sorted(makers)):
        for row in s.execute(select(Producer.id, Producer.name, Producer.slug).where(Producer.id.in_(some))):
            makers[row.id].name, makers[row.id].slug = row.name, row.slug
    return makers


def _settled(mine: Sequence[Any], makers: Mapping[int, Maker], accounts: dict[str, list[int]]) -> None:
    """What the ledger has of these entries, by account, and on each producer's own."""
    cause = literal("settlement-entry:") + cast(Entry.id, String)
    positive = func.sum((Posting.amount + func.abs(Posting.amount)) / 2)
    for condition in mine:
        for account, producer_id, debit, sums in session().execute(
            select(Posting.account, Entry.producer_id, positive, func.sum(Posting.amount))
            .select_from(Entry)
            .join(Posted, Posted.cause == cause)
            .join(Posting, Posting.entry_id == Posted.id)
            .where(condition, Entry.kind.in_(KINDS))
            .group_by(Posting.account, Entry.producer_id)
        ):
            accounts[account][0] += int(debit)
            accounts[account][1] += int(debit) - int(sums)
            if account == "producers" and producer_id in makers:
                makers[producer_id].posted -= int(sums)


# --- tills -------------------------------------------------------------------------------------------------------


def _tills(fair: Exhibition, ids: Sequence[int], accounts: dict[str, list[int]]) -> dict[str, int]:
    """What the ledger has of the counters of the fair; returns what sales brought into drawers (`cash`) and otherwise
    (`counter`)."""
    found = {CASH: 0, "counter": 0}
    since = (fair.from_on or clock.today()) - EARLIEST
    positive = func.sum((Posting.amount + func.abs(Posting.amount)) / 2)
    for some in in_batches([f"point:{i}" for i in ids]):
        for kind, account, debit, sums in session().execute(
            select(Posted.kind, Posting.account, positive, func.sum(Posting.amount))
            .join(Posting, Posting.entry_id == Posted.id)
            .where(Posted.day >= since, Posted.channel.in_(some))
            .group_by(Posted.kind, Posting.account)
        ):
            accounts[account][0] += int(debit)
            accounts[account][1] += int(debit) - int(sums)
            if kind == "till-tender" and account in ("cash-till", "cash-point"):
                # Cash put into a drawer or taken out of it stands on both, and is no sale.
                found[CASH] += int(sums)
            elif kind == "till-tender" and account == "counter":
                found["counter"] += int(sums)
    return found


def _checks(
    fair: Exhibition, found: Money, sheets: _Sheets, ways: Mapping[str, int], tills: Mapping[str, int],
    accounts: Mapping[str, list[int]],
) -> list[Check]:  # fmt: skip
    def closing(code: str) -> int:
        return accounts[code][0] - accounts[code][1] if code in accounts else 0

    waits = sheets.open > 0 or fair.state not in (FairState.CLOSED, FairState.REPORTED)
    by_card = sum(n for way, n in ways.items() if way not in (CASH, takings.WEB))
    ledger, settlement, bills = N_("Sổ cái"), N_("Đối soát"), N_("Hóa đơn")
    return [
        Check(N_("Doanh thu trên các bảng chốt"), sheets.took, found.took, bills, waits),
        Check(N_("Tiền mặt bán hàng"), ways.get(CASH, 0), tills[CASH], ledger),
        Check(N_("Chuyển khoản, quẹt thẻ tại quầy"), by_card, tills["counter"], ledger),
        Check(N_("Tiền hàng của cơ sở, cộng giảm giá"), found.total("took") + found.total("given"),
              found.total("gross"), settlement),
        Check(N_("Hoa hồng trên các bảng chốt"), sheets.commission, -found.total("commission"), settlement, waits),
        Check(N_("Hoa hồng theo đối soát"), -found.total("commission"), -closing("commission"), ledger),
        Check(N_("Phí gian của bảng chốt đủ chữ ký"), sheets.charged, -found.total("booth"), settlement, waits),
        Check(N_("Phí gian theo đối soát"), -found.total("booth"), -closing("booth-fees"), ledger),
        Check(N_("Còn phải trả các cơ sở"), found.total("owed"), found.total("posted"), ledger),
    ]  # fmt: skip
