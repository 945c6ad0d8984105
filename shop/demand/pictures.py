"""What the pages of the picture show: its tables, chart and sentences, for the office and for producers alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from flask_babel import gettext, ngettext

from shop.catalog.words import season_text
from shop.demand.pages import label
from shop.demand.queries import forecasts, starts
from shop.demand.queries import picture as reads
from shop.demand.queries.picture import Line, Picture
from shop.kernel import charts, tables, text
from shop.kernel.charts import Series
from shop.kernel.errors import N_
from shop.kernel.rows import Key, RowsView
from shop.places import queries as places
from shop.places.models import HOME_PROVINCE

NEIGHBOURS = 8
# (Monday, sold, lacked), (Monday, mean, low, high).
Past = tuple[date, float, float]
Ahead = tuple[date, float, float, float]


def period(weeks: int) -> str:
    """A span of weeks up to now."""
    return str(gettext("%(n)s tuần qua", n=weeks))


def cover(line: Any) -> str:
    """Days that goods last, for people."""
    if getattr(line, "unknown", False):
        return str(gettext(N_("chưa biết")))
    if line.cover is None:
        return str(gettext(N_("hơn 13 tuần")))
    return str(ngettext("%(num)s ngày", "%(num)s ngày", line.cover))


def gap(line: Line) -> str:
    """Weeks until the gap, for people."""
    weeks = line.gap_week
    if line.unknown:
        return str(gettext(N_("chưa có số bán để tính")))
    if weeks is None:
        return str(gettext(N_("chưa thấy thiếu")))
    if weeks == 0:
        return str(gettext(N_("thiếu ngay tuần này")))
    return str(ngettext("sau %(num)s tuần", "sau %(num)s tuần", weeks))


def weekly(line: Line) -> str:
    """What is made in a week, for people."""
    return str(gettext(N_("chưa khai năng lực"))) if line.weekly is None else charts.number(round(line.weekly))


def _same(_value: str) -> Callable[[Line], bool]:
    """A choice that was made before the rows were read."""
    return lambda _row: True


def _about(q: str) -> Callable[[Line], bool]:
    wanted = text.fold(q)
    return lambda x: wanted in text.fold(f"{x.ware.product} {x.ware.sku} {x.ware.producer}")


def table(of: Picture, where: Sequence[tuple[str, str]] = (), *, wide: bool = True) -> tables.Table:
    """The list of packs; `wide`: with the filters of the office."""
    communes = {x.ware.commune for x in of.lines}
    producers = sorted(
        {(x.ware.producer_slug, x.ware.producer) for x in of.lines if x.ware.producer_slug},
        key=lambda p: text.sort_key(p[1]),
    )
    choices = (
        tables.Filter("weeks", N_("Thời gian"), _same, lambda: [(str(n), period(n)) for n in reads.PERIODS]),
        tables.Filter("place", N_("Nơi bán"), _same, lambda: list(where)),
        tables.Filter(
            "commune", N_("Xã, phường làm ra"), lambda v: lambda x: x.ware.commune == v,
            lambda: [c for c in _communes() if c[0] in communes],
        ),
        tables.Filter("set", N_("Bộ sản phẩm"), lambda v: lambda x: str(x.ware.set_id) == v, forecasts._sets),
        tables.Filter("producer", N_("Cơ sở"), lambda v: lambda x: x.ware.producer_slug == v, lambda: producers),
    )  # fmt: skip
    state = tables.Filter(
        "state", N_("Tình trạng"),
        lambda v: (lambda x: x.soon) if v == "soon" else (lambda x: x.gap_week is not None)
        if v == "gap" else (lambda x: x.unmet + x.unmet_now > 0) if v == "lost" else (lambda x: x.weekly is None),
        (("soon", N_("Hết trong 4 tuần")), ("gap", N_("Thiếu trong 13 tuần")), ("lost", N_("Có khách về tay không")),
         ("silent", N_("Chưa khai năng lực"))),
    )  # fmt: skip
    return tables.Table(
        name="cung-va-cau",
        columns=(
            tables.Column("product", N_("Sản phẩm"), sort=(Key(lambda x: (x.ware.sort_name, x.ware.position)),),
                          value=lambda x: x.ware.product),
            tables.Column("pack", N_("Quy cách"), value=lambda x: x.ware.pack, on_page=False),
            tables.Column("sku", N_("Mã hàng"), value=lambda x: x.ware.sku, on_page=False),
            tables.Column("producer", N_("Cơ sở"), value=lambda x: x.ware.producer, on_page=False),
            tables.Column("gap", N_("Bao giờ thiếu"), sort=(Key(lambda x: x.gap_on),), value=gap),
            tables.Column("gap_on", N_("Ngày bắt đầu thiếu"), value=lambda x: x.gap_on, on_page=False),
            tables.Column("cover", N_("Đủ bán"), "num", sort=(Key(lambda x: x.cover),), value=cover),
            tables.Column("demand", N_("Nhu cầu"), "num", sort=(Key(lambda x: x.demand),), value=lambda x: round(x.demand)),
            tables.Column("sold", N_("Đã bán"), "num", on_page=False),
            tables.Column("unmet", N_("Hỏi mà không có"), "num", value=lambda x: round(x.unmet), on_page=False),
            tables.Column("sold_now", N_("Đã bán tuần này, chưa hết tuần"), "num", on_page=False),
            tables.Column("unmet_now", N_("Hỏi mà không có tuần này, chưa hết tuần"), "num",
                          value=lambda x: round(x.unmet_now), on_page=False),
            tables.Column("ahead", N_("13 tuần tới"), "num", sort=(Key(lambda x: sum(x.need)),),
                          value=lambda x: round(sum(x.need))),
            tables.Column("waiting", N_("Đang chờ hàng"), "num", on_page=False),
            tables.Column("on_hand", N_("Đang có"), "num", sort=(Key(lambda x: x.on_hand),)),
            tables.Column("promised", N_("Đã hứa cho khách"), "num", on_page=False),
            tables.Column("on_road", N_("Trên đường"), "num", on_page=False),
            tables.Column("expected", N_("Cơ sở hẹn giao"), "num", on_page=False),
            tables.Column("coming", N_("Sắp về"), "num", sort=(Key(lambda x: x.on_road + x.expected),), in_export=False),
            tables.Column("weekly", N_("Làm được mỗi tuần"), "num", sort=(Key(lambda x: x.weekly),), value=weekly),
            tables.Column("lost_amount", N_("Ước tính mất (đồng)"), "num", sort=(Key(lambda x: x.lost_amount),)),
        ),
        order="gap",
        tie=Key(lambda x: x.ware.variant_id),
        filters=(*choices, state) if wide else (state,),
        search=_about,
        rows=30,
    )  # fmt: skip


def _communes() -> list[tuple[str, str]]:
    return places.commune_choices(HOME_PROVINCE)


def name_choices(view: RowsView) -> None:
    """Say what stands where nothing was chosen: thirteen weeks, everywhere."""
    first = {"weeks": period(reads.CHARTED), "place": gettext(N_("Mọi nơi"))}
    view.filters = [
        replace(f, options=[("", first[f.name]), *((v, n) for v, n in f.options[1:] if n != first[f.name])])
        if f.name in first
        else f
        for f in view.filters
    ]


def start_table(of: Picture, *, wide: bool = True) -> tables.Table:
    """The list of who must begin what."""
    del of
    named = (tables.Column("producer", N_("Cơ sở"), sort=(Key(lambda r: text.sort_key(r.line.ware.producer)),),
                           value=lambda r: r.line.ware.producer, on_page=False),) if wide else ()  # fmt: skip
    return tables.Table(
        name="bat-dau-lam",
        columns=(
            tables.Column("product", N_("Sản phẩm"), sort=(Key(lambda r: (r.line.ware.sort_name, r.line.ware.position)),),
                          value=lambda r: r.line.ware.product),
            tables.Column("pack", N_("Quy cách"), value=lambda r: r.line.ware.pack, on_page=False),
            tables.Column("sku", N_("Mã hàng"), value=lambda r: r.line.ware.sku, on_page=False),
            *named,
            tables.Column("start_by", N_("Chậm nhất phải bắt đầu"), sort=(Key(lambda r: r.start_by or r.gap_on),),
                          value=lambda r: " · ".join(start_words(r))),
            tables.Column("gap_on", N_("Hàng hết ngày"), sort=(Key(lambda r: r.gap_on),)),
            tables.Column("units", N_("Còn thiếu"), "num", sort=(Key(lambda r: r.units),)),
            tables.Column("asked", N_("Đang đề nghị"), "num"),
            tables.Column("to_ask", N_("Cần làm thêm"), "num", sort=(Key(lambda r: r.to_ask),)),
            tables.Column("lacking", N_("Không làm kịp"), "num", sort=(Key(lambda r: r.lacking),), on_page=False),
        ),
        order="start_by",
        tie=Key(lambda r: r.id),
        filters=(
            tables.Filter(
                "state", N_("Tình trạng"),
                lambda v: (lambda r: r.late) if v == "late" else (lambda r: r.lacking > 0) if v == "lacking"
                else (lambda r: not r.stated),
                (("late", N_("Quá hạn bắt đầu")), ("lacking", N_("Không làm kịp")), ("silent", N_("Chưa khai năng lực"))),
            ),
        ),
        search=lambda q: lambda r: _about(q)(r.line),
    )  # fmt: skip


def start_words(row: starts.StartRow) -> list[str]:
    """What is to be said of a line: when to begin, how late that is, what cannot be made."""
    said = [] if row.season_on is None else [_season_words(row, row.season_on)]
    if not row.stated:
        said.append(gettext(N_("Cơ sở chưa khai năng lực nên chưa biết phải bắt đầu khi nào.")))
    elif row.start_by is None:
        said.append(gettext(N_("Quá hạn bắt đầu: dù làm từ trước cũng không đủ sức.")))
    elif row.late:
        said.append(
            ngettext(
                "Quá hạn bắt đầu %(num)s ngày (%(day)s).", "Quá hạn bắt đầu %(num)s ngày (%(day)s).", -(row.days_left or 0),
                day=row.start_by.strftime("%d/%m/%Y"),
            )
        )  # fmt: skip
    else:
        said.append(
            ngettext(
                "Bắt đầu trước hết ngày %(day)s (còn %(num)s ngày).", "Bắt đầu trước hết ngày %(day)s (còn %(num)s ngày).",
                row.days_left or 0, day=row.start_by.strftime("%d/%m/%Y"),
            )
        )  # fmt: skip
    if row.lacking:
        said.append(gettext("Không làm kịp: thiếu %(n)s.", n=charts.number(row.lacking)))
    if row.answer is not None:
        said.append(_answer_words(row.answer))
    return said


def _season_words(row: starts.StartRow, again: date) -> str:
    """That the goods lack when there are none of the kind anyway, and when there are again."""
    months = season_text(row.line.ware.months) or ""
    return str(gettext("Ngoài mùa (%(months)s): vụ tới từ %(day)s.", months=months, day=again.strftime("%m/%Y")))


def _answer_words(one: starts.Answer) -> str:
    """What the producer has said to the last ask."""
    values = {"on": one.on.strftime("%d/%m/%Y"), "asked": charts.number(one.asked), "n": charts.number(one.offered)}
    if not one.offered:
        head = gettext("Ngày %(on)s cơ sở đã từ chối %(asked)s", **values)
    else:
        head = gettext("Ngày %(on)s cơ sở chỉ nhận %(n)s trong %(asked)s", **values)
    return f"{head}: “{one.why}”." if one.why else f"{head}."


def drawn(found: Sequence[Line], of: Picture) -> dict[str, Any]:
    """The chart of these lines and the table behind it: `chart`, `weeks`."""
    past, ahead = reads.weeks_of(found, of.today), reads.weeks_ahead(found, of)
    return {"chart": _chart(past, ahead, of), "weeks": _weeks(past, ahead)}


def _chart(past: Sequence[Past], ahead: Sequence[Ahead], of: Picture) -> charts.Chart:
    """Sold and lacked in the weeks past, what is expected of the weeks ahead with its range."""
    *past, (_monday, sold_now, unmet_now) = past
    before: list[int | None] = [None] * len(past)
    none: list[int | None] = [None] * len(ahead)
    series = [
        Series(gettext(N_("Đã bán")), [round(sold) for _w, sold, _u in past] + none),
        Series(gettext(N_("Đã bán và hỏi mà không có")), [round(sold + unmet) for _w, sold, unmet in past] + none),
        Series(
            gettext(N_("Dự báo")) if of.run else gettext(N_("Theo nhịp bán gần đây")),
            before + [round(mean) for _w, mean, _l, _h in ahead],
        ),
        # A point of its own: joined to the line it would look like a fall.
        Series(
            gettext(N_("Tuần này, chưa hết (đã bán và hỏi mà không có)")),
            [*before, round(sold_now + unmet_now), *none[1:]],
        ),
    ]
    spans: list[tuple[int, int] | None] = [None] * len(past)
    spans += [(round(low), round(high)) for _w, _m, low, high in ahead]
    return charts.lines(
        gettext(N_("13 tuần qua và 13 tuần tới")),
        [label(week) for week in (*(row[0] for row in past), *(row[0] for row in ahead))],
        series,
        ranges=(gettext(N_("Khoảng 80 %")), spans) if of.run else None,
    )


def _weeks(past: Sequence[Past], ahead: Sequence[Ahead]) -> list[dict[str, Any]]:
    """The table behind the chart."""
    known = {week: {"sold": round(sold), "unmet": round(unmet, 1)} for week, sold, unmet in past}
    told = {week: {"mean": round(mean), "low": round(low), "high": round(high)} for week, mean, low, high in ahead}
    # The week that is not over stands in both.
    nothing = dict.fromkeys(("sold", "unmet", "mean", "low", "high"))
    return [
        nothing | known.get(week, {}) | told.get(week, {}) | {"on": week, "running": week in known and week in told}
        for week in sorted({*known, *told})
    ]


def neighbours(found: Sequence[Line], product_id: int) -> list[Line]:
    """Other packs of the same set that have goods to spare or lack them too, those with most demand first."""
    others = [x for x in found if x.ware.product_id != product_id and (x.demand or x.free)]
    return sorted(others, key=lambda x: -x.demand)[:NEIGHBOURS]
