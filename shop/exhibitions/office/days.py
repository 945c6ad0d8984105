"""A fair's days in the office: more goods, visitors, trade buyers, incidents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from flask import jsonify, redirect, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.exhibitions import tabs
from shop.exhibitions.models.days import (
    CONTACT_NAMES,
    COUNTED_BY_NAMES,
    INCIDENT_NAMES,
    OUTCOME_NAMES,
    SEVERITY_NAMES,
    ContactKind,
    IncidentKind,
    OutcomeKind,
    PaperKind,
    Severity,
)
from shop.exhibitions.models.fairs import Exhibition, FairState
from shop.exhibitions.office import acts, bp
from shop.exhibitions.office.booths import AFTER_BOOTHS
from shop.exhibitions.office.fairs import page
from shop.exhibitions.queries import days as queries
from shop.exhibitions.queries import fairs
from shop.exhibitions.queries import goods as goods_queries
from shop.exhibitions.services import days, replenishing
from shop.exhibitions.services.days import DAYS_OF_FAIR, OPEN_FAIR, Happened, Met
from shop.exhibitions.services.replenishing import More
from shop.kernel import clock, operations, sheets, web
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.kernel.forms import messages
from shop.kernel.forms import phone as phone_of
from shop.supply import forms as typed

P = Permission
BEGUN = AFTER_BOOTHS - {FairState.ALLOTTED}
tabs.add(55, "more", N_("Tiếp hàng"), P.EXHIBITION_RUN, AFTER_BOOTHS)
tabs.add(60, "visitors", N_("Khách"), P.EXHIBITION_RUN, BEGUN)
tabs.add(62, "contacts", N_("Người mua"), P.EXHIBITION_RUN, BEGUN)
tabs.add(64, "incidents", N_("Sự cố"), P.EXHIBITION_RUN, AFTER_BOOTHS)


def _common(error: ShopError | None) -> dict[str, Any]:
    return {
        "v": request.form if error else {},
        "errors": messages(error),
        "error_code": error.code if error else None,
        "op_key": acts.op_key(error),
    }


def _to(slug: str, part: str) -> str:
    return f"{acts.HERE}/{slug}/{part}"


# --- more goods --------------------------------------------------------------------------------------------------


@bp.get("/exhibitions/<slug>/more")
@guards.requires(P.EXHIBITION_RUN, scope=fairs.scope)
def more_page(slug: str) -> Any:
    """What booths have asked for, and the form to ask for one."""
    return _more(fairs.by_slug(slug))


def _more(fair: Exhibition, error: ShopError | None = None) -> Any:
    booths = [row for row in queries.booths(fair.id) if row.given and row.point_id]
    code = request.values.get("booth", "")
    chosen = next((row for row in booths if row.code == code), None)
    packs = queries.packs_of(chosen.id) if chosen else []
    return page(
        "exhibitions/office/more.html",
        fair,
        "more",
        error.status if error else 200,
        rows=queries.replenishments(fair.id),
        booths=booths,
        chosen=chosen,
        packs=packs,
        home=at_home(fair, packs),
        soon=acts.local(clock.now() + timedelta(hours=2)),
        open=fair.state in OPEN_FAIR,
        **_common(error),
    )


def at_home(fair: Exhibition, packs: Sequence[queries.PackHere]) -> dict[int, int]:
    """What the fair's own store can still give of these packs (units by variant); nothing where the fair has none."""
    if fair.home_point_id is None or not packs:
        return {}
    free = goods_queries.home_stock(fair.home_point_id, [p.variant_id for p in packs])
    return {p.variant_id: free.get(p.variant_id, 0) for p in packs}


def more_of(form: Any) -> More:
    """What the form says of a replenishment.

    Raises:
        Invalid.
    """
    variant = acts.row_id(form.get("variant"), "variant")
    if variant is None:
        raise Invalid(N_("Hãy chọn quy cách."), field="variant")
    needed = acts.moment(form.get("needed_at"), "needed_at", needed=N_("Hãy ghi giờ cần hàng."))
    source = form.get("source", "")
    if needed is None or source not in (PaperKind.ASK.value, PaperKind.TRANSFER.value):
        raise Invalid(N_("Hãy chọn xin cơ sở hay xin kho."), field="source")
    return More(
        variant, typed.number(form.get("units"), "units", needed=True), needed, PaperKind(source), form.get("note", "")
    )


