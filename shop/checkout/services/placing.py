"""Placing an order is a process: one transaction, then the gateway, then a note. What follows is undone by a cancellation."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any

import structlog
from flask import current_app
from sqlalchemy import BigInteger, String, bindparam, cast, func, literal_column, select, update
from sqlalchemy.exc import IntegrityError

from shop.catalog import queries as catalog
from shop.checkout import errors, paying, plan, pricing, queries, rules, sharing
from shop.checkout.events import BasketShort, ClaimUsed
from shop.checkout.models import Basket, BasketLine
from shop.checkout.plan import Plan, Wanted
from shop.checkout.queries import BasketRow
from shop.kernel import clock, operations, text
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import N_, Busy, Conflict, ShopError
from shop.kernel.events import publish
from shop.kernel.money import vnd
from shop.kernel.prepared import Prepared
from shop.kernel.wording import gettext
from shop.orders import queries as order_queries
from shop.orders import services as orders
from shop.orders.errors import NoSuchOrder, StepNotAllowed
from shop.orders.models import DeliveryKind, Order, OrderLine, OrderStatus, PaymentMethod, PaymentStatus
from shop.payments import services as payments
from shop.places import queries as places
from shop.points import queries as points
from shop.promotions import queries as promotions
from shop.promotions.errors import OfferGone
from shop.promotions.queries import NOBODY, Buyer
from shop.remittances.queries import buyers as refusals
from shop.stock import queries as stock
from shop.stock import services as stock_services
from shop.stock.errors import SoldOut
from shop.stock.queries import FreeLevel

log = structlog.get_logger("checkout")

ATTEMPTS = 3


def make_plan(basket: BasketRow, wanted: Wanted, *, code: str | None = None, who: Buyer = NOBODY) -> Plan:
    """What `basket` would become if it were ordered now, with the promotions that are on and the `code` that was typed; two
    statements, and no more where nothing is on."""
    at = clock.now()
    ids = sorted(v for v, _n, _seen in basket.lines)
    if not ids:
        return Plan((), (), wanted)
    sellable = catalog.sellable(ids, at)
    at_point = wanted.point_id if wanted.delivery is DeliveryKind.PICKUP else None
    levels = stock.free_levels(ids, point_id=at_point, web=True)
    offers, coupon = promotions.offers(ids, at, who), promotions.coupon(code, at, who)
    if not basket.claims:
        return plan.make(basket, sellable, levels, wanted, at=at, offers=offers, coupon=coupon)
    claimed = stock.claimed_levels(sorted(basket.claims.values()))
    levels = with_claims(levels, claimed, at_point)
    kept = Counter[int]()
    for level in claimed:
        kept[level.variant_id] += level.free
    return plan.make(basket, sellable, levels, wanted, at=at, kept=kept, offers=offers, coupon=coupon)


def with_claims(free: Sequence[FreeLevel], claimed: Sequence[FreeLevel], at_point: int | None) -> list[FreeLevel]:
    """Free levels together with what stock keeps for the basket, in the order in which they should be used up: the kept goods
    first."""
    kept = [level for level in claimed if at_point is None or level.point_id == at_point]
    units: dict[int, int] = defaultdict(int)
    for level in (*kept, *free):
        units[level.level_id] += level.free
    found: dict[int, FreeLevel] = {}
    for level in (*kept, *free):
        found.setdefault(level.level_id, replace(level, free=units[level.level_id]))
    return list(found.values())


def usual_payment(*, cash: bool = True) -> str:
    """The way of paying that the page proposes: the first on offer, without `cash` none at the door; empty if there is none."""
    methods = payments.available_methods()
    if not cash:
        methods = [m for m in methods if m is not PaymentMethod.COD]
    return methods[0].value if methods else ""


def ways_ahead() -> str:
    """The ways on offer to pay before the goods leave, as a refusal names them in the reader's language."""
    names = {PaymentMethod.VIETQR: N_("chuyển khoản"), PaymentMethod.CARD: N_("thẻ")}
    found = [gettext(names[m]) for m in payments.available_methods() if m in names]
    return gettext(" hoặc ").join(found) or gettext("cách trả trước")


