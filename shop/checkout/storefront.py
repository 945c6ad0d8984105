"""Basket, checkout and the order's page."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    get_flashed_messages,
    jsonify,
    redirect,
    render_template,
    request,
)
from flask import session as visitor
from flask_login import current_user

from shop.accounts import queries as accounts
from shop.accounts.guards import actor, public
from shop.checkout import beside, errors, queries, received, services
from shop.checkout.forms import CheckoutForm
from shop.checkout.page import BasketPage, CheckoutPage, OrderPage
from shop.checkout.plan import Wanted
from shop.checkout.queries import EMPTY, BasketRow
from shop.checkout.services import late
from shop.conversations import forms as talk
from shop.conversations import services as conversations
from shop.conversations.models import Side
from shop.kernel import clock, operations, web
from shop.kernel.errors import Invalid, NotFound, ShopError
from shop.kernel.forms import phone
from shop.kernel.limits import limiter
from shop.kernel.text import normal_reference
from shop.kernel.web import client_address
from shop.kernel.wording import gettext
from shop.orders import queries as orders
from shop.orders.errors import NoSuchOrder
from shop.orders.models import SENT, DeliveryKind, PaymentMethod
from shop.orders.queries import Bought
from shop.payments import vietqr
from shop.points import queries as points
from shop.promotions import queries as promotions
from shop.promotions.services import coupons

bp = Blueprint("checkout", __name__)

ADULT = "adult"
HOME_PROVINCE = "22"
REMEMBERED_ORDERS = 20
TOLD_BEFORE = 2


# --- the visitor -------------------------------------------------------------------------------------------------


def _token() -> str | None:
    return web.visitor()


def _user_id() -> int | None:
    return current_user.user_id if current_user.is_authenticated else None


def _adult() -> bool:
    return request.cookies.get(ADULT) == "1"


def _basket() -> BasketRow:
    found = queries.find(_token(), _user_id())
    return found if found is not None and found.closed_at is None else EMPTY


# --- basket ------------------------------------------------------------------------------------------------------


@bp.get("/gio-hang")
@public
def basket() -> str:
    """What the visitor means to buy."""
    web.mark_private()
    return _basket_page()


def _basket_page(error: ShopError | None = None) -> str:
    province = visitor.get("province") or HOME_PROVINCE
    plan = services.make_plan(_basket(), Wanted(DeliveryKind.SHIP, province))
    page = BasketPage.of(plan, province)
    queries.show_count(page.units)
    return render_template("checkout/storefront/basket.html", page=page, error=error)


@bp.post("/gio-hang/them")
@public
@web.public_form
@limiter.limit("600 per minute")
def add() -> Any:
    """Put goods into the basket."""
    return put_in()


def put_in(origin: str | None = None) -> Any:
    """Put what the form says into the visitor's basket and answer; `origin` is where a page of a room above met the buyer."""
    raw = request.form.get("quantity", "1").strip()
    if not raw.isascii() or not raw.removeprefix("-").isdigit() or len(raw) > 6:
        raise errors.WrongQuantity(field="quantity", high="9.999")
    sku = (request.form.get("sku") or request.form.get("variant") or "").strip()
    token = web.visitor(create=True) or ""
    added = services.add(token, _user_id(), sku, int(raw), adult=_adult(), origin=origin)
    if added.limited:
        message = gettext(errors.LimitReached.title, name=added.name, limit=added.limit)
    elif added.cut:
        message = gettext("“%(name)s” chỉ còn %(n)s, giỏ đã có %(n)s.", name=added.name, n=added.quantity)
    else:
        message = gettext("Đã thêm “%(name)s” vào giỏ.", name=added.name)
    if web.wants_json():
        answer = {
            "cart_count": added.units,
            "message": message,
            "cart_url": web.path("/gio-hang"),
            "cart_label": gettext("Xem giỏ"),
        }
        return jsonify(answer)
    # Who puts in one after the other without looking is told of the last few: a cookie holds no more than 4 kB.
    told: Any = get_flashed_messages(with_categories=True)
    for category, said in told[-TOLD_BEFORE:]:
        flash(said, category)
    flash(message, "warn" if added.cut else "ok")
    return redirect(web.path("/gio-hang"), 303)


