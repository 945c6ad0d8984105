"""The only writers of sharing plans: made with their inputs frozen, worked out by a job, changed by hand, approved at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import delete, insert, select

from shop.demand import allocate, errors
from shop.demand import known as known  # tells `needs` what forecast, wait list and asks know
from shop.demand.allocate import Goods, Need, Wishes
from shop.demand.errors import SharingMovedOn, SharingStale
from shop.demand.models.sharing import PlanState, SharingLine, SharingPlan, SharingTransfer
from shop.demand.needs import WEB, needs
from shop.demand.queries import sharing as queries
from shop.kernel import audit, clock, jobs, operations, text
from shop.kernel.actor import Actor
from shop.kernel.db import leave_database, session, transaction
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.kernel.facts import Refused
from shop.points import queries as points
from shop.stock.models import StockLevel
from shop.stock.services import reserves
from shop.stock.services.reserves import Reserve
from shop.transfers import rules as transfer_rules
from shop.transfers.services import goods_names, planned

MOST_GOODS, MOST_PLACES = 200, 60
MOST_WEEKS, MOST_TRIP, MOST_CARTON = 8, 100, 1000
SOLVE = "demand.sharing-solve"
# Seconds that working out may take; a test sets less.
SECONDS = allocate.SECONDS


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person asks to be shared: `cartons` gives the goods (variant → sale units in a carton), `givers` the points they
    are taken from, `places` the points (and `WEB`) that get them; `floor` in percent, `trip` in units served."""

    cartons: Mapping[int, int]
    givers: Sequence[int]
    places: Sequence[int]
    weeks: int = 4
    floor: int = 50
    waiting_first: bool = True
    trip: int = 1
    whole_lots: bool = False


def _between(value: int, low: int, high: int, field: str) -> list[ShopError]:
    if low <= value <= high:
        return []
    return [Invalid(N_("Giá trị phải từ %(low)s đến %(high)s."), field=field, low=low, high=high)]


def _checked(wanted: Wanted) -> None:
    """Refuse what makes no sense, all of it together.

    Raises:
        Invalid, Refused: fields `weeks floor trip goods givers places carton-<variant>`.
    """
    today, wrong = clock.today(), list[ShopError]()
    wrong += _between(wanted.weeks, 1, MOST_WEEKS, "weeks")
    wrong += _between(wanted.floor, 0, 100, "floor")
    wrong += _between(wanted.trip, 0, MOST_TRIP, "trip")
    if not wanted.cartons:
        wrong.append(Invalid(N_("Hãy chọn ít nhất một mặt hàng để chia."), field="goods"))
    elif len(wanted.cartons) > MOST_GOODS:
        wrong.append(Invalid(N_("Một lần chia nhiều nhất %(n)s mặt hàng."), field="goods", n=MOST_GOODS))
    for variant_id, size in wanted.cartons.items():
        wrong += _between(size, 1, MOST_CARTON, f"carton-{variant_id}")
    shown = queries.shown(wanted.cartons)
    names = goods_names(wanted.cartons)
    for variant_id in wanted.cartons:
        if variant_id not in shown:
            title = N_("%(name)s không còn bày bán nên không chia được.")
            wrong.append(Invalid(title, field="goods", name=names.get(variant_id, str(variant_id))))
    known = points.by_ids([*wanted.givers, *wanted.places])
    if not wanted.givers:
        wrong.append(Invalid(N_("Hãy chọn ít nhất một nơi có hàng để chia đi."), field="givers"))
    wrong += [_gone(g, "givers") for g in wanted.givers if g not in known or not known[g].is_open_on(today)]
    if not wanted.places:
        wrong.append(Invalid(N_("Hãy chọn ít nhất một nơi nhận."), field="places"))
    elif len(wanted.places) > MOST_PLACES:
        wrong.append(Invalid(N_("Một lần chia nhiều nhất %(n)s nơi nhận."), field="places", n=MOST_PLACES))
    last = today + timedelta(weeks=min(max(wanted.weeks, 1), MOST_WEEKS))
    for place in wanted.places:
        if place == WEB:
            if known and not any(known[g].ships for g in wanted.givers if g in known):
                title = N_(
                    "Không nơi nào trong các nơi chia đi gửi được bưu kiện, nên không để phần cho bán trên mạng được."
                )
                wrong.append(Invalid(title, field="places"))
        elif place not in known or not queries.will_be_open(known[place], today, last):
            wrong.append(_gone(place, "places"))
        elif place in wanted.givers:
            title = N_("%(point)s vừa là nơi chia đi vừa là nơi nhận. Hãy bỏ một bên.")
            wrong.append(Invalid(title, field="places", point=known[place].name))
    _raise(wrong)


