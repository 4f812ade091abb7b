"""Bootstrap intervals and permutation p-values of correlation coefficients, all draws at once."""

import functools
import math

import numpy as np

DRAWS = 10_000
SEED = 20_221
LEVEL = 0.05
_BLOCK = 500


def coefficient(method, x, y, groups=None, weights=None, clusters=None):
    """
    Compute a correlation coefficient for many weightings of the same pairs.

    A weight says how often a pair counts: ones give the coefficient itself, the counts of a resample its
    bootstrap replicate, and ones with a zero the coefficient without one pair.

    Parameters
    ----------
    method : {"pearson", "spearman", "kendall"}
    x, y : numpy.ndarray of float, shape (n,)
    groups : numpy.ndarray of int, shape (n,), optional
        Numbers from 0 of the groups within which the pairs are compared. Pearson's and Spearman's are then
        partial coefficients given the groups (of the values, or of their ranks among all), Kendall's counts
        only the pairs of pairs that lie within a group (Korn 1984, The Statistician 33, 129-132).
    weights : numpy.ndarray of float, shape (draws, n), optional
        Whole numbers from 0 on; by default a single row of ones.
    clusters : numpy.ndarray of int, shape (n,), optional
        Numbers from 0 of the units that share a weight: `weights` then has a column for each of them.

    Returns
    -------
    numpy.ndarray of float, shape (draws,)
        NaN where a weighting leaves a constant column.
    """
    weights, clusters = (np.ones((1, len(x))), None) if weights is None else (weights, clusters)
    groups = np.zeros(len(x), dtype=int) if groups is None else groups
    if clusters is not None and method != "pearson":
        weights = weights[:, clusters]
    if method == "kendall":
        return _tau(x, y, groups, weights)
    if method == "pearson":
        # Sums of squares of large numbers lose digits; the coefficient does not change.
        return _moments(x - x.mean(), y - y.mean(), groups, weights, clusters)
    # Blocks that fit into the processor's cache: several times faster.
    blocks = (weights[start : start + _BLOCK] for start in range(0, len(weights), _BLOCK))
    return np.concatenate(
        [_moments(_midranks(x, block), _midranks(y, block), groups, block) for block in blocks]
    )


def _midranks(values, weights):
    """Ranks of the values within each weighting; equal values, and copies of a pair, share a mean rank."""
    below = (values[:, None] < values) + (values[:, None] == values) / 2
    return weights @ below + 0.5


def _moments(x, y, groups, weights, clusters=None):
    member = np.eye(groups.max() + 1)[groups]
    if x.ndim == 1:
        terms = [np.column_stack([x * y, x * x, y * y]), member * x[:, None], member * y[:, None], member]
        if clusters is not None:
            of_cluster = np.eye(clusters.max() + 1)[clusters].T
            terms = [of_cluster @ term for term in terms]
        squares, sum_x, sum_y, size = (weights @ term for term in terms)
        products, squares_x, squares_y = squares.T
    else:
        weighted_x, weighted_y = weights * x, weights * y
        products, squares_x, squares_y = (
            np.einsum("ij,ij->i", *two) for two in ((weighted_x, y), (weighted_x, x), (weighted_y, y))
        )
        sum_x, sum_y, size = weighted_x @ member, weighted_y @ member, weights @ member
    inverse = np.divide(1.0, size, out=np.zeros_like(size), where=size > 0)
    sum_x_shared = sum_x * inverse
    covariance = products - np.einsum("ij,ij->i", sum_x_shared, sum_y)
    spread_x = squares_x - np.einsum("ij,ij->i", sum_x_shared, sum_x)
    spread_y = squares_y - np.einsum("ij,ij,ij->i", sum_y, sum_y, inverse)
    # What rounding leaves of a constant is not a spread.
    usable = (spread_x > 1e-13 * squares_x) & (spread_y > 1e-13 * squares_y)
    size = np.sqrt(np.where(usable, spread_x * spread_y, 1.0))
    return np.where(usable, np.clip(covariance / size, -1, 1), np.nan)


