import dataclasses
import itertools
import re

import numpy as np
import pandas as pd
import pictures
import pytest
import shapely
from matplotlib import colors

from helpers import choropleths, provinces, tile_maps, tiles, wording
from helpers.files import resolve
from helpers.measures import NoFigureError

RAW = resolve("data/raw")
TABLE = provinces.load(RAW).table
CODES = list(TABLE.index)
# The sparsest and the fullest years of each index, and years with gaps of every kind.
SHOWN = [("papi", 2011), ("papi", 2022), ("par", 2014), ("par", 2022), ("sipas", 2015), ("sipas", 2022)]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    pictures.close()


def rows_of(figures, slug, year):
    chosen = (figures["index"] == slug) & (figures["year"] == year) & (figures["component"] == "")
    return figures[chosen].set_index("gso_code").reindex(CODES)


def expected(figures, slug, year, measure):
    """Class of each unit by numpy's quantiles, the higher the better, or the reason why it has none."""
    rows = rows_of(figures, slug, year)
    values, other = rows[measure].astype(float), rows["score" if measure == "rank" else "rank"]
    distinct, known = np.unique(values.dropna()), values.dropna()
    breaks = distinct[:-1] if len(distinct) <= 5 else np.unique(np.quantile(known, np.arange(1, 5) / 5))
    any_figure = set(figures[(figures["index"] == slug) & (figures["year"] == year)]["gso_code"])
    found = {}
    for code in CODES:
        if pd.notna(values[code]):
            number = int((values[code] > breaks).sum())
            found[code] = -number + len(breaks) if measure == "rank" else number
        elif pd.notna(other[code]):
            found[code] = "only_score" if measure == "rank" else "only_rank"
        elif (slug, year) == ("sipas", 2015):
            found[code] = "not_surveyed"
        elif slug == "papi":
            found[code] = "some_components" if code in any_figure else "no_result"
        else:
            found[code] = "not_reported"
    return found


def written(figure, kind):
    """Texts in the squares by code, in one line."""
    return {
        text.get_gid().removeprefix(f"{kind}-"): " ".join(text.get_text().split())
        for text in pictures.texts(figure, kind)
    }


def square(patch):
    return shapely.box(*patch.get_path().get_extents().extents)


@pytest.mark.parametrize(("slug", "year"), SHOWN)
@pytest.mark.parametrize("measure", ["score", "rank"])
def test_colours_counts_and_texts_of_every_square(atlas, indices_frame, slug, year, measure):
    language = "vi" if measure == "score" else "en"
    figure = tile_maps.tiles(atlas, slug, year, language, measure).figure
    wanted = expected(indices_frame, slug, year, measure)
    pictures.check_colours(figure, wanted)
    pictures.check_legend(figure, 63)
    pictures.check_texts(figure)
    rows, values = rows_of(indices_frame, slug, year), written(figure, "value")
    for code in CODES:
        rank = None if pd.isna(rows["rank"][code]) else str(rows["rank"][code])
        if measure == "rank":
            assert values.get(code) == rank
        elif pd.notna(rows["score"][code]):
            assert values[code] == f"{rows['score'][code]:.2f}".replace(".", ",")
        else:
            assert values.get(code) == rank


def test_every_square_is_as_large_and_where_the_grid_says(atlas):
    figure = tile_maps.tiles(atlas, "papi", 2022).figure
    drawn = {code: square(patch).bounds for code, patch in pictures.patches(figure).items()}
    side = drawn["01"][2] - drawn["01"][0]
    grid, (left, bottom) = tiles.load(RAW), drawn["01"][:2]
    for code, bounds in drawn.items():
        steps = grid.loc[code] - grid.loc["01"]
        corner = left + steps["column"] * side, bottom - steps["row"] * side
        assert np.allclose(bounds, [*corner, corner[0] + side, corner[1] + side], atol=1e-6), code


