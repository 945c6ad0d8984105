"""Who gets what there is, for staff: choose, look at the answer beside simpler ways, change it by hand, approve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from flask import Response, flash, jsonify, make_response, redirect, render_template, request
from flask_babel import gettext, ngettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.catalog.models import Product, Variant
from shop.demand import wording
from shop.demand.allocate import Method
from shop.demand.models.sharing import PLAN_STATE_NAMES, PlanState, SharingLine, SharingPlan
from shop.demand.needs import SOURCE_NAMES, WEB, Source
from shop.demand.office import bp
from shop.demand.queries import sharing as queries
from shop.demand.services import sharing
from shop.demand.services.sharing import Wanted
from shop.kernel import charts, operations, tables, web
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.kernel.facts import Refused
from shop.kernel.forms import messages
from shop.points import queries as points
from shop.points.models import Point
from shop.transfers.models import STATUS_NAMES
from shop.transfers.queries import replenish
from shop.transfers.services import goods_names

HERE = "/office/sharing"
P = Permission
STATE_KINDS = {
    PlanState.COMPUTING: "info",
    PlanState.DRAFT: "warn",
    PlanState.APPROVED: "ok",
    PlanState.SUPERSEDED: "",
    PlanState.WITHDRAWN: "",
}
MOST_SKUS = 200


def of_plan(reference: str) -> str | None:
    """A guard's scope: that point of an approved plan which the reader keeps."""
    found = queries.points_of(reference)
    if found is None or found[0] not in queries.TOLD:
        return None
    held = guards.scopes(P.SHARING_READ)
    return next((f"point:{i}" for i in sorted(found[1]) if f"point:{i}" in held), None)


def _mine() -> list[int] | None:
    return points.ids_in(guards.scopes(P.SHARING_READ))


# --- the list ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan as the list shows it."""

    row: Any

    def __getattr__(self, name: str) -> Any:
        return getattr(self.row, name)

    @property
    def state_name(self) -> str:
        """The state in the reader's words."""
        return gettext(PLAN_STATE_NAMES[self.row.state])

    @property
    def kind(self) -> str:
        """How its badge is drawn."""
        return STATE_KINDS[self.row.state]

    @property
    def row_class(self) -> str:
        """How the row is drawn."""
        return "off" if self.row.state in (PlanState.SUPERSEDED, PlanState.WITHDRAWN) else ""


PLANS = tables.Table(
    name="chia-hang",
    columns=(
        tables.Column("reference", N_("Mã"), sort=(SharingPlan.reference,)),
        tables.Column("state", N_("Trạng thái"), sort=(SharingPlan.state,), value="state_name"),
        tables.Column("from_on", N_("Từ ngày"), sort=(SharingPlan.from_on,)),
        tables.Column("until_on", N_("Đến hết ngày"), sort=(SharingPlan.until_on,)),
        tables.Column("goods", N_("Mặt hàng"), "num"),
        tables.Column("units", N_("Số lượng"), "num"),
        tables.Column("made_at", N_("Lập lúc"), sort=(SharingPlan.id,)),
        tables.Column("made_by", N_("Người lập"), on_page=False),
        tables.Column("decided_at", N_("Kết thúc hoặc duyệt lúc"), on_page=False),
        tables.Column("decided_by", N_("Người quyết định"), on_page=False),
    ),
    order="-made_at",
    tie=SharingPlan.id,
    filters=(
        tables.Filter(
            "state",
            N_("Trạng thái"),
            queries.in_state,
            (("open", N_("Chờ duyệt")), *((s.value, PLAN_STATE_NAMES[s]) for s in PlanState)),
        ),
    ),
)


@bp.get("/sharing")
@guards.requires(P.SHARING_READ)
def sharing_plans() -> Any:
    """All plans; for keepers the approved ones with lines of their points."""
    view = PLANS.open(request.args, HERE, queries.plan_rows(_mine()), make=PlanView)
    if view.export:
        return view.download()
    return render_template("demand/office/sharing.html", here=HERE, view=view, may_edit=_may_edit())


def _may_edit() -> bool:
    return guards.may(P.SHARING_EDIT, "*")


# --- a new plan --------------------------------------------------------------------------------------------------


def _whole(raw: str, field: str) -> int:
    raw = raw.strip()
    digits = raw.removeprefix("-")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 9:
        raise Invalid(N_("Hãy ghi một số nguyên."), field=field)
    return int(raw)


