"""Booths become points of sale: prepared before a fair, opened on its first day, kept by people with a right for that point."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select

from shop.accounts import queries as accounts
from shop.accounts.models import Grant
from shop.accounts.permissions import Role
from shop.accounts.services import rights
from shop.exhibitions.errors import BoothNotReady, FairMovedOn, FairNotPrepared, FairNotYet
from shop.exhibitions.models.calls import Stand
from shop.exhibitions.models.days import Gate, Keeper, Setup
from shop.exhibitions.models.fairs import Booth, Exhibition, FairState, Feature, FeatureKind
from shop.exhibitions.services import steps
from shop.kernel import audit, clock
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.dates import day as day_words
from shop.kernel.db import insert_missing, locked, session, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.points import hours
from shop.points import queries as points
from shop.points import services as point_commands
from shop.points.models import Point, PointKind
from shop.stock.models import StockLevel
from shop.till.models import Device
from shop.till.services import devices
from shop.transfers.models import UNDER_WAY, WAITING, Transfer

MOST_DAYS = 30
PREPARABLE = (FairState.ALLOTTED, FairState.RUNNING)


@dataclass(frozen=True, slots=True)
class Terms:
    """How the booths' points live: from `days_before` the first day until `days_after` the last one; with `pickup` buyers of
    the web may collect at them while the fair is on."""

    days_before: int = 2
    days_after: int = 2
    pickup: bool = False


@dataclass(frozen=True, slots=True)
class Prepared:
    """What preparing did: booths with a new point, with a changed one, and given-up ones whose empty point was closed."""

    made: int
    changed: int
    closed: int


def prepare(actor: Actor, exhibition_id: int, terms: Terms) -> Prepared:
    """Give each booth with a stand its temporary point, one for a shared booth, and bring those it has in step with the fair's
    days, hours and place. A second run doubles nothing; the point of a booth that nobody stands in any more is closed once it
    is empty.

    Raises:
        NotFound: there is no such fair.
        FairMovedOn: its booths are not published, or it is over.
        Invalid: days out of range.
    """
    if not 1 <= terms.days_before <= MOST_DAYS:
        raise Invalid(N_("Số ngày phải từ 1 đến %(n)s."), field="days_before", n=MOST_DAYS)
    if not 1 <= terms.days_after <= MOST_DAYS:
        raise Invalid(N_("Số ngày phải từ 1 đến %(n)s."), field="days_after", n=MOST_DAYS)
    with transaction():
        fair = locked(Exhibition, exhibition_id, NotFound)
        if fair.state not in PREPARABLE:
            raise FairMovedOn
        _set_up(actor, fair, terms)
        given = _given(fair.id)
        made = changed = closed = 0
        for booth in session().scalars(select(Booth).where(Booth.exhibition_id == fair.id).order_by(Booth.id)):
            if booth.id in given:
                if booth.point_id is None:
                    _make(actor, fair, booth, terms)
                    made += 1
                else:
                    changed += _follow(actor, fair, booth, terms)
            elif booth.point_id is not None:
                closed += _close_if_empty(actor, booth.point_id)
        _keep_right(actor, fair.id)
        audit.record(
            actor, "exhibitions.prepare", f"exhibition:{fair.slug}", made=made, changed=changed, closed=closed,
            days_before=terms.days_before, days_after=terms.days_after, pickup=terms.pickup,
        )  # fmt: skip
        return Prepared(made, changed, closed)


def terms_of(exhibition_id: int) -> Terms | None:
    """How a fair was prepared; None if it was not."""
    found = session().get(Setup, exhibition_id)
    return None if found is None else Terms(found.days_before, found.days_after, found.pickup)


def _set_up(actor: Actor, fair: Exhibition, terms: Terms) -> None:
    row = session().get(Setup, fair.id)
    if row is None:
        _make_gates(fair.id)
        row = Setup(exhibition_id=fair.id, screen_token=secrets.token_urlsafe(18))
        session().add(row)
    row.days_before, row.days_after, row.pickup = terms.days_before, terms.days_after, terms.pickup
    row.prepared_at, row.prepared_label = clock.now(), actor.label
    session().flush()


def _make_gates(exhibition_id: int) -> None:
    """The entrances of the plan, or one gate where it shows none."""
    drawn = session().scalars(
        select(Feature.label)
        .where(Feature.exhibition_id == exhibition_id, Feature.kind == FeatureKind.ENTRANCE)
        .order_by(Feature.id)
    )
    names = [label or f"Cổng {n}" for n, label in enumerate(drawn, 1)] or ["Cổng chính"]
    insert_missing(
        Gate,
        [{"exhibition_id": exhibition_id, "name": name} for name in dict.fromkeys(names)],
        ["exhibition_id", "name"],
    )


def _given(exhibition_id: int) -> set[int]:
    """The booths that somebody stands in."""
    return set(
        session().scalars(
            select(Stand.booth_id).where(Stand.exhibition_id == exhibition_id, Stand.ended_at.is_(None)).distinct()
        )
    )


def _span(fair: Exhibition, terms: Terms) -> tuple[date, date, date, date]:
    """First day of the point's life, first and first-after of the fair, day on which the point is closed for good."""
    if fair.from_on is None or fair.to_on is None:  # only fairs known from sources have no days
        raise FairMovedOn
    return (
        fair.from_on - timedelta(days=terms.days_before), fair.from_on, fair.to_on,
        fair.to_on + timedelta(days=terms.days_after),
    )  # fmt: skip


