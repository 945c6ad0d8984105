"""The forecast by itself: never nonsense, ranges in order, right in size where the truth is known."""

from __future__ import annotations

import warnings
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shop.demand import compute, measures, model
from shop.demand.compute import Known
from shop.demand.model import AHEAD, Seen
from tests.demand.market import simulate

FIRST = date(2024, 1, 1)


def seen(sold: np.ndarray, **more: np.ndarray) -> Seen:
    n, weeks = sold.shape
    whole = np.ones((n, weeks))
    ahead = np.ones((n, weeks + AHEAD))
    values = {
        "exposure": whole, "asked": whole * 0, "listed": whole, "fair": ahead * 0, "price": ahead,
        "kind": np.zeros(n, dtype=int), "place": np.arange(n), "variant": np.zeros(n, dtype=int),
    } | more  # fmt: skip
    return Seen(
        starts=tuple(FIRST + timedelta(weeks=w) for w in range(weeks + AHEAD)), sold=sold.astype(float), **values
    )


def sound(made: model.Forecast) -> None:
    assert np.isfinite(made.mean).all()
    assert np.isfinite(made.quantiles).all()
    assert (made.mean >= 0).all()
    assert (made.quantiles >= 0).all()
    assert (np.diff(made.quantiles, axis=2) >= -1e-9).all()
    assert np.isfinite(made.lost).all()
    assert (made.lost >= 0).all()
    assert ((made.lean >= 0) & (made.lean <= 1)).all()


