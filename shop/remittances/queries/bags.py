"""Reads of cash on its way to the bank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from shop.kernel import tables
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound
from shop.points.models import Point
from shop.remittances.bag_models import BAG_STATE_NAMES, BagState, CashBag
from shop.remittances.services import bags

_TABLE = tables.Table(
    name="tien-mat-mang-nop",
    columns=(
        tables.Column("reference", N_("Mã"), sort=(CashBag.reference,)),
        tables.Column("carried_at", N_("Mang đi lúc"), sort=(CashBag.carried_at,)),
        tables.Column("point", N_("Từ nơi"), sort=(Point.name,)),
        tables.Column("bag_number", N_("Số niêm phong"), sort=(CashBag.bag_number,)),
        # The second person counts without having seen the first one's sum.
        tables.Column(
            "amount",
            N_("Số tiền đếm"),
            "num",
            sort=(CashBag.amount,),
            value=lambda r: None if r.state is BagState.SEALED else r.amount,
        ),
        tables.Column("arrived_amount", N_("Sao kê đã có"), "num", sort=(CashBag.arrived_amount,)),
        tables.Column("carried_by", N_("Người mang")),
        tables.Column("state", N_("Trạng thái"), sort=(CashBag.state,)),
    ),
    order="-carried_at",
    tie=CashBag.id,
    filters=(
        tables.Filter(
            "state", N_("Trạng thái"), lambda v: CashBag.state == v, [(str(s), n) for s, n in BAG_STATE_NAMES.items()]
        ),
    ),
    search=lambda q: (CashBag.reference == q.strip().upper()) | (CashBag.bag_number == q.strip()),
)


def carried(args: Mapping[str, str], here: str) -> tables.View:
    """All bags, newest first."""
    return _TABLE.open(args, here, _bags())


def of_points(args: Mapping[str, str], here: str, points: Sequence[int] | None) -> tables.View:
    """The bags of some points (None: of all), newest first."""
    mine = CashBag.point_id.is_not(None) if points is None else CashBag.point_id.in_(points)
    return _TABLE.open(args, here, _bags().where(mine))


def _bags() -> Any:
    return select(
        CashBag.id, CashBag.reference, CashBag.carried_at, Point.name.label("point"), CashBag.bag_number, CashBag.amount,
        CashBag.arrived_amount, CashBag.difference_amount, CashBag.counted_by, CashBag.carried_by, CashBag.state,
        CashBag.is_demo,
    ).outerjoin(Point, Point.id == CashBag.point_id)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Safe:
    """Cash that lies somewhere by the books; `point_id` None is the office. `sealed_amount` of it is in bags that wait for a
    second count."""

    point_id: int | None
    name: str | None
    amount: int
    sealed_amount: int = 0

    @property
    def free_amount(self) -> int:
        """What may go into a bag, in đồng."""
        return self.amount - self.sealed_amount


def safes() -> list[Safe]:
    """Where cash lies, most first."""
    lies, waits = bags.lying(), bags.sealed()
    ids = [int(party.partition(":")[2]) for party in lies if party.partition(":")[2].isdigit()]
    called: dict[int, str] = dict(session().execute(select(Point.id, Point.name).where(Point.id.in_(ids))).all())
    found = [Safe(i, called.get(i), lies[f"point:{i}"], waits.get(f"point:{i}", 0)) for i in ids]
    if bags.OFFICE in lies:
        found.append(Safe(None, None, lies[bags.OFFICE]))
    return sorted((safe for safe in found if safe.amount > 0), key=lambda safe: -safe.amount)


def scope_of(reference: str) -> str | None:
    """The scope of the point that a bag is from; `*` for the office's, None where there is no such bag."""
    row = session().execute(select(CashBag.point_id).where(CashBag.reference == reference)).first()
    return None if row is None else "*" if row.point_id is None else f"point:{row.point_id}"


def to_count(points: Sequence[int] | None) -> int:
    """How many bags of some points (None: of all) wait for a second count."""
    wanted = select(func.count()).select_from(CashBag).where(CashBag.state == BagState.SEALED)
    return int(session().scalar(wanted if points is None else wanted.where(CashBag.point_id.in_(points))) or 0)


def bag(reference: str) -> CashBag:
    """One of them.

    Raises:
        NotFound.
    """
    row = session().scalar(select(CashBag).where(CashBag.reference == reference))
    if row is None:
        raise NotFound
    return row
