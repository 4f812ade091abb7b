"""Every map of the report, measured on the drawn figure against computations made apart from the modules."""

import dataclasses

import numpy as np
import pandas as pd
import pictures
import pytest
from pictures import check_colours, check_legend, check_texts, patches, texts

from helpers import maps, provinces, wording
from helpers.files import resolve

RAW = resolve("data/raw")
CODES = provinces.load(RAW).codes
YEARS = range(2011, 2025)
# Read off the registry's sources by hand: the years that begin a series (PCI: no two years are compared).
BREAKS = {"par": {2016, 2022}, "papi": {2016, 2018, 2019, 2020, 2021}, "sipas": {2022}, "pci": set(YEARS)}
COMPLETE = ("papi", "pci")
FIRST = {"par": 2012, "papi": 2011, "sipas": 2015, "pci": 2011}
LAST = {"pci": 2016}
ABSENT = {("sipas", 2016)}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    pictures.close()


# --- classes, a second time --------------------------------------------------------------------------------


def of_year(figures, slug, year, component=""):
    rows = figures[(figures["index"] == slug) & (figures["year"] == year)]
    return rows[rows["component"] == component].set_index("gso_code")


def gaps(figures, slug, year):
    """Why a unit of the 63 has no row, by code, as the sources have it."""
    reason = "no_result" if slug in COMPLETE else "not_reported"
    known = figures[(figures["index"] == slug) & (figures["year"] == year)]["gso_code"]
    part = set(known) if slug in COMPLETE else set()
    if (slug, year) == ("sipas", 2015):
        reason = "not_surveyed"
    return {code: "some_components" if code in part else reason for code in CODES}


def quantile_classes(values, k):
    """Number the classes of values by numpy's quantiles; each distinct value apart where there are few."""
    distinct = np.unique(values)
    if len(distinct) <= k:
        return {code: int(np.searchsorted(distinct, value)) for code, value in values.items()}
    breaks = np.unique(np.quantile(values, np.arange(1, k) / k))
    return {code: int((value > breaks).sum()) for code, value in values.items()}


