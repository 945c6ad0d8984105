"""`/office/remittances`: rows that wait, the cash of parcels, batches, who holds how much, buyers who pay ahead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request
from flask_babel import gettext
from werkzeug.wrappers import Response

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.kernel import money, operations, parts, web
from shop.kernel.db import transaction
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.kernel.forms import messages
from shop.remittances.models import (
    HOLDER_KIND_NAMES,
    QUEUE_NAMES,
    SURPLUS_NAMES,
    CodParcel,
    CodState,
    Remittance,
    RemittanceState,
    Row,
    RowState,
)
from shop.remittances.queries import batches as read_batches
from shop.remittances.queries import buyers as read_buyers
from shop.remittances.queries import parcels as read_parcels
from shop.remittances.queries import rows as read_rows
from shop.remittances.services import batches, buyers, parcels, rows, steps

bp = Blueprint("remittances", __name__)
HERE = read_parcels.HERE
P = Permission
PARCEL_KINDS = {
    CodState.OUT: "info", CodState.COLLECTED: "warn", CodState.SETTLED: "ok", CodState.REFUSED: "bad", CodState.RETURNED: "",
    CodState.LOST: "bad",
}  # fmt: skip
ROW_KINDS = {
    RowState.UNREAD: "bad", RowState.ASIDE: "", RowState.TRIED: "info", RowState.NEW: "info", RowState.OPEN: "warn",
    RowState.DONE: "ok",
}  # fmt: skip
BATCH_KINDS = {
    RemittanceState.MATCHING: "warn", RemittanceState.TRIED: "info", RemittanceState.OPEN: "warn", RemittanceState.PAID: "ok",
    RemittanceState.DROPPED: "",
}  # fmt: skip


def shown(template: str, error: ShopError | None = None, **values: Any) -> Any:
    """A page of this room, with a refusal at its place."""
    page = render_template(
        f"remittances/office/{template}.html",
        waits=read_parcels.waiting(),
        queue_names=QUEUE_NAMES,
        surplus_names=SURPLUS_NAMES,
        parcel_kinds=PARCEL_KINDS,
        row_kinds=ROW_KINDS,
        batch_kinds=BATCH_KINDS,
        may_handle=guards.may(P.REMITTANCE_HANDLE),
        me=guards.actor().key,
        new_key=operations.new_key,
        errors=messages(error),
        error_code=error.code if error else None,
        v=request.form if error is not None else {},
        **({"here": HERE} | values),
    )
    return make_response(page, error.status if error else 200)


def back(address: str) -> Response:
    """To where the form came from, else to `address` within this room."""
    return redirect(web.path(web.safe_next(request.form.get("back"), f"{HERE}{address}")), 303)  # type: ignore[return-value]


def word(name: str, limit: int = 500) -> str:
    """What was typed into a field."""
    return request.form.get(name, "")[:limit]


def whole(name: str, limit: int = 9) -> int:
    """A whole number of a form.

    Raises:
        Invalid.
    """
    raw = word(name, 20)
    if not (raw.isascii() and raw.isdigit() and len(raw) <= limit):
        raise Invalid(field=name)
    return int(raw)


def key() -> str:
    """The operation key of the form."""
    return request.form.get("op_key", "")


def amount(name: str, *, low: int = 0) -> int:
    """Đồng as people type them.

    Raises:
        Invalid.
    """
    try:
        return money.parse_vnd(word(name, 40), low=low)
    except Invalid as error:
        error.field = name
        raise


def attempt(
    page: Callable[[ShopError], Any], address: str, done: str, command: Callable[[], Any], *, to: str | None = None
) -> Any:
    """Run a command and say what was done; else show the page again as things are now, with the refusal."""
    try:
        command()
    except NotFound:
        raise
    except ShopError as error:
        return page(error)
    if done:
        flash(done, "ok")
    return redirect(web.path(to), 303) if to else back(address)


# --- rows --------------------------------------------------------------------------------------------------------


@bp.get("/remittances")
@guards.requires_all(P.REMITTANCE_READ)
def index() -> Any:
    """What waits for people, oldest first."""
    view = read_rows.rows_waiting(request.args)
    return view.download() if view.export else shown("index", view=view)


@bp.get("/remittances/batches/<reference>/rows/<int(max=99999):number>")
@guards.requires_all(P.REMITTANCE_READ)
def row(reference: str, number: int) -> Any:
    """One row of a batch."""
    return _row(reference, number)


def _row(reference: str, number: int, error: ShopError | None = None) -> Any:
    return shown("row", error, f=read_rows.row_file(reference, number))


def _row_step(reference: str, number: int, done: str, command: Callable[[int], Any]) -> Any:
    row_id = read_rows.row_file(reference, number).view.row.id
    address = f"/batches/{reference}/rows/{number}"
    return attempt(lambda e: _row(reference, number, e), address, done, lambda: command(row_id))


@bp.post("/remittances/batches/<reference>/rows/<int(max=99999):number>/take")
@guards.requires_all(P.REMITTANCE_HANDLE)
def take_row(reference: str, number: int) -> Any:
    """Work on a row."""
    return _row_step(reference, number, gettext("Bạn đã nhận việc này."), lambda i: _take(Row, i))


@bp.post("/remittances/batches/<reference>/rows/<int(max=99999):number>/leave")
@guards.requires_all(P.REMITTANCE_HANDLE)
def leave_row(reference: str, number: int) -> Any:
    """Leave it to others."""
    return _row_step(reference, number, gettext("Đã trả việc này."), lambda i: _leave(Row, i))


def _take(kind: Any, row_id: int) -> None:
    with transaction():
        steps.take(guards.actor(), kind, row_id)


def _leave(kind: Any, row_id: int) -> None:
    with transaction():
        steps.leave(guards.actor(), kind, row_id)


@bp.post("/remittances/batches/<reference>/rows/<int(max=99999):number>/assign")
@guards.requires_all(P.REMITTANCE_HANDLE)
def assign(reference: str, number: int) -> Any:
    """Say which parcel it is for."""
    return _row_step(
        reference, number, gettext("Đã chỉ ra kiện."),
        lambda i: rows.assign(guards.actor(), i, word("told", 80), whole("version"), op_key=key()),
    )  # fmt: skip


@bp.post("/remittances/batches/<reference>/rows/<int(max=99999):number>/credit")
@guards.requires_all(P.REMITTANCE_HANDLE)
def credit(reference: str, number: int) -> Any:
    """Credit it to its parcel."""
    return _row_step(
        reference, number, gettext("Đã ghi cho kiện."),
        lambda i: rows.credit(
            guards.actor(), i, whole("version"), rest=word("rest", 20), surplus=word("surplus", 20), why=word("reason"),
            op_key=key(),
        ),
    )  # fmt: skip


@bp.post("/remittances/batches/<reference>/rows/<int(max=99999):number>/aside")
@guards.requires_all(P.REMITTANCE_HANDLE)
def aside(reference: str, number: int) -> Any:
    """It is no parcel's."""
    return _row_step(
        reference, number, gettext("Đã ghi là không thuộc kiện nào."),
        lambda i: rows.set_aside(
            guards.actor(), i, word("surplus", 20), word("reason"), whole("version"), op_key=key()
        ),
    )  # fmt: skip


