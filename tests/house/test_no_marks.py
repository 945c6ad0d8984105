"""Nothing unfinished, nothing of one machine and nobody's secret is kept in the project."""

import re

import pytest

from tests.house import source

TEXT = {
    ".py", ".html", ".txt", ".md", ".toml", ".css", ".js", ".po", ".csv", ".json", ".svg", ".sh", ".ini", ".mako", ".xml",
    ".yml", ".yaml", "",
}  # fmt: skip
# Written in pieces, so that this file does not find itself.
UNFINISHED = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "HA" + "CK", "X" + "XX"]) + r")\b")
MACHINE = re.compile(
    "|".join(
        [
            r"(?<![\w./-])/wo" + "rk/",
            r"(?<![\w.-])/ro" + "ot/",
            r"(?<![\w./-])/ho" + r"me/\w+",
            r"/op" + "t/(pypi|wheels)",
        ]
    )
)
REGISTRY = re.compile(
    "|".join([r"pyp" + r"i\.org", "pythonhos" + r"ted\.org", "registry" + r"\.npmjs", "pro" + r"xy\.golang"])
)
SECRET = re.compile(
    r"(sk_"
    + r"live_[A-Za-z0-9]{16,}|-----BEGIN (RSA |EC |OPENSSH )?PRIV"
    + "ATE KEY|AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{30})"
)
FILES = [p for p in source.tracked() if p.suffix in TEXT]


@pytest.mark.parametrize(
    ("pattern", "spared"),
    [
        pytest.param(UNFINISHED, ("uv.lock",), id="unfinished"),
        pytest.param(MACHINE, ("uv.lock",), id="machine"),
        # The lock names the public index, as every lock does; no other host may appear in it (see below).
        pytest.param(REGISTRY, ("uv.lock",), id="registry"),
        pytest.param(SECRET, ("uv.lock",), id="secret"),
    ],
)
def test_no_file_holds(pattern, spared):
    wrong = []
    for path in FILES:
        if source.place(path) in spared:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if found := pattern.search(line):
                wrong.append(f"{source.place(path, number)}: {found.group()}")
    assert not wrong


def test_every_text_file_is_utf8_with_plain_line_ends():
    for path in FILES:
        body = path.read_bytes()
        body.decode("utf-8")
        # Spreadsheets of others are kept as they came.
        if path.suffix != ".csv":
            assert b"\r\n" not in body, source.place(path)


def test_the_lock_names_the_public_index_only():
    hosts = set(re.findall(r"https?://([^/\"]+)", (source.ROOT / "uv.lock").read_text(encoding="utf-8")))
    assert hosts == {"pyp" + "i.org", "files.pythonhos" + "ted.org"}


def test_the_lock_answers_what_the_project_asks():
    """Offline what `uv lock --check` does online: every dependency asked for stands in the lock as it is asked."""
    import tomllib

    project = tomllib.loads((source.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    lock = tomllib.loads((source.ROOT / "uv.lock").read_text(encoding="utf-8"))
    ours = next(p for p in lock["package"] if p["name"] == project["project"]["name"])

    def plain(text):
        return re.sub(r"\s+", "", text)

    def asked(rows):
        return sorted(
            plain(f"{r['name']}{'[' + ','.join(r['extras']) + ']' if r.get('extras') else ''}{r['specifier']}")
            for r in rows
        )

    requires = [r for r in ours["metadata"]["requires-dist"] if "extra" not in r.get("marker", "")]

    def same(text):  # the parts of a version range may come in any order
        name, *parts = re.split(r"(?=[<>=!~])", text, maxsplit=1)
        return name, frozenset("".join(parts).split(","))

    assert {same(t) for t in asked(requires)} == {same(plain(t)) for t in project["project"]["dependencies"]}
    assert {same(t) for t in asked(ours["metadata"]["requires-dev"]["dev"])} == {
        same(plain(t)) for t in project["dependency-groups"]["dev"]
    }
