"""Models over several years against other implementations and published values; what is said of them."""

import math
import warnings

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from hypothesis import given, settings
from hypothesis import strategies as st
from linearmodels import BetweenOLS
from linearmodels.datasets import jobtraining
from scipy import stats
from statsmodels.datasets import grunfeld

from helpers import comparability, models_findings, panel_models, wording
from helpers.panel import PANEL_COLUMNS, WITHIN_YEAR
from helpers.panel_models import changes, first_differences, mixed, pitman_morgan, two_way_fe


@pytest.fixture(autouse=True)
def _no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def _synthetic_panel(provinces=20, years=6, known=0.6, slope=0.5, seed=1):
    """Invented figures with effects of provinces and years; some province-years are missing."""
    draw = np.random.default_rng(seed)
    rows = pd.MultiIndex.from_product(
        [[f"{i:02d}" for i in range(provinces)], range(2012, 2012 + years)], names=["gso_code", "year"]
    )
    table = rows.to_frame(index=False)
    level, shift = draw.normal(size=provinces), draw.normal(size=years)
    codes, years = table["gso_code"].astype(int), table["year"] - 2012
    table["a"] = level[codes] + draw.normal(size=len(table))
    table["b"] = slope * table["a"] + 2 * level[codes] + shift[years] + draw.normal(size=len(table))
    return table[draw.random(len(table)) < known].reset_index(drop=True)


def _by_term(slopes):
    return {slope.term: slope for slope in slopes}


def _grunfeld():
    # The ten firms of the textbooks; the packaged table has an eleventh.
    table = grunfeld.load_pandas().data.query("firm != 'American Steel'")
    table = table.rename(columns={"firm": "gso_code"}).astype({"gso_code": str, "year": int})
    return table.reset_index(drop=True)


# --- two-way fixed effects ---------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2])
def test_fixed_effects_are_least_squares_with_dummies(seed):
    panel = _synthetic_panel(known=0.5, seed=seed)
    sample = panel_models.without_singletons(panel)
    found = _by_term(two_way_fe(panel))
    groups = {"groups": sample["gso_code"].astype(int)}
    fit = smf.ols("b ~ a + C(gso_code) + C(year)", sample).fit(
        cov_type="cluster", cov_kwds=groups, use_t=True
    )
    low, high = fit.conf_int().loc["a"]
    for term in ("slope", "slope_t"):
        assert found[term].estimate == pytest.approx(fit.params["a"], abs=1e-9)
        assert found[term].std_error == pytest.approx(fit.bse["a"], abs=1e-9)
        assert (found[term].n, found[term].provinces) == (len(sample), sample["gso_code"].nunique())
    assert (found["slope_t"].ci_low, found["slope_t"].ci_high) == pytest.approx((low, high), abs=1e-9)
    assert found["slope_t"].p_value == pytest.approx(fit.pvalues["a"], abs=1e-9)


@pytest.mark.parametrize(
    ("a", "other", "published"), [("value", "capital", 0.11771585), ("capital", "value", 0.35791627)]
)
def test_grunfeld_with_effects_of_firms_and_years(a, other, published):
    # Output of Stata's reghdfe for invest on value and capital, absorb(firm year); the other regressor is
    # taken out first (Frisch & Waugh 1933).
    table = _grunfeld()
    rest = {
        column: smf.ols(f"{column} ~ {other} + C(gso_code) + C(year)", table).fit().resid
        for column in ("invest", a)
    }
    panel = table[["gso_code", "year"]].assign(a=rest[a], b=rest["invest"])
    assert two_way_fe(panel)[0].estimate == pytest.approx(published, abs=1e-8)


def _job_training():
    table = jobtraining.load()[["fcode", "year", "grant", "lscrap", "clscrap"]]
    return table.set_axis(["gso_code", "year", "a", "b", "change"], axis=1).dropna(subset="b")


