"""Sorting the values of a map into classes: by a scheme of mapclassify, published limits, or about zero."""

import functools
import itertools
import warnings
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from helpers.palettes import MOST_A_SIDE

SCHEMES = {"quantiles": "Quantiles", "fisher_jenks": "FisherJenks", "equal_interval": "EqualInterval"}
# Standard scores keep these limits in every year, so that years can be read side by side.
DEVIATIONS = (-1.5, -0.5, 0.5, 1.5)
MAX_CLASSES = 9


@dataclass(frozen=True)
class Classes:
    """
    The units of a layer, sorted into classes.

    Attributes
    ----------
    layer : helpers.measures.Layer
    scheme : str
        One of `SCHEMES`; "deviations"; "published"; or "each" where every value is a class of its own.
    limits : tuple of (float, float)
        Lower and upper limit of each class, the lowest first. The upper limit belongs to the class, the lower
        one to the class below (of the lowest class both do; below zero the limit farther from it belongs to
        the class). Of published groups the number of the group stands in both.
    tones : tuple of int
        On a diverging scale the side and the strength of each class: -2, -1, 0, 1, 2; else empty.
    number : pandas.Series of Int64
        The class of each unit, 0 for the lowest; missing where there is no value.
    """

    layer: object
    scheme: str
    limits: tuple
    tones: tuple
    number: pd.Series = field(repr=False)

    @functools.cached_property
    def counts(self):
        """How many units are in each class (list of int)."""
        return np.bincount(self.number.dropna().astype(int), minlength=len(self.limits)).tolist()

    @property
    def all_equal(self):
        """Whether every value is the same (bool)."""
        return self.layer.values.nunique() == 1

    @property
    def fewer(self):
        """Whether every distinct value is a class of its own, fewer than were asked for (bool)."""
        return self.scheme == "each"


def check(scheme, k):
    """
    Refuse what is no scheme or no number of classes.

    Parameters
    ----------
    scheme : str
    k : int

    Raises
    ------
    ValueError
    """
    if scheme not in (*SCHEMES, "published"):
        raise ValueError(
            f"scheme {scheme!r} is not known; choose one of {', '.join((*SCHEMES, 'published'))}"
        )
    if not isinstance(k, (int, np.integer)) or not 2 <= k <= MAX_CLASSES:
        raise ValueError(f"k is {k}: choose 2 to {MAX_CLASSES} classes, more cannot be told apart")


def classify(layer, scheme="quantiles", k=5):
    """
    Sort the units of a layer into classes.

    Parameters
    ----------
    layer : helpers.measures.Layer
    scheme : {"quantiles", "fisher_jenks", "equal_interval"}
        How limits are found, by mapclassify; on a diverging scale of the distances from zero, alike on both
        sides. Published groups have their own limits, and standard scores the limits `DEVIATIONS`.
    k : int
        Number of classes, 2 to 9; on a diverging scale half of them, rounded up, on either side. With fewer
        distinct values every value is a class of its own; where values are equal, quantiles can coincide and
        leave fewer.

    Returns
    -------
    Classes

    Raises
    ------
    ValueError
        If a parameter is unknown.
    """
    check(scheme, k)
    return pooled([layer], scheme, k)[0]


def pooled(layers, scheme="quantiles", k=5):
    """
    Sort several layers into the same classes, found of all their values together.

    Parameters
    ----------
    layers : list of helpers.measures.Layer
        Of one measure.
    scheme, k
        As in `classify`.

    Returns
    -------
    list of Classes
        The limits are the same in all.

    Notes
    -----
    As ``mapclassify.Pooled`` does it; that one takes no missing values.
    """
    check(scheme, k)
    values = np.concatenate([layer.values.to_numpy() for layer in layers])
    kind = layers[0].measure
    if kind == "group":
        places = range(len(layers[0].group_names))
        found = "published", tuple((float(place), float(place)) for place in places), ()
    elif kind == "z_score":
        found = "deviations", *_deviations(values)
    elif layers[0].scale == "diverging":
        found = _around_zero(values, scheme, k)
    else:
        found = *_limits(values, scheme, k), ()
    return [Classes(layer, *found, _numbered(layer, *found)) for layer in layers]


def _numbered(layer, scheme, limits, tones):
    values = layer.values
    if tones and scheme != "deviations":
        farthest = [high for (_, high), tone in zip(limits, tones, strict=True) if tone > 0]
        tone = np.sign(values) * (np.searchsorted(farthest, np.abs(values), side="left") + 1)
        number = [tones.index(int(side)) for side in tone]
    else:
        number = np.searchsorted([high for _, high in limits], values, side="left")
    return pd.Series(number, index=values.index, dtype="Int64").reindex(layer.table.index)


def _limits(values, scheme, k):
    """Scheme and limits of values that run one way."""
    if len(np.unique(values)) <= k:
        return "each", tuple((value, value) for value in np.unique(values).tolist())
    upper = _breaks(values, scheme, k)
    if (values == np.round(values)).all():
        # Between whole numbers a limit means the one below; classes that hold none are not made.
        upper = np.unique(np.floor(upper))
    lower = np.concatenate([[values.min()], upper[:-1]])
    return scheme, tuple(zip(lower.tolist(), upper.tolist(), strict=True))


def _breaks(values, scheme, k):
    import mapclassify

    with warnings.catch_warnings():
        # It says that numba would be faster, which has no weight here, and that quantiles coincide, which the
        # legend shows.
        warnings.simplefilter("ignore", UserWarning)
        breaks = np.array(getattr(mapclassify, SCHEMES[scheme])(values, k=k).bins, dtype=float)
    breaks[-1] = values.max()
    # Interpolated limits can miss the value they mean by the last bit: alike ones would be parted.
    near = values[np.argmin(np.abs(values[:, np.newaxis] - breaks), axis=0)]
    breaks = np.where(np.isclose(near, breaks, rtol=1e-12, atol=1e-12), near, breaks)
    return np.unique(breaks) if scheme == "quantiles" else breaks


def _deviations(values):
    low, high = min(values.min(), DEVIATIONS[0] - 1), max(values.max(), DEVIATIONS[-1] + 1)
    edges = [low, *DEVIATIONS, high]
    side = len(DEVIATIONS) // 2
    return tuple(itertools.pairwise(edges)), tuple(range(-side, side + 1))


def _around_zero(values, scheme, k):
    """Make classes of the same distances from zero on both sides; zero itself is a class where it occurs."""
    distances, side = np.abs(values[values != 0]), min((k + 1) // 2, MOST_A_SIDE)
    if not len(distances):
        return "each", ((0.0, 0.0),), (0,)
    if side == 1:
        rises = [(0.0, float(distances.max()))]
    else:
        scheme, found = _limits(distances, scheme, side)
        rises = list(found) if scheme == "each" else [(0.0, found[0][1]), *found[1:]]
    falls = [(-high, -low) for low, high in reversed(rises)]
    middle = [(0.0, 0.0)] if (values == 0).any() else []
    tones = [*range(-len(falls), 0), *[0] * len(middle), *range(1, len(rises) + 1)]
    return scheme, (*falls, *middle, *rises), tuple(tones)