def _ids(values: Sequence[str]) -> list[int]:
    return list(dict.fromkeys(int(v) for v in values if v.isascii() and v.isdigit() and len(v) < 16))


def _weeks_asked(raw: str) -> int:
    """The weeks to look ahead for the list of scarce goods; what makes no sense is four."""
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) == 1 and 1 <= int(raw) <= sharing.MOST_WEEKS else 4


@bp.get("/sharing/new")
@guards.requires_all(P.SHARING_EDIT)
def new_sharing() -> Any:
    """Choose goods (those that are scarce are chosen), where they come from and who may get them."""
    return _new_page()


def _new_page(error: ShopError | None = None) -> Any:
    form = request.form
    sent = bool(form)
    weeks = _weeks_asked(form.get("weeks", "") if sent else request.args.get("weeks", "4"))
    all_givers, all_places = queries.usual_givers(), queries.usual_places(weeks)
    others = [p for p in points.open_points() if p not in all_givers]
    givers = _ids(form.getlist("givers")) if sent else [p.id for p in all_givers]
    web_too = any(p.ships for p in all_givers if p.id in givers)
    places = (
        _ids(form.getlist("places")) if sent else [p.id for p in all_places if p.id not in givers] + [WEB] * web_too
    )
    chosen = _ids(form.getlist("goods"))
    rows = queries.scarce(weeks, givers, places) if givers else []
    known = {row.variant_id for row in rows}
    rows += queries.rows_of([v for v in chosen if v not in known], weeks, givers, places)
    sizes = queries.last_cartons()
    page = render_template(
        "demand/office/new_sharing.html",
        here=HERE,
        rows=rows,
        chosen=set(chosen) if sent else known,
        cartons={r.variant_id: form.get(f"carton-{r.variant_id}", str(sizes.get(r.variant_id, 1))) for r in rows},
        givers=all_givers,
        others=others,
        places=all_places,
        chosen_givers=set(givers),
        chosen_places=set(places),
        weeks=weeks,
        v={
            "weeks": form.get("weeks", str(weeks)),
            "floor": form.get("floor", "50"),
            "trip": form.get("trip", "1"),
            "waiting": "waiting" in form if sent else True,
            "whole": "whole" in form,
            "skus": form.get("skus", "")[:4000],
        },
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=_key_for(error),
    )
    return make_response(page, error.status if error else 200)


def _key_for(error: ShopError | None) -> str:
    """The key of the form: the same as long as what it was sent with was not carried out."""
    sent = request.form.get("op_key", "")
    return sent if sent and isinstance(error, Invalid) and error.field != "op_key" else operations.new_key()


def _wanted() -> Wanted:
    """What the form asks for.

    Raises:
        Invalid, Refused: a field holds no number, or a SKU is not known (fields as in `services.sharing`).
    """
    form = request.form
    wrong: list[Invalid] = []

    def number(field: str, default: str) -> int:
        try:
            return _whole(form.get(field, default), field)
        except Invalid as error:
            wrong.append(error)
            return 1

    cartons = {v: number(f"carton-{v}", "1") for v in _ids(form.getlist("goods"))}
    skus = list(dict.fromkeys(s.upper() for s in form.get("skus", "").replace(",", " ").split()))[: MOST_SKUS + 1]
    if skus:
        found = queries.by_skus(skus)
        unknown = [s for s in skus if s not in found]
        if unknown:
            title = N_("Không có mặt hàng nào đang bán mang SKU: %(skus)s.")
            wrong.append(Invalid(title, field="skus", skus=", ".join(s[:40] for s in unknown[:10])))
        sizes = queries.last_cartons()
        for variant_id in found.values():
            cartons.setdefault(variant_id, sizes.get(variant_id, 1))
    weeks, floor, trip = number("weeks", "4"), number("floor", "50"), number("trip", "1")
    if len(wrong) == 1:
        raise wrong[0]
    if wrong:
        raise Refused(wrong)
    return Wanted(
        cartons, _ids(form.getlist("givers")), _ids(form.getlist("places")), weeks, floor, "waiting" in form, trip,
        "whole" in form,
    )  # fmt: skip


