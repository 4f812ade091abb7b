"""Colours are measured here by other means than the module's: CIEDE2000, and Machado's simulations."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import colors
from matplotlib import pyplot as plt
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from helpers import charts, palettes, registry, spatial
from helpers.files import resolve

KNOWN = registry.load(resolve("data/raw"))
FAMILIES = {index.slug: index.colours for index in KNOWN}
every_family = pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
every_pair = pytest.mark.parametrize(
    ("first", "second"), list(itertools.product(FAMILIES.values(), repeat=2))
)

# Machado, Oliveira and Fernandes (2009), severity 1.0: how the colour-blind see linear RGB.
SIGHTS = {
    "full": np.eye(3),
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
    "tritan": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def to_linear(colours):
    channels = np.asarray(colours, dtype=float)[..., :3]
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def from_linear(linear):
    linear = np.clip(linear, 0, 1)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)


def lab(colours):
    """CIELAB of sRGB by the matrix and white of Lindbloom's tables (D65)."""
    matrix = [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
    ratios = to_linear(colours) @ np.transpose(matrix) / [0.95047, 1, 1.08883]
    x, y, z = np.moveaxis(
        np.where(ratios > (6 / 29) ** 3, np.cbrt(ratios), ratios * 841 / 108 + 4 / 29), -1, 0
    )
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def ciede2000(one, other):
    """Sharma, Wu and Dalal (2005), equations 2 to 22, with weights of 1."""
    (l1, a1, b1), (l2, a2, b2) = one, other
    chroma = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    g = 0.5 * (1 - np.sqrt(chroma**7 / (chroma**7 + 25**7)))
    c1, c2 = np.hypot(a1 * (1 + g), b1), np.hypot(a2 * (1 + g), b2)
    h1, h2 = (np.degrees(np.arctan2(b, a * (1 + g))) % 360 for a, b in ((a1, b1), (a2, b2)))
    turn = 0 if c1 * c2 == 0 else (h2 - h1 + 180) % 360 - 180
    delta_h = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn) / 2)
    hue = h1 + h2 if c1 * c2 == 0 else (h1 + h2) / 2
    if c1 * c2 and abs(h1 - h2) > 180:
        hue += 180 if h1 + h2 < 360 else -180
    light, chroma = (l1 + l2) / 2, (c1 + c2) / 2
    waves = ((-0.17, 1, -30), (0.24, 2, 0), (0.32, 3, 6), (-0.2, 4, -63))
    t = 1 + sum(size * np.cos(np.radians(times * hue + shift)) for size, times, shift in waves)
    s_l = 1 + 0.015 * (light - 50) ** 2 / np.sqrt(20 + (light - 50) ** 2)
    s_c, s_h = 1 + 0.045 * chroma, 1 + 0.015 * chroma * t
    turned = np.radians(60 * np.exp(-(((hue - 275) / 25) ** 2)))
    r = -2 * np.sqrt(chroma**7 / (chroma**7 + 25**7)) * np.sin(turned)
    d_l, d_c, d_h = (l2 - l1) / s_l, (c2 - c1) / s_c, delta_h / s_h
    return np.sqrt(d_l**2 + d_c**2 + d_h**2 + r * d_c * d_h)


def check_apart(colours, least, pairs=None):
    """Every two colours (or the given pairs) differ by `least` of CIEDE2000 for each kind of sight."""
    for sight, matrix in SIGHTS.items():
        seen = lab(from_linear(to_linear(colours) @ np.transpose(matrix)))
        for i, j in pairs or itertools.combinations(range(len(colours)), 2):
            distance = ciede2000(seen[i], seen[j])
            assert distance >= least, f"{sight}: colours {i} and {j} differ by {distance:.1f}"


def check_grey(colours, least):
    """Every two colours differ by `least` of L* in a grey print."""
    assert np.diff(np.sort(lab(colours)[:, 0])).min() >= least


def sides(family, falls, rises):
    chosen = palettes.diverging(family, falls, rises)
    return np.vstack([chosen.falls, [chosen.middle], chosen.rises])


# --- the measures -----------------------------------------------------------------------------------------


