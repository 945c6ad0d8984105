"""Days at the counters of the demonstration: what a device would have sent, taken in by the counter's own commands."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from shop.kernel import clock
from shop.kernel.db import session
from shop.orders.events import SoldAtCounter
from shop.seed.rounds import BIG_C, CENTRE, GATE
from shop.seed.staff import Staff
from shop.till import handlers
from shop.till.forms import NOTES
from shop.till.models import Shortage, TillSale
from shop.till.services import devices, shortages, sync

# The PIN by which the devices of the demonstration know its keepers (README).
PIN = "2580"
FLOAT = 500_000
ASKED = (
    "Sá sùng khô loại 1", "Chả mực gói 250 g", "Bia hơi Hạ Long", "Túi giấy to", "Mực rim me", "Trà hoa vàng túi lọc",
    "Ruốc hàu hũ nhỏ", "Hộp quà ba món", "Nước mắm chai nhựa mang lên máy bay", "Na dai",
)  # fmt: skip


@dataclass(slots=True)
class Counter:
    """A device, where it stands, who sells there; its own counting."""

    code: str
    point: str
    keeper: str
    device_id: int = 0
    token: str = ""
    seq: int = 0
    number: int = 0
    queue: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class Turn:
    """A session as its device knows it: cash that should lie in the drawer, and what was sold (number, lines, total)."""

    uuid: str
    cash: int = FLOAT
    sold: list[tuple[str, list[dict[str, Any]], int]] = field(default_factory=list)


def plan(staff: Staff) -> None:
    """Put the devices and their last days on the list of what is to be done."""
    centre, gate, shop = (
        Counter("A1", CENTRE, "diemban"),
        Counter("B1", GATE, "tramdung"),
        Counter("C1", BIG_C, "xuctien"),
    )
    admin = staff.people["quantri"]
    for counter, name in ((centre, "Quầy chính"), (gate, "Quầy trạm dừng nghỉ"), (shop, "Máy bán lưu động")):
        staff.then(staff.day(16, 9), lambda counter=counter, name=name: enrol(staff, counter, name))  # type: ignore[misc]
    for who in ("diemban", "tramdung", "xuctien"):
        actor = staff.people[who]
        staff.then(staff.day(16, 10), lambda actor=actor: devices.set_pin(actor, actor.user_id or 0, PIN))  # type: ignore[misc]
    for ago in (4, 3, 2, 1):
        staff.then(staff.day(ago, 7, 35), lambda ago=ago: _day(staff, centre, ago, live=True))  # type: ignore[misc]
        # At the rest stop there is no network all day: what was sold is sent in the evening.
        staff.then(staff.day(ago, 6, 20), lambda ago=ago: _day(staff, gate, ago, live=False))  # type: ignore[misc]
    staff.then(staff.day(3, 8, 5), lambda: _day(staff, shop, 3, live=True))
    reason = "Máy rơi vỡ, bán bằng máy khác"
    staff.then(staff.day(2, 9), lambda: devices.revoke(admin, shop.device_id, reason))
    staff.then(staff.day(3, 9, 30), lambda: _found(staff))


def enrol(staff: Staff, counter: Counter, name: str) -> None:
    admin = staff.people["quantri"]
    counter.device_id = devices.create(admin, counter.code, f"{name} (minh họa)", staff.points[counter.point])
    made = devices.enrol(devices.new_code(admin, counter.device_id).code, f"{name} (minh họa)", None)
    counter.token = made.token


def _found(staff: Staff) -> None:
    """The first shortage turns out to have been there all the time."""
    first = session().query(Shortage).order_by(Shortage.id).first()
    if first is not None:
        shortages.settle(staff.people["xuctien"], first.reference, "found", "Đếm lại: hàng còn trong thùng chưa bày")


# --- a day -------------------------------------------------------------------------------------------------------


def _day(staff: Staff, counter: Counter, ago: int, *, live: bool) -> None:
    """Gather what happens in a session, to be taken in as it happens, or all together in the evening."""
    rng, opening = staff.rng, clock.now()
    turn = Turn(new_uuid(staff))
    keeper = staff.people[counter.keeper].user_id
    evening = staff.day(ago, 20, 40)
    free = _free(staff, counter.point)
    tell(staff, counter, opening, "session-open", session=turn.uuid, keeper_id=keeper, float_amount=FLOAT)
    span = (evening - opening).total_seconds() - 1800
    times = sorted(opening + timedelta(seconds=900 + int(rng.random() * span)) for _ in range(rng.randrange(6, 9)))
    for n, when in enumerate(times):
        _sale(staff, counter, turn, when, free, n)
        if n == 1 and ago in {4, 2}:
            _ask(staff, counter, turn, when + timedelta(minutes=7))
        if n == 3:
            _drawer(staff, counter, turn, when + timedelta(minutes=4), -50_000, "Mua nước và túi giấy")
    if counter.point == CENTRE and ago == 2:
        _return(staff, counter, turn, times[-1] + timedelta(minutes=9))
    if (counter.point, ago) in {(CENTRE, 4), (GATE, 2)}:
        _too_much(staff, counter, turn, times[-1] + timedelta(minutes=12), free)
    _ask(staff, counter, turn, times[-1] + timedelta(minutes=15))
    short = {4: 0, 3: -2_000, 2: 1_000, 1: -5_000}[ago] if counter.point == CENTRE else {3: -10_000}.get(ago, 0)
    counted = in_notes(turn.cash + short)
    note = "Thối nhầm khách mua lẻ" if short else None
    tell(
        staff, counter, evening, "session-close", session=turn.uuid, counted=counted, counted_amount=turn.cash + short,
        note=note,
    )  # fmt: skip
    events, counter.queue = sorted(counter.queue, key=lambda event: str(event["at"])), []
    for event in events:
        counter.seq += 1
        event["seq"] = counter.seq
    if live:
        for event in events:
            when = datetime.fromisoformat(event["at"]) + timedelta(seconds=2)
            staff.then(when, lambda event=event: send(counter, [event]))  # type: ignore[misc]
    else:
        staff.then(evening + timedelta(minutes=12), lambda: send(counter, events))


def send(counter: Counter, events: Sequence[dict[str, Any]]) -> None:
    """Take the events in, and count what was sold as a worker would have done.

    Raises:
        ValueError: one of them was refused: the seed has made something up that a counter would not do.
    """
    known = devices.by_id(counter.device_id)
    for found in sync.take_in(known, events, is_demo=True):
        if found.status != "done":
            raise ValueError(f"{counter.code}: {found.error!r}")
    numbers = [event["body"]["number"] for event in events if event["kind"] == "sale"]
    for sale in session().query(TillSale).filter(TillSale.number.in_(numbers)).order_by(TillSale.id):
        handlers.count_sales(SoldAtCounter(sale.order_id))


def tell(staff: Staff, counter: Counter, at: datetime, kind: str, **body: Any) -> None:
    told = {name: value for name, value in body.items() if value is not None}
    counter.queue.append({"uuid": new_uuid(staff), "kind": kind, "at": at.isoformat(), "body": told})


def new_uuid(staff: Staff) -> str:
    return str(uuid.UUID(int=staff.rng.getrandbits(128), version=4))


def in_notes(amount: int) -> dict[str, int]:
    """The fewest notes that make `amount` (the rest, below the smallest note, is not there)."""
    found = {}
    for note in NOTES:
        n, amount = divmod(amount, int(note))
        if n:
            found[note] = n
    return found


def _free(staff: Staff, point: str) -> dict[tuple[str, str], int]:
    """Units by SKU and lot that the point's counter may sell."""
    skus = {ware.variant_id: sku for sku, ware in staff.packs.items()}
    found = {}
    for level, lot in staff.levels(point):
        n = level.on_hand - level.held - level.allocated
        if n > 0 and staff.may_sell(skus[level.variant_id], clock.now()):
            found[skus[level.variant_id], lot.code] = n
    return found


