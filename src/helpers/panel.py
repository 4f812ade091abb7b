"""All years of the indices, described: levels, persistence, agreement of the years, between and within."""

import itertools
import math
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from helpers import comparability, indices, provinces
from helpers.coefficients import MINIMUM_PAIRS, pearson, spearman
from helpers.files import resolve
from helpers.resampling import DRAWS, LEVEL, SEED

# A mean over fewer is a mean of those that somebody reported on, mostly leaders and trailers.
COVERAGE = 0.9
# In place of a series: analyses that cross series breaks, made comparable by ranks within each year.
WITHIN_YEAR = "all, within-year ranks"
LEVEL_COLUMNS = [
    *("index", "year", "series", "max_score", "kind", "n", "of"),
    *("mean", "median", "sd", "iqr", "q25", "q75", "reason", "published_mean", "published_source"),
]
PERSISTENCE_COLUMNS = [
    *("index", "first", "last", "series", "n", "estimate", "ci_low", "ci_high", "p_value", "reason"),
]
PANEL_COLUMNS = [
    *("analysis", "index_a", "index_b", "measure", "series", "years", "term", "n", "provinces"),
    *("estimate", "std_error", "ci_low", "ci_high", "p_value", "reason"),
]
_TEXTS = ("analysis", "index_a", "index_b", "measure", "series", "years", "term", "reason")
_COUNTS = ("n", "provinces")
# Relative size below which a variance cannot be told from rounding.
_SPREAD = 1e-12


def panel_rows(rows):
    """
    Make the long table of all analyses over the years.

    Parameters
    ----------
    rows : list of dict
        With any of the keys `PANEL_COLUMNS`; a text that is left out is "", an estimate NaN.

    Returns
    -------
    pandas.DataFrame
        Columns `PANEL_COLUMNS`.
    """
    empty = dict.fromkeys(PANEL_COLUMNS, math.nan) | dict.fromkeys(_TEXTS, "") | dict.fromkeys(_COUNTS, 0)
    table = pd.DataFrame([empty | row for row in rows], columns=PANEL_COLUMNS)
    numbers = [column for column in PANEL_COLUMNS if column not in (*_TEXTS, *_COUNTS)]
    return table.astype(dict.fromkeys(_COUNTS, "int64") | dict.fromkeys(numbers, "float64"))


def by_year(figures, index, column):
    """
    Lay the totals of an index out, years side by side.

    Parameters
    ----------
    figures : pandas.DataFrame
        Rows of ``indices.csv``.
    index : helpers.registry.Index
    column : {"score", "rank", "ranked"}

    Returns
    -------
    pandas.DataFrame of float
        One row a province (``gso_code``, sorted), one column a year with any such figure; NaN where there is
        none. Codes of years to 2024 and of later ones mean different provinces
        (`helpers.provinces.vintage_of`).
    """
    rows = figures[(figures["index"] == index.slug) & (figures["component"] == "")]
    table = rows.pivot(index="gso_code", columns="year", values=column).astype("float64").sort_index()
    return table.dropna(axis="columns", how="all").sort_index(axis="columns")


def rank_shares(figures, index):
    """
    Turn the national ranks of an index into standings that compare across years.

    Parameters
    ----------
    figures : pandas.DataFrame
        Rows of ``indices.csv``.
    index : helpers.registry.Index

    Returns
    -------
    pandas.DataFrame of float
        Rows and columns as by `by_year`: 1 - (rank - 0.5) / ranked, which is the share of the ranked
        provinces that stand below, the province itself counted half; higher is better. A year without a
        known number of ranked provinces is left out.
    """
    ranks = by_year(figures, index, "rank")
    ranked = by_year(figures, index, "ranked").max().reindex(ranks.columns)
    return (1 - (ranks - 0.5) / ranked).dropna(axis="columns", how="all")


# --- levels ------------------------------------------------------------------------------------------------


