"""Reads: which sales are on, what a code is worth to this buyer.

Sales are few and dated, so each process keeps a copy of those to come and reads it anew every five seconds: where none is on,
baskets and orders ask the database nothing. What is left of a quota is read when it matters, and decided by the taking.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import func, or_, select

from shop.kernel import clock
from shop.kernel.db import session
from shop.promotions import errors, rules
from shop.promotions.models import Kind, Offer, Promotion, Scope, ScopeKind, State, Use
from shop.promotions.reckon import CodeTerms, LiveOffer, code_key

FRESH_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who buys, as limits know him: his account, and a keyed hash of his telephone number."""

    user_id: int | None = None
    person_key: str | None = None

    def __bool__(self) -> bool:
        return self.user_id is not None or self.person_key is not None


NOBODY = Buyer()


@dataclass(frozen=True, slots=True)
class Coupon:
    """What the code that somebody typed is worth to him, or why it is not."""

    typed: str
    terms: CodeTerms | None
    refusal: errors.CodeRefused | None = None


def buyer(user_id: int | None, phone: str | None = None) -> Buyer:
    """The buyer with this account and telephone number (E.164)."""
    key = None
    if phone:
        secret = str(current_app.secret_key).encode()
        key = hmac.new(secret, f"promotions:{phone}".encode(), hashlib.sha256).hexdigest()[:40]
    return Buyer(user_id, key)


_SALES = (
    select(
        Offer.id, Offer.promotion_id, Promotion.reference, Offer.variant_id, Offer.price_amount,
        Offer.quota - Offer.sold - Offer.lent, Promotion.person_limit, Promotion.starts_at, Promotion.ends_at,
        Promotion.name, Promotion.name_en, Promotion.payer,
        Promotion.producer_id, Offer.lowest_amount,
    )
    .join(Promotion, Promotion.id == Offer.promotion_id)
    .where(Promotion.kind == Kind.SALE, Promotion.state == State.OPEN)
    .order_by(Promotion.starts_at, Offer.id)
)  # fmt: skip


def _offer(row: Any) -> LiveOffer:
    return LiveOffer(*row)


def book_now() -> dict[int, tuple[LiveOffer, ...]]:
    """Sales that are on or to come, by pack, as the database has them; one statement."""
    now = clock.now()
    found: dict[int, list[LiveOffer]] = {}
    for row in session().execute(_SALES.where(Promotion.ends_at > now)):
        offer = _offer(row)
        found.setdefault(offer.variant_id, []).append(offer)
    return {v: tuple(offers) for v, offers in found.items()}


def _kept(name: str, read: Callable[[], Any]) -> Any:
    """This process's copy of what `read` gives, at most five seconds old."""
    copies: dict[str, tuple[float, Any]] = current_app.extensions.setdefault("shop_promotions", {})
    at, value = copies.get(name, (-FRESH_SECONDS, None))
    if time.monotonic() - at >= FRESH_SECONDS or name not in copies:
        value = read()
        copies[name] = (time.monotonic(), value)
    return value


def book() -> Mapping[int, tuple[LiveOffer, ...]]:
    """Sales that are on or to come, by pack."""
    found: Mapping[int, tuple[LiveOffer, ...]] = _kept("sales", book_now)
    return found


def has_codes() -> bool:
    """Whether any code may be used now or later."""
    return bool(_kept("codes", has_codes_now))


def has_codes_now() -> bool:
    """The same, as the database has it; one statement."""
    found = session().execute(
        select(Promotion.id)
        .where(Promotion.kind == Kind.CODE, Promotion.state == State.OPEN, Promotion.ends_at > clock.now())
        .limit(1)
    )
    return found.first() is not None


def forget() -> None:
    """Drop the copy; the next look asks the database."""
    current_app.extensions.pop("shop_promotions", None)


def shown(variant_ids: Iterable[int], at: datetime | None = None) -> dict[int, LiveOffer]:
    """Offers that are on for these packs, out of the copy: for pages."""
    offers = book()
    if not offers:
        return {}
    at = at or clock.now()
    return {v: o for v in variant_ids for o in offers.get(v, ()) if o.on(at) and o.left > 0}


