"""`/office/listings`: what producers have sent, the old beside the new, and the decision."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.catalog import forms as catalog_forms
from shop.catalog.queries.office import STATE_NAMES as PRODUCT_STATES
from shop.kernel import operations, web
from shop.kernel.errors import NotFound, ShopError
from shop.kernel.forms import messages
from shop.listings import forms, queries, rules, wording
from shop.listings import services as listings
from shop.listings.errors import ChangedMeanwhile
from shop.listings.models import KIND_NAMES, OUTCOME_NAMES, STATE_NAMES, Decision, Kind, State, Submission
from shop.listings.services.review import conflicts
from shop.listings.services.write import texts_of

bp = Blueprint("listings", __name__)
HERE = "/office/listings"
P = Permission
STATE_KINDS = {"draft": "info", "sent": "warn", "returned": "bad", "approved": "ok", "dropped": ""}


def of_submission(reference: str) -> str | None:
    """A guard's scope: the place that the product of a submission is from."""
    return queries.submission_scope(reference)


@bp.get("/listings")
@guards.requires(P.LISTING_REVIEW)
def index() -> Any:
    """What waits for a reviewer, the oldest first."""
    view = queries.queue(request.args, guards.scopes(P.LISTING_REVIEW))
    if view.export:
        return view.download()
    return render_template(
        "listings/office/index.html",
        here=HERE,
        view=view,
        kinds=KIND_NAMES,
        states=STATE_NAMES,
        state_kinds=STATE_KINDS,
    )


def _submission(reference: str) -> Submission:
    row = queries.submission(reference)
    if row is None:
        raise NotFound
    return row


@bp.get("/listings/<reference>")
@guards.requires(P.LISTING_REVIEW, scope=of_submission)
def submission(reference: str) -> Any:
    """A submission with every difference."""
    return _page(_submission(reference))


def _page(row: Submission, *, error: ShopError | None = None, kept: Any = None) -> Any:
    product = queries.product_of(row.producer_id, row.product_id)
    if product is None:
        raise NotFound
    now = queries.today(product)
    open_ = row.state is State.SENT
    lines = []
    for line in queries.lines(row.id):
        told = wording.told(line.subject, line.field, line.before, line.after)
        today = now.value(line.subject, line.field)
        pending = line.decision is not Decision.APPROVED
        lines.append(
            {
                "key": line.key,
                "told": told,
                "today": wording.told(line.subject, line.field, line.before, today).after,
                "conflict": open_ and pending and conflicts(now, line, new=row.kind is Kind.NEW),
                "pending": pending,
                "reason": line.reason,
                "large": [queries.large_of(product.id, one["key"]) for one in line.after or ()]
                if told.pictures
                else [],
                "warnings": [
                    gettext(w)
                    for _n, said in texts_of(line.subject, line.field, line.after)
                    for w in rules.warnings(said)
                ],
            }
        )
    keys, over, reasons = kept if kept is not None else ({x["key"] for x in lines}, set(), {})
    page = render_template(
        "listings/office/submission.html",
        here=HERE,
        s=row,
        p=product,
        producer=queries.producer_name(row.producer_id),
        lines=lines,
        keys=keys,
        over=over,
        reasons=reasons,
        answer=request.form.get("note", "") if error else "",
        errors=messages(error),
        error_code=error.code if error else None,
        stale=wording.names(error.keys) if isinstance(error, ChangedMeanwhile) else [],
        open=open_,
        op_key=operations.new_key(),
        kinds=KIND_NAMES,
        states=STATE_NAMES,
        state_kinds=STATE_KINDS,
        product_states=PRODUCT_STATES,
        steps=queries.steps(row.id),
        changes=[(c, wording.told(c.subject, c.field, c.before, c.after)) for c in queries.changes(product.id, 40)],
        outcomes=OUTCOME_NAMES,
        stars=queries.stars_held(product.id),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/listings/<reference>")
@guards.requires(P.LISTING_REVIEW, scope=of_submission)
def decide(reference: str) -> Any:
    """Approve what is ticked, or send all of it back."""
    row = _submission(reference)
    keys, over, reasons = forms.decided(request.form)
    said: dict[str, Any] = {
        "revision": forms.revision(request.form),
        "op_key": request.form.get("op_key", ""),
        "note": request.form.get("note", ""),
    }
    try:
        if request.form.get("do") == "return":
            listings.send_back(guards.actor(), row.reference, reasons, **said)
            flash(gettext("Đã trả lại cho cơ sở kèm lý do."), "ok")
        else:
            seen = catalog_forms.seen(request.form)
            done = listings.approve(
                guards.actor(), row.reference, keys=keys, over=over, reasons=reasons, seen=seen, **said
            )  # fmt: skip
            flash(
                gettext("Đã duyệt, nội dung mới đang hiện.")
                if done
                else gettext("Đã duyệt các mục đã chọn, trả lại phần còn lại."),
                "ok",
            )
    except ShopError as error:
        if error.status in {403, 404}:
            raise
        return _page(_submission(reference), error=error, kept=(keys, over, reasons))
    return redirect(web.path(f"{HERE}/{row.reference}"), 303)
