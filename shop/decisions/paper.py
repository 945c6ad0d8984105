"""A draft of a decision as PDF, to be laid before its signer: the form of Decree 30/2020/NĐ-CP, annex III, with an annex of its
products. Always in Vietnamese: it is an act of the state. It says on every page that it is a draft; number and day stay
blank until they are given."""

from __future__ import annotations

from collections import Counter
from typing import Any

from flask import Response
from flask_babel import force_locale

from shop.decisions import terms
from shop.decisions.models import GROUND_NAMES, Decision, Kind, State
from shop.decisions.queries import paper as read
from shop.kernel import clock, dates, papers
from shop.kernel.errors import NotFound

TEMPLATE = "decisions/papers/decision.typ"
NATION, MOTTO = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc"
BLANK = "……………"
_STEWARDS = ("phó ", "thứ ")


def organ(issuer: str) -> list[str]:
    """The name of an authority as it heads a paper: a people's committee in two lines."""
    name, _space, rest = issuer.partition(" tỉnh ")
    return [name.upper(), f"TỈNH {rest.upper()}"] if rest else [issuer.upper()]


def signature(issuer: str, signer: str | None) -> list[str]:
    """The lines above a signature (Decree 30/2020/NĐ-CP, annex I): on whose behalf, in whose stead, and the office."""
    office = (signer or "").strip()
    if office.lower().startswith(("tm.", "kt.", "tl.", "tuq.")):
        return [office.upper()]
    committee = issuer.lower().startswith("ủy ban nhân dân")
    made = ["TM. ỦY BAN NHÂN DÂN"] if committee else []
    if office.lower().startswith(_STEWARDS):
        made.append("KT. CHỦ TỊCH" if committee else "KT. BỘ TRƯỞNG")
    return [*made, office.upper() or BLANK]


def _count(stars: Counter[int]) -> str:
    return " và ".join(f"{n} sản phẩm hạng {star} sao" for star, n in sorted(stars.items(), reverse=True))


def _articles(row: Decision, found: list[read.Line], law: terms.Terms) -> list[str]:
    makers = len({n.producer_id or -n.product_id for n in found})
    done = (
        "Quyết định này có hiệu lực kể từ ngày ký. Thủ trưởng các cơ quan, đơn vị liên quan, Ủy ban nhân dân các xã, phường, "
        "đặc khu và các chủ thể có sản phẩm nêu tại Điều 1 chịu trách nhiệm thi hành Quyết định này./."
    )
    if row.kind is Kind.REVOKE:
        return [
            f"Thu hồi {len(found)} giấy chứng nhận sản phẩm Chương trình mỗi xã một sản phẩm (OCOP) của {makers} chủ thể; "
            "căn cứ và lý do thu hồi từng giấy nêu tại Phụ lục kèm theo Quyết định này.",
            "Kể từ ngày Quyết định này có hiệu lực, chủ thể không được dùng hạng sao và biểu trưng OCOP cho sản phẩm bị thu "
            "hồi trên sản phẩm, bao bì và trong quảng cáo.",
            done,
        ]
    own = any(n.expires_on for n in found)
    return [
        f"Công nhận {len(found)} sản phẩm của {makers} chủ thể đạt hạng sao Chương trình mỗi xã một sản phẩm (OCOP), gồm "
        f"{_count(Counter(n.stars or 0 for n in found))} (danh sách tại Phụ lục kèm theo Quyết định này).",
        f"Giấy chứng nhận có thời hạn {law.months} tháng kể từ ngày ký Quyết định này"
        + (", trừ giấy có ghi thời hạn riêng tại Phụ lục. " if own else ". ")
        + "Hạng sao chỉ được dùng cho đúng sản phẩm được công nhận. Giấy chứng nhận đang có của cùng sản phẩm được thay bằng "
        "giấy chứng nhận mới kể từ ngày ấy.",
        done,
    ]


