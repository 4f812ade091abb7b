"""Second opinions on the real figures by other libraries or by hand, and what lies at the edges."""

import dataclasses
import itertools
import math
import warnings

import esda
import geopandas
import libpysal
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from helpers import (
    agreement,
    boundaries,
    coefficients,
    comparability,
    correlation,
    panel,
    panel_models,
    provinces,
    rank_intervals,
    selection,
    spatial,
)


@pytest.fixture(autouse=True)
def _no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.fixture(scope="module")
def totals(indices_frame):
    return indices_frame[indices_frame["component"] == ""]


@pytest.fixture(scope="module")
def of_years(indices_frame, known, places):
    """The tables of pairs of a year with few figures and of one with many."""
    return {year: correlation.pairs(indices_frame, known, places, year) for year in (2012, 2022)}


def _wide(totals, year, column, slugs=("par", "papi")):
    table = totals[totals["year"] == year].pivot(index="gso_code", columns="index", values=column)
    return table[list(slugs)].astype(float).dropna()


# --- second opinions on the real figures -------------------------------------------------------------------


def _kendall_within(x, y, groups):
    signs = [
        (np.sign(x[i] - x[j]), np.sign(y[i] - y[j]))
        for i, j in itertools.combinations(range(len(x)), 2)
        if groups[i] == groups[j]
    ]
    a, b = np.array(signs).T
    return (a @ b) / math.sqrt((a @ a) * (b @ b))


def _partial(x, y, groups):
    dummies = pd.get_dummies(groups).to_numpy(float)
    x, y = (z - dummies @ np.linalg.lstsq(dummies, z, rcond=None)[0] for z in (x, y))
    return np.corrcoef(x, y)[0, 1]


@pytest.mark.parametrize("year", [2012, 2022])
def test_every_coefficient_of_a_year_is_that_of_scipy_or_by_hand(of_years, totals, places, year):
    found = of_years[year]
    found = found[(found["reason"] == "") & ~found["variant"].str.contains("pooled|part_whole")]
    assert len(found) > 40
    for row in found.itertuples():
        slugs = [row.index_a, row.index_b]
        values = _wide(totals, year, row.measure, slugs)
        if row.variant == "without_cities":
            values = values.drop(["01", "31", "48", "79", "92"], errors="ignore")
        if row.variant == "stated_only":
            basis = totals[totals["year"] == year].pivot(
                index="gso_code", columns="index", values="basis" if row.measure == "score" else "rank_basis"
            )
            read_off = basis[slugs].isin(["list_order", "derived", "inferred_year"]).any(axis=1)
            values = values[~read_off.reindex(values.index)]
        x, y = values.to_numpy().T
        assert row.n == len(x)
        if row.variant == "within_region":
            groups = places.table["region6"].reindex(values.index).to_numpy()
            if row.method == "spearman":
                x, y = stats.rankdata(x), stats.rankdata(y)
            expected = _kendall_within(x, y, groups) if row.method == "kendall" else _partial(x, y, groups)
        else:
            by = {"pearson": stats.pearsonr, "spearman": stats.spearmanr, "kendall": stats.kendalltau}
            test = by[row.method](x, y)
            expected = test.statistic
            assert row.p_theory == pytest.approx(test.pvalue, abs=1e-9)
        assert row.estimate == pytest.approx(expected, abs=1e-9), row


def test_what_a_third_party_compiled_counts_as_stated(of_years, totals):
    compiled = totals.query("year == 2012 and index == 'par' and basis == 'secondary'")["gso_code"]
    found = of_years[2012].query("index_a == 'par' and variant == 'stated_only' and measure == 'score'")
    assert len(compiled) > 15 and (found["n"] >= len(compiled)).all()


