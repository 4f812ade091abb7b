"""
Recovery of known truths from synthetic provinces, over 500 seeded draws.

63 invented provinces are drawn with a known correlation, part-whole share, region effects, dependence on
neighbours or missing figures. Intervals that claim 95 % shall contain the truth in 93 to 97 of 100 draws, and
p-values be uniform where there is nothing to find. About two minutes in all.

The comments "in 3,000 draws" are coverages of the same scenario measured once at length: with 500 draws the
standard error of a coverage is 1 %.
"""

import math

import numpy as np
import pandas as pd
import pytest
import threadpoolctl
from scipy import stats

from helpers import (
    agreement,
    boundaries,
    coefficients,
    correlation,
    panel,
    panel_models,
    resampling,
    selection,
    spatial,
)

pytestmark = pytest.mark.slow

DRAWS = 500
# Fewer than on the pages: what is tested is the method, and 1,000 resamples tell as much about it.
RESAMPLES = 1000
N = 63


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    """Matrices this small are multiplied many times faster without threads."""
    with threadpoolctl.threadpool_limits(1):
        yield


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


# --- spatial dependence ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def neighbours(root):
    borders = spatial.borders(boundaries.load(root / "data" / "raw").set_index("gso_code"))
    return spatial.weights(borders, borders.codes)


def _spreading(neighbours, strength):
    """What turns noise into figures that depend on those of the neighbours: (I - strength W) inverted."""
    return np.linalg.inv(np.eye(N) - strength * neighbours.matrix)


def test_morans_i_finds_dependence_on_neighbours_and_nothing_else(neighbours):
    spreading = _spreading(neighbours, 0.6)

    def one(draw):
        noise, other = draw.normal(size=(2, N))
        yield "none", spatial.moran(noise, neighbours, 999).p_value
        yield "bivariate", spatial.bivariate(noise, other, neighbours, 999).p_value
        yield "residual", spatial.regress(noise, other, neighbours).residual.p_value
        yield "some", spatial.moran(spreading @ noise, neighbours, 999).p_value
        clusters = spatial.local(noise, neighbours, 999)["cluster"]
        yield "false", (clusters != spatial.CLUSTERS[-1]).any()

    found = _gathered(dict(one(draw)) for draw in _draws(61))
    _check_uniform({name: found[name] for name in ("none", "bivariate", "residual")})
    assert (found["some"] < 0.05).mean() > 0.9
    # In 3,000 draws any cluster is found in 4.6 % where there is none, the dependence in 96.6 %.
    assert found["false"].mean() <= 0.07


@pytest.mark.parametrize(("scenario", "kind"), [(62, "error"), (63, "lag")])
def test_spatial_models_hold_the_slope_that_the_ordinary_one_loses(neighbours, scenario, kind):
    slope, strength = 0.5, 0.6
    spreading = _spreading(neighbours, strength)

    def one(draw):
        x, noise = spreading @ draw.normal(size=N), draw.normal(size=N)
        y = spreading @ (slope * x + noise) if kind == "lag" else slope * x + spreading @ noise
        models = {model.kind: model for model in spatial.regress(y, x, neighbours).models}
        # The columns enter as standard scores.
        truth = slope * x.std() / y.std()
        for name in ("ols", kind):
            if name in models:
                found = models[name].slopes[0]
                yield name, _covers(found.ci_low, found.ci_high, truth)

    rows = pd.DataFrame(dict(one(draw)) for draw in _draws(scenario))
    # The spatial models are there where the residuals show a pattern: in most draws.
    shown = rows[kind].dropna().astype(bool)
    assert len(shown) > 0.85 * DRAWS
    # In 3,000 draws the ordinary slope covers 85.4 (error) and 51.9 % (lag), the models 94.6 and 94.2 %; with
    # the normal quantile and the mean square over n it was 92.8 and 93.6 %.
    assert rows["ols"].mean() < 0.9
    _check_coverage({kind: shown})


