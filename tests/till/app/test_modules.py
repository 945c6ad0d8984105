"""The app's own arithmetic, run in the browser that will run it: VietQR, QR codes, shares of money, search."""

from __future__ import annotations

import re
from typing import Any

import pytest
import zxingcpp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from shop.kernel import money
from shop.payments import vietqr
from shop.till.words import WORDS
from tests.house import source

pytestmark = pytest.mark.one_database

BANK = {"bin": "970436", "account": "9889559357"}
SEARCH_MS = 50


@pytest.fixture
def run_js(open_page: Any) -> Any:
    """`run_js("qr.js", "m.encode(a)", value)`: an expression with a module `m` and an argument `a`."""
    page = open_page()
    page.goto("/till")
    page.wait_for_selector("html[data-ready]")
    base = page.evaluate("document.documentElement.dataset.static")

    def go(module: str, expression: str, argument: Any = None) -> Any:
        return page.evaluate(
            f"async (a) => {{ const m = await import('{base}js/till/{module}'); return {expression}; }}", argument
        )

    return go


def read(rows: list[list[bool]]) -> str:
    """The text of a code drawn four pixels to the module, with its quiet zone."""
    side = len(rows) + 8
    picture = Image.new("1", (side, side), 1)
    for r, row in enumerate(rows):
        for c, dark in enumerate(row):
            picture.putpixel((c + 4, r + 4), int(not dark))
    found = zxingcpp.read_barcodes(picture.resize((side * 4, side * 4)).convert("L"))
    assert len(found) == 1
    return str(found[0].text)


def test_qr_codes_of_every_size_are_read_back(run_js) -> None:
    lengths = [1, 14, 15, 26, 27, 42, 43, 62, 63, 84, 85, 106, 107, 122, 123, 152, 153, 180, 181, 213]
    texts = [("A7-000123 Chợ"[: min(n, 9)] + "x9/" * 80)[:n] for n in lengths]
    made = run_js("qr.js", "a.map((text) => m.encode(text))", texts)
    assert {(len(rows) - 17) // 4 for rows in made} == set(range(1, 11))
    assert [read(rows) for rows in made] == texts
    assert read(run_js("qr.js", "m.encode(a)", "Chả mực Hạ Long, 5 sao")) == "Chả mực Hạ Long, 5 sao"
    assert run_js("qr.js", "(() => { try { m.encode(a) } catch (e) { return e.name } })()", "x" * 214) == "RangeError"


def test_vietqr_is_what_the_server_makes(run_js) -> None:
    assert run_js("vietqr.js", "m.crc(a)", "123456789") == "29B1"
    for amount, purpose in (
        (10_000, "day la noi dung chuyen khoan"),
        (1_263_500, "A7-000123"),
        (5_000, "Tiền chả mực Hạ Long"),
    ):
        made = run_js("vietqr.js", "m.payload(a.bank, a.n, a.p)", {"bank": BANK, "n": amount, "p": purpose})
        wanted = vietqr.Transfer("970436", "9889559357", amount, vietqr.plain(purpose))
        assert made == vietqr.payload(wanted)
        assert read(run_js("qr.js", "m.encode(a)", made)) == made
    # The check sum of a sample published with the format.
    sample = {"bank": BANK, "n": 10_000, "p": "day la noi dung chuyen khoan"}
    assert run_js("vietqr.js", "m.payload(a.bank, a.n, a.p)", sample).endswith("6304EEF5")


def test_money_is_shared_as_the_server_shares_it(run_js) -> None:
    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, 10**11), st.lists(st.integers(0, 10**10), min_size=1, max_size=9))
    def same(total: int, weights: list[int]) -> None:
        assert run_js("money.js", "m.split(a.t, a.w)", {"t": total, "w": weights}) == money.split(total, weights)

    same()
    assert run_js("money.js", "m.vnd(a)", -1_250_000) == money.vnd(-1_250_000)
    assert run_js("money.js", "m.likelyNotes(a)", 123_000) == [130_000, 150_000, 200_000, 500_000]


def test_an_amount_is_read_whole_or_not_at_all(run_js) -> None:
    amounts: dict[str, int | None] = {
        "1.250.000": 1_250_000, "1 250 000": 1_250_000, "1250000": 1_250_000, " 5000 ": 5_000, "0": 0, "007": 7,
        "-5": None, "12.5": None, "1e9": None, "1.2500": None, "1.250,50": None, "5 đ": None, "": None, "٣": None,
        "1..000": None, "+5": None, "12 5": None,
    }  # fmt: skip
    read = "Object.fromEntries(a.map((written) => [written, m.read(written)].map((n) => Number.isNaN(n) ? null : n)))"
    assert run_js("money.js", read, list(amounts)) == amounts


