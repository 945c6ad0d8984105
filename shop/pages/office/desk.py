"""What the pages of orders and parcels share: whose they are, what was typed, one command and its answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.kernel import banks, money, operations, text, web
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.kernel.storage import storage
from shop.orders.models import (
    CHANNEL_NAMES,
    ORDER_STATUS_NAMES,
    PAYMENT_METHOD_NAMES,
    PAYMENT_STATUS_NAMES,
    REFUSAL_WHY_NAMES,
    RefusalWhy,
)
from shop.pages import desk
from shop.payments import queries as payments
from shop.payments.models import PAYMENT_STATE_NAMES, REFUND_STATE_NAMES, PaymentState, RefundState

ORDERS, PARCELS = "/office/orders", "/office/fulfilments"
P = Permission
MONEY_KINDS = {
    PaymentState.PENDING: "",
    PaymentState.CAPTURED: "ok",
    PaymentState.HELD: "warn",
    PaymentState.FAILED: "bad",
    PaymentState.CANCELLED: "",
}
REFUND_KINDS = {
    RefundState.WAITING: "warn",
    RefundState.PENDING: "warn",
    RefundState.SUCCEEDED: "ok",
    RefundState.FAILED: "bad",
}


# --- whose -------------------------------------------------------------------------------------------------------


def of_order(permission: Permission, *, whole: bool = False) -> Callable[..., str | None]:
    """A guard's scope: a point of the order's parcels that the reader's grants cover; with `whole` they must cover all."""

    def scope(reference: str, **_: Any) -> str | None:
        named = [f"point:{i}" for i in desk.order_points(reference)]
        covered = [s for s in named if s in guards.scopes(permission)]
        return covered[0] if covered and (not whole or len(covered) == len(named)) else None

    return scope


def of_parcel(reference: str, number: int) -> str | None:
    """A guard's scope: the point the parcel leaves from."""
    found = desk.parcel_point(reference, number)
    return None if found is None else f"point:{found}"


def reads_order(reference: str) -> bool:
    """Whether the reader may see the whole order."""
    held = guards.scopes(P.ORDER_READ)
    return "*" in held or any(f"point:{i}" in held for i in desk.order_points(reference))


# --- what was typed ----------------------------------------------------------------------------------------------


class Typed:
    """The forms of a page: `form` is the one that was sent and refused, with what stood in it; the others are fresh."""

    def __init__(self, form: str = "", error: ShopError | None = None) -> None:
        self.form = form
        self.error = error

    def value(self, form: str, field: str, default: Any = "") -> Any:
        """What to show in a field."""
        return request.form.get(field, default) if form == self.form else default

    def error_of(self, form: str, field: str) -> str:
        """What is wrong with a field."""
        if form == self.form and self.error is not None and self.error.field == field:
            return gettext(self.error.title, **self.error.values)
        return ""

    def is_open(self, form: str) -> bool:
        """Whether the form should stand open."""
        return form == self.form

    def op_key(self, form: str) -> str:
        """The key of a form: the same one as long as what it was sent with was not carried out."""
        sent = request.form.get("op_key") if form == self.form else None
        kept = sent and self.error is not None and self.error.code == Invalid.code and self.error.field != "op_key"
        return str(sent) if kept else operations.new_key()

    @property
    def errors(self) -> list[tuple[str, str]]:
        """What `forms.error_summary` shows; a refusal of the whole has no field."""
        if self.error is None:
            return []
        field = self.error.field
        shown = f"f-{self.form}-{field}" if field and field != "op_key" else ""
        return [(shown, gettext(self.error.title, **self.error.values))]

    @property
    def code(self) -> str | None:
        """The code of the refusal."""
        return self.error.code if self.error else None


def line(field: str, limit: int = 80) -> str:
    """One line that was typed.

    Raises:
        Invalid: longer than `limit`.
    """
    found = text.clean(request.form.get(field, "")).replace("\n", " ")
    if len(found) > limit:
        raise Invalid(N_("Nhiều nhất %(n)s ký tự."), field=field, n=limit)
    return found


def reason() -> str:
    """The reason that was typed."""
    return line("reason", 500)


def units(prefix: str = "refuse-") -> dict[int, int]:
    """Units by line that were typed into fields called `refuse-<line>`.

    Raises:
        Invalid: something else than a whole number.
    """
    found = {}
    for name, raw in request.form.items():
        line = name.removeprefix(prefix)
        if name == line or not line.isdecimal() or len(line) > 15:
            continue
        raw = raw.strip() or "0"
        if not raw.isascii() or not raw.isdecimal() or len(raw) > 6:
            raise Invalid(N_("Số lượng phải là số nguyên, ví dụ 2."), field="quantity")
        found[int(line)] = int(raw)
    return found


def looked() -> tuple[bool, dict[int, int] | None]:
    """What was found of a parcel that came back: whether all of it is good, or the bad units by line.

    Raises:
        Invalid: no choice, a number that is none, or none bad of what is bad in part.
    """
    goods = request.form.get("goods", "")
    if goods not in {"stock", "off", "part"}:
        raise Invalid(N_("Hãy chọn hàng nhập lại kho hay hủy."), field="goods")
    if goods != "part":
        return goods == "stock", None
    bad = {line: n for line, n in units("bad-").items() if n}
    if not bad:
        raise Invalid(N_("Hãy ghi số hỏng của ít nhất một món."), field="bad")
    return True, bad