def test_lightness_of_colours_whose_value_is_published():
    # CIELAB of the sRGB primaries as given, for example, by Lindbloom's calculator for D65.
    given_ = [(0, 0, 0), (1, 1, 1), (1, 0, 0), (0, 1, 0), (0, 0, 1)]
    assert palettes.lightness(given_) == pytest.approx([0, 100, 53.24, 87.73, 32.30], abs=0.01)
    assert lab([1, 0, 0]) == pytest.approx([53.24, 80.09, 67.20], abs=0.01)
    assert palettes._to_lab([1, 0, 0]) == pytest.approx([53.24, 80.09, 67.20], abs=0.05)


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [
        # Sharma, Wu and Dalal (2005), table 1: the signs, the wraps of hue, and large differences.
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 0, 0), (50, -1, 2), 2.3669),
        ((50, 2.49, -0.001), (50, -2.49, 0.0009), 7.1792),
        ((50, 2.49, -0.001), (50, -2.49, 0.0011), 7.2195),
        ((50, -0.001, 2.49), (50, 0.0011, -2.49), 4.7461),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((50, 2.5, 0), (56, -27, -3), 31.9030),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((22.7233, 20.0904, -46.6940), (23.0331, 14.9730, -42.5619), 2.0373),
        ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_the_colour_distance_of_these_tests_is_the_published_one(one, other, distance):
    assert ciede2000(one, other) == pytest.approx(distance, abs=1e-4)
    assert ciede2000(other, one) == pytest.approx(distance, abs=1e-4)


def test_the_checks_notice_two_classes_that_only_full_sight_tells_apart():
    colours = sides("devon_r", 2, 2)
    check_apart(colours, 5)
    # From the strongest rise along what the deutan matrix all but loses.
    lost = np.linalg.svd(SIGHTS["deutan"])[2][-1]
    twin = from_linear(to_linear(colours[4]) + 0.2 * lost)
    assert ciede2000(lab(twin), lab(colours[4])) > 25
    colours[1] = [*twin, 1]
    with pytest.raises(AssertionError, match=r"deutan: colours 1 and 4 differ by 0\.0"):
        check_apart(colours, 5)


def test_the_checks_notice_two_classes_that_a_grey_print_mixes_up():
    nine = palettes.bivariate("devon_r", "lajolla_r").reshape(9, 4)
    check_grey(nine, 7.9)
    nine[1] = [*np.repeat(from_linear(to_linear(nine[3]) @ [0.2126, 0.7152, 0.0722]), 3), 1]
    with pytest.raises(AssertionError):
        check_grey(nine, 7.9)


# --- one index --------------------------------------------------------------------------------------------


@every_family
@pytest.mark.parametrize("count", range(2, 10))
def test_neighbouring_classes_differ_in_grey_print_and_for_the_colour_blind(family, count):
    chosen = palettes.sequential(family, count)
    light = lab(chosen)[:, 0]
    assert chosen.shape == (count, 4) and (np.diff(light) <= -6.5).all()
    assert light[0] < 90, "the palest class must not look like paper"
    assert light[[0, -1]] == pytest.approx([palettes.PALEST, palettes.DARKEST], abs=0.6)
    check_apart(chosen, 4.4, list(itertools.pairwise(range(count))))
    for matrix in SIGHTS.values():
        assert (np.diff(lab(from_linear(to_linear(chosen) @ np.transpose(matrix)))[:, 0]) < -4).all()


def test_units_without_a_class_differ_from_every_class():
    for family in FAMILIES.values():
        for style in (palettes.NO_FIGURE, palettes.OTHER_MEASURE):
            palest = palettes.lightness(palettes.sequential(family, 5))[0]
            assert lab(colors.to_rgb(style["facecolor"]))[0] - palest > 8 and style["hatch"]


def test_what_is_no_sequential_family_is_refused():
    for draw in (lambda n: palettes.sequential(n, 5), lambda n: palettes.bivariate("devon_r", n)):
        with pytest.raises(ValueError, match="no map 'devon_x'"):
            draw("devon_x")
        for name in ("vik", "devon"):
            with pytest.raises(ValueError, match=f"'{name}' does not run from light to dark"):
                draw(name)
    with pytest.raises(ValueError, match="0 classes cannot be coloured"):
        palettes.sequential("devon_r", 0)


