"""How much each point should have: set by hand or from a table; suggested transfers made as they were shown."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, func, select

from shop.catalog.models import Variant
from shop.kernel import audit, clock, operations, sheets, text
from shop.kernel.actor import Actor
from shop.kernel.db import in_batches, insert_missing, session
from shop.kernel.errors import N_, Invalid, ShopError
from shop.transfers import rules
from shop.transfers.errors import PlanChanged
from shop.transfers.models import Target
from shop.transfers.queries import replenish
from shop.transfers.services import _all_of, _checked_ends, _new, _out_of_range, goods_names

# What may stand at the head of a table, without marks, and what it means.
HEADS = {
    "sku": "sku",
    "toi thieu": "minimum",
    "minimum": "minimum",
    "min": "minimum",
    "muc day": "target",
    "target": "target",
    "full level": "target",
}
# So many refused rows are told one by one.
MOST_TOLD = 200


def set_targets(actor: Actor, point_id: int, wanted: Mapping[int, tuple[int, int]], op_key: str) -> int:
    """Set (minimum, target) by variant at a point; (0, 0) takes a level away. Returns how many differ from before.

    Raises:
        Invalid: out of range, or a minimum above its target (fields `min-<variant>`, `target-<variant>`), all told together.
    """
    names = goods_names(wanted)
    wrong: list[ShopError] = []
    for variant_id, (minimum, target) in wanted.items():
        if variant_id not in names:
            wrong.append(Invalid(N_("Không còn mặt hàng này."), field=f"min-{variant_id}"))
            continue
        error = _problem(names[variant_id], variant_id, minimum, target)
        if error:
            wrong.append(error)
    _all_of(wrong)

    def command() -> dict[str, Any]:
        return {"changed": _write(actor, point_id, wanted)}

    body = [point_id, sorted((v, *pair) for v, pair in wanted.items())]
    return int(operations.once(op_key, "transfer.targets", actor.key, body, command)["changed"])


def _problem(name: str, variant_id: int, minimum: int, target: int) -> Invalid | None:
    for field, n in (("min", minimum), ("target", target)):
        if not 0 <= n <= rules.MOST_UNITS:
            return _out_of_range(f"{field}-{variant_id}", name, 0, rules.MOST_UNITS)
    if minimum > target:
        title = N_("%(name)s: mức tối thiểu không thể lớn hơn mức đầy.")
        return Invalid(title, field=f"min-{variant_id}", name=name)
    return None


def _write(actor: Actor, point_id: int, wanted: Mapping[int, tuple[int, int]]) -> int:
    """Write what differs, rows in id order; return how many."""
    s, now, changed = session(), clock.now(), 0
    for batch in in_batches(sorted(wanted)):
        gone = [v for v in batch if not wanted[v][1]]
        kept = [v for v in batch if wanted[v][1]]
        at_point = Target.point_id == point_id
        if gone:
            taken = s.execute(delete(Target).where(at_point, Target.variant_id.in_(gone)).returning(Target.id))
            changed += len(taken.all())
        known = set(s.scalars(select(Target.variant_id).where(at_point, Target.variant_id.in_(kept))))
        fresh = [
            {
                "point_id": point_id,
                "variant_id": v,
                "minimum": wanted[v][0],
                "target": wanted[v][1],
                "updated_at": now,
                "updated_by": actor.label,
            }
            for v in kept
            if v not in known
        ]
        insert_missing(Target, fresh, ["point_id", "variant_id"])
        changed += len(fresh)
        rows = s.scalars(
            select(Target).where(at_point, Target.variant_id.in_(kept)).order_by(Target.id).with_for_update(),
            execution_options={"populate_existing": True},
        )
        for row in rows:
            if (row.minimum, row.target) != wanted[row.variant_id]:
                row.minimum, row.target = wanted[row.variant_id]
                row.updated_at, row.updated_by = now, actor.label
                changed += 1
        s.flush()
    if changed:
        audit.record(actor, "transfers.set_targets", f"point:{point_id}", changed=changed)
    return changed


def import_targets(actor: Actor, point_id: int, content: bytes, op_key: str) -> dict[str, Any]:
    """Set levels from a table (CSV or XLSX) with the columns SKU, Tối thiểu, Mức đầy; every row is accounted for.

    Returns `{"changed", "same", "blank", "refused", "told": [[row, sku, sentence, values], …]}`. Rows without both numbers
    are left alone; 0 and 0 take a level away. A refused row does not keep the others from being taken.

    Raises:
        Invalid: the file is no such table (field `file`).
    """
    sheet = sheets.read(content)
    columns: dict[str, int] = {}
    for n, head in enumerate(sheet.head):
        meaning = HEADS.get(text.fold(head))
        if meaning and meaning not in columns:
            columns[meaning] = n
    if set(columns) != {"sku", "minimum", "target"}:
        raise Invalid(N_("Tệp phải có ba cột SKU, Tối thiểu và Mức đầy."), field="file")
    sku, low, full = columns["sku"], columns["minimum"], columns["target"]
    rows = [(row.number, row.cells[sku].strip(), row.cells[low].strip(), row.cells[full].strip()) for row in sheet.rows]

    def command() -> dict[str, Any]:
        wanted, blank, told = _read(rows)
        changed = _write(actor, point_id, wanted)
        return {
            "changed": changed,
            "same": len(wanted) - changed,
            "blank": blank,
            "refused": len(told),
            "told": told[:MOST_TOLD],
        }

    body = [point_id, hashlib.sha256(content).hexdigest()]
    return operations.once(op_key, "transfer.import_targets", actor.key, body, command)


def _read(
    rows: Sequence[tuple[int, str, str, str]],
) -> tuple[dict[int, tuple[int, int]], int, list[tuple[int, str, str, dict[str, object]]]]:
    """The levels that the rows set, how many rows set none, and the rows that are refused with the reason."""
    ids: dict[str, int] = {}
    for batch in in_batches(sorted({sku.upper() for _n, sku, _m, _t in rows if sku})):
        ids |= {
            sku.upper(): variant_id
            for sku, variant_id in session().execute(
                select(Variant.sku, Variant.id).where(func.upper(Variant.sku).in_(batch))
            )
        }
    wanted: dict[int, tuple[int, int]] = {}
    blank, told = 0, []

    def refuse(number: int, sku: str, title: str, **values: object) -> None:
        told.append((number, sku[:80], title, values))

    for number, sku, low, full in rows:
        variant_id = ids.get(sku.upper())
        if variant_id is None:
            refuse(number, sku, N_("Không có mặt hàng nào mang SKU này."))
        elif not low and not full:
            blank += 1
        elif not all(x.isascii() and x.isdigit() and len(x) < 10 for x in (low, full)):
            refuse(number, sku, N_("Hai mức phải là số nguyên từ 0 trở lên."))
        elif variant_id in wanted:
            refuse(number, sku, N_("SKU này đã có ở một dòng trước."))
        elif error := _problem(sku, variant_id, int(low), int(full)):
            refuse(number, sku, error.title, **error.values)
        else:
            wanted[variant_id] = (int(low), int(full))
    return wanted, blank, told


def ask_suggested(actor: Actor, chosen: Sequence[str], mine: Sequence[int] | None, op_key: str) -> list[str]:
    """Ask for the suggested transfers that `chosen` names (`replenish.name_of`); return their references.

    The plan is made again behind a lock on the levels of the points to be filled: only what was shown and still holds is made.

    Raises:
        Invalid: nothing chosen.
        PlanChanged: a suggestion is no longer what it was; nothing is made.
    """
    if not chosen:
        raise Invalid(N_("Hãy chọn ít nhất một gợi ý."), field="pair")

    def command() -> dict[str, Any]:
        ends = {int(part[1]) for part in (name.split("-") for name in chosen) if len(part) == 3 and part[1].isdecimal()}
        session().execute(
            select(Target.id).where(Target.point_id.in_(ends)).order_by(Target.id).with_for_update()
        ).all()
        now = {replenish.name_of(s): s for s in replenish.plan(mine)}
        if not set(chosen) <= set(now):
            raise PlanChanged
        made = []
        for name in dict.fromkeys(chosen):
            s = now[name]
            _checked_ends(s.from_point_id, s.to_point_id)
            made.append(_new(actor, s.from_point_id, s.to_point_id, dict(s.lines), note=None, is_demo=False))
        return {"references": made}

    body = sorted(set(chosen))
    return list(operations.once(op_key, "transfer.suggested", actor.key, body, command)["references"])
