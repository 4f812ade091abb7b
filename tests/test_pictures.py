import contextlib
import operator
import re

import baselines
import numpy as np
import pytest
from baselines import KINDS, decode, differences, encode, render
from matplotlib import pyplot as plt
from matplotlib.text import Text
from matplotlib.transforms import Affine2D

from helpers import palettes

# Pages of strong and of pale colours, the 34 units, and the smallest map.
PROVEN = ["score", "score_vi", "units34", "score_half"]


@pytest.fixture(scope="module")
def atlas(tmp_path_factory):
    return baselines.open_atlas(tmp_path_factory.mktemp("synthetic"))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_figure_looks_as_it_did(atlas, kind, tmp_path):
    figure = KINDS[kind](atlas).figure
    try:
        baselines.check(render(figure), kind, tmp_path)
    finally:
        plt.close(figure)


def test_baselines_are_those_of_the_kinds_and_small():
    found = sorted(baselines.FOLDER.iterdir())
    assert found == sorted(baselines.path(kind) for kind in KINDS)
    assert sum(path.stat().st_size for path in found) < 800e3


def test_a_picture_that_differs_is_written_with_its_differences(atlas, tmp_path):
    wrong = decode(baselines.path("score"))
    wrong[300:306, 100:106] = 0
    with pytest.raises(AssertionError, match=rf"score: .* at 10\d from the left and 30\d .*{tmp_path}"):
        baselines.check(wrong, "score", tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        "score.png",
        "score_expected.png",
        "score_difference.png",
    }
    red = (decode(tmp_path / "score_difference.png") == [220, 0, 0]).all(axis=2)
    assert red[302:304, 102:104].all() and not red[:290].any()
    with pytest.raises(AssertionError, match="504 by 655 pixels, expected 504 by 656"):
        baselines.check(wrong[1:], "score", tmp_path)


# --- proof by mutation ----------------------------------------------------------------------------------


class Drawn:
    """A map, its picture, a baseline made of it, and the pixels whose centres lie in each unit."""

    def __init__(self, made):
        self.figure, axes = made.figure, made.figure.axes[0]
        self.picture = render(self.figure)
        self.baseline = decode(encode(self.picture))
        self.height = len(self.picture)
        self.units = {
            patch.get_gid().removeprefix("province-"): patch
            for patch in axes.patches
            if (patch.get_gid() or "").startswith("province-")
        }
        self.swatches = [patch for patch in axes.patches if patch.get_gid() == "legend-swatch"]
        self.labels = [text for text in axes.texts if (text.get_gid() or "").startswith("label-")]
        self.classes = made.table.set_index("gso_code")["class"].dropna().astype(int).to_dict()
        colours = {number: self.units[code].get_facecolor() for code, number in self.classes.items()}
        self.colours = [colours[number] for number in sorted(colours)]
        self.areas = {code: self.pixels_in(patch) for code, patch in self.units.items()}

    def pixels_in(self, patch):
        """Rows and columns of the pixels whose centres lie in a patch."""
        outline = patch.get_path().transformed(patch.get_transform())
        (left, bottom), (right, top) = outline.get_extents().get_points().astype(int)
        x, y = (found.ravel() for found in np.meshgrid(range(left, right + 1), range(bottom, top + 1)))
        inside = outline.contains_points(np.column_stack([x, y]) + 0.5)
        return self.height - 1 - y[inside], x[inside]

    def box(self, artist):
        """Rows and columns of the pixels that an artist covers."""
        extent = artist.get_window_extent(self.figure.canvas.get_renderer())
        rows = np.arange(int(self.height - extent.y1), int(self.height - extent.y0) + 1)
        columns = np.arange(int(extent.x0), int(extent.x1) + 1)
        return tuple(found.ravel() for found in np.meshgrid(rows, columns))

    def unseen(self, areas):
        """
        List the areas in which a change would pass: each is changed alone, the rest stays as it was.

        All are drawn changed at once, as one drawing for each of 63 would take a minute.
        """
        changed = render(self.figure)
        passed = []
        for name, (rows, columns) in areas.items():
            around = tuple(slice(max(found.min() - 12, 0), found.max() + 13) for found in (rows, columns))
            one = self.picture.copy()
            one[rows, columns] = changed[rows, columns]
            if differences(one[around], self.baseline[around]).max() <= 1:
                passed.append(name)
        return passed


@pytest.fixture(scope="module", params=PROVEN)
def drawn(request, atlas):
    made = Drawn(KINDS[request.param](atlas))
    yield made
    plt.close(made.figure)