def offers(variant_ids: Collection[int], at: datetime, who: Buyer = NOBODY) -> dict[int, LiveOffer]:
    """Offers that are on for these packs with what is left of them now, for this buyer; no statement where none is on."""
    found = {v: o for v in variant_ids for o in book().get(v, ()) if o.on(at)}
    if not found:
        return {}
    ids = [o.offer_id for o in found.values()]
    left: dict[int, int] = {
        row[0]: row[1]
        for row in session().execute(
            select(Offer.id, Offer.quota - Offer.sold - Offer.lent)
            .join(Promotion, Promotion.id == Offer.promotion_id)
            .where(
                Offer.id.in_(ids), Promotion.state == State.OPEN, Promotion.starts_at <= at, Promotion.ends_at > at
            )
        )
    }  # fmt: skip
    had = _had(who, found.values()) if who and any(o.person_limit is not None for o in found.values()) else {}
    return {
        v: replace(
            o,
            left=left[o.offer_id],
            person_limit=None if o.person_limit is None else max(0, o.person_limit - had.get(o.offer_id, 0)),
        )
        for v, o in found.items()
        if left.get(o.offer_id, 0) > 0
    }


def is_his(who: Buyer) -> Any:
    """The condition on `Use` that it is this buyer's, by account or by telephone."""
    ways = []
    if who.user_id is not None:
        ways.append(Use.user_id == who.user_id)
    if who.person_key is not None:
        ways.append(Use.person_key == who.person_key)
    return or_(*ways)


def _had(who: Buyer, offers: Collection[LiveOffer]) -> dict[int, int]:
    rows = session().execute(
        select(Use.offer_id, func.sum(Use.units - Use.back_units))
        .where(Use.promotion_id.in_({o.promotion_id for o in offers}), is_his(who))
        .group_by(Use.offer_id)
    )
    return {int(offer_id or 0): int(n) for offer_id, n in rows}


def exists(typed: str) -> bool:
    """Whether a code that buyers may know of reads like `typed`."""
    found = session().execute(
        select(Promotion.id).where(
            Promotion.code_key == code_key(typed), Promotion.state.in_([State.OPEN, State.STOPPED])
        )
    )
    return found.first() is not None


def code(typed: str, at: datetime, who: Buyer = NOBODY) -> CodeTerms:
    """What the code that reads like `typed` is worth to this buyer at `at`.

    Raises:
        CodeUnknown, CodeNotYet, CodeEnded, CodeUsedUp, CodeUsedByYou.
    """
    s = session()
    p = s.execute(
        select(
            Promotion.id, Promotion.reference, Promotion.name, Promotion.name_en, Promotion.code, Promotion.measure,
            Promotion.value, Promotion.ceiling_amount, Promotion.minimum_amount, Promotion.on_freight, Promotion.payer,
            Promotion.producer_id, Promotion.state, Promotion.starts_at, Promotion.ends_at, Promotion.uses,
            Promotion.uses_limit, Promotion.spent_amount, Promotion.budget_amount, Promotion.person_limit,
        ).where(Promotion.code_key == code_key(typed))
    ).first()  # fmt: skip
    if p is None or p.state not in (State.OPEN, State.STOPPED) or not code_key(typed):
        raise errors.CodeUnknown
    if p.state is State.STOPPED or p.ends_at <= at:
        raise errors.CodeEnded
    if p.starts_at > at:
        raise errors.CodeNotYet(at=f"{p.starts_at.astimezone(clock.VIETNAM):%H:%M %d/%m/%Y}")
    left = None if p.budget_amount is None else p.budget_amount - p.spent_amount
    if (p.uses_limit is not None and p.uses >= p.uses_limit) or (left is not None and left <= 0):
        raise errors.CodeUsedUp
    if p.person_limit is not None and who and used_by(p.id, who) >= p.person_limit:
        raise errors.CodeUsedByYou(n=p.person_limit)
    scopes = s.execute(select(Scope.kind, Scope.subject_id).where(Scope.promotion_id == p.id).order_by(Scope.id)).all()
    return CodeTerms(
        p.id, p.reference, p.name, p.name_en, p.code, p.measure, p.value, p.ceiling_amount, p.minimum_amount,
        p.on_freight, p.payer, p.producer_id, left, tuple((ScopeKind(kind), n) for kind, n in scopes),
        int(rules.DEEPEST_PERCENT.get()),
    )  # fmt: skip


def coupon(typed: str | None, at: datetime, who: Buyer = NOBODY) -> Coupon | None:
    """The code that somebody typed; None for a field left empty. Nothing is asked of the database then."""
    typed = (typed or "").strip()[:80]
    if not typed:
        return None
    try:
        return Coupon(typed, code(typed, at, who))
    except errors.CodeRefused as refusal:
        return Coupon(typed, None, refusal)


def used_by(promotion_id: int, who: Buyer) -> int:
    """How often this buyer has used a code and not given it back."""
    return int(
        session().scalar(
            select(func.count())
            .select_from(Use)
            .where(Use.promotion_id == promotion_id, Use.back_amount < Use.amount, is_his(who))
        )
        or 0
    )