def _annex(row: Decision, found: list[read.Line]) -> tuple[list[str], list[list[str]]]:
    if row.kind is Kind.REVOKE:
        head = ["TT", "Sản phẩm", "Chủ thể", "Địa phương", "Số giấy chứng nhận", "Ngày cấp", "Căn cứ", "Lý do"]
        return head, [
            [
                str(i), n.product, n.producer or "–", n.place or "–", n.certificate or "–",
                dates.day(n.issued_on) if n.issued_on else "–", str(GROUND_NAMES[n.ground]) if n.ground else "–",
                n.reason or "–",
            ]
            for i, n in enumerate(found, 1)
        ]  # fmt: skip
    head = ["TT", "Sản phẩm", "Chủ thể", "Địa phương", "Bộ sản phẩm", "Mã hồ sơ", "Điểm", "Hạng", "Số giấy chứng nhận"]
    return head, [
        [
            str(i), n.product, n.producer or "–", n.place or "–", f"{n.set_number}. {n.set_name}", n.dossier_code or "–",
            f"{n.score:.2f}".replace(".", ",") if n.score is not None else "–", f"{n.stars} sao",
            (n.certificate or BLANK) + (f" (đến hết {dates.day(n.expires_on)})" if n.expires_on else ""),
        ]
        for i, n in enumerate(found, 1)
    ]  # fmt: skip


def facts(row: Decision) -> dict[str, Any]:
    """Everything that stands on the paper, as plain values.

    Raises:
        NotFound: it is no draft any more, or has no products yet.
    """
    if row.state is not State.DRAFT or not row.lines:
        raise NotFound
    kept, found = read.offered(row), read.lines(row.id)
    law = terms.on(row.decided_on or clock.today())
    day, above = row.decided_on, organ(row.issuer)
    blank = "UBND" if above[0].startswith("ỦY BAN") else "……"
    heard = [
        f"kết quả phiên {m.number} ngày {dates.day(m.held_on)} của {m.council}"
        for m in read.sessions([n.dossier_id for n in row.lines if n.dossier_id is not None])
    ]
    head, annex = _annex(row, found)
    return {
        "lang": "vi", "shop": above[0], "nation": NATION, "motto": MOTTO, "organ": above,
        "number": row.number or f"……/QĐ-{blank}",
        "place_day": f"{kept.get('place') or '……'}, ngày {day.day:02d} tháng {day.month:02d} năm {day.year}" if day
        else f"{kept.get('place') or '……'}, ngày …… tháng …… năm ……",
        "about": ["Về việc thu hồi giấy chứng nhận sản phẩm OCOP"] if row.kind is Kind.REVOKE
        else ["Về việc công nhận sản phẩm đạt hạng sao", "Chương trình mỗi xã một sản phẩm (OCOP)"],
        "draft": "DỰ THẢO", "demo": "Số liệu minh họa, không do cơ quan nào ban hành" if row.is_demo else "",
        "authority": row.issuer.upper(), "issuer": row.issuer,
        "bases": [f"Căn cứ {x}" for x in [*_lines(kept.get("basis")), *heard]],
        "proposer": kept.get("proposer") or "",
        "articles": _articles(row, found, law),
        "recipients": _lines(kept.get("recipients")),
        "signature": signature(row.issuer, row.signer), "signer": kept.get("signer_name") or "",
        "annex_about": "DANH SÁCH GIẤY CHỨNG NHẬN BỊ THU HỒI" if row.kind is Kind.REVOKE
        else "DANH SÁCH SẢN PHẨM ĐƯỢC CÔNG NHẬN ĐẠT HẠNG SAO OCOP",
        "kind": row.kind.value, "head": head, "annex": annex,
        "print": f"Mã trong sổ {row.reference}, lần sửa {row.version}, in lúc {dates.instant(clock.now())}",
    }  # fmt: skip


def _lines(raw: str | None) -> list[str]:
    return [found for x in (raw or "").split("\n") if (found := x.strip().strip(";-– ").removeprefix("Căn cứ "))]


def answer(row: Decision) -> Response:
    """The draft as PDF.

    Raises:
        NotFound: it is no draft any more, or has no products yet.
    """
    with force_locale("vi"):
        data = facts(row)
        made = papers.pdf(TEMPLATE, data, title="Dự thảo quyết định: " + " ".join(data["about"]))
    response = Response(made, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="du-thao-quyet-dinh-{row.reference}.pdf"'
    response.headers["Cache-Control"] = "no-store"
    return response
