"""What staff and producers do to a window by the forms of its page: text of the browser → one command."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request
from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from shop.kernel import clock, web
from shop.kernel.actor import Actor
from shop.kernel.errors import N_, NotFound, ShopError
from shop.kernel.forms import messages
from shop.places import queries as places
from shop.places.models import HOME_PROVINCE
from shop.points import queries as points
from shop.preorders import forms, queries
from shop.preorders.models import PREORDER_NAMES, UNSHARED, WINDOW_NAMES, W
from shop.preorders.queries import PREORDER_KINDS, STATE_KINDS, WindowView
from shop.preorders.services import windows
from shop.preorders.sharing import RULE_NAMES, RULE_WORDS, Rule
from shop.supply import forms as supply

Act = Callable[[Actor, str, MultiDict[str, str], str], Any]


def _dates(actor: Actor, reference: str, form: MultiDict[str, str], key: str) -> None:
    day = {n: supply.day(form.get(n), n) for n in ("harvest_from", "harvest_to", "delivery_from", "delivery_to")}
    windows.move_dates(
        actor, reference, (day["harvest_from"], day["harvest_to"]), (day["delivery_from"], day["delivery_to"]),
        form.get("reason", ""), key,
    )  # fmt: skip


def _harvest(actor: Actor, reference: str, form: MultiDict[str, str], key: str) -> None:
    units = supply.number(form.get("harvested"), "harvested", needed=True)
    windows.record_harvest(
        actor, reference, units, forms.amount(form.get("final_price_amount"), "final_price_amount"), key,
        supply.some_day(form.get("began_on"), "began_on"),
    )  # fmt: skip


# What a producer may do to his own window, and the office to every one; what is said when it is done.
ACTS: dict[str, tuple[Act, str]] = {
    "submit": (lambda a, r, _f, k: windows.submit(a, r, k), N_("Đã gửi. Khách thấy đợt này sau khi cửa hàng duyệt.")),
    "close": (
        lambda a, r, _f, k: windows.close(a, r, k),
        N_("Đã đóng đợt. Người đang trả cọc vẫn giữ chỗ đến hạn của mình."),
    ),
    "harvest": (_harvest, N_("Đã ghi sản lượng và giá.")),
    "dates": (_dates, N_("Đã đổi ngày. Mọi người đặt trước được báo qua thư và có thể rút với toàn bộ tiền cọc.")),
    "cancel": (
        lambda a, r, f, k: windows.cancel(a, r, f.get("reason", ""), k),
        N_("Đã hủy đợt. Mọi người được báo và được hoàn cọc."),
    ),
}
OFFICE_ACTS: dict[str, tuple[Act, str]] = ACTS | {
    "approve": (lambda a, r, _f, k: windows.approve(a, r, k), N_("Đã mở đợt cho khách.")),
    "send-back": (lambda a, r, f, k: windows.send_back(a, r, f.get("reason", ""), k), N_("Đã trả lại để sửa.")),
}


def hang(bp: Blueprint, view: Callable[..., Any], names: Sequence[str]) -> None:
    """Let `view(reference, what)` answer the form of each step at its own address."""
    for what in names:
        bp.add_url_rule(
            f"/preorders/<reference>/{what}", endpoint=what.replace("-", "_"), view_func=view, defaults={"what": what},
            methods=["POST"],
        )  # fmt: skip


def fresh() -> MultiDict[str, str]:
    """What the form of a new window begins with."""
    return MultiDict({"ships": "1", "rule": "first_come", "deposit_percent": "20"})


def form(
    template: str, here: str, maker: Any, province: str | None, address: str, typed: Any, error: ShopError | None = None
) -> Any:
    """The form of a window of `maker`, sent to `address`; with the words that were refused."""
    shown = render_template(
        template, here=here, maker=maker, address=web.path(address), **form_page(maker.id, province, typed, error)
    )
    return make_response(shown, error.status if error else 200)


def done(command: Callable[[], Any], refused: Callable[[ShopError], Any], words: str, to: Callable[[Any], str]) -> Any:
    """What a form does: one command, then `words` at the page that `to` names by its result; or `refused` shows the form again.

    Raises:
        NotFound: what it is about is not there.
    """
    try:
        result = command()
    except NotFound:
        raise
    except ShopError as error:
        return refused(error)
    flash(gettext(words), "ok")
    return redirect(web.path(to(result)), 303)


def page(found: WindowView, what: str = "", error: ShopError | None = None) -> dict[str, Any]:
    """What the page of a window shows; `what` is the form that was refused, whose words are kept."""
    row = found.row
    typed: Any = request.form if error else {}
    days = {n: getattr(row, n) for n in ("harvest_from", "harvest_to", "delivery_from", "delivery_to")}
    return {
        "w": found,
        "row": row,
        "names": WINDOW_NAMES,
        "kinds": STATE_KINDS,
        "claim_names": PREORDER_NAMES,
        "claim_kinds": PREORDER_KINDS,
        "rule": RULE_NAMES[row.rule],
        "rule_words": RULE_WORDS[row.rule],
        "claims": queries.claims(row.id),
        "sums": queries.sums(row.id),
        "last_day": forms.last_day(row),
        "began_on": min(row.harvest_from, clock.today()),
        "earliest": windows.earliest_harvest(row),
        "today": clock.today(),
        "is_draft": row.state in (W.DRAFT, W.PROPOSED),
        "is_unshared": row.state in UNSHARED,
        "about": what,
        "v": typed if what else days,
        "days": typed if what == "dates" else days,
        "errors": messages(error),
        "error_code": error.code if error else None,
        "op_key": supply.op_key(request.form, error),
    }


def form_page(producer_id: int, province: str | None, typed: Any, error: ShopError | None = None) -> dict[str, Any]:
    """What the form of a window shows."""
    open_points = points.open_points()
    return {
        "v": typed,
        "packs": queries.packs_of(producer_id),
        "harvests": queries.harvests_of(producer_id),
        "points": [(p.slug, p.name) for p in open_points],
        "pickups": [(p.slug, p.name) for p in points.pickup_points()],
        "communes": places.commune_choices(province or HOME_PROVINCE),
        "rules": [(r.value, RULE_NAMES[r], RULE_WORDS[r]) for r in Rule],
        "chosen_pickups": set(typed.getlist("pickup")) if hasattr(typed, "getlist") else set(),
        "chosen_localities": set(typed.getlist("localities")) if hasattr(typed, "getlist") else set(),
        "errors": messages(error),
        "error_code": error.code if error else None,
        "op_key": supply.op_key(request.form, error),
    }