def test_names_are_whole_inside_their_squares_and_as_dark_as_is_legible(atlas):
    figure = tile_maps.tiles(atlas, "papi", 2022, "vi").figure
    renderer, drawn = figure.canvas.get_renderer(), pictures.patches(figure)
    for text in pictures.texts(figure, "name", "value"):
        code = text.get_gid().split("-")[1]
        box = shapely.box(*text.get_window_extent(renderer).extents)
        assert shapely.box(*drawn[code].get_window_extent(renderer).extents).contains(box), text.get_text()
        fill = pictures.luminance(drawn[code].get_facecolor())
        ink = pictures.luminance(text.get_color())
        # Large or bold text needs 3, WCAG 2.2; a mid tone cannot give more than 4.6 to black or white.
        assert (max(fill, ink) + 0.05) / (min(fill, ink) + 0.05) > 3.5, code
        assert text.get_fontsize() >= 5.5 and text.get_text().count("\n") < 3
    names = written(figure, "name")
    assert names == {code: name.replace(" - ", " – ") for code, name in TABLE["name_vi"].items()}


def test_the_six_regions_are_outlined(atlas):
    figure = tile_maps.tiles(atlas, "papi", 2022).figure
    (lines,) = [c for c in figure.axes[0].collections if c.get_gid() == "region-outlines"]
    outlines = {shapely.Polygon(segment).normalize() for segment in lines.get_segments()}
    drawn = pictures.patches(figure)
    regions = {
        shapely.union_all([square(drawn[code]).buffer(1e-6) for code in codes])
        for codes in TABLE.groupby("region6").groups.values()
    }
    assert len(outlines) == len(regions) == 6
    for region in regions:
        assert any(region.symmetric_difference(outline).area < 0.01 for outline in outlines)
    assert lines.get_linewidths()[0] > 1


@pytest.mark.parametrize("size", ["half", "slide"])
@pytest.mark.parametrize(
    ("slug", "language"), [("papi", "vi"), ("par", "en"), ("sipas", "vi"), ("par", "vi")]
)
def test_small_squares_have_codes_and_a_list_of_names(atlas, size, slug, language):
    figure = tile_maps.tiles(atlas, slug, 2022, language, size=size).figure
    pictures.check_texts(figure)
    pictures.check_legend(figure, 63)
    assert written(figure, "code") == {code: code for code in CODES}
    assert not pictures.texts(figure, "name")
    names = TABLE[f"name_{language}"].str.replace(" - ", " – ")
    assert written(figure, "key") == {code: f"{code} {name}" for code, name in names.items()}
    printed = [text.get_text() for text in pictures.texts(figure, "legend") if "printed" in text.get_text()]
    assert len(pictures.texts(figure, "value")) == (0 if size == "half" else len(written(figure, "value")))
    assert bool(printed) == (size == "slide" and (slug, language) == ("par", "en"))
    figures_of = re.search(r"\bn = (\d+)", " ".join(text.get_text() for text in figure.texts))
    assert size == "half" or len(pictures.texts(figure, "value")) >= int(figures_of[1])


def test_the_check_notices_two_squares_with_exchanged_colours(atlas, indices_frame):
    figure = tile_maps.tiles(atlas, "papi", 2022).figure
    first, second = (pictures.patches(figure)[code] for code in ("22", "04"))  # Quảng Ninh, Cao Bằng
    dark, pale = first.get_facecolor(), second.get_facecolor()
    first.set_facecolor(pale)
    second.set_facecolor(dark)
    with pytest.raises(AssertionError, match="several colours"):
        pictures.check_colours(figure, expected(indices_frame, "papi", 2022, "score"))


@pytest.mark.parametrize("measure", ["score", "change", "group", "z_score"])
def test_classes_colours_and_rows_are_those_of_the_choropleth(atlas, measure):
    figures = [
        made(atlas, "papi", 2022, "vi", measure).figure for made in (tile_maps.tiles, choropleths.choropleth)
    ]
    styles = [
        {code: pictures.style(patch) for code, patch in pictures.patches(figure).items()}
        for figure in figures
    ]
    assert styles[0] == styles[1]
    rows = [[text.get_text() for text in pictures.texts(figure, "legend")] for figure in figures]
    assert rows[0] == rows[1]
    pictures.check_texts(figures[0])


