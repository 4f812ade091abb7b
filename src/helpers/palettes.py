"""Colours of all maps: told apart in a grey print, by the colour-blind, and from what has no figure."""

from dataclasses import dataclass

import numpy as np

# Names on a fill; the dark one is the ink of all figures.
DARK_INK, LIGHT_INK = "#222222", "#ffffff"

# CIELAB lightness of the palest and the darkest class: off the white paper, and off black lines and letters.
PALEST, DARKEST = 86.0, 27.0
# Of diverging classes, whose middle lies between the palest ones and the paper.
MIDDLE, WEAKEST = 94.0, 80.0
# Nine classes with the middle: more cannot be told apart.
MOST_A_SIDE = 4
# How much darker a fall is than a rise of the same class: half a step where there are most classes.
DARKER_FALL = 7.5

# Falls: a slate that no index has, hue (degrees) and chroma in CIELAB.
SLATE_HUE, SLATE_CHROMA = 235.0, 8.0
# Lines every 2.4 points, five pixels of 150 dpi: all are alike, and the smallest provinces show some.
FALL_HATCH = {"hatch": "-----", "hatchcolor": "#ffffff", "hatch_linewidth": 0.45}

# Provinces without any figure, and with one of another measure than the map's.
NO_FIGURE = {"facecolor": "#f4f4f4", "hatch": "//////", "hatchcolor": "#9c9c9c"}
OTHER_MEASURE = {"facecolor": "#ffffff", "hatch": "......", "hatchcolor": "#8a8a8a"}

# CIELAB lightness of the nine classes of two indices: no two alike, darker along both axes.
BIVARIATE_LIGHTNESS = np.array([[91.0, 75.0, 51.0], [83.0, 59.0, 35.0], [67.0, 43.0, 27.0]])
# Hues of the two axes are at least this far apart (degrees); chroma of two classes' difference.
SPREAD, BIVARIATE_CHROMA = 90.0, 38.0

# The local clusters of `helpers.spatial`, as GeoDa has them: red and blue, their pale forms for outliers.
CLUSTERS = {
    "high_high": "#c4161c",
    "low_low": "#2a4fa8",
    "high_low": "#f79a6b",
    "low_high": "#a9b8ee",
    "not_significant": "#eeeeee",
}

# IEC 61966-2-1: linear sRGB to XYZ for the white D65.
_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
_WHITE = _TO_XYZ.sum(axis=1)


def lightness(colours):
    """
    Measure how light colours look: what remains of them in a grey print.

    Parameters
    ----------
    colours : array_like, shape (n, 3) or (n, 4)
        sRGB from 0 to 1; an alpha channel is left aside.

    Returns
    -------
    numpy.ndarray, shape (n,)
        CIELAB L*, 0 (black) to 100 (white), of IEC 61966-2-1 (sRGB) and CIE 15 for the D65 white.
    """
    return _to_lab(colours)[:, 0]


def sequential(name, count):
    """
    Take colours of even steps of lightness from a sequential map.

    Parameters
    ----------
    name : str
        A map of `cmcrameri.cm` that runs from light to dark.
    count : int
        Number of classes, at least 1.

    Returns
    -------
    numpy.ndarray, shape (count, 4)
        RGBA, the palest first. A single class gets the middle.

    Raises
    ------
    ValueError
        If there is no such map, it does not run from light to dark, or `count` is below 1.
    """
    if count < 1:
        raise ValueError(f"{count} classes cannot be coloured: ask for 1 or more")
    wanted = np.linspace(PALEST, DARKEST, count) if count > 1 else [(PALEST + DARKEST) / 2]
    return _taken(name, wanted)


@dataclass(frozen=True, eq=False)
class Diverging:
    """
    Colours of falls and rises about a middle that is neither.

    Attributes
    ----------
    falls : numpy.ndarray, shape (falls, 4)
        RGBA, the strongest fall first; to be drawn with `FALL_HATCH`.
    middle : numpy.ndarray, shape (4,)
    rises : numpy.ndarray, shape (rises, 4)
        RGBA, the weakest rise first.
    """

    falls: np.ndarray
    middle: np.ndarray
    rises: np.ndarray


