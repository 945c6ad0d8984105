"""What counters mean in the books (`ledger`): money through a session, its float, and what was counted at its end.

A counter's sale is paid and handed over at once, so its money stands against the goods. A drawer begins with a float out of the
point's own cash and ends in it; what a count finds short or over is the point's difference.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import pairwise

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from shop.kernel.actor import Actor
from shop.kernel.db import session
from shop.ledger import names, sources
from shop.ledger import services as ledger
from shop.ledger.names import Named
from shop.ledger.services import Draft, Line
from shop.orders.models import Order
from shop.points.models import Point
from shop.till import rules
from shop.till.models import Device, Purpose, TenderKind, TillClosing, TillReturn, TillSale, TillSession, TillTender


def _trusted(at: datetime, received_at: datetime) -> datetime:
    """When it happened: by the device's clock unless that is far off."""
    return at if received_at - rules.BEHIND <= at <= received_at + rules.AHEAD else received_at


def _tenders(ids: Sequence[int]) -> list[Draft]:
    sold, back = aliased(TillSale), aliased(TillSale)
    rows = session().execute(
        select(TillTender.id, TillTender.kind, TillTender.purpose, TillTender.amount, TillTender.at,
               TillTender.received_at, TillTender.session_id, TillTender.reason, TillSession.point_id, Order.reference)
        .join(TillSession, TillSession.id == TillTender.session_id)
        .outerjoin(sold, sold.id == TillTender.sale_id)
        .outerjoin(TillReturn, TillReturn.id == TillTender.return_id)
        .outerjoin(back, back.id == TillReturn.sale_id)
        .outerjoin(Order, Order.id == func.coalesce(sold.order_id, back.order_id))
        .where(TillTender.id.in_(ids))
    )  # fmt: skip
    drafts = []
    for i, kind, purpose, amount, at, received_at, session_id, reason, point_id, order in rows:
        drawer, point = ("cash-till", f"till-session:{session_id}"), f"point:{point_id}"
        here = drawer if kind is TenderKind.CASH else ("counter", point)
        there = ("cash-point", point) if purpose is Purpose.DRAWER else ("sales", f"order:{order}")
        lines = [Line(here[0], amount, here[1]), Line(there[0], -amount, there[1])]
        cause = TENDER.cause(i)
        drafts.append(Draft(TENDER.kind, cause, point, cause, _trusted(at, received_at), lines, reason))
    return drafts


def _floats(ids: Sequence[int]) -> list[Draft]:
    rows = session().execute(
        select(TillSession.id, TillSession.point_id, TillSession.float_amount, TillSession.opened_at,
               TillSession.received_at).where(TillSession.id.in_(ids))
    )  # fmt: skip
    return [
        Draft(
            FLOAT.kind, FLOAT.cause(i), f"point:{point_id}", FLOAT.cause(i), opened_at or received_at,
            [Line("cash-till", amount, f"till-session:{i}"), Line("cash-point", -amount, f"point:{point_id}")],
        )
        for i, point_id, amount, opened_at, received_at in rows
    ]  # fmt: skip


def _closings(ids: Sequence[int]) -> list[Draft]:
    """Each count stands in the books by what it says beyond the count before it."""
    s = session()
    of = select(TillClosing.session_id).where(TillClosing.id.in_(ids))
    rows = s.execute(
        select(TillClosing, TillSession.point_id)
        .join(TillSession, TillSession.id == TillClosing.session_id)
        .where(TillClosing.session_id.in_(of))
        .order_by(TillClosing.session_id, TillClosing.id)
    ).all()  # fmt: skip
    wanted, drafts = set(ids), []
    for (before, _point), (row, point_id) in pairwise([(None, 0), *((r, p) for r, p in rows)]):
        if row is None or row.id not in wanted:
            continue
        expected, counted = row.expected_amount, row.counted_amount
        if before is not None and before.session_id == row.session_id:
            expected, counted = expected - before.expected_amount, counted - before.counted_amount
        lines = [
            Line("cash-till", -expected, f"till-session:{row.session_id}"),
            Line("cash-point", counted, f"point:{point_id}"),
            Line("cash-differences", expected - counted, f"point:{point_id}"),
        ]
        at, cause = _trusted(row.at, row.received_at), CLOSING.cause(row.id)
        drafts.append(Draft(CLOSING.kind, cause, f"point:{point_id}", cause, at, lines, row.note))
    return drafts


def _sessions(ids: Collection[str]) -> dict[str, Named]:
    rows = session().execute(
        select(TillSession.id, TillSession.keeper_name, Device.code)
        .join(Device, Device.id == TillSession.device_id)
        .where(TillSession.id.in_(names.numbers(ids)))
    )
    return {str(i): Named(f"{code}, {keeper} (#{i})", f"/office/tills/sessions/{i}") for i, keeper, code in rows}


def _receipts(ids: Collection[str]) -> dict[str, Named]:
    rows = session().execute(
        select(TillTender.id, TillTender.session_id, func.coalesce(TillSale.number, TillTender.reason))
        .outerjoin(TillSale, TillSale.id == TillTender.sale_id)
        .where(TillTender.id.in_(names.numbers(ids)))
    )
    return {str(i): Named(told or f"#{i}", f"/office/tills/sessions/{turn}") for i, turn, told in rows}


TENDER = sources.register(sources.Source("till-tender", lambda: select(TillTender.id), _tenders))
FLOAT = sources.register(
    sources.Source("till-float", lambda: select(TillSession.id).where(TillSession.float_amount != 0), _floats)
)
CLOSING = sources.register(sources.Source("till-closing", lambda: select(TillClosing.id), _closings))


def _points(ids: Collection[str]) -> dict[str, Named]:
    rows = session().execute(select(Point.id, Point.name, Point.slug).where(Point.id.in_(names.numbers(ids))))
    return {str(i): Named(name, f"/office/points/{slug}") for i, name, slug in rows}


def _closings_named(ids: Collection[str]) -> dict[str, Named]:
    rows = session().execute(
        select(TillClosing.id, TillSession.id, TillSession.keeper_name)
        .join(TillSession, TillSession.id == TillClosing.session_id)
        .where(TillClosing.id.in_(names.numbers(ids)))
    )
    return {str(i): Named(f"{keeper} (#{turn})", f"/office/tills/sessions/{turn}") for i, turn, keeper in rows}


names.register("point", _points)
names.register("till-session", _sessions)
names.register("till-float", _sessions)
names.register("till-closing", _closings_named)
names.register("till-tender", _receipts)


def of_event(actor: Actor, event_id: int) -> None:
    """Post the money of an event that was just taken in, in its transaction."""
    ids = session().scalars(select(TillTender.id).where(TillTender.event_id == event_id)).all()
    if ids:
        ledger.post_all(actor, _tenders(ids))


def floated(actor: Actor, session_id: int) -> None:
    """Post the float of a session that was just opened, in its transaction."""
    ledger.bring(actor, _floats([session_id]))


def counted(actor: Actor, closing_id: int) -> None:
    """Post a count that was just written, in its transaction."""
    ledger.post_all(actor, _closings([closing_id]))
