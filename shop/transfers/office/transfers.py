"""Transfers for staff and keepers: the list, asking, deciding, packing, sending, receiving on a phone."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request
from flask_babel import gettext, ngettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.kernel import clock, operations, tables, text, web
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.kernel.facts import Refused
from shop.kernel.forms import day, messages
from shop.points import queries as points
from shop.stock import queries as stock
from shop.stock.models import SHOP
from shop.transfers import queries, rules
from shop.transfers import services as transfers
from shop.transfers.models import STATUS_NAMES, STEP_NAMES, UNDER_WAY, UNPACKED, WAITING, S, Transfer, TransferStatus
from shop.transfers.services import Count

bp = Blueprint("transfers", __name__)
HERE = "/office/transfers"
P = Permission
STATUS_KINDS = {
    S.ASKED: "warn",
    S.APPROVED: "warn",
    S.PACKED: "info",
    S.ON_THE_ROAD: "info",
    S.RECEIVED: "warn",
    S.CLOSED: "ok",
    S.REFUSED: "bad",
    S.CANCELLED: "",
}
STATES = (
    ("open", N_("Chưa xong")),
    (S.ASKED.value, STATUS_NAMES[S.ASKED]),
    ("to_pack", N_("Chờ đóng gói, gửi")),
    ("road", N_("Đang trên đường")),
    ("late", N_("Đến chậm")),
    (S.CLOSED.value, STATUS_NAMES[S.CLOSED]),
    ("lost", N_("Có hàng hỏng, thiếu")),
    (S.REFUSED.value, STATUS_NAMES[S.REFUSED]),
    (S.CANCELLED.value, STATUS_NAMES[S.CANCELLED]),
)


# --- whose -------------------------------------------------------------------------------------------------------


def of_source(reference: str) -> str | None:
    """A guard's scope: the point the goods leave."""
    found = queries.ends(reference)
    return f"point:{found[0]}" if found else None


def of_destination(reference: str) -> str | None:
    """A guard's scope: the point the goods go to."""
    found = queries.ends(reference)
    return f"point:{found[1]}" if found else None


def of_either(reference: str) -> str | None:
    """A guard's scope: that one of both points which the reader keeps."""
    found = queries.ends(reference)
    if found is None:
        return None
    held = guards.scopes(P.TRANSFER_HANDLE)
    return next((f"point:{i}" for i in found if f"point:{i}" in held), None)


def _mine() -> list[int] | None:
    return points.ids_in(guards.scopes(P.TRANSFER_HANDLE))


# --- what was typed ----------------------------------------------------------------------------------------------


def _line(field: str, limit: int = 500) -> str:
    found = text.clean(request.form.get(field, "")).replace("\n", " ")
    if len(found) > limit:
        raise Invalid(N_("Nhiều nhất %(n)s ký tự."), field=field, n=limit)
    return found


def _number(raw: str, field: str) -> int:
    """A whole number as it was typed; the command knows its bounds."""
    raw = raw.strip()
    digits = raw.removeprefix("-")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 9:
        raise Invalid(N_("Hãy ghi một số nguyên."), field=field)
    return int(raw)


def _numbers(prefix: str) -> dict[int, int]:
    """The fields `<prefix>-<id>` that were filled in.

    Raises:
        Invalid: a field holds no whole number; several of them are told together.
    """
    found: dict[int, int] = {}
    wrong: list[Invalid] = []
    for field, raw in request.form.items():
        head, _, tail = field.partition("-")
        if head != prefix or not tail.isascii() or not tail.isdigit() or len(tail) > 15 or not raw.strip():
            continue
        try:
            found[int(tail)] = _number(raw, field)
        except Invalid as error:
            wrong.append(error)
    if wrong:
        raise Refused(wrong)
    return found


def _day(field: str) -> date | None:
    return day(request.form.get(field, ""), field)


