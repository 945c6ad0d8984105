"""What must always hold of ideas (`flask audit`)."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from shop.cycle.models.ideas import IDEA_ALLOWED, Idea, IdeaState, IdeaStep
from shop.kernel.db import session
from shop.kernel.invariants import invariant


@invariant("cycle.ideas-stand-where-their-steps-lead")
def _ideas_stand_where_their_steps_lead() -> Iterable[str]:
    """Each step of an idea is one that may follow the one before, and the last leads to the state it is in."""
    at: dict[int, IdeaState | None] = {}
    wrong: set[int] = set()
    for step in session().scalars(select(IdeaStep).order_by(IdeaStep.id)):
        before, after = at.get(step.idea_id), IdeaState(step.to_state)
        if after not in IDEA_ALLOWED[before]:
            wrong.add(step.idea_id)
        at[step.idea_id] = after
    for row in session().scalars(select(Idea).order_by(Idea.id)):
        if row.id in wrong or at.get(row.id) is not row.state:
            yield row.reference