@pytest.fixture(scope="module")
def page(atlas):
    made = Drawn(KINDS["score"](atlas))
    yield made
    plt.close(made.figure)


@contextlib.contextmanager
def styled(patches):
    """Let styles of patches be changed for a while."""
    kept = [(patch, patch.get_facecolor(), patch.get_hatch(), patch.get_hatchcolor()) for patch in patches]
    try:
        yield
    finally:
        for patch, fill, hatch, colour in kept:
            patch.set(facecolor=fill, hatch=hatch, hatchcolor=colour)


@pytest.mark.parametrize("step", [1, -1])
def test_every_unit_in_the_colour_of_a_neighbouring_class_is_seen(drawn, step):
    with styled(drawn.units.values()):
        for code, patch in drawn.units.items():
            # A unit without a class gets the palest colour; beyond the last class is the one before it.
            place = drawn.classes.get(code, 1) - 1
            if code in drawn.classes:
                place += step if 0 <= place + step < len(drawn.colours) else -step
            patch.set(facecolor=drawn.colours[place], hatch=None)
        assert drawn.unseen(drawn.areas) == []
    assert len(drawn.areas) in (63, 34)


def test_every_unit_that_is_hatched_and_should_not_be_is_seen(drawn):
    areas = {code: area for code, area in drawn.areas.items() if code in drawn.classes}
    with styled(drawn.units.values()):
        for code in areas:
            drawn.units[code].set(**palettes.NO_FIGURE)
        assert drawn.unseen(areas) == []
    assert areas


def test_the_smallest_unit_recoloured_on_the_map_alone_is_seen(page):
    code = min(page.classes, key=lambda code: len(page.areas[code][0]))
    with styled([page.units[code]]):
        own = page.colours.index(page.units[code].get_facecolor())
        page.units[code].set(facecolor=page.colours[own - 1 if own else 1])
        assert differences(render(page.figure), page.baseline).max() > 1
    assert differences(render(page.figure), page.baseline).max() <= 1


@pytest.mark.parametrize("mutation", ["exchanged", "digit"])
def test_every_label_with_another_text_is_seen(page, mutation):
    texts = [label.get_text() for label in page.labels]
    if mutation == "exchanged":
        wrong = texts[1:] + texts[:1]
    else:
        # The last digit of the score alone, by one.
        wrong = [
            re.sub(r"\d(?= ·)", lambda digit: str((int(digit[0]) + 1) % 10), text, count=1) for text in texts
        ]
    assert len(texts) == 6 and all(map(operator.ne, texts, wrong))
    areas = {text: page.box(label) for text, label in zip(texts, page.labels, strict=True)}
    for label, text in zip(page.labels, wrong, strict=True):
        label.set_text(text)
    try:
        assert page.unseen(areas) == []
    finally:
        for label, text in zip(page.labels, texts, strict=True):
            label.set_text(text)


def test_every_exchanged_swatch_of_the_legend_is_seen(drawn):
    styles = [
        {"facecolor": patch.get_facecolor(), "hatch": patch.get_hatch(), "hatchcolor": patch.get_hatchcolor()}
        for patch in drawn.swatches
    ]
    areas = {number: drawn.box(patch) for number, patch in enumerate(drawn.swatches)}
    with styled(drawn.swatches):
        for patch, style in zip(drawn.swatches, styles[1:] + styles[:1], strict=True):
            patch.set(**style)
        assert drawn.unseen(areas) == []
    assert len(areas) >= 6


# --- proof that trifles pass ----------------------------------------------------------------------------


@pytest.mark.parametrize("shift", [(0.2, 0), (0, -0.2)])
def test_texts_a_fifth_of_a_pixel_aside_pass(drawn, shift):
    texts = [text for text in drawn.figure.findobj(Text) if text.get_text()]
    kept = [text.get_transform() for text in texts]
    for text, own in zip(texts, kept, strict=True):
        text.set_transform(own + Affine2D().translate(*shift))
    moved = render(drawn.figure)
    for text, own in zip(texts, kept, strict=True):
        text.set_transform(own)
    assert (moved != drawn.picture).any()
    assert differences(moved, drawn.baseline).max() <= 1


@pytest.mark.parametrize("kind", KINDS)
def test_noise_and_brightness_of_two_levels_pass(kind):
    picture = decode(baselines.path(kind))
    noise = np.random.default_rng(1).integers(-2, 3, picture.shape)
    for change in (noise, np.full(picture.shape, 2), np.full(picture.shape, -2)):
        changed = np.clip(picture + change, 0, 255).astype("uint8")
        assert differences(changed, picture).max() <= 1