def pays_ahead(phone: str | None, user_id: int | None) -> bool:
    """Whether this buyer refused so many parcels that no cash is taken of him at the door, as far as another way is offered."""
    others = [m for m in payments.available_methods() if m is not PaymentMethod.COD]
    return bool(others) and refusals.must_pay_ahead(phone, user_id)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the buyer asks for on the checkout page, checked for form only. Phone in E.164, places as codes."""

    name: str
    phone: str
    email: str | None
    delivery: DeliveryKind
    payment: PaymentMethod
    province: str | None = None
    commune: str | None = None
    street: str | None = None
    point_id: int | None = None
    note: str | None = None
    invoice: dict[str, Any] | None = None
    # A code as it was typed; empty for none.
    code: str = ""
    # The total the page showed, in đồng.
    agreed_amount: int | None = None
    # The basket the page showed; None: the one that pages show now.
    basket_id: int | None = None

    def digest_body(self) -> dict[str, Any]:
        """What makes two sendings of the form the same: all but the total shown, which a second look may have changed."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "agreed_amount"}


@dataclass(frozen=True, slots=True)
class Ordered:
    """The order that a checkout ended in; `redirect_url` leads to the card's page where there is one."""

    order_id: int
    reference: str
    redirect_url: str | None = None


def place(
    actor: Actor,
    token: str | None,
    user_id: int | None,
    wish: Wish,
    *,
    op_key: str,
    owner: str,
    locale: str,
    adult: bool,
) -> Ordered:
    """Order the visitor's basket: its goods are taken and the order written in one transaction.

    The same `op_key`, or the same basket from another tab, leads to the same order. `owner` is who may use the key again
    (the visitor's own random id).

    Raises:
        KeyUsedOtherwise: the key belongs to somebody else or to another content.
        EmptyBasket, NotForSale, CertificateLapsed, BasketSoldOut, LimitReached, PriceChanged, AgeRequired, CashNotAllowed,
        PayAhead, MethodNotOffered, PointNotOffered, TooManyUnpaid: nothing was ordered.
        CodeRefused: the code does not count; nothing was ordered.
    """
    op_key = operations.checked_key(op_key)
    digest = operations.digest_of("checkout.place", owner, wish.digest_body())
    try:
        return _ordered(actor, token, user_id, wish, op_key, digest, locale, adult=adult)
    except ShopError as error:
        # A form sent again is no new order, so nothing can be wrong with it any more. Looked up only now: of a thousand
        # orders hardly one is sent twice, and most of those end at the basket that is ordered already.
        again = _known(op_key, digest)
        if again is None:
            if error.code == SoldOut.code:
                _tell_short(token, user_id, wish)
            raise
        return again


def _tell_short(token: str | None, user_id: int | None, wish: Wish) -> None:
    """Tell what an order was refused for: the transaction that refused it is undone, and with it what it told."""
    try:
        with transaction():
            basket = queries.find(token, user_id)
            if basket is None or basket.closed_at is not None:
                return
            at_point = wish.point_id if wish.delivery is DeliveryKind.PICKUP else None
            for line in make_plan(basket, _wanted(wish)).lines:
                wanted = min(line.quantity, line.limit)
                if line.goods.refusal is None and wanted > line.available:
                    publish(BasketShort(line.goods.variant_id, wanted, line.available, at_point))
    except Busy:  # the buyer hears why he has no order, whatever becomes of the count
        log.info("shortage not told")


def _ordered(
    actor: Actor,
    token: str | None,
    user_id: int | None,
    wish: Wish,
    op_key: str,
    digest: str,
    locale: str,
    *,
    adult: bool,
) -> Ordered:
    if wish.payment not in payments.available_methods():
        raise errors.MethodNotOffered(field="payment")
    if wish.payment is PaymentMethod.COD and pays_ahead(wish.phone, user_id):
        raise errors.PayAhead(field="payment", ways=ways_ahead())
    address = places.check_address(wish.province, wish.commune) if wish.delivery is DeliveryKind.SHIP else None
    gone = False
    for attempt in range(ATTEMPTS):
        try:
            ordered = _place(actor, token, user_id, wish, address, op_key, digest, locale, adult=adult)
        except (SoldOut, OfferGone) as error:
            # Somebody was faster at a level we chose, or at the last of an offer: look again, other points may still have
            # the goods, and the total without the offer is shown.
            gone = isinstance(error, OfferGone)
            continue
        except IntegrityError:
            again = _known(op_key, digest) or _ordered_basket(token)
            if again is None:
                raise
            return again
        except errors.PriceChanged:
            _note_prices(token, user_id, promotions.buyer(user_id, wish.phone))
            raise
        except Busy:
            if attempt == ATTEMPTS - 1:
                raise
        else:
            return _with_card_page(ordered) if wish.payment is PaymentMethod.CARD else ordered
    basket = queries.find(token, user_id)
    found = make_plan(basket, _wanted(wish)).problem if basket is not None else None
    if found is None and gone:
        raise OfferGone
    raise found or SoldOut


_BY_KEY = Prepared(select(Order.id, Order.reference, Order.op_digest).where(Order.op_key == bindparam("op_key")))


