"""Two booths at a fair of the demonstration: one that is empty after its first night, one that takes goods home again.

So it was in January 2017, when the booth of Tiên Yên waited for emergency deliveries after one night
(https://danviet.vn/san-dac-san-doc-la-tai-hoi-cho-ocop-quang-ninh-7777739980.htm); days and numbers here are made up.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import select

from shop.exhibitions.models.fairs import Exhibition
from shop.kernel import clock
from shop.kernel.db import session
from shop.receipts import services as receipts
from shop.receipts.models import Terms
from shop.receipts.services import Came, Wanted
from shop.seed import fairs_close, fairs_days, fairs_stands, rounds
from shop.seed.counters import FLOAT, Counter, Turn, enrol, in_notes, line, new_uuid, sell, send, tell
from shop.seed.staff import Staff
from shop.till.services import devices

# The fair lasted from so many days ago until before so many.
FIRST, END = 23, 17
FAIR = "Hội chợ OCOP Quảng Ninh thu đông (minh họa)"
TIEN_YEN, BA_CHE = "hoi-cho-gian-tien-yen", "hoi-cho-gian-ba-che"
CODES = {TIEN_YEN: "TY1", BA_CHE: "BC1"}
# Units by SKU that the booths began with; what came in a hurry on the fourth day.
FEW = {"QN043-1": 14, "QN043-2": 10, "QN041-1": 24, "QN042-1": 18, "QN011-1": 20}
HURRIED = {"QN043-1": 8, "QN043-2": 6}
PLENTY = {"QN099-1": 48, "QN022-1": 60, "QN064-1": 36, "QN056-1": 60, "QN056-2": 40}
# Packs that people still asked for at the empty booth, the more often named the more often.
ASKED = ("QN043-1", "QN043-1", "QN043-2", "QN041-1", "QN011-1")


def plan(staff: Staff) -> None:
    """Open the booths and put the fair's days on the list of what is to be done."""
    goods = {CODES[TIEN_YEN]: FEW, CODES[BA_CHE]: PLENTY}
    made = fairs_days.plan(staff, FAIR, FIRST, END, goods, staff.points[rounds.CENTRE])
    for slug, code in CODES.items():
        staff.points[slug] = made[code]  # type: ignore[index]
    _consign(staff)
    _bring(staff, FIRST, TIEN_YEN, _bought(staff, FEW), "Hàng hội chợ, giao trước 15 giờ ngày khai mạc")
    _bring(staff, FIRST, BA_CHE, _bought(staff, PLENTY), "Hàng hội chợ")
    _bring(staff, FIRST - 3, TIEN_YEN, HURRIED, "Giao gấp: gian trống từ sau đêm khai mạc")
    few, plenty = Counter("D1", TIEN_YEN, "xuctien"), Counter("E1", BA_CHE, "xuctien")
    for counter, name in ((few, "Gian Tiên Yên"), (plenty, "Gian Ba Chẽ")):
        staff.then(staff.day(FIRST, 14), lambda counter=counter, name=name: enrol(staff, counter, name))  # type: ignore[misc]
    for ago in range(FIRST, END, -1):
        staff.then(staff.day(ago, 16, 30), lambda ago=ago: _evening(staff, few, ago, hungry=True))  # type: ignore[misc]
        staff.then(staff.day(ago, 16, 35), lambda ago=ago: _evening(staff, plenty, ago, hungry=False))  # type: ignore[misc]
    fairs_close.plan(staff, FAIR, END, tuple(CODES.values()))
    admin = staff.people["quantri"]
    for counter in (few, plenty):
        staff.then(
            staff.day(END, 9, 30),
            lambda counter=counter: devices.revoke(admin, counter.device_id, "Hội chợ bế mạc"),  # type: ignore[misc]
        )


def _bought(staff: Staff, units: Mapping[str, int]) -> dict[str, int]:
    """Goods whose maker is not known: the shop buys them; what has a maker stays his until it is sold."""
    return {sku: n for sku, n in units.items() if staff.packs[sku].producer_id is None}


