"""Letters about monthly reports: before the due day and after it, and when the province has returned or locked one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from flask import current_app
from flask_babel import force_locale, gettext

from shop.accounts import queries as accounts
from shop.accounts.permissions import Role
from shop.kernel import clock, dates, mail
from shop.kernel.db import session, transaction
from shop.kernel.events import on_later
from shop.reports import rules
from shop.reports.events import ReportMoved
from shop.reports.models import MonthlyReport, ReportState, ReportStep
from shop.reports.queries import monthly
from shop.reports.queries.monthly import Line

Words = Callable[[], tuple[str, Sequence[str]]]


def _tell(code: str, path: str, key: str, words: Words) -> int:
    """Post a letter to every officer of a locality who has an address of his own; return how many."""
    readers = [c for c in accounts.holders(f"locality:{code}", Role.LOCALITY_OFFICER) if c.email and c.email_confirmed]
    for reader in readers:
        base = current_app.extensions["shop_config"].base_url + ("/en" if reader.locale == "en" else "")
        with force_locale(reader.locale):
            subject, lines = words()
            values = {
                "lang": reader.locale, "shop_url": base + "/", "subject": subject, "lines": [x for x in lines if x],
                "name": reader.name, "button_url": base + path, "button_text": gettext("Mở báo cáo"),
                "why": gettext("Bạn nhận thư này vì lo báo cáo tháng của địa phương."),
            }  # fmt: skip
            body, page = (
                current_app.jinja_env.get_template(f"producers/letters/note.{ending}").render(**values)
                for ending in ("txt", "html")
            )
        about = f"user:{reader.user_id}"
        with transaction():
            mail.post(f"{key}:{about}", "reports", reader.email or "", subject, body, page, about=about)
    return len(readers)


def _path(line: Line, month: str) -> str:
    return f"/office/reports/{month}/{line.locality.code}"


def remind() -> int:
    """Tell who has not handed in last month's report: some days before its due day, and on the day after. Once each."""
    month, today = rules.latest(), clock.today()
    spelt, told = rules.spelt(month), 0
    for line in monthly.lines(month, frozenset({"*"})):
        if line.handed_in or (line.report is not None and line.report.state is ReportState.CORRECTING):
            continue
        soon = line.due_on - timedelta(days=int(rules.REMIND_DAYS.get()))
        late = today > line.due_on
        if not late and today < soon:
            continue

        def words(line: Line = line, late: bool = late) -> tuple[str, Sequence[str]]:
            of = dates.month(month)
            if late:
                return gettext("Báo cáo tháng %(month)s đã quá hạn", month=of), [
                    gettext("Báo cáo của %(name)s lẽ ra nộp trước hết ngày %(day)s.", name=line.locality.name,
                            day=dates.day(line.due_on)),
                    gettext("Số liệu hệ thống biết đã điền sẵn; bạn chỉ cần xem lại, ghi việc đã làm và vướng mắc rồi nộp."),
                ]  # fmt: skip
            return gettext("Sắp đến hạn báo cáo tháng %(month)s", month=of), [
                gettext("Báo cáo của %(name)s cần nộp trước hết ngày %(day)s.", name=line.locality.name,
                        day=dates.day(line.due_on)),
                gettext("Số liệu hệ thống biết đã điền sẵn; bạn chỉ cần xem lại, ghi việc đã làm và vướng mắc rồi nộp."),
            ]  # fmt: skip

        key = f"reports:{'late' if late else 'soon'}:{spelt}:{line.locality.code}"
        told += _tell(line.locality.code, _path(line, spelt), key, words)
    return told


@on_later(ReportMoved, name="reports.moved")
def moved(fact: ReportMoved) -> None:
    """Tell the locality that its report was returned or locked."""
    row, step = session().get(MonthlyReport, fact.report_id), session().get(ReportStep, fact.step_id)
    if row is None or step is None or step.to_state not in (ReportState.RETURNED, ReportState.LOCKED):
        return

    def words() -> tuple[str, Sequence[str]]:
        of = dates.month(row.month)
        if step.to_state == ReportState.RETURNED:
            return gettext("Tỉnh trả lại báo cáo tháng %(month)s", month=of), [
                gettext("Tỉnh đề nghị %(name)s sửa:", name=row.locality_name), step.reason or "",
                gettext("Những gì bạn đã ghi còn nguyên; sửa xong hãy nộp lại."),
            ]  # fmt: skip
        return gettext("Báo cáo tháng %(month)s đã được chốt", month=of), [
            gettext("Bản %(n)s của %(name)s đã được tỉnh chốt.", n=step.version, name=row.locality_name)
        ]

    path = f"/office/reports/{rules.spelt(row.month)}/{row.locality_code}"
    _tell(row.locality_code, path, f"reports:{step.to_state}:{step.id}", words)