def test_first_differences_are_those_of_the_packaged_table():
    # Wooldridge, Introductory Econometrics, section 13.4: the change of log(scrap) on that of grant, 1987 to
    # 1988, has the slope -0.317 for 54 firms. With two years fixed effects are the same.
    table = _job_training()
    two = table[table["year"] < 1989]
    for slopes, n in ((first_differences(two), 54), (two_way_fe(two), 108)):
        assert slopes[0].estimate == pytest.approx(-0.317, abs=5e-4)
        assert (slopes[0].n, slopes[0].provinces) == (n, 54)
    merged = changes(table[["gso_code", "year", "a", "b"]]).merge(table, on=["gso_code", "year"])
    assert len(merged) == 108
    # The packaged changes are in single precision.
    assert np.allclose(merged["b_x"], merged["change"], atol=1e-6)


def test_first_differences_are_least_squares_on_differences():
    sample = changes(_synthetic_panel())
    groups = {"groups": sample["gso_code"].astype(int)}
    fit = smf.ols("b ~ a + C(year)", sample).fit(cov_type="cluster", cov_kwds=groups)
    found = first_differences(_synthetic_panel())[0]
    assert found.estimate == pytest.approx(fit.params["a"], abs=1e-9)
    assert found.std_error == pytest.approx(fit.bse["a"], abs=1e-9)


def test_a_gap_of_two_years_is_no_first_difference():
    panel = pd.DataFrame(
        {"gso_code": ["01"] * 4, "year": [2012, 2013, 2015, 2016], "a": [1, 3, 9, 4], "b": [2.0, 2.5, 7, 8]}
    )
    found = changes(panel)
    assert found["year"].tolist() == [2013, 2016]
    assert found["a"].tolist() == [2, -5] and found["b"].tolist() == [0.5, 1]


def test_singletons_change_nothing_and_are_counted():
    panel = panel_models.without_singletons(_synthetic_panel())
    alone = pd.DataFrame(
        {"gso_code": ["97", "98", "99"], "year": [2012, 2030, 2013], "a": [9.0, -9, 3], "b": [0.0, 9, 9]}
    )
    found = two_way_fe(pd.concat([panel, alone], ignore_index=True))
    assert found[:2] == two_way_fe(panel)
    assert (found[2].term, found[2].n, found[2].provinces) == ("left_out", 3, 3)
    assert mixed(pd.concat([panel, alone], ignore_index=True)) == mixed(panel)


def test_a_chain_of_singletons_is_dropped_to_its_end():
    # Without province 02, whose only year is 2013, that year has one province left, and so has 01 one year.
    panel = pd.DataFrame({"gso_code": ["01", "01", "02"], "year": [2012, 2013, 2013], "a": 1.0, "b": 1.0})
    assert panel_models.without_singletons(panel).empty


# --- the bootstrap -----------------------------------------------------------------------------------------


def _residuals(panel):
    basis = panel_models._basis(panel_models._dummies(panel["gso_code"], panel["year"]))
    return *(panel_models._rest(panel[column].to_numpy(), basis) for column in ("a", "b")), basis


@pytest.mark.parametrize("provinces", [9, 16])
def test_the_bootstrap_is_the_one_written_out_as_regressions(provinces):
    panel = panel_models.without_singletons(_synthetic_panel(provinces, known=0.7, slope=0.2))
    x, y, basis = _residuals(panel)
    codes = pd.factorize(panel["gso_code"])[0]
    draws = 199
    low, high, p_value = panel_models.wild_cluster(x, y, panel["gso_code"], basis, 5, draws)

    def t_of(outcome):
        rest = panel_models._rest(outcome, basis)
        slope = x @ rest / (x @ x)
        scores = np.bincount(codes, x * (rest - slope * x))
        return slope * (x @ x) / np.sqrt(np.sum(scores**2))

    six = [-math.sqrt(1.5), -1, -math.sqrt(0.5), math.sqrt(0.5), 1, math.sqrt(1.5)]
    weights = np.array(six if provinces < panel_models.FEW_CLUSTERS else [-1.0, 1.0])
    drawn = np.random.default_rng(5).choice(weights, (codes.max() + 1, draws))

    def p_of(tested):
        under = y - tested * x
        more = sum(abs(t_of(under * drawn[codes, i])) >= abs(t_of(under)) * (1 - 1e-9) for i in range(draws))
        return (1 + more) / (1 + draws)

    assert p_value == p_of(0.0)
    for end, outside in ((low, -1e-6), (high, 1e-6)):
        assert p_of(end - outside) > 0.05 >= p_of(end + outside)


