"""`/producer/imports`: send a table, match its columns, look at every row, correct, write, take back; forms and exports."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, jsonify, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.imports import columns, exports, files, queries
from shop.imports import services as imports
from shop.imports.legacy import Encoding
from shop.imports.models import (
    MODE_NAMES,
    OUTCOME_NAMES,
    RESULT_NAMES,
    STATE_NAMES,
    UNDO_FOR,
    WORKING,
    Import,
    Mode,
    State,
)
from shop.kernel import clock, operations, tables, text, web
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.kernel.forms import messages
from shop.producers import maker

bp = Blueprint("imports", __name__)
HERE = "/producer/imports"
P = Permission
FIX_ROWS = 20
STATE_KINDS = {
    "matching": "warn", "checking": "info", "ready": "warn", "applying": "info", "applied": "ok", "undoing": "info",
    "undone": "", "failed": "bad", "dropped": "",
}  # fmt: skip
OUTCOME_KINDS = {"new": "info", "changed": "warn", "unchanged": "", "refused": "bad", "ignored": ""}
RESULT_KINDS = {"written": "ok", "left": "bad", "undone": "", "kept": "warn"}


def of_import(reference: str, **_: Any) -> str | None:
    """The scope of the producer whose import it is."""
    found = queries.producer_of(reference)
    return None if found is None else f"producer:{found}"


def _mine() -> maker.Maker:
    return maker.current(P.LISTING_EDIT)


def _back(reference: str, rest: str = "") -> Response:
    return redirect(web.path(f"{HERE}/{reference}{rest}"), 303)  # type: ignore[return-value]


def _index(error: ShopError | None = None) -> Any:
    here = _mine()
    view = queries.imports(request.args, here.id)
    if view.export:
        return view.download()
    page = render_template(
        "imports/portal/index.html",
        here=HERE,
        view=view,
        states=STATE_NAMES,
        state_kinds=STATE_KINDS,
        packs=queries.products_held(here.id),
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=operations.new_key(),
        most=f"{files.MOST_ROWS:,}".replace(",", "."),
    )
    return make_response(page, error.status if error else 200)


@bp.get("/imports")
@guards.requires(P.LISTING_EDIT)
def index() -> Any:
    """The imports of the producer, and the form to send a table."""
    return _index()


@bp.post("/imports")
@guards.requires(P.LISTING_EDIT)
def upload() -> Any:
    """Send a table."""
    here = _mine()
    sent = request.files.get("file")
    try:
        if sent is None or not sent.filename:
            raise Invalid(N_("Hãy chọn tệp."), field="file")
        reference = imports.upload(
            guards.actor(), here.id, sent.read(), sent.filename, op_key=request.form.get("op_key", "")
        )
    except ShopError as error:
        error.field = error.field or "file"
        return _index(error)
    imports.now_if_small(queries.by_reference(reference).id)
    return _back(reference)


@bp.get("/imports/form.xlsx")
@guards.requires(P.LISTING_EDIT)
def form_xlsx() -> Response:
    """Our own form, with drop-downs, examples and explanations."""
    return tables.send("mau-nhap-hang.xlsx", tables.XLSX_TYPE, exports.write_form)


@bp.get("/imports/form.csv")
@guards.requires(P.LISTING_EDIT)
def form_csv() -> Response:
    """The same as CSV."""
    return tables.send_csv("mau-nhap-hang", exports.HEAD, exports.blank())


@bp.get("/imports/export.xlsx")
@guards.requires(P.LISTING_EDIT)
def export_xlsx() -> Response:
    """All packs of the producer, in the shape of the form."""
    here = _mine()
    return tables.send_xlsx(f"hang-{here.slug}-{clock.today().isoformat()}", exports.HEAD, exports.goods(here.id))


@bp.get("/imports/export.csv")
@guards.requires(P.LISTING_EDIT)
def export_csv() -> Response:
    """The same as CSV."""
    here = _mine()
    return tables.send_csv(f"hang-{here.slug}-{clock.today().isoformat()}", exports.HEAD, exports.goods(here.id))


# --- one import --------------------------------------------------------------------------------------------------


@bp.get("/imports/<reference>")
@guards.requires(P.LISTING_EDIT, scope=of_import)
def one(reference: str) -> Any:
    """An import at the step it is at: columns to match, work going on, rows to look at, what was written."""
    return _one(queries.by_reference(reference))


def _one(row: Import, error: ShopError | None = None) -> Any:
    if row.state is State.MATCHING:
        return _match_page(row, error)
    shared = {
        "here": HERE,
        "i": row,
        "address": web.path(f"{HERE}/{row.reference}"),
        "state": gettext(STATE_NAMES[row.state]),
        "state_kind": STATE_KINDS[row.state.value],
        "errors": messages(error),
        "error_code": error.code if error else None,
    }
    status = error.status if error else 200
    if row.state in WORKING:
        return make_response(render_template("imports/portal/working.html", **shared), status)
    if row.state in {State.FAILED, State.DROPPED}:
        problem = queries.said(row.problem) if row.problem else ""
        return make_response(render_template("imports/portal/ended.html", problem=problem, **shared), status)
    view = queries.rows(request.args, row)
    if view.export:
        return view.download()
    page = render_template(
        "imports/portal/rows.html",
        view=view,
        outcomes=OUTCOME_NAMES,
        outcome_kinds=OUTCOME_KINDS,
        results=RESULT_NAMES,
        result_kinds=RESULT_KINDS,
        counts=row.counts,
        to_write=row.counts.get("new", 0) + row.counts.get("changed", 0),
        modes=[
            {
                "value": m.value,
                "label": gettext(MODE_NAMES[m]),
                "note": gettext(_MODE_NOTES[m]),
                "disabled": m is Mode.ALL and bool(row.counts.get("refused")),
            }
            for m in Mode
        ],
        problem=(row.problem | {"said": queries.said(row.problem)}) if row.problem else None,
        undo_until=row.applied_at + UNDO_FOR if row.applied_at else None,
        may_undo=row.state is State.APPLIED and row.applied_at is not None and clock.now() <= row.applied_at + UNDO_FOR,
        **shared,
    )
    return make_response(page, status)


_MODE_NOTES = {
    Mode.EACH: N_("Dòng nào được thì ghi; dòng bị từ chối để lại."),
    Mode.ALL: N_("Chỉ ghi khi mọi dòng đều được; nếu một dòng không ghi được thì không dòng nào được ghi."),
}
ENCODING_NAMES = {
    Encoding.UNICODE: N_("Unicode"),
    Encoding.TCVN3: N_("TCVN3 (ABC)"),
    Encoding.VNI: N_("VNI"),
}


def _match_page(row: Import, error: ShopError | None = None) -> Any:
    form = request.form if error is not None else {}
    verdicts = [files.verdict_of(v).encoding for v in row.verdicts]
    page = render_template(
        "imports/portal/match.html",
        here=HERE,
        i=row,
        address=web.path(f"{HERE}/{row.reference}"),
        columns=[
            {
                "n": n,
                "head": word or gettext("(không tên)"),
                "samples": row.samples[n] if n < len(row.samples) else [],
                "value": form.get(f"column-{n}", row.columns[n] or ""),
                "hidden": n in row.hidden_columns,
                "hint": row.hints[n] if n < len(row.hints) else "",
                "encoding": form.get(f"encoding-{n}", verdicts[n].value if n < len(verdicts) else "unicode"),
                "old_font": n < len(verdicts) and verdicts[n] is not Encoding.UNICODE,
                "font": gettext(ENCODING_NAMES[verdicts[n]]) if n < len(verdicts) else "",
            }
            for n, word in enumerate(row.head)
            if word or (n < len(row.samples) and row.samples[n])
        ],
        keys=[(c.key, columns.label(c.key)) for c in columns.COLUMNS],
        encodings=[(e.value, gettext(label)) for e, label in ENCODING_NAMES.items()],
        sheets=[(name, name) for name in row.sheets],
        sets=[(number, f"{number}. {name}") for number, name in queries.sets()],
        default_set=form.get("default_set", row.default_set or ""),
        errors=messages(error),
        error_code=error.code if error else None,
    )
    return make_response(page, error.status if error else 200)


@bp.post("/imports/<reference>/sheet")
@guards.requires(P.LISTING_EDIT, scope=of_import)
def sheet(reference: str) -> Any:
    """Take another sheet of the file."""
    row = queries.by_reference(reference)
    try:
        imports.choose_sheet(guards.actor(), row.id, request.form.get("sheet", ""))
    except NotFound:
        raise
    except ShopError as error:
        error.field = error.field or "sheet"
        return _one(queries.by_id(row.id), error)
    return _back(reference)


@bp.post("/imports/<reference>/columns")
@guards.requires(P.LISTING_EDIT, scope=of_import)
def match(reference: str) -> Any:
    """Say what the columns are."""
    row = queries.by_reference(reference)
    try:
        count = range(len(row.head))
        imports.match(
            guards.actor(),
            row.id,
            [request.form.get(f"column-{n}", "")[:40] or None for n in count],
            [request.form.get(f"encoding-{n}", "")[:10] for n in count],
            request.form.get("default_set", "")[:20] or None,
        )
    except NotFound:
        raise
    except ShopError as error:
        return _one(queries.by_id(row.id), error)
    imports.now_if_small(row.id)
    return _back(reference)


def _act(reference: str, command: Any, *more: Any) -> Any:
    """Run a command on an import and show it again, with the refusal if there was one."""
    row = queries.by_reference(reference)
    try:
        command(guards.actor(), row.id, *more)
    except NotFound:
        raise
    except ShopError as error:
        return _one(queries.by_id(row.id), error)
    imports.now_if_small(row.id)
    return _back(reference)


@bp.post("/imports/<reference>/rematch")
@guards.requires(P.LISTING_EDIT, scope=of_import)
def rematch(reference: str) -> Any:
    """Back to the columns."""
    return _act(reference, imports.rematch)


@bp.post("/imports/<reference>/again")
@guards.requires(P.LISTING_EDIT, scope=of_import)
def again(reference: str) -> Any:
    """Try all rows again."""
    return _act(reference, imports.try_again)


@bp.post("/imports/<reference>/drop")
@guards.requires(P.LISTING_EDIT, scope=of_import)
def drop(reference: str) -> Any:
    """Leave it."""
    return _act(reference, imports.drop)


@bp.post("/imports/<reference>/write")
@guards.requires(P.LISTING_EDIT, scope=of_import)
def write(reference: str) -> Any:
    """Write the rows."""
    mode = request.form.get("mode", Mode.EACH.value)
    return _act(reference, imports.start, Mode(mode) if mode in set(Mode) else Mode.EACH)


@bp.post("/imports/<reference>/undo")
@guards.requires(P.LISTING_EDIT, scope=of_import)
def undo(reference: str) -> Any:
    """Take it back."""
    return _act(reference, imports.start_undo)


@bp.get("/imports/<reference>/sheet")
@bp.get("/imports/<reference>/columns")
@bp.get("/imports/<reference>/rematch")
@bp.get("/imports/<reference>/again")
@bp.get("/imports/<reference>/drop")
@bp.get("/imports/<reference>/write")
@bp.get("/imports/<reference>/undo")
@guards.requires(P.LISTING_EDIT, scope=of_import)
def step(reference: str) -> Any:
    """An address that only takes forms, opened again (a refused form leaves it in the browser): to the import's page."""
    return _back(queries.by_reference(reference).reference)


