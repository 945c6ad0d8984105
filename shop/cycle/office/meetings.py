"""`/office/meetings`: conferences, trainings and surveys with who came; `/office/library`: policies, guidance and forms."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.cycle import localities
from shop.cycle.models.ideas import DOCUMENT_NAMES, MEETING_NAMES, DocumentKind, MeetingKind
from shop.cycle.office import bp
from shop.cycle.queries import meetings as queries
from shop.cycle.services import library, meetings
from shop.kernel import clock, operations, web
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.kernel.forms import day, messages
from shop.kernel.storage import storage

P = Permission
HERE = "/office/meetings"
LIBRARY = "/office/library"


@bp.get("/meetings")
@guards.requires(P.CYCLE_READ)
def meeting_list() -> Any:
    """The meetings that the reader may see."""
    view = queries.MEETINGS.open(request.args, HERE, queries.meeting_rows(guards.scopes(P.CYCLE_READ)))
    if view.export:
        return view.download()
    return render_template(
        "cycle/office/meetings.html", here=HERE, view=view, names=MEETING_NAMES, place=queries.place_of,
        may_edit=guards.may(P.CYCLE_EDIT),
    )  # fmt: skip


def _choices() -> list[tuple[str, str]]:
    """For whom the writer may hold a meeting: his localities; the whole province (empty) for a grant for all."""
    scopes = guards.scopes(P.CYCLE_EDIT)
    return [(x.code, x.name) for x in localities.of_day(clock.today()) if "*" in scopes or x.scope in scopes]


def _new_meeting(error: ShopError | None = None) -> Any:
    page = render_template(
        "cycle/office/meeting_new.html", here=HERE, names=MEETING_NAMES, places=_choices(), v=request.form,
        whole=guards.may(P.CYCLE_EDIT, "*"), op_key=request.form.get("op_key") or operations.new_key(),
        errors=messages(error), error_code=error.code if error else None,
    )  # fmt: skip
    return make_response(page, error.status if error else 200)


@bp.get("/meetings/new")
@guards.requires(P.CYCLE_EDIT)
def meeting_form() -> Any:
    """The form of a new one."""
    return _new_meeting()


@bp.post("/meetings/new")
@guards.requires(P.CYCLE_EDIT)
def write_meeting() -> Any:
    """Write it down."""
    try:
        kind = next((k for k in MeetingKind if k.value == request.form.get("kind")), None)
        held = day(request.form.get("held_on", ""), "held_on")
        code = request.form.get("locality", "")
        if kind is None:
            raise Invalid(N_("Hãy chọn loại."), field="kind")
        if held is None:
            raise Invalid(N_("Hãy ghi ngày."), field="held_on")
        if (code and code not in dict(_choices())) or (not code and not guards.may(P.CYCLE_EDIT, "*")):
            raise Invalid(N_("Hãy chọn địa phương."), field="locality")
        reference = meetings.hold(
            guards.actor(), kind, request.form.get("title", ""), code, held, day(request.form.get("last_on", ""), "last_on"),
            request.form.get("place"), request.form.get("outcome"), request.form.get("op_key", ""),
        )  # fmt: skip
    except ShopError as error:
        return _new_meeting(error)
    flash(gettext("Đã ghi."), "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)


def _meeting(reference: str, error: ShopError | None = None, part: str = "") -> Any:
    row = queries.meeting(reference)
    people = queries.people(row.id)
    page = render_template(
        "cycle/office/meeting.html", here=HERE, m=row, names=MEETING_NAMES, place=queries.place_of(row.locality_code),
        people=people, came=sum(a.came for a in people), d=request.form, part=part,
        may_edit=guards.may(P.CYCLE_EDIT, f"locality:{row.locality_code}" if row.locality_code else "*"),
        errors=messages(error), error_code=error.code if error else None,
    )  # fmt: skip
    return make_response(page, error.status if error else 200)


@bp.get("/meetings/<reference>")
@guards.requires(P.CYCLE_READ, scope=queries.meeting_scope, name="locality")
def meeting(reference: str) -> Any:
    """One of them with its list."""
    return _meeting(reference)


@bp.post("/meetings/<reference>/outcome")
@guards.requires(P.CYCLE_EDIT, scope=queries.meeting_scope, name="locality")
def conclude_meeting(reference: str) -> Any:
    """Write down what came of it."""
    try:
        meetings.conclude(guards.actor(), reference, request.form.get("outcome", ""))
    except NotFound:
        raise
    except ShopError as error:
        return _meeting(reference, error, "outcome")
    flash(gettext("Đã ghi."), "ok")
    return redirect(web.path(f"{HERE}/{reference}"), 303)


@bp.post("/meetings/<reference>/people")
@guards.requires(P.CYCLE_EDIT, scope=queries.meeting_scope, name="locality")
def bring_people(reference: str) -> Any:
    """Bring a list of people; `do=one`: a person by hand; `do=mark`: say whether somebody on the list came."""
    do, came = request.form.get("do", ""), request.form.get("came") == "1"
    if do == "mark":
        meetings.mark(guards.actor(), reference, _id(request.form.get("person", "")), came=came)
        return redirect(web.path(f"{HERE}/{reference}") + "#nguoi-du", 303)
    sent = request.files.get("file")
    try:
        if do == "one":
            said = (request.form.get(field, "") for field in ("name", "unit", "office"))
            done = meetings.add_person(guards.actor(), reference, *said, came=came)
        else:
            done = meetings.attend(
                guards.actor(), reference, sent.read() if sent else b"", (sent.filename or "") if sent else ""
            )
    except NotFound:
        raise
    except ShopError as error:
        return _meeting(reference, error, "one" if do == "one" else "people")
    flash(
        gettext("Thêm %(added)s người, đổi %(changed)s, bỏ qua %(skipped)s dòng không có tên.", added=done.added,
                changed=done.changed, skipped=done.skipped), "ok",
    )  # fmt: skip
    return redirect(web.path(f"{HERE}/{reference}"), 303)


# --- the library -------------------------------------------------------------------------------------------------


@bp.get("/library")
@guards.requires(P.CYCLE_READ)
def library_list() -> Any:
    """Policies, guidance and forms; searched without marks."""
    q, kind = request.args.get("q", "")[:120], request.args.get("kind", "")
    return render_template(
        "cycle/office/library.html", here=LIBRARY, q=q, kind=kind, names=DOCUMENT_NAMES,
        rows=queries.library(q, kind, guards.actor().user_id or 0), may_edit=guards.may(P.CYCLE_DECIDE, "*"),
    )  # fmt: skip


def _new_document(error: ShopError | None = None) -> Any:
    page = render_template(
        "cycle/office/document_new.html", here=LIBRARY, names=DOCUMENT_NAMES, v=request.form, today=clock.today().isoformat(),
        op_key=request.form.get("op_key") or operations.new_key(), errors=messages(error),
        error_code=error.code if error else None,
    )  # fmt: skip
    return make_response(page, error.status if error else 200)


@bp.get("/library/new")
@guards.requires_all(P.CYCLE_DECIDE)
def document_form() -> Any:
    """The form of a new document."""
    return _new_document()


def _file() -> str | None:
    sent = request.files.get("file")
    return library.keep(sent.read() if sent else None, (sent.filename or "") if sent else "")


@bp.post("/library/new")
@guards.requires_all(P.CYCLE_DECIDE)
def add_document() -> Any:
    """Put it into the library."""
    try:
        kind = next((k for k in DocumentKind if k.value == request.form.get("kind")), None)
        if kind is None:
            raise Invalid(N_("Hãy chọn loại."), field="kind")
        from_on = day(request.form.get("from_on", ""), "from_on") or clock.today()
        reference = library.add(
            guards.actor(), kind, request.form.get("title", ""), request.form.get("number"), request.form.get("summary", ""),
            request.form.get("link"), _file(), from_on, request.form.get("op_key", ""),
        )  # fmt: skip
    except ShopError as error:
        return _new_document(error)
    flash(gettext("Đã thêm vào thư viện."), "ok")
    return redirect(web.path(f"{LIBRARY}/{reference}"), 303)


def _id(raw: str) -> int:
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 15 else 0


def _number(raw: str) -> int:
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 7 else 0


def _document(reference: str, error: ShopError | None = None, part: str = "") -> Any:
    row = queries.document(reference)
    shown = queries.version(row.id, _number(request.args.get("v", "")) or row.version)
    may_edit = guards.may(P.CYCLE_DECIDE, "*")
    page = render_template(
        "cycle/office/document.html", here=LIBRARY, doc=row, shown=shown, versions=queries.versions(row.id),
        names=DOCUMENT_NAMES, may_edit=may_edit, has_read=queries.has_read(shown.id, guards.actor().user_id or 0),
        receipts=queries.receipts(shown.id) if may_edit else [], d=request.form, part=part, today=clock.today().isoformat(),
        errors=messages(error), error_code=error.code if error else None,
    )  # fmt: skip
    return make_response(page, error.status if error else 200)


@bp.get("/library/<reference>")
@guards.requires(P.CYCLE_READ)
def document(reference: str) -> Any:
    """A document; `v`: one of its former versions."""
    return _document(reference)


@bp.get("/library/<reference>/file")
@guards.requires(P.CYCLE_READ)
def document_file(reference: str) -> Response:
    """The file of a version."""
    row = queries.document(reference)
    shown = queries.version(row.id, _number(request.args.get("v", "")) or row.version)
    if shown.file_key is None:
        raise NotFound
    ending = shown.file_key.rpartition(".")[2]
    response = Response(storage().get(shown.file_key), mimetype="application/octet-stream")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Disposition"] = f'attachment; filename="{reference}-{shown.number}.{ending}"'
    return response


@bp.post("/library/<reference>/versions")
@guards.requires_all(P.CYCLE_DECIDE)
def revise_document(reference: str) -> Any:
    """Add a version."""
    try:
        from_on = day(request.form.get("from_on", ""), "from_on") or clock.today()
        library.revise(
            guards.actor(), reference, request.form.get("summary", ""), request.form.get("link"), _file(), from_on,
            request.form.get("why", ""), seen=_number(request.form.get("seen", "")),
        )  # fmt: skip
    except NotFound:
        raise
    except ShopError as error:
        return _document(reference, error, "version")
    flash(gettext("Đã thêm bản mới."), "ok")
    return redirect(web.path(f"{LIBRARY}/{reference}"), 303)


@bp.post("/library/<reference>/end")
@guards.requires_all(P.CYCLE_DECIDE)
def end_document(reference: str) -> Any:
    """It is no longer to be followed."""
    try:
        library.end(guards.actor(), reference, clock.today())
    except NotFound:
        raise
    except ShopError as error:
        return _document(reference, error, "end")
    flash(gettext("Đã ghi hết hiệu lực."), "ok")
    return redirect(web.path(f"{LIBRARY}/{reference}"), 303)


@bp.post("/library/<reference>/read")
@guards.requires(P.CYCLE_READ)
def read_document(reference: str) -> Any:
    """The reader says that he has read it."""
    scopes = sorted(s for s in guards.scopes(P.CYCLE_READ) if s.startswith("locality:"))
    library.read(
        guards.actor(), reference, _number(request.form.get("v", "")), scopes[0].partition(":")[2] if scopes else None
    )
    flash(gettext("Đã ghi là bạn đã đọc."), "ok")
    return redirect(web.path(f"{LIBRARY}/{reference}"), 303)
