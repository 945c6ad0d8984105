"""Who applies for the demonstration's coming fair: fourteen real producers of the register with made-up applications."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from shop.exhibitions.models.calls import Endorsement, PapersState
from shop.exhibitions.models.fairs import BoothType, Exhibition, Zone
from shop.exhibitions.queries import calls, papers
from shop.exhibitions.services import applications
from shop.kernel.actor import Actor
from shop.kernel.db import session
from shop.producers import queries as producers
from shop.seed.staff import Staff
from shop.seed.then import Past

MARK = "(minh họa)"
# The demonstration keeps no copies of real certificates.
SEEN = f"Đã xem bản gốc {MARK}."
COUNT = 14
# How far each of them has come, in turn; the producer with the demonstration's log-ins is still writing.
STORIES = (
    "endorsed", "checked", "submitted", "endorsed", "sent_back", "checked", "not_endorsed", "submitted", "endorsed", "draft",
    "sent_back", "checked", "withdrawn",
)  # fmt: skip
_PEOPLE = ("Nguyễn Thị Hoa", "Trần Văn Sơn", "Lê Thị Mận", "Phạm Văn Khơi", "Hoàng Thị Chè", "Đặng Văn Vụ", "Vũ Thị Mơ")


def load(staff: Staff, slug: str, mine: int, member: Actor, locality: Actor) -> None:
    """Let producers apply for the fair `slug`, whose call is open. `mine` is the producer of `member`; officers of localities
    speak through `locality`."""
    fair = session().scalars(select(Exhibition).where(Exhibition.slug == slug)).one()
    zones = list(session().scalars(select(Zone.id).where(Zone.exhibition_id == fair.id).order_by(Zone.id)))
    types = list(session().scalars(select(BoothType).where(BoothType.exhibition_id == fair.id).order_by(BoothType.id)))
    packs: dict[int, list[int]] = {}
    for sku in sorted(staff.packs):
        ware = staff.packs[sku]
        if ware.producer_id is not None:
            packs.setdefault(ware.producer_id, []).append(ware.variant_id)
    others = [p for p in sorted(packs) if p != mine][: COUNT - 1]
    past = Past(staff.rng)
    for n, producer_id in enumerate([*others, *([mine] if mine in packs else [])]):
        story = "draft" if producer_id == mine else STORIES[n % len(STORIES)]
        actor = member if producer_id == mine else Actor("system", f"Người của cơ sở {MARK}")
        when = staff.day(12 - n * 9 // COUNT, 9 + n % 7, n)
        reference = _write(staff, past, when, fair, producer_id, packs[producer_id], zones, types, actor, n)
        _go_on(staff, past, reference, story, n, actor, locality)


def _write(
    staff: Staff, past: Past, when: datetime, fair: Exhibition, producer_id: int, variants: list[int], zones: list[int],
    types: list[BoothType], actor: Actor, n: int,
) -> str:  # fmt: skip
    """The application as its producer writes it."""
    rng, person = staff.rng, _PEOPLE[n % len(_PEOPLE)]
    known = producers.by_id(producer_id)
    with past.at(when):
        reference = applications.start(actor, producer_id, fair.slug, is_demo=True)
        chosen = sorted(rng.sample(variants, min(len(variants), rng.choice((2, 3, 4)))))
        applications.save_goods(actor, reference, {v: rng.choice((40, 60, 80, 120, 200)) for v in chosen})
        # Who asks for a kind of booth asks for the power that is there, so that the example can be given out.
        kind = rng.choice([None, None, *types]) if types else None
        power = min(rng.choice((0, 0, 300, 500)), kind.power_watts // kind.makers) if kind is not None else 0
        applications.save_place(
            actor, reference, rng.choice([None, *zones]) if zones else None, kind.id if kind is not None else None, power,
            water=False, cold=bool(kind is not None and kind.cold and n % 3 == 0),
        )  # fmt: skip
        note = f"Hồ sơ minh họa của {known.name}." if known is not None else "Hồ sơ minh họa."
        applications.save_contact(actor, reference, f"{person} {MARK}", f"09000003{n:02d}", note)
    return reference


def _go_on(staff: Staff, past: Past, reference: str, story: str, n: int, actor: Actor, locality: Actor) -> None:
    """What came of it."""
    if story == "draft":
        return
    desk = staff.people["xuctien"]
    with past.at(staff.day(11 - n * 8 // COUNT, 16, n)):
        applications.submit(actor, reference)
    with past.at(staff.day(2, 10, n)):
        if story == "endorsed":
            word = "Cơ sở sản xuất ổn định, hàng đúng như hồ sơ."
            applications.endorse(locality, reference, Endorsement.YES, word)
        elif story == "not_endorsed":
            applications.endorse(locality, reference, Endorsement.NO, "Cơ sở đang sửa nhà xưởng, chưa sản xuất lại.")
        elif story == "sent_back":
            applications.send_back(
                desk, reference, "Thiếu bản tự công bố của một mặt hàng. Vui lòng bổ sung rồi nộp lại."
            )
        elif story == "withdrawn":
            applications.withdraw(actor, reference, "Vụ này không đủ hàng.")
        if story in ("endorsed", "checked"):
            _look(desk, reference)


def _look(desk: Actor, reference: str) -> None:
    """The desk looks at the papers: good where the dates are, refused where something is missing on a day of the fair."""
    for good in calls.whole(reference).goods:
        if good.papers.fits:
            applications.find(desk, reference, good.row.id, PapersState.GOOD, SEEN)
        else:
            missing = next(f for f in good.papers.found if f.kind == papers.BAD)
            applications.find(desk, reference, good.row.id, PapersState.REFUSED, missing.told)
