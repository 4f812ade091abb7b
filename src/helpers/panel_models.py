"""Models over several years: do two indices move together within provinces, do low provinces catch up."""

import itertools
import math
import warnings
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from helpers.comparability import check_units, common_runs, difference, one_set, runs
from helpers.correlation import needed, part_whole, share_known, whole_of
from helpers.panel import WITHIN_YEAR, panel_rows
from helpers.resampling import DRAWS, LEVEL, SEED

# Below this a standard error clustered by province rests on too few provinces to mean anything.
MINIMUM_PROVINCES = 8
# Province-years less parameters: below this the residuals say little of what the model leaves open.
MINIMUM_DEGREES = 5
# The usual bound below which an instrument is called weak (Staiger & Stock 1997, Econometrica 65, 557-586).
MINIMUM_F = 10
# Runs shorter than this have no year between the first and the last, with which to correct a slope.
MINIMUM_RUN = 3
FEW_CLUSTERS = 13
FIXED, DIFFERENCES, MIXED = "two_way_fe", "first_differences", "mixed"
BETA, SIGMA = "convergence_beta", "convergence_sigma"
# Relative size below which what is left of a column cannot be told from nothing in double precision.
_NOTHING = 1e-9


@dataclass(frozen=True)
class Slope:
    """
    A figure of a model with its 95 % interval, or the reason why there is none.

    Attributes
    ----------
    term : str
        Which of the model's figures it is.
    n : int
        Number of province-years (of changes for first differences, of provinces for convergence).
    provinces : int
    estimate, std_error, ci_low, ci_high, p_value : float
        NaN where the figure is not given.
    reason : str
        Key of the text that says why there is no estimate; "" where there is one.
    """

    term: str
    n: int
    provinces: int
    estimate: float = math.nan
    std_error: float = math.nan
    ci_low: float = math.nan
    ci_high: float = math.nan
    p_value: float = math.nan
    reason: str = ""

    def scaled(self, factor):
        """Write the figure in other units: estimate, error and interval times a positive number (Slope)."""
        names = ("estimate", "std_error", "ci_low", "ci_high")
        return replace(self, **{name: factor * getattr(self, name) for name in names})


# --- what goes into the models -----------------------------------------------------------------------------


def paired_years(figures, first, second, measure, years):
    """
    Lay two indices side by side, province by province and year by year.

    Parameters
    ----------
    figures : pandas.DataFrame
        Rows of ``indices.csv``.
    first, second : helpers.registry.Index
    measure : {"score", "rank"}
        Scores of a pair of which one contains the other: the whole without the points of its part
        (`helpers.correlation.part_whole`), so that years outside the known share have no row. Ranks are
        turned into shares of the provinces ranked in the year, 1 - (rank - 0.5) / ranked: 0 to 1, up is
        better, the same meaning in every year.
    years : iterable of int
        Of one set of provinces.

    Returns
    -------
    pandas.DataFrame
        Columns ``gso_code``, ``year``, ``a`` (of `first`) and ``b`` (of `second`); one row a province and
        year in which both indices have the figure, sorted.

    Raises
    ------
    helpers.comparability.UnitsChangedError
        If the provinces of the years are of different sets.
    """
    years = list(years)
    check_units(years)
    if measure == "score" and (found := whole_of(first, second)):
        table = _without_part(figures, first, *found, years)
    else:
        table = figures[(figures["component"] == "") & figures["year"].isin(years)]
        table = table.assign(value=_values(table, measure))
        table = table.pivot(index=["gso_code", "year"], columns="index", values="value")
        table = table.reindex(columns=[first.slug, second.slug])
    table = table.set_axis(["a", "b"], axis="columns").astype("float64").dropna()
    return table.sort_index().reset_index()


def _without_part(figures, first, whole, part, years):
    columns = ["remainder", "part"] if first == whole else ["part", "remainder"]
    known = {year: part_whole(figures, whole, part, year)[columns] for year in years}
    names = ["year", "gso_code"]
    if not known:
        return pd.DataFrame(columns=columns, index=pd.MultiIndex.from_tuples([], names=names[::-1]))
    return pd.concat(known, names=names).swaplevel()


