"""Commands: entered by the producer or the office, changed while it waits, confirmed or refused, withdrawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from shop.catalog import documents
from shop.catalog.models import Product
from shop.kernel import audit, clock, facts, operations, text
from shop.kernel.actor import Actor
from shop.kernel.db import locked, session, unique
from shop.kernel.errors import N_, Invalid, NotFound
from shop.kernel.events import publish
from shop.standards.errors import NoSuchStandard, StandardMovedOn, StandardNumberTaken
from shop.standards.events import StandardSettled
from shop.standards.models import MARKS, REVIEWS, Kind, Standard, State, Verdict, number_key

# The folder of the storage for papers; nothing in it has a public address.
FOLDER = "product-standards"


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody says of a paper; see `Standard` for what each day means for each kind."""

    kind: Kind
    name: str
    body: str | None = None
    number: str | None = None
    filed_on: date | None = None
    granted_on: date | None = None
    ends_on: date | None = None
    verdict: Verdict | None = None
    note: str | None = None


def _checked(said: Said) -> dict[str, Any]:
    today, kind = clock.today(), said.kind
    values: dict[str, Any] = {
        "kind": kind, "name": facts.needed_line(said.name, "name"), "body": facts.line(said.body, "body"),
        "number": facts.line(said.number, "number", 80), "filed_on": said.filed_on, "granted_on": said.granted_on,
        "ends_on": said.ends_on, "verdict": None if kind in MARKS else said.verdict, "note": facts.prose(said.note, "note"),
    }  # fmt: skip
    for field in ("filed_on", "granted_on"):
        if values[field] is not None and values[field] > today:
            raise Invalid(N_("Ngày này chưa đến."), field=field)
    if kind in MARKS:
        if said.filed_on is None and said.granted_on is None:
            raise Invalid(N_("Hãy ghi ngày nộp đơn hoặc ngày được cấp."), field="filed_on")
        if not values["number"]:
            raise Invalid(N_("Hãy ghi số đơn hoặc số văn bằng."), field="number")
        if said.granted_on is None and said.ends_on is not None:
            raise Invalid(N_("Chưa được cấp thì chưa có ngày hết hạn."), field="ends_on")
    else:
        if said.granted_on is None:
            raise Invalid(N_("Hãy ghi ngày."), field="granted_on")
        if said.verdict is None:
            raise Invalid(N_("Hãy chọn đạt hay chưa đạt."), field="verdict")
        values["filed_on"] = None
    if kind is Kind.TEST and not (values["number"] and values["body"]):
        raise Invalid(N_("Hãy ghi phòng kiểm nghiệm và số phiếu."), field="body" if not values["body"] else "number")
    if kind is Kind.TEST and said.ends_on is None:
        raise Invalid(N_("Hãy ghi ngày phiếu còn dùng được đến."), field="ends_on")
    if said.filed_on and said.granted_on and said.granted_on < said.filed_on:
        raise Invalid(N_("Ngày cấp phải từ ngày nộp đơn trở đi."), field="granted_on")
    if said.ends_on and said.granted_on and said.ends_on < said.granted_on:
        raise Invalid(N_("Ngày hết hạn phải sau ngày cấp."), field="ends_on")
    values["number_key"] = number_key(values["number"])
    return values


def _own_number() -> Any:
    return unique(
        "uq_product_standards_number",
        "product_standards.number_key",
        otherwise=lambda: StandardNumberTaken(field="number"),
    )


def _free(product_id: int, values: dict[str, Any], but: int = 0) -> None:
    if values["number_key"] is None:
        return
    taken = select(Standard.id).where(
        Standard.product_id == product_id, Standard.kind == values["kind"], Standard.id != but,
        Standard.number_key == values["number_key"], Standard.state.in_([State.WAITING, State.CONFIRMED]),
    )  # fmt: skip
    if session().scalar(taken) is not None:
        raise StandardNumberTaken(field="number")


def _noted(actor: Actor, row: Standard, what: str, **values: Any) -> None:
    audit.record(
        actor, f"standards.{what}", f"standard:{row.reference}", product=row.product_id, kind=row.kind, **values
    )


def enter(
    actor: Actor, product_id: int, said: Said, op_key: str, *, file: bytes | None = None, confirmed: bool = False,
    is_demo: bool = False,
) -> str:  # fmt: skip
    """Enter a paper of a product; returns its reference. What the office enters (`confirmed`) takes the place of earlier ones
    of its kind at once, what a producer enters waits for it.

    Raises:
        Invalid: at its field. BadDocument.
        StandardNumberTaken: the product has a paper of that kind with that number.
        NotFound: there is no such product.
    """
    key = documents.keep(file, folder=FOLDER) if file else None

    def command() -> dict[str, Any]:
        values = _checked(said)
        locked(Product, product_id, NotFound)
        _free(product_id, values)
        row = Standard(
            reference=text.reference(), product_id=product_id, state=State.WAITING, file_key=key, version=1,
            entered_at=clock.now(), entered_by=actor.key, entered_label=actor.label, is_demo=is_demo, **values,
        )  # fmt: skip
        with _own_number():
            session().add(row)
            session().flush()
        _noted(actor, row, "enter", number=row.number)
        if confirmed:
            _confirm(actor, row)
        return {"reference": row.reference}

    body = [product_id, repr(said), key, confirmed]
    return str(operations.once(op_key, "standards.enter", actor.key, body, command)["reference"])


