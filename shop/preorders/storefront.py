"""Harvest windows for customers, and their own pre-orders."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, flash, get_flashed_messages, redirect, render_template, request
from flask import session as visitor
from flask_babel import gettext
from flask_login import current_user

from shop.accounts import guards
from shop.accounts.guards import actor, public
from shop.checkout import services as checkout
from shop.checkout.page import Choice
from shop.kernel import operations, web
from shop.kernel.errors import Invalid, NotFound, ShopError
from shop.kernel.limits import limiter
from shop.orders import queries as orders
from shop.orders import services as order_services
from shop.orders.models import PAYMENT_METHOD_NAMES, DeliveryKind, PaymentMethod
from shop.payments import services as payments
from shop.places import queries as place_names
from shop.places.models import HOME_PROVINCE
from shop.points import queries as points
from shop.preorders import queries
from shop.preorders.forms import PreorderForm, last_day
from shop.preorders.models import ON_SHORT_NAMES, PREORDER_NAMES, HarvestWindow, Preorder, S, W
from shop.preorders.queries import Mine, WindowView
from shop.preorders.services import carrying, places, running
from shop.preorders.sharing import RULE_NAMES, RULE_WORDS, Rule

bp = Blueprint("preorders", __name__)
HERE = "/mua-vu"
OWN = "/dat-truoc"
MINE = "/tai-khoan/dat-truoc"
REMEMBERED = 20


def _user_id() -> int | None:
    return current_user.user_id if current_user.is_authenticated else None


# --- windows -----------------------------------------------------------------------------------------------------


@bp.get(HERE)
@public
@web.public_page()
def windows() -> str:
    """The harvests that may be ordered now or soon."""
    return render_template("preorders/storefront/windows.html", windows=queries.on_offer(), last_day=last_day)


@bp.get(f"{HERE}/<reference>")
@public
@web.public_page(keep=False)
def window(reference: str) -> str:
    """One window: goods, days, price, deposit, how a shortfall is shared."""
    found = queries.window(reference, public=True)
    shared = found.row.state in (W.SHARED, W.DONE)
    return render_template(
        "preorders/storefront/window.html",
        w=found,
        last_day=last_day(found.row),
        rule=gettext(RULE_NAMES[found.row.rule]),
        rule_words=gettext(RULE_WORDS[found.row.rule]),
        draws=found.row.rule is Rule.DRAW,
        lots=queries.drawn_lots(found.row.id) if shared else [],
        shared=shared,
        moved=queries.last_move(found.row),
    )


@bp.get(f"{HERE}/<reference>/dat")
@public
def order_form(reference: str) -> Any:
    """The form to order beforehand."""
    found = queries.window(reference, public=True)
    if not found.takes or found.left <= 0:
        return redirect(web.path(f"{HERE}/{reference}"))
    form = PreorderForm(formdata=None, data=_known_buyer(found))
    form.op_key.data = operations.new_key()
    web.visitor(create=True)
    return _form_page(found, form)


def _known_buyer(found: WindowView) -> dict[str, Any]:
    known: dict[str, Any] = {
        "quantity": 1, "delivery": "ship" if found.row.ships else "pickup", "on_short": "refund",
        "province": visitor.get("province") or HOME_PROVINCE,
    }  # fmt: skip
    if current_user.is_authenticated:
        known |= {"name": current_user.name, "phone": current_user.phone or "", "email": current_user.email or ""}
    return known


def _form_page(found: WindowView, form: PreorderForm, error: ShopError | None = None) -> str:
    web.mark_private()
    row = found.row
    offered = payments.available_methods()
    rest = running.rest_methods()
    form.rest.data = form.rest.data or (rest[0].value if rest else "")
    prepaid = [m for m in offered if m is not PaymentMethod.COD]
    form.payment.data = form.payment.data or (prepaid[0].value if prepaid else "")
    form.agreed_amount.data = str(row.price_high_amount + row.deposit_amount)
    deliveries = []
    if row.ships:
        deliveries.append(Choice("ship", gettext("Giao tận nơi")))
    open_ids = {p.id for p in points.pickup_points()}
    pickups = [p for p in found.pickups if p.id in open_ids]
    if pickups:
        deliveries.append(Choice("pickup", gettext("Nhận tại điểm bán"), side=gettext("Miễn phí")))
    shown = {name: list(messages) for name, messages in form.errors.items() if name and messages}
    if form.form_errors:
        shown[""] = list(form.form_errors)
    return render_template(
        "preorders/storefront/order.html",
        w=found,
        v=form.data,
        errors=shown,
        error_code=error.code if error else None,
        deliveries=deliveries,
        points=[(p.slug, f"{p.name} · {p.address}" if p.address else p.name) for p in pickups],
        provinces=place_names.province_choices(),
        communes=place_names.commune_choices(form.province.data) if form.province.data else [],
        payments=[Choice(m.value, gettext(PAYMENT_METHOD_NAMES[m])) for m in prepaid],
        rests=[Choice(m.value, gettext(PAYMENT_METHOD_NAMES[m])) for m in rest],
        shorts=[Choice(k.value, gettext(name)) for k, name in ON_SHORT_NAMES.items()],
        most=min(row.household_limit, max(1, found.left)),
        rule=gettext(RULE_NAMES[row.rule]),
        rule_words=gettext(RULE_WORDS[row.rule]),
        asks_home=row.rule is Rule.LOCALS_FIRST,
        last_day=last_day(row),
    )


@bp.post(f"{HERE}/<reference>/dat")
@public
@limiter.limit("60 per minute")
def place(reference: str) -> Any:
    """Take places; then the deposit is paid, or the letter's link used."""
    found = queries.window(reference, public=True)
    form = PreorderForm()
    form.asks_deposit, form.asks_home = bool(found.row.deposit_amount), found.row.rule is Rule.LOCALS_FIRST
    if request.form.get("province"):
        visitor["province"] = request.form["province"][:5]
    if request.form.get("choose_province"):
        form.op_key.data = form.op_key.data or operations.new_key()
        return _form_page(found, form)
    if not form.validate():
        error = Invalid()
        return _form_page(found, form, error), error.status
    try:
        placed = places.place(
            actor(), reference, form.order(), _user_id(), op_key=form.op_key.data or "",
            owner=web.visitor(create=True) or "", locale=web.language(),
        )  # fmt: skip
    except NotFound:
        raise
    except ShopError as refusal:
        form.refuse(refusal)
        return _form_page(queries.window(reference, public=True), form, refusal), refusal.status
    _remember("preorders", placed.reference)
    if placed.deposit_reference is None:
        flash(gettext("Đã ghi. Hãy mở thư vừa gửi và bấm xác nhận để giữ chỗ."), "ok")
        return redirect(web.path(f"{OWN}/{placed.reference}"), 303)
    _remember("orders", placed.deposit_reference)
    return redirect(_pay_url(placed.deposit_reference, form.payment.data or ""), 303)


