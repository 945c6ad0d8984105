"""What must hold of a fair's goods and days (`flask audit`)."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import aliased

from shop.accounts.models import Grant
from shop.accounts.permissions import Role
from shop.exhibitions.models.calls import Application, ApplicationGoods, Stand
from shop.exhibitions.models.days import (
    Commitment,
    Contact,
    ContactOutcome,
    Gate,
    Keeper,
    Paper,
    PaperKind,
    Replenishment,
    VisitFile,
    Visits,
)
from shop.exhibitions.models.fairs import Booth, Exhibition, FairState
from shop.kernel import clock
from shop.kernel.db import session
from shop.kernel.invariants import invariant
from shop.points.models import Point, PointKind
from shop.receipts.models import Delivery
from shop.supply.models import SupplyAsk
from shop.transfers.models import Transfer


@invariant("exhibitions.running-booths-have-points")
def running_booths_have_points() -> Iterator[str]:
    """Each booth with a stand of a fair that runs has a point of its own kind that is open as long as the fair, and no point is
    two booths' (the database sees to that)."""
    rows = session().execute(
        select(Exhibition.slug, Booth.code, Point)
        .join(Booth, Booth.exhibition_id == Exhibition.id)
        .outerjoin(Point, Point.id == Booth.point_id)
        .where(
            Exhibition.state == FairState.RUNNING,
            exists().where(Stand.booth_id == Booth.id, Stand.ended_at.is_(None)),
            or_(
                Point.id.is_(None),
                Point.kind != PointKind.FAIR,
                Point.opened_on > Exhibition.from_on,
                Point.closed_on < Exhibition.to_on,
            ),
        )
        .order_by(Exhibition.id, Booth.id)
    )
    for slug, code, point in rows:
        yield f"fair {slug}: booth {code} " + ("has no point" if point is None else f"sells at {point.slug}")


@invariant("exhibitions.commitments-hold")
def commitments_hold() -> Iterator[str]:
    """What goods say is committed is the producer's last word."""
    newest = (
        select(func.max(Commitment.id)).where(Commitment.goods_id == ApplicationGoods.id).correlate(ApplicationGoods)
    ).scalar_subquery()
    rows = session().execute(
        select(Application.reference, ApplicationGoods.id, ApplicationGoods.committed, Commitment.units)
        .join(Application, Application.id == ApplicationGoods.application_id)
        .join(Commitment, Commitment.id == newest)
        .where(or_(ApplicationGoods.committed.is_(None), ApplicationGoods.committed != Commitment.units))
        .order_by(ApplicationGoods.id)
    )
    for reference, goods_id, committed, units in rows:
        yield f"application {reference}: goods {goods_id} promise {committed}, said {units}"


@invariant("exhibitions.papers-are-there")
def papers_are_there() -> Iterator[str]:
    """Each paper of a fair is one of the rooms below, to or from its booth's point; each replenishment has its paper."""
    kinds = (
        (PaperKind.TRANSFER, Transfer, or_(Transfer.to_point_id == Booth.point_id, Transfer.from_point_id == Booth.point_id)),
        (PaperKind.DELIVERY, Delivery, Delivery.point_id == Booth.point_id),
        (PaperKind.ASK, SupplyAsk, SupplyAsk.point_id == Booth.point_id),
    )  # fmt: skip
    for kind, table, here in kinds:
        rows = session().scalars(
            select(Paper.reference)
            .join(Booth, Booth.id == Paper.booth_id)
            .where(Paper.kind == kind, ~exists().where(table.reference == Paper.reference, here))
            .order_by(Paper.id)
        )
        for reference in rows:
            yield f"{kind.value} {reference} is not of its booth"
    alone = select(Replenishment.reference).where(~exists().where(Paper.reference == Replenishment.reference))
    for reference in session().scalars(alone.order_by(Replenishment.id)):
        yield f"replenishment {reference} has no paper"


