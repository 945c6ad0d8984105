"""The plan of a fair for staff: drawn in the browser, or changed form by form; zones and types of booths; print and PDF."""

from __future__ import annotations

import json
from typing import Any

from flask import flash, jsonify, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.exhibitions import drawn, papers, planforms, tabs
from shop.exhibitions.models.fairs import (
    FAIR_LIVE,
    FEATURE_NAMES,
    SUBSIDY_NAMES,
    ZONE_COLOUR_NAMES,
    Exhibition,
    FairState,
)
from shop.exhibitions.office import bp
from shop.exhibitions.office.fairs import HERE, page
from shop.exhibitions.plan import Direction
from shop.exhibitions.queries import fairs
from shop.exhibitions.services import plan
from shop.kernel import web
from shop.kernel.errors import N_, ShopError

DIRECTIONS = {
    Direction.RIGHT: N_("Sang phải"),
    Direction.DOWN: N_("Xuống dưới"),
    Direction.LEFT: N_("Sang trái"),
    Direction.UP: N_("Lên trên"),
}
# What the editor says; it fills the placeholders itself.
EDITOR_WORDS = {
    "size": N_("%(w)s × %(h)s m"),
    "booth": N_("Gian %(code)s"),
    "at": N_("cột %(x)s, hàng %(y)s, %(w)s × %(h)s ô"),
    "overlap": N_("“%(a)s” và “%(b)s” chồng lên nhau."),
    "outside": N_("“%(a)s” nằm ngoài mặt bằng."),
    "twice": N_("Có hai gian cùng mã %(a)s."),
    "stood": N_("Gian %(a)s đang có cơ sở nên không xóa được."),
    "saved": N_("Đã lưu sơ đồ."),
    "dirty": N_("Chưa lưu."),
    "clean": N_("Không có gì phải lưu."),
    "failed": N_("Không gửi được. Phần vẽ vẫn còn ở đây, hãy thử lại."),
    "merged": N_("Có người vừa lưu bản khác. Đã ghép phần bạn sửa vào bản mới; hãy xem lại rồi lưu."),
    "noroom": N_("Không còn chỗ trống cho gian này."),
    "notype": N_("Hãy lập loại gian trước."),
    "removed": N_("Đã xóa %(a)s."),
    "undone": N_("Đã hoàn tác."),
    "nozone": N_("Chưa thuộc khu nào"),
}
_STATES = frozenset(FairState) - {FairState.RECORDED}
tabs.add(20, "plan", N_("Sơ đồ"), Permission.EXHIBITION_READ, _STATES)
tabs.add(22, "plan/kinds", N_("Khu và loại gian"), Permission.EXHIBITION_READ, _STATES)


def _labels(names: Any) -> list[tuple[str, str]]:
    return [(key.value, gettext(label)) for key, label in names.items()]


def _may_edit(fair: Exhibition) -> bool:
    return fair.state in FAIR_LIVE and guards.may(Permission.EXHIBITION_EDIT, f"exhibition:{fair.id}")


def _shown(fair: Exhibition, status: int = 200, do: str = "", sent: Any = None, error: ShopError | None = None) -> Any:
    p = drawn.of(fair, who=True)
    may_edit = _may_edit(fair)
    return page(
        "exhibitions/office/plan.html",
        fair,
        "plan",
        status,
        p=p,
        may_edit=may_edit,
        data=json.dumps(planforms.written(p), ensure_ascii=False) if may_edit else "",
        words=json.dumps({key: gettext(word) for key, word in EDITOR_WORDS.items()}, ensure_ascii=False),
        kinds=_labels(FEATURE_NAMES),
        directions=_labels(DIRECTIONS),
        types=[(t.id, t.name) for t in p.types],
        zones=[(z.row.id, z.name) for z in p.zones],
        do=do,
        sent=sent or {},
        word=gettext(error.title, **error.values) if error else "",
        errors={error.field: [gettext(error.title, **error.values)]} if error and error.field else {},
    )


@bp.get("/exhibitions/<slug>/plan")
@guards.requires(Permission.EXHIBITION_READ, scope=fairs.scope)
def plan_page(slug: str) -> Any:
    """The plan, with its editor for those who may change it; `booth` or `feature` opens one in the form."""
    fair = fairs.by_slug(slug)
    for what in ("booth", "feature"):
        if (key := request.args.get(what, "")).isdecimal():
            now, _version = plan.drawing(fair.id)
            among: Any = now.booths if what == "booth" else now.features
            for one in among:
                if str(one.id) == key:
                    return _shown(fair, do=what, sent=planforms.as_fields(one))
    return _shown(fair)