@bp.get("/imports/<reference>/progress")
@guards.requires(P.LISTING_EDIT, scope=of_import)
def progress(reference: str) -> Response:
    """How far the work is: for the page that waits."""
    row = queries.by_reference(reference)
    answer = jsonify(done=row.done, total=row.total, working=row.state in WORKING)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.get("/imports/<reference>/refused.xlsx")
@guards.requires(P.LISTING_EDIT, scope=of_import)
def refused(reference: str) -> Response:
    """The refused rows with the reason of each, to correct in a spreadsheet and send again."""
    row = queries.by_reference(reference)
    return tables.send_xlsx(f"bi-tu-choi-{reference}", exports.REFUSED_HEAD, exports.refused(row))


def _page_number() -> int:
    raw = request.values.get("page", "1")
    return min(max(int(raw), 1), 2_000) if raw.isascii() and raw.isdigit() and len(raw) < 5 else 1


@bp.get("/imports/<reference>/fix")
@guards.requires(P.LISTING_EDIT, scope=of_import)
def fix(reference: str) -> Any:
    """The refused rows, their cells to be corrected here."""
    row = queries.by_reference(reference)
    if row.state is not State.READY:
        return _back(reference)
    page = _page_number()
    found, more = queries.refused(row.id, page, FIX_ROWS)
    here = web.path(f"{HERE}/{reference}/fix")
    shown: list[dict[str, Any]] = [
        {
            "position": r.position,
            "number": r.number,
            "name": r.name,
            "fields": [
                {
                    "name": f"cell-{r.position}-{key}",
                    "label": columns.label(key),
                    "value": r.cells.get(key, ""),
                    "error": r.wrong[key][0] if key in r.wrong else "",
                    "suggestion": r.wrong[key][1] if key in r.wrong else "",
                }
                for key in _shown_keys(r)
            ],
        }
        for r in found
    ]
    return render_template(
        "imports/portal/fix.html",
        here=HERE,
        i=row,
        address=web.path(f"{HERE}/{reference}"),
        rows=shown,
        page=page,
        suggestions=any(f["suggestion"] for r in shown for f in r["fields"]),
        previous_url=f"{here}?page={page - 1}" if page > 1 else "",
        next_url=f"{here}?page={page + 1}" if more else "",
    )