def levels(figures, registry, raw="data/raw"):
    """
    Describe the national level and spread of the totals, year by year.

    Parameters
    ----------
    figures : pandas.DataFrame
        Rows of ``indices.csv``.
    registry : helpers.registry.Registry
    raw : str or pathlib.Path
        Of the raw tables; the published means are read from ``checks/national_means.csv`` if it is there.

    Returns
    -------
    pandas.DataFrame
        Columns `LEVEL_COLUMNS`, a row for every index and year of the registry: ``n`` provinces with a score,
        ``of`` the units of the year; mean, median, standard deviation (n - 1), quartiles and their distance,
        every province counting alike, in the units of the year. ``kind`` is "all" where at least `COVERAGE`
        of the provinces have a score, else "reported", and then level and spread are empty.
    """
    rows = []
    for index in registry:
        scores = by_year(figures, index, "score")
        for year in index.years:
            known = scores[year].dropna() if year in scores else pd.Series(dtype="float64")
            units = len(provinces.load(raw, provinces.vintage_of(year)).codes)
            row = {"index": index.slug, "year": year, "series": index.series(year), "n": len(known)}
            row |= {"of": units, "max_score": index.max_score(year), "reason": ""}
            row["kind"] = "all" if len(known) >= COVERAGE * units else "reported"
            if row["kind"] == "reported":
                row["reason"] = "panel.reason_coverage"
            elif not np.isfinite(known).all():
                row["reason"] = "correlate.reason_infinite"
            else:
                row |= _level(known)
            rows.append(row)
    found = pd.DataFrame(rows, columns=LEVEL_COLUMNS[:-2])
    return found.merge(_published_means(raw), on=["index", "year"], how="left")[LEVEL_COLUMNS]


def _level(scores):
    low, middle, high = scores.quantile([0.25, 0.5, 0.75])
    row = {"mean": scores.mean(), "median": middle, "sd": scores.std(ddof=1)}
    return row | {"q25": low, "q75": high, "iqr": high - low}


def _published_means(raw):
    path = resolve(raw) / "checks" / "national_means.csv"
    columns = {"mean": "published_mean", "source": "published_source"}
    if not path.is_file():
        return pd.DataFrame(columns=["index", "year", *columns.values()]).astype({"year": "int64"})
    return pd.read_csv(path, dtype={"source": str}).rename(columns=columns)


def complete(levels, registry):
    """
    List the indices that are known for nearly all provinces in most years with any score.

    Parameters
    ----------
    levels : pandas.DataFrame
        As made by `levels`.
    registry : helpers.registry.Registry

    Returns
    -------
    list of helpers.registry.Index
    """
    known = levels[levels["n"] > 0]
    share = (known["kind"] == "all").groupby(known["index"]).mean()
    return [index for index in registry if share.get(index.slug, 0) > 0.5]


def level_changes(figures, registry, levels):
    """
    Estimate by how much the score of a province changed on average over each comparable run.

    Parameters
    ----------
    figures : pandas.DataFrame
        Rows of ``indices.csv``.
    registry : helpers.registry.Registry
    levels : pandas.DataFrame
        As made by `levels`.

    Returns
    -------
    pandas.DataFrame
        Columns `PANEL_COLUMNS`, a row for every run of at least two years: the mean of the changes from the
        first to the last year of kind "all" of the provinces that have both
        (`helpers.comparability.difference`), with Student's interval of a mean of differences. Refused where
        no two years of the run are of kind "all".
    """
    from scipy import stats

    rows = []
    for index, name, years in _runs(registry):
        known = levels[(levels["index"] == index.slug) & levels["year"].isin(years)]
        complete = known.loc[known["reason"] == "", "year"]
        row = {"analysis": "level_change", "index_a": index.slug, "measure": "score", "series": name}
        row |= {"term": "mean_change"}
        if len(complete) < 2:
            rows.append(row | {"years": _span(years), "reason": "panel.reason_coverage"})
            continue
        first, last = int(complete.min()), int(complete.max())
        changes = comparability.difference(figures, index, first, last).to_numpy()
        row |= {"years": _span([first, last]), "n": len(changes), "provinces": len(changes)}
        if reason := _refusal(len(changes), changes):
            rows.append(row | {"reason": reason})
            continue
        error = changes.std(ddof=1) / math.sqrt(len(changes))
        half = stats.t.ppf(1 - LEVEL / 2, len(changes) - 1) * error
        mean = changes.mean()
        p = 2 * stats.t.sf(abs(mean) / error, len(changes) - 1)
        ends = {"ci_low": mean - half, "ci_high": mean + half}
        rows.append(row | {"estimate": mean, "std_error": error, "p_value": p} | ends)
    return panel_rows(rows)


