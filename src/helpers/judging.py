"""How far the figures of a year are from the goals that provinces state for themselves."""

from dataclasses import dataclass, field

import numpy as np

from helpers import comparability, provinces, standing
from helpers.ledger import SCORE_DECIMALS
from helpers.registry import Index
from helpers.targets import VINTAGE, Goal

# A best level counts as recent in the year itself and in the four before.
RECENT_YEARS = 5
# Half of the last decimal with which sources report points.
_REPORTED_ERROR = 0.005
# Percentiles at which the quarters begin, the highest first; the last begins with the lowest score.
_QUARTERS = (75, 50, 25, 0)


def evaluate(targets, code, year, figures, registry):
    """
    Say how far a province is from its goals in a year.

    Parameters
    ----------
    targets : list of helpers.targets.Target
    code : str
        Of the 63.
    year : int
    figures : pandas.DataFrame
        Rows of ``indices.csv``.
    registry : helpers.registry.Registry

    Returns
    -------
    list of dict
        One for each target of the province with ``stated_in <= year <= by``, none for years of other units:
        ``stated_in``, ``by``, ``source`` and ``goals``, a list of dicts with

        index, component, kind, goal, from
            As stated; ``from`` is a group.
        from_ours, from_agrees
            Our group in the year ``stated_in`` and whether it is the one stated; None if either is missing.
        now, reached
            Group, score or rank of the year; whether it is the goal or better, None if it cannot be said.
        reason
            Why `reached` is None: "no_figure" (the registry ends before or begins after this year, or lacks
            the component), "no_result", "some_components", "not_surveyed", "not_reported", "only_rank",
            "only_score", "other_scale" (stated on another scale than the index's points), "no_group" (not a
            group of this year), "start" (to be better than in this very year), "no_start" (no figure in
            ``stated_in``), "series_break", "top_at_start" (already first, which cannot be bettered).
        start
            Of kind "better": rank or score in the year ``stated_in``.
        needed
            Points that the goal took this year: the limit of the group; for quarters the percentile at which
            it began (numpy, linear, as `helpers.ranking.quarters` cuts; it is held where it was, though a
            province that rises can move it a little); the score of the province at the place; for "better"
            the score to exceed.
        needed_rank
            The last place that fulfils the goal; None where it cannot be said.
        distance
            `needed` less the score in points; 0 where the goal is reached; None where unknown.
        closing
            Components that were better in the last five years of the comparable series, on the same scale, by
            what their best level would add: component, score, best, best_year (the latest with it), gain,
            cumulative, closes. None unless the components add up to the total.
        closing_reason
            Why there is no `closing` though the goal is not reached: "no_distance", "no_parts",
            "some_components" (not all are at hand in points), "no_sum" (they do not add up).
        gap_closed_by
            How many of them, the largest gains first, reach the goal together; None if all do not.
        sources
            Identifiers of the sources of these figures.
    """
    due = [
        target
        for target in targets
        if target.province == code
        and target.stated_in <= year <= target.by
        and provinces.vintage_of(year) == VINTAGE
    ]
    if not due:
        return []
    goals = [goal for target in due for goal in target.goals]
    of_index = figures["index"].isin({goal.index for goal in goals})
    country = (figures["year"] == year) & figures["component"].isin({goal.component for goal in goals})
    rows = standing.table(figures[of_index & (country | (figures["gso_code"] == code))])
    return [
        {
            "stated_in": target.stated_in,
            "by": target.by,
            "source": target.source,
            "goals": [
                _Case(goal, target.stated_in, code, year, rows, registry[goal.index]).judged()
                for goal in target.goals
            ],
        }
        for target in due
    ]


@dataclass(frozen=True)
class _Need:
    """What a goal takes in a year: points, a place, why it cannot be said, and rows that say it."""

    score: float | None = None
    rank: int | None = None
    reason: str | None = None
    sources: tuple = ()


