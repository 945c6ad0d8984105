"""Reading the books: balances of a span, the postings of an account, an entry, the days of channels and their figures."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import case, func, or_, select

from shop.kernel import clock, tables
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound
from shop.kernel.tables import Column, Filter, Table
from shop.ledger.chart import ACCOUNTS, Account
from shop.ledger.models import Closing, Entry, Posting

KIND_NAMES = {
    "receipt": N_("Tiền vào"),
    "refund": N_("Hoàn tiền"),
    "order-value": N_("Hàng đã giao khách"),
    "dispute-move": N_("Tiền khiếu nại thẻ"),
    "dispute-lost": N_("Khiếu nại thẻ bị thua"),
    "gateway-fee": N_("Phí cổng thanh toán"),
    "gateway-payout": N_("Cổng chuyển về ngân hàng"),
    "cash-bag": N_("Tiền mặt mang nộp ngân hàng"),
    "hand": N_("Bút toán tay"),
    "till-tender": N_("Tiền qua quầy"),
    "till-float": N_("Tiền lẻ đầu ca"),
    "till-closing": N_("Đếm két cuối ca"),
    "bank-line": N_("Dòng sao kê"),
    "bank-part": N_("Xử lý dòng sao kê"),
    "settlement-entry": N_("Đối soát với cơ sở"),
    "payout": N_("Chi trả cơ sở"),
    "deposit-used": N_("Tiền cọc trừ vào hàng"),
}


@dataclass(frozen=True, slots=True)
class Span:
    """Days of the books, both counted. Nothing chosen: this month so far."""

    first: date
    last: date

    @property
    def query(self) -> dict[str, str]:
        """As arguments of an address."""
        return {"from": self.first.isoformat(), "to": self.last.isoformat()}


def span(args: Mapping[str, str]) -> Span:
    """The span that an address asks for; a day that is none is this month's first, or today."""
    today = clock.today()

    def read(name: str, otherwise: date) -> date:
        try:
            return clock.read_day(args.get(name, ""))
        except ValueError:
            return otherwise

    last = read("to", today)
    first = read("from", last.replace(day=1))
    return Span(min(first, last), last)


# --- balances ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Balance:
    """An account over a span, in đồng: what it stood at, what came on either side, what it stands at."""

    account: Account
    opening: int
    debit: int
    credit: int

    @property
    def closing(self) -> int:
        return self.opening + self.debit - self.credit


def _sums(within: Span) -> tuple[Any, Any, Any]:
    before, inside = Entry.day < within.first, Entry.day >= within.first
    return (
        func.sum(case((before, Posting.amount), else_=0)),
        func.sum(case((inside & (Posting.amount > 0), Posting.amount), else_=0)),
        func.sum(case((inside & (Posting.amount < 0), -Posting.amount), else_=0)),
    )


def trial_balance(within: Span, channel: str = "") -> list[Balance]:
    """Every account that was ever moved, in the order of the chart; the sums of each column are even."""
    statement = (
        select(Posting.account, *_sums(within))
        .join(Entry, Entry.id == Posting.entry_id)
        .where(Entry.day <= within.last)
        .group_by(Posting.account)
    )
    if channel:
        statement = statement.where(Entry.channel == channel)
    found = {code: [int(n) for n in sums] for code, *sums in session().execute(statement)}
    return [Balance(account, *found[code]) for code, account in ACCOUNTS.items() if code in found]


_PARTIES = Table(
    name="ledger-parties",
    columns=[
        Column("party", N_("Đối tượng"), sort=(Posting.party,)),
        Column("opening", N_("Đầu kỳ"), "num"),
        Column("debit", N_("Bên nợ"), "num"),
        Column("credit", N_("Bên có"), "num"),
        Column("closing", N_("Cuối kỳ"), "num", sort=(func.sum(Posting.amount),)),
    ],
    order="-closing",
    tie=Posting.party,
    search=lambda q: Posting.party.contains(q, autoescape=True),
)


