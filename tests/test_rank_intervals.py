"""Intervals of ranks: a published example, other implementations, recovery of known ranks, refusals."""

import math
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from helpers import agreement_findings as findings
from helpers import provinces, rank_intervals
from helpers.rank_intervals import candidates, confidence_sets, spread

# Mathematics in PISA 2018, members of the OECD: score, standard error (OECD; data of the R package csranks).
PISA = {
    "Australia": (491.3600252, 1.939833031),
    "Austria": (498.9423138, 2.970998694),
    "Belgium": (508.0703063, 2.262662011),
    "Canada": (512.0169429, 2.357475749),
    "Chile": (417.4065563, 2.41588757),
    "Colombia": (390.9322732, 2.989559274),
    "Czech Republic": (499.4676508, 2.460661531),
    "Denmark": (509.3983746, 1.735002337),
    "Estonia": (523.4145802, 1.743602224),
    "Finland": (507.3013618, 1.967920411),
    "France": (495.4075794, 2.320214487),
    "Germany": (500.0437805, 2.647083096),
    "Greece": (451.3703438, 3.091228197),
    "Hungary": (481.0826364, 2.319596741),
    "Iceland": (495.1873762, 1.953082603),
    "Ireland": (499.632894, 2.198621128),
    "Israel": (463.0345488, 3.498563228),
    "Italy": (486.5898573, 2.780045867),
    "Japan": (526.9732502, 2.471475318),
    "Korea": (525.933002, 3.121394315),
    "Latvia": (496.1263306, 1.962766789),
    "Lithuania": (481.1911884, 1.953282039),
    "Luxembourg": (483.421485, 1.097632409),
    "Mexico": (408.8014734, 2.493225544),
    "Netherlands": (519.2309824, 2.632277885),
    "New Zealand": (494.489676, 1.705942856),
    "Norway": (500.9637885, 2.219044878),
    "Poland": (515.6478747, 2.602085176),
    "Portugal": (492.4874062, 2.684570081),
    "Slovak Republic": (486.1648542, 2.555595707),
    "Slovenia": (508.8975441, 1.363877596),
    "Spain": (481.3926126, 1.462417763),
    "Sweden": (502.3877022, 2.654250935),
    "Switzerland": (515.3147131, 2.908003898),
    "Turkey": (453.5077774, 2.260406789),
    "United Kingdom": (501.7698992, 2.564428111),
    "United States": (478.2447174, 3.235444099),
}
SCORES, ERRORS = (np.array(column) for column in zip(*PISA.values(), strict=True))


@pytest.fixture(autouse=True)
def _no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.fixture(scope="module")
def intervals(indices_frame, known):
    return rank_intervals.table(indices_frame, known)


# --- published values and other implementations ------------------------------------------------------------


def test_set_of_the_united_kingdom_is_the_published_one():
    # Vignette "Inference for Ranks" of csranks: rank 13, from 8 (output; 7 in its text, by chance) to 23.
    low, high = confidence_sets(SCORES, ERRORS, draws=20_000)
    place = list(PISA).index("United Kingdom")
    assert stats.rankdata(-SCORES)[place] == 13
    assert low[place] in (7, 8) and high[place] == 23


@pytest.mark.parametrize(("level", "left_out"), [(0.05, []), (0.1, ["Sweden"])])
def test_countries_that_may_be_among_the_top_five_are_the_published_ones(level, left_out):
    published = {"Belgium", "Canada", "Denmark", "Estonia", "Finland", "Japan", "Korea", "Netherlands"}
    published |= {"Poland", "Slovenia", "Sweden", "Switzerland"}
    found = candidates(SCORES, ERRORS, 5, level=level, draws=10_000)
    assert {name for name, may in zip(PISA, found, strict=True) if may} == published - set(left_out)


@pytest.mark.parametrize(
    ("degrees", "critical"), [(math.inf, stats.norm.ppf(0.975)), (5, stats.t.ppf(0.975, 5))]
)
def test_two_scores_are_told_apart_where_the_two_sided_test_does(degrees, critical):
    for factor, expected in ((0.95, 2), (1.05, 1)):
        scores = np.array([factor * critical * 5, 0])
        low, high = confidence_sets(scores, np.array([3.0, 4.0]), degrees, draws=40_000)
        assert (low[0], high[0]) == (1, expected)


