"""What a map shows: values and reasons against the sources, by hand, and on synthetic figures."""

import numpy as np
import pandas as pd
import pytest

from helpers import provinces, registry, wording
from helpers.files import resolve
from helpers.measures import NoFigureError, measure, merged, standing_gap

RAW = resolve("data/raw")
CODES = provinces.load(RAW).codes
CROSSWALK = provinces.crosswalk(RAW)
COLUMNS = [
    "index",
    "year",
    "gso_code",
    "component",
    "score",
    "max_score",
    "rank",
    "ranked",
    "basis",
    "source",
]
COLUMNS += ["series", "group", "rank_basis", "rank_source"]


def synthetic(slug, year, scores=None, ranks=None, component="", max_score=100.0, group=""):
    """Make figures of invented results: {code: score} and {code: rank}."""
    codes = sorted({*(scores or {}), *(ranks or {})})
    rows = pd.DataFrame(index=range(len(codes)), columns=COLUMNS, dtype=object)
    rows = rows.assign(index=slug, year=year, gso_code=codes, component=component, group=group)
    rows["score"] = [(scores or {}).get(code, np.nan) for code in codes]
    rows["rank"] = pd.array([(ranks or {}).get(code, pd.NA) for code in codes], dtype="Int64")
    rows["max_score"] = rows["score"].where(rows["score"].isna(), max_score).astype(float)
    rows["ranked"] = pd.array([63] * len(codes), dtype="Int64")
    return rows.assign(basis="stated", source="s", rank_basis="stated", rank_source="s", series="x")


def states(layer):
    return {state: codes for state, codes in layer.gaps.items() if codes}


# --- real figures -------------------------------------------------------------------------------------------


def test_papi_of_2022_lacks_two_totals_of_which_dimensions_are_known(indices_frame, known):
    layer = measure(indices_frame, known["papi"], 2022, CODES)
    assert layer.n == 61 and states(layer) == {"some_components": ["24", "27"]}  # Bắc Giang, Bắc Ninh
    # Bình Phước's own report on 2022 says that it was 56th.
    assert layer.table.at["70", "rank"] == 56
    assert layer.scale == "sequential" and layer.best_first[0] == "22" and layer.best_first[-1] == "04"
    whole = measure(indices_frame, known["papi"], 2022, CODES, component="participation")
    assert whole.n + sum(map(len, states(whole).values())) == 63


@pytest.mark.parametrize(
    ("year", "codes"), [(2014, ["24", "87"]), (2021, ["22", "24", "27"]), (2023, ["22", "74"]), (2011, [])]
)
def test_papi_has_no_result_of_some_provinces(indices_frame, known, year, codes):
    assert states(measure(indices_frame, known["papi"], year, CODES)) == (
        {"no_result": codes} if codes else {}
    )


def test_the_pilot_of_sipas_surveyed_ten_provinces(indices_frame, known):
    layer = measure(indices_frame, known["sipas"], 2015, CODES)
    not_surveyed = states(layer)["not_surveyed"]
    assert len(not_surveyed) == 53 and "not_reported" not in states(layer)
    later = measure(indices_frame, known["sipas"], 2022, CODES)
    assert "not_surveyed" not in states(later) and states(later)["not_reported"]


def test_what_the_provinces_wrote_of_themselves_is_on_the_map(indices_frame, known):
    score = measure(indices_frame, known["par"], 2022, CODES)
    # Trà Vinh 2022: 83.00 of 100, rank 50 of 63, up 2.
    assert score.values["84"] == 83.0
    rank = measure(indices_frame, known["par"], 2022, CODES, "rank")
    assert rank.values["84"] == 50 and rank.scale == "reversed" and rank.decimals == 0
    moved = measure(indices_frame, known["par"], 2022, CODES, "change")
    assert moved.measure == "rank_change" and moved.values["84"] == 2
    assert moved.values["70"] == 10  # Bình Phước: rank 39, up 10
    # Cần Thơ 2021: SIPAS rank 48, down 10.
    assert measure(indices_frame, known["sipas"], 2021, CODES, "rank_change").values["92"] == -10


def test_a_rank_without_a_score_is_no_gap_like_others(indices_frame, known):
    layer = measure(indices_frame, known["par"], 2022, CODES)
    rows = indices_frame.query("index == 'par' and year == 2022 and component == ''").set_index("gso_code")
    only = sorted(rows.index[rows["score"].isna() & rows["rank"].notna()])
    assert states(layer) == {"only_rank": only, "not_reported": sorted(set(CODES) - set(rows.index))}
    assert layer.n + len(only) + len(layer.gaps["not_reported"]) == 63


