"""Who is missing: provinces with a figure of an index against those without, its known ranks against all."""

import functools
import math

import numpy as np
import pandas as pd

from helpers.coefficients import MINIMUM_PAIRS
from helpers.correlation import MEASURES, totals
from helpers.resampling import DRAWS, LEVEL, SEED

MINIMUM_WITH = MINIMUM_PAIRS
# Below this the mean of those without a figure says next to nothing.
MINIMUM_WITHOUT = 3
# Share of the provinces that an index must cover so that others may be compared on it.
WIDE = 0.9
FIFTHS = ("top_fifth", "middle", "bottom_fifth")
_KEYS = ["index", "reference", "year", "measure", "comparison", "category", "n_with", "n_without"]
NUMBERS = [
    *("value_with", "value_without", "value_all", "draw_low", "draw_high"),
    *("estimate", "ci_low", "ci_high", "p_value"),
]
COLUMNS = [*_KEYS, *NUMBERS, "reason"]
# Draws equal to the observed value up to rounding count as equal.
_ROUNDING = 1e-12
_Z = 1.959963984540054


def reference(figures, registry, provinces, year):
    """
    Choose the index on which provinces with and without a figure of another index are compared.

    Parameters
    ----------
    figures : pandas.DataFrame
        Rows of ``indices.csv``.
    registry : helpers.registry.Registry
    provinces : helpers.provinces.Provinces
    year : int

    Returns
    -------
    Index or None
        The one with most scores of that year, if they are at least `WIDE` of the provinces; of several the
        first in the registry. None where no index covers so many.
    """
    counts = totals(figures, year, "score").reindex(provinces.codes).count()
    wide = [index for index in registry if counts.get(index.slug, 0) >= WIDE * len(provinces.codes)]
    return max(wide, key=lambda index: counts[index.slug], default=None)


def targets(figures, registry, provinces, year):
    """
    List the indices of a year that lack the score or the rank of some provinces.

    Parameters
    ----------
    figures : pandas.DataFrame
        Rows of ``indices.csv``.
    registry : helpers.registry.Registry
    provinces : helpers.provinces.Provinces
    year : int

    Returns
    -------
    list of Index
        In the order of the registry, without the reference; an index without any figure is none of them.
    """
    base = reference(figures, registry, provinces, year)
    lacking = pd.concat(
        [totals(figures, year, measure).reindex(provinces.codes).isna().any() for measure in MEASURES], axis=1
    ).any(axis=1)
    return [index for index in registry if index != base and lacking.get(index.slug, False)]


def without(figures, index, provinces, year, measure="score"):
    """
    List the provinces that have no figure of an index.

    Parameters
    ----------
    figures : pandas.DataFrame
        Rows of ``indices.csv``.
    index : helpers.registry.Index
    provinces : helpers.provinces.Provinces
    year : int
    measure : {"score", "rank"}

    Returns
    -------
    list of str
        Codes, in their order.
    """
    table = totals(figures, year, measure).reindex(index=provinces.codes, columns=[index.slug])
    return list(table.index[table[index.slug].isna()])