def _consign(staff: Staff) -> None:
    """The makers' goods travel by the fair's papers and are counted in at the booths."""
    skus = {ware.variant_id: sku for sku, ware in staff.packs.items()}

    def go() -> None:
        fair = session().scalars(select(Exhibition).where(Exhibition.name == FAIR, Exhibition.is_demo)).one()
        for n, (reference, units) in enumerate(fairs_stands.send(staff, fair, staff.key).items()):

            def come(reference: str = reference, units: dict[int, int] = units, n: int = n) -> None:
                now = clock.now()
                came = {
                    skus[v]: Came(k, unit_cost_amount=staff.cost(skus[v], now), **rounds.lot(staff, skus[v], now))
                    for v, k in units.items()
                }
                rounds.receive(staff, reference, came, f"PGH-HC-{n + 1:02d}")

            staff.then(staff.day(FIRST, 15, 10), come)

    staff.then(staff.day(FIRST + 2, 9, 30), go)


def _bring(staff: Staff, ago: int, point: str, units: Mapping[str, int], note: str) -> None:
    """What a booth sells comes on one paper for each maker; goods without a maker on record come from the first of them."""
    makers = [ware.producer_id for sku in (*units, *FEW) if (ware := staff.packs[sku]).producer_id]
    by_maker: dict[int, dict[str, int]] = {}
    for sku, n in units.items():
        by_maker.setdefault(staff.packs[sku].producer_id or makers[0], {})[sku] = n
    desk = staff.people["xuctien"]
    for maker, mine in by_maker.items():

        def come(maker: int = maker, mine: dict[str, int] = mine) -> None:
            now = clock.now()
            wanted = {staff.packs[sku].variant_id: Wanted(n, staff.cost(sku, now)) for sku, n in mine.items()}
            reference = receipts.expect(
                desk, maker, staff.points[point], Terms.PURCHASE, clock.business_day(now), wanted, note=note,
                op_key=staff.key(), is_demo=True,
            )  # fmt: skip
            came = {sku: Came(n, **rounds.lot(staff, sku, now)) for sku, n in mine.items()}
            rounds.receive(staff, reference, came, f"PXK-HC-{ago:02d}{maker:02d}")

        staff.then(staff.day(ago, 15, 10), come)


def _evening(staff: Staff, counter: Counter, ago: int, *, hungry: bool) -> None:
    """One evening at a booth. `hungry`: everything goes within hours, and people go on asking until it closes."""
    rng, opening = staff.rng, clock.now()
    keeper, turn = staff.people[counter.keeper].user_id, Turn(new_uuid(staff))
    tell(staff, counter, opening, "session-open", session=turn.uuid, keeper_id=keeper, float_amount=FLOAT)
    skus = {ware.variant_id: sku for sku, ware in staff.packs.items()}
    left = {
        (skus[level.variant_id], lot.code): level.on_hand - level.held - level.allocated
        for level, lot in staff.levels(counter.point)
        if staff.may_sell(skus[level.variant_id], opening)
    }
    when = opening + timedelta(minutes=12)
    sales = 60 if hungry else rng.randrange(4, 8)
    for _ in range(sales):
        there = sorted(key for key, n in left.items() if n > 0)
        if not there:
            break
        lines = []
        for key in rng.sample(there, min(len(there), rng.choice((1, 2)))):
            n = min(left[key], rng.choice((1, 2, 2)))
            left[key] -= n
            lines.append(line(staff, *key, n, when))
        sell(staff, counter, turn, when, lines)
        when += timedelta(minutes=rng.randrange(4, 9) if hungry else rng.randrange(25, 50))
    if hungry:
        while when < opening + timedelta(hours=4, minutes=30):
            body = {"variant_id": staff.packs[rng.choice(ASKED)].variant_id, "quantity": rng.choice((1, 1, 2, 3))}
            tell(staff, counter, when, "ask", session=turn.uuid, **body)
            when += timedelta(minutes=rng.randrange(9, 25))
    evening = max(when, opening + timedelta(hours=4, minutes=40)) + timedelta(minutes=5)
    tell(
        staff, counter, evening, "session-close", session=turn.uuid, counted=in_notes(turn.cash), counted_amount=turn.cash,
    )  # fmt: skip
    events, counter.queue = sorted(counter.queue, key=lambda event: str(event["at"])), []
    for event in events:
        counter.seq += 1
        event["seq"] = counter.seq
    # Each sale leaves the shelf when it happened, not when the evening is counted: the hours without goods are told by it.
    for event in events:
        at = datetime.fromisoformat(event["at"]) + timedelta(seconds=2)
        staff.then(at, lambda event=event: send(counter, [event]))  # type: ignore[misc]
