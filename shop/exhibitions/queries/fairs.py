"""Fairs by address and list; what the doors ask first."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from shop.exhibitions.models.calls import Application, Stand
from shop.exhibitions.models.fairs import FAIR_PUBLIC, Booth, Exhibition, ExhibitionStep, FairState
from shop.kernel.db import session
from shop.kernel.errors import NotFound


def by_slug(slug: str) -> Exhibition:
    """The fair of this address, whatever its state.

    Raises:
        NotFound: there is none.
    """
    found = session().scalar(select(Exhibition).where(Exhibition.slug == slug))
    if found is None:
        raise NotFound
    return found


def public(slug: str) -> Exhibition:
    """The fair of this address if everybody may see it.

    Raises:
        NotFound: there is none, or it is still being written.
    """
    found = by_slug(slug)
    if session().scalar(select(Exhibition.id).where(Exhibition.id == found.id, seen())) is None:
        raise NotFound
    return found


def seen() -> Any:
    """The condition that everybody may know of a fair: one that was called off before it was announced never was seen."""
    announced = select(ExhibitionStep.id).where(
        ExhibitionStep.exhibition_id == Exhibition.id, ExhibitionStep.to_state == FairState.ANNOUNCED.value
    )
    return Exhibition.state.in_(FAIR_PUBLIC) & (
        (Exhibition.state != FairState.CANCELLED) | announced.correlate(Exhibition).exists()
    )


def called_off(fair: Exhibition) -> ExhibitionStep | None:
    """The step by which a fair was called off, with its reason; None if it was not."""
    if fair.state is not FairState.CANCELLED:
        return None
    return next((step for step in reversed(fair.steps) if step.to_state == FairState.CANCELLED.value), None)


def scope(slug: str, **_values: Any) -> str | None:
    """What a grant for this fair is called (`exhibition:3`); None if there is none. For guards."""
    found = session().scalar(select(Exhibition.id).where(Exhibition.slug == slug))
    return f"exhibition:{found}" if found is not None else None


def producer_of_application(reference: str, **_values: Any) -> int | None:
    """Whose application it is; None if there is none. For guards of the portal."""
    return session().scalar(select(Application.producer_id).where(Application.reference == reference))


def stands(exhibition_id: int) -> list[tuple[Stand, Booth]]:
    """Who stands where now, in the order of the booths' ids."""
    rows = session().execute(
        select(Stand, Booth)
        .join(Booth, Booth.id == Stand.booth_id)
        .where(Stand.exhibition_id == exhibition_id, Stand.ended_at.is_(None))
        .order_by(Booth.id, Stand.id)
    )
    return [(stand, booth) for stand, booth in rows]
