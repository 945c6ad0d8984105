"""`/producer/dossiers`: a producer's OCOP dossiers, from the first paper to the result."""

from __future__ import annotations

from typing import Any

from flask import flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.kernel import clock, dates, web
from shop.kernel.errors import NotFound, ShopError
from shop.kernel.forms import messages
from shop.places import queries as places
from shop.places.models import HOME_PROVINCE
from shop.producers import maker
from shop.programme import dossier_pages, pen
from shop.programme.errors import DossierMovedOn
from shop.programme.models.dossiers import DOSSIER_KIND_NAMES, OPEN_TO_PRODUCER, Dossier, DossierState, RoundLevel
from shop.programme.portal import bp
from shop.programme.queries import dossiers as queries
from shop.programme.queries import evidence as evidence_queries
from shop.programme.queries import rounds
from shop.programme.services import dossiers as services
from shop.programme.services import evidence, results

HERE = "/producer/dossiers"
P = Permission
IN_HAND = {DossierState.SUBMITTED, DossierState.COMPLETE, DossierState.PROPOSED}
BEFORE_COUNCIL = OPEN_TO_PRODUCER | IN_HAND


@bp.get("/dossiers")
@guards.requires(P.DOSSIER_FILE)
def dossiers() -> Any:
    """The producer's dossiers."""
    here = maker.current(P.DOSSIER_FILE)
    view = queries.OWN.open(
        request.args, HERE, queries.own_rows(here.id), make=lambda row: queries.DossierRow(*tuple(row))
    )
    if view.export:
        return view.download()
    return render_template("programme/portal/dossiers.html", here=HERE, view=view, **dossier_pages.NAMES)


def _labelled(product_id: int, name: str) -> tuple[int, str]:
    """A product in the list, with the certificate that decides which kind of dossier fits it."""
    held = queries.last_certificate(product_id)
    if held is None:
        return product_id, name
    day = dates.day(held.expires_on)
    if held.expires_on < clock.today():
        return product_id, gettext("%(name)s (%(stars)s sao, hết hạn %(day)s)", name=name, stars=held.stars, day=day)
    return product_id, gettext("%(name)s (%(stars)s sao đến %(day)s)", name=name, stars=held.stars, day=day)


def _new_page(error: ShopError | None = None) -> Any:
    here = maker.current(P.DOSSIER_FILE)
    today = clock.today()
    page = render_template(
        "programme/portal/dossier_new.html",
        here=HERE,
        products=[_labelled(*one) for one in queries.may_open(here.id)],
        kinds=[(kind.value, gettext(name)) for kind, name in DOSSIER_KIND_NAMES.items()],
        communes=[(u.code, places.display(u.code, today)) for u in places.communes(HOME_PROVINCE, today)],
        taking=rounds.taking(RoundLevel.PROVINCE, today),
        v=request.form or request.args,
        errors=messages(error),
        error_code=error.code if error else None,
    )
    return make_response(page, error.status if error else 200)


@bp.route("/dossiers/new", methods=["GET", "POST"])
@guards.requires(P.DOSSIER_FILE)
def dossier_new() -> Any:
    """Open a dossier for one of the producer's goods."""
    if request.method == "GET":
        return _new_page()
    here = maker.current(P.DOSSIER_FILE)
    product_id = pen.number("product")
    try:
        if all(i != product_id for i, _name in queries.may_open(here.id)):
            living = queries.living_of(product_id, here.id)
            if living is None:
                raise services.no_product()
            return redirect(web.path(f"{HERE}/{living}"), 303)  # sent twice, or opened by a colleague
        code = services.open_dossier(
            guards.actor(), product_id, pen.line("kind"), commune_code=pen.line("commune", 20) or None
        )
    except NotFound:
        raise
    except ShopError as error:
        return _new_page(error)
    flash(gettext("Đã lập hồ sơ. Hãy thêm giấy tờ theo danh mục rồi nộp cho xã."), "ok")
    return redirect(web.path(f"{HERE}/{code}"), 303)


def _page(dossier: Dossier, error: ShopError | None = None, part: str = "") -> Any:
    today = clock.today()
    told = messages(error)
    if error is not None and part.startswith("paper-"):  # one form for each line: the fields' names carry the line's
        told = {f"f-{field}-{part[6:]}" if field else "": word for field, word in told.items()}
    page = render_template(
        "programme/portal/dossier.html",
        here=HERE,
        address=web.path(f"{HERE}/{dossier.code}"),
        may_write=dossier.state in OPEN_TO_PRODUCER,
        may_withdraw=dossier.state in BEFORE_COUNCIL and not dossier_pages.councils.results_of(dossier.id),
        may_answer=dossier.state is DossierState.SCORED
        and dossier.accepted_at is None
        and dossier.ministry_paper is None
        and not queries.has_objection(dossier.id),
        in_term=dossier.objection_until is not None and dossier.objection_until >= today,
        taking=rounds.taking(RoundLevel.PROVINCE, today),
        offer=evidence_queries.offer(dossier).stored() if dossier.state in OPEN_TO_PRODUCER else None,
        v=request.form,
        part=part,
        errors=told,
        error_code=error.code if error else None,
        **dossier_pages.values(dossier),
    )
    return make_response(page, error.status if error else 200)