def _remember(what: str, reference: str) -> None:
    known = [r for r in visitor.get(what, []) if r != reference]
    visitor[what] = [*known, reference][-REMEMBERED:]


def _pay_url(reference: str, method: str) -> str:
    """Where a deposit is paid: the card's page at once, else its own page, which shows how."""
    order_id = orders.id_for(reference)
    if method == PaymentMethod.CARD and order_id is not None:
        try:
            return checkout.card_page(order_id)
        except ShopError:  # the page of the deposit offers it again
            current_app.logger.warning("no card page yet for %s", reference)
    return web.path(f"/don-hang/{reference}")


# --- the buyer's own ---------------------------------------------------------------------------------------------


def _opened(reference: str) -> Mine:
    return queries.mine(
        reference, secret=request.values.get("k"), user_id=_user_id(), opened=visitor.get("preorders", [])
    )


@bp.get(f"{OWN}/<reference>")
@public
@limiter.limit("60 per minute")
def own(reference: str) -> Any:
    """A pre-order: how it stands, what is to be paid, whether it may be left."""
    return _own_page(_opened(reference))


def _own_page(found: Mine, error: ShopError | None = None) -> str:
    web.mark_private()
    row = found.row
    key = str(current_app.secret_key)
    codes = {name: order[0] for name, order in (("deposit", found.deposit), ("goods", found.goods)) if order}
    word = request.values.get("c") or ""
    return render_template(
        "preorders/storefront/own.html",
        m=found,
        p=row,
        w=found.window,
        k=request.values.get("k"),
        c=word if word == places.confirming(row.reference) else "",
        urls={n: web.path(f"/don-hang/{r}?k={order_services.secret_for(key, r)}") for n, r in codes.items()},
        may_leave=places.may_leave(found.window.row, row),
        moved=_moved_for(row, found.window.row),
        on_short=gettext(ON_SHORT_NAMES[row.on_short]),
        rest=gettext(PAYMENT_METHOD_NAMES[row.rest_method]),
        ships=row.delivery is DeliveryKind.SHIP,
        rule=gettext(RULE_NAMES[found.window.row.rule]),
        notices=get_flashed_messages(with_categories=True),
        error=gettext(error.title, **error.values) if error else "",
        error_code=error.code if error else None,
    )


def _moved_for(row: Preorder, window: HarvestWindow) -> queries.Moved | None:
    """That the days were moved, for who ordered before and waits for his goods."""
    if row.state not in (S.WAITING, S.CONFIRMED) or window.moved_at is None or window.moved_at <= row.placed_at:
        return None
    return queries.last_move(window)


def _done(reference: str, words: str) -> Any:
    _remember("preorders", reference)
    flash(words, "ok")
    return redirect(web.path(f"{OWN}/{reference}"), 303)


@bp.post(f"{OWN}/<reference>/xac-nhan")
@public
@limiter.limit("30 per minute")
def confirm(reference: str) -> Any:
    """Confirm by the secret that only the letter has."""
    found = _opened(reference)
    if request.form.get("c") != places.confirming(found.row.reference):
        raise NotFound
    try:
        places.confirm(actor(), reference)
    except ShopError as error:
        return _own_page(_opened(reference), error), error.status
    return _done(reference, gettext("Chỗ của bạn đã được giữ."))


@bp.post(f"{OWN}/<reference>/rut")
@public
@limiter.limit("20 per minute")
def leave(reference: str) -> Any:
    """Leave, with the whole deposit."""
    _opened(reference)
    try:
        places.leave(actor(), reference, request.form.get("reason", ""))
    except ShopError as error:
        return _own_page(_opened(reference), error), error.status
    return _done(reference, gettext("Đã rút. Tiền cọc đã trả được hoàn theo cách bạn trả."))


@bp.post(f"{OWN}/<reference>/nhan-lai-coc")
@public
@limiter.limit("20 per minute")
def release(reference: str) -> Any:
    """Have the deposit back that waits for the next window."""
    _opened(reference)
    try:
        carrying.release(actor(), reference)
    except ShopError as error:
        return _own_page(_opened(reference), error), error.status
    return _done(reference, gettext("Tiền cọc đang được hoàn theo cách bạn trả."))


@bp.get(MINE)
@guards.signed_in
def mine() -> str:
    """The member's pre-orders."""
    return render_template(
        "preorders/storefront/mine.html", rows=queries.of_user(current_user.user_id), here=MINE,
        names={s: gettext(n) for s, n in PREORDER_NAMES.items()}, kinds=queries.PREORDER_KINDS,
    )  # fmt: skip
