"""JSON of a device → typed arguments. Whatever a device sends is bounded here before a rule looks at it."""

from __future__ import annotations

import re
import uuid
from datetime import datetime
from typing import Annotated, Any, Literal

from flask_babel import lazy_gettext
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from shop.kernel import text
from shop.kernel.errors import N_, Invalid
from shop.kernel.money import LARGEST_AMOUNT
from shop.till.models import EventKind

_NUMBER = re.compile(r"^([A-Z][1-9][0-9]{0,2})-([0-9]{6})$")
NOTES = ("500000", "200000", "100000", "50000", "20000", "10000", "5000", "2000", "1000", "500", "200")


def _uuid(value: str) -> str:
    return str(uuid.UUID(value))


def _this_age(value: datetime) -> datetime:
    if not 2000 <= value.year <= 2200:
        raise ValueError("no clock says so")
    return value


def _line(value: str) -> str:
    return text.clean(value).replace("\n", " ")


At = Annotated[AwareDatetime, AfterValidator(_this_age)]
Uuid = Annotated[str, Field(min_length=32, max_length=40), AfterValidator(_uuid)]
RowId = Annotated[int, Field(ge=1, le=2**53)]
Money = Annotated[int, Field(ge=0, le=LARGEST_AMOUNT)]
Quantity = Annotated[int, Field(ge=1, le=9999)]
Number = Annotated[str, Field(pattern=_NUMBER.pattern)]
Reason = Annotated[str, Field(max_length=200), AfterValidator(_line)]
NeededReason = Annotated[str, Field(min_length=2, max_length=200), AfterValidator(_line), Field(min_length=2)]
Note = Annotated[str, Field(max_length=500), AfterValidator(_line)]
LotCode = Annotated[str, Field(max_length=40), AfterValidator(_line)]
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Seq = Annotated[int, Field(ge=1, le=2**31 - 1)]


class Part(BaseModel):
    """Numbers are numbers, not text; what a newer device says beyond these fields is left aside."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class Body(Part):
    """What every event may tell: who had typed his PIN."""

    keeper_id: RowId | None = None


class SessionOpen(Body):
    session: Uuid
    keeper_id: RowId
    float_amount: Money


class SessionClose(Body):
    """`counted`: how many of each note; the sum alone if nothing is said of notes."""

    session: Uuid
    counted: dict[Literal[NOTES], Annotated[int, Field(ge=0, le=100_000)]] = {}  # type: ignore[valid-type]
    counted_amount: Money
    note: Note | None = None

    @model_validator(mode="after")
    def _adds_up(self) -> SessionClose:
        if self.counted and sum(int(note) * n for note, n in self.counted.items()) != self.counted_amount:
            raise ValueError("counted_amount is not the sum of the notes")
        return self


class Cash(Body):
    session: Uuid
    amount: Annotated[int, Field(ge=-LARGEST_AMOUNT, le=LARGEST_AMOUNT)]
    reason: NeededReason

    @model_validator(mode="after")
    def _some(self) -> Cash:
        if self.amount == 0:
            raise ValueError("amount is zero")
        return self


class SaleLine(Part):
    variant_id: RowId
    quantity: Quantity
    unit_price_amount: Annotated[int, Field(ge=1, le=LARGEST_AMOUNT)]
    price_id: RowId
    lot_code: LotCode | None = None


class LineOff(Part):
    """What a promotion took off line number `line` (from 0): `units` at the price of an offer, or its share of a code that was
    granted to this basket (`coupon`)."""

    line: Annotated[int, Field(ge=0, le=199)]
    offer_id: RowId | None = None
    coupon: Uuid | None = None
    units: Annotated[int, Field(ge=0, le=9999)] = 0
    amount: Annotated[int, Field(ge=1, le=LARGEST_AMOUNT)]

    @model_validator(mode="after")
    def _of_one(self) -> LineOff:
        if (self.offer_id is None) == (self.coupon is None) or (self.offer_id is None) != (self.units == 0):
            raise ValueError("an offer with its units, or a coupon")
        return self


class Tender(Part):
    kind: Literal["cash", "vietqr", "terminal"]
    amount: Annotated[int, Field(ge=1, le=LARGEST_AMOUNT)]
    given: Money | None = None
    note: Note | None = None


class Sale(Body):
    session: Uuid
    number: Number
    lines: Annotated[list[SaleLine], Field(min_length=1, max_length=200)]
    # All that came off: by promotions (`discounts`), and by hand.
    discount_amount: Money = 0
    discounts: Annotated[list[LineOff], Field(max_length=400)] = []
    discount_reason: Reason | None = None
    tenders: Annotated[list[Tender], Field(max_length=10)]
    total_amount: Money
    age_confirmed: bool = False
    certificate_seen: dict[str, str | None] = {}
    secret_hash: Hash


class ReturnLine(Part):
    variant_id: RowId
    quantity: Quantity
    restock: bool
    lot_code: LotCode | None = None


class GivenBack(Part):
    kind: Literal["cash", "terminal", "transfer"]
    amount: Money


class Return(Body):
    session: Uuid
    sale_number: Number
    lines: Annotated[list[ReturnLine], Field(min_length=1, max_length=200)]
    refund: GivenBack
    reason: NeededReason


class Ask(Body):
    session: Uuid | None = None
    variant_id: RowId | None = None
    text: Reason | None = None
    quantity: Quantity

    @model_validator(mode="after")
    def _something(self) -> Ask:
        if self.variant_id is None and not self.text:
            raise ValueError("variant_id or text")
        return self


BODIES: dict[EventKind, type[Body]] = {
    EventKind.SESSION_OPEN: SessionOpen,
    EventKind.SESSION_CLOSE: SessionClose,
    EventKind.CASH: Cash,
    EventKind.SALE: Sale,
    EventKind.RETURN: Return,
    EventKind.ASK: Ask,
}


class CodeLine(Part):
    """A line of the basket a code is for; `off_amount`: what a timed sale took off it."""

    variant_id: RowId
    quantity: Quantity
    off_amount: Money = 0


class CodeAsked(Part):
    """A code that a buyer names at the counter; `keep`: grants whose sales wait to be sent."""

    uuid: Uuid
    code: Annotated[str, Field(min_length=1, max_length=80)]
    phone: Annotated[str, Field(max_length=40)] = ""
    lines: Annotated[list[CodeLine], Field(min_length=1, max_length=200)]
    keep: Annotated[list[Uuid], Field(max_length=500)] = []


class CodeLeft(Part):
    """A grant that is given back."""

    uuid: Uuid


class Envelope(BaseModel):
    """An event before its body is looked at."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    uuid: Uuid
    kind: EventKind
    at: At
    seq: Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]
    body: dict[str, Any]


