"""Ranks with their uncertainty: how precise scores are, and which ranks are compatible with them."""

import math
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from helpers import ledger, provinces
from helpers.comparability import runs
from helpers.figures import parse_number
from helpers.files import resolve
from helpers.registry import RegistryError
from helpers.resampling import LEVEL, SEED

MINIMUM_YEARS = 3
# Degrees of freedom below which a spread is itself too uncertain to judge ranks by.
MINIMUM_DEGREES = 8
# A national rank follows from scores only where nearly every province has one.
NEARLY_ALL = 0.9
DRAWS = 2_000
TOP = 10
SPREAD, PUBLISHED, OWN_RANKS = "spread", "published", "own_ranks"
COLUMNS = [
    *("index", "year", "gso_code", "score", "rank", "ranked", "rank_low", "rank_high", "standard_error"),
    *("degrees", "method", "precision", "apart_from_next", "reason"),
]
RUN_COLUMNS = [
    *("index", "series", "gso_code", "years", "score", "rank", "ranked", "rank_low", "rank_high"),
    *("standard_error", "degrees", "method", "precision", "apart_from_next", "reason"),
]
PRECISION_COLUMNS = ["index", "year", "gso_code", "standard_error", "source"]
_TYPES = (
    {"year": "int64", "apart_from_next": "boolean"}
    | dict.fromkeys(["score", "standard_error", "degrees"], "float64")
    | dict.fromkeys(["rank", "ranked", "rank_low", "rank_high"], "Int64")
    | dict.fromkeys(["index", "gso_code", "method", "precision", "reason"], "str")
)
_RUN_TYPES = {column: _TYPES[column] for column in RUN_COLUMNS if column in _TYPES} | {"years": "int64"}
# What rounding leaves of a spread that is none, against the size of the scores.
_ROUNDING = 1e-9


class PrecisionError(ValueError):
    """A row of ``precision.csv`` that cannot be used; the text says which, why and what is expected."""


def read_precision(raw, registry):
    """
    Read the published standard errors, if there are any.

    Parameters
    ----------
    raw : str or pathlib.Path
        Folder of the raw tables; ``precision.csv`` in it has the columns `PRECISION_COLUMNS`.
    registry : helpers.registry.Registry

    Returns
    -------
    pandas.DataFrame
        Columns `PRECISION_COLUMNS`, standard errors in points of the total; no row where the file is absent.

    Raises
    ------
    PrecisionError
        If a column is missing or a row names an unknown index, year, province or source, repeats another,
        or has a standard error that is no positive number.
    """
    folder = resolve(raw)
    path = folder / "precision.csv"
    if not path.is_file():
        return _precision_frame([])
    try:
        table = ledger.read_csv(path, folder)
    except ledger.TableError as error:
        raise PrecisionError(str(error)) from None
    for refused in table.rejected:
        raise PrecisionError(
            f"precision.csv, row {refused['row']}: {refused['problem']}, expected {refused['expected']}"
        )
    if missing := [column for column in PRECISION_COLUMNS if column not in table.columns]:
        raise PrecisionError(f"precision.csv lacks the columns {', '.join(missing)}")
    sources = set(pd.read_csv(folder / "sources.csv", dtype=str)["source"])
    found = {}
    for line, cells in table.rows:
        entry = _precise(line, cells, raw, registry, sources)
        if entry[:3] in found:
            raise PrecisionError(f"precision.csv, row {line}: {', '.join(map(str, entry[:3]))} stands twice")
        found[entry[:3]] = entry
    return _precision_frame(list(found.values()))


def _precision_frame(rows):
    frame = pd.DataFrame(rows, columns=PRECISION_COLUMNS)
    return frame.astype({"year": "int64", "standard_error": "float64"})


