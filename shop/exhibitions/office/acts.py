"""What the pages of a fair's days share: one command, its answer or its refusal on the page it came from; what was typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from flask import flash, redirect, request

from shop.kernel import clock, operations, web
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.kernel.money import parse_vnd

HERE = "/office/exhibitions"


def answered(to: str, command: Callable[[], str | None], again: Callable[[ShopError], Any], *, kind: str = "ok") -> Any:
    """Run `command`; on success say what it returns and lead to the address `to`, else show the page again with the refusal."""
    try:
        said = command()
    except NotFound:
        raise
    except ShopError as error:
        return again(error)
    if said:
        flash(said, kind)
    return redirect(web.path(to), 303)


def op_key(error: ShopError | None = None) -> str:
    """The key of the form that is shown again after a refusal of its words, or a new one."""
    keep = error is not None and error.field != "op_key" and error.status == 422
    return str(request.form.get("op_key") or operations.new_key()) if keep else operations.new_key()


def moment(raw: str | None, field: str, *, needed: str = "") -> datetime | None:
    """What a field of day and time says (local time of Vietnam); None if it is blank and not `needed`.

    Raises:
        Invalid.
    """
    typed = (raw or "").strip()
    if not typed:
        if needed:
            raise Invalid(needed, field=field)
        return None
    try:
        found = datetime.fromisoformat(typed)
    except ValueError as error:
        raise Invalid(N_("Ngày giờ chưa đúng."), field=field) from error
    if not clock.FIRST_DAY <= found.date() <= clock.LAST_DAY:
        raise Invalid(N_("Ngày giờ chưa đúng."), field=field)
    return found if found.tzinfo else found.replace(tzinfo=clock.VIETNAM)


def local(at: datetime) -> str:
    """An instant as such a field shows it."""
    return at.astimezone(clock.VIETNAM).strftime("%Y-%m-%dT%H:%M")


def row_id(raw: str | None, field: str) -> int | None:
    """The id that a field chose; None if it is blank.

    Raises:
        Invalid: it is no id.
    """
    typed = (raw or "").strip()
    if not typed:
        return None
    if not (typed.isascii() and typed.isdecimal() and len(typed) <= 18):
        raise Invalid(N_("Hãy chọn trong danh sách."), field=field)
    return int(typed)


def amount(raw: str | None, field: str) -> int | None:
    """Whole đồng; None if blank.

    Raises:
        Invalid.
    """
    if not (raw or "").strip():
        return None
    try:
        return parse_vnd(raw or "")
    except (ValueError, Invalid) as error:
        raise Invalid(N_("Số tiền chưa đúng."), field=field) from error


def one_of(form: Mapping[str, Any], field: str, known: Any) -> Any:
    """The value of an enum that a field chose.

    Raises:
        Invalid: none of them.
    """
    raw = form.get(field, "")
    if raw not in set(known):
        raise Invalid(N_("Hãy chọn trong danh sách."), field=field)
    return known(raw)
