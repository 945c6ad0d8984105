"""Checks after recognition, as the office and a locality see them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from flask_babel import gettext
from sqlalchemy import func, or_, select

from shop.catalog.models import Certificate, Product, certificate_key
from shop.catalog.queries import office as catalog
from shop.decisions.models import (
    CHECK_KIND_NAMES,
    CHECK_STATE_NAMES,
    CheckFile,
    CheckFinding,
    CheckState,
    Decision,
    DecisionLine,
    FindingState,
    PostCheck,
)
from shop.kernel import clock, tables, text
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound
from shop.producers.models import Producer

_OPEN = (CheckFinding.check_id == PostCheck.id, CheckFinding.state == FindingState.OPEN)
_DUE = select(func.min(CheckFinding.due_on)).where(*_OPEN).correlate(PostCheck).scalar_subquery()
_COUNT = (
    select(func.count())
    .select_from(CheckFinding)
    .where(CheckFinding.check_id == PostCheck.id)
    .correlate(PostCheck)
    .scalar_subquery()
)


def _needs(value: str) -> Any:
    today = clock.today()
    if value == "overdue":
        return today > _DUE
    if value == "missed":
        return (PostCheck.state == CheckState.PLANNED) & (PostCheck.planned_on < today)
    return select(CheckFinding.id).where(
        CheckFinding.check_id == PostCheck.id, CheckFinding.state == FindingState.FAILED,
        PostCheck.state == CheckState.FOLLOWING,
    ).exists()  # fmt: skip


CHECKS = tables.Table(
    name="post-checks",
    order="-planned",
    tie=PostCheck.id,
    columns=[
        tables.Column("reference", N_("Mã"), sort=(PostCheck.reference,)),
        tables.Column("product", N_("Sản phẩm"), sort=(Product.sort_name,), value="product_name"),
        tables.Column("producer", N_("Nhà sản xuất"), sort=(Producer.sort_name,), value="producer_name"),
        tables.Column(
            "kind", N_("Hình thức"), sort=(PostCheck.kind,), value=lambda r: gettext(CHECK_KIND_NAMES[r.kind])
        ),
        tables.Column("planned", N_("Ngày"), sort=(PostCheck.planned_on,), value="planned_on"),
        tables.Column(
            "state", N_("Tình trạng"), sort=(PostCheck.state,), value=lambda r: gettext(CHECK_STATE_NAMES[r.state])
        ),
        tables.Column("findings", N_("Sai sót"), "num", sort=(_COUNT,)),
        tables.Column("due", N_("Hạn khắc phục"), sort=(_DUE,), value="due_on"),
        tables.Column("checked", N_("Đã kiểm tra ngày"), on_page=False, value="checked_on"),
        tables.Column("inspectors", N_("Đoàn kiểm tra"), on_page=False),
        tables.Column("certificate", N_("Chứng nhận"), on_page=False, value="number"),
        tables.Column("demo", N_("Minh họa"), on_page=False, value="is_demo"),
    ],
    filters=[
        tables.Filter("state", N_("Tình trạng"), lambda v: PostCheck.state == v, list(CHECK_STATE_NAMES.items())),
        tables.Filter("kind", N_("Hình thức"), lambda v: PostCheck.kind == v, list(CHECK_KIND_NAMES.items())),
        tables.Filter(
            "needs",
            N_("Cần làm"),
            _needs,
            [
                ("missed", N_("đã đến ngày, chưa kiểm tra")),
                ("overdue", N_("quá hạn khắc phục")),
                ("revoke", N_("không khắc phục, chờ xử lý")),
            ],
        ),
    ],
    search=lambda q: or_(
        PostCheck.reference == text.normal_reference(q)[:20],
        Certificate.number_key.contains(certificate_key(q) or "?", autoescape=True),
        Product.slug.contains("-".join(text.words(q)) or "?", autoescape=True),
        Producer.slug.contains("-".join(text.words(q)) or "?", autoescape=True),
    ),
)


def checks(args: Mapping[str, str], here: str, scopes: Collection[str]) -> tables.View:
    """The list, narrowed to what the reader may see."""
    c = PostCheck
    return CHECKS.open(
        args,
        here,
        select(
            c.id, c.reference, c.kind, c.state, c.planned_on, c.checked_on, c.inspectors, c.is_demo, Certificate.number,
            Product.name.label("product_name"), Product.slug, Producer.name.label("producer_name"),
            _COUNT.label("findings"), _DUE.label("due_on"),
        )
        .join(Certificate, Certificate.id == c.certificate_id)
        .join(Product, Product.id == Certificate.product_id)
        .outerjoin(Producer, Producer.id == Product.producer_id)
        .where(catalog.covered(scopes)),
    )  # fmt: skip


def one(reference: str) -> PostCheck:
    """A check with what it found.

    Raises:
        NotFound.
    """
    found = (
        session()
        .scalars(select(PostCheck).where(PostCheck.reference == text.normal_reference(reference)[:20]))
        .one_or_none()
    )
    if found is None:
        raise NotFound
    return found


def scope_of(reference: str) -> str | None:
    """The scope of the goods that a check looked at."""
    slug = session().scalar(
        select(Product.slug)
        .join(Certificate, Certificate.product_id == Product.id)
        .join(PostCheck, PostCheck.certificate_id == Certificate.id)
        .where(PostCheck.reference == text.normal_reference(reference)[:20])
    )
    return catalog.product_scope(slug) if slug else None


def file_key(check_id: int, file_id: int) -> CheckFile:
    """A file of a check.

    Raises:
        NotFound.
    """
    found = session().get(CheckFile, file_id)
    if found is None or found.check_id != check_id:
        raise NotFound
    return found


def revocation_of(check_id: int) -> Decision | None:
    """The decision, drafted or signed, that takes back what a check found wrong."""
    return session().scalars(
        select(Decision).join(DecisionLine, DecisionLine.decision_id == Decision.id)
        .where(DecisionLine.check_id == check_id, Decision.dropped_why.is_(None))
        .order_by(Decision.id.desc()).limit(1)
    ).first()  # fmt: skip


def of_producer(producer_id: int) -> list[PostCheck]:
    """What checks of a producer's goods found, latest first; those planned by surprise are not told beforehand."""
    return list(
        session().scalars(
            select(PostCheck)
            .join(Certificate, Certificate.id == PostCheck.certificate_id)
            .join(Product, Product.id == Certificate.product_id)
            .where(
                Product.producer_id == producer_id,
                or_(PostCheck.checked_on.is_not(None), (PostCheck.kind == "planned") & (PostCheck.state == "planned")),
            )
            .order_by(PostCheck.planned_on.desc(), PostCheck.id.desc())
            .limit(50)
        )
    )


def waiting() -> tuple[int, int]:
    """(checks whose day has come, checks with something overdue or not mended)."""
    s = session()

    def count(value: str) -> int:
        return s.scalar(select(func.count()).select_from(PostCheck).where(_needs(value))) or 0

    return count("missed"), count("overdue") + count("revoke")
