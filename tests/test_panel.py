"""All years: against published values and second libraries, refusals, what the sentences say."""

import itertools
import math
import re
import warnings

import numpy as np
import pandas as pd
import pingouin
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from helpers import (
    agreement,
    comparability,
    panel,
    panel_findings,
    panel_models,
    panel_opening,
    provinces,
    registry,
    wording,
)
from helpers.panel import WITHIN_YEAR

DRAWS = 500


@pytest.fixture(autouse=True)
def _no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.fixture(scope="module")
def raw_folder(root):
    return root / "data" / "raw"


@pytest.fixture(scope="module")
def described(indices_frame, known, raw_folder):
    return panel.describe(indices_frame, known, raw_folder, draws=DRAWS)


def _rows(described, analysis, term=None):
    rows = described.rows[described.rows["analysis"] == analysis]
    return rows if term is None else rows[rows["term"] == term]


# --- Kendall's W -------------------------------------------------------------------------------------------

# The data set `anxiety` of R's package irr: 20 subjects, 3 raters, many ties.
ANXIETY = np.array(
    [
        [3, 3, 3, 4, 5, 5, 2, 3, 5, 2, 2, 6, 1, 5, 2, 2, 1, 2, 4, 3],
        [3, 6, 4, 6, 2, 4, 2, 4, 3, 3, 2, 3, 3, 3, 2, 2, 1, 3, 3, 4],
        [2, 1, 4, 4, 3, 2, 1, 6, 1, 1, 1, 2, 3, 3, 1, 1, 3, 3, 2, 2],
    ]
).T


def test_concordance_is_the_published_value_with_ties():
    # Published in the reference of DescTools::KendallW: 0.5396569, corrected for ties.
    assert panel.concordance(ANXIETY, DRAWS).w == pytest.approx(0.5396569, abs=5e-8)


def test_concordance_is_that_of_pingouin_on_the_real_ranks(indices_frame, known):
    ranks = panel.by_year(indices_frame, known["papi"], "rank")[[2021, 2022, 2023, 2024]].dropna()
    found = panel.concordance(ranks, DRAWS)
    expected = _of_pingouin(pingouin.friedman, ranks.T.set_axis(range(len(ranks)), axis=1)).iloc[0]
    assert (found.provinces, found.years) == (57, 4)
    assert found.w == pytest.approx(expected["W"], abs=1e-9)
    assert found.chi_square == pytest.approx(expected["Q"], abs=1e-9)
    assert found.p_chi_square == pytest.approx(expected["p_unc"], rel=1e-6)
    assert found.p_permutation == pytest.approx(1 / (1 + DRAWS))


def test_concordance_follows_from_the_mean_of_spearmans_coefficients():
    scores = np.random.default_rng(3).normal(size=(20, 5)) + np.arange(20)[:, None] / 8
    pairs = [stats.spearmanr(*pair).statistic for pair in itertools.combinations(scores.T, 2)]
    assert panel.concordance(scores, DRAWS).mean_spearman == pytest.approx(np.mean(pairs), abs=1e-12)


def test_permutation_p_of_three_things_in_two_years_is_that_of_all_six_orders(monkeypatch):
    monkeypatch.setattr(panel, "MINIMUM_PAIRS", 3)
    # The same order twice is one of six; reversed, nothing can be less alike.
    assert panel.concordance([[1, 1], [2, 2], [3, 3]]).p_permutation == pytest.approx(1 / 6, abs=0.02)
    assert panel.concordance([[1, 3], [2, 2], [3, 1]]).p_permutation == 1


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(8, 15), st.integers(2, 4))
def test_concordance_does_not_change_under_monotone_transforms(seed, n, m):
    table = np.random.default_rng(seed).integers(0, 10, (n, m)).astype(float)
    table[0], table[1] = 0, 9
    found = panel.concordance(table, 50)
    assert 0 <= found.w <= 1 + 1e-12 and 0 < found.p_permutation <= 1
    assert panel.concordance(table**3 + 5, 50) == found
    assert panel.concordance(-table, 50).w == pytest.approx(found.w, abs=1e-12)