@bp.post("/exhibitions/<slug>/more")
@guards.requires(P.EXHIBITION_RUN, scope=fairs.scope)
def ask_more(slug: str) -> Any:
    """Ask for more of a pack for a booth."""
    fair, form = fairs.by_slug(slug), request.form

    def command() -> str:
        booth = queries.booth(fair.id, form.get("booth", ""))
        approve = guards.may(P.TRANSFER_APPROVE, f"exhibition:{fair.id}")
        made = replenishing.replenish(guards.actor(), booth.id, more_of(form), form.get("op_key", ""), approve=approve)
        return gettext("Đã gửi %(r)s.", r=made)

    return acts.answered(_to(slug, "more"), command, lambda error: _more(fairs.by_slug(slug), error))


@bp.post("/exhibitions/<slug>/more/<reference>")
@guards.requires(P.EXHIBITION_RUN, scope=fairs.scope)
def settle_more(slug: str, reference: str) -> Any:
    """Say when it arrives (`do` = due), or call it off (`do` = end)."""
    fair, form = fairs.by_slug(slug), request.form
    row, _booth = queries.replenishment(reference)
    if row.exhibition_id != fair.id:
        raise NotFound

    def command() -> str:
        if form.get("do") == "end":
            replenishing.call_off(guards.actor(), reference, form.get("reason", ""), form.get("op_key", ""))
            return gettext("Đã rút %(r)s.", r=reference)
        replenishing.tell_arrival(guards.actor(), reference, acts.moment(form.get("due_at"), "due_at"))
        return gettext("Đã ghi giờ đến.")

    return acts.answered(_to(slug, "more"), command, lambda error: _more(fairs.by_slug(slug), error))


# --- visitors ----------------------------------------------------------------------------------------------------


@bp.get("/exhibitions/<slug>/visitors")
@guards.requires(P.EXHIBITION_RUN, scope=fairs.scope)
def visitors_page(slug: str) -> Any:
    """Visitors by day, hour and gate; the forms to write them down."""
    return _visitors(fairs.by_slug(slug))


def _visitors(fair: Exhibition, error: ShopError | None = None) -> Any:
    gates = queries.gates(fair.id)
    rows = queries.visit_rows(fair.id)
    all_days = _days(fair)
    day = _day(fair)
    tables = {d: queries.visits_of_day(rows, fair, d) for d in all_days}
    gate_id = next((g.id for g in gates if str(g.id) == request.values.get("gate")), gates[0].id if gates else None)
    return page(
        "exhibitions/office/visitors.html",
        fair,
        "visitors",
        error.status if error else 200,
        gates=gates,
        gate_id=gate_id,
        day=day,
        all_days=[(d, tables[d].total) for d in all_days],
        table=tables.get(day),
        total=sum(one.total for one in tables.values()),
        counted_by={k: gettext(n) for k, n in COUNTED_BY_NAMES.items()},
        may_write=fair.state in DAYS_OF_FAIR,
        running=fair.state is FairState.RUNNING,
        **_common(error),
    )


def _days(fair: Exhibition) -> list[Any]:
    if fair.from_on is None or fair.to_on is None:
        return []
    return [fair.from_on + timedelta(days=n) for n in range((fair.to_on - fair.from_on).days)]


def _day(fair: Exhibition) -> Any:
    """The day that is asked for, else today or the fair's nearest."""
    known = _days(fair)
    asked = request.values.get("day", "")
    found = next((d for d in known if d.isoformat() == asked), None)
    if found is None and known:
        found = min(max(clock.today(), known[0]), known[-1])
    return found


