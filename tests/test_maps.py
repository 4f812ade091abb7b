import itertools
import re

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import colors
from matplotlib import pyplot as plt
from matplotlib_scalebar.scalebar import ScaleBar

from helpers import boundaries, charts, maps, provinces, registry, wording
from helpers.files import resolve

RAW = resolve("data/raw")
KNOWN = registry.load(RAW)
CODES = provinces.load(RAW).codes
UNITS = pd.DataFrame(index=pd.Index(CODES, name="gso_code"))
# Ranks that are computed from the scores make the same classes: only the first year of them is drawn.
DRAWN = [
    (index.slug, year, measure)
    for index in KNOWN
    for measure in maps.MEASURES
    for year in [year for year in index.years if year >= 2011][
        : 1 if measure == "rank" and index.ranks_computed else None
    ]
]


@pytest.fixture(scope="module")
def units(indices_frame):
    return boundaries.layers(RAW, indices_frame)["provinces63_simplified"].set_index("gso_code")


@pytest.fixture(scope="module")
def islands():
    return boundaries.read_islands(RAW)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def synthetic(values, slug="papi", year=2022, rank_only=()):
    """Make figures of invented provinces' scores: {code: score}; ranks by descending score."""
    rows = pd.DataFrame({"gso_code": list(values), "score": list(values.values())}, dtype=object)
    rows["score"] = rows["score"].astype(float)
    rows["rank"] = rows["score"].rank(ascending=False, method="min").astype("Int64")
    extra = pd.DataFrame({"gso_code": list(rank_only), "rank": range(40, 40 + len(rank_only))})
    rows = pd.concat([rows, extra], ignore_index=True).assign(
        index=slug, year=year, component="", ranked=63, basis="stated", source="s"
    )
    return rows.assign(rank_basis="stated", rank_source="s").astype({"rank": "Int64", "ranked": "Int64"})


def patches(figure):
    found = {}
    for artist in figure.axes[0].patches:
        if (artist.get_gid() or "").startswith("province-"):
            found[artist.get_gid().removeprefix("province-")] = artist
    return found


def texts(figure, *kinds):
    return [
        t for t in figure.findobj(plt.Text) if (t.get_gid() or "").split("-")[0] in kinds and t.get_text()
    ]


def outlines(patch):
    """Read what an artist covers back as shapes, in pixels."""
    rings = patch.get_path().to_polygons(patch.get_transform())
    return shapely.GeometryCollection([shapely.Polygon(ring) for ring in rings if len(ring) > 3])


def luminance(colour):
    """Relative luminance of WCAG 2.2, written from its text: the second implementation for lightness."""
    channels = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colors.to_rgb(colour)]
    return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]


def quantile_classes(values, k):
    """Number the classes of values by numpy's quantiles; each distinct value apart where there are few."""
    distinct = np.unique(values)
    if len(distinct) <= k:
        return {code: int(np.searchsorted(distinct, value)) for code, value in values.items()}
    breaks = np.unique(np.quantile(values, np.arange(1, k) / k))
    return {code: int((value > breaks).sum()) for code, value in values.items()}


def check_colours(figure, rows, measure, k=5):
    """Compare what is drawn with a classification made apart from the module, for all 63 provinces."""
    drawn = patches(figure)
    assert sorted(drawn) == CODES
    other = "rank" if measure == "score" else "score"
    values = rows[measure].dropna().astype(float)
    expected = quantile_classes(values, k)
    of_class = {}
    for code, patch in drawn.items():
        if code in expected:
            assert patch.get_hatch() is None, f"{code} has a value and is hatched"
            of_class.setdefault(expected[code], set()).add(patch.get_facecolor())
        else:
            half_known = code in rows.index and pd.notna(rows.at[code, other])
            assert patch.get_hatch() == ("......" if half_known else "//////"), code
    assert all(len(found) == 1 for found in of_class.values()), "one class is drawn in several colours"
    light = [luminance(next(iter(of_class[number]))) for number in sorted(of_class)]
    darker = light if measure == "rank" else light[::-1]
    assert all(a < b for a, b in itertools.pairwise(darker)), "a better class must be darker"