# --- intraclass correlation --------------------------------------------------------------------------------


def test_intraclass_is_the_published_value_of_shrout_and_fleiss(monkeypatch):
    monkeypatch.setattr(panel, "MINIMUM_PAIRS", 6)
    ratings = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    # Their table 4: ICC(3,1) = .71, with MSB 11.24 and MSE 1.02.
    found = panel.intraclass(ratings)
    assert found.share == pytest.approx(0.71, abs=0.005)
    assert found.within == pytest.approx(1.02, abs=0.005)
    assert found.within + 4 * found.between == pytest.approx(11.24, abs=0.005)


def _of_pingouin(compute, *arguments):
    # It uses an argument of pandas that is going out of use.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return compute(*arguments)


@pytest.mark.parametrize("years", [(2011, 2015), (2016, 2017), (2021, 2024)])
def test_intraclass_is_that_of_pingouin_on_the_real_scores(indices_frame, known, described, years):
    scores = panel.by_year(indices_frame, known["papi"], "score")
    complete = scores[range(years[0], years[1] + 1)].dropna()
    long = complete.melt(ignore_index=False, var_name="rater", value_name="score")
    long = long.rename_axis("target").reset_index()
    expected = _of_pingouin(pingouin.intraclass_corr, long, "target", "rater", "score")
    expected = expected.set_index("Type").loc["ICC(C,1)"]
    row = _rows(described, "icc", "icc").query("index_a == 'papi' and measure == 'score'")
    row = row.set_index("years").loc[f"{years[0]}-{years[1]}"]
    assert row["estimate"] == pytest.approx(expected["ICC"], abs=1e-9)
    # pingouin rounds the interval to two decimals.
    assert [row["ci_low"], row["ci_high"]] == pytest.approx(list(expected["CI95"]), abs=0.0051)
    assert row["provinces"] == len(complete) and row["n"] == complete.size


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(8, 20), st.integers(2, 5))
def test_intraclass_leaves_out_what_all_provinces_share(seed, n, k):
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(n, k)) + rng.normal(size=(n, 1))
    found = panel.intraclass(table)
    other = panel.intraclass(3 * (table + rng.normal(0, 50, (1, k))))
    assert -1 / (k - 1) <= found.ci_low <= found.share <= found.ci_high <= 1
    assert other.share == pytest.approx(found.share, abs=1e-9)
    assert other.within == pytest.approx(9 * found.within, rel=1e-8)


# --- between and within ------------------------------------------------------------------------------------


def test_within_one_way_is_the_repeated_measures_correlation():
    data = pingouin.read_dataset("rm_corr")
    found = panel.within_correlation(data["pH"], data["PacO2"], data["Subject"])
    # Published by Bakdash & Marusich (2017) from the data of Bland & Altman (1995): -0.507.
    assert found.estimate == pytest.approx(-0.50677, abs=5e-6)
    expected = _of_pingouin(pingouin.rm_corr, data, "pH", "PacO2", "Subject")["r"].iloc[0]
    assert found.estimate == pytest.approx(expected, abs=1e-9)
    assert (found.n, found.provinces) == (47, 8)