def test_the_pooled_coefficient_is_that_of_centred_shares(of_years, totals):
    parts = []
    for year in (2022, 2023, 2024):
        shares = (_wide(totals, year, "rank") - 0.5) / _wide(totals, year, "ranked").max()
        parts.append(shares - shares.mean())
    stacked = pd.concat(parts)
    found = of_years[2022].query("index_a == 'par' and index_b == 'papi' and variant == 'pooled'")
    found = found.set_index("measure").loc["rank"]
    assert (found["n"], found["clusters"]) == (len(stacked), stacked.index.nunique())
    assert found["estimate"] == pytest.approx(np.corrcoef(stacked.to_numpy().T)[0, 1], abs=1e-9)


def test_fixed_effects_of_ranks_are_dummies_in_statsmodels(indices_frame, known, totals):
    from statsmodels.regression.linear_model import OLS

    pair = known["par"], known["papi"]
    rows = totals.assign(share=1 - (totals["rank"] - 0.5) / totals["ranked"])
    rows = rows.pivot(index=["gso_code", "year"], columns="index", values="share")
    rows = rows[["par", "papi"]].astype(float).dropna().reset_index()
    while True:
        twice = rows[
            (rows.groupby("gso_code")["year"].transform("size") > 1)
            & (rows.groupby("year")["year"].transform("size") > 1)
        ]
        if len(twice) == len(rows):
            break
        rows = twice
    dummies = [pd.get_dummies(rows["gso_code"]), pd.get_dummies(rows["year"]).iloc[:, 1:]]
    regressors = np.column_stack([rows["par"], *dummies]).astype(float)
    groups = {"groups": pd.factorize(rows["gso_code"])[0]}
    fit = OLS(rows["papi"].to_numpy(), regressors).fit(cov_type="cluster", cov_kwds=groups)
    panel_rows = panel_models.paired_years(indices_frame, *pair, "rank", range(2012, 2025))
    slope = panel_models.two_way_fe(panel_rows)[0]
    assert (slope.n, slope.provinces) == (len(rows), rows["gso_code"].nunique())
    assert slope.estimate == pytest.approx(fit.params[0], abs=1e-9)
    assert slope.std_error == pytest.approx(fit.bse[0], rel=1e-9)


def test_concordance_of_papi_is_friedmans_statistic(indices_frame, known):
    ranks = panel.by_year(indices_frame, known["papi"], "rank")[[2021, 2022, 2023, 2024]].dropna()
    found = panel.concordance(ranks, draws=200)
    assert found.provinces == len(ranks) == 57
    assert found.chi_square == pytest.approx(stats.friedmanchisquare(*ranks.to_numpy()).statistic, abs=1e-9)


def test_moran_of_papi_is_that_of_esda_on_the_raw_boundaries(indices_frame, known, root, totals):
    scores = totals.query("index == 'papi' and year == 2022").set_index("gso_code")["score"].dropna()
    units = geopandas.read_file(root / "data" / "raw" / "boundaries" / "provinces63.geojson")
    units = units.set_index("gso_code").loc[sorted(scores.index)]
    queen = libpysal.weights.Queen.from_dataframe(units, use_index=True)
    queen.transform = "r"
    expected = esda.Moran(scores.reindex(queen.id_order).to_numpy(float), queen, permutations=0)
    made = spatial.borders(boundaries.load(root / "data" / "raw").set_index("gso_code"))
    found = spatial.year_table(indices_frame, known, made, 2022, permutations=99)
    found = found.query("statistic == 'moran' and index == 'papi'").iloc[0]
    assert (found["n"], found["measure"]) == (61, "score")
    assert found["estimate"] == pytest.approx(expected.I, abs=1e-9)
    assert found["expected"] == pytest.approx(expected.EI, abs=1e-12)


