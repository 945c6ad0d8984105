"""Deliveries of producers for staff: what is expected, receiving on a phone, with the supplier's paper."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.kernel import clock, operations, text, web
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.kernel.forms import day, messages
from shop.kernel.money import parse_vnd
from shop.kernel.storage import storage
from shop.points import queries as points
from shop.receipts import queries
from shop.receipts import services as receipts
from shop.receipts.errors import MoreThanExpected
from shop.receipts.models import DELIVERY_STATE_NAMES, TERMS_NAMES, Terms
from shop.stock import queries as stock

bp = Blueprint("receipts", __name__)
HERE = "/office/receipts"
P = Permission
STATE_KINDS = {"expected": "info", "partly": "warn", "received": "ok", "cancelled": ""}


def of_delivery(reference: str, **_: Any) -> str | None:
    """The scope of the point that a delivery goes to."""
    found = queries.point_of(reference)
    return None if found is None else f"point:{found}"


def _my_points() -> tuple[points.PointView, ...]:
    return points.within(points.open_points(), guards.scopes(P.RECEIPT_BOOK))


def _kept(error: ShopError | None) -> bool:
    return (
        error is not None and error.field != "op_key" and (error.status == 422 or isinstance(error, MoreThanExpected))
    )


def _number(raw: str, field: str) -> int:
    if not raw.strip():
        return 0
    found = text.whole(raw)
    if found is None or found > 9_999_999:
        raise Invalid(N_("Số lượng phải là số nguyên, từ 0."), field=field)
    return found


def _amount(raw: str, field: str) -> int | None:
    """A cost as people type it; nobody without the right to prices sends one."""
    if not raw.strip():
        return None
    try:
        return parse_vnd(raw)
    except ValueError as error:
        raise Invalid(N_("Giá nhập chưa đúng."), field=field) from error


@bp.get("/receipts")
@guards.requires(P.RECEIPT_BOOK)
def index() -> Any:
    """The deliveries to the reader's points."""
    view = queries.deliveries(request.args, points.ids_in(guards.scopes(P.RECEIPT_BOOK)))
    if view.export:
        return view.download()
    return render_template(
        "receipts/office/index.html",
        here=HERE,
        view=view,
        terms=TERMS_NAMES,
        states=DELIVERY_STATE_NAMES,
        state_kinds=STATE_KINDS,
    )


@bp.get("/receipts/new")
@guards.requires(P.RECEIPT_BOOK)
def new() -> Any:
    """What is expected, or came unannounced: `producer` and `point` choose whose packs the form lists; `q`, `never` and
    `sku` find whose they are."""
    return _new_page()


MOST_SKUS = 20  # of goods without a known maker on one form


def _skus() -> list[str]:
    return [sku[:80] for sku in request.values.getlist("sku") if sku.strip()][:MOST_SKUS]


def _choose(found: stock.Receivable, skus: list[str], producer: str) -> str:
    """Where choosing goods leads: to their maker's form; goods without one join the form that is open."""
    chosen: dict[str, Any] = {"sku": found.sku, "point": request.values.get("point", "")}
    if found.producer_id is None:
        chosen |= {"sku": [*skus, found.sku], "producer": producer}
    return f"{web.path(f'{HERE}/new')}?{urlencode({k: v for k, v in chosen.items() if v}, doseq=True)}"