def _gone(place: int, field: str) -> Invalid:
    found = points.by_ids([place]).get(place)
    title = N_("%(point)s đã đóng cửa hoặc chưa mở trong những tuần này. Hãy bỏ chọn.")
    return Invalid(title, field=field, point=found.name if found else f"#{place}")


def _raise(wrong: Sequence[ShopError]) -> None:
    if len(wrong) == 1:
        raise wrong[0]
    if wrong:
        raise Refused([r if isinstance(r, Invalid) else Invalid(r.title, field=r.field, **r.values) for r in wrong])


def frozen(wanted: Wanted) -> dict[str, Any]:
    """Everything the sharing rests on, as it is now: `{"wanted", "goods": [...], "needs": [...]}`, to be stored.

    Goods of a giving place are its free units less what transfers will take and what its own shelf should keep
    (`queries.offered`). What a place has already, and what is under way to it, counts as there.
    """
    goods = queries.offered(wanted.cartons, wanted.givers, wanted.places, whole=wanted.whole_lots)
    found = needs(wanted.weeks, sorted(wanted.cartons), sorted(wanted.places))
    there = queries.there(sorted(wanted.cartons), wanted.givers, wanted.places)
    return {
        "wanted": {
            "cartons": sorted(wanted.cartons.items()), "givers": sorted(wanted.givers), "places": sorted(wanted.places)
        },
        "goods": goods,
        "needs": [asdict(n) | {"there": there.get((n.variant_id, n.place), (0, 0))} for n in found],
    }  # fmt: skip


def make(actor: Actor, wanted: Wanted, op_key: str, *, follows: int | None = None) -> str:
    """Make a plan from `wanted` and what there is now; a job works it out. Returns its reference.

    What it rests on is read before the transaction: it is frozen in the plan, and approving looks again.

    Raises:
        Invalid, Refused: see `_checked`; or none of the goods has a free unit, or nobody needs any (field `goods`).
    """
    body = ["again", follows] if follows else [asdict(wanted) | {"cartons": sorted(wanted.cartons.items())}]
    if (before_us := operations.result_of(op_key, "sharing.make", actor.key, body)) is not None:
        return str(before_us["reference"])
    _checked(wanted)
    inputs = frozen(wanted)
    if follows is not None:
        inputs["given"] = [(*key, n) for key, n in sorted(queries.given_on(follows).items())]
    if not any(g["units"] for g in inputs["goods"]):
        raise Invalid(N_("Các nơi chia đi không còn đơn vị nào của những mặt hàng này để chia."), field="goods")
    if not inputs["needs"]:
        title = N_("Chưa nơi nào bán hay cần những mặt hàng này trong những tuần tới, nên không có gì để chia.")
        raise Invalid(title, field="goods")

    def command() -> dict[str, Any]:
        today, now, s = clock.today(), clock.now(), session()
        before = _locked(follows) if follows is not None else None
        if before is not None and before.state not in (PlanState.DRAFT, PlanState.APPROVED):
            raise SharingMovedOn
        reference = f"S-{text.reference()}"
        plan = SharingPlan(
            reference=reference,
            family=before.family if before else reference,
            number=before.number + 1 if before else 1,
            follows_id=before.id if before else None,
            state=PlanState.COMPUTING,
            weeks=wanted.weeks,
            from_on=today,
            until_on=today + timedelta(weeks=wanted.weeks) - timedelta(days=1),
            floor_percent=wanted.floor,
            waiting_first=wanted.waiting_first,
            trip_units=wanted.trip,
            whole_lots=wanted.whole_lots,
            inputs=inputs,
            made_at=now,
            made_key=actor.key,
            made_by=actor.label,
        )
        if before is not None:
            for other in _family(before.family, PlanState.COMPUTING, PlanState.DRAFT):
                _end(actor, other, PlanState.SUPERSEDED)
        s.add(plan)
        s.flush()
        jobs.enqueue(SOLVE, {"plan_id": plan.id})
        audit.record(actor, "sharing.make", f"sharing:{plan.reference}", goods=len(wanted.cartons), weeks=wanted.weeks)
        return {"reference": plan.reference}

    return str(operations.once(op_key, "sharing.make", actor.key, body, command)["reference"])