@bp.post("/exhibitions/<slug>/visitors/hours")
@guards.requires(P.EXHIBITION_RUN, scope=fairs.scope)
def write_hours(slug: str) -> Any:
    """Write visitors of one gate by the hour of one day; an empty field takes a number back."""
    fair, form = fairs.by_slug(slug), request.form
    back = f"{_to(slug, 'visitors')}?day={form.get('day', '')[:10]}&gate={form.get('gate', '')[:18]}"

    def command() -> str:
        gate, day = acts.row_id(form.get("gate"), "gate"), typed.day(form.get("day"), "day")
        if gate is None:
            raise Invalid(N_("Hãy chọn cổng."), field="gate")
        numbers = {
            hour: typed.number(raw, f"hour-{hour}", needed=True) if raw.strip() else None
            for hour in range(24)
            if (raw := form.get(f"hour-{hour}")) is not None
        }
        n = days.type_hours(guards.actor(), fair.id, gate, day, numbers)
        return gettext("Đã ghi %(n)s giờ.", n=n) if n else gettext("Không có số nào đổi.")

    return acts.answered(back, command, lambda error: _visitors(fairs.by_slug(slug), error))


@bp.post("/exhibitions/<slug>/visitors/gates")
@guards.requires(P.EXHIBITION_RUN, scope=fairs.scope)
def add_gate(slug: str) -> Any:
    """Another gate."""
    fair = fairs.by_slug(slug)

    def command() -> str:
        days.add_gate(guards.actor(), fair.id, request.form.get("name", ""))
        return gettext("Đã thêm cổng.")

    return acts.answered(_to(slug, "visitors"), command, lambda error: _visitors(fairs.by_slug(slug), error))


@bp.get("/exhibitions/<slug>/count")
@guards.requires(P.EXHIBITION_RUN, scope=fairs.scope)
def count_page(slug: str) -> Any:
    """Three large buttons for a phone at a gate."""
    return _count(fairs.by_slug(slug))


def _count(fair: Exhibition, error: ShopError | None = None) -> Any:
    gates = queries.gates(fair.id)
    chosen = next((g for g in gates if str(g.id) == request.values.get("gate")), gates[0] if gates else None)
    table = queries.visits_of_day(queries.visit_rows(fair.id), fair, clock.today())
    here = sum(n for (gate, _hour), (n, _s) in table.cells.items() if chosen is not None and gate == chosen.id)
    return page(
        "exhibitions/office/count.html",
        fair,
        "visitors",
        error.status if error else 200,
        gates=gates,
        gate=chosen,
        here_today=here,
        total_today=table.total,
        taps=days.TAPS,
        keys=[operations.new_key() for _n in days.TAPS],
        running=fair.state is FairState.RUNNING,
        **_common(error),
    )


@bp.post("/exhibitions/<slug>/count")
@guards.requires(P.EXHIBITION_RUN, scope=fairs.scope)
def tap(slug: str) -> Any:
    """One tap: so many visitors came in now."""
    fair, form = fairs.by_slug(slug), request.form
    # Each button carries a key of its own: `<visitors>:<key>`.
    raw, _, key = form.get("tap", "").partition(":")

    def command() -> str:
        gate = acts.row_id(form.get("gate"), "gate")
        if gate is None:
            raise Invalid(N_("Hãy chọn cổng."), field="gate")
        n = typed.number(raw, "visitors", needed=True)
        days.tap(guards.actor(), fair.id, gate, n, key)
        return ""

    if web.wants_json():
        command()
        rows = queries.visits_of_day(queries.visit_rows(fair.id), fair, clock.today())
        gate = form.get("gate", "")
        here = sum(n for (g, _h), (n, _s) in rows.cells.items() if str(g) == gate)
        return jsonify({"here": here, "total": rows.total, "key": operations.new_key()})
    back = f"{_to(slug, 'count')}?gate={form.get('gate', '')[:18]}"
    return acts.answered(back, command, lambda error: _count(fairs.by_slug(slug), error))


