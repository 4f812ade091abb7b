"""Charts of rank intervals and of agreement: what is drawn is what the tables say, nothing cut or covered."""

import itertools
import warnings

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex

from helpers import agreement, agreement_charts, publishing, rank_intervals
from helpers import agreement_findings as findings

mpl.use("agg")


@pytest.fixture(autouse=True)
def _no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
    plt.close("all")


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
def notes(indices_frame, pair):
    return {
        language: [findings.source_note(indices_frame, pair, range(2012, 2025), language)]
        for language in ("en", "vi")
    }


@pytest.fixture(scope="module")
def intervals(indices_frame, known):
    return rank_intervals.table(indices_frame, known, [2022])


def _boxes(figure, texts):
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    return [text.get_window_extent(renderer) for text in texts if text.get_text()]


def _check(figure):
    """Every text is on the page, is not too small, and covers no other."""
    axes = figure.axes[0]
    legend = [text for legend in figure.legends for text in legend.get_texts()]
    ticks = [
        tick.label1
        for axis, (low, high) in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim()))
        for tick in axis.get_major_ticks()
        if min(low, high) <= tick.get_loc() <= max(low, high)
    ]
    texts = [*figure.texts, *legend, *ticks, axes.xaxis.label, axes.yaxis.label, *axes.texts]
    assert min(text.get_fontsize() for text in texts) >= 6.5
    boxes = _boxes(figure, texts)
    for box in boxes:
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1
    for one, other in itertools.combinations(boxes, 2):
        # Boxes of lines set one below the other touch by their empty rims.
        height = min(one.y1, other.y1) - max(one.y0, other.y0)
        width = min(one.x1, other.x1) - max(one.x0, other.x0)
        assert height < 1.5 or width <= 0


@pytest.mark.parametrize("language", ["en", "vi"])
@pytest.mark.parametrize("year", [2012, 2013, 2021, 2022, None])
def test_quadrants_name_their_points_without_covering_any(found, pair, places, notes, year, language):
    minimum = 1 if year else 3
    points = agreement.positions(found[found["year"] == year] if year else found, minimum)
    period = str(year or "2012–2024")
    figure = agreement_charts.quadrants(points, *pair, period, language, places, notes[language], minimum)
    _check(figure)
    axes = figure.axes[0]
    drawn = np.vstack([dots.get_offsets() for dots in axes.collections])
    assert sorted(map(tuple, drawn)) == sorted(map(tuple, points[["x", "y"]].to_numpy()))
    labels = [text for text in axes.texts if text.get_fontweight() != "bold"]
    assert len(labels) >= min(agreement_charts.LABELS, len(points)) - 1
    dots = axes.transData.transform(points[["x", "y"]].to_numpy())
    assert not any(box.count_contains(dots) for box in _boxes(figure, labels))


def test_the_best_are_at_the_top_right_and_the_lines_halve_the_ranking(found, pair, places, notes):
    points = agreement.positions(found[found["year"] == 2022])
    axes = agreement_charts.quadrants(points, *pair, "2022", "en", places, notes["en"]).axes[0]
    assert axes.get_xlim()[0] > axes.get_xlim()[1] and axes.get_ylim()[0] > axes.get_ylim()[1]
    upright, level = axes.lines[:2]
    assert set(upright.get_xdata()) == {32} and set(level.get_ydata()) == {32}
    assert points["x"].median() != 32


@pytest.mark.parametrize("language", ["en", "vi"])
def test_gaps_are_drawn_by_their_verdict(summary, pair, places, notes, language):
    figure = agreement_charts.gaps(summary, *pair, "2012–2024", language, places, notes[language])
    _check(figure)
    rows = summary[summary["reason"] == ""].sort_values("difference", ascending=False, kind="stable")
    axes = figure.axes[0]
    bars = [line for line in axes.lines if len(line.get_xdata()) == 2 and line.get_linestyle() == "-"][1:]
    dots = [line for line in axes.lines if line.get_marker() in "oD" and len(line.get_xdata())]
    assert len(bars) == len(dots) == len(rows) == len(axes.get_yticks())
    for row, bar, dot in zip(rows.itertuples(), bars, dots, strict=True):
        assert tuple(bar.get_xdata()) == (row.ci_low, row.ci_high)
        assert dot.get_xdata()[0] == row.difference
        filled = to_hex(dot.get_markerfacecolor()) != "#ffffff"
        assert filled == (row.verdict != agreement.UNCLEAR)
        assert (dot.get_marker() == "D") == (filled and row.p_adjusted < 0.05)


