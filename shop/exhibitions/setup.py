"""What this room needs when the shop starts."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Flask
from sqlalchemy import select

from shop.exhibitions.models.fairs import Booth, Exhibition, FairState
from shop.kernel.db import session
from shop.promotions import fairs

_TO_COME = (FairState.ANNOUNCED, FairState.ALLOTTED, FairState.RUNNING)


def _choices() -> Sequence[tuple[int, str]]:
    found = session().execute(
        select(Exhibition.id, Exhibition.name).where(Exhibition.state.in_(_TO_COME)).order_by(Exhibition.from_on)
    )
    return [(i, name) for i, name in found]


def _of_point(point_id: int) -> int | None:
    return session().scalar(select(Booth.exhibition_id).where(Booth.point_id == point_id))


def _name(fair_id: int) -> str:
    return session().scalar(select(Exhibition.name).where(Exhibition.id == fair_id)) or str(fair_id)


def init_app(app: Flask) -> None:
    """Let codes be for a fair, and be borne by it."""
    fairs.register(fairs.Fairs(_choices, _of_point, _name))
