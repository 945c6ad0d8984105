"""The books of a fair are closed: every booth is, its points end, its machines sell no more, its booths are charged for.

A machine with an open turn or with numbers that are missing may still have sales to send: it stays, until it has sent them. A
cancelled fair is finished in the same way and stays cancelled; nobody owes for its booths.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from shop.exhibitions.errors import FairMovedOn, FairNotOver, SheetsOpen
from shop.exhibitions.models.calls import Stand
from shop.exhibitions.models.closing import Sheet, SheetVersion
from shop.exhibitions.models.fairs import Booth, Exhibition, ExhibitionStep, FairState
from shop.exhibitions.queries import closings
from shop.exhibitions.services import closing, steps
from shop.kernel import audit, clock, db, operations
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.dates import day
from shop.kernel.db import session, transaction
from shop.kernel.errors import N_, NotFound, ShopError
from shop.points import services as points
from shop.points.models import Point
from shop.settlement.services import booths
from shop.stock import services as stock
from shop.till.models import Device, Gap, TillSession
from shop.till.services import devices

OVER = N_("Hội chợ bế mạc, sổ đã đóng")
FINISHED = (FairState.CLOSED, FairState.REPORTED, FairState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine of a booth: `may_send` tells why it may still have sales to send: a turn is `open`, there is a `gap` in its
    numbers."""

    id: int
    code: str
    booth: str
    revoked: bool
    may_send: str


def machines(exhibition_id: int) -> list[Machine]:
    """The machines of a fair's booths that were ever enrolled, by booth."""
    opened = (
        select(TillSession.device_id)
        .where(TillSession.device_id == Device.id, TillSession.closed_at.is_(None))
        .exists()
    )
    missing = select(Gap.id).where(Gap.device_id == Device.id, Gap.closed_at.is_(None)).exists()
    rows = session().execute(
        select(Device.id, Device.code, Booth.code, Device.token_hash.is_(None), opened, missing)
        .join(Booth, Booth.point_id == Device.point_id)
        .where(Booth.exhibition_id == exhibition_id, Device.enrolled_at.is_not(None))
        .order_by(Booth.code, Device.id)
    )
    return [
        Machine(i, code, booth, bool(gone), "open" if turn else ("gap" if gap else ""))
        for i, code, booth, gone, turn, gap in rows
    ]


def _open_booths(fair: Exhibition) -> list[closings.BoothRow]:
    """The booths that are not closed yet. Of a cancelled fair only those where goods were or are."""
    rows = [row for row in closings.booths(fair.id) if not row.done]
    if fair.state is FairState.CANCELLED:
        rows = [row for row in rows if row.left or row.on_road or row.begun]
    return rows


def reason_to_close(fair: Exhibition) -> ShopError | None:
    """Why the books of the fair cannot be closed now; None if they can."""
    if fair.state is not FairState.CANCELLED:
        if fair.state is not FairState.RUNNING:
            return FairMovedOn()
        if fair.last_on is not None and clock.today() < fair.last_on:
            return FairNotOver(day=day(fair.last_on))
    open_ones = _open_booths(fair)
    return SheetsOpen(n=len(open_ones), code=open_ones[0].code) if open_ones else None


@dataclass(frozen=True, slots=True)
class Finished:
    """What closing the books did: points closed, booths charged (those whose sheets are signed), machines revoked, machines
    that may still send."""

    points: int
    fees: int
    revoked: int
    waiting: int


def close_fair(actor: Actor, slug: str, *, op_key: str) -> Finished:
    """Close the books of a fair whose booths are all closed. The same `op_key` does it once.

    Raises:
        NotFound; FairMovedOn: it is not running, or was finished before; FairNotOver; SheetsOpen.
    """

    def command() -> dict[str, Any]:
        found = session().scalar(select(Exhibition.id).where(Exhibition.slug == slug))
        if found is None:
            raise NotFound
        fair = db.locked(Exhibition, found, NotFound)
        cancelled = fair.state is FairState.CANCELLED
        if cancelled and is_finished(fair):
            raise FairMovedOn
        why = reason_to_close(fair)
        if why is not None:
            raise why
        done: dict[str, Any] = {"fees": 0 if cancelled else charge(actor, fair), "points": _close_points(actor, fair)}
        done |= {"revoked": revoke_quiet(actor, fair.id), "waiting": 0}
        done["waiting"] = sum(1 for m in machines(fair.id) if not m.revoked)
        if cancelled:
            audit.record(actor, "exhibitions.finish", f"exhibition:{fair.slug}", **done)
        else:
            steps.fair(actor, fair, FairState.CLOSED, None, **done)
        return done

    return Finished(**operations.once(op_key, "exhibitions.finish", actor.key, [slug], command))


