"""What the papers of goods allow on the days of a fair, by their dates each time anew; a person's finding stands beside it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask_babel import gettext
from sqlalchemy import select

from shop.catalog import rules as catalog
from shop.catalog.models import Certificate, Product, ProductGroup, ProductSet, ProductState, Variant, VariantState
from shop.exhibitions.models.fairs import Exhibition
from shop.kernel import dates
from shop.kernel.db import in_batches, session
from shop.kernel.errors import N_
from shop.producers import rules as producers
from shop.producers.models import (
    ALCOHOL_PAPERS,
    FOOD_PAPERS,
    FOREVER,
    Paper,
    PaperKind,
    PaperState,
    Producer,
    ProducerState,
)

OK, INFO, WARN, BAD = "ok", "info", "warn", "bad"
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Found:
    """One paper by its dates: `kind` is ok, info, warn or bad; `title` is a msgid filled with `values` (days are `date`).
    `unfiled`: nobody has put a copy of it into the books, so a person must see the original."""

    kind: str
    about: str
    title: str
    values: dict[str, Any]
    unfiled: bool = False

    @property
    def told(self) -> str:
        """The sentence in the reader's language."""
        shown = {k: dates.day(v) if isinstance(v, date) else v for k, v in self.values.items()}
        return str(gettext(self.title, **shown))


@dataclass(frozen=True, slots=True)
class Papers:
    """What is known of one pack for the days of a fair. `stars`: of the certificates that hold on every day (0: none)."""

    variant_id: int
    product_id: int
    producer_id: int | None
    name: str
    pack: str
    sku: str
    slug: str
    stars: int
    found: tuple[Found, ...]

    @property
    def worst(self) -> str:
        """The worst of what was found."""
        kinds = {f.kind for f in self.found}
        return next((k for k in (BAD, WARN) if k in kinds), OK)

    @property
    def fits(self) -> bool:
        """Whether nothing that must be there is missing on any day."""
        return self.worst != BAD

    @property
    def complete(self) -> bool:
        """Whether all that must be there is there on every day, each with its copy."""
        return self.fits and not any(f.unfiled for f in self.found)


@dataclass(frozen=True, slots=True)
class _Span:
    number: str
    stars: int
    first: date
    last: date
    revoked: bool
    filed: bool


def days_of(fair: Exhibition) -> tuple[date, date]:
    """First and last day of a fair that has days."""
    first, last = fair.from_on, fair.last_on
    if first is None or last is None:
        raise ValueError(f"fair {fair.slug} has no days")
    return first, last


def of_packs(fair: Exhibition, variant_ids: Sequence[int]) -> dict[int, Papers]:
    """The papers of these packs on the days of `fair`, by variant. Three statements for five hundred packs."""
    first, last = days_of(fair)
    found: dict[int, Papers] = {}
    for batch in in_batches(sorted(set(variant_ids))):
        rows = (
            session()
            .execute(
                select(Variant, Product, Producer, ProductGroup.slug)
                .join(Product, Product.id == Variant.product_id)
                .join(ProductSet, ProductSet.id == Product.set_id)
                .join(ProductGroup, ProductGroup.id == ProductSet.group_id)
                .outerjoin(Producer, Producer.id == Product.producer_id)
                .where(Variant.id.in_(batch))
            )
            .all()
        )
        spans = _spans({product.id for _v, product, _p, _g in rows})
        copies = _copies({producer.id for _v, _p, producer, _g in rows if producer is not None})
        for variant, product, producer, group in rows:
            stars, certificate = _certificate(product, spans.get(product.id, []), first, last)
            found[variant.id] = Papers(
                variant.id, product.id, product.producer_id, product.name, variant.pack, variant.sku, product.slug, stars,
                (certificate, *_others(variant, product, producer, group in catalog.FOOD_GROUPS, first, last, copies)),
            )  # fmt: skip
    return found


