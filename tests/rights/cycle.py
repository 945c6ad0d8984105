"""Makers of the programme's year."""

from __future__ import annotations

from typing import Any

from shop.cycle import calendar
from shop.cycle.models.ideas import DocumentKind, IdeaKind, MeetingKind
from shop.cycle.models.steps import BoardKind
from shop.cycle.queries import steps as queries
from shop.cycle.services import ideas, library, meetings, steps
from shop.kernel import clock
from shop.kernel.actor import SYSTEM
from shop.kernel.storage import storage
from tests.rights.house import House, key, maker, shared


def opened() -> int:
    year = clock.today().year
    if year not in queries.years():
        steps.open_year(SYSTEM, year, calendar.offered(year), None)
    return year


@maker(
    "/office/cycle/<int:year>", of="shared", why="a year of the province; its board is narrowed to one's own localities"
)
def year(house: House) -> dict[str, Any]:
    return {"year": opened()}


@maker("/office/cycle/<int:year>/<code>", of="locality")
def locality(house: House) -> dict[str, Any]:
    return {"year": opened(), "code": house.commune}


@maker("/office/cycle/<int:year>/<code>/steps/<int:step>", of="locality")
def step(house: House) -> dict[str, Any]:
    return {"year": opened(), "code": house.commune, "step": 2}


@maker("/office/cycle/localities/<code>", of="locality")
def boards(house: House) -> dict[str, Any]:
    opened()
    return {"code": house.commune}


@maker("/office/cycle/boards/<reference>", of="locality")
@shared
def board(house: House) -> dict[str, Any]:
    opened()
    seats = (steps.Seat("Chủ tịch UBND", f"Trưởng ban {house.name}"),)
    reference = steps.set_up_board(SYSTEM, house.commune, BoardKind.BOARD, clock.today(), "1/QĐ", seats, key())
    return {"reference": reference}


@maker("/office/ideas/<reference>", of="locality")
@shared
def idea(house: House) -> dict[str, Any]:
    return {"reference": _idea(house, submit=True)}


@maker("/producer/ideas/<reference>", of="producer")
@shared
def own_idea(house: House) -> dict[str, Any]:
    return {"reference": _idea(house, submit=False)}


def _idea(house: House, *, submit: bool) -> str:
    answers = {"what": f"Sản phẩm của {house.name}", "materials": "Nguyên liệu tại chỗ"}
    return ideas.write(
        SYSTEM, house.producer.id, IdeaKind.NEW, f"Ý tưởng {house.name}", None, answers, key(), submit=submit
    )


@maker("/office/meetings/<reference>", of="locality")
@shared
def meeting(house: House) -> dict[str, Any]:
    title = f"Tập huấn {house.name}"
    reference = meetings.hold(
        SYSTEM, MeetingKind.TRAINING, title, house.commune, clock.today(), None, None, None, key()
    )
    return {"reference": reference}


@maker(
    "/office/library/<reference>",
    of="shared",
    why="policies, guidance and forms are for every officer of the programme",
)
@shared
def document(house: House) -> dict[str, Any]:
    made = storage().put  # the file's bytes are kept before its row
    made("programme-library/thu.pdf", b"%PDF-1.7")
    reference = library.add(
        SYSTEM, DocumentKind.FORM, "Mẫu 01", None, "Đơn đăng ký đánh giá.", None, "programme-library/thu.pdf", clock.today(),
        key(),
    )  # fmt: skip
    return {"reference": reference}


@maker("/office/producer-figures/<slug>", of="locality")
def producer_figure(house: House) -> dict[str, Any]:
    return {"slug": house.producer.slug}