# --- missing by rank ---------------------------------------------------------------------------------------


def test_figures_known_of_leaders_and_trailers_overstate_and_the_spread_says_so():
    rho = 0.4

    def one(draw):
        x, y = _correlated(draw, rho)
        ranks = stats.rankdata(-y)
        # Known of nearly all of the ten best and eight last, of every eighth between.
        known = draw.random(N) < np.where((ranks <= 10) | (ranks > 55), 0.9, 0.125)
        yield "all", np.corrcoef(x, y)[0, 1]
        yield "known", np.corrcoef(x[known], y[known])[0, 1]
        rows = {row["comparison"]: row for row in selection.own_ranks(pd.Series(ranks[known]), N, draws=199)}
        spread = rows["own_rank_spread"]
        yield "wider", spread["estimate"] > 1 and spread["p_value"] < 0.05

    found = _gathered(dict(one(draw)) for draw in _draws(71))
    assert found["all"].mean() == pytest.approx(rho, abs=0.02)
    assert found["known"].mean() > rho + 0.08
    assert found["wider"].mean() > 0.9


def test_figures_missing_at_random_are_not_called_a_selection():
    sizes = np.array([11, 14, 14, 5, 6, 13])

    def one(draw):
        scores, order = draw.normal(size=N), draw.permutation(N)
        groups, seed = (scores[order[:23]], scores[order[23:]]), int(draw.integers(2**31))
        yield "mean", selection.mean_difference(*groups, seed, RESAMPLES)["p_value"]
        yield "spread", selection.spread_ratio(*groups, seed, RESAMPLES)["p_value"]
        for row in selection.own_ranks(pd.Series(order[:23] + 1.0), N, seed, RESAMPLES)[:2]:
            yield row["comparison"], row["p_value"]
        held = np.bincount(np.repeat(np.arange(6), sizes)[order[:23]], minlength=6)
        yield "regions", selection.unevenness(held, sizes, seed, RESAMPLES)["p_value"]

    _check_uniform(_gathered(dict(one(draw)) for draw in _draws(72)))


@pytest.mark.parametrize(("scenario", "n", "wider"), [(73, 23, 1.5), (74, 12, 1.0)])
def test_intervals_of_a_selection_contain_the_true_difference(scenario, n, wider):
    rest, shift = N - n, 0.8
    squares = (n - 1) * wider**2 + rest - 1 + (wider**2 * rest + n) / N
    ratio = wider / math.sqrt(squares / (N - 1))

    def one(draw):
        x, y = draw.normal(size=n), draw.normal(size=rest)
        found = selection.mean_difference(x + shift, y, draws=99)
        yield "g", _covers(found["ci_low"], found["ci_high"], shift)
        found = selection.spread_ratio(wider * x, y, draws=99)
        yield "ratio", _covers(found["ci_low"], found["ci_high"], ratio)

    # In 3,000 draws g covers 95.2 %, the ratio 94.7 to 95.4 %, with skewed or heavy-tailed scores 93.8 %.
    _check_coverage(_gathered(dict(one(draw)) for draw in _draws(scenario)))


# --- several years -----------------------------------------------------------------------------------------


def _lasting(draw, provinces, years, lasts=0.5):
    """Synthetic courses that drift: each year resembles the year before; shape (provinces, years)."""
    noise = draw.normal(size=(provinces, years))
    for year in range(1, years):
        noise[:, year] = lasts * noise[:, year - 1] + math.sqrt(1 - lasts**2) * noise[:, year]
    return noise


def _around(draw, courses, scale=2.0):
    """Add the level of each province and the mean of each year."""
    provinces, years = courses.shape
    return courses + scale * draw.normal(size=(provinces, 1)) + draw.normal(size=years)