def _spans(product_ids: set[int]) -> dict[int, list[_Span]]:
    found: dict[int, list[_Span]] = defaultdict(list)
    rows = session().scalars(
        select(Certificate).where(Certificate.product_id.in_(product_ids)).order_by(Certificate.id)
    )
    for c in rows:
        cut = c.revoked_on is not None and c.revoked_on <= c.expires_on
        last = c.revoked_on - _DAY if cut and c.revoked_on else c.expires_on
        found[c.product_id].append(_Span(c.number, c.stars, c.issued_on, last, cut, c.file_key is not None))
    return found


def _copies(producer_ids: set[int]) -> set[tuple[int, PaperKind]]:
    """Of which kinds of papers there is an accepted one with its copy, by producer."""
    rows = session().execute(
        select(Paper.producer_id, Paper.kind)
        .where(Paper.producer_id.in_(producer_ids), Paper.state == PaperState.ACCEPTED)
        .distinct()
    )
    return {(producer_id, kind) for producer_id, kind in rows if producer_id is not None}


def stars_over(spans: Sequence[Any], first: date, last: date) -> int:
    """The stars that hold on every day from `first` to `last`: the least of the best of each day; 0 if a day has none."""
    day, least = first, 5
    while day <= last:
        least = min(least, max((s.stars for s in spans if s.first <= day <= s.last), default=0))
        day += _DAY
    return least


def _certificate(product: Product, spans: list[_Span], first: date, last: date) -> tuple[int, Found]:
    needed = catalog.needs_certificate(catalog.CERTIFICATE_RULE.get(), product.needs_certificate)
    kind = BAD if needed else WARN
    stars = stars_over(spans, first, last)
    if stars:
        best = max((s for s in spans if s.first <= last and s.last >= last), key=lambda s: (s.stars, s.last))
        if not best.filed:
            return stars, Found(
                WARN, "certificate",
                N_("Chứng nhận OCOP %(stars)s sao (số %(number)s) ghi sổ đến %(until)s, chưa có bản chụp: phải xem bản gốc."),
                {"stars": stars, "number": best.number, "until": best.last}, unfiled=True,
            )  # fmt: skip
        return stars, Found(
            OK, "certificate", N_("Chứng nhận OCOP %(stars)s sao (số %(number)s) còn hiệu lực suốt hội chợ, đến %(until)s."),
            {"stars": stars, "number": best.number, "until": best.last},
        )  # fmt: skip
    if not spans:
        if needed:
            return 0, Found(BAD, "certificate", N_("Chưa có chứng nhận OCOP; mặt hàng này chỉ được bán khi có."), {})
        return 0, Found(INFO, "certificate", N_("Không có chứng nhận OCOP; mặt hàng này không bắt buộc."), {})
    day = first
    while any(s.first <= day <= s.last for s in spans):
        day += _DAY
    if day > first:
        ending = max((s for s in spans if s.last == day - _DAY), key=lambda s: s.stars)
        words = (
            N_("Chứng nhận số %(number)s bị thu hồi từ %(next)s, giữa kỳ hội chợ.")
            if ending.revoked
            else N_("Chứng nhận số %(number)s hết hạn ngày %(day)s, giữa kỳ hội chợ: từ %(next)s không còn sao.")
        )
        if needed and not ending.revoked:
            words = N_("Chứng nhận số %(number)s hết hạn ngày %(day)s, giữa kỳ hội chợ: từ %(next)s không được bán.")
        return 0, Found(kind, "certificate", words, {"number": ending.number, "day": day - _DAY, "next": day})
    coming = [s for s in spans if first < s.first <= last]
    if coming:
        soonest = min(coming, key=lambda s: s.first)
        return 0, Found(
            kind, "certificate", N_("Chứng nhận số %(number)s chỉ có hiệu lực từ %(day)s, sau ngày khai mạc."),
            {"number": soonest.number, "day": soonest.first},
        )  # fmt: skip
    latest = max(spans, key=lambda s: s.last)
    if latest.last >= first:
        return 0, Found(
            kind, "certificate", N_("Chứng nhận số %(number)s chỉ có hiệu lực từ %(day)s, sau khi hội chợ kết thúc."),
            {"number": latest.number, "day": latest.first},
        )  # fmt: skip
    words = N_("Chứng nhận số %(number)s hết hạn ngày %(day)s, trước ngày khai mạc.")
    if latest.revoked:
        words = N_("Chứng nhận số %(number)s đã bị thu hồi; ngày cuối còn hiệu lực là %(day)s.")
    return 0, Found(kind, "certificate", words, {"number": latest.number, "day": latest.last})


