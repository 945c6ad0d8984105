"""Documents as pages and lists show them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext
from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import aliased

from shop.invoices import rules
from shop.invoices.goods import SHOP
from shop.invoices.models import (
    CAUSE_NAMES,
    SERIES_NAMES,
    STANDING_NAMES,
    Cause,
    Invoice,
    InvoiceState,
    Issuer,
    Series,
    Standing,
    number_of,
)
from shop.kernel import clock, tables, text
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound
from shop.orders.models import Order
from shop.producers.models import Producer

STANDING_KINDS = {"issued": "ok", "reduced": "warn", "taken": "", "void": "bad"}
_NUMBER = re.compile(r"(BN|HD|GT)(\d\d)-?(\d{1,6})", re.I)
_of, _by, _credit = aliased(Invoice), aliased(Invoice), aliased(Invoice)
_CREDITS = and_(_credit.corrects_id == Invoice.id, _credit.state == InvoiceState.ISSUED)
# What credit notes took back of a document, in đồng, and the last of them.
_TAKEN = select(func.coalesce(func.sum(_credit.total_amount), 0)).where(_CREDITS).correlate(Invoice).scalar_subquery()
_LAST = select(func.max(_credit.id)).where(_CREDITS).correlate(Invoice).scalar_subquery()


@dataclass(frozen=True, slots=True)
class Row:
    """A document as lists show it; amounts in đồng, `signed_amount` below zero where it takes back, 0 where void."""

    reference: str
    series: Series
    year: int
    number: int
    state: InvoiceState
    cause: Cause
    issued_at: Any
    issued_on: date
    issuer_key: str
    producer: str | None
    order: str
    buyer_name: str
    buyer_tax_code: str | None
    total_amount: int
    provider_number: str | None
    is_demo: bool
    of_series: str | None
    of_year: int | None
    of_number: int | None
    of_reference: str | None
    taken_amount: int
    by_year: int | None
    by_number: int | None
    by_reference: str | None

    @property
    def standing(self) -> Standing:
        """What stands of it by now."""
        if self.state is InvoiceState.VOID:
            return Standing.VOID
        if not self.taken_amount:
            return Standing.ISSUED
        return Standing.TAKEN if self.taken_amount >= self.total_amount else Standing.REDUCED

    @property
    def taken_by(self) -> str:
        """The number of the last credit note against it; empty for none."""
        return number_of(Series.CREDIT, self.by_year, self.by_number) if self.by_year and self.by_number else ""

    @property
    def name(self) -> str:
        """Its number as people write it."""
        return number_of(self.series, self.year, self.number)

    @property
    def corrects(self) -> str:
        """The number of the document that it takes back; empty for none."""
        if self.of_series is None or self.of_year is None or self.of_number is None:
            return ""
        return number_of(self.of_series, self.of_year, self.of_number)

    @property
    def seller(self) -> str:
        """Who issued it."""
        return self.producer or str(rules.OWNER_NAME.get())

    @property
    def signed_amount(self) -> int:
        """What it adds to the sums."""
        if self.state is InvoiceState.VOID:
            return 0
        return -self.total_amount if self.series is Series.CREDIT else self.total_amount


def rows() -> Any:
    """SELECT of `Row`."""
    i = Invoice
    return (
        select(
            i.reference, i.series, i.year, i.number, i.state, i.cause, i.issued_at, i.issued_on, Issuer.key, Producer.name,
            Order.reference.label("order"), i.buyer_name, i.buyer_tax_code, i.total_amount, i.provider_number, i.is_demo,
            _of.series.label("of_series"), _of.year.label("of_year"), _of.number.label("of_number"),
            _of.reference.label("of_reference"), _TAKEN.label("taken_amount"), _by.year.label("by_year"),
            _by.number.label("by_number"), _by.reference.label("by_reference"),
        )
        .join(Issuer, Issuer.id == i.issuer_id)
        .join(Order, Order.id == i.order_id)
        .outerjoin(Producer, Producer.id == Issuer.producer_id)
        .outerjoin(_of, _of.id == i.corrects_id)
        .outerjoin(_by, _by.id == _LAST)
    )  # fmt: skip


def _row(row: Any) -> Row:
    return Row(*tuple(row))


def _search(q: str) -> Any:
    """Number, order, tax code, name of the buyer, number of a provider."""
    wanted = [
        Order.reference == text.normal_reference(q),
        Invoice.buyer_tax_code == q.replace(" ", ""),
        Invoice.buyer_name.icontains(q, autoescape=True),
        Invoice.provider_number == q,
    ]
    if found := _NUMBER.fullmatch(q.replace(" ", "")):
        wanted.append(
            and_(
                Invoice.series == Series(found[1].upper()),
                Invoice.year == 2000 + int(found[2]),
                Invoice.number == int(found[3]),
            )
        )
    return or_(*wanted)


def _stands(wanted: Standing) -> Any:
    if wanted is Standing.VOID:
        return Invoice.state == InvoiceState.VOID
    of = {
        Standing.ISSUED: _TAKEN == 0,
        Standing.REDUCED: and_(_TAKEN > 0, Invoice.total_amount > _TAKEN),
        Standing.TAKEN: and_(_TAKEN > 0, Invoice.total_amount <= _TAKEN),
    }
    return and_(Invoice.state == InvoiceState.ISSUED, of[wanted])


def _issuers() -> tables.Options:
    found = session().execute(
        select(Issuer.key, Producer.name)
        .join(Producer, Producer.id == Issuer.producer_id)
        .order_by(Producer.sort_name)
    )  # fmt: skip
    return [(SHOP, gettext("Cửa hàng")), *((key, name) for key, name in found)]


_NAMES = [(s.value, label) for s, label in SERIES_NAMES.items()]
COLUMNS = (
    tables.Column("name", N_("Số chứng từ"), sort=(Invoice.year, Invoice.series, Invoice.number)),
    tables.Column("kind", N_("Loại"), value=lambda r: gettext(SERIES_NAMES[r.series])),
    tables.Column("issued_at", N_("Lập lúc"), sort=(Invoice.issued_at,)),
    tables.Column("seller", N_("Bên bán"), sort=(Producer.sort_name,)),
    tables.Column("order", N_("Đơn hàng"), sort=(Order.reference,)),
    tables.Column("buyer", N_("Người mua"), sort=(Invoice.buyer_name,), value="buyer_name"),
    tables.Column("tax_code", N_("Mã số thuế"), value="buyer_tax_code", on_page=False),
    tables.Column("total", N_("Số tiền"), "num", sort=(Invoice.total_amount,), value="signed_amount"),
    tables.Column("corrects", N_("Điều chỉnh cho"), on_page=False),
    tables.Column("cause", N_("Vì"), value=lambda r: gettext(CAUSE_NAMES[r.cause]), on_page=False),
    tables.Column("provider_number", N_("Số hóa đơn điện tử"), on_page=False),
    tables.Column(
        "state", N_("Tình trạng"), sort=(Invoice.state,), value=lambda r: gettext(STANDING_NAMES[r.standing])
    ),
    tables.Column("taken_by", N_("Ghi giảm bởi"), on_page=False),
)
FILTERS = (
    tables.Filter("series", N_("Loại"), lambda v: Invoice.series == Series(v), _NAMES),
    tables.Filter(
        "state",
        N_("Tình trạng"),
        lambda v: _stands(Standing(v)),
        [(s.value, x) for s, x in STANDING_NAMES.items()],
    ),
    tables.Filter("from", N_("Từ ngày"), lambda v: Invoice.issued_at >= clock.start_of(v), kind="day"),
    tables.Filter("to", N_("Đến ngày"), lambda v: Invoice.issued_at < clock.end_of(v), kind="day"),
)
TABLE = tables.Table(
    name="chung-tu",
    order="-issued_at",
    tie=Invoice.id,
    columns=COLUMNS,
    filters=(
        FILTERS[0],
        FILTERS[1],
        tables.Filter("issuer", N_("Bên bán"), lambda v: Issuer.key == v, _issuers),
        tables.Filter(
            "provider",
            N_("Số hóa đơn điện tử"),
            lambda v: _waits_for_provider() if v == "0" else Invoice.provider_number.is_not(None),
            [("0", N_("chưa ghi")), ("1", N_("đã ghi"))],
        ),
        *FILTERS[2:],
    ),
    search=_search,
)
MINE = tables.Table(
    name="chung-tu",
    order="-issued_at",
    tie=Invoice.id,
    columns=[c for c in COLUMNS if c.key != "seller"],
    filters=FILTERS,
    search=_search,
)


def _waits_for_provider() -> Any:
    return and_(Invoice.series == Series.TAX, Invoice.state == InvoiceState.ISSUED, Invoice.provider_number.is_(None))


def table(args: Mapping[str, str]) -> tables.View:
    """The office's list."""
    return TABLE.open(args, "/office/invoices", rows(), make=_row)