def _known(op_key: str, digest: str) -> Ordered | None:
    row = _BY_KEY.first({"op_key": op_key})
    if row is None:
        return None
    order_id, reference, known_digest = row
    if known_digest != digest:
        raise operations.KeyUsedOtherwise
    return Ordered(order_id, reference)


def _ordered_basket(token: str | None) -> Ordered | None:
    """The order that the visitor's basket has already become (another tab, a second click)."""
    if not token:
        return None
    row = (
        session()
        .execute(
            select(Order.id, Order.reference)
            .join(Basket, Order.basket_key == basket_key_column())
            .where(Basket.token_hash == queries.token_hash(token))
        )
        .first()
    )
    return Ordered(row.id, row.reference) if row is not None else None


def basket_key_column() -> Any:
    """The opaque key under which orders remember their basket, as SQL."""
    return "basket:" + cast(Basket.id, String)


def _wanted(wish: Wish) -> Wanted:
    return Wanted(wish.delivery, wish.province, wish.commune, wish.point_id, wish.payment is PaymentMethod.COD)


def _use_claims(basket: BasketRow, made: Plan) -> list[tuple[str, int]]:
    """Give back what stock keeps for lines of the basket, so that the order takes it in this same transaction; return the
    references used, each with the units of its line in the order.

    Raises:
        SoldOut: a claim ended since the plan was made.
    """
    used = []
    ordered = {line.goods.variant_id: line.quantity for line in made.lines}
    live = {claim.reference for claim in stock.claims_under(sorted(basket.claims.values()))}
    for variant_id, reference in sorted(basket.claims.items()):
        if reference not in live or variant_id not in ordered:
            continue  # the goods were found without it
        if not stock_services.exchange(reference):
            raise SoldOut(variant_id)
        used.append((reference, ordered[variant_id]))
    return used


_CLOSE_BASKET = Prepared(
    update(Basket)
    .where(Basket.id == bindparam("basket_id"))
    .values(closed_at=bindparam("closed_at"), user_id=bindparam("user_id"))
)


def _place(
    actor: Actor,
    token: str | None,
    user_id: int | None,
    wish: Wish,
    address: places.Address | None,
    op_key: str,
    digest: str,
    locale: str,
    *,
    adult: bool,
) -> Ordered:
    with transaction():
        address_key = sharing.address_key(actor)
        basket, taken = _locked_basket(token, user_id, wish, address_key)
        if basket is None:
            raise errors.EmptyBasket
        if basket.closed_at is not None:
            again = _known(op_key, digest) or _ordered_basket(token)
            if again is None:
                raise errors.EmptyBasket
            return again
        at = clock.now()
        who = promotions.buyer(user_id, wish.phone)
        made = make_plan(basket, _wanted(wish), code=wish.code, who=who)
        _check(made, basket, wish, adult=adult)
        sharing.check(made, taken)
        pay_until = sharing.pay_until(wish.payment, at)
        used = _use_claims(basket, made)
        placed = orders.place(
            actor,
            orders.Draft(
                op_key=op_key,
                op_digest=digest,
                basket_key=f"basket:{basket.id}",
                user_id=user_id,
                locale=locale,
                payment_method=wish.payment,
                delivery=wish.delivery,
                name=wish.name,
                phone=wish.phone,
                email=wish.email,
                address_key=address_key,
                parcels=_drafts(made, basket, locale),
                pay_until=pay_until,
                province_code=address.province.code if address else None,
                province_name=address.province.name if address else None,
                commune_code=address.commune.code if address else None,
                commune_name=address.commune.name if address else None,
                street=wish.street if address else None,
                pickup_point_id=wish.point_id if wish.delivery is DeliveryKind.PICKUP else None,
                note=wish.note,
                invoice=wish.invoice,
                age_confirmed_at=at if made.has_alcohol else None,
                placed_at=at,
                discounts=pricing.drafts(made, locale) if made.discounts else (),
                buyer=who,
            ),
            key=str(current_app.secret_key),
        )
        for reference, quantity in used:
            publish(ClaimUsed(reference, placed.order_id, quantity))
        payments.open_payment(placed.order_id, placed.reference, wish.payment, placed.total_amount, pay_until)
        _CLOSE_BASKET.all({"basket_id": basket.id, "closed_at": at, "user_id": user_id})
        return Ordered(placed.order_id, placed.reference)