def _precise(line, cells, raw, registry, sources):
    def refuse(column, expected):
        raise PrecisionError(f"precision.csv, row {line}: {column} is {cells[column]!r}, expected {expected}")

    if not cells["year"].isdecimal():
        refuse("year", "a year such as 2022")
    year = int(cells["year"])
    try:
        known = registry[cells["index"]].has_year(year)
    except RegistryError:
        refuse("index", "an index of indices.toml")
    if not known:
        refuse("year", f"a year that indices.toml has for {cells['index']}")
    if cells["gso_code"] not in provinces.load(raw, provinces.vintage_of(year)).table.index:
        refuse("gso_code", "the two-figure code of a province of that year")
    try:
        number = parse_number(cells["standard_error"])
    except ValueError:
        number = None
    if number is None or number.percent or number.of or number.value <= 0:
        refuse("standard_error", "a number above 0, in points of the total")
    if cells["source"] not in sources:
        refuse("source", "a source of sources.csv")
    return cells["index"], year, cells["gso_code"], number.value, cells["source"]


@dataclass(frozen=True)
class Spread:
    """
    How far scores scatter about what a province and a year have in common.

    Attributes
    ----------
    deviation : float
        Standard deviation of one score, in points; NaN where it cannot be told.
    degrees : int
        Its degrees of freedom.
    reason : str
        Key of the text that says why there is none; "" where there is one.
    means : pandas.Series of float
        Mean of each province, as if every province had a score in every year.
    """

    deviation: float = math.nan
    degrees: int = 0
    reason: str = ""
    means: pd.Series = field(default=None, repr=False, compare=False)


def spread(scores):
    """
    Estimate the scatter of scores over years, once provinces and years have their own means.

    An upper bound of measurement noise: what truly changed in a province between the years is in it too.

    Parameters
    ----------
    scores : pandas.DataFrame of float, shape (provinces, years)
        Comparable scores; NaN where there is none.

    Returns
    -------
    Spread
        Root of the residual mean square of the additive two-way model (Searle, Casella & McCulloch 1992,
        Variance Components). The degrees of freedom are the scores less the rank of the design, which is
        exact where scores are missing. Refused for fewer than `MINIMUM_YEARS` years or `MINIMUM_DEGREES`
        degrees, for infinite scores, and where nothing scatters.
    """
    scores = scores.dropna(axis=1, how="all").dropna(how="all")
    values = scores.to_numpy(dtype=float)
    if values.shape[1] < MINIMUM_YEARS:
        return Spread(reason="agreement.reason_run")
    if np.isinf(values).any():
        return Spread(reason="agreement.reason_infinite")
    rows, columns = np.nonzero(~np.isnan(values))
    observed = values[rows, columns] - values[rows, columns].mean()
    design = np.hstack([np.eye(values.shape[0])[rows], np.eye(values.shape[1])[columns]])
    effects, _, rank, _ = np.linalg.lstsq(design, observed, rcond=None)
    degrees = len(observed) - int(rank)
    if degrees < MINIMUM_DEGREES:
        return Spread(degrees=degrees, reason="agreement.reason_degrees")
    deviation = math.sqrt(((observed - design @ effects) ** 2).sum() / degrees)
    if deviation <= _ROUNDING * np.abs(values[rows, columns]).max():
        return Spread(degrees=degrees, reason="agreement.reason_constant")
    level = values[rows, columns].mean() + effects[len(values) :].mean()
    return Spread(deviation, degrees, means=pd.Series(effects[: len(values)] + level, scores.index))


def _noise(errors, degrees, draws, seed):
    """Draw errors of the scores, shape (provinces, draws); heavier tails where their size is estimated."""
    rng = np.random.default_rng([seed, len(errors)])
    drawn = rng.standard_normal((len(errors), draws)) * errors[:, None]
    if math.isfinite(degrees):
        drawn *= np.sqrt(degrees / rng.chisquare(degrees, draws))
    # Half the digits are enough for critical values, and take half the time.
    return drawn.astype("float32")


