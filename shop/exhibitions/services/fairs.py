"""Commands on a fair itself: write it down, change it, announce it, take it back, call it off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any

from sqlalchemy import func, select

from shop.exhibitions.errors import FairApplied, FairChanged, FairMovedOn
from shop.exhibitions.models.calls import Application, ApplicationGoods, ApplicationState
from shop.exhibitions.models.fairs import FAIR_LIVE, Exhibition, FairKind, FairState
from shop.exhibitions.queries import public
from shop.exhibitions.services import booths, steps
from shop.kernel import audit, clock, operations, text, web
from shop.kernel.actor import Actor
from shop.kernel.db import after_commit, locked, session, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.places.models import HOME_PROVINCE
from shop.points import queries as points
from shop.points.hours import minutes, written

# Addresses below `/office/exhibitions` and `/hoi-cho` that are no fairs.
_TAKEN = frozenset({"new", "lich"})
# A fair of more days is a slip of the pen: the longest known had seven.
LONGEST_DAYS = 60


@dataclass(frozen=True, slots=True)
class Draft:
    """All that staff say of a fair but its plan. Spans are half-open: `to_on` and `call_to_on` are the days after the last."""

    name: str
    kind: FairKind
    from_on: date
    to_on: date
    venue: str
    name_en: str | None = None
    day_opens: str = "08:00"
    day_closes: str = "22:00"
    address: str | None = None
    province_code: str = HOME_PROVINCE
    commune_code: str | None = None
    organiser: str | None = None
    description: str | None = None
    description_en: str | None = None
    call_from_on: date | None = None
    call_to_on: date | None = None
    call_text: str | None = None
    call_text_en: str | None = None
    home_point_id: int | None = None
    source_url: str | None = None


def _check(draft: Draft) -> None:
    if not draft.name:
        raise Invalid(N_("Hãy ghi tên hội chợ."), field="name")
    if not draft.venue:
        raise Invalid(N_("Hãy ghi nơi tổ chức."), field="venue")
    if draft.to_on <= draft.from_on:
        raise Invalid(N_("Ngày bế mạc không được trước ngày khai mạc."), field="last_on")
    if (draft.to_on - draft.from_on).days > LONGEST_DAYS:
        raise Invalid(N_("Hội chợ không dài quá %(n)s ngày."), field="last_on", n=LONGEST_DAYS)
    if _time(draft.day_closes, "day_closes") <= _time(draft.day_opens, "day_opens"):
        raise Invalid(N_("Giờ đóng cửa phải sau giờ mở cửa."), field="day_closes")
    if draft.call_from_on is None and draft.call_to_on is not None:
        raise Invalid(N_("Hãy ghi cả ngày bắt đầu nhận hồ sơ, hoặc để trống cả hai."), field="call_from_on")
    if draft.call_from_on is not None and draft.call_to_on is None:
        raise Invalid(N_("Hãy ghi cả ngày cuối nhận hồ sơ, hoặc để trống cả hai."), field="call_last_on")
    if draft.call_from_on is not None and draft.call_to_on is not None:
        if draft.call_to_on <= draft.call_from_on:
            raise Invalid(N_("Ngày cuối nhận hồ sơ không được trước ngày bắt đầu."), field="call_last_on")
        if draft.call_to_on > draft.from_on:
            raise Invalid(N_("Phải ngừng nhận hồ sơ trước ngày khai mạc."), field="call_last_on")
    if draft.home_point_id is not None:
        home = points.by_ids([draft.home_point_id]).get(draft.home_point_id)
        if home is None or not home.is_open_on(clock.today()):
            raise Invalid(N_("Điểm này không có hoặc đã đóng."), field="home_point_id")


def _time(typed: str, field: str) -> int:
    try:
        return minutes(typed)
    except Invalid as error:
        raise Invalid(error.title, field=field) from error


def _free_slug(name: str) -> str:
    stem = text.slugify(name, limit=70)
    slug, number = stem, 2
    while slug in _TAKEN or session().scalar(select(Exhibition.id).where(Exhibition.slug == slug)) is not None:
        slug, number = f"{stem}-{number}", number + 1
    return slug


def _apply(row: Exhibition, draft: Draft) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for field in fields(draft):
        value = getattr(draft, field.name)
        if field.name in {"day_opens", "day_closes"}:
            value = written(minutes(value))
        before = getattr(row, field.name)
        if before != value:
            changes[field.name] = [before, value]
            setattr(row, field.name, value)
    row.sort_name = text.sort_key(row.name)
    return changes


def create(actor: Actor, draft: Draft, op_key: str, *, slug: str | None = None, is_demo: bool = False) -> str:
    """Begin a fair, in draft; return its address. The same `op_key` again returns the same fair.

    Raises:
        Invalid: the draft breaks a rule; the error names the field.
        KeyUsedOtherwise: the key was used for another draft.
    """

    def make() -> dict[str, Any]:
        _check(draft)
        now = clock.now()
        row = Exhibition(slug=slug or _free_slug(draft.name), created_at=now, updated_at=now, is_demo=is_demo)
        _apply(row, draft)
        session().add(row)
        steps.fair(actor, row, FairState.DRAFT)
        return {"slug": row.slug}

    return str(operations.once(op_key, "exhibitions.create", actor.key, asdict(draft), make)["slug"])


@dataclass(frozen=True, slots=True)
class Changed:
    """What a change of a fair did: points of booths that followed it; whether goods were reckoned for other days before."""

    points: int
    other_days: bool


# What points of booths have from their fair.
_FOLLOWED = frozenset(
    {"name", "from_on", "to_on", "day_opens", "day_closes", "venue", "address", "province_code", "commune_code"}
)


def update(actor: Actor, exhibition_id: int, draft: Draft, *, seen: str) -> Changed:
    """Change a fair that has not been closed; the points of its booths, if they are prepared, follow its days, hours and place
    in the same step. `seen` is the ISO instant of the last change that the editor saw.

    While it is running its first day, its place and its home point stay: goods are there already.

    Raises:
        NotFound: there is no such fair.
        Invalid: the draft breaks a rule; the error names the field.
        FairMovedOn: it is closed, cancelled or known from sources only.
        FairChanged: somebody changed it in the meantime.
    """
    with transaction():
        row = locked(Exhibition, exhibition_id, NotFound)
        if row.state not in FAIR_LIVE:
            raise FairMovedOn
        if row.updated_at.isoformat() != seen:
            raise FairChanged
        _check(draft)
        if row.state is FairState.RUNNING:
            for field in ("from_on", "home_point_id"):
                if getattr(draft, field) != getattr(row, field):
                    raise Invalid(N_("Hội chợ đang diễn ra nên không đổi được chỗ này."), field=field)
        changes = _apply(row, draft)
        if changes:
            row.updated_at = clock.now()
            audit.record(actor, "exhibitions.update", f"exhibition:{row.slug}", changes=changes)
            after_commit(public.forget)
            after_commit(web.forget_pages)
        session().flush()
        followed = booths.follow(actor, row) if _FOLLOWED & changes.keys() else 0
        reckoned = select(ApplicationGoods.id).join(Application).where(
            Application.exhibition_id == row.id, ApplicationGoods.suggested_at.is_not(None)
        )  # fmt: skip
        days_moved = bool({"from_on", "to_on"} & changes.keys())
        return Changed(followed, days_moved and session().scalar(reckoned.limit(1)) is not None)


def _step(
    actor: Actor,
    exhibition_id: int,
    to: FairState,
    op_key: str,
    reason: str | None,
    check: Callable[[Exhibition], None],
) -> None:
    def move() -> dict[str, Any]:
        row = locked(Exhibition, exhibition_id, NotFound)
        check(row)
        return {"step_id": steps.fair(actor, row, to, reason)}

    operations.once(op_key, f"exhibitions.{to}", actor.key, [exhibition_id, reason], move)


def announce(actor: Actor, exhibition_id: int, op_key: str) -> None:
    """Show a drafted fair to the public; producers may apply from the call's first day on.

    Raises:
        NotFound: there is no such fair.
        FairMovedOn: it is not in draft.
        Invalid: it is over already.
    """

    def check(row: Exhibition) -> None:
        if row.state is not FairState.DRAFT:
            raise FairMovedOn
        if row.to_on is not None and row.to_on <= clock.today():
            raise Invalid(N_("Hội chợ này đã qua ngày bế mạc, không công bố được."), field="last_on")

    _step(actor, exhibition_id, FairState.ANNOUNCED, op_key, None, check)


def take_back(actor: Actor, exhibition_id: int, reason: str, op_key: str) -> None:
    """Make a draft of an announced fair that nobody has applied for.

    Raises:
        NotFound: there is no such fair.
        FairMovedOn: it is not announced.
        FairApplied: somebody has applied.
        Invalid: no reason is given.
    """
    if not reason:
        raise Invalid(N_("Hãy ghi lý do."), field="reason")

    def check(row: Exhibition) -> None:
        if row.state is not FairState.ANNOUNCED:
            raise FairMovedOn
        asked = session().scalar(
            select(func.count(Application.id)).where(
                Application.exhibition_id == row.id,
                Application.state.not_in((ApplicationState.DRAFT, ApplicationState.WITHDRAWN)),
            )
        )
        if asked:
            raise FairApplied(n=asked)

    _step(actor, exhibition_id, FairState.DRAFT, op_key, reason, check)


def cancel(actor: Actor, exhibition_id: int, reason: str, op_key: str) -> None:
    """Call a fair off.

    Raises:
        NotFound: there is no such fair.
        FairMovedOn: it is closed or cancelled already.
        Invalid: no reason is given.
    """
    if not reason:
        raise Invalid(N_("Hãy ghi lý do."), field="reason")
    _step(actor, exhibition_id, FairState.CANCELLED, op_key, reason, lambda _row: None)
