"""Products, their packs, prices and photographs."""

from __future__ import annotations

from typing import Any

from flask import flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.catalog import forms, services
from shop.catalog.errors import NoSuchProduct, NoSuchSku
from shop.catalog.models import ALLERGEN_NAMES, CERTIFICATE_LEVEL_NAMES, COLD_NAMES, Product, Variant
from shop.catalog.office import bp
from shop.catalog.queries import office as queries
from shop.catalog.queries import photos_of, small_photo
from shop.catalog.services.codes import NET_UNITS
from shop.kernel import operations, web
from shop.kernel.errors import NotFound, ShopError
from shop.kernel.forms import messages
from shop.places import queries as places
from shop.places.models import HOME_PROVINCE
from shop.producers import queries as producers

HERE = "/office/products"


def locality(**view_args: Any) -> str | None:
    """The scope of the product that an address names."""
    return queries.product_scope(str(view_args["slug"]))


def _product(slug: str) -> Product:
    found = queries.product(slug)
    if found is None:
        raise NoSuchProduct
    return found


def _back(slug: str, part: str = "") -> Any:
    return redirect(web.path(f"{HERE}/{slug}") + part, 303)


# --- the list ----------------------------------------------------------------------------------------------------


@bp.get("/products")
@guards.requires(Permission.CATALOG_READ)
def products() -> Any:
    """The list, or a file of it."""
    view = queries.products(request.args, guards.scopes(Permission.CATALOG_READ))
    if view.export:
        return view.download()
    return render_template("catalog/office/products.html", here=HERE, view=view, state_names=queries.STATE_NAMES)


# --- one product -------------------------------------------------------------------------------------------------


def _with(options: list[Any], value: Any) -> list[Any]:
    """The options and, if it is no longer among them, the value in force, so that sending the form changes nothing."""
    known = not value or any(str(v) == str(value) for v, _label in options)
    return options if known else [*options, (value, str(value))]


def _choices(values: dict[str, Any]) -> dict[str, Any]:
    return {
        "sets": _with(queries.set_choices(), values.get("set_id")),
        "producers": _with(producers.choices(), values.get("producer_id")),
        "communes": _with(places.commune_choices(HOME_PROVINCE), values.get("commune_code")),
        "colds": [(c.value, gettext(label)) for c, label in COLD_NAMES.items()],
        "kinds": [(k.value, gettext(label)) for k, label in queries.KIND_NAMES.items()],
        "allergen_names": [(code, gettext(label)) for code, label in ALLERGEN_NAMES.items()],
    }


@bp.get("/products/new")
@guards.requires(Permission.CATALOG_EDIT)
def new_product() -> Any:
    """The blank form."""
    return _new(forms.product_values(None), operations.new_key())


