"""Goods of a fair in the office: suggested, wanted, committed, on the way, there; papers; what is left."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.exhibitions import tabs
from shop.exhibitions.models.days import PAPER_FOR_NAMES
from shop.exhibitions.models.fairs import Exhibition, FairState
from shop.exhibitions.office import acts, bp
from shop.exhibitions.office.booths import AFTER_BOOTHS
from shop.exhibitions.office.fairs import page
from shop.exhibitions.queries import days as day_queries
from shop.exhibitions.queries import fairs
from shop.exhibitions.queries import goods as queries
from shop.exhibitions.services import goods, homeward
from shop.kernel import clock
from shop.kernel.errors import N_, NotFound, ShopError
from shop.kernel.forms import messages
from shop.points import queries as points
from shop.supply import forms as typed

P = Permission
tabs.add(45, "goods", N_("Hàng"), P.EXHIBITION_READ, AFTER_BOOTHS)


@bp.get("/exhibitions/<slug>/goods")
@guards.requires(P.EXHIBITION_READ, scope=fairs.scope)
def goods_page(slug: str) -> Any:
    """Goods by stand, every paper, what is missing."""
    return _page(fairs.by_slug(slug))


def _page(fair: Exhibition, error: ShopError | None = None) -> Any:
    stands = queries.stands(fair)
    today = clock.today()
    home = points.by_ids([fair.home_point_id]).get(fair.home_point_id) if fair.home_point_id else None
    moves = fair.state in goods.GOODS_MOVE
    proposals = {s.stand_id: goods.proposed(fair, s) for s in stands if s.missing and s.point_id} if moves else {}
    rows = [row for stand in stands for row in stand.rows]
    return page(
        "exhibitions/office/goods.html",
        fair,
        "goods",
        error.status if error else 200,
        stands=stands,
        proposals=proposals,
        papers=queries.papers(fair.id),
        left=queries.leftovers(fair.id) if fair.state not in (FairState.ALLOTTED, FairState.RUNNING) else [],
        purposes={k: gettext(n) for k, n in PAPER_FOR_NAMES.items()},
        home=home,
        bring_on=queries.bring_on(fair, today),
        eve=fair.from_on is not None and (fair.from_on - today).days == 1,
        moves=moves,
        unknown=sum(1 for row in rows if row.suggested is None),
        unanswered=sum(1 for stand in stands if not stand.answered),
        missing=sum(row.missing for row in rows),
        ending=[(stand, row) for stand in stands for row in stand.rows if row.ends_on],
        may_run=guards.may(P.EXHIBITION_RUN, f"exhibition:{fair.id}"),
        v=request.form if error else {},
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=acts.op_key(error),
    )


def _to(slug: str) -> str:
    return f"{acts.HERE}/{slug}/goods"


def _may_approve(fair: Exhibition) -> bool:
    return guards.may(P.TRANSFER_APPROVE, f"exhibition:{fair.id}")


@bp.post("/exhibitions/<slug>/goods/suggest")
@guards.requires(P.EXHIBITION_RUN, scope=fairs.scope)
def suggest(slug: str) -> Any:
    """Work the suggestions out anew."""
    fair = fairs.by_slug(slug)

    def command() -> str:
        known = goods.suggest(guards.actor(), fair.id)
        return gettext("Đã tính gợi ý cho %(n)s quy cách; quy cách chưa đủ số liệu ghi là chưa biết.", n=known)

    return acts.answered(_to(slug), command, lambda error: _page(fairs.by_slug(slug), error))


@bp.post("/exhibitions/<slug>/goods/send")
@guards.requires(P.EXHIBITION_RUN, scope=fairs.scope)
def send(slug: str) -> Any:
    """Make the papers of one stand, or of all that have something missing (`stand` empty)."""
    fair, form = fairs.by_slug(slug), request.form

    def command() -> str:
        actor, key = guards.actor(), form.get("op_key", "")
        stand_id = acts.row_id(form.get("stand"), "stand")
        if stand_id is None:
            n = goods.send_all(actor, fair, key, approve=_may_approve(fair))
            return gettext("Đã lập phiếu cho %(n)s cơ sở.", n=n)
        stand = next((s for s in queries.stands(fair) if s.stand_id == stand_id), None)
        if stand is None:
            raise NotFound
        variants = [row.variant_id for row in stand.rows]
        what = goods.Sends(
            {v: n for v in variants if (n := typed.number(form.get(f"home-{v}"), f"home-{v}"))},
            {v: n for v in variants if (n := typed.number(form.get(f"maker-{v}"), f"maker-{v}"))},
        )
        on = typed.some_day(form.get("on"), "on")
        sent = goods.send(actor, fair.id, stand_id, what, on, key, approve=_may_approve(fair))
        return gettext("Đã lập phiếu: %(papers)s.", papers=", ".join(filter(None, (sent.transfer, sent.delivery))))

    return acts.answered(_to(slug), command, lambda error: _page(fairs.by_slug(slug), error))


@bp.post("/exhibitions/<slug>/goods/home")
@guards.requires(P.EXHIBITION_RUN, scope=fairs.scope)
def goods_home(slug: str) -> Any:
    """A paper home for everything that lies free at a booth."""
    fair = fairs.by_slug(slug)

    def command() -> str:
        booth = day_queries.booth(fair.id, request.form.get("code", ""))
        made = homeward.send_home(guards.actor(), booth.id)
        if made is False:
            return gettext("Gian %(code)s không còn hàng nào chưa có phiếu.", code=booth.code)
        return gettext("Đã lập phiếu %(r)s đưa hàng gian %(code)s về kho.", r=made, code=booth.code)

    return acts.answered(_to(slug), command, lambda error: _page(fairs.by_slug(slug), error))
