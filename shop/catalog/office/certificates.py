"""Certificates, and the groups and sets that goods are sorted by."""

from __future__ import annotations

from typing import Any

from flask import flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.catalog import forms, services
from shop.catalog.errors import NoSuchProduct
from shop.catalog.models import CERTIFICATE_LEVEL_NAMES, Certificate, Product
from shop.catalog.office import bp
from shop.catalog.queries import ending_counts, standing
from shop.catalog.queries import office as queries
from shop.kernel import clock, web
from shop.kernel.errors import N_, Conflict, NotFound, ShopError
from shop.kernel.forms import messages

HERE = "/office/certificates"


def locality(**view_args: Any) -> str | None:
    """The scope of the certificate or product that an address names."""
    if "slug" in view_args:
        return queries.product_scope(str(view_args["slug"]))
    found = queries.certificate(int(view_args["certificate_id"]))
    return queries.product_scope(found.product.slug) if found else None


@bp.get("/certificates")
@guards.requires(Permission.CATALOG_READ)
def certificates() -> Any:
    """The list, or a file of it."""
    view = queries.certificates(request.args, guards.scopes(Permission.CATALOG_READ))
    if view.export:
        return view.download()
    return render_template(
        "catalog/office/certificates.html",
        here=HERE,
        view=view,
        ending=ending_counts(),
        today=clock.today(),
        level_names=CERTIFICATE_LEVEL_NAMES,
        standing_names=queries.STANDING_NAMES,
        standing=standing,
        days_left=queries.days_left,
    )


def _choices() -> dict[str, Any]:
    return {
        "levels": [(level.value, gettext(label)) for level, label in CERTIFICATE_LEVEL_NAMES.items()],
        "stars": [(str(n), gettext("%(n)s sao", n=n)) for n in (3, 4, 5)],
    }


@bp.get("/products/<slug>/certificates/new")
@guards.requires(Permission.CERTIFICATE_EDIT, scope=locality)
def new_certificate(slug: str) -> Any:
    """The blank form of a certificate."""
    return _new(_product(slug), forms.certificate_values(None))


def _product(slug: str) -> Product:
    found = queries.product(slug)
    if found is None:
        raise NoSuchProduct
    return found


def _new(row: Product, values: dict[str, Any], error: ShopError | None = None) -> Any:
    page = render_template(
        "catalog/office/certificate_new.html",
        here=HERE,
        p=row,
        v=values,
        errors=messages(error),
        error_code=error.code if error else None,
        **_choices(),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/products/<slug>/certificates/new")
@guards.requires(Permission.CERTIFICATE_EDIT, scope=locality)
def issue_certificate(slug: str) -> Any:
    """Enter a certificate."""
    row, values = _product(slug), forms.certificate_sent(request.form)
    try:
        made = services.issue_certificate(
            guards.actor(), row.id, file=forms.upload(request, "file") or None, **forms.certificate_facts(values)
        )
    except ShopError as error:
        return _new(_product(slug), values, error)
    flash(gettext("Đã ghi chứng nhận."), "ok")
    return redirect(web.path(f"{HERE}/{made}"), 303)


def _certificate(certificate_id: int) -> Certificate:
    found = queries.certificate(certificate_id)
    if found is None:
        raise NotFound
    return found


@bp.get("/certificates/<int:certificate_id>")
@guards.requires(Permission.CATALOG_READ, scope=locality)
def certificate(certificate_id: int) -> Any:
    """One certificate."""
    return _record(_certificate(certificate_id))


def _record(
    c: Certificate,
    *,
    values: dict[str, Any] | None = None,
    revoke: dict[str, str] | None = None,
    part: str = "facts",
    error: ShopError | None = None,
) -> Any:
    """The certificate; `values` or `revoke` is what was sent and refused, `part` the form it was sent with."""
    errors = messages(error)
    page = render_template(
        "catalog/office/certificate.html",
        here=HERE,
        c=c,
        p=c.product,
        v=values or forms.certificate_values(c),
        revoke=revoke or {},
        errors=errors if part == "facts" else {},
        revoke_errors=errors if part == "revoke" else {},
        file_errors=errors if part == "file" else {},
        error_code=error.code if error else None,
        standing=standing(c, clock.today()),
        standing_names=queries.STANDING_NAMES,
        days_left=queries.days_left(c.expires_on),
        may_edit=guards.may(Permission.CERTIFICATE_EDIT),
        decided=services.rests_on_a_decision(c.id),
        may_decide=guards.may(Permission.DECISION_EDIT, "*"),
        **_choices(),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/certificates/<int:certificate_id>")
@guards.requires(Permission.CERTIFICATE_EDIT, scope=locality)
def update_certificate(certificate_id: int) -> Any:
    """Correct what is said of a certificate."""
    values = forms.certificate_sent(request.form)
    try:
        changed = services.update_certificate(guards.actor(), certificate_id, **forms.certificate_facts(values))
    except ShopError as error:
        return _record(_certificate(certificate_id), values=values, error=error)
    flash(gettext("Đã ghi.") if changed else gettext("Không có gì thay đổi."), "ok")
    return redirect(web.path(f"{HERE}/{certificate_id}"), 303)


@bp.post("/certificates/<int:certificate_id>/revoke")
@guards.requires(Permission.CERTIFICATE_EDIT, scope=locality)
def revoke_certificate(certificate_id: int) -> Any:
    """End a certificate that was typed in as history before its time. One that a decision issued is taken back by a decision of
    the same authority (26/2026/QĐ-TTg art. 8), which needs its ground, its paper and its signature."""
    sent = {"reason": request.form.get("reason", ""), "revoked_on": request.form.get("revoked_on", "")}
    try:
        if services.rests_on_a_decision(certificate_id):
            raise Conflict(N_("Chứng nhận này theo quyết định đã ký: hãy soạn quyết định thu hồi."), field="reason")
        services.revoke_certificate(
            guards.actor(), certificate_id, sent["reason"], on=forms.day(sent["revoked_on"], "revoked_on")
        )
    except ShopError as error:
        return _record(_certificate(certificate_id), revoke=sent, part="revoke", error=error)
    flash(gettext("Đã thu hồi chứng nhận. Sao của sản phẩm không còn hiện."), "ok")
    return redirect(web.path(f"{HERE}/{certificate_id}"), 303)


@bp.post("/certificates/<int:certificate_id>/file")
@guards.requires(Permission.CERTIFICATE_EDIT, scope=locality)
def keep_certificate_file(certificate_id: int) -> Any:
    """Keep the paper of a certificate."""
    try:
        services.set_certificate_file(guards.actor(), certificate_id, forms.upload(request, "file"))
    except ShopError as error:
        return _record(_certificate(certificate_id), part="file", error=error)
    flash(gettext("Đã lưu bản chụp."), "ok")
    return redirect(web.path(f"{HERE}/{certificate_id}"), 303)


@bp.get("/sets")
@guards.requires(Permission.CATALOG_READ)
def sets() -> Any:
    """The lists of groups and the sets of the list in force."""
    return render_template(
        "catalog/office/sets.html",
        here="/office/sets",
        groups=queries.groups(),
        sets=queries.sets(),
        today=clock.today(),
    )
