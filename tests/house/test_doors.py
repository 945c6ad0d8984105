"""Every way into the shop, written down: an opened door shows as a line of a diff.

`pytest tests/house/test_doors.py --rewrite` writes the list anew.
"""

import pytest

from shop.commands import door_rows
from tests.house import source

LIST = source.ROOT / "tests" / "doors.txt"


def lines(app) -> list[str]:
    return [f"{','.join(row['methods']):<9} {row['rule']:<64} {row['guard']}".rstrip() for row in door_rows(app)]


@pytest.mark.sqlite_only
def test_the_doors_are_those_written_down(app, pytestconfig):
    now = lines(app)
    if pytestconfig.getoption("rewrite"):
        LIST.write_text("\n".join(now) + "\n", encoding="utf-8")
    written = LIST.read_text(encoding="utf-8").splitlines()
    opened, closed = sorted(set(now) - set(written)), sorted(set(written) - set(now))
    assert (opened, closed) == ([], []), "doors changed; if they should: pytest tests/house/test_doors.py --rewrite"
    assert now == written


@pytest.mark.sqlite_only
def test_no_door_under_the_back_office_is_public(app):
    behind = ("/office", "/producer")
    assert not [r for r in door_rows(app) if str(r["rule"]).startswith(behind) and r["guard"] in {"public", "machine"}]
    # The till's shell holds nothing; what the till knows is behind the device's token.
    asked = {r["rule"]: r["guard"] for r in door_rows(app) if str(r["rule"]).startswith("/till/api")}
    assert asked
    assert set(asked.values()) == {"machine"}


@pytest.mark.sqlite_only
def test_a_view_without_a_guard_stops_the_start(make_app):
    from shop.accounts import guards

    app = make_app(fresh=True)
    app.add_url_rule("/open-door", "open_door", lambda: "in")
    with pytest.raises(RuntimeError, match="open_door"):
        guards.check_all_guarded(app)