def _values(rows, measure):
    if measure == "score":
        return rows["score"].astype("float64")
    rank, ranked = (rows[column].astype("float64") for column in ("rank", "ranked"))
    return 1 - (rank - 0.5) / ranked


def without_singletons(panel):
    """
    Drop provinces seen in one year only, and years seen in one province only, until none is left.

    With an effect for every province and year such a row is fitted exactly: it says nothing of how two
    indices move together, and counting it makes the standard errors too small (Correia 2015, "Singletons,
    cluster-robust standard errors and fixed effects: a bad mix", working paper).

    Parameters
    ----------
    panel : pandas.DataFrame
        As made by `paired_years`.

    Returns
    -------
    pandas.DataFrame
        The rows that are kept.
    """
    units = [pd.factorize(panel[unit])[0] for unit in ("gso_code", "year")]
    kept = np.arange(len(panel))
    while True:
        before = len(kept)
        for numbers in units:
            kept = kept[np.bincount(numbers[kept])[numbers[kept]] > 1]
        if len(kept) == before:
            return panel.iloc[kept].reset_index(drop=True)


def changes(panel):
    """
    Take the differences between consecutive calendar years.

    Two years of a province between which a year is missing give no difference; the library's estimator of
    first differences would take the next year at hand instead.

    Parameters
    ----------
    panel : pandas.DataFrame
        As made by `paired_years`.

    Returns
    -------
    pandas.DataFrame
        The same columns: ``year`` is the later year, ``a`` and ``b`` are changes on the year before.
    """
    before = panel.assign(year=panel["year"] + 1)
    both = panel.merge(before, on=["gso_code", "year"], suffixes=("", "_before"))
    for column in ("a", "b"):
        both[column] -= both[f"{column}_before"]
    return both[["gso_code", "year", "a", "b"]]


def _dummies(*columns):
    return np.hstack([pd.get_dummies(column).to_numpy(dtype="float64") for column in columns])


def _basis(matrix):
    """Orthonormal columns that span the same space, whatever the columns' dependence on one another."""
    left, sizes, _ = np.linalg.svd(matrix, full_matrices=False)
    return left[:, sizes > sizes[0] * _NOTHING]


def _rest(values, basis):
    return values - basis @ (basis.T @ values)


def _is_nothing(rest, values):
    return np.sqrt(np.mean(rest**2)) <= _NOTHING * np.abs(values).max()


# --- two-way fixed effects and first differences -----------------------------------------------------------


def two_way_fe(panel, seed=SEED):
    """
    Regress the second index on the first with an effect for every province and every year.

    What is constant of a province and what moves all provinces in a year drops out: the slope says by how
    much b was higher, in the years in which a was higher than usual for the province and the year.

    Parameters
    ----------
    panel : pandas.DataFrame
        As made by `paired_years`.
    seed : int
        Of the bootstrap.

    Returns
    -------
    list of Slope
        ``slope``: points of b per point of a; standard error clustered by province
        (Arellano 1987, Oxford Bulletin of Economics and Statistics 49, 431-434; factor G / (G - 1) x
        (n - 1) / (n - k), k counting all effects, as `linearmodels.PanelOLS` has it), interval
        and p-value of the restricted wild cluster bootstrap (`wild_cluster`). ``slope_t``: the same with
        interval and p-value by t with G - 1 degrees of freedom, G provinces, which large samples justify and
        few provinces may not. ``left_out``: number of province-years and provinces that drop out as
        singletons, where there are any.
    """
    sample = without_singletons(panel)
    found = _clustered(sample, ["gso_code", "year"], "models.reason_few", seed)
    left = len(panel) - len(sample)
    if not left:
        return found
    provinces = panel["gso_code"].nunique() - sample["gso_code"].nunique()
    return [*found, Slope("left_out", left, provinces, reason="models.reason_single")]


def first_differences(panel, seed=SEED):
    """
    Regress the change of the second index on the change of the first, with an effect for every year.

    Parameters
    ----------
    panel : pandas.DataFrame
        As made by `paired_years`.
    seed : int
        Of the bootstrap.

    Returns
    -------
    list of Slope
        ``slope`` and ``slope_t`` as in `two_way_fe`; n counts the changes between consecutive years
        (`changes`), provinces those with at least one.
    """
    sample = changes(panel)
    sample = sample[sample.groupby("year")["year"].transform("size") > 1].reset_index(drop=True)
    return _clustered(sample, ["year"], "models.reason_few_changes", seed)


def _prepared(sample, effects, few):
    """What effects leave of a and b, and the effects' basis; or the reason why no slope can be given."""
    a, b = (sample[column].to_numpy(dtype="float64") for column in ("a", "b"))
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return None, "models.reason_infinite"
    if sample["gso_code"].nunique() < MINIMUM_PROVINCES:
        return None, few
    basis = _basis(_dummies(*(sample[column] for column in effects)))
    if len(sample) - basis.shape[1] - 1 < MINIMUM_DEGREES:
        return None, "models.reason_degrees"
    x, y = _rest(a, basis), _rest(b, basis)
    for rest, values, name in ((x, a, "a"), (y, b, "b")):
        if _is_nothing(rest, values):
            return None, f"models.reason_still_{name}"
    if _is_nothing(y - x * (x @ y) / (x @ x), b):
        return None, "models.reason_exact"
    return (x, y, basis), ""


def _clustered(sample, effects, few, seed):
    n, provinces = len(sample), sample["gso_code"].nunique()
    prepared, reason = _prepared(sample, effects, few)
    if reason:
        return [Slope("slope", n, provinces, reason=reason)]
    x, y, basis = prepared
    estimate, error = _clustered_slope(x, y, sample["gso_code"], basis.shape[1] + 1)
    low, high, p_value = wild_cluster(x, y, sample["gso_code"], basis, seed)
    if not math.isfinite(high - low):
        return [Slope("slope", n, provinces, reason="models.reason_unbounded")]
    return [
        Slope("slope", n, provinces, estimate, error, low, high, p_value),
        _by_t("slope_t", n, provinces, estimate, error, provinces - 1),
    ]


def _clustered_slope(x, y, groups, parameters):
    """Slope of y on x, both without the effects, and its standard error clustered by group."""
    size, n = x @ x, len(x)
    slope = x @ y / size
    scores = np.bincount(pd.factorize(groups)[0], x * (y - slope * x))
    factor = len(scores) / (len(scores) - 1) * (n - 1) / (n - parameters)
    return float(slope), math.sqrt(factor * (scores**2).sum()) / float(size)


def _by_t(term, n, provinces, estimate, error, degrees):
    from scipy import stats

    half = stats.t.ppf(1 - LEVEL / 2, degrees) * error
    p_value = 2 * stats.t.sf(abs(estimate) / error, degrees)
    return Slope(
        term, n, provinces, estimate, error, float(estimate - half), float(estimate + half), float(p_value)
    )


def wild_cluster(x, y, groups, basis, seed=SEED, draws=DRAWS):
    """
    Test a slope, and bound it, by the restricted wild cluster bootstrap.

    With few provinces, or provinces of very different weight, intervals from clustered standard errors are
    too narrow. Here the residuals under the slope in question are multiplied by one random weight a province
    and the t statistic is computed anew each time (Cameron, Gelbach & Miller 2008, Review of Economics and
    Statistics 90, 414-427); the interval holds the slopes that are not rejected at 5 % (Roodman, MacKinnon,
    Nielsen & Webb 2019, Stata Journal 19, 4-60). Weights are Rademacher's (-1, 1), below `FEW_CLUSTERS`
    provinces the six of Webb (2014, Queen's Economics Department working paper 1315).

    Parameters
    ----------
    x, y : numpy.ndarray of float, shape (n,)
        Residuals of the two variables on the effects.
    groups : array-like, shape (n,)
        The province of each row.
    basis : numpy.ndarray of float, shape (n, k)
        Orthonormal columns that span the effects.
    seed, draws : int

    Returns
    -------
    (float, float, float)
        Both ends of the 95 % interval (infinite where no slope is rejected on a side) and the two-sided
        p-value of a slope of 0, (1 + number as extreme) / (1 + draws).
    """
    codes, labels = pd.factorize(np.asarray(groups))
    clusters = len(labels)

    def by_cluster(values):
        sums = np.zeros((clusters, *values.shape[1:]))
        np.add.at(sums, codes, values)
        return sums

    draw = np.random.default_rng(seed)
    weights = np.array([-1.0, 1.0])
    if clusters < FEW_CLUSTERS:
        weights = np.array([-1.5, -1.0, -0.5, 0.5, 1.0, 1.5])
        weights = np.sign(weights) * np.sqrt(np.abs(weights))
    drawn = draw.choice(weights, (clusters, draws))
    size = x @ x
    slope = x @ y / size
    share = by_cluster(x * x) / size
    x_basis = by_cluster(x[:, None] * basis)

    def moments(values):
        # Per draw: the numerator of the slope, and the score of each cluster after fitting it, both linear
        # in the restricted residuals y - slope x, so that any slope can be tested from these two pieces.
        cross = by_cluster(x * values)
        numerator = cross @ drawn
        scores = cross[:, None] * drawn - x_basis @ (by_cluster(values[:, None] * basis).T @ drawn)
        return numerator, scores - share[:, None] * numerator

    (top_y, scores_y), (top_x, scores_x) = moments(y), moments(x)
    square_yy, square_xy, square_xx = (
        np.einsum("gb,gb->b", *pair)
        for pair in ((scores_y, scores_y), (scores_x, scores_y), (scores_x, scores_x))
    )
    spread = np.sum(by_cluster(x * (y - slope * x)) ** 2)

    def p_value(tested):
        observed = (size * (slope - tested)) ** 2 / spread
        drawn_spread = np.maximum(square_yy - 2 * tested * square_xy + tested**2 * square_xx, 0)
        # Draws that repeat the data themselves must count as equally extreme in spite of rounding.
        extreme = (top_y - tested * top_x) ** 2 >= observed * drawn_spread * (1 - 1e-9)
        return float(1 + np.count_nonzero(extreme)) / (1 + draws)

    step = math.sqrt(spread) / size
    low, high = (_end(p_value, slope, side * step) for side in (-1, 1))
    return low, high, p_value(0.0)


def _end(p_value, slope, step):
    """Bisect for the slope at which the test turns from acceptance to rejection."""
    inside, outside = slope, slope + 2 * step
    for _ in range(40):
        if p_value(outside) <= LEVEL:
            break
        inside, outside = outside, slope + 2 * (outside - slope)
    else:
        return math.copysign(math.inf, step)
    for _ in range(60):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if p_value(middle) > LEVEL else (inside, middle)
    return float(inside)


# --- mixed model -------------------------------------------------------------------------------------------


def mixed(panel):
    """
    Fit a random intercept by province with Mundlak's term, as a check on the fixed effects.

    b is regressed on a, on the province's mean of a and on the years, with a random intercept for each
    province (Mundlak 1978, Econometrica 46, 69-85; restricted maximum likelihood, `statsmodels.MixedLM`).
    The mean is that of a less the year's mean of the provinces in the model, so that it does not depend on
    which years of a province are known. On a balanced panel the slope within provinces is that of
    `two_way_fe`.

    Parameters
    ----------
    panel : pandas.DataFrame
        As made by `paired_years`; singletons are left out, so that all models speak of the same rows.

    Returns
    -------
    list of Slope
        ``within``: slope of a within provinces. ``between``: slope of b on the level of a between provinces.
        ``between_minus_within``: their difference, whose interval is Mundlak's test. ``within_minus_fe``:
        slope within less that of `two_way_fe`, without an interval. Intervals and p-values by t with G - 1
        degrees of freedom from the model's own standard errors, which are not clustered.
    """
    sample = without_singletons(panel)
    n, provinces = len(sample), sample["gso_code"].nunique()

    def refused(reason):
        return [Slope(term, n, provinces, reason=reason) for term in ("within", "between")]

    prepared, reason = _prepared(sample, ["gso_code", "year"], "models.reason_few")
    if reason:
        return refused(reason)
    x, y, _ = prepared
    a, b = (sample[column].to_numpy() for column in ("a", "b"))
    years = _dummies(sample["year"])
    level = sample["a"] - sample.groupby("year")["a"].transform("mean")
    level = level.groupby(sample["gso_code"]).transform("mean").to_numpy()
    if _is_nothing(level, a):
        return refused("models.reason_alike")
    found = _mixed_lm(b, np.column_stack([a, level, years]), sample["gso_code"])
    if found is None:
        return refused("models.reason_converge")
    slopes, covariance = found
    weights = {"within": (1, 0), "between": (1, 1), "between_minus_within": (0, 1)}
    terms = [
        _by_t(
            term,
            n,
            provinces,
            float(np.dot(weight, slopes)),
            math.sqrt(np.dot(weight, covariance @ weight)),
            provinces - 1,
        )
        for term, weight in weights.items()
    ]
    return [*terms, Slope("within_minus_fe", n, provinces, float(slopes[0] - x @ y / (x @ x)))]


