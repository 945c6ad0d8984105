"""The supervisor: what dies is started again, what is replaced refuses nobody, what is stopped leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shop import serve as serving
from tests.house.source import ROOT
from tests.servers import environment

pytestmark = [pytest.mark.slow, pytest.mark.sqlite_only]


def until(true: Callable[[], Any], seconds: float = 120.0) -> Any:
    """Wait until `true()` is something."""
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.05)
    return found


def serve(tmp_path: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Start the supervisor where it is expected to refuse."""
    env = environment(f"sqlite:///{tmp_path / 'shop.db'}", tmp_path, **settings)
    return subprocess.run(
        [sys.executable, "-P", str(ROOT / "shop" / "serve.py")],
        cwd=ROOT, env={k: v for k, v in env.items() if v}, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip


def test_the_dead_are_replaced_and_the_stopped_leave_nothing(start_server):
    server = start_server()
    before = server.children()
    assert before.keys() == {"web", "worker"}
    os.kill(before["worker"], signal.SIGKILL)
    os.kill(before["web"], signal.SIGKILL)
    assert server.get("/healthz")[0] == 200  # waits in the queue of the socket meanwhile
    after = until(lambda: (now := server.children()).keys() == {"web", "worker"} and now)
    assert not set(after.values()) & set(before.values())
    server.stop()
    assert not [pid for pid in after.values() if Path(f"/proc/{pid}").exists()]


def below(pid: int) -> set[int]:
    """The children of a process."""
    try:
        return {int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}
    except FileNotFoundError:
        return set()


def worked(pid: int) -> float:
    """Seconds of work a process has done, however busy the machine is: loading the shop takes some."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def test_whatever_is_killed_the_shop_is_soon_there_again(start_server):
    server = start_server()
    forker = server.children()["web"]
    (master,) = below(forker)
    os.kill(master, signal.SIGKILL)
    (heir,) = until(lambda: below(forker) - {master})
    assert server.get("/readyz")[0] == 200
    assert worked(heir) < 1  # nothing is loaded again
    until(lambda: below(heir))
    os.kill(forker, signal.SIGKILL)  # the master serves on while the next forker loads
    assert server.get("/readyz")[0] == 200
    assert Path(f"/proc/{heir}").exists()  # asked to leave only when the next answers
    after = until(lambda: (now := server.children().get("web")) not in {None, forker} and now)
    until(lambda: not Path(f"/proc/{heir}").exists())
    # Everything at once but the workers, which hold the port for a moment: the next start waits for it.
    assert server.process is not None
    for pid in (server.process.pid, after, *below(after)):
        os.kill(pid, signal.SIGKILL)
    server.process.wait()
    server.start()
    assert server.get("/readyz")[0] == 200


def test_what_is_killed_now_and_then_is_started_again_at_once():
    supervised = serving.Child("worker", lambda: subprocess.Popen(["sleep", "60"], start_new_session=True))
    for _ in range(5):
        supervised.spawn()
        supervised.started -= 6  # seconds it has lived
        assert supervised.process is not None
        supervised.process.kill()
        supervised.process.wait()
        assert supervised.bury() == -signal.SIGKILL
        assert supervised.again_at <= time.monotonic()


def test_a_rolling_restart_refuses_nobody(start_server):
    server = start_server()
    before = server.children()
    answers: list[int] = []
    done = threading.Event()

    def visit() -> None:
        while not done.wait(0.02):  # what takes the machine from the shop that starts makes the test longer, not better
            answers.append(server.get("/san-pham")[0])

    visitors = [threading.Thread(target=visit, daemon=True) for _ in range(2)]
    for visitor in visitors:
        visitor.start()
    assert server.process is not None
    server.process.send_signal(signal.SIGHUP)
    until(lambda: "restarted\n" in server.log)
    time.sleep(0.5)
    done.set()
    for visitor in visitors:
        visitor.join(30)
    after = server.children()
    assert after.keys() == {"web", "worker"}
    assert not set(after.values()) & set(before.values())
    assert len(answers) > 4
    assert set(answers) == {200}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"SHOP_MODE": "production", "SECRET_KEY": ""}, "SECRET_KEY is missing"),
        (
            {"SHOP_MODE": "production", "SECRET_KEY": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
            "SECRET_KEY is too weak",
        ),
        ({"DATABASE_URL": "mysql://shop"}, "DATABASE_URL must name SQLite or PostgreSQL"),
        ({"PORT": "eighty"}, "PORT must be a whole number"),
    ],
)
def test_a_wrong_setting_is_told_in_a_sentence(tmp_path, settings, said):
    done = serve(tmp_path, **{"PORT": "0", **settings})
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_taken_port_is_told_before_anything_is_made(tmp_path):
    with socket.socket() as other:
        other.bind(("0.0.0.0", 0))
        other.listen()
        done = serve(tmp_path, PORT=str(other.getsockname()[1]))
    assert done.returncode == 1
    assert "cannot listen on" in done.stderr
    assert not (tmp_path / "shop.db").exists()
