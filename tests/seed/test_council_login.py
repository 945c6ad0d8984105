"""The demonstration prints the log-in of a council's member where there is a council."""

from __future__ import annotations

from typing import Any

from shop.kernel.actor import SYSTEM
from shop.programme.models.councils import Seat
from shop.programme.services import councils
from shop.seed import dossiers
from tests.people import make_user
from tests.programme import assessing


def test_a_members_log_in_is_for_his_latest_council(ctx: Any) -> None:
    assessing.prepare()
    assert dossiers.login() == []
    make_user("Trần Thị Ngọc Lan", email=dossiers.COUNCIL_MEMBER)
    assert dossiers.login() == []  # an account alone opens nothing
    for _ in range(2):
        panel = assessing.make_panel()
        councils.seat(SYSTEM, panel.id, dossiers.COUNCIL_MEMBER, Seat.MEMBER, "Sở Công Thương")
    (login,) = dossiers.login()
    assert (login.role, login.scope, login.username) == ("council_member", f"council:{panel.id}", "hoidong@example.vn")
