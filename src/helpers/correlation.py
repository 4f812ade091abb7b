"""Correlation of the indices across the provinces: coefficients, their uncertainty, what goes into them."""

import gc
import itertools
import math
from dataclasses import asdict, dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd

from helpers import indices

# Below this the intervals rest on so few provinces that a coefficient would be read as more than it is.
MINIMUM_PAIRS = 8
METHODS = ("pearson", "spearman", "kendall")
MEASURES = ("score", "rank")
PLAIN, CORRECTED = "plain", "part_whole_corrected"
LEVEL = 0.05
COLUMNS = [
    *("index_a", "index_b", "component_a", "component_b", "measure", "variant", "method"),
    *("n", "estimate", "ci_low", "ci_high", "p_value", "p_adjusted", "reason"),
]
# Relative spread below which a column cannot be told from a constant in double precision.
_SPREAD = 1e-12


@dataclass(frozen=True)
class Estimate:
    """
    A correlation coefficient with its 95 % interval, or the reason why there is none.

    Attributes
    ----------
    method : {"pearson", "spearman", "kendall"}
    n : int
        Number of pairs.
    estimate, ci_low, ci_high, p_value : float
        NaN where no coefficient is given.
    reason : str
        Key of the text that says why there is no coefficient; "" where there is one.
    """

    method: str
    n: int
    estimate: float = math.nan
    ci_low: float = math.nan
    ci_high: float = math.nan
    p_value: float = math.nan
    reason: str = ""


def _paired(x, y):
    x, y = (pd.Series(values).astype("float64").to_numpy() for values in (x, y))
    if len(x) != len(y):
        raise ValueError(f"pairs are needed: x has {len(x)} values, y has {len(y)}")
    both = ~(np.isnan(x) | np.isnan(y))
    return x[both], y[both]


def _refusal(x, y, spread=0.0):
    if len(x) < MINIMUM_PAIRS:
        return "correlate.reason_few"
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return "correlate.reason_infinite"
    if any(np.ptp(values) <= spread * np.abs(values).max() for values in (x, y)):
        return "correlate.reason_constant"
    return ""


def _interval(estimate, variance):
    # Fisher's z is infinite at -1 and 1: the interval shrinks to the point, as in scipy.
    if abs(estimate) >= 1:
        return estimate, estimate
    half = NormalDist().inv_cdf(1 - LEVEL / 2) * math.sqrt(variance)
    z = math.atanh(estimate)
    return math.tanh(z - half), math.tanh(z + half)


def _estimate(method, x, y, compute, variance, spread=0.0):
    x, y = _paired(x, y)
    if reason := _refusal(x, y, spread):
        return Estimate(method, len(x), reason=reason)
    result = compute(x, y)
    estimate = min(1.0, max(-1.0, float(result.statistic)))
    low, high = _interval(estimate, variance(estimate, len(x)))
    return Estimate(method, len(x), estimate, low, high, float(result.pvalue))


def pearson(x, y):
    """
    Estimate Pearson's product-moment correlation.

    Parameters
    ----------
    x, y : array-like of float, shape (n,)
        Paired by position; a pair with a missing value is left out.

    Returns
    -------
    Estimate
        The interval is Fisher's: tanh(atanh(r) ± 1.96 / sqrt(n - 3)) (Fisher 1921, Metron 1, 3-32). The
        p-value is two-sided, exact for normal data (`scipy.stats.pearsonr`). Refused for fewer than
        `MINIMUM_PAIRS` pairs, a constant column and infinite values.

    Raises
    ------
    ValueError
        If `x` and `y` differ in length.
    """
    from scipy import stats

    return _estimate("pearson", x, y, stats.pearsonr, lambda _, n: 1 / (n - 3), _SPREAD)


def spearman(x, y):
    """
    Estimate Spearman's rank correlation; ties get their mean rank.

    Parameters
    ----------
    x, y : array-like of float, shape (n,)
        Paired by position; a pair with a missing value is left out.

    Returns
    -------
    Estimate
        The interval is that of Bonett & Wright (2000, Psychometrika 65, 23-28): variance of atanh(r) is
        (1 + r²/2) / (n - 3); they advise it for absolute values below 0.95 and n of 10 or more. The p-value
        is two-sided, by the t approximation with n - 2 degrees of freedom (`scipy.stats.spearmanr`).
        Refused as in `pearson`.

    Raises
    ------
    ValueError
        If `x` and `y` differ in length.
    """
    from scipy import stats

    return _estimate("spearman", x, y, stats.spearmanr, lambda r, n: (1 + r**2 / 2) / (n - 3))


def kendall(x, y):
    """
    Estimate Kendall's rank correlation tau-b.

    Parameters
    ----------
    x, y : array-like of float, shape (n,)
        Paired by position; a pair with a missing value is left out.

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
        If `x` and `y` differ in length.
    """
    from scipy import stats

    return _estimate("kendall", x, y, stats.kendalltau, lambda _, n: 0.437 / (n - 4))


_BY_METHOD = {"pearson": pearson, "spearman": spearman, "kendall": kendall}