def test_the_p_value_is_uniform_under_a_synthetic_null():
    found = []
    for seed in range(150):
        panel = panel_models.without_singletons(_synthetic_panel(12, 4, 0.8, slope=0.0, seed=seed))
        x, y, basis = _residuals(panel)
        found.append(panel_models.wild_cluster(x, y, panel["gso_code"], basis, seed, 199)[2])
    assert stats.kstest(found, "uniform").pvalue > 0.01
    assert 0.01 <= np.mean(np.array(found) <= 0.05) <= 0.1


def test_the_interval_agrees_with_the_p_value_and_repeats():
    for seed in range(3):
        panel = _synthetic_panel(slope=0.15 * seed, seed=seed)
        found = two_way_fe(panel)[0]
        assert found.ci_low < found.estimate < found.ci_high
        assert (found.p_value <= 0.05) == (not found.ci_low <= 0 <= found.ci_high)
        assert found == two_way_fe(panel)[0]


@settings(max_examples=4, deadline=None)
@given(st.floats(0.1, 10), st.floats(-5, 5), st.integers(0, 1000))
def test_slopes_follow_the_units_and_ignore_effects_and_order(factor, shift, seed):
    panel = _synthetic_panel(seed=seed)
    moved = panel.assign(
        a=factor * panel["a"] + shift * panel["gso_code"].astype(int),
        b=panel["b"] + shift * (panel["year"] - 2012) ** 2,
    ).sample(frac=1, random_state=seed)
    for model in (two_way_fe, first_differences):
        plain, other = model(panel)[1], model(moved.sort_values(["gso_code", "year"], ignore_index=True))[1]
        if model is first_differences:
            # A province's own level drops out of differences, a level that moves with the years does too.
            assert other.n == plain.n
        assert factor * other.estimate == pytest.approx(plain.estimate, abs=1e-6)
        assert other.p_value == pytest.approx(plain.p_value, abs=1e-5)


# --- the mixed model ---------------------------------------------------------------------------------------


def test_the_mixed_model_of_a_balanced_panel_is_within_and_between():
    panel = _grunfeld().rename(columns={"value": "a", "invest": "b"})[["gso_code", "year", "a", "b"]]
    found = _by_term(mixed(panel))
    between = BetweenOLS.from_formula("b ~ 1 + a", panel.set_index(["gso_code", "year"])).fit()
    within = two_way_fe(panel)[0].estimate
    assert found["within"].estimate == pytest.approx(within, abs=1e-9)
    assert found["between"].estimate == pytest.approx(between.params["a"], abs=1e-9)
    assert found["between_minus_within"].estimate == pytest.approx(between.params["a"] - within, abs=1e-9)
    assert found["within_minus_fe"].estimate == pytest.approx(0, abs=1e-9)
    assert math.isnan(found["within_minus_fe"].std_error)


def test_the_mixed_model_is_close_to_fixed_effects_where_the_panel_is_not_balanced():
    panel = _synthetic_panel(provinces=60)
    found, fixed = _by_term(mixed(panel)), two_way_fe(panel)[0]
    assert abs(found["within_minus_fe"].estimate) < 0.1 * fixed.std_error
    assert found["within_minus_fe"].estimate == pytest.approx(
        found["within"].estimate - fixed.estimate, abs=1e-9
    )
    # The effects of provinces are twice the level of a: between them the slope is steeper.
    assert found["between_minus_within"].ci_low > 0