def test_within_two_way_is_the_partial_correlation_given_dummies(indices_frame, known, described):
    import statsmodels.formula.api as smf

    shares = [panel.rank_shares(indices_frame, known[slug]).stack() for slug in ("par", "papi")]
    both = pd.concat(shares, axis=1, join="inner", keys=["x", "y"]).dropna().reset_index()
    fit = smf.ols("y ~ x + C(gso_code) + C(year)", both).fit()
    t = fit.tvalues["x"]
    row = _rows(described, "within").query("index_a == 'par' and index_b == 'papi'").iloc[0]
    assert row["estimate"] == pytest.approx(t / math.sqrt(t**2 + fit.df_resid), abs=1e-9)
    # Provinces seen once tell nothing and are not counted.
    assert row["n"] == both.groupby("gso_code")["x"].transform("size").gt(1).sum()
    between = _rows(described, "between").query("index_a == 'par' and index_b == 'papi'").iloc[0]
    means = both.groupby("gso_code")[["x", "y"]].mean()
    assert between["estimate"] == pytest.approx(stats.pearsonr(means["x"], means["y"]).statistic, abs=1e-12)
    assert (between["n"], between["provinces"]) == (len(both), len(means))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_within_does_not_see_what_provinces_or_years_share(seed):
    rng = np.random.default_rng(seed)
    seen = rng.random((12, 5)) < 0.8
    units, years = np.nonzero(seen)
    x, y = rng.normal(size=(2, len(units)))
    found = panel.within_correlation(x, y, units, years)
    moved = x + rng.normal(0, 5, 12)[units] + rng.normal(0, 5, 5)[years]
    other = panel.within_correlation(moved, -y, units, years)
    assert other.reason == found.reason == ""
    assert other.estimate == pytest.approx(-found.estimate, abs=1e-9)
    assert -1 <= found.ci_low <= found.ci_high <= 1 and 0 < found.p_value <= 1


def test_provinces_and_years_seen_once_are_dropped_one_after_another():
    units, years = np.array(["a", "a", "b", "c", "c"]), np.array([1, 2, 2, 1, 3])
    # b is seen once; without it and year 3, a and c are seen once or in years of their own.
    assert panel._repeated(units, years).tolist() == [False] * 5
    assert panel._repeated(np.repeat(["a", "b"], 2), np.array([1, 2, 1, 2])).all()


# --- refusals ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (np.arange(14.0).reshape(7, 2), "panel.reason_few"),
        (np.arange(9.0).reshape(9, 1), "panel.reason_one_year"),
        (np.c_[np.arange(9.0), [*range(8), math.inf]], "correlate.reason_infinite"),
        (np.empty((0, 3)), "panel.reason_few"),
    ],
)
def test_concordance_and_intraclass_refuse_with_a_reason(table, reason):
    for found in (panel.concordance(table, DRAWS), panel.intraclass(table)):
        assert found.reason == reason
        assert (found.provinces, found.years) == table.shape
    assert math.isnan(panel.concordance(table, DRAWS).w) and math.isnan(panel.intraclass(table).share)


def test_constant_columns_are_refused():
    constant = np.c_[np.arange(9.0), np.full(9, 3.0)]
    assert panel.concordance(constant, DRAWS).reason == "correlate.reason_constant"
    # All move alike: nothing is left within provinces.
    assert panel.intraclass(np.arange(9.0)[:, None] + [[0, 1]]).reason == "panel.reason_no_spread"
    units, years = np.repeat(range(9), 3), np.tile(range(3), 9)
    x = np.random.default_rng(1).normal(size=27)
    for flat in (np.ones(27), units * 1.0, units + 10.0 * years):
        assert panel.within_correlation(x, flat, units, years).reason == "panel.reason_no_spread"
    found = panel.within_correlation(x[:21], x[:21], units[:21], years[:21])
    assert (found.reason, found.provinces) == ("panel.reason_few_repeated", 7)
    infinite = np.where(np.arange(27) == 3, np.inf, x)
    assert panel.within_correlation(x, infinite, units, years).reason == "correlate.reason_infinite"
    with pytest.raises(ValueError, match="one length"):
        panel.within_correlation(x, x[:5], units)


