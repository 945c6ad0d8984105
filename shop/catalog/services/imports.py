"""The command that takes a table of goods in: each row on its own, each with its outcome, the second time none changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import Any

from flask_babel import gettext

from shop.catalog import intake, listing
from shop.catalog.models import ProductState
from shop.catalog.services import prices, products, variants
from shop.kernel import audit, events, facts, sheets
from shop.kernel.actor import Actor
from shop.kernel.db import leave_database, session, transaction
from shop.kernel.errors import N_, Invalid, ShopError

BATCH = 200


class Outcome(StrEnum):
    """What became of a row (in a dry run: what would become of it)."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


# What the report for people calls them; the values above are for programs.
OUTCOME_NAMES = {
    Outcome.NEW: N_("mới"),
    Outcome.CHANGED: N_("đã sửa"),
    Outcome.UNCHANGED: N_("không đổi"),
    Outcome.REFUSED: N_("từ chối"),
}


@dataclass(frozen=True, slots=True)
class RowReport:
    """A row's outcome. `changes` are (fact, before, after); `reason` says why it was refused."""

    number: int
    sku: str | None
    name: str
    outcome: Outcome
    changes: tuple[tuple[str, str, str], ...] = ()
    reason: str = ""


@dataclass
class Report:
    """What the head said, and how many rows came to what."""

    unknown_columns: list[str]
    counts: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))


@dataclass
class Plan:
    """What a row changes; `goods`/`pack` are what it is about, made anew if they have no id yet."""

    draft: intake.Draft
    goods: intake.Goods
    pack: intake.Pack | None
    new_goods: bool
    new_pack: bool
    product: dict[str, Any]
    variant: dict[str, Any]
    price: tuple[int, int | None] | None
    state: ProductState | None
    changes: list[tuple[str, str, str]]


def take_in(actor: Actor, content: bytes, *, dry_run: bool = False) -> tuple[Report, Iterator[RowReport]]:
    """Take in a table (`intake.COLUMNS`); returns the report and the rows' outcomes, which are worked off as they are read.

    Every row is taken, left or refused on its own; rows that are taken are on record like any other change. Work is done in
    transactions of 200 rows. Blank cells change nothing, `-` takes a fact away. With `dry_run` nothing is written.

    Raises:
        sheets.BadTable: the file cannot be read; while the rows are read, it may also turn out to be broken further down.
    """
    sheet = sheets.read(content)
    keys, unknown = intake.columns_of(sheet.head)
    report = Report(unknown)
    return report, _rows(actor, sheet, keys, report, dry_run=dry_run)


def _rows(
    actor: Actor, sheet: sheets.Sheet, keys: list[str | None], report: Report, *, dry_run: bool
) -> Iterator[RowReport]:
    known, present = intake.Lookups.read(), intake.Present()
    while batch := list(islice(sheet.rows, BATCH)):
        drafts = [intake.read_row(row, keys, known) for row in batch]
        if dry_run:
            present.look_up(drafts)
            told = [_report(draft, present, known) for draft in drafts]
        else:
            with transaction(), listing.gathered(), events.gathered():
                present.look_up(drafts)
                told = [_report(draft, present, known, actor) for draft in drafts]
        for row in told:
            report.counts[row.outcome] += 1
            yield row
    if not dry_run:
        with transaction():
            audit.record(actor, "catalog.import", "catalog:import", **{k.value: n for k, n in report.counts.items()})
    leave_database()


def _report(
    draft: intake.Draft, present: intake.Present, known: intake.Lookups, actor: Actor | None = None
) -> RowReport:
    """Plan a row and, with an `actor`, do it."""
    name = str(draft.product.get("name") or draft.slug or "")
    try:
        if draft.wrong:
            return RowReport(draft.number, draft.sku, name, Outcome.REFUSED, reason="; ".join(draft.wrong))
        plan = plan_row(draft, present, known)
        if actor is not None and (plan.changes or plan.new_goods or plan.new_pack):
            with session().begin_nested():
                _do(actor, plan)
        remember(plan, present, known)
    except ShopError as error:
        errors = error.all if isinstance(error, facts.Refused) else [error]
        reason = "; ".join(
            (f"{intake.called(e.field)}: " if e.field else "") + gettext(e.title, **e.values) for e in errors
        )
        return RowReport(draft.number, draft.sku, name, Outcome.REFUSED, reason=reason)
    new = plan.new_goods or plan.new_pack
    outcome = Outcome.NEW if new else Outcome.CHANGED if plan.changes else Outcome.UNCHANGED
    return RowReport(draft.number, draft.sku, str(plan.goods.facts["name"]), outcome, tuple(plan.changes))


