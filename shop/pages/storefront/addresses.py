"""The address book of one's account: addresses of the room of accounts, with places that the room of places knows."""

from __future__ import annotations

from typing import Any

from flask import flash, make_response, redirect, render_template, request
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from wtforms import BooleanField
from wtforms.validators import InputRequired, Length

from shop.accounts import guards
from shop.accounts import queries as accounts_queries
from shop.accounts import services as accounts
from shop.kernel import web
from shop.kernel.errors import ShopError
from shop.kernel.forms import CleanString, Form
from shop.pages.storefront import bp
from shop.places import queries as places

HERE = "/tai-khoan/dia-chi"
NEEDED = InputRequired(_l("Vui lòng điền ô này."))


class AddressForm(Form):
    """Field names as in the checkout; `province` and `commune` are codes."""

    name = CleanString(validators=[NEEDED, Length(max=120)])
    phone = CleanString(validators=[NEEDED, Length(max=40)])
    province = CleanString(validators=[Length(max=10)])
    commune = CleanString(validators=[Length(max=10)])
    street = CleanString(validators=[NEEDED, Length(max=200)])
    default = BooleanField()

    def given(self) -> accounts.AddressGiven:
        """The address with the names that its places have today.

        Raises:
            Invalid: the commune is not one of the province, or either does not exist today.
        """
        found = places.check_address(self.province.data, self.commune.data)
        return accounts.AddressGiven(
            name=self.name.data or "",
            telephone=self.phone.data or "",
            street_address=self.street.data or "",
            address_locality=found.commune.name,
            locality_code=found.commune.code,
            address_region=found.province.name,
            region_code=found.province.code,
        )


@bp.get("/tai-khoan/dia-chi")
@guards.signed_in
def addresses() -> Any:
    """The book, and a form for one more."""
    me = accounts_queries.profile(current_user.user_id)
    return _page(AddressForm(formdata=None, name=me.name, phone=me.phone or ""))


def _page(form: AddressForm, reference: str = "", error: ShopError | None = None, status: int = 200) -> Any:
    """The book with the form; `reference` names the address that is being corrected, empty for a new one."""
    if error is not None:
        form.refuse(error)
        status = error.status
    held = accounts_queries.addresses_of(current_user.user_id)
    in_force = {row.reference: places.unit(row.locality_code) is not None for row in held}
    page = render_template(
        "pages/storefront/addresses.html",
        form=form,
        reference=reference,
        addresses=held,
        in_force=in_force,
        provinces=places.province_choices(),
        communes=places.commune_choices(form.province.data),
        chosen={"province": form.province.data, "commune": form.commune.data, "street": form.street.data},
        error_code=error.code if error else None,
    )
    return make_response(page, status)


def _wants_communes() -> bool:
    """Without scripts: the province was chosen and its communes are wanted."""
    return request.form.get("choose_province") == "1"


@bp.post("/tai-khoan/dia-chi")
@guards.signed_in
def add_address() -> Any:
    form = AddressForm()
    if _wants_communes():
        return _page(form)
    if not form.validate():
        return _page(form, status=422)
    try:
        accounts.add_address(guards.actor(), form.given(), default=form.default.data)
    except ShopError as error:
        return _page(form, error=error)
    return _done(gettext("Đã thêm địa chỉ."))


@bp.get("/tai-khoan/dia-chi/<reference>")
@guards.signed_in
def address(reference: str) -> Any:
    """Correct one address."""
    row = accounts_queries.address(current_user.user_id, reference)
    return _page(
        AddressForm(
            formdata=None,
            name=row.name,
            phone=row.telephone,
            province=row.region_code,
            commune=row.locality_code,
            street=row.street_address,
            default=row.is_default,
        ),
        reference,
    )


@bp.post("/tai-khoan/dia-chi/<reference>")
@guards.signed_in
def edit_address(reference: str) -> Any:
    form = AddressForm()
    accounts_queries.address(current_user.user_id, reference)
    if _wants_communes():
        return _page(form, reference)
    if not form.validate():
        return _page(form, reference, status=422)
    try:
        accounts.edit_address(guards.actor(), reference, form.given(), default=form.default.data)
    except ShopError as error:
        return _page(form, reference, error)
    return _done(gettext("Đã sửa địa chỉ."))


@bp.post("/tai-khoan/dia-chi/<reference>/mac-dinh")
@guards.signed_in
def choose_address(reference: str) -> Any:
    accounts.choose_address(guards.actor(), reference)
    return _done(gettext("Đã đặt làm địa chỉ mặc định."))


@bp.post("/tai-khoan/dia-chi/<reference>/xoa")
@guards.signed_in
def remove_address(reference: str) -> Any:
    accounts.remove_address(guards.actor(), reference)
    return _done(gettext("Đã xóa địa chỉ."))


def _done(message: str) -> Any:
    flash(message, "ok")
    return redirect(web.path(HERE), 303)
