"""`/office/remittances/cash`: where cash lies by the books, and bags of it on their way to the bank."""

from __future__ import annotations

from typing import Any

from flask import flash, request
from flask_babel import gettext

from shop.accounts import guards
from shop.kernel import money
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.remittances.bag_models import BAG_STATE_NAMES, BagState
from shop.remittances.office import HERE, P, amount, attempt, back, bp, key, shown, whole, word
from shop.remittances.queries import bags as bag_queries
from shop.remittances.services import bags

BAG_KINDS = {BagState.SEALED: "info", BagState.CARRIED: "warn", BagState.ARRIVED: "ok", BagState.BACK: ""}


@bp.get("/remittances/cash")
@guards.requires_all(P.REMITTANCE_READ)
def cash() -> Any:
    """Where cash lies, and what is on its way to the bank."""
    return _cash()


def _cash(error: ShopError | None = None) -> Any:
    view = bag_queries.carried(request.args, f"{HERE}/cash")
    if view.export:
        return view.download()
    safes = bag_queries.safes()
    places = [(str(s.point_id or "office"), f"{s.name or gettext('Văn phòng')}: {money.vnd(s.amount)}") for s in safes]
    return shown("cash", error, view=view, safes=safes, places=places, states=BAG_STATE_NAMES, kinds=BAG_KINDS)


@bp.post("/remittances/cash")
@guards.requires_all(P.REMITTANCE_HANDLE)
def cash_carry() -> Any:
    """A bag leaves for the bank."""
    try:
        place = word("point", 12)
        if place != "office" and not (place.isascii() and place.isdigit()):
            raise Invalid(N_("Hãy chọn nơi để tiền."), field="point")
        reference = bags.carry(
            guards.actor(), point_id=None if place == "office" else int(place), bag_number=word("bag_number"),
            amount=amount("amount", low=1), counted_by=word("counted_by"), carried_by=word("carried_by"),
            note=word("note"), op_key=key(),
        )  # fmt: skip
    except NotFound:
        raise
    except ShopError as error:
        return _cash(error)
    flash(gettext("Đã ghi túi %(r)s đang mang nộp ngân hàng.", r=reference), "ok")
    return back(f"/cash/{reference}")


@bp.get("/remittances/cash/<reference>")
@guards.requires_all(P.REMITTANCE_READ)
def cash_bag(reference: str) -> Any:
    """One bag."""
    return _bag(reference)


def _bag(reference: str, error: ShopError | None = None) -> Any:
    return shown("cash_bag", error, b=bag_queries.bag(reference), states=BAG_STATE_NAMES, kinds=BAG_KINDS)


@bp.post("/remittances/cash/<reference>/back")
@guards.requires_all(P.REMITTANCE_HANDLE)
def cash_back(reference: str) -> Any:
    """It never went to the bank."""
    return attempt(
        lambda e: _bag(reference, e), f"/cash/{reference}", gettext("Đã ghi là mang về; tiền nằm lại chỗ cũ."),
        lambda: bags.bring_back(guards.actor(), reference, word("reason"), whole("version"), op_key=key()),
    )  # fmt: skip


@bp.post("/remittances/cash/<reference>/close")
@guards.requires_all(P.REMITTANCE_HANDLE)
def cash_close(reference: str) -> Any:
    """The bank counted less."""
    return attempt(
        lambda e: _bag(reference, e), f"/cash/{reference}", gettext("Đã ghi phần thiếu là chênh lệch của điểm."),
        lambda: bags.close(guards.actor(), reference, word("reason"), whole("version"), op_key=key()),
    )  # fmt: skip
