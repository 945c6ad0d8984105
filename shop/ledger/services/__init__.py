"""The only writers of the ledger: `posting` is what other rooms call, `days` closes and opens days."""

from __future__ import annotations

from shop.ledger.services.posting import (
    Draft,
    Line,
    Posted,
    Unbalanced,
    bring,
    post,
    post_all,
    posted_of,
    reverse,
    sums,
)

__all__ = ["Draft", "Line", "Posted", "Unbalanced", "bring", "post", "post_all", "posted_of", "reverse", "sums"]
