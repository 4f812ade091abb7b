import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import pyplot as plt
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.font_manager import FontProperties
from matplotlib.ft2font import LoadFlags
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.textpath import text_to_path

from helpers import rendering
from helpers.publishing import OUTPUT


@pytest.fixture
def figure():
    """Shapes under every kind of hatch, some cut by the edge, and texts; synthetic."""
    figure = plt.figure(figsize=(3, 3), dpi=200)
    draw = np.random.default_rng(5)
    for number, hatch in enumerate(["......", "//////", "\\\\\\\\", "xxxx", "-----", "||||", "++++", None]):
        angles = np.sort(draw.uniform(0, 2 * np.pi, 30))
        ring = np.column_stack([np.cos(angles), np.sin(angles)]) * draw.uniform(20, 70, (30, 1))
        ring += draw.uniform(0, 216, 2)
        path = Path(np.vstack([ring, ring[:1]]), closed=True)
        style = {"facecolor": ["none", "#d0e0c0"][number % 2], "edgecolor": "#9c9c9c", "linewidth": 0.35}
        colours = {"hatch": hatch, "hatchcolor": "#8a8a8a", "hatch_linewidth": 0.5}
        scale = mpl.transforms.Affine2D().scale(200 / 72)
        figure.add_artist(PathPatch(path, transform=scale, **style, **colours))
        corner = draw.uniform(0, 0.9, 2)
        figure.add_artist(Rectangle(corner, 0.07, 0.05, transform=figure.transFigure, **style, **colours))
    for number, text in enumerate(
        ["Thừa Thiên Huế", "Thừa Thiên Huế", "AV To\nhai dòng", r"$x^2$", "Quảng Trị"]
    ):
        x, y = draw.uniform(0.1, 0.6, 2)
        figure.text(x, y, text, fontsize=7 + number % 2, weight="bold" if number == 2 else "normal")
    figure.text(0.5, 0.5, "Quảng Trị", rotation=90, bbox={"facecolor": "white", "alpha": 0.5})
    yield figure
    plt.close(figure)


def pixels(canvas):
    canvas.draw()
    return np.array(canvas.buffer_rgba())


@pytest.mark.parametrize("dpi", [200, 300, 72])
def test_pixels_are_those_of_matplotlib(figure, dpi):
    with mpl.rc_context(OUTPUT):
        figure.set_dpi(dpi)
        expected = pixels(FigureCanvasAgg(figure))
        canvas = rendering.Canvas(figure)
        assert (pixels(canvas) == expected).all()
        assert (pixels(canvas) == expected).all(), "what is remembered must be the same"
    assert len(np.unique(expected.reshape(-1, 4), axis=0)) > 100


def test_another_hinting_is_another_picture(figure):
    found = []
    for hinting in ("no_hinting", "force_autohint"):
        with mpl.rc_context(OUTPUT | {"text.hinting": hinting}):
            expected = pixels(FigureCanvasAgg(figure))
            found.append(pixels(rendering.Canvas(figure)))
            assert (found[-1] == expected).all()
    assert (found[0] != found[1]).any()


LINES = st.lists(
    st.sampled_from(["Thừa Thiên Huế", "AV", "To", "1.234,5", "(−3", "fi", "ρ =", "", "·", "n/a", "Tr"])
    | st.text("abcxyzăâđêôơưÁỆỔỵ0123456789.,;:–−()%/'’“", max_size=8),
    min_size=1,
    max_size=6,
).map(" ".join)


@given(
    LINES, st.sampled_from([5.5, 7, 8.25]), st.sampled_from(["normal", "bold"]), st.sampled_from([72, 200])
)
def test_lines_laid_out_by_words_are_those_of_matplotlib(text, size, weight, dpi):
    font = FontProperties(family="DejaVu Sans", size=size, weight=weight)
    with mpl.rc_context(OUTPUT):
        stock = RendererAgg(9, 9, dpi)
        face = stock._prepare_font(font)
        expected = [(item.glyph_index, item.x, item.y) for item in face._layout(text, LoadFlags.NO_HINTING)]
        measured = stock.get_text_width_height_descent(text, font, False)
        assert rendering.Picture(9, 9, dpi).get_text_width_height_descent(text, font, False) == measured
        letters, *taken = rendering.line(text, face, size, dpi, LoadFlags.NO_HINTING)
    space = face.get_char_index(ord(" "))
    assert [letter[1:] for letter in letters] == [item for item in expected if item[0] != space]
    assert tuple(taken) == measured
    assert rendering.extent(text, font) == text_to_path.get_text_width_height_descent(text, font, False)


def test_a_word_is_laid_out_once_for_all_figures():
    extents = []
    for _ in range(2):
        figure = plt.figure(dpi=200)
        canvas = rendering.Canvas(figure)
        text = figure.text(0.5, 0.5, "Lai Châu và Lai Châu")
        extents.append(text.get_window_extent(canvas.get_renderer()).bounds)
        figure.set_dpi(100)
        extents.append(text.get_window_extent(canvas.get_renderer()).bounds)
        plt.close(figure)
        laid_out = rendering._word.cache_info().misses
        rendering.line.cache_clear()
    assert rendering._word.cache_info().misses == laid_out
    assert extents[:2] == extents[2:] and extents[0] != extents[1]
