"""The tables of correlations on the real figures and on synthetic ones."""

import itertools
import math
import warnings

import numpy as np
import pandas as pd
import pytest

from helpers import coefficients, correlation
from helpers.coefficients import pearson


@pytest.fixture(autouse=True)
def _no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


# --- the table of pairs ------------------------------------------------------------------------------------


def test_columns_and_rows_of_every_year(tables, known):
    for year, table in tables.items():
        assert list(table.columns) == correlation.COLUMNS
        keys = ["index_a", "index_b", "measure", "variant", "method"]
        assert not table.duplicated(keys).any()
        order = [index.slug for index in known]
        assert all(
            order.index(a) < order.index(b) for a, b in zip(table["index_a"], table["index_b"], strict=True)
        )
        refused = table["reason"] != ""
        numbers = table[["estimate", "ci_low", "ci_high", "p_value", "p_adjusted"]]
        assert numbers[refused].isna().all(axis=None), year
        assert numbers[~refused].notna().all(axis=None), year
        assert (table.loc[~refused, "n"] >= coefficients.MINIMUM_PAIRS).all()
        assert (table["p_adjusted"] >= table["p_value"]).eq(~refused).all()


def test_numbers_of_pairs(tables, indices_frame):
    def n(year, measure, a, b):
        rows = tables[year].query(
            "measure == @measure and index_a == @a and index_b == @b and variant == 'plain'"
        )
        assert rows["n"].nunique() == 1
        return rows["n"].iloc[0]

    assert n(2021, "score", "par", "papi") == 25
    # 31 are reported as such; a stated change of rank adds the rank of the year before for a few more.
    assert 31 <= n(2021, "rank", "par", "papi") <= 37
    assert n(2011, "score", "papi", "pci") == n(2015, "rank", "papi", "pci") == 63
    assert n(2014, "score", "papi", "pci") == 61
    codes = {
        slug: set(
            indices_frame.query("index == @slug and year == 2022 and component == '' and score == score")[
                "gso_code"
            ]
        )
        for slug in ("par", "papi", "sipas")
    }
    for a, b in itertools.combinations(codes, 2):
        assert n(2022, "score", a, b) == len(codes[a] & codes[b])


def test_agreement_of_ranks_is_positive_where_scores_go_together(tables):
    ranks = correlation_of(tables[2022], "rank", "spearman")
    scores = correlation_of(tables[2022], "score", "spearman")
    assert scores > 0.3 and ranks > 0.3


def correlation_of(table, measure, method):
    rows = table.query("measure == @measure and method == @method and variant == 'plain'")
    return rows.set_index(["index_a", "index_b"]).at[("par", "papi"), "estimate"]


def test_papi_and_pci_agree_alike_by_score_and_by_rank(tables):
    # Both rank all provinces by score, so that the order is the same but for rounding to ties.
    found = tables[2015].query(
        "index_a == 'papi' and index_b == 'pci' and method == 'spearman' and variant == 'plain'"
    )
    by_score, by_rank = found["estimate"]
    assert by_rank == pytest.approx(by_score, abs=0.01)


def test_holm_by_hand():
    table = pd.DataFrame(
        {
            "measure": "score",
            "variant": "plain",
            "method": ["pearson"] * 4 + ["kendall"] * 2,
            "p_value": [0.01, 0.04, math.nan, 0.03, 0.2, 0.9],
            "p_adjusted": math.nan,
        }
    )
    found = correlation._with_holm(table)["p_adjusted"]
    # Three p-values: 3 x 0.01; 2 x 0.03; 0.04 may not fall below the one before. Two: 2 x 0.2; 0.9.
    assert found.drop(2).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.4, 0.9])
    assert math.isnan(found[2])


def test_families_of_holm_on_the_real_pairs(tables):
    for _, family in tables[2015].dropna(subset="p_value").groupby(["measure", "variant", "method"]):
        ordered = family.sort_values("p_value")
        m, worst = len(ordered), 0.0
        for step, row in enumerate(ordered.itertuples()):
            worst = max(worst, min(1.0, (m - step) * row.p_value))
            assert row.p_adjusted == pytest.approx(worst)


# --- variants ----------------------------------------------------------------------------------------------