def charge(actor: Actor, fair: Exhibition, sheet_id: int | None = None) -> int:
    """Charge every stand of a fair (`sheet_id`: that one) for its booth, if its sheet is signed by all; return how many entries
    are new. Producers are taken in the order of their ids, as settlement locks them."""
    signed = select(SheetVersion.id).where(SheetVersion.sheet_id == Sheet.id, SheetVersion.reason.is_(None)).exists()
    wanted = select(Sheet, Stand.reference, Booth.code, Booth.point_id).where(Sheet.exhibition_id == fair.id, signed)
    rows = session().execute(
        (wanted.where(Sheet.id == sheet_id) if sheet_id is not None else wanted)
        .join(Stand, Stand.id == Sheet.stand_id)
        .join(Booth, Booth.id == Sheet.booth_id)
        .order_by(Sheet.producer_id, Sheet.id)
    )
    return sum(
        booths.charge(
            actor, sheet.producer_id, stand, label=f"{fair.name}, gian {code}", fee_amount=sheet.fee_amount,
            subsidy_amount=sheet.subsidy_amount, point_id=point_id, is_demo=fair.is_demo,
        )
        for sheet, stand, code, point_id in rows.all()
        if sheet.producer_id is not None
    )  # fmt: skip


def _close_points(actor: Actor, fair: Exhibition) -> int:
    """End every point of the fair today, also those whose end was set for later; return how many."""
    for point_id in (
        session()
        .scalars(
            select(Booth.point_id)
            .where(Booth.exhibition_id == fair.id, Booth.point_id.is_not(None))
            .order_by(Booth.point_id)
        )
        .all()
    ):
        if point_id is not None:
            closing.call_off(actor, point_id)
    living = _living(fair)
    for point in living:
        if point.closed_on is not None:
            points.reopen(actor, point.id, OVER)
        points.close(actor, point.id, _end_of(point), OVER)
    stock.refresh_availability()
    return len(living)


def revoke_quiet(actor: Actor, exhibition_id: int) -> int:
    """Take the right of every machine of a fair that has sent all it had; return how many."""
    quiet = [m for m in machines(exhibition_id) if not m.revoked and not m.may_send]
    for machine in sorted(quiet, key=lambda m: m.id):
        devices.revoke(actor, machine.id, OVER)
    return len(quiet)


def is_finished(fair: Exhibition) -> bool:
    """Whether the books of the fair are closed: of a cancelled one, whether its points have ended and nothing is left in
    them."""
    if fair.state in (FairState.CLOSED, FairState.REPORTED):
        return True
    return fair.state is FairState.CANCELLED and not _living(fair) and not _open_booths(fair)


def _living(fair: Exhibition) -> list[Point]:
    """The points of the fair that have not ended; one that was never open ends on the day after it was to open."""
    rows = session().scalars(
        select(Point).join(Booth, Booth.point_id == Point.id).where(Booth.exhibition_id == fair.id).order_by(Point.id)
    )
    return [point for point in rows.all() if point.closed_on is None or point.closed_on > _end_of(point)]


def _end_of(point: Point) -> date:
    """The day from which a point that ends now is closed."""
    first = point.opened_on + timedelta(days=1) if point.opened_on is not None else None
    return max(clock.today(), first) if first is not None else clock.today()


def finished(fair: Exhibition) -> ExhibitionStep | None:
    """The step by which the books were closed."""
    return session().scalar(
        select(ExhibitionStep)
        .where(ExhibitionStep.exhibition_id == fair.id, ExhibitionStep.to_state == FairState.CLOSED.value)
        .order_by(ExhibitionStep.id.desc())
        .limit(1)
    )


def overdue() -> list[tuple[Exhibition, int]]:
    """Fairs that ended a day ago, or were cancelled, and whose booths still hold goods: with how many units."""
    today = clock.today()
    return [
        (fair, n)
        for fair, n in closings.to_close()
        if fair.state is FairState.CANCELLED or (fair.to_on is not None and fair.to_on < today)
    ]


def look_after() -> list[int]:
    """Take the right of machines of finished fairs that have sent all they had since; return the fairs' ids."""
    ids = list(
        session().scalars(
            select(Exhibition.id)
            .join(Booth, Booth.exhibition_id == Exhibition.id)
            .join(Device, Device.point_id == Booth.point_id)
            .where(Exhibition.state.in_(FINISHED), Device.token_hash.is_not(None))
            .distinct()
        )
    )
    done = [i for i in ids if is_finished(session().get_one(Exhibition, i))]
    for exhibition_id in done:
        with transaction():
            revoke_quiet(SYSTEM, exhibition_id)
    return done
