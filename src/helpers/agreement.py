"""Agreement of two rankings rather than their correlation: how far apart the ranks of a province are."""

import math

import numpy as np
import pandas as pd

from helpers import provinces
from helpers.correlation import MINIMUM_PAIRS, totals
from helpers.resampling import DRAWS, LEVEL, SEED

MINIMUM_YEARS = 3
# A ranking of fewer than these is no national one: rank 5 of 10 and rank 5 of 63 are not the same standing.
NEARLY_ALL = 0.9
PAPER, CITIZENS, UNCLEAR = "higher_on_paper", "higher_by_citizens", "no_evidence"
COLUMNS = [
    *("gso_code", "year", "paper", "citizens", "rank_paper", "ranked_paper", "rank_citizens"),
    *("ranked_citizens", "difference", "years", "ci_low", "ci_high", "p_value", "p_adjusted", "verdict"),
    "reason",
]
YEAR_COLUMNS = [
    *("year", "paper", "citizens", "n", "mean_difference", "expected_difference", "kappa", "ci_low"),
    *("ci_high", "p_value", "same_third", "same_third_expected", "reason"),
]
_TYPES = (
    dict.fromkeys(["year", "rank_paper", "ranked_paper", "rank_citizens", "ranked_citizens"], "Int64")
    | dict.fromkeys(["difference", "ci_low", "ci_high", "p_value", "p_adjusted"], "float64")
    | dict.fromkeys(["gso_code", "paper", "citizens", "verdict", "reason"], "str")
    | {"years": "Int64"}
)
_YEAR_TYPES = dict.fromkeys(YEAR_COLUMNS, "float64") | {
    "year": "int64",
    "n": "int64",
    "paper": "str",
    "citizens": "str",
    "reason": "str",
}


def differences(figures, paper, citizens, years=None, vintage="63"):
    """
    Subtract the ranks of a province in two rankings, year by year.

    Parameters
    ----------
    figures : pandas.DataFrame
        Rows of ``indices.csv``.
    paper, citizens : helpers.registry.Index
        The ranking by the administration and the one by citizens.
    years : list of int, optional
        By default every year in which both have ranks.
    vintage : {"63", "34"}
        Only years of this set of units: a code of both sets names two provinces.

    Returns
    -------
    pandas.DataFrame
        One row for each year and province with both ranks: ``gso_code``, ``year``, the ranks and the numbers
        ranked as in `COLUMNS`; ``place_paper``, ``place_citizens``, the ranks on one scale from 1 to the
        number of units, (rank - 0.5) / ranked * units + 0.5; ``difference``, place by citizens less place on
        paper: positive is rated higher on paper than by citizens; ``reason`` where there is none.
    """
    units = int(vintage)
    parts = [pd.DataFrame(columns=[*COLUMNS[:2], *COLUMNS[4:9], "place_paper", "place_citizens", "reason"])]
    figures = figures[figures["component"] == ""]
    for year in sorted(set(figures["year"])):
        if provinces.vintage_of(year) != vintage or (years is not None and year not in years):
            continue
        slugs = [paper.slug, citizens.slug]
        ranks, ranked = (totals(figures, year, c).reindex(columns=slugs) for c in ("rank", "ranked"))
        both = ranks.dropna().index
        if both.empty:
            continue
        part = pd.DataFrame({"gso_code": both, "year": year, "reason": ""})
        for role, slug in zip(("paper", "citizens"), slugs, strict=True):
            of = ranked.loc[both, slug].to_numpy()
            part[f"rank_{role}"], part[f"ranked_{role}"] = ranks.loc[both, slug].to_numpy(), of
            part[f"place_{role}"] = (part[f"rank_{role}"] - 0.5) / of * units + 0.5
            # A comparison with a missing number is false: such a rank has no known scale either.
            part.loc[~(of >= NEARLY_ALL * units), "reason"] = "agreement.reason_partial"
            # All at one rank: what places differ by would only be the numbers ranked.
            if ranks[slug].count() > 1 and ranks[slug].nunique() == 1:
                part["reason"] = "agreement.reason_tied"
        part["difference"] = (part["place_citizens"] - part["place_paper"]).where(part["reason"] == "")
        parts.append(part)
    frame = pd.concat(parts, ignore_index=True)
    places = dict.fromkeys(["place_paper", "place_citizens"], "float64")
    return frame.astype({c: _TYPES[c] for c in frame if c in _TYPES} | places | {"year": "int64"})


