"""Who is missing: statistics against other libraries and counting; what is said of made-up and real years."""

import itertools
import math
import re
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from helpers import selection, wording
from helpers import selection_findings as findings

YEARS = range(2011, 2025)
# Hollander & Wolfe (1973), p. 187f.: lightness and quality of canned tuna, used as two groups of figures.
LIGHTNESS = [44.4, 45.9, 41.9, 53.3, 44.7, 44.1, 50.7, 45.2, 60.1]
QUALITY = [2.6, 3.1, 2.5, 5.0, 3.6, 4.0, 5.2, 2.8, 3.8]


@pytest.fixture(autouse=True)
def _no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.fixture(scope="module")
def compared(indices_frame, known, places):
    """The table of a year, made once."""
    made = {}

    def _compared(year):
        if year not in made:
            made[year] = selection.compare(indices_frame, known, places, year, draws=1999)
        return made[year]

    return _compared


def _row(table, index, measure, comparison, category=""):
    chosen = table[(table["index"] == index) & (table["measure"] == measure)]
    return chosen[(chosen["comparison"] == comparison) & (chosen["category"] == category)].iloc[0]


def _made_up(indices_frame, year=2022):
    """Synthetic: a complete reference ("papi") that falls along the codes, and "par" ranked likewise."""
    of_year = indices_frame[(indices_frame["year"] == year) & (indices_frame["component"] == "")]
    template = of_year[of_year["index"] == "papi"].iloc[:1]

    def _figures(codes, of_par, scores=None):
        scores = np.arange(63, 0, -1) if scores is None else scores
        papi = pd.concat([template] * 63).assign(gso_code=codes, score=scores, rank=range(1, 64), ranked=63)
        par = papi[np.isin(np.arange(63), of_par)].assign(index="par")
        return pd.concat([papi, par], ignore_index=True).astype({"score": float})

    return _figures


# --- against other libraries, and by counting --------------------------------------------------------------


@pytest.mark.parametrize("groups", [(LIGHTNESS, QUALITY), (QUALITY, LIGHTNESS[:4])])
def test_standardised_difference_is_that_of_statsmodels_and_pingouin(groups):
    from pingouin import compute_effsize
    from statsmodels.stats.meta_analysis import effectsize_smd

    x, y = map(np.array, groups)
    found = selection.mean_difference(x, y, draws=99)
    g, variance = effectsize_smd(x.mean(), x.std(ddof=1), len(x), y.mean(), y.std(ddof=1), len(y))
    assert found["estimate"] == pytest.approx(g, abs=1e-9)
    assert found["estimate"] == pytest.approx(compute_effsize(x, y, eftype="hedges"), abs=1e-9)
    half = stats.norm.ppf(0.975) * math.sqrt(variance)
    assert (found["ci_low"], found["ci_high"]) == pytest.approx((g - half, g + half), abs=1e-9)


def test_p_of_the_mean_is_that_of_an_exact_permutation_test():
    x, y = LIGHTNESS[:5], LIGHTNESS[5:]
    exact = stats.permutation_test((x, y), lambda a, b: np.mean(a) - np.mean(b), n_resamples=np.inf)
    assert selection.mean_difference(x, y)["p_value"] == pytest.approx(exact.pvalue, abs=0.02)


def test_p_of_known_ranks_is_that_of_the_rank_sum_test(indices_frame):
    of_year = indices_frame[(indices_frame["year"] == 2021) & (indices_frame["component"] == "")]
    ranks = of_year[of_year["index"] == "sipas"]["rank"].dropna().astype(float)
    assert ranks.is_unique
    rest = np.setdiff1d(np.arange(1, 64), ranks)
    exact = stats.mannwhitneyu(ranks, rest, method="exact").pvalue
    found = next(row for row in selection.own_ranks(ranks, 63) if row["comparison"] == "own_rank_mean")
    assert found["p_value"] == pytest.approx(exact, abs=0.015)


def test_random_draws_have_the_moments_that_theory_and_counting_give():
    every = np.arange(1.0, 13)
    drawn = np.array(list(itertools.combinations(every, 8)))
    spreads = drawn.std(axis=1, ddof=1)
    assert (spreads**2).mean() == pytest.approx(12 * 13 / 12), "Cochran: the variance is unbiased"
    assert drawn.mean(axis=1).var() == pytest.approx(13 * 4 / (12 * 8))
    known = drawn[np.argsort(spreads)[-20]]
    rows = {row["comparison"]: row for row in selection.own_ranks(pd.Series(known), 12)}
    found = rows["own_rank_spread"]
    assert found["estimate"] == pytest.approx(known.std(ddof=1) / math.sqrt(13))
    exact = 2 * (spreads >= known.std(ddof=1) - 1e-9).mean()
    assert found["p_value"] == pytest.approx(exact, abs=0.02)
    low, high = found["draw_low"], found["draw_high"]
    assert (spreads < low - 1e-9).mean() <= 0.03 and (spreads > high + 1e-9).mean() <= 0.03
    assert (spreads <= low + 0.02).mean() >= 0.02 and (spreads >= high - 0.02).mean() >= 0.02
    assert rows["own_rank_mean"]["estimate"] == pytest.approx((known.mean() - 6.5) / math.sqrt(13))


