"""What producers say of the future: capacities, season calendars, harvests and batches."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import or_, select

from shop.catalog.models import Product, Variant
from shop.kernel import audit, clock, db, operations, text
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.supply import rules
from shop.supply.errors import HarvestMovedOn
from shop.supply.models import (
    HARVEST_ALLOWED,
    Capacity,
    Harvest,
    HarvestState,
    HarvestWord,
    Per,
    Season,
    SeasonCalendar,
)

_TOO_MANY = N_("Con số này không thể đúng: nhiều nhất %(n)s đơn vị.")


def _subject(producer_id: int, product_id: int, variant_id: int | None) -> Product:
    """The product spoken of, locked: words about one product are said one after the other.

    Raises:
        NotFound: it is somebody else's, or the pack belongs to another product.
    """
    product = db.locked(Product, product_id, NotFound)
    if product.producer_id != producer_id:
        raise NotFound
    if variant_id is not None:
        own = session().scalar(select(Variant.product_id).where(Variant.id == variant_id))
        if own != product_id:
            raise NotFound
    return product


def _number(n: int, field: str, *, low: int = 0) -> int:
    if n < low:
        raise Invalid(N_("Hãy ghi một số nguyên, từ %(low)s trở lên."), field=field, low=low)
    if n > rules.MOST_CAPACITY:
        raise Invalid(_TOO_MANY, field=field, n=f"{rules.MOST_CAPACITY:,}".replace(",", "."))
    return n


# --- capacities --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Makes:
    """So many sale units per week or month, from `from_on` until before `to_on` (None: until further word)."""

    units: int
    per: Per
    from_on: date
    to_on: date | None = None
    lead_days: int = 0
    smallest_batch: int | None = None
    note: str = ""


def state(
    actor: Actor,
    producer_id: int,
    product_id: int,
    variant_id: int | None,
    makes: Makes,
    op_key: str,
    *,
    is_demo: bool = False,
) -> int:
    """Say what can be made of a product as a whole, or of one pack; return the statement's id. It takes the place of what was
    said before for the same days; what was said for other days stays. The same `op_key` again returns the same.

    Raises:
        NotFound: somebody else's product, or a pack of another.
        Invalid: numbers or days that cannot be; the error names the field.
    """
    _number(makes.units, "units", low=1)
    if not 0 <= makes.lead_days <= rules.LONGEST_LEAD:
        raise Invalid(N_("Số ngày phải từ 0 đến %(n)s."), field="lead_days", n=rules.LONGEST_LEAD)
    if makes.smallest_batch is not None:
        _number(makes.smallest_batch, "smallest_batch", low=1)
    rules.day(makes.from_on, "from_on")
    if makes.to_on is not None:
        rules.day(makes.to_on, "to_on")
        if makes.to_on <= makes.from_on:
            raise Invalid(N_("Ngày cuối không thể trước ngày đầu."), field="to_on")
    note = rules.line(makes.note, 500, "note")

    def command() -> dict[str, Any]:
        product = _subject(producer_id, product_id, variant_id)
        _give_way(actor, product_id, variant_id, makes.from_on, makes.to_on)
        made = _add(actor, producer_id, product_id, variant_id, replace(makes, note=note), is_demo=is_demo)
        audit.record(
            actor,
            "supply.state",
            f"product:{product.slug}",
            variant=variant_id,
            units=makes.units,
            per=makes.per.value,
            from_on=makes.from_on,
            to_on=makes.to_on,
        )
        return {"capacity_id": made.id}

    body = [producer_id, product_id, variant_id, _body(makes)]
    return int(operations.once(op_key, "supply.state", actor.key, body, command)["capacity_id"])


def _body(makes: Makes) -> list[Any]:
    return [
        makes.units, makes.per.value, makes.from_on, makes.to_on, makes.lead_days, makes.smallest_batch, makes.note,
    ]  # fmt: skip


def _add(
    actor: Actor, producer_id: int, product_id: int, variant_id: int | None, makes: Makes, *, is_demo: bool
) -> Capacity:
    row = Capacity(
        producer_id=producer_id,
        product_id=product_id,
        variant_id=variant_id,
        per=makes.per,
        units=makes.units,
        from_on=makes.from_on,
        to_on=makes.to_on,
        lead_days=makes.lead_days,
        smallest_batch=makes.smallest_batch,
        note=makes.note or None,
        said_at=clock.now(),
        said_by=actor.key,
        said_label=actor.label,
        is_demo=is_demo,
    )
    session().add(row)
    session().flush()
    return row


def _give_way(actor: Actor, product_id: int, variant_id: int | None, from_on: date, to_on: date | None) -> None:
    """Withdraw what was said of the same subject for these days; what it said of the days before and after is said anew."""
    s = session()
    wanted = select(Capacity).where(
        Capacity.product_id == product_id,
        Capacity.variant_id.is_(None) if variant_id is None else Capacity.variant_id == variant_id,
        Capacity.withdrawn_at.is_(None),
        or_(Capacity.to_on.is_(None), Capacity.to_on > from_on),
    )
    if to_on is not None:
        wanted = wanted.where(Capacity.from_on < to_on)
    for row in s.scalars(wanted.order_by(Capacity.id)).all():
        row.withdrawn_at, row.withdrawn_label = clock.now(), actor.label
        rest: list[tuple[date, date | None]] = []
        if row.from_on < from_on:
            rest.append((row.from_on, from_on))
        if to_on is not None and (row.to_on is None or row.to_on > to_on):
            rest.append((to_on, row.to_on))
        for start, end in rest:
            kept = Makes(row.units, row.per, start, end, row.lead_days, row.smallest_batch, row.note or "")
            _add(actor, row.producer_id, product_id, variant_id, kept, is_demo=row.is_demo)
    s.flush()


def end(actor: Actor, producer_id: int, capacity_id: int, from_on: date) -> None:
    """Take back what was said of the days from `from_on` on; nothing is said of them then.

    Raises:
        NotFound: no such statement of that producer, or it was withdrawn before.
        Invalid: the statement ends before.
    """
    rules.day(from_on, "from_on")
    with transaction() as s:
        found = s.get(Capacity, capacity_id)
        if found is None or found.producer_id != producer_id:
            raise NotFound
        product = _subject(producer_id, found.product_id, found.variant_id)
        row = db.locked(Capacity, capacity_id, NotFound)
        if row.withdrawn_at is not None:
            raise NotFound
        if row.to_on is not None and row.to_on <= from_on:
            raise Invalid(N_("Năng lực này hết hạn trước ngày đó."), field="from_on")
        _give_way(actor, row.product_id, row.variant_id, max(from_on, row.from_on), row.to_on)
        audit.record(actor, "supply.end", f"product:{product.slug}", capacity=capacity_id, from_on=from_on)


# --- seasons -----------------------------------------------------------------------------------------------------


def set_season(
    actor: Actor, producer_id: int, product_id: int, months: str, *, note: str = "", is_demo: bool = False
) -> None:
    """Say for each month how much of a product it gives: twelve signs of `Season`, January first. Saying the same again
    changes nothing.

    Raises:
        NotFound: somebody else's product.
        Invalid: not twelve known signs, or no month that gives anything.
    """
    note = rules.line(note, 500, "note")
    if len(months) != 12 or not set(months) <= {s.value for s in Season}:
        raise Invalid(N_("Hãy chọn mức cho cả mười hai tháng."), field="months")
    if set(months) == {Season.NONE.value}:
        raise Invalid(N_("Cả năm không có tháng nào thì không có gì để bán."), field="months")
    with transaction() as s:
        product = _subject(producer_id, product_id, None)
        last = s.scalar(
            select(SeasonCalendar)
            .where(SeasonCalendar.product_id == product_id)
            .order_by(SeasonCalendar.id.desc())
            .limit(1)
        )
        if last is not None and (last.months, last.note or "") == (months, note):
            return
        s.add(
            SeasonCalendar(
                producer_id=producer_id,
                product_id=product_id,
                months=months,
                note=note or None,
                said_at=clock.now(),
                said_by=actor.key,
                said_label=actor.label,
                is_demo=is_demo,
            )
        )
        s.flush()
        audit.record(actor, "supply.season", f"product:{product.slug}", months=months, note=note)


# --- harvests ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Expects:
    """Between `low` and `high` sale units in all, from the day `from_on` to the day `last_on`, both in it."""

    low: int
    high: int
    from_on: date
    last_on: date


def _checked(expects: Expects) -> None:
    _number(expects.low, "low")
    _number(expects.high, "high", low=1)
    if expects.low > expects.high:
        raise Invalid(N_("Số ít nhất không thể lớn hơn số nhiều nhất."), field="high")
    rules.day(expects.from_on, "from_on")
    rules.day(expects.last_on, "last_on")
    if expects.last_on < expects.from_on:
        raise Invalid(N_("Ngày cuối không thể trước ngày đầu."), field="last_on")
    if (expects.last_on - expects.from_on).days > 366:
        raise Invalid(N_("Một vụ hoặc mẻ kéo dài nhiều nhất một năm."), field="last_on")


def _still_comes(expects: Expects) -> None:
    if expects.last_on < clock.today():
        raise Invalid(N_("Vụ hoặc mẻ tới không thể đã xong trước hôm nay."), field="last_on")


def expect(
    actor: Actor,
    producer_id: int,
    product_id: int,
    variant_id: int | None,
    expects: Expects,
    op_key: str,
    *,
    note: str = "",
    is_demo: bool = False,
) -> str:
    """Announce the next harvest or batch; return its reference. The same `op_key` again returns the same.

    Raises:
        NotFound: somebody else's product, or a pack of another.
        Invalid: a range or days that cannot be, or that are over (the demonstration tells of some that are).
    """
    _checked(expects)
    if not is_demo:
        _still_comes(expects)
    note = rules.line(note, 500, "note")

    def command() -> dict[str, Any]:
        product = _subject(producer_id, product_id, variant_id)
        row = Harvest(
            reference=f"V-{text.reference()}",
            producer_id=producer_id,
            product_id=product_id,
            variant_id=variant_id,
            state=HarvestState.EXPECTED,
            created_at=clock.now(),
            is_demo=is_demo,
            **_columns(expects),
        )
        session().add(row)
        session().flush()
        _word(actor, row, "", note)
        audit.record(actor, "supply.expect", f"product:{product.slug}", harvest=row.reference)
        return {"reference": row.reference}

    body = [producer_id, product_id, variant_id, *_columns(expects).values(), note]
    return str(operations.once(op_key, "supply.expect", actor.key, body, command)["reference"])


def _columns(expects: Expects) -> dict[str, Any]:
    return {
        "low": expects.low,
        "high": expects.high,
        "from_on": expects.from_on,
        "to_on": expects.last_on + timedelta(days=1),
    }


def _word(actor: Actor, row: Harvest, before: str, note: str) -> None:
    if row.state not in HARVEST_ALLOWED[before]:
        raise HarvestMovedOn
    session().add(
        HarvestWord(
            harvest_id=row.id,
            from_state=before,
            to_state=row.state.value,
            low=row.low,
            high=row.high,
            from_on=row.from_on,
            to_on=row.to_on,
            came=row.came,
            note=note or None,
            at=clock.now(),
            actor_key=actor.key,
            actor_label=actor.label,
        )
    )
    session().flush()


def _harvest(reference: str) -> Harvest:
    found = session().scalar(select(Harvest.id).where(Harvest.reference == reference))
    if found is None:
        raise NotFound
    return db.locked(Harvest, found, NotFound)


def expect_anew(actor: Actor, reference: str, expects: Expects, op_key: str, *, note: str = "") -> None:
    """Say another range or other days of a harvest that has not come yet.

    Raises:
        NotFound; HarvestMovedOn: it has come or was given up; Invalid.
    """
    _checked(expects)
    _still_comes(expects)
    note = rules.line(note, 500, "note")

    def command() -> dict[str, Any]:
        row = _harvest(reference)
        if row.state is not HarvestState.EXPECTED:
            raise HarvestMovedOn
        for name, value in _columns(expects).items():
            setattr(row, name, value)
        _word(actor, row, HarvestState.EXPECTED, note)
        audit.record(actor, "supply.expect_anew", f"harvest:{reference}", **_columns(expects))
        return {}

    body = [reference, *_columns(expects).values(), note]
    operations.once(op_key, "supply.expect_anew", actor.key, body, command)


def came(actor: Actor, reference: str, units: int, op_key: str, *, note: str = "") -> None:
    """Write what came of a harvest (0: nothing came of it), or correct that number. It changes no stock: goods come into the
    books by productions and receipts.

    Raises:
        NotFound; HarvestMovedOn: it was given up; Invalid: a number that cannot be.
    """
    _number(units, "came")
    note = rules.line(note, 500, "note")

    def command() -> dict[str, Any]:
        row = _harvest(reference)
        if HarvestState.CAME not in HARVEST_ALLOWED[row.state]:
            raise HarvestMovedOn
        if row.from_on > clock.today():
            raise Invalid(N_("Vụ này chưa đến ngày. Hãy sửa ngày dự kiến trước."), field="came")
        before = row.state
        row.state, row.came = HarvestState.CAME, units
        _word(actor, row, before, note)
        audit.record(actor, "supply.came", f"harvest:{reference}", units=units)
        return {}

    operations.once(op_key, "supply.came", actor.key, [reference, units, note], command)


def give_up(actor: Actor, reference: str, reason: str, op_key: str) -> None:
    """Say that a harvest will not come.

    Raises:
        NotFound; HarvestMovedOn: it has come, or was given up before; Invalid: no reason.
    """
    reason = rules.line(reason, 500, "reason", needed=N_("Hãy ghi lý do."))

    def command() -> dict[str, Any]:
        row = _harvest(reference)
        before, row.state = row.state, HarvestState.GIVEN_UP
        if before is not HarvestState.EXPECTED:
            raise HarvestMovedOn
        _word(actor, row, before, reason)
        audit.record(actor, "supply.give_up", f"harvest:{reference}", reason=reason)
        return {}

    operations.once(op_key, "supply.give_up", actor.key, [reference, reason], command)
