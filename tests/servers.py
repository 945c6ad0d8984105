"""Real servers for tests: the supervisor, web workers and job worker that `make serve` starts, on a seeded database."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from tests import databases
from tests.zygote import Forked

if TYPE_CHECKING:
    from tests.conftest import Run

ROOT = Path(__file__).resolve().parent.parent
_numbers = itertools.count(1)


def environment(url: str, instance: Path, **changes: str) -> dict[str, str]:
    """The environment of a shop under test: of the person's own only what a program needs to run."""
    kept = {k: v for k, v in os.environ.items() if k in {"PATH", "HOME", "LANG", "TMPDIR", "SYSTEMROOT"}}
    return (
        kept
        | {
            "SHOP_MODE": "test",
            "DATABASE_URL": url,
            "INSTANCE_DIR": str(instance),
            "MEDIA_DIR": str(instance / "media"),
            "SECRET_KEY": "a-key-for-tests-only-0123456789-abcdefghijklmnop",
            "RATE_LIMITS": "off",
            "PAGE_CACHE_SECONDS": "0",
            "PYTHONUNBUFFERED": "1",
            "PYTHONWARNINGS": "default",
            "LC_ALL": "C.UTF-8",
            # Whatever would leave the machine meets a closed door at once.
            "http_proxy": "http://127.0.0.1:9",
            "https_proxy": "http://127.0.0.1:9",
            "no_proxy": "localhost,127.0.0.1",
        }
        | changes
    )


