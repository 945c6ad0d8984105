"""The office's lists of counters: sessions, devices, shortages, refused events, gaps, notices, what was asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask_babel import gettext
from sqlalchemy import String, and_, cast, false, func, literal, or_, select, union_all

from shop.catalog.models import Product, Variant
from shop.kernel import clock, tables, text
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound
from shop.points import queries as points
from shop.points.models import Point
from shop.stock.models import Lot, StockHold, StockLevel
from shop.till.models import (
    EVENT_NAMES,
    NOTICE_NAMES,
    SHORTAGE_NAMES,
    Ask,
    Device,
    EventState,
    Gap,
    GapKind,
    Notice,
    Shortage,
    ShortageState,
    TillClosing,
    TillEvent,
    TillSale,
    TillSession,
    TillTender,
)

Points = Sequence[int] | None


def within(statement: Any, column: Any, mine: Points) -> Any:
    """`statement` for the points `mine` only (None: all)."""
    if mine is None:
        return statement
    return statement.where(column.in_(mine) if mine else false())


def _point_filter(column: Any, seen: Sequence[points.PointView]) -> tables.Filter:
    return tables.Filter(
        "point", N_("Điểm bán"), lambda v: column == int(v), lambda: [(str(p.id), p.name) for p in seen]
    )


def _days(column: Any) -> tables.Filter:
    return tables.Filter(
        "days",
        N_("Trong"),
        lambda v: column >= clock.start_of(clock.today() - timedelta(days=int(v))),
        [("0", N_("hôm nay")), ("7", N_("7 ngày")), ("30", N_("30 ngày")), ("365", N_("một năm"))],
    )


# --- counts ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much waits for people."""

    open_sessions: int
    shortages: int
    refused: int
    gaps: int
    notices: int


def waiting(mine: Points) -> Waiting:
    """Counts over the points `mine` (None: all)."""

    def count(table: Any, point: Any, *conditions: Any, device: Any = None) -> int:
        statement = select(func.count()).select_from(table).where(*conditions)
        if device is not None:
            statement = statement.join(Device, Device.id == device)
        return int(session().scalar(within(statement, point, mine)) or 0)

    return Waiting(
        count(TillSession, TillSession.point_id, TillSession.closed_at.is_(None)),
        count(Shortage, Shortage.point_id, Shortage.state.in_([ShortageState.OPEN, ShortageState.OWED])),
        count(
            TillEvent, Device.point_id, TillEvent.state == EventState.REFUSED, TillEvent.settled_at.is_(None),
            device=TillEvent.device_id,
        ),
        count(Gap, Device.point_id, Gap.closed_at.is_(None), device=Gap.device_id),
        count(Notice, Device.point_id, Notice.closed_at.is_(None), device=Notice.device_id),
    )  # fmt: skip


# --- sessions ----------------------------------------------------------------------------------------------------

_SOLD = (
    select(func.coalesce(func.sum(TillTender.amount), 0))
    .where(TillTender.session_id == TillSession.id, TillTender.purpose != "drawer")
    .correlate(TillSession)
    .scalar_subquery()
)
_RECEIPTS = select(func.count()).where(TillSale.session_id == TillSession.id).correlate(TillSession).scalar_subquery()
_LAST = select(func.max(TillClosing.id)).where(TillClosing.session_id == TillSession.id).correlate(TillSession)


