"""Counts and write-offs for staff: filled in on a phone, blind, approved by a second person beyond the limit."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.counts import queries, rules
from shop.counts import services as counts
from shop.counts.models import (
    COUNT_KIND_NAMES,
    COUNT_STATE_NAMES,
    WRITE_OFF_REASON_NAMES,
    WRITE_OFF_STATE_NAMES,
    CountKind,
    CountState,
    WriteOffReason,
    WriteOffState,
)
from shop.kernel import operations, text, web
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.kernel.forms import messages
from shop.kernel.storage import storage
from shop.points import queries as points
from shop.stock import queries as stock

bp = Blueprint("counts", __name__)
HERE, OFFS = "/office/counts", "/office/write-offs"
P = Permission
STATE_KINDS = {"open": "info", "submitted": "warn", "done": "ok", "cancelled": ""}
OFF_KINDS = {"asked": "warn", "booked": "ok", "refused": "bad"}
PAGE_LINES = 60


def of_count(reference: str, **_: Any) -> str | None:
    """The scope of the point that a count is of."""
    found = queries.point_of(reference)
    return None if found is None else f"point:{found}"


def of_write_off(reference: str, **_: Any) -> str | None:
    """The scope of the point that a write-off is at."""
    found = queries.write_off_point(reference)
    return None if found is None else f"point:{found}"


def _my_points(permission: Permission) -> tuple[points.PointView, ...]:
    return points.within(points.open_points(), guards.scopes(permission))


def _point(permission: Permission, raw: str) -> points.PointView:
    """The point that the form names, if the reader has the right there.

    Raises:
        Invalid.
    """
    found = next((p for p in _my_points(permission) if p.slug == raw), None)
    if found is None:
        raise Invalid(N_("Hãy chọn điểm bán."), field="point")
    return found


def _kept(error: ShopError | None) -> bool:
    return error is not None and error.code == Invalid.code and error.field != "op_key"


# --- counts ------------------------------------------------------------------------------------------------------


@bp.get("/counts")
@guards.requires(P.COUNT_DO)
def index() -> Any:
    """The counts of the points that the reader may count, newest first."""
    mine = points.ids_in(guards.scopes(P.COUNT_DO))
    view = queries.counts(request.args, mine)
    if view.export:
        return view.download()
    names = {p.id: p for p in points.all_points()}
    return render_template(
        "counts/office/index.html",
        here=HERE,
        view=view,
        kinds=COUNT_KIND_NAMES,
        states=COUNT_STATE_NAMES,
        state_kinds=STATE_KINDS,
        due=[names[i] for i in queries.due(mine) if i in names],
        every=rules.EVERY_DAYS.get(),
    )


@bp.get("/counts/new")
@guards.requires(P.COUNT_DO)
def new() -> Any:
    """Choose what to count: a whole point, or some goods of it (`point`, `q` look for them)."""
    return _new_page()


def _new_page(error: ShopError | None = None) -> Any:
    values = request.values
    mine = _my_points(P.COUNT_DO)
    chosen = next((p for p in mine if p.slug == values.get("point")), mine[0] if len(mine) == 1 else None)
    q = text.clean(values.get("q", "")).replace("\n", " ")[:100]
    page = render_template(
        "counts/office/new.html",
        here=HERE,
        points=[(p.slug, p.name) for p in mine],
        chosen=chosen,
        q=q,
        levels=queries.levels_at(chosen.id, q, limit=200) if chosen else [],
        picked=set(request.form.getlist("levels")),
        owners=stock.owner_names(),
        v=values,
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=values.get("op_key") if _kept(error) else operations.new_key(),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/counts/new")
@guards.requires(P.COUNT_DO)
def create() -> Any:
    """Begin a count."""
    try:
        point = _point(P.COUNT_DO, request.form.get("point", ""))
        kind = CountKind.SHELF if request.form.get("kind") == "shelf" else CountKind.FULL
        ids = [int(raw) for raw in request.form.getlist("levels") if raw.isascii() and raw.isdigit() and len(raw) < 16]
        if kind is CountKind.SHELF and not ids:
            raise Invalid(N_("Hãy chọn hàng sẽ đếm."), field="levels")
        reference = counts.open_count(
            guards.actor(),
            point.id,
            kind,
            level_ids=ids if kind is CountKind.SHELF else (),
            shelf=request.form.get("shelf", ""),
            op_key=request.form.get("op_key", ""),
        )
    except NotFound:
        raise
    except ShopError as error:
        return _new_page(error)
    return redirect(web.path(f"{HERE}/{reference}"), 303)


@bp.get("/counts/<reference>")
@guards.requires(P.COUNT_DO, scope=of_count)
def count(reference: str) -> Any:
    """The count: its lines without the books while it is open; what differs once it is handed in."""
    return _page(reference)


def _page(reference: str, error: ShopError | None = None) -> Any:
    row = queries.view(reference)
    lines = queries.lines(row.id)
    scope = f"point:{row.point_id}"
    blind = row.state is CountState.OPEN
    q = text.clean(request.values.get("q", "")).replace("\n", " ")[:100]
    shown = [line for line in lines if _matches(line, q)]
    if blind and request.values.get("left") == "1":
        shown = [line for line in shown if line.counted is None]
    if not blind:
        shown = [line for line in shown if line.difference]
    raw = request.args.get("trang", "1")
    number = max(1, int(raw)) if raw.isascii() and raw.isdigit() and len(raw) < 6 else 1
    # A line that was refused must be on the page that says so.
    if error is not None and error.field and (at := _line_at(shown, error.field)) is not None:
        number = at // PAGE_LINES + 1
    arriving, packed = queries.meanwhile(row.point_id) if blind else (0, False)
    page = render_template(
        "counts/office/open.html" if blind else "counts/office/handed.html",
        here=HERE,
        c=row,
        point=points.point(row.point_id),
        lines=shown[(number - 1) * PAGE_LINES : number * PAGE_LINES],
        total=len(lines),
        arriving=arriving,
        packed=packed,
        counted=sum(1 for line in lines if line.counted is not None),
        different=sum(1 for line in lines if line.difference),
        amount=queries.differences_amount(lines),
        needs=queries.needs_approval(lines) if not blind else False,
        limit=rules.APPROVE_OVER.get(),
        number=number,
        more=len(shown) > number * PAGE_LINES,
        q=q,
        left=request.values.get("left") == "1",
        kinds=COUNT_KIND_NAMES,
        states=COUNT_STATE_NAMES,
        state_kinds=STATE_KINDS,
        owners=stock.owner_names(),
        may_approve=guards.may(P.COUNT_APPROVE, scope),
        found=stock.find_receivable(q) if blind and q and not shown else [],
        v=request.form if error is not None else {},
        errors=messages(error),
        error_code=error.code if error else None,
    )
    return make_response(page, error.status if error else 200)


def _matches(line: queries.LineView, q: str) -> bool:
    if not q:
        return True
    raw = q.strip().lower()
    if raw in (line.sku.lower(), (line.gtin or "").lower(), line.lot.lower()):
        return True
    found = text.words(line.product)
    return all(any(word.startswith(part) for word in found) for part in text.words(q))


def _line_at(lines: list[queries.LineView], field: str) -> int | None:
    return next((n for n, line in enumerate(lines) if field.endswith(f"-{line.line_id}")), None)


def _number(raw: str, field: str) -> int:
    found = text.whole(raw)
    if found is None or found > 9_999_999:
        raise Invalid(N_("Số đếm phải là số nguyên, 0 nếu không thấy."), field=field)
    return found


def _counted() -> dict[int, counts.Counted]:
    """The numbers that the form sends; empty fields were not counted yet.

    Raises:
        Invalid.
    """
    found = {}
    for name, raw in request.form.items():
        line = name.removeprefix("counted-")
        if line != name and raw.strip() and line.isascii() and line.isdigit() and len(line) < 16:
            found[int(line)] = counts.Counted(_number(raw, name), request.form.get(f"reason-{line}", ""))
    return found


@bp.post("/counts/<reference>")
@guards.requires(P.COUNT_DO, scope=of_count)
def write(reference: str) -> Any:
    """Keep the numbers of this page; `submit` also hands the count in."""
    try:
        counts.write(guards.actor(), reference, _counted())
        if "submit" in request.form:
            done = counts.submit(guards.actor(), reference)
            flash(
                gettext("Đã ghi sổ kết quả kiểm kê.")
                if done
                else gettext("Đã nộp phiếu, chờ người khác duyệt chênh lệch."),
                "ok",
            )
            return redirect(web.path(f"{HERE}/{reference}"), 303)
    except NotFound:
        raise
    except ShopError as error:
        return _page(reference, error)
    flash(gettext("Đã lưu số đếm."), "ok")
    after = "&left=1" if request.form.get("left") == "1" else ""
    following = request.form.get("trang", "1")
    return redirect(f"{web.path(f'{HERE}/{reference}')}?trang={following if following.isdigit() else 1}{after}", 303)


@bp.post("/counts/<reference>/found")
@guards.requires(P.COUNT_DO, scope=of_count)
def found(reference: str) -> Any:
    """Goods on the shelf that the books do not know here."""
    try:
        pack = stock.receivable(request.form.get("sku", "")[:80])
        if pack is None:
            raise Invalid(N_("Không có quy cách nào mang SKU hoặc mã vạch này."), field="sku")
        owner = f"producer:{pack.producer_id}" if request.form.get("consigned") and pack.producer_id else "shop"
        counts.add_found(guards.actor(), reference, pack.variant_id, request.form.get("lot", ""), owner)
    except NotFound:
        raise
    except ShopError as error:
        return _page(reference, error)
    return redirect(f"{web.path(f'{HERE}/{reference}')}?q={pack.sku}", 303)


def _step(reference: str, act: Any, said: str) -> Any:
    try:
        act()
    except NotFound:
        raise
    except ShopError as error:
        return _page(reference, error)
    flash(said, "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)


@bp.post("/counts/<reference>/approve")
@guards.requires(P.COUNT_APPROVE, scope=of_count)
def approve(reference: str) -> Any:
    """Book the differences."""
    try:
        whole = counts.approve(guards.actor(), reference)
    except NotFound:
        raise
    except ShopError as error:
        return _page(reference, error)
    if whole:
        flash(gettext("Đã ghi sổ kết quả kiểm kê."), "ok")
    else:
        flash(
            gettext("Có dòng chưa ghi sổ được vì hàng đang được giữ cho đơn. Hãy xử lý các đơn đó rồi duyệt lại."),
            "bad",
        )
    return redirect(web.path(f"{HERE}/{reference}"), 303)


@bp.post("/counts/<reference>/reopen")
@guards.requires(P.COUNT_APPROVE, scope=of_count)
def reopen(reference: str) -> Any:
    """Send it back to be counted again."""
    note = request.form.get("note", "")
    return _step(reference, lambda: counts.reopen(guards.actor(), reference, note), gettext("Đã trả phiếu để đếm lại."))


@bp.post("/counts/<reference>/cancel")
@guards.requires(P.COUNT_DO, scope=of_count)
def cancel(reference: str) -> Any:
    """Give it up."""
    note = request.form.get("note", "")
    return _step(reference, lambda: counts.cancel(guards.actor(), reference, note), gettext("Đã hủy phiếu kiểm kê."))


# --- write-offs --------------------------------------------------------------------------------------------------


@bp.get("/write-offs")
@guards.requires(P.COUNT_DO)
def write_offs() -> Any:
    """The write-offs at the reader's points."""
    view = queries.write_offs(request.args, points.ids_in(guards.scopes(P.COUNT_DO)))
    if view.export:
        return view.download()
    return render_template(
        "counts/office/write_offs.html",
        here=OFFS,
        view=view,
        whys=WRITE_OFF_REASON_NAMES,
        states=WRITE_OFF_STATE_NAMES,
        state_kinds=OFF_KINDS,
    )