# --- falls and rises --------------------------------------------------------------------------------------


@every_family
@pytest.mark.parametrize(("falls", "rises"), [(1, 1), (2, 2), (3, 3), (4, 4), (1, 4), (3, 2), (0, 3), (4, 0)])
def test_falls_and_rises_differ_from_each_other_and_from_no_change(family, falls, rises):
    chosen = palettes.diverging(family, falls, rises)
    assert chosen.falls.shape == (falls, 4) and chosen.rises.shape == (rises, 4)
    colours = sides(family, falls, rises)
    check_apart(colours, 5)
    check_grey(colours, 7)
    light = lab(colours)[:, 0]
    assert (np.diff(light[: falls + 1]) > 7).all() and (np.diff(light[falls:]) < -7).all()


@every_family
def test_classes_as_far_from_the_middle_keep_their_colour_when_the_other_side_is_shorter(family):
    whole, part = palettes.diverging(family, 3, 3), palettes.diverging(family, 1, 3)
    assert np.array_equal(whole.rises, part.rises)
    assert np.array_equal(whole.falls[-1:], part.falls)


@every_family
def test_rises_are_of_the_family_and_falls_of_none(family):
    chosen = palettes.diverging(family, 4, 4)
    ramp = palettes.sequential(family, 200)
    assert all(np.abs(ramp - rise).sum(axis=1).min() < 0.02 for rise in chosen.rises)
    for fall in chosen.falls:
        assert np.hypot(*lab(fall)[1:]) == pytest.approx(palettes.SLATE_CHROMA, abs=0.5)


def test_the_texture_of_falls_is_drawn_and_is_no_other_texture(request):
    fall = palettes.diverging("devon_r", 1, 1).falls[0]
    styles = [{"facecolor": fall, **palettes.FALL_HATCH}, palettes.NO_FIGURE, palettes.OTHER_MEASURE]
    assert len({style["hatch"][0] for style in styles}) == 3
    assert all(light < 80 for light in lab(palettes.diverging("devon_r", 4, 4).falls)[:, 0])
    assert lab(colors.to_rgb(palettes.NO_FIGURE["facecolor"]))[0] > 95
    figure = plt.figure(figsize=(1, 1), dpi=150)
    request.addfinalizer(lambda: plt.close(figure))
    figure.add_artist(
        PathPatch(Path.unit_rectangle(), transform=figure.transFigure, linewidth=0, **styles[0])
    )
    figure.canvas.draw()
    rows = np.asarray(figure.canvas.buffer_rgba())[:, 20:130, 0] / 255
    assert (rows == rows[:, :1]).all(), "the lines are horizontal"
    bright = rows[:, 0] > fall[0] + 0.25
    assert 0.1 < bright.mean() < 0.35 and np.diff(bright).sum() >= 50


def test_too_many_classes_are_refused():
    with pytest.raises(ValueError, match="5 classes of falls: choose 0 to 4"):
        palettes.diverging("devon_r", 5, 1)
    with pytest.raises(ValueError, match="-1 classes of rises"):
        palettes.diverging("devon_r", 1, -1)


# --- two indices ------------------------------------------------------------------------------------------


@every_pair
def test_all_nine_colours_differ_for_every_sight_and_in_grey_print(first, second):
    nine = palettes.bivariate(first, second)
    assert nine.shape == (3, 3, 4) and nine.min() >= 0 and nine.max() <= 1
    check_apart(nine.reshape(9, 4), 4)
    check_grey(nine.reshape(9, 4), 7.9)
    light = lab(nine)[..., 0]
    assert (np.diff(light, axis=0) < -7.9).all() and (np.diff(light, axis=1) < -7.9).all()


@every_pair
def test_each_axis_has_the_hue_of_its_index_and_equal_classes_are_grey(first, second):
    measured = lab(palettes.bivariate(first, second))
    hue = np.degrees(np.arctan2(measured[..., 2], measured[..., 1]))
    between = (hue[0, 2] - hue[2, 0] + 180) % 360 - 180
    assert abs(between) >= 89
    assert np.hypot(measured[..., 1], measured[..., 2])[range(3), range(3)] == pytest.approx(0, abs=0.1)
    if first == second:
        return
    for family, own, other in ((first, hue[2, 0], hue[0, 2]), (second, hue[0, 2], hue[2, 0])):
        _, a, b = lab(palettes.sequential(family, 50)).mean(axis=0)
        off = [abs((np.degrees(np.arctan2(b, a)) - h + 180) % 360 - 180) for h in (own, other)]
        assert off[0] <= 45 and off[0] < off[1]


