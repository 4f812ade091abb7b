"""Where one province stands among others in an index or component: in its region, by distance, over time."""

import functools
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from helpers.ledger import SCORE_DECIMALS
from helpers.registry import Index

# A record over two years would only repeat the change on the year before.
LEAST_YEARS = 3
COURSE_YEARS = 5
# A rank among so much fewer provinces (a pilot) is not the same standing.
WHOLE_SHARE = 0.9
# The median of a few scores that happened to be reported says nothing of the country.
LEAST_SCORES = 8
_KEPT = ["score", "max_score", "rank", "ranked", "group", "series"]
_NUMBERS = {"score": float, "max_score": float, "rank": int, "ranked": int}
_ORIGINS = ["basis", "source", "rank_basis", "rank_source"]


@dataclass(frozen=True)
class Standing:
    """
    The figures of all provinces in one index, year and component.

    Attributes
    ----------
    index : helpers.registry.Index
    year : int
    component : str
        A slug, or "" for the total.
    rows : dict of dict
        By code: score, max_score, rank, ranked, group, series, basis, source, rank_basis, rank_source; None
        where something is missing. Provinces without a row are missing.
    units : dict of dict
        By code, every province of the year: its ``region6``, ``region8`` and ``cities`` (a name, or "" for
        none).
    """

    index: Index
    year: int
    component: str
    rows: dict = field(repr=False)
    units: dict = field(repr=False)

    @functools.cached_property
    def ranks(self):
        """National ranks at hand by code (dict of int)."""
        return {code: row["rank"] for code, row in self.rows.items() if row["rank"] is not None}

    @functools.cached_property
    def ranked(self):
        """How many provinces are ranked, as far as it is known (int or None)."""
        known = [row["ranked"] for row in self.rows.values() if row["ranked"] is not None]
        return max(known, default=None)

    @functools.cached_property
    def _by_scale(self):
        scales = {}
        for code, row in self.rows.items():
            if row["score"] is not None:
                scales.setdefault(row["max_score"], {})[code] = row["score"]
        return scales

    def scores(self, code):
        """
        Give the scores that a province's can be compared with.

        Some sources state a component in points, others as a percentage: those of another scale are left out.

        Parameters
        ----------
        code : str

        Returns
        -------
        dict of float
            By code, on the scale of the province's own score; without one, on the scale that most have.
        """
        own = self.rows.get(code)
        if own and own["score"] is not None:
            return self._by_scale[own["max_score"]]
        return max(self._by_scale.values(), key=len, default={})

    def _sources(self, codes, column="source"):
        return sorted({self.rows[code][column] for code in codes if self.rows[code][column]})

    def median(self, code):
        """
        Compare a province with the median of the scores at hand.

        Parameters
        ----------
        code : str

        Returns
        -------
        dict or None
            ``value``, ``n`` scores, ``complete`` (whether every ranked province has one), ``distance`` (own
            less median, None without an own score), ``sources``; None where fewer than `LEAST_SCORES` scores
            are at hand and these are not all.
        """
        scores = self.scores(code)
        if not scores or (len(scores) < LEAST_SCORES and len(scores) != self.ranked):
            return None
        value, sources = self._medians[self.rows[next(iter(scores))]["max_score"]]
        own = scores.get(code)
        return {
            "value": _rounded(value),
            "n": len(scores),
            "complete": len(scores) == self.ranked,
            "distance": None if own is None else _rounded(own - value),
            "sources": sources,
        }

    @functools.cached_property
    def _medians(self):
        """Median and sources of the scores on each scale."""
        return {
            scale: (float(np.median(list(scores.values()))), self._sources(scores))
            for scale, scores in self._by_scale.items()
        }

    def top(self, code):
        """
        Compare a province with the one that is ranked first.

        Parameters
        ----------
        code : str

        Returns
        -------
        dict or None
            ``provinces`` (codes of rank 1), ``score``, ``distance`` (own less top, None without an own
            score), ``sources``; None where the first has no score at hand on the same scale, or several.
        """
        return self._against(code, [other for other, rank in self.ranks.items() if rank == 1], True)

    def next_better(self, code):
        """
        Compare a province with the next better rank.

        Parameters
        ----------
        code : str

        Returns
        -------
        dict or None
            ``provinces``, ``rank``, ``score``, ``distance`` (points needed to draw level), ``sources``. None
            for the first, and where it is not sure that the next better province is at hand with its score:
            reported ranks have gaps.
        """
        own = self.ranks.get(code)
        if own is None or code not in self.scores(code):
            return None
        above = max((rank for rank in self.ranks.values() if rank < own), default=None)
        provinces = [other for other, rank in self.ranks.items() if rank == above]
        # Equal provinces share the better rank, and the ranks that they would have had are left out.
        if above is None or above + len(provinces) != own:
            return None
        found = self._against(code, provinces, False)
        if found is None or found["distance"] < 0:
            return None
        return {"provinces": found.pop("provinces"), "rank": above, **found}

    def _against(self, code, provinces, below_zero):
        scores = self.scores(code)
        own, scored = scores.get(code), [other for other in provinces if other in scores]
        # Reports may give two provinces one rank but different scores: neither is the score of that rank.
        if len({scores[other] for other in scored}) != 1:
            return None
        score = scores[scored[0]]
        difference = None if own is None else own - score if below_zero else score - own
        return {
            "provinces": sorted(provinces),
            "score": _rounded(score),
            "distance": None if difference is None else _rounded(difference),
            "sources": self._sources(scored),
        }

    def among(self, code, scope, stated=None):
        """
        Find the rank of a province in its region or among the centrally run cities.

        Where national ranks of the region are missing, those at hand still bound it: of the provinces that
        are nationally better, so many are known, and the others can only be among those without a rank.

        Parameters
        ----------
        code : str
        scope : {"region6", "region8", "cities"}
        stated : dict, optional
            ``rank``, ``of``, ``basis`` and ``source`` of a statement.

        Returns
        -------
        dict or None
            None where the province belongs to no such set. ``name``; ``rank``; ``of``: how many of the set
            are ranked nationally (None if that is not known); ``known``: how many have a rank at hand;
            ``between``: the best and the worst possible rank, where it is not known; ``basis``: "computed"
            from all ranks of the set, "stated" by a source, "bounded" where only one rank is possible;
            ``source`` and ``sources``.
        """
        name = self.units[code][scope]
        if not name:
            return None
        members = [other for other, unit in self.units.items() if unit[scope] == name]
        known = {other: self.ranks[other] for other in members if other in self.ranks}
        unknown = None if self.ranked is None else self.ranked - len(self.ranks)
        of = len(known) if unknown == 0 else len(members) if self.ranked == len(self.units) else None
        found = {"name": name, "rank": None, "of": of, "known": len(known), "between": None, "basis": None}
        own, sources = self.ranks.get(code), []
        if own is not None:
            better = sum(rank < own for rank in known.values())
            # Who has no rank at hand, in the set and outside it, and how many of all these are better.
            hidden = len(members) - len(known)
            outside = len(self.units) - len(self.ranks) - hidden
            above = max(own - 1 - sum(rank < own for rank in self.ranks.values()), 0)
            above = min(above, unknown or 0)
            best, worst = better + max(above - outside, 0) + 1, better + min(hidden, above) + 1
            sources = self._sources(known, "rank_source")
            if unknown == 0 or (unknown and hidden == 0):
                found |= {"rank": better + 1, "basis": "computed"}
            elif unknown is not None:
                # A bound rests on every rank of the country.
                sources = self._sources(self.ranks, "rank_source")
                if best >= worst:
                    found |= {"rank": worst, "basis": "bounded"}
                else:
                    found["between"] = [best, worst]
        if stated and found["basis"] != "computed":
            found |= {
                "rank": stated["rank"],
                "of": stated["of"] or of,
                "between": None,
                "basis": stated["basis"],
            }
            sources = [stated["source"]]
        return found | {"source": sources[0] if sources else None, "sources": sources}


