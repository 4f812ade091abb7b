"""Figures: what is drawn is what the data say, and nothing is cut or covered."""

import itertools

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex

from helpers import charts, coefficients, correlation, provinces, wording

mpl.use("agg")
YEARS = (2012, 2015, 2017, 2021, 2022, 2024)


@pytest.fixture(scope="session")
def places(root):
    return provinces.load(root / "data" / "raw")


@pytest.fixture(autouse=True)
def _closed():
    charts.apply_style()
    yield
    plt.close("all")


@pytest.fixture(scope="session")
def draw(indices_frame, known, places):
    """A function that draws one scatter plot of the real figures and gives its points too."""

    def _draw(a, b, year, measure, language="en", remark=""):
        first, second = known[a], known[b]
        points = correlation.points(indices_frame, first, second, year, measure)
        estimate = coefficients.spearman(points["x"], points["y"])
        return points, charts.scatter(
            points, first, second, year, measure, language, places, estimate, remark
        )

    return _draw


def _offsets(figure):
    return np.vstack([collection.get_offsets() for collection in figure.axes[0].collections])


def _boxes(figure, texts):
    renderer = figure.canvas.get_renderer()
    return [text.get_window_extent(renderer) for text in texts]


# --- scatter -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("year", YEARS)
def test_no_label_is_covered_or_cut(draw, indices_frame, known, tables, year):
    table = tables[year]
    drawn = 0
    for first, second in correlation.combinations(indices_frame, known, year):
        for measure in correlation.drawn(table, first, second):
            points, figure = draw(first.slug, second.slug, year, measure, "vi")
            figure.canvas.draw()
            axes = figure.axes[0]
            assert len(axes.texts) == min(charts.LABELS, len(points)), "every label finds its place"
            boxes = _boxes(figure, axes.texts)
            assert not any(p.overlaps(q) for p, q in itertools.combinations(boxes, 2))
            inside = axes.get_window_extent()
            for box in boxes:
                assert inside.x0 <= box.x0 and box.x1 <= inside.x1
                assert inside.y0 <= box.y0 and box.y1 <= inside.y1
            dots = axes.transData.transform(points[["x", "y"]].to_numpy())
            assert not any(box.count_contains(dots) for box in boxes), "no label hides a province"
            _check_margins(figure)
            plt.close(figure)
            drawn += 1
    assert drawn >= 3


def _check_margins(figure):
    axes = figure.axes[0]
    legend = axes.get_legend().get_texts()
    boxes = _boxes(figure, [*figure.texts, axes.xaxis.label, axes.yaxis.label, *legend])
    for axis, (start, end) in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
        # Ticks outside the limits are kept by the axis but not drawn.
        shown = [
            tick.label1
            for tick in axis.get_major_ticks()
            if min(start, end) <= tick.get_loc() <= max(start, end)
        ]
        assert len(shown) >= 3
        boxes += _boxes(figure, shown)
    for box in boxes:
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1
    outer = _boxes(figure, [*figure.texts, axes.xaxis.label, *legend])
    assert not any(p.overlaps(q) for p, q in itertools.combinations(outer, 2))


def test_every_province_is_where_its_scores_are(draw, indices_frame, places):
    points, figure = draw("par", "papi", 2022, "score")
    scores = indices_frame.query("year == 2022 and component == ''").pivot(
        index="gso_code", columns="index", values="score"
    )
    expected = scores[["par", "papi"]].dropna().to_numpy()
    assert sorted(map(tuple, _offsets(figure))) == sorted(map(tuple, expected))
    assert len(points) == len(expected) == 22


def test_cities_have_a_marker_of_their_own(draw, places):
    points, figure = draw("papi", "pci", 2012, "score")
    by_size = sorted(figure.axes[0].collections, key=lambda collection: len(collection.get_offsets()))
    cities = points.loc[places.cities, ["x", "y"]].to_numpy()
    assert len(cities) == 5 and len(by_size[1].get_offsets()) == 58
    assert sorted(map(tuple, by_size[0].get_offsets())) == sorted(map(tuple, cities))
    assert len(by_size[0].get_paths()[0].vertices) != len(by_size[1].get_paths()[0].vertices)


def test_the_extremes_and_the_widest_gaps_are_named_and_dark(draw, places):
    points, figure = draw("papi", "pci", 2012, "score")
    names = {text.get_text() for text in figure.axes[0].texts}
    extremes = [points[column].agg(end) for column in ("x", "y") for end in ("idxmin", "idxmax")]
    extremes.append(points["gap"].abs().idxmax())
    assert {places.name(code, "en") for code in extremes} <= names
    dark = sum(
        (np.array([to_hex(colour) for colour in collection.get_facecolors()]) == charts.INK).sum()
        for collection in figure.axes[0].collections
    )
    assert dark == len(names) == charts.LABELS


