"""What codes and sales there are: drafted, opened (with the word of the producer who bears them), put right, stopped.

Terms that buyers have seen do not change: once open, only how long and how much. A promotion that a producer bears can be made
smaller, never larger, without asking him again by a new one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, or_, select
from sqlalchemy.exc import IntegrityError

from shop.catalog import queries as catalog
from shop.catalog.models import Price, Product, Variant
from shop.kernel import audit, clock, db, operations, text, web
from shop.kernel.actor import Actor
from shop.kernel.db import after_commit, session
from shop.kernel.errors import N_, Invalid
from shop.kernel.events import publish
from shop.kernel.money import vnd
from shop.promotions import events, queries, rules
from shop.promotions.errors import CodeTaken, NoSuchPromotion, OfferOverlaps, StepRefused
from shop.promotions.models import Kind, Measure, Offer, Payer, Promotion, Scope, ScopeKind, State, Step
from shop.promotions.reckon import LONGEST, SHORTEST, code_key

MOST_OFFERS = 60
LOOK_BACK = timedelta(days=30)
LONGEST_SPAN = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Terms:
    """A promotion as somebody wants it. Amounts in đồng, `value` in basis points or đồng by `measure`; `offers` are
    (variant id, price of the sale, quota)."""

    kind: Kind
    name: str
    starts_at: datetime
    ends_at: datetime
    payer: Payer
    name_en: str | None = None
    producer_id: int | None = None
    fair_id: int | None = None
    code: str | None = None
    measure: Measure | None = None
    value: int | None = None
    ceiling_amount: int | None = None
    minimum_amount: int = 0
    on_freight: bool = False
    person_limit: int | None = None
    uses_limit: int | None = None
    budget_amount: int | None = None
    scopes: tuple[tuple[ScopeKind, int], ...] = ()
    offers: tuple[tuple[int, int, int], ...] = ()


def _columns(terms: Terms) -> dict[str, Any]:
    code = terms.kind is Kind.CODE
    return {
        "kind": terms.kind, "name": terms.name, "name_en": terms.name_en, "starts_at": terms.starts_at,
        "ends_at": terms.ends_at, "payer": terms.payer, "person_limit": terms.person_limit,
        "producer_id": terms.producer_id if terms.payer is Payer.PRODUCER else None,
        "fair_id": terms.fair_id if terms.payer is Payer.FAIR else None,
        "code": terms.code if code else None, "code_key": code_key(terms.code or "") if code else None,
        "measure": terms.measure if code else None, "value": terms.value if code else None,
        "ceiling_amount": terms.ceiling_amount if code and terms.measure is Measure.PERCENT else None,
        "minimum_amount": terms.minimum_amount if code else 0, "on_freight": terms.on_freight and code,
        "uses_limit": terms.uses_limit if code else None, "budget_amount": terms.budget_amount if code else None,
    }  # fmt: skip


def _check(terms: Terms) -> None:
    """Raise what does not fit in the terms themselves."""
    if not 2 <= len(terms.name) <= 120:
        raise Invalid(N_("Tên chương trình dài từ 2 đến 120 ký tự."), field="name")
    if terms.ends_at <= terms.starts_at or terms.ends_at - terms.starts_at > LONGEST_SPAN:
        raise Invalid(N_("Lúc kết thúc phải sau lúc bắt đầu, và không quá 400 ngày."), field="ends_at")
    if terms.ends_at <= clock.now():
        raise Invalid(N_("Lúc kết thúc đã qua."), field="ends_at")
    if terms.payer is Payer.PRODUCER and terms.producer_id is None:
        raise Invalid(N_("Hãy chọn cơ sở chịu phần giảm."), field="producer")
    if terms.payer is Payer.FAIR and terms.fair_id is None:
        raise Invalid(N_("Hãy chọn hội chợ chịu phần giảm."), field="fair")
    for field in ("person_limit", "uses_limit", "budget_amount", "ceiling_amount"):
        if (getattr(terms, field) or 1) < 1:
            raise Invalid(N_("Giới hạn phải lớn hơn 0, hoặc bỏ trống."), field=field)
    if terms.kind is Kind.CODE:
        _check_code(terms)
    else:
        _check_offers(terms)
    _check_maker(terms)


def _check_code(terms: Terms) -> None:
    if not SHORTEST <= len(code_key(terms.code or "")) <= LONGEST:
        raise Invalid(N_("Mã gồm từ 4 đến 24 chữ cái, chữ số."), field="code")
    if terms.measure is None or not terms.value or terms.value <= 0:
        raise Invalid(N_("Hãy ghi mức giảm lớn hơn 0."), field="value")
    if terms.measure is Measure.PERCENT and not terms.on_freight:
        most = int(rules.DEEPEST_PERCENT.get())
        if terms.value > most * 100:
            raise Invalid(N_("Mức giảm nhiều nhất là %(n)s %%."), field="value", n=most)
    if terms.value > 10_000 and terms.measure is Measure.PERCENT:
        raise Invalid(N_("Mức giảm nhiều nhất là %(n)s %%."), field="value", n=100)
    if terms.minimum_amount < 0:
        raise Invalid(N_("Giới hạn phải lớn hơn 0, hoặc bỏ trống."), field="minimum_amount")


def _check_offers(terms: Terms) -> None:
    if not 1 <= len(terms.offers) <= MOST_OFFERS or len({v for v, _p, _q in terms.offers}) != len(terms.offers):
        raise Invalid(N_("Hãy ghi từ 1 đến %(n)s quy cách, mỗi quy cách một dòng."), field="offers", n=MOST_OFFERS)
    goods = catalog.sellable([v for v, _p, _q in terms.offers], clock.now())
    most = int(rules.DEEPEST_PERCENT.get())
    for variant_id, price, quota in terms.offers:
        known = goods.get(variant_id)
        if known is None or known.unit_price_amount is None:
            raise Invalid(N_("Có quy cách không tồn tại hoặc chưa có giá bán."), field="offers")
        if not 0 < price < known.unit_price_amount or not 1 <= quota <= 1_000_000:
            raise Invalid(
                N_("“%(name)s”: giá khuyến mại phải thấp hơn giá đang bán %(price)s, số lượng từ 1 trở lên."),
                field="offers", name=known.name, price=vnd(known.unit_price_amount),
            )  # fmt: skip
        if price * 100 < known.unit_price_amount * (100 - most):
            raise Invalid(
                N_("“%(name)s”: giảm quá %(n)s %% so với giá đang bán %(price)s."),
                field="offers", name=known.name, n=most, price=vnd(known.unit_price_amount),
            )  # fmt: skip


def _check_maker(terms: Terms) -> None:
    """Whoever bears a discount bears it on his own goods alone."""
    if terms.payer is not Payer.PRODUCER:
        return
    variants = [v for v, _p, _q in terms.offers] if terms.kind is Kind.SALE else []
    products = [n for kind, n in terms.scopes if kind is ScopeKind.PRODUCT]
    mine = Product.producer_id == terms.producer_id
    s = session()
    own = s.scalar(select(func.count()).select_from(Product).where(Product.id.in_(products), mine)) or 0
    packs = (
        s.scalar(
            select(func.count())
            .select_from(Variant)
            .join(Product, Product.id == Variant.product_id)
            .where(Variant.id.in_(variants), mine)
        )
        or 0
    )
    others = [n for kind, n in terms.scopes if kind is ScopeKind.PRODUCER and n != terms.producer_id]
    sets = [n for kind, n in terms.scopes if kind is ScopeKind.SET]
    if own != len(set(products)) or packs != len(set(variants)) or others or sets or terms.on_freight:
        raise Invalid(N_("Cơ sở chỉ chịu phần giảm trên hàng của chính mình."), field="producer")


def _scopes(terms: Terms) -> set[tuple[ScopeKind, int]]:
    if terms.kind is Kind.SALE:
        return set()
    found = set(terms.scopes)
    goods = {ScopeKind.PRODUCT, ScopeKind.SET, ScopeKind.PRODUCER}
    if terms.payer is Payer.PRODUCER and terms.producer_id and not any(kind in goods for kind, _n in found):
        found.add((ScopeKind.PRODUCER, terms.producer_id))
    return found


def _fill(row: Promotion, terms: Terms) -> None:
    s = session()
    row.scopes.clear()
    row.offers.clear()
    s.flush()
    row.scopes += [Scope(kind=kind, subject_id=n) for kind, n in sorted(_scopes(terms))]
    if terms.kind is Kind.SALE:
        row.offers += [Offer(variant_id=v, price_amount=price, quota=n, sold=0) for v, price, n in terms.offers]
    _flush()


def _flush() -> None:
    """Write now: a code that somebody else gave out a moment ago shows here."""
    try:
        session().flush()
    except IntegrityError as error:
        raise CodeTaken(field="code") from error


def _noted(actor: Actor, row: Promotion, what: str, reason: str | None = None) -> None:
    session().execute(
        insert(Step).values(
            promotion_id=row.id, what=what, at=clock.now(), actor_key=actor.key, actor_label=actor.label, reason=reason
        )
    )
    audit.record(actor, f"promotions.{what}", f"promotion:{row.reference}", reason=reason)
    publish(events.PromotionStepped(row.id, what))
    after_commit(queries.forget)
    after_commit(web.forget_pages)


def _locked(reference: str) -> Promotion:
    row_id = session().scalar(select(Promotion.id).where(Promotion.reference == reference))
    if row_id is None:
        raise NoSuchPromotion
    return db.locked(Promotion, row_id, NoSuchPromotion)


def draft(actor: Actor, terms: Terms, op_key: str, *, demo: bool = False) -> str:
    """Write a promotion that nobody sees yet; return its reference.

    Raises:
        Invalid: terms that do not fit, at their field. CodeTaken: a code that reads like it was given out before.
    """

    def command() -> dict[str, Any]:
        _check(terms)
        row = Promotion(
            **_columns(terms), reference=text.reference(), state=State.DRAFT, uses=0, spent_amount=0, version=1,
            created_at=clock.now(), created_by=actor.key, is_demo=demo,
        )  # fmt: skip
        if terms.kind is Kind.CODE and _taken(row.code_key):
            raise CodeTaken(field="code")
        session().add(row)
        _flush()
        _fill(row, terms)
        _noted(actor, row, "draft")
        return {"reference": row.reference}

    return str(operations.once(op_key, "promotions.draft", actor.key, repr(terms), command)["reference"])


def _taken(key: str | None, but: int = 0) -> bool:
    found = session().execute(select(Promotion.id).where(Promotion.code_key == key, Promotion.id != but))
    return found.first() is not None


def change(actor: Actor, reference: str, terms: Terms, version: int, op_key: str) -> None:
    """Change a draft. One that waits for its producer becomes a draft again: he is asked about what he will have read.

    Raises:
        StepRefused: it is open or over, or somebody else changed it. Invalid, CodeTaken.
    """

    def command() -> dict[str, Any]:
        row = _locked(reference)
        if row.state not in (State.DRAFT, State.WAITING) or row.version != version or row.kind is not terms.kind:
            raise StepRefused
        _check(terms)
        if terms.kind is Kind.CODE and _taken(code_key(terms.code or ""), row.id):
            raise CodeTaken(field="code")
        for name, value in _columns(terms).items():
            setattr(row, name, value)
        row.state, row.version, row.agreed_at, row.agreed_by = State.DRAFT, row.version + 1, None, None
        _fill(row, terms)
        _noted(actor, row, "change")
        return {}

    operations.once(op_key, "promotions.change", actor.key, [reference, version, repr(terms)], command)


def _step(
    actor: Actor, reference: str, what: str, op_key: str, body: object, work: Callable[[Promotion], None]
) -> None:
    def command() -> dict[str, Any]:
        work(_locked(reference))
        session().flush()
        return {}

    operations.once(op_key, f"promotions.{what}", actor.key, [reference, body], command)


def open_it(actor: Actor, reference: str, version: int, op_key: str) -> None:
    """Open a draft for buyers; one that a producer bears is shown to him first.

    Raises:
        StepRefused: it is no draft, is over, or was changed since it was read.
        OfferOverlaps: another sale of a pack is on at the same time.
        Invalid: a sale's price is not below the price in force any more.
    """

    def work(row: Promotion) -> None:
        if row.state is not State.DRAFT or row.version != version or row.ends_at <= clock.now():
            raise StepRefused
        if row.payer is Payer.PRODUCER:
            row.state, row.refused_why = State.WAITING, None
            _noted(actor, row, "ask")
            return
        _opened(row)
        _noted(actor, row, "open")

    _step(actor, reference, "open", op_key, version, work)


def _opened(row: Promotion) -> None:
    """Check what may have changed since it was drafted, and let it count."""
    if row.kind is Kind.SALE:
        terms = tuple((o.variant_id, o.price_amount, o.quota) for o in row.offers)
        # Whoever opens another sale of one of these packs waits here.
        ids = [v for v, _p, _q in terms]
        session().execute(select(Variant.id).where(Variant.id.in_(ids)).order_by(Variant.id).with_for_update())
        _check_offers(Terms(row.kind, row.name, row.starts_at, row.ends_at, row.payer, offers=terms))
        _check_overlap(row, ids)
        lowest = lowest_prices(ids, max(row.starts_at, clock.now()))
        for offer in row.offers:
            offer.lowest_amount = lowest.get(offer.variant_id)
    row.state = State.OPEN
    session().flush()


def _check_overlap(row: Promotion, ids: list[int]) -> None:
    other = (
        session()
        .execute(
            select(Promotion.reference, Product.name)
            .join(Offer, Offer.promotion_id == Promotion.id)
            .join(Variant, Variant.id == Offer.variant_id)
            .join(Product, Product.id == Variant.product_id)
            .where(
                Offer.variant_id.in_(ids), Promotion.id != row.id, Promotion.state == State.OPEN,
                Promotion.starts_at < row.ends_at, Promotion.ends_at > row.starts_at,
            )
            .limit(1)
        )
        .first()
    )  # fmt: skip
    if other is not None:
        raise OfferOverlaps(field="offers", name=other.name, reference=other.reference)


def lowest_prices(variant_ids: list[int], before: datetime) -> dict[int, int]:
    """The lowest price of each pack in the thirty days before `before`, usual or of a sale, in đồng."""
    s, since = session(), before - LOOK_BACK
    found: dict[int, int] = {}
    usual = s.execute(
        select(Price.variant_id, func.min(Price.amount))
        .where(
            Price.variant_id.in_(variant_ids), Price.valid_from < before,
            or_(Price.valid_to.is_(None), Price.valid_to > since),
        )
        .group_by(Price.variant_id)
    )  # fmt: skip
    sales = s.execute(
        select(Offer.variant_id, func.min(Offer.price_amount))
        .join(Promotion, Promotion.id == Offer.promotion_id)
        .where(
            Offer.variant_id.in_(variant_ids), Promotion.state.in_([State.OPEN, State.STOPPED]),
            Promotion.starts_at < before, func.coalesce(Promotion.stopped_at, Promotion.ends_at) > since,
            func.coalesce(Promotion.stopped_at, Promotion.ends_at) <= before,
        )
        .group_by(Offer.variant_id)
    )  # fmt: skip
    for variant_id, amount in (*usual, *sales):
        found[variant_id] = min(amount, found.get(variant_id, amount))
    return found


def agree(actor: Actor, reference: str, version: int, op_key: str) -> None:
    """The producer who bears it agrees to what he read; it is open from then on.

    Raises:
        StepRefused: it was changed, opened or stopped meanwhile, or is over. OfferOverlaps, Invalid.
    """

    def work(row: Promotion) -> None:
        if row.state is not State.WAITING or row.version != version or row.ends_at <= clock.now():
            raise StepRefused
        row.agreed_at, row.agreed_by = clock.now(), actor.label
        _opened(row)
        _noted(actor, row, "agree")

    _step(actor, reference, "agree", op_key, version, work)


def refuse(actor: Actor, reference: str, reason: str, op_key: str) -> None:
    """The producer does not agree; it is a draft again, with his reason.

    Raises:
        Invalid: no reason. StepRefused: it does not wait for him.
    """
    reason = _reason(reason)

    def work(row: Promotion) -> None:
        if row.state is not State.WAITING:
            raise StepRefused
        row.state, row.refused_why = State.DRAFT, reason
        _noted(actor, row, "refuse", reason)

    _step(actor, reference, "refuse", op_key, reason, work)


def stop(actor: Actor, reference: str, reason: str, op_key: str) -> None:
    """End it now, for good. Orders that have it keep it.

    Raises:
        Invalid: no reason. StepRefused: it is not open or waiting.
    """
    reason = _reason(reason)

    def work(row: Promotion) -> None:
        if row.state not in (State.OPEN, State.WAITING):
            raise StepRefused
        row.state, row.stopped_at = State.STOPPED, clock.now()
        _noted(actor, row, "stop", reason)

    _step(actor, reference, "stop", op_key, reason, work)


@dataclass(frozen=True, slots=True)
class Limits:
    """What may still be changed of an open promotion; None leaves a limit out. `quotas` are units by variant id."""

    ends_at: datetime
    uses_limit: int | None = None
    budget_amount: int | None = None
    quotas: tuple[tuple[int, int], ...] = ()


def adjust(actor: Actor, reference: str, limits: Limits, version: int, op_key: str) -> None:
    """Change how long and how much an open promotion is, never below what was used.

    Raises:
        Invalid: a limit below what is used, an end that has passed, or more than its producer agreed to.
        StepRefused: it is not open, or was changed meanwhile. OfferOverlaps.
    """

    def work(row: Promotion) -> None:
        if row.state is not State.OPEN or row.version != version or row.ends_at <= clock.now():
            raise StepRefused
        if limits.ends_at <= max(clock.now(), row.starts_at) or limits.ends_at - row.starts_at > LONGEST_SPAN:
            raise Invalid(N_("Lúc kết thúc đã qua."), field="ends_at")
        if limits.uses_limit is not None and limits.uses_limit < max(1, row.uses):
            raise Invalid(N_("Đã dùng %(n)s lượt."), field="uses_limit", n=row.uses)
        if limits.budget_amount is not None and limits.budget_amount < max(1, row.spent_amount):
            raise Invalid(N_("Đã dùng %(n)s."), field="budget_amount", n=vnd(row.spent_amount))
        if row.payer is Payer.PRODUCER and _is_more(row, limits):
            raise Invalid(N_("Cơ sở đã đồng ý mức hiện tại; muốn nới thêm hãy lập chương trình mới."), field="ends_at")
        quotas = dict(limits.quotas)
        for offer in row.offers:
            quota = quotas.get(offer.variant_id, offer.quota)
            if quota < max(1, offer.sold + offer.lent):
                if offer.lent:
                    raise Invalid(
                        N_("Đã bán %(n)s với giá này, và %(m)s đang giao cho máy quầy."), field="offers", n=offer.sold,
                        m=offer.lent,
                    )  # fmt: skip
                raise Invalid(N_("Đã bán %(n)s với giá này."), field="offers", n=offer.sold)
            offer.quota = quota
        row.ends_at = limits.ends_at
        if row.kind is Kind.CODE:
            row.uses_limit, row.budget_amount = limits.uses_limit, limits.budget_amount
        else:
            ids = [o.variant_id for o in row.offers]
            session().execute(select(Variant.id).where(Variant.id.in_(ids)).order_by(Variant.id).with_for_update())
            _check_overlap(row, ids)
        row.version += 1
        _noted(actor, row, "adjust")

    _step(actor, reference, "adjust", op_key, [repr(limits), version], work)


def _is_more(row: Promotion, limits: Limits) -> bool:
    def larger(new: int | None, old: int | None) -> bool:
        return old is not None and (new is None or new > old)

    quotas = {o.variant_id: o.quota for o in row.offers}
    return (
        limits.ends_at > row.ends_at
        or larger(limits.uses_limit, row.uses_limit)
        or larger(limits.budget_amount, row.budget_amount)
        or any(n > quotas.get(v, n) for v, n in limits.quotas)
    )


def _reason(raw: str) -> str:
    reason = text.clean(raw).replace("\n", " ")
    if not 2 <= len(reason) <= 500:
        raise Invalid(N_("Hãy ghi lý do (2–500 ký tự)."), field="reason")
    return reason
