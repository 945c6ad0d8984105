"""Letters about dossiers: to those who file them for a producer, to the commune that checks them, and to the programme office
when the commune's days are over. Each fact once for each reader, in his language."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from flask import current_app
from flask_babel import force_locale, gettext
from sqlalchemy import select

from shop.accounts import queries as accounts
from shop.accounts.permissions import Permission, Role
from shop.kernel import dates, mail
from shop.kernel.db import session
from shop.kernel.events import on
from shop.programme import scoring, wording
from shop.programme.events import DossierMoved
from shop.programme.models.councils import Council, CouncilSession, Hearing
from shop.programme.models.dossiers import ROUND_LEVEL_NAMES, Dossier, DossierState, DossierStep, Round
from shop.programme.queries import councils, dossiers

Words = Callable[[], tuple[str, Sequence[str]]]
Reader = tuple[int, str, str]


def _post(row: Dossier, door: str, readers: Iterable[Reader], key: str, kind: str, words: Words) -> None:
    """Post a letter to each of `readers` (user id, address, language); `words()` gives subject and lines in the language in
    force, `door` is where its button leads."""
    for user_id, email, locale in readers:
        base = current_app.extensions["shop_config"].base_url + ("/en" if locale == "en" else "")
        with force_locale(locale):
            subject, lines = words()
            values = {
                "lang": locale, "shop_url": base + "/", "button_url": f"{base}/{door}/dossiers/{row.code}",
                "button_text": gettext("Mở hồ sơ"), "subject": subject, "lines": [x for x in lines if x], "name": "",
            }  # fmt: skip
            body, page = (
                current_app.jinja_env.get_template(f"producers/letters/note.{ending}").render(**values)
                for ending in ("txt", "html")
            )
        mail.post(f"{key}:{user_id}", kind, email, subject, body, page, about=f"user:{user_id}")


@on(DossierMoved)
def moved(fact: DossierMoved) -> None:
    """Tell of a step whom it concerns, in the transaction that took it."""
    row, step = session().get_one(Dossier, fact.dossier_id), session().get_one(DossierStep, fact.step_id)
    key, kind = f"dossier:{row.id}:{step.id}", f"dossier-{step.what}"
    if step.what == "submit":
        readers = accounts.told_of(Permission.DOSSIER_CHECK, row.scope)
        _post(row, "office", readers, key, kind, lambda: _handed_in(row))
        return
    if step.what == "object":
        _post(row, "office", _programme_office(), key, kind, lambda: _objected(row, step.note or ""))
        return
    words = _WORDS[step.what]
    if step.what == "hand-over" and row.state is not DossierState.DRAFT:  # a draft is its producer's alone
        readers = accounts.told_of(Permission.DOSSIER_CHECK, row.scope)
        _post(row, "office", readers, f"{key}:office", kind, lambda: words(row, step.note or ""))
    readers = accounts.told_of(Permission.DOSSIER_FILE, f"producer:{row.producer_id}")
    _post(row, "producer", readers, key, kind, lambda: words(row, step.note or ""))


def _programme_office() -> list[Reader]:
    found = accounts.holders("*", Role.PROGRAMME_OFFICER)
    return [(c.user_id, c.email, c.locale) for c in found if c.email is not None]


def late(row: Dossier) -> None:
    """Tell the programme office that a commune's working days for a dossier are over, in the open transaction."""
    if row.due_on is None:
        return
    due_on = row.due_on

    def words() -> tuple[str, Sequence[str]]:
        return gettext("Hồ sơ OCOP %(code)s quá hạn ở xã", code=row.code), [
            _of(row),
            gettext("%(commune)s phải xong trước hết ngày %(day)s.", commune=row.commune_name, day=dates.day(due_on)),
        ]

    # A dossier that was returned and handed in again has another day, and may be late again.
    _post(row, "office", _programme_office(), f"dossier:{row.id}:late:{due_on}", "dossier-late", words)


