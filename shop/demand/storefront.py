"""The wait list for customers: join, see one's place, change, leave; what is kept for one, put into the basket."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, flash, get_flashed_messages, make_response, redirect, render_template, request
from flask import session as visitor
from flask_login import current_user

from shop.accounts.guards import actor, public, signed_in
from shop.catalog import queries as catalog
from shop.catalog.models import Product
from shop.checkout.queries import token_hash
from shop.demand.errors import NoSuchWait, NotSoldOut, OfferInUse, OfferOver
from shop.demand.models.waiting import CHOICE_NAMES, OPEN, WAIT_NAMES, Choice, OfferState, WaitEntry, WaitState
from shop.demand.queries import waiting as queries
from shop.demand.rules import waiting as rules
from shop.demand.services import offers, waiting
from shop.demand.services.waiting import Wish
from shop.kernel import clock, web
from shop.kernel.db import session
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.kernel.forms import messages, phone
from shop.kernel.limits import limiter
from shop.kernel.text import clean, normal_reference
from shop.kernel.wording import gettext
from shop.points import queries as points

bp = Blueprint("demand", __name__)

ADULT = "adult"
REMEMBERED = 20


def _user_id() -> int | None:
    return current_user.user_id if current_user.is_authenticated else None


def _adult() -> bool:
    return request.cookies.get(ADULT) == "1"


def _key() -> str:
    return str(current_app.secret_key)


def _number(raw: str, field: str) -> int:
    """The count a browser sent.

    Raises:
        Invalid: it is no whole number.
    """
    raw = raw.strip()
    if not raw.isascii() or not raw.isdigit() or len(raw) > 6:
        raise Invalid(N_("Hãy nhập số lượng là một số nguyên."), field=field)
    return int(raw)


# --- joining -----------------------------------------------------------------------------------------------------


@bp.get("/cho-hang")
@public
def start() -> Any:
    """The form to wait for the pack `sku`; without one, the form to find one's place."""
    web.mark_private()
    if request.args.get("sku"):
        return _join_page({"sku": request.args["sku"][:40], "quantity": "1"})
    return _look_up_page({"reference": request.args.get("ma", "")[:40]})


def _join_page(values: dict[str, str], error: ShopError | None = None) -> Any:
    goods = catalog.sellable_by_sku([values["sku"]], clock.now()).get(values["sku"])
    if goods is None or not goods.shown:
        raise NoSuchWait
    english = web.language() == "en"
    packs, _sold = offers.accepted(goods.product_id)
    choices = [
        c
        for c in Choice
        if c is Choice.THIS
        or len(offers.takes_of(c, goods.variant_id, packs)) > len(_fewer(c, goods.variant_id, packs))
    ]
    page = render_template(
        "demand/storefront/join.html",
        name=(goods.name_en if english else None) or goods.name,
        pack=(goods.pack_en if english else None) or goods.pack,
        slug=goods.slug,
        v={"choice": choices[1] if Choice.ALIKE in choices else choices[0], "point": "", "partial": "1"} | values,
        choices=[{"value": c.value, "label": gettext(CHOICE_NAMES[c])} for c in choices] if len(choices) > 1 else [],
        points=[(p.slug, p.name) for p in points.pickup_points()],
        length=queries.length(goods.product_id),
        expected=queries.expected(offers.takes_of(Choice.ALIKE, goods.variant_id, packs)),
        signed_in=current_user.is_authenticated,
        errors=messages(error),
        error_code=error.code if error else None,
        hours=rules.OFFER_HOURS.get(),
        most_lapses=rules.MOST_LAPSES.get(),
    )
    return make_response(page, error.status if error else 200)


def _fewer(choice: Choice, variant_id: int, packs: dict[int, tuple[Any, Any]]) -> tuple[int, ...]:
    """What the next narrower choice takes: a choice that adds nothing is not shown."""
    return offers.takes_of(Choice.THIS if choice is Choice.ALIKE else Choice.ALIKE, variant_id, packs)


@bp.post("/cho-hang")
@public
@web.public_form
@limiter.limit("30 per minute; 120 per hour")
def join() -> Any:
    """Stand in the queue."""
    web.mark_private()
    whole = request.form.get("form") == "whole"
    values = {
        "sku": clean(request.form.get("sku", ""))[:40],
        "quantity": request.form.get("quantity", "1")[:10],
        "contact": request.form.get("contact", "")[:200],
        "choice": request.form.get("choice", "alike")[:10],
        "point": request.form.get("point", "")[:80],
        # The short form of the product's page does not ask: fewer are better than none.
        "partial": request.form.get("partial", "" if whole else "1")[:1],
    }
    try:
        joined = waiting.join(
            actor(), _wish(values), values["contact"], locale=web.language(), adult=_adult()
        )  # fmt: skip
    except NotSoldOut as error:
        # Said here: the product's page is one for all visitors and tells nobody anything of his own.
        return _join_page(values, Invalid(error.title, field="quantity", **error.values))
    except ShopError as error:
        if error.field not in {"contact", "quantity", "choice", "point"}:
            raise
        return _join_page(values, error)
    if joined.known and not joined.own:
        # Nobody learns from this form whether an e-mail address waits for something.
        return render_template("demand/storefront/asked.html", email="@" in values["contact"])
    if joined.state is WaitState.UNCONFIRMED and "@" in values["contact"]:
        return render_template("demand/storefront/asked.html", email=True)
    _remember(joined.reference)
    if joined.known:
        flash(gettext("Bạn đã có trong hàng chờ này rồi."), "ok")
    return redirect(web.path(f"/cho-hang/{joined.reference}"), 303)