def parties(code: str, within: Span, args: Mapping[str, str], here: str) -> tables.View:
    """The parties of an account with what each stands at; not those that are even and had nothing posted in the span."""
    statement = (
        select(Posting.party, *(s.label(n) for s, n in zip(_sums(within), ("opening", "debit", "credit"), strict=True)),
               func.sum(Posting.amount).label("closing"))
        .join(Entry, Entry.id == Posting.entry_id)
        .where(Posting.account == code, Entry.day <= within.last)
        .group_by(Posting.party)
        .having(or_(func.sum(Posting.amount) != 0, func.max(Entry.day) >= within.first))
    )  # fmt: skip
    return _PARTIES.open(args, here, statement, keep=("from", "to"))


# --- postings and entries ----------------------------------------------------------------------------------------


def _kinds() -> list[tuple[str, str]]:
    from flask_babel import gettext

    return [(kind, gettext(name)) for kind, name in KIND_NAMES.items()]


_POSTINGS = Table(
    name="ledger-account",
    columns=[
        Column("day", N_("Ngày"), sort=(Entry.day, Entry.id)),
        Column("id", N_("Bút toán"), value="entry_id"),
        Column("kind", N_("Loại việc"), sort=(Entry.kind,)),
        Column("cause", N_("Chứng từ")),
        Column("party", N_("Đối tượng")),
        Column("channel", N_("Kênh"), on_page=False),
        Column("amount", N_("Nợ (+), Có (−)"), "num", sort=(Posting.amount,)),
        Column("actor_label", N_("Người thực hiện")),
    ],
    order="-day",
    tie=Posting.id,
    filters=[
        Filter("kind", N_("Loại việc"), lambda value: Entry.kind == value, _kinds),
        Filter("side", N_("Bên"), lambda v: Posting.amount > 0 if v == "debit" else Posting.amount < 0,
               (("debit", N_("Bên nợ")), ("credit", N_("Bên có")))),
    ],
    search=lambda q: Posting.party.contains(q, autoescape=True) | (Entry.cause == q),
)  # fmt: skip


def postings(
    within: Span, args: Mapping[str, str], here: str, *, code: str = "", party: str = "", channel: str = ""
) -> tables.View:
    """The postings of a span, narrowed to an account, a party or a channel."""
    statement = (
        select(Posting.id, Posting.entry_id, Posting.account, Posting.party, Posting.amount, Entry.day, Entry.kind,
               Entry.cause, Entry.channel, Entry.actor_label)
        .join(Entry, Entry.id == Posting.entry_id)
        .where(Entry.day.between(within.first, within.last))
    )  # fmt: skip
    for column, value in ((Posting.account, code), (Posting.party, party), (Entry.channel, channel)):
        if value:
            statement = statement.where(column == value)
    return _POSTINGS.open(args, here, statement, keep=("from", "to", "party", "account"))


def account(code: str) -> Account:
    """An account of the chart.

    Raises:
        NotFound.
    """
    if code not in ACCOUNTS:
        raise NotFound
    return ACCOUNTS[code]


def entry(entry_id: int) -> tuple[Entry, list[Posting], Entry | None]:
    """An entry with its postings, debits first, and what undid it.

    Raises:
        NotFound.
    """
    s = session()
    found = s.get(Entry, entry_id)
    if found is None:
        raise NotFound
    rows = s.scalars(
        select(Posting).where(Posting.entry_id == entry_id).order_by(Posting.amount.desc(), Posting.id)
    ).all()
    return found, list(rows), s.scalar(select(Entry).where(Entry.reverses_id == entry_id))


# --- days of channels --------------------------------------------------------------------------------------------


def figures(channel: str, day: date) -> dict[str, Any]:
    """What a day of a channel comes to, as plain values: opening, debits, credits, closing of each account by the entries of
    that channel, what happened how often, the last entry that is in it."""
    within = Span(day, day)
    moved = [b for b in trial_balance(within, channel) if b.opening or b.debit or b.credit]
    kinds = session().execute(
        select(Entry.kind, func.count(Entry.id.distinct()), func.sum(Posting.amount))
        .join(Posting, Posting.entry_id == Entry.id)
        .where(Entry.channel == channel, Entry.day == day, Posting.amount > 0)
        .group_by(Entry.kind)
        .order_by(Entry.kind)
    )
    last = session().scalar(select(func.max(Entry.id)).where(Entry.channel == channel, Entry.day == day))
    return {
        "accounts": [[b.account.code, b.opening, b.debit, b.credit, b.closing] for b in moved],
        "kinds": [[kind, int(n), int(amount)] for kind, n, amount in kinds],
        "last": last or 0,
    }


