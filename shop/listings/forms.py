"""Text of the producers' forms → facts of commands, and back. What a form holds is never lost by a refusal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Request
from werkzeug.datastructures import MultiDict

from shop.catalog import rules as catalog_rules
from shop.catalog.errors import BadPicture
from shop.catalog.pictures import Cut
from shop.kernel import facts as kernel_facts
from shop.kernel import money
from shop.kernel.errors import Invalid, ShopError
from shop.kernel.forms import messages
from shop.listings import rules
from shop.listings.facts import MOST_PACKS, PRODUCT, Today, plain, subject_of

TEXTS = tuple(n for n in rules.PRODUCT_FIELDS if n not in ("allergens", "season_months", "is_alcohol"))
PACK_TEXTS = tuple(n for n in rules.VARIANT_FIELDS if n != "position")
# What a blank row of a new pack may hold without being one.
_EMPTY = frozenset({"net_unit", "sku", "state"})
RATIOS: dict[str, tuple[int, int] | None] = {"": None, "1-1": (1, 1), "4-3": (4, 3), "3-4": (3, 4)}


def blank_pack() -> dict[str, Any]:
    """The row of a pack that is not there yet."""
    return dict.fromkeys(PACK_TEXTS, "") | {"net_unit": "GRM", "sku": "", "price": "", "state": "", "known": False}


def values(now: Today | None, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What the form shows: the catalogue's facts, and those of the open submission (`wanted`, by line key) instead."""
    made: dict[str, Any] = {"cold": "none", "allergens": [], "months": [], "is_alcohol": False, "packs": [], "seen": ""}
    made |= dict.fromkeys(TEXTS, "") | {"cold": "none"}
    if now is None:
        return made | {"packs": [blank_pack()]}

    def fact(name: str) -> Any:
        key = f"{PRODUCT}/{name}"
        return wanted[key] if key in wanted else plain(getattr(now.product, name))

    for name in TEXTS:
        made[name] = _shown(fact(name))
    months = fact("season_months") or 0
    made |= {
        "allergens": list(fact("allergens") or ()),
        "months": [m for m in range(1, 13) if int(months) & (1 << (m - 1))],
        "is_alcohol": bool(fact("is_alcohol")),
        "seen": now.product.updated_at.isoformat(),
    }
    for sku, pack in now.packs.items():
        subject = subject_of(sku)
        row: dict[str, Any] = {"sku": sku, "known": True}
        for name in PACK_TEXTS:
            key = f"{subject}/{name}"
            row[name] = _shown(wanted[key] if key in wanted else plain(getattr(pack.variant, name)))
        price = wanted.get(f"{subject}/price", pack.price)
        row["price"] = _price(price)
        row["state"] = str(wanted.get(f"{subject}/state", pack.variant.state.value))
        made["packs"].append(_with_unit(row))
    for key, said in wanted.items():
        subject, _sep, field = key.rpartition("/")
        if field == "new" and subject != PRODUCT and subject.partition(":")[2] not in now.packs:
            row = blank_pack() | {n: _shown(said.get(n)) for n in PACK_TEXTS}
            row |= {
                "sku": subject.partition(":")[2],
                "price": _price(said.get("price")),
                "net_unit": said.get("net_unit") or "",
            }
            made["packs"].append(_with_unit(row))
    if not made["packs"]:
        made["packs"].append(blank_pack())
    return made


def _shown(value: Any) -> str:
    return "" if value is None else str(value)


def _price(amount: int | None) -> str:
    return "" if amount is None else f"{amount:,}".replace(",", ".")


def _with_unit(row: dict[str, Any]) -> dict[str, Any]:
    """The row with its price per kilogram or litre, where both can be read."""
    row["unit_price"] = ""
    try:
        amount = money.parse_vnd(str(row["price"]), low=1)
        content = kernel_facts.decimal("0.001", "999999999", 3)(row["net_content"], "net_content")
    except Invalid:
        return row
    found = catalog_rules.per_unit(amount, content, str(row["net_unit"] or ""))
    if found is not None:
        row["unit_price"] = f"{money.vnd(found[0])}/{found[1]}"
    return row


