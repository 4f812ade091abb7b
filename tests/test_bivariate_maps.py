"""Maps of two indices at once, measured on the drawn figure against computations made apart."""

import functools
import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pictures
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers import bivariate_maps, measures, palettes, provinces
from helpers.files import resolve

RAW = resolve("data/raw")
CODES = provinces.load(RAW).codes
SLUGS = ("par", "papi", "sipas", "pci")
ONLY_FIRST, ONLY_SECOND, NEITHER = "......", "\\\\\\\\", "//////"


@pytest.fixture(scope="module")
def plain(atlas):
    """Without islands and neighbours a map is drawn sooner."""
    return replace(atlas, islands=False, context=False)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    pictures.close()


def synthetic(atlas, first, second, slugs=("papi", "pci"), year=2016):
    """Give the atlas invented scores of two indices, in the order of the codes."""
    rows = [
        {"index": slug, "gso_code": code, "score": float(value)}
        for slug, values in zip(slugs, (first, second), strict=True)
        for code, value in zip(CODES, values, strict=False)
    ]
    figures = pd.DataFrame(rows).assign(
        year=year, component="", max_score=100.0, group="", basis="stated", source="s", rank_basis=""
    )
    whole = {"rank": pd.NA, "ranked": pd.NA, "rank_source": ""}
    return replace(atlas, figures=figures.assign(**whole).astype({"rank": "Int64", "ranked": "Int64"}))


def said(figure):
    """Title, subtitle and notes, whatever lines they are broken into."""
    lines = sorted(figure.texts, key=lambda text: -text.get_position()[1])
    return " ".join(line.get_text() for line in lines)


# --- classes, a second time --------------------------------------------------------------------------------


def thirds(values, better):
    """Number the thirds of values by numpy's quantiles, 2 for the best; ``better`` is 1 or -1."""
    low, high = np.quantile(values, [1 / 3, 2 / 3])
    return {
        code: int(value > low) + int(value > high) if better > 0 else 2 - int(value > low) - int(value > high)
        for code, value in values.items()
    }


def expected(values, better):
    """Classes of both or the hatch of each unit, by code, of a table with a column for each index."""
    both = values.dropna()
    found = pd.Series(NEITHER, index=values.index, dtype=object)
    found[values.iloc[:, 0].notna()], found[values.iloc[:, 1].notna()] = ONLY_FIRST, ONLY_SECOND
    first, second = (thirds(both[column], better) for column in both)
    return dict(found) | {code: (first[code], second[code]) for code in both.index}


def totals(figures, pair, year, measure):
    rows = figures[(figures["year"] == year) & (figures["component"] == "")]
    wide = rows.pivot(index="gso_code", columns="index", values=measure).astype(float)
    return wide.reindex(index=CODES, columns=list(pair))


def check(figure, wanted, pair, known):
    """Compare all units, the squares of the legend, its counts and its rows with what is expected."""
    drawn = pictures.patches(figure)
    assert sorted(drawn) == sorted(wanted)
    colours = palettes.bivariate(*(known[slug].colours for slug in pair))
    assert len({tuple(colour) for row in colours for colour in row}) == 9
    for code, patch in drawn.items():
        if isinstance(wanted[code], str):
            assert patch.get_hatch() == wanted[code], f"{code} is hatched otherwise"
            assert min(patch.get_facecolor()[:3]) > 0.95, f"{code} lacks a value and is coloured"
        else:
            assert patch.get_hatch() is None, f"{code} has both and is hatched"
            assert patch.get_facecolor() == tuple(colours[wanted[code]]), f"{code} has another class"
    squares = pictures.with_gid(figure, "legend-square-")
    for place in itertools.product(range(3), repeat=2):
        square = squares["{}-{}".format(*place)]
        assert square.get_facecolor() == tuple(colours[place])
        (count,) = [t for t in figure.axes[0].texts if t.get_gid() == "legend-count-{}-{}".format(*place)]
        assert int(count.get_text()) == list(wanted.values()).count(place)
        box = square.get_window_extent()
        assert box.contains(*count.get_window_extent().get_points().mean(axis=0))
    swatches = [swatch.get_hatch() for swatch in pictures.listed(figure, "legend-swatch")]
    rows = [text.get_text() for text in pictures.texts(figure, "legend") if text.get_gid() == "legend"]
    counts = [int(row.rsplit("(", 1)[1].rstrip(")")) for row in rows]
    assert dict(zip(swatches, counts, strict=True)) == {
        hatch: list(wanted.values()).count(hatch)
        for hatch in (ONLY_FIRST, ONLY_SECOND, NEITHER)
        if hatch in wanted.values()
    }
    for window in ("delta", "southeast"):
        for code, patch in pictures.with_gid(figure, f"inset-{window}-").items():
            assert pictures.style(patch) == pictures.style(drawn[code])


