"""`/producer/listings`: a producer's goods, the editor, photographs, what was sent and what came of it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.catalog import forms as catalog_forms
from shop.catalog.errors import NoSuchProduct
from shop.catalog.models import ALLERGEN_NAMES, COLD_NAMES, Product, ProductState
from shop.catalog.pictures import AS_IT_IS, Cut
from shop.catalog.queries.office import STATE_NAMES as PRODUCT_STATES
from shop.catalog.services.codes import NET_UNITS
from shop.kernel import operations, web
from shop.kernel.errors import Conflict, Invalid, ShopError
from shop.listings import forms, queries, rules, wording
from shop.listings import services as listings
from shop.listings.errors import ChangedMeanwhile, Incomplete
from shop.listings.models import OUTCOME_NAMES, STATE_NAMES, Kind, Submission
from shop.listings.services.write import hidden_by_producer
from shop.places import queries as places
from shop.places.models import HOME_PROVINCE
from shop.producers import maker
from shop.producers import queries as producers

bp = Blueprint("listings", __name__)
HERE = "/producer/listings"
P = Permission
STATE_KINDS = {"draft": "info", "sent": "warn", "returned": "bad", "approved": "ok", "dropped": ""}
PRODUCT_KINDS = {"shown": "ok", "draft": "info", "hidden": ""}


def of_product(slug: str, **_: Any) -> str | None:
    """The scope of the producer whose product an address names."""
    row = queries.by_slug(slug)
    return f"producer:{row.producer_id}" if row is not None and row.producer_id is not None else None


def _product(slug: str) -> Product:
    row = queries.by_slug(slug)
    if row is None or row.producer_id is None:
        raise NoSuchProduct
    return row


def _owner(row: Product) -> int:
    if row.producer_id is None:
        raise NoSuchProduct
    return row.producer_id


def _back(slug: str, part: str = "") -> Any:
    return redirect(web.path(f"{HERE}/{slug}") + part, 303)


def _open(row: Product) -> Submission:
    found = queries.open_submission(row.id)
    if found is None:
        raise Conflict
    return found


@bp.get("/listings")
@guards.requires(P.LISTING_EDIT)
def index() -> Any:
    """The packs of the producer one works for."""
    view = queries.mine(request.args, maker.current(P.LISTING_EDIT).id)
    if view.export:
        return view.download()
    return render_template(
        "listings/portal/index.html", here=HERE, view=view, product_states=PRODUCT_STATES, product_kinds=PRODUCT_KINDS,
        states=STATE_NAMES, state_kinds=STATE_KINDS, suspended=producers.suspended_why(maker.current(P.LISTING_EDIT).id),
    )  # fmt: skip


# --- the editor --------------------------------------------------------------------------------------------------


def _choices(v: dict[str, Any]) -> dict[str, Any]:
    chosen = str(v.get("set_id") or "")
    return {
        "sets": queries.set_groups(int(chosen) if chosen.isascii() and chosen.isdigit() and len(chosen) < 12 else None),
        "communes": places.commune_choices(HOME_PROVINCE),
        "colds": [(c.value, gettext(label)) for c, label in COLD_NAMES.items()],
        "allergen_names": [(code, gettext(label)) for code, label in ALLERGEN_NAMES.items()],
        "units": [(code, gettext(label)) for code, label in NET_UNITS.items()],
        "pack_states": [("shown", gettext("Đang bán")), ("hidden", gettext("Ngừng bán"))],
    }


@bp.get("/listings/new")
@guards.requires(P.LISTING_EDIT)
def new() -> Any:
    """The blank form; goods are made where their producer is, unless he says otherwise."""
    row = producers.by_id(maker.current(P.LISTING_EDIT).id)
    here = {"commune_code": row.commune_code or ""} if row else {}
    return _new(forms.values(None, {}) | here, operations.new_key())


def _new(v: dict[str, Any], op_key: str, error: ShopError | None = None) -> Any:
    maker.current(P.LISTING_EDIT)
    page = render_template(
        "listings/portal/new.html",
        here=HERE,
        v=v,
        op_key=op_key,
        errors=forms.errors(error),
        error_code=error.code if error else None,
        **_choices(v),
    )
    return make_response(page, error.status if error else 200)


def _more(v: dict[str, Any]) -> None:
    v["packs"].append(forms.blank_pack())


@bp.post("/listings/new")
@guards.requires(P.LISTING_EDIT)
def create() -> Any:
    """Begin a product; it is a draft until its page has all it needs and is sent."""
    here = maker.current(P.LISTING_EDIT)
    v, key = forms.sent(request.form), request.form.get("op_key", "")
    if request.form.get("do") == "more":
        _more(v)
        return _new(v, key)
    try:
        done = listings.save_draft(guards.actor(), here.id, None, forms.facts(v), op_key=key)
    except ShopError as error:
        if not v["packs"]:
            _more(v)
        return _new(v, key, error)
    slug = queries.slug_of(done.product_id)
    flash(gettext("Đã ghi bản nháp. Hãy thêm ảnh rồi gửi duyệt."), "ok")
    return redirect(web.path(f"{HERE}/{slug}/photos"), 303)


@bp.get("/listings/<slug>")
@guards.requires(P.LISTING_EDIT, scope=of_product)
def product(slug: str) -> Any:
    """What is said of a product, what waits, and the form to change it."""
    return _page(_product(slug))


def _page(row: Product, *, v: dict[str, Any] | None = None, op_key: str = "", error: ShopError | None = None) -> Any:
    now = queries.today(row)
    submission = queries.open_submission(row.id)
    lines = queries.lines(submission.id) if submission else []
    wanted = queries.wanted(lines) if submission and submission.kind is Kind.CHANGE else {}
    v = v or (forms.values(now, wanted) | {"note": (submission.note if submission else "") or ""})
    missing = queries.missing(now) if row.published_at is None else ()
    errors = forms.errors(error)
    if isinstance(error, Incomplete):
        errors = {}
    page = render_template(
        "listings/portal/product.html",
        here=HERE,
        p=row,
        v=v,
        op_key=op_key or operations.new_key(),
        send_key=operations.new_key(),
        errors=errors,
        stale=wording.names(error.keys) if isinstance(error, ChangedMeanwhile) else [],
        error_code=error.code if error else None,
        submission=submission,
        told=[wording.told(x.subject, x.field, x.before, x.after) for x in lines] if wanted else [],
        returned=[(wording.label(x.subject, x.field), x.reason) for x in lines if x.reason],
        missing=[(name, gettext(label), name in missing) for name, label in queries.MISSING_NAMES.items()]
        if row.published_at is None
        else [],
        incomplete=bool(missing),
        photos=queries.arranged(row),
        own_hiding=hidden_by_producer(row),
        product_states=PRODUCT_STATES,
        product_kinds=PRODUCT_KINDS,
        states=STATE_NAMES,
        state_kinds=STATE_KINDS,
        price_limit=rules.PRICE_LIMIT.get(),
        suspended=producers.suspended_why(_owner(row)),
        **_choices(v),
    )
    return make_response(page, error.status if error else 200)


def _say(outcome: str, row: Product) -> None:
    waits = (
        gettext("Đã gửi. Cửa hàng sẽ xem và trả lời; nội dung cũ vẫn hiện trong lúc chờ.")
        if row.state is ProductState.SHOWN
        else gettext("Đã gửi. Cửa hàng sẽ xem và trả lời; sản phẩm hiện với khách khi được duyệt.")
    )
    words = {
        "shown": gettext("Thay đổi đã hiện trên cửa hàng."),
        "queued": waits,
        "unchanged": gettext("Không có gì thay đổi."),
        "draft": gettext("Đã ghi bản nháp."),
    }
    flash(words[outcome], "ok")


@bp.post("/listings/<slug>")
@guards.requires(P.LISTING_EDIT, scope=of_product)
def write(slug: str) -> Any:
    """Save or send what the form says."""
    row, v, key = _product(slug), forms.sent(request.form), request.form.get("op_key", "")
    if request.form.get("do") == "more":
        _more(v)
        return _page(row, v=v, op_key=key)
    command = listings.submit if request.form.get("do") == "send" else listings.save_draft
    try:
        done = command(
            guards.actor(), _owner(row), row.id, forms.facts(v), op_key=key, note=v["note"],
            seen=catalog_forms.seen(v),
        )  # fmt: skip
    except ShopError as error:
        row = _product(slug)
        v["seen"] = row.updated_at.isoformat()  # what changed meanwhile is told; sending again is a decision
        return _page(row, v=v, error=error)
    if done.missing and request.form.get("do") == "send":
        flash(gettext("Đã ghi bản nháp. Hồ sơ còn thiếu nên chưa gửi duyệt được; xem các mục còn thiếu."), "warn")
    else:
        _say(done.outcome, _product(slug))
    return _back(slug)


@bp.post("/listings/<slug>/send")
@guards.requires(P.LISTING_EDIT, scope=of_product)
def send(slug: str) -> Any:
    """Send the draft as it stands."""
    row = _product(slug)
    try:
        done = listings.send(guards.actor(), _open(row).reference, op_key=request.form.get("op_key", ""))
    except (Incomplete, ChangedMeanwhile) as error:
        return _page(_product(slug), error=error)
    _say(done.outcome, _product(slug))
    return _back(slug)


@bp.post("/listings/<slug>/withdraw")
@guards.requires(P.LISTING_EDIT, scope=of_product)
def withdraw(slug: str) -> Any:
    """Take back what waits."""
    listings.withdraw(guards.actor(), _open(_product(slug)).reference)
    flash(gettext("Đã rút về. Nội dung vẫn còn trong bản nháp."), "ok")
    return _back(slug)


@bp.post("/listings/<slug>/drop")
@guards.requires(P.LISTING_EDIT, scope=of_product)
def drop(slug: str) -> Any:
    """Give the draft up."""
    listings.drop(guards.actor(), _open(_product(slug)).reference)
    flash(gettext("Đã bỏ bản nháp. Lịch sử vẫn được giữ."), "ok")
    return _back(slug)


@bp.post("/listings/<slug>/hide")
@guards.requires(P.LISTING_EDIT, scope=of_product)
def hide(slug: str) -> Any:
    """Close the page to customers."""
    row = _product(slug)
    listings.hide(guards.actor(), _owner(row), row.id)
    flash(gettext("Sản phẩm đã ẩn khỏi cửa hàng. Hồ sơ và lịch sử được giữ lại."), "ok")
    return _back(slug)


@bp.post("/listings/<slug>/show")
@guards.requires(P.LISTING_EDIT, scope=of_product)
def show(slug: str) -> Any:
    """Open a page again that the producer closed."""
    row = _product(slug)
    listings.show(guards.actor(), _owner(row), row.id)
    flash(gettext("Sản phẩm đã hiện trên cửa hàng."), "ok")
    return _back(slug)


@bp.post("/listings/<slug>/ask")
@guards.requires(P.LISTING_EDIT, scope=of_product)
def ask(slug: str) -> Any:
    """Ask the office to open a page again that it closed."""
    row = _product(slug)
    try:
        done = listings.ask_to_show(
            guards.actor(), _owner(row), row.id, request.form.get("note", ""), op_key=request.form.get("op_key", "")
        )
    except Invalid as error:
        return _page(_product(slug), error=error)
    _say(done.outcome, _product(slug))
    return _back(slug)


@bp.get("/listings/<slug>/history")
@guards.requires(P.LISTING_EDIT, scope=of_product)
def history(slug: str) -> Any:
    """Every difference, with what became of it."""
    row = _product(slug)
    changes = queries.changes(row.id, 300)
    return render_template(
        "listings/portal/history.html",
        here=HERE,
        p=row,
        changes=[(c, wording.told(c.subject, c.field, c.before, c.after)) for c in changes],
        outcomes=OUTCOME_NAMES,
    )


# --- photographs -------------------------------------------------------------------------------------------------


@bp.get("/listings/<slug>/photos")
@guards.requires(P.LISTING_EDIT, scope=of_product)
def photos(slug: str) -> Any:
    """The photographs of the draft."""
    return _photos(_product(slug))


def _photos(row: Product, *, sent: dict[str, str] | None = None, error: ShopError | None = None) -> Any:
    found = forms.errors(error)
    page = render_template(
        "listings/portal/photos.html",
        here=HERE,
        p=row,
        photos=[dict(one) | {"large": queries.large_of(row.id, one["key"])} for one in queries.arranged(row)],
        sent=sent or {},
        which=(sent or {}).get("key", ""),
        errors=found,
        error_code=error.code if error else None,
        submission=queries.open_submission(row.id),
        op_key=operations.new_key,
        draft=row.published_at is None,
    )
    return make_response(page, error.status if error else 200)


@bp.post("/listings/<slug>/photos")
@guards.requires(P.LISTING_EDIT, scope=of_product)
def add_photos(slug: str) -> Any:
    """Take photographs in, turned and cut as asked; each file has the operation key of its place."""
    row = _product(slug)
    sent = {name: request.form.get(name, "") for name in ("alt", "alt_en", "turn", "ratio")}
    key = operations.checked_key(request.form.get("op_key"))[:70]
    try:
        files = forms.uploads(request, "photo") or [b""]
        how = forms.cut(request.form)
        for n, content in enumerate(files[:12]):
            alt = sent["alt"] if len(files) == 1 else f"{sent['alt']} ({n + 1})"
            listings.add_picture(
                guards.actor(), _owner(row), row.id, content, alt if sent["alt"].strip() else "", sent["alt_en"],
                cut=how, op_key=f"{key}.{n}",
            )  # fmt: skip
    except ShopError as error:
        return _photos(_product(slug), sent=sent, error=error)
    flash(gettext("Đã thêm ảnh. Thông tin nơi chụp và máy ảnh đã được xóa khỏi tệp."), "ok")
    return _back(slug, "/photos")


@bp.post("/listings/<slug>/photos/<key>")
@guards.requires(P.LISTING_EDIT, scope=of_product)
def change_photo(slug: str, key: str) -> Any:
    """Describe, move, turn, cut or take away a photograph of the draft."""
    row, do, op_key = _product(slug), request.form.get("do", ""), request.form.get("op_key", "")
    arranged = [one["key"] for one in queries.arranged(row)]
    place = arranged.index(key) if key in arranged else 0
    actor, owner = guards.actor(), _owner(row)
    sent = {"key": key, "alt": request.form.get("alt", ""), "alt_en": request.form.get("alt_en", "")}
    try:
        if do in {"up", "down"}:
            place = max(0, place - 1) if do == "up" else place + 1
            listings.change_picture(actor, owner, row.id, key, place=place, op_key=op_key)
        elif do == "away":
            listings.change_picture(actor, owner, row.id, key, away=True, op_key=op_key)
        elif do in {"left", "right", "1-1", "4-3", "3-4", "cut"}:
            turns = {"left": 270, "right": 90}
            how = forms.cut(request.form) if do == "cut" else Cut(turns.get(do, 0), forms.RATIOS.get(do))
            if how == AS_IT_IS:
                return _back(slug, f"/photos#anh-{key}")
            key = listings.cut_picture(actor, owner, row.id, key, how, op_key=op_key)
        else:
            listings.change_picture(
                actor, owner, row.id, key, alt=sent["alt"], alt_en=sent["alt_en"], op_key=op_key
            )  # fmt: skip
    except ShopError as error:
        if error.status == 404:
            raise
        return _photos(_product(slug), sent=sent, error=error)
    return _back(slug, "/photos" + ("" if do == "away" else f"#anh-{key}"))
