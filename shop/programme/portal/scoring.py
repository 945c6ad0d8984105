"""`/producer/scoring`: a producer scores his own goods by the official sheet and sees what is missing for the next star."""

from __future__ import annotations

import re
from typing import Any

from flask import flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.kernel import web
from shop.kernel.errors import Invalid, NotFound, ShopError
from shop.kernel.forms import messages
from shop.producers import maker
from shop.programme import scoring, self_paper, wording
from shop.programme.errors import ScoredMeanwhile
from shop.programme.portal import bp
from shop.programme.queries import scoring as queries
from shop.programme.services import scoring as services
from shop.programme.sheets import PART_NAMES, PART_POINTS

HERE = "/producer/scoring"
P = Permission
_POSITION = re.compile(r"[0-9]{1,2}")


def of_product(slug: str, **_values: Any) -> str | None:
    """A guard's scope: the producer of the product that the address names."""
    found = queries.owner_of(slug)
    return None if found is None else f"producer:{found}"


@bp.get("/scoring")
@guards.requires(P.LISTING_EDIT)
def scoring_index() -> Any:
    """The producer's goods with what he scored."""
    here = maker.current(P.LISTING_EDIT)
    view = queries.OWN.open(request.args, HERE, queries.own_rows(here.id), make=lambda row: queries.OwnRow(*tuple(row)))
    if view.export:
        return view.download()
    return render_template("programme/portal/index.html", here=HERE, view=view)


def _page(
    found: queries.Scored, answers: dict[str, int], stops: list[str], seen: int, error: ShopError | None = None
) -> Any:
    result = scoring.score(found.official.sheet, answers, stops)
    following = result.next_star
    page = render_template(
        "programme/portal/score.html",
        here=HERE,
        address=web.path(f"{HERE}/{found.slug}"),
        found=found,
        official=found.official,
        answers=answers,
        stops=stops,
        seen=seen,
        result=result if answers or stops else None,
        verdict=wording.verdict(result),
        following=following,
        lacks=result.lacks(following) if following else (),
        points_needed=wording.points_needed(result, following) if following else "",
        parts=PART_NAMES,
        part_points=PART_POINTS,
        errors=messages(error),
        error_code=error.code if error else None,
    )
    return make_response(page, error.status if error else 200)


def _theirs(slug: str) -> queries.Scored:
    found = queries.scored(slug)
    if all(m.id != found.producer_id for m in maker.mine(P.LISTING_EDIT)):
        raise NotFound
    return found


@bp.get("/scoring/<slug>")
@guards.requires(P.LISTING_EDIT, scope=of_product)
def score(slug: str) -> Any:
    """The sheet of a product as it was filled in last, with its result."""
    found = _theirs(slug)
    return _page(found, found.answers, found.stops, found.version)


@bp.get("/scoring/<slug>/form-02.pdf")
@guards.requires(P.LISTING_EDIT, scope=of_product)
def score_paper(slug: str) -> Any:
    """What was kept last, as the form that goes into the dossier; 404 before anything was."""
    return self_paper.answer(_theirs(slug))


@bp.post("/scoring/<slug>")
@guards.requires(P.LISTING_EDIT, scope=of_product)
def save(slug: str) -> Any:
    """Keep the answers; show what they come to."""
    found = _theirs(slug)
    seen = int(request.form["seen"]) if _POSITION.fullmatch(request.form.get("seen", "")) else 0
    answers, stops = _sent()
    try:
        services.save_self_score(guards.actor(), found.product_id, found.official.id, answers, stops, seen=seen)
    except ScoredMeanwhile as error:
        return _page(found, answers, stops, seen, error)
    except Invalid as error:
        return _page(found, scoring.known(found.official.sheet, answers), [], seen, error)
    flash(gettext("Đã lưu bản tự chấm."), "ok")
    return redirect(web.path(f"{HERE}/{slug}") + "#ket-qua", 303)


def _sent() -> tuple[dict[str, int], list[str]]:
    """What was chosen: question's code → position of the option (-1: no number was sent), and the grounds."""
    answers = {
        field[2:]: int(value) if _POSITION.fullmatch(value) else -1
        for field, value in request.form.items()
        if field.startswith("q-") and value
    }
    return answers, sorted(set(request.form.getlist("stops")))
