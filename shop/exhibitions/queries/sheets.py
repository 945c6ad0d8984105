"""One sheet of a booth: its figures of now, its frozen versions, who signed, how far it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from shop.counts.models import CountState, StockCount
from shop.exhibitions import ledger
from shop.exhibitions.models.closing import (
    BoothClosing,
    Sheet,
    SheetState,
    SheetVersion,
    Side,
    Signature,
)
from shop.exhibitions.models.fairs import Booth, Exhibition
from shop.exhibitions.queries.sheet_figures import of_point, with_fee
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound
from shop.producers.models import Producer
from shop.stock.models import Passage, StockLevel


@dataclass(frozen=True, slots=True)
class Whole:
    """A sheet with all that belongs to it. `figures` are those of now, `digest` their SHA-256; `versions` oldest first."""

    sheet: Sheet
    fair: Exhibition
    booth: Booth
    producer: Producer | None
    closing: BoothClosing
    figures: dict[str, Any]
    digest: str
    versions: tuple[SheetVersion, ...]
    signatures: tuple[Signature, ...]
    counted: bool
    on_road: int

    @property
    def last(self) -> SheetVersion | None:
        """The version that holds."""
        return self.versions[-1] if self.versions else None

    @property
    def late(self) -> bool:
        """Whether something was booked after it was frozen."""
        return self.last is not None and self.last.moves != self.figures["moves"]

    @property
    def shown(self) -> dict[str, Any]:
        """The figures that hold: frozen ones if there are, else those of now."""
        return self.last.figures if self.last is not None else self.figures

    @property
    def signed(self) -> dict[Side, Signature]:
        """Who has signed the figures of now."""
        return {s.side: s for s in self.signatures if s.digest == self.digest}

    @property
    def sides(self) -> tuple[Side, ...]:
        """Who must sign: the shop's own goods have no producer."""
        return (Side.STAFF,) if self.producer is None else (Side.PRODUCER, Side.STAFF)

    @property
    def missing(self) -> tuple[Side, ...]:
        """Who has still to sign the figures of now."""
        return tuple(side for side in self.sides if side not in self.signed)

    @property
    def left(self) -> int:
        """Units that still lie in the booth."""
        return int(self.figures["totals"]["left"])

    @property
    def unsigned(self) -> bool:
        """Whether it was frozen without all signatures: its booth is not charged for until they are there."""
        return self.last is not None and self.last.reason is not None

    @property
    def to_freeze(self) -> bool:
        """Whether it can be frozen now: everything is counted and gone home, and its figures are not frozen yet."""
        ready = self.counted and not self.left and not self.on_road
        return ready and (self.sheet.state is SheetState.OPEN or self.late)

    @property
    def to_sign(self) -> bool:
        """Whether it can be signed now: as `to_freeze`, or it was frozen without signatures that are given only now."""
        return self.to_freeze or (self.unsigned and not self.left and not self.on_road)

    @property
    def unexplained(self) -> bool:
        """Whether goods were found or lost of which nobody has said why."""
        return not self.sheet.explanation and any(not reason[3] for reason in self.figures["reasons"])

    @property
    def step(self) -> str:
        """How far it is: a word of `STEPS`."""
        frozen = self.sheet.state is SheetState.FROZEN
        if not frozen and not self.counted:
            return "count"
        if self.left or self.on_road:
            # Also of a frozen one: goods that came after the close go home first, then both sign anew.
            return "home"
        if not frozen:
            return "sign"
        return "late" if self.late else ("unsigned" if self.unsigned else "frozen")


STEPS = {
    "closed": N_("Chưa bắt đầu chốt"),
    "owner": N_("Có hàng chưa có bảng chốt"),
    "count": N_("Chờ đếm hàng còn lại"),
    "home": N_("Chờ chuyển hàng về"),
    "sign": N_("Chờ ký"),
    "frozen": N_("Đã chốt"),
    "unsigned": N_("Đã chốt, thiếu chữ ký"),
    "late": N_("Có phát sinh sau khi chốt"),
}
STEP_KINDS = {
    "closed": "", "owner": "bad", "count": "info", "home": "info", "sign": "warn", "frozen": "ok", "unsigned": "warn",
    "late": "bad",
}  # fmt: skip


def is_counted(closing: BoothClosing) -> bool:
    """Whether what was left in the booth is counted and booked."""
    if closing.nothing_there_at is not None:
        return True
    if closing.count_reference is None:
        return False
    state = session().scalar(select(StockCount.state).where(StockCount.reference == closing.count_reference))
    return state is CountState.DONE


def on_road(point_id: int | None) -> int:
    """Units that are still on their way to the point."""
    if point_id is None:
        return 0
    found = session().scalar(
        select(func.coalesce(func.sum(Passage.on_road), 0))
        .join(StockLevel, StockLevel.id == Passage.to_level_id)
        .where(StockLevel.point_id == point_id, Passage.on_road > 0)
    )
    return int(found or 0)