# --- persistence -------------------------------------------------------------------------------------------


def persistence(figures, registry):
    """
    Estimate how far the order of the provinces in one year is that of another.

    Parameters
    ----------
    figures : pandas.DataFrame
        Rows of ``indices.csv``.
    registry : helpers.registry.Registry

    Returns
    -------
    pandas.DataFrame
        Columns `PERSISTENCE_COLUMNS`, a row for every index and pair of years with any rank in both, of one
        set of provinces: Spearman's correlation of the national ranks (`helpers.coefficients.spearman`) over
        the ``n`` provinces ranked in both. ``series`` is the run that both years belong to, or `WITHIN_YEAR`.
    """
    rows = []
    for index in registry:
        ranks = by_year(figures, index, "rank")
        for first, last in itertools.combinations(ranks.columns, 2):
            if provinces.vintage_of(first) != provinces.vintage_of(last):
                continue
            found = spearman(ranks[first], ranks[last])
            one = index.series(first) == index.series(last)
            row = {"index": index.slug, "first": first, "last": last}
            row["series"] = index.series(first) if one else WITHIN_YEAR
            estimates = ("n", "estimate", "ci_low", "ci_high", "p_value", "reason")
            rows.append(row | {name: getattr(found, name) for name in estimates})
    return pd.DataFrame(rows, columns=PERSISTENCE_COLUMNS)


def by_lag(table):
    """
    Summarise persistence by how many years lie between.

    Parameters
    ----------
    table : pandas.DataFrame
        As made by `persistence`.

    Returns
    -------
    pandas.DataFrame
        A row for every index and ``lag`` (years): ``pairs`` of years with an estimate, the lowest, median and
        highest of them (``low``, ``median``, ``high``), ``unclear`` (how many 95 % intervals contain zero),
        ``one_series`` (how many pairs are of one comparable run), ``n_low`` and ``n_high`` (provinces). The
        pairs share years, so that they are no independent estimates and get no interval together.
    """
    known = table[table["reason"] == ""]
    known = known.assign(
        lag=known["last"] - known["first"],
        one=known["series"] != WITHIN_YEAR,
        zero=(known["ci_low"] <= 0) & (known["ci_high"] >= 0),
    )
    summary = known.groupby(["index", "lag"], sort=False).agg(
        pairs=("n", "size"),
        low=("estimate", "min"),
        median=("estimate", "median"),
        high=("estimate", "max"),
        unclear=("zero", "sum"),
        one_series=("one", "sum"),
        n_low=("n", "min"),
        n_high=("n", "max"),
    )
    # Stable: the order of the indices stays that of the registry.
    return summary.reset_index().sort_values("lag", kind="stable", ignore_index=True)


# --- concordance -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Concordance:
    """
    Kendall's coefficient of concordance, or the reason why there is none.

    Attributes
    ----------
    provinces, years : int
    w, chi_square, p_chi_square, p_permutation, mean_spearman : float
        NaN where no coefficient is given.
    reason : str
        Key of the text that says why there is none; "" where there is one.
    """

    provinces: int
    years: int
    w: float = math.nan
    chi_square: float = math.nan
    p_chi_square: float = math.nan
    p_permutation: float = math.nan
    mean_spearman: float = math.nan
    reason: str = ""