def _spoilt(frame):
    yield "one index", frame[frame["index"] == "par"]
    yield "one year", frame[frame["year"] == 2022]
    yield "five provinces", frame[frame["gso_code"].isin(["01", "79", "48", "92", "31"])]
    yield "nothing", frame[frame["year"] == 1900]
    yield "infinite", frame.assign(score=frame["score"].where(frame["year"] != 2012, math.inf))
    tied = {"rank": frame["rank"].where(frame["year"] != 2013, 1)}
    yield "tied", frame.assign(score=frame["score"].where(frame["year"] != 2013, 3.0), **tied)


def test_poor_figures_give_reasons_and_sentences_not_numbers(indices_frame, known, raw_folder):
    nothing = panel_models.models_table(indices_frame.iloc[:0], known)
    for name, frame in _spoilt(indices_frame):
        found = panel.describe(frame, known, raw_folder, draws=50)
        rows = found.rows
        assert list(rows.columns) == panel.PANEL_COLUMNS, name
        assert rows.loc[rows["reason"] != "", ["estimate", "ci_low", "p_value"]].isna().all(axis=None), name
        assert rows.loc[rows["reason"] == "", "estimate"].notna().all(), name
        assert np.isfinite(rows["estimate"].dropna()).all(), name
        for language in ("en", "vi"):
            said = _words(found, known, language)
            said.append(panel_findings.relations_in_words(rows, known, language))
            said.append(_opening(frame, found, known, language, nothing))
            assert all(said) and said[-1].count("**") == 10, name
            assert not re.search(r"\bnan\b", " ".join(said)), name


# --- the real figures --------------------------------------------------------------------------------------


def test_columns_and_keys(described):
    rows = described.rows
    assert list(rows.columns) == panel.PANEL_COLUMNS
    assert not rows.duplicated(["analysis", "index_a", "index_b", "measure", "series", "years", "term"]).any()
    refused = rows["reason"] != ""
    assert rows.loc[refused, ["estimate", "ci_low", "ci_high", "p_value"]].isna().all(axis=None)
    assert rows.loc[~refused, "estimate"].notna().all()
    assert rows["p_value"].dropna().between(0, 1).all()


def test_levels_are_given_only_where_nearly_all_provinces_have_a_score(described, indices_frame):
    levels = described.levels.set_index(["index", "year"])
    assert set(levels.index[levels["mean"].notna()]) == {
        *(("papi", year) for year in range(2011, 2025)),
        *(("pci", year) for year in range(2006, 2017)),
    }
    totals = indices_frame[indices_frame["component"] == ""]
    scores = totals.query("index == 'papi' and year == 2024")["score"]
    row = levels.loc[("papi", 2024)]
    assert row["n"] == 61 and row["of"] == 63 and row["series"] == "2021-2024"
    assert row["mean"] == pytest.approx(scores.mean())
    assert row["sd"] == pytest.approx(np.std(scores.dropna(), ddof=1))
    assert row["iqr"] == pytest.approx(stats.iqr(scores.dropna()))
    # Published for 2022 elsewhere, and the mean of the provinces here.
    assert levels.at[("papi", 2022), "published_mean"] == 42.34
    assert levels.at[("papi", 2022), "mean"] == pytest.approx(42.34, abs=0.005)
    assert levels.at[("par", 2022), "reason"] == "panel.reason_coverage"
    assert (levels.at[("par", 2022), "published_mean"], levels.at[("par", 2022), "n"]) == (84.79, 23)


def test_level_changes_stay_within_a_series(described, indices_frame, known):
    rows = _rows(described, "level_change").set_index(["index_a", "years"])
    assert set(rows.index[rows["reason"] == ""]) == {
        ("papi", "2011-2015"),
        ("papi", "2016-2017"),
        ("papi", "2021-2024"),
    }
    changes = comparability.difference(indices_frame, known["papi"], 2021, 2024)
    expected = stats.ttest_1samp(changes, 0)
    row = rows.loc[("papi", "2021-2024")]
    assert (row["estimate"], row["p_value"]) == pytest.approx((changes.mean(), expected.pvalue))
    assert (row["ci_low"], row["ci_high"]) == pytest.approx(tuple(expected.confidence_interval()))
    assert row["n"] == 58


