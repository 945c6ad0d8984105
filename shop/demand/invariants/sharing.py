"""What must hold of sharing (`flask audit`)."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select

from shop.demand.models.sharing import PlanState, SharingLine, SharingPlan
from shop.demand.queries import sharing as queries
from shop.kernel.db import session
from shop.kernel.invariants import invariant
from shop.points import queries as points


@invariant("demand.sharing-gives-what-there-was")
def gives_what_there_was() -> Iterator[str]:
    """No plan gives more of a pack than it had, and each line is the sum of its parts."""
    live = (PlanState.DRAFT, PlanState.APPROVED)
    for plan in session().scalars(select(SharingPlan).where(SharingPlan.state.in_(live)).order_by(SharingPlan.id)):
        left = [int(g["units"]) for g in plan.inputs["goods"]]
        lines = session().scalars(select(SharingLine).where(SharingLine.plan_id == plan.id).order_by(SharingLine.id))
        for line in lines:
            if sum(n for _k, n in line.parts) != line.units:
                yield f"plan {plan.reference}: line {line.id} is not its parts"
            for k, n in line.parts:
                left[int(k)] -= int(n)
        if any(n < 0 for n in left):
            yield f"plan {plan.reference}: more than there was"


@invariant("demand.sharing-reserves-in-step")
def reserves_in_step() -> Iterator[str]:
    """What the web leaves under a plan's name is what its transfers have yet to take and its counters were given."""
    wanted, kept = queries.set_aside(), queries.own_reserves()
    by_id = points.by_ids({pair[0] for pair in (*wanted, *kept)})
    for pair in sorted(set(wanted) | set(kept)):
        units, until = wanted.get(pair, (0, None))
        have = kept.get(pair)
        if units and (have is None or have[0] < units):
            yield f"point {pair[0]}, variant {pair[1]}: {have} for {units}"
        elif not units and have is not None and (have[1] is None or until is not None):
            yield f"point {by_id[pair[0]].slug}, variant {pair[1]}: {have} for nothing"
