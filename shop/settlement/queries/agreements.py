"""What was agreed with whom, and from when it counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext
from sqlalchemy import select

from shop.catalog.models import ProductSet
from shop.kernel import tables
from shop.kernel.dates import day
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound
from shop.producers.models import LegalForm, Producer
from shop.settlement import rules
from shop.settlement.models import (
    AGREEMENT_STATE_NAMES,
    PERIOD_NAMES,
    Agreement,
    AgreementSet,
    AgreementState,
    LegalRole,
    TaxKind,
    TaxStatus,
    WithholdingRate,
)


class Book:
    """All agreements in force of some producers and the rates of withholding, read once for many lines."""

    def __init__(self, producer_ids: Sequence[int]) -> None:
        s = session()
        rows = s.scalars(
            select(Agreement)
            .where(Agreement.producer_id.in_(list(producer_ids)), Agreement.state == AgreementState.AGREED)
            .order_by(Agreement.effective_from, Agreement.id)
        ).all()
        self._of: dict[int, list[Agreement]] = {}
        for row in rows:
            self._of.setdefault(row.producer_id, []).append(row)
        self._sets: dict[tuple[int, int], AgreementSet] = {}
        if rows:
            own = select(AgreementSet).where(AgreementSet.agreement_id.in_([row.id for row in rows]))
            self._sets = {(row.agreement_id, row.set_id): row for row in s.scalars(own)}
        self._rates: list[WithholdingRate] | None = None

    def on(self, producer_id: int, on: date) -> Agreement | None:
        """What counts on a day: the latest in force; before the first, the first."""
        found = self._of.get(producer_id, [])
        begun = [row for row in found if row.effective_from is not None and row.effective_from <= on]
        return begun[-1] if begun else (found[0] if found else None)

    def rate(self, agreement: Agreement, channel: str, set_id: int | None) -> int:
        """The commission in basis points."""
        own = self._sets.get((agreement.id, set_id)) if set_id is not None else None
        return int(getattr(own or agreement, f"{channel}_bp"))

    def withheld(self, agreement: Agreement, on: date) -> tuple[str, int, int]:
        """A word of `rules.WITHHELD`, VAT and income tax in basis points for a sale of that day."""
        if LegalRole(agreement.role or rules.ROLE.get()) is LegalRole.DIRECT:
            return "direct", 0, 0
        law = rules.subject(agreement.tax_kind, on)
        if law is None or not law.withheld:
            return "organisation", 0, 0
        if agreement.tax_status is not TaxStatus.TAXABLE:
            return agreement.tax_status.value, 0, 0
        if self._rates is None:
            self._rates = list(session().scalars(select(WithholdingRate).order_by(WithholdingRate.valid_from)))
        begun = [row for row in self._rates if row.tax_kind is agreement.tax_kind and row.valid_from <= on]
        if begun:
            return "withheld", begun[-1].vat_bp, begun[-1].income_bp
        if law.vat_bp is not None and law.income_bp is not None:
            return "withheld", law.vat_bp, law.income_bp
        return "no_rates", 0, 0


def likely_tax_kind(form: LegalForm | None) -> TaxKind:
    """What a legal form suggests for a new agreement; staff and the producer state it, nothing is taken for granted."""
    return TaxKind.HOUSEHOLD if form is LegalForm.HOUSEHOLD else TaxKind.ORGANISATION


def percent(rate_bp: int) -> str:
    """`1.250` basis points as people write them: `12,5 %`."""
    whole, rest = divmod(rate_bp, 100)
    tail = f"{rest:02d}".rstrip("0")
    return f"{whole},{tail} %" if tail else f"{whole} %"


@dataclass(frozen=True, slots=True)
class AgreementRow:
    """An agreement as lists show it."""

    reference: str
    producer: str
    producer_slug: str
    state: AgreementState
    valid_from: date
    effective_from: date | None
    web_bp: int
    point_bp: int
    fair_bp: int
    period: str
    term_days: int
    is_demo: bool

    @property
    def since(self) -> date:
        """From when it counts, or would."""
        return self.effective_from or self.valid_from


def _rows() -> Any:
    a = Agreement
    return select(
        a.reference, Producer.name, Producer.slug, a.state, a.valid_from, a.effective_from, a.web_bp, a.point_bp,
        a.fair_bp, a.period, a.term_days, a.is_demo,
    ).join(Producer, Producer.id == a.producer_id)  # fmt: skip


TABLE = tables.Table(
    name="thoa-thuan",
    order="-valid_from",
    tie=Agreement.id,
    columns=[
        tables.Column("reference", N_("Thỏa thuận")),
        tables.Column("producer", N_("Cơ sở sản xuất"), sort=(Producer.sort_name,)),
        tables.Column("valid_from", N_("Từ ngày"), sort=(Agreement.valid_from,), value=lambda r: r.since),
        tables.Column("web", N_("Trên mạng"), "num", sort=(Agreement.web_bp,), value=lambda r: percent(r.web_bp)),
        tables.Column("point", N_("Tại điểm bán"), "num", sort=(Agreement.point_bp,), value=lambda r: percent(r.point_bp)),
        tables.Column("fair", N_("Tại hội chợ"), "num", sort=(Agreement.fair_bp,), value=lambda r: percent(r.fair_bp)),
        tables.Column("period", N_("Kỳ"), value=lambda r: gettext(PERIOD_NAMES[r.period])),
        tables.Column("state", N_("Tình trạng"), sort=(Agreement.state,),
                      value=lambda r: gettext(AGREEMENT_STATE_NAMES[r.state])),
    ],
    filters=[
        tables.Filter("state", N_("Tình trạng"), lambda v: Agreement.state == AgreementState(v),
                      [(s.value, x) for s, x in AGREEMENT_STATE_NAMES.items()]),
    ],
    search=lambda q: Producer.name.icontains(q, autoescape=True) | Agreement.reference.contains(q.upper(), autoescape=True),
)  # fmt: skip


def table(args: Mapping[str, str]) -> tables.View:
    """The office's list."""
    return TABLE.open(args, "/office/agreements", _rows(), make=lambda row: AgreementRow(*tuple(row)))


