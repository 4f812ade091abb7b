"""Goals that provinces state for themselves, and how far the figures of a year are from them."""

import tomllib
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from helpers import comparability, provinces, standing
from helpers import registry as registry_
from helpers.files import resolve
from helpers.ledger import SCORE_DECIMALS

FILE = "targets.toml"
KINDS = ("group", "score", "rank", "better")
MEASURES = ("rank", "score")
# Units are those of the 63 provinces.
VINTAGE = "63"
# A best level counts as recent in the year itself and in the four before.
RECENT_YEARS = 5
# Half of the last decimal with which sources report points.
_REPORTED_ERROR = 0.005
_TARGET_KEYS = {"province": str, "name": str, "stated_in": int, "by": int, "source": str, "goals": list}
_GOAL_KEYS = {"index", "component", "from", *KINDS}
# Percentiles at which the quarters begin, the highest first; the last begins with the lowest score.
_QUARTERS = (75, 50, 25, 0)
_EXAMPLE = '{ index = "papi", rank = 20 }'
# A word at least so much like a known one (of 100) is taken for a slip.
_ALIKE = 60


class TargetError(ValueError):
    """
    The file of targets is wrong.

    Attributes
    ----------
    faults : list of str
        A sentence for each fault: where it stands, what was expected, what to do.
    """

    def __init__(self, faults):
        self.faults = list(faults)
        super().__init__("\n".join(self.faults))


@dataclass(frozen=True)
class Goal:
    """
    What one index, or a component of it, is to reach.

    Attributes
    ----------
    index : str
        Slug.
    component : str
        Slug, or "" for the total.
    kind : {"group", "score", "rank", "better"}
    goal : str, float or int
        "group": at least this published group; "score": at least so many points; "rank": this place or a
        better one; "better": "rank" or "score", whichever is to be better than in the year it was stated in.
    stated_group : str or None
        Group that the text says the province is in.
    """

    index: str
    component: str
    kind: str
    goal: str | float | int
    stated_group: str | None = None


@dataclass(frozen=True)
class Target:
    """
    What a province states in one text.

    Attributes
    ----------
    province : str
        Code of the 63.
    name : str
    stated_in : int
        Data year that the text starts from.
    by : int
        Data year in which the goals are to be reached.
    source : str
        Identifier in ``sources.csv``.
    goals : tuple of Goal
    """

    province: str
    name: str
    stated_in: int
    by: int
    source: str
    goals: tuple = field(repr=False)


# --- reading ---------------------------------------------------------------------------------------------


def read(raw, registry):
    """
    Read the targets and check all of them.

    Parameters
    ----------
    raw : str or pathlib.Path
        Folder of the raw tables.
    registry : helpers.registry.Registry

    Returns
    -------
    list of Target
        In the order of the file; empty where there is no file.

    Raises
    ------
    TargetError
        If the file is no TOML, has unknown or missing keys or values of a wrong kind, a code and a name do
        not fit, or a target names an index, component, group, score, rank or source that does not exist. An
        index that is known but has no figures in the years of the target is no fault.
    """
    folder = resolve(raw)
    path = folder / FILE
    if not path.is_file():
        return []
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TargetError([f"{FILE} is no valid TOML: {error}; correct it, or remove the file."]) from None
    targets = entries.pop("target", [])
    faults = [
        f"{FILE}: {key!r} is no key; expected only entries that begin with [[target]]; take it out."
        for key in entries
    ]
    if not isinstance(targets, list) or not all(isinstance(entry, dict) for entry in targets):
        raise TargetError([*faults, f"{FILE}: expected entries that begin with [[target]]; write them so."])
    sources = set(pd.read_csv(folder / "sources.csv", dtype=str)["source"])
    found = []
    for number, entry in enumerate(targets, start=1):
        reader = _Reader(number, entry, raw, registry, sources)
        found.append(reader.target())
        faults += reader.faults
    if faults:
        raise TargetError(faults)
    return found