def persistence(found, paper, citizens, vintage="63"):
    """
    Average the rank differences of each province over the years, with an interval.

    Parameters
    ----------
    found : pandas.DataFrame
        As made by `differences`.
    paper, citizens : helpers.registry.Index
    vintage : {"63", "34"}

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`, one row a province, ``year`` empty: the mean difference, the number of years, the
        95 % t interval of the mean over the years (cut at what places can differ by), its two-sided p-value
        and the one adjusted for the number of provinces with an interval (Benjamini & Hochberg 1995, Journal
        of the Royal Statistical Society B 57, 289-300). ``verdict``: on which side the interval leaves zero
        out. Ranks are empty; years count as independent of each other, which they are not.
    """
    from scipy import stats

    known = found[found["difference"].notna()]
    grouped = known.groupby("gso_code", sort=True)["difference"]
    rows = grouped.agg(difference="mean", years="count", deviation="std").reset_index()
    few, same = rows["years"] < MINIMUM_YEARS, rows["deviation"] <= 1e-9
    reasons = ["agreement.reason_few_common", "agreement.reason_same_difference"]
    rows["reason"] = np.select([few, same], reasons, "")
    given = rows["reason"] == ""
    error = (rows["deviation"] / np.sqrt(rows["years"])).where(given)
    degrees = (rows["years"] - 1).where(given)
    half = stats.t.ppf(1 - LEVEL / 2, degrees) * error
    most = int(vintage) - 1
    rows["ci_low"] = (rows["difference"] - half).clip(lower=-most)
    rows["ci_high"] = (rows["difference"] + half).clip(upper=most)
    rows["p_value"] = 2 * stats.t.sf((rows["difference"] / error).abs(), degrees)
    rows["p_adjusted"] = math.nan
    if given.any():
        adjusted = stats.false_discovery_control(rows.loc[given, "p_value"], method="bh")
        rows.loc[given, "p_adjusted"] = adjusted
    rows["verdict"] = np.select(
        [~given, rows["ci_low"] > 0, rows["ci_high"] < 0], ["", PAPER, CITIZENS], UNCLEAR
    )
    return _as_table(rows, paper, citizens)


def table(figures, paper, citizens, years=None, vintage="63"):
    """
    Give the rank differences of every year and their summary over the years, as they are kept.

    Parameters
    ----------
    figures, paper, citizens, years, vintage
        As for `differences`.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`: a row for each year and province, then those of `persistence`.
    """
    found = differences(figures, paper, citizens, years, vintage)
    by_year = _as_table(found.assign(years=1), paper, citizens)
    return pd.concat([by_year, persistence(found, paper, citizens, vintage)], ignore_index=True)


def _as_table(rows, paper, citizens):
    rows = rows.assign(paper=paper.slug, citizens=citizens.slug).reindex(columns=COLUMNS)
    return rows.assign(verdict=rows["verdict"].astype(object).fillna("")).astype(_TYPES)