def table(figures):
    """
    Arrange the figures by index, year and component for looking up.

    Parameters
    ----------
    figures : pandas.DataFrame
        Rows of ``indices.csv``.

    Returns
    -------
    dict of dict of dict
        By (index, year, component), then by code: the columns of `Standing.rows`.
    """
    names = [*_KEPT, *_ORIGINS]
    columns = [figures[name].tolist() for name in ("index", "year", "component", "gso_code")]
    columns += [_plain(figures[name]) for name in names]
    found = {}
    for slug, year, component, code, *values in zip(*columns, strict=True):
        found.setdefault((slug, int(year), component), {})[code] = dict(zip(names, values, strict=True))
    return found


def _plain(column):
    """List the values of a column, None where there is none."""
    missing = column.isna().to_numpy() | column.eq("").to_numpy(dtype=bool, na_value=True)
    kind = _NUMBERS.get(column.name, str)
    return [None if gone else kind(value) for value, gone in zip(column.tolist(), missing, strict=True)]


def change(index, year, now, before, stated=None):
    """
    Say how a figure changed on the year before.

    Parameters
    ----------
    index : helpers.registry.Index
    year : int
        The later one.
    now, before : dict or None
        Rows of `Standing.rows`.
    stated : dict of dict, optional
        By "rank_change" and "score_change": what a source states (``value``, ``basis``, ``source``), used
        where a figure of either year is missing, or where the earlier rank was derived from it.

    Returns
    -------
    dict
        ``rank_change`` (places, positive is a rise) and ``score_change`` (points, only between years of one
        series and on one scale), each with ``_basis`` ("computed" or as stated) and ``_source``;
        ``group_before`` and ``group_change`` (groups up, None where the grouping is another).
    """
    now, before, stated = now or {}, before or {}, stated or {}
    comparable = index.has_year(year - 1) and index.series(year - 1) == index.series(year)
    values = {}
    if now.get("rank") is not None and before.get("rank") is not None:
        values["rank_change"] = before["rank"] - now["rank"], before["rank_source"]
    same_scale = now.get("max_score") == before.get("max_score")
    if comparable and same_scale and None not in (now.get("score"), before.get("score")):
        values["score_change"] = _rounded(now["score"] - before["score"]), before["source"]
    found = {}
    for name in ("rank_change", "score_change"):
        value, basis, source = None, None, None
        said = stated.get(name, {})
        # A rank of the year before that was derived from a stated change says nothing that this did not say.
        circular = name == "rank_change" and before.get("rank_basis") == "derived"
        if name in values and not (circular and values[name][0] == said.get("value")):
            (value, source), basis = values[name], "computed"
        elif name in stated and (name == "rank_change" or comparable):
            value, basis, source = (stated[name][key] for key in ("value", "basis", "source"))
        found |= {name: value, f"{name}_basis": basis, f"{name}_source": source}
    group, earlier = now.get("group"), before.get("group")
    moved, names = None, group_names(index, year)
    if group and earlier and names == group_names(index, year - 1) and _same_grouping(index, year):
        moved = names.index(earlier) - names.index(group)
    return found | {"group_before": earlier, "group_change": moved}


