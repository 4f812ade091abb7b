"""The sheet of a map: true to its projection, the islands apart, refused where units are not right."""

import geopandas
import numpy as np
import pictures
import pyproj
import pytest
import shapely
from matplotlib import colors
from matplotlib_scalebar.scalebar import ScaleBar
from pictures import check_texts, patches, texts

from helpers import cartography, charts, maps
from helpers.cartography import Country, MapError
from helpers.files import resolve

RAW = resolve("data/raw")


@pytest.fixture(scope="module")
def bare(atlas):
    return maps.open_atlas(RAW, atlas.processed, islands=False, context=False)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    pictures.close()


@pytest.fixture
def sheet(atlas):
    return cartography.sheet("page", ("Title", "Subtitle"), ["Note"], atlas.country("63"))


PLAIN = {"facecolor": "#cccccc"}


# --- true to the ground -------------------------------------------------------------------------------------


def test_shapes_are_true_to_the_projection(atlas):
    figure = maps.score(atlas, "papi", 2022).figure
    utm = pyproj.Transformer.from_crs(4326, 3405, always_xy=True)
    shapes = atlas.country("63").units.geometry

    def first(code):
        shape = shapes[code]
        return utm.transform(*getattr(shape, "geoms", [shape])[0].exterior.coords[0])

    metres = np.subtract(first("66"), first("01"))
    points = np.subtract(*(patches(figure)[code].get_path().vertices[0] for code in ("66", "01")))
    # One scale for both axes: a point of paper is the same number of metres north and east.
    assert metres[0] / points[0] == pytest.approx(metres[1] / points[1], rel=1e-9)
    (bar,) = figure.findobj(ScaleBar)
    assert bar.dx == pytest.approx(metres[1] / points[1], rel=1e-9)