def _one(table, variant, measure="rank", pair=("par", "papi"), method="spearman"):
    key = {"index_a": pair[0], "index_b": pair[1], "measure": measure, "variant": variant, "method": method}
    return table[(table[list(key)] == list(key.values())).all(axis=1)].iloc[0]


@pytest.mark.parametrize("method", ["pearson", "spearman"])
def test_within_regions_is_the_partial_correlation_of_pingouin(tables, indices_frame, places, method):
    import pingouin

    both = correlation.totals(indices_frame, 2022, "rank")[["par", "papi"]].dropna()
    regions = pd.get_dummies(places.table["region6"].reindex(both.index), drop_first=True, dtype=float)
    regions.columns = [f"region{number}" for number in range(regions.shape[1])]
    expected = pingouin.partial_corr(
        both.join(regions), "par", "papi", list(regions.columns), method=method
    ).iloc[0]
    found = _one(tables[2022], "within_region", method=method)
    assert found["n"] == expected["n"]
    assert found["estimate"] == pytest.approx(expected["r"], abs=1e-9)
    assert found["p_theory"] == pytest.approx(expected["p_val"], abs=1e-9)


def test_variants_take_the_provinces_they_name(tables, indices_frame, places):
    frame = correlation.totals(indices_frame, 2022, "rank")[["par", "papi"]].dropna()
    kept = frame[~frame.index.isin(places.cities)]
    found = _one(tables[2022], "without_cities")
    assert 0 < found["n"] == len(kept) < len(frame)
    assert found["estimate"] == pytest.approx(kept["par"].corr(kept["papi"], method="spearman"), abs=1e-12)
    rows = indices_frame.query("year == 2022 and component == '' and index in ['par', 'papi']")
    stated = rows[rows["rank_basis"].isin(["published", "stated"])].groupby("gso_code").size()
    assert _one(tables[2022], "stated_only")["n"] == (stated.reindex(frame.index) == 2).sum()


def test_pooled_years_are_those_of_one_series(tables, indices_frame):
    found = _one(tables[2022], "pooled")
    assert found["years"] == "2022–2024"
    parts = []
    for year in (2022, 2023, 2024):
        wide = correlation.totals(indices_frame, year, "rank")[["par", "papi"]].dropna()
        ranked = correlation.totals(indices_frame, year, "ranked")[["par", "papi"]].max()
        shares = wide / ranked
        parts.append(shares - shares.mean())
    together = pd.concat(parts)
    assert found["n"] == len(together) and found["clusters"] == together.index.nunique()
    assert found["estimate"] == pytest.approx(together["par"].corr(together["papi"]), abs=1e-12)
    # PAPI 2018 is a series of its own.
    assert _one(tables[2018], "pooled")["reason"] == "correlate.reason_one_year"


def test_a_partial_tau_has_its_interval_from_the_bootstrap(tables):
    found = _one(tables[2022], "within_region", method="kendall")
    assert found["interval"] == "bca" and math.isnan(found["p_theory"])
    assert (found["ci_low"], found["ci_high"]) == (found["boot_low"], found["boot_high"])


def test_one_region_and_too_few_within_are_refused():
    x, y = np.arange(12.0), np.arange(12.0)[::-1]
    assert pearson(x, y, ["a"] * 12).reason == "correlate.reason_one_region"
    assert pearson(x, y, list("abcdefabcdef")).reason == "correlate.reason_few_within"
    within = np.repeat([1.0, 5.0], 8)
    assert pearson(within, np.arange(16.0), np.repeat([0, 1], 8)).reason == "correlate.reason_constant_within"


def test_pooled_refusals():
    def reason(x, y, years, units):
        return coefficients.pooled(x, y, years, units).reason

    units = [f"{number:02d}" for number in range(10)]
    ten = np.arange(10.0)
    assert reason(ten, ten, [2022] * 10, units) == "correlate.reason_one_year"
    assert reason(ten, ten, [2022, 2023] * 5, units[:5] * 2) == "correlate.reason_few_provinces"
    assert reason(ten * 0, ten, [2022, 2023] * 5, units) == "correlate.reason_constant"
    assert reason([], [], [], []) == "correlate.reason_one_year"


# --- influence and dimensions ------------------------------------------------------------------------------


