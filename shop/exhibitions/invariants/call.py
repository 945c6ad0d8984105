"""What must hold of applications, booths and the waiting list (`flask audit`)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import groupby

from sqlalchemy import func, select

from shop.catalog.models import Product, Variant
from shop.exhibitions.models.allotting import BoothOffer, ExhibitionRule, OfferState
from shop.exhibitions.models.calls import (
    APPLICATION_ALLOWED,
    Application,
    ApplicationGoods,
    ApplicationState,
    ApplicationStep,
    Stand,
)
from shop.exhibitions.models.fairs import Booth, BoothType, Exhibition, FairState
from shop.kernel.db import session
from shop.kernel.invariants import invariant

A, F = ApplicationState, FairState
# Booths are given out: who is accepted stands somewhere.
_GIVEN = (F.ALLOTTED, F.RUNNING, F.CLOSED, F.REPORTED)


@invariant("exhibitions.booths-hold-their-makers")
def seats() -> Iterator[str]:
    """No booth has more living stands and open offers than its type has makers."""
    s = session()
    living = dict(
        s.execute(select(Stand.booth_id, func.count()).where(Stand.ended_at.is_(None)).group_by(Stand.booth_id)).all()
    )
    open_ = dict(
        s.execute(
            select(BoothOffer.booth_id, func.count())
            .where(BoothOffer.state == OfferState.OPEN)
            .group_by(BoothOffer.booth_id)
        ).all()
    )
    ids = set(living) | set(open_)
    if not ids:
        return
    rows = s.execute(
        select(Exhibition.slug, Booth.id, Booth.code, BoothType.makers)
        .join(BoothType, BoothType.id == Booth.type_id)
        .join(Exhibition, Exhibition.id == Booth.exhibition_id)
        .order_by(Booth.id)
    )
    for slug, booth_id, code, makers in rows:
        if living.get(booth_id, 0) + open_.get(booth_id, 0) > makers:
            yield f"{slug} {code}"


@invariant("exhibitions.accepted-is-who-stands")
def accepted() -> Iterator[str]:
    """An application is accepted exactly while it has a living stand, of its own producer and at its own fair."""
    rows = session().execute(
        select(Application.reference, Application.state, Application.producer_id, Application.exhibition_id, Stand)
        .join(Exhibition, Exhibition.id == Application.exhibition_id)
        .outerjoin(Stand, (Stand.application_id == Application.id) & Stand.ended_at.is_(None))
        .where(Exhibition.state.in_((*_GIVEN, F.ANNOUNCED)))
        .order_by(Application.id)
    )
    for reference, state, producer_id, exhibition_id, stand in rows:
        if (state is A.ACCEPTED) != (stand is not None) or (
            stand is not None and (stand.producer_id, stand.exhibition_id) != (producer_id, exhibition_id)
        ):
            yield reference


@invariant("exhibitions.places-in-a-row")
def places() -> Iterator[str]:
    """The waiting list of a fair counts from one without a gap."""
    rows = session().execute(
        select(Exhibition.slug, Application.place)
        .join(Exhibition, Exhibition.id == Application.exhibition_id)
        .where(Application.state == A.WAITING)
        .order_by(Exhibition.slug, Application.place)
    )
    for slug, found in groupby(rows, key=lambda row: row[0]):
        if [place for _slug, place in found] != list(range(1, _waiting(slug) + 1)):
            yield slug


def _waiting(slug: str) -> int:
    rows = (
        select(func.count())
        .select_from(Application)
        .join(Exhibition, Exhibition.id == Application.exhibition_id)
        .where(Exhibition.slug == slug, Application.state == A.WAITING)
    )
    return session().scalar(rows) or 0


@invariant("exhibitions.application-history-is-unbroken")
def histories() -> Iterator[str]:
    """The steps of an application begin with nothing, take only allowed ways and end in its state."""
    s = session()
    ends: dict[int, str] = {}
    wrong: set[int] = set()
    rows = s.execute(
        select(ApplicationStep.application_id, ApplicationStep.from_state, ApplicationStep.to_state).order_by(
            ApplicationStep.application_id, ApplicationStep.id
        )
    )
    for application_id, steps in groupby(rows, key=lambda row: row[0]):
        at = ""
        for _id, before, after in steps:
            if before != at or after not in APPLICATION_ALLOWED[before]:
                wrong.add(application_id)
            at = after
        ends[application_id] = at
    for application_id, reference, state in s.execute(
        select(Application.id, Application.reference, Application.state).order_by(Application.id)
    ):
        if application_id in wrong or ends.get(application_id) != state:
            yield reference


@invariant("exhibitions.own-goods")
def goods() -> Iterator[str]:
    """A pack of an application is of the product it names, and not of another producer than the one who applies."""
    yield from session().scalars(
        select(Application.reference)
        .join(ApplicationGoods, ApplicationGoods.application_id == Application.id)
        .join(Variant, Variant.id == ApplicationGoods.variant_id)
        .join(Product, Product.id == ApplicationGoods.product_id)
        .where((Variant.product_id != Product.id) | (Product.producer_id != Application.producer_id))
        .distinct()
        .order_by(Application.reference)
    )


@invariant("exhibitions.seed-is-the-sealed-one")
def seeds() -> Iterator[str]:
    """The seed of a draw is the one whose digest was published."""
    rows = session().execute(
        select(Exhibition.slug, ExhibitionRule.seed, ExhibitionRule.seed_digest)
        .join(Exhibition, Exhibition.id == ExhibitionRule.exhibition_id)
        .order_by(Exhibition.slug)
    )
    for slug, seed, digest in rows:
        if hashlib.sha256(seed.encode()).hexdigest() != digest:
            yield slug
