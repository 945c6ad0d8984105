"""Templates and the code that names them fit together: files, macros, endpoints and addresses exist, nothing lies unused."""

import ast
import re
from functools import cache

import pytest
from flask import Flask
from jinja2 import nodes
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import RequestRedirect

from tests.house import source

FOLDER = source.ROOT / "templates"
TEMPLATES = [p for p in source.templates() if p.suffix in {".html", ".txt", ".xml"}]


def name_of(path) -> str:
    return path.relative_to(FOLDER).as_posix()


@pytest.fixture(scope="module")
def house(tmp_path_factory) -> Flask:
    """The shop without a database: templates and routes only."""
    from shop import create_app
    from tests.conftest import test_config

    folder = tmp_path_factory.mktemp("house")
    return create_app(test_config(f"sqlite:///{folder / 'none.db'}", folder))


@cache
def parsed(app: Flask, path) -> nodes.Template:
    return app.jinja_env.parse(path.read_text(encoding="utf-8"), filename=str(path))


def named(node: nodes.Expr) -> list[str]:
    """The template names an include, import or extends may mean, as far as they are written out."""
    if isinstance(node, nodes.Const):
        return [node.value] if isinstance(node.value, str) else list(node.value)
    if isinstance(node, nodes.CondExpr):
        return [*named(node.expr1), *(named(node.expr2) if node.expr2 else [])]
    if isinstance(node, nodes.List | nodes.Tuple):
        return [name for item in node.items for name in named(item)]
    return []


@cache
def exports(app: Flask, name: str) -> set[str]:
    """What a template offers to those who import it."""
    body = parsed(app, FOLDER / name).body
    found = {n.name for n in body if isinstance(n, nodes.Macro)}
    found |= {n.target.name for n in body if isinstance(n, nodes.Assign) and isinstance(n.target, nodes.Name)}
    found |= {a if isinstance(a, str) else a[1] for n in body if isinstance(n, nodes.FromImport) for a in n.names}
    return found | {n.target for n in body if isinstance(n, nodes.Import)}


@source.each("path", TEMPLATES, ids=name_of)
def test_what_a_template_takes_in_exists(house, path):
    tree = parsed(house, path)
    for node in tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)):
        for name in named(node.template):
            assert (FOLDER / name).is_file(), f"{source.place(path, node.lineno)}: {name}"
            if isinstance(node, nodes.FromImport):
                wanted = {a if isinstance(a, str) else a[0] for a in node.names}
                missing = wanted - exports(house, name)
                assert not missing, f"{source.place(path, node.lineno)}: {name} has no {missing}"
    modules = {n.target: n.template.value for n in tree.find_all(nodes.Import) if isinstance(n.template, nodes.Const)}
    for node in tree.find_all(nodes.Getattr):
        if isinstance(node.node, nodes.Name) and node.node.name in modules:
            known = exports(house, modules[node.node.name])
            assert node.attr in known, (
                f"{source.place(path, node.lineno)}: {modules[node.node.name]} has no {node.attr}"
            )


@source.each("path", TEMPLATES, ids=name_of)
def test_macros_are_called_with_arguments_they_have(house, path):
    tree = parsed(house, path)
    macros: dict[str, nodes.Macro] = {n.name: n for n in tree.find_all(nodes.Macro)}
    modules: dict[str, dict[str, nodes.Macro]] = {}
    for node in tree.find_all((nodes.Import, nodes.FromImport)):
        if not isinstance(node.template, nodes.Const):
            continue
        theirs = {n.name: n for n in parsed(house, FOLDER / node.template.value).find_all(nodes.Macro)}
        if isinstance(node, nodes.Import):
            modules[node.target] = theirs
        else:
            for entry in node.names:
                name, here = (entry, entry) if isinstance(entry, str) else entry
                if name in theirs:
                    macros[here] = theirs[name]
    for call in tree.find_all(nodes.Call):
        macro = None
        if isinstance(call.node, nodes.Name):
            macro = macros.get(call.node.name)
        elif isinstance(call.node, nodes.Getattr) and isinstance(call.node.node, nodes.Name):
            macro = modules.get(call.node.node.name, {}).get(call.node.attr)
        if macro is None or call.dyn_args or call.dyn_kwargs:
            continue
        names = [a.name for a in macro.args]
        where = f"{source.place(path, call.lineno)}: {macro.name}({', '.join(names)})"
        uses = {n.name for n in macro.find_all(nodes.Name)}
        if "varargs" not in uses:
            assert len(call.args) <= len(names), where
        if "kwargs" not in uses:
            assert {k.key for k in call.kwargs} <= set(names) | {"caller"}, where
        given = set(names[: len(call.args)]) | {k.key for k in call.kwargs}
        needed = set(names[: len(names) - len(macro.defaults)])
        assert needed <= given, f"{where}: without {needed - given}"


