"""Codes at a counter: granted to a basket while there is a network, and kept for its sale however late that arrives."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import select, update

from shop.catalog import queries as catalog
from shop.kernel import clock
from shop.kernel.db import session, transaction
from shop.kernel.errors import Conflict
from shop.kernel.forms import phone
from shop.kernel.money import split
from shop.promotions import errors, fairs, queries, reckon
from shop.promotions.models import Promotion
from shop.promotions.services import coupons as codes
from shop.promotions.services import using
from shop.till import forms, rules
from shop.till.errors import CodeNeedsPhone, VariantUnknown
from shop.till.models import Coupon, CouponState
from shop.till.services.devices import Known


@dataclass(frozen=True, slots=True)
class Granted:
    """What a code takes off a basket: đồng by the number of the line, from 0."""

    uuid: str
    code: str
    name: str
    shares: dict[int, int]

    @property
    def amount(self) -> int:
        return sum(self.shares.values())


def reference(uuid: str) -> str:
    """The name under which promotions count what a basket holds."""
    return f"till:{uuid}"


def grant(known: Known, asked: forms.CodeAsked, address: str | None) -> Granted:
    """Take a code for the basket of a device; the same `uuid` again is the same grant. Whatever the device held before goes
    back, but what it says it still has to send (`keep`).

    Raises:
        CodeUnknown, CodeGuessed, CodeRefused: the code does not count, and why.
        CodeNeedsPhone: each person has it so many times, and nobody said who buys.
        Conflict: the `uuid` stands for another basket, or was let go.
    """
    digest = _digest(asked)
    before = session().scalars(select(Coupon).where(Coupon.uuid == asked.uuid)).one_or_none()
    if before is not None:
        if before.device_id != known.id or before.digest != digest or before.state is not CouponState.HELD:
            raise Conflict
        return _granted(before)
    codes.look_up(asked.code, address)
    with transaction() as s:
        _let_go_others(known.id, {*asked.keep, asked.uuid})
        now = clock.now()
        number = phone(asked.phone) if asked.phone else None
        who = queries.buyer(None, number)
        terms = queries.code(asked.code, now, who)
        if _per_person(terms.promotion_id) and not who:
            raise CodeNeedsPhone
        shares = _shares(known.point_id, asked, terms)
        amount = sum(shares.values())
        using.take(reference(asked.uuid), [using.Take(terms.promotion_id, 0, 0, amount)], who, now)
        row = Coupon(
            uuid=asked.uuid, device_id=known.id, promotion_id=terms.promotion_id, digest=digest,
            shares={str(n): amount for n, amount in shares.items()}, amount=amount, state=CouponState.HELD, at=now,
        )  # fmt: skip
        s.add(row)
        s.flush()
        return _granted(row)


def _per_person(promotion_id: int) -> bool:
    return session().scalar(select(Promotion.person_limit).where(Promotion.id == promotion_id)) is not None


def _digest(asked: forms.CodeAsked) -> str:
    told = [reckon.code_key(asked.code), asked.phone, [[x.variant_id, x.quantity, x.off_amount] for x in asked.lines]]
    return sha256(json.dumps(told).encode()).hexdigest()


def _granted(row: Coupon) -> Granted:
    promotion = row.promotion
    return Granted(
        row.uuid, promotion.code or "", promotion.name, {int(n): int(amount) for n, amount in row.shares.items()}
    )


def _shares(point_id: int, asked: forms.CodeAsked, terms: reckon.CodeTerms) -> dict[int, int]:
    """What the code takes off each line, on what a timed sale has left of it (`off_amount`)."""
    goods = catalog.sellable(sorted({line.variant_id for line in asked.lines}), clock.now())
    lines: dict[int, list[int]] = defaultdict(list)
    for n, line in enumerate(asked.lines):
        if line.variant_id not in goods or goods[line.variant_id].unit_price_amount is None:
            raise VariantUnknown(id=line.variant_id)
        lines[line.variant_id].append(n)
    there = fairs.of_point(point_id)
    wanted = [
        reckon.Goods(
            v, goods[v].product_id, goods[v].set_number, goods[v].producer_id, sum(asked.lines[n].quantity for n in numbers),
            goods[v].unit_price_amount or 0, there,
        )
        for v, numbers in lines.items()
    ]  # fmt: skip
    worth = {n: asked.lines[n].quantity * (goods[v].unit_price_amount or 0) for v, ns in lines.items() for n in ns}
    if any(line.off_amount > worth[n] for n, line in enumerate(asked.lines)):
        raise errors.CodeNotForThese
    off = {v: sum(asked.lines[n].off_amount for n in numbers) for v, numbers in lines.items()}
    found: dict[int, int] = {}
    for variant_id, amount in reckon.code_only(wanted, off, terms, point_id=point_id).items():
        numbers = lines[variant_id]
        parts = split(amount, [worth[n] - asked.lines[n].off_amount for n in numbers])
        found |= {n: part for n, part in zip(numbers, parts, strict=True) if part}
    return found


def _let_go_others(device_id: int, keep: set[str]) -> None:
    held = session().scalars(select(Coupon.uuid).where(Coupon.device_id == device_id, Coupon.state == CouponState.HELD))
    for uuid in sorted(set(held) - keep):
        _end(uuid, CouponState.LET_GO)


def _end(uuid: str, state: CouponState, sale_id: int | None = None) -> bool:
    """End a grant that is held; whether it was."""
    done = session().execute(
        update(Coupon)
        .where(Coupon.uuid == uuid, Coupon.state == CouponState.HELD)
        .values(state=state, ended_at=clock.now(), sale_id=sale_id)
        .returning(Coupon.id)
        .execution_options(synchronize_session=False)
    )
    if done.first() is None:
        return False
    if state is CouponState.LET_GO:
        using.let_go(reference(uuid))
    return True


def let_go(known: Known, uuid: str) -> None:
    """The basket is sold without the code after all, or is given up. A second time changes nothing."""
    with transaction() as s:
        if s.scalar(select(Coupon.id).where(Coupon.uuid == uuid, Coupon.device_id == known.id)) is not None:
            _end(uuid, CouponState.LET_GO)


def sweep() -> int:
    """Let go what devices have held for too long; return how many."""
    before = clock.now() - rules.COUPON_LASTS
    old = session().scalars(select(Coupon.uuid).where(Coupon.state == CouponState.HELD, Coupon.at < before)).all()
    for uuid in old:
        with transaction():
            _end(uuid, CouponState.LET_GO)
    return len(old)


def used(device_id: int, uuid: str, sale_id: int, number: str) -> tuple[Sequence[tuple[int, int]], Coupon, bool] | None:
    """The grant of a sale: its shares by line, itself, and whether it was still held; from now on it is the order's. None if
    this device never had it, or another sale has. Call inside a transaction."""
    s = session()
    row = s.scalars(select(Coupon).where(Coupon.uuid == uuid, Coupon.device_id == device_id)).one_or_none()
    if row is None or row.sale_id is not None:
        return None
    held = _end(uuid, CouponState.USED, sale_id)
    if held:
        using.hand_on(reference(uuid), f"order:{number}")
    else:
        row.sale_id = sale_id
        s.flush()
    return sorted((int(n), int(amount)) for n, amount in row.shares.items()), row, held