def _wish(values: dict[str, str]) -> Wish:
    try:
        choice = Choice(values["choice"])
    except ValueError as error:
        raise Invalid(N_("Hãy chọn loại bạn muốn chờ."), field="choice") from error
    return Wish(
        values["sku"],
        _number(values["quantity"], "quantity"),
        choice,
        values["partial"] == "1",
        _point(values["point"]),
    )


def _point(slug: str) -> int | None:
    """The point where somebody wants to collect; nothing: at his door.

    Raises:
        Invalid: there is none of that name.
    """
    found = points.by_slug(slug) if slug else None
    if slug and found is None:
        raise Invalid(N_("Điểm này không nhận khách đến lấy hàng."), field="point")
    return found.id if found else None


def _remember(reference: str) -> None:
    """Let this browser open the entry for as long as its session lasts."""
    known = [r for r in visitor.get("waiting", []) if r != reference]
    visitor["waiting"] = [*known, reference][-REMEMBERED:]


# --- one's place -------------------------------------------------------------------------------------------------


def _opened(reference: str) -> WaitEntry:
    """The entry, if the visitor may see it: joined or looked up in this browser, his account's, or by a letter's link.

    Raises:
        NoSuchWait: there is none, or it is not his: the two look the same.
    """
    web.mark_private()
    reference = normal_reference(reference)
    entry = queries.by_reference(reference)
    if entry is None or entry.blanked_at is not None:
        raise NoSuchWait
    own = entry.user_id is not None and entry.user_id == _user_id()
    if own or reference in visitor.get("waiting", []) or waiting.opens(_key(), reference, request.values.get("k")):
        return entry
    raise NoSuchWait


@bp.get("/cho-hang/<reference>")
@public
@limiter.limit("60 per minute")
def place(reference: str) -> Any:
    """Where one stands."""
    return _place_page(_opened(reference))


def _place_page(entry: WaitEntry, error: ShopError | None = None) -> Any:
    view = queries.view(entry)
    english = web.language() == "en"
    page = render_template(
        "demand/storefront/place.html",
        v=view,
        entry=entry,
        name=(view.product_en if english else None) or view.product,
        pack=(view.pack_en if english else None) or view.pack,
        state=gettext(WAIT_NAMES[entry.state]),
        choice=gettext(CHOICE_NAMES[entry.choice]),
        is_open=entry.state in OPEN,
        by_letter=bool(entry.email),
        confirmable=bool(entry.email) and waiting.opens(_key(), entry.reference, request.values.get("k")),
        quantity=request.form.get("quantity", "")[:10] if error else entry.quantity,
        points=[(p.slug, p.name) for p in points.pickup_points()],
        at=request.form.get("point", "")[:80]
        if error
        else next((p.slug for p in points.pickup_points() if p.id == entry.point_id), ""),
        k=request.values.get("k", ""),
        errors=messages(error),
        error_code=error.code if error else None,
        notices=get_flashed_messages(with_categories=True),
        hours=rules.OFFER_HOURS.get(),
        most_lapses=rules.MOST_LAPSES.get(),
    )
    return make_response(page, error.status if error else 200)


def _back(entry: WaitEntry, text: str) -> Any:
    _remember(entry.reference)
    flash(text, "ok")
    return redirect(web.path(f"/cho-hang/{entry.reference}"), 303)


@bp.post("/cho-hang/<reference>/xac-nhan")
@public
@limiter.limit("30 per minute")
def confirm(reference: str) -> Any:
    """The address of the letter is right: only its link confirms."""
    entry = _opened(reference)
    if not waiting.opens(_key(), entry.reference, request.form.get("k")):
        raise NoSuchWait
    try:
        waiting.confirm(actor(), entry.reference)
    except NotFound:
        raise
    except ShopError as error:
        return _place_page(entry, error)
    return _back(entry, gettext("Đã xác nhận. Bạn đang trong hàng chờ."))


@bp.post("/cho-hang/<reference>/doi")
@public
@limiter.limit("30 per minute")
def change(reference: str) -> Any:
    """Want more or fewer, or have it elsewhere."""
    entry = _opened(reference)
    try:
        quantity = _number(request.form.get("quantity", ""), "quantity")
        partial = request.form.get("partial") == "1"
        if "point" in request.form:
            waiting.change(
                actor(), entry.reference, quantity, partial=partial, point_id=_point(request.form["point"][:80])
            )
        else:
            waiting.change(actor(), entry.reference, quantity, partial=partial)
    except NotFound:
        raise
    except ShopError as error:
        session().expire_all()
        return _place_page(entry, error)
    return _back(entry, gettext("Đã lưu."))


