"""How a fair and its applications move from state to state: each step a row, a line in the audit log, a fact."""

from __future__ import annotations

from typing import Any

from shop.exhibitions.errors import FairMovedOn
from shop.exhibitions.events import ApplicationStepped, FairCalledOff, FairStepped
from shop.exhibitions.models.calls import APPLICATION_ALLOWED, Application, ApplicationState, ApplicationStep
from shop.exhibitions.models.fairs import FAIR_ALLOWED, Exhibition, ExhibitionStep, FairState
from shop.exhibitions.queries import public
from shop.kernel import audit, clock, events, web
from shop.kernel.actor import Actor
from shop.kernel.db import after_commit, session


def fair(actor: Actor, row: Exhibition, to: FairState, reason: str | None = None, **told: Any) -> int:
    """Move the locked fair `row` to `to`; return the id of the step.

    Raises:
        FairMovedOn: `to` may not follow its state.
    """
    before = str(row.state or "")
    if to not in FAIR_ALLOWED[before]:
        raise FairMovedOn
    row.state, row.updated_at = to, clock.now()
    session().flush()
    audit.record(actor, f"exhibitions.{to.value}", f"exhibition:{row.slug}", reason=reason)
    step = ExhibitionStep(
        exhibition_id=row.id,
        from_state=before,
        to_state=to.value,
        at=clock.now(),
        actor_key=actor.key,
        actor_label=actor.label,
        reason=reason,
        told=told,
    )
    session().add(step)
    session().flush()
    events.publish(FairStepped(row.id, before, to.value))
    if to is FairState.CANCELLED:
        events.publish(FairCalledOff(row.id))
    after_commit(public.forget)
    after_commit(web.forget_pages)
    return step.id


def application(actor: Actor, row: Application, to: ApplicationState, reason: str | None = None) -> int:
    """Move the locked application `row` to `to`; return the id of the step. Who leaves the waiting list loses his place.

    Raises:
        FairMovedOn: `to` may not follow its state.
    """
    before = str(row.state or "")
    if to not in APPLICATION_ALLOWED[before]:
        raise FairMovedOn
    row.state, row.updated_at = to, clock.now()
    if to is not ApplicationState.WAITING:
        row.place = None
    session().flush()
    audit.record(actor, f"exhibitions.application-{to.value}", f"application:{row.reference}", reason=reason)
    step = ApplicationStep(
        application_id=row.id,
        from_state=before,
        to_state=to.value,
        at=clock.now(),
        actor_key=actor.key,
        actor_label=actor.label,
        reason=reason,
    )
    session().add(step)
    session().flush()
    events.publish(ApplicationStepped(row.id, before, to.value))
    return step.id
