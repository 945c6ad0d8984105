"""`/producer/fairs`: fairs that take applications, the own application step by step, the booth, offers and swaps."""

from __future__ import annotations

from typing import Any

from flask import flash, g, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.exhibitions import call_words
from shop.exhibitions.errors import AlreadyApplied
from shop.exhibitions.models.allotting import OFFER_NAMES, SWAP_NAMES, OfferState, SwapState
from shop.exhibitions.models.calls import APPLICATION_NAMES, PAPERS_NAMES, ApplicationState
from shop.exhibitions.models.fairs import BoothType, Exhibition, FairState
from shop.exhibitions.portal import bp
from shop.exhibitions.queries import allotting as rules
from shop.exhibitions.queries import calls, fairs, papers
from shop.exhibitions.queries.calls import Whole
from shop.exhibitions.services import applications, moving, offers
from shop.kernel import clock, web
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.kernel.forms import messages
from shop.producers import maker
from shop.producers import queries as producers
from shop.producers.maker import Maker
from shop.supply import forms

HERE = "/producer/fairs"
P = Permission
A = ApplicationState
STEPS = (
    ("goods", N_("Hàng mang đến")),
    ("place", N_("Gian hàng")),
    ("contact", N_("Liên hệ")),
    ("", N_("Xem lại và nộp")),
)


def of_application(reference: str, **_values: Any) -> str | None:
    """The scope of the producer whose application an address names."""
    found = fairs.producer_of_application(reference)
    return f"producer:{found}" if found is not None else None


def _whose() -> Maker:
    """The producer whose page is shown; of a form the one whose page was filled in."""
    if request.method == "GET":
        return maker.current(P.EXHIBITION_APPLY)
    found = next((m for m in maker.mine(P.EXHIBITION_APPLY) if m.slug == request.form.get("producer", "")), None)
    if found is None:
        raise NotFound
    g.maker = found
    return found


def _theirs(reference: str) -> Whole:
    found = calls.whole(reference)
    mine = next((m for m in maker.mine(P.EXHIBITION_APPLY) if m.id == found.row.producer_id), None)
    if mine is None:
        raise NotFound
    g.maker = mine
    return found


def _back(reference: str, part: str = "") -> Any:
    return redirect(web.path(f"{HERE}/{reference}") + part, 303)


@bp.get("/fairs")
@guards.requires(P.EXHIBITION_APPLY)
def fairs_of_mine() -> Any:
    """Fairs that take applications, and the producer's own."""
    here = maker.current(P.EXHIBITION_APPLY)
    return render_template(
        "exhibitions/portal/fairs.html", here=HERE, calls=calls.open_calls(here.id, clock.today()),
        rows=calls.of_producer(here.id), names=APPLICATION_NAMES, kinds=calls.STATE_KINDS,
    )  # fmt: skip


# --- beginning -----------------------------------------------------------------------------------------------------


def _call(slug: str, error: ShopError | None = None) -> Any:
    here = _whose()
    fair = fairs.public(slug)
    if fair.state is FairState.RECORDED:
        raise NotFound
    row = rules.rule_row(fair.id)
    producer = producers.by_id(here.id)
    mine = calls.at_fair(here.id, fair.id)
    page = render_template(
        "exhibitions/portal/call.html", here=HERE, fair=fair, maker=here, mine=mine, names=APPLICATION_NAMES,
        may_start=fair.takes_applications(clock.today()) and (mine is None or mine[1] is A.WITHDRAWN),
        offers=[_offered(fair, t, producer.province_code if producer else None) for t in calls.types(fair.id)],
        rule=call_words.rule_lines(rules.rule_of(row)), seed_digest=row.seed_digest if row and row.announced_at else None,
        errors=messages(error), error_code=error.code if error else None,
    )  # fmt: skip
    return make_response(page, error.status if error else 200)