# --- the maps of the report --------------------------------------------------------------------------------


@pytest.mark.parametrize("year", range(2011, 2025))
def test_every_pair_of_a_year_is_drawn_as_its_figures_say(plain, known, year):
    for pair in itertools.combinations(SLUGS, 2):
        if not all(known[slug].has_year(year) for slug in pair):
            continue
        for measure, better in (("score", 1), ("rank", -1)):
            values = totals(plain.figures, pair, year, measure)
            # The smallest size has no insets; the others are looked at below.
            draw = functools.partial(bivariate_maps.bivariate, plain, *pair, year, "vi", measure, size="half")
            if len(values.dropna()) < 9:
                with pytest.raises(measures.NoFigureError):
                    draw()
                continue
            check(draw().figure, expected(values, better), pair, known)
            pictures.close()


DRAWN = [
    ("par", "papi", 2022, "en", "rank", "page"),
    ("par", "sipas", 2022, "vi", "score", "half"),
    ("papi", "sipas", 2024, "vi", "rank", "slide"),
    ("papi", "pci", 2016, "vi", "score", "page"),
]


@pytest.mark.parametrize(("first", "second", "year", "language", "measure", "size"), DRAWN)
def test_texts_neither_overlap_nor_are_cut(atlas, known, first, second, year, language, measure, size):
    made = bivariate_maps.bivariate(atlas, first, second, year, language, measure, size=size)
    values = totals(atlas.figures, (first, second), year, measure)
    check(made.figure, expected(values, 1 if measure == "score" else -1), (first, second), known)
    pictures.check_texts(made.figure)


@pytest.mark.parametrize("measure", ["score", "rank"])
def test_means_of_merged_provinces_are_cut_on_34_units(atlas, known, measure):
    made = bivariate_maps.bivariate(atlas, "par", "papi", 2022, "vi", measure, boundaries="34")
    values = totals(atlas.figures, ("par", "papi"), 2022, measure)
    means = values.groupby(provinces.crosswalk(RAW)).agg(
        lambda parts: parts.mean() if parts.notna().all() else np.nan
    )
    check(made.figure, expected(means, 1 if measure == "score" else -1), ("par", "papi"), known)
    pictures.check_texts(made.figure)
    assert "34" in made.name and len(made.table) == 34
    both = made.table.set_index("gso_code")[["value_first", "value_second"]]
    assert np.allclose(both, means.reindex(both.index), equal_nan=True)
    assert "trung bình không trọng số" in said(made.figure)


@pytest.fixture
def papi_pci(atlas, known):
    figure = bivariate_maps.bivariate(atlas, "papi", "pci", 2014).figure
    wanted = expected(totals(atlas.figures, ("papi", "pci"), 2014, "score"), 1)
    check(figure, wanted, ("papi", "pci"), known)
    return figure, wanted


