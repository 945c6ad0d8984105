"""Both languages are complete: every Vietnamese sentence has its English, and no sentence stands outside of `_()`."""

import ast
import re
from functools import cache
from html.parser import HTMLParser

import pytest
from babel.messages.extract import extract
from jinja2 import nodes

from tests.conftest import translations
from tests.house import source

KEYWORDS = {
    "_": None, "gettext": None, "lazy_gettext": None, "_l": None, "N_": None, "ngettext": (1, 2),
    "lazy_ngettext": (1, 2), "pgettext": ((1, "c"), 2), "npgettext": ((1, "c"), 2, 3),
}  # fmt: skip
MARKERS = set(KEYWORDS)
PLACE = re.compile(r"%\((\w+)\)[#0\- +]*\d*(?:\.\d+)?([sdif])")
VIETNAMESE = re.compile(r"[À-ỹĐđ]")
# Words that are the same in every language.
SAME = {
    "sku", "gtin", "ocop", "vietqr", "qr", "pdf", "csv", "xlsx", "cod", "id", "totp", "kg", "cm", "ml", "km", "vnd",
    "http", "https", "www", "stripe", "mail", "email", "url", "webp", "jpeg", "png", "avif", "ip", "lot", "no",
    "vat", "iso", "haccp", "vietgap", "json", "api", "smtp", "sms", "zalo", "facebook", "vi", "en", "chợ", "bến",
    "english", "tiếng", "việt", "lang", "hreflang", "đồng",
}  # fmt: skip


@pytest.fixture(scope="module")
def catalogue():
    return translations().merged(strict=True)


def spoken(node: ast.Call):
    """The text that a call marks: (text or (singular, plural), context), or None if it is not written out."""
    shape = KEYWORDS[source.called(node)] or (1,)
    words = [n.value if isinstance(n, ast.Constant) and isinstance(n.value, str) else None for n in node.args]
    context, texts = None, []
    for part in shape:
        position, is_context = (part[0], True) if isinstance(part, tuple) else (part, False)
        if len(words) < position or words[position - 1] is None:
            return None
        if is_context:
            context = words[position - 1]
        else:
            texts.append(words[position - 1])
    return (texts[0] if len(texts) == 1 else tuple(texts)), context


@cache
def messages():
    """Every marked text in code and templates: where, text (singular and plural), context."""
    return list(_messages())


def _messages():
    for path in source.python("shop"):
        for node in source.nodes(path):  # Babel's own reader does not look into f-strings
            if isinstance(node, ast.Call) and source.called(node) in KEYWORDS and (found := spoken(node)):
                yield source.place(path, node.lineno), *found
    options = {"trim_blocks": "true", "lstrip_blocks": "true"}
    for path in source.templates():
        with path.open("rb") as stream:
            for line, text, _comments, context in extract("jinja2", stream, keywords=KEYWORDS, options=options):
                yield source.place(path, line), text, context


def singular(text) -> str:
    return text if isinstance(text, str) else text[0]


def test_the_parts_agree(catalogue):
    assert len(catalogue) > 100


def test_every_sentence_has_its_english(catalogue):
    missing = {}
    for where, text, context in messages():
        if not singular(text):
            continue
        found = catalogue.get(singular(text), context)
        strings = () if found is None else (found.string if isinstance(found.string, tuple) else (found.string,))
        if not strings or not all(strings) or (not isinstance(text, str) and not isinstance(found.id, tuple)):
            missing.setdefault(singular(text), where)
    assert not missing, f"{len(missing)} without English"


def test_placeholders_agree(catalogue):
    wrong = []
    for message in catalogue:
        if not message.id:
            continue
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        wanted = {p for text in ids for p in PLACE.findall(text)}
        for number, text in enumerate(strings):
            has = set(PLACE.findall(text))
            # "one product" may leave its number unsaid
            spare = {p for p in wanted if len(strings) > 1 and number == 0 and p[0] in {"n", "num", "count"}}
            if not (wanted - spare <= has <= wanted):
                wrong.append((ids[0], text))
            if re.search(r"(?<!%)%(?![%(])", text.replace("%%", "")) and wanted:
                wrong.append((ids[0], text))
    assert not wrong


def test_english_is_english(catalogue):
    """A Vietnamese sentence copied into the English column is not a translation; names of people and places may keep marks."""
    wrong = []
    for message in catalogue:
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        for source_text, text in zip(ids, strings, strict=False):
            words = re.findall(r"[^\W\d_]+", PLACE.sub("", text))
            marked = [w for w in words if VIETNAMESE.search(w) and w == w.lower()]  # names begin with a capital
            if len(marked) > 2 and (text == source_text or len(marked) > len(words) / 2):
                wrong.append(text)
    assert not wrong


# ---------------------------------------------------------------- nothing outside of _()


