"""Papers of settlement: a statement, the order to pay of a batch with a VietQR for each payout."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext

from shop.kernel import clock, papers, web
from shop.kernel.dates import day, instant, span
from shop.kernel.money import vnd
from shop.kernel.tables import Cover
from shop.payments import vietqr
from shop.settlement import rules
from shop.settlement.models import (
    BATCH_STATE_NAMES,
    PAYOUT_STATE_NAMES,
    STATEMENT_STATE_NAMES,
    Batch,
    PayoutState,
)
from shop.settlement.queries import payouts, statements

STATEMENT, PAYOUTS = "settlement/papers/statement.typ", "settlement/papers/payouts.typ"
# A longer statement has its sums on paper and its lines in the spreadsheet.
MOST_LINES = 1_500


def _head() -> dict[str, Any]:
    return {
        "lang": web.language(),
        "shop": str(rules.PAPER_NAME.get()),
        "owner": str(rules.PAPER_NAME.get()),
        "owner_line": "",
        "printed": gettext("In lúc %(at)s", at=instant(clock.now())),
        "demo": gettext("Số liệu minh họa"),
    }


def facts(whole: statements.Whole) -> list[tuple[str, str]]:
    """What stands at the head of a statement."""
    row = whole.row
    found = [
        (gettext("Cơ sở sản xuất"), whole.producer.name),
        (gettext("Mã số thuế"), whole.producer.tax_code or "–"),
        (gettext("Kỳ"), span(row.from_on, row.to_on)),
        (gettext("Tình trạng"), gettext(STATEMENT_STATE_NAMES[row.state])),
    ]
    if row.closed_at is not None:
        found.append((gettext("Cửa hàng chốt"), f"{row.closed_label}, {instant(row.closed_at)}"))
    if row.agreed_at is not None:
        found.append((gettext("Cơ sở đồng ý"), f"{row.agreed_label}, {instant(row.agreed_at)}"))
    if row.due_on is not None:
        found.append((gettext("Hạn trả"), day(row.due_on)))
    return found


def cover(whole: statements.Whole) -> Cover:
    """The first sheet of a statement's XLSX: whose and of when it is, its sums by kind, what is due (whole đồng)."""
    row, closing = whole.row, whole.closing_amount
    withheld = [(gettext("Khấu trừ thuế"), gettext(rules.WITHHELD[row.withholding]))] if row.withholding else []
    return Cover(
        gettext("Bảng đối soát"),
        [
            (gettext("Mã bảng"), row.reference),
            *facts(whole),
            (gettext("Số dư đầu kỳ"), row.opening_amount),
            *((name, amount) for _kind, name, _n, amount in whole.groups),
            *withheld,
            (gettext("Cuối kỳ, phải trả cơ sở") if closing >= 0 else gettext("Cuối kỳ, chuyển sang kỳ sau"), closing),
            (gettext("Số dòng"), whole.lines),
        ],
        gettext("Từng dòng"),
    )


def statement_data(reference: str) -> dict[str, Any]:
    """What the statement's template is given: ready words and amounts.

    Raises:
        NotFound.
    """
    whole = statements.whole(reference)
    row = whole.row
    short = whole.lines <= MOST_LINES
    lines = statements.all_lines(row, MOST_LINES) if short else []
    closing = whole.closing_amount
    return {
        **_head(),
        "sub": row.reference,
        "is_demo": row.is_demo,
        "facts": [list(f) for f in facts(whole)],
        "sums": [
            [gettext("Số dư đầu kỳ"), vnd(row.opening_amount)],
            *([name, vnd(amount)] for _kind, name, _n, amount in whole.groups),
        ],
        "closing": [
            gettext("Cuối kỳ, phải trả cơ sở") if closing >= 0 else gettext("Cuối kỳ, chuyển sang kỳ sau"), vnd(closing)
        ],
        "totals": [
            [t.name, t.place or "–", str(t.lines), str(t.units) if t.units else "–", vnd(t.amount)] for t in whole.totals
        ],
        "lines": [
            [
                day(x.happened_on), x.name, x.label, x.reference, x.how, str(x.quantity) if x.quantity else "–", vnd(x.amount),
            ]
            for x in lines
        ],
        "short": short,
        "withholding": gettext(rules.WITHHELD[row.withholding]) if row.withholding else "",
        "seal": f"{row.seal_version}:{row.seal}" if row.seal else "",
        "t": {
            "title": gettext("Bảng đối soát"),
            "page": gettext("Trang"),
            "totals": gettext("Theo kênh và điểm bán"),
            "totals_head": [gettext("Khoản"), gettext("Nơi bán"), gettext("Số dòng"), gettext("SL"), gettext("Số tiền")],
            "lines": gettext("Từng dòng"),
            "lines_head": [
                gettext("Ngày"), gettext("Khoản"), gettext("Nội dung"), gettext("Chứng từ"), gettext("Mức, lý do"),
                gettext("SL"), gettext("Số tiền"),
            ],
            "too_long": gettext("Bảng có %(n)s dòng: xem từng dòng trong tệp XLSX.", n=whole.lines),
            "seal": gettext("Dấu niêm"),
            "shop_side": gettext("Đại diện cửa hàng"),
            "maker_side": gettext("Đại diện cơ sở"),
            "sign": gettext("(ký, ghi rõ họ tên)"),
        },
    }  # fmt: skip


def statement(reference: str) -> bytes:
    """A statement on A4.

    Raises:
        NotFound.
    """
    return papers.pdf(STATEMENT, statement_data(reference), title=gettext("Bảng đối soát"))


def payouts_data(batch: Batch) -> dict[str, Any]:
    """What the template of the order to pay is given."""
    rows = [
        r for r in payouts.of_batch(batch.id) if r.state not in (PayoutState.HELD, PayoutState.DROPPED)
    ]  # what does not go is not on the paper
    return {
        **_head(),
        "sub": batch.reference,
        "is_demo": batch.is_demo,
        "facts": [
            [gettext("Tình trạng"), gettext(BATCH_STATE_NAMES[batch.state])],
            [gettext("Người lập"), f"{batch.prepared_label}, {instant(batch.prepared_at)}"],
            [
                gettext("Người duyệt"),
                f"{batch.approved_label}, {instant(batch.approved_at)}" if batch.approved_at is not None else "–",
            ],
            [gettext("Số khoản"), str(len(rows))],
            [gettext("Tổng tiền"), vnd(sum(r.amount for r in rows))],
        ],
        "rows": [
            {
                "name": r.producer,
                "facts": [
                    [gettext("Bảng"), r.statement],
                    [gettext("Số tài khoản"), f"{r.account_number} · {r.bank}"],
                    [gettext("Chủ tài khoản"), r.holder or ""],
                    [gettext("Số tiền"), vnd(r.amount)],
                    [gettext("Nội dung"), r.memo],
                    [gettext("Tình trạng"), gettext(PAYOUT_STATE_NAMES[r.state])],
                ],
                "qr": vietqr.svg(r.qr) if r.qr else "",
            }
            for r in rows
        ],
        "t": {"title": gettext("Lệnh chi trả cơ sở"), "page": gettext("Trang")},
    }


def order_to_pay(batch: Batch) -> bytes:
    """The payouts of a batch on A4, each with its code to pay by phone once the batch is approved."""
    return papers.pdf(PAYOUTS, payouts_data(batch), title=gettext("Lệnh chi trả cơ sở"))