@settings(max_examples=60)
@given(
    st.integers(1, 4), st.integers(1, 70), st.sampled_from([0.0, 0.02, 0.5, 3.0, 40.0, 5000.0]), st.integers(0, 2**31),
    st.sampled_from(["full", "none", "some"]),
)  # fmt: skip
def test_whatever_is_known_the_forecast_is_sound(n: int, weeks: int, rate: float, seed: int, shelf: str) -> None:
    rng = np.random.default_rng(seed)
    exposure = {"full": np.ones((n, weeks)), "none": np.zeros((n, weeks)), "some": rng.random((n, weeks)).round()}[
        shelf
    ]
    sold = rng.poisson(rate, (n, weeks)) * (exposure > 0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = model.forecast(
            seen(sold, exposure=exposure, asked=rng.poisson(rate / 3, (n, weeks)) * (exposure == 0),
                 price=np.exp(rng.normal(0, 0.2, (n, weeks + AHEAD))), fair=rng.random((n, weeks + AHEAD)).round(1),
                 kind=np.arange(n) % 2, variant=np.arange(n) // 2)
        )  # fmt: skip
    sound(made)


def test_no_history_is_an_error_of_the_caller() -> None:
    with pytest.raises(ValueError, match="a week of history"):
        model.forecast(seen(np.zeros((1, 0))))


def test_a_steady_series_is_carried_on() -> None:
    made = model.forecast(seen(np.full((3, 60), 20)))
    assert made.mean[:, 0] == pytest.approx(20, rel=0.1)
    assert (made.quantiles[:, :, 0] < 20).all()
    assert (made.quantiles[:, :, 2] > 20).all()


def test_one_sale_and_a_year_of_zeros_give_little_and_say_so() -> None:
    one, none = np.zeros((1, 60)), np.zeros((1, 60))
    one[0, 30] = 1
    made = model.forecast(seen(np.concatenate([one, none, np.full((1, 60), 0)])))
    sound(made)
    assert made.mean[0].sum() < 1
    assert made.mean[1].sum() < 0.5


def test_empty_shelves_are_not_zeros() -> None:
    """Ten a week while there are goods, half the weeks without: ten a week are wanted."""
    exposure = np.tile([1.0, 0.0], 40)[None, :]
    rng = np.random.default_rng(5)
    made = model.forecast(seen(rng.poisson(10, (1, 80)) * exposure, exposure=exposure))
    assert made.mean.mean() == pytest.approx(10, rel=0.2)
    assert made.lost.sum() == pytest.approx(400, rel=0.25)


def test_new_goods_lean_on_their_own_set() -> None:
    """Two weeks at a place: near what the set sells, far from nothing."""
    rng = np.random.default_rng(3)
    sold, exposure = rng.poisson(12, (10, 80)), np.ones((10, 80))
    sold[9, :78] = 0
    exposure[9, :78] = 0
    made = model.forecast(
        seen(sold, exposure=exposure, listed=exposure.copy(), variant=np.arange(10), place=np.zeros(10, dtype=int))
    )
    assert 7 < made.mean[9].mean() < 17
    assert made.lean[9] > 0.35
    assert made.lean[0] < 0.1


def test_a_fair_lifts_its_weeks() -> None:
    rng = np.random.default_rng(4)
    fair = np.zeros((6, 100 + AHEAD))
    fair[:, [20, 45, 70, 95, 104]] = 1
    sold = rng.poisson(8 * (1 + 2 * fair[:, :100]))
    made = model.forecast(seen(sold, fair=fair))
    assert made.mean[:, 4].mean() / made.mean[:, 3].mean() == pytest.approx(3, rel=0.25)


def test_measured_on_markets_it_beats_plain_methods_and_knows_its_error() -> None:
    """One small market of its own (seed 901): the bench prints twenty."""
    market, truth = simulate(901, variants=30, places=4)
    made = model.forecast(market)
    came = truth.demand[:, -AHEAD:].astype(float)
    told = np.ones_like(came)
    scale = measures.scale_of(market)
    own = measures.error(made.mean, came, told, scale).absolute
    plain = {name: measures.error(said, came, told, scale).absolute for name, said in measures.plain(market).items()}
    assert own < 0.85 * min(plain.values())
    inside, of = measures.covered(made.quantiles, came, told, np.random.default_rng(1))
    assert 0.7 < inside / of < 0.9
    assert made.lost.sum() == pytest.approx(truth.lost.sum(), rel=0.3)


def test_quantiles_of_counts_are_those_that_are_drawn() -> None:
    rng = np.random.default_rng(2)
    for mean, spread in ((0.4, 0.5), (6.0, 0.3), (200.0, 0.05)):
        drawn = rng.negative_binomial(1 / spread, 1 / (1 + spread * mean), 200_000)
        found = model.quantiles(np.array([mean]), np.array([spread]))[0]
        assert np.abs(found - np.quantile(drawn, model.QUANTILES)).max() < max(0.75, 0.02 * mean)


@given(st.floats(0, 0.9), st.lists(st.floats(0.01, 500), min_size=2, max_size=20))
def test_the_range_of_a_total_lies_between_independence_and_lockstep(together: float, means: list[float]) -> None:
    m = np.array(means)
    variance = m + 0.3 * m**2

    def width(r: float) -> float:
        q = model.total_quantiles(m.sum()[None], variance.sum()[None], np.sqrt(variance).sum()[None], r)
        return float(q[0, 2] - q[0, 0])

    assert width(0.0) - 1e-6 <= width(together) + 0.5
    assert width(together) <= width(0.9) + 0.5


# --- the run in parts ---------------------------------------------------------------------------------------------


def known(market: Seen) -> Known:
    """A market as it comes out of the table."""
    weeks = market.sold.shape[1]

    def share(values: np.ndarray) -> np.ndarray:
        return np.rint(values * 10_000).astype(np.uint16)

    n = len(market.sold)
    return Known(
        starts=market.starts, variant=market.variant + 1, place=market.place, kind=market.kind, spot=market.place,
        goods=market.variant, sold=market.sold.astype(np.uint32), asked=market.asked.astype(np.uint16),
        exposure=share(market.exposure), listed=share(market.listed), fair=share(market.fair[:, :weeks]),
        price=share(market.price[:, :weeks]), open_ahead=np.full((n, AHEAD), 10_000, dtype=np.uint16),
        fair_ahead=share(market.fair[:, weeks:]), price_ahead=share(market.price[:, weeks:]),
        brought=np.zeros(n, dtype=np.int32),
    )  # fmt: skip


def test_parts_give_what_the_whole_gives_and_totals_are_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    market, _truth = simulate(902, variants=12, places=4)
    goods = known(market)
    products = {v: v // 2 for v in range(1, 13)}

    def run(size: int) -> tuple[list[compute.Line], compute.Result]:
        monkeypatch.setattr(compute, "CHUNK", size)
        result = compute.Result()
        return list(compute.run(goods, products, result)), result

    whole, result = run(5000)
    parts, _other = run(10)
    assert len(whole) == len(parts) == 48
    assert sum(map(sum, (x.mean for x in parts))) == pytest.approx(sum(map(sum, (x.mean for x in whole))), rel=0.05)
    for line in whole:
        assert all(a <= b <= c for a, b, c in zip(line.low, line.middle, line.high, strict=True))
        assert line.reasons[0][0] == "level"
        assert line.reasons[-1][0] == "method"
    shop = next(result.shop.told(result.together))[1]
    for sums in (result.variants, result.products, result.places):
        told = list(sums.told(result.together))
        assert np.allclose(np.sum([mean for _key, mean, _q, _lost in told], axis=0), shop, atol=0.05)
    assert np.allclose(np.sum([x.mean for x in whole], axis=0), shop, atol=0.01)
    apart = [next(iter(result.shop.told(r)))[2] for r in (0.0, 0.5)]
    assert apart[0][2][0] - apart[0][0][0] < apart[1][2][0] - apart[1][0][0]


def test_a_closed_place_teaches_and_is_not_forecast() -> None:
    market, _truth = simulate(903, variants=6, places=3)
    goods = known(market)
    goods.open_ahead[goods.place == 1] = 0
    goods.open_ahead[goods.place == 2, 5:] = 0
    lines = list(compute.run(goods, {v: v for v in range(1, 7)}, compute.Result()))
    assert {x.place for x in lines} == {0, 2}
    closing = [x for x in lines if x.place == 2]
    assert all(x.mean[5:] == [0] * 8 and x.high[5:] == [0] * 8 for x in closing)
    assert all(["closed", goods.starts[156 + 5].isoformat()] in x.reasons for x in closing)


def test_measured_honestly_and_kept_as_plain_figures() -> None:
    market, _truth = simulate(904, variants=12, places=3)
    found = compute.measure(known(market))
    assert len(found["origins"]) == 3
    methods = found["methods"]
    assert set(methods) == {"chosen", *measures.PLAIN}
    assert methods["chosen"]["error"] < min(methods[name]["error"] for name in measures.PLAIN)
    assert 0.65 < methods["chosen"]["coverage"] < 0.92


def test_too_little_history_measures_nothing() -> None:
    market, _truth = simulate(905, variants=3, places=2)
    goods = known(measures.until(market, 20))
    assert compute.measure(goods) == {}
    assert list(compute.run(goods, {v: v for v in range(1, 4)}, compute.Result()))
