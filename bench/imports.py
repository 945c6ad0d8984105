"""A table of twenty thousand rows of a producer: sent, tried, written, beside reading the file alone and one bulk insert.

Each is a process of its own, so that its memory is its own too.
"""

from __future__ import annotations

import gc
import io
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import catalogue
from bench.shops import config_of, database
from config import ROOT

ROWS = 20_000
# At most, for trying and writing all of it.
SECONDS, MEGABYTES = 60.0, 300.0


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds of each part, and the most memory that the worker had (MB): for the first table, and after a second one."""

    read: float
    insert: float
    upload: float
    check: float
    write: float
    again: float
    change: float
    memory: float
    memory_after: float


def table(rows: int = ROWS, *, dearer: int = 0) -> bytes:
    """An XLSX with so many packs of new goods, in the shop's own columns."""
    import xlsxwriter

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"constant_memory": True})
    sheet = book.add_worksheet()
    head = (
        "Mã hàng", "Tên sản phẩm", "Bộ sản phẩm", "Quy cách", "Khối lượng tịnh / thể tích", "Khối lượng gửi (g)", "Giá bán (₫)",
        "Hạn dùng (ngày)", "Nhiệt độ giữ hàng", "Tóm tắt", "Thành phần", "Chất gây dị ứng", "Mùa vụ", "Còn bán",
    )  # fmt: skip
    sheet.write_row(0, 0, head)
    for n in range(1, rows + 1):
        sheet.write_row(
            n, 0,
            (
                f"NH-{n:06d}", f"Chả mực giã tay số {n // 2}", 8, "Hộp 500 g" if n % 2 else "Hộp 1 kg",
                "0,5kg" if n % 2 else "1 kg",
                580, f"{100 + n % 400}k" if not dearer else 100_000 + (n % 400) * 1000 + dearer, 90, "mát",
                "Mực mai giã tay, chiên là dậy mùi biển.", "Mực mai, thì là, hạt tiêu, nước mắm",
                "cá, trứng", "quanh năm", "có",
            ),
        )  # fmt: skip
    book.close()
    return out.getvalue()


def measure(db: str, server: str, folder: Path) -> Figures:
    """Fill a database of its own, and let a process import into it as the worker does."""
    from shop import create_app
    from shop.kernel.db import db as shop_db

    home = folder / f"{db}-imports"
    with database(db, server, home, "bench_imports") as url:
        home.mkdir(parents=True, exist_ok=True)
        app = create_app(config_of(url, home))
        with app.app_context():
            shop_db.create_all()
            catalogue.make(200)
            shop_db.session.remove()
            shop_db.engine.dispose()
        # Made here: the worker that is measured has only to read them.
        for n, dearer in enumerate((0, 7_000)):
            (home / f"{n}.xlsx").write_bytes(table(dearer=dearer))
        out = subprocess.run(
            [sys.executable, "-m", "bench.imports", url, str(home)],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        )
        return Figures(**json.loads(out.stdout.splitlines()[-1]))


def _limits(content: bytes) -> tuple[float, float]:
    """Reading the cells of the file alone, and one bulk insert of as many rows as were made of it, by the driver."""
    from sqlalchemy import insert

    from shop.imports.models import ImportRow
    from shop.kernel.db import transaction
    from shop.kernel.sheets import Book

    begun = time.perf_counter()
    book = Book(content)
    cells = sum(len(line) for _n, line in book.lines(book.names[0]))
    read = time.perf_counter() - begun
    if cells < ROWS:
        raise RuntimeError("nothing read")
    rows: list[dict[str, Any]] = [
            {"import_id": 1, "position": -n, "number": n, "cells": {"sku": f"NH-{n:06d}", "name": "Chả mực giã tay"},
             "outcome": "new", "name": "Chả mực giã tay", "changes": [["price", "", "120.000"]], "problems": []}
            for n in range(1, ROWS + 1)]  # fmt: skip
    begun = time.perf_counter()
    with transaction() as s:
        s.execute(insert(ImportRow), rows)
    return read, time.perf_counter() - begun


def _run(url: str, home: Path) -> dict[str, Any]:
    """What the worker does, in this process: two imports, of new goods and of other prices of the same."""
    import resource

    from sqlalchemy import delete, select

    from shop import create_app
    from shop.imports import queries, services
    from shop.imports.models import ImportRow, Mode, Outcome
    from shop.kernel import memory, operations
    from shop.kernel.actor import SYSTEM
    from shop.kernel.db import session, transaction
    from shop.producers.models import Producer

    app = create_app(config_of(url, home))
    contents = [(home / f"{n}.xlsx").read_bytes() for n in range(2)]
    figures: dict[str, Any] = {}
    with app.app_context():
        producer_id = session().scalars(select(Producer.id).order_by(Producer.id).limit(1)).one()
        base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for content, names in zip(contents, (("check", "write"), ("again", "change")), strict=True):
            begun = time.perf_counter()
            reference = services.upload(SYSTEM, producer_id, content, "b.xlsx", op_key=operations.new_key())
            figures.setdefault("upload", time.perf_counter() - begun)
            row = queries.by_reference(reference)
            begun = time.perf_counter()
            services.check(SYSTEM, row.id, row.work)
            figures[names[0]] = time.perf_counter() - begun
            gc.unfreeze()  # as the worker does after each job
            memory.give_back()
            row = queries.by_id(row.id)
            if row.counts[Outcome.NEW.value] + row.counts[Outcome.CHANGED.value] != ROWS:
                raise RuntimeError(str(row.counts))
            services.start(SYSTEM, row.id, Mode.EACH)
            begun = time.perf_counter()
            services.apply(SYSTEM, row.id, queries.by_id(row.id).work)
            figures[names[1]] = time.perf_counter() - begun
            gc.unfreeze()
            memory.give_back()
            row = queries.by_id(row.id)
            if row.counts.get("written") != ROWS:
                raise RuntimeError(str(row.counts))
            most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            figures["memory" if names[0] == "check" else "memory_after"] = most
        sys.stderr.write(f"before: {base / 1024:.0f} MB\n")  # what the shop takes by itself
        figures["read"], figures["insert"] = _limits(contents[0])
        with transaction() as s:
            s.execute(delete(ImportRow).where(ImportRow.position < 0))
    return figures


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_run(sys.argv[1], Path(sys.argv[2]))) + "\n")