@bp.get("/write-offs/new")
@guards.requires(P.COUNT_DO)
def write_off_form() -> Any:
    """The form: `point` and `q` look for the goods, `level` chooses them."""
    return _write_off_page()


def _write_off_page(error: ShopError | None = None) -> Any:
    values = request.values
    mine = _my_points(P.COUNT_DO)
    raw = values.get("level", "")
    level = stock.level_row(int(raw)) if raw.isascii() and raw.isdigit() and len(raw) < 16 else None
    if level is not None and all(p.id != level.point_id for p in mine):
        raise NotFound
    here = level.point_id if level else None
    chosen = next(
        (p for p in mine if p.id == here or p.slug == values.get("point")), mine[0] if len(mine) == 1 else None
    )
    q = text.clean(values.get("q", "")).replace("\n", " ")[:100]
    page = render_template(
        "counts/office/write_off_new.html",
        here=OFFS,
        points=[(p.slug, p.name) for p in mine],
        chosen=chosen,
        level=level,
        q=q,
        levels=queries.levels_at(chosen.id, q, limit=40) if chosen and level is None else [],
        owners=stock.owner_names(),
        whys=[(w.value, gettext(label)) for w, label in WRITE_OFF_REASON_NAMES.items()],
        limit=rules.APPROVE_OVER.get(),
        v=values,
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=values.get("op_key") if _kept(error) else operations.new_key(),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/write-offs/new")
@guards.requires(P.COUNT_DO)
def write_off() -> Any:
    """Write goods off, or ask for it."""
    raw = request.form.get("level", "")
    level = stock.level_row(int(raw)) if raw.isascii() and raw.isdigit() and len(raw) < 16 else None
    if level is None or all(p.id != level.point_id for p in _my_points(P.COUNT_DO)):
        raise NotFound
    try:
        why = request.form.get("why", "")
        if why not in set(WriteOffReason):
            raise Invalid(N_("Hãy chọn lý do."), field="why")
        upload = request.files.get("photo")
        reference = counts.write_off(
            guards.actor(),
            level.level_id,
            _number(request.form.get("quantity", ""), "quantity"),
            WriteOffReason(why),
            note=request.form.get("note", ""),
            photo=upload.read() if upload and upload.filename else None,
            may_approve=guards.may(P.COUNT_APPROVE, f"point:{level.point_id}"),
            op_key=request.form.get("op_key", ""),
        )
    except NotFound:
        raise
    except ShopError as error:
        return _write_off_page(error)
    booked = queries.write_off(reference).state is WriteOffState.BOOKED
    flash(gettext("Đã hủy hàng.") if booked else gettext("Đã gửi, chờ người khác duyệt."), "ok")
    return redirect(web.path(f"{OFFS}/{reference}"), 303)


@bp.get("/write-offs/<reference>")
@guards.requires(P.COUNT_DO, scope=of_write_off)
def write_off_view(reference: str) -> Any:
    """One write-off."""
    return _write_off_one(reference)


def _write_off_one(reference: str, error: ShopError | None = None) -> Any:
    found = queries.write_off(reference)
    page = render_template(
        "counts/office/write_off.html",
        here=OFFS,
        w=found,
        whys=WRITE_OFF_REASON_NAMES,
        states=WRITE_OFF_STATE_NAMES,
        state_kinds=OFF_KINDS,
        may_decide=found.state is WriteOffState.ASKED
        and guards.may(P.COUNT_APPROVE, f"point:{found.point_id}")
        and guards.actor().key != found.asked_by,
        errors=messages(error),
        error_code=error.code if error else None,
    )
    return make_response(page, error.status if error else 200)


@bp.post("/write-offs/<reference>/decide")
@guards.requires(P.COUNT_APPROVE, scope=of_write_off)
def decide(reference: str) -> Any:
    """Agree or refuse."""
    agree = request.form.get("agree") == "1"
    try:
        counts.decide(guards.actor(), reference, agree=agree, note=request.form.get("note", ""))
    except NotFound:
        raise
    except ShopError as error:
        return _write_off_one(reference, error)
    flash(gettext("Đã hủy hàng.") if agree else gettext("Đã từ chối."), "ok")
    return redirect(web.path(f"{OFFS}/{reference}"), 303)


@bp.get("/write-offs/<reference>/photo")
@guards.requires(P.COUNT_DO, scope=of_write_off)
def photo(reference: str) -> Response:
    """The photograph; private."""
    key = queries.write_off(reference).photo_key
    if key is None:
        raise NotFound
    answer = Response(storage().get(key), mimetype="image/jpeg")
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer
