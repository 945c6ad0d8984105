"""What the room adds to the app itself: the ways through one's account, and noting, rarely, that a session is in use."""

from __future__ import annotations

from flask import Flask, Response, current_app, g

from shop.accounts import services as accounts
from shop.accounts.queries import SignedIn

# Ways from the account to pages of rooms above; each is shown once its page is built.
ELSEWHERE = (
    "/tai-khoan/don-hang", "/tai-khoan/cho-hang", "/tai-khoan/dat-truoc", "/tai-khoan/dia-chi", "/tai-khoan/danh-gia",
)  # fmt: skip


def account_pages() -> list[str]:
    """The pages of rooms above that belong to one's account, in the order of the navigation."""
    known: frozenset[str] = current_app.extensions.setdefault(
        "shop_account_pages", frozenset(rule.rule for rule in current_app.url_map.iter_rules())
    )
    return [rule for rule in ELSEWHERE if rule in known]


def init_app(app: Flask) -> None:
    """Note the use of a session only where a view asked who is there, and at most each five minutes."""
    app.jinja_env.globals["account_pages"] = account_pages

    @app.after_request
    def seen(response: Response) -> Response:
        user = g.get("_login_user")
        if isinstance(user, SignedIn) and user.seen_long_ago and response.status_code < 500:
            accounts.touch(user.session_id)
        return response