def of_producer(producer_id: int) -> list[AgreementRow]:
    """Everything that was ever agreed or proposed, latest first."""
    rows = session().execute(
        _rows().where(Agreement.producer_id == producer_id).order_by(Agreement.valid_from.desc(), Agreement.id.desc())
    )
    return [AgreementRow(*tuple(row)) for row in rows]


def scope_of(reference: str) -> str | None:
    """The producer's scope."""
    found = session().scalar(select(Agreement.producer_id).where(Agreement.reference == reference))
    return None if found is None else f"producer:{found}"


def one(reference: str) -> tuple[Agreement, Producer, list[tuple[str, AgreementSet]]]:
    """An agreement with its producer and its rates by product set.

    Raises:
        NotFound.
    """
    row = session().execute(
        select(Agreement, Producer).join(Producer, Producer.id == Agreement.producer_id).where(Agreement.reference == reference)
    ).first()  # fmt: skip
    if row is None:
        raise NotFound
    own = session().execute(
        select(ProductSet.name, AgreementSet)
        .join(ProductSet, ProductSet.id == AgreementSet.set_id)
        .where(AgreementSet.agreement_id == row[0].id)
        .order_by(ProductSet.number)
    )
    return row[0], row[1], [(name, made) for name, made in own]


def sets() -> list[tuple[int, str]]:
    """Product sets of today's list for a form."""
    newest = select(ProductSet.scheme).order_by(ProductSet.scheme.desc()).limit(1).scalar_subquery()
    rows = session().execute(
        select(ProductSet.id, ProductSet.number, ProductSet.name)
        .where(ProductSet.scheme == newest)
        .order_by(ProductSet.number)
    )
    return [(i, f"{number}. {name}") for i, number, name in rows]


def proposed_count(producer_id: int) -> int:
    """Agreements that wait for the producer."""
    s = session()
    return len(
        s.execute(
            select(Agreement.id).where(Agreement.producer_id == producer_id, Agreement.state == AgreementState.PROPOSED)
        ).all()
    )


RATES = tables.Table(
    name="thue-suat",
    order="-valid_from",
    tie=WithholdingRate.id,
    columns=[
        tables.Column("tax_kind", N_("Loại người bán"), sort=(WithholdingRate.tax_kind,)),
        tables.Column("valid_from", N_("Từ ngày"), sort=(WithholdingRate.valid_from,)),
        tables.Column("vat", N_("Thuế GTGT"), "num", value=lambda r: percent(r.vat_bp)),
        tables.Column("income", N_("Thuế TNCN"), "num", value=lambda r: percent(r.income_bp)),
        tables.Column("source", N_("Căn cứ")),
        tables.Column("entered", N_("Ghi bởi"), value="entered_label"),
    ],
)  # fmt: skip


def rates_table(args: Mapping[str, str]) -> tables.View:
    """The office's table of rates."""
    w = WithholdingRate
    return RATES.open(
        args,
        "/office/statements/withholding",
        select(w.tax_kind, w.valid_from, w.vat_bp, w.income_bp, w.source, w.entered_label, w.entered_at),
    )


def words(row: AgreementRow) -> str:
    """One line for a portal: from when, which rates."""
    return str(gettext(
        "Từ %(day)s: trên mạng %(web)s, điểm bán %(point)s, hội chợ %(fair)s",
        day=day(row.since), web=percent(row.web_bp), point=percent(row.point_bp), fair=percent(row.fair_bp),
    )).replace(" %", "\u00a0%")  # fmt: skip