def reachable(app: Flask, address: str) -> bool:
    """Whether a route answers the address (any method)."""
    adapter = app.url_map.bind("localhost")
    try:
        adapter.match(address, method="GET")
    except RequestRedirect:
        return True
    except MethodNotAllowed:
        return True
    except NotFound:
        return False
    return True


def address_of(node: nodes.Node) -> str | None:
    """A path written as text, with `x` for each value put into it; None if it is not written out."""
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        return node.value
    if isinstance(node, nodes.Concat):
        return "".join(address_of(n) or "x" for n in node.nodes)
    if isinstance(node, nodes.Add):
        left = address_of(node.left)
        return None if left is None else left + (address_of(node.right) or "x")
    return None


def unbuilt_doors(app: Flask) -> set[str]:
    """Doors of the drawing behind which nothing is built yet; their links are shown only to those who may enter
    (`shop/pages/visitor.py` offers a door only if something answers there)."""
    from shop import DOORS

    return {prefix for prefix in DOORS.values() if prefix and not reachable(app, prefix)}


def tries(address: str) -> list[str]:
    """The address as it may be once its values are filled in: a name, a number, a day, a reference."""
    plain = address.split("?")[0].split("#")[0]
    shapes = [plain, plain.replace("x", "1")] if "x" in plain else [plain]
    return [s for s in shapes if s]


@source.each("path", TEMPLATES, ids=name_of)
def test_addresses_in_templates_lead_somewhere(house, path):
    tree = parsed(house, path)
    # `{% if '/tai-khoan/danh-gia' in account_pages() %}`: the template itself asks whether the page is there.
    asked_first = {c.expr.value for c in tree.find_all(nodes.Compare) if isinstance(c.expr, nodes.Const)}
    for call in tree.find_all(nodes.Call):
        if not isinstance(call.node, nodes.Name) or not call.args:
            continue
        where = source.place(path, call.lineno)
        if call.node.name == "path":
            address = address_of(call.args[0])
            if address is None or not address.startswith("/"):
                continue
            if address in unbuilt_doors(house) | asked_first:
                continue
            # A value at the end may be empty or carry the rest of the address; an address ending in / is built upon.
            known = any(reachable(house, a) for a in tries(address + "x" if address[1:].endswith("/") else address))
            assert known or address.endswith("x"), f"{where}: {address}"
        elif call.node.name == "url_for" and isinstance(call.args[0], nodes.Const):
            endpoint = call.args[0].value
            rules = list(house.url_map.iter_rules(endpoint)) if endpoint in house.view_functions else []
            assert rules, f"{where}: no endpoint {endpoint}"
            given = {k.key for k in call.kwargs}
            if not call.dyn_kwargs:
                assert any(r.arguments - set(r.defaults or {}) <= given for r in rules), (
                    f"{where}: {endpoint} needs more"
                )


LINK = re.compile(r"""(?:href|action|src)=["']([^"'{}]*)["']""")


@source.each("path", [p for p in TEMPLATES if p.suffix == ".html"], ids=name_of)
def test_links_are_made_by_path_or_static_url(house, path):
    """An address written plainly would lose the reader's language, or the fingerprint of a static file."""
    text = re.sub(r"{#.*?#}", "", path.read_text(encoding="utf-8"), flags=re.S)
    for found in LINK.finditer(text):
        target = found.group(1)
        line = text.count("\n", 0, found.start()) + 1
        assert not target.startswith("/"), f"{source.place(path, line)}: {target}"