def compare(figures, registry, provinces, year, seed=SEED, draws=DRAWS):
    """
    Compare, for every incomplete index of a year, the provinces with a figure with those without.

    Parameters
    ----------
    figures : pandas.DataFrame
        Rows of ``indices.csv``.
    registry : helpers.registry.Registry
    provinces : helpers.provinces.Provinces
    year : int
    seed : int
        Every test starts from it anew, so that a row does not depend on the rows before.
    draws : int
        Random draws for p-values and ranges.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`; for every target and measure ("score", "rank": which of its figures a province has
        or lacks) one row a ``comparison``:

        - ``reference_mean``, ``reference_spread``: scores of the reference, see `mean_difference` and
          `spread_ratio`.
        - ``own_rank_mean``, ``own_rank_spread``: the known national ranks of the index itself, see
          `own_ranks`; ``own_rank_share``, ``category`` one of `FIFTHS`.
        - ``region`` with ``category`` "" (Cramér's V, see `unevenness`) and one row a region of the six;
          ``cities``: the centrally run ones.

        ``value_all`` is the value for all provinces (ranks); ``draw_low`` and ``draw_high`` enclose what
        ``value_with`` is in the middle 95 % of random draws of as many provinces (for Cramér's V
        ``draw_high`` alone, the 95th percentile); shares see `share`. ``reason`` is the key of a text where
        there is no estimate; the counts stand there all the same.
    """
    base = reference(figures, registry, provinces, year)
    tables = {
        column: totals(figures, year, column).reindex(provinces.codes)
        for column in ("score", "rank", "ranked")
    }
    rows = []
    for index in targets(figures, registry, provinces, year):
        for measure in MEASURES:
            has = tables[measure][index.slug].notna()
            keys = {"index": index.slug, "reference": base.slug if base else "", "year": year}
            keys["measure"] = measure
            ranks = tables["rank"][index.slug][has].dropna()
            found = _on_reference(tables["score"][base.slug] if base else None, has, seed, draws)
            found += own_ranks(ranks, tables["ranked"][index.slug].max(), seed, draws)
            found += _places(provinces, has, seed, draws)
            rows += [keys | row for row in found]
    table = pd.DataFrame(rows, columns=COLUMNS)
    types = dict.fromkeys(("year", "n_with", "n_without"), "int64") | dict.fromkeys(NUMBERS, "float64")
    return table.astype(types)


def _row(comparison, n_with, n_without, found, category=""):
    counts = {"n_with": int(n_with), "n_without": int(n_without)}
    return {"comparison": comparison, "category": category, "reason": ""} | counts | found


def refusal(n_with, n_without):
    """
    Say why provinces with and without a figure cannot be compared.

    Parameters
    ----------
    n_with, n_without : int

    Returns
    -------
    str
        Key of a text; "" where at least `MINIMUM_WITH` and `MINIMUM_WITHOUT` are there.
    """
    if n_without == 0:
        return "selection.reason_all"
    if n_with < MINIMUM_WITH:
        return "selection.reason_few_with"
    return "selection.reason_few_without" if n_without < MINIMUM_WITHOUT else ""


def _unusable(*groups):
    values = np.concatenate(groups)
    if not np.isfinite(values).all():
        return "selection.reason_infinite"
    return "selection.reason_constant" if _constant(values) else ""


def _constant(values):
    return np.ptp(values) <= _ROUNDING * np.abs(values).max()


def _on_reference(scores, has, seed, draws):
    names = ("reference_mean", "reference_spread")
    if scores is None:
        found = {"reason": "selection.reason_no_reference"}
        return [_row(name, has.sum(), (~has).sum(), found) for name in names]
    known = scores.notna()
    groups = scores[known & has].to_numpy(), scores[known & ~has].to_numpy()
    sizes = [len(group) for group in groups]
    reason = refusal(*sizes) or _unusable(*groups)
    if reason:
        return [_row(name, *sizes, {"reason": reason}) for name in names]
    computed = mean_difference(*groups, seed, draws), spread_ratio(*groups, seed, draws)
    return [_row(name, *sizes, found) for name, found in zip(names, computed, strict=True)]


# --- against random draws ----------------------------------------------------------------------------------


@functools.lru_cache(maxsize=8)
def _orders(total, seed, draws):
    """Random orders of the units, the same for every statistic; shape (draws, total)."""
    orders = np.random.default_rng(seed).permuted(np.tile(np.arange(total), (draws, 1)), axis=1)
    orders.flags.writeable = False
    return orders


