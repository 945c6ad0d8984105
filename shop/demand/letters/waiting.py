"""Letters to those who wait and gave an e-mail address, each in its reader's language. One letter a fact."""

from __future__ import annotations

from typing import Any

from flask import current_app, render_template
from flask_babel import force_locale, gettext

from shop.demand.events import OfferEnded, OfferMade, WaitAsked, WaitJoined
from shop.demand.models.waiting import OPEN, OfferState, WaitEntry, WaitState
from shop.demand.queries import waiting as queries
from shop.demand.rules import waiting as rules
from shop.demand.services import waiting
from shop.kernel import mail
from shop.kernel.db import session, transaction
from shop.kernel.errors import N_
from shop.kernel.events import on_later

SUBJECTS = {
    "confirm": N_("Xác nhận chờ hàng: %(name)s"),
    "joined": N_("Bạn đã vào hàng chờ: %(name)s"),
    "offer": N_("Đã có hàng, đang giữ cho bạn: %(name)s"),
    "lapsed": N_("Hết hạn giữ hàng: %(name)s"),
    "withdrawn": N_("Phần hàng giữ cho bạn không còn: %(name)s"),
}
BUTTONS = {
    "confirm": N_("Xác nhận chờ hàng"),
    "joined": N_("Xem chỗ chờ của tôi"),
    "offer": N_("Xem phần hàng giữ cho tôi"),
    "lapsed": N_("Xem chỗ chờ của tôi"),
    "withdrawn": N_("Xem chỗ chờ của tôi"),
}


def _post(kind: str, key: str, entry: WaitEntry, offer: queries.OfferView | None = None) -> None:
    if not entry.email or entry.blanked_at is not None:
        return
    view = queries.view(entry)
    english = entry.locale == "en"
    name = (view.product_en if english else None) or view.product
    base = current_app.extensions["shop_config"].base_url + ("/en" if english else "")
    about = offer.reference if kind == "offer" and offer else entry.reference
    secret = waiting.secret_for(str(current_app.secret_key), about)
    way = "giu-hang" if kind == "offer" else "cho-hang"
    with force_locale(entry.locale):
        context: dict[str, Any] = {
            "lang": entry.locale,
            "shop_url": base + "/",
            "button_url": f"{base}/{way}/{about}?k={secret}",
            "button_text": gettext(BUTTONS[kind]),
            "why": gettext(
                "Bạn nhận thư này vì địa chỉ này được dùng để chờ hàng ở Chợ Bến. Nếu không phải bạn, hãy bỏ qua thư này."
            ),
            "subject": gettext(SUBJECTS[kind], name=name),
            "kind": kind,
            "name": name,
            "view": view,
            "pack": (view.pack_en if english else None) or view.pack,
            "entry": entry,
            "offer": offer,
            "ended": entry.state is WaitState.ENDED,
            "most_lapses": rules.MOST_LAPSES.get(),
            "confirm_hours": rules.CONFIRM_HOURS.get(),
        }
        text = render_template("demand/letters/waiting.txt", **context)
        html = render_template("demand/letters/waiting.html", **context)
    with transaction():
        person = f"user:{entry.user_id}" if entry.user_id is not None else None
        mail.post(key, f"waiting.{kind}", entry.email, context["subject"], text, html, about=person)


@on_later(WaitAsked, name="waiting.letter-confirm")
def asked(fact: WaitAsked) -> None:
    """Does the owner of this address want to wait? At most one such letter a day; who waits already is told where he stands."""
    entry = session().get(WaitEntry, fact.entry_id)
    if entry is None or entry.state not in OPEN:
        return
    kind = "confirm" if entry.state is WaitState.UNCONFIRMED else "joined"
    _post(kind, f"waiting-{kind}:{entry.reference}:{fact.day}", entry)


@on_later(WaitJoined, name="waiting.letter-joined")
def joined(fact: WaitJoined) -> None:
    """He waits now; the letter keeps the link to his place."""
    entry = session().get(WaitEntry, fact.entry_id)
    if entry is not None and entry.state is WaitState.WAITING:
        _post("joined", f"waiting-joined:{entry.reference}", entry)


@on_later(OfferMade, name="waiting.letter-offer")
def offered(fact: OfferMade) -> None:
    """Goods are kept for him, until when."""
    found = queries.offer_by_id(fact.offer_id)
    if found is not None and found[1].state is OfferState.OPEN:
        _post("offer", f"waiting-offer:{found[1].reference}", *found)


@on_later(OfferEnded, name="waiting.letter-ended")
def ended(fact: OfferEnded) -> None:
    """Goods are no longer kept for him, and what that means for his place."""
    found = queries.offer_by_id(fact.offer_id)
    if found is not None:
        kind = "lapsed" if found[1].state is OfferState.LAPSED else "withdrawn"
        _post(kind, f"waiting-{kind}:{found[1].reference}", *found)
