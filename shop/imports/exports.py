"""Our own shape of a table of goods: the empty one with explanations, and all that a producer has, coming back unchanged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

from flask_babel import gettext
from sqlalchemy import select

from shop.catalog.models import ALLERGEN_NAMES, Product
from shop.imports import columns, planning, queries, words
from shop.kernel.db import in_batches, session
from shop.kernel.errors import N_

# Whole numbers stay numbers in a spreadsheet.
_NUMBERS = frozenset(
    {"price", "compare_price", "shelf_life_days", "weight_g", "length_mm", "width_mm", "height_mm", "order_limit"}
)
_FACT_OF = {column: fact for fact, column in words.COLUMN_OF.items()}
_OF_PACKS = frozenset(
    {
        "pack",
        "pack_en",
        "gtin",
        "net_content",
        "net_unit",
        "weight_g",
        "length_mm",
        "width_mm",
        "height_mm",
        "order_limit",
    }
)
HEAD = [c.head for c in columns.COLUMNS]
REFUSED_HEAD = [*HEAD, columns.WHERE, columns.WHY]
EXAMPLES = columns.EXAMPLES


def goods(producer_id: int) -> Iterator[list[Any]]:
    """One line for each pack of a producer, in the order of `columns.COLUMNS`."""
    sets = queries.set_numbers()
    ids = list(
        session().scalars(
            select(Product.id).where(Product.producer_id == producer_id).order_by(Product.sort_name, Product.id)
        )
    )
    for batch in in_batches(ids):
        shelf = planning.Shelf(producer_id)
        shelf.add(batch)
        slugs = {id(goods): slug for slug, goods in shelf.by_slug.items()}
        packs: dict[int, list[tuple[str, Any]]] = {}
        for sku, pack in shelf.by_sku.items():
            packs.setdefault(int(pack.goods.product_id or 0), []).append((sku, pack))
        for product_id in batch:
            for sku, pack in sorted(
                packs.get(product_id, []), key=lambda one: (one[1].facts["position"], one[1].variant_id)
            ):
                yield [_cell(c.key, sku, pack, slugs[id(pack.goods)], sets) for c in columns.COLUMNS]


def _cell(key: str, sku: str, pack: Any, slug: str, sets: dict[int, str]) -> Any:
    special = {"sku": sku, "slug": slug, "price_from": ""}
    if key in special:
        return special[key]
    if key == "price":
        return pack.amount
    if key == "compare_price":
        return pack.compare
    if key == "pack_state":
        return words.word(key, pack.state, sets)
    if key == "state":
        return words.word(key, pack.goods.state, sets)
    fact = _FACT_OF.get(key, key)
    value = pack.facts.get(key) if key in _OF_PACKS else pack.goods.facts.get(fact)
    return value if key in _NUMBERS else words.word(fact, value, sets)


def blank() -> Iterator[list[Any]]:
    """The lines of the CSV form: examples, which their sender replaces."""
    for example in EXAMPLES:
        yield [example.get(c.key, "") for c in columns.COLUMNS]


def write_form(target: IO[bytes]) -> None:
    """Write the XLSX form: an empty sheet with drop-downs, examples, what each column means, the lists."""
    import xlsxwriter

    book = xlsxwriter.Workbook(
        target, {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#E3EEF0", "border": 1})
    must = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#F6E3D5", "border": 1})
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    as_text = book.add_format({"num_format": "@"})
    form, examples = book.add_worksheet(gettext("Nhập hàng")), book.add_worksheet(gettext("Ví dụ"))
    help_sheet, lists = book.add_worksheet(gettext("Giải thích")), book.add_worksheet(gettext("Danh mục"))
    sets = queries.sets()
    for sheet in (form, examples):
        sheet.freeze_panes(1, 2)
        sheet.set_row(0, 32)
        for n, column in enumerate(columns.COLUMNS):
            needed = column.key in {"sku", "name", "set", "pack", "price"}
            sheet.set_column(n, n, column.width, as_text if column.key in {"sku", "gtin"} else None)
            sheet.write_string(0, n, column.head, must if needed else bold)
    choices = {
        "net_unit": ["g", "kg", "ml", "lít", "cái"],
        "cold": list(words.COLD.values()),
        "state": list(words.STATES.values()),
        "pack_state": [words.YES, words.NO],
        "alcohol": [words.YES, words.NO],
    }
    place = gettext("Danh mục").replace("'", "''")
    for n, column in enumerate(columns.COLUMNS):
        rule: dict[str, Any] | None = None
        if column.key in choices:
            rule = {"validate": "list", "source": choices[column.key]}
        elif column.key == "set" and sets:
            rule = {"validate": "list", "source": f"='{place}'!$A$2:$A${len(sets) + 1}"}
        if rule is not None:
            # What is not in the list is warned of, not refused: the import reads more ways of writing.
            form.data_validation(
                1, n, 5000, n, rule | {"error_type": "warning", "input_message": gettext(column.help)[:250]}
            )
    for r, example in enumerate(EXAMPLES, 1):
        for n, column in enumerate(columns.COLUMNS):
            value = example.get(column.key)
            if isinstance(value, int):
                examples.write_number(r, n, value)
            elif value:
                examples.write_string(r, n, str(value))
    help_sheet.set_column(0, 0, 28)
    help_sheet.set_column(1, 1, 90, wrap)
    help_sheet.write_row(0, 0, [gettext("Cột"), gettext("Ghi gì")], bold)
    for r, column in enumerate(columns.COLUMNS, 1):
        help_sheet.write_string(r, 0, column.head)
        help_sheet.write_string(r, 1, gettext(column.help).replace("%%", "%"))
    notes = (
        N_(
            "Mỗi dòng là một quy cách. Ô để trống nghĩa là giữ nguyên; một dấu gạch ngang (-) nghĩa là bỏ nội dung đang có."
        ),
        N_("Hàng không có trong tệp không bị đụng tới. Trước khi ghi luôn có bước kiểm tra từng dòng."),
    )
    for r, note in enumerate(notes, len(columns.COLUMNS) + 2):
        help_sheet.write_string(r, 1, gettext(note), wrap)
    lists.set_column(0, 0, 60)
    lists.set_column(1, 1, 40)
    lists.write_row(0, 0, [gettext("Bộ sản phẩm"), gettext("Chất gây dị ứng")], bold)
    for r, (number, name) in enumerate(sets, 1):
        lists.write_string(r, 0, f"{number}. {name}")
    for r, label in enumerate(ALLERGEN_NAMES.values(), 1):
        lists.write_string(r, 1, gettext(label).split(" (", maxsplit=1)[0])
    form.activate()
    book.close()


def refused(row: Any) -> Iterator[list[Any]]:
    """The refused rows as they were sent or corrected, in our own shape, the reason in the last column."""
    for number, cells, why in queries.all_refused(row.id):
        yield [*(cells.get(c.key, "") for c in columns.COLUMNS), number, why]
