"""The minutes of a council's session as PDF, from what was frozen when it was closed."""

from __future__ import annotations

from typing import Any

from flask import Response, current_app
from flask_babel import force_locale, gettext

from shop.kernel import clock, dates, papers
from shop.kernel.errors import NotFound
from shop.programme import wording
from shop.programme.models.councils import SEAT_NAMES, Council, CouncilSession, Seat, SessionState
from shop.programme.models.dossiers import DOSSIER_KIND_NAMES
from shop.programme.queries import councils as queries
from shop.programme.queries import scoring as scoring_queries
from shop.programme.queries.heard import heard
from shop.programme.sheets import PART_NAMES, PART_POINTS

TEMPLATE = "programme/papers/minutes.typ"


def data(council: Council, meeting: CouncilSession) -> dict[str, Any]:
    """What the paper says, always in Vietnamese: it is an act of the state.

    Raises:
        NotFound: the session is not closed.
    """
    if meeting.state is not SessionState.CLOSED or meeting.closed_at is None:
        raise NotFound
    config = current_app.extensions["shop_config"]
    round_ = queries.round_by_id(council.round_id)
    heads = {m["id"]: m for m in meeting.seats or []}
    dossiers = []
    for item in queries.items(meeting.id):
        sheet = scoring_queries.sheet_by_id(item.hearing.sheet_id).sheet
        found = heard(item.hearing, meeting, council.name, sheet)
        counted = set((item.hearing.outcome or {}).get("counted", []))
        sheets = [c for c in queries.handed_in(item.hearing.id) if c.member.id in counted]
        aside = queries.aside_of(item.hearing.id)
        rows = [
            [c.member.name, str(c.score.total), str(c.score.stars), "; ".join(c.score.notes.values())[:400]]
            for c in sheets
        ]
        dossiers.append(
            {
                "code": item.dossier.code,
                "product": item.product,
                "producer": item.producer,
                "commune": item.dossier.commune_name,
                "kind": gettext(DOSSIER_KIND_NAMES[item.dossier.kind]),
                "sheet": gettext("phiếu số %(n)s", n=sheet.number),
                "verdict": wording.council_verdict(found),
                "total": wording.points(found.total),
                "stars": str(found.stars),
                "counted": gettext("%(n)s/%(of)s phiếu", n=found.sheets, of=found.may_score),
                "parts": [
                    f"{part}. {gettext(PART_NAMES[part])}: {wording.points(found.parts[part])}/{PART_POINTS[part]}"
                    for part in "ABC"
                ],
                "rows": rows,
                "lacks": [wording.lack_words(one) for one in found.lacks_for(5)],
                "stopped": [f"{label} ({n}/{found.sheets})" for label, n in found.stopped],
                "aside": [f"{m.name}: {a.why}" for m, a in aside],
                "again": gettext("Chấm lại vì: %(why)s", why=found.again_why) if found.again_why else "",
                "looked_again": [
                    gettext(
                        "%(name)s xem lại phiếu theo yêu cầu (%(why)s); bản trước %(total)s điểm",
                        name=m.name,
                        why=v.asked_why,
                        total=v.total,
                    )
                    for m, v in queries.versions_of(item.hearing.id)
                ],
            }
        )
    signers = [
        next((m["name"] for m in heads.values() if m["seat"] == seat.value), "")
        for seat in (Seat.SECRETARY, Seat.CHAIR)
    ]
    return {
        "shop": gettext("Chương trình Mỗi xã một sản phẩm"),
        "owner": council.name,
        "owner_line": round_.code,
        "printed": gettext("In lúc %(at)s", at=dates.instant(clock.now())),
        "lang": "vi",
        # The head of Decree 30/2020/NĐ-CP; the number is given by the council's registry.
        "nation": "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "motto": "Độc lập - Tự do - Hạnh phúc",
        "place_day": f"Quảng Ninh, ngày {meeting.held_on.day:02d} tháng {meeting.held_on.month:02d} năm {meeting.held_on.year}",
        "about": "Họp hội đồng đánh giá, phân hạng sản phẩm OCOP",
        "end": f"Phiên họp khép lúc {dates.instant(meeting.closed_at)}. Biên bản lập theo các phiếu đã nộp, chốt khi khép "
        "phiên; sao ghi cạnh tên thành viên là sao theo riêng phiếu ấy, sao của hội đồng tính theo số phiếu quá nửa.",
        "demo": gettext("Số liệu minh họa"),
        "is_demo": council.is_demo,
        "sub": f"Phiên {meeting.number}, đợt {round_.code}",
        "t": {
            "page": gettext("trang"),
            "seats": gettext("Thành phần"),
            "seat_head": [gettext("Họ tên"), gettext("Chức vụ, đơn vị"), gettext("Vị trí")],
            "dossiers": gettext("Kết quả từng hồ sơ"),
            "head": [gettext("Thành viên"), gettext("Điểm"), gettext("Sao"), gettext("Ghi chú")],
            "lacks": gettext("Mức tối thiểu chưa đạt"),
            "stopped": gettext("Dừng đánh giá"),
            "aside": gettext("Không chấm vì có lợi ích liên quan"),
            "looked_again": gettext("Xem lại phiếu trước khi khép phiên"),
            "remarks": gettext("Kết luận"),
            "summary": gettext("Tổng hợp"),
            "summary_head": [gettext("Hồ sơ"), gettext("Sản phẩm"), gettext("Điểm"), gettext("Sao")],
            "secretary": gettext("Thư ký"),
            "chair": gettext("Chủ tịch hội đồng"),
            "rule": gettext(
                "Điểm là trung bình các phiếu, lấy hai chữ số thập phân, làm tròn xuống. "
                "Mức tối thiểu đạt khi quá nửa số phiếu đạt."
            ),
        },
        "facts": [
            [gettext("Quyết định lập hội đồng"), f"{council.decision_number}, {dates.day(council.decided_on)}"],
            [gettext("Phiên"), str(meeting.number)],
            [gettext("Ngày họp"), dates.day(meeting.held_on)],
            [gettext("Nơi họp"), meeting.place],
            [gettext("Khép phiên"), f"{dates.instant(meeting.closed_at)}, {meeting.closed_by}"],
        ],
        "seats": [[m["name"], m["office"], gettext(SEAT_NAMES[Seat(m["seat"])])] for m in heads.values()],
        "dossiers": dossiers,
        "remarks": meeting.remarks or "",
        "signers": signers,
        "base": config.base_url,
    }


def answer(council: Council, meeting: CouncilSession) -> Response:
    """The paper as a download.

    Raises:
        NotFound: the session is not closed.
    """
    with force_locale("vi"):
        made = papers.pdf(TEMPLATE, data(council, meeting), title=gettext("Biên bản họp hội đồng"))
    response = Response(made, mimetype="application/pdf")
    name = f"bien-ban-hoi-dong-{council.id}-phien-{meeting.number}.pdf"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response
