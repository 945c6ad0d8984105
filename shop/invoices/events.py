"""Facts told by invoices."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InvoiceIssued:
    """A document was written."""

    invoice_id: int
    order_id: int
