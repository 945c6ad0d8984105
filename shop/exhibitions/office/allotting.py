"""Booths are given out: the rule tried and set, the preview explained, changed by hand, published; who stands where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import flash, redirect, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.exhibitions import call_words, tabs
from shop.exhibitions.allot import EditKind, Outcome, QuotaKind, Rule, quotas_beyond
from shop.exhibitions.models.fairs import Exhibition, FairState
from shop.exhibitions.office import bp
from shop.exhibitions.office.frame import page
from shop.exhibitions.queries import allotting as queries
from shop.exhibitions.queries import booths, calls, fairs
from shop.exhibitions.queries.allotting import OUTSIDE, Preview
from shop.exhibitions.services import allotting, moving
from shop.kernel import clock, operations, web
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.places import queries as places
from shop.supply.forms import number

P, F = Permission, FairState
PART, STANDS = "allot", "stands"
tabs.add(40, PART, N_("Xếp gian"), P.EXHIBITION_READ, frozenset({F.DRAFT, F.ANNOUNCED}))
tabs.add(
    41, STANDS, N_("Ai đứng gian nào"), P.EXHIBITION_READ, frozenset({F.ALLOTTED, F.RUNNING, F.CLOSED, F.REPORTED})
)
EDIT_NAMES = {
    EditKind.MOVE: N_("Xếp vào gian"),
    EditKind.SWAP: N_("Đổi chỗ với hồ sơ"),
    EditKind.OUT: N_("Đưa ra danh sách chờ"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One application in the preview."""

    reference: str
    rank: int
    producer: str
    locality: str
    points: str
    booth: str
    place: int | None
    why: str
    by_hand: bool


def _lines(found: Preview) -> list[Line]:
    arranged, waiting = found.arrangement, {r: n for n, r in enumerate(found.arrangement.waiting, 1)}
    lines = []
    for o in found.result.outcomes:
        asker = found.given.askers[o.reference]
        booth_id = arranged.booths.get(o.reference)
        lines.append(
            Line(
                o.reference,
                o.rank,
                asker.producer_name,
                call_words.locality(asker.locality),
                _points(o, found.rule),
                found.given.booths[booth_id].code if booth_id is not None else "",
                waiting.get(o.reference),
                call_words.why(o, found.given, found.rule),
                o.reference in arranged.by_hand,
            )
        )
    return lines


def _points(o: Outcome, rule: Rule) -> str:
    """Points of a hundred, with one decimal."""
    most = (rule.stars + rule.past + rule.draw) or 1
    return f"{o.points / 1000 / most:.1f}".replace(".", ",")


@dataclass(frozen=True, slots=True)
class Compared:
    """What another rule would change: places by locality (now, then), and who wins or loses a booth."""

    localities: list[tuple[str, int, int, int]]
    wins: list[str]
    loses: list[str]


def _compare(now: Preview, then: Preview) -> Compared:
    def held(found: Preview) -> Counter[str]:
        return Counter(o.locality for o in found.result.outcomes if o.booth_id is not None)

    one, two = held(now), held(then)
    asked = Counter(o.locality for o in then.result.outcomes)
    inside = [{o.reference for o in p.result.outcomes if o.booth_id is not None} for p in (now, then)]
    names = {r: a.producer_name for r, a in now.given.askers.items()}
    return Compared(
        [(call_words.locality(code), asked[code], one[code], two[code]) for code in sorted(asked)],
        sorted(names[r] for r in inside[1] - inside[0]),
        sorted(names[r] for r in inside[0] - inside[1]),
    )


def _rule_form(rule: Rule) -> dict[str, Any]:
    values: dict[str, Any] = {
        "stars": rule.stars,
        "past": rule.past,
        "draw": rule.draw,
        "quota_kind": rule.quota_kind.value,
    }
    values["endorsed_first"] = "1" if rule.endorsed_first else ""
    return values | {f"quota-{code}": n for code, n in rule.quotas.items()}


def _read_rule(fair: Exhibition) -> Rule:
    form = request.form
    quotas = {}
    for code, _name in _localities(fair):
        n = number(form.get(f"quota-{code}"), f"quota-{code}")
        if n:
            quotas[code] = n
    kind = QuotaKind.SHARE if form.get("quota_kind") == QuotaKind.SHARE else QuotaKind.NUMBER
    weights = {name: number(form.get(name), name) for name in ("stars", "past", "draw")}
    return allotting.checked(
        Rule(quotas=quotas, quota_kind=kind, endorsed_first=bool(form.get("endorsed_first")), **weights)
    )