def flask(*arguments: str, env: dict[str, str], check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run one `flask --app shop …` command to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "shop", *arguments],
        cwd=ROOT, env=env, capture_output=True, text=True, timeout=1200, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    if check and done.returncode:
        raise AssertionError(f"flask {' '.join(arguments)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done


def json_of(printed: str) -> Any:
    """The JSON object in what a command printed."""
    return json.loads(printed[printed.index("{") :])


class Seeded:
    """The holdout data on one kind of database: what to copy, the files that belong to it, and its log-ins."""

    def __init__(self, kind: str, saved: str, instance: Path, said: dict[str, Any]) -> None:
        self.kind = kind
        self.saved = saved
        self.instance = instance
        self.said = said

    @classmethod
    def make(cls, kind: str, run: Run) -> Seeded:
        """Load it (the first process that asks does; the others wait and use the same)."""
        name = f"shop_seeded_{run.tag}"
        with run.alone(f"seed-{kind}") as folder:
            done = folder / f"seed-{kind}.json"
            instance = folder / f"seed-{kind}"
            path = folder / f"seed-{kind}.db"
            if not done.exists():
                if kind == "sqlite":
                    url = f"sqlite:///{path}"
                else:
                    url = databases.PostgresqlDatabase(run.server(), name).url
                env = environment(url, instance)
                # What every start does first: a server that starts on a copy finds it done and is there in half the time.
                flask("prepare", env=env)
                printed = flask("seed", "--profile", "holdout", "--seed", "1", "--json", env=env).stdout
                done.write_text(json.dumps(json_of(printed)))
            return cls(kind, str(path) if kind == "sqlite" else name, instance, json.loads(done.read_text()))


class Zygote:
    """The process that forks servers (tests/zygote.py), one for each process of the run."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-P", str(ROOT / "tests" / "zygote.py")],
            cwd=ROOT, env=environment(f"sqlite:///{folder / 'none.db'}", folder / "none"), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self._read() == "loaded"

    def _read(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def server(self, env: dict[str, str]) -> tuple[Forked, Path]:
        """A supervisor of its own, and the named pipe into which it speaks."""
        out = self.folder / f"out-{next(_numbers)}"
        os.mkfifo(out)
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"env": env, "out": str(out)}) + "\n")
        self.process.stdin.flush()
        return Forked(int(self._read()), ours=False), out

    def close(self) -> None:
        """End it."""
        self.process.communicate()


class LiveServer:
    """One running shop. `url` is its address, `seed` what the seeding said (products, points, users with passwords).

    With a `zygote` it is forked; without one it is started as a person starts it.
    """

    def __init__(self, env: dict[str, str], seeded: Seeded, zygote: Zygote | None = None) -> None:
        self.zygote = zygote
        self.env = env
        self.seed: dict[str, Any] = seeded.said
        self.kind = seeded.kind
        self.instance = Path(env["INSTANCE_DIR"])
        self.database_url = env["DATABASE_URL"]
        self.url = ""
        self.log: list[str] = []
        self.process: subprocess.Popen[str] | Forked | None = None

    @classmethod
    @contextlib.contextmanager
    def on_copy(cls, seeded: Seeded, run: Run, *, real: bool = False, **changes: str) -> Iterator[LiveServer]:
        """A server on a fresh copy of the seeded data; stopped and removed at the end. `real`: not forked."""
        name = f"{run.name}_{next(_numbers)}"
        folder = run.folder / f"server-{name}"
        instance = folder / "instance"
        if seeded.instance.exists():
            shutil.copytree(seeded.instance, instance)
        instance.mkdir(parents=True, exist_ok=True)
        made: databases.TestDatabase
        if seeded.kind == "sqlite":
            sqlite = databases.SqliteDatabase(folder, "shop")
            sqlite.load(seeded.saved)
            made = sqlite
        else:
            with run.alone("seed-copy"):
                made = databases.PostgresqlDatabase(run.server(), f"shop_live_{run.tag}_{name}", seeded.saved)
        env = environment(made.url, instance, PORT="0", WORKERS="2", **changes)
        server = cls(env, seeded, None if real else run.zygote())
        try:
            server.start()
            yield server
        finally:
            server.stop()
            made.drop()
            shutil.rmtree(folder, ignore_errors=True)

    def start(self, timeout: float = 240.0) -> None:
        """Start it and wait until it answers; a second start takes the same port."""
        ready = threading.Event()
        if self.zygote is not None:
            self.process, out = self.zygote.server(self.env)
            threading.Thread(target=lambda: self._listen(out.open(), ready), daemon=True).start()
        else:
            self.process = started = subprocess.Popen(
                [sys.executable, "-P", str(ROOT / "shop" / "serve.py")],
                cwd=ROOT, env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                text=True, start_new_session=True,
            )  # fmt: skip
            threading.Thread(target=lambda: self._listen(started.stdout, ready), daemon=True).start()
        deadline = time.monotonic() + timeout
        while not ready.wait(0.05):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError("the server did not start:\n" + "".join(self.log[-60:]))
        self.env["PORT"] = self.url.rpartition(":")[2]

    def _listen(self, said: IO[str] | None, ready: threading.Event) -> None:
        assert said is not None
        with said:
            for line in said:
                self.log.append(line)
                if not ready.is_set() and (found := re.fullmatch(r"\s+(http://\S+:\d+)\n", line)):
                    self.url = found.group(1).replace("0.0.0.0", "localhost")
                    ready.set()

    def stop(self) -> None:
        """Stop it as Ctrl-C does."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.kill()
        self.process = None

    def kill(self) -> None:
        """Kill the supervisor outright; its children go with it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def children(self) -> dict[str, int]:
        """The processes under the supervisor: `web` and `worker` with their process ids."""
        assert self.process is not None
        found = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                words = (entry / "cmdline").read_text().split("\0")
            except (OSError, ValueError, IndexError):
                continue
            if parent == self.process.pid:
                found[
                    "web"
                    if any(w.endswith("forker.py") for w in words)
                    else "worker"
                    if "jobs" in words
                    else " ".join(words)
                ] = int(entry.name)
        return found

    def get(self, path: str, timeout: float = 30.0) -> tuple[int, str]:
        """Status and body of a page."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=timeout) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def flask(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command of the shop on the server's database."""
        return flask(*arguments, env=self.env, check=check)

    def audit(self) -> dict[str, Any]:
        """What `flask audit` finds."""
        found: dict[str, Any] = json_of(self.flask("audit", "--json", check=False).stdout)
        return found

    def user(self, role: str) -> dict[str, Any]:
        """The log-in of somebody with the role."""
        found: dict[str, Any] = next(u for u in self.seed["users"] if u["role"] == role)
        return found

    def letters(self, at_least: int = 0, timeout: float = 120.0) -> list[Any]:
        """The letters sent so far, oldest first, as e-mail messages; waits until there are `at_least` so many."""
        deadline = time.monotonic() + timeout
        while True:
            files = sorted((self.instance / "mail").glob("*.eml"), key=lambda p: p.stat().st_mtime)
            if len(files) >= at_least or time.monotonic() > deadline:
                return [message_from_bytes(f.read_bytes(), policy=policy.default) for f in files]
            time.sleep(0.1)