@bp.post("/gio-hang")
@public
def change() -> Any:
    """Set the units of lines, or take one out (`remove` names its SKU)."""
    skus, counts = request.form.getlist("sku"), request.form.getlist("quantity")
    removed = request.form.get("remove")
    changes: dict[str, int] = {}
    for sku, raw in zip(skus, counts, strict=False):
        raw = raw.strip()
        if sku == removed:
            continue
        if not raw.isascii() or not raw.isdigit() or len(raw) > 6:
            error = errors.WrongQuantity(field=f"q-{sku}", high="9.999")
            return _basket_page(error), error.status
        changes[sku] = int(raw)
    if removed:
        changes[removed] = 0
    try:
        cut = services.change(_token(), _user_id(), changes)
    except ShopError as error:
        return _basket_page(error), error.status
    for name, limit in cut:
        if limit:
            flash(gettext(errors.LimitReached.title, name=name, limit=limit), "warn")
        else:
            flash(gettext("“%(name)s” không còn đủ, chúng tôi đã giảm số lượng trong giỏ.", name=name), "warn")
    return redirect(web.path("/gio-hang"), 303)


# --- checkout ----------------------------------------------------------------------------------------------------


@bp.get("/thanh-toan")
@public
def checkout() -> Any:
    """One page: contact, address or pick-up, payment."""
    web.mark_private()
    row = _basket()
    if not row.lines:
        return redirect(web.path("/gio-hang"))
    form = CheckoutForm(formdata=None, data=_known_buyer() | _written() | _way_asked())
    form.op_key.data = operations.new_key()
    web.visitor(create=True)
    return _checkout_page(form, row)


def _known_buyer() -> dict[str, Any]:
    """What is known of the buyer beforehand: his account's name, numbers and usual address; else the last province."""
    known: dict[str, Any] = {"delivery": "ship", "province": visitor.get("province") or HOME_PROVINCE, "payment": ""}
    if current_user.is_authenticated:
        known |= {"name": current_user.name, "phone": current_user.phone or "", "email": current_user.email or ""}
        for address in accounts.addresses_of(current_user.user_id)[:1]:
            known |= {
                "name": address.name,
                "phone": address.telephone,
                "province": address.region_code,
                "commune": address.locality_code,
                "street": address.street_address,
            }
    return known


# What was typed is kept in the visitor's own cookie while the page is shown anew, for so long and up to so many bytes.
_WRITTEN, _WRITTEN_FOR, _WRITTEN_MOST = "checkout", timedelta(minutes=30), 1500


def _keep_written(form: CheckoutForm) -> bool:
    """Keep what was typed for the next look at the page; False if it is too much for a cookie."""
    typed = {
        f.name: f.data for f in form if f.data and f.name not in {"op_key", "agreed_amount", "basket", "csrf_token"}
    }
    if len(json.dumps(typed)) > _WRITTEN_MOST:
        return False
    visitor[_WRITTEN] = {"at": int(clock.now().timestamp()), "typed": typed}
    return True


def _written() -> dict[str, Any]:
    kept = visitor.get(_WRITTEN)
    if not kept or kept["at"] < (clock.now() - _WRITTEN_FOR).timestamp():
        return {}
    return dict(kept["typed"])


def _way_asked() -> dict[str, str]:
    """The point of pick-up that a link to the checkout names."""
    slug = request.args.get("point", "")[:120]
    found = points.by_slug(slug) if slug else None
    return {"delivery": "pickup", "point": found.slug} if found is not None and found.pickup else {}


