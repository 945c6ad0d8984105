"""Rules of settlement that staff may change, and the dated table of who is withheld from."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from shop.kernel import settings
from shop.kernel.errors import N_
from shop.settlement.models import ROLE_NAMES, LegalRole, TaxKind

ROLE = settings.define(
    "settlement.role", LegalRole.DIRECT.value, N_("Vai trò pháp lý của cửa hàng"),
    hint=N_("Quyết định có khấu trừ thuế của hộ, cá nhân hay không. Mọi hệ quả: docs/legal-role.md. Hãy hỏi Sở Công Thương."),
    choices={role.value: label for role, label in ROLE_NAMES.items()},
)  # fmt: skip
ANSWER_DAYS = settings.define(
    "settlement.answer_days", 7, N_("Số ngày cơ sở có để xem bảng đối soát"), low=1, high=90,
    hint=N_("Quá hạn mà không có ý kiến thì coi như đồng ý."),
)  # fmt: skip
CORRECTION_LIMIT = settings.define(
    "settlement.correction_limit", 500_000, N_("Điều chỉnh trên mức này cần người thứ hai duyệt (₫)"), low=0,
    high=1_000_000_000,
)  # fmt: skip
ACCOUNT_DAYS = settings.define(
    "settlement.account_days", 3, N_("Số ngày giữ chi trả sau khi cơ sở đổi tài khoản ngân hàng"), low=0, high=60,
)  # fmt: skip

PAPER_NAME = settings.define(
    "settlement.paper_name", "Chợ Bến", N_("Tên bên cửa hàng trên bảng đối soát và lệnh chi"), low=2, high=120,
)  # fmt: skip

# Why a statement has, or has not, tax withheld.
WITHHELD = {
    "withheld": N_("Đã khấu trừ thuế theo thuế suất do cửa hàng nhập vào bảng thuế suất."),
    "direct": N_("Không khấu trừ: cửa hàng là nền tảng kinh doanh trực tiếp."),
    "organisation": N_("Không khấu trừ: cơ sở là tổ chức, tự kê khai thuế."),
    "below": N_("Không khấu trừ: cơ sở khai doanh thu dưới ngưỡng chịu thuế."),
    "unknown": N_("Không khấu trừ: cơ sở chưa khai tình trạng chịu thuế."),
    "no_rates": N_("Không khấu trừ: bảng thuế suất chưa có thuế suất nào cho loại người bán này trong kỳ."),
}

TABLE = Path(__file__).parent / "data" / "withholding.csv"


@dataclass(frozen=True, slots=True)
class Subject:
    """Whether the law has a kind of seller withheld from, from when, and where that stands. Empty days are not known."""

    tax_kind: TaxKind
    withheld: bool
    vat_bp: int | None
    income_bp: int | None
    valid_from: date | None
    valid_to: date | None
    source: str


@lru_cache(maxsize=1)
def subjects() -> tuple[Subject, ...]:
    """The table of the law as the file has it."""

    def day(raw: str) -> date | None:
        return date.fromisoformat(raw) if raw else None

    with TABLE.open(encoding="utf-8", newline="") as stream:
        return tuple(
            Subject(
                TaxKind(row["tax_kind"]),
                row["withheld"] == "yes",
                int(row["vat_bp"]) if row["vat_bp"] else None,
                int(row["income_bp"]) if row["income_bp"] else None,
                day(row["valid_from"]),
                day(row["valid_to"]),
                row["source"],
            )
            for row in csv.DictReader(stream)
        )


def subject(tax_kind: TaxKind, on: date) -> Subject | None:
    """What the file says of that kind of seller on a day."""
    for row in subjects():
        if row.tax_kind is tax_kind and (row.valid_from is None or row.valid_from <= on) and (
            row.valid_to is None or on < row.valid_to
        ):  # fmt: skip
            return row
    return None