def random_draws(population, n, statistic, observed, seed=SEED, draws=DRAWS):
    """
    Hold a statistic of some units against the same statistic of units drawn at random without replacement.

    Parameters
    ----------
    population : array-like of float, shape (N,)
        Values of all units, those drawn and those not.
    n : int
        How many are drawn.
    statistic : callable
        Takes an array of shape (draws, n) and ``axis``, returns one of shape (draws,).
    observed : float
        The statistic of the units in question.
    seed, draws : int

    Returns
    -------
    dict
        ``draw_low``, ``draw_high`` (2.5th and 97.5th percentile of the draws) and ``p_value``: twice the
        smaller tail, the observed value counted among the draws (Phipson & Smyth 2010, Statistical
        Applications in Genetics and Molecular Biology 9, 39), at most 1.
    """
    population = np.asarray(population, dtype=float)
    drawn = statistic(population[_orders(len(population), seed, draws)[:, :n]], axis=1)
    slack = _ROUNDING * np.abs(population).max()
    below, above = (drawn <= observed + slack).sum(), (drawn >= observed - slack).sum()
    low, high = np.quantile(drawn, [0.025, 0.975])
    tail = (1 + min(below, above)) / (1 + draws)
    return {"draw_low": low, "draw_high": high, "p_value": min(1.0, 2 * tail)}


def _deviation(values, axis=None):
    return np.std(values, axis=axis, ddof=1)


def mean_difference(with_figure, without_figure, seed=SEED, draws=DRAWS):
    """
    Compare two groups by their means, in standard deviations.

    Parameters
    ----------
    with_figure, without_figure : array-like of float, shapes (n1,), (n2,)
        Finite and not all equal.
    seed, draws : int

    Returns
    -------
    dict
        ``value_with``, ``value_without``, ``value_all`` (means); ``estimate``, Hedges' g = J (m1 - m2) / s
        with the pooled standard deviation s and J = 1 - 3 / (4 (n1 + n2) - 9); ``ci_low``, ``ci_high``,
        g ± 1.96 of its standard error, whose square is (n1 + n2) / (n1 n2) + g² / (2 (n1 + n2 - 3.94))
        (Hedges & Olkin 1985, Statistical Methods for Meta-Analysis, chapter 5); and what `random_draws`
        gives for the mean. A ``reason`` alone where neither group has any spread.
    """
    x, y = (np.asarray(group, dtype=float) for group in (with_figure, without_figure))
    n, total = (len(x), len(y)), len(x) + len(y)
    squares = sum(((group - group.mean()) ** 2).sum() for group in (x, y))
    if squares <= (_ROUNDING * np.abs(np.concatenate([x, y])).max()) ** 2:
        return {"reason": "selection.reason_constant"}
    g = (1 - 3 / (4 * total - 9)) * (x.mean() - y.mean()) / math.sqrt(squares / (total - 2))
    half = _Z * math.sqrt(total / (n[0] * n[1]) + g**2 / (2 * (total - 3.94)))
    everyone = np.concatenate([x, y])
    found = {"value_with": x.mean(), "value_without": y.mean(), "value_all": everyone.mean()}
    found |= {"estimate": g, "ci_low": g - half, "ci_high": g + half}
    return found | random_draws(everyone, len(x), np.mean, x.mean(), seed, draws)


def spread_ratio(with_figure, without_figure, seed=SEED, draws=DRAWS):
    """
    Compare the spread of the units with a figure with that of all units.

    The ratio is the u of the literature on range restriction (Sackett & Yang 2000, Journal of Applied
    Psychology 85, 112-118): above 1 a correlation among the units with a figure tends to be larger in size
    than among all, below 1 smaller, if the relation is linear and equally tight along the scale.

    Parameters
    ----------
    with_figure, without_figure : array-like of float, shapes (n1,), (n2,)
        Finite and not all equal.
    seed, draws : int

    Returns
    -------
    dict
        ``value_with``, ``value_without``, ``value_all`` (standard deviations, divisor n - 1); ``estimate``,
        value_with / value_all; ``ci_low``, ``ci_high`` by the jackknife of its logarithm, which holds for
        normal and other figures (Miller 1968, Annals of Mathematical Statistics 39, 567-582), by t with the
        degrees of freedom of the two groups' shares in the variance (Satterthwaite 1946, Biometrics Bulletin
        2, 110-114); and what `random_draws` gives for the standard deviation. A ``reason`` alone where those
        with a figure are all, or all but one, equal, or only two values lie evenly in both groups.
    """
    from scipy import stats

    x, y = (np.asarray(group, dtype=float) for group in (with_figure, without_figure))
    everyone = np.concatenate([x, y])
    # Without the one that differs there would be no spread, whose logarithm the jackknife needs.
    if _constant(x) or any(_constant(np.delete(x, place)) for place in (x.argmin(), x.argmax())):
        return {"reason": "selection.reason_constant"}

    def log_ratio(place):
        part = np.delete(x, place) if place < len(x) else x
        return math.log(_deviation(part) / _deviation(np.delete(everyone, place)))

    left_out = np.array([log_ratio(place) for place in range(len(everyone))])
    # Of each group by itself: variance of the logarithm, and its degrees of freedom.
    parts = [
        ((len(group) - 1) ** 2 / len(group) * group.var(ddof=1), len(group) - 1)
        for group in (left_out[: len(x)], left_out[len(x) :])
    ]
    variance = sum(part for part, _ in parts)
    if variance <= _ROUNDING**2:
        return {"reason": "selection.reason_constant"}
    degrees = variance**2 / sum(part**2 / free for part, free in parts)
    half = stats.t.ppf(1 - LEVEL / 2, degrees) * math.sqrt(variance)
    whole = _deviation(everyone)
    ratio = _deviation(x) / whole
    found = {"value_with": _deviation(x), "value_without": _deviation(y), "value_all": whole}
    found |= {"estimate": ratio, "ci_low": ratio * math.exp(-half), "ci_high": ratio * math.exp(half)}
    return found | random_draws(everyone, len(x), _deviation, _deviation(x), seed, draws)


