"""`/producer/capacity`: what can be made of each product, its seasons, the next harvests and batches."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask import flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.kernel import clock, web
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.kernel.forms import messages
from shop.supply import forms, queries
from shop.supply.models import HARVEST_NAMES, PER_NAMES, SEASON_NAMES, Per, Season
from shop.supply.portal import HARVEST_KINDS, P, bp, scope_by, theirs, whose
from shop.supply.queries import plans as reads
from shop.supply.services import plans

HERE = "/producer/capacity"
WEEKS_SHOWN = 12
of_product = scope_by(reads.product_owner, "of_product")


def _harvest_owner(reference: str) -> int | None:
    ends = reads.harvest_ends(reference)
    return ends[0] if ends else None


of_harvest = scope_by(_harvest_owner, "of_harvest")


def _row(row: Any) -> reads.ProductRow:
    return reads.ProductRow(*tuple(row))


@bp.get("/capacity")
@guards.requires(P.SUPPLY_EDIT)
def capacity_index() -> Any:
    """The producer's products with what he says of each."""
    here = whose()
    view = reads.products_table().open(request.args, HERE, reads.products(here.id), make=_row)
    if view.export:
        return view.download()
    return render_template("supply/portal/capacity.html", here=HERE, view=view)


def _mine(slug: str) -> reads.OneProduct:
    product = reads.product(slug)
    theirs(product.producer_id or 0)
    return product


def _page(name: str, product: reads.OneProduct, error: ShopError | None, **more: Any) -> Any:
    page = render_template(
        f"supply/portal/{name}.html",
        here=HERE,
        product=product,
        address=web.path(f"{HERE}/{product.slug}"),
        packs=[(v, f"{pack} ({sku})") for v, pack, sku in product.packs],
        pack_names={v: pack for v, pack, _sku in product.packs},
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=forms.op_key(request.form, error),
        today=clock.today(),
        **more,
    )
    return make_response(page, error.status if error else 200)


@bp.get("/capacity/<slug>")
@guards.requires(P.SUPPLY_EDIT, scope=of_product)
def capacity_product(slug: str) -> Any:
    """All that is said of a product, and what it comes to in the weeks ahead."""
    product = _mine(slug)
    today = clock.today()
    found = queries.capacity([v for v, _p, _s in product.packs], today, today + timedelta(days=7 * WEEKS_SHOWN))
    harvests = reads.harvests_of(product.id)
    ahead = next(iter(found.values()), None)
    return _page(
        "product",
        product,
        None,
        statements=reads.statements(product.id),
        pers=PER_NAMES,
        calendars=reads.calendars(product.id),
        seasons={s.value: gettext(n) for s, n in SEASON_NAMES.items()},
        harvests=harvests,
        words=reads.words_of([h.id for h in harvests]),
        harvest_names=HARVEST_NAMES,
        harvest_kinds=HARVEST_KINDS,
        weeks=ahead.pool if ahead and any(c.stated for c in found.values()) else (),
        one_day=timedelta(days=1),
    )


# --- capacities --------------------------------------------------------------------------------------------------


def _variant(product: reads.OneProduct) -> int | None:
    """The pack that the form speaks of, None for the product as a whole."""
    chosen = request.form.get("subject", "")
    if not chosen:
        return None
    found = next((v for v, _p, _s in product.packs if str(v) == chosen), None)
    if found is None:
        raise Invalid(N_("Hãy chọn quy cách."), field="subject")
    return found


def _after(raw: str | None, field: str) -> date | None:
    """The day after the last one that was typed: people name the last day, spans end before."""
    found = forms.some_day(raw, field)
    return found + timedelta(days=1) if found and found < date.max else found


@bp.route("/capacity/<slug>/state", methods=["GET", "POST"])
@guards.requires(P.SUPPLY_EDIT, scope=of_product)
def state_capacity(slug: str) -> Any:
    """Say what can be made."""
    product, form, refusal = _mine(slug), request.form, None
    if request.method == "POST":
        try:
            per = form.get("per", "")
            if per not in set(Per):
                raise Invalid(N_("Hãy chọn theo tuần hay theo tháng."), field="per")
            batch = forms.number(form.get("smallest_batch"), "smallest_batch")
            makes = plans.Makes(
                units=forms.number(form.get("units"), "units", needed=True),
                per=Per(per),
                from_on=forms.day(form.get("from_on"), "from_on"),
                to_on=_after(form.get("to_on"), "to_on"),
                lead_days=forms.number(form.get("lead_days"), "lead_days"),
                smallest_batch=batch or None,
                note=form.get("note", ""),
            )
            variant_id = _variant(product)
            plans.state(guards.actor(), product.producer_id or 0, product.id, variant_id, makes, form.get("op_key", ""))
        except NotFound:
            raise
        except ShopError as error:
            refusal = error
        else:
            flash(gettext("Đã ghi năng lực."), "ok")
            return redirect(web.path(f"{HERE}/{slug}"), 303)
    # The address may fill in what another page has worked out.
    filled = {k: request.args[k][:500] for k in ("units", "per", "note") if k in request.args}
    values = form if refusal else {"from_on": clock.today().isoformat(), "per": Per.WEEK.value} | filled
    return _page("state", product, refusal, v=values, pers=[(p.value, gettext(n)) for p, n in PER_NAMES.items()])