@bp.post("/exhibitions/<slug>/visitors/file")
@guards.requires(P.EXHIBITION_RUN, scope=fairs.scope)
def read_file(slug: str) -> Any:
    """Read a sensor's file; nothing counts before somebody has looked at it."""
    fair = fairs.by_slug(slug)
    sent = request.files.get("file")
    try:
        if sent is None or not sent.filename:
            raise Invalid(N_("Hãy chọn tệp."), field="file")
        content = sent.stream.read(sheets.LARGEST_FILE + 1)
        reference = days.read_file(guards.actor(), fair.id, sent.filename, content)
    except NotFound:
        raise
    except ShopError as error:
        return _visitors(fair, error)
    return redirect(web.path(f"{_to(slug, 'visitors')}/file/{reference}"), 303)


@bp.get("/exhibitions/<slug>/visitors/file/<reference>")
@guards.requires(P.EXHIBITION_RUN, scope=fairs.scope)
def file_page(slug: str, reference: str) -> Any:
    """What a file says, row by row, and what would become of it."""
    return _file(fairs.by_slug(slug), reference)


def _file(fair: Exhibition, reference: str, error: ShopError | None = None) -> Any:
    found, rows = queries.visit_file(fair.id, reference)
    known = {gate.name for gate in queries.gates(fair.id)}
    return page(
        "exhibitions/office/visit_file.html",
        fair,
        "visitors",
        error.status if error else 200,
        f=found,
        rows=rows,
        new_gates=sorted({row.gate for row in rows if row.gate and row.becomes != "refused"} - known),
        becomes={k: (gettext(n), kind) for k, (n, kind) in queries.BECOMES.items()},
        counts={k: sum(1 for row in rows if row.becomes == k) for k in queries.BECOMES},
        **_common(error),
    )


@bp.post("/exhibitions/<slug>/visitors/file/<reference>")
@guards.requires(P.EXHIBITION_RUN, scope=fairs.scope)
def apply_file(slug: str, reference: str) -> Any:
    """Let the file's good rows count."""
    fair = fairs.by_slug(slug)

    def command() -> str:
        n = days.apply_file(guards.actor(), fair.id, reference)
        return gettext("Đã ghi %(n)s giờ từ tệp.", n=n)

    return acts.answered(_to(slug, "visitors"), command, lambda error: _file(fairs.by_slug(slug), reference, error))


# --- trade buyers ------------------------------------------------------------------------------------------------


@bp.get("/exhibitions/<slug>/contacts")
@guards.requires(P.EXHIBITION_RUN, scope=fairs.scope)
def contacts_page(slug: str) -> Any:
    """The buyers met at the fair, what was agreed, what came of it."""
    return _contacts(fairs.by_slug(slug))


def _contacts(fair: Exhibition, error: ShopError | None = None) -> Any:
    rows = queries.contacts(fair)
    standing = {s.producer_id: s.producer for s in goods_queries.stands(fair)}
    return page(
        "exhibitions/office/contacts.html",
        fair,
        "contacts",
        error.status if error else 200,
        rows=rows,
        agreed=sum(r.c.value_amount or 0 for r in rows if r.c.kind is ContactKind.AGREEMENT),
        bought=sum(max((o.amount for o in r.outcomes.values()), default=0) for r in rows),
        due=sum(1 for r in rows if r.due),
        producers=sorted(standing.items(), key=lambda one: one[1]),
        kinds={k: gettext(n) for k, n in CONTACT_NAMES.items()},
        outcomes={k: gettext(n) for k, n in OUTCOME_NAMES.items()},
        consent=gettext(days.CONSENT),
        may_write=fair.state in DAYS_OF_FAIR,
        today=clock.today(),
        **_common(error),
    )


@bp.post("/exhibitions/<slug>/contacts")
@guards.requires(P.EXHIBITION_RUN, scope=fairs.scope)
def meet(slug: str) -> Any:
    """Write a buyer down."""
    fair, form = fairs.by_slug(slug), request.form

    def command() -> str:
        producer = acts.row_id(form.get("producer"), "producer")
        if producer is None:
            raise Invalid(N_("Hãy chọn cơ sở sản xuất."), field="producer")
        met = Met(
            producer, acts.one_of(form, "kind", ContactKind), form.get("name", ""), form.get("what", ""),
            form.get("company", ""), phone_of(form.get("phone", "")) if form.get("phone", "").strip() else "",
            form.get("email", ""), None, acts.amount(form.get("value_amount"), "value_amount"),
            typed.some_day(form.get("follow_on"), "follow_on"),
        )  # fmt: skip
        said = gettext(days.CONSENT) if form.get("consent") == "1" else ""
        made = days.meet(guards.actor(), fair.id, met, consent=said, op_key=form.get("op_key", ""))
        return gettext("Đã ghi %(r)s.", r=made)

    return acts.answered(_to(slug, "contacts"), command, lambda error: _contacts(fairs.by_slug(slug), error))


