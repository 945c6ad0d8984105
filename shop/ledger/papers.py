"""The report of a day, for the page, on paper and as a spreadsheet: one set of figures for all three."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext

from shop.kernel import clock, papers, web
from shop.kernel.dates import day, instant
from shop.kernel.errors import N_, NotFound
from shop.kernel.money import vnd
from shop.kernel.tables import Cover
from shop.ledger import names, queries
from shop.ledger.chart import ACCOUNTS
from shop.ledger.models import Closing
from shop.ledger.queries import Balance

PAPER = "ledger/papers/day.typ"
_HEAD = (N_("Mã"), N_("Tài khoản"), N_("Đầu kỳ"), N_("Bên nợ"), N_("Bên có"), N_("Cuối kỳ"))


@dataclass(frozen=True, slots=True)
class Report:
    """A day of a channel: frozen if it is closed, else as it is now. `past` are earlier closings that were opened again."""

    channel: str
    name: str
    on: date
    rows: list[Balance]
    kinds: list[tuple[str, int, int]]
    digest: str
    closing: Closing | None
    past: list[Closing]


def report(channel: str, on: date) -> Report:
    """The report of a day.

    Raises:
        NotFound: nothing was ever posted to the channel.
    """
    if not queries.has_channel(channel):
        raise NotFound
    every = queries.closings(channel, on)
    live = every[0] if every and every[0].reopened_at is None else None
    told = live.figures if live else queries.figures(channel, on)
    rows = [
        Balance(ACCOUNTS[code], opening, debit, credit) for code, opening, debit, credit, _closing in told["accounts"]
    ]
    kinds = [(kind, n, amount) for kind, n, amount in told["kinds"]]
    name = names.of([channel])[channel].label
    return Report(channel, name, on, rows, kinds, queries.digest(told), live, [c for c in every if c is not live])


def totals(rows: Sequence[Balance]) -> tuple[int, int, int, int]:
    """Opening, debit, credit and closing of all rows: the first and the last are nothing, the others are equal."""
    return (
        sum(r.opening for r in rows), sum(r.debit for r in rows), sum(r.credit for r in rows), sum(r.closing for r in rows),
    )  # fmt: skip


def balance_head() -> list[str]:
    """The columns of a balance."""
    return [gettext(label) for label in _HEAD]


def balance_lines(rows: Sequence[Balance]) -> Iterator[list[Any]]:
    """The lines of a balance, and their sums."""
    for r in rows:
        yield [r.account.code, gettext(r.account.name), r.opening, r.debit, r.credit, r.closing]
    yield ["", gettext("Cộng"), *totals(rows)]


def day_lines(found: Report) -> Iterator[list[Any]]:
    """The lines of a day's report."""
    return balance_lines(found.rows)


def facts(found: Report) -> list[tuple[str, str]]:
    """What stands at the head of the report."""
    rows = [(gettext("Kênh"), found.name), (gettext("Ngày"), day(found.on))]
    if found.closing is not None:
        rows.append((gettext("Khóa sổ"), f"{found.closing.closed_label}, {instant(found.closing.closed_at)}"))
        if found.closing.note:
            rows.append((gettext("Ghi chú"), found.closing.note))
    else:
        rows.append((gettext("Khóa sổ"), gettext("Chưa khóa, số liệu còn thay đổi")))
    return rows


def cover(found: Report) -> Cover:
    """The first sheet of the spreadsheet."""
    kinds = [(gettext(queries.KIND_NAMES.get(kind, kind)), amount) for kind, _n, amount in found.kinds]
    return Cover(
        gettext("Báo cáo ngày"), [*facts(found), *kinds, (gettext("Dấu niêm"), found.digest)], gettext("Tài khoản")
    )


def day_pdf(found: Report) -> bytes:
    """The report on A4."""
    data = {
        "lang": web.language(),
        "shop": gettext("Chợ Bến"),
        "owner": gettext("Chợ Bến"),
        "owner_line": "",
        "printed": gettext("In lúc %(at)s", at=instant(clock.now())),
        "demo": gettext("Số liệu minh họa"),
        "sub": found.name,
        "facts": [list(f) for f in facts(found)],
        "kinds": [[gettext(queries.KIND_NAMES.get(k, k)), str(n), vnd(amount)] for k, n, amount in found.kinds],
        "rows": [[str(x) if i < 2 else vnd(x) for i, x in enumerate(line)] for line in balance_lines(found.rows)],
        "seal": found.digest if found.closing else "",
        "t": {
            "title": gettext("Báo cáo ngày"),
            "page": gettext("Trang"),
            "head": balance_head(),
            "kinds": gettext("Việc trong ngày"),
            "kinds_head": [gettext("Loại việc"), gettext("Số bút toán"), gettext("Số tiền")],
            "accounts": gettext("Tài khoản"),
            "seal": gettext("Dấu niêm"),
            "keeper": gettext("Người khóa sổ"),
            "chief": gettext("Người soát lại"),
            "sign": gettext("(ký, ghi rõ họ tên)"),
        },
    }
    return papers.pdf(PAPER, data, title=gettext("Báo cáo ngày"))
