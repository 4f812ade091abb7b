"""Agreement of two rankings: known values, other libraries, verdicts and words that follow the numbers."""

import math
import re
import tomllib
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from helpers import agreement, provinces
from helpers import agreement_findings as findings


@pytest.fixture(autouse=True)
def _no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.fixture(scope="module")
def pair(known):
    return known["par"], known["papi"]


@pytest.fixture(scope="module")
def found(indices_frame, pair):
    return agreement.differences(indices_frame, *pair)


@pytest.fixture(scope="module")
def summary(found, pair):
    return agreement.persistence(found, *pair)


@pytest.fixture(scope="module")
def yearly(found, pair):
    return agreement.by_year(found, *pair)


def _synthetic(ranks, ranked=(63, 63)):
    """Invented ranks: by year, one list on paper and one by citizens."""
    parts = []
    for year, both in ranks.items():
        for slug, values, of in zip(("par", "papi"), both, ranked, strict=True):
            codes = provinces.load().codes[: len(values)]
            part = {"index": slug, "year": year, "gso_code": codes, "component": "", "rank": values}
            parts.append(pd.DataFrame(part).assign(ranked=of, score=math.nan))
    return pd.concat(parts, ignore_index=True).astype({"rank": "Int64", "ranked": "Int64"})


def _agreement(pair, x, y):
    figures = _synthetic({2022: (x, y)})
    return agreement.by_year(agreement.differences(figures, *pair), *pair, draws=2_000).iloc[0]


# --- differences -------------------------------------------------------------------------------------------


def test_a_difference_is_the_rank_by_citizens_less_the_rank_on_paper(found):
    row = found.set_index(["gso_code", "year"]).loc[("01", 2012)]
    assert (row["rank_paper"], row["rank_citizens"], row["difference"]) == (7, 26, 19)


def test_rankings_of_different_length_are_put_on_one_scale(found):
    rows = found[found["year"] == 2022]
    assert set(rows["ranked_paper"]) == {63} and set(rows["ranked_citizens"]) == {61}
    place = (rows["rank_citizens"] - 0.5) / 61 * 63 + 0.5
    assert (rows["difference"] - (place - rows["rank_paper"])).abs().max() < 1e-9


def test_the_other_way_round_the_sign_turns(indices_frame, pair, found):
    turned = agreement.differences(indices_frame, *pair[::-1])
    assert turned["difference"].tolist() == pytest.approx((-found["difference"]).tolist())


def test_a_ranking_of_few_provinces_is_no_national_one(indices_frame, known):
    rows = agreement.differences(indices_frame, known["sipas"], known["papi"], [2015])
    assert len(rows) == 10 and rows["difference"].isna().all()
    assert set(rows["reason"]) == {"agreement.reason_partial"}
    yearly = agreement.by_year(rows, known["sipas"], known["papi"])
    assert yearly["kappa"].isna().all() and list(yearly["reason"]) == ["agreement.reason_partial"]


# --- agreement of a year -----------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [8, 21, 63])
def test_chance_is_the_known_mean_of_random_permutations(pair, n):
    # The mean of |i - j| over two independent ranks from 1 to n is (n² - 1) / (3 n).
    row = _agreement(pair, range(1, n + 1), range(n, 0, -1))
    assert row["expected_difference"] == pytest.approx((n**2 - 1) / (3 * n), abs=1e-9)


def test_kappa_is_that_of_statsmodels(pair):
    from statsmodels.stats.inter_rater import cohens_kappa

    draw = np.random.default_rng(4)
    x, y = draw.integers(1, 64, 40), draw.integers(1, 64, 40)
    counts = np.zeros((63, 63))
    np.add.at(counts, (x - 1, y - 1), 1)
    expected = cohens_kappa(counts, wt="linear", return_results=False)
    assert _agreement(pair, x, y)["kappa"] == pytest.approx(expected, abs=1e-9)


def test_share_in_the_same_third_by_pandas(found, yearly):
    rows = found[found["year"] == 2021]
    thirds = [
        pd.cut((rows[f"rank_{role}"] - 0.5) / rows[f"ranked_{role}"], [0, 1 / 3, 2 / 3, 1], labels=False)
        for role in ("paper", "citizens")
    ]
    row = yearly.set_index("year").loc[2021]
    assert row["same_third"] == pytest.approx((thirds[0] == thirds[1]).mean())
    shares = [third.value_counts(normalize=True) for third in thirds]
    assert row["same_third_expected"] == pytest.approx((shares[0] * shares[1]).sum())


