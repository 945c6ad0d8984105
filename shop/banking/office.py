"""`/office/bank`: what waits, every line, statements, accounts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request
from flask_babel import gettext
from werkzeug.wrappers import Response

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.banking import offers, queries
from shop.banking.models import (
    CATEGORY_NAMES,
    FILE_STATE_NAMES,
    FOR_PEOPLE,
    LINE_STATE_NAMES,
    QUEUE_NAMES,
    ROW_OUTCOME_NAMES,
    FileState,
    LineState,
    RowOutcome,
    Use,
)
from shop.banking.services import accounts, files, handling
from shop.kernel import banks, money, operations, web
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.kernel.forms import messages

bp = Blueprint("banking", __name__)
HERE = queries.HERE
P = Permission
LINE_KINDS = {LineState.OPEN: "warn", LineState.CREDITED: "ok", LineState.CONFIRMED: "ok", LineState.ASIDE: ""}
FILE_KINDS = {FileState.MATCHING: "warn", FileState.TRIED: "info", FileState.APPLIED: "ok", FileState.DROPPED: ""}
OUTCOME_KINDS = {RowOutcome.NEW: "ok", RowOutcome.KNOWN: "", RowOutcome.REFUSED: "bad", RowOutcome.IGNORED: ""}
PARTS = 5


def _shown(template: str, error: ShopError | None = None, **values: Any) -> Any:
    waits = queries.waiting()
    page = render_template(
        f"banking/office/{template}.html",
        here=HERE,
        waits=waits,
        queues=[(q.value, QUEUE_NAMES[q], waits.get(q.value, 0)) for q in FOR_PEOPLE],
        queue_names=QUEUE_NAMES,
        line_states=LINE_STATE_NAMES,
        line_kinds=LINE_KINDS,
        file_states=FILE_STATE_NAMES,
        file_kinds=FILE_KINDS,
        outcomes=ROW_OUTCOME_NAMES,
        outcome_kinds=OUTCOME_KINDS,
        may_handle=guards.may(P.BANK_HANDLE),
        new_key=operations.new_key,
        who_may=offers.who_may,
        difference=offers.difference,
        errors=messages(error),
        error_code=error.code if error else None,
        **values,
    )
    return make_response(page, error.status if error else 200)


def _back(address: str) -> Response:
    return redirect(web.path(f"{HERE}{address}"), 303)  # type: ignore[return-value]


# --- lines -------------------------------------------------------------------------------------------------------


@bp.get("/bank")
@guards.requires_all(P.BANK_READ)
def index() -> Any:
    """What waits for people, oldest first."""
    view = queries.lines_waiting(request.args)
    return view.download() if view.export else _shown("index", view=view, me=guards.actor().key)


@bp.get("/bank/lines")
@guards.requires_all(P.BANK_READ)
def all_lines() -> Any:
    """Every line, or a file of them."""
    view = queries.lines(request.args)
    return view.download() if view.export else _shown("lines", view=view)


@bp.get("/bank/lines/<reference>")
@guards.requires_all(P.BANK_READ)
def line(reference: str) -> Any:
    """One line with its history and what can be done."""
    return _line(reference)


def _line(reference: str, error: ShopError | None = None) -> Any:
    q = request.args.get("awaited", "")[:80]
    found = queries.line_file(reference, q)
    return _shown(
        "line",
        error,
        f=found,
        me=guards.actor().key,
        categories=[(c.value, gettext(n)) for c, n in CATEGORY_NAMES.items()],
        v=request.form if error is not None else {},
        sent=list(zip(request.form.getlist("code"), request.form.getlist("amount"), strict=False)) if error else [],
        places=PARTS,
        awaited_names=offers.AWAITED_NAMES,
        awaited=q,
    )


def _try(reference: str, done: str, command: Callable[[], None]) -> Any:
    """Run a command on a line and say what was done; else show the line as it is now, with the refusal."""
    try:
        command()
    except NotFound:
        raise
    except ShopError as error:
        return _line(reference, error)
    flash(done, "ok")
    back = web.safe_next(request.form.get("back"), f"{HERE}/lines/{reference}")
    return redirect(web.path(back), 303)


def _version() -> int:
    raw = request.form.get("version", "")
    if not (raw.isascii() and raw.isdigit() and len(raw) < 9):
        raise Invalid(field="version")
    return int(raw)


def _key() -> str:
    return request.form.get("op_key", "")


def _word(name: str, limit: int = 500) -> str:
    return request.form.get(name, "")[:limit]


@bp.post("/bank/lines/<reference>/take")
@guards.requires_all(P.BANK_HANDLE)
def take(reference: str) -> Any:
    """Work on a line."""
    return _try(reference, gettext("Bạn đã nhận việc này."), lambda: handling.take(guards.actor(), reference))


@bp.post("/bank/lines/<reference>/leave")
@guards.requires_all(P.BANK_HANDLE)
def leave(reference: str) -> Any:
    """Leave it to others."""
    return _try(reference, gettext("Đã trả việc này."), lambda: handling.leave(guards.actor(), reference))


@bp.post("/bank/lines/<reference>/credit")
@guards.requires_all(P.BANK_HANDLE)
def credit(reference: str) -> Any:
    """Put its money to one order or several."""

    def command() -> None:
        handling.credit(guards.actor(), reference, _parts(), _version(), op_key=_key())

    return _try(reference, gettext("Đã ghi vào đơn."), command)


def _parts() -> list[tuple[str, int]]:
    found = []
    for code, raw in list(zip(request.form.getlist("code"), request.form.getlist("amount"), strict=False))[:PARTS]:
        if not code.strip() and not raw.strip():
            continue
        try:
            found.append((code[:60], money.parse_vnd(raw, low=1)))
        except Invalid as error:
            error.field = "amount"
            raise
    return found


@bp.post("/bank/lines/<reference>/adopt")
@guards.requires_all(P.BANK_HANDLE)
def adopt(reference: str) -> Any:
    """It is what somebody wrote down by hand."""
    raw = _word("receipt", 20)

    def command() -> None:
        if not (raw.isascii() and raw.isdigit()):
            raise Invalid(field="receipt")
        handling.adopt(guards.actor(), reference, int(raw), _version(), op_key=_key())

    return _try(reference, gettext("Đã nối với khoản ghi tay."), command)


@bp.post("/bank/lines/<reference>/return")
@guards.requires_all(P.REFUND_MAKE)
def give_back(reference: str) -> Any:
    """What is left goes back."""

    def command() -> None:
        handling.give_back(guards.actor(), reference, _word("code", 60), _word("reason"), _version(), op_key=_key())

    return _try(
        reference, gettext("Đã lập khoản hoàn. Hãy chuyển tiền lại; dòng tiền ra sẽ xác nhận khoản này."), command
    )


@bp.post("/bank/lines/<reference>/keep")
@guards.requires_all(P.BANK_HANDLE)
def keep(reference: str) -> Any:
    """What is left stays."""

    def command() -> None:
        handling.keep(guards.actor(), reference, _word("reason"), _version(), op_key=_key())

    return _try(reference, gettext("Đã ghi giữ lại."), command)


@bp.post("/bank/lines/<reference>/aside")
@guards.requires_all(P.BANK_HANDLE)
def aside(reference: str) -> Any:
    """It is no order's."""

    def command() -> None:
        handling.set_aside(guards.actor(), reference, _word("category", 20), _word("reason"), _version(), op_key=_key())

    return _try(reference, gettext("Đã ghi là không thuộc đơn nào."), command)