def sent(form: MultiDict[str, str]) -> dict[str, Any]:
    """The same of a form that was sent; blank rows of packs are left out."""
    made: dict[str, Any] = {name: form.get(name, "") for name in TEXTS}
    made |= {
        "allergens": form.getlist("allergens"),
        "months": [int(m) for m in form.getlist("months") if m in {str(n) for n in range(1, 13)}],
        "is_alcohol": bool(form.get("is_alcohol")),
        "seen": form.get("seen", ""),
        "note": form.get("note", ""),
        "packs": [],
    }
    count = form.get("packs", "0")
    for n in range(min(int(count) if count.isascii() and count.isdigit() and len(count) < 4 else 0, MOST_PACKS + 1)):
        row: dict[str, Any] = {
            name: form.get(f"variant-{n}-{name}", "") for name in (*PACK_TEXTS, "sku", "price", "state")
        }
        row["known"] = bool(form.get(f"variant-{n}-known"))
        if row["known"] or any(str(v).strip() for k, v in row.items() if k not in {*_EMPTY, "known"}):
            made["packs"].append(_with_unit(row))
    return made


def facts(v: Mapping[str, Any]) -> dict[str, Any]:
    """The command's facts in the values of a form; content without a number is none."""
    said: dict[str, Any] = {name: v[name] for name in TEXTS}
    said |= {
        "allergens": v["allergens"],
        "season_months": sum(1 << (m - 1) for m in set(v["months"])),
        "is_alcohol": v["is_alcohol"],
        "variants": [],
    }
    for row in v["packs"]:
        pack = {name: row[name] for name in PACK_TEXTS} | {"sku": row["sku"], "price": str(row["price"]).strip()}
        if not str(row["net_content"]).strip():
            pack["net_unit"] = ""
        if row["known"] and row["state"]:
            pack["state"] = row["state"]
        said["variants"].append(pack)
    return said


def errors(error: ShopError | None) -> dict[str, str]:
    """The words of a refusal by field of the form."""
    return messages(error)


# --- photographs -------------------------------------------------------------------------------------------------


def uploads(request: Request, name: str) -> list[bytes]:
    """The bytes of the files that were sent."""
    return [one.read() for one in request.files.getlist(name) if one.filename]


def cut(form: MultiDict[str, str]) -> Cut:
    """How a photograph is to be turned and cut.

    Raises:
        BadPicture: it cannot be read.
    """
    turn, ratio, box = form.get("turn", "") or "0", form.get("ratio", ""), form.get("box", "")
    edges = tuple(int(part) for part in box.split(",") if part.isascii() and part.isdigit() and len(part) < 5)
    if not (turn.isascii() and turn.isdigit() and len(turn) < 4) or ratio not in RATIOS or (box and len(edges) != 4):
        raise BadPicture(field="photo")
    if len(edges) == 4:
        return Cut(int(turn), RATIOS[ratio], (edges[0], edges[1], edges[2], edges[3]))
    return Cut(int(turn), RATIOS[ratio])


# --- review ------------------------------------------------------------------------------------------------------


def decided(form: MultiDict[str, str]) -> tuple[set[str], set[str], dict[str, str]]:
    """The lines that are approved, the conflicts that are overwritten, the reasons by line."""
    reasons = {name.removeprefix("reason-"): said for name, said in form.items() if name.startswith("reason-")}
    return set(form.getlist("keys")), set(form.getlist("over")), {k: v for k, v in reasons.items() if v.strip()}


def revision(form: MultiDict[str, str]) -> int:
    """The revision that the reviewer looked at; 0 if the form has none."""
    raw = form.get("revision", "")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 9 else 0
