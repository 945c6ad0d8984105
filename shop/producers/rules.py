"""What a producer's papers allow, by a rule that staff may change."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import and_, or_

from shop.kernel import settings
from shop.kernel.errors import N_, ShopError
from shop.producers.errors import PapersLapsed, ProducerNotReady
from shop.producers.models import Producer

OFF, LAPSED, RECORDED = "off", "lapsed", "recorded"

PAPERS_RULE = settings.define(
    "producers.papers_rule",
    LAPSED,
    N_("Giấy tờ của cơ sở ngừng bán hàng khi nào"),
    hint=N_("Giấy an toàn thực phẩm, tự công bố cho thực phẩm và đồ uống; giấy phép cho rượu."),
    choices={
        OFF: N_("Không bao giờ"),
        LAPSED: N_("Khi giấy đã ghi sổ hết hạn mà chưa có giấy mới"),
        RECORDED: N_("Khi hết hạn, và khi chưa ghi sổ giấy nào"),
    },
)
# Days before its end on which a paper is announced.
ANNOUNCED = (60, 30, 7)


def refusal(
    identity_due: bool, food_until: date | None, alcohol_until: date | None, *, food: bool, alcohol: bool, day: date, rule: str
) -> ShopError | None:  # fmt: skip
    """Why a producer's goods may not be sold on the business day `day` under `rule`; None if they may.

    `food` and `alcohol` say what the goods are; the other values are those of the producer's row.
    """
    if identity_due:
        return ProducerNotReady()
    if rule == OFF:
        return None
    for concerned, until in ((food, food_until), (alcohol, alcohol_until)):
        if concerned and until is None and rule == RECORDED:
            return ProducerNotReady()
        if concerned and until is not None and until < day:
            return PapersLapsed()
    return None


def ready(day: date, *, food: Any, alcohol: Any) -> Any:
    """The same as a condition on `producers`; `food` and `alcohol` are conditions on the goods."""
    rule = PAPERS_RULE.get()
    if rule == OFF:
        return Producer.identity_due.is_(False)

    def holds(until: Any) -> Any:
        return until >= day if rule == RECORDED else or_(until.is_(None), until >= day)

    return and_(
        Producer.identity_due.is_(False),
        or_(~food, holds(Producer.food_until)),
        or_(~alcohol, holds(Producer.alcohol_until)),
    )