def session_list(args: Mapping[str, str], mine: Points, seen: Sequence[points.PointView]) -> tables.View:
    """Sessions of the points `mine`, newest first."""
    started = func.coalesce(TillSession.opened_at, TillSession.received_at)
    table = tables.Table(
        name="ca-ban-hang",
        columns=(
            tables.Column("started", N_("Mở lúc"), sort=(started,)),
            tables.Column("device", N_("Máy"), sort=(Device.code,)),
            tables.Column("point", N_("Điểm bán"), sort=(Point.sort_name,)),
            tables.Column("keeper_name", N_("Người đứng quầy"), sort=(TillSession.keeper_name,)),
            tables.Column("receipts", N_("Phiếu"), "num"),
            tables.Column("sold", N_("Thu bán hàng"), "num"),
            tables.Column("closed_at", N_("Đóng lúc"), sort=(TillSession.closed_at,)),
            tables.Column("counted_amount", N_("Đếm được"), "num", on_page=False),
            tables.Column("expected_amount", N_("Sổ tính"), "num", on_page=False),
            tables.Column("variance_amount", N_("Lệch"), "num", sort=(TillClosing.variance_amount,)),
        ),
        order="-started",
        tie=TillSession.id,
        filters=(
            _point_filter(TillSession.point_id, seen),
            tables.Filter(
                "state",
                N_("Tình trạng"),
                lambda v: {
                    "open": TillSession.closed_at.is_(None),
                    "uncounted": and_(TillSession.closed_at.is_not(None), TillClosing.id.is_(None)),
                    "off": TillClosing.variance_amount != 0,
                }[v],
                [("open", N_("Đang mở")), ("uncounted", N_("Đóng mà chưa đếm")), ("off", N_("Có lệch"))],
            ),
            _days(started),
        ),
        search=lambda q: or_(TillSession.keeper_name.icontains(q, autoescape=True), Device.code == q.strip().upper()),
    )
    statement = (
        select(
            TillSession.id,
            started.label("started"),
            Device.code.label("device"),
            Point.name.label("point"),
            TillSession.keeper_name,
            _RECEIPTS.label("receipts"),
            _SOLD.label("sold"),
            TillSession.closed_at,
            TillClosing.counted_amount,
            TillClosing.expected_amount,
            TillClosing.variance_amount,
        )
        .join(Device, Device.id == TillSession.device_id)
        .join(Point, Point.id == TillSession.point_id)
        .outerjoin(TillClosing, TillClosing.id == _LAST.scalar_subquery())
    )
    return table.open(args, "/office/tills", within(statement, TillSession.point_id, mine))


def session_point(session_id: int) -> int | None:
    """The point of a session; None if there is none."""
    return session().scalar(select(TillSession.point_id).where(TillSession.id == session_id))


# --- devices -----------------------------------------------------------------------------------------------------


def device_list(args: Mapping[str, str], mine: Points, seen: Sequence[points.PointView]) -> tables.View:
    """Devices of the points `mine`."""
    table = tables.Table(
        name="may-ban-hang",
        columns=(
            tables.Column("code", N_("Ký hiệu"), sort=(Device.code,)),
            tables.Column("name", N_("Tên máy"), sort=(Device.name,)),
            tables.Column("point", N_("Điểm bán"), sort=(Point.sort_name,)),
            tables.Column("state", N_("Tình trạng"), value=lambda row: gettext(DEVICE_STATES[device_state(row)][0])),
            tables.Column("last_number", N_("Phiếu cuối"), "num", sort=(Device.last_number,)),
            tables.Column("last_seen_at", N_("Liên lạc gần nhất"), sort=(Device.last_seen_at,)),
        ),
        order="code",
        tie=Device.id,
        filters=(
            _point_filter(Device.point_id, seen),
            tables.Filter(
                "state",
                N_("Tình trạng"),
                lambda v: {
                    "enrolled": Device.token_hash.is_not(None),
                    "revoked": and_(Device.token_hash.is_(None), Device.revoked_at.is_not(None)),
                    "new": and_(Device.token_hash.is_(None), Device.revoked_at.is_(None)),
                }[v],
                [(key, label) for key, (label, _kind) in DEVICE_STATES.items()],
            ),
        ),
        search=lambda q: or_(Device.code == q.strip().upper(), Device.name.icontains(q, autoescape=True)),
    )
    statement = select(
        Device.id, Device.code, Device.name, Point.name.label("point"), Device.token_hash.is_not(None).label("enrolled"),
        Device.revoked_at, Device.last_number, Device.last_seen_at,
    ).join(Point, Point.id == Device.point_id)  # fmt: skip
    return table.open(args, "/office/tills/devices", within(statement, Device.point_id, mine))


DEVICE_STATES = {
    "enrolled": (N_("Đang bán được"), "ok"),
    "revoked": (N_("Đã thu hồi"), "bad"),
    "new": (N_("Chưa ghi danh"), "warn"),
}


def device_state(row: Any) -> str:
    """`enrolled`, `revoked` or `new`; `row` has `enrolled` and `revoked_at`."""
    return "enrolled" if row.enrolled else "revoked" if row.revoked_at else "new"