@pytest.mark.parametrize("size", ["page", "half", "slide"])
def test_the_scale_bar_is_as_long_as_it_says(atlas, size):
    figure = maps.score(atlas, "papi", 2022, size=size).figure
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())[:, :, :3].astype(int)
    # The lowest 28 points of the map, at the left.
    foot, grain = figure.axes[0].get_window_extent().y0, figure.dpi / 72
    rows = slice(int(pixels.shape[0] - foot - 28 * grain), int(pixels.shape[0] - foot))
    grey = (abs(pixels[rows, : pixels.shape[1] // 3] - int(charts.QUIET[1:3], 16)) < 10).all(axis=2)
    longest = max(len(run) for row in grey for run in "".join(map(str, row.astype(int))).split("0"))
    # Two points of the ground and of the paper; the projection stretches lengths by less than a thousandth.
    shapes = atlas.country("63").units.geometry
    first = {
        code: getattr(shapes[code], "geoms", [shapes[code]])[0].exterior.coords[0] for code in ("02", "96")
    }
    _, _, metres = pyproj.Geod(ellps="WGS84").inv(*first["02"], *first["96"])
    drawn = [patches(figure)[code] for code in first]
    points = [patch.get_transform().transform(patch.get_path().vertices[0]) for patch in drawn]
    assert longest * metres / np.hypot(*np.subtract(*points)) == pytest.approx(200_000, rel=0.02)
    assert "200 km" in [f"{bar.fixed_value} {bar.fixed_units}" for bar in figure.findobj(ScaleBar)]


def test_units_fill_the_paper_without_gaps(atlas):
    figure = maps.score(atlas, "papi", 2022).figure
    shapes = [pictures.outlines(patch) for patch in patches(figure).values()]
    total = sum(shape.area for shape in shapes)
    assert shapely.union_all([shape.buffer(0) for shape in shapes]).area == pytest.approx(total, rel=0.002)


def test_insets_hold_the_units_of_their_windows_larger(atlas):
    figure = maps.score(atlas, "papi", 2022).figure
    delta = pictures.with_gid(figure, "inset-delta-")
    southeast = pictures.with_gid(figure, "inset-southeast-")
    assert {"01", "27", "30", "31", "33", "34", "35", "36", "37"} <= set(delta) and "79" in southeast
    assert not {"79", "96"} & set(delta) and "01" not in southeast
    # Hưng Yên lies in the window with all its land.
    titles = {text.get_gid(): text.get_text() for text in texts(figure, "inset")}
    times = float(titles["inset-title-delta"].split("× ")[1])
    width = [np.ptp(patch.get_path().vertices[:, 0]) for patch in (delta["33"], patches(figure)["33"])]
    assert width[0] / width[1] == pytest.approx(times, abs=0.06)
    assert titles["inset-title-delta"].startswith("Red River delta")
    named = {text.get_gid() for text in texts(figure, "name")}
    assert {"name-delta-01", "name-delta-33", "name-southeast-79"} <= named
    assert not texts(maps.score(atlas, "papi", 2022, size="half").figure, "name", "inset")


# --- islands ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("year", [2012, 2022])
def test_islands_are_drawn_apart_and_never_as_data(atlas, year):
    drawn = maps.score(atlas, "papi", year, "vi").figure
    labels = [" ".join(text.get_text().split()) for text in texts(drawn, "islands")]
    assert labels == ["Quần đảo Hoàng Sa (Đà Nẵng)", "Quần đảo Trường Sa (Khánh Hòa)"]
    dots = [line for line in drawn.axes[0].lines if (line.get_gid() or "").startswith("islands")]
    islands = atlas.country("63").islands
    assert [len(line.get_xdata()) for line in dots] == [len(shape.geoms) for shape in islands.geometry]
    fills = {patch.get_facecolor() for patch in patches(drawn).values()}
    assert not {colors.to_rgba(dot.get_color()) for dot in dots} & fills
    boxes = pictures.listed(drawn, "inset")[-2:]
    for box, line in zip(boxes, dots, strict=True):
        inside = shapely.box(
            box.get_x(), box.get_y(), *np.add(box.get_xy(), (box.get_width(), box.get_height()))
        )
        assert shapely.contains_xy(inside, *line.get_data()).all()
    assert sorted(patches(drawn)) == sorted(atlas.codes(2022))


def test_islands_and_neighbours_can_be_left_out(atlas, bare):
    full, empty = (maps.score(each, "papi", 2022) for each in (atlas, bare))
    assert not texts(empty.figure, "islands") and len(patches(empty.figure)) == 63
    assert len(pictures.listed(full.figure, "inset")) == len(pictures.listed(empty.figure, "inset")) + 2
    context = [[each.get_gid() for each in drawn.figure.axes[0].collections] for drawn in (full, empty)]
    assert "context" in context[0] and "context" not in context[1]
    assert (
        "Natural Earth" in full.words["credit"]["en"] and "Natural Earth" not in empty.words["credit"]["en"]
    )
    assert full.table.equals(empty.table)
    check_texts(empty.figure)


# --- units that cannot be drawn -----------------------------------------------------------------------------


def test_units_that_are_not_63_or_34_are_refused(atlas):
    units = atlas.country("63").units
    with pytest.raises(MapError, match="63 provinces or the 34 units, each once; found 62 units"):
        Country(units.iloc[1:])
    more = geopandas.GeoDataFrame(
        units.iloc[[0, *range(63)]].to_numpy(),
        columns=units.columns,
        index=units.index[[0, *range(63)]],
        crs=4326,
    ).set_geometry("geometry")
    with pytest.raises(MapError, match="found 64 units, 01 more than once"):
        Country(more)
    with pytest.raises(MapError, match="found 63 units, 01 more than once"):
        Country(more.iloc[:-1])


def test_units_without_coordinates_or_shapes_are_refused(atlas):
    units = atlas.country("63").units
    with pytest.raises(MapError, match="the units have no coordinate system"):
        Country(units.set_crs(None, allow_override=True))
    bow = shapely.Polygon([(105, 20), (106, 21), (106, 20), (105, 21)])
    shapes = {"04": bow, "79": shapely.Point(106, 10), "92": shapely.Polygon(), "96": None}
    for code, shape in shapes.items():
        spoiled = units.copy()
        spoiled.loc[[code], "geometry"] = geopandas.GeoSeries([shape], index=[code], crs=units.crs)
        with pytest.raises(MapError, match=f"units without a valid polygon: {code}; run"):
            Country(spoiled)


def test_the_34_units_are_drawn_by_their_own_names(atlas):
    new, old = atlas.country("34"), atlas.country("63")
    assert len(new.shapes) == 34 and len(old.shapes) == 63
    # 24 was Bắc Giang and is Bắc Ninh.
    assert (old.names("vi")["24"], new.names("vi")["24"]) == ("Bắc Giang", "Bắc Ninh")
    assert new.shapes.area.sum() == pytest.approx(old.shapes.area.sum(), rel=1e-6)
    for code, (x, y) in new.centres.items():
        assert new.shapes[code].contains(shapely.Point(x, y))


# --- room ---------------------------------------------------------------------------------------------------


def test_boxes_find_free_places_until_none_is_left(sheet):
    sheet.draw(dict.fromkeys(sheet.country.rings, PLAIN))
    corners = []
    with pytest.raises(MapError, match="no room is left on the sheet for a box of 90 by 70 points"):
        for _ in range(99):
            corners.append(sheet.put(90, 70, (0, 0)))
    boxes = [shapely.box(*corner, *np.add(corner, (90, 70))) for corner in corners]
    land = [shapely.Polygon(sheet.place(ring)) for rings in sheet.country.rings.values() for ring in rings]
    tree = shapely.STRtree(land)
    assert 5 < len(boxes) < 40
    assert not len(tree.query(boxes, predicate="intersects")[0])
    assert shapely.union_all(boxes).area == pytest.approx(90 * 70 * len(boxes))
    limits = shapely.box(0, 0, sheet.width, sheet.height)
    assert all(limits.contains(box) for box in boxes)


def test_labels_on_a_full_sheet_are_left_away(sheet):
    sheet.draw(dict.fromkeys(sheet.country.rings, PLAIN))
    sheet.take(0, 0, sheet.width, sheet.height)
    sheet.label({"01": "Ha Noi", "79": "Ho Chi Minh City"})
    assert texts(sheet.figure, "label") == []


def test_a_legend_without_room_for_a_histogram_does_without(sheet):
    sheet.draw(dict.fromkeys(sheet.country.rings, PLAIN))
    rows = [(f"class ({number})", PLAIN) for number in range(5)]
    histogram = cartography.Histogram([np.arange(9.0)], [PLAIN], str)
    # Only the corner at the lower left stays free.
    sheet.take(130, 0, sheet.width, sheet.height)
    sheet.take(0, 115, sheet.width, sheet.height)
    sheet.legend("Head", rows, "note", (60, 60), histogram)
    assert not pictures.listed(sheet.figure, "histogram")
    assert len(pictures.listed(sheet.figure, "legend-swatch")) == 5


def test_labels_of_crowded_provinces_do_not_meet(sheet):
    sheet.draw(dict.fromkeys(sheet.country.rings, PLAIN))
    crowded = ["01", "26", "27", "30", "33", "34", "35", "36", "37"]
    sheet.label({code: f"Province {code}\n+12.3 places" for code in crowded})
    assert 5 <= len(texts(sheet.figure, "label")) <= 9
    check_texts(sheet.figure)


def test_numbers_in_neighbours_too_small_for_them_move_apart(atlas):
    sheet = cartography.sheet("half", ("Title", "Subtitle"), ["Note"], atlas.country("63"))
    sheet.draw(dict.fromkeys(sheet.country.rings, PLAIN))
    for code in ("35", "37", "36"):  # Hà Nam, Ninh Bình, Nam Định
        sheet.mark("48", code)
    check_texts(sheet.figure)
    for mark in texts(sheet.figure, "mark"):
        code = mark.get_gid().removeprefix("mark-")
        assert patches(sheet.figure)[code].get_path().contains_point(mark.get_position())


def test_sizes_that_are_not_known_are_refused(atlas):
    with pytest.raises(ValueError, match="size 'poster' is not known; choose one of page, half, slide"):
        cartography.sheet("poster", ("", ""), [], atlas.country("63"))


# --- the same in every run ----------------------------------------------------------------------------------


def test_two_runs_give_the_same_bytes(atlas, tmp_path):
    formats = ("png", "svg", "print", "pdf")
    first, second = (
        maps.score(atlas, "sipas", 2022, "vi").publish(tmp_path / name, formats) for name in ("a", "b")
    )
    for kind in formats:
        assert first.files[kind].read_bytes() == second.files[kind].read_bytes(), kind


def test_a_second_atlas_sets_the_same_labels_at_the_same_places(atlas):
    again = maps.open_atlas(RAW, atlas.processed)

    def places(each):
        found = texts(maps.paper_against_citizens(each, 2020).figure, "label", "name", "legend")
        return [(text.get_gid(), text.get_text(), *text.get_position()) for text in found]

    assert places(atlas) == places(again)
