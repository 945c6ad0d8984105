"""What the forms of the programme's year send."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from shop.kernel import money, text
from shop.kernel.errors import N_, Invalid
from shop.kernel.forms import day


def whole(form: Mapping[str, str], field: str) -> int | None:
    """A number of things; None if nothing is written.

    Raises:
        Invalid: no whole number from 0 on.
    """
    raw = form.get(field, "").strip()
    if not raw:
        return None
    found = text.whole(raw)
    if found is None or found > 999_999_999:
        raise Invalid(N_("Hãy ghi một số nguyên từ 0 trở lên."), field=field)
    return found


def number(form: Mapping[str, str], field: str) -> int:
    """A number that a page itself wrote (an id, a version); 0 if it is none."""
    raw = form.get(field, "")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 15 else 0


def producer_figure(form: Mapping[str, str]) -> tuple[date, int | None, int | None, str]:
    """Day, jobs, turnover in đồng, source.

    Raises:
        Invalid: at its field.
    """
    as_of = day(form.get("as_of", ""), "as_of")
    if as_of is None:
        raise Invalid(N_("Hãy ghi số liệu tính đến ngày nào."), field="as_of")
    raw = form.get("turnover", "").strip()
    try:
        turnover = money.parse_vnd(raw) if raw else None
    except Invalid as error:
        raise Invalid(error.title, field="turnover", **error.values) from None
    return as_of, whole(form, "jobs"), turnover, form.get("source", "")