def _step(
    actor: Actor, reference: str, version: int, what: str, op_key: str, body: object, work: Callable[[Standard], None],
    *states: State,
) -> None:  # fmt: skip
    def command() -> dict[str, Any]:
        row_id = session().scalar(select(Standard.id).where(Standard.reference == reference))
        if row_id is None:
            raise NoSuchStandard
        row = locked(Standard, row_id, NoSuchStandard)
        if row.state not in states or row.version != version:
            raise StandardMovedOn
        work(row)
        row.version += 1
        session().flush()
        return {}

    operations.once(op_key, f"standards.{what}", actor.key, [reference, version, body], command)


def change(
    actor: Actor, reference: str, said: Said, version: int, op_key: str, *, file: bytes | None = None,
    confirmed: bool = False,
) -> None:  # fmt: skip
    """Change what is said of a paper. Whatever a producer changes waits for the office again; what it has confirmed only the
    office changes.

    Raises:
        NoSuchStandard, StandardMovedOn, StandardNumberTaken, Invalid, BadDocument.
    """
    key = documents.keep(file, folder=FOLDER) if file else None

    def work(row: Standard) -> None:
        values = _checked(said)
        if values["kind"] is not row.kind:
            raise Invalid(N_("Loại giấy không đổi được; hãy ghi giấy mới."), field="kind")
        _free(row.product_id, values, row.id)
        before, after = facts.apply(row, values)
        if key:
            row.file_key = key
        if row.state is State.REFUSED:
            row.state, row.refused_why, row.settled_at = State.WAITING, None, None
        with _own_number():
            session().flush()
        _noted(actor, row, "change", before=before, after=after)
        if confirmed and row.state is State.WAITING:
            _confirm(actor, row)

    open_ones = (State.WAITING, State.REFUSED, State.CONFIRMED) if confirmed else (State.WAITING, State.REFUSED)
    _step(actor, reference, version, "change", op_key, [repr(said), key], work, *open_ones)


def _confirm(actor: Actor, row: Standard) -> None:
    """It counts from now; of reviews the earlier one of its kind is replaced, of marks and tests only one that has ended."""
    row.state, row.settled_at, row.settled_label = State.CONFIRMED, clock.now(), actor.label
    session().flush()
    earlier = select(Standard).where(
        Standard.product_id == row.product_id, Standard.kind == row.kind, Standard.id != row.id,
        Standard.state == State.CONFIRMED,
    )  # fmt: skip
    if row.kind not in REVIEWS:
        earlier = earlier.where(Standard.ends_on < clock.today())
    for old in session().scalars(earlier):
        old.state, old.version = State.REPLACED, old.version + 1
    session().flush()
    _noted(actor, row, "confirm")


def confirm(actor: Actor, reference: str, version: int, op_key: str) -> None:
    """Say that a paper is right.

    Raises:
        NoSuchStandard, StandardMovedOn.
    """

    def work(row: Standard) -> None:
        _confirm(actor, row)
        publish(StandardSettled(row.id))

    _step(actor, reference, version, "confirm", op_key, None, work, State.WAITING)


def refuse(actor: Actor, reference: str, reason: str, version: int, op_key: str) -> None:
    """Say what is wrong with a paper; its producer may change it and send it again.

    Raises:
        NoSuchStandard, StandardMovedOn, Invalid.
    """
    why = facts.prose(reason, "reason")
    if not why:
        raise Invalid(N_("Hãy ghi lý do."), field="reason")

    def work(row: Standard) -> None:
        row.state, row.refused_why = State.REFUSED, why
        row.settled_at, row.settled_label = clock.now(), actor.label
        session().flush()
        _noted(actor, row, "refuse", reason=why)
        publish(StandardSettled(row.id))

    _step(actor, reference, version, "refuse", op_key, why, work, State.WAITING, State.CONFIRMED)


def withdraw(actor: Actor, reference: str, version: int, op_key: str) -> None:
    """Take back a paper that nobody has confirmed.

    Raises:
        NoSuchStandard, StandardMovedOn.
    """

    def work(row: Standard) -> None:
        row.state, row.refused_why = State.WITHDRAWN, None
        session().flush()
        _noted(actor, row, "withdraw")

    _step(actor, reference, version, "withdraw", op_key, None, work, State.WAITING, State.REFUSED)