def _tau(x, y, groups, weights):
    same = groups[:, None] == groups[None, :]
    signs_x, signs_y = (np.sign(z[:, None] - z[None, :]) * same for z in (x, y))

    def pairs(matrix):
        return ((weights @ matrix) * weights).sum(axis=1)

    untied_x = pairs(signs_x * signs_x)
    untied_y = untied_x if np.array_equal(signs_x**2, signs_y**2) else pairs(signs_y * signs_y)
    usable = (untied_x > 0) & (untied_y > 0)
    size = np.sqrt(np.where(usable, untied_x * untied_y, 1.0))
    return np.where(usable, np.clip(pairs(signs_x * signs_y) / size, -1, 1), np.nan)


@functools.lru_cache(maxsize=64)
def resamples(n, draws=DRAWS, seed=SEED):
    """
    Draw bootstrap resamples of n things, as counts.

    Parameters
    ----------
    n, draws, seed : int

    Returns
    -------
    numpy.ndarray of float, shape (draws, n)
        How often each thing is in each resample; every row sums to n. Read-only, the same at every call.
    """
    chosen = np.random.default_rng([seed, n]).integers(0, n, size=(draws, n))
    chosen += np.arange(draws)[:, None] * n
    counts = np.bincount(chosen.ravel(), minlength=draws * n).reshape(draws, n).astype(float)
    counts.flags.writeable = False
    return counts


@functools.lru_cache(maxsize=64)
def _orders(sizes, draws, seed):
    """Permutations within blocks of the given sizes, one block after another; shape (draws, n)."""
    rng = np.random.default_rng([seed, *sizes])
    starts = np.cumsum([0, *sizes[:-1]])
    blocks = [
        rng.permuted(np.tile(np.arange(start, start + size), (draws, 1)), axis=1)
        for start, size in zip(starts, sizes, strict=True)
    ]
    orders = np.concatenate(blocks, axis=1)
    orders.flags.writeable = False
    return orders


def bca_interval(estimate, replicates, without, level=LEVEL):
    """
    Make a bias-corrected and accelerated bootstrap interval.

    Parameters
    ----------
    estimate : float
        Of the whole sample.
    replicates : numpy.ndarray of float, shape (draws,)
        Of the resamples; NaN are left out.
    without : numpy.ndarray of float, shape (n,)
        Of the sample without one unit at a time.
    level : float
        Probability that the interval misses.

    Returns
    -------
    (float, float)
        NaN where fewer than nine tenths of the resamples give a coefficient, or all give the same.

    Notes
    -----
    Efron (1987), Better bootstrap confidence intervals, Journal of the American Statistical Association 82,
    171-185; the bias correction counts ties by half.
    """
    from scipy.special import ndtr, ndtri

    known = replicates[~np.isnan(replicates)]
    if len(known) < 0.9 * len(replicates) or np.ptp(known) == 0 or np.isnan(without).any():
        return math.nan, math.nan
    bias = ndtri(((known < estimate).mean() + (known <= estimate).mean()) / 2)
    influence = without.mean() - without
    spread = (influence**2).sum()
    acceleration = (influence**3).sum() / (6 * spread**1.5) if spread > 0 else 0.0
    z = bias + ndtri(np.array([level / 2, 1 - level / 2]))
    ends = ndtr(bias + z / (1 - acceleration * z))
    if np.isnan(ends).any():
        return math.nan, math.nan
    low, high = np.percentile(known, 100 * ends)
    return float(low), float(high)


@functools.lru_cache
def widened_level(units):
    """
    Give the level at which a bootstrap interval of few units misses as often as it should.

    Parameters
    ----------
    units : int
        How many independent units are resampled.

    Returns
    -------
    float
        Below `LEVEL`: percentile intervals are too narrow, as a normal interval without Student's t would
        be. Instead of z the percentiles use Student's t with units - 1 degrees of freedom times the root of
        units / (units - 1) (Hesterberg 2015, What teachers should know about the bootstrap, The American
        Statistician 69, 371-386).
    """
    from scipy import stats

    widened = math.sqrt(units / (units - 1)) * stats.t.ppf(1 - LEVEL / 2, units - 1)
    return 2 * float(stats.norm.sf(widened))