def confidence_sets(scores, errors, degrees=math.inf, level=LEVEL, draws=DRAWS, seed=SEED):
    """
    Give each score the ranks that it may have: marginal confidence sets for ranks.

    Parameters
    ----------
    scores : numpy.ndarray of float, shape (n,)
        The highest ranks first.
    errors : numpy.ndarray of float, shape (n,)
        Standard errors above 0, independent of each other.
    degrees : float
        Degrees of freedom by which the errors are known; infinite where they are taken as given.
    level : float
        Probability, at most, that the set of a given score misses its true rank.
    draws, seed : int

    Returns
    -------
    (numpy.ndarray of int, numpy.ndarray of int)
        Lowest and highest rank: 1 + how many scores are surely higher, and n less how many are surely lower.

    Notes
    -----
    For each score all its differences from the others are tested at once, with the simulated critical value
    of the largest, stepping down (Mogstad, Romano, Shaikh & Wilhelm 2024, Inference for Ranks with
    Applications to Mobility across Neighbourhoods and Academic Achievement across Countries, Review of
    Economic Studies 91, 476-518; two-sided marginal sets of the R package csranks). Equal scores are never
    told apart. The sets are marginal: each holds for one province named beforehand, not for all together.
    """
    drawn = _noise(errors, degrees, draws, seed)
    low, high = np.ones(len(scores), dtype=int), np.full(len(scores), len(scores))
    for place in range(len(scores)):
        others = np.arange(len(scores)) != place
        size = np.hypot(errors[place], errors[others])
        higher, lower = _step_down(
            (scores[others] - scores[place]) / size,
            (drawn[others] - drawn[place]) / size[:, None].astype(drawn.dtype),
            level,
        )
        low[place] += higher
        high[place] -= lower
    return low, high


def _step_down(statistics, noise, level):
    """
    Count the others that are surely higher and surely lower.

    Two hypotheses each, that the other is not higher and that it is not lower, are rejected while the largest
    statistic of those left exceeds what chance gives (Romano & Wolf 2005, Econometrica 73, 1237-1282).
    """
    higher, lower = np.zeros((2, len(statistics)), dtype=bool)
    while True:
        largest = noise[~higher].max(axis=0, initial=-math.inf)
        np.maximum(largest, -noise[~lower].min(axis=0, initial=math.inf), out=largest)
        critical = np.quantile(largest, 1 - level)
        beyond_high, beyond_low = statistics > critical, -statistics > critical
        if (beyond_high <= higher).all() and (beyond_low <= lower).all():
            return higher.sum(), lower.sum()
        higher, lower = higher | beyond_high, lower | beyond_low


def candidates(scores, errors, top=TOP, degrees=math.inf, level=LEVEL, draws=DRAWS, seed=SEED):
    """
    Say which scores may be among the best: a confidence set for the top.

    Parameters
    ----------
    scores, errors, degrees, level, draws, seed
        As for `confidence_sets`.
    top : int

    Returns
    -------
    numpy.ndarray of bool, shape (n,)
        Together these contain the true best `top` with a probability of at least 1 - `level`. By projection
        of simultaneous lower bounds of all ranks (Mogstad et al. 2024, as in `confidence_sets`; `cstaubest`
        of csranks).
    """
    drawn = _noise(errors, degrees, draws, seed)
    size = np.hypot(errors[:, None], errors[None, :])
    # Rows: the one whose bound it is; columns: the one that may be higher.
    statistics = (scores[None, :] - scores[:, None]) / size
    left = ~np.eye(len(scores), dtype=bool)
    low = np.ones(len(scores), dtype=int)
    while left.any():
        largest = np.full(draws, -math.inf, dtype=drawn.dtype)
        for place in range(len(scores)):
            columns = left[place]
            noise = (drawn[columns] - drawn[place]) / size[place, columns, None].astype(drawn.dtype)
            np.maximum(largest, noise.max(axis=0, initial=-math.inf), out=largest)
        beyond = left & (statistics > np.quantile(largest, 1 - level))
        if not beyond.any():
            break
        low += beyond.sum(axis=1)
        left &= ~beyond
    return low <= top