@pytest.mark.parametrize("year", [2012, 2022])
def test_every_province_is_left_out_once(indices_frame, known, tables, year):
    found = correlation.influence(indices_frame, known, year)
    assert list(found.columns) == correlation.INFLUENCE_COLUMNS
    key = ["index_a", "index_b", "measure", "variant", "method"]
    for names, group in found.groupby(key):
        row = _one(tables[year], names[3], names[2], names[:2], names[4])
        assert len(group) == row["n"] and group["gso_code"].is_unique
        assert group["estimate"].eq(row["estimate"]).all()
        assert group["most_influential"].sum() == 1
        assert group.loc[group["most_influential"], "change"].abs().iloc[0] == group["change"].abs().max()


def test_leaving_a_province_out_by_hand(indices_frame, known):
    found = correlation.influence(indices_frame, known, 2022).query(
        "index_a == 'par' and index_b == 'papi' and measure == 'rank' and method == 'kendall'"
    )
    both = correlation.totals(indices_frame, 2022, "rank")[["par", "papi"]].dropna()
    for row in found.itertuples():
        rest = both.drop(row.gso_code)
        assert row.estimate_without == pytest.approx(rest["par"].corr(rest["papi"], "kendall"), abs=1e-12)


def test_dimensions_against_totals_and_components(indices_frame, known):
    assert [index.slug for index in correlation.dissected(indices_frame, known, 2020)] == ["papi"]
    table = correlation.components(indices_frame, known["papi"], known, 2020)
    assert list(table.columns) == correlation.COLUMNS
    rows = ["", *known["papi"].parts(2020)]
    assert list(dict.fromkeys(table["component_a"])) == rows
    cells = list(zip(table["index_b"], table["component_b"], strict=True))
    assert len(table) == len(rows) * len(set(cells))
    assert {("par", ""), ("sipas", ""), ("par", "appraisal")} <= set(cells)
    assert (table["reason"] == "").eq(table["n"] >= coefficients.MINIMUM_PAIRS).all()
    scores = indices_frame.query("year == 2020").pivot(
        index="gso_code", columns=["index", "component"], values="score"
    )
    cell = table.query("component_a == 'e_governance' and component_b == 'appraisal'").iloc[0]
    both = scores[[("papi", "e_governance"), ("par", "appraisal")]].dropna()
    assert cell["n"] == len(both)
    assert cell["estimate"] == pytest.approx(both.corr("spearman").iloc[0, 1], abs=1e-12)
    # One family: the smallest p of all cells is multiplied by their number.
    least = table.loc[table["p_value"].idxmin()]
    assert least["p_adjusted"] == pytest.approx(min(1, least["p_value"] * table["p_value"].notna().sum()))


# --- part and whole ----------------------------------------------------------------------------------------


def _synthetic_figures(places, year=2022, stated=False, maximum=10.0):
    """Invented figures: PAR INDEX is noise plus a tenth of SIPAS, which is all that the two share."""
    draw = np.random.default_rng(5)
    codes = places.codes
    sipas = draw.uniform(20, 100, 63)
    rest = draw.normal(60, 1.0, 63)
    columns = {("par", "", 100.0): rest + sipas / 10, ("sipas", "", 100.0): sipas}
    if stated:
        columns["par", "sipas_points", maximum] = sipas / 10
    rows = [
        {
            "index": index,
            "year": year,
            "gso_code": code,
            "component": component,
            "score": score,
            "max_score": top,
            "basis": "stated",
            "rank_basis": "",
        }
        for (index, component, top), scores in columns.items()
        for code, score in zip(codes, scores, strict=True)
    ]
    ranks = {"rank": pd.array([pd.NA] * len(rows), "Int64"), "ranked": 63}
    return pd.DataFrame(rows).assign(**ranks), pd.Series(rest, codes)


@pytest.mark.parametrize("stated", [True, False])
def test_the_correction_removes_a_built_in_correlation_of_synthetic_figures(known, places, stated):
    figures, rest = _synthetic_figures(places, stated=stated)
    table = (
        correlation.pairs(figures, known, places, 2022)
        .query("measure == 'score'")
        .set_index(["variant", "method"])
    )
    for method in coefficients.METHODS:
        plain, corrected = (table.loc[(variant, method)] for variant in ("plain", "part_whole_corrected"))
        assert plain["estimate"] > 0.6 and plain["ci_low"] > 0
        assert corrected["ci_low"] < 0 < corrected["ci_high"]
    found = correlation.part_whole(figures, known["par"], known["sipas"], 2022)
    assert found["stated"].all() == stated and found["stated"].any() == stated
    pd.testing.assert_series_equal(found["remainder"], rest, check_names=False)