def concordance(table, draws=DRAWS, seed=SEED):
    """
    Measure how far several years rank the same provinces alike.

    Parameters
    ----------
    table : array-like of float, shape (n, m)
        Ranks or scores, a row a province, a column a year; nothing missing. Each column is ranked anew, ties
        get their mean rank.
    draws, seed : int
        Of the permutations.

    Returns
    -------
    Concordance
        Kendall's W, from 0 to 1 (the same order every year; 1 / m is expected by chance), corrected for ties:
        with S the squared deviations of the sums of ranks from their mean, and t the sizes of the ties of
        each year, W = 12 S / (m² (n³ - n) - m Σ(t³ - t)) (Kendall & Babington Smith 1939, Annals of
        Mathematical Statistics 10, 275-287; ties: Kendall 1948, Rank Correlation Methods).
        ``chi_square`` is m (n - 1) W with n - 1 degrees of freedom; ``p_permutation`` exchanges the provinces
        in each year. ``mean_spearman`` is (m W - 1) / (m - 1), without ties the mean of Spearman's
        coefficients of all pairs of years. Refused for fewer than `MINIMUM_PAIRS` provinces, fewer than two
        years, infinite values and a year in which all are tied.
    """
    from scipy import stats

    table = np.asarray(table, dtype=float)
    n, m = table.shape
    if reason := _refusal(n, *table.T) or ("" if m > 1 else "panel.reason_one_year"):
        return Concordance(n, m, reason=reason)
    ranks = stats.rankdata(table, axis=0)
    counts = [np.unique(column, return_counts=True)[1] for column in ranks.T]
    ties = sum(int((count**3 - count).sum()) for count in counts)
    largest = (m**2 * (n**3 - n) - m * ties) / 12
    deviations = _squared_deviations(ranks.sum(axis=1))
    w = deviations / largest
    rng = np.random.default_rng([seed, n, m])
    sums = sum(rng.permuted(np.tile(column, (draws, 1)), axis=1) for column in ranks.T)
    reached = int((_squared_deviations(sums) >= deviations * (1 - 1e-12)).sum())
    chi_square = m * (n - 1) * w
    p = (1 + reached) / (1 + draws)
    relation = (m * w - 1) / (m - 1)
    return Concordance(n, m, w, chi_square, stats.chi2.sf(chi_square, n - 1), p, relation)


def _squared_deviations(sums):
    return ((sums - sums.mean(axis=-1, keepdims=True)) ** 2).sum(axis=-1)


def concordances(figures, registry, raw="data/raw", draws=DRAWS, seed=SEED):
    """
    Measure the agreement of the years of each index, within comparable runs and over all years.

    Parameters
    ----------
    figures : pandas.DataFrame
        Rows of ``indices.csv``.
    registry : helpers.registry.Registry
    raw : str or pathlib.Path
        Of the raw tables, for the numbers of provinces.
    draws, seed : int
        Of the permutations.

    Returns
    -------
    pandas.DataFrame
        Columns `PANEL_COLUMNS`, for every index and span of `spans` the terms "W" (with the permutation
        p-value), "chi_square" (with that of its distribution) and "mean_spearman", over the provinces ranked
        in all years of the span.
    """
    rows = []
    for index in registry:
        ranks = by_year(figures, index, "rank")
        for name, years in spans(ranks, index, raw):
            complete = ranks[years].dropna()
            found = concordance(complete, draws, seed)
            row = {"analysis": "concordance", "index_a": index.slug, "measure": "rank", "series": name}
            row |= {"years": _span(years), "n": complete.size, "provinces": len(complete)}
            row["reason"] = found.reason
            estimates = {
                "W": (found.w, found.p_permutation),
                "chi_square": (found.chi_square, found.p_chi_square),
                "mean_spearman": (found.mean_spearman, math.nan),
            }
            for term, (estimate, p) in estimates.items():
                rows.append(row | {"term": term, "estimate": estimate, "p_value": p})
    return panel_rows(rows)


