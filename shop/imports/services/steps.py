"""What all commands of imports share: the steps of an import, its background work, and small pieces of what rows become."""

from __future__ import annotations

import gc
from typing import Any

from sqlalchemy import select

from shop.catalog import intake
from shop.catalog.models import ProductState, VariantState
from shop.catalog.services import bulk
from shop.imports.errors import WrongStep
from shop.imports.models import ALLOWED, Import, ImportStep, State
from shop.kernel import clock, db, jobs
from shop.kernel.actor import Actor
from shop.kernel.db import session
from shop.kernel.errors import NotFound
from shop.listings import services as listings
from shop.listings.errors import ProducerSuspended
from shop.producers.models import Producer, ProducerState

# Tables of so few rows are worked on while the person waits.
SMALL = 300
BATCH = 500
# In one transaction nobody else writes on SQLite; so many rows take some seconds.
MOST_AT_ONCE = 5_000
LONG = 2_000
LARGEST_FILE = 12 * 1024 * 1024


def target(row: Import) -> str:
    """How the audit log names an import."""
    return f"import:{row.reference}"


def locked(import_id: int) -> Import:
    """The row, locked until the end of the transaction.

    Raises:
        NotFound.
    """
    return db.locked(Import, import_id, NotFound)


def go(actor: Actor, row: Import, to: State, note: str | None = None) -> None:
    """Take an import to its next state.

    Raises:
        WrongStep: it is not at a step from which it may go there.
    """
    if to not in ALLOWED[row.state]:
        raise WrongStep
    session().add(
        ImportStep(
            import_id=row.id, state_from=row.state, state_to=to, at=clock.now(), actor_key=actor.key,
            actor_label=actor.label, note=note,
        )
    )  # fmt: skip
    row.state, row.updated_at = to, clock.now()


def active(producer_id: int) -> None:
    if session().scalar(select(Producer.state).where(Producer.id == producer_id)) is ProducerState.SUSPENDED:
        raise ProducerSuspended


def later(name: str, actor: Actor, row: Import) -> None:
    session().flush()
    payload = {"id": row.id, "work": row.work, "actor": [actor.kind, actor.label, actor.user_id, actor.address]}
    jobs.enqueue(name, payload, key=f"{name}:{row.id}:{row.work}")


def settle(done: int) -> None:
    """Let the collector of garbage pass over what a long table has made it remember: looking through all of it again and again
    took a third of the time."""
    if done > LONG:
        gc.freeze()


def wanted(import_id: int, work: int, state: State) -> Import | None:
    """The import, locked, if this round of work is still wanted."""
    row = locked(import_id)
    return row if row.work == work and row.state is state else None


def hints(row: Import) -> dict[str, str]:
    return {k: h for k, h in zip(row.columns, row.hints, strict=False) if k and h}


def said(title: str, key: str = "") -> dict[str, Any]:
    return {"key": key, "title": title, "values": {}, "suggestion": ""}


def page(actor: Actor, producer_id: int, wish: bulk.Wish) -> None:
    product_id, state, wish.state = int(wish.goods.product_id or 0), wish.state, None
    if state is ProductState.HIDDEN:
        listings.hide(actor, producer_id, product_id)
    elif state is ProductState.SHOWN:
        listings.show(actor, producer_id, product_id)


def pack_state(product_id: int, variant_id: int, sku: str, state: VariantState) -> bulk.Wish:
    goods = intake.Goods(product_id, {}, ProductState.DRAFT)
    return bulk.Wish(goods, sku=sku, pack=intake.Pack(variant_id, goods, {}, None, None), pack_state=state, note=sku)