def test_points_on_an_unknown_scale_are_not_used(known, places):
    figures, _ = _synthetic_figures(places, stated=True, maximum=math.nan)
    assert not correlation.part_whole(figures, known["par"], known["sipas"], 2022)["stated"].any()


def test_stated_and_estimated_points_of_2020(indices_frame, known):
    found = correlation.part_whole(indices_frame, known["par"], known["sipas"], 2020)
    points = indices_frame.query("index == 'par' and year == 2020 and component == 'sipas_points'")
    stated = set(points["gso_code"]) & set(found.index)
    assert set(found.index[found["stated"]]) == stated and stated
    for code in stated:
        assert found.at[code, "points"] == points.set_index("gso_code").at[code, "score"]
    assert (
        found.loc[~found["stated"], "points"]
        .eq(found["part"] / 10)
        .reindex(found.index[~found["stated"]])
        .all()
    )
    assert (found["points"] - found["part"] / 10).abs().max() < 0.1


def test_no_correction_where_the_share_is_unknown_nor_of_ranks(tables):
    for year in (2015, 2017, 2018):
        rows = tables[year].query("variant == 'part_whole_corrected'")
        assert len(rows) == 6 and (rows["reason"] == "correlate.reason_share").all()
    rows = tables[2022].query("variant == 'part_whole_corrected'").set_index(["measure", "method"])
    assert (rows.loc["rank", "reason"] == "correlate.reason_ranks").all()
    assert (rows.loc["score", "reason"] == "").all()
    corrected = tables[2022]["variant"].str.startswith("part_whole_corrected")
    pairs = tables[2022].loc[corrected, ["index_a", "index_b"]]
    assert set(pairs.itertuples(index=False, name=None)) == {("par", "sipas")}


# --- who is missing, what is drawn -----------------------------------------------------------------------


def test_missing_provinces_of_a_pair(indices_frame, known, places):
    found = correlation.missing(indices_frame, places.codes, known["papi"], known["sipas"], 2021, "score")
    assert {places.name(code, "vi") for code in found["papi"]} == {"Quảng Ninh", "Bắc Giang", "Bắc Ninh"}
    shown = correlation.points(indices_frame, known["papi"], known["sipas"], 2021, "score")
    assert set(shown.index) == set(places.codes) - set(found["papi"]) - set(found["sipas"])


def test_drawn_plots(tables, known):
    def drawn(year, a, b):
        return correlation.drawn(tables[year], known[a], known[b])

    assert drawn(2022, "par", "papi") == ["score", "rank"]
    assert drawn(2012, "papi", "pci") == ["score"]
    assert drawn(2015, "par", "sipas") == ["rank"]


def test_gap_is_positive_where_the_first_index_is_better(indices_frame, known):
    ranks = correlation.points(indices_frame, known["par"], known["papi"], 2022, "rank")
    scores = correlation.points(indices_frame, known["par"], known["papi"], 2022, "score")
    # Long An 2022: 8th in PAR INDEX, among the last in PAPI; Ninh Thuận the other way round.
    assert ranks["gap"].idxmax() == "80" and ranks.at["58", "gap"] < 0
    assert scores["gap"].mean() == pytest.approx(0, abs=1e-12)


def test_a_year_with_one_index_has_no_pairs(indices_frame, known, places):
    alone = indices_frame[indices_frame["index"] == "papi"]
    assert correlation.combinations(alone, known, 2022) == []
    assert list(correlation.pairs(alone, known, places, 2022).columns) == correlation.COLUMNS
    assert correlation.pairs(alone, known, places, 2022).empty


def test_a_total_that_stands_twice_is_refused(indices_frame):
    rows = indices_frame.query("index == 'papi' and year == 2022 and component == ''")
    twice = pd.concat([rows, rows[rows["gso_code"] == "70"]])
    for column in ("score", "rank", "ranked"):
        assert len(correlation.totals(rows, 2022, column)) == 61
        with pytest.raises(ValueError, match=r"more than one total of a year for papi of 70; clean again"):
            correlation.totals(twice, 2022, column)
