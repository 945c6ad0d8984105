"""What promotions took off a sale of a counter: checked by what they were, counted, and named on its lines.

Nothing is refused because a limit was reached while the device had no network: the buyer keeps the price that he paid. What the
promotion has no room for is borne by the shop, and a person is told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import select

from shop.kernel.db import session
from shop.kernel.money import vnd
from shop.orders import discounts
from shop.orders.models import Fulfilment
from shop.promotions.models import Offer, Payer, Promotion, State
from shop.promotions.services import lending
from shop.till import forms
from shop.till.errors import CouponUnknown, OfferWrong, SumWrong
from shop.till.services import coupons
from shop.till.services.devices import holder
from shop.till.services.taking import Taking


def off_by_line(body: forms.Sale) -> list[int]:
    """What promotions took off each line of a sale, in đồng.

    Raises:
        SumWrong: more came off a line than it costs, or more by promotions than in all; a line that is not there.
    """
    off = [0] * len(body.lines)
    for one in body.discounts:
        if one.line >= len(off):
            raise SumWrong(right=vnd(0), given=vnd(one.amount))
        off[one.line] += one.amount
    for line, amount in zip(body.lines, off, strict=True):
        whole = line.quantity * line.unit_price_amount
        if amount > whole:
            raise SumWrong(right=vnd(whole), given=vnd(amount))
    if sum(off) > body.discount_amount:
        raise SumWrong(right=vnd(sum(off)), given=vnd(body.discount_amount))
    return off


def book(
    taking: Taking, body: forms.Sale, order_id: int, sale_id: int, line_ids: Sequence[int], names: Mapping[int, str]
) -> None:
    """Count what promotions took off a sale and write it on the lines of its order; after the goods were taken.

    Raises:
        OfferWrong: a price that no promotion has for these goods.
        CouponUnknown: a code that this device was never granted, or another sum.
    """
    if not body.discounts:
        return
    parcel = session().scalars(select(Fulfilment.id).where(Fulfilment.order_id == order_id)).one()
    drafts = [*_sales(taking, body, names), *_coupons(taking, body, sale_id)]
    discounts.write_taken(order_id, [(parcel, line_ids[n], draft) for n, draft in drafts])
    over = [draft for _n, draft in drafts if draft.beyond]
    for kind, some in (("offer-over", [d for d in over if d.slot]), ("coupon-late", [d for d in over if not d.slot])):
        if some:
            taking.notice(
                kind, number=body.number, name=some[0].name, units=sum(d.units for d in some),
                amount=sum(d.amount for d in some),
            )  # fmt: skip


def _sales(taking: Taking, body: forms.Sale, names: Mapping[int, str]) -> list[tuple[int, discounts.Draft]]:
    wanted = [one for one in body.discounts if one.offer_id is not None]
    if not wanted:
        return []
    known = {
        offer.id: (offer, promotion)
        for offer, promotion in session()
        .execute(
            select(Offer, Promotion)
            .join(Promotion, Promotion.id == Offer.promotion_id)
            .where(
                Offer.id.in_({one.offer_id for one in wanted}), Promotion.state.in_([State.OPEN, State.STOPPED])
            )
        )
        .all()
    }  # fmt: skip
    units: dict[int, int] = defaultdict(int)
    unit_off: dict[int, int] = {}
    for one in wanted:
        line = body.lines[one.line]
        offer, promotion = known.get(one.offer_id or 0, (None, None))
        each = line.unit_price_amount - offer.price_amount if offer is not None else 0
        if (
            offer is None
            or offer.variant_id != line.variant_id
            or each <= 0
            or one.amount != one.units * each
            or one.units > line.quantity
            or unit_off.setdefault(offer.id, each) != each
        ):
            raise OfferWrong(name=names.get(line.variant_id, f"#{line.variant_id}"))
        units[offer.id] += one.units
    # Nobody knows who buys at a counter: what one person may have is what one sale may have.
    most = {i: known[i][1].person_limit or n for i, n in units.items()}
    room = lending.sell(
        holder(taking.device_id), f"order:{body.number}",
        [lending.Sold(i, min(n, most[i]), unit_off[i]) for i, n in units.items()], taking.trusted_at,
    )  # fmt: skip
    left = dict(room)
    drafts = []
    for one in wanted:
        offer, promotion = known[one.offer_id or 0]
        within = min(one.units, left.get(offer.id, 0))
        left[offer.id] = left.get(offer.id, 0) - within
        for n, beyond in ((within, False), (one.units - within, True)):
            if n:
                drafts.append(
                    (
                        one.line,
                        _draft(promotion, offer.id, n, n * unit_off[offer.id], beyond, body.lines[one.line].variant_id),
                    )
                )
    return drafts


def _coupons(taking: Taking, body: forms.Sale, sale_id: int) -> list[tuple[int, discounts.Draft]]:
    asked: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for one in body.discounts:
        if one.coupon is not None:
            asked[one.coupon].append((one.line, one.amount))
    if len(asked) > 1:
        raise CouponUnknown
    drafts = []
    for uuid, parts in asked.items():
        found = coupons.used(taking.device_id, uuid, sale_id, body.number)
        if found is None or found[0] != sorted(parts):
            raise CouponUnknown
        _shares, row, held = found
        for n, amount in parts:
            drafts.append((n, _draft(row.promotion, 0, 0, amount, not held, body.lines[n].variant_id)))
    return drafts


def _draft(promotion: Promotion, slot: int, units: int, amount: int, beyond: bool, variant_id: int) -> discounts.Draft:
    payer = Payer.SHOP if beyond else promotion.payer
    producer_id = None if beyond else promotion.producer_id
    return discounts.Draft(
        1, variant_id, promotion.id, slot, units, promotion.name, amount, payer, producer_id, beyond
    )  # fmt: skip