def check_legend(figure):
    """Every legend row must count the provinces that are drawn with its swatch."""
    swatches = [patch for patch in figure.axes[0].patches if patch.get_gid() == "legend-swatch"]
    rows = [t for t in texts(figure, "legend") if t.get_gid() == "legend"]
    counts = [int(re.search(r"\((\d+)\)$", row.get_text())[1]) for row in rows]
    drawn = [(patch.get_facecolor(), patch.get_hatch()) for patch in patches(figure).values()]
    assert counts == [drawn.count((s.get_facecolor(), s.get_hatch())) for s in swatches]
    assert sum(counts) == 63


def check_texts(figure):
    """No text may overlap another, be cut by the edge of the figure or lie on an inset it is not of."""
    renderer = figure.canvas.get_renderer()
    land = {code: outlines(patch) for code, patch in patches(figure).items()}
    boxes = [
        (t.get_text(), t.get_window_extent(renderer))
        for t in [*texts(figure, "label", "mark", "legend", "islands"), *figure.texts]
    ]
    boxes += [("scale bar", figure.findobj(ScaleBar)[0].get_window_extent(renderer))]
    for name, box in boxes:
        assert figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1, f"{name!r} is cut"
        assert figure.bbox.y0 <= box.y0 and box.y1 <= figure.bbox.y1, f"{name!r} is cut"
    for (name, box), (second, other) in itertools.combinations(boxes, 2):
        assert not (box.x0 < other.x1 and other.x0 < box.x1 and box.y0 < other.y1 and other.y0 < box.y1), (
            f"{name!r} overlaps {second!r}"
        )
    insets = [p for p in figure.axes[0].patches if p.get_gid() == "inset"]
    for label in texts(figure, "label"):
        box = label.get_window_extent(renderer)
        assert not any(box.overlaps(inset.get_window_extent(renderer)) for inset in insets)
        on = [code for code, shape in land.items() if shape.intersects(shapely.box(*box.extents))]
        assert not on, f"{label.get_text()!r} lies on {on}"


# --- the maps of the report -----------------------------------------------------------------------------


def of_year(figures, slug, year):
    totals = figures[(figures["index"] == slug) & (figures["year"] == year) & (figures["component"] == "")]
    return totals.set_index("gso_code")


@pytest.mark.parametrize(("slug", "year", "measure"), DRAWN)
def test_colours_counts_and_texts_of_every_map(indices_frame, units, islands, slug, year, measure):
    classes = maps.classify(indices_frame, KNOWN[slug], year, units, measure)
    figure = maps.choropleth(classes, units, "vi" if measure == "score" else "en", islands)
    check_colours(figure, of_year(indices_frame, slug, year), measure)
    check_legend(figure)
    check_texts(figure)


@pytest.fixture
def papi(indices_frame, units, islands):
    classes = maps.classify(indices_frame, KNOWN["papi"], 2022, units)
    return maps.choropleth(classes, units, "en", islands), of_year(indices_frame, "papi", 2022)


def test_the_checks_notice_two_provinces_with_exchanged_colours(papi):
    figure, rows = papi
    best, worst = patches(figure)["22"], patches(figure)["04"]  # Quảng Ninh and Cao Bằng
    bright, dark = worst.get_facecolor(), best.get_facecolor()
    best.set_facecolor(bright)
    worst.set_facecolor(dark)
    with pytest.raises(AssertionError, match="one class is drawn in several colours"):
        check_colours(figure, rows, "score")


def test_the_checks_notice_a_filled_gap_and_a_reversed_scale(papi):
    figure, rows = papi
    patches(figure)["24"].set_hatch(None)  # Bắc Giang has no total in 2022.
    with pytest.raises(AssertionError, match="24"):
        check_colours(figure, rows, "score")
    with pytest.raises(AssertionError):
        check_legend(figure)


def test_the_checks_notice_texts_that_overlap_or_are_cut(papi):
    figure, _ = papi
    first, second = texts(figure, "label")[:2]
    place = first.get_position()
    first.set_position(second.get_position())
    with pytest.raises(AssertionError, match="overlaps"):
        check_texts(figure)
    first.set_position((-5, place[1]))
    with pytest.raises(AssertionError, match="is cut"):
        check_texts(figure)
    first.set_position((figure.axes[0].get_xlim()[1] * 0.3, figure.axes[0].get_ylim()[1] * 0.85))
    with pytest.raises(AssertionError, match=r"lies on|overlaps"):
        check_texts(figure)