def both_sides(values, k):
    """Sign times the class of the distance from zero."""
    distances = values[values != 0].abs()
    numbers = quantile_classes(distances, (k + 1) // 2)
    return {
        code: 0 if value == 0 else int(np.sign(value)) * (numbers[code] + 1) for code, value in values.items()
    }


def expected_score(figures, slug, year, component="", other="rank", value="score"):
    rows = of_year(figures, slug, year, component)
    only = {code: f"only_{other}" for code in rows.index[rows[other].notna()]}
    found = rows[value].dropna().astype(float)
    numbers = quantile_classes(found, 5)
    if value == "rank":
        numbers = {code: max(numbers.values()) - number for code, number in numbers.items()}
    return gaps(figures, slug, year) | only | numbers


def expected_rank(figures, slug, year):
    return expected_score(figures, slug, year, other="score", value="rank")


def expected_change(figures, slug, year):
    column = "rank" if year in BREAKS[slug] else "score"
    before, now = (of_year(figures, slug, each)[column].dropna().astype(float) for each in (year - 1, year))
    some = dict.fromkeys(before.index.symmetric_difference(now.index), "one_year")
    value = (now - before if column == "score" else before - now).dropna().round(6)
    return gaps(figures, slug, year) | some | both_sides(value, 5)


def expected_group(figures, slug, year):
    rows = of_year(figures, slug, year)
    scores = rows["score"].dropna()
    if slug == "papi":
        limits = np.percentile(scores, [25, 50, 75])
    else:
        limits = [70, 75, 80] if year == 2018 else [80, 90]
    only = {code: "only_rank" for code in rows.index[rows["rank"].notna()]}
    low = {} if slug == "papi" or year == 2018 else {code: "no_group" for code in scores.index[scores < 70]}
    groups = {code: int((score >= np.array(limits)).sum()) for code, score in scores.items()}
    return gaps(figures, slug, year) | only | groups | low


def expected_z_score(figures, slug, year):
    scores = of_year(figures, slug, year)["score"].dropna()
    z = (scores - scores.mean()) / np.sqrt(((scores - scores.mean()) ** 2).mean())
    numbers = {code: sum(value > limit for limit in (-1.5, -0.5, 0.5, 1.5)) - 2 for code, value in z.items()}
    return expected_score(figures, slug, year) | numbers


def expected_gap(figures, year):
    par, papi = (of_year(figures, slug, year) for slug in ("par", "papi"))
    share = {
        slug: rows["rank"].dropna().astype(float) / rows["ranked"].max()
        for slug, rows in (("par", par), ("papi", papi))
    }
    value = ((share["papi"] - share["par"]) * 63).dropna()
    one = dict.fromkeys(share["par"].index.union(share["papi"].index), "one_index")
    return dict.fromkeys(CODES, "neither") | one | both_sides(value, 6)


EXPECTED = {
    "score": expected_score,
    "rank": expected_rank,
    "change": expected_change,
    "group": expected_group,
    "z_score": expected_z_score,
}


def _kinds():
    """Every map of the report; the language changes from year to year."""
    for slug, first in FIRST.items():
        for year in range(first, LAST.get(slug, 2024) + 1):
            if (slug, year) in ABSENT:
                continue
            for number, measure in enumerate(EXPECTED):
                if measure == "rank" and slug in COMPLETE and year != first:
                    continue  # computed from the scores: the same classes
                if measure == "group" and not (slug == "papi" or (slug == "par" and year >= 2018)):
                    continue
                if measure == "change" and (year == first or (slug, year - 1) in ABSENT):
                    continue
                yield slug, year, measure, wording.LANGUAGES[(year + number) % 2]


# --- the maps of the report ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("slug", "year", "measure", "language"), list(_kinds()))
def test_colours_counts_and_texts_of_every_map(atlas, slug, year, measure, language):
    drawn = maps.choropleth(atlas, slug, year, language, measure)
    check_colours(drawn.figure, EXPECTED[measure](atlas.figures, slug, year))
    check_legend(drawn.figure, 63)
    check_texts(drawn.figure)


@pytest.mark.parametrize("year", range(2012, 2025))
def test_paper_against_citizens_in_every_year(atlas, year):
    drawn = maps.paper_against_citizens(atlas, year, wording.LANGUAGES[year % 2])
    check_colours(drawn.figure, expected_gap(atlas.figures, year))
    check_legend(drawn.figure, 63)
    check_texts(drawn.figure)


# The most crowded of all: many classes, many gaps, provinces beside each other, long words.
CROWDED = [
    ("par", 2016, "change"),
    ("sipas", 2022, "change"),
    ("pci", 2014, "change"),
    ("sipas", 2020, "z_score"),
    ("sipas", 2023, "rank"),
    ("papi", 2018, "group"),
    ("par", 2022, "group"),
]


@pytest.mark.parametrize(("slug", "year", "measure"), CROWDED)
@pytest.mark.parametrize("size", ["half", "slide"])
def test_crowded_maps_in_every_size(atlas, slug, year, measure, size):
    for language in wording.LANGUAGES:
        drawn = maps.choropleth(atlas, slug, year, language, measure, size=size)
        check_colours(drawn.figure, EXPECTED[measure](atlas.figures, slug, year))
        check_legend(drawn.figure, 63)
        check_texts(drawn.figure)


@pytest.mark.parametrize("year", [2018, 2020])
def test_labels_without_room_are_left_away_and_nothing_else(atlas, year):
    for language in wording.LANGUAGES:
        drawn = maps.paper_against_citizens(atlas, year, language, size="half")
        check_texts(drawn.figure)
        check_legend(drawn.figure, 63)
        assert 3 <= len(texts(drawn.figure, "label")) <= 6


def test_nine_classes_on_the_smallest_sheet(atlas):
    drawn = maps.score(atlas, "par", 2021, "vi", k=9, size="half")
    check_texts(drawn.figure)
    check_legend(drawn.figure, 63)


# --- synthetic figures --------------------------------------------------------------------------------------


def with_scores(atlas, slug, year, values, ranks=()):
    """The atlas with invented scores, by code, and ranks without a score as the only figures of a year."""
    row = of_year(atlas.figures, slug, year).reset_index().iloc[[0]]
    rows = pd.concat([row] * (len(values) + len(ranks))).assign(gso_code=[*values, *ranks])
    rows["score"] = [*values.values(), *[np.nan] * len(ranks)]
    rows["rank"] = [*range(1, len(values) + 1), *range(60 - len(ranks), 60)]
    rows = rows.astype(atlas.figures.dtypes.to_dict())
    return dataclasses.replace(atlas, figures=rows.reset_index(drop=True))


@pytest.mark.parametrize("count", [1, 2, 4, 6])
def test_a_handful_of_values_is_drawn_and_all_are_named(atlas, count):
    values = dict(zip(CODES[::9], [91.25, 80.5, 79.0, 73.0, 70.0, 66.0], strict=False))
    some = dict(list(values.items())[:count])
    few = with_scores(atlas, "par", 2022, some, CODES[4:7])
    drawn = maps.score(few, "par", 2022, "vi")
    assert {label.get_gid().removeprefix("label-") for label in texts(drawn.figure, "label")} == set(some)
    check_colours(drawn.figure, expected_score(few.figures, "par", 2022))
    check_legend(drawn.figure, 63)
    check_texts(drawn.figure)


def test_equal_values_are_one_class_and_the_map_says_so(atlas):
    drawn = maps.score(with_scores(atlas, "papi", 2022, dict.fromkeys(CODES, 40.0)), "papi", 2022)
    assert len({patch.get_facecolor() for patch in patches(drawn.figure).values()}) == 1
    assert texts(drawn.figure, "legend")[-1].get_text() == "All provinces shown have the same value."
    assert "all of them have the same value" in " ".join(text.get_text() for text in drawn.figure.texts)
    assert not pictures.listed(drawn.figure, "histogram")
    check_legend(drawn.figure, 63)
    check_texts(drawn.figure)


# --- the checks themselves ----------------------------------------------------------------------------------


@pytest.fixture
def papi(atlas):
    return maps.score(atlas, "papi", 2022).figure, expected_score(atlas.figures, "papi", 2022)


def test_the_checks_notice_two_provinces_with_exchanged_colours(papi):
    figure, expected = papi
    best, worst = patches(figure)["22"], patches(figure)["04"]  # Quảng Ninh and Cao Bằng
    bright, dark = worst.get_facecolor(), best.get_facecolor()
    best.set_facecolor(bright)
    worst.set_facecolor(dark)
    with pytest.raises(AssertionError, match="one class is drawn in several colours"):
        check_colours(figure, expected)


def test_the_checks_notice_a_reversed_scale_and_two_classes_alike(papi):
    figure, expected = papi
    with pytest.raises(AssertionError, match="must be darker"):
        check_colours(figure, {c: 4 - n if isinstance(n, int) else n for c, n in expected.items()})
    with pytest.raises(AssertionError, match="the same colour"):
        check_colours(figure, expected | {"22": 5})


def test_the_checks_notice_a_filled_gap(papi):
    figure, expected = papi
    patches(figure)["24"].set_hatch(None)  # Bắc Giang has no total in 2022.
    with pytest.raises(AssertionError, match="24 is not drawn as some_components"):
        check_colours(figure, expected)
    with pytest.raises(AssertionError, match="only some dimensions"):
        check_legend(figure, 63)
    patches(figure)["24"].set_hatch("\\\\\\\\")
    patches(figure)["24"].set_facecolor("#dddddd")
    with pytest.raises(AssertionError, match="24 has no value and is coloured"):
        check_colours(figure, expected)


def test_the_checks_notice_an_inset_that_differs(papi):
    figure, expected = papi
    pictures.with_gid(figure, "inset-delta-")["01"].set_facecolor("#123456")
    with pytest.raises(AssertionError, match="01 has another colour in the inset delta"):
        check_colours(figure, expected)


def test_the_checks_notice_a_legend_that_counts_wrong_or_repeats_itself(papi):
    figure, _ = papi
    swatches = pictures.listed(figure, "legend-swatch")
    swatches[0].set_facecolor(swatches[1].get_facecolor())
    with pytest.raises(AssertionError, match="alike"):
        check_legend(figure, 63)
    with pytest.raises(AssertionError):
        check_legend(figure, 34)


def test_the_checks_notice_texts_that_overlap_are_cut_or_misplaced(papi):
    figure, _ = papi
    check_texts(figure)
    first, second = texts(figure, "label")[:2]
    place = first.get_position()

    def noticed(position, match, text=first):
        before = text.get_position()
        text.set_position(position)
        with pytest.raises(AssertionError, match=match):
            check_texts(figure)
        text.set_position(before)

    noticed(second.get_position(), "overlaps")
    noticed((-5, place[1]), "is cut")
    land = patches(figure)["38"].get_path().vertices.mean(axis=0)  # Thanh Hóa, empty but for its colour
    noticed(land, "lies on 38")
    inset = pictures.listed(figure, "inset")[-1]  # of Trường Sa: its upper part is empty
    noticed((inset.get_x() + 30, inset.get_y() + inset.get_height() - 10), "lies on an inset|overlaps")
    swatch = pictures.listed(figure, "legend-swatch")[0]
    noticed((swatch.get_x() - 2, swatch.get_y()), "swatch|overlaps")
    name = texts(figure, "name")[0]
    noticed(texts(figure, "name")[1].get_position(), "overlaps", name)
    noticed((inset.get_x(), inset.get_y() + inset.get_height() - 20), "leaves its inset", name)
    figure.texts[0].set_x(0.6)
    with pytest.raises(AssertionError, match="is cut"):
        check_texts(figure)


# --- what a map shows beside its colours --------------------------------------------------------------------


def test_best_and_worst_are_named_and_the_rest_is_not(papi, atlas):
    figure, _ = papi
    ordered = of_year(atlas.figures, "papi", 2022)["score"].sort_values(ascending=False).dropna().index
    named = {label.get_gid().removeprefix("label-") for label in texts(figure, "label")}
    assert named == {*ordered[:3], *ordered[-3:]}
    assert "Quang Ninh\n47.88 · rank 1" in [label.get_text() for label in texts(figure, "label")]


@pytest.mark.parametrize("size", ["page", "half"])
def test_ranks_without_a_score_are_printed_in_their_provinces(atlas, size):
    figure = maps.score(atlas, "par", 2022, size=size).figure
    rows = of_year(atlas.figures, "par", 2022)
    expected = rows.loc[rows["score"].isna() & rows["rank"].notna(), "rank"]
    marks = {mark.get_gid().removeprefix("mark-"): mark for mark in texts(figure, "mark")}
    assert {code: int(mark.get_text()) for code, mark in marks.items()} == expected.to_dict()
    for code, mark in marks.items():
        assert patches(figure)[code].get_path().contains_point(mark.get_position())


@pytest.mark.parametrize(
    ("language", "credit"),
    [
        ("en", "Province boundaries: © OpenStreetMap contributors, ODbL 1.0."),
        ("vi", "Ranh giới tỉnh: © những người đóng góp OpenStreetMap, ODbL 1.0."),
    ],
)
def test_credit_units_and_n_stand_on_the_figure(atlas, language, credit):
    written = [text.get_text() for text in maps.score(atlas, "papi", 2021, language).figure.texts]
    assert credit in written
    assert any("EPSG:3405" in line for line in written)
    assert any("80" in line and "n = 60" in line and "63" in line for line in written)


def test_the_words_of_both_languages_come_with_either(atlas):
    english, vietnamese = (maps.rank(atlas, "par", 2023, language) for language in wording.LANGUAGES)
    assert english.words == vietnamese.words and english.name == vietnamese.name == "rank_par"
    assert english.captions.title["vi"] == "PAR INDEX năm 2023: thứ hạng theo tỉnh, thành phố"


def test_the_histogram_counts_every_value_in_the_colour_of_its_class(papi):
    figure, expected = papi
    bars = pictures.listed(figure, "histogram")
    heights = {}
    for bar in bars:
        colour = bar.get_facecolor()
        heights[colour] = heights.get(colour, 0) + bar.get_height()
    counts = pd.Series([n for n in expected.values() if isinstance(n, int)]).value_counts()
    colours = {expected[code]: patch.get_facecolor() for code, patch in patches(figure).items()}
    shares = {number: heights[colours[number]] / sum(heights.values()) for number in counts.index}
    assert shares == pytest.approx((counts / counts.sum()).to_dict())


def test_published_limits_make_a_map_of_groups(atlas):
    drawn = maps.score(atlas, "par", 2022, scheme="published")
    check_colours(drawn.figure, expected_group(atlas.figures, "par", 2022))
    assert (
        drawn.name == "group_par"
        and drawn.words["title"]["en"] == "PAR INDEX 2022: groups by the publisher's rule"
    )


@pytest.mark.parametrize("language", wording.LANGUAGES)
def test_dimensions_are_named_and_percentages_among_points_apart(atlas, language):
    drawn = maps.dimension(atlas, "papi", 2022, "participation.election_quality", language)
    assert drawn.name == "map_papi_participation_election_quality"
    expected = expected_score(atlas.figures, "papi", 2022, "participation.election_quality")
    # Only of a total can some of its parts be known.
    check_colours(
        drawn.figure, {c: "no_result" if n == "some_components" else n for c, n in expected.items()}
    )
    check_texts(drawn.figure)
    mixed = maps.dimension(atlas, "par", 2023, "procedures", language)
    assert "++++" in {patch.get_hatch() for patch in patches(mixed.figure).values()}
    check_legend(mixed.figure, 63)
    check_texts(mixed.figure)


def test_maps_say_so_where_ranks_stand_in_for_scores(atlas):
    title = maps.change(atlas, "papi", 2021).words["title"]["en"]
    assert title == "PAPI: change of rank from 2020 to 2021"
    written = " ".join(text.get_text() for text in maps.change(atlas, "papi", 2021).figure.texts)
    assert "ranks, as the scores of 2020 and 2021" in written
    within = maps.change(atlas, "papi", 2022)
    assert within.words["title"]["en"] == "PAPI: change of the total score from 2021 to 2022"


# --- 34 units -----------------------------------------------------------------------------------------------


def expected_on_34(atlas, values, states, k, numbers):
    """Means of complete units; the reasons of the others."""
    crosswalk = atlas.crosswalk
    parts = values.reindex(CODES).groupby(crosswalk.reindex(CODES))
    complete = parts.apply(lambda part: part.notna().all())
    means = parts.mean()[complete]
    found = {}
    for new in sorted(set(crosswalk)):
        if complete[new]:
            continue
        reasons = {states[old] for old in crosswalk.index[crosswalk == new]}
        some = parts.count()[new] or reasons == {"only_rank"}
        found[new] = "some_parts" if some else reasons.pop() if len(reasons) == 1 else None
    return found | numbers(means, k)


@pytest.mark.parametrize(("slug", "year"), [("papi", 2022), ("papi", 2011), ("pci", 2016), ("par", 2020)])
@pytest.mark.parametrize("language", wording.LANGUAGES)
def test_means_of_merged_provinces_on_the_34_units(atlas, slug, year, language):
    drawn = maps.score(atlas, slug, year, language, boundaries="34")
    rows, states = of_year(atlas.figures, slug, year), expected_score(atlas.figures, slug, year)
    expected = expected_on_34(atlas, rows["score"].astype(float), states, 5, quantile_classes)
    # Where the parts lack a figure for several reasons, the map tells one of them.
    shown = {code: patch.get_hatch() for code, patch in patches(drawn.figure).items()}
    back = {"......": "only_rank", "//////": "not_reported", "||||||": "some_parts"}
    expected = {code: back[shown[code]] if state is None else state for code, state in expected.items()}
    check_colours(drawn.figure, expected)
    check_legend(drawn.figure, 34)
    check_texts(drawn.figure)
    written = " ".join(text.get_text() for text in drawn.figure.texts)
    words = {"en": "computed here, not published: unweighted mean", "vi": "số tự tính, không phải số công bố"}
    assert words[language] in written and drawn.name == f"map_{slug}_34"


def test_the_regions_of_the_63_and_the_borders_of_the_34(atlas):
    table = provinces.load(RAW).table
    for language, column in (("en", "region6_en"), ("vi", "region6")):
        figure = maps.regions(atlas, language).figure
        check_legend(figure, 63)
        check_texts(figure)
        fills = {}
        for code, patch in patches(figure).items():
            fills.setdefault(table.at[code, column], set()).add(patch.get_facecolor())
        assert len(fills) == 6 and all(len(fill) == 1 for fill in fills.values())
        assert len(set.union(*fills.values())) == 6


def test_a_legend_of_many_rows_is_set_smaller_before_it_is_refused(atlas):
    drawn = maps.choropleth(atlas, "par", 2024, "vi", "change", k=7, boundaries="34", size="half")
    sizes = {text.get_fontsize() for text in texts(drawn.figure, "legend") if text.get_gid() == "legend"}
    assert len(sizes) == 1 and sizes < {6.5, 7, 8} and max(sizes) < 8
    check_legend(drawn.figure, 34)
    check_texts(drawn.figure)


def test_what_no_map_can_be_made_of_is_refused(atlas):
    with pytest.raises(ValueError, match="language 'fr' is not known"):
        maps.score(atlas, "papi", 2022, "fr")
    with pytest.raises(ValueError, match="par cannot be compared with itself"):
        maps.paper_against_citizens(atlas, 2022, paper="par", citizens="par")
