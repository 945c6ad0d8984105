"""Reads about requests for other facts or another account."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from flask_babel import gettext
from sqlalchemy import or_, select

from shop.kernel import tables
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound
from shop.producers.models import (
    CHANGE_KIND_NAMES,
    CHANGE_STATE_NAMES,
    OPEN_CHANGES,
    Change,
    ChangeKind,
    Producer,
)
from shop.producers.queries import register


def change(reference: str) -> tuple[Change, Producer]:
    """The request and its producer.

    Raises:
        NotFound.
    """
    found = session().execute(
        select(Change, Producer).join(Producer, Producer.id == Change.producer_id).where(Change.reference == reference)
    ).first()  # fmt: skip
    if found is None:
        raise NotFound
    return found[0], found[1]


def open_changes(producer_id: int) -> dict[ChangeKind, Change]:
    """What waits for the office, by kind."""
    rows = session().scalars(select(Change).where(Change.producer_id == producer_id, Change.state.in_(OPEN_CHANGES)))
    return {row.kind: row for row in rows}


def recent_changes(producer_id: int, count: int = 10) -> list[Change]:
    """The latest requests of a producer."""
    rows = select(Change).where(Change.producer_id == producer_id).order_by(Change.id.desc()).limit(count)
    return list(session().scalars(rows))


TABLE = tables.Table(
    name="de-nghi-thay-doi",
    order="-asked",
    tie=Change.id,
    columns=[
        tables.Column("reference", N_("Mã đề nghị"), sort=(Change.reference,)),
        tables.Column("producer", N_("Cơ sở"), sort=(Producer.sort_name,)),
        tables.Column("kind", N_("Về việc"), sort=(Change.kind,), value=lambda c: gettext(CHANGE_KIND_NAMES[c.kind])),
        tables.Column("asked_label", N_("Người đề nghị")),
        tables.Column("asked", N_("Gửi lúc"), sort=(Change.asked_at,), value="asked_at"),
        tables.Column("state", N_("Trạng thái"), sort=(Change.state,), value=lambda c: gettext(CHANGE_STATE_NAMES[c.state])),
    ],
    filters=[
        tables.Filter(
            "state",
            N_("Trạng thái"),
            lambda v: Change.state.in_(OPEN_CHANGES) if v == "open" else Change.state == v,
            [("open", N_("Chưa quyết định")), *((s.value, x) for s, x in CHANGE_STATE_NAMES.items())],
        ),
        tables.Filter("kind", N_("Về việc"), lambda v: Change.kind == v, [(k.value, x) for k, x in CHANGE_KIND_NAMES.items()]),
    ],
    search=lambda q: or_(
        Change.reference.contains(q.strip().upper(), autoescape=True), Producer.name.icontains(q.strip(), autoescape=True)
    ),
)  # fmt: skip


def changes(args: Mapping[str, str], scopes: Collection[str]) -> tables.View:
    """The office's list of requests."""
    c = Change
    wanted: Any = (
        select(
            c.id, c.reference, Producer.name.label("producer"), c.kind, c.asked_label, c.asked_at, c.state, c.is_demo
        )
        .join(Producer, Producer.id == c.producer_id)
        .where(register.covered(scopes))
    )  # fmt: skip
    return TABLE.open(args, "/office/changes", wanted)
