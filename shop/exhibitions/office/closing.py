"""Closing a fair for staff: the list of booths, one booth on a phone (count, send home, sign), a sheet with its versions."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.counts.models import CountState
from shop.counts.services import Counted
from shop.exhibitions import sheet_pages, sheet_words, tabs
from shop.exhibitions.models.closing import Side
from shop.exhibitions.models.fairs import Exhibition, FairState
from shop.exhibitions.office import bp, frame
from shop.exhibitions.queries import closings, fairs, sheet_figures, sheets
from shop.exhibitions.services import closing, finishing, many, signing
from shop.exhibitions.services.closing import Going, Way
from shop.kernel import operations, text, web
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.stock import queries as stock
from shop.stock.models import SHOP

P = Permission
HERE = "/office/exhibitions"
PART = "close"
STATES = frozenset({FairState.RUNNING, FairState.CLOSED, FairState.REPORTED, FairState.CANCELLED})

tabs.add(80, PART, N_("Chốt gian"), P.EXHIBITION_CLOSE, STATES)


def page(template: str, fair: Exhibition, part: str, error: ShopError | None = None, **values: Any) -> Any:
    """A page of one fair below its name and tabs; a refusal of a form keeps what was typed."""
    return frame.page(
        template,
        fair,
        part,
        error,
        v=request.form if error is not None else {},
        op_key=request.form.get("op_key") if error is not None and error.status == 422 else operations.new_key(),
        **values,
    )


def _whole(raw: str, field: str) -> int:
    found = text.whole(raw)
    if found is None or found > 9_999_999:
        raise Invalid(N_("Hãy ghi một số nguyên, 0 nếu không có."), field=field)
    return found


# --- all booths --------------------------------------------------------------------------------------------------


@bp.get("/exhibitions/<slug>/close")
@guards.requires(P.EXHIBITION_CLOSE, scope=fairs.scope)
def close_fair(slug: str) -> Any:
    """The booths of the fair and how far each is."""
    return _booths(slug)


def _booths(slug: str, error: ShopError | None = None, outcomes: Any = ()) -> Any:
    fair = fairs.by_slug(slug)
    if fair.state not in STATES:
        raise NotFound
    rows = closings.booths(fair.id)
    wanted = request.args.get("step", "")
    why = finishing.reason_to_close(fair)
    steps = {step: sum(1 for r in rows if r.step == step) for step in sheets.STEPS}
    return page(
        "exhibitions/office/close.html",
        fair,
        PART,
        error,
        rows=[r for r in rows if not wanted or r.step == wanted],
        total=len(rows),
        done=sum(1 for r in rows if r.done),
        steps=[(s, n) for s, n in steps.items() if n],
        wanted=wanted,
        names=sheets.STEPS,
        kinds=sheets.STEP_KINDS,
        outcomes=[(o.code, gettext(o.error.title, **o.error.values)) for o in outcomes if o.error is not None],
        machines=finishing.machines(fair.id),
        reason=gettext(why.title, **why.values) if why is not None else "",
        may_finish=fair.state is FairState.RUNNING
        or (fair.state is FairState.CANCELLED and not finishing.is_finished(fair)),
        finished=finishing.finished(fair),
    )


@bp.post("/exhibitions/<slug>/close")
@guards.requires(P.EXHIBITION_CLOSE, scope=fairs.scope)
def close_many(slug: str) -> Any:
    """Take one step with the chosen booths."""
    fairs.by_slug(slug)
    try:
        outcomes = many.step(
            guards.actor(),
            slug,
            request.form.getlist("codes")[:400],
            request.form.get("do", ""),
            reason=request.form.get("reason", ""),
            op_key=request.form.get("op_key", ""),
        )
    except ShopError as error:
        return _booths(slug, error)
    refused = [o for o in outcomes if o.error is not None]
    done = len(outcomes) - len(refused)
    if not refused:
        flash(gettext("Đã làm xong cho %(n)s gian.", n=done), "ok")
        return redirect(web.path(f"{HERE}/{slug}/close"), 303)
    return _booths(slug, outcomes=outcomes)


@bp.post("/exhibitions/<slug>/close/finish")
@guards.requires(P.EXHIBITION_CLOSE, scope=fairs.scope)
def finish_fair(slug: str) -> Any:
    """Close the books of the fair."""
    fairs.by_slug(slug)
    try:
        done = finishing.close_fair(guards.actor(), slug, op_key=request.form.get("op_key", ""))
    except NotFound:
        raise
    except ShopError as error:
        return _booths(slug, error)
    flash(
        gettext(
            "Đã đóng sổ hội chợ: %(points)s điểm bán đã đóng, %(fees)s phí gian đã ghi đối soát, %(machines)s máy đã thu hồi.",
            points=done.points, fees=done.fees, machines=done.revoked,
        ),
        "ok",
    )  # fmt: skip
    return redirect(web.path(f"{HERE}/{slug}/close"), 303)


# --- one booth ---------------------------------------------------------------------------------------------------


@bp.get("/exhibitions/<slug>/close/<path:code>")
@guards.requires(P.EXHIBITION_CLOSE, scope=fairs.scope)
def close_booth(slug: str, code: str) -> Any:
    """One booth: what is to be done next, its goods and its sheets."""
    return _booth(slug, code)


def _booth(slug: str, code: str, error: ShopError | None = None) -> Any:
    found = closings.booth(slug, code)
    lines = []
    if found.closing is not None and found.count_state is CountState.OPEN:
        lines = closing.lines_to_count(found.closing)
    return page(
        "exhibitions/office/close_booth.html",
        found.fair,
        PART,
        error,
        b=found,
        lines=lines,
        owners=stock.owner_names() | {SHOP: gettext(sheet_figures.SHOP_NAME)},
        by_owner=_by_owner(found),
        names=sheets.STEPS,
        kinds=sheets.STEP_KINDS,
        words=sheet_words,
        may_begin=found.fair.state in closing.MAY_CLOSE,
        may_approve=found.booth.point_id is not None and guards.may(P.COUNT_APPROVE, f"point:{found.booth.point_id}"),
    )


def _by_owner(found: closings.BoothWhole) -> list[tuple[str, list[closings.LevelRow]]]:
    owners = list(dict.fromkeys(row.owner for row in found.levels))
    return [(owner, [row for row in found.levels if row.owner == owner]) for owner in owners]


def _act(slug: str, code: str, act: Any, said: str = "") -> Any:
    closings.booth(slug, code)
    try:
        act()
    except NotFound:
        raise
    except ShopError as error:
        return _booth(slug, code, error)
    if said:
        flash(said, "ok")
    return redirect(web.path(f"{HERE}/{slug}/close/{code}"), 303)


@bp.post("/exhibitions/<slug>/close/<path:code>/begin")
@guards.requires(P.EXHIBITION_CLOSE, scope=fairs.scope)
def begin_booth(slug: str, code: str) -> Any:
    """Begin to close a booth."""
    return _act(slug, code, lambda: closing.begin(guards.actor(), slug, code))


@bp.post("/exhibitions/<slug>/close/<path:code>/empty")
@guards.requires(P.EXHIBITION_CLOSE, scope=fairs.scope)
def empty_booth(slug: str, code: str) -> Any:
    """Nothing is left there."""
    said = gettext("Đã ghi: gian không còn hàng.")
    return _act(slug, code, lambda: closing.nothing_there(guards.actor(), slug, code), said)


@bp.post("/exhibitions/<slug>/close/<path:code>/count")
@guards.requires(P.EXHIBITION_CLOSE, scope=fairs.scope)
def count_booth(slug: str, code: str) -> Any:
    """Begin the count, or keep its numbers; `submit` hands it in."""
    if request.form.get("do") == "start":
        return _act(slug, code, lambda: closing.start_count(guards.actor(), slug, code, request.form.get("op_key", "")))
    finish = "submit" in request.form

    def act() -> None:
        numbers = {}
        for name, raw in request.form.items():
            line = name.removeprefix("counted-")
            if line != name and raw.strip() and line.isascii() and line.isdigit() and len(line) < 16:
                numbers[int(line)] = Counted(_whole(raw, name), request.form.get(f"reason-{line}", ""))
        booked = closing.write_count(guards.actor(), slug, code, numbers, finish=finish)
        if finish:
            flash(
                gettext("Đã ghi sổ kết quả đếm.")
                if booked
                else gettext("Đã nộp phiếu đếm; chênh lệch lớn nên chờ người thứ hai duyệt."),
                "ok",
            )
        else:
            flash(gettext("Đã lưu số đếm."), "ok")

    return _act(slug, code, act)


@bp.post("/exhibitions/<slug>/close/<path:code>/home")
@guards.requires(P.EXHIBITION_CLOSE, scope=fairs.scope)
def send_home(slug: str, code: str) -> Any:
    """Let goods leave the booth."""

    def act() -> None:
        goods, ways = {}, {}
        for name, raw in request.form.items():
            level = name.removeprefix("back-")
            if level != name and raw.strip() and level.isascii() and level.isdigit() and len(level) < 16:
                goods[int(level)] = Going(_whole(raw, name), request.form.get(f"found-{level}", ""))
            owner = name.removeprefix("way-")
            if owner != name:
                to = closing.OWNER if raw == closing.OWNER else closing.HOME
                ways[owner] = Way(to, request.form.get(f"taken_by-{owner}", ""))
        gone = closing.send_home(guards.actor(), slug, code, goods, ways, request.form.get("op_key", ""))
        flash(gettext("Hàng đã rời gian: %(papers)s.", papers=", ".join((*gone.transfers, *gone.hand_backs))), "ok")

    return _act(slug, code, act)


# --- one sheet ---------------------------------------------------------------------------------------------------


@bp.get("/exhibitions/<slug>/sheets/<reference>")
@guards.requires(P.EXHIBITION_READ, scope=fairs.scope)
def sheet(slug: str, reference: str) -> Any:
    """A sheet: its figures, signatures and versions (`v` chooses one)."""
    return _sheet(slug, reference)


def _sheet(slug: str, reference: str, error: ShopError | None = None) -> Any:
    found = sheets.in_fair(slug, reference)
    return page(
        "exhibitions/office/sheet.html",
        found.fair,
        PART,
        error,
        w=found,
        version=sheet_pages.shown_version(found, request.args.get("v", "")),
        **sheet_pages.values(found),
        may_close=guards.may(P.EXHIBITION_CLOSE, f"exhibition:{found.fair.id}"),
        shortages=signing.to_put_right(found),
    )


def _step(slug: str, reference: str, act: Any) -> Any:
    sheets.in_fair(slug, reference)
    try:
        said = act()
    except NotFound:
        raise
    except ShopError as error:
        return _sheet(slug, reference, error)
    flash(said, "ok")
    return redirect(web.path(f"{HERE}/{slug}/sheets/{reference}"), 303)


@bp.post("/exhibitions/<slug>/sheets/<reference>/explain")
@guards.requires(P.EXHIBITION_CLOSE, scope=fairs.scope)
def explain_sheet(slug: str, reference: str) -> Any:
    """Say why goods were found or lost."""

    def act() -> str:
        signing.explain(guards.actor(), reference, request.form.get("explanation", ""))
        return str(gettext("Đã ghi giải thích. Nay có thể ký."))

    return _step(slug, reference, act)


@bp.post("/exhibitions/<slug>/sheets/<reference>/sign")
@guards.requires(P.EXHIBITION_CLOSE, scope=fairs.scope)
def sign_sheet(slug: str, reference: str) -> Any:
    """One side signs on this screen."""

    def act() -> str:
        side = Side.PRODUCER if request.form.get("side") == Side.PRODUCER.value else Side.STAFF
        number = signing.sign(
            guards.actor(),
            reference,
            side,
            name=request.form.get(f"name-{side.value}", ""),
            strokes=sheet_pages.strokes(request.form.get("strokes", "")),
            ticked=f"ticked-{side.value}" in request.form,
            digest=request.form.get("digest", ""),
        )
        if number is None:
            return str(gettext("Đã nhận chữ ký. Còn một bên chưa ký."))
        return str(gettext("Bảng đã chốt, bản %(n)s.", n=number))

    return _step(slug, reference, act)


@bp.post("/exhibitions/<slug>/sheets/<reference>/freeze")
@guards.requires(P.EXHIBITION_CLOSE, scope=fairs.scope)
def freeze_sheet(slug: str, reference: str) -> Any:
    """Freeze it without all signatures, with a reason."""

    def act() -> str:
        number = signing.freeze_unsigned(
            guards.actor(), reference, request.form.get("reason", ""), request.form.get("digest", "")
        )
        return str(gettext("Bảng đã chốt, bản %(n)s.", n=number))

    return _step(slug, reference, act)


@bp.post("/exhibitions/<slug>/sheets/<reference>/put-right")
@guards.requires(P.EXHIBITION_CLOSE, scope=fairs.scope)
def put_right_sheet(slug: str, reference: str) -> Any:
    """Goods counted as missing were sold by a till that came back late."""

    def act() -> str:
        n = signing.put_right(guards.actor(), reference)
        return str(gettext("Đã ghi lại sổ: %(n)s đơn vị không mất mà đã bán.", n=n))

    return _step(slug, reference, act)


@bp.get("/exhibitions/<slug>/sheets/<reference>.pdf")
@guards.requires(P.EXHIBITION_READ, scope=fairs.scope)
def sheet_pdf(slug: str, reference: str) -> Response:
    """The sheet on paper (`v`: one of its versions)."""
    found = sheets.in_fair(slug, reference)
    return sheet_pages.paper(found, request.args.get("v", ""))
