"""`/office/decisions`: drafted from results or entered by hand, signed off; certificates follow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from flask import Response, flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.catalog.models import CERTIFICATE_LEVEL_NAMES
from shop.decisions import forms, paper, results, terms
from shop.decisions.models import GROUND_NAMES, KIND_NAMES, SOURCE_NAMES, STATE_NAMES, Decision, Kind, Source, State
from shop.decisions.office import bp
from shop.decisions.queries import decisions as read
from shop.decisions.queries import paper as paper_read
from shop.decisions.services import drafting, signing
from shop.kernel import facts, operations, web
from shop.kernel.errors import N_, NotFound, ShopError
from shop.kernel.forms import messages

HERE = "/office/decisions"
P = Permission
STATE_KINDS = {State.DRAFT: "warn", State.SIGNED: "ok", State.DROPPED: ""}


@bp.get("/decisions")
@guards.requires_all(P.DECISION_READ)
def decisions() -> Any:
    """The list, or a file of it."""
    view = read.decisions(request.args, HERE)
    if view.export:
        return view.download()
    return render_template(
        "decisions/office/decisions.html", here=HERE, view=view, kinds=KIND_NAMES, states=STATE_NAMES,
        state_kinds=STATE_KINDS, may_edit=guards.may(P.DECISION_EDIT), ready=len(results.ready()),
    )  # fmt: skip


def _levels() -> list[tuple[str, str]]:
    return [(level.value, gettext(name)) for level, name in CERTIFICATE_LEVEL_NAMES.items()]


def _op_key(error: ShopError | None) -> str:
    return request.form.get("op_key", "") if error is not None and error.status == 422 else operations.new_key()


def _blank(kind: Kind, v: Any, error: ShopError | None = None) -> Any:
    ready = results.ready() if kind is Kind.GRANT else []
    drafted = read.drafted([r.dossier_id for r in ready])
    page = render_template(
        "decisions/office/new.html",
        here=HERE,
        kind=kind,
        v=v,
        ready=ready,
        goods=read.named([r.product_id for r in ready]),
        certificate=request.values.get("certificate", "") if kind is Kind.REVOKE else "",
        chosen=set(v.getlist("result"))
        if hasattr(v, "getlist")
        else {str(r.dossier_id) for r in ready if r.level == v["level"] and r.dossier_id not in drafted},
        drafted=drafted,
        levels=_levels(),
        issuers=drafting.ISSUERS,
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=_op_key(error),
    )
    return make_response(page, error.status if error else 200)


@bp.get("/decisions/new/<any('grant', 'revoke'):kind>")
@guards.requires_all(P.DECISION_EDIT)
def new_decision(kind: str) -> Any:
    """The form of a new decision, with the results that wait for one; or for the certificate that the address names."""
    return _blank(Kind(kind), forms.head_values(None))


@bp.post("/decisions/new/<any('grant', 'revoke'):kind>")
@guards.requires_all(P.DECISION_EDIT)
def draft_decision(kind: str) -> Any:
    """Begin a draft."""
    of = Kind(kind)
    try:
        chosen = tuple(sorted({facts.whole(1, 2**62)(n, "result") or 0 for n in request.form.getlist("result")}))
        reference = drafting.draft(
            guards.actor(), of, Source.RESULTS if chosen else Source.HISTORY, forms.head(request.form),
            request.form.get("op_key", ""), result_ids=chosen,
        )  # fmt: skip
    except NotFound:
        raise
    except ShopError as error:
        return _blank(of, request.form, error)
    flash(gettext("Đã lưu dự thảo. Thêm sản phẩm, tải bản ký rồi ghi là đã ký."), "ok")
    named = request.form.get("certificate", "") if of is Kind.REVOKE else ""
    return redirect(web.path(f"{HERE}/{reference}") + (f"?{urlencode({'certificate': named})}" if named else ""), 303)


@bp.get("/decisions/<reference>")
@guards.requires_all(P.DECISION_READ)
def decision(reference: str) -> Any:
    """One decision."""
    return _page(reference)


def _page(reference: str, part: str = "", error: ShopError | None = None) -> Any:
    row = read.one(reference)
    errors = messages(error)
    is_draft = row.state is State.DRAFT
    page = render_template(
        "decisions/office/decision.html",
        here=HERE,
        address=web.path(f"{HERE}/{row.reference}"),
        row=row,
        v=request.form if part == "head" else forms.head_values(row),
        typed=request.form if error is not None else {"certificate": request.args.get("certificate", "")},
        part=part,
        errors=errors,
        kinds=KIND_NAMES,
        sources=SOURCE_NAMES,
        states=STATE_NAMES,
        state_kinds=STATE_KINDS,
        level_names=CERTIFICATE_LEVEL_NAMES,
        grounds=GROUND_NAMES,
        ground_options=[(g.value, gettext(name)) for g, name in GROUND_NAMES.items()],
        levels=_levels(),
        stars=[(str(n), gettext("%(n)s sao", n=n)) for n in (3, 4, 5)],
        suggestions=read.suggestions() if is_draft and row.kind is Kind.GRANT else [],
        p=request.form if part == "paper" else paper_read.offered(row) if is_draft else {},
        law=terms.on(row.decided_on) if row.decided_on else None,
        ends=terms.ends(row.decided_on) if row.decided_on else None,
        may_edit=is_draft and guards.may(P.DECISION_EDIT),
        may_sign=is_draft and guards.may(P.DECISION_SIGN),
        error_code=error.code if error else None,
        op_key=_op_key(error),
    )
    return make_response(page, error.status if error else 200)


def _act(reference: str, part: str, words: str, command: Callable[[Decision, int, str], Any]) -> Any:
    row = read.one(reference)
    return web.commanded(
        lambda: command(row, forms.version(request.form), request.form.get("op_key", "")),
        lambda error: _page(reference, part, error), words, f"{HERE}/{row.reference}",
    )  # fmt: skip


@bp.post("/decisions/<reference>")
@guards.requires_all(P.DECISION_EDIT)
def change_decision(reference: str) -> Any:
    """Change what a draft says of itself."""
    return _act(
        reference, "head", N_("Đã lưu."),
        lambda row, n, key: drafting.change(guards.actor(), row.reference, forms.head(request.form), n, key),
    )  # fmt: skip


@bp.post("/decisions/<reference>/lines")
@guards.requires_all(P.DECISION_EDIT)
def add_line(reference: str) -> Any:
    """Add a product, or a certificate to take back."""
    return _act(
        reference, "line", N_("Đã thêm."),
        lambda row, n, key: drafting.add_line(guards.actor(), row.reference, forms.line(request.form, row.kind), n, key),
    )  # fmt: skip


@bp.post("/decisions/<reference>/lines/<int:line_id>")
@guards.requires_all(P.DECISION_EDIT)
def change_line(reference: str, line_id: int) -> Any:
    """Write the number of a line's certificate, or take the line out."""
    if request.form.get("do") == "remove":
        return _act(
            reference, "lines", N_("Đã bỏ dòng."),
            lambda row, n, key: drafting.remove_line(guards.actor(), row.reference, line_id, n, key),
        )  # fmt: skip
    return _act(
        reference, "lines", N_("Đã lưu."),
        lambda row, n, key: drafting.number_line(
            guards.actor(), row.reference, line_id, request.form.get("certificate_number"), n, key
        ),
    )  # fmt: skip