def ceased(row: Dossier) -> None:
    """Tell the programme office that a dossier's commune has ceased and a person must say who has it now, in the open
    transaction."""

    def words() -> tuple[str, Sequence[str]]:
        return gettext("Hồ sơ OCOP %(code)s chờ giao cho xã mới", code=row.code), [
            _of(row),
            gettext("%(commune)s không còn là đơn vị hành chính và đất của xã thuộc về nhiều xã. Hãy chọn xã nhận hồ sơ.",
                    commune=row.commune_name),
        ]  # fmt: skip

    _post(row, "office", _programme_office(), f"dossier:{row.id}:ceased:{row.commune_code}", "dossier-ceased", words)


def _of(row: Dossier) -> str:
    named = dossiers.named(row)
    return gettext("Sản phẩm “%(product)s” của %(producer)s.", product=named.product, producer=named.producer)


def _handed_in(row: Dossier) -> tuple[str, Sequence[str]]:
    due = row.due_on
    return gettext("Hồ sơ OCOP mới cần kiểm tra: %(code)s", code=row.code), [
        _of(row),
        gettext("Hạn kiểm tra và đề nghị: hết ngày %(day)s.", day=dates.day(due)) if due else "",
    ]


def _objected(row: Dossier, said: str) -> tuple[str, Sequence[str]]:
    return gettext("Kiến nghị về hồ sơ OCOP %(code)s", code=row.code), [
        _of(row),
        gettext("Cơ sở kiến nghị về kết quả %(points)s điểm, %(stars)s sao:", points=wording.points(row.score),
                stars=row.stars) + "\n" + said,
        gettext("Kết quả chưa trình ra quyết định cho đến khi có câu trả lời."),
    ]  # fmt: skip


def _returned(row: Dossier, said: str) -> tuple[str, Sequence[str]]:
    return gettext("Hồ sơ OCOP %(code)s cần bổ sung", code=row.code), [
        _of(row),
        gettext("%(commune)s trả lại, lý do:", commune=row.commune_name) + "\n" + said,
        gettext("Giấy tờ đã nộp vẫn giữ nguyên. Bổ sung xong hãy nộp lại."),
    ]


def _handed_over(row: Dossier, said: str) -> tuple[str, Sequence[str]]:
    return gettext("Hồ sơ OCOP %(code)s nay do %(commune)s phụ trách", code=row.code, commune=row.commune_name), [
        _of(row),
        gettext("Do sắp xếp đơn vị hành chính: %(change)s. Mã hồ sơ và giấy tờ giữ nguyên.", change=said),
        gettext("%(commune)s phải xong trước hết ngày %(day)s.", commune=row.commune_name, day=dates.day(row.due_on))
        if row.due_on is not None and row.state in (DossierState.SUBMITTED, DossierState.COMPLETE)
        else "",
    ]


def _complete(row: Dossier, _said: str) -> tuple[str, Sequence[str]]:
    return gettext("Hồ sơ OCOP %(code)s đã đủ", code=row.code), [
        _of(row),
        gettext("%(commune)s xác nhận hồ sơ đủ và sẽ đề nghị tỉnh đánh giá.", commune=row.commune_name),
    ]


def _proposed(row: Dossier, _said: str) -> tuple[str, Sequence[str]]:
    here = session().get(Round, row.round_id) if row.round_id is not None else None
    if here is None:
        return gettext("Hồ sơ OCOP %(code)s chờ đợt đánh giá sau", code=row.code), [
            _of(row),
            gettext("%(commune)s đã đề nghị tỉnh đánh giá. Hiện chưa có đợt nhận hồ sơ, hồ sơ vào đợt kế tiếp.",
                    commune=row.commune_name),
        ]  # fmt: skip
    return gettext("Hồ sơ OCOP %(code)s đã vào đợt %(round)s", code=row.code, round=here.code), [
        _of(row),
        gettext("Đợt chốt hồ sơ hết ngày %(cut_off)s, dự kiến xong ngày %(ends)s.", cut_off=dates.day(here.cut_off),
                ends=dates.day(here.ends_on)),
    ]  # fmt: skip


