"""Facts told by transfers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TransferStepped:
    """A transfer went one step further: what it still takes from its source may have changed."""

    transfer_id: int