def _wanted_of(form: CheckoutForm) -> Wanted:
    if form.delivery.data == DeliveryKind.PICKUP:
        point = points.by_slug(form.point.data or "")
        return Wanted(
            DeliveryKind.PICKUP, point_id=point.id if point else None, cod=form.payment.data == PaymentMethod.COD
        )
    return Wanted(
        DeliveryKind.SHIP, form.province.data, form.commune.data or None, cod=form.payment.data == PaymentMethod.COD
    )


def _code_of(form: CheckoutForm) -> str:
    """The code that was typed, if it may be looked up; else the form tells why not. Wrong ones are counted by network: what
    is worth money must not be guessed."""
    typed = form.code.data or ""
    if not typed or form.code.errors:
        return ""
    try:
        coupons.look_up(typed, client_address())
    except ShopError as error:
        form.refuse(error)
        return ""
    return typed


def _number(form: CheckoutForm) -> str | None:
    """The telephone number that was typed, if it is one."""
    try:
        return phone(form.phone.data) if form.phone.data else None
    except Invalid:
        return None


def _checkout_page(form: CheckoutForm, row: BasketRow, error: ShopError | None = None) -> str:
    proposed = not form.payment.data
    # Of a guest it is known once he has said his number; the message of a refusal says so too.
    ahead = isinstance(error, errors.PayAhead) or services.pays_ahead(_number(form), _user_id())
    if proposed:
        form.payment.data = services.usual_payment(cash=not ahead)
    code, who = _code_of(form), promotions.buyer(_user_id(), _number(form))
    plan = services.make_plan(row, _wanted_of(form), code=code, who=who)
    if proposed and plan.has_alcohol and form.payment.data == PaymentMethod.COD:
        form.payment.data = services.usual_payment(cash=False)
        plan = services.make_plan(row, _wanted_of(form), code=code, who=who)
    page = CheckoutPage.of(
        plan,
        form,
        current_app.extensions["shop_config"],
        adult=_adult() or bool(row.age_confirmed_at),
        ahead=ahead,
    )
    form.agreed_amount.data = str(plan.total_amount)
    form.basket.data = str(row.id)
    queries.show_count(row.units)
    web.mark_private()
    return render_template(
        "checkout/storefront/checkout.html", page=page, form=form, v=form.data, errors=page.errors, error=error,
        error_code=error.code if error else None,
    )  # fmt: skip


@bp.get("/thanh-toan/tom-tat")
@public
def summary() -> Any:
    """The summary of the checkout page for another province, point or way of paying (for the page's module)."""
    web.mark_private()
    form = CheckoutForm(formdata=request.args)
    who = promotions.buyer(_user_id(), _number(form))
    plan = services.make_plan(_basket(), _wanted_of(form), code=_code_of(form), who=who)
    page = CheckoutPage.of(plan, form, current_app.extensions["shop_config"], adult=_adult())
    form.agreed_amount.data = str(plan.total_amount)
    return render_template("checkout/storefront/_summary.html", page=page, form=form, error=None, alone=True)


@bp.post("/thanh-toan")
@public
@limiter.limit("120 per minute")
def place() -> Any:
    """Place the order, or show the page again for another province, point or way of paying."""
    form = CheckoutForm()
    form.payment.data = form.payment.data or ""
    if request.form.get("province"):
        visitor["province"] = request.form["province"][:5]
    if request.form.get("choose_province") or request.form.get("refresh"):
        if _keep_written(form):
            asked = "code" if request.form.get("refresh") == "code" else "delivery"
            return redirect(web.path("/thanh-toan") + f"#f-{asked}", 303)
        form.op_key.data = form.op_key.data or operations.new_key()
        return _checkout_page(form, _basket())
    if not form.validate():
        error = Invalid()
        return _checkout_page(form, _basket(), error), error.status
    point = None if form.ships else points.by_slug(form.point.data or "")
    try:
        if form.code.data:
            coupons.look_up(form.code.data, client_address())
        ordered = services.place(
            actor(), _token(), _user_id(), form.wish(point.id if point else 0),
            op_key=form.op_key.data or "", owner=_token() or "", locale=web.language(), adult=_adult(),
        )  # fmt: skip
    except ShopError as error:
        row = _basket()
        if not row.lines:
            raise
        form.refuse(error)
        return _checkout_page(form, row, error), error.status
    visitor.pop(_WRITTEN, None)
    _open_for_visitor(ordered.reference)
    return redirect(ordered.redirect_url or web.path(f"/don-hang/{ordered.reference}"), 303)


