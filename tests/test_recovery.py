"""
Recovery of known truths from synthetic provinces, over 500 seeded draws.

63 invented provinces are drawn with a known correlation, part-whole share, region effects, dependence on
neighbours or missing figures. Intervals that claim 95 % shall contain the truth in 93 to 97 of 100 draws, and
p-values be uniform where there is nothing to find. About two minutes in all.
"""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from helpers import coefficients, correlation, resampling

pytestmark = pytest.mark.slow

DRAWS = 500
# Fewer than on the pages: what is tested is the method, and 1,000 resamples tell as much about it.
RESAMPLES = 1000
N = 63


def _draws(scenario):
    """Generators of the draws of a scenario; every scenario has its own."""
    return (np.random.default_rng([scenario, number]) for number in range(DRAWS))


def _correlated(draw, rho, size=N):
    x, noise = draw.normal(size=(2, size))
    return x, rho * x + math.sqrt(1 - rho**2) * noise


def _covers(low, high, truth):
    return low <= truth <= high


def _check_coverage(hits):
    shares = {name: float(np.mean(found)) for name, found in hits.items()}
    assert all(0.93 <= share <= 0.97 for share in shares.values()), shares


def _check_uniform(values):
    found = {name: float(stats.kstest(p, "uniform").pvalue) for name, p in values.items()}
    assert all(p > 0.01 for p in found.values()), found


def _gathered(rows):
    table = pd.DataFrame(list(rows))
    return {name: table[name].to_numpy() for name in table}


# Of a bivariate normal distribution with correlation rho (Kruskal 1958, Journal of the American Statistical
# Association 53, 814-861).
TRUTH = {
    "pearson": lambda rho: rho,
    "spearman": lambda rho: 6 / math.pi * math.asin(rho / 2),
    "kendall": lambda rho: 2 / math.pi * math.asin(rho),
}


def test_intervals_contain_a_known_correlation():
    rho = 0.5

    def one(draw):
        x, y = _correlated(draw, rho)
        for method in coefficients.METHODS:
            found = getattr(coefficients, method)(x, y)
            truth = TRUTH[method](rho)
            yield f"{method} theory", _covers(found.ci_low, found.ci_high, truth)
            ends = resampling.bootstrap(method, x, y, draws=RESAMPLES)
            yield f"{method} bootstrap", _covers(*ends, truth)

    _check_coverage(_gathered(dict(one(draw)) for draw in _draws(13)))


def test_p_values_are_uniform_where_there_is_no_association():
    def one(draw):
        x, y = _correlated(draw, 0)
        regions = draw.integers(0, 6, N)
        for method in coefficients.METHODS:
            yield method, resampling.permutation_p(method, x, y, draws=RESAMPLES)
            # Regions differ in both, provinces within them are unrelated.
            inside = resampling.permutation_p(method, x + regions, y + regions, regions, RESAMPLES)
            yield f"{method} within regions", inside

    _check_uniform(_gathered(dict(one(draw)) for draw in _draws(21)))


def test_within_regions_the_regions_effect_is_gone():
    rho = 0.4

    def one(draw):
        regions = np.repeat(np.arange(6), [11, 14, 14, 5, 6, 13])
        x, y = _correlated(draw, rho)
        shift = draw.normal(scale=2, size=6)[regions]
        x, y = x + shift, y - shift
        for method in ("pearson", "spearman"):
            found = coefficients.resampled(method, x, y, regions, RESAMPLES)
            yield f"{method} estimate", found.estimate
            if method == "pearson":
                yield "theory", _covers(found.ci_low, found.ci_high, rho)
                yield "bootstrap", _covers(found.boot_low, found.boot_high, rho)
        yield "plain", coefficients.pearson(x, y).estimate

    found = _gathered(dict(one(draw)) for draw in _draws(31))
    assert found["pearson estimate"].mean() == pytest.approx(rho, abs=0.02)
    assert found["plain"].mean() < -0.2
    _check_coverage({name: found[name] for name in ("theory", "bootstrap")})


def _figures(columns):
    """Synthetic rows as of indices.csv: 63 provinces, 2022, a score for each (index, component, maximum)."""
    codes = [f"{number:02d}" for number in range(1, N + 1)]
    rows = [
        pd.DataFrame(
            {"index": index, "component": component, "score": scores, "max_score": top, "gso_code": codes}
        )
        for (index, component, top), scores in columns.items()
    ]
    fixed = {"year": 2022, "basis": "stated", "rank_basis": "", "rank": pd.NA, "ranked": N}
    return pd.concat(rows, ignore_index=True).assign(**fixed)


@pytest.mark.parametrize(("scenario", "rho", "stated"), [(41, 0.0, True), (42, 0.0, False), (43, 0.4, False)])
def test_the_part_taken_out_leaves_the_true_correlation(known, scenario, rho, stated):
    par, sipas = known["par"], known["sipas"]

    def one(draw):
        satisfied, rest = _correlated(draw, rho)
        satisfied, rest = 84 + 4 * satisfied, 76 + 1.5 * rest
        columns = {("par", "", 100.0): rest + satisfied / 10, ("sipas", "", 100.0): satisfied}
        if stated:
            columns["par", "sipas_points", 10.0] = satisfied / 10
        figures = _figures(columns)
        data = correlation.paired(figures, par, sipas, 2022, "score", corrected=True)
        found = coefficients.pearson(data["x"], data["y"])
        yield "estimate", found.estimate
        yield "covered", _covers(found.ci_low, found.ci_high, rho)
        yield "plain", np.corrcoef(rest + satisfied / 10, satisfied)[0, 1]

    found = _gathered(dict(one(draw)) for draw in _draws(scenario))
    assert found["estimate"].mean() == pytest.approx(rho, abs=0.02)
    assert found["plain"].mean() > rho + 0.1
    _check_coverage({"covered": found["covered"]})


def _panel(draw, rho, years=4, share=0.5):
    """Synthetic courses: both indices lasting and passing parts, correlated alike; shape (63, years)."""
    lasting = _correlated(draw, rho)
    passing = _correlated(draw, rho, N * years)
    return tuple(
        math.sqrt(share) * whole[:, None] + math.sqrt(1 - share) * part.reshape(N, years)
        for whole, part in zip(lasting, passing, strict=True)
    )


@pytest.mark.parametrize(("scenario", "rho"), [(51, 0.4), (52, 0.0)])
def test_pooled_years_respect_that_a_province_resembles_itself(scenario, rho):
    years = np.tile(np.arange(2021, 2025), N)
    units = np.repeat([f"{number:02d}" for number in range(N)], 4)

    def one(draw):
        x, y = _panel(draw, rho)
        ranks = [stats.rankdata(z, axis=0).ravel() / N for z in (x, y)]
        found = coefficients.pooled(*ranks, years, units, draws=RESAMPLES)
        yield "estimate", found.estimate
        yield "covered", _covers(found.ci_low, found.ci_high, TRUTH["spearman"](rho))
        yield "p", found.p_value

    found = _gathered(dict(one(draw)) for draw in _draws(scenario))
    _check_coverage({"pooled": found["covered"]})
    if rho == 0:
        _check_uniform({"pooled": found["p"]})
    else:
        assert found["estimate"].mean() == pytest.approx(TRUTH["spearman"](rho), abs=0.02)
