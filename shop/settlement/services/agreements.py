"""Commands of agreements: propose, agree or refuse in the portal, enter one that was signed on paper, withdraw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import insert, select

from shop.catalog import documents
from shop.catalog.models import ProductSet
from shop.kernel import audit, clock, operations, text
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.kernel.events import publish
from shop.producers.models import Producer
from shop.settlement.events import AgreementProposed
from shop.settlement.models import (
    Agreement,
    AgreementSet,
    AgreementState,
    LegalRole,
    Loss,
    Party,
    PeriodKind,
    TaxKind,
    TaxStatus,
)
from shop.settlement.services import entries, steps

MOST_DAYS_AHEAD = 366


@dataclass(frozen=True, slots=True)
class Rates:
    """Commission in basis points on the web, at counters, at fairs."""

    web_bp: int
    point_bp: int
    fair_bp: int


@dataclass(frozen=True, slots=True)
class Draft:
    """An agreement about to be proposed; `sets` are other rates by product set (its id)."""

    valid_from: date
    rates: Rates
    period: PeriodKind = PeriodKind.MONTH
    term_days: int = 10
    voucher_bearer: Party = Party.SHOP
    freight_earner: Party = Party.SHOP
    losses: tuple[Loss, ...] = (Loss.DAMAGED, Loss.LOST, Loss.COUNT, Loss.TRANSFER, Loss.TASTING, Loss.GIFT)
    role: LegalRole | None = None
    tax_kind: TaxKind = TaxKind.ORGANISATION
    tax_status: TaxStatus = TaxStatus.UNKNOWN
    note: str = ""
    sets: Mapping[int, Rates] = field(default_factory=dict)


def _check_rates(rates: Rates, suffix: str = "") -> None:
    for name, value in asdict(rates).items():
        if not 0 <= value <= 10_000:
            raise Invalid(N_("Hoa hồng phải từ 0 đến 100 %."), field=name + suffix)


def propose(
    actor: Actor, producer_id: int, draft: Draft, *, paper: bytes | None = None, op_key: str, is_demo: bool = False
) -> str:
    """Write an agreement down; return its reference. With a signed `paper` it counts at once, else when the producer agrees.

    Raises:
        NotFound: no such producer.
        Invalid: a rate, term or day that cannot be, or a paper that cannot be kept.
    """
    note = text.clean(draft.note)[:2000]
    _check_rates(draft.rates)
    for set_id, own in draft.sets.items():
        _check_rates(own, f"-{set_id}")
    if not 0 <= draft.term_days <= 180:
        raise Invalid(N_("Hạn chi trả phải từ 0 đến 180 ngày."), field="term_days")
    if draft.valid_from > clock.today() + timedelta(days=MOST_DAYS_AHEAD):
        raise Invalid(N_("Ngày bắt đầu quá xa."), field="valid_from")
    key = documents.keep(paper, "paper", folder="agreements") if paper else None

    def command() -> dict[str, Any]:
        s = session()
        producer = s.get(Producer, producer_id)
        if producer is None:
            raise NotFound
        known = set(s.scalars(select(ProductSet.id).where(ProductSet.id.in_(list(draft.sets)))))
        if known != set(draft.sets):
            raise NotFound
        row = Agreement(
            reference=f"T-{text.reference()}",
            producer_id=producer_id,
            state=AgreementState.PROPOSED,
            valid_from=draft.valid_from,
            period=draft.period,
            term_days=draft.term_days,
            voucher_bearer=draft.voucher_bearer,
            freight_earner=draft.freight_earner,
            losses=[loss.value for loss in draft.losses],
            role=draft.role,
            tax_kind=draft.tax_kind,
            tax_status=draft.tax_status,
            note=note or None,
            paper_key=key,
            proposed_at=clock.now(),
            proposed_label=actor.label,
            is_demo=is_demo,
            **asdict(draft.rates),
        )
        s.add(row)
        s.flush()
        steps.begin(actor, row)
        if draft.sets:
            own = [{"agreement_id": row.id, "set_id": i, **asdict(r)} for i, r in sorted(draft.sets.items())]
            s.execute(insert(AgreementSet), own)
        audit.record(
            actor, "settlement.propose", f"producer:{producer.slug}", agreement=row.reference, **asdict(draft.rates)
        )
        if key:
            _count(actor, row, None)
        else:
            publish(AgreementProposed(row.id))
        return {"reference": row.reference}

    body = [producer_id, asdict(draft), key]
    return str(operations.once(op_key, "settlement.propose", actor.key, body, command)["reference"])


def _count(actor: Actor, row: Agreement, note: str | None) -> None:
    """The agreement counts: from its day on, but lines of days that were under another one keep theirs."""
    entries.account(row.producer_id)
    before = session().scalar(
        select(Agreement.id)
        .where(Agreement.producer_id == row.producer_id, Agreement.state == AgreementState.AGREED)
        .limit(1)
    )
    since = row.valid_from if before is None else max(row.valid_from, clock.today() + timedelta(days=1))
    steps.step(
        actor, row, AgreementState.AGREED, note, effective_from=since, answered_at=clock.now(), answered_by=actor.key,
        answered_label=actor.label, answer_note=note,
    )  # fmt: skip
    audit.record(actor, "settlement.agree", f"agreement:{row.reference}", since=since)


def agree(actor: Actor, reference: str) -> None:
    """The producer agrees.

    Raises:
        NotFound; SettlementStep: it was answered or withdrawn.
    """
    with transaction():
        _count(actor, steps.locked(Agreement, reference), None)


def sign(actor: Actor, reference: str, paper: bytes | None) -> None:
    """The office has the paper that the producer signed.

    Raises:
        NotFound; SettlementStep; Invalid: no paper, or one that cannot be kept.
    """
    if not paper:
        raise Invalid(N_("Hãy chọn tệp thỏa thuận đã ký."), field="paper")
    key = documents.keep(paper, "paper", folder="agreements")
    with transaction():
        row = steps.locked(Agreement, reference)
        row.paper_key = key
        _count(actor, row, None)


def _end(actor: Actor, reference: str, to: AgreementState, reason: str) -> None:
    reason = text.clean(reason)[:1000]
    if len(reason) < 2:
        raise Invalid(N_("Hãy ghi lý do, ít nhất 2 ký tự."), field="reason")
    with transaction():
        row = steps.locked(Agreement, reference)
        steps.step(
            actor, row, to, reason, answered_at=clock.now(), answered_by=actor.key, answered_label=actor.label,
            answer_note=reason,
        )  # fmt: skip
        audit.record(actor, f"settlement.agreement-{to.value}", f"agreement:{reference}", reason=reason)


def refuse(actor: Actor, reference: str, reason: str) -> None:
    """The producer does not agree.

    Raises:
        NotFound; SettlementStep; Invalid: no reason.
    """
    _end(actor, reference, AgreementState.REFUSED, reason)


def withdraw(actor: Actor, reference: str, reason: str) -> None:
    """The office takes a proposal back.

    Raises:
        NotFound; SettlementStep; Invalid: no reason.
    """
    _end(actor, reference, AgreementState.WITHDRAWN, reason)