def _shown_keys(r: queries.Refused) -> list[str]:
    """What is wrong first, then what the row is about."""
    wrong = [key for key in r.wrong if key in columns.BY_KEY]
    return wrong + [key for key in ("sku", "name", "pack", "price") if key not in wrong]


@bp.post("/imports/<reference>/fix")
@guards.requires(P.LISTING_EDIT, scope=of_import)
def correct(reference: str) -> Any:
    """Take the corrections, or every suggestion of the page, and try all rows again."""
    row = queries.by_reference(reference)
    cells: dict[int, dict[str, str]] = {}
    for name, value in request.form.items():
        kind, _, rest = name.partition("-")
        position, _, key = rest.partition("-")
        if kind == "cell" and position.isascii() and position.isdigit() and len(position) < 7 and key in columns.BY_KEY:
            cells.setdefault(int(position), {})[key] = text.clean(value)
    if request.form.get("do") == "suggestions":
        found, _more = queries.refused(row.id, _page_number(), FIX_ROWS)
        for r in found:
            for key, (_said, suggestion) in r.wrong.items():
                if suggestion and key in columns.BY_KEY:
                    cells.setdefault(r.position, {})[key] = suggestion
    try:
        changed = imports.correct(guards.actor(), row.id, cells)
    except NotFound:
        raise
    except ShopError as error:
        return _one(queries.by_id(row.id), error)
    imports.now_if_small(row.id)
    if changed:
        flash(gettext("Đã sửa %(n)s dòng và kiểm tra lại.", n=changed), "ok")
    else:
        flash(gettext("Chưa có ô nào khác trước."), "info")
    after = queries.by_id(row.id)
    return _back(reference, "/fix" if after.state is State.READY and after.counts.get("refused") else "")