@bp.post("/remittances/batches/<reference>/rows/<int(max=99999):number>/undo")
@guards.requires_all(P.REMITTANCE_HANDLE)
def undo(reference: str, number: int) -> Any:
    """Take it back."""
    return _row_step(
        reference, number, gettext("Đã hoàn tác."),
        lambda i: rows.undo(guards.actor(), i, whole("version"), op_key=key()),
    )  # fmt: skip


# --- parcels -----------------------------------------------------------------------------------------------------


@bp.get("/remittances/parcels")
@guards.requires_all(P.REMITTANCE_READ)
def index_of_parcels() -> Any:
    """The cash of parcels, or a file of it."""
    view = read_parcels.parcel_list(request.args)
    return view.download() if view.export else shown("parcels", view=view)


@bp.get("/remittances/parcels/<reference>/<int(max=9999):number>")
@guards.requires_all(P.REMITTANCE_READ)
def parcel(reference: str, number: int) -> Any:
    """One parcel's cash with its history and what can be done."""
    return _parcel(reference, number)


def _parcel(reference: str, number: int, error: ShopError | None = None) -> Any:
    return shown("parcel", error, f=read_parcels.parcel_file(reference, number))


def _parcel_step(reference: str, number: int, done: str, command: Callable[[int], Any]) -> Any:
    parcel_id = read_parcels.parcel_file(reference, number).row.parcel.id
    address = f"/parcels/{reference}/{number}"
    return attempt(lambda e: _parcel(reference, number, e), address, done, lambda: command(parcel_id))


