"""Booths are given out: the rule is set, changed by hand, published; or taken back to be shared out anew."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask_babel import force_locale
from sqlalchemy import select

from shop.exhibitions import allot, call_words
from shop.exhibitions.allot import EditKind, Rule
from shop.exhibitions.errors import (
    AllotmentStale,
    BoothsInUse,
    CallStillOpen,
    FairChanged,
    FairMovedOn,
    PapersUnchecked,
)
from shop.exhibitions.models.allotting import AllotmentEdit, ExhibitionRule
from shop.exhibitions.models.calls import Application, ApplicationState, Stand
from shop.exhibitions.models.fairs import Booth, Exhibition, FairState
from shop.exhibitions.queries import allotting
from shop.exhibitions.services import offers, rows, stands, steps
from shop.kernel import audit, clock, dates, operations
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import locked, session, transaction
from shop.kernel.errors import N_, Invalid, NotFound

A, F = ApplicationState, FairState
NO_GOODS = "Không còn mặt hàng nào đủ giấy tờ để bày bán."


def ensure_rule(exhibition_id: int) -> ExhibitionRule:
    """The rule of a locked fair, made with a fresh seed if there is none."""
    row = session().get(ExhibitionRule, exhibition_id, with_for_update=True, populate_existing=True)
    if row is None:
        seed = allot.new_seed()
        row = ExhibitionRule(
            exhibition_id=exhibition_id, settings=allotting.kept_rule(Rule()), seed=seed,
            seed_digest=allot.commitment(seed), updated_at=clock.now(), updated_label=SYSTEM.label,
        )  # fmt: skip
        session().add(row)
        session().flush()
    return row


def announce_seed(exhibition_id: int) -> None:
    """Let the digest of the seed be public; the fair is locked. A second call finds it public."""
    row = ensure_rule(exhibition_id)
    if row.announced_at is None:
        row.announced_at = clock.now()
        session().flush()


def checked(rule: Rule) -> Rule:
    """`rule` if its numbers make sense.

    Raises:
        Invalid: a weight outside 0 to 100, a quota below none, shares of more than all.
    """
    for name in ("stars", "past", "draw"):
        if not 0 <= getattr(rule, name) <= 100:
            raise Invalid(N_("Trọng số phải từ 0 đến 100."), field=name)
    if any(n < 0 or n > 999 for n in rule.quotas.values()):
        raise Invalid(N_("Suất phải từ 0 đến 999."), field="quotas")
    if rule.quota_kind is allot.QuotaKind.SHARE and sum(rule.quotas.values()) > 100:
        raise Invalid(N_("Tổng các phần trăm không được quá 100."), field="quotas")
    return rule


def set_rule(actor: Actor, slug: str, rule: Rule, revision: int) -> None:
    """Set the rule by which booths are given out, until they are.

    Raises:
        NotFound; FairMovedOn: they are given out; Invalid.
        FairChanged: somebody else set it meanwhile.
    """
    rule = checked(rule)
    with transaction():
        fair = rows.lock_fair(slug)
        if fair.state not in (F.DRAFT, F.ANNOUNCED):
            raise FairMovedOn
        row = ensure_rule(fair.id)
        if row.revision != revision:
            raise FairChanged
        row.settings = allotting.kept_rule(rule)
        row.revision, row.updated_at, row.updated_label = row.revision + 1, clock.now(), actor.label
        session().flush()
        audit.record(actor, "exhibitions.rule", f"exhibition:{slug}", **row.settings)


def edit(actor: Actor, slug: str, kind: EditKind, reference: str, target: str, reason: str | None, op_key: str) -> int:
    """Change the rule's result by hand: `target` is the code of a booth (move), another application (swap) or nothing (out);
    returns the id of the change.

    Raises:
        NotFound: no such application at this fair; FairMovedOn.
        Invalid: no reason, no such booth or application, or one that takes no part.
    """

    def command() -> dict[str, int]:
        s = session()
        fair = rows.lock_fair(slug)
        said = rows.reason(reason)
        if fair.state is not F.ANNOUNCED:
            raise FairMovedOn
        row = _taking_part(fair, reference, "reference")
        booth_code = other_id = None
        if kind is EditKind.MOVE:
            booth_code = s.scalar(
                select(Booth.code).where(
                    Booth.exhibition_id == fair.id, Booth.code == target.strip(), Booth.out_of_use.is_(False)
                )
            )
            if booth_code is None:
                raise Invalid(N_("Hội chợ này không có gian %(code)s."), field="target", code=target.strip())
        elif kind is EditKind.SWAP:
            other_id = _taking_part(fair, target.strip(), "target").id
            if other_id == row.id:
                raise Invalid(N_("Hãy chọn hai cơ sở khác nhau của hội chợ này."), field="target")
        made = AllotmentEdit(
            exhibition_id=fair.id, kind=kind, application_id=row.id, other_id=other_id, booth_code=booth_code, reason=said,
            at=clock.now(), actor_key=actor.key, actor_label=actor.label,
        )  # fmt: skip
        s.add(made)
        s.flush()
        audit.record(actor, f"exhibitions.edit-{kind.value}", f"application:{reference}", target=target, reason=said)
        return {"id": made.id}

    body = [slug, kind.value, reference, target, reason]
    return int(operations.once(op_key, "exhibitions.edit", actor.key, body, command)["id"])


def _taking_part(fair: Exhibition, reference: str, field: str) -> Application:
    row = session().scalar(
        select(Application).where(Application.exhibition_id == fair.id, Application.reference == reference)
    )
    if row is None or row.state not in allotting.TAKES_PART:
        raise Invalid(N_("Hồ sơ này không tham gia xếp gian."), field=field)
    return row


def undo(actor: Actor, slug: str, edit_id: int) -> None:
    """Take a change by hand back; it stays on record.

    Raises:
        NotFound; FairMovedOn.
    """
    with transaction():
        fair = rows.lock_fair(slug)
        if fair.state is not F.ANNOUNCED:
            raise FairMovedOn
        row = locked(AllotmentEdit, edit_id, NotFound)
        if row.exhibition_id != fair.id:
            raise NotFound
        if row.undone_at is None:
            row.undone_at, row.undone_label = clock.now(), actor.label
            session().flush()
            audit.record(actor, "exhibitions.edit-undone", f"exhibition:{slug}", edit=edit_id)


def publish(actor: Actor, slug: str, seen: str, op_key: str, *, early: bool = False) -> dict[str, int]:
    """Give the booths out as they were seen (`seen`: `Preview.digest`): applications are accepted, wait or are refused, fees
    are copied, the seed is revealed. Returns how many of each.

    Raises:
        NotFound; FairMovedOn: they are given out already.
        CallStillOpen: producers may still apply, and `early` was not said.
        PapersUnchecked: nobody has checked the papers of some goods.
        AllotmentStale: it would come out otherwise than was seen.
    """

    def command() -> dict[str, int]:
        fair = rows.lock_fair(slug)
        if fair.state is not F.ANNOUNCED:
            raise FairMovedOn
        if fair.takes_applications(clock.today()) and not early and fair.call_to_on is not None:
            raise CallStillOpen(last=dates.day(fair.call_to_on - timedelta(days=1)))
        # In id order, so that whoever holds one of them does not wait for another of ours.
        session().execute(
            select(Application.id)
            .where(Application.exhibition_id == fair.id, Application.state.in_(allotting.TAKES_PART))
            .order_by(Application.id)
            .with_for_update()
        ).all()
        row = ensure_rule(fair.id)
        found = allotting.preview(fair, allotting.rule_of(row), row.seed)
        if found.given.unchecked:
            raise PapersUnchecked(n=found.given.unchecked)
        if found.digest != seen:
            raise AllotmentStale
        counts = _carry_out(actor, fair, found)
        if row.announced_at is None:
            row.announced_at = clock.now()
        row.revealed_at = clock.now()
        steps.fair(actor, fair, F.ALLOTTED, early=early, **_told(found, row))
        return counts

    return operations.once(op_key, "exhibitions.publish", actor.key, [slug, seen, early], command)


def _carry_out(actor: Actor, fair: Exhibition, found: allotting.Preview) -> dict[str, int]:
    arranged = found.arrangement
    edits = {}
    for e in found.edits:
        edits[e.application_id] = e
        if e.other_id is not None:
            edits[e.other_id] = e
    # Whoever waits already gets his place anew.
    for place, reference in enumerate(arranged.waiting, 1):
        row = found.given.askers[reference].row
        was, row.place = row.state, place
        if was is not A.WAITING:
            steps.application(actor, row, A.WAITING)
    session().flush()
    for reference, booth_id in sorted(arranged.booths.items()):
        asker, outcome = found.given.askers[reference], found.result.of(reference)
        by_hand = edits.get(asker.row.id) if reference in arranged.by_hand else None
        with force_locale("vi"):
            why = call_words.why(outcome, found.given, found.rule) if outcome is not None else ""
            if by_hand is not None:
                why = call_words.by_hand(by_hand.reason, why)
        steps.application(actor, asker.row, A.ACCEPTED)
        stands.give(actor, fair, asker.row, booth_id, why, stars=asker.stars)
    for asker in found.given.without_goods:
        steps.application(actor, asker.row, A.REFUSED, NO_GOODS)
    rows.close_ranks(fair.id)
    return {
        "accepted": len(arranged.booths), "waiting": len(arranged.waiting), "refused": len(found.given.without_goods)
    }  # fmt: skip


def _told(found: allotting.Preview, row: ExhibitionRule) -> dict[str, Any]:
    """What is kept of a draw for good, so that it can be followed after booths have changed hands."""
    booths = found.given.booths
    return {
        "rule": row.settings,
        "seed": row.seed,
        "seed_digest": row.seed_digest,
        "quotas": dict(found.result.quotas),
        "outcomes": [
            {
                "reference": o.reference,
                "locality": o.locality,
                "rank": o.rank,
                "points": o.points,
                "stars": o.stars,
                "past": o.past_points,
                "newcomer": o.newcomer,
                "draw": o.draw,
                "endorsed": o.endorsed,
                "by": o.by.value,
                "booth": booths[found.arrangement.booths[o.reference]].code
                if o.reference in found.arrangement.booths
                else None,
                "by_rule": booths[o.booth_id].code if o.booth_id is not None else None,
                "place": found.arrangement.waiting.index(o.reference) + 1
                if o.reference in found.arrangement.waiting
                else None,
            }
            for o in found.result.outcomes
        ],
    }


def take_back(actor: Actor, slug: str, reason: str | None, op_key: str) -> None:
    """Take the published booths back to be given out anew: stands and offers end, all applications stand as before. The seed
    stays, so nobody's draw number changes.

    Raises:
        NotFound; FairMovedOn; BoothsInUse: goods may be on their way; Invalid: no reason.
    """

    def command() -> dict[str, Any]:
        s = session()
        fair = rows.lock_fair(slug)
        said = rows.reason(reason)
        if fair.state is not F.ALLOTTED:
            raise FairMovedOn
        if s.scalar(select(Booth.id).where(Booth.exhibition_id == fair.id, Booth.point_id.is_not(None)).limit(1)):
            raise BoothsInUse
        found = s.scalars(
            select(Application)
            .where(Application.exhibition_id == fair.id, Application.state.in_((A.ACCEPTED, A.WAITING)))
            .order_by(Application.id)
            .with_for_update()
        ).all()
        offers.end_all(actor, fair.id)
        for stand in s.scalars(
            select(Stand).where(Stand.exhibition_id == fair.id, Stand.ended_at.is_(None)).order_by(Stand.id)
        ).all():
            stands.end(actor, stand, said)
        for row in found:
            steps.application(actor, row, A.SUBMITTED, said)
        steps.fair(actor, fair, F.ANNOUNCED, said)
        return {}

    operations.once(op_key, "exhibitions.take-back", actor.key, [slug, reason], command)
