"""Commands of a producer: write a draft, send it, take it back, drop it, hide and show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select

from shop.catalog import services as catalog
from shop.catalog.errors import NoSuchProduct
from shop.catalog.models import Product, ProductState, Variant
from shop.catalog.services import products as catalog_products
from shop.catalog.services import variants as catalog_variants
from shop.catalog.services.products import target
from shop.kernel import db, facts, operations, text
from shop.kernel.actor import Actor
from shop.kernel.audit import AuditRow
from shop.kernel.db import session, transaction
from shop.kernel.errors import N_, Conflict, Invalid, NotFound
from shop.listings import queries, rules
from shop.listings.errors import (
    ChangedMeanwhile,
    ClaimNotHeld,
    HiddenByOffice,
    Incomplete,
    NotOpen,
    ProducerSuspended,
    SeenOtherwise,
)
from shop.listings.facts import PHOTOS, PRODUCT, Difference, Today, Wish, differences, read, same, sku_of
from shop.listings.models import Decision, Kind, Line, Outcome, State, Submission
from shop.listings.services import apply, record
from shop.places.models import HOME_PROVINCE
from shop.producers.models import Producer, ProducerState


@dataclass(frozen=True, slots=True)
class Submitted:
    """What came of sending: `outcome` is `shown` (at once, nothing waits), `queued`, `unchanged` or `draft`.

    `changes` are all differences of this call; `missing` is what a draft's page still needs (keys of `MISSING_NAMES`).
    """

    product_id: int
    reference: str | None
    outcome: str
    changes: tuple[Difference, ...] = ()
    missing: tuple[str, ...] = ()


def _told(result: Submitted) -> dict[str, Any]:
    return {
        "product_id": result.product_id,
        "reference": result.reference,
        "outcome": result.outcome,
        "changes": [asdict(c) for c in result.changes],
        "missing": list(result.missing),
    }


def _heard(told: Mapping[str, Any]) -> Submitted:
    return Submitted(
        told["product_id"],
        told["reference"],
        told["outcome"],
        tuple(Difference(**c) for c in told["changes"]),
        tuple(told["missing"]),
    )


def submit(
    actor: Actor,
    producer_id: int,
    product_id: int | None,
    facts: Mapping[str, Any],
    *,
    op_key: str,
    note: str | None = None,
    seen: datetime | None = None,
    is_demo: bool = False,
    apart: bool = False,
) -> Submitted:
    """Write what a producer says of a product and send it: small changes show at once, others wait for a reviewer.

    `facts` holds what is to be touched and nothing else: facts of the product (`rules.PRODUCT_FIELDS`), `variants` (facts of
    packs, `rules.VARIANT_FIELDS`, each with its `sku`; `price` in whole đồng; `state` `shown`/`hidden`; an unknown SKU, or
    none, is a new pack) and `photos` (the whole arrangement: `key`, `alt`, `alt_en`). Without `product_id` a new product
    begins: it needs `name` and `set_id`, and stays a draft (outcome `draft`, with what is `missing`) until its page has all
    it needs. What waits in an open draft of the product is sent with it; told to keep `apart`, an open draft of a product that
    customers know, or what was sent back, is not sent: what needs a reviewer is written into it (outcome `draft`).

    The same `op_key` again returns what the first call returned.

    Raises:
        NoSuchProduct: it is none of the producer's. ProducerSuspended.
        facts.Refused, Invalid, SkuTaken, GtinTaken: `field` names the fact; those of the nth pack `variant-<n>-<field>`.
        ClaimNotHeld: free text speaks of stars or OCOP that no certificate in force gives the product.
        SeenOtherwise: the product was changed after `seen` (its `updated_at`).
        ChangedMeanwhile: an older draft of small changes began from something else than what holds today.
    """
    return _put(actor, producer_id, product_id, facts, True, op_key, note, seen, is_demo=is_demo, apart=apart)


def save_draft(
    actor: Actor,
    producer_id: int,
    product_id: int | None,
    facts: Mapping[str, Any],
    *,
    op_key: str,
    note: str | None = None,
    seen: datetime | None = None,
    is_demo: bool = False,
) -> Submitted:
    """Keep what a producer says of a product without sending it; what waits for a reviewer is taken back.

    Raises:
        as `submit`.
    """
    return _put(actor, producer_id, product_id, facts, False, op_key, note, seen, is_demo=is_demo)


def _put(
    actor: Actor,
    producer_id: int,
    product_id: int | None,
    sent: Mapping[str, Any],
    sending: bool,
    op_key: str,
    note: str | None,
    seen: datetime | None,
    *,
    is_demo: bool,
    apart: bool = False,
) -> Submitted:
    wish = read(sent)
    note = facts.prose(note, "note")

    def command() -> dict[str, Any]:
        product = _product(actor, producer_id, product_id, wish, is_demo=is_demo)
        if seen is not None and product.updated_at != seen:
            raise SeenOtherwise
        now = queries.today(product)
        _name_packs(wish, product, now)
        found, as_is = _differences(product, wish, now)
        _check_claims(product, found, {p.sku: p.at for p in wish.packs})
        if product_id is None:
            found = [Difference(PRODUCT, "new", None, product.name), *found]
        write = _draft if product.published_at is None else _change
        result = write(_Put(actor, product, now, wish, found, as_is, sending, note, is_demo, apart))
        if result.outcome != "unchanged":
            named = sorted({d.key for d in found})[:40]
            record.note_act(actor, "send" if sending else "save", product, outcome=result.outcome, fields=named)
        return _told(result)

    body = [producer_id, product_id, sending, note, dict(sent), *([True] if apart else [])]
    return _heard(operations.once(op_key, "listings.write", actor.key, body, command))


@dataclass(frozen=True, slots=True)
class _Put:
    """One call of `_put`, for the two ways it goes on."""

    actor: Actor
    product: Product
    now: Today
    wish: Wish
    found: list[Difference]
    as_is: list[tuple[str, str]]
    sending: bool
    note: str | None
    is_demo: bool
    apart: bool = False

    @property
    def places(self) -> dict[str, int]:
        return {p.sku: p.at for p in self.wish.packs if p.sku}


def _active(producer_id: int) -> Producer:
    maker = session().get(Producer, producer_id)
    if maker is None:
        raise NotFound
    if maker.state is ProducerState.SUSPENDED:
        raise ProducerSuspended
    return maker


def owned(producer_id: int, product_id: int) -> Product:
    """The producer's product, locked.

    Raises:
        NoSuchProduct: it is none of the producer's.
        ProducerSuspended.
    """
    _active(producer_id)
    row = db.locked(Product, product_id, NoSuchProduct)
    if row.producer_id != producer_id:
        raise NoSuchProduct
    return row


def _product(actor: Actor, producer_id: int, product_id: int | None, wish: Wish, *, is_demo: bool) -> Product:
    if product_id is not None:
        return owned(producer_id, product_id)
    maker = _active(producer_id)
    name, set_id = wish.product.get("name"), wish.product.get("set_id")
    refusals = []
    if not name:
        refusals.append(Invalid(N_("Ô này không được để trống."), field="name"))
    if set_id is None:
        refusals.append(Invalid(N_("Hãy chọn bộ sản phẩm."), field="set_id"))
    if refusals:
        raise facts.Refused(refusals)
    for field in ("name", "name_en"):
        _refuse_claim(field, wish.product.get(field), None)
    made = catalog.create_product(
        actor,
        name=str(name),
        set_id=int(str(set_id)),
        producer_id=producer_id,
        province_code=maker.province_code or HOME_PROVINCE,
        is_demo=is_demo,
    )
    return catalog_products.locked(made)


# --- SKUs --------------------------------------------------------------------------------------------------------


def propose_sku(product: Product, taken: Iterable[str] = ()) -> str:
    """A SKU that no pack has, of the product's own words: `RUOC-HAU-01`."""
    stem = "-".join(text.words(product.name))[:20].rstrip("-").upper() or "SP"
    stem = stem if len(stem) > 1 else f"{stem}-SP"
    known = set(session().scalars(select(Variant.sku).where(Variant.sku.startswith(f"{stem}-", autoescape=True))))
    known |= set(taken)
    number = 1
    while f"{stem}-{number:02d}" in known:
        number += 1
    return f"{stem}-{number:02d}"