@bp.post("/sharing")
@guards.requires_all(P.SHARING_EDIT)
def make_sharing() -> Any:
    """Make the plan; a job works it out."""
    try:
        reference = sharing.make(guards.actor(), _wanted(), request.form.get("op_key", ""))
    except ShopError as error:
        return _new_page(error)
    return redirect(web.path(f"{HERE}/{reference}"), 303)


# --- one plan ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LineView:
    """A line as the page and exports show it."""

    row: Any
    carton: int

    def __getattr__(self, name: str) -> Any:
        return getattr(self.row, name)

    @property
    def name(self) -> str:
        """Product and pack."""
        return f"{self.row.product}, {self.row.pack}" if self.row.pack else str(self.row.product)

    @property
    def place(self) -> str:
        """The point, or the web."""
        return self.row.point or gettext(wording.WEB_NAME)

    @property
    def told(self) -> str:
        """Why it gets what it gets."""
        return wording.explain(self.place, self.row.units, self.row.why)

    @property
    def short(self) -> str:
        """How far below the floor of fairness it stays, or ''."""
        return wording.short(self.row.why, self.row.units)

    @property
    def loose(self) -> bool:
        """Whether the number breaks a carton."""
        return bool(self.row.units % self.carton)

    @property
    def source(self) -> str:
        """Where the need came from."""
        return gettext(SOURCE_NAMES[Source(self.row.why["source"])])

    @property
    def low(self) -> int:
        """The low estimate of the need, in whole units."""
        return round(self.row.why["low"])

    @property
    def middle(self) -> int:
        """The middle estimate of the need, in whole units."""
        return round(self.row.why["middle"])

    @property
    def high(self) -> int:
        """The high estimate of the need, in whole units."""
        return round(self.row.why["high"])

    @property
    def there(self) -> int:
        """What is there and on its way there."""
        return int(sum(self.row.why["there"]))

    @property
    def pro_rata(self) -> int:
        """What it would get in proportion to its need."""
        return int(self.row.why["pro_rata"])

    @property
    def first(self) -> int:
        """What it would get if places came one after the other."""
        return int(self.row.why["first"])

    @property
    def row_class(self) -> str:
        """How the row is drawn."""
        return "soon" if self.row.units != self.row.proposed else ""


def _lines_table(reference: str, plan: SharingPlan) -> tables.Table:
    places = plan.inputs["wanted"]["places"]
    by_id = points.by_ids(p for p in places if p != WEB)

    def choices() -> list[tuple[str, str]]:
        named = [(str(p), by_id[p].name) for p in places if p in by_id]
        return [*named, *([(str(WEB), gettext(wording.WEB_NAME))] if WEB in places else [])]

    return tables.Table(
        name=f"chia-hang-{reference.lower()}",
        columns=(
            tables.Column("product", N_("Sản phẩm"), sort=(Product.sort_name, Variant.position), value="name"),
            tables.Column("sku", "SKU", on_page=False),
            tables.Column("place", N_("Nơi nhận"), sort=(Point.sort_name,)),
            tables.Column("units", N_("Nhận"), "num", sort=(SharingLine.units,)),
            tables.Column("proposed", N_("Máy tính đề nghị"), "num", on_page=False),
            tables.Column("middle", N_("Cần"), "num"),
            tables.Column("low", N_("Cần ít nhất"), "num", on_page=False),
            tables.Column("high", N_("Cần nhiều nhất"), "num", on_page=False),
            tables.Column("there", N_("Đang có, đang về"), "num"),
            tables.Column("pro_rata", N_("Chia theo tỷ lệ"), "num"),
            tables.Column("first", N_("Ai đến trước"), "num"),
            tables.Column("source", N_("Nguồn của số cần"), on_page=False),
            tables.Column("told", N_("Vì sao"), on_page=False),
        ),
        order="product",
        tie=SharingLine.id,
        filters=(
            tables.Filter(
                "place",
                N_("Nơi nhận"),
                lambda v: SharingLine.point_id.is_(None) if v == str(WEB) else SharingLine.point_id == int(v),
                choices,
            ),
            tables.Filter(
                "lines",
                N_("Dòng"),
                queries.line_state,
                (("given", N_("Được nhận")), ("none", N_("Không nhận")), ("edited", N_("Đã sửa tay"))),
            ),
        ),
        search=replenish.matching,
    )


def _plan(reference: str) -> SharingPlan:
    plan = queries.by_reference(reference)
    if plan is None:
        raise NotFound
    return plan


