"""The process that loads the shop once and forks web servers from it. `shop/serve.py` starts it in place of gunicorn itself.

Loading takes more than a second of work; a fork takes some milliseconds and shares the memory. So when gunicorn's master is
killed, the next one answers before anybody notices, and the workers of the dead one finish the requests they have.

    supervisor (serve.py) ── forker ── gunicorn's master ── its workers
                          └─ job worker

When the forker is killed, the master goes on serving until the supervisor has a new forker, and is then asked to leave. When
the supervisor is killed, everything below it leaves within two seconds, so that the port is free for the next start.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from flask import Flask  # noqa: E402
from gunicorn.app.wsgiapp import WSGIApplication  # noqa: E402
from gunicorn.arbiter import Arbiter  # noqa: E402

from config import Config, ConfigError  # noqa: E402

# Masters killed this soon one after the other are more than bad luck: the supervisor decides then, with its pauses.
STEADY_SECONDS = 1.0
QUICK_DEATHS = 5
# What the supervisor's death leaves for requests that are being answered.
LAST_SECONDS = 2


class Server(WSGIApplication):  # type: ignore[misc]
    """gunicorn with the settings of `gunicorn.conf.py` and a shop that is loaded already."""

    def __init__(self, shop: Flask) -> None:
        self.shop = shop
        super().__init__()

    def load(self) -> Flask:
        """The shop."""
        return self.shop


class Master(Arbiter):  # type: ignore[misc]
    """gunicorn's master, which leaves when the supervisor is gone. `lifeline` is a pipe whose other end only he holds."""

    def __init__(self, server: Server, lifeline: int | None) -> None:
        self.lifeline = lifeline
        super().__init__(server)

    def murder_workers(self) -> None:
        """Called once a second."""
        if self.lifeline is not None and select.select([self.lifeline], [], [], 0)[0]:
            self.cfg.set("graceful_timeout", LAST_SECONDS)
            raise StopIteration
        super().murder_workers()


def load() -> Flask:
    """Load the shop and what its workers share. At the first start its tables are made or renewed before.

    Raises:
        SystemExit: they could not be; the words are on standard error.
    """
    from shop import create_app
    from shop.warm import warm

    shop = create_app()
    if os.environ.pop("SERVE_PREPARE", "") and not _prepared(shop):
        # In a process of its own, because what makes tables is large; then from the beginning, on what it has made.
        made = subprocess.run([sys.executable, "-m", "flask", "--app", "shop", "prepare"], cwd=ROOT, check=False)
        if made.returncode:
            raise SystemExit(made.returncode)
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - ourselves again
    warm(shop)
    return shop


def _prepared(shop: Flask) -> bool:
    """Whether there is nothing to do before the start; also no if the database does not answer: `prepare` says so."""
    from sqlalchemy.exc import DBAPIError

    from shop.kernel import migrations, static

    folder = shop.extensions["shop_config"].instance_dir / "static"
    with shop.app_context():
        try:
            return static.squeezed(ROOT / "static", folder) and bool(migrations.current(shop))
        except DBAPIError:
            return False


class Forker:
    """Keeps one gunicorn master alive."""

    def __init__(self, shop: Flask) -> None:
        self.shop = shop
        self.master = 0
        self.ending = False
        life = os.environ.get("SERVE_LIFE_FD")
        self.lifeline = int(life) if life else None

    def _on_end(self, _number: int, _frame: Any) -> None:
        """The supervisor asks for the end: requests that are being answered are finished."""
        self.ending = True
        self._tell(signal.SIGTERM)

    def _on_orphaned(self, _number: int, _frame: Any) -> None:
        """The supervisor is dead: the port must be free soon, for the next one."""
        self._on_end(_number, _frame)
        if (listener := os.environ.get("SERVE_SOCKET_FD")) is not None:
            os.close(int(listener))
        # Our own process group: the master, its workers and ourselves.
        signal.signal(signal.SIGALRM, lambda *_: os.killpg(0, signal.SIGKILL))
        signal.alarm(LAST_SECONDS)

    def _tell(self, number: signal.Signals) -> None:
        if self.master:
            try:
                os.kill(self.master, number)
            except ProcessLookupError:
                pass

    def run(self) -> int:
        """Fork masters until told to stop, or until one ends by itself; return its exit code.

        Raises:
            SystemExit: in the forked processes, when they are done.
        """
        signal.signal(signal.SIGTERM, self._on_end)
        signal.signal(signal.SIGHUP, self._on_orphaned)
        watched = {signal.SIGTERM, signal.SIGHUP}
        quick = 0
        while not self.ending:
            began = time.monotonic()
            # A signal between the fork and the note of its number would be told to nobody.
            signal.pthread_sigmask(signal.SIG_BLOCK, watched)
            self.master = os.fork()
            if self.master == 0:
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                signal.signal(signal.SIGHUP, signal.SIG_IGN)
                signal.pthread_sigmask(signal.SIG_UNBLOCK, watched)
                Master(Server(self.shop), self.lifeline).run()
                return 0
            signal.pthread_sigmask(signal.SIG_UNBLOCK, watched)
            _, status = os.waitpid(self.master, 0)
            self.master = 0
            code = os.waitstatus_to_exitcode(status)
            quick = quick + 1 if time.monotonic() - began < STEADY_SECONDS else 0
            if code >= 0 or quick == QUICK_DEATHS:
                return code if code >= 0 else 128 - code
            if not self.ending:
                print(f"the web server's master was killed (signal {-code}); the next one takes over", flush=True)
        return 0


def main() -> int:
    """Load and serve."""
    try:
        Config.from_env()
        shop = load()
    except ConfigError as problem:
        print(f"shop: {problem}", file=sys.stderr, flush=True)
        return 1
    return Forker(shop).run()


if __name__ == "__main__":
    sys.exit(main())
