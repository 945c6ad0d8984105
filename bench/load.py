"""Load from threads of one process, over kept-alive connections to 127.0.0.1; nothing else is ever called."""

from __future__ import annotations

import http.client
import http.cookies
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import brotli

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `body` as it went over the wire."""

    status: int
    body: bytes
    headers: Any
    seconds: float

    @property
    def text(self) -> str:
        """The body, as a browser reads it."""
        squeezed = self.headers.get("Content-Encoding") == "br"
        return (brotli.decompress(self.body) if squeezed else self.body).decode()


class Visitor:
    """One browser: a connection and its cookies."""

    def __init__(self, port: int, *, encoding: str = "br") -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.cookies: dict[str, str] = {}
        self.encoding = encoding

    def send(self, path: str, form: dict[str, Any] | None = None, headers: dict[str, str] | None = None) -> Answer:
        """GET `path`, or POST `form` to it. A connection that the server has closed meanwhile is opened again."""
        sent = {"Accept-Encoding": self.encoding, **(headers or {})}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        body = None if form is None else urlencode(form).encode()
        if body is not None:
            sent |= _FORM
        begun = time.perf_counter()
        for last in (False, True):
            try:
                self.connection.request("GET" if body is None else "POST", path, body, sent)
                answer = self.connection.getresponse()
                content = answer.read()
                break
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                self.connection.close()
                if last:
                    raise
        seconds = time.perf_counter() - begun
        for line in answer.headers.get_all("Set-Cookie") or ():
            for name, morsel in http.cookies.SimpleCookie(line).items():
                self.cookies[name] = morsel.value
        return Answer(answer.status, content, answer.headers, seconds)

    def new(self) -> None:
        """Become somebody else."""
        self.cookies.clear()


@dataclass(slots=True)
class Measured:
    """One measurement: each `seconds` is one thing done, which took `requests` requests in all."""

    seconds: list[float] = field(default_factory=list)
    requests: int = 0
    wire_bytes: int = 0
    elapsed: float = 0.0

    def part(self, share: float) -> float:
        """The time (ms) that this share of the things done took at most."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000


Act = Callable[[Visitor, int, int], list[Answer]]


def run(port: int, act: Act, clients: int, seconds: float, *, least: int = 0) -> Measured:
    """Let `clients` threads do `act(visitor, client, n)` again and again for so long, and each at least `least` times.

    Raises:
        RuntimeError: an answer was not what `act` wanted.
    """
    total, lock, failed = Measured(), threading.Lock(), []
    gate = threading.Barrier(clients + 1)

    def work(client: int) -> None:
        visitor, mine, n = Visitor(port), Measured(), 0
        gate.wait()
        end = time.perf_counter() + seconds
        try:
            while n < least or time.perf_counter() < end:
                answers = act(visitor, client, n)
                n += 1
                mine.seconds.append(sum(a.seconds for a in answers))
                mine.requests += len(answers)
                mine.wire_bytes += sum(len(a.body) for a in answers)
        except Exception as error:  # noqa: BLE001 - told to the caller, who waits for all threads
            failed.append(error)
        with lock:
            total.seconds += mine.seconds
            total.requests += mine.requests
            total.wire_bytes += mine.wire_bytes

    threads = [threading.Thread(target=work, args=(client,)) for client in range(clients)]
    for thread in threads:
        thread.start()
    gate.wait()
    begun = time.perf_counter()
    for thread in threads:
        thread.join()
    total.elapsed = time.perf_counter() - begun
    if failed:
        raise RuntimeError(f"the load could not go on: {failed[0]!r}") from failed[0]
    return total