def test_sets_are_those_of_a_plain_second_implementation():
    draw = np.random.default_rng(3)
    scores, errors = np.array([9.0, 7.5, 6.0, 5.9, 3.0, 0.5]), np.array([0.4, 0.7, 0.5, 0.9, 0.6, 0.3])
    noise = draw.standard_normal((40_000, 6)) * errors
    for i in range(6):
        hypotheses = {(i, j) for j in range(6) if j != i} | {(j, i) for j in range(6) if j != i}
        open_ = set(hypotheses)
        while open_:

            def size(a, b):
                return math.sqrt(errors[a] ** 2 + errors[b] ** 2)

            largest = np.max([(noise[:, a] - noise[:, b]) / size(a, b) for a, b in open_], axis=0)
            limit = np.quantile(largest, 0.95)
            closed = {(a, b) for a, b in open_ if (scores[a] - scores[b]) / size(a, b) > limit}
            if not closed:
                break
            open_ -= closed
        rejected = hypotheses - open_
        expected = (1 + sum(b == i for _, b in rejected), 6 - sum(a == i for a, _ in rejected))
        low, high = confidence_sets(scores, errors, draws=40_000)
        assert (low[i], high[i]) == expected


def test_spread_is_the_residual_of_the_two_way_model_of_statsmodels(indices_frame):
    from statsmodels.formula import api

    rows = indices_frame.query("index == 'papi' and component == '' and 2021 <= year <= 2024")
    fitted = api.ols("score ~ C(gso_code) + C(year)", rows).fit()
    found = spread(rows.pivot(index="gso_code", columns="year", values="score"))
    assert found.degrees == fitted.df_resid == len(rows) - 63 - 4 + 1
    assert found.deviation == pytest.approx(math.sqrt(fitted.mse_resid), abs=1e-9)
    # The mean of a province, as if it had a score in every year.
    everywhere = pd.DataFrame({"gso_code": "22", "year": [2021, 2022, 2023, 2024]})
    assert found.means["22"] == pytest.approx(fitted.predict(everywhere).mean(), abs=1e-9)


def test_degrees_are_exact_where_the_years_of_two_groups_do_not_meet():
    scores = pd.DataFrame(np.random.default_rng(1).normal(size=(20, 6)))
    scores.iloc[:10, 3:] = math.nan
    scores.iloc[10:, :3] = math.nan
    # Each group by itself has 10 provinces and 3 years: 9 x 2 degrees.
    assert spread(scores).degrees == 36


# --- recovery and properties -------------------------------------------------------------------------------


def test_known_ranks_of_synthetic_provinces_are_covered():
    draw = np.random.default_rng(7)
    truth = np.sort(draw.normal(42, 2, 63))[::-1]
    rank = np.arange(1, 64)
    covered, width = [], []
    for seed in range(200):
        scores = truth[:, None] + draw.normal(0, 1, 4) + draw.normal(0, 0.4, (63, 4))
        found = spread(pd.DataFrame(scores))
        errors = np.full(63, found.deviation)
        low, high = confidence_sets(scores[:, -1], errors, found.degrees, draws=200, seed=seed)
        covered.append(((low <= rank) & (rank <= high)).mean())
        width.append((high - low).mean())
    assert np.mean(covered) >= 0.94
    assert np.mean(width) < 40


_RANKED = st.lists(st.tuples(st.integers(-50, 50), st.integers(1, 20)), min_size=2, max_size=12)


@settings(max_examples=40, deadline=None)
@given(_RANKED, st.integers(-100, 100))
def test_sets_hold_the_rank_and_follow_the_scale(rows, shift):
    scores, errors = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    low, high = confidence_sets(scores, errors, draws=200)
    best = (scores[None, :] > scores[:, None]).sum(axis=1) + 1
    worst = len(scores) - (scores[None, :] < scores[:, None]).sum(axis=1)
    # Equal scores are never told apart: every rank that they share is in the set.
    assert (low <= best).all() and (high >= worst).all()
    moved = confidence_sets(4 * scores + shift, 4 * errors, draws=200)
    assert (moved[0] == low).all() and (moved[1] == high).all()
    wider = confidence_sets(scores, 2 * errors, draws=200)
    assert (wider[0] <= low).all() and (wider[1] >= high).all()
    may = candidates(scores, errors, 3, draws=200)
    assert may[np.argsort(-scores, kind="stable")[:3]].all()


# --- the table on the real figures -------------------------------------------------------------------------


def test_every_total_has_an_interval_or_a_reason(intervals, indices_frame):
    assert list(intervals.columns) == rank_intervals.COLUMNS
    assert not intervals.duplicated(["index", "year", "gso_code"]).any()
    assert len(intervals) == (indices_frame["component"] == "").sum()
    given = intervals["rank_low"].notna()
    assert (given == (intervals["reason"] == "")).all()
    rows = intervals[given]
    assert rows["rank_low"].ge(1).all() and rows["rank"].between(rows["rank_low"], rows["rank_high"]).all()
    assert rows["rank_high"].le(rows["ranked"]).all() and rows["method"].ne("").all()