@bp.post("/remittances/parcels/<reference>/<int(max=9999):number>/take")
@guards.requires_all(P.REMITTANCE_HANDLE)
def take_parcel(reference: str, number: int) -> Any:
    """Work on it."""
    return _parcel_step(reference, number, gettext("Bạn đã nhận việc này."), lambda i: _take(CodParcel, i))


@bp.post("/remittances/parcels/<reference>/<int(max=9999):number>/leave")
@guards.requires_all(P.REMITTANCE_HANDLE)
def leave_parcel(reference: str, number: int) -> Any:
    """Leave it to others."""
    return _parcel_step(reference, number, gettext("Đã trả việc này."), lambda i: _leave(CodParcel, i))


@bp.post("/remittances/parcels/<reference>/<int(max=9999):number>/collected")
@guards.requires_all(P.REMITTANCE_HANDLE)
def collected(reference: str, number: int) -> Any:
    """Whoever carries it has its cash."""
    return _parcel_step(
        reference, number, gettext("Đã ghi: tiền đã thu, chờ nộp về."),
        lambda i: parcels.say_collected(guards.actor(), i, whole("version"), op_key=key()),
    )  # fmt: skip


@bp.post("/remittances/parcels/<reference>/<int(max=9999):number>/refused")
@guards.requires_all(P.REMITTANCE_HANDLE)
def refused(reference: str, number: int) -> Any:
    """Its buyer did not take it."""
    return _parcel_step(
        reference, number, gettext("Đã ghi: khách không nhận. Hàng chỉ nhập kho sau khi kiểm."),
        lambda i: parcels.refuse(
            guards.actor(), i, word("reason"), whole("version"), by_buyer=word("by_buyer", 2) == "1", op_key=key()
        ),
    )  # fmt: skip


@bp.post("/remittances/parcels/<reference>/<int(max=9999):number>/unrefused")
@guards.requires_all(P.REMITTANCE_HANDLE)
def unrefused(reference: str, number: int) -> Any:
    """It is on its way after all."""
    return _parcel_step(
        reference, number, gettext("Đã bỏ ghi từ chối."),
        lambda i: parcels.unrefuse(guards.actor(), i, whole("version"), op_key=key()),
    )  # fmt: skip


@bp.post("/remittances/parcels/<reference>/<int(max=9999):number>/lost")
@guards.requires_all(P.REMITTANCE_HANDLE)
def lost(reference: str, number: int) -> Any:
    """It is lost, and whoever carried it owes for it."""
    return _parcel_step(
        reference, number, gettext("Đã ghi thất lạc; tiền bồi thường chờ nộp về."),
        lambda i: parcels.lose(
            guards.actor(), i, amount("amount"), word("reason"), whole("version"), op_key=key()
        ),
    )  # fmt: skip


@bp.post("/remittances/parcels/<reference>/<int(max=9999):number>/write-off")
@guards.requires_all(P.REMITTANCE_HANDLE)
def write_off(reference: str, number: int) -> Any:
    """What is still owed for it is given up."""
    return _parcel_step(
        reference, number, gettext("Đã bỏ phần còn thiếu."),
        lambda i: parcels.write_off(guards.actor(), i, word("reason"), whole("version"), op_key=key()),
    )  # fmt: skip


# --- batches -----------------------------------------------------------------------------------------------------


def _batches(error: ShopError | None = None) -> Any:
    view = read_batches.batch_list(request.args)
    if view.export:
        return view.download()
    everybody = read_parcels.holder_rows()
    return shown("batches", error, view=view, carriers=read_parcels.carriers(), holders=everybody)