def refusal() -> tuple[dict[int, int] | None, RefusalWhy, str]:
    """What a form of refusal says: units by line (None: the whole parcel), why, the words.

    Raises:
        Invalid: no choice, a number that is none.
    """
    raw = request.form.get("why", "")
    if raw not in set(RefusalWhy):
        raise Invalid(N_("Hãy chọn lý do."), field="why")
    what = request.form.get("what", "")
    if what not in {"all", "some"}:
        raise Invalid(N_("Hãy chọn cả kiện hay một phần."), field="what")
    return units() if what == "some" else None, RefusalWhy(raw), reason()


def amount(field: str = "amount") -> int:
    """The đồng that were typed.

    Raises:
        Invalid: no whole amount.
    """
    try:
        return money.parse_vnd(request.form.get(field, ""), low=1)
    except Invalid as error:
        raise Invalid(error.title, field=field, **error.values) from error


def op_key() -> str:
    """The key that was sent; the command checks its shape."""
    return request.form.get("op_key", "")


# --- one command, one answer -------------------------------------------------------------------------------------


def attempt(reference: str, number: int | None, form: str, command: Callable[[], Any], done: str) -> Any:
    """Run `command` and go back to the page its form stood on; a refusal is shown there, with what was typed."""
    back = web.safe_next(request.form.get("back"), f"{ORDERS}/{reference}")
    try:
        told = command()
    except NotFound:
        raise
    except ShopError as error:
        typed = Typed(form, error)
        if number is not None and (back.startswith(PARCELS) or not reads_order(reference)):
            return make_response(parcel_page(reference, number, typed), error.status)
        return make_response(order_page(reference, typed), error.status)
    message, kind = told if isinstance(told, tuple) else (done, "ok")
    flash(message, kind)
    return redirect(web.path(back), 303)


def words() -> dict[str, Any]:
    """Names and colours that all pages of the desk use."""
    return {
        "order_names": {s: (gettext(n), desk.STATUS_KINDS[s]) for s, n in ORDER_STATUS_NAMES.items()},
        "payment_names": {s: (gettext(n), desk.PAYMENT_KINDS[s]) for s, n in PAYMENT_STATUS_NAMES.items()},
        "channels": {c: gettext(n) for c, n in CHANNEL_NAMES.items()},
        "methods": {m: gettext(n) for m, n in PAYMENT_METHOD_NAMES.items()},
        "deliveries": {k: gettext(n) for k, n in desk.DELIVERY_NAMES.items()},
        "parcel_status": desk.parcel_status,
        "parcel_kinds": desk.PARCEL_KINDS,
        "money_states": {s: (gettext(n), MONEY_KINDS[s]) for s, n in PAYMENT_STATE_NAMES.items()},
        "refund_states": {s: (gettext(n), REFUND_KINDS[s]) for s, n in REFUND_STATE_NAMES.items()},
        "issue_names": {k: gettext(n) for k, n in payments.ISSUE_NAMES.items()},
        "new_key": operations.new_key,
        "bank": banks.name,
        "me_key": guards.actor().key,
        "whys": [(w.value, gettext(n)) for w, n in REFUSAL_WHY_NAMES.items()],
        "why_names": {w: gettext(n) for w, n in REFUSAL_WHY_NAMES.items()},
    }


def order_page(reference: str, typed: Typed | None = None) -> str:
    """The page of an order.

    Raises:
        NotFound: there is none.
    """
    typed = typed or Typed()
    file = desk.order_file(reference)
    scopes = [f"point:{p.parcel.point_id}" for p in file.parcels]

    def may_all(permission: Permission) -> bool:
        held = guards.scopes(permission)
        return "*" in held or all(s in held for s in scopes)

    return render_template(
        "pages/office/order.html",
        here=ORDERS,
        back=f"{ORDERS}/{reference}",
        f=file,
        o=file.order,
        typed=typed,
        error_code=typed.code,
        may_handle=may_all(P.ORDER_HANDLE),
        may_money=may_all(P.PAYMENT_HANDLE),
        may_refund=may_all(P.REFUND_MAKE),
        may_parcel={p.number: guards.may(P.FULFILMENT_HANDLE, s) for p, s in zip(file.parcels, scopes, strict=True)},
        **words(),
    )


def parcel_page(reference: str, number: int, typed: Typed | None = None) -> str:
    """The page of one parcel: what its point has to know, nothing of the order's other parcels.

    Raises:
        NotFound: there is none.
    """
    typed = typed or Typed()
    file = desk.order_file(reference)
    return render_template(
        "pages/office/parcel.html",
        here=PARCELS,
        back=f"{PARCELS}/{reference}/{number}",
        f=file,
        o=file.order,
        p=file.parcel(number),
        typed=typed,
        error_code=typed.code,
        may_parcel={number: True},
        may_read=reads_order(reference),
        **words(),
    )


def paper(body: bytes, name: str) -> Response:
    """A PDF to look at and print."""
    web.mark_private()
    response = Response(body, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    response.headers["Cache-Control"] = "no-store"
    return response


def photo(key: str | None) -> Response:
    """A private photograph.

    Raises:
        NotFound: there is none.
    """
    if key is None:
        raise NotFound
    answer = Response(storage().get(key), mimetype="image/jpeg")
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "no-store"
    return answer
