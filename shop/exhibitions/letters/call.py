"""Letters about applications and booths, to the members of a producer who apply for it. One for one fact and reader."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask import current_app
from flask_babel import force_locale, gettext
from sqlalchemy import func, select

from shop.accounts import queries as accounts
from shop.accounts.permissions import Permission
from shop.exhibitions.events import ApplicationStepped, BoothOffered, FairCalledOff, OfferEnded, SwapMoved
from shop.exhibitions.models.allotting import BoothOffer, OfferState, StandSwap, SwapState
from shop.exhibitions.models.calls import Application, ApplicationState, ApplicationStep, Stand
from shop.exhibitions.models.fairs import Booth, Exhibition, FairState
from shop.kernel import dates, jobs, mail, money
from shop.kernel.db import session, transaction
from shop.kernel.events import on, on_later

A = ApplicationState
Words = Callable[[], tuple[str, Sequence[str], str]]


def _tell(row: Application, key: str, words: Words) -> None:
    """Post a letter to everybody who applies for the producer; `words()` gives subject, lines and the button's name in the
    language in force."""
    config, path = current_app.extensions["shop_config"], f"/producer/fairs/{row.reference}"
    for user_id, email, locale in accounts.told_of(Permission.EXHIBITION_APPLY, f"producer:{row.producer_id}"):
        base = config.base_url + ("/en" if locale == "en" else "")
        with force_locale(locale):
            subject, lines, button = words()
            values: dict[str, Any] = {
                "lang": locale,
                "shop_url": base + "/",
                "button_url": base + path,
                "button_text": button,
                "subject": subject,
                "lines": [line for line in lines if line],
                "name": "",
            }
            body, page = (
                current_app.jinja_env.get_template(f"producers/letters/note.{ending}").render(**values)
                for ending in ("txt", "html")
            )
        with transaction():
            mail.post(f"{key}:{user_id}", "exhibitions.call", email, subject, body, page, about=f"user:{user_id}")


@on(ApplicationStepped)
def stepped(fact: ApplicationStepped) -> None:
    """Write the letter of this step once the step is committed."""
    step = session().scalar(
        select(func.max(ApplicationStep.id)).where(ApplicationStep.application_id == fact.application_id)
    )
    jobs.enqueue("exhibitions.letter-step", {"step_id": step})


@jobs.job("exhibitions.letter-step")
def of_step(payload: dict[str, Any]) -> None:
    """Tell the producer where his application stands now."""
    step = session().get(ApplicationStep, int(payload["step_id"]))
    if step is None or step.to_state == A.DRAFT:
        return
    row = session().get_one(Application, step.application_id)
    fair = session().get_one(Exhibition, row.exhibition_id)
    stand = _stand(row)
    # What a later step has overtaken is said by the later letter.
    if step.to_state == A.ACCEPTED and stand is None:
        return
    place = row.place
    _tell(row, f"exhibitions.application:{step.id}", lambda: _step_words(step, row, fair, stand, place))


def _stand(row: Application) -> tuple[Stand, Booth] | None:
    found = session().execute(
        select(Stand, Booth)
        .join(Booth, Booth.id == Stand.booth_id)
        .where(Stand.application_id == row.id, Stand.ended_at.is_(None))
    ).one_or_none()  # fmt: skip
    return (found[0], found[1]) if found else None


def _step_words(
    step: ApplicationStep, row: Application, fair: Exhibition, stand: tuple[Stand, Booth] | None, place: int | None
) -> tuple[str, Sequence[str], str]:
    ref, name, see = row.reference, fair.name, gettext("Xem hồ sơ")
    said = gettext("Ban tổ chức ghi: %(words)s", words=step.reason) if step.reason else ""
    match step.to_state:
        case A.SUBMITTED if step.from_state in (A.ACCEPTED, A.WAITING):
            return (
                gettext("%(fair)s: gian hàng được xếp lại", fair=name),
                [gettext("Kết quả xếp gian cho hồ sơ %(ref)s được thu hồi để xếp lại từ đầu.", ref=ref), said],
                see,
            )
        case A.SUBMITTED:
            return (
                gettext("Đã nhận hồ sơ %(ref)s đăng ký %(fair)s", ref=ref, fair=name),
                [
                    gettext("Ban tổ chức đã nhận hồ sơ và sẽ xem giấy tờ từng mặt hàng."),
                    gettext("Số rút thăm của bạn tính từ mã hồ sơ này; mã gốc được công bố cùng kết quả."),
                ],
                see,
            )
        case A.SENT_BACK:
            return (
                gettext("Hồ sơ %(ref)s đăng ký %(fair)s cần bổ sung", ref=ref, fair=name),
                [said, gettext("Những gì bạn đã ghi còn nguyên; sửa xong hãy nộp lại.")],
                gettext("Sửa hồ sơ"),
            )
        case A.REFUSED:
            return (
                gettext("Hồ sơ %(ref)s đăng ký %(fair)s không được nhận", ref=ref, fair=name),
                [gettext("Rất tiếc, hồ sơ này không được nhận."), said],
                see,
            )
        case A.WAITING:
            where = gettext("Bạn đứng thứ %(n)s trong danh sách chờ.", n=place) if place else ""
            return (
                gettext("%(fair)s: hồ sơ %(ref)s vào danh sách chờ", fair=name, ref=ref),
                [where, gettext("Khi có gian trống phù hợp, bạn được mời theo thứ tự và có hạn để trả lời."), said],
                see,
            )
        case A.ACCEPTED if stand is not None:
            row_, booth = stand
            paid = row_.fee_amount - row_.subsidy_amount
            return (
                gettext("%(fair)s: bạn có gian %(booth)s", fair=name, booth=booth.code),
                [
                    gettext(
                        "Phí gian %(fee)s, được hỗ trợ %(subsidy)s, còn phải đóng %(paid)s.",
                        fee=money.vnd(row_.fee_amount),
                        subsidy=money.vnd(row_.subsidy_amount),
                        paid=money.vnd(paid),
                    ),
                    row_.why,
                ],
                gettext("Xem gian hàng"),
            )
        case _:
            return (
                gettext("Đã rút hồ sơ %(ref)s đăng ký %(fair)s", ref=ref, fair=name),
                [gettext("Hồ sơ đã rút. Khi hội chợ còn nhận hồ sơ, bạn có thể mở lại và nộp."), said],
                see,
            )


def _offer(offer_id: int) -> tuple[BoothOffer, Application, Booth, Exhibition] | None:
    offer = session().get(BoothOffer, offer_id)
    if offer is None:
        return None
    s = session()
    row, booth = s.get_one(Application, offer.application_id), s.get_one(Booth, offer.booth_id)
    return offer, row, booth, s.get_one(Exhibition, offer.exhibition_id)


@on_later(BoothOffered, name="exhibitions.letter-offer")
def offered(fact: BoothOffered) -> None:
    """Tell who waits that a booth is free for him."""
    found = _offer(fact.offer_id)
    if found is None or found[0].state is not OfferState.OPEN:
        return
    offer, row, booth, fair = found

    def words() -> tuple[str, Sequence[str], str]:
        return (
            gettext("%(fair)s: có gian %(booth)s cho bạn", fair=fair.name, booth=booth.code),
            [
                gettext("Một gian vừa trống và đến lượt bạn trong danh sách chờ."),
                gettext(
                    "Hãy trả lời trước %(until)s; sau giờ đó gian được mời cơ sở kế tiếp.",
                    until=dates.instant(offer.until),
                ),
            ],
            gettext("Trả lời"),
        )  # fmt: skip

    _tell(row, f"exhibitions.offer:{offer.reference}", words)


@on_later(OfferEnded, name="exhibitions.letter-offer-ended")
def offer_ended(fact: OfferEnded) -> None:
    """Tell who did not answer in time."""
    found = _offer(fact.offer_id)
    if found is None or found[0].state is not OfferState.LAPSED:
        return
    offer, row, booth, fair = found

    def words() -> tuple[str, Sequence[str], str]:
        return (
            gettext("%(fair)s: đã quá hạn nhận gian %(booth)s", fair=fair.name, booth=booth.code),
            [gettext("Gian được mời cơ sở kế tiếp; bạn chuyển xuống cuối danh sách chờ.")],
            gettext("Xem hồ sơ"),
        )

    _tell(row, f"exhibitions.offer-lapsed:{offer.reference}", words)


@on_later(SwapMoved, name="exhibitions.letter-swap")
def swap_moved(fact: SwapMoved) -> None:
    """Tell whom it concerns of a wish to change booths, and what came of it."""
    s = session()
    swap = s.get(StandSwap, fact.swap_id)
    if swap is None or swap.state != fact.state or swap.state is SwapState.ENDED:
        return
    mine, his = s.get_one(Stand, swap.stand_id), s.get_one(Stand, swap.other_id)
    codes = s.get_one(Booth, mine.booth_id).code, s.get_one(Booth, his.booth_id).code
    fair = s.get_one(Exhibition, swap.exhibition_id)
    asker, other = s.get_one(Application, mine.application_id), s.get_one(Application, his.application_id)
    words = {
        SwapState.ASKED: lambda: (
            gettext("%(fair)s: có cơ sở muốn đổi gian với bạn", fair=fair.name),
            [
                gettext("Cơ sở ở gian %(one)s muốn đổi với gian %(two)s của bạn.", one=codes[0], two=codes[1]),
                swap.reason or "",
            ],
            gettext("Trả lời"),
        ),
        SwapState.DONE: lambda: (
            gettext("%(fair)s: hai gian %(one)s và %(two)s đã đổi chủ", fair=fair.name, one=codes[0], two=codes[1]),
            [gettext("Phí và mức hỗ trợ tính theo loại gian mới.")],
            gettext("Xem gian hàng"),
        ),
        SwapState.REFUSED: lambda: (
            gettext("%(fair)s: bên kia không đồng ý đổi gian", fair=fair.name),
            [gettext("Bạn vẫn ở gian %(one)s.", one=codes[0])],
            gettext("Xem gian hàng"),
        ),
    }[swap.state]
    told = {SwapState.ASKED: [other], SwapState.DONE: [asker, other], SwapState.REFUSED: [asker]}[swap.state]
    for row in told:
        _tell(row, f"exhibitions.swap-{swap.state.value}:{swap.reference}:{row.reference}", words)


@on_later(FairCalledOff, name="exhibitions.letter-cancelled")
def cancelled(fact: FairCalledOff) -> None:
    """Tell everybody who has applied that the fair was called off."""
    s = session()
    fair = s.get_one(Exhibition, fact.exhibition_id)
    reason = next((step.reason for step in reversed(fair.steps) if step.to_state == FairState.CANCELLED), None)
    rows = s.scalars(
        select(Application)
        .where(Application.exhibition_id == fair.id, Application.state.not_in((A.REFUSED, A.WITHDRAWN)))
        .order_by(Application.id)
    ).all()

    def words() -> tuple[str, Sequence[str], str]:
        return (
            gettext("%(fair)s đã hủy", fair=fair.name),
            [
                gettext("Ban tổ chức ghi: %(words)s", words=reason) if reason else "",
                gettext("Hồ sơ của bạn được giữ lại để tra cứu, không cần làm gì thêm."),
            ],
            gettext("Xem hồ sơ"),
        )

    for row in rows:
        _tell(row, f"exhibitions.cancelled:{fair.slug}:{row.reference}", words)
