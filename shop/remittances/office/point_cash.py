"""`/office/point-cash`: keepers put their points' cash into bags for the bank; a second person counts each before it leaves."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request
from flask_babel import gettext

from shop.accounts import guards
from shop.kernel import web
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.points import queries as points
from shop.remittances.bag_models import BAG_STATE_NAMES
from shop.remittances.office import P, amount, attempt, bp, key, shown, whole, word
from shop.remittances.office.cash import BAG_KINDS
from shop.remittances.queries import bags as read
from shop.remittances.services import bags

PLACE = "/office/point-cash"


def of_bag(reference: str, **_: Any) -> str | None:
    """The scope of the point that a bag's cash is from; the office's own is for all alone."""
    return read.scope_of(reference)


@bp.get("/point-cash")
@guards.requires(P.CASH_CARRY)
def point_cash() -> Any:
    """The cash of the reader's points, and their bags."""
    return _page()


def _page(error: ShopError | None = None) -> Any:
    mine = points.ids_in(guards.scopes(P.CASH_CARRY))
    view = read.of_points(request.args, PLACE, mine)
    if view.export:
        return view.download()
    safes = [s for s in read.safes() if s.point_id is not None and (mine is None or s.point_id in mine)]
    return shown(
        "point_cash", error, here=PLACE, view=view, safes=safes, states=BAG_STATE_NAMES, kinds=BAG_KINDS,
        choices=[(str(s.point_id), str(s.name)) for s in safes if s.free_amount > 0], who=guards.actor().label,
    )  # fmt: skip


@bp.post("/point-cash")
@guards.requires(P.CASH_CARRY)
def point_cash_seal() -> Any:
    """A bag is counted and sealed."""
    try:
        raw = word("point", 12)
        if not (raw.isascii() and raw.isdigit() and guards.may(P.CASH_CARRY, f"point:{raw}")):
            raise Invalid(N_("Hãy chọn nơi để tiền."), field="point")
        reference = bags.seal(
            guards.actor(), point_id=int(raw), bag_number=word("bag_number"), amount=amount("amount", low=1),
            carried_by=word("carried_by"), note=word("note"), op_key=key(),
        )  # fmt: skip
    except NotFound:
        raise
    except ShopError as error:
        return _page(error)
    flash(gettext("Đã ghi túi %(r)s. Nhờ một người khác đếm lại trước khi mang đi.", r=reference), "ok")
    return redirect(web.path(f"{PLACE}/{reference}"), 303)


@bp.get("/point-cash/<reference>")
@guards.requires(P.CASH_CARRY, scope=of_bag)
def point_bag(reference: str) -> Any:
    """One bag: its state, and what is to be done with it."""
    return _bag(reference)


def _bag(reference: str, error: ShopError | None = None) -> Any:
    found = read.bag(reference)
    return shown(
        "point_bag", error, here=PLACE, b=found, states=BAG_STATE_NAMES, kinds=BAG_KINDS,
        own=found.created_key == guards.actor().key,
    )  # fmt: skip


@bp.post("/point-cash/<reference>/count")
@guards.requires(P.CASH_CARRY, scope=of_bag)
def point_bag_count(reference: str) -> Any:
    """A second person has counted it: it leaves."""
    return attempt(
        lambda e: _bag(reference, e), "", gettext("Hai số đếm khớp nhau. Túi đang được mang nộp ngân hàng."),
        lambda: bags.count_again(guards.actor(), reference, amount("amount", low=1), whole("version"), op_key=key()),
        to=f"{PLACE}/{reference}",
    )  # fmt: skip


@bp.post("/point-cash/<reference>/open")
@guards.requires(P.CASH_CARRY, scope=of_bag)
def point_bag_open(reference: str) -> Any:
    """It is opened again before it left, or was brought back."""
    return attempt(
        lambda e: _bag(reference, e), "", gettext("Đã mở túi; tiền nằm lại tại điểm."),
        lambda: bags.bring_back(guards.actor(), reference, word("reason"), whole("version"), op_key=key()),
        to=f"{PLACE}/{reference}",
    )  # fmt: skip
