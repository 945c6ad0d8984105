"""The steps that fairs and applications written straight into the tables would have taken."""

from __future__ import annotations

from shop.exhibitions.models.calls import Application, ApplicationState, ApplicationStep
from shop.exhibitions.models.fairs import Exhibition, ExhibitionStep, FairState
from shop.kernel import clock
from shop.kernel.db import session

_FAIR = (FairState.DRAFT, FairState.ANNOUNCED, FairState.ALLOTTED, FairState.RUNNING)
_APPLICATION = (ApplicationState.DRAFT, ApplicationState.SUBMITTED, ApplicationState.ACCEPTED)


def of_fair(fair: Exhibition, state: FairState) -> None:
    """The steps of a flushed fair up to `state`; of a cancelled one from running."""
    path = [*_FAIR[: _FAIR.index(state) + 1]] if state in _FAIR else [*_FAIR, state]
    before = ""
    for after in path:
        session().add(
            ExhibitionStep(
                exhibition_id=fair.id, from_state=before, to_state=after.value, at=clock.now(), actor_key="user",
                actor_label="Trần Xúc Tiến", told={},
            )
        )  # fmt: skip
        session().flush()
        before = after.value


def of_application(application: Application) -> None:
    """The steps of a flushed application that was accepted."""
    before = ""
    for after in _APPLICATION:
        session().add(
            ApplicationStep(
                application_id=application.id, from_state=before, to_state=after.value, at=clock.now(), actor_key="user",
                actor_label="Trần Xúc Tiến",
            )
        )  # fmt: skip
        session().flush()
        before = after.value