def _localities(fair: Exhibition) -> list[tuple[str, str]]:
    return [*places.commune_choices(fair.province_code), (OUTSIDE, call_words.locality(OUTSIDE))]


def _allot(
    fair: Exhibition, error: ShopError | None = None, *, tried: Rule | None = None, about: str = "", typed: Any = None
) -> Any:
    row = queries.rule_row(fair.id)
    rule = queries.rule_of(row)
    given = queries.inputs(fair)
    # Before the call was announced there is no seed: the preview then draws by the fair's own name.
    seed = row.seed if row is not None else fair.slug
    now = queries.preview(fair, rule, seed, given)
    shown = queries.preview(fair, tried, seed, given) if tried is not None else now
    may = guards.may(P.EXHIBITION_EDIT, f"exhibition:{fair.id}")
    asked = Counter(a.locality for a in given.askers.values())
    return page(
        "exhibitions/office/allot.html", fair, PART, error, found=shown, lines=_lines(shown), may=may, about=about,
        tried=tried is not None, compared=_compare(now, shown) if tried is not None else None,
        v=typed if typed is not None else _rule_form(shown.rule), revision=row.revision if row is not None else 0,
        localities=[(code, name, asked[code]) for code, name in _localities(fair)],
        quota_set=bool(shown.rule.quotas), rule_lines=call_words.rule_lines(shown.rule),
        seed_digest=row.seed_digest if row is not None and row.announced_at else None,
        warnings=[call_words.warning(w, given, dict(shown.result.quotas)) for w in shown.arrangement.warnings],
        edits=queries.told_edits(fair.id),
        edit_names=EDIT_NAMES, choices=[(o.reference, f"{o.rank}. {given.askers[o.reference].producer_name}")
                                        for o in now.result.outcomes],
        without_goods=given.without_goods, unchecked=given.unchecked,
        announced=fair.state is F.ANNOUNCED, still_open=fair.takes_applications(clock.today()),
        call_last=fair.call_to_on - timedelta(days=1) if fair.call_to_on else None,
        op_key=operations.new_key(), edit_key=operations.new_key(), e=request.form if about == "edit" else {},
        seats=shown.result.seats, kept=sum(shown.result.quotas.values()),
        beyond=quotas_beyond(shown.rule, shown.result.seats),
    )  # fmt: skip


@bp.get("/exhibitions/<slug>/allot")
@guards.requires(P.EXHIBITION_READ, scope=fairs.scope)
def allot(slug: str) -> Any:
    """What the rule gives as things stand, and why. Nothing is written."""
    fair = fairs.by_slug(slug)
    if fair.state not in (F.DRAFT, F.ANNOUNCED):
        return redirect(web.path(f"/office/exhibitions/{slug}/stands"), 303)
    return _allot(fair)


@bp.post("/exhibitions/<slug>/allot/rule")
@guards.requires(P.EXHIBITION_EDIT, scope=fairs.scope)
def set_rule(slug: str) -> Any:
    """Try another rule (nothing is written), or set it."""
    fair, form = fairs.by_slug(slug), request.form
    try:
        rule = _read_rule(fair)
        if form.get("do") == "try":
            return _allot(fair, tried=rule, typed=form)
        raw = form.get("revision", "")
        revision = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 10 else 0
        allotting.set_rule(guards.actor(), slug, rule, revision)
    except NotFound:
        raise
    except ShopError as error:
        return _allot(fairs.by_slug(slug), error, about="rule", typed=form)
    flash(gettext("Đã lưu quy tắc."), "ok")
    return redirect(web.path(f"/office/exhibitions/{slug}/allot"), 303)


def _on_allot(slug: str, about: str, command: Callable[[], Any], words: str, to: str = PART) -> Any:
    try:
        command()
    except NotFound:
        raise
    except ShopError as error:
        fair = fairs.by_slug(slug)
        if fair.state not in (F.DRAFT, F.ANNOUNCED):
            return _stands(fair, error)
        return _allot(fair, error, about=about)
    flash(words, "ok")
    return redirect(web.path(f"/office/exhibitions/{slug}/{to}"), 303)