def test_equal_and_unrelated_synthetic_rankings(pair):
    order = np.random.default_rng(2).permutation(63) + 1
    equal = _agreement(pair, order, order)
    assert (equal["kappa"], equal["ci_low"], equal["ci_high"], equal["same_third"]) == (1, 1, 1, 1)
    assert equal["p_value"] < 0.001
    unrelated = _agreement(pair, order, np.random.default_rng(3).permutation(63) + 1)
    assert unrelated["ci_low"] < 0 < unrelated["ci_high"] and unrelated["p_value"] > 0.05
    opposite = _agreement(pair, order, 64 - order)
    assert opposite["ci_high"] < 0 and opposite["p_value"] < 0.001


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 63), st.integers(1, 63)), min_size=8, max_size=30))
def test_bounds_and_symmetry(pair, rows):
    x, y = zip(*rows, strict=True)
    one, other = _agreement(pair, x, y), _agreement(pair, y, x)
    if one["reason"]:
        assert len(set(x)) == 1 or len(set(y)) == 1
        return
    assert one["kappa"] == pytest.approx(other["kappa"]) and one["kappa"] <= 1
    assert 0 <= one["mean_difference"] <= 62 and 0 < one["p_value"] <= 1
    assert 0 <= one["same_third"] <= 1


@pytest.mark.parametrize(
    ("x", "y", "reason"),
    [
        (range(1, 8), range(1, 8), "few_provinces"),
        ([5] * 12, range(1, 13), "tied"),
        ([5] * 12, [5] * 12, "tied"),
    ],
)
def test_agreement_is_refused_with_a_reason(pair, x, y, reason):
    row = _agreement(pair, x, y)
    assert row["reason"] == f"agreement.reason_{reason}" and math.isnan(row["kappa"])
    assert row["n"] == len(x)


# --- provinces over the years ------------------------------------------------------------------------------


def test_intervals_are_those_of_scipy(found, summary):
    rows = summary[summary["reason"] == ""]
    assert len(rows) >= 35
    for row in rows.itertuples():
        own = found.loc[found["gso_code"] == row.gso_code, "difference"]
        expected = stats.ttest_1samp(own, 0)
        interval = expected.confidence_interval(0.95)
        assert (row.years, row.difference) == (len(own), pytest.approx(own.mean()))
        assert row.p_value == pytest.approx(expected.pvalue, abs=1e-9)
        cut = (max(interval.low, -62), min(interval.high, 62))
        assert (row.ci_low, row.ci_high) == pytest.approx(cut, abs=1e-9)


def test_adjustment_is_that_of_statsmodels(summary):
    from statsmodels.stats.multitest import multipletests

    rows = summary[summary["p_value"].notna()]
    expected = multipletests(rows["p_value"], method="fdr_bh")[1]
    assert rows["p_adjusted"].to_numpy() == pytest.approx(expected, abs=1e-9)


def test_verdicts_follow_the_interval(summary):
    for row in summary.itertuples():
        if row.reason:
            assert row.verdict == "" and math.isnan(row.ci_low)
            assert row.years < agreement.MINIMUM_YEARS
        elif row.verdict == agreement.UNCLEAR:
            assert row.ci_low <= 0 <= row.ci_high
        else:
            assert (row.verdict == agreement.PAPER) == (row.ci_low > 0)
            assert (row.verdict == agreement.CITIZENS) == (row.ci_high < 0)


def test_a_synthetic_gap_that_never_changes_has_no_interval(pair):
    years = {year: (range(1, 21), range(11, 31)) for year in (2020, 2021, 2022)}
    rows = agreement.persistence(agreement.differences(_synthetic(years), *pair), *pair)
    assert set(rows["reason"]) == {"agreement.reason_same_difference"}
    assert (
        (rows["difference"] == 10).all() and rows["ci_low"].isna().all() and rows["p_adjusted"].isna().all()
    )


def test_the_table_holds_years_and_summaries(indices_frame, pair, found, summary):
    table = agreement.table(indices_frame, *pair)
    assert list(table.columns) == agreement.COLUMNS
    assert table["year"].notna().sum() == len(found) and table["year"].isna().sum() == len(summary)
    assert not table.duplicated(["gso_code", "year"]).any()
    kept = findings.written(table)
    assert "both ranks in fewer than 3 years" in set(kept["reason"])
    assert kept["reason"].str.contains(r"agreement\.").sum() == 0


