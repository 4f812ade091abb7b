import copy
import dataclasses
import itertools
import re

import numpy as np
import pandas as pd
import pictures
import pytest
import shapely
from matplotlib import colors

from helpers import provinces, wording, year_maps
from helpers.comparability import SeriesBreakError
from helpers.files import resolve
from helpers.measures import NoFigureError
from helpers.registry import Index, Registry

RAW = resolve("data/raw")
CODES = provinces.load(RAW).codes
# Years in which the publishers changed what they measure, as their reports say.
BREAKS = {
    "papi": [2016, 2018, 2019, 2020, 2021],
    "par": [2016, 2022],
    "sipas": [2017, 2022],
    "pci": [2012, 2013, 2014, 2015, 2016],
}
SPANS = {"papi": range(2011, 2025), "par": range(2012, 2025), "pci": range(2011, 2017)}
SPANS["sipas"] = [2015, *range(2017, 2025)]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    pictures.close()


# --- reading a figure back --------------------------------------------------------------------------------


def panels(figure):
    """Collections of the units by year."""
    found = {}
    for collection in figure.axes[0].collections:
        if (collection.get_gid() or "").startswith("year-"):
            found[int(collection.get_gid().removeprefix("year-"))] = collection
    return found


def filled(path, point):
    """Whether a path is filled at a point: by the sum of the turns of its rings, as programs draw it."""
    rings = [shapely.LinearRing(ring) for ring in path.to_polygons() if len(ring) > 3]
    turns = [1 if ring.is_ccw else -1 for ring in rings if shapely.Polygon(ring).contains(point)]
    return sum(turns) != 0


def drawn(figure, codes=CODES):
    """Fill and hatch of each unit, by year and code: what hatch lies on the point deepest in the unit."""
    found = {}
    for year, collection in panels(figure).items():
        paths, fills = collection.get_paths(), collection.get_facecolors()
        assert len(paths) == len(fills) == len(codes)
        hatched = [
            (patch.get_hatch(), patch.get_path())
            for patch in figure.axes[0].patches
            if (patch.get_gid() or "").startswith(f"hatch-{year}-")
        ]
        for code, path, fill in zip(codes, paths, fills, strict=True):
            parts = [shapely.Polygon(ring) for ring in path.to_polygons() if len(ring) > 3]
            point = max(parts, key=lambda part: part.area).representative_point()
            on = [hatch for hatch, whole in hatched if filled(whole, point)]
            assert len(on) < 2, f"{code} has several hatches in {year}"
            found[year, code] = colors.to_hex(fill), on[0] if on else None
    return found


def totals(figures, slug, column, component=""):
    rows = figures[(figures["index"] == slug) & (figures["component"] == component)]
    return rows.pivot(index="gso_code", columns="year", values=column).astype(float).reindex(CODES)


def quantile_classes(table, k=5):
    """Number classes of one scale for all years by numpy."""
    values = table.to_numpy()[table.notna().to_numpy()]
    breaks = np.unique(np.quantile(values, np.arange(1, k) / k))
    return (table.to_numpy()[..., None] > breaks).sum(axis=-1)


def expected_ranks(figures, slug, years):
    ranks, ranked = (totals(figures, slug, column).reindex(columns=years) for column in ("rank", "ranked"))
    most = ranked.max()
    stretched = ranks * np.where(most < 0.9 * most.max(), most.max() / most, 1)
    # 0 is the best class: turned round, so that the highest number is.
    return stretched.notna(), 4 - quantile_classes(stretched)


def expected_scores(figures, slug, years, best=None):
    scores = totals(figures, slug, "score").reindex(columns=years)
    return scores.notna(), quantile_classes(scores)


def expected_deviations(figures, slug, years):
    scores = totals(figures, slug, "score").reindex(columns=years)
    z = (scores - scores.mean()) / scores.std(ddof=0)
    return scores.notna(), (z.to_numpy()[..., None] > np.array([-1.5, -0.5, 0.5, 1.5])).sum(axis=-1) - 2


EXPECTED = {"rank": expected_ranks, "score": expected_scores, "z_score": expected_deviations}


