"""Cash on delivery of the demonstration: a batch with a difference, cash that is late, a parcel that was refused; by the
room's own commands, as of today."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from shop.kernel.actor import Actor
from shop.kernel.db import session
from shop.orders.models import Fulfilment, FulfilmentStatus, Order
from shop.remittances.models import CodParcel, CodState, Holder, HolderKind
from shop.remittances.services import batches, parcels
from shop.seed.then import Past

HEAD = ("Mã vận đơn", "Mã đơn hàng", "Tiền thu hộ", "Tổng phí")
HANDED_IN, FEE = 5, 22_000


def load(seed: int, now: datetime, desk: Actor) -> None:
    """Put down what is on the road, hand some of it in, and leave something to do."""
    rng = random.Random(f"demo:cash:{seed}")
    with Past(rng).at(now):
        while parcels.fill() == 500:
            pass
        there = _parcels(FulfilmentStatus.DELIVERED)
        # Most of a file is cash that is known to be taken.
        held = _parcels(FulfilmentStatus.DELIVERED, CodState.COLLECTED)
        carriers = sorted({r.holder_id for r in there}, key=lambda i: (-sum(r.holder_id == i for r in there), i))
        if carriers:
            _hand_in(seed, desk, [r for r in [*there, *held] if r.holder_id == carriers[0]][:HANDED_IN])
        for late in carriers[:1]:  # he agreed to hand in on the day itself, and has not handed in all
            batches.edit_holder(desk, late, 0, HolderKind.CARRIER.value)
            for r in there:
                if r.holder_id == late:
                    parcels.delivered(r.fulfilment_id)
        for r in _parcels(FulfilmentStatus.HANDED_OVER)[:1]:
            parcels.refuse(
                desk,
                r.id,
                "Khách hẹn lại ba lần rồi không nhận",
                r.version,
                by_buyer=True,
                op_key=f"seed:demo:cash:no:{seed}",
            )


def _parcels(status: FulfilmentStatus, state: CodState = CodState.OUT) -> Sequence[Any]:
    """What carriers of demo orders have the cash of, or are to take it."""
    return session().execute(
        select(
            CodParcel.id, CodParcel.version, CodParcel.holder_id, CodParcel.fulfilment_id, CodParcel.expected_amount,
            Order.reference, Fulfilment.number, Fulfilment.tracking_number,
        )
        .join(Order, Order.id == CodParcel.order_id)
        .join(Fulfilment, Fulfilment.id == CodParcel.fulfilment_id)
        .join(Holder, Holder.id == CodParcel.holder_id)
        .where(
            CodParcel.state == state, Holder.kind == HolderKind.CARRIER, Fulfilment.status == status, Order.is_demo
        )
        .order_by(Fulfilment.delivered_at, CodParcel.id)
    ).all()  # fmt: skip


def _hand_in(seed: int, desk: Actor, rows: Sequence[Any]) -> None:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["BẢNG KÊ TIỀN THU HỘ (MINH HỌA)"])
    writer.writerow(HEAD)
    for n, r in enumerate(rows):
        short = 5_000 if n == 0 else 0
        writer.writerow([r.tracking_number or "", f"{r.reference}/{r.number}", r.expected_amount - short, FEE])
    writer.writerow(["MHKHONGRO", "", 120_000, FEE])
    body = out.getvalue().encode("utf-8-sig")
    sent = batches.upload(
        desk, rows[0].holder_id, body, "thu-ho-minh-hoa.csv", op_key=f"seed:demo:cash:{seed}", is_demo=True
    )
    batches.match(desk, sent, ["tracking", "order", "amount", "fee"])
    batches.apply(desk, sent)