def test_persistence_is_the_correlation_of_pandas(described, indices_frame):
    ranks = indices_frame.query("index == 'papi' and component == ''").pivot(
        index="gso_code", columns="year", values="rank"
    )
    expected = ranks.astype(float).corr("spearman")
    table = described.persistence
    own = table[table["index"] == "papi"]
    assert len(own) == 91
    for row in own.itertuples():
        assert row.estimate == pytest.approx(expected.at[row.first, row.last], abs=1e-12)
        assert row.n == ranks[[row.first, row.last]].notna().all(axis=1).sum()
    one = {(row.first, row.last) for row in own.itertuples() if row.series != WITHIN_YEAR}
    runs = [range(2011, 2016), range(2016, 2018), range(2021, 2025)]
    assert one == {pair for run in runs for pair in itertools.combinations(run, 2)}
    lags = panel.by_lag(table).set_index(["index", "lag"])
    assert lags.loc[("papi", 1), ["pairs", "one_series", "n_low", "n_high"]].tolist() == [13, 8, 59, 63]
    near = own[own["last"] - own["first"] == 1]["estimate"]
    assert lags.at[("papi", 1), "median"] == near.median()


def test_provinces_of_other_units_are_never_followed(indices_frame, known, raw_folder):
    # Synthetic figures of 2025: from then on the code 15 is another province.
    entry = known["papi"].entry | {"scale": [{"years": [2011, 2025], "max": 80}]}
    entry["series"] = [*entry["series"][:-1], {"id": "2021-2025", "years": [2021, 2025]}]
    longer = registry.Registry({"papi": registry.Index("papi", entry)}, [], {}, {})
    codes = provinces.load(raw_folder, "34").codes
    last = indices_frame.query("index == 'papi' and year == 2024 and component == ''").head(len(codes))
    last = last.assign(year=2025, gso_code=codes, score=range(34), rank=range(1, 35), ranked=34)
    frame = pd.concat([indices_frame, last.astype({"rank": "Int64", "ranked": "Int64"})])
    found = panel.describe(frame, longer, raw_folder, draws=50)
    assert found.levels.set_index("year").loc[2025, ["n", "of", "kind"]].tolist() == [34, 34, "all"]
    assert 2025 not in set(found.persistence["last"])
    years = found.rows.loc[found.rows["analysis"] != "level", "years"]
    assert not years.str.contains("2025").any()


def test_rank_shares_run_from_worst_to_best(indices_frame, known):
    shares = panel.rank_shares(indices_frame, known["papi"])
    best, worst = shares[2022].max(), shares[2022].min()
    assert (best, worst) == pytest.approx((1 - 0.5 / 61, 0.5 / 61))
    assert shares[2022].mean() == pytest.approx(0.5)


def test_the_same_on_every_run(described, indices_frame, known, raw_folder):
    again = panel.describe(indices_frame, known, raw_folder, draws=DRAWS)
    pd.testing.assert_frame_equal(again.rows, described.rows, check_exact=True)


# --- words -------------------------------------------------------------------------------------------------

CAUSAL = re.compile(
    r"\b(prov(?:e|es|ed)|affects?|leads? to|improves?|drives?|causes?|due to)\b", re.IGNORECASE
)


def _words(found, known, language):
    spoken = (panel_findings.order_in_words, panel_findings.shares_in_words, panel_findings.level_in_words)
    return [say(found, known, language) for say in spoken]


def _opening(frame, found, known, language, models):
    pair = known["par"], known["papi"]
    gaps = agreement.differences(frame, *pair)
    lasting = agreement.persistence(gaps, *pair)
    places = provinces.load(registry.__file__.rsplit("src", 1)[0] + "data/raw")
    return panel_opening.opening(found, models, lasting, *pair, known, places, gaps["year"], language)