# --- what happens ------------------------------------------------------------------------------------------------


def line(staff: Staff, sku: str, lot: str, n: int, when: datetime) -> dict[str, Any]:
    ware = staff.packs[sku]
    price_id, amount = ware.price_at(when) or (0, 0)
    return {
        "variant_id": ware.variant_id, "quantity": n, "unit_price_amount": amount, "price_id": price_id, "lot_code": lot,
    }  # fmt: skip


def _sale(staff: Staff, counter: Counter, turn: Turn, when: datetime, free: dict[tuple[str, str], int], n: int) -> None:
    rng = staff.rng
    there = sorted(key for key, left in free.items() if left > 1)
    if not there:
        return
    lines = []
    for sku, lot in rng.sample(there, min(len(there), rng.choice((1, 1, 2, 2, 3)))):
        units = min(free[sku, lot] - 1, 1 if staff.packs[sku].prices[-1][3] > 300_000 else rng.choice((1, 1, 2, 2, 3)))
        free[sku, lot] -= units
        lines.append(line(staff, sku, lot, units, when))
    sell(staff, counter, turn, when, lines, off=n == 4, mixed=n == 5)


def _too_much(staff: Staff, counter: Counter, turn: Turn, when: datetime, free: dict[tuple[str, str], int]) -> None:
    """The keeper sells what lies before him, though the books have less of it."""
    few = min((key for key, left in free.items() if left > 0 and staff.packs[key[0]].prices[-1][3] < 200_000),
              key=lambda key: (free[key], key), default=None)  # fmt: skip
    if few is not None:
        n = free.pop(few) + 2
        sell(staff, counter, turn, when, [line(staff, *few, n, when)])