def _draft(fair: Exhibition, booth: Booth, terms: Terms) -> point_commands.Draft:
    opened_on, first, end, _closed = _span(fair, terms)
    running = fair.state is FairState.RUNNING
    return point_commands.Draft(
        name=f"Gian {booth.code} – {fair.name}"[:255],
        kind=PointKind.FAIR,
        province_code=fair.province_code,
        commune_code=fair.commune_code,
        address=", ".join(part for part in (fair.venue, fair.address) if part)[:255],
        hours={day: [fair.day_opens, fair.day_closes] for day in hours.DAYS},
        # Buyers are sent there, and see it, only while somebody is there.
        pickup=terms.pickup and running,
        is_public=terms.pickup and running,
        opened_on=opened_on,
        sells_from_on=first,
        sells_to_on=end,
        is_demo=fair.is_demo,
    )


def _make(actor: Actor, fair: Exhibition, booth: Booth, terms: Terms) -> None:
    draft = _draft(fair, booth, terms)
    booth.point_id = point_commands.create(actor, draft, f"exhibition:{fair.id}:booth:{booth.id}")
    session().flush()
    point_commands.close(actor, booth.point_id, _span(fair, terms)[3], "Hội chợ bế mạc")


def _follow(actor: Actor, fair: Exhibition, booth: Booth, terms: Terms) -> int:
    """Bring the booth's point in step; 1 if anything changed."""
    if booth.point_id is None:
        raise BoothNotReady
    point = points.point(booth.point_id)
    closed_on = _span(fair, terms)[3]
    draft = _draft(fair, booth, terms)
    before = point.updated_at
    if point.closed_on != closed_on:
        point_commands.reopen(actor, point.id, "Hội chợ đổi ngày, hoặc gian có người nhận lại")
        point_commands.update(actor, point.id, draft)
        point_commands.close(actor, point.id, closed_on, "Hội chợ bế mạc")
    else:
        point_commands.update(actor, point.id, draft)
    return int(points.point(point.id).updated_at != before)


def follow(actor: Actor, fair: Exhibition) -> int:
    """Bring the points of a prepared fair in step with its days, hours and place, which somebody has changed; return how many
    changed. The fair is locked."""
    terms = terms_of(fair.id)
    if terms is None or fair.state not in PREPARABLE:
        return 0
    given = _given(fair.id)
    booths = session().scalars(
        select(Booth).where(Booth.exhibition_id == fair.id, Booth.point_id.is_not(None)).order_by(Booth.id)
    )
    return sum(_follow(actor, fair, booth, terms) for booth in booths.all() if booth.id in given)