def _holes(provinces, years, seed=3):
    """Which synthetic province-years are known, about six of ten: an unbalanced panel."""
    places = np.nonzero(np.random.default_rng(seed).random((provinces, years)) < 0.6)
    return pd.DataFrame({"gso_code": [f"{unit:02d}" for unit in places[0]], "year": 2011 + places[1]}), places


def test_shares_of_lasting_differences_are_covered():
    def one(draw):
        for provinces, years, share in ((63, 6, 0.6), (17, 4, 0.4), (63, 6, 0.0)):
            level, passing = draw.normal(size=(provinces, 1)), draw.normal(size=(provinces, years))
            table = math.sqrt(share) * level + math.sqrt(1 - share) * passing + draw.normal(size=years)
            found = panel.intraclass(table)
            # In 3,000 draws 95.2, 95.0 and 95.3 %.
            yield f"{provinces} provinces, {share}", _covers(found.ci_low, found.ci_high, share)
            if not share:
                yield "p", found.p_value

    found = _gathered(dict(one(draw)) for draw in _draws(81))
    _check_uniform({"p": found.pop("p")})
    _check_coverage(found)


@pytest.mark.parametrize(("scenario", "provinces", "rho"), [(82, 53, 0.4), (83, 17, 0.4), (84, 17, 0.0)])
def test_correlations_within_provinces_are_covered(scenario, provinces, rho):
    names, places = _holes(provinces, 6)
    units, years = (names[column].to_numpy() for column in ("gso_code", "year"))

    def one(draw):
        x, noise = _lasting(draw, provinces, 6), _lasting(draw, provinces, 6)
        y = rho * x + math.sqrt(1 - rho**2) * noise
        x, y = (_around(draw, z)[places] for z in (x, y))
        found = panel.within_correlation(x, y, units, years)
        yield "covered", _covers(found.ci_low, found.ci_high, rho)
        yield "p", found.p_value

    found = _gathered(dict(one(draw)) for draw in _draws(scenario))
    # In 3,000 draws 94.7, 95.8 and 95.6 %; the bootstrap that was used before covered 93 % (53 provinces) and
    # 90 % (17).
    _check_coverage({"within": found["covered"]})
    if not rho:
        _check_uniform({"p": found["p"]})


@pytest.mark.parametrize(("scenario", "rho"), [(85, 0.5), (86, 0.0)])
def test_correlations_between_provinces_are_covered(scenario, rho):
    _, places = _holes(53, 6)
    holes = np.zeros((53, 6), dtype=bool)
    holes[places] = True

    def ranks(draw, provinces):
        level, passing = (np.array(_correlated(draw, rho, size)) for size in (provinces, provinces * 6))
        courses = level[:, :, None] + passing.reshape(2, provinces, 6)
        return stats.rankdata(courses, axis=1) / provinces

    def one(draw):
        # Means over the years in which the province is known, as `helpers.panel.relations` takes them.
        means = ranks(draw, 53).mean(axis=2, where=holes)
        found = coefficients.pearson(*means)
        yield "covered", _covers(found.ci_low, found.ci_high, truth)
        yield "p", found.p_value

    # Of the mean ranks of as many years, by counting 50,000 synthetic provinces.
    many, moments = ranks(np.random.default_rng(1), 50_000), np.zeros((2, 2))
    for years in holes.sum(axis=1):
        moments += np.cov(many[:, :, :years].mean(axis=2))
    truth = moments[0, 1] / math.sqrt(moments[0, 0] * moments[1, 1])
    found = _gathered(dict(one(draw)) for draw in _draws(scenario))
    # In 3,000 draws 94.0 and 95.0 %.
    _check_coverage({"between": found["covered"]})
    if not rho:
        _check_uniform({"p": found["p"]})


