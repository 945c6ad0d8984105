"""Reads about producers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy import or_, select, true

from shop.kernel import audit, tables, text
from shop.kernel.db import session
from shop.kernel.errors import N_
from shop.places import queries as places
from shop.producers.models import LEGAL_FORM_NAMES, BankAccount, LegalForm, Producer, ProducerState

STATE_NAMES = {ProducerState.ACTIVE: N_("Đang hoạt động"), ProducerState.SUSPENDED: N_("Tạm ngừng")}

ACTIONS = {
    "producers.create": N_("Ghi nhà sản xuất"),
    "producers.update": N_("Sửa thông tin"),
    "producers.state": N_("Đổi trạng thái"),
    "producers.leave": N_("Cơ sở xin rời chợ"),
    "producers.bank-account": N_("Đổi tài khoản nhận tiền"),
    "producers.member-invite": N_("Mời thành viên"),
    "producers.member-withdraw": N_("Rút lời mời"),
    "producers.member-join": N_("Thêm thành viên"),
    "producers.member-role": N_("Đổi việc thành viên"),
    "producers.member-remove": N_("Bỏ thành viên"),
    "producers.change-asked": N_("Đề nghị thay đổi"),
    "producers.change-checked": N_("Xem đề nghị lần thứ nhất"),
    "producers.change-approved": N_("Chấp thuận thay đổi"),
    "producers.change-refused": N_("Từ chối thay đổi"),
    "producers.change-withdrawn": N_("Rút đề nghị"),
}


def by_slug(slug: str) -> Producer | None:
    """The producer of this address, shown or not."""
    return session().scalars(select(Producer).where(Producer.slug == slug)).one_or_none()


def by_id(producer_id: int) -> Producer | None:
    """The producer with this id."""
    return session().get(Producer, producer_id)


def bank_account(producer_id: int) -> BankAccount | None:
    """The account into which the producer is paid today."""
    mine = select(BankAccount).where(BankAccount.producer_id == producer_id, BankAccount.valid_to.is_(None))
    return session().scalars(mine).one_or_none()


def shown() -> list[Producer]:
    """All producers that customers may see, as a dictionary orders them."""
    rows = select(Producer).where(Producer.state == ProducerState.ACTIVE).order_by(Producer.sort_name, Producer.id)
    return list(session().scalars(rows))


def choices() -> list[tuple[int, str]]:
    """(id, name) of all producers for a form, as a dictionary orders them."""
    rows = session().execute(select(Producer.id, Producer.name).order_by(Producer.sort_name, Producer.id))
    return [(row.id, row.name) for row in rows]


def names() -> list[tuple[int, str, str]]:
    """(id, address, name) of all producers, for finding those that a table names."""
    rows = session().execute(select(Producer.id, Producer.slug, Producer.name).order_by(Producer.id))
    return [(row.id, row.slug, row.name) for row in rows]


def place_of(row: Any) -> str:
    """Where a producer or product is from: its commune by today's name, else the place as the source names it, else ''."""
    unit = places.unit(row.commune_code) if row.commune_code else None
    return unit.name if unit is not None else row.locality_text or ""


def _matching(q: str) -> Any:
    """Producers whose name (marks aside), tax code or place has `q`."""
    return or_(
        Producer.slug.contains("-".join(text.words(q)) or "?", autoescape=True),
        Producer.name.icontains(q, autoescape=True),
        Producer.tax_code.startswith(q, autoescape=True),
        Producer.locality_text.icontains(q, autoescape=True),
    )


TABLE = tables.Table(
    name="producers",
    order="name",
    tie=Producer.id,
    columns=[
        tables.Column("name", N_("Tên"), sort=(Producer.sort_name,)),
        tables.Column(
            "legal_form", N_("Loại hình"), sort=(Producer.legal_form,),
            value=lambda row: gettext(LEGAL_FORM_NAMES[row.legal_form]) if row.legal_form else None,
        ),
        tables.Column("place", N_("Địa phương"), sort=(Producer.locality_text,), value=place_of),
        tables.Column("tax_code", N_("Mã số thuế"), sort=(Producer.tax_code,)),
        tables.Column("phone", N_("Điện thoại")),
        tables.Column("state", N_("Trạng thái"), sort=(Producer.state,), value=lambda row: gettext(STATE_NAMES[row.state])),
        tables.Column("email", N_("E-mail"), on_page=False),
        tables.Column("website", N_("Trang web"), on_page=False),
        tables.Column("street", N_("Địa chỉ"), on_page=False),
        tables.Column("source_url", N_("Nguồn"), on_page=False),
    ],
    filters=[
        tables.Filter("form", N_("Loại hình"), lambda v: Producer.legal_form == v, list(LEGAL_FORM_NAMES.items())),
        tables.Filter("state", N_("Trạng thái"), lambda v: Producer.state == v, list(STATE_NAMES.items())),
    ],
    search=_matching,
)  # fmt: skip


def covered(scopes: Collection[str]) -> Any:
    """The condition that a reader whose grants have these scopes may see a producer."""
    if "*" in scopes:
        return true()
    parts = [scope.partition(":") for scope in scopes]
    ids = [int(value) for kind, _sep, value in parts if kind == "producer" and value.isdigit()]
    communes = [value for kind, _sep, value in parts if kind == "locality"]
    return or_(Producer.id.in_(ids), Producer.commune_code.in_(communes))


def scope_of(slug: str) -> str | None:
    """The scope of a producer for grants that name a locality; None: its commune is not known."""
    code = session().scalar(select(Producer.commune_code).where(Producer.slug == slug))
    return f"locality:{code}" if code else None


def table(args: Mapping[str, str], scopes: Collection[str]) -> tables.View:
    """The office's list of producers."""
    p = Producer
    return TABLE.open(
        args,
        "/office/producers",
        select(
            p.id, p.slug, p.name, p.legal_form, p.commune_code, p.locality_text, p.tax_code, p.phone, p.state, p.email,
            p.website, p.street, p.source_url, p.is_demo,
        ).where(covered(scopes)),
    )  # fmt: skip


def legal_form_name(form: LegalForm | None) -> str:
    """The legal form in the reader's language; '' if it is not known."""
    return gettext(LEGAL_FORM_NAMES[form]) if form else ""


def history(row: Producer, count: int = 30) -> list[audit.AuditRow]:
    """What the audit log says of a producer, latest first."""
    rows = select(audit.AuditRow).where(audit.AuditRow.target == f"producer:{row.slug}")
    return list(session().scalars(rows.order_by(audit.AuditRow.id.desc()).limit(count)))


def suspended_why(producer_id: int) -> str | None:
    """Why a producer is suspended, as it was said last ('' if nobody wrote it down); None if it is active."""
    row = session().get(Producer, producer_id)
    if row is None or row.state is not ProducerState.SUSPENDED:
        return None
    detail = session().scalar(
        select(audit.AuditRow.detail)
        .where(audit.AuditRow.target == f"producer:{row.slug}", audit.AuditRow.action == "producers.state")
        .order_by(audit.AuditRow.id.desc())
        .limit(1)
    )
    said = detail or {}
    return str(said.get("reason") or "") if said.get("state") == ProducerState.SUSPENDED.value else ""


def instant(raw: str) -> datetime | None:
    """The instant that a form carried along; None if it has none or a broken one."""
    try:
        return datetime.fromisoformat(raw)
    except ValueError:
        return None