def test_rank_differences_of_long_an(indices_frame, known, totals):
    own = totals[(totals["gso_code"] == "80") & totals["index"].isin(["par", "papi"])]
    place = own.assign(place=63 * (own["rank"] - 0.5) / own["ranked"])
    gaps = place.pivot(index="year", columns="index", values="place").astype(float).dropna()
    gaps = gaps["papi"] - gaps["par"]
    expected = stats.ttest_1samp(gaps, 0)
    low, high = expected.confidence_interval()
    pair = known["par"], known["papi"]
    found = agreement.persistence(agreement.differences(indices_frame, *pair), *pair).set_index("gso_code")
    found = found.loc["80"]
    assert found["years"] == len(gaps) == 4
    assert found["difference"] == pytest.approx(gaps.mean(), abs=1e-9)
    assert (found["ci_low"], found["ci_high"]) == pytest.approx((low, high), abs=1e-9)
    assert found["p_value"] == pytest.approx(expected.pvalue, abs=1e-9)


# --- the 34 units of 2025 ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def with_2025(indices_frame, root):
    """The real figures, and synthetic ones of 2025: some codes mean other provinces than before."""
    codes = provinces.load(root / "data" / "raw", "34").codes
    rng = np.random.default_rng(2025)
    parts = [indices_frame]
    for slug in ("par", "papi", "sipas"):
        rows = indices_frame.query("index == @slug and year == 2024 and component == ''").iloc[[0] * 34]
        scores = np.round(70 + 5 * rng.standard_normal(34), 2) / (2 if slug == "papi" else 1)
        ranks = stats.rankdata(-scores, method="min").astype(int)
        parts.append(rows.assign(year=2025, gso_code=codes, score=scores, rank=ranks, ranked=34))
    return pd.concat(parts, ignore_index=True).astype(indices_frame.dtypes.to_dict())


def _same(found, expected):
    pd.testing.assert_frame_equal(found.reset_index(drop=True), expected.reset_index(drop=True))


def test_no_analysis_over_the_years_follows_a_code_into_other_units(
    with_2025, indices_frame, extended, known, root
):
    raw = root / "data" / "raw"
    pair = extended["par"], extended["papi"]
    _same(
        panel_models.convergence_table(with_2025, extended), panel_models.convergence_table(with_2025, known)
    )
    _same(panel.relations(with_2025, extended), panel.relations(indices_frame, extended))
    _same(
        agreement.differences(with_2025, *pair), agreement.differences(indices_frame, known["par"], pair[1])
    )
    _same(
        rank_intervals.over_runs(with_2025, extended, draws=50),
        rank_intervals.over_runs(indices_frame, extended, draws=50),
    )
    for analysis in (panel.concordances, panel.decomposition):
        options = {"draws": 50} if analysis is panel.concordances else {}
        found = analysis(with_2025, extended, raw, **options)
        assert len(found) and not found["years"].str.contains("2025").any()
    found = panel.persistence(with_2025, extended)
    assert len(found) and not (found["last"] == 2025).any()


def test_models_of_ranks_are_of_one_set_of_units(with_2025, indices_frame, known, extended, monkeypatch):
    # The bootstrap of the slope is not what is asked here.
    monkeypatch.setattr(panel_models, "wild_cluster", lambda x, y, *rest: (-1.0, 1.0, 0.5))
    by_rank = []
    for given, registry in ((with_2025, extended), (indices_frame, known)):
        two = dataclasses.replace(registry, indices={slug: registry[slug] for slug in ("par", "papi")})
        by_rank.append(panel_models.models_table(given, two).query("measure == 'rank'"))
    _same(*by_rank)
    with pytest.raises(comparability.UnitsChangedError):
        panel_models.paired_years(with_2025, extended["par"], extended["papi"], "rank", [2024, 2025])


def test_years_of_one_set():
    assert comparability.one_set([2026, 2023, 2024, 2022, 2025, 2024]) == [2022, 2023, 2024]
    assert comparability.one_set([2024, 2025, 2026]) == [2025, 2026]
    assert comparability.one_set([2024, 2025]) == [2025]
    assert comparability.one_set([]) == []
    comparability.check_units([2011, 2024])
    with pytest.raises(comparability.UnitsChangedError, match="2024: 63, 2025: 34 units"):
        comparability.check_units([2025, 2024])