def diverging(name, falls, rises):
    """
    Choose colours for changes, differences and z-scores.

    Rises take the family of the index, falls a slate that belongs to none. Both start pale at the middle and
    darken outwards in even steps of CIELAB L*. The longer side sets the steps, so that classes as far from
    the middle look alike in strength. Each fall is `DARKER_FALL` below its rise, and the white lines of
    `FALL_HATCH` make it lighter again: no fall has the lightness of a rise, not even for those who see the
    two hues alike.

    Parameters
    ----------
    name : str
        A map of `cmcrameri.cm` that runs from light to dark.
    falls, rises : int
        Number of classes on each side of the middle, 0 to `MOST_A_SIDE`.

    Returns
    -------
    Diverging

    Raises
    ------
    ValueError
        If there is no such map, it does not run from light to dark, or a number of classes is out of range.
    """
    for side, count in (("falls", falls), ("rises", rises)):
        if not 0 <= count <= MOST_A_SIDE:
            raise ValueError(
                f"{count} classes of {side}: choose 0 to {MOST_A_SIDE}, more cannot be told apart"
            )
    longer, ends = max(falls, rises), (WEAKEST, DARKEST + DARKER_FALL)
    ladder = np.linspace(*ends, longer) if longer > 1 else np.array([sum(ends) / 2])
    hue = np.deg2rad(SLATE_HUE)
    slate = SLATE_CHROMA * np.array([np.cos(hue), np.sin(hue)])
    return Diverging(
        falls=_coloured(ladder[:falls] - DARKER_FALL, np.tile(slate, (falls, 1)))[::-1],
        middle=_coloured(MIDDLE, np.zeros(2)),
        rises=_taken(name, ladder[:rises]),
    )


def bivariate(first, second):
    """
    Choose nine colours for the classes of two indices at once.

    Where the first index has the higher class, the hue is that of its family, where the second has, the
    other's; equal classes are grey. Colour thus shows where the two disagree, and darkness how high both are.
    Every colour has a lightness of its own (`BIVARIATE_LIGHTNESS`). Hues are the mean ones of the families in
    CIELAB; those nearer than `SPREAD` are turned apart evenly, for equal ones the first to smaller angles.

    Parameters
    ----------
    first, second : str
        Maps of `cmcrameri.cm` that run from light to dark: the families of the two indices.

    Returns
    -------
    numpy.ndarray, shape (3, 3, 4)
        RGBA by class of the first and class of the second index, 0 = lowest.

    Raises
    ------
    ValueError
        If there is no such map, or it does not run from light to dark.
    """
    hues = np.deg2rad(_apart(_hue(first), _hue(second)))
    ahead = np.subtract.outer(np.arange(3), np.arange(3)) / 2
    parts = np.stack([np.maximum(ahead, 0), np.maximum(-ahead, 0)], axis=-1)
    directions = np.column_stack([np.cos(hues), np.sin(hues)])
    return _coloured(BIVARIATE_LIGHTNESS, BIVARIATE_CHROMA * parts @ directions)


def regions(count):
    """
    Choose tints for areas that are only named, as the regions: pale, so that lines and letters stay legible.

    Parameters
    ----------
    count : int

    Returns
    -------
    numpy.ndarray, shape (count, 4)
        RGBA.
    """
    import cmcrameri.cm

    return 0.45 + 0.55 * cmcrameri.cm.batlow(np.linspace(0.05, 0.8, count))


