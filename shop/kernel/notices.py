"""Notices that other machines sign: HMAC-SHA256 over `<time>.<raw body>`, header `t=<unix time>,v1=<hex>`, as Stripe does."""

from __future__ import annotations

import hashlib
import hmac

from shop.kernel import clock


def is_signed(secret: str | None, body: bytes, header: str | None, *, within: float) -> bool:
    """Whether whoever has `secret` signed the raw `body` at most `within` seconds before or after now."""
    times: list[str] = []
    given: list[str] = []
    for part in (header or "")[:2000].split(","):
        name, _, value = part.strip().partition("=")
        if name == "t":
            times.append(value)
        elif name == "v1":
            given.append(value)
    if not secret or len(times) != 1 or not times[0].isascii() or not times[0].isdigit():
        return False
    if abs(clock.now().timestamp() - int(times[0][:15])) > within:
        return False
    right = hmac.new(secret.encode(), times[0].encode() + b"." + body, hashlib.sha256).hexdigest()
    # Every one is compared, so that time tells nothing.
    return any([hmac.compare_digest(right.encode(), v.encode("utf-8", "replace")) for v in given])  # noqa: C419
