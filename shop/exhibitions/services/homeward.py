"""Goods of a fair go home again: those of a cancelled one by themselves, step by step, until nothing is left."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from shop.exhibitions.errors import BoothNotReady, NoHomePoint
from shop.exhibitions.models.days import PaperFor, PaperKind
from shop.exhibitions.models.fairs import Booth, Exhibition, FairState
from shop.exhibitions.queries import goods as queries
from shop.exhibitions.services import goods
from shop.kernel import audit
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import locked, session, transaction
from shop.kernel.errors import NotFound, ShopError
from shop.receipts import services as receipts
from shop.receipts.models import Delivery
from shop.receipts.queries import OPEN as DELIVERY_OPEN
from shop.stock.models import StockLevel
from shop.supply.models import ASK_OPEN, SupplyAsk
from shop.supply.services import asks
from shop.transfers import services as transfers
from shop.transfers.models import WAITING, Transfer
from shop.transfers.services import planned


def turn_back(exhibition_id: int) -> int:
    """A fair was cancelled: what has not left stays where it is, what is on the road to a booth is received there and sent home
    with the rest, deliveries that have not come are not expected any more. Each step is made once, however often this runs;
    return how many papers were settled or made. What a person has to do (count in what is on the road, pack what lies at a
    booth) stays open and is shown until nothing is left.
    """
    fair = session().get(Exhibition, exhibition_id)
    if fair is None or fair.state is not FairState.CANCELLED:
        return 0
    why, done = "Hội chợ đã hủy", 0
    here = queries.points_of(exhibition_id)
    s = session()
    for reference in list(
        s.scalars(select(SupplyAsk.reference).where(SupplyAsk.point_id.in_(here), SupplyAsk.status.in_(ASK_OPEN)))
    ):
        done += _try(lambda r=reference: asks.withdraw(SYSTEM, r, why, f"cancelled:{r}"))
    for reference in list(
        s.scalars(select(Delivery.reference).where(Delivery.point_id.in_(here), Delivery.state.in_(DELIVERY_OPEN)))
    ):
        done += _try(lambda r=reference: receipts.finish(SYSTEM, r, why))
    for reference in list(
        s.scalars(select(Transfer.reference).where(Transfer.to_point_id.in_(here), Transfer.status.in_(WAITING)))
    ):
        done += _try(lambda r=reference: transfers.cancel(SYSTEM, r, why, f"cancelled:{r}"))
    for booth in list(
        s.scalars(
            select(Booth).where(Booth.exhibition_id == exhibition_id, Booth.point_id.is_not(None)).order_by(Booth.id)
        )
    ):
        done += _try(lambda b=booth: send_home(SYSTEM, b.id))
    return done


def _try(step: Any) -> int:
    """1 if the step was made; a paper that moved on meanwhile, or nothing to send, is no failure."""
    try:
        return 1 if step() is not False else 0
    except ShopError:
        return 0


def send_home(actor: Actor, booth_id: int) -> str | bool:
    """A transfer home of everything that lies free at a booth and is on no paper yet; its reference, False if there is nothing.

    Raises:
        NotFound: no such booth; BoothNotReady: it has no point; NoHomePoint: the fair has no home store.
    """
    with transaction() as s:
        booth = s.get(Booth, booth_id)
        if booth is None:
            raise NotFound
        fair = locked(Exhibition, booth.exhibition_id, NotFound)
        if booth.point_id is None:
            raise BoothNotReady
        lying = {
            variant_id: int(n)
            for variant_id, n in s.execute(
                select(StockLevel.variant_id, func.sum(StockLevel.on_hand - StockLevel.held - StockLevel.allocated))
                .where(StockLevel.point_id == booth.point_id)
                .group_by(StockLevel.variant_id)
            )
        }
        for variant_id, n in queries.leaving(booth.point_id).items():
            lying[variant_id] = lying.get(variant_id, 0) - n
        units = {v: n for v, n in sorted(lying.items()) if n > 0}
        if not units:
            return False
        if fair.home_point_id is None:
            raise NoHomePoint
        _id, reference = planned.make(
            actor, booth.point_id, fair.home_point_id, units, note=f"{fair.name}, gian {booth.code}: hàng về"[:500],
            approve=True,
        )  # fmt: skip
        goods.note(actor, fair, booth, PaperKind.TRANSFER, PaperFor.HOME, reference, None)
        audit.record(actor, "exhibitions.send-home", f"exhibition:{fair.slug}", booth=booth.code, transfer=reference)
        return reference


def homeward() -> int:
    """Go on with the fairs that were cancelled until nothing of theirs is left at a booth; return how many steps were made."""
    ids = session().scalars(
        select(Exhibition.id)
        .join(Booth, Booth.exhibition_id == Exhibition.id)
        .join(StockLevel, StockLevel.point_id == Booth.point_id)
        .where(Exhibition.state == FairState.CANCELLED, StockLevel.on_hand > 0)
        .distinct()
        .order_by(Exhibition.id)
    )
    return sum(turn_back(exhibition_id) for exhibition_id in list(ids))