@bp.get("/sharing/<reference>")
@guards.requires(P.SHARING_READ, scope=of_plan)
def sharing_plan(reference: str) -> Any:
    """The plan: how it compares, its lines with their reasons, what changed, what it made."""
    return _plan_page(reference)


def _plan_page(reference: str, error: ShopError | None = None, form: str = "") -> Any:
    plan, mine = _plan(reference), _mine()
    sizes = {int(v): int(size) for v, size in plan.inputs["wanted"]["cartons"]}
    table = _lines_table(reference, plan)
    statement = queries.line_rows(plan.id, mine)
    view = table.open(
        request.args, f"{HERE}/{reference}", statement, make=lambda r: LineView(r, sizes.get(r.variant_id, 1))
    )
    if view.export:
        return view.download()
    editable = _may_edit() and plan.state is PlanState.DRAFT
    before = queries.by_id(plan.follows_id) if plan.follows_id and mine is None else None
    given = points.by_ids(plan.inputs["wanted"]["givers"])
    page = render_template(
        "demand/office/plan.html",
        here=HERE,
        plan=plan,
        state_name=gettext(PLAN_STATE_NAMES[plan.state]),
        state_kind=STATE_KINDS[plan.state],
        givers=", ".join(p.name for p in given.values()),
        method=gettext(wording.METHOD_TOLD[Method(plan.method)]) if plan.method else "",
        proven=plan.method in (None, Method.PROVEN),
        compared=_compared(plan) if mine is None else None,
        changes=_changes(plan, before),
        before=before,
        follower=queries.follower(plan.id) if mine is None else None,
        transfers=[
            (r, gettext(STATUS_NAMES[status]), a, b)  # type: ignore[index]
            for r, status, a, b in (queries.transfers_of(plan.id) if mine is None else ())
        ],
        kept=_kept(plan) if mine is None else [],
        view=view,
        number=charts.number,
        editable=editable,
        may_edit=_may_edit(),
        address=web.path(f"{HERE}/{reference}"),
        query=request.query_string.decode("ascii", "ignore"),
        v=request.form if error and form == "lines" else {},
        errors=messages(error),
        error_code=error.code if error else None,
        keys={name: operations.new_key() for name in ("edit", "approve", "again", "withdraw")},
        stale=error is not None and error.code == "sharing-stale",
        seen=request.form.get("seen", str(plan.edits)) if error and form == "lines" else str(plan.edits),
    )
    return make_response(page, error.status if error else 200)


@dataclass(frozen=True, slots=True)
class Compared:
    """Three ways of sharing the same goods: rows of (name, served, need, percent, worst percent) and lying bars of them."""

    rows: list[tuple[str, str, str, int, int]]
    served: list[charts.Rank]
    worst: list[charts.Rank]


def _compared(plan: SharingPlan) -> Compared | None:
    if not plan.compared:
        return None
    names = {
        "ours": gettext(N_("Cách chia này")),
        "edited": gettext(N_("Sau khi sửa tay")),
        "pro_rata": gettext(N_("Chia đều theo tỷ lệ")),
        "first": gettext(N_("Ai đến trước")),
    }
    rows, served, worst = [], [], []
    compared: dict[str, Mapping[str, float]] = dict(plan.compared)
    by_hand = queries.edited(plan.id)
    if by_hand is not None:
        names["ours"] = gettext(N_("Máy tính đề nghị"))
        compared["edited"] = asdict(sharing.measured(plan.inputs, by_hand))
    for key, name in names.items():
        if key not in compared:
            continue
        one = compared[key]
        percent = round(100 * one["served"] / one["need"]) if one["need"] else 100
        least = round(100 * one["worst"])
        rows.append((name, charts.number(one["served"]), charts.number(one["need"]), percent, least))
        served.append((name, round(10 * one["served"])))  # tenths: a few units differ by parts of one
        worst.append((name, least))
    return Compared(
        rows,
        charts.ranks(served, tell=lambda tenths: charts.number(tenths / 10)),
        charts.ranks(worst, tell=lambda n: f"{n} %"),
    )


