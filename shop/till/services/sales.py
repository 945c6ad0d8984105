"""A sale of a counter becomes an order of its kind: lines, goods that left, money taken, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select

from shop.catalog import queries as catalog
from shop.catalog.models import Price
from shop.catalog.queries.sale import Sellable
from shop.kernel import clock, text
from shop.kernel.db import execute
from shop.kernel.events import publish
from shop.kernel.money import split, vnd
from shop.orders.models import PaymentMethod
from shop.orders.services import DraftLine, counter, hold_reference
from shop.payments.services import counter as money
from shop.stock.services import counter as goods
from shop.till import books, forms
from shop.till.errors import (
    AgeNotConfirmed,
    CertificateOver,
    DiscountTooLarge,
    DiscountWithoutReason,
    MakerNotReady,
    NumberUsed,
    PapersOver,
    PriceUnknown,
    SumWrong,
    VariantUnknown,
)
from shop.till.events import AskedAtCounter
from shop.till.models import Ask, Purpose, Shortage, ShortageState, TenderKind, TillLine, TillSale
from shop.till.services import offers, sessions
from shop.till.services.taking import Taking, check_number

METHODS = {"cash": PaymentMethod.CASH, "vietqr": PaymentMethod.VIETQR, "terminal": PaymentMethod.TERMINAL}

_PRICES = select(Price.id, Price.variant_id, Price.amount).where(Price.id.in_(bindparam("ids", expanding=True)))
_USED = select(TillSale.id).where(TillSale.number == bindparam("number"))
_INSERT_SALE = insert(TillSale).returning(TillSale.id)
_INSERT_LINES = insert(TillLine)
_INSERT_SHORTAGES = insert(Shortage)


def sold(taking: Taking, body: forms.Sale) -> None:
    """Book a sale. It is never refused for what the books lack, nor for a price that ended after it was printed.

    Raises:
        NumberForeign, NumberUsed: the number is another device's, or stands for another sale.
        VariantUnknown, PriceUnknown: no such goods; the price printed was never the variant's.
        SumWrong: the lines, the discount and the tenders do not make the total.
        AgeNotConfirmed: alcohol, and nobody asked the buyer's age.
        CertificateOver: the goods need a certificate and had none that day, by either clock.
        PapersOver, MakerNotReady: the producer's papers did not let them be sold that day, by either clock.
        DiscountTooLarge, DiscountWithoutReason: more off by hand than the keeper may give, or no word why.
        OfferWrong, CouponUnknown: a promotion's price or code that is none.
    """
    sequence = check_number(taking, body.number)
    if execute(_USED, {"number": body.number}).scalar() is not None:
        raise NumberUsed(number=body.number)
    turn = sessions.turn(taking, body.session, body.keeper_id)
    sold_at = taking.trusted_at
    by_id = catalog.sellable(sorted({line.variant_id for line in body.lines}), sold_at)
    _check_goods(body, by_id)
    off = offers.off_by_line(body)
    _check_sums(body, sum(off), 100 if taking.by_person else turn.keeper.discount_percent)
    drafts = _drafts(taking, body, by_id, sold_at)
    kinds = {tender.kind for tender in body.tenders}
    method = METHODS[next(iter(kinds), "cash")] if len(kinds) < 2 else PaymentMethod.MIXED
    who = turn.keeper.actor
    recorded = counter.record(
        who,
        counter.CounterSale(
            reference=body.number,
            secret_hash=body.secret_hash,
            op_key=f"till:{taking.uuid}",
            op_digest=taking.uuid,
            point_id=taking.point_id,
            lines=drafts,
            discount_amount=body.discount_amount,
            payment_method=method,
            age_confirmed=body.age_confirmed,
            sold_at=sold_at,
            booked_at=taking.now,
            is_demo=taking.is_demo,
        ),
    )
    payments = money.take(
        who, recorded.order_id, [money.Taken(METHODS[t.kind], t.amount) for t in body.tenders], event=taking.uuid,
        at=taking.now,
    )  # fmt: skip
    left = goods.sell(
        who,
        taking.point_id,
        [goods.Want(line.variant_id, line.quantity, line.lot_code or None) for line in body.lines],
        reference=hold_reference(body.number, 1),
        shortage=body.number,
        op_key=f"till:{taking.uuid}",
    )
    sale_id = execute(
        _INSERT_SALE,
        {
            "number": body.number,
            "device_id": taking.device_id,
            "sequence": sequence,
            "session_id": turn.id,
            "event_id": taking.event_id,
            "order_id": recorded.order_id,
            "keeper_id": turn.keeper.user_id,
            "keeper_name": turn.keeper.name,
            "discount_reason": body.discount_reason or None,
            "at": taking.at,
            "received_at": taking.now,
            "late": turn.late,
        },
    ).scalar_one()
    offers.book(taking, body, recorded.order_id, sale_id, recorded.line_ids, {v: g.name for v, g in by_id.items()})
    nets = split(
        body.total_amount,
        [line.quantity * line.unit_price_amount - less for line, less in zip(body.lines, off, strict=True)],
    )
    execute(
        _INSERT_LINES,
        [
            {
                "sale_id": sale_id, "order_line_id": line_id, "variant_id": line.variant_id,
                "lot_code": line.lot_code or None, "quantity": line.quantity, "net_amount": net, "returned": 0,
            }
            for line, line_id, net in zip(body.lines, recorded.line_ids, nets, strict=True)
        ],
    )  # fmt: skip
    if body.tenders:
        execute(sessions.INSERT_TENDERS, _tenders(taking, body, turn, sale_id, payments))
        books.of_event(who, taking.event_id)
    _tell(taking, body, turn, sale_id, left)


def _check_goods(body: forms.Sale, by_id: Mapping[int, Sellable]) -> None:
    prices = {row.id: row for row in execute(_PRICES, {"ids": sorted({line.price_id for line in body.lines})})}
    for line in body.lines:
        known = by_id.get(line.variant_id)
        if known is None:
            raise VariantUnknown(id=line.variant_id)
        price = prices.get(line.price_id)
        if price is None or price.variant_id != line.variant_id or price.amount != line.unit_price_amount:
            raise PriceUnknown(name=known.name)
        if known.is_alcohol and not body.age_confirmed:
            raise AgeNotConfirmed


def _check_sums(body: forms.Sale, off: int, percent: int) -> None:
    """`off`: what promotions took off; only the rest is the keeper's own."""
    gross = sum(line.quantity * line.unit_price_amount for line in body.lines)
    if body.discount_amount > gross or gross - body.discount_amount != body.total_amount:
        raise SumWrong(right=vnd(gross - body.discount_amount), given=vnd(body.total_amount))
    paid = sum(tender.amount for tender in body.tenders)
    if paid != body.total_amount:
        raise SumWrong(right=vnd(body.total_amount), given=vnd(paid))
    for tender in body.tenders:
        if tender.given is not None and tender.given < tender.amount:
            raise SumWrong(right=vnd(tender.amount), given=vnd(tender.given))
    by_hand = body.discount_amount - off
    if by_hand:
        if len(body.discount_reason or "") < 2:
            raise DiscountWithoutReason
        if by_hand * 100 > (gross - off) * percent:
            raise DiscountTooLarge(percent=percent)


