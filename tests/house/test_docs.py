"""What the documentation says is so: links lead somewhere, commands and settings exist, every refusal is explained."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from config import ROOT, Config
from shop.kernel.errors import ShopError
from shop.pages.storefront import help as help_pages
from tests.house.source import each

pytestmark = pytest.mark.one_database

PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "templates").glob("*.md"),
        *(ROOT / "shop").rglob("*.md"),
    ]
)
COMMAND_PAGES = ("README.md", "CONTRIBUTING.md", "docs/operations.md")


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def bare(markdown: str) -> str:
    """The text without blocks and words of code: brackets in them are no links."""
    return re.sub(r"^(```.*?^```|(?: {4}|\t).*?$)|`[^`\n]+`", "", markdown, flags=re.MULTILINE | re.DOTALL)


def anchors(markdown: str) -> set[str]:
    titles = re.findall(r"^#+ +(.+)$", markdown, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@each("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", bare(page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        found = (page.parent / name).resolve() if name else page
        assert found.exists(), f"{page.name}: {target}"
        if anchor:
            assert anchor in anchors(found.read_text(encoding="utf-8")), f"{page.name}: {target}"


@each("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_named_in_full_are_there(page: Path) -> None:
    """`shop/kernel/db.py` and the like; `name` stands for any name, as in `static/js/name.js`."""
    named = re.findall(
        r"`((?:shop|tests|templates|static|docs|migrations|bench)/[\w./-]+|(?:config|gunicorn\.conf)\.py)`",
        page.read_text(encoding="utf-8"),
    )
    missing = [name for name in named if "/name." not in name and not (ROOT / name).exists()]
    assert missing == []


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))
    for page in COMMAND_PAGES:
        named = set(re.findall(r"(?:^ {4}|`|=\d+ )make ([a-z]+)", text(page), re.MULTILINE))
        assert named, page
        assert named <= targets, f"{page}: {sorted(named - targets)}"


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        yield (*path, name)
        if isinstance(found, click.Group):
            yield from commands(found, (*path, name))


def test_commands_in_the_pages_exist(app) -> None:
    known = {" ".join(path) for path in commands(app.cli)} | {"db upgrade", "db downgrade", "db current", "db migrate"}
    for page in COMMAND_PAGES:
        for line in re.findall(r"flask --app shop ((?:[a-z-]+ ?)+)", text(page)):
            words = line.split()
            assert " ".join(words[:2]) in known or words[0] in known, f"{page}: flask --app shop {line}"


def test_the_table_of_commands_is_whole(app) -> None:
    """Every command of ours stands in section 5 of the operations page, and nothing else does."""
    section = text("docs/operations.md").split("## 5. Commands")[1].split("###")[0]
    told = set()
    for cell in re.findall(r"^\| (.+?) \| ", section, re.MULTILINE):
        told |= {" ".join(re.findall(r"^[a-z-]+(?: [a-z][a-z-]*)?", word)) for word in re.findall(r"`([^`]+)`", cell)}
    ours = {
        " ".join(path)
        for path in commands(app.cli)
        if path[0] not in {"db", "limiter", "routes", "run", "shell"} and not is_group(app, path)
    }
    assert {name for name in told if not name.startswith("db ")} == ours


def is_group(app, path: tuple[str, ...]) -> bool:
    found = app.cli.get_command(click.Context(app.cli), path[0])
    return len(path) == 1 and isinstance(found, click.Group)


def read_variables(name: str) -> set[str]:
    """Names of environment variables a file reads: the first argument of `text`, `number`, `environ.get`, `environment.get`."""
    found = set()
    for node in ast.walk(ast.parse(text(name))):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = ast.unparse(node.func)
            if called in {"text", "number", "self._number"} or called.endswith(("environ.get", "environment.get")):
                found.add(str(node.args[0].value))
    return {name for name in found if re.fullmatch(r"[A-Z_]+", name)}


@pytest.mark.parametrize("name", ["config.py", "shop/serve.py", "gunicorn.conf.py"])
def test_every_setting_is_documented(name: str) -> None:
    variables = read_variables(name)
    assert len(variables) > 4
    page = text("docs/operations.md")
    assert sorted(v for v in variables if f"`{v}`" not in page) == []


def test_every_documented_setting_is_read() -> None:
    section = text("docs/operations.md").split("## 2.")[0]
    told = set(re.findall(r"^\| `([A-Z_]+)` \|", section, re.MULTILINE))
    assert told == (
        read_variables("config.py") | read_variables("shop/serve.py") | read_variables("gunicorn.conf.py")
    ) - {"SERVE_SOCKET_FD", "SERVE_READY_FD"}


def test_documented_defaults_are_the_real_ones() -> None:
    section = text("docs/operations.md").split("## 2.")[0]
    told = dict(re.findall(r"^\| `([A-Z_]+)` \| `([^`]+)` \|", section, re.MULTILINE))
    config = Config.from_env({"SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz"})
    real = {
        "PORT": config.port,
        "WORKERS": config.workers,
        "TRUSTED_PROXIES": config.trusted_proxies,
        "PAGE_CACHE_SECONDS": config.page_cache_seconds,
        "RATE_LIMITS": "on" if config.rate_limits else "off",
    }
    assert {name: told.get(name) for name in real} == {name: str(value) for name, value in real.items()}


def kinds(kind: type[ShopError]) -> Iterator[type[ShopError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from kinds(below)


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_every_refusal_is_explained(app, client, prefix: str) -> None:
    page = client.get(f"{prefix}/tro-giup/loi").get_data(as_text=True)
    told = dict(re.findall(r'<tr id="([^"]+)">.*?<td>(.*?)</td></tr>', page, re.DOTALL))
    help_pages.refusals()  # imports every room's refusals
    codes = {kind.code for kind in kinds(ShopError) if kind.__module__.startswith("shop.")}
    assert len(codes) > 40
    assert sorted(codes - set(told)) == []
    assert sorted(code for code in codes if not told[code].strip()) == []
    assert sorted(code for code in codes if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code)) == []


def test_refusals_stand_where_the_page_looks_for_them(app) -> None:
    """The page imports modules called errors, operations and web; a refusal defined elsewhere could be missed by it."""
    help_pages.refusals()
    for path in sorted((ROOT / "shop").rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and any(
                isinstance(line, ast.Assign)
                and ast.unparse(line.targets[0]) == "code"
                and isinstance(line.value, ast.Constant)
                for line in node.body
            ):
                assert module.rpartition(".")[2] in {"errors", "operations", "sheets", "web"}, f"{module}.{node.name}"


def test_the_picture_in_the_readme_is_small() -> None:
    from PIL import Image

    path = ROOT / "docs" / "screenshot.png"
    assert path.stat().st_size <= 400_000
    with Image.open(path) as image:
        assert image.size == (1280, 800)