def literals(function: str) -> list[tuple[str, int, ast.Call]]:
    """Calls of `function` in the code whose first argument is written out."""
    found = []
    for path in source.python("shop"):
        for node in source.nodes(path):
            if isinstance(node, ast.Call) and source.called(node) == function and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    found.append((source.place(path, node.lineno), 0, node))
    return found


def test_templates_named_in_code_exist():
    wrong = [
        f"{where}: {call.args[0].value}"
        for function in ("render_template", "get_template", "render", "page")
        for where, _, call in literals(function)
        if str(call.args[0].value).endswith((".html", ".txt", ".xml")) and not (FOLDER / call.args[0].value).is_file()
    ]
    assert not wrong


def test_endpoints_named_in_code_exist(house):
    wrong = [
        f"{where}: {call.args[0].value}"
        for where, _, call in literals("url_for")
        if not call.args[0].value.startswith(".") and call.args[0].value not in house.view_functions
    ]
    assert not wrong


def test_no_template_lies_unused(house):
    """Every template is taken in by another, or its name stands in the code (whole, or as the end of a made name)."""
    used = set()
    for path in TEMPLATES:
        for node in parsed(house, path).find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)):
            used |= set(named(node.template))
    words = {
        node.value
        for path in source.python("shop")
        for node in source.nodes(path)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }

    def mentioned(name: str) -> bool:
        stem, file = name.rsplit(".", 1)[0], name.rsplit("/", 1)[-1]
        whole = {name, stem, file, file.rsplit(".", 1)[0]}
        # f"messages/letters/{kind}": the folder stands in the code and the rest is made
        return any(w in whole or (w.count("/") > 1 and w.endswith("/") and name.startswith(w)) for w in words)

    assert not [n for p in TEMPLATES if (n := name_of(p)) not in used and not mentioned(n)]


def test_every_static_file_is_named_somewhere():
    text = "\n".join(
        p.read_text(encoding="utf-8")
        for p in source.tracked()
        if p.suffix in {".html", ".py", ".js", ".css", ".txt", ".json", ".webmanifest"} and "tests" not in p.parts
    )
    unused = []
    for path in source.tracked():
        relative = path.relative_to(source.ROOT)
        if relative.parts[0] != "static" or path.suffix == ".md":
            continue
        name = relative.as_posix().removeprefix("static/")
        # plates are named by number, the drawings of empty pages by what is missing (`_macros/dialogs.html`)
        if (
            name.startswith(("plates/", "img/empty-"))
            or (name.startswith("js/") and f'"{path.stem}"' in text)
            or path.stem in text
        ):
            continue
        unused.append(name)
    assert not unused


def test_drawings_of_empty_pages_are_there(house):
    """`empty(title, text, picture, …)` names `img/empty-<picture>.svg`; a name without a file is a broken picture."""
    missing = []
    for path in TEMPLATES:
        for call in parsed(house, path).find_all(nodes.Call):
            name = call.node.attr if isinstance(call.node, nodes.Getattr) else getattr(call.node, "name", "")
            if name != "empty":
                continue
            given = [*call.args[2:3], *(k.value for k in call.kwargs if k.key == "picture")]
            pictures = [
                n.value for node in given for n in (node, *node.find_all(nodes.Const)) if isinstance(n, nodes.Const)
            ]
            missing += [
                (name_of(path), p) for p in pictures if not (source.ROOT / f"static/img/empty-{p}.svg").is_file()
            ]
    assert not missing


def test_messages_are_shown_by_layouts_alone() -> None:
    """A page that shows `notices` too says everything twice."""
    twice = [name_of(p) for p in TEMPLATES if "_layouts" not in p.parts and re.search(r"\bin notices\b", p.read_text())]
    assert not twice


def test_titles_of_pages_end_in_one_way() -> None:
    """ "… · Chợ Bến", for the storefront by each page, for office and till by their layouts."""
    for path in source.templates():
        title = re.search(r"{% block title %}(.*?){% endblock %}", path.read_text(encoding="utf-8"))
        if title is None or "/checkout/" in source.place(path):
            continue
        assert " | " not in re.sub(r"{{.*?}}|{%.*?%}", "", title[1]), path
        if "/storefront/" in source.place(path) and "self." not in title[1]:
            assert "Chợ Bến" in title[1], path