@pytest.mark.parametrize(("slug", "language"), [("papi", "en"), ("papi", "vi"), ("par", "en"), ("par", "vi")])
def test_rank_intervals_are_drawn_where_there_are_any(intervals, known, places, notes, slug, language):
    index = known[slug]
    rows = rank_intervals.of_year(intervals, index, 2022)
    figure = agreement_charts.rank_intervals(rows, index, "2022", language, places, notes[language])
    _check(figure)
    assert figure.get_size_inches()[1] <= 10.8
    axes = figure.axes[0]
    ranked = rows[rows["rank"].notna()].sort_values(["rank", "gso_code"])
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == [places.name(code, language) for code in ranked["gso_code"]]
    given = ranked[ranked["rank_low"].notna()]
    bars = [segment[:, 0] for segment in axes.collections[0].get_segments()]
    assert np.allclose(np.subtract(bars, [-0.35, 0.35]), given[["rank_low", "rank_high"]].to_numpy(float))
    filled, *hollow = [line for line in axes.lines if line.get_marker() == "o"]
    assert filled.get_xdata().tolist() == given["rank"].tolist()
    assert sum(len(line.get_xdata()) for line in hollow) == len(ranked) - len(given)


def test_ranks_without_any_interval_are_drawn_alone(indices_frame, known, places, notes):
    rows = rank_intervals.table(indices_frame, known, [2019])
    rows = rank_intervals.of_year(rows, known["papi"], 2019)
    figure = agreement_charts.rank_intervals(rows, known["papi"], "2019", "vi", places, notes["vi"])
    assert len(figure.axes[0].lines[0].get_xdata()) == 63 and not figure.axes[0].collections


def test_few_and_all_provinces_find_their_room(found, indices_frame, known, pair, places, notes):
    draw = np.random.default_rng(6)
    synthetic = found.iloc[np.repeat(0, 63 * 3)].assign(
        gso_code=places.codes * 3, year=np.repeat([2021, 2022, 2023], 63), reason=""
    )
    for role in ("paper", "citizens"):
        synthetic[f"place_{role}"] = np.concatenate([draw.permutation(63) + 1.0 for _ in range(3)])
    synthetic["difference"] = synthetic["place_citizens"] - synthetic["place_paper"]
    every = agreement.persistence(synthetic, *pair)
    assert (every["reason"] == "").sum() == 63
    for rows in (every, every.iloc[:2]):
        _check(agreement_charts.gaps(rows, *pair, "2021–2023", "vi", places, notes["vi"]))
    points = agreement.positions(synthetic[synthetic["year"] == 2022])
    _check(agreement_charts.quadrants(points, *pair, "2022", "vi", places, notes["vi"]))
    _check(agreement_charts.quadrants(points.iloc[:1], *pair, "2022", "vi", places, notes["vi"]))
    few = rank_intervals.table(indices_frame, known, [2014])
    few = rank_intervals.of_year(few, known["par"], 2014)
    assert len(few) < 8
    _check(agreement_charts.rank_intervals(few, known["par"], "2014", "vi", places, notes["vi"]))


def test_descriptions_say_the_main_result(found, summary, intervals, known, pair, places):
    said = findings.describe_gaps(summary, *pair, "2012–2024", places, "en")
    assert "Long An" in said and "Bac Kan" in said and f"{(summary['reason'] == '').sum()} of 63" in said
    points = agreement.positions(found, 3)
    said = findings.describe_quadrants(points, *pair, "2012–2024", places, "vi")
    counts = agreement.quadrant(points, 63).value_counts()
    assert f"Cao ở cả hai: {counts['both']};" in said
    rows = rank_intervals.of_year(intervals, known["papi"], 2022)
    assert "60 cannot be told apart" in findings.describe_intervals(rows, known["papi"], "2022", places, "en")


def test_the_files_are_the_same_in_every_run(found, summary, intervals, known, pair, places, notes, tmp_path):
    def published(folder):
        rows = rank_intervals.of_year(intervals, known["par"], 2022)
        figures = {
            "ranks": agreement_charts.rank_intervals(rows, known["par"], "2022", "en", places, notes["en"]),
            "gaps": agreement_charts.gaps(summary, *pair, "2012–2024", "en", places, notes["en"]),
            "quadrants": agreement_charts.quadrants(
                agreement.positions(found, 3), *pair, "2012–2024", "en", places, notes["en"], 3
            ),
        }
        made = [publishing.publish(figure, folder, name, "text") for name, figure in figures.items()]
        return [path.read_bytes() for one in made for path in (one.png, one.svg)]

    assert published(tmp_path / "one") == published(tmp_path / "two")