def _drafts(taking: Taking, body: forms.Sale, by_id: Mapping[int, Sellable], sold_at: datetime) -> list[DraftLine]:
    """The lines as the order keeps them, with the certificate by which each was sold."""
    stopped = {v: known.maker_refusal for v, known in by_id.items() if known.maker_refusal is not None}
    lapsed = {v for v, known in by_id.items() if known.certificate_required and known.certificate_id is None}
    certificates: dict[int, int | None] = {v: known.certificate_id for v, known in by_id.items()}
    if (lapsed or stopped) and clock.business_day(sold_at) != clock.business_day(taking.now):
        for variant_id, now_known in catalog.sellable(sorted({*lapsed, *stopped}), taking.now).items():
            if variant_id in lapsed:
                certificates[variant_id] = now_known.certificate_id
            if now_known.maker_refusal is None:
                stopped.pop(variant_id, None)
    drafts = []
    for line in body.lines:
        known = by_id[line.variant_id]
        if known.certificate_required and certificates[line.variant_id] is None:
            raise CertificateOver(name=known.name)
        if refusal := stopped.get(line.variant_id):
            raise (PapersOver if refusal.code == PapersOver.code else MakerNotReady)(name=known.name)
        drafts.append(
            DraftLine(
                variant_id=known.variant_id,
                producer_id=known.producer_id,
                sku=known.sku,
                name=known.name,
                pack=known.pack,
                quantity=line.quantity,
                unit_price_amount=line.unit_price_amount,
                price_id=line.price_id,
                certificate_required=known.certificate_required,
                certificate_id=certificates[line.variant_id],
                is_alcohol=known.is_alcohol,
                cold=known.cold.value,
                weight_g=known.weight_g or 0,
            )
        )
    for variant_id in sorted(lapsed):
        taking.notice("certificate-clock", variant=variant_id, name=by_id[variant_id].name)
    return drafts