def _new_page(error: ShopError | None = None) -> Any:
    values = request.values
    slug = values.get("producer", "")
    skus = _skus()
    if not slug and skus and (pack := stock.receivable(skus[0])) and pack.producer_id:
        slug = queries.slug_of(pack.producer_id) or ""
    producer_id = queries.producer_id(slug) if slug else None
    mine = _my_points()
    packs = queries.packs_of(producer_id, and_also=skus) if producer_id else []
    # What one came for stands first.
    packs.sort(key=lambda pack: pack.sku not in skus)
    q = text.clean(request.args.get("q", "")).replace("\n", " ")[:100]
    never = request.args.get("never") == "1"
    page = render_template(
        "receipts/office/new.html",
        here=HERE,
        producers=queries.producers(),
        producer=slug if producer_id else "",
        points=[(p.slug, p.name) for p in mine],
        packs=packs,
        skus=skus,
        q=q,
        never=never,
        found=[(f, _choose(f, skus, slug)) for f in stock.find_receivable(q, never=never)] if q or never else [],
        terms=[(t.value, gettext(label)) for t, label in TERMS_NAMES.items()],
        may_price=guards.may(P.RECEIPT_PRICE),
        today=clock.today(),
        v=values,
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=values.get("op_key") if _kept(error) else operations.new_key(),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/receipts/new")
@guards.requires(P.RECEIPT_BOOK)
def create() -> Any:
    """Write down what a producer will bring."""
    try:
        producer_id = queries.producer_id(request.form.get("producer", ""))
        if producer_id is None:
            raise Invalid(N_("Hãy chọn cơ sở sản xuất."), field="producer")
        point = next((p for p in _my_points() if p.slug == request.form.get("point")), None)
        if point is None:
            raise Invalid(N_("Hãy chọn điểm nhập hàng."), field="point")
        terms = request.form.get("terms", "")
        if terms not in set(Terms):
            raise Invalid(N_("Hãy chọn mua đứt hay ký gửi."), field="terms")
        expected_on = day(request.form.get("expected_on", ""), "expected_on")
        if expected_on is None:
            raise Invalid(N_("Hãy ghi ngày hẹn giao."), field="expected_on")
        may_price = guards.may(P.RECEIPT_PRICE, point.scope)
        wanted = {}
        for pack in queries.packs_of(producer_id, and_also=_skus()):
            field = f"quantity-{pack.variant_id}"
            if quantity := _number(request.form.get(field, ""), field):
                cost = f"cost-{pack.variant_id}"
                wanted[pack.variant_id] = receipts.Wanted(
                    quantity, _amount(request.form.get(cost, ""), cost) if may_price else None
                )
        reference = receipts.expect(
            guards.actor(),
            producer_id,
            point.id,
            Terms(terms),
            expected_on,
            wanted,
            note=request.form.get("note", ""),
            op_key=request.form.get("op_key", ""),
        )
    except NotFound:
        raise
    except ShopError as error:
        return _new_page(error)
    flash(gettext("Đã ghi phiếu hẹn giao %(r)s.", r=reference), "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)


@bp.get("/receipts/<reference>")
@guards.requires(P.RECEIPT_BOOK, scope=of_delivery)
def delivery(reference: str) -> Any:
    """A delivery: what is expected, what came, and the form to receive more."""
    return _page(reference)


def _page(reference: str, error: ShopError | None = None) -> Any:
    row, view = queries.delivery(reference)
    scope = f"point:{row.point_id}"
    came = queries.arrivals(row.id)
    left = queries.departures(row.id)
    page = render_template(
        "receipts/office/delivery.html",
        here=HERE,
        d=row,
        view=view,
        lines=queries.lines(row.id),
        came=came,
        left=left,
        # What the producer said last of a line stands in its fields: the keeper compares it with the label.
        said={one.line_id: one for one in reversed(left)} if error is None else {},
        moved=queries.days_moved(row.id),
        owed=receipts.owed(came),
        open=row.state in queries.OPEN,
        terms=TERMS_NAMES,
        states=DELIVERY_STATE_NAMES,
        state_kinds=STATE_KINDS,
        may_price=guards.may(P.RECEIPT_PRICE, scope),
        v=request.form if error is not None else {},
        errors=messages(error),
        error_code=error.code if error else None,
        too_many=isinstance(error, MoreThanExpected),
        op_key=request.form.get("op_key") if _kept(error) else operations.new_key(),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/receipts/<reference>/receive")
@guards.requires(P.RECEIPT_BOOK, scope=of_delivery)
def receive(reference: str) -> Any:
    """Book what came."""
    try:
        row, _view = queries.delivery(reference)
        may_price = guards.may(P.RECEIPT_PRICE, f"point:{row.point_id}")
        came = {line.line_id: _came(line.line_id, may_price) for line in queries.lines(row.id)}
        upload = request.files.get("paper")
        receipts.receive(
            guards.actor(),
            reference,
            came,
            paper_number=request.form.get("paper_number", ""),
            paper=upload.read() if upload and upload.filename else None,
            note=request.form.get("note", ""),
            more_is_right=request.form.get("more") == "1",
            op_key=request.form.get("op_key", ""),
        )
    except NotFound:
        raise
    except ShopError as error:
        return _page(reference, error)
    flash(gettext("Đã nhập hàng vào kho."), "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)


def _came(line: int, may_price: bool) -> receipts.Came:
    form = request.form
    quantity, refused = f"quantity-{line}", f"refused-{line}"
    made, best = f"produced_on-{line}", f"expires_on-{line}"
    return receipts.Came(
        quantity=_number(form.get(quantity, ""), quantity),
        refused=_number(form.get(refused, ""), refused),
        reason=form.get(f"reason-{line}", ""),
        lot_code=form.get(f"lot-{line}", ""),
        produced_on=day(form.get(made, ""), made),
        expires_on=day(form.get(best, ""), best),
        unit_cost_amount=_amount(form.get(f"cost-{line}", ""), f"cost-{line}") if may_price else None,
    )


@bp.post("/receipts/<reference>/finish")
@guards.requires(P.RECEIPT_BOOK, scope=of_delivery)
def finish(reference: str) -> Any:
    """No more will come."""
    try:
        receipts.finish(guards.actor(), reference, request.form.get("note", ""))
    except NotFound:
        raise
    except ShopError as error:
        return _page(reference, error)
    flash(gettext("Đã kết thúc phiếu giao hàng."), "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)


@bp.get("/receipts/<reference>/paper/<int:receipt_id>")
@guards.requires(P.RECEIPT_BOOK, scope=of_delivery)
def paper(reference: str, receipt_id: int) -> Response:
    """The supplier's paper; private."""
    key = queries.paper_key(reference, receipt_id)
    pdf = key.endswith(".pdf")
    answer = Response(storage().get(key), mimetype="application/pdf" if pdf else "image/jpeg")
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    if pdf:
        answer.headers["Content-Disposition"] = f'attachment; filename="{reference}-{receipt_id}.pdf"'
    return answer