def check_colours(figure, known, classes, years):
    """One colour a class over all years; better ones darker; what has no value pale and hatched."""
    found, of_class = drawn(figure), {}
    assert set(found) == set(itertools.product(years, CODES))
    for (row, code), (column, year) in itertools.product(enumerate(CODES), enumerate(years)):
        fill, hatch = found[year, code]
        if not known.iat[row, column]:
            assert hatch in set(pictures.HATCHES.values()), f"{code} has no value in {year} and no hatch"
            assert min(colors.to_rgb(fill)) > 0.95, f"{code} has no value in {year} and is coloured"
            continue
        number = int(classes[row, column])
        assert hatch == (pictures.FALL if number < 0 else None), f"{code} in {year}: hatch {hatch}"
        of_class.setdefault(number, set()).add(fill)
    assert all(len(fills) == 1 for fills in of_class.values()), "one class is drawn in several colours"
    chosen = {number: next(iter(fills)) for number, fills in of_class.items()}
    assert len(set(chosen.values())) == len(chosen), "two classes have the same colour"
    for side in (1, -1):
        light = [
            pictures.luminance(chosen[number]) for number in sorted(chosen, key=abs) if number * side >= 0
        ]
        assert all(a > b for a, b in itertools.pairwise(light)), "a better or stronger class must be darker"


def heads(figure):
    return {
        int(text.get_gid().removeprefix("panel-")): text.get_text().replace("\n", ", ")
        for text in pictures.texts(figure, "panel")
    }


def check_heads(figure, known, years, slug):
    assert heads(figure) == {
        year: f"{year}{'*' if year in BREAKS[slug] else ''}, n = {count}"
        for year, count in zip(years, known.sum().astype(int), strict=True)
    }


# --- the maps of the report -------------------------------------------------------------------------------

SHOWN = [(slug, measure) for slug in SPANS for measure in ("rank", "z_score")]


@pytest.mark.parametrize(("slug", "measure"), SHOWN)
def test_colours_and_counts_of_every_unit_and_year(atlas, indices_frame, slug, measure):
    language = "vi" if measure == "rank" else "en"
    figure = year_maps.years(atlas, slug, language, measure).figure
    years = list(SPANS[slug])
    known, classes = EXPECTED[measure](indices_frame, slug, years)
    check_colours(figure, known, classes, years)
    check_heads(figure, known, years, slug)
    pictures.check_texts(figure)


def test_scores_of_one_series(atlas, indices_frame):
    years = [2021, 2022, 2023, 2024]
    figure = year_maps.years(atlas, "papi", "vi", "score", years, size="half").figure
    known, classes = expected_scores(indices_frame, "papi", years)
    check_colours(figure, known, classes, years)
    assert [text for text in heads(figure).values() if "*" in text] == []
    pictures.check_texts(figure)


def test_changes_of_one_series(atlas, indices_frame):
    years = [2022, 2023, 2024]
    found = drawn(year_maps.years(atlas, "papi", measure="change", years=years, k=4).figure)
    scores = totals(indices_frame, "papi", "score")
    change = (scores[years] - scores[[2021, 2022, 2023]].to_numpy()).round(9)
    for (year, code), (_, hatch) in found.items():
        value = change.at[code, year]
        kinds = set(pictures.HATCHES.values()) if np.isnan(value) else {pictures.FALL if value < 0 else None}
        assert hatch in kinds, (year, code)


@pytest.mark.parametrize("slug", SPANS)
@pytest.mark.parametrize(("size", "language"), [("half", "en"), ("slide", "vi")])
def test_nothing_overlaps_at_any_size(atlas, slug, size, language):
    pictures.check_texts(year_maps.years(atlas, slug, language, size=size).figure)


@pytest.fixture(scope="module")
def papi(atlas):
    return year_maps.years(atlas, "papi")


def test_the_check_notices_exchanged_colours_and_a_scale_of_one_year(papi, indices_frame):
    years = list(SPANS["papi"])
    known, classes = expected_ranks(indices_frame, "papi", years)
    collection = panels(papi.figure)[2020]
    kept = collection.get_facecolors().copy()
    order = np.arange(63)
    order[[CODES.index("22"), CODES.index("04")]] = order[[CODES.index("04"), CODES.index("22")]]
    collection.set_facecolors(kept[order])
    with pytest.raises(AssertionError, match="several colours"):
        check_colours(papi.figure, known, classes, years)
    collection.set_facecolors(kept)
    check_colours(papi.figure, known, classes, years)
    apart = np.column_stack([4 - quantile_classes(totals(indices_frame, "papi", "rank")[[y]]) for y in years])
    with pytest.raises(AssertionError, match="several colours"):
        check_colours(papi.figure, known, apart, years)