def test_dots_move_with_the_digits_and_nothing_typed_is_dropped(run_js) -> None:
    """As typed, key by key; then what is pasted over it."""
    typed = "[...a].reduce((shown, key) => m.regroup(shown, shown + key, key), '')"
    for keys, shown in {
        "1250000": "1.250.000", "1.250.000": "1.250.000", "-5": "-5", "12.5": "12.5", "12.500": "12.500", "125000.": "125.000.",
        "1e9": "1e9", "12.5000": "125.000", "1 250": "1.250", "5,": "5,",
    }.items():  # fmt: skip
        assert run_js("money.js", typed, keys) == shown, keys
    over = "m.regroup(a[0], a[1], a[2])"
    assert run_js("money.js", over, ["1.250", "1.25", None]) == "125"
    assert run_js("money.js", over, ["1.250", "1.25", "1.25"]) == "1.25"
    assert run_js("money.js", over, ["1.250.000", "12.5", None]) == "12.5"
    assert run_js("money.js", over, ["1.250.000", "1.50.000", ""]) == "150.000"


def test_a_search_over_two_thousand_variants_is_quick_and_right(run_js, capsys) -> None:
    words = ["Chả mực", "Trà hoa vàng", "Rượu ba kích", "Miến dong", "Mật ong", "Ruốc hàu", "Sá sùng", "Nước mắm"]
    places = ["Hạ Long", "Bình Liêu", "Ba Chẽ", "Cô Tô", "Vân Đồn", "Đông Triều", "Tiên Yên", "Quảng Yên"]
    variants = [
        {"id": n, "sku": f"QN{n:04d}-1", "name": f"{words[n % 8]} {places[n // 8 % 8]} loại {n}",
         "pack": f"Hộp {n % 9 + 1}00 g", "gtin": f"893{n:010d}", "price": {"id": n, "amount": 1000 * (n + 1)}, "stock": n % 40}
        for n in range(2000)
    ]  # fmt: skip
    found = run_js(
        "search.js",
        """(() => {
          const began = performance.now();
          const index = new m.Index(a.variants);
          const built = performance.now() - began;
          const time = (q) => { const t = performance.now(); index.find(q); return performance.now() - t; };
          const names = (q) => index.find(q).map((v) => v.name);
          return {
            built, worst: Math.max(...a.asked.map(time)),
            mark: names("cha muc ha"), marked: names("chả MỰC hạ"), prefix: names("do tri tr"),
            sku: index.find("qn0123").map((v) => v.id), none: index.find("khong co").length,
            code: index.code("8930000000456")?.id, long: index.code("08930000000456")?.id,
            scan: index.scanned("https://x.vn/don-hang/A7-000123?k=ab")?.number,
          };
        })()""",
        {
            "variants": variants,
            "asked": ["c", "ch", "cha", "cha muc ha long", "loai 1", "l 1 h 5", "893", "", "ong do", "zzz"],
        },
    )
    with capsys.disabled():
        print(f"\ntill: index of 2,000 variants {found['built']:.0f} ms, slowest search {found['worst']:.1f} ms")
    assert found["worst"] <= SEARCH_MS
    assert found["mark"] == found["marked"]
    assert len(found["mark"]) > 20
    assert all("Chả mực" in name and "Hạ Long" in name for name in found["mark"])
    assert found["prefix"]
    assert all("Đông Triều" in name for name in found["prefix"])
    assert (found["sku"], found["code"], found["long"], found["none"], found["scan"]) == (
        [123],
        456,
        456,
        0,
        "A7-000123",
    )


def test_every_word_asked_for_is_there_and_every_word_is_asked_for() -> None:
    code = "\n".join(p.read_text() for p in sorted((source.ROOT / "static/js/till").glob("*.js")))
    asked = set(re.findall(r'\bt\(\s*"([a-z0-9.-]+)"', code)) | set(re.findall(r'"((?:state|close)\.[a-z-]+)"', code))
    asked |= {f"tender.{kind}" for kind in ("cash", "vietqr", "terminal", "transfer")}  # paper.js puts them together
    assert asked == set(WORDS)


def test_a_scan_right_after_another_leaves_no_digits_behind(run_js) -> None:
    """Two bursts without a pause, into two fields: each field keeps what stood in it."""
    found = run_js(
        "scan.js",
        """(() => {
          // The page that stands listens already.
          const fields = ["", "1"].map((value) => {
            const field = document.createElement("input");
            field.value = value;
            document.body.append(field);
            return field;
          });
          const type = (field, text) => {
            for (const key of text) {
              field.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
              field.value += key;
            }
            field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
          };
          type(fields[0], "8930000000017");
          type(fields[1], "8930000000017");
          return fields.map((field) => field.value);
        })()""",
    )
    assert found == ["", "1"]