def _mixed_lm(outcome, regressors, groups):
    """Coefficients and covariance of the first two regressors; None where the fit fails."""
    from statsmodels.regression.mixed_linear_model import MixedLM
    from statsmodels.tools.sm_exceptions import ConvergenceWarning

    # On a common scale the optimiser's tolerances mean the same for scores and for shares.
    spread = outcome.std()
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        # What these warn of is looked at below.
        warnings.simplefilter("ignore", ConvergenceWarning)
        try:
            fit = MixedLM(outcome / spread, regressors / spread, groups.to_numpy()).fit(reml=True)
        except np.linalg.LinAlgError:
            return None
    if not fit.converged:
        return None
    variance, residual = float(np.squeeze(fit.cov_re)), float(fit.scale)
    covariance = _gls_covariance(regressors / spread, groups, variance, residual)
    return fit.fe_params[:2], covariance[:2, :2]


def _gls_covariance(regressors, groups, variance, residual):
    # MixedLM inverts the Hessian of all parameters, which is no covariance where the variance of the
    # intercepts is estimated as zero; that of the slopes given the variances holds there too (Laird & Ware
    # 1982, Biometrics 38, 963-974).
    codes, labels = pd.factorize(groups)
    sums = np.zeros((len(labels), regressors.shape[1]))
    np.add.at(sums, codes, regressors)
    shrink = variance / (residual + variance * np.bincount(codes))
    information = (regressors.T @ regressors - (sums * shrink[:, None]).T @ sums) / residual
    return np.linalg.inv(information)


# --- the table of models -----------------------------------------------------------------------------------


def models_table(figures, registry, seed=SEED):
    """
    Fit the three models for every pair of indices.

    Parameters
    ----------
    figures : pandas.DataFrame
        Rows of ``indices.csv``.
    registry : helpers.registry.Registry
        The earlier of two indices is the regressor (a), the later the outcome (b). The order is that of the
        registry and says nothing of causes.
    seed : int
        Of the bootstraps.

    Returns
    -------
    pandas.DataFrame
        Columns `helpers.panel.PANEL_COLUMNS`; analyses ``two_way_fe``, ``first_differences`` and ``mixed``
        with the terms of these functions. Measure ``score``: points of b per point of a within a run of
        years in which neither index changed what it measures. ``z``: the same slopes in standard deviations
        of b per standard deviation of a (between provinces of the same year, pooled over the years of the
        two-way model). ``rank``: rank shares (`paired_years`) over all years of one set of provinces
        (`helpers.comparability.one_set`). A pair of which one contains the other has corrected scores in
        years of known share, and no ranks.
    """
    figures, rows = needed(figures, registry), []
    for first, second in itertools.combinations(registry, 2):
        rows += _score_rows(figures, first, second, seed)
        panel = paired_years(figures, first, second, "rank", _years_of_both(figures, first, second))
        if whole_of(first, second):
            rows += _refusals(first, second, "rank", WITHIN_YEAR, panel, "models.reason_ranks")
        else:
            rows += _rows(first, second, "rank", WITHIN_YEAR, panel, _fitted(panel, seed))
    return panel_rows(rows)