def extent(panel):
    points = np.concatenate([path.get_extents().get_points() for path in panel.get_paths()])
    return points.min(axis=0), points.max(axis=0)


def test_panels_are_equally_large_and_apart(papi):
    corners = [extent(panel) for panel in panels(papi.figure).values()]
    sides = [high - low for low, high in corners]
    assert np.allclose(sides, sides[0], atol=1e-6)
    boxes = [shapely.box(*low, *high) for low, high in corners]
    assert not any(a.intersects(b) for a, b in itertools.combinations(boxes, 2))


def test_regions_are_drawn_where_the_units_are(papi):
    (lines,) = [c for c in papi.figure.axes[0].collections if c.get_gid() == "regions"]
    scale = 72 / papi.figure.dpi
    offsets = lines.get_offset_transform().transform(lines.get_offsets()) * scale
    low, high = lines.get_paths()[0].get_extents().get_points()
    for offset, panel in zip(offsets, panels(papi.figure).values(), strict=True):
        assert np.allclose([low + offset, high + offset], extent(panel), atol=1e-6)


def test_new_series_have_a_line_and_are_explained(papi):
    lines = {
        c.get_gid() for c in papi.figure.axes[0].collections if (c.get_gid() or "").startswith("series-")
    }
    assert lines == {f"series-{year}" for year in BREAKS["papi"]}
    written = " ".join(text.get_text() for text in papi.figure.texts)
    assert "* A new series begins in 2016, 2018, 2019, 2020 and 2021" in written
    assert "scores cannot be compared" in written


def test_the_legend_has_the_limits_of_numpy(papi, indices_frame):
    values = totals(indices_frame, "papi", "rank")[list(SPANS["papi"])].to_numpy().ravel()
    upper = np.floor(np.quantile(values[~np.isnan(values)], np.arange(1, 6) / 5)).astype(int)
    rows = [text.get_text() for text in pictures.texts(papi.figure, "legend") if text.get_gid() == "legend"]
    assert [int(row.split(" – ")[1]) for row in rows[:5]] == list(upper)
    assert rows[5:] == ["only some dimensions", "no published result"]
    fills = [colors.to_hex(patch.get_facecolor()) for patch in pictures.listed(papi.figure, "legend-swatch")]
    assert {fill for fill, hatch in drawn(papi.figure).values() if not hatch} == set(fills[:5])


def test_islands_and_the_scale_bar_stand_once_and_islands_can_be_left_out(papi, atlas):
    labels = [" ".join(text.get_text().split()) for text in pictures.texts(papi.figure, "islands")]
    assert labels == ["Hoang Sa (Paracel Islands) of Da Nang", "Truong Sa (Spratly Islands) of Khanh Hoa"]
    bar = papi.figure.findobj(pictures.ScaleBar)
    low, high = extent(panels(papi.figure)[2011])
    _, south, _, north = atlas.country("63").shapes.total_bounds
    assert len(bar) == 1
    assert bar[0].dx == pytest.approx((north - south) / (high - low)[1], rel=1e-3)
    without = year_maps.years(dataclasses.replace(atlas, islands=False), "papi").figure
    assert not pictures.texts(without, "islands") and not pictures.listed(without, "inset")


# --- years that are unlike the others ---------------------------------------------------------------------


