"""Transfers that a plan makes: written and, where the maker may, approved in the plan's own transaction."""

from __future__ import annotations

from collections.abc import Mapping

from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.transfers.models import S
from shop.transfers.services import _checked_ends, _locked, _new, _step


def make(
    actor: Actor, from_point_id: int, to_point_id: int, lines: Mapping[int, int], *, note: str, approve: bool
) -> tuple[int, str]:
    """A transfer of `lines` (sale units by variant), approved if `approve`, else to be decided; its id and reference.

    Raises:
        Invalid: a point is not there, or the destination has closed.
    """
    with transaction():
        _checked_ends(from_point_id, to_point_id)
        reference = _new(actor, from_point_id, to_point_id, lines, note=note, is_demo=False)
        transfer = _locked(reference)
        if approve:
            for line in transfer.lines:
                line.approved = line.asked
            session().flush()
            _step(actor, transfer, S.APPROVED, None, units=sum(lines.values()))
        return transfer.id, reference
