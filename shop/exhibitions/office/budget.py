"""The budget of a fair for staff: lines planned and actual, their sums, as a file too."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request
from flask_babel import gettext
from sqlalchemy import select

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.exhibitions import planforms, tabs
from shop.exhibitions.models.fairs import BUDGET_SIDE_NAMES, BudgetLine, BudgetSide, Exhibition, FairState
from shop.exhibitions.office import bp
from shop.exhibitions.office.fairs import HERE, page
from shop.exhibitions.queries import fairs
from shop.exhibitions.services import budget
from shop.kernel import operations, tables, web
from shop.kernel.errors import N_, Invalid, ShopError

tabs.add(30, "budget", N_("Dự toán thu chi"), Permission.EXHIBITION_READ, frozenset(FairState) - {FairState.RECORDED})

TABLE = tables.Table(
    name="du-toan",
    columns=(
        tables.Column(
            "side", N_("Thu, chi"), sort=(BudgetLine.side,), value=lambda b: gettext(BUDGET_SIDE_NAMES[b.side])
        ),
        tables.Column("name", N_("Khoản"), sort=(BudgetLine.name,)),
        tables.Column("funder", N_("Nguồn tiền"), sort=(BudgetLine.funder,)),
        tables.Column("planned_amount", N_("Dự toán"), "num", sort=(BudgetLine.planned_amount,)),
        tables.Column("actual_amount", N_("Thực tế"), "num", sort=(BudgetLine.actual_amount,)),
        tables.Column("note", N_("Ghi chú"), on_page=False),
    ),
    order="side",
    tie=BudgetLine.id,
)


def _draft() -> budget.LineDraft:
    sent = request.form
    try:
        side = BudgetSide(sent.get("side", ""))
    except ValueError as error:
        raise Invalid(N_("Hãy chọn thu hay chi."), field="side") from error
    planned = planforms.amount(sent.get("planned_amount"), "planned_amount")
    if planned is None:
        raise Invalid(N_("Hãy ghi số tiền dự toán."), field="planned_amount")
    return budget.LineDraft(
        side,
        planforms.line(sent.get("name")),
        planned,
        planforms.amount(sent.get("actual_amount"), "actual_amount"),
        planforms.line(sent.get("funder")) or None,
        planforms.line(sent.get("note"))[:2000] or None,
    )


def _shown(fair: Exhibition, status: int = 200, sent: Any = None, error: ShopError | None = None) -> Any:
    found = budget.lines(fair.id)
    return page(
        "exhibitions/office/budget.html",
        fair,
        "budget",
        status,
        lines=found,
        sums=budget.sums(found),
        sides=[(side.value, gettext(label)) for side, label in BUDGET_SIDE_NAMES.items()],
        side_names=BUDGET_SIDE_NAMES,
        may_edit=guards.may(Permission.EXHIBITION_EDIT, f"exhibition:{fair.id}"),
        sent=sent or {},
        op_key=operations.new_key(),
        word=gettext(error.title, **error.values) if error else "",
        errors={error.field: [gettext(error.title, **error.values)]} if error and error.field else {},
    )


@bp.get("/exhibitions/<slug>/budget")
@guards.requires(Permission.EXHIBITION_READ, scope=fairs.scope)
def budget_page(slug: str) -> Any:
    """The lines with their sums, or a file of them; `line` opens one in the form."""
    fair = fairs.by_slug(slug)
    if request.args.get("format"):
        view = TABLE.open(
            request.args, f"{HERE}/{slug}/budget", select(BudgetLine).where(BudgetLine.exhibition_id == fair.id),
            make=lambda row: row[0],
        )  # fmt: skip
        if view.export:
            return view.download()
    for line in budget.lines(fair.id):
        if str(line.id) == request.args.get("line", ""):
            told = {c.key: getattr(line, c.key) for c in BudgetLine.__table__.columns}
            return _shown(fair, sent=told | {"seen": line.updated_at.isoformat()})
    return _shown(fair)


@bp.post("/exhibitions/<slug>/budget")
@guards.requires(Permission.EXHIBITION_EDIT, scope=fairs.scope)
def budget_save(slug: str) -> Any:
    """Add, change or remove a line."""
    fair, actor, sent = fairs.by_slug(slug), guards.actor(), request.form
    try:
        line_id = planforms.whole(sent["id"], "id", high=10**12) if sent.get("id") else None
        if sent.get("do") == "remove" and line_id:
            budget.remove(actor, fair.id, line_id, seen=sent.get("seen", ""))
        elif line_id:
            budget.change(actor, fair.id, line_id, _draft(), seen=sent.get("seen", ""))
        else:
            budget.add(actor, fair.id, _draft(), sent.get("op_key", ""))
    except ShopError as error:
        again = dict(sent)
        for line in budget.lines(fair.id):
            if str(line.id) == sent.get(
                "id"
            ):  # what was typed stays; sent once more, it is about the line as it is now
                again["seen"] = line.updated_at.isoformat()
        return _shown(fairs.by_slug(slug), error.status, again, error)
    flash(gettext("Đã lưu dự toán."), "ok")
    return redirect(web.path(f"{HERE}/{slug}/budget"))