def synthetic(atlas, slug, years, codes=CODES):
    """A registry that knows an index in these years, and invented figures of all of them."""
    entry = copy.deepcopy(atlas.registry[slug].entry)
    entry["scale"] = [{"years": [min(years), max(years)], "max": 100}]
    entry["series"] = [{"id": "one", "years": [min(years), max(years)]}]
    known = atlas.registry
    registry = Registry({slug: Index(slug, entry)}, known.basis, known.basis_names, known.headings)
    frames = []
    for year in years:
        units = provinces.load(RAW, provinces.vintage_of(year)).codes
        score = np.linspace(30, 90, len(units))[np.random.default_rng(year).permutation(len(units))]
        frame = pd.DataFrame({"gso_code": units, "score": score, "year": year, "ranked": len(units)})
        frames.append(frame.assign(rank=frame["score"].rank(ascending=False)))
    rows = pd.concat(frames, ignore_index=True).assign(index=slug, component="", basis="stated", source="s")
    rows = rows.assign(group="", rank_basis="stated", rank_source="s", max_score=100.0, series="one")
    rows = rows.astype({"rank": "Int64", "ranked": "Int64"})
    return dataclasses.replace(atlas, figures=rows, registry=registry)


@pytest.mark.parametrize("count", [1, 2, 3, 6, 20])
def test_any_number_of_years_has_room(atlas, count):
    invented = synthetic(atlas, "papi", list(range(2005, 2005 + count)))
    years = range(2005, 2005 + count)
    made = year_maps.years(invented, "papi", "vi", years=years, size="half")
    assert list(panels(made.figure)) == list(years)
    pictures.check_texts(made.figure)


def test_a_year_without_figures_keeps_its_panel(atlas):
    invented = synthetic(atlas, "papi", [2018, 2019, 2020])
    invented = dataclasses.replace(invented, figures=invented.figures[invented.figures["year"] != 2019])
    made = year_maps.years(invented, "papi")
    found = drawn(made.figure)
    assert {found[2019, code][1] for code in CODES} == {pictures.HATCHES["no_result"]}
    assert {found[2018, code][1] for code in CODES} == {None}
    assert heads(made.figure)[2019] == "2019, n = 0"
    assert [text.get_text() for text in pictures.texts(made.figure, "empty")] == ["no figure"]
    assert "No figure: 2019." in made.words["alt"]["en"]
    assert any("No figure of 2019" in text.get_text() for text in made.figure.texts)
    assert made.table["2019"].isna().all() and made.table["2018"].notna().all()
    pictures.check_texts(made.figure)


def test_a_year_that_ranks_few_is_set_on_the_scale_of_the_others(atlas, indices_frame):
    made = year_maps.years(atlas, "sipas")
    ranks = totals(indices_frame, "sipas", "rank")[2015].dropna()
    assert sorted(ranks) == list(range(1, 11))
    found = drawn(made.figure)
    last = ranks.idxmax()
    palest = [
        colors.to_hex(patch.get_facecolor()) for patch in pictures.listed(made.figure, "legend-swatch")
    ][4]
    assert found[2015, last][0] == palest
    notes = " ".join(text.get_text() for text in made.figure.texts)
    assert "2015: only 10 provinces were ranked; colours go by rank × 63 / 10" in notes
    assert "The index has no result for 2016." in notes
    # The table has ranks as they were published.
    assert made.table.set_index("gso_code")["2015"].dropna().to_dict() == ranks.to_dict()


def test_years_of_63_and_of_34_have_their_own_country(atlas):
    invented = synthetic(atlas, "papi", [2023, 2024, 2025])
    new = provinces.load(RAW, "34").codes
    made = year_maps.years(invented, "papi", measure="z_score")
    assert {year: len(panel.get_paths()) for year, panel in panels(made.figure).items()} == {
        2023: 63,
        2024: 63,
        2025: 34,
    }
    assert any("of the 34 units of July 2025" in text.get_text() for text in made.figure.texts)
    rows = made.table.groupby("units", sort=False)["gso_code"].apply(list).to_dict()
    assert rows == {"63": CODES, "34": new}
    by_unit = made.table.set_index("units")
    assert by_unit.loc["34", "2024"].isna().all() and by_unit.loc["34", "2025"].notna().all()
    pictures.check_texts(made.figure)
    merged = year_maps.years(invented, "papi", measure="score", boundaries="34")
    assert merged.name == "years_papi_score_34"
    assert {len(panel.get_paths()) for panel in panels(merged.figure).values()} == {34}
    crosswalk = provinces.crosswalk(RAW)
    scores = totals(invented.figures[invented.figures["year"] < 2025], "papi", "score")
    means = scores.groupby(crosswalk.reindex(CODES)).mean().loc[new]
    table = merged.table.set_index("gso_code")
    assert np.allclose(table[["2023", "2024"]], means)
    own = invented.figures.query("year == 2025").set_index("gso_code")["score"]
    assert np.allclose(table["2025"], own.loc[new])
    assert "mean of the provinces merged" in " ".join(text.get_text() for text in merged.figure.texts)


