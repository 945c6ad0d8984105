"""Counting the weeks anew, bringing older ones, making the forecast."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from shop.catalog.models import Variant
from shop.demand import history
from shop.demand.errors import ForecastRunning
from shop.demand.history import WEEK, monday
from shop.demand.models.forecasts import (
    DemandBuild,
    DemandHeir,
    DemandWeek,
    ForecastLine,
    ForecastRun,
    ForecastTotal,
    Of,
    Source,
)
from shop.kernel import audit, clock, settings
from shop.kernel.actor import Actor
from shop.kernel.db import in_batches, session, transaction
from shop.kernel.errors import N_, Invalid, NotFound

REBUILD_WEEKS = settings.define(
    "demand.rebuild_weeks",
    6,
    N_("Đếm lại nhu cầu của mấy tuần gần nhất"),
    hint=N_(
        "Mỗi đêm, các tuần này được đếm lại từ sổ, để những chỉnh sửa lùi ngày được tính đến; tuần cũ hơn giữ nguyên."
    ),
    low=2,
    high=26,
)
# Weeks of history that the forecast reads, and that are ever counted from the books.
HISTORY = 156
# Weeks counted at once: what is held in memory.
SLAB = 8
# Rows written in one transaction: a twentieth of a second, so that orders are not kept waiting.
BATCH = 2_000
# Runs whose lines are kept, and for how long what they measured is.
KEPT, REMEMBERED = 3, timedelta(days=730)
# A run that has not ended by then was killed.
DEAD_AFTER = timedelta(minutes=45)


# --- the weeks ---------------------------------------------------------------------------------------------------


def count_weeks(actor: Actor, *, everything: bool = False) -> int:
    """Count the last weeks (all that the books know with `everything`) anew up to the last whole one; return the rows written.

    Older weeks stay as they were counted. Orders are not kept waiting: each transaction writes `BATCH` rows.
    """
    today, began = clock.today(), clock.now()
    until = monday(today)
    last = session().scalar(select(func.max(DemandBuild.until_on)))
    first = history.earliest()
    if first is None:
        return 0
    first = max(monday(first), until - WEEK * HISTORY)
    if last is not None and not everything:
        first = max(first, min(until - WEEK * REBUILD_WEEKS.get(), last))
    written, at = 0, first
    while at < until:
        end = min(at + WEEK * SLAB, until)
        for week, rows in history.weeks_of(at, end, today):
            written += _write_week(week, rows)
        at = end
    if first < until:
        with transaction() as s:
            s.add(DemandBuild(first_on=first, until_on=until, rows=written, began_at=began, built_at=clock.now()))
            audit.record(actor, "demand.count-weeks", f"weeks:{first.isoformat()}", until=until, rows=written)
    return written


def _write_week(week: date, rows: Sequence[dict[str, Any]]) -> int:
    """Put `rows` (in the order of their packs) in the place of what the books gave for the week before."""
    written, low = 0, 0
    for part in _parts(rows):
        high = part[-1]["variant_id"] if part[-1] is not rows[-1] else None
        here = [DemandWeek.week_on == week, DemandWeek.variant_id >= low]
        if high is not None:
            here.append(DemandWeek.variant_id <= high)
        with transaction() as s:
            brought = {
                (v, p)
                for v, p in s.execute(
                    select(DemandWeek.variant_id, DemandWeek.place).where(*here, DemandWeek.source == Source.BROUGHT)
                )
            }
            s.execute(delete(DemandWeek).where(*here, DemandWeek.source == Source.SHOP))
            new = [r for r in part if (r["variant_id"], r["place"]) not in brought] if brought else part
            if new:
                s.execute(insert(DemandWeek), list(new))
            written += len(new)
        low = (high or 0) + 1
    if not rows:
        with transaction() as s:
            s.execute(delete(DemandWeek).where(DemandWeek.week_on == week, DemandWeek.source == Source.SHOP))
    return written


def _parts(rows: Sequence[dict[str, Any]]) -> Iterator[Sequence[dict[str, Any]]]:
    at = 0
    while at < len(rows):
        end = min(at + BATCH, len(rows))
        while end < len(rows) and rows[end]["variant_id"] == rows[end - 1]["variant_id"]:
            end += 1
        yield rows[at:end]
        at = end


# --- packs that others carry on ----------------------------------------------------------------------------------


def inherit(actor: Actor, variant_id: int, from_variant_id: int, weight: int) -> None:
    """Let the history of one pack count for another from the next run on; a weight of 0 takes that back.

    `weight`: units of the heir for a hundred of the old pack.

    Raises:
        NotFound: there is no such pack.
        Invalid: it would inherit from itself or in a circle, or the weight is out of bounds.
    """
    if variant_id == from_variant_id:
        raise Invalid(N_("Hãy chọn một quy cách khác."), field="from")
    if not 0 <= weight <= 100_000:
        raise Invalid(N_("Tỷ lệ từ 1 đến 100.000."), field="weight")
    with transaction() as s:
        found = set(s.scalars(select(Variant.id).where(Variant.id.in_([variant_id, from_variant_id]))))
        if len(found) != 2:
            raise NotFound
        back = s.scalar(
            select(func.count()).where(
                DemandHeir.from_variant_id == variant_id, DemandHeir.to_variant_id == from_variant_id
            )
        )
        if back and weight:
            raise Invalid(N_("Quy cách kia đang nối tiếp quy cách này."), field="from")
        s.execute(
            delete(DemandHeir).where(
                DemandHeir.from_variant_id == from_variant_id, DemandHeir.to_variant_id == variant_id
            )
        )
        if weight:
            s.add(
                DemandHeir(
                    from_variant_id=from_variant_id, to_variant_id=variant_id, weight=weight, said_at=clock.now(),
                    said_by=actor.key, said_label=actor.label,
                )
            )  # fmt: skip
        audit.record(actor, "demand.inherit", f"variant:{variant_id}", old=from_variant_id, weight=weight)


# --- the run -----------------------------------------------------------------------------------------------------


def due() -> bool:
    """Whether the newest forecast does not begin with this week, or is older than twenty hours."""
    newest = session().execute(
        select(ForecastRun.first_on, ForecastRun.made_at)
        .where(ForecastRun.done_at.is_not(None))
        .order_by(ForecastRun.id.desc())
        .limit(1)
    ).first()  # fmt: skip
    return newest is None or newest[0] < monday(clock.today()) or clock.now() - newest[1] > timedelta(hours=20)


def behind() -> bool:
    """Whether there is no forecast for this week at all: it is then not kept waiting for the night."""
    last = session().scalar(select(func.max(ForecastRun.first_on)).where(ForecastRun.done_at.is_not(None)))
    return last is None or last < monday(clock.today())


def make(actor: Actor) -> int | None:
    """Forecast everything from the weeks as they are stored; return the run's id, None if nothing is known.

    Raises:
        ForecastRunning: another process is at it.
    """
    from shop.demand import compute, elasticities, load  # numpy, some 30 MB: only who forecasts pays for it

    began, today = time.monotonic(), clock.today()
    until = monday(today)
    first = session().scalar(select(func.min(DemandWeek.week_on)))
    if first is None or first >= until:
        return None
    first = max(first, until - WEEK * HISTORY)
    run_id = _begin(until, (until - first).days // 7)
    loaded = load.known(first, until, today)
    if loaded is None:
        _remove(run_id)
        return None
    known, product_of = loaded
    result = compute.Result()
    lines = 0
    batch: list[dict[str, Any]] = []
    for line in compute.run(known, product_of, result):
        lines += 1
        batch.append(asdict(line) | {"run_id": run_id, "units_4": _sum(line.mean[:4]), "units_13": _sum(line.mean)})
        if len(batch) >= BATCH // 2:
            _insert(ForecastLine, batch)
            batch = []
    _insert(ForecastLine, batch)
    totals = (
        {
            "run_id": run_id, "of": of, "key_id": key, "mean": mean, "low": q[0], "middle": q[1], "high": q[2],
            "units_4": _sum(mean[:4]), "units_13": _sum(mean), "lost_4": lost,
        }
        for of, sums in (
            (Of.VARIANT, result.variants), (Of.PRODUCT, result.products), (Of.PLACE, result.places), (Of.SHOP, result.shop),
        )
        for key, mean, q, lost in sums.told(result.together)
    )  # fmt: skip
    for part in in_batches(list(totals), BATCH // 2):
        _insert(ForecastTotal, part)
    measured = compute.measure(known)
    measured["chosen_methods"] = result.methods
    measured["tried"] = {name: round(n, 1) for name, n in result.tried.items()}
    measured["together"] = round(result.together, 4)
    measured["told"] = round(result.factors.told, 4) if result.factors else None
    measured["price"] = elasticities.by_set(known, product_of, result.factors)
    with transaction() as s:
        s.execute(
            update(ForecastRun)
            .where(ForecastRun.id == run_id)
            .values(
                series=lines, done_at=clock.now(), took_ms=round(1000 * (time.monotonic() - began)),
                memory_mb=compute.peak_mb(), measured=measured,
            )
        )  # fmt: skip
        audit.record(actor, "demand.forecast", f"run:{run_id}", series=lines, weeks=known.weeks)
    _forget(run_id)
    return run_id


def nightly(actor: Actor) -> int | None:
    """Count the last weeks anew and forecast from them."""
    count_weeks(actor)
    return make(actor)


def _sum(values: Sequence[float]) -> float:
    return round(sum(values), 3)


def _begin(until: date, weeks: int) -> int:
    now = clock.now()
    with transaction() as s:
        at_it = s.scalar(
            select(func.count()).where(ForecastRun.done_at.is_(None), ForecastRun.made_at > now - DEAD_AFTER)
        )
        if at_it:
            raise ForecastRunning
        made = ForecastRun(first_on=until, weeks=weeks, series=0, made_at=now, measured={})
        s.add(made)
        s.flush()
        return made.id


def _insert(table: Any, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        with transaction() as s:
            s.execute(insert(table), list(rows))


def _forget(newest: int) -> None:
    """Remove the lines of all but the last runs, and whatever a killed run left."""
    s = session()
    done = list(
        s.scalars(
            select(ForecastRun.id).where(ForecastRun.done_at.is_not(None)).order_by(ForecastRun.id.desc()).limit(KEPT)
        )
    )
    dead = s.scalars(
        select(ForecastRun.id).where(
            ForecastRun.done_at.is_(None), ForecastRun.id < newest, ForecastRun.made_at < clock.now() - DEAD_AFTER
        )
    ).all()
    old = s.scalars(select(ForecastLine.run_id).where(ForecastLine.run_id.notin_([*done, newest])).distinct()).all()
    for run_id in old:
        _remove_lines(run_id)
    for run_id in dead:
        _remove(run_id)
    with transaction() as s:
        stale = select(ForecastRun.id).where(
            ForecastRun.made_at < clock.now() - REMEMBERED, ForecastRun.id.notin_(done)
        )
        s.execute(delete(ForecastTotal).where(ForecastTotal.run_id.in_(stale)))
        s.execute(
            delete(ForecastRun).where(ForecastRun.made_at < clock.now() - REMEMBERED, ForecastRun.id.notin_(done))
        )


def _remove_lines(run_id: int) -> None:
    ids = session().scalars(select(ForecastLine.variant_id).where(ForecastLine.run_id == run_id).distinct()).all()
    for part in in_batches(list(ids), 100):
        with transaction() as s:
            s.execute(delete(ForecastLine).where(ForecastLine.run_id == run_id, ForecastLine.variant_id.in_(part)))
    with transaction() as s:
        s.execute(delete(ForecastTotal).where(ForecastTotal.run_id == run_id))


def _remove(run_id: int) -> None:
    _remove_lines(run_id)
    with transaction() as s:
        s.execute(delete(ForecastRun).where(ForecastRun.id == run_id))
