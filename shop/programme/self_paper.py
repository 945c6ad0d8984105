"""A producer's own assessment on paper: form 02 of a dossier (Decision 26/2026/QĐ-TTg, art. 6.1), as PDF."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask_babel import force_locale, gettext

from shop.kernel import clock, dates, papers
from shop.kernel.errors import NotFound
from shop.producers import queries as producers
from shop.producers.models import LEGAL_FORM_NAMES
from shop.programme import scoring, wording
from shop.programme.queries.scoring import Scored
from shop.programme.sheets import PART_NAMES, PART_POINTS

TEMPLATE = "programme/papers/self_score.typ"
BLANK = "…………………"


def data(found: Scored) -> dict[str, Any]:
    """What the paper says, always in Vietnamese: it goes to an office of the state. What was left open has no points.

    Raises:
        NotFound: nothing was kept yet, or the producer is gone.
    """
    maker = producers.by_id(found.producer_id)
    if not found.version or found.saved_at is None or maker is None:
        raise NotFound
    sheet = found.official.sheet
    result = scoring.score(sheet, found.answers, found.stops)
    parts = []
    for part, name in PART_NAMES.items():
        rows = []
        for section in sheet.sections:
            if section.part != part:
                continue
            if section.questions[0].code != section.code:
                rows.append({"head": f"{section.code}. {section.label}", "most": str(section.points)})
            for q in section.questions:
                chosen = found.answers.get(q.code)
                option = q.options[chosen] if chosen is not None and 0 <= chosen < len(q.options) else None
                said = " – ".join(w for w in (option.case, option.label) if w) if option else "Chưa chọn"
                rows.append(
                    {
                        "head": "", "label": f"{q.code}. {q.label}", "said": said, "most": str(q.points),
                        "points": str(option.points) if option else "–",
                    }
                )  # fmt: skip
        parts.append(
            {
                "title": f"Phần {part}. {gettext(name)}", "rows": rows,
                "sum": f"{wording.points(result.parts[part])}/{PART_POINTS[part]}",
            }
        )  # fmt: skip
    here = maker.locality_text or BLANK
    form = gettext(LEGAL_FORM_NAMES[maker.legal_form]) if maker.legal_form else BLANK
    stopped = [stop.label for stop in result.stopped]
    return {
        "shop": "Chương trình Mỗi xã một sản phẩm", "owner": maker.name, "owner_line": found.name, "lang": "vi",
        "printed": f"In lúc {dates.instant(clock.now())}", "t": {"page": "trang"}, "demo": "",
        "form": "Mẫu 02", "heading": "BẢN TỰ ĐÁNH GIÁ SẢN PHẨM", "about": f"Phiếu số {sheet.number}: {found.official.set_name}",
        "facts": [
            ["Tên sản phẩm", found.name], ["Chủ thể", maker.name], ["Loại hình", form], ["Nơi sản xuất", here],
            ["Mã sản phẩm (xã ghi)", BLANK], ["Tự đánh giá lúc", f"{dates.instant(found.saved_at)}, {found.saved_label or ''}"],
        ],
        "head": ["Nội dung", "Tự chọn", "Tối đa", "Điểm"], "parts": parts,
        "verdict": wording.verdict(result), "total": f"Tổng điểm: {wording.points(result.total)}/100",
        "open": f"Còn {len(result.unanswered)} nội dung chưa chọn, tính 0 điểm." if result.unanswered else "",
        "stopped": stopped,
        "basis": f"Theo Quyết định {found.official.decision}, áp dụng từ {dates.day(found.official.valid_from)}. Câu chữ ở "
        "đây là bản rút gọn; văn bản gốc là căn cứ.",
        "pledge": "Chủ thể chịu trách nhiệm về nội dung tự đánh giá và giấy tờ kèm theo.",
        "sign_place": "………, ngày …… tháng …… năm ……", "sign": "ĐẠI DIỆN CHỦ THỂ",
        "sign_how": "(Ký, ghi rõ họ tên, đóng dấu nếu có)",
    }  # fmt: skip


def answer(found: Scored) -> Response:
    """The paper as a download.

    Raises:
        NotFound: nothing was kept yet.
    """
    with force_locale("vi"):
        made = papers.pdf(TEMPLATE, data(found), title="Bản tự đánh giá sản phẩm")
    response = Response(made, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="tu-danh-gia-{found.slug}.pdf"'
    response.headers["Cache-Control"] = "no-store"
    return response