# --- the order's page --------------------------------------------------------------------------------------------


def _open_for_visitor(reference: str) -> None:
    """Let this browser open the order's page for as long as its session lasts."""
    known = [r for r in visitor.get("orders", []) if r != reference]
    visitor["orders"] = [*known, reference][-REMEMBERED_ORDERS:]


def opened(reference: str) -> Bought:
    """The order, if the visitor may see it: placed or looked up in this browser, his account's, or by the letter's link.

    Raises:
        NoSuchOrder: there is none, or it is not his: the two look the same.
    """
    reference = normal_reference(reference)
    order = orders.bought(reference)
    if order is None:
        raise NoSuchOrder
    if reference in visitor.get("orders", []):
        return order
    secret = request.values.get("k")
    if orders.opens(order, secret=secret, user_id=_user_id()):
        return order
    raise NoSuchOrder


@bp.get("/don-hang/<reference>")
@public
@limiter.limit("60 per minute")
def order(reference: str) -> Any:
    """The order: how it stands, how to pay it, what can be done."""
    return _order_page(opened(reference))


def _order_page(found: Bought, error: ShopError | None = None, about: int = 0) -> str:
    """The order's page; `error` is what was refused in the form about parcel `about`, whose words are kept."""
    web.mark_private()
    page = OrderPage.of(found, current_app.extensions["shop_config"], str(current_app.secret_key))
    return render_template(
        "checkout/storefront/order.html",
        page=page,
        papers=beside.papers_of(found),
        o=found,
        new_key=operations.new_key,
        k=request.values.get("k"),
        notices=get_flashed_messages(with_categories=True),
        about=about,
        words=request.form.get("words", "") if about else "",
        op_key=request.form.get("op_key", "") if about and isinstance(error, Invalid) else "",
        error=gettext(error.title, **error.values) if error else "",
        error_code=error.code if error else None,
    )


@bp.post("/don-hang/<reference>/trao-doi/<int(max=9999):number>")
@public
@limiter.limit("30 per hour")
def write(reference: str, number: int) -> Any:
    """The buyer writes about one of his parcels."""
    found, parcel_id = _parcel(reference, number)
    try:
        masked = conversations.write(
            actor(), parcel_id, Side.BUYER, request.form.get("words", ""), request.form.get("op_key", "")
        )
    except NotFound:
        raise
    except ShopError as error:
        return _order_page(found, error, number), error.status
    flash(gettext("Đã gửi tin nhắn."), "ok")
    if masked:
        flash(gettext("Số điện thoại, e-mail hoặc đường dẫn trong tin đã được che."))
    return redirect(web.path(f"/don-hang/{found.reference}") + f"#trao-doi-{number}", 303)


def _parcel(reference: str, number: int) -> tuple[Bought, int]:
    found = opened(reference)
    _open_for_visitor(found.reference)
    parcel = next((f for f in orders.bought_parcels(found.id) if f.number == number), None)
    if parcel is None or found.channel not in SENT:
        raise NoSuchOrder
    return found, parcel.id


@bp.post("/don-hang/<reference>/trao-doi/<int(max=9999):number>/da-doc")
@public
@limiter.limit("60 per minute")
def read_messages(reference: str, number: int) -> Any:
    """The buyer has read what stood on the page about one of his parcels."""
    found, parcel_id = _parcel(reference, number)
    conversations.seen(parcel_id, Side.BUYER, talk.shown(request.form.get("shown", "")))
    return redirect(web.path(f"/don-hang/{found.reference}") + f"#trao-doi-{number}", 303)