def _name_packs(wish: Wish, product: Product, now: Today) -> None:
    """Give new packs without a SKU a proposed one; a SKU of another product is refused."""
    for pack in wish.packs:
        if pack.sku is None:
            pack.sku = propose_sku(product, [p.sku for p in wish.packs if p.sku])
        if pack.sku not in now.packs:
            try:
                catalog_variants.free(pack.sku)
            except Conflict as error:
                error.field = f"variant-{pack.at}-sku"
                raise
            if not pack.values.get("pack"):
                raise Invalid(N_("Ô này không được để trống."), field=f"variant-{pack.at}-pack")


# --- differences -------------------------------------------------------------------------------------------------


def _differences(product: Product, wish: Wish, now: Today) -> tuple[list[Difference], list[tuple[str, str]]]:
    keys = [one["key"] for one in wish.photos or ()]
    sent = queries.pictures(product.id, keys)
    if wish.photos is not None:
        known = set(sent) | {one["key"] for one in now.photos}
        if not set(keys) <= known:
            raise Conflict(N_("Một ảnh trong danh sách không còn. Vui lòng tải lại trang."), field="photos")
    thumbs = {ref: queries.thumb(row.files) for ref, row in sent.items()}
    found, as_is = differences(wish, now, thumbs)
    return [replace(d, free=_price_is_free(d)) if d.field == "price" else d for d in found], as_is