@bp.post("/bank/lines/<reference>/remit")
@guards.requires_all(P.BANK_HANDLE)
def remit(reference: str) -> Any:
    """It is the money of something that was awaited: a batch of cash, a bag, a provider's payout."""

    def command() -> None:
        handling.remit(
            guards.actor(), reference, _word("kind", 20), _word("target", 40), _version(), _word("why"), op_key=_key()
        )

    return _try(reference, gettext("Đã ghi cho khoản chờ về."), command)


@bp.post("/bank/lines/<reference>/confirm-refund")
@guards.requires_all(P.REFUND_MAKE)
def confirm_refund(reference: str) -> Any:
    """It is a refund that was to be sent."""
    return _confirm(reference, "refund")


@bp.post("/bank/lines/<reference>/confirm-payout")
@guards.requires_all(P.PAYOUT_MAKE)
def confirm_payout(reference: str) -> Any:
    """It is a payout to a producer."""
    return _confirm(reference, "payout")


def _confirm(reference: str, kind: str) -> Any:
    def command() -> None:
        handling.confirm(guards.actor(), reference, kind, _word("target", 80), _version(), op_key=_key())

    return _try(reference, gettext("Đã xác nhận khoản đã chuyển."), command)


@bp.post("/bank/lines/<reference>/undo")
@guards.requires_all(P.BANK_HANDLE)
def undo(reference: str) -> Any:
    """Take a part back while nothing has followed."""
    return _undo(reference, handling.OF_LINES_THAT_CAME)


@bp.post("/bank/lines/<reference>/undo-refund")
@guards.requires_all(P.REFUND_MAKE)
def undo_refund(reference: str) -> Any:
    """It was not that refund."""
    return _undo(reference, frozenset({Use.REFUND}))