@pytest.mark.parametrize(
    ("slug", "year", "kind"),
    [
        ("papi", 2017, "change"),
        ("papi", 2018, "rank_change"),
        ("papi", 2021, "rank_change"),
        ("papi", 2022, "change"),
        ("par", 2015, "change"),
        ("par", 2016, "rank_change"),
        ("sipas", 2018, "change"),
        ("sipas", 2022, "rank_change"),
    ],
)
def test_scores_are_compared_within_a_series_and_ranks_across(indices_frame, known, slug, year, kind):
    layer = measure(indices_frame, known[slug], year, CODES, "change")
    column = "score" if kind == "change" else "rank"
    totals = indices_frame[(indices_frame["index"] == slug) & (indices_frame["component"] == "")]
    wide = totals.pivot(index="gso_code", columns="year", values=column).astype(float)
    expected = (wide[year] - wide[year - 1]) * (1 if kind == "change" else -1)
    assert layer.measure == kind and layer.scale == "diverging"
    assert layer.values.to_dict() == pytest.approx(expected.dropna().to_dict())
    one = wide[[year - 1, year]].notna().sum(axis=1).eq(1)
    assert layer.gaps.get("one_year", []) == sorted(one.index[one])
    assert layer.table["before"].dropna().to_dict() == wide[year - 1].dropna().to_dict()


def test_standing_on_paper_against_that_with_citizens(indices_frame, known):
    layer = standing_gap(indices_frame, known["par"], known["papi"], 2022, CODES)
    ranks = layer.table.loc["80", ["rank_first", "rank_second"]]
    # Long An: its ranks as shares of 63 and of 61 ranked provinces.
    assert layer.values["80"] == pytest.approx((ranks["rank_second"] / 61 - ranks["rank_first"] / 63) * 63)
    assert layer.values["80"] == pytest.approx(50.9, abs=0.05)
    known_of = layer.table[["rank_first", "rank_second"]].notna().sum(axis=1)
    assert layer.gaps.get("one_index", []) == list(known_of.index[known_of == 1])
    assert layer.gaps.get("neither", []) == list(known_of.index[known_of == 0])
    assert layer.n == (known_of == 2).sum() and layer.decimals == 1
    turned = standing_gap(indices_frame, known["papi"], known["par"], 2022, CODES)
    assert turned.values.to_dict() == pytest.approx((-layer.values).to_dict())


def test_standard_scores_are_those_of_the_textbook(indices_frame, known):
    layer = measure(indices_frame, known["papi"], 2024, CODES, "z_score")
    scores = indices_frame.query("index == 'papi' and year == 2024 and component == ''").set_index("gso_code")
    scores = scores["score"].dropna()
    spread = (sum((score - sum(scores) / len(scores)) ** 2 for score in scores) / len(scores)) ** 0.5
    assert layer.values["22" if "22" in scores else "01"] == pytest.approx(
        (scores["22" if "22" in scores else "01"] - scores.mean()) / spread
    )
    assert abs(layer.values.mean()) < 1e-9 and layer.values.std(ddof=0) == pytest.approx(1)


def test_published_groups_are_those_of_the_publisher(indices_frame, known):
    layer = measure(indices_frame, known["papi"], 2022, CODES, "group")
    assert layer.group_names == ["lowest", "low_average", "high_average", "highest"]
    assert layer.values["70"] == 0 and layer.values["22"] == 3  # Bình Phước, Quảng Ninh
    assert sorted(layer.values.value_counts()) == [15, 15, 15, 16]
    # Bình Phước 2022: e-governance in the highest group, rank 9.
    part = measure(indices_frame, known["papi"], 2022, CODES, "group", "e_governance")
    assert part.values["70"] == 3 and part.table.at["70", "rank"] == 9
    old = measure(indices_frame, known["par"], 2018, CODES, "group")
    assert old.group_names == ["D", "C", "B", "A"]
    assert set(old.table.loc[old.table["score"] >= 80, "value"]) == {3}


# --- synthetic figures --------------------------------------------------------------------------------------


def test_a_score_below_the_published_groups_has_none(known):
    scores = {"01": 91.0, "04": 85.0, "06": 72.0, "08": 66.0}
    figures = synthetic("par", 2022, scores, {"10": 63})
    figures["group"] = figures["gso_code"].map({"01": "A", "04": "B", "06": "C"}).fillna("")
    layer = measure(figures, known["par"], 2022, CODES, "group")
    assert layer.values.to_dict() == {"01": 2, "04": 1, "06": 0} and layer.best_first == ["01", "04", "06"]
    assert (layer.gaps["no_group"], layer.gaps["only_rank"]) == (["08"], ["10"])
    assert len(layer.gaps["not_reported"]) == 58