# The effects of every province and year, and of every year; scenario, provinces, slope.
@pytest.mark.parametrize(("scenario", "provinces"), [(91, 53), (92, 17)])
@pytest.mark.parametrize("differenced", [False, True])
def test_slopes_over_the_years_are_covered(scenario, provinces, differenced):
    slope = 0.3
    names, places = _holes(provinces, 6)
    # What stays the same in all draws: which rows count, and what takes the effects out.
    blank = names.assign(a=0.0, b=0.0, row=np.arange(len(names)))
    if differenced:
        before = dict(zip(zip(blank["gso_code"], blank["year"], strict=True), blank["row"], strict=True))
        sample = panel_models.changes(blank)
        rows = [before[code, year] for code, year in zip(sample["gso_code"], sample["year"], strict=True)]
        last = [before[code, year - 1] for code, year in zip(sample["gso_code"], sample["year"], strict=True)]
    else:
        sample = panel_models.without_singletons(blank)
        rows, last = sample["row"].to_numpy(), None
    columns = ["year"] if differenced else ["year", "gso_code"]
    effects = np.hstack([pd.get_dummies(sample[column]).to_numpy(float) for column in columns])
    left, sizes, _ = np.linalg.svd(effects, full_matrices=False)
    basis = left[:, sizes > 1e-9]

    def rest(values):
        values = values[rows] - (values[last] if differenced else 0)
        return values - basis @ (basis.T @ values)

    def one(draw):
        # Provinces differ in how much they vary.
        noise = np.exp(0.5 * draw.normal(size=(provinces, 1))) * _lasting(draw, provinces, 6)
        a = _around(draw, _lasting(draw, provinces, 6))
        b = _around(draw, noise)
        seed = int(draw.integers(2**31))
        # Less the slope, so that the interval shall hold 0 and the p-value of 0 be uniform.
        x, y = rest(a[places]), rest((slope * a + b)[places])
        ends = panel_models.wild_cluster(x, y - slope * x, sample["gso_code"], basis, seed, draws=499)
        yield "covered", _covers(*ends[:2], 0)
        yield "p", ends[2]

    found = _gathered(dict(one(draw)) for draw in _draws(10 * scenario + differenced))
    # In 3,000 draws 94.1 (53 provinces) and 94.0 % (17), of differences 95.0 and 95.4 %.
    _check_coverage({"slope": found["covered"]})
    _check_uniform({"p": found["p"]})


def test_the_slope_within_provinces_of_the_mixed_model_is_covered():
    slope = 0.3
    names, places = _holes(12, 5)

    def one(draw):
        level = draw.normal(size=(12, 1))
        a = _around(draw, 2 * level + draw.normal(size=(12, 5)), 0)
        b = _around(draw, slope * a + level + draw.normal(size=(12, 5)))
        found = panel_models.mixed(names.assign(a=a[places], b=b[places]))[0]
        yield "covered", _covers(found.ci_low, found.ci_high, slope)

    found = _gathered(dict(one(draw)) for draw in _draws(95))
    # In 3,000 draws 96.5 %: t has one degree less than there are provinces, fewer than such errors ask for.
    _check_coverage({"within": found["covered"]})


@pytest.mark.parametrize(("scenario", "n", "slope"), [(96, 63, 0.0), (97, 20, -0.3)])
def test_catching_up_is_told_from_regression_to_the_mean(scenario, n, slope):
    def one(draw):
        true, first, last = draw.normal(size=(3, n))
        middle = true * (1 + slope / 2) + 0.5 * draw.normal(size=(3, n)).mean(axis=0)
        start, end = true + 0.5 * first, true * (1 + slope) + 0.4 * draw.normal(size=n) + 0.5 * last
        plain, corrected = panel_models.catching_up(*map(pd.Series, (start, end - start, middle)))
        yield "plain", _covers(plain.ci_low, plain.ci_high, slope)
        yield "estimate", corrected.estimate
        yield "covered", _covers(corrected.ci_low, corrected.ci_high, slope)
        yield "p", corrected.p_value

    rows = pd.DataFrame(dict(one(draw)) for draw in _draws(scenario)).dropna()
    assert len(rows) > 0.98 * DRAWS
    assert rows["plain"].mean() < 0.85 and rows["estimate"].mean() == pytest.approx(slope, abs=0.03)
    # In 6,000 draws 94.7 % of 63 and 94.4 % of 20 provinces.
    _check_coverage({"corrected": rows["covered"]})
    if not slope:
        _check_uniform({"p": rows["p"]})