@dataclass(frozen=True)
class _Case:
    """One goal of one province in one year."""

    goal: Goal
    stated_in: int
    code: str
    year: int
    rows: dict = field(repr=False)
    index: Index

    @property
    def measure(self):
        """Whether the rank or the score decides; a group follows from the score."""
        kind = self.goal.goal if self.goal.kind == "better" else self.goal.kind
        return "rank" if kind == "rank" else "score"

    @property
    def country(self):
        """Rows of all provinces by code."""
        return self.rows.get((self.goal.index, self.year, self.goal.component), {})

    def own(self, year):
        """Figures of the province in a year, with those missing as None."""
        row = self.rows.get((self.goal.index, year, self.goal.component), {}).get(self.code, {})
        return {
            name: row.get(name) for name in ("score", "max_score", "rank", "group", "source", "rank_source")
        }

    def in_points(self, row):
        """Whether a row has a score in the points of the index: some sources state a percentage instead."""
        highest = self.index.max_score(self.year, self.goal.component)
        return row["score"] is not None and row["max_score"] == _rounded(highest)

    def judged(self):
        """Everything that `evaluate` says of the goal (dict)."""
        goal, now, start = self.goal, self.own(self.year), self.own(self.stated_in)
        known = self.index.has_year(self.year) and (
            not goal.component or goal.component in self.index.components_of(self.year)
        )
        need = self.need(start) if known else _Need(reason="no_figure")
        reason = need.reason if need.reason in ("no_figure", "no_group") else self.gap(now) or need.reason
        reached = None if reason else self.fulfils(now, start)
        distance = 0.0 if reached else None
        if reached is not True and None not in (need.score, now["score"]) and self.in_points(now):
            # Rounded reports can contradict a rank; a distance below zero would be no distance.
            short = _rounded(need.score - now["score"])
            distance = short if short >= 0 else None
        closing, closing_reason, origins = None, None, ()
        if reached is False:
            closing, closing_reason, origins = self.closing(distance)
        closers = [number for number, part in enumerate(closing or [], start=1) if part["closes"]]
        own = {"group": now["group"], "score": now["score"], "rank": now["rank"]}
        agrees = None
        if goal.stated_group is not None and start["group"] is not None:
            agrees = goal.stated_group == start["group"]
        kept = ["rank_source"] if self.measure == "rank" else ["source"]
        used = [now[name] for name in (*kept, *(["source"] if distance else []))]
        if goal.kind == "better":
            used += [start[name] for name in kept]
        if goal.stated_group is not None:
            used.append(start["source"])
        return {
            "index": goal.index,
            "component": goal.component,
            "kind": goal.kind,
            "goal": goal.goal,
            "from": goal.stated_group,
            "from_ours": start["group"] if goal.stated_group is not None else None,
            "from_agrees": agrees,
            "now": own["group" if goal.kind == "group" else self.measure],
            "reached": reached,
            "reason": reason,
            "start": start[self.measure] if goal.kind == "better" else None,
            "needed": _rounded(need.score),
            "needed_rank": need.rank,
            "distance": distance,
            "closing": closing,
            "closing_reason": closing_reason,
            "gap_closed_by": closers[0] if closers else None,
            "sources": sorted(
                {name for cell in (*used, *need.sources, *origins) if cell for name in cell.split("|")}
            ),
        }

    def gap(self, now):
        """Say why the figure that decides is missing; None where it is there."""
        if now[self.measure] is not None:
            return None if self.measure == "rank" or self.in_points(now) else "other_scale"
        if self.measure == "rank" and now["score"] is not None:
            return "only_score"
        if self.measure == "score" and now["rank"] is not None:
            return "only_rank"
        if self.index.ranks_computed:
            some = any(
                (slug, year) == (self.goal.index, self.year) and self.code in rows
                for (slug, year, _), rows in self.rows.items()
            )
            return "some_components" if some and not self.goal.component else "no_result"
        surveyed = self.index.surveyed(self.year)
        return "not_surveyed" if surveyed is not None and len(self.country) >= surveyed else "not_reported"

    def need(self, start):
        """Say what the goal takes in this year (_Need)."""
        if self.goal.kind == "score":
            return _Need(float(self.goal.goal))
        if self.goal.kind == "group":
            return self.need_of_group()
        if self.goal.kind == "rank":
            return self.need_of_place(self.goal.goal)
        if self.year == self.stated_in:
            return _Need(reason="start")
        if start[self.measure] is None:
            return _Need(reason="no_start")
        if self.measure == "rank":
            better = start["rank"] - 1
            return self.need_of_place(better) if better else _Need(reason="top_at_start")
        try:
            comparability.check_comparable(self.index, [self.stated_in, self.year])
        except comparability.SeriesBreakError:
            return _Need(reason="series_break")
        return _Need(start["score"]) if self.in_points(start) else _Need(reason="other_scale")

    def need_of_group(self):
        names = standing.group_names(self.index, self.year)
        if names is None or self.goal.goal not in names:
            return _Need(reason="no_group")
        entry = self.index.groups(self.year)
        if entry["kind"] == "limits":
            return _Need(float(dict(entry["limits"])[self.goal.goal]))
        scored = [row for row in self.country.values() if row["score"] is not None]
        if not scored:
            return _Need()
        percent = _QUARTERS[names.index(self.goal.goal)]
        cut = float(np.percentile([row["score"] for row in scored], percent))
        inside = [row["rank"] for row in scored if row["score"] >= cut and row["rank"] is not None]
        return _Need(cut, max(inside, default=None), sources=tuple(row["source"] for row in scored))

    def need_of_place(self, place):
        """What a place takes: the score of the province there, only where that province is at hand."""
        ranked = [row for row in self.country.values() if row["rank"] is not None]
        of = max((row["ranked"] for row in ranked if row["ranked"] is not None), default=None)
        better = [row for row in ranked if row["rank"] <= place]
        if not better:
            return _Need(rank=place)
        last = max(row["rank"] for row in better)
        there = [row for row in better if row["rank"] == last]
        # Provinces that share a place take up those behind it, too.
        if last + len(there) <= min(place, of or place):
            return _Need(rank=place)
        scored = [row for row in there if self.in_points(row)]
        lowest = min((row["score"] for row in scored), default=None)
        return _Need(lowest, place, sources=tuple(row["source"] for row in scored))

    def fulfils(self, now, start):
        if self.goal.kind == "score":
            return now["score"] >= self.goal.goal
        if self.goal.kind == "rank":
            return now["rank"] <= self.goal.goal
        if self.goal.kind == "better":
            return now["rank"] < start["rank"] if self.measure == "rank" else now["score"] > start["score"]
        names = standing.group_names(self.index, self.year)
        # A score below every limit has no group of its own.
        return now["group"] is not None and names.index(now["group"]) <= names.index(self.goal.goal)

    def closing(self, distance):
        """What the components would add at their best recent level, why that cannot be said, and sources."""
        if distance is None:
            return None, "no_distance", ()
        index, component = self.index, self.goal.component
        parts = index.parts(self.year, component) if component or index.sums else index.fields(self.year)
        if not parts:
            return None, "no_parts", ()
        now = {}
        for part in parts:
            highest = _rounded(index.max_score(self.year, part))
            now[part] = self.of_part(part, self.year, highest)
        if None in now.values():
            return None, "some_components", ()
        total = self.own(self.year)["score"]
        error = abs(sum(row["score"] for row in now.values()) - total)
        if not index.sums and error > _REPORTED_ERROR * (len(parts) + 1):
            return None, "no_sum", ()
        run = next(years for _, years in comparability.runs(index) if self.year in years)
        recent = [year for year in run if self.year - RECENT_YEARS < year <= self.year]
        gains, origins = [], []
        for part, row in now.items():
            levels = {year: self.of_part(part, year, row["max_score"]) for year in recent}
            best, when = max((level["score"], year) for year, level in levels.items() if level)
            if (gain := _rounded(best - row["score"])) > 0:
                found = {
                    "component": part,
                    "score": row["score"],
                    "best": best,
                    "best_year": when,
                    "gain": gain,
                }
                gains.append(found)
                origins += [row["source"], levels[when]["source"]]
        gains.sort(key=lambda found: -found["gain"])
        cumulative = 0.0
        # To draw level with a score is not yet to be better.
        strict = self.goal.kind == "better" and self.measure == "score"
        for found in gains:
            cumulative = _rounded(cumulative + found["gain"])
            found["cumulative"] = cumulative
            found["closes"] = cumulative > distance if strict else cumulative >= distance
        return gains, None, origins

    def of_part(self, part, year, highest):
        """Figures of a component, None where it has no score or one on another scale."""
        row = self.rows.get((self.goal.index, year, part), {}).get(self.code)
        return row if row and row["score"] is not None and row["max_score"] == highest else None


def _rounded(value):
    return None if value is None else round(float(value), SCORE_DECIMALS)
