"""What people type about codes and sales → typed arguments; a refusal names its field. Times are those of Vietnam."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from werkzeug.datastructures import MultiDict

from shop.kernel import clock, text
from shop.kernel.errors import N_, Invalid
from shop.kernel.money import parse_vnd
from shop.promotions.models import Kind, Measure, Payer, Promotion, ScopeKind
from shop.promotions.queries import office as read
from shop.promotions.services.editing import Limits, Terms

SPARE_ROWS = 3


def _number(raw: str | None, field: str) -> int | None:
    """A whole number above nothing, None if blank."""
    if not (raw or "").strip():
        return None
    found = text.whole(raw or "")
    if not found or found > 999_999_999:
        raise Invalid(N_("Giới hạn phải lớn hơn 0, hoặc bỏ trống."), field=field)
    return found


def _amount(raw: str | None, field: str) -> int | None:
    """Whole đồng above nothing, None if blank."""
    if not (raw or "").strip():
        return None
    try:
        return parse_vnd(raw or "", low=1)
    except Invalid as error:
        raise Invalid(error.title, field=field, **error.values) from error


def _instant(raw: str | None, field: str) -> datetime:
    try:
        found = datetime.fromisoformat((raw or "").strip())
        clock.read_day(found.date().isoformat())
    except ValueError as error:
        raise Invalid(N_("Hãy ghi ngày và giờ."), field=field) from error
    return (found if found.tzinfo is not None else found.replace(tzinfo=clock.VIETNAM)).astimezone(UTC)


def _id(raw: str | None, field: str) -> int | None:
    typed = (raw or "").strip()
    if not typed:
        return None
    if not typed.isascii() or not typed.isdigit() or len(typed) > 15:
        raise Invalid(field=field)
    return int(typed)


def _scopes(form: MultiDict[str, str]) -> tuple[tuple[ScopeKind, int], ...]:
    found: set[tuple[ScopeKind, int]] = set()
    for kind in (ScopeKind.SET, ScopeKind.PRODUCER, ScopeKind.POINT, ScopeKind.FAIR):
        known = {str(n) for n, _label in read.scope_choices(kind)}
        for raw in form.getlist(f"scope_{kind.value}"):
            if raw not in known:
                raise Invalid(N_("Lựa chọn này không còn nữa."), field=f"scope_{kind.value}")
            found.add((kind, int(raw)))
    skus = text.clean(form.get("scope_product", "")).upper().replace(",", "\n").split()
    products = read.products_of(skus)
    for sku in skus:
        if sku not in products:
            raise Invalid(N_("Không có mã hàng %(sku)s."), field="scope_product", sku=sku)
        found.add((ScopeKind.PRODUCT, products[sku]))
    return tuple(sorted(found))


def _offers(form: MultiDict[str, str]) -> tuple[tuple[int, int, int], ...]:
    rows = list(zip(form.getlist("sku"), form.getlist("price"), form.getlist("quota"), strict=False))
    filled = [(sku.strip().upper(), price, quota) for sku, price, quota in rows if sku.strip()]
    variants = read.variants_of([sku for sku, _p, _q in filled])
    found = []
    for sku, price, quota in filled:
        if sku not in variants:
            raise Invalid(N_("Không có mã hàng %(sku)s."), field="offers", sku=sku)
        amount, units = _amount(price, "offers"), _number(quota, "offers")
        if amount is None or units is None:
            raise Invalid(N_("Mỗi dòng cần giá khuyến mại và số lượng: còn thiếu ở %(sku)s."), field="offers", sku=sku)
        found.append((variants[sku], amount, units))
    return tuple(found)


def terms(form: MultiDict[str, str], kind: Kind) -> Terms:
    """The promotion that a form describes.

    Raises:
        Invalid: the first field that cannot be read.
    """
    payer = form.get("payer", "")
    if payer not in set(Payer):
        raise Invalid(N_("Hãy chọn bên chịu phần giảm."), field="payer")
    found: dict[str, Any] = {
        "kind": kind,
        "name": text.clean(form.get("name", "")).replace("\n", " ")[:255],
        "name_en": text.clean(form.get("name_en", "")).replace("\n", " ")[:120] or None,
        "starts_at": _instant(form.get("starts_at"), "starts_at"),
        "ends_at": _instant(form.get("ends_at"), "ends_at"),
        "payer": Payer(payer),
        "producer_id": _id(form.get("producer"), "producer"),
        "fair_id": _id(form.get("fair"), "fair"),
        "person_limit": _number(form.get("person_limit"), "person_limit"),
    }
    if kind is Kind.SALE:
        return Terms(**found, offers=_offers(form))
    measure = form.get("measure", "")
    if measure not in set(Measure):
        raise Invalid(N_("Hãy chọn giảm theo phần trăm hay theo số tiền."), field="measure")
    if measure == Measure.PERCENT:
        value = (_number((form.get("value") or "").rstrip(" %"), "value") or 0) * 100
    else:
        value = _amount(form.get("value"), "value") or 0
    return Terms(
        **found,
        code=text.clean(form.get("code", ""))[:40],
        measure=Measure(measure),
        value=value,
        ceiling_amount=_amount(form.get("ceiling_amount"), "ceiling_amount"),
        minimum_amount=_amount(form.get("minimum_amount"), "minimum_amount") or 0,
        on_freight=form.get("on_freight") == "1",
        uses_limit=_number(form.get("uses_limit"), "uses_limit"),
        budget_amount=_amount(form.get("budget_amount"), "budget_amount"),
        scopes=_scopes(form),
    )


def limits(form: MultiDict[str, str]) -> Limits:
    """What a form changes of an open promotion.

    Raises:
        Invalid: the first field that cannot be read.
    """
    quotas = []
    for raw_id, raw in zip(form.getlist("variant"), form.getlist("quota"), strict=False):
        variant_id, units = _id(raw_id, "offers"), _number(raw, "offers")
        if variant_id is not None and units is not None:
            quotas.append((variant_id, units))
    return Limits(
        _instant(form.get("ends_at"), "ends_at"), _number(form.get("uses_limit"), "uses_limit"),
        _amount(form.get("budget_amount"), "budget_amount"), tuple(quotas),
    )  # fmt: skip


def version(form: MultiDict[str, str]) -> int:
    """Which version of it the page showed."""
    return _id(form.get("version"), "version") or 0


def local(at: datetime) -> str:
    """An instant as `datetime-local` fields hold it."""
    return at.astimezone(clock.VIETNAM).strftime("%Y-%m-%dT%H:%M")


def _grouped(amount: int | None) -> str:
    """An amount as people type it: `1.250.000`; nothing for none."""
    return f"{amount:,}".replace(",", ".") if amount else ""


def values(row: Promotion) -> MultiDict[str, Any]:
    """A promotion as its form shows it again."""
    found: MultiDict[str, Any] = MultiDict(
        {
            "name": row.name, "name_en": row.name_en or "", "starts_at": local(row.starts_at), "ends_at": local(row.ends_at),
            "payer": row.payer.value, "producer": row.producer_id or "", "fair": row.fair_id or "",
            "person_limit": row.person_limit or "", "code": row.code or "", "measure": row.measure or "",
            "value": "" if row.value is None else row.value // 100 if row.measure is Measure.PERCENT else _grouped(row.value),
            "ceiling_amount": _grouped(row.ceiling_amount), "minimum_amount": _grouped(row.minimum_amount),
            "on_freight": "1" if row.on_freight else "", "uses_limit": row.uses_limit or "",
            "budget_amount": _grouped(row.budget_amount), "version": row.version,
        }
    )  # fmt: skip
    skus = read.sku_of_product([s.subject_id for s in row.scopes if s.kind is ScopeKind.PRODUCT])
    found.setlist("scope_product", ["\n".join(skus)])
    for kind in (ScopeKind.SET, ScopeKind.PRODUCER, ScopeKind.POINT, ScopeKind.FAIR):
        found.setlist(f"scope_{kind.value}", [str(s.subject_id) for s in row.scopes if s.kind is kind])
    found.setlist("sku", [o.variant.sku for o in row.offers])
    found.setlist("price", [_grouped(o.price_amount) for o in row.offers])
    found.setlist("quota", [str(o.quota) for o in row.offers])
    return found


def rows(v: Any) -> list[tuple[str, str, str]]:
    """The rows of a sale's form: those that are filled, and some to fill."""
    if not hasattr(v, "getlist"):
        return [("", "", "")] * SPARE_ROWS
    found = list(zip(v.getlist("sku"), v.getlist("price"), v.getlist("quota"), strict=False))
    return [r for r in found if r[0].strip()] + [("", "", "")] * SPARE_ROWS