@bp.get("/remittances/batches")
@guards.requires_all(P.REMITTANCE_READ)
def index_of_batches() -> Any:
    """Batches, and the form to send a file."""
    return _batches()


@bp.post("/remittances/batches")
@guards.requires_all(P.REMITTANCE_HANDLE)
def upload() -> Any:
    """Send a carrier's file."""
    sent = request.files.get("file")
    try:
        if sent is None or not sent.filename:
            raise Invalid(N_("Hãy chọn tệp."), field="file")
        who = word("holder", 12)
        if not who.isdigit():
            raise Invalid(N_("Hãy chọn đơn vị vận chuyển."), field="holder")
        reference = batches.upload(guards.actor(), int(who), sent.read(), sent.filename, op_key=key())
    except NotFound:
        return _batches(Invalid(N_("Hãy chọn đơn vị vận chuyển."), field="holder"))
    except ShopError as error:
        error.field = error.field or "file"
        return _batches(error)
    return back(f"/batches/{reference}")


@bp.get("/remittances/hand-in/<int:holder_id>")
@guards.requires_all(P.REMITTANCE_HANDLE)
def hand(holder_id: int) -> Any:
    """What somebody brings, to be written down by hand."""
    return _hand(holder_id)


def _hand(holder_id: int, error: ShopError | None = None) -> Any:
    holder, found = read_batches.to_hand_in(holder_id)
    return shown("hand", error, holder=holder, found=found, chosen=set(request.form.getlist("parcel")))


@bp.post("/remittances/hand-in/<int:holder_id>")
@guards.requires_all(P.REMITTANCE_HANDLE)
def hand_in(holder_id: int) -> Any:
    """Write it down."""
    try:
        chosen = [c for c in request.form.getlist("parcel")[: batches.MOST_BY_HAND + 1] if c.isdigit() and len(c) < 13]
        parts = [(int(c), amount(f"amount-{c}")) for c in chosen]
        fee = amount("fee") if word("fee").strip() else 0
        counted = amount("counted") if word("counted").strip() else None
        reference = batches.by_hand(guards.actor(), holder_id, parts, fee, counted, word("reason"), op_key=key())
    except NotFound:
        raise
    except ShopError as error:
        return _hand(holder_id, error)
    flash(gettext("Đã ghi đợt nộp %(r)s.", r=reference), "ok")
    return back(f"/batches/{reference}")


@bp.get("/remittances/batches/<reference>")
@guards.requires_all(P.REMITTANCE_READ)
def batch(reference: str) -> Any:
    """A batch: columns to match, or every row with what it came to, and its money."""
    return _batch(reference)


def _batch(reference: str, error: ShopError | None = None) -> Any:
    found = read_batches.batch_file(reference)
    if found.batch.state is RemittanceState.MATCHING:
        columns = read_batches.columns_of(found.batch)
        return shown("match", error, f=found, columns=columns, options=read_batches.column_options())
    view = read_rows.rows_of(request.args, found.batch)
    if view.export:
        return view.download()
    return shown("batch", error, f=found, view=view)


def _batch_step(reference: str, done: str, command: Callable[[], Any]) -> Any:
    return attempt(lambda e: _batch(reference, e), f"/batches/{reference}", done, command)


@bp.post("/remittances/batches/<reference>/columns")
@guards.requires_all(P.REMITTANCE_HANDLE)
def match(reference: str) -> Any:
    """Say what the columns are."""
    found = read_batches.batch_file(reference).batch
    width = len((found.layout or {"head": []})["head"])
    keys = [word(f"column-{n}", 20) or None for n in range(width)]
    return _batch_step(reference, "", lambda: batches.match(guards.actor(), reference, keys))


@bp.post("/remittances/batches/<reference>/rematch")
@guards.requires_all(P.REMITTANCE_HANDLE)
def rematch(reference: str) -> Any:
    """Match the columns again."""
    return _batch_step(reference, "", lambda: batches.rematch(guards.actor(), reference))


