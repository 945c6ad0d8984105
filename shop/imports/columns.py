"""The columns of a producer's table: our own words for them, what people call them, and the guess which is which."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from flask_babel import gettext
from rapidfuzz import fuzz, process

from shop.kernel import text
from shop.kernel.errors import N_


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its head in our own template (Vietnamese, always), other names for it, what may stand in it."""

    key: str
    head: str
    also: tuple[str, ...]
    help: str
    width: int = 14


COLUMNS = (
    Column(
        "sku",
        N_("Mã hàng"),
        (
            "mã",
            "mã sp",
            "mã sản phẩm",
            "sku",
            "mã sku",
            "code",
            "item code",
            "product code",
            "ký hiệu",
            "mã vật tư",
            "mã hh",
            "mã hàng hóa",
        ),
        N_("Bắt buộc. Mỗi quy cách một mã: chữ cái không dấu, chữ số, dấu chấm, gạch. Ví dụ CM-500."),
        16,
    ),
    Column(
        "name",
        N_("Tên sản phẩm"),
        (
            "tên",
            "tên hàng",
            "tên sp",
            "tên hàng hóa",
            "sản phẩm",
            "hàng hóa",
            "mặt hàng",
            "tên mặt hàng",
            "tên gọi",
            "product",
            "product name",
            "item",
            "diễn giải",
        ),
        N_("Sản phẩm mới phải có tên. Các quy cách của một sản phẩm ghi cùng một tên."),
        34,
    ),
    Column(
        "set",
        N_("Bộ sản phẩm"),
        (
            "bộ",
            "ngành hàng",
            "phân loại",
            "loại sản phẩm",
            "nhóm sản phẩm",
            "nhóm",
            "danh mục",
            "category",
            "group",
            "product group",
            "product set",
            "set",
            "bộ sp",
        ),
        N_("Số của bộ sản phẩm OCOP (xem tờ Danh mục). Sản phẩm mới phải có."),
        14,
    ),
    Column(
        "pack",
        N_("Quy cách"),
        (
            "quy cách đóng gói",
            "đóng gói",
            "bao gói",
            "kiểu đóng gói",
            "loại",
            "pack",
            "packing",
            "size",
            "phân loại hàng",
            "đvt",
            "đơn vị tính",
        ),
        N_("Tên quy cách như khách đọc: Hộp 500 g. Quy cách mới phải có."),
        18,
    ),
    Column(
        "net_content",
        N_("Khối lượng tịnh / thể tích"),
        (
            "khối lượng tịnh",
            "khối lượng",
            "thể tích",
            "trọng lượng tịnh",
            "trọng lượng",
            "dung tích",
            "định lượng",
            "net weight",
            "net content",
            "weight",
            "kl",
            "tl",
            "khối lượng thể tích",
            "hàm lượng",
        ),
        N_("500 g, 0,5 kg, 1,5 lít, 500ml x 6; hoặc chỉ số, với đơn vị ở cột sau."),
        16,
    ),
    Column(
        "net_unit",
        N_("Đơn vị"),
        ("đơn vị đo", "đơn vị khối lượng", "unit", "uom", "dv"),
        N_("g, kg, ml, lít hoặc cái."),
        9,
    ),
    Column(
        "weight_g",
        N_("Khối lượng gửi (g)"),
        (
            "khối lượng cả bao bì",
            "khối lượng gửi",
            "cân nặng gửi",
            "trọng lượng cả bì",
            "cả bao bì",
            "gross weight",
            "khối lượng cả bì",
            "cân nặng cả hộp",
            "cân nặng",
        ),
        N_("Cân nặng cả bao bì, để tính cước: 580 hoặc 0,58 kg."),
        14,
    ),
    Column("length_mm", N_("Dài (mm)"), ("dài", "chiều dài", "length"), N_("Kích thước kiện: 200 hoặc 20 cm."), 9),
    Column("width_mm", N_("Rộng (mm)"), ("rộng", "chiều rộng", "width"), N_("Kích thước kiện: 200 hoặc 20 cm."), 9),
    Column("height_mm", N_("Cao (mm)"), ("cao", "chiều cao", "height"), N_("Kích thước kiện: 200 hoặc 20 cm."), 9),
    Column(
        "price",
        N_("Giá bán (₫)"),
        (
            "giá",
            "giá bán",
            "đơn giá",
            "giá lẻ",
            "giá bán lẻ",
            "giá niêm yết",
            "giá thành",
            "price",
            "unit price",
            "giá tiền",
            "gia ban le",
        ),
        N_("Số đồng, đã có thuế: 120.000, 120k, 1,2 triệu. Không ghi khoảng giá."),
        13,
    ),
    Column(
        "compare_price",
        N_("Giá trước (₫)"),
        ("giá trước", "giá gốc", "giá cũ", "giá thị trường", "old price", "giá chưa giảm"),
        N_("Giá cũ để gạch ngang, nếu có; phải cao hơn giá bán."),
        13,
    ),
    Column(
        "price_from",
        N_("Áp dụng giá từ ngày"),
        ("áp dụng từ", "giá từ ngày", "ngày áp dụng", "hiệu lực từ", "ngày hiệu lực", "valid from", "từ ngày"),
        N_("Để trống: từ lúc nhập. Ngày sau hôm nay: giá tự đổi vào ngày đó. 31/12/2026."),
        15,
    ),
    Column(
        "pack_state",
        N_("Còn bán"),
        ("đang bán", "còn kinh doanh", "bán hay không", "tình trạng", "tình trạng bán", "on sale"),
        N_("có hoặc không. Để trống: có."),
        9,
    ),
    Column(
        "state",
        N_("Trạng thái"),
        ("trạng thái hiển thị", "hiển thị", "status"),
        N_("Bản nháp, hiện hoặc ẩn. Sản phẩm mới là bản nháp."),
        12,
    ),
    Column(
        "shelf_life_days",
        N_("Hạn dùng (ngày)"),
        ("hạn dùng", "hạn sử dụng", "hsd", "thời hạn sử dụng", "hạn bảo quản", "shelf life", "số ngày sử dụng"),
        N_("Số ngày; hoặc 3 tháng, 1 năm."),
        11,
    ),
    Column(
        "cold",
        N_("Nhiệt độ giữ hàng"),
        ("nhiệt độ", "nhiệt độ bảo quản", "giữ lạnh", "điều kiện nhiệt", "cold chain"),
        N_("thường, mát hoặc đông."),
        12,
    ),
    Column(
        "storage_note",
        N_("Bảo quản"),
        ("cách bảo quản", "hướng dẫn bảo quản", "điều kiện bảo quản", "storage"),
        N_("Một câu hướng dẫn khách giữ hàng."),
        24,
    ),
    Column(
        "summary",
        N_("Tóm tắt"),
        ("mô tả ngắn", "mô tả", "giới thiệu ngắn", "description", "ghi chú sản phẩm"),
        N_("Một câu giới thiệu."),
        30,
    ),
    Column(
        "story",
        N_("Câu chuyện"),
        ("câu chuyện sản phẩm", "giới thiệu", "mô tả chi tiết", "bài viết", "story"),
        N_("Chuyện của sản phẩm, vài đoạn."),
        30,
    ),
    Column(
        "ingredients",
        N_("Thành phần"),
        ("nguyên liệu", "thành phần nguyên liệu", "ingredients"),
        N_("Như trên nhãn."),
        24,
    ),
    Column(
        "allergens",
        N_("Chất gây dị ứng"),
        ("dị ứng", "cảnh báo dị ứng", "allergens", "thông tin dị ứng"),
        N_("Cách nhau bằng dấu phẩy: cá, trứng, đậu nành… (xem tờ Danh mục)."),
        20,
    ),
    Column(
        "months",
        N_("Mùa vụ"),
        ("tháng", "mùa", "thời vụ", "tháng có hàng", "season"),
        N_("Tháng có hàng: 7-9, 12; hoặc quanh năm."),
        12,
    ),
    Column("alcohol", N_("Có cồn"), ("đồ uống có cồn", "rượu bia"), N_("có hoặc không."), 9),
    Column(
        "alcohol_percent",
        N_("Độ cồn (% vol)"),
        ("độ cồn", "nồng độ cồn", "độ rượu", "alcohol", "abv"),
        N_("29 hoặc 29,5%."),
        10,
    ),
    Column(
        "gtin",
        N_("Mã vạch"),
        ("barcode", "gtin", "ean", "mã vạch gtin", "mã số mã vạch", "upc"),
        N_("8, 12, 13 hoặc 14 chữ số."),
        16,
    ),
    Column(
        "order_limit",
        N_("Mỗi đơn nhiều nhất"),
        ("giới hạn mua", "tối đa mỗi đơn", "số lượng tối đa", "order limit"),
        N_("Số lượng nhiều nhất trong một đơn, nếu hạn chế."),
        12,
    ),
    Column("name_en", N_("Tên tiếng Anh"), ("english name", "tên nước ngoài", "tên anh"), N_("Nếu có."), 24),
    Column("pack_en", N_("Quy cách tiếng Anh"), ("english pack",), N_("Nếu có."), 18),
    Column("story_en", N_("Câu chuyện tiếng Anh"), ("english story",), N_("Nếu có."), 24),
    Column(
        "slug",
        N_("Địa chỉ trang"),
        ("slug", "đường dẫn", "link", "url"),
        N_("Có sẵn trong tệp xuất; để phân biệt hai sản phẩm cùng tên. Không sửa."),
        20,
    ),
)
# The lines of our own form that show how to write; as they stand they are nobody's goods.
EXAMPLES: Sequence[dict[str, Any]] = (
    {
        "sku": "CM-500", "name": "Chả mực giã tay", "set": "8", "pack": "Hộp 500 g", "net_content": "500 g", "weight_g": 580,
        "price": 185_000, "shelf_life_days": 90, "cold": "đông", "allergens": "Giáp xác, Cá", "months": "quanh năm",
        "summary": "Mực mai giã tay, chiên là dậy mùi.", "pack_state": "có",
    },
    {
        "sku": "CM-1K", "name": "Chả mực giã tay", "pack": "Hộp 1 kg", "net_content": "1 kg", "weight_g": 1100,
        "price": 350_000,
        "pack_state": "có",
    },
    {
        "sku": "NM-6", "name": "Nước mắm cốt", "set": "8", "pack": "Lốc 6 chai", "net_content": "500ml x 6", "weight_g": 4200,
        "price": "540k", "price_from": "31/12/2026", "shelf_life_days": "2 năm", "cold": "thường",
    },
)  # fmt: skip
_SHOWN = ("sku", "name", "pack", "net_content", "price")


