"""Refusals and failures become a page of the shop, or RFC 9457 problem+json, by what the caller accepts."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import Any

import structlog
from flask import Flask, Response, g, jsonify, render_template, request
from flask_babel import gettext
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from shop.kernel import db, web
from shop.kernel.errors import N_, Busy, NotFound, ShopError, TooManyRequests

log = structlog.get_logger("problems")
READ_OUT_BYTES, READ_OUT_SECONDS = 64 * 1024 * 1024, 10.0

HTTP_TITLES = {
    400: ("bad-request", N_("Yêu cầu không đọc được.")),
    403: ("forbidden", N_("Bạn không có quyền xem trang này.")),
    404: (NotFound.code, NotFound.title),
    405: ("method-not-allowed", N_("Thao tác này không dùng được ở địa chỉ này.")),
    413: ("too-large", N_("Tệp hoặc nội dung gửi lên quá lớn.")),
    415: ("unsupported-type", N_("Loại nội dung này không được hỗ trợ.")),
    429: (TooManyRequests.code, TooManyRequests.title),
    500: ("internal-error", N_("Có lỗi ngoài ý muốn. Chúng tôi đã ghi lại; thao tác của bạn chưa được thực hiện.")),
}


def answer(code: str, title: str, status: int, *, field: str | None = None) -> Response:
    """Return the refusal as problem+json or as a page with `<meta name="error-code">`."""
    web.mark_private()
    if web.wants_json():
        body: dict[str, Any] = {
            "type": f"{web.path('/tro-giup/loi')}#{code}",
            "code": code,
            "title": title,
            "status": status,
        }
        if field:
            body["field"] = field
        response = jsonify(body)
        response.mimetype = "application/problem+json"
    else:
        response = Response(
            render_template(
                "_errors/error.html",
                error_code=code,
                error_title=title,
                status=status,
                phrase=HTTPStatus(status).phrase,
                me=None,  # an error page asks nobody: the database may be what failed
            ),
            mimetype="text/html",
        )
    response.status_code = status
    if status in {429, 503}:
        response.headers["Retry-After"] = "5"
    return response


def _read_out() -> None:
    """Read what is still coming of a request that is too large: a browser that is cut off while it sends shows its own error
    instead of our answer. Not for ever: what is larger than anything a person sends by mistake is cut off after all."""
    until = time.monotonic() + READ_OUT_SECONDS
    left = READ_OUT_BYTES
    stream = request.environ["wsgi.input"]
    while left > 0 and time.monotonic() < until:
        got = len(stream.read(min(left, 256 * 1024)))
        if not got:
            return
        left -= got


def register(app: Flask) -> None:
    """Tell `app` how to answer each kind of failure."""

    @app.errorhandler(ShopError)
    def refused(error: ShopError) -> Response:
        return answer(error.code, gettext(error.title, **error.values), error.status, field=error.field)

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        if error.response is not None or (error.code or 500) < 400:
            return error.get_response()  # type: ignore[return-value]
        status = error.code or 500
        code, title = HTTP_TITLES.get(
            status, (HTTPStatus(status).phrase.lower().replace(" ", "-"), HTTP_TITLES[400][1])
        )
        if status == 413:
            _read_out()
        response = answer(code, gettext(title), status)
        if status == 405 and getattr(error, "valid_methods", None):
            response.headers["Allow"] = ", ".join(error.valid_methods)  # type: ignore[attr-defined]
        return response

    @app.errorhandler(DBAPIError)
    def database(error: DBAPIError) -> Response:
        if db.busy(error):
            return refused(Busy())
        return failed(error)

    @app.errorhandler(PoolTimeout)
    def exhausted(_error: PoolTimeout) -> Response:
        return refused(Busy())

    @app.errorhandler(500)
    def failed(error: Exception) -> Response:
        original = getattr(error, "original_exception", None) or error
        log.error("request failed", path=request.path, method=request.method, exc_info=original)
        try:
            db.session().rollback()
        except Exception:  # noqa: BLE001 - the session may be what failed
            db.db.session.remove()
        g.pop("_login_user", None)
        code, title = HTTP_TITLES[500]
        return answer(code, gettext(title), 500)
