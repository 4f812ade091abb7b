"""Coefficients of correlation: the estimate, its interval by theory and by bootstrap, its p-values."""

import math
from collections import Counter
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
import pandas as pd

from helpers import resampling
from helpers.resampling import LEVEL

# Below this the intervals rest on so few provinces that a coefficient would be read as more than it is.
MINIMUM_PAIRS = 8
METHODS = ("pearson", "spearman", "kendall")
FISHER, BONETT_WRIGHT, BCA = "fisher", "bonett_wright", "bca"
# Relative spread below which a column cannot be told from a constant in double precision.
_SPREAD = 1e-12


@dataclass(frozen=True)
class Estimate:
    """
    A correlation coefficient with its 95 % intervals, or the reason why there is none.

    Attributes
    ----------
    method : {"pearson", "spearman", "kendall"}
    n : int
        Number of pairs.
    estimate, ci_low, ci_high : float
        NaN where no coefficient is given.
    p_value : float
        Two-sided; by permutation once `resampled` has drawn some, before that equal to `p_theory`.
    reason : str
        Key of the text that says why there is no coefficient; "" where there is one.
    interval : {"fisher", "bonett_wright", "bca", ""}
        How ``ci_low`` and ``ci_high`` were made.
    boot_low, boot_high : float
        Bootstrap interval (bias-corrected and accelerated), NaN where none was drawn.
    p_theory : float
        By the distribution that theory gives the coefficient; NaN where there is none.
    years : str
        Years that were pooled, "" for one year.
    clusters : int
        Provinces that the pairs belong to; 0 where every pair is another province.
    """

    method: str
    n: int
    estimate: float = math.nan
    ci_low: float = math.nan
    ci_high: float = math.nan
    p_value: float = math.nan
    reason: str = ""
    interval: str = ""
    boot_low: float = math.nan
    boot_high: float = math.nan
    p_theory: float = math.nan
    years: str = ""
    clusters: int = 0


def _floats(values):
    # The nullable integers of ranks need pandas; everything else is many times faster without.
    if isinstance(values, np.ndarray) and values.dtype == float:
        return values
    return pd.Series(values).astype("float64").to_numpy()


def _paired(x, y, groups=None):
    x, y = (_floats(values) for values in (x, y))
    if len(x) != len(y):
        raise ValueError(f"pairs are needed: x has {len(x)} values, y has {len(y)}")
    both = ~(np.isnan(x) | np.isnan(y))
    if groups is None:
        return x[both], y[both], None
    groups = np.asarray(groups)
    if len(groups) != len(x):
        raise ValueError(f"every pair needs its group: there are {len(x)} pairs and {len(groups)} groups")
    return x[both], y[both], np.unique(groups[both], return_inverse=True)[1]


def _refusal(x, y, groups, spread):
    if len(x) < MINIMUM_PAIRS:
        return "correlate.reason_few"
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return "correlate.reason_infinite"
    if any(np.ptp(values) <= spread * np.abs(values).max() for values in (x, y)):
        return "correlate.reason_constant"
    if groups is None:
        return ""
    if groups.max() == 0:
        return "correlate.reason_one_region"
    # Every region's own mean costs a pair.
    return "correlate.reason_few_within" if len(x) - groups.max() < MINIMUM_PAIRS else ""


def _interval(estimate, variance):
    # Fisher's z is infinite at -1 and 1: the interval shrinks to the point, as in scipy.
    if abs(estimate) >= 1:
        return estimate, estimate
    half = NormalDist().inv_cdf(1 - LEVEL / 2) * math.sqrt(variance)
    z = math.atanh(estimate)
    return math.tanh(z - half), math.tanh(z + half)