def test_percentages_among_points_are_apart(known):
    points = synthetic("par", 2023, {"01": 9.1, "04": 8.7, "06": 8.0}, component="steering", max_score=9.5)
    percent = synthetic("par", 2023, {"08": 88.0}, component="steering", max_score=100.0)
    layer = measure(pd.concat([points, percent]), known["par"], 2023, CODES, component="steering")
    assert layer.gaps["other_scale"] == ["08"] and sorted(layer.values) == [8.0, 8.7, 9.1]
    z = measure(pd.concat([points, percent]), known["par"], 2023, CODES, "z_score", "steering")
    assert z.gaps["other_scale"] == ["08"] and z.values.mean() == pytest.approx(0)
    ranks = synthetic("par", 2023, {"01": 9.1}, {"01": 1, "08": 2}, component="steering")
    assert measure(ranks, known["par"], 2023, CODES, "rank", "steering").n == 2


def test_components_that_some_state_in_percent(indices_frame, known):
    rows = indices_frame.query("index == 'par' and year == 2023 and component == 'procedures'")
    scales = rows.dropna(subset="score").set_index("gso_code")["max_score"].fillna(-1)
    assert scales.nunique() > 1
    layer = measure(indices_frame, known["par"], 2023, CODES, component="procedures")
    shown = scales[layer.values.index]
    assert shown.nunique() == 1 and shown.iloc[0] in scales.mode().tolist()
    assert layer.gaps["other_scale"] == sorted(scales.index[scales != shown.iloc[0]])


def test_equal_scores_have_standard_scores_of_zero(known):
    layer = measure(
        synthetic("papi", 2022, dict.fromkeys(CODES, 40.0)), known["papi"], 2022, CODES, "z_score"
    )
    assert set(layer.values) == {0.0} and layer.n == 63


def test_equal_changes_are_equal_whatever_the_binary_fractions(known):
    before = synthetic("par", 2023, {"01": 80.1, "04": 70.3, "06": 0.1, "08": 71.0})
    now = synthetic("par", 2024, {"01": 80.4, "04": 70.6, "06": 0.4, "08": 71.0})
    layer = measure(pd.concat([before, now]), known["par"], 2024, CODES, "change")
    assert layer.values.nunique() == 2 and layer.values["08"] == 0


def test_scales_to_one_have_four_decimals_and_short_ones_three(indices_frame):
    every = registry.load(RAW, every=True)
    figures = synthetic("dti", 2022, {"01": 0.7123, "79": 0.7011}, {"01": 1, "79": 2}, max_score=1.0)
    layer = measure(figures, every["dti"], 2022, CODES)
    assert layer.decimals == 4
    part = measure(indices_frame, every["papi"], 2022, CODES, component="participation.election_quality")
    assert part.decimals == 3 and part.n >= 61
    assert measure(indices_frame, every["papi"], 2022, CODES, component="participation").decimals == 2
    assert measure(indices_frame, every["papi"], 2022, CODES).decimals == 2


# --- merged provinces ---------------------------------------------------------------------------------------


def test_the_34_units_are_means_of_their_provinces(indices_frame, known):
    layer = measure(indices_frame, known["papi"], 2022, CODES)
    found = merged(layer, CROSSWALK)
    assert found.vintage == "34" and found.aggregated and len(found.table) == 34
    for new in found.table.index:
        parts = layer.table.loc[CROSSWALK.index[CROSSWALK.eq(new)], "value"]
        row = found.table.loc[new]
        assert (row["n"], row["parts"]) == (parts.notna().sum(), len(parts))
        if parts.notna().all():
            assert row["value"] == pytest.approx(sum(parts) / len(parts)) and row["state"] == "shown"
            assert (row["low"], row["high"]) == (parts.min(), parts.max())
        else:
            assert np.isnan(row["value"]) and row["state"] in ("some_parts", "some_components")
    # Bắc Ninh is Bắc Giang and Bắc Ninh, of both of which only dimensions were published.
    assert found.gaps == {"some_components": ["24"]}


def test_units_of_which_some_parts_are_known_have_no_value_and_keep_the_mean_of_some(known):
    ha_giang, tuyen_quang, cao_bang = "02", "08", "04"
    scores = {ha_giang: 40.0, cao_bang: 44.0}
    found = merged(measure(synthetic("papi", 2022, scores), known["papi"], 2022, CODES), CROSSWALK)
    new = CROSSWALK[tuyen_quang]
    assert found.values.to_dict() == {cao_bang: 44.0}
    assert found.table.loc[new, ["state", "mean_of_some"]].tolist() == ["some_parts", 40.0]


