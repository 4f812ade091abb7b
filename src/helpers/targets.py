"""The goals that provinces state for themselves, read from ``targets.toml`` and checked."""

import tomllib
from dataclasses import dataclass, field

import pandas as pd

from helpers import provinces, standing
from helpers import registry as registry_
from helpers.files import resolve

FILE = "targets.toml"
KINDS = ("group", "score", "rank", "better")
MEASURES = ("rank", "score")
# Units are those of the 63 provinces.
VINTAGE = "63"
_TARGET_KEYS = {"province": str, "name": str, "stated_in": int, "by": int, "source": str, "goals": list}
_GOAL_KEYS = {"index", "component", "from", *KINDS}
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
        if entry in targets[: number - 1]:
            first = targets.index(entry) + 1
            faults.append(f"{FILE}, target {number}: the same as target {first}; leave one of them.")
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
