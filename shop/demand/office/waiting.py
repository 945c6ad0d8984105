"""The wait list for staff: queues by product, every entry, whom to call. Contacts are masked without the right to handle."""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.catalog.models import Product
from shop.demand.errors import NoSuchWait
from shop.demand.models.waiting import CHOICE_NAMES, OFFER_NAMES, OPEN, WAIT_NAMES, WaitEntry, WaitState
from shop.demand.office import bp
from shop.demand.queries import waiting as queries
from shop.demand.services import offers, waiting
from shop.kernel import tables, text, web
from shop.kernel.errors import N_, NotFound, ShopError
from shop.kernel.forms import messages, phone_for_people

P = Permission
HERE = "/office/demand/waiting"
KINDS = {"unconfirmed": "warn", "waiting": "info", "offered": "ok", "bought": "ok", "left": "", "ended": ""}


class Row(NamedTuple):
    """A line of the list."""

    reference: str
    product: str
    slug: str
    pack: str
    contact: str
    quantity: int
    state: WaitState
    joined_at: Any
    until: Any
    lapses: int


def _contact(entry: WaitEntry) -> str:
    if not guards.may(P.WAITING_HANDLE, "*"):
        return queries.masked(entry.email or entry.phone)
    return entry.email or (phone_for_people(entry.phone) if entry.phone else "–")


def _row(found: Any) -> Row:
    entry, product, slug, pack, until = tuple(found)
    return Row(
        entry.reference, product, slug, pack, _contact(entry), entry.quantity, entry.state, entry.joined_at, until,
        entry.lapses,
    )  # fmt: skip


def _search(q: str) -> Any:
    like = "%" + q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    return (WaitEntry.reference == text.normal_reference(q)) | Product.name.ilike(like, escape="\\")


TABLE = tables.Table(
    name="hang-cho",
    columns=(
        tables.Column("reference", N_("Mã chờ")),
        tables.Column("product", N_("Sản phẩm"), sort=(Product.sort_name,)),
        tables.Column("contact", N_("Liên hệ")),
        tables.Column("quantity", N_("Số lượng"), "num", sort=(WaitEntry.quantity,)),
        tables.Column("joined_at", N_("Vào lúc"), sort=(WaitEntry.joined_at,)),
        tables.Column("state", N_("Tình trạng"), sort=(WaitEntry.state,), value=lambda r: gettext(WAIT_NAMES[r.state])),
        tables.Column("until", N_("Giữ hàng đến")),
        tables.Column("lapses", N_("Lần bỏ lỡ"), "num", sort=(WaitEntry.lapses,)),
    ),
    order="joined_at",
    tie=WaitEntry.id,
    filters=(
        tables.Filter(
            "state",
            N_("Tình trạng"),
            lambda v: WaitEntry.state.in_(OPEN) if v == "open" else WaitEntry.state == WaitState(v),
            [("open", N_("Chưa xong")), *((s.value, label) for s, label in WAIT_NAMES.items())],
        ),
    ),
    search=_search,
)


@bp.get("/demand/waiting")
@guards.requires_all(P.WAITING_READ)
def waiting_queues() -> Any:
    """Queues by product, and whom to call."""
    may = guards.may(P.WAITING_HANDLE, "*")
    return render_template(
        "demand/office/queues.html", here=HERE, rows=queries.queues(), calls=queries.calls() if may else [], may=may,
        to_call=queries.to_call(), phone_for_people=phone_for_people,
    )  # fmt: skip


@bp.get("/demand/waiting/entries")
@guards.requires_all(P.WAITING_READ)
def waiting_entries() -> Any:
    """Every entry, or a file of them."""
    view = TABLE.open(request.args, f"{HERE}/entries", queries.entries(), make=_row)
    if view.export:
        return view.download()
    return render_template("demand/office/entries.html", here=HERE, view=view, names=WAIT_NAMES, kinds=KINDS)


def _entry(reference: str) -> WaitEntry:
    found = queries.by_reference(reference)
    if found is None:
        raise NoSuchWait
    return found


def _page(reference: str, error: ShopError | None = None) -> Any:
    entry = _entry(reference)
    page = render_template(
        "demand/office/entry.html",
        here=HERE,
        entry=entry,
        view=queries.view(entry),
        contact=_contact(entry),
        offers=queries.offers_of(entry.id),
        steps=[(gettext(WAIT_NAMES[WaitState(s.to_state)]), s) for s in entry.steps],
        state=gettext(WAIT_NAMES[entry.state]),
        kind=KINDS[entry.state.value],
        choice=gettext(CHOICE_NAMES[entry.choice]),
        offer_names=OFFER_NAMES,
        may=guards.may(P.WAITING_HANDLE, "*"),
        is_open=entry.state in OPEN,
        reason=request.form.get("reason", ""),
        errors=messages(error),
        error_code=error.code if error else None,
    )
    return make_response(page, error.status if error else 200)


@bp.get("/demand/waiting/entries/<reference>")
@guards.requires_all(P.WAITING_READ)
def waiting_entry(reference: str) -> Any:
    """One entry with its offers and steps."""
    return _page(reference)


@bp.post("/demand/waiting/entries/<reference>/confirm")
@guards.requires_all(P.WAITING_HANDLE)
def waiting_confirm(reference: str) -> Any:
    """Staff have called: he wants to wait."""
    try:
        waiting.confirm(guards.actor(), reference, by_staff=True)
    except NotFound:
        raise
    except ShopError as error:
        return _page(reference, error)
    flash(gettext("Đã xác nhận, chỗ chờ tính từ lúc khách đăng ký."), "ok")
    return redirect(web.path(f"{HERE}/entries/{reference}"), 303)


@bp.post("/demand/waiting/entries/<reference>/remove")
@guards.requires_all(P.WAITING_HANDLE)
def waiting_remove(reference: str) -> Any:
    """Take an entry out."""
    try:
        waiting.remove(guards.actor(), reference, text.clean(request.form.get("reason", "")))
    except NotFound:
        raise
    except ShopError as error:
        return _page(reference, error)
    flash(gettext("Đã đưa khách ra khỏi hàng chờ."), "ok")
    return redirect(web.path(f"{HERE}/entries/{reference}"), 303)


@bp.post("/demand/waiting/offers/<reference>/told")
@guards.requires_all(P.WAITING_HANDLE)
def waiting_told(reference: str) -> Any:
    """Staff have called about goods that are kept."""
    entry = queries.by_offer(reference)
    if entry is None:
        raise NoSuchWait
    try:
        offers.told(guards.actor(), reference)
    except NotFound:
        raise
    except ShopError as error:
        return _page(entry.reference, error)
    flash(gettext("Đã ghi: đã gọi báo khách."), "ok")
    return redirect(web.path(HERE), 303)