def _changes(plan: SharingPlan, before: SharingPlan | None) -> list[tuple[str, str, int, int, int, str]]:
    """(goods, place, before, sent since, now, why) of the lines that a re-run gives otherwise."""
    if before is None or plan.solved_at is None or before.solved_at is None:
        return []
    found = queries.changes(plan, before)
    names = goods_names({c.variant_id for c in found})
    by_id = points.by_ids({c.point_id for c in found if c.point_id is not None})
    return [
        (
            names.get(c.variant_id, ""),
            by_id[c.point_id].name if c.point_id in by_id else gettext(wording.WEB_NAME),
            c.before,
            c.given,
            c.now,
            wording.change(c),
        )
        for c in found
    ]  # fmt: skip


def _kept(plan: SharingPlan) -> list[tuple[str, str, int, date | None]]:
    """(point, goods, units, last day) of what the web leaves where this plan gave or took."""
    if plan.state is not PlanState.APPROVED:
        return []
    found = queries.own_reserves(queries.pairs_of(plan.id))
    by_id, names = points.by_ids({p for p, _v in found}), goods_names({v for _p, v in found})
    rows = [(by_id[p].name, names[v], units, until) for (p, v), (units, until) in found.items() if p in by_id and units]
    return sorted(rows, key=lambda row: row[:2])


def _seen() -> int:
    raw = request.form.get("seen", "")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 9 else -1


@bp.get("/sharing/<reference>/progress")
@guards.requires_all(P.SHARING_EDIT)
def sharing_progress(reference: str) -> Response:
    """Whether the plan is still being worked out: for the page that waits."""
    plan = _plan(reference)
    answer = jsonify(done=0, total=None, working=plan.state is PlanState.COMPUTING)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.post("/sharing/<reference>/lines")
@guards.requires_all(P.SHARING_EDIT)
def edit_sharing(reference: str) -> Any:
    """Keep the numbers that were changed on the page."""
    _plan(reference)
    try:
        wanted: dict[int, int] = {}
        wrong: list[Invalid] = []
        for field, raw in request.form.items():
            tail = field.removeprefix("n-")
            if tail == field or not tail.isascii() or not tail.isdigit() or len(tail) > 15:
                continue
            try:
                wanted[int(tail)] = _whole(raw, field)
            except Invalid as error:
                wrong.append(error)
        if wrong:
            raise wrong[0] if len(wrong) == 1 else Refused(wrong)
        changed = sharing.edit(guards.actor(), reference, wanted, _seen(), request.form.get("op_key", ""))
    except NotFound:
        raise
    except ShopError as error:
        return _plan_page(reference, error, "lines")
    flash(ngettext("Đã sửa %(num)s dòng.", "Đã sửa %(num)s dòng.", changed), "ok")
    query = request.query_string.decode("ascii", "ignore")
    return redirect(web.path(f"{HERE}/{reference}") + (f"?{query}" if query else ""), 303)


@bp.post("/sharing/<reference>/approve")
@guards.requires_all(P.SHARING_EDIT)
def approve_sharing(reference: str) -> Any:
    """Approve the plan: transfers and what the web leaves."""
    _plan(reference)
    try:
        made = sharing.approve(
            guards.actor(),
            reference,
            _seen(),
            request.form.get("op_key", ""),
            may_approve_transfers=guards.may(P.TRANSFER_APPROVE, "*"),
        )
    except NotFound:
        raise
    except ShopError as error:
        error.field = error.field or "approve"
        return _plan_page(reference, error)
    flash(ngettext("Đã duyệt. Đã lập %(num)s phiếu chuyển.", "Đã duyệt. Đã lập %(num)s phiếu chuyển.", len(made)), "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)


@bp.post("/sharing/<reference>/again")
@guards.requires_all(P.SHARING_EDIT)
def again_sharing(reference: str) -> Any:
    """Work it out anew from what there is now."""
    _plan(reference)
    try:
        fresh = sharing.again(guards.actor(), reference, request.form.get("op_key", ""))
    except NotFound:
        raise
    except ShopError as error:
        error.field = "again"
        return _plan_page(reference, error)
    return redirect(web.path(f"{HERE}/{fresh}"), 303)


@bp.post("/sharing/<reference>/withdraw")
@guards.requires_all(P.SHARING_EDIT)
def withdraw_sharing(reference: str) -> Any:
    """Give the plan up."""
    _plan(reference)
    try:
        sharing.withdraw(guards.actor(), reference, request.form.get("op_key", ""))
    except NotFound:
        raise
    except ShopError as error:
        error.field = "withdraw"
        return _plan_page(reference, error)
    flash(gettext("Đã bỏ bản chia hàng này."), "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)