def spans(table, index, raw="data/raw"):
    """
    Choose the years over which an index is described as a whole.

    Parameters
    ----------
    table : pandas.DataFrame
        As made by `by_year`.
    index : helpers.registry.Index
    raw : str or pathlib.Path
        Of the raw tables, for the numbers of provinces.

    Returns
    -------
    list of (str, list of int)
        Each comparable run with figures in at least two years; then, as `WITHIN_YEAR`, all years that hold at
        least `COVERAGE` of the provinces, or all years where fewer than two do. One such list for each set of
        provinces that has at least two years.
    """
    found = []
    for name, years in comparability.runs(index):
        known = [year for year in years if year in table]
        if len(known) >= 2:
            found.append((name, known))
    for vintage in provinces.VINTAGES:
        known = [year for year in table if provinces.vintage_of(year) == vintage]
        units = len(provinces.load(raw, vintage).codes)
        complete = [year for year in known if table[year].count() >= COVERAGE * units]
        years = complete if len(complete) >= 2 else known
        if len(years) >= 2:
            found.append((WITHIN_YEAR, years))
    return found


# --- between and within provinces --------------------------------------------------------------------------


@dataclass(frozen=True)
class Intraclass:
    """
    Variation between and within provinces once the years' means are taken out.

    Attributes
    ----------
    provinces, years : int
    share, ci_low, ci_high, p_value : float
        Intraclass correlation; NaN where none is given.
    between, within : float
        Components of variance, in squared units of the values.
    reason : str
        Key of the text that says why there is none; "" where there is one.
    """

    provinces: int
    years: int
    share: float = math.nan
    ci_low: float = math.nan
    ci_high: float = math.nan
    p_value: float = math.nan
    between: float = math.nan
    within: float = math.nan
    reason: str = ""


def intraclass(table):
    """
    Divide the variation of several years into that between provinces and that within them.

    Parameters
    ----------
    table : array-like of float, shape (n, k)
        A row a province, a column a year; nothing missing.

    Returns
    -------
    Intraclass
        ``share`` is ICC(3,1) of Shrout & Fleiss (1979, Psychological Bulletin 86, 420-428), ICC(C,1) of
        McGraw & Wong (1996, Psychological Methods 1, 30-46): (MSB - MSE) / (MSB + (k - 1) MSE) with the mean
        squares between provinces and of what is left after provinces and years. It leaves out the means of
        the years, as a change that all provinces share says nothing of their differences. ``between`` is
        (MSB - MSE) / k, negative where provinces differ less than chance would make them, ``within`` is MSE.
        The interval is that of the F distribution, which takes the years of a province as independent given
        its mean. Refused for fewer than `MINIMUM_PAIRS` provinces, fewer than two years, infinite values, and
        if nothing varies between or within.
    """
    from scipy import stats

    table = np.asarray(table, dtype=float)
    n, k = table.shape
    if n < MINIMUM_PAIRS:
        return Intraclass(n, k, reason="panel.reason_few")
    if k < 2:
        return Intraclass(n, k, reason="panel.reason_one_year")
    if not np.isfinite(table).all():
        return Intraclass(n, k, reason="correlate.reason_infinite")
    largest = np.abs(table).max()
    table = table - table.mean(axis=0)
    if np.abs(table).max() <= _SPREAD * largest:
        return Intraclass(n, k, reason="panel.reason_no_spread")
    rows = table.mean(axis=1)
    msb = k * (rows**2).sum() / (n - 1)
    mse = ((table - rows[:, None]) ** 2).sum() / ((n - 1) * (k - 1))
    if mse <= _SPREAD * msb:
        return Intraclass(n, k, reason="panel.reason_no_spread")
    ratio, free = msb / mse, ((n - 1), (n - 1) * (k - 1))
    low = ratio / stats.f.ppf(1 - LEVEL / 2, *free)
    high = ratio * stats.f.ppf(1 - LEVEL / 2, *free[::-1])
    share, low, high = ((f - 1) / (f + k - 1) for f in (ratio, low, high))
    return Intraclass(n, k, share, low, high, stats.f.sf(ratio, *free), (msb - mse) / k, mse)