@bp.post("/cho-hang/<reference>/roi")
@public
@limiter.limit("30 per minute")
def leave(reference: str) -> Any:
    """Leave the queue."""
    entry = _opened(reference)
    waiting.leave(actor(), entry.reference)
    return _back(entry, gettext("Bạn đã rời hàng chờ."))


# --- finding it again --------------------------------------------------------------------------------------------


def _look_up_page(values: dict[str, str], error: ShopError | None = None) -> Any:
    page = render_template(
        "demand/storefront/look_up.html", v=values, errors=messages(error), error_code=error.code if error else None
    )
    return make_response(page, error.status if error else 200)


@bp.post("/cho-hang/tim")
@public
@limiter.limit("10 per minute; 60 per hour")
def look_up() -> Any:
    """Open the place of who knows its code and the phone number."""
    web.mark_private()
    values = {"reference": request.form.get("reference", "")[:40], "phone": request.form.get("phone", "")[:40]}
    try:
        entry = queries.by_reference(normal_reference(values["reference"]))
        if phone(values["phone"]) != (entry.phone if entry else None) or entry is None:
            raise NoSuchWait(field="reference")
    except ShopError as error:
        return _look_up_page(values, error)
    _remember(entry.reference)
    return redirect(web.path(f"/cho-hang/{entry.reference}"), 303)


# --- what is kept ------------------------------------------------------------------------------------------------


def _offered(reference: str) -> tuple[WaitEntry, queries.OfferView]:
    """The offer with its entry, if the visitor may see it.

    Raises:
        NoSuchWait.
    """
    web.mark_private()
    reference = normal_reference(reference)
    entry, offer = queries.by_offer(reference), queries.offer(reference)
    if entry is None or offer is None or entry.blanked_at is not None:
        raise NoSuchWait
    own = entry.user_id is not None and entry.user_id == _user_id()
    if (
        own
        or entry.reference in visitor.get("waiting", [])
        or waiting.opens(_key(), reference, request.values.get("k"))
    ):
        return entry, offer
    raise NoSuchWait


@bp.get("/giu-hang/<reference>")
@public
@limiter.limit("60 per minute")
def offer(reference: str) -> Any:
    """What is kept, until when, what it costs; or what became of it."""
    return _offer_page(*_offered(reference))


def _offer_page(entry: WaitEntry, found: queries.OfferView, error: ShopError | None = None) -> Any:
    english = web.language() == "en"
    goods = catalog.sellable([found.variant_id], clock.now()).get(found.variant_id)
    product = session().get(Product, entry.product_id)
    assert product is not None  # noqa: S101 - foreign key
    token = web.visitor()
    mine = found.basket_hash is not None and token is not None and found.basket_hash == token_hash(token)
    own = entry.user_id is not None and entry.user_id == _user_id()
    view = queries.view(entry)
    page = render_template(
        "demand/storefront/offer.html",
        o=found,
        entry=entry,
        name=(product.name_en if english else None) or product.name,
        slug=product.slug,
        pack=((goods.pack_en if english else None) or goods.pack) if goods else found.pack,
        price=goods.unit_price_amount if goods else None,
        refusal=gettext(goods.refusal.title, **goods.refusal.values) if goods and goods.refusal else "",
        point=view.point,
        in_basket=mine,
        elsewhere=found.basket_hash is not None and not mine and not own,
        bought=found.state is OfferState.BOUGHT,
        k=request.values.get("k", ""),
        errors=messages(error),
        error_code=error.code if error else None,
        most_lapses=rules.MOST_LAPSES.get(),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/giu-hang/<reference>")
@public
@limiter.limit("30 per minute")
def take(reference: str) -> Any:
    """Put what is kept into the basket."""
    entry, found = _offered(reference)
    try:
        offers.put_in_basket(found.reference, web.visitor(create=True) or "", _user_id(), adult=_adult())
    except (OfferOver, OfferInUse):
        session().expire_all()
        return _offer_page(entry, queries.offer(found.reference) or found)
    except NotFound:
        raise
    except ShopError as error:
        return _offer_page(entry, found, error)
    _remember(entry.reference)
    flash(gettext("Đã bỏ phần hàng giữ cho bạn vào giỏ. Hãy đặt hàng trước khi hết hạn giữ."))
    point = points.by_ids([entry.point_id]).get(entry.point_id) if entry.point_id is not None else None
    # Goods that wait at a counter are ordered for that counter.
    return redirect(web.path(f"/thanh-toan?point={point.slug}" if point else "/gio-hang"), 303)


# --- the account's list ------------------------------------------------------------------------------------------


@bp.get("/tai-khoan/cho-hang")
@signed_in
def mine() -> Any:
    """What one waits for."""
    web.mark_private()
    rows = queries.of_user(_user_id() or 0)
    return render_template(
        "demand/storefront/mine.html", rows=rows, names=WAIT_NAMES, open_states=OPEN
    )  # fmt: skip