def _close_if_empty(actor: Actor, point_id: int) -> int:
    """Close the point of a booth that was given up, if nothing lies there or is on its way; 1 if it was closed now."""
    point = points.point(point_id)
    today = clock.today()
    if point.closed_on is not None and point.closed_on <= max(today, (point.opened_on or today) + timedelta(days=1)):
        return 0
    if session().scalar(select(func.sum(StockLevel.on_hand)).where(StockLevel.point_id == point_id)):
        return 0
    coming = select(Transfer.id).where(Transfer.to_point_id == point_id, Transfer.status.in_((*WAITING, *UNDER_WAY)))
    if session().scalar(coming.limit(1)) is not None:
        return 0
    point_commands.reopen(actor, point_id, "Gian không còn ai nhận")
    earliest = (point.opened_on or today) + timedelta(days=1)
    point_commands.close(actor, point_id, max(today, earliest), "Gian không còn ai nhận")
    return 1


# --- opening -----------------------------------------------------------------------------------------------------


def unprepared(exhibition_id: int) -> int:
    """How many booths with a stand have no point yet."""
    return int(
        session().scalar(
            select(func.count(Booth.id.distinct()))
            .join(Stand, Stand.booth_id == Booth.id)
            .where(Stand.exhibition_id == exhibition_id, Stand.ended_at.is_(None), Booth.point_id.is_(None))
        )
        or 0
    )


def open_fair(actor: Actor, exhibition_id: int) -> None:
    """Open a fair on one of its days: it runs from now on. One that runs already stays as it is.

    Raises:
        NotFound: there is no such fair.
        FairNotYet: today is none of its days.
        FairNotPrepared: a booth with a stand has no point, or nothing was prepared at all.
        FairMovedOn: it cannot be opened from where it stands.
    """
    with transaction():
        fair = locked(Exhibition, exhibition_id, NotFound)
        if fair.state is FairState.RUNNING:
            return
        if fair.state is not FairState.ALLOTTED or fair.from_on is None or fair.to_on is None:
            raise FairMovedOn
        if not fair.from_on <= clock.today() < fair.to_on:
            raise FairNotYet(first=day_words(fair.from_on), last=day_words(fair.to_on - timedelta(days=1)))
        terms, lacking = terms_of(fair.id), unprepared(fair.id)
        if terms is None or lacking:
            raise FairNotPrepared(n=lacking or len(_given(fair.id)))
        steps.fair(actor, fair, FairState.RUNNING)
        if terms.pickup:
            for booth in session().scalars(
                select(Booth).where(Booth.exhibition_id == fair.id, Booth.point_id.is_not(None)).order_by(Booth.id)
            ):
                if booth.id in _given(fair.id):
                    _follow(actor, fair, booth, terms)


def open_due() -> list[int]:
    """Open every prepared fair whose first day has come; return their ids."""
    today = clock.today()
    due = list(
        session().scalars(
            select(Exhibition.id)
            .join(Setup, Setup.exhibition_id == Exhibition.id)
            .where(Exhibition.state == FairState.ALLOTTED, Exhibition.from_on <= today, Exhibition.to_on > today)
            .order_by(Exhibition.id)
        )
    )
    opened = []
    for exhibition_id in due:
        try:
            open_fair(SYSTEM, exhibition_id)
        except (FairNotPrepared, FairMovedOn):
            continue  # its page says what is missing
        opened.append(exhibition_id)
    return opened


def end_pickup(exhibition_id: int) -> None:
    """Let nobody collect at the booths of a fair that is over or cancelled."""
    with transaction():
        ids = session().scalars(
            select(Booth.point_id)
            .join(Point, Point.id == Booth.point_id)
            .where(Booth.exhibition_id == exhibition_id, Point.pickup.is_(True))
            .order_by(Booth.point_id)
        )
        for point_id in list(ids):
            if point_id is not None:
                draft = _as_it_is(points.point(point_id))
                point_commands.update(SYSTEM, point_id, draft)