def totals(figures, year, column):
    """
    Lay the totals of a year out side by side.

    Parameters
    ----------
    figures : pandas.DataFrame
        Rows of ``indices.csv``.
    year : int
    column : {"score", "rank", "ranked"}

    Returns
    -------
    pandas.DataFrame of float
        One row a province (``gso_code``, sorted), one column an index; NaN where there is no figure.
    """
    chosen = figures[(figures["year"] == year) & (figures["component"] == "")]
    return chosen.pivot(index="gso_code", columns="index", values=column).astype("float64").sort_index()


def combinations(figures, registry, year):
    """
    Pair the indices that have any figure of a total in a year.

    Parameters
    ----------
    figures : pandas.DataFrame
        Rows of ``indices.csv``.
    registry : helpers.registry.Registry
    year : int

    Returns
    -------
    list of (Index, Index)
        In the order of the registry; empty for fewer than two such indices.
    """
    present = set(figures["index"][(figures["year"] == year) & (figures["component"] == "")])
    return list(itertools.combinations([index for index in registry if index.slug in present], 2))


def whole_of(first, second):
    """
    Say which of two indices contains the other, by the registry's key ``contains``.

    Parameters
    ----------
    first, second : helpers.registry.Index

    Returns
    -------
    (Index, Index) or None
        The whole and its part; None where neither contains the other.
    """
    for whole, part in ((first, second), (second, first)):
        if whole.entry.get("contains", {}).get("index") == part.slug:
            return whole, part
    return None


def share_known(whole, year):
    """Say whether the registry knows what share of an index its contained index makes up in a year (bool)."""
    first, last = whole.entry["contains"]["years"]
    return first <= year <= last


def part_whole(figures, whole, part, year):
    """
    Take out of an index the points that another index contributes to it.

    Without this the two correlate by construction: SIPAS makes up 10 of the 100 points of PAR INDEX from
    2019 on. The points stated by a source are used where there are any; elsewhere they are estimated as the
    score of the part times its share, which is close but not exact.

    Parameters
    ----------
    figures : pandas.DataFrame
        Rows of ``indices.csv``.
    whole, part : helpers.registry.Index
        As given by `whole_of`.
    year : int

    Returns
    -------
    pandas.DataFrame
        One row a province with both scores (``gso_code``): ``whole`` and ``part`` (scores), ``points``
        (of the part, in points of the whole), ``stated`` (bool), ``remainder`` (whole less points). Empty
        where the share is not known.
    """
    contains = whole.entry["contains"]
    if not share_known(whole, year):
        return pd.DataFrame(columns=["whole", "part", "points", "stated", "remainder"])
    scores = totals(figures, year, "score").reindex(columns=[whole.slug, part.slug]).dropna()
    scores.columns = ["whole", "part"]
    # Points stated on an unknown scale are not points of the whole.
    stated = figures[
        (figures["index"] == whole.slug)
        & (figures["year"] == year)
        & (figures["component"] == contains["component"])
        & np.isclose(figures["max_score"].astype("float64"), contains["share"] * whole.max_score(year))
    ].set_index("gso_code")["score"]
    scores["points"] = stated.astype("float64").reindex(scores.index)
    scores["stated"] = scores["points"].notna()
    scale = whole.max_score(year) / part.max_score(year)
    scores["points"] = scores["points"].fillna(scores["part"] * contains["share"] * scale)
    scores["remainder"] = scores["whole"] - scores["points"]
    return scores


def pairs(figures, registry, year):
    """
    Correlate every pair of indices that have figures in a year.

    Parameters
    ----------
    figures : pandas.DataFrame
        Rows of ``indices.csv``.
    registry : helpers.registry.Registry
    year : int

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`: one row a pair, measure (score, rank), variant and method. Ranks are the national
        ranks (1 = best) of both indices, so that a positive coefficient means agreement. Variant
        ``part_whole_corrected`` takes the points of the contained index out of the score of the whole
        (`part_whole`); ranks cannot be corrected. ``p_adjusted`` is Holm's within the family of the same
        measure, variant and method in that year. An empty ``estimate`` has its ``reason``.
    """
    rows = []
    tables = {measure: totals(figures, year, measure) for measure in MEASURES}
    for first, second in combinations(figures, registry, year):
        for measure in MEASURES:
            x, y = tables[measure][first.slug], tables[measure][second.slug]
            rows += _rows(first, second, measure, PLAIN, x, y)
        if found := whole_of(first, second):
            rows += _corrected_rows(figures, first, second, *found, year)
            refused = "correlate.reason_ranks" if share_known(found[0], year) else "correlate.reason_share"
            rows += _refused_rows(first, second, "rank", _common(tables["rank"], first, second), refused)
    table = pd.DataFrame(rows, columns=COLUMNS)
    numbers = ["estimate", "ci_low", "ci_high", "p_value", "p_adjusted"]
    table = table.astype({"n": "int64"} | dict.fromkeys(numbers, "float64"))
    return _with_holm(table)