def again(actor: Actor, reference: str, op_key: str) -> str:
    """Work a plan out anew from what there is now, as a plan that follows it; places that closed and packs that are hidden are
    left out. Returns the new reference.

    Raises:
        NotFound: there is none.
        SharingMovedOn: it has a follower, or was withdrawn.
        Invalid, Refused: nothing is left to share.
    """
    plan = queries.by_reference(reference)
    if plan is None:
        raise NotFound
    if (before_us := operations.result_of(op_key, "sharing.make", actor.key, ["again", plan.id])) is not None:
        return str(before_us["reference"])
    if plan.state not in (PlanState.DRAFT, PlanState.APPROVED):
        raise SharingMovedOn
    today = clock.today()
    last = today + timedelta(weeks=plan.weeks)
    was = plan.inputs["wanted"]
    cartons = {int(v): int(size) for v, size in was["cartons"]}
    shown = queries.shown(cartons)
    known = points.by_ids([*was["givers"], *was["places"]])
    wanted = Wanted(
        {v: size for v, size in cartons.items() if v in shown},
        [g for g in was["givers"] if g in known and known[g].is_open_on(today)],
        [p for p in was["places"] if p == WEB or (p in known and queries.will_be_open(known[p], today, last))],
        plan.weeks, plan.floor_percent, plan.waiting_first, plan.trip_units, plan.whole_lots,
    )  # fmt: skip
    return make(actor, wanted, op_key, follows=plan.id)


# --- working out -------------------------------------------------------------------------------------------------


def _goods_of(inputs: Mapping[str, Any]) -> list[Goods]:
    return [
        Goods(
            g["variant_id"], g["units"], g["carton"], g["whole"], g["point_id"], frozenset(() if g["ships"] else (WEB,))
        )
        for g in inputs["goods"]
    ]


def _needs_of(inputs: Mapping[str, Any]) -> list[Need]:
    return [
        Need(n["variant_id"], n["place"], n["low"], n["middle"], n["high"], n["waiting"], sum(n["there"]))
        for n in inputs["needs"]
    ]


def measured(inputs: Mapping[str, Any], given: Mapping[tuple[int, int], int]) -> allocate.Measure:
    """How well `given` (units by variant and place) serves the needs that a plan keeps, of goods that there are some of."""
    there_is = {g.variant for g in _goods_of(inputs) if g.units}
    return allocate.measure([n for n in _needs_of(inputs) if n.variant in there_is], given)


def solve(plan_id: int, *, seconds: float | None = None) -> bool:
    """Work a plan out, outside any transaction, and keep the answer; False if somebody did so before, or gave it up."""
    plan = session().get(SharingPlan, plan_id)
    if plan is None or plan.state is not PlanState.COMPUTING:
        return False
    inputs = plan.inputs
    wishes = Wishes(plan.floor_percent / 100, plan.waiting_first, float(plan.trip_units))
    leave_database()
    asked, goods = _needs_of(inputs), _goods_of(inputs)
    answer = allocate.allocate(asked, goods, wishes, seconds=SECONDS if seconds is None else seconds)
    rata, first = allocate.pro_rata(asked, goods), allocate.first_come(asked, goods)
    ours = {(share.variant, share.place): share.units for share in answer.shares}
    compared = {
        name: asdict(measured(inputs, given)) for name, given in (("ours", ours), ("pro_rata", rata), ("first", first))
    }
    told = {(n["variant_id"], n["place"]): n for n in inputs["needs"]}
    with transaction() as s:
        kept = s.get(SharingPlan, plan_id, with_for_update=True, populate_existing=True)
        if kept is None or kept.state is not PlanState.COMPUTING:
            return False
        kept.state, kept.solved_at = PlanState.DRAFT, clock.now()
        kept.method, kept.compared = answer.method.value, compared
        s.flush()
        rows = []
        for share in answer.shares:
            key = (share.variant, share.place)
            why = told[key] | {
                "served": round(share.served, 2),
                "need": round(share.need, 2),
                "floor": round(share.floor, 2),
                "short": round(share.short, 2),
                "pro_rata": rata.get(key, 0),
                "first": first.get(key, 0),
            }
            rows.append(
                {
                    "plan_id": plan_id, "variant_id": share.variant, "point_id": share.place or None, "units": share.units,
                    "proposed": share.units, "parts": [list(part) for part in share.parts], "why": why,
                }
            )  # fmt: skip
        if rows:
            s.execute(insert(SharingLine), rows)
    return True