def test_ranks_have_the_best_at_the_top_right_on_equal_scales(draw):
    points, figure = draw("par", "papi", 2022, "rank")
    axes = figure.axes[0]
    figure.canvas.draw()
    place = axes.transData.transform
    assert (place((1, 1)) > place((60, 60))).all()
    assert axes.get_xlim() == axes.get_ylim()
    assert np.ptp(place([(1, 1), (60, 60)]), axis=0)[0] == pytest.approx(
        np.ptp(place([(1, 1), (60, 60)]), axis=0)[1], rel=1e-6
    )
    assert sorted(map(tuple, _offsets(figure))) == sorted(map(tuple, points[["x", "y"]].to_numpy()))
    assert _legend(figure).count("equal rank") == 1


def _legend(figure):
    return [text.get_text() for text in figure.axes[0].get_legend().get_texts()]


def test_no_line_of_equal_ranks_where_ten_stand_against_sixty_three(draw):
    _, figure = draw("papi", "sipas", 2015, "rank")
    assert "equal rank" not in _legend(figure)
    assert figure.axes[0].get_ylabel() == "SIPAS: rank of 10 (1 = best)"


def test_medians_are_those_of_the_points_and_only_of_enough_points(draw):
    points, figure = draw("par", "papi", 2022, "score")
    lines = [tuple(line.get_xdata()) for line in figure.axes[0].lines]
    assert (points["x"].median(),) * 2 in lines
    assert "median of those shown" in _legend(figure)
    _, few = draw("par", "sipas", 2015, "rank")
    assert "median of those shown" not in _legend(few)
    assert "fewer than 8 pairs: no coefficient" in _written(few)


def _written(figure):
    return " ".join(
        text.get_text() for text in sorted(figure.texts, key=lambda text: -text.get_position()[1])
    )


def test_n_result_sources_and_remark_stand_on_the_figure(draw, known):
    points, figure = draw("par", "papi", 2022, "score", "vi", "Một lưu ý.")
    written = _written(figure)
    assert f"n = {len(points)}/63" in written and "Spearman ρ = 0,65" in written
    assert known["papi"].publisher("vi") in written and "Một lưu ý." in written
    assert "không phải toàn bộ bảng công bố" in written, "PAR INDEX is not the full table"
    assert figure.axes[0].get_xlabel() == "PAR INDEX (điểm, thang 100)"


def _named(aspect, drawn, count=12):
    """Names beside synthetic points that lie close together."""
    figure, axes = plt.subplots(figsize=(6, 4))
    draw = np.random.default_rng(5)
    points = pd.DataFrame(draw.uniform(30, 70, (count, 2)), columns=["x", "y"])
    axes.scatter(points["x"], points["y"])
    axes.set(xlim=(0, 100), ylim=(0, 100), aspect=aspect)
    if drawn:
        figure.canvas.draw()
    charts.name_points(axes, points, [f"Name {n}" for n in range(count)], points, textsize=8)
    return figure, axes


@pytest.mark.parametrize("aspect", ["auto", "equal"])
def test_names_of_points_keep_clear_of_each_other_and_need_no_drawing_before(aspect):
    figure, axes = _named(aspect, drawn=False)
    figure.canvas.draw()
    boxes = _boxes(figure, axes.texts)
    assert len(boxes) == 12
    assert not any(p.overlaps(q) for p, q in itertools.combinations(boxes, 2))
    assert all(axes.bbox.x0 <= box.x0 and box.x1 <= axes.bbox.x1 for box in boxes)
    _, after = _named(aspect, drawn=True)
    places = [[text.get_position() for text in each.texts] for each in (axes, after)]
    assert np.allclose(*places)


def test_names_without_room_are_left_away_the_last_first():
    _, axes = _named("auto", drawn=False, count=300)
    names = [int(text.get_text().split()[1]) for text in axes.texts]
    assert 20 < len(names) < 150
    assert names == sorted(names) and names[:5] == list(range(5))


# --- frame -------------------------------------------------------------------------------------------------


def test_long_lines_of_the_frame_are_broken_and_leave_room():
    figure = plt.figure(figsize=(6.3, 4))
    words = wording.text("correlate.figure_note_score", "vi", a="PAR INDEX", b="SIPAS")
    bottom, top = charts.frame(figure, "A title " * 14, "units " * 30, [words, words])
    boxes = _boxes(figure, figure.texts)
    assert 0 < bottom < top < 1
    assert all(box.x1 <= figure.bbox.x1 for box in boxes)
    assert not any(p.overlaps(q) for p, q in itertools.combinations(boxes, 2))