def digest_of(sheet: Sheet, figures: dict[str, Any]) -> str:
    """What is signed: whose sheet it is, all its figures and what was said about differences."""
    return ledger.digest([sheet.reference, sheet.owner, figures, sheet.explanation or ""])


def whole(reference: str) -> Whole:
    """A sheet as it stands now.

    Raises:
        NotFound.
    """
    booth_id = session().scalar(select(Sheet.booth_id).where(Sheet.reference == reference))
    if booth_id is None:
        raise NotFound
    return next(found for found in of_booth(booth_id) if found.sheet.reference == reference)


def of_booth(booth_id: int) -> list[Whole]:
    """All sheets of a booth as they stand now, the shop's first. A fixed number of statements."""
    s = session()
    rows = s.execute(
        select(Sheet, Exhibition, Booth, Producer, BoothClosing)
        .join(Exhibition, Exhibition.id == Sheet.exhibition_id)
        .join(Booth, Booth.id == Sheet.booth_id)
        .join(BoothClosing, BoothClosing.booth_id == Sheet.booth_id)
        .outerjoin(Producer, Producer.id == Sheet.producer_id)
        .where(Sheet.booth_id == booth_id)
        .order_by(Sheet.producer_id.is_not(None), Producer.sort_name, Sheet.id)
        .execution_options(populate_existing=True)
    ).all()
    if not rows:
        return []
    closing = rows[0][4]
    live = of_point(closing.point_id, [sheet.owner for sheet, *_x in rows])
    ids = [sheet.id for sheet, *_x in rows]
    versions: dict[int, list[SheetVersion]] = defaultdict(list)
    for version in s.scalars(
        select(SheetVersion).where(SheetVersion.sheet_id.in_(ids)).order_by(SheetVersion.sheet_id, SheetVersion.number)
    ):
        versions[version.sheet_id].append(version)
    signatures: dict[int, list[Signature]] = defaultdict(list)
    for signature in s.scalars(select(Signature).where(Signature.sheet_id.in_(ids)).order_by(Signature.id)):
        signatures[signature.sheet_id].append(signature)
    counted, coming = is_counted(closing), on_road(closing.point_id)
    found = []
    for sheet, fair, booth_row, producer, closing_row in rows:
        figures = with_fee(live[sheet.owner], sheet)
        found.append(
            Whole(
                sheet, fair, booth_row, producer, closing_row, figures, digest_of(sheet, figures),
                tuple(versions[sheet.id]), tuple(signatures[sheet.id]), counted, coming,
            )
        )  # fmt: skip
    return found


def in_fair(slug: str, reference: str) -> Whole:
    """The sheet, if it is one of that fair.

    Raises:
        NotFound.
    """
    found = whole(reference)
    if found.fair.slug != slug:
        raise NotFound
    return found


def producer_of(reference: str) -> int | None:
    """Whose sheet it is; None: the shop's, or there is none."""
    return session().scalar(select(Sheet.producer_id).where(Sheet.reference == reference))


def changes(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str, int, int]]:
    """What differs between two versions: (pack, column, before, after), sums last."""
    found = []
    old = {p["variant"]: p for p in before["packs"]}
    new = {p["variant"]: p for p in after["packs"]}
    for variant in sorted({*old, *new}, key=lambda v: (new.get(v) or old[v])["name"]):
        a, b = old.get(variant, {}), new.get(variant, {})
        one = b or a
        found += [
            (f"{one['name']}, {one['pack']}", column, int(a.get(column, 0)), int(b.get(column, 0)))
            for column in (*ledger.COLUMNS, "amount")
            if a.get(column, 0) != b.get(column, 0)
        ]
    was, now = int(before["totals"]["amount"]), int(after["totals"]["amount"])
    return found + ([("", "amount", was, now)] if was != now else [])


@dataclass(frozen=True, slots=True)
class MineRow:
    """A sheet in the producer's own door."""

    reference: str
    fair: str
    fair_slug: str
    booth: str
    state: SheetState
    version: int | None
    opened_at: datetime


def of_producers(producer_ids: Sequence[int]) -> list[MineRow]:
    """The sheets of these producers, newest first."""
    newest = select(func.max(SheetVersion.number)).where(SheetVersion.sheet_id == Sheet.id).scalar_subquery()
    rows = session().execute(
        select(Sheet.reference, Exhibition.name, Exhibition.slug, Booth.code, Sheet.state, newest, Sheet.opened_at)
        .join(Exhibition, Exhibition.id == Sheet.exhibition_id)
        .join(Booth, Booth.id == Sheet.booth_id)
        .where(Sheet.producer_id.in_(list(producer_ids)))
        .order_by(Sheet.id.desc())
        .limit(200)
    )
    return [MineRow(*tuple(row)) for row in rows]
