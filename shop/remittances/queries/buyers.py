"""Who refused parcels, and who pays ahead for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import BigInteger, bindparam, func, or_, select

from shop.kernel import clock
from shop.kernel.db import UtcDateTime, session
from shop.kernel.prepared import Prepared
from shop.orders.models import Order
from shop.remittances import rules
from shop.remittances.models import (
    CodParcel,
    CodState,
    Lift,
)


def must_pay_ahead(phone: str | None, user_id: int | None) -> bool:
    """Whether this buyer refused so many orders at the door that he pays the next one beforehand. One statement."""
    limit = int(rules.REFUSALS.get())
    if not limit or (phone is None and user_id is None):
        return False
    return refusals_of(phone, user_id) >= limit


def refusals_of(phone: str | None, user_id: int | None) -> int:
    """How many orders a buyer refused within the term and since staff last lifted it: by his number, and by his account."""
    values = {
        "since": clock.now() - timedelta(days=int(rules.REFUSAL_DAYS.get())),
        "phone": phone or "",
        "user_id": user_id or 0,
    }
    row = (_OF_MEMBER if user_id is not None else _OF_GUEST).first(values)
    return int(row[0]) if row is not None else 0


def _refusals(*, member: bool) -> Any:
    who, lifted = Order.phone == bindparam("phone"), Lift.phone == bindparam("phone")
    if member:
        user_id = bindparam("user_id", type_=BigInteger)
        who, lifted = or_(who, Order.user_id == user_id), or_(lifted, Lift.user_id == user_id)
    last = select(func.max(Lift.at)).where(lifted).scalar_subquery()
    return (
        select(func.count(Order.id.distinct()))
        .join(CodParcel, CodParcel.order_id == Order.id)
        .where(
            who,
            CodParcel.by_buyer,
            CodParcel.refused_at >= bindparam("since", type_=UtcDateTime),
            CodParcel.state.in_([CodState.REFUSED, CodState.RETURNED]),
            or_(last.is_(None), CodParcel.refused_at > last),
        )
    )


_OF_GUEST, _OF_MEMBER = Prepared(_refusals(member=False)), Prepared(_refusals(member=True))


@dataclass(frozen=True, slots=True)
class Refuser:
    """A telephone number under which parcels were refused, with the last order of it."""

    phone: str
    name: str
    orders: int
    last_at: Any
    last_order: str
    ahead: bool


def refusers(limit: int = 100) -> list[Refuser]:
    """Buyers who refused parcels within the term and since it was last lifted, most first."""
    since = clock.now() - timedelta(days=int(rules.REFUSAL_DAYS.get()))
    lifted = select(Lift.phone, func.max(Lift.at).label("at")).group_by(Lift.phone).subquery()
    rows = session().execute(
        select(
            Order.phone, func.max(Order.name), func.count(Order.id.distinct()), func.max(CodParcel.refused_at),
            func.max(Order.id),
        )
        .join(CodParcel, CodParcel.order_id == Order.id)
        .outerjoin(lifted, lifted.c.phone == Order.phone)
        .where(
            CodParcel.by_buyer,
            CodParcel.state.in_([CodState.REFUSED, CodState.RETURNED]),
            CodParcel.refused_at >= since,
            or_(lifted.c.at.is_(None), CodParcel.refused_at > lifted.c.at),
        )
        .group_by(Order.phone)
        .order_by(func.count(Order.id.distinct()).desc(), func.max(CodParcel.refused_at).desc())
        .limit(limit)
    ).all()  # fmt: skip
    names = dict(session().execute(select(Order.id, Order.reference).where(Order.id.in_([r[4] for r in rows]))).all())
    most = int(rules.REFUSALS.get())
    return [Refuser(p, name, int(n), at, names[last], bool(most) and int(n) >= most) for p, name, n, at, last in rows]


@dataclass(frozen=True, slots=True)
class Lifted:
    """One time that staff lifted it."""

    phone: str
    reason: str
    who: str
    at: Any


def lifts(limit: int = 50) -> list[Lifted]:
    """The last times that staff lifted it."""
    rows = session().scalars(select(Lift).order_by(Lift.id.desc()).limit(limit))
    return [Lifted(r.phone, r.reason, r.actor_label, r.at) for r in rows]