def _estimate(method, x, y, groups):
    from scipy import stats

    x, y, groups = _paired(x, y, groups)
    if reason := _refusal(x, y, groups, _SPREAD if method == "pearson" else 0.0):
        return Estimate(method, len(x), reason=reason)
    n, given = len(x), 0 if groups is None else int(groups.max())
    value = float(resampling.coefficient(method, x, y, groups)[0])
    if math.isnan(value):
        return Estimate(method, n, reason="correlate.reason_constant_within")
    if method == "kendall":
        # No formula is known for the interval within groups: that is left to the bootstrap.
        if groups is not None:
            return Estimate(method, n, value)
        low, high = _interval(value, 0.437 / (n - 4))
        p = float(stats.kendalltau(x, y).pvalue)
        return Estimate(method, n, value, low, high, p, interval=BONETT_WRIGHT, p_theory=p)
    kind = FISHER if method == "pearson" else BONETT_WRIGHT
    low, high = _interval(value, (1 if kind == FISHER else 1 + value**2 / 2) / (n - 3 - given))
    free = n - 2 - given
    t = abs(value) * math.sqrt(free / (1 - value**2)) if abs(value) < 1 else math.inf
    p = float(2 * stats.t.sf(t, free))
    return Estimate(method, n, value, low, high, p, interval=kind, p_theory=p)


def pearson(x, y, groups=None):
    """
    Estimate Pearson's product-moment correlation.

    Parameters
    ----------
    x, y : array-like of float, shape (n,)
        Paired by position; a pair with a missing value is left out.
    groups : array-like, shape (n,), optional
        Group of each pair, for example its region. The coefficient is then the partial one given the
        groups: of the deviations from the group's means.

    Returns
    -------
    Estimate
        The interval is Fisher's: tanh(atanh(r) ± 1.96 / sqrt(n - 3 - g)) (Fisher 1921, Metron 1, 3-32; for
        partial coefficients Fisher 1924, Metron 3, 329-332), g the number of groups less one. The p-value is
        two-sided, by Student's t with n - 2 - g degrees of freedom, exact for normal data. Refused for fewer
        than `MINIMUM_PAIRS` pairs beyond g, a constant column and infinite values.

    Raises
    ------
    ValueError
        If `x`, `y` and `groups` differ in length.
    """
    return _estimate("pearson", x, y, groups)


def spearman(x, y, groups=None):
    """
    Estimate Spearman's rank correlation; ties get their mean rank.

    Parameters
    ----------
    x, y : array-like of float, shape (n,)
        Paired by position; a pair with a missing value is left out.
    groups : array-like, shape (n,), optional
        As in `pearson`; values are ranked among all, then compared within the groups.

    Returns
    -------
    Estimate
        The interval is that of Bonett & Wright (2000, Psychometrika 65, 23-28): variance of atanh(r) is
        (1 + r²/2) / (n - 3 - g), g as in `pearson`; they advise it for absolute values below 0.95 and n of 10
        or more. The p-value is two-sided, by the t approximation with n - 2 - g degrees of freedom. Refused
        as in `pearson`.

    Raises
    ------
    ValueError
        If `x`, `y` and `groups` differ in length.
    """
    return _estimate("spearman", x, y, groups)


def kendall(x, y, groups=None):
    """
    Estimate Kendall's rank correlation tau-b.

    Parameters
    ----------
    x, y : array-like of float, shape (n,)
        Paired by position; a pair with a missing value is left out.
    groups : array-like, shape (n,), optional
        As in `pearson`; only provinces of one group are then compared with each other (Korn 1984, The
        Statistician 33, 129-132), and neither interval nor p-value comes from theory.

    Returns
    -------
    Estimate
        The interval is that of Bonett & Wright (2000, Psychometrika 65, 23-28), after Fieller, Hartley &
        Pearson (1957): variance of atanh(tau) is 0.437 / (n - 4), advised for absolute values below 0.8.
        The p-value is two-sided, exact without ties up to 33 pairs and asymptotic otherwise
        (`scipy.stats.kendalltau`, method "auto"). Refused as in `pearson`.

    Raises
    ------
    ValueError
        If `x`, `y` and `groups` differ in length.
    """
    return _estimate("kendall", x, y, groups)


_BY_METHOD = {"pearson": pearson, "spearman": spearman, "kendall": kendall}


