"""The official scoring sheets, read from rows of data into a tree: part → section → question → option. Pure, no database.

The columns of the rows and their quirks: `data/scoring_2026.csv`, transcribed from Annex II of Decision 26/2026/QĐ-TTg
(https://vanban.chinhphu.vn/?classid=1&docid=218267&orggroupid=3&pageid=27160).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from shop.kernel.errors import N_

# What each part may give at most; every sheet adds up to it.
PART_POINTS = {"A": 40, "B": 25, "C": 35}
PART_NAMES = {
    "A": N_("Sản phẩm và sức mạnh cộng đồng"),
    "B": N_("Khả năng tiếp thị"),
    "C": N_("Chất lượng sản phẩm"),
}
YES_NO = ("Không", "Có")
_NUMBERED = re.compile(r"^(\d+(?:\.\d+){2,})\.\s*(.+)$")
_CASE = re.compile(r"^Trường hợp \d+:")
_ALL_ABOVE = "Dừng đánh giá nếu có chỉ tiêu nào ở trên bị 0 điểm"
_STOPS = ("Dừng ", "Loại nếu ")
_CONDITION = "Điều kiện:"

StopKind = Literal["found", "zero"]


@dataclass(frozen=True, slots=True)
class Option:
    """One answer: the points it gives; `min_star` N: whoever is to have N stars or more must reach at least this one.
    `case` heads the options of one of several cases, of which one is scored."""

    label: str
    points: int
    min_star: int | None = None
    case: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked under `code` (`2.3`, `6.1.1`, `7`), `points` at most; exactly one option is chosen."""

    code: str
    label: str
    points: int
    options: tuple[Option, ...]
    notes: tuple[str, ...] = ()
    # The criterion that several questions belong to.
    under: str | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """What ends the assessment: `found` is said by a person, `zero` follows from a question of `section` answered with 0."""

    code: str
    label: str
    kind: StopKind = "found"
    section: str | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A numbered heading with its questions."""

    part: str
    code: str
    label: str
    points: int
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The sheet of one product set."""

    number: int
    sections: tuple[Section, ...]
    stops: tuple[Stop, ...]

    @property
    def questions(self) -> tuple[Question, ...]:
        """All questions, in the sheet's order."""
        return tuple(question for section in self.sections for question in section.questions)

    def points(self, part: str) -> int:
        """What `part` may give at most."""
        return sum(section.points for section in self.sections if section.part == part)

    def stored(self) -> dict[str, Any]:
        """The sheet as JSON keeps it; `restored` is the way back."""
        return asdict(self)


def restored(kept: Mapping[str, Any]) -> Sheet:
    """The sheet that `Sheet.stored` made."""
    return Sheet(
        kept["number"],
        tuple(
            Section(
                section["part"],
                section["code"],
                section["label"],
                section["points"],
                tuple(
                    Question(
                        **{
                            **question,
                            "options": tuple(Option(**option) for option in question["options"]),
                            "notes": tuple(question["notes"]),
                        }
                    )
                    for question in section["questions"]
                ),
            )
            for section in kept["sections"]
        ),
        tuple(Stop(**stop) for stop in kept["stops"]),
    )


# Grounds of every sheet, from the notes of the decision; the second where the sheet speaks of food safety at all.
FORGED = Stop("ho-so", "Hồ sơ có giấy tờ giả mạo, không trung thực")
NO_FOOD_SAFETY = Stop("attp", "Thiếu giấy tờ về an toàn thực phẩm theo quy định")


@dataclass(slots=True)
class _Asked:
    code: str
    label: str
    points: int
    under: str | None = None
    options: list[Option] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Headed:
    part: str
    code: str
    label: str
    points: int
    asked: list[_Asked] = field(default_factory=list)


