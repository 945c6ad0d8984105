"""What the web server does not need it does not load: two workers of a shop on SQLite fit into 150 MB."""

from __future__ import annotations

import subprocess
import sys

from tests.house.source import ROOT

# Each takes megabytes in every worker; whoever needs one imports it where it is used.
HEAVY = {
    "PIL", "alembic", "boto3", "flask_migrate", "highspy", "numpy", "openpyxl", "psycopg", "redis", "sentry_sdk", "stripe",
    "typst", "xlsxwriter", "zxingcpp",
}  # fmt: skip


def test_heavy_modules_are_loaded_where_they_are_used(tmp_path) -> None:
    program = "import sys, shop; shop.create_app(); print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        cwd=ROOT, capture_output=True, text=True, check=True,
        env={"SHOP_MODE": "test", "INSTANCE_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert HEAVY & set(done.stdout.split()) == set()