def _price_is_free(d: Difference) -> bool:
    held = queries.prices_lately(d.subject, d.before)
    return not rules.price_needs_review(d.after, held, rules.PRICE_LIMIT.get())


def _refuse_claim(field: str, written: Any, stars: int | None) -> None:
    claim = rules.not_held(written if isinstance(written, str) else None, stars)
    if claim is not None:
        raise ClaimNotHeld(field=field, words=claim.words)


def texts_of(subject: str, field: str, after: Any) -> list[tuple[str, Any]]:
    """The free texts in what is wanted of one fact, each with its own field."""
    if field in rules.TEXT_FIELDS:
        return [(field, after)]
    if subject == PHOTOS:
        return [("photos", one.get(name)) for one in after or () for name in ("alt", "alt_en")]
    if field == "new" and isinstance(after, dict):
        return [(name, after.get(name)) for name in ("pack", "pack_en")]
    return []


def _check_claims(product: Product, found: Iterable[Difference], places: Mapping[str | None, int]) -> None:
    stars: int | None = None
    asked = False
    refusals: list[Invalid] = []
    for d in found:
        for name, written in texts_of(d.subject, d.field, d.after):
            if not written or not rules.claims(written):
                continue
            if not asked:
                stars, asked = queries.stars_held(product.id), True
            place = places.get(sku_of(d.subject)) if d.subject not in (PRODUCT, PHOTOS) else None
            try:
                _refuse_claim(name if place is None else f"variant-{place}-{name}", written, stars)
            except ClaimNotHeld as error:
                refusals.append(error)
    if len(refusals) == 1:
        raise refusals[0]
    if refusals:
        raise facts.Refused(refusals)


# --- a product that was never shown ------------------------------------------------------------------------------