class Batch(BaseModel):
    """What a device sends at once."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    device: Annotated[str, Field(max_length=20)]
    events: list[Any]


class Enrolment(Part):
    code: Annotated[str, Field(min_length=4, max_length=40)]
    device_name: Annotated[str, Field(max_length=80), AfterValidator(_line)] = ""


# Pydantic's kinds of error, in our words (the first that a kind begins with).
WHY = {
    "missing": N_("thiếu mục này"),
    "int": N_("phải là số nguyên"),
    "string_too": N_("quá ngắn hoặc quá dài"),
    "string_pattern": N_("viết không đúng dạng"),
    "string": N_("phải là chữ"),
    "bool": N_("phải là đúng hoặc sai"),
    "datetime": N_("phải là ngày giờ có múi giờ"),
    "timezone": N_("phải là ngày giờ có múi giờ"),
    "list": N_("phải là một danh sách"),
    "too_long": N_("quá nhiều mục"),
    "too_short": N_("quá ít mục"),
    "dict": N_("phải là một đối tượng"),
    "model": N_("phải là một đối tượng"),
    "greater_than": N_("nhỏ hơn mức cho phép"),
    "less_than": N_("lớn hơn mức cho phép"),
    "literal": N_("giá trị này không có trong danh sách"),
    "enum": N_("giá trị này không có trong danh sách"),
    "value_error": N_("giá trị không hợp lệ"),
}


def malformed(error: ValidationError) -> Invalid:
    """The first thing wrong, in our words: which field, and what the check said."""
    first = error.errors(include_url=False, include_context=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or "body"
    kind = str(first["type"])
    why = next((words for prefix, words in WHY.items() if kind.startswith(prefix)), WHY["value_error"])
    return Invalid(N_("Dữ liệu không đúng ở “%(where)s”: %(why)s."), where=field, why=lazy_gettext(why))


def read(kind: type[Part], data: Any) -> Any:
    """`data` as `kind`.

    Raises:
        Invalid: a field is missing, of another kind or out of bounds.
    """
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        raise malformed(error) from error


def sequence_of(number: str) -> tuple[str, int]:
    """The device's code and the running number of a till number (`A7-000123`)."""
    found = _NUMBER.match(number)
    if found is None:
        raise ValueError(number)
    return found[1], int(found[2])
