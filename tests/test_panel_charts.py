"""Pictures of all years: drawn as the data say, nothing joined across a break, nothing covered or cut."""

import io
import itertools
import warnings

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt

from helpers import comparability, panel, panel_charts, wording

mpl.use("agg")


@pytest.fixture(autouse=True)
def _clean():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
    plt.close("all")


@pytest.fixture(scope="module")
def described(indices_frame, known, root):
    return panel.describe(indices_frame, known, root / "data" / "raw", draws=50)


def _texts(figure):
    found = [*figure.texts]
    for axes in figure.findobj(plt.Axes):
        found += [*axes.texts, axes.title, axes._left_title, axes.xaxis.label, axes.yaxis.label]
        for axis, (start, end) in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
            low, high = sorted((start, end))
            found += [t.label1 for t in axis.get_major_ticks() if low <= t.get_loc() <= high]
    for legend in figure.legends:
        found += legend.get_texts()
    return [text for text in found if text.get_text().strip()]


@pytest.mark.parametrize("language", wording.LANGUAGES)
@pytest.mark.parametrize("draw", [panel_charts.trends, panel_charts.order_maps])
def test_no_text_is_small_cut_or_covered(described, known, draw, language):
    figure = draw(described, known, language)
    figure.canvas.draw()
    texts = _texts(figure)
    renderer = figure.canvas.get_renderer()
    boxes = [text.get_window_extent(renderer) for text in texts]
    for text, box in zip(texts, boxes, strict=True):
        assert text.get_fontsize() >= 6.5
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1, text
    for (a, p), (b, q) in itertools.combinations(zip(texts, boxes, strict=True), 2):
        overlap = min(p.x1, q.x1) - max(p.x0, q.x0), min(p.y1, q.y1) - max(p.y0, q.y0)
        assert min(overlap) < 1, (a.get_text(), b.get_text())


def _lines(figure, gid):
    return [line for axes in figure.axes for line in axes.lines if line.get_gid() == gid]


def test_no_line_and_no_band_crosses_a_series_break(described, known):
    figure = panel_charts.trends(described, known, "en")
    levels = described.levels
    for gid, column in (("mean", "mean"), ("published", "published_mean")):
        drawn = {}
        for line in _lines(figure, gid):
            years, values = line.get_data()
            owners = [
                index
                for index in known
                if np.allclose(
                    levels[levels["index"] == index.slug].set_index("year")[column].reindex(years), values
                )
            ]
            assert len(owners) == 1
            comparability.check_comparable(owners[0], [int(year) for year in years])
            drawn.setdefault(owners[0].slug, set()).update(int(year) for year in years)
        known_years = levels[levels[column].notna()].groupby("index")["year"].agg(set).to_dict()
        if column == "published_mean":
            # Indices with levels of their own show these instead.
            known_years = {slug: years for slug, years in known_years.items() if slug in ("par", "sipas")}
        assert drawn == known_years
    bands = [c for axes in figure.axes for c in axes.collections if c.get_gid() == "band"]
    edges = [band.get_paths()[0].vertices[:, 0] for band in bands]
    spans = sorted((years.min(), years.max()) for years in edges)
    assert spans == [(2011, 2015), (2016, 2017), (2021, 2024)]


def test_breaks_are_marked_where_the_registry_has_them(described, known):
    figure = panel_charts.trends(described, known, "en")
    marked = sorted(line.get_xdata()[0] + 0.5 for line in _lines(figure, "break"))
    # PAR INDEX, PAPI, SIPAS; PCI, of which every year is a series, has a note instead.
    assert marked == sorted([2016, 2022, 2016, 2018, 2019, 2020, 2021, 2017, 2022])


def test_scales_of_different_maxima_have_axes_of_their_own(described, known):
    figure = panel_charts.trends(described, known, "vi")
    titles = [text.get_text() for text in figure.texts if text.get_text().startswith("PAPI")]
    assert titles == ["PAPI (điểm, tối đa 60)", "PAPI (điểm, tối đa 80)"]
    assert len(figure.axes) == 5


def test_every_year_shows_its_number_of_provinces(described, known):
    figure = panel_charts.trends(described, known, "en")
    labels = [label.get_text() for axes in figure.axes for label in axes.get_xticklabels()]
    levels = described.levels[described.levels["index"].isin(described.held)]
    assert sorted(labels) == sorted(f"{row.year}\n{row.n}" for row in levels.itertuples())


def test_the_heat_map_shows_every_pair_of_complete_years_and_frames_series(described, known):
    tables = dict((index.slug, table) for index, table in panel_charts.order_tables(described, known))
    assert set(tables) == {"papi", "pci"}
    assert len(tables["papi"]) == 91 and len(tables["pci"]) == 55, "2005 lacks a third of the provinces"
    figure = panel_charts.order_maps(described, known, "en")
    for axes, table in zip(figure.axes, tables.values(), strict=False):
        written = sorted(text.get_text() for text in axes.texts)
        assert written == sorted(wording.number(value, "en") for value in table["estimate"])
    frames = [line.get_gid() for line in figure.axes[0].lines]
    assert frames == ["series 2011-2015", "series 2016-2017", "series 2021-2024"]
    assert not figure.axes[1].lines


def test_alternative_texts_say_the_main_result(described, known):
    said = panel_charts.describe_trends(described, known, "en")
    assert "PAR INDEX, known only in part: published national mean" in said
    assert "42.41 (2021) to 43.43 (2024)" in said and "n = 60–63" in said
    assert "PAPI: 0.22 to 0.80 from one year to the next" in panel_charts.describe_order(
        described, known, "en"
    )
    assert "0,22 đến 0,80" in panel_charts.describe_order(described, known, "vi")


def test_nothing_to_draw_is_no_picture(indices_frame, known, root):
    nothing = panel.describe(indices_frame[indices_frame["year"] == 1900], known, root / "data" / "raw", 50)
    for draw in (panel_charts.trends, panel_charts.order_maps):
        assert draw(nothing, known, "en") is None
    assert panel_charts.describe_trends(nothing, known, "en") == ""
    assert panel_charts.describe_order(nothing, known, "en") == ""


@pytest.mark.parametrize("draw", [panel_charts.trends, panel_charts.order_maps])
def test_the_same_bytes_every_time(described, known, draw):
    written = []
    for _ in range(2):
        buffer = io.StringIO()
        draw(described, known, "en").savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
        written.append(buffer.getvalue())
    assert written[0] == written[1]