def _rows(first, second, measure, variant, x, y):
    return [
        _row(first, second, measure, variant, compute(x, y)) for compute in (_BY_METHOD[m] for m in METHODS)
    ]


def _row(first, second, measure, variant, estimate):
    names = {"index_a": first.slug, "index_b": second.slug, "component_a": "", "component_b": ""}
    return names | {"measure": measure, "variant": variant} | asdict(estimate)


def _refused_rows(first, second, measure, n, reason):
    return [_row(first, second, measure, CORRECTED, Estimate(m, n, reason=reason)) for m in METHODS]


def _common(table, first, second):
    return int(table[[first.slug, second.slug]].notna().all(axis=1).sum())


def _corrected_rows(figures, first, second, whole, part, year):
    if not share_known(whole, year):
        n = _common(totals(figures, year, "score"), first, second)
        return _refused_rows(first, second, "score", n, "correlate.reason_share")
    corrected = part_whole(figures, whole, part, year)
    columns = {whole.slug: corrected["remainder"], part.slug: corrected["part"]}
    return _rows(first, second, "score", CORRECTED, columns[first.slug], columns[second.slug])


def _with_holm(table):
    from statsmodels.stats.multitest import multipletests

    tested = table[table["p_value"].notna()]
    # multipletests collects garbage at every call, 60 ms in a process full of libraries; frozen objects are
    # passed over.
    gc.freeze()
    for _, family in tested.groupby(["measure", "variant", "method"], sort=False):
        table.loc[family.index, "p_adjusted"] = multipletests(family["p_value"], method="holm")[1]
    gc.unfreeze()
    return table


def points(figures, first, second, year, measure):
    """
    Give the provinces that have a figure in both indices, as points to draw.

    Parameters
    ----------
    figures : pandas.DataFrame
        Rows of ``indices.csv``.
    first, second : helpers.registry.Index
        On the horizontal and the vertical axis.
    year : int
    measure : {"score", "rank"}

    Returns
    -------
    pandas.DataFrame
        One row a province (``gso_code``): ``x``, ``y``; ``x_ranked``, ``y_ranked`` (how many provinces each
        index ranks); ``x_held``, ``y_held`` (see `helpers.indices.held`); ``gap``, by how much the province
        does better in the first than in the second: the difference of the standard scores, or of the ranks
        as shares of the provinces ranked.
    """
    slugs = [first.slug, second.slug]
    both = totals(figures, year, measure).reindex(columns=slugs).dropna()
    both.columns = ["x", "y"]
    both["x_ranked"], both["y_ranked"] = totals(figures, year, "ranked").reindex(columns=slugs).max()
    both["x_held"], both["y_held"] = (indices.held(figures, index, year) for index in (first, second))
    if measure == "rank":
        both["gap"] = both["y"] / both["y_ranked"] - both["x"] / both["x_ranked"]
    else:
        both["gap"] = _standardised(both["x"]) - _standardised(both["y"])
    return both


def _standardised(values):
    spread = values.std(ddof=0)
    return (values - values.mean()) / spread if spread > 0 else values * 0.0


def missing(figures, codes, first, second, year, measure):
    """
    List the provinces that a pair of indices leaves out.

    Parameters
    ----------
    figures : pandas.DataFrame
        Rows of ``indices.csv``.
    codes : list of str
        All provinces of the year.
    first, second : helpers.registry.Index
    year : int
    measure : {"score", "rank"}

    Returns
    -------
    dict
        For each of the two slugs the codes without a figure, in the order of `codes`.
    """
    table = totals(figures, year, measure).reindex(index=codes, columns=[first.slug, second.slug])
    return {slug: list(table.index[table[slug].isna()]) for slug in (first.slug, second.slug)}


def chosen(table, first, second, measure, method="spearman", variant=PLAIN):
    """
    Pick one estimate out of the table of `pairs`.

    Parameters
    ----------
    table : pandas.DataFrame
    first, second : helpers.registry.Index
    measure : {"score", "rank"}
    method : {"pearson", "spearman", "kendall"}
    variant : str

    Returns
    -------
    pandas.Series or None
        None where the table has no such row.
    """
    wanted = {"index_a": first.slug, "index_b": second.slug, "measure": measure, "variant": variant}
    found = table[(table[list(wanted)] == pd.Series(wanted)).all(axis=1) & (table["method"] == method)]
    return found.iloc[0] if len(found) else None


def drawn(table, first, second):
    """
    Decide which scatter plots a pair gets.

    Scores, if there are enough of them for a coefficient; ranks, if they are known for more provinces, or
    if there are too few scores to draw.

    Parameters
    ----------
    table : pandas.DataFrame
        As made by `pairs`.
    first, second : helpers.registry.Index

    Returns
    -------
    list of {"score", "rank"}
        Empty if no province has both figures.
    """
    scores, ranks = (chosen(table, first, second, measure)["n"] for measure in MEASURES)
    measures = ["score"] if scores >= MINIMUM_PAIRS else []
    if ranks > scores or (ranks and not measures):
        measures.append("rank")
    return measures
