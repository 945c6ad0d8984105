"""Reading the project's own text for the tests of the house."""

from __future__ import annotations

import ast
import inspect
import subprocess
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent


@cache
def tracked() -> list[Path]:
    """Every file that belongs to the project: what git knows, else what lies there beside what tools make."""
    done = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True
    )
    if done.returncode == 0:
        names = [name for name in done.stdout.decode().split("\0") if name]
        return sorted(path for name in names if (path := ROOT / name).is_file())
    made = {".git", ".venv", ".tools", "instance", "test-results", "bench-results", "__pycache__"}
    return sorted(
        path
        for path in ROOT.rglob("*")
        if path.is_file() and not made & set(path.parts) and not any(part.endswith("_cache") for part in path.parts)
    )


def python(*folders: str) -> list[Path]:
    """The Python files under `folders`."""
    return [p for p in tracked() if p.suffix == ".py" and p.relative_to(ROOT).parts[0] in folders]


def templates() -> list[Path]:
    """Every template, pages and letters."""
    return [
        p for p in tracked() if p.relative_to(ROOT).parts[0] == "templates" and p.suffix in {".html", ".txt", ".xml"}
    ]


def each(name: str, things: Iterable[Any], ids: Callable[[Any], str] = str) -> Callable[[Any], Any]:
    """Make a check of one thing a test of all `things`, given as the argument `name`; it tells all that are wrong.

    What takes less time than a test's own beginning and end is not worth a test for each file: there are a thousand.
    """
    things = list(things)

    def all_of(check: Callable[..., None]) -> Callable[..., None]:
        def test(**others: Any) -> None:
            assert things, "nothing to look at"
            wrong = []
            for thing in things:
                try:
                    check(**{name: thing}, **others)
                except AssertionError as error:
                    wrong.append(f"{ids(thing)}: {error}")
            assert not wrong, "\n".join(wrong)

        plain = inspect.signature(check)
        test.__signature__ = plain.replace(  # type: ignore[attr-defined]
            parameters=[p.replace(kind=p.KEYWORD_ONLY) for p in plain.parameters.values() if p.name != name]
        )
        test.__name__, test.__doc__, test.__module__ = check.__name__, check.__doc__, check.__module__
        return test

    return all_of


@cache
def tree(path: Path) -> ast.Module:
    """The parsed file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """All nodes of the parsed file, as `ast.walk` meets them: walking takes longer than parsing, and many tests look."""
    return tuple(ast.walk(tree(path)))


def place(path: Path, line: int | None = None) -> str:
    """Where something stands, as an editor opens it."""
    name = str(path.relative_to(ROOT))
    return f"{name}:{line}" if line else name


def called(node: ast.Call) -> str:
    """The last name of what is called: `flask.url_for(…)` → `url_for`."""
    if isinstance(node.func, ast.Name):
        return node.func.id
    return node.func.attr if isinstance(node.func, ast.Attribute) else ""