# --- by hand -----------------------------------------------------------------------------------------------------


def _locked(key: int | str) -> SharingPlan:
    which = SharingPlan.id == key if isinstance(key, int) else SharingPlan.reference == key
    found = session().scalar(
        select(SharingPlan).where(which).with_for_update(), execution_options={"populate_existing": True}
    )
    if found is None:
        raise NotFound
    return found


def _draft(reference: str, seen: int) -> SharingPlan:
    """The draft as the person saw it, locked.

    Raises:
        SharingMovedOn: it is no draft any more, or was changed since.
    """
    plan = _locked(reference)
    if plan.state is not PlanState.DRAFT or plan.edits != seen:
        raise SharingMovedOn
    return plan


def _lines(plan_id: int) -> list[SharingLine]:
    return list(
        session().scalars(
            select(SharingLine).where(SharingLine.plan_id == plan_id).order_by(SharingLine.id),
            execution_options={"populate_existing": True},
        )
    )


def edit(actor: Actor, reference: str, units: Mapping[int, int], seen: int, op_key: str) -> int:
    """Give lines (`units` by line) other numbers; return how many changed. `seen` is the plan's `edits` on the page.

    Raises:
        Invalid, Refused: below zero, more of a pack than there is, more for the web than lies where parcels leave, or a part of
            a lot that must stay whole (fields `n-<line>`).
        SharingMovedOn: the plan is no draft any more or was changed since.
    """

    def command() -> dict[str, Any]:
        plan = _draft(reference, seen)
        lines = _lines(plan.id)
        by_id = {line.id: line for line in lines}
        names = goods_names({line.variant_id for line in lines})
        wrong: list[ShopError] = []
        for line_id, n in units.items():
            if line_id not in by_id:
                raise SharingMovedOn
            wrong += _between(n, 0, transfer_rules.MOST_UNITS, f"n-{line_id}")
        _raise(wrong)
        moved = {i: n for i, n in units.items() if by_id[i].units != n}
        touched = {by_id[i].variant_id for i in moved}
        for variant_id in sorted(touched):
            mine = [line for line in lines if line.variant_id == variant_id]
            wants = {line.id: units.get(line.id, line.units) for line in mine}
            places = {line.id: line.point_id or WEB for line in mine}
            before = {line.id: [(int(k), int(n)) for k, n in line.parts] for line in mine}
            goods = [(k, g) for k, g in enumerate(_goods_of(plan.inputs)) if g.variant == variant_id]
            parts, left = allocate.divide(goods, wants, places, before)
            for line in mine:
                if left.get(line.id):
                    wrong.append(_too_much(plan, line, goods, wants, names[variant_id]))
                line.parts, line.units = [list(part) for part in parts[line.id]], wants[line.id]
        _raise(wrong)
        if moved:
            plan.edits += 1
            audit.record(actor, "sharing.edit", f"sharing:{reference}", lines=len(moved))
        return {"changed": len(moved)}

    body = [reference, sorted(units.items()), seen]
    return int(operations.once(op_key, "sharing.edit", actor.key, body, command)["changed"])


def _too_much(
    plan: SharingPlan, line: SharingLine, goods: Sequence[tuple[int, Goods]], wants: Mapping[int, int], name: str
) -> Invalid:
    """Why a line cannot have what was typed."""
    field, total = f"n-{line.id}", sum(g.units for _k, g in goods)
    if sum(wants.values()) > total:
        title = N_("%(name)s: chia tất cả %(n)s nhưng chỉ có %(total)s.")
        return Invalid(title, field=field, name=name, n=sum(wants.values()), total=total)
    if plan.whole_lots:
        title = N_("%(name)s: lô phải giữ nguyên; số này không khớp với các lô còn lại.")
        return Invalid(title, field=field, name=name)
    return Invalid(N_("%(name)s: nơi gửi được bưu kiện không có đủ số này cho bán trên mạng."), field=field, name=name)