def device(code: str) -> Device:
    """A device by its code.

    Raises:
        NotFound: there is none.
    """
    found = session().scalar(select(Device).where(Device.code == code))
    if found is None:
        raise NotFound
    return found


def device_point(code: str) -> int | None:
    """The point of a device; None if there is none."""
    return session().scalar(select(Device.point_id).where(Device.code == code))


# --- shortages ---------------------------------------------------------------------------------------------------


def shortage_list(args: Mapping[str, str], mine: Points, seen: Sequence[points.PointView]) -> tables.View:
    """Shortages; those that wait unless the address says otherwise."""
    if "state" not in args:
        args = {**args, "state": "waiting"}
    waits = Shortage.state.in_([ShortageState.OPEN, ShortageState.OWED])
    table = tables.Table(
        name="thieu-hang",
        columns=(
            tables.Column("reference", N_("Khoản thiếu"), sort=(Shortage.id,)),
            tables.Column("opened_at", N_("Từ lúc"), sort=(Shortage.opened_at,)),
            tables.Column("product", N_("Sản phẩm"), sort=(Product.sort_name,)),
            tables.Column("point", N_("Điểm bán"), sort=(Point.sort_name,)),
            tables.Column("quantity", N_("Thiếu"), "num", sort=(Shortage.quantity,)),
            tables.Column("claimed", N_("Đơn khác giữ"), "num", sort=(Shortage.claimed,)),
            tables.Column("settled", N_("Đã trừ sổ"), "num"),
            tables.Column("state", N_("Tình trạng"), value=lambda r: gettext(SHORTAGE_NAMES[r.state])),
            tables.Column("reason", N_("Lý do"), on_page=False),
            tables.Column("decided_by", N_("Ai xử lý"), on_page=False),
        ),
        order="-opened_at",
        tie=Shortage.id,
        filters=(
            tables.Filter(
                "state",
                N_("Tình trạng"),
                lambda v: waits if v == "waiting" else Shortage.state == v,
                [("waiting", N_("Đang chờ")), *((str(k), label) for k, label in SHORTAGE_NAMES.items())],
            ),
            _point_filter(Shortage.point_id, seen),
        ),
        search=lambda q: or_(Shortage.reference.startswith(q.strip().upper(), autoescape=True), _goods(q)),
    )
    return table.open(args, "/office/tills/shortages", within(_shortages(), Shortage.point_id, mine))


def _goods(q: str) -> Any:
    found = [Variant.sku.icontains(q.strip(), autoescape=True)]
    if words := text.words(q):
        found.append(Product.slug.contains("-".join(words), autoescape=True))
    return or_(*found)