@bp.post("/bank/lines/<reference>/undo-payout")
@guards.requires_all(P.PAYOUT_MAKE)
def undo_payout(reference: str) -> Any:
    """It was not that payout."""
    return _undo(reference, frozenset({Use.PAYOUT}))


def _undo(reference: str, uses: frozenset[Use]) -> Any:
    raw = _word("part", 20)

    def command() -> None:
        if not (raw.isascii() and raw.isdigit()):
            raise Invalid(field="part")
        handling.undo(guards.actor(), reference, int(raw), _version(), uses, op_key=_key())

    return _try(reference, gettext("Đã hoàn tác."), command)


# --- statements --------------------------------------------------------------------------------------------------


def _files(error: ShopError | None = None) -> Any:
    view = queries.files(request.args)
    if view.export:
        return view.download()
    return _shown("files", error, view=view, accounts=queries.account_choices(), v=request.form)


@bp.get("/bank/files")
@guards.requires_all(P.BANK_READ)
def index_of_files() -> Any:
    """Statements, and the form to send one."""
    return _files()


@bp.post("/bank/files")
@guards.requires_all(P.BANK_HANDLE)
def upload() -> Any:
    """Send a statement."""
    sent = request.files.get("file")
    try:
        if sent is None or not sent.filename:
            raise Invalid(N_("Hãy chọn tệp."), field="file")
        reference = files.upload(guards.actor(), _word("account", 20), sent.read(), sent.filename, op_key=_key())
    except NotFound:
        return _files(Invalid(N_("Hãy chọn tài khoản."), field="account"))
    except ShopError as error:
        error.field = error.field or "file"
        return _files(error)
    return _back(f"/files/{reference}")


@bp.get("/bank/files/<reference>")
@guards.requires_all(P.BANK_READ)
def file(reference: str) -> Any:
    """A statement: columns to match, or every row with what it came to."""
    return _file(reference)


def _file(reference: str, error: ShopError | None = None) -> Any:
    row = queries.file_named(reference)
    if row.state is FileState.MATCHING:
        columns, options = queries.columns_of(row)
        return _shown("match", error, b=row, columns=columns, options=options)
    view = queries.rows(request.args, row)
    if view.export:
        return view.download()
    return _shown("file", error, b=row, view=view, said=queries.said)


def _step(reference: str, done: str, command: Callable[[], Any]) -> Any:
    try:
        command()
    except NotFound:
        raise
    except ShopError as error:
        return _file(reference, error)
    if done:
        flash(done, "ok")
    return _back(f"/files/{reference}")


@bp.post("/bank/files/<reference>/columns")
@guards.requires_all(P.BANK_HANDLE)
def match(reference: str) -> Any:
    """Say what the columns are."""
    width = len(queries.file_named(reference).head)
    keys = [_word(f"column-{n}", 20) or None for n in range(width)]
    return _step(reference, "", lambda: files.match(guards.actor(), reference, keys))


@bp.post("/bank/files/<reference>/rematch")
@guards.requires_all(P.BANK_HANDLE)
def rematch(reference: str) -> Any:
    """Match the columns again."""
    return _step(reference, "", lambda: files.rematch(guards.actor(), reference))


@bp.post("/bank/files/<reference>/apply")
@guards.requires_all(P.BANK_HANDLE)
def apply(reference: str) -> Any:
    """Write the new lines."""
    return _step(
        reference,
        gettext("Đã ghi các dòng mới. Máy đang đối chiếu với đơn."),
        lambda: files.apply_and_match(guards.actor(), reference),
    )


@bp.post("/bank/files/<reference>/drop")
@guards.requires_all(P.BANK_HANDLE)
def drop(reference: str) -> Any:
    """Leave it."""
    return _step(reference, gettext("Đã bỏ tệp này."), lambda: files.drop(guards.actor(), reference))


# --- accounts ----------------------------------------------------------------------------------------------------


def _accounts(error: ShopError | None = None) -> Any:
    return _shown(
        "accounts", error, accounts=queries.accounts(), banks=banks.choices(), bank_name=banks.name, v=request.form
    )


@bp.get("/bank/accounts")
@guards.requires_all(P.BANK_READ)
def index_of_accounts() -> Any:
    """The shop's accounts."""
    return _accounts()


@bp.post("/bank/accounts")
@guards.requires_all(P.BANK_HANDLE)
def add_account() -> Any:
    """Put one down."""
    try:
        accounts.add(guards.actor(), _word("bank_bin", 20), _word("number", 60), _word("holder", 200))
    except ShopError as error:
        return _accounts(error)
    flash(gettext("Đã thêm tài khoản."), "ok")
    return _back("/accounts")
