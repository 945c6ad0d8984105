"""Reads of the rounds of assessment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select

from shop.kernel import clock, tables
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound
from shop.programme.models.dossiers import ROUND_LEVEL_NAMES, Dossier, DossierState, Round, RoundLevel


def taking(level: RoundLevel, day: date) -> Round | None:
    """The open round that takes what is proposed on `day`: of several the one whose cut-off comes first."""
    return session().scalar(
        select(Round)
        .where(Round.level == level, Round.closed_at.is_(None), Round.cut_off >= day)
        .order_by(Round.cut_off, Round.id)
        .limit(1)
    )


def is_open(level: RoundLevel) -> bool:
    """Whether a round of `level` is open, its cut-off past or not."""
    return (
        session().scalar(select(Round.id).where(Round.level == level, Round.closed_at.is_(None)).limit(1)) is not None
    )


def by_code(code: str) -> Round:
    """The round with `code`.

    Raises:
        NotFound: there is none.
    """
    found = session().scalar(select(Round).where(Round.code == code))
    if found is None:
        raise NotFound
    return found


def waiting() -> int:
    """How many dossiers are proposed and wait for a round that takes them."""
    return int(
        session().scalar(
            select(func.count())
            .select_from(Dossier)
            .where(Dossier.state == DossierState.PROPOSED, Dossier.round_id.is_(None))
        )
        or 0
    )


_of_round = (
    select(func.count())
    .select_from(Dossier)
    .where((Dossier.round_id == Round.id) | (Dossier.ministry_round_id == Round.id))
    .correlate(Round)
    .scalar_subquery()
)
_with_result = (
    select(func.count())
    .select_from(Dossier)
    .where(
        (Dossier.round_id == Round.id) | (Dossier.ministry_round_id == Round.id), Dossier.score.is_not(None),
    )
    .correlate(Round)
    .scalar_subquery()
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RoundRow:
    """One line of the list of rounds."""

    code: str
    level: RoundLevel
    year: int
    cut_off: date
    ends_on: date
    closed_at: datetime | None
    is_demo: bool
    dossiers: int
    results: int

    @property
    def is_late(self) -> bool:
        """Open though its last day is over."""
        return self.closed_at is None and self.ends_on < clock.today()


ROUNDS = tables.Table(
    name="dot-danh-gia",
    columns=(
        tables.Column("code", N_("Đợt")),
        tables.Column("level", N_("Cấp"), sort=(Round.level,)),
        tables.Column("cut_off", N_("Chốt hồ sơ"), sort=(Round.cut_off,)),
        tables.Column("ends_on", N_("Xong trước"), sort=(Round.ends_on,)),
        tables.Column("dossiers", N_("Hồ sơ"), "num", sort=(_of_round,)),
        tables.Column("results", N_("Có kết quả"), "num", sort=(_with_result,)),
        tables.Column("closed_at", N_("Khép"), sort=(Round.closed_at,)),
    ),
    order="-cut_off",
    tie=Round.id,
    filters=(
        tables.Filter(
            "level", N_("Cấp"), lambda v: Round.level == v,
            tuple((level.value, name) for level, name in ROUND_LEVEL_NAMES.items()),
        ),
        tables.Filter(
            "open", N_("Tình trạng"), lambda v: Round.closed_at.is_(None) if v == "1" else Round.closed_at.is_not(None),
            (("1", N_("Đang mở")), ("0", N_("Đã khép"))),
        ),
    ),
)  # fmt: skip


def round_rows() -> Any:
    """The statement behind `ROUNDS`."""
    return select(
        Round.code, Round.level, Round.year, Round.cut_off, Round.ends_on, Round.closed_at, Round.is_demo, _of_round,
        _with_result,
    )  # fmt: skip