@invariant("exhibitions.keepers-have-rights")
def keepers_have_rights() -> Iterator[str]:
    """Whoever stands at a booth's counter has the right for its point; whoever stood there and had it not before has it no
    more, unless he stands there again."""
    right = exists().where(
        Grant.user_id == Keeper.user_id,
        Grant.role == Role.POINT_KEEPER,
        Grant.scope == func.concat("point:", Booth.point_id),
    )
    again = aliased(Keeper)
    lives = exists().where(again.booth_id == Keeper.booth_id, again.user_id == Keeper.user_id, again.ended_at.is_(None))
    base = select(Booth.code, Keeper.user_id).join(Booth, Booth.id == Keeper.booth_id)
    for code, user_id in session().execute(base.where(Keeper.ended_at.is_(None), ~right).order_by(Keeper.id)):
        yield f"booth {code}: keeper {user_id} has no right"
    gone = base.where(Keeper.ended_at.is_not(None), Keeper.had_before.is_(False), right, ~lives)
    for code, user_id in session().execute(gone.order_by(Keeper.id)):
        yield f"booth {code}: {user_id} kept the right"


@invariant("exhibitions.visits-in-the-fair")
def visits_in_the_fair() -> Iterator[str]:
    """Visitors are counted at whole hours of the fair's days, at its own gates."""
    rows = session().execute(
        select(
            Visits.id, Visits.hour, Exhibition.slug, Exhibition.from_on, Exhibition.to_on, Gate.exhibition_id, Visits
        )
        .join(Exhibition, Exhibition.id == Visits.exhibition_id)
        .join(Gate, Gate.id == Visits.gate_id)
        .order_by(Visits.id)
    )
    for visits_id, hour, slug, first, end, gate_fair, row in rows:
        whole = (hour.minute, hour.second, hour.microsecond) == (0, 0, 0)
        inside = first is not None and end is not None and first <= clock.business_day(hour) < end
        if not whole or not inside or gate_fair != row.exhibition_id:
            yield f"fair {slug}: visits {visits_id} at {hour.isoformat()}"


@invariant("exhibitions.sensor-files-count-once")
def sensor_files_count_once() -> Iterator[str]:
    """A file that counts has a number for each of its good rows, its own or that of a later file."""
    for row in session().scalars(select(VisitFile).where(VisitFile.applied_at.is_not(None)).order_by(VisitFile.id)):
        hours = {r["hour"] for r in row.rows if not r["why"] and "into" not in r}
        there = session().scalar(
            select(func.count(Visits.hour.distinct())).where(
                Visits.exhibition_id == row.exhibition_id, Visits.source == "sensor"
            )
        )
        if len(hours) > (there or 0):
            yield f"file {row.reference}: {len(hours)} hours, {there} counted"


@invariant("exhibitions.buyers-erased")
def buyers_erased() -> Iterator[str]:
    """No trade buyer is kept beyond the term (two days for the nightly work), nor without consent."""
    late = clock.today()
    rows = session().execute(
        select(Contact.reference, Contact.erase_on).where(Contact.erased_at.is_(None)).order_by(Contact.id)
    )
    for reference, erase_on in rows:
        if (late - erase_on).days > 2:
            yield f"contact {reference} should be erased since {erase_on}"


@invariant("exhibitions.outcomes-in-time")
def outcomes_in_time() -> Iterator[str]:
    """What came of a contact is written down after its day, not before."""
    rows = session().execute(
        select(Contact.reference, ContactOutcome.after_days, ContactOutcome.at, Exhibition.to_on)
        .join(Contact, Contact.id == ContactOutcome.contact_id)
        .join(Exhibition, Exhibition.id == Contact.exhibition_id)
        .order_by(ContactOutcome.id)
    )
    for reference, after, at, end in rows:
        if end is not None and (clock.business_day(at) - end).days < after:
            yield f"contact {reference}: outcome of day {after} before it"
