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


def rank_problem(scores, ranks, units, order=()):
    """
    Say what is wrong with the ranks of a table.

    Parameters
    ----------
    scores, ranks : dict
        Numbers by province; some or all of the scores may be missing.
    units : int
        How many provinces there are.
    order : list of str, optional
        The provinces in the order of the rows, without those of which the table itself says by a mark ("-",
        "n/a") that they have no score or rank.

    Returns
    -------
    (str, object) or None
        A phrase and the province where it shows; None where the ranks can be right.
    """
    for code, rank in ranks.items():
        if rank % 1 or not 1 <= rank <= units:
            return "ranks that are no ranks", code
    last = max(ranks, key=ranks.get)
    if not scores and len(ranks) >= FEWEST and ranks[last] < len(ranks) / 2:
        # Quarters or classes: with so few numbers for so many provinces, nearly all would share a place.
        return "ranks that are no ranks", last
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
    kept = [entry for place, entry in enumerate(both) if place not in outside]
    ahead = sorted({score for _, score, _ in kept})
    early = [code for rank, score, code in kept if rank < 1 + bisect.bisect_left(ahead, score)]
    if len(early) > SLIPS:
        return "ranks that contradict the scores", early[0]
    if moved := _moved(scores, ranks, order, {both[place][2] for place in outside}):
        return "scores or ranks that have moved by a row", moved
    return None


def _moved(scores, ranks, order, outside):
    """
    Province that gives away that scores and ranks were moved against each other, or None.

    In a table sorted by its ranks, a column that was moved by a row still rises or falls with the other. But
    it leaves a blank cell in the first or last row, or takes in there the figure from the other end.
    """
    inner = [ranks[code] for code in order if code in ranks and code not in outside]
    if not inner or inner not in (sorted(inner), sorted(inner, reverse=True)):
        return None
    alone = {code for code in order if (code in scores) != (code in ranks)}
    for rows in (order, order[::-1]):
        if rows[0] in outside or (0 < len(alone) <= SLIPS and alone == set(rows[: len(alone)])):
            return rows[0]
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


def is_sorted(values):
    """Say whether enough numbers rise, or fall, from the first to the last (bool)."""
    return len(values) >= FEWEST and values in (sorted(values), sorted(values, reverse=True))


def is_turned(values):
    """
    Say whether numbers are sorted but for the last, which comes first, or the first, which comes last.

    Parameters
    ----------
    values : list of float
        In the order of the rows.

    Returns
    -------
    bool
    """
    if len(values) < FEWEST or values[0] == values[-1] or is_sorted(values):
        return False
    return is_sorted(values[1:] + values[:1]) or is_sorted(values[-1:] + values[:-1])


def looks_like_ranks(scores, units):
    """
    Say whether the "scores" of a column are ranks: whole numbers of which hardly any stands twice.

    Parameters
    ----------
    scores : list of float
    units : int
        How many provinces there are.

    Returns
    -------
    bool
    """
    if len(scores) < FEWEST or any(score % 1 or not 1 <= score <= units for score in scores):
        return False
    return len(set(scores)) >= 0.8 * len(scores)


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


def sums_up(stated, decimals, values):
    """
    Say whether a number is the mean, an extreme, the median or the sum of a column.

    Parameters
    ----------
    stated : float
    decimals : int
        How many the number has.
    values : list of float

    Returns
    -------
    bool
    """
    tolerance = 0.51 * 10.0**-decimals
    sums = (statistics.fmean(values), max(values), min(values), statistics.median(values), sum(values))
    return any(abs(stated - value) <= tolerance for value in sums)