def permuted(method, x, y, groups=None, draws=resampling.DRAWS, seed=resampling.SEED):
    """
    Estimate a coefficient with its permutation p-value.

    Parameters
    ----------
    method : {"pearson", "spearman", "kendall"}
    x, y, groups
        As in `pearson`.
    draws, seed : int

    Returns
    -------
    Estimate
        ``p_value`` by permutation, within the groups if there are any.
    """
    found = _BY_METHOD[method](x, y, groups)
    if found.reason:
        return found
    return replace(found, p_value=resampling.permutation_p(method, *_paired(x, y, groups), draws, seed))


def resampled(method, x, y, groups=None, draws=resampling.DRAWS, seed=resampling.SEED):
    """
    Estimate a coefficient with its bootstrap interval and its permutation p-value.

    Parameters
    ----------
    method : {"pearson", "spearman", "kendall"}
    x, y, groups
        As in `pearson`.
    draws, seed : int
        Of resamples and of permutations.

    Returns
    -------
    Estimate
        ``ci_low`` and ``ci_high`` by theory where there is one, else by bootstrap; ``p_value`` by
        permutation, within the groups if there are any.
    """
    found = permuted(method, x, y, groups, draws, seed)
    if found.reason:
        return found
    low, high = resampling.bootstrap(method, *_paired(x, y, groups), draws=draws, seed=seed)
    found = replace(found, boot_low=low, boot_high=high)
    return found if found.interval else replace(found, ci_low=low, ci_high=high, interval=BCA)


def pooled(x, y, years, units, draws=resampling.DRAWS, seed=resampling.SEED):
    """
    Estimate the correlation of within-year ranks over several years, provinces as clusters.

    The years of a province are not independent, so that intervals and p-values treat its whole course as
    one observation.

    Parameters
    ----------
    x, y : array-like of float, shape (n,)
        Ranks within their year, or shares of them.
    years : array-like of int, shape (n,)
    units : array-like of str, shape (n,)
        Province of each pair.
    draws, seed : int

    Returns
    -------
    Estimate
        Method "spearman": Pearson's coefficient of the ranks less their year's mean. Interval: bootstrap of
        whole provinces (Davison & Hinkley 1997, Bootstrap Methods and their Application, section 3.8),
        bias-corrected and accelerated; p-value: `helpers.resampling.sign_flip_p` of the provinces'
        contributions. Years of a single pair are left out. Refused for fewer than two years, fewer than
        `MINIMUM_PAIRS` provinces, or no spread.
    """
    x, y, keep = (pd.Series(values).to_numpy() for values in (x, y, years))
    x, y = x.astype(float), y.astype(float)
    both = ~(np.isnan(x) | np.isnan(y))
    x, y, years, units = x[both], y[both], keep[both], np.asarray(units)[both]
    # A year's only pair is that year's mean: it tells nothing, and would count as an observation.
    told = np.isin(years, [year for year, pairs in Counter(years).items() if pairs > 1])
    x, y, years, units = x[told], y[told], years[told], units[told]
    shown, groups = np.unique(years, return_inverse=True)
    names, clusters = np.unique(units, return_inverse=True)
    found = Estimate("spearman", len(x), years="–".join(map(str, _ends(shown))), clusters=len(names))
    if len(shown) < 2:
        return replace(found, reason="correlate.reason_one_year")
    if len(names) < MINIMUM_PAIRS:
        return replace(found, reason="correlate.reason_few_provinces")
    value = float(resampling.coefficient("pearson", x, y, groups)[0])
    if math.isnan(value):
        return replace(found, reason="correlate.reason_constant")
    low, high = resampling.bootstrap("pearson", x, y, groups, clusters, draws, seed)
    inside_x, inside_y = (z - (np.bincount(groups, z) / np.bincount(groups))[groups] for z in (x, y))
    p = resampling.sign_flip_p(np.bincount(clusters, inside_x * inside_y), draws, seed)
    ends = {"ci_low": low, "ci_high": high, "boot_low": low, "boot_high": high}
    return replace(found, estimate=value, p_value=p, interval=BCA, **ends)


def _ends(years):
    return [int(years[0]), int(years[-1])] if len(years) > 1 else [int(year) for year in years]
