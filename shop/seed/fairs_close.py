"""How the demonstration's fair is closed: booths counted, goods home, sheets signed by both sides, books closed, the report
frozen a day later. Who signs is made up as everything else of it."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from sqlalchemy import select

from shop.counts.services import Counted
from shop.exhibitions.models.closing import BoothClosing
from shop.exhibitions.models.fairs import Booth, Exhibition
from shop.exhibitions.queries import closings, sheets
from shop.exhibitions.queries import reporting as figures
from shop.exhibitions.services import closing, finishing, reporting, signing
from shop.kernel import clock
from shop.kernel.db import session
from shop.seed import fairs_stands, rounds
from shop.seed.staff import Staff
from shop.seed.then import Past


def plan(staff: Staff, name: str, end: int, codes: Sequence[str]) -> None:
    """Put the close of the fair `name`, which ended `end` days ago, on the list of what is to be done."""
    rng = random.Random(f"demo:fair-close:{name}")
    office = staff.people["xuctien"]
    gone: list[str] = []

    def later(ago: int, hour: int, minute: int, act: Callable[[], object]) -> None:
        def do() -> None:
            with Past(rng).at(clock.now()):
                act()

        staff.then(staff.day(ago, hour, minute), do)

    def key() -> str:
        return f"seed:demo:{rng.getrandbits(64):016x}"

    def fair() -> Exhibition:
        return session().scalars(select(Exhibition).where(Exhibition.name == name, Exhibition.is_demo)).one()

    def home(code: str) -> None:
        slug = fair().slug
        closing.begin(office, slug, code)
        row = session().scalars(
            select(BoothClosing).join(Booth, Booth.id == BoothClosing.booth_id).where(
                BoothClosing.exhibition_id == fair().id, Booth.code == code
            )
        ).one()  # fmt: skip
        if any(level.on_hand for level in closings.levels(row.point_id, clock.today())):
            closing.start_count(office, slug, code, key())
            lines = closing.lines_to_count(row)
            there = {level.level_id: level.on_hand for level in closings.levels(row.point_id, clock.today())}
            found = {line.line_id: Counted(there.get(line.level_id, 0)) for line in lines}
            closing.write_count(office, slug, code, found, finish=True)
            gone.extend(closing.all_home(office, slug, code, key()).transfers)
        else:
            closing.nothing_there(office, slug, code)

    def arrive() -> None:
        for reference in gone:
            rounds.arrive(staff, reference, "diemban", lambda n, _sku: (n, 0, 0, None))

    def sign() -> None:
        for code in codes:
            for one in closings.booth(fair().slug, code).sheets:
                reference = one.sheet.reference
                signing.post_sales(office, reference)
                if sheets.whole(reference).unexplained:
                    signing.explain(office, reference, "Đếm lại cùng cơ sở lúc dọn gian (minh họa).")
                whole = sheets.whole(reference)
                for side in whole.sides:
                    who = office.label if side.value == "staff" else f"Đại diện {code} (minh họa)"
                    signing.sign(office, reference, side, name=who, ticked=True, digest=whole.digest)

    def report() -> None:
        here = fair()
        fairs_stands.settle_budget(staff, here.id)
        reporting.freeze(office, here.slug, "", reporting.seen(figures.compute(here)), op_key=key())

    for n, code in enumerate(codes):
        later(end + 1, 22, 10 + 5 * n, lambda code=code: home(code))  # type: ignore[misc]
    later(end, 8, 30, arrive)
    later(end, 9, 30, sign)
    later(end, 10, 0, lambda: finishing.close_fair(office, fair().slug, op_key=key()))
    later(end - 1, 9, 0, report)