def table(figures, registry, years=None, precision=None, draws=DRAWS, seed=SEED):
    """
    Give the ranks of every index and year their intervals.

    Parameters
    ----------
    figures : pandas.DataFrame
        Rows of ``indices.csv``, of all years: the spread over the years of a run is needed for each of them.
    registry : helpers.registry.Registry
    years : list of int, optional
        Years to give; by default all.
    precision : pandas.DataFrame, optional
        As made by `read_precision`.
    draws, seed : int

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`, one row for every total with a score or a rank. Method ``spread`` or ``published``:
        the confidence set by the scores, where at least nine tenths of the provinces have one; provinces
        without a score may be anywhere, so that the highest rank is up to ``ranked``. Method ``own_ranks``:
        the rank ± t times the standard deviation of the province's own ranks in the run, clipped to 1 and
        ``ranked``. ``apart_from_next``: whether the score differs from the next lower one at the 95 % level,
        pair by pair. No interval has its ``reason``, key of a text.
    """
    totals = figures[figures["component"] == ""]
    precision = _precision_frame([]) if precision is None else precision
    parts = []
    for index in registry:
        own = totals[totals["index"] == index.slug]
        errors = precision[precision["index"] == index.slug]
        scores, ranks = (
            own.pivot(index="gso_code", columns="year", values=column).astype("float64").sort_index()
            for column in ("score", "rank")
        )
        for _, run in runs(index):
            known = [year for year in run if year in scores]
            wanted = [year for year in known if years is None or year in years]
            if wanted:
                rows = own[own["year"].isin(wanted)]
                parts += _tables_of_run(rows, scores[known], ranks[known], errors, draws, seed)
    return _joined(parts, COLUMNS, _TYPES)


def over_runs(figures, registry, draws=DRAWS, seed=SEED):
    """
    Rank the provinces by their mean over each run of comparable years, with intervals.

    Years of a run are averaged, so that the noise of a single year weighs less; what is ranked is the
    standing over the run, not in any one of its years.

    Parameters
    ----------
    figures : pandas.DataFrame
        Rows of ``indices.csv``, of all years.
    registry : helpers.registry.Registry
    draws, seed : int

    Returns
    -------
    pandas.DataFrame
        Columns `RUN_COLUMNS`, one row a province with a score in at least `MINIMUM_YEARS` years of a run in
        which nearly every province has as many. ``score``: its mean net of the years it lacks;
        ``standard_error``: the spread divided by the root of its number of years. The other columns as in
        `table`.
    """
    totals = figures[figures["component"] == ""]
    parts = []
    for index in registry:
        own = totals[totals["index"] == index.slug]
        for _, run in runs(index):
            of_run = own[own["year"].isin(run) & own["score"].notna()]
            scores = of_run.pivot(index="gso_code", columns="year", values="score").sort_index()
            scores = scores[scores.count(axis=1) >= MINIMUM_YEARS]
            if len(scores) < NEARLY_ALL * int(provinces.vintage_of(run[0])):
                continue
            found = spread(scores)
            if not found.reason:
                parts.append(_table_of_means(index, scores, found, draws, seed))
    return _joined(parts, RUN_COLUMNS, _RUN_TYPES)


def _joined(parts, columns, types):
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    return frame.astype(types)


def _table_of_means(index, scores, found, draws, seed):
    # Differences within rounding are no order.
    means = found.means.round(6)
    count = scores.count(axis=1)
    rows = pd.DataFrame(
        {
            "index": index.slug,
            "series": index.series(scores.columns[-1]),
            "gso_code": scores.index,
            "years": count.to_numpy(),
            "score": means.to_numpy(),
            "rank": means.rank(ascending=False, method="min").to_numpy(),
            "ranked": len(scores),
            "standard_error": (found.deviation / np.sqrt(count)).to_numpy(),
            "degrees": found.degrees,
            "method": SPREAD,
            "precision": f"spread over {scores.columns[0]}-{scores.columns[-1]}",
            "reason": "",
        }
    )
    return _by_score(rows, rows["score"].notna(), draws, seed)[RUN_COLUMNS]