def test_sentences_say_numbers_counts_and_limits(described, known):
    order, shares, level = _words(described, known, "en")
    assert "PAPI score of a province was on average 0.84 points higher in 2024 than in 2021" in level
    assert "published national mean of PAR INDEX is 84.79 for 2022 and 88.37 for 2024" in level
    assert "64\u00a0% for PAPI scores 2021–2024" in shares
    # Ten years apart no interval keeps clear of zero.
    assert "10 of 10 95\u00a0% intervals contain zero" in order
    assert "For PAR INDEX and SIPAS only provinces whose ranks were reported" in order
    relations = panel_findings.relations_in_words(described.rows, known, "en")
    assert "partly built in, because SIPAS counts towards PAR INDEX" in relations
    within = relations.split("**Within provinces:")[1]
    clear, unclear = within.split("No evidence of it for")
    assert "PAPI\u00a0– PCI" in unclear and "PAPI\u00a0– PCI" not in clear
    assert "Holm's p" in clear and "Holm's p" not in unclear
    for text in (order, shares, level, relations, panel_findings.method("en")):
        assert not CAUSAL.search(text)


# --- the opening of the page -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def models(indices_frame, known):
    return panel_models.models_table(indices_frame, known)


@pytest.mark.parametrize("language", wording.LANGUAGES)
def test_the_opening_is_short(indices_frame, described, known, models, language):
    said = _opening(indices_frame, described, known, language, models)
    paragraphs = said.split("\n\n")
    assert len(paragraphs) == 5 and all(text.startswith("**") for text in paragraphs)
    most = {"en": 45, "vi": 66}[language]
    for sentence in re.split(r"(?<=[.?!])\s+", said.replace("**", "")):
        assert len([word for word in sentence.split() if word[0].isalpha()]) <= most, sentence


def test_the_opening_says_what_the_tables_hold(indices_frame, described, known, models):
    said = _opening(indices_frame, described, known, "en", models)
    order, shares, together, lasting, cannot = said.split("\n\n")
    ranks = indices_frame.query("index == 'papi' and component == ''").pivot(
        index="gso_code", columns="year", values="rank"
    )
    rho = ranks.astype(float).corr("spearman")
    near, far = rho.at[2023, 2024], rho.at[2014, 2024]
    assert f"the ranks of 2023 and 2024 tend to agree (ρ\u00a0=\u00a0{near:.2f}" in order
    assert f"no evidence that the ranks of 2014 and 2024 agree or disagree (ρ\u00a0=\u00a0{far:.2f}" in order
    assert "64\u00a0% are lasting differences" in shares and "0.84 points higher in 2024" in shares
    assert "no clear evidence" in together and "Holm's p" in together
    assert "Long An, Hai Phong, Ha Noi and Da Nang" in lasting and "Bac Kan" in lasting
    # Clear when looked at alone, not once all provinces are allowed for.
    assert "Lao Cai" not in lasting and "Nam Dinh" not in lasting and "4 of them" in lasting
    assert "PAR INDEX and SIPAS figures are those reported" in cannot
    assert not CAUSAL.search(said)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"estimate": 0.3, "ci_low": 0.1, "ci_high": 0.5, "p_value": 1e-3}, "They tend to: "),
        ({"estimate": -0.3, "ci_low": -0.5, "ci_high": -0.1, "p_value": 1e-3}, "against each other"),
        ({"estimate": 0.3, "ci_low": -0.1, "ci_high": 0.5, "p_value": 0.2}, "There is no evidence of it"),
        ({"estimate": 0.3, "ci_low": 0.1, "ci_high": 0.5, "p_value": 0.04}, "There is no clear evidence"),
        ({"estimate": math.nan, "reason": "models.reason_lever"}, "one province alone decides"),
    ],
)
def test_the_headline_pair_follows_the_interval_and_holm(
    indices_frame, described, known, models, changes, said
):
    spoilt = models.copy()
    where = (spoilt["analysis"] == "two_way_fe") & (spoilt["measure"] == "rank")
    where &= (spoilt["index_a"] == "par") & (spoilt["index_b"] == "papi") & (spoilt["term"] == "slope")
    assert where.sum() == 1
    spoilt.loc[where, list(changes)] = list(changes.values())
    assert said in _opening(indices_frame, described, known, "en", spoilt).split("\n\n")[2]


