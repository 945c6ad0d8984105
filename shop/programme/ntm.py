"""Rules of the new-rural communes, pure: who may aim, what counts as passed, which sources contradict themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shop.kernel.errors import N_
from shop.places.models import UnitType
from shop.programme.models.ntm import NtmStatus

SUBJECT_NAMES = {
    "units": N_("Đơn vị tham gia OCOP"),
    "products": N_("Sản phẩm đăng ký"),
    "products-kept": N_("Sản phẩm được chọn"),
    "boards": N_("Ban chỉ đạo OCOP"),
    "helper-teams": N_("Tổ giúp việc"),
    "ntm-registered": N_("Xã đăng ký đạt chuẩn nông thôn mới"),
    "ntm-passed": N_("Xã đủ điều kiện"),
    "ntm-short": N_("Xã chưa đạt"),
}


def may_aim(kind: UnitType) -> bool:
    """Only communes are new-rural; wards, townships and special zones are not assessed by these criteria."""
    return kind is UnitType.COMMUNE


def counts(status: NtmStatus) -> bool:
    """Whether a criterion stands in nobody's way: passed, or not considered for this commune."""
    return status in (NtmStatus.PASSED, NtmStatus.WITHDRAWN)


def blockers(failed: Iterable[int]) -> list[tuple[int, int]]:
    """The criteria that most communes fail: (number, communes), the most first, then by number. `failed` has one number for
    each commune and criterion that is not passed."""
    return sorted(Counter(failed).items(), key=lambda found: (-found[1], found[0]))


@dataclass(frozen=True, slots=True)
class Told:
    """A figure as a source gives it."""

    subject: str
    value: int | None
    written: str
    source: str


@dataclass(frozen=True, slots=True)
class Gap:
    """A source that does not add up: `registered` less `passed` is not what it says is left."""

    source: str
    registered: int
    passed: int
    left: int

    @property
    def unknown(self) -> int:
        """How many communes nobody has told anything of (negative: told of twice)."""
        return self.registered - self.passed - self.left


def gaps(figures: Sequence[Told]) -> list[Gap]:
    """The sources whose communes do not add up, in their order."""
    found: dict[str, dict[str, int]] = {}
    for told in figures:
        if told.value is not None:
            found.setdefault(told.source, {})[told.subject] = told.value
    return [
        Gap(source, said["ntm-registered"], said["ntm-passed"], said["ntm-short"])
        for source, said in found.items()
        if {"ntm-registered", "ntm-passed", "ntm-short"} <= said.keys()
        and said["ntm-registered"] - said["ntm-passed"] != said["ntm-short"]
    ]


def disagreements(figures: Sequence[Told]) -> set[str]:
    """The subjects of which sources give different numbers."""
    found: dict[str, set[int]] = {}
    for told in figures:
        if told.value is not None:
            found.setdefault(told.subject, set()).add(told.value)
    return {subject for subject, values in found.items() if len(values) > 1}
