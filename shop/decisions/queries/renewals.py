"""Which certificates are to be renewed, when, and what was filed: for the office, for a locality, for a producer."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask_babel import gettext
from sqlalchemy import and_, func, or_, select

from shop.catalog.models import Certificate, Product, certificate_key
from shop.catalog.queries import office as catalog
from shop.decisions import terms
from shop.decisions.models import FILED_NAMES, FiledState, Renewal
from shop.kernel import clock, tables, text
from shop.kernel.db import session
from shop.kernel.errors import N_
from shop.producers.models import Producer

# How long after its end a certificate that nobody renewed stays in the queue.
_REMEMBERED = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class Due:
    """A certificate with the days of its renewal; `days` is none where the law in force gives no such time."""

    certificate_id: int
    number: str
    stars: int
    term_ends_on: date
    expires_on: date
    slug: str
    product_name: str
    producer_id: int | None
    producer_name: str | None
    renewal_id: int | None
    filed_on: date | None
    is_late: bool | None
    dossier_code: str | None
    is_demo: bool

    @property
    def days(self) -> terms.Renewal | None:
        """The days that matter."""
        return terms.renewal(self.term_ends_on, self.filed_on or clock.today())

    @property
    def window(self) -> terms.Window:
        """Where today lies."""
        return self.days.window(clock.today()) if self.days else terms.Window.UNKNOWN

    @property
    def decide_by(self) -> date | None:
        """By when a renewal that was filed is to be decided."""
        law = terms.on(self.filed_on) if self.filed_on else None
        return self.filed_on + timedelta(days=law.decide_days) if self.filed_on and law and law.decide_days else None

    @property
    def stands(self) -> str:
        """`filed`, or where today lies in the time for filing."""
        return "filed" if self.renewal_id else self.window.value


STANDS = {
    "filed": FILED_NAMES[FiledState.FILED],
    "open": terms.WINDOW_NAMES[terms.Window.OPEN],
    "late": N_("Quá hạn nộp, chưa nộp"),
    "ended": N_("Hết hạn, không nộp"),
    "early": terms.WINDOW_NAMES[terms.Window.EARLY],
    "unknown": terms.WINDOW_NAMES[terms.Window.UNKNOWN],
}
STAND_KINDS = {"filed": "info", "open": "ok", "late": "warn", "ended": "bad", "early": "", "unknown": ""}


def _term() -> Any:
    return func.coalesce(Certificate.term_ends_on, Certificate.expires_on)


def _where(value: str) -> Any:
    today, term = clock.today(), _term()
    law = terms.on(today)
    if value == "filed":
        return Renewal.id.is_not(None)
    none = Renewal.id.is_(None)
    if law.opens_days is None or law.closes_days is None:
        return none if value == "unknown" else and_(none, term < today)
    opens, closes = today + timedelta(days=law.opens_days), today + timedelta(days=law.closes_days)
    return and_(
        none,
        {
            "open": and_(term <= opens, term >= closes),
            "late": and_(term < closes, term >= today),
            "ended": term < today,
            "early": term > opens,
        }[value],
    )


QUEUE = tables.Table(
    name="renewals",
    order="ends",
    tie=Certificate.id,
    columns=[
        tables.Column("number", N_("Chứng nhận"), sort=(Certificate.number,)),
        tables.Column("product", N_("Sản phẩm"), sort=(Product.sort_name,), value="product_name"),
        tables.Column("producer", N_("Nhà sản xuất"), sort=(Producer.sort_name,), value="producer_name"),
        tables.Column("stars", N_("Sao"), "num", sort=(Certificate.stars,)),
        tables.Column("ends", N_("Hết thời hạn"), sort=(_term(),), value="term_ends_on"),
        tables.Column("opens", N_("Nộp từ"), value=lambda r: r.days.opens_on if r.days else None),
        tables.Column("closes", N_("Nộp đến hết"), value=lambda r: r.days.closes_on if r.days else None),
        tables.Column("stands", N_("Tình trạng"), value=lambda r: gettext(STANDS[r.stands])),
        tables.Column("filed", N_("Ngày nộp"), sort=(Renewal.filed_on,), value="filed_on"),
        tables.Column("dossier", N_("Mã hồ sơ"), on_page=False, value="dossier_code"),
        tables.Column("decide", N_("Quyết định trước"), on_page=False, value="decide_by"),
        tables.Column("expires", N_("Được dùng đến hết"), on_page=False, value="expires_on"),
        tables.Column("demo", N_("Minh họa"), on_page=False, value="is_demo"),
    ],
    filters=[
        tables.Filter(
            "stands", N_("Tình trạng"), _where, [(k, STANDS[k]) for k in ("filed", "open", "late", "ended", "early")]
        ),
        tables.Filter("stars", N_("Sao"), lambda v: Certificate.stars == int(v), [("3", "3"), ("4", "4"), ("5", "5")]),
        tables.Filter("until", N_("Hết hạn trước"), lambda day: _term() < day, kind="day"),
    ],
    search=lambda q: or_(
        Certificate.number_key.contains(certificate_key(q) or "?", autoescape=True),
        Product.slug.contains("-".join(text.words(q)) or "?", autoescape=True),
        Producer.slug.contains("-".join(text.words(q)) or "?", autoescape=True),
    ),
)


def _statement() -> Any:
    """Certificates that no other follows, whose end is to come or was not long ago."""
    c = Certificate
    later = c.__table__.alias("later")
    followed = (
        select(later.c.id)
        .where(later.c.product_id == c.product_id, later.c.issued_on > c.issued_on, later.c.revoked_on.is_(None))
        .exists()
    )
    return (
        select(
            c.id, c.number, c.stars, _term().label("term_ends_on"), c.expires_on, Product.slug,
            Product.name.label("product_name"), Product.producer_id, Producer.name.label("producer_name"),
            Renewal.id.label("renewal_id"), Renewal.filed_on, Renewal.is_late, Renewal.dossier_code, c.is_demo,
        )
        .join(Product, Product.id == c.product_id)
        .outerjoin(Producer, Producer.id == Product.producer_id)
        .outerjoin(Renewal, and_(Renewal.certificate_id == c.id, Renewal.state == FiledState.FILED))
        .where(c.revoked_on.is_(None), c.issued_on <= clock.today(), ~followed)
    )  # fmt: skip


def _row(row: Any) -> Due:
    return Due(*row)


def queue(args: Mapping[str, str], here: str, scopes: Collection[str]) -> tables.View:
    """The office's queue, narrowed to what the reader may see."""
    shown = or_(_term() >= clock.today() - _REMEMBERED, Renewal.id.is_not(None))
    return QUEUE.open(args, here, _statement().where(catalog.covered(scopes), shown), make=_row)


