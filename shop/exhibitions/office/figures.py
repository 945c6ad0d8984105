"""What is written of a fair, for staff: figures with their sources, side by side; add one, take one back."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.exhibitions import planforms, tabs
from shop.exhibitions.models.fairs import Exhibition
from shop.exhibitions.models.records import FIGURE_NAMES, MONEY_FIGURES, FigureKind
from shop.exhibitions.office import bp
from shop.exhibitions.office.fairs import HERE, page
from shop.exhibitions.queries import fairs
from shop.exhibitions.queries import records as reads
from shop.exhibitions.services import records
from shop.kernel import forms, operations, text, web
from shop.kernel.errors import N_, Invalid, ShopError

tabs.add(90, "figures", N_("Số liệu theo nguồn"), Permission.EXHIBITION_READ)


def _draft() -> records.FigureDraft:
    sent = request.form
    try:
        what = FigureKind(sent.get("what", ""))
    except ValueError as error:
        raise Invalid(N_("Hãy chọn số liệu."), field="what") from error
    if what in MONEY_FIGURES:
        value = planforms.amount(sent.get("value"), "value")
    else:
        raw = sent.get("value", "").strip()
        found = text.whole(raw)
        value = planforms.whole(raw if found is None else str(found), "value", high=10**11) if raw else None
    return records.FigureDraft(
        what,
        planforms.line(sent.get("text")),
        value,
        planforms.line(sent.get("label"))[:255] or None,
        planforms.line(sent.get("label_en"))[:255] or None,
        planforms.line(sent.get("source"))[:255] or None,
        planforms.line(sent.get("source_url"))[:2000] or None,
        forms.day(sent.get("as_of", ""), "as_of"),
    )


def _shown(fair: Exhibition, status: int = 200, sent: Any = None, error: ShopError | None = None) -> Any:
    return page(
        "exhibitions/office/figures.html",
        fair,
        "figures",
        status,
        groups=reads.of(fair.id),
        names=FIGURE_NAMES,
        kinds=[(kind.value, gettext(label)) for kind, label in FIGURE_NAMES.items()],
        may_edit=guards.may(Permission.EXHIBITION_EDIT, f"exhibition:{fair.id}"),
        sent=sent or {},
        op_key=operations.new_key(),
        word=gettext(error.title, **error.values) if error else "",
        errors={error.field: [gettext(error.title, **error.values)]} if error and error.field else {},
    )


@bp.get("/exhibitions/<slug>/figures")
@guards.requires(Permission.EXHIBITION_READ, scope=fairs.scope)
def figures_page(slug: str) -> Any:
    """The figures, and a form for one more."""
    return _shown(fairs.by_slug(slug))


@bp.post("/exhibitions/<slug>/figures")
@guards.requires(Permission.EXHIBITION_EDIT, scope=fairs.scope)
def figures_save(slug: str) -> Any:
    """Add a figure, or take back one that was written down wrongly (`remove`: its number)."""
    fair, actor = fairs.by_slug(slug), guards.actor()
    try:
        if request.form.get("remove"):
            records.remove(actor, fair.id, planforms.whole(request.form["remove"], "remove", high=10**12))
            done = gettext("Đã bỏ con số.")
        else:
            records.add(actor, fair.id, _draft(), request.form.get("op_key", ""))
            done = gettext("Đã thêm con số.")
    except ShopError as error:
        return _shown(fair, error.status, request.form, error)
    flash(done, "ok")
    return redirect(web.path(f"{HERE}/{slug}/figures"))
