"""What demand writes down when rooms below tell that somebody wanted what was not there."""

from __future__ import annotations

from sqlalchemy import select

from shop.accounts.events import UserErased
from shop.checkout.events import BasketShort, LateMoneyUnserved
from shop.demand import visits
from shop.demand.events import WaitJoined
from shop.demand.models.unmet import Channel, Kind
from shop.demand.models.waiting import WaitEntry
from shop.demand.services import unmet
from shop.demand.services.unmet import Wish
from shop.kernel.db import after_commit, session
from shop.kernel.events import on
from shop.orders.events import LinesRefused
from shop.orders.models import DeliveryKind, Order
from shop.points.models import Point, PointKind
from shop.supply.events import AskRefused
from shop.supply.models import SupplyAsk
from shop.till.events import AskedAtCounter
from shop.till.models import Ask, TillEvent


@on(BasketShort)
def basket_cut(fact: BasketShort) -> None:
    """A visitor's basket was cut or refused: counted beside his other wishes of the day, once it is certain."""
    wish = Wish(
        Kind.BASKET_CUT,
        Channel.WEB,
        fact.asked - fact.had,
        variant_id=fact.variant_id,
        product_id=unmet.product_of(fact.variant_id),
        point_id=fact.point_id,
    )
    after_commit(lambda: visits.note(wish))


@on(LateMoneyUnserved)
def hold_lapsed(fact: LateMoneyUnserved) -> None:
    """Somebody paid for goods that were gone when his money came."""
    order = session().get_one(Order, fact.order_id)
    for variant_id, quantity in zip(fact.variants, fact.quantities, strict=True):
        wish = Wish(
            Kind.HOLD_LAPSED,
            Channel.WEB,
            quantity,
            variant_id=variant_id,
            point_id=order.pickup_point_id if order.delivery == DeliveryKind.PICKUP else None,
            reference=f"order:{order.reference}",
        )
        unmet.record(wish, once=f"late:{order.id}:{variant_id}")


@on(LinesRefused)
def lines_refused(fact: LinesRefused) -> None:
    """Whoever sends the parcel will not send these."""
    reference = session().scalar(select(Order.reference).where(Order.id == fact.order_id))
    for variant_id, quantity in zip(fact.variants, fact.quantities, strict=True):
        wish = Wish(Kind.REFUSED, Channel.WEB, quantity, variant_id=variant_id, reference=f"order:{reference}")
        unmet.record(wish, once=f"refused:{fact.refusal_id}:{variant_id}")


@on(AskRefused)
def ask_refused(fact: AskRefused) -> None:
    """A producer will not bring what a point asked him for; shown, but no buyer was lost by it yet."""
    ask = session().get_one(SupplyAsk, fact.ask_id)
    for line in ask.lines:
        if line.id in fact.line_ids:
            wish = Wish(
                Kind.REFUSED,
                Channel.OFFICE,
                line.asked,
                variant_id=line.variant_id,
                point_id=ask.point_id,
                reference=f"ask:{ask.reference}",
            )
            unmet.record(wish, once=f"ask:{line.id}")


@on(AskedAtCounter)
def asked_at_counter(fact: AskedAtCounter) -> None:
    """A counter wrote down what a visitor wanted; each is a person of his own."""
    ask, uuid, kind = (
        session()
        .execute(
            select(Ask, TillEvent.uuid, Point.kind)
            .join(TillEvent, TillEvent.id == Ask.event_id)
            .join(Point, Point.id == Ask.point_id)
            .where(Ask.id == fact.ask_id)
        )
        .one()
    )
    wish = Wish(
        Kind.TILL_ASKED,
        Channel.FAIR if kind == PointKind.FAIR else Channel.TILL,
        ask.quantity,
        variant_id=ask.variant_id,
        words=ask.words,
        point_id=ask.point_id,
        reference=f"till:{uuid}",
        at=ask.at,
    )
    unmet.record(wish, once=f"till:{ask.id}")


@on(WaitJoined)
def wait_joined(fact: WaitJoined) -> None:
    """Somebody waits. Who joins himself has looked at the page before: counted beside his other wishes of the day. Who is put
    down by staff is counted by himself."""
    entry = session().get_one(WaitEntry, fact.entry_id)
    wish = Wish(
        Kind.WAIT_LIST,
        Channel.WEB,
        fact.quantity,
        product_id=fact.product_id,
        variant_id=fact.variant_id or entry.variant_id,
        point_id=entry.point_id,
        reference=f"wait:{entry.reference}",
    )
    if visits.at_storefront():
        after_commit(lambda: visits.note(wish))
    else:
        unmet.record(wish, once=f"wait:{entry.id}")


@on(UserErased)
def forget(fact: UserErased) -> None:
    """What an erased user missed today is nobody's from now on."""
    unmet.forget_visitor(f"user:{fact.user_id}")
