"""Marks, labels and tests as lists: what waits, what ends next, who lacks what."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import Any

from flask_babel import gettext
from sqlalchemy import and_, func, or_, select

from shop.catalog.models import Product, ProductKind, ProductState
from shop.catalog.queries import office as catalog
from shop.kernel import clock, tables, text
from shop.kernel.db import session
from shop.kernel.errors import N_
from shop.producers.models import Producer
from shop.standards.errors import NoSuchStandard
from shop.standards.models import (
    KIND_NAMES,
    MARKS,
    STATE_NAMES,
    VERDICT_NAMES,
    Kind,
    Standard,
    State,
    Verdict,
)

# Days before its end on which a paper is called to mind; a mark is renewed within half a year (Law on Intellectual Property),
# a test is made in weeks.
ANNOUNCED = (7, 30, 90)
MARK_ANNOUNCED = (30, 90, 180)
_SHOWN = (State.WAITING, State.CONFIRMED, State.REFUSED)


def _slug(q: str) -> str:
    return "-".join(text.words(q)) or "?"


def _ends(value: str) -> Any:
    today = clock.today()
    if value == "over":
        return and_(Standard.ends_on < today, Standard.state == State.CONFIRMED)
    return and_(Standard.ends_on.between(today, today + timedelta(days=int(value))), Standard.state == State.CONFIRMED)


ENDS = [
    ("over", N_("đã hết hạn")), ("30", N_("trong 30 ngày")), ("90", N_("trong 90 ngày")), ("180", N_("trong 180 ngày")),
]  # fmt: skip

STANDARDS = tables.Table(
    name="standards",
    order="ends",
    tie=Standard.id,
    columns=[
        tables.Column("name", N_("Giấy"), sort=(Standard.name,)),
        tables.Column("kind", N_("Loại"), sort=(Standard.kind,), value=lambda r: gettext(KIND_NAMES[r.kind])),
        tables.Column("product", N_("Sản phẩm"), sort=(Product.sort_name,), value="product_name"),
        tables.Column("producer", N_("Nhà sản xuất"), sort=(Producer.sort_name,), value="producer_name"),
        tables.Column("number", N_("Số"), sort=(Standard.number,)),
        tables.Column("granted", N_("Ngày cấp"), sort=(Standard.granted_on,), value="granted_on"),
        tables.Column("ends", N_("Hết hạn"), sort=(Standard.ends_on,), value="ends_on"),
        tables.Column("state", N_("Tình trạng"), sort=(Standard.state,), value=lambda r: gettext(STATE_NAMES[r.state])),
        tables.Column("filed", N_("Ngày nộp đơn"), on_page=False, value="filed_on"),
        tables.Column("body", N_("Nơi cấp"), on_page=False),
        tables.Column(
            "verdict", N_("Kết quả"), on_page=False, value=lambda r: gettext(VERDICT_NAMES[r.verdict]) if r.verdict else None
        ),
        tables.Column("demo", N_("Minh họa"), on_page=False, value="is_demo"),
    ],
    filters=[
        tables.Filter("state", N_("Tình trạng"), lambda v: Standard.state == v, list(STATE_NAMES.items())),
        tables.Filter("kind", N_("Loại"), lambda v: Standard.kind == v, list(KIND_NAMES.items())),
        tables.Filter("ends", N_("Hết hạn"), _ends, ENDS),
    ],
    search=lambda q: or_(
        Standard.number_key.contains(_slug(q), autoescape=True),
        Standard.name.icontains(q, autoescape=True),
        Product.slug.contains(_slug(q), autoescape=True),
        Producer.slug.contains(_slug(q), autoescape=True),
    ),
)  # fmt: skip


def _rows() -> Any:
    n = Standard
    return (
        select(
            n.id, n.reference, n.name, n.kind, n.state, n.number, n.filed_on, n.granted_on, n.ends_on, n.verdict, n.body,
            n.is_demo, Product.slug, Product.name.label("product_name"), Producer.name.label("producer_name"),
        )
        .join(Product, Product.id == n.product_id)
        .outerjoin(Producer, Producer.id == Product.producer_id)
    )  # fmt: skip


def office(args: Mapping[str, str], here: str, scopes: Collection[str]) -> tables.View:
    """The office's list, narrowed to what the reader may see."""
    return STANDARDS.open(args, here, _rows().where(catalog.covered(scopes)))