def _find(draft: intake.Draft, present: intake.Present) -> tuple[intake.Goods | None, intake.Pack | None]:
    pack = present.by_sku.get(draft.sku) if draft.sku else None
    if pack is not None and pack.row:
        raise Invalid(N_("Mã hàng này đã có ở dòng %(n)s."), field="sku", n=pack.row)
    if draft.slug:
        goods = present.by_slug.get(draft.slug)
        if goods is None:
            raise Invalid(N_("Không có sản phẩm với địa chỉ này."), field="slug")
        if pack is not None and pack.goods is not goods:
            raise Invalid(N_("Mã hàng này thuộc về sản phẩm khác."), field="sku")
        return goods, pack
    if pack is not None:
        return pack.goods, pack
    alike = present.by_name.get(str(draft.product.get("name")), [])
    if "producer_id" in draft.product:
        alike = [g for g in alike if g.facts["producer_id"] == draft.product["producer_id"]]
    if len(alike) > 1:
        raise Invalid(N_("Có nhiều sản phẩm trùng tên. Hãy ghi nhà sản xuất hoặc địa chỉ (slug)."), field="name")
    return (alike[0] if alike else None), None


def plan_row(draft: intake.Draft, present: intake.Present, known: intake.Lookups) -> Plan:
    """What the row would change.

    Raises:
        Invalid: it lacks something, or contradicts a row before it.
    """
    goods, pack = _find(draft, present)
    new_goods, new_pack = goods is None, pack is None and draft.sku is not None
    if draft.sku is None and (draft.variant or draft.price):
        raise Invalid(N_("Quy cách và giá cần có mã hàng."), field="sku")
    if goods is None:
        if not draft.product.get("name"):
            raise Invalid(N_("Sản phẩm mới cần có tên."), field="name")
        if not draft.product.get("set_id"):
            raise Invalid(N_("Sản phẩm mới cần có bộ sản phẩm."), field="set")
        goods = intake.blank_goods()
    if new_pack and not draft.variant.get("pack"):
        raise Invalid(N_("Quy cách mới cần có tên (cột pack)."), field="pack")
    for name, value in draft.product.items():
        given = goods.given.get(name)
        if given is not None and given[0] != value:
            raise Invalid(N_("Khác với dòng %(n)s của cùng sản phẩm."), field=name, n=given[1])
    _agree(goods.facts | draft.product, draft, known)
    gtin = draft.variant.get("gtin")
    if gtin and present.by_gtin.get(gtin, draft.sku) != draft.sku:
        raise Invalid(N_("Mã vạch (GTIN) này đã được dùng cho loại khác."), field="gtin")
    if new_pack:
        pack = intake.Pack(None, goods, dict.fromkeys(variants.FIELDS), None, None)
    product = {n: v for n, v in draft.product.items() if goods.facts.get(n) != v}
    variant = {n: v for n, v in draft.variant.items() if pack is not None and pack.facts.get(n) != v}
    if pack is not None and variant:
        whole = pack.facts | variant
        if (whole["net_content"] is None) != (whole["net_unit"] is None):
            raise Invalid(N_("Hãy ghi cả khối lượng tịnh và đơn vị, hoặc để trống cả hai."), field="net_content")
    price = _price(draft, pack)
    state = draft.state if draft.state is not None and draft.state is not goods.state else None
    changes = [(n, _word(known, n, goods.facts.get(n)), _word(known, n, v)) for n, v in product.items()]
    if pack is not None:
        changes += [(n, intake.shown(pack.facts.get(n)), intake.shown(v)) for n, v in variant.items()]
        if price is not None and price[0] != pack.amount:
            changes.append(("price", intake.shown(pack.amount), str(price[0])))
        if price is not None and price[1] != pack.compare:
            changes.append(("compare_price", intake.shown(pack.compare), intake.shown(price[1])))
    if state is not None:
        changes.append(("state", goods.state, state))
    return Plan(draft, goods, pack, new_goods, new_pack, product, variant, price, state, changes)