def _years_of_both(figures, first, second):
    totals = figures[figures["component"] == ""]
    known = (set(totals.loc[totals["index"] == index.slug, "year"]) for index in (first, second))
    return one_set(set.intersection(*known))


def _score_rows(figures, first, second, seed):
    comparable = [run for run in common_runs(first, second) if len(run) > 1]
    reason = "models.reason_no_run"
    if comparable and (found := whole_of(first, second)):
        comparable = [[year for year in run if share_known(found[0], year)] for run in comparable]
        comparable = [run for run in comparable if len(run) > 1]
        reason = "models.reason_share"
    rows = []
    for run in comparable:
        panel = paired_years(figures, first, second, "score", run)
        series = " / ".join(dict.fromkeys((first.series(run[0]), second.series(run[0]))))
        fitted = _fitted(panel, seed)
        rows += _rows(first, second, "score", series, panel, fitted)
        factor = _relative_spread(panel)
        fitted = {
            analysis: [slope.scaled(factor) for slope in slopes if slope.term != "left_out"]
            for analysis, slopes in fitted.items()
        }
        rows += _rows(first, second, "z", series, panel, fitted)
    if not comparable:
        nothing = paired_years(figures, first, second, "score", [])
        for measure in ("score", "z"):
            rows += _refusals(first, second, measure, "", nothing, reason)
    return rows


def _fitted(panel, seed):
    return {FIXED: two_way_fe(panel, seed), DIFFERENCES: first_differences(panel, seed), MIXED: mixed(panel)}


def _relative_spread(panel):
    """Standard deviation of a over that of b, between provinces of the same year; NaN where b has none."""
    sample = without_singletons(panel)
    around = sample[["a", "b"]] - sample.groupby("year")[["a", "b"]].transform("mean")
    a, b = np.sqrt((around**2).sum())
    return a / b if b > 0 else math.nan


def _rows(first, second, measure, series, panel, fitted):
    names = {"index_a": first.slug, "index_b": second.slug, "measure": measure, "series": series}
    names["years"] = _span(without_singletons(panel)["year"])
    return [
        {"analysis": analysis} | names | vars(slope)
        for analysis, slopes in fitted.items()
        for slope in slopes
    ]


def _refusals(first, second, measure, series, panel, reason):
    kept = without_singletons(panel)
    terms = {FIXED: ("slope",), DIFFERENCES: ("slope",), MIXED: ("within", "between")}
    fitted = {
        analysis: [Slope(term, len(kept), kept["gso_code"].nunique(), reason=reason) for term in found]
        for analysis, found in terms.items()
    }
    return _rows(first, second, measure, series, panel, fitted)


def _span(years):
    return f"{int(min(years))}-{int(max(years))}" if len(years) else ""


# --- convergence -------------------------------------------------------------------------------------------


def convergence_table(figures, registry):
    """
    Ask for every index and run of comparable years whether low provinces caught up.

    Parameters
    ----------
    figures : pandas.DataFrame
        Rows of ``indices.csv``.
    registry : helpers.registry.Registry

    Returns
    -------
    pandas.DataFrame
        Columns `helpers.panel.PANEL_COLUMNS`, ``index_b`` empty, measure ``score``. Analysis
        ``convergence_beta``: ``slope`` and ``slope_corrected`` (`catching_up`). Analysis
        ``convergence_sigma``: ``sd_first``, ``sd_last`` and ``sd_ratio`` (`pitman_morgan`). Runs of fewer
        than three years with figures are left out; an index without a longer one has rows with the reason.
    """
    figures, rows = figures[figures["component"] == ""], []
    for index in registry:
        totals = figures[figures["index"] == index.slug]
        totals = totals.pivot(index="gso_code", columns="year", values="score").astype("float64")
        totals = totals.dropna(axis="columns", how="all")
        # A series that outlives its set of provinces is two runs of one name.
        known = [(series, [year for year in years if year in totals]) for series, years in runs(index)]
        known = [(series, years) for series, years in known if len(years) >= MINIMUM_RUN]
        for series, years in known:
            change = difference(figures, index, years[0], years[-1])
            rows += _convergence_rows(index, series, totals[years], change)
        if not known:
            reason = "models.reason_short_runs"
            found = {
                BETA: [Slope("slope", 0, 0, reason=reason)],
                SIGMA: [Slope("sd_ratio", 0, 0, reason=reason)],
            }
            rows += _named(index, "", [], found)
    return panel_rows(rows)


