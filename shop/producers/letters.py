"""The letters of this room, each in its reader's language: to applicants, members and owners."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import current_app
from flask_babel import force_locale, gettext

from shop.accounts import queries as accounts
from shop.accounts.permissions import ROLE_NAMES, Role
from shop.kernel import dates, mail
from shop.kernel.db import session
from shop.kernel.events import on
from shop.producers import queries
from shop.producers.events import ApplicationMoved, ChangeMoved, MemberInvited, MemberJoined, PaperMoved
from shop.producers.models import (
    PAPER_KIND_NAMES,
    Application,
    ApplicationState,
    Change,
    ChangeKind,
    ChangeState,
    Invitation,
    Paper,
    PaperState,
    Producer,
    Step,
)


def _post(
    key: str,
    kind: str,
    recipient: str,
    locale: str,
    words: Any,
    path: str,
    *,
    name: str = "",
    about: int | None = None,
) -> None:
    """Post a letter; `words()` gives its subject, its lines and the name of its button in the language in force."""
    base = current_app.extensions["shop_config"].base_url + ("/en" if locale == "en" else "")
    with force_locale(locale):
        subject, lines, button = words()
        values = {
            "lang": locale,
            "shop_url": base + "/",
            "button_url": base + path,
            "button_text": button,
            "subject": subject,
            "lines": [line for line in lines if line],
            "name": name,
        }
        # Not `render_template`: a letter takes nothing from the request in which it happens to be written.
        body, page = (
            current_app.jinja_env.get_template(f"producers/letters/note.{ending}").render(**values)
            for ending in ("txt", "html")
        )
    mail.post(key, kind, recipient, subject, body, page, about=f"user:{about}" if about is not None else None)


def _tell(user_id: int, key: str, kind: str, words: Any, path: str) -> None:
    """Post a letter to a user, if he can be reached by one."""
    reader = accounts.contact(user_id)
    if reader is not None and reader.email is not None:
        _post(f"{key}:{user_id}", kind, reader.email, reader.locale, words, path, name=reader.name, about=user_id)


def _tell_all(producer_id: int, key: str, kind: str, words: Any, path: str, role: Role | None = None) -> None:
    readers = {holder.user_id for holder in accounts.holders(f"producer:{producer_id}", role)}
    for user_id in sorted(readers):
        _tell(user_id, key, kind, words, path)


@on(ApplicationMoved)
def application_moved(fact: ApplicationMoved) -> None:
    """Tell the applicant where his application stands."""
    row, step = session().get(Application, fact.application_id), session().get(Step, fact.step_id)
    if row is None or step is None:
        return

    def words() -> tuple[str, Sequence[str], str]:
        ref, name = row.reference, row.name or ""
        if row.state is ApplicationState.SUBMITTED:
            return (
                gettext("Chợ Bến đã nhận đơn xin bán hàng %(ref)s", ref=ref),
                [
                    gettext(
                        "Chúng tôi đang xem đơn của “%(name)s” và giấy tờ kèm theo; có kết quả sẽ viết cho bạn.",
                        name=name,
                    )
                ],
                gettext("Xem đơn"),
            )
        if row.state is ApplicationState.RETURNED:
            return (
                gettext("Đơn %(ref)s cần bổ sung", ref=ref),
                [
                    gettext("Để chấp thuận “%(name)s”, chúng tôi cần bạn bổ sung hoặc sửa:", name=name),
                    step.reason or "",
                    gettext("Những gì bạn đã ghi còn nguyên; sửa xong hãy gửi lại."),
                ],
                gettext("Sửa đơn"),
            )
        if row.state is ApplicationState.APPROVED:
            return (
                gettext("“%(name)s” đã được chấp thuận bán hàng", name=name),
                [
                    gettext(
                        "Bạn là chủ cơ sở trên Chợ Bến: đăng sản phẩm, mời thành viên và xem tiền của mình ở cổng nhà sản xuất."
                    ),
                    ""
                    if queries.identity_checks(row.id)
                    else gettext("Trước lần bán đầu tiên, cửa hàng còn phải gặp người đại diện để xác minh danh tính."),
                ],
                gettext("Vào cổng nhà sản xuất"),
            )
        return (
            gettext("Đơn %(ref)s chưa được chấp thuận", ref=ref),
            [gettext("Rất tiếc, chúng tôi chưa thể nhận “%(name)s” vì:", name=name), step.reason or ""],
            gettext("Xem đơn"),
        )

    path = "/producer" if row.state is ApplicationState.APPROVED else "/producer/join"
    _tell(row.user_id, f"producers.application:{step.id}", "producers.application", words, path)


@on(PaperMoved)
def paper_moved(fact: PaperMoved) -> None:
    """Tell the members of a producer what the office says of a paper; applicants hear it with their application."""
    paper, step = session().get(Paper, fact.paper_id), session().get(Step, fact.step_id)
    if paper is None or step is None or paper.producer_id is None:
        return

    def words() -> tuple[str, Sequence[str], str]:
        kind, number = gettext(PAPER_KIND_NAMES[paper.kind]), paper.number
        if paper.state is PaperState.ACCEPTED:
            subject = gettext("%(kind)s số %(number)s đã được nhận", kind=kind, number=number)
        elif paper.state is PaperState.REVOKED:
            subject = gettext("%(kind)s số %(number)s không còn được tính", kind=kind, number=number)
        else:
            subject = gettext("%(kind)s số %(number)s không được nhận", kind=kind, number=number)
        return subject, [step.reason or ""], gettext("Xem giấy tờ")

    _tell_all(paper.producer_id, f"producers.paper:{step.id}", "producers.paper", words, "/producer/papers")


def paper_ends(row: queries.PaperRow, mark: int) -> None:
    """Announce that a paper ends (`mark` days ahead, 0: it has ended). In the open transaction; once for each mark."""
    until: date | None = row.expires_on
    if row.producer_id is None or until is None:
        return

    def words() -> tuple[str, Sequence[str], str]:
        kind, number = gettext(PAPER_KIND_NAMES[row.kind]), row.number
        if mark == 0:
            subject = gettext("%(kind)s số %(number)s đã hết hạn", kind=kind, number=number)
        else:
            subject = gettext(
                "%(kind)s số %(number)s hết hạn ngày %(day)s", kind=kind, number=number, day=dates.day(until)
            )
        line = gettext("Hãy gửi bản mới ở mục Giấy tờ. Hàng dựa vào giấy này có thể tạm ngừng bán khi giấy hết hạn.")
        return subject, [row.producer or "", line], gettext("Gửi bản mới")

    key = f"producers.paper-ends:{row.reference}:{mark}"
    _tell_all(row.producer_id, key, "producers.paper-ends", words, "/producer/papers")


@on(ChangeMoved)
def change_moved(fact: ChangeMoved) -> None:
    """Tell every owner when another account is asked for and what came of it; of other facts, what came of it."""
    row, step = session().get(Change, fact.change_id), session().get(Step, fact.step_id)
    producer = session().get(Producer, row.producer_id) if row is not None else None
    if row is None or step is None or producer is None or row.state is ChangeState.CHECKED:
        return
    bank = row.kind is ChangeKind.BANK
    if not bank and row.state in (ChangeState.ASKED, ChangeState.WITHDRAWN):
        return
    name = producer.name

    def words() -> tuple[str, Sequence[str], str]:
        ends = str(row.after.get("account_number", ""))[-4:]
        if row.state is ChangeState.ASKED:
            return (
                gettext("Có đề nghị đổi tài khoản nhận tiền của “%(name)s”", name=name),
                [
                    gettext(
                        "%(who)s đề nghị trả tiền vào tài khoản kết thúc bằng %(ends)s.", who=row.asked_label, ends=ends
                    ),
                    gettext("Nếu không phải người của cơ sở làm, hãy rút đề nghị ấy và gọi ngay cho cửa hàng."),
                ],
                gettext("Xem hồ sơ cơ sở"),
            )
        if row.state is ChangeState.APPROVED:
            subject = (
                gettext("Tài khoản nhận tiền của “%(name)s” đã đổi", name=name)
                if bank
                else gettext("Thông tin của “%(name)s” đã đổi như đề nghị", name=name)
            )
            lines = [gettext("Từ nay tiền vào tài khoản kết thúc bằng %(ends)s.", ends=ends) if bank else ""]
        elif row.state is ChangeState.REFUSED:
            subject = gettext("Đề nghị thay đổi của “%(name)s” không được chấp thuận", name=name)
            lines = [step.reason or ""]
        else:
            subject, lines = gettext("Đề nghị đổi tài khoản của “%(name)s” đã được rút", name=name), []
        return subject, lines, gettext("Xem hồ sơ cơ sở")

    _tell_all(
        producer.id, f"producers.change:{step.id}", "producers.change", words, "/producer/profile", Role.PRODUCER_OWNER
    )


@on(MemberInvited)
def member_invited(fact: MemberInvited) -> None:
    """Send the link to an e-mail address; to a phone number the owner passes it on himself."""
    row = session().get(Invitation, fact.invitation_id)
    producer = session().get(Producer, row.producer_id) if row is not None else None
    if row is None or producer is None or row.email is None:
        return
    name = producer.name

    def words() -> tuple[str, Sequence[str], str]:
        return (
            gettext("Mời bạn làm thành viên của “%(name)s” trên Chợ Bến", name=name),
            [
                gettext("%(who)s mời bạn với vai trò: %(role)s.", who=row.invited_label, role=gettext(ROLE_NAMES[row.role])),
                gettext("Đường dẫn dùng một lần, đến hết ngày %(day)s. Chưa có tài khoản thì đăng ký trước, rồi nhận lời mời.",
                        day=dates.day(row.expires_at)),
            ],
            gettext("Nhận lời mời"),
        )  # fmt: skip

    key = f"producers.invite:{row.reference}"
    _post(key, "producers.invite", row.email, "vi", words, queries.link(row.reference))


@on(MemberJoined)
def member_joined(fact: MemberJoined) -> None:
    """Tell the owners who has come."""
    row = session().get(Invitation, fact.invitation_id)
    producer = session().get(Producer, row.producer_id) if row is not None else None
    person = accounts.contact(row.accepted_by) if row is not None and row.accepted_by is not None else None
    if row is None or producer is None or person is None:
        return

    def words() -> tuple[str, Sequence[str], str]:
        return (
            gettext("%(who)s đã là thành viên của “%(name)s”", who=person.name, name=producer.name),
            [
                gettext("Vai trò: %(role)s.", role=gettext(ROLE_NAMES[row.role])),
                gettext("Nếu không phải người bạn mời, hãy bỏ thành viên ấy ngay."),
            ],
            gettext("Xem thành viên"),
        )

    key = f"producers.joined:{row.reference}"
    _tell_all(producer.id, key, "producers.joined", words, "/producer/members", Role.PRODUCER_OWNER)
