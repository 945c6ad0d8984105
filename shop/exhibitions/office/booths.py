"""Booths as points of sale: prepare, open the fair, machines and their codes, who stands at the counters, the hall's screen."""

from __future__ import annotations

from typing import Any

from flask import current_app, make_response, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.exhibitions import stand_papers, tabs
from shop.exhibitions.models.fairs import Exhibition, FairState
from shop.exhibitions.office import acts, bp
from shop.exhibitions.office.fairs import page
from shop.exhibitions.queries import days as queries
from shop.exhibitions.queries import fairs
from shop.exhibitions.services import booths
from shop.kernel import clock, web
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.kernel.forms import messages
from shop.supply import forms as typed
from shop.till.office import qr

P = Permission
AFTER_BOOTHS = frozenset(
    {FairState.ALLOTTED, FairState.RUNNING, FairState.CLOSED, FairState.REPORTED, FairState.CANCELLED}
)
tabs.add(40, "booths", N_("Gian, máy bán"), P.EXHIBITION_RUN, AFTER_BOOTHS)
DEVICE_STATES = {
    "enrolled": (N_("Đang dùng"), "ok"),
    "new": (N_("Chưa ghi danh"), "warn"),
    "revoked": (N_("Đã thu hồi"), ""),
}


@bp.get("/exhibitions/<slug>/booths")
@guards.requires(P.EXHIBITION_RUN, scope=fairs.scope)
def booth_page(slug: str) -> Any:
    """Booths × point × machines × keepers, and what is still to be prepared."""
    return _page(fairs.by_slug(slug))


def _page(fair: Exhibition, error: ShopError | None = None) -> Any:
    rows = queries.booths(fair.id)
    setup = queries.setup(fair.id)
    today = clock.today()
    base = current_app.extensions["shop_config"].base_url
    return page(
        "exhibitions/office/booths.html",
        fair,
        "booths",
        error.status if error else 200,
        rows=rows,
        setup=setup,
        lacking=sum(1 for row in rows if row.given and row.point_id is None),
        given=sum(1 for row in rows if row.given),
        bare=[row for row in rows if row.point_id is not None and row.given and not row.devices],
        waiting=[row for row in rows if any(state == "new" for _c, state in row.devices)],
        may_prepare=fair.state in booths.PREPARABLE,
        may_open=fair.state is FairState.ALLOTTED and setup is not None,
        is_day=fair.from_on is not None and fair.to_on is not None and fair.from_on <= today < fair.to_on,
        may_machines=guards.may(P.TILL_MANAGE, f"exhibition:{fair.id}"),
        people=queries.candidates(fair.id) if fair.state in booths.PREPARABLE else [],
        device_states={k: (gettext(n), kind) for k, (n, kind) in DEVICE_STATES.items()},
        screen=f"{base}/hoi-cho/{fair.slug}/man-hinh/{setup.screen_token}" if setup else "",
        v=request.form if error else {},
        errors=messages(error),
        error_code=error.code if error else None,
    )


def _to(slug: str) -> str:
    return f"{acts.HERE}/{slug}/booths"


@bp.post("/exhibitions/<slug>/booths/prepare")
@guards.requires(P.EXHIBITION_RUN, scope=fairs.scope)
def prepare(slug: str) -> Any:
    """Give each booth with a stand its point."""
    fair, form = fairs.by_slug(slug), request.form

    def command() -> str:
        terms = booths.Terms(
            typed.number(form.get("days_before"), "days_before", needed=True),
            typed.number(form.get("days_after"), "days_after", needed=True),
            form.get("pickup") == "1",
        )
        made = booths.prepare(guards.actor(), fair.id, terms)
        return gettext(
            "Đã chuẩn bị: %(made)s gian có điểm bán mới, %(changed)s gian sửa theo, %(closed)s gian đóng.",
            made=made.made, changed=made.changed, closed=made.closed,
        )  # fmt: skip

    return acts.answered(_to(slug), command, lambda error: _page(fairs.by_slug(slug), error))


@bp.post("/exhibitions/<slug>/booths/open")
@guards.requires(P.EXHIBITION_RUN, scope=fairs.scope)
def open_fair(slug: str) -> Any:
    """Open the fair on one of its days."""
    fair = fairs.by_slug(slug)

    def command() -> str:
        booths.open_fair(guards.actor(), fair.id)
        return gettext("Hội chợ đã mở cửa.")

    return acts.answered(_to(slug), command, lambda error: _page(fairs.by_slug(slug), error))