def test_positions_and_quadrants(found):
    points = agreement.positions(found, 3)
    assert (points["years"] >= 3).all()
    own = found[found["gso_code"] == "01"]
    assert points.at["01", "x"] == pytest.approx(own["place_paper"].mean())
    corners = pd.DataFrame({"x": [1, 1, 63, 63, 32], "y": [1, 63, 1, 63, 32]})
    assert agreement.quadrant(corners, 63).tolist() == ["both", "paper", "citizens", "neither", "both"]


# --- words -------------------------------------------------------------------------------------------------


def _year_row(**changes):
    row = dict.fromkeys(agreement.YEAR_COLUMNS, 0.4) | {
        "year": 2022,
        "n": 30,
        "ci_low": 0.1,
        "ci_high": 0.7,
        "reason": "",
    }
    return pd.DataFrame([row | changes])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "agree more than chance"),
        ({"ci_low": -0.1}, "no evidence that they agree more than chance"),
        ({"ci_low": math.nan, "ci_high": math.nan}, "no evidence"),
        ({"kappa": -0.4, "ci_low": -0.7, "ci_high": -0.1}, "agree less than chance"),
        ({"reason": "agreement.reason_few_provinces"}, "fewer than 8 provinces with both ranks"),
        ({"year": 2021}, "no province has ranks in both"),
    ],
)
def test_sentences_of_a_year_follow_the_interval(pair, changes, said):
    assert said in findings.year_text(_year_row(**changes), *pair, 2022, 63, "en")
    assert findings.year_text(_year_row(**changes), *pair, 2022, 63, "vi")


def test_provinces_that_stay_clear_are_named_with_their_interval_the_others_without(summary, pair, places):
    said = findings.persistence_text(summary, *pair, places, "vi")
    clear = summary[summary["verdict"].isin([agreement.PAPER, agreement.CITIZENS])]
    assert len(clear) >= 5
    for row in clear.itertuples():
        line = re.search(rf"^- .*{places.name(row.gso_code, 'vi')}.*$", said, re.MULTILINE)[0]
        assert ("không còn rõ" in line) == (row.p_adjusted >= 0.05) == (f"{row.years} năm" not in line)
    given = (summary["reason"] == "").sum()
    assert f"{given}/63" in said and f"{63 - given} nơi còn lại" in said


def test_nothing_known_is_said_so(pair, places, known):
    figures = _synthetic({2022: ([1], [1])}).iloc[:0]
    none = agreement.differences(figures, *pair)
    summary, yearly = agreement.persistence(none, *pair), agreement.by_year(none, *pair)
    assert agreement.table(figures, *pair).empty and agreement.positions(none).empty
    for language in ("en", "vi"):
        assert findings.readable_years(yearly, language)[0].empty
        assert findings.readable_persistence(summary, places, language)[0].empty
    assert "No province has both ranks" in findings.persistence_text(summary, *pair, places, "en")
    assert "No year has ranks" in findings.years_text(yearly, *pair, "en")


def test_tables_for_reading_are_worded_and_whole(yearly, summary, places):
    for language in ("en", "vi"):
        rows, left_out = findings.readable_years(yearly, language)
        assert len(rows) and len(rows) + len(left_out) == len(yearly)
        rows, left_out = findings.readable_persistence(summary, places, language)
        assert len(rows) == (summary["reason"] == "").sum() and len(rows) + len(left_out) == len(summary)
        assert not any("agreement." in str(cell) for cell in [*rows.to_numpy().ravel(), *left_out])


def test_method_names_the_survey_inside_the_index_on_paper(known, pair):
    assert "10 % of it is SIPAS" in findings.method_text(*pair, known, 63, "en")
    assert "SIPAS" not in findings.method_text(known["pci"], known["papi"], known, 63, "en")


def test_no_text_claims_causes_or_proof(root):
    texts = tomllib.loads((root / "src" / "helpers" / "texts" / "agreement.toml").read_text("utf-8"))
    forbidden = r"\b(prove[sn]?|affects?|leads to|improves?|drives?|causes?|no difference|because of)\b"
    assert not [key for key, entry in texts.items() if re.search(forbidden, entry["en"])]