def _convergence_rows(index, series, scores, change):
    years = list(scores)
    start = scores.loc[change.index, years[0]]
    between = scores.loc[change.index, years[1:-1]].mean(axis="columns", skipna=False)
    found = {
        BETA: catching_up(start, change, between),
        SIGMA: pitman_morgan(start, start + change),
    }
    return _named(index, series, years, found)


def _named(index, series, years, found):
    names = {
        "index_a": index.slug,
        "index_b": "",
        "measure": "score",
        "series": series,
        "years": _span(years),
    }
    return [{"analysis": a} | names | vars(slope) for a, slopes in found.items() for slope in slopes]


def catching_up(start, change, between):
    """
    Regress the change of a score on the score at the start, as it is and corrected for chance.

    A score that was low by chance at the start is likely to be higher later: the slope is negative even if
    no province catches up (regression to the mean; Friedman 1992, Journal of Economic Literature 30,
    2129-2132; Quah 1993, Scandinavian Journal of Economics 95, 427-443). The corrected slope takes the
    score at the start only as far as the years between foretell it: their mean is its instrument (Durbin
    1954, Review of the International Statistical Institute 22, 23-32; Fuller 1987, Measurement Error Models,
    section 1.4). This removes chance that does not last from one year to the next, not what lasts longer.

    Parameters
    ----------
    start, change : pandas.Series of float, shape (n,)
        Score of the first year, and last year's less it, by province.
    between : pandas.Series of float, shape (n,)
        Mean score of the years between; NaN where one of them is missing.

    Returns
    -------
    list of Slope
        ``slope``: least squares with HC3 standard errors (MacKinnon & White 1985, Journal of Econometrics
        29, 305-325). ``slope_corrected``: two-stage least squares (`linearmodels.IV2SLS`) with
        heteroskedasticity-robust standard errors, refused where the instrument is weak (F below `MINIMUM_F`,
        or no bounded interval); interval and p-value are Anderson & Rubin's (1949, Annals of Mathematical
        Statistics 20, 46-63), which hold in small samples too, with HC3 variances. Both by t with n - 2
        degrees of freedom; -1 would mean that the whole gap closed.
    """
    return [_least_squares(start, change), _instrumented(start, change, between)]


def _refusal(*columns):
    if not all(np.isfinite(values).all() for values in columns):
        return "models.reason_infinite"
    if len(columns[0]) < MINIMUM_PROVINCES:
        return "models.reason_few_ends"
    if any(_is_nothing(values - values.mean(), values) for values in columns):
        return "models.reason_constant"
    return ""


def _least_squares(start, change):
    from statsmodels.regression.linear_model import OLS

    n = len(start)
    if reason := _refusal(start.to_numpy(), change.to_numpy()):
        return Slope("slope", n, n, reason=reason)
    # One province alone on one side determines the line: its residual is 0 by construction, HC3 is 0 / 0.
    around = start - start.mean()
    if 1 / n + (around**2).max() / (around**2).sum() > 1 - _NOTHING:
        return Slope("slope", n, n, reason="models.reason_lever")
    fit = OLS(change.to_numpy(), np.column_stack([np.ones(n), start])).fit(cov_type="HC3")
    estimate, error = float(fit.params[1]), float(fit.bse[1])
    if error <= _NOTHING * abs(estimate):
        return Slope("slope", n, n, reason="models.reason_exact")
    return _by_t("slope", n, n, estimate, error, n - 2)