def test_methods_follow_what_is_known(intervals, known):
    def methods(slug, year):
        return set(rank_intervals.of_year(intervals, known[slug], year)["method"])

    assert methods("papi", 2022) == {"spread"}
    assert methods("par", 2022) == {"own_ranks", ""}
    assert methods("papi", 2019) == methods("sipas", 2015) == {""}
    alone = rank_intervals.of_year(intervals, known["papi"], 2019)
    assert set(alone["reason"]) == {"agreement.reason_run"}


def test_neighbours_differ_where_the_t_test_says_so(intervals, known):
    rows = rank_intervals.of_year(intervals, known["papi"], 2011).sort_values("score", ascending=False)
    gaps = -np.diff(rows["score"])
    error, degrees = rows["standard_error"].iloc[0], rows["degrees"].iloc[0]
    p = 2 * stats.t.sf(gaps / (error * math.sqrt(2)), degrees)
    assert rows["apart_from_next"].iloc[:-1].tolist() == (p < 0.05).tolist()
    assert pd.isna(rows["apart_from_next"].iloc[-1])


def test_interval_of_own_ranks_is_that_of_scipy(intervals, indices_frame, known):
    row = rank_intervals.of_year(intervals, known["par"], 2022).set_index("gso_code").loc["40"]
    own = indices_frame.query(
        "index == 'par' and component == '' and gso_code == '40' and 2022 <= year <= 2024"
    )["rank"].astype(float)
    low, high = stats.t.interval(0.95, len(own) - 1, loc=row["rank"], scale=own.std())
    assert (row["rank_low"], row["rank_high"]) == (max(1, math.floor(low)), min(63, math.ceil(high)))
    assert row["precision"] == "own ranks over 2022-2024"


def test_the_same_seed_gives_the_same_table_and_a_year_alone_its_rows(intervals, indices_frame, known):
    again = rank_intervals.table(indices_frame, known, [2022])
    expected = intervals[intervals["year"] == 2022].reset_index(drop=True)
    pd.testing.assert_frame_equal(again, expected)


def test_means_over_runs_are_more_certain(intervals, indices_frame, known):
    runs = rank_intervals.over_runs(indices_frame, known)
    assert list(runs.columns) == rank_intervals.RUN_COLUMNS
    assert set(runs["series"]) == {"2011-2015", "2021-2024"}
    mean = rank_intervals.summarise(runs[runs["series"] == "2021-2024"])
    single = rank_intervals.summarise(rank_intervals.of_year(intervals, known["papi"], 2022))
    assert mean.half_middle < single.half_middle
    assert mean.apart / mean.pairs > single.apart / single.pairs
    assert 10 <= mean.top <= single.top


# --- synthetic figures -------------------------------------------------------------------------------------


def _synthetic(index="par", years=(2022, 2023, 2024), n=63, deviation=0.3, ranked=63):
    """Invented totals: the first province is the best; each province a little worse than the one before."""
    draw = np.random.default_rng(11)
    truth = np.linspace(90, 60, n)
    parts = []
    for year in years:
        scores = pd.Series(truth + draw.normal(0, deviation, n))
        part = {"index": index, "year": year, "gso_code": provinces.load().codes[:n]}
        ranks = scores.rank(ascending=False, method="min")
        parts.append(pd.DataFrame(part | {"component": "", "score": scores, "rank": ranks}))
    frame = pd.concat(parts, ignore_index=True).assign(ranked=ranked)
    return frame.astype({"rank": "Int64", "ranked": "Int64"})


def test_a_full_annex_of_synthetic_scores_is_compared_by_score(known):
    found = rank_intervals.table(_synthetic(), known, [2022])
    assert set(found["method"]) == {"spread"} and found["rank_low"].notna().all()
    assert (found["rank_high"] - found["rank_low"]).max() < 20


def test_provinces_without_a_score_may_stand_anywhere(known):
    whole = rank_intervals.table(_synthetic(n=60, ranked=60), known, [2022])
    partly = rank_intervals.table(_synthetic(n=60, ranked=63), known, [2022])
    assert (partly["rank_low"] == whole["rank_low"]).all()
    assert (partly["rank_high"] == whole["rank_high"] + 3).all()


def test_synthetic_ranks_that_contradict_their_scores_get_no_interval(known):
    figures = _synthetic()
    figures.loc[0, "rank"] = 63
    found = rank_intervals.table(figures, known, [2022])
    assert found["reason"].tolist() == ["agreement.reason_contradiction"] + [""] * 62


@pytest.mark.parametrize(
    ("scores", "reason"),
    [
        (np.zeros((20, 2)), "run"),
        (np.full((20, 4), 5.0), "constant"),
        (np.arange(80.0).reshape(20, 4), "constant"),
        (np.random.default_rng(0).normal(size=(4, 3)), "degrees"),
        (np.full((20, 4), math.inf), "infinite"),
        (np.full((20, 4), math.nan), "run"),
    ],
)
def test_spread_is_refused_with_a_reason(scores, reason):
    found = spread(pd.DataFrame(scores))
    assert found.reason == f"agreement.reason_{reason}" and math.isnan(found.deviation)


