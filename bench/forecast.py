"""The forecast: how long a night of a big shop takes, and how good it is on markets whose truth is known."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from bench import catalogue
from bench.shops import config_of, database
from config import ROOT

VARIANTS, PLACES, WEEKS = 2_000, 30, 156
SECONDS, MEGABYTES = 300.0, 500.0
# Markets that the method was worked on with; never among those that are reported.
DESIGN = (1, 2, 3)
SEEDS = tuple(range(101, 121))
_CHILD = """
import json, sys, time
from shop import create_app
app = create_app()
with app.app_context():
    from shop.demand.models.forecasts import ForecastRun
    from shop.demand.services import forecasts
    from shop.kernel.actor import SYSTEM
    from shop.kernel.db import session
    begun = time.perf_counter()
    rows = forecasts.count_weeks(SYSTEM)
    counted = time.perf_counter() - begun
    run = session().get(ForecastRun, forecasts.make(SYSTEM))
    import resource
    print(json.dumps({"cpu": time.process_time(), "rows": rows,
                      "count": counted, "all": time.perf_counter() - begun, "series": run.series,
                      "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""


def nightly(db: str, server: str, folder: Path) -> Iterator[tuple[str, float, str, float]]:
    """(what, figure, unit, goal) of one night; the job runs in a process of its own, so that its memory is its own."""
    from shop import create_app
    from shop.kernel.db import db as shop_db

    home = folder / f"{db}-forecast"
    with database(db, server, home, "bench_forecast") as url:
        home.mkdir(parents=True, exist_ok=True)
        config = config_of(url, home)
        app = create_app(config)
        with app.app_context():
            shop_db.create_all()
            catalogue.make(VARIANTS)
            _fill()
            shop_db.session.remove()
            shop_db.engine.dispose()
        env = os.environ | {
            "DATABASE_URL": url,
            "INSTANCE_DIR": str(home),
            "SECRET_KEY": "bench" * 12,
            "SHOP_MODE": "demo",
        }
        done = subprocess.run(
            [sys.executable, "-c", _CHILD], env=env, cwd=ROOT, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(done.stderr[-2000:])
        found = json.loads(done.stdout.strip().splitlines()[-1])
        yield "weeks counted", found["count"], "s", 0.0
        yield "series", found["series"], "series", 0.0
        yield "whole night", found["all"], "s", SECONDS
        yield "CPU of the night", found["cpu"], "s", 0.0
        yield "memory", found["mb"], "MB", MEGABYTES


def _fill() -> None:
    """Three years of weeks for all packs at all places, as a big shop's table would look."""
    import numpy as np
    from sqlalchemy import insert, select

    from shop.catalog.models import Variant
    from shop.demand.history import WEEK, monday
    from shop.demand.models.forecasts import DemandBuild, DemandWeek
    from shop.kernel import clock
    from shop.kernel.db import in_batches, session, transaction
    from shop.kernel.text import sort_key
    from shop.points.models import Point, PointKind

    rng = np.random.default_rng(7)
    now, until = clock.now(), monday(clock.today())
    variants = list(session().scalars(select(Variant.id).order_by(Variant.id).limit(VARIANTS)))
    with transaction() as s:
        made = [
            Point(
                slug=f"bench-noi-{n}", name=f"Nơi {n}", sort_name=sort_key(f"Nơi {n}"), kind=PointKind.SHOP, province_code="22",
                created_at=now, updated_at=now,
            )
            for n in range(PLACES - 1)
        ]  # fmt: skip
        s.add_all(made)
        s.flush()
        places = [0, *(p.id for p in made)]
        s.add(DemandBuild(first_on=until - WEEK * WEEKS, until_on=until, rows=0, began_at=now, built_at=now))
    keys = [(v, p) for v in variants for p in sorted(places)]
    base = np.exp(rng.normal(-0.3, 1.3, len(keys)))
    for back in range(WEEKS, 0, -1):
        week = until - timedelta(weeks=back)
        season = 1 + 0.4 * np.cos(2 * np.pi * back / 52)
        exposure = np.where(rng.random(len(keys)) < 0.12, rng.random(len(keys)), 1.0)
        sold = rng.poisson(base * season * exposure)
        asked = rng.poisson(base * season * (1 - exposure) * 0.3)
        rows = [
            {
                "week_on": week, "variant_id": v, "place": p, "sold": n, "asked": a, "exposure": e, "listed": 10_000, "fair": 0,
                "price": 10_000, "source": "shop",
            }
            for (v, p), n, a, e in zip(
                keys, sold.tolist(), asked.tolist(), np.rint(exposure * 10_000).astype(int).tolist(), strict=True
            )
        ]  # fmt: skip
        with transaction() as s:
            for part in in_batches(rows, 20_000):
                s.execute(insert(DemandWeek), list(part))


def prove(report: Any, seeds: tuple[int, ...] = SEEDS) -> None:
    """Print, for markets that the method was not worked on with, what it gets and what was asked for.

    The estimator sees `Seen` alone; the truth is only compared with what it said.
    """
    import numpy as np

    from shop.demand import measures, model
    from shop.demand.model import AHEAD
    from tests.demand.market import simulate

    rows: list[dict[str, float]] = []
    for seed in seeds:
        seen, truth = simulate(seed)
        made = model.forecast(seen)
        came = truth.demand[:, -AHEAD:].astype(float)
        told, scale = np.ones_like(came), measures.scale_of(seen)
        short = truth.stocked_out[:, -52:].mean(axis=1) > 0.1
        plain = measures.plain(seen)

        def wase(mean: Any, inside: Any, came: Any = came, told: Any = told, scale: Any = scale) -> float:
            found = measures.error(mean[inside], came[inside], told[inside], scale[inside])
            return found.absolute / found.scale

        def loss(q: Any, inside: Any, came: Any = came, told: Any = told) -> float:
            return measures.pinball(q[inside], came[inside], told[inside])

        every = np.ones(len(came), dtype=bool)
        naive = (measures.NAIVE, measures.SEASONAL)
        hit, of = measures.covered(made.quantiles, came, told, np.random.default_rng(seed))
        fans = {name: measures.spread_around(mean, seen) for name, mean in plain.items()}
        rows.append(
            {
                "error": wase(made.mean, every),
                "against naive": 1 - wase(made.mean, every) / min(wase(plain[n], every) for n in naive),
                "pinball": loss(made.quantiles, every),
                "pinball against naive": 1 - loss(made.quantiles, every) / min(loss(fans[n], every) for n in naive),
                "against uncorrected": 1 - wase(made.mean, short) / wase(plain[measures.UNCORRECTED], short),
                "pinball against uncorrected": 1 - loss(made.quantiles, short) / loss(fans[measures.UNCORRECTED], short),
                "coverage": hit / of,
                "lost": float(made.lost.sum() / max(truth.lost.sum(), 1)),
                "short": float(short.mean()),
            }
        )  # fmt: skip

    def mean(name: str) -> float:
        return float(np.mean([row[name] for row in rows]))

    def span(name: str) -> str:
        return f"{min(r[name] for r in rows):.2f}–{max(r[name] for r in rows):.2f}"

    lines: list[tuple[str, str, str, bool | None]] = [
        ("scaled error", "error", "", None),
        ("below best naive", "against naive", "goal ≥ 0.15", mean("against naive") >= 0.15),
        ("pinball loss", "pinball", "", None),
        ("pinball below best naive", "pinball against naive", "goal ≥ 0.15", mean("pinball against naive") >= 0.15),
        ("below uncorrected, often empty", "against uncorrected", "goal ≥ 0.25", mean("against uncorrected") >= 0.25),
        (
            "pinball below uncorrected",
            "pinball against uncorrected",
            "goal ≥ 0.25",
            mean("pinball against uncorrected") >= 0.25,
        ),
        ("80 % range covers", "coverage", "goal 0.75–0.85", 0.75 <= mean("coverage") <= 0.85),
        ("lost units by truth", "lost", "goal 0.80–1.20", 0.8 <= mean("lost") <= 1.2),
        ("series often empty", "short", "", None),
    ]
    print(
        f"{len(seeds)} markets, seeds {seeds[0]}–{seeds[-1]}; worked on with seeds {', '.join(map(str, DESIGN))} only",
        flush=True,
    )
    for what, name, goal, ok in lines:
        report.line("no database", 300, what, f"{mean(name):.3f} (of markets {span(name)})", goal, ok, value=mean(name))