def _draft(put: _Put) -> Submitted:
    """Write straight into the catalogue, where nobody sees it yet; what is sent is the whole record."""
    actor, product, found = put.actor, put.product, put.found
    apply.to_catalogue(
        actor, put.now, [(d.subject, d.field, d.after) for d in found if d.field != "new" or d.subject != PRODUCT],
        places=put.places, is_demo=put.is_demo,
    )  # fmt: skip
    row = record.locked_open(product)
    if product.state is ProductState.HIDDEN and found:  # put away before, wanted again
        catalog_products.set_state(actor, product.id, ProductState.DRAFT)
    if row is None:
        row = record.started(actor, product, Kind.NEW, is_demo=put.is_demo)
    record.note_changes(
        actor, product.id, row.id, [(d.subject, d.field, d.before, d.after) for d in found], Outcome.DRAFT
    )
    if put.note is not None:
        row.note = put.note
    if row.state is State.SENT:
        if not found:
            return Submitted(product.id, row.reference, "queued" if put.sending else "unchanged")
        record.move(actor, row, State.DRAFT)
    missing = queries.missing(queries.today(product))
    if not put.sending or missing:
        return Submitted(product.id, row.reference, "draft", tuple(found), missing)
    send_record(actor, product, row)
    return Submitted(product.id, row.reference, "queued", tuple(found))


def send_record(actor: Actor, product: Product, row: Submission) -> None:
    """Let a reviewer see the whole record: one line for each thing that is said."""
    now = queries.today(product)
    session().execute(delete(Line).where(Line.submission_id == row.id))
    said: list[tuple[str, str, Any]] = []
    for name in rules.PRODUCT_FIELDS:
        value = now.value(PRODUCT, name)
        if value not in (None, "", [], 0, False):
            said.append((PRODUCT, name, value))
    said += [(f"variant:{sku}", "new", now.pack_facts(pack)) for sku, pack in now.packs.items()]
    if now.photos:
        said.append((PHOTOS, "photos", now.photos))
    for subject, name, after in said:
        session().add(Line(submission_id=row.id, subject=subject, field=name, before=None, after=after))
    row.revision += 1
    session().flush()
    record.move(actor, row, State.SENT, row.note)


# --- a product that customers know -------------------------------------------------------------------------------


def _change(put: _Put) -> Submitted:
    """Let small changes show at once; the others become lines of the product's open submission, which is sent if asked."""
    actor, product, now, found = put.actor, put.product, put.now, put.found
    row = record.locked_open(product)
    known = {line.key for line in queries.lines(row.id)} if row is not None else set()
    shown = [d for d in found if d.free and d.key not in known] if put.sending else []
    if shown:
        _show_now(actor, now, shown, row.id if row else None, put)
        now = queries.today(product)
    rest = [d for d in found if d not in shown]
    at_once = "shown" if shown else "unchanged"
    if row is None and not rest:
        return Submitted(product.id, None, at_once, tuple(found))
    sending = put.sending and not (put.apart and row is not None and row.state is not State.SENT)
    if put.sending and not sending and not rest:
        return Submitted(product.id, None, at_once, tuple(found))
    if row is None:
        row = record.started(actor, product, Kind.CHANGE, is_demo=put.is_demo)
    touched = _merge(row, rest, put.as_is)
    if put.note is not None and put.note != row.note:
        row.note, touched = put.note, True
    if row.state is State.SENT:
        if not touched:
            waiting = put.sending and not shown and any(line.key in known for line in queries.lines(row.id))
            return Submitted(product.id, row.reference, "queued" if waiting and rest else at_once, tuple(found))
        record.move(actor, row, State.DRAFT)
    pending = [line for line in queries.lines(row.id) if line.decision is not Decision.APPROVED]
    apply.check(now, [(line.subject, line.field, line.after) for line in pending], put.places)
    if not sending:
        return Submitted(product.id, row.reference, "draft", tuple(found))
    outcome = _send_lines(actor, product, now, row, pending, put)
    return Submitted(product.id, row.reference, "shown" if shown and outcome == "unchanged" else outcome, tuple(found))


