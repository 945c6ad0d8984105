"""Batches of payouts and what stands in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy import func, or_, select

from shop.kernel import tables
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound
from shop.payments import vietqr
from shop.producers.models import Producer
from shop.settlement.models import (
    BATCH_STATE_NAMES,
    PAYOUT_STATE_NAMES,
    Batch,
    BatchState,
    Payout,
    PayoutState,
    Statement,
)
from shop.settlement.queries import statements

BATCH_KINDS = {"prepared": "warn", "approved": "ok", "cancelled": ""}
PAYOUT_KINDS = {"prepared": "info", "held": "bad", "approved": "warn", "paid": "ok", "failed": "bad", "dropped": ""}


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch as the list shows it (đồng): `amount` and `count` without what is held."""

    reference: str
    state: BatchState
    prepared_at: datetime
    prepared_label: str
    approved_label: str | None
    count: int
    amount: int
    is_demo: bool
    open: int


_goes = Payout.state.not_in([PayoutState.HELD, PayoutState.DROPPED])


def _sum(what: Any, *where: Any) -> Any:
    return select(what).where(Payout.batch_id == Batch.id, *where).correlate(Batch).scalar_subquery()


def _rows() -> Any:
    b = Batch
    return select(
        b.reference, b.state, b.prepared_at, b.prepared_label, b.approved_label, _sum(func.count(), _goes),
        _sum(func.coalesce(func.sum(Payout.amount), 0), _goes), b.is_demo,
        _sum(func.count(), Payout.state == PayoutState.APPROVED),
    )  # fmt: skip


TABLE = tables.Table(
    name="chi-tra",
    order="-prepared_at",
    tie=Batch.id,
    columns=[
        tables.Column("reference", N_("Đợt chi")),
        tables.Column("amount", N_("Tổng tiền"), "num"),
        tables.Column("count", N_("Số khoản"), "num"),
        tables.Column("prepared_at", N_("Lập lúc"), sort=(Batch.prepared_at,)),
        tables.Column("state", N_("Tình trạng"), sort=(Batch.state,), value=lambda r: gettext(BATCH_STATE_NAMES[r.state])),
        tables.Column("prepared_label", N_("Người lập")),
        tables.Column("approved_label", N_("Người duyệt")),
    ],
    filters=[
        tables.Filter("state", N_("Tình trạng"), lambda v: Batch.state == BatchState(v),
                      [(s.value, x) for s, x in BATCH_STATE_NAMES.items()]),
    ],
    search=lambda q: Batch.reference.contains(q.upper(), autoescape=True),
)  # fmt: skip


def table(args: Mapping[str, str]) -> tables.View:
    """The office's list of batches."""
    return TABLE.open(args, "/office/payouts", _rows(), make=lambda row: BatchRow(*tuple(row)))


PAYABLE = tables.Table(
    name="cho-chi-tra",
    order="period",
    tie=Statement.id,
    columns=[c for c in statements.COLUMNS if c.key not in {"state", "lines"}],
    search=statements.TABLE.search,
    rows=200,
)


def payable(args: Mapping[str, str]) -> tables.View:
    """Statements that may be put into a batch."""
    return PAYABLE.open(
        args,
        "/office/payouts/new",
        statements.rows().where(statements.payable()),
        make=lambda row: statements.StatementRow(*tuple(row)),
    )


@dataclass(frozen=True, slots=True)
class PayoutRow:
    """A payout with whom it is for."""

    reference: str
    producer: str
    statement: str
    state: PayoutState
    amount: int
    bank_bin: str | None
    account_number: str | None
    holder: str | None
    memo: str
    reason: str | None
    bank_reference: str | None
    paid_on: date | None
    settled_label: str | None
    batch: str

    @property
    def bank(self) -> str:
        """The bank's short name."""
        return vietqr.bank_name(self.bank_bin) if self.bank_bin else ""

    @property
    def qr(self) -> str:
        """The VietQR to pay it by phone; nothing where it is not to be paid."""
        if self.state is not PayoutState.APPROVED or not self.bank_bin or not self.account_number:
            return ""
        return vietqr.payload(vietqr.Transfer(self.bank_bin, self.account_number, self.amount, self.memo))


def _payouts() -> Any:
    p = Payout
    return (
        select(
            p.reference, Producer.name, Statement.reference.label("statement"), p.state, p.amount, p.bank_bin,
            p.account_number, p.holder, p.memo, p.reason, p.bank_reference, p.paid_on, p.settled_label,
            Batch.reference.label("batch"),
        )
        .join(Producer, Producer.id == p.producer_id)
        .join(Statement, Statement.id == p.statement_id)
        .join(Batch, Batch.id == p.batch_id)
    )  # fmt: skip


def of_batch(batch_id: int) -> list[PayoutRow]:
    """All payouts of a batch, by name."""
    rows = session().execute(_payouts().where(Payout.batch_id == batch_id).order_by(Producer.sort_name, Payout.id))
    return [PayoutRow(*tuple(row)) for row in rows]


def of_statement(statement_id: int) -> list[PayoutRow]:
    """All tries to pay a statement, first to last."""
    rows = session().execute(_payouts().where(Payout.statement_id == statement_id).order_by(Payout.id))
    return [PayoutRow(*tuple(row)) for row in rows]


OF_BATCH = tables.Table(
    name="khoan-chi",
    order="producer",
    tie=Payout.id,
    columns=[
        tables.Column("producer", N_("Cơ sở sản xuất"), sort=(Producer.sort_name,)),
        tables.Column("statement", N_("Bảng")),
        tables.Column("account", N_("Tài khoản"), value=lambda r: f"{r.account_number or ''} {r.bank}".strip()),
        tables.Column("amount", N_("Số tiền"), "num", sort=(Payout.amount,)),
        tables.Column("state", N_("Tình trạng"), sort=(Payout.state,), value=lambda r: gettext(PAYOUT_STATE_NAMES[r.state])),
        tables.Column("bank_reference", N_("Số giao dịch"), on_page=False),
        tables.Column("paid_on", N_("Ngày chi"), on_page=False),
        tables.Column("do", "", "do"),
    ],
    filters=[
        tables.Filter("state", N_("Tình trạng"), lambda v: Payout.state == PayoutState(v),
                      [(s.value, x) for s, x in PAYOUT_STATE_NAMES.items()]),
    ],
    search=lambda q: or_(Producer.name.icontains(q, autoescape=True), Statement.reference.contains(q.upper(), autoescape=True)),
)  # fmt: skip


def payouts(args: Mapping[str, str], batch: Batch) -> tables.View:
    """The payouts of a batch as a list."""
    return OF_BATCH.open(
        args,
        f"/office/payouts/{batch.reference}",
        _payouts().where(Payout.batch_id == batch.id),
        make=lambda row: PayoutRow(*tuple(row)),
    )


def batch(reference: str) -> Batch:
    """A batch.

    Raises:
        NotFound.
    """
    found = session().scalar(select(Batch).where(Batch.reference == reference))
    if found is None:
        raise NotFound
    return found


def batch_row(reference: str) -> BatchRow:
    """Its sums."""
    return BatchRow(*tuple(session().execute(_rows().where(Batch.reference == reference)).one()))


def one(batch_reference: str, reference: str) -> PayoutRow:
    """A payout of a batch.

    Raises:
        NotFound.
    """
    row = session().execute(_payouts().where(Payout.reference == reference, Batch.reference == batch_reference)).first()
    if row is None:
        raise NotFound
    return PayoutRow(*tuple(row))