def ink_on(colour):
    """
    Choose the ink for letters on a fill: white or dark, whichever stands out more.

    Parameters
    ----------
    colour : array_like, shape (3,) or (4,)
        sRGB from 0 to 1; an alpha channel is left aside.

    Returns
    -------
    str
        `LIGHT_INK` or `DARK_INK`: the higher contrast ratio of WCAG 2.2, (L1 + 0.05) / (L2 + 0.05) of
        relative luminances.
    """
    fill = _luminance(colour)
    dark = _luminance([int(DARK_INK[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    return LIGHT_INK if 1.05 / (fill + 0.05) > (fill + 0.05) / (dark + 0.05) else DARK_INK


# --- colour spaces ----------------------------------------------------------------------------------------


def _linear(colours):
    channels = np.asarray(colours, dtype=float)[..., :3]
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def _luminance(colour):
    return float(_linear(colour) @ _TO_XYZ[1])


def _to_lab(colours):
    """Turn sRGB (..., 3 or 4) into CIELAB (..., 3), CIE 15."""
    x, y, z = np.moveaxis(_linear(colours) @ _TO_XYZ.T / _WHITE, -1, 0)
    x, y, z = (np.where(t > 216 / 24389, np.cbrt(t), (t * 24389 / 27 + 16) / 116) for t in (x, y, z))
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def _to_linear(lab):
    """Turn CIELAB (..., 3) into linear sRGB (..., 3), which may lie outside 0 to 1."""
    light, a, b = np.moveaxis(lab, -1, 0)
    y = (light + 16) / 116
    bent = np.stack([y + a / 500, y, y - b / 200], axis=-1)
    xyz = np.where(bent > 6 / 29, bent**3, (116 * bent - 16) * 27 / 24389) * _WHITE
    return xyz @ np.linalg.inv(_TO_XYZ).T


def _coloured(light, ab):
    """
    Make RGBA (..., 4) of lightness (...) and a*, b* (..., 2).

    What a screen cannot show loses chroma, not lightness or hue.
    """
    light, ab = np.asarray(light, dtype=float), np.asarray(ab, dtype=float)
    kept, lost = np.zeros(light.shape), np.ones(light.shape)
    # Halving 20 times finds the edge of the gamut to a millionth; first, what lies inside is left as it is.
    share = lost.copy()
    for _ in range(20):
        linear = _to_linear(np.concatenate([light[..., None], share[..., None] * ab], axis=-1))
        inside = ((linear >= 0) & (linear <= 1)).all(axis=-1)
        kept, lost = np.where(inside, share, kept), np.where(inside, lost, share)
        share = (kept + lost) / 2
    linear = _to_linear(np.concatenate([light[..., None], kept[..., None] * ab], axis=-1)).clip(0, 1)
    channels = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    # Six decimals, as the maps of cmcrameri have: what differs in the last bit is one colour.
    return np.concatenate([channels.round(6), np.ones((*light.shape, 1))], axis=-1)


# --- families ---------------------------------------------------------------------------------------------


def _ramp(name):
    """Read the 256 colours of a map of cmcrameri, and check that they darken."""
    import cmcrameri.cm

    if name not in cmcrameri.cm.cmaps:
        raise ValueError(f"cmcrameri has no map {name!r}; choose a sequential one, such as 'devon_r'")
    ramp = getattr(cmcrameri.cm, name)(np.linspace(0, 1, 256))
    if (np.diff(lightness(ramp)) >= 0).any():
        raise ValueError(
            f"the map {name!r} does not run from light to dark; choose a sequential one, such as 'devon_r'"
        )
    return ramp


def _taken(name, wanted):
    """Take the colours of given lightness from a map."""
    ramp = _ramp(name)
    # numpy interpolates over rising values: the ramp is turned round.
    position = np.interp(wanted, lightness(ramp)[::-1], np.arange(256)[::-1])
    return ramp[np.rint(position).astype(int)]


def _hue(name):
    """Find the mean hue of a family in degrees, weighted by chroma."""
    a, b = _to_lab(_ramp(name))[:, 1:].mean(axis=0)
    return np.degrees(np.arctan2(b, a))


def _apart(first, second):
    """Turn two hues (degrees) evenly apart until they differ by `SPREAD`."""
    turn = (second - first + 180) % 360 - 180
    push = max(SPREAD - abs(turn), 0) / 2 * (1 if turn >= 0 else -1)
    return first - push, second + push