def _shortages() -> Any:
    return (
        select(
            Shortage.id,
            Shortage.reference,
            Shortage.opened_at,
            Product.name.label("product"),
            Variant.pack,
            Variant.sku,
            Point.name.label("point"),
            Shortage.point_id,
            Shortage.variant_id,
            Shortage.level_id,
            Shortage.quantity,
            Shortage.claimed,
            Shortage.settled,
            Shortage.state,
            Shortage.decided_at,
            Shortage.decided_by,
            Shortage.reason,
            Shortage.closed_at,
            TillSale.number,
            TillSale.session_id,
            TillSale.at.label("sold_at"),
            TillSale.received_at,
            TillSale.keeper_name,
        )
        .join(TillSale, TillSale.id == Shortage.sale_id)
        .join(Variant, Variant.id == Shortage.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .join(Point, Point.id == Shortage.point_id)
    )


def shortage(reference: str) -> Any:
    """One shortage with its goods and its sale.

    Raises:
        NotFound: there is none.
    """
    row = session().execute(_shortages().where(Shortage.reference == reference)).first()
    if row is None:
        raise NotFound
    return row


def shortage_point(reference: str) -> int | None:
    """The point of a shortage; None if there is none."""
    return session().scalar(select(Shortage.point_id).where(Shortage.reference == reference))


@dataclass(frozen=True, slots=True)
class Claim:
    """A live claim on goods of a shortage: under which reference, from which lot, how many."""

    reference: str
    lot: str
    quantity: int
    created_at: Any

    @property
    def order(self) -> str:
        """The web order behind the claim, or ''."""
        kind, _, rest = self.reference.partition(":")
        return rest.partition(":")[0] if kind == "order" else ""


def claims_on(point_id: int, variant_id: int, limit: int = 100) -> list[Claim]:
    """Who has a claim on a variant at a point: the orders the desk must find goods for if they are really short."""
    rows: Any = session().execute(
        select(StockHold.reference, Lot.code, StockHold.quantity, StockHold.created_at)
        .join(StockLevel, StockLevel.id == StockHold.level_id)
        .join(Lot, Lot.id == StockLevel.lot_id)
        .where(
            StockHold.outcome.is_(None), StockLevel.point_id == point_id, StockLevel.variant_id == variant_id
        )
        .order_by(StockHold.id.desc())
        .limit(limit)
    )  # fmt: skip
    return [Claim(*tuple(row)) for row in rows]


# --- refused events, gaps, notices -------------------------------------------------------------------------------


def event_list(args: Mapping[str, str], mine: Points, seen: Sequence[points.PointView]) -> tables.View:
    """Refused events; those nobody has looked at unless the address says otherwise."""
    if "open" not in args:
        args = {**args, "open": "1"}
    table = tables.Table(
        name="su-viec-bi-tu-choi",
        columns=(
            tables.Column("id", N_("Số"), sort=(TillEvent.id,)),
            tables.Column("kind", N_("Việc"), sort=(TillEvent.kind,), value=lambda r: gettext(EVENT_NAMES[r.kind])),
            tables.Column("device", N_("Máy"), sort=(Device.code,)),
            tables.Column("at", N_("Xảy ra lúc"), sort=(TillEvent.at,)),
            tables.Column("received_at", N_("Nhận lúc"), sort=(TillEvent.received_at,)),
            tables.Column("code", N_("Vì sao"), sort=(TillEvent.code,)),
            tables.Column("settlement", N_("Cách xử lý")),
        ),
        order="-received_at",
        tie=TillEvent.id,
        filters=(
            tables.Filter(
                "open",
                N_("Tình trạng"),
                lambda v: TillEvent.settled_at.is_(None) if v == "1" else TillEvent.settled_at.is_not(None),
                [("1", N_("đang mở")), ("0", N_("đã xong"))],
            ),
            _point_filter(Device.point_id, seen),
        ),
    )
    statement = (
        select(
            TillEvent.id, TillEvent.kind, Device.code.label("device"), TillEvent.at, TillEvent.received_at, TillEvent.code,
            TillEvent.settled_at, TillEvent.settled_by, TillEvent.settlement,
        )
        .join(Device, Device.id == TillEvent.device_id)
        .where(TillEvent.state == EventState.REFUSED)
    )  # fmt: skip
    return table.open(args, "/office/tills/refused", within(statement, Device.point_id, mine))


def event(event_id: int) -> TillEvent:
    """A refused event.

    Raises:
        NotFound: there is none.
    """
    found = session().get(TillEvent, event_id)
    if found is None or found.state is not EventState.REFUSED:
        raise NotFound
    return found


def event_point(event_id: int) -> int | None:
    """The point of the device that sent an event; None if there is no such event."""
    return session().scalar(
        select(Device.point_id).join(TillEvent, TillEvent.device_id == Device.id).where(TillEvent.id == event_id)
    )


def gap_point(gap_id: int) -> int | None:
    """The point of the device of a gap; None if there is none."""
    return session().scalar(select(Device.point_id).join(Gap, Gap.device_id == Device.id).where(Gap.id == gap_id))


def notice_point(notice_id: int) -> int | None:
    """The point of the device of a notice; None if there is none."""
    return session().scalar(
        select(Device.point_id).join(Notice, Notice.device_id == Device.id).where(Notice.id == notice_id)
    )


def odd_list(args: Mapping[str, str], mine: Points, seen: Sequence[points.PointView]) -> tables.View:
    """Gaps and notices in one list, the open ones unless the address says otherwise."""
    if "open" not in args:
        args = {**args, "open": "1"}
    both = union_all(
        select(
            literal("gap").label("what"), Gap.id.label("id"), Gap.device_id, cast(Gap.kind, String).label("kind"),
            Gap.found_at.label("opened_at"), Gap.first.label("first"), Gap.last.label("last"),
            literal(None).cast(Notice.event_id.type).label("session_id"), Gap.closed_at, Gap.closed_by, Gap.note,
        ),
        select(
            literal("notice"), Notice.id, Notice.device_id, Notice.kind, Notice.opened_at, literal(0), literal(0),
            Notice.session_id, Notice.closed_at, Notice.closed_by, Notice.note,
        ),
    ).subquery()  # fmt: skip
    c = both.c
    table = tables.Table(
        name="can-xem-lai",
        columns=(
            tables.Column("opened_at", N_("Từ lúc"), sort=(c.opened_at,)),
            tables.Column("device", N_("Máy"), sort=(Device.code,)),
            tables.Column("kind", N_("Việc"), sort=(c.kind,), value=odd_words),
            tables.Column("note", N_("Cách xử lý")),
            tables.Column("do", "", "do", in_export=False),
        ),
        order="-opened_at",
        tie=c.id,
        filters=(
            tables.Filter(
                "open",
                N_("Tình trạng"),
                lambda v: c.closed_at.is_(None) if v == "1" else c.closed_at.is_not(None),
                [("1", N_("đang mở")), ("0", N_("đã xong"))],
            ),
            tables.Filter(
                "what", N_("Loại"), lambda v: c.what == v, [("gap", N_("Số bị nhảy")), ("notice", N_("Điều lạ"))]
            ),
            _point_filter(Device.point_id, seen),
        ),
    )
    statement = select(
        c.what, c.id, c.kind, c.opened_at, c.first, c.last, c.session_id, c.closed_at, c.closed_by, c.note,
        Device.code.label("device"),
    ).join(Device, Device.id == c.device_id)  # fmt: skip
    return table.open(args, "/office/tills/odd", within(statement, Device.point_id, mine))


def odd_words(row: Any) -> str:
    """What a gap or notice says, in the reader's language."""
    if row.what == "notice":
        return str(gettext(NOTICE_NAMES.get(row.kind, row.kind)))
    if row.kind == GapKind.NUMBER:
        first, last = f"{row.device}-{row.first:06d}", f"{row.device}-{row.last:06d}"
        words = first if first == last else f"{first} – {last}"
        return str(gettext("Chưa thấy phiếu bán %(numbers)s", numbers=words))
    words = str(row.first) if row.first == row.last else f"{row.first} – {row.last}"
    return str(gettext("Chưa thấy sự việc số %(numbers)s của máy", numbers=words))


# --- asked for and not had ---------------------------------------------------------------------------------------


def ask_list(args: Mapping[str, str], mine: Points, seen: Sequence[points.PointView]) -> tables.View:
    """What visitors asked for and did not get, summed by what it was and where."""
    label = func.coalesce(Product.name, func.min(Ask.words))
    units, times, last = func.sum(Ask.quantity), func.count(), func.max(Ask.at)
    table = tables.Table(
        name="khach-hoi",
        columns=(
            tables.Column("words", N_("Khách hỏi"), sort=(label,)),
            tables.Column("pack", N_("Quy cách")),
            tables.Column("point", N_("Điểm bán"), sort=(Point.sort_name,)),
            tables.Column("times", N_("Lượt hỏi"), "num", sort=(times,)),
            tables.Column("units", N_("Số lượng"), "num", sort=(units,)),
            tables.Column("last", N_("Gần nhất"), sort=(last,)),
        ),
        order="-times",
        tie=func.min(Ask.id),
        filters=(_days(Ask.at), _point_filter(Ask.point_id, seen)),
        search=lambda q: or_(Ask.folded.contains(text.fold(q), autoescape=True), _goods(q)),
    )
    statement = (
        select(
            label.label("words"), Variant.pack, Variant.sku, Point.name.label("point"), times.label("times"),
            units.label("units"), last.label("last"),
        )
        .select_from(Ask)
        .join(Point, Point.id == Ask.point_id)
        .outerjoin(Variant, Variant.id == Ask.variant_id)
        .outerjoin(Product, Product.id == Variant.product_id)
        .group_by(Ask.folded, Variant.id, Variant.pack, Variant.sku, Product.name, Point.id, Point.name, Point.sort_name)
    )  # fmt: skip
    return table.open(args, "/office/tills/asks", within(statement, Ask.point_id, mine))
