"""Reads of conversations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext
from sqlalchemy import and_, func, or_, select

from shop.accounts.models import Grant, User
from shop.accounts.permissions import ROLE_PERMISSIONS, Permission
from shop.conversations.models import SIDE_NAMES, Conversation, ConversationMessage, Side
from shop.kernel import clock, tables, text
from shop.kernel.db import session
from shop.kernel.errors import N_
from shop.kernel.reading import Reading, among
from shop.orders import contact
from shop.orders.models import Fulfilment, Order
from shop.producers.models import Producer

# A buyer should have an answer within a day.
LATE_HOURS = 24


@dataclass(frozen=True, slots=True)
class Said:
    """One message. `actor_label` is for staff only; `body` is None once it was blanked."""

    side: Side
    body: str | None
    masked: bool
    at: datetime
    actor_label: str


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation with its messages, oldest first."""

    id: int
    fulfilment_id: int
    unread: Mapping[Side, int]
    messages: tuple[Said, ...]


# The page of every order asks this.
_THREADS = Reading(
    select(
        Conversation.id,
        Conversation.fulfilment_id,
        Conversation.buyer_unread,
        Conversation.maker_unread,
        Conversation.office_unread,
        ConversationMessage.side,
        ConversationMessage.body,
        ConversationMessage.masked,
        ConversationMessage.at,
        ConversationMessage.actor_label,
    )
    .join(ConversationMessage, ConversationMessage.conversation_id == Conversation.id)
    .where(among(Conversation.fulfilment_id, "parcels"))
    .order_by(Conversation.id, ConversationMessage.id)
)


def threads(fulfilment_ids: Sequence[int]) -> dict[int, Thread]:
    """The conversations about these parcels, by parcel; one statement."""
    found: dict[tuple[Any, ...], list[Said]] = {}
    for row in _THREADS.rows(parcels=fulfilment_ids):
        found.setdefault(tuple(row[:5]), []).append(Said(*row[5:]))
    return {
        head[1]: Thread(head[0], head[1], dict(zip((Side.BUYER, Side.MAKER, Side.OFFICE), head[2:], strict=True)), tuple(said))
        for head, said in found.items()
    }  # fmt: skip


def thread(fulfilment_id: int) -> Thread | None:
    """The conversation about a parcel, if anybody has written."""
    return threads([fulfilment_id]).get(fulfilment_id)


def parcel_id(reference: str, number: int) -> int | None:
    """The parcel behind its public name."""
    return session().scalar(
        select(Fulfilment.id)
        .join(Order, Order.id == Fulfilment.order_id)
        .where(Order.reference == reference, Fulfilment.number == number)
    )


def closed_at(fulfilment_id: int) -> datetime | None:
    """Since when a parcel is over; None if it is not."""
    return session().scalar(select(Fulfilment.closed_at).where(Fulfilment.id == fulfilment_id))


# --- lists -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TalkRow:
    """A conversation as lists show it."""

    key: str
    name: str
    maker: str
    said: str
    last_at: datetime
    last_side: Side
    unread: int
    is_demo: bool
    row_class: str


def _last_words() -> Any:
    m = ConversationMessage
    return (
        select(m.body)
        .where(m.conversation_id == Conversation.id)
        .order_by(m.id.desc())
        .limit(1)
        .correlate(Conversation)
        .scalar_subquery()
    )


def _search(q: str) -> Any:
    found = [Order.reference.startswith(text.normal_reference(q), autoescape=True)] if text.normal_reference(q) else []
    shown = or_(Fulfilment.closed_at.is_(None), Fulfilment.closed_at >= contact.hidden_before())
    return or_(*found, and_(shown, Order.search_name.contains(text.fold(q), autoescape=True)))


def _state(unread: Any) -> Any:
    late = clock.now() - timedelta(hours=LATE_HOURS)
    return {
        "unread": lambda: unread > 0,
        "waiting": lambda: Conversation.last_side == Side.BUYER,
        "late": lambda: and_(Conversation.last_side == Side.BUYER, Conversation.last_at < late),
    }


_STATES = [("unread", N_("Chưa đọc")), ("waiting", N_("Chờ trả lời")), ("late", N_("Chờ trả lời quá 24 giờ"))]