def _offered(fair: Exhibition, kind: BoothType, province: str | None) -> dict[str, Any]:
    """A booth type and what it would cost the producer; the subsidy of one that asks for stars as if he had them."""
    fee, subsidy = rules.fee_of(fair, kind, province, 5)
    return {"kind": kind, "fee": fee, "subsidy": subsidy, "pays": fee - subsidy}


@bp.get("/fairs/call/<slug>")
@guards.requires(P.EXHIBITION_APPLY)
def call_of(slug: str) -> Any:
    """What a fair offers and by what rule booths are given out."""
    return _call(slug)


@bp.post("/fairs/call/<slug>")
@guards.requires(P.EXHIBITION_APPLY)
def begin_application(slug: str) -> Any:
    """Begin an application."""
    here = _whose()
    try:
        reference = applications.start(guards.actor(), here.id, slug)
    except NotFound:
        raise
    except ShopError as error:
        mine = calls.at_fair(here.id, fairs.public(slug).id)
        if isinstance(error, AlreadyApplied) and mine is not None and mine[1] is A.DRAFT:
            return _back(mine[0], "/apply/goods")  # a second click begins nothing else
        return _call(slug, error)
    return _back(reference, "/apply/goods")


# --- the application -----------------------------------------------------------------------------------------------


def _page(found: Whole, what: str = "", error: ShopError | None = None) -> Any:
    today, row, fair = clock.today(), found.row, found.fair
    missing = applications.lacking(row) if row.state in applications.WRITABLE else []
    standing = found.stand is not None and fair.state is FairState.ALLOTTED
    page = render_template(
        "exhibitions/portal/application.html", here=HERE, a=found, row=row, fair=fair, steps=STEPS, step="",
        names=APPLICATION_NAMES, kinds=calls.STATE_KINDS, papers_names=PAPERS_NAMES, papers_kinds=calls.PAPERS_KINDS,
        writable=row.state in applications.WRITABLE, missing=messages_of(missing),
        late=row.state is A.DRAFT and not fair.takes_applications(today),
        may_withdraw=row.state not in (A.WITHDRAWN, A.REFUSED)
        and fair.state in (FairState.ANNOUNCED, FairState.ALLOTTED, FairState.CANCELLED),
        may_return=row.state is A.WITHDRAWN and fair.takes_applications(today),
        sent_back=next((s for s in reversed(row.steps) if s.to_state == row.state), None),
        others=calls.others_standing(fair.id, row.id) if standing else [], offer=found.open_offer,
        offer_fee=_cost(found, found.open_offer.kind) if found.open_offer else None, offer_names=OFFER_NAMES,
        swap_names=SWAP_NAMES, asked=[s for s in found.swaps if s.state is SwapState.ASKED],
        past_swaps=[s for s in found.swaps if s.state is not SwapState.ASKED],
        past_offers=[o for o in found.offers if o.state is not OfferState.OPEN],
        about=what, v=request.form if error else {}, errors=messages(error), error_code=error.code if error else None,
        op_key=forms.op_key(request.form, error),
    )  # fmt: skip
    return make_response(page, error.status if error else 200)


def messages_of(refusals: list[Invalid]) -> list[tuple[str, str]]:
    """(step, words) of what an application lacks."""
    return [("goods" if r.field == "goods" else "contact", gettext(r.title, **r.values)) for r in refusals]


def _cost(found: Whole, kind: BoothType) -> tuple[int, int]:
    return rules.fee_of(found.fair, kind, found.producer.province_code, found.stars)


@bp.get("/fairs/<reference>")
@guards.requires(P.EXHIBITION_APPLY, scope=of_application)
def application(reference: str) -> Any:
    """The application as it stands: what is missing, what the organiser says, the booth."""
    return _page(_theirs(reference))


def _act(reference: str, what: str, command: Any, words: str) -> Any:
    """Carry `command` out and say `words`; a refusal is shown at its place on the application's page."""
    _theirs(reference)
    try:
        command()
    except NotFound:
        raise
    except ShopError as error:
        return _page(_theirs(reference), what, error)
    flash(words, "ok")
    return _back(reference)