def own_ranks(ranks, ranked, seed=SEED, draws=DRAWS):
    """
    Hold the known national ranks of an index against all its ranks, 1 to `ranked`.

    All ranks are known to exist even where it is not known whose they are; so nothing is estimated here and
    there is no confidence interval: a random draw of n of the ranks without replacement has mean (ranked + 1)
    / 2 with variance (ranked + 1) (ranked - n) / (12 n), and its variance is ranked (ranked + 1) / 12 on
    average (Cochran 1977, Sampling Techniques, theorems 2.1, 2.2 and 2.4).

    Parameters
    ----------
    ranks : pandas.Series of float, shape (n,)
        The known ones, 1 = best.
    ranked : float
        How many provinces are ranked; NaN where not known.
    seed, draws : int

    Returns
    -------
    list of dict
        Rows for `compare`: ``own_rank_mean`` (``estimate``: difference of the means in standard deviations
        of all ranks; below 0 the known ranks are better), ``own_rank_spread`` (``estimate``: ratio of the
        standard deviations) and ``own_rank_share`` (see `share`) of the top and the bottom fifth of the ranks
        and of the middle.
    """
    known = np.asarray(ranks, dtype=float)
    n, of = len(known), 0 if math.isnan(ranked) else int(ranked)
    if not of or n > of or not all(known > 0) or not all(known <= of):
        reason = "selection.reason_ranks"
    else:
        reason = refusal(n, of - n) or ("selection.reason_constant" if _constant(known) else "")
    fifth = of // 5
    if reason:
        rest = max(of - n, 0)
        rows = [_row(name, n, rest, {"reason": reason}) for name in ("own_rank_mean", "own_rank_spread")]
        return rows + [_row("own_rank_share", n, rest, {"reason": reason}, name) for name in FIFTHS]
    every = np.arange(1.0, of + 1)
    spread = math.sqrt(of * (of + 1) / 12)
    mean = {"value_with": known.mean(), "value_all": (of + 1) / 2}
    mean["estimate"] = (known.mean() - (of + 1) / 2) / spread
    mean |= random_draws(every, n, np.mean, known.mean(), seed, draws)
    width = {"value_with": _deviation(known), "value_all": spread, "estimate": _deviation(known) / spread}
    width |= random_draws(every, n, _deviation, _deviation(known), seed, draws)
    rows = [_row("own_rank_mean", n, of - n, mean), _row("own_rank_spread", n, of - n, width)]
    top, bottom = (known <= fifth).sum(), (known > of - fifth).sum()
    counts = zip(FIFTHS, (top, n - top - bottom, bottom), (fifth, of - 2 * fifth, fifth), strict=True)
    # Provinces at the same rank can be more than there are ranks in a fifth.
    return rows + [share("own_rank_share", min(a, size), size, n, of, name) for name, a, size in counts]