def test_ratios_of_the_spreads_of_two_years_are_covered():
    def one(draw):
        for n, ratio in ((63, 1.0), (17, 1.3)):
            first, last = _correlated(draw, 0.6, n)
            found = panel_models.pitman_morgan(first, ratio * last)[-1]
            # In 3,000 draws 95.1 and 94.9 %.
            yield f"{n} provinces", _covers(found.ci_low, found.ci_high, ratio)
            if ratio == 1:
                yield "p", found.p_value

    found = _gathered(dict(one(draw)) for draw in _draws(99))
    _check_uniform({"p": found.pop("p")})
    _check_coverage(found)


# --- agreement ---------------------------------------------------------------------------------------------


def _places(values):
    return stats.rankdata(-values, axis=0)


@pytest.mark.parametrize(("scenario", "years"), [(101, 3), (102, 6)])
def test_mean_differences_of_ranks_over_independent_years_are_covered(known, scenario, years):
    fixed = np.random.default_rng(scenario)
    levels = [level[:, None] for level in _correlated(fixed, 0.5)]

    def differences(draw, count):
        paper, citizens = (_places(level + 0.5 * draw.normal(size=(N, count))) for level in levels)
        return citizens - paper

    truth = differences(fixed, 20_000).mean(axis=1)
    # All draws in one table: the provinces of another draw are other provinces.
    drawn = np.concatenate([differences(draw, years) for draw in _draws(scenario)])
    codes = np.repeat([f"{number:06d}" for number in range(len(drawn))], years)
    found = pd.DataFrame({"gso_code": codes, "difference": drawn.ravel()})
    rows = agreement.persistence(found, known["par"], known["papi"])
    low, high = (rows[end].to_numpy().reshape(DRAWS, N) for end in ("ci_low", "ci_high"))
    given = ~np.isnan(low)
    # In 3,000 draws 95.1 and 94.8 % on average, by province 92.6 to 96.7 % (three years).
    _check_coverage({"mean difference": ((low <= truth) & (truth <= high))[given]})


@pytest.mark.parametrize(("scenario", "n", "rho"), [(103, 63, 0.5), (104, 20, 0.5), (105, 20, 0.0)])
def test_agreement_of_two_rankings_is_covered(known, scenario, n, rho):
    # Mean distance of the shares of two variables of this correlation, a third where it is 0.
    apart = np.abs(np.subtract(*stats.norm.cdf(_correlated(np.random.default_rng(1), rho, 500_000)))).mean()
    truth = 1 - 3 * apart if rho else 0.0

    def one(number, draw):
        places = np.array([_places(values) for values in _correlated(draw, rho)])
        paper, citizens = places[:, draw.choice(N, n, replace=False)]
        columns = {"place_paper": paper, "place_citizens": citizens, "difference": citizens - paper}
        return pd.DataFrame(columns).assign(year=number)

    # Every draw counts as another year.
    drawn = pd.concat([one(number, draw) for number, draw in enumerate(_draws(scenario))])
    found = agreement.by_year(drawn, known["par"], known["papi"], draws=999)
    assert len(found) == DRAWS and (found["reason"] == "").all()
    covered = (found["ci_low"] <= truth) & (truth <= found["ci_high"])
    # In 3,000 draws 95.3, 93.9 and 93.7 %; the bootstrap that was used before covered 94.2, 92.7 and 89.8 %.
    _check_coverage({"kappa": covered})
    if not rho:
        _check_uniform({"p": found["p_value"]})