# --- rows that are not there -------------------------------------------------------------------------------------


def _absent_page(row: Import, error: ShopError | None = None) -> Any:
    page = render_template(
        "imports/portal/absent.html",
        here=HERE,
        i=row,
        address=web.path(f"{HERE}/{row.reference}"),
        packs=queries.absent(row),
        chosen=request.form.getlist("sku") if error else [],
        errors=messages(error),
        error_code=error.code if error else None,
    )
    return make_response(page, error.status if error else 200)


@bp.get("/imports/<reference>/absent")
@guards.requires(P.LISTING_EDIT, scope=of_import)
def absent(reference: str) -> Any:
    """What the table does not name, to be hidden if its sender says so."""
    row = queries.by_reference(reference)
    return _absent_page(row) if row.state is State.APPLIED else _back(reference)


@bp.post("/imports/<reference>/absent")
@guards.requires(P.LISTING_EDIT, scope=of_import)
def hide_absent(reference: str) -> Any:
    """Stop offering the chosen ones."""
    row = queries.by_reference(reference)
    try:
        hidden = imports.hide_absent(guards.actor(), row.id, request.form.getlist("sku")[:2_000])
    except NotFound:
        raise
    except ShopError as error:
        return _absent_page(queries.by_id(row.id), error)
    flash(gettext("Đã ngừng bán %(n)s quy cách.", n=hidden), "ok")
    return _back(reference)
