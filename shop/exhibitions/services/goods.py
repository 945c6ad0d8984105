"""Goods for a fair: how many to bring, what producers commit to, the papers by which they travel (home again: `homeward`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select, update

from shop.catalog.models import Variant
from shop.demand import needs, picture
from shop.exhibitions import quantity
from shop.exhibitions.errors import BoothCloses, BoothNotReady, FairMovedOn, NoHomePoint
from shop.exhibitions.models.calls import Application, ApplicationGoods, PapersState, Stand
from shop.exhibitions.models.closing import BoothClosing
from shop.exhibitions.models.days import Commitment, Paper, PaperFor, PaperKind
from shop.exhibitions.models.fairs import Booth, Exhibition, FairState
from shop.exhibitions.quantity import Expected, Makes
from shop.exhibitions.queries import goods as queries
from shop.kernel import audit, clock, operations, text
from shop.kernel.actor import Actor
from shop.kernel.db import in_batches, locked, session, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.receipts import services as receipts
from shop.receipts.models import Delivery, DeliveryLine, Terms
from shop.receipts.queries import OPEN as DELIVERY_OPEN
from shop.receipts.services import Wanted
from shop.supply import queries as supply
from shop.supply.models import Season
from shop.transfers.services import planned

GOODS_MOVE = (FairState.ALLOTTED, FairState.RUNNING)
WEEK = 7
TOGETHER = 20


# --- how many ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Pack:
    """One pack of one stand, before anything is known of it."""

    goods_id: int
    producer_id: int
    point_id: int | None
    variant_id: int
    product_id: int
    wanted: int | None


def suggest(actor: Actor, exhibition_id: int) -> int:
    """Work out anew how much of each pack each stand should bring, with the reasons and the last day to begin; return of how
    many packs something is known. What is read is read before the transaction; nothing that anybody committed to changes.

    Raises:
        NotFound: there is no such fair.
        FairMovedOn: its booths are not published yet, or it is over.
    """
    fair = session().get(Exhibition, exhibition_id)
    if fair is None:
        raise NotFound
    if fair.state not in GOODS_MOVE:
        raise FairMovedOn
    today = clock.today()
    by = queries.bring_on(fair, today)
    if by is None or fair.from_on is None or fair.to_on is None:
        raise FairMovedOn
    packs = _packs(exhibition_id)
    expected = _expected(fair, packs, today)
    found = _capped(fair, packs, expected, by, today)
    with transaction() as s:
        row = locked(Exhibition, exhibition_id, NotFound)
        if row.state not in GOODS_MOVE:
            raise FairMovedOn
        now, known = clock.now(), 0
        for pack in packs:
            suggestion, start_by = found[pack.goods_id]
            known += suggestion.units is not None
            s.execute(
                update(ApplicationGoods)
                .where(ApplicationGoods.id == pack.goods_id)
                .values(
                    suggested=suggestion.units,
                    suggested_why=quantity.kept(suggestion.why),
                    suggested_at=now,
                    start_by=start_by,
                )
                .execution_options(synchronize_session=False)
            )
        s.expire_all()
        audit.record(actor, "exhibitions.suggest", f"exhibition:{row.slug}", packs=len(packs), known=known)
    return known


def _packs(exhibition_id: int) -> list[_Pack]:
    rows = session().execute(
        select(
            ApplicationGoods.id, Stand.producer_id, Booth.point_id, ApplicationGoods.variant_id, ApplicationGoods.product_id,
            ApplicationGoods.wanted,
        )
        .join(Stand, Stand.application_id == ApplicationGoods.application_id)
        .join(Booth, Booth.id == Stand.booth_id)
        .where(
            Stand.exhibition_id == exhibition_id,
            Stand.ended_at.is_(None),
            ApplicationGoods.papers != PapersState.REFUSED,
        )
        .order_by(ApplicationGoods.id)
    )  # fmt: skip
    return [_Pack(*row) for row in rows]


def _expected(fair: Exhibition, packs: Sequence[_Pack], today: date) -> dict[int, Expected]:
    """By pack of a stand, what is likely to be sold: the forecast of its booth or the pace of former fairs, as demand tells
    them for the days of this fair; for packs that were at none, the usual pace times the lift that fairs give."""
    if fair.from_on is None or fair.to_on is None:
        return {}
    days = (fair.to_on - max(fair.from_on, today)).days
    weeks = max(-(-(fair.to_on - today).days // WEEK), 1)
    variants = sorted({p.variant_id for p in packs})
    known = needs.fair_pace(list(session().scalars(select(Variant.id).order_by(Variant.id))))
    usual = needs.weekly(variants)
    by_point: dict[int, list[_Pack]] = defaultdict(list)
    for pack in packs:
        if pack.point_id is not None:
            by_point[pack.point_id].append(pack)
    found: dict[int, Expected] = {}
    # Asked for some booths at once: what demand reads of packs is most of the work, whatever the number of places.
    for some in in_batches(sorted(by_point), TOGETHER):
        mine = [pack for point_id in some for pack in by_point[point_id]]
        told = {
            (n.place, n.variant_id): n for n in needs.needs(weeks, sorted({p.variant_id for p in mine}), list(some))
        }
        for pack in mine:
            need = told.get((pack.point_id or 0, pack.variant_id))
            if need is None or need.source is needs.Source.TARGET:
                continue
            if need.source is needs.Source.FORECAST:
                why = N_("Dự báo của gian này cho %(days)s ngày hội chợ.")
            elif need.source is needs.Source.FAIRS:
                why = N_("Theo sức bán một ngày ở các hội chợ trước, cho %(days)s ngày.")
            else:
                why = N_("Theo sức bán mấy ngày qua ở gian này, cho %(days)s ngày còn lại.")
            found[pack.goods_id] = Expected(need.low, need.middle, need.high, why, {"days": days})
    for pack in packs:
        if pack.goods_id in found:
            continue
        per_day = known.per_day.get(pack.variant_id, 0.0)
        if per_day > 0:
            mean, why = per_day * days, N_("Theo sức bán một ngày ở các hội chợ trước, cho %(days)s ngày.")
            values: dict[str, Any] = {"days": days}
        elif known.lift is not None and usual.get(pack.variant_id, 0.0) > 0:
            mean = usual[pack.variant_id] / WEEK * days * known.lift
            why = N_(
                "Chưa bán ở hội chợ nào: lấy sức bán ngày thường × %(days)s ngày × %(lift)s lần như các hội chợ trước."
            )
            values = {"days": days, "lift": f"{known.lift:.1f}".replace(".", ",")}
        else:
            continue
        low, middle, high = _range(mean)
        found[pack.goods_id] = Expected(low, middle, high, why, values)
    return found


# How far a fair's sales may lie from what former ones tell: what demand takes for them.
SPREAD = 0.5


def _range(mean: float) -> tuple[float, float, float]:
    import numpy as np  # only who asks for suggestions pays for it

    from shop.demand import model

    low, middle, high = model.quantiles(np.array([mean]), np.array([SPREAD]))[0]
    return float(low), float(middle), float(high)


def _capped(
    fair: Exhibition, packs: Sequence[_Pack], expected: Mapping[int, Expected], by: date, today: date
) -> dict[int, tuple[quantity.Suggestion, date | None]]:
    """Cap what is expected by what can be made until `by`, and find the last day to begin."""
    own = _own_papers(fair.id)
    capacity = supply.capacity([p.variant_id for p in packs], today, by + timedelta(days=1)) if packs else {}
    months = supply.seasons({p.product_id for p in packs})
    by_producer: dict[int, list[_Pack]] = defaultdict(list)
    for pack in packs:
        by_producer[pack.producer_id].append(pack)
    found: dict[int, tuple[quantity.Suggestion, date | None]] = {}
    for producer_id, mine in sorted(by_producer.items()):
        wanted = {p.variant_id: _ceil(expected.get(p.goods_id)) for p in mine}
        can = supply.in_time(producer_id, wanted, by)
        pools = _pools(mine, can, by, today)
        made: dict[int, quantity.Suggestion] = {}
        for pack in mine:
            word = can[pack.variant_id]
            makes = Makes(
                here=word.here,
                low=word.low,
                high=word.high,
                # What comes to this very fair is not promised to others.
                promised=max(word.promised - own.get((producer_id, pack.variant_id), 0), 0),
                stated=word.stated,
                season=_in_season(months.get(pack.product_id), today, by),
                smallest_batch=word.smallest_batch,
            )
            made[pack.goods_id] = quantity.suggest(expected.get(pack.goods_id), makes, by)
        _share_pools(mine, made, can, pools)
        for pack in mine:
            suggestion = made[pack.goods_id]
            found[pack.goods_id] = (suggestion, _start_by(pack, suggestion, can[pack.variant_id], capacity, by, today))
    return found


def _ceil(expected: Expected | None) -> int:
    return 1 if expected is None else max(int(-(-expected.middle // 1)), 1)


def _in_season(months: str | None, today: date, by: date) -> bool:
    """Whether any month from today to `by` gives the product."""
    if not months:
        return True
    day, seen = today, set[int]()
    while day <= by:
        seen.add(day.month)
        day += timedelta(days=28 if day + timedelta(days=28) <= by or day == by else (by - day).days or 1)
    return any(months[m - 1] != Season.NONE for m in seen)


def _own_papers(exhibition_id: int) -> dict[tuple[int, int], int]:
    """Units that producers have promised to this fair already, by (producer, variant)."""
    rows = session().execute(
        select(Delivery.producer_id, DeliveryLine.variant_id, func.sum(DeliveryLine.quantity))
        .join(DeliveryLine, DeliveryLine.delivery_id == Delivery.id)
        .where(Delivery.point_id.in_(queries.points_of(exhibition_id)), Delivery.state.in_(DELIVERY_OPEN))
        .group_by(Delivery.producer_id, DeliveryLine.variant_id)
    )
    return {(producer_id, variant_id): int(n) for producer_id, variant_id, n in rows}


def _pools(mine: Sequence[_Pack], can: Mapping[int, supply.InTime], by: date, today: date) -> dict[int, int]:
    """What all packs of a product together can be made of until `by`, where several packs of it are brought."""
    products: dict[int, list[int]] = defaultdict(list)
    for pack in mine:
        if can[pack.variant_id].stated:
            products[pack.product_id].append(pack.variant_id)
    found = {}
    for product_id, variants in products.items():
        if len(variants) < 2:
            continue
        start = today + timedelta(days=max(can[v].lead_days or 0 for v in variants))
        if start > by:
            found[product_id] = 0
            continue
        pool = supply.capacity(variants[:1], start, by + timedelta(days=1))[variants[0]].pool
        found[product_id] = sum(week.high for week in pool)
    return found


def _share_pools(
    mine: Sequence[_Pack],
    made: dict[int, quantity.Suggestion],
    can: Mapping[int, supply.InTime],
    pools: Mapping[int, int],
) -> None:
    """Packs of one product are made of the same stuff: what is to be made of them together stays within it."""
    for product_id, pool in pools.items():
        packs = [p for p in mine if p.product_id == product_id and made[p.goods_id].units is not None]
        here = [min(can[p.variant_id].here, made[p.goods_id].units or 0) for p in packs]
        to_make = [(made[p.goods_id].units or 0) - h for p, h in zip(packs, here, strict=True)]
        if sum(to_make) <= pool:
            continue
        for pack, lies, n in zip(packs, here, quantity.within(pool, to_make), strict=True):
            old = made[pack.goods_id]
            why = (N_("Các quy cách cùng làm từ một nguồn: tất cả chỉ làm kịp %(n)s."), {"n": pool})
            made[pack.goods_id] = quantity.Suggestion(lies + n, (*old.why, why))


def _start_by(
    pack: _Pack,
    suggestion: quantity.Suggestion,
    word: supply.InTime,
    capacity: Mapping[int, supply.CapacityOf],
    by: date,
    today: date,
) -> date | None:
    """The last day to begin so that all of it is ready by `by`; None if nothing has to be made or the lead time is unknown."""
    need = (suggestion.units or 0) - word.here
    if need <= 0 or word.lead_days is None:
        return None
    known = capacity.get(pack.variant_id)
    if known is None or not known.stated:
        return by - timedelta(days=word.lead_days)
    left = [0.0] * (len(known.weeks) - 1) + [-float(need)]
    start = picture.start(by, left, [float(week.high) for week in known.weeks], word.lead_days, today)
    return start.by if start.by is not None else by - timedelta(days=word.lead_days)


# --- what producers commit to ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Word:
    """What a producer says of one pack: units that he brings, and why not as many as suggested."""

    units: int
    reason: str = ""


def commit(actor: Actor, application: str, words: Mapping[int, Word], op_key: str) -> int:
    """Take down what a producer commits to, by row of goods (id); return how many rows changed. The same `op_key` again changes
    nothing.

    Raises:
        NotFound: no such application, or goods of another.
        FairMovedOn: it has no booth now, or the fair takes no goods any more.
        Invalid: a number out of range, fewer than suggested without a reason, goods whose papers were refused (fields
            `units-<id>`, `reason-<id>`).
    """
    said = {n: Word(w.units, text.clean(w.reason).replace("\n", " ")) for n, w in words.items()}
    for goods_id, word in said.items():
        if word.units < 0:
            raise Invalid(N_("Số lượng phải là số nguyên, từ 0."), field=f"units-{goods_id}")
        if word.units > quantity.MOST_UNITS:
            raise Invalid(N_("Nhiều nhất %(n)s đơn vị."), field=f"units-{goods_id}", n=quantity.MOST_UNITS)
        if len(word.reason) > 500:
            raise Invalid(N_("Nhiều nhất %(n)s ký tự."), field=f"reason-{goods_id}", n=500)

    def command() -> dict[str, Any]:
        s = session()
        row = s.scalar(select(Application).where(Application.reference == application))
        if row is None:
            raise NotFound
        fair = locked(Exhibition, row.exhibition_id, NotFound)
        row = locked(Application, row.id, NotFound)
        stand = s.scalar(select(Stand).where(Stand.application_id == row.id, Stand.ended_at.is_(None)))
        if stand is None or fair.state not in GOODS_MOVE:
            raise FairMovedOn
        goods = {
            g.id: g
            for g in s.scalars(
                select(ApplicationGoods).where(ApplicationGoods.application_id == row.id).order_by(ApplicationGoods.id)
            )
        }
        if not set(said) <= set(goods):
            raise NotFound
        now, changed = clock.now(), 0
        for goods_id, word in sorted(said.items()):
            one = goods[goods_id]
            _check_word(one, word)
            last = s.scalar(select(func.max(Commitment.id)).where(Commitment.goods_id == goods_id))
            before = s.get(Commitment, last) if last is not None else None
            if before is not None and (before.units, before.reason or "") == (word.units, word.reason):
                continue
            s.add(
                Commitment(
                    goods_id=goods_id, units=word.units, suggested=one.suggested, reason=word.reason or None, at=now,
                    actor_key=actor.key, actor_label=actor.label,
                )
            )  # fmt: skip
            one.committed, one.committed_at = word.units, now
            changed += 1
        s.flush()
        if changed:
            audit.record(
                actor, "exhibitions.commit", f"application:{row.reference}", rows=changed,
                units=sum(word.units for word in said.values()),
            )  # fmt: skip
        return {"changed": changed}

    body = [application, sorted((n, w.units, w.reason) for n, w in said.items())]
    return int(operations.once(op_key, "exhibitions.commit", actor.key, body, command)["changed"])


def _check_word(goods: ApplicationGoods, word: Word) -> None:
    if goods.papers is PapersState.REFUSED and word.units:
        raise Invalid(N_("Giấy tờ của sản phẩm này không được nhận nên không bày bán được."), field=f"units-{goods.id}")
    short = goods.suggested is not None and word.units < goods.suggested
    if (short or word.units == 0) and len(word.reason) < 2:
        raise Invalid(N_("Ít hơn gợi ý thì xin ghi lý do."), field=f"reason-{goods.id}")


# --- papers ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sends:
    """How goods of one stand travel, in sale units by variant: from the home store, and brought by the producer."""

    from_home: Mapping[int, int]
    from_maker: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Sent:
    """The papers that were made."""

    transfer: str | None
    delivery: str | None


def proposed(fair: Exhibition, stand: queries.StandGoods) -> Sends:
    """What is still to be sent for a stand: committed, not come and without a paper; from the home store as far as goods lie
    free there, else by the producer."""
    lacking = {row.variant_id: row.missing for row in stand.rows if row.missing}
    if fair.home_point_id is None or not lacking:
        return Sends({}, lacking)
    home = queries.home_stock(fair.home_point_id, list(lacking))
    from_home = {v: k for v, n in lacking.items() if (k := min(n, max(home.get(v, 0), 0)))}
    return Sends(from_home, {v: k for v, n in lacking.items() if (k := n - from_home.get(v, 0))})


def send(
    actor: Actor, exhibition_id: int, stand_id: int, what: Sends, on: date | None, op_key: str, *, approve: bool = False
) -> Sent:
    """Make the papers by which goods of a stand travel: a transfer from the home store, an expected delivery on consignment
    from the producer, or both. `on`: the day of the delivery (default: the day before the fair). The same `op_key`
    makes them once.

    Raises:
        NotFound: no such stand in this fair.
        FairMovedOn: the fair takes no goods any more, or the stand has ended.
        BoothNotReady: its booth has no point; BoothCloses: it is being closed; NoHomePoint: the fair has no home store.
        Invalid: nothing, goods that are not of the stand, a quantity or day out of range.
    """
    from_home = {v: n for v, n in what.from_home.items() if n}
    from_maker = {v: n for v, n in what.from_maker.items() if n}
    for v, n in (*from_home.items(), *from_maker.items()):
        if not 1 <= n <= quantity.MOST_UNITS:
            raise Invalid(N_("Số lượng phải là số nguyên lớn hơn 0."), field=f"home-{v}")
    if not from_home and not from_maker:
        raise Invalid(N_("Chưa ghi số lượng nào."), field="lines")

    def command() -> dict[str, Any]:
        fair = locked(Exhibition, exhibition_id, NotFound)
        stand = session().get(Stand, stand_id)
        if stand is None or stand.exhibition_id != exhibition_id:
            raise NotFound
        if fair.state not in GOODS_MOVE or stand.ended_at is not None:
            raise FairMovedOn
        booth = session().get_one(Booth, stand.booth_id)
        if booth.point_id is None:
            raise BoothNotReady
        if session().scalar(select(BoothClosing.id).where(BoothClosing.booth_id == booth.id)) is not None:
            raise BoothCloses(code=booth.code)
        _only_of(stand, {*from_home, *from_maker})
        transfer = delivery = None
        if from_home:
            if fair.home_point_id is None:
                raise NoHomePoint
            _id, transfer = planned.make(
                actor, fair.home_point_id, booth.point_id, from_home, note=f"{fair.name}, gian {booth.code}"[:500],
                approve=approve,
            )  # fmt: skip
            note(actor, fair, booth, PaperKind.TRANSFER, PaperFor.OPENING, transfer, stand.id)
        if from_maker:
            day = on or queries.bring_on(fair, clock.today()) or clock.today()
            delivery = receipts.expect(
                actor, stand.producer_id, booth.point_id, Terms.CONSIGNMENT, day,
                {v: Wanted(n) for v, n in from_maker.items()}, note=f"{fair.name}, gian {booth.code}"[:500],
                op_key=f"{op_key}:d"[:80], is_demo=fair.is_demo,
            )  # fmt: skip
            note(actor, fair, booth, PaperKind.DELIVERY, PaperFor.OPENING, delivery, stand.id)
        audit.record(
            actor, "exhibitions.send", f"exhibition:{fair.slug}", booth=booth.code, transfer=transfer, delivery=delivery
        )
        return {"transfer": transfer, "delivery": delivery}

    body = [exhibition_id, stand_id, sorted(from_home.items()), sorted(from_maker.items()), on, approve]
    made = operations.once(op_key, "exhibitions.send", actor.key, body, command)
    return Sent(made["transfer"], made["delivery"])


def _only_of(stand: Stand, variants: set[int]) -> None:
    known = set(
        session().scalars(
            select(ApplicationGoods.variant_id).where(
                ApplicationGoods.application_id == stand.application_id, ApplicationGoods.papers != PapersState.REFUSED
            )
        )
    )
    if not variants <= known:
        raise Invalid(N_("Có quy cách không thuộc hồ sơ của cơ sở này."), field="lines")


def note(
    actor: Actor,
    fair: Exhibition,
    booth: Booth,
    kind: PaperKind,
    purpose: PaperFor,
    reference: str,
    stand_id: int | None,
) -> None:
    """Keep that a paper of the rooms below carries goods of a booth."""
    session().add(
        Paper(
            exhibition_id=fair.id, booth_id=booth.id, stand_id=stand_id, kind=kind, purpose=purpose, reference=reference,
            made_at=clock.now(), made_label=actor.label,
        )
    )  # fmt: skip
    session().flush()


def send_all(actor: Actor, fair: Exhibition, op_key: str, *, approve: bool = False) -> int:
    """Make the papers for everything that is committed and has none yet, as `proposed`; return for how many stands."""
    made = 0
    for stand in queries.stands(fair):
        what = proposed(fair, stand)
        if stand.point_id is None or not (what.from_home or what.from_maker):
            continue
        send(actor, fair.id, stand.stand_id, what, None, f"{op_key}:{stand.stand_id}", approve=approve)
        made += 1
    return made