def test_cramers_v_and_its_p_are_those_of_scipy(places):
    sizes = selection.regions(places).value_counts(sort=False)
    held = np.array([2, 9, 8, 1, 5, 3])
    table = np.array([held, sizes - held]).T
    found = selection.unevenness(held, sizes)
    assert found["estimate"] == pytest.approx(stats.contingency.association(table), abs=1e-9)
    drawn = stats.MonteCarloMethod(n_resamples=9999, rng=np.random.default_rng(1))
    expected = stats.chi2_contingency(table, correction=False, method=drawn).pvalue
    assert found["p_value"] == pytest.approx(expected, abs=0.015)


def test_a_share_has_fishers_p_and_the_range_of_hypergeometric_draws():
    found = selection.share("region", 9, 12, 10, 20)
    # The probabilities of all tables with these margins that are no more probable than this one.
    likely = [math.comb(12, k) * math.comb(8, 10 - k) / math.comb(20, 10) for k in range(2, 11)]
    assert found["p_value"] == pytest.approx(sum(p for p in likely if p <= likely[7] * (1 + 1e-9)))
    assert (found["value_with"], found["value_without"], found["value_all"]) == (0.9, 0.3, 0.6)
    assert found["estimate"] == pytest.approx(0.9 / 0.6)
    drawn = np.random.default_rng(1).hypergeometric(12, 8, 10, size=20000) / 10
    assert (drawn >= found["draw_low"]).mean() > 0.97 and (drawn > found["draw_high"]).mean() < 0.03


def test_ratio_of_spreads_is_that_of_numpy_and_its_interval_covers():
    generator = np.random.default_rng(7)
    hits, truth = 0, 1.5 / math.sqrt((22 * 1.5**2 + 39) / 61)
    for seed in range(60):
        x, y = generator.normal(scale=1.5, size=22), generator.normal(size=39)
        found = selection.spread_ratio(x, y, seed, draws=499)
        assert found["estimate"] == pytest.approx(pd.Series(x).std() / pd.Series([*x, *y]).std())
        hits += found["ci_low"] <= truth <= found["ci_high"]
    assert hits >= 48, "60 synthetic samples: about 54 are expected"


# --- properties --------------------------------------------------------------------------------------------

values = st.lists(st.integers(-50, 50), min_size=8, max_size=20)


@settings(max_examples=40, deadline=None)
@given(values, values, st.floats(0.1, 10), st.floats(-100, 100))
def test_unit_and_origin_of_the_scores_do_not_matter(x, y, factor, shift):
    assume(len(set(x)) > 2 and len(set(y)) > 2)
    x, y = np.array(x, float), np.array(y, float)
    for compute in (selection.mean_difference, selection.spread_ratio):
        once, again = (
            compute(*groups, draws=99) for groups in ((x, y), (x * factor + shift, y * factor + shift))
        )
        for key in ("estimate", "ci_low", "ci_high"):
            assert again[key] == pytest.approx(once[key], abs=1e-6)
        assert once["ci_low"] <= once["ci_high"] and 0 < once["p_value"] <= 1
    swapped = selection.mean_difference(y, x, draws=99)
    assert swapped["estimate"] == pytest.approx(-selection.mean_difference(x, y, draws=99)["estimate"])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 14), st.integers(0, 14)), min_size=2, max_size=8))
def test_cramers_v_lies_between_0_and_1_and_does_not_know_with_from_without(counts):
    table = np.array([row for row in counts if sum(row)]).reshape(-1, 2)
    assume(len(table) > 1 and (table.sum(axis=0) > 0).all())
    found = [selection.unevenness(table[:, side], table.sum(axis=1), draws=99) for side in (0, 1)]
    assert -1e-12 <= found[0]["estimate"] <= 1 + 1e-12
    assert found[0]["estimate"] == pytest.approx(found[1]["estimate"])


# --- refusals ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n_with", "n_without", "reason"),
    [(7, 56, "few_with"), (0, 63, "few_with"), (61, 2, "few_without"), (63, 0, "all"), (8, 3, "")],
)
def test_too_few_are_refused(n_with, n_without, reason):
    assert selection.refusal(n_with, n_without).removeprefix("selection.reason_") == reason