def _tables_of_run(totals, scores, ranks, errors, draws, seed):
    found = spread(scores)
    used = [year for year in scores if scores[year].notna().any()]
    reported = int(ranks.notna().any().sum())
    for year, rows in totals.groupby("year"):
        published = errors[errors["year"] == year].set_index("gso_code")
        rows = _with_errors(rows.sort_values("gso_code").reset_index(drop=True), published, found, used)
        usable = rows["standard_error"].notna() & np.isfinite(rows["score"])
        if usable.sum() >= NEARLY_ALL * int(provinces.vintage_of(year)):
            rows = _by_score(rows, usable, draws, seed)
        else:
            rows = _by_own_ranks(rows, ranks, reported)
        yield rows[COLUMNS]


def _with_errors(rows, published, found, used):
    """Take the standard error of each score: the published one, else the spread over the run."""
    stated = published["standard_error"].reindex(rows["gso_code"]).to_numpy()
    errors = np.where(np.isnan(stated), found.deviation, stated)
    scored = rows["score"].notna().to_numpy()
    method = np.select([scored & ~np.isnan(stated), scored & ~np.isnan(errors)], [PUBLISHED, SPREAD], "")
    sources = published["source"].reindex(rows["gso_code"]).fillna("").to_numpy()
    over = f"spread over {used[0]}-{used[-1]}" if used else ""
    reason = np.where(scored, found.reason, "agreement.reason_no_score")
    return rows.assign(
        standard_error=np.where(scored, errors, np.nan),
        # The spread of the run is one figure: where any province needs it, all are judged with its tails.
        degrees=float(found.degrees) if (method == SPREAD).any() else math.nan,
        method=method,
        precision=np.select([method == PUBLISHED, method == SPREAD], [sources, over], ""),
        reason=np.where(method == "", reason, ""),
        apart_from_next=pd.NA,
    )


def _by_score(rows, usable, draws, seed):
    known = rows[usable].sort_values(["score", "gso_code"], ascending=[False, True])
    scores, errors = known["score"].to_numpy(dtype=float), known["standard_error"].to_numpy()
    degrees = float(known["degrees"].fillna(math.inf).min())
    low, high = confidence_sets(scores, errors, degrees, draws=draws, seed=seed)
    total = max(rows["ranked"].astype("float64").max(), len(known))
    # Provinces that are ranked but have no score here may stand anywhere, above or below.
    high = high + int(total) - len(known)
    ranks = known["rank"].astype("float64").to_numpy()
    against = (ranks < low) | (ranks > high)
    places = np.arange(len(known))
    apart = _apart(scores, errors, degrees, places[:-1], places[1:])
    rows = rows.assign(rank_low=math.nan, rank_high=math.nan, apart_from_next=pd.NA)
    rows = rows.astype({"apart_from_next": object})
    rows.loc[known.index, "rank_low"] = np.where(against, np.nan, low)
    rows.loc[known.index, "rank_high"] = np.where(against, np.nan, high)
    rows.loc[known.index, "apart_from_next"] = [*apart.tolist(), pd.NA]
    rows.loc[known.index[against], "reason"] = "agreement.reason_contradiction"
    return rows