def bootstrap(method, x, y, groups=None, clusters=None, draws=DRAWS, seed=SEED):
    """
    Give a coefficient its bootstrap interval.

    Parameters
    ----------
    method, x, y, groups
        As for `coefficient`.
    clusters : numpy.ndarray of int, shape (n,), optional
        Numbers from 0 of the units that are drawn whole, for example the provinces of several years; by
        default every pair is a unit.
    draws, seed : int

    Returns
    -------
    (float, float)
        95 % interval by `bca_interval`, its percentiles moved outwards by `widened_level`.
    """
    count = len(x) if clusters is None else int(clusters.max()) + 1
    estimate = coefficient(method, x, y, groups)[0]
    replicates = coefficient(method, x, y, groups, resamples(count, draws, seed), clusters)
    without = coefficient(method, x, y, groups, 1 - np.eye(count), clusters)
    return bca_interval(estimate, replicates, without, widened_level(count))


def leave_one_out(method, x, y, groups=None):
    """
    Compute a coefficient without each pair in turn.

    Parameters
    ----------
    method, x, y, groups
        As for `coefficient`.

    Returns
    -------
    numpy.ndarray of float, shape (n,)
    """
    return coefficient(method, x, y, groups, 1 - np.eye(len(x)))


def permutation_p(method, x, y, groups=None, draws=DRAWS, seed=SEED):
    """
    Give a coefficient its two-sided permutation p-value.

    Parameters
    ----------
    method, x, y, groups
        As for `coefficient`; values are exchanged within the groups only.
    draws, seed : int

    Returns
    -------
    float
        Share of the permutations, the observed order being one of them, whose coefficient is at least as far
        from zero (Phipson & Smyth 2010, Statistical Applications in Genetics and Molecular Biology 9, 39).
    """
    groups = np.zeros(len(x), dtype=int) if groups is None else groups
    order = np.argsort(groups, kind="stable")
    x, y, groups = x[order], y[order], groups[order]
    orders = _orders(tuple(np.bincount(groups).tolist()), draws, seed)
    if method == "kendall":
        observed, drawn = _permuted_tau(x, y, groups, orders)
    else:
        if method == "spearman":
            one = np.ones((1, len(x)))
            x, y = _midranks(x, one)[0], _midranks(y, one)[0]
        centred = x - (np.bincount(groups, x) / np.bincount(groups))[groups]
        # Only the products change under a permutation: means and spreads of each group stay.
        y = y - y.mean()
        observed, drawn = centred @ y, y[orders] @ centred
    # Equal orders can differ in the last digits.
    limit = abs(observed) - 1e-9 * np.sqrt((x * x).sum() * (y * y).sum())
    return float((1 + (np.abs(drawn) >= limit).sum()) / (1 + len(drawn)))


def _permuted_tau(x, y, groups, orders):
    _, place = np.unique(y, return_inverse=True)
    # Small whole numbers, a row for each position: comparing two rows compares a pair in every permutation.
    place = place.astype(np.int16 if len(y) > 127 else np.int8)
    drawn = np.ascontiguousarray(np.vstack([place, place[orders]]).T)
    ties = len(np.unique(place)) < len(place)
    balance, pairs = np.zeros(len(orders) + 1, dtype=np.int32), 0
    # For each first position the pairs are summed in few bytes: there are fewer than 32,768 of them.
    for first in range(len(x)):
        behind = (x > x[first]) & (groups == groups[first])
        row = np.zeros(len(orders) + 1, dtype=np.int16)
        for second in np.flatnonzero(behind):
            row += drawn[second] > drawn[first]
            if ties:
                row -= drawn[second] < drawn[first]
        balance += row
        pairs += int(behind.sum())
    if not ties:
        balance = 2 * balance - pairs
    return float(balance[0]), balance[1:].astype(float)


def sign_flip_p(contributions, draws=DRAWS, seed=SEED):
    """
    Test by flipping signs whether contributions of independent units sum to more than chance gives.

    Parameters
    ----------
    contributions : numpy.ndarray of float, shape (clusters,)
        What each unit adds to a sum of products that is zero on average if there is no association.
    draws, seed : int

    Returns
    -------
    float
        Two-sided p-value.

    Notes
    -----
    The score form of the wild cluster bootstrap with Rademacher weights (Kline & Santos 2012, Journal of
    Econometric Methods 1, 23-41).
    """
    signs = np.random.default_rng([seed, len(contributions)]).integers(0, 2, (draws, len(contributions)))
    drawn = np.abs((2 * signs - 1) @ contributions)
    limit = abs(contributions.sum()) - 1e-9 * np.abs(contributions).sum()
    return float((1 + (drawn >= limit).sum()) / (1 + draws))