def test_best_and_worst_are_named_and_the_rest_is_not(papi):
    figure, rows = papi
    ordered = rows["score"].sort_values(ascending=False).dropna().index
    named = {label.get_gid().removeprefix("label-") for label in texts(figure, "label")}
    assert named == {*ordered[:3], *ordered[-3:]}
    assert "Quang Ninh\n47.88 · rank 1" in [label.get_text() for label in texts(figure, "label")]


def test_ranks_without_a_score_are_printed_in_their_provinces(indices_frame, units):
    classes = maps.classify(indices_frame, KNOWN["par"], 2022, units)
    figure = maps.choropleth(classes, units, "en")
    rows = of_year(indices_frame, "par", 2022)
    expected = rows.loc[rows["score"].isna() & rows["rank"].notna(), "rank"]
    marks = texts(figure, "mark")
    assert sorted(int(mark.get_text()) for mark in marks) == sorted(expected)
    for mark in marks:
        (code,) = expected.index[expected == int(mark.get_text())]
        assert patches(figure)[code].get_path().contains_point(mark.get_position())


def test_islands_are_drawn_apart_and_never_as_data(indices_frame, units, islands):
    classes = maps.classify(indices_frame, KNOWN["papi"], 2022, units)
    with_islands = maps.choropleth(classes, units, "vi", islands)
    labels = [" ".join(text.get_text().split()) for text in texts(with_islands, "islands")]
    assert labels == ["Quần đảo Hoàng Sa (Đà Nẵng)", "Quần đảo Trường Sa (Khánh Hòa)"]
    dots = [line for line in with_islands.axes[0].lines if (line.get_gid() or "").startswith("islands")]
    assert len(dots) == sum(len(shape.geoms) for shape in islands.geometry)
    fills = {patch.get_facecolor() for patch in patches(with_islands).values()}
    assert not {colors.to_rgba(dot.get_color()) for dot in dots} & fills
    without = maps.choropleth(classes, units, "vi")
    assert not texts(without, "islands") and len(patches(without)) == 63
    assert not [p for p in without.axes[0].patches if p.get_gid() == "inset"]


@pytest.mark.parametrize(
    ("language", "credit"),
    [
        ("en", "Province boundaries: © OpenStreetMap contributors, ODbL 1.0"),
        ("vi", "Ranh giới tỉnh: © những người đóng góp OpenStreetMap, ODbL 1.0"),
    ],
)
def test_credit_units_and_n_stand_on_the_figure(indices_frame, units, language, credit):
    classes = maps.classify(indices_frame, KNOWN["papi"], 2021, units)
    written = [text.get_text() for text in maps.choropleth(classes, units, language).texts]
    assert credit in written
    assert any("EPSG:3405" in line for line in written)
    assert any("80" in line and "n = 60" in line and "63" in line for line in written)


def test_shapes_are_true_to_the_projection(indices_frame, units):
    import pyproj

    figure = maps.choropleth(maps.classify(indices_frame, KNOWN["papi"], 2022, units), units, "en")
    utm = pyproj.Transformer.from_crs(4326, 3405, always_xy=True)
    places = {code: utm.transform(*units.geometry[code].exterior.coords[0]) for code in ("01", "66")}
    drawn = {code: patches(figure)[code].get_path().vertices[0] for code in places}
    metres = np.subtract(places["66"], places["01"])
    points = np.subtract(drawn["66"], drawn["01"])
    # One scale for both axes: a point of paper is the same number of metres north and east.
    assert metres[0] / points[0] == pytest.approx(metres[1] / points[1], rel=1e-9)
    assert figure.findobj(ScaleBar)[0].dx == pytest.approx(metres[1] / points[1], rel=1e-9)