def test_standard_errors_are_those_of_generalised_least_squares():
    from statsmodels.regression.mixed_linear_model import MixedLM

    panel = panel_models.without_singletons(_synthetic_panel(seed=3))
    codes = panel["gso_code"].to_numpy()
    level = panel.groupby("gso_code")["a"].transform("mean")
    design = np.column_stack([panel["a"], level, panel_models._dummies(panel["year"])])
    covariance = panel_models._gls_covariance(design, panel["gso_code"], 2.5, 0.7)
    variance = 0.7 * np.eye(len(panel)) + 2.5 * (codes[:, None] == codes)
    assert covariance == pytest.approx(np.linalg.inv(design.T @ np.linalg.solve(variance, design)), abs=1e-9)
    # The library inverts the observed information of all parameters, which is close to it.
    fit = MixedLM(panel["b"].to_numpy(), design, codes).fit(reml=True)
    covariance = panel_models._gls_covariance(
        design, panel["gso_code"], float(fit.cov_re[0, 0]), float(fit.scale)
    )
    assert np.sqrt(np.diag(covariance))[:2] == pytest.approx(fit.bse_fe[:2], rel=0.03)


def test_no_variance_between_provinces_is_no_failure():
    panel = _synthetic_panel(seed=3).assign(b=lambda table: np.random.default_rng(4).normal(size=len(table)))
    # Provinces made alike: their own means taken out, nothing is left to the random intercept.
    panel["b"] -= panel.groupby("gso_code")["b"].transform("mean")
    found = _by_term(mixed(panel))
    assert not found["within"].reason and math.isfinite(found["between"].std_error)


def test_a_fit_that_does_not_converge_gives_no_number(monkeypatch):
    monkeypatch.setattr(panel_models, "_mixed_lm", lambda *_: None)
    found = mixed(_synthetic_panel())
    assert {slope.reason for slope in found} == {"models.reason_converge"}
    assert all(math.isnan(slope.estimate) for slope in found)


# --- refusals ----------------------------------------------------------------------------------------------


def _spoiled():
    panel = _synthetic_panel(known=1.0)
    years = panel["year"]
    return {
        "few": panel[panel["gso_code"] < "07"],
        "empty": panel[:0],
        "one_year": panel[years == 2012],
        "a_constant": panel.assign(a=1.0),
        "a_of_provinces": panel.assign(a=panel["gso_code"].astype(float)),
        "b_of_years": panel.assign(b=years.astype(float)),
        "both_the_same": panel.assign(b=panel["a"]),
        "infinite": panel.assign(a=panel["a"].where(panel.index != 3, math.inf)),
        "ties": panel.assign(a=0.5, b=0.5),
    }


@pytest.mark.parametrize("case", _spoiled())
def test_spoiled_panels_give_a_reason_and_no_number(case):
    for model in (two_way_fe, first_differences, mixed):
        for slope in model(_spoiled()[case]):
            assert slope.reason, (case, model.__name__)
            assert math.isnan(slope.estimate) and math.isnan(slope.ci_low) and math.isnan(slope.p_value)
            for language in wording.LANGUAGES:
                assert models_findings.reason_text(slope.reason, language)


def test_province_years_that_only_just_fill_the_parameters_are_refused():
    # A ring: every province has two years, every year two provinces, and no cell is left to judge by.
    codes = [f"{i:02d}" for i in range(10) for _ in (0, 1)]
    years = [2000 + (i + step) % 10 for i in range(10) for step in (0, 1)]
    draw = np.random.default_rng(0)
    panel = pd.DataFrame({"gso_code": codes, "year": years, "a": draw.random(20), "b": draw.random(20)})
    assert two_way_fe(panel)[0].reason == mixed(panel)[0].reason == "models.reason_degrees"


# --- convergence -------------------------------------------------------------------------------------------