def _as_it_is(p: points.PointView) -> point_commands.Draft:
    """The point's facts without pick-up."""
    return point_commands.Draft(
        name=p.name,
        kind=p.kind,
        province_code=p.province_code,
        commune_code=p.commune_code,
        locality_text=p.locality_text,
        address=p.address,
        hours={day: list(span) for day, span in p.hours.items()} if p.hours is not None else None,
        opened_on=p.opened_on,
        sells_from_on=p.sells_from_on,
        sells_to_on=p.sells_to_on,
        pickup=False,
        is_public=False,
        is_demo=p.is_demo,
    )


def new_screen(actor: Actor, exhibition_id: int) -> str:
    """A new secret for the hall's screen; the old address opens nothing any more.

    Raises:
        NotFound: the fair is not prepared.
    """
    with transaction():
        row = locked(Setup, exhibition_id, NotFound)
        fair = session().get_one(Exhibition, exhibition_id)
        row.screen_token = secrets.token_urlsafe(18)
        audit.record(actor, "exhibitions.screen", f"exhibition:{fair.slug}")
        return row.screen_token


# --- who stands at the counters ----------------------------------------------------------------------------------


def add_keeper(actor: Actor, booth_id: int, user_id: int) -> None:
    """Let a user stand at a booth's counter; one who does already stays.

    Raises:
        NotFound: no such booth or user.
        BoothNotReady: the booth has no point yet.
        OwnRights: nobody gives himself a right.
    """
    with transaction() as s:
        booth, fair = _booth_locked(booth_id)
        if booth.point_id is None:
            raise BoothNotReady
        if accounts.contact(user_id) is None:
            raise NotFound
        known = select(Keeper.id).where(
            Keeper.booth_id == booth_id, Keeper.user_id == user_id, Keeper.ended_at.is_(None)
        )
        if s.scalar(known) is not None:
            return
        had = _has_right(user_id, booth.point_id)
        s.add(
            Keeper(
                booth_id=booth_id, user_id=user_id, given_at=clock.now(), given_label=actor.label, had_before=had
            )
        )  # fmt: skip
        s.flush()
        if not had:
            rights.grant(actor, user_id, Role.POINT_KEEPER, f"point:{booth.point_id}")
        audit.record(actor, "exhibitions.keeper", f"exhibition:{fair.slug}", booth=booth.code, user=user_id)


def end_keeper(actor: Actor, booth_id: int, user_id: int) -> None:
    """Let a user stand there no more: his right for the booth's point ends at once.

    Raises:
        NotFound: he does not stand there.
    """
    with transaction() as s:
        booth, fair = _booth_locked(booth_id)
        row = s.scalar(
            select(Keeper).where(Keeper.booth_id == booth_id, Keeper.user_id == user_id, Keeper.ended_at.is_(None))
        )
        if row is None:
            raise NotFound
        _end(actor, booth, row)
        audit.record(actor, "exhibitions.keeper-end", f"exhibition:{fair.slug}", booth=booth.code, user=user_id)


def end_keepers(actor: Actor, exhibition_id: int) -> int:
    """Take the rights of all keepers of a fair that is over; return how many."""
    with transaction() as s:
        rows = s.execute(
            select(Keeper, Booth)
            .join(Booth, Booth.id == Keeper.booth_id)
            .where(Booth.exhibition_id == exhibition_id, Keeper.ended_at.is_(None))
            .order_by(Keeper.id)
        ).all()
        for row, booth in rows:
            _end(actor, booth, row)
        return len(rows)


def _booth_locked(booth_id: int) -> tuple[Booth, Exhibition]:
    found = session().get(Booth, booth_id)
    if found is None:
        raise NotFound
    fair = locked(Exhibition, found.exhibition_id, NotFound)
    return locked(Booth, booth_id, NotFound), fair


def _has_right(user_id: int, point_id: int | None) -> bool:
    wanted = select(Grant.id).where(
        Grant.user_id == user_id, Grant.role == Role.POINT_KEEPER, Grant.scope == f"point:{point_id}"
    )
    return session().scalar(wanted) is not None


def _end(actor: Actor, booth: Booth, row: Keeper) -> None:
    row.ended_at = clock.now()
    session().flush()
    if not row.had_before and _has_right(row.user_id, booth.point_id):
        rights.revoke(actor, row.user_id, Role.POINT_KEEPER, f"point:{booth.point_id}")