def _same_grouping(index, year):
    """Whether groups of two years compare: quarters always, limits as far as the scores themselves do."""
    now, before = index.groups(year), index.groups(year - 1)
    if now["kind"] == "quarters":
        return before["kind"] == "quarters"
    return now["limits"] == before.get("limits") and index.series(year) == index.series(year - 1)


def group_names(index, year):
    """
    List the published groups of a year.

    Parameters
    ----------
    index : helpers.registry.Index
    year : int

    Returns
    -------
    list of str or None
        The best first; None where the index has no groups in the year.
    """
    grouping = index.groups(year) if index.has_year(year) else None
    if grouping is None:
        return None
    return list(grouping["names"]) if grouping["kind"] == "quarters" else [n for n, _ in grouping["limits"]]


def record(values, best, sources):
    """
    Hold this year's value against those before it.

    Parameters
    ----------
    values : dict
        Numbers by year, this year's among them as the last.
    best : callable
        `min` where a small number is good (ranks), else `max`.
    sources : dict of str
        By year.

    Returns
    -------
    dict or None
        ``years`` (how many), ``since``, ``best`` and ``worst`` (``value`` and the ``years`` that had it),
        ``is_best``, ``is_worst``, ``sources`` of all these years; None for fewer than `LEAST_YEARS` years.
    """
    if len(values) < LEAST_YEARS:
        return None
    now = values[max(values)]
    ends = {"best": best(values.values()), "worst": (max if best is min else min)(values.values())}
    found = {"years": len(values), "since": min(values), "sources": sorted(set(sources.values()))}
    for name, value in ends.items():
        found[name] = {"value": value, "years": sorted(year for year in values if values[year] == value)}
    return found | {f"is_{name}": now == value for name, value in ends.items()}


def similar(profiles, code, members, least=2):
    """
    Find the provinces whose profile is nearest to that of a province.

    Parameters
    ----------
    profiles : pandas.DataFrame, shape (n, k)
        Scores of the k dimensions by code; only provinces that have all of them.
    code : str
    members : list of str
        Codes among which to look.
    least : int
        Of fewer dimensions there is no profile.

    Returns
    -------
    pandas.Series of float
        Root mean square difference of the dimension scores, each in standard deviations of all provinces
        (divided by n), by code, the nearest first; equal ones by code. Empty where the province has no
        profile.
    """
    others = [other for other in members if other in profiles.index and other != code]
    if code not in profiles.index or profiles.shape[1] < least:
        return pd.Series(dtype=float)
    spread = profiles.std(ddof=0)
    differences = (profiles.loc[others] - profiles.loc[code]) / spread.where(spread > 0)
    distance = np.sqrt((differences**2).mean(axis=1))
    return distance.sort_index().sort_values(kind="stable")


def _rounded(value):
    return round(float(value), SCORE_DECIMALS) + 0.0