def test_pitman_morgan_is_the_published_example():
    # Zar, Biostatistical Analysis, example 9.3 (legs of deer): t = -0.656; output of R's PairedData.
    hind = [142, 140, 144, 144, 142, 146, 149, 150, 142, 148]
    fore = [138, 136, 147, 139, 143, 141, 143, 145, 136, 146]
    found = _by_term(pitman_morgan(fore, hind))
    assert found["sd_first"].estimate ** 2 == pytest.approx(16.26667, abs=5e-6)
    assert found["sd_last"].estimate ** 2 == pytest.approx(11.56667, abs=5e-6)
    ratio = found["sd_ratio"]
    assert (ratio.ci_low**2, ratio.ci_high**2) == pytest.approx((0.227042, 2.226964), abs=5e-7)
    assert ratio.p_value == pytest.approx(0.5303, abs=5e-5)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 10), st.integers(8, 40))
def test_pitman_morgan_holds_what_its_definition_says(seed, factor, n):
    first, last = np.random.default_rng(seed).normal(size=(2, n))
    last = factor * last + first
    found, turned = (_by_term(pitman_morgan(*pair))["sd_ratio"] for pair in ((first, last), (last, first)))
    assert found.estimate * turned.estimate == pytest.approx(1)
    assert found.ci_low * turned.ci_high == pytest.approx(1)
    # At either end the two, brought to that ratio, are only just told apart.
    for end in (found.ci_low, found.ci_high):
        assert stats.pearsonr(last / end + first, last / end - first).pvalue == pytest.approx(0.05, abs=1e-6)


def _synthetic_scores(provinces, persistence, seed=0):
    """Invented scores of five years: lasting differences and disturbances that fade, nobody catches up."""
    draw = np.random.default_rng(seed)
    disturbance = [draw.normal(size=provinces)]
    for _ in range(4):
        new = draw.normal(size=provinces) * math.sqrt(1 - persistence**2)
        disturbance.append(persistence * disturbance[-1] + new)
    return pd.DataFrame(draw.normal(size=provinces) + np.array(disturbance)).T


@pytest.mark.parametrize("persistence", [0.0, 0.5])
def test_regression_to_the_mean_is_no_catching_up(persistence):
    scores = _synthetic_scores(20_000, persistence)
    plain, corrected = panel_models.catching_up(
        scores[0], scores[4] - scores[0], scores[[1, 2, 3]].mean(axis=1)
    )
    assert plain.ci_high < -0.4
    assert corrected.estimate == pytest.approx(0, abs=0.05)


def test_slopes_of_catching_up_by_hand():
    scores = _synthetic_scores(40, 0.0, seed=2)
    start, change, between = scores[0], scores[4] - scores[0], scores[[1, 2, 3]].mean(axis=1)
    plain, corrected = panel_models.catching_up(start, change, between)
    design = np.column_stack([np.ones(40), start])
    inverse = np.linalg.inv(design.T @ design)
    residual = change - design @ (inverse @ design.T @ change)
    leverage = np.einsum("ij,jk,ik->i", design, inverse, design)
    meat = design.T * (residual.to_numpy() / (1 - leverage)) ** 2 @ design
    assert plain.estimate == pytest.approx((inverse @ design.T @ change)[1], abs=1e-9)
    assert plain.std_error == pytest.approx(math.sqrt((inverse @ meat @ inverse)[1, 1]), abs=1e-9)
    ratio = np.cov(between, change)[0, 1] / np.cov(between, start)[0, 1]
    assert corrected.estimate == pytest.approx(ratio, abs=1e-9)


def test_spoiled_scores_give_a_reason_and_no_number():
    scores = _synthetic_scores(20, 0.0)
    start, change = scores[0], scores[4] - scores[0]
    between = pd.Series(np.random.default_rng(9).normal(size=20))
    assert panel_models.catching_up(start, change, between)[1].reason == "models.reason_weak"
    cases = {
        "few_ends": (start[:7], change[:7]),
        "constant": (start * 0, change),
        "exact": (start, -start),
        "infinite": (start.where(start.index != 3, math.inf), change),
    }
    for reason, (first, moved) in cases.items():
        for slope in panel_models.catching_up(first, moved, first + 0.1):
            assert slope.reason == f"models.reason_{reason}" and math.isnan(slope.estimate)
    alone = pd.Series([0.0] * 11 + [1.0])
    assert panel_models.catching_up(alone, change[:12], alone)[0].reason == "models.reason_lever"
    assert pitman_morgan(start, start + 1)[-1].reason == "models.reason_exact"
    assert pitman_morgan(start, start * 0)[-1].reason == "models.reason_constant"


