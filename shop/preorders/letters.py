"""The letters about pre-orders, each in the buyer's language. One letter for one fact and reader."""

from __future__ import annotations

from typing import Any

from flask import current_app, render_template
from flask_babel import force_locale, gettext

from shop.kernel import mail
from shop.kernel.db import session, transaction
from shop.kernel.errors import N_
from shop.kernel.events import on_later
from shop.orders import services as orders
from shop.preorders import queries
from shop.preorders.events import PreorderConfirmed, Preordered, PreorderEnded, WindowMoved, WindowShared
from shop.preorders.models import Preorder, S, WindowStep
from shop.preorders.services import places

SUBJECTS = {
    "placed": N_("Đã ghi lượt đặt trước %(r)s"),
    "confirmed": N_("Chỗ của bạn đã được giữ: %(r)s"),
    "carried": N_("Bạn có chỗ trong đợt mới: %(r)s"),
    "moved": N_("Vụ bạn đặt trước đổi ngày: %(r)s"),
    "shared": N_("Kết quả chia hàng cho lượt đặt trước %(r)s"),
    "ended": N_("Lượt đặt trước %(r)s đã kết thúc"),
}


def _post(row: Preorder | None, kind: str, *, once: str = "", **values: Any) -> None:
    if row is None or not row.email:
        return
    key = str(current_app.secret_key)
    base = current_app.extensions["shop_config"].base_url + ("/en" if row.locale == "en" else "")
    link = f"{base}/dat-truoc/{row.reference}?k={places.secret_of(row.reference)}"
    with force_locale(row.locale):
        seen = queries.whole(row)
        confirms = kind == "placed" and seen.deposit is None
        pays = kind == "placed" and seen.deposit is not None
        if confirms:
            link += f"&c={places.confirming(row.reference)}"
        pay_url = ""
        if pays and seen.deposit is not None:
            pay_url = f"{base}/don-hang/{seen.deposit[0]}?k={orders.secret_for(key, seen.deposit[0])}"
        texts = {True: gettext("Xác nhận giữ chỗ"), False: gettext("Xem lượt đặt trước")}
        subject = gettext(SUBJECTS[kind], r=row.reference)
        context = {
            "lang": row.locale,
            "shop_url": base + "/",
            "button_url": pay_url or link,
            "button_text": gettext("Trả tiền cọc") if pays else texts[confirms],
            "why": gettext("Bạn nhận thư này vì đã đặt trước mùa vụ ở Chợ Bến với địa chỉ này."),
            "subject": subject,
            "kind": kind,
            "p": row,
            "w": seen.window,
            "seen": seen,
        } | values
        text = render_template("preorders/letters/preorder.txt", **context)
        html = render_template("preorders/letters/preorder.html", **context)
    about = f"user:{row.user_id}" if row.user_id is not None else None
    with transaction():
        mail.post(
            f"preorder-{kind}:{row.reference}{once}", f"preorder.{kind}", row.email, subject, text, html, about=about
        )


@on_later(Preordered, name="preorders.letter-placed")
def placed(fact: Preordered) -> None:
    """What was asked for, and how to pay the deposit or to confirm."""
    _post(queries.by_id(fact.preorder_id), "placed")


@on_later(PreorderConfirmed, name="preorders.letter-confirmed")
def confirmed(fact: PreorderConfirmed) -> None:
    """The places are the buyer's; or they come from an earlier window."""
    _post(queries.by_id(fact.preorder_id), "carried" if fact.carried else "confirmed")


@on_later(PreorderEnded, name="preorders.letter-ended")
def ended(fact: PreorderEnded) -> None:
    """It ended: why, and what becomes of the deposit."""
    row = queries.by_id(fact.preorder_id)
    if row is not None and row.state in (S.LEFT, S.LAPSED, S.CALLED_OFF):
        _post(row, "ended")


@on_later(WindowMoved, name="preorders.letter-moved")
def moved(fact: WindowMoved) -> None:
    """The days moved: to everybody whose places count."""
    found = session().get(WindowStep, fact.step_id)
    told = queries.Moved.of(found) if found is not None else None
    for preorder_id in queries.living(fact.window_id):
        _post(queries.by_id(preorder_id), "moved", once=f":{fact.step_id}", told=told)


@on_later(WindowShared, name="preorders.letter-shared")
def shared(fact: WindowShared) -> None:
    """Who gets what, and why: to everybody who was served or not."""
    key = str(current_app.secret_key)
    for preorder_id in queries.living(fact.window_id):
        row = queries.by_id(preorder_id)
        if row is None or row.state is not S.SHARED:
            continue
        goods = queries.whole(row).goods
        base = current_app.extensions["shop_config"].base_url + ("/en" if row.locale == "en" else "")
        values: dict[str, Any] = {}
        if goods is not None:
            values["order_url"] = f"{base}/don-hang/{goods[0]}?k={orders.secret_for(key, goods[0])}"
        _post(row, "shared", **values)