def test_pooled_years_end_with_their_units(with_2025, extended, root):
    places = provinces.load(root / "data" / "raw", "34")
    of_pair = with_2025[with_2025["index"].isin(["par", "papi"])]
    found = correlation.pairs(of_pair, extended, places, 2025)
    assert set(found.query("variant == 'pooled'")["reason"]) == {"correlate.reason_one_year"}
    assert set(found.query("variant == 'plain'")["n"]) == {34}


# --- nothing, one, all alike -------------------------------------------------------------------------------


def test_figures_of_one_region_end_in_reasons(indices_frame, known, places, root):
    region = places.table.index[places.table["region6"] == places.table["region6"].iloc[-1]]
    figures = indices_frame[(indices_frame["index"] != "par") | indices_frame["gso_code"].isin(region)]
    made = spatial.borders(boundaries.load(root / "data" / "raw").set_index("gso_code"))
    # No province at all has the scores of PAR INDEX and SIPAS.
    nobody = figures[(figures["index"] != "sipas") | ~figures["gso_code"].isin(region)]
    for given in (figures, nobody):
        found = spatial.year_table(given, known, made, 2022, permutations=99)
        assert (found["estimate"].isna() == (found["reason"] != "")).all()
        assert not selection.compare(given, known, places, 2022, draws=99).empty
    assert (found["n"] == 0).any()
    within = correlation.pairs(figures[figures["index"] != "sipas"], known, places, 2022)
    within = within.query("variant == 'within_region'")
    assert within["estimate"].isna().all() and (within["reason"] != "").all()


def test_what_rounding_leaves_of_ties_is_no_variation(indices_frame, known):
    ranks = np.tile([0.991, 0.9918, 0.9919], (57, 1))
    assert panel.intraclass(ranks).reason == "panel.reason_no_spread"
    tied = indices_frame.assign(rank=indices_frame["rank"].where(indices_frame["index"] != "par", 1))
    pair = known["par"], known["papi"]
    found = agreement.differences(tied, *pair)
    assert found["difference"].isna().all() and set(found["reason"]) == {"agreement.reason_tied"}
    yearly = agreement.by_year(found, *pair)
    assert yearly["kappa"].isna().all() and set(yearly["reason"]) == {"agreement.reason_tied"}
    assert agreement.persistence(found, *pair).empty


def test_a_years_only_pair_is_no_observation():
    rng = np.random.default_rng(1)
    x, y, units = rng.random(20), rng.random(20), [f"{number:02}" for number in range(10)] * 2
    years = [2001] * 10 + [2002] * 10
    alone = coefficients.pooled([*x, 0.5], [*y, 0.9], [*years, 2003], [*units, "99"], draws=200)
    assert alone == coefficients.pooled(x, y, years, units, draws=200)
    assert (alone.n, alone.clusters, alone.years) == (20, 10, "2001–2002")
    one_year = coefficients.pooled([*x[:10], 0.5], [*y[:10], 0.9], [*years[:10], 2002], units[:11], draws=9)
    assert one_year.reason == "correlate.reason_one_year"


def test_holm_by_its_definition_whatever_is_missing():
    p_values = [0.01, math.nan, 0.04, 0.03, math.nan]
    assert correlation.holm(p_values) == pytest.approx([0.03, math.nan, 0.06, 0.06, math.nan], nan_ok=True)
    assert np.isnan(correlation.holm([math.nan])).all() and len(correlation.holm([])) == 0


def test_draws_of_selection_are_those_of_a_plain_loop():
    population, n, draws = np.arange(20.0) ** 2, 7, 300
    generator = np.random.default_rng(5)
    orders = generator.permuted(np.tile(np.arange(20), (draws, 1)), axis=1)[:, :n]
    means = [population[order].mean() for order in orders]
    found = selection.random_draws(population, n, np.mean, 100.0, seed=5, draws=draws)
    tail = 1 + min(sum(mean <= 100 for mean in means), sum(mean >= 100 for mean in means))
    assert found["p_value"] == pytest.approx(2 * tail / (1 + draws))
    assert found["draw_low"] == pytest.approx(np.quantile(means, 0.025))