def portal(args: Mapping[str, str], here: str, producer_id: int) -> tables.View:
    """A producer's list."""
    return STANDARDS.open(args, here, _rows().where(Product.producer_id == producer_id))


def one(reference: str) -> Standard:
    """One paper.

    Raises:
        NoSuchStandard.
    """
    found = (
        session()
        .scalars(select(Standard).where(Standard.reference == text.normal_reference(reference)[:20]))
        .one_or_none()
    )
    if found is None:
        raise NoSuchStandard
    return found


def locality(reference: str) -> str | None:
    """The scope of the product's locality."""
    slug = session().scalar(
        select(Product.slug)
        .join(Standard, Standard.product_id == Product.id)
        .where(Standard.reference == text.normal_reference(reference)[:20])
    )
    return catalog.product_scope(slug) if slug else None


def maker(reference: str) -> str | None:
    """The scope of the product's producer."""
    found = session().scalar(
        select(Product.producer_id)
        .join(Standard, Standard.product_id == Product.id)
        .where(Standard.reference == text.normal_reference(reference)[:20])
    )
    return f"producer:{found}" if found else None


def goods_of(producer_id: int) -> list[tuple[int, str]]:
    """A producer's goods, for a choice: (id, name)."""
    rows = session().execute(
        select(Product.id, Product.name)
        .where(Product.producer_id == producer_id, Product.state != ProductState.HIDDEN)
        .order_by(Product.sort_name, Product.id)
    )
    return [(row[0], row[1]) for row in rows]


# --- who lacks what ----------------------------------------------------------------------------------------------


def _holds(kinds: Collection[Kind], day: date) -> Any:
    """The condition of a paper that counts on `day`."""
    n = Standard
    return and_(
        n.product_id == Product.id, n.kind.in_(sorted(kinds)), n.state == State.CONFIRMED,
        or_(n.ends_on.is_(None), n.ends_on >= day), or_(n.verdict.is_(None), n.verdict == Verdict.GOOD),
    )  # fmt: skip


NEEDS: dict[str, tuple[str, frozenset[Kind]]] = {
    "mark": (N_("nhãn hiệu hoặc chỉ dẫn địa lý"), MARKS),
    "label": (N_("nhãn hàng hóa đã rà soát"), frozenset({Kind.LABEL})),
    "packaging": (N_("bao bì đã rà soát"), frozenset({Kind.PACKAGING})),
    "test": (N_("phiếu kiểm nghiệm còn hạn"), frozenset({Kind.TEST})),
}


def _lacks(what: str) -> Any:
    holds = select(Standard.id).where(_holds(NEEDS[what][1], clock.today())).correlate(Product).exists()
    return ~holds


def _has(what: str) -> Any:
    return ~_lacks(what)


LACKS = tables.Table(
    name="standards-lacking",
    order="product",
    tie=Product.id,
    columns=[
        tables.Column("product", N_("Sản phẩm"), sort=(Product.sort_name,), value="name"),
        tables.Column("producer", N_("Nhà sản xuất"), sort=(Producer.sort_name,), value="producer_name"),
        tables.Column("mark", N_("Nhãn hiệu, chỉ dẫn địa lý")),
        tables.Column("label", N_("Nhãn hàng hóa")),
        tables.Column("packaging", N_("Bao bì")),
        tables.Column("test", N_("Kiểm nghiệm")),
        tables.Column("test_until", N_("Kiểm nghiệm dùng đến")),
    ],
    filters=[
        tables.Filter(
            "lacks", N_("Còn thiếu"), lambda v: _lacks(v), [(key, label) for key, (label, _kinds) in NEEDS.items()]
        ),
    ],
    search=lambda q: or_(
        Product.slug.contains(_slug(q), autoescape=True), Producer.slug.contains(_slug(q), autoescape=True)
    ),
)


