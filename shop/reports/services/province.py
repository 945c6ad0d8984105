"""The province freezes its summary of a month, with what stands on the signed sheet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy.exc import IntegrityError

from shop.kernel import audit, clock, text
from shop.kernel.actor import Actor
from shop.kernel.db import transaction
from shop.kernel.errors import N_, Invalid
from shop.reports import figures, rules
from shop.reports.errors import SummaryMovedOn
from shop.reports.models import ProvinceReport
from shop.reports.queries import province as queries

# What stands on the sheet (Decree 30/2020/NĐ-CP, annex I): (name, longest).
PAPER = {
    "organ_above": 120, "organ": 160, "number": 40, "place": 80, "day": 10, "signer_office": 160, "signer": 120,
    "recipients": 1000, "assessment": 4000, "proposals": 4000,
}  # fmt: skip
NEEDED = {
    "organ": N_("Hãy ghi cơ quan ban hành."),
    "number": N_("Hãy ghi số, ký hiệu."),
    "place": N_("Hãy ghi địa danh."),
    "signer_office": N_("Hãy ghi chức danh người ký."),
    "recipients": N_("Hãy ghi nơi nhận."),
}


def _checked(paper: Mapping[str, str]) -> dict[str, Any]:
    kept = {key: text.clean(paper.get(key, "")) for key in PAPER}
    for key, sentence in NEEDED.items():
        if not kept[key]:
            raise Invalid(sentence, field=key)
    for key, longest in PAPER.items():
        if len(kept[key]) > longest:
            raise Invalid(N_("Nhiều nhất %(n)s ký tự."), field=key, n=longest)
    try:
        day = clock.read_day(kept["day"])
    except ValueError:
        raise Invalid(N_("Hãy ghi ngày ban hành."), field="day") from None
    kept["day"] = day.isoformat()
    return kept


def freeze(actor: Actor, month: date, paper: Mapping[str, str], why: str, seen: str, *, is_demo: bool = False) -> int:
    """Freeze the summary of a month as its page showed it (`seen`); return the number of the version.

    Raises:
        Invalid: the month is not over; something of the sheet is missing; a further version without a word why.
        SummaryMovedOn: the figures have changed since, or somebody else has frozen at this moment.
    """
    if clock.today() < rules.end_of(month):
        raise Invalid(N_("Tháng này chưa hết nên chưa chốt được tổng hợp."))
    kept, why = _checked(paper), text.clean(why)
    # Counted before the transaction: it reads much; the instant says what belongs to it.
    content = queries.summary(month)
    if queries.seen(content) != seen:
        raise SummaryMovedOn
    try:
        with transaction() as s:
            before = queries.versions(month)
            number = before[0].version + 1 if before else 1
            if before and len(why) < 5:
                raise Invalid(N_("Hãy ghi vì sao có bản mới (ít nhất 5 ký tự)."), field="why")
            made = figures.digest(content)
            s.add(
                ProvinceReport(
                    month=month, version=number, content=content, paper=kept, digest=made, why=why or None if before else None,
                    frozen_at=clock.now(), frozen_by=actor.key, frozen_label=actor.label, is_demo=is_demo,
                )
            )  # fmt: skip
            s.flush()
            audit.record(actor, "reports.summary", f"summary:{rules.spelt(month)}", version=number, digest=made)
            return number
    except IntegrityError:
        raise SummaryMovedOn from None
