"""The heat map: what is drawn is what the table says, readable in every cell, for few and many columns."""

import itertools
import warnings

import cmcrameri
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex, to_rgb
from matplotlib.patches import Rectangle

from helpers import heatmaps, publishing, wording

mpl.use("agg")
COLUMNS = [
    *("index_a", "index_b", "component_a", "component_b", "measure"),
    *("n", "estimate", "ci_low", "ci_high", "p_adjusted", "reason"),
]


@pytest.fixture(autouse=True)
def _no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
    plt.close("all")


def synthetic(known, columns, rows="papi", year=2022, seed=1, refused=True):
    """A table of random coefficients: none of them is a result."""
    draw = np.random.default_rng(seed)
    cells = []
    for own in ["", *(slug for slug in known[rows].components_of(year) if "." not in slug)]:
        for index, component in columns:
            n = int(draw.integers(3 if refused else 8, 64))
            estimate = draw.uniform(-1, 1) if n >= 8 else np.nan
            cell = (rows, index, own, component, "rank", n, estimate, estimate - 0.1, estimate + 0.1)
            cells.append((*cell, draw.uniform(0, 0.2) if n >= 8 else np.nan, "" if n >= 8 else "few"))
    return pd.DataFrame(cells, columns=COLUMNS)


def few(known):
    return [("par", ""), ("sipas", ""), ("pci", "")]


def many(known):
    par = ["", *list(known["par"].components)[:12]]
    return [("par", slug) for slug in par] + [("sipas", slug) for slug in ("", *known["sipas"].components)]


@pytest.fixture(params=["few", "many", "single"])
def columns(request, known):
    return {"few": few, "many": many, "single": lambda _: [("par", "")]}[request.param](known)


def _draw(table, indices_frame, known, places, language="en", year=2022):
    figure = heatmaps.draw(table, indices_frame, known, places, year, language, "A remark.")
    figure.canvas.draw()
    return figure


def _boxes(figure, texts):
    renderer = figure.canvas.get_renderer()
    return [text.get_window_extent(renderer) for text in texts if text.get_text()]


@pytest.mark.parametrize("language", wording.LANGUAGES)
def test_nothing_is_cut_or_covered(columns, indices_frame, known, places, language):
    figure = _draw(synthetic(known, columns), indices_frame, known, places, language)
    scale = [tick.label2 for tick in figure.axes[1].yaxis.get_major_ticks()]
    texts = [*figure.texts, *figure.axes[0].texts, *scale]
    assert min(text.get_fontsize() for text in texts) >= 6.5
    boxes = _boxes(figure, texts)
    for box in boxes:
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1
    # Lines of text in a cell may touch by a pixel of empty ascender.
    inner = [box.padded(-1) for box in boxes]
    assert not any(p.overlaps(q) for p, q in itertools.combinations(inner, 2))
    assert figure.get_size_inches()[0] <= 9.2 + 1e-9


def test_more_columns_than_fit_make_the_figure_wider(indices_frame, known, places):
    columns = many(known) + [("pci", slug) for slug in known["pci"].components_of(2014)]
    figure = _draw(synthetic(known, columns), indices_frame, known, places, year=2014)
    assert figure.get_size_inches()[0] > 9.2
    boxes = [box.padded(-1) for box in _boxes(figure, figure.axes[0].texts)]
    assert not any(p.overlaps(q) for p, q in itertools.combinations(boxes, 2))


def _cells(figure):
    """Colour, texts and frame by the place of the cell: row and column, counted from the top left."""
    axes = figure.axes[0]
    filled = [
        patch
        for patch in axes.patches
        if isinstance(patch, Rectangle) and patch.get_facecolor()[3] and patch.get_x() > 1
    ]
    framed = [patch for patch in axes.patches if not patch.get_facecolor()[3]]
    found = {}
    rows = sorted({round(patch.get_y(), 3) for patch in filled})
    across = sorted({round(patch.get_x(), 3) for patch in filled})
    for patch in filled:
        box = patch.get_bbox()
        texts = [text for text in axes.texts if box.contains(*text.get_position())]
        frame = any(box.count_contains([other.get_center()]) for other in framed)
        place = rows.index(round(patch.get_y(), 3)), across.index(round(patch.get_x(), 3))
        found[place] = (patch, texts, frame)
    return found


