"""Checks of a whole table before anything of it is taken: ranks against scores, means and extremes."""

import bisect
import statistics

from helpers.layouts import FEWEST

# Ranks of so many provinces may contradict the scores (slips of the pen); more, and the columns are not what
# their heads say.
SLIPS = 2
# A national mean is weighted by people or by answers: it differs from the mean of the provinces, but not by
# more than this share of their spread.
MEAN_SPREAD = 0.5


def rank_problem(scores, ranks, units):
    """
    Say what is wrong with the ranks of a table.

    Parameters
    ----------
    scores, ranks : dict
        Numbers by province; the scores may be missing.
    units : int
        How many provinces there are.

    Returns
    -------
    (str, object) or None
        A phrase and the province where it shows; None where the ranks can be right.
    """
    for code, rank in ranks.items():
        if rank % 1 or not 1 <= rank <= units:
            return "ranks that are no ranks", code
    both = sorted((ranks[code], -scores[code], code) for code in ranks if code in scores)
    if len(both) < 5:
        return None
    outside = _out_of_order([score for _, score, _ in both])
    if len(outside) > SLIPS:
        reverse = _out_of_order([-score for _, score, _ in both])
        problem = (
            "ranks that rise with the scores" if len(reverse) <= SLIPS else "ranks that contradict the scores"
        )
        return problem, both[outside[0]][2]
    return None


def _out_of_order(values):
    """Places of the fewest values that have to go for the rest to rise (equal ones may follow each other)."""
    tails, tail_places, previous = [], [], [None] * len(values)
    for place, value in enumerate(values):
        at = bisect.bisect_right(tails, value)
        if at == len(tails):
            tails.append(value)
            tail_places.append(place)
        else:
            tails[at], tail_places[at] = value, place
        previous[place] = tail_places[at - 1] if at else None
    kept, place = set(), tail_places[-1] if tail_places else None
    while place is not None:
        kept.add(place)
        place = previous[place]
    return [place for place in range(len(values)) if place not in kept]


def looks_like_ranks(scores):
    """
    Say whether the "scores" of a column are the numbers from 1 on, each once.

    Parameters
    ----------
    scores : list of float

    Returns
    -------
    bool
    """
    return len(scores) >= FEWEST and sorted(scores) == list(range(1, len(scores) + 1))


def summary_agrees(kind, stated, decimals, values):
    """
    Compare a stated mean or extreme with the figures of its column.

    Parameters
    ----------
    kind : str
        "mean", "maximum", "minimum", "median" or "region" (a mean of some of the provinces).
    stated : float
    decimals : int
        How many the statement has.
    values : list of float

    Returns
    -------
    bool
    """
    tolerance = 0.51 * 10.0**-decimals
    low, high = min(values), max(values)
    if kind == "mean":
        return abs(stated - statistics.fmean(values)) <= MEAN_SPREAD * statistics.pstdev(values) + tolerance
    if kind == "region":
        return low - tolerance <= stated <= high + tolerance
    if kind == "median":
        return abs(stated - statistics.median(values)) <= tolerance
    return abs(stated - (high if kind == "maximum" else low)) <= tolerance
