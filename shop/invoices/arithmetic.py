"""What a document says in numbers, and what is left of it after credit notes. Pure; whole đồng."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from shop.kernel.money import split


def part(net: int, quantity: int, units: int) -> int:
    """What `units` of a line of `quantity` are worth of its `net` đồng; the last ones take the rest."""
    return net if units == quantity else net * units // quantity


@dataclass(frozen=True, slots=True)
class Line:
    """Units of one order line: `unit` is the agreed price of one, `net` what is paid for all of them after discounts."""

    line: int
    variant: int
    parcel: int
    sku: str
    name: str
    pack: str
    quantity: int
    unit: int
    net: int

    @property
    def gross(self) -> int:
        """What they cost before discounts."""
        return self.unit * self.quantity

    @property
    def discount(self) -> int:
        """What discounts take off."""
        return self.gross - self.net

    def take(self, units: int) -> Line:
        """The first `units` of it."""
        return replace(self, quantity=units, net=part(self.net, self.quantity, units))


@dataclass(frozen=True, slots=True)
class Body:
    """Goods, the fee for their delivery and, in a credit note, money that belongs to no line."""

    lines: tuple[Line, ...] = ()
    delivery: int = 0
    other: int = 0

    @property
    def goods(self) -> int:
        """The goods before discounts."""
        return sum(x.gross for x in self.lines)

    @property
    def discount(self) -> int:
        """What discounts take off the goods."""
        return sum(x.discount for x in self.lines)

    @property
    def total(self) -> int:
        """What is paid for all of it."""
        return sum(x.net for x in self.lines) + self.delivery + self.other

    def less(self, amount: int) -> Body:
        """The same for `amount` đồng less, taken off goods and delivery by their worth; at most all."""
        if amount <= 0:
            return self
        parts = split(max(self.total - amount, 0), [*(x.net for x in self.lines), self.delivery])
        lines = tuple(replace(x, net=net) for x, net in zip(self.lines, parts[:-1], strict=True))
        return replace(self, lines=lines, delivery=parts[-1])

    def without(self, credit: Body) -> Body:
        """What is left once `credit` was taken back. Where less was taken back of a line than it still said, because money had
        been taken back before, the rest stays with the other lines, up to their price, and with the delivery."""
        gone = {x.line: x for x in credit.lines}
        left = [
            x
            if x.line not in gone
            else replace(x, quantity=x.quantity - gone[x.line].quantity, net=x.net - gone[x.line].net)
            for x in self.lines
        ]
        kept = [x for x in left if x.quantity > 0]
        rest = sum(x.net for x in left if x.quantity <= 0)
        rooms = [x.discount for x in kept]
        given = min(rest, sum(rooms))
        lines = tuple(replace(x, net=x.net + n) for x, n in zip(kept, split(given, rooms), strict=True)) if kept else ()
        return Body(lines, self.delivery - credit.delivery + rest - given, self.other).less(credit.other)

    def beyond(self, units: Mapping[tuple[int, int], int]) -> Body:
        """The goods of it that exceed `units` by (parcel, variant): what has come back. Without delivery."""
        left = dict(units)
        back: list[Line] = []
        for line in self.lines:
            key = (line.parcel, line.variant)
            stays = min(line.quantity, left.get(key, 0))
            left[key] = left.get(key, 0) - stays
            if stays < line.quantity:
                back.append(line.take(line.quantity - stays))
        return Body(tuple(back))

    def units(self) -> dict[tuple[int, int], int]:
        """Units by (parcel, variant)."""
        found: dict[tuple[int, int], int] = {}
        for x in self.lines:
            found[x.parcel, x.variant] = found.get((x.parcel, x.variant), 0) + x.quantity
        return found


def left_of(body: Body, credits: Iterable[Body]) -> Body:
    """What is left of a document after its credit notes, first to last."""
    for credit in credits:
        body = body.without(credit)
    return body


def sold(lines: Sequence[Line], fees: Mapping[int, int], discount: int) -> tuple[tuple[Line, ...], dict[int, int]]:
    """Lines with their shares of an order's `discount`, and the parcels' fees after it: goods first, by what they cost; what
    is more than the goods comes off the fees."""
    goods = sum(x.gross for x in lines)
    nets = split(max(goods - discount, 0), [x.gross for x in lines])
    numbers = sorted(fees)
    rest = max(discount - goods, 0)
    paid = split(max(sum(fees.values()) - rest, 0), [fees[n] for n in numbers])
    return (
        tuple(replace(x, net=net) for x, net in zip(lines, nets, strict=True)),
        dict(zip(numbers, paid, strict=True)),
    )


def as_json(body: Body) -> dict[str, Any]:
    """A body as a document's content keeps it."""
    return {
        "lines": [
            {
                "line": x.line, "variant": x.variant, "parcel": x.parcel, "sku": x.sku, "name": x.name, "pack": x.pack,
                "quantity": x.quantity, "unit": x.unit, "gross": x.gross, "discount": x.discount, "net": x.net,
            }
            for x in body.lines
        ],
        "goods": body.goods,
        "discount": body.discount,
        "delivery": body.delivery,
        "other": body.other,
        "total": body.total,
    }  # fmt: skip


def of_json(content: Mapping[str, Any]) -> Body:
    """The body that a document's content keeps."""
    return Body(
        tuple(
            Line(
                x["line"], x["variant"], x["parcel"], x["sku"], x["name"], x["pack"], x["quantity"], x["unit"], x["net"]
            )
            for x in content["lines"]
        ),
        content["delivery"],
        content["other"],
    )  # fmt: skip
