"""Correlation of the indices across the provinces: coefficients, their uncertainty, what goes into them."""

import functools
import itertools
import math
from dataclasses import asdict

import numpy as np
import pandas as pd

from helpers import coefficients, comparability, indices
from helpers.coefficients import METHODS, MINIMUM_PAIRS, Estimate

MEASURES = ("score", "rank")
PLAIN, CORRECTED = "plain", "part_whole_corrected"
WITHIN, WITHOUT, STATED, POOLED = "within_region", "without_cities", "stated_only", "pooled"
VARIANTS = (PLAIN, WITHIN, WITHOUT, STATED, POOLED)
# Read off a text or table as the figure of that province and year, not out of an order or a calculation.
STATED_BASES = ("published", "secondary", "stated")
_BASES = {"score": "basis", "rank": "rank_basis"}
COLUMNS = [
    *("index_a", "index_b", "component_a", "component_b", "measure", "variant", "method"),
    *("n", "estimate", "ci_low", "ci_high", "p_value", "p_adjusted", "reason"),
    *("interval", "boot_low", "boot_high", "p_theory", "years", "clusters"),
]
INFLUENCE_COLUMNS = [
    *("index_a", "index_b", "measure", "variant", "method", "n", "estimate"),
    *("gso_code", "estimate_without", "change", "most_influential"),
]


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

    Raises
    ------
    ValueError
        If a province has more than one total of an index.
    """
    # Years first: they are numbers, and texts take long to compare.
    of_year = figures.loc[figures["year"] == year, ["index", "gso_code", "component", column]]
    return _wide(of_year[of_year["component"] == ""], column)


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
    of_year = figures[figures["year"] == year]
    present = set(of_year["index"][of_year["component"] == ""])
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
    of_year = figures[figures["year"] == year]
    stated = of_year[
        (of_year["index"] == whole.slug)
        & (of_year["component"] == contains["component"])
        & np.isclose(of_year["max_score"].astype("float64"), contains["share"] * whole.max_score(year))
    ].set_index("gso_code")["score"]
    scores["points"] = stated.astype("float64").reindex(scores.index)
    scores["stated"] = scores["points"].notna()
    scale = whole.max_score(year) / part.max_score(year)
    scores["points"] = scores["points"].fillna(scores["part"] * contains["share"] * scale)
    scores["remainder"] = scores["whole"] - scores["points"]
    return scores


def variant_name(base, corrected):
    """Name a variant of `VARIANTS` as it stands in the table, corrected for part and whole or not (str)."""
    if not corrected:
        return base
    return CORRECTED if base == PLAIN else f"{CORRECTED}_{base}"


def pairs(figures, registry, places, year):
    """
    Correlate every pair of indices that have figures in a year, in every variant.

    Parameters
    ----------
    figures : pandas.DataFrame
        Rows of ``indices.csv``, of all years: the pooled variant needs them.
    registry : helpers.registry.Registry
    places : helpers.provinces.Provinces
        Of the year; their regions and centrally run cities are used.
    year : int

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`: one row a pair, measure (score, rank), variant and method. Ranks are the national
        ranks (1 = best) of both indices, so that a positive coefficient means agreement. Variants:
        ``plain``; ``within_region``, given the six regions; ``without_cities``; ``stated_only``, without
        figures that were read off an order, derived or of an inferred year; ``pooled``, within-year ranks
        over the years around `year` in which neither index changed its series (Spearman's only). With
        ``part_whole_corrected`` (alone or before these) the points of the contained index are taken out of
        the score of the whole (`part_whole`); ranks cannot be corrected. ``p_value`` is by permutation;
        ``p_adjusted`` is Holm's within the family of the same measure, variant and method. An empty
        ``estimate`` has its ``reason``.
    """
    figures, rows = needed(figures, registry), []
    laid = _Laid(figures)
    for first, second in combinations(figures, registry, year):
        found = whole_of(first, second)
        for measure in MEASURES:
            rows += _variants(laid, places, first, second, year, measure, corrected=False)
            if not found:
                continue
            if measure == "score" and share_known(found[0], year):
                rows += _variants(laid, places, first, second, year, measure, corrected=True)
            else:
                known = share_known(found[0], year)
                refused = "correlate.reason_ranks" if known else "correlate.reason_share"
                n = len(laid.pairs(first, second, year, measure, False))
                estimates = [Estimate(method, n, reason=refused) for method in METHODS]
                rows += [_row(first, second, measure, CORRECTED, estimate) for estimate in estimates]
    return _with_holm(_typed(rows))


def holm(p_values):
    """
    Adjust the p-values of a family for their number, whatever their dependence on one another.

    Parameters
    ----------
    p_values : array-like of float, shape (n,)
        NaN where nothing was tested.

    Returns
    -------
    numpy.ndarray of float, shape (n,)
        Holm's (1979, Scandinavian Journal of Statistics 6, 65-70); NaN stays.
    """
    adjusted = np.array(p_values, dtype=float)
    order = np.argsort(adjusted)[: np.count_nonzero(~np.isnan(adjusted))]
    # The smallest counts as often as there are tests, the next once less; none below the one before it.
    counted = adjusted[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(counted), 1)
    return adjusted


def needed(figures, registry):
    """
    Pick the figures out that relations of totals rest on: a tenth of the rows.

    Parameters
    ----------
    figures : pandas.DataFrame
        Rows of ``indices.csv``.
    registry : helpers.registry.Registry

    Returns
    -------
    pandas.DataFrame
        The totals, and the points that one index contributes to another (`part_whole`).
    """
    contained = {index.entry["contains"]["component"] for index in registry if "contains" in index.entry}
    return figures[figures["component"].isin({"", *contained})]


def _typed(rows):
    table = pd.DataFrame(rows, columns=COLUMNS)
    numbers = ["estimate", "ci_low", "ci_high", "p_value", "p_adjusted", "boot_low", "boot_high", "p_theory"]
    return table.astype({"n": "int64", "clusters": "int64"} | dict.fromkeys(numbers, "float64"))


def paired(figures, first, second, year, measure, corrected=False):
    """
    Give the figures of the provinces that have one in both indices.

    Parameters
    ----------
    figures : pandas.DataFrame
        Rows of ``indices.csv``.
    first, second : helpers.registry.Index
    year : int
    measure : {"score", "rank"}
    corrected : bool
        Whether the whole is taken without the points of its part; scores only.

    Returns
    -------
    pandas.DataFrame
        One row a province (``gso_code``): ``x``, ``y``, ``stated`` (whether both, and the points taken out,
        are figures that a source states).
    """
    return _Laid(figures).pairs(first, second, year, measure, corrected)


def _wide(rows, column):
    (row, codes), (place, slugs) = (pd.factorize(rows[name], sort=True) for name in ("gso_code", "index"))
    if len(np.unique(row * len(slugs) + place)) < len(rows):
        doubled = rows[rows.duplicated(["index", "gso_code"])]
        named = ", ".join(f"{slug} of {code}" for slug, code in doubled[["index", "gso_code"]].to_numpy())
        raise ValueError(f"more than one total of a year for {named}; clean again")
    table = np.full((len(codes), len(slugs)), math.nan)
    table[row, place] = rows[column].to_numpy(dtype="float64", na_value=math.nan)
    return pd.DataFrame(table, codes.rename("gso_code"), slugs.rename("index"))


class _Laid:
    """Figures laid out side by side, each layout made once: it takes milliseconds and is asked for often."""

    def __init__(self, figures):
        self._figures = figures
        totals = figures[figures["component"] == ""]
        stated = {f"{c}_stated": totals[basis].isin(STATED_BASES) for c, basis in _BASES.items()}
        self._totals = dict(tuple(totals.assign(**stated).groupby("year")))
        self.wide = functools.cache(self._wide)
        self.pairs = functools.cache(self._pairs)

    def _wide(self, year, column):
        rows = self._totals.get(year)
        return pd.DataFrame() if rows is None else _wide(rows, column)

    def _pairs(self, first, second, year, measure, corrected):
        slugs = [first.slug, second.slug]
        both, stated = (self.wide(year, c).reindex(columns=slugs) for c in (measure, f"{measure}_stated"))
        both = both.assign(stated=(stated == 1).all(axis=1))[both.notna().all(axis=1)]
        if corrected:
            whole, part = whole_of(first, second)
            remainder = part_whole(self._figures, whole, part, year)
            both = both.loc[remainder.index].assign(**{whole.slug: remainder["remainder"]})
            both["stated"] &= remainder["stated"]
        return both.set_axis(["x", "y", "stated"], axis=1)


def _variants(laid, places, first, second, year, measure, corrected):
    data = laid.pairs(first, second, year, measure, corrected)
    x, y = data["x"].to_numpy(), data["y"].to_numpy()
    regions = places.table["region6"].reindex(data.index).to_numpy()
    rows = []

    def add(base, estimates):
        name = variant_name(base, corrected)
        rows.extend(_row(first, second, measure, name, estimate) for estimate in estimates)

    every = [coefficients.resampled(method, x, y) for method in METHODS]
    add(PLAIN, every)
    add(WITHIN, [coefficients.resampled(method, x, y, regions) for method in METHODS])
    for base, kept in ((WITHOUT, ~data.index.isin(places.cities)), (STATED, data["stated"].to_numpy())):
        add(base, every if kept.all() else [coefficients.resampled(m, x[kept], y[kept]) for m in METHODS])
    add(POOLED, [_pooled(laid, first, second, year, measure, corrected)])
    return rows


def _pooled(laid, first, second, year, measure, corrected):
    run = next((run for run in comparability.common_runs(first, second) if year in run), [])
    if corrected:
        run = [other for other in run if share_known(whole_of(first, second)[0], other)]
    parts = []
    for other in run:
        data = laid.pairs(first, second, other, measure, corrected)
        if measure == "rank":
            ranked = laid.wide(other, "ranked").reindex(columns=[first.slug, second.slug]).max()
            ranks = (data[["x", "y"]] - 0.5) / ranked.to_numpy()
        else:
            ranks = data[["x", "y"]].rank(pct=True)
        parts.append(ranks.assign(year=other))
    stacked = pd.concat(parts) if parts else pd.DataFrame(columns=["x", "y", "year"])
    return coefficients.pooled(stacked["x"], stacked["y"], stacked["year"], stacked.index)


def _row(first, second, measure, variant, estimate, components=("", "")):
    names = {"index_a": first.slug, "index_b": second.slug}
    names |= {"component_a": components[0], "component_b": components[1]}
    return names | {"measure": measure, "variant": variant} | asdict(estimate)


def _with_holm(table):
    for _, family in table.groupby(["measure", "variant", "method"], sort=False):
        table.loc[family.index, "p_adjusted"] = holm(family["p_value"])
    return table


def components(figures, index, registry, year):
    """
    Correlate the dimensions and the total of an index with the totals and components of the others.

    Parameters
    ----------
    figures : pandas.DataFrame
        Rows of ``indices.csv``.
    index : helpers.registry.Index
        Its dimensions are ``component_a``; sub-dimensions are left aside.
    registry : helpers.registry.Registry
    year : int

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`, variant ``plain``, Spearman's coefficient: one row a cell, on ranks or scores,
        whichever more provinces have in both (scores where as many do). ``p_adjusted`` is Holm's over the
        whole table. A component that fewer than `MINIMUM_PAIRS` provinces have is left out; a total is not.
    """
    of_year = figures[figures["year"] == year]
    chosen = of_year[~of_year["component"].str.contains(".", regex=False)]
    by_measure = {
        measure: chosen.pivot(index="gso_code", columns=["index", "component"], values=measure).astype(float)
        for measure in MEASURES
    }
    values = {m: {key: table[key].to_numpy() for key in table} for m, table in by_measure.items()}
    known = {key: max(by_measure[m][key].count() for m in MEASURES) for key in by_measure["score"].columns}
    order = [(other, component) for other in registry for component in ("", *other.components)]
    shown = [
        (other, component)
        for other, component in order
        if known.get((other.slug, component), 0) >= (MINIMUM_PAIRS if component else 1)
    ]
    rows = []
    for _, own in filter(lambda key: key[0].slug == index.slug, shown):
        for other, component in shown:
            if other.slug == index.slug or (whole_of(index, other) and not own == component == ""):
                continue
            keys = (index.slug, own), (other.slug, component)
            both = {m: [columns[key] for key in keys] for m, columns in values.items()}
            counts = {m: np.count_nonzero(~np.isnan(x) & ~np.isnan(y)) for m, (x, y) in both.items()}
            measure = "rank" if counts["rank"] > counts["score"] else "score"
            estimate = coefficients.permuted("spearman", *both[measure])
            rows.append(_row(index, other, measure, PLAIN, estimate, (own, component)))
    table = _typed(rows)
    # One family: they stand in one picture, whatever they were measured on.
    together = _with_holm(table.assign(measure=""))
    return table.assign(p_adjusted=together["p_adjusted"])


def stacked(table, dissections):
    """
    Put the estimates of totals and of components into one table.

    Parameters
    ----------
    table : pandas.DataFrame
        As made by `pairs`.
    dissections : iterable of pandas.DataFrame
        As made by `components`; pairs of totals, which `table` has in more variants, are left out.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`.
    """
    parts = [part[(part["component_a"] != "") | (part["component_b"] != "")] for part in dissections]
    filled = [part for part in (table, *parts) if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else table


def dissected(figures, registry, year):
    """
    List the indices whose dimensions can be compared with other indices in a year.

    Parameters
    ----------
    figures : pandas.DataFrame
        Rows of ``indices.csv``.
    registry : helpers.registry.Registry
    year : int

    Returns
    -------
    list of Index
        Those whose ranks are computed here, because nearly all provinces have a figure, with dimensions
        known for at least `MINIMUM_PAIRS` provinces, and with another index beside them.
    """
    found = []
    of_year = figures[figures["year"] == year]
    for index in registry:
        rows = of_year[
            (of_year["index"] == index.slug) & ~of_year["component"].str.contains(".", regex=False)
        ]
        dimensions = (rows["component"] != "") & ~rows["component"].str.contains(".", regex=False)
        counts = rows[dimensions].groupby("component").size()
        others = set(of_year["index"][of_year["component"] == ""]) - {index.slug}
        if index.ranks_computed and (counts >= MINIMUM_PAIRS).any() and others:
            found.append(index)
    return found


def influence(figures, registry, year):
    """
    Estimate every coefficient of a year again without each province in turn.

    Parameters
    ----------
    figures : pandas.DataFrame
        Rows of ``indices.csv``.
    registry : helpers.registry.Registry
    year : int

    Returns
    -------
    pandas.DataFrame
        Columns `INFLUENCE_COLUMNS`: one row a pair, measure, variant (``plain`` and
        ``part_whole_corrected``), method and province left out; ``change`` is the estimate without it less
        the estimate with all, ``most_influential`` marks the largest change in size. Pairs without an
        estimate have no rows.
    """
    from helpers import resampling

    figures, parts = needed(figures, registry), []
    laid = _Laid(figures)
    for first, second in combinations(figures, registry, year):
        found = whole_of(first, second)
        cases = [(measure, False) for measure in MEASURES]
        cases += [("score", True)] if found and share_known(found[0], year) else []
        for measure, corrected in cases:
            data = laid.pairs(first, second, year, measure, corrected)
            x, y = data["x"].to_numpy(), data["y"].to_numpy()
            for method in METHODS:
                estimate = getattr(coefficients, method)(x, y)
                if estimate.reason:
                    continue
                without = resampling.leave_one_out(method, x, y)
                change = without - estimate.estimate
                largest = np.zeros(len(x), dtype=bool)
                if not np.isnan(change).all():
                    largest[np.nanargmax(np.abs(change))] = True
                names = {"index_a": first.slug, "index_b": second.slug, "measure": measure}
                names |= {"variant": variant_name(PLAIN, corrected), "method": method}
                values = {"n": len(x), "estimate": estimate.estimate, "gso_code": data.index}
                values |= {"estimate_without": without, "change": change, "most_influential": largest}
                parts.append(pd.DataFrame(names | values))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=INFLUENCE_COLUMNS)


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
    figures = figures[figures["year"] == year]
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
    wanted |= {"method": method}
    found = np.logical_and.reduce([table[name] == value for name, value in wanted.items()])
    return table.iloc[found.argmax()] if found.any() else None


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