def counts(scopes: Collection[str]) -> dict[str, int]:
    """How many certificates stand where, of what the reader may see; those whose time has not come are left out."""
    horizon = clock.today() + timedelta(days=(terms.on(clock.today()).opens_days or 0))
    found = session().execute(
        _statement().where(
            catalog.covered(scopes), or_(Renewal.id.is_not(None), _term().between(clock.today() - _REMEMBERED, horizon))
        )
    )
    told: dict[str, int] = {}
    for row in found:
        stands = _row(row).stands
        told[stands] = told.get(stands, 0) + 1
    return told


def of_producer(producer_id: int) -> list[Due]:
    """A producer's certificates with the days of their renewal, soonest end first."""
    rows = session().execute(
        _statement()
        .where(Product.producer_id == producer_id, or_(_term() >= clock.today() - _REMEMBERED, Renewal.id.is_not(None)))
        .order_by(_term(), Certificate.id)
    )
    return [_row(row) for row in rows]


def told_about(today: date) -> list[Due]:
    """Certificates of producers whose time for filing is on, is over, or has just ended, without a renewal."""
    law = terms.on(today)
    if law.opens_days is None:
        return []
    rows = session().execute(
        _statement()
        .where(
            Product.producer_id.is_not(None), Renewal.id.is_(None),
            _term().between(today - timedelta(days=7), today + timedelta(days=law.opens_days)),
        )
        .order_by(_term(), Certificate.id)
    )  # fmt: skip
    return [_row(row) for row in rows]


def renewals_of(certificate_id: int) -> list[Renewal]:
    """All renewals that were filed for a certificate, latest first."""
    return list(
        session().scalars(select(Renewal).where(Renewal.certificate_id == certificate_id).order_by(Renewal.id.desc()))
    )


def scope_of(certificate_id: int) -> str | None:
    """The scope of the certificate's goods, as guards ask for it."""
    slug = session().scalar(
        select(Product.slug)
        .join(Certificate, Certificate.product_id == Product.id)
        .where(Certificate.id == certificate_id)
    )
    return catalog.product_scope(slug) if slug else None


def due(certificate_id: int) -> Due | None:
    """One certificate with the days of its renewal, whether or not another follows it."""
    c = Certificate
    row = session().execute(
        select(
            c.id, c.number, c.stars, _term(), c.expires_on, Product.slug, Product.name, Product.producer_id, Producer.name,
            Renewal.id, Renewal.filed_on, Renewal.is_late, Renewal.dossier_code, c.is_demo,
        )
        .join(Product, Product.id == c.product_id)
        .outerjoin(Producer, Producer.id == Product.producer_id)
        .outerjoin(Renewal, and_(Renewal.certificate_id == c.id, Renewal.state == FiledState.FILED))
        .where(c.id == certificate_id)
    ).one_or_none()  # fmt: skip
    return Due(*row) if row else None