def is_example(cells: Mapping[str, str]) -> bool:
    """Whether a line is an example of our form that nobody has rewritten."""
    return cells.get("sku", "") in _EXAMPLE_SKUS and any(
        all(_bare(cells.get(key, "")) == _bare(str(example.get(key, ""))) for key in _SHOWN) for example in EXAMPLES
    )


_EXAMPLE_SKUS = frozenset(example["sku"] for example in EXAMPLES)


def _bare(cell: str) -> str:
    """Without the marks that a spreadsheet puts into numbers."""
    return re.sub(r"[\s.,₫]", "", cell).casefold()


# What stands behind our own columns where refused rows are sent back to their sender.
WHERE, WHY = "Dòng trong tệp", "Vì sao bị từ chối"
BY_KEY = {c.key: c for c in COLUMNS}
KEYS = tuple(c.key for c in COLUMNS)


def label(key: str) -> str:
    """A column's name in the reader's language (our own files name it in Vietnamese, always); '' for none of ours."""
    return str(gettext(BY_KEY[key].head)) if key in BY_KEY else ""


REQUIRED = ("sku",)


def _said(word: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", text.fold(word)))


_WORDS: dict[str, str] = {}
for _column in COLUMNS:
    for _name in (*_column.also, _column.key.replace("_", " "), _column.head):
        _WORDS.setdefault(_said(_name), _column.key)
for _column in COLUMNS:  # our own heads win
    _WORDS[_said(_column.head)] = _column.key

# What a head says of the numbers below it, in brackets or behind a stroke.
_NOTE = re.compile(r"[(\[/].*$")
_THOUSAND = re.compile(r"\b(nghin|ngan|1000|1 000|k)\b")
_MILLION = re.compile(r"\b(trieu|tr)\b")
_LENGTHS = {"mm": "1", "cm": "10", "m": "1000"}
_UNIT_WORDS = ("kg", "gram", "gam", "gr", "g", "ml", "lit", "l")
CLOSE_ENOUGH = 82


@lru_cache(4096)
def guess_one(word: str) -> tuple[str | None, int]:
    """The column that a head means and how sure that is, 0 to 100."""
    said = _said(word)
    if not said:
        return None, 0
    for form in (said, _said(_NOTE.sub("", word))):
        if form in _WORDS:
            return _WORDS[form], 100
    form = _said(_NOTE.sub("", word)) or said
    if len(form) < 3 or len(form) > 60:
        return None, 0
    found = process.extractOne(form, _WORDS.keys(), scorer=fuzz.token_sort_ratio, score_cutoff=CLOSE_ENOUGH)
    return (_WORDS[found[0]], int(found[1]) - 1) if found else (None, 0)


def guess(head: Sequence[str], hidden: Sequence[int] = ()) -> list[str | None]:
    """The column of each head, none twice: of two that mean the same the surer one has it, the first if both are; one that is
    `hidden` from view only if no other does."""
    found = [guess_one(word) for word in head]
    taken: dict[str, int] = {}
    for n in sorted(range(len(head)), key=lambda n: (n in hidden, -found[n][1], n)):
        key = found[n][0]
        if key is not None:
            taken.setdefault(key, n)
    return [key if key is not None and taken[key] == n else None for n, (key, _sure) in enumerate(found)]


def is_own(head: Sequence[str]) -> bool:
    """Whether every head is one of our own template or export."""
    own = {c.head for c in COLUMNS} | {WHERE, WHY}
    told = [word for word in head if word]
    return len(told) >= 3 and all(word in own for word in told)


def hint_of(key: str | None, word: str) -> str:
    """What a head adds to the numbers below: a factor of amounts (`1000`), of millimetres, or a unit's word; '' for nothing."""
    said = _said(word)
    if key in {"price", "compare_price"}:
        return "1000000" if _MILLION.search(said) else "1000" if _THOUSAND.search(said) else ""
    parts = said.split()
    if key in {"net_content", "weight_g"}:
        return next((unit for unit in _UNIT_WORDS if unit in parts[1:] or parts == [unit]), "")
    if key in {"length_mm", "width_mm", "height_mm"}:
        return next((factor for unit, factor in _LENGTHS.items() if unit in parts[1:]), "")
    return ""


def signature(head: Sequence[str]) -> str:
    """What a table's head is remembered by."""
    return hashlib.sha256("\x1f".join(_said(word) for word in head).encode()).hexdigest()
