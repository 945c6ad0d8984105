"""The province's summary on paper: a sheet in the form that an official signs (Decree 30/2020/NĐ-CP, annex I), as PDF, text
document and spreadsheet. Always in Vietnamese: it is an act of the state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from flask import Response
from flask_babel import force_locale, gettext

from shop.cycle.models.steps import STEP_NAMES
from shop.kernel import money, papers, tables
from shop.kernel.errors import N_
from shop.reports import document, rules
from shop.reports.figures import FIGURES, MONEY, OWN, PARTS
from shop.reports.models import STATE_NAMES, ProvinceReport, ReportState
from shop.reports.queries.history import YearEnd

NATION, MOTTO = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc"
# Of all figures those that a table by locality has room for.
COLUMNS = ("producers", "products", "stars", "points", "sales", "unmet", "ending.certificates", "blockers")
SHORT = {
    "producers": N_("Chủ thể"), "products": N_("Sản phẩm"), "stars": N_("Có sao"), "points": N_("Điểm bán"),
    "sales": N_("Doanh thu (đồng)"), "unmet": N_("Hỏi mà thiếu"), "ending.certificates": N_("Sắp hết hạn"),
    "blockers": N_("Vướng mắc"),
}  # fmt: skip
DOCX_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def number(key: str, value: int | None) -> str:
    """A figure as the sheet writes it."""
    if value is None:
        return "–"
    figure = FIGURES.get(key) or OWN[key]
    return money.vnd(value) if figure.kind == MONEY else f"{value:,}".replace(",", ".")


def bare(key: str, value: int | None) -> str:
    """A figure without its unit, for a column or line that names it."""
    return number(key, value).removesuffix("\u00a0₫")


def named(figure: Any) -> str:
    """The name of a figure, with its unit if that is money."""
    unit = " (đồng)" if figure.kind == MONEY else ""
    return ("– " if figure.beneath else "") + gettext(figure.label) + unit


def percent(content: dict[str, Any], key: str) -> int | None:
    """How much of the year's plan is reached by the localities that have one, in whole percent; None: there is no plan."""
    plan = content["plans"].get(key)
    if not plan:
        return None
    return int(content["reached"].get(key, 0) * 100 // plan)


def lines_of(content: dict[str, Any], part: str) -> list[tuple[str, str, str, str, str]]:
    """The figures of a part: name, this month, last month, the same month last year, plan with what is reached of it."""
    found = []
    for key, figure in FIGURES.items():
        if figure.part != part or (figure.beneath and not content["totals"].get(key)):
            continue
        share = percent(content, key)
        plan = content["plans"].get(key)
        now, before, year_ago = (bare(key, content[when].get(key)) for when in ("totals", "before", "year_ago"))
        planned = "–" if plan is None else bare(key, plan) + (f" ({share}\u00a0%)" if share is not None else "")
        found.append((named(figure), now, before, year_ago, planned))
    return found


def _state(place: dict[str, Any]) -> str:
    word = gettext(STATE_NAMES[ReportState(place["state"])]) if place["state"] else "Chưa có"
    return word + (", muộn" if place["late"] else "")


def _whole(organ: str) -> str:
    """The name of a people's committee breaks before its province, not within it."""
    name, space, rest = organ.partition(" TỈNH ")
    return f"{name} TỈNH\u00a0{rest.replace(' ', chr(160))}" if space else organ


def facts(of: date, version: ProvinceReport | None, content: dict[str, Any]) -> dict[str, Any]:
    """Everything that stands on the sheet, as plain values. A draft says that it is one."""
    paper = version.paper if version is not None else {}
    day = date.fromisoformat(paper["day"]) if paper.get("day") else None
    places = content["localities"]
    late = [p["name"] for p in places if p["late"]]
    missing = [p["name"] for p in places if p["state"] not in (ReportState.SUBMITTED, ReportState.LOCKED)]
    with force_locale("vi"):
        return {
            "lang": "vi", "shop": "", "owner": "", "owner_line": "", "printed": "", "nation": NATION, "motto": MOTTO,
            "organ_above": _whole(paper.get("organ_above", "").upper()), "organ": paper.get("organ", "").upper() or "……………",
            "number": paper.get("number") or "……/BC-……",
            "place_day": f"{paper.get('place') or '……'}, ngày {day.day:02d} tháng {day.month:02d} năm {day.year}" if day
            else "……, ngày …… tháng …… năm ……",
            "heading": "BÁO CÁO",
            # The month stays on one line.
            "about": f"Kết quả thực hiện Chương trình mỗi xã một sản phẩm (OCOP) tháng\u00a0{of.month}\u00a0năm\u00a0{of.year}",
            "draft": "" if version is not None else "BẢN NHÁP, CHƯA CHỐT",
            "demo": "Số liệu minh họa" if version is not None and version.is_demo else "",
            "assessment": [x for x in (paper.get("assessment") or "").split("\n") if x],
            "proposals": [x for x in (paper.get("proposals") or "").split("\n") if x],
            "handed": f"{sum(1 for p in places if p['state'] in ('submitted', 'locked'))}/{len(places)} địa phương đã nộp "
            f"báo cáo; {sum(1 for p in places if p['state'] == 'locked')} báo cáo đã chốt; {len(late)} nộp muộn hoặc quá hạn.",
            "missing": ("Chưa có báo cáo của: " + ", ".join(missing) + ".") if missing and len(missing) < len(places) else "",
            "parts": [{"title": gettext(name), "rows": lines_of(content, part)} for part, name in PARTS.items()],
            "own": [
                [named(figure), bare(key, content["own"].get(key) if content["own_from"].get(key) else None),
                 f"{content['own_from'].get(key, 0)}/{len(places)}"]
                for key, figure in OWN.items()
            ],
            "keys": list(COLUMNS), "columns": [gettext(SHORT[key]) for key in COLUMNS],
            "places": [
                [p["name"], _state(p), *(bare(key, p["figures"].get(key)) for key in COLUMNS)]
                for p in places
            ],
            "all": [bare(key, content["totals"].get(key)) for key in COLUMNS],
            "unknown": [bare(key, content["unknown"].get(key)) for key in COLUMNS],
            "blockers": [
                [b["locality"], gettext(STEP_NAMES[b["step"]]), b["what"], b["support"] or "–", b["answer"] or "Chưa trả lời"]
                for b in content["blockers"]
            ],
            "signer_office": paper.get("signer_office", "").upper() or "……………", "signer": paper.get("signer", ""),
            "recipients": [x.strip().lstrip("-– ") for x in (paper.get("recipients") or "").split("\n") if x.strip()],
            "digest": version.digest if version is not None else "",
            "version": version.version if version is not None else 0,
            "why": version.why or "" if version is not None else "",
            "t": {"page": "Trang"},
        }  # fmt: skip


def pdf(of: date, version: ProvinceReport | None, content: dict[str, Any]) -> bytes:
    """The sheet as PDF, A4."""
    found = facts(of, version, content)
    return papers.pdf("reports/papers/summary.typ", found, title=f"{found['heading']}: {found['about']}")


def docx(of: date, version: ProvinceReport | None, content: dict[str, Any]) -> Response:
    """The sheet as a text document that may be written on."""
    found = facts(of, version, content)
    return tables.send(f"bao-cao-{rules.spelt(of)}.docx", DOCX_TYPE, lambda made: document.write(made, found))


def xlsx(of: date, version: ProvinceReport | None, content: dict[str, Any]) -> Response:
    """A sheet of figures, one by locality, one of blockers; numbers stay numbers."""
    with force_locale("vi"):
        found = facts(of, version, content)
        cover = tables.Cover(
            "Báo cáo",
            [
                ("", NATION), ("", MOTTO), ("", f"{found['heading']}: {found['about']}"),
                ("Cơ quan", found["organ"]), ("Số, ký hiệu", found["number"]), ("Ngày", found["place_day"]),
                ("Tình trạng", found["draft"] or f"Bản {found['version']}"),
                ("Nộp báo cáo", found["handed"]), ("Người ký", f"{found['signer_office']} {found['signer']}".strip()),
                ("SHA-256", found["digest"] or "–"),
            ],
            "Số liệu",
        )  # fmt: skip
        head = ["Phần", "Số liệu", "Tháng này", "Tháng trước", "Cùng kỳ", "Kế hoạch năm"]
        lines: list[Sequence[Any]] = [
            [gettext(PARTS[f.part]), ("– " if f.beneath else "") + gettext(f.label), content["totals"].get(key),
             content["before"].get(key), content["year_ago"].get(key), content["plans"].get(key)]
            for key, f in FIGURES.items()
        ]  # fmt: skip
        by_place = ["Địa phương", "Mã", "Báo cáo", *(gettext(f.label) for f in FIGURES.values()),
                    *(gettext(f.label) for f in OWN.values())]  # fmt: skip

        def localities() -> Iterator[Sequence[Any]]:
            for p in content["localities"]:
                yield [p["name"], p["code"], _state(p), *(p["figures"].get(key) for key in FIGURES),
                       *(p["own"].get(key) for key in OWN)]  # fmt: skip
            yield ["Chưa rõ địa phương", "", "", *(content["unknown"].get(key) for key in FIGURES)]

        places = list(localities())
        blockers = list(found["blockers"])
    more = [
        ("Theo địa phương", by_place, iter(places)),
        ("Vướng mắc", ["Địa phương", "Bước", "Vướng mắc", "Đề nghị", "Ý kiến của tỉnh"], iter(blockers)),
    ]
    return tables.send_xlsx(f"bao-cao-{rules.spelt(of)}", head, iter(lines), cover, more)


def year_end_pdf(y: YearEnd) -> bytes:
    """What sources tell of the end of a year, A4."""
    data = {
        "year": y.year,
        "subjects": [
            {
                "name": s.name,
                "disputed": s.disputed,
                "values": [str(value) for value in s.values],
                "rows": [[f.written, f.as_of_text, f.source_title, f.note or ""] for f in s.figures],
            }
            for s in y.subjects
        ],
        "gaps": [
            {"source": g.source, "registered": g.registered, "passed": g.passed, "left": g.left,
             "rest": g.registered - g.passed, "unknown": g.unknown}
            for g in y.gaps
        ],
        "places": [p.name for p in y.places],
        "groups": [g.name for g in y.groups],
    }  # fmt: skip
    return papers.pdf("reports/papers/year_end.typ", data, title=f"Chương trình OCOP Quảng Ninh cuối năm {y.year}")
