"""Rates of withholding, entered by staff: dated, never changed."""

from __future__ import annotations

from datetime import date
from typing import Any

from shop.kernel import audit, clock, operations, text
from shop.kernel.actor import Actor
from shop.kernel.db import session, unique
from shop.kernel.errors import N_, Invalid
from shop.settlement import rules
from shop.settlement.errors import RateDayTaken
from shop.settlement.models import TaxKind, WithholdingRate


def enter(
    actor: Actor, tax_kind: TaxKind, valid_from: date, vat_bp: int, income_bp: int, source: str, op_key: str
) -> None:
    """Enter the rates of one kind of seller from a day on. Lines that are posted already keep theirs.

    Raises:
        Invalid: the law has that kind of seller not withheld from, a rate out of range, no source.
        RateDayTaken: there are rates from that day.
    """
    source = text.clean(source)[:1000]
    law = rules.subject(tax_kind, valid_from)
    if law is None or not law.withheld:
        raise Invalid(N_("Loại người bán này không thuộc diện khấu trừ."), field="tax_kind")
    for name, value in (("vat", vat_bp), ("income", income_bp)):
        if not 0 <= value <= 10_000:
            raise Invalid(N_("Thuế suất phải từ 0 đến 100 %."), field=name)
    if len(source) < 5:
        raise Invalid(N_("Hãy ghi văn bản, điều khoản làm căn cứ."), field="source")

    def command() -> dict[str, Any]:
        with unique(
            "settlement_withholding_rates.tax_kind, settlement_withholding_rates.valid_from",
            "settlement_withholding_rates.tax_kind_valid_from",
            otherwise=RateDayTaken,
        ):
            session().add(
                WithholdingRate(
                    tax_kind=tax_kind, valid_from=valid_from, vat_bp=vat_bp, income_bp=income_bp, source=source,
                    entered_at=clock.now(), entered_label=actor.label,
                )
            )  # fmt: skip
            session().flush()
        audit.record(
            actor, "settlement.rate", f"withholding:{tax_kind.value}", since=valid_from, vat=vat_bp, income=income_bp
        )
        return {}

    operations.once(
        op_key, "settlement.rate", actor.key, [tax_kind.value, valid_from, vat_bp, income_bp, source], command
    )