def _merge(row: Submission, found: list[Difference], as_is: list[tuple[str, str]]) -> bool:
    """Bring the lines of an open submission to what is wanted now; returns whether something is another."""
    lines = {(line.subject, line.field): line for line in queries.lines(row.id)}
    touched = False
    for subject, name in as_is:
        line = lines.get((subject, name))
        if line is not None and line.decision is not Decision.APPROVED:
            session().delete(line)
            touched = True
    for d in found:
        line = lines.get((d.subject, d.field))
        if line is None:
            session().add(Line(submission_id=row.id, subject=d.subject, field=d.field, before=d.before, after=d.after))
            touched = True
        elif not same(line.after, d.after) or not same(line.before, d.before) or line.decision is Decision.APPROVED:
            if not same(line.after, d.after):
                line.reason = None
            line.before, line.after, line.decision = d.before, d.after, None
            touched = True
    if touched:
        row.revision += 1
    session().flush()
    return touched


def _is_free(line: Line, now: Today) -> bool:
    if line.field == "price":
        return _price_is_free(Difference(line.subject, "price", now.value(line.subject, "price"), line.after))
    if line.subject == PRODUCT:
        return line.field in rules.FREE_PRODUCT_FIELDS
    return line.field in rules.FREE_VARIANT_FIELDS or (line.field == "state" and line.after == "hidden")


def _send_lines(
    actor: Actor, product: Product, now: Today, row: Submission, pending: list[Line], put: _Put | None
) -> str:
    free = [line for line in pending if _is_free(line, now)]
    stale = tuple(line.key for line in free if not same(now.value(line.subject, line.field), line.before))
    if stale:
        raise ChangedMeanwhile(stale)
    if free:
        told = [Difference(line.subject, line.field, line.before, line.after, True) for line in free]
        _show_now(actor, now, told, row.id, put)
        for line in free:
            session().delete(line)
        session().flush()
    waiting = [line for line in pending if line not in free]
    if not waiting:
        record.move(actor, row, State.APPROVED, None)
        return "shown" if free else "unchanged"
    for line in waiting:
        line.decision = None
    record.note_changes(
        actor, product.id, row.id, [(x.subject, x.field, x.before, x.after) for x in waiting], Outcome.QUEUED
    )
    record.move(actor, row, State.SENT, row.note)
    return "queued"


def _show_now(actor: Actor, now: Today, found: list[Difference], submission_id: int | None, put: _Put | None) -> None:
    apply.to_catalogue(
        actor, now, [(d.subject, d.field, d.after) for d in found],
        places=put.places if put else None, is_demo=put.is_demo if put else False,
    )  # fmt: skip
    record.note_changes(
        actor, now.product.id, submission_id, [(d.subject, d.field, d.before, d.after) for d in found], Outcome.SHOWN
    )


# --- commands on what is written ---------------------------------------------------------------------------------


def send(actor: Actor, reference: str, *, note: str | None = None, op_key: str) -> Submitted:
    """Send a draft, or what was sent back, as it stands.

    Raises:
        NotFound; NotOpen: it waits already, or is closed. Incomplete: a new product lacks something its page needs.
        ChangedMeanwhile: small changes began from something else than what holds today. ProducerSuspended.
    """
    note = facts.prose(note, "note")

    def command() -> dict[str, Any]:
        row = record.locked(reference)
        if row.state not in (State.DRAFT, State.RETURNED):
            raise NotOpen
        product = owned(row.producer_id, row.product_id)
        if note is not None:
            row.note = note
        now = queries.today(product)
        if row.kind is Kind.NEW:
            missing = queries.missing(now)
            if missing:
                raise Incomplete(missing)
            send_record(actor, product, row)
            outcome = "queued"
        else:
            pending = [line for line in queries.lines(row.id) if line.decision is not Decision.APPROVED]
            found = [Difference(x.subject, x.field, x.before, x.after) for x in pending]
            _check_claims(product, found, {})
            apply.check(now, [(x.subject, x.field, x.after) for x in pending], {})
            outcome = _send_lines(actor, product, now, row, pending, None)
        record.note_act(actor, "send", product, outcome=outcome, reference=reference)
        return _told(Submitted(product.id, reference, outcome))

    return _heard(operations.once(op_key, "listings.send", actor.key, [reference, note], command))


