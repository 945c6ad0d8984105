"""Servers forked from a process that has loaded the shop's code: as a program, `python -P tests/zygote.py`.

A server of its own loads the shop three times, in the supervisor's children and in what it prepares; that is most of what
starting one costs, and every file of browser tests starts one. Here the code is loaded once for all of them. Supervisor, web
server and worker are those of `shop/serve.py`, only that their processes begin with a fork instead of an `exec`.
`tests/house/test_serve.py` starts the real ones.

Each line of standard input is `{"env": …, "out": a named pipe}`; the answer is the supervisor's process id.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from shop import serve  # noqa: E402


class Forked:
    """A process that was forked, with what the users of a `Popen` ask of one. `ours`: it is a child of this process."""

    def __init__(self, pid: int, *, ours: bool = True) -> None:
        self.pid = pid
        self.ours = ours
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            if self.ours:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                self.returncode = os.waitstatus_to_exitcode(status) if pid else None
            elif not Path(f"/proc/{self.pid}").exists():
                self.returncode = 0
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        deadline = time.monotonic() + (timeout or 1e9)
        while self.poll() is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
            time.sleep(0.02)
        return self.returncode or 0

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Supervisor(serve.Supervisor):
    """The shop's supervisor, whose children know the shop already."""

    def spawn(
        self, command: list[str], *, keep: tuple[int, ...] = (), orphaned: int = signal.SIGTERM, **extra: str
    ) -> Any:
        return Forked(fork(lambda: self._be(command, keep, orphaned, extra)))

    def _be(self, command: list[str], keep: tuple[int, ...], orphaned: int, extra: dict[str, str]) -> None:
        serve.die_with_parent(orphaned)
        for descriptor in {int(name) for name in os.listdir("/proc/self/fd")} - {0, 1, 2, *keep}:
            try:
                os.close(descriptor)
            except OSError:  # the one that listed them
                pass
        begin(self.environment | extra)
        sys.orig_argv = command
        if any(word.endswith("forker.py") for word in command):
            from shop import forker

            sys.argv = command[2:]
            sys.exit(forker.main())
        from flask.cli import main

        sys.argv = command[2:]
        main()


def fork(work: Callable[[], None]) -> int:
    """Do `work` in a process and session of its own; its process id."""
    sys.stdout.flush()
    if pid := os.fork():
        return pid
    code = 1
    try:
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        os.setsid()
        work()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def begin(env: dict[str, str]) -> None:
    """Have this environment and no other."""
    os.environ.clear()
    os.environ.update(env)


def supervise(env: dict[str, str], out: str) -> None:
    """Be the supervisor of a shop with this environment, saying what it says into the named pipe `out`."""
    serve.die_with_parent()
    pipe = os.open(out, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(pipe, descriptor)
    os.close(pipe)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    begin(env)
    sys.exit(Supervisor(demo=False, environment=dict(env)).run())


def main() -> None:
    """Load the shop, then fork a supervisor for each line that is asked."""
    from shop import create_app

    create_app()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever has ended is nobody's to bury
    print("loaded", flush=True)
    while line := sys.stdin.readline():
        asked = json.loads(line)
        print(fork(lambda asked=asked: supervise(asked["env"], asked["out"])), flush=True)  # type: ignore[misc]


if __name__ == "__main__":
    main()
