"""What each row of a table would do to the goods: tried dry and, with the same eyes, just before it is written."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from rapidfuzz import fuzz, process
from sqlalchemy import or_, select

from shop.catalog import intake
from shop.catalog.models import Price, Product, ProductState, Variant, VariantState
from shop.catalog.services import bulk, codes, products, variants
from shop.catalog.services import imports as catalog_imports
from shop.imports import columns, readers, words
from shop.imports.errors import Unclear
from shop.imports.files import Raw
from shop.imports.models import Outcome
from shop.kernel import clock, text
from shop.kernel.db import in_batches, session
from shop.kernel.errors import N_, Invalid, ShopError
from shop.listings import queries as listings
from shop.listings import rules
from shop.listings.errors import ClaimNotHeld, HiddenByOffice
from shop.listings.facts import PRODUCT, subject_of
from shop.listings.models import Outcome as ListingOutcome
from shop.listings.models import State as ListingState
from shop.listings.services import many
from shop.listings.services import write as listings_write

Problem = dict[str, Any]
NEW_WAITS = N_("Sản phẩm mới này đang chờ cửa hàng duyệt; dòng này sửa bản đang chờ.")
REPLACES = N_("Trong bản chưa duyệt xong đang ghi “%(said)s”; dòng này thay nội dung đó.")
JOINS = {
    ListingState.SENT: N_("Sản phẩm có bản đang chờ duyệt; thay đổi cần duyệt được ghép vào bản đó."),
    ListingState.RETURNED: N_(
        "Sản phẩm có bản bị trả lại để sửa; thay đổi cần duyệt được ghi vào bản đó và chưa gửi. "
        "Hãy sửa rồi gửi ở trang sản phẩm."
    ),
    ListingState.DRAFT: N_(
        "Sản phẩm có bản nháp chưa gửi; thay đổi cần duyệt được ghi vào bản đó. Hãy gửi duyệt ở trang sản phẩm."
    ),
}
# A retail price below this has most likely lost its thousands.
TOO_CHEAP = 1_000
# Cells that say something of their own in every row, or something else beside another cell, are read each time.
_ALONE = frozenset({"sku", "slug", "net_content", "net_unit"})
REMEMBERED, MOST_REMEMBERED = 4_096, 200
_FACTS = tuple(n for n in products.FIELDS if n != "producer_id")
_PACK_FACTS = tuple(variants.FIELDS)
_EXTRA = ("id", "slug", "state", "published_at", "producer_id")


class Shelf(intake.Present):
    """What one producer has of the goods that a table names. Of goods of others only the SKUs and bar codes are known."""

    def __init__(self, producer_id: int) -> None:
        super().__init__()
        self.producer_id = producer_id
        self.foreign: set[str] = set()
        self._looked: set[str] = set()

    def look_up(self, drafts: Sequence[intake.Draft]) -> None:
        """Read what these rows name and is not known yet."""
        s = session()
        skus = [d.sku for d in drafts if d.sku and d.sku not in self.by_sku and d.sku not in self._looked]
        slugs = [d.slug for d in drafts if d.slug and d.slug not in self.by_slug]
        names = list({str(d.product["name"]) for d in drafts if d.product.get("name")} - self._looked)
        gtins = [d.variant["gtin"] for d in drafts if d.variant.get("gtin")]
        self._looked |= {*skus, *names}
        ids: set[int] = set()
        for batch in in_batches(skus):
            rows = select(Variant.sku, Variant.product_id, Product.producer_id).join(Product)
            for sku, product_id, producer_id in s.execute(rows.where(Variant.sku.in_(batch))):
                if producer_id == self.producer_id:
                    ids.add(product_id)
                else:
                    self.foreign.add(sku)
        own = Product.producer_id == self.producer_id
        for where, values in ((Product.slug, slugs), (Product.name, names)):
            for batch in in_batches(values):
                ids |= set(s.scalars(select(Product.id).where(where.in_(batch), own)))
        for batch in in_batches(gtins):
            for row in s.execute(select(Variant.gtin, Variant.sku).where(Variant.gtin.in_(batch))):
                self.by_gtin.setdefault(str(row.gtin), row.sku)
        self.add(sorted(ids - set(self.by_id)))

    def add(self, ids: Sequence[int]) -> None:
        """Read these products with their packs and the prices that hold now or later."""
        s, now = session(), clock.now()
        table, packs = Product.__table__, Variant.__table__
        for batch in in_batches(ids):
            for p in s.execute(select(*table.c[(*_FACTS, *_EXTRA)]).where(table.c.id.in_(batch))):
                facts = {name: getattr(p, name) for name in products.FIELDS}
                goods = intake.Goods(p.id, facts, p.state, was_shown=p.published_at is not None)
                self.by_id[p.id] = self.by_slug[p.slug] = goods
                self.by_name.setdefault(p.name, []).append(goods)
            found = s.execute(
                select(*packs.c[("id", "product_id", "sku", "state", *_PACK_FACTS)]).where(
                    packs.c.product_id.in_(batch)
                )
            ).all()
            spans = spans_of([v.id for v in found], now)
            for v in found:
                pack = intake.Pack(
                    v.id, self.by_id[v.product_id], {n: getattr(v, n) for n in _PACK_FACTS}, None, None, state=v.state,
                    spans=spans.get(v.id, ()),
                )  # fmt: skip
                pack.amount, pack.compare = price_at(pack, now)
                self.by_sku.setdefault(v.sku, pack)


def spans_of(variant_ids: Sequence[int], now: datetime) -> dict[int, tuple[intake.Span, ...]]:
    """The prices of packs that hold now or will, by id, earliest first."""
    found: dict[int, list[intake.Span]] = {}
    for batch in in_batches(variant_ids):
        rows = select(Price.variant_id, Price.valid_from, Price.valid_to, Price.amount, Price.compare_amount)
        rows = rows.where(Price.variant_id.in_(batch), or_(Price.valid_to.is_(None), Price.valid_to > now))
        for variant_id, start, end, amount, compare in session().execute(
            rows.order_by(Price.variant_id, Price.valid_from)
        ):
            found.setdefault(variant_id, []).append(intake.Span(start, end, amount, compare))
    return {variant_id: tuple(spans) for variant_id, spans in found.items()}


def price_at(pack: intake.Pack, at: datetime) -> tuple[int | None, int | None]:
    """The amount and former amount that hold at an instant, as far as they are known."""
    for span in pack.spans:
        if span.start <= at and (span.end is None or span.end > at):
            return span.amount, span.compare
    return None, None


@dataclass(slots=True)
class Tried:
    """A row tried: what it comes to, and what is to be written of it."""

    raw: Raw
    outcome: Outcome
    sku: str | None
    name: str
    changes: list[list[str]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    wish: bulk.Wish | None = None
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    # What it touches of something that waits for a reviewer or was sent back.
    warnings: list[Problem] = field(default_factory=list)
    # Whether a reviewer, or a record that waits for one, must know of it: then it goes the way of the listings page.
    by_listing: bool = False


def problem_of(error: ShopError, key: str | None = None, suggestion: str = "") -> Problem:
    """A refusal as it is kept with its row: the column, the words and what could stand there instead."""
    key = key or error.field or ""
    key = words.COLUMN_OF.get(key, {"amount": "price", "compare_amount": "compare_price", "": "sku"}.get(key, key))
    values = {n: str(v) for n, v in error.values.items()}
    if "column" in values and values["column"] in columns.BY_KEY:
        values["column"] = columns.BY_KEY[values["column"]].head
    told = suggestion or getattr(error, "suggestion", "")
    return {"key": key, "title": error.title, "values": values, "suggestion": str(told)[:200]}


class Planner:
    """Tries rows one after the other; each sees what the ones before it would do."""

    def __init__(self, producer_id: int, hints: Mapping[str, str], default_set: str | None = None) -> None:
        self.producer_id, self.hints, self.default_set = producer_id, dict(hints), default_set
        self.known = intake.Lookups.read()
        self.shelf = Shelf(producer_id)
        self._told_before: dict[tuple[str, str], intake.Draft] = {}
        self._open: dict[int, ListingState] = {}
        self._wanted: dict[int, dict[tuple[str, str], Any]] = {}
        self._steps: dict[str, list[tuple[int | None, int | None, bool]]] = {}
        self._sets = {
            name: key for name, key in self.known.sets.items() if not name.isdigit()
        }  # names of sets, for suggestions

    def run(self, rows: Sequence[Raw]) -> list[Tried]:
        """Try a batch."""
        read = [(raw, *self._read(raw)) for raw in rows]
        self.shelf.look_up([draft for _raw, draft, _wrong in read])
        self._context([draft for _raw, draft, _wrong in read])
        return [self._one(raw, draft, wrong) for raw, draft, wrong in read]

    def _context(self, drafts: Sequence[intake.Draft]) -> None:
        """What listings know of the goods of a batch: records that are open, prices of late."""
        packs = [self.shelf.by_sku[d.sku] for d in drafts if d.sku in self.shelf.by_sku]
        ids = {p.goods.product_id for p in packs} | {
            g.product_id for d in drafts for g in self.shelf.by_name.get(str(d.product.get("name")), [])
        }
        self._open = many.open_states(sorted(i for i in ids if i is not None))
        self._wanted = many.open_lines(sorted(self._open))
        asked = [d.sku for d in drafts if d.sku in self.shelf.by_sku and "price" in d.price]
        shown = [sku for sku in asked if sku is not None and self.shelf.by_sku[sku].goods.was_shown]
        self._steps = {}
        for batch in in_batches([subject_of(sku) for sku in shown]):
            for subject, old, new, outcome in session().execute(listings.price_steps(batch)):
                self._steps.setdefault(subject, []).append((old, new, outcome is ListingOutcome.SHOWN))

    # --- cells ---

    def _read(self, raw: Raw) -> tuple[intake.Draft, list[Problem]]:
        parts: dict[str, dict[str, Any]] = {"product": {}, "variant": {}, "price": {}}
        draft = intake.Draft(raw.number, None, None, parts["product"], parts["variant"], parts["price"], None, [])
        wrong: list[Problem] = []
        if raw.why:
            return draft, wrong
        for key in columns.KEYS:  # in one order, whatever order a database keeps keys in
            cell = raw.cells.get(key)
            if not cell:
                continue
            try:
                if key in _ALONE or len(cell) > MOST_REMEMBERED:
                    self._cell(draft, key, cell)
                else:
                    self._again(draft, key, cell)
            except ShopError as error:
                wrong.append(problem_of(error, key, self._near(key, cell)))
        return draft, wrong

    def _again(self, draft: intake.Draft, key: str, cell: str) -> None:
        """Read a cell, or remember what the same text said in this column before: tables repeat themselves."""
        told = self._told_before.get((key, cell))
        if told is None:
            told = intake.Draft(0, None, None, {}, {}, {}, None, [])
            self._cell(told, key, cell)
            if len(self._told_before) >= REMEMBERED:
                self._told_before.clear()
            self._told_before[key, cell] = told
        draft.product.update(told.product)
        draft.variant.update(told.variant)
        draft.price.update(told.price)
        draft.state = told.state or draft.state
        draft.pack_state = told.pack_state or draft.pack_state
        draft.price_from = told.price_from or draft.price_from

    def _cell(self, draft: intake.Draft, key: str, cell: str) -> None:
        readers.faults(cell)
        if key == "sku":
            draft.sku = codes.sku(cell.removesuffix(".0"), key)
        elif key == "slug":
            draft.slug = cell.strip().strip("/").rpartition("/")[2]
        elif key == "pack_state":
            draft.pack_state = VariantState.SHOWN if _on_sale(cell) else VariantState.HIDDEN
        elif key == "price_from":
            draft.price_from = readers.day(cell)
        elif key in {"price", "compare_price"} and cell != intake.CLEAR:
            draft.price[key] = readers.price(cell, scale=int(self.hints.get(key) or 1))
        elif key == "net_content" and cell != intake.CLEAR:
            number, unit = readers.content(cell, unit=readers.unit_of(self.hints.get(key, "")) or None)
            draft.variant["net_content"] = variants.FIELDS["net_content"](number, key)
            if unit is not None and (_has_unit(cell) or not draft.variant.get("net_unit")):
                draft.variant["net_unit"] = unit
        elif key == "net_unit" and cell != intake.CLEAR:
            unit = readers.unit_of(cell) or intake.value_of(key, cell, self.known)
            draft.variant.setdefault("net_unit", unit)
        elif key in _NUMBERS and cell != intake.CLEAR:
            reader, where = _NUMBERS[key]
            hint = self.hints.get(key, "")
            value = reader(cell, hint)
            checks = products.FIELDS if where == "product" else variants.FIELDS
            (draft.product if where == "product" else draft.variant)[key] = checks[key](value, key)
        else:
            value = intake.value_of(key, cell, self.known)
            if key == "state":
                draft.state = value
            else:
                fact = intake.fact_of(key)
                part: dict[str, Any] = draft.product if fact in products.FIELDS else draft.variant
                (draft.price if key in {"price", "compare_price"} else part)[fact] = value

    def _near(self, key: str, cell: str) -> str:
        """What a cell that no column takes was most likely to be."""
        if key == "set":
            found = process.extractOne(text.fold(cell), self._sets.keys(), scorer=fuzz.token_set_ratio, score_cutoff=60)
            return self.known.names["set"][self._sets[found[0]]] if found else ""
        if key == "sku":
            told = re.sub(r"[^A-Z0-9._-]+", "-", text.fold(cell).upper()).strip("-._")[:40]
            return told if len(told) >= 2 else ""
        choices = {
            "cold": list(words.COLD.values()),
            "state": list(words.STATES.values()),
            "pack_state": [words.YES, words.NO],
            "net_unit": ["g", "kg", "ml", "lít", "cái"],
        }.get(key)
        if choices:
            near = process.extractOne(cell, choices, processor=text.fold, scorer=fuzz.ratio, score_cutoff=50)
            return str(near[0]) if near else ""
        return ""

    # --- rows ---

    def _one(self, raw: Raw, draft: intake.Draft, wrong: list[Problem]) -> Tried:
        name = str(draft.product.get("name") or raw.cells.get("name") or draft.slug or "")[:255]
        sku = draft.sku or (raw.cells.get("sku") or "")[:40] or None
        if raw.why:
            return Tried(raw, Outcome.IGNORED, sku, name, problems=[_told(raw.why)])
        wrong = [problem for problem in wrong if not self._says_what_is(raw, draft, problem["key"])]
        for problem in wrong:
            if problem["title"] == readers.BY_WEIGHT:
                problem["suggestion"] = self._of_the_pack(raw, draft, problem["key"])
        if not wrong:
            try:
                return self._plan(raw, draft)
            except ShopError as error:
                wrong = [problem_of(e, suggestion=self._help(e, raw, draft)) for e in getattr(error, "all", [error])]
        return Tried(raw, Outcome.REFUSED, sku, name, problems=wrong)

    def _of_the_pack(self, raw: Raw, draft: intake.Draft, key: str) -> str:
        """What a whole pack costs at an amount by weight; '' if the row does not say how much is in it."""
        pack = self.shelf.by_sku.get(draft.sku) if draft.sku else None
        number, unit = draft.variant.get("net_content"), draft.variant.get("net_unit")
        if number is None:
            number, unit = readers.content_in(raw.cells.get("pack", ""))
        if number is None and pack is not None:
            number, unit = pack.facts.get("net_content"), pack.facts.get("net_unit")
        whole = readers.of_weight(raw.cells.get(key, ""), number, unit) if number is not None else None
        return "" if whole is None else _vnd(whole)

    def _says_what_is(self, raw: Raw, draft: intake.Draft, key: str) -> bool:
        """Whether a text that cannot be read (it begins as a formula does) is the one that the goods have: our own export."""
        pack = self.shelf.by_sku.get(draft.sku) if draft.sku else None
        fact = intake.fact_of(key)
        if pack is None or fact not in rules.TEXT_FIELDS:
            return False
        return raw.cells.get(key) == (pack.goods.facts if fact in products.FIELDS else pack.facts).get(fact)

    def _plan(self, raw: Raw, draft: intake.Draft) -> Tried:
        if draft.sku is None:
            raise Invalid(N_("Dòng này chưa có mã hàng."), field="sku")
        if draft.sku in self.shelf.foreign:
            raise Invalid(N_("Mã hàng này không thuộc cơ sở của bạn."), field="sku")
        pack = self.shelf.by_sku.get(draft.sku)
        if pack is None:
            self._fill(raw, draft)
        starts = self._starts(draft)
        if pack is not None and starts is not None:
            pack.amount, pack.compare = price_at(pack, starts)
        plan = catalog_imports.plan_row(draft, self.shelf, self.known)
        self._state(plan)
        self._cheap(plan)
        pack = plan.pack
        if plan.product.get("set_id") in self.known.drinks and not plan.goods.facts.get("is_alcohol"):
            plan.product["is_alcohol"] = True  # said, so that undoing takes it back
        if plan.new_goods:
            plan.product["producer_id"] = self.producer_id
        hidden = pack is not None and pack.state is VariantState.HIDDEN
        wanted = draft.pack_state or (VariantState.SHOWN if hidden else None)
        pack_state = wanted if pack is not None and wanted is not None and wanted is not pack.state else None
        wish = bulk.Wish(
            plan.goods,
            dict(plan.product),
            plan.state,
            draft.sku,
            pack,
            dict(plan.variant),
            pack_state,
            plan.price,
            starts,
        )
        waiting = self._waiting(draft, plan, wish)
        tried = self._told(raw, plan, wish, waiting)
        status = self._open.get(plan.goods.product_id or 0)
        tried.by_listing = bool(waiting) or (
            status is not None and (plan.goods.was_shown or status is ListingState.SENT)
        )
        if status is not None and tried.outcome is not Outcome.UNCHANGED:
            tried.warnings = self._touched(plan, wish, status, waiting)
        catalog_imports.remember(plan, self.shelf, self.known)
        if pack is not None and pack_state is not None:
            pack.state = pack_state
        return tried

    def _fill(self, raw: Raw, draft: intake.Draft) -> None:
        """What a new pack may leave unsaid: its name is its content, its set the one chosen for the table."""
        net = raw.cells.get("net_content", "")
        if not draft.variant.get("pack") and _has_unit(net):
            draft.variant["pack"] = net[:255]
        if self.default_set and not draft.product.get("set_id"):
            alike = self.shelf.by_name.get(str(draft.product.get("name")), [])
            if not alike and not draft.slug:
                draft.product["set_id"] = self.known.set_id(self.default_set, "set")

    def _starts(self, draft: intake.Draft) -> datetime | None:
        """When the price of a row begins: None for now."""
        if draft.price_from is None:
            return None
        if not draft.price:
            raise Invalid(N_("Có ngày áp dụng thì phải có giá."), field="price")
        today = clock.today()
        if draft.price_from < today:
            raise Unclear(N_("Ngày áp dụng giá đã qua."), field="price_from", suggestion=today.strftime("%d/%m/%Y"))
        return clock.start_of(draft.price_from) if draft.price_from > today else None

    def _waiting(self, draft: intake.Draft, plan: catalog_imports.Plan, wish: bulk.Wish) -> set[str]:
        """The columns of what a reviewer must see before customers do.

        Raises:
            ClaimNotHeld: a text speaks of OCOP or stars that the product does not have.
        """
        goods, pack = plan.goods, plan.pack
        for fact, written in (*wish.product.items(), *wish.variant.items()):
            if fact in rules.TEXT_FIELDS and isinstance(written, str) and _claims(written):
                claim = rules.not_held(written, listings.stars_held(goods.product_id) if goods.product_id else None)
                if claim is not None:
                    raise ClaimNotHeld(field=fact, words=claim.words)
        if not goods.was_shown or plan.new_goods:
            return set()
        if plan.state is ProductState.SHOWN and not listings_write.hidden_by_producer(
            session().get_one(Product, goods.product_id)
        ):
            raise HiddenByOffice(field="state")
        facts = {fact for fact in wish.product if fact not in rules.FREE_PRODUCT_FIELDS}
        if pack is None:
            return {words.COLUMN_OF.get(fact, fact) for fact in facts}
        if plan.new_pack:
            facts |= set(wish.variant) | ({"price"} if wish.price is not None else set())
        else:
            facts |= {fact for fact in wish.variant if fact not in rules.FREE_VARIANT_FIELDS}
            if wish.pack_state is VariantState.SHOWN:
                facts.add("pack_state")
            if wish.price is not None and wish.price[0] != pack.amount:
                held = rules.chain(pack.amount, self._steps.get(subject_of(wish.sku), ())) if pack.amount else []
                if rules.price_needs_review(int(wish.price[0] or 0), held, rules.PRICE_LIMIT.get()):
                    facts.add("price")
        if wish.price is not None and "compare_price" in draft.price and wish.price[1] != pack.compare:
            raise Invalid(N_("Hàng đã hiện thì giá trước do cửa hàng ghi. Hãy để trống ô này."), field="compare_price")
        if "price" in facts and wish.starts is not None:
            raise Invalid(
                N_("Giá này phải được duyệt nên chưa hẹn ngày được. Hãy để trống ngày áp dụng."), field="price_from"
            )
        return {words.COLUMN_OF.get(fact, fact) for fact in facts}

    def _touched(
        self, plan: catalog_imports.Plan, wish: bulk.Wish, status: ListingState, waiting: set[str]
    ) -> list[Problem]:
        """What a row would do to something that waits for a reviewer, or that was sent back or not sent yet."""
        if not plan.goods.was_shown:
            return [_told(NEW_WAITS)] if status is ListingState.SENT else []
        lines = self._wanted.get(plan.goods.product_id or 0, {})
        numbers, found = self.known.names["set"], []
        pack = subject_of(wish.sku)
        facts = [(PRODUCT, f) for f in wish.product] + [(pack, f) for f in wish.variant]
        facts += [(pack, "price")] if wish.price is not None else []
        for subject, fact in facts:
            if (subject, fact) in lines:
                said = lines[subject, fact]
                shown = _vnd(said) if fact == "price" else words.word(fact, said, numbers)
                found.append(
                    {"key": words.COLUMN_OF.get(fact, fact), "title": REPLACES, "values": {"said": words.short(shown) or "–"},
                     "suggestion": ""}
                )  # fmt: skip
        if waiting or found:
            found.append(_told(JOINS[status]))
        return found

    @staticmethod
    def _state(plan: catalog_imports.Plan) -> None:
        """A producer may hide and show again; showing what was never shown is for the office to say."""
        if plan.state is ProductState.SHOWN and not plan.goods.was_shown:
            raise Unclear(
                N_("Sản phẩm chưa được duyệt nên chưa hiện được. Nhập làm bản nháp, rồi gửi duyệt ở trang sản phẩm."),
                field="state", suggestion=words.STATES[ProductState.DRAFT],
            )  # fmt: skip
        if plan.state is ProductState.DRAFT and plan.goods.was_shown:
            raise Unclear(
                N_("Sản phẩm đã hiện thì không trở lại bản nháp; có thể ẩn."),
                field="state", suggestion=words.STATES[ProductState.HIDDEN],
            )  # fmt: skip

    @staticmethod
    def _cheap(plan: catalog_imports.Plan) -> None:
        amount = plan.price[0] if plan.price is not None and plan.pack is not None else None
        if amount is not None and amount < TOO_CHEAP and plan.pack is not None and amount != plan.pack.amount:
            raise Unclear(
                N_("Giá %(n)s đồng thấp bất thường; có thể thiếu nghìn."),
                field="price", suggestion=f"{amount * 1000:,}".replace(",", "."), n=amount,
            )  # fmt: skip

    def _help(self, error: ShopError, raw: Raw, draft: intake.Draft) -> str:
        """What to write where a row lacks something, if that can be guessed."""
        told = str(getattr(error, "suggestion", ""))
        if told or error.field not in {"sku", "pack", "set"}:
            return told
        if error.field == "sku" and draft.sku is None:
            name = str(draft.product.get("name") or "")
            initials = "".join(word[0] for word in text.words(name))[:6].upper()
            size = "".join(text.words(raw.cells.get("net_content") or raw.cells.get("pack") or ""))[:12].upper()
            return "-".join(part for part in (initials, size or str(raw.number)) if part) if initials else ""
        if error.field == "pack":
            return raw.cells.get("net_content", "")
        if error.field == "set" and self.shelf.by_id:
            sets = [g.facts["set_id"] for g in self.shelf.by_id.values()]
            return self.known.names["set"].get(max(set(sets), key=sets.count), "")
        return ""

    # --- words ---

    def _told(self, raw: Raw, plan: catalog_imports.Plan, wish: bulk.Wish, waiting: set[str]) -> Tried:
        numbers = self.known.names["set"]
        goods, pack = plan.goods, plan.pack
        before: dict[str, Any] = {}
        after: dict[str, Any] = {}
        changes: list[list[str]] = []

        def tell(part: str, fact: str, old: Any, new: Any, key: str = "") -> None:
            before.setdefault(part, {})[fact] = words.kept(old)
            after.setdefault(part, {})[fact] = words.kept(new)
            column = key or words.COLUMN_OF.get(fact, fact)
            if column in columns.BY_KEY:
                changes.append(
                    [column, words.short(words.word(fact, old, numbers)), words.short(words.word(fact, new, numbers))]
                )

        for fact, value in wish.product.items():
            tell("product", fact, None if plan.new_goods else goods.facts.get(fact), value)
        if wish.state is not None:
            tell("product", "state", goods.state, wish.state)
        if pack is not None:
            for fact, value in wish.variant.items():
                tell("variant", fact, None if plan.new_pack else pack.facts.get(fact), value)
            if wish.pack_state is not None:
                tell("variant", "state", pack.state, wish.pack_state, "pack_state")
            if wish.price is not None:
                before["price"], after["price"] = [pack.amount, pack.compare], list(wish.price)
                if wish.price[0] != pack.amount:
                    changes.append(["price", _vnd(pack.amount), _vnd(wish.price[0])])
                if wish.price[1] != pack.compare:
                    changes.append(["compare_price", _vnd(pack.compare), _vnd(wish.price[1])])
                if wish.starts is not None:
                    after["starts"] = wish.starts.isoformat()
                    changes.append(["price_from", "", words.word("", wish.starts, numbers)])
        changes = [[*change, "wait"] if change[0] in waiting else change for change in changes]
        new = plan.new_goods or plan.new_pack
        before["new"], before["shown"] = [plan.new_goods, plan.new_pack], goods.was_shown
        outcome = Outcome.NEW if new else Outcome.CHANGED if changes else Outcome.UNCHANGED
        name = str((goods.facts | wish.product)["name"])[:255]
        wish.note = [wish.sku, [[c[0], c[1][:60], c[2][:60]] for c in changes]]
        return Tried(raw, outcome, wish.sku, name, changes, wish=wish, before=before, after=after)


def _claims(written: str) -> bool:
    """Whether a text speaks of OCOP or stars at all."""
    return _short_claims(written) if len(written) <= MOST_REMEMBERED else bool(rules.claims(written))


@lru_cache(maxsize=4096)
def _short_claims(written: str) -> bool:
    return bool(rules.claims(written))


def _told(why: str) -> Problem:
    return {"key": "", "title": why, "values": {}, "suggestion": ""}


def _vnd(amount: int | None) -> str:
    return "" if amount is None else f"{amount:,}".replace(",", ".")


@lru_cache(maxsize=256)
def _has_unit(cell: str) -> bool:
    """Whether a cell says a content with its unit."""
    if not re.search(r"[\d½¼¾]\s*[^\W\d_]", cell):
        return False
    try:
        return readers.content(cell)[1] is not None
    except Unclear:
        return False


_NOT_ON_SALE = {"ngung", "ngung ban", "het hang", "ngung kinh doanh", "tam ngung", "thoi ban", "an"}
_ON_SALE = {"dang ban", "con ban", "con hang", "ban", "con", "kinh doanh", "hien"}


def _on_sale(cell: str) -> bool:
    told = text.fold(cell)
    if told in _NOT_ON_SALE or told in _ON_SALE:
        return told in _ON_SALE
    return intake.yes(cell, "pack_state")


def _content_hint(reader: Callable[..., Any]) -> Callable[[str, str], Any]:
    return lambda cell, hint: reader(cell, unit=readers.unit_of(hint) if hint else None)


def _length(cell: str, hint: str) -> int:
    return readers.millimetres(cell, scale=int(hint or 1))


_NUMBERS: dict[str, tuple[Callable[[str, str], int | Decimal | str], str]] = {
    "weight_g": (_content_hint(readers.grams), "variant"),
    "length_mm": (_length, "variant"),
    "width_mm": (_length, "variant"),
    "height_mm": (_length, "variant"),
    "order_limit": (lambda cell, _hint: readers.whole(cell), "variant"),
    "gtin": (lambda cell, _hint: cell.removesuffix(".0"), "variant"),
    "shelf_life_days": (lambda cell, _hint: readers.days(cell), "product"),
    "alcohol_percent": (lambda cell, _hint: readers.percent(cell), "product"),
}