def by_year(found, paper, citizens, vintage="63", draws=DRAWS, seed=SEED):
    """
    Measure how well two rankings agree in each year.

    Parameters
    ----------
    found : pandas.DataFrame
        As made by `differences`.
    paper, citizens : helpers.registry.Index
    vintage : {"63", "34"}
    draws, seed : int
        Of the permutations.

    Returns
    -------
    pandas.DataFrame
        Columns `YEAR_COLUMNS`. ``mean_difference``: mean absolute difference of the places;
        ``expected_difference``: its mean over all ways to pair the places of the provinces known, which is
        what rankings that have nothing to do with each other give; ``kappa``: one less the ratio of the two,
        which is Cohen's linearly weighted kappa of the places (Cohen 1968, Psychological Bulletin 70,
        213-220): 1 for equal places, 0 for chance; its 95 % interval by the jackknife over provinces and
        Student's t (Tukey 1958, Annals of Mathematical Statistics 29, 614; Miller 1974, Biometrika 61, 1-15),
        and its two-sided permutation p-value; ``same_third``: share of the provinces in the same third of
        both rankings, and what chance gives. Fewer than `MINIMUM_PAIRS` provinces, places that are all the
        same, and years without any difference (`differences`) get a ``reason``.
    """
    rows = []
    for year, group in found.groupby("year"):
        known = group[group["difference"].notna()]
        row = {"year": year, "paper": paper.slug, "citizens": citizens.slug}
        if known.empty:
            rows.append(row | {"n": len(group), "reason": group["reason"].iloc[0]})
            continue
        x, y = known["place_paper"].to_numpy(), known["place_citizens"].to_numpy()
        rows.append(row | {"n": len(x)} | _agreement(x, y, int(vintage), draws, seed))
    return pd.DataFrame(rows, columns=YEAR_COLUMNS).astype(_YEAR_TYPES)


def _agreement(x, y, units, draws, seed):
    from scipy import stats

    if len(x) < MINIMUM_PAIRS:
        return {"reason": "agreement.reason_few_provinces"}
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return {"reason": "agreement.reason_tied"}
    apart = np.abs(x[:, None] - y[None, :])
    n, own = len(x), np.diag(apart)
    estimate = 1 - own.mean() / apart.mean()
    # The same without each province in turn.
    rest = apart.sum() - apart.sum(axis=0) - apart.sum(axis=1) + own
    if (rest <= 1e-9 * apart.sum()).any():
        return {"reason": "agreement.reason_tied"}
    without = 1 - (own.sum() - own) * (n - 1) / rest
    half = stats.t.ppf(1 - LEVEL / 2, n - 1) * (n - 1) / math.sqrt(n) * without.std(ddof=1)
    observed, expected = own.mean(), apart.mean()
    order = np.random.default_rng([seed, n]).permuted(np.tile(np.arange(n), (draws, 1)), axis=1)
    drawn = apart[np.arange(n), order].mean(axis=1)
    # Equal pairings can differ in the last digits.
    as_far = np.abs(drawn - expected) >= abs(observed - expected) - 1e-9 * expected
    thirds = [np.minimum(((place - 0.5) / units * 3).astype(int), 2) for place in (x, y)]
    shares = [np.bincount(third, minlength=3) / n for third in thirds]
    return {
        "mean_difference": observed,
        "expected_difference": expected,
        "kappa": estimate,
        "ci_low": estimate - half,
        "ci_high": min(estimate + half, 1.0),
        "p_value": (1 + as_far.sum()) / (1 + draws),
        "same_third": (thirds[0] == thirds[1]).mean(),
        "same_third_expected": shares[0] @ shares[1],
        "reason": "",
    }


def positions(found, minimum=1):
    """
    Average the places of each province in both rankings, as points to draw.

    Parameters
    ----------
    found : pandas.DataFrame
        As made by `differences`, of one year or several.
    minimum : int
        Years that a province must be known in.

    Returns
    -------
    pandas.DataFrame
        One row a province (``gso_code``, the index): ``x`` and ``y`` (mean place on paper and by citizens),
        ``years``.
    """
    known = found[found["difference"].notna()].groupby("gso_code")
    points = known.agg(x=("place_paper", "mean"), y=("place_citizens", "mean"), years=("year", "size"))
    return points[points["years"] >= minimum]


def quadrant(points, units):
    """
    Say in which quadrant each point lies, cut at the middle of the rankings and not of the points.

    Parameters
    ----------
    points : pandas.DataFrame
        As made by `positions`.
    units : int
        Provinces ranked; the middle is the place (units + 1) / 2, which belongs to the upper half.

    Returns
    -------
    pandas.Series of {"both", "paper", "citizens", "neither"}
        High on both; higher on paper; higher by citizens; low on both.
    """
    middle = (units + 1) / 2
    upper_x, upper_y = points["x"] <= middle, points["y"] <= middle
    names = np.select([upper_x & upper_y, upper_x, upper_y], ["both", "paper", "citizens"], "neither")
    return pd.Series(names, points.index, dtype=object)
