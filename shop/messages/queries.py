"""Reads about messages."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import gettext
from sqlalchemy import ColumnElement, func, or_, select

from shop.accounts.models import Grant, User
from shop.accounts.permissions import ROLE_PERMISSIONS, Permission
from shop.kernel import tables, text
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound
from shop.messages import rules
from shop.messages.models import STATE_NAMES, TOPIC_NAMES, Message, MessageState, Topic


def _search(q: str) -> ColumnElement[bool]:
    like = "%" + q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    code, digits = text.normal_reference(q), "".join(c for c in q if c.isdigit()).lstrip("0")
    found = [
        Message.reference == code,
        Message.order_reference == code,
        Message.name.ilike(like, escape="\\"),
        Message.email.ilike(like, escape="\\"),
    ]
    if len(digits) >= 6:
        found.append(Message.phone.like(f"%{digits}%"))
    return or_(*found)


def _state(value: str) -> ColumnElement[bool]:
    if value == "open":
        return Message.state.in_((MessageState.NEW, MessageState.READ))
    return Message.state == MessageState(value)


TABLE = tables.Table(
    name="thu-khach",
    columns=(
        tables.Column("reference", N_("Mã thư")),
        tables.Column("topic", N_("Về việc"), sort=(Message.topic,), value=lambda m: gettext(TOPIC_NAMES[m.topic])),
        tables.Column("name", N_("Người gửi"), sort=(Message.name,)),
        tables.Column("email", N_("E-mail"), on_page=False),
        tables.Column("phone", N_("Điện thoại"), on_page=False),
        tables.Column("order_reference", N_("Mã đơn"), on_page=False),
        tables.Column("body", N_("Nội dung")),
        tables.Column("created", N_("Gửi lúc"), sort=(Message.created_at,), value="created_at"),
        tables.Column("updated", N_("Cập nhật"), sort=(Message.updated_at,), value="updated_at"),
        tables.Column("state", N_("Trạng thái"), sort=(Message.state,), value=lambda m: gettext(STATE_NAMES[m.state])),
    ),
    order="-created",
    tie=Message.id,
    filters=(
        tables.Filter(
            "state",
            N_("Trạng thái"),
            _state,
            [("open", N_("Chưa xong")), *((s.value, label) for s, label in STATE_NAMES.items())],
        ),
        tables.Filter(
            "topic", N_("Về việc"), lambda v: Message.topic == Topic(v), [(t.value, n) for t, n in TOPIC_NAMES.items()]
        ),
    ),
    search=_search,
)


def listing(args: Mapping[str, str]) -> tables.View:
    """The list of staff, as the address asks for it."""
    return TABLE.open(args, "/office/messages", select(Message), make=lambda row: row[0])


def message(reference: str) -> Message:
    """Return the message with its steps.

    Raises:
        NotFound: there is none of this reference.
    """
    found = session().scalar(select(Message).where(Message.reference == text.normal_reference(reference)))
    if found is None:
        raise NotFound
    return found


def waiting() -> int:
    """How many messages are new."""
    return session().scalar(select(func.count()).where(Message.state == MessageState.NEW)) or 0


def staff_addresses() -> list[str]:
    """Who is told of a new message: the address staff set, else everybody who may answer one (at most twenty)."""
    fixed = rules.STAFF_EMAIL.get().strip()
    if fixed:
        return [fixed]
    roles = [role for role, rights in ROLE_PERMISSIONS.items() if Permission.MESSAGE_HANDLE in rights]
    wanted = (
        select(User.email)
        .join(Grant, Grant.user_id == User.id)
        .where(
            Grant.role.in_(roles),
            Grant.scope == "*",
            User.email.is_not(None),
            User.disabled_at.is_(None),
            User.erased_at.is_(None),
        )
        .distinct()
        .order_by(User.email)
        .limit(20)
    )
    return [address for address in session().scalars(wanted) if address]
