"""`/office/dossiers`: what communes check and propose, what the programme office answers."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from flask import flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.kernel import web
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.kernel.forms import messages
from shop.programme import checklist, dossier_pages, pen
from shop.programme.errors import DossierMovedOn
from shop.programme.models.dossiers import Dossier, DossierState, RoundLevel
from shop.programme.office import bp
from shop.programme.queries import dossiers as queries
from shop.programme.queries import rounds
from shop.programme.services import dossiers as services
from shop.programme.services import moving, results

HERE = "/office/dossiers"
P = Permission


@bp.get("/dossiers")
@guards.requires(P.DOSSIER_READ)
def dossiers() -> Any:
    """The dossiers of one's localities: late ones, what waits, the list."""
    scopes = guards.scopes(P.DOSSIER_READ)
    view = queries.DOSSIERS.open(
        request.args, HERE, queries.office_rows(scopes), make=lambda row: queries.DossierRow(*tuple(row))
    )
    if view.export:
        return view.download()
    return render_template(
        "programme/office/dossiers.html", here=HERE, view=view, figures=queries.figures(scopes), **dossier_pages.NAMES
    )


def _page(dossier: Dossier, error: ShopError | None = None, part: str = "") -> Any:
    if dossier.state is DossierState.DRAFT:  # what a producer is still writing is his own
        raise NotFound
    waiting = queries.has_objection(dossier.id)
    page = render_template(
        "programme/office/dossier.html",
        here=HERE,
        address=web.path(f"{HERE}/{dossier.code}"),
        may_check=guards.may(P.DOSSIER_CHECK, dossier.scope),
        may_decide=guards.may(P.ROUND_EDIT, "*"),
        waiting=waiting,
        receivers=queries.receivers(dossier) if dossier.ended_at is None and queries.has_ceased(dossier) else [],
        samples=None if queries.is_service(dossier.product_id) else checklist.SAMPLES,
        v=request.form,
        part=part,
        errors=messages(error),
        error_code=error.code if error else None,
        **dossier_pages.values(dossier),
    )
    return make_response(page, error.status if error else 200)


@bp.get("/dossiers/<code>")
@guards.requires(P.DOSSIER_READ, scope=queries.scope_of, name="locality")
def dossier(code: str) -> Any:
    """One dossier, with what is to be done about it."""
    return _page(queries.by_code(code))


@bp.get("/dossiers/<code>/papers/<int:paper_id>")
@guards.requires(P.DOSSIER_READ, scope=queries.scope_of, name="locality")
def dossier_file(code: str, paper_id: int) -> Any:
    """A paper's file."""
    found = queries.by_code(code)
    if found.state is DossierState.DRAFT:
        raise NotFound
    return dossier_pages.file_of(found, paper_id)


def _report() -> dict[str, Any]:
    found: dict[str, Any] = {key: pen.line(key, 20) for key in checklist.REPORT}
    found |= {f"{key}_note": pen.words(f"{key}_note", 1000) for key in checklist.REPORT}
    raw = pen.line("samples", 4)
    return found | {"samples": int(raw) if raw.isdigit() else None}


@bp.post("/dossiers/<code>/<any(return,complete,propose):act>")
@guards.requires(P.DOSSIER_CHECK, scope=queries.scope_of, name="locality")
def dossier_check(code: str, act: str) -> Any:
    """What the commune does: return it, find it complete, propose it."""
    found, actor = queries.by_code(code), guards.actor()
    try:
        if act == "return":
            services.give_back(actor, found.id, pen.words("why"))
            flash(gettext("Đã trả lại kèm lý do. Giấy tờ trong hồ sơ vẫn giữ nguyên."), "ok")
        elif act == "complete":
            services.complete(actor, found.id)
            flash(gettext("Đã xác nhận đủ hồ sơ. Còn báo cáo mẫu 03 và đề nghị."), "ok")
        else:
            taken = services.propose(actor, found.id, _report(), pen.words("proposal"))
            if taken:
                flash(gettext("Đã đề nghị tỉnh đánh giá, vào đợt %(code)s.", code=taken), "ok")
            elif rounds.is_open(RoundLevel.PROVINCE):
                flash(gettext("Đã đề nghị. Quá ngày chốt của đợt đang mở nên hồ sơ chờ đợt sau."), "warn")
            else:
                flash(gettext("Đã đề nghị. Hiện không có đợt nào đang nhận hồ sơ nên hồ sơ chờ đợt kế tiếp."), "warn")
    except NotFound:
        raise
    except ShopError as error:
        return _page(queries.by_code(code), error, act)
    return redirect(web.path(f"{HERE}/{code}"), 303)


@bp.post("/dossiers/<code>/hand-over")
@guards.requires_all(P.ROUND_EDIT)
def dossier_hand_over(code: str) -> Any:
    """Say which unit has a dossier whose commune has ceased."""
    found = queries.by_code(code)
    try:
        moving.hand_over(guards.actor(), found.id, pen.line("commune", 20))
    except NotFound:
        raise
    except ShopError as error:
        return _page(queries.by_code(code), error, "hand-over")
    flash(gettext("Đã giao hồ sơ cho %(commune)s.", commune=queries.by_code(code).commune_name), "ok")
    return redirect(web.path(f"{HERE}/{code}"), 303)


@bp.post("/dossiers/<code>/objection")
@guards.requires_all(P.ROUND_EDIT)
def dossier_objection(code: str) -> Any:
    """Answer what the producer says against the result."""
    found = queries.by_code(code)
    waiting = next((o for o in dossier_pages.councils.objections_of(found.id) if o.answered_at is None), None)
    try:
        if waiting is None:
            raise DossierMovedOn
        uphold = pen.line("uphold", 3)
        if uphold not in ("yes", "no"):
            raise Invalid(N_("Hãy chọn chấp nhận hay không."), field="uphold")
        results.answer_objection(guards.actor(), waiting.id, uphold=uphold == "yes", answer=pen.words("answer"))
    except NotFound:
        raise
    except ShopError as error:
        return _page(queries.by_code(code), error, "objection")
    flash(gettext("Đã trả lời kiến nghị."), "ok")
    return redirect(web.path(f"{HERE}/{code}"), 303)


@bp.post("/dossiers/<code>/ministry")
@guards.requires_all(P.ROUND_EDIT)
def dossier_ministry(code: str) -> Any:
    """Write down what the ministry found."""
    found = queries.by_code(code)
    try:
        try:
            score = Decimal(pen.line("score", 10).replace(",", "."))
        except InvalidOperation:
            raise Invalid(N_("Điểm phải từ 0 đến 100."), field="score") from None
        stars = pen.line("stars", 1)
        results.tell_ministry(
            guards.actor(), found.id, score, int(stars) if stars.isdigit() else 99, pen.line("paper", 80)
        )
    except NotFound:
        raise
    except ShopError as error:
        return _page(queries.by_code(code), error, "ministry")
    flash(gettext("Đã ghi kết quả của bộ."), "ok")
    return redirect(web.path(f"{HERE}/{code}"), 303)