def test_what_a_table_leaves_out_is_named_in_one_line():
    refused = [
        ("PAR INDEX", "2012–2015", 3, "too few"),
        ("PAR INDEX", "2016–2021", 2, "too few"),
        ("PCI", "", 0, "no run"),
    ]
    assert panel_opening.not_estimated(refused, "en") == (
        "Not estimated (number of provinces in brackets): "
        "PAR INDEX 2012–2015 (3) and 2016–2021 (2): too few; PCI: no run."
    )
    assert panel_opening.not_estimated([("Cà Mau", "", 1, "ít năm")], "vi", "years").endswith(
        "(trong ngoặc là số năm): Cà Mau (1): ít năm."
    )
    assert panel_opening.not_estimated([], "en") == ""


def test_an_interval_that_contains_zero_is_no_evidence(known):
    row = {"analysis": "within", "index_a": "par", "index_b": "papi", "n": 40, "provinces": 20}
    said = {}
    for name, low, p in (("unclear", -0.1, 0.2), ("clear", 0.1, 0.001)):
        numbers = {"estimate": 0.3, "ci_low": low, "ci_high": 0.5, "p_value": p}
        said[name] = panel_findings.relations_in_words(panel.panel_rows([row | numbers]), known, "en")
    assert "No evidence of it for 1 of 1 pairs: PAR INDEX" in said["unclear"]
    assert "It tends to be so for PAR INDEX" in said["clear"] and "evidence" not in said["clear"]


def test_vietnamese_numbers_have_a_comma(described, known):
    said = " ".join(_words(described, known, "vi"))
    assert "bình quân cao hơn 0,84 điểm" in said
    assert not re.search(r"\d\.\d", said)


def test_breaks_are_listed_with_what_changed(described, known):
    listed = panel_findings.breaks_in_words(described, known, "en")
    assert "2018: six dimensions became eight; papi.org.vn itself advises against comparing across" in listed
    assert "**PCI**: Sub-indices and weights were revised" in listed


@pytest.mark.parametrize("language", ["en", "vi"])
def test_tables_are_worded_and_whole(described, known, language):
    drawn = [index for index in known if index.slug in described.held]
    spoken = (
        panel_findings.change_table,
        panel_findings.concordance_table,
        panel_findings.share_table,
        panel_findings.relation_table,
    )
    pairs = [lay_out(described, known, language) for lay_out in spoken]
    # No row without an estimate is shown, and none is lost.
    assert [(len(rows), len(left_out)) for rows, left_out in pairs] == [(3, 5), (6, 6), (5, 7), (11, 1)]
    pairs += [panel_findings.level_table(described, index, language) for index in drawn]
    order = panel_findings.order_table(described, known, language)
    assert len(order) == len(panel.by_lag(described.persistence))
    for rows, left_out in [*pairs, (order, [])]:
        assert len(rows) and not any("_" in column for column in rows.columns)
        assert all(reason and "reason_" not in reason for *_, reason in left_out)
    means = pairs[4][0]
    assert len(means) == 12 and ("2–27" in str(pairs[4][1])), "years of PAR INDEX with a published mean"


def test_the_file_has_ten_decimals_and_phrases(described):
    kept = panel_findings.written(described.rows)
    assert list(kept.columns) == panel.PANEL_COLUMNS
    assert "fewer than 90 % of the provinces have a score" in set(kept["reason"])
    assert not kept["reason"].str.contains(".reason_", regex=False).any()
    assert (kept["estimate"].dropna() == kept["estimate"].dropna().round(10)).all()