@every_pair
def test_what_a_screen_cannot_show_loses_chroma_alone(first, second, monkeypatch):
    paler = lab(palettes.bivariate(first, second))
    monkeypatch.setattr(palettes, "BIVARIATE_CHROMA", 200.0)
    measured = lab(palettes.bivariate(first, second))
    assert measured[..., 0] == pytest.approx(palettes.BIVARIATE_LIGHTNESS, abs=0.05)
    for cell in ((2, 0), (0, 2), (1, 0), (0, 1), (2, 1), (1, 2)):
        assert np.hypot(*measured[cell][1:]) > np.hypot(*paler[cell][1:]) - 0.1
        (_, a, b), (_, c, d) = measured[cell], paler[cell]
        assert (np.degrees(np.arctan2(b, a) - np.arctan2(d, c)) + 180) % 360 - 180 == pytest.approx(
            0, abs=0.5
        )


# --- other maps -------------------------------------------------------------------------------------------


def test_clusters_have_the_colours_of_the_literature_and_differ():
    assert tuple(palettes.CLUSTERS) == spatial.CLUSTERS
    rgb = {kind: colors.to_rgb(colour) for kind, colour in palettes.CLUSTERS.items()}
    check_apart(list(rgb.values()), 15)
    (red, _, blue), (cold_red, _, cold_blue) = rgb["high_high"], rgb["low_low"]
    assert red > 3 * blue and cold_blue > 3 * cold_red
    light = dict(zip(rgb, lab(list(rgb.values()))[:, 0], strict=True))
    assert max(light["high_high"], light["low_low"]) < 45 < 65 < min(light["high_low"], light["low_high"])
    assert light["not_significant"] > max(light["high_low"], light["low_high"]) + 15


@pytest.mark.parametrize("count", [1, 2, 6, 8])
def test_tints_of_regions_are_pale_and_differ(count):
    tints = palettes.regions(count)
    assert tints.shape == (count, 4) and (tints[:, 3] == 1).all() and lab(tints)[:, 0].min() > 50
    check_apart(tints, 3)
    assert {palettes.ink_on(tint) for tint in tints} == {palettes.DARK_INK}


def wcag_contrast(one, other):
    one, other = sorted(to_linear([one, other]) @ [0.2126, 0.7152, 0.0722])
    return (other + 0.05) / (one + 0.05)


def test_the_contrast_of_these_tests_is_the_published_one():
    # #777777 on white just fails WCAG's 4.5 and #767676 passes: the example of every guide.
    assert wcag_contrast(colors.to_rgb("#777777"), (1, 1, 1)) == pytest.approx(4.48, abs=0.005)
    assert wcag_contrast(colors.to_rgb("#767676"), (1, 1, 1)) == pytest.approx(4.54, abs=0.005)


@given(st.tuples(*[st.floats(0, 1)] * 3))
def test_the_ink_is_the_one_that_stands_out_more(colour):
    contrast = {
        ink: wcag_contrast(colour, colors.to_rgb(ink)) for ink in (palettes.DARK_INK, palettes.LIGHT_INK)
    }
    assert contrast[palettes.ink_on(colour)] == pytest.approx(max(contrast.values()))


def test_names_are_legible_on_every_colour_of_every_map():
    assert palettes.DARK_INK == charts.INK
    fills = [colors.to_rgba(colour) for colour in palettes.CLUSTERS.values()]
    for family in FAMILIES.values():
        fills += [*palettes.sequential(family, 9), *sides(family, 4, 4)]
        fills += [*palettes.bivariate(family, "devon_r").reshape(9, 4)]
    least = min(wcag_contrast(fill[:3], colors.to_rgb(palettes.ink_on(fill))) for fill in fills)
    # The best that any ink reaches on the worst fill is the root of the inks' own contrast.
    assert least > 3.9