# --- the real figures --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def models(indices_frame, known):
    return panel_models.models_table(indices_frame, known)


@pytest.fixture(scope="module")
def convergence(indices_frame, known):
    return panel_models.convergence_table(indices_frame, known)


def test_rows_are_complete_or_say_why_not(models, convergence):
    for table in (models, convergence):
        assert list(table.columns) == PANEL_COLUMNS
        assert not table.duplicated(["analysis", "index_a", "index_b", "measure", "series", "term"]).any()
        given = table["reason"] == ""
        assert table["estimate"].notna().eq(given).all()
        bare = table["term"].isin(["within_minus_fe", "sd_first", "sd_last"])
        intervals = table[["ci_low", "ci_high", "p_value"]].notna()
        assert intervals.all(axis=1).eq(given & ~bare).all()
        assert (table.loc[given, "provinces"] >= panel_models.MINIMUM_PROVINCES).all()


def test_scores_are_never_compared_across_a_series_break(models, convergence, known):
    rows = pd.concat([models[models["measure"] != "rank"], convergence])
    for row in rows[rows["years"] != ""].itertuples():
        years = [int(year) for year in row.years.split("-")]
        for slug in filter(None, (row.index_a, row.index_b)):
            comparability.check_comparable(known[slug], years)
    assert set(models.loc[models["measure"] == "rank", "series"]) == {WITHIN_YEAR}


def test_a_part_is_taken_out_of_its_whole(models, indices_frame, known):
    pair = models[(models["index_a"] == "par") & (models["index_b"] == "sipas")]
    assert set(pair.loc[pair["measure"] == "rank", "reason"]) == {"models.reason_ranks"}
    assert set(pair.loc[pair["measure"] == "score", "years"]) == {"2019-2021", "2022-2024"}
    found = panel_models.paired_years(indices_frame, known["par"], known["sipas"], "score", [2018, 2022])
    assert set(found["year"]) == {2022}
    totals = indices_frame.query("index == 'par' and year == 2022 and component == ''").set_index("gso_code")
    taken = totals.loc[found["gso_code"], "score"].to_numpy() - found["a"]
    assert taken.between(7, 9).all()
    turned = panel_models.paired_years(indices_frame, known["sipas"], known["par"], "score", [2022])
    assert turned["b"].tolist() == found["a"].tolist()


def test_shares_of_ranks_go_up_and_stay_inside(indices_frame, known):
    found = panel_models.paired_years(indices_frame, known["papi"], known["pci"], "rank", range(2011, 2017))
    assert len(found) == 376
    assert found[["a", "b"]].min().min() > 0 and found[["a", "b"]].max().max() < 1
    best = indices_frame.query("index == 'papi' and year == 2015 and component == '' and rank == 1")
    row = found[(found["year"] == 2015) & (found["gso_code"] == best["gso_code"].iloc[0])]
    assert row["a"].item() == pytest.approx(1 - 0.5 / 63)


def test_standard_deviations_are_the_points_in_other_units(models):
    names = ["analysis", "index_a", "index_b", "series", "term"]
    points, units = (
        models[(models["measure"] == measure) & (models["estimate"].notna())].set_index(names)
        for measure in ("score", "z")
    )
    assert len(points) == len(units) > 0
    factor = units["estimate"] / points["estimate"]
    assert factor.groupby(["index_a", "index_b", "series"]).agg(np.ptp).max() < 1e-9
    assert units["p_value"].equals(points["p_value"])