def mine(args: Mapping[str, str], producer_id: int) -> tables.View:
    """What one producer issued."""
    return MINE.open(args, "/producer/invoices", rows().where(Issuer.producer_id == producer_id), make=_row)


def scope_of(reference: str) -> str | None:
    """The scope of the producer who issued it; None for the shop's."""
    found = session().scalar(
        select(Issuer.producer_id).join(Invoice, Invoice.issuer_id == Issuer.id).where(Invoice.reference == reference)
    )
    return None if found is None else f"producer:{found}"


@dataclass(frozen=True, slots=True)
class Whole:
    """One document with all that is frozen in it, and what was written because of it."""

    row: Row
    content: dict[str, Any]
    digest: str
    actor_label: str
    voided_at: Any
    voided_label: str | None
    void_reason: str | None
    provider_at: Any
    order_id: int
    beside: tuple[Row, ...]

    @property
    def may_change(self) -> bool:
        """Whether it counts, takes nothing back, and something of it is left."""
        return self.row.series is not Series.CREDIT and self.row.standing in {Standing.ISSUED, Standing.REDUCED}

    @property
    def may_void(self) -> bool:
        """Whether it may be voided: it counts, and nothing of it was taken back."""
        return self.may_change and self.row.standing is Standing.ISSUED


def whole(reference: str, *, order_id: int | None = None) -> Whole:
    """One document; `order_id`: it must be of that order.

    Raises:
        NotFound.
    """
    s = session()
    found = s.scalar(select(Invoice).where(Invoice.reference == reference))
    if found is None or (order_id is not None and found.order_id != order_id):
        raise NotFound
    all_of = of_order(found.order_id)
    row = next(r for r in all_of if r.reference == reference)
    return Whole(
        row, found.content, found.digest, found.actor_label, found.voided_at, found.voided_label, found.void_reason,
        found.provider_at, found.order_id, tuple(r for r in all_of if r.reference != reference),
    )  # fmt: skip


def of_order(order_id: int) -> list[Row]:
    """All documents of an order, first to last; one statement."""
    return [_row(r) for r in session().execute(rows().where(Invoice.order_id == order_id).order_by(Invoice.id))]


def asked_for(order_id: int) -> dict[str, Any]:
    """Whom a tax invoice of an order is asked for: {company, tax_code, address, email}, or nothing."""
    return dict(session().scalar(select(Order.invoice).where(Order.id == order_id)) or {})


def to_send(first: date, last: date, producer_id: int | None = None) -> Sequence[Invoice]:
    """The tax documents of some days, and the credit notes against them, as a provider is to be told of them; at most 5,000."""
    wanted = (
        select(Invoice)
        .join(Issuer, Issuer.id == Invoice.issuer_id)
        .where(
            Invoice.state == InvoiceState.ISSUED,
            Invoice.buyer_tax_code.is_not(None),
            Invoice.issued_at >= clock.start_of(first),
            Invoice.issued_at < clock.end_of(last),
        )
        .order_by(Invoice.issued_at, Invoice.id)
        .limit(5_000)
    )
    if producer_id is not None:
        wanted = wanted.where(Issuer.producer_id == producer_id)
    return session().scalars(wanted).all()