def _tenders(
    taking: Taking, body: forms.Sale, turn: sessions.Turn, sale_id: int, payments: list[int]
) -> list[dict[str, Any]]:
    return [
        {
            "session_id": turn.id,
            "event_id": taking.event_id,
            "sale_id": sale_id,
            "payment_id": payment_id,
            "kind": TenderKind(tender.kind),
            "purpose": Purpose.SALE,
            "amount": tender.amount,
            "given_amount": tender.given,
            "reason": tender.note or None,
            "at": taking.at,
            "received_at": taking.now,
            "late": turn.late,
        }
        for tender, payment_id in zip(body.tenders, payments, strict=True)
    ]


def _tell(taking: Taking, body: forms.Sale, turn: sessions.Turn, sale_id: int, left: goods.Sold) -> None:
    """What the device and people are told of a sale."""
    taking.result["reference"] = body.number
    if left.lacks:
        execute(
            _INSERT_SHORTAGES,
            [
                {
                    "reference": lack.reference,
                    "sale_id": sale_id,
                    "point_id": taking.point_id,
                    "variant_id": lack.variant_id,
                    "level_id": lack.level_id,
                    "quantity": lack.quantity,
                    "claimed": lack.claimed,
                    "settled": 0,
                    "state": ShortageState.OPEN,
                    "opened_at": taking.now,
                }
                for lack in left.lacks
            ],
        )
        taking.result["shortage"] = [{"variant_id": x.variant_id, "quantity": x.quantity} for x in left.lacks]
    for kind, lots in (
        ("lot-unknown", left.unknown_lots), ("lot-stopped", left.stopped_lots), ("lot-expired", left.expired_lots)
    ):  # fmt: skip
        for lot in lots:
            taking.notice(kind, turn.id, number=body.number, lot=lot)
    sessions.odd_clock(taking, turn.id)


def asked(taking: Taking, body: forms.Ask) -> None:
    """Somebody asked for what was not there.

    Raises:
        VariantUnknown: there is no such variant.
    """
    if body.variant_id is not None and not catalog.sellable([body.variant_id], taking.now):
        raise VariantUnknown(id=body.variant_id)
    ask_id = execute(
        insert(Ask).returning(Ask.id).values(
            event_id=taking.event_id, device_id=taking.device_id, point_id=taking.point_id, variant_id=body.variant_id,
            words=body.text or None, folded=text.fold(body.text)[:255] if body.text else None, quantity=body.quantity,
            at=taking.trusted_at, received_at=taking.now,
        )
    ).scalar_one()  # fmt: skip
    publish(AskedAtCounter(ask_id))