@lru_cache
def _basket_to_lock(*, browser: bool, member: bool, prepaid: bool) -> Any:
    """The statement of `_locked_basket`, one for each kind of buyer and of paying."""
    condition = Basket.expires_at > bindparam("now")
    user_id = bindparam("user_id", type_=BigInteger)
    if browser:
        condition &= Basket.token_hash == bindparam("token_hash")
        condition &= Basket.user_id.is_(None) | (Basket.user_id == user_id)
    else:
        condition &= (Basket.user_id == user_id) & Basket.closed_at.is_(None)
    who = Order.phone == bindparam("phone")
    if member:
        who = who | (Order.user_id == user_id)
    waiting = Order.status == (OrderStatus.AWAITING_PAYMENT if prepaid else OrderStatus.PLACED)
    if not prepaid:
        waiting &= Order.payment_method == PaymentMethod.COD
    # The filter stands in the count, not beside `who`: the planner must not walk all orders that wait.
    open_orders = select(func.count().filter(waiting)).select_from(Order).where(who).scalar_subquery()
    # Units of the line's goods in orders of the same network address that nobody has paid for or confirmed yet. The sum
    # keeps the planner from the index of goods: it would walk all that was ever sold of them instead of one address's orders.
    neighbours = (
        select(func.coalesce(func.sum(OrderLine.quantity), 0))
        .join(Order, Order.id == OrderLine.order_id)
        .where(
            Order.address_key == bindparam("address_key"),
            Order.status.in_([OrderStatus.AWAITING_PAYMENT, OrderStatus.PLACED]),
            Order.payment_status.in_([PaymentStatus.UNPAID, PaymentStatus.DUE]),
            OrderLine.variant_id + literal_column("0") == BasketLine.variant_id,
        )
        .correlate(BasketLine)
        .scalar_subquery()
    )
    return Prepared(queries.rows_of(condition).add_columns(neighbours, open_orders).with_for_update(of=Basket))


def _locked_basket(
    token: str | None, user_id: int | None, wish: Wish, address_key: str | None
) -> tuple[BasketRow | None, dict[int, int]]:
    """The visitor's basket, locked against a second checkout, the buyer's cap, and per variant the units that open orders
    of his network address have, in one statement."""
    if not token and user_id is None:
        return None, {}
    prepaid = wish.payment is not PaymentMethod.COD
    values: dict[str, Any] = {
        "now": clock.now(),
        "user_id": user_id or 0,
        "phone": wish.phone,
        "address_key": address_key or "",
    }
    if token:
        values["token_hash"] = queries.token_hash(token)
    rows: list[Any] = []
    basket = None
    if token:
        rows = _basket_to_lock(browser=True, member=user_id is not None, prepaid=prepaid).all(values)
        basket = queries.gathered(rows)
    # As `queries.find` shows it: where the browser has no open basket of his, the member's own from another browser.
    done = basket is not None and basket.closed_at is not None
    if user_id is not None and (basket is None or (done and basket.id != wish.basket_id)):
        own = _basket_to_lock(browser=False, member=True, prepaid=prepaid).all(values)
        if own:
            rows, basket = own, queries.gathered(own)
    if basket is not None and basket.closed_at is None:
        most = int((rules.UNPAID_ORDERS if prepaid else rules.UNCONFIRMED_ORDERS).get())
        if rows[0][-1] >= most:
            raise errors.TooManyUnpaid(n=rows[0][-1])
    return basket, {row[4]: int(row[-2]) for row in rows if basket is not None and row[0] == basket.id and row[-2]}


def _check(made: Plan, basket: BasketRow, wish: Wish, *, adult: bool) -> None:
    """Raise the first thing that stands in the way of selling `made`."""
    # A point that closed meanwhile or gives nothing out any more is told as such, not as sold out.
    nothing_there = wish.delivery is DeliveryKind.PICKUP and not made.parcels and made.lines
    if nothing_there and all(p.id != wish.point_id for p in points.pickup_points()):
        raise errors.PointNotOffered(field="point")
    if made.has_alcohol and not (adult or basket.age_confirmed_at):
        raise errors.AgeRequired
    if made.problem is not None:
        raise made.problem
    if len(made.lines) != len(basket.lines):
        raise Conflict
    if made.has_alcohol and wish.payment is PaymentMethod.COD:
        raise errors.CashNotAllowed(field="payment", ways=ways_ahead())
    if made.code_problem is not None:
        raise made.code_problem
    total = vnd(made.total_amount)
    if made.price_changed:
        raise errors.PriceChanged(total=total)
    # Without JavaScript another province or way of paying may have been chosen after the total was shown: less is welcome,
    # more is shown first.
    if wish.agreed_amount is not None and made.total_amount > wish.agreed_amount:
        raise errors.PriceChanged(total=total)