@bp.post("/exhibitions/<slug>/contacts/<reference>")
@guards.requires(P.EXHIBITION_RUN, scope=fairs.scope)
def after_contact(slug: str, reference: str) -> Any:
    """What came of it (`do` = outcome), or his data go (`do` = erase)."""
    fair, form = fairs.by_slug(slug), request.form
    if queries.fair_of_contact(reference) != fair.id:
        raise NotFound

    def command() -> str:
        if form.get("do") == "erase":
            days.withdraw_consent(guards.actor(), reference)
            return gettext("Đã xóa tên, số của người mua.")
        kind = acts.one_of(form, "outcome", OutcomeKind)
        after = typed.number(form.get("after_days"), "after_days", needed=True)
        bought = acts.amount(form.get("amount"), "amount") or 0
        days.outcome(guards.actor(), reference, after, kind, bought, form.get("note", ""))
        return gettext("Đã ghi kết quả.")

    return acts.answered(_to(slug, "contacts"), command, lambda error: _contacts(fairs.by_slug(slug), error))


# --- incidents ---------------------------------------------------------------------------------------------------


@bp.get("/exhibitions/<slug>/incidents")
@guards.requires(P.EXHIBITION_RUN, scope=fairs.scope)
def incidents_page(slug: str) -> Any:
    """What went wrong, open ones first."""
    return _incidents(fairs.by_slug(slug))


def _incidents(fair: Exhibition, error: ShopError | None = None) -> Any:
    return page(
        "exhibitions/office/incidents.html",
        fair,
        "incidents",
        error.status if error else 200,
        rows=queries.incidents(fair.id),
        booths=[(row.code, row.maker_names) for row in queries.booths(fair.id)],
        kinds={k: gettext(n) for k, n in INCIDENT_NAMES.items()},
        severities={k: gettext(n) for k, n in SEVERITY_NAMES.items()},
        badges_of={Severity.LOW: "", Severity.HIGH: "warn", Severity.DANGER: "bad"},
        may_write=fair.state in (*OPEN_FAIR, *DAYS_OF_FAIR),
        **_common(error),
    )


@bp.post("/exhibitions/<slug>/incidents")
@guards.requires(P.EXHIBITION_RUN, scope=fairs.scope)
def report_incident(slug: str) -> Any:
    """Write an incident down."""
    fair, form = fairs.by_slug(slug), request.form

    def command() -> str:
        code = form.get("booth", "")
        told = Happened(
            acts.one_of(form, "kind", IncidentKind), acts.one_of(form, "severity", Severity), form.get("what", ""),
            queries.booth(fair.id, code).id if code else None, acts.moment(form.get("at"), "at"),
        )  # fmt: skip
        days.report_incident(guards.actor(), fair.id, told, form.get("op_key", ""))
        return gettext("Đã ghi sự cố.")

    return acts.answered(_to(slug, "incidents"), command, lambda error: _incidents(fairs.by_slug(slug), error))


@bp.post("/exhibitions/<slug>/incidents/<reference>")
@guards.requires(P.EXHIBITION_RUN, scope=fairs.scope)
def resolve(slug: str, reference: str) -> Any:
    """Say how it was put right."""
    fair = fairs.by_slug(slug)
    if queries.fair_of_incident(reference) != fair.id:
        raise NotFound

    def command() -> str:
        days.resolve(guards.actor(), reference, request.form.get("resolution", ""))
        return gettext("Đã ghi cách xử lý.")

    return acts.answered(_to(slug, "incidents"), command, lambda error: _incidents(fairs.by_slug(slug), error))