def _instrumented(start, change, between):
    from linearmodels import IV2SLS

    term, known = "slope_corrected", between.notna()
    start, change, between = start[known], change[known], between[known]
    n = len(start)
    if reason := _refusal(start.to_numpy(), change.to_numpy(), between.to_numpy()):
        return Slope(term, n, n, reason=reason)
    explained = np.corrcoef(start, between)[0, 1] ** 2
    if explained * (n - 2) < MINIMUM_F * (1 - explained):
        return Slope(term, n, n, reason="models.reason_weak")
    ones = pd.Series(1.0, start.index, name="constant")
    model = IV2SLS(change.rename("change"), ones, start.rename("start"), between.rename("between"))
    fit = model.fit(cov_type="robust", debiased=True)
    estimate, error = float(fit.params["start"]), float(fit.std_errors["start"])
    if error <= _NOTHING * abs(estimate):
        return Slope(term, n, n, reason="models.reason_exact")
    low, high, p_value = _anderson_rubin(*(z.to_numpy() for z in (start, change, between)))
    if math.isnan(high - low):
        return Slope(term, n, n, reason="models.reason_weak")
    return Slope(term, n, n, estimate, error, low, high, p_value)


def _anderson_rubin(start, change, between):
    """Ends of the slopes at which change less slope times start is unrelated to the years between; p of 0."""
    from scipy import stats

    n = len(start)
    around = between - between.mean()
    size = around @ around
    columns = np.column_stack([change, start])
    columns = columns - columns.mean(axis=0)
    slopes = around @ columns / size
    leverage = 1 / n + around**2 / size
    if leverage.max() > 1 - _NOTHING:
        return math.nan, math.nan, math.nan
    scores = (around / size / (1 - leverage))[:, None] * (columns - np.outer(around, slopes))
    # The covariance of both slopes, HC3; t² times its share is what chance leaves open.
    covariance = scores.T @ scores
    t = stats.t.ppf(1 - LEVEL / 2, n - 2)
    constant, linear, square = (np.outer(slopes, slopes) - t**2 * covariance)[[0, 0, 1], [0, 1, 1]]
    root = linear**2 - square * constant
    if square <= 0 or root < 0:
        return math.nan, math.nan, math.nan
    ends = ((linear + side * math.sqrt(root)) / square for side in (-1, 1))
    return *map(float, ends), float(2 * stats.t.sf(abs(slopes[0]) / math.sqrt(covariance[0, 0]), n - 2))


def pitman_morgan(first, last):
    """
    Compare the spread of the same provinces in two years.

    Two variances of paired values are equal exactly if their sum and difference are uncorrelated (Pitman
    1939, Biometrika 31, 9-12; Morgan 1939, Biometrika 31, 13-19). Exact for normal scores; sensitive to
    heavy tails.

    Parameters
    ----------
    first, last : array-like of float, shape (n,)
        Paired by position, no missing values.

    Returns
    -------
    list of Slope
        ``sd_first``, ``sd_last``: the standard deviations, without an interval. ``sd_ratio``: last over
        first, with the p-value of the test and the interval of the ratios that it does not reject: the root
        of the ratio of variances times K ± sqrt(K² - 1), where K = 1 + 2 (1 - r²) t² / (n - 2) and t is the
        97.5 % point with n - 2 degrees of freedom.
    """
    from scipy import stats

    first, last = (np.asarray(values, dtype="float64") for values in (first, last))
    n = len(first)
    if reason := _refusal(first, last):
        return [Slope("sd_ratio", n, n, reason=reason)]
    before, after = first.std(ddof=1), last.std(ddof=1)
    spreads = [Slope("sd_first", n, n, float(before)), Slope("sd_last", n, n, float(after))]
    open_share = 1 - np.corrcoef(first, last)[0, 1] ** 2
    if open_share <= _NOTHING:
        return [*spreads, Slope("sd_ratio", n, n, reason="models.reason_exact")]
    k = 1 + 2 * open_share * stats.t.ppf(1 - LEVEL / 2, n - 2) ** 2 / (n - 2)
    ratio = float(after / before)
    low, high = (ratio * math.sqrt(k + sign * math.sqrt(k**2 - 1)) for sign in (-1, 1))
    # On one scale: sums and differences of very unequal values would lose their digits.
    p_value = float(stats.pearsonr((last - first) / before, (last + first) / before).pvalue)
    return [*spreads, Slope("sd_ratio", n, n, ratio, math.nan, low, high, p_value)]
