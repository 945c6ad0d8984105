"""Commands of ideas: written, submitted, returned or accepted; the business plan; implementation; the dossier. Groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from shop.catalog.models import Product, ProductGroup, ProductState
from shop.cycle.errors import CycleMovedOn
from shop.cycle.models.ideas import (
    IDEA_ALLOWED,
    IDEA_OPEN,
    PLAN_OPEN,
    Grouping,
    Idea,
    IdeaKind,
    IdeaState,
    IdeaStep,
)
from shop.cycle.queries import ideas as queries
from shop.kernel import audit, clock, operations, text
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.places import queries as places
from shop.producers.models import Producer
from shop.programme.services.dossiers import open_dossier

I = IdeaState
LONGEST = 4000
# What the form of an idea asks, and the business plan; what must be answered before it is handed in.
IDEA_FIELDS = {
    "what": N_("Sản phẩm là gì, dùng làm gì"),
    "materials": N_("Nguyên liệu, lấy ở đâu"),
    "workers": N_("Lao động địa phương tham gia"),
    "market": N_("Bán cho ai, ở đâu"),
    "identity": N_("Gắn với văn hóa, bản sắc địa phương thế nào"),
}
PLAN_FIELDS = {
    "output": N_("Sản lượng dự kiến mỗi năm"),
    "investment": N_("Vốn cần, lấy từ đâu"),
    "making": N_("Tổ chức sản xuất, chất lượng"),
    "selling": N_("Cách bán, giá bán"),
    "schedule": N_("Các mốc thực hiện"),
}
NEEDED = ("what", "materials", "output", "schedule")


def _step(actor: Actor, row: Idea, after: IdeaState, reason: str | None = None) -> None:
    before = row.state
    if after not in IDEA_ALLOWED[before]:
        raise CycleMovedOn
    row.state, row.reason, row.turn, row.updated_at = after, reason, row.turn + 1, clock.now()
    _note(actor, row, before, reason)


def _note(actor: Actor, row: Idea, before: IdeaState | None, reason: str | None) -> None:
    session().add(
        IdeaStep(
            idea_id=row.id, from_state=before.value if before else None, to_state=row.state.value, at=clock.now(),
            actor_key=actor.key, actor_label=actor.label, reason=reason,
        )
    )  # fmt: skip
    session().flush()
    audit.record(actor, f"cycle.idea-{row.state.value}", f"idea:{row.reference}")


def _answers(given: Mapping[str, str], fields: Mapping[str, str]) -> dict[str, str]:
    found = {key: text.clean(given.get(key, "")) for key in fields}
    for key, words in found.items():
        if len(words) > LONGEST:
            raise Invalid(N_("Nhiều nhất %(n)s ký tự."), field=key, n=LONGEST)
    return {key: words for key, words in found.items() if words}


def _product(producer_id: int, kind: IdeaKind, product_id: int | None) -> Product | None:
    if product_id is None:
        if kind is IdeaKind.EXISTING:
            raise Invalid(N_("Hãy chọn sản phẩm đã có."), field="product")
        return None
    found = session().get(Product, product_id)
    if found is None or found.producer_id != producer_id or found.state is ProductState.HIDDEN:
        raise Invalid(N_("Cơ sở không có sản phẩm này."), field="product")
    return found


def write(
    actor: Actor, producer_id: int, kind: IdeaKind, name: str, product_id: int | None, answers: Mapping[str, str],
    op_key: str, *, submit: bool = False, is_demo: bool = False,
) -> str:  # fmt: skip
    """Begin an idea of this year, `submit`: and hand it in; return its reference.

    Raises:
        NotFound: no such producer. Invalid: no name, an existing product that is not named or another's.
    """
    if session().get(Producer, producer_id) is None:
        raise NotFound
    product = _product(producer_id, kind, product_id)
    name = text.clean(name) or (product.name if product else "")
    if len(name) < 2:
        raise Invalid(N_("Hãy ghi tên sản phẩm."), field="name")
    content = _answers(answers, IDEA_FIELDS)
    if submit:
        _complete(content, IDEA_FIELDS)

    def command() -> dict[str, Any]:
        row = Idea(
            reference=text.reference(), year=clock.today().year, producer_id=producer_id, kind=kind, state=I.DRAFT,
            name=name[:255], sort_name=text.sort_key(name), search_text=text.fold(name)[:255],
            product_id=product.id if product else None, content=content,
            plan={}, turn=1, created_at=clock.now(), updated_at=clock.now(), is_demo=is_demo,
        )  # fmt: skip
        session().add(row)
        session().flush()
        _note(actor, row, None, None)
        if submit:
            _hand_in(actor, row)
        return {"reference": row.reference}

    body = [producer_id, kind.value, name, product_id, content]
    return str(operations.once(op_key, "cycle.idea", actor.key, body, command)["reference"])


def _hand_in(actor: Actor, row: Idea) -> None:
    row.locality_code = session().get_one(Producer, row.producer_id).commune_code
    row.submitted_at = row.submitted_at or clock.now()
    _step(actor, row, I.SUBMITTED)


def _mine(reference: str, seen: int, states: tuple[IdeaState, ...]) -> Idea:
    row = queries.locked(reference)
    if row.turn != seen or row.state not in states:
        raise CycleMovedOn
    return row


def edit(
    actor: Actor, reference: str, name: str, answers: Mapping[str, str], *, seen: int, submit: bool = False
) -> None:
    """Change an idea that is being written; `submit` hands it in to the locality.

    Raises:
        NotFound. Invalid: something needed is missing. CycleMovedOn: changed meanwhile, or it waits.
    """
    content, name = _answers(answers, IDEA_FIELDS), text.clean(name)
    if len(name) < 2:
        raise Invalid(N_("Hãy ghi tên sản phẩm."), field="name")
    if submit:
        _complete(content, IDEA_FIELDS)
    with transaction():
        row = _mine(reference, seen, IDEA_OPEN)
        row.name, row.sort_name, row.content = name[:255], text.sort_key(name), content
        row.search_text = text.fold(name)[:255]
        if not submit:
            row.turn, row.updated_at = row.turn + 1, clock.now()
            return
        _hand_in(actor, row)


def plan(actor: Actor, reference: str, answers: Mapping[str, str], *, seen: int, submit: bool = False) -> None:
    """Write the business plan of an accepted idea; `submit` hands it in.

    Raises:
        NotFound. Invalid: something needed is missing. CycleMovedOn: changed meanwhile, or no plan is asked for.
    """
    content = _answers(answers, PLAN_FIELDS)
    if submit:
        _complete(content, PLAN_FIELDS)
    with transaction():
        row = _mine(reference, seen, PLAN_OPEN)
        row.plan = content
        if submit:
            _step(actor, row, I.PLANNED)
        else:
            row.turn, row.updated_at = row.turn + 1, clock.now()


def _complete(content: Mapping[str, str], fields: Mapping[str, str]) -> None:
    for key in fields:
        if key in NEEDED and len(content.get(key, "")) < 5:
            raise Invalid(N_("Hãy ghi mục này (ít nhất 5 ký tự)."), field=key)


def decide(actor: Actor, reference: str, to: IdeaState, reason: str, *, seen: int) -> None:
    """An officer accepts or returns an idea or a plan, or stops it. Returned and stopped ones say why.

    Raises:
        NotFound. Invalid: no reason. CycleMovedOn: changed meanwhile, or not a step from where it stands.
    """
    reason = text.clean(reason)
    needs = to in (I.RETURNED, I.PLAN_RETURNED, I.DROPPED)
    if to not in (I.ACCEPTED, I.RUNNING) and not needs:
        raise Invalid
    if needs and len(reason) < 5:
        raise Invalid(N_("Hãy ghi vì sao (ít nhất 5 ký tự)."), field="reason")
    with transaction():
        row = queries.locked(reference)
        if row.turn != seen:
            raise CycleMovedOn
        _step(actor, row, to, reason if needs else None)


def file_dossier(actor: Actor, reference: str, product_id: int | None, kind: str, *, seen: int) -> str:
    """Open the dossier of an idea that is being carried out; return its code. A new product must have been written down as a
    product of the producer by then.

    Raises:
        NotFound. Invalid: no product, another's; what opening a dossier refuses. CycleMovedOn.
    """
    with transaction():
        row = queries.locked(reference)
        if row.turn != seen or row.state is not I.RUNNING:
            raise CycleMovedOn
        product = _product(row.producer_id, IdeaKind.EXISTING, row.product_id or product_id)
        if product is None:
            raise NotFound
        code = open_dossier(actor, product.id, kind, is_demo=row.is_demo)
        row.product_id, row.dossier_code = product.id, code
        _step(actor, row, I.FILED)
        return code


def follow_land() -> None:
    """Give the ideas that are under way in a locality that has ceased to the unit that took its place: the one that holds its
    land, of several the producer's commune. What nobody can tell stays, and the whole province's officers see it."""
    under_way = Idea.locality_code.is_not(None) & Idea.state.not_in((I.FILED, I.DROPPED))
    codes = session().scalars(select(Idea.locality_code).where(under_way).distinct()).all()
    for code in (code for code in codes if code and places.unit(code) is None):
        heirs = [heir.unit.code for heir in places.heirs(code)]
        for reference in session().scalars(select(Idea.reference).where(under_way, Idea.locality_code == code)).all():
            with transaction():
                row = queries.locked(reference)
                home = session().get_one(Producer, row.producer_id).commune_code
                fitting = heirs if len(heirs) == 1 else [heir for heir in heirs if heir == home]
                if row.locality_code == code and len(fitting) == 1:
                    row.locality_code = fitting[0]
                    audit.record(SYSTEM, "cycle.idea-moved", f"idea:{reference}", before=code, after=fitting[0])


def put_in_group(actor: Actor, product_id: int, group_id: int, why: str, *, is_demo: bool = False) -> None:
    """Put a product into a group of a list; what was said before stays to be read. The same once more is not a change.

    Raises:
        NotFound: no such product. Invalid: no such group, no reason. CycleMovedOn: two said something at once.
    """
    why = text.clean(why)
    if len(why) < 3:
        raise Invalid(N_("Hãy ghi căn cứ xếp nhóm."), field="why")
    group = session().get(ProductGroup, group_id)
    if group is None:
        raise Invalid(N_("Hãy chọn nhóm."), field="group")
    if session().get(Product, product_id) is None:
        raise NotFound
    try:
        with transaction() as s:
            before = s.scalar(
                select(Grouping)
                .where(
                    Grouping.product_id == product_id, Grouping.scheme == group.scheme, Grouping.replaced_at.is_(None)
                )
                .with_for_update()
            )
            if before is not None and before.group_id == group_id:
                return
            now = clock.now()
            if before is not None:
                s.execute(update(Grouping).where(Grouping.id == before.id).values(replaced_at=now))
            s.add(
                Grouping(
                    product_id=product_id, scheme=group.scheme, group_id=group_id, why=why, said_at=now,
                    said_by=actor.key, said_label=actor.label, is_demo=is_demo,
                )
            )  # fmt: skip
            s.flush()
            audit.record(actor, "cycle.group", f"product:{product_id}", scheme=group.scheme, group=group.slug)
    except IntegrityError:
        raise CycleMovedOn from None