def _table(name: str, unread: Any, *, maker: bool) -> tables.Table:
    who = (tables.Column("maker", N_("Cơ sở"), sort=(Producer.sort_name,)),) if maker else ()
    return tables.Table(
        name=name,
        columns=(
            tables.Column("reference", N_("Kiện"), sort=(Order.reference,), value="key"),
            *who,
            # Producers cannot sort by it: the place of one past the term would still tell his name.
            tables.Column("name", N_("Người mua"), sort=(Order.search_name,) if maker else ()),
            tables.Column("said", N_("Tin cuối")),
            tables.Column(
                "side", N_("Người nhắn cuối"), on_page=False, value=lambda row: gettext(SIDE_NAMES[row.last_side])
            ),
            tables.Column("last", N_("Lúc"), sort=(Conversation.last_at,), value="last_at"),
            tables.Column("unread", N_("Chưa đọc"), "num", sort=(unread,)),
        ),
        order="-last",
        tie=Conversation.id,
        filters=(tables.Filter("state", N_("Trạng thái"), lambda v: _state(unread)[v](), _STATES),),
        search=_search,
    )


OURS = _table("trao-doi", Conversation.maker_unread, maker=False)
ALL = _table("trao-doi-don-hang", Conversation.office_unread, maker=True)


def _rows(unread: Any) -> Any:
    return (
        select(
            Order.reference, Fulfilment.number, Order.name, Fulfilment.closed_at, Producer.name.label("maker"),
            _last_words().label("said"), Conversation.last_at, Conversation.last_side, unread.label("unread"), Order.is_demo,
        )
        .select_from(Conversation)
        .join(Fulfilment, Fulfilment.id == Conversation.fulfilment_id)
        .join(Order, Order.id == Fulfilment.order_id)
        .outerjoin(Producer, Producer.id == Conversation.producer_id)
    )  # fmt: skip


def _row(r: Any, *, hidden: bool) -> TalkRow:
    late = r.last_side == Side.BUYER and r.last_at < clock.now() - timedelta(hours=LATE_HOURS)
    return TalkRow(
        f"{r.reference}/{r.number}",
        contact.initials(r.name) if hidden else r.name,
        r.maker or "",
        "" if hidden else (r.said or ""),
        r.last_at,
        r.last_side,
        r.unread,
        r.is_demo,
        "late" if late else "soon" if r.unread else "",
    )


def of_producer(args: Mapping[str, str], producer_id: int) -> tables.View:
    """A producer's conversations; of those past the term neither name nor words are shown."""
    statement = _rows(Conversation.maker_unread).where(Conversation.producer_id == producer_id)
    return OURS.open(
        args, "/producer/conversations", statement, make=lambda r: _row(r, hidden=contact.is_hidden(r.closed_at))
    )


def everything(args: Mapping[str, str]) -> tables.View:
    """All conversations, for the office."""
    return ALL.open(
        args, "/office/conversations", _rows(Conversation.office_unread), make=lambda r: _row(r, hidden=False)
    )


def unread_of_producer(producer_id: int) -> int:
    """How many conversations of a producer have something that nobody of it has read."""
    wanted = select(func.count()).where(Conversation.producer_id == producer_id, Conversation.maker_unread > 0)
    return session().scalar(wanted) or 0


def waiting_for_office() -> tuple[int, int]:
    """Conversations with something new for the office; those in which a buyer has waited for a producer for over a day."""
    late = clock.now() - timedelta(hours=LATE_HOURS)
    row = session().execute(
        select(
            func.count().filter(Conversation.office_unread > 0),
            func.count().filter(and_(Conversation.last_side == Side.BUYER, Conversation.last_at < late)),
        )
    ).one()  # fmt: skip
    return row[0], row[1]


# --- whom letters reach ------------------------------------------------------------------------------------------


def addresses(permission: Permission, scope: str) -> list[str]:
    """E-mail addresses of the people who have `permission` for `scope` by its own name (at most twenty)."""
    roles = [role for role, rights in ROLE_PERMISSIONS.items() if permission in rights]
    wanted = (
        select(User.email)
        .join(Grant, Grant.user_id == User.id)
        .where(
            Grant.role.in_(roles),
            Grant.scope == scope,
            User.email.is_not(None),
            User.disabled_at.is_(None),
            User.erased_at.is_(None),
        )
        .distinct()
        .order_by(User.email)
        .limit(20)
    )
    return [address for address in session().scalars(wanted) if address]
