"""`/producer/papers`: the producer's papers, newer ones in place of older ones, what the office says of them."""

from __future__ import annotations

from typing import Any

from flask import flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.kernel import operations, web
from shop.kernel.errors import NotFound, ShopError
from shop.kernel.forms import messages
from shop.producers import files, maker, queries
from shop.producers.models import PAPER_KIND_NAMES, PAPER_STATE_NAMES
from shop.producers.portal import bp
from shop.producers.services import papers as commands

HERE = "/producer/papers"
FIELDS = ("kind", "number", "issuer", "issued_on", "expires_on", "replaces")
STATE_KINDS = {"waiting": "info", "accepted": "ok", "refused": "bad", "revoked": "bad", "withdrawn": ""}


def of_paper(reference: str) -> str | None:
    """The scope of the producer whose paper an address names."""
    return queries.paper_scope(reference, office=False)


@bp.get("/papers")
@guards.requires(Permission.PORTAL_ENTER)
def papers() -> Any:
    """The list, former papers too, or a file of it."""
    here = maker.current(Permission.PORTAL_ENTER)
    view = queries.papers_portal(request.args, here.id)
    if view.export:
        return view.download()
    return render_template(
        "producers/portal/papers.html",
        here=HERE,
        view=view,
        may_add=guards.may(Permission.PORTAL_PROFILE, here.scope),
        kind_names=PAPER_KIND_NAMES,
        state_names=PAPER_STATE_NAMES,
        state_kinds=STATE_KINDS,
    )


@bp.get("/papers/new")
@guards.requires(Permission.PORTAL_PROFILE)
def new_paper() -> Any:
    """The form; `replaces` names the paper that a newer one takes the place of."""
    here = maker.current(Permission.PORTAL_PROFILE)
    values = {name: request.args.get(name, "")[:80] for name in FIELDS}
    if values["replaces"]:
        older = queries.paper(values["replaces"])
        if older.producer_id != here.id:
            raise NotFound
        values |= {"kind": older.kind.value, "issuer": older.issuer}
    return _form(values)


def _form(values: dict[str, str], error: ShopError | None = None) -> Any:
    page = render_template(
        "producers/portal/paper_new.html",
        here=HERE,
        v=values,
        kinds=[(k.value, gettext(label)) for k, label in PAPER_KIND_NAMES.items()],
        op_key=operations.new_key(),
        errors=messages(error),
        error_code=error.code if error else None,
    )
    return make_response(page, error.status if error else 200)


@bp.post("/papers/new")
@guards.requires(Permission.PORTAL_PROFILE)
def add_paper() -> Any:
    """Hand in a paper."""
    here = maker.current(Permission.PORTAL_PROFILE)
    values = {name: request.form.get(name, "") for name in FIELDS}
    upload = request.files.get("file")
    try:
        commands.hand_in(
            guards.actor(),
            commands.Owner(producer_id=here.id),
            upload.read() if upload and upload.filename else None,
            op_key=request.form.get("op_key", ""),
            **values,  # type: ignore[arg-type]
        )
    except NotFound:
        raise
    except ShopError as error:
        return _form(values, error)
    flash(gettext("Đã gửi giấy tờ. Cửa hàng sẽ xem và báo lại."), "ok")
    return redirect(web.path(HERE), 303)


@bp.get("/papers/<reference>")
@guards.requires(Permission.PORTAL_ENTER, scope=of_paper)
def paper(reference: str) -> Any:
    """One paper with its history."""
    found = queries.paper(reference)
    return render_template(
        "producers/portal/paper.html",
        here=HERE,
        p=found,
        steps=queries.steps_of(paper_id=found.id),
        may_add=guards.may(Permission.PORTAL_PROFILE, f"producer:{found.producer_id}"),
        kind_names=PAPER_KIND_NAMES,
        state_names=PAPER_STATE_NAMES,
        state_kinds=STATE_KINDS,
    )


@bp.get("/papers/<reference>/file")
@guards.requires(Permission.PORTAL_ENTER, scope=of_paper)
def paper_file(reference: str) -> Any:
    """The file, for members only."""
    return files.answer(queries.paper(reference).file_key, reference)


@bp.post("/papers/<reference>/withdraw")
@guards.requires(Permission.PORTAL_PROFILE, scope=of_paper)
def withdraw_paper(reference: str) -> Any:
    """Take back a paper that nobody has looked at yet."""
    found = queries.paper(reference)
    commands.take_back(guards.actor(), commands.Owner(producer_id=found.producer_id), reference)
    flash(gettext("Đã rút giấy tờ ấy."), "ok")
    return redirect(web.path(HERE), 303)