# --- deciding ----------------------------------------------------------------------------------------------------


def _end(actor: Actor, plan: SharingPlan, state: PlanState) -> None:
    plan.state, plan.decided_at, plan.decided_by = state, clock.now(), actor.label
    audit.record(actor, f"sharing.{state.value}", f"sharing:{plan.reference}")


def approve(actor: Actor, reference: str, seen: int, op_key: str, *, may_approve_transfers: bool) -> list[str]:
    """Approve a draft: transfers for each from and to, and what the web leaves; returns the transfers' references.

    All in one transaction, behind a lock on the levels of the giving places: goods that are no longer there stop it.

    Raises:
        SharingMovedOn: it is no draft any more, or was changed since the page was shown.
        SharingStale: goods, a place or a pack that the plan counts on have gone.
        Invalid: nothing is given to anybody.
    """

    def command() -> dict[str, Any]:
        plan = _draft(reference, seen)
        lines = _lines(plan.id)
        if not any(line.units for line in lines):
            raise Invalid(N_("Mọi dòng đều bằng 0 nên không có gì để duyệt."), field="approve")
        given = _given(plan, lines)
        _lock_goods(given)
        _still_there(plan, lines, given)
        note = f"Chia hàng {plan.reference}"
        made: list[str] = []
        for (source, to), wanted in sorted(_by_trip(given).items()):
            for part in _cut(wanted):
                transfer_id, name = planned.make(actor, source, to, part, note=note, approve=may_approve_transfers)
                session().add(SharingTransfer(transfer_id=transfer_id, plan_id=plan.id))
                made.append(name)
        _supersede(actor, plan)
        _end(actor, plan, PlanState.APPROVED)
        session().flush()
        touched = {(source, variant) for source, _to, variant, _n in given}
        touched |= {(line.point_id, line.variant_id) for line in lines if line.point_id is not None}
        keep_reserves(actor, touched, plan.reference)
        return {"references": made}

    body = [reference, seen]
    return list(operations.once(op_key, "sharing.approve", actor.key, body, command)["references"])


def _given(plan: SharingPlan, lines: Sequence[SharingLine]) -> list[tuple[int, int, int, int]]:
    """(from point, to point or `WEB`, variant, units) of all parts."""
    goods = plan.inputs["goods"]
    return [
        (int(goods[int(k)]["point_id"]), line.point_id or WEB, line.variant_id, int(n))
        for line in lines
        for k, n in line.parts
        if n
    ]