@bp.get("/don-hang/<reference>/vietqr.png")
@public
@limiter.limit("120 per minute")
def qr(reference: str) -> Any:
    """The QR code of an order that waits for a bank transfer."""
    web.mark_private()
    found = opened(reference)
    transfer = received.transfer(found, received.of_order(found))
    if transfer is None:
        raise NoSuchOrder
    return Response(vietqr.png(transfer.payload), mimetype="image/png")


@bp.post("/don-hang/<reference>/huy")
@public
@limiter.limit("20 per minute")
def cancel(reference: str) -> Any:
    """The buyer cancels before packing."""
    found = opened(reference)
    _open_for_visitor(found.reference)
    services.cancel_by_buyer(actor(), found.reference, request.form.get("reason", "")[:500])
    flash(gettext("Đã hủy đơn hàng."), "ok")
    return redirect(web.path(f"/don-hang/{found.reference}"), 303)


@bp.post("/don-hang/<reference>/hoan-ngay")
@public
@limiter.limit("20 per minute")
def give_back(reference: str) -> Any:
    """The buyer does not want to wait until goods are found for his late money."""
    found = opened(reference)
    _open_for_visitor(found.reference)
    waits = late.waits_until(found.id)
    if waits is None:
        raise errors.LateMoneyDecided
    late.give_back(waits[0], late.WANTED)
    flash(gettext("Tiền của bạn đang được hoàn."), "ok")
    return redirect(web.path(f"/don-hang/{found.reference}"), 303)


@bp.post("/don-hang/<reference>/the")
@public
@limiter.limit("20 per minute")
def pay_by_card(reference: str) -> Any:
    """Go (again) to the card's page of an order that waits for its payment."""
    found = opened(reference)
    _open_for_visitor(found.reference)
    return redirect(services.card_page(found.id), 303)


@bp.get("/don-hang/<reference>/ket-qua")
@public
@limiter.limit("60 per minute")
def returned(reference: str) -> Any:
    """Back from the card's page: the provider is asked how it stands when the order's page is next looked at by the job,
    and here at once by a command that only repeats what the provider says."""
    web.mark_private()
    found = opened(reference)
    return render_template("checkout/storefront/returned.html", o=found, k=request.args.get("k"))


@bp.post("/don-hang/<reference>/ket-qua")
@public
@limiter.limit("60 per minute")
def ask_provider(reference: str) -> Any:
    """Ask the provider how the payment stands, then show the order."""
    found = opened(reference)
    _open_for_visitor(found.reference)
    services.ask_provider(found.id)
    return redirect(web.path(f"/don-hang/{found.reference}"), 303)


@bp.get("/tra-cuu")
@public
def look_up() -> str:
    """The form for finding an order by reference and phone."""
    web.mark_private()
    return render_template(
        "checkout/storefront/look_up.html", v={"reference": request.args.get("ma", "")}, errors={}, error=None
    )


@bp.post("/tra-cuu")
@public
@limiter.limit("10 per minute; 60 per hour")
def look_up_answer() -> Any:
    """Open the order's page for who knows its reference and phone number."""
    raw_reference, raw_phone = request.form.get("reference", "")[:40], request.form.get("phone", "")[:40]
    try:
        found = orders.bought(normal_reference(raw_reference))
        if found is None or not orders.opens(found, phone=phone(raw_phone)):
            raise NoSuchOrder
    except ShopError as error:
        values = {"reference": raw_reference, "phone": raw_phone}
        message = gettext(error.title, **error.values)
        html = render_template(
            "checkout/storefront/look_up.html",
            v=values,
            errors={error.field or "reference": message},
            error=error,
            error_code=error.code,
        )
        return html, error.status
    _open_for_visitor(found.reference)
    return redirect(web.path(f"/don-hang/{found.reference}"), 303)
