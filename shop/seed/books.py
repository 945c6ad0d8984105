"""The money of the made-up year in the ledger; its days are closed up to a week ago, one was looked at again. A keeper's bag of
cash waits for its second count."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from shop.kernel import clock
from shop.kernel.actor import Actor
from shop.kernel.db import session
from shop.ledger import queries, sources
from shop.ledger.models import Entry
from shop.ledger.services import days, hand
from shop.remittances.queries import bags as read_bags
from shop.remittances.services import bags


def close(desk: Actor, second: Actor, keeper: Actor, point_id: int | None) -> None:
    """Post what the year's large statements left out, close days as the desk would; what people add to the books by hand."""
    sources.bring_in()
    before = clock.today() - timedelta(days=7)
    last = select(Entry.channel, func.max(Entry.day)).where(Entry.day < before).group_by(Entry.channel)
    for channel, day in session().execute(last.order_by(Entry.channel)).all():
        seen = queries.digest(queries.figures(channel, day))
        key = f"seed:demo:close:{channel}"
        days.close(desk, channel, day, seen, "", op_key=key)
        if channel == "web":
            days.reopen(desk, channel, day, "Xem lại một đơn giao muộn.", op_key=f"{key}:again")
            days.close(desk, channel, day, seen, "Đã xem lại, không đổi.", op_key=f"{key}:anew")
    _by_hand(desk, second)
    here = next((s for s in read_bags.safes() if s.point_id is not None and s.point_id == point_id), None)
    if here is not None and point_id is not None and here.free_amount > 2_000:
        bags.seal(
            keeper, point_id=point_id, bag_number="NP 0031", amount=here.free_amount // 2 // 1000 * 1000,
            carried_by="Phạm Văn Tú", op_key="seed:demo:bag:sealed", is_demo=True,
        )  # fmt: skip


def _by_hand(desk: Actor, second: Actor) -> None:
    """A fee that two people have posted, one that waits, and the cash of a point on its way to the bank."""
    for n, (amount, reason) in enumerate(
        ((66_000, "Phí sổ phụ ngân hàng tháng này"), (120_000, "Phí đổi tiền lẻ cho các quầy"))
    ):
        reference = hand.write(
            desk, day=clock.today(), channel="web", debit="bank-fees", credit="elsewhere", amount=amount, reason=reason,
            paper_name=f"Phiếu báo {n + 1} (minh họa)", op_key=f"seed:demo:hand:{n}", is_demo=True,
        )  # fmt: skip
        if n == 0:
            hand.approve(second, reference, op_key="seed:demo:hand:yes")
    safe = next((s for s in read_bags.safes() if s.point_id is not None), None)
    if safe is not None:
        bags.carry(
            desk, point_id=safe.point_id, bag_number="NP 0027", amount=safe.amount // 2 // 1000 * 1000,
            counted_by="Đỗ Thị Mai", carried_by="Phạm Văn Tú", op_key="seed:demo:bag", is_demo=True,
        )  # fmt: skip
