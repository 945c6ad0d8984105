"""How an application, a paper or a change goes from state to state: by its table, with a row for each turn."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from shop.kernel import clock, facts
from shop.kernel.actor import Actor
from shop.kernel.db import session
from shop.kernel.errors import N_, Invalid
from shop.producers.errors import NotInThisState
from shop.producers.models import Application, Change, Paper, Step

_COLUMN = {Application: "application_id", Paper: "paper_id", Change: "change_id"}


def turn(
    actor: Actor,
    row: Any,
    to: StrEnum,
    allowed: Mapping[Any, frozenset[Any]],
    *,
    reason: str | None = None,
    first: bool = False,
) -> int:
    """Bring `row` to the state `to` in the open transaction; returns the id of the step. `first`: it has just been made.

    Raises:
        NotInThisState: the table does not lead there.
    """
    before = None if first else row.state
    if to not in allowed.get(before, frozenset()):
        raise NotInThisState
    row.state = to
    s = session()
    s.flush()
    made = Step(
        **{_COLUMN[type(row)]: row.id},
        from_state=before.value if before is not None else None,
        to_state=to.value,
        at=clock.now(),
        actor_key=actor.key,
        actor_label=actor.label,
        reason=reason,
    )
    s.add(made)
    s.flush()
    return made.id


def needed_reason(raw: str, field: str = "reason") -> str:
    """A reason that its reader can act upon.

    Raises:
        Invalid: there is none.
    """
    found = facts.prose(raw, field)
    if found is None:
        raise Invalid(N_("Hãy ghi lý do để người nhận biết cần làm gì."), field=field)
    return found
