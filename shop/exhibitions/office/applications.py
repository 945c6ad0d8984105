"""Applications of a fair for staff: the list, one with its papers, what the organiser says of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.exhibitions import tabs
from shop.exhibitions.models.calls import (
    APPLICATION_NAMES,
    ENDORSEMENT_NAMES,
    PAPERS_NAMES,
    ApplicationState,
    PapersState,
)
from shop.exhibitions.models.fairs import FairState
from shop.exhibitions.office import bp
from shop.exhibitions.office.frame import page
from shop.exhibitions.queries import applications as lists
from shop.exhibitions.queries import booths, calls, fairs, past
from shop.exhibitions.queries.calls import Whole
from shop.exhibitions.services import applications, moving, rows
from shop.kernel import operations, web
from shop.kernel.errors import N_, NotFound, ShopError

P = Permission
A, F = ApplicationState, FairState
PART = "applications"
KNOWN = frozenset(FairState) - {F.RECORDED}
tabs.add(30, PART, N_("Hồ sơ đăng ký"), P.EXHIBITION_READ, KNOWN)


@bp.get("/exhibitions/<slug>/applications")
@guards.requires(P.EXHIBITION_READ, scope=fairs.scope)
def applications_of(slug: str) -> Any:
    """All applications that were handed in."""
    fair = fairs.by_slug(slug)
    view = lists.of_fair(request.args, fair)
    if view.export:
        return view.download()
    return page(
        "exhibitions/office/applications.html", fair, PART, view=view, names=APPLICATION_NAMES, kinds=calls.STATE_KINDS,
        endorsements=ENDORSEMENT_NAMES, endorsement_kinds=calls.ENDORSEMENT_KINDS, counts=lists.counts(fair.id),
    )  # fmt: skip


def _whole(slug: str, reference: str) -> Whole:
    found = calls.whole(reference)
    if found.fair.slug != slug or found.row.state is A.DRAFT:
        raise NotFound
    return found


def _page(found: Whole, what: str = "", error: ShopError | None = None) -> Any:
    row, fair = found.row, found.fair
    record = past.of_producers([row.producer_id]).get(row.producer_id)
    may = guards.may(P.EXHIBITION_EDIT, f"exhibition:{fair.id}")
    open_fair = fair.state in rows.OPEN_FAIR
    return page(
        "exhibitions/office/application.html", fair, PART, error, a=found, row=row, names=APPLICATION_NAMES,
        kinds=calls.STATE_KINDS, papers_names=PAPERS_NAMES, papers_kinds=calls.PAPERS_KINDS,
        endorsements=ENDORSEMENT_NAMES, endorsement_kinds=calls.ENDORSEMENT_KINDS, record=record, about=what,
        v=request.form if error else {}, op_key=operations.new_key(),
        may_check=may and row.state in (A.SUBMITTED, A.WAITING, A.ACCEPTED) and (open_fair or fair.state is F.RUNNING),
        fitting=[g for g in found.goods if g.row.papers is PapersState.UNCHECKED and g.papers.complete],
        may_decide=may and open_fair and row.state in (A.SUBMITTED, A.WAITING, A.SENT_BACK),
        may_return=row.state is A.SUBMITTED, may_wait=row.state is A.SUBMITTED,
        may_take_out=may and fair.state is F.ALLOTTED and row.state is A.ACCEPTED,
        free=[(code, code) for code in booths.free_booths(fair.id)]
        if may and fair.state is F.ALLOTTED and row.state in (A.WAITING, A.ACCEPTED)
        else [],
    )  # fmt: skip


@bp.get("/exhibitions/<slug>/applications/<reference>")
@guards.requires(P.EXHIBITION_READ, scope=fairs.scope)
def application(slug: str, reference: str) -> Any:
    """One application: its goods with their papers, the locality's word, what may be done."""
    return _page(_whole(slug, reference))


def _act(slug: str, reference: str, what: str, command: Callable[[], Any], words: str) -> Any:
    _whole(slug, reference)
    try:
        command()
    except NotFound:
        raise
    except ShopError as error:
        return _page(_whole(slug, reference), what, error)
    flash(words, "ok")
    return redirect(web.path(f"/office/exhibitions/{slug}/applications/{reference}"), 303)


@bp.post("/exhibitions/<slug>/applications/<reference>/papers")
@guards.requires(P.EXHIBITION_EDIT, scope=fairs.scope)
def check_papers(slug: str, reference: str) -> Any:
    """Write down what a person found of the papers of one pack, or of all that fit by their dates."""
    form, actor = request.form, guards.actor()
    if form.get("do") == "fitting":
        found = _whole(slug, reference)
        ids = [g.row.id for g in found.goods if g.papers.complete]
        words = gettext("Đã ghi giấy tờ hợp lệ cho các mặt hàng đủ giấy có bản chụp.")
        return _act(slug, reference, "papers", lambda: applications.find_all_good(actor, reference, ids), words)
    raw = form.get("goods", "")
    goods = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 16 else 0
    try:
        state = PapersState(form.get("papers", ""))
    except ValueError:
        state = PapersState.UNCHECKED
    return _act(
        slug, reference, "papers",
        lambda: applications.find(actor, reference, goods, state, form.get(f"finding-{goods}")),
        gettext("Đã ghi kết quả kiểm tra."),
    )  # fmt: skip


@bp.post("/exhibitions/<slug>/applications/<reference>/decide")
@guards.requires(P.EXHIBITION_EDIT, scope=fairs.scope)
def decide(slug: str, reference: str) -> Any:
    """Send back, refuse, let wait."""
    actor, form = guards.actor(), request.form
    do = form.get("do", "")
    acts: dict[str, tuple[Callable[[], Any], str]] = {
        "send-back": (
            lambda: applications.send_back(actor, reference, form.get("reason")),
            gettext("Đã trả lại để bổ sung; cơ sở nhận được thư."),
        ),
        "refuse": (
            lambda: applications.refuse(actor, reference, form.get("reason")),
            gettext("Đã từ chối; cơ sở nhận được thư kèm lý do."),
        ),
        "wait": (lambda: applications.to_waiting(actor, reference), gettext("Đã đưa vào cuối danh sách chờ.")),
    }
    if do not in acts:
        raise NotFound
    command, words = acts[do]
    return _act(slug, reference, do, command, words)


@bp.post("/exhibitions/<slug>/applications/<reference>/booth")
@guards.requires(P.EXHIBITION_EDIT, scope=fairs.scope)
def give_booth(slug: str, reference: str) -> Any:
    """Give a free booth, or take the booth away, after the booths were published."""
    actor, form = guards.actor(), request.form
    do, reason, key = form.get("do", ""), form.get("reason"), form.get("op_key", "")
    if do == "put":
        code = form.get("booth", "")
        return _act(
            slug, reference, do, lambda: moving.put(actor, reference, code, reason, key), gettext("Đã xếp gian.")
        )
    if do in (A.WAITING, A.REFUSED):
        to = A(do)
        return _act(
            slug, reference, do, lambda: moving.take_out(actor, reference, to, reason, key),
            gettext("Đã thu lại gian; cơ sở kế tiếp trong danh sách chờ được mời."),
        )  # fmt: skip
    raise NotFound