def decomposition(figures, registry, raw="data/raw"):
    """
    Divide the variation of each index into that between provinces and that within them over the years.

    Parameters
    ----------
    figures : pandas.DataFrame
        Rows of ``indices.csv``.
    registry : helpers.registry.Registry
    raw : str or pathlib.Path
        Of the raw tables, for the numbers of provinces.

    Returns
    -------
    pandas.DataFrame
        Columns `PANEL_COLUMNS`: analysis "icc" for every span of `spans`, of the scores within comparable
        runs and of `rank_shares` over all years, with the terms "icc", "variance_between" and
        "variance_within", over the provinces with a figure in all years of the span.
    """
    rows = []
    for index in registry:
        scores, shares = by_year(figures, index, "score"), rank_shares(figures, index)
        chosen = [("score", scores, *span) for span in spans(scores, index, raw) if span[0] != WITHIN_YEAR]
        chosen += [("rank", shares, *span) for span in spans(shares, index, raw) if span[0] == WITHIN_YEAR]
        for measure, table, name, years in chosen:
            complete = table[years].dropna()
            found = intraclass(complete)
            row = {"analysis": "icc", "index_a": index.slug, "measure": measure, "series": name}
            row |= {"years": _span(years), "n": complete.size, "provinces": len(complete)}
            row["reason"] = found.reason
            ends = {"ci_low": found.ci_low, "ci_high": found.ci_high, "p_value": found.p_value}
            rows.append(row | {"term": "icc", "estimate": found.share} | ends)
            rows.append(row | {"term": "variance_between", "estimate": found.between})
            rows.append(row | {"term": "variance_within", "estimate": found.within})
    return panel_rows(rows)


def relations(figures, registry):
    """
    Correlate every pair of indices between provinces, and within provinces over the years.

    Parameters
    ----------
    figures : pandas.DataFrame
        Rows of ``indices.csv``.
    registry : helpers.registry.Registry

    Returns
    -------
    pandas.DataFrame
        Columns `PANEL_COLUMNS`, for every pair with a rank in both in some year, over the years of one set
        of provinces (`helpers.comparability.one_set`): analysis "between",
        Pearson's correlation of the provinces' means of `rank_shares` over the years in which both are known;
        analysis "within", `within_correlation` of the same province-years. Neither can be corrected where one
        index contains the other.
    """
    shares = {index.slug: _standings(rank_shares(figures, index)) for index in registry}
    rows = []
    for first, second in itertools.combinations(registry, 2):
        both = pd.concat([shares[first.slug], shares[second.slug]], axis=1, join="inner", keys=["x", "y"])
        # Units of two sets overlap: taken together they would be no independent observations.
        both = both[both.index.isin(comparability.one_set(both.index.get_level_values("year")), level="year")]
        if both.empty:
            continue
        units, years = (both.index.get_level_values(level) for level in ("unit", "year"))
        row = {"index_a": first.slug, "index_b": second.slug, "measure": "rank", "series": WITHIN_YEAR}
        row |= {"years": _span(years), "n": len(both), "provinces": units.nunique()}
        means = both.groupby(level="unit").mean()
        between = pearson(means["x"], means["y"])
        estimates = ("estimate", "ci_low", "ci_high", "p_value", "reason")
        found = {name: getattr(between, name) for name in estimates}
        if len(means) < MINIMUM_PAIRS:
            found["reason"] = "panel.reason_few_both"
        rows.append(row | {"analysis": "between", "term": "correlation"} | found)
        within = within_correlation(both["x"], both["y"], units, years)
        found = {name: getattr(within, name) for name in ("n", "provinces", *estimates)}
        rows.append(row | {"analysis": "within", "term": "correlation"} | found)
    return panel_rows(rows)


def _standings(shares):
    return shares.stack().dropna().rename_axis(["unit", "year"])


@dataclass(frozen=True)
class Within:
    """
    A correlation within provinces, or the reason why there is none.

    Attributes
    ----------
    n, provinces : int
        Province-years and provinces that tell something: those seen in at least two years.
    estimate, ci_low, ci_high, p_value : float
        NaN where no coefficient is given.
    reason : str
        Key of the text that says why there is none; "" where there is one.
    """

    n: int
    provinces: int
    estimate: float = math.nan
    ci_low: float = math.nan
    ci_high: float = math.nan
    p_value: float = math.nan
    reason: str = ""