def test_two_runs_give_the_same_bytes(indices_frame, units, islands, tmp_path):
    def publish(folder):
        classes = maps.classify(indices_frame, KNOWN["sipas"], 2022, units)
        figure = maps.choropleth(classes, units, "vi", islands)
        return charts.publish(figure, tmp_path / folder, "map", maps.describe(classes, units, "vi"))

    first, second = publish("a"), publish("b")
    assert first.png.read_bytes() == second.png.read_bytes()
    assert first.svg.read_bytes() == second.svg.read_bytes()


def test_the_map_of_units_counts_every_province(indices_frame, units, islands):
    outer = boundaries.layers(RAW, indices_frame)["provinces34_simplified"].set_index("gso_code")
    table = provinces.load(RAW).table
    for language, column in (("en", "region6_en"), ("vi", "region6")):
        figure = maps.regions(units, outer, table[column], language, islands)
        check_legend(figure)
        check_texts(figure)
        for _, codes in table.groupby(column).groups.items():
            assert len({patches(figure)[code].get_facecolor() for code in codes}) == 1


# --- classes --------------------------------------------------------------------------------------------


def test_few_distinct_values_are_a_class_each():
    values = dict(zip(CODES, [70.0] * 30 + [80.0] * 20 + [90.0] * 13, strict=True))
    classes = maps.classify(synthetic(values), KNOWN["papi"], 2022, UNITS, k=5)
    assert classes.limits == ((70, 70), (80, 80), (90, 90))
    assert classes.counts == [30, 20, 13] and classes.scheme == "each"


def test_equal_values_are_one_class_and_the_legend_says_so(units):
    classes = maps.classify(synthetic(dict.fromkeys(CODES, 70.0)), KNOWN["papi"], 2022, units)
    assert classes.counts == [63] and classes.limits == ((70, 70),)
    figure = maps.choropleth(classes, units, "en")
    assert len({patch.get_facecolor() for patch in patches(figure).values()}) == 1
    assert [text.get_text() for text in texts(figure, "legend")][-1] == "All provinces have the same value."
    check_legend(figure)
    check_texts(figure)


@pytest.mark.parametrize("count", [1, 2, 4, 6])
def test_a_handful_of_values_is_drawn_and_all_are_named(units, count):
    values = dict(zip(CODES[::9], [80.5, 79.0, 91.25, 66.0, 73.0, 70.0], strict=False))
    some = dict(list(values.items())[:count])
    classes = maps.classify(synthetic(some, "par", rank_only=CODES[5:8]), KNOWN["par"], 2022, units)
    figure = maps.choropleth(classes, units, "vi")
    assert {label.get_gid().removeprefix("label-") for label in texts(figure, "label")} == set(some)
    assert (classes.n, len(classes.only_other), len(classes.missing)) == (count, 3, 60 - count)
    check_legend(figure)
    check_texts(figure)


def test_quantiles_that_coincide_leave_fewer_classes():
    values = dict(zip(CODES, [50.0] * 50 + [float(60 + i) for i in range(13)], strict=True))
    classes = maps.classify(synthetic(values), KNOWN["papi"], 2022, UNITS, k=5)
    assert len(classes.limits) < 5 and sum(classes.counts) == 63
    assert classes.table["class"].to_dict() == quantile_classes(pd.Series(values), 5)


def test_natural_breaks_are_the_best_of_all_partitions():
    scores = [1.0, 1.2, 1.1, 4.0, 4.1, 4.4, 4.2, 9.0, 9.9, 5.6]
    ordered = sorted(scores)

    def spread(parts):
        return sum(((np.array(part) - np.mean(part)) ** 2).sum() for part in parts)

    cuts = itertools.combinations(range(1, 10), 2)
    best = min(([ordered[:a], ordered[a:b], ordered[b:]] for a, b in cuts), key=spread)
    figures = synthetic(dict(zip(CODES, scores, strict=False)))
    classes = maps.classify(figures, KNOWN["papi"], 2022, UNITS, scheme="fisher_jenks", k=3)
    assert classes.counts == [len(part) for part in best]
    assert [high for _, high in classes.limits] == [part[-1] for part in best]