def _drafts(made: Plan, basket: BasketRow, locale: str) -> tuple[orders.DraftParcel, ...]:
    goods = {line.goods.variant_id: line.goods for line in made.lines}

    def line(variant_id: int, quantity: int) -> orders.DraftLine:
        g = goods[variant_id]
        assert g.unit_price_amount is not None  # noqa: S101 - `_check` refused others
        assert g.price_id is not None  # noqa: S101
        english = locale == "en"
        return orders.DraftLine(
            variant_id=variant_id,
            producer_id=g.producer_id,
            sku=g.sku,
            name=(g.name_en if english else None) or g.name,
            pack=(g.pack_en if english else None) or g.pack,
            quantity=quantity,
            unit_price_amount=g.unit_price_amount,
            price_id=g.price_id,
            certificate_required=g.certificate_required,
            certificate_id=g.certificate_id,
            is_alcohol=g.is_alcohol,
            cold=g.cold.value,
            weight_g=g.weight_g or 0,
            origin=basket.origins.get(variant_id),
        )

    return tuple(
        orders.DraftParcel(
            point_id=parcel.point_id,
            kind=made.wanted.delivery,
            lines=tuple(line(v, n) for v, n in parcel.counts),
            takes=parcel.sourced.takes,
            fee_amount=parcel.fee_amount,
            weight_g=parcel.weight_g,
            expected_from_on=parcel.from_on,
            expected_to_on=parcel.to_on,
        )
        for parcel in made.parcels
    )


def _note_prices(token: str | None, user_id: int | None, who: Buyer) -> None:
    """The page that follows shows the new prices: remember that the buyer has seen them."""
    with transaction() as s:
        basket = queries.find(token, user_id)
        if basket is None or basket.closed_at is not None:
            return
        goods = catalog.sellable([v for v, _n, _seen in basket.lines], clock.now())
        asked = pricing.asked(goods.values(), who)
        for variant_id, _n, seen in basket.lines:
            now_amount = asked.get(variant_id)
            if now_amount is not None and now_amount != seen:
                s.execute(
                    update(BasketLine)
                    .where(BasketLine.basket_id == basket.id, BasketLine.variant_id == variant_id)
                    .values(seen_amount=now_amount)
                    .execution_options(synchronize_session=False)
                )


def _with_card_page(ordered: Ordered) -> Ordered:
    """The order with the address of the card's page; without it where the provider is slow: the order's page offers it
    again."""
    try:
        return Ordered(ordered.order_id, ordered.reference, card_page(ordered.order_id))
    except ShopError as error:
        log.warning("no card page yet", order=ordered.reference, code=error.code)
        return ordered


def card_page(order_id: int) -> str:
    """The address of the provider's page on which an order is paid by card; asking again gives the same page.

    Raises:
        NothingToPay: the order does not wait for a card.
        ProviderBusy, ProviderRefused, PaymentClosed.
    """
    payment = paying.waiting(order_id)
    order = session().get(Order, order_id)
    if payment is None or order is None or payment.method is not PaymentMethod.CARD:
        raise errors.NothingToPay
    config = current_app.extensions["shop_config"]
    secret = orders.secret_for(str(current_app.secret_key), order.reference)
    base = f"{config.base_url}{'/en' if order.locale == 'en' else ''}/don-hang/{order.reference}"
    begun = payments.begin_card(
        payment.id, f"{base}/ket-qua?k={secret}", f"{base}?k={secret}", order.locale, email=order.email
    )
    return begun.url


def ask_provider(order_id: int) -> None:
    """Ask the provider how an order's card payment stands and take the answer in; no answer is no error."""
    payment = paying.waiting(order_id)
    if payment is None or payment.method is not PaymentMethod.CARD:
        return
    try:
        payments.reconcile(payment.id)
    except ShopError as error:
        log.warning("provider did not answer", order=order_id, code=error.code)


def cancel_by_buyer(actor: Actor, reference: str, reason: str) -> None:
    """The buyer cancels before anything is packed; money already paid is refunded.

    Raises:
        NoSuchOrder, TooLateToCancel, StepNotAllowed.
    """
    order_id = order_queries.id_for(reference)
    if order_id is None:
        raise NoSuchOrder
    orders.cancel(actor, order_id, text.clean(reason) or N_("Khách hủy"), by_buyer=True)


def cancel_overdue() -> int:
    """Cancel orders whose time to pay is over; their goods go back. Returns how many."""
    done = 0
    for order_id in orders.overdue():
        try:
            orders.cancel(SYSTEM, order_id, N_("Hết hạn thanh toán"))
            done += 1
        except StepNotAllowed:
            continue
    return done