def _others(
    variant: Variant,
    product: Product,
    producer: Producer | None,
    food: bool,
    first: date,
    last: date,
    copies: set[tuple[int, PaperKind]],
) -> list[Found]:
    found = []
    if producer is not None:
        found += _house(producer)
        if food:
            filed = any((producer.id, kind) in copies for kind in FOOD_PAPERS)
            found.append(_until(producer.food_until, "food", _FOOD, first, last, filed=filed))
        if product.is_alcohol:
            filed = any((producer.id, kind) in copies for kind in ALCOHOL_PAPERS)
            found.append(_until(producer.alcohol_until, "alcohol", _ALCOHOL, first, last, filed=filed))
    if variant.state is not VariantState.SHOWN or product.state is not ProductState.SHOWN:
        found.append(Found(WARN, "listing", N_("Mặt hàng đang ẩn trên cửa hàng nên khách không tra được."), {}))
    return found


def _house(producer: Producer) -> list[Found]:
    found = []
    if producer.state is ProducerState.SUSPENDED:
        found.append(Found(BAD, "producer", N_("Cơ sở đang bị tạm ngừng."), {}))
    if producer.identity_due:
        found.append(Found(BAD, "producer", N_("Cửa hàng chưa xác minh người đại diện của cơ sở."), {}))
    return found


_FOOD = {
    "none": N_("Chưa ghi sổ giấy an toàn thực phẩm hay bản tự công bố."),
    "over": N_("Giấy an toàn thực phẩm hết hạn ngày %(day)s, trước ngày khai mạc."),
    "within": N_("Giấy an toàn thực phẩm hết hạn ngày %(day)s, giữa kỳ hội chợ."),
    "good": N_("Giấy an toàn thực phẩm còn hạn đến %(day)s."),
    "ever": N_("Có giấy an toàn thực phẩm, không ghi ngày hết hạn."),
    "unfiled": N_("Sổ ghi giấy an toàn thực phẩm còn hạn, nhưng chưa có bản chụp: phải xem bản gốc."),
}
_ALCOHOL = {
    "none": N_("Chưa ghi sổ giấy phép rượu."),
    "over": N_("Giấy phép rượu hết hạn ngày %(day)s, trước ngày khai mạc."),
    "within": N_("Giấy phép rượu hết hạn ngày %(day)s, giữa kỳ hội chợ."),
    "good": N_("Giấy phép rượu còn hạn đến %(day)s."),
    "ever": N_("Có giấy phép rượu, không ghi ngày hết hạn."),
    "unfiled": N_("Sổ ghi giấy phép rượu còn hạn, nhưng chưa có bản chụp: phải xem bản gốc."),
}


def _until(until: date | None, about: str, words: dict[str, str], first: date, last: date, *, filed: bool) -> Found:
    if until is None:
        kind = BAD if producers.PAPERS_RULE.get() == producers.RECORDED else WARN
        return Found(kind, about, words["none"], {}, unfiled=True)
    if until < last:
        kind = WARN if producers.PAPERS_RULE.get() == producers.OFF else BAD
        return Found(kind, about, words["over" if until < first else "within"], {"day": until})
    if not filed:
        return Found(WARN, about, words["unfiled"], {}, unfiled=True)
    return Found(OK, about, words["ever" if until == FOREVER else "good"], {} if until == FOREVER else {"day": until})