@bp.post("/remittances/batches/<reference>/apply")
@guards.requires_all(P.REMITTANCE_HANDLE)
def apply(reference: str) -> Any:
    """Hand its rows in."""
    return _batch_step(
        reference, gettext("Đã ghi đợt nộp. Dòng khớp đúng được ghi cho kiện; dòng khác chờ xử lý."),
        lambda: batches.apply(guards.actor(), reference),
    )  # fmt: skip


@bp.post("/remittances/batches/<reference>/drop")
@guards.requires_all(P.REMITTANCE_HANDLE)
def drop(reference: str) -> Any:
    """Leave it."""
    return _batch_step(reference, gettext("Đã bỏ tệp này."), lambda: batches.drop(guards.actor(), reference))


@bp.post("/remittances/batches/<reference>/take")
@guards.requires_all(P.REMITTANCE_HANDLE)
def take_batch(reference: str) -> Any:
    """Work on its difference."""
    return _batch_step(reference, gettext("Bạn đã nhận việc này."), lambda: _take(Remittance, batches.named(reference)))


@bp.post("/remittances/batches/<reference>/leave")
@guards.requires_all(P.REMITTANCE_HANDLE)
def leave_batch(reference: str) -> Any:
    """Leave it to others."""
    return _batch_step(reference, gettext("Đã trả việc này."), lambda: _leave(Remittance, batches.named(reference)))


@bp.post("/remittances/batches/<reference>/adjust")
@guards.requires_all(P.REMITTANCE_HANDLE)
def adjust(reference: str) -> Any:
    """Close what lacks of it as a difference."""
    return _batch_step(
        reference, gettext("Đã khép phần chênh lệch."),
        lambda: batches.adjust(guards.actor(), reference, word("reason"), whole("version"), op_key=key()),
    )  # fmt: skip


@bp.post("/remittances/batches/<reference>/unadjust")
@guards.requires_all(P.REMITTANCE_HANDLE)
def unadjust(reference: str) -> Any:
    """Take that back."""
    return _batch_step(
        reference, gettext("Đã mở lại phần chênh lệch."),
        lambda: batches.unadjust(guards.actor(), reference, whole("version"), op_key=key()),
    )  # fmt: skip


# --- holders and buyers ------------------------------------------------------------------------------------------


def _holders(error: ShopError | None = None) -> Any:
    kinds = [(k.value, gettext(n)) for k, n in HOLDER_KIND_NAMES.items() if k.value != "point"]
    return shown("holders", error, holders=read_parcels.holder_rows(), kinds=kinds, kind_names=HOLDER_KIND_NAMES)


@bp.get("/remittances/holders")
@guards.requires_all(P.REMITTANCE_READ)
def index_of_holders() -> Any:
    """Who holds how much, and for how long he may."""
    return _holders()


@bp.post("/remittances/holders/<int:holder_id>")
@guards.requires_all(P.REMITTANCE_HANDLE)
def edit_holder(holder_id: int) -> Any:
    """Set his term."""
    told = word("days", 3)
    days = int(told) if told.isascii() and told.isdigit() else -1  # no number of days; who he is comes first
    return attempt(
        _holders, "/holders", gettext("Đã lưu."),
        lambda: batches.edit_holder(guards.actor(), holder_id, days, word("kind", 20)),
    )  # fmt: skip


def _buyers(error: ShopError | None = None) -> Any:
    return shown("buyers", error, refusers=read_buyers.refusers(), lifts=read_buyers.lifts())


@bp.get("/remittances/buyers")
@guards.requires_all(P.REMITTANCE_READ)
def index_of_buyers() -> Any:
    """Who refused parcels, and who pays ahead for it."""
    return _buyers()


@bp.post("/remittances/buyers/<reference>/lift")
@guards.requires_all(P.REMITTANCE_HANDLE)
def lift(reference: str) -> Any:
    """Let the buyer of an order pay at the door again."""
    return attempt(
        _buyers, "/buyers", gettext("Khách này lại được trả tiền khi nhận hàng."),
        lambda: buyers.lift(guards.actor(), reference, word("reason"), op_key=key()),
    )  # fmt: skip


parts.load(__name__, __path__)