@bp.post("/decisions/<reference>/file")
@guards.requires_all(P.DECISION_EDIT)
def decision_file(reference: str) -> Any:
    """Keep the signed paper."""
    return _act(
        reference, "file", N_("Đã lưu bản quyết định."),
        lambda row, n, key: drafting.set_file(
            guards.actor(), row.reference, forms.upload(request, "file"), n, key
        ),
    )  # fmt: skip


@bp.post("/decisions/<reference>/paper")
@guards.requires_all(P.DECISION_EDIT)
def decision_paper(reference: str) -> Any:
    """Keep what stands on the paper that is laid before the signer."""
    return _act(
        reference, "paper", N_("Đã lưu phần trình ký."),
        lambda row, n, key: drafting.set_paper(guards.actor(), row.reference, request.form, n, key),
    )  # fmt: skip


@bp.get("/decisions/<reference>/draft.pdf")
@guards.requires_all(P.DECISION_READ)
def draft_pdf(reference: str) -> Response:
    """The draft with its annex, to be signed on paper."""
    return paper.answer(read.one(reference))


@bp.post("/decisions/<reference>/sign")
@guards.requires_all(P.DECISION_SIGN)
def sign_decision(reference: str) -> Any:
    """Enter that it was signed: certificates are issued or taken back at once."""
    return _act(
        reference, "sign", N_("Đã ghi quyết định. Cửa hàng theo ngay."),
        lambda row, n, key: signing.sign(guards.actor(), row.reference, n, key),
    )  # fmt: skip


@bp.post("/decisions/<reference>/drop")
@guards.requires_all(P.DECISION_EDIT)
def drop_decision(reference: str) -> Any:
    """Give a draft up."""
    return _act(
        reference, "drop", N_("Đã bỏ dự thảo."),
        lambda row, n, key: drafting.drop(guards.actor(), row.reference, request.form.get("reason", ""), n, key),
    )  # fmt: skip
