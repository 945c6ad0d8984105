"""What every page promises by its looks: small style sheets, no inline code, drawings and modules that exist, macros that
tell stock, stars and errors the way readers and checks rely on."""

import gzip
import re
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pytest

from shop.pages.cards import Card
from tests.house.source import each

pytestmark = pytest.mark.one_database

ROOT = Path(__file__).parents[1]
STATIC = ROOT / "static"
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
PAGES = [t for t in TEMPLATES if t.name != "letter.html" and "letters" not in t.parts]
DRAWINGS = sorted(STATIC.rglob("*.svg"))


def text_of(template):
    return re.sub(r"{#.*?#}", "", template.read_text(encoding="utf-8"), flags=re.S)


def name_of(path):
    return str(path.relative_to(ROOT))


def packed(*files):
    return sum(len(gzip.compress((STATIC / f).read_bytes(), 9)) for f in files)


def test_style_sheets_and_modules_stay_small():
    assert packed("css/shop.css") <= 14_000
    assert packed("css/office.css") <= 5_500
    # All that there are; a page loads those alone that it asks for.
    assert packed(*(f"js/{f.name}" for f in (STATIC / "js").glob("*.js"))) <= 18_000


@each("template", PAGES, ids=name_of)
def test_no_inline_style_or_script(template):
    text = text_of(template)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text)
    for tag in re.findall(r"<script\b[^>]*>", text):
        assert "src=" in tag or "application/ld+json" in tag


@each("drawing", DRAWINGS, ids=name_of)
def test_drawings_are_plain(drawing):
    text = drawing.read_text(encoding="utf-8")
    ElementTree.fromstring(text)
    assert "<script" not in text and 'href="http' not in text and "data:" not in text


def test_every_product_set_has_its_plate():
    for number in range(1, 27):
        assert (STATIC / f"plates/{number}.svg").stat().st_size <= 6_144


@each("template", TEMPLATES, ids=name_of)
def test_what_a_template_names_exists(template):
    text = text_of(template)
    icons = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "img/icons.svg").read_text()))
    assert set(re.findall(r"icon\('([\w-]+)'", text)) <= icons
    for file in re.findall(r"static_url\('([\w./-]+)'\)", text):
        assert (STATIC / file).exists(), file
    for names in re.findall(r'data-controller="([a-z -]+)"', text):
        for name in names.split():
            assert (STATIC / f"js/{name}.js").is_file(), name


@pytest.fixture
def macro(app):
    """Render one call of a macro: macro("product", "card(p)", p=…)."""

    def render(file, call, **values):
        source = f'{{% import "_macros/{file}.html" as m %}}{{{{ m.{call} }}}}'
        with app.test_request_context("/"):
            return app.jinja_env.from_string(source).render(**values)

    return render


def goods(**changes):
    known = {
        "slug": "cha-muc", "name": "Chả mực <b>", "producer": "HTX", "place": "", "pack": "hộp 500 g", "sku": "CM-500",
        "price_amount": 185_000, "old_amount": None, "unit_amount": 370_000, "unit": "kg", "available": 3, "stars": 4,
        "stars_until": date(2027, 5, 1), "set_no": 8, "picture": None, "choices": 1, "season": "", "alcohol": False,
    }  # fmt: skip
    filled = {"stars_level": "", "for_sale": True, "is_demo": False} | known | changes
    return Card(**filled)


def ids_in(html):
    return set(re.findall(r'data-testid="([\w-]+)"', html))


def test_a_card_tells_price_stock_and_stars(macro):
    html = macro("product", "card(p)", p=goods())
    assert {"product-card", "product-name", "price", "stars", "stock", "add-to-cart"} <= ids_in(html)
    assert "185.000\u00a0₫" in html and "370.000\u00a0₫/kg" in html and "Còn 3" in html and "05/2027" in html
    assert "Chả mực &lt;b&gt;" in html


@pytest.mark.parametrize("changes", [{"available": 0}, {"alcohol": True}, {"choices": 2}], ids=str)
def test_a_card_offers_the_basket_only_where_one_click_is_right(macro, changes):
    html = macro("product", "card(p)", p=goods(**changes))
    assert "add-to-cart" not in ids_in(html) and 'href="/san-pham/cha-muc"' in html


def test_a_shelf_is_its_cards(macro):
    first, second = goods(), goods(slug="mien", available=9)
    html = macro("product", "shelf([a, b], 2, 'token', 1)", a=first, b=second)
    assert html.count("<li><article") == html.count("<h2 ") == 2 and html.count('loading="lazy"') == 1
    assert macro("product", "card(a, 2, 'token', true)", a=first) in html


def test_no_certificate_in_force_no_star(macro):
    html = macro("product", "card(p)", p=goods(stars=0))
    assert "stars" not in ids_in(html) and "#stars-" not in html


def test_a_field_is_tied_to_its_hint_and_error(macro):
    html = macro("forms", "field('phone', 'Điện thoại', '09', hint='Gọi số này', error='Chưa đúng', required=true)")
    assert 'aria-describedby="f-phone-error f-phone-hint"' in html and 'aria-invalid="true"' in html
    assert 'id="f-phone-error" data-testid="error"' in html and "không bắt buộc" not in html


def test_a_password_is_never_written_back(macro):
    assert "hunter2" not in macro("forms", "field('password', 'Mật khẩu', 'hunter2', type='password')")


def test_an_error_page_carries_its_code_and_the_refusal(app):
    with app.test_request_context("/"):
        page = app.jinja_env.get_template("_errors/error.html")
        html = page.render(status=409, error_code="sold-out", error_title="Món này vừa hết.")
        assert '<meta name="error-code" content="sold-out">' in html
        assert '<p class="lede" data-testid="error">Món này vừa hết.</p>' in html
        html = page.render(status=404, error_code="not-found", error_title="Không có.")
        assert "Không thấy trang này" in html and 'role="search"' in html