def within_correlation(x, y, units, years=None):
    """
    Correlate two things within provinces: do both rise and fall in the same years?

    Parameters
    ----------
    x, y : array-like of float, shape (n,)
        Nothing missing.
    units : array-like of str, shape (n,)
        Province of each pair.
    years : array-like of int, shape (n,), optional
        Year of each pair. The means of the years are then taken out together with those of the provinces.

    Returns
    -------
    Within
        Pearson's correlation of what is left of `x` and `y` after a least-squares fit of province (and year)
        means. Without `years` this is the repeated-measures correlation of Bland & Altman (1995, BMJ 310,
        446) and Bakdash & Marusich (2017, Frontiers in Psychology 8, 456). The years of a province are not
        independent: interval and p-value are by Fisher's z and the jackknife over whole provinces, all means
        fitted anew without each, by Student's t with one degree less than there are provinces (MacKinnon,
        Nielsen & Webb 2023, Journal of Applied Econometrics 38, 671-694). Refused for fewer than
        `MINIMUM_PAIRS` provinces with two or more pairs, infinite values, and if nothing varies within
        provinces, or within all but one.

    Raises
    ------
    ValueError
        If the arguments differ in length.
    """
    from scipy import stats

    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    years = np.zeros(len(x), dtype=int) if years is None else np.asarray(years)
    units = np.asarray(units)
    if len({len(x), len(y), len(units), len(years)}) > 1:
        raise ValueError("x, y, units and years must be of one length")
    kept = _repeated(units, years)
    x, y, (units, years) = x[kept], y[kept], (z[kept] for z in (units, years))
    names, unit = np.unique(units, return_inverse=True)
    n, count = len(x), len(names)
    if count < MINIMUM_PAIRS:
        return Within(n, count, reason="panel.reason_few_repeated")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return Within(n, count, reason="correlate.reason_infinite")
    year = np.unique(years, return_inverse=True)[1]
    fitted = np.hstack([np.eye(count)[unit], np.eye(year.max() + 1)[year]])
    values = np.column_stack([x - x.mean(), y - y.mean()])
    left = values - fitted @ np.linalg.lstsq(fitted, values, rcond=None)[0]
    if any((left**2).sum(axis=0) <= _SPREAD * (values**2).sum(axis=0)):
        return Within(n, count, reason="panel.reason_no_spread")
    correlate = _refitted(left, unit, year)
    estimate = float(correlate(np.ones((1, count)))[0])
    without = correlate(1 - np.eye(count))
    if abs(estimate) >= 1 - _SPREAD:
        # Fisher's z is infinite at -1 and 1: the interval shrinks to the point.
        return Within(n, count, estimate, estimate, estimate, 0.0)
    # A comparison with a missing number is false.
    if not (np.abs(without) < 1 - _SPREAD).all():
        return Within(n, count, reason="panel.reason_no_spread")
    z, around = math.atanh(estimate), np.arctanh(without)
    error = math.sqrt((count - 1) ** 2 / count * around.var(ddof=1))
    half = stats.t.ppf(1 - LEVEL / 2, count - 1) * error
    p_value = float(2 * stats.t.sf(abs(z) / error, count - 1)) if error > 0 else 0.0
    return Within(n, count, estimate, math.tanh(z - half), math.tanh(z + half), p_value)


def _refitted(left, unit, year):
    """Make the function that correlates two columns with every province weighted, all means fitted anew."""
    count = unit.max() + 1
    # The mean of a province is its own in every weighting; those of the years are shared.
    years = np.eye(year.max() + 1)[year]
    sums = np.zeros((count, years.shape[1]))
    np.add.at(sums, unit, years)
    years -= (sums / sums.sum(axis=1, keepdims=True))[unit]

    def by_province(one, other):
        products = np.zeros((count, one.shape[1], other.shape[1]))
        np.add.at(products, unit, one[:, :, None] * other[:, None, :])
        return products

    pieces = by_province(left, left), by_province(years, left), by_province(years, years)

    def correlate(weights):
        products, shared, design = (np.tensordot(weights, piece, 1) for piece in pieces)
        explained = np.swapaxes(shared, 1, 2) @ np.linalg.pinv(design, hermitian=True) @ shared
        rest = products - explained
        squares, all_squares = (np.diagonal(matrix, axis1=1, axis2=2) for matrix in (rest, products))
        # What rounding leaves of a constant is not a spread.
        usable = (squares > _SPREAD * all_squares).all(axis=1)
        size = np.sqrt(np.where(usable, squares.prod(axis=1), 1.0))
        return np.where(usable, np.clip(rest[:, 0, 1] / size, -1, 1), np.nan)

    return correlate