@bp.post("/capacity/<slug>/statements/<int:capacity_id>/end")
@guards.requires(P.SUPPLY_EDIT, scope=scope_by(lambda slug, _n: reads.product_owner(slug), "of_product"))
def end_capacity(slug: str, capacity_id: int) -> Any:
    """Take back what was said, from today on."""
    product = _mine(slug)
    plans.end(guards.actor(), product.producer_id or 0, capacity_id, clock.today())
    flash(gettext("Đã rút lời khai, từ hôm nay không còn hiệu lực."), "ok")
    return redirect(web.path(f"{HERE}/{slug}"), 303)


# --- seasons -----------------------------------------------------------------------------------------------------


@bp.route("/capacity/<slug>/season", methods=["GET", "POST"])
@guards.requires(P.SUPPLY_EDIT, scope=of_product)
def season(slug: str) -> Any:
    """Say how much each month gives."""
    product, form, refusal = _mine(slug), request.form, None
    if request.method == "POST":
        try:
            months = "".join(form.get(f"m{n}", "")[:1] or "?" for n in range(1, 13))
            plans.set_season(guards.actor(), product.producer_id or 0, product.id, months, note=form.get("note", ""))
        except NotFound:
            raise
        except ShopError as error:
            refusal = error
        else:
            flash(gettext("Đã ghi mùa vụ."), "ok")
            return redirect(web.path(f"{HERE}/{slug}"), 303)
    held = next(iter(reads.calendars(product.id, 1)), None)
    signs = held.months if held else _catalogued(product.season_months)
    values: Any = form if refusal else {f"m{n}": sign for n, sign in enumerate(signs, 1)} | {"note": held and held.note}
    return _page("season", product, refusal, v=values, levels=[(s.value, gettext(n)) for s, n in SEASON_NAMES.items()])


def _catalogued(mask: int) -> str:
    """What the product's page says of its months (bit 0 is January; none: all year), as a first proposal."""
    return "".join(Season.NORMAL if not mask or mask >> n & 1 else Season.NONE for n in range(12))


# --- harvests ----------------------------------------------------------------------------------------------------


def _expects() -> plans.Expects:
    form = request.form
    first = forms.day(form.get("from_on"), "from_on")
    return plans.Expects(
        low=forms.number(form.get("low"), "low", needed=True),
        high=forms.number(form.get("high"), "high", needed=True),
        from_on=first,
        last_on=forms.some_day(form.get("last_on"), "last_on") or first,
    )


@bp.route("/capacity/<slug>/harvest", methods=["GET", "POST"])
@guards.requires(P.SUPPLY_EDIT, scope=of_product)
def new_harvest(slug: str) -> Any:
    """Announce the next harvest or batch."""
    product, form, refusal = _mine(slug), request.form, None
    if request.method == "POST":
        try:
            plans.expect(
                guards.actor(),
                product.producer_id or 0,
                product.id,
                _variant(product),
                _expects(),
                form.get("op_key", ""),
                note=form.get("note", ""),
            )
        except NotFound:
            raise
        except ShopError as error:
            refusal = error
        else:
            flash(gettext("Đã ghi vụ, mẻ tới."), "ok")
            return redirect(web.path(f"{HERE}/{slug}"), 303)
    return _page("harvest_new", product, refusal, v=form if refusal else {})


@bp.get("/harvests/<reference>")
@guards.requires(P.SUPPLY_EDIT, scope=of_harvest)
def harvest(reference: str) -> Any:
    """A harvest, and what may be said of it now."""
    return _harvest_page(reference)


def _harvest_page(reference: str, error: ShopError | None = None) -> Any:
    ends = reads.harvest_ends(reference)
    if ends is None:
        raise NotFound
    product = _mine(ends[1])
    found = next((h for h in reads.harvests_of(product.id) if h.reference == reference), None)
    if found is None:
        raise NotFound
    values: Any = request.form
    if error is None:
        last = found.to_on - timedelta(days=1)
        values = {"low": found.low, "high": found.high, "from_on": found.from_on, "last_on": last, "came": found.came}
    return _page(
        "harvest",
        product,
        error,
        h=found,
        words=reads.words_of([found.id]).get(found.id, []),
        names=HARVEST_NAMES,
        kinds=HARVEST_KINDS,
        one_day=timedelta(days=1),
        v=values,
    )


@bp.post("/harvests/<reference>")
@guards.requires(P.SUPPLY_EDIT, scope=of_harvest)
def say_of_harvest(reference: str) -> Any:
    """Say another range, what came, or that nothing will."""
    form, key = request.form, request.form.get("op_key", "")
    try:
        if form.get("do") == "came":
            n = forms.number(form.get("came"), "came", needed=True)
            plans.came(guards.actor(), reference, n, key, note=form.get("note", ""))
        elif form.get("do") == "give-up":
            plans.give_up(guards.actor(), reference, form.get("reason", ""), key)
        else:
            plans.expect_anew(guards.actor(), reference, _expects(), key, note=form.get("note", ""))
    except NotFound:
        raise
    except ShopError as error:
        return _harvest_page(reference, error)
    flash(gettext("Đã ghi."), "ok")
    ends = reads.harvest_ends(reference)
    return redirect(web.path(f"{HERE}/{ends[1]}" if ends else HERE), 303)