def _new(values: dict[str, Any], op_key: str, error: ShopError | None = None) -> Any:
    page = render_template(
        "catalog/office/product_new.html",
        here=HERE,
        v=values,
        op_key=op_key,
        errors=messages(error),
        error_code=error.code if error else None,
        **_choices(values),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/products/new")
@guards.requires(Permission.CATALOG_EDIT)
def create_product() -> Any:
    """Add a draft."""
    values, key = forms.product_sent(request.form), request.form.get("op_key", "")
    sent = forms.product_facts(values)
    actor = guards.actor()
    try:
        made = operations.once(
            key,
            "catalog.create",
            actor.key,
            sent,
            lambda: {"id": services.create_product(actor, province_code=HOME_PROVINCE, **sent)},
        )
    except ShopError as error:
        return _new(values, key, error)
    flash(gettext("Đã tạo bản nháp. Hãy thêm quy cách, giá và ảnh rồi cho hiện."), "ok")
    return _back(queries.product_slug(made["id"]))


@bp.get("/products/<slug>")
@guards.requires(Permission.CATALOG_READ, scope=locality)
def product(slug: str) -> Any:
    """The record of a product."""
    return _record(_product(slug))


def _record(
    row: Product,
    *,
    values: dict[str, Any] | None = None,
    photo: dict[str, Any] | None = None,
    error: ShopError | None = None,
) -> Any:
    """The record; `values` or `photo` is what was sent and refused."""
    failed = "photo" if photo is not None else "facts"
    errors = messages(error)
    values = values or forms.product_values(row)
    page = render_template(
        "catalog/office/product.html",
        here=HERE,
        p=row,
        v=values,
        photo=photo or {},
        errors=errors if failed == "facts" else {},
        photo_errors=errors if failed == "photo" else {},
        error_code=error.code if error else None,
        packs=queries.packs(row.id),
        photos=[(photo_, small_photo(photo_.files)) for photo_ in photos_of(row.id)],
        certificates=queries.certificates_of(row.id),
        level_names=CERTIFICATE_LEVEL_NAMES,
        standing_names=queries.STANDING_NAMES,
        state_names=queries.STATE_NAMES,
        history=[(h, gettext(queries.ACTIONS.get(h.action, h.action))) for h in queries.history(f"product:{row.slug}")],
        may_edit=guards.may(Permission.CATALOG_EDIT),
        may_certify=guards.may(Permission.CERTIFICATE_EDIT),
        **_choices(values),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/products/<slug>")
@guards.requires(Permission.CATALOG_EDIT, scope=locality)
def update_product(slug: str) -> Any:
    """Correct what is said of a product."""
    row, values = _product(slug), forms.product_sent(request.form)
    try:
        changed = services.update_product(
            guards.actor(), row.id, seen=forms.seen(values), **forms.product_facts(values)
        )
    except ShopError as error:
        return _record(_product(slug), values=values, error=error)
    flash(gettext("Đã ghi.") if changed else gettext("Không có gì thay đổi."), "ok")
    return _back(slug)


@bp.post("/products/<slug>/show")
@guards.requires(Permission.CATALOG_EDIT, scope=locality)
def show_product(slug: str) -> Any:
    """Open its page to customers."""
    services.show(guards.actor(), _product(slug).id)
    flash(gettext("Sản phẩm đã hiện trên cửa hàng."), "ok")
    return _back(slug)


@bp.post("/products/<slug>/hide")
@guards.requires(Permission.CATALOG_EDIT, scope=locality)
def hide_product(slug: str) -> Any:
    """Close its page."""
    services.hide(guards.actor(), _product(slug).id)
    flash(gettext("Sản phẩm đã ẩn khỏi cửa hàng. Hồ sơ và lịch sử được giữ lại."), "ok")
    return _back(slug)


# --- packs -------------------------------------------------------------------------------------------------------


def _pack(row: Product, sku: str) -> Variant:
    found = queries.pack(row.id, sku)
    if found is None:
        raise NoSuchSku
    return found


@bp.get("/products/<slug>/packs/new")
@guards.requires(Permission.CATALOG_EDIT, scope=locality)
def new_pack(slug: str) -> Any:
    """The blank form of a pack."""
    return _pack_page(_product(slug), None)


def _pack_page(
    row: Product,
    variant: Variant | None,
    *,
    values: dict[str, Any] | None = None,
    price: dict[str, str] | None = None,
    error: ShopError | None = None,
) -> Any:
    errors = messages(error)
    page = render_template(
        "catalog/office/pack.html",
        here=HERE,
        p=row,
        pack=variant,
        v=values or forms.pack_values(variant),
        price=price or {},
        errors=errors if price is None else {},
        price_errors=errors if price is not None else {},
        error_code=error.code if error else None,
        prices=queries.prices(variant.id) if variant else [],
        units=[(code, gettext(label)) for code, label in NET_UNITS.items()],
        may_edit=guards.may(Permission.CATALOG_EDIT),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/products/<slug>/packs/new")
@guards.requires(Permission.CATALOG_EDIT, scope=locality)
def add_pack(slug: str) -> Any:
    """Add a pack, with its first price if one is given."""
    row, values = _product(slug), forms.pack_sent(request.form)
    try:
        amount = forms.amount(str(values["amount"]))
        services.add_pack(guards.actor(), row.id, sku=str(values["sku"]), amount=amount, **forms.pack_facts(values))
    except ShopError as error:
        return _pack_page(_product(slug), None, values=values, error=error)
    flash(gettext("Đã thêm quy cách."), "ok")
    return _back(slug, "#quy-cach")


@bp.get("/products/<slug>/packs/<sku>")
@guards.requires(Permission.CATALOG_READ, scope=locality)
def pack(slug: str, sku: str) -> Any:
    """A pack with its prices, past and planned; `amount` fills in the form of a new price (a proposal leads here)."""
    row = _product(slug)
    proposed = {"amount": request.args["amount"][:15]} if "amount" in request.args else None
    return _pack_page(row, _pack(row, sku), price=proposed)


@bp.post("/products/<slug>/packs/<sku>")
@guards.requires(Permission.CATALOG_EDIT, scope=locality)
def update_pack(slug: str, sku: str) -> Any:
    """Correct what is said of a pack."""
    row, values = _product(slug), forms.pack_sent(request.form)
    variant = _pack(row, sku)
    values["sku"] = variant.sku
    try:
        changed = services.update_variant(
            guards.actor(), variant.id, seen=forms.seen(values), **forms.pack_facts(values)
        )
    except ShopError as error:
        row = _product(slug)
        return _pack_page(row, _pack(row, sku), values=values, error=error)
    flash(gettext("Đã ghi.") if changed else gettext("Không có gì thay đổi."), "ok")
    return _back(slug, f"/packs/{sku}")


@bp.post("/products/<slug>/packs/<sku>/show")
@guards.requires(Permission.CATALOG_EDIT, scope=locality)
def show_pack(slug: str, sku: str) -> Any:
    """Offer the pack again."""
    services.show_variant(guards.actor(), _pack(_product(slug), sku).id)
    flash(gettext("Quy cách này được bán trở lại."), "ok")
    return _back(slug, f"/packs/{sku}")


@bp.post("/products/<slug>/packs/<sku>/hide")
@guards.requires(Permission.CATALOG_EDIT, scope=locality)
def hide_pack(slug: str, sku: str) -> Any:
    """Stop offering the pack."""
    services.hide_variant(guards.actor(), _pack(_product(slug), sku).id)
    flash(gettext("Quy cách này không còn hiện cho khách."), "ok")
    return _back(slug, f"/packs/{sku}")


@bp.post("/products/<slug>/packs/<sku>/prices")
@guards.requires(Permission.CATALOG_EDIT, scope=locality)
def set_price(slug: str, sku: str) -> Any:
    """A price from now or from a planned time on."""
    row, sent = _product(slug), forms.price_sent(request.form)
    variant = _pack(row, sku)
    try:
        services.set_price(guards.actor(), variant.id, **forms.price_facts(sent))
    except ShopError as error:
        row = _product(slug)
        return _pack_page(row, _pack(row, sku), price=sent, error=error)
    flash(gettext("Đã ghi giá."), "ok")
    return _back(slug, f"/packs/{sku}#gia")


@bp.post("/products/<slug>/packs/<sku>/prices/<int:price_id>/cancel")
@guards.requires(Permission.CATALOG_EDIT, scope=locality)
def cancel_price(slug: str, sku: str, price_id: int) -> Any:
    """Drop a planned price."""
    variant = _pack(_product(slug), sku)
    if all(p.price_id != price_id for p in queries.prices(variant.id)):
        raise NotFound
    services.cancel_price(guards.actor(), price_id)
    flash(gettext("Đã bỏ giá dự kiến."), "ok")
    return _back(slug, f"/packs/{sku}#gia")


@bp.post("/products/<slug>/packs/<sku>/prices/end")
@guards.requires(Permission.CATALOG_EDIT, scope=locality)
def end_price(slug: str, sku: str) -> Any:
    """Sell the pack no longer."""
    services.end_price(guards.actor(), _pack(_product(slug), sku).id)
    flash(gettext("Quy cách này không còn giá nên không bán nữa."), "ok")
    return _back(slug, f"/packs/{sku}#gia")


# --- photographs -------------------------------------------------------------------------------------------------


@bp.post("/products/<slug>/photos")
@guards.requires(Permission.CATALOG_EDIT, scope=locality)
def add_photo(slug: str) -> Any:
    """Take a photograph in."""
    row = _product(slug)
    sent = {"alt": request.form.get("alt", ""), "alt_en": request.form.get("alt_en", "")}
    try:
        services.add_photo(guards.actor(), row.id, forms.upload(request, "photo"), sent["alt"], sent["alt_en"])
    except ShopError as error:
        return _record(_product(slug), photo=sent, error=error)
    flash(gettext("Đã thêm ảnh. Thông tin nơi chụp và máy ảnh đã được xóa khỏi tệp."), "ok")
    return _back(slug, "#anh")


def _photo_of(row: Product, photo_id: int) -> int:
    if all(photo.photo_id != photo_id for photo in photos_of(row.id)):
        raise NotFound
    return photo_id


@bp.post("/products/<slug>/photos/<int:photo_id>")
@guards.requires(Permission.CATALOG_EDIT, scope=locality)
def change_photo(slug: str, photo_id: int) -> Any:
    """Describe a photograph anew, or put it at another place."""
    row = _product(slug)
    services.change_photo(
        guards.actor(),
        _photo_of(row, photo_id),
        request.form.get("alt", ""),
        request.form.get("alt_en", ""),
        position=_whole(request.form.get("position", "")),
    )
    flash(gettext("Đã ghi."), "ok")
    return _back(slug, "#anh")


def _whole(raw: str) -> int | None:
    return int(raw) - 1 if raw.isascii() and raw.isdigit() and len(raw) < 4 else None


@bp.post("/products/<slug>/photos/<int:photo_id>/remove")
@guards.requires(Permission.CATALOG_EDIT, scope=locality)
def remove_photo(slug: str, photo_id: int) -> Any:
    """Take a photograph off."""
    services.remove_photo(guards.actor(), _photo_of(_product(slug), photo_id))
    flash(gettext("Đã gỡ ảnh."), "ok")
    return _back(slug, "#anh")
