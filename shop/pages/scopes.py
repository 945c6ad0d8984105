"""What a role may be given for: the producers, points, fairs and localities of the rooms below, by name."""

from __future__ import annotations

from sqlalchemy import select

from shop.accounts import scopes
from shop.exhibitions.models.fairs import Exhibition, FairState
from shop.kernel.db import session
from shop.places import queries as places
from shop.places.models import HOME_PROVINCE
from shop.points import queries as points
from shop.producers.models import Producer

# The province whose communes have officers in this shop.


def _producer(key: str) -> str | None:
    return session().scalar(select(Producer.name).where(Producer.id == int(key)))


def _producers() -> list[tuple[str, str]]:
    rows = session().execute(select(Producer.id, Producer.name).order_by(Producer.sort_name, Producer.id))
    return [(str(row.id), row.name) for row in rows]


def _point(key: str) -> str | None:
    found = points.by_ids([int(key)]).get(int(key))
    return found.name if found else None


def _points() -> list[tuple[str, str]]:
    return [(str(found.id), found.name) for found in points.all_points()]


def _fair(key: str) -> str | None:
    return session().scalar(select(Exhibition.name).where(Exhibition.id == int(key)))


def _fairs() -> list[tuple[str, str]]:
    """What is known from sources only is nobody's to run."""
    rows = session().execute(
        select(Exhibition.id, Exhibition.name)
        .where(Exhibition.state != FairState.RECORDED)
        .order_by(Exhibition.from_on.desc(), Exhibition.id)
    )
    return [(str(row.id), row.name) for row in rows]


def _locality(key: str) -> str | None:
    found = places.unit(key)
    return found.name if found else None


def _localities() -> list[tuple[str, str]]:
    return places.commune_choices(HOME_PROVINCE)


def register() -> None:
    """Tell the room of accounts how the things of the rooms below are named."""
    scopes.register("producer", label=_producer, choices=_producers)
    scopes.register("point", label=_point, choices=_points)
    scopes.register("exhibition", label=_fair, choices=_fairs)
    scopes.register("locality", label=_locality, choices=_localities)