def test_odd_synthetic_figures_end_in_reasons_and_words(known, places):
    constant = _synthetic(deviation=0).assign(rank=5)
    infinite = _synthetic().assign(score=math.inf)
    unranked = _synthetic(n=3).assign(ranked=pd.NA).astype({"ranked": "Int64"})
    empty = _synthetic().iloc[:0]
    for figures, expected in (
        (constant, "same_rank"),
        (infinite, "few"),
        (unranked, "ranked"),
        (_synthetic(n=5, years=[2022]), "run"),
    ):
        found = rank_intervals.table(figures, known, [2022])
        if figures is not infinite:
            assert set(found["reason"]) == {f"agreement.reason_{expected}"}
            assert found["rank_low"].isna().all()
        for language in ("en", "vi"):
            assert findings.intervals_text(found, known["par"], 2022, language)
            assert len(findings.readable_intervals(found, places, language)) == len(found)
    found = rank_intervals.table(empty, known)
    assert found.empty and list(found.columns) == rank_intervals.COLUMNS
    assert "no score and no rank" in findings.intervals_text(found, known["par"], 2022, "en")
    runs = rank_intervals.over_runs(empty, known)
    assert "no mean over years" in findings.runs_text(runs, known, "en")


# --- published precision -----------------------------------------------------------------------------------

HEAD = "index,year,gso_code,standard_error,source\n"


def test_without_a_file_there_is_no_precision(root, known):
    found = rank_intervals.read_precision(root / "data" / "raw", known)
    assert found.empty and list(found.columns) == rank_intervals.PRECISION_COLUMNS
    assert findings.precision_text(found, known, "en").startswith("No published precision is at hand")


def test_published_errors_of_a_synthetic_file_are_used(raw, known, indices_frame):
    year = indices_frame.query("index == 'papi' and component == '' and year == 2019")
    lines = [f'papi,2019,{code},"0,25",papi-published\n' for code in year["gso_code"]]
    (raw / "precision.csv").write_text(HEAD + "".join(lines), encoding="utf-8")
    precision = rank_intervals.read_precision(raw, known)
    found = rank_intervals.table(indices_frame, known, [2019], precision)
    rows = rank_intervals.of_year(found, known["papi"], 2019)
    assert set(rows["method"]) == {"published"} and set(rows["precision"]) == {"papi-published"}
    assert (rows["standard_error"] == 0.25).all() and rows["degrees"].isna().all()
    by_score = rows.sort_values("score", ascending=False)
    low, high = confidence_sets(by_score["score"].to_numpy(), np.full(63, 0.25))
    assert by_score["rank_low"].tolist() == low.tolist() and by_score["rank_high"].tolist() == high.tolist()
    assert "published ones" in findings.intervals_text(found, known["papi"], 2019, "en")
    assert "PAPI 2019 (63 provinces)" in findings.precision_text(precision, known, "en")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("papi,2022,01,0,papi-published", "standard_error is '0'"),
        ("papi,2022,01,-1,papi-published", "a number above 0"),
        ("papi,2022,01,much,papi-published", "standard_error is 'much'"),
        ("papi,2022,01,,papi-published", "standard_error is ''"),
        ("papi,2022,01,inf,papi-published", "standard_error is 'inf'"),
        ("xyz,2022,01,1,papi-published", "an index of indices.toml"),
        ("papi,1999,01,1,papi-published", "a year that indices.toml has for papi"),
        ("papi,soon,01,1,papi-published", "a year such as 2022"),
        ("papi,2022,99,1,papi-published", "code of a province"),
        ("papi,2022,01,1,hearsay", "a source of sources.csv"),
        ("papi,2022,01,1", "row 2: the row has 4 cells"),
        (
            "papi,2022,01,1,papi-published\npapi,2022,01,1,papi-published",
            "row 3: papi, 2022, 01 stands twice",
        ),
    ],
)
def test_bad_rows_of_a_synthetic_file_are_named(raw, known, row, said):
    (raw / "precision.csv").write_text(f"{HEAD}{row}\n", encoding="utf-8")
    with pytest.raises(rank_intervals.PrecisionError, match=said):
        rank_intervals.read_precision(raw, known)


def test_a_missing_column_is_named(raw, known):
    (raw / "precision.csv").write_text("index,year,gso_code\npapi,2022,01\n", encoding="utf-8")
    with pytest.raises(rank_intervals.PrecisionError, match="lacks the columns standard_error, source"):
        rank_intervals.read_precision(raw, known)