@pytest.mark.parametrize("n", [0, 3, 7, 8, 30, 60, 61, 63])
@pytest.mark.parametrize("scores", ["rising", "constant", "infinite", "one_differs"])
def test_bad_figures_give_rows_without_estimates_and_a_sentence(indices_frame, known, places, n, scores):
    made = {
        "rising": None,
        "constant": np.full(63, 5.0),
        "infinite": np.array([np.inf, *range(62)]),
        "one_differs": np.array([1.0] + [0.0] * 62),
    }
    codes = places.codes
    figures = _made_up(indices_frame)(codes, range(n), made[scores])
    table = selection.compare(figures, known, places, 2022, draws=199)
    assert list(table.columns) == selection.COLUMNS
    empty = table["reason"] != ""
    assert table.loc[empty, selection.NUMBERS].isna().all(axis=None)
    assert table.loc[~empty, "estimate"].notna().all() and (table.loc[~empty, "p_value"] > 0).all()
    assert not np.isinf(table[selection.NUMBERS].to_numpy()).any()
    if scores == "constant" and 8 <= n <= 60:
        assert _row(table, "par", "rank", "reference_mean")["reason"] == "selection.reason_constant"
    for language in wording.LANGUAGES:
        said = findings.opening(table, figures, known, places, 2022, language)
        assert ("PAR INDEX" in said) == (0 < n < 63) and "nan" not in said and "{" not in said
        assert findings.reference_text(figures, known, places, 2022, language)
        for index in selection.targets(figures, known, places, 2022):
            for measure in findings.measures_of(table, index):
                said = findings.paragraph(table, known, places, index, measure, language)
                assert "nan" not in said and "inf " not in said


def test_ranks_that_do_not_fit_are_refused():
    for ranks, ranked in (([1.0] * 9, 63), (range(1, 10), math.nan), (range(1, 10), 8), ([0, *range(9)], 63)):
        rows = selection.own_ranks(pd.Series(ranks, dtype=float), ranked)
        assert all(row["reason"] for row in rows) and len(rows) == 5


def test_one_region_only_is_refused():
    assert selection.unevenness([9], [20]) == {"reason": "selection.reason_one_region"}
    assert selection.share("region", 9, 20, 9, 20)["reason"] == "selection.reason_one_region"


def test_without_a_wide_index_only_regions_and_own_ranks_are_compared(indices_frame, known, places):
    assert selection.reference(indices_frame, known, places, 2005) is None
    table = selection.compare(indices_frame, known, places, 2005, draws=199)
    assert set(table["reference"]) == {""}
    assert _row(table, "pci", "rank", "reference_mean")["reason"] == "selection.reason_no_reference"
    assert _row(table, "pci", "rank", "region")["estimate"] > 0.5
    assert "no index has a score" in findings.reference_text(indices_frame, known, places, 2005, "en")


# --- the real years ----------------------------------------------------------------------------------------


def test_the_reference_covers_most_and_the_first_of_the_registry_breaks_ties(indices_frame, known, places):
    chosen = {year: selection.reference(indices_frame, known, places, year).slug for year in YEARS}
    assert chosen[2012] == "papi", "PAPI and PCI have all 63"
    assert chosen[2014] == "pci", "PAPI lacks two provinces"
    assert set(chosen.values()) == {"papi", "pci"}
    lacking = selection.without(indices_frame, known["papi"], places, 2014)
    assert [places.name(code, "en") for code in lacking] == ["Bac Giang", "Dong Thap"]


@pytest.mark.parametrize("year", [2014, 2017, 2022])
def test_counts_add_up_and_runs_repeat(indices_frame, known, places, compared, year):
    table = compared(year)
    assert table.equals(selection.compare(indices_frame, known, places, year, draws=1999))
    wide = indices_frame.query("year == @year and component == ''").set_index("gso_code")
    for (index, measure), group in table.groupby(["index", "measure"]):
        figures = wide[wide["index"] == index][measure].dropna()
        whole = _row(table, index, measure, "region")
        assert (whole["n_with"], whole["n_without"]) == (len(figures), 63 - len(figures))
        regions = group[(group["comparison"] == "region") & (group["category"] != "")]
        assert regions["n_with"].sum() == len(figures) and regions["n_without"].sum() == 63 - len(figures)
        base = wide[wide["index"] == whole["reference"]]["score"].dropna()
        row = _row(table, index, measure, "reference_mean")
        assert row["n_with"] == base.index.isin(figures.index).sum()
        assert row["n_with"] + row["n_without"] == len(base)
        if not row["reason"]:
            assert row["value_with"] == pytest.approx(base[base.index.isin(figures.index)].mean())


def test_the_kept_file_has_ten_decimals_and_english_reasons(compared):
    kept = findings.written(compared(2014))
    assert list(kept.columns) == selection.COLUMNS
    assert "fewer than 8 provinces with a figure" in set(kept["reason"])
    assert (kept["estimate"].dropna() == kept["estimate"].dropna().round(10)).all()


