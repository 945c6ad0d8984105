"""Makers of what the pages of card disputes name."""

from __future__ import annotations

from typing import Any

from shop.kernel import clock
from shop.kernel.db import transaction
from shop.kernel.storage import storage
from shop.payments.models import Dispute, DisputePaper, DisputeState, PaperKind
from tests.rights.house import House, key, maker


def _dispute(house: House) -> int:
    with transaction() as s:
        row = Dispute(
            payment_id=house.payment, provider="stripe_test", provider_reference=key(), state=DisputeState.OPEN,
            is_inquiry=True, reason="general", amount=1000, opened_at=clock.now(), words={},
        )  # fmt: skip
        s.add(row)
        s.flush()
        return row.id


@maker("/office/payments/disputes/<int:dispute_id>", of="all")
def dispute(house: House) -> dict[str, Any]:
    """A bank's question about a payment."""
    return {"dispute_id": _dispute(house)}


@maker("/office/payments/disputes/<int:dispute_id>/papers/<int:paper_id>", of="all")
def dispute_paper(house: House) -> dict[str, Any]:
    """A paper that was put beside it."""
    dispute_id = _dispute(house)
    storage().put("disputes/none.pdf", b"%PDF-1.4")
    with transaction() as s:
        paper = DisputePaper(
            dispute_id=dispute_id,
            kind=PaperKind.RECEIPT,
            file_key="disputes/none.pdf",
            added_by="x",
            added_at=clock.now(),
        )
        s.add(paper)
        s.flush()
        return {"dispute_id": dispute_id, "paper_id": paper.id}