@bp.get("/dossiers/<code>")
@guards.requires(P.DOSSIER_FILE, scope=queries.producer_of, name="producer")
def dossier(code: str) -> Any:
    """One dossier: checklist, where it is, result, what happened."""
    return _page(queries.by_code(code))


@bp.post("/dossiers/<code>/papers")
@guards.requires(P.DOSSIER_FILE, scope=queries.producer_of, name="producer")
def dossier_paper(code: str) -> Any:
    """Put a paper into it."""
    found = queries.by_code(code)
    line = pen.line("requirement", 40)
    try:
        issued_on, ends_on = pen.day("issued_on"), pen.day("ends_on")
        file_key = services.keep_file(pen.upload())
        services.add_paper(
            guards.actor(), found.id, line, file_key, number=pen.line("number", 80) or None, issued_on=issued_on,
            ends_on=ends_on,
        )  # fmt: skip
    except NotFound:
        raise
    except ShopError as error:
        return _page(queries.by_code(code), error, f"paper-{line}")
    flash(gettext("Đã thêm giấy tờ."), "ok")
    return redirect(web.path(f"{HERE}/{code}") + f"#{line}", 303)


@bp.get("/dossiers/<code>/papers/<int:paper_id>")
@guards.requires(P.DOSSIER_FILE, scope=queries.producer_of, name="producer")
def dossier_file(code: str, paper_id: int) -> Any:
    """A paper's file."""
    return dossier_pages.file_of(queries.by_code(code), paper_id)


@bp.post("/dossiers/<code>/papers/<int:paper_id>/remove")
@guards.requires(P.DOSSIER_FILE, scope=queries.producer_of, name="producer")
def dossier_paper_out(code: str, paper_id: int) -> Any:
    """Take a paper out."""
    try:
        services.remove_paper(guards.actor(), queries.by_code(code).id, paper_id)
    except NotFound:
        raise
    except ShopError as error:
        return _page(queries.by_code(code), error)
    flash(gettext("Đã bỏ giấy tờ khỏi hồ sơ. Bản cũ vẫn lưu trong lịch sử."), "ok")
    return redirect(web.path(f"{HERE}/{code}") + "#giay-to", 303)


@bp.post("/dossiers/<code>/<any(evidence,submit,withdraw,accept,object):act>")
@guards.requires(P.DOSSIER_FILE, scope=queries.producer_of, name="producer")
def dossier_act(code: str, act: str) -> Any:
    """What the producer does with the whole dossier."""
    found, actor = queries.by_code(code), guards.actor()
    try:
        if act == "evidence":
            evidence.take(actor, found.id)
            flash(gettext("Đã đưa số liệu của cửa hàng vào hồ sơ."), "ok")
        elif act == "submit":
            due = services.submit(actor, found.id)
            flash(gettext("Đã nộp. Xã kiểm tra chậm nhất ngày %(day)s.", day=due.strftime("%d/%m/%Y")), "ok")
        elif act == "withdraw":
            services.withdraw(actor, found.id, pen.words("why"))
            flash(gettext("Đã rút hồ sơ."), "ok")
        elif act == "accept":
            results.accept(actor, found.id)
            flash(gettext("Đã ghi nhận: cơ sở đồng ý với kết quả."), "ok")
        else:
            results.object_to(actor, found.id, pen.words("words"))
            flash(gettext("Đã gửi kiến nghị. Cơ quan chương trình sẽ trả lời tại đây."), "ok")
    except NotFound:
        raise
    except ShopError as error:
        now = queries.by_code(code)
        if (
            act == "submit"
            and isinstance(error, DossierMovedOn)
            and now.state in IN_HAND
            and now.submitted_at is not None
        ):
            # Sent twice, or by a colleague a moment ago: what was wanted has been done.
            flash(gettext("Hồ sơ đã được nộp lúc %(at)s.", at=dates.instant(now.submitted_at)), "info")
            return redirect(web.path(f"{HERE}/{code}"), 303)
        return _page(now, error, act)
    return redirect(web.path(f"{HERE}/{code}"), 303)
