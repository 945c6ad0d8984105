"""Run the shop: web server and worker together, under one small supervisor.

`python -P shop/serve.py` is production, `--demo` is `make run`. It needs nothing but the standard
library, so that the process that must not fail is small.

- The listening socket is opened here and handed down. When the web server dies or is replaced, new
  connections wait in the socket's queue for the next one; none is refused.
- A child that dies is started again, with growing pauses if it keeps dying soon after its start.
  The web server is a forker (`shop/forker.py`) above gunicorn: what is left of it when it dies goes
  on serving until the next one answers, and is then asked to leave.
- `SIGHUP` is a rolling restart: migrations, a new web server, and only when that answers is the old
  one asked to finish its requests and leave. `SIGTERM` and Ctrl-C stop everything, in order.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import errno
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FLASK = [sys.executable, "-m", "flask", "--app", "shop"]
STOP_SECONDS = 30.0
START_SECONDS = 60.0
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0
STEADY_SECONDS = 5.0
# How long a start waits for a port that the shop before it has not left yet: killed, its workers need a moment.
PORT_SECONDS = 4.0


class StartError(RuntimeError):
    """The shop cannot start; the message says what a person can do."""


def die_with_parent(number: int = signal.SIGTERM) -> None:
    """Ask Linux to send this process a signal when its parent is gone, so that a killed supervisor leaves nothing behind."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, number)


def started_by_make() -> bool:
    """Whether the parent is `make`: then its end is ours. Started from a shell with `&`, the shop outlives the shell."""
    try:
        return Path(f"/proc/{os.getppid()}/comm").read_text().strip() in {"make", "gmake"}
    except OSError:
        return False


@dataclass
class Child:
    """One supervised process; `crashes` counts deaths in a row without a steady while between them.

    `useful`: what is left of its process group when it dies still does its work and is kept until the next one is there.
    """

    name: str
    start: Callable[[], subprocess.Popen[bytes]]
    useful: bool = False
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    crashes: int = 0
    again_at: float = field(default=0.0)
    left: dict[int, float] = field(default_factory=dict)

    def spawn(self) -> None:
        """Start the process now; what the dead one left is told to leave when the new one is there."""
        self.take(self.start())

    def take(self, process: subprocess.Popen[bytes]) -> None:
        """Keep `process` as the one that does the work from now on."""
        self.process = process
        self.started = time.monotonic()
        if process.poll() is None:
            for group in self.left:
                kill_group(group, signal.SIGTERM)

    def bury(self) -> int | None:
        """Return the exit code if the process has died, after killing what is left of its group unless it is useful."""
        if self.process is None or (code := self.process.poll()) is None:
            return None
        if self.useful:
            self.left[self.process.pid] = time.monotonic() + STOP_SECONDS
        else:
            kill_group(self.process.pid, signal.SIGKILL)
        if time.monotonic() - self.started > STEADY_SECONDS:
            self.crashes = 0
        pause = 0.0 if self.crashes == 0 else min(FIRST_PAUSE * 2**self.crashes, LONGEST_PAUSE)
        self.crashes += 1
        self.again_at = time.monotonic() + pause
        self.process = None
        return code

    def clear(self, *, now: bool = False) -> None:
        """Forget what was left and is gone; kill what has had its time, or with `now` all of it."""
        for group, deadline in list(self.left.items()):
            if now or time.monotonic() > deadline:
                kill_group(group, signal.SIGKILL)
            if not group_lives(group):
                del self.left[group]


def kill_group(group: int, number: signal.Signals) -> None:
    """Send a signal to every process of a child's group; a group that is gone is fine."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def group_lives(group: int) -> bool:
    """Whether a process of the group is there."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def say(text: str) -> None:
    """Print one line for the person at the terminal, at once."""
    print(text, flush=True)