def test_the_check_notices_two_units_with_exchanged_colours(papi_pci, known):
    figure, wanted = papi_pci
    high = next(code for code, place in wanted.items() if place == (2, 2))
    low = next(code for code, place in wanted.items() if place == (0, 2))
    first, second = pictures.patches(figure)[high], pictures.patches(figure)[low]
    colour = first.get_facecolor()
    first.set_facecolor(second.get_facecolor())
    second.set_facecolor(colour)
    with pytest.raises(AssertionError, match="another class"):
        check(figure, wanted, ("papi", "pci"), known)


def test_the_check_notices_a_wrong_count_and_a_filled_gap(papi_pci, known):
    figure, wanted = papi_pci
    (count,) = [text for text in figure.axes[0].texts if text.get_gid() == "legend-count-0-0"]
    right = count.get_text()
    count.set_text(str(int(right) + 1))
    with pytest.raises(AssertionError):
        check(figure, wanted, ("papi", "pci"), known)
    count.set_text(right)
    gap = next(code for code, place in wanted.items() if place == ONLY_SECOND)
    pictures.patches(figure)[gap].set_hatch(None)
    with pytest.raises(AssertionError, match=gap):
        check(figure, wanted, ("papi", "pci"), known)


# --- classes of invented figures ---------------------------------------------------------------------------


def test_equal_values_leave_two_classes_and_the_map_says_so(atlas):
    values = [50.0] * 45 + [float(60 + number) for number in range(18)]
    invented = synthetic(atlas, values, range(63))
    pair = bivariate_maps.compare(invented, "papi", "pci", 2016)
    assert dict(pair.table["class_first"].value_counts()) == {0: 45, 2: 18}
    figure = bivariate_maps.bivariate(invented, "papi", "pci", 2016).figure
    assert "equal values leave PAPI two classes, without a middle one" in said(figure)
    pictures.check_texts(figure)


def test_few_different_values_are_a_class_each_and_the_map_says_so(atlas):
    invented = synthetic(atlas, [70, 80, 90] * 21, range(63))
    pair = bivariate_maps.compare(invented, "papi", "pci", 2016)
    assert list(pair.table["class_first"]) == [0, 1, 2] * 21
    figure = bivariate_maps.bivariate(invented, "papi", "pci", 2016).figure
    assert "PAPI has only 3 different values" in said(figure)
    pictures.check_texts(figure)


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=9, max_size=63),
)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_better_figure_is_never_in_a_lower_class(atlas, values):
    invented = synthetic(atlas, *zip(*values, strict=True))
    try:
        pair = bivariate_maps.compare(invented, "papi", "pci", 2016)
    except measures.NoFigureError:
        assert any(np.quantile(column, 1 / 3) == max(column) for column in zip(*values, strict=True))
        return
    both = pair.table[pair.table["state"] == "shown"]
    assert len(both) == len(values) == pair.n
    assert sorted(code for codes in pair.members.values() for code in codes) == pair.codes("shown")
    for which in ("first", "second"):
        ordered = both.sort_values(f"value_{which}")[f"class_{which}"]
        assert ordered.is_monotonic_increasing
        assert ordered.iloc[0] == 0 and ordered.iloc[-1] == 2


def test_the_most_contrary_units_are_named(atlas):
    figures = totals(atlas.figures, ("papi", "pci"), 2016, "score").dropna()
    wanted = expected(figures, 1)
    ranks = figures.rank()
    gap = (ranks["papi"] - ranks["pci"]).sort_values(kind="stable")
    sides = [code for code in gap.index[::-1] if wanted[code] == (2, 0)][:3]
    sides += [code for code in gap.index if wanted[code] == (0, 2)][:3]
    figure = bivariate_maps.bivariate(atlas, "papi", "pci", 2016).figure
    labels = {
        text.get_gid().removeprefix("label-"): text.get_text() for text in pictures.texts(figure, "label")
    }
    assert set(labels) == set(sides) and len(sides) == 6
    assert labels["14" if "14" in labels else sides[0]].count("\n") == 2
    for code, label in labels.items():
        assert f"PAPI {figures.at[code, 'papi']:.2f}\nPCI {figures.at[code, 'pci']:.2f}" in label