def _op_key(error: ShopError | None) -> str:
    """The key of the form: the same as long as what it was sent with was not carried out."""
    sent = request.form.get("op_key", "")
    kept = sent and error is not None and isinstance(error, Invalid) and error.field != "op_key"
    return sent if kept else operations.new_key()


# --- the list ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RowView:
    """A transfer as the list shows it; `row_class` is `late` where goods should have come."""

    row: queries.TransferRow
    source: str
    destination: str
    status_name: str
    kind: str
    row_class: str

    def __getattr__(self, name: str) -> Any:
        return getattr(self.row, name)


def _row_view(row: queries.TransferRow, names: Mapping[int, str]) -> RowView:
    late = row.status in UNDER_WAY and row.due_on is not None and row.due_on < clock.today()
    ended = row.status in (S.CLOSED, S.REFUSED, S.CANCELLED)
    return RowView(
        row,
        names.get(row.from_point_id, ""),
        names.get(row.to_point_id, ""),
        gettext(STATUS_NAMES[row.status]),
        STATUS_KINDS[row.status],
        "late" if late else "off" if ended else "",
    )


def _table(mine: list[int] | None) -> tables.Table:
    def choices() -> list[tuple[str, str]]:
        return [(str(p.id), p.name) for p in points.all_points()]

    return tables.Table(
        name="chuyen-hang",
        columns=(
            tables.Column("reference", N_("Mã phiếu"), sort=(Transfer.reference,)),
            tables.Column("status", N_("Trạng thái"), sort=(Transfer.status,), value="status_name"),
            tables.Column("source", N_("Từ điểm")),
            tables.Column("destination", N_("Đến điểm")),
            tables.Column("lines", N_("Dòng"), "num", on_page=False),
            tables.Column("units", N_("Số lượng"), "num"),
            tables.Column("on_road", N_("Trên đường"), "num"),
            tables.Column("lost", N_("Hỏng, thiếu"), "num", on_page=False),
            tables.Column("due_on", N_("Phải đến"), sort=(Transfer.due_on,)),
            tables.Column("asked_at", N_("Yêu cầu lúc"), sort=(Transfer.id,)),
            tables.Column("updated_at", N_("Thay đổi lúc"), sort=(Transfer.updated_at,), on_page=False),
        ),
        order="-asked_at",
        tie=Transfer.id,
        filters=(
            tables.Filter("state", N_("Trạng thái"), queries.in_state, STATES),
            tables.Filter("from", N_("Từ điểm"), lambda v: Transfer.from_point_id == int(v), choices),
            tables.Filter("to", N_("Đến điểm"), lambda v: Transfer.to_point_id == int(v), choices),
        ),
        search=queries.matching,
    )


@bp.get("/transfers")
@guards.requires(P.TRANSFER_HANDLE)
def index() -> Any:
    """The transfers that touch a point of the reader's."""
    return _index_page()


def _index_page(code: str = "", error: str = "") -> Any:
    mine = _mine()
    names = {p.id: p.name for p in points.all_points()}
    view = _table(mine).open(
        request.args, HERE, queries.rows(mine), make=lambda row: _row_view(queries.TransferRow(*tuple(row)), names)
    )
    if view.export:
        return view.download()
    page = render_template(
        "transfers/office/index.html", here=HERE, view=view, waiting=queries.waiting(mine), code=code, code_error=error
    )
    return make_response(page, 404 if error else 200)


@bp.get("/transfers/find")
@guards.requires(P.TRANSFER_HANDLE)
def find() -> Any:
    """The transfer of a code that was typed from its note: its receiving page if the reader may receive it now."""
    raw = text.clean(request.args.get("code", ""))[:200]
    reference = queries.normal(raw)
    held = guards.scopes(P.TRANSFER_HANDLE)
    ends = queries.ends(reference) if reference else None
    if ends is None or not ("*" in held or any(f"point:{i}" in held for i in ends)):
        return _index_page(raw, gettext("Không tìm thấy phiếu chuyển nào mang mã này. Hãy xem lại mã in trên phiếu."))
    return redirect(web.path(f"{HERE}/{reference}{'/receive' if _may_receive(reference) else ''}"))


