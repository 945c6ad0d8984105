"""Who gets a booth of a fair, by a published rule. Pure: no database, no clock, no chance but the seed.

1. Each applicant has points: stars, former fairs and the draw, by weights. Equal points: the smaller draw number stands first.
2. In that order each locality's applicants take the places that its quota keeps for them.
3. What is left, places without a quota and those that a quota did not use, goes to all others in the same order.
4. Whoever finds no place that has what he needs waits, in the same order.

Power, water, cold and the type asked for are conditions; the zone is a wish. Who is admitted is decided first, by the order
alone: one is admitted if everybody admitted before him still finds a place beside him (a transversal matroid, so the order of
the input changes nothing and whoever was turned away would be turned away later too). Then each, best first, gets the booth he
likes best of those that put nobody out: in his zone, of his own rather than shared, the first of the plan.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

# Points are whole numbers: thousandths of a hundred.
FULL = 100_000
STAR_POINTS = {5: FULL, 4: 80_000, 3: 60_000}
# Of a draw number the first eight hexadecimal digits are shown, and counted where the draw has a weight.
DIGITS = 8
_MOST = 16**DIGITS - 1


class QuotaKind(StrEnum):
    """Whether quotas are numbers of places or hundredths of all places (rounded down)."""

    NUMBER = "number"
    SHARE = "share"


class By(StrEnum):
    """By what somebody has a place, or why he has none."""

    QUOTA = "quota"
    REST = "rest"
    WAITS = "waits"
    # No booth of this fair has what he needs, whoever else applies.
    NO_SUCH_BOOTH = "no_such_booth"


@dataclass(frozen=True, slots=True)
class Rule:
    """What staff may set. `quotas` by locality; `stars`, `past` and `draw` are weights from 0 to 100; with `endorsed_first`
    whoever his locality vouches for stands before all others."""

    quotas: Mapping[str, int] = field(default_factory=dict)
    quota_kind: QuotaKind = QuotaKind.NUMBER
    stars: int = 50
    past: int = 30
    draw: int = 20
    endorsed_first: bool = False


@dataclass(frozen=True, slots=True)
class Past:
    """How somebody did at former fairs: đồng sold a day of the fair, and thousandths of its open hours without goods."""

    sold_a_day: int
    empty_permille: int = 0


@dataclass(frozen=True, slots=True)
class Applicant:
    """Who asks for a booth. `stars` of the best certificate that holds on every day of the fair (0: none); `past` None: a
    newcomer. `type_id` and `zone_id` None: any."""

    reference: str
    locality: str
    stars: int = 0
    past: Past | None = None
    endorsed: bool = False
    power_watts: int = 0
    water: bool = False
    cold: bool = False
    type_id: int | None = None
    zone_id: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A booth: `seats` makers stand in it, who share its power equally."""

    booth_id: int
    code: str
    type_id: int
    zone_id: int | None = None
    seats: int = 1
    power_watts: int = 0
    water: bool = False
    cold: bool = False

    def fits(self, who: Applicant) -> bool:
        """Whether it has what `who` needs, its zone aside."""
        return (
            who.type_id in (None, self.type_id)
            and self.power_watts // self.seats >= who.power_watts
            and (self.water or not who.water)
            and (self.cold or not who.cold)
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an application, with all that it was decided by.

    `rank` counts from 1 among all; `quota` is what is kept for his locality (0: nothing), `quota_left` what of it was left when
    his turn came. `place` is the place on the waiting list, from 1. `past_points` of a newcomer are the median.
    """

    reference: str
    locality: str
    rank: int
    points: int
    stars: int
    past_points: int
    newcomer: bool
    draw: str
    endorsed: bool
    quota: int
    quota_left: int
    by: By
    booth_id: int | None = None
    place: int | None = None
    in_zone: bool | None = None

    @property
    def number(self) -> str:
        """The draw number as people see it."""
        return self.draw[:DIGITS]


@dataclass(frozen=True, slots=True)
class Result:
    """Outcomes in the order of their ranks; `quotas` are the places kept by locality, `seats` all places there are."""

    outcomes: tuple[Outcome, ...]
    quotas: Mapping[str, int]
    seats: int

    def of(self, reference: str) -> Outcome | None:
        """What came of this application; None if it took no part."""
        return next((o for o in self.outcomes if o.reference == reference), None)


def new_seed() -> str:
    """A fresh seed: 128 bits of chance, as hex."""
    return secrets.token_hex(16)


def commitment(seed: str) -> str:
    """What is published of a seed beforehand: SHA-256 of its text, as hex."""
    return hashlib.sha256(seed.encode()).hexdigest()


def draw_of(seed: str, reference: str) -> str:
    """The draw number of an application: SHA-256 of the seed followed by its reference, as hex. The smallest stands first.

    `printf '%s' 'SEEDREFERENCE' | sha256sum` gives the same.
    """
    return hashlib.sha256((seed + reference).encode()).hexdigest()


def quotas_of(rule: Rule, seats: int) -> dict[str, int]:
    """Places kept for each locality; never more than there are, given in the order of their names."""
    left, found = seats, {}
    for name in sorted(rule.quotas):
        wanted = rule.quotas[name]
        kept = min(wanted if rule.quota_kind is QuotaKind.NUMBER else wanted * seats // 100, left)
        if kept > 0:
            found[name] = kept
            left -= kept
    return found


def quotas_beyond(rule: Rule, seats: int) -> int:
    """By how many places the quotas that staff set are more than there are: so many that are promised are not kept."""
    number = rule.quota_kind is QuotaKind.NUMBER
    return max(sum(n if number else n * seats // 100 for n in rule.quotas.values()) - seats, 0)


def past_points(pasts: Mapping[str, Past | None]) -> dict[str, int]:
    """Points (0 to `FULL`) for former fairs by reference.

    Who sold more a day than others has more: the part of them that he outdid, those equal to him counted half. Of that the
    part of the hours in which he had goods counts. A newcomer has the median, so that he is neither shut out nor preferred.
    """
    known = sorted(p.sold_a_day for p in pasts.values() if p is not None)
    found: dict[str, int] = {}
    for reference, past in pasts.items():
        if past is not None:
            below = sum(1 for sold in known if sold < past.sold_a_day)
            equal = sum(1 for sold in known if sold == past.sold_a_day)
            share = (2 * below + equal) * FULL // (2 * len(known))
            found[reference] = share * (1000 - min(max(past.empty_permille, 0), 1000)) // 1000
    median = _median(list(found.values()))
    return {reference: found.get(reference, median) for reference in pasts}


def _median(values: list[int]) -> int:
    if not values:
        return FULL // 2
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) // 2


def points_of(rule: Rule, stars: int, past: int, draw: str) -> int:
    """The points of one applicant: the sum of what he has for stars, former fairs and the draw, by their weights."""
    lot = (_MOST - int(draw[:DIGITS], 16)) * FULL // _MOST
    return rule.stars * STAR_POINTS.get(stars, 0) + rule.past * past + rule.draw * lot


def natural(code: str) -> tuple[tuple[int, str], ...]:
    """A key by which `A2` stands before `A10`."""
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in re.findall(r"\d+|\D+", code))


def allot(rule: Rule, applicants: Iterable[Applicant], places: Iterable[Place], seed: str) -> Result:
    """Share the places out. The order of the input changes nothing."""
    hall = _Hall(places)
    who = {a.reference: a for a in applicants}
    past = past_points({a.reference: a.past for a in who.values()})
    draws = {reference: draw_of(seed, reference) for reference in who}
    points = {r: points_of(rule, a.stars, past[r], draws[r]) for r, a in who.items()}
    order = sorted(who, key=lambda r: (rule.endorsed_first and not who[r].endorsed, -points[r], draws[r], r))
    quotas = quotas_of(rule, hall.seats)
    by, left = _admit(hall, [who[r] for r in order], quotas)
    hall.settle([who[r] for r in order if r in hall.at])
    outcomes, waiting = [], 0
    for rank, reference in enumerate(order, 1):
        a, booth = who[reference], hall.at.get(reference)
        waiting += booth is None
        outcomes.append(
            Outcome(
                reference=reference,
                locality=a.locality,
                rank=rank,
                points=points[reference],
                stars=a.stars,
                past_points=past[reference],
                newcomer=a.past is None,
                draw=draws[reference],
                endorsed=a.endorsed,
                quota=quotas.get(a.locality, 0),
                quota_left=left[reference],
                by=by[reference],
                booth_id=booth,
                place=waiting if booth is None else None,
                in_zone=None if booth is None or a.zone_id is None else hall.places[booth].zone_id == a.zone_id,
            )
        )
    return Result(tuple(outcomes), quotas, hall.seats)


def _admit(
    hall: _Hall, ordered: Sequence[Applicant], quotas: Mapping[str, int]
) -> tuple[dict[str, By], dict[str, int]]:
    """Let in whom the quotas keep a place for, then all others while there is room; by reference: by what, and what was left
    of the quota of his locality."""
    used: dict[str, int] = {}
    by: dict[str, By] = {}
    left: dict[str, int] = {}
    for a in ordered:
        left[a.reference] = quotas.get(a.locality, 0) - used.get(a.locality, 0)
        if left[a.reference] > 0 and hall.admit(a):
            used[a.locality] = used.get(a.locality, 0) + 1
            by[a.reference] = By.QUOTA
    for a in ordered:
        if a.reference not in by:
            if hall.admit(a):
                by[a.reference] = By.REST
            else:
                by[a.reference] = By.WAITS if hall.options[a.reference] else By.NO_SUCH_BOOTH
    return by, left


class _Hall:
    """The booths while they are given out: who is where, and where each might be."""

    def __init__(self, places: Iterable[Place]) -> None:
        # Booths of one's own come before shared ones, else as the plan counts them.
        ordered = sorted(places, key=lambda p: (p.seats > 1, natural(p.code), p.booth_id))
        self.places = {p.booth_id: p for p in ordered}
        self.seats = sum(p.seats for p in ordered)
        self.inside: dict[int, list[str]] = {p.booth_id: [] for p in ordered}
        self.at: dict[str, int] = {}
        self.options: dict[str, tuple[int, ...]] = {}

    def admit(self, a: Applicant) -> bool:
        """Find a place for `a`, moving those who are in to other places that fit them; nobody is put out."""
        if a.reference not in self.options:
            self.options[a.reference] = tuple(b for b, p in self.places.items() if p.fits(a))
        return self._sit(a.reference, self.options[a.reference])

    def settle(self, ordered: Sequence[Applicant]) -> None:
        """Give those who are in, best first, the booth they like best of those that put nobody out: in the zone they wish for,
        of their own rather than shared, the first of the plan."""
        for a in ordered:
            liked = sorted(
                self.options[a.reference], key=lambda b: a.zone_id is not None and self.places[b].zone_id != a.zone_id
            )
            self._move(a.reference, liked)
            self.options[a.reference] = (self.at[a.reference],)

    def _move(self, reference: str, options: Sequence[int]) -> None:
        self.inside[self.at.pop(reference)].remove(reference)
        self._sit(reference, options)  # his old seat is free, so one is found

    def _sit(self, reference: str, options: Sequence[int]) -> bool:
        """Put him into the first of `options` that can be made free."""
        seen: set[int] = set()
        for booth in options:
            if booth not in seen and self._make_room(booth, seen):
                self._put(reference, booth)
                return True
        return False

    def _put(self, reference: str, booth: int) -> None:
        self.inside[booth].append(reference)
        self.at[reference] = booth

    def _make_room(self, start: int, seen: set[int]) -> bool:
        """Free a seat of `start` by moving people on, the shortest way; booths in `seen` lead nowhere."""
        came: dict[int, tuple[str, int]] = {}
        queue = [start]
        seen.add(start)
        for booth in queue:
            if len(self.inside[booth]) < self.places[booth].seats:
                while booth != start:
                    mover, before = came[booth]
                    self.inside[before].remove(mover)
                    self._put(mover, booth)
                    booth = before
                return True
            for occupant in sorted(self.inside[booth]):
                for other in self.options[occupant]:
                    if other not in seen:
                        seen.add(other)
                        came[other] = (occupant, booth)
                        queue.append(other)
        return False


# --- by hand ------------------------------------------------------------------------------------------------------


class EditKind(StrEnum):
    """What a person may do to the rule's result."""

    MOVE = "move"
    SWAP = "swap"
    OUT = "out"


@dataclass(frozen=True, slots=True)
class Edit:
    """A change by hand: into a booth, in exchange with another, or out to the end of the waiting list."""

    id: int
    kind: EditKind
    reference: str
    booth_id: int | None = None
    other: str | None = None


class Warn(StrEnum):
    """Where the arrangement departs from the rule."""

    # An edit no longer applies: somebody took no part, or the booth is full.
    NOT_DONE = "not_done"
    # The booth lacks what he needs, or is of another type than he asked for.
    LACKS = "lacks"
    # He has a place by hand, and others who stood before him wait.
    BEFORE_OTHERS = "before_others"
    # A locality has more than its quota while another one is short of its own.
    QUOTA = "quota"
    # A place is free although somebody waits whom it fits.
    FREE = "free"


@dataclass(frozen=True, slots=True)
class Departure:
    """One departure: whom, which booth, how many; `edit_id` if one edit is to blame."""

    kind: Warn
    reference: str = ""
    booth_id: int | None = None
    count: int = 0
    locality: str = ""
    edit_id: int | None = None


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Who stands where and who waits, in order, after the edits; `by_hand` names whom an edit concerned."""

    booths: Mapping[str, int]
    waiting: tuple[str, ...]
    by_hand: frozenset[str]
    warnings: tuple[Departure, ...]

    def digest(self) -> str:
        """What tells this arrangement from any other (SHA-256, hex)."""
        told = [f"{r}={b}" for r, b in sorted(self.booths.items())] + [f"{n}:{r}" for n, r in enumerate(self.waiting)]
        return hashlib.sha256("\n".join(told).encode()).hexdigest()


def arrange(
    result: Result, applicants: Iterable[Applicant], places: Iterable[Place], edits: Sequence[Edit]
) -> Arrangement:
    """The rule's `result` with the `edits` of people, in their order. What cannot be done is left out and said."""
    who, hall = {a.reference: a for a in applicants}, {p.booth_id: p for p in places}
    booths = {o.reference: o.booth_id for o in result.outcomes if o.booth_id is not None}
    waiting = [o.reference for o in result.outcomes if o.booth_id is None]
    touched: set[str] = set()
    warnings: list[Departure] = []
    for edit in edits:
        if _edited(edit, hall, booths, waiting, who):
            touched |= {edit.reference} | ({edit.other} if edit.other else set())
        else:
            warnings.append(Departure(Warn.NOT_DONE, edit.reference, edit.booth_id, edit_id=edit.id))
    warnings += _departures(result, who, hall, booths, waiting, touched)
    return Arrangement(booths, tuple(waiting), frozenset(touched), tuple(warnings))


def _edited(
    edit: Edit, hall: Mapping[int, Place], booths: dict[str, int], waiting: list[str], who: Mapping[str, Applicant]
) -> bool:
    r = edit.reference
    if r not in who:
        return False
    if edit.kind is EditKind.OUT:
        if r not in booths:
            return False
        del booths[r]
        waiting.append(r)
        return True
    if edit.kind is EditKind.MOVE:
        inside = sum(1 for other, b in booths.items() if b == edit.booth_id and other != r)
        if edit.booth_id is None or edit.booth_id not in hall or inside >= hall[edit.booth_id].seats:
            return False
        if r in waiting:
            waiting.remove(r)
        booths[r] = edit.booth_id
        return True
    other = edit.other
    if other is None or other not in who or other == r or (r not in booths and other not in booths):
        return False
    mine, his = booths.pop(r, None), booths.pop(other, None)
    # Of one who waits the other takes the place in the row.
    if mine is None:
        waiting[waiting.index(r)] = other
    if his is None:
        waiting[waiting.index(other)] = r
    if his is not None:
        booths[r] = his
    if mine is not None:
        booths[other] = mine
    return True


def _departures(
    result: Result, who: Mapping[str, Applicant], hall: Mapping[int, Place], booths: Mapping[str, int],
    waiting: Sequence[str], touched: set[str],
) -> list[Departure]:  # fmt: skip
    found: list[Departure] = []
    rank = {o.reference: o.rank for o in result.outcomes}
    given = {o.reference for o in result.outcomes if o.booth_id is not None}
    for r in sorted(touched, key=lambda r: rank[r]):
        booth = booths.get(r)
        if booth is not None and not hall[booth].fits(who[r]):
            found.append(Departure(Warn.LACKS, r, booth))
        if booth is not None and r not in given:
            before = sum(1 for w in waiting if rank[w] < rank[r] and hall[booth].fits(who[w]))
            if before:
                found.append(Departure(Warn.BEFORE_OTHERS, r, booth, before))
    if not touched:
        return found
    inside: dict[int, int] = {}
    held: dict[str, int] = {}
    for r, booth in booths.items():
        inside[booth] = inside.get(booth, 0) + 1
        held[who[r].locality] = held.get(who[r].locality, 0) + 1
    over = [name for name, n in sorted(held.items()) if n > result.quotas.get(name, 0)]
    for name, kept in sorted(result.quotas.items()):
        short = kept - held.get(name, 0)
        if short > 0 and over and any(w in given and who[w].locality == name for w in waiting):
            found.append(Departure(Warn.QUOTA, locality=name, count=short))
    for booth, place in hall.items():
        if inside.get(booth, 0) < place.seats and any(place.fits(who[w]) for w in waiting):
            found.append(Departure(Warn.FREE, booth_id=booth, count=place.seats - inside.get(booth, 0)))
    return found
