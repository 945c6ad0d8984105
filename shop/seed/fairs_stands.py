"""Who stood at the fair of the demonstration that is over, and how they came there: applications of the makers of what was
sold, endorsed, their papers looked at, booths given out by the draw and one change by hand, goods promised, then sent on
consignment.

Everything is done by the room's own commands, so that the draw can be worked out again and each paper be followed.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

from sqlalchemy import select

from shop.exhibitions.allot import EditKind
from shop.exhibitions.models.calls import Application, ApplicationGoods, Endorsement, PapersState, Stand
from shop.exhibitions.models.fairs import (
    Booth,
    BoothType,
    BudgetLine,
    BudgetSide,
    Exhibition,
    SubsidyFor,
    Zone,
    ZoneColour,
)
from shop.exhibitions.queries import allotting as read_allotting
from shop.exhibitions.services import allotting, applications, budget, goods
from shop.exhibitions.services.budget import LineDraft
from shop.exhibitions.services.goods import Sends, Word
from shop.kernel import clock
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.producers import queries as producers
from shop.seed.fairs_call import MARK, SEEN
from shop.seed.staff import Staff
from shop.settlement.models import Agreement, AgreementState
from shop.settlement.services import agreements
from shop.settlement.services.agreements import Draft, Rates

FEE, MAKERS = 6_000_000, 8
WHY = "Hàng của Tiên Yên đứng chung một gian (minh họa)."
# Planned, and what it came to (đồng).
_BUDGET = (
    (BudgetSide.COST, "Thuê mặt bằng, dựng hai gian 6 × 3 m", 5_200_000, 5_200_000, "Ngân sách tỉnh (minh họa)"),
    (BudgetSide.COST, "Điện, tủ mát, vệ sinh", 1_600_000, 1_850_000, "Ngân sách tỉnh (minh họa)"),
    (BudgetSide.COST, "Xe chở hàng đi và về", 1_500_000, 1_320_000, "Cửa hàng"),
    (BudgetSide.COST, "Bảng tên, tờ rơi", 900_000, 900_000, "Cửa hàng"),
    (BudgetSide.INCOME, "Tỉnh hỗ trợ phí gian", 3_000_000, 3_000_000, "Ngân sách tỉnh (minh họa)"),
)


def draw(fair: Exhibition, codes: tuple[str, ...]) -> None:
    """Two shared booths on the plan, whose fee the province pays."""
    with transaction() as s:
        zone = Zone(exhibition_id=fair.id, code="T", name="Khu các xã, phường trong tỉnh", colour=ZoneColour.SEA)
        kind = BoothType(
            exhibition_id=fair.id, name="Gian chung 6 × 3 m", columns=6, rows=3, fee_amount=FEE,
            subsidy_for=SubsidyFor.PROVINCE, subsidy_percent=100, power_watts=3_000, cold=True, makers=MAKERS,
        )  # fmt: skip
        s.add_all([zone, kind])
        s.flush()
        s.add_all(
            Booth(
                exhibition_id=fair.id, code=code, zone_id=zone.id, type_id=kind.id, x=4 + 10 * n, y=4, columns=6, rows=3
            )
            for n, code in enumerate(codes)
        )


def plan_budget(staff: Staff, fair: Exhibition) -> None:
    """What the fair is to cost."""
    for n, (side, name, planned, _actual, funder) in enumerate(_BUDGET):
        line = LineDraft(side, name, planned, funder=funder)
        budget.add(staff.people["xuctien"], fair.id, line, f"seed:demo:fair-days-budget-{n}")


def settle_budget(staff: Staff, fair_id: int) -> None:
    """What it came to, written down before the report."""
    lines = list(
        session().scalars(select(BudgetLine).where(BudgetLine.exhibition_id == fair_id).order_by(BudgetLine.id))
    )
    for line, (side, name, planned, actual, funder) in zip(lines, _BUDGET, strict=True):
        draft = LineDraft(side, name, planned, actual, funder)
        budget.change(staff.people["xuctien"], fair_id, line.id, draft, seen=line.updated_at.isoformat())


def of_booths(staff: Staff, brought: Mapping[str, Mapping[str, int]]) -> dict[int, tuple[str, dict[int, int]]]:
    """The makers of what is sold: the booth's code and the units of each pack."""
    found: dict[int, tuple[str, dict[int, int]]] = {}
    for code, units in brought.items():
        for sku, n in units.items():
            ware = staff.packs[sku]
            if ware.producer_id is not None:
                found.setdefault(ware.producer_id, (code, {}))[1][ware.variant_id] = n
    return found