def test_equal_intervals_have_equal_width_and_may_be_empty():
    scores = dict(zip(CODES, [0.0, 1.0, 2.0, 3.0, 4.0, 100.0], strict=False))
    classes = maps.classify(synthetic(scores), KNOWN["papi"], 2022, UNITS, scheme="equal_interval", k=5)
    assert np.allclose(classes.limits, [(0, 20), (20, 40), (40, 60), (60, 80), (80, 100)])
    assert classes.counts == [5, 0, 0, 0, 1]


@settings(max_examples=60, deadline=None)
@given(
    scores=st.lists(
        st.one_of(st.none(), st.floats(0, 100).map(lambda x: round(x, 2))), min_size=63, max_size=63
    ),
    k=st.integers(2, 9),
    scheme=st.sampled_from(["quantiles", "equal_interval"]),
)
def test_classes_hold_what_their_limits_say(scores, k, scheme):
    known = {code: score for code, score in zip(CODES, scores, strict=True) if score is not None}
    if not known:
        return
    classes = maps.classify(synthetic(known), KNOWN["papi"], 2022, UNITS, scheme=scheme, k=k)
    assert sum(classes.counts) + len(classes.missing) == 63 and classes.n == len(known)
    assert len(classes.limits) <= k
    for code, score in known.items():
        number = classes.table.at[code, "class"]
        low, high = classes.limits[number]
        assert low <= score <= high
        assert number == 0 or low == high or score > low


def test_what_cannot_be_mapped_is_refused(indices_frame):
    papi = KNOWN["papi"]
    with pytest.raises(maps.NoFigureError, match="papi has no score for 2010"):
        maps.classify(indices_frame, papi, 2010, UNITS)
    with pytest.raises(maps.NoFigureError, match="par has no score for 2022"):
        maps.classify(synthetic({}, "par", rank_only=CODES[:3]), KNOWN["par"], 2022, UNITS)
    with pytest.raises(ValueError, match="measure 'value'"):
        maps.classify(indices_frame, papi, 2022, UNITS, measure="value")
    with pytest.raises(ValueError, match="scheme 'jenks'"):
        maps.classify(indices_frame, papi, 2022, UNITS, scheme="jenks")
    with pytest.raises(ValueError, match="choose 2 to 9 classes"):
        maps.classify(indices_frame, papi, 2022, UNITS, k=10)
    with pytest.raises(ValueError, match="figures of 05, which"):
        maps.classify(synthetic({"05": 40.0, "01": 42.0}), papi, 2022, UNITS)


# --- colours --------------------------------------------------------------------------------------------


def test_lightness_of_colours_whose_value_is_published():
    # CIELAB of the sRGB primaries as given, for example, by Lindbloom's calculator for D65.
    given_ = [(0, 0, 0), (1, 1, 1), (1, 0, 0), (0, 1, 0), (0, 0, 1)]
    assert maps.lightness(given_) == pytest.approx([0, 100, 53.24, 87.73, 32.30], abs=0.01)


# Machado, Oliveira and Fernandes (2009), severity 1.0: how the colour-blind see linear RGB.
BLIND = {
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}


@pytest.mark.parametrize("index", list(KNOWN), ids=lambda index: index.slug)
@pytest.mark.parametrize("count", range(2, 10))
def test_neighbouring_classes_differ_in_grey_print_and_for_the_colour_blind(index, count):
    chosen = maps.class_colours(index.colours, count)
    light = maps.lightness(chosen)
    assert len(chosen) == count and (np.diff(light) <= -6.5).all()
    assert light[0] < 90, "the palest class must not look like paper"
    linear = np.where(
        chosen[:, :3] <= 0.04045, chosen[:, :3] / 12.92, ((chosen[:, :3] + 0.055) / 1.055) ** 2.4
    )
    for matrix in BLIND.values():
        seen = np.clip(linear @ np.transpose(matrix), 0, 1)
        seen = np.where(seen <= 0.0031308, seen * 12.92, 1.055 * seen ** (1 / 2.4) - 0.055)
        assert (np.diff(maps.lightness(seen)) < -4).all()