def _by_own_ranks(rows, ranks, years):
    """Give each province the interval of its own ranks in the run: not for want of scores to compare."""
    from scipy import stats

    own = ranks.reindex(rows["gso_code"])
    count, deviation = own.count(axis=1).to_numpy(), own.std(axis=1).to_numpy()
    rank, ranked = (rows[column].astype("float64").to_numpy() for column in ("rank", "ranked"))
    reasons = [
        (np.isnan(rank), "agreement.reason_no_rank"),
        (np.isnan(ranked), "agreement.reason_ranked"),
        (years < MINIMUM_YEARS, "agreement.reason_run"),
        (count < MINIMUM_YEARS, "agreement.reason_few_years"),
        (deviation == 0, "agreement.reason_same_rank"),
    ]
    reason = np.select([np.full(len(rows), bad) for bad, _ in reasons], [key for _, key in reasons], "")
    given = reason == ""
    half = stats.t.ppf(1 - LEVEL / 2, np.where(given, count - 1, 1)) * np.where(given, deviation, 0)
    known, named = own.notna().to_numpy(), own.columns.to_numpy()
    first, last = named[known.argmax(axis=1)], named[::-1][known[:, ::-1].argmax(axis=1)]
    over = [f"own ranks over {a}-{b}" for a, b in zip(first, last, strict=True)]
    return rows.assign(
        rank_low=np.where(given, np.maximum(np.floor(rank - half), 1), np.nan),
        rank_high=np.where(given, np.minimum(np.ceil(rank + half), ranked), np.nan),
        standard_error=math.nan,
        degrees=np.where(given, count - 1, np.nan),
        method=np.where(given, OWN_RANKS, ""),
        precision=np.where(given, over, ""),
        reason=reason,
    )


@dataclass(frozen=True)
class Summary:
    """
    What the intervals of an index and year come to.

    Attributes
    ----------
    method : str
        ``spread``, ``published``, ``own_ranks`` or "" where no province has an interval.
    n : int
        Provinces with an interval.
    rows : int
        Provinces with a score or a rank.
    ranked : int
        Provinces ranked.
    half_middle : float
        Half the width of the interval, median of the middle half of the ranking; NaN without any there.
    neighbours, together : int
        Pairs of provinces next to each other by score, and how many cannot be told apart.
    pairs, apart : int
        All pairs of provinces with a score, and how many can be told apart, pair by pair.
    top : int or None
        How many provinces may be among the best `TOP`; None where scores do not say.
    """

    method: str
    n: int
    rows: int
    ranked: int
    half_middle: float
    neighbours: int
    together: int
    pairs: int
    apart: int
    top: int | None


def of_year(intervals, index, year):
    """Rows of `table` of an index and year (pandas.DataFrame)."""
    return intervals[(intervals["index"] == index.slug) & (intervals["year"] == year)]


def summarise(rows, draws=DRAWS, seed=SEED):
    """
    Sum up the intervals of one ranking.

    Parameters
    ----------
    rows : pandas.DataFrame
        Of one index and year, as made by `table`, or of one run, as made by `over_runs`.
    draws, seed : int

    Returns
    -------
    Summary
    """
    given = rows[rows["rank_low"].notna()]
    ranked = int(rows["ranked"].max()) if rows["ranked"].notna().any() else 0
    width = (given["rank_high"] - given["rank_low"]).astype("float64")
    middle = width[given["rank"].between(0.25 * ranked, 0.75 * ranked + 1)]
    nearest = rows["apart_from_next"].dropna().astype(bool)
    top, pairs = None, np.zeros(0, dtype=bool)
    scored = given[given["standard_error"].notna()]
    if len(scored):
        degrees = float(scored["degrees"].fillna(math.inf).min())
        scores, errors = (scored[column].to_numpy() for column in ("score", "standard_error"))
        top = int(candidates(scores, errors, degrees=degrees, draws=draws, seed=seed).sum())
        pairs = _apart(scores, errors, degrees, *np.triu_indices(len(scores), 1))
    return Summary(
        # Where some provinces have a published precision and others not, the weaker one is named.
        method=max(given["method"], key=(PUBLISHED, SPREAD, OWN_RANKS).index, default=""),
        n=len(given),
        rows=len(rows),
        ranked=ranked,
        half_middle=float(middle.median()) / 2 if len(middle) else math.nan,
        neighbours=len(nearest),
        together=int((~nearest).sum()),
        pairs=len(pairs),
        apart=int(pairs.sum()),
        top=top,
    )


def _apart(scores, errors, degrees, first, second):
    """Say of pairs of scores whether they differ at the level, each by itself (t test)."""
    from scipy import stats

    critical = stats.t.ppf(1 - LEVEL / 2, degrees)
    return np.abs(scores[first] - scores[second]) > critical * np.hypot(errors[first], errors[second])