def _agree(told: dict[str, Any], draft: intake.Draft, known: intake.Lookups) -> None:
    """What the commands would refuse, so that a dry run says so too."""
    drink = told["set_id"] in known.drinks
    if drink and draft.product.get("is_alcohol") is False:
        raise Invalid(N_("Bộ sản phẩm này là đồ uống có cồn."), field="alcohol")
    if told["alcohol_percent"] and not (drink or told["is_alcohol"]):
        raise Invalid(N_("Hàng có độ cồn phải được đánh dấu là đồ uống có cồn."), field="alcohol_percent")


def _word(known: intake.Lookups, name: str, value: Any) -> str:
    if name in {"set_id", "producer_id"} and value is not None:
        return known.names[name.removesuffix("_id")].get(value, str(value))
    return intake.shown(value)


def _price(draft: intake.Draft, pack: intake.Pack | None) -> tuple[int, int | None] | None:
    """The amount and the former amount to set, None if the price stays."""
    if pack is None or not draft.price:
        return None
    if draft.price.get("price", 0) is None:
        raise Invalid(N_("Muốn ngừng bán hãy làm trong trang sản phẩm."), field="price")
    amount = draft.price.get("price", pack.amount)
    compare = draft.price.get("compare_price", pack.compare)
    if amount is None:
        raise Invalid(N_("Giá so sánh cần có giá bán."), field="compare_price")
    if compare is not None and compare <= amount:
        if "compare_price" in draft.price:
            raise Invalid(N_("Giá so sánh phải cao hơn giá bán."), field="compare_price")
        compare = None
    return None if (amount, compare) == (pack.amount, pack.compare) else (amount, compare)


def _do(actor: Actor, plan: Plan) -> None:
    """Carry a plan out by the ordinary commands."""
    goods, pack = plan.goods, plan.pack
    product_id = goods.product_id
    if product_id is None:
        product_id = products.create_product(actor, **plan.product)
    elif plan.product:
        products.update_product(actor, product_id, **plan.product)
    variant_id = None
    if pack is not None:
        variant_id = pack.variant_id
        if variant_id is None:
            variant_id = variants.add_variant(actor, product_id, sku=str(plan.draft.sku), **plan.variant)
        elif plan.variant:
            variants.update_variant(actor, variant_id, **plan.variant)
        if plan.price is not None:
            prices.set_price(actor, variant_id, plan.price[0], compare_amount=plan.price[1])
    if plan.state is not None:
        products.set_state(actor, product_id, plan.state)
    goods.product_id = product_id
    if pack is not None:
        pack.variant_id = variant_id


def remember(plan: Plan, present: intake.Present, known: intake.Lookups) -> None:
    """Note for the rows that follow what this one makes of the goods."""
    goods, pack, draft = plan.goods, plan.pack, plan.draft
    goods.facts |= plan.product
    goods.facts["is_alcohol"] = goods.facts["is_alcohol"] or goods.facts["set_id"] in known.drinks
    goods.state = plan.state or goods.state
    goods.given |= {n: (v, draft.number) for n, v in draft.product.items()}
    alike = present.by_name.setdefault(str(goods.facts["name"]), [])
    if not any(other is goods for other in alike):
        alike.append(goods)
    if goods.product_id is not None:
        present.by_id.setdefault(goods.product_id, goods)
    if pack is not None and draft.sku:
        pack.facts |= plan.variant
        if plan.price is not None:
            pack.amount, pack.compare = plan.price
        pack.row = draft.number
        present.by_sku[draft.sku] = pack
        if draft.variant.get("gtin"):
            present.by_gtin[draft.variant["gtin"]] = draft.sku
