"""Dossiers follow the land: when a commune ceases, the unit that takes its place has what was before it. Where several hold its
land and neither product nor producer says which, the programme office chooses."""

from __future__ import annotations

from sqlalchemy import select

from shop.catalog.models import Product
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import N_, Invalid
from shop.places import queries as places
from shop.producers.models import Producer
from shop.programme import letters
from shop.programme.errors import DossierMovedOn
from shop.programme.models.dossiers import Dossier, DossierState
from shop.programme.queries import dossiers as queries
from shop.programme.services.dossiers import locked_dossier, note


def _put(actor: Actor, dossier: Dossier, unit: places.UnitView) -> None:
    before = dossier.commune_code, dossier.commune_name
    dossier.commune_code, dossier.commune_name = unit.code, unit.name
    note(dossier, "hand-over", actor, f"{before[1]} → {unit.name}", before=before[0], after=unit.code)


def follow(actor: Actor, dossier: Dossier) -> None:
    """Hand a living dossier, locked in the open transaction, to the unit that took its commune's place, if there is one answer;
    else the programme office hears of what has been handed in. The commune's working days run on."""
    if dossier.ended_at is not None or not queries.has_ceased(dossier):
        return
    units = queries.heirs_of(dossier)
    known = {
        session().get_one(Product, dossier.product_id).commune_code,
        session().get_one(Producer, dossier.producer_id).commune_code,
    }
    said = [unit for unit in units if unit.code in known]
    fitting = units if len(units) == 1 else said
    if len(fitting) == 1:
        _put(actor, dossier, fitting[0])
    elif dossier.state is not DossierState.DRAFT:
        letters.ceased(dossier)


def follow_all() -> None:
    """Do so for every dossier whose commune has ceased, each in its own transaction."""
    for dossier_id in session().scalars(select(Dossier.id).where(queries.ceased()).order_by(Dossier.id)).all():
        with transaction():
            follow(SYSTEM, locked_dossier(dossier_id))


def hand_over(actor: Actor, dossier_id: int, commune_code: str) -> None:
    """The programme office says which unit has a dossier whose commune has ceased.

    Raises:
        NotFound: there is no such dossier.
        Invalid: none of the units that it may be handed to.
        DossierMovedOn: its commune is in force (somebody has handed it over), or it is over.
    """
    with transaction():
        dossier = locked_dossier(dossier_id)
        if dossier.ended_at is not None or not queries.has_ceased(dossier):
            raise DossierMovedOn
        unit = next((unit for unit in queries.receivers(dossier) if unit.code == commune_code), None)
        if unit is None:
            raise Invalid(N_("Hãy chọn xã nhận hồ sơ."), field="commune")
        _put(actor, dossier, unit)