def test_a_part_shows_the_years_in_which_it_was_measured(atlas):
    made = year_maps.years(atlas, "papi", component="e_governance")
    assert list(panels(made.figure)) == list(range(2018, 2025))
    assert made.name == "years_papi_e_governance_rank"


# --- words, files, refusals -------------------------------------------------------------------------------


def test_the_description_names_who_is_often_at_the_ends(papi, indices_frame, places):
    ranks = totals(indices_frame, "papi", "rank")[list(SPANS["papi"])]
    numbers = quantile_classes(ranks)
    known = ranks.notna().to_numpy()
    times = pd.Series(((numbers == 0) & known).sum(axis=1), index=CODES)
    often = times[times >= 7].sort_values(ascending=False, kind="stable")
    assert len(often) > 6
    listed = ", ".join(f"{places.name(code, 'en')} ({count})" for code, count in often[:6].items())
    assert (
        f"best class in at least half of the 14 years of the 63 units: {listed} and"
        in papi.words["alt"]["en"]
    )
    for language in wording.LANGUAGES:
        assert all(papi.words[kind][language].strip() for kind in ("title", "alt", "credit"))
    assert "n = 60 to 63" in papi.words["alt"]["en"] and "n = 60 đến 63" in papi.words["alt"]["vi"]


def test_the_table_holds_every_unit_and_year(papi, indices_frame):
    table = papi.table.set_index("gso_code")
    assert list(table.index) == CODES and list(table.columns) == ["province", *map(str, SPANS["papi"])]
    ranks = totals(indices_frame, "papi", "rank")[list(SPANS["papi"])]
    assert np.array_equal(table.iloc[:, 1:].to_numpy(float), ranks.to_numpy(), equal_nan=True)
    assert list(papi.worded.columns[:2]) == ["Province", "GSO code"]
    assert any(line.startswith("2014: ") and "Bac Giang and Dong Thap" in line for line, _ in papi.gaps)


def test_equal_runs_give_equal_bytes_in_small_files(atlas, tmp_path):
    written = []
    for folder in ("a", "b"):
        made = year_maps.years(atlas, "papi", "vi", "z_score")
        files = made.publish(tmp_path / folder).files
        written.append({kind: path.read_bytes() for kind, path in files.items()})
    assert written[0] == written[1]
    assert len(written[0]["svg"]) < 400_000 and len(written[0]["png"]) < 250_000
    names = re.findall(r'id="(year-\d{4})"', written[0]["svg"].decode())
    assert names == [f"year-{year}" for year in SPANS["papi"]]


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"measure": "score"}, SeriesBreakError, "cannot be compared: its series breaks"),
        ({"measure": "change", "years": [2021, 2022]}, SeriesBreakError, "2020, 2021, 2022"),
        ({"measure": "group"}, ValueError, "measure 'group' is not known; choose one of score, rank"),
        ({"scheme": "published"}, ValueError, "no common limits"),
        ({"years": [2024, 2030]}, ValueError, "papi has no year 2030 in indices.toml"),
        ({"years": []}, ValueError, "0 years to show; choose 1 to 20"),
        ({"component": "nothing"}, ValueError, "no component 'nothing'"),
        ({"size": "poster"}, ValueError, "size 'poster' is not known"),
        ({"boundaries": "65"}, ValueError, "boundaries '65'"),
        ({"component": "e_governance", "years": [2012, 2013]}, NoFigureError, "in any of 2012 and 2013"),
    ],
)
def test_what_cannot_be_shown_is_refused(atlas, options, error, said):
    with pytest.raises(error, match=re.escape(said)):
        year_maps.years(atlas, "papi", **options)


def test_more_than_twenty_years_are_refused(atlas):
    with pytest.raises(ValueError, match="21 years to show"):
        year_maps.years(synthetic(atlas, "papi", list(range(2004, 2025))), "papi", years=range(2004, 2025))