@pytest.mark.parametrize("language", wording.LANGUAGES)
def test_every_cell_shows_its_coefficient_its_n_and_its_colour(indices_frame, known, places, language):
    table = synthetic(known, few(known), seed=3)
    cells = _cells(_draw(table, indices_frame, known, places, language))
    assert len(cells) == len(table) == 27
    own = list(dict.fromkeys(table["component_a"]))
    for row in table.itertuples():
        patch, texts, frame = cells[own.index(row.component_a), few(known).index((row.index_b, ""))]
        written = [text.get_text() for text in texts]
        assert written == [wording.number(row.estimate, language), f"n = {row.n}"]
        assert frame == (texts[0].get_fontweight() == "bold") == (row.p_adjusted < 0.05)
        assert bool(patch.get_hatch()) == np.isnan(row.estimate)
        if not np.isnan(row.estimate):
            shade = cmcrameri.cm.vik((row.estimate + 1) / 2)
            assert to_hex(patch.get_facecolor()) == to_hex(shade)


def _luminance(colour):
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return np.dot([0.2126, 0.7152, 0.0722], linear)


@given(st.floats(-1, 1))
def test_text_stands_out_on_every_shade(estimate):
    darker, lighter = sorted(map(_luminance, heatmaps.colours(estimate)))
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5, "the contrast that WCAG 2 asks for"


def test_colours_are_symmetric_in_lightness_and_neutral_at_zero():
    assert np.ptp(to_rgb(heatmaps.colours(0.0)[0])) < 0.05
    for size in (0.3, 0.6, 0.9):
        low, high = (np.mean(to_rgb(heatmaps.colours(sign * size)[0])) for sign in (-1, 1))
        assert abs(low - high) < 0.15


def test_a_cell_that_the_table_lacks_is_hatched_without_n(indices_frame, known, places):
    table = synthetic(known, few(known), refused=False).drop(index=4)
    cells = _cells(_draw(table, indices_frame, known, places))
    patch, texts, _ = cells[1, 1]
    assert patch.get_hatch() and [text.get_text() for text in texts] == [wording.MISSING]


def test_a_name_wider_than_its_columns_stands_before_each_of_them(indices_frame, known, places):
    columns = [("par", ""), *many(known)[13:], *(("pci", slug) for slug in known["pci"].components)]
    figure = _draw(synthetic(known, columns), indices_frame, known, places)
    heads = {text.get_text().replace("\n", " ") for text in figure.axes[0].texts}
    assert {"PAR INDEX: Total", "SIPAS", "PCI"} <= heads and "PAR INDEX" not in heads


def test_rows_of_two_indices_are_refused(indices_frame, known, places):
    table = synthetic(known, few(known))
    table.loc[0, "index_a"] = "pci"
    with pytest.raises(ValueError, match="those of one index, not of 2"):
        heatmaps.draw(table, indices_frame, known, places, 2022, "en")


def test_the_description_names_the_ends_n_and_the_evidence(known, places):
    table = synthetic(known, few(known), refused=False)
    table["n"], table["p_adjusted"] = 33, 0.5
    table.loc[5, ["estimate", "ci_low", "ci_high", "p_adjusted"]] = [0.99, 0.98, 1.0, 0.01]
    said = heatmaps.describe(table, known, places, 2022, "en")
    assert "27 of 27 cells have an estimate, with n = 33 of 63 provinces" in said
    assert "highest is PAPI: Participation at Local Levels with PCI: Total (ρ = 0.99" in said.replace(
        "1.00", "0.99"
    )
    assert "p is below 0.05 in 1" in said
    table["p_adjusted"] = 0.5
    assert "không có bằng chứng" in heatmaps.describe(table, known, places, 2022, "vi")
    table["estimate"] = np.nan
    assert "No cell of 27 has an estimate" in heatmaps.describe(table, known, places, 2022, "en")
    assert "PAPI against PAR INDEX, SIPAS and PCI" in heatmaps.caption(table, known, 2022, "en")


def test_a_table_without_any_estimate_is_drawn(indices_frame, known, places):
    table = synthetic(known, few(known)).assign(estimate=np.nan, p_adjusted=np.nan, n=3)
    figure = _draw(table, indices_frame, known, places, "vi")
    written = [text.get_text() for text in figure.texts]
    assert "không ô nào trong 27 ô" in " ".join(written)
    assert all(patch.get_hatch() for patch, _, _ in _cells(figure).values())


def test_files_are_the_same_each_time(indices_frame, known, places, tmp_path):
    made = []
    for folder in ("once", "again"):
        figure = heatmaps.draw(synthetic(known, many(known)), indices_frame, known, places, 2022, "vi")
        made.append(publishing.publish(figure, tmp_path / folder, "heatmap", "mô tả"))
    assert made[0].png.read_bytes() == made[1].png.read_bytes()
    assert made[0].svg.read_bytes() == made[1].svg.read_bytes()
    assert "Quản trị" in made[0].svg.read_text(encoding="utf-8"), "names stay text"