def test_ranks_of_provinces_are_no_rank_of_the_unit_they_became(known):
    ranks = {"02": 10, "08": 20, "11": 30}
    figures = synthetic("par", 2022, {"01": 90.0}, ranks)
    found = merged(measure(figures, known["par"], 2022, CODES), CROSSWALK)
    assert "only_rank" not in found.gaps and found.gaps["some_parts"] == ["08", "11"]
    by_rank = merged(measure(figures, known["par"], 2022, CODES, "rank"), CROSSWALK)
    assert by_rank.values[CROSSWALK["02"]] == 15 and by_rank.decimals == 1


def test_weights_count_as_they_should(known):
    figures = synthetic("papi", 2022, {"02": 40.0, "08": 46.0})
    weights = pd.Series(1.0, index=CODES)
    weights["02"] = 2.0
    found = merged(measure(figures, known["papi"], 2022, CODES), CROSSWALK, weights)
    assert found.values[CROSSWALK["08"]] == pytest.approx(42.0)


def test_what_has_no_mean_is_not_merged(indices_frame, known):
    group = measure(indices_frame, known["papi"], 2022, CODES, "group")
    with pytest.raises(NoFigureError, match="the publisher groups the 63 provinces"):
        merged(group, CROSSWALK)
    layer = merged(measure(indices_frame, known["papi"], 2022, CODES), CROSSWALK)
    with pytest.raises(ValueError, match="are of the 34 units already"):
        merged(layer, CROSSWALK)


# --- what cannot be mapped ---------------------------------------------------------------------------------


def test_what_is_not_known_is_refused(indices_frame, known):
    papi = known["papi"]
    for name in ("value", "standing_gap"):
        with pytest.raises(ValueError, match=f"measure '{name}' is not known; choose one of score, rank"):
            measure(indices_frame, papi, 2022, CODES, name)
    with pytest.raises(ValueError, match="papi has no component 'impact'; choose one of participation"):
        measure(indices_frame, papi, 2022, CODES, component="impact")
    with pytest.raises(ValueError, match="papi 2022 has figures of 05, which the map does not have"):
        measure(synthetic("papi", 2022, {"05": 40.0, "01": 42.0}), papi, 2022, CODES)
    doubled = pd.concat([synthetic("papi", 2022, {"01": 40.0})] * 2)
    with pytest.raises(ValueError, match="more than one figure for a province; clean again"):
        measure(doubled, papi, 2022, CODES)


REFUSED = [
    (("papi", 2010), {}, "No map of PAPI: the registry", "Không có bản đồ PAPI: danh mục"),
    (("papi", 2011, "change"), {}, "there are no figures for 2010", "không có số liệu năm 2010"),
    (("sipas", 2017, "change"), {}, "there are no figures for 2016", "không có số liệu năm 2016"),
    (("sipas", 2022, "group"), {}, "there are none of SIPAS", "Không có bản đồ nhóm năm 2022"),
    (("par", 2017, "group"), {}, "No map of groups", "Không có bản đồ nhóm"),
    (
        ("papi", 2022, "group"),
        {"component": "participation.election_quality"},
        "No map of groups",
        "không có nhóm của PAPI",
    ),
    (
        ("papi", 2012),
        {"component": "e_governance"},
        "no score in E-Governance of PAPI for 2012",
        "Không có số liệu về điểm ",
    ),
]


@pytest.mark.parametrize(("asked", "options", "english", "vietnamese"), REFUSED)
def test_what_is_not_there_is_said_in_both_languages(
    indices_frame, known, asked, options, english, vietnamese
):
    slug, year, *kind = asked
    with pytest.raises(NoFigureError) as refused:
        measure(indices_frame, known[slug], year, CODES, *kind, **options)
    assert english in str(refused.value) and vietnamese in refused.value.in_words("vi")
    for language in wording.LANGUAGES:
        assert not set("{}") & set(refused.value.in_words(language))


def test_pairs_that_do_not_meet_are_refused_in_both_languages(indices_frame, known):
    with pytest.raises(NoFigureError) as refused:
        standing_gap(indices_frame, known["par"], known["papi"], 2011, CODES)
    assert "PAR INDEX" in refused.value.in_words("vi")
    apart = pd.concat([synthetic("par", 2022, ranks={"01": 3}), synthetic("papi", 2022, ranks={"04": 3})])
    with pytest.raises(NoFigureError, match="no province is ranked by both"):
        standing_gap(apart, known["par"], known["papi"], 2022, CODES)