# --- what is said ------------------------------------------------------------------------------------------

CASES = {
    # Which ranks (0 = best, the reference falls with them) are known: what must be said, what must not.
    "ends": (
        [*range(12), *range(51, 63)],
        ["further apart", "probably larger in size"],
        ["smaller in size here than they"],
    ),
    "leaders": (
        range(20),
        ["score higher on PAPI", "better than a random draw", "closer together"],
        ["larger in size here than they"],
    ),
    "middle": (
        range(20, 43),
        ["no evidence that the provinces", "closer together", "probably smaller in size"],
        ["score higher on"],
    ),
    "every_third": (range(0, 63, 3), ["no evidence", "no clear reason to expect"], ["probably"]),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_said_follows_what_is_known(indices_frame, known, places, case):
    of_par, wanted, unwanted = CASES[case]
    # Shuffled over the codes, so that no region stands out.
    codes = list(np.random.default_rng(0).permutation(places.codes))
    table = selection.compare(_made_up(indices_frame)(codes, list(of_par)), known, places, 2022, draws=1999)
    said = findings.paragraph(table, known, places, known["par"], "rank", "en")
    for words in wanted:
        assert words in said, case
    for words in unwanted:
        assert words not in said, case
    assert f"A national rank is known for {len(list(of_par))} of 63 provinces" in said


def test_spreads_that_point_in_different_directions_leave_it_open(indices_frame, known, places, compared):
    said = findings.paragraph(compared(2017), known, places, known["par"], "rank", "en")
    assert "closer together on PAPI" in said and "known ranks of PAR INDEX lie further apart" in said
    assert "cannot be said" in said and "probably" not in said


def test_regions_with_more_or_fewer_are_named_only_where_the_regions_differ(
    indices_frame, known, places, compared
):
    said = findings.paragraph(compared(2022), known, places, known["par"], "rank", "vi")
    assert "phân bố không đều" in said and "Đồng bằng sông Cửu Long (2/13)" in said
    said = findings.paragraph(compared(2022), known, places, known["sipas"], "rank", "en")
    assert "no evidence that the figures are spread unevenly" in said and "Mekong" not in said


def test_the_opening_says_the_same_of_several_indices_once(indices_frame, known, places, compared):
    def said(year):
        return findings.opening(compared(year), indices_frame, known, places, year, "en")

    assert said(2021).count("no clear reason") == 1 and said(2022).count("no clear reason") == 1
    assert "SIPAS (ranks of 20 of 63 provinces): the provinces known lie further apart" in said(2022)
    assert "PAPI (scores of 61 of 63 provinces) lacks Bac Giang and Bac Ninh." in said(2022)
    assert "PAPI (ranks of 61 of 63 provinces) lacks Bac Giang and Dong Thap." in said(2014)
    assert "No province: every index" in said(2011)


def test_the_conclusion_names_every_clear_difference(indices_frame, known, places, compared):
    for year, index in itertools.product(YEARS, ("par", "sipas")):
        if index not in set(compared(year)["index"]):
            continue
        said = findings.conclusion(compared(year), known, places, known[index], "en")
        assert ("on average better than a random draw" in said) == ("with better ranks in" in said)
        assert not ("No clear difference" in said and "with better ranks" in said)


@pytest.mark.parametrize("language", wording.LANGUAGES)
@pytest.mark.parametrize("year", [2012, 2014, 2015, 2022, 2024])
def test_words_are_hedged_and_whole(indices_frame, known, places, compared, year, language):
    table = compared(year)
    said = [findings.opening(table, indices_frame, known, places, year, language)]
    said.append(findings.method_text(language))
    said.append(findings.reference_text(indices_frame, known, places, year, language))
    for index in selection.targets(indices_frame, known, places, year):
        for measure in findings.measures_of(table, index):
            said.append(findings.paragraph(table, known, places, index, measure, language))
        said.append(findings.conclusion(table, known, places, index, language))
        assert len(re.findall(r"[.](?:\s|$)", said[-1].split("** ", 1)[1])) <= 4
        frame, left_out = findings.readable(table, known, index, language)
        together = left_out.count(wording.text("selection.row_all_score", language))
        together += left_out.count(wording.text("selection.row_all_rank", language))
        assert len(frame) + left_out.count("n\u00a0=\u00a0") + 3 * together in (4, 8)
        assert not frame.columns.duplicated().any()
        regions = findings.by_region(table, places, index, language)
        assert len(regions) == 7 and regions.iloc[:6, 1].sum() == 63
    for word in (
        "prove",
        "affect",
        "lead to",
        "leads to",
        "cause",
        "no difference",
        "chứng minh",
        "nan",
        "{",
    ):
        assert not any(word in text for text in said), word
    if language == "vi":
        assert not any(decimal in said[0] for decimal in ("0.", "1."))