def _chosen(field: str = "booth") -> list[int]:
    return [n for raw in request.form.getlist(field) if (n := acts.row_id(raw, field)) is not None]


@bp.post("/exhibitions/<slug>/booths/machines")
@guards.requires(P.TILL_MANAGE, scope=fairs.scope)
def machines(slug: str) -> Any:
    """Make a machine known for each chosen booth that has none."""
    fair = fairs.by_slug(slug)

    def command() -> str:
        letter = request.form.get("letter", "").strip().upper()
        n = booths.add_machines(guards.actor(), fair.id, _chosen(), letter)
        return gettext("Đã thêm %(n)s máy bán.", n=n)

    return acts.answered(_to(slug), command, lambda error: _page(fairs.by_slug(slug), error))


@bp.post("/exhibitions/<slug>/booths/codes")
@guards.requires(P.TILL_MANAGE, scope=fairs.scope)
def codes(slug: str) -> Any:
    """New enrolment codes of the machines of the chosen booths, shown once, to be printed."""
    fair = fairs.by_slug(slug)
    try:
        made = booths.enrol_codes(guards.actor(), fair.id, _chosen())
    except ShopError as error:
        return _page(fair, error)
    web.mark_private()
    base = request.url_root.rstrip("/").removesuffix("/en")
    return make_response(
        render_template(
            "exhibitions/office/codes.html",
            here=acts.HERE,
            fair=fair,
            made=[(one, qr(f"{base}/till#code={one.code.code}")) for one in made],
        )
    )


@bp.post("/exhibitions/<slug>/booths/keepers")
@guards.requires(P.EXHIBITION_RUN, scope=fairs.scope)
def keepers(slug: str) -> Any:
    """Let somebody stand at a booth's counter (`do` = add), or no more (`do` = end)."""
    fair, form = fairs.by_slug(slug), request.form

    def command() -> str:
        booth = queries.booth(fair.id, form.get("code", ""))
        known = {user_id for user_id, _name, _whose in queries.candidates(fair.id)}
        here = {user_id for row in queries.booths(fair.id) if row.id == booth.id for user_id, _name in row.keepers}
        user_id = acts.row_id(form.get("user"), "user")
        if form.get("do") == "end":
            if user_id is None or user_id not in here:
                raise Invalid(N_("Hãy chọn trong danh sách."), field="user")
            booths.end_keeper(guards.actor(), booth.id, user_id)
            return gettext("Đã thôi giao quầy của gian %(code)s.", code=booth.code)
        if user_id is None or user_id not in known:
            raise Invalid(N_("Hãy chọn trong danh sách."), field="user")
        booths.add_keeper(guards.actor(), booth.id, user_id)
        return gettext("Đã giao quầy của gian %(code)s.", code=booth.code)

    return acts.answered(_to(slug), command, lambda error: _page(fairs.by_slug(slug), error))


@bp.post("/exhibitions/<slug>/booths/screen")
@guards.requires(P.EXHIBITION_RUN, scope=fairs.scope)
def screen_link(slug: str) -> Any:
    """A new secret for the hall's screen."""
    fair = fairs.by_slug(slug)

    def command() -> str:
        booths.new_screen(guards.actor(), fair.id)
        return gettext("Đã đổi địa chỉ màn hình; địa chỉ cũ không mở được nữa.")

    return acts.answered(_to(slug), command, lambda error: _page(fairs.by_slug(slug), error))


@bp.get("/exhibitions/<slug>/booths/qr.pdf")
@guards.requires(P.EXHIBITION_RUN, scope=fairs.scope)
def qr_sheets(slug: str) -> Any:
    """The sheets with the codes of all booths' pages."""
    fair = fairs.by_slug(slug)
    rows = [row for row in queries.booths(fair.id) if row.given]
    if not rows:
        raise NotFound
    answer = make_response(stand_papers.qr_sheets(fair, rows))
    answer.mimetype = "application/pdf"
    answer.headers["Content-Disposition"] = f'attachment; filename="gian-{fair.slug}.pdf"'
    return answer