def apply(staff: Staff, fair: Exhibition, makers: Mapping[int, tuple[str, dict[int, int]]]) -> None:
    """Each of the makers hands in an application."""
    actor = Actor("system", f"Người của cơ sở {MARK}")
    for n, (producer_id, (_code, units)) in enumerate(sorted(makers.items())):
        known = producers.by_id(producer_id)
        reference = applications.start(actor, producer_id, fair.slug, is_demo=True)
        applications.save_goods(actor, reference, dict(units))
        applications.save_place(actor, reference, None, None, 300, water=False, cold=False)
        note = f"Hồ sơ minh họa của {known.name}." if known is not None else None
        applications.save_contact(actor, reference, f"Người phụ trách gian {MARK}", f"09000004{n:02d}", note)
        applications.submit(actor, reference)


def look(staff: Staff, fair: Exhibition) -> None:
    """Localities speak for their own; the desk looks at the papers."""
    locality = Actor("system", f"Cán bộ địa phương {MARK}")
    for row in _applications(fair):
        if row.locality_code is not None:
            applications.endorse(locality, row.reference, Endorsement.YES, "Cơ sở có hàng đều, đúng như hồ sơ.")
        for good in row.goods:
            applications.find(staff.people["xuctien"], row.reference, good.id, PapersState.GOOD, SEEN)


def give_out(
    staff: Staff, fair: Exhibition, makers: Mapping[int, tuple[str, dict[int, int]]], key: Callable[[], str]
) -> None:
    """The draw, with those by hand whom it would put in another booth than their neighbours; published."""
    office = staff.people["xuctien"]
    row = read_allotting.rule_row(fair.id)
    if row is None:
        return
    found = read_allotting.preview(fair, read_allotting.rule_of(row), row.seed)
    codes = dict(session().execute(select(Booth.id, Booth.code).where(Booth.exhibition_id == fair.id)).all())
    by_rule = {one.reference: codes.get(one.booth_id or 0) for one in found.result.outcomes}
    for one in _applications(fair):
        code = makers[one.producer_id][0]
        if by_rule.get(one.reference) != code:
            allotting.edit(office, fair.slug, EditKind.MOVE, one.reference, code, WHY, key())
    seen = read_allotting.preview(fair, read_allotting.rule_of(row), row.seed).digest
    allotting.publish(office, fair.slug, seen, key())


def agree(staff: Staff, fair: Exhibition, key: Callable[[], str]) -> None:
    """Who brings goods on consignment has agreed beforehand what the shop keeps."""
    agreed = select(Agreement.producer_id).where(Agreement.state == AgreementState.AGREED)
    known = set(session().scalars(agreed))
    for row in _applications(fair):
        if row.producer_id not in known:
            draft = Draft(clock.today(), Rates(1_000, 1_500, 2_000), note="Thỏa thuận minh họa")
            reference = agreements.propose(staff.people["donhang"], row.producer_id, draft, op_key=key(), is_demo=True)
            agreements.agree(Actor("system", f"Đại diện cơ sở {MARK}"), reference)


def promise(staff: Staff, fair: Exhibition, key: Callable[[], str]) -> None:
    """What the forecast suggests, and what each maker promises to bring."""
    goods.suggest(staff.people["xuctien"], fair.id)
    actor = Actor("system", f"Người của cơ sở {MARK}")
    for row in _applications(fair):
        words = {good.id: Word(good.wanted or 0) for good in row.goods}
        goods.commit(actor, row.reference, words, key())


def send(staff: Staff, fair: Exhibition, key: Callable[[], str]) -> dict[str, dict[int, int]]:
    """The papers by which the goods travel: deliveries to the booths for the first day. Return units by pack of each."""
    found: dict[str, dict[int, int]] = {}
    stands = session().execute(
        select(Stand.id, Stand.application_id)
        .where(Stand.exhibition_id == fair.id, Stand.ended_at.is_(None))
        .order_by(Stand.id)
    )
    for stand_id, application_id in stands.all():
        rows = session().execute(
            select(ApplicationGoods.variant_id, ApplicationGoods.wanted).where(
                ApplicationGoods.application_id == application_id
            )
        )
        units = {variant_id: wanted for variant_id, wanted in rows if wanted}
        made = goods.send(staff.people["xuctien"], fair.id, stand_id, Sends({}, units), fair.from_on, key())
        if made.delivery is not None:
            found[made.delivery] = units
    return found


def _applications(fair: Exhibition) -> list[Application]:
    return list(
        session().scalars(
            select(Application)
            .where(Application.exhibition_id == fair.id)
            .order_by(Application.id)
            .execution_options(populate_existing=True)
        )
    )


def keys(rng: random.Random) -> Callable[[], str]:
    """Operation keys by this chance."""
    return lambda: f"seed:demo:{rng.getrandbits(64):016x}"
