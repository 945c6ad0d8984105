"""The limit: a bare Flask application that answers what the shop answers, with one hand-written statement and a Jinja page.

Its pages have the bytes of the shop's pages (rows drawn by Jinja, the rest the shop's own HTML as fixed text) and go out
under the same compression. It checks nothing, knows no language, no token and no rule: what it costs is what Flask, Jinja,
the driver and the database cost by themselves.

Started by `python -m bench` through gunicorn: `BENCH_PLAN` names a JSON file with the statements, texts and the database.
"""

from __future__ import annotations

import itertools
import json
import os
import threading
from pathlib import Path
from typing import Any

from flask import Flask, Response, redirect, request
from flask_compress import Compress
from jinja2 import Environment

from bench.raw import connect, order_transaction

_ROWS = """{% for r in rows %}<article class="product-card"><h3><a href="/san-pham/{{ r[1] }}">{{ r[2] }}</a></h3>
<p class="card-from">{{ r[3] }}, {{ r[4] }}</p>
<p class="card-price"><span class="price">{{ "{:,}".format(r[5] or 0) }}</span> {{ r[6] }}</p>
<span class="stars">{{ r[7] }}</span>{% if r[8] %}<span class="stock">{{ r[8] }}</span>{% endif %}</article>{% endfor %}"""


def create_app() -> Flask:
    """The bare application of the plan that `BENCH_PLAN` names."""
    plan = json.loads(Path(os.environ["BENCH_PLAN"]).read_text())
    app = Flask("limit")
    app.config.update(
        COMPRESS_MIMETYPES=["text/html"],
        COMPRESS_ALGORITHM=["br", "gzip"],
        COMPRESS_BR_LEVEL=4,
        COMPRESS_MIN_SIZE=700,
    )
    Compress(app)
    jinja = Environment(autoescape=True)
    kept = threading.local()
    numbers = itertools.count(1)

    def database() -> Any:
        if not hasattr(kept, "connection"):
            kept.connection = connect(plan["database"])
        return kept.connection

    pages = {}
    for name, page in plan["pages"].items():
        rows = _sample(plan["database"], page)
        shape = jinja.from_string(_ROWS + "{{ rest }}")
        missing = page["bytes"] - len(shape.render(rows=rows, rest="").encode())
        filler = page["html"].encode()[: max(0, missing)].decode("utf-8", "ignore")
        pages[name] = (page["sql"], page["values"], jinja.from_string(_ROWS + "{% raw %}" + filler + "{% endraw %}"))

    def answer(name: str) -> Response:
        sql, values, template = pages[name]
        rows = database().execute(sql, values).fetchall()
        return Response(template.render(rows=rows), mimetype="text/html")

    @app.get("/page/<name>")
    def page(name: str) -> Response:
        return answer(name)

    @app.post("/basket")
    def basket() -> Any:
        form = request.form
        c = database()
        c.execute("BEGIN IMMEDIATE" if plan["sqlite"] else "BEGIN")
        c.execute(plan["add"], (f"{form['visitor']}", int(form["quantity"]), form["sku"]))
        c.execute("COMMIT")
        return redirect("/page/basket", 303)

    @app.post("/order")
    def order() -> Any:
        key = f"{os.getpid()}-{next(numbers)}-{os.urandom(6).hex()}"
        if not order_transaction(database(), plan["order"], key, wanted=json.loads(request.form["lines"])):
            return "", 409
        return redirect("/page/order", 303)

    return app


def _sample(database: str, page: dict[str, Any]) -> list[Any]:
    connection = connect(database)
    rows = connection.execute(page["sql"], page["values"]).fetchall()
    connection.close()
    return list(rows)


_application = create_app() if os.environ.get("BENCH_PLAN") else None


def wsgi(environ: Any, start_response: Any) -> Any:
    """What gunicorn calls."""
    assert _application is not None
    return _application(environ, start_response)