def sell(
    staff: Staff, counter: Counter, turn: Turn, when: datetime, lines: list[dict[str, Any]], *, off: bool = False,
    mixed: bool = False,
) -> None:  # fmt: skip
    counter.number += 1
    number = f"{counter.code}-{counter.number:06d}"
    gross = sum(line["quantity"] * line["unit_price_amount"] for line in lines)
    discount = gross * 5 // 100 // 1000 * 1000 if off else 0
    total = gross - discount
    tenders = _tenders(staff, counter, total, mixed=mixed)
    turn.cash += sum(tender["amount"] for tender in tenders if tender["kind"] == "cash")
    turn.sold.append((number, lines, total))
    alcohol = {ware.variant_id for ware in staff.packs.values() if ware.is_alcohol}
    tell(
        staff, counter, when, "sale", session=turn.uuid, number=number, lines=lines, discount_amount=discount,
        discount_reason="Khách đoàn mua nhiều" if discount else None, tenders=tenders, total_amount=total,
        age_confirmed=any(line["variant_id"] in alcohol for line in lines),
        secret_hash=sha256(f"seed:demo:{number}".encode()).hexdigest(),
    )  # fmt: skip


def _tenders(staff: Staff, counter: Counter, total: int, *, mixed: bool) -> list[dict[str, Any]]:
    rng = staff.rng
    if mixed and total > 100_000:
        cash = 50_000
        return [{"kind": "cash", "amount": cash, "given": cash}, {"kind": "vietqr", "amount": total - cash}]
    kinds: Mapping[str, int] = (
        {"cash": 62, "vietqr": 28} if counter.point == BIG_C else {"cash": 60, "vietqr": 26, "terminal": 14}
    )
    kind = rng.choices(list(kinds), list(kinds.values()))[0]
    if kind == "cash":
        note = next(n for n in (50_000, 100_000, 500_000) if n >= total or n == 500_000)
        return [{"kind": "cash", "amount": total, "given": -(-total // note) * note}]
    return [
        {"kind": kind, "amount": total}
        | ({"note": f"Mã chuẩn chi {rng.randrange(10**6):06d}"} if kind == "terminal" else {})
    ]


def _return(staff: Staff, counter: Counter, turn: Turn, when: datetime) -> None:
    """One unit of an earlier sale comes back unopened."""
    number, lines, total = turn.sold[0]
    line = lines[0]
    gross = sum(each["quantity"] * each["unit_price_amount"] for each in lines)
    if total != gross:  # a discount would have to be shared out
        return
    worth = line["unit_price_amount"]
    turn.cash -= worth
    tell(
        staff, counter, when, "return", session=turn.uuid, sale_number=number, reason="Khách mua nhầm loại, còn nguyên tem",
        lines=[{"variant_id": line["variant_id"], "quantity": 1, "restock": True, "lot_code": line["lot_code"]}],
        refund={"kind": "cash", "amount": worth},
    )  # fmt: skip


def _drawer(staff: Staff, counter: Counter, turn: Turn, when: datetime, amount: int, reason: str) -> None:
    turn.cash += amount
    tell(staff, counter, when, "cash", session=turn.uuid, amount=amount, reason=reason)


def _ask(staff: Staff, counter: Counter, turn: Turn, when: datetime) -> None:
    """A visitor wants what is not there: by name, or goods of the list."""
    rng = staff.rng
    body: dict[str, Any] = {"text": rng.choice(ASKED)}
    if rng.random() < 0.4:
        body = {"variant_id": staff.packs[rng.choice(("QN060-1", "QN043-1", "QN099-1", "QN015-1"))].variant_id}
    tell(staff, counter, when, "ask", session=turn.uuid, quantity=rng.choice((1, 1, 2, 5)), **body)
