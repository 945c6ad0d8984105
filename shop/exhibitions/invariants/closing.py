"""What must hold of closed booths, closed fairs and frozen reports (`flask audit`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import and_, func, or_, select

from shop.exhibitions import ledger
from shop.exhibitions.models.calls import Stand
from shop.exhibitions.models.closing import FairReport, Sheet, SheetState, SheetVersion, Side, Signature
from shop.exhibitions.models.fairs import Booth, Exhibition, FairState
from shop.exhibitions.services.signing import seal_of_signature, seal_of_version
from shop.kernel import clock
from shop.kernel.db import session
from shop.kernel.invariants import invariant
from shop.points.models import Point
from shop.settlement.models import Entry, EntryKind
from shop.settlement.services import booths
from shop.stock.models import Passage, StockLevel

CLOSED = (FairState.CLOSED, FairState.REPORTED)
# What a till sends late may bring goods back to a booth that is closed: they are sent home within a day.
A_DAY = timedelta(hours=24)


@invariant("exhibitions.closed-fair-holds-no-goods")
def holds_nothing() -> Iterator[str]:
    """Nothing lies at the points of a closed fair, and nothing is on its way to them."""
    long_ago = clock.now() - A_DAY
    rows = session().execute(
        select(Exhibition.slug, Booth.code, func.sum(StockLevel.on_hand))
        .join(Booth, Booth.exhibition_id == Exhibition.id)
        .join(StockLevel, StockLevel.point_id == Booth.point_id)
        .where(Exhibition.state.in_(CLOSED), StockLevel.on_hand > 0, StockLevel.updated_at < long_ago)
        .group_by(Exhibition.slug, Booth.code)
    )
    yield from (f"{slug} {code}: {n}" for slug, code, n in rows)
    coming = session().execute(
        select(Exhibition.slug, Booth.code, func.sum(Passage.on_road))
        .join(Booth, Booth.exhibition_id == Exhibition.id)
        .join(StockLevel, StockLevel.point_id == Booth.point_id)
        .join(Passage, Passage.to_level_id == StockLevel.id)
        .where(Exhibition.state.in_(CLOSED), Passage.on_road > 0)
        .group_by(Exhibition.slug, Booth.code)
    )
    yield from (f"{slug} {code}: {n} on the road" for slug, code, n in coming)


@invariant("exhibitions.closed-fair-is-closed")
def is_closed() -> Iterator[str]:
    """Every point of a closed fair has its end, and every sheet of it is frozen."""
    rows = session().execute(
        select(Exhibition.slug, Booth.code)
        .join(Booth, Booth.exhibition_id == Exhibition.id)
        .join(Point, Point.id == Booth.point_id)
        .where(Exhibition.state.in_(CLOSED), Point.closed_on.is_(None))
    )
    yield from (f"{slug} {code}: open" for slug, code in rows)
    unsigned = session().execute(
        select(Exhibition.slug, Sheet.reference)
        .join(Sheet, Sheet.exhibition_id == Exhibition.id)
        .where(Exhibition.state.in_(CLOSED), Sheet.state != SheetState.FROZEN)
    )
    yield from (f"{slug} {reference}: not frozen" for slug, reference in unsigned)
    alone = session().execute(
        select(Exhibition.slug, Stand.reference)
        .join(Stand, Stand.exhibition_id == Exhibition.id)
        .outerjoin(Sheet, Sheet.stand_id == Stand.id)
        .where(Exhibition.state.in_(CLOSED), Stand.ended_at.is_(None), Sheet.id.is_(None))
    )
    yield from (f"{slug} stand {reference}: no sheet" for slug, reference in alone)


@invariant("exhibitions.sheets-add-up")
def adds_up() -> Iterator[str]:
    """On every frozen sheet each unit is accounted for, nothing was left, and goods, totals and ways of paying make the same
    sums."""
    rows = session().execute(
        select(Sheet.reference, SheetVersion.number, SheetVersion.figures)
        .join(SheetVersion, SheetVersion.sheet_id == Sheet.id)
        .order_by(SheetVersion.id)
    )
    for reference, number, figures in rows:
        totals = figures["totals"]
        right = all(
            ledger.Pack(**{c: pack.get(c, 0) for c in ledger.COLUMNS}).adds_up and pack["left"] == 0
            for pack in figures["packs"]
        )
        right = right and all(
            totals.get(c, 0) == sum(pack.get(c, 0) for pack in figures["packs"]) for c in (*ledger.COLUMNS, "amount")
        )
        if not right or sum(figures["tenders"].values()) != totals["amount"]:
            yield f"{reference} version {number}"


@invariant("exhibitions.sheets-keep-their-seal")
def sealed() -> Iterator[str]:
    """Nothing of a frozen version or of a signature has changed since: their seals can be made again from their rows."""
    s = session()
    made: dict[tuple[int, str], list[Signature]] = defaultdict(list)
    for reference, row in s.execute(
        select(Sheet.reference, Signature).join(Signature, Signature.sheet_id == Sheet.id).order_by(Signature.id)
    ):
        made[row.sheet_id, row.digest].append(row)
        right = seal_of_signature(
            reference, row.side, row.digest, row.name, row.strokes, row.at.isoformat(), row.actor_key
        )
        if row.seal != right:
            yield f"signature {row.id} of {reference}"
    for sheet, version in s.execute(
        select(Sheet, SheetVersion).join(SheetVersion, SheetVersion.sheet_id == Sheet.id).order_by(SheetVersion.id)
    ):
        # Signatures of the same figures that were given only after it was frozen without them belong to the next version.
        before = [row.seal for row in made[sheet.id, version.digest] if row.at <= version.frozen_at]
        if version.seal != seal_of_version(sheet, version, before):
            yield f"{sheet.reference} version {version.number}"


@invariant("exhibitions.frozen-sheets-are-signed")
def signed() -> Iterator[str]:
    """A frozen sheet has its versions from 1 on; each was signed by both sides (the shop's own goods by staff), or says why
    not."""
    sides: dict[tuple[int, str], set[Side]] = defaultdict(set)
    for sheet_id, digest, side in session().execute(select(Signature.sheet_id, Signature.digest, Signature.side)):
        sides[sheet_id, digest].add(side)
    numbers: dict[int, int] = defaultdict(int)
    for sheet, version in session().execute(
        select(Sheet, SheetVersion)
        .join(SheetVersion, SheetVersion.sheet_id == Sheet.id)
        .order_by(SheetVersion.sheet_id, SheetVersion.number)
    ):
        numbers[sheet.id] += 1
        wanted = {Side.STAFF} if sheet.producer_id is None else set(Side)
        lacking = version.reason is None and not wanted <= sides[sheet.id, version.digest]
        if lacking or version.number != numbers[sheet.id] or sheet.state is not SheetState.FROZEN:
            yield f"{sheet.reference} version {version.number}"
    bare = session().scalars(select(Sheet).where(Sheet.state == SheetState.FROZEN).order_by(Sheet.id))
    yield from (f"{sheet.reference}: no version" for sheet in bare if not numbers.get(sheet.id))


@invariant("exhibitions.booths-are-charged-once")
def charged() -> Iterator[str]:
    """Every stand of a closed fair whose sheet was ever signed by all was charged its fee less what is paid of it for the
    producer; no other stand was."""
    entry_of = Entry.cause == func.concat(booths.cause(""), Stand.reference)
    signed_once = (
        select(SheetVersion.id).where(SheetVersion.sheet_id == Sheet.id, SheetVersion.reason.is_(None)).exists()
    )
    rows = session().execute(
        select(Stand.reference)
        .join(Exhibition, Exhibition.id == Stand.exhibition_id)
        .join(Sheet, Sheet.stand_id == Stand.id)
        .outerjoin(Entry, entry_of)
        .where(
            Exhibition.state.in_(CLOSED),
            or_(
                Entry.id.is_(None) == signed_once,
                Entry.amount != Sheet.subsidy_amount - Sheet.fee_amount,
                Entry.producer_id != Sheet.producer_id,
            ),
        )
    )
    yield from (f"stand {reference}" for (reference,) in rows)
    stray = session().execute(
        select(Entry.cause)
        .outerjoin(Stand, Entry.reference == Stand.reference)
        .outerjoin(Exhibition, and_(Exhibition.id == Stand.exhibition_id, Exhibition.state.in_(CLOSED)))
        .where(Entry.kind == EntryKind.BOOTH, Exhibition.id.is_(None))
    )
    yield from (cause for (cause,) in stray)


@invariant("exhibitions.reports-keep-their-figures")
def reports() -> Iterator[str]:
    """A frozen report is what it was; versions run from 1 on; a fair is reported once one is frozen."""
    numbers: dict[int, int] = defaultdict(int)
    for slug, state, report in session().execute(
        select(Exhibition.slug, Exhibition.state, FairReport)
        .join(FairReport, FairReport.exhibition_id == Exhibition.id)
        .order_by(FairReport.exhibition_id, FairReport.number)
    ):
        numbers[report.exhibition_id] += 1
        wrong = report.number != numbers[report.exhibition_id] or ledger.digest(report.figures) != report.digest
        if wrong or state is not FairState.REPORTED:
            yield f"{slug} version {report.number}"
    for fair in session().scalars(select(Exhibition).where(Exhibition.state == FairState.REPORTED)):
        if not numbers.get(fair.id):
            yield f"{fair.slug}: no version"