def _heard(row: Dossier, _said: str) -> tuple[str, Sequence[str]]:
    meeting, council = (
        session()
        .execute(
            select(CouncilSession, Council.name)
            .join(Hearing, Hearing.session_id == CouncilSession.id)
            .join(Council, Council.id == CouncilSession.council_id)
            .where(Hearing.dossier_id == row.id)
            .order_by(Hearing.id.desc())
            .limit(1)
        )
        .one()
    )
    return gettext("Hồ sơ OCOP %(code)s ra hội đồng", code=row.code), [
        _of(row),
        gettext("%(council)s họp ngày %(day)s tại %(place)s.", council=council, day=dates.day(meeting.held_on),
                place=meeting.place),
    ]  # fmt: skip


def _taken_off(row: Dossier, _said: str) -> tuple[str, Sequence[str]]:
    return gettext("Hồ sơ OCOP %(code)s chuyển sang phiên họp khác", code=row.code), [
        _of(row),
        gettext("Hồ sơ chưa được chấm ở phiên này và chờ phiên họp sau."),
    ]


def _term(row: Dossier) -> str:
    """What the producer may do about a result, and until when."""
    if row.state is DossierState.FORWARDED:
        return gettext("Hồ sơ được chuyển lên bộ đánh giá; có kết quả bạn sẽ được báo.")
    until = dates.day(row.objection_until) if row.objection_until is not None else ""
    if not until:
        return ""
    if (row.stars or 0) < scoring.STARRED[0]:
        return gettext("Bạn có thể kiến nghị đến hết ngày %(day)s.", day=until)
    return gettext(
        "Bạn có thể đồng ý hoặc kiến nghị đến hết ngày %(day)s; không kiến nghị thì kết quả được trình ra quyết định.",
        day=until,
    )


def _result(row: Dossier, _said: str) -> tuple[str, Sequence[str]]:
    found = councils.results_of(row.id)
    subject = (
        gettext("Kết quả hồ sơ OCOP %(code)s: %(stars)s sao", code=row.code, stars=row.stars)
        if (row.stars or 0) >= scoring.STARRED[0]
        else gettext("Kết quả hồ sơ OCOP %(code)s: chưa được xếp hạng", code=row.code)
    )
    return subject, [_of(row), wording.council_verdict(found[0]) if found else "", _term(row)]


def _ministry(row: Dossier, said: str) -> tuple[str, Sequence[str]]:
    level = gettext(ROUND_LEVEL_NAMES[row.level]) if row.level is not None else ""
    told = gettext("Bộ chấm %(points)s điểm, %(stars)s sao (văn bản %(paper)s).", points=wording.points(row.score),
                   stars=row.stars, paper=said)  # fmt: skip
    return gettext("Bộ báo kết quả hồ sơ OCOP %(code)s", code=row.code), [
        _of(row),
        told,
        gettext("Quyết định công nhận sẽ do %(level)s ra.", level=level)
        if (row.stars or 0) >= scoring.STARRED[0]
        else gettext("Với kết quả này sản phẩm không được xếp hạng."),
    ]


def _upheld(row: Dossier, said: str) -> tuple[str, Sequence[str]]:
    return gettext("Kiến nghị về hồ sơ OCOP %(code)s được chấp nhận", code=row.code), [
        _of(row),
        said,
        gettext("Hội đồng sẽ chấm lại. Kết quả cũ vẫn lưu trong hồ sơ."),
    ]


def _refused(row: Dossier, said: str) -> tuple[str, Sequence[str]]:
    return gettext("Kiến nghị về hồ sơ OCOP %(code)s không được chấp nhận", code=row.code), [
        _of(row),
        said,
        gettext(
            "Kết quả giữ nguyên: %(points)s điểm, %(stars)s sao.", points=wording.points(row.score), stars=row.stars
        ),
    ]


# What a producer is told of. That he is recognised (or renewed) is told by the decision's own letter.
_WORDS: dict[str, Callable[[Dossier, str], tuple[str, Sequence[str]]]] = {
    "return": _returned,
    "hand-over": _handed_over,
    "complete": _complete,
    "propose": _proposed,
    "round": _proposed,
    "council": _heard,
    "council-out": _taken_off,
    "result": _result,
    "ministry": _ministry,
    "uphold": _upheld,
    "refuse-objection": _refused,
}