def _may_receive(reference: str) -> bool:
    t = queries.view(reference)
    return t.status in UNDER_WAY and guards.may(P.TRANSFER_HANDLE, t.destination.scope)


# --- asking ------------------------------------------------------------------------------------------------------


@bp.get("/transfers/new")
@guards.requires(P.TRANSFER_HANDLE)
def new() -> Any:
    """The form for asking: points, goods found by name, how many of each."""
    return _new_page()


@dataclass(frozen=True, slots=True)
class GoodsRow:
    """A pack in the form; `there` and `here` are the units at both points, None where the reader may not know."""

    pack: queries.Pack
    field: str
    typed: str
    there: int | None
    here: int | None


def _typed_lines() -> dict[int, str]:
    found: dict[int, str] = {}
    for field, raw in request.values.items():
        head, _, tail = field.partition("-")
        if head == "n" and tail.isascii() and tail.isdigit() and len(tail) < 16 and raw.strip():
            found[int(tail)] = raw.strip()[:12]
    return found


def _new_page(error: ShopError | None = None) -> Any:
    values = request.values
    q = text.clean(values.get("q", "")).replace("\n", " ")[:100]
    by_key = {str(p.id): p for p in points.all_points()}
    mine, today = _mine(), clock.today()
    source, destination = by_key.get(values.get("from", "")), by_key.get(values.get("to", ""))
    if mine is not None and len(mine) == 1 and not values.get("from") and not values.get("to"):
        destination = by_key.get(str(mine[0]))
    typed = _typed_lines()
    # Goods of another room come in by the address too (`?sku=`), so that a link may name them.
    if (named := values.get("sku", "")[:80]) and (pack := stock.receivable(named)) and pack.variant_id not in typed:
        typed[pack.variant_id] = ""
    found: list[int] = []
    if q:
        found = [r.variant_id for r in stock.find_receivable(q, limit=40)]
    elif source is not None and guards.may(P.STOCK_READ, source.scope):
        found = queries.most_at(source.id)
    shown = [v for v in found if v not in typed]
    counts: dict[tuple[int, int], int] = {}
    known = [p for p in (source, destination) if p is not None and guards.may(P.STOCK_READ, p.scope)]
    if known:
        counts = queries.sendable([*typed, *shown], [p.id for p in known])

    def rows(ids: list[int]) -> list[GoodsRow]:
        def at(point: points.PointView | None, variant_id: int) -> int | None:
            return counts.get((point.id, variant_id), 0) if point is not None and point in known else None

        return [
            GoodsRow(
                pack,
                f"n-{pack.variant_id}",
                typed.get(pack.variant_id, ""),
                at(source, pack.variant_id),
                at(destination, pack.variant_id),
            )
            for pack in queries.packs(ids)
        ]

    page = render_template(
        "transfers/office/new.html",
        here=HERE,
        q=q,
        sources=[(str(p.id), p.name) for p in points.all_points()],
        destinations=[(str(p.id), p.name) for p in points.all_points() if p.closed_on is None or p.closed_on > today],
        source=source,
        sees_source=source is not None and guards.may(P.STOCK_READ, source.scope),
        destination=destination,
        chosen=rows(list(typed)),
        found=rows(shown),
        note=values.get("note", "")[:500],
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=_op_key(error),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/transfers/new")
@guards.requires(P.TRANSFER_HANDLE)
def ask() -> Any:
    """Ask for goods, or look for more of them (`do=find`), what was chosen kept."""
    if request.form.get("do") == "find":
        return _new_page()
    try:
        ends = [_point("from"), _point("to")]
        mine = _mine()
        if mine is not None and not set(ends) & set(mine):
            raise Invalid(N_("Một trong hai điểm phải là điểm bạn giữ."), field="to")
        reference = transfers.ask(
            guards.actor(), ends[0], ends[1], _numbers("n"), request.form.get("op_key", ""), note=_line("note") or None
        )
    except ShopError as error:
        return _new_page(error)
    flash(gettext("Đã gửi yêu cầu chuyển hàng %(r)s.", r=reference), "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)


def _point(field: str) -> int:
    raw = request.form.get(field, "")
    found = next((p.id for p in points.all_points() if str(p.id) == raw), None)
    if found is None:
        title = N_("Hãy chọn điểm gửi hàng.") if field == "from" else N_("Hãy chọn điểm đến.")
        raise Invalid(title, field=field)
    return found


# --- one transfer ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StepView:
    """A step as `badges.timeline` shows it."""

    title: str
    at: str
    note: str
    state: str


def _barred(lot: Any) -> bool:
    """Whether nothing of this lot may leave: called back, or past its date."""
    return lot.stopped or (lot.expires_on is not None and lot.expires_on < clock.today())


def _steps(t: queries.TransferView) -> list[StepView]:
    from shop.kernel.dates import instant

    found = []
    for step in t.steps:
        to = TransferStatus(step.to_status)
        title = UNPACKED if (step.from_status, to) == (S.PACKED, S.APPROVED) else STEP_NAMES[to]
        note = " · ".join(part for part in (gettext(step.actor_label), step.reason) if part)
        bad = to in (S.REFUSED, S.CANCELLED)
        found.append(StepView(gettext(title), instant(step.at), note, "bad" if bad else "done"))
    return found


def owner_name(owner: str, names: Mapping[str, str]) -> str:
    """Whose goods these are, for people."""
    return gettext("Cửa hàng") if owner == SHOP else names.get(owner, owner)


@bp.get("/transfers/<reference>")
@guards.requires(P.TRANSFER_HANDLE, scope=of_either, name="either point")
def transfer(reference: str) -> Any:
    """One transfer: goods with their lots, what is on the road, history, and the next step."""
    return _page(reference)


def _page(reference: str, error: ShopError | None = None, form: str = "") -> Any:
    """The page of one transfer; `form` is the one that was sent and refused."""
    t = queries.view(reference)
    names = stock.owner_names()
    may_source = guards.may(P.TRANSFER_HANDLE, t.source.scope)
    may_destination = guards.may(P.TRANSFER_HANDLE, t.destination.scope)
    may_approve = t.status is S.ASKED and guards.may(P.TRANSFER_APPROVE, t.source.scope)
    free: dict[tuple[int, int], int] = {}
    if may_approve or (t.status is S.APPROVED and may_source):
        free = queries.sendable([line.variant_id for line in t.lines], [t.source.id])
    page = render_template(
        "transfers/office/transfer.html",
        here=HERE,
        t=t,
        address=web.path(f"{HERE}/{reference}"),
        status=gettext(STATUS_NAMES[t.status]),
        kind=STATUS_KINDS[t.status],
        steps=_steps(t),
        owner=lambda owner: owner_name(owner, names),
        free={line.variant_id: free.get((t.source.id, line.variant_id), 0) for line in t.lines}
        if free or may_approve
        else {},
        may_approve=may_approve,
        may_pack=t.status is S.APPROVED and may_source,
        may_send=t.status is S.PACKED and may_source,
        barred=sorted({lot.lot or "–" for line in t.lines for lot in line.lots if _barred(lot)})
        if t.status is S.PACKED
        else [],
        may_receive=t.status in UNDER_WAY and may_destination,
        may_cancel=t.status in WAITING and (may_source or may_destination),
        has_note=t.status in (S.PACKED, *UNDER_WAY, S.CLOSED),
        form=form,
        v=request.form if error else {},
        # Several forms of the page ask for a reason; what is wrong stands at the one that was sent.
        errors={f"{form}-{field}" if field == "reason" else field: told for field, told in messages(error).items()},
        error_code=error.code if error else None,
        op_key=_op_key(error),
        today=clock.today(),
    )
    return make_response(page, error.status if error else 200)


def _attempt(reference: str, form: str, command: Callable[[], Any], done: str) -> Any:
    """Run a step and go back to the transfer; a refusal is shown there."""
    try:
        command()
    except NotFound:
        raise
    except ShopError as error:
        return _page(reference, error, form)
    flash(done, "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)


def _key() -> str:
    return request.form.get("op_key", "")


@bp.post("/transfers/<reference>/approve")
@guards.requires(P.TRANSFER_APPROVE, scope=of_source, name="the source")
def approve(reference: str) -> Any:
    """Say yes, to all or to less."""
    return _attempt(
        reference,
        "approve",
        lambda: transfers.approve(guards.actor(), reference, _numbers("line"), _key(), reason=_line("reason") or None),
        gettext("Đã duyệt. Điểm gửi có thể đóng gói."),
    )


@bp.post("/transfers/<reference>/refuse")
@guards.requires(P.TRANSFER_APPROVE, scope=of_source, name="the source")
def refuse(reference: str) -> Any:
    """Say no, with a reason."""
    return _attempt(
        reference,
        "refuse",
        lambda: transfers.refuse(guards.actor(), reference, _line("reason"), _key()),
        gettext("Đã ghi là không duyệt."),
    )


@bp.post("/transfers/<reference>/cancel")
@guards.requires(P.TRANSFER_HANDLE, scope=of_either, name="either point")
def cancel(reference: str) -> Any:
    """Give it up before the goods leave."""
    return _attempt(
        reference,
        "cancel",
        lambda: transfers.cancel(guards.actor(), reference, _line("reason"), _key()),
        gettext("Đã hủy phiếu chuyển."),
    )


@bp.post("/transfers/<reference>/unpack")
@guards.requires(P.TRANSFER_HANDLE, scope=of_source, name="the source")
def unpack(reference: str) -> Any:
    """Free what was packed."""
    return _attempt(
        reference,
        "unpack",
        lambda: transfers.unpack(guards.actor(), reference, _line("reason"), _key()),
        gettext("Đã mở gói; hàng được trả về kệ. Hãy đóng gói lại."),
    )


@bp.post("/transfers/<reference>/dispatch")
@guards.requires(P.TRANSFER_HANDLE, scope=of_source, name="the source")
def dispatch(reference: str) -> Any:
    """Let the goods leave."""
    return _attempt(
        reference,
        "dispatch",
        lambda: transfers.dispatch(guards.actor(), reference, _key(), due_on=_day("due_on")),
        gettext("Hàng đã lên đường."),
    )


@bp.post("/transfers/<reference>/close")
@guards.requires(P.TRANSFER_HANDLE, scope=of_destination, name="the destination")
def close(reference: str) -> Any:
    """End it: what has not come is missing."""
    return _attempt(
        reference,
        "close",
        lambda: transfers.close(guards.actor(), reference, _line("reason"), _number(_line("seen"), "seen"), _key()),
        gettext("Đã đóng phiếu; số chưa về được ghi là thiếu."),
    )


# --- packing -----------------------------------------------------------------------------------------------------


@bp.get("/transfers/<reference>/pack")
@guards.requires(P.TRANSFER_HANDLE, scope=of_source, name="the source")
def pack_form(reference: str) -> Any:
    """Which lots go, first expiring first unless somebody changes it."""
    return _pack_page(reference)


def _pack_page(reference: str, error: ShopError | None = None) -> Any:
    t = queries.view(reference)
    if t.status is not S.APPROVED:
        return _page(reference, error) if error else redirect(web.path(f"{HERE}/{reference}"))
    wanted = {line.variant_id: line.approved or 0 for line in t.lines if line.approved}
    names = stock.owner_names()
    typed = [int(f.removeprefix("pick-")) for f in request.form if re.fullmatch(r"pick-[0-9]{1,15}", f)]
    lots = queries.packable(t.source.id, wanted, typed[: rules.MOST_LOTS])
    there = {v: sum(x.free for x in found if not x.barred) for v, found in lots.items()}
    page = render_template(
        "transfers/office/pack.html",
        here=HERE,
        t=t,
        address=web.path(f"{HERE}/{reference}"),
        lines=[
            (line, lots.get(line.variant_id, []), max(0, wanted[line.variant_id] - there.get(line.variant_id, 0)))
            for line in t.lines
            if line.variant_id in wanted
        ],
        owner=lambda owner: owner_name(owner, names),
        v=request.form if error else {},
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=_op_key(error),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/transfers/<reference>/pack")
@guards.requires(P.TRANSFER_HANDLE, scope=of_source, name="the source")
def pack(reference: str) -> Any:
    """Claim the chosen lots."""
    try:
        transfers.pack(guards.actor(), reference, _numbers("pick"), _key(), reason=_line("reason") or None)
    except NotFound:
        raise
    except ShopError as error:
        return _pack_page(reference, error)
    flash(gettext("Đã đóng gói; hàng được giữ riêng cho phiếu này. In phiếu kèm theo thùng rồi gửi đi."), "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)


# --- receiving ---------------------------------------------------------------------------------------------------


@bp.get("/transfers/<reference>/receive")
@guards.requires(P.TRANSFER_HANDLE, scope=of_destination, name="the destination")
def receive_form(reference: str) -> Any:
    """What should be in the boxes, to be counted on a phone; the note's QR code leads here."""
    return _receive_page(reference)


def _receive_page(reference: str, error: ShopError | None = None) -> Any:
    t = queries.view(reference)
    if t.status not in UNDER_WAY:
        if error is None:
            flash(_why_not(t), "warn")
            return redirect(web.path(f"{HERE}/{reference}"))
        return _page(reference, error)
    names = stock.owner_names()
    # A page that somebody else has overtaken starts anew from what is left.
    kept = error is not None and isinstance(error, Invalid)
    page = render_template(
        "transfers/office/receive.html",
        here=HERE,
        t=t,
        address=web.path(f"{HERE}/{reference}"),
        lines=[(line, lot) for line in t.lines for lot in line.lots if lot.on_road],
        owner=lambda owner: owner_name(owner, names),
        v=request.form if kept else {},
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=_op_key(error),
    )
    return make_response(page, error.status if error else 200)


def _why_not(t: queries.TransferView) -> str:
    if t.status is S.CLOSED:
        return gettext("Phiếu này đã được nhận xong.")
    if t.status in WAITING:
        return gettext("Hàng của phiếu này chưa rời điểm gửi nên chưa nhận được.")
    return gettext("Phiếu này đã dừng, không có hàng để nhận.")


@bp.post("/transfers/<reference>/receive")
@guards.requires(P.TRANSFER_HANDLE, scope=of_destination, name="the destination")
def receive(reference: str) -> Any:
    """Count a part in."""
    try:
        good, damaged, missing = _numbers("good"), _numbers("damaged"), _numbers("missing")
        counts = [
            Count(i, good.get(i, 0), damaged.get(i, 0), missing.get(i, 0), _line(f"why-{i}"))
            for i in sorted({*good, *damaged, *missing})
        ]
        left = transfers.receive(guards.actor(), reference, counts, _number(_line("seen"), "seen"), _key())
    except NotFound:
        raise
    except ShopError as error:
        return _receive_page(reference, error)
    if left:
        told = ngettext("Đã nhận. Còn %(num)s đơn vị trên đường.", "Đã nhận. Còn %(num)s đơn vị trên đường.", left)
        flash(told, "ok")
    else:
        flash(gettext("Đã nhận đủ, phiếu chuyển đã xong."), "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)