# --- regions and cities ------------------------------------------------------------------------------------


def share(comparison, held, size, n, total, category=""):
    """
    Compare the share of a category among the units with a figure with its share among all.

    Parameters
    ----------
    comparison : str
        Name of the row.
    held, size : int
        Units of the category with a figure, and all of the category.
    n, total : int
        Units with a figure, and all.
    category : str

    Returns
    -------
    dict
        A row for `compare`: ``n_with`` and ``n_without`` of the category; ``value_with``, ``value_without``,
        ``value_all``, its share among those with, those without and all (0-1); ``estimate``, value_with /
        value_all; ``draw_low``, ``draw_high``, the shares in the middle 95 % of random draws
        (hypergeometric); ``p_value`` of Fisher's exact test, two-sided.
    """
    from scipy import stats

    reason = refusal(n, total - n)
    if reason or not 0 < size < total:
        return _row(
            comparison, held, size - held, {"reason": reason or "selection.reason_one_region"}, category
        )
    low, high = stats.hypergeom.interval(0.95, total, size, n)
    table = [[held, size - held], [n - held, total - size - n + held]]
    found = {"value_with": held / n, "value_without": (size - held) / (total - n), "value_all": size / total}
    found |= {"draw_low": low / n, "draw_high": high / n, "estimate": (held / n) / (size / total)}
    found["p_value"] = stats.fisher_exact(table).pvalue
    return _row(comparison, held, size - held, found, category)


def unevenness(held, sizes, seed=SEED, draws=DRAWS):
    """
    Measure how unevenly the units with a figure are spread over the regions.

    Parameters
    ----------
    held, sizes : array-like of int, shape (k,)
        Units with a figure, and all units, by region; every region has some.
    seed, draws : int

    Returns
    -------
    dict
        ``estimate``, Cramér's V of the table of regions by with and without (Cramér 1946, Mathematical
        Methods of Statistics, section 21.9): 0 evenly spread, 1 every region wholly with or wholly without.
        It is above 0 by chance alone, so ``draw_high`` gives the 95th percentile of random draws;
        ``p_value``, share of random draws of as many units (multivariate hypergeometric) at least as uneven,
        the observed one counted in: Pearson's chi-square, Monte Carlo with fixed margins.
    """
    held, sizes = np.asarray(held), np.asarray(sizes)
    if len(sizes) < 2:
        return {"reason": "selection.reason_one_region"}
    n, total = held.sum(), sizes.sum()

    def cramer(counts):
        # With two columns the smaller dimension less one is 1, so that V² is chi-square / N.
        odd = (counts - sizes * n / total) ** 2 / sizes
        return np.sqrt(odd.sum(axis=-1) * total / (n * (total - n)))

    observed = cramer(held)
    drawn = cramer(np.random.default_rng(seed).multivariate_hypergeometric(sizes, n, size=draws))
    p_value = (1 + (drawn >= observed - _ROUNDING).sum()) / (1 + draws)
    return {"estimate": observed, "draw_high": np.quantile(drawn, 0.95), "p_value": p_value}


def regions(provinces, language="en"):
    """
    Name the socio-economic region of every province.

    Parameters
    ----------
    provinces : helpers.provinces.Provinces
    language : {"en", "vi"}

    Returns
    -------
    pandas.Series of str
        By ``gso_code``; in Vietnamese where the table has no English names.
    """
    english = language == "en" and "region6_en" in provinces.table
    return provinces.table["region6_en" if english else "region6"]


def _places(provinces, has, seed, draws):
    n, total = int(has.sum()), len(has)
    counted = has.groupby(regions(provinces), sort=False).agg(["sum", "size"])
    reason = refusal(n, total - n)
    found = {"reason": reason} if reason else unevenness(counted["sum"], counted["size"], seed, draws)
    rows = [_row("region", n, total - n, found)]
    rows += [share("region", int(a), int(size), n, total, name) for name, a, size in counted.itertuples()]
    cities = has.index.isin(provinces.cities)
    return [*rows, share("cities", int(has[cities].sum()), int(cities.sum()), n, total)]