def _repeated(units, years):
    """Drop what a mean of its own would fit exactly, until every province and every year is there twice."""
    kept = np.ones(len(units), dtype=bool)
    while True:
        counted = [pd.Series(z[kept]).map(pd.Series(z[kept]).value_counts()) for z in (units, years)]
        alone = np.logical_or(*((count == 1).to_numpy() for count in counted))
        if not alone.any():
            return kept
        kept[np.flatnonzero(kept)[alone]] = False


# --- everything ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Description:
    """
    All that this module says of the years.

    Attributes
    ----------
    levels : pandas.DataFrame
        As made by `levels`.
    persistence : pandas.DataFrame
        As made by `persistence`.
    rows : pandas.DataFrame
        Everything as one long table, columns `PANEL_COLUMNS`.
    held : dict of str
        By index with any figure, whether its totals are the publisher's own (`helpers.indices.held_as`).
    """

    levels: pd.DataFrame = field(repr=False)
    persistence: pd.DataFrame = field(repr=False)
    rows: pd.DataFrame = field(repr=False)
    held: dict


def describe(figures, registry, raw="data/raw", draws=DRAWS, seed=SEED):
    """
    Describe all years of all indices.

    Parameters
    ----------
    figures : pandas.DataFrame
        Rows of ``indices.csv``, all years.
    registry : helpers.registry.Registry
    raw : str or pathlib.Path
        Of the raw tables.
    draws, seed : int
        Of permutations.

    Returns
    -------
    Description
    """
    figures = figures[figures["component"] == ""]
    level, order = levels(figures, registry, raw), persistence(figures, registry)
    parts = [
        _level_rows(level),
        level_changes(figures, registry, level),
        _persistence_rows(order),
        concordances(figures, registry, raw, draws, seed),
        decomposition(figures, registry, raw),
        relations(figures, registry),
    ]
    held = {slug: indices.held_as(rows) for slug, rows in figures.groupby("index", sort=False)}
    return Description(level, order, pd.concat(parts, ignore_index=True), held)


def _level_rows(levels):
    rows = []
    for row in levels[levels["n"] > 0].itertuples():
        for term in ("mean", "median", "sd", "q25", "q75"):
            found = {"analysis": "level", "index_a": row.index, "measure": "score", "series": row.series}
            found |= {"years": str(row.year), "term": term, "n": row.n, "provinces": row.n}
            rows.append(found | {"estimate": getattr(row, term), "reason": row.reason})
    return panel_rows(rows)


def _persistence_rows(table):
    rows = []
    for row in table.to_dict("records"):
        found = {"analysis": "persistence", "index_a": row["index"], "measure": "rank", "term": "spearman"}
        found |= {"years": f"{row['first']}, {row['last']}", "provinces": row["n"]}
        kept = ("series", "n", "estimate", "ci_low", "ci_high", "p_value", "reason")
        rows.append(found | {name: row[name] for name in kept})
    return panel_rows(rows)


def _runs(registry):
    return [
        (index, name, years)
        for index in registry
        for name, years in comparability.runs(index)
        if len(years) > 1
    ]


def _span(years):
    first, last = min(years), max(years)
    return str(first) if first == last else f"{first}-{last}"


def _refusal(n, *columns):
    if n < MINIMUM_PAIRS:
        return "panel.reason_few"
    if not all(np.isfinite(column).all() for column in columns):
        return "correlate.reason_infinite"
    if any(np.ptp(column) <= _SPREAD * np.abs(column).max() for column in columns):
        return "correlate.reason_constant"
    return ""