def withdraw(actor: Actor, reference: str) -> None:
    """Take back what waits for a reviewer; it is a draft again.

    Raises:
        NotFound; NotOpen: it does not wait.
    """
    with transaction():
        row = record.locked(reference)
        if row.state is not State.SENT:
            raise NotOpen
        record.move(actor, row, State.DRAFT)
        record.note_act(actor, "withdraw", catalog_products.locked(row.product_id), reference=reference)


def drop(actor: Actor, reference: str) -> None:
    """Give up a draft or what was sent back. A product that was never shown is put away with it; nothing is deleted.

    Raises:
        NotFound; NotOpen: it waits for a reviewer or is closed.
    """
    with transaction():
        row = record.locked(reference)
        if row.state not in (State.DRAFT, State.RETURNED):
            raise NotOpen
        record.move(actor, row, State.DROPPED)
        if row.kind is Kind.NEW:
            catalog.hide(actor, row.product_id)
        record.note_act(actor, "drop", catalog_products.locked(row.product_id), reference=reference)


def hide(actor: Actor, producer_id: int, product_id: int) -> bool:
    """Close the product's page; its record and history stay. Returns whether it was open.

    Raises:
        NoSuchProduct, ProducerSuspended.
        Conflict: it was never shown.
    """
    with transaction():
        product = owned(producer_id, product_id)
        if product.published_at is None:
            raise Conflict(N_("Sản phẩm này chưa từng hiện với khách."))
        before = product.state.value
        if not catalog.hide(actor, product.id):
            return False
        record.note_changes(actor, product.id, None, [(PRODUCT, "state", before, "hidden")], Outcome.SHOWN)
        record.note_act(actor, "hide", product)
        return True


def hidden_by_producer(product: Product) -> bool:
    """Whether the last who closed or opened the product's page was its producer, who closed it."""
    acts = ("catalog.state", "listings.hide", "listings.show")
    last = (
        select(AuditRow.action)
        .where(AuditRow.target == target(product), AuditRow.action.in_(acts))
        .order_by(AuditRow.id.desc())
        .limit(1)
    )
    return product.state is ProductState.HIDDEN and session().scalar(last) == "listings.hide"


def show(actor: Actor, producer_id: int, product_id: int) -> bool:
    """Open a page again that the producer closed himself. Returns whether it was closed.

    Raises:
        NoSuchProduct, ProducerSuspended.
        HiddenByOffice: the office closed it; `ask_to_show` puts the wish before a reviewer.
    """
    with transaction():
        product = owned(producer_id, product_id)
        if product.state is ProductState.SHOWN:
            return False
        if product.published_at is None or not hidden_by_producer(product):
            raise HiddenByOffice
        catalog.show(actor, product.id)
        record.note_changes(actor, product.id, None, [(PRODUCT, "state", "hidden", "shown")], Outcome.SHOWN)
        record.note_act(actor, "show", product)
        return True


def ask_to_show(actor: Actor, producer_id: int, product_id: int, note: str, *, op_key: str) -> Submitted:
    """Ask the office to open a page again that it closed; the `note` says why.

    Raises:
        NoSuchProduct, ProducerSuspended.
        Conflict: the page is open, or was never open.
        Invalid: no note.
    """
    said = facts.prose(note, "note")
    if said is None:
        raise Invalid(N_("Hãy ghi vì sao sản phẩm nên hiện lại."), field="note")

    def command() -> dict[str, Any]:
        product = owned(producer_id, product_id)
        if product.published_at is None or product.state is not ProductState.HIDDEN:
            raise Conflict
        found = [Difference(PRODUCT, "state", "hidden", "shown")]
        put = _Put(actor, product, queries.today(product), Wish(), found, [], True, said, False)
        result = _change(put)
        record.note_act(actor, "ask-to-show", product)
        return _told(result)

    return _heard(operations.once(op_key, "listings.show", actor.key, [producer_id, product_id, said], command))