def test_a_single_index_has_no_models(indices_frame, known):
    alone = indices_frame[indices_frame["index"] == "papi"]
    table = panel_models.models_table(alone, known)
    assert (table["reason"] != "").all() and table["estimate"].isna().all()
    for language in wording.LANGUAGES:
        for measure in ("rank", "score", "z"):
            assert models_findings.in_words(table, known, measure, language)
            rows, left_out = models_findings.readable(table, known, measure, language)
            assert rows.empty and left_out


# --- words -------------------------------------------------------------------------------------------------

_CAUSAL = ("prove", "affect", "leads to", "improves", "drives", "no difference", "effect of", "causes ")


def _all_texts(models, convergence, known, language):
    texts = [models_findings.in_words(models, known, measure, language) for measure in ("rank", "score", "z")]
    texts.append(models_findings.between_in_words(models, known, language))
    texts.append(models_findings.convergence_in_words(convergence, known, language))
    return [*texts, models_findings.caution(language), models_findings.method(language)]


def test_words_hedge(models, convergence, known):
    for text in _all_texts(models, convergence, known, "en"):
        assert not [word for word in _CAUSAL if word in text.lower()], text
    for text in _all_texts(models, convergence, known, "vi"):
        assert "{" not in text and "dẫn đến" not in text


def _altered(models, term_of=("two_way_fe", "slope"), pair=("par", "papi"), **changes):
    table = models[models["measure"] == "rank"].copy()
    where = (table["analysis"] == term_of[0]) & (table["term"] == term_of[1])
    where &= (table["index_a"] == pair[0]) & (table["index_b"] == pair[1])
    table.loc[where, list(changes)] = list(changes.values())
    return table


@pytest.mark.parametrize(
    ("changes_", "said"),
    [
        (
            {"estimate": 0.3, "ci_low": 0.1, "ci_high": 0.5, "p_value": 1e-3},
            "tended to be years in which it was higher than usual",
        ),
        (
            {"estimate": -0.3, "ci_low": -0.5, "ci_high": -0.1, "p_value": 1e-3},
            "tended to be years in which it was lower than usual",
        ),
        (
            {"estimate": 0.3, "ci_low": -0.1, "ci_high": 0.5, "p_value": 0.2},
            "Taking only changes from one year",
        ),
        (
            {"estimate": 0.3, "ci_low": 0.1, "ci_high": 0.5, "p_value": 0.04},
            "several comparisons are allowed",
        ),
    ],
)
def test_sentences_follow_the_interval(models, known, changes_, said):
    text = models_findings.in_words(_altered(models, **changes_), known, "rank", "en")
    assert said in text.split("- There is no evidence")[0]
    assert f"{wording.number(10 * changes_['estimate'], 'en')} places in PAPI for 10 places up" in text


def test_catching_up_is_said_of_the_corrected_slope_alone(convergence, known):
    table = convergence.copy()
    where = (table["index_a"] == "papi") & (table["term"] == "slope_corrected")
    columns = ["estimate", "ci_low", "ci_high"]
    for values, said in (
        ((-0.2, -0.5, 0.1), "no evidence that provinces that began lower"),
        ((-0.3, -0.5, -0.1), "provinces that began lower gained more on average"),
        ((0.3, 0.1, 0.5), "provinces that began lower gained less on average"),
    ):
        table.loc[where, columns] = values
        text = models_findings.convergence_in_words(table, known, "en")
        assert text.count(said) == 2 and "regression to the mean" in text


def test_tables_for_the_page(models, convergence, known):
    for language in wording.LANGUAGES:
        table, left_out = models_findings.readable(models, known, "rank", language)
        pairs = models[models["measure"] == "rank"].groupby(["index_a", "index_b"])
        assert len(table) == 4 and len(table) + len(left_out) == len(pairs)
        table, left_out = models_findings.readable_convergence(convergence, known, language)
        assert len(table) == 2 and "PCI" in [name for name, *_ in left_out]
    written = models_findings.written(pd.concat([models, convergence]))
    assert list(written.columns) == PANEL_COLUMNS
    assert not written["reason"].str.contains("models.").any()