def lacking(args: Mapping[str, str], here: str, scopes: Collection[str]) -> tables.View:
    """Goods that are shown, and which papers each has today."""
    until = (
        select(func.max(Standard.ends_on))
        .where(_holds({Kind.TEST}, clock.today()))
        .correlate(Product)
        .scalar_subquery()
    )
    statement = (
        select(
            Product.id, Product.slug, Product.name, Producer.name.label("producer_name"),
            *(_has(what).label(what) for what in NEEDS), until.label("test_until"),
        )
        .outerjoin(Producer, Producer.id == Product.producer_id)
        .where(
            Product.state == ProductState.SHOWN, Product.kind == ProductKind.GOODS, catalog.covered(scopes)
        )
    )  # fmt: skip
    return LACKS.open(args, here, statement)


def lacks_of(producer_id: int) -> list[tuple[str, list[str]]]:
    """Shown goods of a producer that lack a paper: (name, what each lacks)."""
    rows = session().execute(
        select(Product.name, *(_has(what).label(what) for what in NEEDS))
        .where(
            Product.producer_id == producer_id, Product.state == ProductState.SHOWN, Product.kind == ProductKind.GOODS
        )
        .order_by(Product.sort_name, Product.id)
    )
    found = [(row[0], [NEEDS[w][0] for w in NEEDS if not getattr(row, w)]) for row in rows]
    return [(name, what) for name, what in found if what]


# --- counts and reminders ----------------------------------------------------------------------------------------


def waiting_count() -> int:
    """How many papers wait for the office."""
    return session().scalar(select(func.count()).select_from(Standard).where(Standard.state == State.WAITING)) or 0


def of_producer_ending(producer_id: int) -> tuple[int, int]:
    """(papers of a producer that end within 90 days or have ended, papers that were refused)."""
    today = clock.today()
    row = session().execute(
        select(
            func.count(Standard.id).filter(
                Standard.state == State.CONFIRMED, Standard.ends_on <= today + timedelta(days=90)
            ),
            func.count(Standard.id).filter(Standard.state == State.REFUSED),
        )
        .join(Product, Product.id == Standard.product_id)
        .where(Product.producer_id == producer_id)
    ).one()  # fmt: skip
    return int(row[0]), int(row[1])


def ending(today: date) -> list[tuple[Standard, int]]:
    """Confirmed papers of producers that end soon or ended lately and that no later one of their kind follows, with the mark of
    the reminder that is due: the least number of days of which no more are left, 0 once it has ended."""
    later = Standard.__table__.alias("later")
    followed = (
        select(later.c.id)
        .where(
            later.c.product_id == Standard.product_id, later.c.kind == Standard.kind, later.c.ends_on > Standard.ends_on,
            later.c.state == State.CONFIRMED.value,
        )
        .exists()
    )  # fmt: skip
    rows = session().scalars(
        select(Standard)
        .join(Product, Product.id == Standard.product_id)
        .where(
            Standard.state == State.CONFIRMED, Product.producer_id.is_not(None),
            Standard.ends_on.between(today - timedelta(days=7), today + timedelta(days=max(MARK_ANNOUNCED))), ~followed,
        )
        .order_by(Standard.ends_on, Standard.id)
    )  # fmt: skip
    found = []
    for row in rows:
        if row.ends_on is None:
            continue
        left, days = (row.ends_on - today).days, MARK_ANNOUNCED if row.kind in MARKS else ANNOUNCED
        if left < 0:
            found.append((row, 0))
        elif left <= max(days):
            found.append((row, min(n for n in days if left <= n)))
    return found
