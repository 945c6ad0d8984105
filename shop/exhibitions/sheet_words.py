"""Words of sheets, and the paper of one."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext

from shop.exhibitions import pen
from shop.exhibitions.models.closing import SIDE_NAMES, SheetVersion, Side
from shop.exhibitions.queries import sheet_figures, takings
from shop.exhibitions.queries.sheets import Whole
from shop.kernel import clock, papers, web
from shop.kernel.dates import instant, span
from shop.kernel.errors import N_
from shop.kernel.money import vnd
from shop.settlement import rules
from shop.stock.models import MOVEMENT_NAMES

COLUMNS = {
    "came": N_("Mang ra"),
    "found": N_("Thừa"),
    "sold": N_("Bán"),
    "returned": N_("Khách trả"),
    "given": N_("Mời thử"),
    "gift": N_("Tặng"),
    "lost": N_("Mất, hỏng"),
    "back": N_("Mang về"),
    "left": N_("Còn ở gian"),
}
AMOUNT = N_("Tiền bán")
SHORTAGE = N_("Quầy bán quá sổ")
TEMPLATE = "exhibitions/papers/sheet.typ"


def owner_name(found: Whole) -> str:
    """Whose goods a sheet is about."""
    return found.producer.name if found.producer is not None else str(gettext(sheet_figures.SHOP_NAME))


def column(name: str) -> str:
    """The word over a column of figures."""
    return str(gettext(COLUMNS.get(name, AMOUNT)))


def reason(kind: str) -> str:
    """What a difference was."""
    names: dict[str, str] = {k.value: v for k, v in MOVEMENT_NAMES.items()} | {"shortage": SHORTAGE}
    return str(gettext(names[kind]))


def money_rows(figures: dict[str, Any]) -> list[tuple[str, str]]:
    """The money of a sheet line by line: by way of paying, what goes off it, what is owed."""
    rows = [(str(gettext(takings.WAYS[way])), vnd(n)) for way, n in figures["tenders"].items()]
    rows.append((str(gettext("Doanh thu")), vnd(figures["totals"]["amount"])))
    if "owed" not in figures:
        return rows
    commission = figures["commission"]
    rows.append((str(gettext("Hoa hồng theo thỏa thuận")), "–" if commission is None else vnd(-commission)))
    rows.append((str(gettext("Phí gian")), vnd(-figures["fee"])))
    if figures["subsidy"]:
        rows.append((str(gettext("Hỗ trợ phí gian")), vnd(figures["subsidy"])))
    if figures["owed"] is not None:
        rows.append((str(gettext("Còn phải trả cơ sở cho hội chợ này")), vnd(figures["owed"])))
    return rows


def paper_data(found: Whole, version: SheetVersion | None) -> dict[str, Any]:
    """What the paper's template is given: a frozen version, or the figures of now."""
    figures = version.figures if version is not None else found.figures
    digest = version.digest if version is not None else found.digest
    signed = {s.side: s for s in found.signatures if s.digest == digest}
    fair = found.fair
    facts = [
        [gettext("Hội chợ"), fair.name],
        [gettext("Ngày"), span(fair.from_on, fair.last_on) if fair.from_on and fair.last_on else fair.date_text or "–"],
        [gettext("Gian"), found.booth.code],
        [gettext("Hàng của"), owner_name(found)],
    ]
    if version is not None:
        facts.append([gettext("Chốt"), f"{version.frozen_label}, {instant(version.frozen_at)}"])
    return {
        "lang": web.language(),
        "shop": str(rules.PAPER_NAME.get()),
        "owner": str(rules.PAPER_NAME.get()),
        "owner_line": "",
        "printed": gettext("In lúc %(at)s", at=instant(clock.now())),
        "demo": gettext("Số liệu minh họa"),
        "is_demo": found.sheet.is_demo,
        "sub": found.sheet.reference + (f" · {gettext('bản %(n)s', n=version.number)}" if version is not None else ""),
        "facts": facts,
        "head": [gettext("Mặt hàng"), *(gettext(word) for word in COLUMNS.values()), gettext(AMOUNT)],
        "rows": [
            [f"{p['name']}, {p['pack']}", *(str(p.get(c, 0)) for c in COLUMNS), vnd(p["amount"])] for p in figures["packs"]
        ],
        "totals": [
            gettext("Cộng"), *(str(figures["totals"].get(c, 0)) for c in COLUMNS), vnd(figures["totals"]["amount"]),
        ],
        "money": [list(row) for row in money_rows(figures)],
        "reasons": [[pack, f"{n:+d}", reason(kind), said or "–", who] for pack, n, kind, said, who, _at in figures["reasons"]],
        "explanation": (version.explanation if version is not None else found.sheet.explanation) or "",
        "unsigned": (version.reason or "") if version is not None else "",
        "signatures": [_signature(side, signed.get(side)) for side in found.sides],
        "seal": version.seal if version is not None else "",
        "t": {
            "title": gettext("Bảng chốt gian"),
            "page": gettext("Trang"),
            "goods": gettext("Hàng"),
            "money": gettext("Tiền"),
            "reasons": gettext("Thừa, thiếu, hỏng"),
            "reasons_head": [gettext("Mặt hàng"), gettext("SL"), gettext("Việc"), gettext("Lý do"), gettext("Người ghi")],
            "explanation": gettext("Giải thích"),
            "unsigned": gettext("Chốt thiếu chữ ký"),
            "none": gettext("Không có hàng ở gian này."),
            "seal": gettext("Dấu niêm"),
            "draft": "" if version is not None else gettext("Chưa chốt"),
        },
    }  # fmt: skip


def _signature(side: Side, signed: Any) -> dict[str, str]:
    name = str(gettext(SIDE_NAMES[side]))
    if signed is None:
        return {"side": name, "name": "", "at": "", "svg": "", "ticked": ""}
    return {
        "side": name, "name": signed.name, "at": instant(signed.at), "svg": pen.picture(signed.strokes),
        "ticked": "" if signed.strokes else gettext("Đã xác nhận bằng đánh dấu"),
    }  # fmt: skip


def paper(found: Whole, number: int | None) -> bytes:
    """A sheet on A4, in the version of that number (None: the last, or the figures of now if it is not frozen)."""
    version = found.last if number is None else next((v for v in found.versions if v.number == number), None)
    return papers.pdf(TEMPLATE, paper_data(found, version), title=gettext("Bảng chốt gian"))