class Supervisor:
    """Starts the children, keeps them alive and ends them."""

    def __init__(self, *, demo: bool, environment: dict[str, str]) -> None:
        self.demo = demo
        self.environment = environment
        # Threads take turns anyway: an arena of memory for each of them is only lost.
        environment.setdefault("MALLOC_ARENA_MAX", "1")
        # Compiled code is kept, whatever the machine says for other programs: the second start takes half the time.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        self.host = environment.get("HOST") or ("127.0.0.1" if demo else "0.0.0.0")  # noqa: S104 - behind a proxy
        self.port = self._number("PORT", 8000)
        self.children: list[Child] = []
        self.stopping = False
        self.reload = False
        self.socket: socket.socket | None = None
        # Nothing is ever written into it: that its other end is closed tells the web server that nobody watches over it.
        self.life, self.lifeline = os.pipe()

    def _number(self, name: str, default: int) -> int:
        raw = self.environment.get(name, "").strip() or str(default)
        try:
            return int(raw)
        except ValueError as error:
            raise StartError(f"{name} must be a whole number, not {raw!r}") from error

    # ------------------------------------------------------------ before the first request

    def flask(self, *arguments: str) -> str:
        """Run one `flask` command to its end and return what it printed.

        Raises:
            StartError: it failed; its own words have gone to standard error.
        """
        done = subprocess.run([*FLASK, *arguments], cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, text=True)
        if done.returncode and not self.stopping:
            sys.stderr.write(done.stdout)
            raise StartError(f"`flask --app shop {' '.join(arguments)}` failed")
        return done.stdout

    def check(self) -> None:
        """Read the settings as the shop will, so that a wrong one is told in a sentence.

        Raises:
            StartError: what is wrong.
        """
        sys.path.insert(0, str(ROOT))
        from config import Config, ConfigError

        try:
            Config.from_env(self.environment)
        except ConfigError as problem:
            raise StartError(str(problem)) from problem

    def prepare(self) -> list[dict[str, str]]:
        """In the demo: make or renew the tables, load what is not there yet, return the log-ins.

        Otherwise the first web server does it, which has loaded the shop anyway: a second less after a crash.
        """
        if not self.demo:
            self.environment["SERVE_PREPARE"] = "1"
            return []
        printed = self.flask("prepare", "--demo")
        if self.stopping:
            return []
        users: list[dict[str, str]] = json.loads(printed[printed.rindex("[{") :])
        return users

    def listen(self) -> None:
        """Open the port before anything slow, so that a taken port is known at once.

        Raises:
            StartError: the port is taken or forbidden.
        """
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        deadline = time.monotonic() + PORT_SECONDS
        while True:
            try:
                listener.bind((self.host, self.port))
                listener.listen(1024)
                break
            except OSError as error:
                if error.errno != errno.EADDRINUSE or time.monotonic() > deadline or self.stopping:
                    raise StartError(
                        f"cannot listen on {self.host}:{self.port} ({error.strerror}); PORT=8001 make run takes another"
                    ) from error
            time.sleep(0.05)
        self.port = listener.getsockname()[1]
        self.environment["PORT"] = str(self.port)
        self.socket = listener

    # ------------------------------------------------------------ children

    def spawn(
        self, command: list[str], *, keep: tuple[int, ...] = (), orphaned: int = signal.SIGTERM, **extra: str
    ) -> subprocess.Popen[bytes]:
        """Start `command` in a process group of its own.

        `keep` are descriptors it inherits; `orphaned` is the signal it gets when this process is killed.
        """
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=self.environment | extra,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=keep,
            preexec_fn=lambda: die_with_parent(orphaned),
        )

    def web(self) -> subprocess.Popen[bytes]:
        """Start the web server and return when it answers (or has died, or takes too long)."""
        if self.socket is None:
            raise StartError("the port is not open yet")
        reader, writer = os.pipe()
        listener = self.socket.fileno()
        command = [sys.executable, "-P", str(ROOT / "shop" / "forker.py"), "--config", str(ROOT / "gunicorn.conf.py")]
        process = self.spawn(
            command,
            keep=(listener, writer, self.life),
            orphaned=signal.SIGHUP,
            SERVE_SOCKET_FD=str(listener),
            SERVE_READY_FD=str(writer),
            SERVE_LIFE_FD=str(self.life),
        )
        self.environment.pop("SERVE_PREPARE", None)
        os.close(writer)
        deadline = time.monotonic() + START_SECONDS
        while not self.stopping and process.poll() is None and time.monotonic() < deadline:
            if select.select([reader], [], [], 0.05)[0]:
                break
        os.close(reader)
        return process

    def worker(self) -> subprocess.Popen[bytes]:
        """Start the worker that does what commands left for afterwards."""
        return self.spawn([*FLASK, "jobs", "work"])

    def fake_stripe(self) -> Child | None:
        """In the demo without Stripe keys: our small imitation of it, so that the card path can be walked."""
        if not self.demo or self.environment.get("STRIPE_API_KEY"):
            return None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.environment |= {
            "STRIPE_API_KEY": "sk_test_demo",
            "STRIPE_API_BASE": f"http://127.0.0.1:{port}",
            "STRIPE_WEBHOOK_SECRET": "whsec_demo_of_this_machine_only",
        }
        program = ROOT / "shop" / "payments" / "fake_stripe.py"  # by its path: it needs nothing of the shop
        command = [sys.executable, "-P", str(program), "--port", str(port)]
        return Child("fake stripe", lambda: self.spawn(command))

    def demo_bank(self) -> None:
        """In the demo without a bank account: one that no bank has, so that nobody can pay real money into it."""
        if self.demo and not self.environment.get("BANK_BIN") and not self.environment.get("BANK_ACCOUNT"):
            self.environment |= {
                "BANK_BIN": "999999",
                "BANK_ACCOUNT": "0000000000",
                "BANK_ACCOUNT_NAME": "TAI KHOAN MINH HOA",
            }

    # ------------------------------------------------------------ life

    def run(self) -> int:
        """Run until told to stop; return the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_stop)
        signal.signal(signal.SIGHUP, self._on_reload)
        if started_by_make():
            die_with_parent()
        self.environment["SHOP_MODE"] = "demo" if self.demo else self.environment.get("SHOP_MODE") or "production"
        self.listen()
        self.check()
        stripe = self.fake_stripe()
        self.demo_bank()
        accounts = self.prepare()
        web = Child("web server", self.web, useful=True)
        self.children = [child for child in (stripe, web, Child("worker", self.worker)) if child]
        try:
            for child in self.children:
                child.spawn()
                if child is web and (code := web.bury()) is not None and not self.stopping:
                    raise StartError(f"the web server stopped while starting (exit code {code}); its words are above")
            if not self.stopping:
                self.greet(accounts)
            while not self.stopping:
                self.watch()
                time.sleep(0.1)
        finally:
            self.stop()
        return 0

    def watch(self) -> None:
        """One look: roll if asked to, start again what has died."""
        if self.reload:
            self.reload = False
            self.roll()
        for child in self.children:
            child.clear()
            code = child.bury()
            if code is not None and not self.stopping:
                say(f"the {child.name} stopped (exit code {code}); starting it again")
            if child.process is None and time.monotonic() >= child.again_at and not self.stopping:
                child.spawn()

    def roll(self) -> None:
        """Replace every child by a new one without refusing a request; on failure the old ones stay."""
        try:
            self.flask("prepare")
        except StartError as problem:
            say(f"restart given up: {problem}")
            return
        for child in self.children:
            if child.name == "fake stripe":
                continue
            old, fresh = child.process, child.start()
            if child.name == "web server":
                # Some milliseconds more than readiness: the first answer shows that it is not a crash loop.
                time.sleep(0.2)
            if fresh.poll() is not None:
                kill_group(fresh.pid, signal.SIGKILL)
                say(f"restart given up: the new {child.name} stopped (exit code {fresh.returncode})")
                return
            child.take(fresh)
            child.crashes = 0
            if old is not None:
                end([old])
        say("restarted")

    def stop(self) -> None:
        """Ask every child to finish what it does, in time; then make it."""
        end([child.process for child in reversed(self.children) if child.process is not None])
        for child in self.children:
            child.clear(now=True)
        if self.socket is not None:
            self.socket.close()

    def _on_stop(self, _number: int, _frame: object) -> None:
        self.stopping = True

    def _on_reload(self, _number: int, _frame: object) -> None:
        self.reload = True

    def greet(self, accounts: list[dict[str, str]]) -> None:
        """Say where the shop is and, in the demo, who may log in."""
        address = self.environment.get("BASE_URL") or f"http://localhost:{self.port}"
        say(f"\n  {address}")
        if not accounts:
            return
        say(f"  {address}/dang-nhap\n")
        rows: list[tuple[str, ...]] = [("role", "user name", "password", "TOTP secret")]
        rows += [
            (
                str(user["role"]) + (f" ({user['scope']})" if user.get("scope") not in (None, "", "*") else ""),
                str(user["username"]),
                str(user["password"]),
                str(user.get("totp") or ""),
            )
            for user in accounts
        ]
        for row in columns(rows):
            say(f"    {row}")
        say("\n  Ctrl-C stops the shop; make run starts it again with everything that was done in it.\n")


def columns(rows: list[tuple[str, ...]]) -> Iterator[str]:
    """Yield the rows with their cells under each other."""
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def end(processes: list[subprocess.Popen[bytes]]) -> None:
    """Ask processes to finish, wait, and kill what has not."""
    for process in processes:
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for process in processes:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            say(f"process {process.pid} did not finish in {STOP_SECONDS:.0f} s; killing it")
        kill_group(process.pid, signal.SIGKILL)
        process.wait()


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description="Run the shop: web server and worker.")
    parser.add_argument("--demo", action="store_true", help="load the demo and print its log-ins")
    arguments = parser.parse_args()
    try:
        return Supervisor(demo=arguments.demo, environment=dict(os.environ)).run()
    except StartError as problem:
        print(f"shop: {problem}", file=sys.stderr, flush=True)
        return 1


if __name__ == "__main__":
    sys.exit(main())