@bp.post("/fairs/<reference>/submit")
@guards.requires(P.EXHIBITION_APPLY, scope=of_application)
def submit_application(reference: str) -> Any:
    """Hand it in."""
    return _act(
        reference, "submit", lambda: applications.submit(guards.actor(), reference),
        gettext("Đã nộp hồ sơ. Ban tổ chức xem giấy tờ rồi báo cho bạn."),
    )  # fmt: skip


@bp.post("/fairs/<reference>/withdraw")
@guards.requires(P.EXHIBITION_APPLY, scope=of_application)
def withdraw_application(reference: str) -> Any:
    """Take it back."""
    return _act(
        reference, "withdraw",
        lambda: applications.withdraw(guards.actor(), reference, request.form.get("reason")),
        gettext("Đã rút hồ sơ."),
    )  # fmt: skip


@bp.post("/fairs/<reference>/offer")
@guards.requires(P.EXHIBITION_APPLY, scope=of_application)
def answer_offer(reference: str) -> Any:
    """Take the booth that is offered, or do without it."""
    offered = request.form.get("offer", "")
    if all(o.reference != offered for o in _theirs(reference).offers):
        raise NotFound
    if request.form.get("do") == "accept":
        words = gettext("Bạn đã nhận gian.")
        return _act(reference, "offer", lambda: offers.accept(guards.actor(), offered), words)
    words = gettext("Đã trả lời. Bạn vẫn giữ chỗ trong danh sách chờ.")
    return _act(reference, "offer", lambda: offers.decline(guards.actor(), offered), words)


@bp.post("/fairs/<reference>/swap")
@guards.requires(P.EXHIBITION_APPLY, scope=of_application)
def swap_booth(reference: str) -> Any:
    """Ask another to change booths, take that back, or answer."""
    actor, do, form = guards.actor(), request.form.get("do", ""), request.form
    if do == "ask":
        return _act(
            reference, "swap",
            lambda: moving.ask_swap(
                actor, reference, form.get("other", ""), form.get("reason"), form.get("op_key", "")
            ),
            gettext("Đã gửi lời đề nghị đổi gian."),
        )  # fmt: skip
    asked = form.get("swap", "")
    found = next((s for s in _theirs(reference).swaps if s.reference == asked), None)
    if found is None or found.mine is not (do == "withdraw"):
        raise NotFound
    if do == "withdraw":
        return _act(reference, "swap", lambda: moving.withdraw_swap(actor, asked), gettext("Đã rút lời đề nghị."))
    yes = do == "yes"
    words = gettext("Đã đổi gian.") if yes else gettext("Đã trả lời là không đổi.")
    return _act(reference, "swap", lambda: moving.answer_swap(actor, asked, yes=yes), words)


# --- its steps -----------------------------------------------------------------------------------------------------


def _step(found: Whole, step: str, v: Any, error: ShopError | None = None, **more: Any) -> Any:
    page = render_template(
        f"exhibitions/portal/{step}.html", here=HERE, a=found, row=found.row, fair=found.fair, steps=STEPS, step=step, v=v,
        writable=found.row.state in applications.WRITABLE, names=APPLICATION_NAMES, kinds=calls.STATE_KINDS,
        errors=messages(error), error_code=error.code if error else None, **more,
    )  # fmt: skip
    return make_response(page, error.status if error else 200)


def _next(reference: str, step: str) -> Any:
    """On to the next step, or where the writer wants to go."""
    order = [name for name, _label in STEPS]
    follows = order[order.index(step) + 1] if request.form.get("do") != "stay" else step
    flash(gettext("Đã lưu."), "ok")
    return _back(reference, f"/apply/{follows}" if follows else "")


def _goods(found: Whole, v: Any, error: ShopError | None = None) -> Any:
    chosen = {g.row.variant_id for g in found.goods}
    ids = calls.packs_of(found.row.producer_id, chosen)
    known = papers.of_packs(found.fair, ids)
    return _step(found, "goods", v, error, packs=[known[i] for i in ids], chosen=chosen)