def test_islands_are_squares_of_no_colour_and_never_counted(atlas):
    made = tile_maps.tiles(atlas, "papi", 2022, "vi")
    labels = [" ".join(text.get_text().split()) for text in pictures.texts(made.figure, "islands")]
    assert labels == ["Quần đảo Hoàng Sa (Đà Nẵng)", "Quần đảo Trường Sa (Khánh Hòa)"]
    boxes = pictures.listed(made.figure, "inset")
    coloured = [patch for patch in pictures.patches(made.figure).values() if not patch.get_hatch()]
    fills = {colors.to_hex(patch.get_facecolor()) for patch in coloured}
    assert {colors.to_hex(box.get_facecolor()) for box in boxes} == {"#ffffff"} and len(boxes) == 2
    assert "#ffffff" not in fills
    drawn = {code: square(patch) for code, patch in pictures.patches(made.figure).items()}
    assert len(drawn) == 63
    east = max(shape.bounds[2] for shape in drawn.values())
    assert all(box.get_x() > east for box in boxes)
    # Hoàng Sa lies at the latitude of Đà Nẵng, give or take a square; Trường Sa south of Khánh Hòa.
    side = boxes[0].get_height()
    assert abs(boxes[0].get_y() - drawn["48"].bounds[1]) < 1.5 * side
    assert boxes[1].get_y() < drawn["56"].bounds[1]
    without = tile_maps.tiles(dataclasses.replace(atlas, islands=False), "papi", 2022, "vi")
    assert not pictures.listed(without.figure, "inset") and without.table.equals(made.table)


def test_words_table_and_gaps(atlas):
    made = tile_maps.tiles(atlas, "papi", 2022, "vi")
    plain = choropleths.score(atlas, "papi", 2022, "vi")
    assert made.name == "tiles_papi" and made.table.equals(plain.table) and made.gaps == plain.gaps
    for language in wording.LANGUAGES:
        assert made.words["alt"][language].startswith(plain.words["alt"][language])
        assert all(made.words[kind][language].strip() for kind in ("title", "alt", "credit"))
    assert "equal squares" in made.words["title"]["en"]
    assert any("vị trí chỉ gần đúng" in text.get_text() for text in made.figure.texts)
    names = {tile_maps.tiles(atlas, "papi", 2022, measure=m, size=s).name for m, s in
             itertools.product(("score", "rank", "z_score"), ("page", "half"))}  # fmt: skip
    assert names == {
        "tiles_papi",
        "tiles_papi_rank",
        "tiles_papi_z_score",
        "tiles_papi_half",
        "tiles_papi_rank_half",
        "tiles_papi_z_score_half",
    }


def test_equal_runs_give_equal_bytes_in_small_files(atlas, tmp_path):
    contents = []
    for folder in ("a", "b"):
        files = tile_maps.tiles(atlas, "sipas", 2022).publish(tmp_path / folder).files
        contents.append({kind: path.read_bytes() for kind, path in files.items()})
    assert contents[0] == contents[1]
    assert len(contents[0]["svg"]) < 400_000 and len(contents[0]["png"]) < 250_000


def test_what_cannot_be_shown_is_refused(atlas):
    with pytest.raises(NoFigureError, match="the grid of squares is of the 63 provinces") as caught:
        tile_maps.tiles(atlas, "papi", 2025)
    assert "lưới ô vuông theo 63 tỉnh, thành phố" in caught.value.in_words("vi")
    with pytest.raises(NoFigureError):
        tile_maps.tiles(atlas, "papi", 2010)
    with pytest.raises(ValueError, match="size 'poster'"):
        tile_maps.tiles(atlas, "papi", 2022, size="poster")
    with pytest.raises(ValueError, match="measure 'value'"):
        tile_maps.tiles(atlas, "papi", 2022, measure="value")
    with pytest.raises(ValueError, match="scheme 'jenks'"):
        tile_maps.tiles(atlas, "papi", 2022, scheme="jenks")