def _keep_right(actor: Actor, exhibition_id: int) -> None:
    """Keepers of booths that nobody stands in any more lose their right."""
    given = _given(exhibition_id)
    rows = session().execute(
        select(Keeper, Booth)
        .join(Booth, Booth.id == Keeper.booth_id)
        .where(Booth.exhibition_id == exhibition_id, Keeper.ended_at.is_(None))
        .order_by(Keeper.id)
    )
    for row, booth in rows.all():
        if booth.id not in given:
            _end(actor, booth, row)


# --- machines ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EnrolWith:
    """A machine of a booth and the code by which it is tied, shown once."""

    booth: str
    device: str
    point: str
    code: devices.NewCode


def add_machines(actor: Actor, exhibition_id: int, booth_ids: Sequence[int], letter: str) -> int:
    """Make one machine known for each of the booths that has none yet, called `<letter><number>` from the next free number on;
    return how many. Machines of the till keep their code for ever, so numbers are never used twice.

    Raises:
        NotFound: a booth of another fair.
        BoothNotReady: a booth without a point.
        Invalid: no such letter, or its numbers are used up.
    """
    if len(letter) != 1 or not ("A" <= letter <= "Z"):
        raise Invalid(N_("Hãy chọn một chữ cái từ A đến Z."), field="letter")
    with transaction() as s:
        locked(Exhibition, exhibition_id, NotFound)
        booths = list(s.scalars(select(Booth).where(Booth.id.in_(booth_ids)).order_by(Booth.id)))
        if len(booths) != len(set(booth_ids)) or any(b.exhibition_id != exhibition_id for b in booths):
            raise NotFound
        if any(b.point_id is None for b in booths):
            raise BoothNotReady
        codes = s.scalars(select(Device.code).where(Device.code.like(f"{letter}%")))
        used = {int(code[1:]) for code in codes if code[1:].isdecimal()}
        has = set(s.scalars(select(Device.point_id).where(Device.point_id.in_([b.point_id for b in booths]))))
        made = 0
        for booth in booths:
            if booth.point_id is None or booth.point_id in has:
                continue
            number = max(used, default=0) + 1
            if number > 999:
                raise Invalid(N_("Chữ %(letter)s đã hết số. Hãy chọn chữ khác."), field="letter", letter=letter)
            devices.create(actor, f"{letter}{number}", f"Gian {booth.code}", booth.point_id)
            used.add(number)
            made += 1
        return made


def enrol_codes(actor: Actor, exhibition_id: int, booth_ids: Sequence[int]) -> list[EnrolWith]:
    """New enrolment codes for the machines of these booths, as they are printed once; older unused codes end.

    Raises:
        NotFound: a booth of another fair.
    """
    with transaction() as s:
        rows = s.execute(
            select(Booth.id, Booth.code, Device.id, Device.code, Point.name)
            .join(Point, Point.id == Booth.point_id)
            .join(Device, Device.point_id == Point.id)
            .where(Booth.exhibition_id == exhibition_id, Booth.id.in_(booth_ids))
            .order_by(Booth.id, Device.id)
        ).all()
        if not {row[0] for row in rows} <= set(booth_ids):
            raise NotFound
        return [
            EnrolWith(booth, code, name, devices.new_code(actor, device_id))
            for _b, booth, device_id, code, name in rows
        ]


def machines_of(exhibition_id: int) -> Mapping[int, list[int]]:
    """The ids of the machines by booth."""
    found: dict[int, list[int]] = defaultdict(list)
    for booth_id, device_id in session().execute(
        select(Booth.id, Device.id)
        .join(Device, Device.point_id == Booth.point_id)
        .where(Booth.exhibition_id == exhibition_id)
    ):
        found[booth_id].append(device_id)
    return found


def revoke_machines(actor: Actor, exhibition_id: int, reason: str) -> int:
    """Take the right of every machine of a fair that will sell no more; return how many there were."""
    ids = sorted(n for found in machines_of(exhibition_id).values() for n in found)
    for device_id in ids:
        devices.revoke(actor, device_id, reason)
    return len(ids)