@bp.post("/exhibitions/<slug>/allot/edit")
@guards.requires(P.EXHIBITION_EDIT, scope=fairs.scope)
def edit_allotment(slug: str) -> Any:
    """Change the rule's result by hand."""
    form, actor = request.form, guards.actor()

    def command() -> None:
        try:
            kind = EditKind(form.get("kind", ""))
        except ValueError:
            raise Invalid(N_("Hãy chọn cách thay đổi."), field="kind") from None
        target = form.get("booth" if kind is EditKind.MOVE else "other", "") if kind is not EditKind.OUT else ""
        allotting.edit(actor, slug, kind, form.get("reference", ""), target, form.get("reason"), form.get("op_key", ""))

    return _on_allot(slug, "edit", command, gettext("Đã ghi thay đổi. Xem lại cảnh báo rồi công bố."))


@bp.post("/exhibitions/<slug>/allot/undo")
@guards.requires(P.EXHIBITION_EDIT, scope=fairs.scope)
def undo_edit(slug: str) -> Any:
    """Take a change by hand back."""
    raw, actor = request.form.get("edit", ""), guards.actor()
    if not (raw.isascii() and raw.isdigit() and len(raw) < 16):
        raise NotFound
    return _on_allot(slug, "undo", lambda: allotting.undo(actor, slug, int(raw)), gettext("Đã bỏ thay đổi."))


@bp.post("/exhibitions/<slug>/allot/publish")
@guards.requires(P.EXHIBITION_EDIT, scope=fairs.scope)
def publish_booths(slug: str) -> Any:
    """Give the booths out as they were seen."""
    form, actor = request.form, guards.actor()
    return _on_allot(
        slug, "publish",
        lambda: allotting.publish(
            actor, slug, form.get("seen", ""), form.get("op_key", ""), early=bool(form.get("early"))
        ),
        gettext("Đã công bố kết quả xếp gian; thư đang được gửi tới các cơ sở."), STANDS,
    )  # fmt: skip


# --- after publishing ----------------------------------------------------------------------------------------------


def _stands(fair: Exhibition, error: ShopError | None = None) -> Any:
    standing = booths.standing(fair.id)
    return page(
        "exhibitions/office/stands.html", fair, STANDS, error, rows=standing, waiting=booths.waiting(fair.id),
        free=booths.free_booths(fair.id), moves=booths.moves(fair.id), choices=booths.as_choices(standing),
        may=guards.may(P.EXHIBITION_EDIT, f"exhibition:{fair.id}") and fair.state is F.ALLOTTED,
        v=request.form if error else {}, op_key=operations.new_key(), back_key=operations.new_key(),
        fees=sum(r.stand.fee_amount for r in standing), subsidies=sum(r.stand.subsidy_amount for r in standing),
    )  # fmt: skip


@bp.get("/exhibitions/<slug>/stands")
@guards.requires(P.EXHIBITION_READ, scope=fairs.scope)
def stands_of(slug: str) -> Any:
    """Who stands where, who waits, what happened since."""
    return _stands(fairs.by_slug(slug))


@bp.post("/exhibitions/<slug>/stands/swap")
@guards.requires(P.EXHIBITION_EDIT, scope=fairs.scope)
def swap_booths(slug: str) -> Any:
    """Let two producers change booths."""
    form, actor = request.form, guards.actor()
    references = form.get("reference", ""), form.get("other", "")
    if any(calls.whole(r).fair.slug != slug for r in references):
        raise NotFound
    return _on_allot(
        slug, "swap",
        lambda: moving.swap_by_staff(actor, *references, form.get("reason"), form.get("op_key", "")),
        gettext("Đã đổi gian; hai cơ sở thấy gian mới trong cổng của mình."), STANDS,
    )  # fmt: skip


@bp.post("/exhibitions/<slug>/stands/take-back")
@guards.requires(P.EXHIBITION_EDIT, scope=fairs.scope)
def share_anew(slug: str) -> Any:
    """Take the published booths back to be given out anew."""
    form, actor = request.form, guards.actor()
    return _on_allot(
        slug, "take-back",
        lambda: allotting.take_back(actor, slug, form.get("reason"), form.get("op_key", "")),
        gettext("Đã thu lại kết quả. Mọi hồ sơ trở về trạng thái chờ xếp gian."),
    )  # fmt: skip