class _Reader:
    """Checks one entry of the file and gathers its faults."""

    def __init__(self, number, entry, raw, registry, sources):
        self.entry, self.raw, self.registry, self.sources = entry, raw, registry, sources
        self.where = f"{FILE}, target {number} ({entry.get('name') or entry.get('province') or 'no name'})"
        self.faults = []

    def refuse(self, text, goal=None):
        where = self.where if goal is None else f"{self.where}, goal {goal}"
        self.faults.append(f"{where}: {text}.")

    def target(self):
        """Make the target; None where something is wrong with it."""
        entry = self.entry
        for key in sorted(set(entry) - set(_TARGET_KEYS)):
            self.refuse(f"{key!r} is no key of a target; expected {', '.join(_TARGET_KEYS)}; take it out")
        for key, kind in _TARGET_KEYS.items():
            if key not in entry:
                self.refuse(f"{key} is missing; add it")
            elif kind is str and not (isinstance(entry[key], str) and entry[key].strip()):
                self.refuse(f"{key} is {entry[key]!r}; expected a text in quotes; write it so")
        if isinstance(entry.get("province"), str) and isinstance(entry.get("name"), str):
            self.check_province(entry["province"], entry["name"])
        self.check_years()
        source = entry.get("source")
        if isinstance(source, str) and source and source not in self.sources:
            self.refuse(
                f"the source {source!r} is not in sources.csv{_hint(source, self.sources)}; add it there"
            )
        goals = entry.get("goals", [])
        if "goals" in entry and not (isinstance(goals, list) and goals):
            self.refuse(
                f"goals is {goals!r}; expected a list of goals, for example [{_EXAMPLE}]; write it so"
            )
            goals = []
        found = [self.goal(number, goal) for number, goal in enumerate(goals, start=1)]
        for number, goal in enumerate(found, start=1):
            same = [g for g in found[: number - 1] if g and goal and _subject(g) == _subject(goal)]
            if same:
                self.refuse(f"the {goal.kind} of {goal.index} is set twice; keep one of the goals", number)
        if self.faults:
            return None
        return Target(*(entry[key] for key in list(_TARGET_KEYS)[:-1]), goals=tuple(found))

    def check_province(self, code, name):
        places = provinces.load(self.raw, VINTAGE)
        owner = places.find(name)
        if owner is None:
            self.refuse(
                f"{name!r} is none of the {VINTAGE} provinces; the nearest known name is "
                f"{places.nearest(name)!r}; correct the name"
            )
        elif code not in places.table.index:
            self.refuse(
                f"{code!r} is no code of the {VINTAGE} provinces; {name} has the code {owner!r}; write that"
            )
        elif owner != code:
            later = provinces.load(self.raw, "34")
            # Seven codes name another province since the mergers.
            since = " (the code is its own only since July 2025)" if later.find(name) == code else ""
            self.refuse(
                f"code and name do not fit: of the {VINTAGE} provinces {code!r} is "
                f"{places.name(code, 'vi')}, while {name} has {owner!r}{since}; correct one of them"
            )

    def check_years(self):
        years = {key: self.entry[key] for key in ("stated_in", "by") if key in self.entry}
        for key, year in years.items():
            if type(year) is not int or not 1000 <= year <= 9999:
                self.refuse(f"{key} is {year!r}; expected a year such as 2022, without quotes; correct it")
                return
        if len(years) < len(("stated_in", "by")):
            return
        stated_in, by = years.values()
        if by < stated_in:
            self.refuse(f"by is {by}, before stated_in, {stated_in}; exchange or correct them")
        if provinces.vintage_of(stated_in) != VINTAGE:
            self.refuse(
                f"stated_in is {stated_in}; expected a year before {provinces.FIRST_YEAR_OF_34}, because the "
                f"targets here are of the {VINTAGE} provinces; correct it, or leave out the target"
            )

    def goal(self, number, entry):
        """Make one goal; None where something is wrong with it."""
        before = len(self.faults)
        if not isinstance(entry, dict):
            self.refuse(f"{entry!r} is no goal; expected for example {_EXAMPLE}; write it so", number)
            return None
        for key in sorted(set(entry) - _GOAL_KEYS):
            known = ", ".join(sorted(_GOAL_KEYS))
            self.refuse(f"{key!r} is no key of a goal; expected {known}; take it out", number)
        kinds = [kind for kind in KINDS if kind in entry]
        if len(kinds) != 1:
            said = f"the goal has {' and '.join(kinds)}" if kinds else "the goal does not say what to reach"
            self.refuse(f"{said}; expected one of {', '.join(KINDS)}; write one goal for each", number)
        index = self.index(number, entry)
        component = entry.get("component", "")
        year = None
        if index is not None and type(self.entry.get("stated_in")) is int:
            # An index without figures of that year is judged by the nearest year that it has.
            year = min(index.years, key=lambda known: (abs(known - self.entry["stated_in"]), known))
            parts = index.components_of(year)
            if component != "" and component not in parts:
                # All components of all levels would be too many to read.
                near = index.parts(year, str(component).partition(".")[0]) if "." in str(component) else []
                expected = ", ".join(near or index.parts(year))
                self.refuse(
                    f"{component!r} is no component of {index.short} in {year}{_hint(component, parts)}; "
                    f"expected one of {expected}; correct or leave out the goal",
                    number,
                )
                year = None
        if year is not None:
            self.check_from(number, index, entry)
            if len(kinds) == 1:
                check = {
                    "group": self.check_group,
                    "score": self.check_score,
                    "rank": self.check_rank,
                    "better": self.check_better,
                }[kinds[0]]
                check(number, entry[kinds[0]], index, year, component)
        if len(self.faults) > before or year is None:
            return None
        return Goal(index.slug, component, kinds[0], entry[kinds[0]], entry.get("from"))

    def index(self, number, entry):
        slug, known = entry.get("index"), self.registry.indices
        if isinstance(slug, str) and slug in known:
            return self.registry[slug]
        if slug is None:
            said = "index is missing"
        elif slug in list(registry_.load(self.raw, every=True).indices):
            said = f"the index {slug!r} has no table in its folder yet"
        else:
            said = f"the index {slug!r} is not in indices.toml{_hint(slug, known)}"
        self.refuse(f"{said}; expected one of {', '.join(known)}; correct or leave out the goal", number)
        return None

    def check_from(self, number, index, entry):
        """Check the group that the text says the province is in."""
        if "from" not in entry:
            return
        # The text may use a group of an earlier grouping.
        named = [name for year in index.years for name in standing.group_names(index, year) or ()]
        groups = list(dict.fromkeys(named))
        if not groups:
            self.refuse(f"{index.short} has no published groups; take out from = {entry['from']!r}", number)
        elif entry["from"] not in groups:
            self.refuse(_unknown_group(index, entry["from"], groups), number)

    def check_group(self, number, group, index, year, component):
        groups, entry = standing.group_names(index, year), index.groups(year)
        if groups is None:
            self.refuse(f"{index.short} has no published groups in {year}; set a score or rank", number)
        elif component and (entry["kind"] == "limits" or "." in component):
            self.refuse(
                f"{component!r} of {index.short} has no published groups; set a score or rank", number
            )
        elif group not in groups:
            self.refuse(_unknown_group(index, group, groups), number)

    def check_score(self, number, score, index, year, component):
        # Where no source states the maximum of a component it is at most that of the total.
        highest = index.max_score(year, component) or index.max_score(year)
        if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= highest:
            self.refuse(
                f"score is {score!r}; expected a number from 0 to {highest:g}, without quotes; correct it",
                number,
            )

    def check_rank(self, number, rank, *_):
        if type(rank) is not int or not 1 <= rank <= int(VINTAGE):
            self.refuse(f"rank is {rank!r}; expected a whole number from 1 to {VINTAGE}; correct it", number)

    def check_better(self, number, measure, *_):
        if measure not in MEASURES:
            self.refuse(
                f"better is {measure!r}; expected {' or '.join(MEASURES)} in quotes; correct it", number
            )


def _subject(goal):
    return goal.index, goal.component, goal.kind, goal.goal if goal.kind == "better" else ""


def _unknown_group(index, group, groups):
    return (
        f"the group {group!r} is not known of {index.short}{_hint(group, groups)}; "
        f"expected one of {', '.join(groups)}; correct it"
    )


def _hint(word, known):
    """Propose the known word that looks like a mistyped one; "" where none does."""
    from rapidfuzz import fuzz, process

    found = process.extractOne(str(word), list(known), scorer=fuzz.ratio, score_cutoff=_ALIKE)
    return f" (nearest: {found[0]!r})" if found else ""


# --- judging ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Need:
    """What a goal takes in a year: points, a place, why it cannot be said, and rows that say it."""

    score: float | None = None
    rank: int | None = None
    reason: str | None = None
    sources: tuple = ()


def evaluate(target_list, code, year, figures, registry):
    """
    Say how far a province is from its goals in a year.

    Parameters
    ----------
    target_list : list of Target
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
        for target in target_list
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
class _Case:
    """One goal of one province in one year."""

    goal: Goal
    stated_in: int
    code: str
    year: int
    rows: dict = field(repr=False)
    index: registry_.Index

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