@bp.post("/exhibitions/<slug>/plan")
@guards.requires(Permission.EXHIBITION_EDIT, scope=fairs.scope)
def plan_save(slug: str) -> Any:
    """Save what was drawn (`plan`: JSON; answers JSON), or the one change that a form asks for (`do`)."""
    fair = fairs.by_slug(slug)
    if "plan" in request.form:
        return _save_drawing(fair)
    do = request.form.get("do", "")
    try:
        seen = planforms.whole(request.form.get("seen"), "seen")
        now, _version = plan.drawing(fair.id)
        change = planforms.CHANGES.get(do)
        if change is not None:
            plan.save(guards.actor(), fair.id, change(now, request.form), seen=seen)
    except ShopError as error:
        return _shown(fairs.by_slug(slug), error.status, do, request.form, error)
    flash(gettext("Đã lưu sơ đồ."), "ok")
    return redirect(web.path(f"{HERE}/{slug}/plan"))


def _save_drawing(fair: Exhibition) -> Any:
    try:
        wanted, seen = planforms.read(request.form["plan"])
        plan.save(guards.actor(), fair.id, wanted, seen=seen)
        told: dict[str, Any] = {"message": gettext("Đã lưu sơ đồ.")}
        status = 200
    except ShopError as error:
        told = {"code": error.code, "title": gettext(error.title, **error.values)}
        told["shapes"] = [str(error.values[key]) for key in ("first", "second", "code", "name") if key in error.values]
        status = error.status
    # Saved or refused, the editor needs what is there now: ids of new booths, or what somebody else drew.
    told["plan"] = planforms.written(drawn.of(fairs.by_slug(fair.slug), who=True))
    answer = jsonify(told)
    answer.status_code = status
    return answer


@bp.get("/exhibitions/<slug>/plan/print")
@guards.requires(Permission.EXHIBITION_READ, scope=fairs.scope)
def plan_print(slug: str) -> Any:
    """The plan alone, for printing."""
    fair = fairs.by_slug(slug)
    return render_template("exhibitions/office/plan_print.html", here=HERE, fair=fair, p=drawn.of(fair, who=True))


@bp.get("/exhibitions/<slug>/plan.pdf")
@guards.requires(Permission.EXHIBITION_READ, scope=fairs.scope)
def plan_pdf(slug: str) -> Any:
    """The plan and the list of booths as PDF."""
    fair = fairs.by_slug(slug)
    return papers.answer(papers.plan(drawn.of(fair, who=True), published=True), f"so-do-{fair.slug}.pdf")


# --- zones and types ---------------------------------------------------------------------------------------------


def _kinds(fair: Exhibition, status: int = 200, do: str = "", sent: Any = None, error: ShopError | None = None) -> Any:
    p = drawn.of(fair, who=False)
    return page(
        "exhibitions/office/plan_kinds.html",
        fair,
        "plan/kinds",
        status,
        p=p,
        may_edit=_may_edit(fair),
        colours=_labels(ZONE_COLOUR_NAMES),
        subsidies=_labels(SUBSIDY_NAMES),
        subsidy_names=SUBSIDY_NAMES,
        metres=drawn.metres,
        counts={t.id: sum(b.row.type_id == t.id for b in p.booths) for t in p.types},
        do=do,
        sent=sent or {},
        word=gettext(error.title, **error.values) if error else "",
        errors={error.field: [gettext(error.title, **error.values)]} if error and error.field else {},
    )


@bp.get("/exhibitions/<slug>/plan/kinds")
@guards.requires(Permission.EXHIBITION_READ, scope=fairs.scope)
def plan_kinds(slug: str) -> Any:
    """Zones and types of booths; `zone` or `type` opens one in its form."""
    fair = fairs.by_slug(slug)
    p = drawn.of(fair, who=False)
    for what, rows in (("zone", [z.row for z in p.zones]), ("type", list(p.types))):
        for row in rows:
            if str(row.id) == request.args.get(what, ""):
                return _kinds(fair, do=what, sent={c.key: getattr(row, c.key) for c in row.__table__.columns})
    return _kinds(fair)


@bp.post("/exhibitions/<slug>/plan/kinds")
@guards.requires(Permission.EXHIBITION_EDIT, scope=fairs.scope)
def plan_kinds_save(slug: str) -> Any:
    """Add, change or remove a zone or a type of booths."""
    fair, actor, do = fairs.by_slug(slug), guards.actor(), request.form.get("do", "")
    try:
        seen = planforms.whole(request.form.get("seen"), "seen")
        if do == "zone":
            zone_id, zone = planforms.zone(request.form)
            plan.put_zone(actor, fair.id, zone_id, zone, seen=seen)
        elif do == "type":
            type_id, kind = planforms.booth_type(request.form)
            plan.put_type(actor, fair.id, type_id, kind, seen=seen)
        elif do in {"remove-zone", "remove-type"}:
            remove = plan.remove_zone if do == "remove-zone" else plan.remove_type
            remove(actor, fair.id, planforms.whole(request.form.get("id"), "id", high=10**12), seen=seen)
    except ShopError as error:
        return _kinds(fairs.by_slug(slug), error.status, do, request.form, error)
    flash(gettext("Đã lưu."), "ok")
    return redirect(web.path(f"{HERE}/{slug}/plan/kinds"))