# --- words -------------------------------------------------------------------------------------------------


def test_an_index_that_contains_the_other_is_said_on_the_figure(atlas):
    contained = "SIPAS is 10 of the 100 points of PAR INDEX"
    for pair in (("par", "sipas"), ("sipas", "par")):
        assert contained in said(bivariate_maps.bivariate(atlas, *pair, 2022).figure)
    assert "by construction" not in said(bivariate_maps.bivariate(atlas, "par", "papi", 2022).figure)
    early = synthetic(atlas, range(20), range(20), ("par", "sipas"), 2018)
    figure = bivariate_maps.bivariate(early, "par", "sipas", 2018).figure
    assert "SIPAS is part of PAR INDEX, in 2018 by a share not known here" in said(figure)


def test_words_name_corners_and_gaps_in_both_languages(atlas):
    made = bivariate_maps.bivariate(atlas, "par", "papi", 2022, "vi", "rank")
    values = totals(atlas.figures, ("par", "papi"), 2022, "rank")
    found = list(expected(values, -1).values())
    assert made.name == "pair_par_papi_rank"
    assert set(made.words) == {"title", "alt", "credit"}
    assert all(set(texts) == {"en", "vi"} and all(texts.values()) for texts in made.words.values())
    alt = made.words["alt"]
    assert (
        f"n = {len(values.dropna())}" in alt["en"] and f"High in both: {found.count((2, 2))} (" in alt["en"]
    )
    assert f"PAPI only ({found.count(ONLY_SECOND)})" in alt["en"]
    assert f"chỉ có PAPI ({found.count(ONLY_SECOND)})" in alt["vi"] and "Cao ở cả hai" in alt["vi"]
    assert "OpenStreetMap" in made.words["credit"]["vi"]
    assert len(made.gaps) == len({place for place in found if isinstance(place, str)})
    columns = (
        "gso_code province value_first value_second class_first class_second state source_first source_second"
    )
    assert list(made.table) == columns.split()
    shown = made.table[made.table["state"] == "shown"].set_index("gso_code")
    assert {code: (row.class_first - 1, row.class_second - 1) for code, row in shown.iterrows()} == {
        code: place for code, place in expected(values, -1).items() if not isinstance(place, str)
    }
    assert next(iter(made.worded)) == "Tỉnh, thành phố" and len(made.worded) == 63
    assert "n = 32" in made.caption


def test_refusals_say_what_is_wrong(atlas):
    with pytest.raises(measures.NoFigureError, match="units with both: 5; at least 9 are needed") as caught:
        bivariate_maps.bivariate(atlas, "par", "papi", 2013)
    assert "5 đơn vị có cả hai" in caught.value.in_words("vi")
    for values in ([70] * 20, [1, 2, 3] + [4] * 17):
        with pytest.raises(
            measures.NoFigureError, match="so many of the 20 units with both are equal in PAPI"
        ):
            bivariate_maps.bivariate(synthetic(atlas, values, range(30)), "papi", "pci", 2016)
    with pytest.raises(measures.NoFigureError):
        bivariate_maps.bivariate(atlas, "papi", "pci", 2020)
    with pytest.raises(ValueError, match="measure 'group' is not known; choose one of score, rank"):
        bivariate_maps.bivariate(atlas, "par", "papi", 2022, measure="group")
    with pytest.raises(ValueError, match="papi twice"):
        bivariate_maps.bivariate(atlas, "papi", "papi", 2022)


def test_two_runs_give_the_same_bytes(atlas, tmp_path):
    first, second = (
        bivariate_maps.bivariate(atlas, "par", "papi", 2022).publish(tmp_path / folder)
        for folder in ("a", "b")
    )
    assert first.png.read_bytes() == second.png.read_bytes()
    assert first.svg.read_bytes() == second.svg.read_bytes()