class Texts(HTMLParser):
    """The words a reader meets in a template: text, and the attributes that are read out or shown."""

    SHOWN = {"alt", "title", "placeholder", "aria-label", "aria-description", "content", "label", "data-label"}

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag, attrs):
        self.silent += tag in {"script", "style", "code", "svg"}
        for name, value in attrs:
            if (
                name in self.SHOWN
                and value
                and not (tag == "meta" and dict(attrs).get("name") in {"viewport", "robots"})
            ):
                self.found.append(value)

    def handle_endtag(self, tag):
        self.silent -= tag in {"script", "style", "code", "svg"}

    def handle_data(self, data):
        if self.silent <= 0:
            self.found.append(data)


def unmarked(text: str) -> list[str]:
    words = re.findall(r"[^\W\d_]{2,}", text)
    return [w for w in words if w.lower() not in SAME]


WRITTEN_TWICE = re.compile(r"\.(vi|en)\.html$")


def pages():
    return [p for p in source.templates() if p.suffix == ".html" and not WRITTEN_TWICE.search(p.name)]


@source.each("path", pages(), ids=lambda p: p.relative_to(source.ROOT).as_posix())
def test_templates_hold_no_sentence_of_their_own(path):
    from jinja2 import Environment

    tree = Environment(extensions=["jinja2.ext.i18n"]).parse(path.read_text(encoding="utf-8"))
    # Expressions become a mark without letters, so that markup around them can be read.
    pieces: list[str] = []

    def read(node: nodes.Node) -> None:
        if isinstance(node, nodes.Output):
            pieces.extend(n.data if isinstance(n, nodes.TemplateData) else "\u2060" for n in node.nodes)
        else:
            for child in node.iter_child_nodes():
                read(child)

    read(tree)
    reader = Texts()
    reader.feed("".join(pieces))
    assert not [t.strip() for t in reader.found if VIETNAMESE.search(t) and unmarked(t)]


def test_long_pages_stand_in_both_languages_with_the_same_parts():
    """Help pages are written twice instead of sentence by sentence; each has its other half, with as many headings,
    and with links to the same places."""
    twins = [p for p in source.templates() if WRITTEN_TWICE.search(p.name)]
    assert twins
    for path in twins:
        language = path.name.split(".")[-2]
        other = path.with_name(path.name.replace(f".{language}.html", ".en.html" if language == "vi" else ".vi.html"))
        assert other.exists(), source.place(path)
        here, there = path.read_text(encoding="utf-8"), other.read_text(encoding="utf-8")
        assert len(re.findall(r"<h[2-4]", here)) == len(re.findall(r"<h[2-4]", there)), source.place(path)
        links = r"path\('([^']+)'"
        assert set(re.findall(links, here)) == set(re.findall(links, there)), source.place(path)
        if language == "en":
            assert len(VIETNAMESE.findall(here)) < len(VIETNAMESE.findall(there)) / 5, source.place(path)


# The description of the API is for programmers and speaks English alone.
WORDED = {"errors", "forms", "storefront", "office", "portal", "till", "letters", "webhooks"}


def docstrings(path) -> set[int]:
    """The identities of the nodes that are documentation."""
    found = set()
    for node in source.nodes(path):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            for statement in node.body:
                if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                    found.add(id(statement.value))
    return found


def test_code_of_doors_holds_no_unmarked_sentence():
    wrong = []
    for path in source.python("shop"):
        parts = [p.removesuffix(".py") for p in path.relative_to(source.ROOT / "shop").parts]
        if not WORDED & set(parts[1:2]) or parts[0] in {"seed"}:
            continue
        spared = docstrings(path)
        for node in source.nodes(path):
            if isinstance(node, ast.Call) and source.called(node) in MARKERS:
                spared |= {id(n) for n in ast.walk(node)}
        wrong += [
            f"{source.place(path, node.lineno)}: {node.value[:60]}"
            for node in source.nodes(path)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in spared
            and VIETNAMESE.search(node.value)
            and unmarked(node.value)
        ]
    assert not wrong


def test_no_sentence_is_put_together_before_it_is_translated():
    """`_(f"…")` and `_("…" + x)` look for a sentence that no catalogue can hold; values go in as placeholders."""
    wrong = []
    for path in source.python("shop"):
        for node in source.nodes(path):
            marks = isinstance(node, ast.Call) and source.called(node) in MARKERS and node.args
            if marks and isinstance(node.args[0], ast.JoinedStr | ast.BinOp):
                wrong.append(source.place(path, node.lineno))
    assert not wrong


def test_no_english_lies_unused(catalogue):
    """What nobody says any more leaves the catalogue; `data_*.po` translate words that stand in rows, not in code."""
    said = {(context, singular(text)) for _where, text, context in messages()}
    rows = {m.id if isinstance(m.id, str) else m.id[0] for m in data_words()}
    stale = [m.id for m in catalogue if m.id and (m.context, singular(m.id)) not in said and singular(m.id) not in rows]
    assert not stale, f"{len(stale)} unused"


def data_words():
    from babel.messages.pofile import read_po

    for path in sorted((source.ROOT / "shop" / "translations" / "parts").glob("data_*.po")):
        with path.open("rb") as stream:
            yield from (m for m in read_po(stream) if m.id)