def test_units_without_a_class_differ_from_every_class():
    for index in KNOWN:
        for style in (maps.NO_FIGURE, maps.OTHER_MEASURE):
            palest = maps.lightness(maps.class_colours(index.colours, 5))[0]
            assert maps.lightness([colors.to_rgb(style["facecolor"])])[0] - palest > 8 and style["hatch"]
    assert maps.NO_FIGURE["hatch"][0] != maps.OTHER_MEASURE["hatch"][0]


# --- words ----------------------------------------------------------------------------------------------


def test_the_description_names_best_worst_and_gaps(indices_frame, units):
    classes = maps.classify(indices_frame, KNOWN["papi"], 2022, units)
    assert maps.describe(classes, units, "en") == (
        "Map of the 63 provinces coloured by total score, PAPI 2022, n = 61. Highest of these: Quang Ninh "
        "47.88, rank 1; Binh Duong 47.45, rank 2; Thanh Hoa 46.02, rank 3. Lowest of these: Dien Bien 39.67, "
        "rank 59; Tay Ninh 39.42, rank 60; Cao Bang 38.80, rank 61. No figure: 2."
    )
    spoken = maps.describe(classes, units, "vi")
    assert "Quảng Ninh 47,88, hạng 1" in spoken and "Không có số liệu: 2 tỉnh." in spoken


def test_gaps_are_named_and_many_are_folded(indices_frame, units):
    classes = maps.classify(indices_frame, KNOWN["papi"], 2022, units)
    assert maps.tell_gaps(classes, units, "vi") == [("**Không có số liệu (2):** Bắc Giang và Bắc Ninh.", "")]
    whole = maps.classify(indices_frame, KNOWN["papi"], 2011, units)
    assert maps.tell_gaps(whole, units, "en") == [("Every province has a figure.", "")]
    sparse = maps.classify(synthetic({"01": 80.0}, "par", rank_only=["31", "70"]), KNOWN["par"], 2022, units)
    (line, nothing), (head, folded) = maps.tell_gaps(sparse, units, "en")
    assert line == "**Only a rank is reported (2):** Hai Phong (40) and Binh Phuoc (41)." and nothing == ""
    assert head == "60 provinces have no figure" and folded.count(",") == 58 and folded.endswith("Ca Mau.")


def test_the_table_holds_every_province_and_the_ranks_that_provinces_reported(indices_frame, units):
    classes = maps.classify(indices_frame, KNOWN["papi"], 2022, units)
    table = maps.tabulate(classes, units, "vi")
    assert list(table["gso_code"]) == CODES
    by_name = table.set_index("province")
    # Bình Phước's own report on 2022 says that it was 56th.
    assert by_name.at["Bình Phước", "rank"] == 56
    assert by_name.loc["Bắc Giang", ["score", "rank", "class"]].isna().all()
    assert by_name.at["Quảng Ninh", "class"] == 5 and by_name.at["Cao Bằng", "class"] == 1
    worded = maps.word_table(table, classes, KNOWN.basis_names, "vi").set_index("Tỉnh, thành phố")
    assert worded.at["Quảng Ninh", "Lớp"] == maps.class_label(classes, 4, "vi")
    assert worded.at["Quảng Ninh", "Căn cứ của điểm"] == "bảng số liệu của đơn vị công bố"


def test_classes_of_ranks_are_written_without_touching():
    figures = synthetic(dict(zip(CODES, np.linspace(90, 60, 63), strict=True)))
    classes = maps.classify(figures, KNOWN["papi"], 2022, UNITS, "rank", k=4)
    written = [maps.class_label(classes, number, "en") for number in range(4)]
    numbers = [tuple(map(int, label.split(" – "))) for label in written]
    assert numbers[0][0] == 1 and numbers[-1][1] == 63
    assert all(high + 1 == low for (_, high), (low, _) in itertools.pairwise(numbers))
    assert [high - low + 1 for low, high in numbers] == classes.counts


@pytest.mark.parametrize("language", wording.LANGUAGES)
def test_limits_are_written_as_the_language_writes_numbers(indices_frame, language):
    classes = maps.classify(indices_frame, KNOWN["papi"], 2022, UNITS)
    label = maps.class_label(classes, 0, language)
    assert re.fullmatch(r"\d\d\.\d\d – \d\d\.\d\d" if language == "en" else r"\d\d,\d\d – \d\d,\d\d", label)