class _Reading:
    """Takes the rows of one sheet in their order."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.sections: list[_Headed] = []
        self.stops: list[Stop] = []
        self.case: str | None = None
        self.food = False

    @property
    def asked(self) -> list[_Asked]:
        return self.sections[-1].asked

    def section(self, row: Mapping[str, str]) -> None:
        self.case = None
        self.sections.append(_Headed(row["part"], row["section"], row["label"], int(row["points"])))

    def criterion(self, row: Mapping[str, str]) -> None:
        self.case = None
        self.asked.append(_Asked(row["criterion"], row["label"], int(row["points"])))

    def _of(self, row: Mapping[str, str]) -> _Asked:
        """The question that this row belongs to; a section that is scored directly is its own question."""
        head = self.sections[-1]
        if not self.asked:
            self.asked.append(_Asked(head.code, head.label, head.points))
        return self.asked[-1]

    def note(self, row: Mapping[str, str]) -> None:
        label = row["label"]
        if row["points"]:
            shape = _NUMBERED.match(label)
            if shape is None:
                raise ValueError(f"sheet {self.number}: a note with points has no number: {label}")
            last = self.asked[-1]
            under = last.under or f"{last.code}. {last.label}"
            if last.under is None and not last.options:
                self.asked.pop()  # the criterion itself only heads the questions below it
            self.asked.append(_Asked(shape[1], shape[2], int(row["points"]), under))
            return
        if _CASE.match(label):
            self.case = label
            self._of(row)
            return
        asked = self._of(row)
        if label == _ALL_ABOVE:
            self.stops.append(Stop(f"zero-{row['section']}", label, "zero", row["section"]))
        elif label.startswith(_STOPS):
            self.stops.append(Stop(f"dung-{asked.code}", label))
        elif label.startswith(_CONDITION):
            wanted = label.removeprefix(_CONDITION).strip()
            self.stops.append(Stop(f"dieu-kien-{asked.code}", f"Không đạt điều kiện: {wanted}"))
        if label != "Chọn một trong hai trường hợp":
            asked.notes.append(label)

    def option(self, row: Mapping[str, str]) -> None:
        star = int(row["min_star"]) if row["min_star"] else None
        self._of(row).options.append(Option(row["label"], int(row["points"]), star, self.case))

    def sheet(self) -> Sheet:
        sections = []
        for head in self.sections:
            questions = []
            for asked in head.asked:
                # A criterion without options is all or nothing.
                options = asked.options or [Option(YES_NO[0], 0), Option(YES_NO[1], asked.points)]
                questions.append(
                    Question(asked.code, asked.label, asked.points, tuple(options), tuple(asked.notes), asked.under)
                )
            sections.append(Section(head.part, head.code, head.label, head.points, tuple(questions)))
        stops = [FORGED, *([NO_FOOD_SAFETY] if self.food else []), *self.stops]
        return Sheet(self.number, tuple(sections), tuple(stops))


def parse(rows: Iterable[Mapping[str, str]]) -> list[Sheet]:
    """All sheets of `rows` (columns `set_no part section criterion kind label points min_star`), in their order.

    Raises:
        ValueError: a row is of an unknown kind, or the points do not add up as they must.
    """
    found: dict[int, _Reading] = {}
    for row in rows:
        reading = found.setdefault(int(row["set_no"]), _Reading(int(row["set_no"])))
        take = {
            "section": reading.section,
            "criterion": reading.criterion,
            "note": reading.note,
            "option": reading.option,
        }.get(row["kind"])
        if take is None:
            raise ValueError(f"sheet {row['set_no']}: unknown kind {row['kind']}")
        reading.food = reading.food or "an toàn thực phẩm" in row["label"]
        take(row)
    sheets = [reading.sheet() for reading in found.values()]
    for sheet in sheets:
        _check(sheet)
    return sheets


def _check(sheet: Sheet) -> None:
    for part, points in PART_POINTS.items():
        if sheet.points(part) != points:
            raise ValueError(f"sheet {sheet.number}: part {part} gives {sheet.points(part)} points, not {points}")
    for section in sheet.sections:
        if sum(question.points for question in section.questions) != section.points:
            raise ValueError(f"sheet {sheet.number}: section {section.code} does not add up")
        for question in section.questions:
            if max(option.points for option in question.options) != question.points:
                raise ValueError(f"sheet {sheet.number}: the best answer to {question.code} is not its maximum")
    codes = [question.code for question in sheet.questions]
    if len(codes) != len(set(codes)):
        raise ValueError(f"sheet {sheet.number}: a question's number is there twice")