def _by_trip(given: Sequence[tuple[int, int, int, int]]) -> dict[tuple[int, int], dict[int, int]]:
    trips: dict[tuple[int, int], dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for source, to, variant_id, n in given:
        if to != WEB:
            trips[source, to][variant_id] += n
    return trips


def _cut(lines: Mapping[int, int]) -> list[dict[int, int]]:
    """Lines in pieces that one transfer holds."""
    ordered = sorted(lines.items())
    size = transfer_rules.MOST_LINES
    return [dict(ordered[at : at + size]) for at in range(0, len(ordered), size)]


def _lock_goods(given: Sequence[tuple[int, int, int, int]]) -> None:
    sources, variants = {g[0] for g in given}, {g[2] for g in given}
    session().execute(
        select(StockLevel.id)
        .where(StockLevel.point_id.in_(sources), StockLevel.variant_id.in_(variants))
        .order_by(StockLevel.id)
        .with_for_update()
    ).all()


def _still_there(plan: SharingPlan, lines: Sequence[SharingLine], given: Sequence[tuple[int, int, int, int]]) -> None:
    """Refuse a plan that counts on what has gone meanwhile; what the web may have sold of its own part is as planned.

    Raises:
        SharingStale: the first thing that has gone, and how much of it there is.
    """
    today, receiving = clock.today(), {g[1] for g in given if g[1] != WEB}
    known = points.by_ids({g[0] for g in given} | receiving)
    for place in sorted({g[0] for g in given} | {g[1] for g in given if g[1] != WEB}):
        point = known.get(place)
        gone = point is None or (point.closed_on is not None and point.closed_on <= today)
        if point is not None and place in receiving:  # a fair that was called off has no days any more
            gone = gone or not queries.will_be_open(point, today, plan.until_on + timedelta(days=1))
        if gone:
            raise SharingStale(errors.PLACE_GONE, point=point.name if point else f"#{place}")
    used = {line.variant_id for line in lines if line.units}
    names = goods_names(used)
    hidden = used - queries.shown(used)
    if hidden:
        raise SharingStale(errors.PACK_GONE, name=names.get(min(hidden), f"#{min(hidden)}"))
    out: dict[tuple[int, int], int] = defaultdict(int)
    for source, to, variant_id, n in given:
        if to != WEB:
            out[source, variant_id] += n
    now = queries.on_offer(sorted(used), sorted({g[0] for g in given}))
    for (source, variant_id), n in sorted(out.items()):
        if now.get((source, variant_id), 0) < n:
            left = max(0, now.get((source, variant_id), 0))
            raise SharingStale(name=names[variant_id], point=known[source].name, left=left, n=n)


def _family(family: str, *states: PlanState) -> list[SharingPlan]:
    """The plans of a row of re-runs that are in one of `states`, locked in their order."""
    return list(
        session().scalars(
            select(SharingPlan)
            .where(SharingPlan.family == family, SharingPlan.state.in_(states))
            .order_by(SharingPlan.id)
            .with_for_update(),
            execution_options={"populate_existing": True},
        )
    )


def _supersede(actor: Actor, plan: SharingPlan) -> None:
    """The plan that held before this one gives way."""
    for found in _family(plan.family, PlanState.APPROVED):
        _end(actor, found, PlanState.SUPERSEDED)
        session().flush()
        keep_reserves(actor, queries.pairs_of(found.id), plan.reference)


def withdraw(actor: Actor, reference: str, op_key: str) -> None:
    """Give a plan up that is not approved, or end an approved one: the web gets back what it left for counters. Transfers that
    were made stay; they are cancelled on their own page.

    Raises:
        SharingMovedOn: it has ended already.
    """

    def command() -> dict[str, Any]:
        plan = _locked(reference)
        if plan.state not in (PlanState.COMPUTING, PlanState.DRAFT, PlanState.APPROVED):
            raise SharingMovedOn
        was = plan.state
        _end(actor, plan, PlanState.WITHDRAWN)
        session().flush()
        if was is PlanState.APPROVED:
            keep_reserves(actor, queries.pairs_of(plan.id), plan.reference)
        return {}

    operations.once(op_key, "sharing.withdraw", actor.key, [reference], command)


def keep_reserves(actor: Actor, pairs: set[tuple[int, int]], reference: str) -> None:
    """Bring what the web leaves at these (point, variant) in step with the plans: at giving places what their transfers
    have yet to take, at receiving places that sell by parcel what was given to their counters, until the plan's last day."""
    found: list[Reserve] = []
    mine = queries.set_aside(pairs)
    ours = queries.own_reserves(pairs)
    for pair in sorted(pairs):
        units, until = mine.get(pair, (0, None))
        if units:
            base = points.point(pair[0]).web_reserve
            found.append(Reserve(*pair, base + units, until))
        elif pair in ours:
            found.append(Reserve(*pair, None))
    reserves.put(actor, found, f"sharing:{reference}")


def transfer_stepped(actor: Actor, transfer_id: int) -> None:
    """A transfer of a plan was packed, unpacked, cancelled or refused: the web leaves only what has yet to go."""
    plan = queries.plan_of_transfer(transfer_id)
    if plan is not None:
        keep_reserves(actor, queries.pairs_of_transfer(transfer_id), plan)


def drop_old(before: date) -> int:
    """Remove plans that were never approved and are older than `before`; returns how many."""
    ended = (PlanState.WITHDRAWN, PlanState.SUPERSEDED)
    with transaction() as s:
        followed = select(SharingPlan.follows_id).where(SharingPlan.follows_id.is_not(None))
        made = select(SharingTransfer.plan_id)
        ids = list(
            s.scalars(
                select(SharingPlan.id).where(
                    SharingPlan.state.in_(ended),
                    SharingPlan.made_at < clock.start_of(before),
                    SharingPlan.id.not_in(followed),
                    SharingPlan.id.not_in(made),
                )
            )
        )
        if ids:
            s.execute(delete(SharingLine).where(SharingLine.plan_id.in_(ids)))
            s.execute(delete(SharingPlan).where(SharingPlan.id.in_(ids)))
        return len(ids)