@bp.get("/fairs/<reference>/apply/goods")
@guards.requires(P.EXHIBITION_APPLY, scope=of_application)
def apply_goods(reference: str) -> Any:
    """The own packs, each with what its papers allow on the days of the fair."""
    found = _theirs(reference)
    return _goods(found, {f"wanted-{g.row.variant_id}": g.row.wanted for g in found.goods})


@bp.post("/fairs/<reference>/apply/goods")
@guards.requires(P.EXHIBITION_APPLY, scope=of_application)
def save_apply_goods(reference: str) -> Any:
    """Keep the packs with a number."""
    found = _theirs(reference)
    try:
        wanted: dict[int, int | None] = {}
        for name, raw in request.form.items():
            key = name.removeprefix("wanted-")
            if name != key and raw.strip() and key.isascii() and key.isdigit() and len(key) < 16:
                wanted[int(key)] = forms.number(raw, name, needed=True)
        applications.save_goods(guards.actor(), reference, wanted)
    except NotFound:
        raise
    except ShopError as error:
        return _goods(_theirs(reference), request.form, error)
    return _next(found.row.reference, "goods")


def _place(found: Whole, v: Any, error: ShopError | None = None) -> Any:
    return _step(
        found, "place", v, error, zones=[(str(z.id), f"{z.code} · {z.name}") for z in calls.zones(found.fair.id)],
        types=[{"kind": t, "fee": fee, "subsidy": paid, "pays": fee - paid}
               for t in calls.types(found.fair.id) for fee, paid in [_cost(found, t)]],
    )  # fmt: skip


@bp.get("/fairs/<reference>/apply/place")
@guards.requires(P.EXHIBITION_APPLY, scope=of_application)
def apply_place(reference: str) -> Any:
    """Zone, type, power, water, cold."""
    found = _theirs(reference)
    row = found.row
    return _place(
        found,
        {
            "zone": row.zone_id or "", "type": row.type_id or "", "power": row.power_watts or "",
            "water": "1" if row.water else "", "cold": "1" if row.cold else "",
        },
    )  # fmt: skip


def _id(raw: str | None, field: str) -> int | None:
    typed = (raw or "").strip()
    if typed in ("", "any"):
        return None
    if not (typed.isascii() and typed.isdigit() and len(typed) < 16):
        raise Invalid(N_("Giá trị này không có trong danh sách."), field=field)
    return int(typed)


@bp.post("/fairs/<reference>/apply/place")
@guards.requires(P.EXHIBITION_APPLY, scope=of_application)
def save_apply_place(reference: str) -> Any:
    """Keep them."""
    found, form = _theirs(reference), request.form
    try:
        applications.save_place(
            guards.actor(), reference, _id(form.get("zone"), "zone"), _id(form.get("type"), "type"),
            forms.number(form.get("power"), "power"), water=bool(form.get("water")), cold=bool(form.get("cold")),
        )  # fmt: skip
    except NotFound:
        raise
    except ShopError as error:
        return _place(_theirs(reference), form, error)
    return _next(found.row.reference, "place")


@bp.get("/fairs/<reference>/apply/contact")
@guards.requires(P.EXHIBITION_APPLY, scope=of_application)
def apply_contact(reference: str) -> Any:
    """Who is reached about it."""
    found = _theirs(reference)
    row = found.row
    return _step(
        found, "contact",
        {"contact_name": row.contact_name or "", "contact_phone": row.contact_phone or "", "note": row.note or ""},
    )  # fmt: skip


@bp.post("/fairs/<reference>/apply/contact")
@guards.requires(P.EXHIBITION_APPLY, scope=of_application)
def save_apply_contact(reference: str) -> Any:
    """Keep it."""
    found, form = _theirs(reference), request.form
    try:
        applications.save_contact(
            guards.actor(), reference, form.get("contact_name"), form.get("contact_phone"), form.get("note")
        )
    except NotFound:
        raise
    except ShopError as error:
        return _step(_theirs(reference), "contact", form, error)
    return _next(found.row.reference, "contact")