def digest(told: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of figures."""
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def closings(channel: str, day: date) -> list[Closing]:
    """All closings of a day of a channel, last first; the first is in force unless it was opened again."""
    wanted = select(Closing).where(Closing.channel == channel, Closing.day == day).order_by(Closing.id.desc())
    return list(session().scalars(wanted))


def has_channel(channel: str) -> bool:
    """Whether anything was ever posted there."""
    return session().scalar(select(Entry.id).where(Entry.channel == channel).limit(1)) is not None


_DAYS = (
    select(Entry.day.label("day"), Entry.channel.label("channel"), func.count(Entry.id).label("entries"),
           func.max(Entry.id).label("last"))
    .group_by(Entry.day, Entry.channel)
    .subquery()
)  # fmt: skip
_CLOSED = (
    select(Closing.channel, Closing.day, Closing.closed_at, Closing.closed_label)
    .where(Closing.reopened_at.is_(None))
    .subquery()
)
_THROUGH = (
    select(Closing.channel, func.max(Closing.day).label("day"))
    .where(Closing.reopened_at.is_(None))
    .group_by(Closing.channel)
    .subquery()
)
_IS_OPEN = _THROUGH.c.day.is_(None) | (_DAYS.c.day > _THROUGH.c.day)
_DAY_TABLE = Table(
    name="ledger-days",
    columns=[
        Column("day", N_("Ngày"), sort=(_DAYS.c.day,)),
        Column("channel", N_("Kênh"), sort=(_DAYS.c.channel,)),
        Column("entries", N_("Số bút toán"), "num", sort=(_DAYS.c.entries,)),
        Column("closed_at", N_("Khóa sổ"), sort=(_CLOSED.c.closed_at,)),
        Column("closed_label", N_("Người khóa"), sort=(_CLOSED.c.closed_label,)),
    ],
    order="-day",
    tie=_DAYS.c.last,
    filters=[
        Filter("state", N_("Tình trạng"),
               lambda v: _IS_OPEN if v == "open" else _CLOSED.c.closed_at.is_not(None),
               (("open", N_("Đang mở")), ("closed", N_("Đã khóa")))),
        Filter("kind", N_("Loại kênh"), lambda v: (_DAYS.c.channel == v) | _DAYS.c.channel.startswith(v + ":"),
               (("web", N_("Đơn trên mạng")), ("point", N_("Điểm bán, quầy, hội chợ")), ("cod", N_("Thu hộ (COD)")),
                ("transfers", N_("Chuyển khoản của khách")), ("bank-account", N_("Tài khoản ngân hàng")),
                ("gateway", N_("Cổng thanh toán")), ("settlement", N_("Đối soát, chi trả cơ sở")))),
        Filter("on", N_("Ngày"), lambda v: _DAYS.c.day == v, kind="day"),
    ],
)  # fmt: skip


def days(args: Mapping[str, str], here: str) -> tables.View:
    """The days of all channels on which something was posted."""
    statement = select(
        _DAYS.c.day, _DAYS.c.channel, _DAYS.c.entries, _CLOSED.c.closed_at, _CLOSED.c.closed_label,
        _THROUGH.c.day.label("through"),
    ).select_from(
        _DAYS.outerjoin(_CLOSED, (_CLOSED.c.channel == _DAYS.c.channel) & (_CLOSED.c.day == _DAYS.c.day))
        .outerjoin(_THROUGH, _THROUGH.c.channel == _DAYS.c.channel)
    )  # fmt: skip
    return _DAY_TABLE.open(args, here, statement)


def open_days_before(day: date, since: date) -> int:
    """How many days of channels from `since` on and before `day` have entries and are not closed."""
    statement = (
        select(func.count())
        .select_from(_DAYS.outerjoin(_THROUGH, _THROUGH.c.channel == _DAYS.c.channel))
        .where(_DAYS.c.day < day, _DAYS.c.day >= since, _IS_OPEN)
    )
    return int(session().scalar(statement) or 0)
